//! Events of Kubernetes, as the operator's parts leave them in its namespace: merged when repeated, gone after an hour.
//! Knows what an Event looks like; not what it means.

use super::{Cluster, Random, Second, Step};
use pointsman_watch::{Kind, kind::NAMESPACE};
use serde_json::json;

/// A type of an Event.
pub(super) const NORMAL: &str = "Normal";
/// A type of an Event.
pub(super) const WARNING: &str = "Warning";

/// How long an Event is kept, in seconds.
const KEPT: Second = 3600;

/// What is said.
#[derive(Clone, Debug)]
pub(super) struct Event {
    about: (&'static str, String),
    reason: &'static str,
    class: &'static str,
    message: String,
    component: &'static str,
}

impl Event {
    /// About a node: by its daemon, or by the drain controller, which signs as the node controller.
    pub(super) fn of_node(node: &str, reason: &'static str, class: &'static str, message: &str) -> Self {
        let by_controller =
            matches!(reason, "Cordon" | "Drain" | "Uncordon" | "FailedToDrain" | "DrainThresholdExceeded" | "DrainFailed");
        let component = if by_controller { "machineconfigcontroller-nodecontroller" } else { "machineconfigdaemon" };
        Self { about: ("Node", node.to_owned()), reason, class, message: message.to_owned(), component }
    }

    /// About a pool, by the controller.
    pub(super) fn of_pool(pool: &str, reason: &'static str, message: &str) -> Self {
        let component = "machineconfigcontroller-rendercontroller";
        Self { about: ("MachineConfigPool", pool.to_owned()), reason, class: NORMAL, message: message.to_owned(), component }
    }
}

impl Cluster {
    /// Leaves an Event, or counts one that is there.
    pub(super) fn event(&mut self, event: Event) {
        let Event { about: (kind, about), reason, class, message, component } = event;
        *self.truth.events.entry(reason).or_default() += 1;
        let hash = Random::of(self.options.seed, &["event", &about, reason, &message]).next();
        let name = format!("{about}.{hash:016x}");
        let now = self.objects.stamp();
        let is_there = self.objects.edit(Kind::Event, &name, |old| {
            old["count"] = json!(old["count"].as_i64().unwrap_or_default() + 1);
            old["lastTimestamp"] = json!(now);
        });
        if is_there {
            return;
        }
        let parts = json!({
            "involvedObject": {"kind": kind, "name": about, "namespace": NAMESPACE},
            "reason": reason, "message": message, "type": class, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": component}, "reportingComponent": component, "reportingInstance": "",
        });
        self.objects.create(Kind::Event, &name, parts);
        self.put_off(KEPT, Step::Forget(Kind::Event, name));
    }
}
