//! Patterns against names, and against an oracle.

use super::{Names, Pattern};
use crate::model::instrument::{Instrument, Kind};
use expect_test::expect;
use proptest::prelude::{ProptestConfig, proptest};

/// Scenario: spellings of three instruments. Guarantees: OTel, Prometheus and OpenMetrics names all match, parts mean the family.
#[test]
fn every_spelling_names_the_instrument() {
    let instruments =
        [("queue.adds", Kind::Counter, "{item}"), ("queue.wait", Kind::Histogram, "s"), ("pivot_errors_total", Kind::Gauge, "")];
    let patterns = [
        "queue.adds",
        "queue_adds",
        "queue_adds_total",
        "queue_adds_created",
        "queue_adds_bucket",
        "queue.wait",
        "queue_wait",
        "queue_wait_seconds",
        "queue_wait_seconds_bucket",
        "queue_wait_seconds_sum",
        "*_bucket",
        "pivot_errors_total",
        "pivot_errors",
        "_total",
        "*",
    ];
    let mut out = String::new();
    for (name, kind, unit) in instruments {
        let instrument = Instrument { scope: "".into(), name: name.into(), kind, unit: unit.into() };
        let names = Names::of(&instrument);
        let hits: Vec<&str> = patterns.into_iter().filter(|pattern| Pattern::new(pattern).names(&names)).collect();
        out.push_str(&format!("{name}: {}\n", hits.join(" ")));
    }
    expect![[r#"
        queue.adds: queue.adds queue_adds queue_adds_total queue_adds_created *
        queue.wait: queue.wait queue_wait_seconds queue_wait_seconds_bucket queue_wait_seconds_sum *_bucket *
        pivot_errors_total: pivot_errors_total *
    "#]]
    .assert_eq(&out);
}

/// Scenario: patterns by how exactly they name. Guarantees: literal over longer over shorter prefix over `*`.
#[test]
fn precision_orders_patterns() {
    let mut patterns = ["*", "a*", "queue.*", "queue.depth", "*x", "queue.?"].map(Pattern::new);
    patterns.sort_by_key(Pattern::precision);
    assert_eq!(patterns.map(|p| p.to_string()).join(" "), "* *x a* queue.* queue.? queue.depth");
}

/// Scenario: pairs of patterns. Guarantees: covering is told only where it is so.
#[test]
fn covering_is_never_claimed_wrongly() {
    let pairs = [
        ("*", "a?b", true),
        ("a*", "ab*", true),
        ("a*", "abc", true),
        ("ab*", "a*", false),
        ("a?", "a*", false),
        ("a*b", "ab*", false),
        ("x", "x", true),
    ];
    for (wide, narrow, want) in pairs {
        assert_eq!(Pattern::new(wide).covers(&Pattern::new(narrow)), want, "{wide} {narrow}");
    }
}

/// Scenario: a pattern made to be slow, against a name it almost matches. Guarantees: it ends, and does not match.
#[test]
fn evil_patterns_end() {
    let pattern = Pattern::new(&("*a".repeat(127) + "b"));
    for _ in 0..1_000 {
        assert!(!pattern.matches(&"a".repeat(255)));
    }
}

/// All that `*` can stand for, tried one after the other.
fn oracle(pattern: &[char], name: &[char]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some(('*', rest)) => (0..=name.len()).any(|skip| oracle(rest, &name[skip..])),
        Some(('?', rest)) => !name.is_empty() && oracle(rest, &name[1..]),
        Some((c, rest)) => name.first() == Some(c) && oracle(rest, &name[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    /// Scenario: any short pattern and name over few letters, one of them two bytes long. Guarantees: as the oracle says.
    #[test]
    fn matching_is_what_the_oracle_says(pattern in "[abé*?]{0,8}", name in "[abé]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(Pattern::new(&pattern).matches(&name), oracle(&chars(&pattern), &chars(&name)));
    }
}
