//! The only place that spawns. Every task has an owner here that waits for it, and a panic is never lost:
//! in a request it is counted, in a vital task it ends the process.

use parking_lot::Mutex;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};
use tracing::error;

/// Everything that runs beside the caller.
#[derive(Clone, Debug)]
pub struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    running: Mutex<JoinSet<()>>,
    panics: AtomicU64,
    failed: watch::Sender<Option<&'static str>>,
}

impl Default for Tasks {
    fn default() -> Self {
        let shared = Shared { running: Mutex::default(), panics: AtomicU64::new(0), failed: watch::Sender::new(None) };
        Self { shared: Arc::new(shared) }
    }
}

impl Tasks {
    /// Runs a task whose panic concerns only itself.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.shared.running.lock();
        while let Some(ended) = running.try_join_next() {
            self.note(ended);
        }
        running.spawn(task);
    }

    /// Runs a task without which the process must not go on.
    pub fn vital(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let guard = Vital { name, tasks: self.clone() };
        self.spawn(async move {
            let _guard = guard; // its drop looks whether the task panicked
            task.await;
        });
    }

    /// The name of a vital task, once one has panicked.
    pub async fn failed(&self) -> &'static str {
        let mut failed = self.shared.failed.subscribe();
        loop {
            if let Some(name) = *failed.borrow_and_update() {
                return name;
            }
            if failed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Panics of tasks so far.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }

    /// Waits until nothing runs any more; what still does after `limit` is cut off. Answers whether all ended by themselves.
    pub async fn finish(&self, limit: Duration) -> bool {
        let ended = tokio::time::timeout(limit, self.join_all()).await.is_ok();
        let mut rest = std::mem::take(&mut *self.shared.running.lock());
        rest.shutdown().await;
        ended
    }

    async fn join_all(&self) {
        loop {
            // Cancel-safe: the set is only borrowed for one poll, so a time-out leaves every task in it.
            let next = std::future::poll_fn(|cx| self.shared.running.lock().poll_join_next(cx)).await;
            match next {
                Some(ended) => self.note(ended),
                None => return,
            }
        }
    }

    fn note(&self, ended: Result<(), JoinError>) {
        let Err(join) = ended else { return };
        if join.is_panic() {
            self.shared.panics.fetch_add(1, Ordering::Relaxed);
            error!(error = %join, "a task panicked");
        }
    }
}

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, future: F) {
        self.spawn(async move {
            future.await;
        });
    }
}

struct Vital {
    name: &'static str,
    tasks: Tasks,
}

impl Drop for Vital {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tasks.shared.failed.send_replace(Some(self.name));
        }
    }
}

#[cfg(test)]
mod tests;
