//! What each component reads from the cluster when it is asked: state sets complete, counters from the first second.
//! Knows how things are called only through the registry's types.

use super::{
    cluster::{Cluster, Leaf, Node, UNAVAILABLE_MAX},
    time::Pace,
};
use parking_lot::Mutex;
use pointsman_instrument::{
    Metric, Readings, Telemetry,
    metric::Observable,
    semconv::{
        attribute::{
            McoConditionStatus as Status, McoConditionType as Condition, McoCordonOwner, McoDegradedClass, McoDrainTier,
            McoMachineState, McoNodeState, McoPhase, McoReason, McoRebootCause, McoResult, McoStallReason,
        },
        legacy, mco,
    },
};
use std::{sync::Arc, time::SystemTime};

/// The cluster, as every component sees it.
pub(crate) type Shared = Arc<Mutex<Cluster>>;

const POOL: &str = "worker";
/// The other pool: three machines on which nothing happens.
const MASTERS: i64 = 3;
/// A rollout in which no node finished for so long stands still.
const STALLED_AFTER: u64 = 45 * 60;
const VERSION: &str = "4.22.0";

fn observe<M: Metric>(telemetry: &Telemetry, shared: &Shared, read: impl Fn(&Cluster, &Readings<'_, M>) + Send + Sync + 'static)
where
    M::Value: Observable,
{
    let shared = shared.clone();
    telemetry.observe::<M>(move |readings| read(&shared.lock(), readings));
}

/// machine-config-operator: the pools and itself.
pub(crate) fn operator(telemetry: &Telemetry, shared: &Shared) {
    operator_pools(telemetry, shared);
    operator_rollouts(telemetry, shared);
    telemetry.observe::<mco::OperatorVersionInfo>(|r| r.set(1, mco::OperatorVersionInfo { version: VERSION.into() }));
    observe::<mco::OperatorConditionStatus>(telemetry, shared, |c, r| {
        let of = [(Condition::Available, true), (Condition::Progressing, c.rollout.is_some()), (Condition::Degraded, false)];
        for (condition_type, holds) in of {
            for condition_status in Status::ALL {
                let reason = McoReason::AsExpected;
                r.set(status(holds, condition_status), mco::OperatorConditionStatus { condition_type, condition_status, reason });
            }
        }
    });
}

fn status(holds: bool, status: Status) -> i64 {
    i64::from(status == if holds { Status::IsTrue } else { Status::IsFalse })
}

fn operator_pools(telemetry: &Telemetry, shared: &Shared) {
    observe::<mco::PoolMachineCount>(telemetry, shared, |c, r| {
        for machine_state in McoMachineState::ALL {
            let n = match machine_state {
                McoMachineState::Total => c.nodes.len(),
                McoMachineState::Updated | McoMachineState::Ready => c.nodes.iter().filter(|n| n.updated).count(),
                McoMachineState::Unavailable => away(c),
                McoMachineState::Degraded => 0,
            };
            r.set(count(n), mco::PoolMachineCount { pool_name: POOL.into(), machine_state });
            let masters =
                if matches!(machine_state, McoMachineState::Unavailable | McoMachineState::Degraded) { 0 } else { MASTERS };
            r.set(masters, mco::PoolMachineCount { pool_name: "master".into(), machine_state });
        }
    });
    observe::<mco::PoolConditionStatus>(telemetry, shared, |c, r| {
        for (pool, updating) in [(POOL, c.rollout.is_some()), ("master", false)] {
            let conditions = [
                (Condition::Updated, !updating),
                (Condition::Updating, updating),
                (Condition::Degraded, false),
                (Condition::NodeDegraded, false),
                (Condition::RenderDegraded, false),
            ];
            for (condition_type, holds) in conditions {
                for condition_status in Status::ALL {
                    let metric = mco::PoolConditionStatus { pool_name: pool.into(), condition_type, condition_status };
                    r.set(status(holds, condition_status), metric);
                }
            }
        }
    });
    observe::<mco::PoolPaused>(telemetry, shared, |_, r| {
        [POOL, "master"].into_iter().for_each(|pool| r.set(0, mco::PoolPaused { pool_name: pool.into() }));
    });
}

fn operator_rollouts(telemetry: &Telemetry, shared: &Shared) {
    let pool_name = || POOL.into();
    observe::<mco::PoolUpdatePending>(telemetry, shared, move |c, r| {
        r.set(i64::from(c.rollout.is_some()), mco::PoolUpdatePending { pool_name: pool_name() });
    });
    observe::<mco::PoolUpdateCount>(telemetry, shared, move |c, r| {
        r.set(c.counts.rollouts, mco::PoolUpdateCount { pool_name: pool_name(), result: McoResult::Completed });
        r.set(0, mco::PoolUpdateCount { pool_name: pool_name(), result: McoResult::Superseded });
    });
    observe::<mco::PoolProgressRatio>(telemetry, shared, move |c, r| {
        #[expect(clippy::cast_precision_loss, reason = "a few nodes")]
        let ratio = c.nodes.iter().filter(|n| n.updated).count() as f64 / c.nodes.len().max(1) as f64;
        r.set(ratio, mco::PoolProgressRatio { pool_name: pool_name() });
    });
    observe::<mco::PoolMaxUnavailable>(telemetry, shared, move |_, r| {
        r.set(count(UNAVAILABLE_MAX), mco::PoolMaxUnavailable { pool_name: pool_name() });
    });
    observe::<mco::PoolUpdateCapacity>(telemetry, shared, move |c, r| {
        r.set(count(UNAVAILABLE_MAX.saturating_sub(away(c))), mco::PoolUpdateCapacity { pool_name: pool_name() });
    });
    observe::<mco::PoolStalled>(telemetry, shared, move |c, r| {
        let stands = c.rollout.is_some() && c.now.saturating_sub(c.last_finish) >= STALLED_AFTER;
        let why = if c.nodes.iter().any(drain_blocked) { McoStallReason::Drain } else { McoStallReason::Unknown };
        for stall_reason in McoStallReason::ALL {
            r.set(i64::from(stands && stall_reason == why), mco::PoolStalled { pool_name: pool_name(), stall_reason });
        }
    });
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn away(cluster: &Cluster) -> usize {
    cluster.nodes.iter().filter(|n| cordoned(n)).count()
}

fn cordoned(node: &Node) -> bool {
    node.update.as_ref().is_some_and(|u| u.leaf > Leaf::Cordoned)
}

fn drain_blocked(node: &Node) -> bool {
    node.update.as_ref().is_some_and(|u| u.errors > 0)
}

/// machine-config-controller: drains and what the nodes have before them.
pub(crate) fn controller(telemetry: &Telemetry, shared: &Shared) {
    controller_counts(telemetry, shared);
    observe::<mco::NodeConfigPending>(telemetry, shared, |c, r| {
        for node in &c.nodes {
            r.set(
                i64::from(!node.updated),
                mco::NodeConfigPending { k8s_node_name: node.name.clone().into(), pool_name: POOL.into() },
            );
        }
    });
    observe::<mco::NodeCordoned>(telemetry, shared, |c, r| {
        for node in &c.nodes {
            for cordon_owner in McoCordonOwner::ALL {
                let value = i64::from(cordoned(node) && cordon_owner == McoCordonOwner::Mco);
                let k8s_node_name = node.name.clone().into();
                r.set(value, mco::NodeCordoned { k8s_node_name, pool_name: POOL.into(), cordon_owner });
            }
        }
    });
    observe::<mco::NodeDrainFailed>(telemetry, shared, |c, r| {
        for node in &c.nodes {
            let tiers = node.update.as_ref().map_or(0, |u| u.tiers);
            for (n, drain_tier) in McoDrainTier::ALL.into_iter().enumerate() {
                let k8s_node_name = node.name.clone().into();
                r.set(i64::from(tiers > n), mco::NodeDrainFailed { k8s_node_name, pool_name: POOL.into(), drain_tier });
            }
        }
    });
    observe::<mco::NodeDrainAge>(telemetry, shared, |c, r| {
        for node in &c.nodes {
            if let Some(update) = node.update.as_ref().filter(|u| u.leaf == Leaf::Drained) {
                let age = f64::from(u32::try_from(c.now.saturating_sub(update.leaf_start)).unwrap_or(u32::MAX));
                r.set(age, mco::NodeDrainAge { k8s_node_name: node.name.clone().into(), pool_name: POOL.into() });
            }
        }
    });
}

fn controller_counts(telemetry: &Telemetry, shared: &Shared) {
    observe::<mco::NodeUpdateCount>(telemetry, shared, |c, r| {
        for result in [McoResult::Completed, McoResult::Failed, McoResult::Superseded] {
            let n = if result == McoResult::Completed { c.counts.updates } else { 0 };
            r.set(n, mco::NodeUpdateCount { pool_name: POOL.into(), result });
        }
    });
    observe::<mco::NodeUpdateErrors>(telemetry, shared, |c, r| {
        for phase in McoPhase::ALL {
            let n = if phase == McoPhase::Drained { c.counts.drain_errors } else { 0 };
            r.set(n, mco::NodeUpdateErrors { pool_name: POOL.into(), phase });
        }
    });
    observe::<mco::NodeDrainRetries>(telemetry, shared, |c, r| {
        r.set(c.counts.drain_retries, mco::NodeDrainRetries { pool_name: POOL.into() });
    });
}

/// machine-config-daemon on one node: its state, and the metrics it always had.
pub(crate) fn daemon(telemetry: &Telemetry, shared: &Shared, index: usize, pace: Pace) {
    daemon_state(telemetry, shared, index);
    observe::<legacy::McdState>(telemetry, shared, move |c, r| {
        if let Some(node) = c.nodes.get(index) {
            let state = if node.update.is_some() { "Working" } else { "Done" };
            let metric = legacy::McdState { node: node.name.clone().into(), state: state.into(), reason: "".into() };
            r.set(unix(pace.wall(node.state_since)), metric);
        }
    });
    observe::<legacy::McdUpdateState>(telemetry, shared, move |c, r| {
        for ((config, err), at) in c.nodes.get(index).into_iter().flat_map(|n| &n.results) {
            r.set(unix(pace.wall(*at)), legacy::McdUpdateState { config: config.clone().into(), err: err.clone().into() });
        }
    });
}

fn unix(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64().floor())
}

fn daemon_state(telemetry: &Telemetry, shared: &Shared, index: usize) {
    observe::<mco::NodeState>(telemetry, shared, move |c, r| {
        let Some(node) = c.nodes.get(index) else { return };
        let now = if node.update.is_some() { McoNodeState::Working } else { McoNodeState::Done };
        for node_state in McoNodeState::ALL {
            let k8s_node_name = node.name.clone().into();
            r.set(i64::from(node_state == now), mco::NodeState { k8s_node_name, pool_name: POOL.into(), node_state });
        }
    });
    observe::<mco::NodeDegraded>(telemetry, shared, move |c, r| {
        let Some(node) = c.nodes.get(index) else { return };
        for degraded_class in McoDegradedClass::ALL {
            let k8s_node_name = node.name.clone().into();
            r.set(0, mco::NodeDegraded { k8s_node_name, pool_name: POOL.into(), degraded_class });
        }
    });
    observe::<mco::NodeUpdatePhase>(telemetry, shared, move |c, r| {
        let Some(node) = c.nodes.get(index) else { return };
        let Some(update) = &node.update else { return };
        for phase in McoPhase::ALL {
            let running = phase == phase_of(update.leaf) || Some(phase) == parent_of(update.leaf);
            let k8s_node_name = node.name.clone().into();
            r.set(i64::from(running), mco::NodeUpdatePhase { k8s_node_name, pool_name: POOL.into(), phase });
        }
    });
    observe::<mco::NodeRebootCount>(telemetry, shared, move |c, r| {
        let Some(node) = c.nodes.get(index) else { return };
        for reboot_cause in McoRebootCause::ALL {
            let n = if reboot_cause == McoRebootCause::Update { node.reboots } else { 0 };
            r.set(n, mco::NodeRebootCount { pool_name: POOL.into(), reboot_cause });
        }
    });
}

/// machine-config-server: whether it answers on each control-plane node.
pub(crate) fn server(telemetry: &Telemetry) {
    telemetry.observe::<mco::ServerUp>(|r| {
        for n in 0..MASTERS {
            r.set(1, mco::ServerUp { k8s_node_name: format!("master-{n}").into() });
        }
    });
}

/// The registry's name of a phase.
pub(crate) fn phase_of(leaf: Leaf) -> McoPhase {
    match leaf {
        Leaf::Prepared => McoPhase::UpdatePrepared,
        Leaf::Cordoned => McoPhase::Cordoned,
        Leaf::Drained => McoPhase::Drained,
        Leaf::Applied => McoPhase::AppliedFilesAndOs,
        Leaf::Rebooted => McoPhase::RebootedNode,
        Leaf::Resumed => McoPhase::Resumed,
        Leaf::Uncordoned => McoPhase::Uncordoned,
    }
}

/// The phase that holds this one.
pub(crate) fn parent_of(leaf: Leaf) -> Option<McoPhase> {
    match leaf {
        Leaf::Cordoned | Leaf::Drained | Leaf::Applied => Some(McoPhase::UpdateExecuted),
        Leaf::Uncordoned => Some(McoPhase::UpdateComplete),
        Leaf::Prepared | Leaf::Rebooted | Leaf::Resumed => None,
    }
}
