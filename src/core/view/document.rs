//! The plan as the controller itself obeys it, as canonical JSON: what is hashed, so that equal plans are told apart from
//! changed ones, and what `/api/v1` shows. What travels to components is `offer`'s. Knows how to write a plan, not how it is decided.

use super::{
    decide::DEFAULT_LEVEL,
    facts::Read,
    memo::Indexed,
    pattern::Pattern,
    plan::{Buckets, Collapse, Decision, Inner, Keys, Placed, Plan, RuleRef},
    spec::{Baseline, Declared, MetricRule, State, TraceRule},
    time,
};
use crate::model::{
    clock::Wall,
    component::ComponentKey,
    instrument::{Instrument, Kind, Level},
};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

/// The version of the form.
const SCHEMA: u32 = 1;

/// A plan in the form that is hashed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    schema: u32,
    component: String,
    /// In hexadecimal; absent while the hash is computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    instruments: Vec<InstrumentLine<'a>>,
    tail: Vec<TailLine<'a>>,
    /// What is read here: rules of the tail that yield are not applied to it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    reads: BTreeSet<ReadLine<'a>>,
    baseline: Vec<BaselineLine<'a>>,
    spans: Vec<SpanLine<'a>>,
}

/// What is decided for a declared instrument.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InstrumentLine<'a> {
    scope: &'a str,
    name: &'a str,
    /// Rules may ask for it, also those that do not mean this row as it stands.
    level: &'static str,
    on: bool,
    #[serde(flatten)]
    shape: Shape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "written_if")]
    by: Option<Arc<RuleRef>>,
}

/// A rule for what is not declared, in order of precedence.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TailLine<'a> {
    tier: u8,
    instruments: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    levels: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<bool>,
    #[serde(flatten)]
    shape: Shape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yields: Option<Yields>,
    #[serde(serialize_with = "written")]
    by: &'a RuleRef,
}

/// That readers hold a rule back: those who read before its spec changed, or all where nobody knows when that was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Yields {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

/// One metric that somebody reads.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadLine<'a> {
    metric: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    labels: &'a BTreeSet<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<Cow<'a, BTreeSet<Box<str>>>>,
    #[serde(skip_serializing_if = "is_empty")]
    drop: Cow<'a, BTreeSet<Box<str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collapse: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buckets: Option<BucketsLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rename: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum BucketsLine<'a> {
    Explicit(Cow<'a, [f64]>),
    #[serde(rename_all = "camelCase")]
    Exponential {
        max_size: u32,
        max_scale: i32,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BaselineLine<'a> {
    tier: u8,
    baseline: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(serialize_with = "written")]
    by: &'a RuleRef,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanLine<'a> {
    tier: u8,
    scopes: Vec<&'a str>,
    spans: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<f64>,
    keep_errors: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_slower_ns: Option<u64>,
    #[serde(serialize_with = "written")]
    by: &'a RuleRef,
}

/// The first half of the SHA-256 over the plan without its hash.
pub(super) fn hash(plan: &Plan, component: &ComponentKey) -> [u8; 16] {
    let mut document = plan.document_of(component, plan.lines_that_matter());
    document.hash = None;
    let json = serde_json::to_vec(&document).expect("a plan has text keys and finite numbers only");
    let mut hash = [0; 16];
    for (half, byte) in hash.iter_mut().zip(Sha256::digest(&json)) {
        *half = byte;
    }
    hash
}

impl Plan {
    /// The hash in hexadecimal.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The plan in the form that is hashed.
    #[must_use]
    pub fn document(&self, component: &ComponentKey) -> Document<'_> {
        self.document_of(component, self.lines(|_| true))
    }

    fn document_of<'a>(&'a self, component: &ComponentKey, instruments: Vec<InstrumentLine<'a>>) -> Document<'a> {
        let reads = self.inner.protecting();
        let tail = self.inner.rules.iter().map(|placed| tail_line(placed, !reads.is_empty()));
        let tail: Vec<TailLine<'_>> = tail.collect();
        let yields = tail.iter().any(|line| line.yields.is_some());
        let reads = reads.into_iter().filter(|_| yields).map(ReadLine::of).collect();
        let baseline = self.inner.baselines.iter().map(|placed| BaselineLine {
            tier: placed.tier,
            baseline: Baseline::as_str(placed.says),
            expires_at: placed.expires.map(time::format_time),
            by: &placed.by,
        });
        let spans = self.inner.spans.iter().map(|placed| span_line(placed.tier, &placed.says, &placed.by));
        Document {
            schema: SCHEMA,
            component: component.to_string(),
            hash: Some(self.hash_hex()),
            instruments,
            tail,
            reads,
            baseline: baseline.collect(),
            spans: spans.collect(),
        }
    }

    /// Instruments that a component declares of itself are left out where that changes nothing: a catalogue that arrives must
    /// not make every stream be looked at again.
    fn lines_that_matter(&self) -> Vec<InstrumentLine<'_>> {
        let Inner { rules, baselines, .. } = &*self.inner;
        let by_level = rules.iter().any(|placed| !placed.says.matches.levels.is_empty())
            || baselines.iter().any(|placed| matches!(placed.says, Baseline::UpTo(_)));
        let by_keys = rules.iter().any(|placed| placed.says.attributes.is_some()) && !self.inner.protecting().is_empty();
        self.lines(|row| (by_level || by_keys || row.level > DEFAULT_LEVEL) && self.inner.is_told_by(row))
    }

    /// Lines of what is declared to the controller, and of those that the component declares for which `matters` says so.
    fn lines<'a>(&'a self, matters: impl Fn(&Declared) -> bool) -> Vec<InstrumentLine<'a>> {
        let mut seen = BTreeSet::new();
        let (declared, own) = self.inner.catalogues.split_at_checked(self.inner.declared).unwrap_or_default();
        let rows = |indexed: &'a Arc<Indexed>| indexed.catalogue.instruments.iter();
        let rows = declared.iter().flat_map(rows).chain(own.iter().flat_map(rows).filter(|row| matters(row)));
        rows.filter(|row| seen.insert((&row.scope, &row.name)))
            .map(|row| {
                let instrument =
                    Instrument { scope: row.scope.clone(), name: row.name.clone(), kind: row.kind, unit: row.unit.clone() };
                let decision = self.decide(&instrument);
                let expires_at = self.expiry_of(&decision).map(time::format_time);
                let by = decision.by.as_ref().map(Arc::clone);
                let (scope, name) = (&*row.scope, &*row.name);
                let level = row.level.as_str();
                InstrumentLine { scope, name, level, on: decision.on, shape: Shape::of(decision), expires_at, by }
            })
            .collect()
    }

    /// When the one who decided the state ends.
    #[must_use]
    pub fn expiry_of(&self, decision: &Decision) -> Option<Wall> {
        let by = decision.by.as_ref()?;
        let rules = self.inner.rules.iter().map(|placed| (&placed.by, placed.expires));
        let mut all = rules.chain(self.inner.baselines.iter().map(|placed| (&placed.by, placed.expires)));
        // Decisions of this plan name its own rules; those of another plan name equal ones.
        let own = all.clone().find(|(placed, _)| Arc::ptr_eq(placed, by));
        own.or_else(|| all.find(|(placed, _)| *placed == by)).and_then(|(_, expires)| expires)
    }
}

impl Shape<'_> {
    fn of(decision: Decision) -> Self {
        let Decision { on: _, keys: Keys { keep, drop }, collapse, buckets, limit, rename, interval_ms, by: _ } = decision;
        let buckets = buckets.map(|buckets| match buckets {
            Buckets::Explicit(bounds) => BucketsLine::Explicit(bounds.into_vec().into()),
            Buckets::Exponential { max_size, max_scale } => BucketsLine::Exponential { max_size, max_scale },
        });
        Self {
            keep: keep.map(Cow::Owned),
            drop: Cow::Owned(drop),
            collapse: collapse.map(Collapse::as_str),
            buckets,
            limit,
            interval_ms,
            rename: rename.map(|name| Cow::Owned(name.into())),
        }
    }
}

impl<'a> BucketsLine<'a> {
    fn of(buckets: &'a Buckets) -> Self {
        match buckets {
            Buckets::Explicit(bounds) => Self::Explicit(Cow::Borrowed(bounds)),
            Buckets::Exponential { max_size, max_scale } => Self::Exponential { max_size: *max_size, max_scale: *max_scale },
        }
    }
}

impl<'a> ReadLine<'a> {
    fn of(read: &'a Read) -> Self {
        let Read { metric, labels, since } = read;
        Self { metric: metric.as_str(), labels, since: since.map(time::format_time) }
    }
}

fn tail_line(placed: &Placed<Arc<MetricRule>>, is_read: bool) -> TailLine<'_> {
    let rule = &*placed.says;
    let attributes = rule.attributes.as_ref();
    let takes = rule.state == State::Disabled || attributes.is_some();
    let yields = is_read && takes && placed.guard.yields;
    TailLine {
        tier: placed.tier,
        instruments: texts(&rule.matches.instruments),
        scopes: texts(&rule.matches.scopes),
        kinds: rule.matches.kinds.iter().map(|kind| Kind::as_str(*kind)).collect(),
        levels: rule.matches.levels.iter().map(|level| Level::as_str(*level)).collect(),
        on: is_on(rule.state),
        shape: Shape {
            keep: attributes.and_then(|a| a.keys.keep.as_ref()).map(Cow::Borrowed),
            drop: attributes.map_or_else(Cow::default, |a| Cow::Borrowed(&a.keys.drop)),
            collapse: attributes.and_then(|a| a.collapse).map(Collapse::as_str),
            buckets: rule.buckets.as_ref().map(BucketsLine::of),
            limit: rule.limit,
            interval_ms: rule.interval.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
            rename: rule.rename.as_deref().map(Cow::Borrowed),
        },
        expires_at: placed.expires.map(time::format_time),
        yields: yields.then(|| Yields { before: placed.guard.changed.map(time::format_time) }),
        by: &placed.by,
    }
}

fn span_line<'a>(tier: u8, rule: &'a TraceRule, by: &'a RuleRef) -> SpanLine<'a> {
    let sampling = rule.sampling.as_ref();
    let slower = sampling.and_then(|s| s.keep_slower);
    SpanLine {
        tier,
        scopes: texts(&rule.scopes),
        spans: texts(&rule.spans),
        on: is_on(rule.state),
        sample: sampling.map(|s| s.sample),
        keep_errors: sampling.is_some_and(|s| s.keep_errors),
        keep_slower_ns: slower.map(|d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)),
        by,
    }
}

fn texts(patterns: &[Pattern]) -> Vec<&str> {
    patterns.iter().map(Pattern::as_str).collect()
}

fn is_empty(set: &BTreeSet<Box<str>>) -> bool {
    set.is_empty()
}

fn written<S: Serializer>(by: &RuleRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(by)
}

fn written_if<S: Serializer>(by: &Option<Arc<RuleRef>>, serializer: S) -> Result<S::Ok, S::Error> {
    match by {
        Some(by) => serializer.collect_str(by),
        None => serializer.serialize_none(),
    }
}

fn is_on(state: State) -> Option<bool> {
    match state {
        State::Inherit => None,
        State::Enabled => Some(true),
        State::Disabled => Some(false),
    }
}

#[cfg(test)]
mod tests;
