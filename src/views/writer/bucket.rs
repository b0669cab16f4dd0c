//! A token bucket: so many at once after a quiet time, then one at a time. Pure: counts on the time it is given.
//! Knows not what is written.

use pointsman_core::model::clock::Mono;
use std::time::Duration;

/// Filled to the brim at the start.
#[derive(Clone, Debug)]
pub(in crate::views) struct Bucket {
    every: Duration,
    /// The bucket is empty as long as this lies more than `burst - 1` steps ahead.
    next: Mono,
    slack: Duration,
}

impl Bucket {
    /// `burst` at once, then one `every` so often.
    pub(in crate::views) fn full(burst: u32, every: Duration) -> Self {
        Self { every, next: Mono(0), slack: every.saturating_mul(burst.saturating_sub(1)) }
    }

    /// How long to wait for the next one; `None` when there is one now.
    pub(in crate::views) fn wait(&self, now: Mono) -> Option<Duration> {
        let ahead = self.next.since(now);
        ahead.checked_sub(self.slack).filter(|wait| !wait.is_zero())
    }

    /// Takes one, whether there is one or not.
    pub(in crate::views) fn take(&mut self, now: Mono) {
        let every = u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX);
        self.next = Mono(self.next.max(now).0.saturating_add(every));
    }
}
