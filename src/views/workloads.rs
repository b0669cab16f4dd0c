//! Which workload owns which pod: pods, ReplicaSets and Jobs by their metadata alone.
//! Knows owner references; what a component is, core says.

use std::collections::BTreeMap;

/// The workloads that own pods, by namespace, kind and name.
pub type Owners = BTreeMap<(Box<str>, Box<str>, Box<str>), Owner>;

/// What an owner reference to a workload needs beside its kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `apps/v1`
    pub api_version: Box<str>,
    /// `metadata.uid`
    pub uid: Box<str>,
}
