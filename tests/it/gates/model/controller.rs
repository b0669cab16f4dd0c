//! What a controller holds of one instrument of one source, and shows.
//! Knows a source only by what it said.

use super::{Labels, Point, Value, overflow, shed, source::Said};
use crate::gates::{
    kinds::Class,
    rig::{BEGIN, EXPIRE_AFTER, MINUTE},
    table::Shape,
};
use std::collections::BTreeMap;

pub(super) struct ControllerModel {
    class: Class,
    shape: Shape,
    held: BTreeMap<Labels, Held>,
    /// Where keys go: when each group of series was formed, which is its start.
    groups: BTreeMap<Labels, u64>,
    /// When the instrument was heard of last.
    heard: u64,
    now: u64,
}

/// A series that was pushed.
struct Held {
    point: Point,
    /// What it showed before it began anew, while it is one of a group.
    before: Vec<Value>,
    /// It ended, and its group remembers what it added.
    ended: bool,
}

impl ControllerModel {
    pub(super) fn new(class: Class) -> Self {
        let (held, groups) = (BTreeMap::new(), BTreeMap::new());
        Self { class, shape: Shape::ON, held, groups, heard: BEGIN, now: BEGIN }
    }

    pub(super) fn wait(&mut self, secs: u64) {
        self.now += secs;
    }

    pub(super) fn restart(&mut self) {
        self.held.clear();
        self.groups.clear();
    }

    pub(super) fn obey(&mut self, shape: Shape) {
        let old = std::mem::replace(&mut self.shape, shape);
        if !shape.on {
            self.restart();
        } else if old.keys() != shape.keys() {
            self.groups.clear();
            self.held.retain(|_, held| !held.ended);
            self.held.values_mut().for_each(|held| held.before.clear());
        }
    }

    /// Takes what a source says of the instrument: all of it, so that what is missing has ended then. What is older than what
    /// is held came late.
    pub(super) fn take(&mut self, said: &Said, ended: u64) {
        self.heard = self.now;
        if !self.shape.on {
            return;
        }
        for (labels, point) in said {
            let fresh = || Held { point: point.clone(), before: Vec::new(), ended: false };
            let held = self.held.entry(labels.clone()).or_insert_with(fresh);
            let same = self.class.is_last() || held.point.start == point.start;
            if same && point.time < held.point.time && !held.ended {
                continue;
            }
            if held.point.start != point.start && self.shape.sheds() {
                held.before.push(held.point.value.clone());
            }
            (held.point, held.ended) = (point.clone(), false);
        }
        self.end(|labels, held| ended >= held.point.time && said.iter().all(|(said, _)| said != labels));
    }

    /// What is silent for as long as the views let it be has ended.
    pub(super) fn expire(&mut self) {
        let patience = EXPIRE_AFTER.max(3 * MINUTE * self.shape.interval.unwrap_or(0));
        if self.now >= self.heard + patience {
            self.restart();
        }
    }

    /// A member of a group that adds up is remembered; anything else goes.
    fn end(&mut self, gone: impl Fn(&Labels, &Held) -> bool) {
        let remembers = self.shape.sheds() && matches!(self.class, Class::Sum | Class::Distribution);
        self.held.iter_mut().filter(|(labels, held)| gone(labels, held)).for_each(|(_, held)| held.ended = true);
        self.held.retain(|_, held| remembers || !held.ended);
    }

    /// Every series that shows. Buckets that views do not want are merged.
    pub(super) fn shown(&mut self) -> BTreeMap<Labels, Point> {
        let mut groups = BTreeMap::<Labels, Vec<&Held>>::new();
        for (labels, held) in &self.held {
            let group = if *labels == overflow() { overflow() } else { shed(labels, &self.shape) };
            groups.entry(group).or_default().push(held);
        }
        groups.retain(|_, members| members.iter().any(|held| !held.ended));
        let mut shown = BTreeMap::new();
        for (labels, members) in groups {
            let start = members.iter().filter(|held| !held.ended).map(|held| held.point.start).min().unwrap_or_default();
            let time = members.iter().map(|held| held.point.time).max().unwrap_or_default();
            let start = if self.shape.sheds() { *self.groups.entry(labels.clone()).or_insert(start) } else { start };
            let mut values = members.iter().flat_map(|held| held.before.iter().chain([&held.point.value])).cloned();
            let mut sum = values.next().expect("a group has a member");
            values.for_each(|value| sum.add(&value));
            if let (Value::Measured(_, bounds), Some(wanted)) = (&mut sum, self.shape.buckets) {
                *bounds = wanted;
            }
            // What did not fit into a limit of the views has no start that is known.
            let is_folded = labels == overflow() && self.shape.limit.is_some();
            let start = if is_folded { 0 } else { start };
            shown.insert(labels, Point { start, time, value: sum });
        }
        shown
    }
}
