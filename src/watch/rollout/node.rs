//! One node's update while it lasts: its span, its phases, and where it stands in the trace of a rollout, which may become known
//! only after its first phases are over. Knows no pool; what is known of the rollout is handed in.

use super::{
    Sight,
    evidence::{self, End, Evidence, Start},
    gates::Name,
    ids,
    phase::{self, Ended, Look, Phases, Told},
    pool::Target,
    spans::{OpenSpan, Outlet, What},
};
use crate::{
    api::{Condition, Node, Status, Text},
    classify,
    limits::HELD_PHASES_MAX,
    membership,
    node_facts::is_behind,
    watch::seconds_since,
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::{
    semconv::{
        attribute::{McoAction, McoDegradedClass, McoDrainTier, McoPhase, McoPhaseKind, McoResult},
        mco,
    },
    span::Place,
};
use std::collections::VecDeque;

/// A node's update.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) node: Box<str>,
    pub(super) uid: Box<str>,
    /// The pool it was in when the update began.
    pub(super) pool: Box<str>,
    pub(super) target: Target,
    /// Where its span stands; `None`: the rollout it is part of is not known yet.
    pub(super) place: Option<Place>,
    /// Why the node is degraded now.
    pub(super) degraded: Option<McoDegradedClass>,
    /// Its daemon tells itself how often a new OS failed.
    pub(super) are_pivots_told: bool,
    span: OpenSpan,
    phases: Phases,
    has_phases: bool,
    class: Option<McoDegradedClass>,
    reason: Text,
    boot_id: Box<str>,
    /// Phases that ended before the place was known.
    held: VecDeque<Ended>,
}

/// What there is to know of a node when something of it changed.
#[derive(Clone, Copy)]
pub(super) struct Seen<'w> {
    pub(super) node: &'w Node,
    pub(super) world: &'w World,
    pub(super) sight: Sight,
}

/// What a node should run.
pub(super) fn target(node: &Node) -> Target {
    let annotations = &node.metadata.annotations;
    Target { config: annotations.desired_config.as_str().into(), image: annotations.desired_image.as_str().into() }
}

/// Whether its daemon says that it is done.
pub(super) fn is_at_rest(node: &Node) -> bool {
    &*node.metadata.annotations.state == "Done"
}

/// Why a node is degraded; `None`: it is not.
pub(super) fn degraded(node: &Node) -> Option<McoDegradedClass> {
    let annotations = &node.metadata.annotations;
    match annotations.state.as_str() {
        "Degraded" => Some(classify::degraded(&annotations.reason)),
        "Unreconcilable" => Some(McoDegradedClass::Unreconcilable),
        _ => None,
    }
}

impl Update {
    /// One that begins now, or was under way when it was first seen. `is_fresh`: no other was there before it.
    pub(super) fn begin(seen: Seen<'_>, is_fresh: bool, outlet: &mut Outlet) -> Self {
        let Seen { node, world, sight } = seen;
        let name = &node.metadata.name;
        let pool = membership::of(node, &world.pools).pool.unwrap_or_default();
        let evidence = Evidence::of(world, name, pool);
        let start = if sight.is_first || sight.is_late { evidence.update(sight.now) } else { Start::observed(sight.now) };
        let mut this = Self {
            node: name.clone(),
            uid: node.metadata.uid.clone(),
            pool: pool.into(),
            target: target(node),
            place: None,
            degraded: None,
            are_pivots_told: false,
            span: outlet.open(Name::Update, start),
            phases: Phases::begin(evidence.conditions, is_fresh),
            has_phases: !evidence.conditions.is_empty(),
            class: None,
            reason: if is_fresh && !sight.is_first { node.metadata.annotations.reason.clone() } else { Text::default() },
            boot_id: node.status.node_info.boot_id.clone(),
            held: VecDeque::new(),
        };
        if sight.is_first {
            this.span.event(sight.now, What::Gap);
            this.resume(evidence, sight, outlet);
        }
        this
    }

    /// Takes the phases as they stand: what they were before was not seen.
    fn resume(&mut self, evidence: Evidence<'_>, sight: Sight, outlet: &mut Outlet) {
        let begun = self.span.start.at;
        let (phases, unobserved) = Phases::resume(Look { sight, evidence, begun, outlet });
        self.phases = phases;
        for (phase, at) in unobserved {
            self.span.event(at, What::Unobserved(phase));
        }
    }

    /// Something of the node changed.
    pub(super) fn observe(&mut self, seen: Seen<'_>, outlet: &mut Outlet) {
        let Seen { node, world, sight } = seen;
        self.degraded = degraded(node);
        self.class = self.degraded.or(self.class);
        let reason = &node.metadata.annotations.reason;
        if *reason != self.reason {
            self.reason = reason.clone();
            if !reason.is_empty() {
                self.span.event(sight.now, What::Reason(reason.clone(), self.degraded));
            }
        }
        let evidence = Evidence::of(world, &self.node, &self.pool);
        if evidence.conditions.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.has_phases, true) && sight.is_first {
            self.resume(evidence, sight, outlet);
        }
        let told = self.phases.step(Look { sight, evidence, begun: self.span.start.at, outlet });
        self.tell(told, outlet);
    }

    /// Whether it reached its target.
    pub(super) fn is_done(seen: Seen<'_>) -> bool {
        let conditions = evidence::conditions(seen.world, &seen.node.metadata.name);
        let is_updated = conditions.is_empty() || Condition::holds(conditions, "Updated");
        !is_behind(seen.node) && is_at_rest(seen.node) && is_updated
    }

    /// Whether its node is there, and the write is outstanding that sets all phases back.
    pub(super) fn is_unfinished(seen: Seen<'_>) -> bool {
        let conditions = evidence::conditions(seen.world, &seen.node.metadata.name);
        let prepared = Condition::find(conditions, McoPhase::UpdatePrepared.as_str());
        prepared.is_some_and(|prepared| prepared.status != Status::False) && !Condition::holds(conditions, "Updated")
    }

    fn tell(&mut self, told: Told, outlet: &mut Outlet) {
        if let Some(meters) = &outlet.meters {
            let place = self.place.and_then(|place| outlet.update(place).nearest);
            for phase in &told.errors {
                meters.phase_error(&self.pool, *phase, place);
                let is_pivot = matches!(phase, McoPhase::AppliedFilesAndOs | McoPhase::AppliedOsImage);
                if is_pivot && !self.are_pivots_told {
                    meters.pivot_error(&self.pool);
                }
            }
            meters.drain_retries(&self.pool, told.drain_retries);
        }
        self.hold(told.ended, outlet);
    }

    /// Keeps the phases that ended until it is known where they stand. What ends while another replica leads is that one's to
    /// tell: held here too, it would be told of twice once this one takes over.
    fn hold(&mut self, ended: Vec<Ended>, outlet: &mut Outlet) {
        if outlet.is_silent() {
            ended.into_iter().for_each(|ended| outlet.forget(ended.span));
            return;
        }
        self.held.extend(ended);
        self.release(outlet);
        while self.held.len() > HELD_PHASES_MAX {
            self.held.pop_front().into_iter().for_each(|oldest| outlet.give_up(oldest.span));
        }
    }

    /// Sends the phases that ended, as soon as it is known where they stand.
    fn release(&mut self, outlet: &mut Outlet) {
        let Some(place) = self.place else { return };
        for ended in std::mem::take(&mut self.held) {
            self.send(ended, place, outlet);
        }
    }

    fn send(&self, ended: Ended, update: Place, outlet: &mut Outlet) {
        let Ended { phase, attempt, errors, span, end, result, error } = ended;
        let id = |phase: McoPhase| {
            if phase::is_parent(phase) {
                ids::parent(update.id, phase.as_str())
            } else {
                ids::leaf(update.id, phase.as_str(), attempt, span.start.at)
            }
        };
        let holder = phase::parent_of(phase).map(|parent| (parent, id(parent)));
        let stand = outlet.phase((phase, id(phase)), holder, update);
        let phase_kind = if phase::is_parent(phase) { McoPhaseKind::Parent } else { McoPhaseKind::Child };
        if let Some(meters) = &outlet.meters {
            let took = seconds_since(end.at, span.start.at);
            meters.phase((&self.pool, phase, phase_kind), result, (span.start, took), stand.nearest);
        }
        let start_source = span.start.source;
        let attributes = || mco::Phase {
            k8s_node_name: String::from(&*self.node).into(),
            pool_name: String::from(&*self.pool).into(),
            phase,
            phase_kind,
            phase_attempt: i64::from(attempt),
            error_count: i64::from(errors),
            result,
            start_source,
            end_source: end.source,
        };
        outlet.close(span, attributes, (stand, end.at), error.map(McoDegradedClass::as_str));
    }

    /// The rollout it is part of is known.
    pub(super) fn join(&mut self, place: Place, outlet: &mut Outlet) {
        self.place = Some(place);
        self.release(outlet);
    }

    /// It follows one that had another target.
    pub(super) fn link(&mut self, other: Place) {
        self.span.link(other);
    }

    /// It ends: its phases with it, and its span last.
    pub(super) fn end(mut self, result: McoResult, end: End, boot_id: &str, outlet: &mut Outlet) {
        let result = match result {
            McoResult::Completed => McoResult::Completed,
            _ if self.degraded.is_some() => McoResult::Failed,
            _ => result,
        };
        let ended = self.phases.end(result, end);
        self.hold(ended, outlet);
        let action = self.action(result, boot_id);
        let stand = outlet.update(self.place.expect("an update joins a rollout before it ends"));
        let end_at = end.at.max(self.span.start.at);
        if let Some(meters) = &outlet.meters {
            let took = seconds_since(end_at, self.span.start.at);
            meters.update((&self.pool, action), result, (self.span.start, took), stand.nearest);
        }
        let error = (result == McoResult::Failed).then(|| self.degraded.unwrap_or(McoDegradedClass::Other).as_str());
        let start_source = self.span.start.source;
        let attributes = || mco::UpdateNode {
            k8s_node_name: String::from(self.node).into(),
            pool_name: String::from(self.pool).into(),
            rollout_target: String::from(self.target.config).into(),
            action,
            result,
            degraded_class: self.class,
            start_source,
            end_source: end.source,
        };
        outlet.close(self.span, attributes, (stand, end_at), error);
    }

    /// What the node had to do. A restart of a service sets neither of the two phases that tell; it is taken as a reload.
    fn action(&self, result: McoResult, boot_id: &str) -> McoAction {
        let is_other_boot = !boot_id.is_empty() && *boot_id != *self.boot_id;
        match () {
            () if is_other_boot || self.phases.has_begun(McoPhase::RebootedNode) => McoAction::Reboot,
            () if result != McoResult::Completed || !self.has_phases || self.phases.is_nothing_after() => McoAction::None,
            () => McoAction::Reload,
        }
    }

    /// Something happened to it.
    pub(super) fn event(&mut self, at: Timestamp, what: What) {
        self.span.event(at, what);
    }

    /// Its drain passed a limit.
    pub(super) fn drain_tier(&mut self, at: Timestamp, tier: McoDrainTier) {
        self.phases.drain_tier(at, tier);
    }

    /// Nobody watched for a while.
    pub(super) fn gap(&mut self, now: Timestamp) {
        self.span.event(now, What::Gap);
        self.phases.gap(now);
    }

    /// When it began.
    pub(super) const fn start(&self) -> Start {
        self.span.start
    }

    /// Its phases that are under way, and since when.
    pub(super) fn running(&self) -> impl Iterator<Item = (McoPhase, Timestamp)> {
        self.phases.running()
    }
}
