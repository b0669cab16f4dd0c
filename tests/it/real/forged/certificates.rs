//! Senders that show a certificate, with a token of somebody else beside it: over TLS, to a process that knows both.
//! Knows no agent, and tells no lie of its own.

use super::{
    EVIL,
    lies::{Fate, Lie, in_pieces, pair, plain, text},
    spans_are_of,
    town::{Served, Town},
    ways::{Load, Way, body},
};
use crate::{
    support::wait,
    tls::client::{Authority, Client},
};
use std::fs;
use tempfile::TempDir;

/// The status of what is sent with this value of `authorization`.
fn push(served: &Served, client: &Client, way: Way, authorization: &str, (lie, load): (&Lie, Load<'_>)) -> u16 {
    let body = body(way, &[&lie.fields], load);
    let path = if way.is_metrics() { "/v1/metrics" } else { "/v1/traces" };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\n\
         authorization: {authorization}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.says(served.server.http, &[head.into_bytes(), body].concat()).expect("an answer").status
}

/// Scenario: mallory shows a certificate of its account, and the victim's token beside it; it claims to be the victim. The victim
/// sends by its token alone. A certificate of another authority, and one that has ended, come with a token that nobody knows.
/// Guarantees: t01, t02: the certificate says who sends, whatever token comes along; false claims are refused, the victim's series
/// are the same to the byte, and spans go on under true names; a certificate that proves nothing lets nobody in.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_a_certificate_says_who_sends_whatever_token_comes_along() {
    let (town, folder) = (Town::build(), TempDir::new().expect("a folder"));
    let [ours, senders, strangers] = ["ours", "senders", "strangers"].map(Authority::named);
    ours.pair().write(folder.path());
    fs::write(folder.path().join("ca.crt"), senders.pem()).expect("the folder takes files");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (chain, key, ca) = (at("tls.crt"), at("tls.key"), at("ca.crt"));
    let served = town.server(&["--tls-cert-file", &chain, "--tls-private-key-file", &key, "--otlp-client-ca-file", &ca]);
    let (v, m) = (town.victim.namespace.as_str(), town.mallory.namespace.as_str());
    let account = format!("system:serviceaccount:{m}:eve");
    let showing = |authority: &Authority, years| ours.client_showing(&authority.sender(Some(&account), years), &["http/1.1"]);
    let (nobody, mallory) = (ours.client(&["http/1.1"]), showing(&senders, (2020, 2090)));
    let victims = format!("Bearer {}", town.victims);
    let named = [pair("service.name", text("till")), pair("service.instance.id", text("till-1"))];
    let truth = plain("the truth", Fate::Own, &named);
    let good = Load { value: 42, secs: 1, span: "good", attributes: &[] };
    for way in [Way::MetricsHttp, Way::SpansHttp] {
        assert_eq!(push(&served, &nobody, way, &victims, (&truth, good)), 200);
    }
    let before = served.victims_lines(&town);
    assert!(before.iter().any(|line| line.ends_with(" 42")), "{before:#?}");

    let claims = ["k8s.namespace.name", "service.namespace"]
        .map(|key| plain(key, Fate::Refused, &[&named[..], &[pair(key, text(v))]].concat()));
    let mut lies = in_pieces(&town.victim, &town.mallory);
    lies.extend(claims.into_iter().chain([truth]));
    let mut spans = 0;
    for (lie, way) in lies.iter().flat_map(|lie| [Way::MetricsHttp, Way::SpansHttp].map(|way| (lie, way))) {
        let wanted = if lie.fate == Fate::Own { 200 } else { 403 };
        assert_eq!(push(&served, &mallory, way, &victims, (lie, EVIL)), wanted, "{way:?}: {}", lie.what);
        spans += usize::from(lie.fate == Fate::Own && !way.is_metrics());
    }
    for client in [showing(&strangers, (2020, 2090)), showing(&senders, (2020, 2021)), nobody] {
        assert_eq!(push(&served, &client, Way::MetricsHttp, "Bearer nobody-knows-me", (&lies[0], EVIL)), 401);
    }
    assert_eq!(served.victims_lines(&town), before);
    wait("all spans", || (served.spans.back_end.resources("evil").len() >= spans).then_some(()));
    assert_eq!(spans_are_of(&served, "evil", (m, "")), spans);
}
