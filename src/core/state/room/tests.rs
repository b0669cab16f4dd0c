//! What growing takes is never less than what it turns out to take; a store that nobody lends more keeps what it has.

use super::{Promise, Room, of_table, of_vec};
use hashbrown::HashTable;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Lends so much in all.
#[derive(Debug)]
struct Purse {
    left: AtomicUsize,
}

impl Room for Purse {
    fn take(&self, bytes: usize) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Relaxed);
    }
}

/// Scenario: promises are asked for, held and ended; some are refused.
/// Guarantees: each ends with what it took, and one that was refused gives nothing back.
#[test]
fn a_promise_gives_back_what_it_took() {
    let purse = Purse { left: 100.into() };
    let first = Promise::of(&purse, 60).expect("it fits");
    assert!(Promise::of(&purse, 41).is_none());
    assert_eq!(purse.left.load(Relaxed), 40);
    drop(first);
    assert_eq!(purse.left.load(Relaxed), 100);
}

/// Scenario: a vector and a table grow from nothing to thousands of values, asked before each.
/// Guarantees: whenever the buffer becomes another one, at least its size was asked for; else nothing was.
#[test]
fn what_is_asked_covers_what_is_taken() {
    let (mut values, mut table) = (Vec::<[u64; 7]>::new(), HashTable::<u32>::new());
    for n in 0..20_000_u32 {
        let (asked, before) = (of_vec(&values, 1), values.capacity());
        values.push([0; 7]);
        let taken = if values.capacity() == before { 0 } else { values.capacity() * size_of::<[u64; 7]>() };
        assert!(asked >= taken && (asked == 0) == (taken == 0), "{n}: {asked} for {taken}");
        let (asked, before) = (of_table(&table, 1), table.allocation_size());
        table.insert_unique(u64::from(n) << 32, n, |n| u64::from(*n) << 32);
        let taken = if table.allocation_size() == before { 0 } else { table.allocation_size() };
        assert!(asked >= taken, "{n}: {asked} for {taken}");
    }
}
