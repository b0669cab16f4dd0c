//! A plan that is obeyed, with all that is known of it: its bytes, where it came from and when, which of its steps passed.
//! Pure; what it does to instruments is `telemetry`'s.

use super::{
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
    /// What its controller said of its steps when it came.
    pub(super) expiry: Expiry,
    /// When it came, by the wall; maybe to an earlier process.
    pub(super) received: SystemTime,
    pub(super) steps: Steps,
}

impl Held {
    /// Reads a plan that came now.
    ///
    /// # Errors
    /// When it is none that can be obeyed.
    pub(super) fn read(body: Bytes, expiry: Expiry, source: PlanSource, now: Now) -> Result<Self, PlanError> {
        Self::again(body, expiry, source, now.wall, now)
    }

    /// Reads one that came earlier.
    ///
    /// # Errors
    /// When it is none that can be obeyed.
    pub(super) fn again(
        body: Bytes,
        expiry: Expiry,
        source: PlanSource,
        received: SystemTime,
        now: Now,
    ) -> Result<Self, PlanError> {
        let plan = Plan::read(&body)?;
        Plan::verify(&body)?;
        let steps = Steps::new(&plan, &expiry, received, now);
        Ok(Self { plan: Arc::new(plan), body, source, expiry, received, steps })
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
