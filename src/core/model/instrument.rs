//! What an instrument is: kind, level, identity. Field names follow the OTel metrics data model.
//! Knows no view: what is decided about an instrument is `view`'s.

use std::fmt;

/// The kind of an instrument, as it is seen on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A monotonic sum.
    Counter,
    /// A sum that may fall.
    UpDownCounter,
    /// The last value.
    Gauge,
    /// Explicit buckets.
    Histogram,
    /// Exponential buckets.
    ExponentialHistogram,
    /// Pre-computed quantiles.
    Summary,
}

impl Kind {
    /// Every kind, in the order users read them.
    pub const ALL: [Self; 6] =
        [Self::Counter, Self::UpDownCounter, Self::Gauge, Self::Histogram, Self::ExponentialHistogram, Self::Summary];

    /// The word used in views, catalogues and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "Counter",
            Self::UpDownCounter => "UpDownCounter",
            Self::Gauge => "Gauge",
            Self::Histogram => "Histogram",
            Self::ExponentialHistogram => "ExponentialHistogram",
            Self::Summary => "Summary",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a user wants to see: each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::Essential, Self::Standard, Self::Detailed, Self::Debug];

    /// The word used in views and catalogues.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Essential => "Essential",
            Self::Standard => "Standard",
            Self::Detailed => "Detailed",
            Self::Debug => "Debug",
        }
    }
}

/// An instrument of a component: what views match and catalogues list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instrument {
    /// Name of the instrumentation scope; may be empty.
    pub scope: Box<str>,
    /// The OTLP metric name, untranslated.
    pub name: Box<str>,
    /// What it is.
    pub kind: Kind,
    /// UCUM unit as sent; may be empty.
    pub unit: Box<str>,
}
