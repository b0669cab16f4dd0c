use super::Measure;
use crate::{
    metric::{Kind, Meta, Metric},
    otlp::Number,
    semconv::{
        attribute::{POINTSMAN_OBJECT_KIND, PointsmanResult},
        pointsman::{ReconcileCount, ReconcileDuration},
    },
    telemetry::{
        PlanSource, Telemetry,
        tests::{Clock, Point, lines, planned, points, telemetry, turns},
    },
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write, sync::Arc};

mod swaps;

const COUNT: &str = "pointsman.reconcile.count";
const DURATION: &str = "pointsman.reconcile.duration";

pub(super) fn obey(telemetry: &Telemetry, lines: &Value) {
    telemetry.obey(&planned(&json!({"instruments": lines})), 0, PlanSource::File);
}

fn off(telemetry: &Telemetry) {
    obey(telemetry, &json!([{"name": COUNT, "on": false}, {"name": DURATION, "on": false}]));
}

fn took(kind: &str) -> ReconcileDuration {
    ReconcileDuration { object_kind: kind.to_owned().into(), result: PointsmanResult::Changed }
}

/// Adds one turn and one duration, where they are on.
fn record(telemetry: &Telemetry, kind: &str) {
    if let Some(counter) = telemetry.counter().on() {
        counter.add(1, turns(kind));
    }
    if let Some(histogram) = telemetry.histogram().on() {
        histogram.record(0.01, took(kind));
    }
}

/// What a push at this second says: `+` arrives, `-` is lost. A line a point: what of it, since when, how much.
fn push(telemetry: &Telemetry, clock: &Clock, second: u64, arrives: bool) -> String {
    clock.set(second);
    let sent = points(telemetry.metrics());
    if arrives {
        telemetry.metrics_arrived();
    }
    let mut text = format!("{second}{}", if arrives { '+' } else { '-' });
    for Point { metric, set, start, time, value, counts, .. } in sent {
        let name = metric.trim_start_matches("pointsman.reconcile.");
        let kind = set.split(['=', ',']).nth(1).unwrap_or_default().to_owned();
        let (start, time) = (start / 1_000_000_000, time / 1_000_000_000);
        let value = match (value, counts.iter().sum::<u64>()) {
            (None, _) => "ended".to_owned(),
            (Some(value), 0) => value.to_string(),
            (Some(_), count) => format!("{count} in {}", counts.len()),
        };
        write!(text, " | {name} {kind} {start}..{time} {value}").expect("a string takes everything");
    }
    text
}

/// Scenario: recorded metrics are turned off, on, and off again, with pushes that arrive and that do not. Guarantees: what is
/// off is not taken; its ends are said until they arrived and no longer; what is on again begins anew, and later.
#[test]
fn off_forgets_and_on_begins_anew() {
    let (telemetry, clock) = telemetry();
    clock.set(5);
    record(&telemetry, "Pool");
    let mut told = vec![push(&telemetry, &clock, 10, true)];
    record(&telemetry, "Pool");
    off(&telemetry);
    record(&telemetry, "Pool");
    assert!(telemetry.counter::<ReconcileCount>().on().is_none());
    told.extend([(20, false), (30, true), (40, true)].map(|(second, arrives)| push(&telemetry, &clock, second, arrives)));
    clock.set(50);
    obey(&telemetry, &json!([]));
    record(&telemetry, "Pool");
    told.push(push(&telemetry, &clock, 60, true));
    off(&telemetry);
    obey(&telemetry, &json!([]));
    record(&telemetry, "Pool");
    told.push(push(&telemetry, &clock, 70, true));
    assert_eq!(
        told,
        [
            "10+ | count Pool 5..10 1 | duration Pool 5..10 1 in 9",
            "20- | count Pool 0..20 ended | duration Pool 0..20 ended",
            "30+ | count Pool 0..30 ended | duration Pool 0..30 ended",
            "40+",
            "60+ | count Pool 50..60 1 | duration Pool 50..60 1 in 9",
            "70+ | count Pool 60..70 1 | duration Pool 60..70 1 in 9",
        ]
    );
}

/// Scenario: a counter that ticks once an hour is pushed every minute; one push in two is lost. Guarantees: each push says
/// all of it under one start: it never expires, and never restarts at 1.
#[test]
fn a_rare_counter_has_one_start() {
    let (telemetry, clock) = telemetry();
    for minute in 0..300_u64 {
        clock.set(minute * 60);
        if minute % 60 == 0 {
            record(&telemetry, "Pool");
        }
        let want = format!("count Pool 0..{} {} ", minute * 60, minute / 60 + 1);
        let told = push(&telemetry, &clock, minute * 60, minute % 2 == 0);
        assert!(told.contains(&want), "{told}: not {want}");
    }
}

/// Scenario: the clock stands still, or goes back, while a metric goes off and on. Guarantees: the new start is later than
/// all that was said of the old one.
#[test]
fn a_new_start_is_later_whatever_the_clock_says() {
    for second in [10, 3] {
        let (telemetry, clock) = telemetry();
        clock.set(10);
        record(&telemetry, "Pool");
        let before = points(telemetry.metrics());
        clock.set(second);
        off(&telemetry);
        obey(&telemetry, &json!([]));
        record(&telemetry, "Pool");
        let after = points(telemetry.metrics());
        let latest = before.iter().map(|point| point.time.max(point.start)).max().expect("points");
        assert!(after.iter().all(|point| point.value.is_none() || point.start > latest), "{after:?}");
        assert!(after.iter().all(|point| point.value.is_none() || point.time >= point.start), "{after:?}");
    }
}

/// Scenario: keys are dropped, others kept, then neither. Guarantees: sets that became alike are one, added up; a key that
/// goes is not sent; each shape is a stream of its own.
#[test]
fn keys_are_dropped_before_they_are_held() {
    let (telemetry, _) = telemetry();
    let result = |result| ReconcileCount { object_kind: "Pool".into(), result };
    let counter = telemetry.counter();
    let both = || {
        counter.on().expect("on").add(1, result(PointsmanResult::Changed));
        counter.on().expect("on").add(2, result(PointsmanResult::Failed));
    };
    for (line, want) in [
        (json!({"drop": ["pointsman.result"]}), vec![("pointsman.object.kind=Pool", 3.0)]),
        (json!({"keep": ["pointsman.result"]}), vec![("pointsman.result=changed", 1.0), ("pointsman.result=failed", 2.0)]),
        (json!({"keep": ["other"]}), vec![("", 3.0)]),
        (json!({"keep": ["pointsman.result"], "drop": ["pointsman.result"]}), vec![("", 3.0)]),
    ] {
        let mut line = line;
        (line["name"], line["on"]) = (json!(COUNT), json!(true));
        obey(&telemetry, &json!([line]));
        both();
        let new: Vec<_> = points(telemetry.metrics()).into_iter().filter_map(|p| Some((p.start, p.set, p.value?))).collect();
        let latest = new.iter().map(|(start, ..)| *start).max().expect("points");
        let new: Vec<_> =
            new.iter().filter(|(start, ..)| *start == latest).map(|(_, set, value)| (set.as_str(), *value)).collect();
        assert_eq!(new, want, "{line}");
        telemetry.metrics_arrived();
    }
}

/// Scenario: other buckets, while pushes are lost. Guarantees: what the old ones held goes out with its last values until it
/// arrived, before the new ones and never after; every set goes on from then, also one to which nothing happens.
#[test]
fn a_change_of_buckets_loses_nothing() {
    let (telemetry, clock) = telemetry();
    clock.set(5);
    record(&telemetry, "Pool");
    record(&telemetry, "Node");
    clock.set(10);
    obey(&telemetry, &json!([{"name": DURATION, "on": true, "buckets": [0.3]}]));
    clock.set(15);
    record(&telemetry, "Pool");
    let told = [(20, false), (30, true), (40, false), (50, true), (60, true)]
        .map(|(second, arrives)| push(&telemetry, &clock, second, arrives).replace("count Node", "-"));
    let durations = told.map(|told| {
        let parts = told.split(" | ").filter(|part| part.starts_with("duration") || part.len() < 4);
        parts.map(|part| part.replace("duration ", "")).collect::<Vec<_>>().join(" | ")
    });
    assert_eq!(
        durations,
        [
            "20- | Pool 5..10 1 in 9 | Node 5..10 1 in 9 | Pool 10..20 1 in 2 | Node 10..20 0",
            "30+ | Pool 5..10 1 in 9 | Node 5..10 1 in 9 | Pool 10..30 1 in 2 | Node 10..30 0",
            "40- | Pool 10..40 1 in 2 | Node 10..40 0",
            "50+ | Pool 10..50 1 in 2 | Node 10..50 0",
            "60+ | Pool 10..60 1 in 2 | Node 10..60 0",
        ]
    );
}

/// Scenario: a lower limit, then a higher one. Guarantees: no set that is there goes and no start changes; new ones go where
/// the limit says.
#[test]
fn a_limit_is_for_new_sets() {
    let (telemetry, clock) = telemetry();
    let add = |kinds: &[&str]| kinds.iter().for_each(|kind| telemetry.counter().on().expect("on").add(1, turns(kind)));
    let limit = |limit: u32| obey(&telemetry, &json!([{"name": COUNT, "on": true, "limit": limit}]));
    let told = || {
        let all = points(telemetry.metrics()).into_iter().filter(|point| point.metric == COUNT);
        all.map(|point| (point.set, point.start / 1_000_000_000, point.value)).collect::<Vec<_>>()
    };
    let kind = |kind: &str, start, value| (format!("pointsman.object.kind={kind},pointsman.result=changed"), start, Some(value));
    add(&["a", "b"]);
    clock.set(10);
    limit(1);
    add(&["a", "c", "d"]);
    let overflow = ("otel.metric.overflow=true".to_owned(), 10, Some(2.0));
    assert_eq!(told(), [kind("a", 0, 2.0), kind("b", 0, 1.0), overflow.clone()]);
    clock.set(20);
    limit(3);
    add(&["e"]);
    assert_eq!(told(), [kind("a", 0, 2.0), kind("b", 0, 1.0), overflow, kind("e", 20, 1.0)]);
}

/// Scenario: a metric with an interval of an hour goes off and on while a push is on its way. Guarantees: that it arrives says
/// nothing of what is there anew, which comes with the next push.
#[test]
fn what_is_on_again_waits_for_no_interval() {
    let (telemetry, clock) = telemetry();
    let hour = json!([{"name": COUNT, "on": true, "intervalMs": 3_600_000}]);
    obey(&telemetry, &hour);
    let bound = telemetry.counter::<ReconcileCount>().bind(turns("Pool"));
    let mut under_way = telemetry.metrics();
    under_way.by_ref().for_each(drop);
    clock.set(10);
    off(&telemetry);
    obey(&telemetry, &hour);
    under_way.arrived();
    assert_eq!(push(&telemetry, &clock, 20, true), "20+ | count Pool 10..20 0");
    assert_eq!(push(&telemetry, &clock, 30, true), "30+");
    drop(bound);
}

/// Scenario: fewer of the buckets, twice. Guarantees: everything goes on under its start, and no measurement is lost.
#[test]
fn fewer_buckets_are_the_same_stream() {
    let (telemetry, clock) = telemetry();
    clock.set(5);
    let took = |secs| telemetry.histogram().on().expect("on").record(secs, took("Pool"));
    let bounds = ReconcileDuration::META.buckets;
    bounds.iter().for_each(|bound| took(*bound));
    for (second, bounds) in [(10, &bounds[1..]), (20, &bounds[2..4]), (30, &[][..])] {
        clock.set(second);
        obey(&telemetry, &json!([{"name": DURATION, "on": true, "buckets": bounds}]));
        took(1e6);
        let all = points(telemetry.metrics());
        let of = |point: &&Point| point.metric == DURATION && point.value.is_some();
        let found: Vec<_> = all.iter().filter(of).map(|point| (point.start / 1_000_000_000, point.counts.clone())).collect();
        let counts = match second {
            10 => vec![2, 1, 1, 1, 1, 1, 1, 1],
            20 => vec![3, 1, 6],
            _ => vec![11],
        };
        assert_eq!(found, [(5, counts)]);
    }
}

/// Scenario: a metric with an interval of a minute is pushed every ten seconds; pushes that carry it are lost, sets end in
/// between, pushes without it arrive. Guarantees: it comes once a minute; what was lost comes with the next push; an end waits
/// for no interval.
#[test]
fn an_interval_forgets_nothing() {
    let (telemetry, clock) = telemetry();
    obey(&telemetry, &json!([{"name": COUNT, "on": true, "intervalMs": 60_000}]));
    let add = |kind| telemetry.counter().on().expect("on").add(1, turns(kind));
    add("Pool");
    add("Node");
    let mut told = Vec::new();
    for second in (0..200).step_by(10) {
        if second == 30 {
            telemetry.end_where(POINTSMAN_OBJECT_KIND, "Node");
        }
        let text = push(&telemetry, &clock, second, second != 30);
        told.extend(Some(text).filter(|text| text.contains("count")));
    }
    assert_eq!(
        told,
        [
            "0+ | count Pool 0..0 1 | count Node 0..0 1",
            "30- | count Pool 0..30 1 | count Node 0..30 ended",
            "40+ | count Pool 0..40 1 | count Node 0..40 ended",
            "100+ | count Pool 0..100 1",
            "160+ | count Pool 0..160 1",
        ]
    );
}

/// Scenario: a metric with an interval is turned off between two pushes of it, and on again. Guarantees: neither its ends nor
/// its first points wait.
#[test]
fn what_is_turned_does_not_wait() {
    let (telemetry, clock) = telemetry();
    obey(&telemetry, &json!([{"name": COUNT, "on": true, "intervalMs": 60_000}]));
    telemetry.counter().on().expect("on").add(1, turns("Pool"));
    push(&telemetry, &clock, 0, true);
    off(&telemetry);
    assert_eq!(push(&telemetry, &clock, 10, true), "10+ | count Pool 0..10 ended");
    assert_eq!(push(&telemetry, &clock, 20, true), "20+");
    obey(&telemetry, &json!([{"name": COUNT, "on": true, "intervalMs": 60_000}]));
    telemetry.counter().on().expect("on").add(1, turns("Pool"));
    assert_eq!(push(&telemetry, &clock, 30, true), "30+ | count Pool 20..30 1");
    assert_eq!(push(&telemetry, &clock, 40, true), "40+");
}

/// Scenario: an up-down counter that another crate adds to is turned off, goes on changing, and is turned on. Guarantees: its
/// end is said and nothing else; on again it has not drifted, and its start is the one that it had.
#[test]
fn an_up_down_counter_does_not_drift() {
    const OPEN: Meta = Meta { name: "open", kind: Kind::UpDownCounter, ..ReconcileCount::META };
    let (telemetry, clock) = telemetry();
    let recorded = telemetry.recorded(&OPEN).expect("it is on");
    let add = |n| recorded.measure(Measure::AddSigned(n), turns("Pool").attributes().as_ref(), None);
    add(5);
    let mut told = vec![push(&telemetry, &clock, 10, true)];
    obey(&telemetry, &json!([{"name": "open", "on": false}]));
    add(-2);
    told.extend([(20, false), (30, true), (40, true)].map(|(second, arrives)| push(&telemetry, &clock, second, arrives)));
    obey(&telemetry, &json!([{"name": "open", "on": true, "drop": ["pointsman.result"]}]));
    add(1);
    told.push(push(&telemetry, &clock, 50, true));
    let want = [
        "10+ | open Pool 0..10 5",
        "20- | open Pool 0..20 ended",
        "30+ | open Pool 0..30 ended",
        "40+",
        "50+ | open Pool 0..50 4",
    ];
    assert_eq!(told, want);
}

/// Scenario: a gauge that another crate sets, and a sum in floating point, are turned off and on. Guarantees: they forget.
#[test]
fn gauges_and_sums_of_others_forget() {
    const LOAD: Meta = Meta { name: "load", kind: Kind::Gauge, ..ReconcileCount::META };
    const TOOK: Meta = Meta { name: "took", ..ReconcileCount::META };
    let (telemetry, clock) = telemetry();
    let [load, sum] = [&LOAD, &TOOK].map(|meta| telemetry.recorded(meta).expect("it is on"));
    let measure = |value| {
        load.measure(Measure::Set(Number::Double(value)), &[], None);
        sum.measure(Measure::AddFloat(value), &[], None);
        sum.measure(Measure::AddFloat(f64::NAN), &[], None);
    };
    measure(0.5);
    measure(0.25);
    assert_eq!(push(&telemetry, &clock, 10, true), "10+ | load  0..10 0.25 | took  0..10 0.75");
    obey(&telemetry, &json!([{"name": "load", "on": false}, {"name": "took", "on": false}]));
    measure(1.0);
    assert_eq!(push(&telemetry, &clock, 20, true), "20+ | load  0..20 ended | took  0..20 ended");
    obey(&telemetry, &json!([]));
    assert_eq!(push(&telemetry, &clock, 30, true), "30+");
    measure(2.0);
    assert_eq!(push(&telemetry, &clock, 40, true), "40+ | load  0..40 2 | took  30..40 2");
}

/// Scenario: an instrument that is off, after it was on with sets. Guarantees: once its ends arrived it holds as little as
/// one that was never on: less than 300 bytes, with its entry in the table of all.
#[test]
fn what_is_off_takes_no_room() {
    let (telemetry, _) = telemetry();
    record(&telemetry, "Pool");
    let recorded = telemetry.recorded(&ReconcileCount::META).expect("it is there");
    off(&telemetry);
    drop(telemetry.metrics().collect::<Vec<_>>());
    assert!(recorded.state.lock().streams.is_some());
    telemetry.metrics_arrived();
    let state = recorded.state.lock();
    assert!(state.streams.is_none() && state.orders.is_none() && state.cells.capacity() == 0);
    // Beside it, its counts of references, and twice its entry: nodes of a tree are at least half full.
    let entry = size_of::<(&str, &str)>() + size_of::<Arc<super::Recorded>>();
    let all = size_of::<super::Recorded>() + 2 * size_of::<usize>() + 2 * entry;
    assert!(all <= 300, "{all}");
}

/// Scenario: a metric is off. Guarantees: nothing of its attributes is made, neither where it is recorded nor later.
#[test]
fn what_is_off_makes_no_attributes() {
    struct Costly;
    impl Metric for Costly {
        const META: Meta = ReconcileCount::META;
        type Value = u64;
        type Attributes = [opentelemetry::KeyValue; 1];

        fn attributes(self) -> Self::Attributes {
            unreachable!("it is off")
        }
    }
    let (telemetry, _) = telemetry();
    let counter = telemetry.counter();
    off(&telemetry);
    if let Some(counter) = counter.on() {
        counter.add(1, Costly);
    }
    assert_eq!(lines(telemetry.collect()), "");
}

/// Scenario: more last values wait than may, since no push arrives. Guarantees: the oldest go, and are counted.
#[test]
fn what_retired_is_bounded() {
    use crate::limits::RETIRED_SETS_MAX;
    let (telemetry, _) = telemetry();
    let sets = RETIRED_SETS_MAX / 4;
    for round in 0..5_u32 {
        obey(&telemetry, &json!([{"name": COUNT, "on": true, "limit": 1_000_000, "drop": [round.to_string()]}]));
        let counter = telemetry.counter();
        (0..sets).for_each(|n| counter.on().expect("on").add(1, turns(&n.to_string())));
    }
    obey(&telemetry, &json!([]));
    assert_eq!(telemetry.losses().retired_sets.get(), sets as u64);
    let mut by_start = BTreeMap::<u64, usize>::new();
    let sent = points(telemetry.metrics());
    sent.iter().filter(|point| point.metric == COUNT).for_each(|point| *by_start.entry(point.start).or_default() += 1);
    assert_eq!(by_start.values().copied().collect::<Vec<_>>(), [sets; 4]);
}
