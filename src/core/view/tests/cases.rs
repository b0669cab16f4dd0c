//! Runs every folder of `tests/data/view`: views in, the decision for each instrument and span out, and every fault.
//! The same folders run through files, `check` and the scrape in `tests/it/view.rs`.

use super::case::{Case, Cluster, Push, Reader, request, samples};
use crate::{
    expose::{ExposeOptions, negotiate::negotiate, scrape::Scrape},
    fault::{Source, code::Code, render},
    model::{
        clock::{Mono, Wall},
        component::{ComponentKey, Workload},
        instrument::{Instrument, Kind},
    },
    state::store::{Store, StoreConfig},
    view::{
        explain::Explanation,
        facts::{Consumer, Facts, Read},
        lint,
        pattern::Pattern,
        plan::{Collapse, Plan, RuleRef, SpanDecision, ViewSet},
        read::{Known, Object, text},
        report::Seen,
        time,
    },
};
use expect_test::expect_file;
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Scenario: every folder. Guarantees: the engine decides as `out.txt` says; a store under these
/// views shows what the case says; each case says what it is for, and a real process can run it or the case says why not.
#[test]
fn views_decide_as_the_cases_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/view");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&root).expect("the cases are there").map(|entry| entry.expect("it lists").path()).collect();
    folders.sort();
    for folder in &folders {
        let readme = fs::read_to_string(folder.join("README.md")).expect("each case has a README");
        assert!(readme.starts_with("Scenario: ") && readme.contains("\nGuarantees: "), "{}", folder.display());
        expect_file![folder.join("out.txt")].assert_eq(&run(folder));
    }
    assert!(folders.len() >= 60, "{} cases", folders.len());
}

fn run(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("each case has this file");
    let case: Case = serde_json::from_str(&read("case.json")).expect("the case is of the form above");
    assert!(
        case.push.is_empty() || case.scrape.is_some() || case.engine_only.is_some(),
        "{}: a scrape, or why there is none",
        folder.display()
    );
    let now = time::parse_time(&case.at).expect("a time");
    let seen = case.seen.as_deref().map_or(now, |text| time::parse_time(text).expect("a time"));
    let (views, mut out) = compile(&read("in.yaml"), seen, facts(&case.cluster));
    let views = Arc::new(views);
    if let Some(want) = &case.scrape {
        let want: BTreeSet<String> = want.iter().cloned().collect();
        assert_eq!(scrape(&case, &views, now), want, "the scrape of {}", folder.display());
    }
    let components: BTreeSet<ComponentKey> = case.push.iter().map(component).collect();
    let plans: BTreeMap<&ComponentKey, Plan> = components.iter().map(|key| (key, views.plan(key, now))).collect();
    let mut told = BTreeSet::new();
    for push in &case.push {
        let (key, instrument) = (component(push), instrument(push));
        if told.insert((key.clone(), instrument.clone())) {
            let plan = plans.get(&key).expect("every component has a plan");
            writeln!(out, "{key} {} {}", instrument.scope, instrument.name).expect("a String takes all text");
            tell(&mut out, &plan.explain(&instrument));
        }
    }
    let plan = views.plan(&ComponentKey { namespace: "default".into(), workload: None, service: "checkout".into() }, now);
    for span in &case.spans {
        let decision = plan.decide_span(&span.scope, &span.name);
        writeln!(out, "span {} {}: {}", span.scope, span.name, span_text(decision)).expect("a String takes all text");
    }
    if !case.cluster.readers.is_empty() {
        tell_readers(&mut out, &views, &case, now);
    }
    out
}

/// The samples of a scrape after the case was pushed to a store under these views.
fn scrape(case: &Case, views: &Arc<ViewSet>, now: Wall) -> BTreeSet<String> {
    let config = StoreConfig { series_max: 1_000, expire_after: Duration::from_secs(300), seeds: [1, 2] };
    let store = Arc::new(Store::new(config));
    store.set_views(Arc::clone(views), now);
    let tally = store.ingest(&request(case, now.0).encode_to_vec(), Mono::from_secs(1), now).expect("it is OTLP");
    assert_eq!(tally.rejected_total(), 0, "{tally:?}");
    let mut scrape = Scrape::new(store, ExposeOptions::default(), negotiate([], None), &[]);
    let mut body = Vec::new();
    while scrape.next_chunk(&mut body) {}
    samples(&String::from_utf8(body).expect("a scrape is text"))
}

/// The views of a text as of a moment, and every fault as the first lines of the answer.
fn compile(yaml: &str, seen: Wall, facts: Facts) -> (ViewSet, String) {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let mut faults = Vec::new();
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    let mut ids = BTreeSet::new();
    for read in text(&source, &Known { first_seen: &|_, _| seen, namespace: "default" }) {
        faults.extend(read.faults);
        match read.object.filter(|object| ids.insert(object.id().clone())) {
            Some(Object::View(view)) => views.push(view),
            Some(Object::Catalogue(catalogue)) => catalogues.push(catalogue),
            None => {}
        }
    }
    faults.extend(lint::views(&views, &catalogues));
    // Most cases turn something off that their catalogue does not name, to look at more than one thing.
    let lines = faults.iter().filter(|fault| fault.code != Code::MatchesNothing).map(|fault| render::short(fault) + "\n");
    (ViewSet::compile_with(views, catalogues, Arc::new(facts)), lines.collect())
}

fn facts(cluster: &Cluster) -> Facts {
    let consumer = |reader: &Reader| {
        let labels = reader.labels.iter().map(|label| (&**label).into()).collect();
        let since = reader.since.as_deref().map(|text| time::parse_time(text).expect("a time"));
        Arc::new(Consumer {
            kind: "PrometheusRule".into(),
            namespace: (&*reader.namespace).into(),
            name: "rules".into(),
            entry: format!("alert {}", reader.alert).into(),
            reads: vec![Read { metric: Pattern::new(&reader.metric), labels, since }],
        })
    };
    let labels = |labels: &BTreeMap<String, String>| labels.iter().map(|(k, v)| ((&**k).into(), (&**v).into())).collect();
    Facts {
        namespaces: cluster.namespaces.iter().map(|(name, of)| ((&**name).into(), labels(of))).collect(),
        consumers: cluster.readers.iter().map(consumer).collect(),
        protecting: cluster.protecting.iter().map(|name| (&**name).into()).collect(),
    }
}

/// What the views do to those who read.
fn tell_readers(out: &mut String, views: &ViewSet, case: &Case, now: Wall) {
    let mut seen: BTreeMap<ComponentKey, Vec<Instrument>> = BTreeMap::new();
    for push in &case.push {
        seen.entry(component(push)).or_default().push(instrument(push));
    }
    let seen: Vec<Seen> = seen.into_iter().map(|(component, instruments)| Seen { component, instruments }).collect();
    for report in views.reports(&seen, now) {
        writeln!(out, "{}: {:?}", report.id, report.status).expect("a String takes all text");
        for rule in &report.rules {
            let by = rule.protected_by.join(", ");
            writeln!(out, "  rule {}: {:?}, protected by [{by}]", rule.name, rule.state).expect("a String takes all text");
        }
        for (reader, instrument) in &report.blank {
            writeln!(out, "  blank: {instrument} of {reader}").expect("a String takes all text");
        }
        out.extend(report.faults.iter().map(|fault| format!("  {}\n", render::short(fault))));
    }
    for (reader, is_off) in views.inputs_off(&seen, now) {
        let state = if is_off { "reads something that is off" } else { "reads only what is on" };
        writeln!(out, "{}/{} {}: {state}", reader.namespace, reader.name, reader.entry).expect("a String takes all text");
    }
}

fn tell(out: &mut String, explanation: &Explanation) {
    let decision = &explanation.decision;
    let mut words = vec![if decision.on { "on".to_owned() } else { "OFF".to_owned() }];
    words.extend(decision.by.as_deref().map(|by: &RuleRef| format!("by {by}")));
    words.extend(explanation.level.map(|level| format!("level {}", level.as_str())));
    words.extend(decision.keys.keep.as_ref().map(|keep| format!("keep {keep:?}")));
    words.extend((!decision.keys.drop.is_empty()).then(|| format!("drop {:?}", decision.keys.drop)));
    words.extend(decision.collapse.map(|collapse| format!("collapse {}", Collapse::as_str(collapse))));
    words.extend(decision.buckets.as_ref().map(|buckets| format!("{buckets:?}")));
    words.extend(decision.limit.map(|limit| format!("limit {limit}")));
    words.extend(decision.interval_ms.map(|interval| format!("interval {interval} ms")));
    words.extend(decision.rename.as_ref().map(|name| format!("rename {name}")));
    words.extend(explanation.expires.map(|at| format!("until {}", time::format_time(at))));
    writeln!(out, "  {}", words.join(", ")).expect("a String takes all text");
    for choice in &explanation.choices {
        for (loser, criterion) in &choice.losers {
            let (aspect, by) = (choice.aspect.as_str(), criterion.as_str());
            writeln!(out, "  not {} ({aspect}: {}, tier {}), by {by}", loser.by, loser.says, loser.tier)
                .expect("a String takes all text");
        }
    }
}

fn span_text(decision: Option<SpanDecision>) -> String {
    decision.map_or_else(
        || "goes on".into(),
        |d| {
            let by = d.by.map_or_else(String::new, |by| format!(" by {by}"));
            let keep = format!("keep errors {}, slower {:?}", d.keep_errors, d.keep_slower_ns);
            if d.on { format!("share {}, {keep}{by}", d.sample) } else { format!("OFF{by}") }
        },
    )
}

fn component(push: &Push) -> ComponentKey {
    let workload = push.workload.as_ref().map(|owner| Workload { kind: (&*owner.kind).into(), name: (&*owner.name).into() });
    ComponentKey { namespace: (&*push.namespace).into(), workload, service: (&*push.service).into() }
}

fn instrument(push: &Push) -> Instrument {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == push.kind).expect("a kind as on the wire");
    Instrument { scope: (&*push.scope).into(), name: (&*push.metric).into(), kind, unit: (&*push.unit).into() }
}
