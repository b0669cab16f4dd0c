//! Names that two want and one gets: counted by kind, and each told once in the log, a few at a time.
//! Decides nothing: who wins is the exposition's affair.

use crate::telemetry::ConflictKind as Word;
use parking_lot::Mutex;
use pointsman_core::{
    expose::{
        layout::{Conflict, ConflictKind, Conflicts},
        scrape::Exposition,
    },
    limits,
    state::store::Store,
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tracing::warn;

/// Looks at the exposition of everything.
pub struct Watched {
    exposition: Arc<Exposition<Arc<Store>>>,
    /// Series that the latest whole scrape left out, because others had the same labels.
    pub duplicates: AtomicU64,
    told: Mutex<Told>,
}

/// What the log knows, as of the last look; at most as many conflicts as a layout lists.
#[derive(Default)]
struct Told {
    conflicts: BTreeSet<Conflict>,
    duplicates: u64,
}

impl Watched {
    /// Nothing was told yet.
    #[must_use]
    pub fn new(exposition: Arc<Exposition<Arc<Store>>>) -> Self {
        Self { exposition, duplicates: AtomicU64::new(0), told: Mutex::default() }
    }

    /// All of them, as of now.
    #[must_use]
    pub fn list(&self) -> Conflicts {
        self.exposition.conflicts()
    }

    /// How many there are of each kind.
    #[must_use]
    pub fn counts(&self) -> Vec<(Word, u64)> {
        let conflicts = self.list();
        let of_kind = |kind: ConflictKind| conflicts.list.iter().filter(|conflict| conflict.kind == kind).count();
        let counted = ConflictKind::ALL.map(|kind| (word(kind), u64::try_from(of_kind(kind)).unwrap_or(u64::MAX)));
        let series = (Word::Series, self.duplicates.load(Ordering::Relaxed));
        counted.into_iter().chain([series]).collect()
    }

    /// Logs what was not there at the last look; of a flood only the first few, and how many more.
    pub fn tell(&self) {
        let now: BTreeSet<Conflict> = self.list().list.into_iter().collect();
        let mut told = self.told.lock();
        let mut untold = 0_usize;
        for (nth, conflict) in now.difference(&told.conflicts).enumerate() {
            if nth >= limits::CONFLICTS_TOLD_MAX {
                untold = untold.saturating_add(1);
                continue;
            }
            let Conflict { family, kind, kept, lost } = conflict;
            warn!(
                %family, kind = kind.as_str(), kept = %kept.component, kept_metric = %kept.metric, kept_wants = %kept.wanted,
                lost = %lost.component, lost_metric = %lost.metric, lost_wants = %lost.wanted, "naming conflict"
            );
        }
        if untold > 0 {
            warn!(conflicts = untold, "more naming conflicts: see /api/v1/flow");
        }
        let duplicates = self.duplicates.load(Ordering::Relaxed);
        if duplicates > told.duplicates {
            warn!(series = duplicates, "series left out of scrapes: others have the same labels");
        }
        *told = Told { conflicts: now, duplicates };
    }
}

const fn word(kind: ConflictKind) -> Word {
    match kind {
        ConflictKind::Type => Word::Type,
        ConflictKind::Clash => Word::Clash,
        ConflictKind::Help => Word::Help,
        ConflictKind::Unit => Word::Unit,
        ConflictKind::Target => Word::Target,
    }
}
