//! A model of the pool gauges as the Machine Config Operator's controller sets them, with all their defects, so that a case
//! can show what they say beside what is said here of the same objects.
//! Knows pools and nodes, and nothing of our own metrics.

use crate::{
    api::{MachineConfigPool, Node, Status},
    membership,
    world::World,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// What makes a pool's turn come: it, or one of its nodes, is not as it was.
type Picture = (Arc<MachineConfigPool>, BTreeMap<String, Arc<Node>>);

/// The controller's gauges.
#[derive(Default)]
pub(crate) struct Old {
    /// By series. Nothing is ever taken out.
    gauges: BTreeMap<String, i64>,
    /// Of each pool as it was at its last turn that did not fail.
    handled: BTreeMap<String, Picture>,
}

impl Old {
    /// Each pool that changed has its turn; a turn that fails is tried again the next time. Gauges are set at the end of a turn
    /// and for all pools, but a turn ends before that where it fails, and where its pool is paused or has no target.
    pub(crate) fn turns(&mut self, world: &World, failing: &[String], now: Timestamp) {
        let mut reaches_the_end = false;
        for (name, pool) in world.pools.iter() {
            let picture: Picture = (Arc::clone(pool), nodes_of(name, world));
            if failing.iter().any(|failing| failing == name) {
                self.handled.remove(name);
            } else if self.handled.get(name) != Some(&picture) {
                reaches_the_end |= !pool.spec.paused && !pool.spec.configuration.name.is_empty();
                self.handled.insert(name.to_owned(), picture);
            }
        }
        if reaches_the_end {
            self.set(world, now);
        }
    }

    /// Sets the gauges of all pools. `newest` is outside of the loop, and that is the controller's mistake: a pool all of whose
    /// conditions are older goes by the state of one before it. The order of pools is by chance there, by name here.
    fn set(&mut self, world: &World, now: Timestamp) {
        let (mut newest, mut state, mut reason) = (Timestamp::MIN, "", "");
        for (name, pool) in world.pools.iter() {
            for condition in pool.status.conditions.iter().filter(|condition| condition.status == Status::True) {
                if let Some(since) = condition.since.at().filter(|since| *since > newest) {
                    (newest, state, reason) = (since, &condition.name, &condition.reason);
                }
            }
            for node in nodes_of(name, world).into_keys() {
                let series = format!("mco_state{{node={node:?},pool={name:?},reason={reason:?},state={state:?}}}");
                self.gauges.insert(series, now.as_second());
            }
            let counts = &pool.status.counts;
            let machines = [
                ("", counts.total),
                ("updated_", counts.updated),
                ("degraded_", counts.degraded),
                ("unavailable_", counts.unavailable),
            ];
            for (which, count) in machines {
                self.gauges.insert(format!("mco_{which}machine_count{{pool={name:?}}}"), count);
            }
        }
    }

    /// Each series as a line of its own.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.gauges.iter().map(|(series, value)| format!("{series} {value}"))
    }
}

fn nodes_of(pool: &str, world: &World) -> BTreeMap<String, Arc<Node>> {
    let is_its = |node: &Node| membership::of(node, &world.pools).pool == Some(pool);
    let nodes = world.nodes.iter().filter(|(_, node)| is_its(node));
    nodes.map(|(name, node)| (name.to_owned(), Arc::clone(node))).collect()
}
