//! What objects do not say, or say only until they change: since when a pool is paused, when it last was done, when its
//! rollout last moved on. After a start the best evidence that objects give stands in, so that a restart sets nothing to 0.

use super::{
    Operator,
    pools::{created, pending, since},
};
use crate::{
    api::{Condition, MachineConfigPool, Node, Status},
    membership,
    table::Delta,
    watch::{Observed, seconds_since},
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::mco;
use std::collections::BTreeMap;

/// Of every pool; as many as there are pools.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pools: BTreeMap<Box<str>, Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// Since when it is paused.
    paused: Option<Timestamp>,
    /// When every machine last came to run its target.
    done: Option<Timestamp>,
    /// Only while a target is pending.
    moved: Option<Moved>,
}

/// When a rollout last moved on: it began, was let go on, or a node finished.
#[derive(Clone, Copy, Debug)]
enum Moved {
    /// We saw it.
    Observed(Timestamp),
    /// It was under way when we came, at this time: objects may tell more.
    Found(Timestamp),
}

/// Registers what is read from memory alone.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolPausedDuration>(|seen, readings| {
        for (name, remembered) in &seen.watcher.memory.pools {
            if let Some(since) = remembered.paused {
                let set = mco::PoolPausedDuration { pool_name: name.to_string().into() };
                readings.set(seconds_since(seen.now, since), set);
            }
        }
    });
    observed.metric::<mco::PoolLastUpdateAge>(|seen, readings| {
        for (name, remembered) in &seen.watcher.memory.pools {
            if let Some(done) = remembered.done {
                let set = mco::PoolLastUpdateAge { pool_name: name.to_string().into() };
                readings.set(seconds_since(seen.now, done), set);
            }
        }
    });
}

impl Memory {
    /// Since when a pool is paused; `None`: it is not.
    pub(super) fn paused_since(&self, pool: &str) -> Option<Timestamp> {
        self.pools.get(pool).and_then(|remembered| remembered.paused)
    }

    /// A pool came, changed or went.
    pub(super) fn pool_changed(&mut self, delta: &Delta<MachineConfigPool>, now: Timestamp) {
        let Some(pool) = &delta.after else {
            self.pools.remove(&delta.name);
            return;
        };
        // Another pool of the same name has another past.
        let before = delta.before.as_deref().filter(|before| before.metadata.uid == pool.metadata.uid);
        let remembered = self.pools.entry(delta.name.clone()).or_default();
        if before.is_none() {
            *remembered = Remembered::default();
        }
        remembered.pause(before, pool, now);
        if Condition::holds(&pool.status.conditions, "Updated") {
            remembered.done = since(pool, "Updated", Status::True).or(remembered.done);
        }
        remembered.aim(before, pool, now);
    }

    /// A node changed: it may have finished.
    pub(super) fn node_changed(&mut self, delta: &Delta<Node>, world: &World, now: Timestamp) {
        let (Some(before), Some(after)) = (&delta.before, &delta.after) else { return };
        if before.metadata.annotations == after.metadata.annotations {
            return;
        }
        let Some(name) = membership::of(after, &world.pools).pool else { return };
        let Some(target) = world.pools.get(name).and_then(|pool| pending(pool)) else { return };
        if is_done(after, target)
            && !is_done(before, target)
            && let Some(remembered) = self.pools.get_mut(name)
        {
            remembered.moved = Some(Moved::Observed(now));
        }
    }

    /// When the rollout of this pool, with these nodes, last moved on; `None`: it has none.
    pub(super) fn moved(&self, (name, pool): (&str, &MachineConfigPool), nodes: &[&Node], world: &World) -> Option<Timestamp> {
        Some(match self.pools.get(name)?.moved? {
            Moved::Observed(at) => at,
            Moved::Found(at) => evidence(pool, nodes, world, at).unwrap_or(at),
        })
    }
}

impl Remembered {
    fn pause(&mut self, before: Option<&MachineConfigPool>, pool: &MachineConfigPool, now: Timestamp) {
        self.paused = match before {
            _ if !pool.spec.paused => None,
            Some(before) if before.spec.paused => self.paused,
            Some(_) => Some(now),
            // If nobody is known to have written it, it was made so.
            None => Some(pool.paused_since().or(pool.metadata.created.at()).unwrap_or(now)),
        };
    }

    fn aim(&mut self, before: Option<&MachineConfigPool>, pool: &MachineConfigPool, now: Timestamp) {
        let Some(target) = pending(pool) else {
            self.moved = None;
            return;
        };
        let Some(before) = before else {
            self.moved = Some(Moved::Found(now));
            return;
        };
        // Nodes were not to move while it was paused: their time begins when they may.
        if pending(before) != Some(target) || (before.spec.paused && !pool.spec.paused) {
            self.moved = Some(Moved::Observed(now));
        }
    }
}

/// Whether a node runs the target and is at rest.
fn is_done(node: &Node, target: &str) -> bool {
    let is = &node.metadata.annotations;
    let has_image = is.desired_image.is_empty() || is.current_image == is.desired_image;
    is.current_config.as_str() == target && is.desired_config.as_str() == target && has_image && is.state.as_str() == "Done"
}

/// What objects tell of when a rollout last moved on before we came: its target was made, the pool left its last state, it was
/// let go on, and nodes came back with the target. Never before the pool itself was made.
fn evidence(pool: &MachineConfigPool, nodes: &[&Node], world: &World, came: Timestamp) -> Option<Timestamp> {
    let target = pending(pool)?;
    let of_pool = [created(world, target), since(pool, "Updated", Status::False)];
    let let_go = pool.paused_writes().filter(|_| !pool.spec.paused);
    let back = |node: &&Node| {
        let ready = Condition::find(&node.status.conditions, "Ready").filter(|ready| ready.status == Status::True);
        ready.filter(|_| is_done(node, target))?.since.at()
    };
    let of_nodes = nodes.iter().filter_map(back);
    let latest = of_pool.into_iter().flatten().chain(let_go).chain(of_nodes).filter(|at| *at <= came).max()?;
    Some(pool.metadata.created.at().map_or(latest, |made| latest.max(made.min(came))))
}
