//! The pauses of one watch over its failures.

use super::BackOff;
use expect_test::{Expect, expect};
use pointsman_core::model::clock::Mono;

/// The pauses after failures at these seconds, with the least and the greatest random number.
fn check(failures: &[u64], want: Expect) {
    let pauses = |random: u64| {
        let mut back_off = BackOff::default();
        failures.iter().map(|at| back_off.next(Mono::from_secs(*at), random).as_millis()).collect::<Vec<_>>()
    };
    let lines = failures.iter().zip(pauses(0).into_iter().zip(pauses(400_000)));
    want.assert_eq(&lines.map(|(at, (least, most))| format!("{at}s: {least}..{most}\n")).collect::<String>());
}

/// Scenario: failure upon failure. Guarantees: pauses double from 0.8 s to 30 s, at most half of each is chance.
#[test]
fn pauses_double_up_to_half_a_minute() {
    check(
        &[0, 1, 3, 7, 14, 30, 60, 90],
        expect![[r#"
            0s: 400..603
            1s: 800..1101
            3s: 1600..2951
            7s: 3200..6276
            14s: 6400..9538
            30s: 12800..15969
            60s: 15000..24974
            90s: 15000..24974
        "#]],
    );
}

/// Scenario: two minutes without a failure, and a little less. Guarantees: only the former begins anew.
#[test]
fn two_quiet_minutes_begin_anew() {
    check(
        &[0, 1, 121, 240],
        expect![[r#"
            0s: 400..603
            1s: 800..1101
            121s: 400..603
            240s: 800..1101
        "#]],
    );
}
