//! Points of the test language as OTLP.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
        exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
};

/// A request of one resource and scope, each point in a metric of its own unless the line before has the same name.
pub(super) fn request(who: &str, points: &[&str]) -> ExportMetricsServiceRequest {
    let (service, instance) = who.split_once('/').unwrap_or(("svc", who));
    let (instance, scope) = instance.split_once('@').unwrap_or((instance, ""));
    let (instance, pod) = instance.split_once('+').map_or((instance, None), |(instance, pod)| (instance, Some(pod)));
    let mut metrics: Vec<Metric> = Vec::new();
    for line in points {
        let metric = metric(line);
        let joined = metrics.last_mut().is_some_and(|last| last.name == metric.name && join(last, &metric));
        if !joined {
            metrics.push(metric);
        }
    }
    let mut attributes = vec![pair("service.instance.id", instance), pair("service.name", service)];
    attributes.extend(pod.map(|pod| pair("k8s.pod.uid", pod)));
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope { name: scope.to_owned(), ..InstrumentationScope::default() }),
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

fn join(last: &mut Metric, next: &Metric) -> bool {
    match (&mut last.data, &next.data) {
        (Some(Data::Gauge(a)), Some(Data::Gauge(b))) => a.data_points.extend(b.data_points.clone()),
        (Some(Data::Sum(a)), Some(Data::Sum(b)))
            if a.is_monotonic == b.is_monotonic && a.aggregation_temporality == b.aggregation_temporality =>
        {
            a.data_points.extend(b.data_points.clone());
        }
        (Some(Data::Histogram(a)), Some(Data::Histogram(b))) if a.aggregation_temporality == b.aggregation_temporality => {
            a.data_points.extend(b.data_points.clone());
        }
        _ => return false,
    }
    true
}

pub(super) fn pair(key: &str, text: &str) -> KeyValue {
    let value = match text.parse::<i64>() {
        Ok(i) => any_value::Value::IntValue(i),
        Err(_) => any_value::Value::StringValue(text.to_owned()),
    };
    let value = if text == "true" { any_value::Value::BoolValue(true) } else { value };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// `kind name{k=v} value… start..time [stale] [#exemplar@time]`
fn metric(line: &str) -> Metric {
    let (kind, rest) = line.split_once(' ').unwrap();
    let (name, rest) = rest.split_once('{').unwrap();
    let (labels, rest) = rest.split_once('}').unwrap();
    let words: Vec<&str> = rest.split_whitespace().collect();
    let times = words.iter().find_map(|w| w.split_once("..")).unwrap_or(("0", "0"));
    let point = Point {
        attributes: labels.split(',').filter_map(|l| l.split_once('=')).map(|(k, v)| pair(k, v)).collect(),
        start: times.0.parse().unwrap(),
        time: times.1.parse().unwrap(),
        flags: u32::from(words.contains(&"stale")),
        exemplars: words.iter().filter_map(|w| w.strip_prefix('#')).map(exemplar).collect(),
        words,
    };
    let aggregation_temporality = match kind.trim_start_matches(char::is_alphabetic) {
        "+" => 1,
        "?" => 0,
        _ => 2,
    };
    let sum = |point: Point<'_>, is_monotonic| {
        Data::Sum(Sum { data_points: vec![point.number()], aggregation_temporality, is_monotonic })
    };
    let data = match kind.trim_end_matches(['+', '?']) {
        "gauge" => Data::Gauge(Gauge { data_points: vec![point.number()] }),
        "counter" => sum(point, true),
        "updown" => sum(point, false),
        "hist" => Data::Histogram(Histogram { data_points: vec![point.histogram()], aggregation_temporality }),
        "exp" => {
            Data::ExponentialHistogram(ExponentialHistogram { data_points: vec![point.exponential()], aggregation_temporality })
        }
        "summary" => Data::Summary(Summary { data_points: vec![point.summary()] }),
        other => panic!("no such kind: {other}"),
    };
    Metric { name: name.to_owned(), data: Some(data), ..Metric::default() }
}

/// What all kinds have, and the words that say the rest.
struct Point<'a> {
    attributes: Vec<KeyValue>,
    start: u64,
    time: u64,
    flags: u32,
    exemplars: Vec<Exemplar>,
    words: Vec<&'a str>,
}

impl Point<'_> {
    fn word(&self, key: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(key))
    }

    fn number(self) -> NumberDataPoint {
        let value = self.words.first().filter(|w| !w.contains("..") && **w != "stale");
        let value = value.map(|w| match w.parse::<i64>() {
            Ok(i) => number_data_point::Value::AsInt(i),
            Err(_) => number_data_point::Value::AsDouble(w.parse().unwrap()),
        });
        NumberDataPoint {
            attributes: self.attributes,
            start_time_unix_nano: self.start,
            time_unix_nano: self.time,
            exemplars: self.exemplars,
            flags: self.flags,
            value,
        }
    }

    fn histogram(self) -> HistogramDataPoint {
        let bucket_counts: Vec<u64> = list(self.word("c=").unwrap_or_default());
        HistogramDataPoint {
            count: self
                .word("n=")
                .map_or_else(|| bucket_counts.iter().fold(0_u64, |a, b| a.wrapping_add(*b)), |n| n.parse().unwrap()),
            bucket_counts,
            sum: self.word("sum=").map(|s| s.parse().unwrap()),
            explicit_bounds: list(self.word("le=").unwrap_or_default()),
            attributes: self.attributes,
            start_time_unix_nano: self.start,
            time_unix_nano: self.time,
            exemplars: self.exemplars,
            flags: self.flags,
            ..HistogramDataPoint::default()
        }
    }

    fn exponential(self) -> ExponentialHistogramDataPoint {
        let side = |key| {
            let (offset, counts) = self.word(key)?.split_once(':').unwrap();
            Some(Buckets { offset: offset.parse().unwrap(), bucket_counts: list(counts) })
        };
        let (positive, negative) = (side("p="), side("m="));
        let zero_count = self.word("zero=").map_or(0, |z| z.parse().unwrap());
        let total: u64 = positive.iter().chain(&negative).flat_map(|b| &b.bucket_counts).sum::<u64>() + zero_count;
        ExponentialHistogramDataPoint {
            positive,
            negative,
            zero_count,
            count: self.word("n=").map_or(total, |n| n.parse().unwrap()),
            sum: self.word("sum=").map(|s| s.parse().unwrap()),
            scale: self.word("s=").map_or(0, |s| s.parse().unwrap()),
            zero_threshold: self.word("z=").map_or(0.0, |z| z.parse().unwrap()),
            attributes: self.attributes,
            start_time_unix_nano: self.start,
            time_unix_nano: self.time,
            exemplars: self.exemplars,
            flags: self.flags,
            ..ExponentialHistogramDataPoint::default()
        }
    }

    fn summary(self) -> SummaryDataPoint {
        let quantiles = self.words.iter().filter_map(|w| w.strip_prefix('q')?.split_once('='));
        SummaryDataPoint {
            quantile_values: quantiles
                .map(|(q, v)| ValueAtQuantile { quantile: q.parse().unwrap(), value: v.parse().unwrap() })
                .collect(),
            count: self.word("n=").map_or(0, |n| n.parse().unwrap()),
            sum: self.word("sum=").map_or(0.0, |s| s.parse().unwrap()),
            attributes: self.attributes,
            start_time_unix_nano: self.start,
            time_unix_nano: self.time,
            flags: self.flags,
        }
    }
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(',').filter(|item| !item.is_empty()).map(|item| item.parse().unwrap()).collect()
}

fn exemplar(text: &str) -> Exemplar {
    let (value, time) = text.split_once('@').unwrap();
    Exemplar {
        time_unix_nano: time.parse().unwrap(),
        value: Some(exemplar::Value::AsDouble(value.parse().unwrap())),
        ..Exemplar::default()
    }
}
