//! A way to say something to the controller and to hear it: a WebSocket or polling, behind one face. Nothing here waits
//! unless it is asked what happened, and whoever stops asking loses nothing. Knows bytes, not messages.

use super::{SyncError, endpoint::Endpoint, poll::Poller, socket::Socket};
use crate::transport::connect::{ConnectError, Io, connect};
use bytes::Bytes;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Something that will be.
pub(super) type Promise<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Makes a connection.
pub(super) type Dial = Arc<dyn Fn() -> Promise<Result<Box<dyn Io>, ConnectError>> + Send + Sync>;

/// Connections to this endpoint.
pub(super) fn dial(endpoint: &Arc<Endpoint>) -> Dial {
    let endpoint = endpoint.clone();
    Arc::new(move || {
        let endpoint = endpoint.clone();
        Box::pin(async move { connect(&endpoint.target).await })
    })
}

/// What happened on a link.
#[derive(Debug)]
pub(super) enum Happened {
    /// The controller said this.
    Message(Bytes),
    /// It is there.
    Alive,
    /// What was said has left.
    Sent,
}

/// One of two ways.
pub(super) enum Link {
    Socket(Box<Socket>),
    Poller(Poller),
}

impl Link {
    /// A session's way: a WebSocket that is open, or a poller that connects when it is needed.
    pub(super) async fn open(endpoint: Arc<Endpoint>, dial: Dial) -> Result<Self, SyncError> {
        if !endpoint.socket {
            return Ok(Self::Poller(Poller::new(endpoint, dial)));
        }
        let timeout = endpoint.target.timeout;
        let open = tokio::time::timeout(timeout, Socket::open(&endpoint, &dial)).await;
        open.unwrap_or(Err(SyncError::Silent(timeout))).map(|socket| Self::Socket(Box::new(socket)))
    }

    /// Whether the last that was said has left.
    pub(super) fn ready(&self) -> bool {
        match self {
            Self::Socket(socket) => socket.ready(),
            Self::Poller(poller) => poller.ready(),
        }
    }

    /// Says this; it leaves while one asks what happened. Only when ready.
    pub(super) fn say(&mut self, body: Vec<u8>) {
        match self {
            Self::Socket(socket) => socket.say(&body),
            Self::Poller(poller) => poller.say(body),
        }
    }

    /// Nothing more will be said.
    pub(super) fn close(&mut self) {
        match self {
            Self::Socket(socket) => socket.close(),
            Self::Poller(_) => {}
        }
    }

    /// What happens next. May be dropped at any time.
    ///
    /// # Errors
    /// When the link is of no more use.
    pub(super) async fn happened(&mut self) -> Result<Happened, SyncError> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Everything that was said has left; what is heard meanwhile is not of interest.
    ///
    /// # Errors
    /// When the link is of no more use.
    pub(super) async fn sent(&mut self) -> Result<(), SyncError> {
        while !self.ready() {
            self.happened().await?;
        }
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Happened, SyncError>> {
        match self {
            Self::Socket(socket) => socket.poll(cx),
            Self::Poller(poller) => poller.poll(cx),
        }
    }
}
