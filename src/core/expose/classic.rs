//! An exponential histogram as a classic one, for formats that have no native histograms (NH-09): with the bounds that a
//! view asks for, or none. The layout never follows the data, or every new bucket would be a new series.

use crate::model::point::{Buckets, ExpHistogram, Histogram};

#[cfg(test)]
mod tests;

/// Counts each exponential bucket at the first bound that is not below its end.
pub(super) fn classic(histogram: &ExpHistogram, bounds: &[f64]) -> Histogram {
    let mut counts = vec![0u64; bounds.len().saturating_add(1)];
    let mut add = |end: f64, count: u64| {
        let place = bounds.partition_point(|bound| *bound < end);
        if let Some(slot) = counts.get_mut(place) {
            *slot = slot.saturating_add(count);
        }
    };
    if !bounds.is_empty() {
        let width = (-f64::from(histogram.scale)).exp2();
        add(histogram.zero_threshold, histogram.zero_count);
        each(&histogram.positive, |index, count| add(((index + 1.0) * width).exp2(), count));
        each(&histogram.negative, |index, count| add(-(index * width).exp2(), count));
    }
    let counts = if bounds.is_empty() { Box::default() } else { counts.into() };
    Histogram { count: histogram.count, sum: Some(histogram.sum), bounds: bounds.into(), counts }
}

/// Shows the index and count of each bucket that is not empty.
#[expect(clippy::cast_precision_loss, reason = "a side has few buckets")]
fn each(buckets: &Buckets, mut show: impl FnMut(f64, u64)) {
    for (place, count) in buckets.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        show(f64::from(buckets.offset) + place as f64, *count);
    }
}
