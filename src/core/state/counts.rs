//! What the store counts about itself, and what it answers about its state: every cap and every drop has a number here.
//! Knows nothing of what is counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of one request, added to the store's at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) superseded: u64,
    pub(crate) gaps: u64,
    pub(crate) falls: u64,
    pub(crate) retried: u64,
    pub(crate) overflow: u64,
    pub(crate) duplicate_keys: u64,
    pub(crate) limits: [u64; Limit::ALL.len()],
}

/// A cap of the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// `--max-series`: the point is refused.
    #[default]
    Series,
    /// `--sender-max-series`: the point is refused.
    SenderSeries,
    /// `--memory-limit`: the point is refused, for it would begin something new.
    Memory,
    /// Series of one component: the point goes to the overflow series.
    ComponentSeries,
    /// Series of one metric of one resource: the point goes to the overflow series.
    MetricSeries,
    /// A view's `cardinality.limit`: the point goes to the overflow series.
    ViewSeries,
    /// Components, resources, scopes or metrics: the point is refused.
    Streams,
    /// Spellings of a series or resource: sorted at each push from then on.
    Aliases,
    /// Members a collapsed metric remembers: the oldest is forgotten.
    Tombstones,
    /// The newest point of a metric in a request, far from our clock: it is kept.
    TimeSkew,
}

impl Limit {
    /// Every cap.
    pub const ALL: [Self; 10] = [
        Self::Series,
        Self::SenderSeries,
        Self::Memory,
        Self::ComponentSeries,
        Self::MetricSeries,
        Self::ViewSeries,
        Self::Streams,
        Self::Aliases,
        Self::Tombstones,
        Self::TimeSkew,
    ];

    /// The value of the limit attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Series => "series",
            Self::SenderSeries => "sender_series",
            Self::Memory => "memory",
            Self::ComponentSeries => "component_series",
            Self::MetricSeries => "metric_series",
            Self::ViewSeries => "view_series",
            Self::Streams => "streams",
            Self::Aliases => "aliases",
            Self::Tombstones => "tombstones",
            Self::TimeSkew => "time_skew",
        }
    }
}

impl Counts {
    pub(crate) const fn limit(&mut self, limit: Limit) {
        self.limits[limit as usize] += 1;
    }
}

/// The store's counters, added to from any thread.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    superseded: AtomicU64,
    gaps: AtomicU64,
    falls: AtomicU64,
    retried: AtomicU64,
    overflow: AtomicU64,
    duplicate_keys: AtomicU64,
    limits: [AtomicU64; Limit::ALL.len()],
}

impl Counters {
    pub(crate) fn limit(&self, limit: Limit) {
        self.limits[limit as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn add(&self, counts: &Counts) {
        let Counts { superseded, gaps, falls, retried, overflow, duplicate_keys, limits } = counts;
        let pairs = [
            (&self.superseded, superseded),
            (&self.gaps, gaps),
            (&self.falls, falls),
            (&self.retried, retried),
            (&self.overflow, overflow),
            (&self.duplicate_keys, duplicate_keys),
        ];
        for (total, n) in pairs.into_iter().chain(self.limits.iter().zip(limits)) {
            if *n > 0 {
                total.fetch_add(*n, Relaxed);
            }
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            superseded: self.superseded.load(Relaxed),
            gaps: self.gaps.load(Relaxed),
            falls: self.falls.load(Relaxed),
            retried: self.retried.load(Relaxed),
            overflow: self.overflow.load(Relaxed),
            duplicate_keys: self.duplicate_keys.load(Relaxed),
            limits: Limit::ALL.map(|limit| (limit, self.limits[limit as usize].load(Relaxed))),
            ..Stats::default()
        }
    }
}

/// The store in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Series held.
    pub series: u64,
    /// Streams known, those that are off included.
    pub streams: u64,
    /// Resources known.
    pub resources: u64,
    /// Components known.
    pub components: u64,
    /// Spellings known beside the first of each series.
    pub aliases: u64,
    /// Roughly what all this holds in memory.
    pub memory_bytes: u64,
    /// Points dropped because a newer one had arrived already (TM-11).
    pub superseded: u64,
    /// Delta points added after a gap (TM-07).
    pub gaps: u64,
    /// Monotonic values that fell without a new start (TM-12).
    pub falls: u64,
    /// Delta points sent again and not added again (TM-10).
    pub retried: u64,
    /// Points that went to an overflow series.
    pub overflow: u64,
    /// Attributes dropped because their key came twice (LB-16).
    pub duplicate_keys: u64,
    /// How often each cap bit.
    pub limits: [(Limit, u64); Limit::ALL.len()],
}
