//! How the process ends: asked once, everything in flight is finished within a deadline; asked twice, it ends at once.
//! Knows neither tasks nor connections: they listen to it.

use std::io;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};
use tracing::info;

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// At work.
    Running,
    /// Takes nothing new, finishes what it has.
    Draining,
    /// Ends now.
    Now,
}

/// Whoever may end the process.
#[derive(Clone, Debug)]
pub struct Stopper {
    stage: watch::Sender<Stage>,
}

/// Whoever must know about it.
#[derive(Clone, Debug)]
pub struct Stop {
    stage: watch::Receiver<Stage>,
}

/// The signals by which an operator or the kubelet ends a process, heard from when this was made: whoever says that it is
/// ready must not die of the next one.
#[derive(Debug)]
pub struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// Hears them from now on. Within a runtime only.
    ///
    /// # Errors
    /// When the signals cannot be heard.
    pub fn hear() -> io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }
}

/// A pair of ends: who asks, who listens.
#[must_use]
pub fn pair() -> (Stopper, Stop) {
    let (tx, rx) = watch::channel(Stage::Running);
    (Stopper { stage: tx }, Stop { stage: rx })
}

impl Stopper {
    /// One step further.
    pub fn ask(&self) {
        self.stage.send_modify(|stage| {
            *stage = match stage {
                Stage::Running => Stage::Draining,
                Stage::Draining | Stage::Now => Stage::Now,
            };
        });
    }

    /// Asks whenever one of these signals comes. Never returns.
    pub async fn ask_on(self, signals: Signals) {
        let Signals { mut term, mut int } = signals;
        loop {
            tokio::select! {
                _ = term.recv() => info!(signal = "SIGTERM", "asked to end"),
                _ = int.recv() => info!(signal = "SIGINT", "asked to end"),
            }
            self.ask();
        }
    }
}

impl Stop {
    /// Returns once the end was asked for.
    pub async fn asked(&self) {
        self.reached(Stage::Draining).await;
    }

    /// Returns once the end was asked for twice.
    pub async fn now(&self) {
        self.reached(Stage::Now).await;
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.stage.borrow() >= Stage::Draining
    }

    async fn reached(&self, stage: Stage) {
        let mut watched = self.stage.clone();
        if watched.wait_for(|now| *now >= stage).await.is_err() {
            std::future::pending::<()>().await; // nobody is left who could ask
        }
    }
}
