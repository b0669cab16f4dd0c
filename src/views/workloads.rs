//! Which workload owns which pod: pods, ReplicaSets and Jobs by their metadata alone.
//! Knows owner references; what a component is, core says.

use crate::kubernetes::{
    follow::News,
    objects::{Entry, Key, OwnerRef, Payload},
};
use pointsman_core::model::{clock::Wall, component::Workload, workloads::Workloads};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

#[cfg(test)]
mod tests;

/// Names a workload: namespace, kind and name.
pub type Name = (Box<str>, Box<str>, Box<str>);
/// The workloads that own pods.
pub type Owners = BTreeMap<Name, Owner>;

/// What an owner reference to a workload needs beside its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// `apps/v1`
    pub api_version: Box<str>,
    /// `metadata.uid`
    pub uid: Box<str>,
}

/// Kinds that stand between a pod and its workload, in the order of [`Table`]'s rows after the pods.
const BETWEEN: [&str; 2] = ["ReplicaSet", "Job"];
/// Owns static pods, and is no workload.
const NODE: &str = "Node";

/// Pods, ReplicaSets and Jobs.
#[derive(Debug, Default)]
pub(super) struct WorkloadTable {
    rows: [BTreeMap<Key, Owned>; 3],
    /// Each owner once, by uid: the pods of a ReplicaSet share it.
    shared: BTreeMap<Box<str>, Arc<OwnerRef>>,
    built: (Arc<Workloads>, Arc<Owners>),
}

#[derive(Debug, PartialEq, Eq)]
struct Owned {
    uid: Box<str>,
    created: Option<Wall>,
    owner: Option<Arc<OwnerRef>>,
}

impl WorkloadTable {
    /// Takes news of pods (0), ReplicaSets (1) or Jobs (2); whether anything changed.
    pub(super) fn take(&mut self, which: usize, news: News) -> bool {
        let Some(rows) = self.rows.get_mut(which) else { return false };
        match news {
            News::Listed { entries, .. } => {
                let shared = &mut self.shared;
                let new: BTreeMap<Key, Owned> = entries.into_iter().filter_map(|entry| owned(entry, shared)).collect();
                let changed = *rows != new;
                *rows = new;
                self.shared.retain(|_, owner| Arc::strong_count(owner) > 1);
                changed
            }
            News::Applied(entry) => {
                let Some((key, new)) = owned(entry, &mut self.shared) else { return false };
                let changed = rows.get(&key) != Some(&new);
                rows.insert(key, new);
                changed
            }
            News::Deleted(key) => {
                let gone = rows.remove(&key).and_then(|row| row.owner);
                if let Some(owner) = gone
                    && Arc::strong_count(&owner) <= 2
                {
                    self.shared.remove(&owner.uid);
                }
                true
            }
            News::Begun | News::Part(_) | News::Trouble(_) => false,
        }
    }

    /// Objects of one kind.
    pub(super) fn len(&self, which: usize) -> usize {
        self.rows.get(which).map_or(0, BTreeMap::len)
    }

    /// Whether an object is known.
    pub(super) fn has(&self, which: usize, key: &Key) -> bool {
        self.rows.get(which).is_some_and(|rows| rows.contains_key(key))
    }

    /// What was built last.
    pub(super) fn built(&self) -> (Arc<Workloads>, Arc<Owners>) {
        self.built.clone()
    }

    /// Follows each pod to its workload. Where ReplicaSets or Jobs were never listed, the pods behind them stay with the
    /// workload that was built or restored for them.
    pub(super) fn build(&mut self, listed: [bool; BETWEEN.len()]) {
        let mut building = Building::default();
        let (built, owners) = &self.built;
        let [pods, ..] = &self.rows;
        for (key, pod) in pods {
            // Whose ReplicaSet or Job is not known yet is left out: to name it a workload would be a guess.
            let workload = match self.workload_of(&key.namespace, pod) {
                Some((owner, named)) => Some(building.workload(&key.namespace, owner, named)),
                None if pod.is_behind(listed) => built.by_uid.get(&pod.uid).and_then(|workload| {
                    let name = (key.namespace.clone(), workload.kind.clone(), workload.name.clone());
                    let Owner { api_version, uid } = owners.get(&name)?.clone();
                    let (_, kind, name) = name;
                    let owner = OwnerRef { api_version, kind, name, uid, controller: Some(true) };
                    Some(building.workload(&key.namespace, &owner, None))
                }),
                None => None,
            };
            if let Some(workload) = workload {
                building.workloads.by_uid.insert(pod.uid.clone(), Arc::clone(&workload));
                building.workloads.by_name.insert((key.namespace.clone(), key.name.clone()), workload);
            }
        }
        self.built = building.done();
    }

    /// The workload of a pod, and when what names it was created.
    fn workload_of<'t>(&'t self, namespace: &str, pod: &'t Owned) -> Option<(&'t OwnerRef, Option<Wall>)> {
        let owner = pod.owner.as_deref().filter(|owner| &*owner.kind != NODE)?;
        let Some(which) = BETWEEN.iter().position(|kind| *kind == &*owner.kind) else {
            return Some((owner, pod.created));
        };
        let key = Key { namespace: namespace.into(), name: owner.name.clone() };
        let between = self.rows.get(which + 1)?.get(&key).filter(|row| row.uid == owner.uid)?;
        Some(between.owner.as_deref().map_or((owner, pod.created), |owner| (owner, between.created)))
    }
}

impl Owned {
    /// Whether its owner is of a kind that was never listed.
    fn is_behind(&self, listed: [bool; BETWEEN.len()]) -> bool {
        let kind = self.owner.as_deref().map(|owner| &*owner.kind);
        BETWEEN.iter().zip(listed).any(|(between, is_listed)| Some(*between) == kind && !is_listed)
    }
}

fn owned(entry: Entry, shared: &mut BTreeMap<Box<str>, Arc<OwnerRef>>) -> Option<(Key, Owned)> {
    let Payload::Slim(slim) = entry.payload else { return None };
    let owner = slim.owner.map(|owner| match shared.get(&owner.uid) {
        Some(known) if **known == owner => Arc::clone(known),
        _ => {
            let new = Arc::new(owner);
            shared.insert(new.uid.clone(), Arc::clone(&new));
            new
        }
    });
    Some((entry.key, Owned { uid: slim.uid, created: slim.created, owner }))
}

/// Tables in the making: each workload once.
#[derive(Default)]
struct Building {
    workloads: Workloads,
    known: BTreeMap<Name, Known>,
}

struct Known {
    workload: Arc<Workload>,
    owner: Owner,
    /// When the newest of what names it was created.
    named: Option<Wall>,
}

impl Building {
    /// A workload. A Deployment that was deleted and made anew has two uids for a while: that which the newest names counts.
    fn workload(&mut self, namespace: &str, owner: &OwnerRef, named: Option<Wall>) -> Arc<Workload> {
        let key = (namespace.into(), owner.kind.clone(), owner.name.clone());
        let as_named = || Owner { api_version: owner.api_version.clone(), uid: owner.uid.clone() };
        let known = self.known.entry(key).or_insert_with(|| {
            let workload = Workload { kind: owner.kind.clone(), name: owner.name.clone() };
            Known { workload: Arc::new(workload), owner: as_named(), named }
        });
        if named > known.named {
            (known.owner, known.named) = (as_named(), named);
        }
        Arc::clone(&known.workload)
    }

    fn done(self) -> (Arc<Workloads>, Arc<Owners>) {
        let owners = self.known.into_iter().map(|(key, known)| (key, known.owner)).collect();
        (Arc::new(self.workloads), Arc::new(owners))
    }
}

/// A workload and its pods, as they are kept for a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedWorkload {
    namespace: Box<str>,
    kind: Box<str>,
    name: Box<str>,
    api_version: Box<str>,
    uid: Box<str>,
    pods: Vec<Box<str>>,
    pod_uids: Vec<Box<str>>,
}

/// The pods of one workload.
struct Pods<'t> {
    namespace: &'t str,
    names: Vec<Box<str>>,
    uids: Vec<Box<str>>,
}

impl WorkloadTable {
    /// What was built last, to be kept for a restart.
    pub(super) fn save(&self) -> Vec<SavedWorkload> {
        let (workloads, owners) = &self.built;
        // Each workload is one `Arc` in both maps, so that its address tells which namespace it is of.
        let mut pods: HashMap<*const Workload, Pods<'_>> = HashMap::new();
        for ((namespace, pod), workload) in &workloads.by_name {
            let new = Pods { namespace, names: Vec::new(), uids: Vec::new() };
            pods.entry(Arc::as_ptr(workload)).or_insert(new).names.push(pod.clone());
        }
        for (uid, workload) in &workloads.by_uid {
            pods.entry(Arc::as_ptr(workload)).and_modify(|known| known.uids.push(uid.clone()));
        }
        let saved = pods.into_values().filter_map(|Pods { namespace, names: mut pods, uids: mut pod_uids }| {
            let workload = workloads.by_name.get(&(namespace.into(), pods.first()?.clone()))?;
            let (kind, name) = (workload.kind.clone(), workload.name.clone());
            let Owner { api_version, uid } = owners.get(&(namespace.into(), kind.clone(), name.clone()))?.clone();
            pods.sort();
            pod_uids.sort();
            Some(SavedWorkload { namespace: namespace.into(), kind, name, api_version, uid, pods, pod_uids })
        });
        let mut saved: Vec<SavedWorkload> = saved.collect();
        saved.sort_by(|a, b| (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name)));
        saved
    }

    /// Serves what was kept until pods, ReplicaSets and Jobs are known anew.
    pub(super) fn restore(&mut self, saved: Vec<SavedWorkload>) {
        let mut building = Building::default();
        for SavedWorkload { namespace, kind, name, api_version, uid, pods, pod_uids } in saved {
            let owner = OwnerRef { api_version, kind, name, uid, controller: Some(true) };
            let workload = building.workload(&namespace, &owner, None);
            let by_name = pods.into_iter().map(|pod| ((namespace.clone(), pod), Arc::clone(&workload)));
            building.workloads.by_name.extend(by_name);
            building.workloads.by_uid.extend(pod_uids.into_iter().map(|uid| (uid, Arc::clone(&workload))));
        }
        self.built = building.done();
    }
}
