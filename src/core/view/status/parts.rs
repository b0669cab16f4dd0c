//! The lists and numbers of a status: components, rules, problems, history. Each list is bounded and says where it was cut.
//! Counts and copies what the report and the impact say; decides nothing.

use super::{
    Components, EnforcedAt, ImpactStatus, Matched, PROGRAMMED, Past, Problem, RuleStatus, Subject, ViewStatus,
    conditions::{is_refused, stamp},
    messages::{self, cut},
    progress::{Progress, Ripe, enforced_at},
};
use crate::{
    fault::{
        Fault,
        code::{Code, Severity},
    },
    limits::{
        STATUS_HISTORY_MAX, STATUS_OVERRIDDEN_BY_MAX, STATUS_PROBLEMS_MAX, STATUS_PROTECTED_BY_MAX, STATUS_RULES_MAX,
        STATUS_SAMPLE_MAX,
    },
    view::{
        impact::{Impact, whole},
        plan::RuleRef,
        report::{RuleReport, RuleState, ViewReport},
        spec::Mode,
    },
};

impl ImpactStatus {
    pub(super) fn of(impact: &Impact) -> Self {
        Self {
            series_before: impact.series_before,
            series_after: impact.series_after,
            samples_per_minute_before: whole(impact.per_minute_before),
            samples_per_minute_after: whole(impact.per_minute_after),
            basis: impact.basis,
            summary: impact.summary(),
        }
    }
}

/// Whom the view reaches, and how many of them obey. Where it is too early to say, what was said before.
pub(super) fn components(subject: &Subject<'_>, progress: &Progress<'_>, ripe: Ripe<'_>) -> Components {
    if let (Ripe::Kept(Some(_)), Some(before)) = (ripe, subject.before) {
        return before.components.clone();
    }
    let tally = progress.tally;
    let dry = subject.report.is_some_and(|report| report.view.mode == Mode::DryRun);
    let is_idle = dry || is_refused(subject);
    let in_sync = if is_idle { 0 } else { tally.in_sync() };
    Components {
        matched: count(subject.reached.len()),
        instances: tally.instances,
        in_sync,
        pending: if is_idle { 0 } else { tally.pending },
        failed: if is_idle { 0 } else { tally.failed },
        unsupported: tally.unsupported,
        summary: if dry && !is_refused(subject) { String::new() } else { format!("{in_sync}/{}", tally.instances) },
    }
}

/// What became of each rule of the version in force, and whether the list was cut.
pub(super) fn rules(subject: &Subject<'_>, ripe: Ripe<'_>) -> (Vec<RuleStatus>, bool) {
    let Some(report) = subject.report else { return (Vec::new(), false) };
    let mut rules: Vec<RuleStatus> =
        report.rules.iter().take(STATUS_RULES_MAX).map(|rule| rule_status(subject, report, rule)).collect();
    if let (Ripe::Kept(Some(_)), Some(before)) = (ripe, subject.before) {
        for rule in &mut rules {
            let was = before.rules.iter().find(|was| was.name == rule.name && was.state == rule.state);
            rule.enforced_at = was.map_or_else(|| rule.enforced_at.clone(), |was| was.enforced_at.clone());
        }
    }
    (rules, report.rules.len() > STATUS_RULES_MAX)
}

fn rule_status(subject: &Subject<'_>, report: &ViewReport, rule: &RuleReport) -> RuleStatus {
    let is_by = |by: &RuleRef| {
        (&*by.kind, &by.namespace, &by.view, &by.rule) == (subject.id.kind, &subject.id.namespace, &subject.id.name, &rule.name)
    };
    let changes = subject.impact.into_iter().flat_map(|impact| &impact.instruments);
    let unchanged = subject.impact.into_iter().flat_map(|impact| &impact.unchanged).filter(|(by, _)| is_by(by));
    let mut series_before = unchanged.map(|(_, series)| *series).fold(0, u64::saturating_add);
    let mut series_after = series_before;
    for change in changes.filter(|change| change.by.as_deref().is_some_and(is_by)) {
        series_before = series_before.saturating_add(change.series_before);
        series_after = series_after.saturating_add(change.series_after);
    }
    let holds = matches!(rule.state, RuleState::Active | RuleState::PartiallyOverridden) && report.view.mode == Mode::Enforce;
    let by: Vec<String> = rule.overridden_by.iter().map(ToString::to_string).collect();
    RuleStatus {
        name: rule.name.to_string(),
        state: word(rule.state).into(),
        instruments: Matched {
            matched: count(rule.matched),
            sample: rule.sample.iter().take(STATUS_SAMPLE_MAX).map(|name| cut(name)).collect(),
        },
        series_before,
        series_after,
        enforced_at: if holds { enforced_at(subject, &rule.name) } else { EnforcedAt::default() },
        overridden_by: by.iter().take(STATUS_OVERRIDDEN_BY_MAX).map(|by| cut(by)).collect(),
        overridden_by_truncated: by.len() > STATUS_OVERRIDDEN_BY_MAX,
        protected_by: rule.protected_by.iter().take(STATUS_PROTECTED_BY_MAX).map(|by| cut(by)).collect(),
        protected_by_truncated: rule.protected_by.len() > STATUS_PROTECTED_BY_MAX,
    }
}

const fn word(state: RuleState) -> &'static str {
    match state {
        RuleState::Active => "Active",
        RuleState::PartiallyOverridden => "PartiallyOverridden",
        RuleState::Overridden => "Overridden",
        RuleState::NoMatch => "NoMatch",
        RuleState::Invalid => "Invalid",
        RuleState::Protected => "Protected",
        RuleState::Inactive => "Inactive",
    }
}

/// Faults of the object, what only shows beside what was seen, and what goes blank; worst first, each once.
pub(super) fn problems(subject: &Subject<'_>) -> (Vec<Problem>, bool) {
    let seen = subject.report.into_iter().flat_map(|report| &report.faults);
    let mut faults: Vec<&Fault> = subject.faults.iter().chain(seen).collect();
    faults.sort_by_key(|fault| fault.severity());
    let mut problems: Vec<Problem> = Vec::new();
    let blank = subject.report.into_iter().flat_map(|report| &report.blank);
    for problem in faults.into_iter().map(problem).chain(blank.map(|(reader, instrument)| goes_blank(reader, instrument))) {
        if !problems.contains(&problem) {
            if problems.len() >= STATUS_PROBLEMS_MAX {
                return (problems, true);
            }
            problems.push(problem);
        }
    }
    (problems, false)
}

fn problem(fault: &Fault) -> Problem {
    Problem {
        code: fault.code.id(),
        severity: fault.severity().word().into(),
        field: cut(messages::field(&fault.place)),
        message: cut(&fault.message),
        fix: cut(&messages::mend(fault)),
    }
}

/// A reader loses what it reads, by a choice that may do so: no mistake, but worth looking up.
fn goes_blank(reader: &str, instrument: &str) -> Problem {
    Problem {
        code: Code::TakesInstrument.id(),
        severity: Severity::Info.word().into(),
        field: String::new(),
        message: cut(&format!("{reader} reads `{instrument}` and goes blank, in whole or in part")),
        fix: "change the reader, or enable what it reads".into(),
    }
}

/// What the status said before, and one entry more where the decision or the spec in force changed.
pub(super) fn history(subject: &Subject<'_>, status: &ViewStatus) -> Vec<Past> {
    let known = subject.before.map_or(&[][..], |before| &before.history);
    let unchanged = subject.before.is_some_and(|before| {
        !known.is_empty() && before.word() == status.word() && before.effective_hash == status.effective_hash
    });
    let new = (!unchanged).then(|| Past {
        at: stamp(subject.now),
        reason: status.word().into(),
        generation: subject.generation,
        message: status.condition(PROGRAMMED).map(|said| said.message.clone()).unwrap_or_default(),
    });
    new.into_iter().chain(known.iter().cloned()).take(STATUS_HISTORY_MAX).collect()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
