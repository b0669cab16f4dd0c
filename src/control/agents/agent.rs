//! One agent, as far as it is known: how it is reached, what it is, and what it said of plans.
//! Knows no other agent.

use super::{
    super::{
        answer::{ACCEPTS_REMOTE_CONFIG, REPORTS_REMOTE_CONFIG},
        catalogue::shortened,
        groups::GroupId,
        identity::Identity,
    },
    SessionId, Via,
};
use pointsman_core::{
    limits::{STATUS_TEXT_CHARS_MAX, SYNC_MESSAGES_BURST, SYNC_MESSAGES_PER_SEC},
    model::clock::Mono,
};
use pointsman_instrument::opamp::{
    messages::CAPABILITY,
    plan::PlanHash,
    proto::{RemoteConfigStatus, RemoteConfigStatuses},
};

/// How an agent is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Over a connection.
    Socket {
        /// Which.
        session: SessionId,
        /// Since when.
        since: Mono,
    },
    /// It asks from time to time.
    Poll {
        /// Since when.
        since: Mono,
    },
    /// Not at all.
    Gone {
        /// Since when.
        at: Mono,
    },
}

/// The last thing that it said of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Word {
    /// Nothing.
    #[default]
    None,
    /// It obeys it.
    Applied([u8; 16]),
    /// It has it, and is about to obey it.
    Applying([u8; 16]),
    /// It refuses it, and why.
    Failed([u8; 16], Box<str>),
}

/// One agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// How it is reached.
    pub link: Link,
    /// The number of its last message.
    pub sequence: u64,
    /// When that came.
    pub heard: Mono,
    /// What it can do, in bits of the protocol.
    pub capabilities: u64,
    /// Whether it will send a catalogue.
    pub declares: bool,
    /// Who it is.
    pub identity: Identity,
    /// With whom it is offered plans.
    pub group: GroupId,
    /// When it has said everything of itself, as far as can be told.
    pub settled: Mono,
    /// What it says of plans.
    pub word: Word,
    /// The plan that was last sent to it, and when.
    pub offered: Option<([u8; 16], Mono)>,
    /// What it could not do of its plan, in words.
    pub refusals: Box<[Box<str>]>,
    /// Whether what it said may be of a process before it: until it says everything anew.
    pub doubtful: bool,
    /// What it may still say, where it has no session.
    pub bucket: Bucket,
}

/// How often something may happen.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At once, after a quiet time.
    pub burst: u32,
    /// A second, for long.
    pub per_sec: u32,
}

/// How often something may still happen, and when that was so: it fills up evenly.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// In thousandths.
    left: u64,
    at: Mono,
}

impl Agent {
    /// An agent of which only the description is known.
    #[must_use]
    pub fn new(identity: Identity, group: GroupId, now: Mono) -> Self {
        Self {
            link: Link::Gone { at: now },
            sequence: 0,
            heard: now,
            capabilities: 0,
            declares: false,
            identity,
            group,
            settled: now,
            word: Word::None,
            offered: None,
            refusals: Box::default(),
            doubtful: false,
            bucket: Bucket::new(&Pace::OF_AGENTS, now),
        }
    }

    /// A message came by a way that the last one did not come: whatever was sent on that may be lost.
    pub fn moved_to(&mut self, via: Via, now: Mono) {
        if self.link.is(via) {
            return;
        }
        self.link = match via {
            Via::Socket(session) => Link::Socket { session, since: now },
            Via::Poll => Link::Poll { since: now },
        };
        (self.offered, self.doubtful) = (None, true);
    }

    /// It said everything, and nothing of a plan: if it may have started anew, it has none.
    pub fn started_anew(&mut self) {
        (self.word, self.refusals) = (Word::None, Box::default());
        if matches!(self.link, Link::Poll { .. }) {
            self.offered = None; // no connection tells that it was lost
        }
    }

    /// Whether it takes plans.
    #[must_use]
    pub fn accepts(&self) -> bool {
        self.capabilities & ACCEPTS_REMOTE_CONFIG != 0
    }

    /// Whether it says what became of them.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.capabilities & REPORTS_REMOTE_CONFIG != 0
    }

    /// Whether capabilities that an agent announces promise a catalogue.
    #[must_use]
    pub fn declares(capabilities: &[String]) -> bool {
        capabilities.iter().any(|capability| capability == CAPABILITY)
    }

    /// It could not do some of the plan with this hash.
    pub fn told(&mut self, hash: &str, refusals: Vec<Box<str>>) {
        let is_of_last = self.word.hash().is_none_or(|last| PlanHash(last).to_string() == hash);
        if is_of_last {
            self.refusals = refusals.into();
        }
    }
}

impl Pace {
    /// How often an agent may say something.
    pub const OF_AGENTS: Self = Self { burst: SYNC_MESSAGES_BURST, per_sec: SYNC_MESSAGES_PER_SEC };

    fn full(&self) -> u64 {
        u64::from(self.burst).saturating_mul(1_000)
    }
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(pace: &Pace, now: Mono) -> Self {
        Self { left: pace.full(), at: now }
    }

    /// Whether it may happen once more.
    pub fn take(&mut self, pace: &Pace, now: Mono) -> bool {
        let ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let more = ms.saturating_mul(u64::from(pace.per_sec)); // thousandths a millisecond
        if more > 0 {
            *self = Self { left: self.left.saturating_add(more).min(pace.full()), at: now };
        }
        let left = self.left.checked_sub(1_000);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

impl Word {
    /// Reads a status. One of a configuration that is no plan of ours says nothing.
    #[must_use]
    pub fn read(status: &RemoteConfigStatus) -> Self {
        let Ok(hash) = <[u8; 16]>::try_from(status.last_remote_config_hash.as_slice()) else { return Self::None };
        match status.status() {
            RemoteConfigStatuses::Unset => Self::None,
            RemoteConfigStatuses::Applied => Self::Applied(hash),
            RemoteConfigStatuses::Applying => Self::Applying(hash),
            RemoteConfigStatuses::Failed => Self::Failed(hash, shortened(&status.error_message, STATUS_TEXT_CHARS_MAX / 2)),
        }
    }

    /// Of which plan it speaks.
    #[must_use]
    pub fn hash(&self) -> Option<[u8; 16]> {
        match self {
            Self::None => None,
            Self::Applied(hash) | Self::Applying(hash) | Self::Failed(hash, _) => Some(*hash),
        }
    }
}

impl Link {
    /// Whether this is how a message came.
    #[must_use]
    pub fn is(self, via: Via) -> bool {
        match (self, via) {
            (Self::Socket { session, .. }, Via::Socket(other)) => session == other,
            (Self::Poll { .. }, Via::Poll) => true,
            _ => false,
        }
    }

    /// The connection.
    #[must_use]
    pub fn session(self) -> Option<SessionId> {
        if let Self::Socket { session, .. } = self { Some(session) } else { None }
    }

    /// Since when it is reached so.
    #[must_use]
    pub fn since(self) -> Option<Mono> {
        match self {
            Self::Socket { since, .. } | Self::Poll { since } => Some(since),
            Self::Gone { .. } => None,
        }
    }

    /// Since when it is not reached.
    #[must_use]
    pub fn gone_at(self) -> Option<Mono> {
        if let Self::Gone { at } = self { Some(at) } else { None }
    }
}
