// DO NOT EDIT: rendered from otel/registry by tests/it/semconv.rs (UPDATE_EXPECT=1 cargo test --test it semconv).
//! Metrics, spans and events of `mco`: one type each, whose fields are its attributes.
//! Knows what they are called, not who sends them.

use crate::{
    metric::{Kind, Level, Meta, Metric},
    metric::Distribution,
    span::Event,
    span::Span,
    semconv::attribute,
};
use opentelemetry::{KeyValue, StringValue};
use std::borrow::Cow;

/// What is known of every metric here, in the registry's order.
pub const METRICS: [&Meta; 98] = [
    &RenderLag::META,
    &RenderCount::META,
    &RenderFailed::META,
    &RenderSources::META,
    &RenderSize::META,
    &MachineconfigCount::META,
    &ConfigObservedGenerationLag::META,
    &ConfigDeprecatedSetting::META,
    &CertificateExpiry::META,
    &CertificateCount::META,
    &CertificateBlockedByPause::META,
    &CertificateMcsExpiry::META,
    &ControllerReconcileDuration::META,
    &ControllerReconcileErrors::META,
    &ControllerQueueDepth::META,
    &ControllerQueueRetries::META,
    &ControllerQueueLatency::META,
    &ControllerQueueDropped::META,
    &ControllerLastSuccessAge::META,
    &ControllerConditionStatus::META,
    &ControllerLeader::META,
    &ControllerLeaseTransitions::META,
    &BuildState::META,
    &BuildDuration::META,
    &BuildQueueDuration::META,
    &BuildCount::META,
    &BuildRetries::META,
    &BuildActive::META,
    &BuildAge::META,
    &BuildTriggerCount::META,
    &LayeringMachineosconfigCount::META,
    &LayeringNodeCount::META,
    &PinnedImageSetNodeCount::META,
    &PinnedImageSetGenerationLag::META,
    &PinnedImageSetFailures::META,
    &PinnedImageSetImages::META,
    &BootImageConditionStatus::META,
    &BootImageSkewEnforcement::META,
    &OsImageStreamInfo::META,
    &InternalReleaseImageState::META,
    &NodeState::META,
    &NodeStateAge::META,
    &NodeDegraded::META,
    &NodeUpdatePhase::META,
    &NodeUpdatePhaseDuration::META,
    &NodeUpdatePhaseAge::META,
    &NodeUpdateDuration::META,
    &NodeUpdateCount::META,
    &NodeUpdateErrors::META,
    &NodeConfigPending::META,
    &NodeDrainDuration::META,
    &NodeDrainAge::META,
    &NodeDrainFailed::META,
    &NodeDrainRetries::META,
    &NodeCordoned::META,
    &NodeRebootDuration::META,
    &NodeRebootCount::META,
    &NodeRebootFailed::META,
    &NodeRebootPendingAge::META,
    &NodePivotErrors::META,
    &NodeConfigDrift::META,
    &NodeConfigDriftCount::META,
    &NodeIrreconcilableChanges::META,
    &NodeKubeletHealthFailures::META,
    &NodeOsInfo::META,
    &NodeUnsupportedPackages::META,
    &NodeCertificateSyncLag::META,
    &NodeFinalizeFailed::META,
    &NodeMcnMissing::META,
    &DaemonScrapeUp::META,
    &NodeUpdatePhaseUnobserved::META,
    &OperatorConditionStatus::META,
    &OperatorConditionAge::META,
    &OperatorConditionTransitions::META,
    &OperatorUpgradeableBlocked::META,
    &OperatorVersionInfo::META,
    &OperatorSyncDuration::META,
    &OperatorSyncErrors::META,
    &ServerUp::META,
    &EventCount::META,
    &PoolMachineCount::META,
    &PoolConditionStatus::META,
    &PoolConditionAge::META,
    &PoolPaused::META,
    &PoolPausedDuration::META,
    &PoolUpdatePending::META,
    &PoolUpdatePendingAge::META,
    &PoolUpdateDuration::META,
    &PoolUpdateCount::META,
    &PoolLastUpdateAge::META,
    &PoolProgressRatio::META,
    &PoolMaxUnavailable::META,
    &PoolUpdateCapacity::META,
    &PoolStalled::META,
    &PoolObservedGenerationLag::META,
    &PoolOsImageUrlOverride::META,
    &PoolOsImageUrlMismatch::META,
    &PoolLabelConflict::META,
];

/// How long the oldest config has waited to be rendered; 0 when none waits. Gauge `mco.render.lag`, unit `s`.
#[derive(Clone, Debug)]
pub struct RenderLag {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for RenderLag {
    const META: Meta = Meta {
        name: "mco.render.lag",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the oldest config has waited to be rendered; 0 when none waits.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Rendered configs that were made. Counter `mco.render.count`, unit `{render}`.
#[derive(Clone, Debug)]
pub struct RenderCount {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for RenderCount {
    const META: Meta = Meta {
        name: "mco.render.count",
        kind: Kind::Counter,
        unit: "{render}",
        brief: "Rendered configs that were made.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether the rendered config could not be made. UpDownCounter `mco.render.failed`, unit `1`.
#[derive(Clone, Debug)]
pub struct RenderFailed {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for RenderFailed {
    const META: Meta = Meta {
        name: "mco.render.failed",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the rendered config could not be made.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Configs the rendered one is made of. UpDownCounter `mco.render.sources`, unit `{config}`.
#[derive(Clone, Debug)]
pub struct RenderSources {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for RenderSources {
    const META: Meta = Meta {
        name: "mco.render.sources",
        kind: Kind::UpDownCounter,
        unit: "{config}",
        brief: "Configs the rendered one is made of.",
        scope: "mco.watch.controller",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Size of the rendered config, as JSON. Gauge `mco.render.size`, unit `By`.
#[derive(Clone, Debug)]
pub struct RenderSize {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for RenderSize {
    const META: Meta = Meta {
        name: "mco.render.size",
        kind: Kind::Gauge,
        unit: "By",
        brief: "Size of the rendered config, as JSON.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Configs there are. UpDownCounter `mco.machineconfig.count`, unit `{config}`.
#[derive(Clone, Debug)]
pub struct MachineconfigCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Who made the config.
    pub config_kind: attribute::McoConfigKind,
    /// Whether something refers to it.
    pub in_use: attribute::McoInUse,
}

impl Metric for MachineconfigCount {
    const META: Meta = Meta {
        name: "mco.machineconfig.count",
        kind: Kind::UpDownCounter,
        unit: "{config}",
        brief: "Configs there are.",
        scope: "mco.watch.controller",
        level: Level::Detailed,
        limit: 300,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_CONFIG_KIND, attribute::MCO_IN_USE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_CONFIG_KIND, self.config_kind),
            KeyValue::new(attribute::MCO_IN_USE, self.in_use),
        ]
    }
}

/// Generations of the config that its controller has not seen. Gauge `mco.config.observed_generation.lag`, unit `{generation}`.
#[derive(Clone, Debug)]
pub struct ConfigObservedGenerationLag {
    /// Kind of the object.
    pub object_kind: attribute::McoObjectKind,
    /// Name of a KubeletConfig or ContainerRuntimeConfig.
    pub config_name: StringValue,
}

impl Metric for ConfigObservedGenerationLag {
    const META: Meta = Meta {
        name: "mco.config.observed_generation.lag",
        kind: Kind::Gauge,
        unit: "{generation}",
        brief: "Generations of the config that its controller has not seen.",
        scope: "mco.watch.controller",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_OBJECT_KIND, attribute::MCO_CONFIG_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::MCO_CONFIG_NAME, self.config_name),
        ]
    }
}

/// Configs with a setting that will go. UpDownCounter `mco.config.deprecated_setting`, unit `{config}`.
#[derive(Clone, Debug)]
pub struct ConfigDeprecatedSetting {
    /// Setting that will go.
    pub setting: attribute::McoSetting,
}

impl Metric for ConfigDeprecatedSetting {
    const META: Meta = Meta {
        name: "mco.config.deprecated_setting",
        kind: Kind::UpDownCounter,
        unit: "{config}",
        brief: "Configs with a setting that will go.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_SETTING],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_SETTING, self.setting),
        ]
    }
}

/// Time until the first certificate of the bundle ends; below 0 when it has. Gauge `mco.certificate.expiry`, unit `s`.
#[derive(Clone, Debug)]
pub struct CertificateExpiry {
    /// Bundle the certificate is in.
    pub certificate_bundle: attribute::McoCertificateBundle,
}

impl Metric for CertificateExpiry {
    const META: Meta = Meta {
        name: "mco.certificate.expiry",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time until the first certificate of the bundle ends; below 0 when it has.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CERTIFICATE_BUNDLE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CERTIFICATE_BUNDLE, self.certificate_bundle),
        ]
    }
}

/// Certificates in the bundle. UpDownCounter `mco.certificate.count`, unit `{certificate}`.
#[derive(Clone, Debug)]
pub struct CertificateCount {
    /// Bundle the certificate is in.
    pub certificate_bundle: attribute::McoCertificateBundle,
    /// Whether the certificate may be used now.
    pub certificate_state: attribute::McoCertificateState,
}

impl Metric for CertificateCount {
    const META: Meta = Meta {
        name: "mco.certificate.count",
        kind: Kind::UpDownCounter,
        unit: "{certificate}",
        brief: "Certificates in the bundle.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CERTIFICATE_BUNDLE, attribute::MCO_CERTIFICATE_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CERTIFICATE_BUNDLE, self.certificate_bundle),
            KeyValue::new(attribute::MCO_CERTIFICATE_STATE, self.certificate_state),
        ]
    }
}

/// Whether a pause keeps new certificates from the nodes of the pool. UpDownCounter `mco.certificate.blocked_by_pause`, unit `1`.
#[derive(Clone, Debug)]
pub struct CertificateBlockedByPause {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for CertificateBlockedByPause {
    const META: Meta = Meta {
        name: "mco.certificate.blocked_by_pause",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether a pause keeps new certificates from the nodes of the pool.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Time until the certificate of the machine-config-server ends; below 0 when it has. Gauge `mco.certificate.mcs.expiry`, unit `s`.
#[derive(Clone, Debug)]
pub struct CertificateMcsExpiry {
    /// Certificate of the machine-config-server.
    pub certificate_name: attribute::McoCertificateName,
}

impl Metric for CertificateMcsExpiry {
    const META: Meta = Meta {
        name: "mco.certificate.mcs.expiry",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time until the certificate of the machine-config-server ends; below 0 when it has.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CERTIFICATE_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CERTIFICATE_NAME, self.certificate_name),
        ]
    }
}

/// Time a turn of the controller took. Histogram `mco.controller.reconcile.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct ControllerReconcileDuration {
    /// Controller within a part of the operator.
    pub controller_name: attribute::McoControllerName,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for ControllerReconcileDuration {
    const META: Meta = Meta {
        name: "mco.controller.reconcile.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a turn of the controller took.",
        scope: "mco.watch.controller",
        level: Level::Detailed,
        limit: 200,
        buckets: &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0],
        attributes: &[attribute::MCO_CONTROLLER_NAME, attribute::MCO_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONTROLLER_NAME, self.controller_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Turns of the controller that failed. Counter `mco.controller.reconcile.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct ControllerReconcileErrors {
    /// Controller within a part of the operator.
    pub controller_name: attribute::McoControllerName,
}

impl Metric for ControllerReconcileErrors {
    const META: Meta = Meta {
        name: "mco.controller.reconcile.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "Turns of the controller that failed.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CONTROLLER_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONTROLLER_NAME, self.controller_name),
        ]
    }
}

/// Keys that wait in the queue. UpDownCounter `mco.controller.queue.depth`, unit `{item}`.
#[derive(Clone, Debug)]
pub struct ControllerQueueDepth {
    /// Work queue of a controller.
    pub queue_name: attribute::McoQueueName,
}

impl Metric for ControllerQueueDepth {
    const META: Meta = Meta {
        name: "mco.controller.queue.depth",
        kind: Kind::UpDownCounter,
        unit: "{item}",
        brief: "Keys that wait in the queue.",
        scope: "mco.watch.controller",
        level: Level::Debug,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_QUEUE_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_QUEUE_NAME, self.queue_name),
        ]
    }
}

/// Keys that were put back into the queue. Counter `mco.controller.queue.retries`, unit `{retry}`.
#[derive(Clone, Debug)]
pub struct ControllerQueueRetries {
    /// Work queue of a controller.
    pub queue_name: attribute::McoQueueName,
}

impl Metric for ControllerQueueRetries {
    const META: Meta = Meta {
        name: "mco.controller.queue.retries",
        kind: Kind::Counter,
        unit: "{retry}",
        brief: "Keys that were put back into the queue.",
        scope: "mco.watch.controller",
        level: Level::Debug,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_QUEUE_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_QUEUE_NAME, self.queue_name),
        ]
    }
}

/// Time a key waited in the queue. Histogram `mco.controller.queue.latency`, unit `s`.
#[derive(Clone, Debug)]
pub struct ControllerQueueLatency {
    /// Work queue of a controller.
    pub queue_name: attribute::McoQueueName,
}

impl Metric for ControllerQueueLatency {
    const META: Meta = Meta {
        name: "mco.controller.queue.latency",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a key waited in the queue.",
        scope: "mco.watch.controller",
        level: Level::Debug,
        limit: 200,
        buckets: &[0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 300.0],
        attributes: &[attribute::MCO_QUEUE_NAME],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_QUEUE_NAME, self.queue_name),
        ]
    }
}

/// Keys that were given up after too many tries. Counter `mco.controller.queue.dropped`, unit `{item}`.
#[derive(Clone, Debug)]
pub struct ControllerQueueDropped {
    /// Work queue of a controller.
    pub queue_name: attribute::McoQueueName,
}

impl Metric for ControllerQueueDropped {
    const META: Meta = Meta {
        name: "mco.controller.queue.dropped",
        kind: Kind::Counter,
        unit: "{item}",
        brief: "Keys that were given up after too many tries.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_QUEUE_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_QUEUE_NAME, self.queue_name),
        ]
    }
}

/// Time since the controller's last success with an object of this kind. Gauge `mco.controller.last_success.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct ControllerLastSuccessAge {
    /// Controller within a part of the operator.
    pub controller_name: attribute::McoControllerName,
    /// Kind of the object.
    pub object_kind: attribute::McoObjectKind,
}

impl Metric for ControllerLastSuccessAge {
    const META: Meta = Meta {
        name: "mco.controller.last_success.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since the controller's last success with an object of this kind.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CONTROLLER_NAME, attribute::MCO_OBJECT_KIND],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONTROLLER_NAME, self.controller_name),
            KeyValue::new(attribute::MCO_OBJECT_KIND, self.object_kind),
        ]
    }
}

/// Conditions the controller leaves in its objects, of the worst object; 1 for the status a condition has. UpDownCounter `mco.controller.condition.status`, unit `1`.
#[derive(Clone, Debug)]
pub struct ControllerConditionStatus {
    /// Controller within a part of the operator.
    pub controller_name: attribute::McoControllerName,
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
}

impl Metric for ControllerConditionStatus {
    const META: Meta = Meta {
        name: "mco.controller.condition.status",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions the controller leaves in its objects, of the worst object; 1 for the status a condition has.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 360,
        buckets: &[],
        attributes: &[attribute::MCO_CONTROLLER_NAME, attribute::MCO_CONDITION_TYPE, attribute::MCO_CONDITION_STATUS],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONTROLLER_NAME, self.controller_name),
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::MCO_CONDITION_STATUS, self.condition_status),
        ]
    }
}

/// Whether the component has a leader. UpDownCounter `mco.controller.leader`, unit `1`.
#[derive(Clone, Debug)]
pub struct ControllerLeader {
    /// Part of the operator.
    pub component: attribute::McoComponent,
}

impl Metric for ControllerLeader {
    const META: Meta = Meta {
        name: "mco.controller.leader",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the component has a leader.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_COMPONENT],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_COMPONENT, self.component),
        ]
    }
}

/// How often the component changed its leader. Counter `mco.controller.lease.transitions`, unit `{transition}`.
#[derive(Clone, Debug)]
pub struct ControllerLeaseTransitions {
    /// Part of the operator.
    pub component: attribute::McoComponent,
}

impl Metric for ControllerLeaseTransitions {
    const META: Meta = Meta {
        name: "mco.controller.lease.transitions",
        kind: Kind::Counter,
        unit: "{transition}",
        brief: "How often the component changed its leader.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_COMPONENT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_COMPONENT, self.component),
        ]
    }
}

/// State of the newest build of the pool; 1 for the one it is in. UpDownCounter `mco.build.state`, unit `1`.
#[derive(Clone, Debug)]
pub struct BuildState {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How far the build is.
    pub build_state: attribute::McoBuildState,
}

impl Metric for BuildState {
    const META: Meta = Meta {
        name: "mco.build.state",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "State of the newest build of the pool; 1 for the one it is in.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 250,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_BUILD_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_BUILD_STATE, self.build_state),
        ]
    }
}

/// Time a build took. Histogram `mco.build.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct BuildDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for BuildDuration {
    const META: Meta = Meta {
        name: "mco.build.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a build took.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 450,
        buckets: &[60.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Time a build waited for its job to run. Histogram `mco.build.queue.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct BuildQueueDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for BuildQueueDuration {
    const META: Meta = Meta {
        name: "mco.build.queue.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a build waited for its job to run.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Builds that ended. Counter `mco.build.count`, unit `{build}`.
#[derive(Clone, Debug)]
pub struct BuildCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for BuildCount {
    const META: Meta = Meta {
        name: "mco.build.count",
        kind: Kind::Counter,
        unit: "{build}",
        brief: "Builds that ended.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 450,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_RESULT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Pods of builds that failed and were tried again. Counter `mco.build.retries`, unit `{retry}`.
#[derive(Clone, Debug)]
pub struct BuildRetries {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for BuildRetries {
    const META: Meta = Meta {
        name: "mco.build.retries",
        kind: Kind::Counter,
        unit: "{retry}",
        brief: "Pods of builds that failed and were tried again.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Builds that have not ended. UpDownCounter `mco.build.active`, unit `{build}`.
#[derive(Clone, Debug)]
pub struct BuildActive {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for BuildActive {
    const META: Meta = Meta {
        name: "mco.build.active",
        kind: Kind::UpDownCounter,
        unit: "{build}",
        brief: "Builds that have not ended.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// How long the oldest build under way has been going on; there only while one is. Gauge `mco.build.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct BuildAge {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for BuildAge {
    const META: Meta = Meta {
        name: "mco.build.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the oldest build under way has been going on; there only while one is.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// New targets that asked for a build. Counter `mco.build.trigger.count`, unit `{build}`.
#[derive(Clone, Debug)]
pub struct BuildTriggerCount {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for BuildTriggerCount {
    const META: Meta = Meta {
        name: "mco.build.trigger.count",
        kind: Kind::Counter,
        unit: "{build}",
        brief: "New targets that asked for a build.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Wishes for an OS image of its own. UpDownCounter `mco.layering.machineosconfig.count`, unit `{config}`.
#[derive(Clone, Debug)]
pub struct LayeringMachineosconfigCount;

impl Metric for LayeringMachineosconfigCount {
    const META: Meta = Meta {
        name: "mco.layering.machineosconfig.count",
        kind: Kind::UpDownCounter,
        unit: "{config}",
        brief: "Wishes for an OS image of its own.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = i64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Nodes by the OS image they run. UpDownCounter `mco.layering.node.count`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct LayeringNodeCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Which OS image the node runs.
    pub image_state: attribute::McoImageState,
}

impl Metric for LayeringNodeCount {
    const META: Meta = Meta {
        name: "mco.layering.node.count",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Nodes by the OS image they run.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_IMAGE_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_IMAGE_STATE, self.image_state),
        ]
    }
}

/// Nodes by how far they are with the set. UpDownCounter `mco.pinned_image_set.node.count`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct PinnedImageSetNodeCount {
    /// Name of the pinned image set.
    pub pis_name: StringValue,
    /// How far the node is with the set.
    pub pis_state: attribute::McoPisState,
}

impl Metric for PinnedImageSetNodeCount {
    const META: Meta = Meta {
        name: "mco.pinned_image_set.node.count",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Nodes by how far they are with the set.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 300,
        buckets: &[],
        attributes: &[attribute::MCO_PIS_NAME, attribute::MCO_PIS_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_PIS_NAME, self.pis_name),
            KeyValue::new(attribute::MCO_PIS_STATE, self.pis_state),
        ]
    }
}

/// Generations of the set that the slowest node has not reached. Gauge `mco.pinned_image_set.generation.lag`, unit `{generation}`.
#[derive(Clone, Debug)]
pub struct PinnedImageSetGenerationLag {
    /// Name of the pinned image set.
    pub pis_name: StringValue,
}

impl Metric for PinnedImageSetGenerationLag {
    const META: Meta = Meta {
        name: "mco.pinned_image_set.generation.lag",
        kind: Kind::Gauge,
        unit: "{generation}",
        brief: "Generations of the set that the slowest node has not reached.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_PIS_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_PIS_NAME, self.pis_name),
        ]
    }
}

/// Failures of nodes to fetch the set. Counter `mco.pinned_image_set.failures`, unit `{failure}`.
#[derive(Clone, Debug)]
pub struct PinnedImageSetFailures {
    /// Name of the pinned image set.
    pub pis_name: StringValue,
    /// Class of the failure, never its text.
    pub failure_class: attribute::McoFailureClass,
}

impl Metric for PinnedImageSetFailures {
    const META: Meta = Meta {
        name: "mco.pinned_image_set.failures",
        kind: Kind::Counter,
        unit: "{failure}",
        brief: "Failures of nodes to fetch the set.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 400,
        buckets: &[],
        attributes: &[attribute::MCO_PIS_NAME, attribute::MCO_FAILURE_CLASS],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_PIS_NAME, self.pis_name),
            KeyValue::new(attribute::MCO_FAILURE_CLASS, self.failure_class),
        ]
    }
}

/// Images in the set. UpDownCounter `mco.pinned_image_set.images`, unit `{image}`.
#[derive(Clone, Debug)]
pub struct PinnedImageSetImages {
    /// Name of the pinned image set.
    pub pis_name: StringValue,
}

impl Metric for PinnedImageSetImages {
    const META: Meta = Meta {
        name: "mco.pinned_image_set.images",
        kind: Kind::UpDownCounter,
        unit: "{image}",
        brief: "Images in the set.",
        scope: "mco.watch.controller",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_PIS_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_PIS_NAME, self.pis_name),
        ]
    }
}

/// Conditions of the update of boot images; 1 for the status a condition has. UpDownCounter `mco.boot_image.condition.status`, unit `1`.
#[derive(Clone, Debug)]
pub struct BootImageConditionStatus {
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
}

impl Metric for BootImageConditionStatus {
    const META: Meta = Meta {
        name: "mco.boot_image.condition.status",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions of the update of boot images; 1 for the status a condition has.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CONDITION_TYPE, attribute::MCO_CONDITION_STATUS],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::MCO_CONDITION_STATUS, self.condition_status),
        ]
    }
}

/// How old boot images are dealt with; 1 for the way that is set. UpDownCounter `mco.boot_image.skew_enforcement`, unit `1`.
#[derive(Clone, Debug)]
pub struct BootImageSkewEnforcement {
    /// How old boot images are dealt with.
    pub mode: attribute::McoMode,
}

impl Metric for BootImageSkewEnforcement {
    const META: Meta = Meta {
        name: "mco.boot_image.skew_enforcement",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "How old boot images are dealt with; 1 for the way that is set.",
        scope: "mco.watch.controller",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_MODE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_MODE, self.mode),
        ]
    }
}

/// OS stream of the pool; always 1. UpDownCounter `mco.os_image_stream.info`, unit `1`.
#[derive(Clone, Debug)]
pub struct OsImageStreamInfo {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Name of the OS stream.
    pub stream: StringValue,
    /// Whether it is what a pool gets that asks for none.
    pub default: attribute::McoDefault,
}

impl Metric for OsImageStreamInfo {
    const META: Meta = Meta {
        name: "mco.os_image_stream.info",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "OS stream of the pool; always 1.",
        scope: "mco.watch.controller",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_STREAM, attribute::MCO_DEFAULT],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_STREAM, self.stream),
            KeyValue::new(attribute::MCO_DEFAULT, self.default),
        ]
    }
}

/// Conditions of the release on disk; 1 for those that hold. UpDownCounter `mco.internal_release_image.state`, unit `1`.
#[derive(Clone, Debug)]
pub struct InternalReleaseImageState {
    /// Name of the release.
    pub release: StringValue,
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
}

impl Metric for InternalReleaseImageState {
    const META: Meta = Meta {
        name: "mco.internal_release_image.state",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions of the release on disk; 1 for those that hold.",
        scope: "mco.watch.controller",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_RELEASE, attribute::MCO_CONDITION_TYPE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_RELEASE, self.release),
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
        ]
    }
}

/// State of the node; 1 for the one it is in. UpDownCounter `mco.node.state`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// What the daemon says of its node.
    pub node_state: attribute::McoNodeState,
}

impl Metric for NodeState {
    const META: Meta = Meta {
        name: "mco.node.state",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "State of the node; 1 for the one it is in.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 30000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME, attribute::MCO_NODE_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_NODE_STATE, self.node_state),
        ]
    }
}

/// How long the node has been in its state; there only while that is not Done. Gauge `mco.node.state.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeStateAge {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeStateAge {
    const META: Meta = Meta {
        name: "mco.node.state.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the node has been in its state; there only while that is not Done.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Why the node is degraded; 1 for the class, none when it is not. UpDownCounter `mco.node.degraded`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeDegraded {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Class of the cause, never its text.
    pub degraded_class: attribute::McoDegradedClass,
}

impl Metric for NodeDegraded {
    const META: Meta = Meta {
        name: "mco.node.degraded",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Why the node is degraded; 1 for the class, none when it is not.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 36000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME, attribute::MCO_DEGRADED_CLASS],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_DEGRADED_CLASS, self.degraded_class),
        ]
    }
}

/// Phases the node's update is in; there only while it lasts. UpDownCounter `mco.node.update.phase`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeUpdatePhase {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Phase of a node's update.
    pub phase: attribute::McoPhase,
}

impl Metric for NodeUpdatePhase {
    const META: Meta = Meta {
        name: "mco.node.update.phase",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Phases the node's update is in; there only while it lasts.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 20000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME, attribute::MCO_PHASE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_PHASE, self.phase),
        ]
    }
}

/// Time a phase took. Histogram `mco.node.update.phase.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeUpdatePhaseDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Phase of a node's update.
    pub phase: attribute::McoPhase,
    /// Whether the phase holds others.
    pub phase_kind: attribute::McoPhaseKind,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for NodeUpdatePhaseDuration {
    const META: Meta = Meta {
        name: "mco.node.update.phase.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a phase took.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 1500,
        buckets: &[1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_PHASE, attribute::MCO_PHASE_KIND, attribute::MCO_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 4];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_PHASE, self.phase),
            KeyValue::new(attribute::MCO_PHASE_KIND, self.phase_kind),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// How long the phase has been going on; there only while it does. Gauge `mco.node.update.phase.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeUpdatePhaseAge {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Phase of a node's update.
    pub phase: attribute::McoPhase,
}

impl Metric for NodeUpdatePhaseAge {
    const META: Meta = Meta {
        name: "mco.node.update.phase.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the phase has been going on; there only while it does.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_PHASE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_PHASE, self.phase),
        ]
    }
}

/// Time the update of a node took. Histogram `mco.node.update.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeUpdateDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// What the node had to do to run its config.
    pub action: attribute::McoAction,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for NodeUpdateDuration {
    const META: Meta = Meta {
        name: "mco.node.update.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time the update of a node took.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 600,
        buckets: &[60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 10800.0],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_ACTION, attribute::MCO_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_ACTION, self.action),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Updates of nodes that ended. Counter `mco.node.update.count`, unit `{update}`.
#[derive(Clone, Debug)]
pub struct NodeUpdateCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for NodeUpdateCount {
    const META: Meta = Meta {
        name: "mco.node.update.count",
        kind: Kind::Counter,
        unit: "{update}",
        brief: "Updates of nodes that ended.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 450,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_RESULT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Errors that updates of nodes showed. Counter `mco.node.update.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct NodeUpdateErrors {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Phase of a node's update.
    pub phase: attribute::McoPhase,
}

impl Metric for NodeUpdateErrors {
    const META: Meta = Meta {
        name: "mco.node.update.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "Errors that updates of nodes showed.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 650,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_PHASE],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_PHASE, self.phase),
        ]
    }
}

/// Whether the node has a target it does not run. UpDownCounter `mco.node.config.pending`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeConfigPending {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeConfigPending {
    const META: Meta = Meta {
        name: "mco.node.config.pending",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the node has a target it does not run.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Time a drain took. Histogram `mco.node.drain.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeDrainDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for NodeDrainDuration {
    const META: Meta = Meta {
        name: "mco.node.drain.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a drain took.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 450,
        buckets: &[10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10800.0],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// How long the node's drain has been going on; there only while it does. Gauge `mco.node.drain.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeDrainAge {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeDrainAge {
    const META: Meta = Meta {
        name: "mco.node.drain.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the node's drain has been going on; there only while it does.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Which limits the node's drain has passed. UpDownCounter `mco.node.drain.failed`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeDrainFailed {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Which limit the drain passed.
    pub drain_tier: attribute::McoDrainTier,
}

impl Metric for NodeDrainFailed {
    const META: Meta = Meta {
        name: "mco.node.drain.failed",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Which limits the node's drain has passed.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 12000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME, attribute::MCO_DRAIN_TIER],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_DRAIN_TIER, self.drain_tier),
        ]
    }
}

/// Drains that were tried again. Counter `mco.node.drain.retries`, unit `{retry}`.
#[derive(Clone, Debug)]
pub struct NodeDrainRetries {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeDrainRetries {
    const META: Meta = Meta {
        name: "mco.node.drain.retries",
        kind: Kind::Counter,
        unit: "{retry}",
        brief: "Drains that were tried again.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether the node is cordoned, and by whom. UpDownCounter `mco.node.cordoned`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeCordoned {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Who cordoned the node.
    pub cordon_owner: attribute::McoCordonOwner,
}

impl Metric for NodeCordoned {
    const META: Meta = Meta {
        name: "mco.node.cordoned",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the node is cordoned, and by whom.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 12000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME, attribute::MCO_CORDON_OWNER],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_CORDON_OWNER, self.cordon_owner),
        ]
    }
}

/// Time a restart of a node took. Histogram `mco.node.reboot.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeRebootDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeRebootDuration {
    const META: Meta = Meta {
        name: "mco.node.reboot.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a restart of a node took.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Restarts of nodes. Counter `mco.node.reboot.count`, unit `{reboot}`.
#[derive(Clone, Debug)]
pub struct NodeRebootCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Why the node restarted.
    pub reboot_cause: attribute::McoRebootCause,
}

impl Metric for NodeRebootCount {
    const META: Meta = Meta {
        name: "mco.node.reboot.count",
        kind: Kind::Counter,
        unit: "{reboot}",
        brief: "Restarts of nodes.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_REBOOT_CAUSE],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_REBOOT_CAUSE, self.reboot_cause),
        ]
    }
}

/// Restarts that could not be begun. Counter `mco.node.reboot.failed`, unit `{reboot}`.
#[derive(Clone, Debug)]
pub struct NodeRebootFailed {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeRebootFailed {
    const META: Meta = Meta {
        name: "mco.node.reboot.failed",
        kind: Kind::Counter,
        unit: "{reboot}",
        brief: "Restarts that could not be begun.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// How long the node has been about to restart; there only while it is. Gauge `mco.node.reboot.pending.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct NodeRebootPendingAge {
    /// Name of the node.
    pub k8s_node_name: StringValue,
}

impl Metric for NodeRebootPendingAge {
    const META: Meta = Meta {
        name: "mco.node.reboot.pending.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the node has been about to restart; there only while it is.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// OS updates of nodes that failed. Counter `mco.node.pivot.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct NodePivotErrors {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodePivotErrors {
    const META: Meta = Meta {
        name: "mco.node.pivot.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "OS updates of nodes that failed.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether a file of the node differs from its config. UpDownCounter `mco.node.config_drift`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeConfigDrift {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeConfigDrift {
    const META: Meta = Meta {
        name: "mco.node.config_drift",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether a file of the node differs from its config.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// How often a file of a node was found to differ from its config. Counter `mco.node.config_drift.count`, unit `{event}`.
#[derive(Clone, Debug)]
pub struct NodeConfigDriftCount {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeConfigDriftCount {
    const META: Meta = Meta {
        name: "mco.node.config_drift.count",
        kind: Kind::Counter,
        unit: "{event}",
        brief: "How often a file of a node was found to differ from its config.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Fields of the config that cannot be changed on this node any more. UpDownCounter `mco.node.irreconcilable_changes`, unit `{field}`.
#[derive(Clone, Debug)]
pub struct NodeIrreconcilableChanges {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeIrreconcilableChanges {
    const META: Meta = Meta {
        name: "mco.node.irreconcilable_changes",
        kind: Kind::UpDownCounter,
        unit: "{field}",
        brief: "Fields of the config that cannot be changed on this node any more.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Health checks of the node's kubelet that failed in a row. Gauge `mco.node.kubelet.health.failures`, unit `{failure}`.
#[derive(Clone, Debug)]
pub struct NodeKubeletHealthFailures {
    /// Name of the node.
    pub k8s_node_name: StringValue,
}

impl Metric for NodeKubeletHealthFailures {
    const META: Meta = Meta {
        name: "mco.node.kubelet.health.failures",
        kind: Kind::Gauge,
        unit: "{failure}",
        brief: "Health checks of the node's kubelet that failed in a row.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// OS of the node; always 1. UpDownCounter `mco.node.os.info`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeOsInfo {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the operating system.
    pub os_name: StringValue,
    /// Version of the operating system.
    pub os_version: StringValue,
}

impl Metric for NodeOsInfo {
    const META: Meta = Meta {
        name: "mco.node.os.info",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "OS of the node; always 1.",
        scope: "mco.watch.daemon",
        level: Level::Detailed,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::OS_NAME, attribute::OS_VERSION],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::OS_NAME, self.os_name),
            KeyValue::new(attribute::OS_VERSION, self.os_version),
        ]
    }
}

/// Packages layered onto the node that nobody supports. UpDownCounter `mco.node.unsupported_packages`, unit `{package}`.
#[derive(Clone, Debug)]
pub struct NodeUnsupportedPackages {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeUnsupportedPackages {
    const META: Meta = Meta {
        name: "mco.node.unsupported_packages",
        kind: Kind::UpDownCounter,
        unit: "{package}",
        brief: "Packages layered onto the node that nobody supports.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME, attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether the node has not yet written the latest certificates. UpDownCounter `mco.node.certificate.sync.lag`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeCertificateSyncLag {
    /// Name of the node.
    pub k8s_node_name: StringValue,
}

impl Metric for NodeCertificateSyncLag {
    const META: Meta = Meta {
        name: "mco.node.certificate.sync.lag",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the node has not yet written the latest certificates.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// Whether the node lost a staged OS at shutdown. UpDownCounter `mco.node.finalize.failed`, unit `1`.
#[derive(Clone, Debug)]
pub struct NodeFinalizeFailed {
    /// Name of the node.
    pub k8s_node_name: StringValue,
}

impl Metric for NodeFinalizeFailed {
    const META: Meta = Meta {
        name: "mco.node.finalize.failed",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the node lost a staged OS at shutdown.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// Nodes whose progress cannot be seen, as their MachineConfigNode is missing or empty. UpDownCounter `mco.node.mcn.missing`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct NodeMcnMissing {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeMcnMissing {
    const META: Meta = Meta {
        name: "mco.node.mcn.missing",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Nodes whose progress cannot be seen, as their MachineConfigNode is missing or empty.",
        scope: "mco.watch.daemon",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether the daemon of the node answers scrapes. UpDownCounter `mco.daemon.scrape.up`, unit `1`.
#[derive(Clone, Debug)]
pub struct DaemonScrapeUp {
    /// Name of the node.
    pub k8s_node_name: StringValue,
}

impl Metric for DaemonScrapeUp {
    const META: Meta = Meta {
        name: "mco.daemon.scrape.up",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the daemon of the node answers scrapes.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 6000,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// Phases, updates, drains, reboots and rollouts whose duration is not recorded, as their start was not seen. Counter `mco.node.update.phase.unobserved`, unit `{phase}`.
#[derive(Clone, Debug)]
pub struct NodeUpdatePhaseUnobserved {
    /// What the start of a span is known by.
    pub start_source: attribute::McoStartSource,
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for NodeUpdatePhaseUnobserved {
    const META: Meta = Meta {
        name: "mco.node.update.phase.unobserved",
        kind: Kind::Counter,
        unit: "{phase}",
        brief: "Phases, updates, drains, reboots and rollouts whose duration is not recorded, as their start was not seen.",
        scope: "mco.watch.daemon",
        level: Level::Standard,
        limit: 300,
        buckets: &[],
        attributes: &[attribute::MCO_START_SOURCE, attribute::MCO_POOL_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_START_SOURCE, self.start_source),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Conditions of the operator; 1 for the status and reason a condition has. UpDownCounter `mco.operator.condition.status`, unit `1`.
#[derive(Clone, Debug)]
pub struct OperatorConditionStatus {
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
    /// Why a condition of the operator is as it is.
    pub reason: attribute::McoReason,
}

impl Metric for OperatorConditionStatus {
    const META: Meta = Meta {
        name: "mco.operator.condition.status",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions of the operator; 1 for the status and reason a condition has.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 500,
        buckets: &[],
        attributes: &[attribute::MCO_CONDITION_TYPE, attribute::MCO_CONDITION_STATUS, attribute::MCO_REASON],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::MCO_CONDITION_STATUS, self.condition_status),
            KeyValue::new(attribute::MCO_REASON, self.reason),
        ]
    }
}

/// Time since the condition's status last changed. Gauge `mco.operator.condition.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct OperatorConditionAge {
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
}

impl Metric for OperatorConditionAge {
    const META: Meta = Meta {
        name: "mco.operator.condition.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since the condition's status last changed.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CONDITION_TYPE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
        ]
    }
}

/// How often the condition came to this status. Counter `mco.operator.condition.transitions`, unit `{transition}`.
#[derive(Clone, Debug)]
pub struct OperatorConditionTransitions {
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
}

impl Metric for OperatorConditionTransitions {
    const META: Meta = Meta {
        name: "mco.operator.condition.transitions",
        kind: Kind::Counter,
        unit: "{transition}",
        brief: "How often the condition came to this status.",
        scope: "mco.watch.operator",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_CONDITION_TYPE, attribute::MCO_CONDITION_STATUS],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::MCO_CONDITION_STATUS, self.condition_status),
        ]
    }
}

/// Why the cluster may not be upgraded; 1 for the reason, none when it may. UpDownCounter `mco.operator.upgradeable.blocked`, unit `1`.
#[derive(Clone, Debug)]
pub struct OperatorUpgradeableBlocked {
    /// Why a condition of the operator is as it is.
    pub reason: attribute::McoReason,
}

impl Metric for OperatorUpgradeableBlocked {
    const META: Meta = Meta {
        name: "mco.operator.upgradeable.blocked",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Why the cluster may not be upgraded; 1 for the reason, none when it may.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_REASON],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_REASON, self.reason),
        ]
    }
}

/// Version of the operator; always 1. UpDownCounter `mco.operator.version.info`, unit `1`.
#[derive(Clone, Debug)]
pub struct OperatorVersionInfo {
    /// Version of the operator.
    pub version: StringValue,
}

impl Metric for OperatorVersionInfo {
    const META: Meta = Meta {
        name: "mco.operator.version.info",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Version of the operator; always 1.",
        scope: "mco.watch.operator",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_VERSION],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_VERSION, self.version),
        ]
    }
}

/// Time a task of the operator took. Histogram `mco.operator.sync.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct OperatorSyncDuration {
    /// Task of the operator.
    pub task: attribute::McoTask,
}

impl Metric for OperatorSyncDuration {
    const META: Meta = Meta {
        name: "mco.operator.sync.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a task of the operator took.",
        scope: "mco.watch.operator",
        level: Level::Detailed,
        limit: 200,
        buckets: &[0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0],
        attributes: &[attribute::MCO_TASK],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_TASK, self.task),
        ]
    }
}

/// Tasks of the operator that failed. Counter `mco.operator.sync.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct OperatorSyncErrors {
    /// Task of the operator.
    pub task: attribute::McoTask,
}

impl Metric for OperatorSyncErrors {
    const META: Meta = Meta {
        name: "mco.operator.sync.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "Tasks of the operator that failed.",
        scope: "mco.watch.operator",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_TASK],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_TASK, self.task),
        ]
    }
}

/// Whether the machine-config-server of the node answers. UpDownCounter `mco.server.up`, unit `1`.
#[derive(Clone, Debug)]
pub struct ServerUp {
    /// Name of the node.
    pub k8s_node_name: StringValue,
}

impl Metric for ServerUp {
    const META: Meta = Meta {
        name: "mco.server.up",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the machine-config-server of the node answers.",
        scope: "mco.watch.operator",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::K8S_NODE_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// Kubernetes events of the operator and its parts. Counter `mco.event.count`, unit `{event}`.
#[derive(Clone, Debug)]
pub struct EventCount {
    /// Reason of a Kubernetes event.
    pub event_reason: attribute::McoEventReason,
    /// Part of the operator.
    pub component: attribute::McoComponent,
    /// Type of a Kubernetes event.
    pub event_type: attribute::McoEventType,
}

impl Metric for EventCount {
    const META: Meta = Meta {
        name: "mco.event.count",
        kind: Kind::Counter,
        unit: "{event}",
        brief: "Kubernetes events of the operator and its parts.",
        scope: "mco.watch",
        level: Level::Debug,
        limit: 636,
        buckets: &[],
        attributes: &[attribute::MCO_EVENT_REASON, attribute::MCO_COMPONENT, attribute::MCO_EVENT_TYPE],
    };
    type Value = u64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_EVENT_REASON, self.event_reason),
            KeyValue::new(attribute::MCO_COMPONENT, self.component),
            KeyValue::new(attribute::MCO_EVENT_TYPE, self.event_type),
        ]
    }
}

/// Machines of the pool. UpDownCounter `mco.pool.machine.count`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct PoolMachineCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Which of the pool's machines are counted.
    pub machine_state: attribute::McoMachineState,
}

impl Metric for PoolMachineCount {
    const META: Meta = Meta {
        name: "mco.pool.machine.count",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Machines of the pool.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 250,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_MACHINE_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_MACHINE_STATE, self.machine_state),
        ]
    }
}

/// Conditions of the pool; 1 for the status a condition has. UpDownCounter `mco.pool.condition.status`, unit `1`.
#[derive(Clone, Debug)]
pub struct PoolConditionStatus {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
}

impl Metric for PoolConditionStatus {
    const META: Meta = Meta {
        name: "mco.pool.condition.status",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions of the pool; 1 for the status a condition has.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 1200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_CONDITION_TYPE, attribute::MCO_CONDITION_STATUS],
    };
    type Value = i64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::MCO_CONDITION_STATUS, self.condition_status),
        ]
    }
}

/// Time since the condition's status last changed. Gauge `mco.pool.condition.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct PoolConditionAge {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
}

impl Metric for PoolConditionAge {
    const META: Meta = Meta {
        name: "mco.pool.condition.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since the condition's status last changed.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 400,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_CONDITION_TYPE],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
        ]
    }
}

/// Whether the pool is paused. UpDownCounter `mco.pool.paused`, unit `1`.
#[derive(Clone, Debug)]
pub struct PoolPaused {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolPaused {
    const META: Meta = Meta {
        name: "mco.pool.paused",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the pool is paused.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// How long the pool has been paused; there only while it is. Gauge `mco.pool.paused.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct PoolPausedDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolPausedDuration {
    const META: Meta = Meta {
        name: "mco.pool.paused.duration",
        kind: Kind::Gauge,
        unit: "s",
        brief: "How long the pool has been paused; there only while it is.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether the pool has a target it has not reached. UpDownCounter `mco.pool.update.pending`, unit `1`.
#[derive(Clone, Debug)]
pub struct PoolUpdatePending {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolUpdatePending {
    const META: Meta = Meta {
        name: "mco.pool.update.pending",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the pool has a target it has not reached.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Age of the target the pool has not reached; there only while there is one. Gauge `mco.pool.update.pending.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct PoolUpdatePendingAge {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolUpdatePendingAge {
    const META: Meta = Meta {
        name: "mco.pool.update.pending.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Age of the target the pool has not reached; there only while there is one.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Time from a new target to all machines on it. Histogram `mco.pool.update.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct PoolUpdateDuration {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for PoolUpdateDuration {
    const META: Meta = Meta {
        name: "mco.pool.update.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time from a new target to all machines on it.",
        scope: "mco.watch.operator",
        level: Level::Standard,
        limit: 450,
        buckets: &[300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Rollouts that ended. Counter `mco.pool.update.count`, unit `{update}`.
#[derive(Clone, Debug)]
pub struct PoolUpdateCount {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// How it ended.
    pub result: attribute::McoResult,
}

impl Metric for PoolUpdateCount {
    const META: Meta = Meta {
        name: "mco.pool.update.count",
        kind: Kind::Counter,
        unit: "{update}",
        brief: "Rollouts that ended.",
        scope: "mco.watch.operator",
        level: Level::Standard,
        limit: 450,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_RESULT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
}

/// Time since every machine of the pool last came to run its target. Gauge `mco.pool.last_update.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct PoolLastUpdateAge {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolLastUpdateAge {
    const META: Meta = Meta {
        name: "mco.pool.last_update.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since every machine of the pool last came to run its target.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Updated machines by all machines. Gauge `mco.pool.progress.ratio`, unit `1`.
#[derive(Clone, Debug)]
pub struct PoolProgressRatio {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolProgressRatio {
    const META: Meta = Meta {
        name: "mco.pool.progress.ratio",
        kind: Kind::Gauge,
        unit: "1",
        brief: "Updated machines by all machines.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Machines that may be away at a time. UpDownCounter `mco.pool.max_unavailable`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct PoolMaxUnavailable {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolMaxUnavailable {
    const META: Meta = Meta {
        name: "mco.pool.max_unavailable",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Machines that may be away at a time.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Machines that may be taken away now. UpDownCounter `mco.pool.update.capacity`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct PoolUpdateCapacity {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolUpdateCapacity {
    const META: Meta = Meta {
        name: "mco.pool.update.capacity",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Machines that may be taken away now.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether no node finished for 45 minutes though some should, and why. UpDownCounter `mco.pool.stalled`, unit `1`.
#[derive(Clone, Debug)]
pub struct PoolStalled {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Why the rollout stands still.
    pub stall_reason: attribute::McoStallReason,
}

impl Metric for PoolStalled {
    const META: Meta = Meta {
        name: "mco.pool.stalled",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether no node finished for 45 minutes though some should, and why.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 400,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_STALL_REASON],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_STALL_REASON, self.stall_reason),
        ]
    }
}

/// Generations of the pool that the controller has not seen. Gauge `mco.pool.observed_generation.lag`, unit `{generation}`.
#[derive(Clone, Debug)]
pub struct PoolObservedGenerationLag {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolObservedGenerationLag {
    const META: Meta = Meta {
        name: "mco.pool.observed_generation.lag",
        kind: Kind::Gauge,
        unit: "{generation}",
        brief: "Generations of the pool that the controller has not seen.",
        scope: "mco.watch.operator",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Whether a config of the pool names another OS image than the release. UpDownCounter `mco.pool.os_image_url.override`, unit `1`.
#[derive(Clone, Debug)]
pub struct PoolOsImageUrlOverride {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolOsImageUrlOverride {
    const META: Meta = Meta {
        name: "mco.pool.os_image_url.override",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether a config of the pool names another OS image than the release.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Nodes whose OS image is not the one of their target. UpDownCounter `mco.pool.os_image_url.mismatch`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct PoolOsImageUrlMismatch {
    /// Name of the pool.
    pub pool_name: StringValue,
}

impl Metric for PoolOsImageUrlMismatch {
    const META: Meta = Meta {
        name: "mco.pool.os_image_url.mismatch",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Nodes whose OS image is not the one of their target.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
        ]
    }
}

/// Nodes that more pools claim than may. UpDownCounter `mco.pool.label_conflict`, unit `{node}`.
#[derive(Clone, Debug)]
pub struct PoolLabelConflict {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Which pools claim the node.
    pub conflict_kind: attribute::McoConflictKind,
}

impl Metric for PoolLabelConflict {
    const META: Meta = Meta {
        name: "mco.pool.label_conflict",
        kind: Kind::UpDownCounter,
        unit: "{node}",
        brief: "Nodes that more pools claim than may.",
        scope: "mco.watch.operator",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::MCO_POOL_NAME, attribute::MCO_CONFLICT_KIND],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_CONFLICT_KIND, self.conflict_kind),
        ]
    }
}

/// One rollout of a pool, from a new target to all machines on it. Span `rollout pool`.
#[derive(Clone, Debug)]
pub struct RolloutPool {
    /// Name of the pool.
    pub pool_name: StringValue,
    /// What began the rollout.
    pub rollout_cause: attribute::McoRolloutCause,
    /// Config the rollout leads to.
    pub rollout_target: StringValue,
    /// Nodes in the rollout.
    pub rollout_nodes: i64,
    /// Nodes of it that failed.
    pub rollout_nodes_failed: i64,
    /// How it ended.
    pub result: attribute::McoResult,
    /// What the start of a span is known by.
    pub start_source: attribute::McoStartSource,
    /// What the end of a span is known by.
    pub end_source: attribute::McoEndSource,
}

impl Span for RolloutPool {
    const SCOPE: &'static str = "mco.rollout";

    fn name(&self) -> Cow<'static, str> {
        Self::NAME.into()
    }

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_ROLLOUT_CAUSE, self.rollout_cause),
            KeyValue::new(attribute::MCO_ROLLOUT_TARGET, self.rollout_target),
            KeyValue::new(attribute::MCO_ROLLOUT_NODES, self.rollout_nodes),
            KeyValue::new(attribute::MCO_ROLLOUT_NODES_FAILED, self.rollout_nodes_failed),
            KeyValue::new(attribute::MCO_RESULT, self.result),
            KeyValue::new(attribute::MCO_START_SOURCE, self.start_source),
            KeyValue::new(attribute::MCO_END_SOURCE, self.end_source),
        ]
}
}

impl RolloutPool {
    /// The name of every such span.
    pub const NAME: &'static str = "rollout pool";
}

/// One update of a node. Span `update node`.
#[derive(Clone, Debug)]
pub struct UpdateNode {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Config the rollout leads to.
    pub rollout_target: StringValue,
    /// What the node had to do to run its config.
    pub action: attribute::McoAction,
    /// How it ended.
    pub result: attribute::McoResult,
    /// Class of the cause, never its text.
    pub degraded_class: Option<attribute::McoDegradedClass>,
    /// What the start of a span is known by.
    pub start_source: attribute::McoStartSource,
    /// What the end of a span is known by.
    pub end_source: attribute::McoEndSource,
}

impl Span for UpdateNode {
    const SCOPE: &'static str = "mco.rollout";

    fn name(&self) -> Cow<'static, str> {
        Self::NAME.into()
    }

    fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_ROLLOUT_TARGET, self.rollout_target),
            KeyValue::new(attribute::MCO_ACTION, self.action),
            KeyValue::new(attribute::MCO_RESULT, self.result),
            KeyValue::new(attribute::MCO_START_SOURCE, self.start_source),
            KeyValue::new(attribute::MCO_END_SOURCE, self.end_source),
        ];
        attributes.extend(self.degraded_class.map(|value| KeyValue::new(attribute::MCO_DEGRADED_CLASS, value)));
        attributes
}
}

impl UpdateNode {
    /// The name of every such span.
    pub const NAME: &'static str = "update node";
}

/// One phase of the update of a node. Span `phase {mco.phase}`.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Name of the node.
    pub k8s_node_name: StringValue,
    /// Name of the pool.
    pub pool_name: StringValue,
    /// Phase of a node's update.
    pub phase: attribute::McoPhase,
    /// Whether the phase holds others.
    pub phase_kind: attribute::McoPhaseKind,
    /// Which attempt at the phase.
    pub phase_attempt: i64,
    /// Errors shown while it lasted.
    pub error_count: i64,
    /// How it ended.
    pub result: attribute::McoResult,
    /// What the start of a span is known by.
    pub start_source: attribute::McoStartSource,
    /// What the end of a span is known by.
    pub end_source: attribute::McoEndSource,
}

impl Span for Phase {
    const SCOPE: &'static str = "mco.rollout";

    fn name(&self) -> Cow<'static, str> {
        Self::named(self.phase.as_str())
    }

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_PHASE, self.phase),
            KeyValue::new(attribute::MCO_PHASE_KIND, self.phase_kind),
            KeyValue::new(attribute::MCO_PHASE_ATTEMPT, self.phase_attempt),
            KeyValue::new(attribute::MCO_ERROR_COUNT, self.error_count),
            KeyValue::new(attribute::MCO_RESULT, self.result),
            KeyValue::new(attribute::MCO_START_SOURCE, self.start_source),
            KeyValue::new(attribute::MCO_END_SOURCE, self.end_source),
        ]
}
}

impl Phase {
    /// The name of such a span: the one thing that is known of it before it ends.
    #[must_use]
    pub fn named(phase: &str) -> Cow<'static, str> {
        format!("phase {phase}").into()
    }
}

/// One turn of a controller of the operator's own, as it reports itself. Span `reconcile {mco.object.kind}`.
#[derive(Clone, Debug)]
pub struct ControllerReconcile {
    /// Kind of the object.
    pub object_kind: attribute::McoObjectKind,
    /// Controller within a part of the operator.
    pub controller_name: attribute::McoControllerName,
    /// Work queue of a controller.
    pub queue_name: Option<attribute::McoQueueName>,
    /// What set the turn off.
    pub pointsman_reconcile_trigger: attribute::PointsmanReconcileTrigger,
    /// How the turn ended.
    pub pointsman_reconcile_result: attribute::PointsmanReconcileResult,
}

impl Span for ControllerReconcile {
    const SCOPE: &'static str = "mco.controller";

    fn name(&self) -> Cow<'static, str> {
        Self::named(self.object_kind.as_str())
    }

    fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new(attribute::MCO_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::MCO_CONTROLLER_NAME, self.controller_name),
            KeyValue::new(attribute::POINTSMAN_RECONCILE_TRIGGER, self.pointsman_reconcile_trigger),
            KeyValue::new(attribute::POINTSMAN_RECONCILE_RESULT, self.pointsman_reconcile_result),
        ];
        attributes.extend(self.queue_name.map(|value| KeyValue::new(attribute::MCO_QUEUE_NAME, value)));
        attributes
}
}

impl ControllerReconcile {
    /// The name of such a span: the one thing that is known of it before it ends.
    #[must_use]
    pub fn named(object_kind: &str) -> Cow<'static, str> {
        format!("reconcile {object_kind}").into()
    }
}

/// What the daemon says of its node changed. Event `mco.node.reason`.
#[derive(Clone, Debug)]
pub struct NodeReason {
    /// Free text; in span events only.
    pub message: StringValue,
    /// Class of the cause, never its text.
    pub degraded_class: Option<attribute::McoDegradedClass>,
}

impl Event for NodeReason {
    const NAME: &'static str = "mco.node.reason";

    fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new(attribute::MCO_MESSAGE, self.message),
        ];
        attributes.extend(self.degraded_class.map(|value| KeyValue::new(attribute::MCO_DEGRADED_CLASS, value)));
        attributes
}
}

/// The text beside the phase changed. Event `mco.phase.message`.
#[derive(Clone, Debug)]
pub struct PhaseMessage {
    /// Free text; in span events only.
    pub message: StringValue,
    /// Class of the cause, never its text.
    pub degraded_class: Option<attribute::McoDegradedClass>,
}

impl Event for PhaseMessage {
    const NAME: &'static str = "mco.phase.message";

    fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new(attribute::MCO_MESSAGE, self.message),
        ];
        attributes.extend(self.degraded_class.map(|value| KeyValue::new(attribute::MCO_DEGRADED_CLASS, value)));
        attributes
}
}

/// A condition of the pool changed. Event `mco.pool.condition`.
#[derive(Clone, Debug)]
pub struct PoolCondition {
    /// Type of the condition. A state set shows the types its object has, never all of these.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
    /// Free text; in span events only.
    pub message: StringValue,
}

impl Event for PoolCondition {
    const NAME: &'static str = "mco.pool.condition";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::MCO_CONDITION_STATUS, self.condition_status),
            KeyValue::new(attribute::MCO_MESSAGE, self.message),
        ]
}
}

/// The pool was paused in mid-rollout. Event `mco.rollout.paused`.
#[derive(Clone, Debug)]
pub struct RolloutPaused;

impl Event for RolloutPaused {
    const NAME: &'static str = "mco.rollout.paused";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
        ]
}
}

/// The pool goes on after a pause. Event `mco.rollout.resumed`.
#[derive(Clone, Debug)]
pub struct RolloutResumed;

impl Event for RolloutResumed {
    const NAME: &'static str = "mco.rollout.resumed";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
        ]
}
}

/// Another target came. Event `mco.rollout.superseded`.
#[derive(Clone, Debug)]
pub struct RolloutSuperseded {
    /// Config the rollout leads to.
    pub rollout_target: StringValue,
}

impl Event for RolloutSuperseded {
    const NAME: &'static str = "mco.rollout.superseded";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_ROLLOUT_TARGET, self.rollout_target),
        ]
}
}

/// A drain passed one of its limits. Event `mco.drain.tier`.
#[derive(Clone, Debug)]
pub struct DrainTier {
    /// Which limit the drain passed.
    pub drain_tier: attribute::McoDrainTier,
}

impl Event for DrainTier {
    const NAME: &'static str = "mco.drain.tier";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_DRAIN_TIER, self.drain_tier),
        ]
}
}

/// A warning in the cluster about the node. Event `mco.kubernetes.event`.
#[derive(Clone, Debug)]
pub struct KubernetesEvent {
    /// Reason of a Kubernetes event.
    pub event_reason: attribute::McoEventReason,
    /// Type of a Kubernetes event.
    pub event_type: attribute::McoEventType,
    /// Free text; in span events only.
    pub message: StringValue,
}

impl Event for KubernetesEvent {
    const NAME: &'static str = "mco.kubernetes.event";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_EVENT_REASON, self.event_reason),
            KeyValue::new(attribute::MCO_EVENT_TYPE, self.event_type),
            KeyValue::new(attribute::MCO_MESSAGE, self.message),
        ]
}
}

/// A phase was over when the node was first seen; the time is what its condition tells. Event `mco.phase.unobserved`.
#[derive(Clone, Debug)]
pub struct PhaseUnobserved {
    /// Phase of a node's update.
    pub phase: attribute::McoPhase,
}

impl Event for PhaseUnobserved {
    const NAME: &'static str = "mco.phase.unobserved";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_PHASE, self.phase),
        ]
}
}

/// Nobody watched until now; what happened meanwhile is not known. Event `mco.watch.gap`.
#[derive(Clone, Debug)]
pub struct WatchGap;

impl Event for WatchGap {
    const NAME: &'static str = "mco.watch.gap";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
        ]
}
}
