//! Every kind of instrument, made through the interface that its owner would use: our typed handles, and OpenTelemetry's
//! own for those of other crates. What happens to it is told to all in the same words.

use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Meter, MeterProvider},
};
use pointsman_instrument::{
    Metric, Telemetry,
    metric::{Distribution, Kind as MetaKind, Level, Meta},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The scope of all instruments.
pub(super) const SCOPE: &str = "shop";
/// Upper bounds of its buckets, where it has any.
pub(super) const BOUNDS: &[f64] = &[1.0, 5.0, 10.0];
/// Attribute sets that are held of it, where nothing else is said.
pub(super) const LIMIT: usize = 50;

/// A set of attributes: a zone, and a pod in it.
pub(super) type Set = (&'static str, &'static str);

/// How an instrument is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Counter,
    BoundCounter,
    Histogram,
    BoundHistogram,
    ObservedCounter,
    ObservedUpDownCounter,
    ObservedGauge,
    U64Counter,
    F64Counter,
    I64UpDownCounter,
    F64UpDownCounter,
    U64Gauge,
    I64Gauge,
    F64Gauge,
    U64Histogram,
    F64Histogram,
    U64ObservableCounter,
    F64ObservableCounter,
    I64ObservableUpDownCounter,
    F64ObservableUpDownCounter,
    U64ObservableGauge,
    I64ObservableGauge,
    F64ObservableGauge,
}

/// What an instrument does, however it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Sum,
    UpDown,
    Last,
    Distribution,
    ObservedSum,
    ObservedUpDown,
    ObservedLast,
}

impl Kind {
    pub(super) const ALL: [Self; 23] = [
        Self::Counter,
        Self::BoundCounter,
        Self::Histogram,
        Self::BoundHistogram,
        Self::ObservedCounter,
        Self::ObservedUpDownCounter,
        Self::ObservedGauge,
        Self::U64Counter,
        Self::F64Counter,
        Self::I64UpDownCounter,
        Self::F64UpDownCounter,
        Self::U64Gauge,
        Self::I64Gauge,
        Self::F64Gauge,
        Self::U64Histogram,
        Self::F64Histogram,
        Self::U64ObservableCounter,
        Self::F64ObservableCounter,
        Self::I64ObservableUpDownCounter,
        Self::F64ObservableUpDownCounter,
        Self::U64ObservableGauge,
        Self::I64ObservableGauge,
        Self::F64ObservableGauge,
    ];

    /// Made through OpenTelemetry's interface.
    pub(super) fn is_foreign(self) -> bool {
        self >= Self::U64Counter
    }

    /// The name of its instrument.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Counter => "load.a",
            Self::BoundCounter => "load.b",
            Self::Histogram => "load.c",
            Self::BoundHistogram => "load.d",
            Self::ObservedCounter => "load.e",
            Self::ObservedUpDownCounter => "load.f",
            Self::ObservedGauge => "load.g",
            Self::U64Counter => "load.h",
            Self::F64Counter => "load.i",
            Self::I64UpDownCounter => "load.j",
            Self::F64UpDownCounter => "load.k",
            Self::U64Gauge => "load.l",
            Self::I64Gauge => "load.m",
            Self::F64Gauge => "load.n",
            Self::U64Histogram => "load.o",
            Self::F64Histogram => "load.p",
            Self::U64ObservableCounter => "load.q",
            Self::F64ObservableCounter => "load.r",
            Self::I64ObservableUpDownCounter => "load.s",
            Self::F64ObservableUpDownCounter => "load.t",
            Self::U64ObservableGauge => "load.u",
            Self::I64ObservableGauge => "load.v",
            Self::F64ObservableGauge => "load.w",
        }
    }

    pub(super) const fn class(self) -> Class {
        match self {
            Self::Counter | Self::BoundCounter | Self::U64Counter | Self::F64Counter => Class::Sum,
            Self::I64UpDownCounter | Self::F64UpDownCounter => Class::UpDown,
            Self::U64Gauge | Self::I64Gauge | Self::F64Gauge => Class::Last,
            Self::Histogram | Self::BoundHistogram | Self::U64Histogram | Self::F64Histogram => Class::Distribution,
            Self::ObservedCounter | Self::U64ObservableCounter | Self::F64ObservableCounter => Class::ObservedSum,
            Self::ObservedUpDownCounter | Self::I64ObservableUpDownCounter | Self::F64ObservableUpDownCounter => {
                Class::ObservedUpDown
            }
            Self::ObservedGauge | Self::U64ObservableGauge | Self::I64ObservableGauge | Self::F64ObservableGauge => {
                Class::ObservedLast
            }
        }
    }
}

impl Class {
    /// Read from state at each push.
    pub(super) const fn is_observed(self) -> bool {
        matches!(self, Self::ObservedSum | Self::ObservedUpDown | Self::ObservedLast)
    }

    /// The newest value is the value.
    pub(super) const fn is_last(self) -> bool {
        matches!(self, Self::Last | Self::ObservedLast)
    }
}

/// The state that observed instruments are read from.
pub(super) type State = Arc<Mutex<BTreeMap<Set, i64>>>;

/// An instrument: takes what happens to a set.
pub(super) struct Instrument {
    tick: Box<dyn Fn(Set, i64)>,
    state: State,
}

impl Instrument {
    /// Makes it.
    pub(super) fn new(kind: Kind, telemetry: &Arc<Telemetry>) -> Self {
        let state = State::default();
        match typed(kind, telemetry, &state) {
            Some(tick) => Self { tick, state },
            None => Self::of(kind, &telemetry.meters().meter(SCOPE)),
        }
    }

    /// Makes one of another crate.
    pub(super) fn of(kind: Kind, meter: &Meter) -> Self {
        let state = State::default();
        let tick = recorded(kind, meter).unwrap_or_else(|| {
            observable(kind, meter, &state);
            into_state(kind, &state)
        });
        Self { tick, state }
    }

    /// `n` more happened to a set, or that is its value now, or one more measurement, after its kind.
    pub(super) fn tick(&self, set: Set, n: i64) {
        (self.tick)(set, n);
    }

    /// What the set spoke of is gone: nobody observes it any more.
    pub(super) fn gone(&self, set: Set) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).remove(&set);
    }
}

macro_rules! metric {
    ($name:ident, $of:ident, $kind:ident, $value:ty) => {
        struct $name(Set);

        impl Metric for $name {
            const META: Meta = Meta {
                name: Kind::$of.name(),
                kind: MetaKind::$kind,
                unit: "",
                brief: "For tests.",
                scope: SCOPE,
                level: Level::Standard,
                limit: LIMIT,
                buckets: BOUNDS,
                attributes: &["pod", "zone"],
            };
            type Value = $value;
            type Attributes = [KeyValue; 2];

            fn attributes(self) -> [KeyValue; 2] {
                pairs(self.0)
            }
        }
    };
}

metric!(Count, Counter, Counter, u64);
metric!(BoundCount, BoundCounter, Counter, u64);
metric!(Took, Histogram, Histogram, Distribution);
metric!(BoundTook, BoundHistogram, Histogram, Distribution);
metric!(Counted, ObservedCounter, Counter, u64);
metric!(Here, ObservedUpDownCounter, UpDownCounter, i64);
metric!(Height, ObservedGauge, Gauge, f64);

fn pairs((zone, pod): Set) -> [KeyValue; 2] {
    [KeyValue::new("pod", pod), KeyValue::new("zone", zone)]
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).expect("a test counts upwards")
}

#[expect(clippy::cast_precision_loss, reason = "tests count to thousands")]
pub(super) fn double(n: i64) -> f64 {
    n as f64
}

type Tick = Box<dyn Fn(Set, i64)>;

/// Keeps state as its owner would: gauges are set, everything else is added to.
fn into_state(kind: Kind, state: &State) -> Tick {
    let (state, is_last) = (state.clone(), kind.class().is_last());
    Box::new(move |set, n| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let value = state.entry(set).or_default();
        *value = if is_last { n } else { *value + n };
    })
}

fn seen(state: &State) -> BTreeMap<Set, i64> {
    state.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Our own handles.
fn typed(kind: Kind, telemetry: &Arc<Telemetry>, state: &State) -> Option<Tick> {
    let read = state.clone();
    match kind {
        Kind::Counter => {
            let counter = telemetry.counter::<Count>();
            Some(Box::new(move |set, n| {
                if let Some(on) = counter.on() {
                    on.add(unsigned(n), Count(set));
                }
            }))
        }
        Kind::BoundCounter => {
            let (counter, bound) = (telemetry.counter::<BoundCount>(), Mutex::new(BTreeMap::new()));
            Some(Box::new(move |set, n| {
                let mut bound = bound.lock().unwrap_or_else(PoisonError::into_inner);
                bound.entry(set).or_insert_with(|| counter.bind(BoundCount(set))).add(unsigned(n));
            }))
        }
        Kind::BoundHistogram => {
            let (histogram, bound) = (telemetry.histogram::<BoundTook>(), Mutex::new(BTreeMap::new()));
            Some(Box::new(move |set, n| {
                let mut bound = bound.lock().unwrap_or_else(PoisonError::into_inner);
                bound.entry(set).or_insert_with(|| histogram.bind(BoundTook(set))).record(double(n));
            }))
        }
        Kind::Histogram => {
            let histogram = telemetry.histogram::<Took>();
            Some(Box::new(move |set, n| {
                if let Some(on) = histogram.on() {
                    on.record(double(n), Took(set));
                }
            }))
        }
        Kind::ObservedCounter => {
            telemetry
                .observe::<Counted>(move |to| seen(&read).into_iter().for_each(|(set, n)| to.set(unsigned(n), Counted(set))));
            Some(into_state(kind, state))
        }
        Kind::ObservedUpDownCounter => {
            telemetry.observe::<Here>(move |to| seen(&read).into_iter().for_each(|(set, n)| to.set(n, Here(set))));
            Some(into_state(kind, state))
        }
        Kind::ObservedGauge => {
            telemetry.observe::<Height>(move |to| seen(&read).into_iter().for_each(|(set, n)| to.set(double(n), Height(set))));
            Some(into_state(kind, state))
        }
        _ => None,
    }
}

/// Instruments of OpenTelemetry's interface that are recorded to.
#[expect(clippy::disallowed_methods, reason = "stands for another crate, which names its instruments itself")]
fn recorded(kind: Kind, meter: &Meter) -> Option<Tick> {
    let name = kind.name();
    Some(match kind {
        Kind::U64Counter => {
            let it = meter.u64_counter(name).build();
            Box::new(move |set, n| it.add(unsigned(n), &pairs(set)))
        }
        Kind::F64Counter => {
            let it = meter.f64_counter(name).build();
            Box::new(move |set, n| it.add(double(n), &pairs(set)))
        }
        Kind::I64UpDownCounter => {
            let it = meter.i64_up_down_counter(name).build();
            Box::new(move |set, n| it.add(n, &pairs(set)))
        }
        Kind::F64UpDownCounter => {
            let it = meter.f64_up_down_counter(name).build();
            Box::new(move |set, n| it.add(double(n), &pairs(set)))
        }
        Kind::U64Gauge => {
            let it = meter.u64_gauge(name).build();
            Box::new(move |set, n| it.record(unsigned(n), &pairs(set)))
        }
        Kind::I64Gauge => {
            let it = meter.i64_gauge(name).build();
            Box::new(move |set, n| it.record(n, &pairs(set)))
        }
        Kind::F64Gauge => {
            let it = meter.f64_gauge(name).build();
            Box::new(move |set, n| it.record(double(n), &pairs(set)))
        }
        Kind::U64Histogram => {
            let it = meter.u64_histogram(name).with_boundaries(BOUNDS.to_vec()).build();
            Box::new(move |set, n| it.record(unsigned(n), &pairs(set)))
        }
        Kind::F64Histogram => {
            let it = meter.f64_histogram(name).with_boundaries(BOUNDS.to_vec()).build();
            Box::new(move |set, n| it.record(double(n), &pairs(set)))
        }
        _ => return None,
    })
}

fn callback<T: 'static>(state: &State, value: fn(i64) -> T) -> impl Fn(&dyn AsyncInstrument<T>) + Send + Sync + use<T> {
    let state = state.clone();
    move |to| seen(&state).into_iter().for_each(|(set, n)| to.observe(value(n), &pairs(set)))
}

/// Instruments of OpenTelemetry's interface that are read.
#[expect(clippy::disallowed_methods, reason = "stands for another crate, which names its instruments itself")]
fn observable(kind: Kind, meter: &Meter, state: &State) {
    let name = kind.name();
    match kind {
        Kind::U64ObservableCounter => {
            meter.u64_observable_counter(name).with_callback(callback(state, unsigned)).build();
        }
        Kind::F64ObservableCounter => {
            meter.f64_observable_counter(name).with_callback(callback(state, double)).build();
        }
        Kind::I64ObservableUpDownCounter => {
            meter.i64_observable_up_down_counter(name).with_callback(callback(state, |n| n)).build();
        }
        Kind::F64ObservableUpDownCounter => {
            meter.f64_observable_up_down_counter(name).with_callback(callback(state, double)).build();
        }
        Kind::U64ObservableGauge => {
            meter.u64_observable_gauge(name).with_callback(callback(state, unsigned)).build();
        }
        Kind::I64ObservableGauge => {
            meter.i64_observable_gauge(name).with_callback(callback(state, |n| n)).build();
        }
        Kind::F64ObservableGauge => {
            meter.f64_observable_gauge(name).with_callback(callback(state, double)).build();
        }
        other => panic!("{other:?} is recorded"),
    }
}
