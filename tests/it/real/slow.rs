//! slowhttptest, which is what people try first: slow heads, slow bodies, slow readers, against the ports that speak HTTP/1.
//! What it finds is compared with what a scraper sees.

use super::peers::tool;
use crate::{limits::hits, support::Pointsman};
use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

/// One attack of so many connections, two hundred a second, that ends by itself when none is left.
fn attack((mode, connections, url, secs): (&str, &str, &str, &str), more: &[&str]) -> Child {
    let mut command = Command::new(tool("slowhttptest"));
    command.args([mode, "-c", connections, "-r", "200", "-i", "1", "-p", "10", "-l", secs, "-u", url]).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("slowhttptest starts")
}

/// Scenario: slowhttptest opens hundreds of slow connections of each of its kinds, all at once: heads and bodies against both ports,
/// and readers of a long list that they ask for ten times in a row.
/// Guarantees: to its own probe the service is always available; every connection is closed before the time of the test is
/// over, and counted; a scraper beside it is answered (T7).
#[test]
#[ignore = "needs the real peers that tests/run.sh builds"]
fn slow_peers_disturb_nobody() {
    let server = Pointsman::start(&[]);
    let metric = |number| {
        format!(
            r#"{{"name":"{}{number}","gauge":{{"dataPoints":[{{"timeUnixNano":"1700000000000000000","asInt":"1"}}]}}}}"#,
            "long.name.".repeat(20)
        )
    };
    let metrics: Vec<String> = (0..150).map(metric).collect();
    let body = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{}]}}]}}]}}"#, metrics.join(","));
    assert_eq!(server.push_json("/v1/metrics", &body).status, 200);
    let (http, read) = (format!("http://{}/v1/metrics", server.http), format!("http://{}/", server.read));
    let list = format!("http://{}/api/v1/catalog", server.read);
    assert!(server.get("/api/v1/catalog").body.len() > 60_000, "ten times that is more than a socket holds");
    let reads_slowly = ["-w", "1", "-y", "2", "-n", "5", "-z", "1", "-k", "10"];
    let attacks = [
        (("-H", "500", read.as_str(), "60"), &["-x", "24"][..]),
        (("-H", "500", &http, "60"), &["-x", "24"]),
        (("-B", "500", &http, "60"), &["-s", "100000", "-x", "10", "-f", "application/json"]),
        (("-B", "500", &read, "60"), &["-s", "100000", "-x", "10"]),
        (("-X", "100", &list, "60"), &reads_slowly),
    ];
    let mut running: Vec<Child> = attacks.iter().map(|(attacked, more)| attack(*attacked, more)).collect();
    while running.iter_mut().any(|child| child.try_wait().expect("it can be asked").is_none()) {
        server.scrape(); // within the deadline of every answer here
        std::thread::sleep(Duration::from_millis(200));
    }
    for (child, ((mode, _, url, _), _)) in running.into_iter().zip(attacks) {
        let output = child.wait_with_output().expect("it has ended");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let seen: Vec<&str> = text.lines().filter(|line| line.contains("service available")).collect();
        assert!(!seen.is_empty() && seen.iter().all(|line| line.contains("YES")), "{mode} {url}: {seen:?}");
        // Whoever reads a byte in five seconds does not see for long that it was cut.
        assert!(mode == "-X" || text.contains("No open connections left"), "{mode} {url}: {text}");
    }
    // The tool opens what it can in its time, on a busy machine not all; what it opened was cut, or it would be open still.
    let of = |limit| hits(&server, limit);
    let (write, head, body) = (of("write_time"), of("head_time"), of("body_time"));
    assert!(
        (50..=100).contains(&write) && (500..=1_500).contains(&head) && (200..=1_000).contains(&body),
        "{write} {head} {body}"
    );
}
