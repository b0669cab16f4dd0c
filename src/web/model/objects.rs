//! What the API says of components, instruments, views and readers, field by field. Fields are only ever added.
//! Plain values, read again by our own command line; nothing here is computed.

use pointsman_core::view::{status::ViewStatus, verdict::answer::Explained};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
    /// Labels of its namespace, where a cluster tells them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace_labels: BTreeMap<String, String>,
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
    /// `Active`, or `Silent` for half of the time after which its series end.
    pub state: String,
    /// Hash of its plan.
    pub plan_hash: String,
    /// What became of it at the source; absent where nobody takes plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<Sync>,
}

/// What became of a plan at the instances of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sync {
    /// Name and version of the library, as most instances say.
    pub library: String,
    /// Instances that take plans.
    pub connected: u64,
    /// Those that obey the plan of now.
    pub applied: u64,
    /// Those that have not answered.
    pub pending: u64,
    /// Since when the first of them has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<String>,
    /// Those that refused.
    pub failed: u64,
    /// Instances that take no plans: the controller decides for them.
    pub unsupported: u64,
    /// `11/12`: instances for which the plan is enforced, of all.
    pub in_sync: String,
    /// Hash of the plan that they were offered, in hexadecimal.
    pub plan: String,
    /// Since when all that are connected obey it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What instances said of what they refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<String>,
    /// Rules that the source does wholly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_source: Vec<String>,
    /// Rules of which something is left to the controller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_controller: Vec<String>,
}

/// A Kubernetes workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Workload {
    /// `Deployment`, `DaemonSet`, …
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One component and what is decided for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentDetail {
    /// As in the list.
    #[serde(flatten)]
    pub component: Component,
    /// What it sends, by name and scope.
    pub instruments: Vec<SentInstrument>,
    /// Whether there are more than are listed: `?after=N` skips the first N.
    pub instruments_truncated: bool,
    /// The plan in its canonical form.
    pub plan: Value,
}

/// One instrument as a component sends it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SentInstrument {
    /// Instrumentation scope.
    pub scope: String,
    /// OTel name.
    pub name: String,
    /// As on the wire.
    pub kind: String,
    /// UCUM unit.
    pub unit: String,
    /// Whether it is on.
    pub on: bool,
    /// Who decided that; absent where a catalogue or the default did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Instances that sent it.
    pub instances: usize,
    /// Attribute sets as they were sent.
    pub sets_sent: u64,
    /// Series in a scrape.
    pub series: u64,
    /// Points received since it came.
    pub points: u64,
    /// Points that went to the overflow series.
    pub points_overflowed: u64,
    /// Points a minute; absent until two requests were seen apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_per_minute: Option<f64>,
    /// When a request last carried it.
    pub last_sent: String,
}

/// How many attribute sets are left of an instrument when only some keys stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Left {
    /// OTel name.
    pub metric: String,
    /// Sets that are left, over all instances; absent when that is not known: it is off, or nothing came yet.
    pub sets: Option<u64>,
    /// What each attribute costs, the greatest saving first.
    pub attributes: Vec<AttributeCost>,
}

/// What one attribute costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AttributeCost {
    /// The key.
    pub key: String,
    /// Different values.
    pub values: u64,
    /// Sets that would be left without it.
    pub sets_without: u64,
}

/// What is asked about attribute sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftQuery {
    /// The component.
    pub namespace: String,
    /// Its object name.
    pub component: String,
    /// OTel name.
    pub metric: String,
    /// Scope; empty = the first that has it.
    pub scope: String,
    /// Kind; empty = the first that has it.
    pub kind: String,
    /// Only these stay.
    pub keep: Option<BTreeSet<String>>,
    /// These go.
    pub drop: BTreeSet<String>,
}

/// One view object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct View {
    /// `TelemetryView` or `ClusterTelemetryView`.
    pub kind: String,
    /// Empty for a cluster view.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The file it stands in; empty in a cluster.
    pub file: String,
    /// Whether what the object says now is in force.
    pub accepted: bool,
    /// Whether an older good version is in force instead.
    pub kept_last_good: bool,
    /// Points and spans that its rules turned off, by rule.
    pub suppressed: BTreeMap<String, u64>,
    /// Its tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u8>,
    /// `metadata.generation` of the version in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When its spec last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// The field manager that changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The reason of its annotation `pointsman.dev/override-protected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_protected: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The spec in force, defaults left out; absent when there never was a good one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    /// Its status, as it is written to the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ViewStatus>,
}

/// One declared or sent instrument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Catalogued {
    /// `service.name` of those who have it.
    pub service: String,
    /// Namespace of the catalogue; empty when it speaks for all.
    pub namespace: String,
    /// The catalogue's name; empty for what is sent and not declared.
    pub catalog: String,
    /// Scope name; empty = any.
    pub scope: String,
    /// OTel name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// UCUM unit.
    pub unit: String,
    /// How much one wants to see it; empty for what nobody declared.
    pub level: String,
    /// `development` … `stable`; may be empty.
    pub stability: String,
    /// Attribute keys.
    pub attributes: Vec<String>,
    /// `On`, `Off`, or `Mixed` over components; absent where nobody sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Who decided that, for the first component that sends it; absent where a catalogue or the default did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Series in a scrape; absent where nobody sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<u64>,
    /// How many alerts, rules, autoscalers and panels of shipped dashboards read it.
    pub readers: usize,
}

/// What is said of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanations {
    /// One for each component.
    pub items: Vec<Explained>,
    /// Whether there are more.
    pub truncated: bool,
}

/// Somebody who reads metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Consumer {
    /// `PrometheusRule` or `HorizontalPodAutoscaler`.
    pub kind: String,
    /// Where it lives.
    pub namespace: String,
    /// Its name there.
    pub name: String,
    /// `alert X` or `record Y`; empty where the object is the reader.
    pub entry: String,
    /// Whether it protects in every namespace, not only in its own.
    pub protects_everywhere: bool,
    /// What it reads.
    pub reads: Vec<Read>,
}

/// One metric that somebody reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Read {
    /// As it is written.
    pub metric: String,
    /// Labels that are used.
    pub labels: Vec<String>,
    /// Since when; absent = always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}
