//! How durations spread: histograms of either form added up, and percentiles read off them by straight lines between bounds.
//! Knows no metric; what lies beyond the last bound is said to be at least that.

use pointsman_core::state::visit::Value;
use std::collections::BTreeMap;

/// Observations by the upper bound of their bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    /// By the bits of the bound: those of floats that are not negative order as the floats do.
    upto: BTreeMap<u64, u64>,
    /// Of all observations; buckets may be missing, as from a sender that has none.
    pub(super) count: u64,
    pub(super) sum: f64,
}

/// A percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Percentile {
    pub(super) seconds: f64,
    /// Whether it lies beyond the last bound.
    pub(super) beyond: bool,
}

impl Spread {
    /// Adds a histogram of durations in units of so many seconds; other values add nothing, and neither do negative
    /// observations, which no duration is.
    pub(super) fn add(&mut self, value: Value<'_>, unit: f64) {
        match value {
            Value::Histogram(histogram) => {
                let bounds = histogram.bounds.iter().copied().chain([f64::INFINITY]);
                histogram.counts.iter().zip(bounds).for_each(|(count, bound)| self.note(bound * unit, *count));
                self.count = self.count.saturating_add(histogram.count);
                self.sum += histogram.sum.unwrap_or_default() * unit;
            }
            Value::Exponential(histogram) => {
                self.note(histogram.zero_threshold * unit, histogram.zero_count);
                for (count, index) in histogram.positive.counts.iter().zip(histogram.positive.offset..) {
                    let bound = (f64::from(index) + 1.0) * (-f64::from(histogram.scale)).exp2();
                    self.note(bound.exp2() * unit, *count);
                }
                self.count = self.count.saturating_add(histogram.count);
                self.sum += histogram.sum * unit;
            }
            Value::Number(_) | Value::Summary(_) => {}
        }
    }

    fn note(&mut self, bound: f64, count: u64) {
        if bound >= 0.0 {
            let slot = self.upto.entry(bound.abs().to_bits()).or_default(); // `-0.0` would order last
            *slot = slot.saturating_add(count);
        }
    }

    /// The duration that this share of the observations took at most; `None` without any.
    #[expect(clippy::cast_precision_loss, reason = "a percentile of buckets is an estimate")]
    pub(super) fn percentile(&self, share: f64) -> Option<Percentile> {
        let all = self.upto.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
        let rank = share * all as f64;
        let (mut below, mut seen) = (0.0, 0.0);
        for (bits, count) in self.upto.iter().filter(|_| all > 0) {
            let (bound, here) = (f64::from_bits(*bits), *count as f64);
            if here > 0.0 && seen + here >= rank {
                let beyond = bound.is_infinite();
                let seconds = if beyond { below } else { below + (bound - below) * ((rank - seen) / here) };
                return Some(Percentile { seconds, beyond });
            }
            seen += here;
            below = bound;
        }
        None
    }

    /// The same in seconds alone.
    pub(super) fn seconds(&self, share: f64) -> Option<f64> {
        self.percentile(share).map(|percentile| percentile.seconds)
    }
}

#[cfg(test)]
mod tests;
