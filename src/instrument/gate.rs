//! Whether an instrument is on, for a call site that asks before it does anything: one load, and what is off costs no more.
//! Decides nothing.

use std::sync::atomic::{AtomicBool, Ordering};

/// The gate of one instrument.
#[derive(Debug)]
pub(crate) struct Gate(AtomicBool);

impl Gate {
    pub(crate) const fn new(on: bool) -> Self {
        Self(AtomicBool::new(on))
    }

    /// Whether it is on. Who asked just before it closed may still record: that is looked at again under the lock.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Opens or closes it; whoever does holds the instrument's lock.
    pub(crate) fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }
}
