//! What components declare of themselves, as catalogues of a set of views: each for exactly its component, behind those that
//! the controller was given. Knows nothing of how it was reported.

use super::{
    memo::Indexed,
    plan::ViewSet,
    spec::{Catalogue, Declared},
};
use crate::model::component::ComponentKey;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

impl ViewSet {
    /// The same views, with what components declare of themselves. The catalogues of this set speak first, instrument by
    /// instrument. What this set was told before, and no longer is, it forgets.
    #[must_use]
    pub fn with_reported(&self, reported: &BTreeMap<ComponentKey, Arc<Catalogue>>) -> Self {
        self.with_reported_like(self, reported)
    }

    /// The same where the views changed: catalogues that `before` has already, by pointer or by what they declare, are not
    /// looked through again.
    #[must_use]
    pub fn with_reported_like(&self, before: &Self, reported: &BTreeMap<ComponentKey, Arc<Catalogue>>) -> Self {
        let mut known: HashMap<*const Catalogue, Arc<Indexed>> = HashMap::new();
        let mut equal: HashMap<&[Declared], Arc<Indexed>> = HashMap::new();
        for indexed in before.reported.values() {
            known.insert(Arc::as_ptr(&indexed.catalogue), Arc::clone(indexed));
            equal.insert(&indexed.catalogue.instruments, Arc::clone(indexed));
        }
        let mut all = BTreeMap::new();
        for (component, catalogue) in reported {
            let own = known.entry(Arc::as_ptr(catalogue)).or_insert_with(|| {
                let indexed = equal.entry(&catalogue.instruments);
                // Replicas of one program declare the same: one look through serves them all.
                Arc::clone(indexed.or_insert_with(|| Arc::new(Indexed::new(Arc::clone(catalogue)))))
            });
            all.insert(component.clone(), Arc::clone(own));
        }
        Self {
            views: Arc::clone(&self.views),
            catalogues: Arc::clone(&self.catalogues),
            reported: Arc::new(all),
            facts: Arc::clone(&self.facts),
            readers: Arc::clone(&self.readers),
        }
    }

    /// What a component declares of itself, as far as this set was told.
    #[must_use]
    pub fn reported(&self, component: &ComponentKey) -> &[Declared] {
        self.reported.get(component).map(|indexed| &*indexed.catalogue.instruments).unwrap_or_default()
    }
}
