//! A metric that is recorded where things happen: added up for each attribute set from the set's first measurement on,
//! so that every push says all of it, and one that is lost or comes twice does no harm. A set is held once, until it is
//! ended. Knows no transport.

use crate::{
    body::Bodies,
    limits::ENDED_SETS_MAX,
    losses::Losses,
    metric::{Kind, Meta},
    observed::Moment,
    otlp::{self, Buckets, Exemplar, Number, Times},
    sets::Sets,
    span::Place,
};
use opentelemetry::KeyValue;
use parking_lot::Mutex;
use std::{hash::RandomState, sync::Arc};

/// Now, in nanoseconds since 1970.
pub(crate) type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A counter or histogram.
pub(crate) struct Recorded {
    meta: &'static Meta,
    streams: Mutex<Streams>,
    losses: Arc<Losses>,
    now: Now,
}

struct Streams {
    sets: Sets<Stream>,
    /// Whether one of them is the overflow set.
    overflowing: bool,
    /// Sets that ended, with the first collection that said so; none did yet at `u64::MAX`.
    ended: Sets<u64>,
    /// The set at hand, encoded. Kept for its memory.
    encoded: Vec<u8>,
}

struct Stream {
    start: u64,
    total: Total,
    exemplar: Option<Box<Exemplar>>,
}

enum Total {
    Sum(u64),
    Distribution(Box<Buckets>),
}

impl Recorded {
    pub(crate) fn new(meta: &'static Meta, hasher: &RandomState, losses: Arc<Losses>, now: Now) -> Self {
        let streams = Streams {
            sets: Sets::new(hasher.clone()),
            overflowing: false,
            ended: Sets::new(hasher.clone()),
            encoded: Vec::new(),
        };
        Self { meta, streams: Mutex::new(streams), losses, now }
    }

    /// Adds to a counter's set.
    pub(crate) fn add(&self, n: u64, attributes: &[KeyValue], place: Option<Place>) {
        let value = Number::Int(i64::try_from(n).unwrap_or(i64::MAX));
        self.measure(attributes, value, place, |total| {
            if let Total::Sum(sum) = total {
                *sum = sum.saturating_add(n);
            }
        });
    }

    /// Adds a measurement to a histogram's set. One that is not finite would spoil the sum for good.
    pub(crate) fn record(&self, value: f64, attributes: &[KeyValue], place: Option<Place>) {
        if !value.is_finite() {
            return;
        }
        self.measure(attributes, Number::Double(value), place, |total| {
            if let Total::Distribution(buckets) = total {
                let at = self.meta.buckets.partition_point(|bound| *bound < value);
                if let Some(count) = buckets.counts.get_mut(at) {
                    *count += 1;
                }
                buckets.count += 1;
                buckets.sum += value;
                buckets.min = buckets.min.min(value);
                buckets.max = buckets.max.max(value);
            }
        });
    }

    fn measure(&self, attributes: &[KeyValue], value: Number, place: Option<Place>, add: impl FnOnce(&mut Total)) {
        let now = (self.now)();
        let mut streams = self.streams.lock();
        let stream = streams.stream(self.meta, attributes, now, &self.losses);
        add(&mut stream.total);
        if let Some(place) = place {
            stream.exemplar = Some(Box::new(Exemplar { time: now, value, place }));
        }
    }

    /// Writes the points of every set, and the ends of those that ended.
    pub(crate) fn collect(&self, at: Moment, bodies: &mut Bodies) {
        let mut point = Vec::new();
        let mut streams = self.streams.lock();
        for (attributes, Stream { start, total, exemplar }) in streams.sets.iter_mut() {
            let times = Times { start: Some(*start), time: at.time.max(*start) };
            point.clear();
            match total {
                Total::Sum(sum) => {
                    let value = Number::Int(i64::try_from(*sum).unwrap_or(i64::MAX));
                    otlp::number_point(&mut point, attributes, times, value, exemplar.as_deref());
                }
                Total::Distribution(buckets) => {
                    otlp::histogram_point(&mut point, attributes, times, (self.meta, buckets), exemplar.as_deref());
                }
            }
            if !bodies.point(self.meta, &point) {
                self.losses.item_bytes.add(1);
            }
        }
        for (attributes, said) in streams.ended.iter_mut() {
            *said = at.number.min(*said);
            point.clear();
            otlp::end_point(&mut point, self.meta.kind, attributes, at.time);
            bodies.point(self.meta, &point);
        }
    }

    /// Ends every set with this attribute. What is recorded for it later begins anew.
    pub(crate) fn end_where(&self, key: &str, value: &str) {
        let wanted = otlp::text_attribute(otlp::attributes_field(self.meta.kind), key, value);
        let mut streams = self.streams.lock();
        let Streams { sets, ended, .. } = &mut *streams;
        sets.take_where(
            |attributes, _| otlp::contains(attributes, &wanted),
            |attributes, _| {
                if ended.len() < ENDED_SETS_MAX {
                    ended.get_or_insert(attributes, || u64::MAX);
                } else {
                    self.losses.ended_sets.add(1);
                }
            },
        );
    }

    /// The ends that this collection and those before it said have arrived.
    pub(crate) fn arrived(&self, number: u64) {
        self.streams.lock().ended.take_where(|_, said| *said <= number, |_, _| {});
    }
}

impl Streams {
    /// The stream of this set; at the metric's limit, that of the overflow set.
    fn stream(&mut self, meta: &Meta, attributes: &[KeyValue], now: u64, losses: &Losses) -> &mut Stream {
        let field = otlp::attributes_field(meta.kind);
        self.encoded.clear();
        otlp::attributes(&mut self.encoded, field, attributes);
        let plain = self.sets.len() - usize::from(self.overflowing);
        if plain >= meta.limit.max(1) && self.sets.get(&self.encoded).is_none() {
            losses.overflow.add(1);
            self.overflowing = true;
            self.encoded.clear();
            otlp::attributes(&mut self.encoded, field, &[KeyValue::new(otlp::OVERFLOW, true)]);
        }
        let stream = self.sets.get_or_insert(&self.encoded, || Stream { start: now, total: Total::of(meta), exemplar: None });
        if self.ended.len() > 0 {
            self.ended.remove(&self.encoded);
        }
        stream
    }
}

impl Total {
    fn of(meta: &Meta) -> Self {
        if meta.kind == Kind::Histogram {
            let counts = vec![0; meta.buckets.len() + 1].into();
            let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
            Self::Distribution(Box::new(Buckets { counts, count: 0, sum: 0.0, min, max }))
        } else {
            Self::Sum(0)
        }
    }
}
