//! Finds what a name means over all components, and has the engine say why it is on, off or missing.
//! Walks streams and catalogues, and the series of at most one instrument.

use super::{super::engine::Engine, hex};
use crate::{ingest::Signal, web::model::objects::Explanations};
use pointsman_core::{
    limits::EXPLAINED_MAX,
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::Instrument,
        reject::Reason,
    },
    state::observe::{ObservedComponent, ObservedInstrument, Which},
    view::{
        pattern::{Names, Pattern},
        plan::{RuleRef, ViewSet},
        spec::{Catalogue, View},
        sync::{self, SyncState},
        verdict::{
            self, Around, Home, Naming, Owner, Sent, Subject,
            answer::Explained,
            spans::{self, SpanSubject},
        },
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// What a span's name stands behind.
const SPAN: &str = "span:";

/// Something that a name means.
struct Found<'a> {
    key: ComponentKey,
    component: Option<&'a ObservedComponent>,
    instrument: Instrument,
    seen: Option<&'a ObservedInstrument>,
}

/// What does not change while one question is answered.
struct Ask<'a> {
    engine: &'a Engine,
    views: &'a ViewSet,
    observed: &'a [ObservedComponent],
    sync: &'a SyncState,
    component: Option<&'a str>,
    /// The moment, on both clocks: views may live faster than senders.
    now: (Wall, Mono),
}

/// Everything that is known of a name, in either spelling, or of `span:NAME`; of one component, or of all.
pub(super) fn explain(engine: &Engine, name: &str, component: Option<&str>) -> Explanations {
    let (loaded, observed, sync) = (engine.views.load_full(), engine.store.observe(), engine.sync_state());
    let mut suppressed: BTreeMap<(String, String, String, String), u64> = BTreeMap::new();
    for off in engine.numbers.suppressed() {
        let slot = suppressed.entry((off.kind, off.namespace, off.view, off.rule)).or_default();
        *slot = slot.saturating_add(off.points);
    }
    let refused: Vec<(Reason, u64)> = engine.ingest.stats.taken(Signal::Metrics).rejected.into_iter().collect();
    let around = Around {
        now: engine.clock.view_wall(),
        home: if engine.config.cluster.is_some() { Home::Cluster } else { Home::Files },
        naming: Naming { strategy: engine.config.translation_strategy, ratio_suffix: engine.config.ratio_suffix },
        silent_after: engine.config.expire_after / 2,
        view: &|by| view_of(&loaded.views, by),
        suppressed: &|RuleRef { kind, namespace, view, rule }| {
            let key = (kind.to_string(), namespace.to_string(), view.to_string(), rule.to_string());
            suppressed.get(&key).copied().unwrap_or_default()
        },
        refused: &refused,
    };
    let now = (around.now, engine.clock.mono());
    let ask = Ask { engine, views: &loaded.views, observed: &observed, sync: &sync, component, now };
    match name.strip_prefix(SPAN) {
        Some(span) => ask.spans(span, &around),
        None => ask.instruments(name, &around),
    }
}

fn view_of(views: &ViewSet, by: &RuleRef) -> Option<Arc<View>> {
    let is_it = |view: &&Arc<View>| view.id.kind == &*by.kind && view.id.namespace == by.namespace && view.id.name == by.view;
    views.views().find(is_it).map(Arc::clone)
}

/// Whether a user may mean a component by `asked`: its service, workload or object name, with or without its namespace.
fn is_meant(asked: Option<&str>, key: &ComponentKey) -> bool {
    let Some(asked) = asked else { return true };
    let (namespace, name) = asked.split_once('/').map_or((None, asked), |(namespace, name)| (Some(namespace), name));
    namespace.is_none_or(|namespace| namespace == &*key.namespace)
        && (*key.service == *name || key.object_name() == name || key.workload.as_ref().is_some_and(|w| *w.name == *name))
}

impl<'a> Ask<'a> {
    fn instruments(&self, name: &str, around: &Around<'_>) -> Explanations {
        let mut found = self.find(&Pattern::new(name));
        if found.is_empty() {
            found = self.renamed(name, around.now);
        }
        if found.is_empty() {
            let known = self.known_names();
            let item = verdict::never_seen(name, known.iter().map(String::as_str), around);
            return Explanations { items: vec![item], truncated: false };
        }
        let truncated = found.len() > EXPLAINED_MAX;
        found.truncate(EXPLAINED_MAX);
        let dearest = dearest(&found);
        let items = found.iter().enumerate().map(|(i, found)| self.explained(found, Some(i) == dearest, around));
        Explanations { items: items.collect(), truncated }
    }

    /// Whatever the pattern names: what is sent first, then what is only declared, for each component of that service.
    fn find(&self, pattern: &Pattern) -> Vec<Found<'a>> {
        let meant = self.observed.iter().filter(|component| is_meant(self.component, &component.key));
        let mut found = Vec::new();
        for component in meant {
            let seen = component.instruments.iter().filter(|seen| pattern.names(&Names::of(&seen.instrument)));
            found.extend(seen.map(|seen| Found {
                key: component.key.clone(),
                component: Some(component),
                instrument: seen.instrument.clone(),
                seen: Some(seen),
            }));
        }
        self.connected(pattern, &mut found);
        for catalogue in self.views.catalogues() {
            let rows = catalogue.instruments.iter().filter(|row| pattern.names(&Names::new(&row.name, &row.unit, row.kind)));
            for row in rows {
                let (scope, name, kind, unit) = (row.scope.clone(), row.name.clone(), row.kind, row.unit.clone());
                self.declared(catalogue, &Instrument { scope, name, kind, unit }, &mut found);
            }
        }
        found
    }

    /// Adds what connected components declare of themselves and do not send: it may be off at the source.
    fn connected(&self, pattern: &Pattern, found: &mut Vec<Found<'a>>) {
        let connected = self.sync.iter().filter(|(key, sync)| sync.is_present() && is_meant(self.component, key));
        for (key, sync) in connected {
            let component = self.observed.iter().find(|component| component.key == *key);
            let seen = component.into_iter().flat_map(|component| &component.instruments);
            let seen: Vec<Instrument> = seen.map(|seen| seen.instrument.clone()).collect();
            let silent = sync::silent(sync, &seen).into_iter().filter(|instrument| pattern.names(&Names::of(instrument)));
            found.extend(silent.map(|instrument| Found { key: key.clone(), component, instrument, seen: None }));
        }
    }

    /// Adds a declared instrument for each component that has not sent it, or, where there is none, for its service alone.
    fn declared(&self, catalogue: &Catalogue, instrument: &Instrument, found: &mut Vec<Found<'a>>) {
        let namespace = &catalogue.id.namespace;
        let speaks_for =
            |key: &ComponentKey| key.service == catalogue.service && (namespace.is_empty() || *namespace == key.namespace);
        let components: Vec<&ObservedComponent> = self.observed.iter().filter(|component| speaks_for(&component.key)).collect();
        let has = |found: &[Found<'_>], key: &ComponentKey| {
            let same = |other: &Instrument| {
                other.name == instrument.name && (instrument.scope.is_empty() || other.scope == instrument.scope)
            };
            found.iter().any(|found| found.key == *key && same(&found.instrument))
        };
        let nobody = ComponentKey {
            namespace: if namespace.is_empty() { "default".into() } else { namespace.clone() },
            workload: None,
            service: catalogue.service.clone(),
        };
        let is_silent = |key: &&ComponentKey| !components.iter().any(|component| component.key == **key);
        let connected = self.sync.iter().filter(|(key, sync)| sync.is_present() && speaks_for(key)).map(|(key, _)| key);
        let silent: Vec<&ComponentKey> = connected.filter(is_silent).collect();
        let keys = components.iter().map(|component| (component.key.clone(), Some(*component)));
        let keys = keys.chain(silent.iter().map(|key| ((*key).clone(), None)));
        let keys: Vec<_> = if components.is_empty() && silent.is_empty() { vec![(nobody, None)] } else { keys.collect() };
        for (key, component) in keys {
            if is_meant(self.component, &key) && !has(found, &key) {
                found.push(Found { key, component, instrument: instrument.clone(), seen: None });
            }
        }
    }

    /// What a view gave this name.
    fn renamed(&self, name: &str, now: Wall) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        for component in self.observed.iter().filter(|component| is_meant(self.component, &component.key)) {
            let plan = self.views.plan(&component.key, now);
            let has_name = |seen: &&ObservedInstrument| {
                let Some(to) = plan.decide(&seen.instrument).rename else { return false };
                let renamed = Instrument { name: to, ..seen.instrument.clone() };
                Pattern::new(name).names(&Names::of(&renamed))
            };
            found.extend(component.instruments.iter().filter(has_name).map(|seen| Found {
                key: component.key.clone(),
                component: Some(component),
                instrument: seen.instrument.clone(),
                seen: Some(seen),
            }));
        }
        found
    }

    fn known_names(&self) -> Vec<String> {
        let observed = self.observed.iter().flat_map(|component| &component.instruments);
        let observed = observed.map(|seen| seen.instrument.name.to_string());
        let reported = self.sync.values().filter_map(|sync| sync.catalogue.as_deref());
        let declared = self.views.catalogues().map(|catalogue| &**catalogue).chain(reported);
        let declared = declared.flat_map(|catalogue| catalogue.instruments.iter());
        let mut names: Vec<String> = observed.chain(declared.map(|row| row.name.to_string())).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn explained(&self, found: &Found<'_>, with_attributes: bool, around: &Around<'_>) -> Explained {
        let Found { key, component, instrument, seen } = found;
        let plan = self.views.plan(key, around.now);
        let sent = seen.map(|seen| self.sent(key, seen, with_attributes));
        let readers: Vec<String> = self.views.readers(instrument).into_iter().map(|reader| reader.title()).collect();
        let explanation = plan.explain(instrument);
        let subject = Subject {
            owner: self.owner(key, *component),
            instrument,
            sent: sent.as_ref(),
            held_back: &explanation.protected,
            readers: &readers,
        };
        verdict::explain(&explanation, &subject, around)
    }

    fn wall(&self, at: Mono) -> Wall {
        let ago = self.now.1.since(at);
        Wall(self.now.0.0.saturating_sub(u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX)))
    }

    fn owner<'k>(&'k self, key: &'k ComponentKey, component: Option<&ObservedComponent>) -> Owner<'k> {
        let instances = component.map_or(0, |component| u64::try_from(component.instances).unwrap_or(u64::MAX));
        let last_push = component.map(|component| self.wall(component.last_push));
        Owner { key, instances, last_push, sync: self.sync.get(key) }
    }

    fn sent(&self, key: &ComponentKey, seen: &ObservedInstrument, with_attributes: bool) -> Sent {
        let Instrument { scope, name, kind, .. } = &seen.instrument;
        let costs = if with_attributes {
            self.engine.store.attributes(key, Which { name, scope, kind: Some(*kind) })
        } else {
            Vec::new()
        };
        Sent {
            instances: u64::try_from(seen.instances).unwrap_or(u64::MAX),
            sets: seen.sent,
            series: seen.exposed,
            points: seen.points,
            overflowed: seen.limited,
            last: self.wall(seen.last),
            attributes: costs.into_iter().map(|cost| (cost.key, cost.values, cost.without)).collect(),
        }
    }

    /// Components of which a rule speaks of such spans, or whose latest traces hold one; else one answer for all.
    fn spans(&self, name: &str, around: &Around<'_>) -> Explanations {
        let recent = self.engine.traces.recent();
        let mut items = Vec::new();
        for component in self.observed.iter().filter(|component| is_meant(self.component, &component.key)) {
            let title = component.key.to_string();
            let of_it = |span: &crate::traces::recent::RecentSpan| *span.name == *name && *span.component == *title;
            let last = recent.iter().find(|trace| trace.spans.iter().any(of_it)).map(|trace| hex(&trace.trace_id));
            let plan = self.views.plan(&component.key, around.now);
            if last.is_none() && plan.decide_span("", name).is_none() {
                continue;
            }
            let owner = self.owner(&component.key, Some(component));
            let subject = SpanSubject { owner, scope: "", name, last_trace: last.as_deref() };
            items.push(spans::span(&plan, &subject, around));
        }
        if items.is_empty() {
            items.push(spans::of_nobody(name, around));
        }
        let truncated = items.len() > EXPLAINED_MAX;
        items.truncate(EXPLAINED_MAX);
        Explanations { items, truncated }
    }
}

/// The one whose attributes are worth looking at: over its limit, or the only one.
fn dearest(found: &[Found<'_>]) -> Option<usize> {
    let limited = |found: &Found<'_>| found.seen.map_or(0, |seen| seen.limited);
    let most = (0..).zip(found).max_by_key(|(_, found)| limited(found));
    most.filter(|(_, most)| limited(most) > 0 || found.len() == 1).map(|(i, _)| i)
}
