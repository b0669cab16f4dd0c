use super::Plans;
use pointsman_core::{
    model::{clock::Wall, component::ComponentKey},
    view::plan::ViewSet,
};
use std::sync::Arc;

/// Scenario: one component asks twice, then the views are swapped. Guarantees: the plan is made once, and anew after the
/// swap, so that a reload is never answered from memory.
#[test]
fn a_plan_is_made_once_per_set_of_views() {
    let plans = Plans::default();
    let component = ComponentKey::from_resource(|key| (key == "service.name").then_some("daemon"));
    let first = plans.plan(&component);
    assert!(Arc::ptr_eq(&first, &plans.plan(&component)));
    plans.set_views(Arc::new(ViewSet::default()), Wall::from_secs(1));
    assert!(!Arc::ptr_eq(&first, &plans.plan(&component)));
}
