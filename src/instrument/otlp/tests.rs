use super::{Buckets, Exemplar, Number, Times, attributes_field, end_point, histogram_point, number_point, resource, span};
use crate::{
    metric::{Kind, Metric},
    semconv::pointsman::{ReconcileDuration, ScrapeSize},
    span::{Finished, Happened, Place, SpanId, TraceId},
};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_proto::tonic::{
    common::v1::{self as common, any_value},
    metrics::v1::{self as proto, exemplar, number_data_point},
    resource::v1::Resource,
    trace::v1 as trace,
};
use proptest::{
    collection::vec,
    num::f64::NORMAL,
    option,
    prelude::{Just, Strategy, any, prop_oneof, proptest},
    strategy::BoxedStrategy,
};
use prost::Message;
use std::time::{Duration, UNIX_EPOCH};

fn text() -> BoxedStrategy<String> {
    prop_oneof!["[a-z.é☃]{0,9}", "[a-z]{120,300}"].boxed()
}

fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        NORMAL.prop_map(Value::F64),
        text().prop_map(|s| Value::String(s.into())),
        vec(any::<i64>(), 0..40).prop_map(|v| Value::Array(Array::I64(v))),
        vec(any::<bool>(), 0..4).prop_map(|v| Value::Array(Array::Bool(v))),
        vec(NORMAL, 0..4).prop_map(|v| Value::Array(Array::F64(v))),
        vec(text(), 0..4).prop_map(|v| Value::Array(Array::String(v.into_iter().map(Into::into).collect()))),
    ]
    .boxed()
}

fn attributes() -> BoxedStrategy<Vec<KeyValue>> {
    vec((text(), value()).prop_map(|(key, value)| KeyValue::new(key, value)), 0..6).boxed()
}

fn place() -> BoxedStrategy<Place> {
    let span = any::<u64>().prop_map(SpanId::from);
    let parent = prop_oneof![Just(SpanId::INVALID), any::<u64>().prop_map(SpanId::from)];
    (any::<u128>(), span, parent).prop_map(|(trace, id, parent)| Place { trace: TraceId::from(trace), id, parent }).boxed()
}

fn number() -> BoxedStrategy<Number> {
    prop_oneof![any::<i64>().prop_map(Number::Int), NORMAL.prop_map(Number::Double)].boxed()
}

fn exemplar() -> BoxedStrategy<Option<Exemplar>> {
    option::of((any::<u64>(), number(), place()).prop_map(|(time, value, place)| Exemplar { time, value, place })).boxed()
}

fn pairs(attributes: &[KeyValue]) -> Vec<common::KeyValue> {
    let one = |a: &KeyValue| common::KeyValue { key: a.key.to_string(), value: Some(wanted(&a.value)), ..Default::default() };
    attributes.iter().map(one).collect()
}

fn wanted(value: &Value) -> common::AnyValue {
    use any_value::Value as Any;
    let list = |values: Vec<Value>| Any::ArrayValue(common::ArrayValue { values: values.iter().map(wanted).collect() });
    let value = match value {
        Value::Bool(b) => Any::BoolValue(*b),
        Value::I64(i) => Any::IntValue(*i),
        Value::F64(f) => Any::DoubleValue(*f),
        Value::String(s) => Any::StringValue(s.to_string()),
        Value::Array(Array::Bool(v)) => list(v.iter().map(|v| Value::Bool(*v)).collect()),
        Value::Array(Array::I64(v)) => list(v.iter().map(|v| Value::I64(*v)).collect()),
        Value::Array(Array::F64(v)) => list(v.iter().map(|v| Value::F64(*v)).collect()),
        Value::Array(Array::String(v)) => list(v.iter().map(|v| Value::String(v.clone())).collect()),
        other => panic!("{other:?}"),
    };
    common::AnyValue { value: Some(value) }
}

fn examples(exemplar: Option<&Exemplar>) -> Vec<proto::Exemplar> {
    let one = |e: &Exemplar| proto::Exemplar {
        time_unix_nano: e.time,
        span_id: e.place.id.to_bytes().to_vec(),
        trace_id: e.place.trace.to_bytes().to_vec(),
        value: Some(match e.value {
            Number::Int(i) => exemplar::Value::AsInt(i),
            Number::Double(f) => exemplar::Value::AsDouble(f),
        }),
        ..Default::default()
    };
    exemplar.into_iter().map(one).collect()
}

fn encoded(kind: Kind, attributes: &[KeyValue]) -> Vec<u8> {
    let mut out = Vec::new();
    super::attributes(&mut out, attributes_field(kind), attributes);
    out
}

/// Scenario: any number with any attributes. Guarantees: prost reads from our bytes what was meant.
#[test]
fn number_points_are_read_by_prost() {
    let at = (option::of(any::<u64>()), any::<u64>());
    proptest!(|(attributes in attributes(), (start, time) in at, value in number(), exemplar in exemplar())| {
        let mut out = Vec::new();
        number_point(&mut out, &encoded(Kind::Gauge, &attributes), Times { start, time }, value, exemplar.as_ref());
        let want = proto::NumberDataPoint {
            attributes: pairs(&attributes),
            start_time_unix_nano: start.unwrap_or(0),
            time_unix_nano: time,
            exemplars: examples(exemplar.as_ref()),
            flags: 0,
            value: Some(match value {
                Number::Int(i) => number_data_point::Value::AsInt(i),
                Number::Double(f) => number_data_point::Value::AsDouble(f),
            }),
        };
        assert_eq!(proto::NumberDataPoint::decode(&*out).expect("what we encoded"), want);
    });
}

/// Scenario: any counts with any attributes. Guarantees: prost reads from our bytes what was meant; an empty histogram
/// has neither smallest nor largest value.
#[test]
fn histogram_points_are_read_by_prost() {
    let meta = &ScrapeSize::META;
    let counts = vec(any::<u64>(), meta.buckets.len() + 1);
    let numbers = (0_u64..3, NORMAL, NORMAL, NORMAL);
    proptest!(|(attributes in attributes(), counts in counts, (count, sum, min, max) in numbers, exemplar in exemplar())| {
        let buckets = Buckets { counts: counts.clone().into(), count, sum, min, max };
        let mut out = Vec::new();
        let at = Times { start: Some(1), time: 2 };
        histogram_point(&mut out, &encoded(Kind::Histogram, &attributes), at, (meta.buckets, &buckets), exemplar.as_ref());
        let want = proto::HistogramDataPoint {
            attributes: pairs(&attributes),
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            count,
            sum: Some(sum),
            bucket_counts: counts,
            explicit_bounds: meta.buckets.to_vec(),
            exemplars: examples(exemplar.as_ref()),
            flags: 0,
            min: (count > 0).then_some(min),
            max: (count > 0).then_some(max),
        };
        assert_eq!(proto::HistogramDataPoint::decode(&*out).expect("what we encoded"), want);
    });
}

/// Scenario: the ends of sets of a gauge and of a histogram. Guarantees: prost reads the set, the time, and the flag.
#[test]
fn ends_are_read_by_prost() {
    let attributes = [KeyValue::new("k", "v")];
    let mut out = Vec::new();
    end_point(&mut out, Kind::Gauge, &encoded(Kind::Gauge, &attributes), 5);
    let number = proto::NumberDataPoint { attributes: pairs(&attributes), time_unix_nano: 5, flags: 1, ..Default::default() };
    assert_eq!(proto::NumberDataPoint::decode(&*out).expect("what we encoded"), number);
    out.clear();
    end_point(&mut out, Kind::Histogram, &encoded(Kind::Histogram, &attributes), 5);
    let histogram =
        proto::HistogramDataPoint { attributes: pairs(&attributes), time_unix_nano: 5, flags: 1, ..Default::default() };
    assert_eq!(proto::HistogramDataPoint::decode(&*out).expect("what we encoded"), histogram);
}

/// Scenario: any span with events, links and a failure. Guarantees: prost reads from our bytes what was meant.
#[test]
fn spans_are_read_by_prost() {
    let about = (place(), text(), attributes(), any::<u32>(), any::<u32>());
    let more =
        (vec((any::<u32>(), attributes()), 0..3), vec(place(), 0..3), option::of(Just("drain")), any::<bool>(), any::<u32>());
    proptest!(|((place, name, attributes, start, took) in about, (events, links, failed, remote_parent, events_dropped) in more)| {
        let time = |nanos: u64| UNIX_EPOCH + Duration::from_nanos(nanos);
        let end = u64::from(start) + u64::from(took);
        let events: Vec<_> = events
            .into_iter()
            .map(|(at, attributes)| Happened { name: "happened", time: time(u64::from(at)), attributes })
            .collect();
        let finished = Finished {
            scope: "pointsman",
            place,
            remote_parent,
            name: name.clone().into(),
            start: time(u64::from(start)),
            end: time(end),
            attributes: attributes.clone(),
            events: events.clone(),
            events_dropped,
            links: links.clone(),
            failed,
        };
        let mut out = Vec::new();
        span(&mut out, &finished);
        let event = |e: &Happened| trace::span::Event {
            time_unix_nano: super::nanos(e.time), name: "happened".to_owned(), attributes: pairs(&e.attributes),
            dropped_attributes_count: 0,
        };
        let link = |p: &Place| trace::span::Link {
            trace_id: p.trace.to_bytes().to_vec(), span_id: p.id.to_bytes().to_vec(), flags: 0x101, ..Default::default()
        };
        let remote = if remote_parent && !place.is_root() { 0x200 } else { 0 };
        let want = trace::Span {
            trace_id: place.trace.to_bytes().to_vec(),
            span_id: place.id.to_bytes().to_vec(),
            parent_span_id: if place.is_root() { Vec::new() } else { place.parent.to_bytes().to_vec() },
            flags: 0x101 | remote,
            name,
            kind: 1,
            start_time_unix_nano: u64::from(start),
            end_time_unix_nano: end,
            attributes: pairs(&attributes),
            events: events.iter().map(event).collect(),
            dropped_events_count: events_dropped,
            links: links.iter().map(link).collect(),
            status: failed.map(|class| trace::Status { message: class.to_owned(), code: 2 }),
            ..Default::default()
        };
        assert_eq!(trace::Span::decode(&*out).expect("what we encoded"), want);
    });
}

/// Scenario: any resource. Guarantees: prost reads it.
#[test]
fn resources_are_read_by_prost() {
    proptest!(|(attributes in attributes())| {
        let body = resource(&attributes);
        let read = proto::ResourceMetrics::decode(&*body).expect("what we encoded").resource;
        assert_eq!(read, Some(Resource { attributes: pairs(&attributes), ..Default::default() }));
    });
}

/// Scenario: sets with and without an attribute, among others with the same key or the same value. Guarantees: the one
/// set is found by key and value together.
#[test]
fn a_set_is_found_by_an_attribute() {
    let kind = ReconcileDuration::META.kind;
    let wanted = super::text_attribute(attributes_field(kind), "node", "a");
    for (attributes, found) in [
        (vec![KeyValue::new("pool", "a"), KeyValue::new("node", "a")], true),
        (vec![KeyValue::new("node", "ab")], false),
        (vec![KeyValue::new("pool", "a"), KeyValue::new("node", "b")], false),
        (vec![], false),
    ] {
        assert_eq!(super::contains(&encoded(kind, &attributes), &wanted), found, "{attributes:?}");
    }
}
