//! Many threads at once: the state is one that some serial order gives (TM-20).

use super::{
    points::request,
    script::{Script, views},
};
use crate::{
    decode::metrics::walk,
    model::clock::{Mono, Wall},
};
use expect_test::expect;
use prost::Message;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// Scenario: four senders push two instances of one component, while views flip, a tick runs, and a scraper looks.
/// Guarantees: no point of the metric that no view names is lost, nothing deadlocks, no look sees a series twice.
#[test]
fn pushes_views_ticks_and_looks_at_once() {
    const PUSHES: u64 = 200;
    let script = Script::default();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..4_u64)
            .map(|sender| {
                let store = &script.store;
                scope.spawn(move || {
                    for at in 1..=PUSHES {
                        let points = [
                            format!("counter+ d{{sender={sender}}} 1 {at}..{}", at + 1),
                            format!("counter x{{sender={sender},k={}}} {at} 1..{}", at % 7, at + 1),
                        ];
                        let body = request(["a", "b"][usize::from(sender % 2 == 0)], &[&points[0], &points[1]]).encode_to_vec();
                        assert_eq!(store.ingest(&body, Mono::from_secs(at), Wall(1)).unwrap().rejected_total(), 0);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let rules = [
                "{name: r, match: {instruments: [x]}, state: Disabled}",
                "",
                "{name: r, match: {instruments: [x]}, attributes: {drop: [k]}}",
                "{name: r, match: {instruments: [x]}, cardinality: {limit: 3}}",
            ];
            for rule in rules.iter().cycle().take_while(|_| !done.load(Relaxed)) {
                script.store.set_views(Arc::new(views(rule)), Wall(1));
                script.store.expire(Mono::from_secs(1));
            }
        });
        scope.spawn(|| {
            while !done.load(Relaxed) {
                for stream in script.store.streams() {
                    let (mut from, mut seen) = (Some(0), Vec::new());
                    while let Some(at) = from {
                        from = script.store.visit(stream.id, at, 2, &mut |series| {
                            let text = |entry: &u32| series.labels.entry(*entry).unwrap().text.to_owned();
                            seen.push(series.entries.iter().map(text).collect::<Vec<_>>());
                        });
                    }
                    if &*stream.metric.instrument.name == "d" {
                        assert!(seen.is_sorted_by(|a, b| a < b), "in order, and none twice: {seen:?}");
                    }
                }
            }
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        done.store(true, Relaxed);
    });
    let mut script = script;
    script.run("views {name: r, match: {instruments: [x]}, state: Disabled}");
    expect![[r#"
        svc/a d
          {sender=1} 200 1..201
          {sender=3} 200 1..201
        svc/b d
          {sender=0} 200 1..201
          {sender=2} 200 1..201
    "#]]
    .assert_eq(&script.run("show"));
}

/// Scenario: one request with more points of one metric than are taken under one hold of the lock.
/// Guarantees: all land, in one stream.
#[test]
fn a_large_metric_lands_in_pieces() {
    let script = Script::with_caps(super::script::generous(), 10_000);
    let points: Vec<String> = (0..3_500).map(|i| format!("gauge g{{k={i}}} {i} 0..5")).collect();
    let points: Vec<&str> = points.iter().map(|point| &**point).collect();
    let tally = script.store.ingest(&request("a", &points).encode_to_vec(), Mono(1), Wall(1)).unwrap();
    assert_eq!((tally.received, tally.rejected_total()), (3_500, 0));
    assert_eq!(script.store.streams()[0].series, 3_500);
}

/// Scenario: a scraper looks at collapsed groups while long metrics land, and after each nothing more comes.
/// Guarantees: the next look sees every point.
#[test]
fn a_look_between_does_not_freeze_groups() {
    const POINTS: u64 = 10_000;
    const ROUNDS: u64 = 10;
    let script = Script::with_caps(super::script::generous(), 20_000);
    script.store.set_views(Arc::new(views("{name: r, match: {instruments: ['*']}, attributes: {drop: [k]}}")), Wall(1));
    let push = |round: u64| {
        let points: Vec<String> = (0..POINTS).map(|k| format!("counter c{{k={k}}} {round} 1..{}", round + 5)).collect();
        let points: Vec<&str> = points.iter().map(|point| &**point).collect();
        let body = request("a", &points).encode_to_vec();
        script.store.ingest(&body, Mono(1), Wall(1)).unwrap();
    };
    let look = || {
        let mut seen = String::new();
        for stream in script.store.streams() {
            script.store.visit(stream.id, 0, 10, &mut |series| seen = super::script::line(series));
        }
        seen
    };
    push(1);
    for round in 2..ROUNDS {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    look();
                }
            });
            push(round);
            done.store(true, Relaxed);
        });
        assert_eq!(look(), format!("{{}} {} 1..{}", round * POINTS, round + 5));
    }
}

/// Scenario: one request with 20,000 metrics that are all off, while a scraper asks for the component again and again.
/// Guarantees: metrics count like points: the scraper gets in between them.
#[test]
fn metrics_that_are_off_do_not_hold_the_lock() {
    let mut caps = super::script::generous();
    caps.streams_per_resource = 20_000;
    let script = Script::with_caps(caps, 1);
    script.store.set_views(Arc::new(views("{name: r, match: {instruments: ['*']}, state: Disabled}")), Wall(1));
    let points: Vec<String> = (0..20_000).map(|n| format!("gauge g{n}{{}} 1 0..5")).collect();
    let points: Vec<&str> = points.iter().map(|point| &**point).collect();
    let body = request("a", &points).encode_to_vec();
    script.store.ingest(&body, Mono(1), Wall(1)).unwrap();
    let (looks, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let between = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                looks.fetch_add(script.store.components().len() as u64, Relaxed);
            }
        });
        while looks.load(Relaxed) < 3 {
            thread::yield_now();
        }
        let mut session = script.store.session(Mono(2), Wall(1));
        let before = looks.load(Relaxed);
        walk(&body, &mut session);
        drop(session);
        let between = looks.load(Relaxed) - before;
        done.store(true, Relaxed);
        between
    });
    assert!(between >= 8, "{between} looks");
}
