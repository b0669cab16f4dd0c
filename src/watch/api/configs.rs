//! Settings and what they become: MachineConfig, KubeletConfig and its kin, ControllerConfig, boot images, streams, pinned sets.
//! Knows their fields only.

use super::text::{Condition, Flaw, Meta, Read, Stamp, Text, last_of, or_default};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A MachineConfig without its body, which may be large and is read once if it is rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachineConfigMeta {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: ConfigMeta,
}

/// `metadata` of a MachineConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigMeta {
    /// `creationTimestamp`
    #[serde(rename = "creationTimestamp")]
    pub created: Stamp,
    /// `labels`
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// Those that say who made it.
    #[serde(deserialize_with = "or_default")]
    pub annotations: ConfigAnnotations,
    /// A rendered config is owned by its pool.
    #[serde(deserialize_with = "last_of")]
    pub owner_references: Vec<Owner>,
}

/// Annotations of a MachineConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigAnnotations {
    /// Set on what a controller made.
    #[serde(rename = "machineconfiguration.openshift.io/generated-by-controller-version")]
    pub generated_by: Text,
    /// Set when a user's image is used.
    #[serde(rename = "machineconfiguration.openshift.io/os-image-url-overridden")]
    pub os_image_url_overridden: Text,
}

/// An owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// `kind`
    #[serde(deserialize_with = "or_default")]
    pub kind: Box<str>,
    /// `name`
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
}

/// A KubeletConfig or ContainerRuntimeConfig: its conditions are a log, the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ObservedConfig {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: ObservedSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: ObservedStatus,
}

/// `spec`, as far as a deprecated setting shows there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObservedSpec {
    /// Of a ContainerRuntimeConfig.
    #[serde(deserialize_with = "or_default")]
    pub container_runtime_config: DefaultRuntime,
    /// Of a KubeletConfig.
    #[serde(deserialize_with = "or_default")]
    pub kubelet_config: KubeletSettings,
}

/// `spec.containerRuntimeConfig`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefaultRuntime {
    /// `runc` is deprecated.
    pub default_runtime: Text,
}

/// `spec.kubeletConfig`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletSettings {
    /// `false` is deprecated.
    pub fail_swap_on: Option<bool>,
}

/// `status` with a log of conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObservedStatus {
    /// The generation that was processed.
    pub observed_generation: Option<i64>,
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
}

/// What the template controller works from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ControllerConfig {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: VersionedMeta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: ControllerConfigSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: ControllerConfigStatus,
}

/// `metadata`: the version, which nodes name when they have synced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VersionedMeta {
    /// Moves with each write.
    #[serde(deserialize_with = "or_default")]
    pub resource_version: Box<str>,
}

/// `spec` of the ControllerConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ControllerConfigSpec {
    /// The old OS image.
    #[serde(rename = "osImageURL")]
    pub os_image_url: Text,
    /// The OS image of the release.
    #[serde(rename = "baseOSContainerImage")]
    pub base_os_container_image: Text,
    /// What kind of cluster this is: a copy of the `Infrastructure`.
    #[serde(deserialize_with = "or_default")]
    pub infra: Infrastructure,
}

/// `spec.infra`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Infrastructure {
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: InfrastructureStatus,
}

/// `spec.infra.status`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InfrastructureStatus {
    /// `HighlyAvailable`, `SingleReplica`, …
    pub control_plane_topology: Text,
    /// What the cluster runs on.
    #[serde(deserialize_with = "or_default")]
    pub platform_status: Platform,
}

/// `spec.infra.status.platformStatus`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// `AWS`, `BareMetal`, …
    #[serde(rename = "type")]
    pub kind: Text,
}

/// `status` of the ControllerConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControllerConfigStatus {
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// Certificates that nodes are given.
    #[serde(deserialize_with = "or_default")]
    pub controller_certificates: Vec<Certificate>,
}

/// A certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Certificate {
    /// The file it is in.
    #[serde(deserialize_with = "or_default")]
    pub bundle_file: Box<str>,
    /// Whose it is.
    pub subject: Text,
    /// Not valid before.
    pub not_before: Stamp,
    /// Not valid after.
    pub not_after: Stamp,
}

/// Boot images: `MachineConfiguration` of the operator group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachineConfiguration {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: MachineConfigurationStatus,
}

/// `status` of a MachineConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MachineConfigurationStatus {
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// Whether old boot images are held against the cluster.
    #[serde(deserialize_with = "or_default")]
    pub boot_image_skew_enforcement_status: BootImageSkew,
}

/// `bootImageSkewEnforcementStatus`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BootImageSkew {
    /// `Automatic`, `Manual`, `None`; empty: not said.
    pub mode: Text,
}

/// A stream that is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamRef {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// Its image, where it is described.
    pub os_image: Text,
}

/// Which OS streams there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OSImageStream {
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: StreamStatus,
}

/// `status` of an OSImageStream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamStatus {
    /// All of them.
    #[serde(deserialize_with = "last_of")]
    pub available_streams: Vec<StreamRef>,
    /// What a pool without a wish gets.
    #[serde(deserialize_with = "or_default")]
    pub default_stream: Box<str>,
}

/// A set of images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PinnedImageSet {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: PinnedImages,
}

/// `spec` of a PinnedImageSet: how many images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinnedImages {
    /// So many.
    pub count: usize,
}

impl<'de> Deserialize<'de> for PinnedImages {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire {
            #[serde(deserialize_with = "or_default")]
            pinned_images: Vec<serde::de::IgnoredAny>,
        }

        Ok(Self { count: Wire::deserialize(deserializer)?.pinned_images.len() })
    }
}

/// Releases for a cluster without a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct InternalReleaseImage {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: ReleaseStatus,
}

/// `status` of an InternalReleaseImage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ReleaseStatus {
    /// Of all of them.
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// Each release.
    #[serde(deserialize_with = "last_of")]
    pub releases: Vec<Release>,
}

/// One release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Release {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// `conditions`
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
}

impl Read for MachineConfigMeta {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        self.metadata.created.flaws(tell);
    }
}

impl Read for ObservedConfig {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
    }
}

impl Read for ControllerConfig {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
        for certificate in &self.status.controller_certificates {
            certificate.not_before.flaws(tell);
            certificate.not_after.flaws(tell);
        }
    }
}

impl Read for MachineConfiguration {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
        let mode = self.status.boot_image_skew_enforcement_status.mode.as_str();
        if !matches!(mode, "" | "Automatic" | "Manual" | "None") {
            tell(Flaw::UnknownValue);
        }
    }
}

impl Read for OSImageStream {}
impl Read for PinnedImageSet {}

impl Read for InternalReleaseImage {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
    }
}
