//! The service of a workload: what a view targets. The key is found from resource attributes alone,
//! so that it is the same with and without a cluster.

use std::fmt;

/// Kind and name of the workload a process belongs to, as Kubernetes names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// `Deployment`, `DaemonSet`, `StatefulSet` or `Job`.
    pub kind: Box<str>,
    /// The object's name.
    pub name: Box<str>,
}

/// Who sends: namespace, workload, `service.name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentKey {
    /// `k8s.namespace.name`, else `service.namespace`, else `default`.
    pub namespace: Box<str>,
    /// The owner, where the resource names one.
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
        let get = |key: &str| attribute(key).filter(|value| !value.is_empty());
        let namespace = get("k8s.namespace.name").or_else(|| get("service.namespace")).unwrap_or("default");
        let workload =
            WORKLOADS.iter().find_map(|(key, kind)| get(key).map(|name| Workload { kind: (*kind).into(), name: name.into() }));
        Self { namespace: namespace.into(), workload, service: get("service.name").unwrap_or("").into() }
    }

    /// The `TelemetryComponent` name before the RFC 1123 clean-up: `<kind>.<workload>.<service>` or `service.<name>`.
    #[must_use]
    pub fn object_name(&self) -> String {
        match &self.workload {
            Some(w) => format!("{}.{}.{}", w.kind.to_lowercase(), w.name, self.service),
            None => format!("service.{}", self.service),
        }
    }
}

impl fmt::Display for ComponentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.object_name())
    }
}
