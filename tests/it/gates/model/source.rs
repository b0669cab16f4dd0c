//! What a source holds and says of one instrument.
//! Knows a plan only as the shape that it asks for.

use super::{Labels, Point, Value, overflow, without};
use crate::gates::{
    kinds::{BOUNDS, Class, Kind, LIMIT, Set},
    rig::{BEGIN, MINUTE, SECOND},
    table::Shape,
};
use std::collections::BTreeMap;

/// Series in the order in which a push says them.
pub(in crate::gates) type Said = Vec<(Labels, Point)>;

pub(in crate::gates) struct SourceModel {
    class: Class,
    shape: Shape,
    sets: BTreeMap<Labels, Point>,
    /// Of handles that are bound to a set: what they hold until it is looked at, in the order in which they were bound.
    cells: Vec<Cell>,
    is_bound: bool,
    /// What sets of former shapes came to, until that arrived.
    former: Said,
    /// Some sets ended, and no push that arrived said so.
    ending: bool,
    /// No set of what is recorded begins earlier: it would be taken for one that ended.
    since: u64,
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
            former: Vec::new(),
            ending: false,
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
        let more = match self.class {
            Class::Distribution => Value::Measured(happened.to_vec(), self.shape.buckets.unwrap_or(BOUNDS)),
            _ => Value::Number(happened.iter().sum()),
        };
        let mut set = without(&labels(set), self.shape.drop);
        let held = self.sets.keys().filter(|set| **set != overflow()).count();
        if held >= self.shape.limit.unwrap_or(LIMIT) && !self.sets.contains_key(&set) {
            set = overflow();
        }
        match self.sets.get_mut(&set) {
            Some(point) if self.class.is_last() => point.value = more,
            Some(point) => point.value.add(&more),
            None => {
                let start = start.max(self.since);
                self.sets.insert(set, Point { start, time: start, value: more });
            }
        }
    }

    pub(in crate::gates) fn gone(&mut self, set: Set) {
        self.state.remove(&set);
        self.look_into_cells();
        let held = self.sets.len();
        if !self.class.is_observed() {
            self.sets.retain(|labels, _| labels.get("pod") != Some(&set.1));
            self.end(self.sets.len() < held);
        }
    }

    /// Something ended, so that what is there later begins anew.
    fn end(&mut self, ended: bool) {
        if ended {
            self.ending = true;
            self.since = self.now + 1;
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
        let holds = !self.sets.is_empty() || !self.former.is_empty();
        if !old.on && shape.on {
            // What is turned on is said with the next push, whatever its interval.
            self.said = self.said.map(|(said, _)| (said, false));
        }
        if old.on && !shape.on {
            if self.class == Class::UpDown {
                self.ending = holds;
                return;
            }
            self.sets.clear();
            self.former.clear();
            self.end(holds);
        } else if old.on && (old.drop, old.buckets) != (shape.drop, shape.buckets) && self.class != Class::UpDown {
            if !self.sets.is_empty() {
                self.since = self.now + 1;
            }
            self.speak();
            self.former.extend(std::mem::take(&mut self.sets));
        } else if !old.on && self.class == Class::UpDown {
            self.ending = false;
        }
    }

    /// What a push says of this instrument, all of it, so that what is missing has ended; nothing when it says nothing of it.
    pub(in crate::gates) fn push(&mut self, arrives: bool) -> Option<Said> {
        let previous = std::mem::replace(&mut self.previous, self.now);
        let opened = std::mem::replace(&mut self.was_off, !self.shape.on) && self.shape.on && self.class.is_observed();
        let every = self.shape.interval.unwrap_or(0) * MINUTE * SECOND;
        let every = every - every / 50; // waits are never exact
        let is_due = opened || self.said.is_none_or(|(said, arrived)| !arrived || self.now >= said + every);
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
        if says.is_empty() && !self.ending && !is_looked_at && self.sets.is_empty() {
            return None;
        }
        self.said = Some((self.now, arrives));
        let says_so = self.shape.on || self.ending;
        if arrives {
            self.ending = !self.former.is_empty();
            self.former.clear();
        }
        says_so.then_some(says)
    }

    /// What is held speaks of this moment.
    fn speak(&mut self) {
        self.sets.values_mut().for_each(|point| point.time = self.now.max(point.start));
    }

    /// Reads the state. A counter that was off counts from now on.
    fn look(&mut self, previous: u64, opened: bool) {
        let old = std::mem::take(&mut self.sets);
        if !self.shape.on {
            self.ending |= !old.is_empty();
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
        self.ending |= old.keys().any(|set| !self.sets.contains_key(set));
    }
}

fn labels((zone, pod): Set) -> Labels {
    BTreeMap::from([("pod", pod), ("zone", zone)])
}
