//! The series of one stream: slots, interned attributes, values, and the order in which expositions see them.
//! Knows where a series is, not how a point changes it.

use super::{
    identity::{Id128, Identity},
    labels::{Marks, id_of},
    room::{of_grown, of_table},
    visit::{EntryId, Labels, ShapeId, Value},
};
use crate::{
    decode::Data,
    model::point::{ExpHistogram, Histogram, Number, Summary},
};
use hashbrown::HashTable;
use std::cmp::Ordering;

/// The slot holds a series.
pub(crate) const LIVE: u8 = 1;
/// The number is a double.
pub(crate) const DOUBLE: u8 = 2;
/// The series is not exposed: a collapsed group remembers what this member added.
pub(crate) const TOMBSTONE: u8 = 4;

/// A place in pages is a slot and a numbering.
const _: () = assert!(usize::BITS == 2 * u32::BITS);

/// So many freed slots may rest however few series there are.
const SLOTS_RESTING_MIN: usize = 1_024;

/// One series. 56 bytes: with its entry ids and its places in two tables this is what a series costs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot {
    /// Identity of the attribute bytes as they first came; zero for what has none (groups, overflow).
    pub(crate) raw: Id128,
    /// Start time in Unix nanoseconds; 0 = unknown.
    pub(crate) start: u64,
    /// Time of the last point; 0 until the first.
    pub(crate) time: u64,
    bits: u64,
    entries_at: u32,
    /// Its key set.
    pub(crate) shape: ShapeId,
    /// When it was last pushed, in seconds of the monotonic clock.
    pub(crate) seen_secs: u32,
    /// The round in which it was last pushed.
    pub(crate) round: u16,
    entries_len: u8,
    /// [`LIVE`], [`DOUBLE`], [`TOMBSTONE`].
    pub(crate) flags: u8,
}

impl Slot {
    /// Whether the slot holds a series that expositions see.
    #[inline]
    pub(crate) const fn is_exposed(&self) -> bool {
        self.flags & (LIVE | TOMBSTONE) == LIVE
    }

    /// Whether the slot holds a series, seen or only remembered.
    #[inline]
    pub(crate) const fn is_live(&self) -> bool {
        self.flags & LIVE != 0
    }

    /// The number; meaningless for streams of histograms and summaries.
    #[inline]
    pub(crate) const fn number(&self) -> Number {
        if self.flags & DOUBLE == 0 { Number::Int(self.bits.cast_signed()) } else { Number::Double(f64::from_bits(self.bits)) }
    }

    #[inline]
    pub(crate) const fn set_number(&mut self, number: Number) {
        match number {
            Number::Int(i) => {
                self.bits = i.cast_unsigned();
                self.flags &= !DOUBLE;
            }
            Number::Double(d) => {
                self.bits = d.to_bits();
                self.flags |= DOUBLE;
            }
        }
    }
}

/// The values that do not fit a slot, by slot index.
#[derive(Debug)]
pub(crate) enum Values {
    /// In the slot itself.
    Numbers,
    /// Explicit buckets.
    Histograms(Vec<Histogram>),
    /// Exponential buckets.
    Exponentials(Vec<ExpHistogram>),
    /// Quantiles.
    Summaries(Vec<Summary>),
}

impl Values {
    pub(crate) fn for_data(data: Data) -> Self {
        match data {
            Data::Gauge | Data::Sum { .. } => Self::Numbers,
            Data::Histogram(_) => Self::Histograms(Vec::new()),
            Data::Exponential(_) => Self::Exponentials(Vec::new()),
            Data::Summary => Self::Summaries(Vec::new()),
        }
    }

    /// Bytes of one value beside its slot, without what it points at.
    pub(crate) const fn size_of_one(data: Data) -> usize {
        match data {
            Data::Gauge | Data::Sum { .. } => 0,
            Data::Histogram(_) => size_of::<Histogram>(),
            Data::Exponential(_) => size_of::<ExpHistogram>(),
            Data::Summary => size_of::<Summary>(),
        }
    }

    /// Makes room for `index`, or empties what stood there.
    fn reset(&mut self, index: usize) {
        fn put<T: Default>(values: &mut Vec<T>, index: usize) {
            match values.get_mut(index) {
                Some(value) => *value = T::default(),
                None => {
                    grow(values, 1);
                    values.push(T::default());
                }
            }
        }
        match self {
            Self::Numbers => {}
            Self::Histograms(values) => put(values, index),
            Self::Exponentials(values) => put(values, index),
            Self::Summaries(values) => put(values, index),
        }
    }

    fn reserve(&mut self, series: usize) {
        match self {
            Self::Numbers => {}
            Self::Histograms(values) => values.reserve_exact(series),
            Self::Exponentials(values) => values.reserve_exact(series),
            Self::Summaries(values) => values.reserve_exact(series),
        }
    }

    /// What expositions see of a slot.
    pub(crate) fn value<'a>(&'a self, index: usize, slot: &Slot) -> Value<'a> {
        match self {
            Self::Numbers => Value::Number(slot.number()),
            Self::Histograms(values) => Value::Histogram(&values[index]),
            Self::Exponentials(values) => Value::Exponential(&values[index]),
            Self::Summaries(values) => Value::Summary(&values[index]),
        }
    }

    fn take(&mut self, index: usize, into: &mut Self) {
        match (self, into) {
            (Self::Histograms(from), Self::Histograms(to)) => to.push(std::mem::take(&mut from[index])),
            (Self::Exponentials(from), Self::Exponentials(to)) => to.push(std::mem::take(&mut from[index])),
            (Self::Summaries(from), Self::Summaries(to)) => to.push(std::mem::take(&mut from[index])),
            _ => {}
        }
    }

    fn growth(&self) -> usize {
        match self {
            Self::Numbers => 0,
            Self::Histograms(values) => of_grown(values, 1),
            Self::Exponentials(values) => of_grown(values, 1),
            Self::Summaries(values) => of_grown(values, 1),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Numbers => 0,
            Self::Histograms(v) => {
                v.capacity() * size_of::<Histogram>() + v.iter().map(|h| 8 * (h.bounds.len() + h.counts.len())).sum::<usize>()
            }
            Self::Exponentials(v) => {
                let heap = |h: &ExpHistogram| 8 * (h.positive.counts.capacity() + h.negative.counts.capacity());
                v.capacity() * size_of::<ExpHistogram>() + v.iter().map(heap).sum::<usize>()
            }
            Self::Summaries(v) => v.capacity() * size_of::<Summary>() + v.iter().map(|s| 16 * s.quantiles.len()).sum::<usize>(),
        }
    }
}

/// The series of a stream, or the groups it is collapsed into.
#[derive(Debug)]
pub(crate) struct Table {
    /// Dense; a removed series leaves a free slot until [`Table::compact`].
    pub(crate) slots: Vec<Slot>,
    /// What does not fit the slots.
    pub(crate) values: Values,
    arena: Vec<EntryId>,
    arena_garbage: usize,
    canonical: HashTable<u32>,
    free: Vec<u32>,
    /// Freed since the last tick, and the one before it: a look under way may go on behind such a slot.
    resting: [Vec<u32>; 2],
    order: Vec<u32>,
    order_is_stale: bool,
    exposed: usize,
    /// How often slots were numbered anew, or let go: which numbering a place in pages is of.
    pub(crate) packs: u32,
}

impl Table {
    pub(crate) fn new(values: Values) -> Self {
        Self {
            slots: Vec::new(),
            values,
            arena: Vec::new(),
            arena_garbage: 0,
            canonical: HashTable::new(),
            free: Vec::new(),
            resting: [Vec::new(), Vec::new()],
            order: Vec::new(),
            order_is_stale: false,
            exposed: 0,
            packs: 0,
        }
    }

    /// Takes another's place: pages of that one begin anew in it.
    pub(crate) fn numbered(self, packs: u32) -> Self {
        Self { packs, ..self }
    }

    /// How many series expositions see.
    pub(crate) const fn exposed(&self) -> usize {
        self.exposed
    }

    /// How many series are held, tombstones included.
    pub(crate) fn len(&self) -> usize {
        self.canonical.len()
    }

    /// Makes room for the first series.
    pub(crate) fn expect(&mut self, series: usize) {
        self.slots.reserve_exact(series);
        self.values.reserve(series);
        self.canonical = HashTable::with_capacity(series);
    }

    /// The entries of a slot.
    #[inline]
    pub(crate) fn entries(&self, index: u32) -> &[EntryId] {
        entries_of(&self.slots, &self.arena, index)
    }

    /// Finds a series by its sorted entries.
    pub(crate) fn find(&self, identity: &Identity, entries: &[EntryId]) -> Option<u32> {
        self.canonical.find(identity.short_ids(entries), |index| self.entries(*index) == entries).copied()
    }

    /// Adds a series that [`Table::find`] does not find; its time is 0 until a point lands.
    pub(crate) fn insert(&mut self, identity: &Identity, shape: ShapeId, entries: &[EntryId]) -> u32 {
        let reused = self.free.pop();
        let slot = Slot {
            entries_at: self.keep(reused, entries),
            entries_len: u8::try_from(entries.len()).expect("ATTRIBUTES_MAX fits a byte"),
            shape,
            flags: LIVE,
            ..Slot::default()
        };
        let index = match reused {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                grow(&mut self.slots, 1);
                self.slots.push(slot);
                id_of(self.slots.len() - 1)
            }
        };
        self.values.reset(index as usize);
        let Self { slots, arena, canonical, .. } = self;
        let hash = |index: &u32| identity.short_ids(entries_of(slots, arena, *index));
        canonical.insert_unique(hash(&index), index, hash);
        self.exposed += 1;
        self.order_is_stale = true;
        index
    }

    /// Keeps the entries of a new series: where those of the one before it in its slot were, if they are as many.
    fn keep(&mut self, reused: Option<u32>, entries: &[EntryId]) -> u32 {
        if let Some(old) = reused.and_then(|index| self.slots.get(index as usize))
            && usize::from(old.entries_len) == entries.len()
            && let Some(place) = self.arena.get_mut(old.entries_at as usize..old.entries_at as usize + entries.len())
        {
            place.copy_from_slice(entries);
            self.arena_garbage -= entries.len();
            return old.entries_at;
        }
        let at = id_of(self.arena.len());
        let first = if self.arena.capacity() == 0 { self.slots.capacity().max(1) } else { 1 };
        grow(&mut self.arena, entries.len() * first);
        self.arena.extend_from_slice(entries);
        at
    }

    /// Lets slots that rested for a whole tick be used again.
    pub(crate) fn release(&mut self) {
        let [fresh, rested] = &mut self.resting;
        self.packs = self.packs.wrapping_add(u32::from(!rested.is_empty()));
        self.free.append(rested);
        std::mem::swap(fresh, rested);
    }

    /// Ends a series; its slot stays readable until it is used again, after a tick at least.
    pub(crate) fn remove(&mut self, identity: &Identity, index: u32) {
        let hash = identity.short_ids(self.entries(index));
        if let Ok(found) = self.canonical.find_entry(hash, |other| *other == index) {
            found.remove();
        }
        let slot = &mut self.slots[index as usize];
        self.exposed -= usize::from(slot.is_exposed());
        self.arena_garbage += usize::from(slot.entries_len);
        slot.flags = 0;
        slot.raw = Id128::default();
        self.values.reset(index as usize);
        // A flood that comes and goes within a tick may not grow the table for the sake of looks.
        let may_rest = self.resting[0].len() < SLOTS_RESTING_MIN + self.len();
        if may_rest {
            self.resting[0].push(index)
        } else {
            self.free.push(index)
        }
        self.order_is_stale = true;
    }

    /// Hides a series that a group goes on to remember, or shows it again.
    pub(crate) fn set_tombstone(&mut self, index: u32, hidden: bool) {
        let slot = &mut self.slots[index as usize];
        let was = slot.is_exposed();
        slot.flags = if hidden { slot.flags | TOMBSTONE } else { slot.flags & !TOMBSTONE };
        self.exposed = self.exposed + usize::from(slot.is_exposed()) - usize::from(was);
        self.order_is_stale = true;
    }

    /// Up to `max` exposed slots in order, after the one that `from` names (a slot plus one, and above it which numbering
    /// it is of; 0 is the beginning), and where to go on. A place is found again by its entries, so that series which come
    /// and go between two calls neither repeat nor hide others. With another numbering it begins again, rather than hide any.
    pub(crate) fn page(&self, labels: &Labels, from: usize, max: usize) -> (&[u32], Option<usize>) {
        let Self { slots, arena, order, .. } = self;
        let slot = (from & u32::MAX as usize).checked_sub(1).and_then(|index| u32::try_from(index).ok());
        let begin = match slot.filter(|_| from >> u32::BITS == self.packs as usize) {
            Some(after) if (after as usize) < slots.len() => {
                let after = entries_of(slots, arena, after);
                order.partition_point(|index| compare(labels, entries_of(slots, arena, *index), after) != Ordering::Greater)
            }
            _ => 0,
        };
        let end = order.len().min(begin.saturating_add(max));
        let page = &order[begin..end];
        let next = if end < order.len() {
            page.last().map(|index| (self.packs as usize) << u32::BITS | (*index as usize + 1))
        } else {
            None
        };
        (page, next)
    }

    /// Reads what a page is made of, so that it is at hand: each series lies elsewhere in memory than its neighbour in
    /// order, and so do its texts. Asked for one after the other they come together; when each is asked for as it is written,
    /// every line waits for its own.
    pub(crate) fn touch(&self, labels: &Labels, indexes: &[u32]) {
        let mut read = 0;
        for index in indexes {
            for id in self.entries(*index) {
                let text = labels.entry(*id).map_or("", |entry| entry.text);
                read ^= text.bytes().next().unwrap_or_default();
            }
        }
        std::hint::black_box(read);
    }

    /// Brings the order up to date, before [`Table::page`].
    pub(crate) fn sort(&mut self, labels: &Labels) {
        if !std::mem::take(&mut self.order_is_stale) {
            return;
        }
        let Self { slots, arena, order, exposed, .. } = self;
        // The old order stays in front: with few newcomers the sort finds one long run.
        let mut seen = vec![false; slots.len()];
        order.retain(|index| slots[*index as usize].is_exposed());
        order.iter().for_each(|index| seen[*index as usize] = true);
        let newcomers = (0..).zip(slots.iter()).filter(|(_, slot)| slot.is_exposed()).map(|(index, _)| index);
        order.reserve_exact(exposed.saturating_sub(order.len()));
        order.extend(newcomers.filter(|index: &u32| !seen[*index as usize]));
        order.sort_by(|a, b| compare(labels, entries_of(slots, arena, *a), entries_of(slots, arena, *b)));
    }

    /// Every series held, tombstones included.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.slots).filter(|(_, slot)| slot.is_live()).map(|(index, _)| index)
    }

    /// Marks what the table refers to.
    pub(crate) fn mark(&self, marks: &mut Marks) {
        self.indexes().for_each(|index| marks.mark(self.slots[index as usize].shape, self.entries(index)));
    }

    /// Whether much of the memory is held by series that are gone.
    pub(crate) fn is_sparse(&self) -> bool {
        self.slots.len() - self.len() > 32 + self.slots.len() / 2 || self.arena_garbage > 256 + self.arena.len() / 2
    }

    /// Moves the series together and gives memory back. Returns for each old index the new one.
    pub(crate) fn compact(&mut self, identity: &Identity) -> Vec<Option<u32>> {
        let mut moved = vec![None; self.slots.len()];
        let mut packed = Self::new(match self.values {
            Values::Numbers => Values::Numbers,
            Values::Histograms(_) => Values::Histograms(Vec::with_capacity(self.len())),
            Values::Exponentials(_) => Values::Exponentials(Vec::with_capacity(self.len())),
            Values::Summaries(_) => Values::Summaries(Vec::with_capacity(self.len())),
        });
        packed.slots.reserve_exact(self.len());
        packed.arena.reserve_exact(self.arena.len().saturating_sub(self.arena_garbage));
        let live: Vec<u32> = self.indexes().collect();
        for index in live {
            let slot = Slot { entries_at: id_of(packed.arena.len()), ..self.slots[index as usize].clone() };
            packed.arena.extend_from_slice(entries_of(&self.slots, &self.arena, index));
            packed.slots.push(slot);
            self.values.take(index as usize, &mut packed.values);
            moved[index as usize] = Some(id_of(packed.slots.len() - 1));
        }
        let Self { slots, arena, canonical, .. } = &mut packed;
        let hash = |index: &u32| identity.short_ids(entries_of(slots, arena, *index));
        canonical.reserve(slots.len(), hash);
        (0..id_of(slots.len())).for_each(|index| {
            canonical.insert_unique(hash(&index), index, hash);
        });
        packed.order = self.order.iter().filter_map(|index| moved[*index as usize]).collect();
        packed.order_is_stale = true;
        packed.exposed = self.exposed;
        packed.packs = self.packs.wrapping_add(1);
        *self = packed;
        moved
    }

    /// Bytes that one more series of so many attributes takes.
    pub(crate) fn growth(&self, attributes: usize) -> usize {
        let slots = if self.free.is_empty() { of_grown(&self.slots, 1) + self.values.growth() } else { 0 };
        let first = if self.arena.capacity() == 0 { self.slots.capacity().max(1) } else { 1 };
        slots + of_grown(&self.arena, attributes * first) + of_table(&self.canonical, 1)
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + 4 * (self.arena.capacity()
                + self.order.capacity()
                + self.free.capacity()
                + self.resting.iter().map(Vec::capacity).sum::<usize>())
            + self.canonical.allocation_size()
            + self.values.bytes()
    }
}

/// Makes room for more in smaller steps than a vector would: what is kept for long has little to spare.
pub(crate) fn grow<T>(values: &mut Vec<T>, more: usize) {
    if values.capacity() - values.len() < more {
        values.reserve_exact(more.max(values.len() / 8));
    }
}

#[inline]
fn entries_of<'a>(slots: &[Slot], arena: &'a [EntryId], index: u32) -> &'a [EntryId] {
    let slot = &slots[index as usize];
    let begin = slot.entries_at as usize;
    &arena[begin..begin + usize::from(slot.entries_len)]
}

/// Bytes of original keys and label text, entry by entry; the type only parts what is equal else.
fn compare(labels: &Labels, a: &[EntryId], b: &[EntryId]) -> Ordering {
    let first = a.iter().zip(b).find(|(a, b)| a != b);
    let Some((a_id, b_id)) = first else { return a.len().cmp(&b.len()) };
    let (Some(a), Some(b)) = (labels.entry(*a_id), labels.entry(*b_id)) else {
        return a_id.cmp(b_id);
    };
    let by_key = || labels.key_of(*a_id).cmp(labels.key_of(*b_id));
    let keys = if a.key == b.key { Ordering::Equal } else { by_key() };
    keys.then_with(|| a.text.cmp(b.text)).then_with(|| a.value_type.cmp(&b.value_type))
}
