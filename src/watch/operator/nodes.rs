//! What nodes tell at the level of pools and of the control plane: labels that more than one pool claims, and whether their
//! machine-config-server answers. Knows nothing of updates.

use super::Operator;
use crate::{
    api::{Condition, Node, Pod},
    kind::Kind,
    membership::{self, Conflict},
    watch::Observed,
    world::World,
};
use pointsman_instrument::semconv::{attribute::McoConflictKind, mco};
use std::collections::BTreeMap;

const SERVER: &str = "machine-config-server";
const CONTROL_PLANE: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Registers them.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolLabelConflict>(|seen, readings| {
        let counts = conflicts(seen.world);
        for (name, _) in seen.world.pools.iter() {
            for conflict_kind in McoConflictKind::ALL {
                let conflict = match conflict_kind {
                    McoConflictKind::MasterCustom => Conflict::MasterCustom,
                    McoConflictKind::MultiCustom => Conflict::MultiCustom,
                };
                let count = counts.get(&(name, conflict)).copied().unwrap_or_default();
                readings.set(count, mco::PoolLabelConflict { pool_name: name.to_owned().into(), conflict_kind });
            }
        }
    });
    observed.metric::<mco::ServerUp>(|seen, readings| {
        for (node, is_up) in servers(seen.world) {
            readings.set(i64::from(is_up), mco::ServerUp { k8s_node_name: node.to_owned().into() });
        }
    });
}

/// The nodes of each pool that has some.
pub(super) fn members(world: &World) -> BTreeMap<&str, Vec<&Node>> {
    let mut members: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for (_, node) in world.nodes.iter() {
        if let Some(pool) = membership::of(node, &world.pools).pool {
            members.entry(pool).or_default().push(node);
        }
    }
    members
}

/// A node counts once, for the pool that has it in the end.
fn conflicts(world: &World) -> BTreeMap<(&str, Conflict), i64> {
    let mut counts = BTreeMap::new();
    for (_, node) in world.nodes.iter() {
        let membership = membership::of(node, &world.pools);
        if let (Some(pool), Some(conflict)) = (membership.pool, membership.conflict) {
            *counts.entry((pool, conflict)).or_default() += 1;
        }
    }
    counts
}

/// Each node of the control plane, and each on which a server runs: whether one is ready there. Nothing while pods are not
/// known: that we may not see servers does not say that they are away.
fn servers(world: &World) -> BTreeMap<&str, bool> {
    if !world.health().get(&Kind::Pod).is_some_and(|health| health.is_listed) {
        return BTreeMap::new();
    }
    let is_of_control_plane = |node: &Node| CONTROL_PLANE.iter().any(|label| node.metadata.labels.contains_key(*label));
    let mut up: BTreeMap<&str, bool> =
        world.nodes.iter().filter(|(_, node)| is_of_control_plane(node)).map(|(name, _)| (name, false)).collect();
    for (name, pod) in world.pods.iter() {
        let node = &*pod.spec.node_name;
        if is_server(name, pod) && !node.is_empty() {
            // While one is replaced there may be two: one that is ready will do.
            *up.entry(node).or_default() |= Condition::holds(&pod.status.conditions, "Ready");
        }
    }
    up
}

fn is_server(name: &str, pod: &Pod) -> bool {
    let of_set = name.strip_prefix(SERVER).is_some_and(|rest| rest.starts_with('-'));
    of_set || pod.metadata.labels.get("k8s-app").is_some_and(|app| **app == *SERVER)
}

#[cfg(test)]
mod tests;
