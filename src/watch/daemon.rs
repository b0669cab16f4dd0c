//! What `pointsman watch daemon` reports: nodes, their updates phase by phase, and the traces of rollouts.
//! Reads nodes, what their daemons write of them, and pools; knows nothing of configs.

mod events;
mod legacy;
mod meters;
mod nodes;
mod pinned;
mod readings;
mod reboots;
mod rollouts;
mod scraped;

use crate::{
    api::MachineConfigPool,
    kind::Kind,
    rollout::Rollouts,
    scrape::{ScrapeFailure, Scraped, Target},
    table::Delta,
    watch::{Observed, Watcher},
    world::{Change, World},
};
use jiff::Timestamp;
use meters::Meters;
use nodes::Nodes;
use pinned::Sets;
use pointsman_instrument::{Telemetry, semconv::attribute, span::Place};
use reboots::Reboots;
use scraped::Scrapes;
use std::sync::Arc;

/// The role.
#[derive(Default)]
pub struct Daemon {
    nodes: Nodes,
    reboots: Reboots,
    sets: Sets,
    rollouts: Rollouts,
    scrapes: Scrapes,
    /// There while it speaks.
    meters: Option<Meters>,
}

impl Daemon {
    /// For one node alone. What needs all nodes is not reported then: `mco.node.mcn.missing`, `mco.pinned_image_set.node.count`
    /// and `mco.pinned_image_set.generation.lag`. Counters of a pool count this node's share, so that the shares of all nodes
    /// add up; of Kubernetes events those about this node count.
    #[must_use]
    pub fn for_node(name: &str) -> Self {
        Self { nodes: Nodes::only(name), rollouts: Rollouts::for_node(name), ..Self::default() }
    }

    /// What is under way.
    #[must_use]
    pub const fn rollouts(&self) -> &Rollouts {
        &self.rollouts
    }

    /// The daemons whose endpoints can be scraped: nodes, with their addresses.
    #[must_use]
    pub fn scrape_targets(&self) -> Vec<(Box<str>, Box<str>)> {
        scraped::targets(&self.nodes)
    }

    fn pool_changed(&mut self, delta: &Delta<MachineConfigPool>, world: &World) {
        self.nodes.sort_into(&world.pools);
        let (came, gone) = self.sets.list(&world.pools);
        let Some(meters) = &self.meters else { return };
        if delta.before.is_none() {
            meters.begin_pool(&delta.name);
        }
        if delta.after.is_none() {
            meters.end(attribute::MCO_POOL_NAME, &delta.name);
        }
        came.iter().for_each(|set| meters.begin_set(set));
        gone.iter().for_each(|set| meters.end(attribute::MCO_PIS_NAME, set));
    }
}

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

    fn changed(&mut self, change: &Change, world: &World, now: Timestamp) -> Option<Place> {
        // First: what ends with a pool is recorded before the pool's counters end.
        let moved = self.rollouts.changed(change, world, now);
        match change {
            Change::Node(delta) => {
                self.nodes.take_node(delta, world, now);
                if self.nodes.get(&delta.name).is_none() {
                    self.scrapes.forget(&delta.name);
                    self.rollouts.pivots_are_told(&delta.name, false);
                }
                self.reboots.take_node(delta, &self.nodes, self.meters.as_ref());
            }
            Change::MachineConfigNode(delta) => {
                self.nodes.take_mcn(delta, now);
                self.reboots.take_mcn(delta, now);
                self.sets.take_mcn(delta, &self.nodes, self.meters.as_ref());
            }
            Change::MachineConfigPool(delta) => self.pool_changed(delta, world),
            Change::Event(delta) => events::take(delta, &mut self.nodes, self.meters.as_ref(), now),
            _ => {}
        }
        moved
    }

    fn tick(&mut self, world: &World, now: Timestamp) {
        self.rollouts.tick(world, now);
        self.reboots.tick(&self.nodes, self.meters.as_ref(), now);
    }

    fn of_cluster(&mut self, uid: &str, world: &World) {
        self.rollouts.of_cluster(uid, world);
    }

    fn attach(&mut self, telemetry: &Arc<Telemetry>, world: &World, now: Timestamp) {
        self.rollouts.attach(telemetry, world, now);
        self.meters = Some(Meters::new(telemetry));
    }

    fn begin(&self, world: &World) {
        self.rollouts.begin_pools(world);
        let Some(meters) = &self.meters else { return };
        meters.begin_events();
        world.pools.iter().for_each(|(name, _)| meters.begin_pool(name));
        self.sets.iter().for_each(|name| meters.begin_set(name));
    }

    fn detach(&mut self) {
        self.rollouts.detach();
        self.meters = None;
    }

    fn observe(observed: &Observed<Self>) {
        readings::observe(observed);
        pinned::observe(observed);
        rollouts::observe(observed);
        scraped::observe(observed);
    }

    fn observe_legacy(observed: &Observed<Self>) {
        legacy::observe(observed);
    }

    fn scraped(&mut self, target: &Target, scraped: Result<Scraped, ScrapeFailure>, _now: Timestamp) {
        let Target::Node(name) = target else { return };
        // What was scraped of a node that went meanwhile is of no use.
        let Some(notes) = self.nodes.get(name) else { return };
        // While the daemon answers it tells of failed OS updates, else the phases do: none is counted twice.
        self.rollouts.pivots_are_told(name, scraped.is_ok());
        let news = self.scrapes.take(name, scraped);
        if news.reboots_failed > 0 {
            self.reboots.told(name);
        }
        if let Some(meters) = &self.meters {
            meters.reboots_failed(news.reboots_failed, &notes.pool);
            meters.pivot_errors(news.pivot_errors, &notes.pool);
        }
    }
}

#[cfg(test)]
mod tests;
