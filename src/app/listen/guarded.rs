//! A stream that gives up on peers that are slow: to begin, to read what we write, or to say anything at all.
//! Knows bytes and time-outs, no protocol.

use pointsman_core::limits;
use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// Bytes after which a connection has begun: no request is shorter, and the protocol is known by then.
const BEGUN_BYTES: usize = 16;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the first bytes.
    pub begin: Duration,
    /// While we cannot write.
    pub write: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            begin: Duration::from_millis(limits::HEADER_MS_MAX),
            write: Duration::from_millis(limits::WRITE_STALL_MS_MAX),
            idle: Duration::from_millis(limits::IDLE_MS_MAX),
        }
    }
}

/// `S` with patience.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    patience: Patience,
    read_bytes: usize, // counted up to BEGUN_BYTES
    moved: bool,       // since `quiet` began
    quiet: Pin<Box<Sleep>>,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    /// Wraps a new connection.
    pub fn new(stream: S) -> Self {
        Self::with(stream, Patience::default())
    }

    /// As [`Guarded::new`], with other times.
    pub fn with(stream: S, patience: Patience) -> Self {
        Self { stream, patience, read_bytes: 0, moved: false, quiet: Box::pin(sleep(patience.begin)), stalled: None }
    }

    fn has_begun(&self) -> bool {
        self.read_bytes >= BEGUN_BYTES
    }

    /// Whether the peer has been quiet for too long. Bytes only leave a mark; the timer looks at it when it fires, so the
    /// idle time is exact to its own length and costs nothing per read.
    fn is_too_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        while self.quiet.as_mut().poll(cx).is_ready() {
            if !self.has_begun() || !self.moved {
                return true;
            }
            self.moved = false;
            self.quiet.set(sleep(self.patience.idle));
        }
        false
    }

    /// What a write came to: a peer that does not read is given up after a while.
    fn wrote<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            self.moved = true;
            return poll;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.patience.write)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(too_slow("the peer does not read"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(cx, buf);
        if poll.is_ready() {
            let read = buf.filled().len().saturating_sub(before);
            if !this.has_begun() {
                this.read_bytes = this.read_bytes.saturating_add(read);
            }
            this.moved = true;
            return poll;
        }
        if this.is_too_quiet(cx) { Poll::Ready(Err(too_slow("the peer says nothing"))) } else { Poll::Pending }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(cx, poll)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.wrote(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_flush(cx);
        if poll.is_pending() { this.wrote(cx, poll) } else { poll }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_shutdown(cx);
        if poll.is_pending() { this.wrote(cx, poll) } else { poll }
    }
}
