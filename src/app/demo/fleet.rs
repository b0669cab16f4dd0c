//! The components of the simulated cluster: each with its own identity, its own handles, and its own way out.
//! Turns what happened into histograms and into the spans of one trace per rollout. Sends only when told to.

#[cfg(test)]
mod tests;

use super::{
    cluster::{Done, Event, Leaf, Random, Second},
    readings::{self, Shared, parent_of, phase_of},
    time::Pace,
};
use pointsman_instrument::{
    Exporter, Identity, Telemetry, Transport,
    metric::Histogram,
    semconv::{
        attribute::{
            K8S_CLUSTER_UID, K8S_DAEMONSET_NAME, K8S_DEPLOYMENT_NAME, K8S_NAMESPACE_NAME, K8S_NODE_NAME, K8S_POD_NAME, McoAction,
            McoDrainTier, McoEndSource, McoPhase, McoPhaseKind, McoResult, McoRolloutCause, McoStartSource,
        },
        mco,
    },
    span::{Finished, Place, SpanId, TraceId},
    transport::AddressError,
};
use std::sync::Arc;

/// Where everything of the demo lives.
pub(crate) const NAMESPACE: &str = "openshift-machine-config-operator";
const CLUSTER: &str = "218fc5a9-a5f1-4b54-aa05-46717d0ab26d";
const POOL: &str = "worker";

/// The transport of a sender, by its number.
pub(crate) type WayOut<'a> = &'a dyn Fn(usize) -> Result<Transport, AddressError>;

/// All senders, and the trace of the rollout under way.
pub(crate) struct Fleet {
    shared: Shared,
    pace: Pace,
    operator: Arc<Telemetry>,
    daemons: Vec<Daemon>,
    exporters: Vec<Exporter>,
    drain: Histogram<mco::NodeDrainDuration>,
    rollout: Histogram<mco::PoolUpdateDuration>,
    ids: Random,
    trace: Option<Trace>,
}

struct Daemon {
    telemetry: Arc<Telemetry>,
    phase: Histogram<mco::NodeUpdatePhaseDuration>,
    update: Histogram<mco::NodeUpdateDuration>,
}

/// The open spans of a rollout: the root, and one per node.
struct Trace {
    root: Place,
    nodes: Vec<Place>,
    blocked: Vec<(Second, usize)>,
}

impl Fleet {
    /// Everyone, each with the transport that `way_out` gives it.
    pub(crate) fn new(shared: &Shared, pace: Pace, seed: u64, way_out: WayOut<'_>) -> Result<Self, AddressError> {
        // Asked before a collection reads the cluster, never within: the lock is free.
        let read = shared.clone();
        let now = move || pace.wall(read.lock().now);
        let deployment = |name: &str| {
            let pod = format!("{name}-0");
            Telemetry::new(identity(name, &pod).with(K8S_DEPLOYMENT_NAME, name), now.clone())
        };
        let operator = deployment("machine-config-operator");
        let controller = deployment("machine-config-controller");
        let server_name = "machine-config-server";
        let server =
            Telemetry::new(identity(server_name, "machine-config-server-0").with(K8S_DAEMONSET_NAME, server_name), now.clone());
        readings::operator(&operator, shared);
        readings::controller(&controller, shared);
        readings::server(&server);
        let names: Vec<String> = shared.lock().nodes.iter().map(|n| n.name.clone()).collect();
        let daemon = |(index, node): (usize, &String)| {
            let name = "machine-config-daemon";
            let identity = identity(name, &format!("{name}-{node}")).with(K8S_DAEMONSET_NAME, name).with(K8S_NODE_NAME, node);
            let telemetry = Telemetry::new(identity, now.clone());
            readings::daemon(&telemetry, shared, index, pace);
            Daemon { phase: telemetry.histogram(), update: telemetry.histogram(), telemetry }
        };
        let daemons: Vec<Daemon> = names.iter().enumerate().map(daemon).collect();
        let senders = [&operator, &controller, &server].into_iter().chain(daemons.iter().map(|d| &d.telemetry));
        let exporter = |(n, t): (usize, &Arc<Telemetry>)| Ok(Exporter::new(t.clone(), way_out(n)?));
        let exporters = senders.enumerate().map(exporter).collect::<Result<_, _>>()?;
        let (drain, rollout) = (controller.histogram(), operator.histogram());
        let shared = shared.clone();
        Ok(Self { shared, pace, operator, daemons, exporters, drain, rollout, ids: Random(seed ^ 0x7ace), trace: None })
    }

    /// How many senders there are.
    pub(crate) fn len(&self) -> usize {
        self.exporters.len()
    }

    /// Everyone pushes once. Answers how many requests failed.
    pub(crate) async fn push(&mut self) -> u64 {
        let mut failed = 0;
        for exporter in &mut self.exporters {
            let before = exporter.failed();
            if exporter.push().await.is_err() {
                failed += exporter.failed().saturating_sub(before);
            }
        }
        failed
    }

    /// The trace of the rollout under way.
    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        self.trace.as_ref().map(|t| t.root.trace)
    }

    /// Records what happened.
    pub(crate) fn record(&mut self, second: Second, event: &Event) {
        match event {
            Event::RolloutStarted { .. } => self.begin_trace(),
            Event::PhaseEnded { node, done } => self.phase_ended(*node, *done),
            Event::UpdateEnded { node, start, done } => self.update_ended(*node, *start, second, done),
            Event::DrainTier { tier, .. } => {
                if let Some(trace) = &mut self.trace {
                    trace.blocked.push((second, *tier));
                }
            }
            Event::RolloutEnded { start } => self.end_trace(*start, second),
            Event::UpdateStarted { .. } | Event::DrainBlocked { .. } | Event::DrainFreed { .. } => {}
        }
    }

    fn begin_trace(&mut self) {
        let trace = TraceId::from((u128::from(self.ids.next()) << 64) | u128::from(self.ids.next() | 1));
        let root = Place::root(trace, self.span_id());
        let nodes = (0..self.daemons.len()).map(|_| root.child(self.span_id())).collect();
        self.trace = Some(Trace { root, nodes, blocked: Vec::new() });
    }

    fn span_id(&mut self) -> SpanId {
        SpanId::from(self.ids.next() | 1)
    }

    fn phase_ended(&self, node: usize, done: Done) {
        let seconds = seconds(done.start, done.end);
        if let Some(phase) = self.daemons.get(node).and_then(|d| d.phase.on()) {
            phase.record(seconds, phase_metric(phase_of(done.leaf), McoPhaseKind::Child));
        }
        if let (Leaf::Drained, Some(drain)) = (done.leaf, self.drain.on()) {
            drain.record(seconds, mco::NodeDrainDuration { pool_name: POOL.into(), result: McoResult::Success });
        }
    }

    fn update_ended(&mut self, node: usize, start: Second, end: Second, done: &[Done]) {
        if let Some(daemon) = self.daemons.get(node) {
            if let Some(update) = daemon.update.on() {
                let (action, result) = (McoAction::Reboot, McoResult::Completed);
                update.record(seconds(start, end), mco::NodeUpdateDuration { pool_name: POOL.into(), action, result });
            }
            if let Some(phase) = daemon.phase.on() {
                for (parent, from, to) in parents(done) {
                    phase.record(seconds(from, to), phase_metric(parent, McoPhaseKind::Parent));
                }
            }
        }
        for span in self.node_spans(node, (start, end), done) {
            if let Some(daemon) = self.daemons.get(node) {
                daemon.telemetry.span(span);
            }
        }
    }

    /// The spans of a node's update: its phases under their parents, and itself under the rollout.
    fn node_spans(&mut self, node: usize, (start, end): (Second, Second), done: &[Done]) -> Vec<Finished> {
        let Some(place) = self.trace.as_ref().and_then(|t| t.nodes.get(node).copied()) else { return Vec::new() };
        let (name, target) = {
            let cluster = self.shared.lock();
            (cluster.nodes.get(node).map_or(String::new(), |n| n.name.clone()), cluster.target.clone())
        };
        let pace = self.pace;
        let phase = |phase, phase_kind, errors: u64| mco::Phase {
            k8s_node_name: name.clone().into(),
            pool_name: POOL.into(),
            phase,
            phase_kind,
            phase_attempt: 1,
            error_count: i64::try_from(errors).unwrap_or(i64::MAX),
            result: McoResult::Completed,
            start_source: McoStartSource::Observed,
            end_source: McoEndSource::Observed,
        };
        let mut spans = Vec::new();
        let mut holders = Vec::new();
        for (parent, from, to) in parents(done) {
            let at = place.child(self.span_id());
            holders.push((parent, at));
            spans.push(Finished::new(phase(parent, McoPhaseKind::Parent, 0), at, pace.wall(from), pace.wall(to)));
        }
        for one in done {
            let holder = parent_of(one.leaf).and_then(|p| holders.iter().find(|(h, _)| *h == p)).map_or(place, |(_, at)| *at);
            let at = holder.child(self.span_id());
            let span = phase(phase_of(one.leaf), McoPhaseKind::Child, one.errors);
            let finished = Finished::new(span, at, pace.wall(one.start), pace.wall(one.end));
            spans.push(self.with_events(finished, *one));
        }
        let update = mco::UpdateNode {
            k8s_node_name: name.clone().into(),
            pool_name: POOL.into(),
            rollout_target: target.into(),
            action: McoAction::Reboot,
            result: McoResult::Completed,
            degraded_class: None,
            start_source: McoStartSource::Observed,
            end_source: McoEndSource::Observed,
        };
        spans.push(Finished::new(update, place, pace.wall(start), pace.wall(end)));
        spans
    }

    /// What was said while the drain was held up: the text stands here, never in a metric's attribute.
    fn with_events(&self, mut span: Finished, done: Done) -> Finished {
        if done.leaf != Leaf::Drained || done.errors == 0 {
            return span;
        }
        let message = "cannot evict pod shop/cart-0: its budget allows no disruption".into();
        span = span.with_event(mco::PhaseMessage { message, degraded_class: None }, self.pace.wall(done.start));
        for (second, tier) in self.trace.iter().flat_map(|t| &t.blocked) {
            if let Some(drain_tier) = McoDrainTier::ALL.get(*tier) {
                span = span.with_event(mco::DrainTier { drain_tier: *drain_tier }, self.pace.wall(*second));
            }
        }
        span
    }

    fn end_trace(&mut self, start: Second, end: Second) {
        let Some(trace) = self.trace.take() else { return };
        if let Some(rollout) = self.rollout.on() {
            let metric = mco::PoolUpdateDuration { pool_name: POOL.into(), result: McoResult::Completed };
            rollout.record(seconds(start, end), metric);
        }
        let span = mco::RolloutPool {
            pool_name: POOL.into(),
            rollout_cause: McoRolloutCause::Config,
            rollout_target: self.shared.lock().target.clone().into(),
            rollout_nodes: i64::try_from(self.daemons.len()).unwrap_or(i64::MAX),
            rollout_nodes_failed: 0,
            result: McoResult::Completed,
            start_source: McoStartSource::Observed,
            end_source: McoEndSource::Observed,
        };
        self.operator.span(Finished::new(span, trace.root, self.pace.wall(start), self.pace.wall(end)));
    }
}

fn identity(service: &str, pod: &str) -> Identity {
    let identity = Identity::new(service).instance(pod).with(K8S_POD_NAME, pod);
    identity.with(K8S_NAMESPACE_NAME, NAMESPACE).with(K8S_CLUSTER_UID, CLUSTER)
}

fn seconds(start: Second, end: Second) -> f64 {
    f64::from(u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX))
}

fn phase_metric(phase: McoPhase, phase_kind: McoPhaseKind) -> mco::NodeUpdatePhaseDuration {
    mco::NodeUpdatePhaseDuration { pool_name: POOL.into(), phase, phase_kind, result: McoResult::Completed }
}

/// The phases that hold others, from the first of them to the last.
fn parents(done: &[Done]) -> Vec<(McoPhase, Second, Second)> {
    let mut out: Vec<(McoPhase, Second, Second)> = Vec::new();
    for one in done {
        if let Some(parent) = parent_of(one.leaf) {
            match out.iter_mut().find(|(p, ..)| *p == parent) {
                Some((.., end)) => *end = one.end,
                None => out.push((parent, one.start, one.end)),
            }
        }
    }
    out
}
