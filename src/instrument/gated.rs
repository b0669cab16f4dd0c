//! For whoever must keep another provider of OpenTelemetry's interface: its instruments stand in the catalogue, and what is off
//! is neither recorded nor observed. Knows no provider. [`crate::Meters`] needs no such provider and does more: prefer it.

use crate::{
    meters::names::{Asked, What},
    metric::Kind,
    telemetry::{Bare, Telemetry},
};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{
        AsyncInstrument, AsyncInstrumentBuilder, Callback, Counter, Gauge, Histogram, HistogramBuilder, InstrumentBuilder,
        InstrumentProvider, Meter, MeterProvider, ObservableCounter, ObservableGauge, ObservableUpDownCounter, SyncInstrument,
        UpDownCounter,
    },
};
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

/// A provider whose instruments obey the plan of a [`Telemetry`].
///
/// ```
/// # let telemetry = pointsman_instrument::Telemetry::new(pointsman_instrument::Identity::new("shop"), || std::time::UNIX_EPOCH);
/// # let provider = opentelemetry::metrics::NoopMeterProvider::new();
/// opentelemetry::global::set_meter_provider(pointsman_instrument::Gated::over(provider, &telemetry));
/// ```
///
/// A gate is all that it adds. What an SDK remembers stays the SDK's:
///
/// - Its cumulative streams stay as they were when the gate closed, and go on being exported; the controller leaves them out.
///   Its delta streams end, but an observed counter with a delta reader reports its whole total once more when it is opened.
/// - A gauge that was set goes on being exported with its last value.
/// - Up-down counters that are added to are always told, since they would be wrong for ever: they are never off at the source.
/// - Keys, buckets, limits and intervals stay the provider's: the controller sees to keys and buckets.
///
/// An instrument that is recorded to is made by the provider with its first measurement while it is on, so that one that is
/// off from the start holds nothing. One that is on costs a virtual call and a load more than without.
pub struct Gated<P> {
    inner: P,
    telemetry: Arc<Telemetry>,
}

impl<P: MeterProvider> Gated<P> {
    /// Puts gates before the instruments of `inner`. The plan is that of `telemetry`, and its catalogue has them; what they
    /// measure goes where `inner` sends it.
    pub fn over(inner: P, telemetry: &Arc<Telemetry>) -> Self {
        Self { inner, telemetry: telemetry.clone() }
    }
}

impl<P: fmt::Debug> fmt::Debug for Gated<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gated").field(&self.inner).finish()
    }
}

impl<P: MeterProvider> MeterProvider for Gated<P> {
    fn meter_with_scope(&self, scope: InstrumentationScope) -> Meter {
        let name = scope.name().into();
        let inner = self.inner.meter_with_scope(scope);
        Meter::new(Arc::new(Scope { name, inner, telemetry: self.telemetry.clone() }))
    }
}

/// The instruments of one scope.
struct Scope {
    name: Box<str>,
    inner: Meter,
    telemetry: Arc<Telemetry>,
}

/// What is known of an instrument before it is made.
struct About {
    name: Cow<'static, str>,
    description: Option<Cow<'static, str>>,
    unit: Option<Cow<'static, str>>,
    bounds: Option<Vec<f64>>,
}

/// Whether an instrument is on; one that is in no catalogue always is.
#[derive(Clone)]
struct Gate(Option<Arc<Bare>>);

/// A recorded instrument, made when it is first on.
struct Recorder<H> {
    gate: Gate,
    made: OnceLock<H>,
    make: Box<dyn Fn() -> H + Send + Sync>,
}

/// A handle that takes numbers.
trait Takes<T>: Send + Sync {
    fn take(&self, value: T, attributes: &[KeyValue]);
}

impl<T> Takes<T> for Counter<T> {
    fn take(&self, value: T, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }
}

impl<T> Takes<T> for UpDownCounter<T> {
    fn take(&self, value: T, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }
}

impl<T> Takes<T> for Gauge<T> {
    fn take(&self, value: T, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }
}

impl<T> Takes<T> for Histogram<T> {
    fn take(&self, value: T, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }
}

impl<T, H: Takes<T>> SyncInstrument<T> for Recorder<H> {
    fn measure(&self, value: T, attributes: &[KeyValue]) {
        if self.gate.is_on() {
            self.made.get_or_init(&self.make).take(value, attributes);
        }
    }
}

impl Gate {
    fn is_on(&self) -> bool {
        self.0.as_ref().is_none_or(|bare| bare.is_on())
    }
}

impl Scope {
    fn gate(&self, about: &About, kind: Kind, number: &'static str, observed: bool) -> Gate {
        let About { name, description, unit, bounds } = about;
        let (name, unit, brief, bounds) = (name.clone(), unit.clone(), description.clone(), bounds.clone());
        let asked = Asked { scope: &self.name, name, unit, brief, bounds };
        Gate(self.telemetry.gate(asked, What { kind, number, observed }))
    }

    fn recorded<H>(&self, gate: Gate, make: impl Fn(&Meter) -> H + Send + Sync + 'static) -> Arc<Recorder<H>> {
        let inner = self.inner.clone();
        Arc::new(Recorder { gate, made: OnceLock::new(), make: Box::new(move || make(&inner)) })
    }
}

impl About {
    fn of<I>(builder: InstrumentBuilder<'_, I>) -> Self {
        let InstrumentBuilder { name, description, unit, .. } = builder;
        Self { name, description, unit, bounds: None }
    }

    fn of_histogram<I>(builder: HistogramBuilder<'_, I>) -> Self {
        let HistogramBuilder { name, description, unit, boundaries, .. } = builder;
        Self { name, description, unit, bounds: boundaries }
    }
}

/// A callback that is only run while the gate is open.
fn behind<T: 'static>(gate: Gate, told: Callback<T>) -> Callback<T> {
    Box::new(move |observer: &dyn AsyncInstrument<T>| {
        if gate.is_on() {
            told(observer);
        }
    })
}

macro_rules! recorded {
    ($($name:ident $handle:ident<$number:ty> $kind:ident)*) => {
        $(fn $name(&self, builder: InstrumentBuilder<'_, $handle<$number>>) -> $handle<$number> {
            let about = About::of(builder);
            let gate = self.gate(&about, Kind::$kind, stringify!($number), false);
            $handle::new(self.recorded(gate, move |meter| {
                let mut builder = meter.$name(about.name.clone());
                (builder.description, builder.unit) = (about.description.clone(), about.unit.clone());
                builder.build()
            }))
        })*
    };
}

macro_rules! histogram {
    ($($name:ident $number:ty)*) => {
        $(fn $name(&self, builder: HistogramBuilder<'_, Histogram<$number>>) -> Histogram<$number> {
            let about = About::of_histogram(builder);
            let gate = self.gate(&about, Kind::Histogram, stringify!($number), false);
            Histogram::new(self.recorded(gate, move |meter| {
                let mut builder = meter.$name(about.name.clone());
                (builder.description, builder.unit) = (about.description.clone(), about.unit.clone());
                builder.boundaries.clone_from(&about.bounds);
                builder.build()
            }))
        })*
    };
}

macro_rules! observed {
    ($($name:ident $handle:ident<$number:ty> $kind:ident)*) => {
        $(fn $name(&self, builder: AsyncInstrumentBuilder<'_, $handle<$number>, $number>) -> $handle<$number> {
            let AsyncInstrumentBuilder { name, description, unit, callbacks, .. } = builder;
            let about = About { name, description, unit, bounds: None };
            let gate = self.gate(&about, Kind::$kind, stringify!($number), true);
            let mut builder = self.inner.$name(about.name);
            (builder.description, builder.unit) = (about.description, about.unit);
            builder.callbacks = callbacks.into_iter().map(|told| behind(gate.clone(), told)).collect();
            builder.build()
        })*
    };
}

#[expect(clippy::disallowed_methods, reason = "hands on what another crate asks for, which names its instruments itself")]
impl InstrumentProvider for Scope {
    recorded! {
        u64_counter Counter<u64> Counter
        f64_counter Counter<f64> Counter
        i64_up_down_counter UpDownCounter<i64> UpDownCounter
        f64_up_down_counter UpDownCounter<f64> UpDownCounter
        u64_gauge Gauge<u64> Gauge
        i64_gauge Gauge<i64> Gauge
        f64_gauge Gauge<f64> Gauge
    }

    histogram! { f64_histogram f64 u64_histogram u64 }

    observed! {
        u64_observable_counter ObservableCounter<u64> Counter
        f64_observable_counter ObservableCounter<f64> Counter
        i64_observable_up_down_counter ObservableUpDownCounter<i64> UpDownCounter
        f64_observable_up_down_counter ObservableUpDownCounter<f64> UpDownCounter
        u64_observable_gauge ObservableGauge<u64> Gauge
        i64_observable_gauge ObservableGauge<i64> Gauge
        f64_observable_gauge ObservableGauge<f64> Gauge
    }
}
