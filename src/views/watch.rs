//! One watch: list, then follow, for ever. A relist swaps whole, a failure backs off by itself, silence makes a new client.
//! Knows what is watched as a path and a form, not what the objects mean.

use pointsman_core::model::clock::Mono;
use std::sync::atomic::{AtomicU64, Ordering};

/// How one watch fares, as counters that only grow, but for `objects`.
#[derive(Debug, Default)]
pub struct Health {
    kind: &'static str,
    objects: AtomicU64,
    last_contact: AtomicU64,
    events: AtomicU64,
    errors: AtomicU64,
    relists: AtomicU64,
    restarts: AtomicU64,
}

/// [`Health`] at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthNow {
    /// The kind that is watched.
    pub kind: &'static str,
    /// Objects known.
    pub objects: u64,
    /// When the API server last said anything; `None` = not since the start.
    pub last_contact: Option<Mono>,
    /// Events taken, bookmarks included.
    pub events: u64,
    /// Requests, streams and lines that failed.
    pub errors: u64,
    /// Lists that were taken over whole.
    pub relists: u64,
    /// Clients made anew after silence.
    pub restarts: u64,
}

impl Health {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Every number as it stands.
    #[must_use]
    pub fn now(&self) -> HealthNow {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let last_contact = Some(Mono(get(&self.last_contact))).filter(|at| at.0 > 0);
        HealthNow {
            kind: self.kind,
            objects: get(&self.objects),
            last_contact,
            events: get(&self.events),
            errors: get(&self.errors),
            relists: get(&self.relists),
            restarts: get(&self.restarts),
        }
    }
}
