//! MachineConfigPool: a set of nodes, what they should run, and how far they are.
//! Knows its fields only.

use super::text::{Condition, Flaw, Read, Stamp, last_of, or_default};
use super::{NameRef, StreamRef};
use crate::limits::SELECTOR_MAX;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachineConfigPool {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: PoolMeta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: PoolSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: PoolStatus,
}

/// `metadata` of a pool, with who wrote what when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolMeta {
    /// `name`
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// `uid`
    #[serde(deserialize_with = "or_default")]
    pub uid: Box<str>,
    /// `creationTimestamp`
    #[serde(rename = "creationTimestamp")]
    pub created: Stamp,
    /// `generation`
    #[serde(deserialize_with = "or_default")]
    pub generation: i64,
    /// `labels`
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// `managedFields`: evidence of when the pool was paused.
    #[serde(deserialize_with = "last_of")]
    pub managed_fields: Vec<ManagedFields>,
}

/// One entry of `managedFields`, as far as it tells whether `spec.paused` is its writer's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedFields {
    /// When its writer last changed any of its fields.
    pub time: Stamp,
    /// Whether `spec.paused` is among them.
    pub owns_paused: bool,
}

impl MachineConfigPool {
    /// When those who claim `spec.paused` last wrote.
    pub fn paused_writes(&self) -> impl Iterator<Item = Timestamp> {
        self.metadata.managed_fields.iter().filter(|entry| entry.owns_paused).filter_map(|entry| entry.time.at())
    }

    /// Since when a paused pool is paused, at the latest: those who share the field wrote the same, and the first of them made
    /// it so. Each may have written more since. `None`: nobody is known to have written it.
    #[must_use]
    pub fn paused_since(&self) -> Option<Timestamp> {
        self.paused_writes().min()
    }
}

impl<'de> Deserialize<'de> for ManagedFields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Wire {
            time: Stamp,
            #[serde(rename = "fieldsV1")]
            fields_v1: Option<serde_json::Value>,
        }

        let Wire { time, fields_v1 } = Wire::deserialize(deserializer)?;
        let owns_paused = fields_v1.is_some_and(|fields| fields.pointer("/f:spec/f:paused").is_some());
        Ok(Self { time, owns_paused })
    }
}

/// `spec` of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolSpec {
    /// No new node is marked while it is set.
    #[serde(deserialize_with = "or_default")]
    pub paused: bool,
    /// Nodes that may be away at a time; default 1.
    #[serde(deserialize_with = "or_default")]
    pub max_unavailable: MaxUnavailable,
    /// Which nodes are its.
    #[serde(deserialize_with = "or_default")]
    pub node_selector: Selector,
    /// Which MachineConfigs are its.
    #[serde(deserialize_with = "or_default")]
    pub machine_config_selector: Selector,
    /// The target.
    #[serde(deserialize_with = "or_default")]
    pub configuration: Configuration,
    /// The OS stream asked for.
    #[serde(deserialize_with = "or_default")]
    pub os_image_stream: StreamRef,
    /// `pinnedImageSets`
    #[serde(deserialize_with = "last_of")]
    pub pinned_image_sets: Vec<NameRef>,
}

/// A rendered config and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// Its name; empty: none yet.
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// The MachineConfigs it is made of: all of them, their names are needed.
    #[serde(deserialize_with = "or_default")]
    pub source: Vec<NameRef>,
}

/// `status` of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolStatus {
    /// The last config that reached all nodes.
    #[serde(deserialize_with = "or_default")]
    pub configuration: Configuration,
    /// The OS stream in use.
    #[serde(deserialize_with = "or_default")]
    pub os_image_stream: StreamRef,
    /// The generation the controller has seen.
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
    /// The numbers of machines.
    #[serde(flatten)]
    pub counts: Counts,
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// `certExpirys`
    #[serde(rename = "certExpirys", deserialize_with = "last_of")]
    pub cert_expiries: Vec<CertExpiry>,
}

/// Numbers of machines; an absent one is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// All.
    #[serde(rename = "machineCount", deserialize_with = "or_default")]
    pub total: i64,
    /// On the target.
    #[serde(rename = "updatedMachineCount", deserialize_with = "or_default")]
    pub updated: i64,
    /// On the target and ready.
    #[serde(rename = "readyMachineCount", deserialize_with = "or_default")]
    pub ready: i64,
    /// Not ready, unschedulable or working.
    #[serde(rename = "unavailableMachineCount", deserialize_with = "or_default")]
    pub unavailable: i64,
    /// Degraded or unreconcilable.
    #[serde(rename = "degradedMachineCount", deserialize_with = "or_default")]
    pub degraded: i64,
}

/// When a bundle's certificate ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CertExpiry {
    /// Name of the bundle.
    #[serde(deserialize_with = "or_default")]
    pub bundle: Box<str>,
    /// When it ends.
    pub expiry: Stamp,
}

/// `maxUnavailable`: a number, or a percentage of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxUnavailable {
    /// So many nodes.
    Nodes(i64),
    /// So many in a hundred, rounded down, but at least one.
    Percent(i64),
    /// Something else: told as a flaw, taken as 1.
    Odd,
}

impl Default for MaxUnavailable {
    fn default() -> Self {
        Self::Nodes(1)
    }
}

impl MaxUnavailable {
    /// In a pool of so many machines. A number of 0 is taken as 1, as the controller does: a pool can always be updated.
    #[must_use]
    pub fn of(self, machines: i64) -> i64 {
        match self {
            Self::Nodes(0) | Self::Odd => 1,
            Self::Nodes(nodes) => nodes.max(0),
            Self::Percent(percent) => (machines.max(0).saturating_mul(percent.clamp(0, 100)) / 100).max(1),
        }
    }
}

impl<'de> Deserialize<'de> for MaxUnavailable {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(i64),
            Text(String),
        }

        Ok(match Wire::deserialize(deserializer)? {
            Wire::Number(nodes) => Self::Nodes(nodes),
            Wire::Text(text) => match (text.strip_suffix('%').map(str::parse), text.parse()) {
                (Some(Ok(percent)), _) => Self::Percent(percent),
                (None, Ok(nodes)) => Self::Nodes(nodes),
                _ => Self::Odd,
            },
        })
    }
}

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Labels that must have these values.
    pub match_labels: BTreeMap<Box<str>, Box<str>>,
    /// And all of these must hold.
    pub match_expressions: Vec<Expression>,
    /// Whether it had more than [`SELECTOR_MAX`] requirements and values: what is kept selects other nodes than it should.
    pub is_cut: bool,
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire {
            #[serde(deserialize_with = "or_default")]
            match_labels: BTreeMap<Box<str>, Box<str>>,
            #[serde(deserialize_with = "or_default")]
            match_expressions: Vec<Expression>,
        }

        let Wire { match_labels, mut match_expressions } = Wire::deserialize(deserializer)?;
        let mut is_cut = match_expressions.len() > SELECTOR_MAX;
        match_expressions.truncate(SELECTOR_MAX);
        let mut room = SELECTOR_MAX - match_expressions.len();
        for expression in &mut match_expressions {
            is_cut |= expression.values.len() > room;
            expression.values.truncate(room);
            room -= expression.values.len();
        }
        Ok(Self { match_labels, match_expressions, is_cut })
    }
}

/// One requirement of a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Expression {
    /// The label.
    #[serde(deserialize_with = "or_default")]
    pub key: Box<str>,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`
    #[serde(deserialize_with = "or_default")]
    pub operator: Box<str>,
    /// Of `In` and `NotIn`.
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<Box<str>>,
}

impl Selector {
    /// Whether labels fulfil it. One that asks for nothing selects everything; see `membership` for what a pool makes of that.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|expression| expression.holds(labels))
    }

    /// Whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl Expression {
    fn holds(&self, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
        let value = labels.get(&self.key);
        match &*self.operator {
            "In" => value.is_some_and(|value| self.values.contains(value)),
            "NotIn" => value.is_none_or(|value| !self.values.contains(value)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            // The API server admits no other.
            _ => false,
        }
    }
}

impl Read for MachineConfigPool {
    fn uid(&self) -> &str {
        &self.metadata.uid
    }

    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
        self.metadata.created.flaws(tell);
        if self.spec.max_unavailable == MaxUnavailable::Odd {
            tell(Flaw::UnknownValue);
        }
        if self.spec.node_selector.is_cut || self.spec.machine_config_selector.is_cut {
            tell(Flaw::Limit);
        }
        self.status.cert_expiries.iter().for_each(|expiry| expiry.expiry.flaws(tell));
    }
}

#[cfg(test)]
mod tests;
