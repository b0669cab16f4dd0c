//! The slowest turns of reconcile loops, from their spans, whether there are back ends or not. A span that is faster than all
//! that are kept costs one comparison. Keeps no attributes.

use super::recent::{RecentSpan, summary};
use parking_lot::Mutex;
use pointsman_core::{
    limits::{SLOW_TURN_MS_MAX, SLOW_TURNS_MAX},
    model::clock::Mono,
    traces::decide::KeptSpan,
};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How names of such spans begin, as operators name them: `reconcile NODE`, `Reconcile`, `reconcile.node`.
const BEGINNING: &str = "reconcile";

/// A slow turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowTurn {
    /// Its trace.
    pub trace_id: [u8; 16],
    /// Itself.
    pub span: RecentSpan,
    /// When it came.
    came: Mono,
}

/// See the head of the file.
#[derive(Debug, Default)]
pub struct Slow {
    /// Nanoseconds that a span must take to be kept; 0 while there is room, and while one of those that are kept is old.
    floor: AtomicU64,
    /// When the first of those that are kept gets old, in nanoseconds of the monotonic clock.
    until: AtomicU64,
    turns: Mutex<Vec<SlowTurn>>,
}

impl Slow {
    /// Remembers a span, if it is one of the slowest turns.
    pub fn add(&self, kept: &KeptSpan<'_>, now: Mono) {
        let duration = kept.raw.end.saturating_sub(kept.raw.start);
        let is_slow = duration > self.floor.load(Relaxed) || now.0 >= self.until.load(Relaxed);
        if !is_slow || !is_turn(kept.name) {
            return;
        }
        let mut turns = self.turns.lock();
        turns.retain(|turn| !turn.is_old(now));
        turns.push(SlowTurn { trace_id: kept.trace_id, span: summary(kept), came: now });
        turns.sort_by_key(|turn| std::cmp::Reverse(turn.span.duration));
        turns.truncate(SLOW_TURNS_MAX);
        let fastest = turns.last().filter(|_| turns.len() >= SLOW_TURNS_MAX).map_or(0, |turn| nanos(turn.span.duration));
        let until = turns.iter().map(|turn| turn.came.0.saturating_add(nanos(age_max()))).min().unwrap_or(u64::MAX);
        self.floor.store(fastest, Relaxed);
        self.until.store(until, Relaxed);
    }

    /// The slowest first.
    #[must_use]
    pub fn turns(&self, now: Mono) -> Vec<SlowTurn> {
        self.turns.lock().iter().filter(|turn| !turn.is_old(now)).cloned().collect()
    }
}

impl SlowTurn {
    fn is_old(&self, now: Mono) -> bool {
        now.since(self.came) >= age_max()
    }
}

const fn age_max() -> Duration {
    Duration::from_millis(SLOW_TURN_MS_MAX)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn is_turn(name: &str) -> bool {
    name.get(..BEGINNING.len()).is_some_and(|start| start.eq_ignore_ascii_case(BEGINNING))
}

#[cfg(test)]
mod tests;
