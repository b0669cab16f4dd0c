//! The reader on views that are right, and on every way to get one wrong.

use super::{Known, Object, json, text};
use crate::{
    fault::{Source, render},
    model::clock::Wall,
};
use expect_test::{Expect, expect};
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
