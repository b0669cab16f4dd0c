//! The lists and numbers of a status: components, rules, problems, history. Each list is bounded and says where it was cut.
//! Counts and copies what the report and the impact say; decides nothing.

use super::{
    Components, EnforcedAt, ImpactStatus, Matched, PROGRAMMED, Past, Problem, RuleStatus, Subject, ViewStatus,
    conditions::{is_refused, stamp},
    messages::{self, cut},
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

/// Whom the view reaches. Until components take plans, what is decided is enforced at the controller for every instance.
pub(super) fn components(subject: &Subject<'_>) -> Components {
    let instances = instances(subject);
    let dry = subject.report.is_some_and(|report| report.view.mode == Mode::DryRun);
    let in_sync = if dry || is_refused(subject) { 0 } else { instances };
    Components {
        matched: count(subject.reached.len()),
        instances,
        in_sync,
        pending: 0,
        failed: 0,
        unsupported: instances,
        summary: if dry && !is_refused(subject) { String::new() } else { format!("{in_sync}/{instances}") },
    }
}

fn instances(subject: &Subject<'_>) -> u64 {
    subject.reached.iter().map(|(_, instances)| *instances).fold(0, u64::saturating_add)
}

/// What became of each rule for metrics of the version in force, and whether the list was cut.
pub(super) fn rules(subject: &Subject<'_>) -> (Vec<RuleStatus>, bool) {
    let Some(report) = subject.report else { return (Vec::new(), false) };
    let rules = report.rules.iter().take(STATUS_RULES_MAX).map(|rule| rule_status(subject, report, rule)).collect();
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
        enforced_at: EnforcedAt { source: 0, controller: if holds { instances(subject) } else { 0 } },
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
