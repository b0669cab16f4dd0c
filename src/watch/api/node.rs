//! Node and MachineConfigNode: what a machine runs, what it should run, and how its update fares.
//! Knows their fields only.

use super::text::{Condition, Flaw, Meta, Read, Stamp, Text, last_of, or_default};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Node {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: NodeMeta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: NodeSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: NodeStatus,
}

/// `metadata` of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeMeta {
    /// `name`
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// `uid`
    #[serde(deserialize_with = "or_default")]
    pub uid: Box<str>,
    /// `creationTimestamp`
    #[serde(rename = "creationTimestamp")]
    pub created: Stamp,
    /// `labels`
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// Those of the Machine Config Operator.
    #[serde(deserialize_with = "or_default")]
    pub annotations: NodeAnnotations,
}

/// What daemon and controller write to each other on a node; an absent one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeAnnotations {
    /// The config in use.
    #[serde(rename = "machineconfiguration.openshift.io/currentConfig")]
    pub current_config: Text,
    /// The target.
    #[serde(rename = "machineconfiguration.openshift.io/desiredConfig")]
    pub desired_config: Text,
    /// The image in use; image mode only.
    #[serde(rename = "machineconfiguration.openshift.io/currentImage")]
    pub current_image: Text,
    /// The target image; image mode only.
    #[serde(rename = "machineconfiguration.openshift.io/desiredImage")]
    pub desired_image: Text,
    /// `Done`, `Working`, `Degraded`, `Unreconcilable`
    #[serde(rename = "machineconfiguration.openshift.io/state")]
    pub state: Text,
    /// Error text.
    #[serde(rename = "machineconfiguration.openshift.io/reason")]
    pub reason: Text,
    /// `Rebooting`, or empty.
    #[serde(rename = "machineconfiguration.openshift.io/post-config-action")]
    pub post_config_action: Text,
    /// `drain-<config>` or `uncordon-<config>`: what the daemon asks for.
    #[serde(rename = "machineconfiguration.openshift.io/desiredDrain")]
    pub desired_drain: Text,
    /// The request that the controller has fulfilled.
    #[serde(rename = "machineconfiguration.openshift.io/lastAppliedDrain")]
    pub last_applied_drain: Text,
    /// Version of the ControllerConfig whose certificates are on disk.
    #[serde(rename = "machineconfiguration.openshift.io/lastSyncedControllerConfigResourceVersion")]
    pub last_synced_controller_config: Text,
    /// Text, when a staged OS was lost at shutdown.
    #[serde(rename = "machineconfiguration.openshift.io/ostree-finalize-staged-failure")]
    pub finalize_failure: Text,
}

/// `spec` of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeSpec {
    /// Cordoned.
    #[serde(deserialize_with = "or_default")]
    pub unschedulable: bool,
}

/// `status` of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// What it runs.
    #[serde(deserialize_with = "or_default")]
    pub node_info: NodeInfo,
    /// The conditions, without heartbeats: only `Ready` is kept.
    #[serde(deserialize_with = "ready_of")]
    pub conditions: Vec<Condition>,
    /// The first of `addresses` that is an `InternalIP`; empty: it has none.
    #[serde(rename = "addresses", deserialize_with = "internal_ip_of")]
    pub internal_ip: Box<str>,
}

fn internal_ip_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Box<str>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Address {
        #[serde(rename = "type", deserialize_with = "or_default")]
        kind: Box<str>,
        #[serde(deserialize_with = "or_default")]
        address: Box<str>,
    }

    let addresses: Vec<Address> = or_default(deserializer)?;
    Ok(addresses.into_iter().find(|address| &*address.kind == "InternalIP").map(|found| found.address).unwrap_or_default())
}

/// `status.nodeInfo`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    /// A new one at each boot.
    #[serde(rename = "bootID", deserialize_with = "or_default")]
    pub boot_id: Box<str>,
    /// Name and version of the OS.
    pub os_image: Text,
}

/// A kubelet writes many conditions with heartbeats; we read one, without.
fn ready_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Condition>, D::Error> {
    let mut conditions: Vec<Condition> = last_of(deserializer)?;
    conditions.retain(|condition| &*condition.name == "Ready");
    conditions.iter_mut().for_each(|condition| condition.message = Text::default());
    Ok(conditions)
}

/// How the update of one node fares, as daemon and drain controller write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachineConfigNode {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: McnSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: McnStatus,
}

/// `spec` of a MachineConfigNode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McnSpec {
    /// `configVersion`
    #[serde(deserialize_with = "or_default")]
    pub config_version: TargetConfig,
    /// `configImage`
    #[serde(deserialize_with = "or_default")]
    pub config_image: TargetImage,
}

/// `spec.configVersion`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TargetConfig {
    /// The target; `not-yet-set` for none.
    pub desired: Text,
}

/// `spec.configImage`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TargetImage {
    /// The target image.
    pub desired_image: Text,
}

/// `status` of a MachineConfigNode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McnStatus {
    /// One a phase, and a few more.
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// How the pinned images of each set fare.
    #[serde(deserialize_with = "last_of")]
    pub pinned_image_sets: Vec<McnPinnedImageSet>,
    /// Differences that only a reinstallation could mend: their paths.
    #[serde(deserialize_with = "last_of")]
    pub irreconcilable_changes: Vec<IrreconcilableChange>,
}

/// One pinned image set on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McnPinnedImageSet {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// On the node.
    #[serde(deserialize_with = "or_default")]
    pub current_generation: i64,
    /// Asked for.
    #[serde(deserialize_with = "or_default")]
    pub desired_generation: i64,
    /// The last one that failed; 0: none.
    #[serde(deserialize_with = "or_default")]
    pub last_failed_generation: i64,
    /// Why.
    pub last_failed_generation_error: Text,
}

/// A field that cannot be changed on a running node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IrreconcilableChange {
    /// Where it is.
    pub field_path: Text,
}

impl Read for Node {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
        let state = self.metadata.annotations.state.as_str();
        if !matches!(state, "" | "Done" | "Working" | "Degraded" | "Unreconcilable") {
            tell(Flaw::UnknownValue);
        }
    }
}

impl Read for MachineConfigNode {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
    }
}
