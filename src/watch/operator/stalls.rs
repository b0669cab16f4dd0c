//! Rollouts that stand still, and why: one cause a pool, the first that holds in a fixed order from what a node does to what
//! its pool lacks. Remembers nothing; see `memory` for when a rollout last moved on.

use super::{
    Operator,
    nodes::members,
    pools::{capacity, pending, since},
};
use crate::{
    api::{Condition, MachineConfigPool, Node, Status},
    node_facts::{asks_for_drain, is_rebooting},
    watch::{Observed, Seen},
    world::World,
};
use jiff::SignedDuration;
use pointsman_instrument::semconv::{attribute::McoStallReason, mco};

/// A node takes less, drain and reboot included; the slow ones of those who plan updates take about as long.
const STALLED_AFTER: SignedDuration = SignedDuration::from_mins(45);

/// Registers it.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolStalled>(|seen, readings| {
        let members = members(seen.world);
        for (name, pool) in seen.world.pools.iter() {
            let cause = stalled((name, pool), members.get(name).map_or(&[], Vec::as_slice), seen);
            for stall_reason in McoStallReason::ALL {
                let set = mco::PoolStalled { pool_name: name.to_owned().into(), stall_reason };
                readings.set(i64::from(cause == Some(stall_reason)), set);
            }
        }
    });
}

fn stalled(of: (&str, &MachineConfigPool), nodes: &[&Node], seen: &Seen<'_, Operator>) -> Option<McoStallReason> {
    let is_old = |since| seen.now.duration_since(since) >= STALLED_AFTER;
    if seen.watcher.memory.moved(of, nodes, seen.world).is_some_and(is_old) {
        return Some(cause(of, nodes, seen.world));
    }
    // A target that cannot even be made is none that is pending: the pool looks done while its settings wait.
    let (_, pool) = of;
    let waits = pending(pool).is_none() && since(pool, "RenderDegraded", Status::True).is_some_and(is_old);
    waits.then_some(McoStallReason::Render)
}

fn cause((name, pool): (&str, &MachineConfigPool), nodes: &[&Node], world: &World) -> McoStallReason {
    let has_failed = |node: &Node| matches!(node.metadata.annotations.state.as_str(), "Degraded" | "Unreconcilable");
    let is_any = |is: fn(&Node) -> bool| nodes.iter().any(|node| is(node));
    let causes = [
        (is_any(|node| asks_for_drain(node).is_some()), McoStallReason::Drain),
        (is_any(is_down), McoStallReason::Reboot),
        (pool.status.counts.degraded > 0 || is_any(has_failed), McoStallReason::Degraded),
        (Condition::holds(&pool.status.conditions, "RenderDegraded"), McoStallReason::Render),
        (is_building(name, pool, world), McoStallReason::Build),
        (pool.spec.paused, McoStallReason::Paused),
        (capacity(pool) == 0, McoStallReason::Capacity),
    ];
    causes.into_iter().find(|(holds, _)| *holds).map_or(McoStallReason::Unknown, |(_, cause)| cause)
}

/// It said that it reboots, or went away in mid-update.
fn is_down(node: &Node) -> bool {
    let is = &node.metadata.annotations;
    let is_away = Condition::find(&node.status.conditions, "Ready").is_some_and(|ready| ready.status != Status::True);
    is_rebooting(node) || (is_away && is.current_config != is.desired_config)
}

/// There is a build of the target's image, and it did not succeed.
fn is_building(name: &str, pool: &MachineConfigPool, world: &World) -> bool {
    let is_of_pool =
        |config: &str| world.os_configs.get(config).is_some_and(|config| *config.spec.machine_config_pool.name == *name);
    world.builds.iter().any(|(_, build)| {
        build.spec.machine_config.name == pool.spec.configuration.name
            && is_of_pool(&build.spec.machine_os_config.name)
            && !Condition::holds(&build.status.conditions, "Succeeded")
    })
}
