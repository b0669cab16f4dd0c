//! How much one sender may send, and for how long a session stays open: the whole process, with senders that show certificates.
//! Pure sums are tested beside `auth::senders::quota`.

use super::{
    client::Client,
    rename_over,
    senders::{ACCOUNT, Asking},
};
use crate::{
    limits::hits_in,
    support::{now, runtime},
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use serde_json::json;
use std::{fs, time::Duration};
use tokio_tungstenite::tungstenite::{Message, client};
use tonic::Code;

const OTHER: &str = "system:serviceaccount:shop:cart";

/// One gauge point for each of these metrics.
fn gauges(names: &[&str]) -> String {
    let metric = |name: &&str| {
        let point = json!({"timeUnixNano": "1700000000000000000", "asInt": "7"});
        json!({"name": name, "gauge": {"dataPoints": [point]}})
    };
    let metrics: Vec<_> = names.iter().map(metric).collect();
    json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).to_string()
}

impl Asking {
    fn sender(&self, name: &str, protocols: &[&str]) -> Client {
        self.ours.client_showing(&self.senders.sender(Some(name), (2020, 2090)), protocols)
    }

    fn hits(&self, limit: &str) -> u64 {
        hits_in(&self.ours.client(&["http/1.1"]).get(self.server.read, "/metrics/self").text(), limit)
    }
}

/// Scenario: a sender comes more often than it may, then sends more bytes than it may; another one comes beside it.
/// Guarantees: t34: what is too much is answered 429 with the time to come again, or RESOURCE_EXHAUSTED with RetryInfo, and counted
/// by the name of its limit; nothing of it is applied; the other sender is not concerned.
#[test]
fn t03_quotas_of_senders_are_answered_and_counted() {
    let asking = Asking::start_with(&["--sender-max-requests=1", "--sender-max-bytes=4KiB"]);
    let http = asking.server.http;
    let (eager, calm) = (asking.sender(ACCOUNT, &["http/1.1"]), asking.sender(OTHER, &["http/1.1"]));
    let push = |client: &Client, names: &[&str]| client.http(http, "POST", "/v1/metrics", &gauges(names)).expect("an answer");
    let refused = (0..20).map(|_| push(&eager, &["eager"])).find(|reply| reply.status != 200).expect("it is held back");
    assert_eq!(
        (refused.status, refused.json()["code"].as_i64()),
        (429, Some(Code::ResourceExhausted as i64)),
        "{}",
        refused.text()
    );
    assert!(refused.text().contains("--sender-max-requests"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some_and(|secs| secs.parse::<u64>().is_ok_and(|secs| (1..=3).contains(&secs))));
    assert!(asking.hits("sender_requests") >= 1);

    let grpc = asking.sender(ACCOUNT, &["h2"]);
    runtime().block_on(async {
        let mut client = MetricsServiceClient::new(grpc.channel(asking.server.grpc).await.expect("the handshake is finished"));
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.extend(client.export(ExportMetricsServiceRequest::default()).await.err());
        }
        let status = statuses.first().expect("it is held back");
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(String::from_utf8_lossy(status.details()).contains("RetryInfo"));
    });

    let long: Vec<String> = (0..2_000).map(|n| format!("large_{n}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    assert_eq!(push(&calm, &long).status, 200, "what it comes to nobody knows before");
    let held = push(&calm, &["late"]);
    assert!(held.status == 429 && held.text().contains("--sender-max-bytes"), "{}: {}", held.status, held.text());
    assert!(asking.hits("sender_bytes") >= 1);
    let scrape = asking.ours.client(&["http/1.1"]).get(asking.server.read, "/metrics").text();
    assert!(scrape.contains("\nlarge_1999{") && !scrape.contains("\nlate"), "{scrape}");
}

/// Scenario: a sender begins more series than it may; another one comes afterwards.
/// Guarantees: t34: what is too much is told as partial success, with the flag, and counted; what is known goes on; the other has as
/// many of its own.
#[test]
fn t03_series_of_one_sender_leave_room_for_others() {
    let asking = Asking::start_with(&["--sender-max-series=2"]);
    let http = asking.server.http;
    let (greedy, other) = (asking.sender(ACCOUNT, &["http/1.1"]), asking.sender(OTHER, &["http/1.1"]));
    let push = |client: &Client, names: &[&str]| {
        let reply = client.http(http, "POST", "/v1/metrics", &gauges(names)).expect("an answer");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let partial = reply.json()["partialSuccess"].clone();
        (partial["rejectedDataPoints"].as_str().map(str::to_owned), partial["errorMessage"].to_string())
    };
    let (refused, why) = push(&greedy, &["a", "b", "c", "d"]);
    assert!(refused.as_deref() == Some("2") && why.contains("--sender-max-series"), "{refused:?}: {why}");
    assert_eq!(push(&greedy, &["a", "b"]).0, None);
    assert_eq!(push(&other, &["e", "f"]).0, None);
    assert_eq!(asking.hits("sender_series"), 2);
    let flow = asking.ours.client(&["http/1.1"]).get(asking.server.read, "/api/v1/flow").json();
    assert_eq!(flow["item"]["metrics"]["rejected"]["sender_series_limit"], 2, "{flow}");
}

/// Scenario: an agent opens a session with a certificate; then another authority is in force.
/// Guarantees: t28: the session ends within 10 s of that, with the code by which an agent comes again; one that comes is refused.
#[test]
fn t28_an_open_session_ends_with_its_authority() {
    let asking = Asking::start_with(&[]);
    let agent = asking.sender(ACCOUNT, &["http/1.1"]);
    let stream = agent.connect(asking.server.http).expect("the handshake is finished");
    let (mut socket, _) = client("ws://localhost/v1/opamp", stream).expect("it is upgraded");
    let other = super::client::Authority::named("others");
    let began = now();
    rename_over(asking.folder.path(), "ca.crt", |file| fs::write(file, other.pem()).expect("the folder takes files"));
    let code = loop {
        match socket.read().expect("it is told that it ends") {
            Message::Close(frame) => break frame.map(|frame| u16::from(frame.code)),
            _ => continue,
        }
    };
    assert_eq!(code, Some(1001));
    // The file is looked at every two seconds.
    assert!(began.elapsed() < Duration::from_secs(2 + 10), "{:?}", began.elapsed());
    let stream = agent.connect(asking.server.http).expect("the handshake is finished");
    let again = client("ws://localhost/v1/opamp", stream).map(drop).map_err(|error| error.to_string());
    assert!(again.as_ref().is_err_and(|error| error.contains("401")), "{again:?}");
}
