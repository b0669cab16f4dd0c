//! Views from a cluster: watches what they depend on, compiles what changed, and tells it as one [`Update`].
//! Serves the last good views from disk while no API server answers. Writes nothing to the cluster.

#[cfg(test)]
mod tests;

use super::{
    cache::{Cache, CacheHealth},
    tables::{Changed, KINDS, Tables},
    workloads::Owners,
};
use crate::kubernetes::{
    Clock, Random,
    connect::Connect,
    follow::{Follower, Health, News, Surroundings},
};
use futures_util::future::join_all;
use pointsman_core::{
    fault::{Fault, render},
    limits::{CLUSTER_CACHE_EVERY_MS, CLUSTER_CACHE_IDLE_MS, CLUSTER_FIRST_WAIT_MS, CLUSTER_NEWS_MAX, CLUSTER_UPDATE_EVERY_MS},
    model::{
        clock::{Mono, Wall},
        workloads::Workloads,
    },
    view::{
        facts::Facts,
        lint,
        plan::ViewSet,
        spec::{Catalogue, ObjectId},
        status::ViewStatus,
    },
};
use serde_json::Value;
use std::{collections::BTreeSet, future::Future, path::PathBuf, pin::pin, sync::Arc, time::Duration};
use tokio::{
    select,
    sync::{Notify, mpsc, watch},
    time::sleep,
};
use tracing::warn;

/// Runs work that takes long where it holds nothing up, and comes back when it is done.
pub type Offload = Arc<dyn Fn(&mut (dyn FnMut() + Send)) + Send + Sync>;
/// Every catalogue that is built in or named, as it stands.
pub type Catalogues = watch::Receiver<Arc<Vec<Arc<Catalogue>>>>;

/// What a controller works with.
#[derive(Clone)]
pub struct Sources {
    /// Makes clients of the cluster.
    pub connect: Connect,
    /// The clocks.
    pub now: Clock,
    /// Chance.
    pub random: Random,
    /// For compiling, and for the disk.
    pub offload: Offload,
    /// What is declared.
    pub catalogues: Catalogues,
    /// Namespaces whose readers protect everywhere.
    pub protecting: BTreeSet<Box<str>>,
    /// Where the last good views are kept for a restart; `None` = nowhere.
    pub state_dir: Option<PathBuf>,
}

/// What a cluster says, at one moment. Parts that did not change are the same `Arc` as in the update before.
#[derive(Clone, Debug)]
pub struct Update {
    /// Everything that is in force.
    pub views: Arc<ViewSet>,
    /// Labels of namespaces, and who reads which metric.
    pub facts: Arc<Facts>,
    /// Which workload owns which pod.
    pub workloads: Arc<Workloads>,
    /// What makes a workload the owner of objects.
    pub owners: Arc<Owners>,
    /// Every fault: of the cluster, of objects, and what is doubtful between views.
    pub faults: Vec<Fault>,
    /// Every view that was found, good or not: `TelemetryView`s first, each kind by namespace and name.
    pub objects: Vec<Arc<ClusterObject>>,
    /// Whether views come from the cache on disk: no API server has listed them since the start.
    pub cached: bool,
}

/// What became of one view.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterObject {
    /// Which object.
    pub id: ObjectId,
    /// `metadata.uid`
    pub uid: Box<str>,
    /// `metadata.generation`
    pub generation: Option<i64>,
    /// As faults name it: `TelemetryView ns/name`.
    pub place: Box<str>,
    /// Whether what the object says now is in force.
    pub accepted: bool,
    /// Whether an older good version is in force instead.
    pub kept: bool,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// Its status as it was last seen; `None` when there is none, or not one that can be read.
    pub status: Option<ViewStatus>,
    /// `metadata.creationTimestamp`
    pub created: Option<Wall>,
    /// `apiVersion`, `kind`, `spec`, and as much of `metadata` as decides.
    pub body: Arc<Value>,
}

impl ClusterObject {
    /// Its spec, as it was written.
    #[must_use]
    pub fn spec(&self) -> &Value {
        self.body.get("spec").unwrap_or(&Value::Null)
    }
}

/// Keeps watch over a cluster.
pub struct Controller {
    sources: Sources,
    tables: Tables,
    cache: Cache,
    health: Vec<Arc<Health>>,
    /// By the number of a watch: asks it for a new list.
    again: Vec<Arc<Notify>>,
    /// What was told last, or would be: the next update takes over from it what did not change.
    last: Option<Update>,
    /// What is doubtful between views, since they were last compiled.
    doubts: Vec<Fault>,
    /// Faults that were logged before the first update.
    waiting_for: Vec<String>,
    pending: Changed,
    /// What the cache on disk does not have yet.
    unsaved: Changed,
    pace: Pace,
}

/// When what was last done.
#[derive(Debug, Default)]
struct Pace {
    views_listed: Option<Mono>,
    compiled: Option<Mono>,
    told: Option<Mono>,
    saved: Option<Mono>,
}

impl Controller {
    /// Reads the cache on disk, where there is one, and nothing else yet.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let mut tables = Tables::new(sources.protecting.clone());
        let (cache, saved) = Cache::open(sources.state_dir.as_deref());
        let health = KINDS.iter().map(|kind| Arc::new(Health::new(kind.kind))).collect();
        let again = KINDS.iter().map(|_| Arc::default()).collect();
        let (doubts, waiting_for, pending, unsaved, pace) = Default::default();
        let was_saved = saved.is_some();
        if let Some(saved) = saved {
            tables.restore(saved, (sources.now)().1);
        }
        let mut controller =
            Self { sources, tables, cache, health, again, last: None, doubts, waiting_for, pending, unsaved, pace };
        if was_saved {
            controller.pending = Changed { views: true, facts: true, workloads: true, shown: true };
            controller.renew();
            controller.pending = Changed::default();
        }
        controller
    }

    /// What the cache on disk says: serve it until the first update. `None` without a cache, or when it is damaged.
    #[must_use]
    pub fn cached(&self) -> Option<Update> {
        self.last.clone()
    }

    /// The state of every watch, for whoever shows it.
    #[must_use]
    pub fn health(&self) -> Vec<Arc<Health>> {
        self.health.clone()
    }

    /// The state of the cache on disk.
    #[must_use]
    pub fn cache_health(&self) -> Arc<CacheHealth> {
        self.cache.health()
    }

    /// Watches until `stop`. The first update comes when both kinds of view were listed once; without a cache it waits
    /// up to 2 s more for all else, so that no view acts before what it depends on is known. Then a change comes at once,
    /// or 250 ms after the one before. An API server that is away changes nothing but the faults.
    pub async fn run(mut self, mut on_update: impl FnMut(Update) + Send, stop: impl Future<Output = ()> + Send) {
        let (news, mut incoming) = mpsc::channel(CLUSTER_NEWS_MAX);
        let watches = KINDS.iter().zip(self.health.iter().zip(&self.again)).enumerate().map(|(at, (kind, (health, again)))| {
            Follower::new(at, kind.clone(), self.surroundings(again), Arc::clone(health), news.clone()).run()
        });
        let mut watches = pin!(join_all(watches.collect::<Vec<_>>()));
        let mut stop = pin!(stop);
        let mut catalogues = self.sources.catalogues.clone();
        loop {
            let due = self.due((self.sources.now)().0);
            // Every arm may be dropped: receivers keep what they hold, the sleep is reckoned anew, the rest is pinned.
            select! {
                () = &mut stop => break,
                _ = &mut watches => break,
                Some((at, news)) = incoming.recv() => {
                    self.take(at, news);
                    while let Ok((at, news)) = incoming.try_recv() {
                        self.take(at, news);
                    }
                }
                Ok(()) = catalogues.changed() => self.pending.views = true,
                () = sleep(due.unwrap_or_default()), if due.is_some() => {}
            }
            self.act(&mut on_update);
            self.log_waiting();
        }
        if self.save_at().is_some() {
            self.save();
        }
    }

    fn surroundings(&self, again: &Arc<Notify>) -> Surroundings {
        let Sources { connect, now, random, .. } = self.sources.clone();
        Surroundings { connect, now, random, again: Arc::clone(again) }
    }

    fn take(&mut self, at: usize, news: News) {
        let (mono, wall) = (self.sources.now)();
        let was_short = self.tables.is_short(at);
        let changed = self.tables.take(at, news, wall);
        if let Some(again) = self.again.get(at).filter(|_| !was_short && self.tables.is_short(at)) {
            again.notify_one();
        }
        self.pending |= changed;
        self.unsaved |= changed;
        if let Some(health) = self.health.get(at) {
            health.set_objects(self.tables.len(at));
        }
        if self.pace.views_listed.is_none() && self.tables.are_views_listed() {
            self.pace.views_listed = Some(mono);
        }
    }

    /// Does what is due by now.
    fn act(&mut self, on_update: &mut impl FnMut(Update)) {
        let now = (self.sources.now)().0;
        if self.update_at().is_some_and(|at| at <= now) {
            let offload = Arc::clone(&self.sources.offload);
            let is_heavy = self.pending.is_heavy();
            offload(&mut || self.renew());
            // What compiling took counts as a pause, too.
            let now = (self.sources.now)().0;
            self.pace.told = Some(now);
            if is_heavy {
                self.pace.compiled = Some(now);
            }
            if let Some(update) = &self.last {
                on_update(update.clone());
            }
        }
        if self.save_at().is_some_and(|at| at <= now) {
            self.save();
        }
    }

    /// Until the first update nobody is told of faults, and somebody may wonder what it waits for.
    fn log_waiting(&mut self) {
        if self.last.is_none() && self.pending.shown {
            let faults: Vec<String> = self.tables.faults().iter().map(render::short).collect();
            if faults != self.waiting_for {
                faults.iter().for_each(|fault| warn!(%fault, "the views of the cluster are not known yet"));
                self.waiting_for = faults;
            }
        }
    }

    /// How long until something is due; `None` = not before something happens.
    fn due(&self, now: Mono) -> Option<Duration> {
        let at = [self.update_at(), self.save_at()].into_iter().flatten().min()?;
        Some(at.since(now))
    }

    /// When the next update is due.
    fn update_at(&self) -> Option<Mono> {
        if !self.pending.is_any() {
            return None;
        }
        if self.last.is_none() {
            let listed = self.pace.views_listed?;
            let wait = Duration::from_millis(CLUSTER_FIRST_WAIT_MS);
            return Some(if self.tables.is_settled() { listed } else { later(listed, wait) });
        }
        let every = Duration::from_millis(CLUSTER_UPDATE_EVERY_MS);
        let last = if self.pending.is_heavy() { self.pace.compiled } else { self.pace.told };
        Some(last.map_or(Mono(0), |last| later(last, every)))
    }

    /// When the cache is due to be written: soon for what decides, later for the rest. Never before views were listed.
    fn save_at(&self) -> Option<Mono> {
        if !self.cache.is_kept() || !self.unsaved.is_any() || self.pace.views_listed.is_none() {
            return None;
        }
        let is_urgent = self.unsaved.is_heavy() && self.cache.fault().is_none();
        let pause = if is_urgent { CLUSTER_CACHE_EVERY_MS } else { CLUSTER_CACHE_IDLE_MS };
        Some(self.pace.saved.map_or(Mono(0), |saved| later(saved, Duration::from_millis(pause))))
    }

    fn save(&mut self) {
        let had_fault = self.cache.fault().is_some();
        let offload = Arc::clone(&self.sources.offload);
        let (tables, cache) = (&self.tables, &mut self.cache);
        offload(&mut || cache.write(&tables.save()));
        let has_fault = self.cache.fault().is_some();
        self.unsaved = Changed { shown: has_fault, ..Changed::default() };
        self.pending.shown |= has_fault != had_fault;
        self.pace.saved = Some((self.sources.now)().0);
    }

    /// Makes the next update: compiles and follows what changed, takes the rest over.
    fn renew(&mut self) {
        let changed = std::mem::take(&mut self.pending);
        let is_first = self.last.is_none();
        let last = self.last.take();
        let facts = match &last {
            Some(last) if !changed.facts => Arc::clone(&last.facts),
            _ => Arc::new(self.tables.facts()),
        };
        let (workloads, owners) = match &last {
            Some(last) if !changed.workloads => (Arc::clone(&last.workloads), Arc::clone(&last.owners)),
            _ => self.tables.workloads(),
        };
        let views = match last {
            Some(last) if !changed.is_heavy() && !is_first => last.views,
            _ => self.compile(&facts),
        };
        let mut faults = self.tables.faults();
        faults.extend(self.cache.fault().cloned());
        let objects = self.tables.objects();
        faults.extend(objects.iter().flat_map(|object| object.faults.iter().cloned()));
        faults.extend(self.doubts.iter().cloned());
        let cached = !self.tables.are_views_listed();
        self.last = Some(Update { views, facts, workloads, owners, faults, objects, cached });
    }

    fn compile(&mut self, facts: &Arc<Facts>) -> Arc<ViewSet> {
        let catalogues = self.sources.catalogues.borrow().to_vec();
        let views = self.tables.good();
        self.doubts = lint::views(&views, &catalogues);
        Arc::new(ViewSet::compile_with(views, catalogues, Arc::clone(facts)))
    }
}

fn later(at: Mono, pause: Duration) -> Mono {
    Mono(at.0.saturating_add(u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX)))
}
