//! What the API answers with, field by field. Fields are only ever added.
//! Plain values: nothing here is computed, and nothing knows where it came from.

pub mod objects;
pub mod screens;

use serde::Serialize;
use std::collections::BTreeMap;

/// The whole in a few numbers.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Our version.
    pub release: &'static str,
    /// Whether views are known and nothing ends.
    pub ready: bool,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// Components that pushed lately.
    pub components: usize,
    /// Their processes.
    pub instances: usize,
    /// Series held.
    pub series: u64,
    /// View objects, good or not.
    pub views: usize,
    /// Mistakes in them.
    pub faults: usize,
    /// Points received.
    pub points_received: u64,
    /// Spans received.
    pub spans_received: u64,
}

/// Where points and spans go.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Points.
    pub metrics: Stream,
    /// Spans.
    pub traces: Stream,
    /// Series written to scrapes.
    pub series_exposed: u64,
    /// Series and attributes that scrapes left out, by reason.
    pub scrape_omitted: BTreeMap<&'static str, u64>,
    /// Points taken otherwise than they were sent, by what was done.
    pub adjusted: BTreeMap<&'static str, u64>,
    /// Points that went to overflow series, by metric.
    pub limited: BTreeMap<String, u64>,
    /// Names that two want and one gets.
    pub conflicts: Vec<Conflict>,
    /// How many more there are than are listed.
    pub conflicts_left_out: usize,
    /// Where points come from.
    pub inflows: Vec<screens::Inflow>,
    /// How many more there are: `?after=N` skips the first N.
    pub inflows_more: usize,
    /// What did not go on, and why, in the order of the way.
    pub drops: Vec<screens::Drop>,
    /// How many more there are.
    pub drops_more: usize,
}

/// Two parties that cannot both have what they want.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// The family, as exposed.
    pub family: String,
    /// `type`, `clash`, `help`, `unit` or `target`.
    pub kind: &'static str,
    /// Who won.
    pub kept: Party,
    /// Who lost.
    pub lost: Party,
}

/// One side of a conflict.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// The component, with its namespace.
    pub component: String,
    /// The OTLP name of its metric; empty for target info.
    pub metric: String,
    /// What it wants: a type, a description, a unit, a family.
    pub wanted: String,
}

/// One signal.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// Requests applied.
    pub requests: u64,
    /// Their bytes, inflated.
    pub bytes: u64,
    /// Points or spans in them.
    pub received: u64,
    /// Those that views turned off.
    pub suppressed: u64,
    /// Those refused, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Whole requests refused, by reason.
    pub requests_refused: BTreeMap<&'static str, u64>,
}

/// Back ends and the latest traces.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traces {
    /// Where spans go.
    pub backends: Vec<Backend>,
    /// The latest traces, newest first; kept only when there are no back ends.
    pub recent: Vec<Trace>,
    /// Reconcile loops, by component, metric and attributes.
    pub loops: Vec<screens::Loop>,
    /// How many more there are: `?after=N` skips the first N.
    pub loops_more: usize,
    /// The slowest turns of the last hour, of spans that views keep, the slowest first.
    pub slowest: Vec<screens::SlowTurn>,
}

/// One back end.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backend {
    /// Its URL.
    pub url: String,
    /// Spans it took.
    pub sent: u64,
    /// Spans it never got, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Exports that failed.
    pub exports_failed: u64,
    /// Whether the last export failed.
    pub failing: bool,
    /// Bytes that wait.
    pub queue_bytes: usize,
    /// Bytes that may wait.
    pub queue_bytes_max: usize,
    /// What went wrong last, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
}

/// What went wrong last.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}

/// One trace.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// Its id in hexadecimal.
    pub trace_id: String,
    /// Its spans as they came.
    pub spans: Vec<Span>,
    /// Spans left out.
    pub omitted: u64,
    /// Where a trace viewer shows it; absent without `--trace-link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// One span.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Its id in hexadecimal.
    pub span_id: String,
    /// Its parent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Who sent it.
    pub component: String,
    /// When it began.
    pub start: String,
    /// How long it took.
    pub duration_seconds: f64,
    /// `Unset`, `Ok` or `Error`.
    pub status: &'static str,
}

/// Limits, queues, memory.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Bytes of requests in flight.
    pub flight_bytes: usize,
    /// Bytes that the heap holds.
    pub heap_bytes: usize,
    /// Bytes that it may hold.
    pub heap_bytes_max: usize,
    /// Series held.
    pub series: u64,
    /// Series that may be held.
    pub series_max: usize,
    /// Roughly what state holds in memory.
    pub state_bytes: u64,
    /// Memory to stay within.
    pub memory_limit_bytes: u64,
    /// How often each limit bit.
    pub limits: BTreeMap<&'static str, u64>,
    /// Listeners in plain text that other hosts can reach.
    pub insecure_listeners: Vec<&'static str>,
    /// When the certificate of the listeners ends, where they have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_expires_at: Option<String>,
    /// Versions and suites of TLS, where it is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_profile: Option<String>,
    /// When the views were last known to be current.
    pub views_read_at: String,
}

/// A mistake in a view, as every face of it says it.
pub type Fault = serde_json::Value;
