//! The ConfigMaps that hold plans: which of them to write next. Pure; none is ever removed, and one without our label is not
//! touched, which the request itself makes sure of.

use super::{
    Desired,
    book::{Backoff, Candidate, Key, Write, later},
};
use crate::{kubernetes::failure::Failure, views::planfiles::Outcome};
use pointsman_core::model::clock::Mono;
use std::{collections::BTreeMap, time::Duration};

/// A decision that is late at its component: it goes before figures.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of the ConfigMaps.
#[derive(Debug, Default)]
pub(super) struct Files {
    notes: BTreeMap<Key, Note>,
}

#[derive(Debug, Default)]
struct Note {
    /// The plan that stands there, by hash.
    written: Option<Box<str>>,
    differs: Option<Mono>,
    backoff: Backoff,
}

impl Files {
    /// Somebody may have changed or removed them: all are written again.
    pub(super) fn doubt(&mut self) {
        self.notes.values_mut().for_each(|note| note.written = None);
    }

    /// Everything that could be written now; answers how much waits in all.
    pub(super) fn candidates(&mut self, desired: &Desired, now: Mono, candidates: &mut Vec<Candidate>) -> usize {
        let mut waiting = 0;
        let mut notes = std::mem::take(&mut self.notes);
        for (index, plan) in desired.plans.iter().enumerate() {
            let key = (plan.namespace.clone(), plan.name.clone());
            let mut note = notes.remove(&key).unwrap_or_default();
            if note.written.as_ref() != Some(&plan.hash) {
                waiting += 1;
                let since = *note.differs.get_or_insert(now);
                if note.backoff.is_over(now) {
                    candidates.push(Candidate { write: Write::PlanFile { index }, decision: false, due: later(since, PATIENCE) });
                }
            }
            self.notes.insert(key, note);
        }
        waiting
    }

    /// Remembers what became of a write, and says it.
    pub(super) fn note<T>(&mut self, desired: &Desired, index: usize, result: Result<T, Failure>, now: Mono) -> Option<Outcome> {
        let plan = desired.plans.get(index)?;
        let note = self.notes.entry((plan.namespace.clone(), plan.name.clone())).or_default();
        let failure = match result {
            Ok(_) => {
                *note = Note { written: Some(plan.hash.clone()), ..Note::default() };
                return Some(Outcome::Written(plan.name.clone(), plan.hash.clone()));
            }
            Err(failure) => failure,
        };
        note.backoff.failed(&failure, now);
        Some(match failure {
            Failure::Conflict => Outcome::NotOurs(plan.name.clone()),
            failure => Outcome::Failed(plan.name.clone(), failure.to_string()),
        })
    }
}
