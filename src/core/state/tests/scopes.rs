//! Scopes that give no labels: streams of one metric are joined when a point of each was kept, and with nothing else.

use super::{
    points::request,
    script::{Script, generous},
};
use crate::model::clock::{Mono, Wall};
use expect_test::expect;
use prost::Message;

/// A store that joins scopes.
fn joining(tombstones: usize) -> Script {
    let mut caps = generous();
    caps.tombstones = tombstones;
    let mut script = Script::with_caps(caps, 1_000);
    script.store = script.store.joining_scopes();
    script
}

/// Scenario: another scope sends only a bad point of a metric; then the first one's count begins anew. Later a good point
/// comes, and it begins anew again.
/// Guarantees: a scope of which nothing is kept changes nothing; once something is, no count falls.
#[test]
fn only_what_is_kept_joins() {
    let script = "push 1 a@one
         counter c{} 5 1..5
         push 1 a@two
         counter c{} -1 1..5
         push 2 a@one
         counter c{} 3 6..7
         show
         push 3 a@two
         counter c{} 10 1..7
         push 4 a@one
         counter c{} 1 8..9
         push 4 a@two
         counter c{} 2 8..9
         show";
    expect![[r#"
        1: 1 bad_counter_value
        svc/a c [one]
          {} 3 6..7
        svc/a c [one]
          {} 4 8..9
        svc/a c [two]
          {} 12 8..9
    "#]]
    .assert_eq(&joining(10).run(script));
}

/// Scenario: a flood of metrics of which no point is good; then another metric takes the place that each had for a moment.
/// Guarantees: nothing of them stays in memory, and nobody is joined with what stands there now.
#[test]
fn refused_metrics_leave_no_trace() {
    let mut script = joining(10);
    script.run("push 1 a@one\n counter known{} 1 1..5");
    let flood = |from: u32| {
        let points: Vec<String> = (from..from + 500).map(|n| format!("counter c{n}{{}} -1 1..5")).collect();
        let points: Vec<&str> = points.iter().map(|point| &**point).collect();
        let tally = script.store.ingest(&request("a@one", &points).encode_to_vec(), Mono::from_secs(1), Wall(1)).unwrap();
        assert_eq!(tally.rejected_total(), 500);
        script.store.stats().memory_bytes
    };
    let early = flood(0);
    assert_eq!(flood(500), early);
    let rest = "push 2 a@one
         counter other{} 5 1..5
         push 2 a@two
         counter c0{} 5 1..5
         push 3 a@one
         counter other{} 1 6..7
         push 3 a@two
         counter c0{} 2 6..7
         show";
    expect![[r#"
        svc/a c0 [two]
          {} 2 6..7
        svc/a known [one]
          {} 1 1..5
        svc/a other [one]
          {} 1 6..7
    "#]]
    .assert_eq(&script.run(rest));
}

/// Scenario: of two joined scopes the first one ends entirely; then a third one comes, and begins anew.
/// Guarantees: it joins the one that is left.
#[test]
fn a_scope_joins_whoever_is_left() {
    let script = "push 1 a@one
         counter c{} 5 1..5
         push 1 a@two
         counter c{} 7 1..5
         push 200 a@two
         counter c{} 8 1..200
         push 400 a@two
         counter c{} 9 1..400
         expire 400
         push 401 a@three
         counter c{} 4 1..400
         push 402 a@three
         counter c{} 1 401..402
         show";
    expect![[r#"
        svc/a c [three]
          {} 5 401..402
        svc/a c [two]
          {} 9 1..400
    "#]]
    .assert_eq(&joining(0).run(script));
}
