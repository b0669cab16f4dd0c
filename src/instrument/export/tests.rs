use super::{Exporter, Identity, Telemetry};
use crate::{
    reconcile::{Outcome, Reconcile},
    semconv::{
        attribute::PointsmanSignal,
        pointsman::{LimitHits, PipelineQueue, PipelineReceived, ScrapeSize},
    },
    transport::{Signal, Transport},
};
use bytes::Bytes;
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value},
    metrics::v1::{AggregationTemporality, metric::Data, number_data_point},
};
use parking_lot::Mutex;
use prost::Message;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

fn telemetry() -> Arc<Telemetry> {
    let second = AtomicU64::new(0);
    let now = move || SystemTime::UNIX_EPOCH + Duration::from_secs(second.fetch_add(1, Ordering::Relaxed));
    Telemetry::new(Identity::new("shop").instance("shop-0"), now)
}

fn attributes(pairs: &[KeyValue]) -> String {
    let value = |v: &KeyValue| match v.value.as_ref().and_then(|v| v.value.as_ref()) {
        Some(any_value::Value::StringValue(s)) => s.clone(),
        Some(any_value::Value::IntValue(i)) => i.to_string(),
        other => format!("{other:?}"),
    };
    let mut pairs: Vec<_> = pairs.iter().map(|p| format!("{}={}", p.key, value(p))).collect();
    pairs.sort();
    pairs.join(",")
}

fn temporality(raw: i32) -> &'static str {
    AggregationTemporality::try_from(raw).map_or("?", |t| t.as_str_name().rsplit('_').next().unwrap_or("?"))
}

/// What a receiver reads, a line per point, without times.
fn lines(bodies: &[(Signal, Bytes)]) -> String {
    let mut out = Vec::new();
    for (signal, body) in bodies {
        match signal {
            Signal::Metrics => metric_lines(body, &mut out),
            Signal::Traces => span_lines(body, &mut out),
        }
    }
    out.sort();
    out.join("\n")
}

fn metric_lines(body: &[u8], out: &mut Vec<String>) {
    let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
    for resource in &request.resource_metrics {
        let who = attributes(&resource.resource.as_ref().expect("a resource").attributes);
        for metric in resource.scope_metrics.iter().flat_map(|s| &s.metrics) {
            let head = format!("{} [{}] {who}", metric.name, metric.unit);
            let (kind, points) = match metric.data.as_ref().expect("data") {
                Data::Sum(sum) => {
                    (format!("sum {} {}", sum.is_monotonic, temporality(sum.aggregation_temporality)), &sum.data_points)
                }
                Data::Gauge(gauge) => ("gauge".to_owned(), &gauge.data_points),
                Data::Histogram(h) => {
                    let kind = temporality(h.aggregation_temporality);
                    out.extend(
                        h.data_points
                            .iter()
                            .map(|p| format!("{head} histogram {kind}: {:?} {:?}", p.explicit_bounds, p.bucket_counts)),
                    );
                    continue;
                }
                other => panic!("{other:?}"),
            };
            for point in points {
                let value = match point.value {
                    Some(number_data_point::Value::AsInt(i)) => i.to_string(),
                    Some(number_data_point::Value::AsDouble(d)) => d.to_string(),
                    None => format!("none, flags {}", point.flags),
                };
                out.push(format!("{head} {kind}: {} {value}", attributes(&point.attributes)));
            }
        }
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

fn check(bodies: &[(Signal, Bytes)], want: &Expect) {
    want.assert_eq(&lines(bodies));
}

/// Scenario: every kind of handle is used, and collected twice. Guarantees: sums and histograms are cumulative, names,
/// units and bounds are the registry's, and the second collection says all of it again.
#[test]
fn handles_become_cumulative_otlp() {
    let telemetry = telemetry();
    let hits = telemetry.counter::<LimitHits>();
    let sizes = telemetry.histogram::<ScrapeSize>();
    telemetry.observe::<PipelineQueue>(|r| r.set(-3, PipelineQueue { signal: PointsmanSignal::Traces }));
    telemetry.observe::<PipelineReceived>(|r| r.set(9, PipelineReceived { signal: PointsmanSignal::Metrics }));
    hits.on().expect("on").add(2, LimitHits { limit: "series_max".into() });
    sizes.on().expect("on").record(1500.0, ScrapeSize);
    drop(telemetry.collect());
    hits.on().expect("on").add(1, LimitHits { limit: "series_max".into() });
    check(
        &telemetry.collect(),
        &expect![[r#"
        pointsman.limit.hits [{hit}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.limit=series_max 3
        pointsman.pipeline.queue [{item}] service.instance.id=shop-0,service.name=shop sum false CUMULATIVE: pointsman.signal=traces -3
        pointsman.pipeline.received [{item}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.signal=metrics 9
        pointsman.scrape.size [By] service.instance.id=shop-0,service.name=shop histogram CUMULATIVE: [1000.0, 10000.0, 100000.0, 1000000.0, 10000000.0, 100000000.0] [0, 1, 0, 0, 0, 0, 0]"#]],
    );
}

/// Scenario: state forgets a set, and the push that says so is lost; later the set is back. Guarantees: its end (`none`,
/// flag 1) is said until a push arrived, then no more; what is back has a value and no end.
#[test]
fn an_observed_set_ends_with_its_state() {
    let telemetry = telemetry();
    let now = Arc::new(AtomicI64::new(1));
    let state = now.clone();
    telemetry.observe::<PipelineQueue>(move |r| {
        if state.load(Ordering::Relaxed) > 0 {
            r.set(1, PipelineQueue { signal: PointsmanSignal::Traces });
        }
    });
    telemetry.observe::<PipelineReceived>(|r| r.set(9, PipelineReceived { signal: PointsmanSignal::Metrics }));
    let said =
        || lines(&telemetry.collect()).lines().filter(|l| l.contains("queue")).map(|l| format!("{l}\n")).collect::<String>();
    let mut told = said();
    now.store(0, Ordering::Relaxed);
    told += &format!("gone\n{}{}", said(), said());
    telemetry.metrics_arrived();
    told += &format!("arrived\n{}", said());
    now.store(1, Ordering::Relaxed);
    told += &format!("back\n{}", said());
    expect![[r#"
        pointsman.pipeline.queue [{item}] service.instance.id=shop-0,service.name=shop sum false CUMULATIVE: pointsman.signal=traces 1
        gone
        pointsman.pipeline.queue [{item}] service.instance.id=shop-0,service.name=shop sum false CUMULATIVE: pointsman.signal=traces none, flags 1
        pointsman.pipeline.queue [{item}] service.instance.id=shop-0,service.name=shop sum false CUMULATIVE: pointsman.signal=traces none, flags 1
        arrived
        back
        pointsman.pipeline.queue [{item}] service.instance.id=shop-0,service.name=shop sum false CUMULATIVE: pointsman.signal=traces 1
    "#]].assert_eq(&told);
}

/// Scenario: more attribute sets than a metric's limit of 200. Guarantees: the rest is one overflow set, and the sum is whole.
#[test]
fn a_limit_folds_into_one_set() {
    let telemetry = telemetry();
    let hits = telemetry.counter::<LimitHits>();
    for n in 0..500 {
        hits.on().expect("on").add(1, LimitHits { limit: n.to_string().into() });
    }
    let text = lines(&telemetry.collect());
    assert_eq!(text.lines().count(), 201);
    assert!(text.contains("otel.metric.overflow=Some(BoolValue(true)) 300"), "{text}");
}

/// Scenario: turns that change something, change nothing, fail, and are dropped half way. Guarantees: each is counted as
/// what it was, a dropped one as cancelled; one that changed nothing makes no span.
#[test]
fn a_dropped_turn_is_cancelled() {
    let telemetry = telemetry();
    let reconcile = Reconcile::new(&telemetry, "TelemetryView");
    reconcile.begin().end(Outcome::Changed, 0);
    reconcile.begin().end(Outcome::Unchanged, 0);
    reconcile.begin().end(Outcome::Failed, 3);
    drop(reconcile.begin());
    let text = lines(&telemetry.collect());
    let short: Vec<_> = text.lines().filter(|l| !l.contains("histogram")).collect();
    expect![[r#"
        pointsman.reconcile.count [{reconcile}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.object.kind=TelemetryView,pointsman.result=cancelled 1
        pointsman.reconcile.count [{reconcile}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.object.kind=TelemetryView,pointsman.result=changed 1
        pointsman.reconcile.count [{reconcile}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.object.kind=TelemetryView,pointsman.result=failed 1
        pointsman.reconcile.count [{reconcile}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.object.kind=TelemetryView,pointsman.result=unchanged 1
        span reconcile TelemetryView 1s status 0 pointsman.faults=0,pointsman.object.kind=TelemetryView,pointsman.result=changed
        span reconcile TelemetryView 1s status 2 pointsman.faults=0,pointsman.object.kind=TelemetryView,pointsman.result=cancelled
        span reconcile TelemetryView 1s status 2 pointsman.faults=3,pointsman.object.kind=TelemetryView,pointsman.result=failed"#]].assert_eq(&short.join("\n"));
}

/// Scenario: the receiver is away for the first push. Guarantees: the spans come with the second one, once.
#[tokio::test]
async fn spans_of_a_failed_push_go_out_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener); // nobody listens there any more
    let telemetry = telemetry();
    let mut exporter = Exporter::new(telemetry.clone(), Transport::http(&format!("http://{address}")).expect("a URL"));
    Reconcile::new(&telemetry, "TelemetryView").begin().end(Outcome::Changed, 0);
    exporter.push().await.expect_err("nobody is there");
    assert_eq!(exporter.failed(), 2);

    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    exporter.transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    exporter.push().await.expect("taken");
    exporter.push().await.expect("taken");
    let spans = seen.lock().iter().filter(|(signal, _)| *signal == Signal::Traces).count();
    assert_eq!(spans, 1, "once, not never and not twice");
}

/// Scenario: the process stops. Guarantees: what was recorded since the last push goes out before `run` ends.
#[tokio::test]
async fn the_last_push_comes_before_the_end() {
    let telemetry = telemetry();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    let hits = telemetry.counter::<LimitHits>();
    hits.on().expect("on").add(4, LimitHits { limit: "series_max".into() });
    Exporter::new(telemetry, transport).run(Duration::from_secs(3600), std::future::ready(()), |e| panic!("{e}")).await;
    check(
        &seen.lock(),
        &expect![
            "pointsman.limit.hits [{hit}] service.instance.id=shop-0,service.name=shop sum true CUMULATIVE: pointsman.limit=series_max 4"
        ],
    );
}
