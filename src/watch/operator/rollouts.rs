//! How long rollouts of pools take, and how they end: rows that need pools and nodes alone. The same state machine as the one
//! behind the traces, and the same ids, so that a trace stands as an example beside each time.

use crate::{
    rollout::{
        Gap,
        gates::Name,
        meters::{add, record},
        pool::{Moved, PoolTracker, Step},
    },
    table::Delta,
    watch::seconds_since,
    world::{Change, World},
};
use jiff::Timestamp;
use pointsman_instrument::{
    Telemetry,
    metric::{Counter, Histogram},
    semconv::{
        attribute::{self, McoResult},
        mco,
    },
    span::Place,
};
use std::{fmt, sync::Arc};

/// How a rollout ends that is counted; others were given up, not ended.
const RESULTS: [McoResult; 2] = [McoResult::Completed, McoResult::Superseded];

/// The rollouts of all pools.
#[derive(Debug, Default)]
pub(super) struct Rollouts {
    pools: PoolTracker,
    gap: Gap,
    meters: Option<Meters>,
}

/// They are there while the role speaks.
struct Meters {
    telemetry: Arc<Telemetry>,
    duration: Histogram<mco::PoolUpdateDuration>,
    count: Counter<mco::PoolUpdateCount>,
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Rollouts {
    pub(super) fn of_cluster(&mut self, uid: &str, world: &World) {
        self.pools.of_cluster(uid, world);
    }

    pub(super) fn attach(&mut self, telemetry: &Arc<Telemetry>, world: &World, now: Timestamp) {
        self.pools.begin(world, now);
        let (duration, count) = (telemetry.histogram(), telemetry.counter());
        self.meters = Some(Meters { telemetry: Arc::clone(telemetry), duration, count });
    }

    pub(super) fn begin_pools(&self, world: &World) {
        if let Some(meters) = &self.meters {
            world.pools.iter().for_each(|(name, _)| meters.begin_pool(name));
        }
    }

    pub(super) fn detach(&mut self) {
        self.meters = None;
    }

    /// Answers the span of the rollout that moved.
    pub(super) fn changed(&mut self, change: &Change, world: &World, now: Timestamp) -> Option<Place> {
        if let (Change::MachineConfigPool(Delta { before: None, name, .. }), Some(meters)) = (change, &self.meters) {
            meters.begin_pool(name);
        }
        let is_first = match change {
            Change::MachineConfigPool(delta) => delta.is_first,
            Change::Node(delta) => delta.is_first,
            _ => return None,
        };
        let moved = self.pools.changed(change, world, self.gap.sight(now, is_first));
        let place = moved.iter().find_map(place_of).filter(|_| self.meters.as_ref().is_some_and(Meters::are_rollouts_traced));
        self.record(moved);
        if let (Change::MachineConfigPool(Delta { after: None, name, .. }), Some(meters)) = (change, &self.meters) {
            meters.telemetry.end_where(attribute::MCO_POOL_NAME, name);
        }
        place
    }

    pub(super) fn tick(&mut self, world: &World, now: Timestamp) {
        self.pools.begin(world, now);
        self.gap.tick(world, &PoolTracker::LATE);
        let moved = self.pools.tick(now);
        self.record(moved);
    }

    fn record(&self, moved: Vec<Moved>) {
        let Some(meters) = &self.meters else { return };
        for (pool, step) in moved {
            let Step::Ended(rollout, result, end) = step else { continue };
            if !RESULTS.contains(&result) {
                continue;
            }
            let pool_name = || String::from(&*pool).into();
            let place = Some(rollout.place).filter(|_| meters.are_rollouts_traced());
            if let Some(on) = meters.count.on() {
                add(&on, mco::PoolUpdateCount { pool_name: pool_name(), result }, place);
            }
            if let Some(on) = meters.duration.on().filter(|_| rollout.start.is_measured()) {
                let took = seconds_since(end.at, rollout.start.at);
                record(&on, took, mco::PoolUpdateDuration { pool_name: pool_name(), result }, place);
            }
        }
    }
}

impl Meters {
    /// Whether the spans of rollouts are made, by whichever watcher.
    fn are_rollouts_traced(&self) -> bool {
        Name::Rollout.lives(&self.telemetry)
    }

    /// A pool is there.
    fn begin_pool(&self, pool: &str) {
        if let Some(on) = self.count.on() {
            RESULTS.into_iter().for_each(|result| on.add(0, mco::PoolUpdateCount { pool_name: pool.to_owned().into(), result }));
        }
    }
}

const fn place_of((_, step): &Moved) -> Option<Place> {
    match step {
        Step::Opened(rollout) | Step::Ended(rollout, ..) => Some(rollout.place),
        Step::Paused | Step::Resumed => None,
    }
}
