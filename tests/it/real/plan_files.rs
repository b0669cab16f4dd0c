//! A component that may not dial out takes its plan from a ConfigMap that the controller writes on request: kubectl at a real API
//! server, the test in the place of the kubelet that mounts it, and instances that read the file.
//! Knows nothing of what a plan says.

use super::{
    cluster::Cluster,
    fleet::Fleet,
    peers::{free, settles},
    sync_story::serve,
};
use serde_json::Value;
use std::{fs, path::Path, thread, time::Duration};

const INSTANCES: usize = 2;
/// Long enough that a write which must not come would have come.
const QUIET: Duration = Duration::from_secs(3);
const ANNOTATION: &str = "pointsman.dev/plan-configmap=operator-plan";
const COMPONENT: &str = "tcomp/deployment.operator.operator";

/// The namespace of a component, and the folder into which its ConfigMap is mounted.
struct Scene<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
    mount: &'a Path,
}

impl Scene<'_> {
    /// What the kubelet does: the file is what the ConfigMap says, whole or not at all. Answers whether there is one.
    fn mount(&self) -> bool {
        let args = ["-n", self.namespace, "get", "configmap", "operator-plan", "--ignore-not-found", "-o", "json"];
        let text = self.cluster.kubectl(&args).expect("ConfigMaps can be read");
        let Ok(map) = serde_json::from_str::<Value>(&text) else { return false };
        let plan = map["data"]["plan.json"].as_str().expect("it has a plan");
        let (new, place) = (self.mount.join("new"), self.mount.join("plan.json"));
        if fs::read_to_string(&place).is_ok_and(|known| known == plan) {
            return true;
        }
        fs::write(&new, plan).and_then(|()| fs::rename(&new, &place)).expect("the folder is ours");
        true
    }

    fn component(&self) -> Value {
        let args = ["-n", self.namespace, "get", COMPONENT, "--ignore-not-found", "-o", "json"];
        let text = self.cluster.kubectl(&args).expect("components can be read");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn condition(&self, kind: &str) -> String {
        let component = self.component();
        let all = component["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = all.into_iter().find(|condition| condition["type"] == kind);
        found.and_then(|found| found["status"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn turn(&self, state: &str) {
        self.cluster.apply(&format!(
            "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: quiet, namespace: {}}}\nspec:\n  reason: cost\n  \
             metrics: [{{name: errors, match: {{instruments: [mco.controller.reconcile.errors]}}, state: {state}}}]\n",
            self.namespace
        ));
    }

    fn shown(&self) -> String {
        let maps = self.cluster.kubectl(&["get", "tcomp,tview,configmap", "-n", self.namespace, "-o", "yaml"]).stdout;
        let file = fs::read_to_string(self.mount.join("plan.json")).unwrap_or_default();
        format!("{maps}\n{file}")
    }
}

/// Scenario: two instances read a plan from a file and dial nobody; an annotation on their component asks for a ConfigMap; views turn
/// a metric off and on; the annotation goes. Guarantees: the ConfigMap appears with the plan, follows the views, and what is
/// mounted is obeyed; status says so; without the annotation the ConfigMap stays, and follows nothing. Annotations are looked at
/// once a minute, and at the start: the controller is started anew, because nobody here waits for a minute.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_mounted_plan_is_obeyed_by_who_may_not_dial_out() {
    let cluster = Cluster::start();
    let namespace = cluster.namespace("files");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let ports = free::<3>();
    let mut server = serve(&cluster, ports);
    let (otlp, file) = (format!("http://{}", server.http), folder.path().join("plan.json").display().to_string());
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*otlp),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("POINTSMAN_PLAN_FILE", &*file),
    ];
    let fleet = Fleet::start(&namespace, INSTANCES, &variables);
    let scene = Scene { cluster: &cluster, namespace: &namespace, mount: folder.path() };
    assert_eq!(fleet.open(), INSTANCES, "without a plan yet, the declared level decides");
    assert!(settles(|| scene.component().is_object()), "{}", server.scrape());
    scene.turn("Disabled");
    assert!(!scene.mount(), "nobody asked for it");

    cluster.kubectl(&["-n", &namespace, "annotate", COMPONENT, ANNOTATION]).expect("ask for a ConfigMap");
    drop(server);
    server = serve(&cluster, ports);
    assert!(settles(|| scene.mount() && fleet.open() == 0), "{}\n{:?}", scene.shown(), fleet.events());
    let is_told = || scene.condition("PlanFile") == "True" && scene.component()["status"]["inSync"] == "2/2";
    assert!(settles(|| is_told() && scene.condition("InSync") == "True"), "{}", scene.shown());
    let hashes = fleet.hashes();
    let told = scene.component()["status"]["planHash"].as_str().unwrap_or_default().to_owned();
    assert_eq!(hashes.keys().cloned().collect::<Vec<_>>(), [told], "what they obey is what the status names");
    assert!(settles(|| !server.scrape().contains("mco_controller_reconcile_errors_total{")), "{}", server.scrape());

    scene.turn("Enabled");
    assert!(settles(|| scene.mount() && fleet.open() == INSTANCES), "{}\n{:?}", scene.shown(), fleet.events());
    assert!(settles(|| server.scrape().contains("mco_controller_reconcile_errors_total{")), "{}", server.scrape());

    scene.turn("Disabled");
    assert!(settles(|| scene.mount() && fleet.open() == 0), "{}\n{:?}", scene.shown(), fleet.events());
    cluster.kubectl(&["-n", &namespace, "annotate", COMPONENT, "pointsman.dev/plan-configmap-"]).expect("ask no longer");
    drop(server);
    let _server = serve(&cluster, ports);
    assert!(settles(|| scene.condition("PlanFile").is_empty()), "{}", scene.shown());
    // Pods may mount it still: it stays as it is.
    scene.turn("Enabled");
    thread::sleep(QUIET);
    assert!(scene.mount() && fleet.open() == 0, "the last plan holds: {}", scene.shown());
}
