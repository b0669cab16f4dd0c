//! What is not of the Machine Config Operator's own group: ClusterOperator, Lease, Pod, Event, Secret.
//! Knows their fields only.

use super::text::{Condition, Flaw, Meta, Read, Stamp, Text, last_of, or_default};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};

/// How the operator as a whole fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClusterOperator {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: ClusterOperatorStatus,
}

/// `status` of a ClusterOperator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClusterOperatorStatus {
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// `versions`
    #[serde(deserialize_with = "last_of")]
    pub versions: Vec<OperatorVersion>,
}

/// The version of one operand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OperatorVersion {
    /// `operator`, or an operand.
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// Its version.
    pub version: Text,
}

/// A Lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Lease {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: Holder,
}

/// `spec` of a Lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Holder {
    /// Who holds it; empty: nobody.
    pub holder_identity: Text,
    /// How often it changed hands.
    #[serde(deserialize_with = "or_default")]
    pub lease_transitions: i64,
    /// Since when it is held.
    pub acquire_time: Stamp,
    /// When it was last renewed.
    pub renew_time: Stamp,
    /// How long it stands.
    #[serde(deserialize_with = "or_default")]
    pub lease_duration_seconds: i64,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: PodSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: PodStatus,
}

/// `spec` of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Where it runs; empty: nowhere yet.
    #[serde(deserialize_with = "or_default")]
    pub node_name: Box<str>,
}

/// `status` of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// `containerStatuses`
    #[serde(deserialize_with = "last_of")]
    pub container_statuses: Vec<ContainerStatus>,
    /// `podIP`
    #[serde(rename = "podIP", deserialize_with = "or_default")]
    pub pod_ip: Box<str>,
}

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// `name`
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// `ready`
    #[serde(deserialize_with = "or_default")]
    pub ready: bool,
}

/// A Kubernetes Event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// What it is about.
    #[serde(deserialize_with = "or_default")]
    pub involved_object: Involved,
    /// `reason`
    pub reason: Text,
    /// `message`
    pub message: Text,
    /// `Normal` or `Warning`
    #[serde(rename = "type")]
    pub class: Text,
    /// How often it happened; absent: once.
    pub count: Option<i64>,
    /// When it last happened.
    pub last_timestamp: Stamp,
    /// Who says so.
    #[serde(deserialize_with = "or_default")]
    pub source: EventSource,
    /// Who says so, in newer events.
    pub reporting_component: Text,
}

/// `involvedObject` of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Involved {
    /// `kind`
    #[serde(deserialize_with = "or_default")]
    pub kind: Box<str>,
    /// `name`
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
}

/// `source` of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EventSource {
    /// `component`
    pub component: Text,
}

/// A Secret, whose certificates alone are read: keys never leave the decoder, and nothing of it is printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Secret {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `data` of the entries that hold certificates, in base64.
    #[serde(deserialize_with = "certificates_of")]
    pub data: BTreeMap<Box<str>, Box<str>>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.metadata.name).finish_non_exhaustive()
    }
}

/// Everything but private keys.
fn certificates_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Box<str>, Box<str>>, D::Error> {
    let mut data: BTreeMap<Box<str>, Box<str>> = or_default(deserializer)?;
    data.retain(|key, _| key.ends_with(".crt"));
    Ok(data)
}

impl Read for ClusterOperator {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
    }
}

impl Read for Lease {}

impl Read for Pod {}

impl Read for Event {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        self.last_timestamp.flaws(tell);
        if !matches!(self.class.as_str(), "" | "Normal" | "Warning") {
            tell(Flaw::UnknownValue);
        }
    }
}

impl Read for Secret {}
