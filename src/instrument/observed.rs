//! A metric that is read from state at each collection: its points go straight to bytes. What is remembered of a set is
//! its attributes and its start, so that one that is not named any more can be ended. Knows no state and no clock.

use crate::{
    body::Bodies,
    limits::{ENDED_SETS_MAX, OBSERVED_SETS_MAX},
    losses::Losses,
    metric::{Kind, Meta},
    otlp::{self, Number, Times},
    sets::Sets,
};
use opentelemetry::KeyValue;
use parking_lot::{Mutex, ReentrantMutex};
use std::{cell::RefCell, hash::RandomState, sync::Arc};

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
pub(crate) type Set<'a> = dyn Fn(Number, &[KeyValue]) + 'a;

/// Reads the values of a metric from state.
pub(crate) type Callback = Arc<dyn Fn(&Set<'_>) + Send + Sync>;

/// An observed metric.
pub(crate) struct Observed {
    meta: &'static Meta,
    callbacks: Mutex<Vec<Callback>>,
    /// Locked while callbacks run, so that two collections take turns; a callback that collects itself finds it in use
    /// and goes without this metric, instead of waiting for itself.
    table: ReentrantMutex<RefCell<Table>>,
    losses: Arc<Losses>,
}

#[derive(Clone, Copy)]
struct Seen {
    start: u64,
    /// The number of the collection that saw it last.
    last: u64,
}

struct Table {
    sets: Sets<Seen>,
    /// Sets that ended, with the first collection that said so.
    ended: Sets<u64>,
    /// The set at hand, encoded; and its point. Kept for their memory.
    attributes: Vec<u8>,
    point: Vec<u8>,
}

/// A metric while its callbacks run.
struct Visit<'a> {
    meta: &'static Meta,
    at: Moment,
    losses: &'a Losses,
    inner: RefCell<Inner<'a>>,
}

struct Inner<'a> {
    table: &'a mut Table,
    bodies: &'a mut Bodies,
    named: usize,
}

impl Observed {
    pub(crate) fn new(meta: &'static Meta, hasher: &RandomState, losses: Arc<Losses>) -> Self {
        let table = Table {
            sets: Sets::new(hasher.clone()),
            ended: Sets::new(hasher.clone()),
            attributes: Vec::new(),
            point: Vec::new(),
        };
        Self { meta, callbacks: Mutex::default(), table: ReentrantMutex::new(RefCell::new(table)), losses }
    }

    /// One more place to read from; its sets come after those of the others.
    pub(crate) fn read(&self, callback: Callback) {
        self.callbacks.lock().push(callback);
    }

    /// Reads the metric and writes its points, and the ends of what is not named any more.
    pub(crate) fn collect(&self, at: Moment, bodies: &mut Bodies) {
        let callbacks = self.callbacks.lock().clone();
        let table = self.table.lock();
        let Ok(mut table) = table.try_borrow_mut() else { return };
        let visit = Visit {
            meta: self.meta,
            at,
            losses: &self.losses,
            inner: RefCell::new(Inner { table: &mut table, bodies, named: 0 }),
        };
        callbacks.iter().for_each(|read| read(&|value, attributes| visit.set(value, attributes)));
        table.end(at, self.meta, &self.losses, bodies);
    }

    /// The ends that this collection and those before it said have arrived.
    pub(crate) fn arrived(&self, number: u64) {
        let table = self.table.lock();
        if let Ok(mut table) = table.try_borrow_mut() {
            table.ended.take_where(|_, said| *said <= number, |_, _| {});
        }
    }
}

impl Visit<'_> {
    /// This set has this value now.
    fn set(&self, value: Number, attributes: &[KeyValue]) {
        // In use only if a conversion of attributes observes the very metric it is for: then that value goes.
        let Ok(mut inner) = self.inner.try_borrow_mut() else { return };
        let Inner { table, bodies, named } = &mut *inner;
        let Table { sets, ended, attributes: encoded, point } = &mut **table;
        if *named >= OBSERVED_SETS_MAX {
            return self.losses.observed_sets.add(1);
        }
        encoded.clear();
        otlp::attributes(encoded, otlp::attributes_field(self.meta.kind), attributes);
        let held = sets.len();
        let seen = sets.get_or_insert(encoded, || Seen { start: self.at.previous, last: 0 });
        if seen.last == self.at.number {
            return self.losses.observed_twice.add(1);
        }
        seen.last = self.at.number;
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
}

impl Table {
    /// Ends what was not named, and says of everything that ended that it did.
    fn end(&mut self, at: Moment, meta: &'static Meta, losses: &Losses, bodies: &mut Bodies) {
        let Self { sets, ended, point, .. } = self;
        sets.take_where(
            |_, seen| seen.last != at.number,
            |attributes, _| {
                if ended.len() < ENDED_SETS_MAX {
                    ended.get_or_insert(attributes, || at.number);
                } else {
                    losses.ended_sets.add(1);
                }
            },
        );
        for (attributes, _) in ended.iter_mut() {
            point.clear();
            otlp::end_point(point, meta.kind, attributes, at.time);
            bodies.point(meta, point);
        }
    }
}
