//! The two clocks. Logic counts on [`Mono`], labels and wire times on [`Wall`].
//! Neither can be read here: `app::clock` makes them.

use std::time::Duration;

/// A moment of the monotonic clock: nanoseconds since the process began to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

/// A moment of the wall clock: nanoseconds since the Unix epoch, as OTLP counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub u64);

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

impl Mono {
    /// The moment `secs` seconds after the clock began.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(SECOND))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Wall {
    /// The moment `secs` seconds after the Unix epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(SECOND))
    }

    /// This moment `later` by a duration; saturates.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_nanos()).unwrap_or(u64::MAX)))
    }
}
