//! Reboots: those that happened, told by a new boot ID, and those that hang, told by a phase that does not end.
//! Knows nothing of how long a good one takes: `rollout` measures that.

use super::{meters::Meters, nodes::Nodes};
use crate::{
    api::{Condition, MachineConfigNode, Node, Status, Text},
    limits::REBOOT_FAILED_SECS,
    table::Delta,
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::semconv::attribute::McoRebootCause;
use std::collections::BTreeMap;

/// What a daemon writes on its node before it reboots it.
const REBOOTING: &str = "Rebooting";
const FAILED: SignedDuration = SignedDuration::from_secs(REBOOT_FAILED_SECS);

/// The reboots of updates, by node.
#[derive(Default)]
pub(super) struct Reboots(BTreeMap<Box<str>, Reboot>);

/// The reboot of a node's update. It stays known for as long as the update's target does: a second attempt that hangs too
/// is no second failure.
struct Reboot {
    target: Target,
    /// Since when it is under way; `None`: it is not.
    since: Option<Timestamp>,
    is_counted: bool,
}

/// Config and image that a node is to run.
type Target = (Text, Text);

impl Reboots {
    /// Counts a new boot ID, and takes it as proof that the reboot under way did not hang.
    pub(super) fn take_node(&mut self, delta: &Delta<Node>, nodes: &Nodes, meters: Option<&Meters>) {
        let Some(before) = &delta.before else { return };
        let Some(after) = delta.after.as_ref().filter(|after| after.metadata.uid == before.metadata.uid) else {
            self.0.remove(&delta.name);
            return;
        };
        let (old, new) = (&before.status.node_info.boot_id, &after.status.node_info.boot_id);
        let Some(notes) = nodes.get(&delta.name).filter(|_| old != new && !old.is_empty() && !new.is_empty()) else { return };
        let was_under_way = self.0.get_mut(&delta.name).and_then(|reboot| reboot.since.take()).is_some();
        // A node that crashes while its update waits was not rebooted by it.
        let is_update = was_under_way || before.metadata.annotations.post_config_action.as_str() == REBOOTING;
        if let Some(meters) = meters {
            meters.reboots(1, &notes.pool, if is_update { McoRebootCause::Update } else { McoRebootCause::Other });
        }
    }

    /// Notes when the phase begins and ends. Its node may not have been listed yet.
    pub(super) fn take_mcn(&mut self, delta: &Delta<MachineConfigNode>, now: Timestamp) {
        let Some(after) = &delta.after else {
            self.0.remove(&delta.name);
            return;
        };
        let target = (after.spec.config_version.desired.clone(), after.spec.config_image.desired_image.clone());
        if self.0.get(&delta.name).is_some_and(|reboot| reboot.target != target) {
            self.0.remove(&delta.name);
        }
        let Some(phase) = under_way(after) else {
            if let Some(reboot) = self.0.get_mut(&delta.name) {
                reboot.since = None;
            }
            return;
        };
        // A message that changes does not begin it anew.
        let was_under_way = delta.before.as_ref().is_some_and(|before| under_way(before).is_some());
        // Nothing writes the phase while the node is down, so its time is that of its beginning.
        let since = if delta.is_first { phase.since.at().map_or(now, |since| since.min(now)) } else { now };
        let fresh = || Reboot { target, since: None, is_counted: false };
        let reboot = self.0.entry(delta.name.clone()).or_insert_with(fresh);
        if !was_under_way {
            reboot.since = Some(since);
            // One that hung before we looked was somebody else's to count.
            reboot.is_counted |= now.duration_since(since) >= FAILED;
        }
    }

    /// The daemon of this node has told that a reboot could not be begun: it is counted.
    pub(super) fn told(&mut self, node: &str) {
        if let Some(reboot) = self.0.get_mut(node) {
            reboot.is_counted = true;
        }
    }

    /// Counts those that have hung for too long, once each.
    pub(super) fn tick(&mut self, nodes: &Nodes, meters: Option<&Meters>, now: Timestamp) {
        for (name, reboot) in &mut self.0 {
            let hangs = reboot.since.is_some_and(|since| now.duration_since(since) >= FAILED);
            let Some(notes) = nodes.get(name).filter(|_| hangs && !reboot.is_counted) else { continue };
            reboot.is_counted = true;
            if let Some(meters) = meters {
                meters.reboots_failed(1, &notes.pool);
            }
        }
    }
}

/// The phase of the reboot, while that is under way.
fn under_way(mcn: &MachineConfigNode) -> Option<&Condition> {
    let phase = Condition::find(&mcn.status.conditions, "RebootedNode");
    phase.filter(|phase| phase.status == Status::Unknown && !phase.is_odd)
}
