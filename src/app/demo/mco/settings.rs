//! What a cluster has once: ControllerConfig and its certificates, ClusterOperator, Leases, boot images, streams; and the
//! configs of kubelet and CRI-O. Knows no node but as one that takes certificates.

use super::{
    Cluster, Happening, Random, Step,
    action::Post,
    conditions::{self, FALSE, TRUE, said},
};
use pointsman_watch::Kind;
use serde_json::{Value, json};

const CONTROLLER_CONFIG: &str = "machine-config-controller";
const OPERATOR: &str = "machine-config";
const COMPONENTS: [&str; 3] = ["machine-config-operator", "machine-config-controller", "machine-os-builder"];
const VERSION: &str = "4.22.0";
const DAY: i64 = 24 * 3600;
/// How many days the authority of the API server is good for.
const AUTHORITY_DAYS: i64 = 365;
/// Bundles of certificates, and how many days they are good for; the first is that authority.
const BUNDLES: [(&str, i64); 4] = [
    ("KubeAPIServerServingCAData", AUTHORITY_DAYS),
    ("RootCAData", 3650),
    ("CloudProviderCAData", 730),
    ("AdditionalTrustBundle", 90),
];
/// From so many days on, people are told when it ends.
const SOON_DAYS: u64 = 30;

impl Cluster {
    pub(super) fn found_settings(&mut self) {
        self.objects.create(Kind::ControllerConfig, CONTROLLER_CONFIG, json!({"spec": images(VERSION), "status": {}}));
        let left = self.options.authority_days;
        self.say_certificates((i64::try_from(left).unwrap_or(AUTHORITY_DAYS) - AUTHORITY_DAYS) * DAY);
        if left < SOON_DAYS {
            self.tell(Happening::AuthorityEnds { days: left });
        }
        let parts = json!({"status": {"versions": [{"name": "operator", "version": VERSION}]}});
        self.objects.create(Kind::ClusterOperator, OPERATOR, parts);
        for (name, status) in [("Available", TRUE), ("Progressing", FALSE), ("Degraded", FALSE), ("Upgradeable", TRUE)] {
            self.operator_says(name, status, "AsExpected");
        }
        self.operator_says("EvaluationConditionsDetected", FALSE, "AsExpected");
        for component in COMPONENTS {
            let holder = format!("{component}-{}", Random::of(self.options.seed, &["leader", component, "0"]).next() >> 40);
            let now = self.micro_time();
            let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": 137, "leaseTransitions": 0,
                "acquireTime": now, "renewTime": now});
            self.objects.create(Kind::Lease, component, json!({"spec": spec}));
        }
        let streams = json!([{"name": "rhel-9", "osImage": os_image(VERSION), "osExtensionsImage": "quay.io/example/extensions:9"},
            {"name": "rhel-10", "osImage": "quay.io/example/os-10:4.22", "osExtensionsImage": "quay.io/example/extensions:10"}]);
        let status = json!({"availableStreams": streams, "defaultStream": "rhel-9"});
        self.objects.create(Kind::OSImageStream, "cluster", json!({"spec": {}, "status": status}));
        self.objects.create(
            Kind::MachineConfiguration,
            "cluster",
            json!({"spec": {"logLevel": "Normal"}, "status": {"observedGeneration": 1}}),
        );
        self.boot_images("Automatic");
        let release = json!({"name": format!("ocp-release-bundle-{VERSION}"), "conditions": []});
        self.objects.create(
            Kind::InternalReleaseImage,
            "cluster",
            json!({"spec": {"releases": [{"name": release["name"]}]}, "status": {"releases": [release]}}),
        );
        let now = self.objects.stamp();
        self.objects.edit(Kind::InternalReleaseImage, "cluster", |object| {
            conditions::set(object, &said("Degraded", FALSE, ""), "AsExpected", &now);
            let available =
                json!([{"type": "Available", "status": TRUE, "reason": "Installed", "message": "", "lastTransitionTime": now}]);
            object["status"]["releases"][0]["conditions"] = available;
        });
    }

    /// Times of Leases have microseconds.
    fn micro_time(&self) -> String {
        self.objects.stamp().replace('Z', ".000000Z")
    }

    pub(super) fn version(&self) -> String {
        let versions = self.objects.get(Kind::ClusterOperator, OPERATOR);
        let version = versions.and_then(|object| object.pointer("/status/versions/0/version")?.as_str());
        version.unwrap_or(VERSION).to_owned()
    }

    pub(super) fn os_image(&self) -> String {
        let config = self.objects.get(Kind::ControllerConfig, CONTROLLER_CONFIG);
        let image = config.and_then(|object| object["spec"]["baseOSContainerImage"].as_str());
        image.unwrap_or_default().to_owned()
    }

    pub(super) fn controller_config_version(&self) -> String {
        let config = self.objects.get(Kind::ControllerConfig, CONTROLLER_CONFIG);
        let version = config.and_then(|object| object["metadata"]["resourceVersion"].as_str());
        version.unwrap_or_default().to_owned()
    }

    /// When the bundle that pools tell of ends.
    pub(super) fn bundle_expiry(&self) -> Value {
        let config = self.objects.get(Kind::ControllerConfig, CONTROLLER_CONFIG);
        config.and_then(|object| object.pointer("/status/controllerCertificates/0/notAfter")).cloned().unwrap_or_default()
    }

    /// Certificates that are made now; the authority of the API server in that second.
    fn say_certificates(&mut self, authority: i64) {
        let (now, made) = (self.objects.stamp(), self.objects.seconds());
        let certificates: Vec<Value> = BUNDLES
            .iter()
            .zip([authority, made, made, made])
            .map(|((bundle, days), since)| {
                json!({"bundleFile": bundle, "subject": format!("CN={bundle}"), "signer": "CN=root",
                    "notBefore": self.objects.stamp_at(since), "notAfter": self.objects.stamp_at(since + days * DAY)})
            })
            .collect();
        self.objects.edit(Kind::ControllerConfig, CONTROLLER_CONFIG, |object| {
            object["status"]["controllerCertificates"] = certificates.into();
            let conditions = [
                ("TemplateControllerCompleted", TRUE),
                ("TemplateControllerRunning", FALSE),
                ("TemplateControllerFailing", FALSE),
            ];
            for (name, status) in conditions {
                conditions::set(object, &said(name, status, "sync completed"), "", &now);
            }
            object["status"]["observedGeneration"] = json!(super::objects::generation(object));
        });
    }

    /// New certificates; every daemon takes them within half a minute, if its pool is not paused.
    pub(super) fn rotate_certificates(&mut self) {
        self.say_certificates(self.objects.seconds());
        self.tell(Happening::AuthorityRenewed);
        self.spread_certificates();
        let pools: Vec<String> = self.pools.keys().cloned().collect();
        pools.iter().for_each(|pool| self.ask_sync(pool));
    }

    fn spread_certificates(&mut self) {
        let version = self.controller_config_version();
        let nodes: Vec<String> = self.machines.keys().cloned().collect();
        for node in nodes {
            let seconds = self.draw(&["certificates", &node, &version], (2, 30));
            self.put_off(seconds, Step::Certificates(node));
        }
    }

    /// A daemon brings the certificates to its disk.
    pub(super) fn sync_certificates(&mut self, node: &str) {
        let Some(machine) = self.machine(node) else { return };
        let pool = machine.pool.as_ref().and_then(|pool| self.pools.get(pool));
        if pool.is_some_and(super::pools::Pool::is_paused) {
            return;
        }
        if machine.silent_until > self.now {
            return self.put_off(machine.silent_until - self.now, Step::Certificates(node.to_owned()));
        }
        let version = self.controller_config_version();
        self.with(node, |machine| machine.synced = version);
    }

    pub(super) fn renew_leases(&mut self) {
        let now = self.micro_time();
        for component in COMPONENTS {
            self.objects.edit(Kind::Lease, component, |lease| lease["spec"]["renewTime"] = json!(now));
        }
        self.put_off(26, Step::Leases);
    }

    pub(super) fn change_leader(&mut self, component: &'static str) {
        let now = self.micro_time();
        let number = Random::of(self.options.seed, &["leader", component, &self.now.to_string()]).next() >> 40;
        self.objects.edit(Kind::Lease, component, |lease| {
            let spec = &mut lease["spec"];
            spec["holderIdentity"] = json!(format!("{component}-{number}"));
            spec["leaseTransitions"] = json!(spec["leaseTransitions"].as_i64().unwrap_or_default() + 1);
            spec["acquireTime"] = json!(now);
            spec["renewTime"] = json!(now);
        });
        if component == "machine-config-controller" {
            self.forget_drains();
        }
    }

    /// What the operator says of itself.
    pub(super) fn operator_says(&mut self, name: &'static str, status: &'static str, reason: &str) {
        let now = self.objects.stamp();
        self.objects.edit(Kind::ClusterOperator, OPERATOR, |object| {
            conditions::set(object, &said(name, status, ""), reason, &now);
        });
    }

    /// The operator will not be upgraded while a pool is degraded.
    pub(super) fn say_upgradeable(&mut self) {
        let mut pools = self.pools.keys().filter_map(|pool| self.objects.get(Kind::MachineConfigPool, pool));
        let is_degraded = pools.any(|pool| conditions::status_of(pool, "Degraded") == TRUE);
        let (status, reason) = if is_degraded { (FALSE, "DegradedPool") } else { (TRUE, "AsExpected") };
        self.operator_says("Upgradeable", status, reason);
    }

    /// The operator becomes another version: it says so at the end, and every pool gets a new config meanwhile.
    pub(super) fn upgrade(&mut self, version: &str) {
        self.operator_says("Progressing", TRUE, "Working towards the version");
        let spec = images(version);
        self.objects.edit(Kind::ControllerConfig, CONTROLLER_CONFIG, |object| object["spec"] = spec);
        self.spread_certificates();
        let pools: Vec<String> = self.pools.keys().cloned().collect();
        pools.iter().for_each(|pool| self.new_target(pool, Post::Reboot));
        self.put_off(120, Step::Settle { version: version.to_owned() });
    }

    pub(super) fn upgraded(&mut self, version: &str) {
        self.objects.edit(Kind::ClusterOperator, OPERATOR, |object| {
            object["status"]["versions"] = json!([{"name": "operator", "version": version}]);
        });
        self.operator_says("Progressing", FALSE, "AsExpected");
    }

    pub(super) fn kubelet_config(&mut self, name: &str, is_good: bool) {
        let settings = json!({"kubeletConfig": {"maxPods": if is_good { 250 } else { -1 }}});
        self.observed(Kind::KubeletConfig, name, settings, is_good);
    }

    pub(super) fn runtime_config(&mut self, name: &str, runtime: &str) {
        let settings = json!({"containerRuntimeConfig": {"defaultRuntime": runtime}});
        self.observed(Kind::ContainerRuntimeConfig, name, settings, true);
    }

    /// A config whose conditions are a log: each time it is looked at, one more.
    fn observed(&mut self, kind: Kind, name: &str, spec: Value, is_good: bool) {
        if self.objects.get(kind, name).is_none() {
            self.objects.create(kind, name, json!({"spec": spec, "status": {"conditions": []}}));
        } else {
            self.objects.edit(kind, name, |object| object["spec"] = spec);
        }
        let now = self.objects.stamp();
        let (condition, reason) = match is_good {
            true => (said("Success", TRUE, "Success"), ""),
            false => (said("Failure", TRUE, "Error: could not get the new config"), ""),
        };
        self.objects.edit(kind, name, |object| {
            conditions::append(object, &condition, reason, &now);
            object["status"]["observedGeneration"] = json!(super::objects::generation(object));
        });
    }

    pub(super) fn boot_images(&mut self, mode: &str) {
        let now = self.objects.stamp();
        self.objects.edit(Kind::MachineConfiguration, "cluster", |object| {
            conditions::set(object, &said("BootImageUpdateProgressing", FALSE, ""), "AsExpected", &now);
            conditions::set(object, &said("BootImageUpdateDegraded", FALSE, ""), "AsExpected", &now);
            object["status"]["bootImageSkewEnforcementStatus"] = json!({"mode": mode});
        });
    }
}

fn os_image(version: &str) -> String {
    format!("quay.io/example/os:{version}")
}

fn images(version: &str) -> Value {
    json!({
        "osImageURL": os_image(version), "baseOSContainerImage": os_image(version),
        "releaseImage": format!("quay.io/example/release:{version}"),
    })
}
