//! The same answer for spans: whether spans of a name go on, which share, and which stay besides.
//! Knows which rules mean a span, not which spans are sent.

use super::{
    Around, Owner, PRECEDENCE, Verdict,
    answer::{Explained, Overruled, Voice},
    enforced, tier_words, undo,
};
use crate::{
    limits::EXPLAINED_LIST_MAX,
    view::{
        decide::{Aspect, span_specificity},
        explain::Criterion,
        plan::{Placed, Plan},
        spec::{Sampling, State, TraceRule},
        time::{format_duration, format_time},
    },
};
use std::sync::Arc;

type Rule = Placed<Arc<TraceRule>>;

/// Which spans of whom are asked about.
#[derive(Clone, Copy, Debug)]
pub struct SpanSubject<'a> {
    /// Whose.
    pub owner: Owner<'a>,
    /// Scope name; may be empty.
    pub scope: &'a str,
    /// Span name.
    pub name: &'a str,
    /// The id of the last trace kept with such a span, in hexadecimal.
    pub last_trace: Option<&'a str>,
}

/// Says everything about spans of one name.
#[must_use]
pub fn span(plan: &Plan, subject: &SpanSubject<'_>, around: &Around<'_>) -> Explained {
    let ranked = plan.inner.ranked_spans(subject.scope, subject.name);
    let decision = plan.decide_span(subject.scope, subject.name);
    let by = decision.as_ref().and_then(|decision| decision.by.clone());
    let view = by.as_deref().and_then(|by| (around.view)(by));
    let verdict = match &decision {
        Some(decision) if !decision.on => Verdict::Off,
        Some(decision) if decision.sample < 1.0 => Verdict::Sampled,
        _ => Verdict::On,
    };
    let state = ranked.iter().copied().find(|rule| speaks(rule, Aspect::State));
    let sampling = ranked.iter().copied().find(|rule| speaks(rule, Aspect::Sampling));
    let is_off = verdict == Verdict::Off;
    let (decided, shaped) = if is_off || sampling.is_none() {
        (state.map(|rule| voice(rule, Aspect::State)), None)
    } else {
        (sampling.map(|rule| voice(rule, Aspect::Sampling)), state.map(|rule| voice(rule, Aspect::State)))
    };
    let mut overruled: Vec<Overruled> = Vec::new();
    for (aspect, winner) in [(Aspect::State, state), (Aspect::Sampling, sampling)] {
        overruled.extend(winner.into_iter().flat_map(|winner| losers(&ranked, winner, aspect, subject)));
    }
    overruled.truncate(EXPLAINED_LIST_MAX);
    Explained {
        at: format_time(around.now),
        name: format!("span:{}", subject.name),
        verdict,
        sample: decision.as_ref().filter(|_| verdict == Verdict::Sampled).map(|decision| decision.sample),
        component: Some(super::component(&subject.owner)),
        since: view.as_deref().and_then(super::changed).map(format_time),
        until: view.as_ref().and_then(|view| view.expiry.as_ref()).map(|expiry| format_time(expiry.at)),
        decided_by: Some(decided.unwrap_or_else(unspoken)),
        reason: view.as_deref().map(|view| view.reason.to_string()).unwrap_or_default(),
        applied: view.as_deref().map(|view| super::applied(view, around.home)),
        overruled,
        shaped_by: shaped.into_iter().collect(),
        enforced: Some(enforced::of_spans(by.as_deref().filter(|_| verdict != Verdict::On), is_off, &subject.owner)),
        last_trace: subject.last_trace.map(ToOwned::to_owned),
        undo: by
            .as_deref()
            .filter(|_| verdict != Verdict::On)
            .map(|by| undo::undo(by, view.as_deref(), around.home))
            .unwrap_or_default(),
        precedence: PRECEDENCE.to_owned(),
        ..Explained::default()
    }
}

/// Says that no view speaks of spans of a name, and that nobody is known to send them.
#[must_use]
pub fn of_nobody(name: &str, around: &Around<'_>) -> Explained {
    Explained {
        at: format_time(around.now),
        name: format!("span:{name}"),
        verdict: Verdict::On,
        decided_by: Some(unspoken()),
        precedence: PRECEDENCE.to_owned(),
        ..Explained::default()
    }
}

fn speaks(rule: &Rule, aspect: Aspect) -> bool {
    match aspect {
        Aspect::Sampling => rule.says.sampling.is_some(),
        _ => rule.says.state != State::Inherit,
    }
}

fn voice(rule: &Rule, aspect: Aspect) -> Voice {
    Voice {
        kind: rule.by.kind.to_string(),
        namespace: rule.by.namespace.to_string(),
        view: rule.by.view.to_string(),
        rule: rule.by.rule.to_string(),
        aspect: aspect.as_str().to_owned(),
        says: says(&rule.says, aspect),
        tier: rule.tier,
        tier_words: tier_words(rule.tier).to_owned(),
    }
}

fn unspoken() -> Voice {
    let says = "no view speaks of spans of this name, so they are on".to_owned();
    Voice { aspect: Aspect::State.as_str().to_owned(), says, tier_words: "default".to_owned(), ..Voice::default() }
}

fn says(rule: &TraceRule, aspect: Aspect) -> String {
    match (aspect, &rule.sampling, rule.state) {
        (Aspect::Sampling, Some(Sampling { sample, keep_errors, keep_slower }), _) => {
            let errors = if *keep_errors { ", errors kept" } else { "" };
            let slower = keep_slower.map_or_else(String::new, |slower| format!(", slower than {} kept", format_duration(slower)));
            format!("sample {sample}{errors}{slower}")
        }
        (_, _, State::Disabled) => "Disabled".to_owned(),
        _ => "Enabled".to_owned(),
    }
}

fn losers<'r>(
    ranked: &'r [&'r Rule],
    winner: &'r Rule,
    aspect: Aspect,
    subject: &'r SpanSubject<'_>,
) -> impl Iterator<Item = Overruled> + 'r {
    let others = ranked.iter().copied().filter(move |rule| !std::ptr::eq(*rule, winner) && speaks(rule, aspect));
    others
        .map(move |rule| Overruled { voice: voice(rule, aspect), lost_by: criterion(winner, rule, subject).as_str().to_owned() })
}

fn criterion(winner: &Rule, loser: &Rule, subject: &SpanSubject<'_>) -> Criterion {
    let specificity = |rule: &Rule| span_specificity(&rule.says, subject.scope, subject.name);
    if winner.tier != loser.tier {
        Criterion::Tier
    } else if specificity(winner) != specificity(loser) {
        Criterion::Specificity
    } else if winner.created != loser.created {
        Criterion::Age
    } else if (&winner.by.namespace, &winner.by.view) != (&loser.by.namespace, &loser.by.view) {
        Criterion::Name
    } else {
        Criterion::Order
    }
}
