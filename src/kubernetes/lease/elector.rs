//! Plays the machine of one Lease against an API server, and tells the process whether it holds it.
//! Labels the pod of the active replica where asked to. Decides nothing; spawns nothing; reads no clock.

#[cfg(test)]
mod tests;

use super::{Action, Claim, Event, Machine, Record, Terms, label::PodLabel};
use crate::kubernetes::{Clock, failure::Failure};
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use pointsman_core::{
    limits,
    model::clock::{Mono, Wall},
};
use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;
use tracing::{info, warn};

/// How long a deadline is waited for before it is looked at again: it may have come nearer.
const LOOK: Duration = Duration::from_millis(500);

/// Whether a Lease is held: cheap to ask and to clone.
#[derive(Clone)]
pub struct Hold {
    /// Nanoseconds of the monotonic clock; 0: not held.
    until: Arc<AtomicU64>,
    now: Clock,
    changes: watch::Receiver<bool>,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("held", &self.is_held()).finish_non_exhaustive()
    }
}

impl Hold {
    /// Whether it is held now. True only while the deadline lies ahead, even when the elector's task stands still.
    #[must_use]
    pub fn is_held(&self) -> bool {
        (self.now)().0.0 < self.until.load(Ordering::Acquire)
    }

    /// Waits until it is held; for ever when nobody wants it any more.
    pub async fn held(&mut self) {
        while !self.is_held() {
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until it is not held any more: at the deadline, even when the elector's task stands still then.
    pub async fn lost(&mut self) {
        loop {
            let left = Mono(self.until.load(Ordering::Acquire)).since((self.now)().0);
            if left.is_zero() {
                return;
            }
            // A renewal moves the deadline, and is no change.
            tokio::time::sleep(left.min(LOOK)).await;
        }
    }

    /// Waits for the next change; `None` once there will be no more.
    pub async fn changed(&mut self) -> Option<bool> {
        self.changes.changed().await.ok()?;
        Some(*self.changes.borrow_and_update())
    }
}

/// The candidate or holder of one Lease, at an API server.
pub struct Elector {
    api: Api<Lease>,
    machine: Machine,
    /// The Lease as it last stood: a replacement keeps what others wrote on it.
    last: Option<Lease>,
    label: Option<PodLabel>,
    now: Clock,
    until: Arc<AtomicU64>,
    held: watch::Sender<bool>,
    hold: Hold,
}

impl fmt::Debug for Elector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elector").field("machine", &self.machine).finish_non_exhaustive()
    }
}

impl Elector {
    /// A candidate; it does nothing before [`Elector::run`].
    #[must_use]
    pub fn new(client: Client, terms: Terms, now: Clock) -> Self {
        let (held, changes) = watch::channel(false);
        let until = Arc::new(AtomicU64::new(0));
        let hold = Hold { until: Arc::clone(&until), now: Arc::clone(&now), changes };
        let api = Api::namespaced(client, &terms.namespace);
        Self { api, machine: Machine::new(terms), last: None, label: None, now, until, held, hold }
    }

    /// The same, which labels the pod that holds the Lease `pointsman.dev/active: "true"`.
    #[must_use]
    pub fn labelling(mut self) -> Self {
        let terms = self.machine.terms();
        self.label = Some(PodLabel::new(self.api.clone().into_client(), &terms.namespace, &terms.identity));
        self
    }

    /// Whether it is held, for others to ask.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.hold.clone()
    }

    /// Wants and keeps the Lease until `stop`; then releases it.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            // Cancels a request in flight: whether it arrived is seen in the version that the release meets.
            () = stop => {}
            () = self.keep() => {}
        }
        self.release().await;
    }

    async fn keep(&mut self) {
        loop {
            let wait = self.turn().await;
            tokio::time::sleep(wait).await;
        }
    }

    /// Plays the machine until it wants to wait. Answers for how long: at most until the deadline of a holder, so that its
    /// passing is told.
    async fn turn(&mut self) -> Duration {
        let mut event = Event::Tick;
        loop {
            let action = self.machine.step(self.mono(), event);
            self.publish();
            event = match action {
                Action::Read => self.read().await,
                Action::Create(claim) => self.create(claim).await,
                Action::Replace(claim, version) => self.replace(claim, &version).await,
                Action::Wait(wait) => {
                    self.mark().await;
                    let left = self.machine.held_until().map(|until| until.since(self.mono()));
                    return left.filter(|left| !left.is_zero()).map_or(wait, |left| left.min(wait));
                }
            };
        }
    }

    fn mono(&self) -> Mono {
        (self.now)().0
    }

    fn publish(&self) {
        let until = self.machine.held_until();
        self.until.store(until.map_or(0, |until| until.0), Ordering::Release);
        let is_held = self.machine.is_held(self.mono());
        let changed = self.held.send_if_modified(|held| std::mem::replace(held, is_held) != is_held);
        if changed {
            info!(lease = %self.machine.terms().name, held = is_held, "lease changed hands");
        }
    }

    /// Makes the labels of the pods say what is so. What fails is tried again at the next turn.
    async fn mark(&mut self) {
        let is_held = self.machine.is_held(self.mono());
        let previous = self.machine.take_previous();
        if let Some(label) = &mut self.label {
            label.settle(is_held, previous).await;
        }
    }

    async fn read(&mut self) -> Event {
        let name = self.machine.terms().name.clone();
        match timed(self.api.get_opt(&name)).await {
            Ok(lease) => {
                let record = lease.as_ref().map(record);
                self.last = lease;
                Event::Read(record)
            }
            Err(Failure::Gone) => Event::Read(None),
            Err(failure) => self.failed(&failure),
        }
    }

    async fn create(&mut self, claim: Claim) -> Event {
        let name = Some(self.machine.terms().name.to_string());
        let metadata = ObjectMeta { name, ..ObjectMeta::default() };
        let lease = self.claimed(Lease { metadata, spec: None }, &claim);
        match timed(self.api.create(&PostParams::default(), &lease)).await {
            // Its namespace is not there: no reason to ask without a pause.
            Err(failure @ Failure::Gone) => self.failed(&failure),
            written => self.written(written),
        }
    }

    async fn replace(&mut self, claim: Claim, version: &str) -> Event {
        let Some(last) = self.last.clone() else { return Event::Conflict };
        let mut lease = self.claimed(last, &claim);
        lease.metadata.resource_version = Some(version.to_owned());
        lease.metadata.managed_fields = None;
        let name = self.machine.terms().name.clone();
        let written = timed(self.api.replace(&name, &PostParams::default(), &lease)).await;
        self.written(written)
    }

    fn written(&mut self, written: Result<Lease, Failure>) -> Event {
        match written {
            Ok(lease) => {
                let record = record(&lease);
                self.last = Some(lease);
                Event::Written(record)
            }
            Err(Failure::Conflict) => Event::Conflict,
            Err(Failure::Gone) => Event::Read(None),
            Err(failure) => self.failed(&failure),
        }
    }

    fn failed(&self, failure: &Failure) -> Event {
        warn!(lease = %self.machine.terms().name, %failure, "a Lease could not be read or written");
        Event::Failed
    }

    fn claimed(&self, mut lease: Lease, claim: &Claim) -> Lease {
        let now = micro_time((self.now)().1);
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        spec.holder_identity = Some(claim.holder.to_string());
        spec.lease_duration_seconds = Some(i32::try_from(claim.duration.as_secs()).unwrap_or(i32::MAX));
        spec.lease_transitions = Some(i32::try_from(claim.transitions).unwrap_or(i32::MAX));
        spec.renew_time = Some(now.clone());
        if claim.taken {
            spec.acquire_time = Some(now);
        }
        lease
    }

    /// The label goes first, so that two replicas never carry it; then the Lease, so that the other need not wait.
    async fn release(&mut self) {
        let mut release = self.machine.release();
        self.publish();
        if let Some(label) = &mut self.label {
            label.settle(false, None).await;
        }
        // A renewal that was cut off may have moved the version: then once more.
        for _ in 0..2 {
            let Some((claim, version)) = release else { return };
            match self.replace(claim, &version).await {
                Event::Written(_) => return,
                Event::Conflict => {}
                _ => break,
            }
            let Event::Read(record) = self.read().await else { break };
            self.machine.note(self.mono(), record);
            release = self.machine.release();
        }
        info!(lease = %self.machine.terms().name, "a Lease was not released; it ends by itself");
    }
}

async fn timed<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Failure> {
    Failure::timed(Duration::from_millis(limits::LEASE_REQUEST_MS_MAX), request).await
}

/// A moment as Kubernetes writes it in Leases and Events.
pub(crate) fn micro_time(wall: Wall) -> MicroTime {
    let micros = i64::try_from(wall.0 / 1_000).unwrap_or(i64::MAX);
    MicroTime(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX))
}

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let number = |number: Option<i32>| u32::try_from(number.unwrap_or(0)).unwrap_or(0);
    Record {
        holder: spec.holder_identity.unwrap_or_default().into(),
        duration: Duration::from_secs(u64::from(number(spec.lease_duration_seconds))),
        transitions: number(spec.lease_transitions),
        version: lease.metadata.resource_version.clone().unwrap_or_default().into(),
    }
}
