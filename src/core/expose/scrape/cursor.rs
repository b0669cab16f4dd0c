//! Goes through a stream's series slice by slice, though series come and go between two slices: none is shown twice,
//! none that stayed is passed over. Knows places and keys only.

use crate::{
    expose::Source,
    state::visit::{EntryId, Labels, Series, ShapeId, StreamId},
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
    from: usize,
    shown: usize,
    last: Option<Anchor>, // stands at `from`, unless the stream changed
}

/// A series by its keys and values, not by its ids: those may be re-used.
type Anchor = Vec<(Box<str>, Box<str>)>;

/// What a visit found out.
struct Slice<'a> {
    anchor: Option<&'a Anchor>, // until it is passed
    visited: usize,
    shown: usize,
    last: Option<(ShapeId, Vec<EntryId>)>,
    next: Option<Anchor>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Overshot,
    Halted,
}

impl Cursor {
    /// How many series of the stream were shown.
    pub(super) fn written(&self) -> usize {
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
        let mut back = 1usize;
        loop {
            let anchor = self.last.take();
            let is_start = self.from == 0;
            let mut slice =
                Slice { anchor: anchor.as_ref(), visited: 0, shown: 0, last: None, next: None, state: State::Running };
            let next = source.visit(id, self.from, max, &mut |series| slice.series(series, max, is_start, show));
            let Slice { visited, shown, next: reached, state, .. } = slice;
            self.shown = self.shown.saturating_add(shown);
            match state {
                State::Overshot => {
                    self.last = anchor;
                    self.from = self.from.saturating_sub(back);
                    back = back.saturating_mul(2);
                    continue;
                }
                State::Halted if reached.is_some() => {
                    self.from = self.from.saturating_add(visited).saturating_sub(1);
                    self.last = reached;
                }
                // Nothing was shown in this slice: it begins where it did.
                State::Halted => self.last = anchor,
                State::Running => {
                    let Some(next) = next else { return false };
                    self.from = next.saturating_sub(usize::from(reached.is_some()));
                    self.last = reached;
                }
            }
            return true;
        }
    }
}

impl Slice<'_> {
    fn series(&mut self, series: &Series<'_>, max: usize, is_start: bool, show: &mut dyn FnMut(&Series<'_>) -> Step) {
        if self.state != State::Running {
            return;
        }
        let is_first = self.visited == 0;
        if let Some(anchor) = self.anchor {
            match compare(series, anchor) {
                Ordering::Less => {
                    self.visited = self.visited.saturating_add(1);
                    return self.keep_last(series, max);
                }
                Ordering::Equal => {
                    self.anchor = None;
                    self.visited = self.visited.saturating_add(1);
                    return self.keep_last(series, max);
                }
                // Series before the anchor are gone: some that were never shown stand before this place now.
                Ordering::Greater if is_first && !is_start => {
                    self.state = State::Overshot;
                    return;
                }
                Ordering::Greater => self.anchor = None,
            }
        }
        if show(series) == Step::Halt {
            self.next = self.last.take().map(|(shape, entries)| anchor_of(series.labels, shape, &entries));
            self.state = State::Halted;
            return;
        }
        self.visited = self.visited.saturating_add(1);
        self.shown = self.shown.saturating_add(1);
        self.keep_last(series, max);
    }

    /// Only what stands before a halt or at the end of a slice is ever needed.
    fn keep_last(&mut self, series: &Series<'_>, max: usize) {
        let (shape, entries) = self.last.get_or_insert_with(Default::default);
        *shape = series.shape;
        entries.clear();
        entries.extend_from_slice(series.entries);
        if self.visited >= max {
            self.next = Some(anchor_of(series.labels, series.shape, series.entries));
        }
    }
}

fn anchor_of(labels: &Labels, _shape: ShapeId, entries: &[EntryId]) -> Anchor {
    let text = |entry: &EntryId| labels.entries.get(*entry as usize).map(|entry| entry.text.clone()).unwrap_or_default();
    entries.iter().map(|entry| (labels.key_of(*entry).into(), text(entry))).collect()
}

fn compare(series: &Series<'_>, anchor: &Anchor) -> Ordering {
    let labels = series.labels;
    let pairs = series.entries.iter().map(|entry| {
        let text = labels.entries.get(*entry as usize).map_or("", |entry| &*entry.text);
        (labels.key_of(*entry), text)
    });
    pairs.cmp(anchor.iter().map(|(key, text)| (&**key, &**text)))
}
