//! The ways in: protobuf and JSON, metrics and traces. The oracles are prost, which reads every field of a request into
//! structs, and the serde form of the same structs, which writes JSON.

use super::store;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{InstrumentationScope, KeyValue},
    metrics::v1::{
        ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
        exponential_histogram_data_point::Buckets, metric, number_data_point,
    },
    resource::v1::Resource,
    trace::v1::Span,
};
use pointsman_core::{
    decode::{
        MetricsSink, RawBuckets, RawExponential, RawHistogram, RawMetric, RawNumber, RawResource, RawScope, RawSpan, RawSummary,
        SpanSink, Visit, json, metrics, spans,
    },
    model::{
        clock::{Mono, Wall},
        point::Number,
        reject::Reason,
        workloads::Workloads,
    },
    traces::{
        decide::{Judge, filter},
        kept::KeptTraces,
    },
    view::plan::ViewSet,
    wire::read::Reader,
};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Debug, hint::black_box, sync::Arc};

/// Any bytes as a metrics request. Prost takes it: then so do we, and see the same points in the same order. We take what prost
/// refuses only where attributes or texts are the reason, which are read where a series is new. Each point is counted once.
pub fn metrics_protobuf(body: &[u8]) {
    let (prost, ours) = (ExportMetricsServiceRequest::decode(body), metrics::check(body));
    let mut seen = SeenMetrics::default();
    // Bytes that nobody checked must not make it stumble.
    metrics::walk(body, &mut Counted::default());
    match (&prost, &ours) {
        (Ok(request), _) => {
            assert_eq!(ours, Ok(()), "prost takes it");
            metrics::walk(body, &mut seen);
            assert_eq!(seen.messages, metrics_of(request), "the walk sees other points");
        }
        (Err(error), Ok(())) => assert_is_of_attributes(&error.to_string()),
        (Err(_), Err(_)) => return,
    }
    let mut counted = Counted::default();
    metrics::walk(body, &mut counted);
    let store = store::new();
    let tally = store.ingest(body, Mono(1), Wall(1)).expect("it was checked");
    assert_eq!(tally.received, counted.0, "each point is counted once");
    assert!(tally.rejected_total() <= tally.received, "{tally:?}");
    let shown: u64 = store.streams().iter().map(|stream| stream.series as u64).sum();
    assert!(shown <= tally.received - tally.rejected_total(), "more series than points were taken");
}

/// Any bytes as a traces request: as with metrics; and what goes on to a back end is what came, span for span, and always
/// readable by a strict reader.
pub fn traces_protobuf(body: &[u8]) {
    let (prost, ours) = (ExportTraceServiceRequest::decode(body), spans::check(body));
    spans::walk(body, &mut SeenSpans::default());
    let views = ViewSet::default();
    let plan_of = |component: &_| Arc::new(views.plan(component, Wall(1)));
    let (kept, workloads) = (KeptTraces::default(), Workloads::default());
    let judge = Judge { plan_of: &plan_of, workloads: &workloads, kept: &kept, now: Mono(1), speaker: None };
    let mut told = 0_u64;
    let filtered = filter(body, judge, &mut |_| told += 1);
    assert_eq!(filtered.is_ok(), ours.is_ok());
    match (&prost, &ours) {
        (Ok(_), Err(error)) => panic!("prost takes it, and we say {error}"),
        (Err(error), Ok(())) => assert_is_of_attributes(&error.to_string()),
        _ => {}
    }
    let Ok(filtered) = filtered else { return };
    let mut seen = SeenSpans::default();
    spans::walk(body, &mut seen);
    let tally = &filtered.tally;
    // Prost nests a little deeper than we do.
    if tally.rejected.contains_key(&Reason::TooDeep) {
        return;
    }
    assert_eq!(tally.received, seen.all, "each span is counted once");
    assert_eq!(tally.received - tally.rejected_total(), seen.sound.len() as u64, "what is sound goes on");
    assert_eq!(told, seen.sound.len() as u64);
    let mut passed = Vec::new();
    for batch in &filtered.batches {
        let request = ExportTraceServiceRequest::decode(batch.bytes.as_slice()).expect("a strict back end reads it");
        let before = passed.len();
        passed.extend(spans_of(&request));
        assert_eq!(batch.spans, (passed.len() - before) as u64);
    }
    assert_eq!(passed, seen.sound, "a span was changed on its way");
    if let Ok(request) = prost {
        assert_eq!(spans_of(&request).len() as u64, seen.all);
    }
}

/// Any text as JSON metrics.
pub fn metrics_json(text: &[u8]) {
    let Some(body) = json_of::<ExportMetricsServiceRequest>(text, json::metrics_to_protobuf) else { return };
    assert_eq!(metrics::check(&body), Ok(()));
    // The same request as prost writes it comes to the same.
    let request = ExportMetricsServiceRequest::decode(body.as_slice()).expect("decoded before");
    let (a, b) = (store::new(), store::new());
    let (ours, prosts) = (a.ingest(&body, Mono(1), Wall(1)), b.ingest(&request.encode_to_vec(), Mono(1), Wall(1)));
    assert_eq!(ours, prosts);
    assert_eq!(store::shown(&a), store::shown(&b));
}

/// Any text as JSON traces.
pub fn traces_json(text: &[u8]) {
    let Some(body) = json_of::<ExportTraceServiceRequest>(text, json::traces_to_protobuf) else { return };
    assert_eq!(spans::check(&body), Ok(()));
}

/// Our protobuf of a JSON text that we take. It is JSON, prost reads what we wrote, and the same request written as JSON again is
/// read as the same request; where serde reads the text too, it reads the same.
fn json_of<M>(text: &[u8], read: fn(&[u8]) -> Result<Vec<u8>, pointsman_core::decode::DecodeError>) -> Option<Vec<u8>>
where
    M: Message + Default + Serialize + DeserializeOwned + Debug,
{
    let body = read(text).ok()?;
    let request = M::decode(body.as_slice()).expect("what we write, prost reads");
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(text) {
        // serde_json reads numbers into a double, and nests less; else it is the judge of what is JSON.
        let text = error.to_string();
        assert!(text.contains("out of range") || text.contains("recursion limit"), "taken, and not JSON: {text}");
    }
    let again = serde_json::to_string(&request).expect("structs are JSON");
    // JSON has no word for these but in strings, which serde does not write.
    if !has_special(&format!("{request:?}")) {
        let second = read(again.as_bytes()).unwrap_or_else(|error| panic!("{error} in {again}"));
        let second = M::decode(second.as_slice()).expect("what we write, prost reads");
        assert_eq!(format!("{second:?}"), format!("{request:?}"), "written as {again}");
    }
    Some(body)
}

/// Whether the words of a struct hold a number that is none.
fn has_special(words: &str) -> bool {
    ["NaN", "(inf", " inf", "[inf", "-inf"].iter().any(|word| words.contains(word))
}

/// Why prost may refuse what we take.
fn assert_is_of_attributes(error: &str) {
    let parts = ["attributes", "metadata", "entity_refs", "UTF-8", "recursion limit"];
    assert!(parts.iter().any(|part| error.contains(part)), "prost refuses it: {error}");
}

/// Everything the walk shows, as the messages that prost would write of it.
#[derive(Default)]
struct SeenMetrics {
    messages: Vec<Vec<u8>>,
}

fn attributes<M: Message + Default>(raw: &[u8], of: fn(M) -> Vec<KeyValue>) -> Vec<KeyValue> {
    of(M::decode(raw).expect("attributes alone are a message"))
}

fn eights(raw: &[u8]) -> impl Iterator<Item = u64> {
    assert_eq!(raw.len() % 8, 0);
    raw.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().expect("eight bytes")))
}

fn buckets(side: RawBuckets<'_>) -> Buckets {
    let mut reader = Reader::new(side.counts);
    let mut bucket_counts = Vec::new();
    while !reader.rest().is_empty() {
        bucket_counts.push(reader.varint().expect("varints"));
    }
    Buckets { offset: side.offset, bucket_counts }
}

fn with_url(head: &impl Message, schema_url: &[u8]) -> Vec<u8> {
    [head.encode_to_vec().as_slice(), schema_url].concat()
}

impl MetricsSink for SeenMetrics {
    fn resource(&mut self, resource: &RawResource<'_>) {
        self.messages.push(with_url(&Resource::decode(resource.raw).expect("a resource"), resource.schema_url));
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        self.messages.push(with_url(&InstrumentationScope::decode(scope.raw).expect("a scope"), scope.schema_url));
    }

    fn metric(&mut self, metric: &RawMetric<'_>) -> Visit {
        let text = |raw: &[u8]| String::from_utf8(raw.to_vec()).expect("prost took it");
        let (name, description, unit) = (text(metric.name), text(metric.description), text(metric.unit));
        let metadata = attributes(metric.metadata, |metric: Metric| metric.metadata);
        let head = Metric { name, description, unit, metadata, data: None };
        self.messages.push(with_url(&head, format!("{:?} {}", metric.data, metric.points).as_bytes()));
        Visit::Points
    }

    fn number(&mut self, point: &RawNumber<'_>) {
        let value = point.value.map(|value| match value {
            Number::Int(value) => number_data_point::Value::AsInt(value),
            Number::Double(value) => number_data_point::Value::AsDouble(value),
        });
        let read = NumberDataPoint {
            attributes: attributes(point.attributes, |point: NumberDataPoint| point.attributes),
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            exemplars: NumberDataPoint::decode(point.exemplars).expect("exemplars").exemplars,
            flags: point.flags,
            value,
        };
        self.messages.push(read.encode_to_vec());
    }

    fn histogram(&mut self, point: &RawHistogram<'_>) {
        let read = HistogramDataPoint {
            attributes: attributes(point.attributes, |point: HistogramDataPoint| point.attributes),
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count: point.count,
            sum: point.sum,
            bucket_counts: eights(point.bucket_counts).collect(),
            explicit_bounds: eights(point.explicit_bounds).map(f64::from_bits).collect(),
            exemplars: HistogramDataPoint::decode(point.exemplars).expect("exemplars").exemplars,
            flags: point.flags,
            min: None,
            max: None,
        };
        self.messages.push(read.encode_to_vec());
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
        self.messages.push(read.encode_to_vec());
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
        self.messages.push(read.encode_to_vec());
    }
}

/// The same messages of what prost read.
fn metrics_of(request: &ExportMetricsServiceRequest) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for envelope in &request.resource_metrics {
        messages.push(with_url(&envelope.resource.clone().unwrap_or_default(), envelope.schema_url.as_bytes()));
        for envelope in &envelope.scope_metrics {
            messages.push(with_url(&envelope.scope.clone().unwrap_or_default(), envelope.schema_url.as_bytes()));
            envelope.metrics.iter().for_each(|metric| metric_of(metric, &mut messages));
        }
    }
    messages
}

fn metric_of(metric: &Metric, messages: &mut Vec<Vec<u8>>) {
    let temporality = |number: i32| match number {
        1 => "Delta",
        2 => "Cumulative",
        _ => "Unspecified",
    };
    let (kind, points): (String, Vec<Vec<u8>>) = match &metric.data {
        None => return,
        Some(metric::Data::Gauge(data)) => ("Gauge".to_owned(), data.data_points.iter().map(Message::encode_to_vec).collect()),
        Some(metric::Data::Sum(data)) => (
            format!("Sum {{ monotonic: {}, temporality: {} }}", data.is_monotonic, temporality(data.aggregation_temporality)),
            data.data_points.iter().map(Message::encode_to_vec).collect(),
        ),
        Some(metric::Data::Histogram(data)) => {
            let point = |point: &HistogramDataPoint| HistogramDataPoint { min: None, max: None, ..point.clone() }.encode_to_vec();
            (format!("Histogram({})", temporality(data.aggregation_temporality)), data.data_points.iter().map(point).collect())
        }
        Some(metric::Data::ExponentialHistogram(data)) => {
            let point = |point: &ExponentialHistogramDataPoint| {
                let mut point = ExponentialHistogramDataPoint { min: None, max: None, ..point.clone() };
                point.positive.get_or_insert_default();
                point.negative.get_or_insert_default();
                point.encode_to_vec()
            };
            (format!("Exponential({})", temporality(data.aggregation_temporality)), data.data_points.iter().map(point).collect())
        }
        Some(metric::Data::Summary(data)) => {
            ("Summary".to_owned(), data.data_points.iter().map(Message::encode_to_vec).collect())
        }
    };
    if !points.is_empty() {
        let head = Metric { data: None, ..metric.clone() };
        messages.push(with_url(&head, format!("{kind} {}", points.len()).as_bytes()));
        messages.extend(points);
    }
}

/// A sink that only counts: for bytes that nobody checked.
#[derive(Default)]
struct Counted(u64);

impl MetricsSink for Counted {
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
        black_box(metrics::quantiles(point.quantiles));
        self.0 += 1;
    }
}

/// Every span, and those that prost reads with sound ids under heads that it reads.
#[derive(Default)]
struct SeenSpans {
    all: u64,
    sound: Vec<Vec<u8>>,
    resource: bool,
    scope: bool,
}

impl SpanSink for SeenSpans {
    fn resource(&mut self, resource: &RawResource<'_>) {
        // The store of components refuses more of a resource than prost does; what that is, its own reader says.
        self.resource = Resource::decode(resource.raw).is_ok()
            && std::str::from_utf8(resource.schema_url).is_ok()
            && pointsman_core::wire::attributes::read_attributes(resource.raw, 1).is_ok();
        self.scope = true;
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        self.scope = InstrumentationScope::decode(scope.raw).is_ok() && std::str::from_utf8(scope.schema_url).is_ok();
    }

    fn span(&mut self, span: &RawSpan<'_>) {
        self.all += 1;
        let Ok(read) = Span::decode(span.raw) else { return };
        let id = |id: &[u8], len: usize| id.len() == len && id.iter().any(|byte| *byte != 0);
        let parent = &read.parent_span_id;
        let has_ids = id(&read.trace_id, 16) && id(&read.span_id, 8) && (parent.is_empty() || parent.len() == 8);
        if has_ids && self.resource && self.scope {
            self.sound.push(read.encode_to_vec());
        }
    }
}

fn spans_of(request: &ExportTraceServiceRequest) -> Vec<Vec<u8>> {
    let scopes = request.resource_spans.iter().flat_map(|envelope| &envelope.scope_spans);
    scopes.flat_map(|envelope| &envelope.spans).map(Message::encode_to_vec).collect()
}
