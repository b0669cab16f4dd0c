//! What a source holds and says of one instrument.
//! Knows a plan only as the shape that it asks for.

use super::{Labels, Point, Value, overflow, shed};
use crate::gates::{
    kinds::{Class, Kind, LIMIT, Set},
    rig::{BEGIN, MINUTE, SECOND},
    table::Shape,
};
use std::collections::{BTreeMap, BTreeSet};

/// Series in the order in which a push says them.
pub(in crate::gates) type Said = Vec<(Labels, Point)>;

pub(in crate::gates) struct SourceModel {
    class: Class,
    shape: Shape,
    sets: BTreeMap<Labels, Point>,
    /// In the order in which they came.
    came: Vec<Labels>,
    /// Of handles that are bound to a set: what they hold until it is looked at, in the order in which they were bound.
    cells: Vec<Cell>,
    is_bound: bool,
    /// What sets of former shapes came to, until that arrived.
    former: Said,
    /// Sets that ended, and no push that arrived said so.
    ending: BTreeSet<Labels>,
    /// No set of what is recorded begins earlier: it would be taken for one that ended.
    since: u64,
    /// The latest moment that was spoken of.
    latest: u64,
    /// Of observed instruments: what is there, whether anyone looks or not; and what a counter had counted when it was
    /// turned on.
    state: BTreeMap<Set, i64>,
    base: BTreeMap<Set, i64>,
    was_off: bool,
    /// When everything was collected last, or began.
    previous: u64,
    /// When this was said last, and whether that arrived.
    said: Option<(u64, bool)>,
    now: u64,
}

/// What a bound handle holds.
struct Cell {
    set: Set,
    held: Vec<i64>,
    /// When it was looked at last: what is new in it came after that.
    looked: u64,
}

impl SourceModel {
    pub(in crate::gates) fn new(kind: Kind) -> Self {
        Self {
            class: kind.class(),
            is_bound: matches!(kind, Kind::BoundCounter | Kind::BoundHistogram),
            cells: Vec::new(),
            shape: Shape::ON,
            sets: BTreeMap::new(),
            came: Vec::new(),
            latest: 0,
            former: Vec::new(),
            ending: BTreeSet::new(),
            since: 0,
            state: BTreeMap::new(),
            base: BTreeMap::new(),
            was_off: false,
            previous: BEGIN * SECOND,
            said: None,
            now: BEGIN * SECOND,
        }
    }

    pub(in crate::gates) fn wait(&mut self, secs: u64) {
        self.now += secs * SECOND;
    }

    pub(in crate::gates) fn back(&mut self, secs: u64) {
        self.now -= secs * SECOND;
    }

    /// What is recorded while off is not kept, but for up-down counters, whose later decrease would else go below what is
    /// there.
    pub(in crate::gates) fn tick(&mut self, set: Set, n: i64) {
        if self.class.is_observed() {
            let value = self.state.entry(set).or_default();
            *value = if self.class.is_last() { n } else { *value + n };
            return;
        }
        if self.is_bound {
            self.hold(set, n);
        } else if self.shape.on || self.class == Class::UpDown {
            self.land(set, &[n], self.now);
        }
    }

    /// A bound handle takes it. Its set is there as soon as it is bound.
    fn hold(&mut self, set: Set, n: i64) {
        if self.cells.iter().all(|cell| cell.set != set) {
            self.cells.push(Cell { set, held: Vec::new(), looked: self.now });
            if self.shape.on {
                self.land(set, &[], self.now);
            }
        }
        if self.shape.on {
            self.cells.iter_mut().filter(|cell| cell.set == set).for_each(|cell| cell.held.push(n));
        }
    }

    /// What bound handles hold goes to their sets.
    fn look_into_cells(&mut self) {
        let mut cells = std::mem::take(&mut self.cells);
        for Cell { set, held, looked } in &mut cells {
            let held = std::mem::take(held);
            if self.class == Class::Distribution && !held.is_empty() || held.iter().sum::<i64>() > 0 {
                self.land(*set, &held, *looked);
            }
            *looked = self.now;
        }
        self.cells = cells;
    }

    /// Something happened to a set, which begins now if it is new.
    fn land(&mut self, set: Set, happened: &[i64], start: u64) {
        self.put(shed(&labels(set), &self.shape), self.of(happened), start);
    }

    fn of(&self, happened: &[i64]) -> Value {
        match self.class {
            Class::Distribution => Value::Measured(happened.to_vec(), self.shape.bounds()),
            _ => Value::Number(happened.iter().sum()),
        }
    }

    /// So much goes to a set of the shape, or to the overflow set.
    fn put(&mut self, mut set: Labels, more: Value, start: u64) {
        let held = self.sets.keys().filter(|set| **set != overflow()).count();
        if held >= self.shape.limit.unwrap_or(LIMIT) && !self.sets.contains_key(&set) {
            set = overflow();
        }
        if self.shape.on {
            self.ending.remove(&set);
        }
        match self.sets.get_mut(&set) {
            Some(point) if self.class.is_last() => point.value = more,
            Some(point) => point.value.add(&more),
            None => {
                let start = start.max(self.since);
                self.latest = self.latest.max(start);
                self.came.push(set.clone());
                self.sets.insert(set, Point { start, time: start, value: more });
            }
        }
    }

    pub(in crate::gates) fn gone(&mut self, set: Set) {
        self.state.remove(&set);
        self.look_into_cells();
        if !self.class.is_observed() {
            let gone = self.sets.extract_if(.., |labels, _| labels.get("pod") == Some(&set.1));
            let gone = gone.map(|(labels, _)| labels).collect();
            self.came.retain(|labels| labels.get("pod") != Some(&set.1));
            self.end(gone);
        }
    }

    /// Something ended, so that what is there later begins anew.
    fn end(&mut self, ended: Vec<Labels>) {
        if !ended.is_empty() {
            self.ending.extend(ended);
            self.since = self.now.max(self.latest) + 1;
        }
    }

    /// What closes is forgotten; of what is shaped anew the last values are said still, and it begins anew; a limit and an
    /// interval change nothing that is held. What is observed obeys when it is looked at.
    pub(in crate::gates) fn obey(&mut self, shape: Shape) {
        let shape = shape.at_source(self.class);
        if shape == self.shape {
            return;
        }
        self.look_into_cells();
        let old = std::mem::replace(&mut self.shape, shape);
        if self.class.is_observed() {
            return;
        }
        if !old.on && shape.on {
            // What is turned on is said with the next push, whatever its interval.
            self.said = self.said.map(|(said, _)| (said, false));
        }
        if old.on && !shape.on {
            if self.class == Class::UpDown {
                self.ending = self.sets.keys().cloned().collect();
                return;
            }
            let former = std::mem::take(&mut self.former).into_iter().map(|(labels, _)| labels);
            let gone = std::mem::take(&mut self.sets).into_keys().chain(former).collect();
            self.came.clear();
            self.end(gone);
        } else if old.on && (old.keys(), old.buckets) != (shape.keys(), shape.buckets) && self.class != Class::UpDown {
            self.reshape(&old);
        } else if !old.on && self.class == Class::UpDown {
            self.ending.clear();
        }
        if !old.on && shape.on {
            self.bound_again();
        }
    }

    /// Fewer bounds alone change nothing that counts. Anything else begins anew: what was is said once more, what was nothing
    /// is not, and every set goes on at 0, unless a key is back whose values nobody knows.
    fn reshape(&mut self, old: &Shape) {
        let bounds = self.shape.bounds();
        if old.keys() == self.shape.keys() && bounds.iter().all(|bound| old.bounds().contains(bound)) {
            for point in self.sets.values_mut() {
                if let Value::Measured(_, held) = &mut point.value {
                    *held = bounds;
                }
            }
            return;
        }
        let at = self.now.max(self.latest);
        if !self.sets.is_empty() {
            self.since = at + 1;
        }
        let came = std::mem::take(&mut self.came);
        for (labels, mut point) in std::mem::take(&mut self.sets) {
            point.time = at;
            match &point.value {
                Value::Number(0) => drop(self.ending.insert(labels)),
                Value::Measured(all, _) if all.is_empty() => drop(self.ending.insert(labels)),
                _ => self.former.push((labels, point)),
            }
        }
        // Of a key that is neither of ours nothing is known either.
        if ["pod", "zone", "another"].iter().all(|key| old.stays(key) || !self.shape.stays(key)) {
            for labels in came {
                let set = if labels == overflow() { labels } else { shed(&labels, &self.shape) };
                self.put(set, self.of(&[]), self.since);
            }
        }
        self.bound_again();
    }

    /// Sets of bound handles are there while it is on.
    fn bound_again(&mut self) {
        let sets: Vec<Set> = self.cells.iter().map(|cell| cell.set).collect();
        sets.into_iter().for_each(|set| self.land(set, &[], self.now));
    }

    /// What a push says of this instrument, all of it, so that what is missing has ended; nothing when it says nothing of it.
    pub(in crate::gates) fn push(&mut self, arrives: bool) -> Option<Said> {
        let previous = std::mem::replace(&mut self.previous, self.now);
        let opened = std::mem::replace(&mut self.was_off, !self.shape.on) && self.shape.on && self.class.is_observed();
        let every = self.shape.interval.unwrap_or(0) * MINUTE * SECOND;
        let every = every - every / 50; // waits are never exact
        let is_urgent = !self.ending.is_empty() || !self.former.is_empty();
        let is_due = opened
            || is_urgent
            || self.said.is_none_or(|(said, arrived)| !arrived || self.now < said || self.now >= said + every);
        if self.shape.on && !is_due {
            return None;
        }
        self.look_into_cells();
        if self.class.is_observed() {
            self.look(if opened { previous } else { self.said.map_or(previous, |(said, _)| said.min(previous)) }, opened);
        }
        self.speak();
        let says: Said = if self.shape.on { self.former.iter().cloned().chain(self.sets.clone()).collect() } else { Vec::new() };
        let is_looked_at = self.class.is_observed() && self.shape.on;
        if says.is_empty() && self.ending.is_empty() && !is_looked_at && self.sets.is_empty() {
            return None;
        }
        self.said = Some((self.now, arrives));
        let says_so = self.shape.on || !self.ending.is_empty();
        if arrives {
            let gone = std::mem::take(&mut self.former).into_iter().map(|(labels, _)| labels);
            self.ending = gone.filter(|labels| !self.sets.contains_key(labels)).collect();
        }
        says_so.then_some(says)
    }

    /// What is held speaks of this moment.
    fn speak(&mut self) {
        for point in self.sets.values_mut() {
            point.time = self.now.max(point.start);
            self.latest = self.latest.max(point.time);
        }
    }

    /// Of which moment ends speak that are said now: of none before what was recorded spoke of.
    pub(in crate::gates) fn ends_at(&self) -> u64 {
        if self.class.is_observed() { self.now } else { self.now.max(self.latest) }
    }

    /// Reads the state. A counter that was off counts from now on.
    fn look(&mut self, previous: u64, opened: bool) {
        let old = std::mem::take(&mut self.sets);
        if !self.shape.on {
            self.ending.extend(old.into_keys());
            return;
        }
        for (set, n) in &self.state {
            let known = old.get(&labels(*set)).map(|point| point.start);
            let counts_on = opened && self.class == Class::ObservedSum;
            if known.is_none() {
                self.base.insert(*set, if counts_on { *n } else { 0 });
            }
            let start = known.unwrap_or(if counts_on { self.now } else { previous });
            self.sets.insert(labels(*set), Point { start, time: start, value: Value::Number(n - self.base[set]) });
        }
        self.ending.extend(old.into_keys().filter(|set| !self.sets.contains_key(set)));
    }
}

fn labels((zone, pod): Set) -> Labels {
    BTreeMap::from([("pod", pod), ("zone", zone)])
}
