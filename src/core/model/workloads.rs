//! Which workload owns which pod, as a cluster knows it. Without a cluster it is empty, and resource attributes decide.
//! Plain data: knows neither watches nor series.

use super::component::Workload;
use std::{collections::HashMap, sync::Arc};

/// The owners of pods, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workloads {
    /// By `k8s.pod.uid`.
    pub by_uid: HashMap<Box<str>, Arc<Workload>>,
    /// By namespace and `k8s.pod.name`: for senders that do not know their uid.
    pub by_name: HashMap<(Box<str>, Box<str>), Arc<Workload>>,
}

impl Workloads {
    /// The workload of a pod, by uid where there is one, else by name.
    #[must_use]
    pub fn of_pod(&self, uid: Option<&str>, namespace: &str, name: Option<&str>) -> Option<&Arc<Workload>> {
        let by_uid = uid.and_then(|uid| self.by_uid.get(uid));
        by_uid.or_else(|| {
            let name = name.filter(|_| !self.by_name.is_empty())?; // the pair must be made to look it up
            self.by_name.get(&(namespace.into(), name.into()))
        })
    }
}
