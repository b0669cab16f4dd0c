//! The status of both kinds of view: values are `core::view::status`'s, their schema is mirrored here with its bounds.
//! Decides nothing; a test on a real server holds the mirror against the values.

use kube::KubeSchema;
use pointsman_core::{limits, view::status::ViewStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Condition messages are cut at 500 characters when they are made; a server that is newer may say more.
const MESSAGE_CHARS_MAX: usize = 4096;
/// A name, or a rule with the object it stands in.
const NAME_CHARS_MAX: usize = 1024;
/// A word, a number with its unit, a hash.
const WORD_CHARS_MAX: usize = 128;

/// `status` of a `TelemetryView` or `ClusterTelemetryView`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TelemetryViewStatus(#[schemars(with = "Mirror")] pub ViewStatus);

/// What the controller made of the view; only the controller writes it.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TelemetryViewStatus")]
struct Mirror {
    /// `metadata.generation` of the spec this status speaks of.
    observed_generation: Option<i64>,
    /// What a ClusterTelemetryView is: `defaults` or `overrides`.
    #[schemars(length(max = WORD_CHARS_MAX))]
    kind: Option<String>,
    /// Hash of the spec in force, in hexadecimal.
    #[schemars(length(max = WORD_CHARS_MAX))]
    effective_hash: Option<String>,
    /// When the view ends, RFC 3339.
    #[schemars(length(max = WORD_CHARS_MAX))]
    expires_at: Option<String>,
    /// The term that `expiresAt` was computed from: "after 4h". A new term starts anew, an edited rule does not.
    #[schemars(length(max = WORD_CHARS_MAX))]
    expiry_term: Option<String>,
    /// Accepted: the spec is valid. Programmed: it is in force. InSync: every instance that can take a plan has acknowledged
    /// it. Conflicted, Protected, LimitExceeded, Expired and TargetsEmpty are there only while they are True.
    /// Example: kubectl wait --for=condition=Programmed tview/quiet-mcd.
    #[schemars(length(max = limits::STATUS_CONDITIONS_MAX))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_owned()]))]
    conditions: Option<Vec<Condition>>,
    /// Components and instances in reach, and how many obey.
    components: Option<Components>,
    /// Series and samples without and with the view; in a dry run, what would be.
    impact: Option<Impact>,
    /// What became of each rule, in the order of the spec, metrics before traces.
    #[schemars(length(max = limits::STATUS_RULES_MAX))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    rules: Option<Vec<RuleLine>>,
    /// Whether there are more rules than are listed.
    rules_truncated: Option<bool>,
    /// Faults and remarks, worst first.
    #[schemars(length(max = limits::STATUS_PROBLEMS_MAX))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    problems: Option<Vec<Problem>>,
    /// Whether there are more problems than are listed.
    problems_truncated: Option<bool>,
    /// The last changes of decision, newest first.
    #[schemars(length(max = limits::STATUS_HISTORY_MAX))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    history: Option<Vec<Past>>,
}

/// A condition, as Kubernetes writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it speaks of, such as Accepted.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = WORD_CHARS_MAX))]
    pub kind: String,
    /// True, False or Unknown.
    #[schemars(length(max = 16), extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// One word for why.
    #[schemars(length(max = WORD_CHARS_MAX))]
    pub reason: String,
    /// The cause, then how to mend it.
    #[schemars(length(max = MESSAGE_CHARS_MAX))]
    pub message: String,
    /// When the status last changed, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// `metadata.generation` of the spec it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// How many components and instances obey.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Components {
    /// Components in reach.
    matched: Option<u64>,
    /// Their instances.
    instances: Option<u64>,
    /// Instances for which the view is enforced.
    in_sync: Option<u64>,
    /// Instances that have not answered yet.
    pending: Option<u64>,
    /// Instances that refused.
    failed: Option<u64>,
    /// Instances that take no plans; the controller decides for them.
    unsupported: Option<u64>,
    /// Enforced of all, in words. Example: "11/12".
    #[schemars(length(max = WORD_CHARS_MAX))]
    summary: Option<String>,
}

/// Series and samples, before and after.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Impact {
    /// Series without the view.
    series_before: Option<u64>,
    /// Series with it.
    series_after: Option<u64>,
    /// Samples a minute without the view.
    samples_per_minute_before: Option<u64>,
    /// Samples a minute with it.
    samples_per_minute_after: Option<u64>,
    /// Where the numbers come from: Observed on the live stream, or Estimated.
    #[schemars(length(max = WORD_CHARS_MAX))]
    basis: Option<String>,
    /// Series in words. Example: "18.2k->6.1k".
    #[schemars(length(max = WORD_CHARS_MAX))]
    summary: Option<String>,
}

/// What became of one rule.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleLine {
    /// The rule's name.
    #[schemars(length(max = NAME_CHARS_MAX))]
    name: String,
    /// Active, PartiallyOverridden, Overridden, NoMatch, Protected, Unsupported, Invalid or Inactive.
    #[schemars(length(max = WORD_CHARS_MAX))]
    state: String,
    /// Instruments that it matches.
    instruments: Option<Matched>,
    /// Series of these without the view.
    series_before: Option<u64>,
    /// Series of these with it.
    series_after: Option<u64>,
    /// Where it is enforced.
    enforced_at: Option<EnforcedAt>,
    /// Rules that overrule it somewhere.
    #[schemars(length(max = limits::STATUS_OVERRIDDEN_BY_MAX), inner(length(max = NAME_CHARS_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    overridden_by: Option<Vec<String>>,
    /// Whether there are more than are listed.
    overridden_by_truncated: Option<bool>,
    /// Readers of what it would turn off or drop: it is held back for them.
    #[schemars(length(max = limits::STATUS_PROTECTED_BY_MAX), inner(length(max = NAME_CHARS_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    protected_by: Option<Vec<String>>,
    /// Whether there are more than are listed.
    protected_by_truncated: Option<bool>,
}

/// Instruments that a rule matches.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Matched {
    /// How many.
    matched: Option<u64>,
    /// Some of their names.
    #[schemars(length(max = limits::STATUS_SAMPLE_MAX), inner(length(max = NAME_CHARS_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    sample: Option<Vec<String>>,
}

/// Where a rule is enforced, in instances.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct EnforcedAt {
    /// Instances that gate it themselves: it costs nothing there.
    source: Option<u64>,
    /// Instances for which the controller does.
    controller: Option<u64>,
}

/// A fault or remark.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    /// Its code; `pointsman explain` has a page on each. Example: PM0104.
    #[schemars(length(max = WORD_CHARS_MAX))]
    code: String,
    /// error, warning or info.
    #[schemars(length(max = WORD_CHARS_MAX))]
    severity: String,
    /// Where in the spec. Example: spec.metrics[0].state.
    #[schemars(length(max = NAME_CHARS_MAX))]
    field: Option<String>,
    /// The cause.
    #[schemars(length(max = MESSAGE_CHARS_MAX))]
    message: String,
    /// How to mend it.
    #[schemars(length(max = MESSAGE_CHARS_MAX))]
    fix: String,
}

/// One change of decision.
#[derive(KubeSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Past {
    /// When, RFC 3339.
    #[schemars(length(max = WORD_CHARS_MAX))]
    at: String,
    /// The reason of the condition Programmed from then on.
    #[schemars(length(max = WORD_CHARS_MAX))]
    reason: String,
    /// `metadata.generation` then.
    generation: Option<i64>,
    /// In words.
    #[schemars(length(max = MESSAGE_CHARS_MAX))]
    message: String,
}
