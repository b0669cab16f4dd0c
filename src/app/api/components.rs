//! Components and what each of them sends.
//! Asks the store and the views in force; keeps nothing.

use super::{super::engine::Engine, hex, wall_of};
use crate::web::model::objects::{AttributeCost, Component, ComponentDetail, Left, LeftQuery, SentInstrument, Workload};
use pointsman_core::{
    model::component::ComponentKey,
    state::{
        observe::{ObservedComponent, ObservedInstrument, Which},
        store::ComponentSummary,
    },
    view::{
        plan::{Keys, Plan},
        time::format_time,
    },
};

/// Every component, without its instruments.
pub(super) fn list(engine: &Engine) -> Vec<Component> {
    engine.store.components().iter().map(|summary| line(engine, summary)).collect()
}

fn line(engine: &Engine, summary: &ComponentSummary) -> Component {
    let ComponentSummary { key, instances, streams, series, received, suppressed, last_push, plan_hash } = summary;
    let loaded = engine.views.load();
    let is_silent = engine.clock.mono().since(*last_push) > engine.config.expire_after / 2;
    let labels = loaded.views.facts().namespaces.get(&key.namespace);
    let labels = labels.into_iter().flatten().map(|(key, value)| (key.to_string(), value.to_string()));
    Component {
        namespace: key.namespace.to_string(),
        name: key.object_name(),
        service: key.service.to_string(),
        workload: key.workload.as_ref().map(|w| Workload { kind: w.kind.to_string(), name: w.name.to_string() }),
        namespace_labels: labels.collect(),
        instances: *instances,
        metrics: *streams,
        series: *series,
        points_received: *received,
        points_suppressed: *suppressed,
        last_push: format_time(wall_of(engine, *last_push)),
        state: if is_silent { "Silent" } else { "Active" }.to_owned(),
        plan_hash: hex(plan_hash),
    }
}

/// One component with its instruments and its plan.
pub(super) fn one(engine: &Engine, namespace: &str, name: &str) -> Option<ComponentDetail> {
    let is_it = |key: &ComponentKey| *key.namespace == *namespace && key.object_name() == name;
    let summary = engine.store.components().into_iter().find(|summary| is_it(&summary.key))?;
    let plan = engine.views.load().views.plan(&summary.key, engine.clock.view_wall());
    let observed = engine.store.observe().into_iter().find(|observed| observed.key == summary.key);
    let instruments = observed.map(|observed| sent(engine, &plan, &observed)).unwrap_or_default();
    let plan = serde_json::to_value(plan.document(&summary.key)).unwrap_or_default();
    Some(ComponentDetail { component: line(engine, &summary), instruments, instruments_truncated: false, plan })
}

fn sent(engine: &Engine, plan: &Plan, observed: &ObservedComponent) -> Vec<SentInstrument> {
    let sent = |seen: &ObservedInstrument| {
        let decision = plan.decide(&seen.instrument);
        SentInstrument {
            scope: seen.instrument.scope.to_string(),
            name: seen.instrument.name.to_string(),
            kind: seen.instrument.kind.as_str().to_owned(),
            unit: seen.instrument.unit.to_string(),
            on: decision.on,
            decided_by: decision.by.map(|by| by.to_string()),
            instances: seen.instances,
            sets_sent: seen.sent,
            series: seen.exposed,
            points: seen.points,
            points_overflowed: seen.limited,
            points_per_minute: engine.observer.per_minute(&observed.key, seen),
            last_sent: format_time(wall_of(engine, seen.last)),
        }
    };
    observed.instruments.iter().map(sent).collect()
}

/// How many attribute sets of an instrument are left when only some keys stay, and what each attribute costs.
pub(super) fn left(engine: &Engine, query: &LeftQuery) -> Option<Left> {
    let is_it = |key: &ComponentKey| *key.namespace == *query.namespace && key.object_name() == query.component;
    let observed = engine.store.observe().into_iter().find(|observed| is_it(&observed.key))?;
    let which = Which { name: &query.metric, scope: &query.scope, kind: None };
    let meant = |seen: &&ObservedInstrument| {
        which.is(&seen.instrument) && (query.kind.is_empty() || seen.instrument.kind.as_str() == query.kind)
    };
    let mut left = Left { metric: query.metric.clone(), ..Left::default() };
    let Some(seen) = observed.instruments.iter().find(meant) else { return Some(left) };
    let boxed = |key: &String| key.as_str().into();
    let keys = Keys {
        keep: query.keep.as_ref().map(|keep| keep.iter().map(boxed).collect()),
        drop: query.drop.iter().map(boxed).collect(),
    };
    left.sets = engine.store.distinct(&observed.key, &seen.instrument, &keys);
    let which = Which { kind: Some(seen.instrument.kind), ..which };
    let cost = |cost: pointsman_core::state::observe::AttributeCost| AttributeCost {
        key: cost.key.into(),
        values: cost.values,
        sets_without: cost.without,
    };
    left.attributes = engine.store.attributes(&observed.key, which).into_iter().map(cost).collect();
    Some(left)
}
