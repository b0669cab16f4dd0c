//! TLS as clients see it: what is shown, what is refused, and what becomes of a pair that does not fit.
//! What makes a pair is tested beside `auth::tls`; here is the whole process on loopback.

pub(crate) mod client;
mod endpoints;
mod http2;
mod limits;
pub(crate) mod profiles;
mod quotas;
mod readers;
pub(crate) mod relay;
mod rotation;
mod senders;
mod sessions;

use crate::support::{DEADLINE, Pointsman, now, run, runtime, wait};
use client::{Authority, Client};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::Duration,
};
use tempfile::TempDir;

const POINT: &str = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"inside","gauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","asInt":"7"}]}}]}]}]}"#;

/// A server with a certificate of an authority, and a client that trusts it.
struct Served {
    server: Pointsman,
    authority: Authority,
    folder: TempDir,
    client: Client,
}

fn flags(folder: &Path) -> [String; 4] {
    let file = |name: &str| folder.join(name).display().to_string();
    ["--tls-cert-file".to_owned(), file("tls.crt"), "--tls-private-key-file".to_owned(), file("tls.key")]
}

impl Served {
    fn start() -> Self {
        let (authority, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
        authority.pair().write(folder.path());
        let server = Pointsman::start(&flags(folder.path()).each_ref().map(String::as_str));
        let client = authority.client(&["http/1.1"]);
        Self { server, authority, folder, client }
    }

    /// A line of our own metrics that begins so, once there is one.
    fn own_line(&self, name: &str, label: &str) -> f64 {
        wait(&format!("{name} with {label}"), || {
            let text = self.client.get(self.server.read, "/metrics/self").text();
            let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains(label))?.to_owned();
            line.rsplit(' ').next().and_then(|value| value.parse().ok())
        })
    }
}

/// Scenario: every listener has a certificate; metrics come over gRPC and HTTP, a scraper and the kubelet ask.
/// Guarantees: all of it works inside of TLS, the gRPC port with HTTP/2 alone; the ready line says so.
#[test]
fn everything_works_inside_of_tls() {
    let mut served = Served::start();
    assert_eq!(served.server.wait_for_log("ready")["tls"], true);
    let Served { server, authority, client, .. } = &served;
    let reply = client.http(server.http, "POST", "/v1/metrics", POINT).expect("an answer");
    assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
    let scrape = client.get(server.read, "/metrics").text();
    assert!(scrape.contains("\ninside 7\n"), "{scrape}");
    assert_eq!(client.get(server.read, "/livez").text(), "ok\n");
    runtime().block_on(async {
        for protocols in [&["h2"][..], &[]] {
            let channel = authority.client(protocols).channel(server.grpc).await.expect("HTTP/2");
            let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
            let status = health.check(tonic_health::pb::HealthCheckRequest::default()).await.expect("an answer");
            assert_eq!(status.into_inner().status, 1, "serving");
            let mut metrics = MetricsServiceClient::new(channel);
            metrics.export(ExportMetricsServiceRequest::default()).await.expect("taken");
        }
        for port in [server.http, server.read] {
            authority.client(&["h2"]).channel(port).await.expect("HTTP/2 is spoken here too");
        }
    });
    client.connect(server.grpc).expect_err("the gRPC port offers no HTTP/1.1");
    let health = client.get(server.read, "/api/v1/health").json();
    assert_eq!(health["item"]["insecureListeners"], serde_json::json!([]));
    assert!(health["item"]["certificateExpiresAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{health}");
    assert!(served.own_line("pointsman_tls_certificate_expiry_seconds", "") > 1.9e9);
    assert!(served.own_line("pointsman_tls_handshake_total", "\"done\"") >= 6.0);
}

/// Scenario: clients that trust another authority, that speak plain HTTP, HTTP/2 or gibberish, or TLS 1.1 at most.
/// Guarantees: none gets an answer of ours; each is counted as failed; others go on.
#[test]
fn whoever_does_not_speak_our_tls_is_cut() {
    let served = Served::start();
    let server = &served.server;
    let stranger = Authority::named("another").client(&["http/1.1"]);
    let error = stranger.shown(server.read).expect_err("an unknown authority");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    let grpc = runtime().block_on(Authority::named("another").client(&["h2"]).channel(server.grpc));
    assert!(grpc.is_err(), "an unknown authority");

    // A ClientHello with nothing wrong but its version, TLS 1.1: one suite, and ECDSA with SHA-256 for signatures.
    let hello = [&[3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]].concat();
    let message = [&[1, 0, 0, u8::try_from(hello.len()).expect("short")], &hello[..]].concat();
    let old = [&[22, 3, 1, 0, u8::try_from(message.len()).expect("short")], &message[..]].concat();
    let speaks = [&b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0xff; 600], &old];
    for words in speaks {
        for port in [server.grpc, server.http, server.read] {
            let answer = said(port, words);
            let is_alert = answer.is_empty() || answer.starts_with(&[21, 3]);
            assert!(is_alert, "{:?} got {answer:?}", String::from_utf8_lossy(words));
        }
    }
    let alert = said(server.read, &old);
    assert_eq!(alert.last(), Some(&70), "protocol_version: {alert:?}");
    assert!(served.own_line("pointsman_tls_handshake_total", "\"failed\"") >= 15.0);
    served.client.get(server.read, "/metrics");
}

/// Everything that is answered to some bytes, to the end of the connection.
fn said(addr: SocketAddr, words: &[u8]) -> Vec<u8> {
    let mut tcp = TcpStream::connect(addr).expect("the port answers");
    tcp.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
    tcp.write_all(words).expect("sent");
    let mut answer = Vec::new();
    // A reset is an end too.
    tcp.read_to_end(&mut answer).ok();
    answer
}

/// Scenario: sockets that say nothing, or the beginning of a handshake a byte at a time, on every port.
/// Guarantees: each is cut after the time for a handshake, is counted, and keeps nobody else from being served.
#[test]
fn a_handshake_that_does_not_end_is_cut() {
    let served = Served::start();
    let server = &served.server;
    let began = now();
    let slow: Vec<_> = [server.grpc, server.http, server.read]
        .into_iter()
        .flat_map(|port| [(port, false), (port, true)])
        .map(|(port, drips)| {
            thread::spawn(move || {
                let mut tcp = TcpStream::connect(port).expect("the port answers");
                tcp.set_read_timeout(Some(Duration::from_millis(300))).expect("a time-out can be set");
                let mut hello = [22, 3, 1, 2, 0].into_iter().chain([1, 0, 1, 0xfc, 3, 3]).chain(std::iter::repeat(7));
                loop {
                    let is_cut = drips && tcp.write_all(&[hello.next().expect("it never ends")]).is_err();
                    match tcp.read(&mut [0; 64]) {
                        _ if is_cut => return,
                        Ok(0) => return,
                        Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return,
                        _ => assert!(now() < began + DEADLINE, "never cut"),
                    }
                }
            })
        })
        .collect();
    served.client.get(server.read, "/metrics");
    slow.into_iter().for_each(|slow| slow.join().expect("cut in time"));
    let took = began.elapsed();
    // Five seconds, and whatever a busy machine adds: `DEADLINE` is the end of that.
    assert!(took >= Duration::from_secs(4), "cut after {took:?}");
    assert_eq!(served.own_line("pointsman_tls_handshake_total", "\"late\""), 6.0);
    assert_eq!(served.own_line("pointsman_limit_hits_total", "\"handshake_time\""), 6.0);
}

/// Replaces a file of the mounted folder by a rename over it.
fn rename_over(folder: &Path, name: &str, make: impl FnOnce(&Path)) {
    let new = folder.join(format!(".{name}.new"));
    make(&new);
    fs::rename(&new, folder.join(name)).expect("renamed");
}

/// Scenario: a key that is another's comes and stays; then its certificate comes too.
/// Guarantees: the last good pair is shown; the mistake is told as a fault, a log line and a metric, once; when the files
/// fit again the new pair is shown and the fault is gone. The process is ready throughout.
#[test]
fn krp_45_a_pair_that_does_not_fit_is_told_and_kept_out() {
    let mut served = Served::start();
    let (first, next) = (served.client.shown(served.server.read).expect("shown"), served.authority.pair());
    fs::write(served.folder.path().join("tls.key"), &next.key).expect("the folder takes files");
    served.server.wait_for_log("the new certificate is refused, the last good one stays");
    let Served { server, client, .. } = &served;
    let faults = || client.get(server.read, "/api/v1/faults").json()["items"].clone();
    let fault = faults()[0].clone();
    assert_eq!((&fault["code"], &fault["severity"]), (&"PM0504".into(), &"error".into()), "{fault}");
    assert!(fault["message"].as_str().is_some_and(|text| text.ends_with("KeyMismatch")), "{fault}");
    assert_eq!(client.shown(server.read).expect("shown"), first, "the last good pair stays");
    assert_eq!(served.own_line("pointsman_tls_reload_total", "\"refused\""), 1.0);
    client.get(server.read, "/readyz");
    fs::write(served.folder.path().join("tls.crt"), &next.certificate).expect("the folder takes files");
    wait("the new certificate", || next.is(&client.shown(server.read).expect("shown")).then_some(()));
    assert_eq!(faults(), serde_json::json!([]));
    assert_eq!(served.own_line("pointsman_tls_reload_total", "\"taken\""), 1.0);
}

/// Scenario: the start with a certificate and another's key, and with a file that is not there.
/// Guarantees: refused with code, files and cause; exit code 2.
#[test]
fn a_start_without_a_pair_is_refused() {
    let (authority, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    authority.pair().write(folder.path());
    fs::write(folder.path().join("tls.key"), authority.pair().key).expect("the folder takes files");
    let flags = flags(folder.path());
    let rest = ["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    let start = || run(&[&rest[..], &flags.each_ref().map(String::as_str)].concat(), &[]);
    let (code, _, stderr) = start();
    assert!(code == 2 && stderr.contains("error[PM0504]") && stderr.contains("tls.key"), "{stderr}");
    fs::remove_file(folder.path().join("tls.key")).expect("it was there");
    let (code, _, stderr) = start();
    assert!(code == 2 && stderr.contains("error[PM0505]") && stderr.contains("--tls-private-key-file"), "{stderr}");
}
