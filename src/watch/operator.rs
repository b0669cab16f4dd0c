//! What `pointsman watch operator` reports: pools, their rollouts, and the operator itself.
//! Reads pools, nodes, rendered configs and the ClusterOperator; knows nothing of single nodes' phases.

mod images;
mod legacy;
mod memory;
mod nodes;
mod own;
mod pools;
mod rollouts;
mod stalls;

use crate::{
    kind::Kind,
    watch::{Observed, Watcher},
    world::{Change, World},
};
use jiff::Timestamp;
use memory::Memory;
use pointsman_instrument::{Telemetry, span::Place};
use std::sync::Arc;

/// The role.
#[derive(Debug, Default)]
pub struct Operator {
    memory: Memory,
    transitions: own::Transitions,
    rollouts: rollouts::Rollouts,
}

impl Watcher for Operator {
    const ROLE: &'static str = "operator";
    const READS_BODIES: bool = true;
    const KINDS: &'static [Kind] = &[
        Kind::MachineConfigPool,
        Kind::MachineConfig,
        Kind::Node,
        Kind::ControllerConfig,
        Kind::MachineOSConfig,
        Kind::MachineOSBuild,
        Kind::OSImageStream,
        Kind::ClusterOperator,
        Kind::Pod,
    ];

    fn changed(&mut self, change: &Change, world: &World, now: Timestamp) -> Option<Place> {
        match change {
            Change::MachineConfigPool(delta) => self.memory.pool_changed(delta, now),
            Change::Node(delta) => self.memory.node_changed(delta, world, now),
            Change::ClusterOperator(delta) => self.transitions.changed(delta),
            _ => {}
        }
        self.rollouts.changed(change, world, now)
    }

    fn tick(&mut self, world: &World, now: Timestamp) {
        self.rollouts.tick(world, now);
    }

    fn of_cluster(&mut self, uid: &str, world: &World) {
        self.rollouts.of_cluster(uid, world);
    }

    fn attach(&mut self, telemetry: &Arc<Telemetry>, world: &World, now: Timestamp) {
        self.transitions.attach(telemetry);
        self.rollouts.attach(telemetry, world, now);
    }

    fn begin(&self, world: &World) {
        self.transitions.begin();
        self.rollouts.begin_pools(world);
    }

    fn detach(&mut self) {
        self.transitions.detach();
        self.rollouts.detach();
    }

    fn observe(observed: &Observed<Self>) {
        pools::observe(observed);
        memory::observe(observed);
        stalls::observe(observed);
        images::observe(observed);
        nodes::observe(observed);
        own::observe(observed);
    }

    fn observe_legacy(observed: &Observed<Self>) {
        legacy::observe(observed);
    }
}
