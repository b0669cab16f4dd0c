//! What is refused of a request that JSON cannot spell, and that every limit leaves a count behind.
//! Bytes that no SDK would send: they are patched into good requests.

use super::{TIME, gauge, text};
use crate::{
    grpc::{self, EXPORT, GRPC, framed},
    real::prometheus::ACCEPTS,
    support::Pointsman,
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point},
};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::MetricFamily;
use prost::Message;
use tonic::Code;

/// Stands for a byte that is no UTF-8; `spoil` puts it in.
const BAD: &str = "BAD";

fn spoil(mut body: Vec<u8>) -> Vec<u8> {
    let places: Vec<usize> =
        body.windows(3).enumerate().filter(|(_, three)| *three == BAD.as_bytes()).map(|(at, _)| at).collect();
    places.into_iter().for_each(|at| body[at + 1] = 0xff);
    body
}

/// A resource of the good service with one metric of two points, changed by `spoil`.
fn part(name: &str, change: impl FnOnce(&mut ResourceMetrics)) -> ResourceMetrics {
    let mut part = gauge("utf8", name, &[Some(1.0), Some(2.0)]).resource_metrics.remove(0);
    change(&mut part);
    part
}

fn scope_of(part: &mut ResourceMetrics) -> &mut ScopeMetrics {
    &mut part.scope_metrics[0]
}

fn metric_of(part: &mut ResourceMetrics) -> &mut Metric {
    &mut scope_of(part).metrics[0]
}

fn first_point(part: &mut ResourceMetrics) -> &mut NumberDataPoint {
    match &mut metric_of(part).data {
        Some(metric::Data::Gauge(gauge)) => &mut gauge.data_points[0],
        other => panic!("not a gauge: {other:?}"),
    }
}

/// How many families a body holds, read by types that are not ours.
fn families(mut body: &[u8]) -> Result<usize, prost::DecodeError> {
    let mut families = 0;
    while !body.is_empty() {
        MetricFamily::decode_length_delimited(&mut body)?;
        families += 1;
    }
    Ok(families)
}

/// Scenario: one request with invalid UTF-8 in every place that becomes a name or a label, each beside good neighbours.
/// Guarantees: refused are the point, the points of the metric, of the scope, of the resource that holds it, exactly and
/// with the reason; the rest is kept and every scrape is text, the strings of protobuf too; a frame that does not parse is bad data as a
/// whole (NM-24, PB-04).
#[test]
fn invalid_utf8_refuses_the_smallest_part() {
    let resource_metrics = vec![
        part("good", |_| {}),
        part("point.value", |p| first_point(p).attributes.push(text("key", BAD))), // 1
        part("point.key", |p| first_point(p).attributes.push(text(BAD, "value"))), // 1
        part("metric.BAD", |_| {}),                                                // 2
        part("metric.help", |p| BAD.clone_into(&mut metric_of(p).description)),    // 2
        part("in.scope.name", |p| BAD.clone_into(&mut scope_of(p).scope.as_mut().expect("a scope").name)), // 2
        part("in.scope.value", |p| scope_of(p).scope.as_mut().expect("a scope").attributes.push(text("key", BAD))), // 2
        part("in.resource", |p| p.resource.as_mut().expect("a resource").attributes.push(text("key", BAD))), // 2
    ];
    let body = spoil(ExportMetricsServiceRequest { resource_metrics }.encode_to_vec());
    let server = Pointsman::start(&[]);
    let over_http = server.push_proto("/v1/metrics", &[], &body);
    assert_eq!(over_http.status, 200, "{}", over_http.text());
    let over_grpc = grpc::call(server.grpc, EXPORT, &[GRPC], framed(0, &body));
    assert_eq!(over_grpc.code, Code::Ok, "{}", over_grpc.message);
    for answer in [over_http.body, over_grpc.answer] {
        let partial = ExportMetricsServiceResponse::decode(&*answer).expect("an answer").partial_success.expect("refusals");
        assert_eq!(partial.rejected_data_points, 12, "{}", partial.error_message);
        assert!(partial.error_message.contains("invalid UTF-8"), "{}", partial.error_message);
    }
    for accept in ACCEPTS {
        let reply = server.get_with("/metrics", &[("accept", accept)]);
        assert_eq!((reply.status, reply.complete), (200, true), "{accept}");
        // A string of protobuf that is no UTF-8 does not decode.
        let is_text = match accept.contains("protobuf") {
            true => families(&reply.body).is_ok_and(|families| families > 0),
            false => std::str::from_utf8(&reply.body).is_ok(),
        };
        assert!(is_text, "{accept}: {}", reply.text());
    }
    let kept: Vec<String> = server.scrape().lines().filter(|line| line.contains("job=\"utf8\"")).map(str::to_owned).collect();
    let wanted = [("good", "0", 1), ("good", "1", 2), ("point_key", "1", 2), ("point_value", "1", 2)];
    let wanted =
        wanted.map(|(name, point, value)| format!("{name}{{job=\"utf8\",otel_scope_name=\"test\",point=\"{point}\"}} {value}"));
    assert_eq!(kept, wanted);
    let mut cut = body;
    cut.truncate(cut.len() - 1);
    assert_eq!(server.push_proto("/v1/metrics", &[], &cut).status, 400);
}

fn value_of(own: &str, name: &str, label: &str) -> f64 {
    let line = own.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains(label));
    let value = line.and_then(|line| line.rsplit_once(' ')).and_then(|(_, value)| value.parse().ok());
    value.unwrap_or_else(|| panic!("{name} with {label} is missing in\n{own}"))
}

fn point_with(attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>) -> NumberDataPoint {
    let value = Some(number_data_point::Value::AsDouble(1.0));
    NumberDataPoint { attributes, time_unix_nano: TIME, value, ..Default::default() }
}

/// Scenario: one limit after the other bites: body, attributes of a point, length of a key and of a value, series,
/// requests in flight.
/// Guarantees: each refuses what it should, and its own count at `/metrics/self` rises by exactly that (RC-04).
#[test]
fn every_limit_that_bites_is_counted() {
    let flags = ["--max-body", "1MiB", "--max-series", "300", "--memory-limit", "96MiB"];
    let server = Pointsman::start(&flags);
    let own = || server.get("/metrics/self").text();
    let limit = |word: &str| value_of(&own(), "pointsman_limit_hits_total", &format!("pointsman_limit=\"{word}\""));
    let dropped = || value_of(&own(), "pointsman_pipeline_dropped_total", "pointsman_drop_reason=\"limit\"");
    assert_eq!((limit("body_bytes"), limit("flight_bytes"), limit("series"), dropped()), (0.0, 0.0, 0.0, 0.0));
    assert_eq!(server.push_proto("/v1/metrics", &[], &vec![0; (1 << 20) + 1]).status, 413);
    assert_eq!(limit("body_bytes"), 1.0);
    let many = (0..129).map(|i| text(&format!("k{i}"), "v")).collect();
    let points =
        vec![point_with(many), point_with(vec![text(&"k".repeat(257), "v")]), point_with(vec![text("k", &"v".repeat(4097))])];
    let mut request = gauge("limits", "attributes", &[]);
    request.resource_metrics[0].scope_metrics[0].metrics[0].data = Some(metric::Data::Gauge(Gauge { data_points: points }));
    let partial = server.push_grpc(request).expect("taken").partial_success.expect("all are refused");
    assert_eq!(partial.rejected_data_points, 3, "{}", partial.error_message);
    assert_eq!(dropped(), 3.0);
    let partial = server.push_grpc(gauge("limits", "series", &[Some(1.0); 400])).expect("taken").partial_success;
    let refused = partial.map_or(0, |partial| partial.rejected_data_points) as f64;
    assert!((100.0..400.0).contains(&refused), "{refused} of 400 refused, with room for 300");
    // Series of our own may be refused too: there is no room left for them.
    assert!(limit("series") >= refused, "{} hits, {refused} refused", limit("series"));
    assert_eq!(dropped(), 3.0 + refused);
    let held = super::fill(&server);
    let before = limit("flight_bytes");
    let body = gauge("late", "late", &[Some(1.0); 20]).encode_to_vec();
    assert_eq!(server.push_proto("/v1/metrics", &[], &body).status, 503);
    assert_eq!(limit("flight_bytes"), before + 1.0);
    drop(held);
}
