//! The daemon of a node: brings it to the config it should run, and says so in its Node and MachineConfigNode.
//! Knows what it does and in which order; who picks the node, and who drains it, is others' affair.

use super::{
    Cluster, Happening, Second, Step,
    action::Post,
    conditions::{self, FALSE, Said, TRUE, UNKNOWN, said},
    drain::Duty,
    events::{Event, NORMAL, WARNING},
    machines::Target,
    truth::{NodeUpdate, Outcome},
};
use pointsman_watch::Kind;
use serde_json::json;

/// What a daemon does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Begin,
    RequestDrain,
    Apply,
    Pull,
    Stage,
    Applied,
    Reboot,
    Booted,
    Resume,
    RequestUncordon,
    Finish,
    Rest,
}

/// Seconds between a failure and the next attempt.
const RETRY: (Second, Second) = (45, 75);

impl Cluster {
    /// A daemon does what it was to do, unless its node has another target by now.
    pub(super) fn daemon(&mut self, node: &str, epoch: u64, task: Task) {
        let Some(machine) = self.machine(node).filter(|machine| machine.epoch == epoch) else { return };
        if machine.silent_until > self.now {
            let step = Step::Daemon { node: node.to_owned(), epoch, task };
            return self.put_off(machine.silent_until - self.now, step);
        }
        match task {
            Task::Begin => self.begin(node),
            Task::RequestDrain => self.request_drain(node),
            Task::Apply => self.apply(node),
            Task::Pull => self.pull(node),
            Task::Stage => self.stage(node),
            Task::Applied => self.applied(node),
            Task::Reboot => self.reboot(node),
            Task::Booted => self.booted(node),
            Task::Resume => {
                self.report(node, said("Resumed", TRUE, "The daemon has taken up its work again"), None);
                self.next(node, Task::RequestUncordon, (1, 2));
            }
            Task::RequestUncordon => {
                self.with(node, |machine| machine.desired_drain = format!("uncordon-{}", machine.desired.config));
                self.duty(node, Duty::Uncordon, (1, 3));
            }
            Task::Finish => self.finish(node),
            Task::Rest => {
                self.at_rest(node);
                if self.truth.open(node).is_some() {
                    self.truth.end_update(node, Outcome::Completed, self.now);
                    self.tell(Happening::NodeUpdated { node: node.to_owned() });
                }
            }
        }
    }

    /// What the daemon does after so many seconds.
    pub(super) fn next(&mut self, node: &str, task: Task, seconds: (Second, Second)) {
        let Some(machine) = self.machine(node) else { return };
        let (epoch, words) = (machine.epoch, [node, &machine.desired.config, &format!("{task:?} {}", self.now)]);
        let seconds = self.draw(&words, seconds);
        self.put_off(seconds, Step::Daemon { node: node.to_owned(), epoch, task });
    }

    /// Says something in the node's MachineConfigNode.
    pub(super) fn report(&mut self, node: &str, parent: Said, child: Option<Said>) {
        let now = self.objects.stamp();
        let image_mode = self.options.image_mode;
        let Some(before) = self.objects.get(Kind::MachineConfigNode, node) else { return };
        let names = [Some(parent.name), child.as_ref().map(|child| child.name)];
        let known = conditions::phases(image_mode);
        let names = names.into_iter().flatten().filter(|name| known.contains(name));
        let before: Vec<_> = names.map(|name| (name, conditions::status_of(before, name).to_owned())).collect();
        self.objects.edit(Kind::MachineConfigNode, node, |mcn| {
            conditions::report(mcn, &parent, child.as_ref(), (image_mode, &now));
        });
        let Some(after) = self.objects.get(Kind::MachineConfigNode, node) else { return };
        for (name, from) in before {
            self.truth.moved(node, name, (&from, conditions::status_of(after, name)), self.now);
        }
    }

    /// The same of a parent and its child.
    pub(super) fn report_both(&mut self, node: &str, (parent, upper): (&'static str, &'static str), child: Said) {
        let parent = said(parent, upper, child.message.clone());
        self.report(node, parent, Some(child));
    }

    /// The node controller points a node at a target.
    pub(super) fn mark(&mut self, node: &str, target: &Target) {
        let Some(machine) = self.machine(node) else { return };
        let pool = machine.pool.clone().unwrap_or_default();
        let outcome = if machine.is_degraded() { Outcome::Failed } else { Outcome::Superseded };
        self.truth.end_update(node, outcome, self.now);
        self.truth.updates.push(NodeUpdate {
            node: node.to_owned(),
            pool,
            target: target.config.clone(),
            start: self.now,
            end: None,
            outcome: None,
            phases: Vec::new(),
            drain_retries: 0,
            errors: 0,
        });
        self.with(node, |machine| {
            machine.desired = target.clone();
            machine.epoch += 1;
            machine.round += 1;
            (machine.drain_since, machine.drain_tier) = (None, 0);
        });
        self.objects.edit(Kind::MachineConfigNode, node, |mcn| {
            mcn["spec"]["configVersion"]["desired"] = json!(target.config);
            if !target.image.is_empty() {
                mcn["spec"]["configImage"]["desiredImage"] = json!(target.image);
            }
        });
        self.next(node, Task::Begin, (2, 6));
    }

    /// Someone points a node at what its pool wants now.
    pub(super) fn retarget(&mut self, node: &str) {
        let Some(machine) = self.machine(node) else { return };
        let pool = machine.pool.as_ref().and_then(|pool| self.pools.get(pool));
        if let Some(target) = pool.map(|pool| pool.target.clone()).filter(|target| machine.desired != *target) {
            self.mark(node, &target);
        }
    }

    fn target_of(&self, node: &str) -> Target {
        self.machine(node).map(|machine| machine.desired.clone()).unwrap_or_default()
    }

    fn post_of(&self, node: &str) -> Post {
        let target = self.target_of(node);
        if target.image.is_empty() { self.posts.get(&target.config).copied().unwrap_or_default() } else { Post::Reboot }
    }

    fn begin(&mut self, node: &str) {
        let target = self.target_of(node);
        // One that failed stays what it is until an attempt comes to its end.
        self.with(node, |machine| {
            if !machine.is_degraded() {
                machine.state = "Working";
                machine.reason.clear();
            }
        });
        if self.machine(node).is_some_and(|machine| machine.ills.unreconcilable) {
            let error = format!("can't reconcile config with {}: ignition disks section contains changes", target.config);
            self.report(node, said("UpdatePrepared", UNKNOWN, format!("Error: {error}")), None);
            return self.degrade(node, "Unreconcilable", &error);
        }
        self.objects.edit(Kind::MachineConfigNode, node, |mcn| {
            mcn["status"]["configVersion"]["desired"] = json!(target.config);
            if !target.image.is_empty() {
                mcn["status"]["configImage"]["desiredImage"] = json!(target.image);
            }
        });
        let post = self.post_of(node);
        self.report(node, said("UpdatePrepared", TRUE, format!("The way to {} is known: {post:?}", target.config)), None);
        self.next(node, if post == Post::Reboot { Task::RequestDrain } else { Task::Apply }, (2, 5));
    }

    fn request_drain(&mut self, node: &str) {
        let want = format!("drain-{}", self.target_of(node).config);
        if self.machine(node).is_some_and(|machine| machine.last_drain == want) {
            return self.next(node, Task::Apply, (1, 3));
        }
        self.with(node, |machine| machine.desired_drain = want);
        self.duty(node, Duty::Cordon, (1, 3));
    }

    fn apply(&mut self, node: &str) {
        self.event(Event::of_node(node, "OSUpdateStarted", NORMAL, "Changing the OS of the node"));
        let (name, next) = match self.options.image_mode {
            true => ("AppliedFiles", (Task::Pull, (5, 10))),
            false => ("AppliedFilesAndOS", (Task::Applied, (60, 120))),
        };
        let message = format!("Applying {} at second {}", self.target_of(node).config, self.now);
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said(name, UNKNOWN, message));
        self.next(node, next.0, next.1);
    }

    fn pull(&mut self, node: &str) {
        let image = self.target_of(node).image;
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said("AppliedFiles", TRUE, "Files are in place"));
        if self.machine(node).is_some_and(|machine| machine.ills.pull > 0) {
            self.with(node, |machine| machine.ills.pull -= 1);
            let error = format!("failed to pull image {image}: unauthorized");
            self.report_both(
                node,
                ("UpdateExecuted", UNKNOWN),
                said("ImagePulledFromRegistry", FALSE, format!("Error: {error}")),
            );
            return self.degrade(node, "Degraded", &error);
        }
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said("ImagePulledFromRegistry", UNKNOWN, format!("Pulling {image}")));
        self.next(node, Task::Stage, (30, 60));
    }

    fn stage(&mut self, node: &str) {
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said("ImagePulledFromRegistry", TRUE, "The image is on the node"));
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said("AppliedOSImage", UNKNOWN, "Staging the OS"));
        self.next(node, Task::Applied, (30, 60));
    }

    fn applied(&mut self, node: &str) {
        let name = if self.options.image_mode { "AppliedOSImage" } else { "AppliedFilesAndOS" };
        if self.machine(node).is_some_and(|machine| machine.ills.apply > 0) {
            self.with(node, |machine| machine.ills.apply -= 1);
            let error = format!("failed to update OS to {}: error running rpm-ostree rebase: exit status 1", self.os_image());
            self.report_both(node, ("UpdateExecuted", UNKNOWN), said(name, UNKNOWN, format!("Error: {error}")));
            return self.degrade(node, "Degraded", &error);
        }
        let config = self.target_of(node).config;
        self.report_both(node, ("UpdateExecuted", TRUE), said(name, TRUE, format!("{config} is in place")));
        match self.post_of(node) {
            Post::Reboot => {
                self.event(Event::of_node(node, "OSUpdateStaged", NORMAL, "Changes to the OS are staged"));
                return self.next(node, Task::Reboot, (1, 3));
            }
            Post::Reload => {
                self.event(Event::of_node(node, "ServiceReload", NORMAL, "Reloaded crio.service"));
                self.report(node, said("UpdatePostActionComplete", TRUE, "Reloaded crio.service"), None);
            }
            Post::Restart => self.event(Event::of_node(node, "ServiceRestart", NORMAL, "Restarted crio.service")),
            Post::Nothing => self.report(node, said("UpdatePostActionComplete", TRUE, "Nothing had to be done"), None),
        }
        self.next(node, Task::Resume, (1, 3));
    }

    fn reboot(&mut self, node: &str) {
        self.event(Event::of_node(node, "Reboot", NORMAL, "The node will reboot into its new config"));
        self.report(node, said("RebootedNode", UNKNOWN, "The node reboots"), None);
        if self.machine(node).is_some_and(|machine| machine.ills.reboot > 0) {
            let is_first = self.machine(node).is_some_and(|machine| machine.failed_reboots == 0);
            self.with(node, |machine| {
                machine.ills.reboot -= 1;
                machine.failed_reboots += 1;
            });
            if is_first {
                self.tell(Happening::RebootFailed { node: node.to_owned() });
            }
            let error = "reboot command failed, something is seriously wrong: exit status 1";
            self.report(node, said("RebootedNode", UNKNOWN, format!("Error: {error}")), None);
            return self.degrade(node, "Degraded", error);
        }
        let failed = self.machine(node).map_or(0, |machine| machine.failed_reboots);
        if failed > 0 {
            self.tell(Happening::RebootWorked { node: node.to_owned(), attempt: failed + 1 });
        }
        self.with(node, |machine| (machine.post_action, machine.failed_reboots) = (Some("Rebooting"), 0));
        let seconds = self.draw(&["down", node, &self.now.to_string()], (5, 10));
        self.put_off(seconds, Step::Power { node: node.to_owned(), up: false });
    }

    fn booted(&mut self, node: &str) {
        self.report(node, said("RebootedNode", TRUE, "The node has rebooted"), None);
        self.with(node, |machine| machine.post_action = Some(""));
        self.next(node, Task::Resume, (1, 2));
    }

    fn finish(&mut self, node: &str) {
        let target = self.target_of(node);
        self.report(node, said("Resumed", TRUE, format!("The node runs {}", target.config)), None);
        self.with(node, |machine| {
            machine.current = machine.desired.clone();
            machine.state = "Done";
            machine.reason.clear();
        });
        self.objects.edit(Kind::MachineConfigNode, node, |mcn| {
            mcn["status"]["configVersion"]["current"] = json!(target.config);
            if !target.image.is_empty() {
                mcn["status"]["configImage"]["currentImage"] = json!(target.image);
            }
        });
        self.clear_degraded(node);
        self.event(Event::of_node(node, "NodeDone", NORMAL, &format!("The node is done with {}", target.config)));
        self.next(node, Task::Rest, (1, 2));
    }

    fn clear_degraded(&mut self, node: &str) {
        let mcn = self.objects.get(Kind::MachineConfigNode, node);
        if mcn.is_some_and(|mcn| conditions::status_of(mcn, "NodeDegraded") == TRUE) {
            self.report(node, said("NodeDegraded", FALSE, "All is well"), None);
        }
    }

    /// It failed; unless a person is needed, the daemon tries again.
    fn degrade(&mut self, node: &str, state: &'static str, error: &str) {
        let error = format!("Node {node} is reporting: \"{error}\"");
        self.with(node, |machine| (machine.state, machine.reason) = (state, error.clone()));
        self.report(node, said("NodeDegraded", TRUE, error), None);
        if let Some(update) = self.truth.open(node) {
            update.errors += 1;
        }
        if state == "Degraded" {
            self.next(node, Task::Begin, RETRY);
        }
    }

    /// The daemon finds that a file is not what the config says.
    pub(super) fn drift(&mut self, node: &str) {
        let Some(machine) = self.machine(node).filter(|machine| !machine.is_behind()) else { return };
        let config = &machine.current.config;
        let error =
            format!("unexpected on-disk state validating against {config}: content mismatch for file \"/etc/chrony.conf\"");
        self.event(Event::of_node(node, "ConfigDriftDetected", WARNING, &error));
        self.with(node, |machine| {
            machine.ills.drifted = true;
            (machine.state, machine.reason) = ("Degraded", error.clone());
        });
        self.report(node, said("NodeDegraded", TRUE, error), None);
    }

    /// Whatever was wrong with a node is not any more.
    pub(super) fn mend(&mut self, node: &str) {
        let Some(machine) = self.machines.get_mut(node) else { return };
        let ills = std::mem::take(&mut machine.ills);
        if ills.drifted {
            self.with(node, |machine| {
                machine.state = "Done";
                machine.reason.clear();
            });
            self.clear_degraded(node);
            self.next(node, Task::Rest, (1, 2));
        } else if ills.unreconcilable {
            self.next(node, Task::Begin, (1, 3));
        }
    }

    /// A daemon that starts again says Resumed, which takes Updated away for a moment.
    pub(super) fn restart_daemon(&mut self, node: &str) {
        let Some(is_behind) = self.machine(node).map(|machine| machine.is_behind() || machine.is_degraded()) else { return };
        let was_silent = self.machines.get_mut(node).is_some_and(|machine| std::mem::take(&mut machine.is_silenced));
        if let Some(config) = self.machine(node).filter(|_| was_silent).map(|machine| machine.current.config.clone()) {
            self.tell(Happening::DaemonBack { node: node.to_owned(), config });
        }
        self.report(node, said("Resumed", TRUE, format!("The daemon started in second {}", self.now)), None);
        if !is_behind {
            self.next(node, Task::Rest, (2, 5));
        }
    }
}
