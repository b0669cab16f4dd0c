//! Trace ids of which a span was kept for an error or for being slow: its ancestors end later, and stay because of this.
//! First in, first out, by time and by number; the caller passes `now`. Ids are chosen by senders, so they are ordered,
//! not hashed.

use crate::{
    limits::{KEPT_TRACES_MAX, KEPT_TRACES_SECS},
    model::clock::Mono,
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

/// The remembered trace ids, shared by all requests.
#[derive(Debug, Default)]
pub struct KeptTraces {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    marked: VecDeque<(Mono, [u8; 16])>, // oldest first
    ids: BTreeSet<[u8; 16]>,
    forgotten_early: u64,
}

impl KeptTraces {
    /// Remembers a trace; one that is remembered already keeps its age, so a trace without end is not immortal.
    /// A full table forgets its oldest id, and counts that.
    pub fn mark(&self, trace_id: [u8; 16], now: Mono) {
        let mut inner = self.inner.lock();
        inner.forget_old(now);
        if !inner.ids.insert(trace_id) {
            return;
        }
        inner.marked.push_back((now, trace_id));
        if inner.marked.len() > KEPT_TRACES_MAX
            && let Some((_, oldest)) = inner.marked.pop_front()
        {
            inner.ids.remove(&oldest);
            inner.forgotten_early = inner.forgotten_early.saturating_add(1);
        }
    }

    /// Whether a span of this trace was kept lately.
    #[must_use]
    pub fn holds(&self, trace_id: &[u8; 16], now: Mono) -> bool {
        let mut inner = self.inner.lock();
        inner.forget_old(now);
        inner.ids.contains(trace_id)
    }

    /// How often the cap bit: ids forgotten before their time.
    #[must_use]
    pub fn forgotten_early(&self) -> u64 {
        self.inner.lock().forgotten_early
    }
}

impl Inner {
    fn forget_old(&mut self, now: Mono) {
        while let Some((marked, id)) = self.marked.front()
            && now.since(*marked) >= Duration::from_secs(KEPT_TRACES_SECS)
        {
            self.ids.remove(id);
            self.marked.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
