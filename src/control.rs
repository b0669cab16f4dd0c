//! Sync-down: agents take their plan over OpAMP, and say what became of it. One state machine knows them all; here it gets
//! its clock, its views and its connections. Knows neither what a plan does nor who shows what became of it.

pub mod account;
pub mod agents;
pub mod answer;
pub mod catalogue;
mod exporters;
pub mod frames;
pub mod groups;
pub mod http;
pub mod identity;
pub mod offers;
pub mod socket;

use crate::auth::senders::told::Told;
use account::Account;
use agents::{Agents, GOING_AWAY, Heard, Moment, Said, SessionId, Step, Uid, Via, spread};
use arc_swap::ArcSwap;
use catalogue::Declares;
use exporters::Exporters;
use groups::{Catalogues, Job};
use offers::{Outgoing, Prepared};
use parking_lot::Mutex;
use pointsman_core::{
    limits::{INLINE_BYTES_MAX, SYNC_ACCOUNT_MS, SYNC_FLIGHT_BYTES_MAX, SYNC_MESSAGE_BYTES_MAX},
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        speaker::Speaker,
        workloads::Workloads,
    },
    view::{
        plan::{RuleRef, ViewSet},
        sync::SyncState,
    },
};
use pointsman_instrument::{
    opamp::{
        messages::{CAPABILITY, CATALOGUE, REPORT},
        plan::PlanHash,
        proto::{AgentToServer, CustomMessage},
    },
    semconv::attribute::{PointsmanSyncRefusal as Refusal, PointsmanSyncState as State},
};
use prost::Message;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore},
    task::block_in_place,
    time::sleep,
};

/// Plans that are made before somebody else gets a turn.
const PLANS_A_TURN: usize = 64;

/// What is taken from outside.
pub struct Settings {
    /// The clocks by which delays are counted and views end.
    pub now: Arc<dyn Fn() -> (Mono, Wall) + Send + Sync>,
    /// A number that nobody foresees.
    pub random: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// How many times as fast as an agent's clock the one runs by which views end.
    pub speed: u32,
    /// How long a component is known that says nothing any more.
    pub expire_after: Duration,
}

/// What is counted, for our own telemetry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// Agents by how they stand to their plan.
    pub agents: Vec<(State, u64)>,
    /// Plans offered.
    pub offers: u64,
    /// Messages and sessions refused.
    pub refused: Vec<(Refusal, u64)>,
    /// Exports shaped by another plan than the one of now.
    pub stale: u64,
    /// From a change of views to answers that came since this was last asked.
    pub delays: Vec<Duration>,
}

/// A plan that was written to where processes of a component find it as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FilePlan {
    /// Its name.
    pub hash: [u8; 16],
    /// Rules that are done at the source wholly.
    pub at_source: Arc<BTreeSet<Arc<RuleRef>>>,
    /// Rules of which something is left to the controller.
    pub at_controller: Arc<BTreeSet<Arc<RuleRef>>>,
}

/// Plans in files, by component.
pub type Files = BTreeMap<ComponentKey, FilePlan>;

/// What an answer comes to.
pub(crate) struct Reply {
    /// What is sent.
    pub(crate) out: Outgoing,
    /// Why the message was refused, where it was.
    pub(crate) refused: Option<Refusal>,
    /// Whether the session ends with it.
    pub(crate) ends: bool,
}

/// The sessions of all agents.
pub struct Control {
    settings: Settings,
    inner: Mutex<Inner>,
    wakes: Mutex<HashMap<SessionId, Arc<Notify>>>,
    sessions: AtomicU64,
    active: AtomicBool,
    /// There is something to do that does not wait for its time.
    work: Notify,
    declared: Arc<Notify>,
    /// Catalogues that were read, by what they said: many agents say the same.
    read: Mutex<HashMap<[u8; 32], Weak<Declares>>>,
    /// Room for messages on their way in, in bytes.
    flight: Arc<Semaphore>,
    account: Mutex<Counted>,
    refused: [AtomicU64; Refusal::ALL.len()],
    /// The plans of now, and whether each is that of a file.
    hashes: ArcSwap<HashMap<[u8; 16], bool>>,
    /// Who exports by plans in files.
    exporters: Exporters,
    stale: AtomicU64,
    files: ArcSwap<OfViews>,
    /// Who spoke for others, for the log.
    told: Told,
}

/// Plans in files, and the views that made them.
#[derive(Default)]
struct OfViews {
    plans: Arc<Files>,
    views: Weak<ViewSet>,
}

impl OfViews {
    fn is_of(&self, views: &Arc<ViewSet>) -> bool {
        Weak::as_ptr(&self.views) == Arc::as_ptr(views)
    }
}

struct Inner {
    agents: Agents,
    views: Arc<ViewSet>,
}

/// The last account, and what it speaks of.
#[derive(Default)]
struct Counted {
    account: Account,
    changes: Option<u64>,
    at: Mono,
}

impl Control {
    /// Nobody yet, and no views.
    #[must_use]
    pub fn new(settings: Settings) -> Arc<Self> {
        let agents = Agents::new(settings.expire_after);
        Arc::new(Self {
            settings,
            inner: Mutex::new(Inner { agents, views: Arc::default() }),
            wakes: Mutex::default(),
            sessions: AtomicU64::new(0),
            active: AtomicBool::new(true),
            work: Notify::new(),
            declared: Arc::default(),
            read: Mutex::default(),
            flight: Arc::new(Semaphore::new(SYNC_FLIGHT_BYTES_MAX)),
            account: Mutex::default(),
            refused: Default::default(),
            hashes: ArcSwap::default(),
            exporters: Exporters::default(),
            stale: AtomicU64::new(0),
            files: ArcSwap::default(),
            told: Told::default(),
        })
    }

    /// Lets no more than so many bytes of messages be on their way in. To be said at the start.
    pub fn narrow(&self, bytes: usize) {
        self.flight.forget_permits(SYNC_FLIGHT_BYTES_MAX.saturating_sub(bytes.max(2 * SYNC_MESSAGE_BYTES_MAX)));
    }

    /// `/v1/opamp`: a WebSocket, or one message a request.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        use axum::routing::{get, post};
        let route = get(socket::upgrade).merge(post(http::poll)).fallback(http::no_method);
        axum::Router::new().route("/v1/opamp", route).with_state(Arc::clone(self))
    }

    /// These views are in force, which know what these components declare: every plan is made anew.
    pub fn set_views(&self, views: Arc<ViewSet>, known: &Arc<Catalogues>) {
        self.take_views(views, known, true);
    }

    /// The same views, which know now what these components declare.
    pub fn set_declared(&self, views: Arc<ViewSet>, known: &Arc<Catalogues>) {
        self.take_views(views, known, false);
    }

    fn take_views(&self, views: Arc<ViewSet>, known: &Arc<Catalogues>, all: bool) {
        let now = (self.settings.now)().0;
        let mut inner = self.inner.lock();
        inner.views = views;
        inner.agents.set_views(known, all, now);
        drop(inner);
        self.account.lock().changes = None; // nobody is told that the plans before are those of now
        self.work.notify_one();
    }

    /// Pods have these owners.
    pub fn set_workloads(&self, workloads: Arc<Workloads>) {
        let now = (self.settings.now)().0;
        self.inner.lock().agents.set_workloads(workloads, now);
        self.look_for_news();
    }

    /// Whether this replica takes agents. One that does no longer sends them away, and knows none of them any more.
    pub fn set_active(&self, active: bool) {
        let mut inner = self.inner.lock(); // nobody comes in while everybody is sent away
        let was_active = self.active.swap(active, Ordering::Relaxed);
        if was_active && !active {
            let all = inner.agents.close_all(GOING_AWAY);
            inner.agents.clear();
            drop(inner);
            self.wake(all);
            self.look_for_news();
        }
    }

    /// Plans that are to be written to files, all of them, as these views have it.
    pub fn set_files(&self, files: &Arc<Files>, views: &Arc<ViewSet>) {
        let before = self.files.load();
        let (is_same, is_known) = (before.plans == *files, before.is_of(views));
        if is_same && is_known {
            return;
        }
        self.files.store(Arc::new(OfViews { plans: Arc::clone(files), views: Arc::downgrade(views) }));
        let mut inner = self.inner.lock();
        inner.agents.changes = inner.agents.changes.wrapping_add(1);
        inner.agents.groups.note_moved();
        drop(inner);
        self.work.notify_one();
    }

    /// What became of plans: no older than it takes to count it once in a while.
    #[must_use]
    pub fn snapshot(&self) -> Arc<SyncState> {
        self.counted().components
    }

    /// Whether plans wait to be made anew.
    #[must_use]
    pub fn is_making(&self) -> bool {
        self.inner.lock().agents.groups.is_making()
    }

    /// What the components declare of themselves.
    #[must_use]
    pub fn reported(&self) -> Arc<Catalogues> {
        self.inner.lock().agents.groups.reported()
    }

    /// Told when that changed.
    #[must_use]
    pub fn declared(&self) -> Arc<Notify> {
        Arc::clone(&self.declared)
    }

    /// An export of this sender said which plan shaped it; who that is was proven, or nobody asked.
    pub fn exported(&self, plan: &[u8; 16], sender: u64, by: Option<&Arc<Speaker>>) {
        match self.hashes.load().get(plan) {
            Some(true) => self.note_exporter((*plan, sender), by),
            Some(false) => {} // it has a session
            None => drop(self.stale.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Who may not speak for any component of that plan is not known to obey it.
    fn note_exporter(&self, exporter: ([u8; 16], u64), by: Option<&Arc<Speaker>>) {
        let files = self.files.load();
        let mut theirs = files.plans.iter().filter(|(_, file)| file.hash == exporter.0);
        if by.is_none_or(|by| theirs.any(|(component, _)| by.may_be(&component.namespace))) {
            self.exporters.note(exporter, by, (self.settings.now)().0);
        }
    }

    /// Counts for our own telemetry. Delays are handed over: each is told once.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let agents = self.counted().agents;
        let mut inner = self.inner.lock();
        let (offers, delays) = (inner.agents.offers, std::mem::take(&mut inner.agents.delays));
        drop(inner);
        let refused = Refusal::ALL.into_iter().zip(&self.refused).map(|(why, n)| (why, n.load(Ordering::Relaxed)));
        Numbers {
            agents: State::ALL.into_iter().map(|state| (state, agents.get(&state).copied().unwrap_or(0))).collect(),
            offers,
            refused: refused.collect(),
            stale: self.stale.load(Ordering::Relaxed),
            delays,
        }
    }

    /// Instruments that the size of a plan left out of it, over all plans so far.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.inner.lock().agents.groups.left_out
    }

    /// Makes plans and tells agents until asked to stop; then all sessions end.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let wait = block_in_place(|| self.turn());
            tokio::select! {
                () = &mut stop => break,
                () = self.work.notified() => {}
                () = sleep(wait) => {}
            }
        }
        let mut inner = self.inner.lock();
        self.active.store(false, Ordering::Relaxed);
        let all = inner.agents.close_all(GOING_AWAY);
        drop(inner);
        self.wake(all);
    }

    /// Everything whose time has come. Answers when to look again.
    fn turn(&self) -> Duration {
        let (wakes, mut wait) = self.inner.lock().agents.tick((self.settings.now)().0);
        self.wake(wakes);
        loop {
            let mut inner = self.inner.lock();
            let (jobs, later) = inner.agents.groups.jobs((self.settings.now)().1, PLANS_A_TURN);
            let views = Arc::clone(&inner.views);
            drop(inner);
            if jobs.is_empty() {
                wait = later.into_iter().chain([wait]).min().unwrap_or(wait);
                break;
            }
            jobs.iter().for_each(|job| self.plan(job, &views));
        }
        self.note_hashes();
        self.look_for_news();
        wait.max(Duration::from_millis(1))
    }

    /// Makes a plan, and tells who waits for it.
    fn plan(&self, job: &Job, views: &ViewSet) {
        let now = (self.settings.now)();
        let plan = Prepared::new(views.offer(&job.component, &job.reported, now.1));
        let wakes = self.inner.lock().agents.made(job, plan, now);
        self.wake(wakes);
    }

    fn wake(&self, sessions: Vec<SessionId>) {
        if sessions.is_empty() {
            return;
        }
        let wakes = self.wakes.lock();
        sessions.iter().filter_map(|session| wakes.get(session)).for_each(|wake| wake.notify_one());
    }

    /// Which plans are those of now, for whoever exports.
    fn note_hashes(&self) {
        let files = self.files.load_full();
        let mut inner = self.inner.lock();
        if !inner.agents.groups.take_moved() {
            return;
        }
        let mut hashes: HashMap<[u8; 16], bool> = inner.agents.groups.hashes().map(|hash| (hash, false)).collect();
        drop(inner);
        hashes.extend(files.plans.values().map(|file| (file.hash, true)));
        if **self.hashes.load() != hashes {
            self.exporters.keep(|plan| hashes.get(plan) == Some(&true));
            self.hashes.store(Arc::new(hashes));
        }
    }

    /// Whether others have to hear of what has happened.
    fn look_for_news(&self) {
        let mut inner = self.inner.lock();
        let (news, urgent) = (inner.agents.groups.take_news(), inner.agents.take_urgent());
        drop(inner);
        if news {
            self.declared.notify_one();
        }
        if urgent {
            self.work.notify_one();
        }
    }

    fn refuse(&self, why: Refusal) {
        if let Some((_, n)) = Refusal::ALL.into_iter().zip(&self.refused).find(|(refusal, _)| *refusal == why) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted(&self) -> Account {
        let now = (self.settings.now)();
        let mut counted = self.account.lock();
        let is_young = counted.changes.is_some() && now.0.since(counted.at) < Duration::from_millis(SYNC_ACCOUNT_MS);
        if !is_young {
            let inner = self.inner.lock();
            if counted.changes != Some(inner.agents.changes) || !self.files.load().plans.is_empty() {
                let mut account = inner.agents.account(&counted.account, now);
                counted.changes = Some(inner.agents.changes);
                let views = Arc::clone(&inner.views);
                drop(inner);
                self.count_files(&mut account, &counted.account, &views, now);
                counted.account = account;
            }
            counted.at = now.0;
        }
        counted.account.clone()
    }

    /// Components without a session that were seen to obey the plan of their file.
    fn count_files(&self, account: &mut Account, before: &Account, views: &Arc<ViewSet>, now: (Mono, Wall)) {
        let (files, obeying) = (self.files.load(), self.exporters.obeying(now.0, self.settings.expire_after));
        let is_current = files.is_of(views); // else the plans for the views of now are still to be made
        for (component, file) in files.plans.iter() {
            let senders = obeying.of(&file.hash, &component.namespace);
            if senders == 0 {
                continue;
            }
            let sync = Arc::make_mut(&mut account.components).entry(component.clone()).or_default();
            if sync.connected > 0 {
                continue; // its agents speak for themselves
            }
            sync.connected = senders;
            (sync.applied, sync.pending) = if is_current { (senders, 0) } else { (0, senders) };
            sync.hash = PlanHash(file.hash).to_string().into();
            (sync.at_source, sync.at_controller) = (Arc::clone(&file.at_source), Arc::clone(&file.at_controller));
            let same = before.components.get(component).filter(|before| before.hash == sync.hash);
            sync.since = same.and_then(|before| before.since).or(is_current.then_some(now.1));
            let waits = same.and_then(|before| before.pending_since).unwrap_or(now.1);
            sync.pending_since = (!is_current).then_some(waits);
        }
    }
}

/// What sessions and requests ask for.
impl Control {
    /// A connection comes. Refused on a standby, and when there are too many.
    fn open(&self) -> Result<(SessionId, Arc<Notify>), Refusal> {
        let session = SessionId(self.sessions.fetch_add(1, Ordering::Relaxed));
        let now = (self.settings.now)().0;
        let mut inner = self.inner.lock();
        if !self.active.load(Ordering::Relaxed) {
            return Err(Refusal::Standby);
        }
        if !inner.agents.open(session, now) {
            return Err(Refusal::TooMany);
        }
        drop(inner);
        let wake = Arc::new(Notify::new());
        self.wakes.lock().insert(session, Arc::clone(&wake));
        Ok((session, wake))
    }

    fn closed(&self, session: SessionId) {
        self.wakes.lock().remove(&session);
        let now = (self.settings.now)().0;
        self.inner.lock().agents.closed(session, now);
    }

    /// A message came; what is answered goes back the same way.
    fn hear(&self, via: Via, bytes: &[u8], by: Option<&Speaker>) -> Reply {
        let Ok(mut message) = AgentToServer::decode(bytes) else {
            self.refuse(Refusal::Malformed);
            let out = Outgoing::plain(&answer::bad(&[], "this is no AgentToServer"));
            return Reply { out, refused: Some(Refusal::Malformed), ends: true };
        };
        if let Some(speaker) = by
            && let Some(description) = &mut message.agent_description
            && let Err(forged) = identity::corrected(description, speaker)
        {
            return self.forged(&message, speaker, (forged.0.key(), &forged.to_string()));
        }
        let said = message.custom_message.as_ref().map_or(Said::Nothing, |custom| self.read(custom));
        let (mono, wall) = (self.settings.now)();
        let moment = Moment { mono, wall, random: &*self.settings.random };
        let mut inner = self.inner.lock();
        // Asked under the lock under which it is heard: its name may become another's in between.
        let uid: Option<Uid> = message.instance_uid.as_slice().try_into().ok();
        let says_who = message.agent_description.is_some();
        if let Some((speaker, uid)) = by.zip(uid)
            && !inner.agents.is_of(&uid, speaker, says_who)
        {
            drop(inner);
            return self.forged(&message, speaker, ("instance_uid", "instance_uid is another sender's"));
        }
        let heard = if self.active.load(Ordering::Relaxed) {
            inner.agents.hear(via, &message, said, &moment)
        } else {
            let answer = answer::later(&message.instance_uid, "another replica is the active one", spread(moment.random));
            Heard { answer, agent: None, refused: Some(Refusal::Standby), ends: true }
        };
        drop(inner);
        self.look_for_news();
        let Heard { answer, agent, refused, ends } = heard;
        if let Some(why) = refused {
            self.refuse(why);
        }
        let out = match agent.filter(|_| via == Via::Poll).and_then(|uid| self.plan_of(&uid)) {
            Some(plan) => Outgoing::offering(&answer, &plan, wall, self.settings.speed),
            None => Outgoing::plain(&answer),
        };
        Reply { out, refused, ends }
    }

    /// Somebody speaks for another.
    fn forged(&self, message: &AgentToServer, by: &Speaker, (attribute, why): (&'static str, &str)) -> Reply {
        self.told.tell(by, attribute);
        self.refuse(Refusal::Forged);
        let out = Outgoing::plain(&answer::bad(&message.instance_uid, why));
        Reply { out, refused: Some(Refusal::Forged), ends: true }
    }

    /// The plan for an agent that will not ask again soon: made now, where it has to be.
    fn plan_of(&self, uid: &Uid) -> Option<Arc<Prepared>> {
        let now = (self.settings.now)().0;
        let inner = self.inner.lock();
        let job = inner.agents.job_of(uid);
        let views = Arc::clone(&inner.views);
        drop(inner);
        if let Some(job) = job {
            block_in_place(|| self.plan(&job, &views));
        }
        self.inner.lock().agents.offer(uid, now)
    }

    /// What a session has to do next.
    fn step(&self, session: SessionId) -> Result<Option<Outgoing>, u16> {
        let (mono, wall) = (self.settings.now)();
        let mut inner = self.inner.lock();
        let step = inner.agents.step(session, mono);
        let urgent = inner.agents.take_urgent();
        drop(inner);
        if urgent {
            self.work.notify_one();
        }
        match step {
            Step::Wait => Ok(None),
            Step::Close(code) => Err(code),
            Step::Offer(uid, plan) => Ok(Some(Outgoing::offering(&answer::taken(&uid, 0), &plan, wall, self.settings.speed))),
        }
    }

    fn read(&self, custom: &CustomMessage) -> Said {
        let CustomMessage { capability, r#type, data } = custom;
        match (capability.as_str(), r#type.as_str()) {
            (CAPABILITY, CATALOGUE) => self.read_catalogue(data),
            (CAPABILITY, REPORT) => match catalogue::refusals(data) {
                Ok((hash, words)) => Said::Refusals(hash, words),
                Err(error) => Said::Wrong(format!("the report is not the JSON it should be: {error}")),
            },
            _ => Said::Nothing,
        }
    }

    fn read_catalogue(&self, json: &[u8]) -> Said {
        let digest: [u8; 32] = Sha256::digest(json).into();
        if let Some(known) = self.read.lock().get(&digest).and_then(Weak::upgrade) {
            return Said::Catalogue(known);
        }
        match off_reactor(json.len(), || Declares::read(json, digest)) {
            Ok(declares) => {
                let declares = Arc::new(declares);
                let mut read = self.read.lock();
                if read.len().is_power_of_two() {
                    read.retain(|_, known| known.strong_count() > 0);
                }
                read.insert(digest, Arc::downgrade(&declares));
                Said::Catalogue(declares)
            }
            Err(error) => Said::Wrong(error.to_string()),
        }
    }
}

/// Runs work whose cost grows with `bytes`: small work here, large work where it stops nobody else.
fn off_reactor<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > INLINE_BYTES_MAX / 8 { block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests;
