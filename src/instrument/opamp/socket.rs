//! OpAMP over a WebSocket: binary messages with a header of 0 before the protobuf.
//! Knows frames, not what they say.

use super::{
    SyncError,
    endpoint::Endpoint,
    link::{Dial, Happened},
};
use crate::{
    limits::{MESSAGE_BYTES_MAX, REASON_CHARS_MAX},
    transport::{
        connect::{Io, headers},
        retry_after,
    },
};
use bytes::{Buf, Bytes};
use futures_util::{SinkExt, StreamExt};
use std::{
    collections::VecDeque,
    task::{Context, Poll, ready},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// What is read at once.
const READ_BYTES: usize = 4 << 10;

/// A WebSocket that is open.
pub(super) struct Socket {
    stream: WebSocketStream<Box<dyn Io>>,
    /// What is to leave: a message and the ping after it, or the end.
    out: VecDeque<Message>,
    /// Something is written, but may not have left.
    leaving: bool,
}

impl Socket {
    pub(super) async fn open(endpoint: &Endpoint, dial: &Dial) -> Result<Self, SyncError> {
        let uri = endpoint.socket_uri().map_err(SyncError::reach)?;
        let mut request = uri.into_client_request().map_err(SyncError::reach)?;
        request.headers_mut().extend(headers(&endpoint.target, None).map_err(SyncError::reach)?);
        let io = dial().await.map_err(SyncError::reach)?;
        // Messages are few and mostly small: little is held for them, and each is written at once.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX))
            .write_buffer_size(0)
            .max_write_buffer_size(2 * MESSAGE_BYTES_MAX);
        let (stream, _) = client_async_with_config(request, io, Some(config)).await.map_err(|error| match error {
            Error::Http(answer) => SyncError::Status(answer.status(), retry_after(answer.headers())),
            error => SyncError::reach(error),
        })?;
        Ok(Self { stream, out: VecDeque::new(), leaving: false })
    }

    pub(super) fn ready(&self) -> bool {
        self.out.is_empty() && !self.leaving
    }

    /// A ping goes with each message: its answer says that the controller is there, even if it has nothing to say.
    pub(super) fn say(&mut self, body: &[u8]) {
        let frame: Bytes = [&[0], body].concat().into();
        self.out.extend([Message::Binary(frame), Message::Ping(Bytes::new())]);
    }

    pub(super) fn close(&mut self) {
        self.out.push_back(Message::Close(None));
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Happened, SyncError>> {
        if let Poll::Ready(sent) = self.poll_send(cx) {
            return Poll::Ready(sent.map(|()| Happened::Sent).map_err(SyncError::reach));
        }
        Poll::Ready(match ready!(self.stream.poll_next_unpin(cx)) {
            Some(Ok(message)) => heard(message),
            Some(Err(Error::Capacity(_))) => Err(SyncError::Malformed("a message is longer than 1 MiB")),
            Some(Err(error)) => Err(SyncError::reach(error)),
            None => Err(SyncError::Closed(String::new())),
        })
    }

    /// Ready when something left just now; pending while nothing is to leave.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.out.is_empty() {
            ready!(self.stream.poll_ready_unpin(cx))?;
            if let Some(message) = self.out.pop_front() {
                self.leaving = true;
                self.stream.start_send_unpin(message)?;
            }
        }
        if !self.leaving {
            return Poll::Pending;
        }
        ready!(self.stream.poll_flush_unpin(cx))?;
        self.leaving = false;
        Poll::Ready(Ok(()))
    }
}

fn heard(message: Message) -> Result<Happened, SyncError> {
    match message {
        Message::Binary(frame) => unframed(frame).map(Happened::Message),
        Message::Ping(_) | Message::Pong(_) => Ok(Happened::Alive),
        Message::Close(why) => {
            let why = why.map(|why| format!("{} {}", why.code, why.reason)).unwrap_or_default();
            Err(SyncError::Closed(why.chars().take(REASON_CHARS_MAX).collect()))
        }
        Message::Text(_) => Err(SyncError::Malformed("a message is text")),
        Message::Frame(_) => Err(SyncError::Malformed("a message is a part of one")),
    }
}

/// Without its header, a varint that is 0.
fn unframed(mut frame: Bytes) -> Result<Bytes, SyncError> {
    match prost::encoding::decode_varint(&mut frame) {
        Ok(0) => Ok(frame.copy_to_bytes(frame.remaining())),
        _ => Err(SyncError::Malformed("the header of a message is not 0")),
    }
}
