//! Alerts, rules and autoscalers, as what they read; what was read before goes on counting since then.
//! Keeps no object: only its readers.

use super::super::consumers;
use crate::kubernetes::{
    follow::News,
    objects::{Entry, Key, Payload},
};
use pointsman_core::{
    model::clock::Wall,
    view::{
        facts::{Consumer, Read},
        pattern::Pattern,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The readers of each object of one kind.
#[derive(Debug, Default)]
pub(super) struct ReaderTable {
    rows: BTreeMap<Key, Vec<Consumer>>,
}

impl ReaderTable {
    /// Takes news; whether any reader changed.
    pub(super) fn take(&mut self, news: News, now: Wall) -> bool {
        match news {
            News::Listed { entries, .. } => {
                let new = entries.into_iter().filter_map(|entry| self.row(entry, now)).collect();
                let changed = self.rows != new;
                self.rows = new;
                changed
            }
            News::Applied(entry) => {
                let Some((key, row)) = self.row(entry, now) else { return false };
                let changed = self.rows.get(&key) != Some(&row);
                self.rows.insert(key, row);
                changed
            }
            News::Deleted(key) => self.rows.remove(&key).is_some_and(|row| !row.is_empty()),
            News::Begun | News::Part(_) | News::Trouble(_) => false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.rows.contains_key(key)
    }

    fn row(&self, entry: Entry, now: Wall) -> Option<(Key, Vec<Consumer>)> {
        let Payload::Whole(object) = entry.payload else { return None };
        let mut readers = consumers::read(&object);
        if let Some(before) = self.rows.get(&entry.key) {
            consumers::keep_since(before, &mut readers, now);
        }
        Some((entry.key, readers))
    }
}

/// Every reader of every kind, chained through recording rules.
pub(super) fn all(tables: &[ReaderTable]) -> Vec<Arc<Consumer>> {
    consumers::chain(tables.iter().flat_map(|table| table.rows.values().flatten()).cloned().collect())
}

/// The readers of one object, as they are kept for a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::views) struct SavedReaders {
    namespace: Box<str>,
    name: Box<str>,
    readers: Vec<SavedReader>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedReader {
    kind: Box<str>,
    entry: Box<str>,
    reads: Vec<SavedRead>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedRead {
    metric: Box<str>,
    labels: BTreeSet<Box<str>>,
    since: Option<u64>,
}

impl ReaderTable {
    pub(super) fn save(&self) -> Vec<SavedReaders> {
        let read = |read: &Read| {
            let since = read.since.map(|at| at.0);
            SavedRead { metric: read.metric.as_str().into(), labels: read.labels.clone(), since }
        };
        let reader = |reader: &Consumer| {
            let (kind, entry) = (reader.kind.clone(), reader.entry.clone());
            SavedReader { kind, entry, reads: reader.reads.iter().map(read).collect() }
        };
        let object = |(key, readers): (&Key, &Vec<Consumer>)| {
            let (namespace, name) = (key.namespace.clone(), key.name.clone());
            SavedReaders { namespace, name, readers: readers.iter().map(reader).collect() }
        };
        self.rows.iter().map(object).collect()
    }

    pub(super) fn restore(&mut self, saved: Vec<SavedReaders>) {
        for SavedReaders { namespace, name, readers } in saved {
            let reader = |SavedReader { kind, entry, reads }: SavedReader| {
                let read =
                    |SavedRead { metric, labels, since }| Read { metric: Pattern::new(&metric), labels, since: since.map(Wall) };
                let reads = reads.into_iter().map(read).collect();
                Consumer { kind, namespace: namespace.clone(), name: name.clone(), entry, reads }
            };
            let row = readers.into_iter().map(reader).collect();
            self.rows.insert(Key { namespace, name }, row);
        }
    }
}
