//! Spans on their way out: judged by the views, queued per back end, forwarded; the latest stay in memory for the page.
//! What a span means and how a batch is cut is core's. Spawns nothing: `app` runs the forwarders, and passes the
//! clock, the random numbers and the plans' views.

pub mod client;
pub mod forward;
pub mod plans;
pub mod queue;
pub mod recent;
pub mod slow;
pub mod stats;
pub mod target;

use forward::{Backend, BackendState, Forwarder};
use parking_lot::Mutex;
use plans::Plans;
use pointsman_core::{
    decode::DecodeError,
    limits::{SUPPRESSED_RULES_MAX, TRACE_ITEM_BYTES, TRACE_QUEUE_BYTES_MAX, TRACE_QUEUE_ITEMS_MAX, TRACE_QUEUE_SHARE},
    model::{
        clock::{Mono, Wall},
        reject::Tally,
        speaker::Speaker,
        workloads::Workloads,
    },
    state::room::{Boundless, Room},
    traces::{
        decide::{self, Cut, Filtered, Judge},
        kept::KeptTraces,
    },
    view::plan::{RuleRef, ViewSet},
};
use queue::{Item, Queue};
use recent::{Recent, RecentTrace};
use slow::{Slow, SlowTurn};
use std::{collections::BTreeMap, sync::Arc};
use target::Target;

/// The whole of the trace signal, from a request's bytes to the queues.
#[derive(Debug)]
pub struct Traces {
    plans: Plans,
    kept: KeptTraces,
    recent: Recent,
    slow: Slow,
    backends: Vec<Arc<Backend>>,
    room: Arc<dyn Room>,
    totals: Mutex<Totals>,
}

/// What happened since the start, over all requests. Each span that was received is in exactly one of the others.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Spans that came in.
    pub received: u64,
    /// Spans that went on to the queues and the page.
    pub kept: u64,
    /// Spans refused, by [`Reason::code`](pointsman_core::model::reject::Reason::code).
    pub rejected: BTreeMap<&'static str, u64>,
    /// Spans that views took away, by rule and cause.
    pub suppressed: BTreeMap<(Option<Arc<RuleRef>>, Cut), u64>,
    /// Trace ids forgotten before their time: the cap on kept traces bit.
    pub forgotten_early: u64,
    /// Spans that went on without a `trace_state` that was too long.
    pub cut_states: u64,
}

impl Traces {
    /// One queue per back end; without back ends spans only stay in memory.
    #[must_use]
    pub fn new(targets: Vec<Target>) -> Self {
        Self::within(targets, usize::MAX, Arc::new(Boundless))
    }

    /// The same within so much memory in all, of which somebody lends what there is.
    #[must_use]
    pub fn within(targets: Vec<Target>, heap_bytes: usize, room: Arc<dyn Room>) -> Self {
        let share = heap_bytes / TRACE_QUEUE_SHARE;
        let (bytes, items) = (TRACE_QUEUE_BYTES_MAX.min(share), TRACE_QUEUE_ITEMS_MAX.min(share / TRACE_ITEM_BYTES));
        let backends = targets.into_iter().map(|target| Arc::new(Backend::new(target, Queue::new(bytes, items)))).collect();
        let (plans, kept, recent, slow) = Default::default();
        Self { plans, kept, recent, slow, backends, room, totals: Mutex::default() }
    }

    /// Whether so much more may stay in memory.
    fn has_room(&self, bytes: usize) -> bool {
        let has_room = self.room.take(bytes);
        if has_room {
            self.room.give_back(bytes);
        }
        has_room
    }

    /// Swaps the views; call it again when one of them expires, as for the store.
    pub fn set_views(&self, views: Arc<ViewSet>, now: Wall) {
        self.plans.set_views(views, now);
    }

    /// Swaps the table of who owns which pod: spans find their component by it, as metrics do.
    pub fn set_workloads(&self, workloads: Arc<Workloads>) {
        self.plans.set_workloads(workloads);
    }

    /// Takes one `ExportTraceServiceRequest` in protobuf. A full queue is no refusal: the sender must not retry because
    /// one back end is slow; what did not fit is counted there as dropped.
    ///
    /// # Errors
    /// When the frame does not parse: then nothing was taken.
    pub fn ingest(&self, body: &[u8], now: Mono) -> Result<Tally, DecodeError> {
        self.ingest_from(body, None, now)
    }

    /// The same of somebody who has proved who they are: what their resources claim besides is not taken.
    ///
    /// # Errors
    /// When the frame does not parse: then nothing was taken.
    pub fn ingest_from(&self, body: &[u8], speaker: Option<&Speaker>, now: Mono) -> Result<Tally, DecodeError> {
        let plan_of = |component: &_| self.plans.plan(component);
        let workloads = self.plans.workloads();
        let judge = Judge { plan_of: &plan_of, workloads: &workloads, kept: &self.kept, now, speaker };
        let shows = self.backends.is_empty() && self.has_room(body.len());
        let filtered = decide::filter(body, judge, &mut |span| {
            if shows {
                self.recent.add(span);
            }
            self.slow.add(span, now);
        })?;
        self.count(&filtered);
        for batch in filtered.batches {
            if !self.has_room(batch.bytes.len()) {
                self.backends.iter().for_each(|backend| backend.leave_out(batch.spans));
                continue;
            }
            // boxed, or the room in which the bytes grew would wait with them, beside the queue's account
            let item = Item { bytes: batch.bytes.into_boxed_slice().into(), spans: batch.spans };
            self.backends.iter().for_each(|backend| backend.offer(item.clone()));
        }
        Ok(filtered.tally)
    }

    /// One for each back end; each must be run exactly once.
    #[must_use]
    pub fn forwarders(&self, clock: &Arc<dyn Fn() -> Wall + Send + Sync>, random: fn() -> u32) -> Vec<Forwarder> {
        self.backends.iter().map(|backend| Forwarder::new(Arc::clone(backend), Arc::clone(clock), random)).collect()
    }

    /// How each back end does, in the order of the command line.
    #[must_use]
    pub fn backends(&self) -> Vec<BackendState> {
        self.backends.iter().map(|backend| backend.state()).collect()
    }

    /// The latest traces, newest first; none when there are back ends, which show them better.
    #[must_use]
    pub fn recent(&self) -> Vec<RecentTrace> {
        self.recent.traces()
    }

    /// The slowest turns of reconcile loops in the last hour, the slowest first; those of spans that views keep.
    #[must_use]
    pub fn slow(&self, now: Mono) -> Vec<SlowTurn> {
        self.slow.turns(now)
    }

    /// Counts since the start.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals { forgotten_early: self.kept.forgotten_early(), ..self.totals.lock().clone() }
    }

    fn count(&self, filtered: &Filtered) {
        let mut totals = self.totals.lock();
        let tally = &filtered.tally;
        totals.received = totals.received.saturating_add(tally.received);
        let kept = filtered.batches.iter().fold(0, |sum: u64, batch| sum.saturating_add(batch.spans));
        totals.kept = totals.kept.saturating_add(kept);
        totals.cut_states = totals.cut_states.saturating_add(filtered.cut_states);
        for (reason, spans) in &tally.rejected {
            let slot = totals.rejected.entry(reason.code()).or_default();
            *slot = slot.saturating_add(*spans);
        }
        for ((rule, cut), spans) in &filtered.suppressed {
            // Views come and go under new names for as long as the process lives: past the cap they share one count.
            let known = totals.suppressed.contains_key(&(rule.clone(), *cut));
            let rule = rule.clone().filter(|_| known || totals.suppressed.len() < SUPPRESSED_RULES_MAX);
            let slot = totals.suppressed.entry((rule, *cut)).or_default();
            *slot = slot.saturating_add(*spans);
        }
    }
}

#[cfg(test)]
mod tests;
