//! The rules of time: TM-07 to TM-18, point by point.

use super::script::check;
use expect_test::expect;

/// Scenario: a cumulative counter goes on, repeats itself, and an old point comes late.
/// Guarantees: the newest stands; what is older is counted and is no rejection (TM-11).
#[test]
fn cumulative_keeps_the_newest() {
    check(
        "push 1 a
         counter c{k=v} 5 10..20
         push 2 a
         counter c{k=v} 7 10..30
         push 3 a
         counter c{k=v} 6 10..25
         push 4 a
         counter c{k=v} 7 10..30
         show
         stats",
        expect![[r#"
            svc/a c
              {k=v} 7 10..30
            stats series=1 streams=1 resources=1 components=1 superseded=1
        "#]],
    );
}

/// Scenario: a restart (newer start), then the old process still sends, and one of its older points comes late.
/// Guarantees: a reset shows the new start (TM-12), the older writer is refused (TM-13), a late delivery is not.
#[test]
fn cumulative_newer_start_takes_over() {
    check(
        "push 1 a
         counter c{} 5 10..20
         push 2 a
         counter c{} 1 25..30
         show
         push 3 a
         counter c{} 6 10..40
         counter c{} 5 10..22
         show
         stats",
        expect![[r#"
            svc/a c
              {} 1 25..30
            3: 1 old_writer
            svc/a c
              {} 1 25..30
            stats series=1 streams=1 resources=1 components=1 superseded=1
        "#]],
    );
}

/// Scenario: a counter falls under the same start; an up-down counter may.
/// Guarantees: both are exposed, the fall of the counter is counted (TM-12).
#[test]
fn a_fall_is_exposed_and_counted() {
    check(
        "push 1 a
         counter c{} 5 10..20
         updown u{} 5 10..20
         push 2 a
         counter c{} 4 10..30
         updown u{} -4 10..30
         show
         stats",
        expect![[r#"
            svc/a c
              {} 4 10..30
            svc/a u
              {} -4 10..30
            stats series=2 streams=2 resources=1 components=1 falls=1
        "#]],
    );
}

/// Scenario: the start is unknown before and after.
/// Guarantees: an unknown start fits every other; the series shows what its last point says.
#[test]
fn an_unknown_start_fits_every_other() {
    check(
        "push 1 a
         counter c{} 5 0..20
         push 2 a
         counter c{} 6 10..30
         push 3 a
         counter c{} 7 0..40
         show",
        expect![[r#"
            svc/a c
              {} 7 0..40
        "#]],
    );
}

/// Scenario: deltas in a row, a gap, a retry, an overlap, an older one, and a statsd-like sender without starts.
/// Guarantees: added once each, first start kept, gap and retry counted, late ones refused (TM-07 to TM-10).
#[test]
fn deltas_add_up() {
    check(
        "push 1 a
         counter+ c{} 5 10..20
         counter+ s{} 1 0..20
         push 2 a
         counter+ c{} 2 20..30
         counter+ s{} 1 0..30
         push 3 a
         counter+ c{} 2 20..30
         counter+ s{} 1 0..30
         push 4 a
         counter+ c{} 3 35..40
         push 5 a
         counter+ c{} 9 38..50
         counter+ c{} 9 5..8
         counter+ c{} 9 20..30
         counter+ s{} 9 0..25
         show
         stats",
        expect![[r#"
            5: 4 late_delta
            svc/a c
              {} 10 10..40
            svc/a s
              {} 2 0..30
            stats series=2 streams=2 resources=1 components=1 gaps=1 retried=2
        "#]],
    );
}

/// Scenario: increments that together are more than any double, and less of them behind that.
/// Guarantees: the count begins again where it stopped, and is never infinite (TY-07).
#[test]
fn a_count_beyond_all_doubles_begins_again() {
    check(
        "push 1 a
         counter+ c{} 1.7e308 10..20
         counter+ c{} 1.7e308 20..30
         counter+ c{} 5 30..40
         show",
        expect![[r#"
            svc/a c
              {} 1.7e308 20..40
        "#]],
    );
}

/// Scenario: whole numbers and doubles mixed, and whole numbers beyond 64 bits.
/// Guarantees: nothing is lost; the sum goes on as double (TM-08).
#[test]
fn mixed_deltas_lose_nothing() {
    check(
        "push 1 a
         counter+ c{} 5 10..20
         counter+ big{} 9223372036854775807 10..20
         counter+ tenth{} 0.1 1..2
         push 2 a
         counter+ c{} 0.5 20..30
         counter+ big{} 9223372036854775807 20..30
         counter+ tenth{} 0.1 2..3
         counter+ tenth{} 0.1 3..4
         counter+ tenth{} 0.1 4..5
         counter+ tenth{} 0.1 5..6
         counter+ tenth{} 0.1 6..7
         counter+ tenth{} 0.1 7..8
         counter+ tenth{} 0.1 8..9
         counter+ tenth{} 0.1 9..10
         counter+ tenth{} 0.1 10..11
         push 3 a
         counter+ c{} 2 30..40
         updown+ u{} 2 30..40
         updown+ u{} -5 40..50
         show",
        expect![[r#"
            svc/a big
              {} 1.8446744073709552e19 10..30
            svc/a c
              {} 7.5 10..40
            svc/a tenth
              {} 1.0 1..11
            svc/a u
              {} -3 30..50
        "#]],
    );
}

/// Scenario: each way in which a number point can be bad, beside a good one.
/// Guarantees: refused one by one with its reason, the good one kept, no series made of a bad one.
#[test]
fn bad_points_are_refused_one_by_one() {
    check(
        "push 1 a
         gauge g{k=1} 1 0..0
         gauge g{k=2} 0..5
         gauge g{k=3} 3 9..5
         gauge g{k=4} NaN 0..5
         counter c{k=1} 1 9..5
         counter c{k=2} -1 1..5
         counter c{k=3} NaN 1..5
         counter c{k=4} inf 1..5
         counter c{k=5} 5 1..5
         counter+ d{k=1} -1 1..5
         updown u{k=1} -1.5 1..5
         counter? n{k=1} 1 1..5
         gauge {k=1} 1 0..5
         show",
        expect![[r#"
            1: 1 no_time
            1: 1 start_after_time
            1: 1 no_value
            1: 4 bad_counter_value
            1: 1 no_temporality
            1: 1 no_name
            svc/a c
              {k=5} 5 1..5
            svc/a g
              {k=3} 3 0..5
              {k=4} NaN 0..5
            svc/a u
              {k=1} -1.5 1..5
        "#]],
    );
}

/// Scenario: NoRecordedValue for one of two series, with its keys in another order; then it comes back.
/// Guarantees: it ends at once, the other goes on (TM-15); back again it begins anew (TM-17).
#[test]
fn no_recorded_value_ends_the_series() {
    check(
        "push 1 a
         gauge g{a=1,b=2} 1 0..5
         gauge g{a=1,b=3} 2 0..5
         counter+ c{} 4 1..5
         push 2 a
         gauge g{b=2,a=1} 0..6 stale
         gauge g{a=1,b=3} 3 0..6
         gauge g{never=seen} 0..6 stale
         counter+ c{} 0..6 stale
         show
         push 3 a
         gauge g{a=1,b=3} 0..5 stale
         counter+ c{} 1 6..7
         show
         stats",
        expect![[r#"
            svc/a g
              {a=1,b=3} 3 0..6
            svc/a c
              {} 1 6..7
            svc/a g
              {a=1,b=3} 3 0..6
            stats series=2 streams=2 resources=1 components=1 superseded=1
        "#]],
    );
}

/// Scenario: exemplars on a counter, an up-down counter and a gauge; then a reset of the counter.
/// Guarantees: the counter keeps the newest (EX-06), the others none (TY-06), a reset forgets it.
#[test]
fn a_counter_keeps_its_newest_exemplar() {
    check(
        "push 1 a
         counter c{} 5 1..5 #1@3 #2@4
         updown u{} 5 1..5 #1@3
         gauge g{} 5 0..5 #1@3
         push 2 a
         counter c{} 6 1..6
         show
         push 3 a
         counter c{} 1 7..9
         show",
        expect![[r#"
            svc/a c
              {} 6 1..6 #2.0@4
            svc/a g
              {} 5 0..5
            svc/a u
              {} 5 1..5
            svc/a c
              {} 1 7..9
            svc/a g
              {} 5 0..5
            svc/a u
              {} 5 1..5
        "#]],
    );
}
