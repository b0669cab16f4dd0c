//! Counters and histograms of the role, made when it begins to speak; those of known pools and parts begin at 0.
//! Knows when a pool's series begin and end, not what is counted.

use super::leases;
use pointsman_instrument::{
    Telemetry,
    metric::{Counter, Histogram},
    semconv::{
        attribute::{self, McoResult},
        mco,
    },
};
use std::{fmt, sync::Arc};

/// How a build may end.
pub(super) const ENDS: [McoResult; 3] = [McoResult::Succeeded, McoResult::Failed, McoResult::Interrupted];

/// All of them.
pub(super) struct Meters {
    telemetry: Arc<Telemetry>,
    pub(super) lease_transitions: Counter<mco::ControllerLeaseTransitions>,
    pub(super) renders: Counter<mco::RenderCount>,
    pub(super) builds: Counter<mco::BuildCount>,
    pub(super) build_duration: Histogram<mco::BuildDuration>,
    pub(super) build_queue: Histogram<mco::BuildQueueDuration>,
    pub(super) retries: Counter<mco::BuildRetries>,
    pub(super) triggers: Counter<mco::BuildTriggerCount>,
}

impl Meters {
    pub(super) fn new(telemetry: &Arc<Telemetry>) -> Self {
        Self {
            telemetry: Arc::clone(telemetry),
            lease_transitions: telemetry.counter(),
            renders: telemetry.counter(),
            builds: telemetry.counter(),
            build_duration: telemetry.histogram(),
            build_queue: telemetry.histogram(),
            retries: telemetry.counter(),
            triggers: telemetry.counter(),
        }
    }

    /// Each part may change its leader.
    pub(super) fn begin_leases(&self) {
        for (_, component) in leases::NAMES {
            self.lease_transitions.on().inspect(|on| on.add(0, mco::ControllerLeaseTransitions { component }));
        }
    }

    /// A pool is there.
    pub(super) fn begin(&self, pool: &str) {
        self.renders.on().inspect(|on| on.add(0, mco::RenderCount { pool_name: pool.to_owned().into() }));
    }

    /// Images are built for a pool; more than once is as good as once.
    pub(super) fn begin_builds(&self, pool: &str) {
        for result in ENDS {
            self.builds.on().inspect(|on| on.add(0, mco::BuildCount { pool_name: pool.to_owned().into(), result }));
        }
        self.retries.on().inspect(|on| on.add(0, mco::BuildRetries { pool_name: pool.to_owned().into() }));
        self.triggers.on().inspect(|on| on.add(0, mco::BuildTriggerCount { pool_name: pool.to_owned().into() }));
    }

    /// A pool is gone, and all of its series with it.
    pub(super) fn end(&self, pool: &str) {
        self.telemetry.end_where(attribute::MCO_POOL_NAME, pool);
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}
