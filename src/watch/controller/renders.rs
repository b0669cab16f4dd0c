//! Rendered configs and what they are made of. A rendered config is owned by its pool; what the render controller has not
//! taken up yet shows in what the pool names. Knows metadata, not bodies.

use super::{Controller, meters::Meters};
use crate::{
    api::{Condition, MachineConfigMeta, MachineConfigPool},
    table::Delta,
    watch::{Observed, Seen, seconds_since},
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::{
    attribute::{McoConfigKind, McoInUse},
    mco,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The pool whose rendered config this is; `None`: it is no rendered one.
pub(super) fn pool_of(config: &MachineConfigMeta) -> Option<&str> {
    let owners = &config.metadata.owner_references;
    owners.iter().find(|owner| &*owner.kind == "MachineConfigPool").map(|owner| &*owner.name)
}

pub(super) fn changed(delta: &Delta<MachineConfigMeta>, world: &World, meters: Option<&Meters>) {
    let (None, Some(config), Some(meters), false) = (&delta.before, &delta.after, meters, delta.is_first) else { return };
    let pool = pool_of(config).filter(|pool| world.pools.get(pool).is_some());
    if let (Some(pool), Some(on)) = (pool, meters.renders.on()) {
        on.add(1, mco::RenderCount { pool_name: pool.to_owned().into() });
    }
}

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::RenderFailed>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let failed = Condition::holds(&pool.status.conditions, "RenderDegraded");
            readings.set(i64::from(failed), mco::RenderFailed { pool_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::RenderSources>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let sources = i64::try_from(pool.spec.configuration.source.len()).unwrap_or(i64::MAX);
            readings.set(sources, mco::RenderSources { pool_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::RenderSize>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            if let Some(body) = seen.world.bodies.get(&pool.spec.configuration.name) {
                readings.set(size(body.bytes), mco::RenderSize { pool_name: name.to_owned().into() });
            }
        }
    });
    observed.metric::<mco::RenderLag>(|seen, readings| {
        for (pool, secs) in lags(seen) {
            readings.set(secs, mco::RenderLag { pool_name: pool.to_owned().into() });
        }
    });
    observed.metric::<mco::MachineconfigCount>(|seen, readings| {
        for ((pool, config_kind, in_use), configs) in counts(seen.world) {
            readings.set(configs, mco::MachineconfigCount { pool_name: pool.to_owned().into(), config_kind, in_use });
        }
    });
}

#[expect(clippy::cast_precision_loss, reason = "a body is a few megabytes")]
fn size(bytes: u64) -> f64 {
    bytes as f64
}

/// Whether a pool asks for a config by its labels. One that asks for nothing gets nothing.
fn selects(pool: &MachineConfigPool, config: &MachineConfigMeta) -> bool {
    let selector = &pool.spec.machine_config_selector;
    !selector.is_empty() && selector.matches(&config.metadata.labels)
}

/// How long each pool's oldest config has waited that is younger than the newest rendered one, and no part of it; 0 when
/// there is none. A config that the pool names already waits for nothing, however young: an old rendered config is used
/// again when it fits.
fn lags<'w>(seen: &Seen<'w, Controller>) -> BTreeMap<&'w str, f64> {
    let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (_, config) in seen.world.configs.iter() {
        if let (Some(pool), Some(made)) = (pool_of(config), config.metadata.created.at()) {
            let newest = newest.entry(pool).or_insert(made);
            *newest = made.max(*newest);
        }
    }
    let waited = |name: &str, pool: &MachineConfigPool| {
        let taken: HashSet<&str> = pool.spec.configuration.source.iter().map(|source| &*source.name).collect();
        let rendered = newest.get(name);
        let waiting = seen
            .world
            .configs
            .iter()
            .filter(|(name, config)| pool_of(config).is_none() && !taken.contains(name) && selects(pool, config));
        let made = waiting.filter_map(|(_, config)| config.metadata.created.at());
        made.filter(|made| rendered.is_none_or(|rendered| made > rendered)).min()
    };
    let lag = |name, pool: &MachineConfigPool| waited(name, pool).map_or(0.0, |made| seconds_since(seen.now, made));
    seen.world.pools.iter().map(|(name, pool)| (name, lag(name, pool))).collect()
}

/// The configs of each pool; those of none are under an empty name, which Prometheus takes for no name. A config that several
/// pools select is counted with each.
fn counts(world: &World) -> BTreeMap<(&str, McoConfigKind, McoInUse), i64> {
    let mut counts = BTreeMap::new();
    for pool in world.pools.iter().map(|(name, _)| name).chain([""]) {
        for kind in McoConfigKind::ALL {
            counts.extend(McoInUse::ALL.map(|in_use| ((pool, kind, in_use), 0)));
        }
    }
    let mut add = |pool, kind, in_use: bool| {
        let in_use = if in_use { McoInUse::IsTrue } else { McoInUse::IsFalse };
        *counts.entry((pool, kind, in_use)).or_default() += 1;
    };
    let named = named(world);
    let sources: Vec<_> = world.pools.iter().map(|(name, pool)| (name, &**pool, sources(pool))).collect();
    for (name, config) in world.configs.iter() {
        if let Some(pool) = pool_of(config) {
            let pool = world.pools.iter().map(|(known, _)| known).find(|known| *known == pool).unwrap_or_default();
            add(pool, McoConfigKind::Rendered, named.contains(name));
            continue;
        }
        let is_generated = !config.metadata.annotations.generated_by.is_empty();
        let kind = if is_generated { McoConfigKind::Generated } else { McoConfigKind::User };
        let mut of_none = true;
        for (pool_name, pool, sources) in &sources {
            let in_use = sources.contains(name);
            if in_use || selects(pool, config) {
                add(*pool_name, kind, in_use);
                of_none = false;
            }
        }
        if of_none {
            add("", kind, false);
        }
    }
    counts
}

/// Rendered configs that a pool or a node names.
fn named(world: &World) -> HashSet<&str> {
    let of_pools = world.pools.iter().flat_map(|(_, pool)| [&*pool.spec.configuration.name, &*pool.status.configuration.name]);
    let of_nodes = world.nodes.iter().flat_map(|(_, node)| {
        let annotations = &node.metadata.annotations;
        [annotations.current_config.as_str(), annotations.desired_config.as_str()]
    });
    of_pools.chain(of_nodes).collect()
}

/// Configs that the pool's rendered ones are made of: the target, and what all nodes run.
fn sources(pool: &MachineConfigPool) -> BTreeSet<&str> {
    let (target, reached) = (&pool.spec.configuration.source, &pool.status.configuration.source);
    target.iter().chain(reached).map(|source| &*source.name).collect()
}
