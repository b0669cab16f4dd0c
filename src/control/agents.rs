//! Every agent that takes plans, as a state machine: messages, moments and plans go in; answers, and who has to be told
//! something, come out. Knows no clock, no socket and no task; how a plan is compiled is not known here.

pub mod agent;
mod names;

use super::{
    answer::{self, REPORT_FULL_STATE, REQUEST_INSTANCE_UID},
    catalogue::Declares,
    groups::{Catalogues, Group, Groups, Job, after},
    identity::Identity,
    offers::Prepared,
};
use agent::{Agent, Bucket, Link, Pace, Word};
use names::{NEW_POLLERS, Session, Whose};
use pointsman_core::{
    limits::{
        SYNC_AGENTS_MAX, SYNC_CATALOGUE_MS_MAX, SYNC_DELAYS_MAX, SYNC_DWELL_SECS, SYNC_LOOK_MS, SYNC_REOFFER_SECS,
        SYNC_RETRY_SECS_MAX, SYNC_SETTLE_MS, SYNC_SILENCE_SECS,
    },
    model::{
        clock::{Mono, Wall},
        speaker::Speaker,
        workloads::Workloads,
    },
};
use pointsman_instrument::{
    opamp::proto::{AgentToServer, ServerToAgent},
    semconv::attribute::PointsmanSyncRefusal as Refusal,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// How an agent is called.
pub type Uid = [u8; 16];

/// Names a connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Over what a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A WebSocket, which can be told things at any time.
    Socket(SessionId),
    /// A request that is answered.
    Poll,
}

impl Via {
    /// The connection.
    #[must_use]
    pub fn session(self) -> Option<SessionId> {
        if let Self::Socket(session) = self { Some(session) } else { None }
    }
}

/// When something happens, and the chance that goes into it.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// For every delay.
    pub mono: Mono,
    /// For the ends of plans and the names of agents.
    pub wall: Wall,
    /// A number that nobody foresees.
    pub random: &'a dyn Fn() -> u64,
}

/// What a custom message said.
#[derive(Clone, Debug, Default)]
pub enum Said {
    /// There was none of ours.
    #[default]
    Nothing,
    /// What the agent declares.
    Catalogue(Arc<Declares>),
    /// What it could not do of the plan with this hash, in hexadecimal.
    Refusals(String, Vec<Box<str>>),
    /// Something that is no good.
    Wrong(String),
}

/// What comes of a message.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What is answered.
    pub answer: ServerToAgent,
    /// Whose message it was, where a plan may go with the answer.
    pub agent: Option<Uid>,
    /// Why it was refused, where it was.
    pub refused: Option<Refusal>,
    /// Whether the session ends with the answer.
    pub ends: bool,
}

/// What a session has to do next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nothing for now.
    Wait,
    /// Send this plan to this agent.
    Offer(Uid, Arc<Prepared>),
    /// End, with this code.
    Close(u16),
}

/// All agents.
#[derive(Debug)]
pub struct Agents {
    pub(super) all: HashMap<Uid, Agent>,
    pub(super) groups: Groups,
    sessions: HashMap<SessionId, Session>,
    /// Who said last that it is the instance of this [`Identity::instance_key`].
    instances: HashMap<Box<str>, Uid>,
    /// How many may begin to poll.
    new_pollers: Bucket,
    /// Sessions that were ended since time last passed.
    ended: Vec<SessionId>,
    workloads: Arc<Workloads>,
    /// Whom a plan may be sent to that could not before.
    due: BTreeSet<(Mono, Uid)>,
    next_look: Mono,
    /// How long an agent without a session is remembered.
    pub(super) expire_after: Duration,
    /// What agents say that sent no catalogue.
    undeclared: Arc<Declares>,
    /// Plans offered so far.
    pub(super) offers: u64,
    /// From a change of views to the answers that came since this was last taken.
    pub(super) delays: Vec<Duration>,
    /// Moves with all that an account shows.
    pub(super) changes: u64,
    /// Whether something has to be done sooner than it was said when time last passed.
    urgent: bool,
}

impl Agents {
    /// Nobody yet.
    #[must_use]
    pub fn new(expire_after: Duration) -> Self {
        Self {
            all: HashMap::new(),
            groups: Groups::default(),
            sessions: HashMap::new(),
            instances: HashMap::new(),
            new_pollers: Bucket::new(&NEW_POLLERS, Mono::default()),
            ended: Vec::new(),
            workloads: Arc::default(),
            due: BTreeSet::new(),
            next_look: Mono::default(),
            expire_after,
            undeclared: Arc::new(Declares::nothing()),
            offers: 0,
            delays: Vec::new(),
            changes: 0,
            urgent: false,
        }
    }

    /// A connection is there. Refused when there are too many.
    pub fn open(&mut self, session: SessionId, now: Mono) -> bool {
        let fits = self.sessions.len() < SYNC_AGENTS_MAX;
        if fits {
            self.sessions.insert(session, Session::new(now));
        }
        fits
    }

    /// A connection is gone.
    pub fn closed(&mut self, session: SessionId, now: Mono) {
        let Some(Session { uids, .. }) = self.sessions.remove(&session) else { return };
        for uid in uids {
            self.part((uid, Via::Socket(session)), now);
        }
    }

    /// A message came.
    pub fn hear(&mut self, via: Via, message: &AgentToServer, said: Said, now: &Moment<'_>) -> Heard {
        if let Via::Socket(session) = via {
            let Some(session) = self.sessions.get_mut(&session).filter(|session| session.close.is_none()) else {
                let answer = answer::later(&message.instance_uid, "the session ends", spread(now.random));
                return Heard { answer, agent: None, refused: None, ends: true };
            };
            session.heard = now.mono;
        }
        let named: Option<Uid> = message.instance_uid.as_slice().try_into().ok();
        if !self.may_speak(via, named.as_ref(), now.mono) {
            let answer = answer::later(&message.instance_uid, "too many messages a second", spread(now.random));
            return Heard { answer, agent: None, refused: Some(Refusal::TooFast), ends: true };
        }
        if message.flags & REQUEST_INSTANCE_UID != 0 {
            let (new, _) = self.name_for(via, named, now);
            let answer = answer::renamed(&message.instance_uid, &new);
            return Heard { answer, agent: None, refused: None, ends: false };
        }
        let Some(uid) = named else { return bad(&message.instance_uid, "instance_uid must have 16 bytes", true) };
        let identity = match message.agent_description.as_ref().map(Identity::read) {
            Some(None) => return bad(&uid, "agent_description has too many attributes, or too long ones", true),
            Some(identity) => identity,
            None => None,
        };
        let whose = self.whose(via, &uid, identity.as_ref(), now.mono);
        if message.agent_disconnect.is_some() {
            if matches!(whose, Whose::Known) {
                self.note_departed(&uid, now.mono);
                self.forget(&uid);
                via.session().into_iter().for_each(|session| self.unbind(session, &uid));
            }
            return Heard { answer: answer::taken(&uid, 0), agent: None, refused: None, ends: false };
        }
        match whose {
            Whose::Other => {
                let (new, again) = self.name_for(via, Some(uid), now);
                let refused = Some(Refusal::Duplicate).filter(|_| !again);
                Heard { answer: answer::renamed(&uid, &new), agent: None, refused, ends: false }
            }
            Whose::Unknown => Heard { answer: answer::taken(&uid, REPORT_FULL_STATE), agent: None, refused: None, ends: false },
            Whose::Changed => bad(&uid, "an agent stays who it is for as long as its session lasts", true),
            Whose::New | Whose::Known | Whose::Back => {
                if let Err(refusal) = self.admit((via, uid), &whose, identity.as_ref(), now) {
                    return *refusal;
                }
                self.merge((via, uid), message, (identity, said), now)
            }
        }
    }

    /// Whether that sender may use that name: nobody else is known by it, or somebody who is gone. Then it has to say who it is,
    /// and gets another name.
    pub(super) fn is_of(&self, uid: &Uid, speaker: &Speaker, says_who: bool) -> bool {
        let is_gone = |agent: &Agent| matches!(agent.link, Link::Gone { .. });
        self.all.get(uid).is_none_or(|agent| agent.identity.is_of(speaker) || (says_who && is_gone(agent)))
    }

    /// Whether there is room for who comes, on its connection and among all: else what it is answered.
    fn admit(
        &mut self,
        (via, uid): (Via, Uid),
        whose: &Whose,
        identity: Option<&Identity>,
        now: &Moment<'_>,
    ) -> Result<(), Box<Heard>> {
        if matches!(whose, Whose::Known) || self.former_name(via, &uid).is_some() {
            return Ok(());
        }
        let shared =
            via.session().and_then(|session| self.sessions.get(&session)).is_some_and(|session| !session.uids.is_empty());
        let refuse = |why: &str| {
            let answer = answer::later(&uid, why, spread(now.random));
            Err(Box::new(Heard { answer, agent: None, refused: Some(Refusal::TooMany), ends: !shared })) // the others stay
        };
        if let Some(identity) = identity.filter(|_| matches!(whose, Whose::New)) {
            self.succeed(via, identity, now.mono);
        }
        if !self.has_share(via, &uid) {
            return refuse("too many agents on one connection");
        }
        if matches!(whose, Whose::New) && !self.has_room(via, now.mono) {
            return refuse("too many agents");
        }
        Ok(())
    }

    /// What a session has to do next.
    pub fn step(&mut self, session: SessionId, now: Mono) -> Step {
        for at in 0.. {
            let Some(Session { uids, close, .. }) = self.sessions.get(&session) else { return Step::Wait };
            if let Some(code) = close {
                return Step::Close(*code);
            }
            let Some(uid) = uids.get(at).copied() else { return Step::Wait };
            if let Some(plan) = self.offer(&uid, now) {
                return Step::Offer(uid, plan);
            }
        }
        Step::Wait
    }

    /// The plan that is to be sent to an agent now, if any: from now on it counts as offered.
    pub fn offer(&mut self, uid: &Uid, now: Mono) -> Option<Arc<Prepared>> {
        let agent = self.all.get_mut(uid)?;
        let group = self.groups.get(agent.group).filter(|group| group.is_current())?;
        let plan = group.plan.as_ref().filter(|plan| agent.accepts() && agent.word.hash() != Some(plan.hash))?;
        let again = Duration::from_secs(SYNC_REOFFER_SECS);
        let asked = agent.offered.filter(|(hash, _)| *hash == plan.hash);
        if asked.is_some() && !agent.answers() {
            return None; // it took it, or it will never say
        }
        let ending = group.ended.filter(|(hash, _)| agent.word.hash() == Some(*hash)).map(|(_, until)| until);
        let from = [Some(agent.settled), ending, asked.map(|(_, at)| after(at, again))].into_iter().flatten().max();
        let is_socket = matches!(agent.link, Link::Socket { .. });
        if let Some(from) = from.filter(|from| *from > now) {
            if is_socket {
                self.due.insert((from, *uid));
                self.urgent = true;
            }
            return None;
        }
        agent.offered = Some((plan.hash, now));
        if is_socket && agent.answers() {
            self.due.insert((after(now, again), *uid));
        }
        self.offers = self.offers.saturating_add(1);
        let plan = Arc::clone(plan);
        self.changed();
        Some(plan)
    }

    /// The plan of an agent, where it has to be made first.
    #[must_use]
    pub fn job_of(&self, uid: &Uid) -> Option<Job> {
        let agent = self.all.get(uid).filter(|agent| agent.accepts())?;
        self.groups.job(agent.group)
    }

    /// Time has passed: who fell silent goes. Answers which sessions have something to do, and when to ask again.
    pub fn tick(&mut self, now: Mono) -> (Vec<SessionId>, Duration) {
        let mut wakes = std::mem::take(&mut self.ended);
        while let Some((at, uid)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, uid));
            wakes.extend(self.all.get(&uid).and_then(|agent| agent.link.session()));
        }
        if self.next_look <= now {
            self.next_look = after(now, Duration::from_millis(SYNC_LOOK_MS));
            wakes.extend(self.look(now));
        }
        let next = self.due.first().map_or(self.next_look, |(at, _)| (*at).min(self.next_look));
        (wakes, next.since(now))
    }

    /// Whether something has to be done sooner than [`Self::tick`] last said.
    pub fn take_urgent(&mut self) -> bool {
        std::mem::take(&mut self.urgent)
    }

    /// Other views are in force; see [`Groups::set_views`].
    pub fn set_views(&mut self, known: &Arc<Catalogues>, all: bool, now: Mono) {
        self.groups.set_views(known, all, now);
        self.changed();
    }

    /// Pods have other owners: agents may be of other components.
    pub fn set_workloads(&mut self, workloads: Arc<Workloads>, now: Mono) {
        self.workloads = workloads;
        let moved = self.all.iter().filter_map(|(uid, agent)| {
            let component = agent.identity.component(&self.workloads);
            (*self.groups.get(agent.group)?.component != component).then_some(*uid)
        });
        for uid in moved.collect::<Vec<_>>() {
            let declares =
                self.all.get(&uid).and_then(|agent| self.groups.get(agent.group)).map(|group| group.declares().clone());
            if let Some(declares) = declares {
                self.regroup(&uid, &declares, now);
            }
        }
    }

    /// A plan was made. Answers which sessions have something to do.
    pub fn made(&mut self, job: &Job, plan: Prepared, now: (Mono, Wall)) -> Vec<SessionId> {
        let group = self.groups.made(job, plan, now);
        let members: Vec<Uid> = group.into_iter().flat_map(|group| group.members.iter().copied()).collect();
        if members.is_empty() {
            // The same plan as before: whoever waited for it may still need it.
            let group = self.groups.get(job.group);
            return group.into_iter().flat_map(|group| self.sessions_of(group)).collect();
        }
        self.changed();
        members.iter().filter_map(|uid| self.all.get(uid)?.link.session()).collect()
    }

    /// Every session ends with this code. Answers which.
    pub fn close_all(&mut self, code: u16) -> Vec<SessionId> {
        self.sessions.iter_mut().for_each(|(_, session)| session.close = Some(code));
        self.sessions.keys().copied().collect()
    }

    /// Nobody is known any more; sessions that are open end by themselves.
    pub fn clear(&mut self) {
        let uids: Vec<Uid> = self.all.keys().copied().collect();
        uids.iter().for_each(|uid| self.forget(uid));
        self.due.clear();
    }

    fn sessions_of(&self, group: &Group) -> Vec<SessionId> {
        let wants = |agent: &&Agent| group.plan.as_ref().is_some_and(|plan| agent.word.hash() != Some(plan.hash));
        let agents = group.members.iter().filter_map(|uid| self.all.get(uid)).filter(wants);
        agents.filter_map(|agent| agent.link.session()).collect()
    }

    fn changed(&mut self) {
        self.changes = self.changes.wrapping_add(1);
    }

    /// An agent is not reached this way any more.
    fn part(&mut self, (uid, via): (Uid, Via), now: Mono) {
        if let Some(agent) = self.all.get_mut(&uid).filter(|agent| agent.link.is(via)) {
            agent.link = Link::Gone { at: now };
            self.changed();
        }
    }

    fn may_speak(&mut self, via: Via, uid: Option<&Uid>, now: Mono) -> bool {
        let bucket = match via {
            Via::Socket(session) => self.sessions.get_mut(&session).map(|session| &mut session.bucket),
            Via::Poll => uid.and_then(|uid| self.all.get_mut(uid)).map(|agent| &mut agent.bucket),
        };
        bucket.is_none_or(|bucket| bucket.take(&Pace::OF_AGENTS, now))
    }

    /// Brings what a message says into what is known of an agent: what it leaves out stays as it was.
    fn merge(
        &mut self,
        (via, uid): (Via, Uid),
        message: &AgentToServer,
        (identity, said): (Option<Identity>, Said),
        now: &Moment<'_>,
    ) -> Heard {
        let (mut refused, mut wrong) = (None, None);
        let mut flags = if self.groups.is_welcome(&uid) { REPORT_FULL_STATE } else { 0 };
        let Some((mut agent, is_new)) = self.take_out(via, &uid, identity.as_ref(), now.mono) else {
            return Heard { answer: answer::taken(&uid, REPORT_FULL_STATE), agent: None, refused: None, ends: false };
        };
        if !is_new && message.sequence_num != agent.sequence.wrapping_add(1) {
            flags |= REPORT_FULL_STATE; // something was lost, is told twice, or begins anew
            agent.doubtful = true;
        }
        (agent.sequence, agent.heard) = (message.sequence_num, now.mono);
        let before = agent.link.session().filter(|session| Via::Socket(*session) != via);
        before.into_iter().for_each(|session| self.leave(session, &uid));
        agent.moved_to(via, now.mono);
        agent.capabilities = Some(message.capabilities).filter(|bits| *bits != 0).unwrap_or(agent.capabilities);
        if let Some(custom) = &message.custom_capabilities {
            agent.declares = Agent::declares(&custom.capabilities);
        }
        let mut moved = is_new;
        if let Some(identity) = identity {
            if identity != agent.identity {
                moved = true;
                self.delist(&uid, &agent.identity);
            }
            agent.identity = identity;
            if std::mem::take(&mut agent.doubtful) && message.remote_config_status.is_none() {
                agent.started_anew();
            }
        }
        if let Some(status) = &message.remote_config_status {
            agent.word = Word::read(status);
            self.answered(&agent, now.mono);
        }
        let mut declares = None;
        match said {
            Said::Nothing => {}
            Said::Catalogue(said) => declares = Some(said),
            Said::Refusals(hash, words) => agent.told(&hash, words),
            Said::Wrong(why) => (refused, wrong) = (Some(Refusal::Malformed), Some(why)),
        }
        if moved {
            self.enlist(uid, &agent.identity);
        }
        self.all.insert(uid, agent);
        self.bind(via, uid);
        if moved || declares.is_some() {
            let declares = declares.or_else(|| self.declares_of(&uid)).unwrap_or_else(|| Arc::clone(&self.undeclared));
            if !self.regroup(&uid, &declares, now.mono) {
                refused = Some(Refusal::TooMany); // it stays without a catalogue, and is asked for it when there is room
            }
        }
        self.changed();
        let is_good = wrong.is_none();
        let answer = wrong.map_or_else(|| answer::taken(&uid, flags), |why| answer::bad(&uid, &why));
        Heard { answer, agent: is_good.then_some(uid), refused, ends: false }
    }

    /// The agent as it is known, or a new one: one that is called otherwise from now on is the same.
    fn take_out(&mut self, via: Via, uid: &Uid, identity: Option<&Identity>, now: Mono) -> Option<(Agent, bool)> {
        if let Some(agent) = self.all.remove(uid) {
            return Some((agent, false));
        }
        if let Some((old, agent)) = self.former_name(via, uid).and_then(|old| self.all.remove_entry(&old)) {
            via.session().into_iter().for_each(|session| self.unbind(session, &old));
            let declares = self.groups.get(agent.group).map(|group| group.declares().clone());
            let component = agent.identity.component(&self.workloads);
            let group = declares.and_then(|declares| self.groups.join(*uid, &component, &declares));
            self.groups.leave(agent.group, &old);
            return group.map(|group| (Agent { group, ..agent }, true));
        }
        let identity = identity?.clone();
        let component = identity.component(&self.workloads);
        let group = self.groups.join(*uid, &component, &self.undeclared)?;
        Some((Agent::new(identity, group, now), true))
    }

    fn declares_of(&self, uid: &Uid) -> Option<Arc<Declares>> {
        let group = self.groups.get(self.all.get(uid)?.group)?;
        Some(Arc::clone(group.declares()))
    }

    /// Puts an agent where it belongs by what it is and declares. Answers whether there was room for that.
    fn regroup(&mut self, uid: &Uid, declares: &Arc<Declares>, now: Mono) -> bool {
        let Some(agent) = self.all.get_mut(uid) else { return true };
        let component = agent.identity.component(&self.workloads);
        let before = agent.group;
        let joined = self.groups.join(*uid, &component, declares);
        let fits = joined.is_some();
        let group = joined.or_else(|| self.groups.join(*uid, &component, &self.undeclared)).unwrap_or(before);
        if group != before {
            self.groups.leave(before, uid);
        }
        agent.group = group;
        let is_awaited = agent.declares && self.groups.get(group).is_some_and(|group| !group.is_catalogued());
        let ms = match (is_awaited, agent.link) {
            (true, _) => SYNC_CATALOGUE_MS_MAX,
            (false, Link::Poll { .. }) => 0, // it would have to come again for its plan
            (false, _) => SYNC_SETTLE_MS,
        };
        agent.settled = after(now, Duration::from_millis(ms));
        self.due.insert((agent.settled, *uid));
        self.urgent = true;
        self.changed();
        fits
    }

    /// An agent said what became of a plan: how long that took is counted where views had changed.
    fn answered(&mut self, agent: &Agent, now: Mono) {
        let Word::Applied(hash) = agent.word else { return };
        let Some(group) = self.groups.get(agent.group) else { return };
        let is_asked = agent.offered.is_some_and(|(asked, _)| asked == hash);
        let is_current = group.plan.as_ref().is_some_and(|plan| plan.hash == hash);
        let since = agent.link.since();
        let changed = group.changed.filter(|changed| since.is_some_and(|since| since <= *changed));
        if let Some(changed) = changed.filter(|_| is_asked && is_current && self.delays.len() < SYNC_DELAYS_MAX) {
            self.delays.push(now.since(changed));
        }
    }

    fn forget(&mut self, uid: &Uid) {
        if let Some(agent) = self.all.remove(uid) {
            self.groups.leave(agent.group, uid);
            self.delist(uid, &agent.identity);
            self.changed();
        }
    }

    /// Who fell silent loses its session; who is gone for long is forgotten.
    fn look(&mut self, now: Mono) -> Vec<SessionId> {
        let silence = Duration::from_secs(SYNC_SILENCE_SECS);
        let forgotten = Duration::from_secs(SYNC_DWELL_SECS).saturating_add(self.expire_after);
        for (uid, link) in self.unheard(silence, now) {
            let via = link.session().map_or(Via::Poll, Via::Socket);
            self.part((uid, via), now);
            link.session().into_iter().for_each(|session| self.unbind(session, &uid));
        }
        let is_over = |agent: &Agent| agent.link.gone_at().is_some_and(|at| now.since(at) >= forgotten);
        let over: Vec<Uid> = self.all.iter().filter(|(_, agent)| is_over(agent)).map(|(uid, _)| *uid).collect();
        let mut wakes = Vec::new();
        for (id, session) in &mut self.sessions {
            if session.close.is_none() && now.since(session.heard) >= silence {
                session.close = Some(GOING_AWAY);
                wakes.push(*id);
            }
        }
        over.iter().for_each(|uid| self.forget(uid));
        self.changed(); // who dwells may have done so for long enough
        wakes
    }
}

/// The code of a session that ends for no fault of its agent.
pub const GOING_AWAY: u16 = 1001;

/// A delay for an agent that has to come again: not all at once.
#[must_use]
pub fn spread(random: &dyn Fn() -> u64) -> Duration {
    Duration::from_millis(1_000 + random() % (1_000 * SYNC_RETRY_SECS_MAX))
}

fn bad(uid: &[u8], why: &str, ends: bool) -> Heard {
    Heard { answer: answer::bad(uid, why), agent: None, refused: Some(Refusal::Malformed), ends }
}

#[cfg(test)]
mod tests;
