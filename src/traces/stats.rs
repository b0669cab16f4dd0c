//! What became of the spans of one back end, for metrics, the API and the page.
//! Counts only; decides nothing.

use parking_lot::Mutex;
use pointsman_core::model::clock::Wall;
use std::collections::BTreeMap;

/// Why spans did not reach a back end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// The queue was full when they came.
    QueueFull,
    /// The back end refused their request for good.
    Refused,
    /// The back end took the request without them (`partial_success`).
    Rejected,
    /// The process ended before the back end took them.
    Shutdown,
}

impl DropReason {
    /// The value of the drop-reason attribute and of the API's field.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The last thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// When.
    pub at: Wall,
    /// What, cut and printable.
    pub text: String,
}

/// Everything counted since the start.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Spans that the back end took.
    pub sent: u64,
    /// Spans that it will never get, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Requests that it answered well.
    pub exports_ok: u64,
    /// Requests that failed, each attempt counted.
    pub exports_failed: u64,
    /// The last failure or warning; stays after recovery, see `failing`.
    pub last_error: Option<LastError>,
    /// Whether the last request failed.
    pub failing: bool,
}

/// Counts that a forwarder writes and others read.
#[derive(Debug, Default)]
pub struct Stats {
    counts: Mutex<Counts>,
}

impl Stats {
    /// Spans are lost.
    pub fn drop_spans(&self, reason: DropReason, spans: u64) {
        if spans > 0 {
            let mut counts = self.counts.lock();
            let slot = counts.dropped.entry(reason).or_default();
            *slot = slot.saturating_add(spans);
        }
    }

    /// A request was answered well. Says whether this ends a time of failures.
    pub fn succeed(&self, spans: u64) -> bool {
        let mut counts = self.counts.lock();
        counts.sent = counts.sent.saturating_add(spans);
        counts.exports_ok = counts.exports_ok.saturating_add(1);
        std::mem::take(&mut counts.failing)
    }

    /// A request failed. Says whether this begins a time of failures.
    pub fn fail(&self, at: Wall, text: String) -> bool {
        let mut counts = self.counts.lock();
        counts.exports_failed = counts.exports_failed.saturating_add(1);
        counts.last_error = Some(LastError { at, text });
        !std::mem::replace(&mut counts.failing, true)
    }

    /// A request was answered well, with a remark.
    pub fn remark(&self, at: Wall, text: String) {
        self.counts.lock().last_error = Some(LastError { at, text });
    }

    /// All counts at one moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.lock().clone()
    }
}
