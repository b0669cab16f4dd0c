//! OTLP bytes to points, without copies: one walk over protobuf feeds a sink; JSON is first rewritten as protobuf,
//! so that both ways in share every check. Knows no state and no view; allocates nothing on the hot path.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

#[cfg(test)]
mod arbitrary;
mod envelope;
pub mod json;
pub mod metrics;
pub mod reply;
mod schema;
pub mod spans;
mod structure;

/// The body is not OTLP: nothing of it was applied (gRPC INVALID_ARGUMENT, HTTP 400).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the request at {place}: {what}")]
pub struct DecodeError {
    /// Where: a field path (`resourceMetrics[0].scopeMetrics[2]…`) or a byte offset.
    pub place: String,
    /// What was found there.
    pub what: &'static str,
}

/// A `Resource` message as it came; `raw` hashes to its identity.
#[derive(Clone, Copy, Debug)]
pub struct RawResource<'a> {
    /// The bytes of the `Resource` message (split messages are joined).
    pub raw: &'a [u8],
    /// `ResourceMetrics.schema_url`.
    pub schema_url: &'a [u8],
}

/// An `InstrumentationScope` as it came.
#[derive(Clone, Copy, Debug)]
pub struct RawScope<'a> {
    /// The bytes of the `InstrumentationScope` message (split messages are joined).
    pub raw: &'a [u8],
    /// `ScopeMetrics.schema_url`.
    pub schema_url: &'a [u8],
}

/// Which `data` a metric carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Data {
    /// `gauge`
    Gauge,
    /// `sum`
    Sum {
        /// `is_monotonic`
        monotonic: bool,
        /// `aggregation_temporality`
        temporality: Temporality,
    },
    /// `histogram`
    Histogram(Temporality),
    /// `exponential_histogram`
    Exponential(Temporality),
    /// `summary`
    Summary,
}

/// `AggregationTemporality`; unknown numbers count as unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Temporality {
    /// 0, or a number that no specification knows.
    Unspecified,
    /// 1
    Delta,
    /// 2
    Cumulative,
}

/// The head of a metric, before its points.
#[derive(Clone, Copy, Debug)]
pub struct RawMetric<'a> {
    /// `name`; UTF-8 is not checked yet.
    pub name: &'a [u8],
    /// `description`
    pub description: &'a [u8],
    /// `unit`
    pub unit: &'a [u8],
    /// `metadata`: the KeyValue fields with their tags, in wire order.
    pub metadata: &'a [u8],
    /// Which data, with temporality.
    pub data: Data,
    /// How many points follow; counted by length prefixes alone.
    pub points: u64,
}

/// What the sink wants of the metric whose head it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Every point, please.
    Points,
    /// None: the sink has counted `RawMetric::points` already.
    Skip,
}

/// A `NumberDataPoint`.
#[derive(Clone, Copy, Debug)]
pub struct RawNumber<'a> {
    /// The attribute fields with their tags and lengths, concatenated in wire order: hash these for identity.
    pub attributes: &'a [u8],
    /// `start_time_unix_nano`
    pub start: u64,
    /// `time_unix_nano`
    pub time: u64,
    /// The value; `None` when the oneof is not set.
    pub value: Option<crate::model::point::Number>,
    /// `flags`
    pub flags: u32,
    /// The exemplar fields with their tags, in wire order; usually empty.
    pub exemplars: &'a [u8],
}

/// A `HistogramDataPoint`; min and max are not read.
#[derive(Clone, Copy, Debug)]
pub struct RawHistogram<'a> {
    /// As in [`RawNumber`].
    pub attributes: &'a [u8],
    /// `start_time_unix_nano`
    pub start: u64,
    /// `time_unix_nano`
    pub time: u64,
    /// `count`
    pub count: u64,
    /// `sum`, where set.
    pub sum: Option<f64>,
    /// `bucket_counts`: little-endian u64s, joined over all packed and unpacked pieces.
    pub bucket_counts: &'a [u8],
    /// `explicit_bounds`: little-endian f64s, joined.
    pub explicit_bounds: &'a [u8],
    /// `flags`
    pub flags: u32,
    /// As in [`RawNumber`].
    pub exemplars: &'a [u8],
}

/// One side of a [`RawExponential`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RawBuckets<'a> {
    /// `offset`
    pub offset: i32,
    /// `bucket_counts`: varints, joined.
    pub counts: &'a [u8],
}

/// An `ExponentialHistogramDataPoint`; min and max are not read.
#[derive(Clone, Copy, Debug)]
pub struct RawExponential<'a> {
    /// As in [`RawNumber`].
    pub attributes: &'a [u8],
    /// `start_time_unix_nano`
    pub start: u64,
    /// `time_unix_nano`
    pub time: u64,
    /// `count`
    pub count: u64,
    /// `sum`, where set.
    pub sum: Option<f64>,
    /// `scale`
    pub scale: i32,
    /// `zero_count`
    pub zero_count: u64,
    /// `zero_threshold`
    pub zero_threshold: f64,
    /// `positive`
    pub positive: RawBuckets<'a>,
    /// `negative`
    pub negative: RawBuckets<'a>,
    /// `flags`
    pub flags: u32,
    /// As in [`RawNumber`].
    pub exemplars: &'a [u8],
}

/// A `SummaryDataPoint`.
#[derive(Clone, Copy, Debug)]
pub struct RawSummary<'a> {
    /// As in [`RawNumber`].
    pub attributes: &'a [u8],
    /// `start_time_unix_nano`
    pub start: u64,
    /// `time_unix_nano`
    pub time: u64,
    /// `count`
    pub count: u64,
    /// `sum`
    pub sum: f64,
    /// The `quantile_values` fields with their tags, in wire order; read with [`metrics::quantiles`].
    pub quantiles: &'a [u8],
    /// `flags`
    pub flags: u32,
}

/// Where points go. Calls come in this order: resource, then per scope: scope, then per metric: metric, its points.
pub trait MetricsSink {
    /// Everything until the next call belongs to this resource. Its points may turn out to be none.
    fn resource(&mut self, resource: &RawResource<'_>);
    /// Everything until the next call belongs to this scope.
    fn scope(&mut self, scope: &RawScope<'_>);
    /// A metric begins.
    fn metric(&mut self, metric: &RawMetric<'_>) -> Visit;
    /// A point of a gauge or sum.
    fn number(&mut self, point: &RawNumber<'_>);
    /// A point of a histogram.
    fn histogram(&mut self, point: &RawHistogram<'_>);
    /// A point of an exponential histogram.
    fn exponential(&mut self, point: &RawExponential<'_>);
    /// A point of a summary.
    fn summary(&mut self, point: &RawSummary<'_>);
}

/// A span, with what views decide by; `raw` goes on to the back end unchanged.
#[derive(Clone, Copy, Debug)]
pub struct RawSpan<'a> {
    /// The bytes of the `Span` message.
    pub raw: &'a [u8],
    /// `trace_id`; 16 bytes when valid.
    pub trace_id: &'a [u8],
    /// `span_id`; 8 bytes when valid.
    pub span_id: &'a [u8],
    /// `parent_span_id`; empty for a root.
    pub parent_span_id: &'a [u8],
    /// `name`
    pub name: &'a [u8],
    /// `start_time_unix_nano`
    pub start: u64,
    /// `end_time_unix_nano`
    pub end: u64,
    /// `status.code`; 2 is an error.
    pub status_code: i32,
}

/// Where spans go; the order of calls is as in [`MetricsSink`].
pub trait SpanSink {
    /// Everything until the next call belongs to this resource.
    fn resource(&mut self, resource: &RawResource<'_>);
    /// Everything until the next call belongs to this scope.
    fn scope(&mut self, scope: &RawScope<'_>);
    /// A span.
    fn span(&mut self, span: &RawSpan<'_>);
}
