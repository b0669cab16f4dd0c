//! Ids of spans, derived from what the objects say: a watcher that starts anew, or stands in for another, goes on with the
//! same trace. A hash (SHA-256) over parts with their lengths: uniform, also in the last seven bytes that samplers read.
//! Nothing here is random: a leaf phase is told apart by its attempt and start.

use jiff::Timestamp;
use pointsman_instrument::span::{SpanId, TraceId};
use sha2::{Digest, Sha256};

/// What one rollout of one pool is told apart by.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// The pool.
    pub pool: &'a str,
    /// Config it leads to.
    pub config: &'a str,
    /// Image it leads to, where an image alone is rolled out.
    pub image: &'a str,
    /// When the pool left `Updated`: that moves on flips only, so it stands still through a rollout.
    pub since: Option<Timestamp>,
}

/// The trace of a rollout.
#[must_use]
pub fn trace(of: &Trace<'_>) -> TraceId {
    let since = of.since.map_or(0, Timestamp::as_second).to_be_bytes();
    let parts = [b"trace", of.cluster.as_bytes(), of.pool.as_bytes(), of.config.as_bytes(), of.image.as_bytes(), &since];
    TraceId::from_bytes(never_zero(hash(&parts)))
}

/// The span of the rollout itself.
#[must_use]
pub fn rollout(trace: TraceId) -> SpanId {
    span(&[b"rollout", &trace.to_bytes()])
}

/// The span of a node's update. A further update of that node in the same rollout is told apart by its start and a number.
#[must_use]
pub fn update(trace: TraceId, node: &str, again: Option<(Timestamp, u64)>) -> SpanId {
    let (start, number) = again.map_or((0, 0), |(start, number)| (start.as_millisecond(), number));
    span(&[b"update", &trace.to_bytes(), node.as_bytes(), &start.to_be_bytes(), &number.to_be_bytes()])
}

/// The span of a phase that holds others: one over all attempts.
#[must_use]
pub fn parent(update: SpanId, phase: &str) -> SpanId {
    span(&[b"parent", &update.to_bytes(), phase.as_bytes()])
}

/// The span of one attempt at a phase that holds none.
#[must_use]
pub fn leaf(update: SpanId, phase: &str, attempt: u32, start: Timestamp) -> SpanId {
    let start = start.as_nanosecond().to_be_bytes();
    span(&[b"leaf", &update.to_bytes(), phase.as_bytes(), &attempt.to_be_bytes(), &start])
}

fn span(parts: &[&[u8]]) -> SpanId {
    SpanId::from_bytes(never_zero(hash(parts)))
}

/// With the length of each part, so that no two lists of parts are one text.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The first `N` bytes; an id of zeros alone would be none.
fn never_zero<const N: usize>(hash: [u8; 32]) -> [u8; N] {
    let mut id = [0; N];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    if id == [0; N] {
        id.fill(1);
    }
    id
}

#[cfg(test)]
mod tests;
