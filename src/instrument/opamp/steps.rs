//! When the parts of a plan end, told by two clocks: one that only runs while the process does, and the wall's, which may
//! jump. Whichever says first that a moment has come is believed. Pure: both clocks are passed in.

#[cfg(test)]
mod tests;

use super::{messages::Expiry, plan::Plan};
use crate::limits::CLOCK_CHECK;
use std::time::{Duration, SystemTime};

/// A moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Now {
    /// Since some moment of this process.
    pub(super) mono: Duration,
    /// By the wall.
    pub(super) wall: SystemTime,
}

/// The steps of one plan.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    due: Vec<Now>,
    passed: usize,
}

impl Steps {
    /// Those of a plan that came at `received`, by the wall, maybe to an earlier process. `expiry` is what its controller
    /// said of how far each is; where it said nothing the wall alone decides. Of a plan that came earlier less is left: what
    /// passed since by the wall, unless that cannot be. A start extends nothing.
    pub(super) fn new(plan: &Plan, expiry: &Expiry, received: SystemTime, now: Now) -> Self {
        let mut said = expiry.remaining_ms.iter().map(|ms| Duration::from_millis(*ms));
        let since = now.wall.duration_since(received).unwrap_or_default();
        let due = plan.next.iter().map(|step| {
            let left = said.next().unwrap_or_else(|| step.at.duration_since(received).unwrap_or_default());
            // A wall clock that was ahead of the controller's when the plan came is read with that difference: else a part
            // would end at once that the controller just said to obey.
            let wall = received.checked_add(left).map_or(step.at, |wall| wall.max(step.at));
            Now { mono: now.mono.saturating_add(left.checked_sub(since).unwrap_or(left)), wall }
        });
        let mut steps = Self { due: due.collect(), passed: 0 };
        steps.pass(now);
        steps
    }

    /// How far each is by the clock of the process; those that passed are not far.
    pub(super) fn left(&self, now: Now) -> Vec<Duration> {
        let far = self.due.iter().map(|due| due.mono.saturating_sub(now.mono));
        far.enumerate().map(|(step, far)| if step < self.passed { Duration::ZERO } else { far }).collect()
    }

    /// None comes later than at these moments of the process.
    pub(super) fn no_later(&mut self, ends: &[Duration], now: Now) {
        self.due.iter_mut().zip(ends).for_each(|(due, end)| due.mono = due.mono.min(*end));
        self.pass(now);
    }

    /// How many have passed.
    pub(super) fn passed(&self) -> usize {
        self.passed
    }

    /// Looks at the clocks; whether more have passed than before. What has passed stays so, whatever a clock says later.
    pub(super) fn pass(&mut self, now: Now) -> bool {
        let come = |due: &Now| due.mono <= now.mono || due.wall <= now.wall;
        let passed = self.due.iter().rposition(come).map_or(0, |last| last.saturating_add(1));
        let more = passed > self.passed;
        self.passed = self.passed.max(passed);
        more
    }

    /// When to look again, if ever: no later than [`CLOCK_CHECK`], since the wall may jump.
    pub(super) fn wait(&self, now: Now) -> Option<Duration> {
        let left = |due: &Now| {
            let wall = due.wall.duration_since(now.wall).unwrap_or_default();
            due.mono.saturating_sub(now.mono).min(wall)
        };
        self.due.iter().skip(self.passed).map(left).min().map(|left| left.min(CLOCK_CHECK))
    }
}
