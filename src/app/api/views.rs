//! View objects with what became of them, and the readers that protect metrics.
//! Gathers what is in force and what was last said of it; decides nothing.

use super::super::engine::{Engine, Object};
use crate::web::model::objects::{Consumer, Read, View};
use pointsman_core::view::{
    facts,
    spec::{self, ObjectId},
    time::format_time,
    verdict, write,
};
use std::{collections::BTreeMap, sync::Arc};

/// Every view object, good or not.
pub(super) fn list(engine: &Engine) -> Vec<View> {
    let loaded = engine.views.load();
    let statuses = engine.statuses.load();
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

/// Everybody who reads metrics.
pub(super) fn consumers(engine: &Engine) -> Vec<Consumer> {
    let loaded = engine.views.load();
    let known = loaded.views.facts();
    let consumer = |consumer: &Arc<facts::Consumer>| Consumer {
        kind: consumer.kind.to_string(),
        namespace: consumer.namespace.to_string(),
        name: consumer.name.to_string(),
        entry: consumer.entry.to_string(),
        protects_everywhere: known.protecting.contains(&consumer.namespace),
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
    known.consumers.iter().map(consumer).collect()
}
