//! What the attributes of an instrument cost: how many sets are left when some keys go. Looks at members in slices, so
//! that no lock is held for a whole stream; sets are counted by hashes of 64 bits. Knows no view.

use super::{
    component::Component,
    directory::Locked,
    identity::Identity,
    labels::{mask_of, masked},
    observe::{AttributeCost, Which},
    stream::Stream,
    visit::{EntryId, KeyId, Labels},
};
use crate::{
    limits::{ATTRIBUTES_LOOKED_MAX, SLICE_LOOKED_MAX},
    model::instrument::Instrument,
    view::plan::Keys,
};
use std::{cmp::Ordering, collections::BTreeMap, ops::ControlFlow};

/// A stream of the component, with its members when it was found.
struct Found {
    resource: usize,
    stream: usize,
    generation: u32,
    members: u64,
}

/// A member: its keys and entries, and whether it stands for sets that were not admitted.
struct Member<'a> {
    shape: u32,
    keys: &'a [KeyId],
    entries: &'a [EntryId],
    is_overflow: bool,
}

/// See [`super::store::Store::distinct`].
pub(crate) fn distinct(identity: &Identity, locked: &Locked, instrument: &Instrument, keys: &Keys) -> Option<u64> {
    let found = find(locked, &|other| other == instrument)?;
    let mut left = 0;
    for stream in &found {
        // A tick may give a key set's id to another one only long after this look.
        let mut masks: BTreeMap<u32, u128> = BTreeMap::new();
        let mut sets = Vec::new();
        look(locked, stream, &mut |labels, member| {
            let kept = || mask_of(labels, member.shape, keys);
            let mask = if member.is_overflow { u128::MAX } else { *masks.entry(member.shape).or_insert_with(kept) };
            sets.push(masked(member.entries, mask).fold(0, |set, entry| set ^ identity.short_ids(&[entry])));
            ControlFlow::Continue(())
        });
        sets.sort_unstable();
        sets.dedup();
        left += sets.len() as u64;
    }
    Some(left)
}

/// See [`super::store::Store::attributes`].
pub(crate) fn attributes(identity: &Identity, locked: &Locked, which: Which<'_>) -> Vec<AttributeCost> {
    let found = find(locked, &|instrument| which.is(instrument)).unwrap_or_default();
    let mut costs = Costs::default();
    for stream in &found {
        if costs.looked >= ATTRIBUTES_LOOKED_MAX {
            break;
        }
        let mut sets = Sets::default();
        look(locked, stream, &mut |labels, member| {
            if member.is_overflow {
                return ControlFlow::Continue(());
            }
            sets.add(identity, &member);
            costs.note(labels, &member);
            if costs.looked < ATTRIBUTES_LOOKED_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        costs.add(sets);
    }
    costs.finish(found.iter().map(|stream| stream.members).sum())
}

/// The streams of an instrument; `None` when there is none, or not all know their sets.
fn find(locked: &Locked, is_meant: &dyn Fn(&Instrument) -> bool) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let mut next = Some(0);
    while let Some(from) = next {
        next = find_slice(&locked.lock(), from, is_meant, &mut found)?;
    }
    (!found.is_empty()).then_some(found)
}

/// Adds what is found from this resource on; returns where to go on, or `None` when sets are not known.
fn find_slice(
    component: &Component,
    from: usize,
    is_meant: &dyn Fn(&Instrument) -> bool,
    found: &mut Vec<Found>,
) -> Option<Option<usize>> {
    let mut looked = 0;
    for (resource, at) in component.resources.iter().enumerate().skip(from) {
        if looked >= SLICE_LOOKED_MAX {
            return Some(Some(resource));
        }
        let streams = at.as_ref().map_or(&[][..], |resource| &*resource.streams);
        looked += 1 + streams.len();
        for (stream, at) in streams.iter().enumerate() {
            let Some(at) = at.as_ref().filter(|stream| is_meant(&stream.metric.instrument)) else { continue };
            if !at.knows_sets() {
                return None;
            }
            let overflow = u64::from(at.overflow.is_some());
            let members = (at.table.exposed() as u64).saturating_sub(overflow);
            found.push(Found { resource, stream, generation: at.generation, members });
        }
    }
    Some(None)
}

/// Shows the members of a stream to `f` until it breaks. A stream that ends meanwhile shows no more.
fn look(locked: &Locked, found: &Found, f: &mut dyn FnMut(&Labels, Member<'_>) -> ControlFlow<()>) {
    let mut from = 0;
    loop {
        let component = locked.lock();
        let resource = component.resources.get(found.resource).and_then(Option::as_ref);
        let stream = resource.and_then(|resource| resource.streams.get(found.stream)?.as_ref());
        let Some(stream) = stream.filter(|stream| stream.generation == found.generation) else { return };
        let end = stream.table.slots.len().min(from + SLICE_LOOKED_MAX);
        if look_slice(&component.interner.labels, stream, from..end, f).is_break() || end == stream.table.slots.len() {
            return;
        }
        from = end;
    }
}

fn look_slice(
    labels: &Labels,
    stream: &Stream,
    slots: std::ops::Range<usize>,
    f: &mut dyn FnMut(&Labels, Member<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let overflow = stream.overflow.as_ref().map(|overflow| overflow.slot);
    for (index, slot) in (0..).zip(&stream.table.slots).skip(slots.start).take(slots.len()) {
        if !slot.is_exposed() {
            continue;
        }
        let entries = stream.table.entries(index);
        let keys = labels.shapes.get(slot.shape as usize).map_or(&[][..], |keys| keys);
        f(labels, Member { shape: slot.shape, keys, entries, is_overflow: overflow == Some(index) })?;
    }
    ControlFlow::Continue(())
}

/// The sets of one stream: a set is the XOR of its entries' hashes, so that taking one away is XOR again.
#[derive(Default)]
struct Sets {
    all: Vec<u64>,
    /// Of those that have the key, what is left without it.
    without: BTreeMap<KeyId, Vec<u64>>,
}

impl Sets {
    fn add(&mut self, identity: &Identity, member: &Member<'_>) {
        let set = member.entries.iter().fold(0, |set, entry| set ^ identity.short_ids(&[*entry]));
        self.all.push(set);
        for (key, entry) in member.keys.iter().zip(member.entries) {
            self.without.entry(*key).or_default().push(set ^ identity.short_ids(&[*entry]));
        }
    }
}

/// What was counted so far.
#[derive(Default)]
struct Costs {
    /// Attributes.
    looked: usize,
    /// Sets.
    sets: u64,
    keys: BTreeMap<KeyId, KeyCost>,
    seen: Vec<bool>,
}

#[derive(Default)]
struct KeyCost {
    text: Box<str>,
    values: u64,
    without: u64,
    /// Sets of the streams that have the key.
    of: u64,
}

impl Costs {
    /// Notes keys and values of a member.
    fn note(&mut self, labels: &Labels, member: &Member<'_>) {
        self.looked += member.entries.len().max(1);
        for (key, entry) in member.keys.iter().zip(member.entries) {
            let place = *entry as usize;
            if self.seen.len() <= place {
                self.seen.resize(labels.entries_len().max(place + 1), false);
            }
            if std::mem::replace(&mut self.seen[place], true) {
                continue;
            }
            let cost = self.keys.entry(*key).or_default();
            cost.values += 1;
            if cost.text.is_empty() {
                cost.text = labels.keys.get(*key as usize).cloned().unwrap_or_default();
            }
        }
    }

    /// Counts a stream. Without a key are left: the different rests of the sets that have it, and the sets that never
    /// had it, where one is no such rest.
    fn add(&mut self, mut sets: Sets) {
        let n = sets.all.len() as u64;
        self.sets += n;
        sets.all.sort_unstable();
        for (key, mut rests) in sets.without {
            let never = n - rests.len() as u64;
            rests.sort_unstable();
            rests.dedup();
            let both = if never == 0 { 0 } else { common(&rests, &sets.all) };
            let cost = self.keys.entry(key).or_default();
            cost.without += rests.len() as u64 + never - both;
            cost.of += n;
        }
    }

    fn finish(self, members: u64) -> Vec<AttributeCost> {
        let sets = self.sets.max(1);
        let members = members.max(self.sets);
        let scaled = |n: u64| u64::try_from((u128::from(n) * u128::from(members)).div_ceil(u128::from(sets))).unwrap_or(u64::MAX);
        let cost = |KeyCost { text, values, without, of }| {
            let without = scaled(without + self.sets - of); // streams without the key keep all their sets
            AttributeCost { key: text, values, without }
        };
        let mut costs: Vec<AttributeCost> = self.keys.into_values().map(cost).collect();
        costs.sort_by(|a, b| a.without.cmp(&b.without).then_with(|| a.key.cmp(&b.key)));
        costs
    }
}

/// How many numbers two sorted lists, each without repeats, have in common.
fn common(a: &[u64], b: &[u64]) -> u64 {
    let (mut a, mut b, mut n) = (a.iter().peekable(), b.iter().peekable(), 0);
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        match left.cmp(right) {
            Ordering::Less => drop(a.next()),
            Ordering::Greater => drop(b.next()),
            Ordering::Equal => {
                n += 1;
                a.next();
                b.next();
            }
        }
    }
    n
}
