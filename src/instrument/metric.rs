//! Typed handles: what can be recorded follows from the metric's type, and a call site asks `on()` before it builds
//! attributes, so that what is off costs nothing. Knows no names: those are in `semconv`.

use opentelemetry::{KeyValue, metrics as api};
use std::{marker::PhantomData, sync::Arc, sync::OnceLock};

/// The kind of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Grows and falls; read from state, never added to.
    UpDownCounter,
    /// The value now; read from state.
    Gauge,
    /// A distribution of measurements.
    Histogram,
}

/// How much a user wants to see; Essential and Standard are on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Someone acts on it.
    Essential,
    /// On by default.
    Standard,
    /// For a closer look.
    Detailed,
    /// For a short time.
    Debug,
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
    /// Attribute sets the SDK keeps; further ones go to its overflow set.
    pub limit: usize,
    /// Upper bounds of a histogram's buckets.
    pub buckets: &'static [f64],
}

/// A metric with one set of attributes: the fields of the implementing type.
pub trait Metric: Send + Sync + 'static {
    /// What is known of it.
    const META: Meta;
    /// `u64` for counters, `i64` for up-down counters, `f64` for gauges, [`Distribution`] for histograms.
    type Value;
    /// As they are handed to the SDK.
    type Attributes: AsRef<[KeyValue]>;
    /// The attributes of one measurement.
    fn attributes(self) -> Self::Attributes;
}

/// The value of a histogram: recorded, never observed.
#[derive(Debug)]
pub enum Distribution {}

/// Makes the instrument of a handle, on its first use.
pub(crate) type Make<I> = Box<dyn Fn() -> I + Send + Sync>;

/// A counter that is added to where things happen.
pub struct Counter<M> {
    made: OnceLock<api::Counter<u64>>,
    make: Make<api::Counter<u64>>,
    metric: PhantomData<fn(M)>,
}

/// An open [`Counter`].
pub struct CounterOn<'a, M> {
    inner: &'a api::Counter<u64>,
    metric: PhantomData<fn(M)>,
}

/// A histogram that is recorded to where things are measured.
pub struct Histogram<M> {
    made: OnceLock<api::Histogram<f64>>,
    make: Make<api::Histogram<f64>>,
    metric: PhantomData<fn(M)>,
}

/// An open [`Histogram`].
pub struct HistogramOn<'a, M> {
    inner: &'a api::Histogram<f64>,
    metric: PhantomData<fn(M)>,
}

impl<M: Metric<Value = u64>> Counter<M> {
    pub(crate) fn new(make: Make<api::Counter<u64>>) -> Self {
        Self { made: OnceLock::new(), make, metric: PhantomData }
    }

    /// The open counter, or nothing while it is off: ask before attributes are built.
    pub fn on(&self) -> Option<CounterOn<'_, M>> {
        Some(CounterOn { inner: self.made.get_or_init(&self.make), metric: PhantomData })
    }
}

impl<M: Metric<Value = u64>> CounterOn<'_, M> {
    /// Adds `n`.
    pub fn add(&self, n: u64, metric: M) {
        self.inner.add(n, metric.attributes().as_ref());
    }
}

impl<M: Metric<Value = Distribution>> Histogram<M> {
    pub(crate) fn new(make: Make<api::Histogram<f64>>) -> Self {
        Self { made: OnceLock::new(), make, metric: PhantomData }
    }

    /// The open histogram, or nothing while it is off: ask before attributes are built.
    pub fn on(&self) -> Option<HistogramOn<'_, M>> {
        Some(HistogramOn { inner: self.made.get_or_init(&self.make), metric: PhantomData })
    }
}

impl<M: Metric<Value = Distribution>> HistogramOn<'_, M> {
    /// Records one measurement.
    pub fn record(&self, value: f64, metric: M) {
        self.inner.record(value, metric.attributes().as_ref());
    }
}

/// Takes the values of one observable metric while it is collected.
pub struct Readings<'a, M: Metric> {
    observer: &'a dyn api::AsyncInstrument<M::Value>,
}

impl<M: Metric> Readings<'_, M> {
    /// This set of attributes has this value now. A set that is not named any more ends.
    pub fn set(&self, value: M::Value, metric: M) {
        self.observer.observe(value, metric.attributes().as_ref());
    }
}

/// Reads a metric's values from state, at each collection.
pub(crate) type Callback<M> = Arc<dyn Fn(&Readings<'_, M>) + Send + Sync>;

/// A number that can be observed; sealed by its only method.
pub trait Observable: Sized + Copy + Send + Sync + 'static {
    #[doc(hidden)]
    fn register<M: Metric<Value = Self>>(meter: &api::Meter, callback: CallbackOf<M>);
}

/// The callback of an observable metric.
pub struct CallbackOf<M: Metric>(pub(crate) Callback<M>);

impl<M: Metric> CallbackOf<M> {
    fn call(&self, observer: &dyn api::AsyncInstrument<M::Value>) {
        (self.0)(&Readings { observer });
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes them, from generated names")]
impl Observable for u64 {
    fn register<M: Metric<Value = Self>>(meter: &api::Meter, callback: CallbackOf<M>) {
        let builder = meter.u64_observable_counter(M::META.name).with_description(M::META.brief).with_unit(M::META.unit);
        let _registered = builder.with_callback(move |observer| callback.call(observer)).build();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes them, from generated names")]
impl Observable for i64 {
    fn register<M: Metric<Value = Self>>(meter: &api::Meter, callback: CallbackOf<M>) {
        let builder = meter.i64_observable_up_down_counter(M::META.name).with_description(M::META.brief);
        let _registered = builder.with_unit(M::META.unit).with_callback(move |observer| callback.call(observer)).build();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes them, from generated names")]
impl Observable for f64 {
    fn register<M: Metric<Value = Self>>(meter: &api::Meter, callback: CallbackOf<M>) {
        let builder = meter.f64_observable_gauge(M::META.name).with_description(M::META.brief).with_unit(M::META.unit);
        let _registered = builder.with_callback(move |observer| callback.call(observer)).build();
    }
}
