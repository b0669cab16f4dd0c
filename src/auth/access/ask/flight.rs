//! Answers of one kind, and the questions under way: whoever asks what is being asked waits for that answer.
//! Sends nothing and waits for nothing; a question that is dropped leaves no trace.

use super::cache::{Cache, Hold, Known};
use crate::auth::access::Unavailable;
use parking_lot::Mutex;
use pointsman_core::model::clock::Mono;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Stands for a question, and does not tell it.
pub(super) type Key = [u8; 32];

/// Where an answer will be.
pub(super) type Flight<V> = watch::Receiver<Option<Result<V, Unavailable>>>;

/// Answers of one kind.
pub(super) struct Shelf<V>(Mutex<State<V>>);

struct State<V> {
    answers: Cache<Key, V>,
    flights: HashMap<Key, Flight<V>>,
}

/// How a question begins.
pub(super) enum Begun<V: Clone> {
    /// It is answered.
    Known(V),
    /// The answer will be there; meanwhile, an older one.
    Joined(Flight<V>, Option<V>),
    /// The same, and it is for the caller to bring it, after waiting for its turn.
    First(Ticket<V>, Duration, Flight<V>, Option<V>),
    /// There is no turn for it; an older answer.
    Limited(Option<V>),
}

/// One question under way. Others wait for it until it lands or is dropped.
pub(super) struct Ticket<V: Clone> {
    shelf: Arc<Shelf<V>>,
    key: Key,
    sender: watch::Sender<Option<Result<V, Unavailable>>>,
    landed: bool,
}

impl<V: Clone> Shelf<V> {
    /// Room for so many answers.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { answers: Cache::new(most), flights: HashMap::new() })))
    }

    /// Looks, joins or begins. `turn` is asked for the wait before one more question, and told whether a yes is known of old.
    pub(super) fn begin(self: &Arc<Self>, key: Key, now: Mono, turn: impl FnOnce(bool) -> Option<Duration>) -> Begun<V> {
        let mut state = self.0.lock();
        let old = match state.answers.look(&key, now) {
            Known::Fresh(value) => return Begun::Known(value),
            Known::Stale(value) => Some(value),
            Known::Not => None,
        };
        if let Some(flight) = state.flights.get(&key) {
            return Begun::Joined(flight.clone(), old);
        }
        let Some(wait) = turn(old.is_some()) else { return Begun::Limited(old) };
        let (sender, flight) = watch::channel(None);
        state.flights.insert(key, flight.clone());
        Begun::First(Ticket { shelf: Arc::clone(self), key, sender, landed: false }, wait, flight, old)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.answers.len(), state.flights.len())
    }
}

impl<V: Clone> Ticket<V> {
    /// Hands the answer to all who wait, and keeps it where it holds; says whether another one had to go for it.
    pub(super) fn land(mut self, said: Result<V, Unavailable>, hold: Option<(Hold, Mono)>) -> bool {
        let mut state = self.shelf.0.lock();
        let full = match (&said, hold) {
            (Ok(value), Some((hold, since))) => state.answers.keep(self.key, value.clone(), hold, since),
            _ => false,
        };
        state.flights.remove(&self.key);
        drop(state);
        self.landed = true;
        self.sender.send_replace(Some(said));
        full
    }
}

impl<V: Clone> Drop for Ticket<V> {
    fn drop(&mut self) {
        if !self.landed {
            self.shelf.0.lock().flights.remove(&self.key);
        }
    }
}
