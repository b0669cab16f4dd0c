//! Every cap in one place, with the relations between them asserted when compiling.
//! A cap that bites is counted where it bites; nothing is cut silently.

/// Largest request body after decompression, in bytes (`--max-body`).
pub const BODY_BYTES_MAX: usize = 64 << 20;
/// Attributes of one point.
pub const ATTRIBUTES_MAX: usize = 128;
/// Bytes of an attribute key.
pub const ATTRIBUTE_KEY_BYTES_MAX: usize = 256;
/// Bytes of an attribute value, as label text.
pub const ATTRIBUTE_VALUE_BYTES_MAX: usize = 4096;
/// Depth of nested attribute values.
pub const VALUE_DEPTH_MAX: usize = 32;
/// Depth at which the JSON decoder refuses the whole request: nested maps take four levels each.
pub const JSON_DEPTH_MAX: usize = 192;
/// Depth of nested protobuf groups that are skipped as unknown fields.
pub const GROUP_DEPTH_MAX: usize = 32;
/// Explicit bounds of one histogram point.
pub const BOUNDS_MAX: usize = 1024;
/// Exponential buckets of one point and side, empty ones included.
pub const EXPONENTIAL_BUCKETS_MAX: usize = 160;
/// Exemplars read of one point; of more, the last on the wire.
pub const EXEMPLARS_PER_POINT_MAX: usize = 256;
/// Exemplars kept per series.
pub const EXEMPLARS_MAX: usize = 16;
/// Spellings (attribute orders) remembered per series before a sender pays for sorting.
pub const ALIASES_PER_SERIES_MAX: usize = 4;
/// Series per component, beyond which sets fold into the overflow series.
pub const SERIES_PER_COMPONENT_MAX: usize = 2_000_000;
/// Series per metric of one resource, beyond which sets fold into the overflow series.
pub const SERIES_PER_METRIC_MAX: usize = 1_000_000;
/// Series in all, when no memory limit says otherwise (`--max-series`).
pub const SERIES_MAX: usize = 2_000_000;
/// Metrics (streams) per resource.
pub const METRICS_PER_RESOURCE_MAX: usize = 20_000;
/// Components known at once.
pub const COMPONENTS_MAX: usize = 10_000;
/// Resources (instances) per component.
pub const RESOURCES_PER_COMPONENT_MAX: usize = 100_000;
/// Tombstones kept per collapsed metric.
pub const TOMBSTONES_MAX: usize = 10_000;
/// Lines rendered under one hold of a component's lock.
pub const SLICE_SERIES_MAX: usize = 512;
/// Bytes of one chunk of a scrape body.
pub const CHUNK_BYTES: usize = 64 << 10;
/// Scrapes in flight.
pub const SCRAPES_MAX: usize = 8;
/// Bytes of text echoed back from a request.
pub const ECHO_BYTES_MAX: usize = 256;
/// Bytes of one sentence in a reply.
pub const REPLY_TEXT_BYTES_MAX: usize = 1024;
/// Remarks in one reply.
pub const REMARKS_MAX: usize = 8;
/// Bytes of one view file.
pub const VIEW_FILE_BYTES_MAX: usize = 1 << 20;
/// View files read from one folder.
pub const VIEW_FILES_MAX: usize = 1_000;
/// Rules of one view, metrics or traces each.
pub const RULES_MAX: usize = 64;
/// Targets of one view.
pub const TARGETS_MAX: usize = 16;
/// Patterns of one match list.
pub const PATTERNS_MAX: usize = 64;
/// Bytes of spans that may wait for the trace back end.
pub const TRACE_QUEUE_BYTES_MAX: usize = 64 << 20;
/// Bytes of one batch of spans on its way out.
pub const TRACE_BATCH_BYTES_MAX: usize = 1 << 20;
/// Trace ids remembered because one of their spans was kept.
pub const KEPT_TRACES_MAX: usize = 100_000;
/// Seconds for which such a trace id is remembered.
pub const KEPT_TRACES_SECS: u64 = 600;

const _: () = assert!(TRACE_BATCH_BYTES_MAX <= TRACE_QUEUE_BYTES_MAX);
const _: () = assert!(4 * VALUE_DEPTH_MAX + 16 < JSON_DEPTH_MAX);
const _: () = assert!(SERIES_PER_METRIC_MAX <= SERIES_PER_COMPONENT_MAX);
