//! h2spec judges how every listener speaks HTTP/2, with its strict cases too, in plain text and inside of TLS.
//! Knows which case a port cannot pass that speaks HTTP/1 too.

use super::peers::tool;
use crate::{support::Pointsman, tls::client::Authority};
use std::{net::SocketAddr, process::Command};
use tempfile::TempDir;

/// The one case that a port which speaks HTTP/1 too cannot pass: what is no preface gets 400, as bad HTTP/1.
const PREFACE: &str = "2: Sends invalid connection preface";

/// Cases, as h2spec counts them, and the names of those that failed.
fn judge(address: SocketAddr, path: &str, is_tls: bool) -> (String, Vec<String>) {
    let mut command = Command::new(tool("h2spec"));
    command.args(["--strict", "--timeout", "5", "--host", "127.0.0.1", "--port", &address.port().to_string(), "--path", path]);
    if is_tls {
        command.args(["--tls", "--insecure"]);
    }
    let output = command.output().expect("h2spec runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let counts = text.lines().rev().find(|line| line.contains(" tests, ")).unwrap_or_else(|| panic!("no end: {text}"));
    let failures = text.split_once("Failures:").map(|(_, failures)| failures).unwrap_or_default();
    let failed = failures.lines().filter_map(|line| line.trim().strip_prefix("× ")).map(str::to_owned).collect();
    (counts.to_owned(), failed)
}

/// Scenario: h2spec plays its 146 cases, the strict ones too, against every listener, in plain text and inside of TLS.
/// Guarantees: the gRPC port passes all of them; so do the others inside of TLS, where the protocol is agreed on, and in plain
/// text all but the one about a preface that is none.
#[test]
#[ignore = "needs the real peers that tests/run.sh builds"]
fn http2_is_spoken_as_specified() {
    let (authority, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    authority.pair().write(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let flags = ["--tls-cert-file", &file("tls.crt"), "--tls-private-key-file", &file("tls.key")];
    for is_tls in [false, true] {
        let server = if is_tls { Pointsman::start(&flags) } else { Pointsman::start(&[]) };
        for (address, path) in [(server.grpc, "/"), (server.http, "/v1/metrics"), (server.read, "/metrics")] {
            let (counts, failed) = judge(address, path, is_tls);
            let known: &[&str] = if address == server.grpc { &[] } else { &[PREFACE] };
            assert_eq!(failed, known, "{path} over {}: {counts}", if is_tls { "TLS" } else { "plain text" });
            assert!(counts.starts_with(&format!("146 tests, {} passed, 0 skipped, ", 146 - known.len())), "{counts}");
        }
    }
}
