//! One role at work: what it has seen, what it remembers, and the way its readings go out. A role that does not lead sees
//! and remembers all the same, and says nothing. Knows no clock and no API server: news and the time are handed in.

use crate::{
    kind::Kind,
    scrape::{ScrapeFailure, Scraped, Target},
    table::News,
    turns::Turns,
    world::{Change, World},
};
use jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_instrument::{Metric, Readings, Telemetry, metric::Observable, opamp::plan::PlanHash, span::Place};
use std::{fmt, sync::Arc, time::SystemTime};

/// What one role makes of the objects.
pub trait Watcher: Send + Sized + 'static {
    /// `operator`, `controller`, `daemon`: part of what its telemetry is called.
    const ROLE: &'static str;
    /// The kinds it reads.
    const KINDS: &'static [Kind];
    /// The kinds it reads too where a user allows it; nobody waits for them.
    const OPT_IN: &'static [Kind] = &[];
    /// Whether it needs bodies of rendered configs; see [`crate::bodies`].
    const READS_BODIES: bool = false;

    /// One object changed; `world` is as it is after all changes that came with it. Answers the span of the rollout that it
    /// moved, if it moved one.
    fn changed(&mut self, change: &Change, world: &World, now: Timestamp) -> Option<Place>;

    /// Time passes: about once a second.
    fn tick(&mut self, world: &World, now: Timestamp);

    /// Which cluster it is of, by the uid of the namespace `kube-system`: known before it speaks for the first time.
    fn of_cluster(&mut self, _uid: &str, _world: &World) {}

    /// From now on it speaks: makes its counters and histograms.
    fn attach(&mut self, telemetry: &Arc<Telemetry>, world: &World, now: Timestamp);

    /// Its counters begin at 0 for what is known, so that the first increase of each shows. More than once is as good as once:
    /// those that a plan turned on begin then.
    fn begin(&self, world: &World);

    /// From now on it is silent.
    fn detach(&mut self);

    /// Registers every metric that is read from what was seen.
    fn observe(observed: &Observed<Self>);

    /// Registers what it knows under the operator's old names.
    fn observe_legacy(_observed: &Observed<Self>) {}

    /// An endpoint of the operator's was scraped, which happens only where a user wants it.
    fn scraped(&mut self, _target: &Target, _scraped: Result<Scraped, ScrapeFailure>, _now: Timestamp) {}
}

/// A role at work.
#[derive(Debug)]
pub struct Watch<W> {
    world: World,
    watcher: W,
    turns: Turns,
    speaks: Option<Speaks>,
}

/// What a role speaks through.
struct Speaks {
    telemetry: Arc<Telemetry>,
    /// The plan that was in force when its counters last began.
    plan: Option<PlanHash>,
}

impl fmt::Debug for Speaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speaks").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// A role at work, for the tasks that feed it and the export that reads it.
pub type Shared<W> = Arc<Mutex<Watch<W>>>;
/// The time, for whoever reads metrics.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl<W: Watcher> Watch<W> {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(watcher: W) -> Self {
        Self { world: World::default(), watcher, turns: Turns::default(), speaks: None }
    }

    /// Says which cluster it is of, by the uid of the namespace `kube-system`: traces are derived from it.
    pub fn of_cluster(&mut self, uid: &str) {
        self.watcher.of_cluster(uid, &self.world);
    }

    /// Takes over what the watch of a kind told.
    pub fn take(&mut self, kind: Kind, news: News, now: Timestamp) {
        let mut turn = self.turns.begin(kind, &news, &self.world);
        let changes = self.world.take(kind, news);
        for change in &changes {
            let moved = self.watcher.changed(change, &self.world, now);
            turn.handled(change.name(), moved);
        }
        self.turns.end(turn, &self.world);
    }

    /// Takes over what the endpoint of a target answered, as [`crate::scrape::read`] reads it, or why it did not.
    pub fn take_scrape(&mut self, target: &Target, scraped: Result<Scraped, ScrapeFailure>, now: Timestamp) {
        self.watcher.scraped(target, scraped, now);
    }

    /// Time passes.
    pub fn tick(&mut self, now: Timestamp) {
        self.watcher.tick(&self.world, now);
        self.turns.flush();
        if let Some(Speaks { telemetry, plan }) = &mut self.speaks {
            let now = telemetry.plan_hash();
            if *plan != now {
                *plan = now;
                self.watcher.begin(&self.world);
            }
        }
    }

    /// Whether every kind was listed once, or cannot be: before that a reading would be half a picture.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let health = self.world.health();
        W::KINDS.iter().all(|kind| health.get(kind).is_some_and(|health| health.is_listed || health.trouble.is_some()))
    }

    /// What was seen.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The role.
    #[must_use]
    pub fn watcher(&self) -> &W {
        &self.watcher
    }

    /// Nothing is recorded any more; what was seen stays.
    pub fn detach(&mut self) {
        self.speaks = None;
        self.turns.detach();
        self.watcher.detach();
    }
}

/// Lets a role speak through this telemetry, whose counters begin now.
pub fn attach<W: Watcher>(shared: &Shared<W>, telemetry: &Arc<Telemetry>, now: &Now) {
    let mut watch = shared.lock();
    let Watch { world, watcher, turns, speaks } = &mut *watch;
    // Asked for first: a plan that comes meanwhile is noticed.
    *speaks = Some(Speaks { plan: telemetry.plan_hash(), telemetry: Arc::clone(telemetry) });
    watcher.attach(telemetry, world, now());
    watcher.begin(world);
    turns.attach(telemetry);
    drop(watch);
    W::observe(&Observed { shared: Arc::clone(shared), telemetry: Arc::clone(telemetry), now: Arc::clone(now) });
}

/// Lets a role that speaks through this telemetry say what it knows under the operator's old names too.
pub fn attach_legacy<W: Watcher>(shared: &Shared<W>, telemetry: &Arc<Telemetry>, now: &Now) {
    W::observe_legacy(&Observed { shared: Arc::clone(shared), telemetry: Arc::clone(telemetry), now: Arc::clone(now) });
}

/// Registers what a role reads at each export.
pub struct Observed<W> {
    shared: Shared<W>,
    telemetry: Arc<Telemetry>,
    now: Now,
}

/// What a reading is made from.
#[derive(Debug)]
pub struct Seen<'s, W> {
    /// What the role remembers.
    pub watcher: &'s W,
    /// The objects.
    pub world: &'s World,
    /// The time of the reading.
    pub now: Timestamp,
}

impl<W: Watcher> Observed<W> {
    /// A metric, and how it is read.
    pub fn metric<M: Metric>(&self, read: impl Fn(&Seen<'_, W>, &Readings<'_, M>) + Send + Sync + 'static)
    where
        M::Value: Observable,
    {
        let (shared, now) = (Arc::clone(&self.shared), Arc::clone(&self.now));
        self.telemetry.observe::<M>(move |readings| {
            let watch = shared.lock();
            read(&Seen { watcher: &watch.watcher, world: &watch.world, now: now() }, readings);
        });
    }
}

/// For spans, which count by the standard library's clock.
#[must_use]
pub fn system_time(at: Timestamp) -> SystemTime {
    at.into()
}

/// Seconds from one moment to a later one; 0 when it is not later.
#[must_use]
pub fn seconds_since(now: Timestamp, then: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64().max(0.0)
}

/// Seconds since 1970, as the old metrics tell a time.
#[must_use]
pub fn unix_seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

#[cfg(test)]
mod tests;
