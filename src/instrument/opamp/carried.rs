//! What a process knows of its plan beyond one telemetry: for a process that makes a new one each time that it has something to
//! say, as one of two replicas does. Keeps; obeys nothing.

use super::kept::Kept;
use crate::telemetry::PlanSource;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::time::Instant;

/// Goes from one client of a process to the next: see [`Client::resume`](super::Client::resume).
#[derive(Clone, Debug, Default)]
pub struct Carried(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The last good plan.
    kept: Option<Carrying>,
    /// Nobody has answered yet, and maybe nobody ever will.
    waits: bool,
}

/// A plan as it goes over.
#[derive(Clone, Debug)]
pub(super) struct Carrying {
    pub(super) kept: Kept,
    /// Where it came from.
    pub(super) source: PlanSource,
    /// When its steps come by the clock of the process, which is the same for all of its clients; nothing where that is never.
    pub(super) ends: Vec<Option<Instant>>,
}

impl Carried {
    /// For an endpoint that was guessed: until a controller has answered there, or a plan is known, everything stays on. It may be
    /// something that takes telemetry and knows no plans, and to turn something off for it would lose that for ever.
    #[must_use]
    pub fn until_answered() -> Self {
        Self(Arc::new(Mutex::new(State { kept: None, waits: true })))
    }

    pub(super) fn kept(&self) -> Option<Carrying> {
        self.0.lock().kept.clone()
    }

    pub(super) fn keep(&self, carrying: Carrying) {
        self.0.lock().kept = Some(carrying);
    }

    pub(super) fn waits(&self) -> bool {
        self.0.lock().waits
    }

    /// A controller has answered; whether it is the first time that one was waited for.
    pub(super) fn answered(&self) -> bool {
        std::mem::take(&mut self.0.lock().waits)
    }
}
