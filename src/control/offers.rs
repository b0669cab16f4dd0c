//! Plans, made ready to be sent: what all agents of a group get is encoded once, and what differs from moment to moment is
//! written beside it. Knows neither who gets them nor when.

use pointsman_core::{
    model::clock::Wall,
    view::{plan::RuleRef, sync::Offer},
};
use pointsman_instrument::opamp::{
    messages::{EXPIRY_ENTRY, Expiry, JSON, PLAN_ENTRY},
    proto::ServerToAgent,
};
use prost::{Message, encoding::encode_varint};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// `ServerToAgent.remote_config`
const REMOTE_CONFIG: u8 = 3;
/// `AgentRemoteConfig.config`
const CONFIG: u8 = 1;
/// `AgentRemoteConfig.config_hash`
const CONFIG_HASH: u8 = 2;
/// `AgentConfigMap.config_map`
const ENTRY: u8 = 1;
/// Key of a map's entry, and `AgentConfigFile.body`.
const FIRST: u8 = 1;
/// Value of a map's entry, and `AgentConfigFile.content_type`.
const SECOND: u8 = 2;

/// A plan, ready to be sent to every agent of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Its name.
    pub hash: [u8; 16],
    /// When parts of it end, in order.
    pub next: Vec<Wall>,
    /// Rules that are done at the source wholly.
    pub at_source: Arc<BTreeSet<Arc<RuleRef>>>,
    /// Rules of which something is left to the controller.
    pub at_controller: Arc<BTreeSet<Arc<RuleRef>>>,
    /// What it does not say, for its size.
    pub left_out: usize,
    /// The plan as an encoded entry of a configuration map.
    entry: Arc<[u8]>,
}

/// A message on its way out. The plan in it is shared: a thousand slow readers hold it once.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// What comes before the plan: the whole message where it has none.
    pub head: Vec<u8>,
    /// The plan.
    pub plan: Arc<[u8]>,
    /// What comes behind it.
    pub tail: Vec<u8>,
}

impl Prepared {
    /// Encodes a plan.
    #[must_use]
    pub fn new(offer: Offer) -> Self {
        let Offer { hash, body, next, at_source, at_controller, left_out } = offer;
        let (at_source, at_controller) = (Arc::new(at_source), Arc::new(at_controller));
        Self { hash, next, at_source, at_controller, left_out, entry: entry(PLAN_ENTRY, &body).into() }
    }

    /// How long each step is away, on a clock that runs `speed` times as fast as the agents'.
    fn expiry(&self, now: Wall, speed: u32) -> Vec<u8> {
        let left = |at: &Wall| Duration::from_nanos(at.0.saturating_sub(now.0)) / speed.max(1);
        let remaining_ms = self.next.iter().map(|at| u64::try_from(left(at).as_millis()).unwrap_or(u64::MAX)).collect();
        serde_json::to_vec(&Expiry { remaining_ms }).unwrap_or_default() // numbers always can be written
    }
}

impl Outgoing {
    /// A message without a plan.
    #[must_use]
    pub fn plain(message: &ServerToAgent) -> Self {
        Self { head: message.encode_to_vec(), plan: Arc::default(), tail: Vec::new() }
    }

    /// A message that offers a plan, whose steps are counted from `now`.
    #[must_use]
    pub fn offering(message: &ServerToAgent, plan: &Prepared, now: Wall, speed: u32) -> Self {
        let mut tail = if plan.next.is_empty() { Vec::new() } else { entry(EXPIRY_ENTRY, &plan.expiry(now, speed)) };
        let config = plan.entry.len().saturating_add(tail.len());
        field(CONFIG_HASH, &plan.hash, &mut tail);
        let mut inner = Vec::new();
        open(CONFIG, config, &mut inner);
        let length = inner.len().saturating_add(plan.entry.len()).saturating_add(tail.len());
        let mut head = message.encode_to_vec();
        open(REMOTE_CONFIG, length, &mut head);
        head.extend_from_slice(&inner);
        Self { head, plan: Arc::clone(&plan.entry), tail }
    }

    /// Bytes of the message.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.len().saturating_add(self.plan.len()).saturating_add(self.tail.len())
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole message.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        [&self.head, &*self.plan, &self.tail].concat()
    }
}

/// An entry of a configuration map.
fn entry(name: &str, body: &[u8]) -> Vec<u8> {
    let (mut file, mut both, mut entry) = (Vec::new(), Vec::new(), Vec::new());
    field(FIRST, body, &mut file);
    field(SECOND, JSON.as_bytes(), &mut file);
    field(FIRST, name.as_bytes(), &mut both);
    field(SECOND, &file, &mut both);
    field(ENTRY, &both, &mut entry);
    entry
}

fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    open(number, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// The head of a field with a length: every number here fits one byte.
fn open(number: u8, length: usize, out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    encode_varint(u64::try_from(length).unwrap_or(u64::MAX), out);
}
