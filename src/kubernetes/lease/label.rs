//! The label on the pod of the active replica, by which Services and ServiceMonitors select it.
//! Says what it is told; knows no Lease. A pod that is gone needs no label.

use crate::kubernetes::failure::Failure;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use pointsman_core::limits;
use serde_json::{Value, json};
use std::time::Duration;
use tracing::warn;

const LABEL: &str = "pointsman.dev/active";

pub(super) struct PodLabel {
    pods: Api<Pod>,
    name: Box<str>,
    /// What the pod carries; `None` = not known: an earlier run in the same pod may have left it.
    marked: Option<bool>,
    /// The pod that held the Lease before: whoever lost it may be cut off and cannot take its label back.
    previous: Option<Box<str>>,
    told: bool,
}

impl PodLabel {
    pub(super) fn new(client: Client, namespace: &str, pod: &str) -> Self {
        Self { pods: Api::namespaced(client, namespace), name: pod.into(), marked: None, previous: None, told: false }
    }

    /// Makes the labels say who is active. The one before loses it first: as long as that fails, nobody else gets it.
    pub(super) async fn settle(&mut self, active: bool, previous: Option<Box<str>>) {
        self.previous = previous.or(self.previous.take()).filter(|_| active);
        if let Some(previous) = self.previous.clone() {
            if !self.patch(&previous, Value::Null).await {
                return;
            }
            self.previous = None;
        }
        if self.marked != Some(active) {
            let value = if active { json!("true") } else { Value::Null };
            let name = self.name.clone();
            // Not known before there is an answer: whoever stops waits for none.
            self.marked = None;
            self.marked = self.patch(&name, value).await.then_some(active);
        }
    }

    async fn patch(&mut self, pod: &str, value: Value) -> bool {
        let body = Patch::Merge(json!({"metadata": {"labels": {LABEL: value}}}));
        let limit = Duration::from_millis(limits::LEASE_REQUEST_MS_MAX);
        let params = PatchParams::default();
        let done = Failure::timed(limit, self.pods.patch_metadata(pod, &params, &body)).await;
        match done {
            Ok(_) | Err(Failure::Gone) => self.told = false,
            Err(failure) => {
                if !std::mem::replace(&mut self.told, true) {
                    warn!(pod, %failure, "the pod of the active replica could not be labelled");
                }
                return false;
            }
        }
        true
    }
}
