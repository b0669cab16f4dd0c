//! Spans that wait for one back end: in memory, first in, first out, bounded in bytes and items. What was taken counts
//! until it is acknowledged. Knows no transport; a durable queue can stand behind the same few calls.
//! When it is full the newest stay out: what a sender got OK for earlier is not thrown away for what comes later.

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use std::collections::VecDeque;
use tokio::sync::Notify;

/// One `ExportTraceServiceRequest`; the bytes are shared between the queues of several back ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The request.
    pub bytes: Bytes,
    /// How many spans are in it.
    pub spans: u64,
}

/// The queue has no room: the item was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("queue {spans} spans: the queue for this back end is full")]
pub struct Full {
    /// How many spans stayed out.
    pub spans: u64,
}

/// What waits, at one moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Bytes, batches under way included.
    pub bytes: usize,
    /// Spans, batches under way included.
    pub spans: u64,
    /// Requests, batches under way included: each costs memory of its own, however small it is.
    pub items: usize,
}

/// Items taken together; give it back with [`Queue::ack`] or [`Queue::nack`].
#[derive(Debug, Default)]
#[must_use]
pub struct Batch {
    items: Vec<Item>,
}

/// See the head of the file.
#[derive(Debug)]
pub struct Queue {
    bytes_max: usize,
    items_max: usize,
    inner: Mutex<Inner>,
    changed: Notify, // for the one forwarder; a permit is kept when it is not waiting
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Item>,
    waiting_bytes: usize,
    depth: Depth,
    closed: bool,
}

impl Batch {
    /// How many spans it holds.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.items.iter().fold(0, |sum, item| sum.saturating_add(item.spans))
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.iter().fold(0, |sum, item| sum.saturating_add(item.bytes.len()))
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// One request with everything in it: requests after one another are one, by protobuf's rule for repeated fields.
    #[must_use]
    pub fn to_request(&self) -> Bytes {
        match self.items.as_slice() {
            [only] => only.bytes.clone(),
            items => {
                let mut joined = BytesMut::with_capacity(self.len());
                items.iter().for_each(|item| joined.extend_from_slice(&item.bytes));
                joined.freeze()
            }
        }
    }

    /// Two halves, so that an item that spoils the batch can be found; `Err` gives back what cannot be halved.
    ///
    /// # Errors
    /// A batch of at most one item.
    pub fn halve(mut self) -> Result<(Self, Self), Self> {
        if self.items.len() < 2 {
            return Err(self);
        }
        let second = self.items.split_off(self.items.len() / 2);
        Ok((self, Self { items: second }))
    }
}

impl Queue {
    /// An empty queue that holds up to `bytes_max` in up to `items_max` items.
    #[must_use]
    pub fn new(bytes_max: usize, items_max: usize) -> Self {
        Self { bytes_max, items_max, inner: Mutex::default(), changed: Notify::new() }
    }

    /// Puts an item at the end.
    ///
    /// # Errors
    /// When it does not fit, or the queue is closed.
    pub fn offer(&self, item: Item) -> Result<(), Full> {
        let mut inner = self.inner.lock();
        let bytes = inner.depth.bytes.saturating_add(item.bytes.len());
        if inner.closed || bytes > self.bytes_max || inner.depth.items >= self.items_max {
            return Err(Full { spans: item.spans });
        }
        let Depth { spans, items, .. } = inner.depth;
        inner.depth = Depth { bytes, spans: spans.saturating_add(item.spans), items: items.saturating_add(1) };
        inner.waiting_bytes = inner.waiting_bytes.saturating_add(item.bytes.len());
        inner.waiting.push_back(item);
        drop(inner);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes the oldest items, up to `bytes_max`, but at least one. Empty when nothing waits.
    pub fn take(&self, bytes_max: usize) -> Batch {
        let mut inner = self.inner.lock();
        let mut batch = Batch::default();
        let mut bytes = 0_usize;
        while let Some(item) = inner.waiting.front() {
            bytes = bytes.saturating_add(item.bytes.len());
            if bytes > bytes_max && !batch.is_empty() {
                break;
            }
            inner.waiting_bytes = inner.waiting_bytes.saturating_sub(item.bytes.len());
            batch.items.extend(inner.waiting.pop_front());
        }
        batch
    }

    /// The batch is done with, sent or given up: its room is free.
    pub fn ack(&self, batch: Batch) {
        let mut inner = self.inner.lock();
        inner.depth.bytes = inner.depth.bytes.saturating_sub(batch.len());
        inner.depth.spans = inner.depth.spans.saturating_sub(batch.spans());
        inner.depth.items = inner.depth.items.saturating_sub(batch.items.len());
    }

    /// The batch comes back to the front, in its order.
    pub fn nack(&self, batch: Batch) {
        let mut inner = self.inner.lock();
        inner.waiting_bytes = inner.waiting_bytes.saturating_add(batch.len());
        batch.items.into_iter().rev().for_each(|item| inner.waiting.push_front(item));
        drop(inner);
        self.changed.notify_one();
    }

    /// Waits until at least `bytes` wait, or the queue is closed. Cancel-safe. For one waiter at a time.
    pub async fn filled(&self, bytes: usize) {
        loop {
            {
                let inner = self.inner.lock();
                if inner.closed || inner.waiting_bytes >= bytes {
                    return;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Refuses all further offers; what waits can still be taken.
    pub fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_one();
    }

    /// Whether [`Queue::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Gives up everything, batches under way included, and says how many spans those were.
    pub fn clear(&self) -> u64 {
        let mut inner = self.inner.lock();
        let lost = inner.depth.spans;
        *inner = Inner { closed: inner.closed, ..Inner::default() };
        lost
    }

    /// What waits or is under way.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.inner.lock().depth
    }

    /// How many bytes fit.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}

#[cfg(test)]
mod tests;
