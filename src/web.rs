//! The JSON API, health and the status page, from values that `app` gathers: [`Sources`] holds a closure per answer.
//! Knows neither store nor views; every list is cut at a cap and says so.

pub mod api;
pub mod ask;
pub mod guard;
pub mod health;
mod lists;
pub mod model;
pub mod overview;
pub mod page;
pub mod select;
pub mod waterfall;

use axum::Router;
use model::{
    Fault, Flow, Health, Overview, Traces,
    objects::{Catalogued, Component, ComponentDetail, Consumer, Explanations, Left, LeftQuery, View},
    screens::{Cost, Fleet},
};
use pointsman_core::model::clock::Wall;
use std::sync::Arc;

/// A value as of now.
pub type Get<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// One component by namespace and name.
pub type GetComponent = Arc<dyn Fn(&str, &str) -> Option<ComponentDetail> + Send + Sync>;

/// What is said of a name, for one component or all.
pub type Explain = Arc<dyn Fn(&str, Option<&str>) -> Explanations + Send + Sync>;

/// How many attribute sets are left; `None` when there is no such component.
pub type GetLeft = Arc<dyn Fn(&LeftQuery) -> Option<Left> + Send + Sync>;

/// What metrics cost: of all, and of the component that is named also what its attributes cost.
pub type GetCost = Arc<dyn Fn(Option<&str>) -> Arc<Cost> + Send + Sync>;

/// Where answers come from.
#[derive(Clone)]
pub struct Sources {
    /// The time of day.
    pub now: Get<Wall>,
    /// Whether the views are known and nothing ends.
    pub is_ready: Get<bool>,
    /// The whole in a few numbers.
    pub overview: Get<Overview>,
    /// Components.
    pub components: Get<Vec<Component>>,
    /// One component by namespace and name, with its plan.
    pub component: GetComponent,
    /// Views, good or not.
    pub views: Get<Vec<View>>,
    /// Declared and sent instruments.
    pub catalog: Get<Vec<Catalogued>>,
    /// Why a name is on, off or missing.
    pub explain: Explain,
    /// Attribute sets left of an instrument when only some keys stay.
    pub left: GetLeft,
    /// Who reads metrics.
    pub consumers: Get<Vec<Consumer>>,
    /// Pools and nodes.
    pub fleet: Get<Arc<Fleet>>,
    /// What metrics cost; of one component also what its attributes cost.
    pub cost: GetCost,
    /// Where points and spans go.
    pub flow: Get<Flow>,
    /// Back ends and the latest traces.
    pub traces: Get<Traces>,
    /// Limits, queues, memory.
    pub health: Get<Health>,
    /// Mistakes in views.
    pub faults: Get<Vec<Fault>>,
}

/// What metrics cost, and of the one component that is meant also what its attributes do.
fn cost_of(sources: &Sources, filter: &ask::Filter) -> Arc<Cost> {
    let all = (sources.cost)(None);
    match select::component(&all, filter) {
        Some(component) => (sources.cost)(Some(component)),
        None => all,
    }
}

/// Everything but the scrapes.
pub fn router(sources: Sources) -> Router {
    let sources = Arc::new(sources);
    Router::new()
        .merge(health::router(&sources))
        .merge(api::router(&sources))
        .merge(page::router(&sources))
        .fallback(api::unknown)
}

#[cfg(test)]
mod tests;
