//! How many bytes of requests may be in flight at once. Accounted as bytes arrive or are made, never from what a
//! sender announces.

use super::Refusal;
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

/// The bytes that all requests share.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    bytes: AtomicUsize,
    refused: AtomicU64,
    paused: AtomicBool,
}

/// Bytes in memory that the budget knows of, given back when dropped.
#[derive(Debug)]
pub struct Held {
    bytes: Vec<u8>,
    from: usize,
    share: Share,
}

/// A part of the budget.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, bytes: AtomicUsize::new(0), refused: AtomicU64::new(0), paused: AtomicBool::new(false) })
    }

    /// Refuses everything from now on, as an overload does, or takes it again: senders try another replica.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Bytes in flight.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Requests refused because of it.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// An empty part.
    #[must_use]
    pub fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0 }
    }
}

impl Share {
    /// Takes more; refused when nothing is left.
    ///
    /// # Errors
    /// [`Refusal::Overload`]: the part stays as it was.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let before = self.budget.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.budget.bytes_max || self.budget.paused.load(Ordering::Relaxed) {
            self.budget.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.budget.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Refusal::Overload);
        }
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Another empty part of the same budget.
    #[must_use]
    pub fn beside(&self) -> Self {
        self.budget.share()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Held {
    /// Nothing yet.
    #[must_use]
    pub fn new(share: Share) -> Self {
        Self { bytes: Vec::new(), from: 0, share }
    }

    /// Appends, within the budget and a cap.
    ///
    /// # Errors
    /// When either is reached.
    pub fn extend(&mut self, more: &[u8], limit: usize) -> Result<(), Refusal> {
        if self.bytes.len().saturating_add(more.len()) > limit {
            return Err(Refusal::TooLarge { limit });
        }
        self.share.grow(more.len())?;
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    /// Takes bytes that were made elsewhere.
    ///
    /// # Errors
    /// When the budget is reached.
    pub fn of(bytes: Vec<u8>, mut share: Share) -> Result<Self, Refusal> {
        share.grow(bytes.len())?;
        Ok(Self { bytes, from: 0, share })
    }

    /// Hides the first bytes.
    pub fn skip(&mut self, bytes: usize) {
        self.from = self.from.saturating_add(bytes);
    }

    /// Another empty part of the same budget.
    #[must_use]
    pub fn beside(&self) -> Share {
        self.share.beside()
    }
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or_default()
    }
}
