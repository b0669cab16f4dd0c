//! Spans of real SDKs, forwarded by pointsman, found again in a real Jaeger.
//! One table says how the trace has to look, in Jaeger's words.

use super::{
    jaeger::{Jaeger, Stored},
    senders::{Language, Way},
};
use crate::support::{Pointsman, http};
use std::collections::BTreeMap;

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The part of a map whose keys are wanted: backends add tags of their own.
fn only(map: &BTreeMap<String, String>, like: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    map.iter().filter(|(key, _)| like.contains_key(*key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The workload's trace as it has to be stored, in Jaeger's words.
fn expected(language: Language, instance: &str) -> BTreeMap<String, Stored> {
    let resource = texts([
        ("service.name", language.service()),
        ("service.namespace", "it"),
        ("service.instance.id", instance),
        ("deployment.environment.name", "test"),
    ]);
    let scope = [("otel.scope.name", "peer.tracer"), ("otel.scope.version", "1.2.3")];
    let span = |parent: Option<&str>, tags: BTreeMap<String, String>, events| {
        let mut tags = tags;
        tags.extend(texts(scope));
        Stored { parent: parent.map(str::to_owned), tags, events, resource: resource.clone() }
    };
    let root = [("pool", "worker"), ("attempt", "2"), ("ratio", "0.5"), ("dry", "true"), ("nodes", r#"["a","b"]"#)];
    let drain = [
        ("node", "worker-0"),
        ("span.kind", "client"),
        ("otel.status_code", "ERROR"),
        ("otel.status_description", "time-out"),
        ("error", "true"),
    ];
    let evicted = texts([("event", "evicted"), ("pod", "web-1")]);
    BTreeMap::from([
        ("reconcile pool".to_owned(), span(None, texts(root), vec![])),
        ("drain node".to_owned(), span(Some("reconcile pool"), texts(drain), vec![evicted])),
        ("GET /pods".to_owned(), span(Some("drain node"), texts([("span.kind", "client")]), vec![])),
    ])
}

fn check(jaeger: &Jaeger, server: &Pointsman, language: Language, protocol: &'static str) {
    let instance = format!("{}-{protocol}", language.service());
    let way = Way { protocol, temporality: "cumulative", gzip: false };
    let id = language.send(server, way, &instance);
    let want = expected(language, &instance);
    let mut got = jaeger.trace(&id, want.len());
    for (name, stored) in &mut got {
        let Some(want) = want.get(name) else { continue };
        stored.tags = only(&stored.tags, &want.tags);
        stored.resource = only(&stored.resource, &want.resource);
    }
    assert_eq!(got, want, "{language:?} over {protocol}");
}

/// Scenario: three SDKs send a trace each way they can, and pointsman forwards to Jaeger.
/// Guarantees: each trace is there under its id, with the names, parents, attributes, events and status it was sent with; the page and
/// its twin lead from each slow turn to that trace.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn spans_of_every_sdk_arrive_in_jaeger_as_they_were_sent() {
    let jaeger = Jaeger::start();
    let link = format!("http://{}/trace/{{trace_id}}", jaeger.query);
    let server = Pointsman::start(&["--traces-to", &format!("http://{}", jaeger.otlp), "--trace-link", &link]);
    for language in [Language::Go, Language::Python, Language::Rust] {
        for protocol in ["grpc", "http/protobuf"] {
            check(&jaeger, &server, language, protocol);
        }
    }
    check(&jaeger, &server, Language::Rust, "http/json");
    let twin = server.get("/api/v1/traces").json();
    let slowest = twin["item"]["slowest"].as_array().expect("a list").iter();
    let turns: Vec<&serde_json::Value> = slowest.filter(|turn| turn["name"] == "reconcile pool").collect();
    assert_eq!(turns.len(), 7, "{twin}");
    let page = String::from_utf8_lossy(&server.get("/traces").body).into_owned();
    for turn in turns {
        let (id, link) = (turn["traceId"].as_str().expect("an id"), turn["link"].as_str().expect("a link"));
        assert_eq!(link, format!("http://{}/trace/{id}", jaeger.query));
        assert!(page.contains(&format!("<a href=\"{link}\"")), "{link}: {page}");
        assert_eq!(http(jaeger.query, "GET", &format!("/trace/{id}"), &[], b"").status, 200);
        assert!(jaeger.trace(id, 3).contains_key("reconcile pool"), "{id}");
    }
}
