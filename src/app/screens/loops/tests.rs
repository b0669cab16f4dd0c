use super::{
    super::tests::{gauge, histogram, push, store},
    Loop, Marks, look,
};
use pointsman_core::model::clock::Mono;

fn looked(store: &pointsman_core::state::store::Store, second: u64, marks: &mut Marks) -> Vec<Loop> {
    look(store, Mono::from_secs(second), marks)
}

/// Scenario: a loop that tells its results, over two instances, one that does not, one in milliseconds, and metrics that are no
/// loops. Guarantees: results add up to one loop with its errors; who does not tell them has none; units are heeded.
#[test]
fn a_loop_is_its_attributes_without_the_result() {
    let store = store();
    let node = |result| [("kind", "Node"), ("mco.result", result)];
    let (good, bad) = (node("success"), node("error"));
    for instance in ["a", "b"] {
        let reconcile = histogram("app.reconcile.duration", "s", &[(&good, [10, 0, 0, 0]), (&bad, [0, 0, 5, 0])]);
        push(&store, "controller", instance, vec![reconcile]);
    }
    let others = vec![
        histogram("controller_runtime_reconcile_time_seconds", "", &[(&[("controller", "pool")], [0, 0, 0, 4])]),
        histogram("reconcile.millis", "ms", &[(&[], [4, 0, 0, 0])]),
        histogram("http.server.duration", "s", &[(&[], [1, 0, 0, 0])]),
        histogram("reconcile.size", "By", &[(&[], [1, 0, 0, 0])]),
        gauge("reconcile.lag", 0, &[(&[], 1.0)]),
    ];
    push(&store, "other", "a", others);
    let loops = looked(&store, 1, &mut Marks::new());
    let told = |one: &Loop| (one.metric.clone(), one.of.clone(), one.turns, one.errors, one.p50_seconds, one.beyond);
    let expected = [
        ("app.reconcile.duration", "kind=Node", 30, Some(10), Some(0.75), false),
        ("controller_runtime_reconcile_time_seconds", "controller=pool", 4, None, Some(100.0), true),
        ("reconcile.millis", "", 4, None, Some(0.0005), false),
    ];
    let expected =
        expected.map(|(metric, of, turns, errors, p50, beyond)| (metric.into(), of.into(), turns, errors, p50, beyond));
    assert_eq!(loops.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(loops.iter().all(|one| one.turns_per_minute.is_none()), "one look tells no rate");
}

/// Scenario: looks half a minute apart, with 20 more turns between them; then the process begins anew.
/// Guarantees: a rate by the time between looks; none from before the new beginning.
#[test]
fn two_looks_tell_a_rate() {
    let mut marks = Marks::new();
    let with = |turns| {
        let store = store();
        push(&store, "controller", "a", vec![histogram("reconcile.duration", "s", &[(&[], [turns, 0, 0, 0])])]);
        store
    };
    let mut rate = |second, turns| looked(&with(turns), second, &mut marks).first().and_then(|one| one.turns_per_minute);
    assert_eq!([rate(10, 5), rate(40, 25), rate(70, 25)], [None, Some(40.0), Some(20.0)]);
    assert_eq!([rate(100, 3), rate(160, 6)], [None, Some(3.0)]);
}
