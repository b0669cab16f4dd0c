//! The objects of the simulated cluster as an API server would hold them, and every write to them in order.
//! Knows versions, generations and times; not what objects mean.

use super::{Second, Verb, Write, random::Random};
use jiff::{SignedDuration, Timestamp};
use pointsman_watch::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What there was before the simulation began is so old.
const AGE: i64 = 30 * 24 * 3600;

/// The objects, and what was written since last asked.
#[derive(Debug)]
pub(super) struct Objects {
    objects: BTreeMap<Kind, BTreeMap<String, Value>>,
    written: Vec<Write>,
    version: u64,
    seed: u64,
    start: Timestamp,
    pub(super) now: Second,
    /// Until the simulation begins, everything happens long ago.
    pub(super) is_past: bool,
}

impl Objects {
    pub(super) fn new(seed: u64, start: Timestamp) -> Self {
        Self { objects: BTreeMap::new(), written: Vec::new(), version: 1000, seed, start, now: 0, is_past: true }
    }

    /// So many seconds after the start of the simulation, or before it, as an API server writes it.
    pub(super) fn stamp_at(&self, after: i64) -> String {
        let at = self.start.saturating_add(SignedDuration::from_secs(after)).unwrap_or(self.start);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Seconds from the start of the simulation to now; below 0 while everything happens long ago.
    pub(super) fn seconds(&self) -> i64 {
        i64::try_from(self.now).unwrap_or(i64::MAX) - if self.is_past { AGE } else { 0 }
    }

    /// Now, as an API server writes it.
    pub(super) fn stamp(&self) -> String {
        self.stamp_at(self.seconds())
    }

    pub(super) fn get(&self, kind: Kind, name: &str) -> Option<&Value> {
        self.objects.get(&kind)?.get(name)
    }

    /// Every object there is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Kind, &str, &Value)> {
        self.objects.iter().flat_map(|(kind, objects)| objects.iter().map(|(name, object)| (*kind, name.as_str(), object)))
    }

    /// What was written since this was last asked.
    pub(super) fn take_written(&mut self) -> Vec<Write> {
        std::mem::take(&mut self.written)
    }

    /// Makes an object of these parts; metadata in it is kept.
    pub(super) fn create(&mut self, kind: Kind, name: &str, parts: Value) {
        let facts = kind.facts();
        let api = if facts.group.is_empty() { facts.version.to_owned() } else { format!("{}/{}", facts.group, facts.version) };
        let mut object = json!({"apiVersion": api, "kind": facts.kind});
        for (key, part) in parts.as_object().into_iter().flatten() {
            object[key] = part.clone();
        }
        let uid = Random::of(self.seed, &["uid", facts.kind, name, &self.now.to_string()]).uuid();
        let (stamp, version) = (self.stamp(), self.next_version());
        let metadata = &mut object["metadata"];
        metadata["name"] = json!(name);
        metadata["uid"] = json!(uid);
        metadata["creationTimestamp"] = json!(stamp);
        metadata["resourceVersion"] = json!(version);
        if let Some(namespace) = facts.namespace {
            metadata["namespace"] = json!(namespace);
        }
        if has_generation(kind) {
            metadata["generation"] = json!(1);
        }
        self.keep(kind, name, object);
    }

    /// Changes an object; writes it if that changed anything, and says whether it did.
    pub(super) fn edit(&mut self, kind: Kind, name: &str, change: impl FnOnce(&mut Value)) -> bool {
        let Some(old) = self.get(kind, name) else { return false };
        let mut new = old.clone();
        change(&mut new);
        if new == *old {
            return false;
        }
        if has_generation(kind) && !same_spec(old, &new) {
            new["metadata"]["generation"] = json!(generation(old) + 1);
        }
        new["metadata"]["resourceVersion"] = json!(self.next_version());
        self.keep(kind, name, new);
        true
    }

    pub(super) fn delete(&mut self, kind: Kind, name: &str) {
        if self.objects.get_mut(&kind).and_then(|objects| objects.remove(name)).is_some() {
            self.written.push(Write { kind, name: name.to_owned(), verb: Verb::Delete, at: self.now });
        }
    }

    fn next_version(&mut self) -> String {
        self.version += 1;
        self.version.to_string()
    }

    fn keep(&mut self, kind: Kind, name: &str, object: Value) {
        self.written.push(Write { kind, name: name.to_owned(), verb: Verb::Put(object.clone()), at: self.now });
        self.objects.entry(kind).or_default().insert(name.to_owned(), object);
    }
}

/// `metadata.generation`
pub(super) fn generation(object: &Value) -> i64 {
    object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default()
}

/// Some built-in kinds count no generations.
fn has_generation(kind: Kind) -> bool {
    !matches!(kind, Kind::Event | Kind::Lease | Kind::Node | Kind::Pod | Kind::ServerCaSecret | Kind::ServerTlsSecret)
}

/// Whether nothing differs but metadata and status.
fn same_spec(old: &Value, new: &Value) -> bool {
    let rest = |object: &Value| -> Vec<(String, Value)> {
        let entries = object.as_object().into_iter().flatten();
        let rest = entries.filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status"));
        rest.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    rest(old) == rest(new)
}
