//! Views that reach a watcher: a real `pointsman watch` at a real API server, obeying a real `serve` over OpAMP. What is off is not
//! made there, whoever listens. What a plan says is told in `core::view`, what sessions do in `control` and `instrument`.

use super::{
    peers::settles,
    stage::counts,
    watchers::{Watcher, installed, pool},
};
use crate::support::{Pointsman, wait};
use std::{fs, net::TcpListener, path::Path};

/// One age of a node is Detailed, so off unless a view wants it; its state is Standard.
const DETAILED: &str = "mco_node_state_age_seconds";
const STANDARD: &str = "mco_node_state";

fn view(metrics: &str, traces: &str) -> String {
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: here, namespace: pointsman}}\nspec:\n  reason: a test\n  \
         metrics:\n  - {{name: m, match: {{instruments: [\"mco.node.*\"]}}, state: {metrics}}}\n  \
         traces:\n  - {{name: t, match: {{spans: [\"reconcile *\"]}}, state: {traces}}}\n"
    )
}

fn node(name: &str, state: &str) -> String {
    let annotations: String = [("currentConfig", "rendered-worker"), ("desiredConfig", "rendered-worker"), ("state", state)]
        .map(|(key, value)| format!("machineconfiguration.openshift.io/{key}: {value}, "))
        .concat();
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{pool: worker}}, annotations: {{{annotations}}}}}\n---\n"
    )
}

/// The sum of a family's series, of the watcher alone.
fn sum<const N: usize>(server: &Pointsman, family: &str, labels: [&str; N], of: [&str; N]) -> u64 {
    counts(&server.scrape(), family, labels).get(of.map(str::to_owned).as_slice()).copied().unwrap_or(0)
}

fn is_shown(server: &Pointsman, family: &str) -> bool {
    server.scrape().lines().any(|line| line.starts_with(&format!("{family}{{")))
}

/// Instruments of the watcher that cost nothing, as it says itself.
fn closed(server: &Pointsman) -> u64 {
    sum(server, "pointsman_instrument_gates", ["instance", "pointsman_gate_state"], ["daemon", "closed"])
}

/// Points that the watcher writes into one push: it pushes every second.
fn points_a_push(server: &Pointsman) -> u64 {
    let points = || sum(server, "pointsman_instrument_points_total", ["instance"], ["daemon"]);
    let next = |before: u64| wait("the next push", || Some(points()).filter(|now| *now > before));
    // The first push after a change may say what ended with it.
    let first = next(next(points()));
    next(first) - first
}

/// Addresses that a second server can take when the first has ended.
fn free() -> [String; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").to_string())
}

fn serve(grpc: &str, http: &str, views: Option<&Path>) -> Pointsman {
    let mut args = vec!["serve", "--otlp-grpc", grpc, "--otlp-http", http, "--listen", "127.0.0.1:0"];
    args.extend(views.into_iter().flat_map(|views| ["--views", views.to_str().expect("a plain path")]));
    Pointsman::start_as(&args, &[])
}

/// Scenario: a watcher obeys a server without views, whose views then turn all that it says of nodes on, and off, and its turns'
/// spans too; then the server is killed, and another that knows no view, and that the watcher has no session with, listens in its
/// place. Guarantees: each view shows in what the watcher itself says that it leaves out, in the size of its pushes, and in the
/// scrape; with nobody left to say so it stays off, and what was not off goes on.
#[test]
#[ignore = "needs a real API server: bash tests/run.sh"]
fn what_a_view_turns_off_is_not_made_by_the_watcher() {
    let (cluster, kubeconfig) = installed();
    let nodes = |state: &str| (0..20).map(|n| node(&format!("n{n}"), state)).collect::<String>();
    cluster.apply(&(pool("worker", false) + &nodes("Done")));
    let views = tempfile::tempdir().expect("a folder");
    let write = |text: &str| fs::write(views.path().join("view.yaml"), text).expect("written");
    let ([grpc, http], elsewhere) = (free(), "127.0.0.1:0");
    let server = serve(&grpc, &http, Some(views.path()));
    let opamp = format!("ws://{http}/v1/opamp");
    let _watcher = Watcher::start_with("daemon", "watch-daemon-0", (&server, &kubeconfig), &["--opamp", &opamp]);

    let obeys = |server: &Pointsman| {
        sum(server, "pointsman_plan_source", ["instance", "pointsman_plan_source"], ["daemon", "controller"]) == 1
    };
    assert!(settles(|| obeys(&server) && is_shown(&server, STANDARD)), "it takes no plan: {}", server.scrape());
    // How old a state is, is known of one that was seen to begin.
    cluster.apply(&nodes("Working"));
    let by_level = closed(&server);
    assert!(by_level > 0 && !is_shown(&server, DETAILED), "{}", server.scrape());
    let small = points_a_push(&server);

    write(&view("Enabled", "Enabled"));
    assert!(settles(|| is_shown(&server, DETAILED)), "what a view wants does not come: {}", server.scrape());
    let some = wait("its gates to open", || Some(closed(&server)).filter(|closed| *closed < by_level));
    let large = points_a_push(&server);
    assert!(large >= small + 20, "{small} points a push, {large} with a further metric of 20 nodes");

    write(&view("Disabled", "Disabled"));
    assert!(settles(|| !is_shown(&server, STANDARD) && closed(&server) > some), "it goes on: {}", server.scrape());
    assert!(points_a_push(&server) + 20 < small, "{} points a push, {small} before", points_a_push(&server));
    let spans = || received_spans(&server);
    let before = wait("spans to stop", || {
        Some(spans()).filter(|now| {
            points_a_push(&server);
            *now == spans()
        })
    });
    cluster.apply(&nodes("Done"));
    points_a_push(&server);
    assert_eq!(spans(), before, "turns make no span");

    let is_off = closed(&server);
    drop(server);
    let second = serve(&grpc, elsewhere, None);
    assert!(settles(|| closed(&second) == is_off), "it says nothing: {}", second.scrape());
    let own = received_spans(&second);
    cluster.apply(&nodes("Working"));
    points_a_push(&second);
    assert!(is_shown(&second, "mco_pool_paused") || is_shown(&second, "pointsman_watch_events_total"), "{}", second.scrape());
    assert!(!is_shown(&second, STANDARD) && closed(&second) == is_off && obeys(&second), "{}", second.scrape());
    assert_eq!(received_spans(&second), own, "a server traces its own turns, and nobody else's came");
}

/// Spans that arrived, of whoever sent them.
fn received_spans(server: &Pointsman) -> u64 {
    let text = server.get("/metrics/self").text();
    let of_traces = |line: &&str| line.starts_with("pointsman_pipeline_received_total{") && line.contains("traces");
    text.lines().filter(of_traces).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}
