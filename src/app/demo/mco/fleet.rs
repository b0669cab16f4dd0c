//! Nodes that come, move and go, and the cluster as it is at the start.
//! Knows which objects there are for a node; not how it is updated.

use super::{
    Action, Cluster, Options, PoolOptions, Step,
    conditions::{self, TRUE, said},
    daemon::Task,
    machines::{Machine, Target},
    truth::Outcome,
};
use pointsman_watch::Kind;
use serde_json::json;

/// Seconds a new node takes until it is ready.
const JOIN: (u64, u64) = (30, 60);

impl Cluster {
    /// Everything that is there before the simulation begins.
    pub(super) fn found(&mut self) {
        self.found_settings();
        let Options { pools, .. } = self.options.clone();
        for pool in &pools {
            self.create_pool(pool);
        }
        for pool in &pools {
            for n in 0..pool.nodes {
                self.found_node(&format!("{}-{n}", pool.name), &pool.name);
            }
        }
        for pool in &pools {
            self.sync(&pool.name);
        }
        self.put_off(26, Step::Leases);
    }

    fn found_node(&mut self, name: &str, pool: &str) {
        let target = self.pools.get(pool).map(|pool| pool.target.clone()).unwrap_or_default();
        self.add_machine(name, pool, target);
        self.create_mcn(name);
        self.with(name, |machine| (machine.is_ready, machine.state) = (true, "Done"));
        self.at_rest(name);
        if pool == "master" {
            self.create_server(name);
        }
    }

    fn add_machine(&mut self, name: &str, pool: &str, runs: Target) {
        let mut roles = vec![pool.to_owned()];
        if !matches!(pool, "master" | "worker") {
            roles.push("worker".to_owned());
        }
        self.born += 1;
        let machine = Machine {
            name: name.to_owned(),
            order: self.born,
            roles: roles.into_iter().collect(),
            current: runs.clone(),
            desired: runs,
            version: self.version(),
            synced: self.controller_config_version(),
            ..Machine::default()
        };
        self.machines.insert(name.to_owned(), machine);
        self.place(name);
        let labels = json!({});
        self.objects.create(Kind::Node, name, json!({"metadata": {"labels": labels}, "spec": {}, "status": {}}));
        self.show(name);
    }

    /// The operator makes the MachineConfigNode of a node.
    pub(super) fn create_mcn(&mut self, name: &str) {
        let Some(machine) = self.machine(name) else { return };
        let (desired, current) = (machine.desired.clone(), machine.current.clone());
        let uid = self.objects.get(Kind::Node, name).map(|node| node["metadata"]["uid"].clone());
        let mut parts = json!({
            "metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}]},
            "spec": {"node": {"name": name}, "pool": {"name": machine.pool}, "configVersion": {"desired": desired.config}},
            "status": {"observedGeneration": 2, "configVersion": {"current": current.config, "desired": desired.config}},
        });
        conditions::initial(&mut parts, self.options.image_mode, &self.objects.stamp());
        self.objects.create(Kind::MachineConfigNode, name, parts);
    }

    /// The daemon says that the node runs what it should.
    pub(super) fn at_rest(&mut self, name: &str) {
        let config = self.machine(name).map(|machine| machine.current.config.clone()).unwrap_or_default();
        self.report(name, said("Updated", TRUE, format!("The node runs {config}")), None);
    }

    /// Where its labels put a node, as the operator decides it: master, the one custom pool, worker.
    pub(super) fn place(&mut self, name: &str) {
        let Some(machine) = self.machines.get_mut(name) else { return };
        let customs = machine.roles.iter().filter(|role| !matches!(role.as_str(), "master" | "worker"));
        let customs: Vec<_> = customs.filter(|role| self.pools.contains_key(*role)).collect();
        let pool = match customs.as_slice() {
            _ if customs.len() > 1 => None,
            _ if machine.roles.contains("master") => Some("master".to_owned()),
            [custom] => Some((*custom).clone()),
            _ => Some("worker".to_owned()),
        };
        let (order, before) = (machine.order, std::mem::replace(&mut machine.pool, pool.clone()));
        self.leave(before.as_deref(), order);
        if let Some(pool) = pool {
            self.members.entry(pool).or_default().insert(order, name.to_owned());
        }
    }

    /// A pool has a node less.
    fn leave(&mut self, pool: Option<&str>, order: u64) {
        if let Some(members) = pool.and_then(|pool| self.members.get_mut(pool)) {
            members.remove(&order);
        }
    }

    /// A new node of a pool.
    pub(super) fn join(&mut self, name: &str, pool: &str, is_behind: bool) {
        let Some(there) = self.pools.get(pool) else { return };
        let runs = if is_behind { there.older.clone() } else { there.target.clone() };
        self.add_machine(name, pool, runs);
        self.create_mcn(name);
        let up = self.draw(&["join", name], JOIN);
        self.put_off(up, Step::Power { node: name.to_owned(), up: true });
        self.ask_sync(pool);
    }

    /// A role's label comes or goes; both pools look at it.
    pub(super) fn label(&mut self, name: &str, role: &str, is_on: bool) {
        let Some(machine) = self.machines.get_mut(name) else { return };
        if is_on {
            machine.roles.insert(role.to_owned())
        } else {
            machine.roles.remove(role)
        };
        self.moved(name);
    }

    /// The pools of a node are other ones now, perhaps.
    pub(super) fn moved(&mut self, name: &str) {
        let pool_of = |cluster: &Self| cluster.machine(name).and_then(|machine| machine.pool.clone());
        let before = pool_of(self);
        self.place(name);
        self.show(name);
        let after = pool_of(self);
        if let Some(pool) = &after {
            self.objects.edit(Kind::MachineConfigNode, name, |mcn| mcn["spec"]["pool"]["name"] = json!(pool));
        }
        before.iter().chain(&after).for_each(|pool| self.ask_sync(pool));
    }

    pub(super) fn delete_node(&mut self, name: &str) {
        let Some(machine) = self.machines.remove(name) else { return };
        self.leave(machine.pool.as_deref(), machine.order);
        let outcome = if machine.is_degraded() { Outcome::Failed } else { Outcome::Aborted };
        self.truth.end_update(name, outcome, self.now);
        self.objects.delete(Kind::Node, name);
        self.put_off(1, Step::Forget(Kind::MachineConfigNode, name.to_owned()));
        self.put_off(2, Step::Forget(Kind::Pod, server_of(name)));
        machine.pool.into_iter().for_each(|pool| self.ask_sync(&pool));
    }

    fn create_server(&mut self, node: &str) {
        let parts = json!({
            "metadata": {"labels": {"k8s-app": "machine-config-server"}},
            "spec": {"nodeName": node, "hostNetwork": true,
                "containers": [{"name": "machine-config-server", "image": "quay.io/example/machine-config-operator:4.22"}]},
            "status": {"phase": "Running"},
        });
        self.objects.create(Kind::Pod, &server_of(node), parts);
        self.server(node, true);
    }

    /// The machine-config-server of a node is ready, or not.
    pub(super) fn server(&mut self, node: &str, is_ready: bool) {
        let now = self.objects.stamp();
        self.objects.edit(Kind::Pod, &server_of(node), |pod| {
            let status = if is_ready { TRUE } else { conditions::FALSE };
            conditions::set(pod, &said("Ready", status, ""), "", &now);
            pod["status"]["containerStatuses"] = json!([{
                "name": "machine-config-server", "ready": is_ready, "restartCount": 0, "imageID": "",
                "image": "quay.io/example/machine-config-operator:4.22",
            }]);
        });
    }

    /// The power of a machine goes or comes back: a new boot id.
    pub(super) fn power(&mut self, name: &str, up: bool) {
        let Some(machine) = self.machine(name) else { return };
        let (is_asked, is_new, slow) = (machine.post_action == Some("Rebooting"), machine.state.is_empty(), machine.ills.slow);
        if machine.roles.contains("master") {
            self.server(name, up);
        }
        if !up {
            let boot = self.draw(&["boot", name, &self.now.to_string()], (100, 170)) + slow;
            self.with(name, |machine| (machine.is_ready, machine.ills.slow) = (false, 0));
            self.put_off(boot, Step::Power { node: name.to_owned(), up: true });
            return;
        }
        let version = self.version();
        self.with(name, |machine| {
            machine.is_ready = true;
            if is_new {
                machine.state = "Done";
            } else {
                machine.boots += 1;
                machine.version = version;
            }
        });
        let pool = self.machine(name).and_then(|machine| machine.pool.clone()).unwrap_or_default();
        match (is_new, is_asked) {
            (true, _) => self.restart_daemon(name),
            (false, true) => {
                *self.truth.reboots.entry((pool, true)).or_default() += 1;
                self.next(name, Task::Booted, (5, 10));
            }
            (false, false) => {
                *self.truth.reboots.entry((pool, false)).or_default() += 1;
                self.restart_daemon(name);
            }
        }
    }

    /// It boots without being asked to; its daemon does nothing meanwhile.
    pub(super) fn crash(&mut self, name: &str) {
        let until = self.now + 180;
        self.with(name, |machine| machine.silent_until = until);
        self.put_off(0, Step::Power { node: name.to_owned(), up: false });
    }

    /// A pool comes to be while the cluster runs.
    pub(super) fn add_pool(&mut self, pool: &PoolOptions) {
        self.create_pool(pool);
        let nodes: Vec<String> = self.machines.keys().cloned().collect();
        nodes.iter().for_each(|node| self.moved(node));
        for n in 0..pool.nodes {
            self.act(Action::Join { node: format!("{}-{n}", pool.name), pool: pool.name.clone(), is_behind: false });
        }
        self.ask_sync(&pool.name);
    }

    pub(super) fn delete_pool(&mut self, name: &str) {
        self.pools.remove(name);
        self.objects.delete(Kind::MachineConfigPool, name);
        self.truth.end_rollout(name, Outcome::Aborted, self.now);
        let nodes: Vec<String> = self.members(name).iter().map(|machine| machine.name.clone()).collect();
        nodes.iter().for_each(|node| self.moved(node));
    }
}

/// The name of a master's machine-config-server pod.
fn server_of(node: &str) -> String {
    format!("machine-config-server-{node}")
}
