//! What a view changes: series and points per minute, before and after it, for the components it reaches.
//! Compares two plans over what was observed; decides nothing itself.

use super::{
    compile::{has_expired, is_active},
    decide::Aspect,
    plan::{Decision, Keys, Plan, RuleRef, ViewSet},
    spec::{ObjectId, View},
};
use crate::{
    limits::{IMPACT_INSTRUMENTS_MAX, STATUS_NAMED_MAX},
    model::{clock::Wall, component::ComponentKey, instrument::Instrument},
};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What an instrument of a component costs before any view, as observed, or as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Which component.
    pub component: ComponentKey,
    /// Which instrument.
    pub instrument: Instrument,
    /// Instances that send it.
    pub instances: u64,
    /// Attribute sets as sent.
    pub series: u64,
    /// Points a minute as sent.
    pub per_minute: f64,
    /// Whether these numbers are seen, or come from a declaration, or from before the source turned it off.
    pub basis: Basis,
}

/// How many attribute sets are left of an instrument when only some keys stay; `None` when that is not known.
pub type Distinct<'a> = &'a dyn Fn(&ComponentKey, &Instrument, &Keys) -> Option<u64>;

/// Whether an impact was seen in the stream, or computed from what is declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// From the stream.
    Observed,
    /// Some of it from catalogues or guesses.
    #[default]
    Estimated,
}

/// Before and after.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impact {
    /// Series without the view.
    pub series_before: u64,
    /// Series with it.
    pub series_after: u64,
    /// Points a minute without it.
    pub per_minute_before: f64,
    /// Points a minute with it.
    pub per_minute_after: f64,
    /// Where the numbers come from.
    pub basis: Basis,
    /// Each instrument that the view changes, the greatest change first; the sums also cover those beyond
    /// [`IMPACT_INSTRUMENTS_MAX`].
    pub instruments: Vec<Change>,
    /// Series that stay as they are, by the rule that has them on.
    pub unchanged: BTreeMap<Arc<RuleRef>, u64>,
}

/// What becomes of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of which component.
    pub component: ComponentKey,
    /// Which instrument.
    pub instrument: Instrument,
    /// Series without the view.
    pub series_before: u64,
    /// Series with it.
    pub series_after: u64,
    /// Points a minute without it.
    pub per_minute_before: f64,
    /// Points a minute with it.
    pub per_minute_after: f64,
    /// Whether it is on without the view, and with it.
    pub on: (bool, bool),
    /// The rule of the view that changes it, where one does.
    pub by: Option<Arc<RuleRef>>,
}

/// What an instrument costs under one decision.
#[derive(Clone, Copy)]
struct Price {
    series: u64,
    per_minute: f64,
    /// Whether any of it was guessed.
    guessed: bool,
}

/// What the step from one set of plans to another changes, for every component in `costs`. Each plan is asked for once per
/// component, each decision once per instrument.
#[must_use]
pub fn compare(
    before: &dyn Fn(&ComponentKey) -> Plan,
    after: &dyn Fn(&ComponentKey) -> Plan,
    costs: &[Cost],
    distinct: Distinct<'_>,
) -> Impact {
    sum(&|component| (before(component), after(component)), costs.iter(), distinct)
}

impl ViewSet {
    /// What a view changes, beside all others. A dry run is told as if it were in force, one that has expired changes nothing.
    /// `None` when there is no such view.
    #[must_use]
    pub fn impact(&self, id: &ObjectId, costs: &[Cost], distinct: Distinct<'_>, now: Wall) -> Option<Impact> {
        let view = self.view(id)?;
        let reached = costs.iter().filter(|cost| self.reaches(view, &cost.component));
        let without = |other: &View| other.id != *id && is_active(other, now);
        if has_expired(view, now) {
            let plans = |component: &ComponentKey| {
                let plan = self.plan_of(component, &without);
                (plan.clone(), plan)
            };
            return Some(sum(&plans, reached, distinct));
        }
        let plans = |component: &ComponentKey| (self.plan_of(component, &without), self.plan_as_if(component, now, Some(id)));
        Some(sum(&plans, reached, distinct))
    }

    /// Who decides now what an expired view decided, in words, at most [`STATUS_NAMED_MAX`]: a rule, or the declared default.
    /// Empty where its end changes nothing.
    #[must_use]
    pub fn instead_of(&self, id: &ObjectId, costs: &[Cost], now: Wall) -> Vec<String> {
        let Some(view) = self.view(id) else { return Vec::new() };
        let mut plans: BTreeMap<&ComponentKey, (Plan, Plan)> = BTreeMap::new();
        let mut who = BTreeSet::new();
        for cost in costs.iter().filter(|cost| self.reaches(view, &cost.component)) {
            let (then, now) = plans
                .entry(&cost.component)
                .or_insert_with(|| (self.plan_as_if(&cost.component, now, Some(id)), self.plan(&cost.component, now)));
            let (was, is) = (then.decide(&cost.instrument), now.decide(&cost.instrument));
            if let Some(aspect) = first_difference(&was, &is) {
                let winner = decider(now, &cost.instrument, aspect, &BTreeSet::new());
                who.insert(winner.map_or_else(|| "the declared default".into(), |by| by.to_string()));
            }
        }
        who.into_iter().take(STATUS_NAMED_MAX).collect()
    }
}

impl Impact {
    /// `18.2k->6.1k`, series.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{}->{}", short_number(self.series_before), short_number(self.series_after))
    }
}

/// A count as people read it: `412`, `18.2k`, `1.2M`.
#[must_use]
pub fn short_number(count: u64) -> String {
    let tenths = |unit: u64, sign: &str| {
        let tenths = count.saturating_add(unit / 20) / (unit / 10);
        match tenths % 10 {
            0 => format!("{}{sign}", tenths / 10),
            rest => format!("{}.{rest}{sign}", tenths / 10),
        }
    };
    match count {
        0..1_000 => count.to_string(),
        1_000..999_950 => tenths(1_000, "k"),
        999_950..999_950_000 => tenths(1_000_000, "M"),
        _ => tenths(1_000_000_000, "G"),
    }
}

/// Asks both plans about everything, and adds up.
fn sum<'a>(
    plans: &dyn Fn(&ComponentKey) -> (Plan, Plan),
    costs: impl Iterator<Item = &'a Cost>,
    distinct: Distinct<'_>,
) -> Impact {
    let mut asked: BTreeMap<&ComponentKey, (Plan, Plan)> = BTreeMap::new();
    let mut impact = Impact { basis: Basis::Observed, ..Impact::default() };
    for cost in costs {
        let (before, after) = asked.entry(&cost.component).or_insert_with(|| plans(&cost.component));
        let was = before.decide(&cost.instrument);
        let is = if before.hash == after.hash { was.clone() } else { after.decide(&cost.instrument) };
        let aspect = first_difference(&was, &is);
        let old = price(cost, &was, distinct);
        let new = if aspect.is_some() { price(cost, &is, distinct) } else { old };
        impact.series_before = impact.series_before.saturating_add(old.series);
        impact.series_after = impact.series_after.saturating_add(new.series);
        impact.per_minute_before += old.per_minute;
        impact.per_minute_after += new.per_minute;
        // What is off without the view and with it costs nothing: nobody needs to know what it would.
        let counts = was.on || is.on;
        if old.guessed || new.guessed || (counts && cost.basis == Basis::Estimated) {
            impact.basis = Basis::Estimated;
        }
        let Some(aspect) = aspect else {
            if let Some(by) = is.by.filter(|by| !by.rule.is_empty()) {
                let series = impact.unchanged.entry(by).or_default();
                *series = series.saturating_add(new.series);
            }
            continue;
        };
        let old_voices = voices(before, &cost.instrument, aspect);
        impact.instruments.push(Change {
            component: cost.component.clone(),
            instrument: cost.instrument.clone(),
            series_before: old.series,
            series_after: new.series,
            per_minute_before: old.per_minute,
            per_minute_after: new.per_minute,
            on: (was.on, is.on),
            by: decider(after, &cost.instrument, aspect, &old_voices),
        });
    }
    let weight = |change: &Change| {
        let points = (change.per_minute_before - change.per_minute_after).abs();
        (change.series_before.abs_diff(change.series_after), whole(points))
    };
    impact.instruments.sort_by_cached_key(|c| (Reverse(weight(c)), c.component.clone(), c.instrument.clone()));
    impact.instruments.truncate(IMPACT_INSTRUMENTS_MAX);
    impact
}

/// The first aspect in which two decisions have a different effect; who decided is none. What is off has no shape.
fn first_difference(was: &Decision, is: &Decision) -> Option<Aspect> {
    if was.on != is.on {
        return Some(Aspect::State);
    }
    if !was.on {
        return None;
    }
    let differs = |aspect: &Aspect| match aspect {
        Aspect::Attributes => was.keys != is.keys || was.collapse != is.collapse,
        Aspect::Buckets => was.buckets != is.buckets,
        Aspect::Rename => was.rename != is.rename,
        Aspect::Cardinality => was.limit != is.limit,
        Aspect::Interval => was.interval_ms != is.interval_ms,
        Aspect::State | Aspect::Sampling => false,
    };
    Aspect::METRIC.into_iter().find(differs)
}

/// Everyone whose word on an aspect holds.
fn voices(plan: &Plan, instrument: &Instrument, aspect: Aspect) -> BTreeSet<Arc<RuleRef>> {
    let choices = plan.explain(instrument).choices;
    let winners = choices.into_iter().filter(|choice| choice.aspect == aspect).flat_map(|choice| choice.winners);
    winners.map(|winner| winner.by).collect()
}

/// Whose word on an aspect holds, of those that are not `known` before others.
fn decider(plan: &Plan, instrument: &Instrument, aspect: Aspect, known: &BTreeSet<Arc<RuleRef>>) -> Option<Arc<RuleRef>> {
    let voices = voices(plan, instrument, aspect);
    voices.difference(known).next().or_else(|| voices.first()).map(Arc::clone)
}

/// What an instrument costs under a decision.
fn price(cost: &Cost, decision: &Decision, distinct: Distinct<'_>) -> Price {
    if !decision.on {
        return Price { series: 0, per_minute: 0.0, guessed: false };
    }
    let (mut series, mut guessed) = (cost.series, false);
    if !decision.keys.is_all() {
        let counted = distinct(&cost.component, &cost.instrument, &decision.keys);
        guessed = counted.is_none();
        series = counted.unwrap_or_else(|| guess(cost, &decision.keys)).min(cost.series);
    }
    if let Some(limit) = decision.limit.map(u64::from) {
        let instances = cost.instances.max(1);
        // How the sets are spread over the instances is not known: one alone may be over its limit.
        guessed |= instances > 1 && series > limit;
        let most = limit.saturating_mul(instances);
        if series > most {
            series = most.saturating_add(instances).min(series);
        }
    }
    let mut per_minute = cost.per_minute;
    if series < cost.series {
        per_minute *= ratio(series, cost.series);
    }
    if let Some(interval) = decision.interval_ms.filter(|interval| *interval > 0) {
        // The source obeys it where it can.
        let most = ratio(series.saturating_mul(60_000), interval);
        guessed |= per_minute > most;
        per_minute = per_minute.min(most);
    }
    Price { series, per_minute, guessed }
}

/// What is left where nobody counted: every key that goes halves the sets, down to one per instance.
fn guess(cost: &Cost, keys: &Keys) -> u64 {
    let dropped = keys.drop.len().saturating_add(usize::from(keys.keep.is_some()));
    let halved = cost.series.checked_shr(u32::try_from(dropped).unwrap_or(u32::MAX)).unwrap_or(0);
    halved.max(cost.instances).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "a rate of points needs no more than 52 bits")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// A rate as a whole number; 0 below it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
pub(super) fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
mod tests;
