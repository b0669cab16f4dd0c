//! The custom resources as Kubernetes sees them: schemas with defaults, bounds, CEL rules and printer columns.
//! Says what may be written, never what it means: `core::view` reads the objects, and its texts stand in the rules.
#![expect(unreachable_pub, reason = "derived schemas are made from copies of the structs, within functions")]

pub mod catalog;
pub mod component;
mod says;
mod schema;
pub mod status;
pub mod view;

use self::{
    catalog::InstrumentCatalog,
    component::TelemetryComponent,
    view::{ClusterTelemetryView, TelemetryView},
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

/// Every definition, by the name of its file in `deploy/crds`.
///
/// # Panics
///
/// Never: a derived definition is JSON with text keys.
#[must_use]
pub fn all() -> [(&'static str, Value); 4] {
    [
        ("telemetryviews", definition(&TelemetryView::crd())),
        ("clustertelemetryviews", definition(&ClusterTelemetryView::crd())),
        ("telemetrycomponents", definition(&TelemetryComponent::crd())),
        ("instrumentcatalogs", definition(&InstrumentCatalog::crd())),
    ]
}

fn definition(derived: &CustomResourceDefinition) -> Value {
    let mut definition = serde_json::to_value(derived).expect("a derived definition is JSON");
    schema::tidy(&mut definition);
    definition
}

#[cfg(test)]
mod tests;
