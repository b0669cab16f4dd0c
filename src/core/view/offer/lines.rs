//! What is decided for each instrument that somebody declared, from now on and from each step on. Only what the component's
//! library can do is said; the rest is the controller's.

use super::{
    super::{
        decide::{self, Aspect, Voices},
        memo::Indexed,
        plan::{Buckets, Decision, Inner, Keys, Placed, RuleRef},
        spec::{Baseline, Declared, MetricRule, State},
        sync::Reported,
    },
    Steps,
};
use crate::{
    limits::PLAN_BOUNDS_MAX,
    model::instrument::{Instrument, Kind},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One instrument.
pub(super) struct Line<'a> {
    pub(super) scope: &'a str,
    pub(super) name: &'a str,
    /// From which step on holds what: the first from 0 on, neighbours differ.
    pub(super) says: Vec<(usize, Says)>,
    /// Who decides something now, and whether that is done at the source.
    pub(super) deciders: Vec<(Arc<RuleRef>, bool)>,
}

/// What is decided for an instrument at one moment.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Says {
    on: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<BTreeSet<Box<str>>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    drop: BTreeSet<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buckets: Option<Box<[f64]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "written")]
    by: Option<Arc<RuleRef>>,
}

/// What the library of a component can do.
pub(super) struct Can<'a> {
    pub(super) reported: &'a Reported,
}

/// An instrument at one moment.
struct Subject<'a> {
    kind: Kind,
    is_observed: bool,
    /// Rules that may mean it, where its scope is not told. What they say is left to the controller, who knows the scope.
    doubts: Vec<&'a Placed<Arc<MetricRule>>>,
}

/// A line for each instrument that is declared, by scope and name.
pub(super) fn of<'a>(inner: &'a Inner, steps: &Steps, can: &Can<'_>) -> Vec<Line<'a>> {
    let (declared, own) = inner.catalogues.split_at_checked(inner.declared).unwrap_or_default();
    let rows = |indexed: &'a Arc<Indexed>| indexed.catalogue.instruments.iter();
    let mut all: BTreeMap<(&str, &str), &Declared> = BTreeMap::new();
    // Of which kind an instrument is, nobody knows better than who has it.
    for row in own.iter().rev().flat_map(rows).chain(declared.iter().flat_map(rows)) {
        all.entry((&row.scope, &row.name)).or_insert(row);
    }
    all.into_values().map(|row| line(inner, row, steps, can)).collect()
}

fn line<'a>(inner: &'a Inner, row: &'a Declared, steps: &Steps, can: &Can<'_>) -> Line<'a> {
    let instrument = Instrument { scope: row.scope.clone(), name: row.name.clone(), kind: row.kind, unit: row.unit.clone() };
    let mut voices = inner.voices(&instrument);
    let doubts = if row.scope.is_empty() { doubts(inner, row, &instrument) } else { Vec::new() };
    let key = (instrument.scope, instrument.name);
    let is_observed = can.reported.observed.contains(&key);
    let mut subject = Subject { kind: row.kind, is_observed, doubts };
    let decision = decide::decision(&voices, inner.baselines.first());
    let deciders = can.deciders(&subject, &voices, &decision);
    let mut says = vec![(0, can.says(&subject, decision))];
    for step in untils(inner, steps, &voices, &subject) {
        voices.ranked.retain(|ranked| steps.holds(ranked.rule, step));
        subject.doubts.retain(|rule| steps.holds(rule, step));
        let baseline = inner.baselines.iter().find(|baseline| steps.holds(baseline, step));
        let then = can.says(&subject, decide::decision(&voices, baseline));
        if says.last().is_none_or(|(_, last)| *last != then) {
            says.push((step, then));
        }
    }
    Line { scope: &row.scope, name: &row.name, says, deciders }
}

/// The steps with which something ends that speaks of an instrument.
fn untils(inner: &Inner, steps: &Steps, voices: &Voices<'_>, subject: &Subject<'_>) -> Vec<usize> {
    if steps.0.is_empty() {
        return Vec::new();
    }
    let rules = voices.ranked.iter().map(|ranked| ranked.rule).chain(subject.doubts.iter().copied());
    let baselines = inner.baselines.iter().filter_map(|baseline: &Placed<Baseline>| steps.until(baseline));
    let mut untils: Vec<usize> = rules.filter_map(|rule| steps.until(rule)).chain(baselines).collect();
    untils.sort_unstable();
    untils.dedup();
    untils
}

/// Rules that name an instrument of any scope and mean it in some scopes only.
fn doubts<'a>(inner: &'a Inner, row: &Declared, instrument: &Instrument) -> Vec<&'a Placed<Arc<MetricRule>>> {
    let is_doubtful = |rule: &&Placed<Arc<MetricRule>>| {
        let matches = &rule.says.matches;
        let fits = (matches.kinds.is_empty() || matches.kinds.contains(&row.kind))
            && (matches.levels.is_empty() || matches.levels.contains(&row.level));
        fits && !matches.scopes.is_empty() && !matches.scopes.iter().any(|scope| scope.as_str() == "*")
    };
    let named = inner.named(instrument).unwrap_or_default();
    named.iter().filter_map(|(at, _)| inner.rules.get(*at)).filter(is_doubtful).collect()
}

impl Can<'_> {
    /// Whether the library can do what is decided of an aspect of an instrument whose scope is known.
    pub(super) fn does_of(&self, aspect: Aspect, instrument: &Instrument, decision: &Decision) -> bool {
        let key = (instrument.scope.clone(), instrument.name.clone());
        let (is_observed, doubts) = (self.reported.observed.contains(&key), Vec::new());
        self.does(aspect, &Subject { kind: instrument.kind, is_observed, doubts }, decision)
    }

    /// Whether the library can do what is decided of an aspect.
    fn does(&self, aspect: Aspect, subject: &Subject<'_>, decision: &Decision) -> bool {
        let is_doubted = |aspect: Aspect| subject.doubts.iter().any(|rule| aspect.is_set_by(&rule.says));
        let fits = match aspect {
            Aspect::State => !subject.doubts.iter().any(|rule| rule.says.state == State::Enabled),
            Aspect::Interval => !is_doubted(aspect),
            // What callbacks report is the state of something: it is not added up at the source, nor counted. Nor are
            // gauges, of which the controller knows how they become one.
            Aspect::Attributes => {
                !subject.is_observed && matches!(subject.kind, Kind::Counter | Kind::Histogram) && !is_doubted(aspect)
            }
            Aspect::Buckets => {
                let few = |buckets: &Buckets| matches!(buckets, Buckets::Explicit(bounds) if bounds.len() <= PLAN_BOUNDS_MAX);
                let fits = !subject.is_observed && subject.kind == Kind::Histogram && !is_doubted(aspect);
                fits && decision.buckets.as_ref().is_some_and(few)
            }
            // A limit counts what is left of the keys: where those go at the controller only, it would count too many.
            Aspect::Cardinality => {
                let is_whole = decision.keys.is_all() && !is_doubted(Aspect::Attributes);
                !subject.is_observed && !is_doubted(aspect) && (is_whole || self.does(Aspect::Attributes, subject, decision))
            }
            // The controller knows an instrument by its own name only.
            Aspect::Rename | Aspect::Sampling => false,
        };
        fits && self.reported.aspects.contains(&aspect)
    }

    /// What of a decision is said to the component.
    fn says(&self, subject: &Subject<'_>, decision: Decision) -> Says {
        let does = |aspect| self.does(aspect, subject, &decision);
        if !decision.on {
            // Who cannot be told for certain that it is off leaves it on.
            let is_told = does(Aspect::State);
            return Says { on: !is_told, by: decision.by.filter(|_| is_told), ..Says::default() };
        }
        let buckets = match &decision.buckets {
            Some(Buckets::Explicit(bounds)) if does(Aspect::Buckets) => Some(bounds.clone()),
            _ => None,
        };
        let limit = decision.limit.filter(|_| does(Aspect::Cardinality));
        let interval_ms = decision.interval_ms.filter(|_| does(Aspect::Interval));
        let shapes = does(Aspect::Attributes);
        let by = decision.by.filter(|_| self.reported.aspects.contains(&Aspect::State));
        let Keys { keep, drop } = if shapes { decision.keys } else { Keys::default() };
        Says { on: true, keep, drop, buckets, limit, interval_ms, by }
    }

    /// Who decides something of an instrument, and whether it is done at the source.
    fn deciders(&self, subject: &Subject<'_>, voices: &Voices<'_>, decision: &Decision) -> Vec<(Arc<RuleRef>, bool)> {
        let does = |aspect| self.does(aspect, subject, decision);
        let state = decision.by.as_ref().map(|by| (Arc::clone(by), does(Aspect::State)));
        let mut deciders: Vec<(Arc<RuleRef>, bool)> = state.into_iter().collect();
        if voices.ranked.is_empty() {
            return deciders;
        }
        for aspect in Aspect::METRIC.into_iter().filter(|aspect| *aspect != Aspect::State) {
            let shaping = decide::deciders(&voices.ranked, aspect, subject.kind);
            deciders.extend(shaping.map(|ranked| (Arc::clone(&ranked.rule.by), does(aspect))));
        }
        deciders
    }
}

#[expect(clippy::ref_option, reason = "serde hands a reference")]
fn written<S: serde::Serializer>(by: &Option<Arc<RuleRef>>, serializer: S) -> Result<S::Ok, S::Error> {
    match by {
        Some(by) => serializer.collect_str(by),
        None => serializer.serialize_none(),
    }
}
