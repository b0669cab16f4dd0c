//! How OTLP bytes leave: gRPC, HTTP with protobuf, or a closure in the same process. Bytes go in as they are to be
//! sent; nothing here knows metrics or spans.

pub mod raw;
#[cfg(test)]
mod tests;

use crate::wire::{self, Field};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use raw::RawCodec;
use std::{error::Error, io::Write, sync::Arc, time::Duration};
use tonic::{
    Code, Request, Status,
    codec::CompressionEncoding,
    transport::{Channel, Endpoint},
};

/// A request that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(10);
/// An answer that is longer is refused.
const RESPONSE_BYTES_MAX: usize = 64 << 10;

/// Which OTLP service a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// `ExportMetricsServiceRequest`
    Metrics,
    /// `ExportTraceServiceRequest`
    Traces,
}

/// Takes requests in the same process.
pub type Sink = Arc<dyn Fn(Signal, Bytes) + Send + Sync>;

/// Where requests go.
#[derive(Clone)]
pub enum Transport {
    /// OTLP/gRPC, compressed with gzip.
    Grpc(Channel),
    /// OTLP/HTTP with protobuf, compressed with gzip.
    Http(http::Uri),
    /// No wire at all.
    InProcess(Sink),
}

/// The address is not one that can be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("read {url:?} as a URL")]
    NotUrl {
        /// As given.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// TLS comes later; plain text on loopback or behind a proxy only.
    #[error("read {url:?}: only http://host:port is supported")]
    NotHttp {
        /// As given.
        url: String,
    },
}

/// A request that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The receiver answered with a gRPC status.
    #[error("export over gRPC: {0:?}")]
    Grpc(Code, #[source] Status),
    /// The receiver answered with an HTTP status.
    #[error("export over HTTP: status {0}")]
    Http(http::StatusCode),
    /// There was no answer.
    #[error("reach the receiver")]
    Reach(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody answered in time.
    #[error("export within 10 s")]
    Slow,
}

impl SendError {
    /// Whether the same request may be taken later (OTLP's list of retryable answers).
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Grpc(code, _) => {
                use Code::{Aborted, Cancelled, DataLoss, DeadlineExceeded, OutOfRange, Unavailable};
                matches!(code, Cancelled | DeadlineExceeded | Aborted | OutOfRange | Unavailable | DataLoss)
            }
            Self::Http(status) => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Reach(_) | Self::Slow => true,
        }
    }
}

impl Transport {
    /// OTLP/gRPC to `http://host:port`; connects when it first sends. Call it inside a Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn grpc(url: &str) -> Result<Self, AddressError> {
        let uri = parse(url)?;
        let endpoint = Endpoint::from(uri).connect_timeout(TIMEOUT).timeout(TIMEOUT);
        Ok(Self::Grpc(endpoint.connect_lazy()))
    }

    /// OTLP/HTTP with protobuf to `http://host:port`; `/v1/metrics` and `/v1/traces` are added to its path.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn http(url: &str) -> Result<Self, AddressError> {
        parse(url).map(Self::Http)
    }

    /// Sends one request; answers how many of its points or spans were refused.
    ///
    /// # Errors
    /// When the request as a whole was not taken.
    pub async fn send(&self, signal: Signal, body: Bytes) -> Result<u64, SendError> {
        let answer = match self {
            Self::InProcess(sink) => {
                sink(signal, body);
                return Ok(0);
            }
            Self::Grpc(channel) => tokio::time::timeout(TIMEOUT, send_grpc(channel.clone(), signal, body)).await,
            Self::Http(base) => tokio::time::timeout(TIMEOUT, send_http(base, signal, body)).await,
        };
        answer.map_err(|_| SendError::Slow)?.map(|answer| rejected(&answer))
    }
}

fn parse(url: &str) -> Result<http::Uri, AddressError> {
    let not_url = |source: http::uri::InvalidUri| AddressError::NotUrl { url: url.to_owned(), source: source.into() };
    let uri: http::Uri = url.parse().map_err(not_url)?;
    if uri.scheme_str() == Some("http") && uri.host().is_some() {
        Ok(uri)
    } else {
        Err(AddressError::NotHttp { url: url.to_owned() })
    }
}

/// The count of `partial_success`; an answer that does not parse refused nothing we know of.
fn rejected(answer: &[u8]) -> u64 {
    let partial = wire::fields(answer).find_map(|field| match field {
        Field::Bytes(1, partial) => Some(partial),
        _ => None,
    });
    let count = wire::fields(partial.unwrap_or_default()).find_map(|field| match field {
        Field::Number(1, count) => Some(count.cast_signed()),
        _ => None,
    });
    count.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

async fn send_grpc(channel: Channel, signal: Signal, body: Bytes) -> Result<Bytes, SendError> {
    let path = match signal {
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    };
    let mut grpc = tonic::client::Grpc::new(channel)
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(RESPONSE_BYTES_MAX);
    grpc.ready().await.map_err(|e| SendError::Reach(e.into()))?;
    let path = http::uri::PathAndQuery::from_static(path);
    let answer = grpc.unary(Request::new(body), path, RawCodec).await;
    answer.map(tonic::Response::into_inner).map_err(|status| SendError::Grpc(status.code(), status))
}

async fn send_http(base: &http::Uri, signal: Signal, body: Bytes) -> Result<Bytes, SendError> {
    let reach = |e: Box<dyn Error + Send + Sync>| SendError::Reach(e);
    let host = base.host().unwrap_or_default();
    let port = base.port_u16().unwrap_or(80);
    let stream = tokio::net::TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map_err(|e| reach(e.into()))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|e| reach(e.into()))?;
    let exchange = async {
        let answer = sender.send_request(http_request(base, signal, &body)?).await.map_err(|e| reach(e.into()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), RESPONSE_BYTES_MAX).collect().await.map_err(reach)?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(SendError::Http(status)) }
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection may end with the last byte of the answer: what was read of it still counts.
        _ = connection => exchange.await,
    }
}

fn http_request(base: &http::Uri, signal: Signal, body: &Bytes) -> Result<http::Request<Full<Bytes>>, SendError> {
    let name = match signal {
        Signal::Metrics => "v1/metrics",
        Signal::Traces => "v1/traces",
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = gzip.write_all(body).and_then(|()| gzip.finish()).map_err(|e| SendError::Reach(e.into()))?;
    http::Request::post(format!("{}/{name}", base.path().trim_end_matches('/')))
        .header(http::header::HOST, base.authority().map_or("", http::uri::Authority::as_str))
        .header(http::header::CONTENT_TYPE, "application/x-protobuf")
        .header(http::header::CONTENT_ENCODING, "gzip")
        .body(Full::new(packed.into()))
        .map_err(|e| SendError::Reach(e.into()))
}
