use crate::web::{
    Sources,
    model::{
        Backend, Flow, Stream, Traces,
        screens::{Drop, Inflow},
    },
    tests::{get, sources},
};
use std::sync::Arc;

fn with(reason: &'static str) -> Sources {
    let inflow = |component: &str, points_per_minute| Inflow {
        component: component.to_owned(),
        instances: 2,
        points_per_minute,
        received: 7_000,
        ..Inflow::default()
    };
    let make = move || Flow {
        metrics: Stream { received: 12_345, suppressed: 678, ..Stream::default() },
        inflows: vec![inflow("mco/mcd", 400.0), inflow("mco/mcc", 100.0)],
        drops: vec![Drop {
            what: "points",
            stage: "ingest".to_owned(),
            reason: reason.to_owned(),
            why: "too old".to_owned(),
            count: 9,
        }],
        ..Flow::default()
    };
    let backend =
        || Backend { url: "http://jaeger:4317".to_owned(), failing: true, queue_bytes_max: 1 << 26, ..Backend::default() };
    let traces = move || Traces { backends: vec![backend()], ..Traces::default() };
    Sources { flow: Arc::new(make), traces: Arc::new(traces), ..sources(0, true) }
}

/// Scenario: two senders, one of whom sends four times as much, a refusal, and a back end that fails.
/// Guarantees: each number with its reason, bars to scale without a style attribute, and the same numbers in the twin.
#[tokio::test]
async fn each_drop_has_its_reason() {
    let (_, page) = get(with("out_of_order"), "/flow").await;
    for text in [
        "12.3k",
        "678",
        "out_of_order",
        "too old",
        "http://jaeger:4317",
        "failing",
        "width=\"100\" height=\"8\"",
        "width=\"25\" height=\"8\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("style="), "{page}");
    let (_, twin) = get(with("out_of_order"), "/api/v1/flow").await;
    let twin: serde_json::Value = serde_json::from_str(&twin).expect("JSON");
    assert_eq!((&twin["item"]["drops"][0]["count"], &twin["item"]["metrics"]["received"]), (&9.into(), &12_345.into()));
}

/// Scenario: nothing came, nothing matches, a rule with a hostile name. Guarantees: words in place of empty tables; text stays text.
#[tokio::test]
async fn empty_and_hostile_flows_are_text() {
    let (_, page) = get(sources(0, true), "/flow").await;
    assert!(
        page.contains("No component pushes.") && page.contains("Nothing was dropped.") && page.contains("no back end"),
        "{page}"
    );
    let (_, page) = get(with("x"), "/flow?q=nobody").await;
    assert!(page.contains("Nothing was dropped that matches."), "{page}");
    let (_, page) = get(with("<svg/onload=alert(1)>"), "/flow").await;
    assert!(!page.contains("<svg/onload") && page.contains("&#60;svg/onload"), "{page}");
}
