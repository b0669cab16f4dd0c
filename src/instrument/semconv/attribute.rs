// DO NOT EDIT: rendered from otel/registry by tests/it/semconv.rs (UPDATE_EXPECT=1 cargo test --test it semconv).
//! Keys of attributes, and the closed sets of values some of them have.
//! Knows names only: what they are attached to stands in the other modules.

use opentelemetry::Value;

/// Logical name of the service.
pub const SERVICE_NAME: &str = "service.name";

/// Group of services the name is unique in.
pub const SERVICE_NAMESPACE: &str = "service.namespace";

/// Which process of the service.
pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";

/// Version of the service.
pub const SERVICE_VERSION: &str = "service.version";

/// Name of the namespace.
pub const K8S_NAMESPACE_NAME: &str = "k8s.namespace.name";

/// Name of the Deployment.
pub const K8S_DEPLOYMENT_NAME: &str = "k8s.deployment.name";

/// Name of the DaemonSet.
pub const K8S_DAEMONSET_NAME: &str = "k8s.daemonset.name";

/// Name of the pod.
pub const K8S_POD_NAME: &str = "k8s.pod.name";

/// Name of the node.
pub const K8S_NODE_NAME: &str = "k8s.node.name";

/// Uid of the kube-system namespace.
pub const K8S_CLUSTER_UID: &str = "k8s.cluster.uid";

/// Name of the cluster.
pub const K8S_CLUSTER_NAME: &str = "k8s.cluster.name";

/// Uid of the node.
pub const K8S_NODE_UID: &str = "k8s.node.uid";

/// Name of the operating system.
pub const OS_NAME: &str = "os.name";

/// Version of the operating system.
pub const OS_VERSION: &str = "os.version";

/// Class of the error, of a closed set.
pub const ERROR_TYPE: &str = "error.type";

/// Name of the node.
pub const NODE: &str = "node";

/// Name of the node, as Prometheus renames it where a scrape adds its own.
pub const EXPORTED_NODE: &str = "exported_node";

/// Name of the pool.
pub const POOL: &str = "pool";

/// State.
pub const STATE: &str = "state";

/// Why; a class or nothing from us, a sentence from the daemon.
pub const REASON: &str = "reason";

/// Name of the OS.
pub const OS: &str = "os";

/// Version of the OS.
pub const VERSION: &str = "version";

/// Controller.
pub const SUBCONTROLLER: &str = "subcontroller";

/// Name of the object.
pub const OBJECT: &str = "object";

/// Rendered config the update leads to.
pub const CONFIG: &str = "config";

/// Error of the attempt, in words; empty when it worked.
pub const ERR: &str = "err";

/// Name of the pool.
pub const MCO_POOL_NAME: &str = "mco.pool.name";

/// Which of the pool's machines are counted.
pub const MCO_MACHINE_STATE: &str = "mco.machine.state";

/// Type of the condition. A state set shows the types its object has, never all of these.
pub const MCO_CONDITION_TYPE: &str = "mco.condition.type";

/// Status of the condition.
pub const MCO_CONDITION_STATUS: &str = "mco.condition.status";

/// Why a condition of the operator is as it is.
pub const MCO_REASON: &str = "mco.reason";

/// Task of the operator.
pub const MCO_TASK: &str = "mco.task";

/// How it ended.
pub const MCO_RESULT: &str = "mco.result";

/// Why the rollout stands still.
pub const MCO_STALL_REASON: &str = "mco.stall.reason";

/// Which pools claim the node.
pub const MCO_CONFLICT_KIND: &str = "mco.conflict.kind";

/// What the daemon says of its node.
pub const MCO_NODE_STATE: &str = "mco.node.state";

/// Class of the cause, never its text.
pub const MCO_DEGRADED_CLASS: &str = "mco.degraded.class";

/// Phase of a node's update.
pub const MCO_PHASE: &str = "mco.phase";

/// Whether the phase holds others.
pub const MCO_PHASE_KIND: &str = "mco.phase.kind";

/// Which attempt at the phase.
pub const MCO_PHASE_ATTEMPT: &str = "mco.phase.attempt";

/// Errors shown while it lasted.
pub const MCO_ERROR_COUNT: &str = "mco.error.count";

/// What the node had to do to run its config.
pub const MCO_ACTION: &str = "mco.action";

/// Which limit the drain passed.
pub const MCO_DRAIN_TIER: &str = "mco.drain.tier";

/// Who cordoned the node.
pub const MCO_CORDON_OWNER: &str = "mco.cordon.owner";

/// Why the node restarted.
pub const MCO_REBOOT_CAUSE: &str = "mco.reboot.cause";

/// Version of the operator.
pub const MCO_VERSION: &str = "mco.version";

/// Part of the operator.
pub const MCO_COMPONENT: &str = "mco.component";

/// Controller within a part of the operator.
pub const MCO_CONTROLLER_NAME: &str = "mco.controller.name";

/// Work queue of a controller.
pub const MCO_QUEUE_NAME: &str = "mco.queue.name";

/// Kind of the object.
pub const MCO_OBJECT_KIND: &str = "mco.object.kind";

/// Who made the config.
pub const MCO_CONFIG_KIND: &str = "mco.config.kind";

/// Name of a KubeletConfig or ContainerRuntimeConfig.
pub const MCO_CONFIG_NAME: &str = "mco.config.name";

/// Whether something refers to it.
pub const MCO_IN_USE: &str = "mco.in_use";

/// Setting that will go.
pub const MCO_SETTING: &str = "mco.setting";

/// Bundle the certificate is in.
pub const MCO_CERTIFICATE_BUNDLE: &str = "mco.certificate.bundle";

/// Whether the certificate may be used now.
pub const MCO_CERTIFICATE_STATE: &str = "mco.certificate.state";

/// Certificate of the machine-config-server.
pub const MCO_CERTIFICATE_NAME: &str = "mco.certificate.name";

/// How far the build is.
pub const MCO_BUILD_STATE: &str = "mco.build.state";

/// Which OS image the node runs.
pub const MCO_IMAGE_STATE: &str = "mco.image.state";

/// Name of the pinned image set.
pub const MCO_PIS_NAME: &str = "mco.pis.name";

/// How far the node is with the set.
pub const MCO_PIS_STATE: &str = "mco.pis.state";

/// Class of the failure, never its text.
pub const MCO_FAILURE_CLASS: &str = "mco.failure.class";

/// How old boot images are dealt with.
pub const MCO_MODE: &str = "mco.mode";

/// Name of the OS stream.
pub const MCO_STREAM: &str = "mco.stream";

/// Whether it is what a pool gets that asks for none.
pub const MCO_DEFAULT: &str = "mco.default";

/// Name of the release.
pub const MCO_RELEASE: &str = "mco.release";

/// Reason of a Kubernetes event.
pub const MCO_EVENT_REASON: &str = "mco.event.reason";

/// Type of a Kubernetes event.
pub const MCO_EVENT_TYPE: &str = "mco.event.type";

/// What began the rollout.
pub const MCO_ROLLOUT_CAUSE: &str = "mco.rollout.cause";

/// Config the rollout leads to.
pub const MCO_ROLLOUT_TARGET: &str = "mco.rollout.target";

/// Nodes in the rollout.
pub const MCO_ROLLOUT_NODES: &str = "mco.rollout.nodes";

/// Nodes of it that failed.
pub const MCO_ROLLOUT_NODES_FAILED: &str = "mco.rollout.nodes.failed";

/// What the start of a span is known by.
pub const MCO_START_SOURCE: &str = "mco.start.source";

/// What the end of a span is known by.
pub const MCO_END_SOURCE: &str = "mco.end.source";

/// Free text; in span events only.
pub const MCO_MESSAGE: &str = "mco.message";

/// Which signal.
pub const POINTSMAN_SIGNAL: &str = "pointsman.signal";

/// Why it went no further.
pub const POINTSMAN_DROP_REASON: &str = "pointsman.drop.reason";

/// OTLP name of the metric.
pub const POINTSMAN_METRIC_NAME: &str = "pointsman.metric.name";

/// Who decides on the metric.
pub const POINTSMAN_SOURCE: &str = "pointsman.source";

/// Namespace and name of the component.
pub const POINTSMAN_COMPONENT_NAME: &str = "pointsman.component.name";

/// Kind of the view.
pub const POINTSMAN_VIEW_KIND: &str = "pointsman.view.kind";

/// Name of the view.
pub const POINTSMAN_VIEW_NAME: &str = "pointsman.view.name";

/// Name of the view's rule; empty for its baseline.
pub const POINTSMAN_RULE_NAME: &str = "pointsman.rule.name";

/// Which limit, by its name in limits.rs.
pub const POINTSMAN_LIMIT: &str = "pointsman.limit";

/// Address of the trace back end, without credentials.
pub const POINTSMAN_BACKEND: &str = "pointsman.backend";

/// Which listener.
pub const POINTSMAN_LISTENER: &str = "pointsman.listener";

/// Version of the binary.
pub const POINTSMAN_VERSION: &str = "pointsman.version";

/// How it ended.
pub const POINTSMAN_RESULT: &str = "pointsman.result";

/// Which condition of the view.
pub const POINTSMAN_CONDITION_TYPE: &str = "pointsman.condition.type";

/// The status of the condition.
pub const POINTSMAN_CONDITION_STATUS: &str = "pointsman.condition.status";

/// What sort of reader.
pub const POINTSMAN_CONSUMER_KIND: &str = "pointsman.consumer.kind";

/// Namespace, object and entry of the reader.
pub const POINTSMAN_CONSUMER_NAME: &str = "pointsman.consumer.name";

/// What became of the export.
pub const POINTSMAN_EXPORT_OUTCOME: &str = "pointsman.export.outcome";

/// How bad the fault is.
pub const POINTSMAN_FAULT_SEVERITY: &str = "pointsman.fault.severity";

/// What was done to the point.
pub const POINTSMAN_ADJUSTMENT: &str = "pointsman.adjustment";

/// Why a scrape left it out.
pub const POINTSMAN_OMISSION: &str = "pointsman.omission";

/// What two parties want of one family.
pub const POINTSMAN_CONFLICT_KIND: &str = "pointsman.conflict.kind";

/// What became of a changed certificate.
pub const POINTSMAN_RELOAD_OUTCOME: &str = "pointsman.reload.outcome";

/// How a handshake ended.
pub const POINTSMAN_HANDSHAKE_OUTCOME: &str = "pointsman.handshake.outcome";

/// What an API server is asked about who comes.
pub const POINTSMAN_ACCESS_QUESTION: &str = "pointsman.access.question";

/// What became of a question about who comes.
pub const POINTSMAN_ACCESS_OUTCOME: &str = "pointsman.access.outcome";

/// Why somebody was not let read.
pub const POINTSMAN_ACCESS_REFUSAL: &str = "pointsman.access.refusal";

/// Kind of what was reconciled.
pub const POINTSMAN_OBJECT_KIND: &str = "pointsman.object.kind";

/// Which Lease.
pub const POINTSMAN_LEASE: &str = "pointsman.lease";

/// Faults found.
pub const POINTSMAN_FAULTS: &str = "pointsman.faults";

/// Loop of an operator.
pub const POINTSMAN_CONTROLLER_NAME: &str = "pointsman.controller.name";

/// Milliseconds for which the object waited in the queue.
pub const POINTSMAN_QUEUE_LATENCY: &str = "pointsman.queue.latency";

/// Which retry of the object it is.
pub const POINTSMAN_RECONCILE_RETRY: &str = "pointsman.reconcile.retry";

/// Objects that the turn handled.
pub const POINTSMAN_RECONCILE_OBJECTS: &str = "pointsman.reconcile.objects";

/// How an instance stands to its plan.
pub const POINTSMAN_SYNC_STATE: &str = "pointsman.sync.state";

/// Why a message or a session was refused.
pub const POINTSMAN_SYNC_REFUSAL: &str = "pointsman.sync.refusal";

/// Whether an instrument is recorded.
pub const POINTSMAN_GATE_STATE: &str = "pointsman.gate.state";

/// Where the plan in force came from.
pub const POINTSMAN_PLAN_SOURCE: &str = "pointsman.plan.source";

/// Kind of the watched object.
pub const POINTSMAN_WATCH_KIND: &str = "pointsman.watch.kind";

/// What was wrong with an object or a watch.
pub const POINTSMAN_WATCH_ERROR: &str = "pointsman.watch.error";

/// What set the turn off.
pub const POINTSMAN_RECONCILE_TRIGGER: &str = "pointsman.reconcile.trigger";

/// How the turn ended.
pub const POINTSMAN_RECONCILE_RESULT: &str = "pointsman.reconcile.result";

/// Name of what was reconciled; in spans only.
pub const POINTSMAN_OBJECT_NAME: &str = "pointsman.object.name";

/// Values of `mco.machine.state`. Which of the pool's machines are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoMachineState {
    /// Every machine of the pool.
    Total,
    /// Those that run the target.
    Updated,
    /// Those that are updated and ready.
    Ready,
    /// Those that are cordoned or not ready.
    Unavailable,
    /// Those that failed.
    Degraded,
}

impl McoMachineState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Total, Self::Updated, Self::Ready, Self::Unavailable, Self::Degraded];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Updated => "updated",
            Self::Ready => "ready",
            Self::Unavailable => "unavailable",
            Self::Degraded => "degraded",
        }
    }
}

impl From<McoMachineState> for Value {
    fn from(value: McoMachineState) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.condition.type`. Type of the condition. A state set shows the types its object has, never all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoConditionType {
    /// Every machine runs the target.
    Updated,
    /// Machines are on their way.
    Updating,
    /// Something failed.
    Degraded,
    /// A node failed.
    NodeDegraded,
    /// The rendered config could not be made.
    RenderDegraded,
    /// The operator works; a release is there.
    Available,
    /// The operator rolls something out.
    Progressing,
    /// The cluster may be upgraded.
    Upgradeable,
    /// The OS image of the pool could not be built.
    ImageBuildDegraded,
    /// Pinned images could not be fetched.
    PinnedImageSetsDegraded,
    /// A setting is in use that will go.
    EvaluationConditionsDetected,
    /// Base configs are being made.
    TemplateControllerRunning,
    /// Base configs are made.
    TemplateControllerCompleted,
    /// Base configs could not be made.
    TemplateControllerFailing,
    /// The config was taken.
    Accepted,
    /// The config was applied.
    Success,
    /// The config was refused.
    Failure,
    /// Boot images are being updated.
    BootImageUpdateProgressing,
    /// Boot images could not be updated.
    BootImageUpdateDegraded,
    /// A release is mounted.
    Mounted,
    /// A release is on its way to the disks.
    Installing,
    /// A release is on its way out.
    Removing,
    /// None of the others.
    Other,
}

impl McoConditionType {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 23] = [Self::Updated, Self::Updating, Self::Degraded, Self::NodeDegraded, Self::RenderDegraded, Self::Available, Self::Progressing, Self::Upgradeable, Self::ImageBuildDegraded, Self::PinnedImageSetsDegraded, Self::EvaluationConditionsDetected, Self::TemplateControllerRunning, Self::TemplateControllerCompleted, Self::TemplateControllerFailing, Self::Accepted, Self::Success, Self::Failure, Self::BootImageUpdateProgressing, Self::BootImageUpdateDegraded, Self::Mounted, Self::Installing, Self::Removing, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "Updated",
            Self::Updating => "Updating",
            Self::Degraded => "Degraded",
            Self::NodeDegraded => "NodeDegraded",
            Self::RenderDegraded => "RenderDegraded",
            Self::Available => "Available",
            Self::Progressing => "Progressing",
            Self::Upgradeable => "Upgradeable",
            Self::ImageBuildDegraded => "ImageBuildDegraded",
            Self::PinnedImageSetsDegraded => "PinnedImageSetsDegraded",
            Self::EvaluationConditionsDetected => "EvaluationConditionsDetected",
            Self::TemplateControllerRunning => "TemplateControllerRunning",
            Self::TemplateControllerCompleted => "TemplateControllerCompleted",
            Self::TemplateControllerFailing => "TemplateControllerFailing",
            Self::Accepted => "Accepted",
            Self::Success => "Success",
            Self::Failure => "Failure",
            Self::BootImageUpdateProgressing => "BootImageUpdateProgressing",
            Self::BootImageUpdateDegraded => "BootImageUpdateDegraded",
            Self::Mounted => "Mounted",
            Self::Installing => "Installing",
            Self::Removing => "Removing",
            Self::Other => "other",
        }
    }
}

impl From<McoConditionType> for Value {
    fn from(value: McoConditionType) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.condition.status`. Status of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoConditionStatus {
    /// It holds.
    IsTrue,
    /// It does not hold.
    IsFalse,
    /// Nobody knows.
    Unknown,
}

impl McoConditionStatus {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::IsTrue, Self::IsFalse, Self::Unknown];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IsTrue => "true",
            Self::IsFalse => "false",
            Self::Unknown => "unknown",
        }
    }
}

impl From<McoConditionStatus> for Value {
    fn from(value: McoConditionStatus) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.reason`. Why a condition of the operator is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoReason {
    /// All is well.
    AsExpected,
    /// The task RenderConfig failed.
    RenderConfigFailed,
    /// The task MachineConfiguration failed.
    MachineConfigurationFailed,
    /// The task MachineConfigNode failed.
    MachineConfigNodeFailed,
    /// The task MachineConfigPools failed.
    MachineConfigPoolsFailed,
    /// The task NetworkPolicies failed.
    NetworkPoliciesFailed,
    /// The task MachineConfigDaemon failed.
    MachineConfigDaemonFailed,
    /// The task MachineConfigController failed.
    MachineConfigControllerFailed,
    /// The task MachineConfigServer failed.
    MachineConfigServerFailed,
    /// The task MachineOSBuilder failed.
    MachineOsBuilderFailed,
    /// The task RequiredPools failed.
    RequiredPoolsFailed,
    /// A pool is degraded.
    DegradedPool,
    /// Boot images are too old.
    ClusterBootImageSkewError,
    /// An image build was interrupted.
    InterruptedBuild,
    /// The operator has nothing to judge by.
    NoData,
    /// A kubelet is set to run with swap.
    FailSwapOn,
    /// A pool runs the runtime that will go.
    Runc,
    /// Both of the two.
    FailSwapOnAndRunc,
    /// No reason is given.
    None,
    /// None of the others.
    Other,
}

impl McoReason {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 20] = [Self::AsExpected, Self::RenderConfigFailed, Self::MachineConfigurationFailed, Self::MachineConfigNodeFailed, Self::MachineConfigPoolsFailed, Self::NetworkPoliciesFailed, Self::MachineConfigDaemonFailed, Self::MachineConfigControllerFailed, Self::MachineConfigServerFailed, Self::MachineOsBuilderFailed, Self::RequiredPoolsFailed, Self::DegradedPool, Self::ClusterBootImageSkewError, Self::InterruptedBuild, Self::NoData, Self::FailSwapOn, Self::Runc, Self::FailSwapOnAndRunc, Self::None, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsExpected => "AsExpected",
            Self::RenderConfigFailed => "RenderConfigFailed",
            Self::MachineConfigurationFailed => "MachineConfigurationFailed",
            Self::MachineConfigNodeFailed => "MachineConfigNodeFailed",
            Self::MachineConfigPoolsFailed => "MachineConfigPoolsFailed",
            Self::NetworkPoliciesFailed => "NetworkPoliciesFailed",
            Self::MachineConfigDaemonFailed => "MachineConfigDaemonFailed",
            Self::MachineConfigControllerFailed => "MachineConfigControllerFailed",
            Self::MachineConfigServerFailed => "MachineConfigServerFailed",
            Self::MachineOsBuilderFailed => "MachineOSBuilderFailed",
            Self::RequiredPoolsFailed => "RequiredPoolsFailed",
            Self::DegradedPool => "DegradedPool",
            Self::ClusterBootImageSkewError => "ClusterBootImageSkewError",
            Self::InterruptedBuild => "InterruptedBuild",
            Self::NoData => "NoData",
            Self::FailSwapOn => "failswapon",
            Self::Runc => "runc",
            Self::FailSwapOnAndRunc => "failswapon::runc",
            Self::None => "none",
            Self::Other => "other",
        }
    }
}

impl From<McoReason> for Value {
    fn from(value: McoReason) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.task`. Task of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoTask {
    /// Makes the config of its parts.
    RenderConfig,
    /// Keeps the settings object.
    MachineConfiguration,
    /// Makes missing objects of nodes.
    MachineConfigNode,
    /// Keeps the pools.
    MachineConfigPools,
    /// Keeps the network policies.
    NetworkPolicies,
    /// Keeps the daemons.
    MachineConfigDaemon,
    /// Keeps the controller.
    MachineConfigController,
    /// Keeps the servers.
    MachineConfigServer,
    /// Keeps the builder.
    MachineOsBuilder,
    /// Waits for the pools an upgrade needs.
    RequiredPools,
    /// None of the others.
    Other,
}

impl McoTask {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 11] = [Self::RenderConfig, Self::MachineConfiguration, Self::MachineConfigNode, Self::MachineConfigPools, Self::NetworkPolicies, Self::MachineConfigDaemon, Self::MachineConfigController, Self::MachineConfigServer, Self::MachineOsBuilder, Self::RequiredPools, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RenderConfig => "RenderConfig",
            Self::MachineConfiguration => "MachineConfiguration",
            Self::MachineConfigNode => "MachineConfigNode",
            Self::MachineConfigPools => "MachineConfigPools",
            Self::NetworkPolicies => "NetworkPolicies",
            Self::MachineConfigDaemon => "MachineConfigDaemon",
            Self::MachineConfigController => "MachineConfigController",
            Self::MachineConfigServer => "MachineConfigServer",
            Self::MachineOsBuilder => "MachineOSBuilder",
            Self::RequiredPools => "RequiredPools",
            Self::Other => "other",
        }
    }
}

impl From<McoTask> for Value {
    fn from(value: McoTask) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.result`. How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoResult {
    /// It reached its target.
    Completed,
    /// It did not.
    Failed,
    /// Another target came.
    Superseded,
    /// It was given up.
    Aborted,
    /// It worked.
    Success,
    /// The build made an image.
    Succeeded,
    /// The build was stopped.
    Interrupted,
    /// It returned an error.
    Error,
    /// It was still open when it was cut off.
    Cut,
}

impl McoResult {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 9] = [Self::Completed, Self::Failed, Self::Superseded, Self::Aborted, Self::Success, Self::Succeeded, Self::Interrupted, Self::Error, Self::Cut];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Aborted => "aborted",
            Self::Success => "success",
            Self::Succeeded => "succeeded",
            Self::Interrupted => "interrupted",
            Self::Error => "error",
            Self::Cut => "cut",
        }
    }
}

impl From<McoResult> for Value {
    fn from(value: McoResult) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.stall.reason`. Why the rollout stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoStallReason {
    /// A node cannot be drained.
    Drain,
    /// A node does not come back.
    Reboot,
    /// A node failed.
    Degraded,
    /// As many machines as allowed are away.
    Capacity,
    /// The OS image is not built.
    Build,
    /// The rendered config is not made.
    Render,
    /// The pool is paused.
    Paused,
    /// None of the others.
    Unknown,
}

impl McoStallReason {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 8] = [Self::Drain, Self::Reboot, Self::Degraded, Self::Capacity, Self::Build, Self::Render, Self::Paused, Self::Unknown];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Reboot => "reboot",
            Self::Degraded => "degraded",
            Self::Capacity => "capacity",
            Self::Build => "build",
            Self::Render => "render",
            Self::Paused => "paused",
            Self::Unknown => "unknown",
        }
    }
}

impl From<McoStallReason> for Value {
    fn from(value: McoStallReason) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.conflict.kind`. Which pools claim the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoConflictKind {
    /// The master pool and a custom one.
    MasterCustom,
    /// More than one custom pool.
    MultiCustom,
}

impl McoConflictKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::MasterCustom, Self::MultiCustom];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MasterCustom => "master_custom",
            Self::MultiCustom => "multi_custom",
        }
    }
}

impl From<McoConflictKind> for Value {
    fn from(value: McoConflictKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.node.state`. What the daemon says of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoNodeState {
    /// The node runs its config.
    Done,
    /// An update is under way.
    Working,
    /// It failed and is tried again.
    Degraded,
    /// It failed and needs a person.
    Unreconcilable,
    /// None of the others.
    Unknown,
}

impl McoNodeState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Done, Self::Working, Self::Degraded, Self::Unreconcilable, Self::Unknown];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Working => "Working",
            Self::Degraded => "Degraded",
            Self::Unreconcilable => "Unreconcilable",
            Self::Unknown => "unknown",
        }
    }
}

impl From<McoNodeState> for Value {
    fn from(value: McoNodeState) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.degraded.class`. Class of the cause, never its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoDegradedClass {
    /// A file differs from the config.
    Drift,
    /// The change cannot be applied.
    Unreconcilable,
    /// The new OS image failed.
    Pivot,
    /// The config is gone.
    MissingConfig,
    /// The kubelet is not healthy.
    Kubelet,
    /// None of the others.
    Other,
}

impl McoDegradedClass {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::Drift, Self::Unreconcilable, Self::Pivot, Self::MissingConfig, Self::Kubelet, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Unreconcilable => "unreconcilable",
            Self::Pivot => "pivot",
            Self::MissingConfig => "missing_config",
            Self::Kubelet => "kubelet",
            Self::Other => "other",
        }
    }
}

impl From<McoDegradedClass> for Value {
    fn from(value: McoDegradedClass) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.phase`. Phase of a node's update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoPhase {
    /// The difference is worked out.
    UpdatePrepared,
    /// Parent of cordon, drain and apply.
    UpdateExecuted,
    /// The node takes no more pods.
    Cordoned,
    /// Pods are evicted.
    Drained,
    /// Files, units and OS are written.
    AppliedFilesAndOs,
    /// The node restarts.
    RebootedNode,
    /// The node runs its config.
    Resumed,
    /// Parent of the uncordon.
    UpdateComplete,
    /// The node takes pods again.
    Uncordoned,
    /// Files and units are written, in image mode.
    AppliedFiles,
    /// The OS image is written, in image mode.
    AppliedOsImage,
    /// The OS image is fetched, in image mode.
    ImagePulledFromRegistry,
    /// A reload or nothing stood for the restart.
    UpdatePostActionComplete,
}

impl McoPhase {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 13] = [Self::UpdatePrepared, Self::UpdateExecuted, Self::Cordoned, Self::Drained, Self::AppliedFilesAndOs, Self::RebootedNode, Self::Resumed, Self::UpdateComplete, Self::Uncordoned, Self::AppliedFiles, Self::AppliedOsImage, Self::ImagePulledFromRegistry, Self::UpdatePostActionComplete];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpdatePrepared => "UpdatePrepared",
            Self::UpdateExecuted => "UpdateExecuted",
            Self::Cordoned => "Cordoned",
            Self::Drained => "Drained",
            Self::AppliedFilesAndOs => "AppliedFilesAndOS",
            Self::RebootedNode => "RebootedNode",
            Self::Resumed => "Resumed",
            Self::UpdateComplete => "UpdateComplete",
            Self::Uncordoned => "Uncordoned",
            Self::AppliedFiles => "AppliedFiles",
            Self::AppliedOsImage => "AppliedOSImage",
            Self::ImagePulledFromRegistry => "ImagePulledFromRegistry",
            Self::UpdatePostActionComplete => "UpdatePostActionComplete",
        }
    }
}

impl From<McoPhase> for Value {
    fn from(value: McoPhase) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.phase.kind`. Whether the phase holds others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoPhaseKind {
    /// It holds other phases.
    Parent,
    /// It holds none.
    Child,
}

impl McoPhaseKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Parent, Self::Child];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
        }
    }
}

impl From<McoPhaseKind> for Value {
    fn from(value: McoPhaseKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.action`. What the node had to do to run its config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoAction {
    /// A restart.
    Reboot,
    /// A service was reloaded.
    Reload,
    /// Nothing.
    None,
}

impl McoAction {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Reboot, Self::Reload, Self::None];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Reload => "reload",
            Self::None => "none",
        }
    }
}

impl From<McoAction> for Value {
    fn from(value: McoAction) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.drain.tier`. Which limit the drain passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoDrainTier {
    /// Ten minutes.
    Threshold10m,
    /// One hour.
    Timeout1h,
}

impl McoDrainTier {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Threshold10m, Self::Timeout1h];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold10m => "threshold_10m",
            Self::Timeout1h => "timeout_1h",
        }
    }
}

impl From<McoDrainTier> for Value {
    fn from(value: McoDrainTier) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.cordon.owner`. Who cordoned the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoCordonOwner {
    /// The operator, to drain it.
    Mco,
    /// Somebody else.
    External,
}

impl McoCordonOwner {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Mco, Self::External];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mco => "mco",
            Self::External => "external",
        }
    }
}

impl From<McoCordonOwner> for Value {
    fn from(value: McoCordonOwner) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.reboot.cause`. Why the node restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoRebootCause {
    /// Its update asked for it.
    Update,
    /// Something else.
    Other,
}

impl McoRebootCause {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Update, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Other => "other",
        }
    }
}

impl From<McoRebootCause> for Value {
    fn from(value: McoRebootCause) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.component`. Part of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoComponent {
    /// Installs the other parts.
    Operator,
    /// Makes configs and picks nodes.
    Controller,
    /// Applies configs to its node.
    Daemon,
    /// Hands out first configs.
    Server,
    /// Builds OS images.
    Builder,
    /// None of the others.
    Other,
}

impl McoComponent {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::Operator, Self::Controller, Self::Daemon, Self::Server, Self::Builder, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Controller => "controller",
            Self::Daemon => "daemon",
            Self::Server => "server",
            Self::Builder => "builder",
            Self::Other => "other",
        }
    }
}

impl From<McoComponent> for Value {
    fn from(value: McoComponent) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.controller.name`. Controller within a part of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoControllerName {
    /// Makes base configs.
    Template,
    /// Makes rendered configs.
    Render,
    /// Picks nodes to update.
    Node,
    /// Cordons, drains and uncordons.
    Drain,
    /// Turns KubeletConfigs into configs.
    KubeletConfig,
    /// Turns ContainerRuntimeConfigs into configs.
    ContainerRuntimeConfig,
    /// Hands sets of images to pools.
    Pinnedimageset,
    /// Keeps boot images young.
    Bootimage,
    /// Renews certificates.
    Certrotation,
    /// Keeps OS streams.
    Osimagestream,
    /// Keeps releases on disk.
    Internalreleaseimage,
    /// Builds OS images.
    Build,
    /// Runs the tasks of the operator.
    Operator,
    /// Runs on each node.
    Daemon,
    /// None of the others.
    Other,
}

impl McoControllerName {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 15] = [Self::Template, Self::Render, Self::Node, Self::Drain, Self::KubeletConfig, Self::ContainerRuntimeConfig, Self::Pinnedimageset, Self::Bootimage, Self::Certrotation, Self::Osimagestream, Self::Internalreleaseimage, Self::Build, Self::Operator, Self::Daemon, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Render => "render",
            Self::Node => "node",
            Self::Drain => "drain",
            Self::KubeletConfig => "kubelet-config",
            Self::ContainerRuntimeConfig => "container-runtime-config",
            Self::Pinnedimageset => "pinnedimageset",
            Self::Bootimage => "bootimage",
            Self::Certrotation => "certrotation",
            Self::Osimagestream => "osimagestream",
            Self::Internalreleaseimage => "internalreleaseimage",
            Self::Build => "build",
            Self::Operator => "operator",
            Self::Daemon => "daemon",
            Self::Other => "other",
        }
    }
}

impl From<McoControllerName> for Value {
    fn from(value: McoControllerName) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.queue.name`. Work queue of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoQueueName {
    /// Of the template controller.
    Templatecontroller,
    /// Of the render controller.
    Rendercontroller,
    /// Of the node controller.
    Nodecontroller,
    /// Of the drain controller.
    Draincontroller,
    /// Of the kubelet-config controller.
    Kubeletconfigcontroller,
    /// Of the kubelet-config controller, for feature gates.
    Featurecontroller,
    /// Of the kubelet-config controller, for the node config.
    NodeConfigcontroller,
    /// Of the container-runtime-config controller.
    Containerruntimeconfigcontroller,
    /// Of the pinnedimageset controller.
    Pinnedimagesetcontroller,
    /// Of the bootimage controller.
    Machinesetbootimagecontroller,
    /// Of the certrotation controller.
    Hostnames,
    /// Of the osimagestream controller.
    Osimagestreamcontroller,
    /// Of the internalreleaseimage controller.
    Internalreleaseimagecontroller,
    /// Of the build controller.
    Machineosbuilder,
    /// Of the operator.
    Machineconfigoperator,
    /// Of the daemon.
    Machineconfigdaemon,
    /// Of the daemon, for pinned images.
    PinnedImageSetManager,
    /// None of the others, and those without a name.
    Other,
}

impl McoQueueName {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 18] = [Self::Templatecontroller, Self::Rendercontroller, Self::Nodecontroller, Self::Draincontroller, Self::Kubeletconfigcontroller, Self::Featurecontroller, Self::NodeConfigcontroller, Self::Containerruntimeconfigcontroller, Self::Pinnedimagesetcontroller, Self::Machinesetbootimagecontroller, Self::Hostnames, Self::Osimagestreamcontroller, Self::Internalreleaseimagecontroller, Self::Machineosbuilder, Self::Machineconfigoperator, Self::Machineconfigdaemon, Self::PinnedImageSetManager, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Templatecontroller => "templatecontroller",
            Self::Rendercontroller => "rendercontroller",
            Self::Nodecontroller => "nodecontroller",
            Self::Draincontroller => "draincontroller",
            Self::Kubeletconfigcontroller => "kubeletconfigcontroller",
            Self::Featurecontroller => "featurecontroller",
            Self::NodeConfigcontroller => "nodeConfigcontroller",
            Self::Containerruntimeconfigcontroller => "containerruntimeconfigcontroller",
            Self::Pinnedimagesetcontroller => "pinnedimagesetcontroller",
            Self::Machinesetbootimagecontroller => "machinesetbootimagecontroller",
            Self::Hostnames => "Hostnames",
            Self::Osimagestreamcontroller => "osimagestreamcontroller",
            Self::Internalreleaseimagecontroller => "internalreleaseimagecontroller",
            Self::Machineosbuilder => "machineosbuilder",
            Self::Machineconfigoperator => "machineconfigoperator",
            Self::Machineconfigdaemon => "machineconfigdaemon",
            Self::PinnedImageSetManager => "pinned-image-set-manager",
            Self::Other => "other",
        }
    }
}

impl From<McoQueueName> for Value {
    fn from(value: McoQueueName) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.object.kind`. Kind of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoObjectKind {
    /// A pool.
    MachineConfigPool,
    /// A config.
    MachineConfig,
    /// A node.
    Node,
    /// What base configs are made of.
    ControllerConfig,
    /// Settings of kubelets.
    KubeletConfig,
    /// Settings of the container runtime.
    ContainerRuntimeConfig,
    /// A wish for an OS image.
    MachineOsConfig,
    /// One build of an OS image.
    MachineOsBuild,
    /// Images to hold on disk.
    PinnedImageSet,
    /// Streams of OS images.
    OsImageStream,
    /// Releases to hold on disk.
    InternalReleaseImage,
    /// Settings of the operator.
    MachineConfiguration,
    /// None of the others.
    Other,
}

impl McoObjectKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 13] = [Self::MachineConfigPool, Self::MachineConfig, Self::Node, Self::ControllerConfig, Self::KubeletConfig, Self::ContainerRuntimeConfig, Self::MachineOsConfig, Self::MachineOsBuild, Self::PinnedImageSet, Self::OsImageStream, Self::InternalReleaseImage, Self::MachineConfiguration, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MachineConfigPool => "MachineConfigPool",
            Self::MachineConfig => "MachineConfig",
            Self::Node => "Node",
            Self::ControllerConfig => "ControllerConfig",
            Self::KubeletConfig => "KubeletConfig",
            Self::ContainerRuntimeConfig => "ContainerRuntimeConfig",
            Self::MachineOsConfig => "MachineOSConfig",
            Self::MachineOsBuild => "MachineOSBuild",
            Self::PinnedImageSet => "PinnedImageSet",
            Self::OsImageStream => "OSImageStream",
            Self::InternalReleaseImage => "InternalReleaseImage",
            Self::MachineConfiguration => "MachineConfiguration",
            Self::Other => "other",
        }
    }
}

impl From<McoObjectKind> for Value {
    fn from(value: McoObjectKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.config.kind`. Who made the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoConfigKind {
    /// The render controller.
    Rendered,
    /// Another controller.
    Generated,
    /// A person or another operator.
    User,
}

impl McoConfigKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Rendered, Self::Generated, Self::User];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Generated => "generated",
            Self::User => "user",
        }
    }
}

impl From<McoConfigKind> for Value {
    fn from(value: McoConfigKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.in_use`. Whether something refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoInUse {
    /// It is in use.
    IsTrue,
    /// It is not.
    IsFalse,
}

impl McoInUse {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::IsTrue, Self::IsFalse];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IsTrue => "true",
            Self::IsFalse => "false",
        }
    }
}

impl From<McoInUse> for Value {
    fn from(value: McoInUse) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.setting`. Setting that will go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoSetting {
    /// The runtime runc.
    Runc,
    /// Kubelets that run with swap.
    FailSwapOn,
}

impl McoSetting {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Runc, Self::FailSwapOn];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runc => "runc",
            Self::FailSwapOn => "failswapon",
        }
    }
}

impl From<McoSetting> for Value {
    fn from(value: McoSetting) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.certificate.bundle`. Bundle the certificate is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoCertificateBundle {
    /// CAs of the API server.
    KubeApiserverServingCaData,
    /// CAs of the cloud.
    CloudProviderCaData,
    /// CAs of the cluster.
    RootCaData,
    /// CAs a user added.
    AdditionalTrustBundle,
    /// CAs of image registries.
    ImageRegistry,
    /// None of the others.
    Other,
}

impl McoCertificateBundle {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::KubeApiserverServingCaData, Self::CloudProviderCaData, Self::RootCaData, Self::AdditionalTrustBundle, Self::ImageRegistry, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KubeApiserverServingCaData => "KubeAPIServerServingCAData",
            Self::CloudProviderCaData => "CloudProviderCAData",
            Self::RootCaData => "RootCAData",
            Self::AdditionalTrustBundle => "AdditionalTrustBundle",
            Self::ImageRegistry => "ImageRegistry",
            Self::Other => "other",
        }
    }
}

impl From<McoCertificateBundle> for Value {
    fn from(value: McoCertificateBundle) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.certificate.state`. Whether the certificate may be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoCertificateState {
    /// It may.
    Valid,
    /// It may, for less than 30 days.
    Expiring,
    /// Its time is over.
    Expired,
    /// Its time is to come.
    NotYetValid,
}

impl McoCertificateState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 4] = [Self::Valid, Self::Expiring, Self::Expired, Self::NotYetValid];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
        }
    }
}

impl From<McoCertificateState> for Value {
    fn from(value: McoCertificateState) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.certificate.name`. Certificate of the machine-config-server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoCertificateName {
    /// Its CA.
    MachineConfigServerCa,
    /// Its own.
    MachineConfigServerTls,
}

impl McoCertificateName {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::MachineConfigServerCa, Self::MachineConfigServerTls];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MachineConfigServerCa => "machine-config-server-ca",
            Self::MachineConfigServerTls => "machine-config-server-tls",
        }
    }
}

impl From<McoCertificateName> for Value {
    fn from(value: McoCertificateName) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.build.state`. How far the build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoBuildState {
    /// It is about to begin.
    Prepared,
    /// It is under way.
    Building,
    /// It made an image.
    Succeeded,
    /// It made none.
    Failed,
    /// It was stopped.
    Interrupted,
}

impl McoBuildState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Prepared, Self::Building, Self::Succeeded, Self::Failed, Self::Interrupted];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Building => "building",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<McoBuildState> for Value {
    fn from(value: McoBuildState) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.image.state`. Which OS image the node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoImageState {
    /// The one it should.
    Current,
    /// Another; the one it should is on its way.
    Target,
    /// None that was built for its pool.
    None,
}

impl McoImageState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Current, Self::Target, Self::None];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Target => "target",
            Self::None => "none",
        }
    }
}

impl From<McoImageState> for Value {
    fn from(value: McoImageState) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.pis.state`. How far the node is with the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoPisState {
    /// It holds every image.
    Current,
    /// It fetches images.
    Progressing,
    /// It could not fetch one.
    Failed,
}

impl McoPisState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Current, Self::Progressing, Self::Failed];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Progressing => "progressing",
            Self::Failed => "failed",
        }
    }
}

impl From<McoPisState> for Value {
    fn from(value: McoPisState) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.failure.class`. Class of the failure, never its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoFailureClass {
    /// An image could not be fetched.
    Pull,
    /// There is no room.
    Disk,
    /// The registry refused us.
    Auth,
    /// None of the others.
    Other,
}

impl McoFailureClass {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Disk, Self::Auth, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Disk => "disk",
            Self::Auth => "auth",
            Self::Other => "other",
        }
    }
}

impl From<McoFailureClass> for Value {
    fn from(value: McoFailureClass) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.mode`. How old boot images are dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoMode {
    /// The operator finds out their age.
    Automatic,
    /// A person says their age.
    Manual,
    /// Nobody looks.
    None,
}

impl McoMode {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Manual, Self::None];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "Automatic",
            Self::Manual => "Manual",
            Self::None => "None",
        }
    }
}

impl From<McoMode> for Value {
    fn from(value: McoMode) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.default`. Whether it is what a pool gets that asks for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoDefault {
    /// It is.
    IsTrue,
    /// It is not.
    IsFalse,
}

impl McoDefault {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::IsTrue, Self::IsFalse];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IsTrue => "true",
            Self::IsFalse => "false",
        }
    }
}

impl From<McoDefault> for Value {
    fn from(value: McoDefault) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.event.reason`. Reason of a Kubernetes event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoEventReason {
    /// A cordon was asked for.
    Cordon,
    /// An uncordon was asked for.
    Uncordon,
    /// A drain was asked for.
    Drain,
    /// A drain failed.
    FailedToDrain,
    /// An uncordon failed.
    FailedToUncordon,
    /// A change cannot be applied.
    FailedToReconcile,
    /// A drain failed for an hour.
    DrainFailed,
    /// A drain takes longer than ten minutes.
    DrainThresholdExceeded,
    /// A restart begins.
    Reboot,
    /// No restart is needed.
    SkipReboot,
    /// The OS update begins.
    OsUpdateStarted,
    /// The OS update waits for the restart.
    OsUpdateStaged,
    /// The OS update is applied.
    OsUpgradeApplied,
    /// No OS update is needed.
    OsUpgradeSkipped,
    /// The OS is updated within the cluster.
    InClusterUpgrade,
    /// The node runs its config.
    NodeDone,
    /// The node reads its state after a boot.
    BootResync,
    /// A file differs from the config.
    ConfigDriftDetected,
    /// Files are watched.
    ConfigDriftMonitorStarted,
    /// Files are watched no more.
    ConfigDriftMonitorStopped,
    /// A file differs before the update.
    PreflightConfigDriftCheckFailed,
    /// What is on disk is not as it should be.
    OnDiskStateValidationFailed,
    /// A service is reloaded.
    ServiceReload,
    /// A service is restarted.
    ServiceRestart,
    /// A service could not be reloaded.
    FailedServiceReload,
    /// A service could not be restarted.
    FailedServiceRestart,
    /// A staged OS was lost at shutdown.
    FailedFinalization,
    /// The daemon was told to stop in mid-update.
    GotSigtermDuringUpdate,
    /// A rendered config was made.
    RenderedConfigGenerated,
    /// A config names another OS image.
    OsImageUrlOverridden,
    /// A rollout begins.
    Updating,
    /// A rollout is over.
    Completed,
    /// A budget selects every pod.
    SelectingAll,
    /// The operator runs another version.
    OperatorVersionChanged,
    /// A task of the operator failed.
    OperatorDegraded,
    /// A build begins.
    BuildStarted,
    /// A build is prepared.
    BuildPreparing,
    /// A build is under way.
    BuildBuilding,
    /// A build made an image.
    BuildCompleted,
    /// A build made none.
    BuildFailed,
    /// A build was stopped.
    BuildInterrupted,
    /// A build was deleted.
    BuildDeleted,
    /// The builds of a pool fail.
    BuildDegraded,
    /// The builds of a pool work again.
    BuildRecovered,
    /// The job of a build was made.
    JobCreated,
    /// The job of a build runs.
    JobStarted,
    /// The job of a build is done.
    JobCompleted,
    /// The job of a build failed.
    JobFailed,
    /// The job of a build was deleted.
    JobDeleted,
    /// A wish for an image was taken up.
    ConfigReconciled,
    /// A wish for an image could not be taken up.
    ConfigReconcileFailed,
    /// The target of a pool changed.
    PoolConfigChanged,
    /// None of the others.
    Other,
}

impl McoEventReason {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 53] = [Self::Cordon, Self::Uncordon, Self::Drain, Self::FailedToDrain, Self::FailedToUncordon, Self::FailedToReconcile, Self::DrainFailed, Self::DrainThresholdExceeded, Self::Reboot, Self::SkipReboot, Self::OsUpdateStarted, Self::OsUpdateStaged, Self::OsUpgradeApplied, Self::OsUpgradeSkipped, Self::InClusterUpgrade, Self::NodeDone, Self::BootResync, Self::ConfigDriftDetected, Self::ConfigDriftMonitorStarted, Self::ConfigDriftMonitorStopped, Self::PreflightConfigDriftCheckFailed, Self::OnDiskStateValidationFailed, Self::ServiceReload, Self::ServiceRestart, Self::FailedServiceReload, Self::FailedServiceRestart, Self::FailedFinalization, Self::GotSigtermDuringUpdate, Self::RenderedConfigGenerated, Self::OsImageUrlOverridden, Self::Updating, Self::Completed, Self::SelectingAll, Self::OperatorVersionChanged, Self::OperatorDegraded, Self::BuildStarted, Self::BuildPreparing, Self::BuildBuilding, Self::BuildCompleted, Self::BuildFailed, Self::BuildInterrupted, Self::BuildDeleted, Self::BuildDegraded, Self::BuildRecovered, Self::JobCreated, Self::JobStarted, Self::JobCompleted, Self::JobFailed, Self::JobDeleted, Self::ConfigReconciled, Self::ConfigReconcileFailed, Self::PoolConfigChanged, Self::Other];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cordon => "Cordon",
            Self::Uncordon => "Uncordon",
            Self::Drain => "Drain",
            Self::FailedToDrain => "FailedToDrain",
            Self::FailedToUncordon => "FailedToUncordon",
            Self::FailedToReconcile => "FailedToReconcile",
            Self::DrainFailed => "DrainFailed",
            Self::DrainThresholdExceeded => "DrainThresholdExceeded",
            Self::Reboot => "Reboot",
            Self::SkipReboot => "SkipReboot",
            Self::OsUpdateStarted => "OSUpdateStarted",
            Self::OsUpdateStaged => "OSUpdateStaged",
            Self::OsUpgradeApplied => "OSUpgradeApplied",
            Self::OsUpgradeSkipped => "OSUpgradeSkipped",
            Self::InClusterUpgrade => "InClusterUpgrade",
            Self::NodeDone => "NodeDone",
            Self::BootResync => "BootResync",
            Self::ConfigDriftDetected => "ConfigDriftDetected",
            Self::ConfigDriftMonitorStarted => "ConfigDriftMonitorStarted",
            Self::ConfigDriftMonitorStopped => "ConfigDriftMonitorStopped",
            Self::PreflightConfigDriftCheckFailed => "PreflightConfigDriftCheckFailed",
            Self::OnDiskStateValidationFailed => "OnDiskStateValidationFailed",
            Self::ServiceReload => "ServiceReload",
            Self::ServiceRestart => "ServiceRestart",
            Self::FailedServiceReload => "FailedServiceReload",
            Self::FailedServiceRestart => "FailedServiceRestart",
            Self::FailedFinalization => "FailedFinalization",
            Self::GotSigtermDuringUpdate => "GotSigtermDuringUpdate",
            Self::RenderedConfigGenerated => "RenderedConfigGenerated",
            Self::OsImageUrlOverridden => "OSImageURLOverridden",
            Self::Updating => "Updating",
            Self::Completed => "Completed",
            Self::SelectingAll => "SelectingAll",
            Self::OperatorVersionChanged => "OperatorVersionChanged",
            Self::OperatorDegraded => "OperatorDegraded",
            Self::BuildStarted => "BuildStarted",
            Self::BuildPreparing => "BuildPreparing",
            Self::BuildBuilding => "BuildBuilding",
            Self::BuildCompleted => "BuildCompleted",
            Self::BuildFailed => "BuildFailed",
            Self::BuildInterrupted => "BuildInterrupted",
            Self::BuildDeleted => "BuildDeleted",
            Self::BuildDegraded => "BuildDegraded",
            Self::BuildRecovered => "BuildRecovered",
            Self::JobCreated => "JobCreated",
            Self::JobStarted => "JobStarted",
            Self::JobCompleted => "JobCompleted",
            Self::JobFailed => "JobFailed",
            Self::JobDeleted => "JobDeleted",
            Self::ConfigReconciled => "ConfigReconciled",
            Self::ConfigReconcileFailed => "ConfigReconcileFailed",
            Self::PoolConfigChanged => "PoolConfigChanged",
            Self::Other => "other",
        }
    }
}

impl From<McoEventReason> for Value {
    fn from(value: McoEventReason) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.event.type`. Type of a Kubernetes event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoEventType {
    /// Things go their way.
    Normal,
    /// Something is wrong.
    Warning,
}

impl McoEventType {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Normal, Self::Warning];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

impl From<McoEventType> for Value {
    fn from(value: McoEventType) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.rollout.cause`. What began the rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoRolloutCause {
    /// A new rendered config.
    Config,
    /// A new OS image.
    Image,
    /// A node joined.
    Membership,
}

impl McoRolloutCause {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Config, Self::Image, Self::Membership];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Image => "image",
            Self::Membership => "membership",
        }
    }
}

impl From<McoRolloutCause> for Value {
    fn from(value: McoRolloutCause) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.start.source`. What the start of a span is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoStartSource {
    /// It was seen.
    Observed,
    /// The end of the phase before it.
    PreviousPhase,
    /// The time a condition tells.
    ConditionTime,
    /// When the target was made.
    CreationTime,
    /// Nothing; it was under way when first seen.
    FirstSeen,
}

impl McoStartSource {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Observed, Self::PreviousPhase, Self::ConditionTime, Self::CreationTime, Self::FirstSeen];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::PreviousPhase => "previous_phase",
            Self::ConditionTime => "condition_time",
            Self::CreationTime => "creation_time",
            Self::FirstSeen => "first_seen",
        }
    }
}

impl From<McoStartSource> for Value {
    fn from(value: McoStartSource) -> Self {
        value.as_str().into()
    }
}

/// Values of `mco.end.source`. What the end of a span is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum McoEndSource {
    /// It was seen.
    Observed,
    /// The time a condition tells; it was seen late.
    ConditionTime,
}

impl McoEndSource {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Observed, Self::ConditionTime];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::ConditionTime => "condition_time",
        }
    }
}

impl From<McoEndSource> for Value {
    fn from(value: McoEndSource) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.signal`. Which signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanSignal {
    /// Points of metrics.
    Metrics,
    /// Spans.
    Traces,
}

impl PointsmanSignal {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Metrics, Self::Traces];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }
}

impl From<PointsmanSignal> for Value {
    fn from(value: PointsmanSignal) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.drop.reason`. Why it went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanDropReason {
    /// A view turned it off.
    View,
    /// A view's sampling left it out.
    Sampled,
    /// It breaks a rule of OTLP.
    Invalid,
    /// A limit was reached.
    Limit,
    /// The queue was full.
    QueueFull,
    /// The back end refused it for good.
    Refused,
    /// It claims to be somebody else's than its sender's.
    Forged,
}

impl PointsmanDropReason {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 7] = [Self::View, Self::Sampled, Self::Invalid, Self::Limit, Self::QueueFull, Self::Refused, Self::Forged];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Sampled => "sampled",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::QueueFull => "queue_full",
            Self::Refused => "refused",
            Self::Forged => "forged",
        }
    }
}

impl From<PointsmanDropReason> for Value {
    fn from(value: PointsmanDropReason) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.source`. Who decides on the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanSource {
    /// Its level.
    Default,
    /// A rule of a view.
    View,
}

impl PointsmanSource {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Default, Self::View];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::View => "view",
        }
    }
}

impl From<PointsmanSource> for Value {
    fn from(value: PointsmanSource) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.result`. How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanResult {
    /// It changed something.
    Changed,
    /// There was nothing to do.
    Unchanged,
    /// It failed.
    Failed,
    /// It was given up half way.
    Cancelled,
}

impl PointsmanResult {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 4] = [Self::Changed, Self::Unchanged, Self::Failed, Self::Cancelled];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<PointsmanResult> for Value {
    fn from(value: PointsmanResult) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.condition.type`. Which condition of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanConditionType {
    /// Its form is good.
    Accepted,
    /// It is decided and in force at the controller.
    Programmed,
    /// Every instance that can has acknowledged it.
    InSync,
    /// Another view of its tier decides the same.
    Conflicted,
    /// Something is held back as somebody reads it.
    Protected,
    /// A limit of it bites.
    LimitExceeded,
    /// Its time is over.
    Expired,
    /// No component is what its targets name.
    TargetsEmpty,
}

impl PointsmanConditionType {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 8] = [Self::Accepted, Self::Programmed, Self::InSync, Self::Conflicted, Self::Protected, Self::LimitExceeded, Self::Expired, Self::TargetsEmpty];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Programmed => "Programmed",
            Self::InSync => "InSync",
            Self::Conflicted => "Conflicted",
            Self::Protected => "Protected",
            Self::LimitExceeded => "LimitExceeded",
            Self::Expired => "Expired",
            Self::TargetsEmpty => "TargetsEmpty",
        }
    }
}

impl From<PointsmanConditionType> for Value {
    fn from(value: PointsmanConditionType) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.condition.status`. The status of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It is absent or not decided.
    Unknown,
}

impl PointsmanConditionStatus {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::True, Self::False, Self::Unknown];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

impl From<PointsmanConditionStatus> for Value {
    fn from(value: PointsmanConditionStatus) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.consumer.kind`. What sort of reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanConsumerKind {
    /// An alerting rule.
    Alert,
    /// A recording rule.
    Rule,
    /// An autoscaler.
    Hpa,
    /// A panel of a dashboard that is shipped.
    Dashboard,
}

impl PointsmanConsumerKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 4] = [Self::Alert, Self::Rule, Self::Hpa, Self::Dashboard];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Rule => "rule",
            Self::Hpa => "hpa",
            Self::Dashboard => "dashboard",
        }
    }
}

impl From<PointsmanConsumerKind> for Value {
    fn from(value: PointsmanConsumerKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.export.outcome`. What became of the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanExportOutcome {
    /// The back end took it.
    Ok,
    /// It was refused or did not arrive.
    Failed,
}

impl PointsmanExportOutcome {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Ok, Self::Failed];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

impl From<PointsmanExportOutcome> for Value {
    fn from(value: PointsmanExportOutcome) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.fault.severity`. How bad the fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanFaultSeverity {
    /// The object is refused.
    Error,
    /// It is taken and may not do what was meant.
    Warning,
}

impl PointsmanFaultSeverity {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Error, Self::Warning];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl From<PointsmanFaultSeverity> for Value {
    fn from(value: PointsmanFaultSeverity) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.adjustment`. What was done to the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanAdjustment {
    /// Left out because a newer one was there already.
    Superseded,
    /// Added up after a gap between two deltas.
    Gap,
    /// A counter that fell without a new start.
    Fall,
    /// A delta that was sent twice and added once.
    Retried,
    /// An attribute left out because its key came twice.
    DuplicateKey,
}

impl PointsmanAdjustment {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Superseded, Self::Gap, Self::Fall, Self::Retried, Self::DuplicateKey];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Gap => "gap",
            Self::Fall => "fall",
            Self::Retried => "retried",
            Self::DuplicateKey => "duplicate_key",
        }
    }
}

impl From<PointsmanAdjustment> for Value {
    fn from(value: PointsmanAdjustment) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.omission`. Why a scrape left it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanOmission {
    /// A series whose labels another had already.
    Duplicate,
    /// A series whose value the format has no place for.
    Unfit,
    /// An attribute that gave no label.
    LostAttribute,
}

impl PointsmanOmission {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Duplicate, Self::Unfit, Self::LostAttribute];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Unfit => "unfit",
            Self::LostAttribute => "lost_attribute",
        }
    }
}

impl From<PointsmanOmission> for Value {
    fn from(value: PointsmanOmission) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.conflict.kind`. What two parties want of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanConflictKind {
    /// Different types; the loser is not exposed.
    Type,
    /// Samples of one name; the loser is not exposed.
    Clash,
    /// Different descriptions; one is shown.
    Help,
    /// Different units; none is shown.
    Unit,
    /// Different resources of one job and instance; the loser's target info is not exposed.
    Target,
    /// The same labels; the loser's sample is not exposed.
    Series,
}

impl PointsmanConflictKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::Type, Self::Clash, Self::Help, Self::Unit, Self::Target, Self::Series];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Clash => "clash",
            Self::Help => "help",
            Self::Unit => "unit",
            Self::Target => "target",
            Self::Series => "series",
        }
    }
}

impl From<PointsmanConflictKind> for Value {
    fn from(value: PointsmanConflictKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.reload.outcome`. What became of a changed certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanReloadOutcome {
    /// It is served.
    Taken,
    /// It does not fit, and the last good one stays.
    Refused,
}

impl PointsmanReloadOutcome {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Taken, Self::Refused];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
        }
    }
}

impl From<PointsmanReloadOutcome> for Value {
    fn from(value: PointsmanReloadOutcome) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.handshake.outcome`. How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanHandshakeOutcome {
    /// The connection stands.
    Done,
    /// One of the two refused.
    Failed,
    /// It took too long.
    Late,
}

impl PointsmanHandshakeOutcome {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Done, Self::Failed, Self::Late];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Late => "late",
        }
    }
}

impl From<PointsmanHandshakeOutcome> for Value {
    fn from(value: PointsmanHandshakeOutcome) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.access.question`. What an API server is asked about who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanAccessQuestion {
    /// Whose a token is.
    Token,
    /// Whether a user may do something.
    Right,
}

impl PointsmanAccessQuestion {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Token, Self::Right];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Right => "right",
        }
    }
}

impl From<PointsmanAccessQuestion> for Value {
    fn from(value: PointsmanAccessQuestion) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.access.outcome`. What became of a question about who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanAccessOutcome {
    /// The answer was known.
    Hit,
    /// The API server was asked.
    Miss,
    /// An older answer stood in for an API server that did not answer.
    Stale,
    /// Nobody could answer.
    Error,
    /// There were too many questions to ask this one.
    Limited,
}

impl PointsmanAccessOutcome {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Hit, Self::Miss, Self::Stale, Self::Error, Self::Limited];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Error => "error",
            Self::Limited => "limited",
        }
    }
}

impl From<PointsmanAccessOutcome> for Value {
    fn from(value: PointsmanAccessOutcome) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.access.refusal`. Why somebody was not let read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanAccessRefusal {
    /// The path is not there for anybody.
    NotFound,
    /// Nobody knows who asks.
    Unauthenticated,
    /// Nothing is served by that method.
    Method,
    /// A value is missing that decides what is asked for.
    BadRequest,
    /// The user may not.
    Forbidden,
    /// Nobody can say now.
    Unavailable,
}

impl PointsmanAccessRefusal {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::NotFound, Self::Unauthenticated, Self::Method, Self::BadRequest, Self::Forbidden, Self::Unavailable];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Unauthenticated => "unauthenticated",
            Self::Method => "method",
            Self::BadRequest => "bad_request",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<PointsmanAccessRefusal> for Value {
    fn from(value: PointsmanAccessRefusal) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.lease`. Which Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanLease {
    /// Its holder takes what components push.
    Active,
    /// Its holder writes to the cluster.
    Status,
}

impl PointsmanLease {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Active, Self::Status];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Status => "status",
        }
    }
}

impl From<PointsmanLease> for Value {
    fn from(value: PointsmanLease) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.sync.state`. How an instance stands to its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanSyncState {
    /// It obeys the plan of now.
    Applied,
    /// It did not answer yet.
    Pending,
    /// It refused the plan.
    Failed,
    /// It has no session; the controller alone decides.
    Disconnected,
}

impl PointsmanSyncState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Pending, Self::Failed, Self::Disconnected];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Disconnected => "disconnected",
        }
    }
}

impl From<PointsmanSyncState> for Value {
    fn from(value: PointsmanSyncState) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.sync.refusal`. Why a message or a session was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanSyncRefusal {
    /// The message is larger than allowed.
    TooLarge,
    /// It is no OpAMP message.
    Malformed,
    /// More messages a second than allowed.
    TooFast,
    /// More agents or instruments than allowed.
    TooMany,
    /// Another session has this identity.
    Duplicate,
    /// It claims to be somebody else's than its sender's.
    Forged,
    /// Another replica is the active one.
    Standby,
}

impl PointsmanSyncRefusal {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 7] = [Self::TooLarge, Self::Malformed, Self::TooFast, Self::TooMany, Self::Duplicate, Self::Forged, Self::Standby];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::TooFast => "too_fast",
            Self::TooMany => "too_many",
            Self::Duplicate => "duplicate",
            Self::Forged => "forged",
            Self::Standby => "standby",
        }
    }
}

impl From<PointsmanSyncRefusal> for Value {
    fn from(value: PointsmanSyncRefusal) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.gate.state`. Whether an instrument is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanGateState {
    /// It is recorded and sent.
    Open,
    /// It costs nothing.
    Closed,
}

impl PointsmanGateState {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Open, Self::Closed];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl From<PointsmanGateState> for Value {
    fn from(value: PointsmanGateState) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.plan.source`. Where the plan in force came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanPlanSource {
    /// No sync-down was set up, so that everything is sent.
    Nothing,
    /// No plan yet, so that the declared levels decide.
    Defaults,
    /// A mounted file.
    File,
    /// The last good one of an earlier run.
    Cache,
    /// A session with the controller.
    Controller,
}

impl PointsmanPlanSource {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::Defaults, Self::File, Self::Cache, Self::Controller];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Defaults => "defaults",
            Self::File => "file",
            Self::Cache => "cache",
            Self::Controller => "controller",
        }
    }
}

impl From<PointsmanPlanSource> for Value {
    fn from(value: PointsmanPlanSource) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.watch.kind`. Kind of the watched object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanWatchKind {
    /// Pools.
    MachineConfigPool,
    /// Configs.
    MachineConfig,
    /// Progress of nodes.
    MachineConfigNode,
    /// Nodes.
    Node,
    /// What base configs are made of.
    ControllerConfig,
    /// Settings of kubelets.
    KubeletConfig,
    /// Settings of the container runtime.
    ContainerRuntimeConfig,
    /// Wishes for an OS image.
    MachineOsConfig,
    /// Builds of OS images.
    MachineOsBuild,
    /// Images to hold on disk.
    PinnedImageSet,
    /// Streams of OS images.
    OsImageStream,
    /// Releases to hold on disk.
    InternalReleaseImage,
    /// Settings of the operator.
    MachineConfiguration,
    /// What the operator says of itself.
    ClusterOperator,
    /// Leases of leaders.
    Lease,
    /// Jobs of builds.
    Job,
    /// Pods of servers.
    Pod,
    /// Kubernetes events.
    Event,
    /// Certificates of servers.
    Secret,
}

impl PointsmanWatchKind {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 19] = [Self::MachineConfigPool, Self::MachineConfig, Self::MachineConfigNode, Self::Node, Self::ControllerConfig, Self::KubeletConfig, Self::ContainerRuntimeConfig, Self::MachineOsConfig, Self::MachineOsBuild, Self::PinnedImageSet, Self::OsImageStream, Self::InternalReleaseImage, Self::MachineConfiguration, Self::ClusterOperator, Self::Lease, Self::Job, Self::Pod, Self::Event, Self::Secret];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MachineConfigPool => "MachineConfigPool",
            Self::MachineConfig => "MachineConfig",
            Self::MachineConfigNode => "MachineConfigNode",
            Self::Node => "Node",
            Self::ControllerConfig => "ControllerConfig",
            Self::KubeletConfig => "KubeletConfig",
            Self::ContainerRuntimeConfig => "ContainerRuntimeConfig",
            Self::MachineOsConfig => "MachineOSConfig",
            Self::MachineOsBuild => "MachineOSBuild",
            Self::PinnedImageSet => "PinnedImageSet",
            Self::OsImageStream => "OSImageStream",
            Self::InternalReleaseImage => "InternalReleaseImage",
            Self::MachineConfiguration => "MachineConfiguration",
            Self::ClusterOperator => "ClusterOperator",
            Self::Lease => "Lease",
            Self::Job => "Job",
            Self::Pod => "Pod",
            Self::Event => "Event",
            Self::Secret => "Secret",
        }
    }
}

impl From<PointsmanWatchKind> for Value {
    fn from(value: PointsmanWatchKind) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.watch.error`. What was wrong with an object or a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanWatchError {
    /// An object that cannot be read.
    Undecodable,
    /// An object without a name.
    Nameless,
    /// An object beyond a limit.
    Limit,
    /// We may not read the kind.
    Forbidden,
    /// The cluster does not know the kind.
    Missing,
    /// The API server does not answer.
    Away,
    /// A value that no version we know has.
    UnknownValue,
    /// A time that cannot be.
    BadTime,
}

impl PointsmanWatchError {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 8] = [Self::Undecodable, Self::Nameless, Self::Limit, Self::Forbidden, Self::Missing, Self::Away, Self::UnknownValue, Self::BadTime];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::Nameless => "nameless",
            Self::Limit => "limit",
            Self::Forbidden => "forbidden",
            Self::Missing => "missing",
            Self::Away => "away",
            Self::UnknownValue => "unknown_value",
            Self::BadTime => "bad_time",
        }
    }
}

impl From<PointsmanWatchError> for Value {
    fn from(value: PointsmanWatchError) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.reconcile.trigger`. What set the turn off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanReconcileTrigger {
    /// An object changed.
    Event,
    /// Everything was read again.
    Resync,
    /// Time passed.
    Timer,
}

impl PointsmanReconcileTrigger {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 3] = [Self::Event, Self::Resync, Self::Timer];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Resync => "resync",
            Self::Timer => "timer",
        }
    }
}

impl From<PointsmanReconcileTrigger> for Value {
    fn from(value: PointsmanReconcileTrigger) -> Self {
        value.as_str().into()
    }
}

/// Values of `pointsman.reconcile.result`. How the turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsmanReconcileResult {
    /// It changed something.
    Changed,
    /// It failed.
    Error,
}

impl PointsmanReconcileResult {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 2] = [Self::Changed, Self::Error];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Error => "error",
        }
    }
}

impl From<PointsmanReconcileResult> for Value {
    fn from(value: PointsmanReconcileResult) -> Self {
        value.as_str().into()
    }
}
