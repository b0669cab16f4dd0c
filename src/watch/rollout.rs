//! From what is observed of pools, nodes and MachineConfigNodes to rollouts, node updates and phases: their spans and their
//! measurements. A replica that does not lead follows all of it in silence; spans that are open when it stops are never sent,
//! for whoever is next ends them, under the same ids. Knows neither clock nor exporter.

pub mod drain;
pub mod evidence;
pub(crate) mod gates;
pub mod ids;
pub(crate) mod meters;
mod node;
pub mod phase;
pub mod pool;
mod spans;

use crate::{
    api::{Condition, Event, MachineConfigPool, Node, Status},
    kind::Kind,
    limits::ROLLOUT_SECS_MAX,
    membership,
    node_facts::is_behind,
    sets,
    table::{Delta, Trouble},
    watch::seconds_since,
    world::{Change, World},
};
use drain::{Done, Pending};
use evidence::{End, Evidence};
use gates::Name;
use jiff::{SignedDuration, Timestamp};
use node::{Seen, Update};
use pointsman_instrument::{
    Telemetry,
    semconv::{
        attribute::{McoConditionStatus, McoEndSource, McoEventReason, McoPhase, McoResult, McoRolloutCause},
        mco,
    },
    span::Place,
};
use pool::{Moved, PoolTracker, Rollout, Step, Target};
use spans::{OpenSpan, Outlet, What};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How a change is to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// When it is seen.
    pub now: Timestamp,
    /// It may have happened long ago: nobody watched for a while.
    pub is_late: bool,
    /// What led to it was not seen: it stood in the first list.
    pub is_first: bool,
}

/// Whether a watch was away for a while.
#[derive(Debug, Default)]
pub struct Gap {
    is_open: bool,
}

/// The rollouts of a cluster, and the updates of its nodes.
#[derive(Debug, Default)]
pub struct Rollouts {
    only: Option<Box<str>>,
    pools: PoolTracker,
    open: BTreeMap<Box<str>, Open>,
    updates: BTreeMap<Box<str>, Update>,
    /// Updates that were cut off with their rollout, until their nodes have another target.
    cut: BTreeMap<Box<str>, Target>,
    /// Updates that ended with their pool: one that goes on in another pool follows, and tells no phase again.
    aborted: BTreeMap<Box<str>, Place>,
    pending: BTreeMap<Box<str>, Pending>,
    /// Nodes whose daemons tell themselves how often a new OS failed.
    pivots_told: BTreeSet<Box<str>>,
    outlet: Outlet,
    gap: Gap,
    /// Updates that have joined a rollout.
    number: u64,
    has_begun: bool,
}

/// The span of a rollout that is under way.
#[derive(Debug)]
struct Open {
    place: Place,
    target: Target,
    span: OpenSpan,
    /// Nodes whose update is part of it.
    nodes: BTreeSet<Box<str>>,
    failed: BTreeSet<Box<str>>,
}

/// Whether each of these kinds was listed once, or cannot be. One that is merely away is still to come: whoever begins without it
/// takes for new what it brings.
fn is_listed(world: &World, kinds: &[Kind]) -> bool {
    let cannot_be = |trouble| matches!(trouble, Some(Trouble::Missing | Trouble::Forbidden));
    let health = world.health();
    kinds.iter().all(|kind| health.get(kind).is_some_and(|health| health.is_listed || cannot_be(health.trouble)))
}

/// The pool that a node is in now; empty: none.
fn pool_of<'w>(node: &Node, world: &'w World) -> &'w str {
    membership::of(node, &world.pools).pool.unwrap_or_default()
}

impl Gap {
    /// How a change is to be taken that is seen now.
    #[must_use]
    pub const fn sight(&self, now: Timestamp, is_first: bool) -> Sight {
        Sight { now, is_late: self.is_open, is_first }
    }

    /// Looks how the watches of these kinds fare; answers whether they are back after nobody could watch them for a while.
    pub fn tick(&mut self, world: &World, kinds: &[Kind]) -> bool {
        let is_blind = |trouble| matches!(trouble, Some(Trouble::Away | Trouble::Forbidden));
        let is_away = |kind| world.health().get(kind).is_some_and(|health| health.is_listed && is_blind(health.trouble));
        let was_open = std::mem::replace(&mut self.is_open, kinds.iter().any(is_away));
        was_open && !self.is_open
    }
}

impl Rollouts {
    /// What must have been listed before anything can be said.
    pub const KINDS: [Kind; 5] = [Kind::MachineConfigPool, Kind::MachineConfig, Kind::Node, Kind::MachineConfigNode, Kind::Lease];
    /// What is seen late after a gap in one of these watches: the others tell of starts alone.
    const LATE: [Kind; 3] = [Kind::MachineConfigPool, Kind::Node, Kind::MachineConfigNode];

    /// Which cluster it is, by the uid of its namespace `kube-system`: every id is derived from it. Nothing was sent before.
    pub fn of_cluster(&mut self, uid: &str, world: &World) {
        for (pool, place) in self.pools.of_cluster(uid, world) {
            let Some(open) = self.open.get_mut(&pool) else { continue };
            let was = std::mem::replace(&mut open.place, place);
            for update in self.updates.values_mut().filter(|update| update.place.is_some_and(|at| at.trace == was.trace)) {
                update.place = Some(place.child(ids::update(place.trace, &update.uid, None)));
            }
        }
    }

    /// One node alone: its measurements, and no spans.
    #[must_use]
    pub fn for_node(name: &str) -> Self {
        let mut this = Self { only: Some(name.into()), ..Self::default() };
        this.outlet.is_mute = true;
        this
    }

    /// From now on what ends is sent and recorded.
    pub fn attach(&mut self, telemetry: &Arc<Telemetry>, world: &World, now: Timestamp) {
        self.begin(world, now);
        self.outlet.attach(telemetry);
    }

    /// What is counted of each pool begins at 0.
    pub(crate) fn begin_pools(&self, world: &World) {
        world.pools.iter().for_each(|(name, _)| self.begin_pool(name));
    }

    /// From now on it is not.
    pub fn detach(&mut self) {
        self.outlet.detach();
    }

    /// One object changed. Answers the span of the rollout that it moved.
    pub fn changed(&mut self, change: &Change, world: &World, now: Timestamp) -> Option<Place> {
        if !self.has_begun {
            self.begin(world, now);
            return None;
        }
        if let Change::MachineConfigPool(Delta { before: None, name, .. }) = change {
            self.begin_pool(name);
        }
        let is_first = match change {
            Change::MachineConfigPool(delta) => delta.is_first,
            Change::Node(delta) => delta.is_first,
            Change::MachineConfigNode(delta) => delta.is_first,
            _ => false,
        };
        let sight = self.gap.sight(now, is_first);
        if let Change::MachineConfigPool(delta) = change {
            self.tell_conditions(delta, now);
        }
        let moved = self.pools.changed(change, world, sight);
        let of_pool = self.follow(moved, world, now);
        if let Change::MachineConfigPool(Delta { after: None, name, .. }) = change {
            self.abort_updates_of(name, world, now);
        }
        let of_node = match change {
            Change::Node(delta) => self.node_changed(delta, world, sight),
            Change::MachineConfigNode(delta) => self.look(&delta.name, world, sight),
            Change::Event(delta) => self.event(delta, now),
            _ => None,
        };
        of_pool.or(of_node).and_then(|place| self.outlet.rollout(place).own)
    }

    /// Time passes.
    pub fn tick(&mut self, world: &World, now: Timestamp) {
        self.begin(world, now);
        if self.gap.tick(world, &Self::LATE) {
            self.open.values_mut().for_each(|open| open.span.event(now, What::Gap));
            self.updates.values_mut().for_each(|update| update.gap(now));
        }
        for (name, pending) in &mut self.pending {
            let Some(drain) = &mut pending.drain else { continue };
            let tiers = drain.tiers(now);
            if let Some(update) = self.updates.get_mut(name) {
                tiers.for_each(|(tier, at)| update.drain_tier(at, tier));
            }
        }
        let moved = self.pools.tick(now);
        self.follow(moved, world, now);
        self.cut_updates(world, now);
    }

    /// Whether the daemon of a node tells itself how often a new OS failed: then its phases need not.
    pub fn pivots_are_told(&mut self, node: &str, are_told: bool) {
        if are_told {
            self.pivots_told.insert(node.into());
        } else {
            self.pivots_told.remove(node);
        }
    }

    /// The rollout of a pool that is under way.
    #[must_use]
    pub fn get(&self, pool: &str) -> Option<&Rollout> {
        self.pools.get(pool)
    }

    /// The phases of a node's update that are under way, and since when.
    pub fn running_of(&self, node: &str) -> impl Iterator<Item = (McoPhase, Timestamp)> {
        self.updates.get(node).into_iter().flat_map(Update::running)
    }

    /// Each node that is being updated, and its pool then.
    pub fn updating(&self) -> impl Iterator<Item = (&str, &str)> {
        self.updates.values().map(|update| (&*update.node, &*update.pool))
    }

    /// What is asked of a node.
    #[must_use]
    pub fn pending(&self, node: &str) -> Option<&Pending> {
        self.pending.get(node)
    }

    /// Spans that are open now.
    #[must_use]
    pub const fn open_spans(&self) -> usize {
        self.outlet.open_spans()
    }

    /// Spans that will not be sent, as too many were open or waited for their rollout.
    #[must_use]
    pub const fn refused_spans(&self) -> u64 {
        self.outlet.refused_spans()
    }

    /// Texts that will not be sent, as open spans held too much of it.
    #[must_use]
    pub fn refused_texts(&self) -> u64 {
        self.outlet.refused_texts()
    }

    fn begin_pool(&self, pool: &str) {
        if let Some(meters) = &self.outlet.meters {
            meters.begin_pool(pool);
        }
    }

    /// Begins with what there is, once everything was listed.
    fn begin(&mut self, world: &World, now: Timestamp) {
        if self.has_begun || !is_listed(world, &Self::KINDS) {
            return;
        }
        self.has_begun = true;
        let moved = self.pools.begin(world, now);
        self.follow(moved, world, now);
        let sight = Sight { now, is_late: false, is_first: true };
        for (name, node) in world.nodes.iter() {
            self.look_at_pending(name, node, world, sight);
            self.look(name, world, sight);
        }
    }

    /// Takes over what became of rollouts.
    fn follow(&mut self, moved: Vec<Moved>, world: &World, now: Timestamp) -> Option<Place> {
        let mut of = None;
        for (pool, step) in moved {
            match step {
                Step::Opened(rollout) => {
                    of = Some(rollout.place);
                    self.opened(pool, rollout, now);
                }
                Step::Ended(rollout, result, end) => {
                    of = Some(rollout.place);
                    self.ended(&pool, (rollout, result, end), world);
                }
                Step::Paused | Step::Resumed => {
                    let what = if matches!(step, Step::Paused) { What::Paused } else { What::Resumed };
                    let Some(open) = self.open.get_mut(&pool) else { continue };
                    of = Some(open.place);
                    open.span.event(now, what);
                }
            }
        }
        of
    }

    fn opened(&mut self, pool: Box<str>, rollout: Rollout, now: Timestamp) {
        let Rollout { place, target, start, follows, .. } = rollout;
        let mut span = self.outlet.open(Name::Rollout, start);
        follows.into_iter().filter(|_| self.outlet.lives(Name::Rollout)).for_each(|other| span.link(other));
        let mut open = Open { place, target, span, nodes: BTreeSet::new(), failed: BTreeSet::new() };
        for update in self.updates.values_mut().filter(|update| *update.pool == *pool) {
            if !open.is_of(update) {
                continue;
            }
            // A node may be seen to be marked before its pool is seen to have left `Updated`.
            if start == evidence::Start::observed(now) && update.start().at < open.span.start.at {
                open.span.start = update.start();
            }
            self.number = self.number.saturating_add(1);
            update.join(open.join(update, self.number), &mut self.outlet);
        }
        if start != evidence::Start::observed(now) {
            open.span.event(now, What::Gap);
        }
        self.open.insert(pool, open);
    }

    fn ended(&mut self, pool: &str, (rollout, result, end): (Rollout, McoResult, End), world: &World) {
        let of_it: Vec<_> =
            self.updates.values().filter(|update| *update.pool == *pool).map(|update| update.node.clone()).collect();
        for name in of_it {
            let is_child = self.updates.get(&name).is_some_and(|u| u.place.is_some_and(|p| p.trace == rollout.place.trace));
            let node = world.nodes.get(&name);
            let boot_id = node.map_or("", |node| &node.status.node_info.boot_id);
            match result {
                McoResult::Aborted => self.abort_update(name, end, (boot_id, world)),
                McoResult::Cut if is_child => self.cut_update(&name, end, world),
                // The pool knows that it is there.
                McoResult::Completed if is_child && node.is_some_and(|n| !is_behind(n) && node::is_at_rest(n)) => {
                    self.end_update(&name, McoResult::Completed, end, (boot_id, world));
                }
                _ => {}
            }
        }
        let Some(mut open) = self.open.remove(pool) else { return };
        let still =
            self.updates.values().filter(|u| u.degraded.is_some() && u.place.is_some_and(|p| p.trace == open.place.trace));
        open.failed.extend(still.map(|update| update.node.clone()));
        if let Some(next) = world.pools.get(pool).filter(|_| result == McoResult::Superseded) {
            open.span.event(end.at, What::Superseded(next.spec.configuration.name.clone()));
        }
        // One node's watcher of many would count it once a node.
        let is_of_all = self.only.is_none() && matches!(result, McoResult::Completed | McoResult::Superseded);
        if let Some(meters) = self.outlet.meters.as_ref().filter(|_| is_of_all && !open.span.start.is_measured()) {
            meters.unobserved(pool, open.span.start);
        }
        let is_membership = rollout.cause == McoRolloutCause::Membership;
        let nodes = if is_membership { i64::try_from(open.nodes.len()).unwrap_or(i64::MAX) } else { rollout.machines };
        let failed = i64::try_from(open.failed.len()).unwrap_or(i64::MAX);
        let error = match result {
            McoResult::Cut => Some(McoResult::Cut.as_str()),
            _ => (failed > 0).then_some(McoResult::Failed.as_str()),
        };
        let start_source = open.span.start.source;
        let attributes = || mco::RolloutPool {
            pool_name: pool.to_owned().into(),
            rollout_cause: rollout.cause,
            rollout_target: String::from(rollout.target.config).into(),
            rollout_nodes: nodes,
            rollout_nodes_failed: failed,
            result,
            start_source,
            end_source: end.source,
        };
        let stand = self.outlet.rollout(open.place);
        self.outlet.close(open.span, attributes, (stand, end.at), error);
    }

    fn node_changed(&mut self, delta: &Delta<Node>, world: &World, sight: Sight) -> Option<Place> {
        if self.only.as_ref().is_some_and(|only| *only != delta.name) {
            return None;
        }
        let uid = |node: &Option<Arc<Node>>| node.as_ref().map(|node| node.metadata.uid.clone());
        if delta.before.is_some() && uid(&delta.before) != uid(&delta.after) {
            let name = &delta.name;
            self.cut.remove(name);
            self.aborted.remove(name);
            self.pivots_told.remove(name);
            let end = End { at: sight.now, source: McoEndSource::Observed };
            let place = self.updates.get(name).and_then(|update| update.place);
            self.end_update(name, McoResult::Aborted, end, ("", world));
            if let (Some(pending), Some(node)) = (self.pending.remove(name), &delta.before) {
                self.record(pool_of(node, world), pending.abandon(), place, (false, sight.now));
            }
        }
        let Some(node) = &delta.after else { return None };
        self.look_at_pending(&delta.name, node, world, sight);
        self.look(&delta.name, world, sight)
    }

    /// Looks at what is asked of a node: drain and reboot.
    fn look_at_pending(&mut self, name: &str, node: &Node, world: &World, sight: Sight) {
        let is_other = self.only.as_ref().is_some_and(|only| **only != *name);
        if is_other || !self.pending.contains_key(name) && !Pending::is_asked(node) {
            return;
        }
        let pool = pool_of(node, world);
        let pending = self.pending.entry(name.into()).or_default();
        let done = pending.observe(node, &Evidence::of(world, name, pool), sight);
        if pending.is_empty() {
            self.pending.remove(name);
        }
        let place = self.updates.get(name).and_then(|update| update.place);
        self.record(pool, done, place, (evidence::conditions(world, name).is_empty(), sight.now));
    }

    /// A reboot is measured by its phase, where there are phases.
    fn record(&self, pool: &str, done: Done, place: Option<Place>, (has_no_phases, now): (bool, Timestamp)) {
        let Some(meters) = &self.outlet.meters else { return };
        let place = place.and_then(|place| self.outlet.update(place).nearest);
        if let Some((start, result)) = done.drain {
            meters.drain(pool, result, (start, seconds_since(now, start.at)), place);
        }
        if let Some(start) = done.reboot.filter(|_| has_no_phases) {
            meters.reboot(pool, (start, seconds_since(now, start.at)), place);
        }
    }

    /// Looks at a node and its phases. Answers the rollout that its update is part of.
    fn look(&mut self, name: &str, world: &World, sight: Sight) -> Option<Place> {
        let node = world.nodes.get(name).filter(|_| self.only.as_ref().is_none_or(|only| **only == *name))?;
        let seen = Seen { node, world, sight };
        let target = node::target(node);
        let boot_id = &*node.status.node_info.boot_id;
        let mut follows = None;
        if self.updates.get(name).is_some_and(|update| update.target != target) {
            let end = End { at: sight.now, source: McoEndSource::Observed };
            follows = self.end_update(name, McoResult::Superseded, end, (boot_id, world));
        }
        if self.cut.get(name).is_some_and(|cut| *cut != target || !is_behind(node)) {
            self.cut.remove(name);
        }
        if !self.updates.contains_key(name) {
            let is_unfinished = sight.is_first && Update::is_unfinished(seen);
            let aborted = self.aborted.remove(name);
            if !(is_behind(node) || is_unfinished) || self.cut.contains_key(name) {
                return None;
            }
            let follows = follows.or(aborted);
            let mut update = Update::begin(seen, follows.is_none(), &mut self.outlet);
            let number = self.next_number();
            follows.into_iter().filter(|_| self.outlet.lives(Name::Update)).for_each(|other| update.link(other));
            if let Some(open) = self.open.get_mut(&update.pool).filter(|open| open.is_of(&update)) {
                update.join(open.join(&update, number), &mut self.outlet);
            }
            self.updates.insert(name.into(), update);
        }
        let update = self.updates.get_mut(name)?;
        update.are_pivots_told = self.pivots_told.contains(name);
        update.observe(seen, &mut self.outlet);
        let rollout = self.open.get(&update.pool).filter(|open| open.is_of(update)).map(|open| open.place);
        if Update::is_done(seen) {
            let told = evidence::since(evidence::conditions(world, name), "Updated", Status::True);
            self.end_update(name, McoResult::Completed, End::seen(sight, told), (boot_id, world));
        }
        rollout
    }

    /// Ends a node's update, if it has one; answers where its span stands.
    fn end_update(&mut self, name: &str, result: McoResult, end: End, (boot_id, world): (&str, &World)) -> Option<Place> {
        let mut update = self.updates.remove(name)?;
        let number = self.next_number();
        let place = update.place.unwrap_or_else(|| {
            let target = Target { config: update.target.config.clone(), image: Box::default() };
            let rollout = self.pools.place(world, &update.pool, &target);
            rollout.child(ids::update(rollout.trace, &update.uid, Some((update.start().at, number))))
        });
        update.join(place, &mut self.outlet);
        if let Some(open) = self.open.get_mut(&update.pool).filter(|open| open.place.trace == place.trace) {
            if result != McoResult::Completed && update.degraded.is_some() {
                open.failed.insert(name.into());
            } else {
                open.failed.remove(name);
            }
        }
        update.end(result, end, boot_id, &mut self.outlet);
        Some(place)
    }

    /// A pool is gone: so are the updates of its nodes, whether a rollout of it was open or not.
    fn abort_updates_of(&mut self, pool: &str, world: &World, now: Timestamp) {
        let end = End { at: now, source: McoEndSource::Observed };
        let of_it = self.updates.values().filter(|update| *update.pool == *pool).map(|update| update.node.clone());
        for name in of_it.collect::<Vec<_>>() {
            let boot_id = world.nodes.get(&name).map_or("", |node| &node.status.node_info.boot_id);
            self.abort_update(name, end, (boot_id, world));
        }
    }

    /// The pool of an update is gone.
    fn abort_update(&mut self, name: Box<str>, end: End, of: (&str, &World)) {
        if let Some(place) = self.end_update(&name, McoResult::Aborted, end, of) {
            self.aborted.insert(name, place);
        }
    }

    const fn next_number(&mut self) -> u64 {
        self.number = self.number.saturating_add(1);
        self.number
    }

    /// An update takes too long: it ends, and is followed in silence.
    fn cut_update(&mut self, name: &str, end: End, world: &World) {
        if let Some(update) = self.updates.get(name) {
            self.cut.insert(name.into(), update.target.clone());
        }
        self.end_update(name, McoResult::Aborted, end, ("", world));
    }

    fn cut_updates(&mut self, world: &World, now: Timestamp) {
        let max = SignedDuration::from_secs(ROLLOUT_SECS_MAX);
        let old = self.updates.values().filter(|update| now.duration_since(update.start().at) >= max);
        let old: Vec<_> = old.map(|update| update.node.clone()).collect();
        let end = End { at: now, source: McoEndSource::Observed };
        old.iter().for_each(|name| self.cut_update(name, end, world));
    }

    /// Conditions of a pool that flipped.
    fn tell_conditions(&mut self, delta: &Delta<MachineConfigPool>, now: Timestamp) {
        let (Some(before), Some(after)) = (&delta.before, &delta.after) else { return };
        let Some(open) = self.open.get_mut(&delta.name) else { return };
        for condition in &after.status.conditions {
            let was = Condition::find(&before.status.conditions, &condition.name).map(|condition| condition.status);
            // `Updated` is the end of the span itself.
            if &*condition.name == "Updated" || was.unwrap_or(Status::False) == condition.status {
                continue;
            }
            let status: McoConditionStatus = condition.status.into();
            let kind = sets::type_of(&condition.name);
            open.span.event(now, What::Condition(kind, status, condition.message.clone()));
        }
    }

    /// A warning about a node that is being updated.
    fn event(&mut self, delta: &Delta<Event>, now: Timestamp) -> Option<Place> {
        let event = delta.after.as_ref().filter(|event| !delta.is_first && &*event.class == "Warning")?;
        let update = self.updates.get_mut(&event.involved_object.name).filter(|_| &*event.involved_object.kind == "Node")?;
        let reason = McoEventReason::ALL.into_iter().find(|known| known.as_str() == &*event.reason);
        update.event(now, What::Kubernetes(reason.unwrap_or(McoEventReason::Other), event.message.clone()));
        None
    }
}

impl Open {
    /// Whether a node's update is part of it.
    fn is_of(&self, update: &Update) -> bool {
        let Target { config, image } = &self.target;
        *config == update.target.config && (image.is_empty() || *image == update.target.image)
    }

    /// Where the span of an update that is part of it stands; the number tells a further one of the same node apart.
    fn join(&mut self, update: &Update, number: u64) -> Place {
        let again = (!self.nodes.insert(update.node.clone())).then_some((update.start().at, number));
        self.place.child(ids::update(self.place.trace, &update.uid, again))
    }
}

#[cfg(test)]
mod tests;
