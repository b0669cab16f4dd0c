//! OTLP over HTTP/1.1 with protobuf: one request, one connection.
//! Knows no gRPC, and does not try again: `export` does.

use super::{
    SendError, Signal, Target,
    connect::{connect, headers},
};
use crate::{limits::RESPONSE_BYTES_MAX, opamp::plan::PlanHash};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use std::{io::Write, time::Duration};

pub(super) async fn send(target: &Target, signal: Signal, body: &Bytes, plan: Option<PlanHash>) -> Result<Bytes, SendError> {
    let request = request(target, signal, body, plan)?;
    let stream = connect(target).await.map_err(SendError::reach)?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(SendError::reach)?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(SendError::reach)?;
        let (status, after) = (answer.status(), retry_after(answer.headers()));
        let body = Limited::new(answer.into_body(), RESPONSE_BYTES_MAX).collect().await.map_err(SendError::Reach)?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(SendError::Http(status, after)) }
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection may end with the last byte of the answer: what was read of it still counts.
        _ = connection => exchange.await,
    }
}

fn request(target: &Target, signal: Signal, body: &Bytes, plan: Option<PlanHash>) -> Result<Request<Full<Bytes>>, SendError> {
    let mut request = Request::post(target.path(signal));
    if let Some(all) = request.headers_mut() {
        *all = headers(target, plan)?;
    }
    let request = request.header(header::HOST, target.authority()).header(header::CONTENT_TYPE, "application/x-protobuf");
    if !target.gzip {
        return request.body(Full::new(body.clone())).map_err(SendError::reach);
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = gzip.write_all(body).and_then(|()| gzip.finish()).map_err(SendError::reach)?;
    request.header(header::CONTENT_ENCODING, "gzip").body(Full::new(packed.into())).map_err(SendError::reach)
}

/// `Retry-After` in seconds. Its other form, a date, needs a clock that agrees with the receiver's, and is not read.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u32 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(u64::from(seconds)))
}
