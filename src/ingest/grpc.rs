//! OTLP over gRPC: unary framing of our own on hyper, so that bytes are accounted as they arrive, announced lengths
//! reserve nothing, and inflating has the caps of HTTP. Health is tonic's. Everything else is UNIMPLEMENTED.

use super::{Ingest, Refusal, Said, Signal, admit::Held, answer, body, inflate::Encoding};
use crate::auth::Denied;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
use tonic::{Code, Status};

/// Name of the metrics service.
pub const METRICS_SERVICE: &str = "opentelemetry.proto.collector.metrics.v1.MetricsService";
/// Name of the trace service.
pub const TRACES_SERVICE: &str = "opentelemetry.proto.collector.trace.v1.TraceService";
/// Path of the metrics service.
pub const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
/// Path of the trace service.
pub const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A message's flag and length.
const PREFIX_BYTES: usize = 5;
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ACCEPTED: HeaderValue = HeaderValue::from_static(Encoding::ACCEPTED);
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The services, beside those of `others` (health).
pub fn router(ingest: &Arc<Ingest>, others: Router) -> Router {
    let at = |signal| any(move |State(ingest): State<Arc<Ingest>>, request: Request| export(ingest, signal, request));
    let ours = Router::new()
        .route(METRICS, at(Signal::Metrics))
        .route(TRACES, at(Signal::Traces))
        .fallback(unimplemented)
        .with_state(Arc::clone(ingest));
    ours.merge(others)
}

/// The answer to somebody who may not send: to every call alike, and before its message is looked at.
#[must_use]
pub fn denied(ingest: &Ingest, denied: Denied, request: &Request) -> Response {
    let refusal = Refusal::Denied(denied);
    if let Some(signal) = signal_of(request.uri().path()) {
        ingest.stats.refused(signal, &refusal);
    }
    Failure::Refused(refusal).status().into_http()
}

fn signal_of(path: &str) -> Option<Signal> {
    match path {
        METRICS => Some(Signal::Metrics),
        TRACES => Some(Signal::Traces),
        _ => None,
    }
}

/// The answer to a request that panicked.
#[must_use]
pub fn on_panic() -> Response {
    Status::internal("pointsman failed on this request").into_http()
}

/// The answer to a call, of this path, that took us too long.
#[must_use]
pub fn on_late(ingest: &Ingest, path: &str) -> Response {
    if let Some(signal) = signal_of(path) {
        ingest.stats.refused(signal, &Refusal::Late);
    }
    Failure::Refused(Refusal::Late).status().into_http()
}

async fn unimplemented(request: Request) -> Response {
    if is_grpc(request.headers()) {
        return Status::unimplemented("no such service: metrics and traces are taken, logs are not").into_http();
    }
    plain(StatusCode::NOT_FOUND, "this port takes OTLP over gRPC only\n")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    value.starts_with(b"application/grpc") && !value.starts_with(b"application/grpc-web")
}

async fn export(ingest: Arc<Ingest>, signal: Signal, request: Request) -> Response {
    if !is_grpc(request.headers()) {
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this port takes OTLP over gRPC only\n");
    }
    match take(&ingest, signal, request).await {
        Ok(reply) => success(&reply),
        Err(failure) => {
            if let Failure::Refused(refusal) = &failure {
                ingest.stats.refused(signal, refusal);
            }
            let mut response = failure.status().into_http();
            response.headers_mut().insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
            response
        }
    }
}

/// Why a call fails: as over HTTP, or because it is not gRPC as we know it.
enum Failure {
    Refused(Refusal),
    Framing(Code, &'static str),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    fn status(&self) -> Status {
        match self {
            Self::Framing(code, text) => Status::new(*code, *text),
            Self::Refused(refusal) => {
                let refused = answer::refused(refusal);
                Status::with_details(Code::from(refused.code as i32), &refused.message, refused.to_protobuf().into())
            }
        }
    }
}

async fn take(ingest: &Ingest, signal: Signal, request: Request) -> Result<Vec<u8>, Failure> {
    let encoding = Encoding::parse(request.headers().get(GRPC_ENCODING).map(HeaderValue::as_bytes))?;
    let said = Said::of(&request);
    ingest.pace(&said)?;
    let limit = ingest.body_bytes_max.saturating_add(PREFIX_BYTES);
    let framed = body::read(ingest, request.into_body(), (limit, true)).await.map_err(|refusal| match refusal {
        // The sender knows the limit of a message, not of its frame.
        Refusal::TooLarge { .. } => Refusal::TooLarge { limit: ingest.body_bytes_max },
        other => other,
    })?;
    let message = unframe(ingest, framed, encoding)?;
    let tally = ingest.apply(signal, &message, &said)?;
    Ok(answer::taken(signal, &tally).to_protobuf())
}

/// The one message of a unary call.
fn unframe(ingest: &Ingest, mut framed: Held, encoding: Encoding) -> Result<Held, Failure> {
    let Some((&[flag, a, b, c, d], rest)) = framed.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(Failure::Framing(Code::Internal, "the call has no message"));
    };
    let announced = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if announced > ingest.body_bytes_max {
        return Err(Refusal::TooLarge { limit: ingest.body_bytes_max }.into());
    }
    match rest.len() {
        n if n < announced => return Err(Refusal::Cut.into()),
        n if n > announced => return Err(Failure::Framing(Code::Internal, "the call has more than one message")),
        _ => framed.skip(PREFIX_BYTES),
    }
    match (flag, encoding) {
        (0, _) => Ok(framed),
        (1, Encoding::Gzip | Encoding::Zstd) => Ok(ingest.inflate(encoding, framed)?),
        (1, Encoding::Identity) => {
            Err(Failure::Framing(Code::Internal, "the message is flagged as compressed, and grpc-encoding names nothing"))
        }
        _ => Err(Failure::Framing(Code::Internal, "the message has an unknown flag")),
    }
}

fn success(message: &[u8]) -> Response {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES.saturating_add(message.len()));
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX)); // replies are capped far below
    frame.put_slice(message);
    let body = Full::<Bytes>::new(frame.freeze()).with_trailers(async {
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
        Some(Ok(trailers))
    });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, GRPC);
    response.headers_mut().insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
    response
}
