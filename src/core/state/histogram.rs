//! Explicit-bucket histograms as values: reading what came, merging two.
//! Pure; knows no series and no time.

use crate::{
    decode::RawHistogram,
    limits::BOUNDS_MAX,
    model::{point::Histogram, reject::Reason},
};

/// A histogram point that was checked: its counts fit its bounds and add up to its count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked<'a> {
    count: u64,
    sum: Option<f64>,
    bounds: &'a [u8],
    counts: &'a [u8],
    /// The last bound was `+Inf`: its bucket and the one above it are one.
    joins_last: bool,
}

impl<'a> Checked<'a> {
    /// Checks a point (rules TY-09 to TY-12).
    pub(crate) fn read(point: &RawHistogram<'a>) -> Result<Self, Reason> {
        let (bounds, counts) = (point.explicit_bounds, point.bucket_counts);
        let (n_bounds, n_counts) = (bounds.len() / 8, counts.len() / 8);
        if n_bounds > BOUNDS_MAX || n_counts > BOUNDS_MAX + 1 {
            return Err(Reason::TooManyBuckets);
        }
        let fits = n_counts == n_bounds + 1 || (n_counts == 0 && n_bounds == 0);
        if !fits || !doubles(bounds).all(|bound| !bound.is_nan()) || !doubles(bounds).is_sorted_by(|a, b| a < b) {
            return Err(Reason::BadBuckets);
        }
        let total = whole(counts).try_fold(0_u64, u64::checked_add);
        if n_counts > 0 && total != Some(point.count) {
            return Err(Reason::CountMismatch);
        }
        let joins_last = doubles(bounds).last() == Some(f64::INFINITY);
        let bounds = if joins_last { bounds.get(..8 * (n_bounds - 1)).unwrap_or_default() } else { bounds };
        Ok(Self { count: point.count, sum: point.sum, bounds, counts, joins_last })
    }

    /// Whether the layout is that of `other`.
    pub(crate) fn same_bounds(&self, other: &Histogram) -> bool {
        doubles(self.bounds).eq(other.bounds.iter().copied()) && self.counts.is_empty() == other.counts.is_empty()
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// What it takes beside its place.
    pub(crate) const fn bytes(&self) -> usize {
        self.bounds.len() + self.counts.len() - if self.joins_last { 8 } else { 0 }
    }

    pub(crate) const fn sum(&self) -> Option<f64> {
        self.sum
    }

    /// Overwrites `to`; allocates only when the layout is another one.
    pub(crate) fn store(&self, to: &mut Histogram) {
        to.count = self.count;
        to.sum = self.sum;
        if !self.same_bounds(to) {
            to.bounds = doubles(self.bounds).collect();
            to.counts = vec![0; if self.counts.is_empty() { 0 } else { to.bounds.len() + 1 }].into();
        }
        to.counts.fill(0);
        self.add_counts(to);
    }

    /// Adds the counts to a histogram of the same layout; `false`, and nothing done, when a count would overflow.
    pub(crate) fn add(&self, to: &mut Histogram) -> bool {
        // Each bucket is at most the count, so that no bucket overflows when the count does not.
        let Some(count) = to.count.checked_add(self.count) else { return false };
        to.count = count;
        self.add_counts(to);
        true
    }

    fn add_counts(&self, to: &mut Histogram) {
        let last = to.counts.len().saturating_sub(1);
        for (index, count) in whole(self.counts).enumerate() {
            let index = if self.joins_last { index.min(last) } else { index };
            if let Some(bucket) = to.counts.get_mut(index) {
                *bucket = bucket.saturating_add(count);
            }
        }
    }
}

/// Adds `other` to `into` on the bounds they have in common; counts stay whole.
pub(crate) fn merge(into: &mut Histogram, other: &Histogram) {
    if into.bounds != other.bounds || into.counts.is_empty() != other.counts.is_empty() {
        let narrow = fold(other, &into.bounds);
        *into = fold(into, &narrow.bounds);
        return merge_same(into, &narrow);
    }
    merge_same(into, other);
}

fn merge_same(into: &mut Histogram, other: &Histogram) {
    into.count = into.count.saturating_add(other.count);
    into.sum = into.sum.zip(other.sum).map(|(a, b)| a + b);
    for (bucket, count) in into.counts.iter_mut().zip(&other.counts) {
        *bucket = bucket.saturating_add(*count);
    }
}

/// The same histogram on those of its bounds that `bounds` names too. Both ascend, so that one pass suffices.
pub(crate) fn fold(histogram: &Histogram, bounds: &[f64]) -> Histogram {
    let mut wanted = bounds.iter().copied().peekable();
    let is_wanted = |bound: &f64| {
        while wanted.next_if(|other| other < bound).is_some() {}
        wanted.peek() == Some(bound)
    };
    let kept: Box<[f64]> = histogram.bounds.iter().copied().filter(is_wanted).collect();
    let mut counts = vec![0_u64; kept.len() + 1];
    let mut to = 0;
    for (index, count) in histogram.counts.iter().enumerate() {
        counts[to] = counts[to].saturating_add(*count);
        if histogram.bounds.get(index).is_some_and(|bound| kept.get(to) == Some(bound)) {
            to += 1;
        }
    }
    if histogram.counts.is_empty() {
        counts[0] = histogram.count;
    }
    Histogram { count: histogram.count, sum: histogram.sum, bounds: kept, counts: counts.into() }
}

fn doubles(raw: &[u8]) -> impl Iterator<Item = f64> + '_ {
    raw.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes))
}

fn whole(raw: &[u8]) -> impl Iterator<Item = u64> + '_ {
    raw.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes))
}
