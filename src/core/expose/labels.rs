//! From a stream's constants and a series' keys to its labels: which come out, under which name, joined from what.
//! Planned once per key set; a series then only copies text. Knows no format but the text of label pairs.

use super::{
    escape::{is_legacy_label_name, push_name, push_value},
    layout::{Constant, Origin},
};
use crate::{
    model::point::Number,
    state::visit::{self, Entry, EntryId, Labels, Series},
};
use foldhash::fast::FixedState;
use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hasher},
    ops::Range,
    sync::Arc,
};

#[cfg(test)]
mod tests;

/// Seeds of the two halves of a hash of labels; all that matters is that they differ.
const LABEL_SEEDS: [u64; 2] = [0x706f_696e, 0x7473_6d61];
/// Seed of a hash of label names.
const NAMES_SEED: u64 = 0x6e;

/// The labels of all series with one key set, sorted by exposed name.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) slots: Vec<Slot>,
    /// Attributes of each such series that give no label (LB-04, LB-05, LB-12, RS-11).
    pub(super) lost: u64,
    /// Whether two series may have the same labels because of this key set (CF-06).
    pub(super) may_collide: bool,
    constants: Arc<[Constant]>,
    keys: Vec<u8>, // the original keys with their lengths, so that a re-used id is noticed
}

/// One label.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// As exposed.
    pub(super) name: Arc<str>,
    /// Whether the name needs no quotes.
    pub(super) is_legacy: bool,
    pub(super) value: Value,
}

/// Where a label's value comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The constant at this place of the stream's.
    Constant(usize),
    /// The entry at this place of the series.
    Entry(usize),
    /// Several that want one name, to be joined by `;` (LB-07).
    Joined(Vec<Part>),
    /// `le` or `quantile`: the writer knows it.
    Special,
}

/// One of several joined values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Constant(usize),
    Entry(usize),
}

/// What a stream's plans have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) constants: &'a Arc<[Constant]>,
    /// `le`, `quantile`, or none.
    pub(super) special: Option<&'a Arc<str>>,
    /// Names of the constants of any stream in the family.
    pub(super) taken: &'a BTreeSet<Arc<str>>,
}

/// Someone who wants a name. In the order in which colliding ones are joined.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim<'a> {
    name: &'a Arc<str>,
    key: &'a str,
    origin: Option<Origin>, // none: the special label
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Constant(usize),
    Entry(usize),
}

impl Plan {
    /// Plans the labels of a key set; each key comes with its exposed name, unless it has none.
    pub(super) fn new<'k>(terms: Terms<'k>, keys: &[(&'k str, Option<Arc<str>>)]) -> Self {
        let mut plan = Self { constants: Arc::clone(terms.constants), ..Self::default() };
        let mut claims: Vec<Claim<'_>> = Vec::with_capacity(terms.constants.len().saturating_add(keys.len()).saturating_add(1));
        claims.extend(terms.special.map(|name| Claim { name, key: "", origin: None, place: Place::Constant(0) }));
        for (place, constant) in terms.constants.iter().enumerate() {
            claims.push(Claim {
                name: &constant.name,
                key: &constant.key,
                origin: Some(constant.origin),
                place: Place::Constant(place),
            });
        }
        for (place, (key, name)) in keys.iter().enumerate() {
            plan.keys.extend_from_slice(&key.len().to_le_bytes());
            plan.keys.extend_from_slice(key.as_bytes());
            match name {
                Some(name) => {
                    plan.may_collide |= terms.taken.contains(name);
                    claims.push(Claim { name, key, origin: Some(Origin::Attribute), place: Place::Entry(place) });
                }
                None => plan.lose(1),
            }
        }
        claims.sort_unstable();
        plan.slots.reserve_exact(claims.len());
        for group in claims.chunk_by(|a, b| a.name == b.name) {
            if let Some((value, first)) = plan.settle(group).zip(group.first()) {
                plan.slots.push(Slot { name: Arc::clone(first.name), is_legacy: is_legacy_label_name(first.name), value });
            }
        }
        plan
    }

    /// Takes the constants of another stream, which differ from those it was planned for in their texts alone.
    pub(super) fn rebind(&mut self, constants: &Arc<[Constant]>) {
        self.constants = Arc::clone(constants);
    }

    /// Whether this plan is still that of these keys.
    pub(super) fn is_for<'k>(&self, keys: impl Iterator<Item = &'k str>) -> bool {
        let mut rest = self.keys.as_slice();
        for key in keys {
            let after = rest.strip_prefix(&key.len().to_le_bytes()).and_then(|rest| rest.strip_prefix(key.as_bytes()));
            let Some(after) = after else { return false };
            rest = after;
        }
        rest.is_empty()
    }

    /// A hash of the label names alone.
    pub(super) fn names_hash(&self) -> u64 {
        let mut hasher = FixedState::with_seed(NAMES_SEED).build_hasher();
        for slot in &self.slots {
            hasher.write(slot.name.as_bytes());
            hasher.write_u8(0xff);
        }
        hasher.finish()
    }

    fn lose(&mut self, n: usize) {
        self.lost = self.lost.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        self.may_collide |= n > 0;
    }

    /// Who gets a name: the special label or identity alone, else attributes before promoted ones, else all of them, joined.
    fn settle(&mut self, group: &[Claim<'_>]) -> Option<Value> {
        let has = |origin: Option<Origin>| group.iter().any(|claim| claim.origin == origin);
        let entries = || group.iter().filter(|claim| matches!(claim.place, Place::Entry(_))).count();
        if has(None) {
            self.lose(entries());
            return Some(Value::Special);
        }
        let is_identity = has(Some(Origin::Identity));
        let has_attribute = has(Some(Origin::Attribute));
        let wins = |claim: &&Claim<'_>| match claim.origin {
            Some(Origin::Identity) => true,
            _ if is_identity => false,
            Some(Origin::Promoted) => !has_attribute,
            _ => true,
        };
        if is_identity {
            self.lose(entries());
        }
        let part = |claim: &Claim<'_>| match claim.place {
            Place::Entry(place) => Part::Entry(place),
            Place::Constant(place) => Part::Constant(place),
        };
        let mut winners = group.iter().filter(wins);
        let first = part(winners.next()?);
        let rest: Vec<Part> = winners.map(part).collect();
        if rest.is_empty() {
            return match first {
                Part::Constant(place) => (!constant_of(&self.constants, place).is_empty()).then_some(Value::Constant(place)),
                Part::Entry(place) => Some(Value::Entry(place)),
            };
        }
        self.may_collide |= has_attribute;
        Some(Value::Joined([first].into_iter().chain(rest).collect()))
    }

    /// The labels before `le` or `quantile`; all of them where there is none.
    pub(super) fn before(&self) -> &[Slot] {
        self.slots.split(|slot| slot.value == Value::Special).next().unwrap_or_default()
    }

    /// The labels behind `le` or `quantile`.
    pub(super) fn after(&self) -> &[Slot] {
        self.slots.split(|slot| slot.value == Value::Special).nth(1).unwrap_or_default()
    }

    /// The labels of a series with their values, empty ones left out.
    pub(super) fn labels<'a>(&'a self, series: &'a Series<'a>) -> impl Iterator<Item = (&'a Slot, Pieces<'a>)> + 'a {
        self.labels_of(&self.slots, series)
    }

    fn labels_of<'a>(&'a self, slots: &'a [Slot], series: &'a Series<'a>) -> impl Iterator<Item = (&'a Slot, Pieces<'a>)> + 'a {
        slots.iter().filter_map(|slot| {
            let pieces = Pieces { slot, constants: &self.constants, series };
            (!pieces.is_empty()).then_some((slot, pieces))
        })
    }

    /// A hash of the labels of a series that has none of its own.
    pub(super) fn constant_hash(&self) -> u128 {
        let (labels, value) = (Labels::default(), visit::Value::Number(Number::Int(0)));
        self.hash(&Series { labels: &labels, shape: 0, entries: &[], start: 0, time: 0, value, exemplars: &[], bounds: &[] })
    }

    /// A hash of the labels alone, the same in each format.
    pub(super) fn hash(&self, series: &Series<'_>) -> u128 {
        let mut hashers = LABEL_SEEDS.map(|seed| FixedState::with_seed(seed).build_hasher());
        for (slot, pieces) in self.labels(series) {
            for hasher in &mut hashers {
                hasher.write(slot.name.as_bytes());
                hasher.write_u8(0xff);
                pieces.whole(|text| hasher.write(text.as_bytes())); // a hash of pieces is another
                hasher.write_u8(0xfe);
            }
        }
        let [high, low] = hashers;
        u128::from(high.finish()) << 64 | u128::from(low.finish())
    }
}

/// A label's value: the texts that make it up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces<'a> {
    slot: &'a Slot,
    constants: &'a [Constant],
    series: &'a Series<'a>,
}

impl<'a> Pieces<'a> {
    /// Shows each text in turn.
    pub(super) fn each(&self, mut show: impl FnMut(&'a str)) {
        match &self.slot.value {
            Value::Constant(place) => show(constant_of(self.constants, *place)),
            Value::Entry(place) => show(text_of(self.series, *place)),
            Value::Joined(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    if i > 0 {
                        show(";");
                    }
                    match part {
                        Part::Constant(place) => show(constant_of(self.constants, *place)),
                        Part::Entry(place) => show(text_of(self.series, *place)),
                    }
                }
            }
            Value::Special => {}
        }
    }

    /// Shows the value as one text.
    fn whole(&self, show: impl FnOnce(&str)) {
        match &self.slot.value {
            Value::Constant(place) => show(constant_of(self.constants, *place)),
            Value::Entry(place) => show(text_of(self.series, *place)),
            Value::Joined(_) | Value::Special => {
                let mut text = String::new();
                self.each(|piece| text.push_str(piece));
                show(&text);
            }
        }
    }

    /// Bytes of the value.
    pub(super) fn len(&self) -> usize {
        let mut len = 0usize;
        self.each(|piece| len = len.saturating_add(piece.len()));
        len
    }

    fn is_empty(&self) -> bool {
        match &self.slot.value {
            Value::Entry(place) => text_of(self.series, *place).is_empty(),
            Value::Special => true,
            Value::Constant(_) | Value::Joined(_) => false,
        }
    }
}

fn constant_of(constants: &[Constant], place: usize) -> &str {
    constants.get(place).map_or("", |constant| &constant.text)
}

fn entry_of<'a>(series: &Series<'a>, place: usize) -> Option<(EntryId, Entry<'a>)> {
    let id = *series.entries.get(place)?;
    Some((id, series.labels.entry(id)?))
}

fn text_of<'a>(series: &Series<'a>, place: usize) -> &'a str {
    entry_of(series, place).map_or("", |(_, entry)| entry.text)
}

/// Label pairs as text, between the braces. Neighbours in a stream have most values in common, so the text of the series
/// before stays, and only what differs is written anew.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    constant: Vec<u8>,
    steps: Vec<Step>,
    tail: Range<usize>, // of `constant`
    text: Vec<u8>,      // of the series at hand
}

/// Constant text, then an entry's.
#[derive(Debug)]
struct Step {
    constant: Range<usize>,
    place: usize,
    is_joined: bool,        // then it may be empty
    entry: Option<EntryId>, // whose text stands there
    written: Range<usize>,  // where it stands
}

impl Pairs {
    /// Compiles the pairs of some of the plan's slots.
    pub(super) fn compile(&mut self, slots: &[Slot], constants: &[Constant]) {
        self.constant.clear();
        self.steps.clear();
        self.text.clear();
        let mut from = 0usize;
        for (i, slot) in slots.iter().enumerate() {
            if i > 0 {
                self.constant.push(b',');
            }
            push_name(&mut self.constant, &slot.name, slot.is_legacy);
            self.constant.extend_from_slice(b"=\"");
            match &slot.value {
                Value::Constant(place) => push_value(&mut self.constant, constant_of(constants, *place)),
                Value::Entry(place) => self.copy(&mut from, *place, false),
                Value::Joined(parts) => {
                    for (i, part) in parts.iter().enumerate() {
                        if i > 0 {
                            self.constant.push(b';');
                        }
                        match part {
                            Part::Constant(place) => push_value(&mut self.constant, constant_of(constants, *place)),
                            Part::Entry(place) => self.copy(&mut from, *place, true),
                        }
                    }
                }
                Value::Special => {}
            }
            self.constant.push(b'"');
        }
        self.tail = from..self.constant.len();
        if self.steps.is_empty() {
            self.text.extend_from_slice(&self.constant);
        }
    }

    fn copy(&mut self, from: &mut usize, place: usize, is_joined: bool) {
        let end = self.constant.len();
        self.steps.push(Step { constant: *from..end, place, is_joined, entry: None, written: 0..0 });
        *from = end;
    }

    /// The pairs of the series that was written last.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The ids of entries may mean something else from now on.
    pub(super) fn forget(&mut self) {
        for step in &mut self.steps {
            (step.entry, step.written) = (None, 0..0);
        }
    }

    /// Writes the pairs of a series; `false` when one of them is empty, so that the slow way must be taken.
    #[inline]
    fn write(&mut self, series: &Series<'_>) -> bool {
        for (at, step) in self.steps.iter_mut().enumerate() {
            let Some((id, entry)) = entry_of(series, step.place) else { return false };
            if step.entry == Some(id) {
                continue;
            }
            let there = self.text.get_mut(step.written.clone()).unwrap_or_default();
            if there.len() != entry.text.len() || there.is_empty() || entry.escape {
                return self.write_from(at, series);
            }
            there.copy_from_slice(entry.text.as_bytes());
            step.entry = Some(id);
        }
        true
    }

    /// Writes everything from a step on.
    fn write_from(&mut self, first: usize, series: &Series<'_>) -> bool {
        let before = first.checked_sub(1).and_then(|before| self.steps.get(before));
        self.text.truncate(before.map_or(0, |step| step.written.end));
        for step in self.steps.iter_mut().skip(first) {
            let Some((id, entry)) = entry_of(series, step.place) else { return false };
            if entry.text.is_empty() && !step.is_joined {
                return false;
            }
            self.text.extend_from_slice(self.constant.get(step.constant.clone()).unwrap_or_default());
            let begin = self.text.len();
            if entry.escape {
                push_value(&mut self.text, entry.text);
            } else {
                self.text.extend_from_slice(entry.text.as_bytes());
            }
            (step.entry, step.written) = (Some(id), begin..self.text.len());
        }
        self.text.extend_from_slice(self.constant.get(self.tail.clone()).unwrap_or_default());
        true
    }

    /// Writes the pairs of a series one by one, empty ones left out.
    fn write_slowly(&mut self, plan: &Plan, slots: &[Slot], series: &Series<'_>) {
        self.forget();
        self.text.clear();
        for (slot, pieces) in plan.labels_of(slots, series) {
            if !self.text.is_empty() {
                self.text.push(b',');
            }
            push_name(&mut self.text, &slot.name, slot.is_legacy);
            self.text.extend_from_slice(b"=\"");
            pieces.each(|piece| push_value(&mut self.text, piece));
            self.text.push(b'"');
        }
    }
}

/// The pairs of a plan's labels: before `le` or `quantile`, or all, and those behind it.
#[derive(Debug, Default)]
pub(super) struct Sides {
    pub(super) before: Pairs,
    pub(super) after: Pairs,
}

impl Sides {
    /// Compiles the pairs of the plan.
    pub(super) fn compile(&mut self, plan: &Plan) {
        self.before.compile(plan.before(), &plan.constants);
        self.after.compile(plan.after(), &plan.constants);
    }

    /// As [`Pairs::forget`].
    pub(super) fn forget(&mut self) {
        self.before.forget();
        self.after.forget();
    }

    /// Writes both sides for a series.
    #[inline]
    pub(super) fn write(&mut self, plan: &Plan, series: &Series<'_>) {
        if !self.before.write(series) {
            self.before.write_slowly(plan, plan.before(), series);
        }
        if !self.after.write(series) {
            self.after.write_slowly(plan, plan.after(), series);
        }
    }
}
