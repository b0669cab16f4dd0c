//! A cluster with a Machine Config Operator, played from a script: every write to the API that the operator, its controllers,
//! its daemons and the kubelets would make, at the simulated second in which they would make it, quirks and all. The same
//! options and script give the same writes. Pure: reads no clock, knows no API server and no telemetry.

pub mod action;
mod builds;
mod conditions;
mod daemon;
mod drain;
mod events;
mod fleet;
mod machines;
mod objects;
mod pins;
mod pools;
mod random;
mod settings;
pub mod truth;

pub use action::{Action, Post, Trouble};
pub use truth::Truth;

use daemon::Task;
use drain::Duty;
use jiff::Timestamp;
use machines::Machine;
use objects::Objects;
use pointsman_watch::Kind;
use pools::Pool;
use random::Random;
use serde_json::Value;
use std::collections::BTreeMap;

/// Seconds since the simulation began.
pub type Second = u64;

/// Days that the authority of the API server has left, where nobody says otherwise.
const AUTHORITY_DAYS: u64 = 335;

/// One write to the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Of an object of this kind,
    pub kind: Kind,
    /// with this name,
    pub name: String,
    /// this was done,
    pub verb: Verb,
    /// in this second.
    pub at: Second,
}

/// What was done to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// It is this now, status and metadata included.
    Put(Value),
    /// It is gone.
    Delete,
}

/// What the cluster is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Every id and duration follows from it.
    pub seed: u64,
    /// When second 0 is.
    pub start: Timestamp,
    /// The pools, with their nodes.
    pub pools: Vec<PoolOptions>,
    /// Whether MachineConfigNodes report images (a feature gate): three phases stand for AppliedFilesAndOS then.
    pub image_mode: bool,
    /// Days that the authority of the API server, which is good for a year, has left at the start.
    pub authority_days: u64,
}

/// A pool at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// `master`, `worker`, or a custom one.
    pub name: String,
    /// Its nodes, named after it and a number from 0.
    pub nodes: usize,
    /// Nodes that may be away at a time: `2`, `10%`.
    pub max_unavailable: String,
    /// Seconds for which it has been paused at the start.
    pub paused_for: Option<Second>,
}

impl PoolOptions {
    /// A pool of so many nodes, of which one may be away.
    #[must_use]
    pub fn new(name: &str, nodes: usize) -> Self {
        Self { name: name.to_owned(), nodes, max_unavailable: "1".to_owned(), paused_for: None }
    }

    /// It has been paused for so many seconds when the simulation begins.
    #[must_use]
    pub fn paused_for(mut self, seconds: Second) -> Self {
        self.paused_for = Some(seconds);
        self
    }

    /// So many nodes may be away.
    #[must_use]
    pub fn max_unavailable(mut self, max: &str) -> Self {
        max.clone_into(&mut self.max_unavailable);
        self
    }
}

impl Options {
    /// Three masters and so many workers, of which two may be away; it begins with the year 2026.
    #[must_use]
    pub fn new(workers: usize, seed: u64) -> Self {
        let pools = vec![PoolOptions::new("master", 3), PoolOptions::new("worker", workers).max_unavailable("2")];
        let start = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { seed, start, pools, image_mode: false, authority_days: AUTHORITY_DAYS }
    }

    /// With this pool too.
    #[must_use]
    pub fn with_pool(mut self, pool: PoolOptions) -> Self {
        self.pools.push(pool);
        self
    }
}

/// Something a person who watches would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A pool has a new target.
    RolloutStarted {
        /// The pool.
        pool: String,
        /// The config before.
        from: String,
        /// The target.
        to: String,
    },
    /// An attempt to drain failed for the first time in this update.
    DrainBlocked {
        /// The node.
        node: String,
    },
    /// A drain is not done after 10 minutes, after an hour.
    DrainTier {
        /// The node.
        node: String,
        /// So long.
        minutes: u64,
    },
    /// A drain that was blocked is done.
    DrainFreed {
        /// The node.
        node: String,
    },
    /// A node could not be made to boot, for the first time in this update: it is Degraded, and its daemon tries again.
    RebootFailed {
        /// The node.
        node: String,
    },
    /// A node boots that could not be made to before.
    RebootWorked {
        /// The node.
        node: String,
        /// Which attempt this was.
        attempt: u64,
    },
    /// The daemon of a node falls silent.
    DaemonSilent {
        /// The node.
        node: String,
    },
    /// It has started again.
    DaemonBack {
        /// The node.
        node: String,
        /// The config that its node runs.
        config: String,
    },
    /// No config can be rendered for a pool.
    RenderFailed {
        /// The pool.
        pool: String,
    },
    /// One can be rendered again.
    RenderMended {
        /// The pool.
        pool: String,
    },
    /// A pool is paused.
    PoolPaused {
        /// The pool.
        pool: String,
        /// For so many seconds when this is told.
        seconds: Second,
    },
    /// A paused pool has a new target, which waits.
    UpdateWaits {
        /// The pool.
        pool: String,
        /// The target.
        to: String,
    },
    /// A pool is let go on.
    PoolResumed {
        /// The pool.
        pool: String,
    },
    /// The authority of the API server ends soon.
    AuthorityEnds {
        /// In so many days.
        days: u64,
    },
    /// There is a new authority of the API server.
    AuthorityRenewed,
    /// A node runs its target.
    NodeUpdated {
        /// The node.
        node: String,
    },
    /// All nodes of a pool do.
    RolloutEnded {
        /// The pool.
        pool: String,
        /// How many.
        nodes: usize,
        /// When it began.
        start: Second,
    },
}

/// The simulated cluster.
#[derive(Debug)]
pub struct Cluster {
    options: Options,
    now: Second,
    queue: BTreeMap<(Second, u64), Step>,
    queued: u64,
    objects: Objects,
    machines: BTreeMap<String, Machine>,
    /// The nodes of each pool, the oldest first.
    members: BTreeMap<String, BTreeMap<u64, String>>,
    born: u64,
    pools: BTreeMap<String, Pool>,
    posts: BTreeMap<String, Post>,
    truth: Truth,
    happenings: Vec<(Second, Happening)>,
}

/// What will happen.
#[derive(Clone, Debug)]
enum Step {
    Act(Action),
    Sync(String),
    Render(String),
    Daemon { node: String, epoch: u64, task: Task },
    Drain { node: String, round: u64, duty: Duty },
    Power { node: String, up: bool },
    Certificates(String),
    Build { pool: String, stage: builds::Stage },
    Pin { node: String, set: String, ok: bool },
    Settle { version: String },
    Forget(Kind, String),
    Leases,
}

impl Cluster {
    /// A cluster at rest: the first writes make all that there is.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let objects = Objects::new(options.seed, options.start);
        let mut cluster = Self {
            options,
            now: 0,
            queue: BTreeMap::new(),
            queued: 0,
            objects,
            machines: BTreeMap::new(),
            members: BTreeMap::new(),
            born: 0,
            pools: BTreeMap::new(),
            posts: BTreeMap::new(),
            truth: Truth::default(),
            happenings: Vec::new(),
        };
        cluster.found();
        cluster.objects.is_past = false;
        cluster
    }

    /// In that second, this happens.
    #[must_use]
    pub fn at(mut self, second: Second, action: Action) -> Self {
        self.plan(second, action);
        self
    }

    /// In that second, or now if that is over, this happens.
    pub fn plan(&mut self, second: Second, action: Action) {
        self.put_off(second.saturating_sub(self.now), Step::Act(action));
    }

    /// Lets time pass up to that second and through it; answers every write since this was last asked.
    pub fn advance_to(&mut self, second: Second) -> Vec<Write> {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= second) {
            let ((at, _), step) = entry.remove_entry();
            (self.now, self.objects.now) = (at, at);
            self.step(step);
        }
        let now = second.max(self.now);
        (self.now, self.objects.now) = (now, now);
        self.objects.take_written()
    }

    /// The second up to which time has passed.
    #[must_use]
    pub fn now(&self) -> Second {
        self.now
    }

    /// That second, as a time.
    #[must_use]
    pub fn time(&self, second: Second) -> Timestamp {
        let after = jiff::SignedDuration::from_secs(i64::try_from(second).unwrap_or(i64::MAX));
        self.options.start.saturating_add(after).unwrap_or(self.options.start)
    }

    /// Every object as it is, as a list of the API would show it.
    pub fn objects(&self) -> impl Iterator<Item = (Kind, &str, &Value)> {
        self.objects.iter()
    }

    /// One object as it is.
    #[must_use]
    pub fn object(&self, kind: Kind, name: &str) -> Option<&Value> {
        self.objects.get(kind, name)
    }

    /// What really happened so far.
    #[must_use]
    pub fn expected(&self) -> &Truth {
        &self.truth
    }

    /// What a person would tell, since this was last asked.
    pub fn take_happenings(&mut self) -> Vec<(Second, Happening)> {
        std::mem::take(&mut self.happenings)
    }

    /// Whether every pool that is not paused has come to its target.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.truth.rollouts.iter().all(|rollout| rollout.end.is_some())
            && self.truth.updates.iter().all(|update| update.end.is_some())
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Act(action) => self.act(action),
            Step::Sync(pool) => self.sync(&pool),
            Step::Render(pool) => self.render(&pool),
            Step::Daemon { node, epoch, task } => self.daemon(&node, epoch, task),
            Step::Drain { node, round, duty } => self.drain(&node, round, duty),
            Step::Power { node, up } => self.power(&node, up),
            Step::Certificates(node) => self.sync_certificates(&node),
            Step::Build { pool, stage } => self.build(&pool, stage),
            Step::Pin { node, set, ok } => self.pinned(&node, &set, ok),
            Step::Settle { version } => self.upgraded(&version),
            Step::Forget(kind, name) => self.objects.delete(kind, &name),
            Step::Leases => self.renew_leases(),
        }
    }

    /// After so many seconds, this happens.
    fn put_off(&mut self, seconds: Second, step: Step) {
        self.queued += 1;
        self.queue.insert((self.now + seconds, self.queued), step);
    }

    /// So many seconds, for the thing that these words name.
    fn draw(&self, words: &[&str], (low, high): (Second, Second)) -> Second {
        Random::of(self.options.seed, words).between(low, high)
    }

    fn tell(&mut self, happening: Happening) {
        self.happenings.push((self.now, happening));
    }
}

#[cfg(test)]
mod tests;
