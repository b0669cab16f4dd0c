//! What the controller writes, judged by a real API server and read by kubectl: status, components, catalogues, events, Leases.
//! Order and pace are proven in simulated time, beside the writer; here the clock runs fast instead, so that a minute is a second.

use super::cluster::{Cluster, cluster};
use crate::support::now;
use pointsman::kubernetes::{
    Clock,
    lease::{Terms, elector::Elector},
};
use pointsman::views::{
    components::{
        ComponentSpec, ComponentStatus, DesiredComponent, OwnerReference, WorkloadRef,
        catalogue::{CatalogueSpec, DesiredCatalogue, Row},
    },
    events::{About, Events},
    workloads::{Owner, Owners},
    writer::{API_VERSION, Desired, DesiredView, Writer, WriterOptions},
};
use pointsman_core::{
    model::clock::{Mono, Wall},
    view::{
        impact::Basis,
        spec::{CLUSTER_VIEW, ObjectId, VIEW},
        status::{Condition, ImpactStatus, RuleStatus, ViewStatus},
    },
};
use serde_json::Value;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

/// No step takes longer.
const STEP: Duration = Duration::from_secs(30);

/// Clocks that run so many times as fast as the world.
fn clock(speed: u32) -> Clock {
    let began = now();
    Arc::new(move || {
        let passed = now().duration_since(began) * speed;
        let nanos = u64::try_from(passed.as_nanos()).expect("a test is short");
        (Mono(nanos), Wall::from_secs(1_795_000_000).plus(passed))
    })
}

/// What kubectl prints of an object, as JSON; null where there is none.
fn get(cluster: &Cluster, args: &[&str]) -> Value {
    let output = cluster.kubectl(&[&["get", "-o", "json"], args].concat());
    if output.ok { serde_json::from_str(&output.stdout).expect("kubectl prints JSON") } else { Value::Null }
}

/// Asks until it is so; else says what was there last.
async fn until(cluster: &'static Cluster, args: &[&str], is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = now() + STEP;
    loop {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let ask = move || get(cluster, &args.iter().map(String::as_str).collect::<Vec<_>>());
        let found = tokio::task::spawn_blocking(ask).await.expect("kubectl is asked");
        if is_so(&found) {
            return found;
        }
        assert!(now() < deadline, "not in time; the last answer was {found:#}");
    }
}

/// Runs a future on a runtime of its own, as a process would.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be made").block_on(test)
}

/// Runs a future beside the test.
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::runtime::Handle::current().spawn(task)
}

fn status(reason: &str, generation: i64) -> ViewStatus {
    let condition = |kind: &str| Condition {
        kind: kind.into(),
        status: "True".into(),
        reason: reason.into(),
        message: "in force".into(),
        last_transition_time: "2026-11-22T18:02:09Z".into(),
        observed_generation: Some(generation),
    };
    ViewStatus {
        observed_generation: Some(generation),
        effective_hash: "0123456789abcdef".into(),
        conditions: ["Accepted", "Programmed", "InSync"].map(condition).into(),
        impact: Some(ImpactStatus {
            series_before: 412,
            series_after: 111,
            basis: Basis::Observed,
            summary: "412->111".into(),
            ..ImpactStatus::default()
        }),
        rules: vec![RuleStatus { name: "no-orders".into(), state: "Active".into(), ..RuleStatus::default() }],
        ..ViewStatus::default()
    }
}

/// A view as it was applied, with the status it should get.
fn desired(object: &Value, kind: &'static str, reason: &str) -> DesiredView {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or("").to_owned();
    let generation = object["metadata"]["generation"].as_i64();
    let id = ObjectId { kind, namespace: text("namespace").into(), name: text("name").into() };
    let status = status(reason, generation.unwrap_or(0));
    DesiredView { id, uid: text("uid").into(), generation, status, seen: None }
}

async fn writer(cluster: &'static Cluster, speed: u32) -> Writer {
    let options = WriterOptions { now: clock(speed), may_write: Arc::new(|| true), on_decision: Arc::new(|_| {}) };
    Writer::new(cluster.client("admin").await, options)
}

/// Scenario: a view and a cluster view are applied; the writer runs; one is deleted and applied anew.
/// Guarantees: kubectl shows and waits for the status, the manager is ours, and the new object does not get the old one's status.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn kubectl_shows_the_status_of_views() {
    let cluster = cluster();
    let namespace = cluster.namespace("writing");
    let rule = "metrics: [{name: no-orders, match: {instruments: [orders]}, state: Disabled}]";
    let view = format!(
        "{{apiVersion: {API_VERSION}, kind: {VIEW}, metadata: {{name: quiet, namespace: {namespace}}}, spec: {{reason: test, {rule}}}}}"
    );
    let wide = format!(
        "{{apiVersion: {API_VERSION}, kind: {CLUSTER_VIEW}, metadata: {{name: {namespace}}}, \
         spec: {{namespaceSelector: {{matchNames: [{namespace}]}}, defaults: {{{rule}}}}}}}"
    );
    cluster.apply(&format!("{view}\n---\n{wide}\n"));
    let views = vec![
        desired(&get(cluster, &["tview", "quiet", "-n", &namespace]), VIEW, "Programmed"),
        desired(&get(cluster, &["ctview", &namespace]), CLUSTER_VIEW, "Programmed"),
    ];
    run(async {
        let (sender, receiver) = watch::channel(Arc::new(Desired { views: views.clone(), ..Desired::default() }));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = spawn(writer(cluster, 1).await.run(receiver, async { drop(stopped.await) }));
        let has_status = |object: &Value| object["status"]["conditions"][1]["reason"] == "Programmed";
        let object = until(cluster, &["tview", "quiet", "-n", &namespace], has_status).await;
        until(cluster, &["ctview", &namespace], has_status).await;
        let read: ViewStatus = serde_json::from_value(object["status"].clone()).expect("it is a status");
        assert_eq!(read, views[0].status, "nothing is lost on the way");
        let managers =
            get(cluster, &["tview", "quiet", "-n", &namespace, "--show-managed-fields"])["metadata"]["managedFields"].clone();
        let is_ours = |entry: &Value| entry["manager"] == "pointsman" && entry["subresource"] == "status";
        assert!(managers.as_array().is_some_and(|all| all.iter().any(is_ours)), "{managers:#}");
        cluster
            .kubectl(&["wait", "--for=condition=InSync", "tview/quiet", "-n", &namespace, "--timeout=10s"])
            .expect("wait for the condition");
        cluster.kubectl(&["delete", "tview", "quiet", "-n", &namespace]).expect("delete the view");
        cluster.apply(&view);
        // The second is written after the first: once it is seen, the refusal is behind us.
        let mut after = views.clone();
        after[0].status = status("Overridden", 1);
        after[1].status = status("Expired", 1);
        sender.send_replace(Arc::new(Desired { views: after, ..Desired::default() }));
        until(cluster, &["ctview", &namespace], |object| object["status"]["conditions"][1]["reason"] == "Expired").await;
        let object = get(cluster, &["tview", "quiet", "-n", &namespace]);
        assert_eq!(object["status"], Value::Null, "another object");
        stop.send(()).expect("the writer runs");
        task.await.expect("the writer ends");
    });
    cluster.kubectl(&["delete", "ctview", &namespace]).expect("delete the cluster view");
}

/// Scenario: a component of a Deployment with its catalogue, at a hundred times the pace; then both are gone.
/// Guarantees: objects with owner references that lead to the Deployment, complete status, the words of `kubectl get`; removed
/// when stream and workload are gone.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn kubectl_shows_components_and_catalogues() {
    let cluster = cluster();
    let namespace = cluster.namespace("writing");
    cluster.kubectl(&["create", "deployment", "api", "--image=x", "-n", &namespace]).expect("create a deployment");
    let uid = get(cluster, &["deployment", "api", "-n", &namespace])["metadata"]["uid"].as_str().expect("it has one").to_owned();
    let component = component(&namespace, &uid);
    let row = Row { name: "orders".into(), kind: "Counter", level: "Standard", ..Row::default() };
    let spec = CatalogueSpec { service_name: "api".into(), schema_url: String::new(), instruments: vec![row] };
    let name = &*component.status.catalogue;
    let catalogue = DesiredCatalogue {
        namespace: namespace.as_str().into(),
        name: name.into(),
        component: component.name.clone(),
        spec,
        instruments: 1,
    };
    let owner = Owner { api_version: "apps/v1".into(), uid: uid.as_str().into() };
    let owners = Owners::from([((namespace.as_str().into(), "Deployment".into(), "api".into()), owner)]);
    let here = Desired {
        components: vec![component.clone()],
        catalogues: vec![Arc::new(catalogue)],
        workloads: Some(Arc::new(owners)),
        ..Desired::default()
    };
    run(async {
        let (sender, receiver) = watch::channel(Arc::new(here));
        let (stop, stopped) = oneshot::channel::<()>();
        // An hour passes in seconds: only then a component without a workload is removed.
        let task = spawn(writer(cluster, 1_000).await.run(receiver, async { drop(stopped.await) }));
        let of = ["icat", name, "-n", &namespace];
        let made = until(cluster, &of, |object| object["status"]["instruments"] == 1).await;
        let shown = get(cluster, &["tcomp", &component.name, "-n", &namespace]);
        assert_eq!(shown["metadata"]["ownerReferences"][0]["uid"], *uid, "{shown:#}");
        assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], shown["metadata"]["uid"]);
        let read: ComponentStatus = serde_json::from_value(shown["status"].clone()).expect("it is a status");
        assert_eq!(read, component.status, "nothing is lost on the way");
        let table = cluster.kubectl(&["get", "tcomp", "-n", &namespace]).expect("get components");
        assert!(table.contains("deployment.api.api") && table.contains("Active"), "{table}");
        sender.send_replace(Arc::new(Desired { workloads: Some(Arc::default()), ..Desired::default() }));
        until(cluster, &["tcomp", &component.name, "-n", &namespace], Value::is_null).await;
        until(cluster, &of, Value::is_null).await;
        stop.send(()).expect("the writer runs");
        task.await.expect("the writer ends");
    });
}

fn component(namespace: &str, uid: &str) -> DesiredComponent {
    DesiredComponent {
        namespace: namespace.into(),
        name: "deployment.api.api".into(),
        owner: Some(OwnerReference {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            name: "api".into(),
            uid: uid.into(),
        }),
        spec: ComponentSpec {
            service_name: "api".into(),
            workload_ref: Some(WorkloadRef { group: "apps".into(), kind: "Deployment".into(), name: "api".into() }),
        },
        status: ComponentStatus {
            instances: 3,
            series: 111,
            series_before: 412,
            points_per_second: "20.5".into(),
            dropped_share: 73,
            applied_views: vec![format!("{VIEW} {namespace}/quiet")],
            applied_views_truncated: true,
            last_push: Some("2026-11-22T18:02:09Z".into()),
            plan_hash: "ab".repeat(16),
            state: "Active".into(),
            identity: "Claimed".into(),
            catalogue: "deployment.api.api-0123456789".into(),
            library: "pointsman-instrument 0.1.0".into(),
            connected: "3/3".into(),
            in_sync: "3/3".into(),
            conditions: Vec::new(),
        },
        returning: false,
    }
}

/// Scenario: three equal events and another one about a view, one about a cluster view.
/// Guarantees: the API server takes them, and `kubectl get events` lists them, counted.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn kubectl_lists_events() {
    let cluster = cluster();
    let namespace = cluster.namespace("writing");
    run(async {
        let events = Events::new(cluster.client("admin").await, "pointsman-0", clock(1));
        let recorder = events.recorder();
        let (api_version, uid) = (API_VERSION.into(), "5b5dbac0-0000-4000-8000-000000000001".into());
        let view = About { api_version, kind: VIEW.into(), namespace: namespace.as_str().into(), name: "quiet".into(), uid };
        let wide = About { kind: CLUSTER_VIEW.into(), namespace: "".into(), name: namespace.as_str().into(), ..view.clone() };
        (0..3).for_each(|_| recorder.tell(&view, false, "Programmed", "no-orders: orders"));
        recorder.tell(&view, true, "Conflicted", "another view wins");
        recorder.tell(&wide, false, "Programmed", "no-orders: orders");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = spawn(events.run(async { drop(stopped.await) }));
        let of_kind = format!("--field-selector=regarding.name={namespace}");
        let listed = |count: usize| move |list: &Value| list["items"].as_array().is_some_and(|items| items.len() == count);
        let counted = |list: &Value| listed(2)(list) && list["items"].to_string().contains(r#""count":3"#);
        until(cluster, &["events.v1.events.k8s.io", "-n", &namespace], counted).await;
        until(cluster, &["events.v1.events.k8s.io", "-n", "default", &of_kind], listed(1)).await;
        let table = cluster.kubectl(&["get", "events", "-n", &namespace]).expect("get events");
        assert!(table.contains("Warning") && table.contains("Conflicted") && table.contains("/quiet"), "{table}");
        stop.send(()).expect("the events run");
        task.await.expect("the events end");
    });
}

/// Scenario: two replicas, each with a pod, want the short Lease; it is deleted; the active one stops in good order.
/// Guarantees: one is active and its pod carries the label; a deleted Lease is made anew by its holder; the other follows
/// within two looks, and no pod that stopped keeps the label.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn of_two_electors_one_is_active() {
    let cluster = cluster();
    let namespace = cluster.namespace("writing");
    for pod in ["pod-a", "pod-b"] {
        let metadata = format!("{{name: {pod}, namespace: {namespace}}}");
        let spec = "{serviceAccountName: none, automountServiceAccountToken: false, containers: [{name: x, image: x}]}";
        cluster.apply(&format!("{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: none, namespace: {namespace}}}}}"));
        cluster.apply(&format!("{{apiVersion: v1, kind: Pod, metadata: {metadata}, spec: {spec}}}"));
    }
    run(async {
        let client = cluster.client("admin").await;
        let elector = |pod: &str| Elector::new(client.clone(), Terms::active(&namespace, pod), clock(1)).labelling();
        let (first, second) = (elector("pod-a"), elector("pod-b"));
        let (hold_a, mut hold_b) = (first.hold(), second.hold());
        let mut changes = hold_a.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let first = spawn(first.run(async { drop(stopped.await) }));
        assert_eq!(tokio::time::timeout(STEP, changes.changed()).await, Ok(Some(true)));
        let (end, ended) = oneshot::channel::<()>();
        let second = spawn(second.run(async { drop(ended.await) }));
        let labelled = ["pods", "-n", &namespace, "-l", "pointsman.dev/active=true"];
        let only = |name: &'static str| {
            move |list: &Value| {
                list["items"].as_array().is_some_and(|items| items.len() == 1 && items[0]["metadata"]["name"] == *name)
            }
        };
        until(cluster, &labelled, only("pod-a")).await;
        let lease = ["lease", "pointsman-active", "-n", &namespace];
        let old = get(cluster, &lease)["metadata"]["uid"].clone();
        cluster.kubectl(&["delete", "lease", "pointsman-active", "-n", &namespace]).expect("delete the Lease");
        let is_new = |object: &Value| !object.is_null() && object["metadata"]["uid"] != old;
        let new = until(cluster, &lease, is_new).await;
        assert_eq!(new["spec"]["holderIdentity"], "pod-a");
        assert!(hold_a.is_held() && !hold_b.is_held());
        stop.send(()).expect("the elector runs");
        first.await.expect("the elector ends");
        assert!(!hold_a.is_held());
        assert_eq!(tokio::time::timeout(STEP, hold_b.changed()).await, Ok(Some(true)));
        until(cluster, &labelled, only("pod-b")).await;
        assert_eq!(get(cluster, &lease)["spec"]["holderIdentity"], "pod-b");
        end.send(()).expect("the elector runs");
        second.await.expect("the elector ends");
        assert_eq!(get(cluster, &lease)["spec"]["holderIdentity"], "");
    });
}
