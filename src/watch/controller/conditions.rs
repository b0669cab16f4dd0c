//! Conditions that sub-controllers leave in objects, as state sets. Of several objects of a kind the worst counts; of a log
//! of conditions the last entry. Knows no reasons and no texts.

use super::Controller;
use crate::{
    api::{Condition, Status},
    sets::{is_status, statuses},
    watch::Observed,
    world::World,
};
use pointsman_instrument::semconv::{
    attribute::{McoConditionStatus, McoConditionType as Type, McoControllerName as Name},
    mco,
};
use std::collections::BTreeMap;

/// The `MachineConfiguration` that counts.
const CLUSTER: &str = "cluster";

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::ControllerConditionStatus>(|seen, readings| {
        for ((controller_name, condition_type), status) in worst(seen.world) {
            for condition_status in McoConditionStatus::ALL {
                let reading = mco::ControllerConditionStatus { controller_name, condition_type, condition_status };
                readings.set(is_status(condition_status, status), reading);
            }
        }
    });
    observed.metric::<mco::BootImageConditionStatus>(|seen, readings| {
        let Some(cluster) = seen.world.boot_images.get(CLUSTER) else { return };
        let found = statuses(&cluster.status.conditions);
        for condition_type in [Type::BootImageUpdateProgressing, Type::BootImageUpdateDegraded] {
            let Some(status) = found.get(&condition_type) else { continue };
            for condition_status in McoConditionStatus::ALL {
                let reading = mco::BootImageConditionStatus { condition_type, condition_status };
                readings.set(is_status(condition_status, *status), reading);
            }
        }
    });
}

/// The worst status of each type, over the objects of each controller.
fn worst(world: &World) -> BTreeMap<(Name, Type), Status> {
    let mut all = BTreeMap::new();
    let mut take = |name: Name, found: BTreeMap<Type, Status>| {
        for (of, status) in found {
            let held = all.entry((name, of)).or_insert(status);
            if badness(of, status) > badness(of, *held) {
                *held = status;
            }
        }
    };
    for (_, config) in world.controller_configs.iter() {
        take(Name::Template, statuses(&config.status.conditions));
    }
    for (_, config) in world.kubelet_configs.iter() {
        take(Name::KubeletConfig, logged(&config.status.conditions));
    }
    for (_, config) in world.runtime_configs.iter() {
        take(Name::ContainerRuntimeConfig, logged(&config.status.conditions));
    }
    for (_, cluster) in world.boot_images.iter().filter(|(name, _)| *name == CLUSTER) {
        take(Name::Bootimage, statuses(&cluster.status.conditions));
    }
    for (_, releases) in world.release_images.iter() {
        take(Name::Internalreleaseimage, statuses(&releases.status.conditions));
    }
    all
}

/// The statuses of a log. Its last verdict says how the object fares, and an older one of the other type nothing any more.
/// A controller that fails appends `Failure` with the status `False`: the entry itself is the failure.
fn logged(conditions: &[Condition]) -> BTreeMap<Type, Status> {
    let mut found = statuses(conditions);
    let verdict = conditions.iter().rev().find(|condition| matches!(&*condition.name, "Success" | "Failure"));
    if let Some(verdict) = verdict {
        let succeeded = &*verdict.name == "Success" && verdict.status == Status::True;
        let (success, failure) = if succeeded { (Status::True, Status::False) } else { (Status::False, Status::True) };
        found.insert(Type::Success, success);
        found.insert(Type::Failure, failure);
    }
    found
}

fn badness(of: Type, status: Status) -> u8 {
    let is_wanted =
        matches!(of, Type::TemplateControllerCompleted | Type::Accepted | Type::Success | Type::Available | Type::Mounted);
    match status {
        Status::Unknown => 1,
        Status::True => {
            if is_wanted {
                0
            } else {
                2
            }
        }
        Status::False => {
            if is_wanted {
                2
            } else {
                0
            }
        }
    }
}
