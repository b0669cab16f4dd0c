//! `pointsman demo` as people start it: the deterministic transcripts, and the live one against its own server.
//! Transcripts lie in `demo/`; `UPDATE_EXPECT=1 cargo test --test it demo` writes them.

mod live;

use crate::support::{http, wait};
use expect_test::expect_file;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
};

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("demo").args(args);
    command
}

/// The transcript of a scenario, run twice: the same bytes, and those of the file.
fn check_once(scenario: &str) {
    let told = || {
        let out = demo(&["--once", "--seed", "7", "--scenario", scenario]).output().expect("the binary runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("UTF-8")
    };
    let (first, again) = (told(), told());
    assert_eq!(first, again, "{scenario} is told the same way every time");
    expect_file![format!("{}/tests/it/demo/{scenario}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&first);
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

/// Scenario: a node cannot be made to boot. Guarantees: as above; the first failure is told, and which attempt works.
#[test]
fn the_failed_reboot_is_told_the_same_every_time() {
    check_once("reboot-fail");
}

/// Scenario: a flood of labels for an hour. Guarantees: as above.
#[test]
fn the_label_flood_is_told_the_same_every_time() {
    check_once("label-flood");
}

/// Scenario: a daemon stops and comes back. Guarantees: as above; its series end, and it counts anew.
#[test]
fn the_silent_daemon_is_told_the_same_every_time() {
    check_once("silent-daemon");
}

/// Scenario: no config can be rendered for a while. Guarantees: as above; the rollout begins when one can.
#[test]
fn the_failed_render_is_told_the_same_every_time() {
    check_once("render-fail");
}

/// Scenario: an authority is renewed while the pool is paused. Guarantees: as above; the pool goes on once it is let go.
#[test]
fn the_ending_authority_is_told_the_same_every_time() {
    check_once("cert-expiry");
}

/// Scenario: a pool is paused for a day. Guarantees: as above; the day is told, and the update that waits.
#[test]
fn the_forgotten_pause_is_told_the_same_every_time() {
    check_once("paused-forgotten");
}

/// Scenario: the help, and a name that is none. Guarantees: the help has every scenario that has a transcript, with a line of
/// its own; the error lists them all.
#[test]
fn scenarios_are_listed() {
    let help = demo(&["--help"]).output().expect("the binary runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let sad = demo(&["--scenario", "sad"]).output().expect("the binary runs");
    assert_eq!(sad.status.code(), Some(2));
    let error = String::from_utf8(sad.stderr).expect("UTF-8");
    let folder = std::fs::read_dir(format!("{}/tests/it/demo", env!("CARGO_MANIFEST_DIR"))).expect("it is there");
    let names = folder.map(|entry| entry.expect("it lists").file_name().into_string().expect("UTF-8"));
    let names: Vec<String> = names.filter_map(|name| name.strip_suffix(".txt").map(str::to_owned)).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("- {name}:"))), "{name} is not in\n{help}");
        assert!(error.contains(&name), "{name} is not in\n{error}");
    }
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

/// Starts a live demo; answers its read side and the folder of its views.
pub(crate) fn start_in(args: &[&str]) -> (Running, SocketAddr, String) {
    let (running, address, mut lines) = start(args);
    let views = lines.find_map(|line| Some(line.trim_start().strip_prefix("views")?.split_whitespace().next()?.to_owned()));
    thread::spawn(move || lines.for_each(drop)); // a full pipe would stop the story
    (running, address, views.expect("it says where"))
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
