//! A new table of who owns which pod: finds the resources that belong to another component by it. They go there with
//! their next push, so that no scrape in between misses them. Knows nothing of how the table came about.

use super::{
    component::{Component, Resource, Shared, find},
    directory::Directory,
};
use crate::{limits::SLICE_LOOKED_MAX, model::workloads::Workloads};
use std::sync::Arc;

/// Takes over the table, and marks what moves by it.
pub(crate) fn swap(shared: &Shared, directory: &Directory, workloads: Arc<Workloads>) {
    if **shared.workloads.read() == *workloads {
        return;
    }
    *shared.workloads.write() = Arc::clone(&workloads);
    for component in directory.all() {
        let mut next = Some(0);
        while let Some(from) = next {
            next = mark(&mut component.lock(), from, &workloads);
        }
    }
}

/// Marks a slice of the resources; returns where to go on.
fn mark(component: &mut Component, from: usize, workloads: &Workloads) -> Option<usize> {
    let end = component.resources.len().min(from + SLICE_LOOKED_MAX);
    for resource in component.resources.get_mut(from..end)?.iter_mut().flatten() {
        resource.moves = has_other_owner(resource, workloads);
    }
    (end < component.resources.len()).then_some(end)
}

/// Whether its pod has an owner, and another one than its component says. A pod that left the table says nothing: it
/// goes from there before its process ends.
pub(crate) fn has_other_owner(resource: &Resource, workloads: &Workloads) -> bool {
    let get = |key| find(&resource.info.attributes, key).filter(|text| !text.is_empty());
    let key = &resource.info.component;
    let owner = workloads.of_pod(get("k8s.pod.uid"), &key.namespace, get("k8s.pod.name"));
    owner.is_some_and(|owner| key.workload.as_ref() != Some(owner))
}
