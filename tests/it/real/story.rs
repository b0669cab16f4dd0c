//! What a user lives through with views in a cluster, by kubectl and a scraper alone: one API server and one pointsman for all
//! of these tests, each in a namespace of its own.
//! Knows nothing of how views get from one to the other.

use super::cluster::Cluster;
use crate::support::{Pointsman, now, run};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// A status is looked at every few seconds, and written in turn with those of the other tests.
const TOLD: Duration = Duration::from_secs(60);
/// The same, for one call of kubectl.
const TIMEOUT: &str = "--timeout=50s";
const MCD: &str = "machine-config-daemon";

/// An API server and a pointsman that reads it.
struct Stage {
    cluster: Cluster,
    pointsman: Pointsman,
}

/// The stage that is there, or a new one; it goes with its last test.
fn stage() -> Arc<Stage> {
    static STAGE: Mutex<Weak<Stage>> = Mutex::new(Weak::new());
    let mut known = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    known.upgrade().unwrap_or_else(|| {
        let cluster = Cluster::start();
        cluster.apply(include_str!("../../data/story/prometheusrules.yaml"));
        let crd = "crd/prometheusrules.monitoring.coreos.com";
        cluster.kubectl(&["wait", "--for=condition=Established", TIMEOUT, crd]).expect("establish the CRD");
        let pointsman = Pointsman::start(&["--kubeconfig", &cluster.kubeconfig("admin").display().to_string()]);
        let stage = Arc::new(Stage { cluster, pointsman });
        *known = Arc::downgrade(&stage);
        stage
    })
}

/// One namespace of the stage, with a component in it.
struct Scene {
    stage: Arc<Stage>,
    namespace: String,
}

impl Scene {
    fn new(name: &str) -> Self {
        let stage = stage();
        let namespace = stage.cluster.namespace(name);
        let scene = Self { stage, namespace };
        scene.until("the component is seen", || {
            let all = scene.shown() == set(["mcd_state", "mcd_update_state", "mco_pool_machines"]);
            all.then_some(())
        });
        scene
    }

    /// What the daemon sends: a number of machines for two pools, its state, and one with free text.
    fn push(&self) {
        let gauge = |name: &str, key: &str, values: &[&str]| {
            let point = |value: &&str| {
                let attributes = json!([{"key": key, "value": {"stringValue": value}}]);
                json!({"timeUnixNano": "1767261600000000000", "asInt": "3", "attributes": attributes})
            };
            json!({"name": name, "gauge": {"dataPoints": values.iter().map(point).collect::<Vec<_>>()}})
        };
        let attributes = [
            ("k8s.namespace.name", &*self.namespace),
            ("k8s.daemonset.name", MCD),
            ("service.name", MCD),
            ("service.instance.id", &*self.namespace),
        ];
        let attributes = attributes.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}));
        let metrics = [
            gauge("mco.pool.machines", "pool", &["master", "worker"]),
            gauge("mcd_state", "state", &["Done"]),
            gauge("mcd_update_state", "err", &["disk full", "no route", "timed out"]),
        ];
        let scope = json!({"scope": {"name": "machineconfig"}, "metrics": metrics});
        let body = json!({"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [scope]}]});
        let reply = self.stage.pointsman.push_json("/v1/metrics", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// The lines of this namespace in a scrape after a push.
    fn lines(&self) -> Vec<String> {
        self.push();
        let ours = format!("instance=\"{}\"", self.namespace);
        let scrape = self.stage.pointsman.scrape();
        let lines = scrape.lines().filter(|line| line.contains(&ours) && !line.starts_with("target_info"));
        lines.map(ToOwned::to_owned).collect()
    }

    /// The names of its metrics in a scrape after a push.
    fn shown(&self) -> BTreeSet<String> {
        let name = |line: String| line.split('{').next().map(ToOwned::to_owned);
        self.lines().into_iter().filter_map(name).collect()
    }

    /// Waits until exactly these are shown.
    fn shows<const N: usize>(&self, names: [&str; N]) {
        self.until(&format!("only {names:?} in the scrape"), || (self.shown() == set(names)).then_some(()));
    }

    fn until<T>(&self, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
        let deadline = now() + TOLD;
        loop {
            if let Some(value) = condition() {
                return value;
            }
            if now() > deadline {
                let views = self.stage.cluster.kubectl(&["get", "tview,ctview", "-A", "-o", "yaml"]).stdout;
                panic!("waited in vain for {what}; shown: {:?}\n{views}", self.shown());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// kubectl in the namespace; has to succeed.
    fn kubectl(&self, args: &[&str]) -> String {
        self.stage.cluster.kubectl(&[&["-n", &self.namespace], args].concat()).expect("kubectl")
    }

    /// Applies one view of the namespace.
    fn apply(&self, name: &str, spec: &str) {
        let head = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\n";
        self.stage.cluster.apply(&format!("{head}metadata: {{name: {name}, namespace: {}}}\nspec: {spec}\n", self.namespace));
    }

    /// The status of a view, as soon as it is of the newest spec and holds.
    fn status(&self, view: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.until(&format!("the status of {view}"), || {
            let object: Value = serde_json::from_str(&self.kubectl(&["get", view, "-o", "json"])).expect("kubectl prints JSON");
            let status = &object["status"];
            let current = status["observedGeneration"] == object["metadata"]["generation"];
            (current && holds(status)).then(|| status.clone())
        })
    }

    fn wait_for(&self, condition: &str, view: &str) {
        self.kubectl(&["wait", &format!("--for=condition={condition}"), TIMEOUT, view]);
    }

    /// What kubectl prints of a view, once its series are these.
    fn columns(&self, view: &str, series: &str, want: &Expect) {
        let shown = self.until(&format!("series {series}"), || {
            let shown = self.kubectl(&["get", view]);
            shown.contains(series).then_some(shown)
        });
        want.assert_eq(&masked(&shown));
    }

    /// The words of `pointsman explain`.
    fn explain(&self, metric: &str) -> Value {
        let server = format!("http://{}", self.stage.pointsman.read);
        let component = format!("{}/{MCD}", self.namespace);
        let (code, out, err) = run(&["explain", metric, "--component", &component, "--server", &server, "-o", "json"], &[]);
        let value: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {code} {out}{err}"));
        value["items"][0].clone()
    }

    /// Type, reason and message of the events of a view, once there is one of this reason.
    fn event(&self, view: &str, reason: &str) -> String {
        let field = format!("involvedObject.name={view},reason={reason}");
        self.until(&format!("an event {reason} of {view}"), || {
            let shown = self.kubectl(&["get", "events", "--no-headers", "--field-selector", &field]);
            (!shown.trim().is_empty()).then_some(shown)
        })
    }
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// A table without what differs from run to run: times, keeping their width, and ages, which stand last.
fn masked(table: &str) -> String {
    let mut out = String::new();
    for (i, line) in table.lines().enumerate() {
        let line = line.trim_end();
        let line = match line.rsplit_once(' ').filter(|_| i > 0) {
            Some((rest, _)) => format!("{rest} <age>"),
            None => line.to_owned(),
        };
        let is_time = |word: &&str| word.len() == 20 && word.starts_with("20") && word.ends_with('Z');
        let times: Vec<String> = line.split(' ').filter(is_time).map(ToOwned::to_owned).collect();
        let line = times.iter().fold(line, |line, time| line.replace(time, "<a moment>          "));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn condition<'a>(status: &'a Value, kind: &str) -> &'a Value {
    let all = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter().find(|condition| condition["type"] == kind).unwrap_or(&Value::Null)
}

/// Scenario: a user applies the simplest view, the platform overrides it, and both take back what they said. Guarantees: each
/// step shows in the next scrapes; `kubectl get`, `wait` and `describe` say it in words; the loser is named.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_list_of_metrics_is_overridden_and_comes_back() {
    let scene = Scene::new("story");
    scene.apply(
        "pool-health",
        r#"{baseline: None, metrics: [{name: pools, match: {instruments: ["mco.pool.*", "mcd_state"]}, state: Enabled}]}"#,
    );
    scene.shows(["mcd_state", "mco_pool_machines"]);
    scene.wait_for("Programmed", "tview/pool-health");
    scene.wait_for("InSync", "tview/pool-health");
    scene.columns(
        "tview",
        "6->3",
        &expect![[r#"
        NAME          MODE      STATUS       IN-SYNC   SERIES   EXPIRES   REASON   AGE
        pool-health   Enforce   Programmed   1/1       6->3                        <age>
    "#]],
    );
    let off = scene.explain("mcd_update_state");
    assert_eq!((&off["verdict"], &off["decidedBy"]["view"]), (&json!("Off"), &json!("pool-health")), "{off}");
    let described = scene.kubectl(&["describe", "tview", "pool-health"]);
    assert!(["Programmed", "EnforcedAtController", "Normal"].iter().all(|word| described.contains(word)), "{described}");

    let floor = format!("floor-{}", scene.namespace);
    scene.stage.cluster.apply(&format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: ClusterTelemetryView\nmetadata: {{name: {floor}}}\nspec:\n  \
         reason: cost\n  namespaceSelector: {{matchNames: [{}]}}\n  \
         overrides: {{metrics: [{{name: none, match: {{instruments: [mcd_state]}}, state: Disabled}}]}}\n",
        scene.namespace
    ));
    scene.shows(["mco_pool_machines"]);
    let status = scene.status("tview/pool-health", |status| status["rules"][0]["overriddenBy"] != Value::Null);
    let rule = &status["rules"][0];
    assert_eq!(rule["state"], "PartiallyOverridden", "{status}");
    assert!(rule["overriddenBy"][0].as_str().is_some_and(|by| by.contains(&floor)), "{status}");
    let off = scene.explain("mcd_state");
    assert_eq!((&off["verdict"], &off["decidedBy"]["view"]), (&json!("Off"), &json!(floor)), "{off}");
    assert_eq!((&off["overruled"][0]["view"], &off["overruled"][0]["lostBy"]), (&json!("pool-health"), &json!("tier")), "{off}");
    assert_eq!(off["undo"], format!("kubectl delete ctview {floor}"), "{off}");
    scene.kubectl(&["wait", "--for=condition=Programmed", TIMEOUT, &format!("ctview/{floor}")]);

    scene.kubectl(&["delete", "ctview", &floor]);
    scene.shows(["mcd_state", "mco_pool_machines"]);
    scene.status("tview/pool-health", |status| status["rules"][0]["state"] == "Active");
    scene.kubectl(&["delete", "tview", "pool-health"]);
    scene.shows(["mcd_state", "mcd_update_state", "mco_pool_machines"]);
}

/// Scenario: a view with the shortest term, which nobody touches again. Guarantees: `status.expiresAt` is written once; then the
/// view ends by itself, says so, and the metric is back.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_view_ends_by_itself() {
    let scene = Scene::new("expiry");
    scene.apply(
        "quiet",
        r#"{reason: INC-1182, expiry: {after: 1m}, metrics: [{name: quiet, match: {instruments: [mcd_update_state]}, state: Disabled}]}"#,
    );
    scene.shows(["mcd_state", "mco_pool_machines"]);
    scene.wait_for("Programmed", "tview/quiet");
    let ends = scene.status("tview/quiet", |status| status["expiresAt"].is_string())["expiresAt"].clone();
    scene.columns(
        "tview",
        "6->3",
        &expect![[r#"
        NAME    MODE      STATUS       IN-SYNC   SERIES   EXPIRES                REASON     AGE
        quiet   Enforce   Programmed   1/1       6->3     <a moment>             INC-1182   <age>
    "#]],
    );
    let args = ["-n", &scene.namespace, "wait", "--for=condition=Expired", TIMEOUT, "tview/quiet"];
    // One call of kubectl may take no longer than a minute.
    let waited = scene.stage.cluster.kubectl(&args).ok || scene.stage.cluster.kubectl(&args).ok;
    assert!(waited, "{}", scene.kubectl(&["get", "tview/quiet", "-o", "yaml"]));
    scene.shows(["mcd_state", "mcd_update_state", "mco_pool_machines"]);
    let status = scene.status("tview/quiet", |status| condition(status, "Expired")["status"] == "True");
    assert_eq!((&status["expiresAt"], &condition(&status, "Programmed")["reason"]), (&ends, &json!("Expired")), "{status}");
    scene.event("quiet", "Expired");
}

/// Scenario: a good view is replaced by one that the server takes and the clock refuses; another asks of a gauge what only
/// its kind refuses. Guarantees: nothing changes in the scrape; the object says what is wrong, where, and how to mend it.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_broken_object_changes_nothing_and_says_why() {
    let scene = Scene::new("broken");
    let rules = "metrics: [{name: quiet, match: {instruments: [mcd_update_state]}, state: Disabled}]";
    scene.apply("quiet", &format!("{{{rules}}}"));
    scene.shows(["mcd_state", "mco_pool_machines"]);
    scene.wait_for("Programmed", "tview/quiet");
    scene.apply("quiet", "{baseline: None, expiry: {at: 2020-01-01T00:00:00Z}}");
    scene.apply("shape", "{metrics: [{name: cut, match: {instruments: [mco.pool.machines]}, attributes: {drop: [pool]}}]}");
    let status = scene.status("tview/quiet", |status| condition(status, "Accepted")["status"] == "False");
    let said = condition(&status, "Accepted")["message"].as_str().unwrap_or_default();
    assert!(said.contains("PM0110") && said.contains("spec.expiry"), "{status}");
    assert!(scene.event("quiet", "Refused").contains("Warning"));
    let status = scene.status("tview/shape", |status| condition(status, "Programmed")["reason"] == "PartiallyProgrammed");
    assert_eq!(status["rules"][0]["state"], "Invalid", "{status}");
    scene.shows(["mcd_state", "mco_pool_machines"]);
    let lines = scene.lines();
    assert!(lines.iter().any(|line| line.contains("pool=\"worker\"")), "the gauge keeps its shape: {lines:?}");
}

/// Scenario: a view is only tried. Guarantees: the scrape stays as it was; its status says what the view would do.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_dry_run_only_says_what_it_would_do() {
    let scene = Scene::new("dry");
    scene.apply("try-none", "{mode: DryRun, reason: trial, baseline: None}");
    let status = scene.status("tview/try-none", |status| status["impact"]["summary"] == "6->0");
    assert_eq!(condition(&status, "Programmed")["reason"], "DryRun", "{status}");
    assert_eq!(condition(&status, "InSync"), &Value::Null, "{status}");
    scene.columns(
        "tview",
        "6->0",
        &expect![[r#"
        NAME       MODE     STATUS   IN-SYNC   SERIES   EXPIRES   REASON   AGE
        try-none   DryRun   DryRun             6->0               trial    <age>
    "#]],
    );
    scene.shows(["mcd_state", "mcd_update_state", "mco_pool_machines"]);
}

/// Scenario: a component pushes. Guarantees: it and what it sends can be listed by kubectl, with what it costs.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn components_and_what_they_send_are_listed() {
    let scene = Scene::new("listed");
    scene.apply("quiet", "{metrics: [{name: quiet, match: {instruments: [mcd_update_state]}, state: Disabled}]}");
    let name = format!("tcomp/daemonset.{MCD}.{MCD}");
    let component = scene.until("the component", || {
        scene.push();
        let object: Value = serde_json::from_str(&scene.kubectl(&["get", "tcomp", "-o", "json"])).expect("kubectl prints JSON");
        let status = &object["items"][0]["status"];
        (status["series"] == 3 && status["appliedViews"] != Value::Null).then(|| object["items"][0].clone())
    });
    assert_eq!(component["spec"]["serviceName"], MCD, "{component}");
    assert_eq!(component["status"]["seriesBefore"], 6, "{component}");
    assert!(scene.kubectl(&["get", &name]).contains(MCD));
    let catalogue = scene.until("the catalogue", || {
        let object: Value = serde_json::from_str(&scene.kubectl(&["get", "icat", "-o", "json"])).expect("kubectl prints JSON");
        let all = object["items"][0]["spec"]["instruments"].as_array().is_some_and(|all| all.len() >= 3);
        all.then(|| object["items"][0].clone())
    });
    assert_eq!(catalogue["spec"]["serviceName"], MCD, "{catalogue}");
}

/// Scenario: an alert reads a metric before a view turns it off; another comes after one has. Guarantees: the first holds the
/// view back and is named, an annotation with a reason lifts that; the second changes nothing that runs, and is told of.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn what_an_alert_reads_is_not_turned_off() {
    let scene = Scene::new("alert");
    let alert = |name: &str, metric: &str| {
        scene.stage.cluster.apply(&format!(
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: {name}, namespace: {}}}\n\
             spec: {{groups: [{{name: g, rules: [{{alert: Watched, expr: 'max({metric}) > 0'}}]}}]}}\n",
            scene.namespace
        ));
    };
    let off = |metric: &str| format!("{{metrics: [{{name: quiet, match: {{instruments: [{metric}]}}, state: Disabled}}]}}");
    alert("first", "mcd_state");
    scene.until("the alert", || {
        let read = scene.stage.pointsman.get("/api/v1/consumers").text();
        read.contains(&scene.namespace).then_some(())
    });
    // A reader of the very second in which a view was written came first.
    scene.apply("quiet", &off("mcd_state"));
    let status = scene.status("tview/quiet", |status| condition(status, "Protected")["status"] == "True");
    assert_eq!(status["rules"][0]["state"], "Protected", "{status}");
    assert!(status["rules"][0]["protectedBy"][0].as_str().is_some_and(|by| by.contains("first")), "{status}");
    assert!(scene.event("quiet", "Protected").contains("Warning"));
    scene.shows(["mcd_state", "mcd_update_state", "mco_pool_machines"]);
    assert_eq!(scene.explain("mcd_state")["verdict"], "HeldBack");
    let reads_what_is_off = |name: &str, value: u8| {
        let reader = format!("pointsman_consumer_name=\"{}/{name}/Watched\"", scene.namespace);
        scene.until("what our own metrics say of the reader", || {
            let body = scene.stage.pointsman.get("/metrics/self").text();
            let mut lines = body.lines().filter(|line| line.starts_with("pointsman_consumer_input_off{"));
            let is_it =
                |line: &str| line.contains(&reader) && line.contains("kind=\"alert\"") && line.ends_with(&format!(" {value}"));
            lines.any(is_it).then_some(())
        });
    };
    reads_what_is_off("first", 0);

    let lift = "pointsman.dev/override-protected=INC-1182: the alert goes with the next release";
    scene.kubectl(&["annotate", "tview", "quiet", lift]);
    scene.shows(["mcd_update_state", "mco_pool_machines"]);
    reads_what_is_off("first", 1);
    scene.until("Protected to go", || {
        let shown = scene.kubectl(&["get", "tview/quiet", "-o", "json"]);
        let object: Value = serde_json::from_str(&shown).expect("kubectl prints JSON");
        (condition(&object["status"], "Protected") == &Value::Null).then_some(())
    });

    scene.apply("later", &off("mcd_update_state"));
    scene.shows(["mco_pool_machines"]);
    // Times of Kubernetes are whole seconds: a reader counts as later from the next one on.
    thread::sleep(Duration::from_millis(1_100));
    alert("second", "mcd_update_state");
    let warned = |status: &Value| status["problems"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == "PM0401"));
    let status = scene.status("tview/later", warned);
    assert_eq!((&status["rules"][0]["state"], condition(&status, "Protected")), (&json!("Active"), &Value::Null), "{status}");
    scene.shows(["mco_pool_machines"]);
}
