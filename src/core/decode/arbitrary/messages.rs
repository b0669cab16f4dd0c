//! Arbitrary requests as prost structs: every message, every member of every oneof, empty things, special numbers.
//! Legal protobuf always; not always points that state would take.

use super::Source;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
        exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, Link},
    },
};

pub(in crate::decode) fn metrics_request(source: &mut Source<'_>) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: source.list(2, |source| ResourceMetrics {
            resource: source.yes().then(|| resource(source)),
            scope_metrics: source.list(2, |source| ScopeMetrics {
                scope: source.yes().then(|| scope(source)),
                metrics: source.list(3, metric),
                schema_url: source.string(),
            }),
            schema_url: source.string(),
        }),
    }
}

pub(in crate::decode) fn traces_request(source: &mut Source<'_>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: source.list(2, |source| ResourceSpans {
            resource: source.yes().then(|| resource(source)),
            scope_spans: source.list(2, |source| ScopeSpans {
                scope: source.yes().then(|| scope(source)),
                spans: source.list(3, span),
                schema_url: source.string(),
            }),
            schema_url: source.string(),
        }),
    }
}

fn resource(source: &mut Source<'_>) -> Resource {
    Resource {
        attributes: source.list(3, attribute),
        dropped_attributes_count: u32::from(source.byte()),
        entity_refs: source.list(1, |source| EntityRef {
            schema_url: source.string(),
            r#type: source.string(),
            id_keys: source.list(2, Source::string),
            description_keys: source.list(2, Source::string),
        }),
    }
}

fn scope(source: &mut Source<'_>) -> InstrumentationScope {
    InstrumentationScope {
        name: source.string(),
        version: source.string(),
        attributes: source.list(2, attribute),
        dropped_attributes_count: u32::from(source.byte()),
    }
}

fn attribute(source: &mut Source<'_>) -> KeyValue {
    KeyValue { key: source.string(), value: source.yes().then(|| value(source, 3)), ..KeyValue::default() }
}

fn value(source: &mut Source<'_>, depth: usize) -> AnyValue {
    let value = match source.below(if depth == 0 { 6 } else { 8 }) {
        0 => None,
        1 => Some(Value::StringValue(source.string())),
        2 => Some(Value::BoolValue(source.yes())),
        3 => Some(Value::IntValue(source.u64().cast_signed())),
        4 => Some(Value::DoubleValue(source.double())),
        5 => {
            let len = source.below(5);
            Some(Value::BytesValue(source.bytes(len)))
        }
        6 => Some(Value::ArrayValue(ArrayValue { values: source.list(3, |source| value(source, depth - 1)) })),
        _ => {
            let entry = |source: &mut Source<'_>| KeyValue {
                key: source.string(),
                value: source.yes().then(|| value(source, depth - 1)),
                ..KeyValue::default()
            };
            Some(Value::KvlistValue(KeyValueList { values: source.list(3, entry) }))
        }
    };
    AnyValue { value }
}

fn metric(source: &mut Source<'_>) -> Metric {
    let aggregation_temporality = i32::from(source.byte() % 4);
    Metric {
        name: source.string(),
        description: source.string(),
        unit: source.string(),
        metadata: source.list(1, attribute),
        data: match source.below(6) {
            0 => None,
            1 => Some(Data::Gauge(Gauge { data_points: source.list(3, number) })),
            2 => {
                Some(Data::Sum(Sum { data_points: source.list(3, number), aggregation_temporality, is_monotonic: source.yes() }))
            }
            3 => Some(Data::Histogram(Histogram { data_points: source.list(3, histogram), aggregation_temporality })),
            4 => Some(Data::ExponentialHistogram(ExponentialHistogram {
                data_points: source.list(3, exponential),
                aggregation_temporality,
            })),
            _ => Some(Data::Summary(Summary { data_points: source.list(3, summary) })),
        },
    }
}

fn number(source: &mut Source<'_>) -> NumberDataPoint {
    NumberDataPoint {
        attributes: source.list(3, attribute),
        start_time_unix_nano: source.u64(),
        time_unix_nano: source.u64(),
        exemplars: source.list(2, exemplar),
        flags: u32::from(source.byte()),
        value: match source.below(3) {
            0 => None,
            1 => Some(number_data_point::Value::AsDouble(source.double())),
            _ => Some(number_data_point::Value::AsInt(source.u64().cast_signed())),
        },
    }
}

fn exemplar(source: &mut Source<'_>) -> Exemplar {
    Exemplar {
        filtered_attributes: source.list(2, attribute),
        time_unix_nano: source.u64(),
        span_id: id(source, 8),
        trace_id: id(source, 16),
        value: match source.below(3) {
            0 => None,
            1 => Some(exemplar::Value::AsDouble(source.double())),
            _ => Some(exemplar::Value::AsInt(source.u64().cast_signed())),
        },
    }
}

/// An id, or none.
fn id(source: &mut Source<'_>, len: usize) -> Vec<u8> {
    if source.yes() { source.bytes(len) } else { Vec::new() }
}

fn optional_double(source: &mut Source<'_>) -> Option<f64> {
    source.yes().then(|| source.double())
}

fn histogram(source: &mut Source<'_>) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: source.list(3, attribute),
        start_time_unix_nano: source.u64(),
        time_unix_nano: source.u64(),
        count: source.u64(),
        sum: optional_double(source),
        bucket_counts: source.list(20, Source::u64),
        explicit_bounds: source.list(20, Source::double),
        exemplars: source.list(2, exemplar),
        flags: u32::from(source.byte()),
        min: optional_double(source),
        max: optional_double(source),
    }
}

fn exponential(source: &mut Source<'_>) -> ExponentialHistogramDataPoint {
    let buckets = |source: &mut Source<'_>| Buckets {
        offset: i32::from(source.byte().cast_signed()),
        bucket_counts: source.list(20, Source::u64),
    };
    ExponentialHistogramDataPoint {
        attributes: source.list(3, attribute),
        start_time_unix_nano: source.u64(),
        time_unix_nano: source.u64(),
        count: source.u64(),
        sum: optional_double(source),
        scale: i32::from(source.byte().cast_signed()),
        zero_count: source.u64(),
        positive: source.yes().then(|| buckets(source)),
        negative: source.yes().then(|| buckets(source)),
        flags: u32::from(source.byte()),
        exemplars: source.list(2, exemplar),
        min: optional_double(source),
        max: optional_double(source),
        zero_threshold: source.double(),
    }
}

fn summary(source: &mut Source<'_>) -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: source.list(3, attribute),
        start_time_unix_nano: source.u64(),
        time_unix_nano: source.u64(),
        count: source.u64(),
        sum: source.double(),
        quantile_values: source.list(3, |source| ValueAtQuantile { quantile: source.double(), value: source.double() }),
        flags: u32::from(source.byte()),
    }
}

fn span(source: &mut Source<'_>) -> Span {
    Span {
        trace_id: id(source, 16),
        span_id: id(source, 8),
        trace_state: source.string(),
        parent_span_id: id(source, 8),
        flags: u32::from(source.byte()),
        name: source.string(),
        kind: i32::from(source.byte() % 7),
        start_time_unix_nano: source.u64(),
        end_time_unix_nano: source.u64(),
        attributes: source.list(3, attribute),
        dropped_attributes_count: u32::from(source.byte()),
        events: source.list(2, |source| Event {
            time_unix_nano: source.u64(),
            name: source.string(),
            attributes: source.list(2, attribute),
            dropped_attributes_count: u32::from(source.byte()),
        }),
        dropped_events_count: u32::from(source.byte()),
        links: source.list(2, |source| Link {
            trace_id: id(source, 16),
            span_id: id(source, 8),
            trace_state: source.string(),
            attributes: source.list(2, attribute),
            dropped_attributes_count: u32::from(source.byte()),
            flags: u32::from(source.byte()),
        }),
        dropped_links_count: u32::from(source.byte()),
        status: source.yes().then(|| Status { message: source.string(), code: i32::from(source.byte() % 4) }),
    }
}
