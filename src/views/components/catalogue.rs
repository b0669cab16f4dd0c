//! The `InstrumentCatalog` of a component: what is declared for its service, what it declares of itself, and what its stream
//! taught beside that.
//! Pure: named by its content, so that two replicas write the same object.

use super::OwnerReference;
use pointsman_core::{
    limits,
    model::{
        component::ComponentKey,
        instrument::{Instrument, Kind, Level},
    },
    view::spec::{Catalogue, Declared},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// An `InstrumentCatalog` as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredCatalogue {
    /// Where it lives: the component's namespace.
    pub namespace: Box<str>,
    /// `<component>-<10 hexadecimal digits>` of its content.
    pub name: Box<str>,
    /// The `TelemetryComponent` that owns it, by name.
    pub component: Box<str>,
    /// What it lists.
    pub spec: CatalogueSpec,
    /// How many instruments there are; more than `spec` lists when it was cut.
    pub instruments: usize,
}

/// `spec` of an `InstrumentCatalog`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogueSpec {
    /// `service.name`
    pub service_name: String,
    /// Version of the declared names; empty when all was learnt.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
    /// Ordered by name, scope and kind.
    pub instruments: Vec<Row>,
}

/// One instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// OTel name.
    pub name: String,
    /// Scope; empty = any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What it is.
    pub kind: &'static str,
    /// UCUM unit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// `Standard` where nobody declared it.
    pub level: &'static str,
    /// Empty where nobody declared it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stability: String,
    /// Declared attribute keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

impl Row {
    /// How much it adds to its object, roughly.
    fn bytes(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|key| key.len() + 4).sum();
        128 + self.name.len() + self.scope.len() + self.unit.len() + self.stability.len() + attributes
    }
}

impl DesiredCatalogue {
    /// The reference to its component, once that has a uid.
    #[must_use]
    pub fn owner(&self, uid: &str) -> OwnerReference {
        OwnerReference {
            api_version: crate::views::writer::API_VERSION.into(),
            kind: "TelemetryComponent".into(),
            name: self.component.to_string(),
            uid: uid.into(),
        }
    }
}

/// Whether a catalogue declares for this component.
pub(super) fn speaks_for(catalogue: &Catalogue, key: &ComponentKey) -> bool {
    let here = catalogue.id.namespace.is_empty() || catalogue.id.namespace == key.namespace;
    here && catalogue.service == key.service
}

/// The catalogue of a component; `None` when nothing is known of its instruments.
pub(super) fn desired(
    (key, component): (&ComponentKey, &str),
    seen: &[Instrument],
    (declared, reported): (&[Arc<Catalogue>], Option<&Catalogue>),
) -> Option<DesiredCatalogue> {
    let schema_url = declared.first().map(|c| c.schema_url.to_string());
    let declared: Vec<&Declared> = declared.iter().flat_map(|c| c.instruments.iter()).collect();
    let reported = || reported.iter().flat_map(|c| c.instruments.iter());
    let says = |d: &Declared, (scope, name, kind): (&str, &str, Kind)| {
        *d.name == *name && d.kind == kind && (d.scope.is_empty() || *d.scope == *scope)
    };
    let is_declared = |it: (&str, &str, Kind)| declared.iter().any(|d| says(d, it));
    let is_known = |it: (&str, &str, Kind)| is_declared(it) || reported().any(|d| says(d, it));
    let mut rows: Vec<Row> = declared.iter().map(|d| declared_row(d)).collect();
    // The controller's own catalogues speak first.
    rows.extend(reported().filter(|d| !is_declared((&d.scope, &d.name, d.kind))).map(declared_row));
    rows.extend(seen.iter().filter(|seen| !is_known((&seen.scope, &seen.name, seen.kind))).map(learnt_row));
    rows.sort();
    rows.dedup();
    let instruments = rows.len();
    let mut bytes = 0;
    let fits = |row: &&Row| {
        bytes += row.bytes();
        bytes <= limits::CATALOGUE_OBJECT_BYTES_MAX
    };
    rows.truncate(rows.iter().take(limits::CATALOGUE_OBJECT_INSTRUMENTS_MAX).take_while(fits).count());
    if rows.is_empty() {
        return None;
    }
    let schema_url = schema_url.unwrap_or_default();
    let spec = CatalogueSpec { service_name: super::service_name(key), schema_url, instruments: rows };
    let name = format!("{component}-{}", hash10(&spec)).into();
    Some(DesiredCatalogue { namespace: key.namespace.clone(), name, component: component.into(), spec, instruments })
}

fn declared_row(declared: &Declared) -> Row {
    Row {
        name: declared.name.to_string(),
        scope: declared.scope.to_string(),
        kind: declared.kind.as_str(),
        unit: declared.unit.to_string(),
        level: declared.level.as_str(),
        stability: declared.stability.to_string(),
        attributes: declared.attributes.iter().map(ToString::to_string).collect(),
    }
}

fn learnt_row(seen: &Instrument) -> Row {
    Row {
        name: seen.name.to_string(),
        scope: seen.scope.to_string(),
        kind: seen.kind.as_str(),
        unit: seen.unit.to_string(),
        level: Level::Standard.as_str(),
        ..Row::default()
    }
}

/// Ten hexadecimal digits of the content.
fn hash10(spec: &CatalogueSpec) -> String {
    let bytes = serde_json::to_vec(spec).expect("plain text serialises");
    Sha256::digest(bytes).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}
