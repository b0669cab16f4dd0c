//! Views that mean no good: patterns that would take for ever elsewhere, floods of views, and views that reach for what is not
//! theirs. Costs are processor time, so that a busy machine fails nobody; floods meet a real process.

use super::watch;
use crate::support::{DEADLINE, Pointsman, now, run, wait};
use pointsman::views::{
    crd,
    dir::{DirSource, Origins, Reload},
};
use pointsman_core::{
    fault::{Source, render},
    limits::{RULES_MAX, VIEW_TEXT_BYTES_MAX},
    model::{
        clock::Wall,
        component::{ComponentKey, Workload},
        instrument::{Instrument, Kind},
    },
    view::{
        plan::ViewSet,
        read::{Known, Object, text},
    },
};
use std::{fs, sync::Arc, time::Duration};

const NOW: Wall = Wall::from_secs(1_767_261_600);
const PATTERNS: usize = 1_000;
/// For one pattern: compiled, and matched against every name below.
const PATTERN_MS_MAX: u64 = 50;
/// Views of a flood, of two rules each, unless `POINTSMAN_VIEWS` says more; and into how many files they go.
const FLOOD: usize = 2_000;
const FLOOD_FILES: usize = 100;
/// How long a scrape may take while a flood is read. Two cores do everything here, in a debug build.
const SCRAPE_MS_MAX: u64 = 2_000;

/// What this thread has used of the processors so far.
fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel tells what a thread used");
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("it begins with nanoseconds"))
}

/// Parts that make other engines try again and again, or that only others know.
const PARTS: [&str; 20] = [
    "*a", "a*", "*?", "?*", "**", "*a*a", "*.", ".*", "a?", "*b*a", "(a+)+", "(a|a)*", "[a-z]*", "a{1,99}", "(?:a*)*", "\\*",
    ".*.*", "(a*)*b", "^a", "a$",
];

/// The `at`th pattern: three parts by turns, as long as a pattern may be, with an end that no name has, or that all have.
fn pattern(at: usize) -> String {
    let parts = [at, at / PARTS.len(), at / PARTS.len() / PARTS.len()].map(|part| PARTS[part % PARTS.len()]);
    let mut out = String::new();
    for part in parts.iter().cycle() {
        if out.len() + part.len() >= VIEW_TEXT_BYTES_MAX {
            break;
        }
        out.push_str(part);
    }
    out.push_str(if at.is_multiple_of(3) { "b" } else { "*" });
    out
}

/// Names that almost match, as long as names may be.
fn names() -> Vec<String> {
    let long = |part: &str| part.chars().cycle().take(4_096).collect::<String>();
    ["a", "ab", "aab", ".a", "a.", "aaaaaaaab", "(a+)+", "\u{e4}"].into_iter().map(long).collect()
}

fn view_of(pattern: &str) -> String {
    let pattern = serde_json::Value::from(pattern);
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v}}\nspec:\n  reason: test\n  metrics:\n  \
         - {{name: r, match: {{instruments: [{pattern}], scopes: [{pattern}]}}, state: Disabled}}\n"
    )
}

fn compiled(yaml: &str) -> ViewSet {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let mut views = Vec::new();
    for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
        match read.object {
            Some(Object::View(view)) => views.push(view),
            other => panic!("{other:?}: {:?}", read.faults.iter().map(render::short).collect::<Vec<_>>()),
        }
    }
    ViewSet::compile(views, Vec::new())
}

fn component(namespace: &str, service: &str) -> ComponentKey {
    let workload = Some(Workload { kind: "Deployment".into(), name: service.into() });
    ComponentKey { namespace: namespace.into(), workload, service: service.into() }
}

/// A counter of this name.
fn counter(name: &str) -> Instrument {
    Instrument { scope: name.into(), name: name.into(), kind: Kind::Counter, unit: "".into() }
}

/// Scenario: a thousand patterns that make an engine try again and again, each in a view of its own, against names that almost match.
/// Guarantees: to read, compile and decide takes no more than 50 ms of a processor for any of them.
#[test]
fn t19_evil_patterns_cost_little() {
    let (component, names) = (component("default", "s"), names());
    let (mut slow, mut on, mut texts) = (Vec::new(), 0, std::collections::BTreeSet::new());
    for at in 0..PATTERNS {
        let pattern = pattern(at);
        assert!(pattern.len() > VIEW_TEXT_BYTES_MAX - 20 && pattern.len() <= VIEW_TEXT_BYTES_MAX, "{} bytes", pattern.len());
        let yaml = view_of(&pattern);
        let began = cpu();
        let plan = compiled(&yaml).plan(&component, NOW);
        on += names.iter().filter(|name| plan.decide(&counter(name)).on).count();
        let took = cpu() - began;
        if took > Duration::from_millis(PATTERN_MS_MAX) {
            slow.push(format!("{took:?}: {pattern}"));
        }
        texts.insert(pattern);
    }
    assert!(slow.is_empty(), "{} patterns:\n{}", slow.len(), slow.join("\n"));
    assert!(texts.len() > PATTERNS * 9 / 10, "{} patterns that differ", texts.len());
    let all = PATTERNS * names.len();
    assert!(on > all / 10 && on < all, "some names match, most do not: {on} of {all} stay on");
}

/// Scenario: patterns that are regular expressions for others, and one that is a byte too long.
/// Guarantees: they mean their own letters, beside `*` and `?`; the long one is refused.
#[test]
fn t19_patterns_are_globs_and_nothing_else() {
    let rows = [
        ("(a+)+$", "(a+)+$", "aaaa"),
        ("[a-z]", "[a-z]", "b"),
        ("a|b", "a|b", "a"),
        ("^a$", "^a$", "a"),
        ("a{2}", "a{2}", "aa"),
        ("a.c", "a.c", "abc"),
        ("\\d+", "\\d+", "7"),
        ("{a,b}", "{a,b}", "a"),
        ("(?i)a", "(xi)a", "A"),
        (".*x", ".anything.x", "x"),
        ("a?c", "a\u{e4}c", "ac"),
    ];
    for (pattern, same, other) in rows {
        let plan = compiled(&view_of(pattern)).plan(&component("default", "s"), NOW);
        assert!(!plan.decide(&counter(same)).on, "{pattern} means {same}");
        assert!(plan.decide(&counter(other)).on, "{pattern} does not mean {other}");
    }
    let source = Arc::new(Source { name: "in.yaml".into(), text: view_of(&"a".repeat(VIEW_TEXT_BYTES_MAX + 1)).into() });
    let reads = text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" });
    assert!(reads[0].object.is_none() && !reads[0].faults.is_empty(), "{reads:?}");
}

fn rules(kind: &str, name: &str, many: usize) -> String {
    let (indent, more) = if kind == "TelemetryView" { ("  ", "") } else { ("    ", "  overrides:\n") };
    let rule = |at: usize| format!("{indent}- {{name: r{at}, match: {{instruments: [m{at}]}}, state: Disabled}}\n");
    let rules: String = (0..many).map(rule).collect();
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  reason: test\n{more}{indent}metrics:\n{rules}"
    )
}

/// Scenario: files with as many rules as a view may have, one more, and a thousand, of both kinds, beside a good view, checked and served.
/// Guarantees: `check` and the server refuse the large ones by the cap that the CRD has, and say it; the others are in force.
#[test]
fn t20_a_file_of_a_thousand_rules_is_refused_by_the_cap_of_the_kind() {
    for (file, definition) in crd::all() {
        let spec = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        for tier in [&spec["metrics"], &spec["overrides"]["properties"]["metrics"], &spec["defaults"]["properties"]["metrics"]] {
            assert!(tier.is_null() || tier["maxItems"] == RULES_MAX, "{file}: {tier}");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    for kind in ["TelemetryView", "ClusterTelemetryView"] {
        for (name, many) in [("full", RULES_MAX), ("over", RULES_MAX + 1), ("thousand", 1_000)] {
            let path = folder.path().join(format!("{name}-{kind}.yaml"));
            fs::write(&path, rules(kind, name, many)).expect("the folder is ours");
            let (code, said, _) = run(&["check", "-o", "short", &path.display().to_string()], &[]);
            let is_refused = said.contains(&format!("{many}")) && said.contains(&format!("at most {RULES_MAX}"));
            assert_eq!(is_refused, many > RULES_MAX, "{kind} {name}: {said}");
            assert!(!is_refused || code == 1, "{kind} {name}: {code}");
        }
    }
    let server = Pointsman::start(&["--views", &folder.path().display().to_string()]);
    wait("the views", || (server.get("/readyz").status == 200).then_some(()));
    let views = server.get("/api/v1/views").json();
    let mut seen: Vec<String> = views["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|view| {
            format!(
                "{} {} {}",
                view["kind"].as_str().unwrap_or_default(),
                view["name"].as_str().unwrap_or_default(),
                view["accepted"]
            )
        })
        .collect();
    seen.sort();
    let wanted = ["ClusterTelemetryView full true", "ClusterTelemetryView over false", "ClusterTelemetryView thousand false"];
    let wanted: Vec<String> = wanted.iter().flat_map(|row| [(*row).to_owned(), row.replace("Cluster", "")]).collect();
    let mut wanted = wanted;
    wanted.sort();
    assert_eq!(seen, wanted, "{views}");
}

fn flood_views() -> usize {
    std::env::var("POINTSMAN_VIEWS").map_or(FLOOD, |views| views.parse().expect("a number"))
}

/// A file of so many views, which turn off what nobody sends.
fn flood_file(file: usize, each: usize, round: usize) -> String {
    let view = |at: usize| {
        let (name, namespace) = (file * each + at, at % 20);
        format!(
            "---\napiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v{name}, namespace: ns{namespace}}}\nspec:\n  \
             reason: round {round}\n  metrics:\n  - {{name: a, match: {{instruments: [\"x{name}.*\"]}}, state: Disabled}}\n  \
             - {{name: b, match: {{instruments: [\"*.y{name}?z\"]}}, attributes: {{drop: [k]}}}}\n"
        )
    };
    (0..each).map(view).collect()
}

/// Scenario: thousands of views come into the folder at once, and change at once, while somebody scrapes and pushes.
/// Guarantees: every scrape is whole, in time, and the same to the byte for others; pushes are taken; the server stays ready; all
/// views come into force.
#[test]
fn t20_a_flood_of_views_holds_up_no_scrape() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Pointsman::start(&["--views", &folder.path().display().to_string()]);
    watch::victims(&server);
    let victims = || watch::victims_of(&watch::scrape(server.read, "text/plain"));
    let (before, views) = (victims(), flood_views());
    let (mut slowest, mut scrapes) = (Duration::ZERO, 0);
    for round in 0..2 {
        for file in 0..FLOOD_FILES {
            fs::write(folder.path().join(format!("f{file}.yaml")), flood_file(file, views / FLOOD_FILES, round))
                .expect("the folder is ours");
        }
        let began = now();
        loop {
            let asked = now();
            assert_eq!(victims(), before, "scrape {scrapes}");
            slowest = slowest.max(now() - asked);
            scrapes += 1;
            assert_eq!(server.get("/readyz").status, 200);
            assert_eq!(server.push_json("/v1/metrics", r#"{"resourceMetrics":[]}"#).status, 200);
            let view = server.get(&format!("/api/v1/views/ns19/v{}", views / FLOOD_FILES * FLOOD_FILES - 1));
            if view.status == 200 && view.text().contains(&format!("round {round}")) {
                break;
            }
            assert!(now() - began < 6 * DEADLINE, "the views do not come into force");
        }
    }
    assert_eq!(server.get("/api/v1/overview").json()["item"]["views"], views);
    assert!(scrapes > 20, "{scrapes} scrapes");
    assert!(slowest < Duration::from_millis(SCRAPE_MS_MAX), "a scrape took {slowest:?}");
}

/// What a tenant of namespace `a` writes to reach what is not theirs: what it is after, and the text of a `spec`.
const REACHES: [(&str, &str); 14] = [
    ("everything", "metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]"),
    ("everything, by a baseline", "baseline: None"),
    (
        "the other's service",
        "targets: [{serviceName: victim}]\n  metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]",
    ),
    ("every service", "targets: [{serviceName: '*'}]\n  metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]"),
    (
        "the other's namespace, as a service",
        "targets: [{serviceName: 'b/victim'}]\n  metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]",
    ),
    (
        "the other's workload",
        "targets: [{workloadRef: {group: apps, kind: Deployment, name: victim}}]\n  metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]",
    ),
    ("the audit, by its name", "metrics: [{name: r, match: {instruments: [audit.events]}, state: Disabled}]"),
    (
        "the audit, by its spelling in Prometheus",
        "metrics: [{name: r, match: {instruments: [audit_events_total]}, state: Disabled}]",
    ),
    ("another name for the audit", "metrics: [{name: r, match: {instruments: [audit.events]}, rename: {to: gone}}]"),
    ("the audit's labels", "metrics: [{name: r, match: {instruments: ['audit.*']}, attributes: {keep: []}}]"),
    ("one series of the audit", "metrics: [{name: r, match: {instruments: ['audit.*']}, cardinality: {limit: 1}}]"),
    (
        "a selector",
        "namespaceSelector: {matchNames: ['*']}\n  metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]",
    ),
    ("overrides", "overrides: {metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]}"),
    ("defaults", "defaults: {metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]}"),
];
/// Names of instruments that all components have.
const INSTRUMENTS: [&str; 3] = ["audit.events", "audit.denied", "work.done"];

/// What the platform says for all: its audit stays as it is.
const PLATFORM: &str = "apiVersion: pointsman.dev/v1alpha1\nkind: ClusterTelemetryView\nmetadata: {name: platform}\nspec:\n  reason: audit\n  \
                        overrides:\n    metrics:\n    - {name: audit, match: {instruments: ['audit.*']}, state: Enabled}\n";

fn loaded(files: &[(&str, &str)]) -> Reload {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("the folder is ours");
    }
    let mut source = DirSource::new(Origins { dir: Some(folder.path().to_owned()), ..Origins::default() });
    source.poll(NOW).expect("the first poll answers")
}

/// What is decided for each instrument of a component, but for who decided it.
fn decided(reload: &Reload, component: &ComponentKey) -> Vec<String> {
    let plan = reload.views.plan(component, NOW);
    let one = |name: &&str| {
        let decision = plan.decide(&counter(name));
        format!("{name}: {} {:?} {:?} {:?} {:?}", decision.on, decision.keys, decision.limit, decision.rename, decision.buckets)
    };
    INSTRUMENTS.iter().map(one).collect()
}

/// Scenario: a namespaced view of `a` that says each of these, with the platform's override or without; components of the same name
/// in `a`, in `b`, in the namespace of the platform, and in none.
/// Guarantees: nothing is ever decided otherwise outside of `a`; within it, what the platform says of its audit stays on; what only the
/// cluster kind may say is refused.
#[test]
fn t21_a_namespaced_view_reaches_no_further() {
    let others = ["b", "pointsman", "a.b", "aa", "A", ""].map(|namespace| component(namespace, "victim"));
    let own = component("a", "victim");
    let (mut touched, mut refused) = (0, 0);
    for platform in [&[][..], &[("platform.yaml", PLATFORM)]] {
        let without = loaded(platform);
        assert!(without.faults.is_empty(), "{:?}", without.faults);
        for (what, spec) in REACHES {
            let view = format!(
                "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: evil, namespace: a}}\nspec:\n  reason: test\n  {spec}\n"
            );
            let with = loaded(&[platform, &[("evil.yaml", view.as_str())]].concat());
            refused += usize::from(with.objects.iter().any(|object| !object.accepted));
            for other in &others {
                assert_eq!(decided(&with, other), decided(&without, other), "{what}: {other}");
            }
            touched += usize::from(decided(&with, &own) != decided(&without, &own));
            if !platform.is_empty() {
                let plan = with.views.plan(&own, NOW);
                assert!(["audit.events", "audit.denied"].iter().all(|name| plan.decide(&counter(name)).on), "{what}");
            }
        }
    }
    assert_eq!(refused, 2 * 3, "a selector and both tiers are of the cluster kind");
    assert!(touched >= 12, "in its own namespace a view acts: {touched}");
}

/// Scenario: a cluster view that says it lives in a namespace, a namespaced one that says it lives in none, and one that calls itself
/// by two kinds.
/// Guarantees: what a view reaches follows from its kind alone; what is no object is refused.
#[test]
fn t21_the_kind_alone_says_how_far_a_view_reaches() {
    let off = "metrics: [{name: r, match: {instruments: ['*']}, state: Disabled}]";
    let head = |kind: &str, metadata: &str| {
        format!("apiVersion: pointsman.dev/v1alpha1\nkind: {kind}\nmetadata: {metadata}\nspec:\n  reason: test\n")
    };
    let (a, b) = (component("a", "s"), component("b", "s"));
    let is_on = |reload: &Reload, key: &ComponentKey| reload.views.plan(key, NOW).decide(&counter("work.done")).on;
    let nowhere = loaded(&[("v.yaml", &format!("{}  {off}\n", head("TelemetryView", "{name: v}")))]);
    assert!(is_on(&nowhere, &a) && is_on(&nowhere, &b), "without a namespace it is of `default`");
    assert!(!is_on(&nowhere, &component("default", "s")), "{:?}", nowhere.faults);
    let everywhere = loaded(&[("v.yaml", &format!("{}  {off}\n", head("TelemetryView", "{name: v, namespace: '*'}")))]);
    assert!(is_on(&everywhere, &a) && is_on(&everywhere, &b));
    let twice = loaded(&[(
        "v.yaml",
        &format!("{}  {off}\nkind: ClusterTelemetryView\n", head("TelemetryView", "{name: v, namespace: a}")),
    )]);
    assert!(is_on(&twice, &b) && !twice.faults.is_empty(), "{:?}", twice.faults);
    let within =
        loaded(&[("v.yaml", &format!("{}  overrides: {{{off}}}\n", head("ClusterTelemetryView", "{name: v, namespace: a}")))]);
    assert!(is_on(&within, &b) == is_on(&within, &a), "a cluster view is of no namespace: {:?}", within.faults);
}
