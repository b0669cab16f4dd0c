//! Where points and spans come from, and each thing that did not go on with its reason, in one list.
//! Counts nothing: every number is counted where it happened.

use super::super::engine::Engine;
use crate::{
    ingest::Signal,
    web::model::{
        Flow,
        screens::{Cost, Drop, Inflow},
    },
};
use pointsman_core::traces::decide::Cut;
use std::{cmp::Reverse, collections::BTreeMap};

/// Components, those that send most first.
pub(super) fn inflows(engine: &Engine, cost: &Cost) -> Vec<Inflow> {
    let received: BTreeMap<String, u64> =
        engine.store.components().into_iter().map(|summary| (super::cost::title(&summary.key), summary.received)).collect();
    let inflow = |of: &crate::web::model::screens::CostOfComponent| Inflow {
        component: of.component.clone(),
        instances: of.instances,
        received: received.get(&of.component).copied().unwrap_or_default(),
        suppressed: of.points_suppressed,
        points_per_minute: of.points_per_minute,
        series: of.series,
    };
    let mut all: Vec<Inflow> = cost.components.iter().map(inflow).collect();
    all.sort_by_cached_key(|inflow| (Reverse(inflow.received), inflow.component.clone()));
    all
}

/// In the order of the way that points and spans take.
pub(super) fn drops(engine: &Engine, flow: &Flow) -> Vec<Drop> {
    let mut drops = Vec::new();
    for (signal, what, stream) in [(Signal::Metrics, "points", &flow.metrics), (Signal::Traces, "spans", &flow.traces)] {
        for (reason, count) in &stream.requests_refused {
            let asked_for = format!("{reason} ({what})");
            drops.push(Drop { what: "requests", stage: "ingest".into(), reason: asked_for, why: String::new(), count: *count });
        }
        for (reason, count) in engine.ingest.stats.taken(signal).rejected {
            let (reason, why) = (reason.code().to_owned(), reason.text().to_owned());
            drops.push(Drop { what, stage: "ingest".into(), reason, why, count });
        }
    }
    drops.extend(by_views(engine, flow.metrics.suppressed));
    for (metric, count) in &flow.limited {
        let why = "folded into the overflow series of this metric: its limit of series bit".to_owned();
        drops.push(Drop { what: "points", stage: "limit".into(), reason: metric.clone(), why, count: *count });
    }
    for (reason, count) in &flow.scrape_omitted {
        let why = "left out of scrapes".to_owned();
        drops.push(Drop { what: "series", stage: "scrape".into(), reason: (*reason).to_owned(), why, count: *count });
    }
    for backend in engine.traces.backends() {
        for (reason, count) in &backend.counts.dropped {
            let why = "never taken by this back end".to_owned();
            drops.push(Drop { what: "spans", stage: backend.url.clone(), reason: reason.code().to_owned(), why, count: *count });
        }
    }
    drops.retain(|drop| drop.count > 0);
    drops
}

/// What views took away, by rule. What no rule did, levels did.
fn by_views(engine: &Engine, points: u64) -> Vec<Drop> {
    let drop = |what, reason: String, why: &str, count| Drop { what, stage: "views".into(), reason, why: why.to_owned(), count };
    let rules = engine.store.suppressed();
    let by_rules = rules.iter().fold(0, |sum: u64, (_, points)| sum.saturating_add(*points));
    let mut drops: Vec<Drop> =
        rules.into_iter().map(|(rule, points)| drop("points", rule.to_string(), "this rule has them off", points)).collect();
    let by_level = points.saturating_sub(by_rules);
    drops.push(drop(
        "points",
        "level".to_owned(),
        "their level is above what views let through; explain tells of one metric",
        by_level,
    ));
    for ((rule, cut), spans) in engine.traces.totals().suppressed {
        let reason = rule.map_or_else(|| "others".to_owned(), |rule| rule.to_string());
        let why = match cut {
            Cut::Off => "this rule has them off",
            Cut::Sampled => "their traces are not in the sample of this rule",
        };
        drops.push(drop("spans", reason, why, spans));
    }
    drops
}
