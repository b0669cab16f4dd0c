//! A stream that gives up on peers that are slow: to finish a request's head, to read what we write, or to say anything
//! at all. Knows bytes, time-outs and whether a request is being handled; of protocols only HTTP/2's first letters.

use super::{guests::Guest, hits::Limit};
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
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tracing::debug;

/// How an HTTP/2 connection begins. Its heads have no beginning in bytes; pings and the idle time watch over it.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Looks at whether anything moved within the idle time.
const IDLE_STEPS: u32 = 4;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first byte of a request, or the connection, to the end of the request's head.
    pub head: Duration,
    /// While we cannot write; and for all that we have to write at once, beside a second for every
    /// [`limits::WRITE_BYTES_PER_SEC_MIN`] of it.
    pub write: Duration,
    /// Without a byte in either direction, or up to a quarter more.
    pub idle: Duration,
    /// For the answer to a request that is there as a whole: ours.
    pub handler: Duration,
    /// Before a connection is asked to end, a tenth more or less.
    pub age: Duration,
    /// For its end once it is asked to.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_millis(limits::HEADER_MS_MAX),
            write: Duration::from_millis(limits::WRITE_STALL_MS_MAX),
            idle: Duration::from_millis(limits::IDLE_MS_MAX),
            handler: Duration::from_millis(limits::HANDLER_MS_MAX),
            age: Duration::from_millis(limits::CONNECTION_AGE_MS_MAX),
            grace: Duration::from_millis(limits::CONNECTION_GRACE_MS_MAX),
        }
    }
}

/// A stream that can be ended without a farewell: what its peer does not read would else stay with the kernel for minutes.
pub trait Abort {
    /// Its end, once dropped, frees everything.
    fn abort(&self);
}

impl Abort for TcpStream {
    fn abort(&self) {
        if let Err(error) = self.set_zero_linger() {
            debug!(%error, "what a peer does not read stays for a while");
        }
    }
}

impl<S: Abort> Abort for TlsStream<S> {
    fn abort(&self) {
        self.get_ref().0.abort();
    }
}

/// Requests of one connection: whoever handles them counts, the stream looks, and the list of guests is told.
#[derive(Debug)]
pub struct Activity {
    guest: Guest,
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that is being handled.
#[derive(Debug)]
pub struct Handling(Arc<Activity>);

impl Activity {
    /// A new connection's.
    #[must_use]
    pub const fn of(guest: Guest) -> Self {
        Self { guest, begun: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }

    /// Whose it is.
    #[must_use]
    pub const fn guest(&self) -> &Guest {
        &self.guest
    }

    /// A head is complete, and its request is handled until the answer drops.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Handling {
        self.guest.begin();
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
        self.0.guest.end();
    }
}

/// `S` with patience.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    patience: Patience,
    activity: Arc<Activity>,
    speaks: Speaks,
    first: Vec<u8>, // as many bytes as tell HTTP/2
    moved: bool,    // since `quiet` began
    still: u32,     // times that `quiet` passed in a row with nothing moved
    quiet: Pin<Box<Sleep>>,
    head: Option<Head>,
    writing: Option<Writing>,
}

/// Which protocols are of use on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Both,
    Http1,
    Http2,
}

/// A head that is not complete yet, unless a request has begun since.
#[derive(Debug)]
struct Head {
    begun: u64,
    late: Pin<Box<Sleep>>,
}

/// What we write and the peer does not read as fast.
#[derive(Debug)]
struct Writing {
    stalled: Option<Pin<Box<Sleep>>>,
    slow: Pin<Box<Sleep>>,
}

impl<S> Guarded<S> {
    /// Wraps a new connection.
    pub fn new(stream: S, activity: Arc<Activity>, patience: Patience) -> Self {
        let head = Some(Head { begun: activity.begun(), late: Box::pin(sleep(patience.head)) });
        let quiet = Box::pin(sleep(patience.idle / IDLE_STEPS));
        let (first, moved, still) = (Vec::new(), false, 0);
        Self { stream, patience, activity, speaks: Speaks::Both, first, moved, still, quiet, head, writing: None }
    }

    /// Says nothing to whoever speaks no HTTP: a peer that speaks HTTP/2 badly must not read HTTP/1.
    #[must_use]
    pub fn speaking_http2(self) -> Self {
        Self { speaks: Speaks::Http2, ..self }
    }

    /// Ends the connection of whoever begins HTTP/2: it was turned off, and who does not ask first is not told otherwise.
    #[must_use]
    pub fn speaking_http1(self) -> Self {
        Self { speaks: Speaks::Http1, ..self }
    }

    /// Whether what is to be written is the complaint of a parser, which only HTTP/1 has.
    fn is_complaint(&self) -> bool {
        self.speaks == Speaks::Http2 && self.first != HTTP2 && self.activity.begun() == 0
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

    /// Whether the peer has been quiet for too long. Bytes only leave a mark, at which the timer looks when it fires: that
    /// costs nothing per read, and the idle time is up to one step longer than it says.
    fn is_too_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        while self.quiet.as_mut().poll(cx).is_ready() {
            self.still = if std::mem::take(&mut self.moved) { 0 } else { self.still.saturating_add(1) };
            if self.still >= IDLE_STEPS {
                return true;
            }
            self.quiet.set(sleep(self.patience.idle / IDLE_STEPS));
        }
        false
    }

    fn too_slow(&self, limit: Limit, what: &'static str) -> io::Error {
        self.activity.guest.hit(limit);
        io::Error::new(io::ErrorKind::TimedOut, what)
    }
}

impl<S: Abort> Guarded<S> {
    /// What a write came to: a peer that does not read, or hardly, is given up after a while.
    fn wrote(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &poll {
            self.moved = true;
            let earned =
                written.as_ref().map_or(0, |bytes| *bytes as u64).saturating_mul(1_000) / limits::WRITE_BYTES_PER_SEC_MIN;
            if let Some(Writing { stalled, slow }) = &mut self.writing {
                *stalled = None;
                let later = slow.deadline() + Duration::from_millis(earned);
                slow.as_mut().reset(later);
            }
            return poll;
        }
        match self.is_write_late(cx) {
            true => {
                self.stream.abort();
                Poll::Ready(Err(self.too_slow(Limit::WriteTime, "the peer does not read")))
            }
            false => Poll::Pending,
        }
    }

    fn is_write_late(&mut self, cx: &mut Context<'_>) -> bool {
        let patience = self.patience.write;
        let writing = self.writing.get_or_insert_with(|| Writing { stalled: None, slow: Box::pin(sleep(patience)) });
        let stalled = writing.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        stalled.as_mut().poll(cx).is_ready() || writing.slow.as_mut().poll(cx).is_ready()
    }

    /// Everything is written, or still is not.
    fn flushed(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        match poll {
            Poll::Ready(done) => {
                self.writing = None;
                Poll::Ready(done)
            }
            Poll::Pending => self.wrote(cx, Poll::Pending).map_ok(|_| ()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(cx, buf);
        if poll.is_ready() {
            this.came(buf.filled().get(before..).unwrap_or_default());
            if this.speaks == Speaks::Http1 && this.first == HTTP2 {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "HTTP/2 is turned off")));
            }
            return poll;
        }
        if this.is_head_late(cx) {
            return Poll::Ready(Err(this.too_slow(Limit::HeadTime, "the peer does not finish its head")));
        }
        if this.is_too_quiet(cx) {
            return Poll::Ready(Err(this.too_slow(Limit::IdleTime, "the peer says nothing")));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Abort + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_complaint() {
            return Poll::Ready(Ok(buf.len()));
        }
        let poll = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(cx, poll)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_complaint() {
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let poll = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.wrote(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_flush(cx);
        this.flushed(cx, poll)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.flushed(cx, poll)
    }
}
