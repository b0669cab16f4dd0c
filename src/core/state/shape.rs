//! Collapse: the series of a stream whose view drops attributes, seen as groups. Members keep their identity; a group
//! is what its members show now plus what members added that began anew or are gone, so no total dips and nobody
//! counts twice. Groups are added up when an exposition looks, so a point costs what it costs without a view.

use super::{
    exponential, histogram,
    identity::Identity,
    labels::{Entries, Interner, id_of, mask_of, masked},
    number::Total,
    overflow::overflow_attribute,
    room::of_vec,
    stream::{Around, Stream},
    table::{TOMBSTONE, Table, Values},
    visit::{Labels, ShapeId, Value},
};
use crate::{
    decode::Data,
    model::point::{ExpHistogram, Histogram, Number},
    view::plan::{Collapse, Keys},
};
use std::collections::BTreeMap;

/// The groups of a stream.
#[derive(Debug)]
pub(crate) struct Shaping {
    /// What expositions see.
    pub(crate) groups: Table,
    keys: Keys,
    collapse: Collapse,
    limit: Option<u32>,
    by_group: Vec<Group>,
    group_of: Vec<u32>,
    buried: Buried,
    /// A point landed since the last refresh.
    stale: bool,
    /// A group formed since the last refresh: it must not be seen empty.
    newborn: bool,
}

/// What one of [`Buried`] takes in both its maps, which are half full at worst.
const BURIED_BYTES: usize = 64;

/// The members that are gone and remembered, in the order in which they went. Each comes and goes at the cost of a
/// search, whatever is remembered beside it.
#[derive(Debug, Default)]
struct Buried {
    by_turn: BTreeMap<u64, u32>,
    turns: BTreeMap<u32, u64>,
    next: u64,
}

#[derive(Debug, Clone)]
struct Group {
    members: u32,
    remembered: u32,
    /// What members added whose count began anew, or who are gone.
    base: Sum,
}

/// Something that values can be added to.
#[derive(Debug, Clone)]
pub(crate) enum Sum {
    Number(Total),
    Histogram(Option<Histogram>),
    Exponential(Option<ExpHistogram>),
    /// Quantiles of two members have no common truth: summaries do not collapse.
    Nothing,
}

/// The numbers of a group that does not simply add up.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    newest: Option<(u64, Number)>,
    least: Option<Number>,
    most: Option<Number>,
    n: u32,
}

impl Buried {
    fn add(&mut self, index: u32) {
        self.next += 1;
        self.by_turn.insert(self.next, index);
        self.turns.insert(index, self.next);
    }

    fn take(&mut self, index: u32) {
        if let Some(turn) = self.turns.remove(&index) {
            self.by_turn.remove(&turn);
        }
    }

    fn oldest(&self) -> Option<u32> {
        self.by_turn.first_key_value().map(|(_, index)| *index)
    }

    fn len(&self) -> usize {
        self.turns.len()
    }

    /// Follows members to their new places.
    fn renumber(&mut self, moved: &[Option<u32>]) {
        for index in std::mem::take(self).by_turn.into_values() {
            if let Some(index) = moved.get(index as usize).copied().flatten() {
                self.add(index);
            }
        }
    }
}

impl Sum {
    fn for_data(data: Data) -> Self {
        match data {
            Data::Gauge | Data::Sum { .. } => Self::Number(Total::new()),
            Data::Histogram(_) => Self::Histogram(None),
            Data::Exponential(_) => Self::Exponential(None),
            Data::Summary => Self::Nothing,
        }
    }

    /// A sum of one value.
    pub(crate) fn of(value: Value<'_>) -> Self {
        let mut sum = match value {
            Value::Number(_) => Self::Number(Total::new()),
            Value::Histogram(_) => Self::Histogram(None),
            Value::Exponential(_) => Self::Exponential(None),
            Value::Summary(_) => Self::Nothing,
        };
        sum.add(value);
        sum
    }

    /// What was added up.
    pub(crate) fn value(&self) -> Option<Value<'_>> {
        match self {
            Self::Number(total) => Some(Value::Number(total.value())),
            Self::Histogram(sum) => sum.as_ref().map(Value::Histogram),
            Self::Exponential(sum) => sum.as_ref().map(Value::Exponential),
            Self::Nothing => None,
        }
    }

    /// What it holds beside itself, roughly.
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Number(_) | Self::Nothing => 0,
            Self::Histogram(sum) => sum.as_ref().map_or(0, |h| 8 * (h.bounds.len() + h.counts.len())),
            Self::Exponential(sum) => {
                sum.as_ref().map_or(0, |h| 8 * (h.positive.counts.capacity() + h.negative.counts.capacity()))
            }
        }
    }

    pub(crate) fn add(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Number(total), Value::Number(number)) => total.add(number),
            (Self::Histogram(sum), Value::Histogram(h)) => match sum {
                Some(sum) => histogram::merge(sum, h),
                None => *sum = Some(h.clone()),
            },
            (Self::Exponential(sum), Value::Exponential(h)) => match sum {
                Some(sum) => exponential::merge(sum, h),
                None => *sum = Some(h.clone()),
            },
            _ => {}
        }
    }
}

impl Spread {
    /// Which member came first must not show: of one time the largest is the newest, and what is no number only counts
    /// where there is none.
    fn add(&mut self, time: u64, number: Number) {
        let value = number.as_f64();
        let above = |other: Number| value > other.as_f64() || other.as_f64().is_nan();
        let below = |other: Number| value < other.as_f64() || other.as_f64().is_nan();
        if self.newest.is_none_or(|(newest, other)| time > newest || (time == newest && above(other))) {
            self.newest = Some((time, number));
        }
        if self.least.is_none_or(below) {
            self.least = Some(number);
        }
        if self.most.is_none_or(above) {
            self.most = Some(number);
        }
        self.n += 1;
    }
}

impl Shaping {
    /// Bytes that one more member takes, in a group of its own.
    pub(crate) fn growth(&self, attributes: usize) -> usize {
        self.groups.growth(attributes) + of_vec(&self.by_group, 1) + of_vec(&self.group_of, 1) + BURIED_BYTES
    }

    fn group(&mut self, data: Data, entries: &[u32], identity: &Identity, interner: &mut Interner) -> u32 {
        if let Some(group) = self.groups.find(identity, entries) {
            return group;
        }
        let shape = interner.shape_of(identity, entries);
        let group = self.groups.insert(identity, shape, entries);
        (self.stale, self.newborn) = (true, true);
        let fresh = Group { members: 0, remembered: 0, base: Sum::for_data(data) };
        match self.by_group.get_mut(group as usize) {
            Some(place) => *place = fresh,
            None => self.by_group.push(fresh),
        }
        group
    }

    /// The group of what was not admitted, where there is one.
    fn overflow(&self, around: &Around<'_>) -> Option<u32> {
        let entries = around.interner.find(around.identity, &[overflow_attribute()])?;
        self.groups.find(around.identity, &entries)
    }

    /// Whether so many groups were admitted: that of the others is none of them.
    fn is_full(&self, limit: usize, around: &Around<'_>) -> bool {
        let held = self.groups.len();
        held > limit || (held == limit && self.overflow(around).is_none())
    }

    /// Brings groups up to date: one pass over the members.
    fn refresh(&mut self, members: &Table, data: Data) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.newborn = false;
        let n_spreads = if matches!(data, Data::Gauge) { self.by_group.len() } else { 0 };
        let mut sums: Vec<Sum> = self.by_group.iter().map(|group| group.base.clone()).collect();
        let mut spreads = vec![Spread::default(); n_spreads];
        let mut times = vec![(u64::MAX, 0_u64); sums.len()];
        for index in members.indexes() {
            let slot = &members.slots[index as usize];
            let group = self.group_of[index as usize] as usize;
            sums[group].add(members.values.value(index as usize, slot));
            if let Some(spread) = spreads.get_mut(group) {
                spread.add(slot.time, slot.number());
            }
            if slot.flags & TOMBSTONE == 0 {
                let (start, time) = &mut times[group];
                *start = (*start).min(if slot.start == 0 { u64::MAX } else { slot.start });
                *time = (*time).max(slot.time);
            }
        }
        for (group, (sum, (start, time))) in sums.into_iter().zip(times).enumerate() {
            let slot = &mut self.groups.slots[group];
            if slot.time == 0 && start != u64::MAX {
                slot.start = start; // as it is when the group forms; members that come later do not move it
            }
            slot.time = if n_spreads > 0 { time } else { slot.time.max(time) };
            match (sum, &mut self.groups.values) {
                (Sum::Number(total), _) => {
                    let number = match spreads.get(group) {
                        Some(spread) => spread.value(self.collapse, &total),
                        None => total.value(),
                    };
                    slot.set_number(number);
                }
                (Sum::Histogram(Some(h)), Values::Histograms(values)) => values[group] = h,
                (Sum::Exponential(Some(h)), Values::Exponentials(values)) => values[group] = h,
                _ => {}
            }
        }
    }

    /// Follows members to their new places.
    pub(crate) fn renumber(&mut self, moved: &[Option<u32>], len: usize) {
        let mut group_of = vec![0; len];
        for (group, index) in self.group_of.iter().zip(moved) {
            if let Some(index) = index {
                group_of[*index as usize] = *group;
            }
        }
        self.group_of = group_of;
        self.buried.renumber(moved);
    }

    /// Moves the groups together when most are gone.
    pub(crate) fn compact(&mut self, identity: &Identity) {
        self.groups.release();
        if !self.groups.is_sparse() {
            return;
        }
        let moved = self.groups.compact(identity);
        let old = std::mem::take(&mut self.by_group);
        self.by_group = old.into_iter().zip(&moved).filter_map(|(group, to)| to.map(|_| group)).collect();
        for group in &mut self.group_of {
            *group = moved.get(*group as usize).copied().flatten().unwrap_or(id_of(self.by_group.len()));
        }
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.groups.bytes()
            + self.by_group.capacity() * size_of::<Group>()
            + self.by_group.iter().map(|group| group.base.heap_bytes()).sum::<usize>()
            + 4 * self.group_of.capacity()
            + self.buried.len() * BURIED_BYTES
    }
}

impl Spread {
    fn value(&self, collapse: Collapse, total: &Total) -> Number {
        let none = Number::Int(0);
        match collapse {
            Collapse::Sum => total.value(),
            Collapse::Last => self.newest.map_or(none, |(_, number)| number),
            Collapse::Min => self.least.unwrap_or(none),
            Collapse::Max => self.most.unwrap_or(none),
            Collapse::Average => Number::Double(total.value().as_f64() / f64::from(self.n.max(1))),
        }
    }
}

impl Stream {
    /// Collapses into groups as `keys` says, or shows the members again as they are when it keeps every key.
    pub(crate) fn reshape(&mut self, around: &mut Around<'_>) {
        self.table.packs = self.packs().wrapping_add(1);
        self.shaping = None;
        let gone: Vec<u32> = self.table.indexes().filter(|i| !self.table.slots[*i as usize].is_exposed()).collect();
        gone.into_iter().for_each(|index| self.remove(index, around));
        if (self.decision.keys.is_all() && !self.is_joined) || matches!(self.data, Data::Summary) {
            return;
        }
        self.shaping = Some(Box::new(Shaping {
            groups: Table::new(Values::for_data(self.data)).numbered(self.table.packs),
            keys: self.decision.keys.clone(),
            collapse: self.decision.collapse.unwrap_or(Collapse::Last),
            limit: self.decision.limit,
            by_group: Vec::new(),
            group_of: Vec::new(),
            buried: Buried::default(),
            stale: true,
            newborn: false,
        }));
        let members: Vec<u32> = self.table.indexes().collect();
        let mut masks = BTreeMap::new();
        for index in members {
            let kept = self.kept(index, &around.interner.labels, &mut masks);
            self.join(index, &kept, around);
        }
    }

    /// Takes over a new limit of groups where that changes none of them; `false` when they must form again.
    pub(crate) fn limit_groups(&mut self, around: &Around<'_>) -> bool {
        let Some(shaping) = &mut self.shaping else { return true };
        let limit = self.decision.limit;
        let fits = limit.is_none_or(|limit| shaping.groups.len() <= limit as usize);
        let none_folded = shaping.overflow(around).is_none();
        if fits && none_folded {
            shaping.limit = limit;
        }
        fits && none_folded
    }

    /// How many members the overflow group has: a limit of groups did not admit theirs.
    pub(crate) fn folded(&self, identity: &Identity, interner: &Interner) -> u64 {
        let Some(shaping) = self.shaping.as_ref().filter(|shaping| shaping.limit.is_some()) else { return 0 };
        let group = interner.find(identity, &[overflow_attribute()]).and_then(|entries| shaping.groups.find(identity, &entries));
        group.map_or(0, |group| u64::from(shaping.by_group[group as usize].members))
    }

    /// A member comes: finds or makes its group.
    pub(crate) fn join_group(&mut self, index: u32, around: &mut Around<'_>) {
        if self.shaping.is_some() {
            let kept = self.kept(index, &around.interner.labels, &mut BTreeMap::new());
            self.join(index, &kept, around);
        }
    }

    /// What is left of a member's entries; of the overflow series all. `masks` are of this moment: ids come and go.
    fn kept(&self, index: u32, labels: &Labels, masks: &mut BTreeMap<ShapeId, u128>) -> Entries {
        let all = self.table.entries(index);
        let is_overflow = self.overflow.as_ref().is_some_and(|overflow| overflow.slot == index);
        let Some(shaping) = self.shaping.as_ref().filter(|_| !is_overflow) else { return all.into() };
        let shape = self.table.slots[index as usize].shape;
        let mask = masks.entry(shape).or_insert_with(|| mask_of(labels, shape, &shaping.keys));
        masked(all, *mask).collect()
    }

    fn join(&mut self, index: u32, kept: &[u32], around: &mut Around<'_>) {
        let Some(shaping) = &mut self.shaping else { return };
        let known = shaping.groups.find(around.identity, kept);
        let is_full = known.is_none() && shaping.limit.is_some_and(|limit| shaping.is_full(limit as usize, around));
        let group = match known {
            Some(group) => group,
            None if is_full => {
                around.counts.limit(super::counts::Limit::ViewSeries);
                let (_, overflow) = around.interner.intern(around.identity, &[overflow_attribute()]);
                shaping.group(self.data, &overflow, around.identity, around.interner)
            }
            None => shaping.group(self.data, kept, around.identity, around.interner),
        };
        let place = index as usize;
        if shaping.group_of.len() <= place {
            shaping.group_of.resize(place + 1, 0);
        }
        shaping.group_of[place] = group;
        shaping.stale = true;
        shaping.by_group[group as usize].members += 1;
        if shaping.by_group[group as usize].members == 1 {
            shaping.groups.set_tombstone(group, false);
        }
    }

    /// A member goes for good. What it added to a total that must not dip stays.
    pub(crate) fn leave_group(&mut self, index: u32, identity: &Identity) {
        let (monotonic, Some(shaping)) = (self.is_monotonic(), &mut self.shaping) else { return };
        let slot = &self.table.slots[index as usize];
        let group = shaping.group_of[index as usize];
        let counts = &mut shaping.by_group[group as usize];
        if monotonic {
            counts.base.add(self.table.values.value(index as usize, slot));
        }
        if slot.flags & TOMBSTONE == 0 {
            counts.members -= 1;
        } else {
            counts.remembered -= 1;
            shaping.buried.take(index);
        }
        shaping.stale = true;
        match (counts.members, counts.remembered) {
            (0, 0) => {
                counts.base = Sum::for_data(self.data); // nobody goes on from it
                shaping.groups.remove(identity, group);
            }
            (0, _) => shaping.groups.set_tombstone(group, true),
            _ => {}
        }
    }

    /// A member falls silent: its group remembers what it added, in case it comes back. The oldest make room.
    pub(crate) fn bury(&mut self, index: u32, around: &mut Around<'_>) {
        if !self.table.slots[index as usize].is_exposed() {
            return;
        }
        let Some(shaping) = &mut self.shaping else { return };
        self.table.set_tombstone(index, true);
        let group = shaping.group_of[index as usize];
        let counts = &mut shaping.by_group[group as usize];
        counts.members -= 1;
        counts.remembered += 1;
        if counts.members == 0 {
            shaping.groups.set_tombstone(group, true);
        }
        shaping.stale = true;
        shaping.buried.add(index);
        if shaping.buried.len() > around.caps.tombstones
            && let Some(oldest) = shaping.buried.oldest()
        {
            around.counts.limit(super::counts::Limit::Tombstones);
            self.remove(oldest, around);
        }
    }

    /// A member comes back that its group remembered; others are left as they are.
    pub(crate) fn unbury(&mut self, index: u32) {
        if self.table.slots[index as usize].is_exposed() {
            return;
        }
        self.table.set_tombstone(index, false);
        let Some(shaping) = &mut self.shaping else { return };
        let group = shaping.group_of[index as usize];
        let counts = &mut shaping.by_group[group as usize];
        counts.remembered -= 1;
        counts.members += 1;
        shaping.groups.set_tombstone(group, false);
        shaping.buried.take(index);
    }

    /// A member's number began anew or fell: what it added so far stays, less what it `keeps` showing of it.
    pub(crate) fn absorb_number(&mut self, index: u32, old: Number, keeps: Option<Number>) {
        let Some(shaping) = &mut self.shaping else { return };
        let group = shaping.group_of[index as usize];
        if let Sum::Number(total) = &mut shaping.by_group[group as usize].base {
            total.add(old);
            if let Some(number) = keeps {
                total.subtract(number);
            }
        }
    }

    /// A member's histogram or summary is about to begin anew: what it added so far stays.
    pub(crate) fn absorb(&mut self, index: u32) {
        let Some(shaping) = &mut self.shaping else { return };
        let slot = &self.table.slots[index as usize];
        let group = shaping.group_of[index as usize];
        shaping.by_group[group as usize].base.add(self.table.values.value(index as usize, slot));
    }

    /// Notes that members changed.
    pub(crate) fn mark_stale(&mut self) {
        if let Some(shaping) = &mut self.shaping {
            shaping.stale = true;
        }
    }

    /// What expositions page through: the groups, brought up to date at the begin of a scrape, or the series.
    pub(crate) fn shown(&mut self, refresh: bool) -> &mut Table {
        match &mut self.shaping {
            Some(shaping) => {
                if refresh || shaping.newborn {
                    shaping.refresh(&self.table, self.data);
                }
                &mut shaping.groups
            }
            None => &mut self.table,
        }
    }
}
