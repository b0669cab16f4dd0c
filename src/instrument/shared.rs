//! What all instruments of one process have in common: the clock, the seed of their tables, and counts of what they do,
//! which are sent as metrics of their own. Decides nothing.

use crate::{
    losses::Losses,
    metric::Readings,
    semconv::{
        attribute::{PointsmanGateState, PointsmanPlanSource},
        pointsman::{InstrumentGates, InstrumentPoints, InstrumentSize, PlanSource},
    },
    state::StateSet,
};
use std::{
    hash::RandomState,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Now, in nanoseconds since 1970.
pub(crate) type Now = Box<dyn Fn() -> u64 + Send + Sync>;

/// One for each process.
pub(crate) struct Shared {
    pub(crate) hasher: RandomState,
    pub(crate) now: Now,
    pub(crate) losses: Losses,
    /// Instruments that are on, and those that are off.
    open: AtomicU64,
    closed: AtomicU64,
    /// Points and bytes of requests with metrics, so far.
    points: AtomicU64,
    size: AtomicU64,
    /// Where the plan came from: its place in the list of all sources.
    source: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(hasher: RandomState, now: Now) -> Self {
        let [open, closed, points, size] = [(); 4].map(|()| AtomicU64::new(0));
        Self { hasher, now, losses: Losses::default(), open, closed, points, size, source: AtomicUsize::new(0) }
    }

    /// One instrument more is on, or off.
    pub(crate) fn made(&self, on: bool) {
        self.gates(on).fetch_add(1, Ordering::Relaxed);
    }

    /// One that was off is on now, or the other way round.
    pub(crate) fn turned(&self, on: bool) {
        self.gates(!on).fetch_sub(1, Ordering::Relaxed);
        self.made(on);
    }

    fn gates(&self, on: bool) -> &AtomicU64 {
        if on { &self.open } else { &self.closed }
    }

    /// One request more goes out.
    pub(crate) fn wrote(&self, points: u64, size: u64) {
        self.points.fetch_add(points, Ordering::Relaxed);
        self.size.fetch_add(size, Ordering::Relaxed);
    }

    /// From now on the plan comes from here.
    pub(crate) fn obeys(&self, source: PointsmanPlanSource) {
        let place = PointsmanPlanSource::ALL.iter().position(|one| *one == source);
        self.source.store(place.unwrap_or_default(), Ordering::Relaxed);
    }

    pub(crate) fn read_gates(&self, readings: &Readings<'_, InstrumentGates>) {
        for (state, count) in [(PointsmanGateState::Open, &self.open), (PointsmanGateState::Closed, &self.closed)] {
            let count = i64::try_from(count.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            readings.set(count, InstrumentGates { gate_state: state });
        }
    }

    pub(crate) fn read_points(&self, readings: &Readings<'_, InstrumentPoints>) {
        readings.set(self.points.load(Ordering::Relaxed), InstrumentPoints);
    }

    pub(crate) fn read_size(&self, readings: &Readings<'_, InstrumentSize>) {
        readings.set(self.size.load(Ordering::Relaxed), InstrumentSize);
    }

    pub(crate) fn read_source(&self, readings: &Readings<'_, PlanSource>) {
        let now = PointsmanPlanSource::ALL.get(self.source.load(Ordering::Relaxed)).copied();
        StateSet::new(PointsmanPlanSource::ALL).set(readings, now, |plan_source| PlanSource { plan_source });
    }
}
