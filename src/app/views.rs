//! Brings views into force: swaps what store and traces obey, swaps again when one expires, and polls the folder.
//! What a view means, and which file holds it, is not known here.

use super::engine::{Engine, Loaded, Object};
use crate::{
    control::groups::Catalogues,
    telemetry::CATALOGUES,
    views::dir::{DirSource, ObjectStatus, Origins, Reload},
};
use parking_lot::Mutex;
use pointsman_core::{
    fault::{Fault, code::Code, render},
    limits,
    model::{clock::Wall, component::ComponentKey},
    view::{plan::ViewSet, spec::Catalogue},
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
    /// Held while views come into force.
    now: Mutex<Now>,
}

/// What is in force.
#[derive(Default)]
struct Now {
    /// The views as they were read.
    read: Arc<ViewSet>,
    /// What components declare, as far as those in force know it.
    declared: Arc<Catalogues>,
    /// When the next one expires.
    next_expiry: Option<Wall>,
}

/// Why other views come into force.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Because {
    /// They were read.
    Read,
    /// Components declare something else.
    Declared,
    /// One has expired.
    Expired,
}

impl Force {
    /// Nothing is in force yet.
    #[must_use]
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self { engine: Arc::clone(engine), now: Mutex::default() }
    }

    /// These views from now on. Answers whether they are others than before: the same ones with other faults or statuses
    /// are only shown.
    pub fn take(&self, loaded: Loaded, at: Wall) -> bool {
        self.log_news(&loaded.faults);
        let mut now = self.now.lock();
        let before = Arc::clone(&self.engine.views.load().views);
        let changed = !Arc::ptr_eq(&loaded.views, &now.read);
        let views = if changed {
            info!(objects = loaded.objects.len(), faults = loaded.faults.len(), "views read");
            now.read = Arc::clone(&loaded.views);
            now.declared = self.engine.control.reported();
            Arc::new(now.read.with_reported_like(&before, &now.declared))
        } else {
            before
        };
        let loaded = Arc::new(Loaded { views, ..loaded });
        if changed {
            self.bring_into_force(&mut now, loaded, Because::Read, at);
        } else {
            self.engine.views.store(loaded);
        }
        drop(now);
        self.engine.views_changed.notify_one();
        changed
    }

    /// The same views, where one of them has expired by now. Answers whether one had.
    pub fn expire(&self, at: Wall) -> bool {
        let mut now = self.now.lock();
        let due = now.next_expiry.is_some_and(|expiry| expiry <= at);
        if due {
            info!("a view has expired");
            let same = self.engine.views.load_full();
            self.bring_into_force(&mut now, same, Because::Expired, at);
            self.engine.views_changed.notify_one();
        }
        due
    }

    /// The same views, which know from now on what components declare of themselves.
    pub fn declare(&self, at: Wall) {
        let mut now = self.now.lock();
        let declared = self.engine.control.reported();
        if is_same(&declared, &now.declared) {
            return; // other views came meanwhile, and know it; or it was taken back
        }
        let before = self.engine.views.load_full();
        let views = Arc::new(now.read.with_reported_like(&before.views, &declared));
        now.declared = declared;
        let loaded = Arc::new(Loaded { views, ..Loaded::clone(&before) });
        self.bring_into_force(&mut now, loaded, Because::Declared, at);
        self.engine.views_changed.notify_one();
    }

    /// Called with the lock held: nobody puts older views over newer ones. The control of agents learns of them before anybody
    /// sees them: else it would be asked who obeys the new ones, and answer of those before.
    fn bring_into_force(&self, now: &mut Now, loaded: Arc<Loaded>, because: Because, at: Wall) {
        let views = Arc::clone(&loaded.views);
        match because {
            Because::Read => self.engine.control.set_views(Arc::clone(&views), &now.declared),
            Because::Declared => self.engine.control.set_declared(Arc::clone(&views), &now.declared),
            Because::Expired => {} // plans end by themselves, at their source too
        }
        self.engine.views.store(loaded);
        self.engine.store.set_views(Arc::clone(&views), at);
        self.engine.traces.set_views(Arc::clone(&views), at);
        now.next_expiry = views.next_expiry(at);
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

fn is_same(one: &Catalogues, other: &Catalogues) -> bool {
    let same =
        |key: &ComponentKey, one: &Arc<Catalogue>| other.get(key).is_some_and(|other| Arc::ptr_eq(one, other) || one == other);
    one.len() == other.len() && one.iter().all(|(key, one)| same(key, one))
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

    /// What brings its views into force.
    #[must_use]
    pub fn force(&self) -> Arc<Force> {
        Arc::clone(&self.force)
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
