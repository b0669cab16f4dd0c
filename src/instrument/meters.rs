//! Instruments of other crates in the process, through OpenTelemetry's own interface: they stand in the catalogue beside
//! ours, and every plan holds for them. What happens to them is `recorded`'s and `observed`'s; no SDK is behind it.

mod instruments;
pub(crate) mod names;
#[cfg(test)]
mod tests;

use crate::{metric::Kind, telemetry::Telemetry};
use instruments::{Act, Counts, Nothing, Recorder, observe};
use names::{Asked, What};
use opentelemetry::{
    InstrumentationScope,
    metrics::{
        AsyncInstrumentBuilder, Callback, Counter, Gauge, Histogram, HistogramBuilder, InstrumentBuilder, InstrumentProvider,
        Meter, MeterProvider, ObservableCounter, ObservableGauge, ObservableUpDownCounter, SyncInstrument, UpDownCounter,
    },
};
use std::{fmt, sync::Arc};

/// Makes meters whose instruments are part of a [`Telemetry`]. Made by [`Telemetry::meters`]; cheap to clone.
///
/// ```
/// # let telemetry = pointsman_instrument::Telemetry::new(pointsman_instrument::Identity::new("shop"), || std::time::UNIX_EPOCH);
/// opentelemetry::global::set_meter_provider(telemetry.meters());
/// // Any crate, from now on:
/// let sold = opentelemetry::global::meter("store").u64_counter("items.sold").build();
/// sold.add(1, &[opentelemetry::KeyValue::new("kind", "book")]);
/// assert!(telemetry.catalogue().iter().any(|instrument| instrument.name == "items.sold"));
/// ```
///
/// # Why no SDK stands behind it
///
/// A gate in front of an SDK inherits what the SDK remembers:
///
/// - Its cumulative streams never end. An instrument that is gated goes on exporting the values of the moment at which the
///   gate closed, for ever.
/// - Its delta streams forget, but then an observed counter that is opened again reports everything it ever counted as if it
///   had happened since the last export, and a counter that rests for long is not exported, so that the far end lets it go.
/// - An up-down counter that is not told of what went while it was closed is wrong from then on.
/// - A gauge that is set keeps every set it ever saw, up to a limit after which all further ones are one.
/// - An instrument holds room for 2,000 sets before it has one: about 136 kB each, whether it is on or off.
///
/// Here all streams are cumulative with a start of their own, held once, forgotten when the gate closes, and begun anew when it
/// opens. Up-down counters that are added to are the exception: they go on adding while they are off, since what is counted
/// down later was counted up now; they are not sent. A gauge that was set has no value after that until it is set again; while
/// it is on, it keeps every set too, since this interface has no word for what is gone: [`Telemetry::end_where`] has.
/// [`crate::Gated`] is for whoever must keep an SDK's provider.
///
/// # What it costs
///
/// More than ours: the interface takes attributes that are built already, so that one that is off costs its caller what they
/// cost, a virtual call and one load. One that is on sorts them by key where they are not, which copies them: pass them in
/// one order, sorted, and it does not.
///
/// # What differs from an SDK
///
/// Version, schema URL and attributes of a scope are not sent: two versions of one crate share their streams. Of an
/// instrument that is made twice, first its spelling, unit, description and buckets count; one of another kind or number
/// under a name that is taken does nothing. Of a set that is observed twice in one collection the first value counts.
/// All of that is counted where it loses anything, as `pointsman.limit.hits`. A callback that panics is ended there; what it
/// did not say is missing from that collection.
#[derive(Clone)]
pub struct Meters {
    telemetry: Arc<Telemetry>,
}

/// The instruments of one scope.
struct Scope {
    name: Box<str>,
    telemetry: Arc<Telemetry>,
}

impl Meters {
    pub(crate) fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { telemetry }
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}

impl MeterProvider for Meters {
    fn meter_with_scope(&self, scope: InstrumentationScope) -> Meter {
        Meter::new(Arc::new(Scope { name: scope.name().into(), telemetry: self.telemetry.clone() }))
    }
}

type Recording<T> = Arc<dyn SyncInstrument<T> + Send + Sync>;

impl Scope {
    fn recorded<T: Counts, I>(&self, builder: InstrumentBuilder<'_, I>, act: Act) -> Recording<T> {
        let InstrumentBuilder { name, description, unit, .. } = builder;
        self.record(Asked { scope: &self.name, name, unit, brief: description, bounds: None }, act)
    }

    fn histogram<T: Counts, I>(&self, builder: HistogramBuilder<'_, I>) -> Recording<T> {
        let HistogramBuilder { name, description, unit, boundaries, .. } = builder;
        self.record(Asked { scope: &self.name, name, unit, brief: description, bounds: boundaries }, Act::Record)
    }

    fn record<T: Counts>(&self, asked: Asked<'_>, act: Act) -> Recording<T> {
        let what = What { kind: act.kind(), number: T::TYPE, observed: false };
        match self.telemetry.foreign(asked, what).and_then(|meta| self.telemetry.recorded(meta)) {
            Some(recorded) => Arc::new(Recorder { recorded, act }),
            None => Arc::new(Nothing),
        }
    }

    fn observed<T: Counts, I>(&self, builder: AsyncInstrumentBuilder<'_, I, T>, kind: Kind) {
        let AsyncInstrumentBuilder { name, description, unit, callbacks, .. } = builder;
        let asked = Asked { scope: &self.name, name, unit, brief: description, bounds: None };
        let what = What { kind, number: T::TYPE, observed: true };
        let Some(meta) = self.telemetry.foreign(asked, what) else { return };
        let only_grows = kind == Kind::Counter;
        let callbacks = callbacks.into_iter().map(|told: Callback<T>| observe(told, only_grows, self.telemetry.shared().clone()));
        callbacks.for_each(|callback| self.telemetry.observed(meta, callback));
    }
}

/// One way to make an instrument of OpenTelemetry's interface, by what it does.
macro_rules! made {
    ($($name:ident $handle:ident<$number:ty> $act:ident)*) => {
        $(fn $name(&self, builder: InstrumentBuilder<'_, $handle<$number>>) -> $handle<$number> {
            $handle::new(self.recorded(builder, Act::$act))
        })*
    };
    (observed $($name:ident $handle:ident<$number:ty> $kind:ident)*) => {
        $(fn $name(&self, builder: AsyncInstrumentBuilder<'_, $handle<$number>, $number>) -> $handle<$number> {
            self.observed(builder, Kind::$kind);
            $handle::new()
        })*
    };
}

impl InstrumentProvider for Scope {
    made! {
        u64_counter Counter<u64> Grow
        f64_counter Counter<f64> Grow
        i64_up_down_counter UpDownCounter<i64> Change
        f64_up_down_counter UpDownCounter<f64> Change
        u64_gauge Gauge<u64> Set
        i64_gauge Gauge<i64> Set
        f64_gauge Gauge<f64> Set
    }

    made! { observed
        u64_observable_counter ObservableCounter<u64> Counter
        f64_observable_counter ObservableCounter<f64> Counter
        i64_observable_up_down_counter ObservableUpDownCounter<i64> UpDownCounter
        f64_observable_up_down_counter ObservableUpDownCounter<f64> UpDownCounter
        u64_observable_gauge ObservableGauge<u64> Gauge
        i64_observable_gauge ObservableGauge<i64> Gauge
        f64_observable_gauge ObservableGauge<f64> Gauge
    }

    fn f64_histogram(&self, builder: HistogramBuilder<'_, Histogram<f64>>) -> Histogram<f64> {
        Histogram::new(self.histogram(builder))
    }

    fn u64_histogram(&self, builder: HistogramBuilder<'_, Histogram<u64>>) -> Histogram<u64> {
        Histogram::new(self.histogram(builder))
    }
}
