//! What `pointsman watch operator` reports: pools, their rollouts, and the operator itself.
//! Reads pools, nodes, rendered configs and the ClusterOperator; knows nothing of single nodes' phases.

mod pools;

use crate::{
    kind::Kind,
    watch::{Observed, Watcher},
    world::{Change, World},
};
use jiff::Timestamp;
use pointsman_instrument::{Telemetry, span::Place};
use std::sync::Arc;

/// The role.
#[derive(Debug, Default)]
pub struct Operator {}

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

    fn changed(&mut self, _change: &Change, _world: &World, _now: Timestamp) -> Option<Place> {
        None
    }

    fn tick(&mut self, _world: &World, _now: Timestamp) {}

    fn attach(&mut self, _telemetry: &Arc<Telemetry>, _world: &World, _now: Timestamp) {}

    fn detach(&mut self) {}

    fn observe(observed: &Observed<Self>) {
        pools::observe(observed);
    }
}
