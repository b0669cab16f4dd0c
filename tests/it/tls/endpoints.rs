//! The further port of `--proxy-endpoints-port`, as a kubelet and a stranger see it: health with TLS, and nothing else.
//! Which numbers it may have is tested beside `config::endpoints`.

use super::{client::Authority, flags, said};
use crate::support::{Pointsman, run};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
};
use tempfile::TempDir;

/// Scenario: a server whose readers are asked, with a further port; a client without a certificate asks there for health, for all that
/// the read side has, by other methods, in HTTP/2, and in plain text. Then the port is taken already.
/// Guarantees: health is served over TLS to everybody, and nothing else, whatever is open elsewhere; a port that is taken refuses the
/// start, with the flag.
#[test]
fn a_further_port_serves_health_alone() {
    let (ours, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    ours.pair().write(folder.path());
    fs::write(folder.path().join("ca.crt"), ours.pem()).expect("the folder takes files");
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let (pair, port) = (flags(folder.path()), format!("--proxy-endpoints-port={}", free.port()));
    let ca = format!("--client-ca-file={}", folder.path().join("ca.crt").display());
    let args: Vec<&str> = pair.iter().map(String::as_str).chain([port.as_str(), &ca, "--ignore-paths=/metrics"]).collect();
    let server = Pointsman::start(&args);
    let addr = SocketAddr::from(([127, 0, 0, 1], free.port()));
    let client = ours.client(&["http/1.1"]);
    assert_eq!(client.get(addr, "/healthz").text(), "ok\n");
    assert_eq!(client.http(server.read, "GET", "/metrics", "").expect("an answer").status, 200, "it is open there");
    for path in ["/", "/metrics", "/metrics/self", "/livez", "/readyz", "/api/v1/health", "/healthz/", "/v1/metrics"] {
        assert_eq!(client.http(addr, "GET", path, "").expect("an answer").status, 404, "{path}");
    }
    assert_eq!(client.http(addr, "POST", "/healthz", "").expect("an answer").status, 405);
    let http2 = crate::support::runtime().block_on(ours.client(&["h2"]).http2(addr, "GET", "/healthz", ""));
    assert_eq!(http2, Ok(200));
    let plain = said(addr, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(plain.is_empty() || plain.starts_with(&[21, 3]), "{plain:?}");

    let rest = ["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    let (code, _, stderr) = run(&[&rest[..], &args].concat(), &[]);
    assert!(code == 2 && stderr.contains("PM0506") && stderr.contains("--proxy-endpoints-port"), "{stderr}");
}
