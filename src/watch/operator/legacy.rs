//! The operator's and the pools' old names, for rules and dashboards that read them, rebuilt from what is so now: each pool
//! has its own state and no other's, whatever failed meanwhile, and a pool or node that is gone has none. A reason is a word
//! of a closed set, or nothing.

use super::{Operator, images::is_overridden};
use crate::{
    api::{Condition, MachineConfigPool, Status},
    classify, membership,
    membership::Conflict,
    sets::type_of,
    watch::{Observed, unix_seconds},
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::{attribute::McoConditionType, legacy};
use std::collections::BTreeMap;

/// What the operator announced as a state, and never set.
const PAUSED: &str = "Paused";
/// Reasons that a controller gives as a word. Others are sentences with numbers in them.
const REASONS: [&str; 5] = ["BuildFailed", "Building", "BuildSuccess", "BuildPending", "NoLayeredObjects"];

/// Registers them.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<legacy::OsImageUrlOverride>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            if let Some(is_overridden) = is_overridden(pool, seen.world) {
                let value = f64::from(u8::from(is_overridden));
                readings.set(value, legacy::OsImageUrlOverride { pool: name.to_owned().into() });
            }
        }
    });
    observed.metric::<legacy::MccPoolAlert>(|seen, readings| {
        for (name, node) in seen.world.nodes.iter() {
            if membership::of(node, &seen.world.pools).conflict == Some(Conflict::MasterCustom) {
                let (node, exported_node) = (name.to_owned().into(), name.to_owned().into());
                readings.set(1.0, legacy::MccPoolAlert { node, exported_node });
            }
        }
    });
    observed.metric::<legacy::McoState>(|seen, readings| {
        let states: BTreeMap<&str, Vec<State>> =
            (seen.world.pools.iter()).map(|(name, pool)| (name, states(pool, seen.watcher.memory.paused_since(name)))).collect();
        for (node, pool) in members(seen.world) {
            for State { word, reason, since } in states.get(pool).into_iter().flatten() {
                let (node, pool) = (node.to_owned().into(), pool.to_owned().into());
                let (state, reason) = ((*word).into(), (*reason).into());
                readings.set(unix_seconds(*since), legacy::McoState { node, pool, state, reason });
            }
        }
    });
    observe_machines(observed);
}

fn observe_machines(observed: &Observed<Operator>) {
    observed.metric::<legacy::McoMachineCount>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            readings.set(count(pool.status.counts.total), legacy::McoMachineCount { pool: name.to_owned().into() });
        }
    });
    observed.metric::<legacy::McoUpdatedMachineCount>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let reading = legacy::McoUpdatedMachineCount { pool: name.to_owned().into() };
            readings.set(count(pool.status.counts.updated), reading);
        }
    });
    observed.metric::<legacy::McoDegradedMachineCount>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let reading = legacy::McoDegradedMachineCount { pool: name.to_owned().into() };
            readings.set(count(pool.status.counts.degraded), reading);
        }
    });
    observed.metric::<legacy::McoUnavailableMachineCount>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let reading = legacy::McoUnavailableMachineCount { pool: name.to_owned().into() };
            readings.set(count(pool.status.counts.unavailable), reading);
        }
    });
}

/// A state of a pool.
struct State {
    word: &'static str,
    reason: &'static str,
    since: Timestamp,
}

/// The condition that last came true, as the operator chose it, but of this pool alone; and, beside it, that it is paused.
fn states(pool: &MachineConfigPool, paused: Option<Timestamp>) -> Vec<State> {
    let holding = pool.status.conditions.iter().filter(|condition| condition.status == Status::True);
    let known = holding.filter_map(|condition| {
        let word = Some(type_of(&condition.name)).filter(|known| *known != McoConditionType::Other)?.as_str();
        Some(State { word, reason: reason(condition), since: condition.since.at()? })
    });
    // Of several at the same time the first counts.
    let newest = known.reduce(|held, state| if state.since > held.since { state } else { held });
    let paused = paused.map(|since| State { word: PAUSED, reason: "", since });
    newest.into_iter().chain(paused).collect()
}

fn reason(condition: &Condition) -> &'static str {
    if &*condition.name == "NodeDegraded" {
        return classify::degraded(&condition.message).as_str();
    }
    REASONS.into_iter().find(|known| **known == *condition.reason).unwrap_or_default()
}

/// Each node with its pool.
fn members(world: &World) -> impl Iterator<Item = (&str, &str)> {
    world.nodes.iter().filter_map(|(name, node)| Some((name, membership::of(node, &world.pools).pool?)))
}

#[expect(clippy::cast_precision_loss, reason = "machines of a pool are few")]
fn count(machines: i64) -> f64 {
    machines.max(0) as f64
}
