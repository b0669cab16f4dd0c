//! What a cluster knows beside views and catalogues: labels of namespaces, and who reads which metric.
//! Plain data; whoever watches a cluster fills it, files leave it empty. Decides nothing.

use super::pattern::Pattern;
use crate::model::clock::Wall;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Everything a cluster knows, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The labels of each namespace. One that is not listed has its name as its only label.
    pub namespaces: BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>,
    /// Who reads metrics.
    pub consumers: Vec<Arc<Consumer>>,
    /// Namespaces whose readers protect everywhere; others protect the components of their own namespace only.
    pub protecting: BTreeSet<Box<str>>,
}

/// A Kubernetes object, or one entry of it, that reads metrics: an alert, a recording rule, an autoscaler; or a panel of a dashboard
/// that is shipped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consumer {
    /// `PrometheusRule`, `HorizontalPodAutoscaler` or `Dashboard`.
    pub kind: Box<str>,
    /// Where it lives; empty for what is no object, and protects nothing.
    pub namespace: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// Which entry: `alert KubeletHealthState`, `record job:x:sum`, `panel stalled`; empty where the object is the reader.
    pub entry: Box<str>,
    /// What it reads, directly or through recording rules.
    pub reads: Vec<Read>,
}

/// One metric that somebody reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// The name as it is written in the query, OTel's or Prometheus's; a series of a family means the family.
    pub metric: Pattern,
    /// Exposed label names that the query uses: matchers, `by`, `on`, `group_left`, `$labels.x` in texts.
    pub labels: BTreeSet<Box<str>>,
    /// Since when it is read; `None` = always. A view that was there before is warned, not held back.
    pub since: Option<Wall>,
}

impl Consumer {
    /// As users read it: `alert KubeletHealthState of PrometheusRule ns/name`, `panel stalled of Dashboard pool-update`.
    #[must_use]
    pub fn title(&self) -> String {
        let of = match &*self.namespace {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        };
        if self.entry.is_empty() { of } else { format!("{} of {of}", self.entry) }
    }
}
