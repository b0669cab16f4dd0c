//! The kinds of objects that are watched: what they are called in the API, where they live, and how much of them is read.
//! Knows no object and no server.

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// How the operator as a whole fares.
    ClusterOperator,
    /// Settings of CRI-O.
    ContainerRuntimeConfig,
    /// What the template controller works from, with its certificates.
    ControllerConfig,
    /// Kubernetes Events of the operator's parts: a second signal only.
    Event,
    /// Releases for clusters without a registry.
    InternalReleaseImage,
    /// Jobs of image builds.
    Job,
    /// Settings of the kubelet.
    KubeletConfig,
    /// Who leads.
    Lease,
    /// Parts of a configuration, and what they were rendered to.
    MachineConfig,
    /// How one node's update fares.
    MachineConfigNode,
    /// A set of nodes and what they should run.
    MachineConfigPool,
    /// Boot images and their skew.
    MachineConfiguration,
    /// One build of an OS image.
    MachineOSBuild,
    /// That a pool wants an OS image of its own.
    MachineOSConfig,
    /// A machine.
    Node,
    /// Which OS streams there are.
    OSImageStream,
    /// Images that must be on the nodes before they are needed.
    PinnedImageSet,
    /// Pods of the machine-config-server.
    Pod,
    /// The certificate authority of the machine-config-server; opt-in.
    ServerCaSecret,
    /// The certificate of the machine-config-server; opt-in.
    ServerTlsSecret,
}

/// How much of an object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it.
    Whole,
    /// Its metadata: for objects whose bodies are large and read once, if ever.
    Metadata,
}

/// How a kind is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Name of the kind, as objects carry it.
    pub kind: &'static str,
    /// Empty for the core group.
    pub group: &'static str,
    /// Version of the group.
    pub version: &'static str,
    /// As paths name it.
    pub plural: &'static str,
    /// The one namespace in which it is watched; `None`: it lives in none.
    pub namespace: Option<&'static str>,
    /// Which of them, as a field selector.
    pub fields: Option<&'static str>,
    /// Which of them, as a label selector.
    pub labels: Option<&'static str>,
    /// How much of each.
    pub form: Form,
}

/// The namespace of the Machine Config Operator.
pub const NAMESPACE: &str = "openshift-machine-config-operator";
const MCO: &str = "machineconfiguration.openshift.io";

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::ClusterOperator,
        Self::ContainerRuntimeConfig,
        Self::ControllerConfig,
        Self::Event,
        Self::InternalReleaseImage,
        Self::Job,
        Self::KubeletConfig,
        Self::Lease,
        Self::MachineConfig,
        Self::MachineConfigNode,
        Self::MachineConfigPool,
        Self::MachineConfiguration,
        Self::MachineOSBuild,
        Self::MachineOSConfig,
        Self::Node,
        Self::OSImageStream,
        Self::PinnedImageSet,
        Self::Pod,
        Self::ServerCaSecret,
        Self::ServerTlsSecret,
    ];

    /// How it is asked for.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Self::ClusterOperator => whole("ClusterOperator", "config.openshift.io", "clusteroperators"),
            Self::ContainerRuntimeConfig => whole("ContainerRuntimeConfig", MCO, "containerruntimeconfigs"),
            Self::ControllerConfig => whole("ControllerConfig", MCO, "controllerconfigs"),
            Self::Event => namespaced("Event", "", "events"),
            Self::InternalReleaseImage => whole("InternalReleaseImage", MCO, "internalreleaseimages"),
            Self::Job => namespaced("Job", "batch", "jobs"),
            Self::KubeletConfig => whole("KubeletConfig", MCO, "kubeletconfigs"),
            Self::Lease => namespaced("Lease", "coordination.k8s.io", "leases"),
            Self::MachineConfig => Facts { form: Form::Metadata, ..whole("MachineConfig", MCO, "machineconfigs") },
            Self::MachineConfigNode => whole("MachineConfigNode", MCO, "machineconfignodes"),
            Self::MachineConfigPool => whole("MachineConfigPool", MCO, "machineconfigpools"),
            Self::MachineConfiguration => whole("MachineConfiguration", "operator.openshift.io", "machineconfigurations"),
            Self::MachineOSBuild => whole("MachineOSBuild", MCO, "machineosbuilds"),
            Self::MachineOSConfig => whole("MachineOSConfig", MCO, "machineosconfigs"),
            Self::Node => whole("Node", "", "nodes"),
            Self::OSImageStream => whole("OSImageStream", MCO, "osimagestreams"),
            Self::PinnedImageSet => whole("PinnedImageSet", MCO, "pinnedimagesets"),
            // Others live in that namespace too, the operator's own and one pod a node: they say nothing that is told.
            Self::Pod => Facts { labels: Some("k8s-app=machine-config-server"), ..namespaced("Pod", "", "pods") },
            Self::ServerCaSecret => secret("metadata.name=machine-config-server-ca"),
            Self::ServerTlsSecret => secret("metadata.name=machine-config-server-tls"),
        }
    }

    /// Objects kept of it.
    #[must_use]
    pub const fn objects_max(self) -> usize {
        match self {
            Self::Event => crate::limits::EVENTS_MAX,
            _ => crate::limits::OBJECTS_MAX,
        }
    }
}

const fn whole(kind: &'static str, group: &'static str, plural: &'static str) -> Facts {
    Facts { kind, group, version: "v1", plural, namespace: None, fields: None, labels: None, form: Form::Whole }
}

const fn namespaced(kind: &'static str, group: &'static str, plural: &'static str) -> Facts {
    Facts { namespace: Some(NAMESPACE), ..whole(kind, group, plural) }
}

const fn secret(fields: &'static str) -> Facts {
    Facts { fields: Some(fields), ..namespaced("Secret", "", "secrets") }
}
