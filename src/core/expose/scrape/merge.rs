//! Series that differ by their scope alone, where scopes give no labels: one series, which is their sum (SC-03).
//! Adds up before the family is written. Knows neither formats nor which streams belong together.

use super::{
    cursor::{Cursor, Step},
    writer::Plans,
};
use crate::{
    expose::{
        Source,
        layout::{Family, Labeller, Member},
    },
    limits::SLICE_SERIES_MAX,
    state::{
        shape::Sum,
        visit::{Series, StreamId},
    },
};
use std::collections::HashMap;

/// The sums of a family, by the first of the streams that are one, and by their labels.
#[derive(Debug, Default)]
pub(super) struct Merges(HashMap<(StreamId, u128), Merged>);

/// What series of several scopes come to.
#[derive(Debug)]
pub(super) struct Merged {
    sum: Sum,
    start: u64,
    time: u64,
    from: StreamId,
    /// Series of one stream with the same labels: of these the first counts (CF-06).
    pub(super) losers: u64,
    pub(super) is_written: bool,
}

impl Merges {
    /// Adds up what the streams that are one with a member show and remember.
    pub(super) fn add<S: Source>(
        &mut self,
        source: &S,
        plans: &mut Plans,
        labeller: Labeller<'_>,
        (family, member): (&Family, &Member),
    ) {
        let Some((first, _)) = member.joined.as_deref().and_then(<[_]>::split_first) else { return };
        for id in member.joined.iter().flat_map(|joined| joined.iter()) {
            plans.begin_family();
            plans.begin_member();
            let mut add = |plans: &mut Plans, series: &Series<'_>| {
                let hash = plans.of(series, labeller, family, member).plan.hash(series);
                self.series((*first, hash), *id, series);
            };
            source.visit_remembered(*id, &mut |series| add(plans, series));
            let mut cursor = Cursor::default();
            let mut more = true;
            while more {
                plans.begin_slice();
                more = cursor.visit(source, *id, SLICE_SERIES_MAX, &mut |series| {
                    add(plans, series);
                    Step::Done
                });
            }
        }
        plans.begin_family();
        plans.begin_member();
    }

    fn series(&mut self, key: (StreamId, u128), from: StreamId, series: &Series<'_>) {
        let Series { start, time, value, .. } = *series;
        match self.0.get_mut(&key) {
            Some(merged) if merged.from == from => merged.losers = merged.losers.saturating_add(1),
            Some(merged) => {
                merged.sum.add(value);
                merged.start = if merged.start == 0 || start == 0 { merged.start.max(start) } else { merged.start.min(start) };
                merged.time = merged.time.max(time);
                merged.from = from;
            }
            None => {
                let merged = Merged { sum: Sum::of(value), start, time, from, losers: 0, is_written: false };
                self.0.insert(key, merged);
            }
        }
    }

    /// The sum that a series of a member is part of, if it is of any.
    pub(super) fn of(&mut self, member: &Member, hash: impl FnOnce() -> u128) -> Option<&mut Merged> {
        let first = member.joined.as_deref()?.first()?;
        self.0.get_mut(&(*first, hash()))
    }
}

impl Merged {
    /// The sum, in the place of the series that comes first.
    pub(super) fn show<'a>(&'a self, series: &Series<'a>) -> Series<'a> {
        let Self { sum, start, time, .. } = self;
        Series { value: sum.value().unwrap_or(series.value), start: *start, time: *time, exemplars: &[], ..*series }
    }
}
