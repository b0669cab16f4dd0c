//! The answer to "why is it on, off, or missing": what the views decide about one instrument, beside what was observed of it.
//! One value that the JSON API gives and the terminal prints. Asks `explain`; decides nothing, counts nothing.

pub mod answer;
mod enforced;
mod exposed;
pub mod render;
pub mod spans;
mod undo;
pub mod words;

#[cfg(test)]
mod tests;

use self::answer::{
    Applied, Attribute, Component, Details, Effect, Explained, HeldBack, Limit, Overruled, Refused, Verdict, Voice,
};
use super::{
    compile,
    decide::Aspect,
    explain::{Candidate, Choice, Explanation},
    plan::{RuleRef, ViewSet},
    spec::View,
    sync::ComponentSync,
    time::format_time,
};
use crate::{
    expose::names::TranslationStrategy,
    fault::{Place, suggest},
    limits::{EXPLAINED_LIST_MAX, SERIES_PER_METRIC_MAX},
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Level},
        reject::Reason,
    },
};
use std::{sync::Arc, time::Duration};

/// The order of precedence, as every face of it says it.
pub const PRECEDENCE: &str = "cluster overrides > view with expiry > view with targets > view > cluster defaults > catalogue; \
                              then most specific, oldest, name, rule order";

/// How names are translated, as the server was told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming {
    /// The strategy.
    pub strategy: TranslationStrategy,
    /// Whether gauges of unit `1` end in `_ratio`.
    pub ratio_suffix: bool,
}

/// Where views live: it says how a decision is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In files.
    Files,
    /// In a cluster.
    Cluster,
}

/// What is the same for all that is asked at one moment.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The moment.
    pub now: Wall,
    /// Where views live.
    pub home: Home,
    /// How names are translated.
    pub naming: Naming,
    /// What is not heard of for longer is silent.
    pub silent_after: Duration,
    /// The view that a rule belongs to.
    pub view: &'a dyn Fn(&RuleRef) -> Option<Arc<View>>,
    /// Points and spans that a rule suppressed.
    pub suppressed: &'a dyn Fn(&RuleRef) -> u64,
    /// Points refused since the start, by reason.
    pub refused: &'a [(Reason, u64)],
}

/// Whose instrument it is.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Which component.
    pub key: &'a ComponentKey,
    /// Processes that push.
    pub instances: u64,
    /// When one of them last did; `None` when none does.
    pub last_push: Option<Wall>,
    /// What became of its plans; `None` where it takes none.
    pub sync: Option<&'a ComponentSync>,
}

/// What was observed of an instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Instances that sent it.
    pub instances: u64,
    /// Attribute sets as they were sent.
    pub sets: u64,
    /// Series in a scrape.
    pub series: u64,
    /// Points received.
    pub points: u64,
    /// Points that went to the overflow series.
    pub overflowed: u64,
    /// When a request last carried it.
    pub last: Wall,
    /// Key, different values, series left without it.
    pub attributes: Vec<(Box<str>, u64, u64)>,
}

/// Everything known of one instrument of one component.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Whose it is.
    pub owner: Owner<'a>,
    /// Which.
    pub instrument: &'a Instrument,
    /// What was observed; `None` = it is only declared.
    pub sent: Option<&'a Sent>,
    /// Rules that are not applied, and the reader because of whom.
    pub held_back: &'a [(Arc<RuleRef>, String)],
    /// Who reads it.
    pub readers: &'a [String],
}

impl ViewSet {
    /// Every view, whether it acts or not.
    pub fn views(&self) -> impl Iterator<Item = &Arc<View>> {
        self.views.iter().map(|compiled| &compiled.view)
    }
}

/// Says everything about one instrument.
#[must_use]
pub fn explain(explanation: &Explanation, subject: &Subject<'_>, around: &Around<'_>) -> Explained {
    let Subject { owner, instrument, sent, held_back, readers } = *subject;
    let decision = &explanation.decision;
    let state = explanation.choices.iter().find(|choice| choice.aspect == Aspect::State);
    let view = decision.by.as_deref().and_then(|by| (around.view)(by));
    let verdict = verdict(explanation, subject, around);
    let (overruled, overruled_more) = overruled(explanation);
    let details = Details {
        scope: instrument.scope.to_string(),
        kind: instrument.kind.as_str().to_owned(),
        unit: instrument.unit.to_string(),
        level: explanation.level.map(|level| level.as_str().to_owned()),
    };
    let default_voice = || default_voice(explanation.level);
    let undo = decision.by.as_deref().filter(|_| !decision.on).map(|by| undo::undo(by, view.as_deref(), around.home));
    Explained {
        at: format_time(around.now),
        name: instrument.name.to_string(),
        verdict,
        component: Some(component(&owner)),
        instrument: Some(details),
        since: view.as_deref().and_then(changed).map(format_time),
        until: explanation.expires.map(format_time),
        decided_by: Some(state.and_then(first_winner).unwrap_or_else(default_voice)),
        reason: view.as_deref().map(|view| view.reason.to_string()).unwrap_or_default(),
        applied: view.as_deref().map(|view| applied(view, around.home)),
        overruled,
        overruled_more,
        shaped_by: shaped_by(explanation),
        enforced: Some(enforced::of_instrument(explanation, instrument, &owner)),
        effect: sent.map(|sent| effect(sent, decision.by.as_deref().filter(|_| !decision.on), around)),
        limit: sent.filter(|sent| is_over(explanation, sent)).map(|sent| limit(explanation, sent)),
        attributes: sent.map(attributes).unwrap_or_default(),
        held_back: held_back.iter().take(EXPLAINED_LIST_MAX).map(held).collect(),
        refused: if verdict == Verdict::Refused { refused(around.refused) } else { Vec::new() },
        read_by: readers.iter().take(EXPLAINED_LIST_MAX).cloned().collect(),
        exposed_as: exposed::exposed(instrument, decision.rename.as_deref(), around.naming).filter(|_| decision.on),
        undo: undo.unwrap_or_else(|| how_to_enable(explanation, instrument)),
        precedence: PRECEDENCE.to_owned(),
        ..Explained::default()
    }
}

/// Says that nobody sent or declared a name, and which names are spelt alike.
#[must_use]
pub fn never_seen<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, around: &Around<'_>) -> Explained {
    Explained {
        at: format_time(around.now),
        name: name.to_owned(),
        verdict: Verdict::NeverSeen,
        closest: suggest::nearest(name, known),
        refused: refused(around.refused),
        precedence: PRECEDENCE.to_owned(),
        ..Explained::default()
    }
}

/// The first that holds, what hides most before what hides least.
fn verdict(explanation: &Explanation, subject: &Subject<'_>, around: &Around<'_>) -> Verdict {
    let is_silent = |last: Wall| words::between(last, around.now) > around.silent_after;
    let Some(sent) = subject.sent else {
        return if explanation.decision.on { Verdict::NotSent } else { Verdict::Off };
    };
    if !explanation.decision.on {
        Verdict::Off
    } else if sent.sets == 0 && sent.series == 0 && sent.points > 0 && !around.refused.is_empty() {
        Verdict::Refused
    } else if is_silent(sent.last) || subject.owner.last_push.is_none_or(is_silent) {
        Verdict::Silent
    } else if is_over(explanation, sent) {
        Verdict::OverLimit
    } else if !subject.held_back.is_empty() {
        Verdict::HeldBack
    } else if explanation.level.is_none() {
        Verdict::Uncatalogued
    } else {
        Verdict::On
    }
}

fn component(owner: &Owner<'_>) -> Component {
    Component {
        namespace: owner.key.namespace.to_string(),
        name: owner.key.object_name(),
        service: owner.key.service.to_string(),
        instances: owner.sync.map_or(owner.instances, |sync| sync.tally(owner.instances).instances),
        connected: owner.sync.map_or(0, |sync| sync.connected),
        library: owner.sync.map(|sync| sync.library.to_string()).unwrap_or_default(),
        last_push: owner.last_push.map(format_time),
    }
}

/// The tier in which a view speaks.
#[must_use]
pub fn tier_of(view: &View) -> u8 {
    compile::tier(view)
}

/// A tier in words.
#[must_use]
pub const fn tier_words(tier: u8) -> &'static str {
    match tier {
        0 => "catalogue",
        1 => "cluster defaults",
        2 => "view",
        3 => "view with targets",
        4 => "has expiry",
        _ => "cluster overrides",
    }
}

fn voice(candidate: &Candidate, aspect: Aspect) -> Voice {
    let RuleRef { kind, namespace, view, rule } = &*candidate.by;
    Voice {
        kind: kind.to_string(),
        namespace: namespace.to_string(),
        view: view.to_string(),
        rule: rule.to_string(),
        aspect: aspect.as_str().to_owned(),
        says: candidate.says.clone(),
        tier: candidate.tier,
        tier_words: tier_words(candidate.tier).to_owned(),
    }
}

fn first_winner(choice: &Choice) -> Option<Voice> {
    choice.winners.first().map(|winner| voice(winner, choice.aspect))
}

/// What holds where no view speaks.
fn default_voice(level: Option<Level>) -> Voice {
    let (says, tier_words) = match level {
        None => ("no view speaks of it and no catalogue declares it, so it is on".to_owned(), "default"),
        Some(level) if level <= Level::Standard => (format!("on, level {}", level.as_str()), tier_words(0)),
        Some(level) => (format!("off, level {}", level.as_str()), tier_words(0)),
    };
    let (aspect, tier_words) = (Aspect::State.as_str().to_owned(), tier_words.to_owned());
    Voice { aspect, says, tier: 0, tier_words, ..Voice::default() }
}

/// Everybody who lost something, and how many more there are than are listed.
fn overruled(explanation: &Explanation) -> (Vec<Overruled>, u64) {
    let losers = explanation.choices.iter().flat_map(|choice| {
        choice.losers.iter().map(|(candidate, criterion)| Overruled {
            voice: voice(candidate, choice.aspect),
            lost_by: criterion.as_str().to_owned(),
        })
    });
    let mut losers: Vec<Overruled> = losers.collect();
    if let (Some(_), Some(level)) = (&explanation.decision.by, explanation.level) {
        losers.push(Overruled { voice: default_voice(Some(level)), lost_by: "tier".to_owned() });
    }
    let more = losers.len().saturating_sub(EXPLAINED_LIST_MAX);
    losers.truncate(EXPLAINED_LIST_MAX);
    (losers, u64::try_from(more).unwrap_or(u64::MAX))
}

fn shaped_by(explanation: &Explanation) -> Vec<Voice> {
    let shapes = explanation.choices.iter().filter(|choice| choice.aspect != Aspect::State);
    let voices = shapes.flat_map(|choice| choice.winners.iter().map(|winner| voice(winner, choice.aspect)));
    voices.take(EXPLAINED_LIST_MAX).collect()
}

/// When a view's spec came to be what it is, as far as an API server says.
fn changed(view: &View) -> Option<Wall> {
    view.origin.changed.or(view.created)
}

fn applied(view: &View, home: Home) -> Applied {
    let place = match (&view.place, home) {
        (place @ (Place::Text { .. } | Place::File(_)), Home::Files) => Some(place.to_string()),
        _ => None,
    };
    Applied { at: changed(view).map(format_time), manager: view.origin.manager.as_ref().map(ToString::to_string), place }
}

fn effect(sent: &Sent, by: Option<&RuleRef>, around: &Around<'_>) -> Effect {
    Effect {
        instances: sent.instances,
        sets_sent: sent.sets,
        series: sent.series,
        points: sent.points,
        points_suppressed: by.map_or(0, |by| (around.suppressed)(by)),
        points_overflowed: sent.overflowed,
        last_sent: Some(format_time(sent.last)),
    }
}

/// Whether a limit bites that is in force now: points may have overflowed under one that was lifted since.
fn is_over(explanation: &Explanation, sent: &Sent) -> bool {
    let sets_max = explanation.decision.limit.map_or(SERIES_PER_METRIC_MAX as u64, u64::from);
    sent.overflowed > 0 && sent.sets >= sets_max
}

fn limit(explanation: &Explanation, sent: &Sent) -> Limit {
    let by = explanation.choices.iter().find(|choice| choice.aspect == Aspect::Cardinality);
    let says = explanation.decision.limit.map(|sets| format!("limit {sets}"));
    let winner = by.and_then(|choice| choice.winners.iter().find(|winner| Some(&winner.says) == says.as_ref()));
    Limit {
        sets: explanation.decision.limit,
        by: winner.map_or_else(|| "a cap of the server".to_owned(), |winner| winner.by.to_string()),
        overflow_percent: sent.overflowed.saturating_mul(100).checked_div(sent.points).unwrap_or_default().min(100),
    }
}

fn attributes(sent: &Sent) -> Vec<Attribute> {
    let attribute = |(key, values, without): &(Box<str>, u64, u64)| Attribute {
        key: key.to_string(),
        values: *values,
        series_without: *without,
    };
    sent.attributes.iter().take(EXPLAINED_LIST_MAX).map(attribute).collect()
}

fn held((rule, reader): &(Arc<RuleRef>, String)) -> HeldBack {
    HeldBack { rule: rule.to_string(), reader: reader.clone() }
}

fn refused(reasons: &[(Reason, u64)]) -> Vec<Refused> {
    let refused = |(reason, points): &(Reason, u64)| Refused {
        reason: reason.code().to_owned(),
        why: reason.text().to_owned(),
        points: *points,
    };
    reasons.iter().filter(|(_, points)| *points > 0).map(refused).collect()
}

/// What its level has off, a view must enable.
fn how_to_enable(explanation: &Explanation, instrument: &Instrument) -> String {
    if explanation.decision.on {
        return String::new();
    }
    format!("enable it in a view: {}", line_that_enables(&instrument.name))
}

/// The line of a view's spec that turns an instrument on.
#[must_use]
pub fn line_that_enables(instrument: &str) -> String {
    let name = serde_json::Value::from(instrument);
    format!("metrics: [{{name: on, match: {{instruments: [{name}]}}, state: Enabled}}]")
}
