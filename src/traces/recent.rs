//! The latest traces, in memory, for the page and the API: what there is to see without a back end.
//! Bounded in traces, spans and bytes of text; the oldest trace goes first. Keeps no attributes.

use parking_lot::Mutex;
use pointsman_core::{
    limits::{ECHO_BYTES_MAX, RECENT_SPANS_MAX, RECENT_SPANS_PER_TRACE_MAX, RECENT_TRACES_MAX},
    model::clock::Wall,
    traces::decide::KeptSpan,
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How a span ended, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanStatus {
    /// Nothing said.
    Unset,
    /// Said to be fine.
    Ok,
    /// Failed.
    Error,
}

/// A span, as far as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentSpan {
    /// Itself.
    pub span_id: [u8; 8],
    /// Its parent; `None` for a root.
    pub parent: Option<[u8; 8]>,
    /// Its name, cut.
    pub name: Box<str>,
    /// Who sent it: namespace and object name of the component, cut.
    pub component: Box<str>,
    /// When it began.
    pub start: Wall,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub status: SpanStatus,
}

/// A trace: its spans in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentTrace {
    /// Its id.
    pub trace_id: [u8; 16],
    /// Its spans.
    pub spans: Vec<RecentSpan>,
    /// Spans that were left out, because the trace has too many.
    pub omitted: u64,
}

/// See the head of the file.
#[derive(Debug, Default)]
pub struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    order: VecDeque<[u8; 16]>, // by first span, oldest first
    traces: BTreeMap<[u8; 16], RecentTrace>,
    spans: usize,
}

impl Recent {
    /// Remembers a span.
    pub fn add(&self, kept: &KeptSpan<'_>) {
        let span = summary(kept);
        let mut inner = self.inner.lock();
        let Inner { order, traces, spans } = &mut *inner;
        let trace = traces.entry(kept.trace_id).or_insert_with(|| {
            order.push_back(kept.trace_id);
            RecentTrace { trace_id: kept.trace_id, spans: Vec::new(), omitted: 0 }
        });
        if trace.spans.len() >= RECENT_SPANS_PER_TRACE_MAX {
            trace.omitted = trace.omitted.saturating_add(1);
            return;
        }
        trace.spans.push(span);
        *spans = spans.saturating_add(1);
        inner.forget_oldest();
    }

    /// All traces, newest first.
    #[must_use]
    pub fn traces(&self) -> Vec<RecentTrace> {
        let inner = self.inner.lock();
        inner.order.iter().rev().filter_map(|id| inner.traces.get(id)).cloned().collect()
    }
}

impl Inner {
    fn forget_oldest(&mut self) {
        while self.order.len() > RECENT_TRACES_MAX || self.spans > RECENT_SPANS_MAX {
            let Some(trace) = self.order.pop_front().and_then(|id| self.traces.remove(&id)) else { return };
            self.spans = self.spans.saturating_sub(trace.spans.len());
        }
    }
}

pub(super) fn summary(kept: &KeptSpan<'_>) -> RecentSpan {
    RecentSpan {
        span_id: kept.span_id,
        parent: <[u8; 8]>::try_from(kept.raw.parent_span_id).ok().filter(|id| *id != [0; 8]),
        name: cut(kept.name),
        component: cut(&kept.component.to_string()),
        start: Wall(kept.raw.start),
        duration: Duration::from_nanos(kept.raw.end.saturating_sub(kept.raw.start)),
        status: match kept.raw.status_code {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
    }
}

fn cut(text: &str) -> Box<str> {
    let end = text.floor_char_boundary(ECHO_BYTES_MAX);
    text.get(..end).unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
