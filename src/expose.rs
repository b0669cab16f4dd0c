//! Prometheus over HTTP: negotiation, chunks, gzip. The text itself is core's.
//! Knows no store: [`Open`] starts a scrape, and the scrape hands out chunks.

pub mod body;
pub mod compress;
pub mod http;
pub mod share;

use pointsman_core::{expose::negotiate::Negotiated, model::clock::Mono};
use std::{sync::Arc, time::Duration};

/// The monotonic clock.
pub type Now = Arc<dyn Fn() -> Mono + Send + Sync>;

/// Whether so many bytes more fit into memory.
pub type HasRoom = Arc<dyn Fn(usize) -> bool + Send + Sync>;

/// Appends the next chunk; answers whether there may be more.
pub type NextChunk = Box<dyn FnMut(&mut Vec<u8>) -> bool + Send>;

/// Starts a scrape: of all families, or of those named, in the agreed format.
pub type Open = Arc<dyn Fn(Negotiated, Vec<String>) -> NextChunk + Send + Sync>;

/// Hears of every scrape that ended.
pub type Done = Arc<dyn Fn(&Scraped) + Send + Sync>;

/// What `/metrics` or `/metrics/self` needs.
#[derive(Clone)]
pub struct ReadSide {
    /// Hands out bodies.
    pub shares: Arc<share::Shares>,
    /// The clock.
    pub now: Now,
    /// Hears of every scrape that ended.
    pub done: Done,
}

/// A scrape that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scraped {
    /// From the request to the last byte handed out.
    pub duration: Duration,
    /// Bytes handed out, compressed.
    pub bytes: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a scrape ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every byte was handed out.
    Complete,
    /// The scraper went away.
    Cancelled,
    /// Its time was over.
    TooLate,
    /// Too many scrapes were in flight.
    Refused,
    /// Its body broke: it was too far behind those it shared it with, nobody took of it for too long, or no memory was left.
    Broken,
}

impl Outcome {
    /// The word for it in attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::TooLate => "too_late",
            Self::Refused => "refused",
            Self::Broken => "broken",
        }
    }
}

#[cfg(test)]
mod tests;
