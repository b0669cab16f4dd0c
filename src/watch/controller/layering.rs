//! Nodes of pools that build their own OS image, by the image they run.
//! Knows what nodes say of themselves, nothing of builds.

use super::{Controller, builds, is_known};
use crate::{api::Node, kind::Kind, membership, watch::Observed, world::World};
use pointsman_instrument::semconv::{attribute::McoImageState, mco};
use std::collections::BTreeMap;

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::LayeringMachineosconfigCount>(|seen, readings| {
        if is_known(seen.world, Kind::MachineOSConfig) {
            let configs = i64::try_from(seen.world.os_configs.len()).unwrap_or(i64::MAX);
            readings.set(configs, mco::LayeringMachineosconfigCount);
        }
    });
    observed.metric::<mco::LayeringNodeCount>(|seen, readings| {
        for ((pool, image_state), nodes) in nodes(seen.world) {
            readings.set(nodes, mco::LayeringNodeCount { pool_name: pool.to_owned().into(), image_state });
        }
    });
}

fn nodes(world: &World) -> BTreeMap<(&str, McoImageState), i64> {
    let pools = builds::layered(world);
    let states = pools.iter().flat_map(|pool| McoImageState::ALL.map(|state| ((*pool, state), 0)));
    let mut counts: BTreeMap<_, _> = states.collect();
    if counts.is_empty() {
        return counts;
    }
    for (_, node) in world.nodes.iter() {
        let pool = membership::of(node, &world.pools).pool;
        if let Some(count) = pool.and_then(|pool| counts.get_mut(&(pool, state_of(node)))) {
            *count += 1;
        }
    }
    counts
}

/// The one it should run, another one, or none that was built. One on its way back to the image of the release runs another.
fn state_of(node: &Node) -> McoImageState {
    let annotations = &node.metadata.annotations;
    match (annotations.current_image.as_str(), annotations.desired_image.as_str()) {
        ("", "") => McoImageState::None,
        (current, desired) if current == desired => McoImageState::Current,
        _ => McoImageState::Target,
    }
}
