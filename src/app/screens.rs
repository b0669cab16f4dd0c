//! What the screens fleet, cost, flow and traces show beyond single counters: looks at the store that requests share for a
//! moment, so that many readers cost no more than one. Decides nothing.

mod cost;
mod fleet;
mod flow;
mod loops;
mod read;
mod spread;

use super::engine::Engine;
use crate::web::model::{
    Flow,
    screens::{Cost, Fleet, Inflow, Loop},
};
use loops::Marks;
use parking_lot::Mutex;
use pointsman_core::{limits::SCREEN_LOOK_MS, model::clock::Mono};
use std::{sync::Arc, time::Duration};

/// The latest looks.
#[derive(Debug, Default)]
pub struct Screens {
    fleet: Shared<Fleet>,
    cost: Shared<Cost>,
    /// Of one component, with attributes.
    cost_of: Shared<(String, Cost)>,
    loops: Shared<Vec<Loop>>,
    marks: Mutex<Marks>,
}

/// A value that is made anew when it is asked for and was made too long ago.
#[derive(Debug)]
struct Shared<T> {
    last: Mutex<Option<(Mono, Arc<T>)>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { last: Mutex::new(None) }
    }
}

impl<T> Shared<T> {
    /// Whoever comes while it is made waits for it, and makes none of their own.
    fn get(&self, now: Mono, is_it: impl FnOnce(&T) -> bool, make: impl FnOnce() -> T) -> Arc<T> {
        let mut last = self.last.lock();
        let is_young = |at: Mono| now.since(at) < Duration::from_millis(SCREEN_LOOK_MS);
        if let Some((_, value)) = last.as_ref().filter(|(at, value)| is_young(*at) && is_it(value)) {
            return Arc::clone(value);
        }
        let value = Arc::new(make());
        *last = Some((now, Arc::clone(&value)));
        value
    }
}

/// Pools and nodes.
pub(super) fn fleet(engine: &Engine) -> Arc<Fleet> {
    engine.screens.fleet.get(
        engine.clock.mono(),
        |_| true,
        || {
            let loaded = engine.views.load();
            fleet::look(&engine.store, &fleet::decider(&loaded.views, engine.clock.view_wall()))
        },
    )
}

/// What metrics cost; of one component, named by namespace and name, also what attributes of its dearest cost.
pub(super) fn cost(engine: &Engine, component: Option<&str>) -> Arc<Cost> {
    let now = engine.clock.mono();
    let all = engine.screens.cost.get(now, |_| true, || cost::look(engine));
    let Some(component) = component.filter(|asked| all.components.iter().any(|known| known.component == **asked)) else {
        return all;
    };
    let is_it = |(of, _): &(String, Cost)| of == component;
    let of_it = engine.screens.cost_of.get(now, is_it, || {
        let mut cost = (*all).clone();
        cost::add_attributes(engine, component, &mut cost);
        (component.to_owned(), cost)
    });
    Arc::new(of_it.1.clone())
}

/// Reconcile loops.
pub(super) fn loops(engine: &Engine) -> Arc<Vec<Loop>> {
    let now = engine.clock.mono();
    let screens = &engine.screens;
    screens.loops.get(now, |_| true, || loops::look(&engine.store, now, &mut screens.marks.lock()))
}

/// Where points come from, the most first; what the look at costs knows of it.
pub(super) fn inflows(engine: &Engine) -> Vec<Inflow> {
    flow::inflows(engine, &cost(engine, None))
}

/// Everything that did not go on, with its reason.
pub(super) fn drops(engine: &Engine, flow: &Flow) -> Vec<crate::web::model::screens::Drop> {
    flow::drops(engine, flow)
}

#[cfg(test)]
mod tests;
