//! The memory limit, as the kernel sees it: whatever comes in, the process never held more than it was given, refuses before
//! it reads, and goes on with what it knows.

use crate::{
    grpc::{EXPORT, call_without_body},
    support::{DEADLINE, Pointsman, parse, run, wait},
};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};
use tonic::Code;

const TIME: u64 = 1_700_000_000_000_000_000;

fn text(key: &str, value: String) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value)) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}

fn resource(service: &str) -> Option<Resource> {
    Some(Resource { attributes: vec![text("service.name", service.to_owned())], ..Default::default() })
}

/// Series of one metric, numbered from `from` on.
fn series(service: &str, from: u64, n: u64, time: u64) -> Vec<u8> {
    let point = |i: u64| NumberDataPoint {
        attributes: vec![text("id", format!("{service}-{i:012}")), text("kind", "series".to_owned())],
        time_unix_nano: time,
        value: Some(number_data_point::Value::AsInt(7)),
        ..Default::default()
    };
    let data = metric::Data::Gauge(Gauge { data_points: (from..from + n).map(point).collect() });
    let metric = Metric { name: format!("{service}.gauge"), data: Some(data), ..Default::default() };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..Default::default() }];
    let resource_metrics = vec![ResourceMetrics { resource: resource(service), scope_metrics, ..Default::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

/// The most that the process ever held, in bytes.
fn peak(server: &Pointsman) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

fn check_peak(server: &Pointsman, limit_mib: u64) {
    let peak = peak(server);
    assert!(peak <= limit_mib << 20, "{} MiB were held, {limit_mib} are allowed", peak >> 20);
}

fn of(service: &str, scrape: &str) -> Vec<String> {
    let metric = format!("{service}_gauge{{");
    scrape.lines().filter(|line| line.starts_with(&metric)).map(str::to_owned).collect()
}

/// How many points of a request were refused, and why.
fn refused(server: &Pointsman, body: &[u8]) -> (i64, String) {
    let reply = server.push_proto("/v1/metrics", &[], body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse::decode(&*reply.body);
    let partial = reply.expect("a response").partial_success.unwrap_or_default();
    (partial.rejected_data_points, partial.error_message)
}

/// Scenario: one sender makes unique sets without end, far beyond what fits; another one has a few, sent before.
/// Guarantees (T3, RV-04): the limit holds; what does not fit is refused by its name and counted; the other's series read
/// as before, byte for byte; it goes on, and so does the first with the series that it has.
#[test]
fn t03_a_series_bomb_stays_within_the_limit() {
    const LIMIT_MIB: u64 = 96;
    let server = Pointsman::start(&["--memory-limit", "96MiB", "--max-series", "10000000"]);
    assert_eq!(refused(&server, &series("victim", 0, 500, TIME)).0, 0);
    let before = of("victim", &server.scrape());
    assert_eq!(before.len(), 500);
    let (mut sent, mut out, mut why) = (0, 0, String::new());
    while sent < 300_000 {
        let (n, text) = refused(&server, &series("bomb", sent, 4_000, TIME));
        (sent, out, why) = (sent + 4_000, out + n, text);
    }
    assert!(out > 100_000 && why.contains("--memory-limit"), "{out} of {sent} refused: {why}");
    let kept = of("bomb", &server.scrape()).len() as u64;
    assert_eq!(kept, sent - out.unsigned_abs(), "what was not refused is there");
    assert!(kept > 10_000, "{kept} series fit");
    assert_eq!(of("victim", &server.scrape()), before);
    assert_eq!(refused(&server, &series("victim", 0, 500, TIME + 1)).0, 0, "known series go on");
    assert_eq!(refused(&server, &series("bomb", 0, 4_000, TIME + 1)).0, 0, "those of the bomb, too");
    let hits = server.get("/api/v1/health").json()["item"]["limits"]["memory"].as_u64();
    assert!(hits >= Some(out.unsigned_abs()), "{hits:?} hits, {out} refused");
    check_peak(&server, LIMIT_MIB);
}

/// What became of the senders of a flood.
#[derive(Default)]
struct Flood {
    stop: AtomicBool,
    answered: AtomicU64,
    refused: AtomicU64,
}

/// Ends a flood, whatever becomes of the test.
struct Ends<'a>(&'a Flood);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl Flood {
    /// Sends bodies of zeros of up to `bytes`, one a connection, until told to stop; each stays open with its last bytes unsent
    /// until it is answered.
    fn send(&self, addr: SocketAddr, bytes: usize, is_chunked: bool) {
        let head = "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n";
        let length = if is_chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {bytes}") };
        let piece = if is_chunked { [b"8000\r\n".as_slice(), &[0; 32 << 10], b"\r\n"].concat() } else { vec![0; 32 << 10] };
        while !self.stop.load(Ordering::Relaxed) {
            let mut stream = TcpStream::connect(addr).expect("the port answers");
            let timeout = Some(Duration::from_millis(200));
            stream.set_write_timeout(timeout).and_then(|()| stream.set_read_timeout(timeout)).expect("set");
            let mut sent = stream.write_all(format!("{head}{length}\r\n\r\n").as_bytes()).is_ok();
            for _ in 1..bytes / (32 << 10) {
                sent = sent && stream.write_all(&piece).is_ok();
            }
            let mut answer = Vec::new();
            while !self.stop.load(Ordering::Relaxed) {
                match stream.read(&mut [0; 4096]).map(|n| answer.push(n)) {
                    Ok(()) if answer.last() == Some(&0) => break,
                    Ok(()) => continue,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                    Err(_) => break,
                }
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.refused.fetch_add(u64::from(!answer.is_empty()), Ordering::Relaxed);
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The answer to a request of which only the head was sent.
fn on_head_alone(addr: SocketAddr, bytes: usize) -> crate::support::Reply {
    let mut stream = TcpStream::connect(addr).expect("the port answers");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
    let head =
        format!("POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut some = [0; 1024];
        let n = stream.read(&mut some).expect("an answer, without a byte of the body");
        assert!(n > 0, "closed without an answer");
        answer.extend_from_slice(&some[..n]);
    }
    parse(&answer)
}

/// Scenario: 200 connections send large bodies as fast as they can and never end them, announced and in chunks.
/// Guarantees (G24, RC-05, RH-13, RG-09): the limit holds; meanwhile a request is refused on its head alone, by 503 with
/// Retry-After and by UNAVAILABLE with RetryInfo; when the flood is over, requests are taken and the memory is given back.
#[test]
fn t09_a_flood_of_bodies_stays_within_the_limit() {
    const LIMIT_MIB: u64 = 128;
    let server = Pointsman::start(&["--memory-limit", "128MiB", "--max-body", "4MiB"]);
    assert_eq!(refused(&server, &series("victim", 0, 500, TIME)).0, 0);
    let flood = Flood::default();
    thread::scope(|scope| {
        let _ends = Ends(&flood);
        for sender in 0..200 {
            let (flood, addr) = (&flood, server.http);
            scope.spawn(move || flood.send(addr, 4 << 20, sender % 2 == 0));
        }
        let full = || on_head_alone(server.http, 1_000);
        let reply = wait("the share of bodies to fill", || Some(full()).filter(|reply| reply.status == 503));
        let after = reply.header("retry-after").and_then(|text| text.parse().ok());
        assert!(matches!(after, Some(5..=10)), "{reply:?}");
        let called = wait("the same over gRPC", || {
            Some(call_without_body(server.grpc, EXPORT)).filter(|called| called.code == Code::Unavailable)
        });
        assert!(called.has_retry_info, "{called:?}");
        wait("more to be refused", || (flood.refused.load(Ordering::Relaxed) >= 200).then_some(()));
    });
    check_peak(&server, LIMIT_MIB);
    wait("room again", || {
        let reply = server.push_proto("/v1/metrics", &[], &series("victim", 0, 500, TIME + 1));
        (reply.status == 200).then_some(())
    });
    wait("all of it to be given back", || {
        (server.get("/api/v1/health").json()["item"]["flightBytes"].as_u64() == Some(0)).then_some(())
    });
}

/// One request of spans, of about so many bytes.
fn spans(turn: u64, bytes: usize) -> Vec<u8> {
    let span = |i: u64| Span {
        trace_id: [turn.to_be_bytes(), (i + 1).to_be_bytes()].concat(),
        span_id: (i + 1).to_be_bytes().to_vec(),
        name: "x".repeat(1_000),
        start_time_unix_nano: TIME,
        end_time_unix_nano: TIME + 1,
        ..Default::default()
    };
    let spans = (0..bytes as u64 / 1_000).map(span).collect();
    let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource("tracer"), scope_spans, ..Default::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Scenario: the back end of traces takes nothing, spans come without end, and a bomb of series beside them.
/// Guarantees (F18): the limit holds; spans are taken and dropped by reason, known series go on.
#[test]
fn f18_a_full_queue_of_spans_stays_within_the_limit() {
    const LIMIT_MIB: u64 = 96;
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", deaf.local_addr().expect("it is bound"));
    let server = Pointsman::start(&["--memory-limit", "96MiB", "--traces-to", &url]);
    assert_eq!(refused(&server, &series("victim", 0, 500, TIME)).0, 0);
    for turn in 0..40 {
        assert_eq!(server.push_proto("/v1/traces", &[], &spans(turn, 500_000)).status, 200, "no sender is to blame");
        refused(&server, &series("bomb", turn * 4_000, 4_000, TIME));
    }
    assert_eq!(refused(&server, &series("victim", 0, 500, TIME + 1)).0, 0);
    let own = server.get("/metrics/self").text();
    let dropped = own.lines().any(|line| line.contains("pointsman_drop_reason=\"queue_full\"") && !line.ends_with(" 0"));
    assert!(dropped, "{own}");
    check_peak(&server, LIMIT_MIB);
}

/// Scenario: a limit that is smaller than the program, and a body that does not fit in the limit.
/// Guarantees: neither starts; each says what would.
#[test]
fn a_limit_that_cannot_hold_is_a_fault() {
    for (flags, says) in [(["--memory-limit", "8MiB"], "give at least"), (["--max-body", "1GiB"], "give at most")] {
        let (code, _, stderr) = run(&[&["serve", "--otlp-grpc", "127.0.0.1:0"], &flags[..]].concat(), &[]);
        assert!(code == 2 && stderr.contains(says) && stderr.contains(flags[0]), "{code}: {stderr}");
    }
}
