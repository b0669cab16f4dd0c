//! Measurements by bucket, and the bounds of the buckets: those that are declared, or those of a plan.
//! Knows no metric and no encoding.

use std::{ops::Deref, sync::Arc};

/// Upper bounds, ascending; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum Bounds {
    /// As the metric declares them.
    Declared(&'static [f64]),
    /// As a plan says.
    Planned(Arc<[f64]>),
}

impl Deref for Bounds {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match self {
            Self::Declared(bounds) => bounds,
            Self::Planned(bounds) => bounds,
        }
    }
}

impl Bounds {
    /// Whether measurements in buckets of these bounds can be told by those alone.
    pub(crate) fn cover(&self, fewer: &Self) -> bool {
        fewer.iter().all(|bound| self.binary_search_by(|own| own.total_cmp(bound)).is_ok())
    }
}

impl PartialEq for Bounds {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Measurements by bucket.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    pub(crate) counts: Box<[u64]>,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Buckets {
    /// Empty ones, for these bounds.
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { counts: vec![0; bounds.len() + 1].into(), count: 0, sum: 0.0, min, max }
    }

    /// One more measurement; the bounds are those that they were made for.
    pub(crate) fn add(&mut self, bounds: &[f64], value: f64) {
        let at = bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Everything that others with the same bounds hold.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The same in buckets of fewer bounds, each of which is one `of` those that they were made for.
    pub(crate) fn coarsen(&mut self, of: &[f64], bounds: &[f64]) {
        let mut counts = vec![0; bounds.len() + 1];
        for (n, more) in self.counts.iter().enumerate() {
            // The last bucket has no bound.
            let at = of.get(n).map_or(bounds.len(), |upper| bounds.partition_point(|bound| bound < upper));
            if let Some(count) = counts.get_mut(at) {
                *count += more;
            }
        }
        self.counts = counts.into();
    }
}
