//! What is worth an event: a change of decision, a refusal, something to look at. Level-based: two statuses tell.
//! Knows neither how often an event is sent nor to whom.

use super::{ACCEPTED, Condition, EXPIRED, EventText, PROGRAMMED, ViewStatus};

/// Conditions that warn when they come.
const WARNINGS: [&str; 3] = ["Conflicted", "Protected", "LimitExceeded"];

/// What happened between two statuses, the refusal first.
pub(super) fn between(before: Option<&ViewStatus>, after: &ViewStatus) -> Vec<EventText> {
    let mut events = Vec::new();
    let was = |kind: &str| before.and_then(|before| before.condition(kind));
    if let Some(refused) = after.condition(ACCEPTED).filter(|accepted| !accepted.is_true()) {
        let told = was(ACCEPTED).is_some_and(|was| !was.is_true() && was.message == refused.message);
        if !told {
            events.push(warning("Refused", refused));
        }
    }
    if let Some(ended) = after.condition(EXPIRED).filter(|_| was(EXPIRED).is_none()) {
        events.push(normal("Expired", ended));
        if was(PROGRAMMED).is_some_and(Condition::is_true) {
            events.extend(after.condition(PROGRAMMED).map(|programmed| normal("Restored", programmed)));
        }
    }
    events.extend(decided(before, after));
    for kind in WARNINGS {
        let Some(said) = after.condition(kind) else { continue };
        if was(kind).is_none_or(|was| was.message != said.message) {
            events.push(warning(kind, said));
        }
    }
    events
}

/// A view that came into force, in another way than before, or that is in force no more because of others.
fn decided(before: Option<&ViewStatus>, after: &ViewStatus) -> Option<EventText> {
    let now = after.condition(PROGRAMMED)?;
    let was = before.and_then(|before| before.condition(PROGRAMMED));
    let in_force_before = was.is_some_and(Condition::is_true);
    if now.is_true() {
        let unchanged = before.is_some_and(|before| {
            before.word() == after.word() && before.effective_hash == after.effective_hash && rules(before) == rules(after)
        });
        return (!unchanged).then(|| normal("Programmed", now));
    }
    // A refusal, a protection and an end have events of their own.
    let by_others = matches!(&*now.reason, "Overridden" | "NoMatch" | "NoTargets" | "DryRun");
    (in_force_before && by_others).then(|| normal(&now.reason, now))
}

/// What the rules came to, without numbers.
fn rules(status: &ViewStatus) -> Vec<(&str, &str, &[String])> {
    status.rules.iter().map(|rule| (&*rule.name, &*rule.state, &*rule.overridden_by)).collect()
}

fn normal(reason: &str, condition: &Condition) -> EventText {
    EventText { warning: false, reason: reason.into(), message: condition.message.clone() }
}

fn warning(reason: &str, condition: &Condition) -> EventText {
    EventText { warning: true, ..normal(reason, condition) }
}
