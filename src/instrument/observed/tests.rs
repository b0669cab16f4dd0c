use super::{Callback, Moment, Observed};
use crate::{
    body::Bodies,
    metric::{Kind, Level, Meta, Metric},
    otlp::Number,
    rules::Orders,
    semconv::{
        attribute::PointsmanSignal,
        pointsman::{ClusterObjects, PipelineReceived},
    },
    shared::Shared,
    telemetry::{
        PlanSource, Telemetry,
        tests::{Clock, Point, of, planned, points, telemetry},
    },
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    fmt::Write,
    hash::RandomState,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

fn obey(telemetry: &Telemetry, lines: &Value) {
    telemetry.obey(&planned(&json!({"instruments": lines})), 0, PlanSource::File);
}

fn off(telemetry: &Telemetry) {
    obey(
        telemetry,
        &json!([ClusterObjects::META.name, PipelineReceived::META.name].map(|name| json!({"name": name, "on": false}))),
    );
}

/// What a push at this second says: `+` arrives, `-` is lost. A line a point: its set, since when, how much.
fn push(telemetry: &Telemetry, clock: &Clock, second: u64, arrives: bool) -> String {
    clock.set(second);
    let sent = points(telemetry.metrics());
    if arrives {
        telemetry.metrics_arrived();
    }
    let mut text = format!("{second}{}", if arrives { '+' } else { '-' });
    for Point { set, start, time, value, .. } in sent {
        let set = set.split('=').nth(1).unwrap_or_default();
        let value = value.map_or("ended".to_owned(), |value| value.to_string());
        write!(text, " | {set} {}..{} {value}", start / 1_000_000_000, time / 1_000_000_000).expect("a string takes everything");
    }
    text
}

/// Scenario: an observed metric is turned off, on and off again between pushes and within one wait for a push. Guarantees:
/// what is off is not read; its sets end until that arrived; what is on again begins anew; what was off for no push at all
/// goes on as it was.
#[test]
fn what_is_off_is_not_read() {
    let (telemetry, clock) = telemetry();
    let reads = Arc::new(AtomicU64::new(0));
    let count = reads.clone();
    telemetry.observe(move |r| {
        count.fetch_add(1, Ordering::Relaxed);
        r.set(7, of("Pool"));
    });
    let mut told = vec![push(&telemetry, &clock, 10, true)];
    off(&telemetry);
    told.extend([(20, false), (30, true), (40, true)].map(|(second, arrives)| push(&telemetry, &clock, second, arrives)));
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    obey(&telemetry, &json!([]));
    told.push(push(&telemetry, &clock, 50, true));
    off(&telemetry);
    obey(&telemetry, &json!([]));
    told.push(push(&telemetry, &clock, 60, true));
    let want = [
        "10+ | Pool 0..10 7",
        "20- | Pool 0..20 ended",
        "30+ | Pool 0..30 ended",
        "40+",
        "50+ | Pool 40..50 7",
        "60+ | Pool 40..60 7",
    ];
    assert_eq!(told, want);
}

/// Scenario: an observed counter counts on while it is off; later its state begins anew, below what it was. Guarantees: it
/// starts at 0 when it is turned on, so that what came before never counts as increase, and nothing is below 0.
#[test]
fn an_observed_counter_counts_from_when_it_is_on() {
    let (telemetry, clock) = telemetry();
    let counted = Arc::new(Mutex::new(1_000));
    let read = counted.clone();
    telemetry.observe(move |r| r.set(*read.lock(), PipelineReceived { signal: PointsmanSignal::Metrics }));
    let mut told = vec![push(&telemetry, &clock, 10, true)];
    off(&telemetry);
    told.push(push(&telemetry, &clock, 20, true));
    *counted.lock() = 1_500;
    obey(&telemetry, &json!([]));
    told.push(push(&telemetry, &clock, 30, false));
    *counted.lock() = 1_507;
    told.push(push(&telemetry, &clock, 40, true));
    *counted.lock() = 3;
    told.push(push(&telemetry, &clock, 50, true));
    *counted.lock() = 4;
    told.push(push(&telemetry, &clock, 60, true));
    assert_eq!(
        told,
        [
            "10+ | metrics 0..10 1000",
            "20+ | metrics 0..20 ended",
            "30- | metrics 30..30 0",
            "40+ | metrics 30..40 7",
            "50+ | metrics 40..50 3",
            "60+ | metrics 40..60 4",
        ]
    );
}

/// Scenario: the same with numbers in floating point. Guarantees: the same.
#[test]
fn a_counter_in_floating_point_counts_from_when_it_is_on() {
    const TOOK: Meta = Meta {
        name: "took",
        kind: Kind::Counter,
        unit: "s",
        brief: "",
        scope: "other",
        level: Level::Standard,
        limit: 1,
        buckets: &[],
        attributes: &[],
    };
    let (telemetry, clock) = telemetry();
    let counted = Arc::new(Mutex::new(0.5));
    let read = counted.clone();
    telemetry.observed(&TOOK, Arc::new(move |set| set(Number::Double(*read.lock()), &[])));
    obey(&telemetry, &json!([{"name": "took", "on": false}]));
    push(&telemetry, &clock, 10, true);
    obey(&telemetry, &json!([]));
    push(&telemetry, &clock, 20, true);
    *counted.lock() = 2.25;
    assert_eq!(push(&telemetry, &clock, 30, true), "30+ |  20..30 1.75");
    *counted.lock() = 0.25;
    assert_eq!(push(&telemetry, &clock, 40, true), "40+ |  30..40 0.25");
}

/// Scenario: an observed metric with an interval of a minute; sets come and go in between; pushes that carry it are lost.
/// Guarantees: it is read once a minute, and at once after a loss; an end is not forgotten; what is new began after it was
/// last read.
#[test]
fn an_interval_forgets_nothing() {
    let (telemetry, clock) = telemetry();
    let sets = Arc::new(Mutex::new(vec!["Pool", "Node"]));
    let (read, reads) = (sets.clone(), Arc::new(AtomicU64::new(0)));
    let count = reads.clone();
    telemetry.observe(move |r| {
        count.fetch_add(1, Ordering::Relaxed);
        read.lock().iter().for_each(|kind| r.set(1, of(kind)));
    });
    obey(&telemetry, &json!([{"name": ClusterObjects::META.name, "on": true, "intervalMs": 60_000}]));
    let mut told = Vec::new();
    for second in (0..140).step_by(10) {
        if second == 30 {
            *sets.lock() = vec!["Pool", "Job"];
        }
        told.extend(Some(push(&telemetry, &clock, second, second != 60)).filter(|text| text.contains('|')));
    }
    assert_eq!(
        told,
        [
            "0+ | Pool 0..0 1 | Node 0..0 1",
            "60- | Pool 0..60 1 | Job 0..60 1 | Node 0..60 ended",
            "70+ | Pool 0..70 1 | Job 0..70 1 | Node 0..70 ended",
            "130+ | Pool 0..130 1 | Job 0..130 1",
        ]
    );
    assert_eq!(reads.load(Ordering::Relaxed), 4);
}

/// Scenario: an observed metric that is off, after it was on with sets. Guarantees: once its ends arrived it holds no table.
#[test]
fn what_is_off_takes_no_room() {
    let shared = Arc::new(Shared::new(RandomState::new(), Box::new(|| 0)));
    let observed = Observed::new(&ClusterObjects::META, shared, &Orders::plain(true));
    observed.read(Arc::new(|set| set(Number::Int(7), of("Pool").attributes().as_ref())));
    let collect = |number| {
        let mut bodies = Bodies::new(Arc::new([]));
        observed.collect(Moment { number, time: number, previous: number - 1 }, &mut bodies);
        bodies.finish();
        bodies.full().map(|(_, points)| points)
    };
    assert_eq!(collect(1), Some(1));
    observed.obey(&Orders::plain(false));
    assert_eq!(collect(2), Some(1));
    observed.arrived(1);
    assert!(observed.state.lock().borrow().table.is_some(), "the end was not in that one");
    observed.arrived(2);
    assert!(observed.state.lock().borrow().table.is_none());
    assert_eq!(collect(3), None);
    assert!(size_of::<Observed>() + 2 * size_of::<usize>() + 96 + size_of::<Callback>() <= 300);
}
