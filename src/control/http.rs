//! One message of an agent in one request, its answer in the response: for agents that cannot keep a connection.
//! Knows HTTP, not what is said.

use super::{Control, Reply, agents::Via, agents::spread, frames::FREE_BYTES};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use flate2::bufread::GzDecoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use pointsman_core::{
    limits::{SYNC_MESSAGE_BYTES_MAX, body_ms_max},
    model::speaker::Speaker,
};
use pointsman_instrument::semconv::attribute::PointsmanSyncRefusal as Refusal;
use std::{io::Read, pin::pin, sync::Arc, sync::atomic::Ordering, time::Duration};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::sleep,
};

const PROTOBUF: &str = "application/x-protobuf";

/// One message.
pub(super) async fn poll(State(control): State<Arc<Control>>, request: Request) -> Response {
    if !is_protobuf(request.headers()) {
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type must be application/x-protobuf\n");
    }
    if !control.active.load(Ordering::Relaxed) {
        control.refuse(Refusal::Standby);
        return later(&control, StatusCode::SERVICE_UNAVAILABLE, Body::empty());
    }
    let Some(is_zipped) = is_zipped(request.headers()) else {
        let mut response = plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown encoding, use gzip or identity\n");
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity,gzip"));
        return response;
    };
    let by = request.extensions().get::<Arc<Speaker>>().cloned();
    let read = read(&control, request.into_body()).await;
    let body = match read.and_then(|body| if is_zipped { inflate(&control, body) } else { Ok(body) }) {
        Ok(body) => body,
        Err(StatusCode::SERVICE_UNAVAILABLE) => {
            control.refuse(Refusal::TooMany);
            return later(&control, StatusCode::SERVICE_UNAVAILABLE, Body::empty());
        }
        Err(status) => {
            control.refuse(if status == StatusCode::PAYLOAD_TOO_LARGE { Refusal::TooLarge } else { Refusal::Malformed });
            return plain(status, status.canonical_reason().unwrap_or_default());
        }
    };
    let Reply { out, refused, ends } = control.hear(Via::Poll, &body.bytes, by.as_deref());
    drop(body);
    let body = Body::from(out.to_vec());
    let mut response = match refused.filter(|_| ends) {
        Some(Refusal::TooFast) => later(&control, StatusCode::TOO_MANY_REQUESTS, body),
        Some(Refusal::TooMany | Refusal::Standby) => later(&control, StatusCode::SERVICE_UNAVAILABLE, body),
        Some(Refusal::Forged) => with(StatusCode::FORBIDDEN, body),
        Some(_) => with(StatusCode::BAD_REQUEST, body),
        None => with(StatusCode::OK, body),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
    response
}

/// Any other method.
pub(super) async fn no_method() -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "OpAMP: open a WebSocket, or POST\n");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,POST"));
    response
}

/// An answer for people.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = with(status, Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Come again, but not all at once.
pub(super) fn later(control: &Control, status: StatusCode, body: Body) -> Response {
    let mut response = with(status, body);
    let delay = spread(&*control.settings.random);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(delay.as_secs()));
    response
}

fn with(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn is_protobuf(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(PROTOBUF.as_bytes())
}

/// Whether a body is zipped; `None` when it is something else.
fn is_zipped(headers: &HeaderMap) -> Option<bool> {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    let line = lines.next().map(HeaderValue::as_bytes).unwrap_or_default().trim_ascii();
    match line {
        _ if lines.next().is_some() => None,
        b"" | b"identity" => Some(false),
        line => (line.eq_ignore_ascii_case(b"gzip") || line.eq_ignore_ascii_case(b"x-gzip")).then_some(true),
    }
}

/// What came of a message, and the room that it takes of what may be on its way in.
struct Held<'c> {
    flight: &'c Semaphore,
    bytes: Vec<u8>,
    room: Option<SemaphorePermit<'c>>,
}

impl<'c> Held<'c> {
    fn new(control: &'c Control) -> Self {
        Self { flight: &control.flight, bytes: Vec::new(), room: None }
    }

    /// Takes more: the first bytes of a message are free, the others need room.
    fn extend(&mut self, more: &[u8]) -> Result<(), StatusCode> {
        let length = self.bytes.len().saturating_add(more.len());
        if length > SYNC_MESSAGE_BYTES_MAX {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if length > FREE_BYTES {
            let bytes = u32::try_from(more.len()).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
            let room = self.flight.try_acquire_many(bytes).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
            match &mut self.room {
                Some(held) => held.merge(room),
                None => self.room = Some(room),
            }
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

/// A whole body, within size, time, pace and what is on its way in.
async fn read(control: &Control, mut body: Body) -> Result<Held<'_>, StatusCode> {
    let mut held = Held::new(control);
    let time = |bytes| Duration::from_millis(body_ms_max(bytes));
    let mut slow = pin!(sleep(time(0)));
    let first = slow.deadline();
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = slow.as_mut() => return Err(StatusCode::REQUEST_TIMEOUT),
        };
        let Some(frame) = frame else { return Ok(held) };
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Some(data) = frame.data_ref() {
            held.extend(data)?;
            slow.as_mut().reset(first + (time(held.bytes.len()) - time(0)));
        }
    }
}

/// One gzip stream and no more: what comes out is bounded and needs room of its own, so its ratio need not be bounded.
fn inflate<'c>(control: &'c Control, body: Held<'c>) -> Result<Held<'c>, StatusCode> {
    let mut decoder = GzDecoder::new(body.bytes.as_slice());
    let (mut held, mut chunk) = (Held::new(control), vec![0; FREE_BYTES]);
    loop {
        let n = decoder.read(&mut chunk).map_err(|_| StatusCode::BAD_REQUEST)?;
        if n == 0 {
            break;
        }
        held.extend(chunk.get(..n).unwrap_or_default())?;
    }
    if decoder.into_inner().is_empty() { Ok(held) } else { Err(StatusCode::BAD_REQUEST) }
}

#[cfg(test)]
mod tests;
