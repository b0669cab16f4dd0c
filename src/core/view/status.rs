//! The status of a view as it is written to its object, shown by the JSON API and told by `check`: decided once, here.
//! Plain data in the wire's own form; who writes it, and when, is not known here.

mod conditions;
mod events;
mod hash;
mod messages;
mod parts;
mod progress;

use self::progress::Progress;
pub use self::progress::Reached;
use super::{
    impact::{Basis, Impact},
    report::ViewReport,
    spec::{ObjectId, Reach, Term, View},
    time,
};
use crate::{
    fault::{Fault, suggest},
    limits::{STATUS_NAMED_MAX, STATUS_SUGGEST_FROM_MAX},
    model::clock::{SECOND, Wall},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `status` of a `TelemetryView` or `ClusterTelemetryView`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ViewStatus {
    /// `metadata.generation` of the spec this speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What a cluster view is: `defaults` or `overrides`; empty for a namespaced one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Hash of the spec in force, 16 hexadecimal digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub effective_hash: String,
    /// When the view ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The term `expiresAt` was computed from, as written (`after 4h`): a new term starts anew, an edited rule does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_term: Option<String>,
    /// Accepted, Programmed, InSync; others only when True.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Components it reaches.
    pub components: Components,
    /// What it changes, or would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<ImpactStatus>,
    /// Its rules, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleStatus>,
    /// Whether `rules` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub rules_truncated: bool,
    /// Faults and remarks, worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Whether `problems` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub problems_truncated: bool,
    /// The last changes of decision, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Past>,
}

/// A condition, as Kubernetes writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// `Accepted`, `Programmed`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// Cause, then fix; at most 500 characters.
    pub message: String,
    /// When the status last changed, RFC 3339.
    pub last_transition_time: String,
    /// `metadata.generation` it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// How many components and instances obey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Components {
    /// Components in reach.
    pub matched: u64,
    /// Their instances.
    pub instances: u64,
    /// Instances for which the view is enforced.
    pub in_sync: u64,
    /// Instances that have not answered yet.
    pub pending: u64,
    /// Instances that refused.
    pub failed: u64,
    /// Instances that take no plans: decided at the controller.
    pub unsupported: u64,
    /// `11/12`; empty in a dry run.
    pub summary: String,
}

/// Series and samples, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImpactStatus {
    /// Without the view.
    pub series_before: u64,
    /// With it.
    pub series_after: u64,
    /// Without the view.
    pub samples_per_minute_before: u64,
    /// With it.
    pub samples_per_minute_after: u64,
    /// Where the numbers come from.
    pub basis: Basis,
    /// `18.2k->6.1k`, series.
    pub summary: String,
}

/// What became of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleStatus {
    /// Its name.
    pub name: String,
    /// `Active`, `PartiallyOverridden`, `Overridden`, `NoMatch`, `Protected`, `Unsupported`, `Invalid`, `Inactive`.
    pub state: String,
    /// What it matches.
    pub instruments: Matched,
    /// Without the rule's view.
    pub series_before: u64,
    /// With it.
    pub series_after: u64,
    /// Where it is enforced, in instances.
    pub enforced_at: EnforcedAt,
    /// Who overrules it somewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overridden_by: Vec<String>,
    /// Whether `overriddenBy` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub overridden_by_truncated: bool,
    /// Who reads what it would turn off or drop.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected_by: Vec<String>,
    /// Whether `protectedBy` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub protected_by_truncated: bool,
}

/// Instruments that a rule matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Matched {
    /// How many.
    pub matched: u64,
    /// Some of their names.
    pub sample: Vec<String>,
}

/// Where a rule is enforced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnforcedAt {
    /// Instances that gate it themselves.
    pub source: u64,
    /// Instances for which the controller does.
    pub controller: u64,
}

/// A fault or remark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Problem {
    /// `PM0104`
    pub code: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// Field path, such as `spec.metrics[0].state`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// The cause.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

/// One change of decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Past {
    /// When, RFC 3339.
    pub at: String,
    /// The reason of `Programmed` from then on.
    pub reason: String,
    /// `metadata.generation` then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// In words.
    pub message: String,
}

/// Everything that is known of one view, and said in its status.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Which view.
    pub id: &'a ObjectId,
    /// `metadata.generation` of the object as it is now.
    pub generation: Option<i64>,
    /// Faults of this object as it is now. An error among them refuses it.
    pub faults: &'a [Fault],
    /// What became of the version in force; `None`: it was refused, and nothing good was there before.
    pub report: Option<&'a ViewReport>,
    /// Whether the version in force is an older one, because the object as it is now was refused.
    pub kept: bool,
    /// What the version in force changes.
    pub impact: Option<&'a Impact>,
    /// The components it reaches, with their instances and what became of their plans.
    pub reached: &'a [Reached<'a>],
    /// Whether a start or a take-over is so short ago that components may not be back yet.
    pub settling: bool,
    /// For a view that matches nothing: the closest names, best first.
    pub suggestions: &'a [String],
    /// For a view that expired: who decides now, from [`super::plan::ViewSet::instead_of`].
    pub instead: &'a [String],
    /// Now.
    pub now: Wall,
    /// What its status says so far.
    pub before: Option<&'a ViewStatus>,
}

/// What an event says of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventText {
    /// `Warning`, else `Normal`.
    pub warning: bool,
    /// One word.
    pub reason: String,
    /// Cause, then fix.
    pub message: String,
}

/// The whole status of a view. Every list and text is bounded, and says where it was cut.
#[must_use]
pub fn of_view(subject: &Subject<'_>) -> ViewStatus {
    let progress = Progress::of(subject);
    let ripe = progress.ripe(subject);
    let conditions = conditions::all(subject, &progress, ripe);
    let effective_hash = subject.report.map_or_else(String::new, |report| hash::of_spec(&report.view));
    let (expires_at, expiry_term) = expiry(subject);
    let (rules, rules_truncated) = parts::rules(subject, ripe);
    let (problems, problems_truncated) = parts::problems(subject);
    let mut status = ViewStatus {
        observed_generation: subject.generation,
        kind: kind(subject),
        effective_hash,
        expires_at,
        expiry_term,
        conditions,
        components: parts::components(subject, &progress, ripe),
        impact: subject.impact.map(ImpactStatus::of),
        rules,
        rules_truncated,
        problems,
        problems_truncated,
        history: Vec::new(),
    };
    status.history = parts::history(subject, &status);
    status
}

/// What the literal names in a view's rules were probably meant to be, of the names that were seen: for [`Subject::suggestions`].
#[must_use]
pub fn closest<'a>(view: &View, seen: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let patterns = view.metrics.iter().flat_map(|rule| &rule.matches.instruments).filter(|pattern| pattern.is_literal());
    let near = patterns.take(STATUS_NAMED_MAX).flat_map(|pattern| {
        let seen = seen.clone().take(STATUS_SUGGEST_FROM_MAX);
        suggest::nearest(pattern.as_str(), seen)
    });
    let mut names: Vec<String> = Vec::new();
    for name in near {
        if !names.contains(&name) && names.len() < STATUS_NAMED_MAX {
            names.push(name);
        }
    }
    names
}

/// What a cluster view is; while its object is refused, what it was.
fn kind(subject: &Subject<'_>) -> String {
    match subject.report.map(|report| &report.view.reach) {
        Some(Reach::Cluster { overrides: true, .. }) => "overrides".into(),
        Some(Reach::Cluster { overrides: false, .. }) => "defaults".into(),
        Some(Reach::Namespace) => String::new(),
        None => subject.before.map_or_else(String::new, |before| before.kind.clone()),
    }
}

/// When the view ends, and the term that says so. An object that is refused says no term: what was written stays, so that
/// mending it does not start the term anew.
fn expiry(subject: &Subject<'_>) -> (Option<String>, Option<String>) {
    let Some(report) = subject.report else {
        let before = subject.before;
        return (before.and_then(|b| b.expires_at.clone()), before.and_then(|b| b.expiry_term.clone()));
    };
    let Some(expiry) = &report.view.expiry else { return (None, None) };
    // Whole seconds, as Kubernetes writes times; upwards, so that the view never ends after it says.
    let at = Wall(expiry.at.0.div_ceil(SECOND).saturating_mul(SECOND));
    (Some(time::format_time(at)), Some(term_text(&expiry.term)))
}

/// A term as `status.expiryTerm` has it: `after 4h`, `at 2026-11-22T18:02:09Z`.
#[must_use]
pub fn term_text(term: &Term) -> String {
    match term {
        Term::After(after) => format!("after {}", time::format_duration(*after)),
        Term::At(at) => format!("at {}", time::format_time(*at)),
    }
}

/// When a term was first seen, as far as a status tells: `None` when it speaks of another term, or of none.
#[must_use]
pub fn first_seen(status: &ViewStatus, term: &Term) -> Option<Wall> {
    let known = status.expiry_term.as_deref() == Some(&*term_text(term));
    let expires = status.expires_at.as_deref().filter(|_| known).and_then(time::parse_time)?;
    let before = match term {
        Term::After(after) => *after,
        // Any moment before the end will do: `at` does not count from it.
        Term::At(_) => Duration::from_secs(1),
    };
    let end = if let Term::At(at) = term { *at } else { expires };
    Some(Wall(end.0.saturating_sub(u64::try_from(before.as_nanos()).unwrap_or(u64::MAX))))
}

/// A text as a status holds it: of at most [`crate::limits::STATUS_TEXT_CHARS_MAX`] characters, without control characters.
#[must_use]
pub fn bounded(text: &str) -> String {
    messages::cut(text)
}

/// Whether what was decided differs: conditions, the spec in force, its end, what became of a rule, or what is wrong with it.
/// Numbers and texts alone are no decision.
#[must_use]
pub fn decision_changed(before: &ViewStatus, after: &ViewStatus) -> bool {
    let conditions = |status: &ViewStatus| {
        let said = status.conditions.iter().map(|c| (c.kind.clone(), c.status.clone(), c.reason.clone()));
        said.collect::<Vec<_>>()
    };
    let rules = |status: &ViewStatus| {
        let said = status.rules.iter();
        said.map(|r| (r.name.clone(), r.state.clone(), r.overridden_by.clone(), r.protected_by.clone())).collect::<Vec<_>>()
    };
    let problems = |status: &ViewStatus| status.problems.iter().map(|p| (p.code.clone(), p.field.clone())).collect::<Vec<_>>();
    let spec = |status: &ViewStatus| {
        (status.observed_generation, status.effective_hash.clone(), status.expires_at.clone(), status.expiry_term.clone())
    };
    spec(before) != spec(after)
        || conditions(before) != conditions(after)
        || rules(before) != rules(after)
        || problems(before) != problems(after)
}

/// Whether the series or samples of the impact moved by more than a tenth, or came or went.
#[must_use]
pub fn impact_moved(before: &ViewStatus, after: &ViewStatus) -> bool {
    let (Some(was), Some(is)) = (&before.impact, &after.impact) else {
        return before.impact.is_some() != after.impact.is_some();
    };
    let moved = |was: u64, is: u64| was.abs_diff(is) > was / 10;
    moved(was.series_before, is.series_before)
        || moved(was.series_after, is.series_after)
        || moved(was.samples_per_minute_before, is.samples_per_minute_before)
        || moved(was.samples_per_minute_after, is.samples_per_minute_after)
}

/// Whether two statuses say the same but for series and samples.
#[must_use]
pub fn same_but_impact(a: &ViewStatus, b: &ViewStatus) -> bool {
    let still = |status: &ViewStatus| {
        let mut status = status.clone();
        status.impact = None;
        for rule in &mut status.rules {
            (rule.series_before, rule.series_after) = (0, 0);
        }
        status
    };
    still(a) == still(b)
}

/// What is worth an event after a status was decided; nothing when only numbers moved. `before` is `None` for a view that is new.
#[must_use]
pub fn events(before: Option<&ViewStatus>, after: &ViewStatus) -> Vec<EventText> {
    events::between(before, after)
}

impl ViewStatus {
    /// A condition, by its type.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// The view's state in one word: the reason of `Programmed`; empty before it was decided.
    #[must_use]
    pub fn word(&self) -> &str {
        self.condition(PROGRAMMED).map_or("", |condition| &condition.reason)
    }

    /// What `kubectl get` prints of the status: STATUS, IN-SYNC, SERIES, EXPIRES.
    #[must_use]
    pub fn columns(&self) -> [&str; 4] {
        let series = self.impact.as_ref().map_or("", |impact| &impact.summary);
        [self.word(), &self.components.summary, series, self.expires_at.as_deref().unwrap_or_default()]
    }
}

impl Condition {
    /// Whether its status is `True`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
}

/// The condition that says whether the spec is valid.
const ACCEPTED: &str = "Accepted";
/// The condition whose reason is the view's state in one word.
const PROGRAMMED: &str = "Programmed";
/// The condition that says whether every instance that takes plans obeys this one.
const IN_SYNC: &str = "InSync";
/// The condition that is true when the view's time is over.
const EXPIRED: &str = "Expired";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
