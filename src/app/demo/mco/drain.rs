//! The drain controller: cordons, drains and uncordons nodes whose daemons ask for it, and remembers since when.
//! Knows budgets only as a drain that is blocked.

use super::{
    Cluster, Happening, Second, Step,
    conditions::{TRUE, UNKNOWN, said},
    daemon::Task,
    events::{Event, NORMAL, WARNING},
};

/// What the drain controller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    Cordon,
    Start,
    Attempt,
    Uncordon,
}

/// The tiers that people are told of, in seconds.
const TIERS: [Second; 2] = [600, 3600];

impl Cluster {
    /// The drain controller does what it was to do, unless that was overtaken.
    pub(super) fn drain(&mut self, node: &str, round: u64, duty: Duty) {
        if self.machine(node).is_none_or(|machine| machine.round != round) {
            return;
        }
        match duty {
            Duty::Cordon => {
                self.event(Event::of_node(node, "Cordon", NORMAL, "Cordoned node to apply update"));
                self.with(node, |machine| machine.is_cordoned = true);
                self.report_both(node, ("UpdateExecuted", UNKNOWN), said("Cordoned", TRUE, "Cordoned the node"));
                self.duty(node, Duty::Start, (1, 2));
            }
            Duty::Start => {
                let since = self.now;
                self.event(Event::of_node(node, "Drain", NORMAL, "Draining node to update config"));
                self.with(node, |machine| (machine.drain_since, machine.drain_tier) = (Some(since), 0));
                self.report_both(node, ("UpdateExecuted", UNKNOWN), said("Drained", UNKNOWN, "Draining the node"));
                self.duty(node, Duty::Attempt, (40, 90));
            }
            Duty::Attempt if self.machine(node).is_some_and(|machine| machine.ills.blocked) => self.blocked(node),
            Duty::Attempt => self.drained(node),
            Duty::Uncordon => {
                self.with(node, |machine| {
                    machine.is_cordoned = false;
                    machine.last_drain.clone_from(&machine.desired_drain);
                });
                self.event(Event::of_node(node, "Uncordon", NORMAL, "Update completed, uncordoned the node"));
                self.report_both(node, ("UpdateComplete", TRUE), said("Uncordoned", TRUE, "Uncordoned the node"));
                self.next(node, Task::Finish, (1, 3));
            }
        }
    }

    /// What the drain controller does after so many seconds.
    pub(super) fn duty(&mut self, node: &str, duty: Duty, seconds: (Second, Second)) {
        let Some(machine) = self.machine(node) else { return };
        let (round, words) = (machine.round, [node, &machine.desired.config, &format!("{duty:?} {}", self.now)]);
        let seconds = self.draw(&words, seconds);
        self.put_off(seconds, Step::Drain { node: node.to_owned(), round, duty });
    }

    /// An attempt that a budget held up: said again with each attempt, and more rarely as time goes by.
    fn blocked(&mut self, node: &str) {
        let Some(machine) = self.machine(node) else { return };
        let (tier, waited) = (machine.drain_tier, self.now - machine.drain_since.unwrap_or(self.now));
        let is_first = self.truth.open(node).is_none_or(|update| update.drain_retries == 0);
        let error = format!(
            "error when evicting pods/\"cart-0\" -n \"shop\": Cannot evict pod as it would violate the pod's disruption budget; \
             {waited} s so far"
        );
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said("Drained", UNKNOWN, format!("Drain failed. Error: {error}")));
        self.event(Event::of_node(node, "FailedToDrain", WARNING, "failed to drain node, will retry"));
        if let Some(update) = self.truth.open(node) {
            update.drain_retries += 1;
        }
        if is_first {
            self.tell(Happening::DrainBlocked { node: node.to_owned() });
        }
        let passed = TIERS.iter().filter(|limit| waited >= **limit).count() as u64;
        if passed > tier {
            let (reason, minutes) = if passed == 1 { ("DrainThresholdExceeded", 10) } else { ("DrainFailed", 60) };
            let message = format!("Drain is not done after {minutes} minutes: {error}");
            self.event(Event::of_node(node, reason, WARNING, &message));
            self.tell(Happening::DrainTier { node: node.to_owned(), minutes });
        }
        self.with(node, |machine| machine.drain_tier = passed);
        let pause = if waited < TIERS[0] { 60 } else { 300 };
        self.duty(node, Duty::Attempt, (pause, pause));
    }

    fn drained(&mut self, node: &str) {
        self.report_both(node, ("UpdateExecuted", UNKNOWN), said("Drained", TRUE, "Drained the node"));
        self.with(node, |machine| {
            machine.last_drain.clone_from(&machine.desired_drain);
            (machine.drain_since, machine.drain_tier) = (None, 0);
        });
        if self.truth.open(node).is_some_and(|update| update.drain_retries > 0) {
            self.tell(Happening::DrainFreed { node: node.to_owned() });
        }
        self.next(node, Task::Apply, (1, 3));
    }

    /// A new leader knows nothing of drains under way: it cordons again, and its clocks begin anew.
    pub(super) fn forget_drains(&mut self) {
        let draining = self.machines.values().filter(|machine| machine.drain_since.is_some());
        let draining: Vec<String> = draining.map(|machine| machine.name.clone()).collect();
        for node in draining {
            self.with(&node, |machine| machine.round += 1);
            self.duty(&node, Duty::Cordon, (1, 3));
        }
    }
}
