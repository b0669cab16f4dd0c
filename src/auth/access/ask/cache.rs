//! Answers that hold for a while, and a while longer when nobody can give a new one; the one not used for longest goes first.
//! Errors never get in here. Reads no clock, and knows nothing of what is answered.

use pointsman_core::model::clock::Mono;
use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    time::Duration,
};

/// For how long an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Without asking again.
    pub fresh: Duration,
    /// Beyond that, while nobody can be asked; zero for a refusal.
    pub stale: Duration,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<V> {
    /// It holds.
    Fresh(V),
    /// It holds only while nobody can be asked.
    Stale(V),
    /// Nothing, or nothing that still holds.
    Not,
}

/// A bounded number of answers.
#[derive(Debug)]
pub struct Cache<K, V> {
    most: usize,
    uses: u64,
    answers: HashMap<K, Answer<V>>,
    order: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Answer<V> {
    value: V,
    since: Mono,
    hold: Hold,
    used: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    /// Room for `most` answers; room for none keeps none.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, uses: 0, answers: HashMap::new(), order: BTreeMap::new() }
    }

    /// What is known at that moment; an answer that holds no more goes.
    pub fn look(&mut self, key: &K, now: Mono) -> Known<V> {
        let Some(answer) = self.answers.get_mut(key) else { return Known::Not };
        let age = Duration::from_nanos(now.0.saturating_sub(answer.since.0));
        if age >= answer.hold.fresh.saturating_add(answer.hold.stale) {
            self.forget(key);
            return Known::Not;
        }
        self.uses += 1;
        self.order.remove(&answer.used);
        self.order.insert(self.uses, key.clone());
        answer.used = self.uses;
        let value = answer.value.clone();
        if age < answer.hold.fresh { Known::Fresh(value) } else { Known::Stale(value) }
    }

    /// Keeps an answer in place of the one before; says whether another one had to go for it, or it found no room itself.
    pub fn keep(&mut self, key: K, value: V, hold: Hold, now: Mono) -> bool {
        if self.most == 0 {
            return true;
        }
        self.forget(&key);
        let full = self.answers.len() >= self.most;
        if full && let Some((_, oldest)) = self.order.pop_first() {
            self.answers.remove(&oldest);
        }
        self.uses += 1;
        self.order.insert(self.uses, key.clone());
        self.answers.insert(key, Answer { value, since: now, hold, used: self.uses });
        full
    }

    /// Answers kept now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    fn forget(&mut self, key: &K) {
        if let Some(answer) = self.answers.remove(key) {
            self.order.remove(&answer.used);
        }
    }
}

#[cfg(test)]
mod tests;
