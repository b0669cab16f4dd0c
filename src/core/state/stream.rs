//! One metric of one resource and scope: finds the series a point belongs to, admits new ones, ends old ones.
//! A hit reads no attribute and allocates nothing. How a point changes its series is `land`'s matter.

use super::{
    aliases::Aliases,
    component::secs,
    counts::{Counts, Limit},
    exemplars::Exemplars,
    identity::{Id128, Identity},
    labels::{Interner, id_of},
    overflow::Overflow,
    room::{Promise, Room, of_grown, of_table},
    shape::Shaping,
    share::Share,
    table::{Slot, Table, Values, grow},
    visit::{MetricInfo, ScopeInfo},
};
use crate::{
    decode::{Data, Temporality},
    limits::SERIES_EXPECTED_MAX,
    model::{clock::Mono, reject::Reason},
    view::plan::Decision,
    wire::attributes::read_attributes,
};
use hashbrown::HashTable;
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// Rounds without a point after which a series is gone (TM-16: absent from 3 pushes).
pub(crate) const ROUNDS_ABSENT_MAX: u16 = 3;

/// What a scrape keeps in mind of each series, for its order, and of each stream, for the layout: roughly.
const SCRAPE_BYTES_PER_SERIES: usize = 12;
const SCRAPE_BYTES_PER_STREAM: usize = 1_024;
/// What a new series takes beside its text and its places in tables: allocations round up.
const SERIES_BYTES: usize = 512;

/// What exemplars take of memory, at most, over what they take on the wire.
pub(crate) const EXEMPLAR_SPREAD: usize = 8;

/// How many series may exist in all, and what a scrape of all that is here takes.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    streams: AtomicUsize,
    max: usize,
}

impl Budget {
    pub(crate) const fn new(max: usize) -> Self {
        Self { used: AtomicUsize::new(0), streams: AtomicUsize::new(0), max }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    fn take(&self) -> bool {
        self.used.fetch_update(Relaxed, Relaxed, |used| (used < self.max).then_some(used + 1)).is_ok()
    }

    pub(crate) fn give_back(&self, n: usize) {
        self.used.fetch_sub(n, Relaxed);
    }

    pub(crate) fn add_stream(&self) {
        self.streams.fetch_add(1, Relaxed);
    }

    pub(crate) fn remove_stream(&self) {
        self.streams.fetch_sub(1, Relaxed);
    }

    /// Bytes that a scrape of everything takes beside it: whoever adds something leaves them free.
    pub(crate) fn scrape_bytes(&self) -> usize {
        self.used() * SCRAPE_BYTES_PER_SERIES + self.streams.load(Relaxed) * SCRAPE_BYTES_PER_STREAM
    }
}

/// Caps that tests set lower than `limits.rs`.
#[derive(Debug, Clone)]
pub(crate) struct Caps {
    pub(crate) series_per_metric: usize,
    pub(crate) series_per_component: usize,
    pub(crate) label_bytes_per_component: usize,
    pub(crate) tombstones: usize,
    pub(crate) streams_per_resource: usize,
    pub(crate) resources_per_component: usize,
    pub(crate) components: usize,
}

/// What a point needs beside its stream: the rest of its component and of its request.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) budget: &'a Budget,
    pub(crate) room: &'a dyn Room,
    pub(crate) caps: &'a Caps,
    pub(crate) interner: &'a mut Interner,
    pub(crate) component_series: &'a mut usize,
    pub(crate) removed: &'a mut usize,
    pub(crate) counts: &'a mut Counts,
    pub(crate) now_secs: u32,
    pub(crate) request: u64,
}

/// Where a point lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In this slot.
    Series(u32),
    /// In the overflow series: its own was not admitted.
    Overflow,
}

/// What only delta series need.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeltaSide {
    /// Where the last added interval began.
    pub(crate) last_start: u64,
    /// What rounding cut off the sum.
    pub(crate) error: f64,
}

/// So many series a stream makes room for when its first request has so many points.
fn expected(points: u64) -> usize {
    usize::try_from(points).unwrap_or(usize::MAX).min(SERIES_EXPECTED_MAX)
}

/// Bytes that a new stream takes for its first series.
pub(crate) fn expected_bytes(data: Data, points: u64) -> usize {
    expected(points) * (Values::size_of_one(data) + size_of::<Slot>() + EXPECTED_SERIES_BYTES)
}

/// What a series has in tables and arena before it is there.
const EXPECTED_SERIES_BYTES: usize = 64;

/// What a stream held that was switched off. To drop it may take as long as it was large.
#[derive(Debug)]
pub(crate) struct Remains {
    _table: Table,
    _deltas: Vec<DeltaSide>,
    _exemplars: Exemplars,
    _overflow: Option<Box<Overflow>>,
    _shaping: Option<Box<Shaping>>,
    _raw: HashTable<u32>,
    _aliases: Aliases,
}

/// A metric of a resource and scope, with its series.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Unlike that of any other stream of the store.
    pub(crate) generation: u32,
    pub(crate) scope: Arc<ScopeInfo>,
    pub(crate) metric: Arc<MetricInfo>,
    /// Hash of `metadata` as it came, so that it is read only when it changes.
    pub(crate) metadata: Id128,
    pub(crate) data: Data,
    pub(crate) decision: Decision,
    /// What whoever began its resource may have of all series.
    pub(crate) share: Option<Arc<Share>>,
    /// Counts what its rule suppresses.
    pub(crate) suppressor: Option<Arc<AtomicU64>>,
    pub(crate) table: Table,
    pub(crate) deltas: Vec<DeltaSide>,
    pub(crate) exemplars: Exemplars,
    pub(crate) overflow: Option<Box<Overflow>>,
    pub(crate) shaping: Option<Box<Shaping>>,
    /// The last three moments at which a request carried the metric, newest first, in seconds.
    pub(crate) pushed_secs: [u32; 3],
    /// Why [`super::store::Store::streams`] lists it: for its series, for what it remembers.
    pub(crate) listed: [bool; 2],
    /// Whether it is shown as one with streams of other scopes.
    pub(crate) is_joined: bool,
    /// Points received since it came, suppressed ones included.
    pub(crate) points: u64,
    /// Points that went to its overflow series.
    pub(crate) limited: u64,
    /// When a request last carried it.
    pub(crate) last_push: Mono,
    /// The last request that carried it, and its points.
    carried: (u64, u64),
    /// A request carried it since it is on: what it holds is what is sent.
    landed: bool,
    raw: HashTable<u32>,
    aliases: Aliases,
    next: u32,
    round: u16,
}

impl Stream {
    pub(crate) fn new(generation: u32, scope: Arc<ScopeInfo>, metric: Arc<MetricInfo>, data: Data) -> Self {
        Self {
            generation,
            scope,
            metric,
            metadata: Id128::default(),
            data,
            decision: Decision::default(),
            share: None,
            suppressor: None,
            table: Table::new(Values::for_data(data)),
            deltas: Vec::new(),
            exemplars: Exemplars::default(),
            overflow: None,
            shaping: None,
            pushed_secs: [0; 3],
            listed: [false; 2],
            is_joined: false,
            points: 0,
            limited: 0,
            last_push: Mono::default(),
            carried: (0, 0),
            landed: false,
            raw: HashTable::new(),
            aliases: Aliases::default(),
            next: 0,
            round: 0,
        }
    }

    /// Whether its points are increments.
    pub(crate) const fn is_delta(&self) -> bool {
        matches!(
            self.data,
            Data::Sum { temporality: Temporality::Delta, .. }
                | Data::Histogram(Temporality::Delta)
                | Data::Exponential(Temporality::Delta)
        )
    }

    /// Whether a fall of its values means that its source began anew.
    pub(crate) const fn is_monotonic(&self) -> bool {
        !matches!(self.data, Data::Gauge | Data::Sum { monotonic: false, .. })
    }

    /// The field number of `attributes` in its points.
    const fn attributes_field(&self) -> u32 {
        match self.data {
            Data::Gauge | Data::Sum { .. } | Data::Summary => 7,
            Data::Histogram(_) => 9,
            Data::Exponential(_) => 1,
        }
    }

    /// The series whose attribute bytes were seen before. Points mostly come in the order of the last push.
    #[inline]
    fn find(&mut self, raw: Id128) -> Option<u32> {
        let next = self.next;
        if self.table.slots.get(next as usize).is_some_and(|slot| slot.raw == raw) {
            self.next = next + 1;
            return Some(next);
        }
        let slots = &self.table.slots;
        let first = self.raw.find(raw[0], |index| slots[*index as usize].raw == raw).copied();
        let found = first.or_else(|| self.aliases.find(raw))?;
        self.next = found + 1;
        Some(found)
    }

    /// The series of a point: a known one, or a new one where the caps allow it.
    #[inline]
    pub(crate) fn place(&mut self, raw: Id128, attributes: &[u8], around: &mut Around<'_>) -> Result<Place, Reason> {
        match self.find(raw) {
            Some(index) if self.table.slots[index as usize].is_exposed() => Ok(Place::Series(index)),
            Some(index) => {
                self.unbury(index);
                Ok(Place::Series(index))
            }
            None => self.admit(raw, attributes, around),
        }
    }

    #[cold]
    fn admit(&mut self, raw: Id128, attributes: &[u8], around: &mut Around<'_>) -> Result<Place, Reason> {
        let text_bytes = attributes.len();
        let (attributes, duplicates) = read_attributes(attributes, self.attributes_field())?;
        around.counts.duplicate_keys += duplicates;
        let known = around.interner.find(around.identity, &attributes);
        if let Some(index) = known.and_then(|entries| self.table.find(around.identity, &entries)) {
            if self.overflow.as_ref().is_some_and(|overflow| overflow.slot == index) {
                return Ok(Place::Overflow); // the sender's own overflow set: it adds to ours
            }
            let room = self.aliases.growth();
            let promise = around.spare(room);
            if promise.is_none() || !self.aliases.add(raw, index) {
                around.counts.limit(Limit::Aliases); // its sender pays for sorting at each push
            }
            self.unbury(index);
            return Ok(Place::Series(index));
        }
        let bytes =
            SERIES_BYTES + 2 * text_bytes + self.growth(attributes.len()) + around.interner.growth(attributes.len(), text_bytes);
        if !self.has_room(around)? {
            around.counts.overflow += 1;
            return Ok(Place::Overflow);
        }
        let _promise = take_room(around, bytes)?;
        take_budget(self.share.as_deref(), around)?;
        let (shape, entries) = around.interner.intern(around.identity, &attributes);
        let index = self.insert(shape, &entries, around);
        self.table.slots[index as usize].raw = raw;
        let slots = &self.table.slots;
        self.raw.insert_unique(raw[0], index, |index| slots[*index as usize].raw[0]);
        Ok(Place::Series(index))
    }

    /// Adds a series whose place in the budget is taken already.
    pub(crate) fn insert(&mut self, shape: u32, entries: &[u32], around: &mut Around<'_>) -> u32 {
        let index = self.table.insert(around.identity, shape, entries);
        self.table.slots[index as usize].round = self.round;
        *around.component_series += 1;
        if self.is_delta() {
            match self.deltas.get_mut(index as usize) {
                Some(side) => *side = DeltaSide::default(),
                None => {
                    grow(&mut self.deltas, 1);
                    self.deltas.push(DeltaSide::default());
                }
            }
        }
        self.join_group(index, around);
        index
    }

    /// Whether a new series is admitted: `Ok(false)` sends its point to the overflow series.
    fn has_room(&self, around: &mut Around<'_>) -> Result<bool, Reason> {
        let held = self.table.len() - usize::from(self.overflow.is_some());
        // With keys dropped the view's limit counts groups, not their members.
        let limit = self.decision.limit.filter(|_| self.shaping.is_none());
        if limit.is_some_and(|limit| held >= limit as usize) {
            around.counts.limit(Limit::ViewSeries);
            return Ok(false);
        }
        if held >= around.caps.series_per_metric {
            around.counts.limit(Limit::MetricSeries);
            return Ok(false);
        }
        let texts_are_full = around.interner.text_bytes() >= around.caps.label_bytes_per_component;
        if *around.component_series >= around.caps.series_per_component || texts_are_full {
            around.counts.limit(Limit::ComponentSeries);
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes the next point of a series read its attributes again.
    pub(crate) fn forget_spelling(&mut self, index: u32) {
        let raw = std::mem::take(&mut self.table.slots[index as usize].raw);
        if let Ok(found) = self.raw.find_entry(raw[0], |other| *other == index) {
            found.remove();
        }
        self.aliases.forget(index);
    }

    /// Notes that a point came. A series that comes for the second time begins a new round: this holds however a
    /// sender spreads one collection over requests.
    #[inline]
    pub(crate) fn touch(&mut self, index: u32, time: u64, now_secs: u32) -> &mut Slot {
        let slot = &mut self.table.slots[index as usize];
        if slot.round == self.round && slot.time != 0 && time > slot.time {
            self.round = self.round.wrapping_add(1);
        }
        slot.round = self.round;
        slot.seen_secs = now_secs;
        slot
    }

    /// Notes that a request carries the metric with so many points.
    pub(crate) fn begin_push(&mut self, now: Mono, request: u64, points: u64) {
        let [newest, second, _] = self.pushed_secs;
        self.pushed_secs = [secs(now), newest, second];
        self.next = 0;
        self.last_push = self.last_push.max(now);
        self.points += points;
        let before = if self.carried.0 == request { self.carried.1 } else { 0 };
        self.carried = (request, before + points);
        self.landed = self.decision.on;
        if self.landed && self.table.slots.capacity() == 0 {
            let series = expected(points);
            self.table.expect(series);
            self.raw = HashTable::with_capacity(series);
        }
    }

    /// Attribute sets as they are sent. Those that are not held, because it is off or beyond a limit, are estimated by
    /// the points of its last request.
    pub(crate) fn sent(&self) -> u64 {
        let is_overflow = |overflow: &Overflow| self.table.slots[overflow.slot as usize].is_exposed();
        let overflows = self.overflow.as_deref().is_some_and(is_overflow);
        let held = self.table.exposed() as u64 - u64::from(overflows);
        if self.landed && !overflows { held } else { held.max(self.carried.1) }
    }

    /// Whether the series that it holds are the sets that are sent.
    pub(crate) const fn knows_sets(&self) -> bool {
        self.landed && self.decision.on
    }

    /// NoRecordedValue (TM-15): the series ends at once; all but its attributes and time is ignored.
    pub(crate) fn withdraw(&mut self, raw: Id128, attributes: &[u8], time: u64, around: &mut Around<'_>) -> Result<(), Reason> {
        let mut found = self.find(raw);
        if found.is_none() {
            let (attributes, _) = read_attributes(attributes, self.attributes_field())?;
            let known = around.interner.find(around.identity, &attributes);
            found = known.and_then(|entries| self.table.find(around.identity, &entries));
        }
        match found {
            Some(index) if time < self.table.slots[index as usize].time => around.counts.superseded += 1,
            Some(index) => self.end(index, around),
            None => {}
        }
        Ok(())
    }

    /// Ends a series that its sender ended; a group that counts on it goes on to remember it.
    pub(crate) fn end(&mut self, index: u32, around: &mut Around<'_>) {
        if self.shaping.is_some() && self.is_monotonic() && (self.is_joined || !self.is_delta()) {
            self.bury(index, around);
        } else {
            self.remove(index, around);
        }
    }

    /// Removes a series and all that refers to it.
    pub(crate) fn remove(&mut self, index: u32, around: &mut Around<'_>) {
        self.forget_spelling(index);
        self.exemplars.forget(index);
        if self.overflow.as_ref().is_some_and(|overflow| overflow.slot == index) {
            self.overflow = None;
        }
        self.leave_group(index, around.identity);
        self.table.remove(around.identity, index);
        *around.component_series -= 1;
        *around.removed += 1;
        around.budget.give_back(1);
        self.give_back(1);
    }

    /// Whether a series is absent for so long that its living sender must have dropped it.
    pub(crate) fn is_absent(&self, index: u32, now_secs: u32, expire_secs: u32) -> bool {
        let slot = &self.table.slots[index as usize];
        let rounds = self.round.wrapping_sub(slot.round);
        // Where every push brings other series no round ever ends; then three pushes and the idle time decide.
        let idle = slot.seen_secs < self.pushed_secs[2] && now_secs.saturating_sub(slot.seen_secs) >= expire_secs;
        rounds >= ROUNDS_ABSENT_MAX || idle
    }

    fn give_back(&self, series: usize) {
        self.share.iter().for_each(|share| share.give_back(series));
    }

    /// Forgets every series at once: the stream was switched off. What it held is to be dropped where no lock is held.
    pub(crate) fn clear(&mut self, budget: &Budget, component_series: &mut usize) -> Remains {
        if self.landed {
            self.carried.1 = self.sent(); // until the next request says what is sent now
            self.landed = false;
        }
        budget.give_back(self.table.len());
        self.give_back(self.table.len());
        *component_series -= self.table.len();
        self.next = 0;
        let packs = self.packs().wrapping_add(1);
        let table = Table::new(Values::for_data(self.data)).numbered(packs);
        Remains {
            _table: std::mem::replace(&mut self.table, table),
            _deltas: std::mem::take(&mut self.deltas),
            _exemplars: std::mem::take(&mut self.exemplars),
            _overflow: self.overflow.take(),
            _shaping: self.shaping.take(),
            _raw: std::mem::take(&mut self.raw),
            _aliases: std::mem::take(&mut self.aliases),
        }
    }

    /// Moves what is left together when most is gone; runs on the tick.
    pub(crate) fn compact(&mut self, identity: &Identity) {
        self.table.release();
        if let Some(shaping) = &mut self.shaping {
            shaping.compact(identity);
        }
        if !self.table.is_sparse() {
            return;
        }
        let moved = self.table.compact(identity);
        let to = |index: u32| moved.get(index as usize).copied().flatten();
        let slots = &self.table.slots;
        self.raw = HashTable::with_capacity(slots.len());
        for (index, slot) in (0..).zip(slots).filter(|(_, slot)| slot.raw != Id128::default()) {
            self.raw.insert_unique(slot.raw[0], index, |index| slots[*index as usize].raw[0]);
        }
        self.aliases.renumber(to);
        if self.is_delta() {
            let mut deltas = vec![DeltaSide::default(); slots.len()];
            for (side, index) in self.deltas.iter().zip(&moved) {
                if let Some(index) = index {
                    deltas[*index as usize] = *side;
                }
            }
            self.deltas = deltas;
        }
        self.exemplars.renumber(to);
        if let Some(overflow) = &mut self.overflow {
            overflow.slot = to(overflow.slot).unwrap_or(id_of(slots.len()));
        }
        if let Some(shaping) = &mut self.shaping {
            shaping.renumber(&moved, slots.len());
        }
        self.next = 0;
    }

    /// Which numbering of slots expositions page through: another one whenever they are others.
    pub(crate) fn packs(&self) -> u32 {
        self.shaping.as_ref().map_or(self.table.packs, |shaping| shaping.groups.packs)
    }

    /// Whether expositions see anything of it.
    pub(crate) fn has_series(&self) -> bool {
        self.decision.on && self.exposed() > 0
    }

    /// Whether it is on and no point of it was kept.
    pub(crate) fn is_barren(&self) -> bool {
        self.decision.on && !self.has_series()
    }

    /// Whether another one is of the same metric, whatever its scope.
    pub(crate) fn is_same_metric(&self, other: &Self) -> bool {
        let (a, b) = (&self.metric.instrument, &other.metric.instrument);
        a.name == b.name && a.unit == b.unit && a.kind == b.kind
    }

    /// Whether it remembers what series added that nobody sees any more, and that a stream it is joined with goes on from.
    pub(crate) fn remembers(&self) -> bool {
        let hidden = |shaping: &Shaping| shaping.groups.len() > shaping.groups.exposed();
        self.decision.on && self.is_joined && self.shaping.as_deref().is_some_and(hidden)
    }

    /// How many series expositions see.
    pub(crate) fn exposed(&self) -> usize {
        self.shaping.as_ref().map_or(self.table.exposed(), |shaping| shaping.groups.exposed())
    }

    /// Bytes that tables take when one more series of so many attributes comes.
    fn growth(&self, attributes: usize) -> usize {
        let deltas = if self.is_delta() { of_grown(&self.deltas, 1) } else { 0 };
        let groups = self.shaping.as_ref().map_or(0, |shaping| shaping.growth(attributes));
        self.table.growth(attributes) + of_table(&self.raw, 1) + deltas + groups
    }

    /// How many spellings are remembered beside the first of each series.
    pub(crate) fn aliases(&self) -> usize {
        self.aliases.len()
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.table.bytes()
            + self.raw.allocation_size()
            + self.aliases.bytes()
            + self.deltas.capacity() * size_of::<DeltaSide>()
            + self.exemplars.bytes()
            + self.overflow.as_ref().map_or(0, |overflow| overflow.bytes())
            + self.shaping.as_ref().map_or(0, |shaping| shaping.bytes())
    }
}

impl<'a> Around<'a> {
    /// Memory for something new, beside what a scrape of everything takes.
    pub(crate) fn promise(&self, bytes: usize) -> Option<Promise<'a>> {
        Promise::of(self.room, bytes.saturating_add(self.budget.scrape_bytes()))
    }

    /// Memory for something that can be done without, for as long as it is made; for none nobody is asked.
    pub(crate) fn spare(&self, bytes: usize) -> Option<Promise<'a>> {
        if bytes == 0 { Some(Promise::none(self.room)) } else { self.promise(bytes) }
    }
}

/// Takes memory for something new.
pub(crate) fn take_room<'a>(around: &mut Around<'a>, bytes: usize) -> Result<Promise<'a>, Reason> {
    let promise = around.promise(bytes);
    if promise.is_none() {
        around.counts.limit(Limit::Memory);
    }
    promise.ok_or(Reason::MemoryLimit)
}

/// Takes one place of `--max-series`, and of what whoever began the resource may have of them.
pub(crate) fn take_budget(share: Option<&Share>, around: &mut Around<'_>) -> Result<(), Reason> {
    if !share.is_none_or(Share::take) {
        around.counts.limit(Limit::SenderSeries);
        return Err(Reason::SenderSeriesLimit);
    }
    if around.budget.take() {
        return Ok(());
    }
    share.into_iter().for_each(|share| share.give_back(1));
    around.counts.limit(Limit::Series);
    Err(Reason::SeriesLimit)
}
