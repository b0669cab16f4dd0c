use super::{AT_ONCE_MAX, BoundCounter, BoundHistogram, HELD_MAX};
use crate::{
    limits::RETIRED_SETS_MAX,
    semconv::{
        attribute::{POINTSMAN_OBJECT_KIND, PointsmanResult},
        pointsman::{ReconcileCount, ReconcileDuration},
    },
    telemetry::{
        PlanSource, Telemetry,
        tests::{planned, points, telemetry, turns},
    },
};
use serde_json::{Value, json};
use std::{hint::black_box, time::Instant};

const COUNT: &str = "pointsman.reconcile.count";
const DURATION: &str = "pointsman.reconcile.duration";

fn obey(telemetry: &Telemetry, lines: &Value) {
    telemetry.obey(&planned(&json!({"instruments": lines})), 0, PlanSource::File);
}

fn took(kind: &str) -> ReconcileDuration {
    ReconcileDuration { object_kind: kind.to_owned().into(), result: PointsmanResult::Changed }
}

fn handles(telemetry: &Telemetry) -> (BoundCounter, BoundHistogram) {
    (telemetry.counter::<ReconcileCount>().bind(turns("Pool")), telemetry.histogram().bind(took("Pool")))
}

/// What a push says of the two metrics: value, or count and buckets, since when; in order.
fn push(telemetry: &Telemetry) -> Vec<String> {
    let all = points(telemetry.metrics()).into_iter().map(|point| {
        let start = point.start / 1_000_000_000;
        match (point.value, point.counts.iter().sum::<u64>()) {
            (None, _) => "ended".to_owned(),
            (Some(value), _) if point.counts.is_empty() => format!("{value} since {start}"),
            (Some(_), count) => format!("{count} in {} since {start}", point.counts.len()),
        }
    });
    let all = all.collect();
    telemetry.metrics_arrived();
    all
}

/// Scenario: bound handles add beside unbound ones, through ends, off and on, and a change of shape. Guarantees: both add to
/// the same set; it is there from the start; nothing that came while it was off counts; everything else does, once.
#[test]
fn a_bound_handle_outlives_every_change() {
    let (telemetry, clock) = telemetry();
    let (counter, histogram) = handles(&telemetry);
    assert_eq!(push(&telemetry), ["0 since 0", "0 in 9 since 0"]);
    let record = || {
        counter.add(2);
        histogram.record(1.0);
        histogram.record(f64::NAN);
    };
    record();
    telemetry.counter().on().expect("on").add(1, turns("Pool"));
    telemetry.histogram().on().expect("on").record(1.0, took("Pool"));
    assert_eq!(push(&telemetry), ["3 since 0", "2 in 9 since 0"]);
    clock.set(10);
    record();
    telemetry.end_where(POINTSMAN_OBJECT_KIND, "Pool");
    assert_eq!(push(&telemetry), ["ended", "ended"]);
    clock.set(20);
    record();
    assert_eq!(push(&telemetry), ["2 since 10", "1 in 9 since 10"]);
    record();
    obey(&telemetry, &json!([{"name": COUNT, "on": false}, {"name": DURATION, "on": false}]));
    record();
    assert_eq!(push(&telemetry), ["ended", "ended"]);
    clock.set(30);
    obey(&telemetry, &json!([]));
    assert_eq!(push(&telemetry), ["0 since 30", "0 in 9 since 30"]);
    record();
    assert_eq!(push(&telemetry), ["2 since 30", "1 in 9 since 30"]);
    record();
    clock.set(40);
    let shapes = |kind: &Value, result: &Value| json!([{"name": COUNT, "on": true, "drop": kind}, {"name": DURATION, "on": true, "drop": result, "buckets": [0.3]}]);
    let (none, kind) = (json!([]), json!(["pointsman.object.kind"]));
    obey(&telemetry, &shapes(&kind, &none));
    assert_eq!(push(&telemetry), ["4 since 30", "0 since 40", "2 in 9 since 30", "0 in 2 since 40"]);
    // A key comes back: its handle knows with which value.
    clock.set(50);
    obey(&telemetry, &shapes(&none, &none));
    assert_eq!(push(&telemetry), ["0 since 50", "ended", "0 in 2 since 40"]);
    record();
    assert_eq!(push(&telemetry), ["2 since 50", "1 in 2 since 40"]);
}

/// Scenario: handles go, with something in their cells; many come and go between two pushes. Guarantees: what they added is
/// sent, and they take no room.
#[test]
fn a_handle_that_goes_leaves_what_it_added() {
    let (telemetry, _) = telemetry();
    for _ in 0..1000 {
        let (counter, histogram) = handles(&telemetry);
        counter.clone().add(1);
        histogram.record(1.0);
    }
    let recorded = telemetry.recorded(&<ReconcileCount as crate::metric::Metric>::META).expect("it is there");
    assert!(recorded.cells() <= 4, "{}", recorded.cells());
    assert_eq!(push(&telemetry), ["1000 since 0", "1000 in 9 since 0"]);
    assert_eq!(recorded.cells(), 0);
}

/// Scenario: numbers as large as they get, in one step and in many, with no push in between. Guarantees: the sum is as much as
/// it can be, and never wraps.
#[test]
fn no_number_is_too_large() {
    for step in [u64::MAX, HELD_MAX, AT_ONCE_MAX + 1] {
        let (telemetry, _) = telemetry();
        let (counter, _) = handles(&telemetry);
        counter.add(1);
        counter.add(step);
        let want = step.saturating_add(1).min(i64::MAX.unsigned_abs());
        #[expect(clippy::cast_precision_loss, reason = "as the point is read")]
        let want = want as f64;
        assert_eq!(points(telemetry.metrics())[0].value, Some(want));
    }
    let (telemetry, _) = telemetry();
    let (counter, _) = handles(&telemetry);
    let Some(bound) = &counter.0 else { panic!("it is there") };
    let super::Held::Sum(sum) = &bound.cell.held else { panic!("a counter") };
    sum.store(HELD_MAX, std::sync::atomic::Ordering::Relaxed);
    counter.add(1);
    assert_eq!(sum.load(std::sync::atomic::Ordering::Relaxed), 0);
}

/// How long one of many runs took, in nanoseconds.
#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn nanos(runs: u64, mut one: impl FnMut(u64)) -> f64 {
    let began = Instant::now();
    (0..runs).for_each(|n| one(black_box(n)));
    began.elapsed().as_nanos() as f64 / runs as f64
}

/// A line of this process's memory, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is there");
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

/// What a call site costs: off, on, and bound; and what an instrument that is off holds. By hand, alone in its process:
/// `cargo test --release -p pointsman-instrument --lib -- --ignored --exact bound::tests::what_a_call_site_costs --nocapture`
#[expect(clippy::disallowed_methods, reason = "a measurement with the clock that operators use")]
#[test]
#[ignore = "a measurement: its numbers are read by people"]
fn what_a_call_site_costs() {
    const RUNS: u64 = 20_000_000;
    let telemetry = Telemetry::new(crate::identity::Identity::new("shop"), std::time::SystemTime::now);
    let (counter, histogram) = (telemetry.counter(), telemetry.histogram());
    let add = |n: u64| {
        if let Some(counter) = black_box(&counter).on() {
            counter.add(n, turns("Pool"));
        }
    };
    let record = |_| {
        if let Some(histogram) = black_box(&histogram).on() {
            histogram.record(1.0, took("Pool"));
        }
    };
    let (bound, measured) = handles(&telemetry);
    println!("unbound: counter {:.1} ns, histogram {:.1} ns", nanos(RUNS / 20, add), nanos(RUNS / 20, record));
    let costs = (nanos(RUNS, |n| black_box(&bound).add(n & 1)), nanos(RUNS, |_| black_box(&measured).record(1.0)));
    println!("bound: counter {:.1} ns, histogram {:.1} ns", costs.0, costs.1);
    let all = json!([{"name": COUNT, "on": false}, {"name": DURATION, "on": false}]);
    obey(&telemetry, &all);
    let empty = nanos(RUNS, |_| {
        black_box(&counter);
    });
    let off = (nanos(RUNS, add) - empty, nanos(RUNS, record) - empty, nanos(RUNS, |n| black_box(&bound).add(n & 1)) - empty);
    println!("off: counter {:.2} ns, histogram {:.2} ns, bound {:.2} ns", off.0, off.1, off.2);
    const INSTRUMENTS: usize = RETIRED_SETS_MAX;
    telemetry.obey(&planned(&json!({"baseline": {"on": false}})), 0, PlanSource::File);
    let metas: Vec<&'static crate::metric::Meta> = (0..INSTRUMENTS)
        .map(|n| {
            let name = &*Box::leak(format!("instrument.{n}").into_boxed_str());
            &*Box::leak(Box::new(crate::metric::Meta { name, ..<ReconcileCount as crate::metric::Metric>::META }))
        })
        .collect();
    let before = resident();
    metas.into_iter().for_each(|meta| drop(telemetry.recorded(meta)));
    println!("an instrument that is off: {} bytes", (resident() - before) / INSTRUMENTS as u64);
}
