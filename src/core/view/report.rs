//! What became of each view: which of its rules hold, which are overruled and by whom, which match nothing.
//! Counts what `explain` says about every instrument that was seen; decides nothing.

mod spans;

use super::{
    compile::{has_expired, is_active, reaches, tier},
    explain::{Candidate, Criterion},
    facts::{Consumer, Facts},
    pattern::Names,
    plan::{Compiled, Plan, RuleRef, ViewSet},
    protect::{Outcome, Touch},
    spec::{Baseline, Mode, ObjectId, Target, View},
};
use crate::{
    fault::{Fault, Place, code::Code, suggest},
    limits::{BLANKS_TOLD_MAX, READERS_TOLD_MAX},
    model::{clock::Wall, component::ComponentKey, instrument::Instrument},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Most instruments named per rule.
const SAMPLE_MAX: usize = 10;

/// Most faults about readers that one rule raises: the fourth teaches nothing new.
const SAME_MAX: usize = 3;

/// A component and the instruments it sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which component.
    pub component: ComponentKey,
    /// What it sent.
    pub instruments: Vec<Instrument>,
}

/// What became of one view.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewReport {
    /// Which view.
    pub id: ObjectId,
    /// The view as it was written.
    pub view: Arc<View>,
    /// Its tier.
    pub tier: u8,
    /// In one word.
    pub status: Status,
    /// How many components it reaches.
    pub components: usize,
    /// Its rules in order, those for metrics before those for spans.
    pub rules: Vec<RuleReport>,
    /// What only shows beside what was seen.
    pub faults: Vec<Fault>,
    /// What it takes from readers, because it may or was there first: the reader's title and the instrument; in order, and of many the
    /// first [`BLANKS_TOLD_MAX`].
    pub blank: Vec<(String, Box<str>)>,
}

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// Its name.
    pub name: Box<str>,
    /// In one word.
    pub state: RuleState,
    /// How many instruments it matched; 0 of a rule for spans, which nobody declares.
    pub matched: usize,
    /// Some of them.
    pub sample: Vec<Box<str>>,
    /// Who overruled it somewhere.
    pub overridden_by: Vec<Arc<RuleRef>>,
    /// Those of other views among them that were equally strong: they won by age or name only.
    pub rivals: Vec<Arc<RuleRef>>,
    /// The titles of those who read what it would turn off or drop; of many the first [`READERS_TOLD_MAX`].
    pub protected_by: Vec<String>,
}

/// A view's state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All rules are in force.
    Programmed,
    /// Some rule is overruled, without match or does not fit.
    PartiallyProgrammed,
    /// It only computes.
    DryRun,
    /// Nothing that was seen matches yet.
    NoMatch,
    /// No component is what its targets name.
    NoTargets,
    /// Stronger views win everywhere.
    Overridden,
    /// All that its rules would do is held back, because somebody reads it.
    Protected,
    /// Its time is over.
    Expired,
}

/// A rule's state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleState {
    /// All it says holds.
    Active,
    /// Some of it holds.
    PartiallyOverridden,
    /// None of it holds.
    Overridden,
    /// Nothing that was seen matches.
    NoMatch,
    /// What it says cannot be done to what it matches.
    Invalid,
    /// It is held back, because somebody reads what it would turn off or drop.
    Protected,
    /// Its view's time is over.
    Inactive,
}

/// What a rule won and lost, one for each instrument and aspect.
#[derive(Default)]
struct Score {
    matched: BTreeSet<Box<str>>,
    instruments: usize,
    won: usize,
    lost: usize,
    unfit: usize,
    held: usize,
    by: BTreeSet<Arc<RuleRef>>,
    rivals: BTreeSet<Arc<RuleRef>>,
    readers: BTreeSet<String>,
    losses: BTreeSet<Loss>,
    blank: BTreeSet<(String, Box<str>)>,
}

/// What a reader loses by a rule, or would lose.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Loss {
    instrument: Box<str>,
    reader: String,
    /// Empty where the whole instrument is off.
    labels: Vec<Box<str>>,
    outcome: Outcome,
}

type Scores = BTreeMap<RuleRef, Score>;

impl ViewSet {
    /// What became of every view, beside what was seen. A dry run is told as if it were in force.
    #[must_use]
    pub fn reports(&self, seen: &[Seen], now: Wall) -> Vec<ViewReport> {
        let plans: Vec<(Plan, &Seen)> = seen.iter().map(|seen| (self.plan(&seen.component, now), seen)).collect();
        let scores = (scores(&plans), spans::scores(plans.iter().map(|(plan, _)| plan)));
        let report = |compiled: &Compiled| {
            if is_active(&compiled.view, now) {
                return report(compiled, &scores, (seen, &self.facts), now);
            }
            let id = &compiled.view.id;
            let reached = seen.iter().filter(|seen| reaches(&compiled.view, &seen.component, &self.facts));
            let plans: Vec<_> = reached.map(|seen| (self.plan_as_if(&seen.component, now, Some(id)), seen)).collect();
            let scores = (self::scores(&plans), spans::scores(plans.iter().map(|(plan, _)| plan)));
            report(compiled, &scores, (seen, &self.facts), now)
        };
        self.views.iter().map(report).collect()
    }

    /// How many of the instruments that each component sends none of its catalogues declares; of those that have a catalogue.
    #[must_use]
    pub fn uncatalogued<'a>(&self, seen: &'a [Seen], now: Wall) -> Vec<(&'a ComponentKey, usize)> {
        let count = |seen: &'a Seen| {
            let inner = self.plan(&seen.component, now).inner;
            let unknown = seen.instruments.iter().filter(|instrument| inner.declared(instrument).is_none());
            (!inner.catalogues.is_empty()).then(|| (&seen.component, unknown.count()))
        };
        seen.iter().filter_map(count).collect()
    }

    /// Everyone who protects something that was seen where it was seen, or protects nothing anywhere, and whether any of it is off now.
    #[must_use]
    pub fn inputs_off(&self, seen: &[Seen], now: Wall) -> BTreeMap<Arc<Consumer>, bool> {
        let mut inputs = BTreeMap::new();
        if self.readers.is_empty() {
            return inputs;
        }
        for seen in seen {
            let plan = self.plan(&seen.component, now);
            for instrument in &seen.instruments {
                let readers = plan.inner.told(&Names::of(instrument));
                let is_off = !readers.is_empty() && !plan.decide(instrument).on;
                for reader in readers {
                    *inputs.entry(Arc::clone(&reader.consumer)).or_default() |= is_off;
                }
            }
        }
        inputs
    }
}

fn scores(plans: &[(Plan, &Seen)]) -> Scores {
    let mut scores = Scores::new();
    for (plan, seen) in plans {
        for instrument in &seen.instruments {
            score(&mut scores, plan, instrument);
        }
    }
    scores
}

fn score(scores: &mut Scores, plan: &Plan, instrument: &Instrument) {
    let mut touched: BTreeSet<Arc<RuleRef>> = BTreeSet::new();
    let voices = plan.inner.voices(instrument);
    let explanation = plan.explain_voices(&voices);
    for choice in &explanation.choices {
        for winner in &choice.winners {
            let score = scores.entry((*winner.by).clone()).or_default();
            score.won = score.won.saturating_add(1);
            touched.insert(Arc::clone(&winner.by));
        }
        for (loser, criterion) in &choice.losers {
            let score = scores.entry((*loser.by).clone()).or_default();
            touched.insert(Arc::clone(&loser.by));
            match criterion {
                Criterion::Kind => score.unfit = score.unfit.saturating_add(1),
                Criterion::Protected => score.held = score.held.saturating_add(1),
                _ => {
                    score.lost = score.lost.saturating_add(1);
                    score.by.extend(choice.winners.iter().map(|winner| Arc::clone(&winner.by)));
                }
            }
            if matches!(criterion, Criterion::Age | Criterion::Name) {
                let other = |winner: &&Candidate| {
                    (&winner.by.kind, &winner.by.namespace, &winner.by.view)
                        != (&loser.by.kind, &loser.by.namespace, &loser.by.view)
                };
                let equal = choice.winners.iter().filter(|winner| winner.tier == loser.tier).filter(other);
                score.rivals.extend(equal.map(|winner| Arc::clone(&winner.by)));
            }
        }
    }
    for by in touched {
        if let Some(score) = scores.get_mut(&*by) {
            score.instruments = score.instruments.saturating_add(1);
            score.matched.insert(instrument.name.clone());
        }
    }
    for touch in plan.inner.touches(&voices, &explanation) {
        scores.entry((*touch.by).clone()).or_default().touch(&touch, &instrument.name);
    }
}

impl Score {
    /// Remembers what a reader loses or would lose, as far as anybody will be told.
    fn touch(&mut self, touch: &Touch<'_>, instrument: &str) {
        let title = touch.consumer.title();
        if touch.outcome != Outcome::HeldBack {
            insert(&mut self.blank, (title.clone(), instrument.into()), BLANKS_TOLD_MAX);
        }
        if touch.outcome != Outcome::Chosen {
            let labels = touch.labels.iter().map(|label| (*label).into()).collect();
            let loss = Loss { instrument: instrument.into(), reader: title.clone(), labels, outcome: touch.outcome };
            insert(&mut self.losses, loss, SAME_MAX);
        }
        if touch.outcome == Outcome::HeldBack {
            insert(&mut self.readers, title, READERS_TOLD_MAX);
        }
    }
}

/// Keeps the first `max` in order, whatever the order they come in.
fn insert<T: Ord>(set: &mut BTreeSet<T>, item: T, max: usize) {
    set.insert(item);
    if set.len() > max {
        set.pop_last();
    }
}

fn report(compiled: &Compiled, (scores, of_spans): &(Scores, Scores), (seen, facts): (&[Seen], &Facts), now: Wall) -> ViewReport {
    let (view, expired) = (&compiled.view, has_expired(&compiled.view, now));
    let metrics = compiled.metrics.iter().map(|(_, by)| rule_report(by, scores.get(&**by)));
    let traces = compiled.traces.iter().map(|(_, by)| rule_report(by, of_spans.get(&**by)));
    let mut rules: Vec<RuleReport> = metrics.chain(traces).collect();
    if expired {
        rules.iter_mut().for_each(|rule| rule.state = RuleState::Inactive);
    }
    let components = seen.iter().filter(|seen| reaches(view, &seen.component, facts)).count();
    let mut faults = no_target(view, components, seen);
    // An expired view takes nothing from anybody.
    let scored = || compiled.metrics.iter().filter(|_| !expired).filter_map(|(rule, by)| Some((rule, scores.get(&**by)?)));
    let baseline = scores.get(&*compiled.by).filter(|_| !expired);
    faults.extend(scored().flat_map(|(rule, score)| readers_told(&rule.name, &rule.place, score)));
    let mut blank = BTreeSet::new();
    for item in scored().map(|(_, score)| score).chain(baseline).flat_map(|score| &score.blank) {
        insert(&mut blank, item.clone(), BLANKS_TOLD_MAX);
    }
    let (blank, status) = (blank.into_iter().collect(), status(view, &rules, components, now));
    ViewReport { id: view.id.clone(), view: Arc::clone(view), tier: tier(view), status, components, rules, faults, blank }
}

/// What the author of a rule, or of what reads, should know.
fn readers_told(rule: &str, place: &Place, score: &Score) -> Vec<Fault> {
    let fault = |loss: &Loss| {
        let Loss { instrument, reader, labels, outcome } = loss;
        let later = *outcome == Outcome::CameLater;
        let became = if later { "applied, for the view was there first" } else { "held back" };
        let fault = if labels.is_empty() {
            Fault::new(Code::TakesInstrument, place.clone(), &[rule, instrument, reader, became])
        } else {
            Fault::new(Code::TakesAttribute, place.clone(), &[rule, &labels.join(", "), instrument, reader, became])
        };
        if later { fault.with_hint("change the rule, or what reads: nobody gets this data") } else { fault }
    };
    score.losses.iter().map(fault).collect()
}

fn rule_report(by: &RuleRef, score: Option<&Score>) -> RuleReport {
    let name = by.rule.clone();
    let Some(score) = score else {
        let (sample, overridden_by, rivals, protected_by) = Default::default();
        return RuleReport { name, state: RuleState::NoMatch, matched: 0, sample, overridden_by, rivals, protected_by };
    };
    let state = match (score.won, score.lost, score.held, score.unfit) {
        (0, _, 1.., _) => RuleState::Protected,
        (0, 0, ..) => RuleState::Invalid,
        (0, ..) => RuleState::Overridden,
        (_, 0, 0, 0) => RuleState::Active,
        _ => RuleState::PartiallyOverridden,
    };
    let sample = score.matched.iter().take(SAMPLE_MAX).cloned().collect();
    let overridden_by = score.by.iter().map(Arc::clone).collect();
    let rivals = score.rivals.iter().map(Arc::clone).collect();
    let protected_by = score.readers.iter().cloned().collect();
    RuleReport { name, state, matched: score.instruments, sample, overridden_by, rivals, protected_by }
}

fn status(view: &View, rules: &[RuleReport], components: usize, now: Wall) -> Status {
    let all = |state: RuleState| !rules.is_empty() && rules.iter().all(|rule| rule.state == state);
    if has_expired(view, now) {
        Status::Expired
    } else if view.mode == Mode::DryRun {
        Status::DryRun
    } else if components == 0 {
        Status::NoTargets
    } else if all(RuleState::NoMatch) && view.traces.is_empty() && view.baseline == Baseline::Inherit {
        Status::NoMatch
    } else if all(RuleState::Overridden) {
        Status::Overridden
    } else if all(RuleState::Protected) {
        Status::Protected
    } else if rules.iter().all(|rule| rule.state == RuleState::Active) {
        Status::Programmed
    } else {
        Status::PartiallyProgrammed
    }
}

fn no_target(view: &View, components: usize, seen: &[Seen]) -> Vec<Fault> {
    if components > 0 || view.targets.is_empty() || seen.is_empty() {
        return Vec::new();
    }
    let services: BTreeSet<&str> = seen.iter().map(|seen| &*seen.component.service).collect();
    let near: Vec<String> = view
        .targets
        .iter()
        .flat_map(|target| match target {
            Target::Service(pattern) => suggest::nearest(pattern.as_str(), services.iter().copied()),
            Target::Workload { .. } => Vec::new(),
        })
        .collect();
    let fault = Fault::new(Code::NoTarget, view.place.clone(), &[&view.id.name]);
    vec![if near.is_empty() { fault } else { fault.with_hint(format!("closest: {}", near.join(", "))) }]
}

#[cfg(test)]
mod tests;
