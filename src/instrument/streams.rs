//! What a recorded metric holds while it is on: a stream for each attribute set, the streams of former shapes until their
//! last values arrived, and the ends that are still to be said. Knows neither gates nor plans.

use crate::{
    body::Bodies,
    buckets::{Bounds, Buckets},
    limits::{ENDED_SETS_MAX, RETIRED_SETS_MAX},
    losses::Losses,
    metric::{Kind, Meta},
    otlp::{self, Exemplar, Number, Times},
    recorded::Measure,
    sets::Sets,
};
use opentelemetry::KeyValue;
use std::{collections::VecDeque, hash::RandomState};

/// The streams of one metric.
pub(crate) struct Streams {
    sets: Sets<Stream>,
    /// Whether one of them is the overflow set.
    overflowing: bool,
    /// They are held, and the far end is told that they ended.
    paused: bool,
    /// Those of former shapes, in order.
    retired: VecDeque<Retired>,
    /// Sets that ended, and whether the last collection said so.
    ended: Sets<bool>,
    /// The set at hand, encoded; and its point. Kept for their memory.
    encoded: Vec<u8>,
    point: Vec<u8>,
}

/// One stream.
pub(crate) struct Stream {
    start: u64,
    total: Total,
    exemplar: Option<Box<Exemplar>>,
}

/// What a stream's measurements came to.
pub(crate) enum Total {
    Sum(u64),
    Signed(i64),
    Float(f64),
    Last(Number),
    Distribution(Box<Buckets>),
}

/// Streams of a former shape: nothing is added to them, and their last values are sent until they arrived.
struct Retired {
    sets: Sets<Stream>,
    bounds: Bounds,
    /// Of which moment their points speak.
    at: u64,
    /// Whether the last collection said them.
    said: bool,
}

/// The sets of a former shape, encoded, each with what takes its measurements, empty.
pub(crate) type Former = Vec<(Box<[u8]>, Total)>;

/// What is to be known of a metric to add to it or to write it.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) meta: &'static Meta,
    pub(crate) losses: &'a Losses,
    pub(crate) bounds: &'a Bounds,
}

impl Streams {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self {
            sets: Sets::new(hasher.clone()),
            overflowing: false,
            paused: false,
            retired: VecDeque::new(),
            ended: Sets::new(hasher.clone()),
            encoded: Vec::new(),
            point: Vec::new(),
        }
    }

    /// Whether nothing is held and nothing is to be said.
    pub(crate) fn is_empty(&self) -> bool {
        self.sets.len() == 0 && self.retired.is_empty() && self.ended.len() == 0
    }

    /// The stream of this set; at the limit, that of the overflow set. A new one begins at `start`.
    pub(crate) fn stream<'a>(
        &mut self,
        about: About<'_>,
        attributes: impl Iterator<Item = &'a KeyValue>,
        limit: usize,
        (start, first): (u64, &Measure),
    ) -> &mut Stream {
        self.encoded.clear();
        otlp::attributes(&mut self.encoded, otlp::attributes_field(about.meta.kind), attributes);
        self.at_hand(about, limit, || Stream { start, total: Total::of(first, about.bounds), exemplar: None })
    }

    /// The stream of the set at hand; at the limit, that of the overflow set.
    fn at_hand(&mut self, about: About<'_>, limit: usize, new: impl FnOnce() -> Stream) -> &mut Stream {
        let plain = self.sets.len() - usize::from(self.overflowing);
        if plain >= limit.max(1) && self.sets.get(&self.encoded).is_none() {
            about.losses.overflow.add(1);
            self.overflowing = true;
            overflow(&mut self.encoded, about.meta.kind);
        }
        let stream = self.sets.get_or_insert(&self.encoded, new);
        // While it is paused, nothing of it is there for the far end, old or new.
        if self.ended.len() > 0 && !self.paused {
            self.ended.remove(&self.encoded);
        }
        stream
    }

    /// Writes the points of every set, if they are `on`; the last ones of former shapes; and the ends of what ended. Answers
    /// the latest moment that was
    /// spoken of; the latest before that is `spoken`.
    pub(crate) fn write(&mut self, about: About<'_>, (time, spoken, on): (u64, u64, bool), bodies: &mut Bodies) -> u64 {
        let Self { sets, retired, ended, point, .. } = self;
        let mut latest = time;
        for Retired { sets, bounds, at, said } in retired {
            *said = true;
            sets.iter_mut().for_each(|(set, stream)| stream.write(About { bounds, ..about }, (set, *at), point, bodies));
        }
        if on {
            for (set, stream) in sets.iter_mut() {
                let time = time.max(stream.start);
                latest = latest.max(time);
                stream.write(about, (set, time), point, bodies);
            }
        }
        for (set, said) in ended.iter_mut() {
            *said = true;
            point.clear();
            // Never before what was said of it, or it would be taken for late.
            otlp::end_point(point, about.meta.kind, set, time.max(spoken));
            bodies.point(about.meta, point);
        }
        latest
    }

    /// What the last collection said arrived: it need not be said again. What a former shape held has ended then, unless the
    /// set is there anew.
    pub(crate) fn arrived(&mut self, losses: &Losses) {
        self.ended.take_where(|_, said| *said, |_, _| {});
        while let Some(mut gone) = self.retired.pop_front_if(|retired| retired.said) {
            let Self { sets, retired, ended, .. } = self;
            gone.sets.take_where(
                |_, _| true,
                |set, _| {
                    if sets.get(set).is_none() && retired.iter_mut().all(|later| later.sets.get(set).is_none()) {
                        end(ended, set, losses);
                    }
                },
            );
        }
    }

    /// Ends the sets for which `gone` holds. Answers whether there were some.
    pub(crate) fn end_where(&mut self, gone: impl Fn(&[u8]) -> bool, losses: &Losses) -> bool {
        let Self { sets, ended, .. } = self;
        let held = sets.len();
        sets.take_where(|set, _| gone(set), |set, _| end(ended, set, losses));
        sets.len() < held
    }

    /// Ends all there is, also of former shapes.
    pub(crate) fn end_all(&mut self, losses: &Losses) {
        self.end_where(|_| true, losses);
        for mut retired in std::mem::take(&mut self.retired) {
            retired.sets.take_where(|_, _| true, |set, _| end(&mut self.ended, set, losses));
        }
        self.overflowing = false;
    }

    /// Says of every set that it ended, and holds it all the same.
    pub(crate) fn pause(&mut self, losses: &Losses) {
        self.paused = true;
        let Self { sets, ended, .. } = self;
        sets.iter_mut().for_each(|(set, _)| end(ended, set, losses));
    }

    /// Takes that back.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
        let Self { sets, ended, .. } = self;
        for (set, _) in sets.iter_mut() {
            ended.remove(set);
        }
    }

    /// Leaves the shape: what is held goes out as it is at this moment, until it arrived. Of sets with nothing in them there is
    /// nothing to go out. Answers what was held, empty, in its order.
    pub(crate) fn retire(&mut self, about: About<'_>, at: u64, hasher: &RandomState) -> Former {
        let Self { sets, retired, ended, .. } = self;
        let mut sets = std::mem::replace(sets, Sets::new(hasher.clone()));
        self.overflowing = false;
        let held = sets.iter_mut().map(|(set, stream)| (set.into(), stream.total.emptied())).collect();
        let empty = |_: &[u8], stream: &Stream| stream.total.is_empty();
        sets.take_where(empty, |set, _| {
            if retired.iter_mut().all(|earlier: &mut Retired| earlier.sets.get(set).is_none()) {
                end(ended, set, about.losses);
            }
        });
        if sets.len() > 0 {
            retired.push_back(Retired { sets, bounds: about.bounds.clone(), at, said: false });
        }
        while self.retired.iter().map(|retired| retired.sets.len()).sum::<usize>() > RETIRED_SETS_MAX {
            let lost = self.retired.pop_front().map_or(0, |retired| retired.sets.len());
            about.losses.retired_sets.add(lost as u64);
        }
        held
    }

    /// What was held in a former shape is there in this one from the start, empty: an idle set must not vanish until something
    /// happens to it.
    pub(crate) fn seed(&mut self, about: About<'_>, (held, start): (Former, u64), stays: impl Fn(&str) -> bool, limit: usize) {
        let mut further = Vec::new();
        overflow(&mut further, about.meta.kind);
        for (set, total) in held {
            let new = || Stream { start, total: total.with(about.bounds), exemplar: None };
            self.encoded.clear();
            if *set == *further {
                self.sets.get_or_insert(&further, new);
                self.overflowing = true;
                self.ended.remove(&further);
            } else {
                otlp::filtered(&mut self.encoded, &set, &stays);
                self.at_hand(about, limit, new);
            }
        }
    }

    /// The same with fewer of its bounds, as if it had been so from the start.
    pub(crate) fn coarsen(&mut self, of: &Bounds, bounds: &Bounds) {
        for (_, stream) in self.sets.iter_mut() {
            if let Total::Distribution(buckets) = &mut stream.total {
                buckets.coarsen(of, bounds);
            }
        }
    }

    /// Whether there is something to say that cannot wait: an end, or a last value.
    pub(crate) fn is_urgent(&self) -> bool {
        self.ended.len() > 0 || !self.retired.is_empty()
    }
}

/// The set of those for which there is no room, encoded.
fn overflow(out: &mut Vec<u8>, kind: Kind) {
    out.clear();
    otlp::attributes(out, otlp::attributes_field(kind), &[KeyValue::new(otlp::OVERFLOW, true)]);
}

/// Says from now on that this set ended.
fn end(ended: &mut Sets<bool>, set: &[u8], losses: &Losses) {
    if ended.len() < ENDED_SETS_MAX {
        ended.get_or_insert(set, || false);
    } else {
        losses.ended_sets.add(1);
    }
}

impl Stream {
    /// Adds a measurement, and what stands as an example of it.
    pub(crate) fn add(&mut self, measure: &Measure, bounds: &Bounds, exemplar: Option<Exemplar>) {
        match (&mut self.total, measure) {
            (Total::Sum(sum), Measure::Add(n)) => *sum = sum.saturating_add(*n),
            (Total::Signed(sum), Measure::AddSigned(n)) => *sum = sum.saturating_add(*n),
            (Total::Float(sum), Measure::AddFloat(n)) => *sum += n,
            (Total::Last(last), Measure::Set(now)) => *last = *now,
            (Total::Distribution(buckets), Measure::Record(value)) => buckets.add(bounds, *value),
            (Total::Distribution(buckets), Measure::Merge(more)) => buckets.merge(more),
            // Another type than the set was begun with: only a library that hands out two handles of one name could.
            _ => {}
        }
        if let Some(exemplar) = exemplar {
            self.exemplar = Some(Box::new(exemplar));
        }
    }

    fn write(&self, about: About<'_>, (set, time): (&[u8], u64), point: &mut Vec<u8>, bodies: &mut Bodies) {
        let Self { start, total, exemplar } = self;
        let exemplar = exemplar.as_deref();
        let times = Times { start: (about.meta.kind != Kind::Gauge).then_some(*start), time };
        point.clear();
        let value = match total {
            Total::Sum(sum) => Number::Int(i64::try_from(*sum).unwrap_or(i64::MAX)),
            Total::Signed(sum) => Number::Int(*sum),
            Total::Float(sum) => Number::Double(*sum),
            Total::Last(last) => *last,
            Total::Distribution(buckets) => {
                otlp::histogram_point(point, set, times, (about.bounds, buckets), exemplar);
                return put(about, point, bodies);
            }
        };
        otlp::number_point(point, set, times, value, exemplar);
        put(about, point, bodies);
    }
}

fn put(about: About<'_>, point: &[u8], bodies: &mut Bodies) {
    if !bodies.point(about.meta, point) {
        about.losses.item_bytes.add(1);
    }
}

impl Total {
    /// That which takes measurements of this type.
    fn of(measure: &Measure, bounds: &Bounds) -> Self {
        match measure {
            Measure::Add(_) => Self::Sum(0),
            Measure::AddSigned(_) => Self::Signed(0),
            Measure::AddFloat(_) => Self::Float(0.0),
            Measure::Set(now) => Self::Last(*now),
            Measure::Record(_) | Measure::Merge(_) => Self::Distribution(Box::new(Buckets::new(bounds))),
        }
    }

    /// That which takes the same measurements, with nothing in it, and no buckets yet.
    fn emptied(&self) -> Self {
        match self {
            Self::Sum(_) => Self::Sum(0),
            Self::Signed(_) => Self::Signed(0),
            Self::Float(_) => Self::Float(0.0),
            Self::Last(last) => Self::Last(*last),
            Self::Distribution(_) => Self::Distribution(Box::new(Buckets::new(&[]))),
        }
    }

    /// The same, which is empty, with buckets of these bounds.
    fn with(self, bounds: &Bounds) -> Self {
        match self {
            Self::Distribution(_) => Self::Distribution(Box::new(Buckets::new(bounds))),
            other => other,
        }
    }

    /// Whether nothing was added to it that would be missed.
    fn is_empty(&self) -> bool {
        match self {
            Self::Sum(sum) => *sum == 0,
            Self::Signed(sum) => *sum == 0,
            Self::Float(sum) => *sum == 0.0,
            Self::Last(_) => false,
            Self::Distribution(buckets) => buckets.count == 0,
        }
    }
}
