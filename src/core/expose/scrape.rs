//! A scrape: walks the layout family by family and the store slice by slice, and hands out chunks of the body.
//! Holds the store's lock only inside `visit`; knows no format but that a writer has one.

mod cursor;
mod dedupe;
mod merge;
mod writer;

#[cfg(test)]
mod tests;

use super::{
    ExposeOptions, Source,
    layout::{Conflicts, Family, Labeller, Layout, Member},
    negotiate::{Format, Negotiated},
    text::Given,
};
use crate::{
    limits::{CHUNK_BYTES, SLICE_BYTES_MAX, SLICE_SERIES_MAX},
    state::visit::Series,
};
use cursor::{Cursor, Step};
use dedupe::Dedupe;
use merge::Merges;
use parking_lot::Mutex;
use std::sync::Arc;
pub(in crate::expose) use writer::Planned;
use writer::{Plans, Writer};

/// What a scrape saw and left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrapeStats {
    /// Series written.
    pub series: u64,
    /// Series left out because an earlier one had the same labels (CF-06).
    pub duplicates: u64,
    /// Attributes that gave no label, summed over series (LB-04, LB-05, LB-12, RS-11).
    pub lost_attributes: u64,
    /// Series whose value the format has no place for: an info that is not 1, a scale no reader knows.
    pub unfit: u64,
}

/// Makes scrapes of one source, and remembers layouts between them.
#[derive(Debug)]
pub struct Exposition<S> {
    source: S,
    options: Arc<ExposeOptions>,
    layouts: Mutex<Vec<Known>>, // at most one per escaping
}

#[derive(Debug)]
struct Known {
    epoch: u64,
    escaping: super::escape::Escaping,
    layout: Arc<Layout>,
}

/// One scrape in progress.
#[derive(Debug)]
pub struct Scrape<S> {
    source: S,
    options: Arc<ExposeOptions>,
    negotiated: Negotiated,
    layout: Arc<Layout>,
    order: Vec<usize>, // of the families that were asked for
    with_targets: bool,
    place: Place,
    stats: ScrapeStats,
    writer: Writer,
    plans: Plans,
    dedupe: Dedupe,
    merges: Merges,
}

/// Where a scrape is.
#[derive(Debug)]
enum Place {
    Targets,
    Family { nth: usize, member: usize, cursor: Cursor },
    Trailer,
    End,
}

impl<S: Source + Clone> Exposition<S> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(source: S, options: ExposeOptions) -> Self {
        Self { source, options: Arc::new(options), layouts: Mutex::new(Vec::new()) }
    }

    /// Begins a scrape; of the families named `names` only, unless there are none (HN-15).
    #[must_use]
    pub fn scrape(&self, negotiated: Negotiated, names: &[String]) -> Scrape<S> {
        let layout = self.layout(negotiated.escaping);
        Scrape::of_layout(self.source.clone(), Arc::clone(&self.options), layout, negotiated, names)
    }

    /// Who lost what in the layout that most scrapers see.
    #[must_use]
    pub fn conflicts(&self) -> Conflicts {
        self.layout(Negotiated::default().escaping).conflicts.clone()
    }

    fn layout(&self, escaping: super::escape::Escaping) -> Arc<Layout> {
        // The epoch is read first: what changes meanwhile makes the layout old, never wrongly new.
        let epoch = self.source.epoch();
        let known = self
            .layouts
            .lock()
            .iter()
            .find(|known| known.epoch == epoch && known.escaping == escaping)
            .map(|known| Arc::clone(&known.layout));
        known.unwrap_or_else(|| {
            let layout = Arc::new(Layout::new(&self.source.streams(), &self.options, escaping));
            let mut layouts = self.layouts.lock();
            layouts.retain(|known| known.epoch == epoch && known.escaping != escaping);
            layouts.push(Known { epoch, escaping, layout: Arc::clone(&layout) });
            layout
        })
    }
}

impl<S: Source> Scrape<S> {
    /// A scrape with a layout of its own.
    #[must_use]
    pub fn new(source: S, options: ExposeOptions, negotiated: Negotiated, names: &[String]) -> Self {
        let layout = Arc::new(Layout::new(&source.streams(), &options, negotiated.escaping));
        Self::of_layout(source, Arc::new(options), layout, negotiated, names)
    }

    fn of_layout(source: S, options: Arc<ExposeOptions>, layout: Arc<Layout>, negotiated: Negotiated, names: &[String]) -> Self {
        let is_asked = |family: &Family| names.is_empty() || names.iter().any(|name| family.asked.contains(name.as_str()));
        let mut order: Vec<usize> =
            layout.families.iter().enumerate().filter(|(_, family)| is_asked(family)).map(|(at, _)| at).collect();
        if negotiated.format == Format::OpenMetrics {
            order.sort_by_key(|at| layout.families.get(*at).map(|family| &family.names.base));
        }
        let with_targets = names.is_empty() || names.iter().any(|name| matches!(name.as_str(), "target" | "target_info"));
        Self {
            source,
            writer: Writer::new(negotiated.format),
            options,
            negotiated,
            layout,
            order,
            with_targets,
            place: Place::Targets,
            stats: ScrapeStats::default(),
            plans: Plans::default(),
            dedupe: Dedupe::default(),
            merges: Merges::default(),
        }
    }

    /// Appends about [`CHUNK_BYTES`] of the body, or holds so much more of a family that has to end first; `false` when that
    /// was the last of it.
    pub fn next_chunk(&mut self, out: &mut Vec<u8>) -> bool {
        let enough = out.len().saturating_add(CHUNK_BYTES);
        let enough_held = self.writer.held().saturating_add(CHUNK_BYTES);
        out.reserve(CHUNK_BYTES.saturating_add(CHUNK_BYTES / 2)); // the last slice goes beyond
        while out.len() < enough && self.writer.held() < enough_held {
            self.step(out);
            if matches!(self.place, Place::End) {
                return false;
            }
        }
        true
    }

    /// What was seen so far.
    #[must_use]
    pub fn stats(&self) -> ScrapeStats {
        self.stats
    }

    fn step(&mut self, out: &mut Vec<u8>) {
        if self.writer.hand_over(out) {
            return;
        }
        match &self.place {
            Place::Targets => self.targets(out),
            Place::Family { .. } => self.slice(out),
            Place::Trailer => {
                self.writer.finish(out);
                self.place = Place::End;
            }
            Place::End => {}
        }
    }

    fn targets(&mut self, out: &mut Vec<u8>) {
        if self.with_targets {
            self.writer.targets(out, &self.layout.targets);
        }
        self.begin_family(0);
    }

    fn begin_family(&mut self, nth: usize) {
        let layout = Arc::clone(&self.layout);
        match self.order.get(nth).and_then(|at| layout.families.get(*at)) {
            Some(family) => {
                self.writer.begin(family);
                self.plans.begin_family();
                self.plans.begin_member();
                self.dedupe.begin(family.may_collide);
                self.merge(family);
                self.place = Place::Family { nth, member: 0, cursor: Cursor::default() };
            }
            None => self.place = Place::Trailer,
        }
    }

    /// Adds up what is shown as one, in a family that has such.
    fn merge(&mut self, family: &Family) {
        self.merges = Merges::default();
        let labeller = Labeller { options: &self.options, escaping: self.negotiated.escaping };
        for member in family.members.iter().filter(|member| member.is_first) {
            self.merges.add(&self.source, &mut self.plans, labeller, (family, member));
        }
    }

    /// One visit of the store, or the end of a stream or family.
    fn slice(&mut self, out: &mut Vec<u8>) {
        let layout = Arc::clone(&self.layout);
        let Place::Family { nth, member: at, cursor } = &mut self.place else { return };
        let nth = *nth;
        let Some(family) = self.order.get(nth).and_then(|at| layout.families.get(*at)) else { return };
        let Some(member) = family.members.get(*at) else {
            self.writer.end(out, family);
            self.begin_family(nth.saturating_add(1));
            return;
        };
        let labeller = Labeller { options: &self.options, escaping: self.negotiated.escaping };
        let mut run = Run {
            full: out.len().saturating_add(SLICE_BYTES_MAX),
            out,
            labeller,
            family,
            member,
            stats: &mut self.stats,
            writer: &mut self.writer,
            plans: &mut self.plans,
            dedupe: &mut self.dedupe,
            merges: &mut self.merges,
        };
        run.plans.begin_slice();
        let more = cursor.visit(&self.source, member.id, SLICE_SERIES_MAX, &mut |series| run.series(series));
        if self.dedupe.must_catch_up() {
            let written = cursor.shown();
            self.dedupe.begin(true);
            self.catch_up(nth, &layout, written);
        } else if !more {
            *at = at.saturating_add(1);
            *cursor = Cursor::default();
            self.plans.begin_member();
            self.dedupe.begin_member();
        }
    }

    /// Notes the labels of what this family has written already, now that a later series may repeat them.
    fn catch_up(&mut self, nth: usize, layout: &Layout, written: usize) {
        let Place::Family { member: current, .. } = &self.place else { return };
        let Some(family) = self.order.get(nth).and_then(|at| layout.families.get(*at)) else { return };
        let labeller = Labeller { options: &self.options, escaping: self.negotiated.escaping };
        for (at, member) in family.members.iter().enumerate().take(current.saturating_add(1)) {
            let all = if at == *current { written } else { usize::MAX };
            let (mut cursor, mut more) = (Cursor::default(), true);
            self.plans.begin_member();
            while more && cursor.shown() < all {
                self.plans.begin_slice();
                let (plans, dedupe) = (&mut self.plans, &mut self.dedupe);
                let left = all.saturating_sub(cursor.shown());
                more = cursor.visit(&self.source, member.id, SLICE_SERIES_MAX.min(left), &mut |series| {
                    let planned = plans.of(series, labeller, family, member);
                    dedupe.is_new(&planned.plan, series);
                    Step::Done
                });
            }
        }
        self.plans.begin_member();
    }
}

/// Everything one visit needs.
struct Run<'a> {
    out: &'a mut Vec<u8>,
    full: usize, // bytes of `out` beyond which the slice ends
    labeller: Labeller<'a>,
    family: &'a Family,
    member: &'a Member,
    stats: &'a mut ScrapeStats,
    writer: &'a mut Writer,
    plans: &'a mut Plans,
    dedupe: &'a mut Dedupe,
    merges: &'a mut Merges,
}

impl Run<'_> {
    fn series(&mut self, series: &Series<'_>) -> Step {
        if self.out.len() >= self.full {
            return Step::Halt;
        }
        let planned: &mut Planned = self.plans.of(series, self.labeller, self.family, self.member);
        let lost = planned.plan.lost;
        let merged = self.merges.of(self.member, || planned.plan.hash(series));
        if self.dedupe.is_on() {
            if !self.dedupe.is_new(&planned.plan, series) {
                let is_in_sum = merged.is_some_and(|merged| merged.is_written);
                self.stats.duplicates = self.stats.duplicates.saturating_add(u64::from(!is_in_sum));
                self.stats.lost_attributes = self.stats.lost_attributes.saturating_add(lost);
                return Step::Done;
            }
        } else if self.dedupe.suspects(planned, series) {
            return Step::Halt;
        }
        if self.writer.is_text() {
            planned.write_pairs(series);
        }
        let merged = merged.map(|merged| {
            merged.is_written = true;
            self.stats.duplicates = self.stats.duplicates.saturating_add(merged.losers);
            merged.show(series)
        });
        let series = merged.as_ref().unwrap_or(series);
        let given = Given { labeller: self.labeller, family: self.family, planned, series };
        let is_written = self.writer.series(self.out, given);
        let count = if is_written { &mut self.stats.series } else { &mut self.stats.unfit };
        *count = count.saturating_add(1);
        self.stats.lost_attributes = self.stats.lost_attributes.saturating_add(lost);
        Step::Done
    }
}
