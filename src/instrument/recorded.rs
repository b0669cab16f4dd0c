//! A metric that is recorded where things happen: added up for each attribute set from the set's first measurement on,
//! so that every push says all of it, and one that is lost or comes twice does no harm. While it is off it holds nothing, but
//! for an up-down counter, which goes on.
//! Knows no transport and no plan: orders come from `rules`.

#[cfg(test)]
mod tests;

use crate::{
    body::Bodies,
    bound::Cell,
    buckets::{Bounds, Buckets},
    gate::Gate,
    metric::{Kind, Meta},
    observed::Moment,
    otlp::{self, Exemplar, Number},
    pace::Pace,
    rules::Orders,
    shared::Shared,
    span::Place,
    streams::{About, Streams},
};
use opentelemetry::KeyValue;
use parking_lot::Mutex;
use std::sync::Arc;

/// A metric that is recorded.
pub(crate) struct Recorded {
    meta: &'static Meta,
    gate: Gate,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) enum Measure {
    /// Of a counter.
    Add(u64),
    /// Of an up-down counter.
    AddSigned(i64),
    /// Of either, in floating point.
    AddFloat(f64),
    /// Of a gauge.
    Set(Number),
    /// Of a histogram.
    Record(f64),
    /// Of a histogram: several at once, in buckets of the bounds of now.
    Merge(Box<Buckets>),
}

struct State {
    /// Where they say more than the gate does.
    orders: Option<Box<Orders>>,
    /// The latest moment that was spoken of, or at which a set began.
    latest: u64,
    /// No set begins earlier: it would be taken for one that ended.
    since: u64,
    pace: Pace,
    cells: Vec<Held>,
    streams: Option<Box<Streams>>,
}

/// A cell of a bound handle, and when it was last emptied.
struct Held {
    cell: Arc<Cell>,
    emptied: u64,
}

impl Measure {
    /// As an example carries it; none of what is several, or no number.
    fn number(&self) -> Option<Number> {
        match self {
            Self::Add(n) => Some(Number::Int(i64::try_from(*n).unwrap_or(i64::MAX))),
            Self::AddSigned(n) => Some(Number::Int(*n)),
            Self::AddFloat(n) | Self::Record(n) => Some(Number::Double(*n)),
            Self::Set(n) => Some(*n),
            Self::Merge(_) => None,
        }
    }

    /// What is not finite would spoil a sum for good.
    fn is_finite(&self) -> bool {
        match self {
            Self::AddFloat(n) | Self::Record(n) => n.is_finite(),
            _ => true,
        }
    }
}

impl Recorded {
    pub(crate) fn new(meta: &'static Meta, shared: Arc<Shared>, orders: Orders) -> Self {
        shared.made(orders.on);
        let gate = Gate::new(orders.on);
        let orders = orders.shaped();
        let state = State { orders, latest: 0, since: 0, pace: Pace::default(), cells: Vec::new(), streams: None };
        Self { meta, gate, shared, state: Mutex::new(state) }
    }

    pub(crate) fn meta(&self) -> &'static Meta {
        self.meta
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.gate.is_on()
    }

    /// Whether what it holds is about all that ever was, so that it goes on while it is off: an up-down counter would be
    /// wrong for ever, without what it missed.
    fn goes_on(&self) -> bool {
        self.meta.kind == Kind::UpDownCounter
    }

    /// Adds a measurement to its set, if the metric is on.
    pub(crate) fn measure(&self, measure: Measure, attributes: &[KeyValue], place: Option<Place>) {
        if !measure.is_finite() {
            return;
        }
        let now = (self.shared.now)();
        let exemplar = place.filter(|place| place.lives()).zip(measure.number());
        let exemplar = exemplar.map(|(place, value)| Exemplar { time: now, value, place });
        let mut state = self.state.lock();
        if self.is_on() || self.goes_on() {
            state.add(self, (&measure, exemplar), attributes, now);
        }
    }

    /// Obeys from now on.
    pub(crate) fn obey(&self, orders: &Orders) {
        let now = (self.shared.now)();
        let mut state = self.state.lock();
        let was_on = self.is_on();
        if state.orders.as_deref().map_or(*orders == Orders::plain(was_on), |before| before == orders) {
            return;
        }
        // Into the sets that end or retire now; while it was off, nowhere. What comes from here on has the new shape.
        let bounds = orders.bounds.clone().map_or(Bounds::Declared(self.meta.buckets), Bounds::Planned);
        state.empty(self, now, &bounds);
        let before = state.orders.take().map_or_else(|| Orders::plain(was_on), |before| *before);
        let anew = match (was_on, orders.on) {
            (true, true) => {
                (&before.keys, &before.bounds) != (&orders.keys, &orders.bounds) && state.reshape(self, (&before, orders), now)
            }
            (true, false) => {
                state.close(self, now);
                false
            }
            (false, on) => {
                state.pace.hurry();
                state.streams.iter_mut().for_each(|streams| streams.resume());
                on
            }
        };
        state.orders = orders.clone().shaped();
        if anew {
            state.bound_again(self, now);
        }
        if was_on != orders.on {
            self.shared.turned(orders.on);
            self.gate.set(orders.on);
        }
    }

    /// A cell for a bound handle. Its set is there from now on, so that its first increase shows.
    pub(crate) fn bind(&self, new: impl FnOnce(&Bounds) -> Cell) -> Arc<Cell> {
        let now = (self.shared.now)();
        let mut state = self.state.lock();
        // Those of handles that are gone are forgotten before there is room for more.
        let bounds = state.bounds(self.meta);
        if state.cells.len() == state.cells.capacity() {
            state.empty(self, now, &bounds);
        }
        let cell = Arc::new(new(&bounds));
        state.cells.push(Held { cell: cell.clone(), emptied: now });
        if self.is_on() {
            let nothing = cell.nothing(&bounds);
            state.add(self, (&nothing, None), &cell.attributes, now);
        }
        cell
    }

    /// Adds what bound handles added to their sets.
    pub(crate) fn empty_cells(&self) {
        let now = (self.shared.now)();
        let mut state = self.state.lock();
        let bounds = state.bounds(self.meta);
        state.empty(self, now, &bounds);
    }

    /// Writes what is to be said, if it is due.
    pub(crate) fn collect(&self, at: Moment, bodies: &mut Bodies) {
        let mut state = self.state.lock();
        let on = self.is_on();
        // Last values and ends wait for no interval.
        let is_urgent = state.streams.as_ref().is_some_and(|streams| streams.is_urgent());
        if on && !is_urgent && !state.pace.is_due(at, state.orders.as_ref().and_then(|orders| orders.interval)) {
            return;
        }
        let bounds = state.bounds(self.meta);
        state.empty(self, at.time, &bounds);
        let about = About { meta: self.meta, losses: &self.shared.losses, bounds: &bounds };
        let State { pace, streams, latest, .. } = &mut *state;
        if let Some(streams) = streams.as_mut().filter(|streams| !streams.is_empty()) {
            *latest = streams.write(about, (at.time, *latest, on), bodies).max(*latest);
            pace.carried(at);
        }
    }

    /// Ends every set with this attribute. What is recorded for it later begins anew.
    pub(crate) fn end_where(&self, key: &str, value: &str) {
        let now = (self.shared.now)();
        let wanted = otlp::text_attribute(otlp::attributes_field(self.meta.kind), key, value);
        let mut state = self.state.lock();
        let bounds = state.bounds(self.meta);
        state.empty(self, now, &bounds);
        let State { streams, latest, since, .. } = &mut *state;
        let Some(streams) = streams else { return };
        if streams.end_where(|set| otlp::contains(set, &wanted), &self.shared.losses) {
            *since = now.max(*latest).saturating_add(1);
        }
    }

    /// Cells of bound handles.
    #[cfg(test)]
    pub(crate) fn cells(&self) -> usize {
        self.state.lock().cells.len()
    }

    /// This collection arrived: what it said need not be said again.
    pub(crate) fn arrived(&self, number: u64) {
        let mut state = self.state.lock();
        let State { pace, streams, .. } = &mut *state;
        if let Some(some) = streams
            && pace.arrived(number)
        {
            some.arrived(&self.shared.losses);
            if !self.is_on() && some.is_empty() {
                *streams = None;
            }
        }
    }
}

impl State {
    fn bounds(&self, meta: &Meta) -> Bounds {
        let planned = self.orders.as_ref().and_then(|orders| orders.bounds.clone());
        planned.map_or(Bounds::Declared(meta.buckets), Bounds::Planned)
    }

    fn add(&mut self, of: &Recorded, (measure, exemplar): (&Measure, Option<Exemplar>), attributes: &[KeyValue], start: u64) {
        let bounds = self.bounds(of.meta);
        let start = start.max(self.since);
        self.latest = self.latest.max(start);
        let streams = self.streams.get_or_insert_with(|| Box::new(Streams::new(&of.shared.hasher)));
        let about = About { meta: of.meta, losses: &of.shared.losses, bounds: &bounds };
        let orders = self.orders.as_deref();
        let stays = |pair: &&KeyValue| orders.is_none_or(|orders| orders.keys.stays(pair.key.as_str()));
        let limit = orders.and_then(|orders| orders.limit).unwrap_or(of.meta.limit);
        let stream = streams.stream(about, attributes.iter().filter(stays), limit, (start, measure));
        stream.add(measure, &bounds, exemplar);
    }

    /// Takes what is in the cells of bound handles, which have these bounds from now on, and forgets those whose handle is
    /// gone. It goes to their sets; if the metric is off, nowhere.
    fn empty(&mut self, of: &Recorded, now: u64, bounds: &Bounds) {
        if self.cells.is_empty() {
            return;
        }
        let mut cells = std::mem::take(&mut self.cells);
        cells.retain_mut(|Held { cell, emptied }| {
            // Asked first: a handle that goes after this is forgotten the next time.
            let is_held = Arc::strong_count(cell) > 1;
            if let Some(measure) = cell.take(bounds)
                && of.is_on()
            {
                // It came after the cell was last emptied.
                self.add(of, (&measure, None), &cell.attributes, *emptied);
            }
            *emptied = now;
            is_held
        });
        self.cells = cells;
    }

    /// From one shape to another. Where that only takes bounds away, everything goes on. Else what is held goes out as it is
    /// now until it arrived, and begins anew, empty; but where keys come back: which values they had is not known, so those
    /// sets are not there until something happens to them. Answers whether it begins anew.
    fn reshape(&mut self, of: &Recorded, (before, orders): (&Orders, &Orders), now: u64) -> bool {
        let Some(streams) = &mut self.streams else { return true };
        let bounds = |orders: &Orders| orders.bounds.clone().map_or(Bounds::Declared(of.meta.buckets), Bounds::Planned);
        let (from, to) = (bounds(before), bounds(orders));
        if before.keys == orders.keys && from.cover(&to) {
            streams.coarsen(&from, &to);
            return false;
        }
        let about = About { meta: of.meta, losses: &of.shared.losses, bounds: &from };
        let at = now.max(self.latest);
        let held = streams.retire(about, at, &of.shared.hasher);
        if held.is_empty() {
            return true;
        }
        self.since = at.saturating_add(1);
        if before.keys.cover(&orders.keys) {
            let limit = orders.limit.unwrap_or(of.meta.limit);
            streams.seed(About { bounds: &to, ..about }, (held, self.since), |key| orders.keys.stays(key), limit);
            self.latest = self.since;
        }
        true
    }

    /// The sets of bound handles are there, as they were promised to be.
    fn bound_again(&mut self, of: &Recorded, now: u64) {
        let bounds = self.bounds(of.meta);
        let cells = std::mem::take(&mut self.cells);
        for Held { cell, .. } in cells.iter().filter(|held| Arc::strong_count(&held.cell) > 1) {
            self.add(of, (&cell.nothing(&bounds), None), &cell.attributes, now);
        }
        self.cells = cells;
    }

    /// Ends everything; of what goes on while it is off, only says so.
    fn close(&mut self, of: &Recorded, now: u64) {
        let Some(streams) = &mut self.streams else { return };
        if of.goes_on() {
            return streams.pause(&of.shared.losses);
        }
        streams.end_all(&of.shared.losses);
        self.since = now.max(self.latest).saturating_add(1);
        if streams.is_empty() {
            self.streams = None;
        }
    }
}
