//! What was taken and refused since the start: plain numbers, for our own metrics and the API.
//! Exports nothing itself.

use super::{Refusal, Signal};
use parking_lot::Mutex;
use pointsman_core::model::reject::{Reason, Tally};
use std::collections::BTreeMap;

/// Numbers of both signals.
#[derive(Debug, Default)]
pub struct Stats {
    metrics: Mutex<Taken>,
    traces: Mutex<Taken>,
}

/// Numbers of one signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Requests applied.
    pub requests: u64,
    /// Their bytes, inflated.
    pub bytes: u64,
    /// Points or spans in them.
    pub received: u64,
    /// Those that views disabled.
    pub suppressed: u64,
    /// Those refused, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// Whole requests refused, by the word of [`Refusal::code`].
    pub refused: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// A request was applied.
    pub fn took(&self, signal: Signal, bytes: usize, tally: &Tally) {
        let mut taken = self.of(signal).lock();
        taken.requests = taken.requests.saturating_add(1);
        taken.bytes = taken.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        taken.count(tally);
    }

    /// The points of a request that is refused whole for what they claim.
    pub fn points(&self, signal: Signal, tally: &Tally) {
        self.of(signal).lock().count(tally);
    }

    /// A request was refused.
    pub fn refused(&self, signal: Signal, refusal: &Refusal) {
        let mut taken = self.of(signal).lock();
        let slot = taken.refused.entry(refusal.code()).or_default();
        *slot = slot.saturating_add(1);
    }

    /// The numbers so far.
    #[must_use]
    pub fn taken(&self, signal: Signal) -> Taken {
        self.of(signal).lock().clone()
    }

    const fn of(&self, signal: Signal) -> &Mutex<Taken> {
        match signal {
            Signal::Metrics => &self.metrics,
            Signal::Traces => &self.traces,
        }
    }
}

impl Taken {
    fn count(&mut self, tally: &Tally) {
        self.received = self.received.saturating_add(tally.received);
        self.suppressed = self.suppressed.saturating_add(tally.suppressed);
        for (reason, n) in &tally.rejected {
            let slot = self.rejected.entry(*reason).or_default();
            *slot = slot.saturating_add(*n);
        }
    }
}
