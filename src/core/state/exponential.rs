//! Exponential histograms as values: reading what came, lowering the scale, merging two. Pure functions, bounded in
//! time and memory by the number of populated buckets, never by their indexes. Knows no series and no time.

use crate::{
    decode::{RawBuckets, RawExponential},
    limits::{BOUNDS_MAX, EXPONENTIAL_BUCKETS_MAX},
    model::{
        point::{Buckets, ExpHistogram},
        reject::Reason,
    },
    wire::read::Reader,
};

/// The finest scale a native histogram can have.
pub(crate) const SCALE_MAX: i32 = 8;
/// The coarsest one.
pub(crate) const SCALE_MIN: i32 = -4;

/// Checks a point and reads it at a scale that can be exposed (rules NH-02, NH-05, NH-12, NH-14, NH-15).
pub(crate) fn read(point: &RawExponential<'_>) -> Result<ExpHistogram, Reason> {
    let sum = point.sum.ok_or(Reason::NoSum)?;
    if point.scale < SCALE_MIN {
        return Err(Reason::BadScale);
    }
    let (positive, negative) = (read_side(&point.positive)?, read_side(&point.negative)?);
    let total = positive.counts.iter().chain(&negative.counts).try_fold(point.zero_count, |sum, n| sum.checked_add(*n));
    if total != Some(point.count) {
        return Err(Reason::CountMismatch);
    }
    let mut histogram = ExpHistogram {
        count: point.count,
        sum,
        scale: point.scale,
        zero_count: point.zero_count,
        zero_threshold: if point.zero_threshold > 0.0 { point.zero_threshold } else { 0.0 },
        positive,
        negative,
    };
    downscale_to(&mut histogram, SCALE_MAX);
    for side in [&histogram.positive, &histogram.negative] {
        check_range(side, histogram.scale)?;
    }
    if fit(&mut histogram, EXPONENTIAL_BUCKETS_MAX) { Ok(histogram) } else { Err(Reason::TooManyBuckets) }
}

fn read_side(raw: &RawBuckets<'_>) -> Result<Buckets, Reason> {
    let mut reader = Reader::new(raw.counts);
    let mut counts = Vec::new();
    while !reader.rest().is_empty() {
        if counts.len() == BOUNDS_MAX {
            return Err(Reason::TooManyBuckets);
        }
        counts.push(reader.varint().map_err(|_| Reason::BadBuckets)?);
    }
    if i64::from(raw.offset) + i64::try_from(counts.len()).unwrap_or(i64::MAX) > i64::from(i32::MAX) {
        return Err(Reason::BucketOverflow);
    }
    let mut side = Buckets { offset: raw.offset, counts };
    trim(&mut side);
    Ok(side)
}

/// Refuses buckets in which no double can lie: above the largest, or below the smallest.
fn check_range(side: &Buckets, scale: i32) -> Result<(), Reason> {
    if side.counts.is_empty() {
        return Ok(());
    }
    // 2^1024 is the first power beyond the doubles, 2^-1074 the smallest of them.
    let at_scale = |exponent: i64| if scale >= 0 { exponent << scale } else { exponent >> -scale };
    let first = i64::from(side.offset);
    let last = first + i64::try_from(side.counts.len()).unwrap_or(i64::MAX) - 1;
    let fits = last < at_scale(1024).max(1) && first >= at_scale(-1075);
    if fits { Ok(()) } else { Err(Reason::BucketOverflow) }
}

/// Removes empty buckets at both ends.
fn trim(side: &mut Buckets) {
    let keep = side.counts.iter().rposition(|n| *n > 0).map_or(0, |last| last + 1);
    side.counts.truncate(keep);
    let lead = side.counts.iter().position(|n| *n > 0).unwrap_or(0);
    side.counts.drain(..lead);
    side.offset = match i32::try_from(lead) {
        Ok(lead) if !side.counts.is_empty() => side.offset.saturating_add(lead),
        _ => 0,
    };
}

/// Lowers the scale to at most `scale`, merging 2^(difference) neighbours into one bucket.
pub(crate) fn downscale_to(histogram: &mut ExpHistogram, scale: i32) {
    let steps = i64::from(histogram.scale) - i64::from(scale);
    if steps <= 0 {
        return;
    }
    let shift = u32::try_from(steps).unwrap_or(u32::MAX).min(31);
    for side in [&mut histogram.positive, &mut histogram.negative] {
        let Some(last) = side.counts.len().checked_sub(1) else { continue };
        let index = |i: usize| side.offset.saturating_add(i32::try_from(i).unwrap_or(i32::MAX)) >> shift;
        let offset = index(0);
        let mut counts = vec![0_u64; usize::try_from(index(last) - offset).unwrap_or(0) + 1];
        for (i, n) in side.counts.iter().enumerate() {
            let to = usize::try_from(index(i) - offset).unwrap_or(0);
            counts[to] = counts[to].saturating_add(*n);
        }
        *side = Buckets { offset, counts };
    }
    histogram.scale = scale;
}

/// Lowers the scale until each side has at most `max` buckets; `false` when the coarsest scale does not suffice.
pub(crate) fn fit(histogram: &mut ExpHistogram, max: usize) -> bool {
    while histogram.positive.counts.len() > max || histogram.negative.counts.len() > max {
        if histogram.scale <= SCALE_MIN {
            return false;
        }
        let scale = histogram.scale - 1;
        downscale_to(histogram, scale);
    }
    true
}

/// Adds `other` to `into` at the lower of both scales and the wider of both zero buckets; counts stay whole.
pub(crate) fn merge(into: &mut ExpHistogram, other: &ExpHistogram) {
    let mut other = other.clone();
    let mut scale = into.scale.min(other.scale);
    // The span of both together decides the scale, before any vector of that span is made.
    while scale > SCALE_MIN {
        let span = |a: &Buckets, b: &Buckets| span_at(a, into.scale, b, other.scale, scale);
        let widest = span(&into.positive, &other.positive).max(span(&into.negative, &other.negative));
        if widest <= i64::try_from(EXPONENTIAL_BUCKETS_MAX).unwrap_or(i64::MAX) {
            break;
        }
        scale -= 1;
    }
    downscale_to(into, scale);
    downscale_to(&mut other, scale);
    while into.zero_threshold < other.zero_threshold || other.zero_threshold < into.zero_threshold {
        let threshold = into.zero_threshold.max(other.zero_threshold);
        widen_zero(into, threshold);
        widen_zero(&mut other, threshold);
    }
    into.count = into.count.saturating_add(other.count);
    into.sum += other.sum;
    into.zero_count = into.zero_count.saturating_add(other.zero_count);
    add_side(&mut into.positive, &other.positive);
    add_side(&mut into.negative, &other.negative);
}

fn span_at(a: &Buckets, a_scale: i32, b: &Buckets, b_scale: i32, scale: i32) -> i64 {
    let ends = |side: &Buckets, from: i32| {
        let last = i64::try_from(side.counts.len()).unwrap_or(i64::MAX).checked_sub(1).filter(|last| *last >= 0)?;
        let first = i64::from(side.offset);
        let shift = u32::try_from(from - scale).unwrap_or(0).min(62);
        Some((first >> shift, (first + last) >> shift))
    };
    match (ends(a, a_scale), ends(b, b_scale)) {
        (Some((a0, a1)), Some((b0, b1))) => a1.max(b1) - a0.min(b0) + 1,
        (Some((first, last)), None) | (None, Some((first, last))) => last - first + 1,
        (None, None) => 0,
    }
}

fn add_side(into: &mut Buckets, other: &Buckets) {
    if other.counts.is_empty() {
        return;
    }
    if into.counts.is_empty() {
        into.clone_from(other);
        return;
    }
    let end = |side: &Buckets| i64::from(side.offset) + i64::try_from(side.counts.len()).unwrap_or(i64::MAX);
    let offset = into.offset.min(other.offset);
    let at = |index: i32| usize::try_from(i64::from(index) - i64::from(offset)).unwrap_or(0);
    let len = usize::try_from(end(into).max(end(other)) - i64::from(offset)).unwrap_or(0);
    let lead = at(into.offset);
    if lead > 0 {
        into.counts.splice(..0, std::iter::repeat_n(0, lead));
        into.offset = offset;
    }
    into.counts.resize(len, 0);
    for (bucket, n) in into.counts.iter_mut().skip(at(other.offset)).zip(&other.counts) {
        *bucket = bucket.saturating_add(*n);
    }
}

/// Widens the zero bucket to `threshold`. Populated buckets below it go in whole; the threshold then moves up to the end
/// of the last of them, so that the zero bucket still says the truth.
fn widen_zero(histogram: &mut ExpHistogram, threshold: f64) {
    if threshold <= histogram.zero_threshold {
        return;
    }
    histogram.zero_threshold = threshold;
    let scale = histogram.scale;
    let mut reach = threshold;
    for side in [&mut histogram.positive, &mut histogram.negative] {
        let below = |i: &usize| lower_bound(side.offset.saturating_add(i32::try_from(*i).unwrap_or(i32::MAX)), scale) < threshold;
        let n = (0..side.counts.len()).take_while(below).count();
        let swallowed: u64 = side.counts.drain(..n).fold(0, u64::saturating_add);
        histogram.zero_count = histogram.zero_count.saturating_add(swallowed);
        side.offset = side.offset.saturating_add(i32::try_from(n).unwrap_or(i32::MAX));
        if swallowed > 0 {
            reach = reach.max(lower_bound(side.offset, scale));
        }
        trim(side);
    }
    if reach > histogram.zero_threshold {
        widen_zero(histogram, reach);
    }
}

/// base^index, where bucket `index` begins (exclusive).
fn lower_bound(index: i32, scale: i32) -> f64 {
    (f64::from(index) * f64::from(-scale).exp2()).exp2()
}
