//! The 128-bit identity of bytes: two independently seeded hashes. The seeds are secret per process, so that a sender
//! cannot aim at collisions. Knows nothing of what the bytes mean.

use foldhash::{SharedSeed, quality::FoldHasher};
use std::hash::Hasher;

/// An identity: equal bytes give equal ones, and for unequal bytes that is out of reach.
pub(crate) type Id128 = [u64; 2];

/// Makes identities; one per store.
#[derive(Debug)]
pub(crate) struct Identity {
    seeds: [u64; 2],
    shared: [SharedSeed; 2],
}

impl Identity {
    pub(crate) fn new(seeds: [u64; 2]) -> Self {
        // Each hash has a secret table of its own: with a known one, chosen bytes could cancel the seed. The seeds are
        // mixed first: one of all ones would make every hash the same.
        let [first, second] = [mixed(seeds[0]), mixed(!seeds[1])];
        let shared = [SharedSeed::from_u64(mixed(first ^ second.rotate_left(32))), SharedSeed::from_u64(mixed(second))];
        Self { seeds: [first, second], shared }
    }

    /// The identity of one run of bytes.
    #[inline]
    pub(crate) fn of(&self, bytes: &[u8]) -> Id128 {
        let mut first = FoldHasher::with_seed(self.seeds[0], &self.shared[0]);
        let mut second = FoldHasher::with_seed(self.seeds[1], &self.shared[1]);
        first.write(bytes);
        second.write(bytes);
        [first.finish(), second.finish()]
    }

    /// The identity of several runs of bytes; where one ends and the next begins is part of it.
    pub(crate) fn of_parts(&self, parts: &[&[u8]]) -> Id128 {
        let mut first = FoldHasher::with_seed(self.seeds[0], &self.shared[0]);
        let mut second = FoldHasher::with_seed(self.seeds[1], &self.shared[1]);
        for part in parts {
            first.write_usize(part.len());
            first.write(part);
            second.write_usize(part.len());
            second.write(part);
        }
        [first.finish(), second.finish()]
    }

    /// A table hash of bytes that are compared in full afterwards.
    pub(crate) fn short(&self, tag: u32, bytes: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seeds[0], &self.shared[0]);
        hasher.write_u32(tag);
        hasher.write(bytes);
        hasher.finish()
    }

    /// A table hash of ids that are compared in full afterwards.
    pub(crate) fn short_ids(&self, ids: &[u32]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seeds[0], &self.shared[0]);
        for id in ids {
            hasher.write_u32(*id);
        }
        hasher.finish()
    }
}

/// SplitMix64's finish: spreads a plain seed over all bits.
const fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
