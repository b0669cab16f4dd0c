//! Two series with the same labels: the first in order is written, the others are not (CF-06).
//! Costs next to nothing while a family cannot have such; then it remembers a hash per series of the family.

use super::writer::Planned;
use crate::{
    expose::labels::Plan,
    state::visit::{Entry, EntryId, Series},
};
use std::collections::HashSet;

/// Off until something suspicious comes; on until the family ends.
#[derive(Debug, Default)]
pub(super) struct Dedupe {
    seen: Option<HashSet<u128>>,
    must_catch_up: bool,
    last: Vec<EntryId>,
    last_shape: Option<u32>,
}

impl Dedupe {
    /// A family begins, or what it has written must be noted from its beginning.
    pub(super) fn begin(&mut self, is_on: bool) {
        *self = Self { seen: is_on.then(HashSet::new), ..Self::default() };
    }

    /// Another stream: its neighbours are others.
    pub(super) fn begin_member(&mut self) {
        self.last_shape = None;
    }

    pub(super) fn is_on(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether a series came that earlier ones might equal, which were not noted.
    pub(super) fn must_catch_up(&self) -> bool {
        self.must_catch_up
    }

    /// Notes the labels of a series; `false` when they were there already.
    pub(super) fn is_new(&mut self, plan: &Plan, series: &Series<'_>) -> bool {
        self.seen.as_mut().is_none_or(|seen| seen.insert(plan.hash(series)))
    }

    /// Whether a series may have the labels of another one: by its keys, by an empty value that gives no label, or
    /// because its values differ from its neighbour's in their types alone.
    #[inline]
    pub(super) fn suspects(&mut self, planned: &Planned, series: &Series<'_>) -> bool {
        self.must_catch_up = planned.plan.may_collide || planned.shares_names || self.is_odd(series);
        self.must_catch_up
    }

    /// Notes the values of a series until one is odd; what its neighbour has as well was looked at with that.
    #[inline]
    fn is_odd(&mut self, series: &Series<'_>) -> bool {
        let entry = |id: EntryId| series.labels.entry(id);
        if self.last_shape != Some(series.shape) || self.last.len() != series.entries.len() {
            self.last_shape = Some(series.shape);
            self.last.clear();
            self.last.extend_from_slice(series.entries);
            return series.entries.iter().any(|id| entry(*id).is_some_and(|entry| entry.text.is_empty()));
        }
        let mut is_first = true;
        for (last, id) in self.last.iter_mut().zip(series.entries).filter(|(last, id)| **last != **id) {
            let (before, now) = (entry(std::mem::replace(last, *id)), entry(*id));
            let is_twin = |(before, now): (Entry<'_>, Entry<'_>)| before.value_type != now.value_type && before.text == now.text;
            let is_twin = std::mem::take(&mut is_first) && before.zip(now).is_some_and(is_twin);
            if is_twin || now.is_some_and(|now| now.text.is_empty()) {
                return true;
            }
        }
        false
    }
}
