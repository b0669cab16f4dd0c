//! What stands behind the handles of OpenTelemetry's interface: numbers of three types go into measurements or readings.
//! Knows no names and no caps.

use crate::{
    metric::Kind,
    observed::{Callback, Set},
    otlp::Number,
    recorded::{Measure, Recorded},
    shared::Shared,
};
use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Callback as Told, SyncInstrument},
};
use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// A number of the interface.
pub(super) trait Counts: Copy + Send + Sync + 'static {
    /// Its name, which tells instruments of one name apart.
    const TYPE: &'static str;

    /// More of something, or less.
    fn more(self, only_grows: bool) -> Option<Measure>;

    /// As a point carries it. What is not finite is none.
    fn number(self) -> Option<Number>;

    /// A measurement.
    fn measurement(self) -> Measure;
}

impl Counts for u64 {
    const TYPE: &'static str = "u64";

    fn more(self, _: bool) -> Option<Measure> {
        Some(Measure::Add(self))
    }

    fn number(self) -> Option<Number> {
        Some(Number::Int(i64::try_from(self).unwrap_or(i64::MAX)))
    }

    #[expect(clippy::cast_precision_loss, reason = "a bucket is chosen as well by what is left of a number beyond 2^53")]
    fn measurement(self) -> Measure {
        Measure::Record(self as f64)
    }
}

impl Counts for i64 {
    const TYPE: &'static str = "i64";

    fn more(self, _: bool) -> Option<Measure> {
        Some(Measure::AddSigned(self))
    }

    fn number(self) -> Option<Number> {
        Some(Number::Int(self))
    }

    #[expect(clippy::cast_precision_loss, reason = "a bucket is chosen as well by what is left of a number beyond 2^53")]
    fn measurement(self) -> Measure {
        Measure::Record(self as f64)
    }
}

impl Counts for f64 {
    const TYPE: &'static str = "f64";

    fn more(self, only_grows: bool) -> Option<Measure> {
        (!only_grows || self >= 0.0).then_some(Measure::AddFloat(self))
    }

    fn number(self) -> Option<Number> {
        self.is_finite().then_some(Number::Double(self))
    }

    fn measurement(self) -> Measure {
        Measure::Record(self)
    }
}

/// What a recorded instrument does with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Adds it; it is no less than 0.
    Grow,
    /// Adds it.
    Change,
    /// It is the value now.
    Set,
    /// One more measurement.
    Record,
}

impl Act {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Grow => Kind::Counter,
            Self::Change => Kind::UpDownCounter,
            Self::Set => Kind::Gauge,
            Self::Record => Kind::Histogram,
        }
    }
}

/// A recorded instrument.
pub(super) struct Recorder {
    pub(super) recorded: Arc<Recorded>,
    pub(super) act: Act,
}

impl<T: Counts> SyncInstrument<T> for Recorder {
    fn measure(&self, value: T, attributes: &[KeyValue]) {
        // An up-down counter goes on while it is off: see `recorded`.
        if !self.recorded.is_on() && self.act != Act::Change {
            return;
        }
        let measure = match self.act {
            Act::Grow => value.more(true),
            Act::Change => value.more(false),
            Act::Set => value.number().map(Measure::Set),
            Act::Record => Some(value.measurement()),
        };
        if let Some(measure) = measure {
            self.recorded.measure(measure, &in_order(attributes), None);
        }
    }
}

/// An instrument that could not be made: does nothing.
pub(super) struct Nothing;

impl<T> SyncInstrument<T> for Nothing {
    fn measure(&self, _: T, _: &[KeyValue]) {}
}

/// Takes what a callback of the interface observes.
struct Observer<'a> {
    set: &'a Set<'a>,
    only_grows: bool,
}

impl<T: Counts> AsyncInstrument<T> for Observer<'_> {
    fn observe(&self, value: T, attributes: &[KeyValue]) {
        let number = value.number().filter(|number| !self.only_grows || !matches!(number, Number::Double(n) if *n < 0.0));
        if let Some(number) = number {
            (self.set)(number, &in_order(attributes));
        }
    }
}

/// A callback of the interface as one of ours. One that panics must not end the collection of everything else.
pub(super) fn observe<T: Counts>(told: Told<T>, only_grows: bool, shared: Arc<Shared>) -> Callback {
    Arc::new(move |set| {
        let observer = Observer { set, only_grows };
        if catch_unwind(AssertUnwindSafe(|| told(&observer))).is_err() {
            shared.losses.callback_panics.add(1);
        }
    })
}

/// One set has one spelling: ordered by key, and of a key that is there twice the last value.
fn in_order(attributes: &[KeyValue]) -> Cow<'_, [KeyValue]> {
    if attributes.is_sorted_by(|a, b| a.key < b.key) {
        return Cow::Borrowed(attributes);
    }
    let mut sorted = attributes.to_vec();
    // Stable, from the back: what was said last of a key comes first of it.
    sorted.reverse();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.dedup_by(|later, first| later.key == first.key);
    Cow::Owned(sorted)
}
