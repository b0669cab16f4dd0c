//! What became of plans, counted: for statuses, by component, and for our own metrics, over all.
//! Decides nothing.

use super::{
    agents::{
        Agents, Uid,
        agent::{Agent, Link, Word},
    },
    groups::Group,
};
use pointsman_core::{
    limits::{SYNC_AGENTS_MAX, SYNC_DWELL_SECS, SYNC_REFUSALS_MAX},
    model::{
        clock::{Mono, SECOND, Wall},
        component::ComponentKey,
    },
    view::sync::{ComponentSync, Part, SyncState},
};
use pointsman_instrument::{opamp::plan::PlanHash, semconv::attribute::PointsmanSyncState as State};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// What became of plans, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// By component.
    pub components: Arc<SyncState>,
    /// Agents by how they stand to their plan.
    pub agents: BTreeMap<State, u64>,
}

impl Agents {
    /// Counts. What held at the account before, and still does, keeps its beginning.
    #[must_use]
    pub fn account(&self, before: &Account, now: (Mono, Wall)) -> Account {
        let mut agents = BTreeMap::new();
        let (mut components, departed) = (SyncState::new(), self.departed(now.0));
        for (key, groups) in self.groups.by_component() {
            let gone = departed.get(&**key).copied().unwrap_or(0);
            let mut sync = ComponentSync { gone, ..ComponentSync::default() };
            let (mut refusals, mut parts) = (BTreeSet::new(), Vec::new());
            for group in &groups {
                let part = self.count(group, now, &mut sync, &mut agents);
                parts.push((part, *group));
                refusals.extend(group.members.iter().filter_map(|uid| self.all.get(uid)).flat_map(words));
            }
            sync.refusals = refusals.into_iter().take(SYNC_REFUSALS_MAX).map(Box::from).collect();
            describe(&mut sync, parts);
            sync.catalogue = self.groups.declared(key).cloned();
            date(&mut sync, before.components.get(&**key), now.1);
            components.insert(ComponentKey::clone(key), sync);
        }
        Account { components: Arc::new(components), agents }
    }

    /// An agent says goodbye: what it pushed outlives it for a while, and is no instance that takes no plans.
    pub(super) fn note_departed(&mut self, uid: &Uid, now: Mono) {
        let agent = self.all.get(uid).filter(|agent| agent.accepts());
        let Some(component) = agent.and_then(|agent| self.groups.get(agent.group)).map(|group| Arc::clone(&group.component))
        else {
            return;
        };
        let departed = &mut self.groups.departed;
        while departed.len() >= SYNC_AGENTS_MAX
            || departed.first_key_value().is_some_and(|((at, _), _)| now.since(*at) >= self.expire_after)
        {
            departed.pop_first();
        }
        departed.insert((now, *uid), component);
    }

    /// How many said goodbye lately and did not come back, by component.
    fn departed(&self, now: Mono) -> BTreeMap<&ComponentKey, u64> {
        let mut departed: BTreeMap<&ComponentKey, u64> = BTreeMap::new();
        for ((at, uid), component) in &self.groups.departed {
            if now.since(*at) < self.expire_after && !self.all.contains_key(uid) {
                let count = departed.entry(component).or_default();
                *count = count.saturating_add(1);
            }
        }
        departed
    }

    /// Counts one group. Those that are there wait as long as their plan is made anew: what they obey is the one before.
    fn count(&self, group: &Group, now: (Mono, Wall), sync: &mut ComponentSync, agents: &mut BTreeMap<State, u64>) -> Part {
        let current = group.plan.as_ref().filter(|_| group.is_current());
        let plan = current.map(|plan| plan.hash);
        let mut part = part(group);
        for agent in group.members.iter().filter_map(|uid| self.all.get(uid)).filter(|agent| agent.accepts()) {
            let state = state(agent, plan, now.0);
            if state == State::Pending {
                let since = waits_since(agent, plan, now);
                sync.pending_since = since.into_iter().chain(sync.pending_since).min();
            }
            let slot = agents.entry(state).or_default();
            *slot = slot.saturating_add(1);
            let of = match state {
                State::Applied => &mut sync.applied,
                State::Pending => &mut sync.pending,
                State::Failed => &mut sync.failed,
                State::Disconnected => &mut sync.gone,
            };
            *of = of.saturating_add(1);
            let is_there = u64::from(state != State::Disconnected);
            sync.connected = sync.connected.saturating_add(is_there);
            part.instances = part.instances.saturating_add(is_there);
            part.applied = part.applied.saturating_add(u64::from(state == State::Applied));
        }
        part
    }
}

/// How an agent stands to the plan of now. One that has just gone counts as it did.
fn state(agent: &Agent, plan: Option<[u8; 16]>, now: Mono) -> State {
    let dwell = Duration::from_secs(SYNC_DWELL_SECS);
    match (agent.link, &agent.word) {
        (Link::Gone { at }, _) if now.since(at) >= dwell => State::Disconnected,
        (_, Word::Applied(hash)) if Some(*hash) == plan => State::Applied,
        (_, Word::Failed(hash, _)) if Some(*hash) == plan => State::Failed,
        _ => State::Pending,
    }
}

/// Since when it has the plan of now and has not answered; `None` while it was not sent.
fn waits_since(agent: &Agent, plan: Option<[u8; 16]>, now: (Mono, Wall)) -> Option<Wall> {
    let (_, at) = agent.offered.filter(|(hash, _)| Some(*hash) == plan)?;
    let ago = u64::try_from(now.0.since(at).as_nanos()).unwrap_or(u64::MAX);
    Some(Wall(now.1.0.saturating_sub(ago)))
}

fn words(agent: &Agent) -> impl Iterator<Item = &str> {
    let failed = if let Word::Failed(_, why) = &agent.word { Some(&**why) } else { None };
    failed.filter(|why| !why.is_empty()).into_iter().chain(agent.refusals.iter().map(|word| &**word))
}

/// A group before its agents are counted.
fn part(group: &Group) -> Part {
    let mut part = Part { reported: Some(Arc::clone(&group.reported)), ..Part::default() };
    if let Some(plan) = &group.plan {
        part.hash = PlanHash(plan.hash).to_string().into();
        (part.at_source, part.at_controller) = (Arc::clone(&plan.at_source), Arc::clone(&plan.at_controller));
    }
    part
}

/// What most agents have and say: those that are there and take plans go before those that once did.
fn describe(sync: &mut ComponentSync, mut parts: Vec<(Part, &Group)>) {
    parts.sort_by_key(|(part, group)| (Reverse(part.instances), Reverse(group.members.len()), group.declares().digest));
    let library = parts.iter().map(|(_, group)| &group.reported.library).find(|library| !library.is_empty());
    sync.library = library.cloned().unwrap_or_default();
    sync.reported = parts.first().and_then(|(part, _)| part.reported.clone());
    if let Some((part, _)) = parts.iter().find(|(part, _)| !part.hash.is_empty()) {
        sync.hash = part.hash.clone();
        (sync.at_source, sync.at_controller) = (Arc::clone(&part.at_source), Arc::clone(&part.at_controller));
    }
    let there: Vec<Part> = parts.into_iter().map(|(part, _)| part).filter(|part| part.instances > 0).collect();
    sync.parts = if there.len() > 1 { there } else { Vec::new() };
}

/// Since when every connected instance obeys, or the first of them waits. Who comes later and waits takes nothing back.
fn date(sync: &mut ComponentSync, before: Option<&ComponentSync>, now: Wall) {
    if sync.pending > 0 {
        // One moment is one text: what is computed from two clocks moves a little.
        let before = before.and_then(|before| before.pending_since);
        let near = |then: &Wall| sync.pending_since.is_none_or(|since| since.0.abs_diff(then.0) < SECOND);
        sync.pending_since = before.filter(near).or(sync.pending_since).or(Some(now));
    }
    if sync.connected == 0 || sync.failed > 0 {
        return;
    }
    // A sort of instances that grows beyond another one, or replaces it, changes nothing for who obeys.
    let is_in_force = |before: &&ComponentSync| {
        before.hash == sync.hash || sync.parts.iter().any(|part| part.hash == before.hash && part.applied > 0)
    };
    let same = before.filter(is_in_force).and_then(|before| before.since);
    sync.since = if sync.pending > 0 { same } else { same.or(Some(now)) };
}

#[cfg(test)]
mod tests;
