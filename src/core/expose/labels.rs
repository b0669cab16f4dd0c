//! From a stream's constants and a series' keys to its labels: which come out, under which name, joined from what.
//! Planned once per key set; a series then only copies text. Knows no format but the text of label pairs.

use super::{
    escape::{is_legacy_label_name, push_name, push_value},
    layout::{Constant, Labeller, Origin},
};
use crate::state::visit::{Entry, Series};
use foldhash::fast::FixedState;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, Hasher},
    ops::Range,
};

#[cfg(test)]
mod tests;

/// The labels of all series with one key set, sorted by exposed name.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) slots: Vec<Slot>,
    /// Attributes of each such series that give no label (LB-04, LB-05, LB-12, RS-11).
    pub(super) lost: u64,
    /// Whether two series may have the same labels because of this key set (CF-06).
    pub(super) may_collide: bool,
    keys: Vec<Box<str>>, // the original keys, so that a re-used id is noticed
}

/// One label.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// As exposed.
    pub(super) name: Box<str>,
    /// Whether the name needs no quotes.
    pub(super) is_legacy: bool,
    pub(super) value: Value,
}

/// Where a label's value comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Constant(Box<str>),
    /// The entry at this place of the series.
    Entry(usize),
    /// Several that want one name, to be joined by `;` (LB-07).
    Joined(Vec<Part>),
    /// `le` or `quantile`: the writer knows it.
    Special,
}

/// One of several joined values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Constant(Box<str>),
    Entry(usize),
}

/// What a stream's plans have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) labeller: Labeller<'a>,
    pub(super) constants: &'a [Constant],
    /// `le`, `quantile`, or none.
    pub(super) special: Option<&'static str>,
    /// Names of the constants of any stream in the family.
    pub(super) taken: &'a BTreeSet<Box<str>>,
}

/// Someone who wants a name.
struct Claim<'a> {
    key: &'a str,
    origin: Origin,
    part: Part,
}

impl Plan {
    pub(super) fn new<'k>(terms: Terms<'_>, keys: impl Iterator<Item = &'k str> + Clone) -> Self {
        let mut plan = Self { keys: keys.clone().map(Box::from).collect(), ..Self::default() };
        let mut claims: BTreeMap<Box<str>, Vec<Claim<'_>>> = BTreeMap::new();
        for constant in terms.constants {
            let claim = Claim { key: &constant.key, origin: constant.origin, part: Part::Constant(constant.text.clone()) };
            claims.entry(constant.name.clone()).or_default().push(claim);
        }
        for (place, key) in keys.enumerate() {
            match terms.labeller.name(key) {
                Some(name) => {
                    plan.may_collide |= terms.taken.contains(&name);
                    let claim = Claim { key, origin: Origin::Attribute, part: Part::Entry(place) };
                    claims.entry(name).or_default().push(claim);
                }
                None => plan.lose(1),
            }
        }
        if let Some(special) = terms.special {
            let others = claims.insert(special.into(), Vec::new());
            plan.lose(others.map_or(0, |claims| entries(&claims)));
        }
        for (name, claims) in claims {
            if let Some(value) = plan.settle(claims) {
                plan.slots.push(Slot { is_legacy: is_legacy_label_name(&name), name, value });
            }
        }
        plan
    }

    /// Whether this plan is still that of these keys.
    pub(super) fn is_for<'k>(&self, keys: impl Iterator<Item = &'k str>) -> bool {
        self.keys.iter().map(|key| &**key).eq(keys)
    }

    fn lose(&mut self, n: usize) {
        self.lost = self.lost.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        self.may_collide |= n > 0;
    }

    /// Who gets a name: identity alone, else attributes before promoted ones, else all of them, joined.
    fn settle(&mut self, mut claims: Vec<Claim<'_>>) -> Option<Value> {
        if claims.is_empty() {
            return Some(Value::Special);
        }
        if claims.iter().any(|claim| claim.origin == Origin::Identity) {
            self.lose(entries(&claims));
            claims.retain(|claim| claim.origin == Origin::Identity);
        }
        if claims.iter().any(|claim| claim.origin == Origin::Attribute) {
            claims.retain(|claim| claim.origin != Origin::Promoted);
        }
        claims.sort_by(|a, b| a.key.cmp(b.key).then(a.origin.cmp(&b.origin)));
        let mut parts: Vec<Part> = claims.into_iter().map(|claim| claim.part).collect();
        self.may_collide |= parts.len() > 1 && parts.iter().any(|part| matches!(part, Part::Entry(_)));
        match (parts.pop(), parts.is_empty()) {
            (Some(Part::Constant(text)), true) => (!text.is_empty()).then_some(Value::Constant(text)),
            (Some(Part::Entry(place)), true) => Some(Value::Entry(place)),
            (Some(last), false) => {
                parts.push(last);
                Some(Value::Joined(parts))
            }
            (None, _) => None,
        }
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
        labels_of(&self.slots, series)
    }

    /// A hash of the labels alone, the same in each format.
    pub(super) fn hash(&self, series: &Series<'_>) -> u128 {
        let mut hashers = [FixedState::with_seed(0x706f_696e).build_hasher(), FixedState::with_seed(0x7473_6d61).build_hasher()];
        for (slot, pieces) in self.labels(series) {
            for hasher in &mut hashers {
                hasher.write(slot.name.as_bytes());
                hasher.write_u8(0xff);
                pieces.each(|piece| hasher.write(piece.as_bytes()));
                hasher.write_u8(0xfe);
            }
        }
        let [high, low] = hashers;
        u128::from(high.finish()) << 64 | u128::from(low.finish())
    }
}

fn entries(claims: &[Claim<'_>]) -> usize {
    claims.iter().filter(|claim| matches!(claim.part, Part::Entry(_))).count()
}

fn labels_of<'a>(slots: &'a [Slot], series: &'a Series<'a>) -> impl Iterator<Item = (&'a Slot, Pieces<'a>)> + 'a {
    slots.iter().filter_map(|slot| {
        let pieces = Pieces { slot, series };
        (!pieces.is_empty()).then_some((slot, pieces))
    })
}

/// A label's value: the texts that make it up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces<'a> {
    slot: &'a Slot,
    series: &'a Series<'a>,
}

impl<'a> Pieces<'a> {
    /// Shows each text in turn.
    pub(super) fn each(&self, mut show: impl FnMut(&'a str)) {
        match &self.slot.value {
            Value::Constant(text) => show(text),
            Value::Entry(place) => show(text_of(self.series, *place)),
            Value::Joined(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    if i > 0 {
                        show(";");
                    }
                    match part {
                        Part::Constant(text) => show(text),
                        Part::Entry(place) => show(text_of(self.series, *place)),
                    }
                }
            }
            Value::Special => {}
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

fn entry_of<'a>(series: &Series<'a>, place: usize) -> Option<&'a Entry> {
    series.entries.get(place).and_then(|id| series.labels.entries.get(*id as usize))
}

fn text_of<'a>(series: &Series<'a>, place: usize) -> &'a str {
    entry_of(series, place).map_or("", |entry| &entry.text)
}

/// Label pairs as text, between the braces: what most series need is copied from here in a few pieces.
#[derive(Debug)]
pub(super) struct TextProgram {
    text: Vec<u8>,
    steps: Vec<Step>,
    tail: Range<usize>,
}

/// Constant text, then an entry's.
#[derive(Debug)]
struct Step {
    text: Range<usize>,
    place: usize,
    is_joined: bool, // then it may be empty
}

impl TextProgram {
    /// Compiles the pairs of the slots, `separator` before each but the first.
    pub(super) fn new(slots: &[Slot]) -> Self {
        let mut program = Self { text: Vec::new(), steps: Vec::new(), tail: 0..0 };
        let mut from = 0usize;
        for (i, slot) in slots.iter().enumerate() {
            if i > 0 {
                program.text.push(b',');
            }
            push_name(&mut program.text, &slot.name, slot.is_legacy);
            program.text.extend_from_slice(b"=\"");
            match &slot.value {
                Value::Constant(text) => push_value(&mut program.text, text),
                Value::Entry(place) => program.copy(&mut from, *place, false),
                Value::Joined(parts) => {
                    for (i, part) in parts.iter().enumerate() {
                        if i > 0 {
                            program.text.push(b';');
                        }
                        match part {
                            Part::Constant(text) => push_value(&mut program.text, text),
                            Part::Entry(place) => program.copy(&mut from, *place, true),
                        }
                    }
                }
                Value::Special => {}
            }
            program.text.push(b'"');
        }
        program.tail = from..program.text.len();
        program
    }

    /// Appends the pairs of labels that are all constant.
    pub(super) fn write_constants(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text);
    }

    fn copy(&mut self, from: &mut usize, place: usize, is_joined: bool) {
        self.steps.push(Step { text: *from..self.text.len(), place, is_joined });
        *from = self.text.len();
    }

    /// Appends the pairs of a series; `false` when one of them is empty, so that the slow way must be taken.
    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>, series: &Series<'_>) -> bool {
        for step in &self.steps {
            let Some(entry) = entry_of(series, step.place) else { return false };
            if entry.text.is_empty() && !step.is_joined {
                return false;
            }
            out.extend_from_slice(self.text.get(step.text.clone()).unwrap_or_default());
            if entry.escape {
                push_value(out, &entry.text);
            } else {
                out.extend_from_slice(entry.text.as_bytes());
            }
        }
        out.extend_from_slice(self.text.get(self.tail.clone()).unwrap_or_default());
        true
    }
}

/// Appends the pairs of a series one by one, empty ones left out.
pub(super) fn push_pairs(out: &mut Vec<u8>, slots: &[Slot], series: &Series<'_>) {
    let start = out.len();
    for (slot, pieces) in labels_of(slots, series) {
        if out.len() > start {
            out.push(b',');
        }
        push_name(out, &slot.name, slot.is_legacy);
        out.extend_from_slice(b"=\"");
        pieces.each(|piece| push_value(out, piece));
        out.push(b'"');
    }
}
