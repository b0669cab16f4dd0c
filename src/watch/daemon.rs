//! What `pointsman watch daemon` reports: nodes, their updates phase by phase, and the traces of rollouts.
//! Reads nodes, what their daemons write of them, and pools; knows nothing of configs.

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
pub struct Daemon {}

impl Watcher for Daemon {
    const ROLE: &'static str = "daemon";
    const KINDS: &'static [Kind] = &[
        Kind::Node,
        Kind::MachineConfigNode,
        Kind::MachineConfigPool,
        Kind::ControllerConfig,
        Kind::Lease,
        Kind::MachineConfig,
        Kind::Event,
    ];

    fn changed(&mut self, _change: &Change, _world: &World, _now: Timestamp) -> Option<Place> {
        None
    }

    fn tick(&mut self, _world: &World, _now: Timestamp) {}

    fn attach(&mut self, _telemetry: &Arc<Telemetry>, _world: &World, _now: Timestamp) {}

    fn detach(&mut self) {}

    fn observe(_observed: &Observed<Self>) {}
}
