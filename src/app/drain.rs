//! How the process ends: asked once, everything in flight is finished within a deadline; asked twice, it ends at once.
//! Knows neither tasks nor connections: they listen to it.

use tokio::sync::watch;
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

    /// Asks on the signals by which an operator or the kubelet ends a process. Never returns.
    ///
    /// # Errors
    /// When the signals cannot be heard.
    pub async fn ask_on_signals(self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
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
