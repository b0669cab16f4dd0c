//! The reader on views that are right, and on every way to get one wrong.

use super::{Known, Object, json, text};
use crate::{
    fault::{Source, render},
    model::clock::Wall,
    view::{
        plan::ViewSet,
        report::Status,
        spec::{ObjectId, Origin, Term},
        time,
    },
};
use expect_test::{Expect, expect};
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};
use std::sync::Arc;

const NOW: Wall = Wall::from_secs(1_767_261_600); // 2026-01-01T10:00:00Z
const KNOWN: Known<'static> = Known { first_seen: &|_, _| NOW, namespace: "default" };

/// Reads a text; the answer is one line per object and per fault.
fn answer(yaml: &str) -> String {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let mut out = String::new();
    for read in text(&source, &KNOWN) {
        let id = read.id.map_or_else(|| "?".into(), |id| format!("{} {}/{}", id.kind, id.namespace, id.name));
        let verdict = if read.object.is_some() { "accepted" } else { "refused" };
        out.push_str(&format!("{id}: {verdict}\n"));
        out.extend(read.faults.iter().map(|fault| format!("  {}\n", render::short(fault))));
    }
    out
}

fn check(yaml: &str, want: Expect) {
    want.assert_eq(&answer(yaml));
}

/// Reads the body of a namespaced view's spec.
fn check_spec(spec: &str, want: Expect) {
    let indented: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: v}\nspec:\n";
    want.assert_eq(&answer(&format!("{head}{indented}")));
}

const EVERYTHING: &str = r#"apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: all, namespace: ns, creationTimestamp: "2026-01-01T09:00:00Z", labels: {a: b}}
spec:
  mode: Enforce
  reason: "INC-1182"
  targets:
  - workloadRef: {group: apps, kind: DaemonSet, name: machine-config-daemon}
  - serviceName: "machine-config-*"
  baseline: Standard
  metrics:
  - name: no-free-text
    match: {instruments: ["mcd_update_state"], scopes: ["machineconfig*"], kinds: [Counter, Histogram], levels: [Detailed]}
    state: Disabled
  - name: shape
    match: {instruments: ["mco.node.update.phase.duration"]}
    attributes: {drop: ["mco.phase.kind"], collapse: Max}
    buckets: {explicit: ["1", "10", "60", "600"]}
    cardinality: {limit: 500}
    interval: 60s
    rename: {to: other.name}
  traces:
  - name: reconcile-sample
    match: {scopes: ["*"], spans: ["reconcile *"]}
    sample: "0.1"
    keep: {errors: true, slowerThan: 30s}
  - {name: no-probes, match: {spans: ["GET /healthz"]}, state: Disabled}
  expiry: {after: 4h}
status: {observedGeneration: 3}
"#;

/// Scenario: every field at once. Guarantees: no fault, from text and as an API object alike.
#[test]
fn everything_a_view_can_say_is_read() {
    check(
        EVERYTHING,
        expect![[r#"
        TelemetryView ns/all: accepted
    "#]],
    );
    let object = serde_json::json!({
        "apiVersion": "pointsman.dev/v1alpha1", "kind": "TelemetryView", "metadata": {"name": "a", "namespace": "ns"},
        "spec": {"metrics": [{"name": "r", "match": {"instruments": ["x"]}, "state": "Disabeld"}]},
    });
    let read = json(&object, &KNOWN);
    let faults: Vec<String> = read.faults.iter().map(render::short).collect();
    expect![[r#"
        TelemetryView ns/a spec.metrics[0].state: error[PM0104]: unknown state `Disabeld`; did you mean `Disabled`?"#]]
    .assert_eq(&faults.join("\n"));
    let fixed = serde_json::Value::String("Disabled".into());
    let mut object = object;
    *object.pointer_mut("/spec/metrics/0/state").expect("the object above") = fixed;
    assert!(matches!(json(&object, &KNOWN).object, Some(Object::View(view)) if view.metrics.len() == 1));
}

/// Scenario: two misspelt words and an unknown one. Guarantees: each once, with place and suggestion; nothing follows from them.
#[test]
fn a_misspelt_field_is_one_fault() {
    check_spec(
        "metrics:\n- name: a\n  match: {instrument: [\"x\"]}\n  state: Disabeld\n- nam: b\n  match: {instruments: [x]}\n  state: Enabled",
        expect![[r#"
            TelemetryView default/v: refused
              in.yaml:7:13: error[PM0103]: unknown field `instrument` in `match`; did you mean `instruments`?
              in.yaml:8:12: error[PM0104]: unknown state `Disabeld`; did you mean `Disabled`?
              in.yaml:9:5: error[PM0103]: unknown field `nam` in `metrics`; did you mean `name`?
        "#]],
    );
}

/// Scenario: one view with twenty mistakes of sixteen sorts. Guarantees: twenty faults, each at its line and column.
#[test]
fn twenty_mistakes_are_twenty_faults() {
    let answer = answer(include_str!("../../../../tests/data/faults/twenty.yaml"));
    assert_eq!(answer.lines().count(), 21, "{answer}");
    expect![[r#"
        ?: refused
          in.yaml:3:18: error[PM0105]: `name` is not a name of lower-case letters, digits, `-` and `.`
          in.yaml:5:11: error[PM0105]: `reason` is not text, but a number: quote it
          in.yaml:7:5: error[PM0108]: a target has two forms
          in.yaml:8:25: error[PM0104]: unknown workload kind `Deploiment`; did you mean `Deployment`?
          in.yaml:9:5: error[PM0108]: a target has no form
          in.yaml:10:13: error[PM0104]: unknown baseline `Standart`; did you mean `Standard`?
          in.yaml:13:13: error[PM0103]: unknown field `instrument` in `match`; did you mean `instruments`?
          in.yaml:14:12: error[PM0104]: unknown state `Disabeld`; did you mean `Disabled`?
          in.yaml:15:11: error[PM0106]: two rules named `a`
          in.yaml:16:26: error[PM0105]: `instruments` is an empty list
          in.yaml:20:17: error[PM0115]: rule `c` drops attributes of gauges without `collapse`
          in.yaml:21:32: error[PM0114]: `buckets` do not ascend
          in.yaml:22:26: error[PM0117]: `limit` is 0, outside 1..1000000
          in.yaml:23:15: error[PM0117]: `interval` is 2h, outside 1s..1h
          in.yaml:24:13: error[PM0116]: `rename` matches more than one instrument
          in.yaml:28:15: error[PM0111]: rule `d` is Disabled and also sets `interval`
          in.yaml:29:5: error[PM0112]: rule `e` does nothing
          in.yaml:31:50: error[PM0117]: `sample` is 1.5, outside 0..1
          in.yaml:31:72: error[PM0105]: `errors` is neither true nor false, but text
          in.yaml:32:11: error[PM0110]: `expiry` has both `after` and `at`
    "#]]
    .assert_eq(&answer);
}

/// Scenario: the ways to write an expiry. Guarantees: exactly one of a term and a moment, from a minute to a week.
#[test]
fn an_expiry_is_one_term_in_range() {
    let answer = |expiry: &str| {
        let head = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: v}\nspec:\n  baseline: Debug\n";
        let text = answer(&format!("{head}  expiry: {expiry}\n"));
        format!("{expiry}: {}", text.lines().skip(1).map(|line| line.trim().to_owned() + "\n").collect::<String>() + "\n")
    };
    let terms = ["{after: 1m}", "{after: 59s}", "{after: 168h}", "{after: 169h}", "{after: 4}", "{}", "{aftr: 4h}", "4h"];
    let moments =
        ["{at: \"2026-01-01T10:00:01Z\"}", "{at: \"2026-01-01T10:00:00Z\"}", "{at: \"2026-02-01T10:00:00Z\"}", "{at: soon}"];
    let all: String = terms.into_iter().chain(moments).map(answer).collect();
    expect![[r#"
        {after: 1m}: 
        {after: 59s}: in.yaml:6:11: error[PM0110]: `expiry` is outside 1m..168h

        {after: 168h}: 
        {after: 169h}: in.yaml:6:11: error[PM0110]: `expiry` is outside 1m..168h

        {after: 4}: in.yaml:6:19: error[PM0105]: `after` is not a duration such as 90s, 5m or 4h

        {}: in.yaml:6:11: error[PM0110]: `expiry` has neither `after` nor `at`

        {aftr: 4h}: in.yaml:6:12: error[PM0103]: unknown field `aftr` in `expiry`; did you mean `after` or `at`?

        4h: in.yaml:6:11: error[PM0105]: `expiry` is not a map, but text

        {at: "2026-01-01T10:00:01Z"}: 
        {at: "2026-01-01T10:00:00Z"}: in.yaml:6:11: error[PM0110]: `expiry` lies in the past

        {at: "2026-02-01T10:00:00Z"}: in.yaml:6:11: error[PM0110]: `expiry` lies more than 168h ahead

        {at: soon}: in.yaml:6:16: error[PM0105]: `at` is not a time such as 2026-11-22T18:02:09Z

    "#]]
    .assert_eq(&all);
}

/// Scenario: cluster views. Guarantees: one of defaults and overrides, a selector of its two forms, and no rule beside the body.
#[test]
fn a_cluster_view_has_one_body() {
    let view = |spec: &str| {
        format!("---\napiVersion: pointsman.dev/v1alpha1\nkind: ClusterTelemetryView\nmetadata: {{name: v}}\nspec: {spec}\n")
    };
    let body = "{baseline: None}";
    let specs = [
        format!("{{defaults: {body}}}"),
        format!("{{overrides: {body}, namespaceSelector: {{matchNames: [a], matchLabels: {{b: c}}}}}}"),
        format!("{{defaults: {body}, overrides: {body}}}"),
        "{}".into(),
        "{baseline: None}".into(),
        "{defaults: {expiry: {after: 4h}}, namespaceSelector: {matchNames: a}}".into(),
    ];
    check(
        &specs.iter().map(|spec| view(spec)).collect::<String>(),
        expect![[r#"
        ClusterTelemetryView /v: accepted
        ClusterTelemetryView /v: accepted
        ClusterTelemetryView /v: refused
          in.yaml:15:47: error[PM0105]: `overrides` stands beside `defaults`: write one of the two
        ClusterTelemetryView /v: refused
          in.yaml:20:7: error[PM0105]: `defaults` is missing in `spec`
        ClusterTelemetryView /v: refused
          in.yaml:25:7: error[PM0105]: `defaults` is missing in `spec`
          in.yaml:25:8: error[PM0103]: unknown field `baseline` in `spec`
        ClusterTelemetryView /v: refused
          in.yaml:30:19: error[PM0103]: unknown field `expiry` in `defaults`
          in.yaml:30:73: error[PM0105]: `matchNames` is not a list, but text
    "#]],
    );
}

/// Scenario: objects that are not views. Guarantees: catalogues are read, the controller's own kind is not, others are named.
#[test]
fn other_objects_are_told_apart() {
    check(
        r#"apiVersion: pointsman.dev/v1alpha1
kind: InstrumentCatalog
metadata: {name: c}
spec: {serviceName: s, schemaUrl: u, instruments: [{scope: a, name: n, kind: Gaugee, unit: "", level: Hot, attributes: [x]}, {name: m, kind: Counter}]}
---
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryComponent
metadata: {name: c}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
---
kind: TelemetryView
---
- just
- a list
"#,
        expect![[r#"
            InstrumentCatalog /c: refused
              in.yaml:4:78: error[PM0104]: unknown kind `Gaugee`; did you mean `Gauge`?
              in.yaml:4:103: error[PM0104]: unknown level `Hot`
            ?: refused
              in.yaml:7:7: error[PM0102]: `pointsman.dev/v1alpha1/TelemetryComponent` is not an object of pointsman; the controller writes this kind; it is never read
            ?: refused
              in.yaml:10:13: error[PM0102]: `v1/ConfigMap` is not an object of pointsman; write `pointsman.dev/v1alpha1`
            ?: refused
              in.yaml:14:1: error[PM0105]: `apiVersion` is missing in `object`
            ?: refused
              in.yaml:16:1: error[PM0105]: `object` is not a map, but a list
        "#]],
    );
}

/// Scenario: limits of a view, each over by one. Guarantees: told with the limit; a bad pattern is not a bad list.
#[test]
fn lists_and_texts_have_limits() {
    let rules: String = (0..65).map(|i| format!("- {{name: r{i}, match: {{instruments: [x]}}, state: Enabled}}\n")).collect();
    let patterns = vec!["x"; 65].join(", ");
    let long = "x".repeat(257);
    let spec = format!(
        "metrics:\n{rules}traces:\n- {{name: a, match: {{spans: [{patterns}]}}, state: Disabled}}\n- {{name: b, match: {{spans: [{long}]}}, state: Enabled}}\nreason: r"
    );
    check_spec(
        &spec,
        expect![[r#"
        TelemetryView default/v: refused
          in.yaml:6:5: error[PM0107]: `metrics` has 65 items, at most 64
          in.yaml:72:30: error[PM0107]: `spans` has 65 items, at most 64
          in.yaml:73:31: error[PM0107]: `spans[0]` has 257 bytes, at most 256
    "#]],
    );
}

/// Words from which odd views are made: every field and value, and what breaks YAML.
const WORDS: &[&str] = &[
    "apiVersion: pointsman.dev/v1alpha1\n",
    "kind: TelemetryView\n",
    "kind: ClusterTelemetryView\n",
    "kind: InstrumentCatalog\n",
    "metadata: {name: v}\n",
    "spec:\n",
    "  ",
    "- ",
    "mode: ",
    "DryRun\n",
    "targets: ",
    "baseline: Debug\n",
    "metrics:\n",
    "traces:\n",
    "name: a\n",
    "match: ",
    "{instruments: [\"*\"]}\n",
    "{spans: [x]}\n",
    "state: Disabled\n",
    "attributes: {keep: []}\n",
    "expiry: {after: 4h}\n",
    "buckets: {explicit: [\"1\"]}\n",
    "rename: {to: y}\n",
    "interval: 10s\n",
    "sample: \"0.1\"\n",
    "defaults: ",
    "overrides:\n",
    "instruments: ",
    "serviceName: s\n",
    "kind: Gauge\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    "---\n",
    "\t",
    "*a",
    "&a ",
    "!!x ",
    "|\n",
    "\"",
    "'",
    "é",
    "\u{0}",
    "1e999",
    "~\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    /// Scenario: any sequence of these words. Guarantees: no panic; an object has no error, a refused one has at least one, and each
    /// fault renders in every form.
    #[test]
    fn any_text_is_accepted_or_told_why_not(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        let source = Arc::new(Source { name: "in.yaml".into(), text: words.concat().into() });
        for read in text(&source, &KNOWN) {
            prop_assert_eq!(read.object.is_none(), read.faults.iter().any(crate::fault::Fault::is_error));
            for fault in &read.faults {
                let shown = [render::terminal(fault), render::short(fault), render::json(fault).to_string()];
                let is_clean = shown.iter().all(|text| !text.contains('\0') && !text.is_empty());
                prop_assert!(is_clean, "a face is empty or not clean");
            }
        }
    }
}

/// An object of an API server with these `managedFields`, and what is known of its origin.
fn check_origin(managed_fields: serde_json::Value, want: Expect) {
    let object = serde_json::json!({
        "apiVersion": "pointsman.dev/v1alpha1", "kind": "TelemetryView",
        "metadata": {
            "name": "a", "namespace": "ns", "uid": "u-1", "generation": 3, "creationTimestamp": "2026-01-01T08:00:00Z",
            "resourceVersion": "77", "labels": {"a": "b"}, "managedFields": managed_fields,
        },
        "spec": {"metrics": [{"name": "r", "match": {"instruments": ["x"]}, "state": "Enabled"}]},
    });
    let read = json(&object, &KNOWN);
    assert_eq!(read.faults, Vec::new());
    let Some(Object::View(view)) = read.object else { panic!("the object is good") };
    let Origin { uid, generation, manager, changed } = &view.origin;
    let changed = changed.map(time::format_time);
    want.assert_eq(&format!("{uid} {generation:?} {manager:?} {changed:?}"));
}

/// Scenario: an object that several managers wrote; then one of which the server tells nothing, or nonsense. Guarantees: the newest who
/// owns the spec, not its status, counts; else the object's own age; nonsense is never a fault.
#[test]
fn the_last_author_of_a_spec_is_known() {
    let entry = |manager: &str, time: &str, subresource: &str| {
        serde_json::json!({
            "manager": manager, "operation": "Update", "time": time, "fieldsType": "FieldsV1", "subresource": subresource,
            "fieldsV1": {"f:spec": {"f:metrics": {"k:{\"name\":\"r\"}": {"f:state": {}}}}},
        })
    };
    let mut labels = entry("labeller", "2026-01-01T12:00:00Z", "");
    labels["fieldsV1"] = serde_json::json!({"f:metadata": {"f:labels": {}}});
    let known = serde_json::json!([
        entry("kubectl-create", "2026-01-01T08:00:00Z", ""),
        entry("kubectl-edit", "2026-01-01T09:30:00Z", ""),
        entry("pointsman", "2026-01-01T11:00:00Z", "status"),
        labels,
    ]);
    check_origin(known, expect![[r#"u-1 Some(3) Some("kubectl-edit") Some("2026-01-01T09:30:00Z")"#]]);
    check_origin(serde_json::Value::Null, expect![[r#"u-1 Some(3) None Some("2026-01-01T08:00:00Z")"#]]);
    let mut deep = serde_json::json!({});
    for _ in 0..100 {
        deep = serde_json::json!({ "f:spec": deep });
    }
    let nonsense = serde_json::json!([7, {"manager": 7, "time": "soon", "fieldsV1": {"f:spec": deep}}, {"fieldsV1": "f:spec"}]);
    check_origin(nonsense, expect![[r#"u-1 Some(3) None Some("2026-01-01T08:00:00Z")"#]]);
}

/// Scenario: an object whose `expiry.at` is over, seen now, and by a reader that saw it in time. Guarantees: the first is refused; the
/// second is a good view whose time is over, also after a restart.
#[test]
fn an_end_that_was_seen_coming_is_no_fault() {
    let object = serde_json::json!({
        "apiVersion": "pointsman.dev/v1alpha1", "kind": "TelemetryView", "metadata": {"name": "a", "namespace": "ns"},
        "spec": {"baseline": "Debug", "expiry": {"at": "2026-01-01T09:00:00Z"}},
    });
    let faults: Vec<String> = json(&object, &KNOWN).faults.iter().map(render::short).collect();
    expect!["TelemetryView ns/a spec.expiry: error[PM0110]: `expiry` lies in the past"].assert_eq(&faults.join("\n"));
    let seen = |_: &ObjectId, _: &Term| Wall::from_secs(1_767_261_600 - 7_200);
    let read = json(&object, &Known { first_seen: &seen, namespace: "default" });
    assert_eq!(read.faults, Vec::new());
    let Some(Object::View(view)) = read.object else { panic!("the object is good") };
    let status = ViewSet::compile(vec![view], Vec::new()).reports(&[], NOW).first().map(|report| report.status);
    assert_eq!(status, Some(Status::Expired));
}
