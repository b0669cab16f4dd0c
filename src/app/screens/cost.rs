//! What metrics cost by component, instrument and attribute: series, points a minute, bytes. Walks streams, and series only
//! of the dearest instruments of the one component that was asked for.

use super::super::engine::Engine;
use crate::web::model::{
    objects::AttributeCost,
    screens::{Cost, CostOfComponent, CostOfInstrument},
};
use pointsman_core::{
    limits::{OBSERVED_INSTRUMENTS_MAX, SCREEN_ATTRIBUTES_MAX},
    model::{component::ComponentKey, instrument::Instrument},
    state::observe::{ObservedComponent, ObservedInstrument, Which},
    view::plan::Plan,
};
use std::cmp::Reverse;

/// Components and instruments, the dearest first, without attributes.
pub(super) fn look(engine: &Engine) -> Cost {
    let (loaded, now) = (engine.views.load(), engine.clock.view_wall());
    let mut cost = Cost { series_max: engine.config.max_series.try_into().unwrap_or(u64::MAX), ..Cost::default() };
    for component in engine.store.observe() {
        let plan = loaded.views.plan(&component.key, now);
        let per_minute = |seen: &ObservedInstrument| engine.observer.per_minute(&component.key, seen);
        let all: Vec<CostOfInstrument> =
            component.instruments.iter().map(|seen| line(&component.key, &plan, seen, per_minute(seen))).collect();
        let total = total(&component, &all);
        cost.series = cost.series.saturating_add(u64::try_from(component.series).unwrap_or(u64::MAX));
        cost.bytes = cost.bytes.saturating_add(total.bytes);
        cost.points_per_minute += total.points_per_minute;
        cost.components.push(total);
        let room = OBSERVED_INSTRUMENTS_MAX.saturating_sub(cost.instruments.len());
        cost.cut |= all.len() > room;
        cost.instruments.extend(all.into_iter().take(room));
    }
    cost.components.sort_by_cached_key(|one| (Reverse(one.series.max(one.sets_sent)), one.component.clone()));
    cost.instruments.sort_by_cached_key(|one| (Reverse(one.series.max(one.sets_sent)), one.component.clone(), one.name.clone()));
    cost
}

/// As the path of its page spells it.
pub(super) fn title(key: &ComponentKey) -> String {
    format!("{}/{}", key.namespace, key.object_name())
}

fn line(key: &ComponentKey, plan: &Plan, seen: &ObservedInstrument, points_per_minute: Option<f64>) -> CostOfInstrument {
    let decision = plan.decide(&seen.instrument);
    let Instrument { scope, name, kind, .. } = &seen.instrument;
    CostOfInstrument {
        component: title(key),
        scope: scope.to_string(),
        name: name.to_string(),
        kind: kind.as_str().to_owned(),
        on: decision.on,
        decided_by: decision.by.map(|by| by.to_string()),
        sets_sent: seen.sent,
        series: seen.exposed,
        points_per_minute,
        bytes: seen.bytes,
        points_overflowed: seen.limited,
        attributes: None,
    }
}

fn total(component: &ObservedComponent, all: &[CostOfInstrument]) -> CostOfComponent {
    let sum = |of: fn(&CostOfInstrument) -> u64| all.iter().fold(0, |sum: u64, one| sum.saturating_add(of(one)));
    CostOfComponent {
        component: title(&component.key),
        instances: u64::try_from(component.instances).unwrap_or(u64::MAX),
        sets_sent: sum(|one| one.sets_sent),
        series: sum(|one| one.series),
        points_per_minute: all.iter().filter_map(|one| one.points_per_minute).sum(),
        bytes: sum(|one| one.bytes),
        points_suppressed: component.suppressed,
    }
}

/// What attributes of the dearest instruments of a component cost.
pub(super) fn add_attributes(engine: &Engine, component: &str, cost: &mut Cost) {
    let all = engine.store.components();
    let Some(key) = all.iter().map(|summary| &summary.key).find(|key| title(key) == component) else { return };
    let mine = cost.instruments.iter_mut().filter(|one| one.component == component && one.series > 0);
    for one in mine.take(SCREEN_ATTRIBUTES_MAX) {
        let kind = pointsman_core::model::instrument::Kind::ALL.into_iter().find(|kind| kind.as_str() == one.kind);
        let costs = engine.store.attributes(key, Which { name: &one.name, scope: &one.scope, kind });
        let cost = |cost: pointsman_core::state::observe::AttributeCost| AttributeCost {
            key: cost.key.into(),
            values: cost.values,
            sets_without: cost.without,
        };
        one.attributes = Some(costs.into_iter().map(cost).collect());
    }
}
