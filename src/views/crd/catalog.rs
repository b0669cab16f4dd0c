//! `InstrumentCatalog`: the instruments that a component declares or was seen to have.
//! In a cluster the controller writes it; the same form is read from catalogue files by `core::view`.
//! Texts are bounded as in what is pushed: a catalogue lists whatever came.

use super::view::metrics::{Kind, Level};
use kube::{CustomResource, KubeSchema};
use pointsman_core::limits::{
    ATTRIBUTE_VALUE_BYTES_MAX, ATTRIBUTES_MAX, CATALOGUE_INSTRUMENTS_MAX, VIEW_REASON_BYTES_MAX, VIEW_TEXT_BYTES_MAX,
};
use serde::{Deserialize, Serialize};

/// The instruments of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, CustomResource, KubeSchema, Serialize, Deserialize)]
#[kube(
    group = "pointsman.dev",
    version = "v1alpha1",
    kind = "InstrumentCatalog",
    namespaced,
    status = "InstrumentCatalogStatus",
    shortname = "icat",
    category = "telemetry",
    category = "observability",
    doc = "The instruments of a component: what a view can name. The controller writes it, from what components declare and push."
)]
#[kube(
    printcolumn(name = "Service", type_ = "string", json_path = ".spec.serviceName"),
    printcolumn(name = "Instruments", type_ = "integer", json_path = ".status.instruments"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct InstrumentCatalogSpec {
    /// The `service.name` of the components that have these instruments. Example: machine-config-daemon.
    #[schemars(length(min = 1, max = ATTRIBUTE_VALUE_BYTES_MAX))]
    pub service_name: String,
    /// Version of the names. Default: none. Example: "https://opentelemetry.io/schemas/1.37.0".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = VIEW_REASON_BYTES_MAX))]
    pub schema_url: Option<String>,
    /// The instruments. At most 10000.
    #[schemars(length(max = CATALOGUE_INSTRUMENTS_MAX))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub instruments: Vec<CatalogInstrument>,
}

/// One instrument.
#[derive(Clone, Debug, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogInstrument {
    /// Name of its instrumentation scope. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = ATTRIBUTE_VALUE_BYTES_MAX))]
    pub scope: Option<String>,
    /// Its name in OpenTelemetry's spelling. Example: mco.pool.machines.
    #[schemars(length(min = 1, max = ATTRIBUTE_VALUE_BYTES_MAX))]
    pub name: String,
    /// What it is, as it comes over the wire.
    pub kind: Kind,
    /// Its unit in UCUM. Default: none. Example: "{machine}".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = ATTRIBUTE_VALUE_BYTES_MAX))]
    pub unit: Option<String>,
    /// How much one wants to see it; views turn on up to a level. Default: Standard.
    #[serde(default)]
    pub level: Level,
    /// How far its name can be relied on. Default: unknown. Example: stable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = VIEW_REASON_BYTES_MAX))]
    pub stability: Option<String>,
    /// Its attribute keys. At most 128. Example: ["mco.pool.name"].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = ATTRIBUTES_MAX), inner(length(min = 1, max = VIEW_TEXT_BYTES_MAX)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub attributes: Vec<String>,
    /// What it tells, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = VIEW_REASON_BYTES_MAX))]
    pub description: Option<String>,
}

/// What the controller counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstrumentCatalogStatus {
    /// Instruments in the spec.
    #[serde(default)]
    pub instruments: u64,
}
