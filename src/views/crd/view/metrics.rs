//! Rules of a view for metrics: which instruments are meant, whether they are on, and what shape they get.
//! Bounds are those of `core::view::read::metrics`.

use super::{DECIMAL, State, TIME_CHARS_MAX};
use crate::views::crd::says::{DURATION, duration_within, must};
use kube::KubeSchema;
use pointsman_core::{
    fault::code::Code,
    limits::{
        ATTRIBUTES_MAX, BOUNDS_MAX, DECIMAL_BYTES_MAX, EXPONENTIAL_BUCKETS_MAX, PATTERNS_MAX, SERIES_PER_METRIC_MAX,
        VIEW_TEXT_BYTES_MAX,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kinds and levels there are.
const KINDS: usize = 6;
const LEVELS: usize = 4;
/// A new name is shorter than a pattern may be.
const RENAME_CHARS_MAX: usize = VIEW_TEXT_BYTES_MAX - 1;
/// Bounds that ascend as numbers: two digits of base 32 count the list, because CEL here has no index in `all`.
const ASCENDING: &str = "!has(self.explicit) || [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31]\
    .all(a, 32 * a + 1 >= size(self.explicit) || [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31]\
    .all(b, 32 * a + b + 1 >= size(self.explicit) || double(self.explicit[32 * a + b]) < double(self.explicit[32 * a + b + 1])))";
const _: () = assert!(BOUNDS_MAX == 32 * 32);

/// A rule for metrics: what it matches, and what becomes of that.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = must(
        "self.state != 'Disabled' || !(has(self.attributes) || has(self.buckets) || has(self.cardinality) || \
         has(self.interval) || has(self.rename))",
        Code::DisabledShapes,
        &[
            "self.name",
            "has(self.attributes) ? 'attributes' : has(self.buckets) ? 'buckets' : has(self.cardinality) ? 'cardinality' : \
             has(self.interval) ? 'interval' : 'rename'",
        ],
    ),
    validation = must(
        "self.state != 'Inherit' || has(self.attributes) || has(self.buckets) || has(self.cardinality) || \
         has(self.interval) || has(self.rename)",
        Code::DoesNothing,
        &["self.name"],
    ),
    validation = must(
        "!has(self.rename) || (size(self.match.instruments) == 1 && \
         !self.match.instruments.exists(i, i.contains('*') || i.contains('?')))",
        Code::BadRename,
        &["'matches more than one instrument'"],
    ),
    validation = must(
        "!has(self.attributes) || has(self.attributes.collapse) || !has(self.match.kinds) || !('Gauge' in self.match.kinds)",
        Code::GaugeWithoutCollapse,
        &["self.name"],
    ),
    validation = must(
        &duration_within("interval", "1s", "1h"),
        Code::OutOfRange,
        &["'interval'", "self.interval", "'1s..1h'"],
    )
)]
pub struct MetricRule {
    /// The rule's name: status and `explain` call it so. At most 256 characters. Example: no-free-text.
    #[schemars(length(min = 1, max = VIEW_TEXT_BYTES_MAX))]
    pub name: String,
    /// The instruments that are meant. Example: {instruments: ["mco.pool.*"]}.
    pub r#match: Match,
    /// `Enabled` turns on, `Disabled` turns off, `Inherit` leaves that to others and only shapes. What is off has no series
    /// in the next scrape, and costs nothing where the component can gate it. Default: Inherit.
    #[serde(default)]
    pub state: State,
    /// Attributes that stay or go; series that become equal are added up. Example: {drop: ["mco.phase.kind"]}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// Buckets that histograms get. Example: {explicit: ["1", "10", "60"]}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Buckets>,
    /// How many series there may be. Example: {limit: 500}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cardinality: Option<Cardinality>,
    /// The slowest useful export interval, obeyed at the source, 1s to 1h. Default: the component's own. Example: 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TIME_CHARS_MAX), regex(pattern = DURATION))]
    pub interval: Option<String>,
    /// Another name for the instrument. Only where `match` names one instrument without wildcards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename: Option<Rename>,
}

/// Which instruments a rule means: those that fit every list that is written.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// Names in OpenTelemetry's or Prometheus' spelling; `*` and `?` are wildcards. 1 to 64.
    /// Example: ["mco.pool.*", "mcd_state"].
    #[schemars(length(min = 1, max = PATTERNS_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub instruments: Vec<String>,
    /// Names of instrumentation scopes; `*` and `?` are wildcards. Default: any. 1 to 64. Example: ["machineconfig*"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PATTERNS_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub scopes: Option<Vec<String>>,
    /// Kinds of instruments, as they come over the wire. Default: any. Example: [Counter, Histogram].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = KINDS))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub kinds: Option<Vec<Kind>>,
    /// Levels that the catalogue declares. Default: any. Example: [Detailed, Debug].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LEVELS))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub levels: Option<Vec<Level>>,
}

/// Which attributes stay, and what several series of a gauge become then.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = must("!(has(self.keep) && has(self.drop))", Code::KeepAndDrop, &[]),
    validation = must(
        "has(self.keep) || has(self.drop)",
        Code::MissingOrWrongType,
        &["'attributes'", "'has neither `keep` nor `drop`'"],
    )
)]
pub struct Attributes {
    /// The attributes that stay; an empty list: none. At most 128. Example: ["mco.pool.name"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = ATTRIBUTES_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub keep: Option<Vec<String>>,
    /// The attributes that go. 1 to 128. Example: ["err"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = ATTRIBUTES_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub drop: Option<Vec<String>>,
    /// What gauges become whose series are then equal. `Last` is the newest value. Gauges need it; counters and histograms
    /// are added up without it. Example: Max.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collapse: Option<Collapse>,
}

/// Buckets of histograms: exactly one of the forms.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = must(
        "has(self.explicit) != has(self.exponential)",
        Code::BadBuckets,
        &["has(self.explicit) ? 'has both forms' : 'has neither `explicit` nor `exponential`'"],
    ),
    validation = must(ASCENDING, Code::BadBuckets, &["'do not ascend'"])
)]
pub struct Buckets {
    /// Upper bounds in the instrument's unit, ascending decimals in quotes; the last bucket is always +Inf. 1 to 1024.
    /// Example: ["1", "10", "60", "600"].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = BOUNDS_MAX), inner(length(max = DECIMAL_BYTES_MAX), regex(pattern = DECIMAL)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub explicit: Option<Vec<String>>,
    /// Buckets whose bounds grow by a constant factor: native histograms in Prometheus. Example: {maxSize: 80}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponential: Option<Exponential>,
}

/// Exponential buckets, as fine as both numbers allow.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exponential {
    /// Most buckets of each sign. 1 to 160. Default: 160.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = EXPONENTIAL_BUCKETS_MAX))]
    pub max_size: Option<i32>,
    /// Finest scale: bounds grow by 2^(2^-scale). -4 to 20. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -4, max = 20))]
    pub max_scale: Option<i32>,
}

/// How many series there may be.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cardinality {
    /// Series of each instrument of each instance; further ones are added up under `otel.metric.overflow=true`.
    /// 1 to 1000000. Example: 500.
    #[schemars(range(min = 1, max = SERIES_PER_METRIC_MAX))]
    pub limit: i32,
}

/// Another name for an instrument.
#[derive(Clone, Debug, Default, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rename {
    /// The new name in OpenTelemetry's spelling: a letter or `_`, then letters, digits and `_ . - /`; at most 255 characters.
    /// Example: pool.updated.
    #[schemars(length(max = RENAME_CHARS_MAX), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_./-]*$"))]
    pub to: String,
}

/// Kinds of instruments, as they come over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are OpenTelemetry's own")]
pub enum Kind {
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// How much a user wants to see an instrument: each level includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum Level {
    Essential,
    #[default]
    Standard,
    Detailed,
    Debug,
}

/// What several series of a gauge become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum Collapse {
    Sum,
    Last,
    Min,
    Max,
    Average,
}
