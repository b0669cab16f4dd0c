//! How long a watch waits after a failure. One for each watch: what fails for one kind slows no other.
//! Has neither clock nor chance: both are arguments.

use pointsman_core::{
    limits::{WATCH_BACKOFF_MS_MAX, WATCH_BACKOFF_MS_MIN, WATCH_BACKOFF_RESET_SECS},
    model::clock::Mono,
};
use std::time::Duration;

/// Grows with each failure, and begins anew after a time without any.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    step: u32,
    last: Option<Mono>,
}

impl BackOff {
    /// The pause after a failure at `now`: from half of the step's length to all of it.
    pub(super) fn next(&mut self, now: Mono, random: u64) -> Duration {
        let reset = Duration::from_secs(WATCH_BACKOFF_RESET_SECS);
        if self.last.is_some_and(|last| now.since(last) >= reset) {
            self.step = 0;
        }
        self.last = Some(now);
        let full = WATCH_BACKOFF_MS_MIN.saturating_mul(1 << self.step.min(16)).min(WATCH_BACKOFF_MS_MAX);
        self.step = self.step.saturating_add(1);
        let half = full / 2;
        Duration::from_millis(half + random % (full - half + 1))
    }
}

#[cfg(test)]
mod tests;
