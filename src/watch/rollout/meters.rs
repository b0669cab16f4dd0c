//! The counters and histograms of node updates. Each begins at 0 for everything that is known, so that its first increase shows.
//! A time that was not measured is counted, never recorded. Knows what can be recorded, not when.

use super::evidence::Start;
use pointsman_instrument::{
    Metric, StringValue, Telemetry,
    metric::{Counter, CounterOn, Distribution, Histogram, HistogramOn},
    semconv::{
        attribute::{McoAction, McoPhase, McoPhaseKind, McoResult, McoStartSource},
        mco,
    },
    span::Place,
};
use std::sync::Arc;

/// How a node's update may end.
const RESULTS: [McoResult; 4] = [McoResult::Completed, McoResult::Failed, McoResult::Superseded, McoResult::Aborted];

/// They are there while the role speaks.
pub(super) struct Meters {
    phase_duration: Histogram<mco::NodeUpdatePhaseDuration>,
    unobserved: Counter<mco::NodeUpdatePhaseUnobserved>,
    update_duration: Histogram<mco::NodeUpdateDuration>,
    update_count: Counter<mco::NodeUpdateCount>,
    errors: Counter<mco::NodeUpdateErrors>,
    pivot_errors: Counter<mco::NodePivotErrors>,
    drain_duration: Histogram<mco::NodeDrainDuration>,
    drain_retries: Counter<mco::NodeDrainRetries>,
    reboot_duration: Histogram<mco::NodeRebootDuration>,
}

impl Meters {
    pub(super) fn new(telemetry: &Arc<Telemetry>) -> Self {
        Self {
            phase_duration: telemetry.histogram(),
            unobserved: telemetry.counter(),
            update_duration: telemetry.histogram(),
            update_count: telemetry.counter(),
            errors: telemetry.counter(),
            pivot_errors: telemetry.counter(),
            drain_duration: telemetry.histogram(),
            drain_retries: telemetry.counter(),
            reboot_duration: telemetry.histogram(),
        }
    }

    /// A pool is there.
    pub(super) fn begin_pool(&self, pool: &str) {
        if let (Some(on), Some(pool_name)) = (self.update_count.on(), named(pool)) {
            RESULTS.into_iter().for_each(|result| on.add(0, mco::NodeUpdateCount { pool_name: pool_name.clone(), result }));
        }
        if let (Some(on), Some(pool_name)) = (self.errors.on(), named(pool)) {
            McoPhase::ALL.into_iter().for_each(|phase| on.add(0, mco::NodeUpdateErrors { pool_name: pool_name.clone(), phase }));
        }
        if let (Some(on), Some(pool_name)) = (self.pivot_errors.on(), named(pool)) {
            on.add(0, mco::NodePivotErrors { pool_name });
        }
        self.drain_retries(pool, 0);
        [McoStartSource::FirstSeen, McoStartSource::CreationTime]
            .into_iter()
            .for_each(|source| self.count_start(pool, source, 0));
    }

    /// A phase ended.
    pub(super) fn phase(
        &self,
        (pool, phase, phase_kind): (&str, McoPhase, McoPhaseKind),
        result: McoResult,
        (start, took): (Start, f64),
        place: Option<Place>,
    ) {
        if !matches!(result, McoResult::Completed | McoResult::Failed) {
            return;
        }
        if !start.is_measured() {
            return self.unobserved(pool, start);
        }
        if let (Some(on), Some(pool_name)) = (self.phase_duration.on(), named(pool)) {
            record(&on, took, mco::NodeUpdatePhaseDuration { pool_name, phase, phase_kind, result }, place);
        }
        if phase == McoPhase::RebootedNode && result == McoResult::Completed {
            self.reboot(pool, (start, took), place);
        }
    }

    /// Something ended whose duration is not recorded, as nobody saw it begin.
    pub(super) fn unobserved(&self, pool: &str, start: Start) {
        self.count_start(pool, start.source, 1);
    }

    fn count_start(&self, pool: &str, start_source: McoStartSource, n: u64) {
        if let (Some(on), Some(pool_name)) = (self.unobserved.on(), named(pool)) {
            on.add(n, mco::NodeUpdatePhaseUnobserved { start_source, pool_name });
        }
    }

    /// A node's update ended.
    pub(super) fn update(
        &self,
        (pool, action): (&str, McoAction),
        result: McoResult,
        (start, took): (Start, f64),
        place: Option<Place>,
    ) {
        if let (Some(on), Some(pool_name)) = (self.update_count.on(), named(pool)) {
            add(&on, mco::NodeUpdateCount { pool_name, result }, place);
        }
        if result == McoResult::Aborted {
            return;
        }
        if !start.is_measured() {
            return self.unobserved(pool, start);
        }
        if let (Some(on), Some(pool_name)) = (self.update_duration.on(), named(pool)) {
            record(&on, took, mco::NodeUpdateDuration { pool_name, action, result }, place);
        }
    }

    /// A phase showed an error.
    pub(super) fn phase_error(&self, pool: &str, phase: McoPhase, place: Option<Place>) {
        if let (Some(on), Some(pool_name)) = (self.errors.on(), named(pool)) {
            add(&on, mco::NodeUpdateErrors { pool_name, phase }, place);
        }
    }

    /// A new OS failed.
    pub(super) fn pivot_error(&self, pool: &str) {
        if let (Some(on), Some(pool_name)) = (self.pivot_errors.on(), named(pool)) {
            on.add(1, mco::NodePivotErrors { pool_name });
        }
    }

    /// Drains were tried again.
    pub(super) fn drain_retries(&self, pool: &str, n: u64) {
        if let (Some(on), Some(pool_name)) = (self.drain_retries.on(), named(pool)) {
            on.add(n, mco::NodeDrainRetries { pool_name });
        }
    }

    /// A drain ended.
    pub(super) fn drain(&self, pool: &str, result: McoResult, (start, took): (Start, f64), place: Option<Place>) {
        if !start.is_measured() {
            return self.unobserved(pool, start);
        }
        if let (Some(on), Some(pool_name)) = (self.drain_duration.on(), named(pool)) {
            record(&on, took, mco::NodeDrainDuration { pool_name, result }, place);
        }
    }

    /// A node has booted.
    pub(super) fn reboot(&self, pool: &str, (start, took): (Start, f64), place: Option<Place>) {
        if !start.is_measured() {
            return self.unobserved(pool, start);
        }
        if let (Some(on), Some(pool_name)) = (self.reboot_duration.on(), named(pool)) {
            record(&on, took, mco::NodeRebootDuration { pool_name }, place);
        }
    }
}

/// A pool's counters and times are of a pool: what nodes of none do is told by their spans and their own series.
fn named(pool: &str) -> Option<StringValue> {
    (!pool.is_empty()).then(|| pool.to_owned().into())
}

/// Counts one, in a span where one is made.
pub(crate) fn add<M: Metric<Value = u64>>(on: &CounterOn<'_, M>, metric: M, place: Option<Place>) {
    match place {
        Some(place) => on.add_in(1, metric, place),
        None => on.add(1, metric),
    }
}

/// Records a time, in a span where one is made.
pub(crate) fn record<M: Metric<Value = Distribution>>(on: &HistogramOn<'_, M>, took: f64, metric: M, place: Option<Place>) {
    match place {
        Some(place) => on.record_in(took, metric, place),
        None => on.record(took, metric),
    }
}
