//! KubeletConfigs and ContainerRuntimeConfigs: whether their controllers have seen them, and settings that will go.
//! Knows nothing of what they are turned into.

use super::{Controller, is_known};
use crate::{
    api::{Condition, ObservedConfig, Status},
    kind::Kind,
    table::Table,
    watch::Observed,
    world::World,
};
use pointsman_instrument::semconv::{
    attribute::{McoObjectKind, McoSetting},
    mco,
};

/// The operator's own ClusterOperator.
const OPERATOR: &str = "machine-config";
/// The condition in which it tells of settings that will go.
const DETECTED: &str = "EvaluationConditionsDetected";

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::ConfigObservedGenerationLag>(|seen, readings| {
        let tables = [
            (McoObjectKind::KubeletConfig, &seen.world.kubelet_configs),
            (McoObjectKind::ContainerRuntimeConfig, &seen.world.runtime_configs),
        ];
        for (object_kind, table) in tables {
            for (name, config) in table.iter() {
                let reading = mco::ConfigObservedGenerationLag { object_kind, config_name: name.to_owned().into() };
                readings.set(lag(config), reading);
            }
        }
    });
    observed.metric::<mco::ConfigDeprecatedSetting>(|seen, readings| {
        let sources = [Kind::ContainerRuntimeConfig, Kind::KubeletConfig, Kind::ClusterOperator];
        if sources.into_iter().any(|kind| is_known(seen.world, kind)) {
            for setting in McoSetting::ALL {
                readings.set(with(setting, seen.world), mco::ConfigDeprecatedSetting { setting });
            }
        }
    });
}

#[expect(clippy::cast_precision_loss, reason = "generations are small numbers, and a lag is smaller")]
fn lag(config: &ObservedConfig) -> f64 {
    let observed = config.status.observed_generation.unwrap_or(0);
    config.metadata.generation.saturating_sub(observed).max(0) as f64
}

/// Configs with the setting; at least one where the operator says that there is one, wherever it saw it.
fn with(setting: McoSetting, world: &World) -> i64 {
    let count = |table: &Table<ObservedConfig>, has: fn(&ObservedConfig) -> bool| {
        i64::try_from(table.iter().filter(|(_, config)| has(config)).count()).unwrap_or(i64::MAX)
    };
    let seen = match setting {
        McoSetting::Runc => count(&world.runtime_configs, |config| {
            config.spec.container_runtime_config.default_runtime.as_str() == McoSetting::Runc.as_str()
        }),
        McoSetting::FailSwapOn => count(&world.kubelet_configs, |config| config.spec.kubelet_config.fail_swap_on == Some(false)),
    };
    let told = world.cluster_operators.get(OPERATOR).is_some_and(|operator| tells_of(&operator.status.conditions, setting));
    seen.max(i64::from(told))
}

/// Whether the operator names the setting among its reasons, which `::` joins.
fn tells_of(conditions: &[Condition], setting: McoSetting) -> bool {
    let detected = Condition::find(conditions, DETECTED).filter(|condition| condition.status == Status::True);
    let begins = |reason: &str| reason.to_ascii_lowercase().starts_with(setting.as_str());
    detected.is_some_and(|condition| condition.reason.split("::").any(begins))
}
