//! Exemplars of one stream, beside the slots: most series have none.
//! Knows no buckets: which exemplar fits where is decided where they are shown.

use crate::{limits::EXEMPLARS_MAX, model::point::Exemplar};
use std::collections::BTreeMap;

/// The newest exemplars by slot index.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    by_slot: BTreeMap<u32, Vec<Exemplar>>,
}

impl Exemplars {
    /// Adds to what a series has and keeps the newest: one for a sum, up to the cap for a histogram.
    pub(crate) fn add(&mut self, index: u32, mut newcomers: Vec<Exemplar>, is_sum: bool) {
        if newcomers.is_empty() {
            return;
        }
        let kept = self.by_slot.entry(index).or_default();
        newcomers.retain(|newcomer| !kept.contains(newcomer));
        kept.append(&mut newcomers);
        kept.sort_by_key(|exemplar| std::cmp::Reverse(exemplar.time));
        kept.truncate(if is_sum { 1 } else { EXEMPLARS_MAX });
        kept.shrink_to_fit();
    }

    /// Those of a series.
    pub(crate) fn of(&self, index: u32) -> &[Exemplar] {
        self.by_slot.get(&index).map_or(&[], |exemplars| exemplars)
    }

    /// Forgets those of a series.
    pub(crate) fn forget(&mut self, index: u32) {
        self.by_slot.remove(&index);
    }

    /// Follows series to their new places.
    pub(crate) fn renumber(&mut self, to: impl Fn(u32) -> Option<u32>) {
        let old = std::mem::take(&mut self.by_slot);
        self.by_slot = old.into_iter().filter_map(|(index, exemplars)| Some((to(index)?, exemplars))).collect();
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.by_slot.values().map(|e| 48 + e.capacity() * size_of::<Exemplar>()).sum()
    }
}
