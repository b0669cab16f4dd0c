//! The conditions of a view: Accepted, Programmed and InSync, and those that are there only when True.
//! Decides which hold, and since when; the sentences are those of `messages`.

use super::{
    ACCEPTED, Condition, EXPIRED, IN_SYNC, PROGRAMMED, Subject,
    messages::{self, cut},
    progress::{Progress, Ripe},
    time,
};
use crate::{
    fault::{Fault, code::Code},
    limits::STATUS_CONDITIONS_MAX,
    model::clock::{SECOND, Wall},
    view::{
        report::{Status, ViewReport},
        spec::Mode,
    },
};

/// A condition before it has a time.
struct Said {
    kind: &'static str,
    /// `None` = that is not known.
    holds: Option<bool>,
    reason: &'static str,
    message: String,
}

/// Every condition of a view, those that always are first.
pub(super) fn all(subject: &Subject<'_>, progress: &Progress<'_>, ripe: Ripe<'_>) -> Vec<Condition> {
    let mut conditions = vec![since(subject, accepted(subject)), since(subject, programmed(subject))];
    conditions.extend(match ripe {
        Ripe::Kept(before) => before.cloned(),
        Ripe::Unknown => Some(since(subject, settling())),
        Ripe::Now => in_sync(subject, progress).map(|said| since(subject, said)),
    });
    let mut said = Vec::new();
    let report = subject.report.filter(|_| !is_refused(subject));
    let seen = report.map_or(&[][..], |report| &report.faults);
    if let Some(message) = messages::with_code(subject.faults, seen, &[Code::TooMany, Code::OverCap]) {
        said.push(Said { kind: "LimitExceeded", holds: Some(true), reason: "OverCap", message });
    }
    said.extend(report.map(|report| special(subject, report)).unwrap_or_default());
    conditions.extend(said.into_iter().map(|said| since(subject, said)));
    conditions.truncate(STATUS_CONDITIONS_MAX);
    conditions
}

/// Whether the object as it is now is not in force.
pub(super) fn is_refused(subject: &Subject<'_>) -> bool {
    subject.kept || subject.report.is_none() || subject.faults.iter().any(Fault::is_error)
}

/// A moment as Kubernetes writes it: whole seconds.
pub(super) fn stamp(now: Wall) -> String {
    time::format_time(Wall(now.0.saturating_sub(now.0 % SECOND)))
}

fn accepted(subject: &Subject<'_>) -> Said {
    if is_refused(subject) {
        return Said { kind: ACCEPTED, holds: Some(false), reason: "Refused", message: messages::refused(subject.faults) };
    }
    Said { kind: ACCEPTED, holds: Some(true), reason: "Accepted", message: messages::accepted(subject) }
}

fn programmed(subject: &Subject<'_>) -> Said {
    let Some(report) = subject.report.filter(|_| !is_refused(subject)) else {
        return Said { kind: PROGRAMMED, holds: Some(false), reason: "Refused", message: messages::not_taken(subject) };
    };
    let (holds, reason, message) = match report.status {
        Status::Programmed => (true, "Programmed", messages::programmed(subject, report)),
        Status::PartiallyProgrammed => (true, "PartiallyProgrammed", messages::partly(subject, report)),
        Status::DryRun => (false, "DryRun", messages::dry_run(subject, report)),
        Status::NoMatch => (false, "NoMatch", messages::no_match(subject, report)),
        Status::NoTargets => (false, "NoTargets", messages::no_targets(report)),
        Status::Overridden => (false, "Overridden", messages::overridden(report)),
        Status::Protected => (false, "Protected", messages::protected(report)),
        Status::Expired => (false, "Expired", messages::instead(subject, report)),
    };
    Said { kind: PROGRAMMED, holds: Some(holds), reason, message }
}

/// Whether every instance that takes plans obeys this version; the controller enforces it for the others and meanwhile. A dry
/// run has nothing to be in sync with.
fn in_sync(subject: &Subject<'_>, progress: &Progress<'_>) -> Option<Said> {
    let said = |holds, reason, message| Said { kind: IN_SYNC, holds: Some(holds), reason, message };
    if is_refused(subject) {
        let message = "the object as it is now is refused; mend it as `Accepted` says".into();
        return Some(said(false, "Refused", message));
    }
    if subject.report.is_some_and(|report| report.view.mode == Mode::DryRun) {
        return None;
    }
    let Progress { tally, at_source, left, .. } = progress;
    Some(if tally.failed > 0 {
        said(false, "ApplyFailed", messages::apply_failed(progress))
    } else if tally.pending > 0 {
        said(false, "Pending", messages::pending(progress, subject.now))
    } else if tally.applied == 0 {
        let message = "the controller enforces it for every instance; nothing is gated at the source".into();
        said(true, "EnforcedAtController", message)
    } else if tally.unsupported == 0 && left.is_empty() {
        said(true, "EnforcedAtSource", messages::at_source(progress))
    } else if at_source.is_empty() && !left.is_empty() {
        said(true, "EnforcedAtController", messages::in_part(progress))
    } else {
        said(true, "SomeAtController", messages::in_part(progress))
    })
}

fn settling() -> Said {
    let message = "the controller has started, and instances are coming back to it; it enforces the view meanwhile".into();
    Said { kind: IN_SYNC, holds: None, reason: "Settling", message }
}

/// Conditions that are there only when they hold. What a rule of an ended view would do is nobody's trouble.
fn special(subject: &Subject<'_>, report: &ViewReport) -> Vec<Said> {
    let mut said = Vec::new();
    let mut add = |kind, reason, message| said.push(Said { kind, holds: Some(true), reason, message });
    if report.status == Status::Expired {
        add(EXPIRED, "Expired", messages::ended(report));
        return said;
    }
    if let Some(message) = messages::conflicted(subject, report) {
        add("Conflicted", "SameTier", message);
    }
    if report.rules.iter().any(|rule| !rule.protected_by.is_empty()) {
        add("Protected", "ReadByOthers", messages::protected(report));
    }
    if report.components == 0 {
        add("TargetsEmpty", "NoComponent", messages::no_targets(report));
    }
    said
}

/// The time moves only when the status does.
fn since(subject: &Subject<'_>, said: Said) -> Condition {
    let status = said.holds.map_or("Unknown", |holds| if holds { "True" } else { "False" });
    let before = subject.before.and_then(|before| before.condition(said.kind)).filter(|before| before.status == status);
    let unmoved = before.map(|before| before.last_transition_time.clone()).filter(|time| !time.is_empty());
    Condition {
        kind: said.kind.into(),
        status: status.into(),
        reason: said.reason.into(),
        message: cut(&said.message),
        last_transition_time: unmoved.unwrap_or_else(|| stamp(subject.now)),
        observed_generation: subject.generation,
    }
}
