//! The walk over an `ExportMetricsServiceRequest`: heads first, then each point, borrowed from the request.
//! Fields come in any order, messages in pieces; only those rare cases are copied. Judges no values: the sink does.

mod points;

use super::{
    Data, DecodeError, MetricsSink, RawMetric, RawResource, RawScope, Temporality, Visit,
    envelope::{ENVELOPES, ITEMS, head},
    schema::METRICS_REQUEST,
    structure::check_request,
};
use crate::wire::read::{Reader, Wire, WireError, field_of, joined, key, pieces};
use points::{Run, Scratch, exponential, histogram, number, summary};

/// Checks the structure of a request down to each point's fields. Nothing of it may be used when this fails.
///
/// # Errors
/// Where and why it is not an `ExportMetricsServiceRequest`.
pub fn check(body: &[u8]) -> Result<(), DecodeError> {
    check_request(body, &METRICS_REQUEST)
}

/// Shows every point of a checked request to the sink. Of an unchecked one it shows what comes before the first flaw of
/// each message.
pub fn walk(body: &[u8], sink: &mut impl MetricsSink) {
    let (mut resource, mut scope, mut scratch) = (Vec::new(), Vec::new(), MetricScratch::default());
    for envelope in pieces(body, ENVELOPES) {
        let (raw, schema_url) = head(envelope, &mut resource);
        sink.resource(&RawResource { raw, schema_url });
        for envelope in pieces(envelope, ITEMS) {
            let (raw, schema_url) = head(envelope, &mut scope);
            sink.scope(&RawScope { raw, schema_url });
            pieces(envelope, ITEMS).for_each(|raw| walk_metric(raw, sink, &mut scratch));
        }
    }
}

/// The quantiles of a [`super::RawSummary`], in wire order: at most one more than a point may have.
#[must_use]
pub fn quantiles(raw: &[u8]) -> Vec<(f64, f64)> {
    summary::quantiles(raw)
}

/// Buffers for what a sender split; empty as long as none does.
#[derive(Default)]
struct MetricScratch {
    metadata: Vec<u8>,
    data: Vec<u8>,
    point: Scratch,
}

const NAME: u32 = key(1, Wire::Len);
const DESCRIPTION: u32 = key(2, Wire::Len);
const UNIT: u32 = key(3, Wire::Len);
const GAUGE: u32 = key(5, Wire::Len);
const SUM: u32 = key(7, Wire::Len);
const HISTOGRAM: u32 = key(9, Wire::Len);
const EXPONENTIAL: u32 = key(10, Wire::Len);
const SUMMARY: u32 = key(11, Wire::Len);
/// `Metric.metadata`
const METADATA_FIELD: u32 = 12;
const METADATA: u32 = key(METADATA_FIELD, Wire::Len);

/// What a `Metric` holds besides its points.
#[derive(Default)]
struct Head<'a> {
    name: &'a [u8],
    description: &'a [u8],
    unit: &'a [u8],
    metadata: Run,
    /// The key of the last member of the oneof `data`.
    data_key: u32,
    data: &'a [u8],
    /// Where its first piece begins, when more than one followed without another member between: they merge.
    split: Option<&'a [u8]>,
    data_began: &'a [u8],
}

fn walk_metric(raw: &[u8], sink: &mut impl MetricsSink, scratch: &mut MetricScratch) {
    let mut metric = Head::default();
    // What was read before a flaw stands: `check` has refused such a request, and the walk must not stumble.
    metric.read(raw).ok();
    let data = match metric.split {
        Some(began) => joined(began, field_of(metric.data_key), &mut scratch.data),
        None => metric.data,
    };
    let mut shape = Shape::default();
    shape.read(data).ok();
    let data_kind = match metric.data_key {
        GAUGE => Data::Gauge,
        SUM => Data::Sum { monotonic: shape.monotonic, temporality: shape.temporality },
        HISTOGRAM => Data::Histogram(shape.temporality),
        EXPONENTIAL => Data::Exponential(shape.temporality),
        SUMMARY => Data::Summary,
        _ => return, // no data: TY-18
    };
    let head = RawMetric {
        name: metric.name,
        description: metric.description,
        unit: metric.unit,
        metadata: metric.metadata.of(raw, METADATA_FIELD, &mut scratch.metadata),
        data: data_kind,
        points: shape.points,
    };
    if shape.points == 0 || sink.metric(&head) == Visit::Skip {
        return;
    }
    let (all, scratch) = (pieces(data, POINTS_FIELD), &mut scratch.point);
    match data_kind {
        Data::Gauge | Data::Sum { .. } => all.for_each(|raw| sink.number(&number::number(raw, scratch))),
        Data::Histogram(_) => all.for_each(|raw| sink.histogram(&histogram::histogram(raw, scratch))),
        Data::Exponential(_) => all.for_each(|raw| sink.exponential(&exponential::exponential(raw, scratch))),
        Data::Summary => all.for_each(|raw| sink.summary(&summary::summary(raw, scratch))),
    }
}

impl<'a> Head<'a> {
    fn read(&mut self, raw: &'a [u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(raw);
        loop {
            let began = reader.rest();
            let Some(key) = reader.key()? else { return Ok(()) };
            match key {
                NAME => self.name = reader.bytes()?,
                DESCRIPTION => self.description = reader.bytes()?,
                UNIT => self.unit = reader.bytes()?,
                GAUGE | SUM | HISTOGRAM | EXPONENTIAL | SUMMARY => {
                    self.data = reader.bytes()?;
                    if key == self.data_key {
                        self.split = Some(self.data_began);
                    } else {
                        (self.data_key, self.data_began, self.split) = (key, began, None);
                    }
                }
                METADATA => {
                    reader.bytes()?;
                    self.metadata.add(raw, began, reader.rest());
                }
                _ => reader.skip(key)?,
            }
        }
    }
}

/// `data_points` of each of the five kinds
const POINTS_FIELD: u32 = 1;
const POINTS: u32 = key(POINTS_FIELD, Wire::Len);
const TEMPORALITY: u32 = key(2, Wire::Varint);
const MONOTONIC: u32 = key(3, Wire::Varint);

/// What stands beside the points, which senders write first: found by stepping over them.
struct Shape {
    temporality: Temporality,
    monotonic: bool,
    points: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { temporality: Temporality::Unspecified, monotonic: false, points: 0 }
    }
}

impl Shape {
    #[expect(clippy::cast_possible_truncation, reason = "an enum is 32 bits of its varint")]
    fn read(&mut self, data: &[u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(data);
        while let Some(key) = reader.key()? {
            match key {
                POINTS => {
                    reader.bytes()?;
                    self.points = self.points.saturating_add(1);
                }
                TEMPORALITY => {
                    self.temporality = match reader.varint()? as u32 {
                        1 => Temporality::Delta,
                        2 => Temporality::Cumulative,
                        _ => Temporality::Unspecified,
                    }
                }
                MONOTONIC => self.monotonic = reader.varint()? != 0,
                _ => reader.skip(key)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
