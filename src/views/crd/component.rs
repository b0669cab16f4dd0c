//! `TelemetryComponent`: what the controller sees of one component, one object per workload and service.
//! Written by the controller, read by people; plain fields, nothing is decided here.
#![expect(clippy::duplicated_attributes, reason = "each is a column of its own")]

use super::status::Condition;
use kube::{CustomResource, KubeSchema};
use pointsman_core::limits::{APPLIED_VIEWS_MAX, STATUS_CONDITIONS_MAX};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which component it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, CustomResource, KubeSchema, Serialize, Deserialize)]
#[kube(
    group = "pointsman.dev",
    version = "v1alpha1",
    kind = "TelemetryComponent",
    namespaced,
    status = "TelemetryComponentStatus",
    shortname = "tcomp",
    category = "telemetry",
    category = "observability",
    doc = "A component that pushes telemetry, as the controller sees it: one object per workload and service. The controller writes it; to change what flows, write a TelemetryView."
)]
#[kube(
    printcolumn(name = "Library", type_ = "string", json_path = ".status.library"),
    printcolumn(name = "Connected", type_ = "string", json_path = ".status.connected"),
    printcolumn(name = "In-Sync", type_ = "string", json_path = ".status.inSync"),
    printcolumn(name = "Series", type_ = "integer", json_path = ".status.series"),
    printcolumn(name = "Last-Push", type_ = "date", json_path = ".status.lastPush"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct TelemetryComponentSpec {
    /// The `service.name` that it reports.
    #[schemars(length(min = 1, max = 4096))]
    pub service_name: String,
    /// The workload that its pods belong to; absent for what runs outside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<ComponentWorkload>,
}

/// The workload that the pods of a component belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentWorkload {
    /// Its API group; empty for pods without an owner. Example: apps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub group: String,
    /// Its kind. Example: DaemonSet.
    #[schemars(length(min = 1, max = 256))]
    pub kind: String,
    /// Its name. Example: machine-config-daemon.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
}

/// What the controller sees of it; written at most once a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TelemetryComponentStatus {
    /// Processes that push.
    #[serde(default)]
    pub instances: u64,
    /// Series it has in a scrape.
    #[serde(default)]
    pub series: u64,
    /// Series it would have without any view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_before: Option<u64>,
    /// Points it pushes a second, a decimal. Example: "12.5".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub points_per_second: Option<String>,
    /// Share of these that views drop, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub dropped_share: Option<u32>,
    /// Views that act on it, highest tier first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = APPLIED_VIEWS_MAX), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub applied_views: Vec<String>,
    /// Whether more views act on it than are listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub applied_views_truncated: bool,
    /// When it last pushed, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_push: Option<String>,
    /// Hash of the plan that all views together make for it, in hexadecimal: of the one it is offered, where it takes plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub plan_hash: Option<String>,
    /// The library that it pushes with, and its version. Example: opentelemetry-go 1.38.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub library: Option<String>,
    /// Instances that take plans, of all. Example: "3/3".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub connected: Option<String>,
    /// Instances for which the plan is enforced, of all. Example: "3/3".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub in_sync: Option<String>,
    /// Active while it pushes or is connected, else Silent.
    #[serde(default)]
    pub state: ComponentState,
    /// Whether its namespace was proven (Authenticated), or only said (Claimed).
    #[serde(default)]
    pub identity: Identity,
    /// The InstrumentCatalog with its instruments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub catalogue: Option<String>,
    /// InSync: every instance that takes plans obeys the one of now; absent where none takes plans. PlanFile: whether the
    /// ConfigMap that the annotation pointsman.dev/plan-configmap names holds the plan; absent without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = STATUS_CONDITIONS_MAX))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_owned()]))]
    pub conditions: Vec<Condition>,
}

/// Whether a component pushes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the field explains the words")]
pub enum ComponentState {
    #[default]
    Active,
    Silent,
}

/// How the controller knows who a component is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the field explains the words")]
pub enum Identity {
    #[default]
    Claimed,
    Authenticated,
}
