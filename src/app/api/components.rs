//! Components and what each of them sends.
//! Asks the store and the views in force; keeps nothing.

use super::{super::engine::Engine, hex, wall_of};
use crate::telemetry::SERVICE;
use crate::web::model::objects::{AttributeCost, Component, ComponentDetail, Left, LeftQuery, SentInstrument, Sync, Workload};
use pointsman_core::{
    limits::{API_ITEMS_MAX, OWN_PUSH_MS},
    model::{clock::Mono, component::ComponentKey, instrument::Instrument},
    state::{
        observe::{ObservedComponent, ObservedInstrument, Which},
        store::ComponentSummary,
    },
    view::{
        plan::{Decision, Keys, Plan},
        sync::{self, ComponentSync, SyncState},
        time::format_time,
    },
};
use std::{collections::BTreeSet, time::Duration};

/// Every component, without its instruments.
pub(super) fn list(engine: &Engine) -> Vec<Component> {
    let sync = engine.sync_state();
    summaries(engine, &sync).iter().map(|summary| line(engine, summary, &sync)).collect()
}

/// Components that push, and those that are only connected.
fn summaries(engine: &Engine, sync: &SyncState) -> Vec<ComponentSummary> {
    let mut all = engine.store.components();
    let pushing: BTreeSet<&ComponentKey> = all.iter().map(|summary| &summary.key).collect();
    let silent = sync.iter().filter(|(key, sync)| sync.is_present() && !pushing.contains(key));
    let (instances, streams, series, received, suppressed) = Default::default();
    let silent: Vec<ComponentSummary> = silent
        .map(|(key, _)| ComponentSummary {
            key: key.clone(),
            instances,
            streams,
            series,
            received,
            suppressed,
            last_push: Mono::default(),
            plan_hash: [0; 16],
        })
        .collect();
    if !silent.is_empty() {
        all.extend(silent);
        all.sort_by(|a, b| a.key.cmp(&b.key));
    }
    all
}

fn line(engine: &Engine, summary: &ComponentSummary, sync: &SyncState) -> Component {
    let ComponentSummary { key, instances, streams, series, received, suppressed, last_push, plan_hash } = summary;
    let loaded = engine.views.load();
    let taking = sync.get(key).filter(|sync| sync.is_present() || sync.takers() > 0);
    // We ourselves push less often than series may end.
    let at_least = if &*key.service == SERVICE { OWN_PUSH_MS + 1_000 } else { 0 };
    let patience = (engine.config.expire_after / 2).max(Duration::from_millis(at_least));
    let is_silent = engine.clock.mono().since(*last_push) > patience;
    let is_present = taking.is_some_and(ComponentSync::is_present);
    let labels = loaded.views.facts().namespaces.get(&key.namespace);
    let labels = labels.into_iter().flatten().map(|(key, value)| (key.to_string(), value.to_string()));
    let pushing = u64::try_from(*instances).unwrap_or(u64::MAX);
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
        last_push: if pushing == 0 { String::new() } else { format_time(wall_of(engine, *last_push)) },
        state: if is_silent && !is_present { "Silent" } else { "Active" }.to_owned(),
        plan_hash: if pushing == 0 { String::new() } else { hex(plan_hash) },
        sync: taking.map(|sync| synced(sync, pushing)),
    }
}

fn synced(sync: &ComponentSync, pushing: u64) -> Sync {
    let tally = sync.tally(pushing);
    let rules = |rules: &BTreeSet<_>| rules.iter().take(API_ITEMS_MAX).map(ToString::to_string).collect();
    Sync {
        library: sync.library.to_string(),
        connected: sync.connected,
        applied: tally.applied,
        pending: tally.pending,
        pending_since: sync.pending_since.filter(|_| tally.pending > 0).map(format_time),
        failed: tally.failed,
        unsupported: tally.unsupported,
        in_sync: tally.summary(),
        plan: sync.hash.to_string(),
        since: sync.since.map(format_time),
        refusals: sync.refusals.iter().map(ToString::to_string).collect(),
        at_source: rules(&sync.at_source),
        at_controller: rules(&sync.at_controller),
    }
}

/// One component with its instruments and its plan.
pub(super) fn one(engine: &Engine, namespace: &str, name: &str) -> Option<ComponentDetail> {
    let is_it = |key: &ComponentKey| *key.namespace == *namespace && key.object_name() == name;
    let sync = engine.sync_state();
    let summary = summaries(engine, &sync).into_iter().find(|summary| is_it(&summary.key))?;
    let plan = engine.views.load().views.plan(&summary.key, engine.clock.view_wall());
    let observed = engine.store.observe().into_iter().find(|observed| observed.key == summary.key);
    let mut instruments = observed.as_ref().map(|observed| sent(engine, &plan, observed)).unwrap_or_default();
    let seen: Vec<Instrument> =
        observed.iter().flat_map(|observed| &observed.instruments).map(|seen| seen.instrument.clone()).collect();
    let silent = sync.get(&summary.key).filter(|sync| sync.is_present()).map(|sync| sync::silent(sync, &seen));
    instruments.extend(silent.into_iter().flatten().map(|instrument| declared(&plan, &instrument)));
    let plan = serde_json::to_value(plan.document(&summary.key)).unwrap_or_default();
    Some(ComponentDetail { component: line(engine, &summary, &sync), instruments, instruments_truncated: false, plan })
}

/// What is declared and not sent: it may be off at the source.
fn declared(plan: &Plan, instrument: &Instrument) -> SentInstrument {
    let Decision { on, by, .. } = plan.decide(instrument);
    SentInstrument { on, decided_by: by.map(|by| by.to_string()), ..described(instrument) }
}

fn described(instrument: &Instrument) -> SentInstrument {
    SentInstrument {
        scope: instrument.scope.to_string(),
        name: instrument.name.to_string(),
        kind: instrument.kind.as_str().to_owned(),
        unit: instrument.unit.to_string(),
        ..SentInstrument::default()
    }
}

fn sent(engine: &Engine, plan: &Plan, observed: &ObservedComponent) -> Vec<SentInstrument> {
    let sent = |seen: &ObservedInstrument| {
        let decision = plan.decide(&seen.instrument);
        SentInstrument {
            on: decision.on,
            decided_by: decision.by.map(|by| by.to_string()),
            instances: seen.instances,
            sets_sent: seen.sent,
            series: seen.exposed,
            points: seen.points,
            points_overflowed: seen.limited,
            points_per_minute: engine.observer.per_minute(&observed.key, seen),
            last_sent: format_time(wall_of(engine, seen.last)),
            ..described(&seen.instrument)
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
