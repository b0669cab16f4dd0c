//! Readings of the nodes as they are now, at each export.
//! Remembers nothing: `nodes` does.

use super::{
    Daemon,
    nodes::{Notes, is_pending},
};
use crate::{
    kind::Kind,
    limits::OS_CHARS_MAX,
    table::Trouble,
    watch::{Observed, seconds_since},
    world::World,
};
use pointsman_instrument::{
    StringValue,
    semconv::{
        attribute::{McoCordonOwner, McoDegradedClass, McoNodeState},
        mco,
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// Registers them.
pub(super) fn observe(observed: &Observed<Daemon>) {
    states(observed);
    configs(observed);
    systems(observed);
    blind_spots(observed);
}

fn states(observed: &Observed<Daemon>) {
    observed.metric::<mco::NodeState>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            for node_state in McoNodeState::ALL {
                let (k8s_node_name, pool_name) = names(notes);
                let is_it = i64::from(notes.state == node_state);
                readings.set(is_it, mco::NodeState { k8s_node_name, pool_name, node_state });
            }
        }
    });
    observed.metric::<mco::NodeStateAge>(|seen, readings| {
        for notes in seen.watcher.nodes.iter().filter(|notes| notes.state != McoNodeState::Done) {
            let (k8s_node_name, pool_name) = names(notes);
            readings.set(seconds_since(seen.now, notes.since), mco::NodeStateAge { k8s_node_name, pool_name });
        }
    });
    observed.metric::<mco::NodeDegraded>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            for degraded_class in McoDegradedClass::ALL {
                let (k8s_node_name, pool_name) = names(notes);
                let is_it = i64::from(notes.degraded == Some(degraded_class));
                readings.set(is_it, mco::NodeDegraded { k8s_node_name, pool_name, degraded_class });
            }
        }
    });
    observed.metric::<mco::NodeConfigDrift>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let (k8s_node_name, pool_name) = names(notes);
            let drifts = i64::from(notes.drifts_since(seen.now).is_some());
            readings.set(drifts, mco::NodeConfigDrift { k8s_node_name, pool_name });
        }
    });
}

fn configs(observed: &Observed<Daemon>) {
    observed.metric::<mco::NodeConfigPending>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let (k8s_node_name, pool_name) = names(notes);
            let is_pending = i64::from(is_pending(&notes.node));
            readings.set(is_pending, mco::NodeConfigPending { k8s_node_name, pool_name });
        }
    });
    observed.metric::<mco::NodeIrreconcilableChanges>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let Some(mcn) = &notes.mcn else { continue };
            let (k8s_node_name, pool_name) = names(notes);
            let fields = i64::try_from(mcn.status.irreconcilable_changes.len()).unwrap_or(i64::MAX);
            readings.set(fields, mco::NodeIrreconcilableChanges { k8s_node_name, pool_name });
        }
    });
    observed.metric::<mco::NodeCertificateSyncLag>(|seen, readings| {
        let Some(wanted) = certificate_version(seen.world) else { return };
        for notes in seen.watcher.nodes.iter() {
            // A daemon that never wrote it, as those of old releases, says nothing.
            let synced = &notes.node.metadata.annotations.last_synced_controller_config;
            if !synced.is_empty() {
                let lags = i64::from(synced.as_str() != wanted);
                readings.set(lags, mco::NodeCertificateSyncLag { k8s_node_name: names(notes).0 });
            }
        }
    });
}

fn systems(observed: &Observed<Daemon>) {
    observed.metric::<mco::NodeCordoned>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let owner = cordon_owner(notes);
            for cordon_owner in McoCordonOwner::ALL {
                let (k8s_node_name, pool_name) = names(notes);
                let is_it = i64::from(owner == Some(cordon_owner));
                readings.set(is_it, mco::NodeCordoned { k8s_node_name, pool_name, cordon_owner });
            }
        }
    });
    observed.metric::<mco::NodeOsInfo>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let Some((name, version)) = os_of(&notes.node.status.node_info.os_image) else { continue };
            let k8s_node_name = names(notes).0;
            readings.set(1, mco::NodeOsInfo { k8s_node_name, os_name: name.into(), os_version: version.into() });
        }
    });
    observed.metric::<mco::NodeFinalizeFailed>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let failed = i64::from(notes.lost_its_os(seen.now));
            readings.set(failed, mco::NodeFinalizeFailed { k8s_node_name: names(notes).0 });
        }
    });
}

fn blind_spots(observed: &Observed<Daemon>) {
    observed.metric::<mco::NodeMcnMissing>(|seen, readings| {
        let health = seen.world.health().get(&Kind::MachineConfigNode);
        // Where the kind is not defined, as on hosted clusters, no node lacks its object.
        let is_known = health.is_some_and(|health| health.is_listed && health.trouble != Some(Trouble::Missing));
        if !is_known || !seen.watcher.nodes.is_all() {
            return;
        }
        let mut missing: BTreeMap<&str, i64> = seen.world.pools.iter().map(|(name, _)| (name, 0)).collect();
        for notes in seen.watcher.nodes.iter() {
            if let (true, Some(nodes)) = (notes.is_blind(seen.now), missing.get_mut(&*notes.pool)) {
                *nodes += 1;
            }
        }
        for (pool, nodes) in missing {
            readings.set(nodes, mco::NodeMcnMissing { pool_name: pool.to_owned().into() });
        }
    });
}

/// Node and pool, shared and not copied.
fn names(notes: &Notes) -> (StringValue, StringValue) {
    (Arc::clone(&notes.name).into(), Arc::clone(&notes.pool).into())
}

fn certificate_version(world: &World) -> Option<&str> {
    let version = &*world.controller_config()?.metadata.resource_version;
    (!version.is_empty()).then_some(version)
}

/// Who cordoned a node: the operator from when a drain is asked for until an uncordon is done, else somebody else.
fn cordon_owner(notes: &Notes) -> Option<McoCordonOwner> {
    let annotations = &notes.node.metadata.annotations;
    if !notes.node.spec.unschedulable {
        return None;
    }
    let is_drain = annotations.desired_drain.starts_with("drain-") || annotations.last_applied_drain.starts_with("drain-");
    Some(if is_drain { McoCordonOwner::Mco } else { McoCordonOwner::External })
}

/// Name and version out of what a kubelet says: the words before the first that begins with a digit, and that one.
pub(super) fn os_of(image: &str) -> Option<(String, String)> {
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let name: Vec<&str> = image.split_whitespace().take_while(|word| !is_version(word)).collect();
    let version = image.split_whitespace().find(is_version).unwrap_or_default();
    let cut = |text: &str| text.chars().take(OS_CHARS_MAX).collect::<String>();
    (!image.trim().is_empty()).then(|| (cut(&name.join(" ")), cut(version)))
}

#[cfg(test)]
mod tests;
