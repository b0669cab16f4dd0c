//! Metrics requests out of choices: mostly such as a store takes, so that what comes after decoding is reached. Knows no oracle.
//! What has to be wrong now and then is: times, counts, flags, bounds.

use super::choices::Choices;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
        exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
};

/// A request.
pub(crate) fn metrics_request(from: &mut Choices<'_>) -> ExportMetricsServiceRequest {
    let resource_metrics = from.list(3, |from| ResourceMetrics {
        resource: Some(Resource { attributes: from.list(3, attribute), ..Resource::default() }),
        scope_metrics: from.list(2, |from| ScopeMetrics {
            scope: from.yes().then(|| scope(from)),
            metrics: from.list(4, metric),
            schema_url: if from.yes() { from.text() } else { String::new() },
        }),
        ..ResourceMetrics::default()
    });
    ExportMetricsServiceRequest { resource_metrics }
}

fn scope(from: &mut Choices<'_>) -> InstrumentationScope {
    let (name, version) = (from.text(), from.text());
    InstrumentationScope { name, version, attributes: from.list(2, attribute), ..InstrumentationScope::default() }
}

pub(crate) fn attribute(from: &mut Choices<'_>) -> KeyValue {
    let value = Some(AnyValue { value: value(from, 2) });
    KeyValue { key: from.text(), value, ..KeyValue::default() }
}

fn value(from: &mut Choices<'_>, depth: usize) -> Option<Value> {
    let nested = |value| AnyValue { value };
    Some(match from.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::BoolValue(from.yes()),
        1 => Value::IntValue(from.u64().cast_signed()),
        2 => Value::DoubleValue(from.double()),
        3 => Value::BytesValue(from.text().into_bytes()),
        4 => return None,
        6 => Value::ArrayValue(ArrayValue { values: from.list(2, |from| nested(value(from, depth - 1))) }),
        7 => {
            let pair = |from: &mut Choices<'_>| {
                let value = Some(nested(value(from, depth - 1)));
                KeyValue { key: from.text(), value, ..KeyValue::default() }
            };
            Value::KvlistValue(KeyValueList { values: from.list(2, pair) })
        }
        _ => Value::StringValue(from.text()),
    })
}

fn metric(from: &mut Choices<'_>) -> Metric {
    let units = ["", "1", "s", "By", "{req}", "By/s", "m/s", "%"];
    let (name, unit) = (from.text(), from.pick(&units).to_owned());
    let description = if from.yes() { from.text() } else { String::new() };
    let types = ["", "", "info", "stateset", "unknown", "counter"];
    let metadata = match from.pick(&types) {
        "" => Vec::new(),
        word => vec![KeyValue {
            key: "prometheus.type".to_owned(),
            value: Some(AnyValue { value: Some(Value::StringValue(word.to_owned())) }),
            ..KeyValue::default()
        }],
    };
    Metric { name, description, unit, metadata, data: Some(data(from)) }
}

fn data(from: &mut Choices<'_>) -> Data {
    let aggregation_temporality = from.pick(&[2, 2, 2, 1, 0]);
    match from.below(5) {
        0 => Data::Gauge(Gauge { data_points: from.list(4, number) }),
        1 => Data::Sum(Sum { data_points: from.list(4, number), aggregation_temporality, is_monotonic: from.yes() }),
        2 => Data::Histogram(Histogram { data_points: from.list(3, histogram), aggregation_temporality }),
        3 => Data::ExponentialHistogram(ExponentialHistogram { data_points: from.list(3, exponential), aggregation_temporality }),
        _ => Data::Summary(Summary { data_points: from.list(3, summary) }),
    }
}

/// Start and time: mostly in order.
fn times(from: &mut Choices<'_>) -> (u64, u64) {
    let start = u64::from(from.byte() % 8);
    if from.below(16) == 0 { (from.u64(), from.u64()) } else { (start, start + 1 + u64::from(from.byte() % 8)) }
}

fn number(from: &mut Choices<'_>) -> NumberDataPoint {
    let ((start_time_unix_nano, time_unix_nano), flags) = (times(from), u32::from(from.below(16) == 0));
    let value = match from.below(8) {
        0 => None,
        1 => Some(number_data_point::Value::AsInt(from.u64().cast_signed())),
        2..4 => Some(number_data_point::Value::AsInt(i64::from(from.byte()))),
        _ => Some(number_data_point::Value::AsDouble(from.double())),
    };
    let (attributes, exemplars) = (from.list(3, attribute), exemplars(from));
    NumberDataPoint { attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value }
}

fn exemplars(from: &mut Choices<'_>) -> Vec<Exemplar> {
    if from.below(4) > 0 {
        return Vec::new();
    }
    from.list(3, |from| Exemplar {
        filtered_attributes: from.list(3, attribute),
        time_unix_nano: u64::from(from.byte()),
        span_id: vec![from.byte(); from.pick(&[0, 8, 8, 3])],
        trace_id: vec![from.byte(); from.pick(&[0, 16, 16, 3])],
        value: Some(exemplar::Value::AsDouble(from.double())),
    })
}

/// Mostly what the counts add up to.
fn count(from: &mut Choices<'_>, zero: u64, counts: &[&[u64]]) -> u64 {
    let sum = counts.iter().flat_map(|side| side.iter()).fold(zero, |sum, n| sum.wrapping_add(*n));
    if from.below(16) == 0 { from.u64() } else { sum }
}

fn histogram(from: &mut Choices<'_>) -> HistogramDataPoint {
    let ((start_time_unix_nano, time_unix_nano), flags) = (times(from), u32::from(from.below(16) == 0));
    let mut explicit_bounds = from.list(5, Choices::double);
    if from.below(8) > 0 {
        explicit_bounds.sort_by(f64::total_cmp);
        explicit_bounds.dedup();
    }
    let buckets = if from.below(8) == 0 { from.below(4) } else { explicit_bounds.len() + 1 };
    let bucket_counts: Vec<u64> = (0..buckets).map(|_| u64::from(from.byte())).collect();
    let count = count(from, 0, &[&bucket_counts]);
    let sum = from.yes().then(|| from.double());
    let (attributes, exemplars) = (from.list(3, attribute), exemplars(from));
    HistogramDataPoint {
        attributes,
        start_time_unix_nano,
        time_unix_nano,
        count,
        sum,
        bucket_counts,
        explicit_bounds,
        exemplars,
        flags,
        min: None,
        max: None,
    }
}

fn buckets(from: &mut Choices<'_>) -> Buckets {
    let offset = match from.below(4) {
        0 => i32::from(from.byte()) - 128,
        1 => from.pick(&[i32::MIN, i32::MAX, -1_100_000, 260_000]),
        _ => i32::from(from.byte()) % 8 - 4,
    };
    Buckets { offset, bucket_counts: from.list(12, |from| u64::from(from.byte() % 5)) }
}

pub(crate) fn exponential(from: &mut Choices<'_>) -> ExponentialHistogramDataPoint {
    let (start_time_unix_nano, time_unix_nano) = times(from);
    let scale = from.pick(&[0, 0, 1, 3, 8, 10, 20, -1, -4, -5]);
    let (positive, negative, zero_count) = (buckets(from), buckets(from), u64::from(from.byte() % 4));
    let count = count(from, zero_count, &[&positive.bucket_counts, &negative.bucket_counts]);
    let zero_threshold = from.pick(&[0.0, 0.0, 0.5, 1e-9, f64::NAN]);
    let sum = (from.below(8) > 0).then(|| from.double());
    let (attributes, exemplars) = (from.list(3, attribute), exemplars(from));
    ExponentialHistogramDataPoint {
        attributes,
        start_time_unix_nano,
        time_unix_nano,
        count,
        sum,
        scale,
        zero_count,
        zero_threshold,
        positive: Some(positive),
        negative: Some(negative),
        flags: 0,
        exemplars,
        min: None,
        max: None,
    }
}

fn summary(from: &mut Choices<'_>) -> SummaryDataPoint {
    let ((start_time_unix_nano, time_unix_nano), flags) = (times(from), u32::from(from.below(16) == 0));
    let pair = |from: &mut Choices<'_>| ValueAtQuantile { quantile: f64::from(from.byte() % 9) / 8.0, value: from.double() };
    let (quantile_values, attributes) = (from.list(4, pair), from.list(3, attribute));
    SummaryDataPoint {
        attributes,
        start_time_unix_nano,
        time_unix_nano,
        count: from.u64(),
        sum: from.double(),
        quantile_values,
        flags,
    }
}
