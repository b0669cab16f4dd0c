//! The API server goes away and comes back: points and scrapes go on, a restart serves the views that were cached.
//! Each test kills an API server of its own.

use super::cluster::Cluster;
use crate::support::{Pointsman, now, wait};
use serde_json::json;
use std::{fs, path::Path, thread, time::Duration};

/// How long pushes and scrapes are tried without an API server; the ten minutes of an outage are simulated in the unit tests.
const AWAY: Duration = Duration::from_secs(5);
/// A watch backs off for 30 s at most, and its connection and list take their time.
const BACK: Duration = Duration::from_secs(45);

fn start(cluster: &Cluster, state: &Path) -> Pointsman {
    let kubeconfig = cluster.kubeconfig("admin").display().to_string();
    Pointsman::start(&["--kubeconfig", &kubeconfig, "--state-dir", &state.display().to_string()])
}

/// Turns off one metric of the namespace.
fn turn_off(cluster: &Cluster, metric: &str) {
    cluster.apply(&format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: quiet, namespace: default}}\n\
         spec: {{metrics: [{{name: quiet, match: {{instruments: [{metric}]}}, state: Disabled}}]}}\n"
    ));
}

/// Pushes `first` and `second`, and says which of them the next scrape shows.
fn shown(pointsman: &Pointsman) -> Vec<&'static str> {
    let gauge =
        |name: &str| json!({"name": name, "gauge": {"dataPoints": [{"timeUnixNano": "1767261600000000000", "asInt": "1"}]}});
    let attributes = [("k8s.namespace.name", "default"), ("service.name", "checkout"), ("service.instance.id", "one")];
    let attributes = attributes.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}));
    let scope = json!({"scope": {"name": "s"}, "metrics": [gauge("first"), gauge("second")]});
    let body = json!({"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [scope]}]});
    let reply = pointsman.push_json("/v1/metrics", &body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let scrape = pointsman.scrape();
    let is_shown = |name: &&str| scrape.lines().any(|line| line.starts_with(&format!("{name}{{")));
    ["first", "second"].into_iter().filter(is_shown).collect()
}

/// Scenario: the API server is killed, pointsman is restarted meanwhile, the server comes back and a view changes at once.
/// Guarantees: every push is taken and every scrape obeys the last good view, before and after the restart; the change is
/// obeyed within one back-off.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn nothing_stops_while_the_api_server_is_away() {
    let cluster = Cluster::start();
    let state = tempfile::tempdir().expect("a temporary folder");
    let pointsman = start(&cluster, state.path());
    turn_off(&cluster, "first");
    wait("the view", || (shown(&pointsman) == ["second"]).then_some(()));
    wait("the cache", || holds(state.path(), "first").then_some(()));

    cluster.take_away();
    let until = now() + AWAY;
    let mut scrapes = 0;
    while now() < until {
        assert_eq!(shown(&pointsman), ["second"], "scrape {scrapes}");
        scrapes += 1;
    }
    assert!(scrapes > 0, "nothing was scraped");
    drop(pointsman);
    let pointsman = start(&cluster, state.path());
    assert_eq!(shown(&pointsman), ["second"], "the first request after the restart is under the cached views");
    wait("readiness", || (pointsman.get("/readyz").status == 200).then_some(()));

    cluster.bring_back();
    turn_off(&cluster, "second");
    obeyed(&pointsman, "first");
}

/// Scenario: the API server is away when pointsman starts for the first time. Guarantees: it takes what is pushed, and is not
/// ready; once the server is back it is, and obeys.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_first_start_waits_for_the_api_server() {
    let cluster = Cluster::start();
    turn_off(&cluster, "first");
    cluster.take_away();
    let state = tempfile::tempdir().expect("a temporary folder");
    let pointsman = start(&cluster, state.path());
    assert_eq!(shown(&pointsman), ["first", "second"], "no view is known");
    assert_eq!(pointsman.get("/readyz").status, 503, "{}", pointsman.get("/readyz").text());
    cluster.bring_back();
    obeyed(&pointsman, "second");
    assert_eq!(pointsman.get("/readyz").status, 200);
}

/// Waits for one back-off until only this metric is shown.
fn obeyed(pointsman: &Pointsman, metric: &'static str) {
    let until = now() + BACK;
    while shown(pointsman) != [metric] {
        assert!(now() < until, "not obeyed in time: {:#?}", pointsman.logs());
        thread::sleep(Duration::from_millis(50));
    }
}

/// Whether some file of the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    let files = fs::read_dir(folder).expect("the folder is ours").filter_map(Result::ok);
    files.map(|file| fs::read_to_string(file.path()).unwrap_or_default()).any(|content| content.contains(text))
}
