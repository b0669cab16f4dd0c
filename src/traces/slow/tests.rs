use super::Slow;
use pointsman_core::{
    decode::RawSpan,
    limits::{SLOW_TURN_MS_MAX, SLOW_TURNS_MAX},
    model::{clock::Mono, component::ComponentKey},
    traces::decide::KeptSpan,
};

/// Adds a span that took so many nanoseconds and came at this second.
fn add(slow: &Slow, name: &str, took: u64, second: u64) {
    let component = ComponentKey::from_resource(|key| (key == "service.name").then_some("controller"));
    let (trace_id, span_id, parent_span_id) = (&[][..], &[][..], &[][..]);
    let name_bytes = name.as_bytes();
    let raw =
        RawSpan { raw: &[], trace_id, span_id, parent_span_id, name: name_bytes, start: 10, end: 10 + took, status_code: 2 };
    let kept = KeptSpan { component: &component, trace_id: [1; 16], span_id: [2; 8], name, raw };
    slow.add(&kept, Mono::from_secs(second));
}

fn took(slow: &Slow, second: u64) -> Vec<u128> {
    slow.turns(Mono::from_secs(second)).iter().map(|turn| turn.span.duration.as_nanos()).collect()
}

/// Scenario: more turns than are kept, in an order that is neither up nor down, and spans that are no turns.
/// Guarantees: the slowest stay, the slowest first; a phase of a rollout, however long, is none of them.
#[test]
fn the_slowest_turns_stay() {
    let slow = Slow::default();
    let all = 3 * SLOW_TURNS_MAX as u64;
    for i in 0..all {
        add(&slow, if i % 2 == 0 { "reconcile Node" } else { "Reconcile" }, (i * 7) % all + 1, 1);
    }
    add(&slow, "phase Drained", u64::MAX / 2, 1);
    add(&slow, "recon", u64::MAX / 2, 1);
    add(&slow, "rëconcile", u64::MAX / 2, 1);
    let expected: Vec<u128> = (0..SLOW_TURNS_MAX as u64).map(|i| u128::from(all - i)).collect();
    assert_eq!(took(&slow, 1), expected);
}

/// Scenario: the list is full of slow turns; an hour later a fast one comes.
/// Guarantees: what is an hour old is shown no more, and makes room for what is faster.
#[test]
fn an_hour_later_others_have_their_place() {
    let slow = Slow::default();
    (0..SLOW_TURNS_MAX as u64).for_each(|i| add(&slow, "reconcile", 1_000 + i, 1));
    add(&slow, "reconcile", 5, 2);
    assert_eq!(took(&slow, 2).len(), SLOW_TURNS_MAX);
    let later = 1 + SLOW_TURN_MS_MAX / 1000;
    assert_eq!(took(&slow, later), Vec::<u128>::new());
    add(&slow, "reconcile", 5, later);
    assert_eq!(took(&slow, later), [5]);
}
