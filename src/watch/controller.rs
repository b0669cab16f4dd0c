//! What `pointsman watch controller` reports: rendered and other configs, certificates, builds, images, boot images, leases.
//! Reads what the sub-controllers leave in objects; knows nothing of how they work.

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
pub struct Controller {}

impl Watcher for Controller {
    const ROLE: &'static str = "controller";
    const READS_BODIES: bool = true;
    const KINDS: &'static [Kind] = &[
        Kind::MachineConfig,
        Kind::MachineConfigPool,
        Kind::ControllerConfig,
        Kind::KubeletConfig,
        Kind::ContainerRuntimeConfig,
        Kind::MachineConfiguration,
        Kind::InternalReleaseImage,
        Kind::OSImageStream,
        Kind::MachineOSConfig,
        Kind::MachineOSBuild,
        Kind::Job,
        Kind::Lease,
        Kind::PinnedImageSet,
        Kind::Node,
        Kind::ClusterOperator,
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
