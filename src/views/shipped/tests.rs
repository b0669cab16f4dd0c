use super::consumers;
use pointsman_core::{
    fault::Source,
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        facts::Facts,
        plan::ViewSet,
        read::{self, Known, Object},
    },
};
use std::sync::Arc;

/// Scenario: a tenant's view turns off a metric that a shipped panel reads. Guarantees: whoever asks is told of the panel, by its name;
/// it does not hold the view back.
#[test]
fn a_panel_is_told_of_and_protects_nothing() {
    let view = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: quiet, namespace: shop}\nspec:\n  \
                reason: a test\n  metrics:\n  - {name: off, match: {instruments: [mco.pool.stalled]}, state: Disabled}\n";
    let source = Arc::new(Source { name: "quiet.yaml".into(), text: view.into() });
    let read = read::text(&source, &Known { first_seen: &|_, _| Wall::default(), namespace: "shop" });
    let views = read.into_iter().filter_map(|read| match read.object {
        Some(Object::View(view)) => Some(view),
        _ => None,
    });
    let facts = Facts { consumers: consumers(), ..Facts::default() };
    let views = ViewSet::compile_with(views.collect(), Vec::new(), Arc::new(facts));
    let instrument =
        Instrument { scope: "".into(), name: "mco.pool.stalled".into(), kind: Kind::UpDownCounter, unit: "1".into() };
    let told: Vec<String> = views.readers(&instrument).iter().map(|consumer| consumer.title()).collect();
    assert!(told.contains(&"panel stalled of Dashboard pool-update".to_owned()), "{told:?}");
    for namespace in ["shop", "default", ""] {
        let component = ComponentKey { namespace: namespace.into(), workload: None, service: "shop".into() };
        let plan = views.plan(&component, Wall::default());
        assert_eq!(plan.decide(&instrument).on, namespace != "shop", "{namespace}");
    }
}
