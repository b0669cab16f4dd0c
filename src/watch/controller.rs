//! What `pointsman watch controller` reports: rendered and other configs, certificates, builds, images, boot images, leases.
//! Reads what the sub-controllers leave in objects; knows nothing of how they work.

mod builds;
mod certificates;
mod conditions;
mod configs;
mod images;
mod layering;
mod leases;
mod legacy;
mod meters;
mod renders;
mod successes;

use self::{certificates::Authorities, leases::Leases, meters::Meters, successes::Successes};
use crate::{
    kind::Kind,
    scrape::{ScrapeFailure, Scraped, Target},
    table::{Delta, Trouble},
    watch::{Observed, Watcher},
    world::{Change, World},
};
use jiff::Timestamp;
use pointsman_instrument::{Telemetry, span::Place};
use std::sync::Arc;

/// The role.
#[derive(Debug, Default)]
pub struct Controller {
    leases: Leases,
    successes: Successes,
    authorities: Authorities,
    meters: Option<Meters>,
}

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
    ];
    const OPT_IN: &'static [Kind] = &[Kind::ServerCaSecret, Kind::ServerTlsSecret];

    fn changed(&mut self, change: &Change, world: &World, now: Timestamp) -> Option<Place> {
        self.successes.changed(change, now);
        self.authorities.changed(change, world);
        let meters = self.meters.as_ref();
        match change {
            Change::Lease(delta) => self.leases.changed(delta, now, meters),
            Change::MachineConfigPool(delta) => pool_changed(delta, world, meters),
            Change::MachineConfig(delta) => renders::changed(delta, world, meters),
            Change::MachineOSConfig(delta) => builds::config_changed(delta, world, meters),
            Change::MachineOSBuild(delta) => builds::changed(delta, world, now, meters),
            Change::Job(delta) => builds::job_changed(delta, world, meters),
            _ => {}
        }
        None
    }

    fn tick(&mut self, world: &World, now: Timestamp) {
        self.leases.tick(world, now);
    }

    fn attach(&mut self, telemetry: &Arc<Telemetry>, _world: &World, _now: Timestamp) {
        self.meters = Some(Meters::new(telemetry));
    }

    fn begin(&self, world: &World) {
        let Some(meters) = &self.meters else { return };
        meters.begin_leases();
        world.pools.iter().for_each(|(name, _)| meters.begin(name));
        builds::layered(world).into_iter().for_each(|pool| meters.begin_builds(pool));
    }

    fn detach(&mut self) {
        self.meters = None;
    }

    fn observe(observed: &Observed<Self>) {
        builds::observe(observed);
        certificates::observe(observed);
        conditions::observe(observed);
        configs::observe(observed);
        images::observe(observed);
        layering::observe(observed);
        leases::observe(observed);
        renders::observe(observed);
        successes::observe(observed);
    }

    fn observe_legacy(observed: &Observed<Self>) {
        legacy::observe(observed);
    }

    fn scraped(&mut self, target: &Target, scraped: Result<Scraped, ScrapeFailure>, now: Timestamp) {
        if *target == Target::Controller {
            self.successes.take_scrape(scraped, now);
        }
    }
}

fn pool_changed(delta: &Delta<crate::api::MachineConfigPool>, world: &World, meters: Option<&Meters>) {
    let Some(meters) = meters else { return };
    match (&delta.before, &delta.after) {
        (_, None) => return meters.end(&delta.name),
        (None, Some(_)) => meters.begin(&delta.name),
        (Some(_), Some(_)) => {}
    }
    if builds::layered(world).contains(&*delta.name) {
        meters.begin_builds(&delta.name);
        builds::target_changed(delta, meters);
    }
}

/// Whether the objects of a kind are known, so that none of them means that there is none.
fn is_known(world: &World, kind: Kind) -> bool {
    let out_of_reach = |trouble: Option<Trouble>| matches!(trouble, Some(Trouble::Missing | Trouble::Forbidden));
    world.health().get(&kind).is_some_and(|health| health.is_listed && !out_of_reach(health.trouble))
}
