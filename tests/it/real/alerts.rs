//! The operator's own alerts on a real Prometheus: a scripted cluster on a real API server, the three watchers with the old names,
//! and scripted endpoints of controller and daemons. Failures come, alerts fire; failures go, alerts end.
//! What roles make of objects is told in `pointsman_watch`, what rules make of series in `dashboards/alerts`.

pub(super) mod endpoint;

use super::{
    cluster::Cluster as Server,
    peers::{Process, free, settles},
    script::{Player, install},
};
use crate::{
    deploy::folder,
    support::{Pointsman, command, http, runtime},
    tls::client::Authority,
};
use endpoint::Endpoint;
use expect_test::{Expect, expect};
use pointsman::app::demo::mco::{Action, Cluster, Options, PoolOptions, Trouble, Verb, Write};
use pointsman_watch::{
    Kind, kind,
    scrape::{CONTROLLER_NAME, DAEMON_NAME},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

/// A daemon that is well: what it says beside is read by nobody, and must not be.
const WELL: &str = "# TYPE mcd_kubelet_state gauge\nmcd_kubelet_state 0\nmcd_pivot_errors_total 0\nmcd_reboots_failed_total 0\n\
    mcd_local_unsupported_packages{node=\"x\"} 0\nmcd_state{state=\"Done\",reason=\"a sentence\"} 1.7e+09\n\
    mcd_update_state{config=\"rendered-worker-1\",err=\"a sentence\"} 1.7e+09\n";
const ILL: &str = "mcd_kubelet_state 3\nmcd_pivot_errors_total 1\nmcd_reboots_failed_total 2\nmcd_local_unsupported_packages 4\n\
    mcd_state{state=\"Degraded\",reason=\"a sentence\"} 1.7e+09\nmcd_update_state{config=\"\",err=\"a sentence\"} 1.7e+09\n";
const CONTROLLER: &str = "mcc_sub_controller_state{subcontroller=\"machine-config-controller-render\",\
    state=\"Sync Machine Config Pool with new MC\",object=\"worker\"} 1.7e+09\n\
    mcc_sub_controller_state{subcontroller=\"machine-config-controller-render\",state=\"a sentence\",object=\"worker\"} 1.7e+09\n\
    mcc_sub_controller_state{subcontroller=\"machine-config-controller-drain\",state=\"drain\",object=\"master-0\"} 1.7e+09\n";

const ROLES: [&str; 3] = ["operator", "controller", "daemon"];

/// Hours that lie between the cluster's first second and now: its drains are old when we come.
const AGE_SECS: i64 = 8 * 3600;

/// A `pointsman watch` whose log is kept.
struct Watcher(Child);

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// All of it.
struct World {
    cluster: Cluster,
    player: Player,
    runtime: tokio::runtime::Runtime,
    pointsman: Pointsman,
    prometheus: SocketAddr,
    daemons: [Endpoint; 2],
    controller: Endpoint,
    files: TempDir,
    watchers: BTreeMap<&'static str, Watcher>,
    server: Server,
    _process: Process,
}

impl World {
    /// A cluster at rest, and everything that looks at it.
    fn new() -> Self {
        let server = Server::bare();
        install(&server);
        let (authority, files) = (Authority::named("service-ca"), TempDir::new().expect("a folder"));
        fs::write(files.path().join("ca.crt"), authority.pem()).expect("a file");
        fs::write(files.path().join("token"), "first-token\n").expect("a file");
        let daemon = |host, port| Endpoint::serve(&authority, DAEMON_NAME, (host, port), ("first-token", WELL));
        let first = daemon(Ipv4Addr::LOCALHOST, 0);
        let second = daemon(Ipv4Addr::new(127, 0, 0, 2), first.port);
        let told = ("first-token", CONTROLLER);
        let controller = Endpoint::serve(&authority, CONTROLLER_NAME, (Ipv4Addr::LOCALHOST, 0), told);
        let pointsman = Pointsman::start(&[]);
        let (process, prometheus) = prometheus(pointsman.read);
        let runtime = runtime();
        let player = runtime.block_on(Player::new(&server));
        let mut world = Self {
            cluster: cluster(),
            player,
            runtime,
            pointsman,
            prometheus,
            daemons: [first, second],
            controller,
            files,
            watchers: BTreeMap::new(),
            server,
            _process: process,
        };
        world.play(1800);
        ROLES.into_iter().for_each(|role| world.watch(role));
        world
    }

    /// Lets the cluster go on up to this second.
    fn play(&mut self, second: u64) {
        let writes = self.cluster.advance_to(second).into_iter().map(addressed).collect();
        self.runtime.block_on(self.player.play(writes));
    }

    fn plan(&mut self, second: u64, actions: Vec<Action>) {
        actions.into_iter().for_each(|action| self.cluster.plan(second, action));
    }

    /// Starts the watcher of a role, in the place of one that may be there.
    fn watch(&mut self, role: &'static str) {
        let mcc = format!("https://127.0.0.1:{}", self.controller.port);
        let (mcd, file) = (self.daemons[0].port.to_string(), |name: &str| self.files.path().join(name).display().to_string());
        let (kubeconfig, otlp) =
            (self.server.kubeconfig("admin").display().to_string(), format!("http://{}", self.pointsman.grpc));
        let (ca, token) = (file("ca.crt"), file("token"));
        let mut args = vec!["watch", role, "--legacy-metrics", "--kubeconfig", &kubeconfig, "--otlp", &otlp];
        args.extend(["--interval", "1s", "--log", "debug"]);
        match role {
            "controller" => args.extend(["--scrape-mcc", &mcc, "--scrape-server-name", CONTROLLER_NAME]),
            "daemon" => args.extend(["--scrape-mcd", &mcd]),
            _ => {}
        }
        if role != "operator" {
            args.extend(["--scrape-ca-file", &ca, "--scrape-token-file", &token, "--scrape-interval", "1s"]);
        }
        let log = fs::File::options().create(true).append(true).open(file(&format!("{role}.log"))).expect("a file");
        self.watchers.remove(role); // it ends before the next begins
        let child = command(&args, &[]).stdout(Stdio::null()).stderr(log).spawn().expect("the binary starts");
        self.watchers.insert(role, Watcher(child));
    }

    fn query(&self, query: &str) -> Vec<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let reply = http(self.prometheus, "GET", &format!("/api/v1/query?query={encoded}"), &[], b"");
        if reply.status != 200 {
            return Vec::new(); // while it loads its storage
        }
        reply.json()["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// The one number that a query gives.
    fn number(&self, query: &str) -> Option<String> {
        self.query(query).first().and_then(|series| series["value"][1].as_str().map(str::to_owned))
    }

    /// Alerts that fire, and of whom: what the operator's own say in their texts, the pool of ours.
    fn firing(&self) -> BTreeSet<String> {
        let reply = http(self.prometheus, "GET", "/api/v1/alerts", &[], b"");
        let alerts = reply.json()["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let said = |alert: &Value| {
            let (labels, says) = (&alert["labels"], &alert["annotations"]["description"]);
            let whom = if labels.get("replaces").is_some() { &labels["mco_pool_name"] } else { says };
            let words = [&labels["alertname"], whom].map(|word| word.as_str().unwrap_or_default());
            words.join(" ").trim_end().to_owned()
        };
        alerts.iter().filter(|alert| alert["state"] == "firing").map(said).collect()
    }

    /// Waits until exactly these alerts fire.
    #[track_caller]
    fn fire(&self, wanted: &[&str]) {
        let wanted: BTreeSet<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let fires = settles(|| self.firing() == wanted);
        assert!(fires, "wanted {wanted:?}, there is {:?}\n{}", self.firing(), self.pointsman.scrape());
    }

    /// Waits until a query gives this number.
    #[track_caller]
    fn tells(&self, query: &str, number: &str) {
        let told = settles(|| self.number(query).as_deref() == Some(number));
        assert!(told, "{query}: wanted {number}, there is {:?}\n{}", self.number(query), self.pointsman.scrape());
    }

    fn logs(&self) -> String {
        let logs = ROLES.map(|role| self.files.path().join(format!("{role}.log")));
        logs.iter().map(|log| fs::read_to_string(log).expect("a log")).collect()
    }
}

/// Three masters, two workers whose images are built, and a custom pool: at rest when the watchers come.
fn cluster() -> Cluster {
    #[expect(clippy::disallowed_methods, reason = "tests have no app::clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs();
    let start = i64::try_from(now).expect("a time") - AGE_SECS;
    let start = jiff::Timestamp::from_second(start).expect("a time");
    let options = Options { image_mode: true, start, ..Options::new(2, 7) };
    Cluster::new(options.with_pool(PoolOptions::new("infra", 1)))
        .at(5, Action::BootImages("Automatic".to_owned()))
        .at(10, Action::Layer("worker".to_owned()))
}

/// With the addresses of the two nodes whose daemons can be asked.
fn addressed(mut write: Write) -> Write {
    let host = match (write.kind, write.name.as_str()) {
        (Kind::Node, "worker-0") => "127.0.0.1",
        (Kind::Node, "worker-1") => "127.0.0.2",
        _ => return write,
    };
    if let Verb::Put(node) = &mut write.verb {
        node["status"]["addresses"] =
            json!([{"type": "Hostname", "address": write.name}, {"type": "InternalIP", "address": host}]);
    }
    write
}

/// A Prometheus that scrapes as the documentation says, with the operator's rules and those that we ship; these too wait for
/// nothing.
fn prometheus(target: SocketAddr) -> (Process, SocketAddr) {
    let (root, folder) = (Path::new(env!("CARGO_MANIFEST_DIR")), TempDir::new().expect("a folder"));
    for (from, to) in [("tests/data/alerts/mco.rules.yaml", "mco.yaml"), ("dashboards/alerts/mco-legacy.rules.yaml", "ours.yaml")]
    {
        let rules = fs::read_to_string(root.join(from)).expect("the rules are there");
        let rules = rules.replace("for: 10m", "for: 1s").replace("for: 5m", "for: 1s");
        fs::write(folder.path().join(to), rules).expect("a file");
    }
    let config = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nrule_files: [mco.yaml, ours.yaml]\n\
         scrape_configs:\n- {{job_name: pointsman, honor_labels: true, static_configs: [{{targets: ['{target}']}}]}}\n"
    );
    fs::write(folder.path().join("prometheus.yml"), config).expect("a file");
    let [address] = free();
    let flags = ["--config.file=prometheus.yml".to_owned(), "--storage.tsdb.path=data".to_owned()];
    let args: Vec<String> = flags.into_iter().chain([format!("--web.listen-address={address}")]).collect();
    (Process::start("prometheus3", folder, &args, &[address]), address)
}

/// Scenario: watchers come to a cluster at rest whose daemons and controller let themselves be scraped. Then a drain is held up
/// for hours, a master is in a custom pool too, nobody looks at boot images, a daemon's node is ill; and all of it ends.
/// Guarantees: each alert of the operator that we feed fires, of the right node, and ends; the two lost recording rules and the
/// third one have values; the alerts of the image builder have no data and fault nothing.
#[test]
#[ignore = "needs real peers: bash tests/run.sh"]
fn the_operators_alerts_fire_and_end() {
    let mut world = World::new();
    the_component_opens_endpoints(&world.server);
    world.tells("count(mcd_kubelet_state == 0)", "2");
    world.tells("mcc_boot_image_skew_enforcement_none", "0");
    world.tells("count(mco_daemon_scrape_up == 1)", "2");
    world.tells("cluster:mcd_total_unsupported_packages:sum", "0");
    world.tells("os_image_url_override:sum", "0");
    // A time became an age: no object tells when a drain last succeeded.
    world.tells("count(mco_controller_last_success_age_seconds{mco_controller_name=\"drain\"} > 1e7)", "1");
    world.fire(&[]);

    let name = |text: &str| text.to_owned();
    world.plan(
        2000,
        vec![
            Action::Break(name("master-0"), Trouble::Drain),
            Action::NewTarget(name("master")),
            Action::Label(name("master-1"), name("infra"), true),
            Action::BootImages(name("None")),
        ],
    );
    world.play(3600);
    world.daemons[1].says(ILL);
    // Whoever was there knows better than any timestamp; whoever comes now finds a drain that is hours old.
    world.watch("daemon");
    world.fire(&[
        "KubeletHealthState worker-1",
        "MCCBootImageSkewEnforcementNone",
        "MCCDrainError master-0",
        "MCCPoolAlert master-1",
        "MCDPivotError worker-1",
        "MCDRebootError worker-1",
    ]);
    world.tells("cluster:mcd_nodes_with_unsupported_packages:count", "1");
    world.tells("cluster:mcd_total_unsupported_packages:sum", "4");
    old_names_have_their_labels(&world);
    nothing_is_free_text(&world);

    world.daemons[1].says(WELL); // the daemon was restarted, and its counters with it
    world.plan(
        3700,
        vec![
            Action::Mend(name("master-0")),
            Action::Label(name("master-1"), name("infra"), false),
            Action::BootImages(name("Automatic")),
        ],
    );
    world.play(9000);
    world.fire(&[]);
    world.tells("cluster:mcd_total_unsupported_packages:sum", "0");
    a_new_token_is_taken(&world);
}

/// Scenario: builds of an OS image fail, one after the other; a third one does not end, and then it does. Guarantees: what stands
/// for each of the image builder's alerts fires, and ends where it can in a minute; those of the builder have no data.
#[test]
#[ignore = "needs real peers: bash tests/run.sh"]
fn what_replaces_the_alerts_of_builds_fires() {
    let mut world = World::new();
    world.tells("mco_build_count_total{mco_pool_name=\"worker\",mco_result=\"failed\"}", "0");
    world.tells("mco_build_retries_total{mco_pool_name=\"worker\"}", "0");
    world.fire(&[]);
    let target = || Action::NewTarget("worker".to_owned());
    world.plan(2000, vec![Action::FailBuilds("worker".to_owned(), 2), target()]);
    world.play(3000);
    world.tells("mco_build_count_total{mco_pool_name=\"worker\",mco_result=\"failed\"}", "1");
    world.plan(3100, vec![target()]);
    world.play(4000);
    world.fire(&["MCOBuildDegraded worker", "MCOBuildFailed worker", "MCOImagePushFailing worker"]);
    world.plan(4100, vec![target()]);
    world.play(4200);
    world.fire(&["MCOBuildFailed worker", "MCOBuildHangs worker", "MCOImagePushFailing worker"]);
    world.play(5000);
    world.fire(&["MCOBuildFailed worker", "MCOImagePushFailing worker"]);
    assert!(world.query("{__name__=~\"ocl_.*\"}").is_empty(), "nobody sends them");
    let rules = http(world.prometheus, "GET", "/api/v1/rules", &[], b"").json();
    let groups = rules["data"]["groups"].as_array().expect("groups");
    let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules")).collect();
    let ill: Vec<&Value> = rules.iter().copied().filter(|rule| rule["health"] != "ok").collect();
    assert!(ill.is_empty(), "every rule evaluates: {ill:?}");
    let names: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["name"].as_str()).collect();
    let ocl: BTreeSet<&str> = names.into_iter().filter(|name| name.starts_with("OCL")).collect();
    let replaced: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["labels"]["replaces"].as_str()).collect();
    assert_eq!(replaced, ocl, "each alert of the builder has one of ours in its place");
}

/// Every old name with its labels, apart from those that say who sent it. A label without a value is none to Prometheus.
fn old_names_have_their_labels(world: &World) {
    let ours = ["__name__", "instance", "job"];
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for series in world.query("{__name__=~\"mc[cd]_.*|mco_state|mco_.*machine_count|os_image.*\",otel_scope_name=\"mco.legacy\"}")
    {
        let labels: BTreeMap<String, String> = serde_json::from_value(series["metric"].clone()).expect("labels are strings");
        let keys: Vec<&str> =
            labels.keys().map(String::as_str).filter(|key| !ours.contains(key) && !key.starts_with("otel_scope")).collect();
        names.entry(labels["__name__"].clone()).or_default().insert(keys.join(","));
    }
    let told: String = names.iter().map(|(name, keys)| format!("{name} {keys:?}\n")).collect();
    let want: Expect = expect![[r#"
        mcc_boot_image_skew_enforcement_none {""}
        mcc_drain_err {"exported_node,node"}
        mcc_pool_alert {"exported_node,node"}
        mcc_sub_controller_state {"object,state,subcontroller"}
        mcd_config_drift {"node"}
        mcd_host_os_and_version {"node,os,version"}
        mcd_kubelet_state {"node"}
        mcd_local_unsupported_packages {"node"}
        mcd_pivot_errors_total {"node"}
        mcd_reboots_failed_created {"node"}
        mcd_reboots_failed_total {"node"}
        mcd_state {"node,state"}
        mco_degraded_machine_count {"pool"}
        mco_machine_count {"pool"}
        mco_state {"node,pool,state"}
        mco_unavailable_machine_count {"pool"}
        mco_updated_machine_count {"pool"}
        os_image_url_override {"pool"}
    "#]];
    want.assert_eq(&told);
}

/// No label of any series has a sentence of an operator's in it, nor a secret; and no log has the secret.
fn nothing_is_free_text(world: &World) {
    let scrape = world.pointsman.scrape();
    for text in ["a sentence", "evicting pods", "disruption budget", "first-token"] {
        assert!(!scrape.contains(text), "{text:?} is in a series");
    }
    let long = scrape
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find(|line| line.split('"').skip(1).step_by(2).any(|value| value.len() > 80 || value.split(' ').count() > 8));
    assert_eq!(long, None, "a label is long");
    let logs = world.logs();
    assert!(logs.contains("watching") && !logs.contains("first-token"), "the token is in a log");
}

/// The account of the watchers may do what kube-rbac-proxy asks the API server about, word by word, once the component is there.
fn the_component_opens_endpoints(server: &Server) {
    let attributes =
        json!({"namespace": kind::NAMESPACE, "version": "v1", "resource": "namespace", "subresource": "metrics", "verb": "get"});
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": "system:serviceaccount:pointsman:pointsman-watch", "resourceAttributes": attributes},
    });
    let asked = ["create", "-f", "-", "-o", "jsonpath={.status.allowed}"];
    let may = || server.call("admin", &asked, &review.to_string()).expect("ask for a review");
    assert_eq!(may(), "false");
    server.kubectl(&["create", "namespace", "pointsman"]).expect("create a namespace");
    let path = folder().join("components/watch-scrape/scrape.yaml").display().to_string();
    server.kubectl(&["apply", "-f", &path]).expect("apply the component");
    assert!(settles(|| may() == "true"), "{}", may());
}

/// The token is renewed, as it is every hour: who scrapes reads it anew.
fn a_new_token_is_taken(world: &World) {
    world.daemons.iter().for_each(|daemon| daemon.opens_to("second-token"));
    world.tells("count(mco_daemon_scrape_up == 0)", "2");
    assert!(world.query("mcd_kubelet_state").is_empty(), "what is not answered is not said on");
    assert!(world.daemons.iter().all(|daemon| daemon.refused() > 0), "it was asked with the old one");
    fs::write(world.files.path().join("token"), "second-token\n").expect("a file");
    world.tells("count(mco_daemon_scrape_up == 1)", "2");
    assert!(!world.logs().contains("second-token"), "the token is in a log");
}
