//! The cluster source of views against a real API server: what kubectl applies is what an update tells.
//! Failures that a real server will not make on demand are scripted beside the controller.

use super::cluster::cluster;
use crate::support::wait;
use pointsman::{
    kubernetes::connect::connector,
    views::controller::{Controller, Sources, Update},
};
use pointsman_core::model::clock::{Mono, Wall};
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::{oneshot, watch};

/// A controller at work, and its last update.
struct Watching {
    last: Arc<Mutex<Option<Update>>>,
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Watching {
    fn start(kubeconfig: PathBuf) -> Self {
        let last: Arc<Mutex<Option<Update>>> = Arc::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let told = Arc::clone(&last);
        let began = crate::support::now();
        let thread = std::thread::spawn(move || {
            let catalogues = watch::Sender::new(Arc::default());
            let sources = Sources {
                connect: connector(Some(kubeconfig)),
                now: Arc::new(move || {
                    let nanos = |passed: std::time::Duration| u64::try_from(passed.as_nanos()).expect("a short test");
                    #[expect(clippy::disallowed_methods, reason = "tests have no app::clock")]
                    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later");
                    (Mono(nanos(began.elapsed())), Wall(nanos(since)))
                }),
                random: Arc::new(|| 7),
                offload: Arc::new(|work| work()),
                catalogues: catalogues.subscribe(),
                protecting: BTreeSet::new(),
                state_dir: None,
            };
            let on_update = move |update| *told.lock().expect("nobody panics") = Some(update);
            let run = Controller::new(sources).run(on_update, async move { drop(stopped.await) });
            crate::support::runtime().block_on(run);
        });
        Self { last, stop, thread }
    }

    /// Waits for an update of which this can be said.
    fn wait<T>(&self, what: &str, say: impl Fn(&Update) -> Option<T>) -> T {
        wait(what, || self.last.lock().expect("nobody panics").as_ref().and_then(&say))
    }

    fn stop(self) {
        self.stop.send(()).expect("it still runs");
        self.thread.join().expect("it ends by itself");
    }
}

/// Scenario: kubectl makes, edits, labels and deletes what views depend on; there is no Prometheus operator.
/// Guarantees: each is told: specs with who wrote them, labels, owners of pods; an autoscaler counts as a reader; what is
/// missing there is no fault.
#[test]
#[ignore = "needs the peers of tests/tools"]
fn what_kubectl_applies_is_told() {
    let cluster = cluster();
    let ns = cluster.namespace("watching");
    cluster.apply(&format!("{}{}{}", pods(&ns), autoscaler(&ns), view(&ns, "a")));
    let watching = Watching::start(cluster.kubeconfig("admin"));
    let of = |update: &Update| update.objects.iter().find(|object| *object.id.namespace == *ns).cloned();
    let first = watching.wait("the view", of);
    assert!(first.accepted && first.status.is_none() && first.generation == Some(1), "{first:?}");
    let workload = watching.wait("the pod", |update| update.workloads.of_pod(None, &ns, Some("web-1-x")).cloned());
    assert_eq!((&*workload.kind, &*workload.name), ("Deployment", "web"));
    watching.wait("the owner", |update| update.owners.get(&(ns.as_str().into(), "Deployment".into(), "web".into())).cloned());
    watching.wait("the reader", |update| update.facts.consumers.iter().find(|reader| *reader.namespace == *ns).cloned());
    let faults = watching.wait("faults", |update| Some(update.faults.clone()));
    assert!(faults.iter().all(|fault| !fault.is_error() || fault.place.to_string().contains("Telemetry")), "{faults:?}");

    cluster.apply(&view(&ns, "b"));
    let second = watching.wait("the edit", |update| of(update).filter(|object| object.generation == Some(2)));
    assert!(second.accepted && second.uid == first.uid);
    let managers = second.body.pointer("/metadata/managedFields/0/manager").and_then(|name| name.as_str());
    assert_eq!(managers, Some("kubectl-client-side-apply"), "{}", second.body);
    cluster.kubectl(&["label", "namespace", &ns, "team=blue"]).expect("label");
    watching.wait("the label", |update| (&**update.facts.namespaces.get(&*ns)?.get("team")? == "blue").then_some(()));
    let patch = "{\"status\": {\"effectiveHash\": \"0123456789abcdef\"}}";
    let name = ["patch", "-n", &ns, "tview", "one", "--subresource=status", "--type=merge", "-p", patch];
    cluster.kubectl(&name).expect("write a status");
    let status = watching.wait("the status", |update| of(update)?.status.clone());
    assert_eq!(status.effective_hash, "0123456789abcdef");
    cluster.kubectl(&["delete", "-n", &ns, "tview", "one"]).expect("delete");
    watching.wait("the deletion", |update| of(update).is_none().then_some(()));
    watching.stop();
}

fn view(ns: &str, instrument: &str) -> String {
    format!(
        "---\napiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: one, namespace: {ns}}}\nspec:\n  \
         reason: test\n  metrics:\n  - {{name: r, match: {{instruments: [{instrument}]}}, state: Disabled}}\n"
    )
}

/// A pod of a ReplicaSet of a Deployment, by owner references: there are no controllers.
fn pods(ns: &str) -> String {
    let template = "{metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}";
    let set = format!(
        "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web-1, namespace: {ns}, ownerReferences: [{{apiVersion: apps/v1, \
         kind: Deployment, name: web, uid: d-1, controller: true}}]}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, template: {template}}}\n"
    );
    let cluster = cluster();
    cluster.apply(&set);
    let uid = cluster.kubectl(&["get", "rs", "-n", ns, "web-1", "-o", "jsonpath={.metadata.uid}"]).expect("its uid");
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-x, namespace: {ns}, ownerReferences: [{{apiVersion: apps/v1, \
         kind: ReplicaSet, name: web-1, uid: {uid}, controller: true}}]}}\nspec: {{containers: [{{name: c, image: i}}]}}\n"
    )
}

fn autoscaler(ns: &str) -> String {
    format!(
        "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web, namespace: {ns}}}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n  maxReplicas: 3\n  metrics:\n  - type: Pods\n    \
         pods: {{metric: {{name: requests}}, target: {{type: AverageValue, averageValue: \"1\"}}}}\n"
    )
}
