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

/// Name of the pool.
pub const MCO_POOL_NAME: &str = "mco.pool.name";

/// Which of the pool's machines are counted.
pub const MCO_MACHINE_STATE: &str = "mco.machine.state";

/// Type of the condition.
pub const MCO_CONDITION_TYPE: &str = "mco.condition.type";

/// Status of the condition.
pub const MCO_CONDITION_STATUS: &str = "mco.condition.status";

/// How it ended.
pub const MCO_RESULT: &str = "mco.result";

/// Why the rollout stands still.
pub const MCO_STALL_REASON: &str = "mco.stall.reason";

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

/// What began the rollout.
pub const MCO_ROLLOUT_CAUSE: &str = "mco.rollout.cause";

/// Config the rollout leads to.
pub const MCO_ROLLOUT_TARGET: &str = "mco.rollout.target";

/// Nodes in the rollout.
pub const MCO_ROLLOUT_NODES: &str = "mco.rollout.nodes";

/// Nodes of it that failed.
pub const MCO_ROLLOUT_NODES_FAILED: &str = "mco.rollout.nodes.failed";

/// Free text; in span events only.
pub const MCO_MESSAGE: &str = "mco.message";

/// State of the node.
pub const STATE: &str = "state";

/// Why it is degraded, in words.
pub const REASON: &str = "reason";

/// Rendered config the update leads to.
pub const CONFIG: &str = "config";

/// Error of the attempt, in words; empty when it worked.
pub const ERR: &str = "err";

/// Which signal.
pub const POINTSMAN_SIGNAL: &str = "pointsman.signal";

/// Why it went no further.
pub const POINTSMAN_DROP_REASON: &str = "pointsman.drop.reason";

/// OTLP name of the metric.
pub const POINTSMAN_METRIC_NAME: &str = "pointsman.metric.name";

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

/// Kind of what was reconciled.
pub const POINTSMAN_OBJECT_KIND: &str = "pointsman.object.kind";

/// Which Lease.
pub const POINTSMAN_LEASE: &str = "pointsman.lease";

/// Faults found.
pub const POINTSMAN_FAULTS: &str = "pointsman.faults";

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

/// Values of `mco.condition.type`. Type of the condition.
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
    /// The operator works.
    Available,
    /// The operator rolls something out.
    Progressing,
    /// The cluster may be upgraded.
    Upgradeable,
}

impl McoConditionType {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 8] = [Self::Updated, Self::Updating, Self::Degraded, Self::NodeDegraded, Self::RenderDegraded, Self::Available, Self::Progressing, Self::Upgradeable];

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
}

impl McoResult {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 5] = [Self::Completed, Self::Failed, Self::Superseded, Self::Aborted, Self::Success];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Aborted => "aborted",
            Self::Success => "success",
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
    /// The pool is paused.
    Paused,
    /// None of the others.
    Unknown,
}

impl McoStallReason {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::Drain, Self::Reboot, Self::Degraded, Self::Capacity, Self::Paused, Self::Unknown];

    /// The value as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Reboot => "reboot",
            Self::Degraded => "degraded",
            Self::Capacity => "capacity",
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
}

impl McoPhase {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 9] = [Self::UpdatePrepared, Self::UpdateExecuted, Self::Cordoned, Self::Drained, Self::AppliedFilesAndOs, Self::RebootedNode, Self::Resumed, Self::UpdateComplete, Self::Uncordoned];

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
}

impl PointsmanDropReason {
    /// Every value, in the registry's order.
    pub const ALL: [Self; 6] = [Self::View, Self::Sampled, Self::Invalid, Self::Limit, Self::QueueFull, Self::Refused];

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
        }
    }
}

impl From<PointsmanDropReason> for Value {
    fn from(value: PointsmanDropReason) -> Self {
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
