//! What a wrong start says.

use crate::support::{Pointsman, run};

/// Scenario: two of three ports are taken by a running server.
/// Guarantees: both are named in one report with their code, and the exit code is that of bad usage.
#[test]
fn busy_ports_are_all_named() {
    let first = Pointsman::start(&[]);
    let (grpc, read) = (first.grpc.to_string(), first.read.to_string());
    let (code, _, stderr) = run(&["serve", "--otlp-grpc", &grpc, "--otlp-http", "127.0.0.1:0", "--listen", &read], &[]);
    assert_eq!(code, 2, "{stderr}");
    assert_eq!(stderr.matches("PM0506").count(), 2, "{stderr}");
    assert!(stderr.contains(&grpc) && stderr.contains(&read), "{stderr}");
}
