//! Kubernetes Events: what happened to a view or component, where `kubectl describe` shows it. Equal ones are one, counted.
//! Best effort, from a bucket of its own, so that no status ever waits for an event. Decides nothing; reads no clock.

#[cfg(test)]
mod tests;

use super::writer::bucket::Bucket;
use crate::kubernetes::{Clock, failure::Failure, lease::elector::micro_time};
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use parking_lot::Mutex;
use pointsman_core::{
    limits,
    model::clock::{Mono, Wall},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt, future::Future, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tracing::debug;

const CONTROLLER: &str = "pointsman.dev/controller";
const ACTION: &str = "Reconcile";

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct About {
    /// `pointsman.dev/v1alpha1`
    pub api_version: Box<str>,
    /// `TelemetryView`
    pub kind: Box<str>,
    /// Where it lives; empty for a cluster object.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid.
    pub uid: Box<str>,
}

/// What became of the events, for our own telemetry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Told to us.
    pub told: u64,
    /// Written, new or counted up.
    pub written: u64,
    /// Never written: no room, or no luck.
    pub dropped: u64,
}

/// Takes events without waiting; cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    now: Clock,
}

/// Writes what its recorders took.
pub struct Events {
    client: Client,
    /// The process that reports: its pod, or its host.
    instance: Box<str>,
    shared: Arc<Shared>,
    now: Clock,
    bucket: Bucket,
}

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    told: Notify,
}

/// Events of the last minutes.
#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Same, Entry>,
    /// Makes the order in which entries wait.
    order: u64,
    counts: EventCounts,
}

/// What makes two events one: object, reason and text, so that nothing new is counted as something old.
type Same = (About, Box<str>, Box<str>);

#[derive(Clone, Debug)]
struct Entry {
    warning: bool,
    name: Box<str>,
    first: (Mono, Wall),
    last: Wall,
    count: u32,
    /// How many the cluster knows of; 0: the event is not there.
    written: u32,
    attempts: u32,
    order: u64,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Takes an event. `warning` makes it a Warning, else it is Normal; `reason` is one word, `message` is cut where it is
    /// too long. Never blocks: where there is no room, the event is counted as dropped.
    pub fn tell(&self, about: &About, warning: bool, reason: &str, message: &str) {
        self.shared.table.lock().tell((about, reason), warning, message, (self.now)());
        self.shared.told.notify_one();
    }

    /// What became of the events so far.
    #[must_use]
    pub fn counts(&self) -> EventCounts {
        self.shared.table.lock().counts
    }
}

impl Events {
    /// Events of the process `instance`; nothing is written before [`Events::run`].
    #[must_use]
    pub fn new(client: Client, instance: &str, now: Clock) -> Self {
        let bucket = Bucket::full(limits::EVENTS_BURST, Duration::from_millis(limits::EVENT_EVERY_MS));
        let instance = cut(if instance.is_empty() { "pointsman" } else { instance }, 128).into();
        Self { client, instance, shared: Arc::default(), now, bucket }
    }

    /// Where events are told.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder { shared: Arc::clone(&self.shared), now: Arc::clone(&self.now) }
    }

    /// Writes until `stop`.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = stop => {}
            () = self.work() => {}
        }
    }

    async fn work(&mut self) {
        loop {
            match self.turn().await {
                Some(wait) => tokio::time::sleep(wait).await,
                None => self.shared.told.notified().await,
            }
        }
    }

    /// One write at most. Answers how long to wait before the next turn; `None`: until something is told.
    async fn turn(&mut self) -> Option<Duration> {
        let now = (self.now)().0;
        if let Some(wait) = self.bucket.wait(now) {
            return Some(wait);
        }
        let next = self.shared.table.lock().next();
        let (same, entry) = next?;
        self.bucket.take(now);
        let result = self.write(&same, &entry).await;
        self.shared.table.lock().note(&same, &entry, &result);
        if let Err(failure) = result {
            debug!(reason = %same.1, %failure, "an event was not written");
        }
        Some(Duration::ZERO)
    }

    async fn write(&self, same: &Same, entry: &Entry) -> Result<(), Failure> {
        let limit = Duration::from_millis(limits::CLUSTER_WRITE_MS_MAX);
        let api: Api<Event> = Api::namespaced(self.client.clone(), namespace(&same.0));
        if entry.written == 0 {
            let event = event(same, entry, &self.instance);
            return match Failure::timed(limit, api.create(&PostParams::default(), &event)).await {
                // Written by an attempt whose answer was lost: its name is made of what happened.
                Ok(_) | Err(Failure::Conflict) => Ok(()),
                Err(failure) => Err(failure),
            };
        }
        let body = json!({"series": {"count": entry.count, "lastObservedTime": micro_time(entry.last)}});
        let patch = Patch::Merge(&body);
        Failure::timed(limit, api.patch(&entry.name, &PatchParams::default(), &patch)).await.map(drop)
    }
}

impl Table {
    fn tell(&mut self, (about, reason): (&About, &str), warning: bool, message: &str, now: (Mono, Wall)) {
        self.counts.told += 1;
        let same: Same = (about.clone(), cut(reason, 128).into(), cut(message, limits::EVENT_NOTE_BYTES_MAX).into());
        let window = Duration::from_secs(limits::EVENT_SAME_SECS);
        if let Some(entry) = self.entries.get_mut(&same).filter(|entry| now.0.since(entry.first.0) < window) {
            entry.count = entry.count.saturating_add(1);
            entry.last = now.1;
            return;
        }
        if self.entries.len() >= limits::EVENTS_MAX && !self.entries.contains_key(&same) && !self.make_room() {
            self.counts.dropped += 1;
            return;
        }
        self.order += 1;
        let entry = Entry {
            warning,
            name: name(&same, now.1).into(),
            first: now,
            last: now.1,
            count: 1,
            written: 0,
            attempts: 0,
            order: self.order,
        };
        let before = self.entries.insert(same, entry);
        self.counts.dropped += u64::from(before.is_some_and(|before| before.waits()));
    }

    /// Forgets the oldest event that is written; whether there was one.
    fn make_room(&mut self) -> bool {
        let oldest = self.entries.iter().filter(|(_, entry)| !entry.waits()).min_by_key(|(_, entry)| entry.order);
        let oldest = oldest.map(|(same, _)| same.clone());
        oldest.is_some_and(|same| self.entries.remove(&same).is_some())
    }

    /// The event that waits longest.
    fn next(&self) -> Option<(Same, Entry)> {
        let waiting = self.entries.iter().filter(|(_, entry)| entry.waits()).min_by_key(|(_, entry)| entry.order);
        waiting.map(|(same, entry)| (same.clone(), entry.clone()))
    }

    fn note(&mut self, same: &Same, sent: &Entry, result: &Result<(), Failure>) {
        self.order += 1;
        let order = self.order;
        // Another event may have taken its place meanwhile.
        let Some(entry) = self.entries.get_mut(same).filter(|entry| entry.name == sent.name) else { return };
        entry.order = order;
        match result {
            Ok(()) => {
                // Made as one: what came before it was made, or while it was, is counted by the next write.
                entry.written = if sent.written == 0 { 1 } else { sent.count };
                entry.attempts = 0;
                self.counts.written += 1;
            }
            // Events live for an hour: this one is made anew.
            Err(Failure::Gone) if entry.written > 0 => entry.written = 0,
            Err(_) => {
                entry.attempts += 1;
                if entry.attempts >= limits::EVENT_ATTEMPTS_MAX {
                    self.entries.remove(same);
                    self.counts.dropped += 1;
                }
            }
        }
    }
}

impl Entry {
    fn waits(&self) -> bool {
        self.written < self.count
    }
}

fn event(same: &Same, entry: &Entry, instance: &str) -> Event {
    let ((about, reason, note), text) = (same, |text: &str| Some(text.to_owned()));
    Event {
        metadata: ObjectMeta { name: text(&entry.name), namespace: text(namespace(about)), ..ObjectMeta::default() },
        action: text(ACTION),
        event_time: Some(micro_time(entry.first.1)),
        note: text(note),
        reason: text(reason),
        regarding: Some(ObjectReference {
            api_version: text(&about.api_version),
            kind: text(&about.kind),
            name: text(&about.name),
            namespace: text(&about.namespace).filter(|namespace| !namespace.is_empty()),
            uid: text(&about.uid),
            ..ObjectReference::default()
        }),
        reporting_controller: text(CONTROLLER),
        reporting_instance: text(instance),
        type_: text(if entry.warning { "Warning" } else { "Normal" }),
        ..Event::default()
    }
}

/// Where an event is kept: beside what it is about; those of cluster objects in `default`, as Kubernetes asks.
fn namespace(about: &About) -> &str {
    if about.namespace.is_empty() { "default" } else { &about.namespace }
}

/// A name that no other event has, and that a second attempt has again.
fn name((about, reason, note): &Same, at: Wall) -> String {
    let digest = Sha256::digest(format!("{about:?} {reason} {} {note}", at.0));
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let head = cut(&about.name, 200).trim_end_matches(['.', '-']);
    format!("{head}.{hex}")
}

/// The text up to so many bytes, whole characters only.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
