//! Memory for what is new: asked for before a table grows, so that what is asked is what is taken. What is known is updated
//! in place and asks for nothing. Knows no limit: whoever accounts for the memory of the process answers.

use hashbrown::HashTable;
use std::fmt;

/// Who lends memory.
pub trait Room: fmt::Debug + Send + Sync {
    /// Promises so many bytes, until they are given back: by then they are allocated, and counted as such.
    fn take(&self, bytes: usize) -> bool;
    /// Ends a promise.
    fn give_back(&self, bytes: usize);
}

/// Where nobody counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Boundless;

impl Room for Boundless {
    fn take(&self, _: usize) -> bool {
        true
    }

    fn give_back(&self, _: usize) {}
}

/// Bytes that were promised, for as long as something is made of them.
#[derive(Debug)]
pub(crate) struct Promise<'a> {
    room: &'a dyn Room,
    bytes: usize,
}

impl<'a> Promise<'a> {
    pub(crate) fn of(room: &'a dyn Room, bytes: usize) -> Option<Self> {
        room.take(bytes).then(|| Self { room, bytes }) // made only where it holds: its end gives bytes back
    }

    /// For what takes nothing.
    pub(crate) fn none(room: &'a dyn Room) -> Self {
        Self { room, bytes: 0 }
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

/// What the smallest table has beside its values.
const SMALLEST_TABLE: usize = 64;

/// What pushing `more` values takes: nothing while they fit, else a buffer beside the old one.
pub(crate) fn of_vec<T>(values: &Vec<T>, more: usize) -> usize {
    let len = values.len() + more;
    if len <= values.capacity() { 0 } else { size_of::<T>() * len.max(2 * values.capacity()).max(4) }
}

/// What pushing `more` values takes where a vector grows by [`super::table::grow`], or a text as it does.
pub(crate) fn of_grown<T>(values: &Vec<T>, more: usize) -> usize {
    grown(values.len(), values.capacity(), more) * size_of::<T>()
}

/// The same in values, by length and capacity.
pub(crate) fn grown(len: usize, capacity: usize, more: usize) -> usize {
    if len + more <= capacity { 0 } else { len + more.max(len / 8) }
}

/// What inserting `more` values takes: nothing while they fit, else a table beside the old one.
pub(crate) fn of_table<T>(values: &HashTable<T>, more: usize) -> usize {
    let len = values.len() + more;
    if len <= values.capacity() { 0 } else { (2 * values.allocation_size()).max(4 * len * (size_of::<T>() + 1)) + SMALLEST_TABLE }
}

#[cfg(test)]
mod tests;
