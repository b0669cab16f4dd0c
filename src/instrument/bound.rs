//! Handles that are bound to one set of attributes: they add to a cell of their own, without a lock and without reading
//! attributes, and each collection takes what is in it. What came while a gate closed or a shape changed is in the cell or
//! was taken out of it, so that nothing is lost and nothing counts twice.

#[cfg(test)]
mod tests;

use crate::{
    buckets::{Bounds, Buckets},
    recorded::{Measure, Recorded},
};
use opentelemetry::KeyValue;
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// More at once does not go through a cell, so that a cell cannot overflow between two collections.
const AT_ONCE_MAX: u64 = u32::MAX as u64;
/// A cell that holds more is emptied at once.
const HELD_MAX: u64 = 1 << 63;

/// A counter with one set of attributes. Clones add to the same cell; bind once a thread where many threads add.
#[derive(Clone)]
pub struct BoundCounter(Option<Bound>);

/// A histogram with one set of attributes. Clones record to the same cell.
#[derive(Clone)]
pub struct BoundHistogram(Option<Bound>);

#[derive(Clone)]
struct Bound {
    recorded: Arc<Recorded>,
    cell: Arc<Cell>,
}

/// What a bound handle added since it was last looked at.
pub(crate) struct Cell {
    pub(crate) attributes: Box<[KeyValue]>,
    held: Held,
}

enum Held {
    Sum(AtomicU64),
    Distribution(Mutex<Bucketed>),
}

struct Bucketed {
    bounds: Bounds,
    buckets: Buckets,
}

impl BoundCounter {
    pub(crate) fn new(recorded: Option<&Arc<Recorded>>, attributes: &[KeyValue]) -> Self {
        Self(recorded.map(|recorded| Bound {
            recorded: recorded.clone(),
            cell: recorded.bind(|_| Cell { attributes: attributes.into(), held: Held::Sum(AtomicU64::new(0)) }),
        }))
    }

    /// Adds `n`, if the counter is on.
    #[inline]
    pub fn add(&self, n: u64) {
        if let Some(bound) = &self.0
            && bound.recorded.is_on()
        {
            bound.add(n);
        }
    }
}

impl BoundHistogram {
    pub(crate) fn new(recorded: Option<&Arc<Recorded>>, attributes: &[KeyValue]) -> Self {
        Self(recorded.map(|recorded| Bound {
            recorded: recorded.clone(),
            cell: recorded.bind(|bounds| {
                let bucketed = Bucketed { bounds: bounds.clone(), buckets: Buckets::new(bounds) };
                Cell { attributes: attributes.into(), held: Held::Distribution(Mutex::new(bucketed)) }
            }),
        }))
    }

    /// Records one measurement, in the metric's unit, if the histogram is on. What is not finite is not recorded.
    #[inline]
    pub fn record(&self, value: f64) {
        if let Some(bound) = &self.0
            && bound.recorded.is_on()
            && let Held::Distribution(held) = &bound.cell.held
            && value.is_finite()
        {
            let Bucketed { bounds, buckets } = &mut *held.lock();
            buckets.add(bounds, value);
        }
    }
}

impl Bound {
    #[inline]
    fn add(&self, n: u64) {
        let Held::Sum(sum) = &self.cell.held else { return };
        if n > AT_ONCE_MAX {
            return self.recorded.measure(Measure::Add(n), &self.cell.attributes, None);
        }
        if sum.fetch_add(n, Ordering::Relaxed) >= HELD_MAX {
            self.recorded.empty_cells();
        }
    }
}

impl Cell {
    /// A measurement that only makes its set be there.
    pub(crate) fn nothing(&self, bounds: &Bounds) -> Measure {
        match &self.held {
            Held::Sum(_) => Measure::Add(0),
            Held::Distribution(_) => Measure::Merge(Box::new(Buckets::new(bounds))),
        }
    }

    /// Takes what was added; none if there is nothing. Further measurements are held in buckets of these bounds.
    pub(crate) fn take(&self, bounds: &Bounds) -> Option<Measure> {
        match &self.held {
            Held::Sum(sum) => Some(sum.swap(0, Ordering::Relaxed)).filter(|n| *n > 0).map(Measure::Add),
            Held::Distribution(held) => {
                let mut held = held.lock();
                if held.buckets.count == 0 && held.bounds == *bounds {
                    return None;
                }
                let new = Bucketed { bounds: bounds.clone(), buckets: Buckets::new(bounds) };
                let old = std::mem::replace(&mut *held, new).buckets;
                (old.count > 0).then(|| Measure::Merge(Box::new(old)))
            }
        }
    }
}
