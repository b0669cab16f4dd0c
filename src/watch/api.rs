//! The objects, as far as they are read: only the fields that some metric or span needs, each with a default, so that an
//! object of a newer or older version still says what it can. Knows how to read, not what it means.

mod builds;
mod cluster;
mod configs;
mod node;
mod pool;
pub mod text;

pub use builds::{Job, JobSpec, JobStatus, MachineOSBuild, MachineOSConfig, NameRef, OSBuildStatus, OSConfigStatus};
pub use cluster::{ClusterOperator, Event, Holder, Lease, OperatorVersion, Pod, PodSpec, PodStatus, Secret};
pub use configs::{
    BootImageSkew, Certificate, ControllerConfig, ControllerConfigSpec, DefaultRuntime, InternalReleaseImage, MachineConfigMeta,
    MachineConfiguration, OSImageStream, ObservedConfig, PinnedImageSet, Release, StreamRef,
};
pub use node::{
    MachineConfigNode, McnPinnedImageSet, McnStatus, Node, NodeInfo, NodeSpec, NodeStatus, TargetConfig, TargetImage,
};
pub use pool::{Counts, Expression, MachineConfigPool, MaxUnavailable, PoolSpec, PoolStatus, Selector};
pub use text::{Condition, Flaw, Meta, Read, Stamp, Status, Text};

#[cfg(test)]
mod tests;
