//! Image mode: MachineOSConfig, MachineOSBuild, and the Job of a build.
//! Knows their fields only.

use super::text::{Condition, Flaw, Meta, Read, Stamp, Text, last_of, or_default};
use serde::Deserialize;

/// Something by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub struct NameRef {
    /// The name.
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
}

/// That a pool wants an OS image of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachineOSConfig {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: OSConfigSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: OSConfigStatus,
}

/// `spec` of a MachineOSConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OSConfigSpec {
    /// The pool.
    #[serde(deserialize_with = "or_default")]
    pub machine_config_pool: NameRef,
}

/// `status` of a MachineOSConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OSConfigStatus {
    /// The image nodes of the pool should run.
    pub current_image_pull_spec: Text,
}

/// One build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachineOSBuild {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: OSBuildSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: OSBuildStatus,
}

/// `spec` of a MachineOSBuild.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OSBuildSpec {
    /// The rendered config it builds.
    #[serde(deserialize_with = "or_default")]
    pub machine_config: NameRef,
    /// The MachineOSConfig it is for.
    #[serde(rename = "machineOSConfig", deserialize_with = "or_default")]
    pub machine_os_config: NameRef,
}

/// `status` of a MachineOSBuild.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OSBuildStatus {
    /// Prepared, Building, Failed, Interrupted, Succeeded.
    #[serde(deserialize_with = "last_of")]
    pub conditions: Vec<Condition>,
    /// When it began.
    pub build_start: Stamp,
    /// When it ended.
    pub build_end: Stamp,
    /// What works on it.
    #[serde(deserialize_with = "or_default")]
    pub builder: Builder,
}

/// `status.builder`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Builder {
    /// The Job.
    #[serde(deserialize_with = "or_default")]
    pub job: NameRef,
}

/// The Job of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Job {
    /// `metadata`
    #[serde(deserialize_with = "or_default")]
    pub metadata: Meta,
    /// `spec`
    #[serde(deserialize_with = "or_default")]
    pub spec: JobSpec,
    /// `status`
    #[serde(deserialize_with = "or_default")]
    pub status: JobStatus,
}

/// `spec` of a Job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobSpec {
    /// Attempts that may fail.
    pub backoff_limit: Option<i64>,
}

/// `status` of a Job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JobStatus {
    /// Attempts that failed.
    #[serde(deserialize_with = "or_default")]
    pub failed: i64,
}

impl Read for MachineOSConfig {}

impl Read for MachineOSBuild {
    fn flaws(&self, tell: &mut dyn FnMut(Flaw)) {
        Condition::flaws(&self.status.conditions, tell);
        self.status.build_start.flaws(tell);
        self.status.build_end.flaws(tell);
    }
}

impl Read for Job {}
