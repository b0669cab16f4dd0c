//! Certificates that change while we serve: looks at chain and key again and again, and takes a pair over once it fits.
//! What does not fit never replaces what does. Knows files and rustls; neither connections nor the clock.

pub mod pair;
pub mod senders;

use arc_swap::{ArcSwap, Guard};
use pair::{Contents, Files, Pair, PairError};
use parking_lot::Mutex;
use pointsman_core::{
    limits,
    model::clock::{Mono, SECOND, Wall},
};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The pair that is served, and whatever lies in the files instead.
#[derive(Debug)]
pub struct Reloader {
    files: Files,
    asks: bool,
    served: ArcSwap<Pair>,
    watch: Watch,
}

/// What becomes of files that change while we serve: taken once they fit, refused once what is wrong with them has lasted.
#[derive(Debug, Default)]
pub struct Watch {
    trouble: Mutex<Option<Trouble>>,
    taken: AtomicU64,
    refused: AtomicU64,
}

/// The files have changed into something that does not fit.
#[derive(Debug)]
struct Trouble {
    since: Mono,
    /// What is wrong, once it has lasted.
    told: Option<Arc<PairError>>,
}

/// What one look came to.
#[derive(Clone, Debug)]
pub enum Look {
    /// The files hold what is served.
    Same,
    /// A new pair is served from now on.
    Taken,
    /// The files hold something else that is no pair: it may be half written, or was told before.
    Waiting,
    /// It has lasted: the pair is refused for this, and the last good one stays. Said once per cause.
    Refused(Arc<PairError>),
}

impl Reloader {
    /// Reads the first pair. `asks`: senders are asked for a certificate.
    ///
    /// # Errors
    /// When a file cannot be read, or the two are no pair.
    pub fn open(files: Files, asks: bool) -> Result<Self, PairError> {
        let served = ArcSwap::from_pointee(Pair::new(&Contents::read(&files)?, &files, asks)?);
        Ok(Self { files, asks, served, watch: Watch::default() })
    }

    /// What new connections are shown.
    #[must_use]
    pub fn served(&self) -> Guard<Arc<Pair>> {
        self.served.load()
    }

    /// Looks whether the files have changed. A pair that is not valid at `wall` never replaces one that is.
    pub fn look(&self, now: Mono, wall: Wall) -> Look {
        self.watch.look(now, self.read(wall), |pair| self.served.store(Arc::new(pair)))
    }

    /// The pair in the files, unless it is the one that is served.
    fn read(&self, wall: Wall) -> Result<Option<Pair>, PairError> {
        let contents = Contents::read(&self.files)?;
        let (served, wall_secs) = (self.served.load(), wall.0 / SECOND);
        if contents.digest() == served.digest {
            return Ok(None);
        }
        let pair = Pair::new(&contents, &self.files, self.asks)?;
        match (served.validity, pair.validity) {
            (Some(old), Some(new)) if old.holds(wall_secs) && !new.holds(wall_secs) => Err(PairError::NotValidNow),
            _ => Ok(Some(pair)),
        }
    }

    /// What became of the files.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Watch {
    /// One look: `read` is what the files hold, `None` = what is in force; `take` puts something new into force.
    pub fn look<T>(&self, now: Mono, read: Result<Option<T>, PairError>, take: impl FnOnce(T)) -> Look {
        let error = match read {
            Ok(new) => {
                *self.trouble.lock() = None;
                let Some(new) = new else { return Look::Same };
                take(new);
                self.taken.fetch_add(1, Ordering::Relaxed);
                return Look::Taken;
            }
            Err(error) => error,
        };
        let mut trouble = self.trouble.lock();
        let Trouble { since, told } = trouble.get_or_insert(Trouble { since: now, told: None });
        let is_known = told.as_ref().is_some_and(|told| chain(told.as_ref()) == chain(&error));
        if is_known || now.since(*since) < Duration::from_millis(limits::TLS_TORN_MS_MAX) {
            return Look::Waiting;
        }
        let error = Arc::new(error);
        *told = Some(Arc::clone(&error));
        self.refused.fetch_add(1, Ordering::Relaxed);
        Look::Refused(error)
    }

    /// Why the files are not in force, as long as they are not.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<PairError>> {
        self.trouble.lock().as_ref().and_then(|trouble| trouble.told.clone())
    }

    /// Changes that were taken over.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Changes that were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// An error and its causes as one text.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
