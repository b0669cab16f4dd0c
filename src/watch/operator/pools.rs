//! Readings of the pools as they are now: whatever their objects say, at each export.
//! Remembers nothing.

use super::Operator;
use crate::{
    api::{Condition, MachineConfigPool, Status},
    watch::{Observed, seconds_since},
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::{
    attribute::{McoConditionStatus, McoConditionType, McoMachineState},
    mco,
};

/// The conditions that something sets; others are declared and never seen.
const CONDITIONS: [McoConditionType; 7] = [
    McoConditionType::Updated,
    McoConditionType::Updating,
    McoConditionType::Degraded,
    McoConditionType::NodeDegraded,
    McoConditionType::RenderDegraded,
    McoConditionType::ImageBuildDegraded,
    McoConditionType::PinnedImageSetsDegraded,
];

/// Registers them.
pub(super) fn observe(observed: &Observed<Operator>) {
    observe_machines(observed);
    observe_conditions(observed);
    observe_target(observed);
    observed.metric::<mco::PoolPaused>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            readings.set(i64::from(pool.spec.paused), mco::PoolPaused { pool_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::PoolObservedGenerationLag>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let lag = pool.metadata.generation.saturating_sub(pool.status.observed_generation).max(0);
            readings.set(lag as f64, mco::PoolObservedGenerationLag { pool_name: name.to_owned().into() });
        }
    });
}

fn observe_machines(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolMachineCount>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            for machine_state in McoMachineState::ALL {
                let counts = &pool.status.counts;
                let count = match machine_state {
                    McoMachineState::Total => counts.total,
                    McoMachineState::Updated => counts.updated,
                    McoMachineState::Ready => counts.ready,
                    McoMachineState::Unavailable => counts.unavailable,
                    McoMachineState::Degraded => counts.degraded,
                };
                readings.set(count.max(0), mco::PoolMachineCount { pool_name: name.to_owned().into(), machine_state });
            }
        }
    });
    observed.metric::<mco::PoolProgressRatio>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            readings.set(progress(pool), mco::PoolProgressRatio { pool_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::PoolMaxUnavailable>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            readings.set(max_unavailable(pool), mco::PoolMaxUnavailable { pool_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::PoolUpdateCapacity>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            readings.set(capacity(pool), mco::PoolUpdateCapacity { pool_name: name.to_owned().into() });
        }
    });
}

fn observe_conditions(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolConditionStatus>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            for condition_type in CONDITIONS {
                // An absent condition is as good as unknown, as everywhere in Kubernetes: so one of the three is always 1.
                let is = Condition::find(&pool.status.conditions, condition_type.as_str())
                    .map_or(McoConditionStatus::Unknown, |condition| condition.status.into());
                for condition_status in McoConditionStatus::ALL {
                    let set = mco::PoolConditionStatus { pool_name: name.to_owned().into(), condition_type, condition_status };
                    readings.set(i64::from(is == condition_status), set);
                }
            }
        }
    });
    observed.metric::<mco::PoolConditionAge>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            for condition_type in CONDITIONS {
                let condition = Condition::find(&pool.status.conditions, condition_type.as_str());
                if let Some(since) = condition.and_then(|condition| condition.since.at()) {
                    let set = mco::PoolConditionAge { pool_name: name.to_owned().into(), condition_type };
                    readings.set(seconds_since(seen.now, since), set);
                }
            }
        }
    });
}

fn observe_target(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolUpdatePending>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let is_pending = i64::from(pending(pool).is_some());
            readings.set(is_pending, mco::PoolUpdatePending { pool_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::PoolUpdatePendingAge>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            if let Some(created) = pending(pool).and_then(|target| created(seen.world, target)) {
                let set = mco::PoolUpdatePendingAge { pool_name: name.to_owned().into() };
                readings.set(seconds_since(seen.now, created), set);
            }
        }
    });
}

/// The target that not all nodes have reached: whatever the conditions say, for they also move when a node is merely away.
pub(super) fn pending(pool: &MachineConfigPool) -> Option<&str> {
    let target = &*pool.spec.configuration.name;
    (!target.is_empty() && *target != *pool.status.configuration.name).then_some(target)
}

/// When a config was made.
pub(super) fn created(world: &World, config: &str) -> Option<Timestamp> {
    world.configs.get(config)?.metadata.created.at()
}

/// Since when the last condition of this type has this status, where that is known.
pub(super) fn since(pool: &MachineConfigPool, condition: &str, status: Status) -> Option<Timestamp> {
    Condition::find(&pool.status.conditions, condition).filter(|condition| condition.status == status)?.since.at()
}

/// Machines that may be taken away now.
pub(super) fn capacity(pool: &MachineConfigPool) -> i64 {
    max_unavailable(pool).saturating_sub(pool.status.counts.unavailable).max(0)
}

fn max_unavailable(pool: &MachineConfigPool) -> i64 {
    pool.spec.max_unavailable.of(pool.status.counts.total)
}

/// A pool without machines has nothing left to do.
fn progress(pool: &MachineConfigPool) -> f64 {
    let counts = pool.status.counts;
    if counts.total <= 0 { 1.0 } else { (counts.updated as f64 / counts.total as f64).clamp(0.0, 1.0) }
}
