//! What components say of themselves and what became of the plans they were offered: plain data between the sessions, which
//! hear it, and plans and statuses, which speak of it. Decides nothing.

use super::{decide::Aspect, plan::RuleRef, report::Seen, spec::Catalogue};
use crate::model::{clock::Wall, component::ComponentKey, instrument::Instrument};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a library can do at the source, and what it has. Instances of one component may differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// Name and version of the library; empty where nobody said.
    pub library: Box<str>,
    /// What it can do for instruments.
    pub aspects: BTreeSet<Aspect>,
    /// Whether it can leave out spans.
    pub spans: bool,
    /// Instruments that are read by callbacks, by scope and name: their keys and buckets stay as they are.
    pub observed: Arc<BTreeSet<(Box<str>, Box<str>)>>,
    /// What it declares; `None` where it sent no catalogue.
    pub catalogue: Option<Arc<Catalogue>>,
}

/// A plan as it is offered to the instances of one component that reported the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its name.
    pub hash: [u8; 16],
    /// Canonical JSON.
    pub body: Arc<[u8]>,
    /// When parts of it end, in order.
    pub next: Vec<Wall>,
    /// Rules of which all that they decide is done at the source.
    pub at_source: BTreeSet<Arc<RuleRef>>,
    /// Rules of which something is left to the controller.
    pub at_controller: BTreeSet<Arc<RuleRef>>,
    /// Instruments that a cap left out of it: the controller decides for them, as for all that are not declared.
    pub left_out: usize,
}

/// What became of the plans of one component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentSync {
    /// Name and version of the library, as most instances say; empty where nobody did.
    pub library: Box<str>,
    /// Instances with a session, or with a plan from a file that they were seen to obey.
    pub connected: u64,
    /// Connected instances that obey the plan of now.
    pub applied: u64,
    /// Connected instances that did not answer yet.
    pub pending: u64,
    /// Since when the one of them waits that waits longest; `None` where nobody does.
    pub pending_since: Option<Wall>,
    /// Connected instances that refused it.
    pub failed: u64,
    /// Instances that took plans and are gone: what is left of them is no instance that takes none.
    pub gone: u64,
    /// Hash of the plan of now, in hexadecimal; of the plan that most instances have where they reported different things.
    pub hash: Box<str>,
    /// Since when every connected instance obeys it, but for those that came after that and have not answered yet.
    pub since: Option<Wall>,
    /// Rules that are done at the source wholly, by the instances that obey.
    pub at_source: Arc<BTreeSet<Arc<RuleRef>>>,
    /// Rules of which something is left to the controller.
    pub at_controller: Arc<BTreeSet<Arc<RuleRef>>>,
    /// What instances said of what they refused, each once, at most five.
    pub refusals: Vec<Box<str>>,
    /// What its instances declare, where they do.
    pub catalogue: Option<Arc<Catalogue>>,
    /// What most of its instances can do; `None` where none of them said. The library and the catalogue are those above.
    pub reported: Option<Arc<Reported>>,
    /// Instances that are offered the same plan, most first, where there are several sorts; empty: all are as said above.
    pub parts: Vec<Part>,
}

/// Instances of one component that reported the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// How many are connected.
    pub instances: u64,
    /// Those of them that obey the plan of now.
    pub applied: u64,
    /// Hash of their plan, in hexadecimal.
    pub hash: Box<str>,
    /// Rules that are done at the source wholly, by those that obey.
    pub at_source: Arc<BTreeSet<Arc<RuleRef>>>,
    /// Rules of which something is left to the controller.
    pub at_controller: Arc<BTreeSet<Arc<RuleRef>>>,
    /// What they can do; `None` where none of them said.
    pub reported: Option<Arc<Reported>>,
}

/// The instances of one component, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub instances: u64,
    /// Those that obey the plan of now.
    pub applied: u64,
    /// Those that did not answer yet.
    pub pending: u64,
    /// Those that refused it.
    pub failed: u64,
    /// Those that take no plans: the controller decides for them.
    pub unsupported: u64,
}

/// What became of all plans.
pub type SyncState = BTreeMap<ComponentKey, ComponentSync>;

impl Reported {
    /// What a library can do of which nobody knows, for a plan in a file: it reads all of it, and leaves what it cannot do.
    #[must_use]
    pub fn able() -> Self {
        Self { aspects: Aspect::METRIC.into_iter().collect(), spans: true, ..Self::default() }
    }
}

impl ComponentSync {
    /// Instances that take plans.
    #[must_use]
    pub fn takers(&self) -> u64 {
        self.applied.saturating_add(self.pending).saturating_add(self.failed)
    }

    /// Whether an instance of it is there, even if it pushes nothing.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.connected > 0
    }

    /// Its instances, where so many push. What one pushed that is gone is still among those for a while: it is no instance.
    /// Where all of them are gone nobody knows who pushes: the controller decides for each.
    #[must_use]
    pub fn tally(&self, pushing: u64) -> Tally {
        let takers = self.takers();
        let gone = if takers > 0 { self.gone } else { 0 };
        let instances = pushing.saturating_sub(gone).max(self.connected).max(takers);
        let Self { applied, pending, failed, .. } = *self;
        Tally { instances, applied, pending, failed, unsupported: instances.saturating_sub(takers) }
    }

    /// Its instances by sort, most first: at least one.
    #[must_use]
    pub fn sorts(&self) -> Cow<'_, [Part]> {
        if !self.parts.is_empty() {
            return Cow::Borrowed(&self.parts);
        }
        let Self { applied, hash, at_source, at_controller, reported, .. } = self;
        Cow::Owned(vec![Part {
            instances: self.takers(),
            applied: *applied,
            hash: hash.clone(),
            at_source: Arc::clone(at_source),
            at_controller: Arc::clone(at_controller),
            reported: reported.clone(),
        }])
    }
}

impl Tally {
    /// Those of which what is decided holds, wherever it is done.
    #[must_use]
    pub fn in_sync(&self) -> u64 {
        self.applied.saturating_add(self.unsupported)
    }

    /// `11/12`: in sync, of all.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{}/{}", self.in_sync(), self.instances)
    }
}

/// Whether so many obey, wait and refuse as before, and the same plans.
#[must_use]
pub fn is_unmoved(before: &SyncState, after: &SyncState) -> bool {
    let line = |(key, sync): (&ComponentKey, &ComponentSync)| {
        (key.clone(), [sync.connected, sync.applied, sync.pending, sync.failed, sync.gone], sync.hash.clone())
    };
    before.len() == after.len() && before.iter().map(line).eq(after.iter().map(line))
}

/// What was seen, and what connected components declare beside it: what is off at the source is in no stream.
#[must_use]
pub fn with_declared(mut seen: Vec<Seen>, sync: &SyncState) -> Vec<Seen> {
    let mut rest: BTreeMap<&ComponentKey, &ComponentSync> = sync.iter().filter(|(_, sync)| sync.is_present()).collect();
    for seen in &mut seen {
        if let Some(sync) = rest.remove(&seen.component) {
            let declared = silent(sync, &seen.instruments);
            seen.instruments.extend(declared);
        }
    }
    seen.extend(rest.into_iter().map(|(key, sync)| Seen { component: key.clone(), instruments: silent(sync, &[]) }));
    seen
}

/// What a component declares of which nothing was seen, in order.
#[must_use]
pub fn silent(sync: &ComponentSync, seen: &[Instrument]) -> Vec<Instrument> {
    let seen: BTreeSet<(&str, &str)> = seen.iter().flat_map(|one| [(&*one.scope, &*one.name), ("", &*one.name)]).collect();
    let declared = sync.catalogue.iter().flat_map(|catalogue| catalogue.instruments.iter());
    let silent = declared.filter(|row| !seen.contains(&(&*row.scope, &*row.name)));
    let silent: BTreeSet<Instrument> = silent
        .map(|row| Instrument { scope: row.scope.clone(), name: row.name.clone(), kind: row.kind, unit: row.unit.clone() })
        .collect();
    silent.into_iter().collect()
}

#[cfg(test)]
mod tests;
