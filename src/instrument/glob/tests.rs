use super::{Spellings, matches};
use proptest::{collection::vec, prop_assert, proptest};
use std::time::Instant;

fn may_mean(pattern: &str, name: &str) -> bool {
    Spellings::of(name).may_be(pattern)
}

/// Scenario: patterns of every form on texts that fit and that do not. Guarantees: what each means.
#[test]
fn patterns_mean_what_they_say() {
    for (pattern, text) in [("", ""), ("*", ""), ("*", "a.b"), ("a.?", "a.b"), ("a*c*e", "abcde"), ("a**", "a"), ("*.ü?", "x.üy")]
    {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("", "a"), ("?", ""), ("a", "A"), ("a*c", "abcd"), ("a.b", "a_b"), ("??", "ü"), ("*a", "ab")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}

/// Scenario: patterns in Prometheus' spelling. Guarantees: they may mean a metric whose unit and suffix stand behind its name,
/// and no other.
#[test]
fn patterns_of_prometheus_may_mean_a_metric() {
    for pattern in ["mco.pool.age", "mco_pool_age", "mco_pool_age_seconds", "mco_pool_*", "mco_pool_age_*", "mco.pool.???_total"]
    {
        assert!(may_mean(pattern, "mco.pool.age"), "{pattern}");
    }
    for pattern in ["mco_pool", "mco_pool_ages", "mco_node_*", "mco_pool_ag", "", "pool_age_seconds"] {
        assert!(!may_mean(pattern, "mco.pool.age"), "{pattern}");
    }
}

/// Scenario: names of which Prometheus' spelling differs by more than what stands behind. Guarantees: patterns in it may mean
/// them.
#[test]
fn what_moves_or_goes_in_a_name_may_be_meant() {
    for (pattern, name) in [
        ("foo", "foo.total"),
        ("foo_total", "total.foo"),
        ("a_b_ratio_total", "a.total.b.ratio.total"),
        ("a_b", "a..b"),
        ("a_b_seconds", "a__b"),
        ("_9a", "9a"),
        ("_9a_total", "total.9a"),
        ("foo_", "foo."),
        ("_foo", ".foo"),
        ("seconds_total", "total"),
        ("foo.bar_bucket", "foo.bar"),
    ] {
        assert!(may_mean(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [("fo", "foo.total"), ("foototal", "total.foo"), ("9b_9a", "9a"), ("b_a", "a..b")] {
        assert!(!may_mean(pattern, name), "{pattern} {name}");
    }
}

/// Scenario: the worst pattern for its length. Guarantees: it is quick all the same.
#[test]
#[expect(clippy::disallowed_methods, reason = "a bound on real time, a hundred times what it takes")]
fn no_pattern_is_slow() {
    let began = Instant::now();
    assert!(!matches(&format!("{}b", "*a".repeat(200)), &"a".repeat(4000)));
    assert!(began.elapsed().as_secs() < 5);
}

proptest! {
    /// Scenario: any text, parts of which a pattern leaves open. Guarantees: it matches.
    #[test]
    fn what_a_pattern_was_made_from_matches(text in "[ab.]{0,12}", cut in vec(0_usize..4, 12)) {
        let pattern: String = text.chars().zip(&cut).map(|(c, cut)| match cut {
            0 => "?".to_owned(),
            1 => "*".to_owned(),
            2 => format!("*{c}"),
            _ => c.to_string(),
        }).collect();
        prop_assert!(matches(&pattern, &text));
        prop_assert!(may_mean(&pattern, &text));
    }
}
