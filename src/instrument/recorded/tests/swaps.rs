//! Shapes that change while measurements come.

use super::obey;
use crate::{
    identity::Identity,
    semconv::pointsman::{ReconcileCount, ReconcileDuration},
    telemetry::{
        Telemetry,
        tests::{Point, points, turns},
    },
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// What a receiver keeps: by metric, set and start the last value and count.
#[derive(Default)]
struct Receiver(BTreeMap<(String, String, u64), (f64, u64)>);

impl Receiver {
    fn take(&mut self, sent: Vec<Point>) {
        for Point { metric, set, start, value, counts, .. } in sent {
            if let Some(value) = value {
                let held = self.0.entry((metric, set, start)).or_default();
                let count = counts.iter().sum();
                assert!(held.0 <= value && held.1 <= count, "a stream never falls");
                *held = (value, count);
            }
        }
    }

    fn total(&self, name: &str) -> (f64, u64) {
        let of = self.0.iter().filter(|((metric, ..), _)| metric.ends_with(name));
        of.fold((0.0, 0), |sum, (_, held)| (sum.0 + held.0, sum.1 + held.1))
    }
}

/// The shapes that are gone through.
fn swap(telemetry: &Telemetry, round: u64) {
    let count = if round.is_multiple_of(2) { json!(["pointsman.result"]) } else { json!([]) };
    let buckets = if round.is_multiple_of(3) { json!([0.5]) } else { json!([0.1, 1.0]) };
    obey(
        telemetry,
        &json!([
            {"name": "pointsman.reconcile.count", "on": true, "drop": count},
            {"name": "pointsman.reconcile.duration", "on": true, "buckets": buckets},
        ]),
    );
}

/// Adds and records once a turn until told to stop; `done` turns.
fn record(telemetry: &Telemetry, stop: &AtomicBool, done: &AtomicU64, bound: bool) {
    let (count, duration) = (telemetry.counter::<ReconcileCount>(), telemetry.histogram::<ReconcileDuration>());
    let (adds, records) = (count.bind(turns("Pool")), duration.bind(super::took("Pool")));
    while !stop.load(Ordering::Relaxed) {
        if bound {
            adds.add(1);
            records.record(1.0);
        } else {
            let kind = if done.load(Ordering::Relaxed).is_multiple_of(2) { "Pool" } else { "Node" };
            count.on().expect("on").add(1, turns(kind));
            duration.on().expect("on").record(1.0, super::took("Pool"));
        }
        done.fetch_add(1, Ordering::Release);
    }
}

/// Scenario: 50 changes of shape, while two threads record, one through bound handles, and pushes go out of which some are
/// lost; 20 times. Guarantees: the last values of all streams add up to what was recorded: nothing is lost, nothing counts
/// twice.
#[test]
fn fifty_swaps_under_two_threads_lose_nothing() {
    for run in 0..20_u64 {
        let ticks = Arc::new(AtomicU64::new(1));
        let now = move || SystemTime::UNIX_EPOCH + Duration::from_nanos(ticks.fetch_add(1, Ordering::Relaxed));
        let telemetry = Telemetry::new(Identity::new("shop").instance("shop-0"), now);
        let stop = AtomicBool::new(false);
        let mut receiver = Receiver::default();
        let done = [true, false].map(|bound| (bound, AtomicU64::new(0)));
        let turns = || done.each_ref().map(|(_, turns)| turns.load(Ordering::Acquire));
        std::thread::scope(|scope| {
            for (bound, turns) in &done {
                let (telemetry, stop) = (&telemetry, &stop);
                scope.spawn(move || record(telemetry, stop, turns, *bound));
            }
            for round in 0..50 {
                let before = turns().iter().sum::<u64>();
                swap(&telemetry, round);
                // Until something was recorded in this shape.
                while turns().iter().sum::<u64>() < before + 4 {
                    std::thread::sleep(Duration::from_micros(50));
                }
                // A lost push tells the receiver nothing; the next one says all of it.
                let sent = points(telemetry.metrics());
                if (round + run) % 3 != 0 {
                    receiver.take(sent);
                    telemetry.metrics_arrived();
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        receiver.take(points(telemetry.metrics()));
        let recorded: u64 = turns().iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "a test counts less than 2^53")]
        let want = recorded as f64;
        assert_eq!((receiver.total("count").0, receiver.total("duration")), (want, (want, recorded)), "run {run}");
        assert!(receiver.0.len() >= 50, "{recorded} in {} streams", receiver.0.len());
    }
}
