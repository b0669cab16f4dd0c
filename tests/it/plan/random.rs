//! Views, readers and catalogues drawn at random from a few names that meet: rules of every tier, with and without end.
//! Knows nothing of plans.

use super::{NOW, catalogue, component, facts};
use pointsman_core::{
    fault::Place,
    model::{
        clock::Wall,
        instrument::{Kind, Level},
    },
    view::{
        decide::Aspect,
        pattern::Pattern,
        plan::{Buckets, Collapse, Keys, ViewSet},
        spec::{
            Attributes, Baseline, CLUSTER_VIEW, Declared, Expiry, Match, MetricRule, Mode, ObjectId, Origin, Reach, Sampling,
            Selector, State, Target, Term, TraceRule, VIEW, View,
        },
        sync::Reported,
    },
};
use proptest::{
    arbitrary::any,
    collection::vec,
    option, prop_oneof,
    sample::{select, subsequence},
    strategy::{Just, Strategy},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Names of instruments, declared or not.
pub(super) const NAMES: [&str; 7] = ["a.b", "a.c", "ab", "queue.depth", "a.b.total", "total", "9a"];
/// Scopes of them.
pub(super) const SCOPES: [&str; 3] = ["", "s", "tt"];
/// Names of spans.
pub(super) const SPANS: [&str; 3] = ["GET /", "GET /x", "work"];
/// What rules and readers call instruments, in both spellings.
pub(super) const PATTERNS: [&str; 16] = [
    "a.b",
    "a.*",
    "a*",
    "*",
    "?.b",
    "ab",
    "a_b",
    "a_b_seconds_total",
    "a_b_bucket",
    "queue.*",
    "queue_depth",
    "queue_*",
    "*.depth",
    "total",
    "_9a",
    "a.b.*",
];
const SCOPE_PATTERNS: [&str; 4] = ["s", "t*", "*", "u"];
const SPAN_PATTERNS: [&str; 4] = ["GET *", "GET /x", "*", "work"];
const KEYS: [&str; 3] = ["id", "region", "pod"];

/// A world.
#[derive(Clone, Debug)]
pub(super) struct Case {
    views: Vec<View>,
    reads: Vec<&'static str>,
    rows: Vec<Declared>,
    observed: Vec<bool>,
    aspects: Vec<Aspect>,
    spans: bool,
}

impl Case {
    /// Its views, told what the component reports.
    pub(super) fn set(&self) -> ViewSet {
        let views = self.views.iter().enumerate().map(|(n, view)| {
            let id = ObjectId { name: format!("v{n}").into(), ..view.id.clone() };
            Arc::new(View { id, ..view.clone() })
        });
        let set = ViewSet::compile_with(views.collect(), Vec::new(), Arc::new(facts(self.reads.iter().copied())));
        set.with_reported(&[(component(), catalogue(self.rows.clone()))].into())
    }

    /// What the component reports.
    pub(super) fn reported(&self) -> Reported {
        let observed = self.rows.iter().zip(&self.observed).filter(|(_, observed)| **observed);
        Reported {
            library: "drawn 1".into(),
            aspects: self.aspects.iter().copied().collect(),
            spans: self.spans,
            observed: Arc::new(observed.map(|(row, _)| (row.scope.clone(), row.name.clone())).collect()),
            catalogue: Some(catalogue(self.rows.clone())),
        }
    }
}

/// Any world.
pub(super) fn case() -> impl Strategy<Value = Case> {
    let aspects = prop_oneof![
        4 => Just(vec![Aspect::State, Aspect::Attributes, Aspect::Buckets, Aspect::Cardinality, Aspect::Interval]),
        1 => subsequence(Aspect::METRIC.to_vec(), 0..=6),
    ];
    let reads = vec(select(PATTERNS.to_vec()), 0..3);
    (vec(view(), 0..6), reads, vec(row(), 0..6), vec(any::<bool>(), 6), aspects, any::<bool>()).prop_map(
        |(views, reads, mut rows, observed, aspects, spans)| {
            // A name has one meaning in a scope.
            let mut seen = BTreeSet::new();
            rows.retain(|row| seen.insert((row.scope.clone(), row.name.clone())));
            Case { views, reads, rows, observed, aspects, spans }
        },
    )
}

fn view() -> impl Strategy<Value = View> {
    let reach = prop_oneof![
        2 => Just(Reach::Namespace),
        1 => any::<bool>().prop_map(|overrides| Reach::Cluster { selector: Selector::default(), overrides }),
    ];
    let baseline = prop_oneof![
        3 => Just(Baseline::Inherit),
        1 => Just(Baseline::None),
        1 => select(Level::ALL.to_vec()).prop_map(Baseline::UpTo),
    ];
    let targets = prop_oneof![
        2 => Just(Vec::new()),
        1 => Just(vec![Target::Service(Pattern::new("check*"))]),
        1 => Just(vec![Target::Service(Pattern::new("other"))]),
    ];
    // Also moments between two milliseconds: they travel as the one after.
    let ends = option::of((0u64..4, select(vec![0u64, 1, 999_999, 250_000_000])));
    let created = option::of(0u64..3);
    let expiry = |(hours, nanos): (u64, u64)| {
        let at = Wall(NOW.plus(Duration::from_secs(3_600 * hours)).0 + 1 + nanos);
        Expiry { term: Term::At(at), at, place: Place::Nowhere }
    };
    (reach, baseline, targets, vec(metric_rule(), 0..4), vec(trace_rule(), 0..3), ends, created).prop_map(
        move |(reach, baseline, targets, metrics, traces, ends, created)| View {
            id: match reach {
                Reach::Namespace => ObjectId { kind: VIEW, namespace: "default".into(), name: "".into() },
                Reach::Cluster { .. } => ObjectId { kind: CLUSTER_VIEW, namespace: "".into(), name: "".into() },
            },
            place: Place::Nowhere,
            created: created.map(Wall::from_secs),
            mode: Mode::Enforce,
            reason: "".into(),
            reach,
            targets,
            baseline,
            metrics: metrics
                .into_iter()
                .enumerate()
                .map(|(n, rule)| MetricRule { name: format!("m{n}").into(), ..rule })
                .collect(),
            traces: traces.into_iter().enumerate().map(|(n, rule)| TraceRule { name: format!("t{n}").into(), ..rule }).collect(),
            expiry: ends.map(expiry),
            override_protected: None,
            origin: Origin::default(),
        },
    )
}

fn patterns(of: &'static [&'static str], sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Pattern>> {
    vec(select(of.to_vec()), sizes).prop_map(|texts| texts.into_iter().map(Pattern::new).collect())
}

fn state() -> impl Strategy<Value = State> {
    select(vec![State::Inherit, State::Enabled, State::Disabled, State::Disabled])
}

fn metric_rule() -> impl Strategy<Value = MetricRule> {
    let kinds = vec(select(vec![Kind::Counter, Kind::Gauge, Kind::Histogram]), 0..2);
    let levels = prop_oneof![4 => Just(Vec::new()), 1 => vec(select(Level::ALL.to_vec()), 1..3)];
    let matches = (patterns(&PATTERNS, 1..4), patterns(&SCOPE_PATTERNS, 0..2), kinds, levels).prop_map(
        |(instruments, scopes, kinds, levels)| {
            let places = vec![Place::Nowhere; instruments.len()];
            Match { instruments, places, scopes, kinds, levels }
        },
    );
    let keys = subsequence(KEYS.to_vec(), 1..3);
    let attributes = (keys, any::<bool>(), any::<bool>()).prop_map(|(keys, keeps, collapses)| {
        let keys = keys.into_iter().map(Box::from).collect();
        let keys = if keeps { Keys { keep: Some(keys), ..Keys::default() } } else { Keys { drop: keys, ..Keys::default() } };
        Attributes { keys, collapse: collapses.then_some(Collapse::Sum) }
    });
    let buckets = prop_oneof![
        Just(Buckets::Explicit([0.5, 1.0, 1e9].into())),
        Just(Buckets::Explicit([0.1].into())),
        Just(Buckets::Exponential { max_size: 20, max_scale: 5 }),
    ];
    let shape =
        (option::of(attributes), option::of(buckets), option::of(1u32..9), option::of(1u64..90), option::of(Just("to".into())));
    (matches, state(), shape).prop_map(|(matches, state, (attributes, buckets, limit, secs, rename))| MetricRule {
        name: "".into(),
        place: Place::Nowhere,
        matches,
        state,
        attributes,
        buckets,
        limit,
        interval: secs.map(Duration::from_secs),
        rename,
    })
}

fn trace_rule() -> impl Strategy<Value = TraceRule> {
    let sampling = option::of(Just(Sampling { sample: 0.5, ..Sampling::default() }));
    (patterns(&SCOPE_PATTERNS, 0..2), patterns(&SPAN_PATTERNS, 0..3), state(), sampling).prop_map(
        |(scopes, spans, state, sampling)| TraceRule { name: "".into(), place: Place::Nowhere, scopes, spans, state, sampling },
    )
}

fn row() -> impl Strategy<Value = Declared> {
    let kind = select(vec![Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::UpDownCounter]);
    let parts = (select(SCOPES.to_vec()), select(NAMES.to_vec()), kind, select(vec!["", "s", "1"]), select(Level::ALL.to_vec()));
    parts.prop_map(|(scope, name, kind, unit, level)| Declared {
        scope: scope.into(),
        name: name.into(),
        kind,
        unit: unit.into(),
        level,
        stability: "".into(),
        attributes: Vec::new(),
    })
}
