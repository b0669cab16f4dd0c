//! The protobuf format: delimited `io.prometheus.client.MetricFamily` messages, the only one with native histograms.
//! A message carries its length in front, so a family is held until it ends, in pieces that then go out one by one.

use super::{
    exemplar::{labels_of, latest, latest_within},
    labels::Plan,
    layout::{Family, FamilyType},
    text::Given,
};
use crate::{
    limits::CHUNK_BYTES,
    model::{
        clock::SECOND,
        point::{Buckets, Exemplar, ExpHistogram, Histogram, Number, Summary},
    },
    state::visit::{Labels, Series, Value},
    wire::{
        read::Wire,
        write::{bytes, delimited, double, nested, sint, tag, uint, varint, zigzag},
    },
};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// Field numbers of `io.prometheus.client`.
mod field {
    pub(super) const FAMILY_NAME: u32 = 1;
    pub(super) const FAMILY_HELP: u32 = 2;
    pub(super) const FAMILY_TYPE: u32 = 3;
    pub(super) const FAMILY_METRIC: u32 = 4;
    pub(super) const FAMILY_UNIT: u32 = 5;
    pub(super) const METRIC_LABEL: u32 = 1;
    pub(super) const METRIC_GAUGE: u32 = 2;
    pub(super) const METRIC_COUNTER: u32 = 3;
    pub(super) const METRIC_SUMMARY: u32 = 4;
    pub(super) const METRIC_UNTYPED: u32 = 5;
    pub(super) const METRIC_HISTOGRAM: u32 = 7;
    pub(super) const PAIR_NAME: u32 = 1;
    pub(super) const PAIR_VALUE: u32 = 2;
    pub(super) const VALUE: u32 = 1; // of gauge, counter, untyped
    pub(super) const COUNTER_EXEMPLAR: u32 = 2;
    pub(super) const COUNTER_START: u32 = 3;
    pub(super) const SAMPLE_COUNT: u32 = 1; // of summary, histogram
    pub(super) const SAMPLE_SUM: u32 = 2;
    pub(super) const SUMMARY_QUANTILE: u32 = 3;
    pub(super) const SUMMARY_START: u32 = 4;
    pub(super) const QUANTILE: u32 = 1;
    pub(super) const QUANTILE_VALUE: u32 = 2;
    pub(super) const HISTOGRAM_BUCKET: u32 = 3;
    pub(super) const HISTOGRAM_SCHEMA: u32 = 5;
    pub(super) const HISTOGRAM_ZERO_THRESHOLD: u32 = 6;
    pub(super) const HISTOGRAM_ZERO_COUNT: u32 = 7;
    pub(super) const HISTOGRAM_NEGATIVE: [u32; 2] = [9, 10]; // spans, deltas
    pub(super) const HISTOGRAM_POSITIVE: [u32; 2] = [12, 13];
    pub(super) const HISTOGRAM_START: u32 = 15;
    pub(super) const HISTOGRAM_EXEMPLARS: u32 = 16;
    pub(super) const BUCKET_COUNT: u32 = 1;
    pub(super) const BUCKET_UPPER_BOUND: u32 = 2;
    pub(super) const BUCKET_EXEMPLAR: u32 = 3;
    pub(super) const SPAN_OFFSET: u32 = 1;
    pub(super) const SPAN_LENGTH: u32 = 2;
    pub(super) const EXEMPLAR_LABEL: u32 = 1;
    pub(super) const EXEMPLAR_VALUE: u32 = 2;
    pub(super) const EXEMPLAR_TIME: u32 = 3;
    pub(super) const SECONDS: u32 = 1;
    pub(super) const NANOS: u32 = 2;
}

const COUNTER: u64 = 0;
const GAUGE: u64 = 1;
const SUMMARY: u64 = 2;
const UNTYPED: u64 = 3;
const HISTOGRAM: u64 = 4;

/// What a native histogram says when its sender set no zero threshold (NH-04).
const ZERO_THRESHOLD: f64 = 1e-128;
/// Schemas a scraper reads; one beyond them fails its whole scrape (NH-13).
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;

/// Writes protobuf.
#[derive(Debug, Default)]
pub(super) struct ProtobufWriter {
    metrics: Vec<u8>,          // of the family at hand, the latest
    before: VecDeque<Vec<u8>>, // pieces of it that are full
    before_bytes: usize,
    has_ended: bool, // what is left of it waits to be handed over
}

impl ProtobufWriter {
    /// Writes target info; labels are constant.
    pub(super) fn targets(&mut self, out: &mut Vec<u8>, targets: impl Iterator<Item = Plan>) {
        let labels = Labels::default();
        let value = Value::Number(Number::Int(1));
        let series = Series { labels: &labels, shape: 0, entries: &[], start: 0, time: 0, value, exemplars: &[], bounds: &[] };
        for plan in targets {
            nested(&mut self.metrics, field::FAMILY_METRIC, |out| {
                push_labels(out, &plan, &series);
                nested(out, field::METRIC_GAUGE, |out| double(out, field::VALUE, 1.0));
            });
            self.set_aside();
        }
        self.flush(out, "target_info", GAUGE, ["", "Target metadata"]);
    }

    /// Takes a series; `false` when the format has no place for its value.
    pub(super) fn series(&mut self, given: Given<'_>) -> bool {
        let Given { family, planned, series, .. } = given;
        let native = match series.value {
            Value::Exponential(histogram) => match Native::of(histogram) {
                Some(native) => Some(native),
                None => return false,
            },
            Value::Number(_) | Value::Histogram(_) | Value::Summary(_) => None,
        };
        nested(&mut self.metrics, field::FAMILY_METRIC, |out| {
            push_labels(out, &planned.plan, series);
            match (series.value, native) {
                (Value::Number(value), _) => push_number(out, given, family.names.family_type, value.as_f64()),
                (Value::Histogram(histogram), _) => push_classic(out, given, histogram),
                (Value::Summary(summary), _) => push_summary(out, given, summary),
                (Value::Exponential(histogram), native) => push_native(out, given, histogram, &native.unwrap_or_default()),
            }
        });
        self.set_aside();
        true
    }

    /// Heads the family, unless nothing of it was seen; the rest of it is there to be handed over.
    pub(super) fn end(&mut self, out: &mut Vec<u8>, family: &Family) {
        let kind = match family.names.family_type {
            FamilyType::Counter => COUNTER,
            FamilyType::Gauge | FamilyType::Info | FamilyType::StateSet => GAUGE,
            FamilyType::Summary => SUMMARY,
            FamilyType::Unknown => UNTYPED,
            FamilyType::Histogram | FamilyType::NativeHistogram => HISTOGRAM,
        };
        self.flush(out, &family.names.full, kind, [&family.unit, &family.help]);
    }

    fn flush(&mut self, out: &mut Vec<u8>, name: &str, kind: u64, [unit, help]: [&str; 2]) {
        let len = self.held();
        if len == 0 {
            return;
        }
        let mut head = Vec::new();
        bytes(&mut head, field::FAMILY_NAME, name.as_bytes());
        if !help.is_empty() {
            bytes(&mut head, field::FAMILY_HELP, help.as_bytes());
        }
        uint(&mut head, field::FAMILY_TYPE, kind);
        if !unit.is_empty() {
            bytes(&mut head, field::FAMILY_UNIT, unit.as_bytes());
        }
        varint(out, head.len().saturating_add(len) as u64);
        out.extend_from_slice(&head);
        self.has_ended = true;
    }

    /// Bytes of the family at hand.
    pub(super) fn held(&self) -> usize {
        self.before_bytes.saturating_add(self.metrics.len())
    }

    /// A piece that is full is not copied into a larger one.
    fn set_aside(&mut self) {
        if self.metrics.len() >= CHUNK_BYTES {
            self.before_bytes = self.held();
            self.before.push_back(std::mem::take(&mut self.metrics));
        }
    }

    /// Appends the next piece of a family that has ended; `false` when there is none left.
    pub(super) fn hand_over(&mut self, out: &mut Vec<u8>) -> bool {
        if !self.has_ended {
            return false;
        }
        if let Some(piece) = self.before.pop_front() {
            self.before_bytes = self.before_bytes.saturating_sub(piece.len());
            out.extend_from_slice(&piece);
            return true;
        }
        self.has_ended = false;
        out.append(&mut self.metrics);
        true
    }
}

fn push_labels(out: &mut Vec<u8>, plan: &Plan, series: &Series<'_>) {
    for (slot, pieces) in plan.labels(series) {
        nested(out, field::METRIC_LABEL, |out| {
            bytes(out, field::PAIR_NAME, slot.name.as_bytes());
            tag(out, field::PAIR_VALUE, Wire::Len);
            varint(out, pieces.len() as u64);
            pieces.each(|piece| out.extend_from_slice(piece.as_bytes()));
        });
    }
}

fn push_number(out: &mut Vec<u8>, given: Given<'_>, family_type: FamilyType, value: f64) {
    match family_type {
        FamilyType::Counter => nested(out, field::METRIC_COUNTER, |out| {
            push_double(out, field::VALUE, value);
            if let Some(exemplar) = latest(given.series.exemplars.iter()) {
                push_exemplar(out, field::COUNTER_EXEMPLAR, given, exemplar, exemplar.time);
            }
            push_start(out, field::COUNTER_START, given);
        }),
        FamilyType::Unknown => nested(out, field::METRIC_UNTYPED, |out| push_double(out, field::VALUE, value)),
        _ => nested(out, field::METRIC_GAUGE, |out| push_double(out, field::VALUE, value)),
    }
}

fn push_classic(out: &mut Vec<u8>, given: Given<'_>, histogram: &Histogram) {
    nested(out, field::METRIC_HISTOGRAM, |out| {
        uint(out, field::SAMPLE_COUNT, histogram.count);
        if let Some(sum) = histogram.sum {
            push_double(out, field::SAMPLE_SUM, sum);
        }
        let mut above = f64::NEG_INFINITY;
        let mut total = 0u64;
        let finite = histogram.bounds.iter().copied().zip(histogram.counts.iter().copied().map(Some));
        for (le, count) in finite.chain([(f64::INFINITY, None)]) {
            total = count.map_or(histogram.count, |count| total.saturating_add(count));
            nested(out, field::HISTOGRAM_BUCKET, |out| {
                uint(out, field::BUCKET_COUNT, total);
                double(out, field::BUCKET_UPPER_BOUND, le);
                if let Some(exemplar) = latest_within(given.series.exemplars, above, le) {
                    push_exemplar(out, field::BUCKET_EXEMPLAR, given, exemplar, exemplar.time);
                }
            });
            above = le;
        }
        push_start(out, field::HISTOGRAM_START, given);
    });
}

fn push_summary(out: &mut Vec<u8>, given: Given<'_>, summary: &Summary) {
    nested(out, field::METRIC_SUMMARY, |out| {
        uint(out, field::SAMPLE_COUNT, summary.count);
        push_double(out, field::SAMPLE_SUM, summary.sum);
        for (quantile, value) in &summary.quantiles {
            nested(out, field::SUMMARY_QUANTILE, |out| {
                double(out, field::QUANTILE, *quantile);
                push_double(out, field::QUANTILE_VALUE, *value);
            });
        }
        push_start(out, field::SUMMARY_START, given);
    });
}

fn push_native(out: &mut Vec<u8>, given: Given<'_>, histogram: &ExpHistogram, native: &Native) {
    nested(out, field::METRIC_HISTOGRAM, |out| {
        uint(out, field::SAMPLE_COUNT, histogram.count);
        push_double(out, field::SAMPLE_SUM, histogram.sum);
        sint(out, field::HISTOGRAM_SCHEMA, i64::from(histogram.scale));
        let threshold = if histogram.zero_threshold > 0.0 { histogram.zero_threshold } else { ZERO_THRESHOLD };
        double(out, field::HISTOGRAM_ZERO_THRESHOLD, threshold);
        uint(out, field::HISTOGRAM_ZERO_COUNT, histogram.zero_count);
        native.negative.push(out, field::HISTOGRAM_NEGATIVE);
        native.positive.push(out, field::HISTOGRAM_POSITIVE);
        push_start(out, field::HISTOGRAM_START, given);
        let mut exemplars: Vec<&Exemplar> = given.series.exemplars.iter().collect();
        exemplars.sort_by(|a, b| a.time.cmp(&b.time).then(a.value.as_f64().total_cmp(&b.value.as_f64())));
        for exemplar in exemplars {
            // NH-08: a reader drops those without a time.
            let time = if exemplar.time > 0 { exemplar.time } else { given.series.time };
            push_exemplar(out, field::HISTOGRAM_EXEMPLARS, given, exemplar, time);
        }
    });
}

fn push_exemplar(out: &mut Vec<u8>, number: u32, given: Given<'_>, exemplar: &Exemplar, time: u64) {
    nested(out, number, |out| {
        for (name, text) in labels_of(exemplar, given.labeller, None) {
            nested(out, field::EXEMPLAR_LABEL, |out| {
                bytes(out, field::PAIR_NAME, name.as_bytes());
                bytes(out, field::PAIR_VALUE, text.as_bytes());
            });
        }
        push_double(out, field::EXEMPLAR_VALUE, exemplar.value.as_f64());
        if time > 0 {
            push_time(out, field::EXEMPLAR_TIME, time);
        }
    });
}

fn push_start(out: &mut Vec<u8>, number: u32, given: Given<'_>) {
    if let Some(start) = given.created() {
        push_time(out, number, start);
    }
}

fn push_time(out: &mut Vec<u8>, number: u32, nanos: u64) {
    nested(out, number, |out| {
        uint(out, field::SECONDS, nanos / SECOND);
        uint(out, field::NANOS, nanos % SECOND);
    });
}

/// Every NaN is the same one: some others mean that a series ended (OM-13).
fn push_double(out: &mut Vec<u8>, number: u32, value: f64) {
    double(out, number, if value.is_nan() { f64::NAN } else { value });
}

/// Both sides of a native histogram.
#[derive(Debug, Default)]
struct Native {
    positive: Sparse,
    negative: Sparse,
}

/// Runs of buckets that are not empty, and how each count differs from the one before.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sparse {
    spans: Vec<(i32, u32)>, // gap to the last span, length
    deltas: Vec<i64>,
}

impl Native {
    /// `None` when no reader would take it.
    fn of(histogram: &ExpHistogram) -> Option<Self> {
        let is_readable = SCHEMAS.contains(&histogram.scale);
        let (positive, negative) = (Sparse::of(&histogram.positive)?, Sparse::of(&histogram.negative)?);
        is_readable.then_some(Self { positive, negative })
    }
}

impl Sparse {
    /// NH-03: Prometheus counts buckets by their upper bound, so its index is one more.
    fn of(buckets: &Buckets) -> Option<Self> {
        let mut sparse = Self::default();
        let mut last_index: Option<i64> = None;
        let mut last_count = 0u64;
        for (place, count) in buckets.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let index = i64::from(buckets.offset).checked_add(i64::try_from(place).ok()?)?.checked_add(1)?;
            let gap = last_index.map_or(Some(index), |last| index.checked_sub(last)?.checked_sub(1))?;
            match sparse.spans.last_mut() {
                Some((_, length)) if gap == 0 => *length = length.checked_add(1)?,
                _ => sparse.spans.push((i32::try_from(gap).ok()?, 1)),
            }
            sparse.deltas.push(i64::try_from(*count).ok()?.checked_sub(i64::try_from(last_count).ok()?)?);
            last_index = Some(index);
            last_count = *count;
        }
        Some(sparse)
    }

    fn push(&self, out: &mut Vec<u8>, [spans, deltas]: [u32; 2]) {
        for (offset, length) in &self.spans {
            nested(out, spans, |out| {
                sint(out, field::SPAN_OFFSET, i64::from(*offset));
                uint(out, field::SPAN_LENGTH, u64::from(*length));
            });
        }
        if !self.deltas.is_empty() {
            tag(out, deltas, Wire::Len);
            delimited(out, |out| self.deltas.iter().for_each(|delta| varint(out, zigzag(*delta))));
        }
    }
}
