//! Pools and nodes as the series of the watchers tell them: states, phases with their usual times, what stands in the way.
//! Knows the metrics of the registry; asks no API server, and says what it cannot know.

mod nodes;
mod pools;
mod readings;

use crate::web::model::screens::{Fleet, Off};
use pointsman_core::{
    model::{
        component::ComponentKey,
        instrument::{self, Instrument},
    },
    state::store::Store,
    view::{
        plan::{Decision, ViewSet},
        verdict,
    },
};
use pointsman_instrument::{
    metric::{Meta, Metric},
    semconv::mco,
};
use readings::Readings;
use std::collections::BTreeSet;

/// Metrics without which a part is missing, and the part.
const PARTS: [(&Meta, &str); 5] = [
    (&<mco::PoolMachineCount as Metric>::META, "machines of pools"),
    (&<mco::NodeState as Metric>::META, "nodes with their states"),
    (&<mco::NodeUpdatePhase as Metric>::META, "phases of updates under way"),
    (&<mco::NodeUpdatePhaseAge as Metric>::META, "how long a phase has been going on"),
    (&<mco::NodeUpdatePhaseDuration as Metric>::META, "usual times of phases"),
];

const MISSING: &str = "No series of the watchers is here, so there are no pools and nodes to show. \
    Run `pointsman watch operator` and `pointsman watch daemon` beside a Machine Config Operator, or `pointsman demo`.";

/// The fleet as of the last pushes; `decide` says what views say of an instrument of a component.
pub(super) fn look(store: &Store, decide: &dyn Fn(&ComponentKey, &Instrument) -> Decision) -> Fleet {
    let readings = Readings::of(store);
    let known = !readings.is_empty();
    let (usual, nodes) = (pools::usual(&readings), nodes::list(&readings));
    Fleet {
        known,
        missing: if known { String::new() } else { MISSING.to_owned() },
        off: off(store, &readings, decide),
        cut: readings.cut,
        pools: pools::list(&readings),
        nodes,
        usual,
        ..Fleet::default()
    }
}

/// The parts that views leave out. That a phase is not there while nothing is updated is no such thing.
fn off(store: &Store, readings: &Readings, decide: &dyn Fn(&ComponentKey, &Instrument) -> Decision) -> Vec<Off> {
    let mut watchers: BTreeSet<ComponentKey> = readings.components.clone();
    if watchers.is_empty() {
        // everything may be off: then no series tells who the watchers are, but what they send does
        let is_part = |name: &str| PARTS.iter().any(|(meta, _)| meta.name == name);
        let all = store.observe().into_iter();
        let senders = all.filter(|component| component.instruments.iter().any(|seen| is_part(&seen.instrument.name)));
        watchers.extend(senders.map(|component| component.key));
    }
    let off = |(meta, shows): &(&Meta, &str)| {
        if readings.has(meta.name) {
            return None;
        }
        let instrument = instrument_of(meta);
        let decisions: Vec<Decision> = watchers.iter().map(|key| decide(key, &instrument)).collect();
        let decision = decisions.iter().find(|decision| !decision.on)?;
        let why = match &decision.by {
            Some(rule) => format!("off by {rule}"),
            None => format!("off: its level is {}, and no view turns it on", meta.level.as_str()),
        };
        let enable = verdict::line_that_enables(meta.name);
        Some(Off { metric: meta.name.to_owned(), shows: (*shows).to_owned(), why, enable })
    };
    PARTS.iter().filter_map(off).collect()
}

fn instrument_of(meta: &Meta) -> Instrument {
    let kind = instrument::Kind::ALL.into_iter().find(|kind| kind.as_str() == meta.kind.as_str());
    Instrument {
        scope: meta.scope.into(),
        name: meta.name.into(),
        kind: kind.unwrap_or(instrument::Kind::Gauge),
        unit: meta.unit.into(),
    }
}

/// What views say, of plans that are made once.
pub(super) fn decider(
    views: &ViewSet,
    now: pointsman_core::model::clock::Wall,
) -> impl Fn(&ComponentKey, &Instrument) -> Decision {
    move |key, instrument| views.plan(key, now).decide(instrument)
}

#[cfg(test)]
mod tests;
