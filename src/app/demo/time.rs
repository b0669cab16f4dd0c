//! Simulated seconds against the wall: one of them lasts a `speed`-th of a second.
//! Reads no clock: whoever asks says when the simulation began, or how long ago that was.

use super::mco::Second;
use std::time::{Duration, SystemTime};

/// How simulated time passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The wall's time when the simulation began.
    pub(crate) base: SystemTime,
    /// Simulated seconds in a second.
    pub(crate) speed: f64,
}

impl Pace {
    /// So many simulated seconds in a second, from the Unix epoch on.
    pub(crate) fn at(speed: u32) -> Self {
        Self { base: SystemTime::UNIX_EPOCH, speed: f64::from(speed) }
    }

    /// When that second is, on the wall.
    pub(crate) fn wall(self, second: Second) -> SystemTime {
        self.base + self.real(second)
    }

    /// How long so many simulated seconds last.
    pub(crate) fn real(self, seconds: Second) -> Duration {
        let seconds = f64::from(u32::try_from(seconds).unwrap_or(u32::MAX));
        Duration::try_from_secs_f64(seconds / self.speed).unwrap_or(Duration::MAX)
    }

    /// Which simulated second it is after so much time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of floats saturates; times are positive")]
    pub(crate) fn second(self, elapsed: Duration) -> Second {
        (elapsed.as_secs_f64() * self.speed) as Second
    }
}

/// Simulated time as people read it: hours and minutes.
pub(crate) fn clock_text(second: Second) -> String {
    format!("{:02}:{:02}", second / 3600, second / 60 % 60)
}
