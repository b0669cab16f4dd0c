//! Image mode: a pool wants an OS image of its own, which is built anew for each of its configs.
//! Knows MachineOSConfig, MachineOSBuild and Job; what nodes do with the image is the daemon's affair.

use super::{
    Cluster, Random, Second, Step,
    conditions::{self, FALSE, TRUE, said},
};
use pointsman_watch::Kind;
use serde_json::{Value, json};

/// A build under way.
#[derive(Clone, Debug)]
pub(super) struct Build {
    name: String,
    config: String,
    /// It failed, and the pool waits for another one.
    pub(super) has_failed: bool,
}

/// What the builder does next.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Of the build with this name.
    Prepared(String),
    Building(String),
    Ended(String),
}

const STATES: [&str; 5] = ["Prepared", "Building", "Failed", "Interrupted", "Succeeded"];

impl Cluster {
    /// The pool wants images of its own from now on.
    pub(super) fn layer(&mut self, pool: &str) {
        let spec = json!({
            "machineConfigPool": {"name": pool}, "imageBuilder": {"imageBuilderType": "Job"},
            "renderedImagePushSpec": format!("quay.io/example/{pool}-os:latest"), "renderedImagePushSecret": {"name": "push"},
        });
        self.objects.create(Kind::MachineOSConfig, pool, json!({"spec": spec, "status": {"observedGeneration": 1}}));
        self.with_pool(pool, |pool| pool.is_layered = true);
        self.start_build(pool);
    }

    /// Begins a build for the pool's config, if it wants one; a build under way for another config is broken off.
    pub(super) fn start_build(&mut self, name: &str) {
        let Some(pool) = self.pools.get(name).filter(|pool| pool.is_layered) else { return };
        let (config, number) = (pool.target.config.clone(), pool.builds + 1);
        let old = pool.build.as_ref().filter(|build| !build.has_failed);
        if let Some(old) = old.map(|build| build.name.clone()) {
            self.say_build(&old, "Interrupted", "");
            self.objects.delete(Kind::Job, &format!("build-{old}"));
        }
        let hash = Random::of(self.options.seed, &["build", name, &number.to_string()]).hash();
        let build = format!("{name}-{hash}");
        let spec = json!({
            "machineConfig": {"name": config}, "machineOSConfig": {"name": name},
            "renderedImagePushSpec": format!("quay.io/example/{name}-os:{hash}"),
        });
        let job = json!({"imageBuilderType": "Job", "job": {
            "name": format!("build-{build}"), "namespace": "openshift-machine-config-operator", "group": "batch", "resource": "jobs"}});
        let status = json!({"builder": job, "buildStart": self.objects.stamp()});
        self.objects.create(Kind::MachineOSBuild, &build, json!({"spec": spec, "status": status}));
        self.objects.edit(Kind::MachineOSConfig, name, |object| object["status"]["machineOSBuild"] = json!({"name": build}));
        self.with_pool(name, |pool| {
            pool.builds = number;
            pool.build = Some(Build { name: build.clone(), config, has_failed: false });
            pool.build_state = Some((FALSE, "BuildPending"));
        });
        self.later(name, (3, 6), Stage::Prepared(build));
    }

    fn later(&mut self, pool: &str, seconds: (Second, Second), stage: Stage) {
        let seconds = self.draw(&["build", pool, &self.now.to_string()], seconds);
        self.put_off(seconds, Step::Build { pool: pool.to_owned(), stage });
    }

    /// The builder goes on with a build, unless it was broken off.
    pub(super) fn build(&mut self, name: &str, stage: Stage) {
        let Some(pool) = self.pools.get(name) else { return };
        let (Stage::Prepared(build) | Stage::Building(build) | Stage::Ended(build)) = &stage;
        let Some(config) = pool.build.as_ref().filter(|open| open.name == *build).map(|open| open.config.clone()) else { return };
        match &stage {
            Stage::Prepared(build) => {
                self.say_build(build, "Prepared", "");
                self.create_job(build);
                self.later(name, (10, 40), Stage::Building(build.clone()));
            }
            Stage::Building(build) => {
                self.say_build(build, "Building", "");
                self.with_pool(name, |pool| pool.build_state = Some((FALSE, "Building")));
                self.later(name, (300, 600), Stage::Ended(build.clone()));
            }
            Stage::Ended(build) => self.build_ended(name, build, &config),
        }
    }

    fn build_ended(&mut self, name: &str, build: &str, config: &str) {
        let Some(pool) = self.pools.get(name) else { return };
        let (fails, is_wanted) = (pool.failing_builds > 0, pool.target.config == config);
        let job = format!("build-{build}");
        self.objects.edit(Kind::Job, &job, |object| {
            object["status"] = if fails { json!({"failed": 1}) } else { json!({"succeeded": 1}) };
        });
        self.put_off(60, Step::Forget(Kind::Job, job));
        if fails {
            self.say_build(build, "Failed", "the build's Job failed: exit status 1");
            return self.with_pool(name, |pool| {
                pool.failing_builds -= 1;
                pool.build.iter_mut().for_each(|build| build.has_failed = true);
                pool.build_state = Some((TRUE, "BuildFailed"));
            });
        }
        let digest = Random::of(self.options.seed, &["digest", build]).hash();
        let image = format!("quay.io/example/{name}-os@sha256:{digest}{digest}");
        self.say_build(build, "Succeeded", "");
        self.objects.edit(Kind::MachineOSBuild, build, |object| object["status"]["digestedImagePushSpec"] = json!(image));
        self.objects.edit(Kind::MachineOSConfig, name, |object| object["status"]["currentImagePullSpec"] = json!(image));
        self.with_pool(name, |pool| {
            pool.build = None;
            pool.build_state = Some((FALSE, "BuildSuccess"));
            if is_wanted {
                pool.target.image = image;
            }
        });
    }

    fn create_job(&mut self, build: &str) {
        let container = json!({"name": "build", "image": "quay.io/example/machine-os-builder:4.22"});
        let template = json!({"spec": {"restartPolicy": "Never", "containers": [container]}});
        let spec = json!({"backoffLimit": 3, "completions": 1, "template": template});
        self.objects.create(Kind::Job, &format!("build-{build}"), json!({"spec": spec, "status": {"active": 1}}));
    }

    /// One of the states of a build holds, and no other.
    fn say_build(&mut self, build: &str, state: &str, message: &str) {
        let now = self.objects.stamp();
        self.objects.edit(Kind::MachineOSBuild, build, |object| {
            for name in STATES {
                let holds = name == state;
                let message = if holds { message } else { "" };
                conditions::set(object, &said(name, super::pools::of(holds), message), name, &now);
            }
            if matches!(state, "Failed" | "Interrupted" | "Succeeded") && object["status"]["buildEnd"] == Value::Null {
                object["status"]["buildEnd"] = json!(now);
            }
        });
    }
}
