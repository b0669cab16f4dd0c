pub(crate) mod tls;

use super::{SendError, Signal, Transport};
use crate::{opamp::plan::PlanHash, wire};
use bytes::Bytes;
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
use prost::Message;
use std::{error::Error, io::Read, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tonic::{Code, Status};

/// The plan under which the tests' points were made.
const PLAN: PlanHash = PlanHash([0xab; 16]);

/// Answers one request with `answer` as it stands; returns the request's head and its body, inflated.
async fn serve_once(listener: TcpListener, answer: Vec<u8>) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut read = Vec::new();
    let head = loop {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.expect("readable");
        read.extend_from_slice(&part[..n]);
        if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8(read[..head].to_vec()).expect("a head in ASCII");
    let length =
        text.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length").parse::<usize>().expect("a number");
    while read.len() < head + length {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.expect("readable");
        read.extend_from_slice(&part[..n]);
    }
    stream.write_all(&answer).await.expect("writable");
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(&read[head..]).read_to_end(&mut body).expect("gzip");
    (text, body)
}

async fn post(answer: Vec<u8>) -> (Result<u64, SendError>, String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let transport = Transport::http(&url).expect("a URL");
    let send = transport.send(Signal::Metrics, Bytes::from_static(b"some points"), Some(PLAN));
    let (result, (head, body)) = tokio::join!(send, serve_once(listener, answer));
    (result, head, body)
}

/// Scenario: the receiver refuses some points. Guarantees: the request is OTLP/HTTP with gzip and names its plan, the count
/// comes back.
#[tokio::test]
async fn http_reads_partial_success() {
    let partial = ExportMetricsPartialSuccess { rejected_data_points: 7, error_message: String::new() };
    let answer = ExportMetricsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let mut response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len()).into_bytes();
    response.extend(answer);
    let (result, head, body) = post(response).await;
    assert_eq!(result.expect("taken"), 7);
    assert!(head.starts_with("POST /v1/metrics HTTP/1.1\r\n") && head.contains("content-type: application/x-protobuf"), "{head}");
    assert!(head.contains(&format!("pointsman-plan: {PLAN}\r\n")), "{head}");
    assert_eq!(body, b"some points");
}

/// Scenario: answers that are not 200. Guarantees: those of OTLP's list are tried again, others are not, least of all those
/// that say who may not send.
#[tokio::test]
async fn statuses_say_whether_to_retry() {
    let (not, again) = ([400, 401, 403, 404, 413, 415, 500, 501], [429, 502, 503, 504]);
    for (status, retry) in not.map(|status| (status, false)).into_iter().chain(again.map(|status| (status, true))) {
        let (result, ..) = post(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").into_bytes()).await;
        assert_eq!(result.expect_err("refused").retryable(), retry, "{status}");
    }
    let retryable = |code: i32| SendError::Grpc(code.into(), Box::new(Status::new(code.into(), "no"))).retryable();
    let codes: Vec<i32> = (1..=16).filter(|code| retryable(*code)).collect();
    assert_eq!(codes, [1, 4, 10, 11, 14, 15], "neither PERMISSION_DENIED, 7, nor UNAUTHENTICATED, 16");
}

/// Scenario: receivers that say when to come again, rightly and wrongly. Guarantees: it is read from HTTP's `Retry-After`
/// and gRPC's `RetryInfo`; a full receiver is asked again only if it says when.
#[tokio::test]
async fn receivers_say_when_to_come_again() {
    for (value, seconds) in [("7", Some(7)), (" 0 ", Some(0)), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)] {
        let answer = format!("HTTP/1.1 503 X\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let (result, ..) = post(answer.into_bytes()).await;
        assert_eq!(result.expect_err("refused").retry_after(), seconds.map(Duration::from_secs), "{value}");
    }
    for (seconds, nanos, want) in [(3, 500_000_000, Some(Duration::from_millis(3500))), (u64::MAX, 0, None), (1, u64::MAX, None)]
    {
        let mut details = Vec::new();
        wire::uint(&mut details, 1, 8);
        let any = wire::open(&mut details, 3);
        wire::text(&mut details, 1, "type.googleapis.com/google.rpc.RetryInfo");
        let info = wire::open(&mut details, 2);
        let delay = wire::open(&mut details, 1);
        wire::uint(&mut details, 1, seconds);
        wire::uint(&mut details, 2, nanos);
        [delay, info, any].into_iter().for_each(|message| wire::close(&mut details, message));
        let status = Status::with_details(Code::ResourceExhausted, "full", details.into());
        let error = SendError::Grpc(Code::ResourceExhausted, Box::new(status));
        assert_eq!((error.retry_after(), error.retryable()), (want, want.is_some()));
    }
    let status = Status::new(Code::ResourceExhausted, "too large");
    assert!(!SendError::Grpc(Code::ResourceExhausted, Box::new(status)).retryable());
}

/// Scenario: an answer without end. Guarantees: it is not read for ever.
#[tokio::test]
async fn an_endless_answer_is_cut() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n".to_vec();
    answer.resize(answer.len() + 80_000, b'x');
    let (result, ..) = post(answer).await;
    assert!(matches!(result, Err(SendError::Reach(_))), "{result:?}");
}

fn check(url: &str, want: &Expect) {
    let error = Transport::http(url).err().map_or("fine".to_owned(), |e| match e.source() {
        Some(source) => format!("{e}: {source}"),
        None => e.to_string(),
    });
    want.assert_eq(&error);
}

/// Scenario: addresses as people type them. Guarantees: what cannot work is said at once.
#[test]
fn addresses_are_checked_when_given() {
    check("http://127.0.0.1:4318", &expect!["fine"]);
    check("https://127.0.0.1:4318", &expect!["fine"]);
    check("127.0.0.1:4318", &expect![[r#"read "127.0.0.1:4318": write http://host:port or https://host:port"#]]);
    check("http://a b", &expect![[r#"read "http://a b" as a URL: invalid uri character"#]]);
}
