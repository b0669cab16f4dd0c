//! The component's end of an OpAMP session as a state machine: what to say and when, and what an answer means. Knows no
//! socket and no clock, and obeys nothing: it is told what became of an offer.

#[cfg(test)]
mod tests;

use super::{
    messages::{CAPABILITY, CATALOGUE, EXPIRY_ENTRY, Expiry, JSON, PLAN_ENTRY, REPORT, Report, RuleReport},
    plan::PlanHash,
    proto::{
        AgentConfigFile, AgentConfigMap, AgentDescription, AgentDisconnect, AgentRemoteConfig, AgentToServer, AnyValue,
        CustomCapabilities, CustomMessage, EffectiveConfig, KeyValue, RemoteConfigStatus, RemoteConfigStatuses,
        ServerErrorResponse, ServerErrorResponseType, ServerToAgent, any_value, server_error_response::Details,
    },
};
use crate::{
    identity::Identity,
    limits::{
        ASKED_PAUSE_MAX, CATALOGUE_PAUSE, CUSTOM_BYTES_MAX, DESCRIBED_BYTES_MAX, DESCRIBED_MAX, EFFECTIVE_BYTES_MAX, HEARTBEAT,
        OFFER_HASH_MAX, REASON_CHARS_MAX, SAY_PAUSE,
    },
    semconv::attribute,
};
use bytes::Bytes;
use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

/// `ReportsStatus`, `AcceptsRemoteConfig`, `ReportsEffectiveConfig`, `ReportsRemoteConfig`, `ReportsHeartbeat`.
const CAPABILITIES: u64 = 0x1 | 0x2 | 0x4 | 0x1000 | 0x2000;
/// The server's flag `ReportFullState`.
const REPORT_FULL_STATE: u64 = 0x1;

/// How keys begin that say where in a cluster a process is.
const PLACES: &str = "k8s.";

/// Names this process to its controller: a UUID of version 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uid(pub(super) [u8; 16]);

impl Uid {
    /// From the wall clock and 16 random bytes.
    pub(super) fn new(now: SystemTime, random: [u8; 16]) -> Self {
        let millis = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let [_, _, m0, m1, m2, m3, m4, m5] = u64::try_from(millis).unwrap_or(u64::MAX).to_be_bytes();
        let [_, _, _, _, _, _, a, b, c, d, rest @ ..] = random;
        let (version, variant) = (0x70 | (a & 0x0f), 0x80 | (c & 0x3f));
        let [r0, r1, r2, r3, r4, r5] = rest;
        Self([m0, m1, m2, m3, m4, m5, version, b, variant, d, r0, r1, r2, r3, r4, r5])
    }
}

/// One session after the other: what the controller was told, and what it is still owed.
#[derive(Debug)]
pub(super) struct Session {
    uid: Uid,
    sequence: u64,
    description: AgentDescription,
    status: RemoteConfigStatus,
    effective: Option<Bytes>,
    report: Option<Bytes>,
    owed: Owed,
    /// When the catalogue is due, if it is.
    catalogue: Option<Duration>,
    /// What was offered last and is not obeyed yet; earlier offers need not be.
    offered: Option<Offered>,
    /// When the last message was made.
    said: Duration,
    /// Nothing was said on this connection yet.
    is_new: bool,
    /// A plan is obeyed that the controller does not know of: it is told without a pause.
    hurries: bool,
    /// When that was done last.
    hurried: Option<Duration>,
    /// Since the last message the controller asked for what it was told already.
    asked: bool,
    /// Messages in a row that it got for asking so.
    asks: u32,
}

/// What the controller was not told yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Owed {
    description: bool,
    status: bool,
    effective: bool,
    report: bool,
}

impl Owed {
    const ALL: Self = Self { description: true, status: true, effective: true, report: true };
}

/// What a message of the controller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that was not done already, but maybe to obey a plan: see [`Session::take_offer`].
    Nothing,
    /// To leave, and to come again no sooner than this.
    Leave(String, Option<Duration>),
    /// Something that was said is not understood: to say it again would not help.
    Objection(String),
    /// It was refused: for such a reason.
    Refused(&'static str),
}

/// A plan as it was offered; not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    /// What the controller calls it.
    pub(super) hash: Vec<u8>,
    pub(super) body: Bytes,
    pub(super) expiry: Expiry,
}

impl Session {
    pub(super) fn new(uid: Uid, description: AgentDescription) -> Self {
        Self {
            uid,
            sequence: 0,
            description,
            status: RemoteConfigStatus::default(),
            effective: None,
            report: None,
            owed: Owed::ALL,
            catalogue: None,
            offered: None,
            said: Duration::ZERO,
            is_new: true,
            hurries: false,
            hurried: None,
            asked: false,
            asks: 0,
        }
    }

    /// There is a new connection: all of it is to be said.
    pub(super) fn connected(&mut self, now: Duration) {
        self.all_again(now);
        (self.is_new, self.asked, self.asks) = (true, false, 0);
    }

    fn all_again(&mut self, now: Duration) {
        self.owed = Owed::ALL;
        self.catalogue = Some(now);
    }

    /// The catalogue is another: it is told soon, with what else changes until then.
    pub(super) fn catalogue_changed(&mut self, now: Duration) {
        self.catalogue.get_or_insert(now.saturating_add(CATALOGUE_PAUSE));
    }

    /// Whether the catalogue goes with what is said now: what became of the rules is to be looked at anew then, as it may be
    /// another for instruments that were made since.
    pub(super) fn tells_catalogue(&self, now: Duration) -> bool {
        self.due() <= now && self.catalogue.is_some_and(|due| due <= now)
    }

    /// What became of the rules of the plan in force as things stand; told if it is news.
    pub(super) fn reported(&mut self, hash: PlanHash, rules: Vec<RuleReport>) {
        let now = report(hash, rules);
        if self.report.as_ref() != Some(&now) {
            self.report = Some(now);
            self.owed.report = true;
        }
    }

    /// What is to be obeyed, if anything.
    pub(super) fn take_offer(&mut self) -> Option<Offered> {
        self.offered.take()
    }

    /// Whether there is something to obey.
    pub(super) fn has_offer(&self) -> bool {
        self.offered.is_some()
    }

    /// This plan is obeyed from now on.
    pub(super) fn applied(&mut self, hash: PlanHash, body: Bytes, rules: Vec<RuleReport>) {
        self.status = status(hash.0.to_vec(), RemoteConfigStatuses::Applied, String::new());
        self.effective = Some(body);
        self.report = Some(report(hash, rules));
        self.owed = Owed { status: true, effective: true, report: true, ..self.owed };
        self.hurries = true;
    }

    /// A step of the plan in force passed. An offer that was refused stays refused: it would only come again.
    pub(super) fn stepped(&mut self, hash: PlanHash, rules: Vec<RuleReport>) {
        self.report = Some(report(hash, rules));
        self.owed.report = true;
        if self.status.status() == RemoteConfigStatuses::Applied {
            self.status = status(hash.0.to_vec(), RemoteConfigStatuses::Applied, String::new());
            self.owed.status = true;
        }
    }

    /// What was offered under this name says no more than what is in force.
    pub(super) fn acknowledged(&mut self, in_force: PlanHash) {
        self.status = status(in_force.0.to_vec(), RemoteConfigStatuses::Applied, String::new());
        self.owed.status = true;
        self.asked = true;
    }

    /// What was offered cannot be obeyed; what is in force stays so.
    pub(super) fn failed(&mut self, hash: &[u8], why: &str) {
        let why = why.chars().take(REASON_CHARS_MAX).collect();
        let hash = hash.iter().copied().take(OFFER_HASH_MAX).collect();
        self.status = status(hash, RemoteConfigStatuses::Failed, why);
        self.owed.status = true;
        self.asked = true;
    }

    /// When there will be something to say, as things stand.
    pub(super) fn due(&self) -> Duration {
        let heartbeat = self.said.saturating_add(HEARTBEAT);
        let news = if self.owed == Owed::default() { self.catalogue } else { Some(Duration::ZERO) };
        news.map_or(heartbeat, |news| news.max(self.earliest()).min(heartbeat))
    }

    /// When something may be said again. A controller that answers each message with a wish for the next one, such as all of
    /// it again, would else get one after the other without end; it waits longer and longer.
    fn earliest(&self) -> Duration {
        if self.is_new {
            return Duration::ZERO;
        }
        let pause = SAY_PAUSE.saturating_mul(1_u32.checked_shl(self.asks).unwrap_or(u32::MAX)).min(ASKED_PAUSE_MAX);
        let calm = self.said.saturating_add(pause);
        let hurried = || self.hurried.map_or(Duration::ZERO, |hurried| hurried.saturating_add(SAY_PAUSE));
        if self.hurries { calm.min(hurried()) } else { calm }
    }

    /// What is to be said now, if anything; it counts as said. A message has room for one custom message: the catalogue goes
    /// before the report.
    pub(super) fn say(&mut self, now: Duration, catalogue: impl FnOnce() -> Bytes) -> Option<AgentToServer> {
        if self.due() > now {
            return None;
        }
        let mut owed = std::mem::take(&mut self.owed);
        if std::mem::take(&mut self.hurries) && !self.is_new {
            self.hurried = Some(now);
        }
        self.is_new = false;
        self.asks = if std::mem::take(&mut self.asked) { self.asks.saturating_add(1) } else { 0 };
        let mut message = self.message(now);
        if owed.description {
            message.agent_description = Some(self.description.clone());
            message.custom_capabilities = Some(CustomCapabilities { capabilities: vec![CAPABILITY.to_owned()] });
        }
        if owed.status {
            message.remote_config_status = Some(self.status.clone());
        }
        if owed.effective {
            message.effective_config = self.effective();
        }
        message.custom_message = if self.catalogue.is_some_and(|due| due <= now) {
            self.catalogue = None;
            Some(custom(CATALOGUE, &catalogue()))
        } else {
            std::mem::take(&mut owed.report).then(|| self.report.as_deref().map(|report| custom(REPORT, report))).flatten()
        };
        self.owed.report = owed.report && self.report.is_some();
        Some(message)
    }

    /// The last message of a session that ends well.
    pub(super) fn farewell(&mut self, now: Duration) -> AgentToServer {
        AgentToServer { agent_disconnect: Some(AgentDisconnect {}), ..self.message(now) }
    }

    /// One that says who speaks and nothing else: a heartbeat.
    fn message(&mut self, now: Duration) -> AgentToServer {
        self.said = now;
        self.sequence = self.sequence.wrapping_add(1);
        AgentToServer {
            instance_uid: self.uid.0.to_vec(),
            sequence_num: self.sequence,
            capabilities: CAPABILITIES,
            ..AgentToServer::default()
        }
    }

    /// The plan in force; not the bytes of one that is so large that they leave no room for the rest.
    fn effective(&self) -> Option<EffectiveConfig> {
        let body = self.effective.as_ref().filter(|body| body.len() <= EFFECTIVE_BYTES_MAX)?;
        let file = AgentConfigFile { body: body.to_vec(), content_type: JSON.to_owned() };
        let config_map = [(PLAN_ENTRY.to_owned(), file)].into();
        Some(EffectiveConfig { config_map: Some(AgentConfigMap { config_map }) })
    }

    /// What a message means, given which plan is in force.
    pub(super) fn hear(&mut self, message: ServerToAgent, in_force: Option<PlanHash>) -> Heard {
        let ServerToAgent { instance_uid, error_response, remote_config, flags, agent_identification, .. } = message;
        // One that names nobody may say that it is not well, as it may not know who we are, and no more.
        let unnamed = instance_uid.is_empty() && remote_config.is_none() && agent_identification.is_none();
        if instance_uid != self.uid.0 && !unnamed {
            return Heard::Refused("it is for another instance");
        }
        if let Some(error) = error_response {
            return objection(error);
        }
        if let Some(identification) = agent_identification {
            let Ok(uid) = identification.new_instance_uid.try_into() else {
                return Heard::Refused("the identity that it gives has not 16 bytes");
            };
            self.uid = Uid(uid);
            self.all_again(self.said);
            self.asked = true;
        }
        if flags & REPORT_FULL_STATE != 0 {
            self.all_again(self.said);
            self.asked = true;
        }
        remote_config.map_or(Heard::Nothing, |config| self.offer(config, in_force))
    }

    fn offer(&mut self, config: AgentRemoteConfig, in_force: Option<PlanHash>) -> Heard {
        let AgentRemoteConfig { config, config_hash: hash } = config;
        // Whatever becomes of this one, what was offered before it is no longer wanted.
        self.offered = None;
        if let Some(in_force) = in_force.filter(|in_force| in_force.0 == hash.as_slice()) {
            self.acknowledged(in_force);
            return Heard::Nothing;
        }
        if hash.len() > OFFER_HASH_MAX {
            self.failed(&hash, "the hash of the offer is too long");
            return Heard::Refused("the hash of the offer is too long");
        }
        let mut entries = config.map(|config| config.config_map).unwrap_or_default();
        let Some(plan) = entries.remove(PLAN_ENTRY) else {
            self.failed(&hash, "the offer has no entry pointsman-plan");
            return Heard::Refused("its offer has no entry pointsman-plan");
        };
        // Without one, or with one that says nothing, the wall clock decides.
        let expiry = entries.remove(EXPIRY_ENTRY).and_then(|entry| serde_json::from_slice(&entry.body).ok());
        self.offered = Some(Offered { hash, body: plan.body.into(), expiry: expiry.unwrap_or_default() });
        Heard::Nothing
    }
}

/// An error excludes everything else that a message might say. Only one that says that the controller is not well ends the
/// session.
fn objection(error: ServerErrorResponse) -> Heard {
    let is_ours = error.r#type() == ServerErrorResponseType::BadRequest;
    let after = error.details.map(|Details::RetryInfo(info)| Duration::from_nanos(info.retry_after_nanoseconds));
    let why = error.error_message.chars().take(REASON_CHARS_MAX).collect();
    if is_ours { Heard::Objection(why) } else { Heard::Leave(why, after) }
}

fn status(hash: Vec<u8>, status: RemoteConfigStatuses, error_message: String) -> RemoteConfigStatus {
    RemoteConfigStatus { last_remote_config_hash: hash, status: status.into(), error_message }
}

fn custom(of: &str, data: &[u8]) -> CustomMessage {
    CustomMessage { capability: CAPABILITY.to_owned(), r#type: of.to_owned(), data: data.to_vec() }
}

fn report(hash: PlanHash, mut rules: Vec<RuleReport>) -> Bytes {
    let total = rules.len();
    let (json, _) = fitted(total, |count| {
        rules.truncate(count);
        serde_json::to_vec(&Report { hash: hash.to_string(), rules: rules.clone() })
    });
    json
}

/// JSON with so many of `total` items that it fits into a custom message, and how many were left out. `write` is asked for
/// fewer and fewer.
pub(super) fn fitted(total: usize, mut write: impl FnMut(usize) -> serde_json::Result<Vec<u8>>) -> (Bytes, usize) {
    let mut count = total;
    loop {
        match write(count) {
            Ok(json) if json.len() <= CUSTOM_BYTES_MAX => return (json.into(), total.saturating_sub(count)),
            // What cannot be written, or is too large with no item at all, is nothing.
            _ if count == 0 => return (Bytes::new(), total),
            _ => count /= 2,
        }
    }
}

/// Who we are: what names a service identifies, the rest describes; and how many attributes are left out because they are too
/// many or too long. What names the service stays first, then what names its place in a cluster.
pub(super) fn description(identity: &Identity) -> (AgentDescription, usize) {
    const NAMES: [&str; 3] = [attribute::SERVICE_NAME, attribute::SERVICE_NAMESPACE, attribute::SERVICE_INSTANCE_ID];
    let text = |(key, value): (&str, Cow<'_, str>)| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(any_value::Value::StringValue(value.into_owned())) }),
    };
    let all = identity.attributes.iter().map(|a| (a.key.as_str(), a.value.as_str()));
    let all = all.filter(|(key, value)| key.len() + value.len() <= DESCRIBED_BYTES_MAX);
    let (identifying, rest): (Vec<_>, Vec<_>) = all.partition(|(key, _)| NAMES.contains(key));
    let (places, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(key, _)| key.starts_with(PLACES));
    let room = DESCRIBED_MAX.saturating_sub(identifying.len());
    let told = AgentDescription {
        identifying_attributes: identifying.into_iter().map(text).collect(),
        non_identifying_attributes: places.into_iter().chain(rest).take(room).map(text).collect(),
    };
    let count = told.identifying_attributes.len() + told.non_identifying_attributes.len();
    (told, identity.attributes.len().saturating_sub(count))
}
