//! Pools: how far they are, what stands in their way, how long the rest may take, and what their phases usually took.
//! Knows the metrics of pools; no node.

use super::{nodes::place, readings::Readings};
use crate::web::model::screens::{Pool, Slowest, Usual};
use pointsman_instrument::{
    metric::Metric,
    semconv::{attribute::McoMachineState, mco},
};
use std::collections::BTreeMap;

type Pools = BTreeMap<String, Pool>;

/// Every pool of which anything is known, by name.
pub(super) fn list(readings: &Readings) -> Vec<Pool> {
    let mut pools = Pools::new();
    for (_, pool, state, _, value) in readings.each::<mco::PoolMachineCount>() {
        entry(&mut pools, pool).machines.insert(state.to_owned(), whole(value));
    }
    for (_, pool, condition, ..) in holding::<mco::PoolConditionStatus>(readings) {
        entry(&mut pools, pool).conditions.push(condition.to_owned());
    }
    for (_, pool, reason, ..) in holding::<mco::PoolStalled>(readings) {
        entry(&mut pools, pool).stalled.push(reason.to_owned());
    }
    for (_, pool, ..) in holding::<mco::PoolPaused>(readings) {
        entry(&mut pools, pool).paused = true;
    }
    for (_, pool, ..) in holding::<mco::PoolUpdatePending>(readings) {
        entry(&mut pools, pool).pending = true;
    }
    for (_, pool, _, _, age) in readings.each::<mco::PoolUpdatePendingAge>() {
        let pool = entry(&mut pools, pool);
        pool.pending_seconds = Some(age).filter(|_| pool.pending);
    }
    for (_, pool, _, _, value) in readings.each::<mco::PoolMaxUnavailable>() {
        entry(&mut pools, pool).max_unavailable = Some(whole(value));
    }
    let mut pools: Vec<Pool> = pools.into_values().collect();
    for pool in &mut pools {
        pool.usual_update_seconds = readings.updates.get(&pool.name).and_then(|spread| spread.seconds(0.5));
        pool.left_seconds = left(pool);
        pool.slowest_phase = slowest(readings, &pool.name);
    }
    pools
}

fn holding<M: Metric>(readings: &Readings) -> impl Iterator<Item = (&str, &str, &str, u64, f64)> {
    readings.each::<M>().filter(|(.., value)| *value > 0.0)
}

fn entry<'p>(pools: &'p mut Pools, name: &str) -> &'p mut Pool {
    pools.entry(name.to_owned()).or_insert_with(|| Pool { name: name.to_owned(), ..Pool::default() })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count: what is none becomes 0 or the largest")]
const fn whole(value: f64) -> u64 {
    value as u64
}

/// Rounds of as many machines as may be away, each of the usual time. Nothing is said of a pool that does not move.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn left(pool: &Pool) -> Option<f64> {
    let count = |state: McoMachineState| pool.machines.get(state.as_str()).copied();
    let rest = count(McoMachineState::Total)?.checked_sub(count(McoMachineState::Updated)?).filter(|rest| *rest > 0)?;
    let rounds = rest.div_ceil(pool.max_unavailable?.max(1));
    let moves = !pool.paused && pool.stalled.is_empty();
    pool.usual_update_seconds.filter(|_| moves).map(|usual| usual * rounds as f64)
}

/// Of phases that hold no others, or time would count twice.
fn slowest(readings: &Readings, pool: &str) -> Option<Slowest> {
    let mine = || readings.phases.iter().filter(|((of, _), _)| of == pool);
    let all: f64 = mine().map(|(_, spread)| spread.sum).sum();
    let ((_, phase), most) = mine().max_by(|(_, a), (_, b)| a.sum.total_cmp(&b.sum))?;
    (all > 0.0).then(|| Slowest { phase: phase.clone(), share: most.sum / all })
}

/// What phases took, of each pool in the order of an update.
pub(super) fn usual(readings: &Readings) -> Vec<Usual> {
    let usual = |((pool, phase), spread): (&(String, String), &super::super::spread::Spread)| Usual {
        pool: pool.clone(),
        phase: phase.clone(),
        count: spread.count,
        p50_seconds: spread.seconds(0.5),
        p95_seconds: spread.seconds(0.95),
    };
    let mut all: Vec<Usual> = readings.phases.iter().map(usual).collect();
    all.sort_by_cached_key(|usual| (usual.pool.clone(), place(&usual.phase), usual.phase.clone()));
    all
}
