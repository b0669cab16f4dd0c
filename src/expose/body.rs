//! The body of a scrape: taken a piece at a time, only when the peer takes it, and giving way to others after each.
//! A scrape that cannot be finished ends as a broken body, never as a short one.

use super::{
    Done, Now, Outcome, Scraped,
    share::{Piece, Reader},
};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pointsman_core::model::clock::Mono;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{task::yield_now, time::timeout};

/// One scrape in flight.
pub struct ScrapeBody {
    reader: Reader,
    ready: Option<Bytes>,
    is_over: bool,
    gave_way: bool,
    deadline: Mono,
    watch: Watch,
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
    /// Hands out the body.
    pub reader: Reader,
    /// How long the scraper waits.
    pub patience: Duration,
    /// The clock.
    pub now: Now,
    /// Hears how it ended.
    pub done: Done,
}

impl ScrapeBody {
    /// Waits for its turn and has the first bytes; nothing when that took longer than the scraper waits.
    ///
    /// # Errors
    /// When compressing fails.
    pub async fn begin(parts: Parts) -> io::Result<Option<Self>> {
        let Parts { reader, patience, now, done } = parts;
        let began = now();
        let deadline = later(began, patience);
        let watch = Watch { now, began, bytes: 0, outcome: Outcome::Cancelled, done };
        let mut body = Self { reader, ready: None, is_over: false, gave_way: false, deadline, watch };
        let is_turn = timeout(patience, body.reader.turn()).await.is_ok();
        if is_turn && !body.is_too_late() {
            body.ready = Some(body.first().await?);
        }
        if !is_turn || body.is_too_late() {
            body.watch.outcome = Outcome::TooLate;
            return Ok(None);
        }
        Ok(Some(body))
    }

    async fn first(&mut self) -> io::Result<Bytes> {
        loop {
            match self.take() {
                Some(taken) => return taken,
                None => yield_now().await,
            }
        }
    }

    fn is_too_late(&self) -> bool {
        (self.watch.now)() > self.deadline
    }

    /// The next bytes to send; nothing when somebody else renders them right now.
    fn take(&mut self) -> Option<io::Result<Bytes>> {
        let taken = self.reader.take()?;
        Some(taken.map(|Piece { bytes, is_last }| {
            self.is_over = is_last;
            bytes
        }))
    }

    fn hand_out(&mut self, bytes: Bytes) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.watch.bytes = self.watch.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.is_over {
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
        if this.is_over {
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
        match this.take() {
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Ok(bytes)) => this.hand_out(bytes),
            Some(Err(error)) => {
                this.watch.outcome = Outcome::Broken;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over && self.ready.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.ready {
            Some(ready) if self.is_over => SizeHint::with_exact(u64::try_from(ready.len()).unwrap_or(u64::MAX)),
            _ => SizeHint::default(),
        }
    }
}

fn later(moment: Mono, by: Duration) -> Mono {
    Mono(moment.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
}
