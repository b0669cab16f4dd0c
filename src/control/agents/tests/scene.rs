//! Agents with a clock that is set by hand, and what they say: the tools of the tests of the state machine.
//! Checks nothing itself.

use crate::control::{
    account::Account,
    agents::{Agents, Heard, Moment, Said, SessionId, Step, Uid, Via},
    catalogue::Declares,
    offers::Prepared,
};
use pointsman_core::{
    model::clock::{Mono, Wall},
    view::sync::{ComponentSync, Offer},
};
use pointsman_instrument::{
    opamp::proto::{
        AgentDescription, AgentToServer, AnyValue, KeyValue, RemoteConfigStatus, RemoteConfigStatuses, any_value::Value,
    },
    semconv::attribute::PointsmanSyncState as State,
};
use std::{cell::Cell, sync::Arc, time::Duration};

pub(super) const ACCEPTS: u64 = 0x1 | 0x2 | 0x1000;

/// Agents and a clock that is set by hand.
pub(super) struct Scene {
    pub(super) agents: Agents,
    pub(super) ms: u64,
    pub(super) chance: Cell<u64>,
    pub(super) sessions: u64,
    /// How far the wall clock is off, in milliseconds.
    pub(super) jump: i64,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self { agents: Agents::new(Duration::from_secs(300)), ms: 1_000_000, chance: Cell::new(1), sessions: 0, jump: 0 }
    }

    pub(super) fn mono(&self) -> Mono {
        Mono(self.ms * 1_000_000)
    }

    pub(super) fn wall(&self) -> Wall {
        Wall(self.ms.saturating_add_signed(self.jump).saturating_mul(1_000_000))
    }

    pub(super) fn wait(&mut self, ms: u64) -> Vec<SessionId> {
        self.ms += ms;
        let now = self.mono();
        self.agents.tick(now).0
    }

    pub(super) fn open(&mut self) -> Via {
        self.sessions += 1;
        let (id, now) = (SessionId(self.sessions), self.mono());
        assert!(self.agents.open(id, now), "there is room");
        Via::Socket(id)
    }

    pub(super) fn close(&mut self, via: Via) {
        let (Via::Socket(id), now) = (via, self.mono()) else { panic!("only sessions close") };
        self.agents.closed(id, now);
    }

    pub(super) fn says(&mut self, via: Via, message: &AgentToServer, said: Said) -> Heard {
        let random = || {
            self.chance.set(self.chance.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
            self.chance.get()
        };
        let (mono, wall) = (self.mono(), self.wall());
        self.agents.hear(via, message, said, &Moment { mono, wall, random: &random })
    }

    pub(super) fn hears(&mut self, via: Via, message: &AgentToServer) -> Heard {
        self.says(via, message, Said::Nothing)
    }

    /// Makes every plan that has to be made, by this name.
    pub(super) fn plans(&mut self, hash: u8) -> Vec<SessionId> {
        let (jobs, _) = self.agents.groups.jobs(self.wall(), usize::MAX);
        let now = (self.mono(), self.wall());
        jobs.iter().flat_map(|job| self.agents.made(job, plan(hash, &[]), now)).collect()
    }

    pub(super) fn views(&mut self) {
        let now = self.mono();
        self.agents.set_views(&Arc::default(), true, now);
    }

    /// The plan that a session is to send now.
    pub(super) fn offered(&mut self, via: Via) -> Option<u8> {
        let Via::Socket(id) = via else { panic!("polls are asked by uid") };
        match self.agents.step(id, self.mono()) {
            Step::Offer(_, plan) => plan.hash.first().copied(),
            Step::Wait => None,
            Step::Close(code) => panic!("closed with {code}"),
        }
    }

    pub(super) fn account(&self) -> Account {
        self.agents.account(&Account::default(), (self.mono(), self.wall()))
    }

    pub(super) fn only(&self) -> ComponentSync {
        let account = self.account();
        assert_eq!(account.components.len(), 1, "{:?}", account.components.keys());
        account.components.values().next().expect("it has one").clone()
    }

    /// Connected, applied, pending, failed; then those that count as disconnected.
    pub(super) fn counts(&self) -> (u64, u64, u64, u64, u64) {
        let (sync, account) = (self.only(), self.account());
        let gone = account.agents.get(&State::Disconnected).copied().unwrap_or(0);
        (sync.connected, sync.applied, sync.pending, sync.failed, gone)
    }
}

pub(super) fn plan(hash: u8, next: &[Wall]) -> Prepared {
    let offer = Offer {
        hash: [hash; 16],
        body: b"{}".as_slice().into(),
        next: next.to_vec(),
        at_source: [].into(),
        at_controller: [].into(),
        left_out: 0,
    };
    Prepared::new(offer)
}

pub(super) fn description(instance: &str, service: &str) -> AgentDescription {
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
    };
    AgentDescription {
        identifying_attributes: vec![attribute("service.name", service), attribute("service.instance.id", instance)],
        non_identifying_attributes: vec![attribute("k8s.pod.uid", instance), attribute("os.type", "linux")],
    }
}

pub(super) fn bare(uid: u8, sequence_num: u64) -> AgentToServer {
    AgentToServer { instance_uid: vec![uid; 16], sequence_num, ..AgentToServer::default() }
}

/// Everything that an agent says first: its instance is called as its uid.
pub(super) fn full(uid: u8, sequence_num: u64) -> AgentToServer {
    let agent_description = Some(description(&format!("i{uid}"), "shop"));
    AgentToServer { agent_description, capabilities: ACCEPTS, ..bare(uid, sequence_num) }
}

pub(super) fn status(hash: u8, status: RemoteConfigStatuses, error: &str) -> Option<RemoteConfigStatus> {
    let (last_remote_config_hash, error_message) = (vec![hash; 16], error.to_owned());
    Some(RemoteConfigStatus { last_remote_config_hash, status: status.into(), error_message })
}

pub(super) fn answers(uid: u8, sequence_num: u64, hash: u8, word: RemoteConfigStatuses) -> AgentToServer {
    AgentToServer { remote_config_status: status(hash, word, ""), ..bare(uid, sequence_num) }
}

pub(super) fn declares(name: &str) -> Arc<Declares> {
    let json = format!(r#"{{"library":"lib 1","aspects":["state"],"instruments":[{{"name":"{name}","kind":"Counter"}}]}}"#);
    let mut digest = [1; 32];
    digest.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    Arc::new(Declares::read(json.as_bytes(), digest).expect("it is a catalogue"))
}

pub(super) fn wants_all(heard: &Heard) -> bool {
    heard.answer.flags & 1 != 0
}

pub(super) fn new_uid(heard: &Heard) -> Option<Uid> {
    let identification = heard.answer.agent_identification.as_ref()?;
    Some(identification.new_instance_uid.as_slice().try_into().expect("a uid has 16 bytes"))
}
