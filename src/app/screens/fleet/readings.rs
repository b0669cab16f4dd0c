//! The values of the watchers' metrics by node, pool and what else tells them apart. Of two watchers that said the same
//! thing, as when another took over, the later word counts.

use super::super::{
    read::{self, Point},
    spread::Spread,
};
use pointsman_core::{model::component::ComponentKey, state::store::Store};
use pointsman_instrument::{
    metric::Metric,
    semconv::{attribute, mco},
};
use std::collections::{BTreeMap, BTreeSet};

/// Nanoseconds by which a reading may be older than the latest of its metric: a watcher that left says no more.
const STALE_NS: u64 = 120_000_000_000;

/// Name, and the key besides node and pool that tells its series apart.
const NUMBERS: [(&str, &str); 17] = [
    (<mco::PoolMachineCount as Metric>::META.name, attribute::MCO_MACHINE_STATE),
    (<mco::PoolConditionStatus as Metric>::META.name, attribute::MCO_CONDITION_TYPE),
    (<mco::PoolPaused as Metric>::META.name, ""),
    (<mco::PoolUpdatePending as Metric>::META.name, ""),
    (<mco::PoolUpdatePendingAge as Metric>::META.name, ""),
    (<mco::PoolMaxUnavailable as Metric>::META.name, ""),
    (<mco::PoolStalled as Metric>::META.name, attribute::MCO_STALL_REASON),
    (<mco::NodeState as Metric>::META.name, attribute::MCO_NODE_STATE),
    (<mco::NodeStateAge as Metric>::META.name, ""),
    (<mco::NodeDegraded as Metric>::META.name, attribute::MCO_DEGRADED_CLASS),
    (<mco::NodeUpdatePhase as Metric>::META.name, attribute::MCO_PHASE),
    (<mco::NodeUpdatePhaseAge as Metric>::META.name, attribute::MCO_PHASE),
    (<mco::NodeDrainFailed as Metric>::META.name, attribute::MCO_DRAIN_TIER),
    (<mco::NodeCordoned as Metric>::META.name, attribute::MCO_CORDON_OWNER),
    (<mco::NodeRebootPendingAge as Metric>::META.name, ""),
    (<mco::NodeConfigDrift as Metric>::META.name, ""),
    (<mco::NodeConfigPending as Metric>::META.name, ""),
];

const PHASES: &str = <mco::NodeUpdatePhaseDuration as Metric>::META.name;
const UPDATES: &str = <mco::NodeUpdateDuration as Metric>::META.name;

/// Node, pool, and what else: whichever of them the metric has.
type Key = (String, String, String);

/// Values of one metric.
type Values = BTreeMap<Key, (u64, f64)>;

/// See the head of the file.
#[derive(Default)]
pub(super) struct Readings {
    numbers: BTreeMap<&'static str, Values>,
    /// Of a pool, by phase: those that hold no others, and ended well.
    pub(super) phases: BTreeMap<(String, String), Spread>,
    /// Of a pool: updates of nodes that ended well.
    pub(super) updates: BTreeMap<String, Spread>,
    /// Who sent any of it.
    pub(super) components: BTreeSet<ComponentKey>,
    /// Whether there was more than is read.
    pub(super) cut: bool,
}

impl Readings {
    pub(super) fn of(store: &Store) -> Self {
        let mut readings = Self::default();
        let is_number = |name: &str| NUMBERS.iter().any(|(known, _)| *known == name);
        let is_wanted = |name: &str| is_number(name) || name == PHASES || name == UPDATES;
        readings.cut = read::read(store, &|metric| is_wanted(&metric.instrument.name), &mut |point| readings.add(point));
        for values in readings.numbers.values_mut() {
            let latest = values.values().map(|(time, _)| *time).max().unwrap_or_default();
            values.retain(|_, (time, _)| time.saturating_add(STALE_NS) >= latest);
        }
        readings
    }

    fn add(&mut self, point: &Point<'_>) {
        if !self.components.contains(point.component) {
            self.components.insert(point.component.clone());
        }
        let pool = || point.text(attribute::MCO_POOL_NAME).to_owned();
        let name = &*point.metric.instrument.name;
        match name {
            PHASES => {
                let is_counted = point.text(attribute::MCO_PHASE_KIND) != attribute::McoPhaseKind::Parent.as_str();
                if is_counted && ended_well(point) {
                    let phase = point.text(attribute::MCO_PHASE).to_owned();
                    self.phases.entry((pool(), phase)).or_default().add(point.series.value, 1.0);
                }
            }
            UPDATES => {
                if ended_well(point) {
                    self.updates.entry(pool()).or_default().add(point.series.value, 1.0);
                }
            }
            _ => {
                let Some((known, third)) = NUMBERS.iter().find(|(known, _)| *known == name) else { return };
                let Some(value) = point.number() else { return };
                self.note(known, third, value, point);
            }
        }
    }

    fn note(&mut self, metric: &'static str, third: &str, value: f64, point: &Point<'_>) {
        let third = if third.is_empty() { "" } else { point.text(third) };
        let status = point.text(attribute::MCO_CONDITION_STATUS);
        if !status.is_empty() && status != attribute::McoConditionStatus::IsTrue.as_str() {
            return; // one of three statuses is always 1
        }
        let (node, pool) = (point.text(attribute::K8S_NODE_NAME), point.text(attribute::MCO_POOL_NAME));
        let slot =
            self.numbers.entry(metric).or_default().entry((node.to_owned(), pool.to_owned(), third.to_owned())).or_default();
        if point.series.time >= slot.0 {
            *slot = (point.series.time, value);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.values().all(BTreeMap::is_empty) && self.phases.is_empty() && self.updates.is_empty()
    }

    /// Whether any series of this metric is there.
    pub(super) fn has(&self, metric: &str) -> bool {
        self.numbers.get(metric).is_some_and(|values| !values.is_empty())
            || (metric == PHASES && !self.phases.is_empty())
            || (metric == UPDATES && !self.updates.is_empty())
    }

    /// Each value of a metric: node, pool, what else, when, how much.
    pub(super) fn each<M: Metric>(&self) -> impl Iterator<Item = (&str, &str, &str, u64, f64)> {
        let values = self.numbers.get(M::META.name).into_iter().flatten();
        values.map(|((node, pool, third), (time, value))| (node.as_str(), pool.as_str(), third.as_str(), *time, *value))
    }

    /// What half of the phases of that name took at most in a pool.
    pub(super) fn usual(&self, pool: &str, phase: &str) -> Option<f64> {
        self.phases.get(&(pool.to_owned(), phase.to_owned()))?.seconds(0.5)
    }
}

/// Times of what was given up, or went wrong, are not usual ones.
fn ended_well(point: &Point<'_>) -> bool {
    let result = point.text(attribute::MCO_RESULT);
    result.is_empty() || result == attribute::McoResult::Completed.as_str() || result == attribute::McoResult::Success.as_str()
}
