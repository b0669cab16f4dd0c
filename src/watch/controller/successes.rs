//! When each sub-controller last succeeded, as far as what it leaves in objects tells: the time of a condition that says so,
//! the creation of what it made. A controller that succeeds without changing anything leaves no trace there, so an age is
//! never too low. Knows nothing of failures.

use super::{Controller, renders};
use crate::{
    api::{Condition, Status},
    limits::{SCRAPED_SECS_MAX, SCRAPED_SECS_MIN, SKEW_SECS_MAX},
    scrape::{Family, ScrapeFailure, Scraped},
    watch::{Observed, seconds_since},
    world::{Change, World},
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::semconv::{
    attribute::{McoControllerName as Name, McoObjectKind as Object},
    mco,
};
use std::collections::BTreeMap;

/// The last success of each controller with each kind of object.
#[derive(Debug, Default)]
pub(super) struct Successes {
    last: BTreeMap<(Name, Object), Timestamp>,
    scraped: BTreeMap<Told, f64>,
}

/// What the controller tells of each success: sub-controller, what it did, the name of what with.
type Told = (Box<str>, &'static str, Box<str>);

/// How the controller calls its sub-controllers.
const PREFIX: &str = "machine-config-controller-";
/// What sub-controllers do, as they call it. Other words are not passed on.
const DEEDS: [&str; 11] = [
    "Sync Controller Config",
    "Sync Machine Config Pool with new MC",
    "Sync Machine Config Pool",
    "drain",
    "uncordon",
    "Sync Kubelet Config",
    "Sync FeatureSet",
    "Sync NodeConfig",
    "Sync Container Runtime Config",
    "Sync Image Config",
    "Sync CRIO Credential Provider Config",
];

impl Successes {
    pub(super) fn changed(&mut self, change: &Change, now: Timestamp) {
        match change {
            Change::ControllerConfig(delta) => delta.after.iter().for_each(|config| {
                let done = since(&config.status.conditions, &["TemplateControllerCompleted"], Some(Status::True));
                self.note(Name::Template, Object::ControllerConfig, done, now);
            }),
            Change::KubeletConfig(delta) => delta.after.iter().for_each(|config| {
                let done = since(&config.status.conditions, &["Success", "Accepted"], Some(Status::True));
                self.note(Name::KubeletConfig, Object::KubeletConfig, done, now);
            }),
            Change::ContainerRuntimeConfig(delta) => delta.after.iter().for_each(|config| {
                let done = since(&config.status.conditions, &["Success"], Some(Status::True));
                self.note(Name::ContainerRuntimeConfig, Object::ContainerRuntimeConfig, done, now);
            }),
            Change::MachineConfigPool(delta) => delta.after.iter().for_each(|pool| {
                let conditions = &pool.status.conditions;
                let render = since(conditions, &["RenderDegraded"], Some(Status::False));
                self.note(Name::Render, Object::MachineConfigPool, render, now);
                // The node controller writes these at the end of a turn, whatever they say.
                let node = since(conditions, &["Updated", "Updating", "NodeDegraded"], None);
                self.note(Name::Node, Object::MachineConfigPool, node, now);
                let pinned = since(conditions, &["PinnedImageSetsDegraded"], Some(Status::False));
                self.note(Name::Pinnedimageset, Object::MachineConfigPool, pinned, now);
            }),
            Change::MachineConfig(delta) => delta.after.iter().for_each(|config| {
                let made = renders::pool_of(config).and_then(|_| config.metadata.created.at());
                self.note(Name::Render, Object::MachineConfigPool, made, now);
            }),
            Change::MachineConfiguration(delta) => delta.after.iter().for_each(|cluster| {
                let done = since(&cluster.status.conditions, &["BootImageUpdateDegraded"], Some(Status::False));
                self.note(Name::Bootimage, Object::MachineConfiguration, done, now);
            }),
            Change::InternalReleaseImage(delta) => delta.after.iter().for_each(|releases| {
                let done = since(&releases.status.conditions, &["Degraded"], Some(Status::False));
                self.note(Name::Internalreleaseimage, Object::InternalReleaseImage, done, now);
            }),
            Change::MachineOSBuild(delta) => delta.after.iter().for_each(|build| {
                let done = since(&build.status.conditions, &["Succeeded"], Some(Status::True));
                self.note(Name::Build, Object::MachineOsBuild, done, now);
            }),
            _ => {}
        }
    }

    /// What the controller tells of its sub-controllers: a success has its time as its value.
    pub(super) fn take_scrape(&mut self, scraped: Result<Scraped, ScrapeFailure>, now: Timestamp) {
        self.scraped.clear();
        let samples = scraped.map(|scraped| scraped.samples).unwrap_or_default();
        for sample in samples.iter().filter(|sample| sample.family == Family::SubControllerState) {
            let subcontroller = sample.label("subcontroller");
            let (name, object) = sub_controller(subcontroller);
            self.note(name, object, unix(sample.value), now);
            let deed = DEEDS.into_iter().find(|deed| *deed == sample.label("state"));
            if let (Some(deed), true) = (deed, name != Name::Other) {
                self.scraped.insert((subcontroller.into(), deed, sample.label("object").into()), sample.value);
            }
        }
    }

    /// What the last scrape told, as it told it.
    pub(super) fn scraped(&self) -> &BTreeMap<Told, f64> {
        &self.scraped
    }

    /// A success; one in the future is none, or it would stay the last for ever.
    fn note(&mut self, name: Name, object: Object, at: Option<Timestamp>, now: Timestamp) {
        let Some(at) = at.filter(|at| at.duration_since(now) <= SignedDuration::from_secs(SKEW_SECS_MAX)) else { return };
        let last = self.last.entry((name, object)).or_insert(at);
        *last = at.max(*last);
    }
}

/// The newest time of a condition of one of these types that has this status, or any. In a log every entry is of its time.
fn since(conditions: &[Condition], names: &[&str], status: Option<Status>) -> Option<Timestamp> {
    let of_these = |condition: &&Condition| {
        names.contains(&&*condition.name) && !condition.is_odd && status.is_none_or(|status| condition.status == status)
    };
    conditions.iter().filter(of_these).filter_map(|condition| condition.since.at()).max()
}

/// A sub-controller by its old name, and what it tells of.
fn sub_controller(old: &str) -> (Name, Object) {
    let known = |name: &&str| Name::ALL.into_iter().find(|known| known.as_str() == *name);
    let name = old.strip_prefix(PREFIX).as_ref().and_then(known).unwrap_or(Name::Other);
    let object = match name {
        Name::Template => Object::MachineConfig,
        Name::Drain => Object::Node,
        Name::Render | Name::Node | Name::KubeletConfig | Name::ContainerRuntimeConfig => Object::MachineConfigPool,
        _ => Object::Other,
    };
    (name, object)
}

/// A moment in seconds since 1970; none that is absurd.
#[expect(clippy::cast_possible_truncation, reason = "within bounds that an i64 holds")]
fn unix(secs: f64) -> Option<Timestamp> {
    let in_reason = (SCRAPED_SECS_MIN..SCRAPED_SECS_MAX).contains(&secs);
    Timestamp::from_second(if in_reason { secs as i64 } else { return None }).ok()
}

/// Whether there are objects of a kind: with the last of them goes what was done with them.
fn has_any(world: &World, object: Object) -> bool {
    match object {
        Object::MachineConfigPool => !world.pools.is_empty(),
        Object::ControllerConfig => !world.controller_configs.is_empty(),
        Object::KubeletConfig => !world.kubelet_configs.is_empty(),
        Object::ContainerRuntimeConfig => !world.runtime_configs.is_empty(),
        Object::MachineOsBuild => !world.builds.is_empty(),
        Object::InternalReleaseImage => !world.release_images.is_empty(),
        Object::MachineConfiguration => !world.boot_images.is_empty(),
        Object::MachineConfig => !world.configs.is_empty(),
        Object::Node => !world.nodes.is_empty(),
        _ => true,
    }
}

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::ControllerLastSuccessAge>(|seen, readings| {
        for ((controller_name, object_kind), at) in &seen.watcher.successes.last {
            if has_any(seen.world, *object_kind) {
                let reading = mco::ControllerLastSuccessAge { controller_name: *controller_name, object_kind: *object_kind };
                readings.set(seconds_since(seen.now, *at), reading);
            }
        }
    });
}
