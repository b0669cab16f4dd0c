//! The status of a view as it is written to its object, shown by the JSON API and told by `check`: decided once, here.
//! Plain data in the wire's own form; who writes it, and when, is not known here.

use super::impact::Basis;
use serde::{Deserialize, Serialize};

/// `status` of a `TelemetryView` or `ClusterTelemetryView`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ViewStatus {
    /// `metadata.generation` of the spec this speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Hash of the spec in force, 16 hexadecimal digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub effective_hash: String,
    /// When the view ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The term `expiresAt` was computed from, as written (`after 4h`): a new term starts anew, an edited rule does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_term: Option<String>,
    /// Accepted, Programmed, InSync; others only when True.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Components it reaches.
    pub components: Components,
    /// What it changes, or would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<ImpactStatus>,
    /// Its rules, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleStatus>,
    /// Whether `rules` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub rules_truncated: bool,
    /// Faults and remarks, worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Whether `problems` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub problems_truncated: bool,
    /// The last changes of decision, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Past>,
}

/// A condition, as Kubernetes writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// `Accepted`, `Programmed`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// Cause, then fix; at most 500 characters.
    pub message: String,
    /// When the status last changed, RFC 3339.
    pub last_transition_time: String,
    /// `metadata.generation` it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// How many components and instances obey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Components {
    /// Components in reach.
    pub matched: u64,
    /// Their instances.
    pub instances: u64,
    /// Instances for which the view is enforced.
    pub in_sync: u64,
    /// Instances that have not answered yet.
    pub pending: u64,
    /// Instances that refused.
    pub failed: u64,
    /// Instances that take no plans: decided at the controller.
    pub unsupported: u64,
    /// `11/12`; empty in a dry run.
    pub summary: String,
}

/// Series and samples, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImpactStatus {
    /// Without the view.
    pub series_before: u64,
    /// With it.
    pub series_after: u64,
    /// Without the view.
    pub samples_per_minute_before: u64,
    /// With it.
    pub samples_per_minute_after: u64,
    /// Where the numbers come from.
    pub basis: Basis,
    /// `18.2k->6.1k`, series.
    pub summary: String,
}

/// What became of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleStatus {
    /// Its name.
    pub name: String,
    /// `Active`, `PartiallyOverridden`, `Overridden`, `NoMatch`, `Protected`, `Unsupported`, `Invalid`, `Inactive`.
    pub state: String,
    /// What it matches.
    pub instruments: Matched,
    /// Without the rule's view.
    pub series_before: u64,
    /// With it.
    pub series_after: u64,
    /// Where it is enforced, in instances.
    pub enforced_at: EnforcedAt,
    /// Who overrules it somewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overridden_by: Vec<String>,
    /// Whether `overriddenBy` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub overridden_by_truncated: bool,
    /// Who reads what it would turn off or drop.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected_by: Vec<String>,
    /// Whether `protectedBy` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub protected_by_truncated: bool,
}

/// Instruments that a rule matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Matched {
    /// How many.
    pub matched: u64,
    /// Some of their names.
    pub sample: Vec<String>,
}

/// Where a rule is enforced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnforcedAt {
    /// Instances that gate it themselves.
    pub source: u64,
    /// Instances for which the controller does.
    pub controller: u64,
}

/// A fault or remark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Problem {
    /// `PM0104`
    pub code: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// Field path, such as `spec.metrics[0].state`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// The cause.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

/// One change of decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Past {
    /// When, RFC 3339.
    pub at: String,
    /// The reason of `Programmed` from then on.
    pub reason: String,
    /// `metadata.generation` then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// In words.
    pub message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
