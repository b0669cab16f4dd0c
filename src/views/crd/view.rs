//! `TelemetryView` and `ClusterTelemetryView`: what a user wants on, off, or shaped.
//! Fields and bounds are those of `core::view`'s reader; the admission table holds the two against each other.
#![expect(clippy::duplicated_attributes, reason = "each is a column of its own")]

pub mod metrics;
pub mod traces;

use self::{metrics::MetricRule, traces::TraceRule};
use super::{
    says::{DURATION, duration_within, must},
    status::TelemetryViewStatus,
};
use kube::{CustomResource, KubeSchema};
use pointsman_core::{
    fault::code::Code,
    limits::{LABEL_VALUE_BYTES_MAX, PATTERNS_MAX, RULES_MAX, TARGETS_MAX, VIEW_REASON_BYTES_MAX, VIEW_TEXT_BYTES_MAX},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A decimal number in quotes: Kubernetes objects hold no floats. Its exponent is short, so that it is never infinite.
pub(super) const DECIMAL: &str = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$";
/// Characters of a duration or a time.
pub(super) const TIME_CHARS_MAX: usize = 40;

/// What is wanted of the components of one namespace: which metrics and spans flow, and in which shape. The simplest view
/// is a list of the metrics to turn on, with `baseline: None`.
#[derive(Clone, Debug, Default, CustomResource, KubeSchema, Serialize, Deserialize)]
#[kube(
    group = "pointsman.dev",
    version = "v1alpha1",
    kind = "TelemetryView",
    namespaced,
    status = "TelemetryViewStatus",
    shortname = "tview",
    category = "telemetry",
    category = "observability",
    doc = "Says which metrics and spans the components of its namespace give, and in which shape. Example: kubectl explain tview.spec --recursive"
)]
#[kube(
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Programmed")].reason"#),
    printcolumn(name = "In-Sync", type_ = "string", json_path = ".status.components.summary"),
    printcolumn(name = "Series", type_ = "string", json_path = ".status.impact.summary"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expiresAt"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Accepted",
        type_ = "string",
        priority = 1,
        json_path = r#".status.conditions[?(@.type=="Accepted")].reason"#
    ),
    printcolumn(name = "Baseline", type_ = "string", priority = 1, json_path = ".spec.baseline"),
    printcolumn(name = "Pending", type_ = "integer", priority = 1, json_path = ".status.components.pending"),
    printcolumn(name = "Failed", type_ = "integer", priority = 1, json_path = ".status.components.failed"),
    printcolumn(name = "Unsupported", type_ = "integer", priority = 1, json_path = ".status.components.unsupported"),
    printcolumn(name = "Basis", type_ = "string", priority = 1, json_path = ".status.impact.basis"),
    printcolumn(name = "Hash", type_ = "string", priority = 1, json_path = ".status.effectiveHash")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = must("self.baseline != 'Debug' || has(self.expiry)", Code::DebugForEver, &[]))]
pub struct TelemetryViewSpec {
    /// Whether the view acts. `Enforce`: it does. `DryRun`: it changes nothing, and its status says what it would do.
    /// Default: Enforce.
    #[serde(default)]
    pub mode: Mode,
    /// Why the view is there; shown wherever its effect is shown. At most 1024 characters.
    /// Example: "err label is free text, INC-1182".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = VIEW_REASON_BYTES_MAX))]
    pub reason: Option<String>,
    /// Components the view acts on; an entry is enough to be meant. Default: every component of the namespace.
    /// At most 16 entries. Example: [{serviceName: "machine-config-*"}].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = TARGETS_MAX))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub targets: Vec<Target>,
    /// What is on that no rule names. `Inherit`: what would be on without this view. `None`: nothing, so that the rules are
    /// the list of metrics to turn on. A level: every instrument up to that level. `Debug` needs `expiry`.
    /// Default: Inherit.
    #[serde(default)]
    pub baseline: Baseline,
    /// Rules for metrics; of several that mean an instrument the most specific one decides. At most 64, each with a name of
    /// its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = RULES_MAX))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub metrics: Vec<MetricRule>,
    /// Rules for spans. At most 64, each with a name of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = RULES_MAX))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub traces: Vec<TraceRule>,
    /// When the view ends by itself; what applied before applies again then. Required with `baseline: Debug`.
    /// Default: never. Example: {after: 4h}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
}

/// What the platform wants in the namespaces it selects: defaults that views of the namespace may change, or overrides
/// that they may not.
#[derive(Clone, Debug, Default, CustomResource, KubeSchema, Serialize, Deserialize)]
#[kube(
    group = "pointsman.dev",
    version = "v1alpha1",
    kind = "ClusterTelemetryView",
    status = "TelemetryViewStatus",
    shortname = "ctview",
    category = "telemetry",
    category = "observability",
    doc = "Says, for the namespaces it selects, which metrics and spans flow: as defaults below every TelemetryView, or as overrides above them."
)]
#[kube(
    printcolumn(name = "Kind", type_ = "string", json_path = ".status.kind"),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Programmed")].reason"#),
    printcolumn(name = "In-Sync", type_ = "string", json_path = ".status.components.summary"),
    printcolumn(name = "Series", type_ = "string", json_path = ".status.impact.summary"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expiresAt"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Accepted",
        type_ = "string",
        priority = 1,
        json_path = r#".status.conditions[?(@.type=="Accepted")].reason"#
    ),
    printcolumn(name = "Baseline", type_ = "string", priority = 1, json_path = ".spec.*.baseline"),
    printcolumn(name = "Pending", type_ = "integer", priority = 1, json_path = ".status.components.pending"),
    printcolumn(name = "Failed", type_ = "integer", priority = 1, json_path = ".status.components.failed"),
    printcolumn(name = "Unsupported", type_ = "integer", priority = 1, json_path = ".status.components.unsupported"),
    printcolumn(name = "Basis", type_ = "string", priority = 1, json_path = ".status.impact.basis"),
    printcolumn(name = "Hash", type_ = "string", priority = 1, json_path = ".status.effectiveHash")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = must(
        "has(self.defaults) != has(self.overrides)",
        Code::MissingOrWrongType,
        &[
            "has(self.defaults) ? 'overrides' : 'defaults'",
            "has(self.defaults) ? 'stands beside `defaults`: write one of the two' : 'is missing in `spec`'",
        ],
    ),
    validation = must(
        "has(self.expiry) || !((has(self.defaults) && self.defaults.baseline == 'Debug') || \
         (has(self.overrides) && self.overrides.baseline == 'Debug'))",
        Code::DebugForEver,
        &[],
    )
)]
pub struct ClusterTelemetryViewSpec {
    /// Whether the view acts. `Enforce`: it does. `DryRun`: it changes nothing, and its status says what it would do.
    /// Default: Enforce.
    #[serde(default)]
    pub mode: Mode,
    /// Why the view is there; shown wherever its effect is shown. At most 1024 characters.
    /// Example: "free text in labels, INC-1182".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = VIEW_REASON_BYTES_MAX))]
    pub reason: Option<String>,
    /// Namespaces the view reaches. Default: all. Example: {matchNames: ["openshift-*"]}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<NamespaceSelector>,
    /// Applies where no TelemetryView says otherwise. Exactly one of `defaults` and `overrides`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<ClusterBody>,
    /// Applies whatever a TelemetryView says. Exactly one of `defaults` and `overrides`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<ClusterBody>,
    /// When the view ends by itself; what applied before applies again then. Required with `baseline: Debug`.
    /// Default: never. Example: {after: 4h}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
}

/// Selects namespaces: those that fit both, where both are written.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// Labels that a namespace must have, all of them. Default: any. At most 64.
    /// Example: {team: nodes}.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "maxProperties" = PATTERNS_MAX,
        "additionalProperties" = { "type": "string", "maxLength": LABEL_VALUE_BYTES_MAX }
    ))]
    pub match_labels: BTreeMap<String, String>,
    /// Names, one of which a namespace must have; `*` and `?` are wildcards. Default: any. 1 to 64.
    /// Example: ["openshift-*"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PATTERNS_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub match_names: Option<Vec<String>>,
}

/// What a cluster view says, as defaults or as overrides.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterBody {
    /// Components the view acts on; an entry is enough to be meant. Default: every component of the selected namespaces.
    /// At most 16 entries. Example: [{serviceName: "machine-config-*"}].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = TARGETS_MAX))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub targets: Vec<Target>,
    /// What is on that no rule names. `Inherit`: what would be on without this view. `None`: nothing, so that the rules are
    /// the list of metrics to turn on. A level: every instrument up to that level. `Debug` needs `expiry`.
    /// Default: Inherit.
    #[serde(default)]
    pub baseline: Baseline,
    /// Rules for metrics; of several that mean an instrument the most specific one decides. At most 64, each with a name of
    /// its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = RULES_MAX))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub metrics: Vec<MetricRule>,
    /// Rules for spans. At most 64, each with a name of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = RULES_MAX))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub traces: Vec<TraceRule>,
}

/// One entry of `targets`: exactly one of its forms.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = must(
    "has(self.workloadRef) != has(self.serviceName)",
    Code::TargetForm,
    &["has(self.serviceName) ? 'two forms' : 'no form'"],
))]
pub struct Target {
    /// The workload whose pods are meant. Example: {group: apps, kind: DaemonSet, name: machine-config-daemon}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<WorkloadRef>,
    /// The `service.name` that components report; `*` and `?` are wildcards. Example: "machine-config-*".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = VIEW_TEXT_BYTES_MAX))]
    pub service_name: Option<String>,
}

/// A workload by kind and name, in the namespaces the view reaches.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = must(
    "!has(self.group) || self.group == (self.kind in ['Job', 'CronJob'] ? 'batch' : 'apps')",
    Code::UnknownValue,
    &["'group'", "self.group"],
))]
pub struct WorkloadRef {
    /// The API group of the kind: `batch` for Job and CronJob, else `apps`. Default: that of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = VIEW_TEXT_BYTES_MAX))]
    pub group: Option<String>,
    /// The kind of the workload.
    pub kind: WorkloadKind,
    /// The name of the workload, without wildcards. Example: machine-config-daemon.
    #[schemars(length(min = 1, max = VIEW_TEXT_BYTES_MAX))]
    pub name: String,
}

/// When a view ends: exactly one of its forms.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = must(
        "has(self.after) != has(self.at)",
        Code::BadExpiry,
        &["has(self.at) ? 'has both `after` and `at`' : 'has neither `after` nor `at`'"],
    ),
    validation = must(
        &duration_within("after", "1m", "168h"),
        Code::BadExpiry,
        &["'is outside 1m..168h'"],
    )
)]
pub struct Expiry {
    /// So long after this term was first seen, 1m to 168h. To edit a rule does not extend it; to write another term does.
    /// Example: 4h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TIME_CHARS_MAX), regex(pattern = DURATION))]
    pub after: Option<String>,
    /// At this moment, RFC 3339; in the future, at most 168h away. Example: "2026-11-22T18:00:00Z".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TIME_CHARS_MAX), extend("format" = "date-time"))]
    pub at: Option<String>,
}

/// Whether a view acts, or only says what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves, and their field explains them")]
pub enum Mode {
    #[default]
    Enforce,
    DryRun,
}

/// What is on that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves, and their field explains them")]
pub enum Baseline {
    #[default]
    Inherit,
    None,
    Essential,
    Standard,
    Detailed,
    Debug,
}

/// Whether a rule turns on, off, or leaves the state alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves, and their field explains them")]
pub enum State {
    #[default]
    Inherit,
    Enabled,
    Disabled,
}

/// Workloads that a target may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are Kubernetes' own")]
pub enum WorkloadKind {
    #[default]
    Deployment,
    DaemonSet,
    StatefulSet,
    Job,
    CronJob,
}
