//! Who may send: certificates of the authority in `--otlp-client-ca-file`, asked for on the OTLP ports alone.
//! Strangers finish the handshake, so that they read why they are refused, and never try again.

use super::{
    POINT,
    client::{Authority, Client},
    flags, rename_over,
};
use crate::support::{Pointsman, Reply, now, run, runtime, wait};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use std::{
    fs,
    io::{Read, Write},
};
use tempfile::TempDir;
use tonic::Code;

/// Whom certificates name: a ServiceAccount, which has a namespace.
pub(super) const ACCOUNT: &str = "system:serviceaccount:openshift-machine-config-operator:machine-config-daemon";

/// A server that asks, its own authority, and that of those who may send.
pub(super) struct Asking {
    pub(super) server: Pointsman,
    pub(super) ours: Authority,
    pub(super) senders: Authority,
    pub(super) folder: TempDir,
}

impl Asking {
    fn start() -> Self {
        Self::start_with(&[])
    }

    pub(super) fn start_with(more: &[&str]) -> Self {
        let (ours, senders, folder) = (Authority::named("ours"), Authority::named("senders"), TempDir::new().expect("a folder"));
        ours.pair().write(folder.path());
        let ca = folder.path().join("ca.crt");
        fs::write(&ca, senders.pem()).expect("the folder takes files");
        let pair = flags(folder.path());
        let ca = ca.display().to_string();
        let all: Vec<&str> =
            pair.iter().map(String::as_str).chain(["--otlp-client-ca-file", &ca]).chain(more.iter().copied()).collect();
        Self { server: Pointsman::start(&all), ours, senders, folder }
    }

    /// Everybody there is: what they show, and the statuses of HTTP and gRPC that they get.
    fn everybody(&self, protocols: &[&str]) -> [(&'static str, Client, u16, Code); 7] {
        let showing = |authority: &Authority, name: Option<&str>, years| {
            self.ours.client_showing(&authority.sender(name, years), protocols)
        };
        let other = Authority::named("senders"); // the same name, another key
        [
            ("one of them", showing(&self.senders, Some(ACCOUNT), (2020, 2090)), 200, Code::Ok),
            ("nobody", self.ours.client(protocols), 401, Code::Unauthenticated),
            ("a stranger", showing(&other, Some(ACCOUNT), (2020, 2090)), 401, Code::Unauthenticated),
            ("one that was", showing(&self.senders, Some(ACCOUNT), (2020, 2021)), 401, Code::Unauthenticated),
            ("one that will be", showing(&self.senders, Some(ACCOUNT), (2080, 2090)), 401, Code::Unauthenticated),
            ("one without a name", showing(&self.senders, None, (2020, 2090)), 401, Code::Unauthenticated),
            ("one without a home", showing(&self.senders, Some("machine-config"), (2020, 2090)), 403, Code::PermissionDenied),
        ]
    }
}

/// The code of the status in an answer, in JSON or in protobuf.
fn code(reply: &Reply) -> i64 {
    match reply.header("content-type") {
        Some("application/json") => reply.json()["code"].as_i64().expect("a status"),
        Some("application/x-protobuf") => match reply.body[..] {
            [8, code, ..] => code.into(), // field 1, a varint
            _ => panic!("no status: {:?}", reply.body),
        },
        other => panic!("{other:?}: {}", reply.text()),
    }
}

/// Scenario: somebody of the authority, nobody, a stranger, certificates that have ended, not begun and name nobody, over
/// HTTP in both encodings, on paths that exist and others, and over gRPC to the metrics, to health and to nothing.
/// Guarantees: 200; 401 with a challenge, 403; a status in the request's encoding; UNAUTHENTICATED, PERMISSION_DENIED, and
/// nothing that says to try again. Nothing of a stranger's is applied, and each refusal is counted.
#[test]
fn only_those_of_the_authority_may_send() {
    let asking = Asking::start();
    let server = &asking.server;
    for (who, client, status, grpc) in asking.everybody(&["http/1.1"]) {
        for content_type in ["application/json", "application/x-protobuf", "APPLICATION/JSON; charset=utf-8"] {
            let is_json = content_type != "application/x-protobuf";
            let body = if is_json { POINT } else { "" };
            let length = body.len();
            for path in ["/v1/metrics", "/v1/traces", "/v1/opamp", "/anything"] {
                if status == 200 && path != "/v1/metrics" {
                    continue;
                }
                let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {content_type}\r\n");
                let reply = client.says(server.http, format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes());
                let reply = reply.expect("the handshake is finished");
                assert_eq!(reply.status, status, "{who}: {path}: {}", reply.text());
                assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{who}");
                assert_eq!(reply.header("retry-after"), None, "{who}");
                if status != 200 {
                    assert_eq!(code(&reply), i64::from(grpc as i32), "{who}");
                    let wanted = if is_json { "application/json" } else { "application/x-protobuf" };
                    assert_eq!(reply.header("content-type"), Some(wanted), "{who}: {path}");
                }
            }
        }
    }
    for (who, client, _, wanted) in asking.everybody(&["h2"]) {
        runtime().block_on(async {
            let channel = client.channel(server.grpc).await.expect("the handshake is finished");
            let taken = MetricsServiceClient::new(channel.clone()).export(ExportMetricsServiceRequest::default()).await;
            assert_eq!(taken.as_ref().map_or_else(tonic::Status::code, |_| Code::Ok), wanted, "{who}: {taken:?}");
            if let Err(status) = taken {
                assert!(!String::from_utf8_lossy(status.details()).contains("RetryInfo"), "{who}");
            }
            let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
            let answer = health.check(tonic_health::pb::HealthCheckRequest::default()).await;
            assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), Code::Ok, "{who}: health is everybody's");
        });
    }
    let reader = asking.ours.client(&["http/1.1"]);
    let scrape = reader.get(server.read, "/metrics").text();
    assert!(scrape.contains("\ninside{job=\"openshift-machine-config-operator/unknown_service\"} 7\n"), "{scrape}");
    assert_eq!(scrape.matches("\ninside").count(), 1, "{scrape}");
    let flow = reader.get(server.read, "/api/v1/flow").json();
    let refused = |signal: &str, reason: &str| flow["item"][signal]["requestsRefused"][reason].clone();
    for (reason, metrics, traces) in [("unauthenticated", 20, 15), ("permission_denied", 4, 3)] {
        assert_eq!((refused("metrics", reason), refused("traces", reason)), (metrics.into(), traces.into()), "{flow}");
    }
}

/// Scenario: a stranger asks for leave to send a body (`Expect: 100-continue`), announces one and sends none, and sends a
/// part of a body that is no metrics request; then a session that was made by somebody who may read.
/// Guarantees: each is refused at once and for its head alone; nobody is asked for a body that is not wanted.
#[test]
fn strangers_are_refused_before_their_body() {
    let asking = Asking::start();
    let server = &asking.server;
    let stranger = asking.ours.client(&["http/1.1"]);
    let head = "POST /v1/metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n";
    for more in
        ["expect: 100-continue\r\ncontent-length: 9\r\n\r\n", "content-length: 9\r\n\r\n{\"r", "content-encoding: lzw\r\n\r\n"]
    {
        let reply = stranger.says(server.http, format!("{head}{more}").as_bytes()).expect("an answer");
        assert_eq!(reply.status, 401, "{more}: {}", reply.text());
    }
    let remembering = asking.ours.client(&["http/1.1"]).remembering();
    for _ in 0..3 {
        assert_eq!(remembering.get(server.read, "/livez").text(), "ok\n");
        let reply = remembering.http(server.http, "POST", "/v1/metrics", POINT).expect("an answer");
        assert_eq!(reply.status, 401, "a session of a reader is no certificate");
    }
}

/// Scenario: the authority is renewed while senders send: both together first, then the new one alone; then something that is
/// no authority lies in the file, and is mended. One sender remembers its sessions.
/// Guarantees: who may send follows the file, for sessions that are resumed too; nobody who may is refused meanwhile; what is
/// no authority is told as a fault, a log line and a metric, and leaves the last good one; no restart.
#[test]
fn the_authority_is_renewed_without_a_restart() {
    let mut asking = Asking::start();
    let next = Authority::named("next");
    let sender = |authority: &Authority| {
        asking.ours.client_showing(&authority.sender(Some(ACCOUNT), (2020, 2090)), &["http/1.1"]).remembering()
    };
    let (old, new, reader) = (sender(&asking.senders), sender(&next), asking.ours.client(&["http/1.1"]));
    let (http, read, ca) = (asking.server.http, asking.server.read, asking.folder.path().join("ca.crt"));
    let status = |client: &Client| client.http(http, "POST", "/v1/metrics", POINT).expect("an answer").status;
    let faults = || reader.get(read, "/api/v1/faults").json()["items"].clone();
    assert_eq!((status(&old), status(&new)), (200, 401));
    fs::write(&ca, [asking.senders.pem(), next.pem()].concat()).expect("the folder takes files");
    wait("the new authority", || {
        assert_eq!(status(&old), 200, "it is still in force");
        (status(&new) == 200).then_some(())
    });
    rename_over(asking.folder.path(), "ca.crt", |file| fs::write(file, next.pem()).expect("the folder takes files"));
    wait("the end of the old authority", || {
        assert_eq!(status(&new), 200, "it is in force");
        (status(&old) == 401).then_some(())
    });
    fs::write(&ca, "no authority").expect("the folder takes files");
    asking.server.wait_for_log("new client authorities are refused, the last good ones stay");
    let fault = faults()[0].clone();
    assert_eq!((&fault["code"], fault["message"].to_string().contains("ca.crt")), (&"PM0505".into(), true), "{fault}");
    assert_eq!((status(&old), status(&new)), (401, 200), "the last good one stays");
    fs::write(&ca, [next.pem(), "\n"].concat()).expect("the folder takes files");
    wait("no fault", || (faults() == serde_json::json!([])).then_some(()));
    let own = reader.get(read, "/metrics/self").text();
    let reloads = |result: &str| own.lines().any(|line| line.starts_with("pointsman_tls_reload_total") && line.contains(result));
    assert!(reloads("\"taken\"} 3") && reloads("\"refused\"} 1"), "{own}");
}

/// Scenario: an authority without TLS of our own, one that is not there, one that is no certificate, and an empty file.
/// Guarantees: no start, with the flag and the reason.
#[test]
fn an_authority_that_cannot_be_used_is_told() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::named("ours");
    authority.pair().write(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("text"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
    fs::write(at("empty"), "").expect("written");
    let serve = ["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    let pair = flags(folder.path());
    for (file, reason) in [("away", "No such file"), ("text", "no authority"), ("empty", "there is none")] {
        let ca = at(file);
        let args: Vec<&str> =
            serve.into_iter().chain(pair.iter().map(String::as_str)).chain(["--otlp-client-ca-file", &ca]).collect();
        let (code, _, said) = run(&args, &[]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("PM0505") && said.contains(reason) && said.contains("--otlp-client-ca-file"), "{file}: {said}");
    }
    let ca = at("tls.crt");
    let (code, _, said) = run(&[&serve[..], &["--otlp-client-ca-file", &ca]].concat(), &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("PM0502") && said.contains("give `tls-cert-file`"), "{said}");
}

/// Scenario: two senders keep a connection each while the authority's file becomes no authority, and then that of the other.
/// Guarantees: what is no authority changes nothing, and is a fault, a log line and a metric; the other authority is in force
/// within ten seconds on connections that are open, and the fault is gone.
#[test]
fn t27_another_authority_is_in_force_on_open_connections() {
    let mut asking = Asking::start();
    let other = Authority::named("others");
    let open = |authority: &Authority| {
        let client = asking.ours.client_showing(&authority.sender(Some(ACCOUNT), (2020, 2090)), &["http/1.1"]);
        client.connect(asking.server.http).expect("the handshake is finished")
    };
    let (mut first, mut second) = (open(&asking.senders), open(&other));
    assert_eq!((status(&mut first), status(&mut second)), (200, 401));

    let ca = asking.folder.path().join("ca.crt");
    fs::write(&ca, "no authority").expect("the folder takes files");
    asking.server.wait_for_log("new client authorities are refused, the last good ones stay");
    assert_eq!((status(&mut first), status(&mut second)), (200, 401));
    let reader = asking.ours.client(&["http/1.1"]);
    let faults = || reader.get(asking.server.read, "/api/v1/faults").json()["items"].clone();
    assert_eq!(faults()[0]["code"], "PM0505", "{}", faults());

    let began = now();
    fs::write(&ca, other.pem()).expect("the folder takes files");
    wait("the other authority", || (status(&mut second) == 200).then_some(()));
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "in force after {:?}", began.elapsed());
    assert_eq!((status(&mut first), faults()), (401, serde_json::json!([])));
}

/// The status of one more request on an open connection.
fn status(stream: &mut (impl Read + Write)) -> u16 {
    let length = POINT.len();
    let head =
        format!("POST /v1/metrics HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{POINT}").as_bytes()).expect("sent");
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).expect("text").to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    stream.read_exact(&mut vec![0; length.parse().expect("a number")]).expect("a body");
    head.split(' ').nth(1).expect("a status").parse().expect("a number")
}
