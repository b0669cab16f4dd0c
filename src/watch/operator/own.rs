//! The operator itself, as its ClusterOperator tells: conditions with the few reasons that are known of each, what blocks
//! upgrades, the version. Pools are better asked themselves: this object can be old.

use super::Operator;
use crate::{
    api::{ClusterOperator, Condition},
    table::Delta,
    watch::{Observed, Seen, seconds_since},
};
use pointsman_instrument::{
    Telemetry,
    metric::Counter,
    semconv::{
        attribute::{McoConditionStatus, McoConditionType, McoReason},
        mco,
    },
};
use std::{fmt, sync::Arc};

const NAME: &str = "machine-config";
/// The entry of `status.versions` that is the operator's own.
const OWN_VERSION: &str = "operator";
/// Longer ones are no versions.
const VERSION_BYTES_MAX: usize = 64;

const CONDITIONS: [McoConditionType; 5] = [
    McoConditionType::Available,
    McoConditionType::Progressing,
    McoConditionType::Degraded,
    McoConditionType::Upgradeable,
    McoConditionType::EvaluationConditionsDetected,
];

/// What any condition may give as its reason.
const COMMON: [McoReason; 3] = [McoReason::AsExpected, McoReason::None, McoReason::Other];
const TASKS_FAILED: [McoReason; 10] = [
    McoReason::RenderConfigFailed,
    McoReason::MachineConfigurationFailed,
    McoReason::MachineConfigNodeFailed,
    McoReason::MachineConfigPoolsFailed,
    McoReason::NetworkPoliciesFailed,
    McoReason::MachineConfigDaemonFailed,
    McoReason::MachineConfigControllerFailed,
    McoReason::MachineConfigServerFailed,
    McoReason::MachineOsBuilderFailed,
    McoReason::RequiredPoolsFailed,
];
const BLOCKS: [McoReason; 3] = [McoReason::DegradedPool, McoReason::ClusterBootImageSkewError, McoReason::InterruptedBuild];
const EVALUATIONS: [McoReason; 3] = [McoReason::FailSwapOn, McoReason::Runc, McoReason::FailSwapOnAndRunc];

/// What this condition, with this status, may give beyond what any may. Anything else is `other`: so that the sets stay small.
const fn reasons(condition_type: McoConditionType, condition_status: McoConditionStatus) -> &'static [McoReason] {
    match (condition_type, condition_status) {
        (McoConditionType::Degraded, McoConditionStatus::IsTrue) => &TASKS_FAILED,
        (McoConditionType::Upgradeable, McoConditionStatus::IsFalse) => &BLOCKS,
        (McoConditionType::Upgradeable, McoConditionStatus::Unknown) => &[McoReason::NoData],
        (McoConditionType::EvaluationConditionsDetected, McoConditionStatus::IsTrue) => &EVALUATIONS,
        _ => &[],
    }
}

/// Registers them.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<mco::OperatorConditionStatus>(|seen, readings| {
        let Some(operator) = operator(seen) else { return };
        for condition_type in CONDITIONS {
            let is = state(operator, condition_type);
            for condition_status in McoConditionStatus::ALL {
                for reason in COMMON.iter().chain(reasons(condition_type, condition_status)).copied() {
                    let set = mco::OperatorConditionStatus { condition_type, condition_status, reason };
                    readings.set(i64::from(is == (condition_status, reason)), set);
                }
            }
        }
    });
    observed.metric::<mco::OperatorConditionAge>(|seen, readings| {
        let Some(operator) = operator(seen) else { return };
        for condition_type in CONDITIONS {
            if let Some(since) = condition(operator, condition_type).and_then(|condition| condition.since.at()) {
                readings.set(seconds_since(seen.now, since), mco::OperatorConditionAge { condition_type });
            }
        }
    });
    observed.metric::<mco::OperatorUpgradeableBlocked>(|seen, readings| {
        let Some(operator) = operator(seen) else { return };
        let (condition_status, is) = state(operator, McoConditionType::Upgradeable);
        // No reason, or one that is none, is still a block.
        let is = if BLOCKS.contains(&is) { is } else { McoReason::Other };
        for reason in BLOCKS.into_iter().chain([McoReason::Other]) {
            let holds = condition_status == McoConditionStatus::IsFalse && is == reason;
            readings.set(i64::from(holds), mco::OperatorUpgradeableBlocked { reason });
        }
    });
    observed.metric::<mco::OperatorVersionInfo>(|seen, readings| {
        let versions = operator(seen).map_or(&[][..], |operator| &operator.status.versions);
        let own = versions.iter().find(|version| *version.name == *OWN_VERSION).map_or("", |version| version.version.as_str());
        if !own.is_empty() && own.len() <= VERSION_BYTES_MAX {
            readings.set(1, mco::OperatorVersionInfo { version: own.to_owned().into() });
        }
    });
}

fn operator<'s>(seen: &Seen<'s, Operator>) -> Option<&'s ClusterOperator> {
    seen.world.cluster_operators.get(NAME).map(AsRef::as_ref)
}

fn condition(operator: &ClusterOperator, condition_type: McoConditionType) -> Option<&Condition> {
    Condition::find(&operator.status.conditions, condition_type.as_str())
}

/// Status and reason of a condition; an absent one is as good as unknown.
fn state(operator: &ClusterOperator, condition_type: McoConditionType) -> (McoConditionStatus, McoReason) {
    let Some(condition) = condition(operator, condition_type) else { return (McoConditionStatus::Unknown, McoReason::None) };
    let condition_status = condition.status.into();
    let class = match condition_type {
        McoConditionType::EvaluationConditionsDetected => evaluation(&condition.reason),
        _ => McoReason::ALL.into_iter().find(|reason| reason.as_str() == &*condition.reason),
    };
    let is_known = |reason: &McoReason| COMMON.contains(reason) || reasons(condition_type, condition_status).contains(reason);
    let reason = if condition.reason.is_empty() { Some(McoReason::None) } else { class.filter(is_known) };
    (condition_status, reason.unwrap_or(McoReason::Other))
}

/// Each evaluation is a word, a colon and a text; several are joined by `::`.
fn evaluation(reason: &str) -> Option<McoReason> {
    let names = |word: &str| reason.split("::").any(|part| part.trim().split(':').next() == Some(word));
    match (names(McoReason::FailSwapOn.as_str()), names(McoReason::Runc.as_str())) {
        (true, true) => Some(McoReason::FailSwapOnAndRunc),
        (true, false) => Some(McoReason::FailSwapOn),
        (false, true) => Some(McoReason::Runc),
        (false, false) => (reason == McoReason::AsExpected.as_str()).then_some(McoReason::AsExpected),
    }
}

/// Counts how often each condition came to each status, as far as it was seen.
#[derive(Default)]
pub(super) struct Transitions {
    counter: Option<Counter<mco::OperatorConditionTransitions>>,
}

impl fmt::Debug for Transitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transitions").field("is_on", &self.counter.is_some()).finish()
    }
}

impl Transitions {
    pub(super) fn attach(&mut self, telemetry: &Arc<Telemetry>) {
        self.counter = Some(telemetry.counter());
    }

    /// All begin at 0, so that the first of each shows as a step.
    pub(super) fn begin(&self) {
        if let Some(on) = self.counter.as_ref().and_then(Counter::on) {
            for condition_type in CONDITIONS {
                for condition_status in McoConditionStatus::ALL {
                    on.add(0, mco::OperatorConditionTransitions { condition_type, condition_status });
                }
            }
        }
    }

    pub(super) fn detach(&mut self) {
        self.counter = None;
    }

    /// Only what changed between two sights of it: what it is when it is first seen is no transition.
    pub(super) fn changed(&self, delta: &Delta<ClusterOperator>) {
        let (Some(before), Some(after)) = (&delta.before, &delta.after) else { return };
        let Some(on) = self.counter.as_ref().filter(|_| *delta.name == *NAME).and_then(Counter::on) else { return };
        for condition_type in CONDITIONS {
            let was = condition(before, condition_type).map(|condition| condition.status);
            let is = condition(after, condition_type).map(|condition| condition.status);
            if let (Some(was), Some(is)) = (was, is)
                && was != is
            {
                on.add(1, mco::OperatorConditionTransitions { condition_type, condition_status: is.into() });
            }
        }
    }
}
