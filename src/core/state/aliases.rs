//! Further spellings of series: other orders of the same attributes, found by the identity of their bytes.
//! Forgetting those of one series costs what that series has, however many others there are.

use super::{identity::Id128, room::of_table};
use crate::limits::ALIASES_PER_SERIES_MAX;
use hashbrown::HashTable;
use std::collections::BTreeMap;

/// The spellings of a stream beside the first of each series.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    by_raw: HashTable<(Id128, u32)>,
    by_slot: BTreeMap<u32, Vec<Id128>>,
}

impl Aliases {
    /// The series of a spelling.
    pub(crate) fn find(&self, raw: Id128) -> Option<u32> {
        self.by_raw.find(raw[0], |(alias, _)| *alias == raw).map(|(_, index)| *index)
    }

    /// Remembers one more spelling of a series, which [`Aliases::find`] does not find; `false` when it has its share.
    pub(crate) fn add(&mut self, raw: Id128, index: u32) -> bool {
        let known = self.by_slot.entry(index).or_default();
        if known.len() >= ALIASES_PER_SERIES_MAX {
            return false;
        }
        known.push(raw);
        self.by_raw.insert_unique(raw[0], (raw, index), |(raw, _)| raw[0]);
        true
    }

    /// Forgets those of a series.
    pub(crate) fn forget(&mut self, index: u32) {
        for raw in self.by_slot.remove(&index).into_iter().flatten() {
            if let Ok(found) = self.by_raw.find_entry(raw[0], |(alias, _)| *alias == raw) {
                found.remove();
            }
        }
    }

    /// Follows series to their new places and gives memory back.
    pub(crate) fn renumber(&mut self, to: impl Fn(u32) -> Option<u32>) {
        let Self { by_slot, .. } = std::mem::take(self);
        for (index, known) in by_slot.into_iter().filter_map(|(index, known)| Some((to(index)?, known))) {
            known.into_iter().for_each(|raw| {
                self.add(raw, index);
            });
        }
    }

    /// Bytes that one more takes.
    pub(crate) fn growth(&self) -> usize {
        of_table(&self.by_raw, 1) + 256
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_raw.len()
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.by_raw.allocation_size() + self.by_slot.len() * 48 + self.by_raw.len() * size_of::<Id128>()
    }
}
