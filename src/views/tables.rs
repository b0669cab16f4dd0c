//! Everything that watches told, as tables; each piece of news is folded in and says what it moved.
//! Pure: knows no connection and no clock. What views mean is core's.

pub(super) mod objects;
pub(super) mod readers;
mod troubles;

use self::{
    objects::{SavedView, ViewTable},
    readers::{ReaderTable, SavedReaders},
};
use super::{
    controller::ClusterObject,
    shipped,
    workloads::{Owners, SavedWorkload, WorkloadTable},
};
use crate::kubernetes::{
    follow::{News, Trouble},
    objects::{Form, Key, Kind, Payload, Undefined},
};
use pointsman_core::{
    fault::Fault,
    limits::{CLUSTER_NAMESPACES_MAX, CLUSTER_PODS_MAX, CLUSTER_READERS_MAX, CLUSTER_VIEWS_MAX},
    model::{clock::Wall, workloads::Workloads},
    view::{
        facts::Facts,
        spec::{self, View},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::BitOrAssign,
    sync::Arc,
};

/// What is watched, by the numbers that news come under.
pub(super) static KINDS: [Kind; 8] = [
    ours("telemetryviews", spec::VIEW),
    ours("clustertelemetryviews", spec::CLUSTER_VIEW),
    metadata("", "namespaces", "Namespace", CLUSTER_NAMESPACES_MAX),
    metadata("", "pods", "Pod", CLUSTER_PODS_MAX),
    metadata("apps", "replicasets", "ReplicaSet", CLUSTER_PODS_MAX),
    metadata("batch", "jobs", "Job", CLUSTER_PODS_MAX),
    reader("monitoring.coreos.com", "v1", "prometheusrules", "PrometheusRule"),
    reader("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
];
const VIEWS: usize = 0;
const CLUSTER_VIEWS: usize = 1;
const NAMESPACES: usize = 2;
const PODS: usize = 3;
const JOBS: usize = 5;
const RULES: usize = 6;

const fn ours(plural: &'static str, kind: &'static str) -> Kind {
    let (group, version) = ("pointsman.dev", "v1alpha1");
    let (form, undefined, objects_max) = (Form::Whole, Undefined::Fault, CLUSTER_VIEWS_MAX);
    Kind { group, version, plural, kind, namespace: None, fields: None, labels: None, form, undefined, objects_max }
}

const fn metadata(group: &'static str, plural: &'static str, kind: &'static str, objects_max: usize) -> Kind {
    let (version, form, undefined) = ("v1", Form::Slim, Undefined::Empty);
    Kind { group, version, plural, kind, namespace: None, fields: None, labels: None, form, undefined, objects_max }
}

const fn reader(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str) -> Kind {
    let (form, undefined, objects_max) = (Form::Whole, Undefined::Empty, CLUSTER_READERS_MAX);
    Kind { group, version, plural, kind, namespace: None, fields: None, labels: None, form, undefined, objects_max }
}

/// What a piece of news moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Views in force.
    pub(super) views: bool,
    /// Namespaces or readers.
    pub(super) facts: bool,
    /// Whose pods are whose.
    pub(super) workloads: bool,
    /// What is only shown: objects, faults.
    pub(super) shown: bool,
}

impl Changed {
    /// Whether views have to be compiled anew.
    pub(super) fn is_heavy(self) -> bool {
        self.views || self.facts
    }

    pub(super) fn is_any(self) -> bool {
        self.is_heavy() || self.workloads || self.shown
    }
}

impl BitOrAssign for Changed {
    fn bitor_assign(&mut self, other: Self) {
        self.views |= other.views;
        self.facts |= other.facts;
        self.workloads |= other.workloads;
        self.shown |= other.shown;
    }
}

/// Everything a cluster told.
#[derive(Debug)]
pub(super) struct Tables {
    views: [ViewTable; 2],
    namespaces: BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>,
    workloads: WorkloadTable,
    readers: [ReaderTable; 2],
    protecting: BTreeSet<Box<str>>,
    watches: [Watched; KINDS.len()],
}

/// Where one watch stands.
#[derive(Debug, Default)]
struct Watched {
    is_listed: bool,
    /// Listed, or known to be in trouble.
    is_settled: bool,
    left_out: usize,
    /// Something is gone while something was left out: a new list would tell of more.
    is_short: bool,
    trouble: Option<(Trouble, Wall)>,
}

impl Tables {
    pub(super) fn new(protecting: BTreeSet<Box<str>>) -> Self {
        let views = [ViewTable::new(spec::VIEW), ViewTable::new(spec::CLUSTER_VIEW)];
        let (namespaces, workloads, readers, watches) = Default::default();
        Self { views, namespaces, workloads, readers, protecting, watches }
    }

    /// Folds in a piece of news of the watch with this number.
    pub(super) fn take(&mut self, at: usize, news: News, now: Wall) -> Changed {
        let is_over = match &news {
            News::Applied(entry) => {
                KINDS.get(at).is_some_and(|kind| self.len(at) >= kind.objects_max) && !self.has(at, &entry.key)
            }
            News::Listed { .. } | News::Deleted(_) | News::Begun | News::Part(_) | News::Trouble(_) => false,
        };
        let mut changed = self.note(at, &news, is_over, now);
        if is_over {
            return changed;
        }
        match at {
            VIEWS | CLUSTER_VIEWS => {
                let moved = self.views.get_mut(at).map(|table| table.take(news, now)).unwrap_or_default();
                changed |= Changed { views: moved.views, shown: moved.objects, ..Changed::default() };
            }
            NAMESPACES => changed.facts |= self.take_namespaces(news),
            PODS..=JOBS => changed.workloads |= self.workloads.take(at - PODS, news),
            _ => changed.facts |= self.readers.get_mut(at - RULES).is_some_and(|table| table.take(news, now)),
        }
        changed
    }

    /// Where the watch stands after the news.
    fn note(&mut self, at: usize, news: &News, is_over: bool, now: Wall) -> Changed {
        let mut changed = Changed::default();
        let Some(watch) = self.watches.get_mut(at) else { return changed };
        let (was_listed, was_settled) = (watch.is_listed, watch.is_settled);
        match news {
            News::Listed { left_out, .. } => {
                changed.shown = !watch.is_listed || watch.left_out != *left_out;
                (watch.is_listed, watch.is_settled, watch.left_out) = (true, true, *left_out);
                watch.is_short = false;
            }
            News::Trouble(trouble) => {
                // A kind that is not defined is known to have no objects.
                watch.is_listed |= *trouble == Some(Trouble::Missing);
                watch.is_settled |= trouble.is_some();
                let since = watch.trouble.as_ref().map_or(now, |(_, since)| *since);
                watch.trouble = trouble.clone().map(|trouble| (trouble, since));
                changed.shown = true;
            }
            News::Applied(_) if is_over => {
                watch.left_out = watch.left_out.saturating_add(1);
                changed.shown = true;
            }
            News::Deleted(_) => watch.is_short |= watch.left_out > 0,
            News::Applied(_) | News::Begun | News::Part(_) => {}
        }
        // Pods are followed to their workloads only when all that stands between is known, or known to be in trouble.
        changed.workloads = (was_listed, was_settled) != (watch.is_listed, watch.is_settled) && (PODS..=JOBS).contains(&at);
        changed
    }

    fn take_namespaces(&mut self, news: News) -> bool {
        let labels = |payload: Payload| match payload {
            Payload::Slim(slim) => slim.labels,
            Payload::Whole(_) | Payload::Raw(_) => BTreeMap::new(),
        };
        match news {
            News::Listed { entries, .. } => {
                let new = entries.into_iter().map(|entry| (entry.key.name, labels(entry.payload))).collect();
                let changed = self.namespaces != new;
                self.namespaces = new;
                changed
            }
            News::Applied(entry) => {
                let new = labels(entry.payload);
                let changed = self.namespaces.get(&entry.key.name) != Some(&new);
                self.namespaces.insert(entry.key.name, new);
                changed
            }
            News::Deleted(key) => self.namespaces.remove(&key.name).is_some(),
            News::Begun | News::Part(_) | News::Trouble(_) => false,
        }
    }

    /// Objects known of one kind.
    pub(super) fn len(&self, at: usize) -> usize {
        match at {
            VIEWS | CLUSTER_VIEWS => self.views.get(at).map_or(0, ViewTable::len),
            NAMESPACES => self.namespaces.len(),
            PODS..=JOBS => self.workloads.len(at - PODS),
            _ => self.readers.get(at - RULES).map_or(0, ReaderTable::len),
        }
    }

    fn has(&self, at: usize, key: &Key) -> bool {
        match at {
            VIEWS | CLUSTER_VIEWS => self.views.get(at).is_some_and(|table| table.has(key)),
            NAMESPACES => self.namespaces.contains_key(&key.name),
            PODS..=JOBS => self.workloads.has(at - PODS, key),
            _ => self.readers.get(at - RULES).is_some_and(|table| table.has(key)),
        }
    }

    /// Whether both kinds of view were listed.
    pub(super) fn are_views_listed(&self) -> bool {
        self.watches.iter().take(NAMESPACES).all(|watch| watch.is_listed)
    }

    /// Whether nothing more is to be expected soon: each watch has listed, or is in trouble.
    pub(super) fn is_settled(&self) -> bool {
        self.watches.iter().all(|watch| watch.is_settled)
    }

    /// Whether a new list would tell of objects that were left out.
    pub(super) fn is_short(&self, at: usize) -> bool {
        self.watches.get(at).is_some_and(|watch| watch.is_short)
    }

    /// Every view in force.
    pub(super) fn good(&self) -> Vec<Arc<View>> {
        self.views.iter().flat_map(ViewTable::good).collect()
    }

    /// Every view, good or not: `TelemetryView`s first.
    pub(super) fn objects(&self) -> Vec<Arc<ClusterObject>> {
        self.views.iter().flat_map(ViewTable::objects).collect()
    }

    /// What the cluster knows beside views.
    pub(super) fn facts(&self) -> Facts {
        let mut consumers = readers::all(&self.readers);
        consumers.extend(shipped::consumers());
        Facts { namespaces: self.namespaces.clone(), consumers, protecting: self.protecting.clone() }
    }

    /// Whose pods are whose: as known anew, or as before while pods are not listed or more is about to come.
    pub(super) fn workloads(&mut self) -> (Arc<Workloads>, Arc<Owners>) {
        let mut watches = self.watches.iter().skip(PODS);
        if let (Some(pods), Some(sets), Some(jobs)) = (watches.next(), watches.next(), watches.next())
            && pods.is_listed
            && sets.is_settled
            && jobs.is_settled
        {
            self.workloads.build([sets.is_listed, jobs.is_listed]);
        }
        self.workloads.built()
    }

    /// What keeps watches from their work, and what is beyond a cap.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let told = |(kind, watch): (&'static Kind, &Watched)| (kind, watch.trouble.clone(), watch.left_out);
        troubles::faults(&KINDS.iter().zip(&self.watches).map(told).collect::<Vec<_>>())
    }
}

/// All tables, as they are kept for a restart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saved {
    views: [Vec<SavedView>; 2],
    namespaces: BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>,
    workloads: Vec<SavedWorkload>,
    readers: [Vec<SavedReaders>; 2],
}

impl Tables {
    /// All of it, to be kept for a restart.
    pub(super) fn save(&self) -> Saved {
        Saved {
            views: self.views.each_ref().map(ViewTable::save),
            namespaces: self.namespaces.clone(),
            workloads: self.workloads.save(),
            readers: self.readers.each_ref().map(ReaderTable::save),
        }
    }

    /// Serves what was kept until the cluster tells better.
    pub(super) fn restore(&mut self, saved: Saved, now: Wall) {
        let Saved { views, namespaces, workloads, readers } = saved;
        self.views.iter_mut().zip(views).for_each(|(table, saved)| table.restore(saved, now));
        self.namespaces = namespaces;
        self.workloads.restore(workloads);
        self.readers.iter_mut().zip(readers).for_each(|(table, saved)| table.restore(saved));
    }
}
