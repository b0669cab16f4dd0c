//! OpAMP over HTTP: each message is a request, and the controller speaks in the answer. The connection stays open between
//! two of them, as long as both sides keep it. Knows bodies, not what they say.

use super::{
    SyncError,
    endpoint::Endpoint,
    link::{Dial, Happened, Promise},
};
use crate::{
    limits::MESSAGE_BYTES_MAX,
    transport::{connect::headers, retry_after},
};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

const PROTOBUF: &str = "application/x-protobuf";

/// A connection, and what moves its bytes.
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    moving: Promise<hyper::Result<()>>,
}

/// What was answered, and the connection if it can be used again.
type Answered = Result<(Bytes, Option<Connection>), SyncError>;

/// Asks the controller whenever something is said.
pub(super) struct Poller {
    endpoint: Arc<Endpoint>,
    dial: Dial,
    /// From the last answer.
    kept: Option<Connection>,
    /// A request on its way.
    asking: Option<Promise<Answered>>,
}

impl Poller {
    pub(super) fn new(endpoint: Arc<Endpoint>, dial: Dial) -> Self {
        Self { endpoint, dial, kept: None, asking: None }
    }

    pub(super) fn ready(&self) -> bool {
        self.asking.is_none()
    }

    pub(super) fn say(&mut self, body: Vec<u8>) {
        let (endpoint, dial, kept) = (self.endpoint.clone(), self.dial.clone(), self.kept.take());
        self.asking = Some(Box::pin(async move {
            let timeout = endpoint.target.timeout;
            let asked = tokio::time::timeout(timeout, ask(&endpoint, &dial, kept, body.into())).await;
            asked.unwrap_or(Err(SyncError::Silent(timeout)))
        }));
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Happened, SyncError>> {
        if let Some(asking) = &mut self.asking {
            let answer = ready!(asking.as_mut().poll(cx));
            self.asking = None;
            let (body, kept) = answer?;
            self.kept = kept;
            return Poll::Ready(Ok(Happened::Message(body)));
        }
        // A connection that ends while nobody asks is forgotten.
        if let Some(kept) = &mut self.kept
            && kept.moving.as_mut().poll(cx).is_ready()
        {
            self.kept = None;
        }
        Poll::Pending
    }
}

/// One request and its answer. On a connection that was kept the controller may have hung up: then on a new one.
async fn ask(endpoint: &Endpoint, dial: &Dial, kept: Option<Connection>, body: Bytes) -> Answered {
    if let Some(kept) = kept {
        match exchange(kept, request(endpoint, &body)?).await {
            Err(SyncError::Reach(_)) => {}
            answered => return answered,
        }
    }
    let io = dial().await.map_err(SyncError::reach)?;
    let (sender, moving) = http1::handshake(TokioIo::new(io)).await.map_err(SyncError::reach)?;
    exchange(Connection { sender, moving: Box::pin(moving) }, request(endpoint, &body)?).await
}

async fn exchange(connection: Connection, request: Request<Full<Bytes>>) -> Answered {
    let Connection { mut sender, mut moving } = connection;
    let answer = async move {
        let answer = sender.send_request(request).await.map_err(SyncError::reach)?;
        let (status, after) = (answer.status(), retry_after(answer.headers()));
        if !status.is_success() {
            return Err(SyncError::Status(status, after));
        }
        let body = Limited::new(answer.into_body(), MESSAGE_BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => SyncError::Malformed("an answer is longer than 1 MiB"),
            false => SyncError::Reach(error),
        })?;
        Ok((body.to_bytes(), sender))
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer.map(|(body, sender)| (body, Some(Connection { sender, moving }))),
        // It may end with the last byte of the answer: what was read of it still counts.
        _ = &mut moving => answer.await.map(|(body, _)| (body, None)),
    }
}

fn request(endpoint: &Endpoint, body: &Bytes) -> Result<Request<Full<Bytes>>, SyncError> {
    let mut request = Request::post(endpoint.path());
    if let Some(all) = request.headers_mut() {
        *all = headers(&endpoint.target, None).map_err(SyncError::reach)?;
    }
    let request = request.header(header::HOST, endpoint.target.authority()).header(header::CONTENT_TYPE, PROTOBUF);
    request.body(Full::new(body.clone())).map_err(SyncError::reach)
}
