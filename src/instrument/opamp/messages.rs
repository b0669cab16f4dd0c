//! What OpAMP has no fields for: the catalogue of a component and the report on a plan, as JSON in custom messages.
//! Both ends read and write these; fields are only ever added, and what is not known is skipped.

use serde::{Deserialize, Serialize};

/// The custom capability that both ends announce.
pub const CAPABILITY: &str = "dev.pointsman.sync";
/// Type of the custom message with a [`Catalogue`], from the component.
pub const CATALOGUE: &str = "catalogue";
/// Type of the custom message with a [`Report`], from the component.
pub const REPORT: &str = "report";
/// The entry of `AgentConfigMap` that holds the plan.
pub const PLAN_ENTRY: &str = "pointsman-plan";
/// The entry that holds an [`Expiry`], beside the plan: what it says changes from moment to moment, so no hash covers it.
pub const EXPIRY_ENTRY: &str = "pointsman-expiry";
/// Content type of both.
pub const JSON: &str = "application/json";
/// Header and gRPC metadata key of an export: the hash of the plan that shaped it, in hexadecimal.
pub const PLAN_HEADER: &str = "pointsman-plan";

/// What a component has, and what its library can do with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Catalogue {
    /// Name and version of the library: `pointsman-instrument 0.1.0`.
    pub library: String,
    /// What the library can do at the source: `state`, `attributes`, `buckets`, `cardinality`, `interval`, `spans`.
    pub aspects: Vec<String>,
    /// Version of the names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
    /// Every instrument that was made, ordered by scope and name.
    pub instruments: Vec<Instrument>,
}

/// One instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Instrument {
    /// Instrumentation scope.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// OTLP name.
    pub name: String,
    /// As on the wire: `Counter`, `UpDownCounter`, `Gauge`, `Histogram`, `ExponentialHistogram`, `Summary`.
    pub kind: String,
    /// UCUM unit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// `Essential`, `Standard`, `Detailed`, `Debug`; empty where nobody said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub level: String,
    /// Read from state by a callback: its attributes are not dropped and its buckets not merged at the source.
    #[serde(skip_serializing_if = "is_false")]
    pub observed: bool,
    /// Attribute keys, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

/// What became of a plan at the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// Hash of the plan, in hexadecimal.
    pub hash: String,
    /// What each rule of it came to, by the `by` of its lines.
    pub rules: Vec<RuleReport>,
}

/// What one rule came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleReport {
    /// The rule, as the plan's lines name it.
    pub by: String,
    /// Instruments that obey it.
    pub instruments: u32,
    /// Where it could not be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// What could not be done at the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exception {
    /// Instrumentation scope.
    pub scope: String,
    /// OTLP name.
    pub name: String,
    /// One of [`Catalogue::aspects`].
    pub aspect: String,
    /// Why, in a few words of a closed set.
    pub why: String,
}

/// How long each step of a plan is away, in milliseconds, in the order of the plan's `next`: for clocks that disagree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Expiry {
    /// One number a step.
    pub remaining_ms: Vec<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
