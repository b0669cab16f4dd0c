//! The controller's old names, for rules and dashboards that read them: whether nobody looks at the age of boot images, and
//! what is passed on of its sub-controllers from where they are scraped.
//! Knows which platforms that alert spares.

use super::Controller;
use crate::{api::MachineConfiguration, watch::Observed, world::World};
use pointsman_instrument::semconv::{attribute::McoMode, legacy};

const CLUSTER: &str = "cluster";
const SINGLE_NODE: &str = "SingleReplica";
const BARE_METAL: &str = "BareMetal";

/// Registers them.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<legacy::MccBootImageSkewEnforcementNone>(|seen, readings| {
        if let Some(cluster) = seen.world.boot_images.get(CLUSTER) {
            let none = u8::from(is_unwatched(cluster, seen.world));
            readings.set(f64::from(none), legacy::MccBootImageSkewEnforcementNone);
        }
    });
    observed.metric::<legacy::MccSubControllerState>(|seen, readings| {
        for ((subcontroller, state, object), unix) in seen.watcher.successes.scraped() {
            let (subcontroller, object) = (subcontroller.to_string().into(), object.to_string().into());
            readings.set(*unix, legacy::MccSubControllerState { subcontroller, state: (*state).into(), object });
        }
    });
}

/// On a single node and on bare metal there is nothing to scale, and so nothing to warn of.
fn is_unwatched(cluster: &MachineConfiguration, world: &World) -> bool {
    let mode = cluster.status.boot_image_skew_enforcement_status.mode.as_str();
    let infra = world.controller_config().map(|config| &config.spec.infra.status);
    let is_spared = infra.is_some_and(|infra| {
        infra.control_plane_topology.as_str() == SINGLE_NODE || infra.platform_status.kind.as_str() == BARE_METAL
    });
    mode == McoMode::None.as_str() && !is_spared
}
