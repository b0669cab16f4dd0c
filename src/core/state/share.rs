//! What each sender may have of all series, so that none takes them all. A resource is on the account of who began it; what is
//! known is not counted again. An account is looked up where a resource is made, and lives as long as one of its resources.

use crate::model::speaker::{Pod, Speaker};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// One sender's account.
#[derive(Debug)]
pub(crate) struct Share {
    used: AtomicUsize,
    max: usize,
}

impl Share {
    /// Takes a place, if one is left.
    pub(crate) fn take(&self) -> bool {
        self.used.fetch_update(Relaxed, Relaxed, |used| (used < self.max).then_some(used + 1)).is_ok()
    }

    pub(crate) fn give_back(&self, n: usize) {
        self.used.fetch_sub(n, Relaxed);
    }
}

/// Whose an account is: the name of the user, and of its pod where one is proven.
type Key = (Box<str>, Box<str>);

/// Every account; without a cap there are none.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    max: Option<usize>,
    by: Mutex<HashMap<Key, Weak<Share>>>,
}

impl Shares {
    pub(crate) fn of_at_most(series: usize) -> Self {
        Self { max: Some(series), by: Mutex::default() }
    }

    /// The account of a sender; none of who did not prove who it is.
    pub(crate) fn of(&self, speaker: Option<&Speaker>) -> Option<Arc<Share>> {
        let (max, Speaker { name, pod, .. }) = self.max.zip(speaker)?;
        let pod = pod.as_ref().map_or("", |Pod { name, uid }| if uid.is_empty() { name } else { uid });
        let key = (name.clone(), pod.into());
        let mut by = self.by.lock();
        if let Some(known) = by.get(&key).and_then(Weak::upgrade) {
            return Some(known);
        }
        if by.len() == by.capacity() {
            by.retain(|_, share| share.strong_count() > 0); // before it would grow
        }
        let share = Arc::new(Share { used: AtomicUsize::new(0), max });
        by.insert(key, Arc::downgrade(&share));
        Some(share)
    }
}
