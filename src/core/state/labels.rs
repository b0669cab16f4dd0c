//! Interns the attributes of one component: a series holds ids, the text is kept once. What no series refers to any
//! more is swept; a swept id rests for a tick, so that a scrape under way never sees it mean something else.

use super::{
    identity::Identity,
    room::{grown, of_grown, of_table},
    table::grow,
    visit::{Entry, EntryId, Kept, KeyId, Labels, ShapeId},
};
use crate::{
    limits::ATTRIBUTES_MAX,
    view::plan::Keys,
    wire::attributes::{Attribute, ValueType},
};
use hashbrown::HashTable;
use smallvec::SmallVec;

/// The entry ids of one series, in the order of its sorted keys.
pub(crate) type Entries = SmallVec<[EntryId; 12]>;

/// Turns a length into an id. Every table of ids has a cap far below 2^32.
pub(crate) fn id_of(index: usize) -> u32 {
    u32::try_from(index).expect("tables are capped below 2^32 by limits.rs")
}

const _: () = assert!(ATTRIBUTES_MAX <= u128::BITS as usize, "a key set is a mask of so many bits");

/// Which keys of a key set stay, as bits: to ask for a key is dear, and many series have one set.
pub(crate) fn mask_of(labels: &Labels, shape: ShapeId, keys: &Keys) -> u128 {
    let shape = labels.shapes.get(shape as usize).map_or(&[][..], |shape| shape);
    let key = |id: &KeyId| labels.keys.get(*id as usize).map_or("", |key| &**key);
    shape.iter().enumerate().filter(|(_, id)| keys.keeps(key(id))).fold(0, |mask, (place, _)| mask | 1 << place)
}

/// The entries that a mask keeps.
pub(crate) fn masked(entries: &[EntryId], mask: u128) -> impl Iterator<Item = EntryId> + '_ {
    entries.iter().enumerate().filter(move |(place, _)| mask >> place & 1 == 1).map(|(_, entry)| *entry)
}

/// [`Labels`] with what finds an id again.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    /// What expositions read.
    pub(crate) labels: Labels,
    keys: HashTable<KeyId>,
    entries: HashTable<EntryId>,
    shapes: HashTable<ShapeId>,
    free: Unused,
    resting: Unused,
    /// Bytes of [`Labels`]' texts that no entry has any more.
    texts_gone: usize,
}

/// Ids that name nothing.
#[derive(Debug, Default)]
struct Unused {
    keys: Vec<KeyId>,
    entries: Vec<EntryId>,
    shapes: Vec<ShapeId>,
}

/// Which ids are in use: what a sweep keeps.
#[derive(Debug)]
pub(crate) struct Marks {
    entries: Vec<bool>,
    shapes: Vec<bool>,
}

impl Marks {
    pub(crate) fn mark(&mut self, shape: ShapeId, entries: &[EntryId]) {
        if let Some(mark) = self.shapes.get_mut(shape as usize) {
            *mark = true;
        }
        for entry in entries {
            if let Some(mark) = self.entries.get_mut(*entry as usize) {
                *mark = true;
            }
        }
    }
}

impl Interner {
    /// The ids of `attributes` if each is known already; interns nothing, so a flood of refused sets leaves no trace.
    pub(crate) fn find(&self, identity: &Identity, attributes: &[Attribute]) -> Option<Entries> {
        attributes.iter().map(|a| self.find_entry(identity, self.find_key(identity, &a.key)?, a)).collect()
    }

    /// The ids of `attributes`, which are sorted by key, and of their key set.
    pub(crate) fn intern(&mut self, identity: &Identity, attributes: &[Attribute]) -> (ShapeId, Entries) {
        let entries: Entries = attributes.iter().map(|a| self.intern_entry(identity, a)).collect();
        (self.shape_of(identity, &entries), entries)
    }

    /// The key set of entries that are interned already.
    pub(crate) fn shape_of(&mut self, identity: &Identity, entries: &[EntryId]) -> ShapeId {
        let keys: SmallVec<[KeyId; 12]> = entries.iter().map(|e| self.labels.entries[*e as usize].key).collect();
        let hash = identity.short_ids(&keys);
        let shapes = &self.labels.shapes;
        if let Some(id) = self.shapes.find(hash, |id| *shapes[*id as usize] == *keys) {
            return *id;
        }
        let id = place(&mut self.labels.shapes, &mut self.free.shapes, Box::from(&*keys));
        let shapes = &self.labels.shapes;
        self.shapes.insert_unique(hash, id, |id| identity.short_ids(&shapes[*id as usize]));
        id
    }

    fn find_key(&self, identity: &Identity, key: &str) -> Option<KeyId> {
        self.keys.find(identity.short(0, key.as_bytes()), |id| *self.labels.keys[*id as usize] == *key).copied()
    }

    fn find_entry(&self, identity: &Identity, key: KeyId, attribute: &Attribute) -> Option<EntryId> {
        let same = |id: &EntryId| {
            let is_it =
                |entry: Entry<'_>| entry.key == key && entry.value_type == attribute.value_type && *entry.text == *attribute.text;
            self.labels.entry(*id).is_some_and(is_it)
        };
        self.entries.find(entry_hash(identity, key, attribute.value_type, &attribute.text), same).copied()
    }

    fn intern_entry(&mut self, identity: &Identity, attribute: &Attribute) -> EntryId {
        let key = match self.find_key(identity, &attribute.key) {
            Some(key) => key,
            None => {
                let id = place(&mut self.labels.keys, &mut self.free.keys, attribute.key.clone());
                let keys = &self.labels.keys;
                let hash = |id: &KeyId| identity.short(0, keys[*id as usize].as_bytes());
                self.keys.insert_unique(hash(&id), id, hash);
                id
            }
        };
        if let Some(id) = self.find_entry(identity, key, attribute) {
            return id;
        }
        let kept = self.labels.keep(key, attribute);
        let id = place(&mut self.labels.entries, &mut self.free.entries, kept);
        let labels = &self.labels;
        self.entries.insert_unique(hash_of(identity, labels, id), id, |id| hash_of(identity, labels, *id));
        id
    }

    /// Marks for a sweep, none set.
    pub(crate) fn marks(&self) -> Marks {
        Marks { entries: vec![false; self.labels.entries.len()], shapes: vec![false; self.labels.shapes.len()] }
    }

    /// Lets ids that were swept a tick ago be used again, and gives back the tail of them, so that a flood that is over
    /// leaves no large table behind.
    pub(crate) fn release(&mut self) {
        let Labels { keys, entries, shapes, .. } = &mut self.labels;
        release(keys, &mut self.free.keys, &mut self.resting.keys);
        release(entries, &mut self.free.entries, &mut self.resting.entries);
        release(shapes, &mut self.free.shapes, &mut self.resting.shapes);
    }

    /// Forgets what is not marked. Its ids rest until [`Interner::release`].
    pub(crate) fn sweep(&mut self, identity: &Identity, marks: &Marks) {
        let mut keys = vec![false; self.labels.keys.len()];
        let Labels { keys: key_texts, entries, shapes, .. } = &mut self.labels;
        for gone in self.entries.extract_if(|id| !marks.entries[*id as usize]) {
            self.texts_gone += usize::from(std::mem::take(&mut entries[gone as usize].text_len));
            self.resting.entries.push(gone);
        }
        for gone in self.shapes.extract_if(|id| !marks.shapes[*id as usize]) {
            shapes[gone as usize] = Box::default();
            self.resting.shapes.push(gone);
        }
        self.entries.iter().for_each(|id| keys[entries[*id as usize].key as usize] = true);
        for gone in self.keys.extract_if(|id| !keys[*id as usize]) {
            key_texts[gone as usize] = Box::default();
            self.resting.keys.push(gone);
        }
        // Twice what is there: the next ones would double a table that fits, and the old one would be freed beside it.
        self.keys.shrink_to(2 * self.keys.len(), |id| identity.short(0, key_texts[*id as usize].as_bytes()));
        self.shapes.shrink_to(2 * self.shapes.len(), |id| identity.short_ids(&shapes[*id as usize]));
        if self.texts_gone > self.labels.texts.len() / 4 {
            self.labels.pack_texts();
            self.texts_gone = 0;
        }
        let labels = &self.labels;
        self.entries.shrink_to(2 * self.entries.len(), |id| hash_of(identity, labels, *id));
    }

    /// Bytes of all texts, those that nothing refers to until they are packed included.
    pub(crate) const fn text_bytes(&self) -> usize {
        self.labels.texts.len()
    }

    /// Bytes that tables take when so many attributes are new, with texts of so many bytes.
    pub(crate) fn growth(&self, attributes: usize, text_bytes: usize) -> usize {
        let Labels { keys, entries, shapes, texts } = &self.labels;
        let texts = grown(texts.len(), texts.capacity(), text_bytes);
        let values = of_grown(keys, attributes) + of_grown(entries, attributes) + of_grown(shapes, 1);
        texts + values + of_table(&self.keys, attributes) + of_table(&self.entries, attributes) + of_table(&self.shapes, 1)
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.labels.texts.capacity()
            + self.labels.entries.capacity() * size_of::<Kept>()
            + self.labels.shapes.iter().map(|s| 16 + 4 * s.len()).sum::<usize>()
            + self.labels.keys.iter().map(|k| 16 + k.len()).sum::<usize>()
            + self.entries.allocation_size()
    }
}

impl Labels {
    /// Takes over the text of a value.
    fn keep(&mut self, key: KeyId, attribute: &Attribute) -> Kept {
        let escape = attribute.text.bytes().any(|b| matches!(b, b'\\' | b'"' | b'\n'));
        let text_len = u16::try_from(attribute.text.len()).expect("ATTRIBUTE_VALUE_BYTES_MAX fits 16 bits");
        let text_at = id_of(self.texts.len());
        let room = self.texts.capacity() - self.texts.len();
        if room < attribute.text.len() {
            self.texts.reserve_exact(attribute.text.len().max(self.texts.len() / 8));
        }
        self.texts.push_str(&attribute.text);
        Kept { key, text_at, text_len, value_type: attribute.value_type, escape }
    }

    /// Adds an entry: a table of tests has no interner.
    #[cfg(test)]
    pub(crate) fn push(&mut self, key: KeyId, attribute: &Attribute) -> EntryId {
        let kept = self.keep(key, attribute);
        place(&mut self.entries, &mut Vec::new(), kept)
    }

    /// Moves the texts together that are still in use.
    fn pack_texts(&mut self) {
        let mut packed = String::with_capacity(self.entries.iter().map(|kept| usize::from(kept.text_len)).sum());
        for kept in &mut self.entries {
            let at = kept.text_at as usize;
            kept.text_at = id_of(packed.len());
            packed.push_str(self.texts.get(at..at + usize::from(kept.text_len)).unwrap_or_default());
        }
        self.texts = packed;
    }
}

fn hash_of(identity: &Identity, labels: &Labels, id: EntryId) -> u64 {
    labels.entry(id).map_or(0, |entry| entry_hash(identity, entry.key, entry.value_type, entry.text))
}

fn entry_hash(identity: &Identity, key: KeyId, value_type: ValueType, text: &str) -> u64 {
    identity.short((key << 3) | value_type as u32, text.as_bytes())
}

fn place<T>(values: &mut Vec<T>, free: &mut Vec<u32>, value: T) -> u32 {
    if let Some(id) = free.pop() {
        values[id as usize] = value;
        return id;
    }
    grow(values, 1);
    values.push(value);
    id_of(values.len() - 1)
}

fn release<T>(values: &mut Vec<T>, free: &mut Vec<u32>, resting: &mut Vec<u32>) {
    if resting.is_empty() {
        return;
    }
    free.append(resting);
    free.sort_unstable();
    while free.last().is_some_and(|last| *last as usize + 1 == values.len()) {
        free.pop();
        values.pop();
    }
    if values.capacity() > 4 * values.len() + 64 {
        values.shrink_to(2 * values.len());
    }
    free.shrink_to_fit();
    resting.shrink_to_fit();
}
