//! One machine: its Node as daemon, drain controller and kubelet leave it, and what ails it.
//! Knows no pool but its own, and no time.

use super::{
    Cluster, Random, Second,
    action::Trouble,
    conditions::{self, FALSE, TRUE},
};
use pointsman_watch::Kind;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PREFIX: &str = "machineconfiguration.openshift.io/";
const ROLE: &str = "node-role.kubernetes.io/";

/// A config, and in image mode an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) config: String,
    pub(super) image: String,
}

/// A machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    pub(super) name: String,
    /// The pool its labels put it in; `None` where they contradict each other.
    pub(super) pool: Option<String>,
    /// The oldest come first.
    pub(super) order: u64,
    pub(super) roles: BTreeSet<String>,
    pub(super) current: Target,
    pub(super) desired: Target,
    pub(super) state: &'static str,
    pub(super) reason: String,
    /// Absent until the first boot that an update asked for.
    pub(super) post_action: Option<&'static str>,
    pub(super) desired_drain: String,
    pub(super) last_drain: String,
    pub(super) is_cordoned: bool,
    pub(super) is_ready: bool,
    pub(super) boots: u64,
    pub(super) version: String,
    /// The ControllerConfig whose certificates it has.
    pub(super) synced: String,
    /// What the daemon was to do for an older one is dropped.
    pub(super) epoch: u64,
    /// What the drain controller was to do for an older one is dropped.
    pub(super) round: u64,
    pub(super) drain_since: Option<Second>,
    pub(super) drain_tier: u64,
    pub(super) silent_until: Second,
    /// Its daemon was silenced, and has not started again.
    pub(super) is_silenced: bool,
    /// Reboots in a row that could not be started.
    pub(super) failed_reboots: u64,
    pub(super) ills: Ills,
}

/// What is wrong with a machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Ills {
    pub(super) blocked: bool,
    pub(super) apply: u64,
    pub(super) pull: u64,
    pub(super) reboot: u64,
    pub(super) slow: u64,
    pub(super) unreconcilable: bool,
    pub(super) drifted: bool,
}

impl Machine {
    /// From now on this is wrong.
    pub(super) fn ails(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Drain => self.ills.blocked = true,
            Trouble::Apply(times) => self.ills.apply = times,
            Trouble::Pull(times) => self.ills.pull = times,
            Trouble::RebootCommand(times) => self.ills.reboot = times,
            Trouble::SlowBoot(seconds) => self.ills.slow = seconds,
            Trouble::Unreconcilable => self.ills.unreconcilable = true,
        }
    }

    /// Whether an update is asked for that is not done.
    pub(super) fn is_behind(&self) -> bool {
        self.current != self.desired
    }

    pub(super) fn is_degraded(&self) -> bool {
        matches!(self.state, "Degraded" | "Unreconcilable")
    }

    /// As the node controller counts.
    pub(super) fn is_unavailable(&self) -> bool {
        let is_working = (self.is_behind() || self.state != "Done") && !self.is_degraded();
        !self.is_ready || self.is_cordoned || is_working
    }

    /// As the node controller counts.
    pub(super) fn is_updated(&self, target: &Target) -> bool {
        self.current == *target && !self.is_behind() && self.state == "Done"
    }

    fn annotations(&self) -> Value {
        let mut annotations = json!({});
        let texts = [
            ("currentConfig", &self.current.config),
            ("desiredConfig", &self.desired.config),
            ("currentImage", &self.current.image),
            ("desiredImage", &self.desired.image),
            ("reason", &self.reason),
            ("desiredDrain", &self.desired_drain),
            ("lastAppliedDrain", &self.last_drain),
            ("lastSyncedControllerConfigResourceVersion", &self.synced),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            annotations[format!("{PREFIX}{key}")] = json!(text);
        }
        if !self.state.is_empty() {
            annotations[format!("{PREFIX}state")] = json!(self.state);
        }
        if let Some(action) = self.post_action {
            annotations[format!("{PREFIX}post-config-action")] = json!(action);
        }
        annotations
    }

    fn taints(&self) -> Vec<Value> {
        let cordoned = self.is_cordoned.then(|| json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}));
        let updating = self.is_behind().then(|| json!({"key": "UpdateInProgress", "effect": "PreferNoSchedule"}));
        cordoned.into_iter().chain(updating).collect()
    }

    /// Writes everything that is said of it into its Node.
    fn show(&self, node: &mut Value, boot_id: &str, now: &str) {
        let labels = self.roles.iter().map(|role| (format!("{ROLE}{role}"), json!(""))).collect::<serde_json::Map<_, _>>();
        node["metadata"]["labels"] = labels.into();
        node["metadata"]["annotations"] = self.annotations();
        let mut spec = json!({});
        if self.is_cordoned {
            spec["unschedulable"] = json!(true);
        }
        if !self.taints().is_empty() {
            spec["taints"] = self.taints().into();
        }
        node["spec"] = spec;
        let os = format!("Red Hat Enterprise Linux CoreOS {}", self.version);
        let info = json!({
            "architecture": "amd64", "bootID": boot_id, "containerRuntimeVersion": "cri-o://1.35.1",
            "kernelVersion": "5.14.0-570.el9.x86_64", "kubeProxyVersion": "", "kubeletVersion": "v1.35.2",
            "machineID": Random::of(0, &["machine", &self.name]).hash(), "operatingSystem": "linux", "osImage": os,
            "systemUUID": Random::of(0, &["system", &self.name]).uuid(),
        });
        node["status"]["nodeInfo"] = info;
        let (status, reason) = if self.is_ready { (TRUE, "KubeletReady") } else { (FALSE, "KubeletNotReady") };
        conditions::set(node, &conditions::said("Ready", status, "kubelet status"), reason, now);
        conditions::set(node, &conditions::said("MemoryPressure", FALSE, "kubelet status"), "KubeletHasSufficientMemory", now);
    }
}

impl Cluster {
    pub(super) fn machine(&self, name: &str) -> Option<&Machine> {
        self.machines.get(name)
    }

    /// The nodes of a pool, the oldest first.
    pub(super) fn members(&self, pool: &str) -> Vec<&Machine> {
        self.members.get(pool).into_iter().flat_map(BTreeMap::values).filter_map(|name| self.machines.get(name)).collect()
    }

    /// Changes a machine, writes its Node if that shows, and has its pool looked at.
    pub(super) fn with(&mut self, name: &str, change: impl FnOnce(&mut Machine)) {
        let Some(machine) = self.machines.get_mut(name) else { return };
        change(machine);
        let pool = machine.pool.clone();
        if self.show(name) {
            pool.into_iter().for_each(|pool| self.ask_sync(&pool));
        }
    }

    /// Writes the Node of a machine, if anything changed.
    pub(super) fn show(&mut self, name: &str) -> bool {
        let Some(machine) = self.machines.get(name) else { return false };
        let boot_id = Random::of(self.options.seed, &["boot", name, &machine.boots.to_string()]).uuid();
        let now = self.objects.stamp();
        self.objects.edit(Kind::Node, name, |node| machine.show(node, &boot_id, &now))
    }
}
