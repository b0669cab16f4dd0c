//! Active and standby: one short Lease says which replica takes what components push; its holder alone wants the long one,
//! whose holder writes to the cluster. Without a pod there is no election: this process is alone.
//! Knows when a Lease is wanted; how one is held is the elector's.

use super::{drain::Stop, engine::Engine, tasks::Tasks};
use crate::{
    config,
    kubernetes::{
        Clock,
        lease::{
            Terms,
            elector::{Elector, Hold},
        },
    },
};
use kube::Client;
use parking_lot::RwLock;
use pointsman_core::model::clock::Mono;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Which Leases this process holds; cheap to clone.
#[derive(Clone)]
pub struct Leases {
    /// `None`: no election.
    active: Option<Hold>,
    status: Arc<RwLock<Option<Hold>>>,
    /// When this replica became the active one, in nanoseconds of the monotonic clock.
    since: Arc<AtomicU64>,
}

impl Leases {
    /// Whether this replica takes what components push.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active.as_ref().is_none_or(Hold::is_held)
    }

    /// Whether this process may write to the cluster: it sees the stream, and nobody else writes.
    #[must_use]
    pub fn may_write(&self) -> bool {
        let writes = || self.status.read().as_ref().is_some_and(Hold::is_held);
        self.active.as_ref().is_none_or(|active| active.is_held() && writes())
    }

    /// Since when what is observed speaks for the cluster: the take-over, or the start.
    #[must_use]
    pub fn active_since(&self) -> Mono {
        Mono(self.since.load(Ordering::Relaxed))
    }

    /// Active and status, for our own metrics; nothing without an election.
    #[must_use]
    pub fn both(&self) -> Option<(bool, bool)> {
        let active = self.active.as_ref()?.is_held();
        Some((active, self.may_write()))
    }
}

/// Wants the Leases until asked to stop.
pub fn start(
    engine: &Arc<Engine>,
    (config, client): (&config::Cluster, &Client),
    now: &Clock,
    tasks: &Tasks,
    stop: &Stop,
) -> Leases {
    let (status, since) = (Arc::default(), Arc::default());
    let Some((namespace, pod)) = config.pod.clone() else { return Leases { active: None, status, since } };
    engine.control.set_active(false); // until the Lease is ours
    let active = Elector::new(client.clone(), Terms::active(&namespace, &pod), Arc::clone(now)).labelling();
    let leases = Leases { active: Some(active.hold()), status, since };
    let (asked, following) = (stop.clone(), leases.clone());
    let follower = Follower { engine: Arc::clone(engine), client: client.clone(), now: Arc::clone(now), namespace, pod };
    tasks.vital("active lease", async move { active.run(async move { asked.asked().await }).await });
    tasks.vital("status lease", follower.follow(following, stop.clone()));
    leases
}

/// Does what the active Lease asks for.
struct Follower {
    engine: Arc<Engine>,
    client: Client,
    now: Clock,
    namespace: String,
    pod: String,
}

impl Follower {
    async fn follow(self, leases: Leases, stop: Stop) {
        let Some(mut active) = leases.active.clone() else { return };
        loop {
            tokio::select! {
                biased;
                () = stop.asked() => return,
                () = until(&mut active, true) => {}
            }
            leases.since.store((self.now)().0.0, Ordering::Relaxed);
            self.engine.ingest.budget.pause(false);
            self.engine.control.set_active(true);
            let elector = Elector::new(self.client.clone(), Terms::status(&self.namespace, &self.pod), Arc::clone(&self.now));
            *leases.status.write() = Some(elector.hold());
            let (mut lost, asked) = (active.clone(), stop.clone());
            let over = async move {
                tokio::select! {
                    () = asked.asked() => {}
                    () = until(&mut lost, false) => {}
                }
            };
            elector.run(over).await; // releases before it returns
            *leases.status.write() = None;
            tokio::select! {
                biased;
                () = stop.asked() => return, // what is in flight may end
                () = std::future::ready(()) => {}
            }
            // Senders that still come here are told to try again: their next connection finds the active replica.
            self.engine.ingest.budget.pause(true);
            self.engine.control.set_active(false);
        }
    }
}

/// Waits until it is held, or not held; for ever once there will be no more changes.
async fn until(hold: &mut Hold, held: bool) {
    while hold.is_held() != held {
        if hold.changed().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
