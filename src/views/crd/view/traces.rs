//! Rules of a view for spans: which are meant, whether they flow, and how many of them.
//! Bounds are those of `core::view::read::traces`.

use super::{DECIMAL, State, TIME_CHARS_MAX};
use crate::views::crd::says::{DURATION, duration_within, must};
use kube::KubeSchema;
use pointsman_core::{
    fault::code::Code,
    limits::{DECIMAL_BYTES_MAX, PATTERNS_MAX, VIEW_TEXT_BYTES_MAX},
};
use serde::{Deserialize, Serialize};

/// A rule for spans: what it matches, and what becomes of that.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = must(
        "self.state != 'Disabled' || !(has(self.sample) || has(self.keep))",
        Code::DisabledShapes,
        &["self.name", "has(self.sample) ? 'sample' : 'keep'"],
    ),
    validation = must("self.state != 'Inherit' || has(self.sample) || has(self.keep)", Code::DoesNothing, &["self.name"]),
    validation = must(
        "!has(self.sample) || (double(self.sample) >= 0.0 && double(self.sample) <= 1.0)",
        Code::OutOfRange,
        &["'sample'", "self.sample", "'0..1'"],
    )
)]
pub struct TraceRule {
    /// The rule's name: status and `explain` call it so. At most 256 characters. Example: reconcile-sample.
    #[schemars(length(min = 1, max = VIEW_TEXT_BYTES_MAX))]
    pub name: String,
    /// The spans that are meant. Example: {spans: ["reconcile *"]}.
    pub r#match: TraceMatch,
    /// `Enabled` lets them flow, `Disabled` drops them, `Inherit` leaves that to others and only samples. Default: Inherit.
    #[serde(default)]
    pub state: State,
    /// The share of traces that stays, a decimal in quotes from 0 to 1, decided by trace id alike in all components.
    /// Default: all. Example: "0.1".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = DECIMAL_BYTES_MAX), regex(pattern = DECIMAL))]
    pub sample: Option<String>,
    /// Spans that stay besides, with what ends later of their trace. Example: {errors: true, slowerThan: 30s}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// Which spans a rule means: those that fit every list that is written; at least one has to be.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = must(
    "has(self.scopes) || has(self.spans)",
    Code::MissingOrWrongType,
    &["'spans'", "'is missing in `match`'"],
))]
pub struct TraceMatch {
    /// Names of instrumentation scopes; `*` and `?` are wildcards. Default: any. 1 to 64. Example: ["machineconfig*"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PATTERNS_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub scopes: Option<Vec<String>>,
    /// Names of spans; `*` and `?` are wildcards. Default: any. 1 to 64. Example: ["GET /healthz"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PATTERNS_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub spans: Option<Vec<String>>,
}

/// Spans that stay although they are not in the sample.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = must(
    &duration_within("slowerThan", "1ms", "24h"),
    Code::OutOfRange,
    &["'slowerThan'", "self.slowerThan", "'1ms..24h'"],
))]
pub struct Keep {
    /// Those that failed. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<bool>,
    /// Those that took at least this long, 1ms to 24h. Default: none. Example: 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TIME_CHARS_MAX), regex(pattern = DURATION))]
    pub slower_than: Option<String>,
}
