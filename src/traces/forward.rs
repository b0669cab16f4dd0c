//! From a queue to its back end: batches, retries with back-off, drops that are counted, a drain with a deadline.
//! One forwarder per queue, so a slow back end slows no other. Spawns nothing, reads no clock, makes no random number
//! and opens no tracing span: it never traces its own export. Tested in `tests/it/traces.rs`, against a real server.

use super::{
    client::{Client, Outcome},
    queue::{Batch, Depth, Item, Queue},
    stats::{Counts, DropReason, Stats},
    target::Target,
};
use pointsman_core::{
    limits::{TRACE_BATCH_BYTES_MAX, TRACE_LINGER_MS, TRACE_SPLITS_MAX},
    model::clock::Wall,
    traces::{answer::Partial, retry::Backoff},
};
use std::{fmt, future::Future, pin::pin, sync::Arc, time::Duration};

/// One `--traces-to`: where, what waits, what became of it.
#[derive(Debug)]
pub struct Backend {
    target: Target,
    queue: Queue,
    stats: Stats,
}

/// A back end at one moment, for the API and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendState {
    /// Its URL.
    pub url: String,
    /// What waits.
    pub queued: Depth,
    /// How many bytes may wait.
    pub queue_bytes_max: usize,
    /// What became of the rest.
    pub counts: Counts,
}

impl Backend {
    /// Nothing queued, nothing connected.
    #[must_use]
    pub fn new(target: Target, queue: Queue) -> Self {
        Self { target, queue, stats: Stats::default() }
    }

    /// Counts spans as dropped for which nothing has room.
    pub fn leave_out(&self, spans: u64) {
        self.stats.drop_spans(DropReason::QueueFull, spans);
    }

    /// Queues an item, or counts its spans as dropped.
    pub fn offer(&self, item: Item) {
        if let Err(full) = self.queue.offer(item) {
            let reason = if self.queue.is_closed() { DropReason::Shutdown } else { DropReason::QueueFull };
            self.stats.drop_spans(reason, full.spans);
        }
    }

    /// How it does.
    #[must_use]
    pub fn state(&self) -> BackendState {
        let (url, queued) = (self.target.to_string(), self.queue.depth());
        BackendState { url, queued, queue_bytes_max: self.queue.bytes_max(), counts: self.stats.counts() }
    }
}

/// The task of one back end, not started yet.
pub struct Forwarder {
    backend: Arc<Backend>,
    clock: Arc<dyn Fn() -> Wall + Send + Sync>,
    random: fn() -> u32,
    backoff: Backoff,
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Forwarder {
    /// `clock` dates errors; `random` spreads retries.
    #[must_use]
    pub fn new(backend: Arc<Backend>, clock: Arc<dyn Fn() -> Wall + Send + Sync>, random: fn() -> u32) -> Self {
        Self { backend, clock, random, backoff: Backoff::default() }
    }

    /// Forwards until `stop` yields how long draining may take; then sends what waits, and gives up what is left.
    /// Stop those who offer spans first: from then on the queue takes none.
    pub async fn run(mut self, stop: impl Future<Output = Duration> + Send) {
        let backend = Arc::clone(&self.backend);
        let mut work = pin!(self.forward());
        let budget = tokio::select! { // neither arm loses anything: the work goes on below
            () = &mut work => return,
            budget = stop => budget,
        };
        backend.queue.close();
        tokio::time::timeout(budget, work).await.unwrap_or(());
        let lost = backend.queue.clear();
        backend.stats.drop_spans(DropReason::Shutdown, lost);
        if lost > 0 {
            tracing::warn!(backend = %backend.target, spans = lost, "spans given up at shutdown");
        }
    }

    /// Ends when the queue is closed and empty.
    async fn forward(&mut self) {
        let mut client = Client::new(&self.backend.target);
        let mut wait = None;
        loop {
            match wait {
                Some(wait) => self.pause(wait).await,
                None => self.gather().await,
            }
            let batch = self.backend.queue.take(TRACE_BATCH_BYTES_MAX);
            if batch.is_empty() && self.backend.queue.is_closed() {
                return;
            }
            wait = self.deliver(&mut client, batch).await;
        }
    }

    /// Waits for spans, and a moment longer for more of them.
    async fn gather(&self) {
        self.backend.queue.filled(1).await;
        let full = self.backend.queue.filled(TRACE_BATCH_BYTES_MAX);
        tokio::time::timeout(Duration::from_millis(TRACE_LINGER_MS), full).await.unwrap_or(());
    }

    /// Waits before a retry. The beginning of a drain cuts one wait short: what waits deserves one more try at once.
    async fn pause(&self, wait: Duration) {
        if self.backend.queue.is_closed() {
            return tokio::time::sleep(wait).await;
        }
        let closed = self.backend.queue.filled(usize::MAX);
        tokio::time::timeout(wait, closed).await.unwrap_or(());
    }

    /// Sends a batch; where its content is refused, its halves, so that one bad request does not take others with it.
    /// What is to be sent again goes back into the queue; then the wait is returned.
    async fn deliver(&mut self, client: &mut Client, batch: Batch) -> Option<Duration> {
        let (mut parts, mut splits) = (vec![batch], 0_usize); // the last is the next
        while let Some(part) = parts.pop().filter(|part| !part.is_empty()) {
            match client.export(part.to_request()).await {
                Outcome::Taken(partial) => self.taken(part, partial),
                Outcome::Retry { asked, error } => {
                    self.failed(error);
                    parts.push(part);
                    parts.into_iter().for_each(|part| self.backend.queue.nack(part));
                    return Some(self.backoff.after_failure(asked, (self.random)()));
                }
                Outcome::Refused { is_content, error } => {
                    self.failed(error);
                    if !is_content || splits >= TRACE_SPLITS_MAX {
                        self.give_up(part);
                        continue;
                    }
                    splits = splits.saturating_add(1);
                    match part.halve() {
                        Ok((first, second)) => parts.extend([second, first]),
                        Err(single) => self.give_up(single),
                    }
                }
            }
        }
        None
    }

    fn taken(&mut self, part: Batch, partial: Option<Partial>) {
        let Backend { target, queue, stats } = &*self.backend;
        let spans = part.spans();
        let rejected = partial.as_ref().map_or(0, |partial| partial.rejected.min(spans));
        self.backoff.reset();
        queue.ack(part);
        stats.drop_spans(DropReason::Rejected, rejected);
        if stats.succeed(spans.saturating_sub(rejected)) {
            tracing::info!(backend = %target, "trace back end answers again");
        }
        if let Some(partial) = partial {
            stats.remark((self.clock)(), format!("partial success: {} spans rejected: {}", partial.rejected, partial.message));
        }
    }

    fn failed(&self, error: String) {
        if self.backend.stats.fail((self.clock)(), error.clone()) {
            tracing::warn!(backend = %self.backend.target, %error, "trace back end fails; spans wait in the queue");
        }
    }

    fn give_up(&self, part: Batch) {
        self.backend.stats.drop_spans(DropReason::Refused, part.spans());
        self.backend.queue.ack(part);
    }
}
