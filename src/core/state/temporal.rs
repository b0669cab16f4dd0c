//! What the times of a point say against the times of its series (rules TM-07 to TM-13). Compares times of one stream
//! only, never with a clock of ours. Knows no values.

use crate::model::reject::Reason;

/// What to do with a cumulative point or a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cumulative {
    /// Nothing stood there.
    First,
    /// The same writer goes on.
    Next,
    /// A newer start: the count began anew.
    Reset,
    /// Older than what stands there: dropped, but nobody's fault.
    Superseded,
}

/// Judges a cumulative point. A start of 0 is unknown and fits every other.
#[inline]
pub(crate) fn cumulative(slot_start: u64, slot_time: u64, start: u64, time: u64) -> Result<Cumulative, Reason> {
    if slot_time == 0 {
        return Ok(Cumulative::First);
    }
    if start == slot_start || start == 0 || slot_start == 0 {
        return Ok(if time < slot_time { Cumulative::Superseded } else { Cumulative::Next });
    }
    if start > slot_start {
        return Ok(Cumulative::Reset);
    }
    // From before the take-over it is a late delivery; after it, a second writer of the same identity.
    if time <= slot_start { Ok(Cumulative::Superseded) } else { Err(Reason::OldWriter) }
}

/// What to do with a delta point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delta {
    /// Nothing stood there: its start becomes the start.
    First,
    /// Goes on where the last one ended, or does not say where it began.
    Add,
    /// Time is missing before it: added as well, and counted.
    Gap,
    /// The very same interval again: a retry, answered as success and not added.
    Retried,
}

/// Judges a delta point; `last_start` is where the last added interval began.
#[inline]
pub(crate) fn delta(slot_time: u64, last_start: u64, start: u64, time: u64) -> Result<Delta, Reason> {
    if slot_time == 0 {
        return Ok(Delta::First);
    }
    if time == slot_time && start == last_start {
        return Ok(Delta::Retried);
    }
    if time <= slot_time || (start != 0 && start < slot_time) {
        return Err(Reason::LateDelta);
    }
    Ok(if start > slot_time { Delta::Gap } else { Delta::Add })
}
