//! Views over the store: off and on again, rename, buckets, and that nothing else is touched.

use super::script::{Script, check};
use expect_test::expect;

/// Scenario: a counter and a delta are switched off while they grow, then on again.
/// Guarantees: the series end at once, points are counted by rule and are no rejection (RV-05); on again the counter
/// goes on from its source, the delta restarts with a new start.
#[test]
fn off_and_on_again() {
    check(
        "push 1 a
         counter c{} 5 10..20
         counter+ d{} 5 10..20
         gauge g{} 1 0..20
         views {name: off, match: {instruments: [c, d]}, state: Disabled}
         show
         push 2 a
         counter c{} 6 10..30
         counter+ d{} 6 20..30
         counter+ d{} 6 30..31
         gauge g{} 2 0..30
         suppressed
         views
         show
         push 3 a
         counter c{} 7 10..40
         counter+ d{} 7 31..40
         show
         suppressed
         stats
         components",
        expect![[r#"
            svc/a g
              {} 1 0..20
            2: 3 suppressed
            v/off: 3
            svc/a g
              {} 2 0..30
            svc/a c
              {} 7 10..40
            svc/a d
              {} 7 31..40
            svc/a g
              {} 2 0..30
            v/off: 3
            stats series=3 streams=3 resources=1 components=1
            default/service.svc instances=1 streams=3 series=3 received=9 suppressed=3 at=3
        "#]],
    );
}

/// Scenario: a metric that was never seen is off; another namespace's view; a rename.
/// Guarantees: off from the first point; the new name shows at once, the series stays.
#[test]
fn off_from_the_first_point_and_renamed() {
    check(
        "views {name: off, match: {instruments: [x]}, state: Disabled}, {name: n, match: {instruments: [old]}, rename: {to: new}}
         push 1 a
         gauge x{} 1 0..20
         gauge old{} 1 0..20
         show
         epoch
         views
         show
         epoch",
        expect![[r#"
            1: 1 suppressed
            svc/a new
              {} 1 0..20
            epoch moved
            svc/a old
              {} 1 0..20
            epoch moved
        "#]],
    );
}

/// Scenario: explicit buckets merge; exponential ones are made coarser and fewer; then the view goes.
/// Guarantees: merged into those of the bounds that the series has; the state keeps its full resolution.
#[test]
fn buckets_merge_on_the_way_out() {
    check(
        "push 1 a
         hist h{} le=1,2,5,10 c=1,2,3,4,5 sum=1 10..20
         exp e{} sum=1 s=3 p=0:1,2,3,4,5,6,7,8 m=2:1 10..20
         views {name: h, match: {instruments: [h]}, buckets: {explicit: ['2', '7', '10']}}, {name: e, match: {instruments: [e]}, buckets: {exponential: {maxSize: 2, maxScale: 2}}}
         show
         views
         show",
        expect![[r#"
            svc/a e
              {} n=37 sum=1.0 s=1 zero=0 +0:[10, 26] -0:[1] 10..20
            svc/a h
              {} n=15 sum=Some(1.0) le=[2.0, 10.0] [3, 7, 5] 10..20
            svc/a e
              {} n=37 sum=1.0 s=3 zero=0 +0:[1, 2, 3, 4, 5, 6, 7, 8] -2:[1] 10..20
            svc/a h
              {} n=15 sum=Some(1.0) le=[1.0, 2.0, 5.0, 10.0] [1, 2, 3, 4, 5] 10..20
        "#]],
    );
}

/// Scenario: a hundred plan changes that concern one metric, under pushes of another.
/// Guarantees: the other keeps its series, values and start; not a point is lost.
#[test]
fn a_plan_change_touches_nothing_else() {
    let mut script = Script::default();
    for i in 0..100_u64 {
        let state = if i % 2 == 0 { "Disabled" } else { "Enabled" };
        script.run(&format!("views {{name: r, match: {{instruments: [x]}}, state: {state}}}"));
        let (from, to) = (i + 1, i + 2);
        script.run(&format!("push {i} a\n counter+ d{{k=v}} 1 {from}..{to}\n counter x{{}} {i} 1..{to}"));
    }
    let out = script.run("show\n suppressed");
    expect![[r#"
        svc/a d
          {k=v} 100 1..101
        svc/a x
          {} 99 1..101
        v/r: 50
    "#]]
    .assert_eq(&out);
}

/// Scenario: attributes are dropped; a second rule switches the metric off for a while, before its first point and later.
/// Guarantees: on again, what is dropped stays dropped.
#[test]
fn off_and_on_keeps_the_shape() {
    check(
        "views {name: d, match: {instruments: ['*']}, attributes: {drop: [pod]}}, {name: off, match: {instruments: [c]}, state: Disabled}
         push 1 a
         counter c{pod=1,q=x} 1 10..20
         views {name: d, match: {instruments: ['*']}, attributes: {drop: [pod]}}
         push 2 a
         counter c{pod=1,q=x} 2 10..30
         counter c{pod=2,q=x} 2 10..30
         show
         views {name: d, match: {instruments: ['*']}, attributes: {drop: [pod]}}, {name: off, match: {instruments: [c]}, state: Disabled}
         views {name: d, match: {instruments: ['*']}, attributes: {drop: [pod]}}
         push 3 a
         counter c{pod=1,q=x} 3 10..40
         counter c{pod=2,q=x} 3 10..40
         show",
        expect![[r#"
            1: 1 suppressed
            svc/a c
              {q=x} 4 10..30
            svc/a c
              {q=x} 6 10..40
        "#]],
    );
}

/// Scenario: a group counts on members that are gone; then its view's limit changes, and the word for gauges.
/// Guarantees: the keys are the same, so the total does not dip.
#[test]
fn a_new_limit_keeps_what_groups_remember() {
    let rule = |more: &str| format!("views {{name: d, match: {{instruments: [c]}}, attributes: {{drop: [pod]{more}");
    check(
        &format!(
            "{}}}}}
             push 1 a
             counter c{{pod=1}} 5 10..20
             counter c{{pod=2}} 7 10..20
             push 2 a
             counter c{{pod=1}} 0..30 stale
             show
             {}}}, cardinality: {{limit: 10}}}}
             show
             {}, collapse: Max}}, cardinality: {{limit: 20}}}}
             show",
            rule(""),
            rule(""),
            rule("")
        ),
        expect![[r#"
            svc/a c
              {} 12 10..20
            svc/a c
              {} 12 10..20
            svc/a c
              {} 12 10..20
        "#]],
    );
}
