//! Pools: the render controller gives them targets, the node controller points their nodes there, a few at a time, and
//! counts. Knows machines by what their Nodes say.

use super::{
    Cluster, Happening, PoolOptions, Random, Step,
    action::Post,
    conditions::{self, FALSE, TRUE, said},
    events::Event,
    machines::{Machine, Target},
    objects::generation,
    truth::{Cause, Outcome, Rollout},
};
use pointsman_watch::Kind;
use serde_json::{Value, json};

/// The node controller waits so many seconds for more to happen before it looks.
const SYNC: u64 = 5;

/// A pool.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pub(super) name: String,
    max_unavailable: Value,
    paused_since: Option<String>,
    /// What its nodes should run.
    pub(super) target: Target,
    /// What all of them did run, last.
    reached: Target,
    /// What they ran before that.
    pub(super) older: Target,
    configs: u64,
    next_post: Post,
    is_broken: bool,
    is_asked: bool,
    pub(super) pinned: Vec<String>,
    pub(super) pin_failures: Vec<String>,
    /// Whether it wants images of its own.
    pub(super) is_layered: bool,
    pub(super) build: Option<super::builds::Build>,
    pub(super) builds: u64,
    pub(super) failing_builds: u64,
    /// What is said of its image builds: status and reason.
    pub(super) build_state: Option<(&'static str, &'static str)>,
}

/// What the node controller counts.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    machines: usize,
    updated: usize,
    ready: usize,
    unavailable: usize,
    degraded: usize,
}

impl Pool {
    pub(super) fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    fn max_unavailable(&self, machines: usize) -> usize {
        let percent = self.max_unavailable.as_str().and_then(|text| text.strip_suffix('%')?.parse::<usize>().ok());
        match percent {
            Some(percent) => (machines * percent / 100).max(1),
            None => self.max_unavailable.as_u64().and_then(|max| usize::try_from(max).ok()).unwrap_or(1),
        }
    }

    fn sources(&self) -> Vec<String> {
        let name = &self.name;
        let role = if name == "master" { "master" } else { "worker" };
        let mut sources = vec![format!("00-{role}"), format!("01-{role}-container-runtime"), format!("01-{role}-kubelet")];
        if self.configs > 1 {
            sources.push(format!("99-{name}-user"));
        }
        sources
    }

    fn configuration(&self, target: &Target) -> Value {
        let source =
            |name: String| json!({"apiVersion": "machineconfiguration.openshift.io/v1", "kind": "MachineConfig", "name": name});
        json!({"name": target.config, "source": self.sources().into_iter().map(source).collect::<Vec<_>>()})
    }

    /// Writes what users and the render controller say of it.
    fn show_spec(&self, object: &mut Value) {
        object["spec"]["paused"] = json!(self.is_paused());
        object["spec"]["configuration"] = self.configuration(&self.target);
        object["spec"]["pinnedImageSets"] = self.pinned.iter().map(|name| json!({"name": name})).collect();
        let fields = |since: &String| {
            json!([{"manager": "kubectl-patch", "operation": "Update", "apiVersion": "machineconfiguration.openshift.io/v1",
                "time": since, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:paused": {}}}}])
        };
        object["metadata"]["managedFields"] = self.paused_since.as_ref().map_or(json!([]), fields);
    }
}

impl Counts {
    fn of(members: &[&Machine], target: &Target) -> Self {
        let mut counts = Self { machines: members.len(), ..Self::default() };
        for machine in members {
            let (updated, unavailable) = (machine.is_updated(target), machine.is_unavailable());
            counts.updated += usize::from(updated);
            counts.ready += usize::from(updated && !unavailable);
            counts.unavailable += usize::from(unavailable);
            counts.degraded += usize::from(machine.is_degraded());
        }
        counts
    }

    fn is_done(self) -> bool {
        self.updated == self.machines && self.ready == self.machines
    }
}

impl Cluster {
    /// A pool that has its first rendered config.
    pub(super) fn create_pool(&mut self, options: &PoolOptions) {
        let name = &options.name;
        let max = options.max_unavailable.parse::<u64>().map_or_else(|_| json!(options.max_unavailable), Value::from);
        let mut pool = Pool { name: name.clone(), max_unavailable: max.clone(), ..Pool::default() };
        if let Some(seconds) = options.paused_for {
            pool.paused_since = Some(self.objects.stamp_at(-i64::try_from(seconds).unwrap_or(i64::MAX)));
            self.tell(Happening::PoolPaused { pool: name.clone(), seconds });
        }
        pool.configs = 1;
        pool.older.config = self.config_name(name, 0);
        let mut labels = json!({format!("pools.operator.machineconfiguration.openshift.io/{name}"): ""});
        if name == "master" {
            labels["operator.machineconfiguration.openshift.io/required-for-upgrade"] = json!("");
        }
        let role = "machineconfiguration.openshift.io/role";
        let selector = if matches!(name.as_str(), "master" | "worker") {
            json!({"matchLabels": {role: name}})
        } else {
            json!({"matchExpressions": [{"key": role, "operator": "In", "values": ["worker", name]}]})
        };
        let spec = json!({
            "maxUnavailable": max, "machineConfigSelector": selector,
            "nodeSelector": {"matchLabels": {format!("node-role.kubernetes.io/{name}"): ""}},
        });
        let parts = json!({"metadata": {"labels": labels}, "spec": spec, "status": {}});
        self.objects.create(Kind::MachineConfigPool, name, parts);
        for source in pool.sources() {
            if self.objects.get(Kind::MachineConfig, &source).is_none() {
                self.create_source(&source, name, true);
            }
        }
        pool.target.config = self.config_name(name, 1);
        let config = pool.target.config.clone();
        self.pools.insert(name.clone(), pool);
        self.create_rendered(name, &config);
        self.with_pool(name, |_| ());
    }

    fn config_name(&self, pool: &str, number: u64) -> String {
        format!("rendered-{pool}-{}", Random::of(self.options.seed, &["config", pool, &number.to_string()]).hash())
    }

    fn create_source(&mut self, name: &str, role: &str, is_generated: bool) {
        let mut metadata = json!({"labels": {"machineconfiguration.openshift.io/role": role}});
        if is_generated {
            let key = "machineconfiguration.openshift.io/generated-by-controller-version";
            metadata["annotations"] = json!({key: self.version()});
        }
        let config = json!({"ignition": {"version": "3.5.0"}});
        self.objects.create(Kind::MachineConfig, name, json!({"metadata": metadata, "spec": {"config": config}}));
    }

    fn create_rendered(&mut self, pool: &str, name: &str) {
        let uid = self.objects.get(Kind::MachineConfigPool, pool).map(|object| object["metadata"]["uid"].clone());
        let (version, image) = (self.version(), self.os_image());
        let metadata = json!({
            "annotations": {
                "machineconfiguration.openshift.io/generated-by-controller-version": version,
                "machineconfiguration.openshift.io/release-image-version": version,
            },
            "ownerReferences": [{"apiVersion": "machineconfiguration.openshift.io/v1", "kind": "MachineConfigPool", "name": pool,
                "uid": uid, "controller": true, "blockOwnerDeletion": true}],
        });
        let files = json!([{"path": "/etc/chrony.conf", "mode": 420, "contents": {"source": format!("data:,{name}")}}]);
        let spec = json!({
            "osImageURL": image, "kernelType": "default", "fips": false, "kernelArguments": [], "extensions": [],
            "config": {"ignition": {"version": "3.5.0"}, "storage": {"files": files}},
        });
        self.objects.create(Kind::MachineConfig, name, json!({"metadata": metadata, "spec": spec}));
    }

    /// Changes a pool, writes what shows of its spec, and has it looked at.
    pub(super) fn with_pool(&mut self, name: &str, change: impl FnOnce(&mut Pool)) {
        let Some(pool) = self.pools.get_mut(name) else { return };
        change(pool);
        let pool = &*pool;
        self.objects.edit(Kind::MachineConfigPool, name, |object| pool.show_spec(object));
        self.ask_sync(name);
    }

    /// The node controller looks at a pool soon: once, however often it is asked.
    pub(super) fn ask_sync(&mut self, name: &str) {
        let Some(pool) = self.pools.get_mut(name) else { return };
        if !std::mem::replace(&mut pool.is_asked, true) {
            self.put_off(SYNC, Step::Sync(name.to_owned()));
        }
    }

    pub(super) fn pause(&mut self, name: &str, is_paused: bool) {
        let since = is_paused.then(|| self.objects.stamp());
        let was_paused = self.pools.get(name).is_some_and(Pool::is_paused);
        self.with_pool(name, |pool| pool.paused_since = since);
        match (was_paused, is_paused) {
            (false, true) => self.tell(Happening::PoolPaused { pool: name.to_owned(), seconds: 0 }),
            (true, false) => self.tell(Happening::PoolResumed { pool: name.to_owned() }),
            _ => {}
        }
        if !is_paused {
            let nodes: Vec<String> = self.members(name).iter().map(|machine| machine.name.clone()).collect();
            nodes.into_iter().for_each(|node| self.put_off(2, Step::Certificates(node)));
        }
    }

    /// A user's MachineConfig for this pool is new, or changes.
    pub(super) fn new_target(&mut self, name: &str, post: Post) {
        let Some(pool) = self.pools.get_mut(name) else { return };
        pool.configs += 1;
        pool.next_post = post;
        let (number, source) = (pool.configs, format!("99-{name}-user"));
        if self.objects.get(Kind::MachineConfig, &source).is_none() {
            self.create_source(&source, name, false);
        } else {
            let contents = json!({"source": format!("data:,{number}")});
            let files = json!([{"path": "/etc/chrony.conf", "mode": 420, "contents": contents}]);
            self.objects.edit(Kind::MachineConfig, &source, |object| object["spec"]["config"]["storage"]["files"] = files);
        }
        self.put_off(5, Step::Render(name.to_owned()));
    }

    pub(super) fn break_render(&mut self, name: &str) {
        self.with_pool(name, |pool| pool.is_broken = true);
        self.new_target(name, Post::Reboot);
    }

    pub(super) fn mend_render(&mut self, name: &str) {
        self.with_pool(name, |pool| pool.is_broken = false);
        self.new_target(name, Post::Reboot);
    }

    /// The render controller makes a new config of all that is there, if it can.
    pub(super) fn render(&mut self, name: &str) {
        let Some(pool) = self.pools.get(name) else { return };
        let (is_broken, number, post) = (pool.is_broken, pool.configs, pool.next_post);
        let now = self.objects.stamp();
        let (status, message) = if is_broken {
            (TRUE, format!("Failed to render configuration for pool {name}: parsing Ignition config failed: invalid version"))
        } else {
            (FALSE, String::new())
        };
        let said = said("RenderDegraded", status, message);
        let object = self.objects.get(Kind::MachineConfigPool, name);
        match (object.is_some_and(|object| conditions::status_of(object, "RenderDegraded") == TRUE), is_broken) {
            (false, true) => self.tell(Happening::RenderFailed { pool: name.to_owned() }),
            (true, false) => self.tell(Happening::RenderMended { pool: name.to_owned() }),
            _ => {}
        }
        self.objects.edit(Kind::MachineConfigPool, name, |object| conditions::set(object, &said, "", &now));
        self.ask_sync(name);
        let config = self.config_name(name, number);
        if is_broken || self.objects.get(Kind::MachineConfig, &config).is_some() {
            return;
        }
        self.create_rendered(name, &config);
        self.event(Event::of_pool(name, "RenderedConfigGenerated", &format!("{config} successfully generated")));
        self.posts.insert(config.clone(), post);
        self.with_pool(name, |pool| {
            pool.older = pool.target.clone();
            pool.target.config.clone_from(&config);
        });
        if self.pools.get(name).is_some_and(Pool::is_paused) {
            self.tell(Happening::UpdateWaits { pool: name.to_owned(), to: config });
        }
        self.start_build(name);
    }

    /// The node controller looks at a pool: points nodes at the target, then counts and says so.
    pub(super) fn sync(&mut self, name: &str) {
        let Some(pool) = self.pools.get_mut(name) else { return };
        pool.is_asked = false;
        let (target, is_held) = (pool.target.clone(), pool.is_paused() || pool.build.is_some());
        if !is_held {
            for node in self.candidates(name, &target) {
                self.mark(&node, &target);
            }
        }
        let members = self.members(name);
        let counts = Counts::of(&members, &target);
        let errors = members.iter().filter(|machine| machine.is_degraded()).map(|machine| machine.reason.clone());
        let errors: Vec<String> = errors.collect();
        let is_pending = members.iter().any(|machine| machine.current != target);
        self.track(name, counts, is_pending);
        self.say_status(name, counts, &errors);
    }

    /// Which nodes may be pointed at the target now.
    fn candidates(&self, name: &str, target: &Target) -> Vec<String> {
        let Some(pool) = self.pools.get(name) else { return Vec::new() };
        let members = self.members(name);
        let away = members.iter().filter(|machine| machine.is_unavailable()).count();
        let failing = members.iter().filter(|machine| machine.is_degraded() && machine.desired == *target).count();
        let capacity = pool.max_unavailable(members.len()).saturating_sub(away + failing);
        let is_free = |machine: &&&Machine| {
            machine.desired != *target && machine.is_ready && !machine.is_cordoned && !machine.state.is_empty()
        };
        members.iter().filter(is_free).take(capacity).map(|machine| machine.name.clone()).collect()
    }

    /// Notes when rollouts begin and end.
    fn track(&mut self, name: &str, counts: Counts, is_pending: bool) {
        let Some(pool) = self.pools.get_mut(name) else { return };
        let (target, reached) = (pool.target.clone(), pool.reached.clone());
        if counts.is_done() {
            pool.reached = target.clone();
        }
        let is_same = self.truth.open_rollout(name).map(|open| open.target == target.config);
        if is_same == Some(false) {
            self.truth.end_rollout(name, Outcome::Superseded, self.now);
        }
        if counts.is_done() {
            if let Some(start) = self.truth.open_rollout(name).map(|open| open.start) {
                self.truth.end_rollout(name, Outcome::Completed, self.now);
                self.tell(Happening::RolloutEnded { pool: name.to_owned(), nodes: counts.machines, start });
            }
        } else if is_same != Some(true) && is_pending && !self.pools.get(name).is_some_and(Pool::is_paused) {
            let cause = match () {
                () if target.config != reached.config => Cause::Config,
                () if target.image != reached.image => Cause::Image,
                () => Cause::Membership,
            };
            let (pool, to) = (name.to_owned(), target.config.clone());
            self.tell(Happening::RolloutStarted { pool: pool.clone(), from: reached.config, to: to.clone() });
            self.truth.rollouts.push(Rollout { pool, target: to, cause, start: self.now, end: None, outcome: None });
        }
    }

    fn say_status(&mut self, name: &str, counts: Counts, errors: &[String]) {
        let Some(pool) = self.pools.get(name) else { return };
        let (now, expiry) = (self.objects.stamp(), self.bundle_expiry());
        self.objects.edit(Kind::MachineConfigPool, name, |object| {
            let is_done = counts.is_done() && pool.build.is_none();
            let status = &mut object["status"];
            status["machineCount"] = json!(counts.machines);
            status["updatedMachineCount"] = json!(counts.updated);
            status["readyMachineCount"] = json!(counts.ready);
            status["unavailableMachineCount"] = json!(counts.unavailable);
            status["degradedMachineCount"] = json!(counts.degraded);
            status["certExpirys"] =
                json!([{"bundle": "KubeAPIServerServingCAData", "subject": "CN=kube-apiserver", "expiry": expiry}]);
            if is_done {
                status["configuration"] = pool.configuration(&pool.target);
            }
            pool.show_synchronizers(status, counts.machines);
            pool.say_conditions(object, is_done, (counts.degraded, errors), &now);
            object["status"]["observedGeneration"] = json!(generation(object));
        });
        self.say_upgradeable();
    }
}

impl Pool {
    fn say_conditions(&self, object: &mut Value, is_done: bool, (degraded, errors): (usize, &[String]), now: &str) {
        let config = &self.target.config;
        let (is_building, has_failed) = self.build.as_ref().map_or((false, false), |build| (!build.has_failed, build.has_failed));
        let is_updating = !is_done && (!self.is_paused() || is_building) && !has_failed;
        let done = if is_done { format!("All nodes are updated with {config}") } else { String::new() };
        let updating = if is_updating { format!("All nodes are updating to {config}") } else { String::new() };
        conditions::set(object, &said("Updated", of(is_done), done), "", now);
        conditions::set(object, &said("Updating", of(is_updating), updating), "", now);
        let reason =
            if degraded == 0 { String::new() } else { format!("{degraded} nodes are reporting degraded status on sync") };
        conditions::set(object, &said("NodeDegraded", of(degraded > 0), errors.join(", ")), &reason, now);
        if conditions::status_of(object, "RenderDegraded") == FALSE {
            conditions::set(object, &said("RenderDegraded", FALSE, ""), "", now);
        }
        let pins = self.pin_failures.join(", ");
        conditions::set(object, &said("PinnedImageSetsDegraded", of(!pins.is_empty()), pins), "", now);
        if let Some((status, reason)) = self.build_state {
            conditions::set(object, &said("ImageBuildDegraded", status, ""), reason, now);
        }
        let parts = ["NodeDegraded", "RenderDegraded", "ImageBuildDegraded", "PinnedImageSetsDegraded"];
        let is_degraded = parts.iter().any(|part| conditions::status_of(object, part) == TRUE);
        conditions::set(object, &said("Degraded", of(is_degraded), ""), "", now);
    }

    fn show_synchronizers(&self, status: &mut Value, machines: usize) {
        if !self.pinned.is_empty() {
            let failed = self.pin_failures.len();
            status["poolSynchronizersStatus"] = json!([{
                "poolSynchronizerType": "PinnedImageSets", "machineCount": machines, "updatedMachineCount": machines - failed.min(machines),
                "readyMachineCount": machines - failed.min(machines), "availableMachineCount": machines,
                "unavailableMachineCount": failed, "observedGeneration": 1,
            }]);
        }
    }
}

/// A status that says yes or no.
pub(super) fn of(holds: bool) -> &'static str {
    if holds { TRUE } else { FALSE }
}
