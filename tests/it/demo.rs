//! `pointsman demo` as people start it: the deterministic transcripts, and the live one against its own server.
//! Transcripts lie in `demo/`; `UPDATE_EXPECT=1 cargo test --test it demo` writes them.

mod live;

use crate::support::{http, wait};
use expect_test::expect_file;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("demo").args(args);
    command
}

fn check_once(scenario: &str) {
    let out = demo(&["--once", "--seed", "7", "--scenario", scenario]).output().expect("the binary runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let told = String::from_utf8(out.stdout).expect("UTF-8");
    expect_file![format!("{}/tests/it/demo/{scenario}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&told);
}

/// Scenario: the story, seed 7, on simulated time. Guarantees: the limit bites, the view turns the metric off and its
/// expiry on again, all ends well; the transcript is the same every time.
#[test]
fn the_story_is_told_the_same_every_time() {
    check_once("story");
}

/// Scenario: nothing goes wrong. Guarantees: as above.
#[test]
fn the_happy_scenario_is_told_the_same_every_time() {
    check_once("happy");
}

/// Scenario: a drain is blocked for three hours. Guarantees: as above; both tiers are told.
#[test]
fn the_stuck_drain_is_told_the_same_every_time() {
    check_once("drain-stuck");
}

/// Scenario: a flood of labels for an hour. Guarantees: as above.
#[test]
fn the_label_flood_is_told_the_same_every_time() {
    check_once("label-flood");
}

/// Scenario: flags that make no sense. Guarantees: exit code 2 and a word about it.
#[test]
fn bad_flags_are_refused() {
    for args in [&["--nodes", "0"][..], &["--scenario", "sad"], &["--for", "soon"], &["--once", "--send-to", "http://x:1"]] {
        let out = demo(args).output().expect("the binary runs");
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(!out.stderr.is_empty(), "{args:?}");
    }
}

/// Ends the demo with its test.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts a live demo; answers its read side and the lines that follow the introduction.
pub(crate) fn start(args: &[&str]) -> (Running, SocketAddr, impl Iterator<Item = String> + use<>) {
    let child = demo(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let metrics = lines.find(|l| l.trim_start().starts_with("metrics")).expect("it says where");
    let address = metrics.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("a URL");
    (running, address.parse().expect("an address"), lines)
}

/// Scenario: a live demo, fast, beside another one that holds the default ports or not. Guarantees: metrics of every
/// component are there within the deadline, over gRPC and HTTP, and ours at /metrics/self; the story is told.
#[test]
fn a_live_demo_shows_every_component() {
    let (_one, first, mut told) = start(&["--speed", "600"]);
    let (_two, second, _) = start(&["--speed", "600"]);
    assert_ne!(first, second, "the second took free ports");
    let scrape = |path: &str| http(first, "GET", path, &[], b"").text();
    for family in [
        "mco_pool_machine_count{",
        "mco_certificate_count{",
        "mco_node_state{",
        "pointsman_watch_lag_seconds{",
        "mcd_update_state{",
    ] {
        wait(family, || scrape("/metrics").lines().any(|l| l.starts_with(family)).then_some(()));
    }
    assert!(scrape("/metrics/self").contains("pointsman_pipeline_received_total{"));
    assert!(told.any(|l| l.contains("mcd_update_state is off")), "the view took the metric away");
}
