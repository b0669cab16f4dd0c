//! OS images: whether a pool's is the release's, and which nodes run another than their pool's.
//! Compares names of images; none of them leaves this file.

use super::Operator;
use crate::{
    api::{MachineConfigPool, Node},
    membership,
    watch::Observed,
    world::World,
};
use pointsman_instrument::semconv::mco;
use std::collections::BTreeMap;

/// Registers them.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolOsImageUrlOverride>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            if let Some(is_overridden) = is_overridden(pool, seen.world) {
                let set = mco::PoolOsImageUrlOverride { pool_name: name.to_owned().into() };
                readings.set(i64::from(is_overridden), set);
            }
        }
    });
    observed.metric::<mco::PoolOsImageUrlMismatch>(|seen, readings| {
        for (name, count) in mismatches(seen.world) {
            readings.set(count, mco::PoolOsImageUrlMismatch { pool_name: name.to_owned().into() });
        }
    });
}

/// Whether the target names another OS image than the release; `None`: not known (yet).
pub(super) fn is_overridden(pool: &MachineConfigPool, world: &World) -> Option<bool> {
    let target = &*pool.spec.configuration.name;
    if let (Some(image), Some(released)) = (image_of(target, world), released(pool, world)) {
        return Some(image != released);
    }
    // Without its body, or without what to compare with: the renderer notes it when it is so.
    let noted = world.configs.get(target)?.metadata.annotations.os_image_url_overridden.as_str() == "true";
    noted.then_some(true)
}

/// The release's image for this pool: of its stream, or of the default one, or of the ControllerConfig where there are no streams.
fn released<'w>(pool: &MachineConfigPool, world: &'w World) -> Option<&'w str> {
    let of_stream = world.os_streams().and_then(|streams| {
        let asked = &*pool.spec.os_image_stream.name;
        let name = if asked.is_empty() { &*streams.status.default_stream } else { asked };
        streams.status.available_streams.iter().find(|stream| *stream.name == *name)
    });
    let spec = world.controller_config().map(|config| &config.spec);
    let images = [
        of_stream.map(|stream| stream.os_image.as_str()),
        spec.map(|spec| spec.base_os_container_image.as_str()),
        spec.map(|spec| spec.os_image_url.as_str()),
    ];
    images.into_iter().flatten().find(|image| !image.is_empty())
}

/// Nodes of each pool that run another OS image than its target's, as far as both are known.
fn mismatches(world: &World) -> BTreeMap<&str, i64> {
    let mut counts: BTreeMap<&str, i64> = world.pools.iter().map(|(name, _)| (name, 0)).collect();
    let targets: BTreeMap<&str, &str> =
        world.pools.iter().filter_map(|(name, pool)| Some((name, target_image(name, pool, world)?))).collect();
    for (_, node) in world.nodes.iter() {
        let Some(pool) = membership::of(node, &world.pools).pool else { continue };
        let (Some(count), Some(target)) = (counts.get_mut(pool), targets.get(pool)) else { continue };
        *count += i64::from(node_image(node, world).is_some_and(|image| image != *target));
    }
    counts
}

/// In image mode the image that was built for the pool, else the one its target names.
fn target_image<'w>(name: &str, pool: &MachineConfigPool, world: &'w World) -> Option<&'w str> {
    let mut built = world.os_configs.iter().filter(|(_, config)| *config.spec.machine_config_pool.name == *name);
    let image = built.next().map_or("", |(_, config)| config.status.current_image_pull_spec.as_str());
    if image.is_empty() { image_of(&pool.spec.configuration.name, world) } else { Some(image) }
}

fn node_image<'w>(node: &'w Node, world: &'w World) -> Option<&'w str> {
    let is = &node.metadata.annotations;
    if is.current_image.is_empty() { image_of(&is.current_config, world) } else { Some(is.current_image.as_str()) }
}

/// The image that a rendered config names, once its body was read.
fn image_of<'w>(config: &str, world: &'w World) -> Option<&'w str> {
    world.bodies.get(config).map(|body| body.os_image.as_str()).filter(|image| !image.is_empty())
}
