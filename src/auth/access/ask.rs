//! An API server as one who knows: what it said of tokens and rights holds for a while, is asked for once by however many
//! wait for it, and no oftener than it may be. Keeps no token, but a hash of it under a key that dies with the process.
//! Reads no clock and spawns nothing: both are handed in. Knows no connections.

pub mod cache;
pub mod counts;
mod flight;
pub mod rate;
pub mod review;

use super::{Attributes, Oracle, Patience, Target, Token, Unavailable, User};
use crate::kubernetes::failure::Failure;
use aws_lc_rs::hmac;
use cache::Hold;
use counts::{Cap, Counts, Outcome, Question};
use flight::{Begun, Flight, Key, Shelf, Ticket};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use pointsman_core::{limits, model::clock::Mono};
use rate::Rate;
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// The two questions, each asked once. A failure is never a no.
pub trait Ask: Send + Sync {
    /// Whose token it is; `None` = nobody's, or not for us.
    fn user(&self, token: Token) -> BoxFuture<'static, Result<Option<User>, Failure>>;

    /// Whether the user may do that.
    fn may(&self, user: &User, what: &Attributes) -> BoxFuture<'static, Result<bool, Failure>>;
}

/// What is not made here.
#[derive(Clone)]
pub struct World {
    /// The monotonic clock.
    pub now: Arc<dyn Fn() -> Mono + Send + Sync>,
    /// Runs a question to its end, whoever still waits for it.
    pub spawn: Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>,
    /// 32 random bytes of this process, which nobody else is told.
    pub secret: [u8; 32],
}

/// How often all who share it may ask.
#[derive(Debug)]
pub struct Turns(Mutex<Shares>);

/// A rate for all, and one within it for each user whose rights nobody has asked about yet: whoever asks for ever new things takes
/// few turns from others.
#[derive(Debug)]
struct Shares {
    all: Rate,
    of_one: Rate,
    of_users: HashMap<Key, Rate>,
}

impl Turns {
    /// So many a second, and so many at once after a quiet time.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Arc<Self> {
        let of_one = Rate::new(per_second.div_ceil(limits::ACCESS_USER_SHARE), burst.div_ceil(limits::ACCESS_USER_BURST_SHARE));
        Arc::new(Self(Mutex::new(Shares { all: Rate::new(per_second, burst), of_one, of_users: HashMap::new() })))
    }

    /// A turn for something that is known and asked for again, or for a token.
    fn take(&self, now: Mono, patience: Duration) -> Option<Duration> {
        self.0.lock().all.turn(now, patience)
    }

    /// A turn for a right that nobody has asked about yet.
    fn take_new(&self, user: Key, now: Mono, patience: Duration) -> Option<Duration> {
        let mut shares = self.0.lock();
        if shares.of_users.len() >= limits::ACCESS_USERS_MAX {
            shares.of_users.clear(); // each has its burst again: the rate for all stays
        }
        let mut after = shares.of_users.get(&user).copied().unwrap_or(shares.of_one);
        after.turn(now, Duration::ZERO)?;
        let wait = shares.all.turn(now, patience)?;
        shares.of_users.insert(user, after);
        Some(wait)
    }
}

/// Whether an older yes stands in while nobody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It does, for a time: who reads may go on reading.
    StandIn,
    /// It does not: nobody is taken for a sender on an old word.
    Refuse,
}

/// An API server behind its caches.
pub struct Asked {
    calls: Box<dyn Ask>,
    outage: Outage,
    turns: Arc<Turns>,
    counts: Arc<Counts>,
    world: World,
    seal: hmac::Key,
    tokens: Arc<Shelf<Option<User>>>,
    rights: Arc<Shelf<bool>>,
    trouble: Arc<Mutex<Option<&'static str>>>,
}

/// Opens the caches, empty. Nothing is asked yet: the API server may be away.
#[must_use]
pub fn open(calls: Box<dyn Ask>, outage: Outage, turns: Arc<Turns>, counts: Arc<Counts>, world: World) -> Arc<Asked> {
    let seal = hmac::Key::new(hmac::HMAC_SHA256, &world.secret);
    let (tokens, rights) = (Shelf::new(limits::ACCESS_TOKENS_MAX), Shelf::new(limits::ACCESS_RIGHTS_MAX));
    Arc::new(Asked { calls, outage, turns, counts, world, seal, tokens, rights, trouble: Arc::default() })
}

impl Oracle for Asked {
    fn user<'a>(&'a self, token: &'a Token, patience: &'a Patience) -> BoxFuture<'a, Result<Option<User>, Unavailable>> {
        let key = self.key(|fields| fields.put(b"token").put(token.reveal().as_bytes()));
        Box::pin(async move {
            // An API server takes no such question: it would be trouble, and it is a no.
            if token.reveal().is_empty() {
                return Ok(None);
            }
            let stranger = limits::ACCESS_STRANGER_TURN_MS_MAX;
            let begun = self
                .tokens
                .begin(key, (self.world.now)(), |known| self.turn(if known { limits::ACCESS_TURN_MS_MAX } else { stranger }));
            self.answer(Question::Token, begun, patience, |ticket, wait| {
                let call = self.calls.user(Token::new(token.reveal().to_owned()));
                self.fly(Cap::Tokens, ticket, wait, call, |user| {
                    let (fresh, yes) = limits::ACCESS_TOKEN_SECS;
                    let bytes = user.as_ref().map_or(0, bytes_of_user);
                    remembered(bytes).then(|| hold(fresh, if user.is_some() { yes } else { fresh }))
                })
            })
            .await
        })
    }

    fn may<'a>(
        &'a self,
        user: &'a User,
        what: &'a Attributes,
        patience: &'a Patience,
    ) -> BoxFuture<'a, Result<bool, Unavailable>> {
        let key = self.key(|fields| fields.put(b"right").user(user).attributes(what));
        Box::pin(async move {
            let whose = self.key(|fields| fields.put(b"user").put(user.name.as_bytes()));
            let begun = self.rights.begin(key, (self.world.now)(), |known| match known {
                true => self.turn(limits::ACCESS_TURN_MS_MAX),
                false => {
                    let patience = Duration::from_millis(limits::ACCESS_STRANGER_TURN_MS_MAX);
                    self.turns.take_new(whose, (self.world.now)(), patience)
                }
            });
            self.answer(Question::Right, begun, patience, |ticket, wait| {
                let bytes = bytes_of_attributes(what);
                self.fly(Cap::Rights, ticket, wait, self.calls.may(user, what), move |allowed| {
                    let (fresh, yes) = limits::ACCESS_ALLOW_SECS;
                    let deny = limits::ACCESS_DENY_SECS;
                    remembered(bytes).then(|| if *allowed { hold(fresh, yes) } else { hold(deny, deny) })
                })
            })
            .await
        })
    }
}

impl Asked {
    fn turn(&self, patience_ms: u64) -> Option<Duration> {
        self.turns.take((self.world.now)(), Duration::from_millis(patience_ms))
    }

    /// Waits for an answer that is not there yet; the first who asks has it brought.
    async fn answer<V: Clone + Send + Sync + 'static>(
        &self,
        question: Question,
        begun: Begun<V>,
        patience: &Patience,
        fly: impl FnOnce(Ticket<V>, Duration) -> BoxFuture<'static, ()>,
    ) -> Result<V, Unavailable> {
        let (flight, old) = match begun {
            Begun::Known(value) => {
                self.counts.ended(question, Outcome::Hit);
                return Ok(value);
            }
            Begun::Limited(old) => {
                self.counts.bit(Cap::Rate);
                return self.stand_in(question, Outcome::Limited, old, Unavailable { retry_secs: 1 });
            }
            Begun::Joined(flight, old) => (flight, old),
            Begun::First(ticket, wait, flight, old) => {
                (self.world.spawn)(fly(ticket, wait));
                (flight, old)
            }
        };
        let old = old.filter(|_| self.outage == Outage::StandIn);
        let limit = if old.is_some() { limits::ACCESS_STALE_WAIT_MS_MAX } else { limits::ACCESS_WAIT_MS_MAX };
        let unavailable = match patience.wait(limit, landed(flight)).await {
            Some(Ok(value)) => {
                self.counts.ended(question, Outcome::Miss);
                return Ok(value);
            }
            Some(Err(unavailable)) => unavailable,
            None => {
                self.counts.bit(Cap::Wait);
                Unavailable { retry_secs: limits::ACCESS_RETRY_SECS.0 }
            }
        };
        self.stand_in(question, Outcome::Error, old, unavailable)
    }

    fn stand_in<V>(&self, question: Question, why: Outcome, old: Option<V>, or: Unavailable) -> Result<V, Unavailable> {
        match old.filter(|_| self.outage == Outage::StandIn) {
            Some(value) => {
                self.counts.ended(question, Outcome::Stale);
                Ok(value)
            }
            None => {
                self.counts.ended(question, why);
                Err(or)
            }
        }
    }

    /// One question to its end: it waits for its turn, is asked once, and what is said is kept for as long as `hold` says,
    /// from when it was asked.
    fn fly<V: Clone + Send + Sync + 'static>(
        &self,
        cap: Cap,
        ticket: Ticket<V>,
        wait: Duration,
        call: impl Future<Output = Result<V, Failure>> + Send + 'static,
        hold: impl FnOnce(&V) -> Option<Hold> + Send + 'static,
    ) -> BoxFuture<'static, ()> {
        let (now, counts, trouble) = (Arc::clone(&self.world.now), Arc::clone(&self.counts), Arc::clone(&self.trouble));
        Box::pin(async move {
            sleep(wait).await;
            let since = now();
            let limit = Duration::from_millis(limits::ACCESS_LOOKUP_MS_MAX);
            let said = timeout(limit, call).await.unwrap_or_else(|_| Err(Failure::Away("no answer in time".to_owned())));
            tell(&trouble, said.as_ref().err());
            let hold = said.as_ref().ok().and_then(|value| {
                let hold = hold(value);
                if hold.is_none() {
                    counts.bit(Cap::Bytes);
                }
                hold
            });
            if ticket.land(said.map_err(|failure| unavailable(&failure)), hold.map(|hold| (hold, since))) {
                counts.bit(cap);
            }
        })
    }

    fn key(&self, write: impl FnOnce(Fields) -> Fields) -> Key {
        let tag = write(Fields(hmac::Context::with_key(&self.seal))).0.sign();
        let mut key = Key::default();
        key.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        key
    }
}

/// Fields one after the other, each after its length: no two questions read alike.
struct Fields(hmac::Context);

impl Fields {
    fn put(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn list(mut self, texts: &[String]) -> Self {
        self.0.update(&(texts.len() as u64).to_le_bytes());
        texts.iter().fold(self, |fields, text| fields.put(text.as_bytes()))
    }

    fn user(self, user: &User) -> Self {
        let User { name, uid, groups, extra } = user;
        let fields = self.put(name.as_bytes()).put(uid.as_bytes()).list(groups);
        let fields = fields.put(&(extra.len() as u64).to_le_bytes());
        extra.iter().fold(fields, |fields, (key, values)| fields.put(key.as_bytes()).list(values))
    }

    fn attributes(self, what: &Attributes) -> Self {
        let fields = self.put(what.verb.as_bytes());
        match &what.target {
            Target::Path(path) => fields.put(b"path").put(path.as_bytes()),
            Target::Resource(of) => {
                let texts = [&of.namespace, &of.api_group, &of.api_version, &of.resource, &of.subresource, &of.name];
                texts.into_iter().fold(fields.put(b"resource"), |fields, text| fields.put(text.as_bytes()))
            }
        }
    }
}

async fn landed<V: Clone>(mut flight: Flight<V>) -> Result<V, Unavailable> {
    let lost = Err(Unavailable { retry_secs: 1 });
    match flight.wait_for(Option::is_some).await {
        Ok(said) => said.clone().unwrap_or(lost),
        Err(_) => lost,
    }
}

/// `all` counts from the answer, as `fresh` does.
fn hold(fresh: u64, all: u64) -> Hold {
    Hold { fresh: Duration::from_secs(fresh), stale: Duration::from_secs(all.saturating_sub(fresh)) }
}

const fn remembered(bytes: usize) -> bool {
    bytes < limits::ACCESS_REMEMBERED_BYTES
}

fn bytes_of_user(user: &User) -> usize {
    let of_extra = user.extra.iter().flat_map(|(key, values)| values.iter().chain([key]));
    [&user.name, &user.uid].into_iter().chain(&user.groups).chain(of_extra).map(String::len).sum()
}

fn bytes_of_attributes(what: &Attributes) -> usize {
    let target = match &what.target {
        Target::Path(path) => path.len(),
        Target::Resource(of) => [&of.namespace, &of.api_group, &of.api_version, &of.resource, &of.subresource, &of.name]
            .into_iter()
            .map(String::len)
            .sum(),
    };
    what.verb.len() + target
}

fn unavailable(failure: &Failure) -> Unavailable {
    let (usual, most) = limits::ACCESS_RETRY_SECS;
    let asked = match failure {
        Failure::Busy(Some(wait)) => wait.as_secs(),
        _ => usual,
    };
    Unavailable { retry_secs: asked.clamp(1, most) }
}

/// Trouble is told when it begins, changes and ends. No failure holds a token.
fn tell(trouble: &Mutex<Option<&'static str>>, failure: Option<&Failure>) {
    let reason = failure.map(Failure::reason);
    let before = std::mem::replace(&mut *trouble.lock(), reason);
    match failure {
        _ if before == reason => {}
        Some(failure) => warn!(error = %failure, "the API server cannot say who may read"),
        None => info!("the API server says again who may read"),
    }
}

#[cfg(test)]
mod tests;
