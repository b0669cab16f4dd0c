//! When a refused batch is sent again, and after how long: the rules of OTLP for gRPC, and exponential back-off.
//! Pure: the random number is passed in; nobody sleeps here.

use crate::limits::{RETRY_ASKED_SECS_MAX, RETRY_BACKOFF_MS_MAX, RETRY_BACKOFF_MS_MIN};
use std::time::Duration;

/// gRPC status codes that OTLP calls retryable: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS.
const RETRYABLE: [i32; 6] = [1, 4, 10, 11, 14, 15];
/// RESOURCE_EXHAUSTED: retryable only when the back end says when.
const RESOURCE_EXHAUSTED: i32 = 8;

/// Whether a batch answered with this gRPC status is to be sent again; `asked` is the delay the answer named.
#[must_use]
pub fn is_retryable(code: i32, asked: Option<Duration>) -> bool {
    RETRYABLE.contains(&code) || (code == RESOURCE_EXHAUSTED && asked.is_some())
}

/// How long to wait before the next attempt. Doubles from [`RETRY_BACKOFF_MS_MIN`] to [`RETRY_BACKOFF_MS_MAX`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure. Without a wish of the back end it is the upper half of the step, spread by
    /// `random`; a wish (up to [`RETRY_ASKED_SECS_MAX`]) is waited out in full, plus up to a tenth, so that many senders
    /// do not come back at one moment.
    pub fn after_failure(&mut self, asked: Option<Duration>, random: u32) -> Duration {
        let step =
            RETRY_BACKOFF_MS_MIN.saturating_mul(1_u64.checked_shl(self.failures).unwrap_or(u64::MAX)).min(RETRY_BACKOFF_MS_MAX);
        self.failures = self.failures.saturating_add(1).min(63);
        let (floor, spread) = match asked {
            Some(asked) if asked > Duration::ZERO => {
                let asked = asked.min(Duration::from_secs(RETRY_ASKED_SECS_MAX));
                (asked, asked / 10)
            }
            _ => (Duration::from_millis(step / 2), Duration::from_millis(step / 2)),
        };
        floor.saturating_add(spread.mul_f64(f64::from(random) / f64::from(u32::MAX)))
    }

    /// The back end answered well: the next failure starts from the first step again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests;
