//! One unary gRPC call with any path, headers and bytes: what no well-behaved client would send is sent too.
//! Knows HTTP/2 and gRPC's frame, and nothing of OTLP.

use crate::support::{DEADLINE, runtime};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{convert::Infallible, net::SocketAddr};
use tonic::Code;

/// The method that takes metrics.
pub(crate) const EXPORT: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
/// The header that makes a request a gRPC call.
pub(crate) const GRPC: (&str, &str) = ("content-type", "application/grpc");

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) has_retry_info: bool,
    /// The message of the answer, without its frame.
    pub(crate) answer: Vec<u8>,
}

/// A message in its frame.
pub(crate) fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&[flag][..], &length.to_be_bytes(), message].concat()
}

/// One call on a connection of its own.
pub(crate) fn call(addr: SocketAddr, path: &str, headers: &[(&str, &str)], framed: Vec<u8>) -> Called {
    runtime().block_on(async {
        let (mut client, connection) = connect(addr).await;
        tokio::select! {
            called = exchange(&mut client, addr, path, headers, framed) => called,
            () = connection => panic!("the connection broke"),
        }
    })
}

/// An HTTP/2 connection, and what drives it.
async fn connect(addr: SocketAddr) -> (SendRequest<Full<Bytes>>, impl Future<Output = ()>) {
    let tcp = tokio::net::TcpStream::connect(addr).await.expect("the gRPC port answers");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await;
    let (client, connection) = handshake.expect("HTTP/2");
    // How it ends shows in the answers.
    (client, async { drop(connection.await) })
}

/// A call whose body never begins: how it is answered on its head alone, within a deadline.
pub(crate) fn call_without_body(addr: SocketAddr, path: &str) -> Called {
    runtime().block_on(async {
        let tcp = tokio::net::TcpStream::connect(addr).await.expect("the gRPC port answers");
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await;
        let (mut client, connection) = handshake.expect("HTTP/2");
        let silent = StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let request = http::Request::post(format!("http://{addr}{path}")).header("te", "trailers").header(GRPC.0, GRPC.1);
        let request = request.body(silent).expect("a request");
        let answered = async {
            let (head, body) = client.send_request(request).await.expect("an answer").into_parts();
            let trailers = body.collect().await.ok().and_then(|body| body.trailers().cloned()).unwrap_or_default();
            called(if head.headers.contains_key("grpc-status") { &head.headers } else { &trailers }, Vec::new())
        };
        tokio::select! {
            called = tokio::time::timeout(DEADLINE, answered) => called.expect("answered in time"),
            ended = connection => panic!("the connection ended: {ended:?}"),
        }
    })
}

/// How a call ended, by its status.
fn called(status: &http::HeaderMap, answer: Vec<u8>) -> Called {
    let status = tonic::Status::from_header_map(status).expect("a gRPC status");
    Called {
        code: status.code(),
        message: status.message().to_owned(),
        has_retry_info: String::from_utf8_lossy(status.details()).contains("RetryInfo"),
        answer,
    }
}

/// One call on a connection.
async fn exchange(
    client: &mut SendRequest<Full<Bytes>>,
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    framed: Vec<u8>,
) -> Called {
    let mut request = http::Request::post(format!("http://{addr}{path}")).header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(framed))).expect("a request");
    let response = client.send_request(request).await.expect("an answer");
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.expect("a body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let all = if headers.contains_key("grpc-status") { headers } else { trailers };
    called(&all, body.to_bytes().get(5..).unwrap_or_default().to_vec())
}
