//! Goes through a stream's series slice by slice. Where to go on is the source's knowledge; this one remembers the last
//! series by its keys and values, so that none is shown twice, and can stop in the middle of a slice.

use crate::{
    expose::Source,
    state::visit::{EntryId, Labels, Series, StreamId},
    wire::attributes::ValueType,
};
use std::cmp::Ordering;

/// What became of a series that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// On to the next.
    Done,
    /// Show this one again, later.
    Halt,
}

/// How far a stream has been shown.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    from: usize, // as the source gave it
    shown: usize,
    last: Option<Anchor>,
}

/// A series by its keys and values, not by its ids: those may be re-used.
type Anchor = Vec<(Box<str>, Box<str>, ValueType)>;

/// What a visit found out.
struct Slice<'a> {
    anchor: Option<&'a Anchor>, // until it is passed
    seen: usize,
    shown: usize,
    last: Vec<EntryId>,
    next: Option<Anchor>,
    is_halted: bool,
}

impl Cursor {
    /// How many series of the stream were shown.
    pub(super) fn shown(&self) -> usize {
        self.shown
    }

    /// Shows the next series, at most `max`; `false` at the end.
    pub(super) fn visit(
        &mut self,
        source: &impl Source,
        id: StreamId,
        max: usize,
        show: &mut dyn FnMut(&Series<'_>) -> Step,
    ) -> bool {
        let anchor = self.last.take();
        let mut slice = Slice { anchor: anchor.as_ref(), seen: 0, shown: 0, last: Vec::new(), next: None, is_halted: false };
        let next = source.visit(id, self.from, max, &mut |series| slice.series(series, max, show));
        let Slice { shown, next: reached, is_halted, .. } = slice;
        self.shown = self.shown.saturating_add(shown);
        self.last = reached.or(anchor);
        if is_halted {
            return true;
        }
        self.from = next.unwrap_or(0);
        next.is_some()
    }
}

impl Slice<'_> {
    fn series(&mut self, series: &Series<'_>, max: usize, show: &mut dyn FnMut(&Series<'_>) -> Step) {
        if self.is_halted {
            return;
        }
        self.seen = self.seen.saturating_add(1);
        if let Some(anchor) = self.anchor {
            if compare(series, anchor) != Ordering::Greater {
                return;
            }
            self.anchor = None;
        }
        if show(series) == Step::Halt {
            self.is_halted = true;
            if self.shown > 0 {
                self.next = Some(anchor_of(series.labels, &self.last));
            }
            return;
        }
        self.shown = self.shown.saturating_add(1);
        self.last.clear();
        self.last.extend_from_slice(series.entries);
        if self.seen >= max {
            self.next = Some(anchor_of(series.labels, series.entries));
        }
    }
}

fn pairs<'a>(labels: &'a Labels, entries: &'a [EntryId]) -> impl Iterator<Item = (&'a str, &'a str, ValueType)> {
    entries.iter().map(|id| match labels.entry(*id) {
        Some(entry) => (labels.key_of(*id), entry.text, entry.value_type),
        None => ("", "", ValueType::Empty),
    })
}

fn anchor_of(labels: &Labels, entries: &[EntryId]) -> Anchor {
    pairs(labels, entries).map(|(key, text, value_type)| (key.into(), text.into(), value_type)).collect()
}

/// In the order in which a source shows series.
fn compare(series: &Series<'_>, anchor: &Anchor) -> Ordering {
    pairs(series.labels, series.entries).cmp(anchor.iter().map(|(key, text, value_type)| (&**key, &**text, *value_type)))
}
