use super::{Backoff, is_retryable};
use expect_test::{Expect, expect};
use std::time::Duration;

/// Scenario: every gRPC code, without and with a delay in the answer. Guarantees: the list is OTLP's.
#[test]
fn the_retryable_codes_are_those_of_otlp() {
    let plain: Vec<i32> = (-1..=20).filter(|code| is_retryable(*code, None)).collect();
    let asked: Vec<i32> = (-1..=20).filter(|code| is_retryable(*code, Some(Duration::from_secs(1)))).collect();
    assert_eq!(plain, [1, 4, 10, 11, 14, 15]);
    assert_eq!(asked, [1, 4, 8, 10, 11, 14, 15]);
}

/// Steps are (asked ms, random); the text is every wait.
fn check(steps: &[(Option<u64>, u32)], want: Expect) {
    let mut backoff = Backoff::default();
    let waits: Vec<String> = steps
        .iter()
        .map(|(asked, random)| format!("{:?}", backoff.after_failure(asked.map(Duration::from_millis), *random)))
        .collect();
    want.assert_eq(&waits.join(" "));
}

/// Scenario: ten failures with the lowest and the highest random number. Guarantees: waits double from half a second and
/// stay within 15..=30 s.
#[test]
fn waits_double_up_to_a_cap() {
    check(&[(None, 0); 10], expect!["250ms 500ms 1s 2s 4s 8s 15s 15s 15s 15s"]);
    check(&[(None, u32::MAX); 10], expect!["500ms 1s 2s 4s 8s 16s 30s 30s 30s 30s"]);
}

/// Scenario: the back end names a delay: short, long, zero, absurd. Guarantees: it is waited out in full, spread by a
/// tenth at most, cut at the cap; zero counts as none.
#[test]
fn a_named_delay_is_waited_out() {
    check(
        &[(Some(40), 0), (Some(40), u32::MAX), (Some(60_000), 0), (Some(0), 0), (Some(u64::MAX), 0)],
        expect!["40ms 44ms 60s 2s 300s"],
    );
}

/// Scenario: more failures than a shift has bits, then a good answer. Guarantees: no overflow; the next wait is short again.
#[test]
fn a_good_answer_starts_over() {
    let mut backoff = Backoff::default();
    (0..100).for_each(|_| {
        backoff.after_failure(None, 0);
    });
    assert_eq!(backoff.after_failure(None, 0), Duration::from_secs(15));
    backoff.reset();
    assert_eq!(backoff.after_failure(None, 0), Duration::from_millis(250));
}
