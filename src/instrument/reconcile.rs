//! One turn of a reconcile loop: counted, timed, and a span when it changed something or failed.
//! A turn that is dropped before it ends counts as cancelled, never as success. Knows no loop.

use crate::{
    metric::{Counter, Histogram},
    semconv::{
        attribute::PointsmanResult,
        pointsman::{self as names, ReconcileCount, ReconcileDuration},
    },
    span::{Finished, Place},
    telemetry::Telemetry,
};
use std::{sync::Arc, time::SystemTime};

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something was changed.
    Changed,
    /// There was nothing to do.
    Unchanged,
    /// It failed.
    Failed,
}

/// Measures the turns of one loop.
pub struct Reconcile {
    telemetry: Arc<Telemetry>,
    kind: &'static str,
    count: Counter<ReconcileCount>,
    duration: Histogram<ReconcileDuration>,
}

/// A turn that has begun. Dropped without an end it is cancelled.
#[must_use]
pub struct Turn<'a> {
    of: &'a Reconcile,
    start: SystemTime,
    ended: bool,
}

impl Reconcile {
    /// For a loop that reconciles objects of this kind; a few kinds, never names.
    #[must_use]
    pub fn new(telemetry: &Arc<Telemetry>, kind: &'static str) -> Self {
        Self { telemetry: telemetry.clone(), kind, count: telemetry.counter(), duration: telemetry.histogram() }
    }

    /// Begins a turn.
    pub fn begin(&self) -> Turn<'_> {
        Turn { of: self, start: self.telemetry.now(), ended: false }
    }

    fn record(&self, start: SystemTime, result: PointsmanResult, faults: u32) {
        let end = self.telemetry.now();
        let object_kind = || self.kind.into();
        if let Some(count) = self.count.on() {
            count.add(1, ReconcileCount { object_kind: object_kind(), result });
        }
        if let Some(duration) = self.duration.on() {
            let took = end.duration_since(start).unwrap_or_default().as_secs_f64();
            duration.record(took, ReconcileDuration { object_kind: object_kind(), result });
        }
        if result == PointsmanResult::Unchanged {
            return;
        }
        let span = names::Reconcile { object_kind: object_kind(), result, faults: i64::from(faults) };
        let (trace, id) = self.telemetry.new_ids();
        let finished = Finished::new(span, Place::root(trace, id), start, end);
        let failed = matches!(result, PointsmanResult::Failed | PointsmanResult::Cancelled);
        self.telemetry.span(if failed { finished.failed(result.as_str()) } else { finished });
    }
}

impl Turn<'_> {
    /// Ends the turn, with the number of faults it found.
    pub fn end(mut self, outcome: Outcome, faults: u32) {
        self.ended = true;
        let result = match outcome {
            Outcome::Changed => PointsmanResult::Changed,
            Outcome::Unchanged => PointsmanResult::Unchanged,
            Outcome::Failed => PointsmanResult::Failed,
        };
        self.of.record(self.start, result, faults);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.of.record(self.start, PointsmanResult::Cancelled, 0);
        }
    }
}
