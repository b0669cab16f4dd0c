//! What one connection may do, beyond a request at a time, and what no reply carries.
//! Knows HTTP/2 frames; of OTLP only that a request is answered.

use super::gauge;
use crate::{
    grpc::{self, EXPORT, GRPC, framed},
    support::{DEADLINE, Pointsman, http, runtime},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use std::{
    convert::Infallible,
    io::{Read, Write},
    net::TcpStream,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::oneshot;
use tonic::Code;

const PING: u8 = 6;
const GOAWAY: u8 = 7;

/// The next HTTP/2 frame: type, flags, payload.
fn frame(stream: &mut TcpStream) -> (u8, u8, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).expect("a frame, and no end of the connection");
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).expect("a short frame")];
    stream.read_exact(&mut payload).expect("a whole frame");
    (head[3], head[4], payload)
}

/// Scenario: a client pings far more often than any SDK does, without a request in flight, each ping with its own number.
/// Guarantees: every ping is answered, in order, and no GOAWAY comes (RG-13; how long a connection lives is tested beside
/// the accept loop).
#[test]
fn pings_are_permitted() {
    let server = Pointsman::start(&[]);
    let mut stream = TcpStream::connect(server.grpc).expect("the port answers");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("sent");
    for number in 0..200_u64 {
        let ping = [&[0, 0, 8, PING, 0, 0, 0, 0, 0][..], &number.to_be_bytes()].concat();
        stream.write_all(&ping).expect("sent");
        let answer = loop {
            let (kind, flags, payload) = frame(&mut stream);
            assert_ne!(kind, GOAWAY, "after {number} pings: {}", String::from_utf8_lossy(&payload));
            if (kind, flags) == (PING, 1) {
                break payload;
            }
        };
        assert_eq!(answer, number.to_be_bytes(), "ping {number}");
    }
}

/// A body whose second half comes when it is sent.
struct Halves {
    first: Option<Bytes>,
    rest: Option<oneshot::Receiver<Vec<u8>>>,
}

impl Body for Halves {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(rest) = &mut this.rest else { return Poll::Ready(None) };
        Pin::new(rest).poll(cx).map(|rest| {
            this.rest = None;
            Some(Ok(Frame::data(rest.expect("the rest is sent").into())))
        })
    }
}

/// Scenario: one call has sent its head and half of its message; meanwhile two more are made on the same connection; then
/// the first sends the rest.
/// Guarantees: the later calls are answered while the first waits, and the first is answered too (RG-15).
#[test]
fn calls_on_one_connection_run_side_by_side() {
    let server = Pointsman::start(&[]);
    let message = |name| framed(0, &gauge("side", name, &[Some(1.0)]).encode_to_vec());
    runtime().block_on(async {
        let tcp = tokio::net::TcpStream::connect(server.grpc).await.expect("the gRPC port answers");
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await;
        let (client, connection) = handshake.expect("HTTP/2");
        let calls = async {
            let (mut first, rest) = (message("first"), message("first").split_off(20));
            first.truncate(20);
            let (sender, receiver) = oneshot::channel();
            let body = Halves { first: Some(first.into()), rest: Some(receiver) }.boxed_unsync();
            let send = |body| {
                let request = http::Request::post(format!("http://{}{EXPORT}", server.grpc)).header(GRPC.0, GRPC.1);
                client.clone().send_request(request.header("te", "trailers").body(body).expect("a request"))
            };
            let mut first = std::pin::pin!(send(body));
            for name in ["second", "third"] {
                let answer = tokio::select! {
                    biased;
                    _ = &mut first => panic!("half a message was answered"),
                    answer = send(Full::new(Bytes::from(message(name))).boxed_unsync()) => answer.expect("an answer"),
                };
                let trailers = answer.into_body().collect().await.expect("a body").trailers().cloned().expect("trailers");
                assert_eq!(trailers["grpc-status"], "0", "{name}");
            }
            sender.send(rest).expect("the first call still waits");
            let body = first.await.expect("an answer").into_body().collect().await.expect("a body");
            assert_eq!(body.trailers().expect("trailers")["grpc-status"], "0", "first");
        };
        tokio::select! {
            () = calls => {}
            _ = connection => panic!("the connection broke"),
        }
    });
    let scrape = server.scrape();
    for name in ["first", "second", "third"] {
        assert!(scrape.contains(&format!("\n{name}{{")), "{name} is missing in\n{scrape}");
    }
}

/// Scenario: gRPC comes to the HTTP port, and plain HTTP to the gRPC port.
/// Guarantees: each port refuses what is the other's in a way that its sender understands; nothing is applied (RG-16).
#[test]
fn each_port_takes_its_own_protocol_only() {
    let server = Pointsman::start(&[]);
    let body = gauge("wrong", "wrong", &[Some(1.0)]).encode_to_vec();
    for content_type in ["application/x-protobuf", "application/json", "text/plain"] {
        let reply = http(server.grpc, "POST", "/v1/metrics", &[("content-type", content_type)], &body);
        assert_eq!(reply.status, 404, "{content_type}: {}", reply.text());
        assert!(reply.text().contains("gRPC"), "{content_type}: {}", reply.text());
        let reply = http(server.grpc, "POST", EXPORT, &[("content-type", content_type)], &body);
        assert_eq!(reply.status, 415, "{content_type}: {}", reply.text());
    }
    for path in [EXPORT, "/v1/metrics"] {
        let reply = http(server.http, "POST", path, &[GRPC], &framed(0, &body));
        assert_eq!(reply.status, if path == EXPORT { 404 } else { 415 }, "{path}: {}", reply.text());
    }
    assert!(!server.scrape().contains("\nwrong{"), "nothing was applied");
    assert_eq!(grpc::call(server.grpc, EXPORT, &[GRPC], framed(0, &body)).code, Code::Ok);
}

/// Scenario: senders that accept every encoding are told of refused points, and of a refused request.
/// Guarantees: the replies are plain and say so of themselves (RH-12).
#[test]
fn replies_are_never_compressed() {
    let server = Pointsman::start(&[]);
    let accept = ("accept-encoding", "gzip, zstd, deflate, br");
    let partial = gauge("plain", "plain", &[None, Some(1.0)]).encode_to_vec();
    for (body, status) in [(partial.as_slice(), 200), (b"\x0a\xff", 400)] {
        let reply = server.push_proto("/v1/metrics", &[accept], body);
        assert_eq!((reply.status, reply.header("content-encoding")), (status, None));
        assert!(!reply.body.is_empty() && !reply.body.starts_with(&[0x1f, 0x8b]), "{:?}", reply.body);
    }
    let called = grpc::call(server.grpc, EXPORT, &[GRPC, ("grpc-accept-encoding", "gzip, zstd")], framed(0, &partial));
    // Decoded as it is: a compressed message would not be one.
    let answer = super::ExportMetricsServiceResponse::decode(&*called.answer).expect("a plain message");
    assert_eq!(answer.partial_success.map(|partial| partial.rejected_data_points), Some(1));
}

/// Scenario: a page of another origin asks, with a preflight and without, at every port that speaks HTTP.
/// Guarantees: no reply allows it anything; a preflight is an ordinary method that is not taken (RH-19).
#[test]
fn no_other_origin_is_let_in() {
    let server = Pointsman::start(&[]);
    let headers = [
        ("origin", "https://elsewhere.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
        ("content-type", "application/json"),
    ];
    let rows = [
        (server.http, "OPTIONS", "/v1/metrics", 405),
        (server.http, "POST", "/v1/metrics", 200),
        (server.http, "OPTIONS", "/v1/traces", 405),
        (server.read, "OPTIONS", "/metrics", 405),
        (server.read, "GET", "/metrics", 200),
        (server.read, "GET", "/api/v1/overview", 200),
    ];
    for (address, method, path, status) in rows {
        let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
        let reply = http(address, method, path, &headers, body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        let allowed: Vec<_> = reply.headers.iter().filter(|(name, _)| name.starts_with("access-control-")).collect();
        assert!(allowed.is_empty(), "{method} {path}: {allowed:?}");
    }
}
