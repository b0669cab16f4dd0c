//! Builds of OS images: where each stands, how long it took, how it ended. What had ended when it was first listed is not
//! counted: it may have been counted before. Knows nothing of what is built.

use super::{Controller, meters::Meters};
use crate::{
    api::{Condition, Job, MachineConfigPool, MachineOSBuild, MachineOSConfig},
    table::Delta,
    watch::{Observed, seconds_since},
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::{
    attribute::{McoBuildState as State, McoResult},
    mco,
};
use std::collections::{BTreeMap, BTreeSet};

/// Label of a build and its job: the pool it is for.
const POOL_LABEL: &str = "machineconfiguration.openshift.io/target-machine-config-pool";

/// Pools whose images are built: those a MachineOSConfig or a build names, and that are there.
pub(super) fn layered(world: &World) -> BTreeSet<&str> {
    let named = world.os_configs.iter().map(|(_, config)| &*config.spec.machine_config_pool.name);
    let builds = world.builds.iter().filter_map(|(_, build)| pool_of(build, world));
    named.filter(|pool| world.pools.get(pool).is_some()).chain(builds).collect()
}

/// The pool a build is for, if it is there: its MachineOSConfig names it; where that is gone, a label.
fn pool_of<'w>(build: &'w MachineOSBuild, world: &'w World) -> Option<&'w str> {
    let config = world.os_configs.get(&build.spec.machine_os_config.name);
    let label = build.metadata.labels.get(POOL_LABEL);
    let named = config.map(|config| &*config.spec.machine_config_pool.name).or(label.map(|label| &**label));
    named.filter(|pool| world.pools.get(pool).is_some())
}

/// Where a build stands. One that ended stays so, whatever else still holds.
fn state_of(build: &MachineOSBuild) -> Option<State> {
    let steps = [
        ("Succeeded", State::Succeeded),
        ("Failed", State::Failed),
        ("Interrupted", State::Interrupted),
        ("Building", State::Building),
        ("Prepared", State::Prepared),
    ];
    steps.into_iter().find(|(name, _)| Condition::holds(&build.status.conditions, name)).map(|(_, state)| state)
}

/// How a build ended.
fn end_of(build: &MachineOSBuild) -> Option<McoResult> {
    match state_of(build)? {
        State::Succeeded => Some(McoResult::Succeeded),
        State::Failed => Some(McoResult::Failed),
        State::Interrupted => Some(McoResult::Interrupted),
        State::Prepared | State::Building => None,
    }
}

/// A MachineOSConfig changed: its pool may be one whose images are built from now on.
pub(super) fn config_changed(delta: &Delta<MachineOSConfig>, world: &World, meters: Option<&Meters>) {
    let (Some(config), Some(meters)) = (&delta.after, meters) else { return };
    let pool = &*config.spec.machine_config_pool.name;
    if world.pools.get(pool).is_some() {
        meters.begin_builds(pool);
    }
}

/// A pool whose images are built changed: a new target asks for a build.
pub(super) fn target_changed(delta: &Delta<MachineConfigPool>, meters: &Meters) {
    let (Some(before), Some(after)) = (&delta.before, &delta.after) else { return };
    let target = &after.spec.configuration.name;
    if !target.is_empty() && *target != before.spec.configuration.name {
        meters.triggers.on().inspect(|on| on.add(1, mco::BuildTriggerCount { pool_name: delta.name.to_string().into() }));
    }
}

/// A build changed.
pub(super) fn changed(delta: &Delta<MachineOSBuild>, world: &World, now: Timestamp, meters: Option<&Meters>) {
    let (Some(after), Some(meters), false) = (&delta.after, meters, delta.is_first) else { return };
    let Some(pool) = pool_of(after, world) else { return };
    // One of the same name that was made anew is another build.
    let before = delta.before.as_ref().filter(|before| before.metadata.uid == after.metadata.uid);
    meters.begin_builds(pool);
    let was_waiting = before.and_then(|before| state_of(before)).is_none_or(|state| state == State::Prepared);
    if was_waiting && state_of(after) == Some(State::Building) {
        let made = after.metadata.created.at();
        if let (Some(made), Some(on)) = (made, meters.build_queue.on()) {
            on.record(seconds_since(now, made), mco::BuildQueueDuration { pool_name: pool.to_owned().into() });
        }
    }
    if let (None, Some(result)) = (before.and_then(|before| end_of(before)), end_of(after)) {
        meters.builds.on().inspect(|on| on.add(1, mco::BuildCount { pool_name: pool.to_owned().into(), result }));
        let start = after.status.build_start.at();
        if let (Some(start), Some(on)) = (start, meters.build_duration.on()) {
            let end = after.status.build_end.at().unwrap_or(now);
            on.record(seconds_since(end, start), mco::BuildDuration { pool_name: pool.to_owned().into(), result });
        }
    }
}

/// A build's job changed: attempts that failed and may be made again are retries.
pub(super) fn job_changed(delta: &Delta<Job>, world: &World, meters: Option<&Meters>) {
    let (Some(after), Some(meters), false) = (&delta.after, meters, delta.is_first) else { return };
    let build = world.builds.iter().find(|(_, build)| build.status.builder.job.name == delta.name);
    let label = after.metadata.labels.get(POOL_LABEL).filter(|pool| world.pools.get(pool).is_some());
    let Some(pool) = build.and_then(|(_, build)| pool_of(build, world)).or(label.map(|label| &**label)) else { return };
    let retried = |job: &Job| job.status.failed.min(job.spec.backoff_limit.unwrap_or(i64::MAX)).max(0);
    let before = delta.before.as_ref().filter(|before| before.metadata.uid == after.metadata.uid);
    let grown = retried(after).saturating_sub(before.map_or(0, |before| retried(before)));
    if let (Ok(grown @ 1..), Some(on)) = (u64::try_from(grown), meters.retries.on()) {
        on.add(grown, mco::BuildRetries { pool_name: pool.to_owned().into() });
    }
}

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::BuildState>(|seen, readings| {
        for (pool, newest) in newest(seen.world) {
            let now = state_of(newest);
            for build_state in State::ALL {
                let reading = mco::BuildState { pool_name: pool.to_owned().into(), build_state };
                readings.set(i64::from(now == Some(build_state)), reading);
            }
        }
    });
    observed.metric::<mco::BuildActive>(|seen, readings| {
        let mut active: BTreeMap<&str, i64> = layered(seen.world).into_iter().map(|pool| (pool, 0)).collect();
        for (_, build) in seen.world.builds.iter().filter(|(_, build)| end_of(build).is_none()) {
            if let Some(count) = pool_of(build, seen.world).and_then(|pool| active.get_mut(pool)) {
                *count += 1;
            }
        }
        for (pool, builds) in active {
            readings.set(builds, mco::BuildActive { pool_name: pool.to_owned().into() });
        }
    });
    observed.metric::<mco::BuildAge>(|seen, readings| {
        for (pool, start) in oldest_starts(seen.world) {
            readings.set(seconds_since(seen.now, start), mco::BuildAge { pool_name: pool.to_owned().into() });
        }
    });
}

/// The newest build of each pool.
fn newest(world: &World) -> BTreeMap<&str, &MachineOSBuild> {
    let mut newest: BTreeMap<&str, &MachineOSBuild> = BTreeMap::new();
    for (_, build) in world.builds.iter() {
        let Some(pool) = pool_of(build, world) else { continue };
        let held = newest.entry(pool).or_insert(build);
        if build.metadata.created.at() >= held.metadata.created.at() {
            *held = build;
        }
    }
    newest
}

/// When the oldest build under way of each pool began.
fn oldest_starts(world: &World) -> BTreeMap<&str, Timestamp> {
    let mut oldest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (_, build) in world.builds.iter().filter(|(_, build)| end_of(build).is_none()) {
        let Some(pool) = pool_of(build, world) else { continue };
        let Some(start) = build.status.build_start.at() else { continue };
        let held = oldest.entry(pool).or_insert(start);
        *held = start.min(*held);
    }
    oldest
}
