use super::{check, quantiles, walk};
use crate::{
    decode::{
        Data, MetricsSink, RawBuckets, RawExponential, RawHistogram, RawMetric, RawNumber, RawResource, RawScope, RawSummary,
        Temporality, Visit,
        arbitrary::{Source, messages::metrics_request, scramble::scramble},
        schema::METRICS_REQUEST,
        structure::check_whole,
    },
    model::point::Number,
    wire::{read::Reader, write},
};
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{InstrumentationScope, KeyValue},
    metrics::v1::{
        ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, Summary, SummaryDataPoint, exponential_histogram_data_point::Buckets, metric,
        number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
};
use proptest::prelude::{TestCaseError, any, prop, prop_assert_eq, proptest};
use prost::Message;

/// Writes down every call, with the raw parts read by prost: what the walk must be equal to.
#[derive(Default)]
struct Log {
    lines: Vec<String>,
    skip: bool,
}

fn attributes<M: Message + Default>(raw: &[u8], of: fn(M) -> Vec<KeyValue>) -> Vec<KeyValue> {
    of(M::decode(raw).expect("attributes alone are a message"))
}

fn fixed64s(raw: &[u8]) -> Vec<u64> {
    assert_eq!(raw.len() % 8, 0);
    raw.chunks(8).map(|chunk| u64::from_le_bytes(chunk.try_into().expect("eight bytes"))).collect()
}

fn buckets(side: RawBuckets<'_>) -> Buckets {
    let mut reader = Reader::new(side.counts);
    let mut bucket_counts = Vec::new();
    while !reader.rest().is_empty() {
        bucket_counts.push(reader.varint().expect("varints"));
    }
    Buckets { offset: side.offset, bucket_counts }
}

impl MetricsSink for Log {
    fn resource(&mut self, resource: &RawResource<'_>) {
        let read = Resource::decode(resource.raw).expect("a resource");
        self.lines.push(format!("resource {read:?} {:?}", String::from_utf8_lossy(resource.schema_url)));
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        let read = InstrumentationScope::decode(scope.raw).expect("a scope");
        self.lines.push(format!("scope {read:?} {:?}", String::from_utf8_lossy(scope.schema_url)));
    }

    fn metric(&mut self, metric: &RawMetric<'_>) -> Visit {
        let text = |raw| String::from_utf8_lossy(raw).into_owned();
        let metadata = attributes(metric.metadata, |metric: Metric| metric.metadata);
        self.lines.push(format!(
            "metric {:?} {:?} {:?} {metadata:?} {:?} {}",
            text(metric.name),
            text(metric.description),
            text(metric.unit),
            metric.data,
            metric.points
        ));
        if self.skip { Visit::Skip } else { Visit::Points }
    }

    fn number(&mut self, point: &RawNumber<'_>) {
        let read = NumberDataPoint {
            attributes: attributes(point.attributes, |point: NumberDataPoint| point.attributes),
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            exemplars: NumberDataPoint::decode(point.exemplars).expect("exemplars").exemplars,
            flags: point.flags,
            value: point.value.map(|value| match value {
                Number::Int(value) => number_data_point::Value::AsInt(value),
                Number::Double(value) => number_data_point::Value::AsDouble(value),
            }),
        };
        self.lines.push(format!("{read:?}"));
    }

    fn histogram(&mut self, point: &RawHistogram<'_>) {
        let read = HistogramDataPoint {
            attributes: attributes(point.attributes, |point: HistogramDataPoint| point.attributes),
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count: point.count,
            sum: point.sum,
            bucket_counts: fixed64s(point.bucket_counts),
            explicit_bounds: fixed64s(point.explicit_bounds).into_iter().map(f64::from_bits).collect(),
            exemplars: HistogramDataPoint::decode(point.exemplars).expect("exemplars").exemplars,
            flags: point.flags,
            min: None,
            max: None,
        };
        self.lines.push(format!("{read:?}"));
    }

    fn exponential(&mut self, point: &RawExponential<'_>) {
        let read = ExponentialHistogramDataPoint {
            attributes: attributes(point.attributes, |point: ExponentialHistogramDataPoint| point.attributes),
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count: point.count,
            sum: point.sum,
            scale: point.scale,
            zero_count: point.zero_count,
            positive: Some(buckets(point.positive)),
            negative: Some(buckets(point.negative)),
            flags: point.flags,
            exemplars: ExponentialHistogramDataPoint::decode(point.exemplars).expect("exemplars").exemplars,
            min: None,
            max: None,
            zero_threshold: point.zero_threshold,
        };
        self.lines.push(format!("{read:?}"));
    }

    fn summary(&mut self, point: &RawSummary<'_>) {
        let read = SummaryDataPoint {
            attributes: attributes(point.attributes, |point: SummaryDataPoint| point.attributes),
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count: point.count,
            sum: point.sum,
            quantile_values: SummaryDataPoint::decode(point.quantiles).expect("quantiles").quantile_values,
            flags: point.flags,
        };
        let pairs: Vec<_> = read.quantile_values.iter().map(|pair| (pair.quantile, pair.value)).collect();
        assert_eq!(format!("{pairs:?}"), format!("{:?}", quantiles(point.quantiles)));
        self.lines.push(format!("{read:?}"));
    }
}

/// The same lines out of what prost decoded.
fn lines_of(request: ExportMetricsServiceRequest) -> Vec<String> {
    let mut lines = Vec::new();
    for envelope in request.resource_metrics {
        lines.push(format!("resource {:?} {:?}", envelope.resource.unwrap_or_default(), envelope.schema_url));
        for envelope in envelope.scope_metrics {
            lines.push(format!("scope {:?} {:?}", envelope.scope.unwrap_or_default(), envelope.schema_url));
            envelope.metrics.into_iter().for_each(|metric| metric_lines(metric, &mut lines));
        }
    }
    lines
}

fn metric_lines(metric: Metric, lines: &mut Vec<String>) {
    let temporality = |number| match number {
        1 => Temporality::Delta,
        2 => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    };
    let (data, points): (Data, Vec<String>) = match metric.data {
        None => return,
        Some(metric::Data::Gauge(data)) => (Data::Gauge, data.data_points.iter().map(|point| format!("{point:?}")).collect()),
        Some(metric::Data::Sum(data)) => (
            Data::Sum { monotonic: data.is_monotonic, temporality: temporality(data.aggregation_temporality) },
            data.data_points.iter().map(|point| format!("{point:?}")).collect(),
        ),
        Some(metric::Data::Histogram(data)) => {
            let point = |point| HistogramDataPoint { min: None, max: None, ..point };
            let points = data.data_points.into_iter().map(|p| format!("{:?}", point(p))).collect();
            (Data::Histogram(temporality(data.aggregation_temporality)), points)
        }
        Some(metric::Data::ExponentialHistogram(data)) => {
            let point = |mut point: ExponentialHistogramDataPoint| {
                point.positive.get_or_insert_default();
                point.negative.get_or_insert_default();
                ExponentialHistogramDataPoint { min: None, max: None, ..point }
            };
            let points = data.data_points.into_iter().map(|p| format!("{:?}", point(p))).collect();
            (Data::Exponential(temporality(data.aggregation_temporality)), points)
        }
        Some(metric::Data::Summary(data)) => (Data::Summary, data.data_points.iter().map(|point| format!("{point:?}")).collect()),
    };
    if !points.is_empty() {
        lines.push(format!(
            "metric {:?} {:?} {:?} {:?} {data:?} {}",
            metric.name,
            metric.description,
            metric.unit,
            metric.metadata,
            points.len()
        ));
        lines.extend(points);
    }
}

fn walked(body: &[u8]) -> Vec<String> {
    let mut log = Log::default();
    walk(body, &mut log);
    log.lines
}

/// A sink that looks at nothing: for bytes that nobody checked.
struct Blind(u64);

impl MetricsSink for Blind {
    fn resource(&mut self, _: &RawResource<'_>) {}
    fn scope(&mut self, _: &RawScope<'_>) {}
    fn metric(&mut self, _: &RawMetric<'_>) -> Visit {
        Visit::Points
    }
    fn number(&mut self, _: &RawNumber<'_>) {
        self.0 += 1;
    }
    fn histogram(&mut self, _: &RawHistogram<'_>) {
        self.0 += 1;
    }
    fn exponential(&mut self, _: &RawExponential<'_>) {
        self.0 += 1;
    }
    fn summary(&mut self, point: &RawSummary<'_>) {
        self.0 += quantiles(point.quantiles).len() as u64;
    }
}

/// Judges bytes as prost does; where both take them, the points are the same.
fn same_judgement(body: &[u8]) -> Result<(), TestCaseError> {
    let prost = ExportMetricsServiceRequest::decode(body);
    walk(body, &mut Blind(0));
    prop_assert_eq!(prost.is_ok(), check_whole(body, &METRICS_REQUEST).is_ok(), "{:?}", prost.err());
    if let Ok(request) = prost {
        prop_assert_eq!(check(body), Ok(()));
        prop_assert_eq!(walked(body), lines_of(request));
    }
    Ok(())
}

proptest! {
    /// Scenario: any request as prost writes it. Guarantees: the walk shows what prost reads, in the same order.
    #[test]
    fn the_walk_sees_what_prost_sees(seed in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let request = metrics_request(&mut Source(&seed));
        let body = request.encode_to_vec();
        prop_assert_eq!(check(&body), Ok(()));
        prop_assert_eq!(walked(&body), lines_of(request));
    }

    /// Scenario: the same in any other legal spelling. Guarantees: the same points (RV-06, RV-07).
    #[test]
    fn rv_07_any_spelling_is_the_same_request(seed in prop::collection::vec(any::<u8>(), 0..2_000), how in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let request = metrics_request(&mut Source(&seed));
        let body = scramble(&request.encode_to_vec(), &METRICS_REQUEST, &mut Source(&how));
        let again = ExportMetricsServiceRequest::decode(body.as_slice());
        prop_assert_eq!(format!("{:?}", again), format!("{:?}", Ok::<_, ()>(&request)));
        prop_assert_eq!(check(&body), Ok(()));
        prop_assert_eq!(walked(&body), lines_of(request));
    }

    /// Scenario: a request cut off, or with bytes changed. Guarantees: no panic; refused exactly where prost refuses it,
    /// attributes and text counted in; else the same points (RV-08).
    #[test]
    fn rv_08_broken_requests_are_judged_as_prost_judges_them(
        seed in prop::collection::vec(any::<u8>(), 0..400),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut body = metrics_request(&mut Source(&seed)).encode_to_vec();
        if !body.is_empty() {
            for (at, value) in changes {
                let at = at.index(body.len());
                body[at] = value;
            }
            same_judgement(&body)?;
            body.truncate(cut.index(body.len()));
        }
        same_judgement(&body)?;
    }

    /// Scenario: any bytes. Guarantees: no panic, prost's judgement.
    #[test]
    fn rv_08_any_bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        same_judgement(&body)?;
    }

    /// Scenario: the sink wants no points. Guarantees: it sees every head with its count, and no point.
    #[test]
    fn a_skipped_metric_costs_its_head(seed in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let body = metrics_request(&mut Source(&seed)).encode_to_vec();
        let mut log = Log { skip: true, ..Log::default() };
        walk(&body, &mut log);
        let mut heads = walked(&body);
        heads.retain(|line| ["resource", "scope", "metric"].iter().any(|head| line.starts_with(head)));
        prop_assert_eq!(log.lines, heads);
    }
}

/// The bytes of nested messages: `path` of field numbers around `inner`.
fn within(path: &[u32], inner: &[u8]) -> Vec<u8> {
    path.iter().rev().fold(inner.to_vec(), |body, field| {
        let mut out = Vec::new();
        write::bytes(&mut out, *field, &body);
        out
    })
}

fn check_error(body: &[u8], want: &Expect) {
    want.assert_eq(&check(body).map_or_else(|error| error.to_string(), |()| "accepted".to_owned()));
}

/// Scenario: one flaw at each depth. Guarantees: the request is refused, and the place is named.
#[test]
fn a_flaw_is_named_with_its_place() {
    let number = [1, 2, 2, 5, 1];
    check_error(b"", &expect!["accepted"]);
    check_error(b"not a request", &expect!["read the request at byte 0 (ExportMetricsServiceRequest): wrong wire type"]);
    check_error(&[0x08, 1], &expect!["read the request at byte 0 (ExportMetricsServiceRequest): wrong wire type"]);
    check_error(
        &[0x0a, 200, 1],
        &expect!["read the request at byte 0 (ExportMetricsServiceRequest): cut off: a field runs past the end of its message"],
    );
    check_error(&within(&[1], &[0x18, 1]), &expect!["read the request at byte 2 (ResourceMetrics): wrong wire type"]);
    check_error(&within(&[1, 1], &[0x15, 0, 0, 0, 0]), &expect!["read the request at byte 4 (Resource): wrong wire type"]);
    check_error(
        &within(&[1, 2, 2], &[0x0a, 9]),
        &expect!["read the request at byte 6 (Metric): cut off: a field runs past the end of its message"],
    );
    check_error(&within(&number, &[0x10, 1]), &expect!["read the request at byte 10 (NumberDataPoint): wrong wire type"]);
    check_error(&within(&number, &[0x3a, 3, 0x0a, 9, 9]), &expect!["accepted"]);
    check_error(&within(&number, &[0x38, 3]), &expect!["read the request at byte 10 (NumberDataPoint): wrong wire type"]);
    check_error(
        &within(&number, &[0x41, 0, 0, 0, 0, 0, 0, 0, 0]),
        &expect!["read the request at byte 10 (NumberDataPoint): wrong wire type"],
    );
    check_error(
        &within(&number, &[0x31, 1, 2, 3]),
        &expect!["read the request at byte 10 (NumberDataPoint): cut off: a field runs past the end of its message"],
    );
    check_error(&within(&[1, 2, 2, 5, 1, 5], &[0x20, 1]), &expect!["read the request at byte 12 (Exemplar): wrong wire type"]);
    check_error(
        &within(&[1, 2, 2, 9, 1], &[0x32, 7, 1, 2, 3, 4, 5, 6, 7]),
        &expect!["read the request at byte 10 (HistogramDataPoint): cut off: a field runs past the end of its message"],
    );
    check_error(
        &within(&[1, 2, 2, 9, 1], &[0x30, 1]),
        &expect!["read the request at byte 10 (HistogramDataPoint): wrong wire type"],
    );
    check_error(
        &within(&[1, 2, 2, 10, 1, 8], &[0x12, 2, 0x80, 0x80]),
        &expect!["read the request at byte 12 (Buckets): cut off: a field runs past the end of its message"],
    );
    check_error(
        &within(&[1, 2, 2, 11, 1, 6], &[0x09, 1]),
        &expect!["read the request at byte 12 (ValueAtQuantile): cut off: a field runs past the end of its message"],
    );
}

/// Scenario: data given three times, of two kinds. Guarantees: the last kind counts, with its last unbroken pieces (RV-07).
#[test]
fn rv_07_the_last_kind_of_data_wins() {
    let point = |time: u8| within(&[1], &[0x19, time, 0, 0, 0, 0, 0, 0, 0]);
    let metric = [within(&[5], &point(1)), within(&[7], &point(2)), within(&[5], &point(3)), within(&[5], &point(4))].concat();
    let body = within(&[1, 2, 2], &metric);
    assert_eq!(walked(&body), lines_of(ExportMetricsServiceRequest::decode(body.as_slice()).expect("a request")));
    assert_eq!(walked(&body).len(), 5, "two points of the second gauge");
}

/// Scenario: a point as every SDK writes it. Guarantees: what is repeated is borrowed from the request, not copied.
#[test]
fn the_common_case_borrows() {
    struct Borrows<'a>(&'a [u8], u32);
    impl Borrows<'_> {
        fn see(&mut self, raw: &[u8]) {
            assert!(self.0.as_ptr_range().contains(&raw.as_ptr()), "copied");
            self.1 += 1;
        }
    }
    impl MetricsSink for Borrows<'_> {
        fn resource(&mut self, resource: &RawResource<'_>) {
            self.see(resource.raw);
        }
        fn scope(&mut self, scope: &RawScope<'_>) {
            self.see(scope.raw);
        }
        fn metric(&mut self, metric: &RawMetric<'_>) -> Visit {
            self.see(metric.name);
            Visit::Points
        }
        fn number(&mut self, point: &RawNumber<'_>) {
            self.see(point.attributes);
        }
        fn histogram(&mut self, point: &RawHistogram<'_>) {
            [point.attributes, point.bucket_counts, point.explicit_bounds].iter().for_each(|raw| self.see(raw));
        }
        fn exponential(&mut self, point: &RawExponential<'_>) {
            [point.attributes, point.positive.counts].iter().for_each(|raw| self.see(raw));
        }
        fn summary(&mut self, point: &RawSummary<'_>) {
            [point.attributes, point.quantiles].iter().for_each(|raw| self.see(raw));
        }
    }
    let attributes = vec![KeyValue { key: "k".to_owned(), ..KeyValue::default() }; 2];
    let number = NumberDataPoint { attributes: attributes.clone(), time_unix_nano: 1, ..NumberDataPoint::default() };
    let histogram = HistogramDataPoint {
        attributes: attributes.clone(),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![1.0],
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        attributes: attributes.clone(),
        positive: Some(Buckets { offset: 1, bucket_counts: vec![1, 200] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let summary =
        SummaryDataPoint { attributes, quantile_values: vec![ValueAtQuantile::default(); 2], ..SummaryDataPoint::default() };
    let metric = |data| Metric { name: "m".to_owned(), data: Some(data), ..Metric::default() };
    let metrics = vec![
        metric(metric::Data::Gauge(Gauge { data_points: vec![number] })),
        metric(metric::Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: 2 })),
        metric(metric::Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: 2,
        })),
        metric(metric::Data::Summary(Summary { data_points: vec![summary] })),
    ];
    let scope = Some(InstrumentationScope { name: "s".to_owned(), ..InstrumentationScope::default() });
    let resource = Some(Resource { dropped_attributes_count: 1, ..Resource::default() });
    let scope_metrics = vec![ScopeMetrics { scope, metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
    let mut sink = Borrows(&body, 0);
    walk(&body, &mut sink);
    assert_eq!(sink.1, 2 + 4 + 1 + 3 + 2 + 2);
}
