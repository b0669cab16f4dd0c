use crate::web::{
    Sources,
    model::{
        Backend, Span, Trace, Traces,
        screens::{Loop, SlowTurn},
    },
    tests::{get, sources},
};
use pointsman_core::limits::DRAWN_TRACES_MAX;
use std::sync::Arc;

const ID: &str = "0102030405060708090a0b0c0d0e0f10";

fn span(id: &str, parent: Option<&str>, name: &str) -> Span {
    Span {
        span_id: id.to_owned(),
        parent_span_id: parent.map(str::to_owned),
        name: name.to_owned(),
        component: "mco/mcc".to_owned(),
        start: "2023-11-14T22:13:20Z".to_owned(),
        duration_seconds: 2.5,
        status: "Error",
    }
}

fn of(name: &str, link: Option<&str>) -> Traces {
    let slow = SlowTurn {
        trace_id: ID.to_owned(),
        name: name.to_owned(),
        component: "mco/mcc".to_owned(),
        duration_seconds: 2.5,
        status: "Error",
        link: link.map(str::to_owned),
        ..SlowTurn::default()
    };
    let one = Loop {
        component: "mco/mcc".to_owned(),
        metric: "app.reconcile.duration".to_owned(),
        of: "kind=Node".to_owned(),
        turns: 200,
        errors: Some(3),
        p99_seconds: Some(60.0),
        beyond: true,
        ..Loop::default()
    };
    let trace =
        Trace { trace_id: ID.to_owned(), spans: vec![span("a", None, name), span("b", Some("a"), "GET")], ..Trace::default() };
    Traces { loops: vec![one], slowest: vec![slow], recent: vec![trace], ..Traces::default() }
}

fn with(traces: Traces) -> Sources {
    Sources { traces: Arc::new(move || traces.clone()), ..sources(0, true) }
}

/// Scenario: a loop that fails, its slowest turn, and its trace, without and with a trace viewer. Guarantees: the numbers of the twin,
/// a waterfall of rectangles without script or style, and a link where there is a viewer.
#[tokio::test]
async fn loops_turns_and_waterfalls_are_shown() {
    let (_, page) = get(with(of("reconcile Node", None)), "/traces").await;
    let texts = [
        "kind=Node",
        "✖ 3 (2 %)",
        "≥ 1m",
        "2.5 s",
        "reconcile Node of mco/mcc",
        "width=\"1000\" height=\"8\"",
        "span:reconcile Node",
    ];
    for text in texts {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("style=") && page.contains(&format!("/traces?q={ID}")), "{page}");
    let link = format!("https://jaeger.example/trace/{ID}");
    let (_, page) = get(with(of("reconcile Node", Some(&link))), "/traces").await;
    assert!(page.contains(&format!("<a href=\"{link}\" rel=\"noreferrer\">")), "{page}");
    let (_, twin) = get(with(of("reconcile Node", Some(&link))), "/api/v1/traces").await;
    let twin: serde_json::Value = serde_json::from_str(&twin).expect("JSON");
    assert_eq!((&twin["item"]["loops"][0]["errors"], &twin["item"]["slowest"][0]["link"]), (&3.into(), &link.into()));
}

/// Scenario: nothing came; a back end has the traces; more traces than are drawn; a hostile name. Guarantees: words in place of empty
/// tables, how many more there are, and text that stays text, in the command to copy too.
#[tokio::test]
async fn empty_long_and_hostile_traces_are_text() {
    let (_, page) = get(sources(0, true), "/traces").await;
    assert!(page.contains("No loop is known") && page.contains("No turn came") && page.contains("No trace came."), "{page}");
    let sent = Traces { backends: vec![Backend::default()], ..Traces::default() };
    let (_, page) = get(with(sent), "/traces").await;
    assert!(page.contains("--trace-link"), "{page}");
    let long = of("reconcile", None);
    let recent = vec![long.recent[0].clone(); DRAWN_TRACES_MAX + 3];
    let (_, page) = get(with(Traces { recent, ..long }), "/traces").await;
    assert_eq!((page.matches("<details").count(), page.contains("3 more traces")), (DRAWN_TRACES_MAX, true));
    let (_, page) = get(with(of("reconcile <img src=x onerror=alert(1)>'; rm -r", None)), "/traces").await;
    assert!(!page.contains("<img src=x") && page.contains("&#60;img"), "{page}");
}
