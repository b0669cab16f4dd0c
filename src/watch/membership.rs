//! Which pool a node belongs to, by labels and selectors, as the Machine Config Operator decides it.
//! Computed anew each time: a label moves a node from one pool to another.

use crate::{
    api::{MachineConfigPool, Node},
    table::Table,
};

/// Where a node belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership<'w> {
    /// The pool; `None`: none selects it.
    pub pool: Option<&'w str>,
    /// What is wrong with its labels.
    pub conflict: Option<Conflict>,
}

/// What is wrong with a node's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// It is of the master pool and of a custom one; master wins.
    MasterCustom,
    /// It is of several custom pools: an error, and the first by name is taken here.
    MultiCustom,
}

const MASTER: &str = "master";
const WORKER: &str = "worker";
/// The label of a node's operating system, and the one that the operator leaves alone.
const OS: (&str, &str) = ("kubernetes.io/os", "windows");

/// Whether the operator looks after this node at all.
#[must_use]
pub fn is_managed(node: &Node) -> bool {
    node.metadata.labels.get(OS.0).is_none_or(|os| **os != *OS.1)
}

/// Where this node belongs among these pools.
#[must_use]
pub fn of<'w>(node: &Node, pools: &'w Table<MachineConfigPool>) -> Membership<'w> {
    if !is_managed(node) {
        return Membership { pool: None, conflict: None };
    }
    let (mut master, mut worker, mut custom, mut customs) = (None, None, None, 0_u32);
    for (name, pool) in pools.iter() {
        // A selector that asks for nothing selects nothing: a pool must say which nodes are its.
        let selector = &pool.spec.node_selector;
        if selector.is_empty() || !selector.matches(&node.metadata.labels) {
            continue;
        }
        match name {
            MASTER => master = Some(name),
            WORKER => worker = Some(name),
            _ => {
                custom = custom.or(Some(name));
                customs += 1;
            }
        }
    }
    let conflict = match (customs, master) {
        (2.., _) => Some(Conflict::MultiCustom),
        (1, Some(_)) => Some(Conflict::MasterCustom),
        _ => None,
    };
    Membership { pool: master.or(custom).or(worker), conflict }
}

#[cfg(test)]
mod tests;
