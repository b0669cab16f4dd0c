//! The counters and histograms of node updates. Each begins at 0 for everything that is known, so that its first increase shows.
//! A time that was not measured is counted, never recorded. Knows what can be recorded, not when.

use super::evidence::Start;
use pointsman_instrument::{
    StringValue, Telemetry,
    metric::{Counter, Histogram},
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
        if let Some(on) = self.update_count.on() {
            RESULTS.into_iter().for_each(|result| on.add(0, mco::NodeUpdateCount { pool_name: text(pool), result }));
        }
        if let Some(on) = self.errors.on() {
            McoPhase::ALL.into_iter().for_each(|phase| on.add(0, mco::NodeUpdateErrors { pool_name: text(pool), phase }));
        }
        if let Some(on) = self.pivot_errors.on() {
            on.add(0, mco::NodePivotErrors { pool_name: text(pool) });
        }
        self.drain_retries(pool, 0);
        [McoStartSource::FirstSeen, McoStartSource::CreationTime].into_iter().for_each(|source| self.unobserved(pool, source, 0));
    }

    /// A phase ended.
    pub(super) fn phase(
        &self,
        (pool, phase, phase_kind): (&str, McoPhase, McoPhaseKind),
        result: McoResult,
        (start, took): (Start, f64),
        place: Place,
    ) {
        if !matches!(result, McoResult::Completed | McoResult::Failed) {
            return;
        }
        if !start.is_measured() {
            return self.unobserved(pool, start.source, 1);
        }
        if let Some(on) = self.phase_duration.on() {
            on.record_in(took, mco::NodeUpdatePhaseDuration { pool_name: text(pool), phase, phase_kind, result }, place);
        }
        if phase == McoPhase::RebootedNode && result == McoResult::Completed {
            self.reboot(pool, took, Some(place));
        }
    }

    fn unobserved(&self, pool: &str, start_source: McoStartSource, n: u64) {
        if let Some(on) = self.unobserved.on() {
            on.add(n, mco::NodeUpdatePhaseUnobserved { start_source, pool_name: text(pool) });
        }
    }

    /// A node's update ended.
    pub(super) fn update(&self, (pool, action): (&str, McoAction), result: McoResult, (start, took): (Start, f64), place: Place) {
        if let Some(on) = self.update_count.on() {
            on.add_in(1, mco::NodeUpdateCount { pool_name: text(pool), result }, place);
        }
        if let Some(on) = self.update_duration.on().filter(|_| start.is_measured() && result != McoResult::Aborted) {
            on.record_in(took, mco::NodeUpdateDuration { pool_name: text(pool), action, result }, place);
        }
    }

    /// A phase showed an error.
    pub(super) fn phase_error(&self, pool: &str, phase: McoPhase, place: Option<Place>) {
        if let Some(on) = self.errors.on() {
            let errors = mco::NodeUpdateErrors { pool_name: text(pool), phase };
            match place {
                Some(place) => on.add_in(1, errors, place),
                None => on.add(1, errors),
            }
        }
    }

    /// A new OS failed.
    pub(super) fn pivot_error(&self, pool: &str) {
        if let Some(on) = self.pivot_errors.on() {
            on.add(1, mco::NodePivotErrors { pool_name: text(pool) });
        }
    }

    /// Drains were tried again.
    pub(super) fn drain_retries(&self, pool: &str, n: u64) {
        if let Some(on) = self.drain_retries.on() {
            on.add(n, mco::NodeDrainRetries { pool_name: text(pool) });
        }
    }

    /// A drain ended.
    pub(super) fn drain(&self, pool: &str, result: McoResult, took: f64, place: Option<Place>) {
        if let Some(on) = self.drain_duration.on() {
            let drain = mco::NodeDrainDuration { pool_name: text(pool), result };
            match place {
                Some(place) => on.record_in(took, drain, place),
                None => on.record(took, drain),
            }
        }
    }

    /// A node has booted.
    pub(super) fn reboot(&self, pool: &str, took: f64, place: Option<Place>) {
        if let Some(on) = self.reboot_duration.on() {
            let reboot = mco::NodeRebootDuration { pool_name: text(pool) };
            match place {
                Some(place) => on.record_in(took, reboot, place),
                None => on.record(took, reboot),
            }
        }
    }
}

fn text(text: &str) -> StringValue {
    text.to_owned().into()
}
