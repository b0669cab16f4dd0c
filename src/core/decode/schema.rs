//! The OTLP messages as data: what the structure check and the JSON decoder are driven by, so that both know the same
//! fields. Field numbers, types and JSON names are those of opentelemetry-proto 1.x; deprecated fields are left out.

use crate::wire::read::{Wire, key};

/// A message type.
pub(super) struct Message {
    /// Its name in the protocol.
    pub(super) name: &'static str,
    /// Whether it nests attribute values: the depth of values counts these.
    pub(super) nests: bool,
    /// Every field that is known.
    pub(super) fields: &'static [Field],
    /// By key of one byte: how many bytes follow it where its field needs no look inside; 0 for others.
    pub(super) plain: [u8; 128],
    layouts: [Layout; FIELD_NUMBERS],
}

/// One more than the largest field number of any message here.
const FIELD_NUMBERS: usize = 17;

/// A field of a message.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Its JSON name.
    pub(super) name: &'static str,
    /// Its number on the wire.
    pub(super) number: u32,
    /// Its type.
    pub(super) kind: Kind,
    /// How often, and whether its default is written.
    pub(super) label: Label,
}

/// How often a field stands in its message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Once; its default is the same as its absence.
    Single,
    /// Once; absence differs from the default.
    Optional,
    /// A member of the message's one oneof.
    Oneof,
    /// Any number of times; numbers are packed.
    Repeated,
}

/// The type of a field.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Int32,
    Int64,
    Uint64,
    Uint32,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    String,
    Bytes,
    /// A trace or span id of so many bytes: hex in JSON.
    Id(usize),
    /// An enum: its names and numbers.
    Enum(&'static [(&'static str, i32)]),
    /// A message that is checked with its parent.
    Message(&'static Message),
    /// A `KeyValue` or `AnyValue`: read where a series is new, not when the request is checked.
    Value(&'static Message),
}

/// In [`Message::plain`]: a length follows the key.
pub(super) const LENGTH: u8 = u8::MAX;

/// What may stand on the wire for a field number.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// A field nobody knows: skipped.
    Unknown,
    /// One value of this wire type.
    Scalar(Wire),
    /// UTF-8 text.
    Text,
    /// Eight-byte values, packed or not.
    PackedFixed64,
    /// Varints, packed or not.
    PackedVarint,
    /// A message.
    Message(&'static Message),
    /// An attribute or its value.
    Value(&'static Message),
}

impl Message {
    const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        let layouts = layouts(fields);
        Self { name, nests: false, fields, plain: plain(&layouts), layouts }
    }

    /// What may stand for the field number of `key`.
    #[inline]
    pub(super) fn layout(&self, field: u32) -> Layout {
        self.layouts.get(field as usize).copied().unwrap_or(Layout::Unknown)
    }
}

#[expect(clippy::indexing_slicing, reason = "runs when compiling: a number out of range does not build")]
const fn plain(layouts: &[Layout; FIELD_NUMBERS]) -> [u8; 128] {
    let mut plain = [0; 128];
    let mut field = 1_u32;
    while field < 16 {
        let (wire, after) = match layouts[field as usize] {
            Layout::Scalar(Wire::Fixed64) => (Wire::Fixed64, 8),
            Layout::Scalar(Wire::Fixed32) => (Wire::Fixed32, 4),
            Layout::Scalar(Wire::Len) | Layout::Text | Layout::Value(_) => (Wire::Len, LENGTH),
            _ => (Wire::Varint, 0),
        };
        plain[key(field, wire) as usize] = after;
        field = field.wrapping_add(1);
    }
    plain
}

#[expect(clippy::indexing_slicing, reason = "runs when compiling: a number out of range does not build")]
const fn layouts(fields: &'static [Field]) -> [Layout; FIELD_NUMBERS] {
    let mut layouts = [Layout::Unknown; FIELD_NUMBERS];
    let mut rest = fields;
    while let [field, after @ ..] = rest {
        layouts[field.number as usize] = match (field.kind, field.label) {
            (Kind::Uint64, Label::Repeated) => Layout::PackedVarint,
            (Kind::Fixed64 | Kind::Double, Label::Repeated) => Layout::PackedFixed64,
            (Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Uint64 | Kind::Uint32 | Kind::Sint32 | Kind::Enum(_), _) => {
                Layout::Scalar(Wire::Varint)
            }
            (Kind::Fixed32, _) => Layout::Scalar(Wire::Fixed32),
            (Kind::Fixed64 | Kind::Sfixed64 | Kind::Double, _) => Layout::Scalar(Wire::Fixed64),
            (Kind::String, _) => Layout::Text,
            (Kind::Bytes | Kind::Id(_), _) => Layout::Scalar(Wire::Len),
            (Kind::Message(message), _) => Layout::Message(message),
            (Kind::Value(message), _) => Layout::Value(message),
        };
        rest = after;
    }
    layouts
}

const fn single(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind, label: Label::Single }
}

const fn optional(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind, label: Label::Optional }
}

const fn oneof(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind, label: Label::Oneof }
}

const fn repeated(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind, label: Label::Repeated }
}

/// A sub-message that stands once: even an empty one differs from none.
const fn message(number: u32, name: &'static str, message: &'static Message) -> Field {
    optional(number, name, Kind::Message(message))
}

const TRACE_ID: Kind = Kind::Id(16);
const SPAN_ID: Kind = Kind::Id(8);

static ANY_VALUE: Message = Message::new(
    "AnyValue",
    &[
        oneof(1, "stringValue", Kind::String),
        oneof(2, "boolValue", Kind::Bool),
        oneof(3, "intValue", Kind::Int64),
        oneof(4, "doubleValue", Kind::Double),
        oneof(5, "arrayValue", Kind::Message(&ARRAY_VALUE)),
        oneof(6, "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
        oneof(7, "bytesValue", Kind::Bytes),
        oneof(8, "stringValueStrindex", Kind::Int32), // profiles only: read as no value
    ],
);
static ARRAY_VALUE: Message =
    Message { nests: true, ..Message::new("ArrayValue", &[repeated(1, "values", Kind::Value(&ANY_VALUE))]) };
static KEY_VALUE_LIST: Message =
    Message { nests: true, ..Message::new("KeyValueList", &[repeated(1, "values", Kind::Value(&KEY_VALUE))]) };
static KEY_VALUE: Message = Message::new(
    "KeyValue",
    &[
        single(1, "key", Kind::String),
        optional(2, "value", Kind::Value(&ANY_VALUE)),
        single(3, "keyStrindex", Kind::Int32), // profiles only
    ],
);

const fn attributes(number: u32, name: &'static str) -> Field {
    repeated(number, name, Kind::Value(&KEY_VALUE))
}

static ENTITY_REF: Message = Message::new(
    "EntityRef",
    &[
        single(1, "schemaUrl", Kind::String),
        single(2, "type", Kind::String),
        repeated(3, "idKeys", Kind::String),
        repeated(4, "descriptionKeys", Kind::String),
    ],
);
/// `Resource`
pub(super) static RESOURCE: Message = Message::new(
    "Resource",
    &[
        attributes(1, "attributes"),
        single(2, "droppedAttributesCount", Kind::Uint32),
        repeated(3, "entityRefs", Kind::Message(&ENTITY_REF)),
    ],
);
/// `InstrumentationScope`
pub(super) static SCOPE: Message = Message::new(
    "InstrumentationScope",
    &[
        single(1, "name", Kind::String),
        single(2, "version", Kind::String),
        attributes(3, "attributes"),
        single(4, "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `ExportMetricsServiceRequest`
pub(super) static METRICS_REQUEST: Message =
    Message::new("ExportMetricsServiceRequest", &[repeated(1, "resourceMetrics", Kind::Message(&RESOURCE_METRICS))]);
static RESOURCE_METRICS: Message = Message::new(
    "ResourceMetrics",
    &[
        message(1, "resource", &RESOURCE),
        repeated(2, "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
        single(3, "schemaUrl", Kind::String),
    ],
);
static SCOPE_METRICS: Message = Message::new(
    "ScopeMetrics",
    &[message(1, "scope", &SCOPE), repeated(2, "metrics", Kind::Message(&METRIC)), single(3, "schemaUrl", Kind::String)],
);
static METRIC: Message = Message::new(
    "Metric",
    &[
        single(1, "name", Kind::String),
        single(2, "description", Kind::String),
        single(3, "unit", Kind::String),
        oneof(5, "gauge", Kind::Message(&GAUGE)),
        oneof(7, "sum", Kind::Message(&SUM)),
        oneof(9, "histogram", Kind::Message(&HISTOGRAM)),
        oneof(10, "exponentialHistogram", Kind::Message(&EXPONENTIAL_HISTOGRAM)),
        oneof(11, "summary", Kind::Message(&SUMMARY)),
        attributes(12, "metadata"),
    ],
);

const TEMPORALITY: Kind = Kind::Enum(&[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
]);
const fn points(message: &'static Message) -> Field {
    repeated(1, "dataPoints", Kind::Message(message))
}
static GAUGE: Message = Message::new("Gauge", &[points(&NUMBER_POINT)]);
static SUM: Message = Message::new(
    "Sum",
    &[points(&NUMBER_POINT), single(2, "aggregationTemporality", TEMPORALITY), single(3, "isMonotonic", Kind::Bool)],
);
static HISTOGRAM: Message =
    Message::new("Histogram", &[points(&HISTOGRAM_POINT), single(2, "aggregationTemporality", TEMPORALITY)]);
static EXPONENTIAL_HISTOGRAM: Message =
    Message::new("ExponentialHistogram", &[points(&EXPONENTIAL_POINT), single(2, "aggregationTemporality", TEMPORALITY)]);
static SUMMARY: Message = Message::new("Summary", &[points(&SUMMARY_POINT)]);

const START: Field = single(2, "startTimeUnixNano", Kind::Fixed64);
const TIME: Field = single(3, "timeUnixNano", Kind::Fixed64);
static NUMBER_POINT: Message = Message::new(
    "NumberDataPoint",
    &[
        attributes(7, "attributes"),
        START,
        TIME,
        oneof(4, "asDouble", Kind::Double),
        oneof(6, "asInt", Kind::Sfixed64),
        repeated(5, "exemplars", Kind::Message(&EXEMPLAR)),
        single(8, "flags", Kind::Uint32),
    ],
);
static HISTOGRAM_POINT: Message = Message::new(
    "HistogramDataPoint",
    &[
        attributes(9, "attributes"),
        START,
        TIME,
        single(4, "count", Kind::Fixed64),
        optional(5, "sum", Kind::Double),
        repeated(6, "bucketCounts", Kind::Fixed64),
        repeated(7, "explicitBounds", Kind::Double),
        repeated(8, "exemplars", Kind::Message(&EXEMPLAR)),
        single(10, "flags", Kind::Uint32),
        optional(11, "min", Kind::Double),
        optional(12, "max", Kind::Double),
    ],
);
static EXPONENTIAL_POINT: Message = Message::new(
    "ExponentialHistogramDataPoint",
    &[
        attributes(1, "attributes"),
        START,
        TIME,
        single(4, "count", Kind::Fixed64),
        optional(5, "sum", Kind::Double),
        single(6, "scale", Kind::Sint32),
        single(7, "zeroCount", Kind::Fixed64),
        message(8, "positive", &BUCKETS),
        message(9, "negative", &BUCKETS),
        single(10, "flags", Kind::Uint32),
        repeated(11, "exemplars", Kind::Message(&EXEMPLAR)),
        optional(12, "min", Kind::Double),
        optional(13, "max", Kind::Double),
        single(14, "zeroThreshold", Kind::Double),
    ],
);
static BUCKETS: Message =
    Message::new("Buckets", &[single(1, "offset", Kind::Sint32), repeated(2, "bucketCounts", Kind::Uint64)]);
static SUMMARY_POINT: Message = Message::new(
    "SummaryDataPoint",
    &[
        attributes(7, "attributes"),
        START,
        TIME,
        single(4, "count", Kind::Fixed64),
        single(5, "sum", Kind::Double),
        repeated(6, "quantileValues", Kind::Message(&VALUE_AT_QUANTILE)),
        single(8, "flags", Kind::Uint32),
    ],
);
static VALUE_AT_QUANTILE: Message =
    Message::new("ValueAtQuantile", &[single(1, "quantile", Kind::Double), single(2, "value", Kind::Double)]);
static EXEMPLAR: Message = Message::new(
    "Exemplar",
    &[
        attributes(7, "filteredAttributes"),
        single(2, "timeUnixNano", Kind::Fixed64),
        oneof(3, "asDouble", Kind::Double),
        oneof(6, "asInt", Kind::Sfixed64),
        single(4, "spanId", SPAN_ID),
        single(5, "traceId", TRACE_ID),
    ],
);

/// `ExportTraceServiceRequest`
pub(super) static TRACES_REQUEST: Message =
    Message::new("ExportTraceServiceRequest", &[repeated(1, "resourceSpans", Kind::Message(&RESOURCE_SPANS))]);
static RESOURCE_SPANS: Message = Message::new(
    "ResourceSpans",
    &[
        message(1, "resource", &RESOURCE),
        repeated(2, "scopeSpans", Kind::Message(&SCOPE_SPANS)),
        single(3, "schemaUrl", Kind::String),
    ],
);
static SCOPE_SPANS: Message = Message::new(
    "ScopeSpans",
    &[message(1, "scope", &SCOPE), repeated(2, "spans", Kind::Message(&SPAN)), single(3, "schemaUrl", Kind::String)],
);

/// `Span`
pub(super) static SPAN: Message = Message::new(
    "Span",
    &[
        single(1, "traceId", TRACE_ID),
        single(2, "spanId", SPAN_ID),
        single(3, "traceState", Kind::String),
        single(4, "parentSpanId", SPAN_ID),
        single(16, "flags", Kind::Fixed32),
        single(5, "name", Kind::String),
        single(
            6,
            "kind",
            Kind::Enum(&[
                ("SPAN_KIND_UNSPECIFIED", 0),
                ("SPAN_KIND_INTERNAL", 1),
                ("SPAN_KIND_SERVER", 2),
                ("SPAN_KIND_CLIENT", 3),
                ("SPAN_KIND_PRODUCER", 4),
                ("SPAN_KIND_CONSUMER", 5),
            ]),
        ),
        single(7, "startTimeUnixNano", Kind::Fixed64),
        single(8, "endTimeUnixNano", Kind::Fixed64),
        attributes(9, "attributes"),
        single(10, "droppedAttributesCount", Kind::Uint32),
        repeated(11, "events", Kind::Message(&EVENT)),
        single(12, "droppedEventsCount", Kind::Uint32),
        repeated(13, "links", Kind::Message(&LINK)),
        single(14, "droppedLinksCount", Kind::Uint32),
        message(15, "status", &STATUS),
    ],
);
static EVENT: Message = Message::new(
    "Event",
    &[
        single(1, "timeUnixNano", Kind::Fixed64),
        single(2, "name", Kind::String),
        attributes(3, "attributes"),
        single(4, "droppedAttributesCount", Kind::Uint32),
    ],
);
static LINK: Message = Message::new(
    "Link",
    &[
        single(1, "traceId", TRACE_ID),
        single(2, "spanId", SPAN_ID),
        single(3, "traceState", Kind::String),
        attributes(4, "attributes"),
        single(5, "droppedAttributesCount", Kind::Uint32),
        single(6, "flags", Kind::Fixed32),
    ],
);
static STATUS: Message = Message::new(
    "Status",
    &[
        single(2, "message", Kind::String),
        single(3, "code", Kind::Enum(&[("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)])),
    ],
);
