//! Which alert is proved by what: the rules that are shipped, the scenarios that raise them live, and promtool's tests for the rest; and
//! the table of it in `dashboards/README.md`. `UPDATE_EXPECT=1` writes it. Starts nothing.

use pointsman::app::demo::scenario::Scenario;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

const BEGIN: &str = "<!-- alerts -->\n";
const END: &str = "<!-- /alerts -->\n";

/// A scenario, and what it has to raise and to end.
pub(super) struct Proof {
    pub(super) scenario: Scenario,
    /// How fast it is played for that, and with how many nodes.
    pub(super) speed: u32,
    pub(super) nodes: u32,
    /// Alerts, each with a label that tells whom or what it is about.
    pub(super) alerts: &'static [(&'static str, &'static str)],
}

/// Enough nodes for every scenario to have its own.
const NODES: u32 = 6;

/// What is proved live. A component is silent when none of its instances pushes, so that one has a single daemon; and silence is judged by
/// the wall clock, so that one is slow.
pub(super) const PROOFS: &[Proof] = &[
    Proof { scenario: Scenario::Happy, speed: 120, nodes: NODES, alerts: &[] },
    Proof {
        scenario: Scenario::DrainStuck,
        speed: 300,
        nodes: NODES,
        alerts: &[
            ("MCODrainFailing", "worker-1"),
            ("MCONodeUpdateStuck", "worker-1"),
            ("MCOPoolUpdateStalled", "drain"),
            ("MCOReconcileErrorBudgetBurn", "drain"),
        ],
    },
    Proof {
        scenario: Scenario::RebootFail,
        speed: 150,
        nodes: NODES,
        alerts: &[("MCORebootFailed", "worker"), ("MCOPoolDegraded", "worker")],
    },
    Proof {
        scenario: Scenario::LabelFlood,
        speed: 150,
        nodes: NODES,
        alerts: &[("PointsmanSeriesLimitHit", "mcd_update_state")],
    },
    Proof {
        scenario: Scenario::SilentDaemon,
        speed: 45,
        nodes: 1,
        alerts: &[(
            "PointsmanComponentSilent",
            "openshift-machine-config-operator/daemonset.machine-config-daemon.machine-config-daemon",
        )],
    },
    Proof { scenario: Scenario::RenderFail, speed: 120, nodes: NODES, alerts: &[("MCORenderFailed", "worker")] },
    Proof {
        scenario: Scenario::CertExpiry,
        speed: 300,
        nodes: NODES,
        alerts: &[("MCOCertificateExpiring", "KubeAPIServerServingCAData"), ("MCOCertificateBlockedByPause", "worker")],
    },
    Proof { scenario: Scenario::PausedForgotten, speed: 120, nodes: NODES, alerts: &[("MCOPoolPausedWithPending", "worker")] },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of rules, in the order of their names.
pub(super) fn rule_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("dashboards/alerts")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it lists").path());
    let is_rules = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".yaml") && !name.ends_with(".cases.yaml")
    };
    let mut files: Vec<PathBuf> = paths.filter(is_rules).collect();
    files.sort();
    files
}

/// Whether these rules are for a cluster that has the demo's metrics: those on old names read what the demo does not send.
pub(super) fn is_live(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name != "mco-legacy.rules.yaml")
}

/// The alerts of a file, by the name of their group.
fn alerts(path: &Path) -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(path).expect("it reads");
    let file: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let group = |group: &Value| {
        let rules = group["rules"].as_array().expect("rules");
        (text(&group["name"]).expect("a name"), rules.iter().filter_map(|rule| text(&rule["alert"])).collect())
    };
    file["groups"].as_array().expect("groups").iter().map(group).collect()
}

/// The alerts that promtool's tests name.
fn tested() -> String {
    let entries = fs::read_dir(root().join("dashboards/alerts")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it lists").path());
    let tests = paths.filter(|path| path.to_str().is_some_and(|name| name.ends_with(".test.yml")));
    tests.map(|path| fs::read_to_string(path).expect("it reads")).collect()
}

/// The rows of the table; a mistake when nothing proves an alert.
fn rows() -> Result<String, Vec<String>> {
    let mut proofs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Proof { scenario, nodes, alerts, .. } in PROOFS {
        let scenario = if *nodes == NODES { scenario.to_string() } else { format!("{scenario} --nodes {nodes}") };
        alerts.iter().for_each(|(alert, _)| proofs.entry(alert).or_default().push(scenario.clone()));
    }
    let (tested, mut seen, mut mistakes) = (tested(), BTreeSet::new(), Vec::new());
    let mut out = "| alert | proved by |\n| --- | --- |\n".to_owned();
    for alert in rule_files().iter().flat_map(|path| alerts(path)).flat_map(|(_, alerts)| alerts) {
        let is_tested = tested.contains(&alert);
        let by = match proofs.get(alert.as_str()) {
            Some(scenarios) => format!("`{}` (live)", scenarios.join("`, `")),
            None if is_tested => "promtool".to_owned(),
            None => {
                mistakes.push(format!("nothing proves {alert}"));
                continue;
            }
        };
        if seen.insert(alert.clone()) {
            writeln!(out, "| `{alert}` | {by} |").expect("a string takes it");
        }
    }
    for alert in proofs.keys().filter(|alert| !seen.contains(**alert)) {
        mistakes.push(format!("{alert} is to be raised, and no rule has it"));
    }
    if mistakes.is_empty() { Ok(out) } else { Err(mistakes) }
}

/// Scenario: the rules that are shipped, what is proved live, and promtool's tests.
/// Guarantees: something proves every alert; each group has one that is proved live, those on old names apart, which the operator's
/// own test raises; the table in the documentation says exactly that.
#[test]
fn every_alert_is_proved() {
    let rows = rows().unwrap_or_else(|mistakes| panic!("{}", mistakes.join("\n")));
    let live: BTreeSet<&str> = PROOFS.iter().flat_map(|proof| proof.alerts).map(|(alert, _)| *alert).collect();
    let groups = rule_files().into_iter().filter(|path| is_live(path)).flat_map(|path| alerts(&path));
    let dead: Vec<String> = groups
        .filter(|(_, alerts)| !alerts.is_empty() && !alerts.iter().any(|alert| live.contains(alert.as_str())))
        .map(|(name, _)| name)
        .collect();
    assert!(dead.is_empty(), "no alert of these groups is proved live: {dead:?}");
    let path = root().join("dashboards/README.md");
    let text = fs::read_to_string(&path).expect("it reads");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins somewhere");
    let (table, after) = rest.split_once(END).expect("the table ends somewhere");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{rows}{END}{after}")).expect("it writes");
    } else {
        assert_eq!(table, rows, "UPDATE_EXPECT=1 writes the table");
    }
}
