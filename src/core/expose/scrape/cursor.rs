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
#[derive(Debug)]
struct Anchor {
    pairs: Vec<(Box<str>, Box<str>, ValueType)>,
    is_shown: bool,
}

/// What a visit found out.
struct Slice<'a> {
    anchor: Option<&'a Anchor>, // until it is passed
    seen: usize,
    shown: usize,
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
        let mut slice = Slice { anchor: anchor.as_ref(), seen: 0, shown: 0, next: None, is_halted: false };
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
            match compare(series, anchor) {
                Ordering::Less => return,
                Ordering::Equal if anchor.is_shown => return,
                Ordering::Equal | Ordering::Greater => self.anchor = None,
            }
        }
        self.is_halted = show(series) == Step::Halt;
        if !self.is_halted {
            self.shown = self.shown.saturating_add(1);
        }
        if self.is_halted || self.seen >= max {
            self.next = Some(Anchor { pairs: owned(series), is_shown: !self.is_halted });
        }
    }
}

fn pairs<'a>(labels: &'a Labels, entries: &'a [EntryId]) -> impl Iterator<Item = (&'a str, &'a str, ValueType)> {
    entries.iter().map(|id| match labels.entry(*id) {
        Some(entry) => (labels.key_of(*id), entry.text, entry.value_type),
        None => ("", "", ValueType::Empty),
    })
}

fn owned(series: &Series<'_>) -> Vec<(Box<str>, Box<str>, ValueType)> {
    let pairs = pairs(series.labels, series.entries);
    pairs.map(|(key, text, value_type)| (key.into(), text.into(), value_type)).collect()
}

/// In the order in which a source shows series.
fn compare(series: &Series<'_>, anchor: &Anchor) -> Ordering {
    let anchor = anchor.pairs.iter().map(|(key, text, value_type)| (&**key, &**text, *value_type));
    pairs(series.labels, series.entries).cmp(anchor)
}
