mod obey;

use super::Telemetry;
use crate::{
    identity::Identity,
    limits::{BODY_BYTES_MAX, BODY_ITEMS_MAX, ENDED_SETS_MAX, ITEM_BYTES_MAX, OBSERVED_SETS_MAX, SPANS_MAX},
    metric::{Metric, Readings},
    opamp::plan::Plan,
    reconcile::{Outcome, Reconcile},
    semconv::{
        attribute::{POINTSMAN_OBJECT_KIND, PointsmanResult, PointsmanSignal},
        pointsman::{
            ClusterErrors, ClusterObjects, InstrumentGates, InstrumentPoints, InstrumentSize, PipelineQueue, PipelineReceived,
            PlanSource, ReconcileCount, ReconcileDuration, ScrapeSize,
        },
    },
    span::{Place, SpanId, TraceId},
    transport::Signal,
};
use bytes::Bytes;
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value},
    metrics::v1::{AggregationTemporality, Exemplar, Gauge, NumberDataPoint, Sum, metric::Data, number_data_point},
};
use parking_lot::Mutex;
use prost::Message;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// Seconds since 1970, as a test sets them.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn set(&self, second: u64) {
        self.0.store(second, Ordering::Relaxed);
    }
}

pub(crate) fn telemetry() -> (Arc<Telemetry>, Clock) {
    let clock = Clock::default();
    let read = clock.clone();
    let now = move || SystemTime::UNIX_EPOCH + Duration::from_secs(read.0.load(Ordering::Relaxed));
    (Telemetry::builder(Identity::new("shop").instance("shop-0")).seed(7).build(now), clock)
}

/// A plan with these parts; what is not said is empty, and a baseline that is on.
pub(crate) fn planned(parts: &serde_json::Value) -> Arc<Plan> {
    let mut plan = serde_json::json!({
        "schema": 1, "component": "shop/shop", "hash": "0".repeat(32), "instruments": [], "tail": [], "baseline": {"on": true},
        "spans": [],
    });
    for (key, part) in parts.as_object().expect("parts") {
        plan[key] = part.clone();
    }
    Arc::new(Plan::read(plan.to_string().as_bytes()).expect("a plan"))
}

pub(super) fn attributes(pairs: &[KeyValue]) -> String {
    let value = |v: &KeyValue| match v.value.as_ref().and_then(|v| v.value.as_ref()) {
        Some(any_value::Value::StringValue(s)) => s.clone(),
        Some(any_value::Value::IntValue(i)) => i.to_string(),
        Some(any_value::Value::BoolValue(b)) => b.to_string(),
        other => format!("{other:?}"),
    };
    let mut pairs: Vec<_> = pairs.iter().map(|p| format!("{}={}", p.key, value(p))).collect();
    pairs.sort();
    pairs.join(",")
}

fn temporality(raw: i32) -> &'static str {
    AggregationTemporality::try_from(raw).map_or("?", |t| t.as_str_name().rsplit('_').next().unwrap_or("?"))
}

fn seconds(start: u64, time: u64) -> String {
    format!("{}s..{}s", start / 1_000_000_000, time / 1_000_000_000)
}

fn examples(exemplars: &[Exemplar]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    exemplars.iter().map(|e| format!(" example {:?} in {}/{}", e.value, hex(&e.trace_id), hex(&e.span_id))).collect()
}

/// What every process says of its own telemetry: tests that are about other metrics leave it out.
const OWN: [&str; 4] =
    [InstrumentGates::META.name, InstrumentPoints::META.name, InstrumentSize::META.name, PlanSource::META.name];

/// What a receiver reads, a line per point and span.
pub(crate) fn lines(bodies: impl IntoIterator<Item = (Signal, Bytes)>) -> String {
    let mut out = Vec::new();
    for (signal, body) in bodies {
        match signal {
            Signal::Metrics => metric_lines(&body, &mut out),
            Signal::Traces => span_lines(&body, &mut out),
        }
    }
    out.retain(|line: &String| !OWN.iter().any(|name| line.starts_with(name)));
    out.sort();
    out.join("\n")
}

fn metric_lines(body: &[u8], out: &mut Vec<String>) {
    let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
    for resource in request.resource_metrics {
        let sender = attributes(&resource.resource.expect("a resource").attributes);
        assert_eq!(sender, "service.instance.id=shop-0,service.name=shop");
        for metric in resource.scope_metrics.into_iter().flat_map(|s| s.metrics) {
            let head = format!("{} [{}]", metric.name, metric.unit);
            let (kind, points) = match metric.data.expect("data") {
                Data::Sum(sum) => {
                    assert_eq!(temporality(sum.aggregation_temporality), "CUMULATIVE");
                    (if sum.is_monotonic { "counter" } else { "up-down" }, sum.data_points)
                }
                Data::Gauge(gauge) => ("gauge", gauge.data_points),
                Data::Histogram(histogram) => {
                    assert_eq!(temporality(histogram.aggregation_temporality), "CUMULATIVE");
                    for p in histogram.data_points {
                        let times = seconds(p.start_time_unix_nano, p.time_unix_nano);
                        let set = attributes(&p.attributes);
                        let value = match p.flags {
                            0 => format!("{:?} sum {:?}{}", p.bucket_counts, p.sum, examples(&p.exemplars)),
                            flags => format!("none, flags {flags}"),
                        };
                        out.push(format!("{head} histogram {times}: {set} {value}"));
                    }
                    continue;
                }
                other => panic!("{other:?}"),
            };
            for p in points {
                let value = match p.value {
                    Some(number_data_point::Value::AsInt(i)) => i.to_string(),
                    Some(number_data_point::Value::AsDouble(d)) => d.to_string(),
                    None => format!("none, flags {}", p.flags),
                };
                let times = seconds(p.start_time_unix_nano, p.time_unix_nano);
                out.push(format!("{head} {kind} {times}: {} {value}{}", attributes(&p.attributes), examples(&p.exemplars)));
            }
        }
    }
}

/// One point as a receiver reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) metric: String,
    pub(crate) set: String,
    /// In nanoseconds.
    pub(crate) start: u64,
    pub(crate) time: u64,
    /// Of a histogram: the sum, and the count beside the counts of its buckets. None says that the set ended.
    pub(crate) value: Option<f64>,
    pub(crate) counts: Vec<u64>,
    pub(crate) bounds: Vec<f64>,
}

/// Every point, in order, but for what every process says of itself.
pub(crate) fn points(bodies: impl IntoIterator<Item = Bytes>) -> Vec<Point> {
    let mut out = Vec::new();
    for body in bodies {
        let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
        let metrics = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics);
        for metric in metrics.filter(|metric| !OWN.contains(&metric.name.as_str())) {
            match metric.data.expect("data") {
                Data::Sum(Sum { data_points, .. }) | Data::Gauge(Gauge { data_points }) => {
                    out.extend(data_points.into_iter().map(|p| number(&metric.name, p)));
                }
                Data::Histogram(histogram) => out.extend(histogram.data_points.into_iter().map(|p| Point {
                    metric: metric.name.clone(),
                    set: attributes(&p.attributes),
                    start: p.start_time_unix_nano,
                    time: p.time_unix_nano,
                    value: p.sum.filter(|_| p.flags == 0),
                    counts: p.bucket_counts,
                    bounds: p.explicit_bounds,
                })),
                other => panic!("{other:?}"),
            }
        }
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "tests count less than 2^53")]
fn number(metric: &str, point: NumberDataPoint) -> Point {
    let value = match point.value {
        Some(number_data_point::Value::AsInt(i)) => Some(i as f64),
        Some(number_data_point::Value::AsDouble(d)) => Some(d),
        None => None,
    };
    Point {
        metric: metric.to_owned(),
        set: attributes(&point.attributes),
        start: point.start_time_unix_nano,
        time: point.time_unix_nano,
        value,
        counts: Vec::new(),
        bounds: Vec::new(),
    }
}

fn span_lines(body: &[u8], out: &mut Vec<String>) {
    let request = ExportTraceServiceRequest::decode(body).expect("what we encoded");
    for scope in request.resource_spans.iter().flat_map(|r| &r.scope_spans) {
        for span in &scope.spans {
            let took = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1_000_000_000;
            let code = span.status.as_ref().map_or(0, |s| s.code);
            out.push(format!("span {} {took}s status {code} {}", span.name, attributes(&span.attributes)));
        }
    }
}

fn check(telemetry: &Telemetry, want: &Expect) {
    want.assert_eq(&lines(telemetry.collect()));
}

pub(crate) fn of(kind: &str) -> ClusterObjects {
    ClusterObjects { object_kind: kind.to_owned().into() }
}

pub(crate) fn turns(kind: &str) -> ReconcileCount {
    ReconcileCount { object_kind: kind.to_owned().into(), result: PointsmanResult::Changed }
}

/// Scenario: every kind of handle is used, two of them twice, and collected twice. Guarantees: all is cumulative, each set
/// has one start, names, units and bounds are the registry's, and a set that is added 0 is there.
#[test]
fn handles_become_cumulative_otlp() {
    let (telemetry, clock) = telemetry();
    telemetry.observe::<PipelineQueue>(|r| r.set(-3, PipelineQueue { signal: PointsmanSignal::Traces }));
    telemetry.observe::<PipelineReceived>(|r| r.set(9, PipelineReceived { signal: PointsmanSignal::Metrics }));
    clock.set(10);
    telemetry.counter().on().expect("on").add(2, turns("Pool"));
    telemetry.counter().on().expect("on").add(0, turns("Node"));
    telemetry.histogram().on().expect("on").record(1500.0, ScrapeSize);
    telemetry.histogram().on().expect("on").record(f64::NAN, ScrapeSize);
    clock.set(20);
    lines(telemetry.collect());
    telemetry.counter().on().expect("on").add(1, turns("Pool"));
    clock.set(30);
    check(
        &telemetry,
        &expect![[r#"
            pointsman.pipeline.queue [{point}] up-down 0s..30s: pointsman.signal=traces -3
            pointsman.pipeline.received [{point}] counter 0s..30s: pointsman.signal=metrics 9
            pointsman.reconcile.count [{reconcile}] counter 10s..30s: pointsman.object.kind=Node,pointsman.result=changed 0
            pointsman.reconcile.count [{reconcile}] counter 10s..30s: pointsman.object.kind=Pool,pointsman.result=changed 3
            pointsman.scrape.size [By] histogram 10s..30s:  [0, 1, 0, 0, 0, 0, 0] sum Some(1500.0)"#]],
    );
}

/// Scenario: state forgets a set, and the push that says so is lost; later the set is back. Guarantees: its end (`none`,
/// flag 1) is said until a push arrived, then no more; what is back begins after the collection in which it was absent.
#[test]
fn an_observed_set_ends_with_its_state() {
    let (telemetry, clock) = telemetry();
    let state = Arc::new(Mutex::new(vec!["Pool", "Node"]));
    let read = state.clone();
    telemetry.observe::<ClusterObjects>(move |r| read.lock().iter().for_each(|kind| r.set(1, of(kind))));
    let mut told = String::new();
    let mut step = |second: u64, title: &str, arrives: bool| {
        clock.set(second);
        told += &format!("{title}\n{}\n", lines(telemetry.collect()));
        if arrives {
            telemetry.metrics_arrived();
        }
    };
    step(10, "both", true);
    *state.lock() = vec!["Node"];
    step(20, "gone", false);
    step(30, "still to be said", true);
    step(40, "said", true);
    *state.lock() = vec!["Pool", "Node"];
    step(50, "back", true);
    *state.lock() = Vec::new();
    step(60, "nothing", false);
    *state.lock() = vec!["Node"];
    step(70, "back before its end arrived", true);
    expect![[r#"
        both
        pointsman.cluster.objects [{object}] up-down 0s..10s: pointsman.object.kind=Node 1
        pointsman.cluster.objects [{object}] up-down 0s..10s: pointsman.object.kind=Pool 1
        gone
        pointsman.cluster.objects [{object}] up-down 0s..20s: pointsman.object.kind=Node 1
        pointsman.cluster.objects [{object}] up-down 0s..20s: pointsman.object.kind=Pool none, flags 1
        still to be said
        pointsman.cluster.objects [{object}] up-down 0s..30s: pointsman.object.kind=Node 1
        pointsman.cluster.objects [{object}] up-down 0s..30s: pointsman.object.kind=Pool none, flags 1
        said
        pointsman.cluster.objects [{object}] up-down 0s..40s: pointsman.object.kind=Node 1
        back
        pointsman.cluster.objects [{object}] up-down 0s..50s: pointsman.object.kind=Node 1
        pointsman.cluster.objects [{object}] up-down 40s..50s: pointsman.object.kind=Pool 1
        nothing
        pointsman.cluster.objects [{object}] up-down 0s..60s: pointsman.object.kind=Node none, flags 1
        pointsman.cluster.objects [{object}] up-down 0s..60s: pointsman.object.kind=Pool none, flags 1
        back before its end arrived
        pointsman.cluster.objects [{object}] up-down 0s..70s: pointsman.object.kind=Pool none, flags 1
        pointsman.cluster.objects [{object}] up-down 60s..70s: pointsman.object.kind=Node 1
    "#]]
    .assert_eq(&told);
}

/// Scenario: the end of a set is recorded while a push is under way. Guarantees: that push's arrival does not count for it.
#[test]
fn an_end_waits_for_a_push_that_said_it() {
    let (telemetry, _) = telemetry();
    telemetry.counter().on().expect("on").add(1, turns("Pool"));
    let mut under_way = telemetry.metrics();
    let sent: Vec<_> = under_way.by_ref().collect();
    telemetry.end_where(POINTSMAN_OBJECT_KIND, "Pool");
    assert_eq!(sent.len(), 1);
    under_way.arrived();
    assert!(lines(telemetry.collect()).contains("flags 1"));
    telemetry.metrics_arrived();
    assert_eq!(lines(telemetry.collect()), "");
}

/// Scenario: an object is gone, and comes back. Guarantees: the sets of counters and histograms that name it end until a
/// push arrived, others go on; what is recorded later begins anew.
#[test]
fn recorded_sets_end_with_their_object() {
    let (telemetry, clock) = telemetry();
    let took = |kind: &str| ReconcileDuration { object_kind: kind.to_owned().into(), result: PointsmanResult::Changed };
    let record = |kind| {
        telemetry.counter().on().expect("on").add(1, turns(kind));
        telemetry.histogram().on().expect("on").record(0.01, took(kind));
    };
    ["Pool", "Node"].into_iter().for_each(record);
    lines(telemetry.collect());
    telemetry.end_where(POINTSMAN_OBJECT_KIND, "Pool");
    clock.set(10);
    let mut told = lines(telemetry.collect());
    telemetry.metrics_arrived();
    clock.set(20);
    told += &format!("\narrived\n{}", lines(telemetry.collect()));
    record("Pool");
    clock.set(30);
    told += &format!("\nback\n{}", lines(telemetry.collect()));
    expect![[r#"
        pointsman.reconcile.count [{reconcile}] counter 0s..10s: pointsman.object.kind=Node,pointsman.result=changed 1
        pointsman.reconcile.count [{reconcile}] counter 0s..10s: pointsman.object.kind=Pool,pointsman.result=changed none, flags 1
        pointsman.reconcile.duration [s] histogram 0s..10s: pointsman.object.kind=Node,pointsman.result=changed [0, 0, 1, 0, 0, 0, 0, 0, 0] sum Some(0.01)
        pointsman.reconcile.duration [s] histogram 0s..10s: pointsman.object.kind=Pool,pointsman.result=changed none, flags 1
        arrived
        pointsman.reconcile.count [{reconcile}] counter 0s..20s: pointsman.object.kind=Node,pointsman.result=changed 1
        pointsman.reconcile.duration [s] histogram 0s..20s: pointsman.object.kind=Node,pointsman.result=changed [0, 0, 1, 0, 0, 0, 0, 0, 0] sum Some(0.01)
        back
        pointsman.reconcile.count [{reconcile}] counter 0s..30s: pointsman.object.kind=Node,pointsman.result=changed 1
        pointsman.reconcile.count [{reconcile}] counter 20s..30s: pointsman.object.kind=Pool,pointsman.result=changed 1
        pointsman.reconcile.duration [s] histogram 0s..30s: pointsman.object.kind=Node,pointsman.result=changed [0, 0, 1, 0, 0, 0, 0, 0, 0] sum Some(0.01)
        pointsman.reconcile.duration [s] histogram 20s..30s: pointsman.object.kind=Pool,pointsman.result=changed [0, 0, 1, 0, 0, 0, 0, 0, 0] sum Some(0.01)"#]].assert_eq(&told);
}

/// Scenario: measurements within spans. Guarantees: the last one of a set stands as an example on its points, at every
/// push, so that a lost one does no harm.
#[test]
fn measurements_point_to_their_spans() {
    let (telemetry, _) = telemetry();
    let place = |n: u64| Place::root(TraceId::from(u128::from(n)), SpanId::from(n));
    telemetry.counter().on().expect("on").add_in(1, turns("Pool"), place(1));
    telemetry.counter().on().expect("on").add_in(1, turns("Pool"), place(2));
    telemetry.counter().on().expect("on").add(1, turns("Pool"));
    telemetry.histogram().on().expect("on").record_in(9.0, ScrapeSize, place(3));
    lines(telemetry.collect());
    check(
        &telemetry,
        &expect![[r#"
        pointsman.reconcile.count [{reconcile}] counter 0s..0s: pointsman.object.kind=Pool,pointsman.result=changed 3 example Some(AsInt(1)) in 00000000000000000000000000000002/0000000000000002
        pointsman.scrape.size [By] histogram 0s..0s:  [1, 0, 0, 0, 0, 0, 0] sum Some(9.0) example Some(AsDouble(9.0)) in 00000000000000000000000000000003/0000000000000003"#]],
    );
}

/// Scenario: more attribute sets than a metric's limit of 200, then some end. Guarantees: the rest is one overflow set, the
/// sum is whole, the loss is counted, and the room of what ended is used again.
#[test]
fn a_limit_folds_into_one_set() {
    let (telemetry, _) = telemetry();
    let counter = telemetry.counter();
    let add = |n: u32| counter.on().expect("on").add(1, turns(&n.to_string()));
    (0..500).for_each(add);
    let count = |text: &str| text.lines().filter(|l| l.contains("reconcile.count")).count();
    let text = lines(telemetry.collect());
    assert_eq!(count(&text), 201);
    assert!(text.contains("otel.metric.overflow=true 300"), "{text}");
    assert!(text.contains("pointsman.limit=instrument.overflow 300"), "{text}");
    telemetry.end_where(POINTSMAN_OBJECT_KIND, "7");
    add(777);
    add(778);
    let text = lines(telemetry.collect());
    assert!(text.contains("kind=777,pointsman.result=changed 1") && text.contains("overflow=true 301"), "{text}");
}

/// Scenario: a set that is named twice, by one callback and by another one of the same metric. Guarantees: the first value
/// counts, the others are counted as losses; sets of both callbacks are there.
#[test]
fn the_first_value_of_a_set_counts() {
    let (telemetry, _) = telemetry();
    telemetry.observe::<ClusterObjects>(|r| [1, 2].into_iter().for_each(|n| r.set(n, of("Pool"))));
    telemetry.observe::<ClusterObjects>(|r| ["Pool", "Node"].into_iter().for_each(|kind| r.set(3, of(kind))));
    check(
        &telemetry,
        &expect![[r#"
        pointsman.cluster.objects [{object}] up-down 0s..0s: pointsman.object.kind=Node 3
        pointsman.cluster.objects [{object}] up-down 0s..0s: pointsman.object.kind=Pool 1
        pointsman.limit.hits [{hit}] counter 0s..0s: pointsman.limit=instrument.observed_twice 2"#]],
    );
    assert_eq!(telemetry.losses().observed_twice.get(), 2);
}

/// Scenario: more points than a request may have, of few and of many bytes. Guarantees: no request is above either limit,
/// and together they say every set once.
#[test]
fn requests_are_cut_to_size() {
    for (sets, bytes) in [(BODY_ITEMS_MAX * 2 + 5, 1), (3000, 4000)] {
        let (telemetry, _) = telemetry();
        let long = "x".repeat(bytes);
        telemetry.observe::<ClusterObjects>(move |r| (0..sets).for_each(|n| r.set(1, of(&format!("{n}{long}")))));
        telemetry.observe::<ClusterErrors>(|r| r.set(1, ClusterErrors { object_kind: "Pool".into() }));
        let bodies: Vec<_> = telemetry.collect().collect();
        assert!(bodies.len() >= 3);
        assert!(bodies.iter().all(|(_, body)| body.len() <= BODY_BYTES_MAX));
        let mut kinds = BTreeSet::new();
        for (_, body) in &bodies {
            let request = ExportMetricsServiceRequest::decode(body.clone()).expect("what we encoded");
            let scopes = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics);
            let sums = scopes.flat_map(|s| s.metrics).filter_map(|m| match m.data {
                Some(Data::Sum(sum)) => Some((m.name, sum.data_points)),
                _ => None,
            });
            let points: Vec<_> = sums.flat_map(|(name, points)| points.into_iter().map(move |p| (name.clone(), p))).collect();
            assert!(points.len() <= BODY_ITEMS_MAX);
            let about = points.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
            kinds.extend(about.map(|(name, p)| (name, attributes(&p.attributes))));
        }
        assert_eq!(kinds.len(), sets + 1);
    }
}

/// Scenario: more sets than a metric may have, all of them new at the next collection, over and over; a set too large to
/// be sent; spans that nobody takes. Guarantees: what is held has its caps, and what is lost is counted.
#[test]
fn what_is_held_is_bounded() {
    let (telemetry, _) = telemetry();
    let generation = Arc::new(AtomicU64::new(0));
    let read = generation.clone();
    let over = 10;
    telemetry.observe::<ClusterObjects>(move |r| {
        let generation = read.fetch_add(1, Ordering::Relaxed);
        (0..OBSERVED_SETS_MAX + over).for_each(|n| r.set(1, of(&format!("{generation}/{n}"))));
    });
    telemetry.observe::<ClusterErrors>(|r| r.set(1, ClusterErrors { object_kind: "x".repeat(ITEM_BYTES_MAX).into() }));
    let points = || {
        telemetry
            .metrics()
            .map(|body| {
                let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
                let metrics = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics);
                metrics
                    .map(|m| match m.data {
                        Some(Data::Sum(sum)) if m.name.ends_with("objects") => sum.data_points.len(),
                        _ => 0,
                    })
                    .sum::<usize>()
            })
            .sum::<usize>()
    };
    assert_eq!(points(), OBSERVED_SETS_MAX);
    for _ in 0..3 {
        assert_eq!(points(), OBSERVED_SETS_MAX + ENDED_SETS_MAX);
    }
    let turns = Reconcile::new(&telemetry, "Pool");
    (0..SPANS_MAX + over).for_each(|_| turns.begin().end(Outcome::Changed, 0));
    let losses = telemetry.losses();
    assert_eq!(losses.observed_sets.get(), 4 * over as u64);
    assert_eq!(losses.ended_sets.get(), (3 * OBSERVED_SETS_MAX - ENDED_SETS_MAX) as u64);
    assert_eq!(losses.item_bytes.get(), 4);
    assert_eq!(telemetry.spans_dropped(), over as u64);
}

/// Scenario: a callback that registers a metric, records one, and collects. Guarantees: none of it waits for itself.
#[test]
fn callbacks_may_use_the_telemetry() {
    let (telemetry, _) = telemetry();
    let weak: Weak<Telemetry> = Arc::downgrade(&telemetry);
    telemetry.observe::<ClusterObjects>(move |r: &Readings<'_, ClusterObjects>| {
        let telemetry = weak.upgrade().expect("it collects");
        telemetry.observe::<PipelineQueue>(|r| r.set(1, PipelineQueue { signal: PointsmanSignal::Traces }));
        telemetry.counter().on().expect("on").add(1, turns("Pool"));
        r.set(i64::from(lines(telemetry.collect()).contains("cluster.objects")), of("Pool"));
    });
    check(&telemetry, &expect!["pointsman.cluster.objects [{object}] up-down 0s..0s: pointsman.object.kind=Pool 0"]);
}

/// Scenario: the telemetry is off. Guarantees: handles are closed, nothing is held and nothing is sent.
#[test]
fn what_is_off_says_nothing() {
    let telemetry = Telemetry::builder(Identity::new("shop")).off(true).build(|| SystemTime::UNIX_EPOCH);
    telemetry.observe::<ClusterObjects>(|r| r.set(1, of("Pool")));
    assert!(telemetry.counter::<ReconcileCount>().on().is_none() && telemetry.histogram::<ScrapeSize>().on().is_none());
    Reconcile::new(&telemetry, "Pool").begin().end(Outcome::Failed, 0);
    assert_eq!(telemetry.collect().count(), 0);
}
