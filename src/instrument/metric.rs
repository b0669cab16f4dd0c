//! Typed handles: what can be recorded follows from the metric's type, and a call site asks `on()` before it builds
//! attributes, so that what is off costs nothing. Knows no names: those are in `semconv`.

use crate::{
    bound::{BoundCounter, BoundHistogram},
    observed::Set,
    otlp::Number,
    recorded::{Measure, Recorded},
    span::Place,
};
use opentelemetry::KeyValue;
use std::{marker::PhantomData, sync::Arc};

/// The kind of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Grows and falls; read from state, but for those of other crates, which may be added to.
    UpDownCounter,
    /// The value now; read from state, but for those of other crates, which may be recorded.
    Gauge,
    /// A distribution of measurements.
    Histogram,
}

impl Kind {
    /// As catalogues and plans spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "Counter",
            Self::UpDownCounter => "UpDownCounter",
            Self::Gauge => "Gauge",
            Self::Histogram => "Histogram",
        }
    }
}

/// How much a user wants to see; Essential and Standard are on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nobody said; on by default.
    Undeclared,
    /// Someone acts on it.
    Essential,
    /// On by default.
    Standard,
    /// For a closer look.
    Detailed,
    /// For a short time.
    Debug,
}

impl Level {
    /// As catalogues spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undeclared => "",
            Self::Essential => "Essential",
            Self::Standard => "Standard",
            Self::Detailed => "Detailed",
            Self::Debug => "Debug",
        }
    }
}

/// What is known of a metric before anything is recorded.
#[derive(Debug, PartialEq)]
pub struct Meta {
    /// OTLP name.
    pub name: &'static str,
    /// Kind of its instrument.
    pub kind: Kind,
    /// UCUM unit; may be empty.
    pub unit: &'static str,
    /// One sentence.
    pub brief: &'static str,
    /// Instrumentation scope.
    pub scope: &'static str,
    /// From which level on it is sent.
    pub level: Level,
    /// Attribute sets that are kept of it where things happen; further ones go to one overflow set.
    pub limit: usize,
    /// Upper bounds of a histogram's buckets.
    pub buckets: &'static [f64],
    /// Keys of its attributes.
    pub attributes: &'static [&'static str],
}

/// A metric with one set of attributes: the fields of the implementing type.
pub trait Metric: Send + Sync + 'static {
    /// What is known of it.
    const META: Meta;
    /// `u64` for counters, `i64` for up-down counters, `f64` for gauges, [`Distribution`] for histograms.
    type Value;
    /// Always the same keys in the same order.
    type Attributes: AsRef<[KeyValue]>;
    /// The attributes of one measurement.
    fn attributes(self) -> Self::Attributes;
}

/// The value of a histogram: recorded, never observed.
#[derive(Debug)]
pub enum Distribution {}

/// A counter that is added to where things happen.
pub struct Counter<M> {
    recorded: Option<Arc<Recorded>>,
    metric: PhantomData<fn(M)>,
}

/// An open [`Counter`].
pub struct CounterOn<'a, M> {
    recorded: &'a Recorded,
    metric: PhantomData<fn(M)>,
}

/// A histogram that is recorded to where things are measured.
pub struct Histogram<M> {
    recorded: Option<Arc<Recorded>>,
    metric: PhantomData<fn(M)>,
}

/// An open [`Histogram`].
pub struct HistogramOn<'a, M> {
    recorded: &'a Recorded,
    metric: PhantomData<fn(M)>,
}

impl<M: Metric<Value = u64>> Counter<M> {
    pub(crate) fn new(recorded: Option<Arc<Recorded>>) -> Self {
        Self { recorded, metric: PhantomData }
    }

    /// The open counter, or nothing while it is off: one load. Ask before attributes are built.
    pub fn on(&self) -> Option<CounterOn<'_, M>> {
        self.recorded.as_deref().filter(|recorded| recorded.is_on()).map(|recorded| CounterOn { recorded, metric: PhantomData })
    }

    /// A handle for these attributes alone, for call sites that are run very often: it adds at once, without reading them.
    /// The set is there from now on while the counter is on, so that its first increase shows.
    pub fn bind(&self, metric: M) -> BoundCounter {
        BoundCounter::new(self.recorded.as_ref(), metric.attributes().as_ref())
    }
}

impl<M: Metric<Value = u64>> CounterOn<'_, M> {
    /// Adds `n`; with 0 the set is there from now on, so that its first increase shows.
    pub fn add(&self, n: u64, metric: M) {
        self.recorded.measure(Measure::Add(n), metric.attributes().as_ref(), None);
    }

    /// Adds `n` within this span, which then stands as an example on the set's points.
    pub fn add_in(&self, n: u64, metric: M, place: Place) {
        self.recorded.measure(Measure::Add(n), metric.attributes().as_ref(), Some(place));
    }
}

impl<M: Metric<Value = Distribution>> Histogram<M> {
    pub(crate) fn new(recorded: Option<Arc<Recorded>>) -> Self {
        Self { recorded, metric: PhantomData }
    }

    /// The open histogram, or nothing while it is off: one load. Ask before attributes are built.
    pub fn on(&self) -> Option<HistogramOn<'_, M>> {
        self.recorded.as_deref().filter(|recorded| recorded.is_on()).map(|recorded| HistogramOn { recorded, metric: PhantomData })
    }

    /// A handle for these attributes alone, for call sites that are run very often: it records without reading them.
    pub fn bind(&self, metric: M) -> BoundHistogram {
        BoundHistogram::new(self.recorded.as_ref(), metric.attributes().as_ref())
    }
}

impl<M: Metric<Value = Distribution>> HistogramOn<'_, M> {
    /// Records one measurement, in the metric's unit. What is not finite is not recorded.
    pub fn record(&self, value: f64, metric: M) {
        self.recorded.measure(Measure::Record(value), metric.attributes().as_ref(), None);
    }

    /// Records one measurement made within this span, which then stands as an example on the set's points.
    pub fn record_in(&self, value: f64, metric: M, place: Place) {
        self.recorded.measure(Measure::Record(value), metric.attributes().as_ref(), Some(place));
    }
}

/// Takes the values of one observable metric while it is collected.
pub struct Readings<'a, M: Metric> {
    set: &'a Set<'a>,
    metric: PhantomData<fn(M)>,
}

impl<'a, M: Metric> Readings<'a, M> {
    pub(crate) fn new(set: &'a Set<'a>) -> Self {
        Self { set, metric: PhantomData }
    }
}

impl<M: Metric> Readings<'_, M>
where
    M::Value: Observable,
{
    /// This set of attributes has this value now. A set that is not named any more ends; of one that is named twice, the
    /// first value counts.
    pub fn set(&self, value: M::Value, metric: M) {
        (self.set)(value.number(), metric.attributes().as_ref());
    }
}

/// A number that can be observed: `u64` for counters, `i64` for up-down counters, `f64` for gauges.
pub trait Observable: Copy + Send + Sync + 'static {
    /// As a point carries it.
    #[doc(hidden)]
    fn number(self) -> Number;
}

impl Observable for u64 {
    /// More than a point can carry is as much as it can.
    fn number(self) -> Number {
        Number::Int(i64::try_from(self).unwrap_or(i64::MAX))
    }
}

impl Observable for i64 {
    fn number(self) -> Number {
        Number::Int(self)
    }
}

impl Observable for f64 {
    fn number(self) -> Number {
        Number::Double(self)
    }
}
