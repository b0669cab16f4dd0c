//! Attribute sets by the bytes they are sent as: each is held once, compactly, with what is known of it.
//! Knows neither metrics nor messages.

use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

struct Slot<T> {
    hash: u64,
    attributes: Box<[u8]>,
    state: T,
}

/// Sets in the order in which they came, as long as none goes.
pub(crate) struct Sets<T> {
    hasher: RandomState,
    index: HashTable<u32>,
    slots: Vec<Slot<T>>,
}

impl<T> Sets<T> {
    pub(crate) fn new(hasher: RandomState) -> Self {
        Self { hasher, index: HashTable::new(), slots: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What is known of this set, if it is held.
    pub(crate) fn get(&mut self, attributes: &[u8]) -> Option<&mut T> {
        let hash = self.hasher.hash_one(attributes);
        let slots = &self.slots;
        let at = *self.index.find(hash, |&n| is(slots, n, attributes))?;
        self.slots.get_mut(at as usize).map(|slot| &mut slot.state)
    }

    /// What is known of this set; it is held from now on. At most 2^32 sets: every caller has a lower cap.
    pub(crate) fn get_or_insert(&mut self, attributes: &[u8], new: impl FnOnce() -> T) -> &mut T {
        let hash = self.hasher.hash_one(attributes);
        let slots = &self.slots;
        let at = match self.index.find(hash, |&n| is(slots, n, attributes)) {
            Some(at) => *at,
            None => {
                let at = u32::try_from(self.slots.len()).expect("callers cap sets far below 2^32");
                self.slots.push(Slot { hash, attributes: attributes.into(), state: new() });
                let slots = &self.slots;
                self.index.insert_unique(hash, at, |&n| slots[n as usize].hash);
                at
            }
        };
        &mut self.slots[at as usize].state
    }

    /// Forgets this set. Answers whether it was held.
    pub(crate) fn remove(&mut self, attributes: &[u8]) -> bool {
        let hash = self.hasher.hash_one(attributes);
        let slots = &self.slots;
        let Ok(entry) = self.index.find_entry(hash, |&n| is(slots, n, attributes)) else { return false };
        let (at, _) = entry.remove();
        self.take(at as usize);
        true
    }

    /// Every set.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut T)> {
        self.slots.iter_mut().map(|slot| (&*slot.attributes, &mut slot.state))
    }

    /// Forgets the sets for which `gone` holds, and hands each to `taken`.
    pub(crate) fn take_where(&mut self, gone: impl Fn(&[u8], &T) -> bool, mut taken: impl FnMut(&[u8], T)) {
        let mut at = self.slots.len();
        // From the end, so that what fills a gap was looked at already.
        while let Some(before) = at.checked_sub(1) {
            at = before;
            let slot = &self.slots[at];
            if gone(&slot.attributes, &slot.state) {
                let number = u32::try_from(at).expect("callers cap sets far below 2^32");
                if let Ok(entry) = self.index.find_entry(slot.hash, |&n| n == number) {
                    entry.remove();
                }
                let slot = self.take(at);
                taken(&slot.attributes, slot.state);
            }
        }
        self.shrink();
    }

    /// Takes a slot that the index does not name any more; the last one moves into its place.
    fn take(&mut self, at: usize) -> Slot<T> {
        let last = u32::try_from(self.slots.len() - 1).expect("callers cap sets far below 2^32");
        let taken = self.slots.swap_remove(at);
        if let Some(moved) = self.slots.get(at)
            && let Some(number) = self.index.find_mut(moved.hash, |&n| n == last)
        {
            *number = u32::try_from(at).expect("callers cap sets far below 2^32");
        }
        taken
    }

    /// Gives memory back once three quarters of it are not used any more.
    fn shrink(&mut self) {
        if self.slots.capacity() > 64 && self.slots.len() < self.slots.capacity() / 4 {
            self.slots.shrink_to_fit();
            let slots = &self.slots;
            self.index.shrink_to_fit(|&n| slots[n as usize].hash);
        }
    }
}

fn is<T>(slots: &[Slot<T>], n: u32, attributes: &[u8]) -> bool {
    slots.get(n as usize).is_some_and(|slot| *slot.attributes == *attributes)
}

#[cfg(test)]
mod tests;
