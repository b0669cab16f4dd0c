//! Everything that was seen, one table a kind, and how each watch fares.
//! Knows objects, not metrics: roles read it, and are told what changed.

use crate::{
    api::{
        ClusterOperator, ControllerConfig, Event, InternalReleaseImage, Job, Lease, MachineConfigMeta, MachineConfigNode,
        MachineConfigPool, MachineConfiguration, MachineOSBuild, MachineOSConfig, Node, OSImageStream, ObservedConfig,
        PinnedImageSet, Pod, Secret,
    },
    bodies::Bodies,
    kind::Kind,
    table::{Delta, Health, News, Table},
};
use std::collections::BTreeMap;

/// The name of the ControllerConfig that counts.
pub const CONTROLLER_CONFIG: &str = "machine-config-controller";
/// The name of the OSImageStream that counts.
const OS_STREAMS: &str = "cluster";

/// The objects as they last were.
#[derive(Debug, Default)]
pub struct World {
    /// `ClusterOperator`
    pub cluster_operators: Table<ClusterOperator>,
    /// `ContainerRuntimeConfig`
    pub runtime_configs: Table<ObservedConfig>,
    /// `ControllerConfig`
    pub controller_configs: Table<ControllerConfig>,
    /// `Event`
    pub events: Table<Event>,
    /// `InternalReleaseImage`
    pub release_images: Table<InternalReleaseImage>,
    /// `Job`
    pub jobs: Table<Job>,
    /// `KubeletConfig`
    pub kubelet_configs: Table<ObservedConfig>,
    /// `Lease`
    pub leases: Table<Lease>,
    /// `MachineConfig`, without bodies.
    pub configs: Table<MachineConfigMeta>,
    /// What is kept of the bodies of rendered configs.
    pub bodies: Bodies,
    /// `MachineConfigNode`
    pub mcns: Table<MachineConfigNode>,
    /// `MachineConfigPool`
    pub pools: Table<MachineConfigPool>,
    /// `MachineConfiguration`
    pub boot_images: Table<MachineConfiguration>,
    /// `MachineOSBuild`
    pub builds: Table<MachineOSBuild>,
    /// `MachineOSConfig`
    pub os_configs: Table<MachineOSConfig>,
    /// `Node`
    pub nodes: Table<Node>,
    /// `OSImageStream`
    pub streams: Table<OSImageStream>,
    /// `PinnedImageSet`
    pub pinned_sets: Table<PinnedImageSet>,
    /// `Pod`
    pub pods: Table<Pod>,
    /// The `Secret` of the server's certificate authority.
    pub server_ca: Table<Secret>,
    /// The `Secret` of the server's certificate.
    pub server_tls: Table<Secret>,
    health: BTreeMap<Kind, Health>,
}

/// One change, of whatever kind.
#[derive(Debug)]
pub enum Change {
    /// `ClusterOperator`
    ClusterOperator(Delta<ClusterOperator>),
    /// `ContainerRuntimeConfig`
    ContainerRuntimeConfig(Delta<ObservedConfig>),
    /// `ControllerConfig`
    ControllerConfig(Delta<ControllerConfig>),
    /// `Event`
    Event(Delta<Event>),
    /// `InternalReleaseImage`
    InternalReleaseImage(Delta<InternalReleaseImage>),
    /// `Job`
    Job(Delta<Job>),
    /// `KubeletConfig`
    KubeletConfig(Delta<ObservedConfig>),
    /// `Lease`
    Lease(Delta<Lease>),
    /// `MachineConfig`
    MachineConfig(Delta<MachineConfigMeta>),
    /// `MachineConfigNode`
    MachineConfigNode(Delta<MachineConfigNode>),
    /// `MachineConfigPool`
    MachineConfigPool(Delta<MachineConfigPool>),
    /// `MachineConfiguration`
    MachineConfiguration(Delta<MachineConfiguration>),
    /// `MachineOSBuild`
    MachineOSBuild(Delta<MachineOSBuild>),
    /// `MachineOSConfig`
    MachineOSConfig(Delta<MachineOSConfig>),
    /// `Node`
    Node(Delta<Node>),
    /// `OSImageStream`
    OSImageStream(Delta<OSImageStream>),
    /// `PinnedImageSet`
    PinnedImageSet(Delta<PinnedImageSet>),
    /// `Pod`
    Pod(Delta<Pod>),
    /// `Secret`
    Secret(Delta<Secret>),
}

impl Change {
    /// The name of the object.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ClusterOperator(delta) => &delta.name,
            Self::ContainerRuntimeConfig(delta) => &delta.name,
            Self::ControllerConfig(delta) => &delta.name,
            Self::Event(delta) => &delta.name,
            Self::InternalReleaseImage(delta) => &delta.name,
            Self::Job(delta) => &delta.name,
            Self::KubeletConfig(delta) => &delta.name,
            Self::Lease(delta) => &delta.name,
            Self::MachineConfig(delta) => &delta.name,
            Self::MachineConfigNode(delta) => &delta.name,
            Self::MachineConfigPool(delta) => &delta.name,
            Self::MachineConfiguration(delta) => &delta.name,
            Self::MachineOSBuild(delta) => &delta.name,
            Self::MachineOSConfig(delta) => &delta.name,
            Self::Node(delta) => &delta.name,
            Self::OSImageStream(delta) => &delta.name,
            Self::PinnedImageSet(delta) => &delta.name,
            Self::Pod(delta) => &delta.name,
            Self::Secret(delta) => &delta.name,
        }
    }
}

impl World {
    /// Takes over what a watch told; answers what changed of what is read.
    pub fn take(&mut self, kind: Kind, news: News) -> Vec<Change> {
        let health = self.health.entry(kind).or_default();
        let max = kind.objects_max();
        match kind {
            Kind::ClusterOperator => changes(self.cluster_operators.take(news, max, health), Change::ClusterOperator),
            Kind::ContainerRuntimeConfig => changes(self.runtime_configs.take(news, max, health), Change::ContainerRuntimeConfig),
            Kind::ControllerConfig => changes(self.controller_configs.take(news, max, health), Change::ControllerConfig),
            Kind::Event => changes(self.events.take(news, max, health), Change::Event),
            Kind::InternalReleaseImage => changes(self.release_images.take(news, max, health), Change::InternalReleaseImage),
            Kind::Job => changes(self.jobs.take(news, max, health), Change::Job),
            Kind::KubeletConfig => changes(self.kubelet_configs.take(news, max, health), Change::KubeletConfig),
            Kind::Lease => changes(self.leases.take(news, max, health), Change::Lease),
            Kind::MachineConfig => {
                let deltas = self.configs.take(news, max, health);
                deltas.iter().filter(|delta| delta.after.is_none()).for_each(|delta| self.bodies.forget(&delta.name));
                changes(deltas, Change::MachineConfig)
            }
            Kind::MachineConfigNode => changes(self.mcns.take(news, max, health), Change::MachineConfigNode),
            Kind::MachineConfigPool => changes(self.pools.take(news, max, health), Change::MachineConfigPool),
            Kind::MachineConfiguration => changes(self.boot_images.take(news, max, health), Change::MachineConfiguration),
            Kind::MachineOSBuild => changes(self.builds.take(news, max, health), Change::MachineOSBuild),
            Kind::MachineOSConfig => changes(self.os_configs.take(news, max, health), Change::MachineOSConfig),
            Kind::Node => changes(self.nodes.take(news, max, health), Change::Node),
            Kind::OSImageStream => changes(self.streams.take(news, max, health), Change::OSImageStream),
            Kind::PinnedImageSet => changes(self.pinned_sets.take(news, max, health), Change::PinnedImageSet),
            Kind::Pod => changes(self.pods.take(news, max, health), Change::Pod),
            Kind::ServerCaSecret | Kind::ServerTlsSecret => changes(self.take_secret(kind, news), Change::Secret),
        }
    }

    /// Each secret has a watch of its own, by name: a list of one must not end the other.
    fn take_secret(&mut self, kind: Kind, news: News) -> Vec<Delta<Secret>> {
        let health = self.health.entry(kind).or_default();
        let table = if kind == Kind::ServerCaSecret { &mut self.server_ca } else { &mut self.server_tls };
        table.take(news, kind.objects_max(), health)
    }

    /// The ControllerConfig that counts: the one that the operator writes.
    #[must_use]
    pub fn controller_config(&self) -> Option<&ControllerConfig> {
        self.controller_configs.get(CONTROLLER_CONFIG).map(|config| &**config)
    }

    /// The OSImageStream that counts: there can be no other.
    #[must_use]
    pub fn os_streams(&self) -> Option<&OSImageStream> {
        self.streams.get(OS_STREAMS).map(|streams| &**streams)
    }

    /// For what is found wrong outside of a watch.
    pub(crate) fn health_of(&mut self, kind: Kind) -> &mut Health {
        self.health.entry(kind).or_default()
    }

    /// How the watch of each kind fares.
    #[must_use]
    pub fn health(&self) -> &BTreeMap<Kind, Health> {
        &self.health
    }
}

fn changes<T>(deltas: Vec<Delta<T>>, of: fn(Delta<T>) -> Change) -> Vec<Change> {
    deltas.into_iter().map(of).collect()
}
