//! The plan as it travels, and its hash.

use crate::{
    fault::Source,
    model::{clock::Wall, component::ComponentKey},
    view::{
        facts::{Consumer, Facts, Read},
        pattern::Pattern,
        plan::{Plan, ViewSet},
        read::{Known, Object, text},
    },
};
use expect_test::expect_file;
use std::sync::Arc;

const NOW: Wall = Wall::from_secs(1_767_261_600);

fn component() -> ComponentKey {
    ComponentKey { namespace: "default".into(), workload: None, service: "checkout".into() }
}

fn plan(yaml: &str, now: Wall) -> Plan {
    plan_with(yaml, now, Facts::default())
}

fn plan_with(yaml: &str, now: Wall, facts: Facts) -> Plan {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
        match read.object.expect("the objects are good") {
            Object::View(view) => views.push(view),
            Object::Catalogue(catalogue) => catalogues.push(catalogue),
        }
    }
    ViewSet::compile_with(views, catalogues, Arc::new(facts)).plan(&component(), now)
}

const VIEW: &str = r#"apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: v}
spec:
  reason: one
  targets: [{serviceName: "check*"}]
  baseline: Detailed
  metrics:
  - {name: off, match: {instruments: ["queue.*"], kinds: [Gauge]}, state: Disabled}
  - name: shape
    match: {instruments: [queue.wait]}
    attributes: {keep: [queue]}
    buckets: {explicit: ["1", "10"]}
    cardinality: {limit: 9}
    interval: 30s
  traces:
  - {name: some, match: {spans: ["GET *"]}, sample: "0.5", keep: {slowerThan: 2s}}
  expiry: {after: 4h}
---
apiVersion: pointsman.dev/v1alpha1
kind: InstrumentCatalog
metadata: {name: c}
spec: {serviceName: checkout, instruments: [{name: queue.depth, kind: Gauge}, {name: queue.wait, kind: Histogram, level: Debug}]}
"#;

/// Scenario: a view with everything and a catalogue. Guarantees: the form, field by field.
#[test]
fn the_plan_travels_in_this_form() {
    let json = serde_json::to_string_pretty(&plan(VIEW, NOW).document(&component())).expect("it is JSON");
    expect_file!["../../../../tests/data/plan/everything.json"].assert_eq(&(json + "\n"));
}

/// Scenario: the same, another reason, another rule, after the expiry, no view. Guarantees: equal results have equal hashes, others not.
#[test]
fn the_hash_covers_the_result() {
    let hash = |yaml: &str, now| plan(yaml, now).hash();
    let first = hash(VIEW, NOW);
    assert_eq!(first, hash(VIEW, NOW.plus(std::time::Duration::from_secs(60))), "time alone changes nothing");
    assert_eq!(first, hash(&VIEW.replace("reason: one", "reason: two"), NOW), "a reason decides nothing");
    let changed = [
        ("Disabled", "Enabled"),
        ("limit: 9", "limit: 8"),
        ("0.5", "0.25"),
        ("Detailed", "Standard"),
        ("4h", "5h"),
        ("[queue]", "[q]"),
    ];
    for (from, to) in changed {
        assert_ne!(first, hash(&VIEW.replace(from, to), NOW), "{from} to {to}");
    }
    assert_ne!(first, hash(VIEW, NOW.plus(std::time::Duration::from_secs(4 * 3_600))), "it expired");
    assert_ne!(hash("", NOW), [0; 16], "no view is a plan too");
    // A row for any scope: on its own the rule does not mean it, of an instrument with that scope it does.
    let by_level = |level: &str| {
        let (view, catalogue) = VIEW.split_once("---").expect("two documents");
        let view = view.replace(
            "match: {instruments: [\"queue.*\"], kinds: [Gauge]}",
            "match: {instruments: [\"*\"], scopes: [s], levels: [Debug]}",
        );
        hash(
            &format!("{}---{}", view.replace("baseline: Detailed", "baseline: None"), catalogue.replace("level: Debug", level)),
            NOW,
        )
    };
    assert_ne!(by_level("level: Debug"), by_level("level: Detailed"), "a level decides by itself");
}

/// A cluster in which one alert of a namespace reads one metric by its labels.
fn reader(namespace: &str, metric: &str, labels: &[&str], since: Option<Wall>) -> Facts {
    let labels = labels.iter().map(|label| (*label).into()).collect();
    let reads = vec![Read { metric: Pattern::new(metric), labels, since }];
    let (kind, entry) = ("PrometheusRule".into(), "alert A".into());
    let consumer = Consumer { kind, namespace: namespace.into(), name: "rules".into(), entry, reads };
    Facts { consumers: vec![Arc::new(consumer)], ..Facts::default() }
}

/// Scenario: views beside somebody who reads: a declared instrument, one that nobody declared, elsewhere, with other labels, since
/// another time; views that take nothing from anybody. Guarantees: whatever may change a decision changes the hash, nothing else does.
#[test]
fn the_hash_covers_what_is_held_back() {
    let hash = |facts: Facts| plan_with(VIEW, NOW, facts).hash();
    let alone = hash(Facts::default());
    assert_ne!(alone, hash(reader("default", "queue_depth", &[], None)), "a declared instrument stays on");
    let undeclared = hash(reader("default", "other", &[], None));
    assert_ne!(alone, undeclared, "an instrument that the tail turns off would stay on");
    assert_ne!(undeclared, hash(reader("default", "other", &["a"], None)), "an attribute would stay");
    assert_ne!(undeclared, hash(reader("default", "other", &[], Some(NOW))), "since when decides");
    assert_eq!(alone, hash(reader("payments", "queue_depth", &[], None)), "who protects nothing here changes nothing");
    let facts = || reader("default", "queue_depth", &[], None);
    let mild = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: v}\nspec: {baseline: None}\n";
    assert_eq!(plan(mild, NOW).hash(), plan_with(mild, NOW, facts()).hash(), "nothing here gives way");
}
