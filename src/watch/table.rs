//! The objects of one kind as they last were, and what changed when news came. A list swaps whole; an object that cannot be
//! read leaves the last good one, and is counted. Knows nothing of what objects mean.

use crate::api::{Flaw, Read};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, sync::Arc};

/// An object as the API server sent it.
#[derive(Debug)]
pub struct Raw {
    /// `metadata.name`
    pub name: Box<str>,
    /// All of it, or as much as was asked for.
    pub json: Box<RawValue>,
}

/// What a watch of one kind tells.
#[derive(Debug)]
pub enum News {
    /// A list begins: parts of an earlier one, which broke off, are forgotten.
    Begun,
    /// A part of a list. Nothing of it is known before the list is whole.
    Part(Vec<Raw>),
    /// The last part of a list, or all of it. What was known and is in no part is gone.
    Listed(Vec<Raw>),
    /// An object is new, or changed.
    Applied(Raw),
    /// An object is gone, by its name.
    Deleted(Box<str>),
    /// Why the kind cannot be watched now; `None`: it can.
    Trouble(Option<Trouble>),
}

/// Why a kind cannot be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or none that can be used.
    Away,
    /// The kind is not defined there, or in another version.
    Missing,
    /// The right is missing.
    Forbidden,
}

/// How one object changed in what we read of it.
#[derive(Debug)]
pub struct Delta<T> {
    /// Its name.
    pub name: Box<str>,
    /// As it was; `None`: it is new.
    pub before: Option<Arc<T>>,
    /// As it is; `None`: it is gone.
    pub after: Option<Arc<T>>,
    /// Found by the first list of its kind: it may be old, and what led to it was not seen.
    pub is_first: bool,
}

/// By name.
type Objects<T> = BTreeMap<Box<str>, Arc<T>>;

/// The objects of one kind.
#[derive(Debug)]
pub struct Table<T> {
    objects: Objects<T>,
    is_listed: bool,
    /// The parts of a list that is not whole yet, and what they change.
    staged: (Objects<T>, Vec<Delta<T>>),
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), is_listed: false, staged: Default::default() }
    }
}

/// How the watch of one kind fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Objects that came, in lists too.
    pub events: u64,
    /// What could not be read or kept, by reason.
    pub flaws: BTreeMap<Flaw, u64>,
    /// Why it cannot be watched now.
    pub trouble: Option<Trouble>,
    /// Whether it was listed once.
    pub is_listed: bool,
    /// Objects known.
    pub objects: usize,
}

impl Health {
    /// One more that could not be read or kept.
    pub fn flaw(&mut self, flaw: Flaw) {
        let count = self.flaws.entry(flaw).or_default();
        *count = count.saturating_add(1);
    }
}

impl<T: Read> Table<T> {
    /// The object of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<T>> {
        self.objects.get(name)
    }

    /// Every object, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<T>)> {
        self.objects.iter().map(|(name, object)| (&**name, object))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Takes news over; answers what changed of what we read.
    pub(crate) fn take(&mut self, news: News, objects_max: usize, health: &mut Health) -> Vec<Delta<T>> {
        let is_first = !self.is_listed;
        let mut deltas = Vec::new();
        match news {
            News::Begun => self.staged = Default::default(),
            News::Part(list) => self.stage(list, objects_max, health),
            News::Listed(list) => {
                self.stage(list, objects_max, health);
                let (objects, changed) = std::mem::take(&mut self.staged);
                let old = std::mem::replace(&mut self.objects, objects);
                deltas.extend(changed);
                let left = old.into_iter().filter(|(name, _)| !self.objects.contains_key(name));
                deltas.extend(left.map(|(name, before)| gone(name, before)));
                self.is_listed = true;
                health.is_listed = true;
                // Whoever can be listed is not away. But a kind that is not defined is listed as empty, and one that may not be
                // followed can still be listed: these end when it is told.
                health.trouble = health.trouble.filter(|trouble| *trouble != Trouble::Away);
            }
            News::Applied(raw) => {
                let before = self.objects.remove(&raw.name);
                deltas.extend(put(&mut self.objects, raw, before, (objects_max, health)));
            }
            News::Deleted(name) => {
                health.events = health.events.saturating_add(1);
                deltas.extend(self.objects.remove(&name).map(|before| gone(name, before)));
            }
            News::Trouble(trouble) => health.trouble = trouble,
        }
        for delta in &mut deltas {
            delta.is_first = is_first;
        }
        health.objects = self.objects.len();
        deltas
    }

    fn stage(&mut self, list: Vec<Raw>, objects_max: usize, health: &mut Health) {
        let (objects, deltas) = &mut self.staged;
        for raw in list {
            let before = self.objects.get(&raw.name).cloned();
            deltas.extend(put(objects, raw, before, (objects_max, health)));
        }
    }
}

/// Puts an object in its place, in the stead of `before`.
fn put<T: Read>(
    objects: &mut Objects<T>,
    raw: Raw,
    before: Option<Arc<T>>,
    (objects_max, health): (usize, &mut Health),
) -> Vec<Delta<T>> {
    health.events = health.events.saturating_add(1);
    let Ok(read) = serde_json::from_str::<T>(raw.json.get()) else {
        health.flaw(Flaw::Undecodable);
        // The last good one stays: an object that cannot be read says nothing about what it was.
        if let Some(before) = before {
            objects.insert(raw.name, before);
        }
        return Vec::new();
    };
    read.flaws(&mut |flaw| health.flaw(flaw));
    if let Some(before) = before.as_ref().filter(|before| ***before == read) {
        objects.insert(raw.name, Arc::clone(before));
        return Vec::new();
    }
    if before.is_none() && objects.len() >= objects_max {
        health.flaw(Flaw::Limit);
        return Vec::new();
    }
    let after = Arc::new(read);
    objects.insert(raw.name.clone(), Arc::clone(&after));
    let applied = |before| Delta { name: raw.name.clone(), before, after: Some(Arc::clone(&after)), is_first: false };
    match before {
        // Made anew under the same name while nobody watched: what was known of the old one ends.
        Some(before) if before.uid() != after.uid() => vec![gone(raw.name.clone(), before), applied(None)],
        before => vec![applied(before)],
    }
}

fn gone<T>(name: Box<str>, before: Arc<T>) -> Delta<T> {
    Delta { name, before: Some(before), after: None, is_first: false }
}

#[cfg(test)]
mod tests;
