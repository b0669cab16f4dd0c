//! Who is who: whose a message is, who may go on as the agent that was, who is told another name, and for whom there is room.
//! Knows nothing of plans.

use super::{
    super::{answer, identity::Identity},
    Agents, GOING_AWAY, Moment, SessionId, Uid, Via,
    agent::{Agent, Bucket, Link, Pace, Word},
};
use pointsman_core::{
    limits::{
        SYNC_AGENTS_MAX, SYNC_HEARTBEAT_SECS, SYNC_NEW_POLLERS_BURST, SYNC_NEW_POLLERS_PER_SEC, SYNC_POLLERS_MAX,
        SYNC_RETURN_SECS, SYNC_SESSION_AGENTS_MAX,
    },
    model::{clock::Mono, component::ComponentKey},
};
use std::time::Duration;

/// How many agents may begin to poll.
pub(super) const NEW_POLLERS: Pace = Pace { burst: SYNC_NEW_POLLERS_BURST, per_sec: SYNC_NEW_POLLERS_PER_SEC };

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Who talks over it: one, as a rule.
    pub(super) uids: Vec<Uid>,
    /// A name that was told to who has another one, until it is used: the old one, and the new one.
    pub(super) told: Option<(Option<Uid>, Uid)>,
    pub(super) bucket: Bucket,
    /// When something was last said over it, or it began.
    pub(super) heard: Mono,
    /// With which code it ends, once it is to.
    pub(super) close: Option<u16>,
}

/// Whose a message is.
pub(super) enum Whose {
    /// The agent's, as before.
    Known,
    /// An agent's that was gone, or came another way.
    Back,
    /// A new agent's.
    New,
    /// Somebody's who has to say who it is.
    Unknown,
    /// Another's than the agent's of that name.
    Other,
    /// The agent's, which says that it is somebody else.
    Changed,
}

impl Session {
    pub(super) fn new(now: Mono) -> Self {
        Self { uids: Vec::new(), told: None, bucket: Bucket::new(&Pace::OF_AGENTS, now), heard: now, close: None }
    }
}

impl Agents {
    /// Whose a message is. Who is heard on a connection has its name; who comes another way has to be the same instance, and
    /// to give the old connection time enough to be heard.
    pub(super) fn whose(&self, via: Via, uid: &Uid, identity: Option<&Identity>, now: Mono) -> Whose {
        let Some(agent) = self.all.get(uid) else {
            return if identity.is_some() { Whose::New } else { Whose::Unknown };
        };
        let is_other = identity.is_some_and(|identity| *identity != agent.identity);
        match agent.link {
            Link::Socket { .. } if agent.link.is(via) => {
                let is_same = identity.is_none_or(|identity| identity.refines(&agent.identity));
                if is_same { Whose::Known } else { Whose::Changed }
            }
            Link::Socket { session, .. } if !self.is_quiet(session, SYNC_RETURN_SECS, now) => Whose::Other,
            _ if is_other => Whose::Other,
            Link::Socket { .. } if identity.is_none() => Whose::Unknown,
            Link::Poll { .. } if via == Via::Poll => Whose::Known,
            _ => Whose::Back,
        }
    }

    /// Whether nothing was said over a connection for longer than this, or it is no more.
    fn is_quiet(&self, session: SessionId, secs: u64, now: Mono) -> bool {
        self.sessions.get(&session).is_none_or(|session| now.since(session.heard) > Duration::from_secs(secs))
    }

    /// The name that somebody gets instead of its own; and whether it was told that already. Who asks again before it has heard
    /// is told the same.
    pub(super) fn name_for(&mut self, via: Via, old: Option<Uid>, now: &Moment<'_>) -> (Uid, bool) {
        let session = via.session().and_then(|session| self.sessions.get_mut(&session));
        let told = session.as_ref().and_then(|session| session.told).filter(|(before, _)| *before == old);
        if let Some((_, new)) = told {
            return (new, true);
        }
        let new = answer::fresh_uid(now.wall, now.random);
        if let Some(session) = session {
            session.told = Some((old, new));
        }
        (new, false)
    }

    /// How an agent was called until it was told this name on this connection.
    pub(super) fn former_name(&self, via: Via, uid: &Uid) -> Option<Uid> {
        let session = self.sessions.get(&via.session()?)?;
        let old = session.told.filter(|(_, new)| new == uid).and_then(|(old, _)| old)?;
        session.uids.contains(&old).then_some(old)
    }

    /// An agent talks over a connection from now on.
    pub(super) fn bind(&mut self, via: Via, uid: Uid) {
        let Some(session) = via.session().and_then(|session| self.sessions.get_mut(&session)) else { return };
        session.told = session.told.filter(|(_, new)| *new != uid);
        if !session.uids.contains(&uid) {
            session.uids.push(uid);
        }
    }

    /// An agent talks over a connection no more.
    pub(super) fn unbind(&mut self, session: SessionId, uid: &Uid) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.uids.retain(|bound| bound != uid);
        }
    }

    /// An agent goes on elsewhere: a connection that nobody else talks over ends.
    pub(super) fn leave(&mut self, session: SessionId, uid: &Uid) {
        self.unbind(session, uid);
        if let Some(left) = self.sessions.get_mut(&session).filter(|left| left.uids.is_empty() && left.close.is_none()) {
            left.close = Some(GOING_AWAY);
            self.ended.push(session);
            self.urgent = true;
        }
    }

    /// A new agent came: where it is an instance that was here under another name and has ended, that one is forgotten.
    pub(super) fn succeed(&mut self, via: Via, identity: &Identity, now: Mono) {
        let Some((old, agent)) = identity.instance_key().and_then(|instance| self.instances.get(&instance)).and_then(|uid| {
            let agent = self.all.get(uid)?;
            Some((*uid, agent))
        }) else {
            return;
        };
        let component = |identity: &Identity| -> ComponentKey { identity.component(&self.workloads) };
        let has_ended = match agent.link {
            Link::Gone { .. } => true,
            Link::Poll { .. } => now.since(agent.heard) > Duration::from_secs(SYNC_HEARTBEAT_SECS),
            Link::Socket { session, .. } => agent.link.is(via) || self.is_quiet(session, SYNC_HEARTBEAT_SECS, now),
        };
        if !has_ended || component(&agent.identity) != component(identity) {
            return;
        }
        match agent.link.session() {
            Some(session) if Via::Socket(session) == via => self.unbind(session, &old),
            Some(session) => self.leave(session, &old),
            None => {}
        }
        self.forget(&old);
    }

    /// An agent is this instance from now on.
    pub(super) fn enlist(&mut self, uid: Uid, identity: &Identity) {
        if let Some(instance) = identity.instance_key() {
            self.instances.insert(instance, uid);
        }
    }

    /// An agent is this instance no more.
    pub(super) fn delist(&mut self, uid: &Uid, identity: &Identity) {
        if let Some(instance) = identity.instance_key()
            && self.instances.get(&instance) == Some(uid)
        {
            self.instances.remove(&instance);
        }
    }

    /// Whether a connection may have one more agent.
    pub(super) fn has_share(&self, via: Via, uid: &Uid) -> bool {
        let session = via.session().and_then(|session| self.sessions.get(&session));
        session.is_none_or(|session| session.uids.len() < SYNC_SESSION_AGENTS_MAX || session.uids.contains(uid))
    }

    /// Whether one more agent fits. Who has been gone for longest makes room, and who polls and never answered: of ever new
    /// names nobody is heard again. What is kept for connections no poller takes.
    pub(super) fn has_room(&mut self, via: Via, now: Mono) -> bool {
        let is_poll = via == Via::Poll;
        if is_poll && !self.new_pollers.take(&NEW_POLLERS, now) {
            return false;
        }
        if self.all.len() < if is_poll { SYNC_POLLERS_MAX } else { SYNC_AGENTS_MAX } {
            return true;
        }
        let pollers = self.all.values().filter(|agent| agent.link.session().is_none()).count();
        if is_poll && pollers < SYNC_POLLERS_MAX && self.all.len() < SYNC_AGENTS_MAX {
            return true;
        }
        let dispensable = self.all.iter().filter_map(|(uid, agent)| Some((dispensable_since(agent)?, *uid)));
        let oldest = dispensable.min();
        oldest.inspect(|(_, uid)| self.forget(uid)).is_some()
    }

    /// Agents that talk over no connection, or over one that is no more, or that fell silent there.
    pub(super) fn unheard(&self, silence: Duration, now: Mono) -> Vec<(Uid, Link)> {
        let is_unheard = |uid: &Uid, agent: &Agent| match agent.link {
            Link::Gone { .. } => false,
            Link::Poll { .. } => now.since(agent.heard) >= silence,
            Link::Socket { session, .. } => {
                let session = self.sessions.get(&session);
                now.since(agent.heard) >= silence || session.is_none_or(|session| !session.uids.contains(uid))
            }
        };
        self.all.iter().filter(|(uid, agent)| is_unheard(uid, agent)).map(|(uid, agent)| (*uid, agent.link)).collect()
    }
}

/// Since when nobody would miss an agent much; `None` while somebody would.
fn dispensable_since(agent: &Agent) -> Option<Mono> {
    match agent.link {
        Link::Gone { at } => Some(at),
        Link::Poll { .. } if agent.word == Word::None => Some(agent.heard),
        Link::Poll { .. } | Link::Socket { .. } => None,
    }
}
