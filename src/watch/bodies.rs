//! Bodies of rendered configs: large, never changed, never collected by anyone. So they are not watched: the body of one that
//! a pool or a node names is read once, and what some metric needs of it is kept. Knows no server: who fetches asks what is
//! wanted, and hands in what came.

use crate::{
    api::{Flaw, MachineConfigPool, Node, Text, text::or_default},
    kind::Kind,
    limits::{BODIES_MAX, BODIES_WANTED_MAX},
    table::Table,
    watch::{Watch, Watcher},
    world::World,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is kept of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// `spec.osImageURL`; empty: the body could not be read, or says nothing of it.
    pub os_image: Text,
    /// Its length as JSON, in bytes.
    pub bytes: u64,
}

/// The bodies that were read, by the name of their config.
#[derive(Debug, Default)]
pub struct Bodies {
    known: BTreeMap<Box<str>, Body>,
}

impl Bodies {
    /// Of the config of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Body> {
        self.known.get(name)
    }

    /// The config is gone.
    pub(crate) fn forget(&mut self, name: &str) {
        self.known.remove(name);
    }
}

/// A body, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(deserialize_with = "or_default")]
    spec: WireSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireSpec {
    #[serde(rename = "osImageURL")]
    os_image_url: Text,
}

impl World {
    /// Rendered configs whose bodies should be read now, those of pools first: at most [`BODIES_WANTED_MAX`]. It visits every
    /// node, so ask about once a second, not at each change.
    #[must_use]
    pub fn wanted(&mut self) -> Vec<Box<str>> {
        // What nobody names any more makes room.
        let named: HashSet<&str> = by_pools(&self.pools).chain(by_nodes(&self.nodes)).collect();
        self.bodies.known.retain(|name, _| named.contains(&**name));
        let room = BODIES_MAX.saturating_sub(self.bodies.known.len()).min(BODIES_WANTED_MAX);
        // One that is not there any more would be asked for in vain.
        let is_new = |name: &&str| self.bodies.get(name).is_none() && self.configs.get(name).is_some();
        let of_pools: BTreeSet<&str> = by_pools(&self.pools).filter(is_new).collect();
        let of_nodes: BTreeSet<&str> = by_nodes(&self.nodes).filter(is_new).collect();
        of_pools.iter().chain(of_nodes.difference(&of_pools)).take(room).map(|name| (*name).into()).collect()
    }

    /// Takes over the body of a config. One that cannot be read is counted, and not wanted again.
    pub fn take_body(&mut self, name: &str, json: &str) {
        let is_named = by_pools(&self.pools).chain(by_nodes(&self.nodes)).any(|named| named == name);
        if !is_named || self.configs.get(name).is_none() {
            // Nobody needs it any more: it went while it was being fetched.
            return;
        }
        if self.bodies.known.len() >= BODIES_MAX {
            self.health_of(Kind::MachineConfig).flaw(Flaw::Limit);
            return;
        }
        let os_image = match serde_json::from_str::<Wire>(json) {
            Ok(wire) => wire.spec.os_image_url,
            Err(_) => {
                self.health_of(Kind::MachineConfig).flaw(Flaw::Undecodable);
                Text::default()
            }
        };
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        self.bodies.known.insert(name.into(), Body { os_image, bytes });
    }
}

fn by_pools(pools: &Table<MachineConfigPool>) -> impl Iterator<Item = &str> {
    pools.iter().flat_map(|(_, pool)| [&*pool.spec.configuration.name, &*pool.status.configuration.name])
}

fn by_nodes(nodes: &Table<Node>) -> impl Iterator<Item = &str> {
    nodes.iter().map(|(_, node)| node.metadata.annotations.current_config.as_str())
}

impl<W: Watcher> Watch<W> {
    /// Rendered configs whose bodies the role needs and has not got; see [`World::wanted`].
    #[must_use]
    pub fn wanted(&mut self) -> Vec<Box<str>> {
        if W::READS_BODIES { self.world_mut().wanted() } else { Vec::new() }
    }

    /// Takes over the body of a rendered config, as the API server sent it.
    pub fn take_body(&mut self, name: &str, json: &str) {
        self.world_mut().take_body(name, json);
    }
}

#[cfg(test)]
mod tests;
