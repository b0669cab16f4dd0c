//! What followers tell, handed to the role in its order; and the passing of time, once a second.
//! Tells once that every kind was listed or cannot be. Knows no metric.

use super::asked;
use crate::{
    app::drain::Stop,
    kubernetes::{Clock, follow},
};
use k8s_openapi::jiff::Timestamp;
use pointsman_core::limits;
use pointsman_watch::{Kind, News, Watcher, table::Trouble, watch::Shared};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{MissedTickBehavior, interval},
};

/// How often a role is told that time passes.
const TICK: Duration = Duration::from_secs(1);

/// Feeds one role.
pub(super) struct Feed<W> {
    shared: Shared<W>,
    /// By the number of a follower.
    watched: Vec<Watched>,
    now: Clock,
}

struct Watched {
    kind: Kind,
    /// Asks for a new list.
    again: Arc<Notify>,
    /// Whether the last list had more objects than are kept.
    is_cut: bool,
}

impl<W: Watcher> Feed<W> {
    pub(super) fn new(shared: Shared<W>, kinds: Vec<Kind>, again: Vec<Arc<Notify>>, now: Clock) -> Self {
        let watched = kinds.into_iter().zip(again).map(|(kind, again)| Watched { kind, again, is_cut: false }).collect();
        Self { shared, watched, now }
    }

    /// Feeds until `stop`, or until nobody tells anything any more.
    pub(super) async fn run(mut self, mut news: mpsc::Receiver<(usize, follow::News)>, ready: watch::Sender<bool>, stop: Stop) {
        // A kind that must not be asked for has no objects.
        for kind in W::KINDS.iter().filter(|kind| self.watched.iter().all(|watched| watched.kind != **kind)) {
            self.shared.lock().take(*kind, News::Listed(Vec::new()), self.time());
        }
        let began = (self.now)().0;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Cancel-safe: the receiver keeps what it holds, a tick that was not taken comes again.
            tokio::select! {
                () = stop.asked() => return,
                told = news.recv() => match told {
                    Some((at, told)) => self.take(at, told),
                    None => return,
                },
                _ = tick.tick() => self.shared.lock().tick(self.time()),
            }
            if !*ready.borrow() && self.is_whole((self.now)().0.since(began)) {
                ready.send_replace(true);
            }
        }
    }

    /// Whether there is a whole picture: every kind was listed, or never will be. A kind whose server does not answer is waited
    /// for, but not for ever.
    fn is_whole(&self, waited: Duration) -> bool {
        let shared = self.shared.lock();
        let health = shared.world().health();
        let known = |kind: &Kind| {
            health.get(kind).is_some_and(|health| health.is_listed || health.trouble.is_some_and(|t| t != Trouble::Away))
        };
        W::KINDS.iter().all(known) || (waited >= Duration::from_secs(limits::WATCH_FIRST_WAIT_SECS) && shared.is_ready())
    }

    fn take(&mut self, at: usize, news: follow::News) {
        let now = self.time();
        let Some(watched) = self.watched.get_mut(at) else { return };
        match &news {
            follow::News::Listed { left_out, .. } => watched.is_cut = *left_out > 0,
            // Whoever was left out has room now.
            follow::News::Deleted(_) if watched.is_cut => watched.again.notify_one(),
            _ => {}
        }
        if let Some(told) = asked::told(news) {
            self.shared.lock().take(watched.kind, told, now);
        }
    }

    fn time(&self) -> Timestamp {
        timestamp(&self.now)
    }
}

/// The time of day, as roles count it. A clock beyond all reason is as good as none.
pub(super) fn timestamp(now: &Clock) -> Timestamp {
    Timestamp::from_nanosecond(i128::from((now)().1.0)).unwrap_or(Timestamp::UNIX_EPOCH)
}
