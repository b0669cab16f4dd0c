//! The plan of each component that sends spans, at hand: a request must not compile views.
//! One writer swaps the views whole; readers never see half of a change.

use parking_lot::Mutex;
use pointsman_core::{
    limits::TRACE_PLANS_MAX,
    model::{clock::Wall, component::ComponentKey, workloads::Workloads},
    view::plan::{Plan, ViewSet},
};
use std::{collections::BTreeMap, sync::Arc};

/// Plans by component, made when first asked for.
#[derive(Debug, Default)]
pub struct Plans {
    inner: Mutex<Inner>,
    workloads: Mutex<Arc<Workloads>>,
}

#[derive(Debug, Default)]
struct Inner {
    views: Arc<ViewSet>,
    at: Wall,
    plans: BTreeMap<ComponentKey, Arc<Plan>>, // keys are chosen by senders, so they are ordered, not hashed
}

impl Plans {
    /// From now on plans are those of `views` at `now`.
    pub fn set_views(&self, views: Arc<ViewSet>, now: Wall) {
        *self.inner.lock() = Inner { views, at: now, plans: BTreeMap::new() };
    }

    /// From now on `workloads` say who owns which pod. Plans stay: they are of components, however found.
    pub fn set_workloads(&self, workloads: Arc<Workloads>) {
        *self.workloads.lock() = workloads;
    }

    /// Who owns which pod.
    #[must_use]
    pub fn workloads(&self) -> Arc<Workloads> {
        Arc::clone(&self.workloads.lock())
    }

    /// The plan of a component. A full table answers all the same; it only remembers nothing new.
    #[must_use]
    pub fn plan(&self, component: &ComponentKey) -> Arc<Plan> {
        let (views, at) = {
            let inner = self.inner.lock();
            if let Some(plan) = inner.plans.get(component) {
                return Arc::clone(plan);
            }
            (Arc::clone(&inner.views), inner.at)
        };
        let plan = Arc::new(views.plan(component, at));
        let mut inner = self.inner.lock();
        let is_current = Arc::ptr_eq(&inner.views, &views) && inner.at == at;
        if is_current && inner.plans.len() < TRACE_PLANS_MAX {
            inner.plans.insert(component.clone(), Arc::clone(&plan));
        }
        plan
    }
}

#[cfg(test)]
mod tests;
