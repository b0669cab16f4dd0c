//! The shapes of load: how many metrics and points a request has, of which kind, and what each series is worth after so
//! many pushes. Plain arithmetic, so that whoever checks a scrape needs no second copy of the state.

/// Bounds of the explicit histograms; with +Inf these are 12 buckets.
pub(crate) const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Buckets of the exponential histograms, all on the positive side.
pub(crate) const EXPONENTIAL_BUCKETS: usize = 160;
/// A count of an exponential bucket takes two bytes from here on, so that it can be written in place.
const EXPONENTIAL_LEAST: u64 = 128;
/// Counters of text formats have ten digits from here on, for the same reason.
const INT_LEAST: u64 = 1_000_000_000;
/// Of all series, how much churn replaces each second.
pub(crate) const CHURN: f64 = 0.01;

/// One shape of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// 10 metrics × 100 points a request.
    Large,
    /// 20 metrics × 5 points a request.
    Small,
    /// 10 points a request, from 5,000 connections.
    Tiny,
    /// Large, explicit histograms of 12 buckets.
    Histograms,
    /// Large, exponential histograms of 160 buckets.
    Exponentials,
    /// Large, delta sums.
    Deltas,
    /// Large, and 1 % of the series is replaced each second.
    Churn,
}

/// All of them, as options name them.
pub(crate) const SHAPES: [(&str, Shape); 7] = [
    ("s1", Shape::Large),
    ("s2", Shape::Small),
    ("s3", Shape::Tiny),
    ("h", Shape::Histograms),
    ("e", Shape::Exponentials),
    ("d", Shape::Deltas),
    ("c", Shape::Churn),
];

impl Shape {
    /// As the tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Large => "S1, 10 × 100 points",
            Self::Small => "S2, 20 × 5 points",
            Self::Tiny => "S3, 10 points from 5,000 connections",
            Self::Histograms => "H, histograms of 12 buckets",
            Self::Exponentials => "E, exponential histograms of 160 buckets",
            Self::Deltas => "D, delta sums",
            Self::Churn => "C, 1 % of the series replaced each second",
        }
    }

    pub(crate) fn metrics(self) -> usize {
        match self {
            Self::Small => 20,
            _ => 10,
        }
    }

    /// Points of one request, which is also the number of series of one instance.
    pub(crate) fn points(self) -> usize {
        self.metrics()
            * match self {
                Self::Small => 5,
                Self::Tiny => 1,
                _ => 100,
            }
    }

    /// How many connections send, if the shape says so.
    pub(crate) fn connections(self) -> Option<usize> {
        (self == Self::Tiny).then_some(5_000)
    }

    /// Whether the points are plain numbers.
    pub(crate) fn is_numbers(self) -> bool {
        !matches!(self, Self::Histograms | Self::Exponentials)
    }

    /// Every second metric is a monotonic sum of integers, the others are gauges of doubles; of deltas all are sums.
    pub(crate) fn is_counter(self, metric: usize) -> bool {
        self == Self::Deltas || (self.is_numbers() && metric % 2 == 1)
    }
}

/// The integer that the `pass`th push of a cumulative series has.
pub(crate) fn int_of(series: usize, pass: u64) -> u64 {
    INT_LEAST + series as u64 + pass * 3
}

/// Odd enough that its shortest text has many digits, as measured values have.
pub(crate) fn double_of(series: usize, pass: u64) -> f64 {
    (series as f64 + 1.0) * 1.1 + pass as f64 * 0.37
}

/// What the `pass`th push of a delta adds.
pub(crate) fn delta_of(series: usize, pass: u64) -> u64 {
    series as u64 % 5 + pass % 3
}

/// What that many pushes of a delta add up to.
pub(crate) fn deltas_until(series: usize, passes: u64) -> u64 {
    let rest = passes % 3;
    passes * (series as u64 % 5) + passes / 3 * 3 + rest * (rest + 1) / 2
}

/// The count of one bucket of a histogram.
pub(crate) fn bucket_of(shape: Shape, series: usize, bucket: usize, pass: u64) -> u64 {
    let least = if shape == Shape::Exponentials { EXPONENTIAL_LEAST } else { 0 };
    least + (series as u64 + bucket as u64) % 7 + pass
}

/// How many buckets a histogram of this shape has.
pub(crate) fn buckets(shape: Shape) -> usize {
    if shape == Shape::Exponentials { EXPONENTIAL_BUCKETS } else { BOUNDS.len() + 1 }
}

/// The count of a whole histogram.
pub(crate) fn count_of(shape: Shape, series: usize, pass: u64) -> u64 {
    (0..buckets(shape)).map(|bucket| bucket_of(shape, series, bucket, pass)).sum()
}
