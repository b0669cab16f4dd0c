//! The sentences of a status: cause, then fix. Every one is bounded in characters and in the names it lists.
//! Knows the report of one view, not who reads the sentences.

use super::{Subject, progress::Progress, time};
use crate::{
    fault::{Fault, Place, code::Code},
    limits::{STATUS_NAMED_MAX, STATUS_REFUSALS_MAX, STATUS_TEXT_CHARS_MAX},
    model::clock::{SECOND, Wall},
    view::{
        plan::RuleRef,
        report::{RuleReport, RuleState, ViewReport},
        spec::{Baseline, Mode, State},
    },
};
use std::collections::BTreeSet;

/// How to lift a protection.
const OVERRIDE: &str = "change the readers first, or annotate the view with `pointsman.dev/override-protected: <reason>`";
/// What holds for instances that do not obey.
const MEANWHILE: &str = "the controller enforces it meanwhile";
/// What to do with a view whose time is over.
const AFTER_END: &str = "delete it, or write a new expiry";

/// The first characters of a text, as many as a status holds; control characters are shown as spaces.
pub(super) fn cut(text: &str) -> String {
    cut_to(text, STATUS_TEXT_CHARS_MAX)
}

fn cut_to(text: &str, most: usize) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let head: String = chars.by_ref().take(most).collect();
    match (chars.next(), head.char_indices().next_back()) {
        (Some(_), Some((last, _))) => format!("{}…", head.get(..last).unwrap_or_default()),
        _ => head,
    }
}

/// Cause, then fix: where both are too long, the cause is cut and the fix stays.
fn sentence(cause: &str, fix: &str) -> String {
    format!("{}; {fix}", cut_to(cause, STATUS_TEXT_CHARS_MAX.saturating_sub(fix.chars().count().saturating_add(2))))
}

/// `a, b and 3 more`, bounded in names.
pub(super) fn listed(names: &[String]) -> String {
    let shown = names.get(..STATUS_NAMED_MAX).unwrap_or(names);
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The field path of a place; empty where there is none.
pub(super) fn field(place: &Place) -> &str {
    match place {
        Place::Text { path, .. } | Place::Field { path, .. } => path,
        Place::Nowhere | Place::File(_) | Place::Setting(_) => "",
    }
}

/// How to mend a fault, in one clause.
pub(super) fn mend(fault: &Fault) -> String {
    match (&*fault.suggestions, &*fault.allowed) {
        ([], []) => fault.fix().to_owned(),
        ([], allowed) => format!("allowed: {}", allowed.join(", ")),
        (near, _) => format!("did you mean `{}`?", near.join("` or `")),
    }
}

/// Why the object is refused: the first error with code, place and fix, and how many more there are.
pub(super) fn refused(faults: &[Fault]) -> String {
    let mut errors = faults.iter().filter(|fault| fault.is_error());
    let Some(first) = errors.next() else { return "the object was not read: its faults are in the log".into() };
    let place = match field(&first.place) {
        "" => String::new(),
        path => format!(" {path}"),
    };
    let more = match errors.count() {
        0 => String::new(),
        more => format!("; and {more} more in status.problems"),
    };
    let cause = format!("{}{place}: {}", first.code.id(), first.message);
    sentence(&cause, &format!("{}{more}", mend(first)))
}

/// What `Programmed` says when the object is refused.
pub(super) fn not_taken(subject: &Subject<'_>) -> String {
    let codes: BTreeSet<String> = subject.faults.iter().filter(|fault| fault.is_error()).map(|fault| fault.code.id()).collect();
    let codes: Vec<String> = codes.into_iter().collect();
    let force = if subject.report.is_some() { "the last good version stays in force" } else { "nothing of it is in force" };
    let why = if codes.is_empty() { "the object is refused".into() } else { format!("refused by {}", listed(&codes)) };
    format!("{why}: {force}; mend the object as `Accepted` says")
}

/// Everything is in force.
pub(super) fn programmed(subject: &Subject<'_>, report: &ViewReport) -> String {
    format!("in force at the controller{}", turned_off(subject, report, "turns off"))
}

/// Some rules are not in force everywhere, and why.
pub(super) fn partly(subject: &Subject<'_>, report: &ViewReport) -> String {
    let not_quite: Vec<String> = report.rules.iter().filter(|rule| rule.state != RuleState::Active).map(what_became_of).collect();
    let off = turned_off(subject, report, "turns off");
    sentence(&format!("in force at the controller{off}; except: {}", listed(&not_quite)), "see status.rules")
}

fn what_became_of(rule: &RuleReport) -> String {
    let name = &rule.name;
    let by: Vec<String> = rule.overridden_by.iter().map(ToString::to_string).collect();
    match rule.state {
        RuleState::Active => format!("rule `{name}` is in force"),
        RuleState::PartiallyOverridden => match (by.is_empty(), rule.protected_by.is_empty()) {
            (true, true) => format!("rule `{name}` does not fit all that it matches"),
            (true, false) => format!("rule `{name}` is held back in part for {}", listed(&rule.protected_by)),
            (false, _) => format!("rule `{name}` is overruled in part by {}", listed(&by)),
        },
        RuleState::Overridden => format!("rule `{name}` is overruled by {}", listed(&by)),
        RuleState::NoMatch => format!("rule `{name}` matches nothing that was seen"),
        RuleState::Invalid => format!("rule `{name}` cannot be applied to what it matches"),
        RuleState::Protected => format!("rule `{name}` is held back for {}", listed(&rule.protected_by)),
        RuleState::Inactive => format!("rule `{name}` has ended"),
    }
}

/// It only computes.
pub(super) fn dry_run(subject: &Subject<'_>, report: &ViewReport) -> String {
    let off = turned_off(subject, report, "would turn off");
    sentence(&format!("changes nothing, status.impact says what it would{off}"), "set `mode: Enforce` to apply it")
}

/// Which instruments are off because of the view. Whoever turns something off is told, and so is who looks.
fn turned_off(subject: &Subject<'_>, report: &ViewReport, verb: &str) -> String {
    let mut names: BTreeSet<String> = BTreeSet::new();
    if let Some(impact) = subject.impact {
        let off = impact.instruments.iter().filter(|change| change.on == (true, false));
        names.extend(off.map(|change| change.instrument.name.to_string()));
    } else {
        let holds = |rule: &&RuleReport| matches!(rule.state, RuleState::Active | RuleState::PartiallyOverridden);
        let disables = |rule: &&RuleReport| {
            report.view.metrics.iter().any(|written| written.name == rule.name && written.state == State::Disabled)
        };
        let off = report.rules.iter().filter(holds).filter(disables).flat_map(|rule| &rule.sample);
        names.extend(off.map(|name| name.to_string()));
    }
    let names: Vec<String> = names.into_iter().collect();
    match (names.is_empty(), report.view.baseline) {
        (false, _) => format!("; {verb} {}", listed(&names)),
        (true, Baseline::None) => format!("; {verb} all that no rule enables"),
        (true, _) => String::new(),
    }
}

/// Nothing that was seen is what the rules mean.
pub(super) fn no_match(subject: &Subject<'_>, report: &ViewReport) -> String {
    let patterns = report.view.metrics.iter().flat_map(|rule| &rule.matches.instruments);
    let patterns: Vec<String> = patterns.map(|pattern| format!("`{}`", pattern.as_str())).collect();
    let near = if subject.suggestions.is_empty() {
        "it applies as soon as something matches".into()
    } else {
        format!("closest: {}", listed(subject.suggestions))
    };
    sentence(&format!("nothing that was seen matches {}", listed(&patterns)), &near)
}

/// No component is what the targets mean.
pub(super) fn no_targets(report: &ViewReport) -> String {
    let fault = report.faults.iter().find(|fault| fault.code == Code::NoTarget);
    match fault {
        Some(fault) => format!("{}; {}", fault.message, mend(fault)),
        None if report.view.targets.is_empty() => "no component in reach has pushed; the view applies as soon as one does".into(),
        None => "no component is what the targets name; the view applies as soon as one is".into(),
    }
}

/// Others win everywhere.
pub(super) fn overridden(report: &ViewReport) -> String {
    let by: BTreeSet<String> = report.rules.iter().flat_map(|rule| &rule.overridden_by).map(ToString::to_string).collect();
    let by: Vec<String> = by.into_iter().collect();
    sentence(&format!("overruled everywhere by {}", listed(&by)), "ask its owner, or delete this view")
}

/// Rules that are held back because somebody reads what they would turn off or drop.
pub(super) fn protected(report: &ViewReport) -> String {
    let held = report.rules.iter().filter(|rule| !rule.protected_by.is_empty());
    let held: Vec<String> =
        held.map(|rule| format!("rule `{}` is held back for {}", rule.name, listed(&rule.protected_by))).collect();
    sentence(&listed(&held), OVERRIDE)
}

/// Its time is over, and when that was.
pub(super) fn ended(report: &ViewReport) -> String {
    let at = report.view.expiry.as_ref().map(|expiry| format!(" at {}", time::format_time(expiry.at))).unwrap_or_default();
    format!("ended{at}; {AFTER_END}")
}

/// Its time is over, and what is in force instead.
pub(super) fn instead(subject: &Subject<'_>, report: &ViewReport) -> String {
    if subject.instead.is_empty() || report.view.mode == Mode::DryRun {
        return sentence("the view has ended, which changes nothing that was seen", AFTER_END);
    }
    sentence(&format!("the view has ended, what it decided is decided now by {}", listed(subject.instead)), AFTER_END)
}

/// Rules of other views that say something else with the same force.
pub(super) fn conflicted(subject: &Subject<'_>, report: &ViewReport) -> Option<String> {
    let tied = report.rules.iter().filter(|rule| !rule.rivals.is_empty());
    let tied: Vec<String> = tied
        .map(|rule| {
            let rivals: Vec<String> = rule.rivals.iter().map(ToString::to_string).collect();
            format!("rule `{}` loses by age or name to {}", rule.name, listed(&rivals))
        })
        .collect();
    if tied.is_empty() {
        return with_code(subject.faults, &report.faults, &[Code::SameTier]);
    }
    Some(sentence(&listed(&tied), "make one of them more specific, or remove one"))
}

/// Everybody obeys, and nothing is left to do.
pub(super) fn at_source(progress: &Progress<'_>) -> String {
    let who = format!("{} instances obey", progress.tally.summary());
    if progress.at_source.is_empty() {
        return format!("{who} their plan, which has nothing to do for this view");
    }
    format!("{who} it at the source")
}

/// Everybody obeys who can, and what the controller does.
pub(super) fn in_part(progress: &Progress<'_>) -> String {
    let (applied, instances) = (progress.tally.applied, progress.tally.instances);
    let mut left = Vec::new();
    match progress.tally.unsupported {
        0 => {}
        1 => left.push("it for 1 that takes no plans".to_owned()),
        more => left.push(format!("it for {more} that take no plans")),
    }
    let rules: Vec<String> = progress.left.iter().map(|rule| rule_word(rule)).collect();
    if !rules.is_empty() {
        left.push(format!("what cannot be done at the source of {}", listed(&rules)));
    }
    format!("{applied}/{instances} instances obey it at the source; the controller enforces {}", left.join(", and "))
}

fn rule_word(rule: &RuleRef) -> String {
    if rule.rule.is_empty() { "the baseline".into() } else { format!("rule `{}`", rule.rule) }
}

/// Somebody has not answered, and since when.
pub(super) fn pending(progress: &Progress<'_>, now: Wall) -> String {
    let n = progress.tally.pending;
    let since = |since: Wall| time::format_time(Wall(since.0.min(now.0) / SECOND * SECOND));
    let who = match (n, progress.waiting) {
        (1, Some((at, key))) => format!("1 instance of {key} has not answered since {}", since(at)),
        (1, None) => "1 instance has not answered".into(),
        (_, Some((at, key))) => format!("{n} instances have not answered, one of {key} since {}", since(at)),
        (_, None) => format!("{n} instances have not answered"),
    };
    sentence(&format!("{}: {who}", progress.tally.summary()), MEANWHILE)
}

/// Somebody refused, in which words.
pub(super) fn apply_failed(progress: &Progress<'_>) -> String {
    let n = progress.tally.failed;
    let refused = if n == 1 { "1 instance refused its plan".into() } else { format!("{n} instances refused their plan") };
    let Some((key, sync)) = progress.worst else { return sentence(&refused, MEANWHILE) };
    let words: Vec<String> = sync.refusals.iter().take(STATUS_REFUSALS_MAX).map(|words| format!("\"{words}\"")).collect();
    let said = if words.is_empty() { "without a word".into() } else { words.join(" and ") };
    let cause = format!("{}: {refused}, {key} says {said}", progress.tally.summary());
    sentence(&cause, MEANWHILE)
}

/// The first fault of some codes, and how many more there are.
pub(super) fn with_code(written: &[Fault], seen: &[Fault], codes: &[Code]) -> Option<String> {
    let mut faults = written.iter().chain(seen).filter(|fault| codes.contains(&fault.code));
    let first = faults.next()?;
    let more = match faults.count() {
        0 => String::new(),
        more => format!("; and {more} more in status.problems"),
    };
    Some(sentence(&first.message, &format!("{}{more}", mend(first))))
}

/// What `Accepted` says of a good object.
pub(super) fn accepted(subject: &Subject<'_>) -> String {
    let warnings = subject.faults.len();
    let mode = subject.report.map(|report| report.view.mode);
    let dry = if mode == Some(Mode::DryRun) { ", and only computed" } else { "" };
    match warnings {
        0 => format!("the spec is valid{dry}"),
        1 => format!("the spec is valid{dry}; 1 remark in status.problems"),
        more => format!("the spec is valid{dry}; {more} remarks in status.problems"),
    }
}
