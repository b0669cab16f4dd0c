//! The files of a client: the mounted plan and the last good one. Once it runs they are read and written aside, as a disk may
//! hang: nothing that a controller is told waits for that. Obeys nothing.

use super::{
    kept::{Cache, Kept, PlanFile, read},
    link::Promise,
    steps::Now,
};
use bytes::Bytes;
use std::{
    future::poll_fn,
    io,
    path::PathBuf,
    task::{Context, Poll},
    time::Duration,
};

/// What is done to a file; the outer error is that of a runtime that ends.
type Aside<T> = Promise<io::Result<io::Result<T>>>;

/// Both files, and what is done to them just now.
pub(super) struct Files {
    plan: Option<PlanFile>,
    cache: Option<Cache>,
    reading: Option<Aside<Bytes>>,
    writing: Option<Aside<()>>,
    /// What is to be written next; what was to be before it need not be.
    unwritten: Option<Kept>,
}

/// What became of them.
pub(super) enum Done {
    /// The mounted plan is another, or cannot be read.
    Found(PathBuf, io::Result<Bytes>),
    /// The last good plan could not be kept.
    NotKept(PathBuf, io::Error),
    /// Nothing of interest.
    Nothing,
}

impl Files {
    pub(super) fn new(plan: Option<PathBuf>, cache: Option<PathBuf>) -> Self {
        let (plan, cache) = (plan.map(PlanFile::new), cache.map(Cache::new));
        Self { plan, cache, reading: None, writing: None, unwritten: None }
    }

    /// Looks at the mounted plan at once: nothing goes on without it when a process starts.
    pub(super) fn look(&mut self, now: Now) -> Option<(PathBuf, io::Result<Bytes>)> {
        let plan = self.plan.as_mut()?;
        plan.looks(now);
        let found = plan.found(read(plan.path()))?;
        Some((plan.path().to_owned(), found))
    }

    /// What an earlier run kept.
    pub(super) fn load(&self) -> Option<(PathBuf, io::Result<Kept>)> {
        let cache = self.cache.as_ref()?;
        Some((cache.path().to_owned(), cache.load().transpose()?))
    }

    /// Keeps a plan for the next start, soon.
    pub(super) fn keep(&mut self, kept: Kept) {
        self.unwritten = self.cache.is_some().then_some(kept);
    }

    /// When the mounted plan is to be looked at again; not while that is being done.
    pub(super) fn due(&self) -> Option<Duration> {
        self.plan.as_ref().filter(|_| self.reading.is_none()).map(PlanFile::due)
    }

    /// Begins what is due, aside.
    pub(super) fn begin(&mut self, now: Now) {
        if self.due().is_some_and(|due| due <= now.mono)
            && let Some(plan) = &mut self.plan
        {
            plan.looks(now);
            let path = plan.path().to_owned();
            self.reading = Some(aside(move || read(&path)));
        }
        if self.writing.is_none()
            && let (Some(kept), Some(cache)) = (self.unwritten.take(), self.cache.clone())
        {
            self.writing = Some(aside(move || cache.store(kept)));
        }
    }

    /// What becomes of it. May be dropped at any time.
    pub(super) async fn done(&mut self) -> Done {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Whether everything is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.unwritten.is_none() && self.writing.is_none()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        if let Some(found) = polled(&mut self.reading, cx) {
            let plan = self.plan.as_mut();
            let found = plan.and_then(|plan| Some((plan.path().to_owned(), plan.found(found)?)));
            return Poll::Ready(found.map_or(Done::Nothing, |(path, found)| Done::Found(path, found)));
        }
        match (polled(&mut self.writing, cx), &self.cache) {
            (Some(Err(error)), Some(cache)) => Poll::Ready(Done::NotKept(cache.path().to_owned(), error)),
            (Some(_), _) => Poll::Ready(Done::Nothing),
            (None, _) => Poll::Pending,
        }
    }
}

/// What it came to, once.
fn polled<T>(aside: &mut Option<Aside<T>>, cx: &mut Context<'_>) -> Option<io::Result<T>> {
    let Poll::Ready(ended) = aside.as_mut()?.as_mut().poll(cx) else { return None };
    *aside = None;
    Some(ended.flatten())
}

fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Aside<T> {
    let work = tokio::task::spawn_blocking(work);
    Box::pin(async move { work.await.map_err(io::Error::from) })
}
