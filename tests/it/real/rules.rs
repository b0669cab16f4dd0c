//! Shipped rules, as promtool judges them: sound, and firing when and only when their cases say.
//! And their objects, as an API server takes them.

use crate::{
    deploy::folder,
    real::{cluster::Cluster, peers::tool},
};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path, process::Command};

/// What promtool is told to read: files of rules, and those of their cases.
const FILES: [(&str, &str); 3] = [
    ("mco-legacy.rules.yaml", "mco-legacy.rules.test.yml"),
    ("pointsman.yaml", "pointsman.rules.test.yml"),
    ("mco.yaml", "mco.rules.test.yml"),
];

/// Scenario: the rules and their cases in `dashboards/alerts`. Guarantees: promtool of both Prometheus finds no fault, and every alert
/// and recording rule says what its cases say.
#[test]
#[ignore = "needs promtool: run bash tests/run.sh"]
fn rules_fire_as_their_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/alerts");
    let mut shipped: Vec<_> =
        std::fs::read_dir(&folder).expect("it lists").filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    shipped.retain(|name| name.ends_with(".test.yml"));
    assert_eq!(shipped.len(), FILES.len(), "no file of cases is left out: {shipped:?}");
    for promtool in ["promtool3", "promtool2"] {
        for arguments in FILES.iter().flat_map(|(rules, cases)| [["check", "rules", rules], ["test", "rules", cases]]) {
            let out = Command::new(tool(promtool)).args(arguments).current_dir(&folder).output().expect("promtool runs");
            let said = String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success(), "{promtool} {arguments:?}: {}{said}", String::from_utf8_lossy(&out.stdout));
        }
    }
}

/// Scenario: the component with the alerts is applied where the Prometheus operator's kinds are known. Guarantees: the API server
/// takes its objects, and they hold every alert.
#[test]
#[ignore = "needs a real API server: run bash tests/run.sh"]
fn an_api_server_takes_the_rules() {
    let cluster = Cluster::start();
    cluster.apply(include_str!("../../data/story/prometheusrules.yaml"));
    let crd = "crd/prometheusrules.monitoring.coreos.com";
    cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", crd]).expect("establish the CRD");
    for namespace in ["pointsman", "openshift-machine-config-operator"] {
        cluster.kubectl(&["create", "namespace", namespace]).expect("create the namespace");
    }
    let component = folder().join("components/alerts");
    for name in ["pointsman.yaml", "mco.yaml"] {
        let path = component.join(name).display().to_string();
        cluster.kubectl(&["apply", "--server-side", "--validate=strict", "-f", &path]).expect("apply the rules");
    }
    let got = cluster.kubectl(&["get", "prometheusrules", "--all-namespaces", "-o", "json"]).expect("read them back");
    let got: Value = serde_json::from_str(&got).expect("kubectl prints JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let rules = list(&got["items"])
        .iter()
        .flat_map(|item| list(&item["spec"]["groups"]))
        .flat_map(|group| list(&group["rules"]))
        .collect::<Vec<_>>();
    let alerts: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["alert"].as_str()).collect();
    let pages = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/runbooks")).expect("it lists");
    assert_eq!(alerts.len(), pages.count(), "one for each runbook: {alerts:?}");
}
