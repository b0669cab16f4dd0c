//! The service of a workload: what a view targets. The key is found from what a resource says of itself and, where
//! there is a cluster, from who owns its pod. Knows neither series nor plans.

use super::workloads::Workloads;
use crate::limits::OBJECT_NAME_BYTES_MAX;
use sha2::{Digest, Sha256};
use std::fmt;

/// Kind and name of the workload a process belongs to, as Kubernetes names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// `Deployment`, `DaemonSet`, `StatefulSet` or `Job`; in a cluster whatever owns the pod, as `CronJob`.
    pub kind: Box<str>,
    /// The object's name.
    pub name: Box<str>,
}

/// Who sends: namespace, workload, `service.name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentKey {
    /// `k8s.namespace.name`, else `service.namespace`, else `default`.
    pub namespace: Box<str>,
    /// The pod's owner as the cluster knows it, else the one that the resource names.
    pub workload: Option<Workload>,
    /// `service.name`; empty when the resource has none.
    pub service: Box<str>,
}

const WORKLOADS: [(&str, &str); 4] = [
    ("k8s.deployment.name", "Deployment"),
    ("k8s.daemonset.name", "DaemonSet"),
    ("k8s.statefulset.name", "StatefulSet"),
    ("k8s.job.name", "Job"),
];

impl ComponentKey {
    /// Reads the key from resource attributes given as a look-up of their text; empty values count as absent.
    pub fn from_resource<'a>(attribute: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self::from_resource_in(attribute, &Workloads::default())
    }

    /// The same in a cluster: who owns the pod that `k8s.pod.uid`, else `k8s.pod.name`, names is its workload; the other
    /// attributes only count where the cluster knows no such pod.
    pub fn from_resource_in<'a>(attribute: impl Fn(&str) -> Option<&'a str>, workloads: &Workloads) -> Self {
        let get = |key: &str| attribute(key).filter(|value| !value.is_empty());
        let namespace = get("k8s.namespace.name").or_else(|| get("service.namespace")).unwrap_or("default");
        let owner = workloads.of_pod(get("k8s.pod.uid"), namespace, get("k8s.pod.name"));
        let named = || WORKLOADS.iter().find_map(|(key, kind)| Some(Workload { kind: (*kind).into(), name: get(key)?.into() }));
        let workload = owner.map(|owner| Workload::clone(owner)).or_else(named);
        Self { namespace: namespace.into(), workload, service: get("service.name").unwrap_or("").into() }
    }

    /// The name of its `TelemetryComponent`: `<kind>.<workload>.<service>`, without a workload `service.<name>`, in lower
    /// case. What RFC 1123 does not allow becomes `-`, parts between dots lose it at their ends, empty parts go. Where
    /// that changed anything, or more than one key would read like this, or the name is longer than
    /// [`OBJECT_NAME_BYTES_MAX`], it ends in `-` and 8 hex digits of the key's hash. Never longer than that limit.
    #[must_use]
    pub fn object_name(&self) -> String {
        let service = &self.service;
        let (raw, is_clear) = match &self.workload {
            // A dot in its name would leave open where the service begins, and this kind is how the others begin.
            Some(Workload { kind, name }) => {
                (format!("{}.{name}.{service}", kind.to_ascii_lowercase()), !name.contains('.') && **kind != *"Service")
            }
            None => (format!("service.{service}"), true),
        };
        let mut clean = rfc1123(&raw);
        if is_clear && clean == raw && clean.len() <= OBJECT_NAME_BYTES_MAX && !ends_in_hash(&clean) {
            return clean;
        }
        clean.truncate(OBJECT_NAME_BYTES_MAX - 1 - HASH_DIGITS);
        format!("{}-{}", clean.trim_end_matches(['-', '.']), self.short_hash())
    }

    /// Of kind, workload and service, each with its length before it.
    fn short_hash(&self) -> String {
        let workload = self.workload.as_ref().map_or(["", ""], |Workload { kind, name }| [kind, name]);
        let mut hash = Sha256::new();
        for part in [workload[0], workload[1], &*self.service] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Hex digits that part names which would read alike.
const HASH_DIGITS: usize = 8;

/// Text as the name of an object.
fn rfc1123(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let parts = text.split('.').map(|part| part.chars().map(allowed).collect::<String>());
    let parts = parts.map(|part| part.trim_matches('-').to_owned()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(".")
}

/// Whether a name ends like one that was cleaned up: left as it is, it could be the name of another key.
fn ends_in_hash(name: &str) -> bool {
    let is_hash = |end: &str| end.len() == HASH_DIGITS && end.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    name.rsplit_once('-').is_some_and(|(_, end)| is_hash(end))
}

impl fmt::Display for ComponentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.object_name())
    }
}

#[cfg(test)]
mod tests;
