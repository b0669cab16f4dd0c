//! What tests show against what the registry declares, both ways: nothing undeclared is sent, and what is declared is
//! seen in some expectation or stands in `open.tsv`. Reads expectations and one live scrape; knows no watcher.

use super::{
    load,
    registry::{AttributeType, Group, GroupType, InstrumentKind, Registry},
    render::prometheus_name,
    root,
};
use crate::support::Pointsman;
use expect_test::{Expect, expect};
use pointsman_core::expose::names::{TranslationStrategy, label_name};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// Families that others define.
const FOREIGN: [&str; 2] = ["target_info", "otel_scope_info"];
/// Labels that every series may have, beside those of its scope.
const COMMON: [&str; 3] = ["job", "instance", "le"];

/// Whoever watches has a table of cases for each row: that the demo shows it too is no proof.
const WATCHERS: &str = "pointsman-watch";
const DEMO: &str = "tests/it/demo";

/// What one test shows: (where, text).
type Shown = (String, String);

/// Everything that tests of this repository expect to be sent.
fn expectations() -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut add = |folder: &str, cut: fn(&str) -> &str| {
        let mut paths: Vec<_> = fs::read_dir(root().join(folder)).expect("the folder is there").collect();
        paths.sort_by_key(|entry| entry.as_ref().map(fs::DirEntry::path).ok());
        for path in paths.into_iter().map(|entry| entry.expect("an entry").path()) {
            if path.extension().is_some_and(|e| e == "txt") {
                let text = fs::read_to_string(&path).expect("it reads");
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                shown.push((format!("{folder}/{name}"), cut(&text).to_owned()));
            }
        }
    };
    add("tests/data/emitted", |text| text);
    add("tests/data/watch", |text| text.split_once("\n---\n").map_or("", |(_, after)| after));
    add(DEMO, |text| text.split_once("series  family\n").map_or("", |(_, after)| after));
    shown
}

/// The lines of samples: `name{labels} value`, a name alone, or a number of series and a name. Every name of ours has a
/// dot or an underscore, which tells these lines from all others.
fn samples(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let name = name_of(line);
        (line.starts_with(|c: char| c.is_ascii_lowercase()) && name.contains(['_', '.'])).then_some(line)
    })
}

fn name_of(sample: &str) -> &str {
    sample.split(['{', ' ']).next().unwrap_or_default()
}

/// `key="value"` pairs of a sample, unescaped no further than to tell where they end.
fn labels(sample: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = sample.split_once('{').map_or("", |(_, rest)| rest);
    while let Some((key, behind)) = rest.split_once("=\"") {
        let mut escaped = false;
        let end = behind.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some((value, more)) = end.and_then(|end| behind.split_at_checked(end)) else { break };
        pairs.push((key.trim_start_matches([',', '"']), value));
        rest = more;
    }
    pairs
}

/// What one metric may show: its group, and by label the values of its closed sets.
struct Declared<'a> {
    group: &'a Group,
    labels: BTreeMap<String, Option<BTreeSet<&'a str>>>,
}

fn declared<'a>(registry: &'a Registry, group: &'a Group) -> Declared<'a> {
    let refs = group.attributes.iter().filter_map(|a| a.r#ref.as_ref());
    let label = |key: &'a str| {
        let closed = match &registry.attribute(key).r#type {
            Some(AttributeType::Enum(closed)) => Some(closed.members.iter().map(|m| m.value.as_str()).collect()),
            _ => None,
        };
        (label_name(key, TranslationStrategy::default()).unwrap_or_default(), closed)
    };
    Declared { group, labels: refs.map(|to| label(&to.value)).collect() }
}

/// Every metric by its place in the registry, under its own name, the family's, and those of a histogram's samples.
fn by_name(registry: &Registry) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for (n, group) in metrics(registry).enumerate() {
        let family = prometheus_name(group).unwrap_or_default();
        if group.instrument == Some(InstrumentKind::Histogram) {
            names.extend(["_bucket", "_sum", "_count"].map(|end| (format!("{family}{end}"), n)));
        }
        names.extend([(family, n), (group.metric_name.clone().unwrap_or_default(), n)]);
    }
    names
}

fn groups(registry: &Registry) -> impl Iterator<Item = &Group> {
    registry.files.iter().flat_map(|(_, groups)| groups)
}

fn metrics(registry: &Registry) -> impl Iterator<Item = &Group> {
    groups(registry).filter(|g| g.r#type == GroupType::Metric)
}

/// What a sample shows that the registry does not have; empty when all is well.
fn undeclared(declared: &Declared<'_>, sample: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, value) in labels(sample) {
        match declared.labels.get(key) {
            Some(Some(closed)) if !closed.contains(value) => faults.push(format!("{key} has no value {value}")),
            None if !COMMON.contains(&key) && !key.starts_with("otel_scope_") => faults.push(format!("no label {key}")),
            _ => {}
        }
    }
    faults
}

/// Whether a text shows this span or event: the fixed part of its name; where spans share that, their scope too.
fn is_told(registry: &Registry, group: &Group, texts: &[Shown]) -> bool {
    let fixed = |g: &Group| {
        let name = g.annotations.pointsman.name.as_ref().or(g.name.as_ref());
        name.and_then(|name| name.split('{').next()).unwrap_or_default().to_owned()
    };
    let name = fixed(group);
    let shared = groups(registry).filter(|g| g.r#type == GroupType::Span && fixed(g) == name).count() > 1;
    let scope = group.annotations.pointsman.scope.as_deref().filter(|_| shared).unwrap_or_default();
    texts.iter().flat_map(|(_, text)| text.lines()).any(|line| line.contains(&name) && line.contains(scope))
}

/// What there is to say of all that is shown: which signals it shows, and what of it is not declared.
fn seen<'a>(registry: &'a Registry, texts: &[Shown]) -> (BTreeSet<&'a str>, BTreeSet<String>) {
    let names = by_name(registry);
    let metrics: Vec<_> = metrics(registry).map(|group| declared(registry, group)).collect();
    let events = groups(registry).filter(|g| g.r#type == GroupType::Event).filter_map(|g| g.name.as_deref());
    let events: BTreeSet<&str> = events.collect();
    let (mut shown, mut faults) = (BTreeSet::new(), BTreeSet::new());
    for (place, sample) in texts.iter().flat_map(|(place, text)| samples(text).map(move |sample| (place, sample))) {
        let name = name_of(sample);
        if let Some(metric) = names.get(name).and_then(|n| metrics.get(*n)) {
            let watched = metric.group.annotations.pointsman.components.iter().any(|c| c == WATCHERS);
            if !(watched && place.starts_with(DEMO)) {
                shown.insert(metric.group.id.value.as_str());
            }
            faults.extend(undeclared(metric, sample).into_iter().map(|fault| format!("{place}: {name}: {fault}")));
        } else if !FOREIGN.contains(&name) && !events.contains(name) {
            faults.insert(format!("{place}: {name} is not in the registry"));
        }
    }
    let told = |g: &&Group| matches!(g.r#type, GroupType::Span | GroupType::Event) && is_told(registry, g, texts);
    shown.extend(groups(registry).filter(told).map(|g| g.id.value.as_str()));
    (shown, faults)
}

/// Every breach, in words; empty when declared, shown and open agree.
fn faults(registry: &Registry, texts: &[Shown], open: &str) -> Vec<String> {
    let (shown, mut faults) = seen(registry, texts);
    let open: BTreeSet<&str> = open.lines().skip(1).filter_map(|line| line.split_once('\t')).map(|(id, _)| id).collect();
    let signals = groups(registry).filter(|g| !matches!(g.r#type, GroupType::AttributeGroup | GroupType::Entity));
    let signals: BTreeSet<&str> = signals.map(|g| g.id.value.as_str()).collect();
    for id in &signals {
        match (shown.contains(id), open.contains(id)) {
            (false, false) => faults.insert(format!("{id}: no test shows it, and it is not in open.tsv")),
            (true, true) => faults.insert(format!("{id}: a test shows it, so take it off open.tsv (UPDATE_EXPECT=1 does)")),
            _ => true,
        };
    }
    faults.extend(open.difference(&signals).map(|id| format!("{id}: in open.tsv, and not in the registry")));
    faults.into_iter().collect()
}

/// Scenario: a signal is declared and never sent, or sent and never declared. Guarantees: neither goes unseen; what is
/// still open stands in `tests/data/emitted/open.tsv`, which only shrinks.
#[test]
fn what_is_declared_is_sent_and_nothing_else() {
    let registry = load();
    let mut texts = expectations();
    let server = Pointsman::start(&[]);
    texts.push(("a running serve".to_owned(), server.get("/metrics/self").text()));
    let path = root().join("tests/data/emitted/open.tsv");
    let mut open = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let (shown, _) = seen(&registry, &texts);
        let still = |line: &&str| !line.split_once('\t').is_some_and(|(id, _)| shown.contains(id));
        open = open.lines().filter(still).map(|line| format!("{line}\n")).collect();
        fs::write(&path, &open).expect("write the list");
    }
    let faults = faults(&registry, &texts, &open);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Scenario: an attribute that nothing refers to any more. Guarantees: it does not stay.
#[test]
fn every_attribute_of_ours_is_used() {
    let registry = load();
    let used: BTreeSet<_> =
        groups(&registry).flat_map(|g| &g.attributes).filter_map(|a| a.r#ref.as_ref()).map(|to| &to.value).collect();
    let ours = registry.definitions().filter(|(file, _)| *file != "common").filter_map(|(_, a)| a.id.as_ref());
    let idle: Vec<_> = ours.map(|id| &id.value).filter(|id| !used.contains(id)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

fn check(shown: &str, open: &str, want: &Expect) {
    let yaml = "groups:
- id: registry.x
  type: attribute_group
  brief: Some.
  attributes:
  - id: x.b
    stability: stable
    brief: B.
    type: {members: [{id: one, value: one, brief: One., stability: stable}]}
- id: entity.x
  type: entity
  name: x
  stability: stable
  brief: A thing.
  attributes: [{ref: x.b, role: identifying, requirement_level: required}]
- id: metric.x.took
  type: metric
  metric_name: x.took
  instrument: histogram
  unit: s
  stability: stable
  brief: M.
  entity_associations: [x]
  annotations: {pointsman: {level: Debug, components: [c], buckets: [1]}}
  attributes: [{ref: x.b, requirement_level: required}]
- id: span.x.turn
  type: span
  span_kind: internal
  stability: stable
  brief: S.
  annotations: {pointsman: {name: \"turn {x.b}\", scope: x}}
  attributes: [{ref: x.b, requirement_level: required}]
";
    let manifest = "name: x\ndescription: x\nschema_url: https://x/1\n";
    let texts = [("manifest", manifest), ("x", yaml)].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let registry = Registry::parse(&texts).unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    want.assert_eq(&faults(&registry, &[("here".to_owned(), shown.to_owned())], open).join("\n"));
}

/// Scenario: each way in which declared, shown and open can differ. Guarantees: each is told.
#[test]
fn every_difference_is_told() {
    check("turn one\nx_took_seconds_bucket{x_b=\"one\",le=\"1\"} 1\n", "id\twhy\n", &expect![[""]]);
    check(
        "",
        "id\twhy\n",
        &expect![[r#"
        metric.x.took: no test shows it, and it is not in open.tsv
        span.x.turn: no test shows it, and it is not in open.tsv"#]],
    );
    check(
        "",
        "id\twhy\nmetric.x.took\tlater\nspan.x.turn\tlater\nmetric.x.gone\tlater\n",
        &expect!["metric.x.gone: in open.tsv, and not in the registry"],
    );
    check(
        "turn one\nx.took\n",
        "id\twhy\nmetric.x.took\tlater\n",
        &expect!["metric.x.took: a test shows it, so take it off open.tsv (UPDATE_EXPECT=1 does)"],
    );
    let wrong =
        "turn two\nx_took_seconds_sum{x_b=\"two\",c=\"a\\\"}\",job=\"j\"} 1\n     3  x_took\n  12  target_info\n# x_y 1\n";
    check(
        wrong,
        "id\twhy\n",
        &expect![[r#"
        here: x_took is not in the registry
        here: x_took_seconds_sum: no label c
        here: x_took_seconds_sum: x_b has no value two"#]],
    );
}
