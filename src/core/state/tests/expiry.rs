//! What ends by itself, when, and that its memory comes back.

use super::{
    points::request,
    script::{Script, check},
};
use crate::model::clock::{Mono, Wall};
use expect_test::expect;
use prost::Message;

/// Scenario: two instances; one falls silent for five minutes.
/// Guarantees: all of the silent one ends on the tick, the other stays (TM-16); back again it starts anew (TM-17).
#[test]
fn a_silent_resource_ends() {
    check(
        "push 10 a
         counter+ c{} 5 1..5
         push 10 b
         gauge g{} 1 0..5
         push 200 b
         gauge g{} 1 0..5
         expire 309
         show
         epoch
         expire 310
         show
         epoch
         push 320 a
         counter+ c{} 1 8..9
         show
         expire 10000
         show
         stats",
        expect![[r#"
            svc/a c
              {} 5 1..5
            svc/b g
              {} 1 0..5
            epoch moved
            svc/b g
              {} 1 0..5
            epoch moved
            svc/a c
              {} 1 8..9
            svc/b g
              {} 1 0..5
            nothing
            stats 
        "#]],
    );
}

/// Scenario: a living resource no longer sends one of its cumulative series, one of its gauges, one of its deltas.
/// Guarantees: absent from three pushes the cumulative and the gauge go, the delta stays (TM-16); an equal value counts
/// as sent.
#[test]
fn a_series_its_sender_dropped_ends() {
    check(
        "push 1 a
         counter c{k=1} 5 1..5
         counter c{k=2} 5 1..5
         gauge g{k=1} 5 0..5
         gauge g{k=2} 5 0..5
         counter+ d{k=1} 5 1..5
         counter+ d{k=2} 5 1..5
         push 2 a
         counter c{k=1} 5 1..6
         gauge g{k=1} 5 0..6
         counter+ d{k=1} 5 5..6
         push 3 a
         counter c{k=1} 5 1..7
         gauge g{k=1} 5 0..7
         counter+ d{k=1} 5 6..7
         expire 3
         show
         push 4 a
         counter c{k=1} 5 1..8
         gauge g{k=1} 5 0..8
         counter+ d{k=1} 5 7..8
         expire 4
         show
         push 5 a
         counter c{k=2} 7 1..9
         show",
        expect![[r#"
            svc/a c
              {k=1} 5 1..7
              {k=2} 5 1..5
            svc/a d
              {k=1} 15 1..7
              {k=2} 5 1..5
            svc/a g
              {k=1} 5 0..7
              {k=2} 5 0..5
            svc/a c
              {k=1} 5 1..8
            svc/a d
              {k=1} 20 1..8
              {k=2} 5 1..5
            svc/a g
              {k=1} 5 0..8
            svc/a c
              {k=1} 5 1..8
              {k=2} 7 1..9
            svc/a d
              {k=1} 20 1..8
              {k=2} 5 1..5
            svc/a g
              {k=1} 5 0..8
        "#]],
    );
}

/// Scenario: a living resource leaves out a whole gauge, a whole counter, a whole delta.
/// Guarantees: the first two end when they were left out for as long as a resource may be silent; the delta stays.
#[test]
fn a_metric_its_sender_dropped_ends() {
    check(
        "push 1 a
         gauge g{} 5 0..5
         counter c{} 5 1..5
         counter+ d{} 5 1..5
         gauge still{} 1 0..5
         push 200 a
         gauge still{} 1 0..200
         expire 300
         show
         expire 301
         show",
        expect![[r#"
            svc/a c
              {} 5 1..5
            svc/a d
              {} 5 1..5
            svc/a g
              {} 5 0..5
            svc/a still
              {} 1 0..200
            svc/a d
              {} 5 1..5
            svc/a still
              {} 1 0..200
        "#]],
    );
}

/// Scenario: one collection comes in five requests; one of them is retried.
/// Guarantees: nothing ends: a push is a collection, however it is cut.
#[test]
fn a_collection_in_many_requests_ends_nothing() {
    let script = Script::default();
    for round in 1..=4_u64 {
        for part in [1, 2, 2, 2, 2, 3, 4, 5] {
            let point = format!("counter c{{k={part}}} 1 1..{}", round * 10 + part);
            script.store.ingest(&request("a", &[&point]).encode_to_vec(), Mono::from_secs(round), Wall(1)).unwrap();
            script.store.expire(Mono::from_secs(round));
        }
    }
    assert_eq!(script.store.stats().series, 5);
}

/// Scenario: each push brings a series of another name and none twice.
/// Guarantees: they end when idle for the expiry time and three pushes, though no round ever ends.
#[test]
fn series_that_never_repeat_end_when_idle() {
    let script = Script::default();
    for push in 0..20_u64 {
        let point = format!("gauge g{{k={push}}} 1 0..{}", push + 1);
        let now = Mono::from_secs(push * 60);
        script.store.ingest(&request("a", &[&point]).encode_to_vec(), now, Wall(1)).unwrap();
        script.store.expire(now);
    }
    assert_eq!(script.store.stats().series, 5);
}

/// Scenario: a view plans an interval of ten minutes.
/// Guarantees: the resource may be silent for three intervals.
#[test]
fn a_planned_interval_gives_patience() {
    check(
        "views {name: r, match: {instruments: [g]}, interval: 600s}
         push 0 a
         gauge g{} 1 0..5
         expire 1799
         show
         expire 1800
         show",
        expect![[r#"
            svc/a g
              {} 1 0..5
            nothing
        "#]],
    );
}

/// Scenario: 20,000 series with text of their own come and go, twice.
/// Guarantees: memory comes back to the base line, and labels of what stays are whole.
#[test]
fn memory_comes_back() {
    let script = Script::with_caps(super::script::generous(), 100_000);
    let push = |who: &str, from: usize, n: usize, at: u64| {
        let points: Vec<String> = (from..from + n).map(|i| format!("gauge g{{user=u{i},all=same}} {i} 0..5")).collect();
        let points: Vec<&str> = points.iter().map(|point| &**point).collect();
        let tally = script.store.ingest(&request(who, &points).encode_to_vec(), Mono::from_secs(at), Wall(1)).unwrap();
        assert_eq!(tally.rejected_total(), 0);
    };
    push("stays", 0, 3, 1);
    let before = script.store.stats().memory_bytes;
    for round in 1..=2 {
        push("goes", 100, 20_000, round * 1_000);
        push("stays", 0, 3, round * 1_000 + 900);
        assert!(script.store.stats().memory_bytes > before + 1_000_000);
        script.store.expire(Mono::from_secs(round * 1_000 + 900));
        script.store.expire(Mono::from_secs(round * 1_000 + 901)); // ids rest for one tick
        let after = script.store.stats();
        assert_eq!(after.series, 3);
        assert!(after.memory_bytes < before + 1_000, "{} bytes before, {} after", before, after.memory_bytes);
    }
    let mut script = script;
    expect![[r#"
        svc/stays g
          {all=same,user=u0} 0 0..5
          {all=same,user=u1} 1 0..5
          {all=same,user=u2} 2 0..5
    "#]]
    .assert_eq(&script.run("show"));
}
