//! View objects with what became of them, and the readers that protect metrics.
//! Asks the engine that enforces; remembers its answer for a moment, because it looks at every component.

use super::super::engine::{Engine, Loaded, Object};
use crate::web::model::objects::{Consumer, Read, View};
use parking_lot::Mutex;
use pointsman_core::{
    fault::suggest,
    limits::TOLD_FRESH_MS,
    model::{clock::Mono, component::ComponentKey, instrument::Instrument},
    view::{
        plan::Keys,
        report::Seen,
        spec::{self, ObjectId},
        status::{self, Subject, ViewStatus},
        time::format_time,
        verdict, write,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Names that a misspelt pattern is compared with.
const SUGGEST_FROM_MAX: usize = 1_000;

/// The last answer.
#[derive(Default)]
pub(super) struct Told {
    last: Mutex<Option<Last>>,
}

/// An answer, and of when and what it speaks.
struct Last {
    of: Arc<Loaded>,
    at: Mono,
    views: Vec<View>,
}

impl Told {
    /// Every view object, good or not. Callers at one moment share one look.
    pub(super) fn views(&self, engine: &Engine) -> Vec<View> {
        let (mut last, loaded, now) = (self.last.lock(), engine.views.load_full(), engine.clock.mono());
        if let Some(Last { of, at, views }) = &*last
            && Arc::ptr_eq(of, &loaded)
            && now.since(*at) < Duration::from_millis(TOLD_FRESH_MS)
        {
            return views.clone();
        }
        let views = views(engine, &loaded);
        *last = Some(Last { of: loaded, at: now, views: views.clone() });
        views
    }
}

fn views(engine: &Engine, loaded: &Loaded) -> Vec<View> {
    let statuses = statuses(engine, loaded);
    let in_force: BTreeMap<&ObjectId, &spec::View> = loaded.views.views().map(|view| (&view.id, &**view)).collect();
    let mut suppressed: BTreeMap<(String, String, String), BTreeMap<String, u64>> = BTreeMap::new();
    for off in engine.numbers.suppressed() {
        let slot = suppressed.entry((off.kind, off.namespace, off.view)).or_default().entry(off.rule).or_default();
        *slot = slot.saturating_add(off.points);
    }
    let mut view = |object: &Object| {
        let id = object.id.as_ref();
        let mut told = told(object, id.and_then(|id| in_force.get(id)).copied());
        told.suppressed = suppressed.remove(&(told.kind.clone(), told.namespace.clone(), told.name.clone())).unwrap_or_default();
        told.status = id.and_then(|id| statuses.get(id)).cloned();
        told
    };
    loaded.objects.iter().filter(|object| object.is_view()).map(&mut view).collect()
}

fn told(object: &Object, view: Option<&spec::View>) -> View {
    let (id, origin) = (object.id.as_ref(), view.map(|view| &view.origin));
    let (kind, namespace, name) = id.map_or_else(Default::default, |id| (id.kind, &*id.namespace, &*id.name));
    View {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        file: object.file.clone(),
        accepted: object.accepted,
        kept_last_good: object.kept,
        tier: view.map(verdict::tier_of),
        generation: origin.and_then(|origin| origin.generation),
        created: view.and_then(|view| view.created).map(format_time),
        changed: origin.and_then(|origin| origin.changed).map(format_time),
        author: origin.and_then(|origin| origin.manager.as_ref()).map(ToString::to_string),
        override_protected: view.and_then(|view| view.override_protected.as_ref()).map(ToString::to_string),
        expires_at: view.and_then(|view| view.expiry.as_ref()).map(|expiry| format_time(expiry.at)),
        spec: view.map(write::spec).or_else(|| object.document.get("spec").cloned()),
        ..View::default()
    }
}

/// What is said of every view, as it would be written to its object.
fn statuses<'a>(engine: &Engine, loaded: &'a Loaded) -> BTreeMap<&'a ObjectId, ViewStatus> {
    let observed = engine.store.observe();
    let now = engine.clock.view_wall();
    let seen: Vec<Seen> = observed
        .iter()
        .map(|component| Seen {
            component: component.key.clone(),
            instruments: component.instruments.iter().map(|seen| seen.instrument.clone()).collect(),
        })
        .collect();
    let reports = loaded.views.reports(&seen, now);
    let costs = engine.observer.costs(&observed);
    let names: BTreeSet<&str> = seen.iter().flat_map(|seen| &seen.instruments).map(|instrument| &*instrument.name).collect();
    let distinct = |key: &ComponentKey, instrument: &Instrument, keys: &Keys| engine.store.distinct(key, instrument, keys);
    let mut statuses = BTreeMap::new();
    for object in loaded.objects.iter().filter(|object| object.is_view()) {
        let Some(id) = &object.id else { continue };
        let report = reports.iter().find(|report| report.id == *id);
        let reached: Vec<(ComponentKey, u64)> = observed
            .iter()
            .filter(|component| report.is_some_and(|report| loaded.views.reaches(&report.view, &component.key)))
            .map(|component| (component.key.clone(), u64::try_from(component.instances).unwrap_or(u64::MAX)))
            .collect();
        let impact = report.and_then(|_| loaded.views.impact(id, &costs, &distinct, now));
        let suggestions = report.map(|report| closest(&report.view, &names)).unwrap_or_default();
        let subject = Subject {
            id,
            generation: object.origin.generation,
            faults: &object.faults,
            report,
            kept: object.kept,
            impact: impact.as_ref(),
            reached: &reached,
            suggestions: &suggestions,
            instead: &loaded.views.instead_of(id, &costs, now),
            now,
            before: object.status.as_ref(),
        };
        statuses.insert(id, status::of_view(&subject));
    }
    statuses
}

/// What the literal names of a view were probably meant to be.
fn closest(view: &spec::View, names: &BTreeSet<&str>) -> Vec<String> {
    let patterns = view.metrics.iter().flat_map(|rule| &rule.matches.instruments).filter(|pattern| pattern.is_literal());
    let near = patterns
        .take(suggest::SUGGESTIONS_MAX)
        .flat_map(|pattern| suggest::nearest(pattern.as_str(), names.iter().copied().take(SUGGEST_FROM_MAX)));
    near.take(suggest::SUGGESTIONS_MAX).collect()
}

/// Everybody who reads metrics.
pub(super) fn consumers(engine: &Engine) -> Vec<Consumer> {
    let loaded = engine.views.load();
    let facts = loaded.views.facts();
    let consumer = |consumer: &Arc<pointsman_core::view::facts::Consumer>| Consumer {
        kind: consumer.kind.to_string(),
        namespace: consumer.namespace.to_string(),
        name: consumer.name.to_string(),
        entry: consumer.entry.to_string(),
        protects_everywhere: facts.protecting.contains(&consumer.namespace),
        reads: consumer
            .reads
            .iter()
            .map(|read| Read {
                metric: read.metric.as_str().to_owned(),
                labels: read.labels.iter().map(ToString::to_string).collect(),
                since: read.since.map(format_time),
            })
            .collect(),
    };
    facts.consumers.iter().map(consumer).collect()
}
