//! Why an instrument is on, off or shaped: the winner of each aspect, and every loser with what it lost by.
//! Another view of what `decide` decides, never a second opinion.

use super::{
    decide::{Aspect, OVERRIDES, Ranked, Voices, baseline_is_on, winner},
    plan::{Collapse, Decision, Plan, RuleRef},
    protect::Outcome,
    spec::{Baseline, MetricRule, State},
    time,
};
use crate::model::{
    clock::Wall,
    instrument::{Instrument, Level},
};
use std::sync::Arc;

/// Everything that speaks of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The outcome.
    pub decision: Decision,
    /// Its declared level; `None` when nobody declared it.
    pub level: Option<Level>,
    /// When the one who decided the state ends.
    pub expires: Option<Wall>,
    /// One for each aspect of which something is said.
    pub choices: Vec<Choice>,
    /// Rules that are held back, and the title of each reader that does it.
    pub protected: Vec<(Arc<RuleRef>, String)>,
}

/// Who decided one aspect.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Of what.
    pub aspect: Aspect,
    /// Those in force: one, or where overrides bound it several.
    pub winners: Vec<Candidate>,
    /// The others, strongest first.
    pub losers: Vec<(Candidate, Criterion)>,
}

/// One voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Whose.
    pub by: Arc<RuleRef>,
    /// How strong.
    pub tier: u8,
    /// What it says, in the words of a view.
    pub says: String,
}

/// What a voice lost by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// A higher tier spoke.
    Tier,
    /// A more specific match of the same tier spoke.
    Specificity,
    /// An older view spoke.
    Age,
    /// A view whose namespace and name come first spoke.
    Name,
    /// An earlier rule of the same view spoke.
    Order,
    /// What it says cannot be done to this kind of instrument.
    Kind,
    /// Somebody reads what it would take away.
    Protected,
}

impl Criterion {
    /// The word used in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tier => "tier",
            Self::Specificity => "specificity",
            Self::Age => "age",
            Self::Name => "name",
            Self::Order => "rule order",
            Self::Kind => "kind",
            Self::Protected => "protection",
        }
    }
}

impl Plan {
    /// Why an instrument is what it is.
    #[must_use]
    pub fn explain(&self, instrument: &Instrument) -> Explanation {
        self.explain_voices(&self.inner.voices(instrument))
    }

    /// Why an instrument of which so much is said is what it is.
    pub(super) fn explain_voices(&self, voices: &Voices<'_>) -> Explanation {
        let (decision, level) = (self.inner.decision(voices), voices.level());
        let mut choices: Vec<Choice> = Aspect::METRIC.into_iter().filter_map(|aspect| choice(voices, aspect)).collect();
        self.add_baselines(&mut choices, level);
        let expires = self.expiry_of(&decision);
        let mut explanation = Explanation { decision, level, expires, choices, protected: Vec::new() };
        let touches = self.inner.touches(voices, &explanation);
        let held = touches.into_iter().filter(|touch| touch.outcome == Outcome::HeldBack);
        explanation.protected = held.map(|touch| (touch.by, touch.consumer.title())).collect();
        explanation.protected.sort();
        explanation.protected.dedup();
        explanation
    }

    /// Baselines are voices on the state too: the first stands behind the rules of its tier.
    fn add_baselines(&self, choices: &mut Vec<Choice>, level: Option<Level>) {
        if self.inner.baselines.is_empty() {
            return;
        }
        if choices.first().is_none_or(|choice| choice.aspect != Aspect::State) {
            choices.insert(0, Choice { aspect: Aspect::State, winners: Vec::new(), losers: Vec::new() });
        }
        let Some(choice) = choices.first_mut() else { return };
        for (i, baseline) in self.inner.baselines.iter().enumerate() {
            let state = if baseline_is_on(baseline.says, level) { "on" } else { "off" };
            let says = format!("baseline {}: {state}", Baseline::as_str(baseline.says));
            let voice = Candidate { by: Arc::clone(&baseline.by), tier: baseline.tier, says };
            match choice.winners.first() {
                None => {
                    // Below it are only rules that are held back: those of lower tiers would have lost to it anyway.
                    for (_, criterion) in choice.losers.iter_mut().filter(|(loser, _)| loser.tier < voice.tier) {
                        *criterion = Criterion::Tier;
                    }
                    choice.winners.push(voice);
                }
                Some(winner) if i == 0 && winner.tier < voice.tier => {
                    let beaten = std::mem::replace(&mut choice.winners, vec![voice]);
                    choice.losers.splice(0..0, beaten.into_iter().map(|loser| (loser, Criterion::Tier)));
                    for (_, criterion) in &mut choice.losers {
                        *criterion = Criterion::Tier;
                    }
                }
                Some(winner) => {
                    let criterion = match (winner.tier > voice.tier, winner.by.rule.is_empty(), i) {
                        (true, ..) => Criterion::Tier,
                        (false, false, _) => Criterion::Specificity,
                        (false, true, _) => self.age_or_name(i),
                    };
                    choice.losers.push((voice, criterion));
                }
            }
        }
    }

    /// What the `i`-th baseline lost to the first of the same tier by.
    fn age_or_name(&self, i: usize) -> Criterion {
        match (self.inner.baselines.first(), self.inner.baselines.get(i)) {
            (Some(first), Some(other)) if first.created < other.created => Criterion::Age,
            _ => Criterion::Name,
        }
    }
}

fn choice(voices: &Voices<'_>, aspect: Aspect) -> Option<Choice> {
    let Voices { kind, ranked, .. } = voices;
    let strongest = winner(ranked, aspect, *kind);
    let joins = matches!(aspect, Aspect::Attributes | Aspect::Cardinality | Aspect::Interval);
    let below = ranked.iter().find(|r| r.rule.tier != OVERRIDES && r.decides(aspect, *kind));
    let beats = if joins { below.or(strongest) } else { strongest };
    let mut choice = Choice { aspect, winners: Vec::new(), losers: Vec::new() };
    let mut is_beaten = false;
    for voice in ranked.iter().filter(|ranked| aspect.is_set_by(&ranked.rule.says)) {
        let candidate = Candidate { by: Arc::clone(&voice.rule.by), tier: voice.rule.tier, says: says(&voice.rule.says, aspect) };
        let same = |other: Option<&Ranked<'_>>| other.is_some_and(|other| std::ptr::eq(other.rule, voice.rule));
        let holds = same(strongest) || (joins && (voice.rule.tier == OVERRIDES || same(below)));
        if !aspect.fits(&voice.rule.says, *kind) {
            choice.losers.push((candidate, Criterion::Kind));
        } else if holds {
            // With overrides a rule below can stand: it loses to another only below them.
            is_beaten |= if joins { same(below) } else { true };
            choice.winners.push(candidate);
        } else if voice.held.is(aspect) && !is_beaten {
            choice.losers.push((candidate, Criterion::Protected));
        } else if let Some(winner) = beats {
            choice.losers.push((candidate, criterion(winner, voice)));
        }
    }
    (!choice.winners.is_empty() || !choice.losers.is_empty()).then_some(choice)
}

fn criterion(winner: &Ranked<'_>, loser: &Ranked<'_>) -> Criterion {
    if winner.rule.tier != loser.rule.tier {
        Criterion::Tier
    } else if winner.specificity != loser.specificity {
        Criterion::Specificity
    } else if winner.rule.created != loser.rule.created {
        Criterion::Age
    } else if (&winner.rule.by.namespace, &winner.rule.by.view) != (&loser.rule.by.namespace, &loser.rule.by.view) {
        Criterion::Name
    } else {
        Criterion::Order
    }
}

/// What a rule says of an aspect, in the words of a view.
pub(super) fn says(rule: &MetricRule, aspect: Aspect) -> String {
    let list = |keys: &std::collections::BTreeSet<Box<str>>| keys.iter().map(|k| &**k).collect::<Vec<_>>().join(", ");
    match aspect {
        Aspect::State => match rule.state {
            State::Inherit => "Inherit".into(),
            State::Enabled => "Enabled".into(),
            State::Disabled => "Disabled".into(),
        },
        Aspect::Attributes => rule.attributes.as_ref().map_or_else(String::new, |attributes| {
            let collapse = attributes.collapse.map_or_else(String::new, |c| format!(", collapse {}", Collapse::as_str(c)));
            match &attributes.keys.keep {
                Some(keep) => format!("keep [{}]{collapse}", list(keep)),
                None => format!("drop [{}]{collapse}", list(&attributes.keys.drop)),
            }
        }),
        Aspect::Buckets => rule.buckets.as_ref().map_or_else(String::new, |buckets| format!("{buckets:?}")),
        Aspect::Rename => rule.rename.as_deref().unwrap_or_default().into(),
        Aspect::Cardinality => rule.limit.map_or_else(String::new, |limit| format!("limit {limit}")),
        Aspect::Interval => rule.interval.map_or_else(String::new, time::format_duration),
        Aspect::Sampling => String::new(),
    }
}
