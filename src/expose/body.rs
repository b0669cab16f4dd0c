//! The body of a scrape: rendered a chunk at a time, only when the peer takes it, and giving way to others after each.
//! A scrape that cannot be finished ends as a broken body, never as a short one.

use super::{Done, NextChunk, Now, Outcome, Scraped, compress::Compress};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pointsman_core::model::clock::Mono;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::OwnedSemaphorePermit;

/// One scrape in flight.
pub struct ScrapeBody {
    next: NextChunk,
    compress: Compress,
    ready: Option<Bytes>,
    is_rendered: bool,
    gave_way: bool,
    deadline: Option<Mono>,
    watch: Watch,
    _permit: OwnedSemaphorePermit,
}

/// Reports how the scrape ended, whichever way it does.
struct Watch {
    now: Now,
    began: Mono,
    bytes: u64,
    outcome: Outcome,
    done: Done,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let duration = (self.now)().since(self.began);
        (self.done)(&Scraped { duration, bytes: self.bytes, outcome: self.outcome });
    }
}

/// What a scrape is made of.
pub struct Parts {
    /// Hands out chunks.
    pub next: NextChunk,
    /// Compresses them.
    pub compress: Compress,
    /// How long the scraper waits.
    pub patience: Option<Duration>,
    /// The clock.
    pub now: Now,
    /// Hears how it ended.
    pub done: Done,
    /// Held until then.
    pub permit: OwnedSemaphorePermit,
}

impl ScrapeBody {
    /// Begins a scrape and renders its first bytes; nothing when that took longer than the scraper waits.
    ///
    /// # Errors
    /// When compressing fails.
    pub fn begin(parts: Parts) -> io::Result<Option<Self>> {
        let Parts { next, compress, patience, now, done, permit } = parts;
        let began = now();
        let deadline = patience.map(|patience| later(began, patience));
        let watch = Watch { now, began, bytes: 0, outcome: Outcome::Cancelled, done };
        let mut body =
            Self { next, compress, ready: None, is_rendered: false, gave_way: false, deadline, watch, _permit: permit };
        let first = body.render()?;
        if body.is_too_late() {
            body.watch.outcome = Outcome::TooLate;
            return Ok(None);
        }
        body.ready = Some(first);
        Ok(Some(body))
    }

    fn is_too_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| (self.watch.now)() > deadline)
    }

    /// The next bytes to send; empty only at the end of a body that has no more.
    fn render(&mut self) -> io::Result<Bytes> {
        loop {
            let mut chunk = Vec::new();
            self.is_rendered = !(self.next)(&mut chunk);
            let out = self.compress.push(chunk, self.is_rendered)?;
            if !out.is_empty() || self.is_rendered {
                return Ok(out.into());
            }
        }
    }

    fn hand_out(&mut self, bytes: Bytes) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.watch.bytes = self.watch.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.is_rendered {
            self.watch.outcome = Outcome::Complete;
        }
        Poll::Ready(if bytes.is_empty() { None } else { Some(Ok(Frame::data(bytes))) })
    }
}

impl Body for ScrapeBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(ready) = this.ready.take() {
            return this.hand_out(ready);
        }
        if this.is_rendered {
            return Poll::Ready(None);
        }
        if !std::mem::replace(&mut this.gave_way, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.gave_way = false;
        if this.is_too_late() {
            this.watch.outcome = Outcome::TooLate;
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the scraper waits no longer"))));
        }
        match this.render() {
            Ok(bytes) => this.hand_out(bytes),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_rendered && self.ready.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.ready {
            Some(ready) if self.is_rendered => SizeHint::with_exact(u64::try_from(ready.len()).unwrap_or(u64::MAX)),
            _ => SizeHint::default(),
        }
    }
}

fn later(moment: Mono, by: Duration) -> Mono {
    Mono(moment.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
}
