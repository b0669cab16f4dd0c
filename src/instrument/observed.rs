//! A metric that is read from state at each collection: its points go straight to bytes. What is remembered of a set is
//! its attributes and its start, so that one that is not named any more can be ended. While it is off nothing is read and
//! nothing remembered. With an interval an end is said with the next collection that is due: before that nobody knows of it,
//! because nobody reads. Knows no state, no clock and no plan: orders come from `rules`.

#[cfg(test)]
mod tests;

use crate::{
    body::Bodies,
    gate::Gate,
    limits::{ENDED_SETS_MAX, OBSERVED_SETS_MAX},
    losses::Losses,
    metric::{Kind, Meta},
    otlp::{self, Number, Times},
    pace::Pace,
    rules::Orders,
    sets::Sets,
    shared::Shared,
};
use opentelemetry::KeyValue;
use parking_lot::{Mutex, ReentrantMutex};
use std::{
    cell::RefCell,
    hash::RandomState,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Which collection it is, and the moments it speaks of, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Grows by one with each.
    pub(crate) number: u64,
    /// Now.
    pub(crate) time: u64,
    /// The one before, or the beginning: what is new now began after it.
    pub(crate) previous: u64,
}

/// Takes the value of a set.
pub(crate) type Set<'a> = dyn Fn(Number, &[KeyValue]) + Sync + 'a;

/// Reads the values of a metric from state.
pub(crate) type Callback = Arc<dyn Fn(&Set<'_>) + Send + Sync>;

/// An observed metric.
pub(crate) struct Observed {
    meta: &'static Meta,
    gate: Gate,
    /// Nanoseconds between two collections, at least.
    interval: AtomicU64,
    callbacks: Mutex<Vec<Callback>>,
    /// Locked while callbacks run, so that two collections take turns; a callback that collects itself finds it in use
    /// and goes without this metric, instead of waiting for itself.
    state: ReentrantMutex<RefCell<State>>,
    shared: Arc<Shared>,
}

struct State {
    pace: Pace,
    /// It was off at the last collection.
    was_off: bool,
    table: Option<Box<Table>>,
}

#[derive(Clone, Copy)]
struct Seen {
    start: u64,
    /// The number of the collection that saw it last.
    last: u64,
    /// Of a counter: what it had counted when it was turned on, as the bits of a number of its type.
    base: u64,
}

struct Table {
    sets: Sets<Seen>,
    /// Sets that ended; the last collection said so.
    ended: Sets<()>,
    /// The set at hand, encoded; and its point. Kept for their memory.
    attributes: Vec<u8>,
    point: Vec<u8>,
}

/// A metric while its callbacks run.
struct Visit<'a> {
    meta: &'static Meta,
    at: Moment,
    /// It was off before, so that what a counter has counted is not of now.
    opened: bool,
    losses: &'a Losses,
    /// Callbacks of other crates may observe from several threads at once.
    inner: ReentrantMutex<RefCell<Inner<'a>>>,
}

struct Inner<'a> {
    table: &'a mut Table,
    bodies: &'a mut Bodies,
    named: usize,
}

impl Observed {
    pub(crate) fn new(meta: &'static Meta, shared: Arc<Shared>, orders: &Orders) -> Self {
        shared.made(orders.on);
        Self {
            meta,
            gate: Gate::new(orders.on),
            interval: AtomicU64::new(nanos(orders)),
            callbacks: Mutex::default(),
            state: ReentrantMutex::new(RefCell::new(State { pace: Pace::default(), was_off: !orders.on, table: None })),
            shared,
        }
    }

    pub(crate) fn meta(&self) -> &'static Meta {
        self.meta
    }

    /// One more place to read from; its sets come after those of the others.
    pub(crate) fn read(&self, callback: Callback) {
        self.callbacks.lock().push(callback);
    }

    /// Obeys from the next collection on. Orders come one after the other.
    pub(crate) fn obey(&self, orders: &Orders) {
        self.interval.store(nanos(orders), Ordering::Relaxed);
        if self.gate.is_on() != orders.on {
            self.shared.turned(orders.on);
            self.gate.set(orders.on);
        }
    }

    /// Reads the metric and writes its points, and the ends of what is not named any more; while it is off, only these.
    pub(crate) fn collect(&self, at: Moment, bodies: &mut Bodies) {
        let state = self.state.lock();
        let Ok(mut state) = state.try_borrow_mut() else { return };
        let State { pace, was_off, table } = &mut *state;
        let on = self.gate.is_on();
        let opened = std::mem::replace(was_off, !on) && on;
        let interval = Some(self.interval.load(Ordering::Relaxed)).filter(|interval| *interval > 0);
        if on && !opened && !pace.is_due(at, interval.map(Duration::from_nanos)) {
            return;
        }
        if !on && table.is_none() {
            return;
        }
        // What is new began after it was last read.
        let previous = pace.last().filter(|_| !opened).map_or(at.previous, |last| last.min(at.previous));
        let table = table.get_or_insert_with(|| Box::new(Table::new(&self.shared.hasher)));
        if on {
            let callbacks = self.callbacks.lock().clone();
            let at = Moment { previous, ..at };
            let inner = ReentrantMutex::new(RefCell::new(Inner { table, bodies, named: 0 }));
            let visit = Visit { meta: self.meta, at, opened, losses: &self.shared.losses, inner };
            callbacks.iter().for_each(|read| read(&|value, attributes| visit.set(value, attributes)));
        }
        table.end(at, self.meta, &self.shared.losses, bodies);
        pace.carried(at);
    }

    /// This collection arrived: the ends that it said need not be said again.
    pub(crate) fn arrived(&self, number: u64) {
        let state = self.state.lock();
        let Ok(mut state) = state.try_borrow_mut() else { return };
        let State { pace, table, .. } = &mut *state;
        if pace.arrived(number)
            && let Some(some) = table
        {
            some.ended.take_where(|_, ()| true, |_, ()| {});
            if !self.gate.is_on() && some.sets.len() == 0 {
                *table = None;
            }
        }
    }
}

fn nanos(orders: &Orders) -> u64 {
    orders.interval.map_or(0, |interval| u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX))
}

impl Visit<'_> {
    /// This set has this value now.
    fn set(&self, value: Number, attributes: &[KeyValue]) {
        // In use only if a conversion of attributes observes the very metric it is for: then that value goes.
        let inner = self.inner.lock();
        let Ok(mut inner) = inner.try_borrow_mut() else { return };
        let Inner { table, bodies, named } = &mut *inner;
        let Table { sets, ended, attributes: encoded, point } = &mut **table;
        if *named >= OBSERVED_SETS_MAX {
            return self.losses.observed_sets.add(1);
        }
        encoded.clear();
        otlp::attributes(encoded, otlp::attributes_field(self.meta.kind), attributes);
        let held = sets.len();
        let seen = sets.get_or_insert(encoded, || self.begin(value));
        if seen.last == self.at.number {
            return self.losses.observed_twice.add(1);
        }
        seen.last = self.at.number;
        let value = seen.since(value, self.at);
        let start = (self.meta.kind != Kind::Gauge).then_some(seen.start);
        let times = Times { start, time: self.at.time.max(seen.start) };
        if sets.len() > held && ended.len() > 0 {
            ended.remove(encoded);
        }
        *named += 1;
        point.clear();
        otlp::number_point(point, encoded, times, value, None);
        if !bodies.point(self.meta, point) {
            self.losses.item_bytes.add(1);
        }
    }

    /// A set that was not there before. A counter that was off counts from now on: what it had counted is of a time of which
    /// nothing is said, and came already if it was on before that.
    fn begin(&self, value: Number) -> Seen {
        let (start, base) = match (self.opened && self.meta.kind == Kind::Counter, value) {
            (false, _) => (self.at.previous, 0),
            (true, Number::Int(counted)) => (self.at.time, counted.cast_unsigned()),
            (true, Number::Double(counted)) => (self.at.time, counted.to_bits()),
        };
        Seen { start, last: 0, base }
    }
}

impl Seen {
    /// The value without what was counted before it was turned on. One that fell below that was counted anew.
    fn since(&mut self, value: Number, at: Moment) -> Number {
        let since = match value {
            _ if self.base == 0 => return value,
            Number::Int(now) => now.checked_sub(self.base.cast_signed()).filter(|n| *n >= 0).map(Number::Int),
            Number::Double(now) => Some(now - f64::from_bits(self.base)).filter(|n| *n >= 0.0).map(Number::Double),
        };
        since.unwrap_or_else(|| {
            (self.start, self.base) = (self.start.saturating_add(1).max(at.previous), 0);
            value
        })
    }
}

impl Table {
    fn new(hasher: &RandomState) -> Self {
        Self { sets: Sets::new(hasher.clone()), ended: Sets::new(hasher.clone()), attributes: Vec::new(), point: Vec::new() }
    }

    /// Ends what was not named, and says of everything that ended that it did.
    fn end(&mut self, at: Moment, meta: &'static Meta, losses: &Losses, bodies: &mut Bodies) {
        let Self { sets, ended, point, .. } = self;
        sets.take_where(
            |_, seen| seen.last != at.number,
            |attributes, _| {
                if ended.len() < ENDED_SETS_MAX {
                    ended.get_or_insert(attributes, || ());
                } else {
                    losses.ended_sets.add(1);
                }
            },
        );
        for (attributes, ()) in ended.iter_mut() {
            point.clear();
            otlp::end_point(point, meta.kind, attributes, at.time);
            bodies.point(meta, point);
        }
    }
}
