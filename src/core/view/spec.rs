//! One view as its author wrote it, checked: a value whose existence proves that it can be compiled.
//! Knows neither YAML nor other views; defaults are already written in.

use super::{
    pattern::Pattern,
    plan::{Buckets, Collapse, Keys},
};
use crate::{
    fault::Place,
    model::{
        clock::Wall,
        instrument::{Kind, Level},
    },
};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// Names an object: kind, namespace (empty for a cluster view) and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// `TelemetryView`, `ClusterTelemetryView` or `InstrumentCatalog`.
    pub kind: &'static str,
    /// Where it lives.
    pub namespace: Box<str>,
    /// Its name there.
    pub name: Box<str>,
}

impl fmt::Display for ObjectId {
    /// `TelemetryView ns/name`, or `ClusterTelemetryView name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        write!(f, "{} {}{slash}{}", self.kind, self.namespace, self.name)
    }
}

/// The kind word of a namespaced view.
pub const VIEW: &str = "TelemetryView";
/// The kind word of a cluster view.
pub const CLUSTER_VIEW: &str = "ClusterTelemetryView";
/// The kind word of a catalogue.
pub const CATALOG: &str = "InstrumentCatalog";

/// A `TelemetryView` or `ClusterTelemetryView`.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Which object.
    pub id: ObjectId,
    /// Where it stands.
    pub place: Place,
    /// `metadata.creationTimestamp`
    pub created: Option<Wall>,
    /// Whether it acts.
    pub mode: Mode,
    /// Shown wherever the view's effect is shown; may be empty.
    pub reason: Box<str>,
    /// What it reaches, and with which force.
    pub reach: Reach,
    /// ORed; empty = every component in reach.
    pub targets: Vec<Target>,
    /// What is on that no rule names.
    pub baseline: Baseline,
    /// Rules for metrics, in the order written.
    pub metrics: Vec<MetricRule>,
    /// Rules for spans, in the order written.
    pub traces: Vec<TraceRule>,
    /// When it ends.
    pub expiry: Option<Expiry>,
    /// The reason in the annotation `pointsman.dev/override-protected`.
    pub override_protected: Option<Box<str>>,
    /// What only an API server says of it; empty in files.
    pub origin: Origin,
}

/// What an API server knows of an object beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `metadata.uid`
    pub uid: Box<str>,
    /// `metadata.generation`: moves with the spec.
    pub generation: Option<i64>,
    /// The field manager that last changed the spec.
    pub manager: Option<Box<str>>,
    /// When it did.
    pub changed: Option<Wall>,
}

/// Whether a view acts, or only says what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It acts.
    Enforce,
    /// It only computes.
    DryRun,
}

/// What a view reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its own namespace.
    Namespace,
    /// The namespaces it selects.
    Cluster {
        /// Which namespaces.
        selector: Selector,
        /// `overrides`, else `defaults`.
        overrides: bool,
    },
}

/// Selects namespaces; what is empty selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// By name: one of these.
    pub names: Vec<Pattern>,
    /// By labels: all of these.
    pub labels: BTreeMap<Box<str>, Box<str>>,
}

/// One entry of `targets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A workload by kind and name.
    Workload {
        /// `Deployment` and its like.
        kind: Box<str>,
        /// The object's name.
        name: Box<str>,
    },
    /// A pattern of `service.name`.
    Service(Pattern),
}

/// What a view says of all that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Nothing.
    Inherit,
    /// All off.
    None,
    /// On up to this level.
    UpTo(Level),
}

impl Baseline {
    /// The word used in views.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inherit => "Inherit",
            Self::None => "None",
            Self::UpTo(level) => level.as_str(),
        }
    }
}

/// When a view ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Expiry {
    /// As it was written.
    pub term: Term,
    /// The moment, counted from when this expiry was first seen.
    pub at: Wall,
    /// Where it stands.
    pub place: Place,
}

/// The two ways to write an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// So long after it was first seen.
    After(Duration),
    /// At this moment.
    At(Wall),
}

/// Whether a rule turns on, off, or leaves the state alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Leaves it.
    Inherit,
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// Which instruments a rule means. Empty lists mean any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Names, at least one.
    pub instruments: Vec<Pattern>,
    /// Where each of them stands.
    pub places: Vec<Place>,
    /// Scope names.
    pub scopes: Vec<Pattern>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Declared levels.
    pub levels: Vec<Level>,
}

/// A rule for metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRule {
    /// Its name in the view.
    pub name: Box<str>,
    /// Where it stands.
    pub place: Place,
    /// What it means.
    pub matches: Match,
    /// On or off.
    pub state: State,
    /// Which attributes stay.
    pub attributes: Option<Attributes>,
    /// Which buckets stay.
    pub buckets: Option<Buckets>,
    /// Series per instrument and instance.
    pub limit: Option<u32>,
    /// Slowest useful export interval.
    pub interval: Option<Duration>,
    /// The new name.
    pub rename: Option<Box<str>>,
}

/// Which attributes stay, and what several series of a gauge become then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Which stay.
    pub keys: Keys,
    /// What gauges become.
    pub collapse: Option<Collapse>,
}

/// A rule for spans. Empty lists mean any.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRule {
    /// Its name in the view.
    pub name: Box<str>,
    /// Where it stands.
    pub place: Place,
    /// Scope names.
    pub scopes: Vec<Pattern>,
    /// Span names.
    pub spans: Vec<Pattern>,
    /// On or off.
    pub state: State,
    /// How many stay.
    pub sampling: Option<Sampling>,
}

/// How many spans stay, and which stay besides.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Share by trace id, 0..=1.
    pub sample: f64,
    /// Those that failed.
    pub keep_errors: bool,
    /// Those that took at least this long.
    pub keep_slower: Option<Duration>,
}

/// The declared instruments of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// Which object; an empty namespace speaks for all.
    pub id: ObjectId,
    /// Where it stands.
    pub place: Place,
    /// `service.name` of those who have them.
    pub service: Box<str>,
    /// Version of the names.
    pub schema_url: Box<str>,
    /// What is declared: many components may share it.
    pub instruments: Arc<[Declared]>,
}

/// One declared instrument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Declared {
    /// Scope name; empty = any.
    pub scope: Box<str>,
    /// OTel name.
    pub name: Box<str>,
    /// What it is.
    pub kind: Kind,
    /// UCUM unit.
    pub unit: Box<str>,
    /// How much one wants to see it.
    pub level: Level,
    /// `development` … `stable`; may be empty.
    pub stability: Box<str>,
    /// Attribute keys.
    pub attributes: Vec<Box<str>>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { sample: 1.0, keep_errors: false, keep_slower: None }
    }
}
