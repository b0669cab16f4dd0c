//! What the API answers with, field by field. Fields are only ever added.
//! Plain values: nothing here is computed, and nothing knows where it came from.

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

/// One component.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Its namespace.
    pub namespace: String,
    /// `<kind>.<workload>.<service>` or `service.<name>`.
    pub name: String,
    /// `service.name`.
    pub service: String,
    /// Kind and name of its workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// Processes.
    pub instances: usize,
    /// Metrics, those that are off included.
    pub metrics: usize,
    /// Series held.
    pub series: usize,
    /// Points received.
    pub points_received: u64,
    /// Points that views suppressed.
    pub points_suppressed: u64,
    /// When it last pushed.
    pub last_push: String,
    /// Hash of its plan.
    pub plan_hash: String,
}

/// A Kubernetes workload.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// `Deployment`, `DaemonSet`, …
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One component and what is decided for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentDetail {
    /// As in the list.
    #[serde(flatten)]
    pub component: Component,
    /// The plan in its canonical form.
    pub plan: serde_json::Value,
}

/// One view object, or catalogue.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// `TelemetryView`, `ClusterTelemetryView` or `InstrumentCatalog`.
    pub kind: String,
    /// Empty for a cluster view.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Whether what the file says now is in force.
    pub accepted: bool,
    /// Whether an older good version is in force instead.
    pub kept_last_good: bool,
    /// Points and spans that its rules turned off, by rule.
    pub suppressed: BTreeMap<String, u64>,
}

/// One declared instrument.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogued {
    /// `service.name` of those who have it.
    pub service: String,
    /// Scope name; empty = any.
    pub scope: String,
    /// OTel name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// UCUM unit.
    pub unit: String,
    /// How much one wants to see it.
    pub level: &'static str,
    /// `development` … `stable`; may be empty.
    pub stability: String,
    /// Attribute keys.
    pub attributes: Vec<String>,
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
    /// When the views were last known to be current.
    pub views_read_at: String,
}

/// A mistake in a view, as every face of it says it.
pub type Fault = serde_json::Value;
