//! The result of all views: a decision per instrument of a component. State and traces obey it;
//! they know no views, and this knows neither YAML nor how a decision comes about.

use super::{
    facts::{Consumer, Facts},
    memo::Indexed,
    pattern::{Names, Precision},
    protect::{self, Guard, Readers},
    spec::{Baseline, MetricRule, TraceRule, View},
};
use crate::model::{clock::Wall, component::ComponentKey, instrument::Instrument};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// How a gauge's series become one when attributes are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collapse {
    /// Add them up.
    Sum,
    /// The one with the newest point time.
    Last,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The mean.
    Average,
}

impl Collapse {
    /// The word used in views.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Last => "Last",
            Self::Min => "Min",
            Self::Max => "Max",
            Self::Average => "Average",
        }
    }
}

/// Which attribute keys of a point stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keys {
    /// Only these stay, when set.
    pub keep: Option<BTreeSet<Box<str>>>,
    /// These go.
    pub drop: BTreeSet<Box<str>>,
}

impl Keys {
    /// Whether `key` stays.
    #[must_use]
    pub fn keeps(&self, key: &str) -> bool {
        self.keep.as_ref().is_none_or(|keep| keep.contains(key)) && !self.drop.contains(key)
    }

    /// Whether every key stays.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.keep.is_none() && self.drop.is_empty()
    }
}

/// What a histogram's buckets become.
#[derive(Clone, Debug, PartialEq)]
pub enum Buckets {
    /// These upper bounds, ascending. A classic histogram merges into those of them that it has itself;
    /// an exponential one is exposed with them where a format has no native histograms.
    Explicit(Box<[f64]>),
    /// At most so many buckets a side, at most this scale.
    Exponential {
        /// 1..=160
        max_size: u32,
        /// -4..=20
        max_scale: i32,
    },
}

/// A rule of a view: who decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleRef {
    /// `TelemetryView` or `ClusterTelemetryView`.
    pub kind: Box<str>,
    /// Empty for a cluster view.
    pub namespace: Box<str>,
    /// The view's name.
    pub view: Box<str>,
    /// The rule's name; empty when the view's baseline decided.
    pub rule: Box<str>,
}

impl fmt::Display for RuleRef {
    /// `TelemetryView ns/name rule r`, without what is empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        write!(f, "{} {}{slash}{}", self.kind, self.namespace, self.view)?;
        if self.rule.is_empty() { f.write_str(" baseline") } else { write!(f, " rule {}", self.rule) }
    }
}

/// Everything the views say about one instrument of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Whether its series are exposed.
    pub on: bool,
    /// Which keys stay.
    pub keys: Keys,
    /// For gauges with dropped keys.
    pub collapse: Option<Collapse>,
    /// For histograms.
    pub buckets: Option<Buckets>,
    /// Series per resource; more go to the overflow series.
    pub limit: Option<u32>,
    /// The new OTLP name.
    pub rename: Option<Box<str>>,
    /// Slowest useful export interval, for the source.
    pub interval_ms: Option<u64>,
    /// Who turned it off, or set its state; `None` when the catalogue or default did.
    pub by: Option<Arc<RuleRef>>,
}

impl Default for Decision {
    fn default() -> Self {
        Self {
            on: true,
            keys: Keys::default(),
            collapse: None,
            buckets: None,
            limit: None,
            rename: None,
            interval_ms: None,
            by: None,
        }
    }
}

/// How spans are treated by the first rule that matches.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanDecision {
    /// Off: none goes on, whatever `keep` says.
    pub on: bool,
    /// Share kept, by trace id: 0..=1.
    pub sample: f64,
    /// Keep spans with status error.
    pub keep_errors: bool,
    /// Keep spans at least this long, in nanoseconds.
    pub keep_slower_ns: Option<u64>,
    /// Who decided.
    pub by: Option<Arc<RuleRef>>,
}

/// All views that are in force, compiled. Cheap to ask; immutable.
#[derive(Debug, Default)]
pub struct ViewSet {
    pub(super) views: Arc<[Compiled]>,
    pub(super) catalogues: Arc<[Arc<Indexed>]>,
    /// What components declare of themselves.
    pub(super) reported: Arc<BTreeMap<ComponentKey, Arc<Indexed>>>,
    pub(super) facts: Arc<Facts>,
    pub(super) readers: Arc<Readers>,
}

/// The compiled result for one component.
#[derive(Debug, Default, Clone)]
pub struct Plan {
    pub(super) hash: [u8; 16],
    pub(super) inner: Arc<Inner>,
}

impl Plan {
    /// Hash of everything the plan says: equal plans have equal hashes.
    #[must_use]
    pub fn hash(&self) -> [u8; 16] {
        self.hash
    }

    /// Who reads an instrument and protects it in this component, in order.
    #[must_use]
    pub fn readers(&self, instrument: &Instrument) -> Vec<&Consumer> {
        protect::consumers(&self.inner.readers(&Names::of(instrument)))
    }
}

impl ViewSet {
    /// Everyone who reads an instrument, whether they protect it or not, in order.
    #[must_use]
    pub fn readers(&self, instrument: &Instrument) -> Vec<&Consumer> {
        protect::consumers(&self.readers.of_instrument(&Names::of(instrument)))
    }
}

/// A view, ready to be put into plans.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) view: Arc<View>,
    pub(super) by: Arc<RuleRef>,
    pub(super) metrics: Vec<(Arc<MetricRule>, Arc<RuleRef>)>,
    pub(super) traces: Vec<(Arc<TraceRule>, Arc<RuleRef>)>,
}

/// What a plan decides from. Every list is in the order of precedence that does not depend on the instrument:
/// tier, age, namespace and name, order in the view.
#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) rules: Vec<Placed<Arc<MetricRule>>>,
    pub(super) baselines: Vec<Placed<Baseline>>,
    pub(super) spans: Vec<Placed<Arc<TraceRule>>>,
    /// The first to declare an instrument speaks.
    pub(super) catalogues: Vec<Arc<Indexed>>,
    /// How many of them are declared to the controller; the component declares the others itself.
    pub(super) declared: usize,
    /// For each row of each catalogue the rules whose patterns name it, in the order of `rules`.
    pub(super) named: Vec<Vec<Vec<(usize, Precision)>>>,
    /// The component's namespace.
    pub(super) namespace: Box<str>,
    pub(super) facts: Arc<Facts>,
    pub(super) readers: Arc<Readers>,
}

/// Something a view says, with its place in the order.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) tier: u8,
    pub(super) created: Wall,
    pub(super) expires: Option<Wall>,
    pub(super) guard: Guard,
    pub(super) by: Arc<RuleRef>,
    pub(super) says: T,
}
