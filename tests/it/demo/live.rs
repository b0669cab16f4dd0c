//! The live demo with its view folder, the simulator against another server, and what mistakes in the flags say.
//! What the story says is tested by its transcripts.

use crate::support::{Pointsman, command, http, now, run, wait};
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

/// A running demo: where it serves, and where its views are.
struct Demo {
    child: Child,
    read: SocketAddr,
    views: PathBuf,
}

impl Demo {
    /// Starts it and reads what it prints first.
    fn start(args: &[&str]) -> Self {
        let mut child = command(&[&["demo"], args].concat(), &[])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines().map_while(Result::ok);
        let mut after = |word: &str| {
            let line = lines.by_ref().find(|line| line.trim_start().starts_with(word)).expect("the demo says where to look");
            line.split_whitespace().nth(1).expect("a place").to_owned()
        };
        let (metrics, views) = (after("metrics"), after("views"));
        thread::spawn(move || lines.for_each(drop)); // a full pipe would stop the story
        let read = metrics.trim_start_matches("http://").trim_end_matches("/metrics");
        Self { child, read: read.parse().expect("an address"), views: views.into() }
    }

    /// How many series have a name that begins so.
    fn series(&self, name: &str) -> usize {
        let reply = http(self.read, "GET", "/metrics", &[], &[]);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text().lines().filter(|line| line.starts_with(name)).count()
    }

    /// Instruments that cost nothing, as those who have them say.
    fn closed(&self) -> u64 {
        let text = http(self.read, "GET", "/metrics", &[], &[]).text();
        let is_it = |line: &&str| line.starts_with("pointsman_instrument_gates{") && line.contains("=\"closed\"");
        text.lines().filter(is_it).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.views.join("mine.yaml"), text).expect("written");
    }

    /// Asks it to end: its exit code, and everything on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        let mut stderr = String::new();
        self.child.stderr.take().expect("stderr is piped").read_to_string(&mut stderr).expect("stderr is text");
        (self.child.wait().expect("it ends").code(), stderr)
    }
}

const OFF: &str = "apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: mine, namespace: openshift-machine-config-operator}
spec:
  reason: a test
  metrics:
  - {name: pools, match: {instruments: [\"mco.pool.*\"]}, state: Disabled}
";

/// Scenario: the demo is started; a view is written into its folder, then broken, then removed; then it is asked to end.
/// Guarantees: metrics within 5 s; the view shows in a scrape within a second or two, and at the senders; a broken one keeps the
/// last good, a removed one ends; exit code 0, and no complaint about the folder that goes away.
#[test]
fn the_demo_obeys_its_view_folder() {
    let started = now();
    let demo = Demo::start(&[]);
    wait("the first metrics", || (demo.series("mco_pool_machine_count") > 0).then_some(()));
    assert!(now() - started < Duration::from_secs(5), "it took {:?}", now() - started);
    // Metrics that are off by their level.
    let closed = wait("the first plan", || Some(demo.closed()).filter(|closed| *closed > 0));
    demo.write(OFF);
    wait("the view to act", || (demo.series("mco_pool_") == 0).then_some(()));
    wait("the view to act at the source", || (demo.closed() > closed + 10).then_some(()));
    demo.write(&OFF.replace("Disabled", "Disabeld"));
    wait("the fault to show", || http(demo.read, "GET", "/api/v1/faults", &[], &[]).text().contains("PM0104").then_some(()));
    assert_eq!(demo.series("mco_pool_"), 0, "a broken file keeps the last good view");
    std::fs::remove_file(demo.views.join("mine.yaml")).expect("removed");
    wait("the view to end", || (demo.series("mco_pool_machine_count") > 0).then_some(()));
    let views = demo.views.clone();
    let (code, stderr) = demo.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!views.exists(), "the folder goes with the demo");
    let complaints: Vec<_> = stderr.lines().filter(|line| !line.contains("PM0104")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Scenario: only the simulator, against a running server, over gRPC.
/// Guarantees: all its components arrive there.
#[test]
fn the_simulator_can_feed_another_server() {
    let server = Pointsman::start(&[]);
    let url = format!("http://{}", server.grpc);
    let (code, stdout, stderr) = run(&["demo", "--send-to", &url, "--for", "2s"], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert_eq!(server.get("/api/v1/overview").json()["item"]["instances"], 17, "12 daemons, 4 more, and the server itself");
}

/// Scenario: flags with mistakes.
/// Guarantees: all are told at once, with code, place and caret, exit code 2; nothing was started.
#[test]
fn mistakes_in_the_flags_are_one_report() {
    let (code, stdout, stderr) = run(&["demo", "--for", "3x", "--traces-to", "jaeger:4317"], &[]);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    for part in ["`for` from --for: `3x` is not a duration", "`jaeger:4317` is not", "command line:1:", "2 errors"] {
        assert!(stderr.contains(part), "{part} is missing in\n{stderr}");
    }
    let (code, _, stderr) = run(&["demo", "--send-to", "http://me:hunter2@127.0.0.1:1"], &[]);
    assert!(code == 2 && stderr.contains("PM0502") && !stderr.contains("hunter2"), "{stderr}");
}

/// One daemon in a scrape: the value of its own counter and the time from which that counts.
fn counted(read: SocketAddr, node: &str) -> Option<(f64, f64)> {
    let text = http(read, "GET", "/metrics", &[("accept", "application/openmetrics-text;version=1.0.0")], &[]).text();
    let instance = format!("instance=\"machine-config-daemon-{node}\"");
    let number = |name: &str| -> Option<f64> {
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains(&instance))?;
        line.rsplit_once("} ")?.1.split(' ').next()?.parse().ok()
    };
    Some((number("pointsman_instrument_points_total")?, number("pointsman_instrument_points_created")?))
}

/// Scenario: the daemon of worker-5 stops for half an hour of the story and starts again, live, over real OTLP.
/// Guarantees: its series end while it is silent, those of its neighbour go on; when it is back it counts from a new start time, and from
/// less than before, so that no reader takes the difference for a jump; its neighbour's start is what it was.
#[test]
fn a_silent_daemon_counts_anew() {
    let demo = Demo::start(&["--scenario", "silent-daemon", "--speed", "180"]);
    let both = || Some((counted(demo.read, "worker-5")?, counted(demo.read, "worker-4")?));
    let (_, beside) = wait("both daemons", both);
    let mut before = (0.0, 0.0);
    wait("its series to end", || match counted(demo.read, "worker-5") {
        Some(last) => {
            before = last;
            None
        }
        None => Some(()),
    });
    assert!(counted(demo.read, "worker-4").is_some(), "its neighbour goes on");
    let after = wait("it to be back", || counted(demo.read, "worker-5"));
    assert!(before.1 > 0.0 && after.1 > before.1, "it starts anew: {before:?}, then {after:?}");
    assert!(after.0 < before.0, "it counts from its start: {before:?}, then {after:?}");
    let neighbour = counted(demo.read, "worker-4").expect("it is there");
    assert!(neighbour.1 == beside.1 && neighbour.0 > beside.0, "{beside:?}, then {neighbour:?}");
    assert_eq!(demo.end().0, Some(0));
}

/// Scenario: a drain that hangs; the view that has phases on is removed; the line that `/fleet` offers goes into a view; then a
/// view turns off everything the screen reads. Guarantees: the screen and its twin tell the node and what blocks it; the offered line
/// brings the ages; without any series there is an explanation and the lines that would bring them back.
#[test]
fn the_fleet_is_told_as_far_as_its_metrics_are_on() {
    let demo = Demo::start(&["--scenario", "drain-stuck", "--speed", "600"]);
    let get = |path: &str| http(demo.read, "GET", path, &[], &[]);
    let fleet = || get("/api/v1/fleet").json()["item"].clone();
    let stuck = || {
        let nodes = fleet()["nodes"].as_array().cloned().unwrap_or_default();
        nodes
            .into_iter()
            .find(|node| node["attention"] == true && node["why"][0].as_str().is_some_and(|why| why.contains("drain")))
    };
    let node = wait("the drain to be stuck", &stuck);
    assert_eq!(fleet()["off"].as_array().map(Vec::len), Some(0), "the demo's own view has phases on");
    std::fs::remove_file(demo.views.join("phases.yaml")).expect("the demo's own view");
    let line = wait("the ages to be off", || {
        let off = fleet()["off"].as_array().cloned()?;
        Some(off.iter().find(|off| off["metric"] == "mco.node.update.phase.age")?["enable"].as_str()?.to_owned())
    });
    let page = get("/fleet").text();
    let name = node["name"].as_str().expect("a name");
    assert!(
        page.contains(name) && page.contains("drain: threshold_10m passed") && page.contains("mco.node.update.phase.age"),
        "{page}"
    );

    let head = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\n\
                metadata: {name: mine, namespace: openshift-machine-config-operator}\nspec:\n  reason: a test\n  ";
    demo.write(&format!("{head}{line}\n"));
    let aged =
        || stuck().filter(|node| node["phases"].as_array().is_some_and(|all| all.iter().any(|one| one["seconds"].is_f64())));
    wait("the ages of phases", aged);
    assert!(get("/fleet").text().contains(" (usual "), "how long, and what is usual");

    demo.write(&format!("{head}metrics: [{{name: all, match: {{instruments: [\"mco.*\"]}}, state: Disabled}}]\n"));
    wait("the series to go", || (fleet()["known"] == false).then_some(()));
    let off: Vec<String> = fleet()["off"].as_array().expect("a list").iter().map(|off| off["why"].to_string()).collect();
    assert!(off.len() == 5 && off.iter().all(|why| why.contains("mine")), "{off:?}");
    assert!(get("/fleet").text().contains("No series of the watchers is here"));
    assert_eq!(demo.end().0, Some(0));
}
