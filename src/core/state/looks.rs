//! Looks at every component for [`super::observe`]: streams only, never series, and in slices. Adds up outside the
//! component's lock. Decides nothing.

use super::{
    component::Component,
    directory::{Directory, Locked},
    observe::{ObservedComponent, ObservedInstrument},
    visit::MetricInfo,
};
use crate::{
    limits::SLICE_LOOKED_MAX,
    model::{clock::Mono, instrument::Instrument},
};
use std::{collections::BTreeMap, sync::Arc};

/// One stream of the resource at this place.
struct Row {
    resource: usize,
    metric: Arc<MetricInfo>,
    sent: u64,
    exposed: u64,
    points: u64,
    limited: u64,
    last: Mono,
    bytes: u64,
}

/// An instrument, and the resource that was added last.
type Sum = (ObservedInstrument, usize);

/// Every component that has an instance, ordered by key.
pub(crate) fn observe(directory: &Directory) -> Vec<ObservedComponent> {
    let mut seen: Vec<ObservedComponent> = directory.all().iter().map(component).collect();
    seen.retain(|component| component.instances > 0);
    seen.sort_by(|a, b| a.key.cmp(&b.key));
    seen
}

fn component(locked: &Locked) -> ObservedComponent {
    let mut seen = head(&locked.lock());
    let mut sums: BTreeMap<Instrument, Sum> = BTreeMap::new();
    let mut next = Some(0);
    while let Some(from) = next {
        let mut rows = Vec::new();
        next = slice(&locked.lock(), from, &mut seen, &mut rows);
        rows.into_iter().for_each(|row| add(&mut sums, row));
    }
    seen.instruments = sums.into_values().map(|(instrument, _)| instrument).collect();
    let order = |a: &Instrument, b: &Instrument| (&a.name, &a.scope).cmp(&(&b.name, &b.scope));
    seen.instruments.sort_by(|a, b| order(&a.instrument, &b.instrument));
    seen
}

fn head(component: &Component) -> ObservedComponent {
    ObservedComponent {
        key: component.key.clone(),
        instances: 0,
        since: component.last_push,
        last_push: component.last_push,
        received: component.received,
        suppressed: component.suppressed,
        series: component.series,
        plan_hash: component.plan.hash(),
        instruments: Vec::new(),
    }
}

/// Adds resources from this place on, until so many streams were seen; returns where to go on.
fn slice(component: &Component, from: usize, seen: &mut ObservedComponent, rows: &mut Vec<Row>) -> Option<usize> {
    for (place, resource) in component.resources.iter().enumerate().skip(from) {
        if place - from + rows.len() >= SLICE_LOOKED_MAX {
            return Some(place);
        }
        let Some(resource) = resource else { continue };
        seen.instances += 1;
        seen.since = seen.since.min(resource.first_push);
        rows.extend(resource.streams.iter().flatten().map(|stream| Row {
            resource: place,
            metric: Arc::clone(&stream.metric),
            sent: stream.sent(),
            exposed: if stream.decision.on { stream.exposed() as u64 } else { 0 },
            points: stream.points,
            limited: stream.limited,
            last: stream.last_push,
            bytes: stream.bytes() as u64,
        }));
    }
    None
}

fn add(sums: &mut BTreeMap<Instrument, Sum>, row: Row) {
    let Row { resource, metric, sent, exposed, points, limited, last, bytes } = row;
    let instrument = &metric.instrument;
    if let Some((sum, last_resource)) = sums.get_mut(instrument) {
        // One resource may send an instrument in two ways, as with another version of its scope.
        sum.instances += usize::from(std::mem::replace(last_resource, resource) != resource);
        sum.sent += sent;
        sum.exposed += exposed;
        sum.points += points;
        sum.limited += limited;
        sum.last = sum.last.max(last);
        sum.bytes += bytes;
        return;
    }
    let first = ObservedInstrument { instrument: instrument.clone(), instances: 1, sent, exposed, points, limited, last, bytes };
    sums.insert(instrument.clone(), (first, resource));
}
