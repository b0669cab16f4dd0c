//! A catalogue, indexed: which of its instruments a pattern names, found once for all components that have them.
//! Knows names and patterns; what a rule says of them is `decide`'s.

use super::{
    pattern::{Names, Pattern},
    spec::Catalogue,
};
use crate::{limits::PATTERNS_REMEMBERED_MAX, model::instrument::Instrument};
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::Arc,
};

/// A catalogue with its instruments by name, and by every text that names them.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) catalogue: Arc<Catalogue>,
    by_name: BTreeMap<Box<str>, Vec<usize>>,
    /// The family name of each row.
    families: Vec<Box<str>>,
    /// Each text that names a row as a pattern without wildcards would.
    literals: BTreeMap<Box<str>, Vec<usize>>,
    /// What patterns with wildcards were found to name.
    globs: RwLock<HashMap<Pattern, Arc<[usize]>>>,
}

impl Indexed {
    pub(super) fn new(catalogue: Arc<Catalogue>) -> Self {
        let mut by_name: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
        let mut literals: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
        let mut families = Vec::with_capacity(catalogue.instruments.len());
        for (row, declared) in catalogue.instruments.iter().enumerate() {
            let names = Names::new(&declared.name, &declared.unit, declared.kind);
            names.literals(&mut |text| match literals.get_mut(text) {
                Some(rows) if rows.last() == Some(&row) => {}
                Some(rows) => rows.push(row),
                None => drop(literals.insert(text.into(), vec![row])),
            });
            families.push(names.family().into());
            by_name.entry(declared.name.clone()).or_default().push(row);
        }
        Self { catalogue, by_name, families, literals, globs: RwLock::default() }
    }

    /// The rows of a name, whatever their scope, kind and unit.
    pub(super) fn of_name(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// A row that is spelled as an instrument is: the same patterns name both.
    pub(super) fn twin(&self, instrument: &Instrument) -> Option<usize> {
        let is_twin = |row: &usize| {
            let declared = self.catalogue.instruments.get(*row);
            declared.is_some_and(|declared| declared.kind == instrument.kind && declared.unit == instrument.unit)
        };
        self.of_name(&instrument.name).iter().copied().find(is_twin)
    }

    /// Hands over each row that a pattern names, in order.
    pub(super) fn rows(&self, pattern: &Pattern, tell: &mut dyn FnMut(usize)) {
        if pattern.is_literal() {
            self.literals.get(pattern.as_str()).into_iter().flatten().for_each(|row| tell(*row));
            return;
        }
        let known = self.globs.read().get(pattern).map(Arc::clone);
        let rows = known.unwrap_or_else(|| {
            let rows: Arc<[usize]> = self.search(pattern).into();
            let mut globs = self.globs.write();
            if globs.len() < PATTERNS_REMEMBERED_MAX {
                globs.insert(pattern.clone(), Arc::clone(&rows));
            }
            rows
        });
        rows.iter().for_each(|row| tell(*row));
    }

    /// Tries a pattern on each row that has a name which begins as the pattern does.
    fn search(&self, pattern: &Pattern) -> Vec<usize> {
        let prefix = pattern.as_str().split(['*', '?']).next().unwrap_or_default();
        let from = self.literals.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let near: BTreeSet<usize> =
            from.take_while(|(text, _)| text.starts_with(prefix)).flat_map(|(_, rows)| rows).copied().collect();
        let is_meant = |row: &usize| {
            let parts = self.catalogue.instruments.get(*row).zip(self.families.get(*row));
            parts.is_some_and(|(declared, family)| pattern.names(&Names::with_family(&declared.name, family, declared.kind)))
        };
        near.into_iter().filter(is_meant).collect()
    }
}

#[cfg(test)]
mod tests;
