//! OTLP over HTTP: protobuf and JSON on `/v1/metrics` and `/v1/traces`. Every answer, errors too, speaks the encoding of
//! its request, and JSON when that is unknown or the request is lost: to a panic, or to the time it took.

use super::{Blame, Ingest, Refusal, Said, Signal, admit::Held, answer, body, inflate::Encoding, off_reactor};
use crate::auth::Denied;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use pointsman_core::{
    decode::{
        DecodeError, json,
        reply::{Code, Status},
    },
    limits,
    model::reject::Tally,
};
use std::{pin::pin, sync::Arc};

/// RFC 9110 wants a challenge; certificates have no registered scheme.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"otlp\"");

/// The two encodings of OTLP over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

/// The routes.
pub fn router(ingest: &Arc<Ingest>) -> Router {
    let at = |signal| any(move |State(ingest): State<Arc<Ingest>>, request: Request| export(ingest, signal, request));
    Router::new()
        .route(path_of(Signal::Metrics), at(Signal::Metrics))
        .route(path_of(Signal::Traces), at(Signal::Traces))
        .fallback(unknown)
        .with_state(Arc::clone(ingest))
}

/// The answer to somebody who may not send: on every path alike, and without a look at the body.
#[must_use]
pub fn denied(ingest: &Ingest, denied: Denied, request: &Request) -> Response {
    let refusal = Refusal::Denied(denied);
    if let Some(signal) = signal_of(request.uri().path()) {
        ingest.stats.refused(signal, &refusal);
    }
    refuse(&refusal, form_or_json(request.headers()))
}

fn signal_of(path: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| path == path_of(*signal))
}

const fn path_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Metrics => "/v1/metrics",
        Signal::Traces => "/v1/traces",
    }
}

/// The answer to a request that panicked.
#[must_use]
pub fn on_panic() -> Response {
    let status = Status::new(Code::Internal, "pointsman failed on this request");
    fail(StatusCode::INTERNAL_SERVER_ERROR, Form::Json, &status)
}

/// The answer to a request, of this path, that took us too long.
#[must_use]
pub fn on_late(ingest: &Ingest, path: &str) -> Response {
    if let Some(signal) = signal_of(path) {
        ingest.stats.refused(signal, &Refusal::Late);
    }
    refuse(&Refusal::Late, Form::Json)
}

async fn unknown(request: Request) -> Response {
    let status = Status::new(Code::NotFound, "no such path: POST to /v1/metrics or /v1/traces");
    fail(StatusCode::NOT_FOUND, form_or_json(request.headers()), &status)
}

async fn export(ingest: Arc<Ingest>, signal: Signal, request: Request) -> Response {
    let form = form(request.headers());
    if request.method() != Method::POST {
        let status = Status::new(Code::Unimplemented, "use POST");
        let mut response = fail(StatusCode::METHOD_NOT_ALLOWED, form.unwrap_or(Form::Json), &status);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let Some(form) = form else {
        let status = Status::new(Code::InvalidArgument, "content-type must be application/x-protobuf or application/json");
        return fail(StatusCode::UNSUPPORTED_MEDIA_TYPE, Form::Json, &status);
    };
    match take(&ingest, signal, form, request).await {
        Ok(tally) => {
            let reply = answer::taken(signal, &tally);
            respond(StatusCode::OK, form, || reply.to_protobuf(), || reply.to_json())
        }
        Err(refusal) => {
            ingest.stats.refused(signal, &refusal);
            refuse(&refusal, form)
        }
    }
}

async fn take(ingest: &Ingest, signal: Signal, form: Form, request: Request) -> Result<Tally, Refusal> {
    let (encoding, said) = (encoding(request.headers())?, Said::of(&request));
    let is_stream = request.version() == Version::HTTP_2;
    if let Err(refusal) = ingest.pace(&said) {
        if !is_stream {
            body::discard(pin!(request.into_body()), limits::DISCARD_OVERLOAD_BYTES_MAX).await;
        }
        return Err(refusal);
    }
    let raw = body::read(ingest, request.into_body(), (ingest.body_bytes_max, is_stream)).await?;
    let body = ingest.inflate(encoding, raw)?;
    match form {
        Form::Protobuf => ingest.apply(signal, &body, &said),
        Form::Json => ingest.apply(signal, &rewrite(signal, &body)?, &said),
    }
}

/// JSON as protobuf, within the budget.
fn rewrite(signal: Signal, body: &Held) -> Result<Held, Refusal> {
    let convert: fn(&[u8]) -> Result<Vec<u8>, DecodeError> = match signal {
        Signal::Metrics => json::metrics_to_protobuf,
        Signal::Traces => json::traces_to_protobuf,
    };
    // A digit and a comma become up to eight bytes, in a buffer that doubles.
    let commas = body.iter().filter(|byte| **byte == b',').count();
    let at_most = commas.saturating_mul(8).saturating_add(body.len()).saturating_mul(2);
    off_reactor(body.len(), || Held::made(body.beside(), at_most, || convert(body)))
}

/// One `content-encoding` line with one encoding: a chain of them is a bomb's disguise.
fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    match (lines.next(), lines.next()) {
        (line, None) => Encoding::parse(line.map(HeaderValue::as_bytes)),
        _ => Err(Refusal::UnknownEncoding),
    }
}

fn form(headers: &HeaderMap) -> Option<Form> {
    let value = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/x-protobuf") {
        Some(Form::Protobuf)
    } else if essence.eq_ignore_ascii_case(b"application/json") {
        Some(Form::Json)
    } else {
        None
    }
}

fn form_or_json(headers: &HeaderMap) -> Form {
    form(headers).unwrap_or(Form::Json)
}

fn refuse(refusal: &Refusal, form: Form) -> Response {
    let status = match (refusal.blame(), refusal) {
        (Blame::Us, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Blame::Pace, _) => StatusCode::TOO_MANY_REQUESTS,
        (Blame::Size, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (Blame::Encoding, _) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (Blame::Stranger, _) => StatusCode::UNAUTHORIZED,
        (Blame::Unwelcome, _) => StatusCode::FORBIDDEN,
        (Blame::Sender, Refusal::Slow) => StatusCode::REQUEST_TIMEOUT,
        (Blame::Sender, _) => StatusCode::BAD_REQUEST,
    };
    let mut response = fail(status, form, &answer::refused(refusal));
    let header = match refusal {
        Refusal::Overload { retry_secs }
        | Refusal::Quota { retry_secs, .. }
        | Refusal::Denied(Denied::Unavailable { retry_secs }) => Some((header::RETRY_AFTER, HeaderValue::from(*retry_secs))),
        Refusal::Late => Some((header::RETRY_AFTER, HeaderValue::from(limits::RETRY_AFTER_SECS))),
        Refusal::UnknownEncoding => Some((header::ACCEPT_ENCODING, HeaderValue::from_static(Encoding::ACCEPTED))),
        Refusal::Denied(Denied::Unknown) => Some((header::WWW_AUTHENTICATE, CHALLENGE)),
        _ => None,
    };
    response.headers_mut().extend(header);
    response
}

fn fail(code: StatusCode, form: Form, status: &Status) -> Response {
    respond(code, form, || status.to_protobuf(), || status.to_json())
}

fn respond(status: StatusCode, form: Form, protobuf: impl FnOnce() -> Vec<u8>, json: impl FnOnce() -> String) -> Response {
    let (content_type, body) = match form {
        Form::Protobuf => ("application/x-protobuf", Body::from(protobuf())),
        Form::Json => ("application/json", Body::from(json())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
