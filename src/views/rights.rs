//! What an API server has to allow us, as data: the manifests grant exactly this, and tests hold both against each other.
//! Knows no client. Whoever watches or writes something new adds it here.

/// One rule of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `pods`, `telemetryviews/status`.
    pub resource: &'static str,
    /// In the order of the manifests.
    pub verbs: &'static [&'static str],
    /// The objects it is narrowed to; empty for all.
    pub names: &'static [&'static str],
    /// Where it holds.
    pub scope: Scope,
}

/// Where a right holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every namespace, and beside them.
    Cluster,
    /// In the namespace of our pod.
    Own,
}

const READ: &[&str] = &["get", "list", "watch"];
const OURS: &str = "pointsman.dev";

/// Everything that we ask of an API server.
pub const RIGHTS: [Right; 20] = [
    cluster(OURS, "telemetryviews", READ),
    cluster(OURS, "clustertelemetryviews", READ),
    cluster(OURS, "telemetryviews/status", &["patch"]),
    cluster(OURS, "clustertelemetryviews/status", &["patch"]),
    cluster("", "namespaces", READ),
    cluster("", "pods", READ),
    cluster("apps", "replicasets", READ),
    cluster("batch", "jobs", READ),
    cluster("monitoring.coreos.com", "prometheusrules", READ),
    cluster("autoscaling", "horizontalpodautoscalers", READ),
    cluster(OURS, "telemetrycomponents", &["get", "list", "create", "patch", "delete"]),
    cluster(OURS, "instrumentcatalogs", &["get", "list", "create", "patch", "delete"]),
    cluster(OURS, "telemetrycomponents/status", &["patch"]),
    cluster(OURS, "instrumentcatalogs/status", &["patch"]),
    cluster("events.k8s.io", "events", &["create", "patch"]),
    cluster("authentication.k8s.io", "tokenreviews", &["create"]),
    cluster("authorization.k8s.io", "subjectaccessreviews", &["create"]),
    own("coordination.k8s.io", "leases", &["create"], &[]),
    own("coordination.k8s.io", "leases", &["get", "update", "patch"], &["pointsman-active", "pointsman-status"]),
    own("", "pods", &["patch"], &[]),
];

const fn cluster(group: &'static str, resource: &'static str, verbs: &'static [&'static str]) -> Right {
    Right { group, resource, verbs, names: &[], scope: Scope::Cluster }
}

const fn own(
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    names: &'static [&'static str],
) -> Right {
    Right { group, resource, verbs, names, scope: Scope::Own }
}

#[cfg(test)]
mod tests;
