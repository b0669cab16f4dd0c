//! The only place that reads time. Everything else is handed a moment, or a [`Clock`] to ask at the rim.
//! Knows nothing of what is timed.

use pointsman_core::model::clock::{Mono, Wall};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A moment on the monotonic clock, for whoever may not read it.
pub type Now = Arc<dyn Fn() -> Mono + Send + Sync>;

/// The clocks of this process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    began_wall: Wall,
    speed: u32,
}

impl Clock {
    /// Clocks that begin now and run at the pace of the world.
    #[must_use]
    pub fn start() -> Self {
        Self::at_speed(1)
    }

    /// Clocks whose [`Clock::view_wall`] runs `speed` times as fast: the demo tells an hour in a minute.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn at_speed(speed: u32) -> Self {
        Self { began: Instant::now(), began_wall: real_wall(), speed }
    }

    /// Time since the clocks began.
    #[must_use]
    pub fn mono(&self) -> Mono {
        Mono(nanos(self.began.elapsed()))
    }

    /// The time of day, as senders count it.
    #[must_use]
    pub fn wall(&self) -> Wall {
        real_wall()
    }

    /// The time of day by which views expire: the wall clock when this process began, and monotonic since, so that a jump
    /// of the wall clock neither ends views nor keeps them.
    #[must_use]
    pub fn view_wall(&self) -> Wall {
        self.began_wall.plus(self.began.elapsed().saturating_mul(self.speed))
    }

    /// How many times as fast as the world [`Self::view_wall`] runs.
    #[must_use]
    pub const fn speed(&self) -> u32 {
        self.speed
    }

    /// The monotonic clock as a closure.
    #[must_use]
    pub fn now(&self) -> Now {
        let clock = *self;
        Arc::new(move || clock.mono())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
fn real_wall() -> Wall {
    Wall(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
