// DO NOT EDIT: rendered from otel/registry by tests/it/semconv.rs (UPDATE_EXPECT=1 cargo test --test it semconv).
//! Metrics, spans and events of `legacy`: one type each, whose fields are its attributes.
//! Knows what they are called, not who sends them.

use crate::{
    metric::{Kind, Level, Meta, Metric},
    semconv::attribute,
};
use opentelemetry::{KeyValue, StringValue};

/// What is known of every metric here, in the registry's order.
pub const METRICS: [&Meta; 18] = [
    &OsImageUrlOverride::META,
    &MccBootImageSkewEnforcementNone::META,
    &MccDrainErr::META,
    &MccPoolAlert::META,
    &McoState::META,
    &McoMachineCount::META,
    &McoUpdatedMachineCount::META,
    &McoDegradedMachineCount::META,
    &McoUnavailableMachineCount::META,
    &McdHostOsAndVersion::META,
    &McdState::META,
    &McdConfigDrift::META,
    &MccSubControllerState::META,
    &McdPivotErrorsTotal::META,
    &McdKubeletState::META,
    &McdRebootsFailedTotal::META,
    &McdUpdateState::META,
    &McdLocalUnsupportedPackages::META,
];

/// 1 where a config of the pool names another OS image than the release. Gauge `os_image_url_override`.
#[derive(Clone, Debug)]
pub struct OsImageUrlOverride {
    /// Name of the pool.
    pub pool: StringValue,
}

impl Metric for OsImageUrlOverride {
    const META: Meta = Meta {
        name: "os_image_url_override",
        kind: Kind::Gauge,
        unit: "",
        brief: "1 where a config of the pool names another OS image than the release.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POOL],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POOL, self.pool),
        ]
    }
}

/// 1 where nobody looks at the age of boot images. Gauge `mcc_boot_image_skew_enforcement_none`.
#[derive(Clone, Debug)]
pub struct MccBootImageSkewEnforcementNone;

impl Metric for MccBootImageSkewEnforcementNone {
    const META: Meta = Meta {
        name: "mcc_boot_image_skew_enforcement_none",
        kind: Kind::Gauge,
        unit: "",
        brief: "1 where nobody looks at the age of boot images.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = f64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// 1 while the node's drain is older than an hour. Gauge `mcc_drain_err`.
#[derive(Clone, Debug)]
pub struct MccDrainErr {
    /// Name of the node.
    pub node: StringValue,
    /// Name of the node, as Prometheus renames it where a scrape adds its own.
    pub exported_node: StringValue,
}

impl Metric for MccDrainErr {
    const META: Meta = Meta {
        name: "mcc_drain_err",
        kind: Kind::Gauge,
        unit: "",
        brief: "1 while the node's drain is older than an hour.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE, attribute::EXPORTED_NODE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
            KeyValue::new(attribute::EXPORTED_NODE, self.exported_node),
        ]
    }
}

/// 1 while the node is in the master pool and in a custom one. Gauge `mcc_pool_alert`.
#[derive(Clone, Debug)]
pub struct MccPoolAlert {
    /// Name of the node.
    pub node: StringValue,
    /// Name of the node, as Prometheus renames it where a scrape adds its own.
    pub exported_node: StringValue,
}

impl Metric for MccPoolAlert {
    const META: Meta = Meta {
        name: "mcc_pool_alert",
        kind: Kind::Gauge,
        unit: "",
        brief: "1 while the node is in the master pool and in a custom one.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE, attribute::EXPORTED_NODE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
            KeyValue::new(attribute::EXPORTED_NODE, self.exported_node),
        ]
    }
}

/// Unix time at which the pool came to a state. Gauge `mco_state`.
#[derive(Clone, Debug)]
pub struct McoState {
    /// Name of the node.
    pub node: StringValue,
    /// Name of the pool.
    pub pool: StringValue,
    /// State.
    pub state: StringValue,
    /// Why; a class or nothing from us, a sentence from the daemon.
    pub reason: StringValue,
}

impl Metric for McoState {
    const META: Meta = Meta {
        name: "mco_state",
        kind: Kind::Gauge,
        unit: "",
        brief: "Unix time at which the pool came to a state.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::NODE, attribute::POOL, attribute::STATE, attribute::REASON],
    };
    type Value = f64;
    type Attributes = [KeyValue; 4];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
            KeyValue::new(attribute::POOL, self.pool),
            KeyValue::new(attribute::STATE, self.state),
            KeyValue::new(attribute::REASON, self.reason),
        ]
    }
}

/// Machines of the pool. Gauge `mco_machine_count`.
#[derive(Clone, Debug)]
pub struct McoMachineCount {
    /// Name of the pool.
    pub pool: StringValue,
}

impl Metric for McoMachineCount {
    const META: Meta = Meta {
        name: "mco_machine_count",
        kind: Kind::Gauge,
        unit: "",
        brief: "Machines of the pool.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POOL],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POOL, self.pool),
        ]
    }
}

/// Machines of the pool that run the target. Gauge `mco_updated_machine_count`.
#[derive(Clone, Debug)]
pub struct McoUpdatedMachineCount {
    /// Name of the pool.
    pub pool: StringValue,
}

impl Metric for McoUpdatedMachineCount {
    const META: Meta = Meta {
        name: "mco_updated_machine_count",
        kind: Kind::Gauge,
        unit: "",
        brief: "Machines of the pool that run the target.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POOL],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POOL, self.pool),
        ]
    }
}

/// Machines of the pool that failed. Gauge `mco_degraded_machine_count`.
#[derive(Clone, Debug)]
pub struct McoDegradedMachineCount {
    /// Name of the pool.
    pub pool: StringValue,
}

impl Metric for McoDegradedMachineCount {
    const META: Meta = Meta {
        name: "mco_degraded_machine_count",
        kind: Kind::Gauge,
        unit: "",
        brief: "Machines of the pool that failed.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POOL],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POOL, self.pool),
        ]
    }
}

/// Machines of the pool that are cordoned or not ready. Gauge `mco_unavailable_machine_count`.
#[derive(Clone, Debug)]
pub struct McoUnavailableMachineCount {
    /// Name of the pool.
    pub pool: StringValue,
}

impl Metric for McoUnavailableMachineCount {
    const META: Meta = Meta {
        name: "mco_unavailable_machine_count",
        kind: Kind::Gauge,
        unit: "",
        brief: "Machines of the pool that are cordoned or not ready.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POOL],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POOL, self.pool),
        ]
    }
}

/// OS of the node; always 1. Gauge `mcd_host_os_and_version`.
#[derive(Clone, Debug)]
pub struct McdHostOsAndVersion {
    /// Name of the node.
    pub node: StringValue,
    /// Name of the OS.
    pub os: StringValue,
    /// Version of the OS.
    pub version: StringValue,
}

impl Metric for McdHostOsAndVersion {
    const META: Meta = Meta {
        name: "mcd_host_os_and_version",
        kind: Kind::Gauge,
        unit: "",
        brief: "OS of the node; always 1.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE, attribute::OS, attribute::VERSION],
    };
    type Value = f64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
            KeyValue::new(attribute::OS, self.os),
            KeyValue::new(attribute::VERSION, self.version),
        ]
    }
}

/// Unix time at which the node came to a state. Gauge `mcd_state`.
#[derive(Clone, Debug)]
pub struct McdState {
    /// Name of the node.
    pub node: StringValue,
    /// State.
    pub state: StringValue,
    /// Why; a class or nothing from us, a sentence from the daemon.
    pub reason: StringValue,
}

impl Metric for McdState {
    const META: Meta = Meta {
        name: "mcd_state",
        kind: Kind::Gauge,
        unit: "",
        brief: "Unix time at which the node came to a state.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE, attribute::STATE, attribute::REASON],
    };
    type Value = f64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
            KeyValue::new(attribute::STATE, self.state),
            KeyValue::new(attribute::REASON, self.reason),
        ]
    }
}

/// Unix time at which a file of the node was found to differ from its config; 0 when none does. Gauge `mcd_config_drift`.
#[derive(Clone, Debug)]
pub struct McdConfigDrift {
    /// Name of the node.
    pub node: StringValue,
}

impl Metric for McdConfigDrift {
    const META: Meta = Meta {
        name: "mcd_config_drift",
        kind: Kind::Gauge,
        unit: "",
        brief: "Unix time at which a file of the node was found to differ from its config; 0 when none does.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
        ]
    }
}

/// Unix time of the controller's last success. Gauge `mcc_sub_controller_state`.
#[derive(Clone, Debug)]
pub struct MccSubControllerState {
    /// Controller.
    pub subcontroller: StringValue,
    /// State.
    pub state: StringValue,
    /// Name of the object.
    pub object: StringValue,
}

impl Metric for MccSubControllerState {
    const META: Meta = Meta {
        name: "mcc_sub_controller_state",
        kind: Kind::Gauge,
        unit: "",
        brief: "Unix time of the controller's last success.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 1000,
        buckets: &[],
        attributes: &[attribute::SUBCONTROLLER, attribute::STATE, attribute::OBJECT],
    };
    type Value = f64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::SUBCONTROLLER, self.subcontroller),
            KeyValue::new(attribute::STATE, self.state),
            KeyValue::new(attribute::OBJECT, self.object),
        ]
    }
}

/// OS updates of the node that failed since the last good one. Gauge `mcd_pivot_errors_total`.
#[derive(Clone, Debug)]
pub struct McdPivotErrorsTotal {
    /// Name of the node.
    pub node: StringValue,
}

impl Metric for McdPivotErrorsTotal {
    const META: Meta = Meta {
        name: "mcd_pivot_errors_total",
        kind: Kind::Gauge,
        unit: "",
        brief: "OS updates of the node that failed since the last good one.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
        ]
    }
}

/// Health checks of the node's kubelet that failed in a row. Gauge `mcd_kubelet_state`.
#[derive(Clone, Debug)]
pub struct McdKubeletState {
    /// Name of the node.
    pub node: StringValue,
}

impl Metric for McdKubeletState {
    const META: Meta = Meta {
        name: "mcd_kubelet_state",
        kind: Kind::Gauge,
        unit: "",
        brief: "Health checks of the node's kubelet that failed in a row.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
        ]
    }
}

/// Restarts of the node that could not be begun. Counter `mcd_reboots_failed_total`.
#[derive(Clone, Debug)]
pub struct McdRebootsFailedTotal {
    /// Name of the node.
    pub node: StringValue,
}

impl Metric for McdRebootsFailedTotal {
    const META: Meta = Meta {
        name: "mcd_reboots_failed_total",
        kind: Kind::Counter,
        unit: "",
        brief: "Restarts of the node that could not be begun.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
        ]
    }
}

/// Unix time at which an update ended, or failed with an error. Gauge `mcd_update_state`.
#[derive(Clone, Debug)]
pub struct McdUpdateState {
    /// Rendered config the update leads to.
    pub config: StringValue,
    /// Error of the attempt, in words; empty when it worked.
    pub err: StringValue,
}

impl Metric for McdUpdateState {
    const META: Meta = Meta {
        name: "mcd_update_state",
        kind: Kind::Gauge,
        unit: "",
        brief: "Unix time at which an update ended, or failed with an error.",
        scope: "machineconfig.daemon",
        level: Level::Standard,
        limit: 2000,
        buckets: &[],
        attributes: &[attribute::CONFIG, attribute::ERR],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::CONFIG, self.config),
            KeyValue::new(attribute::ERR, self.err),
        ]
    }
}

/// Packages layered onto the node that nobody supports. Gauge `mcd_local_unsupported_packages`.
#[derive(Clone, Debug)]
pub struct McdLocalUnsupportedPackages {
    /// Name of the node.
    pub node: StringValue,
}

impl Metric for McdLocalUnsupportedPackages {
    const META: Meta = Meta {
        name: "mcd_local_unsupported_packages",
        kind: Kind::Gauge,
        unit: "",
        brief: "Packages layered onto the node that nobody supports.",
        scope: "mco.legacy",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::NODE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::NODE, self.node),
        ]
    }
}
