//! Which components there are, and which resource of which component a spelling names. A hit parses nothing.
//! Its lock is never held while a component's lock is waited for.

use super::{
    component::{Component, RESOURCE_BYTES, Shared},
    identity::Id128,
    labels::id_of,
};
use crate::model::{clock::Wall, component::ComponentKey, reject::Reason};
use hashbrown::HashTable;
use parking_lot::{Mutex, RwLock};
use std::{collections::BTreeMap, sync::Arc};

/// A component behind its lock.
pub(crate) type Locked = Arc<Mutex<Component>>;

/// Where a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) component: u32,
    pub(crate) resource: u32,
    pub(crate) generation: u32,
}

/// All components.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    tables: RwLock<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    by_key: BTreeMap<ComponentKey, u32>,
    components: Vec<Option<Locked>>,
    by_spelling: HashTable<(Id128, Place)>,
}

impl Directory {
    /// The resource of this spelling.
    pub(crate) fn find(&self, spelling: Id128) -> Option<(Locked, Place)> {
        let tables = self.tables.read();
        let (_, place) = tables.by_spelling.find(spelling[0], |(known, _)| *known == spelling)?;
        let component = tables.components.get(place.component as usize)?.as_ref()?;
        Some((Arc::clone(component), *place))
    }

    /// The component of this key, new where there is none.
    pub(crate) fn enter(&self, shared: &Shared, key: &ComponentKey, wall: Wall) -> Result<Locked, Reason> {
        if let Some(component) = self.get(key) {
            return Ok(component);
        }
        // Compiled before the lock, which everyone needs. Whoever swaps the views lists the components afterwards: with
        // the same views still there under the lock, none keeps an old plan.
        let _promise = shared.take_room(RESOURCE_BYTES)?;
        let (plan, mut tables) = loop {
            if self.tables.read().by_key.len() >= shared.caps.components {
                return self.get(key).ok_or(Reason::StreamLimit); // a flood of new ones costs no plan each
            }
            let views = Arc::clone(&shared.views.read());
            let plan = views.plan(key, wall);
            let tables = self.tables.write();
            if Arc::ptr_eq(&views, &shared.views.read()) {
                break (plan, tables);
            }
        };
        let Tables { by_key, components, .. } = &mut *tables;
        if let Some(component) = by_key.get(key).and_then(|id| components[*id as usize].clone()) {
            return Ok(component);
        }
        if by_key.len() >= shared.caps.components {
            return Err(Reason::StreamLimit);
        }
        let free = components.iter().position(Option::is_none).unwrap_or(components.len());
        let component = Arc::new(Mutex::new(Component::new(key.clone(), id_of(free), plan)));
        match components.get_mut(free) {
            Some(place) => *place = Some(Arc::clone(&component)),
            None => components.push(Some(Arc::clone(&component))),
        }
        by_key.insert(key.clone(), id_of(free));
        Ok(component)
    }

    /// The component of this key, where there is one.
    pub(crate) fn get(&self, key: &ComponentKey) -> Option<Locked> {
        let tables = self.tables.read();
        tables.by_key.get(key).and_then(|id| tables.components.get(*id as usize)?.clone())
    }

    /// The component at a place.
    pub(crate) fn at(&self, id: u32) -> Option<Locked> {
        self.tables.read().components.get(id as usize)?.clone()
    }

    /// Every component, in no particular order.
    pub(crate) fn all(&self) -> Vec<Locked> {
        self.tables.read().components.iter().flatten().cloned().collect()
    }

    /// Remembers how a resource was spelt.
    pub(crate) fn remember(&self, spelling: Id128, place: Place) {
        let mut tables = self.tables.write();
        match tables.by_spelling.find_mut(spelling[0], |(known, _)| *known == spelling) {
            Some((_, known)) => *known = place,
            None => {
                tables.by_spelling.insert_unique(spelling[0], (spelling, place), |(spelling, _)| spelling[0]);
            }
        }
    }

    /// Forgets spellings of resources of a component that are gone, and the component when nothing of it is left.
    /// A spelling that names a resource of another component by now stays.
    pub(crate) fn forget(&self, component: &Component, spellings: &[Id128]) {
        let mut tables = self.tables.write();
        for spelling in spellings {
            let is_it = |(known, place): &(Id128, Place)| known == spelling && place.component == component.id;
            if let Ok(found) = tables.by_spelling.find_entry(spelling[0], is_it) {
                found.remove();
            }
        }
        let len = tables.by_spelling.len();
        if tables.by_spelling.capacity() > 4 * len + 64 {
            tables.by_spelling.shrink_to(len, |(spelling, _)| spelling[0]);
        }
        if component.gone {
            tables.by_key.remove(&component.key);
            if let Some(place) = tables.components.get_mut(component.id as usize) {
                *place = None;
            }
        }
    }
}
