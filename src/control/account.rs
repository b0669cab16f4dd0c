//! What became of plans, counted: for statuses, by component, and for our own metrics, over all.
//! Decides nothing.

use super::{
    agents::{
        Agents,
        agent::{Agent, Link, Word},
    },
    groups::Group,
};
use pointsman_core::{
    limits::{SYNC_DWELL_SECS, SYNC_REFUSALS_MAX},
    model::{
        clock::{Mono, SECOND, Wall},
        component::ComponentKey,
    },
    view::sync::{ComponentSync, SyncState},
};
use pointsman_instrument::{opamp::plan::PlanHash, semconv::attribute::PointsmanSyncState as State};
use std::{
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
        let mut components = SyncState::new();
        for (key, groups) in self.groups.by_component() {
            let mut sync = ComponentSync::default();
            let mut refusals = BTreeSet::new();
            for group in &groups {
                self.count(group, now, &mut sync, &mut agents);
                refusals.extend(group.members.iter().filter_map(|uid| self.all.get(uid)).flat_map(words));
            }
            sync.refusals = refusals.into_iter().take(SYNC_REFUSALS_MAX).map(Box::from).collect();
            describe(&mut sync, &groups);
            sync.catalogue = self.groups.declared(key).cloned();
            date(&mut sync, before.components.get(&**key), now.1);
            components.insert(ComponentKey::clone(key), sync);
        }
        Account { components: Arc::new(components), agents }
    }

    fn count(&self, group: &Group, now: (Mono, Wall), sync: &mut ComponentSync, agents: &mut BTreeMap<State, u64>) {
        let plan = group.plan.as_ref().map(|plan| plan.hash);
        for agent in group.members.iter().filter_map(|uid| self.all.get(uid)).filter(|agent| agent.accepts()) {
            let state = state(agent, plan, now.0);
            if state == State::Pending {
                let since = waits_since(agent, plan, now);
                sync.pending_since = since.into_iter().chain(sync.pending_since).min();
            }
            let slot = agents.entry(state).or_default();
            *slot = slot.saturating_add(1);
            let obeys = plan.is_some_and(|plan| agent.word == Word::Applied(plan));
            sync.connected = sync.connected.saturating_add(u64::from(state != State::Disconnected));
            sync.applied = sync.applied.saturating_add(u64::from(obeys));
            sync.pending = sync.pending.saturating_add(u64::from(state == State::Pending));
            sync.failed = sync.failed.saturating_add(u64::from(state == State::Failed));
        }
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

/// What most agents have and say.
fn describe(sync: &mut ComponentSync, groups: &[&Group]) {
    let mut by_size = groups.to_vec();
    by_size.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.declares().digest));
    let library = by_size.iter().map(|group| &group.reported.library).find(|library| !library.is_empty());
    sync.library = library.cloned().unwrap_or_default();
    sync.reported = by_size.first().map(|group| Arc::clone(&group.reported));
    if let Some(plan) = by_size.iter().find_map(|group| group.plan.as_ref()) {
        sync.hash = PlanHash(plan.hash).to_string().into();
        sync.at_source = Arc::clone(&plan.at_source);
        sync.at_controller = Arc::clone(&plan.at_controller);
    }
}

/// Since when every connected instance obeys, or the first of them waits.
fn date(sync: &mut ComponentSync, before: Option<&ComponentSync>, now: Wall) {
    if sync.pending > 0 {
        // One moment is one text: what is computed from two clocks moves a little.
        let before = before.and_then(|before| before.pending_since);
        let near = |then: &Wall| sync.pending_since.is_none_or(|since| since.0.abs_diff(then.0) < SECOND);
        sync.pending_since = before.filter(near).or(sync.pending_since).or(Some(now));
    }
    if sync.connected == 0 || sync.pending > 0 || sync.failed > 0 {
        return;
    }
    let same = before.filter(|before| before.hash == sync.hash).and_then(|before| before.since);
    sync.since = same.or(Some(now));
}
