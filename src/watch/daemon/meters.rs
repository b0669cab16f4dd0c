//! The counters of this role. Each begins at 0 for everything that is known, so that its first increase shows.
//! Knows what can be counted, not when.

use pointsman_instrument::{
    StringValue, Telemetry,
    metric::Counter,
    semconv::{
        attribute::{McoComponent, McoEventReason, McoEventType, McoFailureClass, McoRebootCause},
        mco,
    },
};
use std::sync::Arc;

/// They are there while the role speaks.
pub(super) struct Meters {
    telemetry: Arc<Telemetry>,
    reboots: Counter<mco::NodeRebootCount>,
    reboots_failed: Counter<mco::NodeRebootFailed>,
    pivot_errors: Counter<mco::NodePivotErrors>,
    drifts: Counter<mco::NodeConfigDriftCount>,
    set_failures: Counter<mco::PinnedImageSetFailures>,
    events: Counter<mco::EventCount>,
}

impl Meters {
    pub(super) fn new(telemetry: &Arc<Telemetry>) -> Self {
        Self {
            telemetry: Arc::clone(telemetry),
            reboots: telemetry.counter(),
            reboots_failed: telemetry.counter(),
            pivot_errors: telemetry.counter(),
            drifts: telemetry.counter(),
            set_failures: telemetry.counter(),
            events: telemetry.counter(),
        }
    }

    /// A pool is there.
    pub(super) fn begin_pool(&self, pool: &str) {
        McoRebootCause::ALL.into_iter().for_each(|cause| self.reboots(0, pool, cause));
        self.reboots_failed(0, pool);
        self.pivot_errors(0, pool);
        self.drifts(0, pool);
    }

    /// A pinned image set is there.
    pub(super) fn begin_set(&self, set: &str) {
        McoFailureClass::ALL.into_iter().for_each(|class| self.set_failures(0, set, class));
    }

    /// Every kind of event may come.
    pub(super) fn begin_events(&self) {
        for reason in McoEventReason::ALL {
            for component in McoComponent::ALL {
                McoEventType::ALL.into_iter().for_each(|class| self.events(0, reason, component, class));
            }
        }
    }

    /// What has this attribute is gone: all that was ever recorded for it ends.
    pub(super) fn end(&self, key: &'static str, value: &str) {
        self.telemetry.end_where(key, value);
    }

    pub(super) fn reboots(&self, n: u64, pool: &str, cause: McoRebootCause) {
        if let (Some(on), Some(pool_name)) = (self.reboots.on(), counted(pool)) {
            on.add(n, mco::NodeRebootCount { pool_name, reboot_cause: cause });
        }
    }

    pub(super) fn reboots_failed(&self, n: u64, pool: &str) {
        if let (Some(on), Some(pool_name)) = (self.reboots_failed.on(), counted(pool)) {
            on.add(n, mco::NodeRebootFailed { pool_name });
        }
    }

    pub(super) fn pivot_errors(&self, n: u64, pool: &str) {
        if let (Some(on), Some(pool_name)) = (self.pivot_errors.on(), counted(pool)) {
            on.add(n, mco::NodePivotErrors { pool_name });
        }
    }

    pub(super) fn drifts(&self, n: u64, pool: &str) {
        if let (Some(on), Some(pool_name)) = (self.drifts.on(), counted(pool)) {
            on.add(n, mco::NodeConfigDriftCount { pool_name });
        }
    }

    pub(super) fn set_failures(&self, n: u64, set: &str, class: McoFailureClass) {
        if let Some(on) = self.set_failures.on() {
            on.add(n, mco::PinnedImageSetFailures { pis_name: set.to_owned().into(), failure_class: class });
        }
    }

    pub(super) fn events(&self, n: u64, reason: McoEventReason, component: McoComponent, class: McoEventType) {
        if let Some(on) = self.events.on() {
            on.add(n, mco::EventCount { event_reason: reason, component, event_type: class });
        }
    }
}

/// A pool as counters name it; `None`: a node of no pool is in no pool's counter.
fn counted(pool: &str) -> Option<StringValue> {
    (!pool.is_empty()).then(|| pool.to_owned().into())
}
