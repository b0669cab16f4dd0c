//! What became of rules for spans. Which spans components make is not known: only names that a rule spells out are tried.
//! Asks the same order of precedence that decides for spans.

use super::{Score, Scores};
use crate::view::{
    pattern::Pattern,
    plan::{Placed, Plan},
    spec::{State, TraceRule},
};
use std::{collections::BTreeSet, sync::Arc};

type Rule = Placed<Arc<TraceRule>>;

/// Whether a rule speaks of an aspect of spans.
type Speaks = fn(&Rule) -> bool;

/// On or off, and how many stay.
const ASPECTS: [Speaks; 2] = [|rule| rule.says.state != State::Inherit, |rule| rule.says.sampling.is_some()];

/// What each rule for spans won and lost, each different plan once.
pub(super) fn scores<'a>(plans: impl Iterator<Item = &'a Plan>) -> Scores {
    let (mut scores, mut known) = (Scores::new(), BTreeSet::new());
    for plan in plans.filter(|plan| known.insert(plan.hash)) {
        for rule in &plan.inner.spans {
            score(scores.entry((*rule.by).clone()).or_default(), plan, rule);
        }
    }
    scores
}

fn score(score: &mut Score, plan: &Plan, rule: &Rule) {
    let mut tried = false;
    for scope in spelled(&rule.says.scopes) {
        for name in rule.says.spans.iter().filter(|pattern| pattern.is_literal()) {
            tried = true;
            let ranked = plan.inner.ranked_spans(scope, name.as_str());
            for speaks in ASPECTS.into_iter().filter(|speaks| speaks(rule)) {
                match ranked.iter().find(|other| speaks(other)) {
                    Some(winner) if !std::ptr::eq(*winner, rule) => {
                        score.lost = score.lost.saturating_add(1);
                        score.by.insert(Arc::clone(&winner.by));
                    }
                    _ => score.won = score.won.saturating_add(1),
                }
            }
        }
    }
    if !tried || rule.says.spans.iter().chain(&rule.says.scopes).any(|pattern| !pattern.is_literal()) {
        score.won = score.won.saturating_add(1); // it may mean what nobody else does
    }
}

/// The scopes that a rule spells out; one without a name, where it means any.
fn spelled(scopes: &[Pattern]) -> Vec<&str> {
    if scopes.is_empty() {
        return vec![""];
    }
    scopes.iter().filter(|pattern| pattern.is_literal()).map(Pattern::as_str).collect()
}
