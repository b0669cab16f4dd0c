//! How components, views and readers stand, gathered for our own metrics: when who last pushed, and what beyond its catalogue; which
//! conditions a view has; whether something is off that somebody reads. Remembers only the last push of those who fell silent.

use super::engine::Loaded;
use crate::telemetry::standing::{ConditionType, ConsumerKind, Reader, Status, View, ViewName};
use parking_lot::Mutex;
use pointsman_core::{
    limits::{CONSUMERS_TOLD_MAX, PUSHES_KNOWN_MAX, SILENCE_MS_MAX, VIEWS_TOLD_MAX},
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
    },
    state::store::ComponentSummary,
    view::{
        facts::Consumer,
        plan::ViewSet,
        report::Seen,
        spec::ObjectId,
        status::{Condition, ViewStatus},
    },
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

#[cfg(test)]
mod tests;

/// When components last pushed: one that ended is remembered for a day.
#[derive(Debug, Default)]
pub struct Pushes {
    last: Mutex<BTreeMap<String, Mono>>,
}

impl Pushes {
    /// Seconds since each component last pushed, as of `now`. At the cap newcomers are not told until one that is silent is
    /// forgotten.
    pub fn look(&self, components: &[ComponentSummary], now: Mono) -> Vec<(String, f64)> {
        let mut last = self.last.lock();
        let day = Duration::from_millis(SILENCE_MS_MAX);
        last.retain(|_, at| now.since(*at) <= day);
        for component in components {
            let name = component.key.to_string();
            if last.len() < PUSHES_KNOWN_MAX || last.contains_key(&name) {
                last.insert(name, component.last_push);
            }
        }
        last.iter().map(|(name, at)| (name.clone(), now.since(*at).as_secs_f64())).collect()
    }
}

/// Every view with its conditions, as they were last decided.
#[must_use]
pub fn views(loaded: &Loaded, statuses: &BTreeMap<ObjectId, ViewStatus>, now: Wall) -> Vec<View> {
    let ends: BTreeMap<&ObjectId, Wall> =
        loaded.views.views().filter_map(|view| Some((&view.id, view.expiry.as_ref()?.at))).collect();
    let view = |(id, status): (&ObjectId, &ViewStatus)| View {
        name: ViewName { namespace: id.namespace.to_string(), kind: id.kind.to_owned(), name: id.name.to_string() },
        conditions: status.conditions.iter().filter_map(condition).collect(),
        ends_in: ends.get(id).filter(|at| **at > now).map(|at| Duration::from_nanos(at.0.saturating_sub(now.0)).as_secs_f64()),
    };
    statuses.iter().take(VIEWS_TOLD_MAX).map(view).collect()
}

fn condition(condition: &Condition) -> Option<(ConditionType, Status)> {
    let kind = ConditionType::ALL.into_iter().find(|kind| kind.as_str() == condition.kind)?;
    let status = Status::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(&condition.status))?;
    Some((kind, status))
}

/// What a look at everything that was seen tells.
#[derive(Debug, Default)]
pub struct Looked {
    /// Everyone who reads what components send or declare, and whether some of it is off: by a view, or by its level.
    pub readers: Vec<Reader>,
    /// Instruments that components send beyond their catalogues, of those that have one.
    pub uncatalogued: Vec<(String, i64)>,
}

impl Looked {
    /// Looks now.
    #[must_use]
    pub fn at(views: &ViewSet, seen: &[Seen], now: Wall) -> Self {
        Self { readers: readers(views, seen, now), uncatalogued: uncatalogued(views, seen, now) }
    }
}

fn readers(views: &ViewSet, seen: &[Seen], now: Wall) -> Vec<Reader> {
    let reader = |(consumer, is_off): (Arc<Consumer>, bool)| {
        let Consumer { kind, namespace, name, entry, .. } = &*consumer;
        // `alert X`, `record x`: the word is told by the kind.
        let entry = entry.split_once(' ').map_or("", |(_, entry)| entry);
        let parts = [namespace.as_ref(), name.as_ref(), entry];
        let name = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        Reader { kind: consumer_kind(kind, &consumer.entry), name, is_off }
    };
    let mut readers: Vec<Reader> = views.inputs_off(seen, now).into_iter().map(reader).collect();
    readers.sort();
    readers.dedup_by(|a, b| {
        let is_one = (a.kind, &a.name) == (b.kind, &b.name);
        b.is_off |= is_one && a.is_off;
        is_one
    });
    readers.truncate(CONSUMERS_TOLD_MAX);
    readers
}

fn uncatalogued(views: &ViewSet, seen: &[Seen], now: Wall) -> Vec<(String, i64)> {
    let told = |(key, count): (&ComponentKey, usize)| (key.to_string(), i64::try_from(count).unwrap_or(i64::MAX));
    views.uncatalogued(seen, now).into_iter().take(PUSHES_KNOWN_MAX).map(told).collect()
}

/// What sort of reader a Kubernetes object, or an entry of it, is.
fn consumer_kind(kind: &str, entry: &str) -> ConsumerKind {
    match kind {
        "HorizontalPodAutoscaler" => ConsumerKind::Hpa,
        "Dashboard" => ConsumerKind::Dashboard,
        _ if entry.starts_with("record ") => ConsumerKind::Rule,
        _ => ConsumerKind::Alert,
    }
}
