//! What a component shows of its plans: its library, who is connected, who is in sync, and why not.
//! Words what sessions heard; hears nothing itself.

use pointsman_core::{
    limits::{LIBRARY_CHARS_MAX, STATUS_PENDING_MS, STATUS_REFUSALS_MAX},
    model::clock::{SECOND, Wall},
    view::{
        status::{Condition, bounded},
        sync::{ComponentSync, Tally},
        time,
    },
};
use std::time::Duration;

/// The condition that says whether every instance that takes plans obeys the one of now.
pub(super) const IN_SYNC: &str = "InSync";

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Synced {
    pub(super) library: String,
    pub(super) connected: String,
    pub(super) in_sync: String,
    /// `None`: none of its instances takes plans.
    pub(super) condition: Option<Condition>,
}

/// What is shown now, where so many instances push. An answer takes a moment: until then, what was shown before.
pub(super) fn synced(sync: Option<&ComponentSync>, pushing: u64, before: Option<&Synced>, now: Wall) -> Synced {
    let nobody = ComponentSync::default();
    let sync = sync.unwrap_or(&nobody);
    let tally = sync.tally(pushing);
    let patience = Duration::from_millis(STATUS_PENDING_MS);
    let is_young = sync.failed == 0 && sync.pending_since.is_some_and(|since| sync.pending > 0 && now < since.plus(patience));
    if let Some(before) = before.filter(|_| is_young) {
        return before.clone();
    }
    let known = before.and_then(|before| before.condition.as_ref());
    Synced {
        library: sync.library.chars().take(LIBRARY_CHARS_MAX).collect(),
        connected: format!("{}/{}", sync.connected, tally.instances),
        in_sync: tally.summary(),
        condition: (sync.takers() > 0 && !is_young).then(|| condition(sync, tally, known, now)),
    }
}

fn condition(sync: &ComponentSync, tally: Tally, before: Option<&Condition>, now: Wall) -> Condition {
    let Tally { instances, applied, pending, failed, unsupported } = tally;
    let summary = tally.summary();
    let (holds, reason, message) = if failed > 0 {
        let words: Vec<String> = sync.refusals.iter().take(STATUS_REFUSALS_MAX).map(|words| format!("\"{words}\"")).collect();
        let said = if words.is_empty() { String::new() } else { format!(": {}", words.join(" and ")) };
        (false, "ApplyFailed", format!("{summary}: {failed} of {instances} instances refused the plan{said}"))
    } else if pending > 0 {
        let since = sync.pending_since.map_or_else(String::new, |at| format!(" since {}", whole(at)));
        (false, "Pending", format!("{summary}: {pending} of {instances} instances have not answered{since}"))
    } else if unsupported > 0 {
        let message =
            format!("{applied}/{instances} instances obey the plan; the controller decides for {unsupported} that take none");
        (true, "SomeAtController", message)
    } else {
        (true, "EnforcedAtSource", format!("{summary} instances obey the plan"))
    };
    condition_of(IN_SYNC, (holds, reason, &message), before, sync.since.filter(|_| holds).unwrap_or(now))
}

/// A condition whose time moves only when its status does.
pub(crate) fn condition_of(
    kind: &str,
    (holds, reason, message): (bool, &str, &str),
    before: Option<&Condition>,
    since: Wall,
) -> Condition {
    let status = if holds { "True" } else { "False" };
    let unmoved = before.filter(|before| before.status == status).map(|before| before.last_transition_time.clone());
    Condition {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: bounded(message),
        last_transition_time: unmoved.unwrap_or_else(|| whole(since)),
        observed_generation: None,
    }
}

fn whole(at: Wall) -> String {
    time::format_time(Wall(at.0 / SECOND * SECOND))
}
