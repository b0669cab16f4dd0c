//! Pinned images, boot images, OS streams and releases on disk, as their objects describe them.
//! Knows nothing of nodes.

use super::Controller;
use crate::{
    api::{Condition, MachineConfigPool},
    watch::Observed,
    world::World,
};
use pointsman_instrument::semconv::{
    attribute::{McoConditionType, McoDefault, McoMode},
    mco,
};
use std::collections::BTreeMap;

/// The `MachineConfiguration` that counts.
const CLUSTER: &str = "cluster";
/// What may be said of a release on disk.
const RELEASE: [McoConditionType; 5] = [
    McoConditionType::Mounted,
    McoConditionType::Installing,
    McoConditionType::Available,
    McoConditionType::Removing,
    McoConditionType::Degraded,
];

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::PinnedImageSetImages>(|seen, readings| {
        for (name, set) in seen.world.pinned_sets.iter() {
            let images = i64::try_from(set.spec.count).unwrap_or(i64::MAX);
            readings.set(images, mco::PinnedImageSetImages { pis_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::BootImageSkewEnforcement>(|seen, readings| {
        let Some(cluster) = seen.world.boot_images.get(CLUSTER) else { return };
        let set = cluster.status.boot_image_skew_enforcement_status.mode.as_str();
        for mode in McoMode::ALL {
            readings.set(i64::from(mode.as_str() == set), mco::BootImageSkewEnforcement { mode });
        }
    });
    observed.metric::<mco::OsImageStreamInfo>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            let Some((stream, default)) = stream_of(pool, seen.world) else { continue };
            let pool_name = name.to_owned().into();
            readings.set(1, mco::OsImageStreamInfo { pool_name, stream: stream.to_owned().into(), default });
        }
    });
    observed.metric::<mco::InternalReleaseImageState>(|seen, readings| {
        for ((release, condition_type), holds) in releases(seen.world) {
            let reading = mco::InternalReleaseImageState { release: release.to_owned().into(), condition_type };
            readings.set(i64::from(holds), reading);
        }
    });
}

/// The stream a pool is on: the one in use, else the one asked for, else what a pool gets that asks for none.
fn stream_of<'w>(pool: &'w MachineConfigPool, world: &'w World) -> Option<(&'w str, McoDefault)> {
    let default = world.os_streams().map_or("", |streams| &*streams.status.default_stream);
    let named = [&*pool.status.os_image_stream.name, &*pool.spec.os_image_stream.name, default];
    let stream = named.into_iter().find(|name| !name.is_empty())?;
    Some((stream, if stream == default { McoDefault::IsTrue } else { McoDefault::IsFalse }))
}

/// What holds of each release; of one that stands in several objects, what holds in any.
fn releases(world: &World) -> BTreeMap<(&str, McoConditionType), bool> {
    let mut all = BTreeMap::new();
    for release in world.release_images.iter().flat_map(|(_, images)| &images.status.releases) {
        for condition_type in RELEASE {
            let holds = Condition::holds(&release.conditions, condition_type.as_str());
            *all.entry((&*release.name, condition_type)).or_default() |= holds;
        }
    }
    all
}
