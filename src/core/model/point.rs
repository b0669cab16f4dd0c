//! Values of points as state keeps them and expositions read them: numbers, histograms, summaries, exemplars.
//! Knows neither how they arrived nor how they are printed.

/// A number as it came: whole numbers stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// OTLP `as_int`.
    Int(i64),
    /// OTLP `as_double`.
    Double(f64),
}

impl Number {
    /// The value as a float; whole numbers beyond 2^53 are rounded.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the caller asked for a float")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(i) => i as f64,
            Self::Double(d) => d,
        }
    }
}

/// An explicit-bucket histogram: `counts` has one entry more than `bounds`, or both are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Number of observations; the sum of `counts` where there are any.
    pub count: u64,
    /// Sum of observations, where the sender knows it.
    pub sum: Option<f64>,
    /// Upper bounds, strictly ascending, finite (a trailing `+Inf` was removed).
    pub bounds: Box<[f64]>,
    /// Observations per bucket, not cumulative.
    pub counts: Box<[u64]>,
}

/// One side of an exponential histogram: `counts[i]` is bucket `offset + i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets {
    /// Index of the first count.
    pub offset: i32,
    /// Observations per bucket.
    pub counts: Vec<u64>,
}

/// A base-2 exponential histogram (OTel metrics data model, ExponentialHistogram).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpHistogram {
    /// Number of observations.
    pub count: u64,
    /// Sum of observations; always known here: a point without it is refused.
    pub sum: f64,
    /// Resolution: base = 2^(2^-scale).
    pub scale: i32,
    /// Observations within the zero threshold.
    pub zero_count: u64,
    /// Half-width of the zero bucket; 0 when the sender names none.
    pub zero_threshold: f64,
    /// Observations above zero.
    pub positive: Buckets,
    /// Observations below zero, by magnitude.
    pub negative: Buckets,
}

/// A summary: quantiles ascending, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Number of observations.
    pub count: u64,
    /// Sum of observations.
    pub sum: f64,
    /// (quantile, value) pairs.
    pub quantiles: Box<[(f64, f64)]>,
}

/// An exemplar: one observation with where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// Observed value.
    pub value: Number,
    /// When, in Unix nanoseconds; 0 = unknown.
    pub time: u64,
    /// Trace id; `None` when absent or invalid.
    pub trace_id: Option<[u8; 16]>,
    /// Span id; `None` when absent or invalid.
    pub span_id: Option<[u8; 8]>,
    /// Filtered attributes: original keys and label text.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}
