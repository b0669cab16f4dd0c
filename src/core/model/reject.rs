//! Why a point was refused, or only remarked on. A closed list: it becomes counters, `partial_success` text and tests.
//! Knows no encoding: `decode::reply` writes the answer.

use super::speaker::Claim;
use std::collections::BTreeMap;

/// A reason to refuse one point. The rule it follows stands beside each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// RV-01: `time_unix_nano` is 0.
    NoTime,
    /// TM-04: the start lies after the time.
    StartAfterTime,
    /// TY-04: a number point without a value.
    NoValue,
    /// TY-07: a monotonic value that is negative, NaN or infinite.
    BadCounterValue,
    /// TY-09, TY-12: bounds and counts do not fit, do not ascend, or are NaN.
    BadBuckets,
    /// TY-11, NH-14: bucket counts do not add up to the count.
    CountMismatch,
    /// TY-15: a quantile outside 0..1, or a negative value.
    BadQuantile,
    /// TY-19: aggregation temporality is missing or unknown.
    NoTemporality,
    /// NH-02: the scale is below -4.
    BadScale,
    /// NH-05: an exponential histogram without a sum.
    NoSum,
    /// NH-12: a bucket index that overflows a float.
    BucketOverflow,
    /// NM-05: the metric name is empty or becomes empty.
    NoName,
    /// NM-24: invalid UTF-8 in the point, its metric, scope or resource.
    NotUtf8,
    /// LB: attributes that do not parse.
    BadAttributes,
    /// Limits: more attributes than a point may have.
    TooManyAttributes,
    /// Limits: a key or value is too long.
    AttributeTooLong,
    /// Limits: a name, unit, description or schema URL is too long.
    TextTooLong,
    /// RJ-10: attribute values nested too deeply.
    TooDeep,
    /// Limits: more buckets, bounds or quantiles than a point may have.
    TooManyBuckets,
    /// RV-04: `--max-series` is reached.
    SeriesLimit,
    /// RV-04: no memory is left for what is new.
    MemoryLimit,
    /// Limits: more components, resources, scopes or metrics than are kept.
    StreamLimit,
    /// TM-07: a delta point that overlaps what was added already, or is older.
    LateDelta,
    /// TM-13: an older writer of a stream that a newer one took over.
    OldWriter,
    /// RJ-01, spans: a trace or span id of a wrong length, or all zero.
    BadId,
    /// Limits: the trace queue is full.
    QueueFull,
    /// The resource claims by this attribute to be somebody else's than its sender's.
    Forged(Claim),
    /// `--sender-max-series` is reached by who began the resource.
    SenderSeriesLimit,
}

impl Reason {
    /// The sentence that goes into `partial_success.error_message`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoTime => "time_unix_nano is 0",
            Self::StartAfterTime => "start_time_unix_nano is after time_unix_nano",
            Self::NoValue => "number point without a value",
            Self::BadCounterValue => "monotonic sum is negative, NaN or infinite",
            Self::BadBuckets => "histogram bounds must ascend strictly and bucket_counts have one entry more",
            Self::CountMismatch => "bucket counts do not add up to count",
            Self::BadQuantile => "summary quantile outside 0..1 or negative value",
            Self::NoTemporality => "aggregation_temporality is unspecified",
            Self::BadScale => "exponential histogram scale is below -4",
            Self::NoSum => "exponential histogram without sum",
            Self::BucketOverflow => "exponential bucket index overflows",
            Self::NoName => "metric name is empty or has no legal character",
            Self::NotUtf8 => "invalid UTF-8",
            Self::BadAttributes => "attributes do not parse",
            Self::TooManyAttributes => "more than 128 attributes",
            Self::AttributeTooLong => "attribute key over 256 bytes or value over 4 KiB",
            Self::TextTooLong => "name, unit, description, version or schema URL over 4 KiB",
            Self::TooDeep => "attribute value nested deeper than 32",
            Self::TooManyBuckets => "too many buckets",
            Self::SeriesLimit => "series limit --max-series reached",
            Self::MemoryLimit => "memory limit --memory-limit reached, nothing new is taken",
            Self::StreamLimit => "too many components, resources, scopes or metrics",
            Self::LateDelta => "delta point overlaps or precedes what was added already",
            Self::OldWriter => "an older writer of this stream: a newer start time took over",
            Self::BadId => "trace_id or span_id has a wrong length or is zero",
            Self::QueueFull => "trace queue is full",
            Self::Forged(Claim::Namespace) => "the resource's k8s.namespace.name is not its sender's",
            Self::Forged(Claim::ServiceNamespace) => "the resource's service.namespace is not its sender's",
            Self::Forged(Claim::Service) => "the resource's service.name is not its sender's",
            Self::Forged(Claim::Pod) => "the resource's k8s.pod.name is not its sender's",
            Self::Forged(Claim::PodUid) => "the resource's k8s.pod.uid is not its sender's",
            Self::SenderSeriesLimit => "series limit of one sender --sender-max-series reached",
        }
    }

    /// The value of the `pointsman.reason` attribute.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoTime => "no_time",
            Self::StartAfterTime => "start_after_time",
            Self::NoValue => "no_value",
            Self::BadCounterValue => "bad_counter_value",
            Self::BadBuckets => "bad_buckets",
            Self::CountMismatch => "count_mismatch",
            Self::BadQuantile => "bad_quantile",
            Self::NoTemporality => "no_temporality",
            Self::BadScale => "bad_scale",
            Self::NoSum => "no_sum",
            Self::BucketOverflow => "bucket_overflow",
            Self::NoName => "no_name",
            Self::NotUtf8 => "not_utf8",
            Self::BadAttributes => "bad_attributes",
            Self::TooManyAttributes => "too_many_attributes",
            Self::AttributeTooLong => "attribute_too_long",
            Self::TextTooLong => "text_too_long",
            Self::TooDeep => "too_deep",
            Self::TooManyBuckets => "too_many_buckets",
            Self::SeriesLimit => "series_limit",
            Self::MemoryLimit => "memory_limit",
            Self::StreamLimit => "stream_limit",
            Self::LateDelta => "late_delta",
            Self::OldWriter => "old_writer",
            Self::BadId => "bad_id",
            Self::QueueFull => "queue_full",
            Self::Forged(_) => "forged",
            Self::SenderSeriesLimit => "sender_series_limit",
        }
    }
}

/// What was accepted and refused of one request. A remark refuses nothing (OTLP: rejected = 0 with a message).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Points or spans seen.
    pub received: u64,
    /// Points or spans refused, by reason; their sum is what `partial_success` reports.
    pub rejected: BTreeMap<Reason, u64>,
    /// Points a view disabled: neither refused nor kept.
    pub suppressed: u64,
    /// Warnings that refuse nothing, in words; at most a few.
    pub remarks: Vec<String>,
}

impl Tally {
    /// Counts `n` refusals.
    pub fn reject(&mut self, reason: Reason, n: u64) {
        if n > 0 {
            let slot = self.rejected.entry(reason).or_default();
            *slot = slot.saturating_add(n);
        }
    }

    /// By which attributes resources claimed to be somebody else's, and how many points that were.
    pub fn forged(&self) -> impl Iterator<Item = (Claim, u64)> {
        self.rejected.iter().filter_map(|(reason, n)| if let Reason::Forged(claim) = reason { Some((*claim, *n)) } else { None })
    }

    /// How many points were refused.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().fold(0, |sum, n| sum.saturating_add(*n))
    }
}
