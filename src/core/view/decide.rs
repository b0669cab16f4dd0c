//! The precedence of everything that speaks of one instrument or span, aspect by aspect.
//! Knows no component: the plan holds only what reaches it.

use super::{
    pattern::{Names, Pattern, Precision},
    plan::{Buckets, Collapse, Decision, Inner, Keys, Placed, Plan, RuleRef, SpanDecision},
    protect::{Held, Reader},
    spec::{Baseline, Declared, Match, MetricRule, Sampling, State, TraceRule},
};
use crate::model::instrument::{Instrument, Kind, Level};
use std::{cmp::Reverse, sync::Arc};

/// The tier whose shapes bound those below instead of replacing them.
pub(super) const OVERRIDES: u8 = 5;
/// What is on where nobody says anything.
pub(super) const DEFAULT_LEVEL: Level = Level::Standard;

/// How exactly a rule means an instrument: the greater wins within a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Specificity {
    pub(super) precision: Precision,
    pub(super) scoped: bool,
    pub(super) narrowed: bool,
}

/// A rule that means the instrument asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked<'a> {
    pub(super) rule: &'a Placed<Arc<MetricRule>>,
    pub(super) specificity: Specificity,
    pub(super) held: Held,
}

impl Ranked<'_> {
    /// Whether it says something of `aspect` that can be done to the kind and that nobody holds back.
    pub(super) fn decides(&self, aspect: Aspect, kind: Kind) -> bool {
        aspect.is_set_by(&self.rule.says) && aspect.fits(&self.rule.says, kind) && !self.held.is(aspect)
    }
}

/// All who have something to say of one instrument.
#[derive(Debug)]
pub(super) struct Voices<'a> {
    pub(super) kind: Kind,
    pub(super) declared: Option<&'a Declared>,
    /// The strongest first.
    pub(super) ranked: Vec<Ranked<'a>>,
    /// Who reads it, and protects it in this component.
    pub(super) readers: Vec<&'a Reader>,
}

impl Voices<'_> {
    pub(super) fn level(&self) -> Option<Level> {
        self.declared.map(|declared| declared.level)
    }
}

/// What a rule can say; each is decided on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// On or off.
    State,
    /// Which attributes stay.
    Attributes,
    /// Which buckets stay.
    Buckets,
    /// The new name.
    Rename,
    /// Series per instrument and instance.
    Cardinality,
    /// Slowest useful export interval.
    Interval,
    /// How many spans stay.
    Sampling,
}

impl Aspect {
    /// Those of instruments.
    pub const METRIC: [Self; 6] = [Self::State, Self::Attributes, Self::Buckets, Self::Rename, Self::Cardinality, Self::Interval];

    /// The word used in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Attributes => "attributes",
            Self::Buckets => "buckets",
            Self::Rename => "rename",
            Self::Cardinality => "cardinality",
            Self::Interval => "interval",
            Self::Sampling => "sampling",
        }
    }

    /// Whether `rule` says anything of it.
    #[must_use]
    pub fn is_set_by(self, rule: &MetricRule) -> bool {
        match self {
            Self::State => rule.state != State::Inherit,
            Self::Attributes => rule.attributes.is_some(),
            Self::Buckets => rule.buckets.is_some(),
            Self::Rename => rule.rename.is_some(),
            Self::Cardinality => rule.limit.is_some(),
            Self::Interval => rule.interval.is_some(),
            Self::Sampling => false,
        }
    }

    /// Whether what `rule` says of it can be done to instruments of `kind`.
    #[must_use]
    pub fn fits(self, rule: &MetricRule, kind: Kind) -> bool {
        match self {
            Self::Attributes => match (&rule.attributes, kind) {
                (Some(attributes), Kind::Gauge) => attributes.collapse.is_some(),
                (Some(_), Kind::Summary) => false, // quantiles of several series have no common quantile
                _ => true,
            },
            Self::Buckets => match (&rule.buckets, kind) {
                (Some(Buckets::Explicit(_)), Kind::Histogram | Kind::ExponentialHistogram) | (None, _) => true,
                (Some(Buckets::Exponential { .. }), kind) => kind == Kind::ExponentialHistogram,
                (Some(Buckets::Explicit(_)), _) => false,
            },
            Self::State | Self::Rename | Self::Cardinality | Self::Interval | Self::Sampling => true,
        }
    }
}

impl Plan {
    /// What is decided for an instrument, declared or not.
    #[must_use]
    pub fn decide(&self, instrument: &Instrument) -> Decision {
        self.inner.decision(&self.inner.voices(instrument))
    }

    /// What is decided for a span; `None` when no rule speaks of it (it goes on).
    #[must_use]
    pub fn decide_span(&self, scope: &str, name: &str) -> Option<SpanDecision> {
        let ranked = self.inner.ranked_spans(scope, name);
        let state = ranked.iter().find(|rule| rule.says.state != State::Inherit);
        let sampling = ranked.iter().find(|rule| rule.says.sampling.is_some());
        let on = state.is_none_or(|rule| rule.says.state == State::Enabled);
        let by = if on { sampling.or(state) } else { state }?;
        let default = Sampling::default();
        let says = sampling.and_then(|rule| rule.says.sampling.as_ref()).unwrap_or(&default);
        Some(SpanDecision {
            on,
            sample: says.sample,
            keep_errors: says.keep_errors,
            keep_slower_ns: says.keep_slower.map(|d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)),
            by: Some(Arc::clone(&by.by)),
        })
    }
}

impl Inner {
    /// How the catalogue declares an instrument.
    pub(super) fn declared(&self, instrument: &Instrument) -> Option<&Declared> {
        self.catalogues.iter().find_map(|indexed| {
            let rows = indexed.of_name(&instrument.name).iter().filter_map(|row| indexed.catalogue.instruments.get(*row));
            // The exact scope speaks before the row for any scope.
            rows.filter(|row| row.scope == instrument.scope || row.scope.is_empty()).max_by_key(|row| !row.scope.is_empty())
        })
    }

    /// Whether it is this row that declares its instrument, and none that speaks before it.
    pub(super) fn is_told_by(&self, row: &Declared) -> bool {
        let instrument = Instrument { scope: row.scope.clone(), name: row.name.clone(), kind: row.kind, unit: row.unit.clone() };
        self.declared(&instrument).is_some_and(|found| std::ptr::eq(found, row))
    }

    /// Everything that is said of the instrument: rules, the strongest first, and who reads it.
    pub(super) fn voices(&self, instrument: &Instrument) -> Voices<'_> {
        let declared = self.declared(instrument);
        let level = declared.map(|declared| declared.level);
        let named = self.named(instrument);
        let names = (named.is_none() || !self.readers.is_empty()).then(|| Names::of(instrument));
        let readers = names.as_ref().map(|names| self.readers(names)).unwrap_or_default();
        let mut ranked: Vec<Ranked<'_>> = Vec::new();
        let mut rank = |rule, specificity: Option<Specificity>| {
            let held = || Held::of(rule, &readers, declared);
            ranked.extend(specificity.map(|specificity| Ranked { rule, specificity, held: held() }));
        };
        match (named, &names) {
            (Some(named), _) => {
                for (rule, precision) in named.iter().filter_map(|(at, precision)| Some((self.rules.get(*at)?, *precision))) {
                    rank(rule, narrowed(&rule.says.matches, precision, instrument, level));
                }
            }
            (None, Some(names)) => {
                self.rules.iter().for_each(|rule| rank(rule, specificity(&rule.says.matches, names, instrument, level)));
            }
            (None, None) => {}
        }
        ranked.sort_by_key(|ranked| Reverse((ranked.rule.tier, ranked.specificity)));
        Voices { kind: instrument.kind, declared, ranked, readers }
    }

    /// The rules whose patterns name an instrument, where a catalogue declares one of its spelling; in order.
    pub(super) fn named(&self, instrument: &Instrument) -> Option<&[(usize, Precision)]> {
        let mut catalogues = self.catalogues.iter().zip(&self.named);
        catalogues.find_map(|(indexed, named)| named.get(indexed.twin(instrument)?)).map(Vec::as_slice)
    }

    /// What they come to, aspect by aspect.
    pub(super) fn decision(&self, voices: &Voices<'_>) -> Decision {
        decision(voices, self.baselines.first())
    }

    /// Every rule that means the span, the strongest first.
    pub(super) fn ranked_spans(&self, scope: &str, name: &str) -> Vec<&Placed<Arc<TraceRule>>> {
        let mut ranked: Vec<_> =
            self.spans.iter().filter_map(|rule| span_specificity(&rule.says, scope, name).map(|s| (s, rule))).collect();
        ranked.sort_by_key(|(specificity, rule)| Reverse((rule.tier, *specificity)));
        ranked.into_iter().map(|(_, rule)| rule).collect()
    }
}

/// What voices come to, aspect by aspect, above the strongest baseline.
pub(super) fn decision(voices: &Voices<'_>, baseline: Option<&Placed<Baseline>>) -> Decision {
    let Voices { kind, ranked, .. } = voices;
    let (on, by) = state(voices, baseline);
    let first = |aspect: Aspect| winner(ranked, aspect, *kind);
    let (keys, collapse) = attributes(ranked, *kind);
    let limits = bounds(ranked, |rule| rule.limit);
    let intervals = bounds(ranked, |rule| rule.interval.map(|i| u64::try_from(i.as_millis()).unwrap_or(u64::MAX)));
    Decision {
        on,
        keys,
        collapse,
        buckets: first(Aspect::Buckets).and_then(|ranked| ranked.rule.says.buckets.clone()),
        limit: limits.into_iter().min(),
        rename: first(Aspect::Rename).and_then(|ranked| ranked.rule.says.rename.clone()),
        interval_ms: intervals.into_iter().max(),
        by,
    }
}

/// On or off, and who says so. A baseline speaks after every rule of its own tier.
fn state(voices: &Voices<'_>, baseline: Option<&Placed<Baseline>>) -> (bool, Option<Arc<RuleRef>>) {
    let level = voices.level();
    let rule = winner(&voices.ranked, Aspect::State, voices.kind).map(|ranked| ranked.rule);
    match (rule, baseline) {
        (Some(rule), _) if baseline.is_none_or(|baseline| baseline.tier <= rule.tier) => {
            (rule.says.state == State::Enabled, Some(Arc::clone(&rule.by)))
        }
        (_, Some(baseline)) => (baseline_is_on(baseline.says, level), Some(Arc::clone(&baseline.by))),
        (_, None) => (level.is_none_or(|level| level <= DEFAULT_LEVEL), None),
    }
}

/// Whether a baseline has an instrument on. What nobody declared has no level, and a level does not turn it off.
pub(super) fn baseline_is_on(baseline: Baseline, level: Option<Level>) -> bool {
    match baseline {
        Baseline::Inherit => true,
        Baseline::None => false,
        Baseline::UpTo(most) => level.is_none_or(|level| level <= most),
    }
}

/// The strongest rule that says something of `aspect` that fits the kind, and that nobody holds back.
pub(super) fn winner<'r, 'a>(ranked: &'r [Ranked<'a>], aspect: Aspect, kind: Kind) -> Option<&'r Ranked<'a>> {
    ranked.iter().find(|ranked| ranked.decides(aspect, kind))
}

/// The rules that decide an aspect together: with overrides, which bound it, stands the strongest below them.
pub(super) fn deciders<'r, 'a>(ranked: &'r [Ranked<'a>], aspect: Aspect, kind: Kind) -> impl Iterator<Item = &'r Ranked<'a>> {
    let joins = matches!(aspect, Aspect::Attributes | Aspect::Cardinality | Aspect::Interval);
    let mut is_found = false;
    ranked.iter().filter(move |ranked| ranked.decides(aspect, kind)).filter(move |ranked| {
        let bounds = joins && ranked.rule.tier == OVERRIDES;
        bounds || !std::mem::replace(&mut is_found, true)
    })
}

/// The values of the strongest rule below the overrides, and of every override: they bound each other.
fn bounds<T>(ranked: &[Ranked<'_>], value: impl Fn(&MetricRule) -> Option<T>) -> Vec<T> {
    let (over, below): (Vec<&Ranked<'_>>, Vec<&Ranked<'_>>) = ranked.iter().partition(|r| r.rule.tier == OVERRIDES);
    let strongest = below.into_iter().find_map(|ranked| value(&ranked.rule.says));
    over.into_iter().filter_map(|ranked| value(&ranked.rule.says)).chain(strongest).collect()
}

/// What the strongest rule below the overrides leaves, and every override leaves too.
fn attributes(ranked: &[Ranked<'_>], kind: Kind) -> (Keys, Option<Collapse>) {
    let fitting = |ranked: &&Ranked<'_>| ranked.decides(Aspect::Attributes, kind);
    let over = ranked.iter().filter(|r| r.rule.tier == OVERRIDES).filter(fitting);
    let below = ranked.iter().filter(|r| r.rule.tier != OVERRIDES).find(fitting);
    let mut keys = Keys::default();
    let mut collapse = None;
    for attributes in over.chain(below).filter_map(|ranked| ranked.rule.says.attributes.as_ref()) {
        collapse = collapse.or(attributes.collapse);
        keys.drop.extend(attributes.keys.drop.iter().cloned());
        if let Some(keep) = &attributes.keys.keep {
            keys.keep = Some(match keys.keep.take() {
                None => keep.clone(),
                Some(kept) => kept.intersection(keep).cloned().collect(),
            });
        }
    }
    (keys, collapse)
}

/// How exactly a match means an instrument; `None` when it does not mean it.
pub(super) fn specificity(
    matches: &Match,
    names: &Names<'_>,
    instrument: &Instrument,
    level: Option<Level>,
) -> Option<Specificity> {
    // Narrowing is told at once, names take a while.
    let least = narrowed(matches, Precision::Anything, instrument, level)?;
    let precision = matches.instruments.iter().filter(|pattern| pattern.names(names)).map(Pattern::precision).max()?;
    Some(Specificity { precision, ..least })
}

/// How exactly a match means an instrument that it names so exactly; `None` when scope, kind or level are others.
fn narrowed(matches: &Match, precision: Precision, instrument: &Instrument, level: Option<Level>) -> Option<Specificity> {
    let Match { instruments: _, places: _, scopes, kinds, levels } = matches;
    let scoped = !scopes.is_empty();
    let narrowed = !kinds.is_empty() || !levels.is_empty();
    let fits = (!scoped || scopes.iter().any(|scope| scope.matches(&instrument.scope)))
        && (kinds.is_empty() || kinds.contains(&instrument.kind))
        && (levels.is_empty() || level.is_some_and(|level| levels.contains(&level)));
    fits.then_some(Specificity { precision, scoped, narrowed })
}

pub(super) fn span_specificity(rule: &TraceRule, scope: &str, name: &str) -> Option<(Precision, bool)> {
    let scoped = !rule.scopes.is_empty();
    if scoped && !rule.scopes.iter().any(|pattern| pattern.matches(scope)) {
        return None;
    }
    if rule.spans.is_empty() {
        return Some((Precision::Anything, scoped));
    }
    let precision = rule.spans.iter().filter(|pattern| pattern.matches(name)).map(Pattern::precision).max()?;
    Some((precision, scoped))
}
