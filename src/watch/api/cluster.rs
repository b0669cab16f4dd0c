//! What is not of the Machine Config Operator's own group: ClusterOperator, Lease, Pod, Event, Secret.
//! Knows their fields only.

use super::text::{Condition, Flaw, Meta, Read, Stamp, Text, last_of, or_default};
use crate::{certificate::Validity, limits::CERTIFICATE_CHARS_MAX};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

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
}

/// A Kubernetes Event. There may be many, so no more of one is kept than is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub involved_object: Involved,
    /// `reason`
    pub reason: Text,
    /// `message`, of warnings about nodes; else empty.
    pub message: Text,
    /// `Normal` or `Warning`
    pub class: Text,
    /// How often it happened; absent: once.
    pub count: Option<i64>,
    /// Who says so: `source.component`, or `reportingComponent` in newer events.
    pub signer: Text,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire {
            #[serde(deserialize_with = "or_default")]
            involved_object: Involved,
            reason: Text,
            message: Text,
            #[serde(rename = "type")]
            class: Text,
            count: Option<i64>,
            #[serde(deserialize_with = "or_default")]
            source: Source,
            reporting_component: Text,
        }

        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Source {
            component: Text,
        }

        let Wire { involved_object, reason, message, class, count, source, reporting_component } =
            Wire::deserialize(deserializer)?;
        let is_read = &*class == "Warning" && &*involved_object.kind == "Node";
        let message = if is_read { message } else { Text::default() };
        let signer = if source.component.is_empty() { reporting_component } else { source.component };
        Ok(Self { involved_object, reason, message, class, count, signer })
    }
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

/// A Secret with a certificate, of which its end is read: neither certificate nor key leaves the decoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Secret {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// When the first certificate of `data["tls.crt"]` ends.
    #[serde(rename = "data", deserialize_with = "first_end_of")]
    pub first_end: Stamp,
}

/// The other entries, with the key among them, are skipped unread.
fn first_end_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Stamp, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Data {
        #[serde(rename = "tls.crt", deserialize_with = "or_default")]
        chain: String,
    }

    let Data { chain } = or_default(deserializer)?;
    Ok(if chain.is_empty() { Stamp::Absent } else { first_end(&chain).map_or(Stamp::Bad, Stamp::At) })
}

/// When the first of the certificates ends that stand as PEM in this base64; `None`: one of them cannot be read.
fn first_end(base64: &str) -> Option<Timestamp> {
    if base64.len() > CERTIFICATE_CHARS_MAX {
        return None;
    }
    let pem = String::from_utf8(STANDARD.decode(base64).ok()?).ok()?;
    let ends = pem.split("-----BEGIN CERTIFICATE-----").skip(1).map(|part| {
        let (body, _) = part.split_once("-----END CERTIFICATE-----")?;
        let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
        Timestamp::from_second(i64::try_from(Validity::of(&der)?.until_secs).ok()?).ok()
    });
    ends.collect::<Option<Vec<_>>>()?.into_iter().min()
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
        if !matches!(self.class.as_str(), "" | "Normal" | "Warning") {
            tell(Flaw::UnknownValue);
        }
    }
}

impl Read for Secret {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        self.first_end.flaws(tell);
    }
}
