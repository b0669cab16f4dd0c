//! OTLP in, as senders and their enemies send it. Each row names the rule it proves (RG: gRPC, RH: HTTP, RJ: JSON).
//! What a point means is tested in core; here is what a whole request comes to.

mod connections;
mod refusals;

use crate::{
    grpc::{self, EXPORT, GRPC, framed},
    support::{Pointsman, Reply, http, now, raw, runtime},
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse, metrics_service_client::MetricsServiceClient,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point},
    resource::v1::Resource,
};
use prost::Message;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};
use tonic::{Code, codec::CompressionEncoding};

const TIME: u64 = 1_700_000_000_000_000_000;

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}

/// A gauge with these points; a point without a value is invalid.
fn gauge(service: &str, name: &str, values: &[Option<f64>]) -> ExportMetricsServiceRequest {
    let point = |(i, value): (usize, &Option<f64>)| NumberDataPoint {
        attributes: vec![text("point", &i.to_string())],
        time_unix_nano: TIME,
        value: value.map(number_data_point::Value::AsDouble),
        ..Default::default()
    };
    let data = metric::Data::Gauge(Gauge { data_points: values.iter().enumerate().map(point).collect() });
    let metric = Metric { name: name.to_owned(), data: Some(data), ..Default::default() };
    let scope = InstrumentationScope { name: "test".to_owned(), ..Default::default() };
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics: vec![metric], ..Default::default() }];
    let resource = Some(Resource { attributes: vec![text("service.name", service)], ..Default::default() });
    ExportMetricsServiceRequest { resource_metrics: vec![ResourceMetrics { resource, scope_metrics, ..Default::default() }] }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("gzip works")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("zstd works")
}

fn json_gauge(name: &str, point: &str) -> String {
    format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"json"}}}}]}},
        "scopeMetrics":[{{"metrics":[{{"name":"{name}","gauge":{{"dataPoints":[{point}]}}}}]}}]}}]}}"#
    )
}

/// Scenario: one gauge over each way in, plain and compressed.
/// Guarantees: every value is in the next scrape (RG-01, RG-02, RH-01, RH-02, RH-05, RH-11).
#[test]
fn a_gauge_arrives_by_every_way_in() {
    let server = Pointsman::start(&[]);
    server.push_grpc(gauge("a", "by.grpc", &[Some(1.0)])).expect("taken");
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let url = format!("http://{}", server.grpc);
        let request = gauge("a", &format!("by.grpc.{encoding}"), &[Some(2.0)]);
        let reply = runtime().block_on(async {
            let client = MetricsServiceClient::connect(url).await.expect("the gRPC port answers");
            client.send_compressed(encoding).export(request).await
        });
        assert_eq!(reply.expect("taken").into_inner().partial_success, None, "RG-06");
    }
    let protobuf = |name| gauge("a", name, &[Some(3.0)]).encode_to_vec();
    let bodies = [
        ("", protobuf("by.http")),
        ("identity", protobuf("by.http.identity")),
        ("GZIP", gzip(&protobuf("by.http.gzip"))),
        ("zstd", zstd(&protobuf("by.http.zstd"))),
    ];
    for (encoding, body) in bodies {
        let reply = server.push_proto("/v1/metrics", &[("content-encoding", encoding)], &body);
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{encoding}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/x-protobuf"), "RH-04");
    }
    let json = json_gauge("by.json", &format!(r#"{{"asInt":"4","timeUnixNano":"{TIME}"}}"#));
    let reply = http(server.http, "POST", "/v1/metrics", &[("content-type", "Application/JSON; charset=utf-8")], json.as_bytes());
    assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
    assert_eq!(reply.header("content-type"), Some("application/json"), "RH-04");
    let scrape = server.scrape();
    let names = [
        "by_grpc{",
        "by_grpc_gzip{",
        "by_grpc_zstd{",
        "by_http{",
        "by_http_identity{",
        "by_http_gzip{",
        "by_http_zstd{",
        "by_json{",
    ];
    for name in names {
        assert!(scrape.lines().any(|line| line.starts_with(name)), "{name} is missing in\n{scrape}");
    }
}

/// Scenario: nothing at all, and empty envelopes.
/// Guarantees: success without a partial success (RG-05, RG-06, RH-05).
#[test]
fn empty_requests_are_fine() {
    let server = Pointsman::start(&[]);
    let empty = ExportMetricsServiceRequest { resource_metrics: vec![ResourceMetrics::default()] };
    for request in [ExportMetricsServiceRequest::default(), empty] {
        assert_eq!(server.push_grpc(request.clone()).expect("taken").partial_success, None);
        server.push(&request);
    }
    assert_eq!(server.push_json("/v1/traces", "{}").text(), "{}");
}

/// Scenario: two of three points are invalid.
/// Guarantees: the third is kept, and the sender reads the exact number in its own encoding (RG-07, RH-06, RV-02).
#[test]
fn bad_points_are_counted_and_the_rest_is_kept() {
    let server = Pointsman::start(&[]);
    let request = gauge("a", "mixed", &[None, Some(7.0), None]);
    let partial = server.push_grpc(request.clone()).expect("taken").partial_success.expect("two are refused");
    assert_eq!(partial.rejected_data_points, 2);
    assert!(partial.error_message.contains("number point without a value"), "{}", partial.error_message);
    let json = format!(r#"{{"timeUnixNano":"{TIME}"}},{{"asDouble":"NaN","timeUnixNano":"{TIME}"}},{{"asInt":1}}"#);
    let reply = server.push_json("/v1/metrics", &json_gauge("mixed.json", &json));
    assert_eq!(reply.json()["partialSuccess"]["rejectedDataPoints"], "2", "{}", reply.text());
    let scrape = server.scrape();
    assert!(scrape.contains("mixed{") && scrape.contains("point=\"1\"} 7"), "{scrape}");
    assert!(scrape.lines().any(|line| line.starts_with("mixed_json") && line.ends_with(" NaN")), "{scrape}");
}

/// One row of the table of bad requests over HTTP.
struct Bad {
    rule: &'static str,
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: u16,
    code: i64,
}

fn bad(rule: &'static str, content_type: &'static str, body: Vec<u8>, status: u16, code: i64) -> Bad {
    Bad { rule, method: "POST", path: "/v1/metrics", headers: vec![("content-type", content_type)], body, status, code }
}

fn bad_requests() -> Vec<Bad> {
    let (json, protobuf) = ("application/json", "application/x-protobuf");
    let good = gauge("bad", "bad", &[Some(1.0)]).encode_to_vec();
    let encoded = |rule, encoding, body, status, code| {
        let mut row = bad(rule, protobuf, body, status, code);
        row.headers.push(("content-encoding", encoding));
        row
    };
    let two_members = [gzip(&good), gzip(&good)].concat();
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 4].to_vec();
    let deep = format!(r#"{{"resourceMetrics":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    vec![
        bad("RH-03: no such type", "text/plain", good.clone(), 415, 3),
        Bad { headers: vec![], ..bad("RH-03: no type", json, good.clone(), 415, 3) },
        Bad { method: "GET", ..bad("RH-15: method", protobuf, vec![], 405, 12) },
        Bad { path: "/v1/logs", ..bad("RH-01: logs", json, b"{}".to_vec(), 404, 5) },
        Bad { path: "/v1/metrics/", ..bad("RH-15: slash", json, b"{}".to_vec(), 404, 5) },
        bad("RH-08: JSON", json, b"{\"resourceMetrics\":[".to_vec(), 400, 3),
        bad("RJ-12: array", json, b"[]".to_vec(), 400, 3),
        bad("RJ-10: depth", json, deep.into_bytes(), 400, 3),
        bad("RJ-05: number", json, json_gauge("bad", r#"{"asInt":"x","timeUnixNano":"1"}"#).into_bytes(), 400, 3),
        bad("RH-08: truncated", protobuf, good[..good.len() - 3].to_vec(), 400, 3),
        bad("RH-08: a length that lies", protobuf, [&[0x0a, 0xff, 0xff, 0xff, 0x7f], &good[..]].concat(), 400, 3),
        encoded("RH-11: unknown", "deflate", good.clone(), 415, 12),
        encoded("T6: a chain", "gzip, gzip", gzip(&gzip(&good)), 415, 12),
        encoded("RH-10: no gzip", "gzip", good.clone(), 400, 3),
        encoded("RH-10: cut gzip", "gzip", cut(gzip(&good)), 400, 3),
        encoded("RH-10: two members", "gzip", two_members, 400, 3),
        encoded("RH-10: garbage behind", "gzip", [gzip(&good), vec![1]].concat(), 400, 3),
        encoded("RH-10: cut zstd", "zstd", cut(zstd(&good)), 400, 3),
        encoded("RH-10: garbage behind zstd", "zstd", [zstd(&good), vec![1]].concat(), 400, 3),
        bad("RH-09: too large", protobuf, vec![0; (1 << 20) + 1], 413, 8),
        encoded("RH-09: too large inflated", "gzip", gzip(&vec![0; 10 << 20]), 413, 8),
        encoded("T5: a bomb", "zstd", zstd(&vec![0; 100 << 20]), 413, 8),
    ]
}

fn check_status(row: &Bad, reply: &Reply) {
    let rule = row.rule;
    assert_eq!(reply.status, row.status, "{rule}: {}", reply.text());
    let is_protobuf = row.headers.contains(&("content-type", "application/x-protobuf"));
    let (content_type, code) = if is_protobuf {
        // google.rpc.Status: field 1, varint.
        assert_eq!(reply.body.first(), Some(&8), "{rule}: the body is a Status");
        ("application/x-protobuf", i64::from(reply.body[1]))
    } else {
        let status = reply.json();
        assert!(status["message"].as_str().is_some_and(|text| !text.is_empty()), "{rule}: {status}");
        ("application/json", status["code"].as_i64().expect("a code"))
    };
    assert_eq!((reply.header("content-type"), code), (Some(content_type), row.code), "{rule}: RH-07");
    assert_eq!(reply.header("allow"), (row.status == 405).then_some("POST"), "{rule}");
    assert_eq!(reply.header("retry-after"), None, "{rule}: no sender may send this again");
}

/// Scenario: every kind of bad request, one after the other.
/// Guarantees: its own status, a `google.rpc.Status` in the request's encoding, nothing applied, and the server lives on.
#[test]
fn bad_requests_have_their_own_answers() {
    let server = Pointsman::start(&["--max-body", "1MiB"]);
    for row in bad_requests() {
        let reply = http(server.http, row.method, row.path, &row.headers, &row.body);
        check_status(&row, &reply);
    }
    server.push(&gauge("good", "good", &[Some(1.0)]));
    let scrape = server.scrape();
    assert!(scrape.contains("\ngood{") && !scrape.contains("\nbad{"), "{scrape}");
    let flow = server.get("/api/v1/flow").json();
    assert_eq!(flow["item"]["metrics"]["requestsRefused"]["too_large"], 3, "{flow}");
}

/// Scenario: bodies that the HTTP layer itself must refuse, or that never end.
/// Guarantees: 400 for a body shorter than announced (RH-17, RH-21), nothing applied; 431 for a head without end.
#[test]
fn broken_http_is_refused() {
    let server = Pointsman::start(&[]);
    let body = gauge("cut", "cut", &[Some(1.0)]).encode_to_vec();
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len() + 1
    );
    let mut stream = TcpStream::connect(server.http).expect("the port answers");
    stream.write_all(&[head.as_bytes(), &body].concat()).expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("half closed");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    assert_eq!(raw(server.http, long.as_bytes()).status, 431);
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100));
    assert_eq!(raw(server.http, many.as_bytes()).status, 431);
    assert!(!server.scrape().contains("\ncut{"));
}

/// Scenario: a sender announces its body and waits to be asked for it; another sends it in chunks.
/// Guarantees: both are taken (RH-16).
#[test]
fn expect_continue_and_chunks_work() {
    let server = Pointsman::start(&[]);
    let body = gauge("a", "asked.for", &[Some(1.0)]).encode_to_vec();
    let head = "POST /v1/metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\n";
    let mut stream = TcpStream::connect(server.http).expect("the port answers");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out can be set");
    stream.write_all(format!("{head}expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes()).expect("sent");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim answer");
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue\r\n"), "{}", String::from_utf8_lossy(&interim));
    stream.write_all(&body).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body = gauge("a", "in.chunks", &[Some(1.0)]).encode_to_vec();
    let chunked =
        [format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    assert_eq!(raw(server.http, &chunked).status, 200);
    let scrape = server.scrape();
    assert!(scrape.contains("asked_for{") && scrape.contains("in_chunks{"), "{scrape}");
}

/// A unary call of any method with any message, as bytes.
fn call(server: &Pointsman, path: &str, headers: &[(&str, &str)], framed: Vec<u8>) -> (Code, String, bool) {
    let called = grpc::call(server.grpc, path, headers, framed);
    (called.code, called.message, called.has_retry_info)
}

/// Scenario: every kind of bad call, one after the other.
/// Guarantees: its own code, none that clients would retry, no RetryInfo (RG-01, RG-02, RG-03, RG-10, RG-11).
#[test]
fn bad_calls_have_their_own_codes() {
    let server = Pointsman::start(&["--max-body", "1MiB"]);
    let good = gauge("bad", "bad", &[Some(1.0)]).encode_to_vec();
    let logs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let large = (1_u32 << 20) + 1;
    let lying = [&[0][..], &u32::MAX.to_be_bytes(), b"abc"].concat();
    let rows = [
        ("RG-01: logs", logs, vec![GRPC], framed(0, b""), Code::Unimplemented),
        ("RG-02: unknown encoding", EXPORT, vec![GRPC, ("grpc-encoding", "snappy")], framed(1, &good), Code::Unimplemented),
        ("RG-03: too large", EXPORT, vec![GRPC], framed(0, &vec![0; large as usize]), Code::ResourceExhausted),
        (
            "RG-03: inflated",
            EXPORT,
            vec![GRPC, ("grpc-encoding", "gzip")],
            framed(1, &gzip(&vec![0; 10 << 20])),
            Code::ResourceExhausted,
        ),
        ("T9: a length that lies", EXPORT, vec![GRPC], lying, Code::ResourceExhausted),
        ("RG-10: not OTLP", EXPORT, vec![GRPC], framed(0, b"\x0a\xff"), Code::InvalidArgument),
        ("RG-10: cut", EXPORT, vec![GRPC], framed(0, &good)[..20].to_vec(), Code::InvalidArgument),
        ("RG-10: no gzip", EXPORT, vec![GRPC, ("grpc-encoding", "gzip")], framed(1, &good), Code::InvalidArgument),
        ("no message", EXPORT, vec![GRPC], vec![], Code::Internal),
        ("two messages", EXPORT, vec![GRPC], [framed(0, &good), framed(0, &good)].concat(), Code::Internal),
        ("a flag without encoding", EXPORT, vec![GRPC], framed(1, &good), Code::Internal),
    ];
    for (rule, path, headers, body, code) in rows {
        let (found, message, has_retry_info) = call(&server, path, &headers, body);
        assert_eq!((found, has_retry_info), (code, false), "{rule}: {message}");
        assert!(!message.is_empty(), "{rule}");
    }
    assert!(!server.scrape().contains("\nbad{"), "nothing was applied");
    let (code, message, _) = call(&server, EXPORT, &[GRPC], framed(0, &gauge("good", "good", &[Some(1.0)]).encode_to_vec()));
    assert_eq!(code, Code::Ok, "{message}");
}

/// A request of nearly 1 MiB that never ends, for as long as its connection is held.
fn hold(server: &Pointsman) -> TcpStream {
    let head = "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1048576\r\n\r\n";
    let mut stream = TcpStream::connect(server.http).expect("the port answers");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![0; (1 << 20) - 100])).expect("sent");
    stream
}

/// Bodies that never end, one after the other, until the share of requests in flight is used up.
fn fill(server: &Pointsman) -> Vec<TcpStream> {
    let mut held = Vec::new();
    let health = || server.get("/api/v1/health").json()["item"].clone();
    let refused = || health()["limits"]["flight_bytes"].as_u64();
    let before = refused();
    while refused() == before {
        assert!(held.len() < 64, "64 MiB are in flight: {}", health());
        held.push(hold(server));
        let all = 1_000_000 * held.len() as u64;
        crate::support::wait("it to be held or refused", || {
            (health()["flightBytes"].as_u64() >= Some(all) || refused() != before).then_some(())
        });
    }
    held
}

/// Scenario: bodies come in so large that not all fit in the budget of bytes in flight.
/// Guarantees: who comes too late is told to come back: 503 with Retry-After, UNAVAILABLE with RetryInfo; when the
/// others are gone it is taken (RG-09, RH-13, RC-05).
#[test]
fn too_much_in_flight_is_told_to_come_back() {
    let server = Pointsman::start(&["--max-body", "1MiB", "--memory-limit", "96MiB"]);
    let held = fill(&server);
    let body = gauge("late", "late", &[Some(1.0); 20]).encode_to_vec();
    let reply = server.push_proto("/v1/metrics", &[], &body);
    let after = reply.header("retry-after").and_then(|text| text.parse().ok());
    assert!(reply.status == 503 && matches!(after, Some(5..=10)), "{reply:?}");
    let (code, _, has_retry_info) = call(&server, EXPORT, &[GRPC], framed(0, &body));
    assert_eq!((code, has_retry_info), (Code::Unavailable, true));
    drop(held);
    crate::support::wait("room again", || (server.push_proto("/v1/metrics", &[], &body).status == 200).then_some(()));
}

/// Scenario: health is asked over gRPC.
/// Guarantees: it serves, as a whole and by service (RG-14).
#[test]
fn grpc_health_answers() {
    let server = Pointsman::start(&[]);
    let path = "/grpc.health.v1.Health/Check";
    for service in ["", "opentelemetry.proto.collector.metrics.v1.MetricsService"] {
        let name = [&[0x0a, u8::try_from(service.len()).expect("short")][..], service.as_bytes()].concat();
        let (code, message, _) = call(&server, path, &[GRPC], framed(0, &name));
        assert_eq!(code, Code::Ok, "{service:?}: {message}");
    }
    let unknown = [&[0x0a, 1][..], b"x"].concat();
    assert_eq!(call(&server, path, &[GRPC], framed(0, &unknown)).0, Code::NotFound);
}

/// Scenario: a peer sends half a head and no more; another asks, pauses longer than a head may take, and asks again on
/// the same connection.
/// Guarantees: the first is cut off after the time for a head, the second is served both times, and so are others (RH-18).
#[test]
fn a_slow_head_is_cut_off() {
    let server = Pointsman::start(&[]);
    let connect = || {
        let stream = TcpStream::connect(server.http).expect("the port answers");
        stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a time-out can be set");
        stream
    };
    let (mut slow, mut patient) = (connect(), connect());
    let began = now();
    slow.write_all(b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\n").expect("sent");
    let request = b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let mut ask = || {
        patient.write_all(request).expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n{}") {
            let mut byte = [0];
            patient.read_exact(&mut byte).expect("an answer, and no end of the connection");
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    };
    ask();
    server.push(&gauge("fast", "fast", &[Some(1.0)]));
    assert!(began.elapsed() < Duration::from_secs(3), "others wait");
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).expect("closed, not left open");
    assert!(began.elapsed() >= Duration::from_secs(4), "cut off too early: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(12), "cut off too late: {:?}", began.elapsed());
    ask();
}
