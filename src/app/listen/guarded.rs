//! A stream that gives up on peers that are slow: to finish a request's head, to read what we write, or to say anything
//! at all. Knows bytes, time-outs and whether a request is being handled; of protocols only HTTP/2's first letters.

use pointsman_core::limits;
use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How an HTTP/2 connection begins. Its heads have no beginning in bytes; pings and the idle time watch over it.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n";

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first byte of a request, or the connection, to the end of the request's head.
    pub head: Duration,
    /// While we cannot write.
    pub write: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_millis(limits::HEADER_MS_MAX),
            write: Duration::from_millis(limits::WRITE_STALL_MS_MAX),
            idle: Duration::from_millis(limits::IDLE_MS_MAX),
        }
    }
}

/// Requests of one connection: whoever handles them counts, the stream looks.
#[derive(Debug, Default)]
pub struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that is being handled.
#[derive(Debug)]
pub struct Handling(Arc<Activity>);

impl Activity {
    /// A head is complete, and its request is handled until the answer drops.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Handling {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Handling(Arc::clone(self))
    }

    fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn is_handling(&self) -> bool {
        self.begun() != self.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// `S` with patience.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    patience: Patience,
    activity: Arc<Activity>,
    first: Vec<u8>, // as many bytes as tell HTTP/2
    moved: bool,    // since `quiet` began
    quiet: Pin<Box<Sleep>>,
    head: Option<Head>,
    stalled: Option<Pin<Box<Sleep>>>,
}

/// A head that is not complete yet, unless a request has begun since.
#[derive(Debug)]
struct Head {
    begun: u64,
    late: Pin<Box<Sleep>>,
}

impl<S> Guarded<S> {
    /// Wraps a new connection.
    pub fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self::with(stream, activity, Patience::default())
    }

    /// As [`Guarded::new`], with other times.
    pub fn with(stream: S, activity: Arc<Activity>, patience: Patience) -> Self {
        let head = Some(Head { begun: activity.begun(), late: Box::pin(sleep(patience.head)) });
        let quiet = Box::pin(sleep(patience.idle));
        Self { stream, patience, activity, first: Vec::new(), moved: false, quiet, head, stalled: None }
    }

    /// Bytes came: outside of a request they begin a head.
    fn came(&mut self, bytes: &[u8]) {
        self.moved = true;
        if bytes.is_empty() {
            return; // the peer has said everything
        }
        let room = HTTP2.len().saturating_sub(self.first.len());
        self.first.extend(bytes.iter().take(room));
        if self.first == HTTP2 || self.activity.is_handling() {
            self.head = None;
            return;
        }
        let begun = self.activity.begun();
        if self.head.as_ref().is_none_or(|head| head.begun != begun) {
            self.head = Some(Head { begun, late: Box::pin(sleep(self.patience.head)) });
        }
    }

    /// Whether a head takes too long.
    fn is_head_late(&mut self, cx: &mut Context<'_>) -> bool {
        let begun = self.activity.begun();
        match &mut self.head {
            Some(head) if head.begun == begun => head.late.as_mut().poll(cx).is_ready(),
            _ => {
                self.head = None;
                false
            }
        }
    }

    /// Whether the peer has been quiet for too long. Bytes only leave a mark; the timer looks at it when it fires, so the
    /// idle time is exact to its own length and costs nothing per read.
    fn is_too_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        while self.quiet.as_mut().poll(cx).is_ready() {
            if !self.moved {
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
            this.came(buf.filled().get(before..).unwrap_or_default());
            return poll;
        }
        if this.is_head_late(cx) {
            return Poll::Ready(Err(too_slow("the peer does not finish its head")));
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
