// DO NOT EDIT: rendered from otel/registry by tests/it/semconv.rs (UPDATE_EXPECT=1 cargo test --test it semconv).
//! Metrics, spans and events of `mco`: one type each, whose fields are its attributes.
//! Knows what they are called, not who sends them.

use crate::{
    metric::{Distribution, Kind, Level, Meta, Metric},
    span::{Event, Span},
    semconv::attribute,
};
use opentelemetry::{KeyValue, StringValue};
use std::borrow::Cow;

/// What is known of every metric here, in the registry's order.
pub const METRICS: [&Meta; 29] = [
    &PoolMachineCount::META,
    &PoolConditionStatus::META,
    &PoolPaused::META,
    &PoolUpdatePending::META,
    &PoolUpdateDuration::META,
    &PoolUpdateCount::META,
    &PoolProgressRatio::META,
    &PoolMaxUnavailable::META,
    &PoolUpdateCapacity::META,
    &PoolStalled::META,
    &OperatorConditionStatus::META,
    &OperatorVersionInfo::META,
    &NodeState::META,
    &NodeDegraded::META,
    &NodeUpdatePhase::META,
    &NodeUpdatePhaseDuration::META,
    &NodeUpdateDuration::META,
    &NodeUpdateCount::META,
    &NodeUpdateErrors::META,
    &NodeConfigPending::META,
    &NodeDrainDuration::META,
    &NodeDrainAge::META,
    &NodeDrainFailed::META,
    &NodeDrainRetries::META,
    &NodeCordoned::META,
    &NodeRebootCount::META,
    &ServerUp::META,
    &McdState::META,
    &McdUpdateState::META,
];

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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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
    /// Type of the condition.
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
    };
    type Value = i64;
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
    };
    type Value = i64;
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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

/// Conditions of the operator; 1 for the status a condition has. UpDownCounter `mco.operator.condition.status`, unit `1`.
#[derive(Clone, Debug)]
pub struct OperatorConditionStatus {
    /// Type of the condition.
    pub condition_type: attribute::McoConditionType,
    /// Status of the condition.
    pub condition_status: attribute::McoConditionStatus,
}

impl Metric for OperatorConditionStatus {
    const META: Meta = Meta {
        name: "mco.operator.condition.status",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions of the operator; 1 for the status a condition has.",
        scope: "mco",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::MCO_VERSION, self.version),
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 10800.0],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10800.0],
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
        scope: "mco",
        level: Level::Detailed,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
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
        scope: "mco",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
        ]
    }
}

/// Unix time at which the node came to a state. Gauge `mcd_state`.
#[derive(Clone, Debug)]
pub struct McdState {
    /// State of the node.
    pub state: StringValue,
    /// Why it is degraded, in words.
    pub reason: StringValue,
}

impl Metric for McdState {
    const META: Meta = Meta {
        name: "mcd_state",
        kind: Kind::Gauge,
        unit: "",
        brief: "Unix time at which the node came to a state.",
        scope: "machineconfig.daemon",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
    };
    type Value = f64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::STATE, self.state),
            KeyValue::new(attribute::REASON, self.reason),
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
}

impl Span for RolloutPool {
    const SCOPE: &'static str = "mco.rollout";

    fn name(&self) -> Cow<'static, str> {
        "rollout pool".into()
    }

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_ROLLOUT_CAUSE, self.rollout_cause),
            KeyValue::new(attribute::MCO_ROLLOUT_TARGET, self.rollout_target),
            KeyValue::new(attribute::MCO_ROLLOUT_NODES, self.rollout_nodes),
            KeyValue::new(attribute::MCO_ROLLOUT_NODES_FAILED, self.rollout_nodes_failed),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
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
}

impl Span for UpdateNode {
    const SCOPE: &'static str = "mco.rollout";

    fn name(&self) -> Cow<'static, str> {
        "update node".into()
    }

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::K8S_NODE_NAME, self.k8s_node_name),
            KeyValue::new(attribute::MCO_POOL_NAME, self.pool_name),
            KeyValue::new(attribute::MCO_ROLLOUT_TARGET, self.rollout_target),
            KeyValue::new(attribute::MCO_ACTION, self.action),
            KeyValue::new(attribute::MCO_RESULT, self.result),
        ]
    }
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
}

impl Span for Phase {
    const SCOPE: &'static str = "mco.rollout";

    fn name(&self) -> Cow<'static, str> {
        format!("phase {}", self.phase.as_str()).into()
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
        ]
    }
}

/// The text beside the phase changed. Event `mco.phase.message`.
#[derive(Clone, Debug)]
pub struct PhaseMessage {
    /// Free text; in span events only.
    pub message: StringValue,
}

impl Event for PhaseMessage {
    const NAME: &'static str = "mco.phase.message";

    fn attributes(self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(attribute::MCO_MESSAGE, self.message),
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
