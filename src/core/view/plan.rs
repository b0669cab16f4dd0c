//! The result of all views: a decision per instrument of a component. State and traces obey it; they know no views.

use crate::model::{clock::Wall, component::ComponentKey, instrument::Instrument};
use std::{collections::BTreeSet, sync::Arc};

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
pub struct ViewSet {}

impl ViewSet {
    /// The plan for one component at one moment: a pure function.
    #[must_use]
    pub fn plan(&self, component: &ComponentKey, now: Wall) -> Plan {
        let _ = (component, now);
        Plan::default()
    }

    /// The next moment at which a view expires, so that plans must be asked for again.
    #[must_use]
    pub fn next_expiry(&self, now: Wall) -> Option<Wall> {
        let _ = now;
        None
    }
}

/// The compiled result for one component.
#[derive(Debug, Default, Clone)]
pub struct Plan {}

impl Plan {
    /// Hash of everything the plan says: equal plans have equal hashes.
    #[must_use]
    pub fn hash(&self) -> [u8; 16] {
        [0; 16]
    }

    /// What is decided for an instrument, declared or not.
    #[must_use]
    pub fn decide(&self, instrument: &Instrument) -> Decision {
        let _ = instrument;
        Decision::default()
    }

    /// What is decided for a span; `None` when no rule speaks of it (it goes on).
    #[must_use]
    pub fn decide_span(&self, scope: &str, name: &str) -> Option<SpanDecision> {
        let _ = (scope, name);
        None
    }
}
