//! A pool whose nodes are updated, in simulated seconds: a pure state machine, the same for the same seed.
//! Knows no telemetry and no clock: `step` is told what time it is and answers what happened.

#[cfg(test)]
mod tests;

use super::scenario::Scenario;
use std::collections::BTreeMap;

/// Seconds since the simulation began.
pub(crate) type Second = u64;

/// Nodes that may be away at a time.
pub(crate) const UNAVAILABLE_MAX: usize = 2;
/// When the first rollout begins.
const FIRST_ROLLOUT: Second = 120;
/// Rest between two rollouts.
const REST: Second = 900;
/// Seconds of a blocked drain after which its attempts begin to fail one by one.
const FIRST_ATTEMPT: Second = 60;
/// Different errors a flooding daemon sends in one rollout.
const ERRORS_MAX: usize = 600;
/// The two limits of a drain that people are told of.
const TIERS: [Second; 2] = [600, 3600];

/// The phases that do something; the two parents are made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leaf {
    Prepared,
    Cordoned,
    Drained,
    Applied,
    Rebooted,
    Resumed,
    Uncordoned,
}

impl Leaf {
    pub(crate) const ALL: [Self; 7] =
        [Self::Prepared, Self::Cordoned, Self::Drained, Self::Applied, Self::Rebooted, Self::Resumed, Self::Uncordoned];

    /// Shortest and longest time it takes.
    const fn seconds(self) -> (Second, Second) {
        match self {
            Self::Prepared | Self::Resumed => (5, 12),
            Self::Cordoned | Self::Uncordoned => (2, 5),
            Self::Drained => (40, 90),
            Self::Applied => (60, 120),
            Self::Rebooted => (120, 200),
        }
    }
}

/// A phase that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) leaf: Leaf,
    pub(crate) start: Second,
    pub(crate) end: Second,
    pub(crate) errors: u64,
}

/// The update of a node.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) start: Second,
    pub(crate) leaf: Leaf,
    pub(crate) leaf_start: Second,
    /// When the phase will be over; a blocked one has no end.
    leaf_end: Option<Second>,
    pub(crate) done: Vec<Done>,
    /// Errors of the phase so far.
    pub(crate) errors: u64,
    /// Tiers of the drain that were passed.
    pub(crate) tiers: usize,
}

/// A node and what its daemon remembers.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) update: Option<Update>,
    /// Whether it runs the target.
    pub(crate) updated: bool,
    pub(crate) state_since: Second,
    pub(crate) reboots: u64,
    /// When each (config, error) was last seen; an empty error is success. As the old daemon, it forgets nothing while
    /// the rollout lasts.
    pub(crate) results: BTreeMap<(String, String), Second>,
}

/// What counters say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) rollouts: u64,
    pub(crate) updates: u64,
    pub(crate) drain_errors: u64,
    pub(crate) drain_retries: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    RolloutStarted { from: String, to: String },
    UpdateStarted { node: usize },
    PhaseEnded { node: usize, done: Done },
    DrainBlocked { node: usize },
    DrainTier { node: usize, tier: usize },
    DrainFreed { node: usize },
    UpdateEnded { node: usize, start: Second, done: Vec<Done> },
    RolloutEnded { start: Second },
}

/// The pool `worker`.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Second,
    pub(crate) rollout: Option<Second>,
    pub(crate) target: String,
    pub(crate) counts: Counts,
    pub(crate) last_finish: Second,
    next_rollout: Second,
    scenario: Scenario,
    random: Random,
}

impl Cluster {
    /// `nodes` nodes that run a first config; what happens then follows from the scenario and the seed.
    pub(crate) fn new(nodes: usize, scenario: Scenario, seed: u64) -> Self {
        let mut random = Random(seed);
        let target = random.config();
        let node = |n: usize| Node {
            name: format!("worker-{n}"),
            update: None,
            updated: true,
            state_since: 0,
            reboots: 0,
            results: BTreeMap::from([((target.clone(), String::new()), 0)]),
        };
        Self {
            nodes: (0..nodes).map(node).collect(),
            now: 0,
            rollout: None,
            counts: Counts::default(),
            last_finish: 0,
            next_rollout: FIRST_ROLLOUT,
            scenario,
            random,
            target,
        }
    }

    /// The node whose drain the scenario blocks.
    pub(crate) fn blocked_node(&self) -> usize {
        7.min(self.nodes.len().saturating_sub(1))
    }

    /// Lets time pass up to `now`; answers what happened, with its second, in order.
    pub(crate) fn step(&mut self, now: Second) -> Vec<(Second, Event)> {
        let mut events = Vec::new();
        while self.now < now {
            self.now += 1;
            let mut happened = Vec::new();
            self.second(&mut happened);
            events.extend(happened.into_iter().map(|event| (self.now, event)));
        }
        events
    }

    fn second(&mut self, events: &mut Vec<Event>) {
        let Some(start) = self.rollout else {
            if self.now >= self.next_rollout {
                self.begin(events);
            }
            return;
        };
        for node in 0..self.nodes.len() {
            self.advance(node, start, events);
        }
        self.take_more(events);
        if self.nodes.iter().all(|n| n.updated) {
            self.rollout = None;
            self.next_rollout = self.now + REST;
            self.counts.rollouts += 1;
            events.push(Event::RolloutEnded { start });
        }
    }

    fn begin(&mut self, events: &mut Vec<Event>) {
        let to = self.random.config();
        let from = std::mem::replace(&mut self.target, to.clone());
        for node in &mut self.nodes {
            node.updated = false;
            node.results.retain(|(_, error), _| error.is_empty());
        }
        self.rollout = Some(self.now);
        self.last_finish = self.now;
        events.push(Event::RolloutStarted { from, to });
        self.take_more(events);
    }

    /// Begins updates while fewer nodes are away than may be; the one to be blocked goes first.
    fn take_more(&mut self, events: &mut Vec<Event>) {
        let first = self.blocked_node();
        let order = std::iter::once(first).chain((0..self.nodes.len()).filter(|n| *n != first));
        let waiting = |n: &usize| self.nodes.get(*n).is_some_and(|node| !node.updated && node.update.is_none());
        let free = UNAVAILABLE_MAX.saturating_sub(self.nodes.iter().filter(|n| n.update.is_some()).count());
        let chosen: Vec<usize> = order.filter(waiting).take(free).collect();
        for index in chosen {
            let end = self.leaf_end(index, Leaf::Prepared);
            if let Some(node) = self.nodes.get_mut(index) {
                let now = self.now;
                let update = Update {
                    start: now,
                    leaf: Leaf::Prepared,
                    leaf_start: now,
                    leaf_end: end,
                    done: Vec::new(),
                    errors: 0,
                    tiers: 0,
                };
                node.update = Some(update);
                node.state_since = now;
                events.push(Event::UpdateStarted { node: index });
            }
        }
    }

    /// When a phase that begins now will be over.
    fn leaf_end(&mut self, node: usize, leaf: Leaf) -> Option<Second> {
        let (low, high) = leaf.seconds();
        let end = self.now + low + self.random.below(high - low + 1);
        let blocked = leaf == Leaf::Drained && node == self.blocked_node() && self.scenario.blocked_for().is_some();
        (!blocked).then_some(end)
    }

    /// One second of one node.
    fn advance(&mut self, index: usize, rollout: Second, events: &mut Vec<Event>) {
        let now = self.now;
        let Some(Update { leaf_end, leaf_start, .. }) = self.nodes.get(index).and_then(|n| n.update.as_ref()) else { return };
        match *leaf_end {
            Some(end) if now >= end => self.finish_leaf(index, events),
            Some(_) => {}
            None => {
                let waited = now - leaf_start;
                let free_at = rollout + self.scenario.blocked_for().unwrap_or(0);
                self.wait_blocked(index, waited, now >= free_at, events);
            }
        }
    }

    /// A drain that a PodDisruptionBudget holds up.
    fn wait_blocked(&mut self, index: usize, waited: Second, freed: bool, events: &mut Vec<Event>) {
        let (now, target) = (self.now, self.target.clone());
        let flood = self.scenario.floods();
        let Some(node) = self.nodes.get_mut(index) else { return };
        let Some(update) = node.update.as_mut() else { return };
        if freed {
            update.leaf_end = Some(now);
            return events.push(Event::DrainFreed { node: index });
        }
        if waited == 1 {
            events.push(Event::DrainBlocked { node: index });
        }
        if let Some(tier) = TIERS.iter().position(|t| *t == waited) {
            update.tiers = tier + 1;
            events.push(Event::DrainTier { node: index, tier });
        }
        let every = if flood { 1 } else { 60 };
        if waited >= FIRST_ATTEMPT && waited.is_multiple_of(every) {
            update.errors += 1;
            self.counts.drain_retries += 1;
            self.counts.drain_errors += 1;
            let attempt = if flood { format!(", attempt {}", update.errors) } else { String::new() };
            let error = format!("failed to drain {}: cannot evict pod shop/cart-0{attempt}", node.name);
            if node.results.len() < ERRORS_MAX {
                node.results.insert((target, error), now);
            }
        }
    }

    fn finish_leaf(&mut self, index: usize, events: &mut Vec<Event>) {
        let (now, target) = (self.now, self.target.clone());
        let Some(leaf) = self.nodes.get(index).and_then(|n| n.update.as_ref()).map(|u| u.leaf) else { return };
        let next = Leaf::ALL.into_iter().find(|l| *l > leaf);
        let next = next.map(|leaf| (leaf, self.leaf_end(index, leaf)));
        let Some(node) = self.nodes.get_mut(index) else { return };
        let Some(mut update) = node.update.take() else { return };
        let done = Done { leaf, start: update.leaf_start, end: now, errors: std::mem::take(&mut update.errors) };
        update.done.push(done);
        update.tiers = 0;
        node.reboots += u64::from(leaf == Leaf::Rebooted);
        events.push(Event::PhaseEnded { node: index, done });
        if let Some((leaf, leaf_end)) = next {
            (update.leaf, update.leaf_start, update.leaf_end) = (leaf, now, leaf_end);
            node.update = Some(update);
        } else {
            node.updated = true;
            node.state_since = now;
            node.results.insert((target, String::new()), now);
            self.last_finish = now;
            self.counts.updates += 1;
            events.push(Event::UpdateEnded { node: index, start: update.start, done: update.done });
        }
    }
}

/// SplitMix64: enough for durations and ids of a demo, and the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn config(&mut self) -> String {
        format!("rendered-worker-{:08x}", self.next() >> 32)
    }
}
