//! What is remembered of each node beyond its objects: its pool, since when it is in its state, and the class of what is wrong
//! with it. Knows no metrics.

use crate::{
    api::{Condition, MachineConfigNode, MachineConfigPool, Node, Selector, Status},
    classify,
    limits::{BLIND_SECS, EVENT_AHEAD_SECS},
    membership,
    table::{Delta, Table},
    world::World,
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::semconv::attribute::{McoDegradedClass, McoNodeState};
use std::{collections::BTreeMap, sync::Arc};

pub(super) use crate::node_facts::is_behind as is_pending;

/// The nodes, or one of them.
#[derive(Default)]
pub(super) struct Nodes {
    only: Option<Box<str>>,
    notes: BTreeMap<Arc<str>, Notes>,
    /// By which nodes were sorted into pools.
    selectors: BTreeMap<Box<str>, Selector>,
}

/// One node.
pub(super) struct Notes {
    pub(super) name: Arc<str>,
    /// Empty: no pool selects it.
    pub(super) pool: Arc<str>,
    pub(super) node: Arc<Node>,
    pub(super) mcn: Option<Arc<MachineConfigNode>>,
    pub(super) state: McoNodeState,
    /// Since when it is in its state, as far as we know.
    pub(super) since: Timestamp,
    /// Whether the state was seen to begin.
    is_seen: bool,
    /// What is wrong with it.
    pub(super) degraded: Option<McoDegradedClass>,
    /// When events last told of a fault: each until the node says that it is done.
    told: BTreeMap<Fault, Timestamp>,
    /// Since when its progress cannot be seen: it has no MachineConfigNode, or one that says nothing.
    blind_since: Option<Timestamp>,
}

/// What an event can tell of a node before the node does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// A file differs from its config.
    Drift,
    /// A staged OS was lost at shutdown.
    Finalization,
}

impl Nodes {
    /// This one alone.
    pub(super) fn only(name: &str) -> Self {
        Self { only: Some(name.into()), ..Self::default() }
    }

    /// Whether all nodes are here.
    pub(super) const fn is_all(&self) -> bool {
        self.only.is_none()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Notes> {
        self.notes.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Notes> {
        self.notes.values()
    }

    pub(super) fn take_node(&mut self, delta: &Delta<Node>, world: &World, now: Timestamp) {
        let is_another = match (&delta.before, &delta.after) {
            (Some(before), Some(after)) => before.metadata.uid != after.metadata.uid,
            _ => true,
        };
        if is_another {
            self.notes.remove(&*delta.name);
        }
        let Some(node) = delta.after.as_ref().filter(|node| membership::is_managed(node)) else { return };
        if self.only.as_ref().is_some_and(|only| *only != delta.name) {
            return;
        }
        let state = state_of(node);
        let pool = membership::of(node, &world.pools).pool.unwrap_or_default();
        let notes = self.notes.entry(Arc::from(&*delta.name)).or_insert_with_key(|name| {
            let mcn = world.mcns.get(name).cloned();
            let evidence = if delta.is_first { evidence(state, node, mcn.as_deref()) } else { None };
            Notes {
                name: Arc::clone(name),
                pool: pool.into(),
                node: Arc::clone(node),
                mcn,
                state,
                since: evidence.map_or(now, |since| since.min(now)),
                is_seen: !delta.is_first,
                degraded: None,
                told: BTreeMap::new(),
                blind_since: None,
            }
        });
        if notes.state != state {
            (notes.state, notes.since, notes.is_seen) = (state, now, true);
            if state == McoNodeState::Done {
                notes.told.clear();
            }
        }
        notes.node = Arc::clone(node);
        notes.join(pool);
        notes.look(delta.is_first, now);
        notes.judge();
    }

    /// An event tells of a fault of this node.
    pub(super) fn take_fault(&mut self, node: &str, fault: Fault, now: Timestamp) {
        if let Some(notes) = self.notes.get_mut(node) {
            notes.told.insert(fault, now);
        }
    }

    pub(super) fn take_mcn(&mut self, delta: &Delta<MachineConfigNode>, now: Timestamp) {
        let Some(notes) = self.notes.get_mut(&*delta.name) else { return };
        notes.mcn.clone_from(&delta.after);
        if delta.is_first && !notes.is_seen {
            let evidence = evidence(notes.state, &notes.node, notes.mcn.as_deref());
            notes.since = evidence.map_or(notes.since, |since| since.min(notes.since));
        }
        notes.look(delta.is_first, now);
        notes.judge();
    }

    /// Sorts all nodes into these pools, unless they say of their members what they said before.
    pub(super) fn sort_into(&mut self, pools: &Table<MachineConfigPool>) {
        let selectors = || pools.iter().map(|(name, pool)| (name, &pool.spec.node_selector));
        if selectors().eq(self.selectors.iter().map(|(name, selector)| (&**name, selector))) {
            return;
        }
        self.selectors = selectors().map(|(name, selector)| (name.into(), selector.clone())).collect();
        for notes in self.notes.values_mut() {
            let node = Arc::clone(&notes.node);
            notes.join(membership::of(&node, pools).pool.unwrap_or_default());
        }
    }
}

impl Notes {
    /// Since when its files differ from its config, by what it says or what an event told; `None`: they do not.
    pub(super) fn drifts_since(&self, now: Timestamp) -> Option<Timestamp> {
        let is_said = self.degraded == Some(McoDegradedClass::Drift);
        if is_said { Some(self.since) } else { self.told_of(Fault::Drift, now) }
    }

    /// Whether it lost a staged OS, by what it says or what an event told.
    pub(super) fn lost_its_os(&self, now: Timestamp) -> bool {
        !self.node.metadata.annotations.finalize_failure.is_empty() || self.told_of(Fault::Finalization, now).is_some()
    }

    /// An event may come before the state that it tells of, and long after it: one about a node that says it is done counts
    /// only for a while.
    fn told_of(&self, fault: Fault, now: Timestamp) -> Option<Timestamp> {
        let is_ahead = |at: &Timestamp| now.duration_since(*at) < SignedDuration::from_secs(EVENT_AHEAD_SECS);
        self.told.get(&fault).copied().filter(|at| self.state != McoNodeState::Done || is_ahead(at))
    }

    /// Whether its progress has not been seen for a while. The operator makes what is missing within seconds, and after a watch
    /// that broke a node's end and its MachineConfigNode's are told apart.
    pub(super) fn is_blind(&self, now: Timestamp) -> bool {
        self.blind_since.is_some_and(|since| now.duration_since(since) >= SignedDuration::from_secs(BLIND_SECS))
    }

    /// Looks whether its progress can be seen. Where it could not be when we began, it never could.
    fn look(&mut self, is_first: bool, now: Timestamp) {
        let sees = self.mcn.as_ref().is_some_and(|mcn| !mcn.status.conditions.is_empty());
        let began = if is_first { self.node.metadata.created.at().unwrap_or(now) } else { now };
        self.blind_since = if sees { None } else { self.blind_since.or(Some(began)) };
    }

    fn join(&mut self, pool: &str) {
        if *self.pool != *pool {
            self.pool = pool.into();
        }
    }

    fn judge(&mut self) {
        let conditions = self.mcn.as_ref().map_or(&[][..], |mcn| &mcn.status.conditions);
        let condition = Condition::find(conditions, "NodeDegraded").filter(|condition| condition.status == Status::True);
        let message = condition.map(|condition| condition.message.as_str());
        let reason = self.node.metadata.annotations.reason.as_str();
        self.degraded = match self.state {
            McoNodeState::Unreconcilable => Some(McoDegradedClass::Unreconcilable),
            McoNodeState::Degraded if !reason.is_empty() => Some(classify::degraded(reason)),
            McoNodeState::Degraded => Some(classify::degraded(message.unwrap_or_default())),
            _ => message.map(classify::degraded),
        };
    }
}

fn state_of(node: &Node) -> McoNodeState {
    let state = node.metadata.annotations.state.as_str();
    McoNodeState::ALL.into_iter().find(|known| known.as_str() == state).unwrap_or(McoNodeState::Unknown)
}

/// When a state began that was there before we looked: not before the node itself.
fn evidence(state: McoNodeState, node: &Node, mcn: Option<&MachineConfigNode>) -> Option<Timestamp> {
    let (name, status) = match state {
        McoNodeState::Working => ("Updated", Status::False),
        McoNodeState::Degraded | McoNodeState::Unreconcilable => ("NodeDegraded", Status::True),
        McoNodeState::Done | McoNodeState::Unknown => return None,
    };
    let condition = Condition::find(&mcn?.status.conditions, name).filter(|condition| condition.status == status)?;
    let since = condition.since.at()?;
    Some(node.metadata.created.at().map_or(since, |created| since.max(created)))
}
