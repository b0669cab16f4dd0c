use super::{
    super::tests::{gauge, histogram, push, store},
    look,
};
use crate::web::model::screens::Fleet;
use pointsman_core::{
    model::{component::ComponentKey, instrument::Instrument},
    state::store::Store,
    view::plan::Decision,
};

fn looked(store: &Store, off: &[&str]) -> Fleet {
    let decide =
        |_: &ComponentKey, instrument: &Instrument| Decision { on: !off.contains(&&*instrument.name), ..Decision::default() };
    look(store, &decide)
}

/// A pool of four, one updated, one in a drain that takes too long, one degraded; `worker-3` is not known by a state.
fn pushed() -> Store {
    let store = store();
    let of = |third: &'static str, value: &'static str| [("mco.pool.name", "worker"), (third, value)];
    let (total, updated) = (of("mco.machine.state", "total"), of("mco.machine.state", "updated"));
    let pool: &[(&str, &str)] = &[("mco.pool.name", "worker")];
    let holds = [("mco.pool.name", "worker"), ("mco.condition.type", "Updating"), ("mco.condition.status", "true")];
    let not = [("mco.pool.name", "worker"), ("mco.condition.type", "Updating"), ("mco.condition.status", "false")];
    let completed = of("mco.result", "completed");
    let operator = vec![
        gauge("mco.pool.machine.count", 0, &[(&total, 4.0), (&updated, 1.0)]),
        gauge("mco.pool.condition.status", 0, &[(&holds, 1.0), (&not, 0.0)]),
        gauge("mco.pool.max_unavailable", 0, &[(pool, 2.0)]),
        histogram("mco.node.update.duration", "s", &[(&completed, [0, 0, 10, 0])]),
    ];
    push(&store, "pointsman-watch", "operator", operator);
    let node = |name: &'static str, key: &'static str, value: &'static str| {
        [("k8s.node.name", name), ("mco.pool.name", "worker"), (key, value)]
    };
    let states = [
        node("worker-0", "mco.node.state", "Done"),
        node("worker-1", "mco.node.state", "Working"),
        node("worker-2", "mco.node.state", "Degraded"),
    ];
    let class = node("worker-2", "mco.degraded.class", "pivot");
    let tier = node("worker-1", "mco.drain.tier", "timeout_1h");
    let (drained, executed) = (node("worker-1", "mco.phase", "Drained"), node("worker-1", "mco.phase", "UpdateExecuted"));
    let phase = |name: &'static str, kind: &'static str, result: &'static str| {
        [("mco.pool.name", "worker"), ("mco.phase", name), ("mco.phase.kind", kind), ("mco.result", result)]
    };
    let took = [
        (phase("Drained", "child", "completed"), [0, 10, 0, 0]),
        (phase("Drained", "child", "aborted"), [0, 0, 0, 90]),
        (phase("Cordoned", "child", "completed"), [10, 0, 0, 0]),
        (phase("UpdateExecuted", "parent", "completed"), [0, 0, 10, 0]),
    ];
    let took: Vec<_> = took.iter().map(|(attributes, counts)| (&attributes[..], *counts)).collect();
    let daemon = vec![
        gauge("mco.node.state", 0, &states.each_ref().map(|state| (&state[..], 1.0))),
        gauge("mco.node.degraded", 0, &[(&class, 1.0)]),
        gauge("mco.node.drain.failed", 0, &[(&tier, 1.0)]),
        gauge("mco.node.update.phase", 0, &[(&drained, 1.0), (&executed, 1.0)]),
        gauge("mco.node.update.phase.age", 0, &[(&[drained[0], drained[2]], 2460.0)]),
        histogram("mco.node.update.phase.duration", "s", &took),
    ];
    push(&store, "pointsman-watch", "daemon", daemon);
    store
}

/// Scenario: a rollout with a drain that hangs and a node that failed. Guarantees: pools, nodes, usual times and what blocks, with
/// what needs somebody first; times of what was given up, and of phases that hold others, are not among the usual ones.
#[test]
fn a_rollout_is_told() {
    let fleet = looked(&pushed(), &[]);
    assert!(fleet.known && !fleet.cut && fleet.off.is_empty() && fleet.missing.is_empty(), "{fleet:?}");
    let pool = &fleet.pools[0];
    assert_eq!((pool.machines["total"], pool.machines["updated"], &pool.conditions[..]), (4, 1, &["Updating".to_owned()][..]));
    // Three are left, two at a time: two rounds of the usual time, which is the middle of 10 to 100.
    assert_eq!((pool.usual_update_seconds, pool.left_seconds), (Some(55.0), Some(110.0)));
    let slowest = pool.slowest_phase.as_ref().expect("phases ended");
    assert_eq!((slowest.phase.as_str(), slowest.share), ("Drained", 50.0 / 55.0));
    let nodes: Vec<(&str, &str, bool)> =
        fleet.nodes.iter().map(|node| (node.name.as_str(), node.state.as_str(), node.attention)).collect();
    assert_eq!(nodes, [("worker-1", "Working", true), ("worker-2", "Degraded", true), ("worker-0", "Done", false)]);
    let phases: Vec<_> = fleet.nodes[0].phases.iter().map(|p| (p.name.as_str(), p.seconds, p.usual_seconds)).collect();
    assert_eq!(phases, [("UpdateExecuted", None, None), ("Drained", Some(2460.0), Some(5.5))]);
    assert_eq!((&fleet.nodes[0].why[0], &fleet.nodes[1].why[0]), (&"drain: timeout_1h passed".into(), &"degraded: pivot".into()));
    let usual: Vec<_> = fleet.usual.iter().map(|usual| (usual.phase.as_str(), usual.count, usual.p50_seconds)).collect();
    assert_eq!(usual, [("Cordoned", 10, Some(0.5)), ("Drained", 10, Some(5.5))]);
}

/// Scenario: another watcher took over ten minutes ago, and the series of the one before are still here.
/// Guarantees: what is told is what the later one says.
#[test]
fn the_later_word_counts() {
    let store = store();
    let state = |state: &'static str| [("k8s.node.name", "n"), ("mco.pool.name", "worker"), ("mco.node.state", state)];
    let (working, done, gone) = (state("Working"), state("Done"), [("k8s.node.name", "gone"), ("mco.node.state", "Done")]);
    push(&store, "pointsman-watch", "old", vec![gauge("mco.node.state", 0, &[(&working, 1.0), (&gone, 1.0)])]);
    push(&store, "pointsman-watch", "new", vec![gauge("mco.node.state", 600, &[(&working, 0.0), (&done, 1.0)])]);
    let nodes = looked(&store, &[]).nodes;
    let nodes: Vec<(&str, &str)> = nodes.iter().map(|node| (node.name.as_str(), node.state.as_str())).collect();
    assert_eq!(nodes, [("n", "Done")]);
}

/// Scenario: nothing of the watchers, nothing at all of updates while none is under way, and phases that a level has off.
/// Guarantees: an explanation in place of an empty screen; the line that turns on what is off; nothing about what is merely quiet.
#[test]
fn what_is_missing_is_explained() {
    let empty = looked(&store(), &["mco.node.state"]);
    assert!(!empty.known && empty.missing.contains("pointsman watch daemon") && empty.off.is_empty(), "{empty:?}");
    let store = store();
    let done = [("k8s.node.name", "n"), ("mco.pool.name", "worker"), ("mco.node.state", "Done")];
    push(&store, "pointsman-watch", "a", vec![gauge("mco.node.state", 0, &[(&done, 1.0)])]);
    assert_eq!(looked(&store, &[]).off, []);
    let off = looked(&store, &["mco.node.update.phase"]).off;
    let [off] = &off[..] else { panic!("one is off: {off:?}") };
    assert_eq!(
        (off.metric.as_str(), off.why.as_str()),
        ("mco.node.update.phase", "off: its level is Detailed, and no view turns it on")
    );
    let line = "metrics: [{name: on, match: {instruments: [\"mco.node.update.phase\"]}, state: Enabled}]";
    assert_eq!(off.enable, line);
}
