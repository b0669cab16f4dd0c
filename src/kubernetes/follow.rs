//! One watch: list, then follow, for ever. A relist swaps whole, a failure backs off by itself, silence makes a new client.
//! Knows what is watched as a path and a form, not what the objects mean.

mod backoff;
mod wire;

#[cfg(test)]
mod tests;

use self::{
    backoff::BackOff,
    wire::{Line, WireError},
};
use super::{
    Clock, Random,
    connect::{Connect, ConnectError},
    objects::{Entry, Key, Kind, Undefined},
};
use kube::Client;
use pointsman_core::{
    limits::{
        CLUSTER_CRD_LOOK_SECS, WATCH_BACKOFF_MS_MAX, WATCH_GRACE_SECS, WATCH_PAGE_MAX, WATCH_PROOF_MS, WATCH_RAW_PAGE_MAX,
        WATCH_RELIST_SECS, WATCH_RESUMES_MAX, WATCH_SECS, WATCH_SILENCE_SECS_MAX,
    },
    model::clock::Mono,
};
use serde_json::value::RawValue;
use std::{
    error::Error,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    select,
    sync::{Notify, mpsc},
    time::sleep,
};
use tracing::debug;

/// What a watch tells.
#[derive(Debug)]
pub enum News {
    /// A list begins: parts of an earlier one, which broke off, count no more. Told of kinds that come as they are, whose
    /// objects may be large: of others the list is told at once.
    Begun,
    /// A part of a list; the last one is told as [`News::Listed`].
    Part(Vec<Entry>),
    /// Everything there is, but for parts that were told: what was known and is in none of them is gone.
    Listed {
        /// Every object that fits the cap.
        entries: Vec<Entry>,
        /// How many did not.
        left_out: usize,
    },
    /// An object is new, or another one than before.
    Applied(Entry),
    /// An object is gone.
    Deleted(Key),
    /// What keeps the watch from its work now; `None` = nothing any more.
    Trouble(Option<Trouble>),
}

/// Why a watch cannot do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or none that can be used.
    Away {
        /// The error with its causes.
        why: Box<str>,
    },
    /// The kind is not defined there.
    Missing,
    /// The right is missing.
    Forbidden {
        /// What may not be done: `list` or `watch`.
        verb: &'static str,
    },
}

/// What a watch works with.
#[derive(Clone)]
pub struct Surroundings {
    /// Makes clients.
    pub connect: Connect,
    /// The clocks.
    pub now: Clock,
    /// Chance.
    pub random: Random,
    /// Asks for a new list.
    pub again: Arc<Notify>,
}

/// How one watch fares, as counters that only grow, but for `objects`.
#[derive(Debug, Default)]
pub struct Health {
    kind: &'static str,
    objects: AtomicU64,
    last_contact: AtomicU64,
    current: AtomicU64,
    events: AtomicU64,
    errors: AtomicU64,
    nameless: AtomicU64,
    forbidden: AtomicU64,
    missing: AtomicU64,
    left_out: AtomicU64,
    relists: AtomicU64,
    restarts: AtomicU64,
}

/// [`Health`] at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthNow {
    /// The kind that is watched.
    pub kind: &'static str,
    /// Objects known.
    pub objects: u64,
    /// When the API server last said anything; `None` = not since the start.
    pub last_contact: Option<Mono>,
    /// When what is known was last known to be current; `None` = not since the start.
    pub current: Option<Mono>,
    /// Events taken, bookmarks included.
    pub events: u64,
    /// Requests, streams and objects that failed.
    pub errors: u64,
    /// Of these, objects without a name.
    pub nameless: u64,
    /// Of these, requests without the right to make them.
    pub forbidden: u64,
    /// Looks at a kind that is not defined; no error by themselves.
    pub missing: u64,
    /// Objects beyond the cap, list by list.
    pub left_out: u64,
    /// Lists that were taken over whole.
    pub relists: u64,
    /// Clients made anew after silence.
    pub restarts: u64,
}

impl Health {
    /// Nothing happened yet.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }

    /// How many objects are known, says whoever keeps them.
    pub fn set_objects(&self, objects: usize) {
        self.objects.store(u64::try_from(objects).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What is known is current now, says whoever feeds a watch that has no API server.
    pub fn is_current(&self, now: Mono) {
        self.current.store(now.0, Ordering::Relaxed);
    }

    /// Every number as it stands.
    #[must_use]
    pub fn now(&self) -> HealthNow {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        HealthNow {
            kind: self.kind,
            objects: get(&self.objects),
            last_contact: Some(Mono(get(&self.last_contact))).filter(|at| at.0 > 0),
            current: Some(Mono(get(&self.current))).filter(|at| at.0 > 0),
            events: get(&self.events),
            errors: get(&self.errors),
            nameless: get(&self.nameless),
            forbidden: get(&self.forbidden),
            missing: get(&self.missing),
            left_out: get(&self.left_out),
            relists: get(&self.relists),
            restarts: get(&self.restarts),
        }
    }
}

/// Why a turn of a watch came to nothing.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("make a client")]
    Connect(#[source] ConnectError),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("follow a list or object without a resourceVersion")]
    NoVersion,
    #[error("follow a watch that says nothing and does not end")]
    Silent,
    #[error("follow a watch that ends as soon as it begins")]
    Fleeting,
}

/// One watch on its way.
pub struct Follower {
    at: usize,
    kind: Kind,
    surroundings: Surroundings,
    health: Arc<Health>,
    news: mpsc::Sender<(usize, News)>,
    client: Option<Client>,
    /// When the client was made, or the watch began.
    renewed: Mono,
    /// When it last listed.
    listed: Mono,
    /// The version to go on from; `None` = list first.
    position: Option<String>,
    /// Objects of one page: fewer once a page was too large or too slow.
    page: u32,
    back_off: BackOff,
    /// Attempts to go on from `position` that failed in a row.
    resumes: u32,
    /// Turns that failed since the last progress.
    failures: u32,
    is_listed: bool,
    trouble: Option<Trouble>,
    /// What the last failure kept us from.
    trouble_of: &'static str,
}

impl Follower {
    /// A watch that tells its news under the number `at`.
    pub fn new(
        at: usize,
        kind: Kind,
        surroundings: Surroundings,
        health: Arc<Health>,
        news: mpsc::Sender<(usize, News)>,
    ) -> Self {
        let renewed = (surroundings.now)().0;
        let (client, position, trouble, back_off) = (None, None, None, BackOff::default());
        let (resumes, failures, is_listed, page) = (0, 0, false, page_max(&kind));
        Self {
            at,
            kind,
            surroundings,
            health,
            news,
            client,
            renewed,
            listed: renewed,
            position,
            page,
            back_off,
            resumes,
            failures,
            is_listed,
            trouble,
            trouble_of: LIST,
        }
    }

    /// Follows the kind for as long as anybody listens.
    pub async fn run(mut self) {
        while !self.news.is_closed() {
            if let Err(error) = self.turn().await {
                let pause = self.judge(&error).await;
                sleep(pause).await;
            }
        }
    }

    async fn turn(&mut self) -> Result<(), FollowError> {
        let client = self.client().await?;
        match self.position.clone() {
            None => self.list(&client).await,
            Some(version) => self.follow(&client, version).await,
        }
    }

    /// The client; a new one, and a new list, after a silence so long that the old one may be stuck.
    async fn client(&mut self) -> Result<Client, FollowError> {
        let now = self.now();
        if self.silence(now) >= Duration::from_secs(WATCH_SILENCE_SECS_MAX) {
            self.health.restarts.fetch_add(1, Ordering::Relaxed);
            (self.client, self.position, self.renewed) = (None, None, now);
        }
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = (self.surroundings.connect)().await.map_err(FollowError::Connect)?;
        Ok(self.client.insert(client).clone())
    }

    async fn list(&mut self, client: &Client) -> Result<(), FollowError> {
        let (mut entries, mut told, mut left_out, mut token) = (Vec::new(), 0, 0, None);
        if self.kind.form.is_raw() {
            self.tell(News::Begun).await;
        }
        let version = loop {
            let page = wire::page(client, &self.kind, self.page, token).await?;
            self.contact();
            self.nameless(page.nameless);
            entries.extend(page.entries);
            let room = self.kind.objects_max.saturating_sub(told);
            if entries.len() > room {
                left_out += entries.len() - room;
                entries.truncate(room);
                break page.version;
            }
            token = page.token;
            if token.is_none() {
                break page.version;
            }
            if self.kind.form.is_raw() {
                told += entries.len();
                self.tell(News::Part(std::mem::take(&mut entries))).await;
            }
        };
        (self.is_listed, self.listed) = (true, self.now());
        // What made pages too large may be gone.
        self.page = self.page.saturating_mul(PAGE_STEP).min(page_max(&self.kind));
        count(&self.health.left_out, left_out);
        self.tell(News::Listed { entries, left_out }).await;
        self.health.relists.fetch_add(1, Ordering::Relaxed);
        self.progress();
        if self.trouble == Some(Trouble::Missing) || self.trouble_of == LIST {
            self.set_trouble(None).await;
        }
        self.position = version;
        if self.position.is_some() { Ok(()) } else { Err(FollowError::NoVersion) }
    }

    async fn follow(&mut self, client: &Client, mut version: String) -> Result<(), FollowError> {
        let mut lines = wire::open(client, &self.kind, &version).await?;
        // A watch that began proves little: some end at once.
        let mut proof = pin!(sleep(Duration::from_millis(WATCH_PROOF_MS)));
        let patience = Duration::from_secs(WATCH_SILENCE_SECS_MAX).saturating_sub(self.silence(self.now()));
        let mut end = pin!(sleep(patience.min(Duration::from_secs(WATCH_SECS + WATCH_GRACE_SECS))));
        let again = Arc::clone(&self.surroundings.again);
        let rest = Duration::from_secs(WATCH_RELIST_SECS).saturating_sub(self.now().since(self.listed));
        // Whoever asks meanwhile is heard afterwards: a wish is kept until it is awaited.
        let mut again = pin!(async {
            sleep(rest).await;
            again.notified().await;
        });
        let mut is_proven = false;
        loop {
            // Cancel-safe: lines keep what they have read.
            let next = select! {
                next = lines.next() => next?,
                () = &mut proof, if !is_proven => {
                    is_proven = true;
                    self.set_trouble(None).await;
                    continue;
                }
                () = &mut again => {
                    self.position = None;
                    return Ok(());
                }
                () = &mut end => return Err(FollowError::Silent),
            };
            let Some(bytes) = next else { break };
            let line = wire::line(&self.kind, &bytes)?;
            let (news, reached) = match line {
                Line::Applied(entry, reached) => (Some(News::Applied(entry)), reached),
                Line::Deleted(key, reached) => (Some(News::Deleted(key)), reached),
                Line::Bookmark(reached) => (None, reached),
                Line::Nameless(reached) => {
                    self.nameless(1);
                    (None, reached)
                }
                Line::Error(error) => return Err(error.into()),
            };
            is_proven = true;
            self.set_trouble(None).await;
            self.health.events.fetch_add(1, Ordering::Relaxed);
            self.contact();
            self.progress();
            if let Some(news) = news {
                self.tell(news).await;
            }
            if reached.is_empty() {
                self.position = None;
                return Err(FollowError::NoVersion);
            }
            version.clone_from(&reached);
            self.position = Some(reached);
        }
        if is_proven { Ok(()) } else { Err(FollowError::Fleeting) }
    }

    /// Draws the consequences of a failure, and says how long to wait before the next turn.
    async fn judge(&mut self, error: &FollowError) -> Duration {
        let verb = if self.position.is_none() { LIST } else { WATCH };
        self.trouble_of = verb;
        let now = self.now();
        debug!(kind = self.kind.kind, verb, error = %told(error), "watch failed");
        let (code, retry_after) = match error {
            FollowError::Wire(WireError::Status { code, retry_after, .. }) => (*code, *retry_after),
            _ => (0, None),
        };
        if code == 404 {
            self.position = None;
            count(&self.health.missing, 1);
            self.contact();
            self.is_missing().await;
            return Duration::from_secs(CLUSTER_CRD_LOOK_SECS);
        }
        count(&self.health.errors, 1);
        self.failures = self.failures.saturating_add(1);
        if matches!(error, FollowError::Wire(WireError::TooLarge(_) | WireError::Slow)) && verb == LIST {
            self.page = (self.page / PAGE_STEP).max(1);
        }
        if verb == WATCH {
            self.resumes = self.resumes.saturating_add(1);
        }
        // What the server has forgotten, and what it will not say again and again, is listed anew.
        if code == 410 || self.resumes >= WATCH_RESUMES_MAX {
            (self.position, self.resumes) = (None, 0);
        }
        if code == 403 {
            count(&self.health.forbidden, 1);
            self.contact();
            self.set_trouble(Some(Trouble::Forbidden { verb })).await;
        } else if !self.is_listed || self.failures >= WATCH_RESUMES_MAX {
            self.set_trouble(Some(Trouble::Away { why: told(error).into() })).await;
        }
        let asked = retry_after.unwrap_or_default().min(Duration::from_millis(WATCH_BACKOFF_MS_MAX));
        self.back_off.next(now, (self.surroundings.random)()).max(asked)
    }

    /// A kind that is not defined has no objects. Of ours the last ones stay: whoever removed the definition is told.
    async fn is_missing(&mut self) {
        let told = self.kind.undefined != Undefined::Empty;
        self.set_trouble(told.then_some(Trouble::Missing)).await;
        if self.kind.undefined != Undefined::Fault {
            self.tell(News::Listed { entries: Vec::new(), left_out: 0 }).await;
        }
        self.is_listed = true;
        self.current();
    }

    async fn set_trouble(&mut self, trouble: Option<Trouble>) {
        if self.trouble != trouble {
            self.trouble.clone_from(&trouble);
            self.tell(News::Trouble(trouble)).await;
        }
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more only when the whole controller is about to be dropped: `run` ends then.
        drop(self.news.send((self.at, news)).await);
    }

    fn nameless(&self, objects: usize) {
        count(&self.health.errors, objects);
        count(&self.health.nameless, objects);
    }

    fn progress(&mut self) {
        (self.resumes, self.failures) = (0, 0);
        self.current();
    }

    fn current(&self) {
        self.health.current.store(self.now().0.max(1), Ordering::Relaxed);
    }

    fn contact(&self) {
        self.health.last_contact.store(self.now().0.max(1), Ordering::Relaxed);
    }

    /// How long nothing was heard; counted anew from each new client.
    fn silence(&self, now: Mono) -> Duration {
        let last = Mono(self.health.last_contact.load(Ordering::Relaxed));
        now.since(last.max(self.renewed))
    }

    fn now(&self) -> Mono {
        (self.surroundings.now)().0
    }
}

/// The body of one object, whole whatever the form of its kind; `None`: there is no such object.
///
/// # Errors
/// The API server does not answer in time, or refuses; the object is larger than [`CLUSTER_OBJECT_BYTES_MAX`], or no JSON.
///
/// [`CLUSTER_OBJECT_BYTES_MAX`]: pointsman_core::limits::CLUSTER_OBJECT_BYTES_MAX
pub async fn fetch(client: &Client, kind: &Kind, name: &str) -> Result<Option<Box<RawValue>>, FetchError> {
    match wire::object(client, kind, name).await {
        Err(WireError::Status { code: 404, .. }) => Ok(None),
        other => Ok(Some(other?)),
    }
}

/// Why one object could not be read.
#[derive(Debug, thiserror::Error)]
#[error("read one object")]
pub struct FetchError(#[from] WireError);

impl FetchError {
    /// Whether the API server answered, and will not say.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self(WireError::Status { code: 401 | 403, .. }))
    }
}

/// By how much pages shrink when one was too large or too slow, and grow again after a list that was not.
const PAGE_STEP: u32 = 8;
const LIST: &str = "list";
const WATCH: &str = "watch";

/// Objects that come as they are may be large, and wait to be read: fewer are asked for at once.
fn page_max(kind: &Kind) -> u32 {
    if kind.form.is_raw() { WATCH_RAW_PAGE_MAX } else { WATCH_PAGE_MAX }
}

fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// An error with its causes, in one line.
fn told(error: &FollowError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some errors tell their cause themselves.
        if !text.contains(&cause_text) {
            text.push_str(&format!(": {cause_text}"));
        }
        next = cause.source();
    }
    text
}
