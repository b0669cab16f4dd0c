//! What fell silent ends here, on a tick of its own: resources without a push, cumulative series that a living resource
//! no longer sends. Memory goes back for real: tables shrink, attributes are swept.

use super::{
    component::{Component, Resource, Shared, list, secs},
    counts::Counts,
    directory::Directory,
    identity::Id128,
    stream::Stream,
};
use crate::model::clock::Mono;
use std::time::Duration;

/// Expires one component under its lock.
pub(crate) fn expire(shared: &Shared, directory: &Directory, component: &mut Component, now: Mono, after: Duration) {
    if component.gone {
        return; // its key may name a new one by now
    }
    component.interner.release();
    component.forget_decisions();
    let mut spellings = Vec::new();
    for index in 0..component.resources.len() {
        let Some(mut resource) = component.resources[index].take() else { continue };
        if now.since(resource.last_push) >= patience(&resource, after) {
            end_resource(shared, component, &mut resource);
            component.taken = 0;
            spellings.append(&mut resource.spellings);
        } else {
            expire_streams(shared, component, &mut resource, (now, after));
            component.resources[index] = Some(resource);
        }
    }
    forget(directory, component, &spellings);
    component.scopes.sweep();
    if component.removed > 1024 + component.series / 8 || (component.removed > 0 && component.series == 0) {
        sweep(shared, component);
    }
}

/// Ends one resource at once, and the component with its last one.
pub(crate) fn end(shared: &Shared, directory: &Directory, component: &mut Component, index: u32) {
    let Some(mut resource) = component.resources.get_mut(index as usize).and_then(Option::take) else { return };
    end_resource(shared, component, &mut resource);
    component.taken = 0;
    forget(directory, component, &resource.spellings);
}

/// Takes what ended out of the directory, and the component when nothing of it is left.
fn forget(directory: &Directory, component: &mut Component, spellings: &[Id128]) {
    while component.resources.last().is_some_and(Option::is_none) {
        component.resources.pop();
    }
    component.gone = component.resources.is_empty();
    if !spellings.is_empty() || component.gone {
        directory.forget(component, spellings);
    }
}

/// How long a resource may be silent: the flag's time, or three of its planned intervals.
fn patience(resource: &Resource, after: Duration) -> Duration {
    let intervals = resource.streams.iter().flatten().filter_map(|stream| stream.decision.interval_ms);
    after.max(Duration::from_millis(intervals.max().unwrap_or(0).saturating_mul(3)))
}

fn end_resource(shared: &Shared, component: &mut Component, resource: &mut Resource) {
    component.by_identity.remove(&resource.identity);
    for stream in resource.streams.iter_mut().flatten() {
        component.removed += stream.table.len();
        stream.clear(&shared.budget, &mut component.series);
        shared.budget.remove_stream();
        list(shared, stream);
    }
}

fn expire_streams(shared: &Shared, component: &mut Component, resource: &mut Resource, (now, after): (Mono, Duration)) {
    let patience = patience(resource, after);
    let mut ended = false;
    for index in 0..resource.streams.len() {
        let Some(mut stream) = resource.streams[index].take() else { continue };
        let idle = Duration::from_secs(u64::from(secs(now).saturating_sub(stream.pushed_secs[0])));
        let is_silent = idle >= patience;
        expire_series(shared, component, &mut stream, (now, after, is_silent));
        list(shared, &mut stream);
        if stream.table.len() == 0 && is_silent {
            ended = true;
            shared.budget.remove_stream();
        } else {
            resource.streams[index] = Some(stream);
        }
    }
    if ended {
        resource.forget_ended(shared);
    }
}

/// A living sender that leaves a whole metric out for as long as a resource may be silent has nothing more to say of it: a
/// process that started anew cannot end what the one before it sent. A delta rests while nothing happens, and stays.
fn expire_series(
    shared: &Shared,
    component: &mut Component,
    stream: &mut Stream,
    (now, after, is_silent): (Mono, Duration, bool),
) {
    if !stream.is_delta() {
        let (now_secs, expire_secs) = (secs(now), u32::try_from(after.as_secs()).unwrap_or(u32::MAX));
        let absent = |index: &u32| is_silent || stream.is_absent(*index, now_secs, expire_secs);
        let absent: Vec<u32> = stream.table.indexes().filter(absent).collect();
        let mut counts = Counts::default();
        let mut around = component.around(shared, &mut counts, now, 0);
        absent.into_iter().for_each(|index| stream.end(index, &mut around));
        shared.counters.add(&counts);
    }
    stream.compact(&shared.identity);
}

/// Forgets attributes that nothing refers to.
fn sweep(shared: &Shared, component: &mut Component) {
    let mut marks = component.interner.marks();
    for stream in component.resources.iter().flatten().flat_map(|resource| resource.streams.iter().flatten()) {
        stream.table.mark(&mut marks);
        if let Some(shaping) = &stream.shaping {
            shaping.groups.mark(&mut marks);
        }
    }
    component.interner.sweep(&shared.identity, &marks);
    component.removed = 0;
    shared.move_epoch();
}
