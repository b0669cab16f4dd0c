//! A plan that is obeyed, with all that is known of it: its bytes, where it came from and when, which of its steps passed.
//! Pure; what it does to instruments is `telemetry`'s.

use super::{
    kept::Kept,
    messages::Expiry,
    plan::{Plan, PlanError, PlanHash},
    steps::{Now, Steps},
};
use crate::{limits::STEP_SLACK, telemetry::PlanSource};
use bytes::Bytes;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A plan and its circumstances.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) plan: Arc<Plan>,
    /// As it came.
    pub(super) body: Bytes,
    pub(super) source: PlanSource,
    pub(super) steps: Steps,
}

impl Held {
    /// Reads a plan that came now.
    ///
    /// # Errors
    /// When it is none that can be obeyed.
    pub(super) fn read(body: Bytes, expiry: Expiry, source: PlanSource, now: Now) -> Result<Self, PlanError> {
        Self::again(body, &expiry, source, now.wall, now)
    }

    /// Reads one that came earlier.
    ///
    /// # Errors
    /// When it is none that can be obeyed.
    pub(super) fn again(
        body: Bytes,
        expiry: &Expiry,
        source: PlanSource,
        received: SystemTime,
        now: Now,
    ) -> Result<Self, PlanError> {
        let plan = Plan::read(&body)?;
        Plan::verify(&body)?;
        let steps = Steps::new(&plan, expiry, received, now);
        Ok(Self { plan: Arc::new(plan), body, source, steps })
    }

    /// The same, of which no part ends later than at these moments of the process.
    pub(super) fn no_later(mut self, ends: &[Duration], now: Now) -> Self {
        self.steps.no_later(ends, now);
        self
    }

    /// As it is kept: with what is left of it now, so that a part that ended stays so.
    pub(super) fn kept(&self, now: Now) -> Kept {
        let left = self.steps.left(now);
        let remaining_ms = left.iter().map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)).collect();
        Kept { body: self.body.clone(), expiry: Expiry { remaining_ms }, received: now.wall }
    }

    /// Its name as of now.
    pub(super) fn hash(&self) -> PlanHash {
        self.plan.hash_after(self.steps.passed())
    }

    /// Whether an offer says no more than this: the same plan, of which a step passed here a moment ago that the controller
    /// is about to pass as well. To go back to it would switch instruments for that moment.
    pub(super) fn is_as_good_as(&self, hash: &[u8], expiry: &Expiry) -> bool {
        let last = self.steps.passed().checked_sub(1).and_then(|last| expiry.remaining_ms.get(last));
        self.plan.hash.0 == hash && last.is_some_and(|ms| Duration::from_millis(*ms) <= STEP_SLACK)
    }
}
