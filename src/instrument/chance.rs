//! Everything random of this crate: ids of traces and spans, the seed of its tables, the spread of waits. From the
//! operating system's randomness, once; what follows is a keyed hash of a count. A fixed one for simulations.

use opentelemetry::trace::{SpanId, TraceId};
use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// A source of random numbers.
pub(crate) struct Chance {
    keyed: RandomState,
    /// Takes the place of the key, where runs are to be alike.
    fixed: Option<u64>,
    count: AtomicU64,
}

impl Chance {
    /// Unlike any other.
    pub(crate) fn new() -> Self {
        Self { keyed: RandomState::new(), fixed: None, count: AtomicU64::new(0) }
    }

    /// The same numbers for the same seed.
    pub(crate) fn fixed(seed: u64) -> Self {
        Self { fixed: Some(seed), ..Self::new() }
    }

    /// For tables; their order does not depend on it.
    pub(crate) fn hasher(&self) -> RandomState {
        self.keyed.clone()
    }

    /// Any number.
    pub(crate) fn number(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        match self.fixed {
            None => self.keyed.hash_one(count),
            Some(seed) => mixed(seed ^ mixed(count)),
        }
    }

    /// Ids for a new trace and its root; never all zeros.
    pub(crate) fn trace(&self) -> TraceId {
        TraceId::from((u128::from(self.number()) << 64) | u128::from(self.number() | 1))
    }

    /// The id of a span; never all zeros.
    pub(crate) fn span(&self) -> SpanId {
        SpanId::from(self.number().max(1))
    }
}

/// One round of splitmix64.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
