//! OTLP's messages as bytes: attributes, points, spans, resources. The field numbers of the protocol stand here and in
//! `body`, nowhere else. Decides nothing: what to send is known before.

#[cfg(test)]
mod tests;

use crate::{
    buckets::Buckets,
    metric::Kind,
    span::{Finished, Place},
    wire::{self, Field},
};
use opentelemetry::{Array, KeyValue, Value};
use std::time::{SystemTime, UNIX_EPOCH};

/// Flag of a point that says its set has ended.
const NO_RECORDED_VALUE: u64 = 1;
/// Flag of a span and of a link: `SAMPLED`, and that it is known whether the other side is remote.
const SAMPLED: u32 = 0x101;
/// Flag of a span or link whose parent or other side is in another process.
const REMOTE: u32 = 0x200;

/// The attribute of the set that takes what a limit on sets left over; its name is the protocol's.
pub(crate) const OVERFLOW: &str = "otel.metric.overflow";

/// A number as points carry it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Of counters and up-down counters.
    Int(i64),
    /// Of gauges and histograms.
    Double(f64),
}

/// A measurement that stands for others, and the span it was made in.
#[derive(Clone, Debug)]
pub(crate) struct Exemplar {
    pub(crate) time: u64,
    pub(crate) value: Number,
    pub(crate) place: Place,
}

/// When a stream began and the moment its point speaks of, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// None for gauges.
    pub(crate) start: Option<u64>,
    pub(crate) time: u64,
}

/// Nanoseconds since 1970; what is before or too far after is as near as can be said.
pub(crate) fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Attributes as a repeated field of this number.
pub(crate) fn attributes<'a>(out: &mut Vec<u8>, field: u32, attributes: impl IntoIterator<Item = &'a KeyValue>) {
    for pair in attributes {
        let message = Small::open(out, field);
        wire::bytes(out, 1, pair.key.as_str().as_bytes());
        value(out, 2, &pair.value);
        message.close(out);
    }
}

/// One attribute with text as its value, as it stands among others: with the key of that field.
pub(crate) fn text_attribute(field: u32, key: &str, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    attributes(&mut out, field, &[KeyValue::new(key.to_owned(), text.to_owned())]);
    out
}

/// Whether an attribute, encoded alone, is among these.
pub(crate) fn contains(attributes: &[u8], one: &[u8]) -> bool {
    let Some(Field::Bytes(_, wanted)) = wire::fields(one).next() else { return false };
    wire::fields(attributes).any(|field| matches!(field, Field::Bytes(_, held) if held == wanted))
}

/// Of attributes that are encoded, those whose keys stay.
pub(crate) fn filtered(out: &mut Vec<u8>, attributes: &[u8], stays: impl Fn(&str) -> bool) {
    for field in wire::fields(attributes) {
        if let Field::Bytes(number, pair) = field
            && stays(wire::message(pair, 1).and_then(|key| str::from_utf8(key).ok()).unwrap_or_default())
        {
            wire::bytes(out, number, pair);
        }
    }
}

/// A message of mostly less than 128 bytes: its length takes one byte, the rarer longer ones move up.
struct Small(usize);

impl Small {
    fn open(out: &mut Vec<u8>, field: u32) -> Self {
        wire::varint(out, u64::from(field << 3 | 2));
        out.push(0);
        Self(out.len())
    }

    fn close(self, out: &mut Vec<u8>) {
        let length = out.len() - self.0;
        match u8::try_from(length) {
            Ok(short @ ..0x80) => out[self.0 - 1] = short,
            _ => {
                let mut prefix = Vec::with_capacity(5);
                wire::varint(&mut prefix, length as u64);
                out.splice(self.0 - 1..self.0, prefix);
            }
        }
    }
}

fn value(out: &mut Vec<u8>, field: u32, value: &Value) {
    let message = Small::open(out, field);
    match value {
        Value::Bool(b) => wire::uint(out, 2, u64::from(*b)),
        Value::I64(i) => wire::uint(out, 3, i.cast_unsigned()),
        Value::F64(f) => wire::fixed64(out, 4, f.to_bits()),
        Value::String(s) => wire::bytes(out, 1, s.as_str().as_bytes()),
        Value::Array(array) => {
            let list = Small::open(out, 5);
            elements(array).iter().for_each(|element| self::value(out, 1, element));
            list.close(out);
        }
        // The enum may grow: a value we do not know is there, and empty.
        _ => {}
    }
    message.close(out);
}

fn elements(array: &Array) -> Vec<Value> {
    match array {
        Array::Bool(v) => v.iter().map(|b| Value::Bool(*b)).collect(),
        Array::I64(v) => v.iter().map(|i| Value::I64(*i)).collect(),
        Array::F64(v) => v.iter().map(|f| Value::F64(*f)).collect(),
        Array::String(v) => v.iter().map(|s| Value::String(s.clone())).collect(),
        _ => Vec::new(),
    }
}

/// The field of a point in which its attributes stand.
pub(crate) const fn attributes_field(kind: Kind) -> u32 {
    match kind {
        Kind::Histogram => 9,
        Kind::Counter | Kind::UpDownCounter | Kind::Gauge => 7,
    }
}

fn times(out: &mut Vec<u8>, Times { start, time }: Times) {
    if let Some(start) = start {
        wire::fixed64(out, 2, start);
    }
    wire::fixed64(out, 3, time);
}

/// A `NumberDataPoint`; its attributes are encoded already.
pub(crate) fn number_point(out: &mut Vec<u8>, attributes: &[u8], at: Times, value: Number, exemplar: Option<&Exemplar>) {
    out.extend_from_slice(attributes);
    times(out, at);
    match value {
        Number::Int(i) => wire::fixed64(out, 6, i.cast_unsigned()),
        Number::Double(f) => wire::fixed64(out, 4, f.to_bits()),
    }
    if let Some(one) = exemplar {
        self::exemplar(out, 5, one);
    }
}

/// A `HistogramDataPoint`.
pub(crate) fn histogram_point(
    out: &mut Vec<u8>,
    attributes: &[u8],
    at: Times,
    (bounds, buckets): (&[f64], &Buckets),
    exemplar: Option<&Exemplar>,
) {
    out.extend_from_slice(attributes);
    times(out, at);
    wire::fixed64(out, 4, buckets.count);
    wire::fixed64(out, 5, buckets.sum.to_bits());
    packed(out, 6, &buckets.counts);
    let bounds: Vec<u64> = bounds.iter().map(|bound| bound.to_bits()).collect();
    packed(out, 7, &bounds);
    if let Some(one) = exemplar {
        self::exemplar(out, 8, one);
    }
    if buckets.count > 0 {
        wire::fixed64(out, 11, buckets.min.to_bits());
        wire::fixed64(out, 12, buckets.max.to_bits());
    }
}

/// A point that says that its set has ended.
pub(crate) fn end_point(out: &mut Vec<u8>, kind: Kind, attributes: &[u8], time: u64) {
    out.extend_from_slice(attributes);
    times(out, Times { start: None, time });
    wire::uint(out, if kind == Kind::Histogram { 10 } else { 8 }, NO_RECORDED_VALUE);
}

fn packed(out: &mut Vec<u8>, field: u32, values: &[u64]) {
    if values.is_empty() {
        return;
    }
    wire::varint(out, u64::from(field << 3 | 2));
    wire::varint(out, (values.len() * 8) as u64);
    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

fn exemplar(out: &mut Vec<u8>, field: u32, Exemplar { time, value, place }: &Exemplar) {
    let message = Small::open(out, field);
    wire::fixed64(out, 2, *time);
    match value {
        Number::Int(i) => wire::fixed64(out, 6, i.cast_unsigned()),
        Number::Double(f) => wire::fixed64(out, 3, f.to_bits()),
    }
    wire::bytes(out, 4, &place.id.to_bytes());
    wire::bytes(out, 5, &place.trace.to_bytes());
    message.close(out);
}

/// A `Span`.
pub(crate) fn span(out: &mut Vec<u8>, span: &Finished) {
    let root = span.place.is_root();
    wire::bytes(out, 1, &span.place.trace.to_bytes());
    wire::bytes(out, 2, &span.place.id.to_bytes());
    if !root {
        wire::bytes(out, 4, &span.place.parent.to_bytes());
    }
    wire::text(out, 5, &span.name);
    // Kind: internal.
    wire::uint(out, 6, 1);
    wire::fixed64(out, 7, nanos(span.start));
    wire::fixed64(out, 8, nanos(span.end));
    attributes(out, 9, &span.attributes);
    for event in &span.events {
        let message = Small::open(out, 11);
        wire::fixed64(out, 1, nanos(event.time));
        wire::text(out, 2, event.name);
        attributes(out, 3, &event.attributes);
        message.close(out);
    }
    if span.events_dropped > 0 {
        wire::uint(out, 12, u64::from(span.events_dropped));
    }
    for link in &span.links {
        let message = Small::open(out, 13);
        wire::bytes(out, 1, &link.trace.to_bytes());
        wire::bytes(out, 2, &link.id.to_bytes());
        wire::fixed32(out, 6, SAMPLED);
        message.close(out);
    }
    if let Some(class) = span.failed {
        let message = Small::open(out, 15);
        wire::text(out, 2, class);
        wire::uint(out, 3, 2);
        message.close(out);
    }
    wire::fixed32(out, 16, if span.remote_parent && !root { SAMPLED | REMOTE } else { SAMPLED });
}

/// The `resource` field of `ResourceMetrics` and `ResourceSpans`.
pub(crate) fn resource(attributes: &[KeyValue]) -> Vec<u8> {
    let mut out = Vec::new();
    let message = Small::open(&mut out, 1);
    self::attributes(&mut out, 1, attributes);
    message.close(&mut out);
    out
}
