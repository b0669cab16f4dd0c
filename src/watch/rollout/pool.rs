//! Rollouts of pools, from pools, the configs they are led to, and nodes that are behind. A rollout is a target that is pending,
//! never the condition `Updated` alone: that leaves its place when a node is merely not ready. Knows no spans but their ids.

use super::{
    Sight,
    evidence::{self, End, Start},
    ids, is_listed,
};
use crate::{
    api::{Condition, MachineConfigPool, Node, Status},
    kind::Kind,
    limits::ROLLOUT_SECS_MAX,
    membership,
    node_facts::is_behind,
    table::Delta,
    world::{Change, World},
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::{
    semconv::attribute::{McoEndSource, McoResult, McoRolloutCause},
    span::Place,
};
use std::{collections::BTreeMap, sync::Arc};

/// Where a rollout, or a node's update, leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The rendered config.
    pub config: Box<str>,
    /// The image; empty where none is rolled out by itself.
    pub image: Box<str>,
}

/// A rollout that is under way.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Where it leads to.
    pub target: Target,
    /// What began it.
    pub cause: McoRolloutCause,
    /// When it began.
    pub start: Start,
    /// Its span.
    pub place: Place,
    /// The one of the same pool that it put an end to.
    pub follows: Option<Place>,
    /// Machines of the pool.
    pub machines: i64,
    /// No node is marked for now.
    pub is_paused: bool,
    uid: Box<str>,
}

/// What became of a rollout.
#[derive(Clone, Debug)]
pub enum Step {
    /// It began, or was under way when the pool was first seen.
    Opened(Rollout),
    /// The pool was paused.
    Paused,
    /// The pool goes on.
    Resumed,
    /// It ended.
    Ended(Rollout, McoResult, End),
}

/// A pool, and what became of its rollout.
pub type Moved = (Box<str>, Step);

#[derive(Debug)]
enum State {
    /// None is under way; the last one was put an end to by a target that is not being rolled out yet.
    Idle(Option<Place>),
    Open(Rollout),
    /// One was under way for too long: it is not told of until it is over.
    Cut(Target),
}

/// A node that does not run its target.
#[derive(Debug)]
struct Behind {
    pool: Box<str>,
    is_config: bool,
    image: Box<str>,
}

/// The rollouts of all pools.
#[derive(Debug, Default)]
pub struct PoolTracker {
    cluster: Box<str>,
    states: BTreeMap<Box<str>, State>,
    behind: BTreeMap<Box<str>, Behind>,
    /// The image that a node of the pool was last seen to be marked with.
    images: BTreeMap<Box<str>, Box<str>>,
    has_begun: bool,
}

impl PoolTracker {
    /// What must have been listed before anything can be said.
    pub const KINDS: [Kind; 3] = [Kind::MachineConfigPool, Kind::MachineConfig, Kind::Node];
    /// What is seen late after a gap in one of these watches.
    pub const LATE: [Kind; 2] = [Kind::MachineConfigPool, Kind::Node];

    /// Which cluster it is, by the uid of its namespace `kube-system`: every id is derived from it. Answers the rollouts that are
    /// under way, under their new ids.
    pub fn of_cluster(&mut self, uid: &str, world: &World) -> Vec<(Box<str>, Place)> {
        if *self.cluster == *uid {
            return Vec::new();
        }
        self.cluster = uid.into();
        let open = self.states.iter().filter_map(|(name, state)| match state {
            State::Open(rollout) => Some((name.clone(), self.place(world, name, &rollout.target))),
            State::Idle(_) | State::Cut(_) => None,
        });
        let open: Vec<_> = open.collect();
        for (name, place) in &open {
            if let Some(State::Open(rollout)) = self.states.get_mut(name) {
                rollout.place = *place;
            }
        }
        open
    }

    /// The rollout of a pool that is under way.
    #[must_use]
    pub fn get(&self, pool: &str) -> Option<&Rollout> {
        match self.states.get(pool)? {
            State::Open(rollout) => Some(rollout),
            State::Idle(_) | State::Cut(_) => None,
        }
    }

    /// The trace of a rollout of this pool to this target, whether it is known or not.
    #[must_use]
    pub fn place(&self, world: &World, pool: &str, target: &Target) -> Place {
        let known = world.pools.get(pool);
        let since = known.and_then(|pool| Condition::find(&pool.status.conditions, "Updated")?.since.at());
        let uid = known.map_or("", |pool| &pool.metadata.uid);
        let Target { config, image } = target;
        let trace = ids::trace(&ids::Trace { cluster: &self.cluster, pool: uid, config, image, since });
        Place::root(trace, ids::rollout(trace))
    }

    /// Begins with what there is, once everything was listed. Answers what is under way, once.
    pub fn begin(&mut self, world: &World, now: Timestamp) -> Vec<Moved> {
        if self.has_begun || !is_listed(world, &Self::KINDS) {
            return Vec::new();
        }
        self.has_begun = true;
        world.nodes.iter().for_each(|(name, node)| self.look_at_node(name, Some(node), world));
        let sight = Sight { now, is_first: true, is_late: false };
        let pools: Vec<_> = world.pools.iter().map(|(name, pool)| (name, &**pool)).collect();
        pools.into_iter().flat_map(|(name, pool)| self.look_at_pool(name, pool, world, sight)).collect()
    }

    /// One object changed.
    pub fn changed(&mut self, change: &Change, world: &World, sight: Sight) -> Vec<Moved> {
        if !self.has_begun {
            return self.begin(world, sight.now);
        }
        match change {
            Change::MachineConfigPool(delta) => self.pool_changed(delta, world, sight),
            Change::Node(delta) => self.node_changed(delta, world, sight),
            _ => Vec::new(),
        }
    }

    fn pool_changed(&mut self, delta: &Delta<MachineConfigPool>, world: &World, sight: Sight) -> Vec<Moved> {
        let selector = |pool: &Option<Arc<MachineConfigPool>>| pool.as_ref().map(|pool| pool.spec.node_selector.clone());
        let is_sorted_anew = selector(&delta.before) != selector(&delta.after);
        if is_sorted_anew {
            world.nodes.iter().for_each(|(name, node)| self.look_at_node(name, Some(node), world));
        }
        let Some(pool) = &delta.after else {
            self.images.remove(&delta.name);
            return self.end(&delta.name, McoResult::Aborted, sight, None).into_iter().collect();
        };
        self.look_at_pool(&delta.name, pool, world, sight)
    }

    /// Time passes: what takes too long is cut off.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Moved> {
        let mut moved = Vec::new();
        for (name, state) in &mut self.states {
            let State::Open(rollout) = state else { continue };
            if is_too_old(rollout.start.at, now) {
                let next = State::Cut(rollout.target.clone());
                if let State::Open(rollout) = std::mem::replace(state, next) {
                    let end = End { at: now, source: McoEndSource::Observed };
                    moved.push((name.clone(), Step::Ended(rollout, McoResult::Cut, end)));
                }
            }
        }
        moved
    }

    fn node_changed(&mut self, delta: &Delta<Node>, world: &World, sight: Sight) -> Vec<Moved> {
        self.look_at_node(&delta.name, delta.after.as_deref(), world);
        let Some(behind) = self.behind.get(&delta.name) else { return Vec::new() };
        let Some((name, pool)) = world.pools.get(&behind.pool).map(|pool| (behind.pool.clone(), pool)) else { return Vec::new() };
        let was = delta.before.as_ref().map_or("", |node| node.metadata.annotations.desired_image.as_str());
        let is_other = |rollout: &Rollout| rollout.cause == McoRolloutCause::Image && rollout.target.image != behind.image;
        // A node that is still on its way to an older image says nothing: one that is marked anew does.
        let is_marked = delta.before.is_some() && *was != *behind.image;
        let is_put_to_end = is_marked && self.get(&name).is_some_and(is_other);
        if is_marked {
            self.images.insert(name.clone(), behind.image.clone());
        }
        let mut moved = Vec::new();
        if is_put_to_end {
            moved.extend(self.end(&name, McoResult::Superseded, sight, None));
        }
        if self.get(&name).is_none() {
            moved.extend(self.look_at_pool(&name, pool, world, sight));
        }
        moved
    }

    /// Notes whether a node is behind.
    fn look_at_node(&mut self, name: &str, node: Option<&Node>, world: &World) {
        let behind = node.and_then(|node| {
            let is_marked = is_behind(node);
            let pool = membership::of(node, &world.pools).pool?;
            let annotations = &node.metadata.annotations;
            let of_pool = world.pools.get(pool)?;
            // One that joined may wait long for its mark.
            let target = &of_pool.spec.configuration.name;
            let is_other = *of_pool.status.configuration.name == **target
                && !annotations.current_config.is_empty()
                && *annotations.current_config != **target;
            (is_marked || is_other).then(|| Behind {
                pool: pool.into(),
                is_config: is_other || annotations.current_config != annotations.desired_config,
                image: annotations.desired_image.as_str().into(),
            })
        });
        match behind {
            Some(behind) => self.behind.insert(name.into(), behind),
            None => self.behind.remove(name),
        };
    }

    fn look_at_pool(&mut self, name: &str, pool: &MachineConfigPool, world: &World, sight: Sight) -> Vec<Moved> {
        let conditions = &pool.status.conditions;
        let since = |status| evidence::since(conditions, "Updated", status);
        let is_updated = Condition::holds(conditions, "Updated");
        let target = &pool.spec.configuration.name;
        let mut moved = Vec::new();
        match self.states.entry(name.into()).or_insert(State::Idle(None)) {
            State::Open(rollout) => {
                rollout.machines = pool.status.counts.total;
                let end = match () {
                    () if rollout.uid != pool.metadata.uid => Some((McoResult::Aborted, None)),
                    () if rollout.target.config == *target && is_updated => Some((McoResult::Completed, since(Status::True))),
                    () if rollout.target.config == *target => None,
                    // It came to its end unseen before the next one was asked for.
                    () if rollout.cause == McoRolloutCause::Config && rollout.target.config == pool.status.configuration.name => {
                        Some((McoResult::Completed, None))
                    }
                    () => Some((McoResult::Superseded, None)),
                };
                if let Some((result, told)) = end {
                    moved.extend(self.end(name, result, sight, told));
                } else if rollout.is_paused != pool.spec.paused {
                    rollout.is_paused = pool.spec.paused;
                    moved.push((name.into(), if pool.spec.paused { Step::Paused } else { Step::Resumed }));
                }
            }
            State::Cut(cut) if cut.config == *target && !is_updated => return moved,
            state @ State::Cut(_) => *state = State::Idle(None),
            State::Idle(_) => {}
        }
        moved.extend(self.open(name, pool, world, sight));
        moved
    }

    /// Opens a rollout, if none is open and there is one.
    fn open(&mut self, name: &str, pool: &MachineConfigPool, world: &World, sight: Sight) -> Option<Moved> {
        let follows = match self.states.get(name) {
            Some(State::Idle(follows)) => *follows,
            Some(_) => return None,
            None => None,
        };
        let left = Condition::find(&pool.status.conditions, "Updated").filter(|updated| updated.status == Status::False)?;
        let config = &pool.spec.configuration.name;
        let is_seen = !config.is_empty() && pool.status.observed_generation >= pool.metadata.generation;
        let behind = || self.behind.values().filter(|behind| *behind.pool == *name);
        // A pool that was paused in mid-rollout has nodes on their way.
        let is_held = pool.spec.paused && !(sight.is_first && behind().next().is_some());
        if !is_seen || is_held {
            return None;
        }
        let (cause, image) = match behind().next() {
            _ if pool.status.configuration.name != *config => (McoRolloutCause::Config, ""),
            None => return None,
            Some(_) if behind().any(|behind| behind.is_config) => (McoRolloutCause::Membership, ""),
            Some(first) => {
                let marked = self.images.get(name).filter(|image| behind().any(|behind| behind.image == **image));
                (McoRolloutCause::Image, &**marked.unwrap_or(&first.image))
            }
        };
        let target = Target { config: config.clone(), image: image.into() };
        let created = world.configs.get(config).and_then(|config| config.metadata.created.at());
        let start = if sight.is_first || sight.is_late {
            evidence::rollout(left.since.at(), created, sight.now)
        } else {
            Start::observed(sight.now)
        };
        if sight.is_first && is_too_old(start.at, sight.now) {
            // Whoever watched before has cut it off.
            self.states.insert(name.into(), State::Cut(target));
            return None;
        }
        let rollout = Rollout {
            place: self.place(world, name, &target),
            target,
            cause,
            start,
            follows,
            machines: pool.status.counts.total,
            is_paused: pool.spec.paused,
            uid: pool.metadata.uid.clone(),
        };
        self.states.insert(name.into(), State::Open(rollout.clone()));
        Some((name.into(), Step::Opened(rollout)))
    }

    fn end(&mut self, name: &str, result: McoResult, sight: Sight, told: Option<Timestamp>) -> Option<Moved> {
        let State::Open(rollout) = self.states.remove(name)? else { return None };
        if result != McoResult::Aborted {
            let follows = (result == McoResult::Superseded).then_some(rollout.place);
            self.states.insert(name.into(), State::Idle(follows));
        }
        Some((name.into(), Step::Ended(rollout, result, End::seen(sight, told))))
    }
}

fn is_too_old(start: Timestamp, now: Timestamp) -> bool {
    now.duration_since(start) >= SignedDuration::from_secs(ROLLOUT_SECS_MAX)
}
