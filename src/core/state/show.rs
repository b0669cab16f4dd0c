//! What expositions see of a stream: its series or groups, page by page, with the view's buckets applied on the way out,
//! so that a change of buckets changes no state.

use super::{
    exponential::{downscale_to, fit},
    histogram::fold,
    stream::Stream,
    table::Table,
    visit::{Labels, Series, Value},
};
use crate::view::plan::Buckets;

impl Stream {
    /// Shows a page of at most `page.1` series after the one `page.0` names; returns where to go on.
    pub(crate) fn show(&mut self, labels: &Labels, page: (usize, usize), f: &mut dyn FnMut(&Series<'_>)) -> Option<usize> {
        let (from, max) = page;
        self.shown(from == 0).sort(labels);
        let table = self.shaping.as_ref().map_or(&self.table, |shaping| &shaping.groups);
        let (indexes, next) = table.page(labels, from, max);
        table.touch(labels, indexes);
        indexes.iter().for_each(|index| self.show_one(labels, table, *index, f));
        next
    }

    /// Shows what it remembers of series that nobody sees any more.
    pub(crate) fn show_remembered(&mut self, labels: &Labels, f: &mut dyn FnMut(&Series<'_>)) {
        if self.remembers() {
            self.shown(true);
            let Some(shaping) = &self.shaping else { return };
            let hidden = shaping.groups.indexes().filter(|index| !shaping.groups.slots[*index as usize].is_exposed());
            hidden.for_each(|index| self.show_one(labels, &shaping.groups, index, f));
        }
    }

    #[inline]
    fn show_one(&self, labels: &Labels, table: &Table, index: u32, f: &mut dyn FnMut(&Series<'_>)) {
        let (shaped, buckets) = (self.shaping.is_some(), self.decision.buckets.as_ref());
        let slot = &table.slots[index as usize];
        let mut series = Series {
            labels,
            shape: slot.shape,
            entries: table.entries(index),
            start: slot.start,
            time: slot.time,
            value: table.values.value(index as usize, slot),
            exemplars: if shaped { &[] } else { self.exemplars.of(index) },
            bounds: if let Some(Buckets::Explicit(bounds)) = buckets { bounds } else { &[] },
        };
        match (buckets, series.value) {
            (Some(Buckets::Explicit(bounds)), Value::Histogram(histogram)) => {
                let folded = fold(histogram, bounds);
                series.value = Value::Histogram(&folded);
                f(&series);
            }
            (Some(Buckets::Exponential { max_size, max_scale }), Value::Exponential(histogram)) => {
                let mut coarse = histogram.clone();
                downscale_to(&mut coarse, *max_scale);
                // A size that even the coarsest scale does not reach shows the coarsest.
                fit(&mut coarse, *max_size as usize);
                series.value = Value::Exponential(&coarse);
                f(&series);
            }
            _ => f(&series),
        }
    }
}
