//! Alerts proved live: every scenario of the demo, faster than life, one real Prometheus that scrapes them all with the shipped rules made
//! as fast, and the Alertmanager that it tells. What the scenarios are to raise stands in `table`. Knows no metric by name.

mod faster;
mod table;

use super::peers::{Process, free, settles};
use crate::{
    demo,
    support::{http, now},
};
use faster::{Faster, SCENARIO};
use pointsman::app::demo::scenario::Scenario;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};
use table::{PROOFS, Proof};
use tempfile::TempDir;

/// All have raised and ended their alerts by then.
const DEADLINE: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A scenario, an alert, and whom it is about.
type Raised = (Scenario, &'static str, &'static str);

/// All of it; the demos end with it.
struct World {
    prometheus: SocketAddr,
    alertmanager: SocketAddr,
    _processes: [Process; 2],
    _demos: Vec<demo::Running>,
}

impl World {
    fn open() -> Self {
        let (mut demos, mut targets) = (Vec::new(), Vec::new());
        for Proof { scenario, speed, nodes, .. } in PROOFS {
            let args = ["--scenario", scenario.as_str(), "--speed", &speed.to_string(), "--nodes", &nodes.to_string()];
            let (demo, read, told) = demo::start(&args);
            // The story has to go somewhere, or the demo would wait for a reader.
            thread::spawn(move || told.for_each(drop));
            demos.push(demo);
            targets.push((*scenario, read));
        }
        let (receives, alertmanager) = alertmanager();
        let (scrapes, prometheus) = prometheus(&targets, alertmanager);
        Self { prometheus, alertmanager, _processes: [scrapes, receives], _demos: demos }
    }

    fn ask(&self, path: &str) -> Value {
        let reply = http(self.prometheus, "GET", path, &[], b"");
        // While it loads its storage it answers 503.
        if reply.status == 200 { reply.json()["data"].clone() } else { Value::Null }
    }

    /// Alerts that are pending or fire, with everything that is said of each.
    fn alerts(&self) -> Vec<Value> {
        self.ask("/api/v1/alerts")["alerts"].as_array().cloned().unwrap_or_default()
    }

    /// Rules that could not be evaluated.
    fn ill(&self) -> Vec<String> {
        let rules = self.ask("/api/v1/rules");
        let groups = rules["groups"].as_array().expect("groups");
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules"));
        rules.filter(|rule| rule["health"] != "ok").map(|rule| format!("{} {}", rule["name"], rule["lastError"])).collect()
    }

    /// What the Alertmanager has of one alert.
    fn received(&self, name: &str) -> Option<Value> {
        let reply = http(self.alertmanager, "GET", "/api/v2/alerts", &[], b"");
        let alerts = reply.json();
        alerts.as_array()?.iter().find(|alert| alert["labels"]["alertname"] == name).cloned()
    }
}

/// A Prometheus with every rule once for each scenario.
fn prometheus(targets: &[(Scenario, SocketAddr)], alertmanager: SocketAddr) -> (Process, SocketAddr) {
    let folder = TempDir::new().expect("a folder");
    for Proof { scenario, speed, .. } in PROOFS {
        let faster = Faster { scenario: *scenario, speed: *speed };
        for (number, path) in table::rule_files().iter().filter(|path| table::is_live(path)).enumerate() {
            let rules = faster.file(&fs::read_to_string(path).expect("it reads"));
            fs::write(folder.path().join(format!("{scenario}-{number}.rules.yaml")), rules).expect("it writes");
        }
    }
    let mut config = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}\nrule_files: ['*.rules.yaml']\n\
         alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\nscrape_configs:\n"
    );
    config.push_str("- job_name: pointsman\n  honor_labels: true\n  static_configs:\n");
    for (scenario, target) in targets {
        writeln!(config, "  - {{targets: ['{target}'], labels: {{{SCENARIO}: {scenario}}}}}").expect("a string takes it");
    }
    fs::write(folder.path().join("prometheus.yml"), config).expect("it writes");
    let [address] = free();
    let args = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"].map(str::to_owned);
    let args: Vec<String> = args.into_iter().chain([format!("--web.listen-address={address}")]).collect();
    (Process::start("prometheus3", folder, &args, &[address]), address)
}

/// An Alertmanager that tells nobody.
fn alertmanager() -> (Process, SocketAddr) {
    let folder = TempDir::new().expect("a folder");
    let config = "route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n";
    fs::write(folder.path().join("alertmanager.yml"), config).expect("it writes");
    let [address] = free();
    let args = ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="].map(str::to_owned);
    let args: Vec<String> = args.into_iter().chain([format!("--web.listen-address={address}")]).collect();
    (Process::start("alertmanager", folder, &args, &[address]), address)
}

/// When each alert fired and ended.
#[derive(Default)]
struct Seen {
    fired: BTreeMap<Raised, Duration>,
    ended: BTreeMap<Raised, Duration>,
    /// Alerts about the operator where nothing goes wrong.
    false_alarms: BTreeSet<String>,
}

/// Everything that has to be raised.
fn wanted() -> impl Iterator<Item = Raised> {
    PROOFS.iter().flat_map(|proof| proof.alerts.iter().map(|(alert, about)| (proof.scenario, *alert, *about)))
}

/// Whether this is that alert, about that one.
fn is(alert: &Value, (scenario, name, about): &Raised) -> bool {
    let labels = alert["labels"].as_object().expect("labels");
    labels[SCENARIO] == scenario.as_str() && labels["alertname"] == *name && labels.values().any(|value| value == about)
}

impl Seen {
    /// Takes the alerts that there are now.
    fn look(&mut self, alerts: &[Value], at: Duration) {
        for raised in wanted() {
            let states = alerts.iter().filter(|alert| is(alert, &raised)).map(|alert| &alert["state"]);
            let states: Vec<&Value> = states.collect();
            if states.contains(&&Value::from("firing")) {
                self.fired.entry(raised).or_insert(at);
                self.ended.remove(&raised);
            } else if states.is_empty() && self.fired.contains_key(&raised) {
                // One that is pending again has ended, and is about to come back.
                self.ended.entry(raised).or_insert(at);
            }
        }
        let alarms =
            alerts.iter().filter(|alert| alert["state"] == "firing" && alert["labels"][SCENARIO] == Scenario::Happy.as_str());
        let alarms = alarms.filter_map(|alert| alert["labels"]["alertname"].as_str());
        self.false_alarms.extend(alarms.filter(|name| name.starts_with("MCO")).map(str::to_owned));
    }

    /// Alerts that are still to fire or to end.
    fn missing(&self) -> Vec<String> {
        let left = wanted().filter_map(|raised| {
            let (scenario, alert, about) = raised;
            match (self.fired.get(&raised), self.ended.get(&raised)) {
                (None, _) => Some(format!("{scenario}: {alert} about {about} has not fired")),
                (Some(at), None) => Some(format!("{scenario}: {alert} about {about} fired after {at:?} and goes on")),
                (Some(_), Some(_)) => None,
            }
        });
        left.collect()
    }

    fn timeline(&self) -> String {
        let line = |(raised, at): (&Raised, &Duration)| {
            format!("{} {}: fired after {at:?}, ended after {:?}\n", raised.0, raised.1, self.ended.get(raised))
        };
        self.fired.iter().map(line).collect()
    }
}

/// The Alertmanager has one of the alerts that fire, as Prometheus said it.
fn is_received(world: &World, alerts: &[Value]) -> bool {
    let Some(sent) = alerts.iter().find(|alert| alert["state"] == "firing" && alert["labels"]["alertname"] == "MCODrainFailing")
    else {
        return false;
    };
    let Some(received) = world.received("MCODrainFailing") else { return false };
    assert_eq!(received["annotations"], sent["annotations"], "{received}");
    assert_eq!(received["labels"], sent["labels"], "{received}");
    assert_eq!(received["status"]["state"], "active", "{received}");
    let description = sent["annotations"]["description"].as_str().expect("it says what is wrong");
    assert!(description.contains("worker-1") && !description.contains("no value"), "{description}");
    true
}

/// Scenario: every scenario of the demo at once, each at a pace of its own, and the shipped rules made as fast.
/// Guarantees: every rule can be evaluated; each alert of the table fires on real Prometheus and ends; where nothing goes wrong, no
/// alert about the operator fires; the Alertmanager has one that fires, with its labels and annotations filled in.
#[test]
#[ignore = "needs real peers: bash tests/run.sh"]
fn scenarios_raise_and_end_their_alerts() {
    let world = World::open();
    let (began, mut seen, mut received) = (now(), Seen::default(), false);
    let since = |began: Instant| now().duration_since(began);
    assert!(settles(|| !world.ask("/api/v1/rules").is_null()), "Prometheus answers");
    while since(began) < DEADLINE && !(seen.missing().is_empty() && received) {
        let alerts = world.alerts();
        seen.look(&alerts, since(began));
        received = received || is_received(&world, &alerts);
        thread::sleep(LOOK_EVERY);
    }
    assert!(seen.missing().is_empty(), "{:#?}\n{}", seen.missing(), seen.timeline());
    assert!(received, "the Alertmanager has received nothing");
    assert_eq!(world.ill(), Vec::<String>::new());
    assert!(seen.false_alarms.is_empty(), "nothing went wrong: {:?}", seen.false_alarms);
    eprintln!("{}", seen.timeline());
}
