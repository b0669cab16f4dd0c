//! Certificates that change while we serve: looks at chain and key again and again, and takes a pair over once it fits.
//! What does not fit never replaces what does. Knows files and rustls; neither connections nor the clock.

pub mod authority;
pub mod cluster;
pub mod pair;
pub mod profile;
pub mod shown;

use arc_swap::{ArcSwap, Guard};
use pair::{Contents, Files, Pair, PairError, Terms};
use parking_lot::Mutex;
use pointsman_core::{
    limits,
    model::clock::{Mono, SECOND, Wall},
};
use profile::Profile;
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
    terms: Terms,
    /// Of the terms, what may change. Held while a pair is made and taken over, so that neither is made for what was before.
    profile: Mutex<Profile>,
    served: ArcSwap<Pair>,
    looks: Looks,
}

/// What looks at files came to so far.
#[derive(Debug, Default)]
pub struct Looks {
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
    /// Something new is served from now on.
    Taken,
    /// The files hold something else that does not fit: it may be half written, or was told before.
    Waiting,
    /// It has lasted: what is there is refused for this, and the last good one stays. Said once per cause.
    Refused(Arc<PairError>),
}

impl Reloader {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When a file cannot be read, or the two are no pair.
    pub fn open(files: Files, terms: Terms) -> Result<Self, PairError> {
        let pair = Pair::new(&Contents::read(&files)?, &files, &terms)?;
        let profile = Mutex::new(terms.profile.clone());
        Ok(Self { files, terms, profile, served: ArcSwap::from_pointee(pair), looks: Looks::default() })
    }

    /// On which terms it is served, but for [`Self::profile`], which may be another by now.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Versions and suites that new connections are offered.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile.lock().clone()
    }

    /// Offers other versions and suites to new connections; answers whether they are others.
    ///
    /// # Errors
    /// When the pair cannot be served so: then all stays as it is.
    pub fn offer(&self, profile: Profile) -> Result<bool, PairError> {
        let mut now = self.profile.lock();
        if *now == profile {
            return Ok(false);
        }
        self.served.store(Arc::new(self.served.load().on(&self.terms_with(&profile))?));
        *now = profile;
        Ok(true)
    }

    fn terms_with(&self, profile: &Profile) -> Terms {
        Terms { profile: profile.clone(), ..self.terms.clone() }
    }

    /// What new connections are shown.
    #[must_use]
    pub fn served(&self) -> Guard<Arc<Pair>> {
        self.served.load()
    }

    /// Looks whether the files have changed. A pair that is not valid at `wall` never replaces one that is.
    pub fn look(&self, now: Mono, wall: Wall) -> Look {
        self.looks.note(self.read(wall), now)
    }

    /// Serves the same pair, and asks for certificates of the authorities of now.
    ///
    /// # Errors
    /// When rustls refuses what it took before.
    pub fn ask_anew(&self) -> Result<(), PairError> {
        let profile = self.profile.lock();
        self.served.store(Arc::new(self.served.load().on(&self.terms_with(&profile))?));
        Ok(())
    }

    /// Whether the files had another pair, which is served now.
    fn read(&self, wall: Wall) -> Result<bool, PairError> {
        let contents = Contents::read(&self.files)?;
        let profile = self.profile.lock();
        let (served, wall_secs) = (self.served.load(), wall.0 / SECOND);
        if contents.digest() == served.digest {
            return Ok(false);
        }
        let pair = Pair::new(&contents, &self.files, &self.terms_with(&profile))?;
        match (served.validity, pair.validity) {
            (Some(old), Some(new)) if old.holds(wall_secs) && !new.holds(wall_secs) => return Err(PairError::NotValidNow),
            _ => self.served.store(Arc::new(pair)),
        }
        Ok(true)
    }

    /// What its files came to so far.
    #[must_use]
    pub const fn looks(&self) -> &Looks {
        &self.looks
    }
}

impl Looks {
    /// Takes one look: whether something new was taken, or why not.
    fn note(&self, found: Result<bool, PairError>, now: Mono) -> Look {
        let error = match found {
            Ok(is_new) => {
                *self.trouble.lock() = None;
                if !is_new {
                    return Look::Same;
                }
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

    /// Why the files are not served, as long as they are not.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<PairError>> {
        self.trouble.lock().as_ref().and_then(|trouble| trouble.told.clone())
    }

    /// Changes taken over after the first.
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
