use super::{DASH, blocks, errors, indent, maybe_took, percent, share, took};
use crate::web::model::screens::{Loop, Pool};

/// Scenario: durations from none to absurd ones. Guarantees: a short text each, and none that fails.
#[test]
fn durations_are_short() {
    let told = [0.0, 0.0005, 0.15, 5.5, 2460.0, 1e300, f64::NAN, f64::INFINITY, -1.0].map(|seconds| took(&seconds));
    assert_eq!(told[..5], ["0 s", "0.50 ms", "150 ms", "5.5 s", "41m"]);
    assert!(told.iter().all(|text| text.len() < 24), "{told:?}");
    assert_eq!((maybe_took(&None).as_str(), maybe_took(&Some(3.0)).as_str()), (DASH, "3.0 s"));
}

/// Scenario: shares of nothing, of all, and beyond. Guarantees: a width between 0 and 100.
#[test]
fn widths_stay_within_the_drawing() {
    assert_eq!(
        [(0.0, 0.0), (1.0, 4.0), (4.0, 4.0), (9.0, 4.0), (-1.0, 4.0)].map(|(part, most)| share(&part, &most)),
        [0, 25, 100, 100, 0]
    );
    assert_eq!((percent(&0.625).as_str(), indent(&1_000_000).chars().count()), ("62 %", 12));
}

/// Scenario: pools that are paused, with and without a config that waits, and stalled; loops with and without errors.
/// Guarantees: what blocks is said in words, and a sign stands beside a failure.
#[test]
fn what_blocks_is_said() {
    let pool = |paused, pending, stalled: &[&str]| Pool {
        paused,
        pending,
        pending_seconds: Some(7_200.0),
        stalled: stalled.iter().map(ToString::to_string).collect(),
        ..Pool::default()
    };
    assert_eq!(blocks(&pool(false, true, &[])), DASH);
    assert_eq!(blocks(&pool(true, false, &[])), "paused");
    assert_eq!(blocks(&pool(true, true, &["drain"])), "paused with a config that waits for 2h, stalled: drain");
    let of = |errors| Loop { turns: 200, errors, ..Loop::default() };
    assert_eq!([None, Some(0), Some(3)].map(|n| errors(&of(n))), [DASH, "0", "✖ 3 (2 %)"]);
}
