//! Views that drop attributes: what a group shows while its members come, begin anew, and go.

use super::script::{Script, check, check_capped};
use expect_test::expect;

const DROP: &str = "views {name: r, match: {instruments: ['*']}, attributes: {drop: [pod]}}";

/// Scenario: two members of a counter grow; one begins anew; a third joins.
/// Guarantees: increments are added, no member counts twice, the total never dips, the start is the oldest at forming.
#[test]
fn counters_add_increments() {
    check(
        &format!(
            "{DROP}
             push 1 a
             counter c{{pod=1,q=x}} 5 10..20
             counter c{{pod=2,q=x}} 7 12..20
             counter c{{pod=1,q=y}} 1 10..20
             show
             push 2 a
             counter c{{pod=1,q=x}} 6 10..30
             counter c{{pod=2,q=x}} 2 25..30
             show
             push 3 a
             counter c{{pod=1,q=x}} 6 10..40
             counter c{{pod=2,q=x}} 3 25..40
             counter c{{pod=3,q=x}} 100 5..40
             show"
        ),
        expect![[r#"
            svc/a c
              {q=x} 12 10..20
              {q=y} 1 10..20
            svc/a c
              {q=x} 15 10..30
              {q=y} 1 10..20
            svc/a c
              {q=x} 116 10..40
              {q=y} 1 10..20
        "#]],
    );
}

/// Scenario: a member is dropped by its sender, comes back with the same start, or with a new one; all members go.
/// Guarantees: its share stays while others live; back again it adds only what is new; a group without members is not
/// seen, and goes on when one comes back.
#[test]
fn a_member_that_goes_is_remembered() {
    check(
        &format!(
            "{DROP}
             push 1 a
             counter c{{pod=1}} 5 10..20
             counter c{{pod=2}} 7 10..20
             push 2 a
             counter c{{pod=1}} 5 10..30
             push 3 a
             counter c{{pod=1}} 5 10..40
             push 4 a
             counter c{{pod=1}} 5 10..50
             expire 4
             show
             push 5 a
             counter c{{pod=2}} 9 10..60
             show
             push 6 a
             counter c{{pod=2}} 0..61 stale
             show
             push 7 a
             counter c{{pod=2}} 1 65..70
             show
             push 8 a
             counter c{{pod=1}} 0..71 stale
             counter c{{pod=2}} 0..71 stale
             show
             push 9 a
             counter c{{pod=1}} 6 10..80
             show"
        ),
        expect![[r#"
            svc/a c
              {} 12 10..50
            svc/a c
              {} 14 10..60
            svc/a c
              {} 14 10..60
            svc/a c
              {} 15 10..70
            nothing
            svc/a c
              {} 16 10..80
        "#]],
    );
}

/// Scenario: more members go than are remembered; a forgotten one comes back.
/// Guarantees: forgetting is counted and does not dip; who comes back forgotten counts anew.
#[test]
fn tombstones_are_capped() {
    check_capped(
        |caps, _| caps.tombstones = 1,
        &format!(
            "{DROP}
             push 1 a
             counter c{{pod=1}} 1 10..20
             counter c{{pod=2}} 2 10..20
             counter c{{pod=3}} 4 10..20
             push 2 a
             counter c{{pod=1}} 0..30 stale
             counter c{{pod=2}} 0..30 stale
             show
             stats
             push 3 a
             counter c{{pod=2}} 3 10..40
             counter c{{pod=1}} 1 10..40
             show"
        ),
        expect![[r#"
            svc/a c
              {} 7 10..20
            stats series=2 streams=1 resources=1 components=1 tombstones=1
            svc/a c
              {} 9 10..40
        "#]],
    );
}

/// Scenario: a counter falls under the same start, with and without one.
/// Guarantees: the total does not dip; an unknown start means a new count.
#[test]
fn a_fall_does_not_dip() {
    check(
        &format!(
            "{DROP}
             push 1 a
             counter known{{pod=1}} 5 10..20
             counter unknown{{pod=1}} 5 0..20
             push 2 a
             counter known{{pod=1}} 3 10..30
             counter unknown{{pod=1}} 3 0..30
             show
             push 3 a
             counter known{{pod=1}} 6 10..40
             show"
        ),
        expect![[r#"
            svc/a known
              {} 5 10..30
            svc/a unknown
              {} 8 0..30
            svc/a known
              {} 8 10..40
            svc/a unknown
              {} 8 0..30
        "#]],
    );
}

/// Scenario: up-down counters: members grow, fall, begin anew, go.
/// Guarantees: the group is the sum of what its members are now.
#[test]
fn up_down_counters_add_what_is() {
    check(
        &format!(
            "{DROP}
             push 1 a
             updown u{{pod=1}} 5 10..20
             updown u{{pod=2}} -7 10..20
             push 2 a
             updown u{{pod=1}} 1 25..30
             show
             push 3 a
             updown u{{pod=2}} 0..40 stale
             show"
        ),
        expect![[r#"
            svc/a u
              {} -6 10..30
            svc/a u
              {} 1 10..30
        "#]],
    );
}

/// Scenario: the five ways to collapse a gauge; the decisive member goes.
/// Guarantees: each shows what it says, of the members that are there; Last is the default.
#[test]
fn gauges_collapse_as_told() {
    let rule = |name: &str| {
        format!(
            "{{name: {0}, match: {{instruments: [{0}]}}, attributes: {{drop: [pod], collapse: {1}}}}}",
            name.to_lowercase(),
            name
        )
    };
    let rules: Vec<String> = ["Sum", "Last", "Min", "Max", "Average"].map(rule).into();
    let points: String = ["sum", "last", "min", "max", "average"]
        .map(|g| format!("gauge {g}{{pod=1}} 3 0..30\n gauge {g}{{pod=2}} 1 0..20\n gauge {g}{{pod=3}} 8.5 0..10\n"))
        .concat();
    let gone: String = ["sum", "last", "min", "max", "average"].map(|g| format!("gauge {g}{{pod=1}} 0..40 stale\n")).concat();
    check(
        &format!("views {}\n push 1 a\n {points} show\n push 2 a\n {gone} show", rules.join(", ")),
        expect![[r#"
            svc/a average
              {} 4.166666666666667 0..30
            svc/a last
              {} 3 0..30
            svc/a max
              {} 8.5 0..30
            svc/a min
              {} 1 0..30
            svc/a sum
              {} 12.5 0..30
            svc/a average
              {} 4.75 0..20
            svc/a last
              {} 1 0..20
            svc/a max
              {} 8.5 0..20
            svc/a min
              {} 1 0..20
            svc/a sum
              {} 9.5 0..20
        "#]],
    );
}

/// Scenario: histograms with other bounds, exponential ones with other scales, summaries; one member begins anew.
/// Guarantees: merged on common bounds and at the lower scale, counts whole; summaries stay as they are.
#[test]
fn distributions_merge() {
    check(
        &format!(
            "{DROP}
             push 1 a
             hist h{{pod=1}} le=1,5,10 c=1,2,3,4 sum=1 10..20
             hist h{{pod=2}} le=5,10,20 c=1,1,1,1 sum=2 10..20
             exp e{{pod=1}} sum=1 s=1 p=0:1,2 10..20
             exp e{{pod=2}} sum=1 s=0 p=0:5 10..20
             summary s{{pod=1}} n=1 sum=2 q0.5=9 10..20
             summary s{{pod=2}} n=3 sum=4 q0.5=9 10..20
             show
             push 2 a
             hist h{{pod=1}} le=1,5,10 c=1,0,0,0 sum=1 25..30
             exp e{{pod=1}} sum=1 s=1 p=0:1 25..30
             summary s{{pod=1}} n=1 sum=1 q0.5=9 25..30
             show"
        ),
        expect![[r#"
            svc/a e
              {} n=8 sum=2.0 s=0 zero=0 +0:[8] -0:[] 10..20
            svc/a h
              {} n=14 sum=Some(3.0) le=[5.0, 10.0] [4, 4, 6] 10..20
            svc/a s
              {pod=1} n=1 sum=2.0 [(0.5, 9.0)] 10..20
              {pod=2} n=3 sum=4.0 [(0.5, 9.0)] 10..20
            svc/a e
              {} n=9 sum=3.0 s=0 zero=0 +0:[9] -0:[] 10..30
            svc/a h
              {} n=15 sum=Some(4.0) le=[5.0, 10.0] [5, 4, 6] 10..30
            svc/a s
              {pod=1} n=1 sum=1.0 [(0.5, 9.0)] 25..30
              {pod=2} n=3 sum=4.0 [(0.5, 9.0)] 10..20
        "#]],
    );
}

/// Scenario: delta members in a group; one is withdrawn.
/// Guarantees: what was added stays.
#[test]
fn deltas_collapse() {
    check(
        &format!(
            "{DROP}
             push 1 a
             counter+ c{{pod=1}} 5 10..20
             counter+ c{{pod=2}} 7 10..20
             push 2 a
             counter+ c{{pod=1}} 1 20..30
             counter+ c{{pod=2}} 0..30 stale
             show
             push 3 a
             counter+ c{{pod=2}} 2 30..40
             show"
        ),
        expect![[r#"
            svc/a c
              {} 13 10..30
            svc/a c
              {} 15 10..40
        "#]],
    );
}

/// Scenario: groups are limited; members of groups beyond the limit come.
/// Guarantees: the limit counts groups; the rest is one group that adds up.
#[test]
fn a_limit_counts_groups() {
    check(
        "views {name: r, match: {instruments: [c]}, attributes: {keep: [q]}, cardinality: {limit: 2}}
         push 1 a
         counter c{pod=1,q=x} 1 10..20
         counter c{pod=2,q=x} 2 10..20
         counter c{pod=1,q=y} 4 10..20
         counter c{pod=1,q=z} 8 10..20
         counter c{pod=2,q=w} 16 10..20
         push 2 a
         counter c{pod=2,q=w} 17 10..30
         show",
        expect![[r#"
            svc/a c
              {otel.metric.overflow=true} 25 10..30
              {q=x} 3 10..20
              {q=y} 4 10..20
        "#]],
    );
}

/// Scenario: a collapse begins over living series, changes its keys, and ends.
/// Guarantees: each forming starts from what members show; without it they are seen as they are; deltas lose nothing.
#[test]
fn collapse_comes_and_goes() {
    check(
        &format!(
            "push 1 a
             counter c{{pod=1,q=x}} 5 10..20
             counter c{{pod=2,q=x}} 7 12..20
             counter+ d{{pod=1,q=x}} 1 10..20
             {DROP}
             show
             push 2 a
             counter c{{pod=2,q=x}} 1 25..30
             counter+ d{{pod=1,q=x}} 1 20..30
             show
             views {{name: r, match: {{instruments: ['*']}}, attributes: {{keep: []}}}}
             show
             views
             show"
        ),
        expect![[r#"
            svc/a c
              {q=x} 12 10..20
            svc/a d
              {q=x} 1 10..20
            svc/a c
              {q=x} 13 10..30
            svc/a d
              {q=x} 2 10..30
            svc/a c
              {} 6 10..30
            svc/a d
              {} 2 10..30
            svc/a c
              {pod=1,q=x} 5 10..20
              {pod=2,q=x} 1 25..30
            svc/a d
              {pod=1,q=x} 2 10..30
        "#]],
    );
}

/// Scenario: two members of a gauge, of one time, one of them not a number, arrive in either order.
/// Guarantees: what is seen does not depend on who came first.
#[test]
fn gauges_do_not_depend_on_the_order_of_arrival() {
    for collapse in ["Sum", "Last", "Min", "Max", "Average"] {
        let shown = |points: [&str; 3]| {
            let rule =
                format!("views {{name: r, match: {{instruments: ['*']}}, attributes: {{drop: [pod], collapse: {collapse}}}}}");
            let [a, b, c] = points;
            Script::default().run(&format!("{rule}\npush 1 a\n{a}\n{b}\n{c}\nshow"))
        };
        let (a, b, c) = ("gauge g{pod=1} 1.0 0..20", "gauge g{pod=2} 2.0 0..20", "gauge g{pod=3} NaN 0..19");
        assert_eq!(shown([a, b, c]), shown([b, a, c]), "{collapse}");
        assert_eq!(shown([a, b, c]), shown([c, b, a]), "{collapse}");
    }
}

/// Scenario: a view limits groups; the overflow group exists; an admitted group goes.
/// Guarantees: its place is free again: the overflow group takes none.
#[test]
fn the_overflow_group_takes_no_place() {
    check(
        "views {name: r, match: {instruments: [g]}, attributes: {drop: [pod], collapse: Sum}, cardinality: {limit: 2}}
         push 1 a
         gauge g{pod=1,q=a} 1 0..20
         gauge g{pod=1,q=b} 2 0..20
         gauge g{pod=1,q=c} 3 0..20
         push 2 a
         gauge g{pod=1,q=a} 0..30 stale
         gauge g{pod=1,q=d} 4 0..30
         show",
        expect![[r#"
            svc/a g
              {otel.metric.overflow=true} 3 0..20
              {q=b} 2 0..20
              {q=d} 4 0..30
        "#]],
    );
}
