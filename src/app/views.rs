//! Brings views into force: swaps what store and traces obey, swaps again when one expires, and polls the folder.
//! What a view means, and which file holds it, is not known here.

use super::engine::{Engine, Loaded, Object};
use crate::{
    telemetry::CATALOGUES,
    views::dir::{DirSource, ObjectStatus, Origins, Reload},
};
use parking_lot::Mutex;
use pointsman_core::{
    fault::{Fault, code::Code, render},
    limits,
    model::clock::Wall,
};
use pointsman_instrument::reconcile::Outcome;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};
use tracing::{info, warn};

/// Where the starts of expiries survive a restart, within `--state-dir`.
const STARTS_FILE: &str = "view-starts.json";

/// Brings views into force where points and spans land.
pub struct Force {
    engine: Arc<Engine>,
    /// When the next view expires; held while views come into force.
    next_expiry: Mutex<Option<Wall>>,
}

impl Force {
    /// Nothing is in force yet.
    #[must_use]
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self { engine: Arc::clone(engine), next_expiry: Mutex::default() }
    }

    /// These views from now on. Answers whether they are others than before: the same ones with other faults or statuses
    /// are only shown.
    pub fn take(&self, loaded: Loaded, now: Wall) -> bool {
        self.log_news(&loaded.faults);
        let mut next_expiry = self.next_expiry.lock();
        let changed = !Arc::ptr_eq(&loaded.views, &self.engine.views.load().views);
        if changed {
            info!(objects = loaded.objects.len(), faults = loaded.faults.len(), "views read");
        }
        self.engine.views.store(Arc::new(loaded));
        if changed {
            *next_expiry = self.bring_into_force(now);
        }
        drop(next_expiry);
        self.engine.views_changed.notify_one();
        changed
    }

    /// The same views, where one of them has expired by now. Answers whether one had.
    pub fn expire(&self, now: Wall) -> bool {
        let mut next_expiry = self.next_expiry.lock();
        let due = next_expiry.is_some_and(|at| at <= now);
        if due {
            info!("a view has expired");
            *next_expiry = self.bring_into_force(now);
            self.engine.views_changed.notify_one();
        }
        due
    }

    /// Called with the lock held: nobody puts older views over newer ones. Answers when the next one expires.
    fn bring_into_force(&self, now: Wall) -> Option<Wall> {
        let views = Arc::clone(&self.engine.views.load().views);
        self.engine.store.set_views(Arc::clone(&views), now);
        self.engine.traces.set_views(Arc::clone(&views), now);
        views.next_expiry(now)
    }

    /// What was said before is not said again with each reload, and one source cannot flood the log.
    fn log_news(&self, faults: &[Fault]) {
        let known: BTreeSet<String> = self.engine.views.load().faults.iter().map(render::short).collect();
        let news: Vec<String> = faults.iter().map(render::short).filter(|line| !known.contains(line)).collect();
        for fault in news.iter().take(limits::LOGGED_FAULTS_MAX) {
            warn!(%fault, "view fault");
        }
        let more = news.len().saturating_sub(limits::LOGGED_FAULTS_MAX);
        if more > 0 {
            warn!(more, "view faults not logged: /api/v1/faults and `pointsman check` have them all");
        }
    }
}

/// Keeps the views of a folder current.
pub struct Loader {
    engine: Arc<Engine>,
    source: DirSource,
    force: Arc<Force>,
}

impl Loader {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(engine: &Arc<Engine>) -> Self {
        let config = &engine.config;
        let source = DirSource::new(Origins {
            dir: config.views.clone(),
            files: config.catalog.clone(),
            built_in: CATALOGUES.to_vec(),
            state_file: config.state_dir.as_ref().map(|dir| dir.join(STARTS_FILE)),
        });
        Self { engine: Arc::clone(engine), source, force: Arc::new(Force::new(engine)) }
    }

    /// Looks once: takes over what changed, and what expired.
    pub fn look(&mut self) {
        let engine = Arc::clone(&self.engine);
        let turn = engine.own.views().begin();
        let now = engine.clock.view_wall();
        match self.source.poll(now) {
            Some(reload) => {
                let faults = reload.faults.iter().filter(|fault| fault.is_error()).count();
                self.take(reload, now);
                let outcome = if faults == 0 { Outcome::Changed } else { Outcome::Failed };
                turn.end(outcome, u32::try_from(faults).unwrap_or(u32::MAX));
            }
            None if self.force.expire(now) => turn.end(Outcome::Changed, 0),
            None => {
                engine.numbers.views_are_current();
                turn.end(Outcome::Unchanged, 0);
            }
        }
    }

    fn take(&self, reload: Reload, now: Wall) {
        let Reload { views, faults, objects } = reload;
        let is_known = !faults.iter().any(|fault| self.is_of_folder(fault));
        let objects = objects.into_iter().map(object).collect();
        self.engine.numbers.views_are_current();
        self.force.take(Loaded { views, faults, objects }, now);
        if is_known {
            self.engine.is_ready.store(true, Ordering::Relaxed);
        }
    }

    /// As long as the folder itself cannot be read, nobody knows what is in force. A file that cannot is its own affair.
    fn is_of_folder(&self, fault: &Fault) -> bool {
        let Some(dir) = &self.engine.config.views else { return false };
        matches!(fault.code, Code::CannotRead) && fault.place.to_string() == dir.display().to_string()
    }
}

fn object(status: ObjectStatus) -> Object {
    let ObjectStatus { id, file, accepted, kept, faults, document } = status;
    Object { id, file: file.into(), accepted, kept, faults, document, ..Object::default() }
}
