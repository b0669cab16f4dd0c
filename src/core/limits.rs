//! Every cap in one place, with the relations between them asserted when compiling.
//! A cap that bites is counted where it bites; nothing is cut silently.

pub mod convert;

/// Largest request body after decompression, in bytes (`--max-body`).
pub const BODY_BYTES_MAX: usize = 64 << 20;
/// Attributes of one point.
pub const ATTRIBUTES_MAX: usize = 128;
/// Bytes of an attribute key.
pub const ATTRIBUTE_KEY_BYTES_MAX: usize = 256;
/// Bytes of an attribute value, as label text.
pub const ATTRIBUTE_VALUE_BYTES_MAX: usize = 4096;
/// Bytes of a metric's name, unit and description, and of a scope's name, version and schema URL.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Bytes of a scope as it is sent, which is kept until a metric of it comes: its attributes and texts at their limits.
pub const SCOPE_BYTES_MAX: usize = ATTRIBUTES_MAX * (ATTRIBUTE_KEY_BYTES_MAX + ATTRIBUTE_VALUE_BYTES_MAX) + 3 * TEXT_BYTES_MAX;
/// Depth of nested attribute values.
pub const VALUE_DEPTH_MAX: usize = 32;
/// Depth at which the JSON decoder refuses the whole request: nested maps take four levels each.
pub const JSON_DEPTH_MAX: usize = 192;
/// Fields of one JSON object that nobody knows: their names are remembered while it is read.
pub const JSON_UNKNOWN_KEYS_MAX: usize = 1024;
/// Depth of nested protobuf groups that are skipped as unknown fields.
pub const GROUP_DEPTH_MAX: usize = 32;
/// Explicit bounds of one histogram point, and quantiles of one summary point.
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
/// Bytes of label text per component, beyond which sets fold into the overflow series: places in it are 32 bits, and one
/// series more still fits.
pub const LABEL_BYTES_PER_COMPONENT_MAX: usize = u32::MAX as usize - (1 << 20);
const _: () = assert!(ATTRIBUTES_MAX * ATTRIBUTE_VALUE_BYTES_MAX < 1 << 20 && ATTRIBUTE_VALUE_BYTES_MAX < 1 << 16);
/// Instruments of one component of which it remembers, until the next tick, what its plan says.
pub const DECISIONS_REMEMBERED_MAX: usize = 1_024;
/// Series for which a new metric of a resource makes room at once, where its first request has as many points.
pub const SERIES_EXPECTED_MAX: usize = 128;
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
/// Points of one collection that the overflow series of a metric remembers, so that a retry adds nothing twice.
pub const OVERFLOW_POINTS_REMEMBERED_MAX: usize = 10_000;
/// How far the newest point of a metric may be from our clock, ahead or behind, before it is counted; it is kept all the same.
pub const TIME_SKEW_SECS: u64 = 600;
/// Points taken under one hold of a component's lock, metric by metric.
pub const POINTS_PER_LOCK_MAX: u64 = 1_000;
/// Lines rendered under one hold of a component's lock.
pub const SLICE_SERIES_MAX: usize = 512;
/// Bytes rendered under one hold of a component's lock; one more series may go beyond.
pub const SLICE_BYTES_MAX: usize = 256 << 10;
/// Bytes of one chunk of a scrape body.
pub const CHUNK_BYTES: usize = 64 << 10;
/// Attribute keys whose label names one scrape remembers.
pub const KEY_NAMES_MAX: usize = 4_096;
/// Plans of labels that one scrape keeps from one stream of a family to the next.
pub const LABEL_PLANS_MAX: usize = 256;
/// Naming conflicts listed for one layout; more are only counted.
pub const CONFLICTS_MAX: usize = 1_000;
/// Naming conflicts logged at one look; more are only counted.
pub const CONFLICTS_TOLD_MAX: usize = 10;
/// Scrapes in flight.
pub const SCRAPES_MAX: usize = 8;
/// Scrapes of a kind that wait for one rendering and share it.
pub const SCRAPES_JOINED_MAX: usize = 2_000;
/// Milliseconds for which a scrape waits for the end of the one before of its kind.
pub const SCRAPE_JOIN_MS_MAX: u64 = 500;
/// Milliseconds for a scrape whose scraper does not say how long it waits.
pub const SCRAPE_MS_MAX: u64 = 60_000;
/// Bytes of a body kept for scrapers that are slower than those they share it with.
pub const SCRAPE_KEPT_BYTES_MAX: usize = 8 << 20;
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
/// Bytes of all view files of one folder.
pub const VIEW_BYTES_MAX: usize = 64 << 20;
/// Depth of a view file or object.
pub const VIEW_DEPTH_MAX: usize = 24;
/// Values in one document of a view file.
pub const VIEW_NODES_MAX: usize = 200_000;
/// Bytes of a pattern, a name or another short text of a view.
pub const VIEW_TEXT_BYTES_MAX: usize = 256;
/// Bytes of a view's reason.
pub const VIEW_REASON_BYTES_MAX: usize = 1024;
/// Pairs of rules of different views that are compared for clashes.
pub const VIEW_PAIRS_MAX: usize = 1_000_000;
/// Patterns that are tried on declared instruments to warn of what is doubtful.
pub const VIEW_TRIES_MAX: usize = 20_000_000;
/// Instruments of one catalogue.
pub const CATALOGUE_INSTRUMENTS_MAX: usize = 10_000;
/// Bytes of spans that may wait for the trace back end.
pub const TRACE_QUEUE_BYTES_MAX: usize = 64 << 20;
/// Requests in which those spans may wait: each costs memory of its own.
pub const TRACE_QUEUE_ITEMS_MAX: usize = 250_000;
/// Bytes of one batch of spans on its way out.
pub const TRACE_BATCH_BYTES_MAX: usize = 1 << 20;
/// Bytes of a span's or a link's `trace_state`: a longer one is left out, as W3C Trace Context allows.
pub const TRACE_STATE_BYTES_MAX: usize = 512;
/// Trace ids remembered because one of their spans was kept.
pub const KEPT_TRACES_MAX: usize = 100_000;
/// Seconds for which such a trace id is remembered.
pub const KEPT_TRACES_SECS: u64 = 600;
/// How long a batch of spans waits for company before it goes out, in milliseconds.
pub const TRACE_LINGER_MS: u64 = 1_000;
/// One export to a back end may take so long, in seconds.
pub const TRACE_EXPORT_SECS_MAX: u64 = 10;
/// Bytes of a back end's answer that are read.
pub const TRACE_ANSWER_BYTES_MAX: usize = 4 << 20;
/// Milliseconds to look up the name of a trace back end at the start.
pub const LOOKUP_MS_MAX: u64 = 2_000;
/// First step of the back-off before a batch is sent again, in milliseconds.
pub const RETRY_BACKOFF_MS_MIN: u64 = 500;
/// Last step of that back-off, in milliseconds.
pub const RETRY_BACKOFF_MS_MAX: u64 = 30_000;
/// Longest delay that a back end may ask for, in seconds.
pub const RETRY_ASKED_SECS_MAX: u64 = 300;
/// Requests spent on finding what spoils one batch.
pub const TRACE_SPLITS_MAX: usize = 64;
/// Rules whose suppressed points and spans are counted apart.
pub const SUPPRESSED_RULES_MAX: usize = 10_000;
/// Faults of views that one reload writes to the log.
pub const LOGGED_FAULTS_MAX: usize = 50;
/// Metrics whose points in overflow series are counted apart.
pub const LIMITED_METRICS_MAX: usize = 500;
/// Metrics of which our own metrics tell whether they are on; twice as many series. Those further down the alphabet are not told.
pub const ENABLED_METRICS_MAX: usize = 1000;
/// Traces kept in memory for the page.
pub const RECENT_TRACES_MAX: usize = 200;
/// Spans kept in memory for the page, over all traces.
pub const RECENT_SPANS_MAX: usize = 10_000;
/// Spans kept in memory for the page, of one trace.
pub const RECENT_SPANS_PER_TRACE_MAX: usize = 1_000;
/// Slowest turns of reconcile loops kept in memory for the page.
pub const SLOW_TURNS_MAX: usize = 20;
/// Milliseconds that a slow turn stays among them.
pub const SLOW_TURN_MS_MAX: u64 = 60 * 60 * 1000;
/// Milliseconds for which the page and its JSON twins share one look at series.
pub const SCREEN_LOOK_MS: u64 = 2_000;
/// Series that one such look reads.
pub const SCREEN_SERIES_MAX: usize = 100_000;
/// Reconcile loops that one such look tells apart.
pub const SCREEN_LOOPS_MAX: usize = 5_000;
/// Instruments of a component whose attributes the page looks at.
pub const SCREEN_ATTRIBUTES_MAX: usize = 5;
/// Traces that the page draws as waterfalls.
pub const DRAWN_TRACES_MAX: usize = 20;
/// Rows of a table of the page that stands beside the one that a screen is about.
pub const SCREEN_ROWS_MAX: usize = 200;
/// Spans that a waterfall of the page draws.
pub const WATERFALL_SPANS_MAX: usize = 50;
/// Plans kept at hand for the components that send spans.
pub const TRACE_PLANS_MAX: usize = COMPONENTS_MAX;
/// Characters of a decimal number in quotes, such as a bucket's bound.
pub const DECIMAL_BYTES_MAX: usize = 32;
/// Bytes of a label's value, as Kubernetes has it.
pub const LABEL_VALUE_BYTES_MAX: usize = 63;
/// Lines of a plan that travels: a component takes no more.
pub const PLAN_LINES_MAX: usize = 16_384;
/// Moments of a plan at which parts of it end; a component takes no more.
pub const PLAN_STEPS_MAX: usize = 64;
/// Bounds of a histogram's buckets that a component takes; more are left to the controller.
pub const PLAN_BOUNDS_MAX: usize = 200;
/// Bytes of a plan that travels: one OpAMP message takes 1 MiB, what is missing is for the rest of it.
pub const PLAN_BYTES_MAX: usize = (1 << 20) - (64 << 10);
/// Patterns with wildcards of which a catalogue remembers what they name.
pub const PATTERNS_REMEMBERED_MAX: usize = 100_000;
/// Readers named per rule that they hold back.
pub const READERS_TOLD_MAX: usize = 100;
/// Readers and instruments listed per view that takes something from them.
pub const BLANKS_TOLD_MAX: usize = 100;
/// Changed instruments listed in one impact; more only count in its sums.
pub const IMPACT_INSTRUMENTS_MAX: usize = 1_000;
/// Characters of one message in a status.
pub const STATUS_TEXT_CHARS_MAX: usize = 500;
/// Rules listed in a status: for metrics and for spans.
pub const STATUS_RULES_MAX: usize = 2 * RULES_MAX;
/// Milliseconds for which an instance may take its time with a plan before a status says that it waits.
pub const STATUS_PENDING_MS: u64 = 2_000;
/// Seconds after a start or a take-over in which instances come back that were in sync before.
pub const SYNC_SETTLE_SECS: u64 = 25;
/// Characters of a library's name and version that an object shows.
pub const LIBRARY_CHARS_MAX: usize = 256;
/// Words of instances quoted in a status.
pub const STATUS_REFUSALS_MAX: usize = 2;
/// Faults and remarks listed in a status.
pub const STATUS_PROBLEMS_MAX: usize = 20;
/// Changes of decision remembered in a status.
pub const STATUS_HISTORY_MAX: usize = 5;
/// Instruments named for one rule of a status.
pub const STATUS_SAMPLE_MAX: usize = 10;
/// Rules named that overrule one rule of a status.
pub const STATUS_OVERRIDDEN_BY_MAX: usize = 10;
/// Readers named that hold back one rule of a status.
pub const STATUS_PROTECTED_BY_MAX: usize = 10;
/// Conditions of a status.
pub const STATUS_CONDITIONS_MAX: usize = 8;
/// Names that were seen with which a misspelt one is compared.
pub const STATUS_SUGGEST_FROM_MAX: usize = 1_000;
/// Names listed in one sentence of a status; more are only counted.
pub const STATUS_NAMED_MAX: usize = 5;
/// Components shown as objects in a cluster; more are only counted.
pub const COMPONENT_OBJECTS_MAX: usize = 2_000;
/// Views named in the status of one component.
pub const APPLIED_VIEWS_MAX: usize = 20;
/// Instruments of one catalogue object.
pub const CATALOGUE_OBJECT_INSTRUMENTS_MAX: usize = 1_000;
/// Bytes of one catalogue object, roughly: an API server refuses objects above 1.5 MB.
pub const CATALOGUE_OBJECT_BYTES_MAX: usize = 512 << 10;
/// Different events remembered, those that wait to be written included.
pub const EVENTS_MAX: usize = 1_000;
/// Bytes of the text of one event; Kubernetes takes 1,024.
pub const EVENT_NOTE_BYTES_MAX: usize = 1_000;
/// Attempts to write one event.
pub const EVENT_ATTEMPTS_MAX: u32 = 3;
/// Objects of our own that one look into the cluster reads, of each kind.
pub const OWN_OBJECTS_MAX: usize = 4 * COMPONENT_OBJECTS_MAX;
/// Bytes of the name of a `TelemetryComponent`.
pub const OBJECT_NAME_BYTES_MAX: usize = 200;
/// Series, metrics or resources looked at under one hold of a component's lock, where nothing is written.
pub const SLICE_LOOKED_MAX: usize = 2_048;
/// Attributes of series looked at to say what each attribute of a metric costs; of larger metrics a part is looked at.
pub const ATTRIBUTES_LOOKED_MAX: usize = 500_000;

const _: () = assert!(TRACE_BATCH_BYTES_MAX <= TRACE_QUEUE_BYTES_MAX);
const _: () = assert!(4 * VALUE_DEPTH_MAX + 16 < JSON_DEPTH_MAX);
const _: () = assert!(VIEW_FILE_BYTES_MAX <= VIEW_BYTES_MAX);
const _: () = assert!(VALUE_DEPTH_MAX < JSON_DEPTH_MAX);
const _: () = assert!(RETRY_BACKOFF_MS_MIN < RETRY_BACKOFF_MS_MAX && RETRY_BACKOFF_MS_MAX <= RETRY_ASKED_SECS_MAX * 1_000);
const _: () = assert!(RECENT_SPANS_PER_TRACE_MAX <= RECENT_SPANS_MAX);
const _: () = assert!(SERIES_PER_METRIC_MAX <= SERIES_PER_COMPONENT_MAX);

/// Milliseconds from accept to the first bytes of a request, and for an HTTP/1 request head.
pub const HEADER_MS_MAX: u64 = 5_000;
/// Milliseconds for a whole request body.
pub const BODY_MS_MAX: u64 = 30_000;
/// Milliseconds before a body has to keep to [`BODY_BYTES_PER_SEC_MIN`].
pub const BODY_GRACE_MS: u64 = 5_000;
/// Bytes a second of a body, at least, from its beginning to any moment after that.
pub const BODY_BYTES_PER_SEC_MIN: u64 = 1 << 10;
/// Bytes of a refused body that are read and dropped, so that its sender reads why.
pub const DISCARD_BYTES_MAX: usize = 16 << 20;
/// The same where there is no memory for it: to read on would be what was refused.
pub const DISCARD_OVERLOAD_BYTES_MAX: usize = 1 << 20;
/// Milliseconds for that.
pub const DISCARD_MS_MAX: u64 = 1_000;
/// Milliseconds without a byte after which nobody waits for the rest of a refused body.
pub const DISCARD_PAUSE_MS_MAX: u64 = 50;
/// Milliseconds for which a peer may refuse to read what we write.
pub const WRITE_STALL_MS_MAX: u64 = 30_000;
/// Bytes a second that a peer has to read, at least, beyond that time.
pub const WRITE_BYTES_PER_SEC_MIN: u64 = 1 << 10;
/// Bytes that the kernel keeps of what a peer does not read; it may double them.
pub const SEND_BUFFER_BYTES: u32 = 256 << 10;
/// Connections that wait to be accepted.
pub const BACKLOG_MAX: u32 = 1_024;
/// Milliseconds for the head of an answer, once the request is there.
pub const HANDLER_MS_MAX: u64 = 10_000;
/// Milliseconds without a byte in either direction before a connection is closed, or up to a quarter more.
pub const IDLE_MS_MAX: u64 = 90_000;
/// Milliseconds a connection lives before it is asked to end; each gets up to a tenth more or less.
pub const CONNECTION_AGE_MS_MAX: u64 = 600_000;
/// Milliseconds between that request and the end by force.
pub const CONNECTION_GRACE_MS_MAX: u64 = 30_000;
/// Milliseconds between HTTP/2 pings, and for their answer.
pub const PING_EVERY_MS: u64 = 30_000;
/// Milliseconds for the answer to an HTTP/2 ping.
pub const PING_ANSWER_MS_MAX: u64 = 20_000;
/// Bytes of an HTTP/1 head, and of its read buffer: what every connection may hold that sends a body.
pub const HTTP1_BUFFER_BYTES_MAX: usize = 16 << 10;
/// Headers of an HTTP/1 request.
pub const HTTP1_HEADERS_MAX: usize = 64;
/// Bytes of an HTTP/2 header list.
pub const HTTP2_HEADER_BYTES_MAX: u32 = 16 << 10;
/// Bytes that one HTTP/2 stream may send ahead of us.
pub const HTTP2_STREAM_WINDOW_BYTES: u32 = 64 << 10;
/// Bytes that one HTTP/2 connection may send ahead of us.
pub const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
/// Requests in flight on one HTTP/2 connection.
pub const HTTP2_STREAMS_MAX: u32 = 100;
/// Streams reset by us for a peer's fault before its connection ends.
pub const HTTP2_LOCAL_RESETS_MAX: usize = 256;
/// Streams reset by the peer before we accepted them, before its connection ends.
pub const HTTP2_PENDING_RESETS_MAX: usize = 20;
/// Connections in all, where the limit of open files is higher than a third more.
pub const CONNECTIONS_MAX: usize = 16_384;
/// Connections of one address.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 2_048;
/// Connections that were told to make room and are not gone yet: at most this part of all.
pub const CONNECTIONS_LEAVING_SHARE: usize = 8;
/// Connections of one address that may end by the peer's misbehaviour at once; then one every so often.
pub const MISBEHAVED_BURST: u64 = 256;
/// Milliseconds until one of them is forgotten.
pub const MISBEHAVED_EVERY_MS: u64 = 1_000;
/// Milliseconds for which an address whose connections all misbehave at once is let in no more.
pub const MISBEHAVED_BARRED_MS_MAX: u64 = 30_000;
/// Addresses of which that is remembered.
pub const MISBEHAVED_ADDRESSES_MAX: usize = 4_096;
/// First and last milliseconds of waiting after an accept that failed.
pub const ACCEPT_PAUSE_MS: (u64, u64) = (10, 250);
/// How many times its size a compressed body may grow to, beyond the first [`INFLATE_FREE_BYTES`].
pub const INFLATE_RATIO_MAX: usize = 200;
/// Bytes to which any body may grow.
pub const INFLATE_FREE_BYTES: usize = 1 << 20;
/// Power of two of the largest zstd window.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Bodies above this many bytes are inflated and applied off the reactor.
pub const INLINE_BYTES_MAX: usize = 512 << 10;
/// Seconds after which a refused sender may try again.
pub const RETRY_AFTER_SECS: u64 = 5;
/// Seconds over which those are spread who are refused at once.
pub const RETRY_SPREAD_SECS: u64 = 5;
/// Bytes of a body that must fit before its first one is read.
pub const BODY_FIRST_BYTES: usize = 64 << 10;
/// The most that is kept free for a body that began is one of so many of what all may take together.
pub const EXPECTED_SHARE: usize = 64;
/// What is kept free for it is at most so many times what has come of it.
pub const EXPECTED_TIMES: usize = 16;
/// What a body is reckoned at, at least, that announces nothing.
pub const BODY_TYPICAL_BYTES_MIN: usize = 4 << 10;
/// Milliseconds for which room is kept for a body.
pub const EXPECTED_MS_MAX: u64 = 1_000;
/// The least that a memory limit must leave for the heap, in bytes: with less, hardly a request would fit.
pub const HEAP_BYTES_MIN: u64 = 16 << 20;
/// The part of the heap that bodies in flight may take is one of so many.
pub const FLIGHT_SHARE: usize = 4;
/// The part of the heap that spans on their way out may take is one of so many.
pub const TRACE_QUEUE_SHARE: usize = 8;
/// What a request of spans costs in the queue beside its bytes.
pub const TRACE_ITEM_BYTES: usize = 256;
/// What a connection is reckoned at, in bytes: half the heap says how many there may be.
pub const CONNECTION_BYTES: usize = 32 << 10;
/// Milliseconds for everything in flight to end after a stop was asked for.
pub const DRAIN_MS_MAX: u64 = 10_000;
/// Milliseconds between two readings of the view folder.
pub const VIEWS_POLL_MS: u64 = 500;
/// Milliseconds between two looks for what fell silent.
pub const EXPIRE_TICK_MS: u64 = 5_000;
/// Views of which our own metrics tell how they stand, 14 series each. Those further down the alphabet are not told.
pub const VIEWS_TOLD_MAX: usize = 200;
/// Readers of which our own metrics tell whether something they read is off. Those further down the alphabet are not told.
pub const CONSUMERS_TOLD_MAX: usize = 1000;
/// Components of which it is known when they last pushed.
pub const PUSHES_KNOWN_MAX: usize = 1000;
/// Milliseconds that a component which fell silent is remembered: a day.
pub const SILENCE_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Series that our own telemetry may have.
pub const OWN_SERIES_MAX: usize = 10_000;
/// Milliseconds between two pushes of our own telemetry.
pub const OWN_PUSH_MS: u64 = 5_000;
/// Items of one answer of the JSON API.
pub const API_ITEMS_MAX: usize = 1_000;
/// Bytes of the configuration file.
pub const CONFIG_BYTES_MAX: usize = 1 << 20;
/// Milliseconds for a TLS handshake.
pub const HANDSHAKE_MS_MAX: u64 = 5_000;
/// Bytes of a file with a certificate chain or a key.
pub const TLS_FILE_BYTES_MAX: u64 = 256 << 10;
/// Milliseconds between two looks at certificate and key.
pub const TLS_RELOAD_MS: u64 = 2_000;
/// Milliseconds between two looks where a flag says so: at least and at most.
pub const TLS_RELOAD_MS_MIN: u64 = 100;
/// See [`TLS_RELOAD_MS_MIN`].
pub const TLS_RELOAD_MS_MAX: u64 = 10_000;
/// Milliseconds for which certificate and key may fail to fit before anybody is told: whoever writes them writes one first.
pub const TLS_TORN_MS_MAX: u64 = 5_000;

const _: () = assert!(BODY_GRACE_MS < BODY_MS_MAX && CONNECTIONS_PER_ADDRESS_MAX <= CONNECTIONS_MAX);

/// Milliseconds within which a body of which so many bytes came has to go on, from its beginning.
#[must_use]
pub const fn body_ms_max(bytes: usize) -> u64 {
    let earned = (bytes as u64).saturating_mul(1_000) / BODY_BYTES_PER_SEC_MIN;
    let all = BODY_GRACE_MS.saturating_add(earned);
    if all < BODY_MS_MAX { all } else { BODY_MS_MAX }
}

const _: () = assert!(HEADER_MS_MAX < IDLE_MS_MAX && BODY_MS_MAX < IDLE_MS_MAX);
const _: () = assert!(HTTP2_STREAM_WINDOW_BYTES <= HTTP2_CONNECTION_WINDOW_BYTES);
const _: () = assert!(TLS_RELOAD_MS < TLS_TORN_MS_MAX && TLS_TORN_MS_MAX + 2 * TLS_RELOAD_MS <= 10_000);
/// Milliseconds for one write to an API server.
pub const CLUSTER_WRITE_MS_MAX: u64 = 10_000;
/// Writes of objects that may go out at once after a quiet time; then one a second.
pub const CLUSTER_WRITES_BURST: u32 = 5;
/// Milliseconds between two writes of objects.
pub const CLUSTER_WRITE_EVERY_MS: u64 = 1_000;
/// Decisions written in a row before something else that waits gets its turn.
pub const DECISIONS_IN_A_ROW_MAX: u32 = 9;
/// First step of the back-off of an object that could not be written, in milliseconds.
pub const CLUSTER_BACKOFF_MS_MIN: u64 = 1_000;
/// Last step of that back-off, and the longest delay that an API server may ask for, in milliseconds.
pub const CLUSTER_BACKOFF_MS_MAX: u64 = 300_000;
/// Milliseconds for which what was written is believed before the watch shows it.
pub const STATUS_SETTLE_MS: u64 = 10_000;
/// Milliseconds for which it is believed while the watch tells nothing at all.
pub const STATUS_UNHEARD_MS_MAX: u64 = 300_000;
/// Components whose plan is kept in a ConfigMap.
pub const PLAN_FILES_MAX: usize = 200;
/// Processes that are told apart by what they export while they obey plans in files.
pub const SYNC_SENDERS_MAX: usize = 20_000;
/// Seconds between two looks at which components ask for their plan as a ConfigMap, where one page holds them all.
pub const PLAN_FILES_LOOK_SECS: u64 = 10;
/// The same where it takes more pages.
pub const PLAN_FILES_LOOK_SECS_MAX: u64 = 60;
/// Seconds between two looks at the objects that are ours in a cluster.
pub const OWN_OBJECTS_LOOK_SECS: u64 = 600;
/// Seconds between two writes of a component of which only the last push moved.
pub const LAST_PUSH_SECS: u64 = 600;
/// Seconds for which a set of instruments stays the same before a catalogue is written.
pub const CATALOGUE_SETTLE_SECS: u64 = 30;
/// Seconds without a push before a component of an earlier run is shown as silent: a restart of ours is no reason.
pub const COMPONENT_SILENT_SECS: u64 = 300;
/// Seconds without a push before a component whose workload no pod shows is removed: it may have been scaled to nought.
pub const COMPONENT_GONE_SECS: u64 = 3_600;
/// Seconds for which equal events of one object are one event.
pub const EVENT_SAME_SECS: u64 = 600;
/// Events that may go out at once after a quiet time; then one a second.
pub const EVENTS_BURST: u32 = 10;
/// Milliseconds between two writes of events.
pub const EVENT_EVERY_MS: u64 = 1_000;
/// The Lease of the active replica, in seconds: how long it stands, how long its holder tries to renew, how often.
pub const ACTIVE_LEASE_SECS: (u64, u64, u64) = (15, 10, 2);
/// The Lease of whoever writes status, likewise: it rides out 78 s without the API server.
pub const STATUS_LEASE_SECS: (u64, u64, u64) = (137, 107, 26);
/// Seconds between two pushes of a watcher, unless it is told otherwise.
pub const WATCH_PUSH_SECS: u64 = 15;
/// The least and the most that it can be told: series of a sender that is silent for 5 minutes end.
pub const WATCH_PUSH_SECS_MIN: u64 = 1;
/// See [`WATCH_PUSH_SECS_MIN`].
pub const WATCH_PUSH_SECS_MAX: u64 = 100;
/// The Lease of a watcher, likewise: the series of a watcher that is lost go on before anybody misses them.
pub const WATCH_LEASE_SECS: (u64, u64, u64) = (15, 10, 2);
/// Bodies of objects that a watcher reads at once.
pub const WATCH_BODIES_AT_ONCE: usize = 2;
/// Seconds before a body that could not be read is tried again.
pub const WATCH_BODY_AGAIN_SECS: u64 = 60;
/// Seconds that the first push of a watcher waits for kinds whose API server does not answer.
pub const WATCH_FIRST_WAIT_SECS: u64 = 30;
/// Seconds between two scrapes of one endpoint of the operator, unless a watcher is told otherwise: what the operator's own
/// ServiceMonitors ask for.
pub const WATCH_SCRAPE_SECS: u64 = 30;
/// The most that it can be told.
pub const WATCH_SCRAPE_SECS_MAX: u64 = 600;
/// Endpoints that a watcher scrapes at once: with those that do not answer, a round of a thousand still ends.
pub const WATCH_SCRAPES_AT_ONCE: usize = 32;
/// Milliseconds that a scrape may take, from its first byte out to the last one in.
pub const WATCH_SCRAPE_MS_MAX: u64 = 5_000;
/// Milliseconds after a push that failed before it is tried again; doubled each time, up to the beat.
pub const WATCH_PUSH_AGAIN_MS: u64 = 1_000;
/// Milliseconds for one request about a Lease.
pub const LEASE_REQUEST_MS_MAX: u64 = 5_000;
/// A Lease may say that it stands so many times longer than ours; more is not believed.
pub const LEASE_STRETCH_MAX: u32 = 10;
/// Bytes of one PromQL expression that the parser is given; of longer ones every word counts as a metric.
pub const PROMQL_BYTES_MAX: usize = 8 << 10;
/// Brackets within brackets of one PromQL expression that the parser is given.
pub const PROMQL_DEPTH_MAX: usize = 100;
/// Metrics that one alert, recording rule or autoscaler is known to read.
pub const CONSUMER_READS_MAX: usize = 256;
/// Steps through recording rules on behalf of one reader.
pub const CONSUMER_CHAIN_MAX: usize = 4_096;
/// Milliseconds between two looks at what becomes of views, where nothing changed.
pub const STATUS_LOOK_MS: u64 = 5_000;
/// Views whose impact is computed in one look: the others keep theirs until it is their turn.
pub const IMPACTS_PER_LOOK_MAX: usize = 100;
const _: () = assert!(ACTIVE_LEASE_SECS.2 < ACTIVE_LEASE_SECS.1 && ACTIVE_LEASE_SECS.1 < ACTIVE_LEASE_SECS.0);
const _: () = assert!(STATUS_LEASE_SECS.2 < STATUS_LEASE_SECS.1 && STATUS_LEASE_SECS.1 < STATUS_LEASE_SECS.0);
const _: () = assert!(WATCH_LEASE_SECS.2 < WATCH_LEASE_SECS.1 && WATCH_LEASE_SECS.1 < WATCH_LEASE_SECS.0);
const _: () = assert!(LEASE_REQUEST_MS_MAX < 1_000 * ACTIVE_LEASE_SECS.1 && CLUSTER_BACKOFF_MS_MIN < CLUSTER_BACKOFF_MS_MAX);
/// Tokens whose answer an API server gave is remembered.
pub const ACCESS_TOKENS_MAX: usize = 32_768;
/// Rights of which that is so.
pub const ACCESS_RIGHTS_MAX: usize = 8_192;
/// Bytes of what a request wants, and of the user of a token, from which on an answer is not remembered.
pub const ACCESS_REMEMBERED_BYTES: usize = 10_000;
/// Seconds for which a token is known, or known to be nobody's, and those for which it is while the API server is away.
pub const ACCESS_TOKEN_SECS: (u64, u64) = (60, 120);
/// Seconds for which a right holds, and those for which it does while the API server is away.
pub const ACCESS_ALLOW_SECS: (u64, u64) = (60, 300);
/// Seconds for which a right is refused without asking again.
pub const ACCESS_DENY_SECS: u64 = 30;
/// Milliseconds that a request waits for an answer about a token or a right.
pub const ACCESS_WAIT_MS_MAX: u64 = 3_000;
/// The same where an older answer would do.
pub const ACCESS_STALE_WAIT_MS_MAX: u64 = 1_000;
/// Milliseconds that the API server has for that answer: it is remembered for whoever asks next.
pub const ACCESS_LOOKUP_MS_MAX: u64 = 5_000;
/// Milliseconds that a question may wait for its turn: of a token that was good before, and of a right.
pub const ACCESS_TURN_MS_MAX: u64 = 2_000;
/// The same of a token that nobody knows: a flood of those leaves turns for the others.
pub const ACCESS_STRANGER_TURN_MS_MAX: u64 = 1_000;
/// Bytes of one answer.
pub const ACCESS_ANSWER_BYTES_MAX: usize = 1 << 20;
/// Seconds after which to ask again, where the API server does not say, and the most that it can.
pub const ACCESS_RETRY_SECS: (u64, u64) = (5, 30);
/// Questions a second, and at once after a quiet time (`--kube-api-qps`, `--kube-api-burst`): what clients of Kubernetes
/// allow themselves.
pub const KUBE_API_QPS: u32 = 5;
/// See [`KUBE_API_QPS`].
pub const KUBE_API_BURST: u32 = 10;
const _: () = assert!(ACCESS_TOKEN_SECS.0 <= ACCESS_TOKEN_SECS.1 && ACCESS_ALLOW_SECS.0 <= ACCESS_ALLOW_SECS.1);
const _: () = assert!(ACCESS_STALE_WAIT_MS_MAX < ACCESS_WAIT_MS_MAX && ACCESS_WAIT_MS_MAX < ACCESS_LOOKUP_MS_MAX);
const _: () = assert!(ACCESS_STRANGER_TURN_MS_MAX < ACCESS_TURN_MS_MAX && ACCESS_TURN_MS_MAX < ACCESS_WAIT_MS_MAX);
/// Milliseconds to connect to an API server.
pub const CLUSTER_CONNECT_MS_MAX: u64 = 5_000;
/// Milliseconds for an API server to answer a request; for watches, to begin to.
pub const CLUSTER_REQUEST_MS_MAX: u64 = 10_000;
/// Bytes of an API server's complaint that are read.
pub const CLUSTER_TEXT_BYTES_MAX: usize = 64 << 10;
/// Seconds between two looks for a kind that is not defined.
pub const CLUSTER_CRD_LOOK_SECS: u64 = 30;
/// Objects asked for with one page of a list.
pub const WATCH_PAGE_MAX: u32 = 500;
/// Objects asked for with one page of a list of objects that are handed on as they came.
pub const WATCH_RAW_PAGE_MAX: u32 = 100;
/// Pieces of news of a watcher that wait: pages of lists among them.
pub const WATCH_NEWS_MAX: usize = 16;
/// Bytes of one page: beyond, fewer objects are asked for.
pub const WATCH_PAGE_BYTES_MAX: usize = 64 << 20;
/// Bytes of one line of a watch.
pub const WATCH_LINE_BYTES_MAX: usize = 8 << 20;
/// Bytes of one object that is read by itself; a rendered MachineConfig takes up to 1.5 MiB of them.
pub const CLUSTER_OBJECT_BYTES_MAX: usize = 8 << 20;
/// Seconds after which an API server ends a watch.
pub const WATCH_SECS: u64 = 290;
/// Seconds beyond that before we do.
pub const WATCH_GRACE_SECS: u64 = 5;
/// Seconds without event, bookmark or list before a watch gets a new client.
pub const WATCH_SILENCE_SECS_MAX: u64 = 2 * WATCH_SECS;
/// First step of a watch's back-off, in milliseconds.
pub const WATCH_BACKOFF_MS_MIN: u64 = 800;
/// Last step of it, in milliseconds.
pub const WATCH_BACKOFF_MS_MAX: u64 = 30_000;
/// Seconds without a failure after which it begins anew.
pub const WATCH_BACKOFF_RESET_SECS: u64 = 120;
/// Failures in a row before a watch lists anew, and before its trouble is a fault.
pub const WATCH_RESUMES_MAX: u32 = 3;
/// Views of one kind that are read from a cluster.
pub const CLUSTER_VIEWS_MAX: usize = 10_000;
/// Namespaces whose labels are known.
pub const CLUSTER_NAMESPACES_MAX: usize = 20_000;
/// Pods, ReplicaSets and Jobs that are known, each.
pub const CLUSTER_PODS_MAX: usize = 200_000;
/// Objects of one kind whose readers are known.
pub const CLUSTER_READERS_MAX: usize = 20_000;
/// Bytes of the last good views on disk.
pub const CLUSTER_CACHE_BYTES_MAX: usize = 64 << 20;
/// Milliseconds between two writes of them.
pub const CLUSTER_CACHE_EVERY_MS: u64 = 2_000;
/// Milliseconds between two writes when only pods or status changed, or the last one failed.
pub const CLUSTER_CACHE_IDLE_MS: u64 = 30_000;
/// Milliseconds between two compilations of views, and between two updates that compile nothing.
pub const CLUSTER_UPDATE_EVERY_MS: u64 = 250;
/// Milliseconds that the first update waits, once views are listed, for namespaces, pods and readers.
pub const CLUSTER_FIRST_WAIT_MS: u64 = 2_000;
/// Pieces of news from watches that wait to be folded in.
pub const CLUSTER_NEWS_MAX: usize = 64;
/// Seconds after a start in which views are not said to match nothing when their object says otherwise: components push
/// once a minute.
pub const SETTLE_SECS: u64 = 90;
/// Milliseconds that a watch has to last, or say something, to count as one.
pub const WATCH_PROOF_MS: u64 = 1_000;
/// Seconds between two lists of a kind when only objects beyond its cap ask for another.
pub const WATCH_RELIST_SECS: u64 = 300;

const _: () = assert!(WATCH_BACKOFF_MS_MIN < WATCH_BACKOFF_MS_MAX && WATCH_BACKOFF_MS_MAX < 1_000 * WATCH_BACKOFF_RESET_SECS);
const _: () = assert!(CLUSTER_REQUEST_MS_MAX < 1_000 * WATCH_SECS && WATCH_SECS + WATCH_GRACE_SECS < WATCH_SILENCE_SECS_MAX);
/// Entries of each list of one explanation: voices, readers, attributes; more are only counted.
pub const EXPLAINED_LIST_MAX: usize = 20;
/// Instruments explained by one answer.
pub const EXPLAINED_MAX: usize = 50;
/// Instruments whose points are counted over time, for points a minute.
pub const OBSERVED_INSTRUMENTS_MAX: usize = 100_000;
/// Milliseconds a client verb waits for the server, from its first byte out to the last one in.
pub const CLIENT_MS_MAX: u64 = 10_000;
/// Bytes of one answer that a client verb takes.
pub const CLIENT_ANSWER_BYTES_MAX: usize = 64 << 20;
/// Bytes of a token or certificate file that a client verb reads.
pub const CLIENT_FILE_BYTES_MAX: usize = 1 << 20;
/// Pages of one list that a client verb asks for.
pub const CLIENT_PAGES_MAX: usize = 100;
/// Instruments whose attribute sets `diff` asks the server to count; of more, what is left is estimated.
pub const DIFF_LOOKUPS_MAX: usize = 200;
/// Milliseconds at least between two looks at what becomes of views.
pub const STATUS_PACE_MS: u64 = 500;
/// Agents that take plans, with a session or without: two for each component that may be known.
pub const SYNC_AGENTS_MAX: usize = 2 * COMPONENTS_MAX;
/// Agents without a connection, among them: a quarter is kept for those that have one.
pub const SYNC_POLLERS_MAX: usize = SYNC_AGENTS_MAX / 4 * 3;
/// Agents that may talk over one connection.
pub const SYNC_SESSION_AGENTS_MAX: usize = 64;
/// Agents that may begin to poll at once after a quiet time.
pub const SYNC_NEW_POLLERS_BURST: u32 = 1_000;
/// Agents a second that may begin to poll for long: a full table of them is known again within half a minute.
pub const SYNC_NEW_POLLERS_PER_SEC: u32 = 500;
/// Bytes of one message of an agent, inflated.
pub const SYNC_MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes of messages of agents that are on their way in; small ones do not count.
pub const SYNC_FLIGHT_BYTES_MAX: usize = 64 << 20;
/// Messages that an agent may send at once after a quiet time.
pub const SYNC_MESSAGES_BURST: u32 = 50;
/// Messages a second that it may send for long.
pub const SYNC_MESSAGES_PER_SEC: u32 = 10;
/// Instruments that one agent may declare.
pub const SYNC_INSTRUMENTS_MAX: usize = 4_096;
/// Declared instruments held at once, each component's and each version's apart.
pub const SYNC_INSTRUMENTS_HELD_MAX: usize = 500_000;
/// The share of that which agents of one namespace may take.
pub const SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX: usize = SYNC_INSTRUMENTS_HELD_MAX / 4;
/// Seconds without a word after which an agent is gone: it has three times what it may take for a heartbeat or a poll.
pub const SYNC_SILENCE_SECS: u64 = 90;
/// Seconds without a word on its connection after which an agent that says who it is may go on over another one.
pub const SYNC_RETURN_SECS: u64 = 5;
/// Seconds without a word after which an instance that begins anew, under another name, takes the place of the one before.
pub const SYNC_HEARTBEAT_SECS: u64 = 30;
/// Seconds for which an agent without a session still counts as it did.
pub const SYNC_DWELL_SECS: u64 = 30;
/// Seconds without an answer after which a plan is offered again.
pub const SYNC_REOFFER_SECS: u64 = 30;
/// Milliseconds between the last thing that an agent said of itself and its plan: it may say more.
pub const SYNC_SETTLE_MS: u64 = 250;
/// Milliseconds for which the plan of an agent waits for what it declares.
pub const SYNC_CATALOGUE_MS_MAX: u64 = 2_000;
/// Milliseconds that agents have to say by themselves that a part of their plan has ended.
pub const SYNC_EXPIRY_GRACE_MS: u64 = 10_000;
/// Milliseconds between two accounts of what became of plans.
pub const SYNC_ACCOUNT_MS: u64 = 250;
/// Milliseconds between two looks for agents that fell silent.
pub const SYNC_LOOK_MS: u64 = 5_000;
/// Refusals told of one component, and of one agent.
pub const SYNC_REFUSALS_MAX: usize = 5;
/// Answers whose delay waits to be counted.
pub const SYNC_DELAYS_MAX: usize = SYNC_AGENTS_MAX;
/// Seconds over which agents are spread that are told to come again.
pub const SYNC_RETRY_SECS_MAX: u64 = 10;
/// Values that one request may give to what it asks for: each may be a question to the API server. More are answered 400.
pub const ACCESS_VALUES_MAX: usize = 16;

/// Seconds of what a sender may send that may come at once, after a quiet time.
pub const SENDER_BURST_SECS: u64 = 2;
/// Senders whose quotas are told apart; those beyond share one.
pub const SENDERS_PACED_MAX: usize = 10_000;
/// The part of `--max-series` that one sender may have, where nothing was said, is one of so many.
pub const SENDER_SERIES_SHARE: usize = 2;
/// Milliseconds between two looks whether the certificate still stands by which a session was opened.
pub const SYNC_PROOF_LOOK_MS: u64 = 5_000;
/// Seconds for which a session lasts that was opened by a token: the token is not kept, and nobody can be asked about it again.
pub const SYNC_TOKEN_SECS_MAX: u64 = 600;

/// One of so many parts of all questions may be about new rights of one user. A scraper needs one in five minutes.
pub const ACCESS_USER_SHARE: u32 = 5;
/// The same of what may be asked at once.
pub const ACCESS_USER_BURST_SHARE: u32 = 2;
/// Users whose new rights are counted.
pub const ACCESS_USERS_MAX: usize = 4_096;
/// How many times as often as about readers the API server is asked about senders: each has a token of its own, which is asked
/// about once a minute.
pub const SENDER_API_TIMES: u32 = 20;
/// What a client may show of certificates: it is kept as long as its connection.
pub const CLIENT_CHAIN_BYTES_MAX: usize = 16 << 10;
/// Refused rights that the log tells in full, each once; more are counted alone. The same of those who speak for others.
pub const ACCESS_TOLD_MAX: usize = 100;

const _: () = assert!(SYNC_SETTLE_MS < SYNC_CATALOGUE_MS_MAX && SYNC_CATALOGUE_MS_MAX < 1_000 * SYNC_REOFFER_SECS);
const _: () = assert!(SYNC_INSTRUMENTS_MAX <= CATALOGUE_INSTRUMENTS_MAX && SYNC_MESSAGE_BYTES_MAX < SYNC_FLIGHT_BYTES_MAX);
const _: () = assert!(1_000 * SYNC_SILENCE_SECS <= IDLE_MS_MAX);
