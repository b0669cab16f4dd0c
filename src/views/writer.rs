//! Writes what should be seen in a cluster: status of views, components, catalogues. By server-side apply, from one bucket.
//! Level-based: compares what should stand there with what does; nothing to say is no write. Knows no plan and no stream.
//!
//! What waits longest within its rank goes first; decisions of views go before the rest, figures that only moved go last.
//! What fails waits by itself: the others go on.

mod book;
pub(super) mod bucket;
mod calls;
mod files;
mod owned;

#[cfg(test)]
mod tests;

use self::{
    book::{Book, Next, Write},
    bucket::Bucket,
    calls::Calls,
};
use super::{
    components::{DesiredComponent, catalogue::DesiredCatalogue},
    planfiles::{DesiredPlan, PlanFiles},
    workloads::Owners,
};
use crate::kubernetes::{Clock, failure::Failure};
use kube::Client;
use parking_lot::Mutex;
use pointsman_core::{
    limits,
    model::clock::Mono,
    view::{spec::ObjectId, status::ViewStatus},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;
use tracing::warn;

/// Group and version of our own kinds.
pub const API_VERSION: &str = "pointsman.dev/v1alpha1";
/// The field manager under which we write.
pub const FIELD_MANAGER: &str = "pointsman";

/// Everything that a cluster should show, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// The status of every view.
    pub views: Vec<DesiredView>,
    /// Every component of the stream.
    pub components: Vec<DesiredComponent>,
    /// Every catalogue of theirs.
    pub catalogues: Vec<Arc<DesiredCatalogue>>,
    /// The plans that components ask for as ConfigMaps.
    pub plans: Vec<DesiredPlan>,
    /// The workloads that the cluster has; `None` = not known yet: then nothing is removed.
    pub workloads: Option<Arc<Owners>>,
}

/// The status of one view.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredView {
    /// Which view.
    pub id: ObjectId,
    /// `metadata.uid`: another object of the same name does not get this status.
    pub uid: Box<str>,
    /// `metadata.generation` of the spec this speaks of.
    pub generation: Option<i64>,
    /// What should stand there.
    pub status: ViewStatus,
    /// What the object shows now, as far as its watch has told.
    pub seen: Option<ViewStatus>,
}

/// A status of a view that was written and changed its decision: the moment to tell an event.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The view, with the status that was written.
    pub view: &'a DesiredView,
    /// What it showed before.
    pub before: Option<&'a ViewStatus>,
}

/// How to write.
#[derive(Clone)]
pub struct WriterOptions {
    /// Both clocks.
    pub now: Clock,
    /// Whether this process may write now: it holds the Lease, or is alone. Asked before every write.
    pub may_write: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Called after each write of a changed decision; must not block.
    pub on_decision: Arc<dyn Fn(Written<'_>) + Send + Sync>,
}

impl fmt::Debug for WriterOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterOptions").finish_non_exhaustive()
    }
}

/// What the writer did, for our own telemetry and the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriterHealth {
    /// Writes that the API server took.
    pub written: u64,
    /// Writes that failed, by reason.
    pub failed: BTreeMap<&'static str, u64>,
    /// Objects that differ from what they should be, as of the last look.
    pub waiting: usize,
    /// Rights that are missing now: `patch telemetryviews/status`.
    pub forbidden: BTreeSet<&'static str>,
}

/// How long nothing is looked at again by itself: permission to write and times of back-offs are not told.
const IDLE: Duration = Duration::from_secs(1);

/// Writes to one cluster.
#[derive(Debug)]
pub struct Writer {
    calls: Calls,
    options: WriterOptions,
    health: Arc<Mutex<WriterHealth>>,
    book: Book,
    bucket: Bucket,
    /// When our own objects were last looked at.
    looked: Option<Mono>,
    /// Which components ask for their plan as a ConfigMap, and what became of it; and when that was last looked at.
    files: Arc<PlanFiles>,
    /// When it was last read who asks for a plan, and for how long that is believed.
    asked: Option<(Mono, Duration)>,
}

impl Writer {
    /// A writer that has written nothing yet.
    #[must_use]
    pub fn new(client: Client, options: WriterOptions) -> Self {
        let every = Duration::from_millis(limits::CLUSTER_WRITE_EVERY_MS);
        let bucket = Bucket::full(limits::CLUSTER_WRITES_BURST, every);
        let (health, book, files) = (Arc::default(), Book::default(), Arc::default());
        Self { calls: Calls::new(client), options, health, book, bucket, looked: None, files, asked: None }
    }

    /// The same writer, which tells there who asks for a plan as a ConfigMap, and what became of it.
    #[must_use]
    pub fn telling(self, files: Arc<PlanFiles>) -> Self {
        Self { files, ..self }
    }

    /// What it did so far, for others to read.
    #[must_use]
    pub fn health(&self) -> Arc<Mutex<WriterHealth>> {
        Arc::clone(&self.health)
    }

    /// Writes until `stop`, or until nobody can desire anything any more.
    pub async fn run(mut self, desired: watch::Receiver<Arc<Desired>>, stop: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            // Cancels a write in flight: every write can be done again.
            () = stop => {}
            () = self.work(desired) => {}
        }
    }

    async fn work(&mut self, mut desired: watch::Receiver<Arc<Desired>>) {
        loop {
            // Copied first: the receiver's lock must not be held across the request.
            let latest = Arc::clone(&desired.borrow_and_update());
            let wait = self.turn(&latest).await;
            if wait.is_zero() {
                continue;
            }
            tokio::select! {
                changed = desired.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One request at most. Answers how long there is nothing to do unless something changes.
    async fn turn(&mut self, desired: &Desired) -> Duration {
        let now = self.mono();
        if !(self.options.may_write)() {
            // Whoever writes now may write anything: what was known of the cluster counts no more.
            self.book.forget();
            self.files.forget();
            self.asked = None;
            (self.looked, self.health.lock().waiting) = (None, 0);
            return IDLE;
        }
        if let Some(wait) = self.bucket.wait(now) {
            return wait;
        }
        let look = Duration::from_secs(limits::OWN_OBJECTS_LOOK_SECS);
        if self.book.may_look(now) && self.looked.is_none_or(|at| now.since(at) >= look) {
            self.bucket.take(now);
            self.look(now).await;
            return Duration::ZERO;
        }
        if self.looked.is_some() && self.book.may_look(now) && self.asked.is_none_or(|(at, look)| now.since(at) >= look) {
            // One read in so long is no load, and takes no turn from a write.
            self.ask(now).await;
            return Duration::ZERO;
        }
        let (next, waiting) = self.book.next(desired, now);
        self.health.lock().waiting = waiting;
        match next {
            Next::Write(write) => {
                self.bucket.take(now);
                self.write(desired, &write).await;
                Duration::ZERO
            }
            Next::Wait(wait) => wait.min(IDLE),
        }
    }

    fn mono(&self) -> Mono {
        (self.options.now)().0
    }

    /// Reads which objects are ours, so that those of an earlier run are found, and those that somebody removed.
    async fn look(&mut self, now: Mono) {
        match self.calls.look().await {
            Ok(found) => {
                let look = Duration::from_secs(limits::PLAN_FILES_LOOK_SECS);
                (self.looked, self.asked) = (Some(now), Some((now, look)));
                self.files.look(found.requests.clone());
                self.book.found(found);
            }
            Err((what, failure)) => {
                self.failed(what, &failure);
                self.book.look_failed(&failure, now);
            }
        }
    }

    /// Reads which components ask for their plan as a ConfigMap.
    async fn ask(&mut self, now: Mono) {
        match self.calls.requests().await {
            Ok((requests, is_short)) => {
                let secs = if is_short { limits::PLAN_FILES_LOOK_SECS } else { limits::PLAN_FILES_LOOK_SECS_MAX };
                self.asked = Some((now, Duration::from_secs(secs)));
                self.files.look(requests);
            }
            Err((what, failure)) => {
                self.failed(what, &failure);
                self.book.look_failed(&failure, now);
            }
        }
    }

    async fn write(&mut self, desired: &Desired, write: &Write) {
        let decided = match write {
            Write::View { index, decision: true, .. } => desired.views.get(*index),
            _ => None,
        };
        let before = decided.and_then(|view| self.book.before(view, self.mono()));
        let result = self.calls.send(desired, &self.book, write).await;
        let is_written = result.is_ok();
        match &result {
            Ok(_) => {
                let mut health = self.health.lock();
                health.written += 1;
                health.forbidden.remove(write.right());
            }
            Err(failure) => self.failed(write.right(), failure),
        }
        // The clock again: an answer may take its time, and a back-off counts from there.
        let now = self.mono();
        let outcome = self.book.note(desired, write, result, now);
        if let (Write::PlanFile { index }, Some(outcome)) = (write, outcome)
            && let Some(plan) = desired.plans.get(*index)
        {
            self.files.note(&plan.namespace, &plan.component, outcome);
        }
        if let Some(view) = decided.filter(|_| is_written) {
            (self.options.on_decision)(Written { view, before: before.as_ref() });
        }
    }

    fn failed(&self, what: &'static str, failure: &Failure) {
        let mut health = self.health.lock();
        *health.failed.entry(failure.reason()).or_default() += 1;
        let is_new = match failure {
            Failure::Forbidden(_) => health.forbidden.insert(what),
            _ => false,
        };
        drop(health);
        match failure {
            Failure::Forbidden(_) if is_new => warn!(right = %what, %failure, "a right is missing: status is not written"),
            Failure::Forbidden(_) | Failure::Gone | Failure::Conflict => {}
            _ => warn!(request = %what, %failure, "the cluster was not written"),
        }
    }
}
