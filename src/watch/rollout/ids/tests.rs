use super::{Trace, leaf, never_zero, parent, rollout, trace, update};
use jiff::Timestamp;
use std::collections::BTreeSet;

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

/// Scenario: ids of things that differ in one part, some of which would be one text if parts were merely joined.
/// Guarantees: all differ, the same thing has the same id, and none is zero.
#[test]
fn ids_differ_when_anything_does() {
    let base = Trace { cluster: "c", pool: "p", config: "b", image: "", since: at(1) };
    let traces = [
        base,
        Trace { cluster: "cp", pool: "", ..base },
        Trace { config: "bb", ..base },
        Trace { config: "", image: "b", ..base },
        Trace { since: at(2), ..base },
        Trace { since: None, ..base },
    ];
    let ids: BTreeSet<_> = traces.iter().map(|of| trace(of).to_bytes()).collect();
    assert_eq!(ids.len(), traces.len());
    assert_eq!(trace(&base), trace(&base.clone()));
    let id = trace(&base);
    let node = update(id, "n", None);
    let start = at(5).expect("it is a time");
    let spans = [
        rollout(id),
        node,
        update(id, "n", at(3).map(|at| (at, 1))),
        update(id, "n", at(3).map(|at| (at, 2))),
        update(id, "m", None),
        parent(node, "UpdateExecuted"),
        parent(node, "UpdateComplete"),
        leaf(node, "Drained", 1, start),
        leaf(node, "Drained", 2, start),
        leaf(node, "Drained", 1, at(6).expect("it is a time")),
    ];
    assert_eq!(spans.iter().map(|id| id.to_bytes()).collect::<BTreeSet<_>>().len(), spans.len());
    assert_eq!(never_zero::<8>([0; 32]), [1; 8]);
}

/// Scenario: 4,096 traces that differ in their start. Guarantees: each of the last seven bytes takes each half of its values
/// about as often, as consistent samplers need it.
#[test]
fn the_last_seven_bytes_are_uniform() {
    let mut high = [0_u32; 7];
    for second in 0..4_096 {
        let id = trace(&Trace { cluster: "c", pool: "p", config: "b", image: "", since: at(second) }).to_bytes();
        high.iter_mut().zip(&id[9..]).for_each(|(high, byte)| *high += u32::from(byte >> 7));
    }
    // Six standard deviations are 192.
    assert!(high.iter().all(|high| high.abs_diff(2_048) < 192), "{high:?}");
}
