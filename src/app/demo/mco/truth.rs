//! What really happened, for tests to hold against what watchers say: rollouts, updates of nodes, their phases.
//! Written while the simulation plays; read by nobody in it.

use super::Second;
use std::collections::BTreeMap;

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it should.
    Completed,
    /// Without success.
    Failed,
    /// Another target came.
    Superseded,
    /// The node went.
    Aborted,
}

/// Why a rollout began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The pool has a new rendered config.
    Config,
    /// The pool has a new image.
    Image,
    /// A node that runs something else became a member.
    Membership,
}

/// One rollout of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// The pool.
    pub pool: String,
    /// The rendered config that all nodes should come to.
    pub target: String,
    /// Why.
    pub cause: Cause,
    /// Since when the pool is not Updated for it.
    pub start: Second,
    /// When it was over.
    pub end: Option<Second>,
    /// How.
    pub outcome: Option<Outcome>,
}

/// One update of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeUpdate {
    /// The node.
    pub node: String,
    /// Its pool at the start.
    pub pool: String,
    /// The config it should come to.
    pub target: String,
    /// When it was marked.
    pub start: Second,
    /// When its MachineConfigNode was Updated again, or what else ended it.
    pub end: Option<Second>,
    /// How.
    pub outcome: Option<Outcome>,
    /// Its phases, in the order of their ends.
    pub phases: Vec<Phase>,
    /// Drain attempts that failed.
    pub drain_retries: u64,
    /// Times it became Degraded or Unreconcilable.
    pub errors: u64,
}

/// One attempt of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// As its condition is called.
    pub name: &'static str,
    /// When it began; for one that is only told when it is over, the end of the one before.
    pub start: Second,
    /// When it was true; `None`: it never was.
    pub end: Option<Second>,
}

/// Everything that really happened.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Of all pools, in the order of their starts.
    pub rollouts: Vec<Rollout>,
    /// Of all nodes, in the order of their starts.
    pub updates: Vec<NodeUpdate>,
    /// New boot ids: by pool, and whether an update asked for it.
    pub reboots: BTreeMap<(String, bool), u64>,
    /// Events of Kubernetes by reason, repetitions too.
    pub events: BTreeMap<&'static str, u64>,
}

impl Truth {
    /// How many phases came to their end, by pool and phase: the counts of the phase histogram.
    #[must_use]
    pub fn phases_completed(&self) -> BTreeMap<(String, &'static str), u64> {
        let mut counts = BTreeMap::new();
        for update in &self.updates {
            for phase in update.phases.iter().filter(|phase| phase.end.is_some()) {
                *counts.entry((update.pool.clone(), phase.name)).or_default() += 1;
            }
        }
        counts
    }

    /// How many updates ended, by pool and outcome.
    #[must_use]
    pub fn updates_ended(&self) -> BTreeMap<(String, Outcome), u64> {
        let mut counts = BTreeMap::new();
        for update in &self.updates {
            if let Some(outcome) = update.outcome {
                *counts.entry((update.pool.clone(), outcome)).or_default() += 1;
            }
        }
        counts
    }

    /// The update under way on a node.
    pub(super) fn open(&mut self, node: &str) -> Option<&mut NodeUpdate> {
        self.updates.iter_mut().rev().find(|update| update.node == node && update.end.is_none())
    }

    /// The rollout under way in a pool.
    pub(super) fn open_rollout(&mut self, pool: &str) -> Option<&mut Rollout> {
        self.rollouts.iter_mut().rev().find(|rollout| rollout.pool == pool && rollout.end.is_none())
    }

    /// The update of a node is over, if one is under way.
    pub(super) fn end_update(&mut self, node: &str, outcome: Outcome, now: Second) {
        if let Some(update) = self.open(node) {
            (update.end, update.outcome) = (Some(now), Some(outcome));
        }
    }

    /// The rollout of a pool is over, if one is under way.
    pub(super) fn end_rollout(&mut self, pool: &str, outcome: Outcome, now: Second) {
        if let Some(rollout) = self.open_rollout(pool) {
            (rollout.end, rollout.outcome) = (Some(now), Some(outcome));
        }
    }

    /// A condition of an updating node moved from one status to another.
    pub(super) fn moved(&mut self, node: &str, name: &'static str, (from, to): (&str, &str), now: Second) {
        let Some(update) = self.open(node) else { return };
        let before = update.phases.iter().filter_map(|phase| phase.end).max().unwrap_or(update.start);
        match (from, to) {
            ("False" | "True", "Unknown") => update.phases.push(Phase { name, start: now, end: None }),
            ("Unknown", "True") => {
                let open = update.phases.iter_mut().rev().find(|phase| phase.name == name && phase.end.is_none());
                match open {
                    Some(phase) => phase.end = Some(now),
                    // It was under way already for the target before this one.
                    None => update.phases.push(Phase { name, start: update.start, end: Some(now) }),
                }
            }
            ("False", "True") => update.phases.push(Phase { name, start: before, end: Some(now) }),
            _ => {}
        }
    }
}
