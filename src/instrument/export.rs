//! From recorded metrics and finished spans to OTLP bytes, and out through a transport.
//! Reads no clock but the one it was given; starts no task: the caller owns `Exporter::run`.

#[cfg(test)]
mod tests;

use crate::{
    ended::Ended,
    metric::{CallbackOf, Counter, Distribution, Histogram, Meta, Metric, Observable, Readings},
    semconv::attribute,
    span::Finished,
    transport::{SendError, Signal, Transport},
};
use bytes::Bytes;
use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider},
    trace::{SpanId, TraceId},
};
use opentelemetry_proto::{
    tonic::collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    transform::{common::tonic::ResourceAttributesWithSchema, trace::tonic::group_spans_by_resource_and_scope},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{
        Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream, Temporality, data::ResourceMetrics,
        reader::MetricReader,
    },
    trace::{IdGenerator, RandomIdGenerator, SpanData},
};
use parking_lot::Mutex;
use prost::Message;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// Finished spans that wait for the next push; more are dropped and counted.
pub const SPANS_MAX: usize = 4096;
/// How often the last push before the end is tried.
const FLUSH_ATTEMPTS: u32 = 3;
/// How long a failed last push waits before the next attempt.
const FLUSH_PAUSE: Duration = Duration::from_millis(200);

/// Who sends: the attributes of the resource.
#[derive(Clone, Debug)]
pub struct Identity {
    attributes: Vec<KeyValue>,
}

impl Identity {
    /// A service by its name.
    #[must_use]
    pub fn new(service: &str) -> Self {
        Self { attributes: vec![KeyValue::new(attribute::SERVICE_NAME, service.to_owned())] }
    }

    /// Which process of the service. Without one, two replicas are one to the receiver.
    #[must_use]
    pub fn instance(self, id: &str) -> Self {
        self.with(attribute::SERVICE_INSTANCE_ID, id)
    }

    /// One more attribute, by a key of [`crate::semconv::attribute`].
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.attributes.push(KeyValue::new(key, value.to_owned()));
        self
    }
}

/// Everything one process says: hands out handles, and collects what they recorded.
pub struct Telemetry {
    provider: SdkMeterProvider,
    reader: Reader,
    resource: ResourceAttributesWithSchema,
    limits: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    meters: Mutex<BTreeMap<&'static str, Meter>>,
    ended: Mutex<Ended>,
    spans: Mutex<Vec<SpanData>>,
    spans_dropped: AtomicU64,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Telemetry {
    /// For this sender; `now` is the clock of spans (the SDK stamps points itself).
    #[must_use]
    pub fn new(identity: Identity, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Arc<Self> {
        let resource = Resource::builder_empty().with_attributes(identity.attributes).build();
        let reader = Reader(Arc::new(ManualReader::builder().with_temporality(Temporality::Cumulative).build()));
        let limits = Arc::new(Mutex::new(BTreeMap::<&'static str, usize>::new()));
        let known = limits.clone();
        let view = move |instrument: &Instrument| {
            let limit = known.lock().get(instrument.name()).copied()?;
            Stream::builder().with_cardinality_limit(limit).build().ok()
        };
        let provider =
            SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(reader.clone()).with_view(view).build();
        Arc::new(Self {
            provider,
            reader,
            resource: (&resource).into(),
            limits,
            meters: Mutex::default(),
            ended: Mutex::default(),
            spans: Mutex::default(),
            spans_dropped: AtomicU64::new(0),
            now: Box::new(now),
        })
    }

    /// A counter; the SDK's instrument is made at its first use.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes them, from generated names")]
    pub fn counter<M: Metric<Value = u64>>(self: &Arc<Self>) -> Counter<M> {
        let telemetry = self.clone();
        let make = move || {
            let meter = telemetry.meter(&M::META);
            meter.u64_counter(M::META.name).with_description(M::META.brief).with_unit(M::META.unit).build()
        };
        Counter::new(Box::new(make))
    }

    /// A histogram; the SDK's instrument is made at its first use.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes them, from generated names")]
    pub fn histogram<M: Metric<Value = Distribution>>(self: &Arc<Self>) -> Histogram<M> {
        let telemetry = self.clone();
        let make = move || {
            let meter = telemetry.meter(&M::META);
            let builder = meter.f64_histogram(M::META.name).with_description(M::META.brief);
            builder.with_unit(M::META.unit).with_boundaries(M::META.buckets.to_vec()).build()
        };
        Histogram::new(Box::new(make))
    }

    /// Reads a metric from state at each collection: exactly the sets that `read` names are there.
    pub fn observe<M: Metric>(&self, read: impl Fn(&Readings<'_, M>) + Send + Sync + 'static)
    where
        M::Value: Observable,
    {
        M::Value::register::<M>(&self.meter(&M::META), CallbackOf(Arc::new(read)));
    }

    /// Takes a span that ended.
    pub fn span(&self, span: Finished) {
        let mut spans = self.spans.lock();
        if spans.len() >= SPANS_MAX {
            self.spans_dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            spans.push(span.0);
        }
    }

    /// Spans dropped because [`SPANS_MAX`] of them waited.
    pub fn spans_dropped(&self) -> u64 {
        self.spans_dropped.load(Ordering::Relaxed)
    }

    /// Everything there is to send now, each in one request. Spans are handed out once, metrics each time.
    pub fn collect(&self) -> Vec<(Signal, Bytes)> {
        let mut out = Vec::new();
        let mut metrics = ResourceMetrics::default();
        if self.reader.collect(&mut metrics).is_ok() && metrics.scope_metrics().next().is_some() {
            let mut request = ExportMetricsServiceRequest::from(&metrics);
            self.ended.lock().mark(&mut request);
            out.push((Signal::Metrics, request.encode_to_vec().into()));
        }
        let spans = std::mem::take(&mut *self.spans.lock());
        if !spans.is_empty() {
            let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
            out.push((Signal::Traces, ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()));
        }
        out
    }

    /// A request with metrics arrived: what ended before it need not be said again.
    pub fn metrics_arrived(&self) {
        self.ended.lock().arrived();
    }

    /// Now, by the clock it was given.
    pub(crate) fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// Ids for a new trace and its root.
    #[must_use]
    pub fn new_ids(&self) -> (TraceId, SpanId) {
        let ids = RandomIdGenerator::default();
        (ids.new_trace_id(), ids.new_span_id())
    }

    fn meter(&self, meta: &Meta) -> Meter {
        self.limits.lock().insert(meta.name, meta.limit.max(1));
        self.meters.lock().entry(meta.scope).or_insert_with(|| self.provider.meter(meta.scope)).clone()
    }
}

/// A reader that is asked, never asks: shared with the provider.
#[derive(Clone, Debug)]
struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// Pushes what a [`Telemetry`] collects.
pub struct Exporter {
    telemetry: Arc<Telemetry>,
    transport: Transport,
    /// Spans whose push failed. Metrics need no such memory: the next collection says all of it again.
    unsent: Option<Bytes>,
    /// Points and spans the receiver refused.
    rejected: u64,
    /// Pushes that failed.
    failed: u64,
}

impl Exporter {
    /// Over this transport.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>, transport: Transport) -> Self {
        Self { telemetry, transport, unsent: None, rejected: 0, failed: 0 }
    }

    /// Collects and sends once. Spans of a failed push go out again with the next one.
    ///
    /// # Errors
    /// The first request that failed; the others were tried all the same.
    pub async fn push(&mut self) -> Result<(), SendError> {
        let unsent = self.unsent.take().map(|body| (Signal::Traces, body));
        let requests: Vec<_> = unsent.into_iter().chain(self.telemetry.collect()).collect();
        let mut result = Ok(());
        for (signal, body) in requests {
            match self.transport.send(signal, body.clone()).await {
                Ok(rejected) => {
                    self.rejected = self.rejected.saturating_add(rejected);
                    if signal == Signal::Metrics {
                        self.telemetry.metrics_arrived();
                    }
                }
                Err(error) => {
                    self.failed = self.failed.saturating_add(1);
                    if signal == Signal::Traces && error.retryable() {
                        self.unsent = Some(body);
                    }
                    result = result.and(Err(error));
                }
            }
        }
        result
    }

    /// Points and spans that the receiver refused so far.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Requests that failed so far.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Pushes every `every` until `stop` is ready, then once more, with a few attempts. Failures are told to `on_error`.
    pub async fn run(mut self, every: Duration, stop: impl Future<Output = ()>, mut on_error: impl FnMut(&SendError)) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(every) => {}
            }
            if let Err(error) = self.push().await {
                on_error(&error);
            }
        }
        for attempt in 1..=FLUSH_ATTEMPTS {
            match self.push().await {
                Ok(()) => return,
                Err(error) if attempt == FLUSH_ATTEMPTS || !error.retryable() => return on_error(&error),
                Err(_) => tokio::time::sleep(FLUSH_PAUSE.saturating_mul(attempt)).await,
            }
        }
    }
}
