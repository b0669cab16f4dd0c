//! How often an API server may be asked: so many times a second for long, and so many at once after a quiet time.
//! Reads no clock and waits for nothing: it says how long to wait.

use pointsman_core::model::clock::Mono;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

/// Who may ask, and when.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    every: u64,
    ahead: u64,
    next: u64,
}

impl Rate {
    /// So many a second, and so many at once; none counts as one.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let every = SECOND.div_ceil(u64::from(per_second.max(1)));
        Self { every, ahead: every.saturating_mul(u64::from(burst.max(1)) - 1), next: 0 }
    }

    /// Takes a turn and says how long to wait for it; or takes none and says so, if that were longer than `patience`.
    pub fn turn(&mut self, now: Mono, patience: Duration) -> Option<Duration> {
        let due = self.next.max(now.0);
        let wait = Duration::from_nanos(due.saturating_sub(now.0).saturating_sub(self.ahead));
        if wait > patience {
            return None;
        }
        self.next = due.saturating_add(self.every);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Mono, Rate, SECOND};

    /// Scenario: a million tokens that nobody knows, one each 10 µs, at 50 a second and 100 at once.
    /// Guarantees: no more than the burst and the rate, over the time they took and were willing to wait, go on to be asked.
    #[test]
    fn t29_a_flood_of_tokens_asks_no_more_than_the_rate() {
        let mut rate = Rate::new(50, 100);
        let patience = Duration::from_secs(3);
        let asked = (0..1_000_000_u64).filter(|n| rate.turn(Mono(n * 10_000), patience).is_some()).count();
        assert!((600..=100 + 50 * 13 + 1).contains(&asked), "{asked}");
    }

    /// Scenario: the burst is used up at once, then time goes by.
    /// Guarantees: the next one waits for one turn, and who would not wait takes none; a quiet time gives back no more than the burst.
    #[test]
    fn t29_turns_come_back_with_time_and_only_up_to_the_burst() {
        let mut rate = Rate::new(10, 3);
        let none = Duration::ZERO;
        let at_once = |rate: &mut Rate, now| (0..100).filter(|_| rate.turn(now, none).is_some()).count();
        assert_eq!(at_once(&mut rate, Mono(0)), 3);
        assert_eq!(rate.turn(Mono(0), Duration::from_millis(99)), None);
        assert_eq!(rate.turn(Mono(0), Duration::from_millis(100)), Some(Duration::from_millis(100)));
        assert_eq!(at_once(&mut rate, Mono(3_600 * SECOND)), 3);
    }
}
