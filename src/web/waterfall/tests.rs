use super::{Span, Trace, WIDTH, Waterfall};
use pointsman_core::{limits::WATERFALL_SPANS_MAX, model::clock::Wall, view::time::format_time};

fn span(id: &str, parent: Option<&str>, start_ms: u64, took_ms: u32) -> Span {
    Span {
        span_id: id.to_owned(),
        parent_span_id: parent.map(str::to_owned),
        name: format!("span {id}"),
        start: format_time(Wall(1_700_000_000_000_000_000 + start_ms * 1_000_000)),
        duration_seconds: f64::from(took_ms) / 1_000.0,
        status: "Ok",
        ..Span::default()
    }
}

fn drawn(spans: Vec<Span>) -> Vec<(String, usize, u32, u32)> {
    let waterfall = Waterfall::of(&Trace { spans, ..Trace::default() });
    waterfall.bars.into_iter().map(|bar| (bar.name, bar.depth, bar.left, bar.width)).collect()
}

/// Scenario: a reconcile with two children, which came first, and a child of a span that is not here.
/// Guarantees: the tree in the order of time, bars to scale, and what has no parent here as a root.
#[test]
fn bars_stand_in_the_order_of_the_tree() {
    let spans = vec![
        span("c", Some("a"), 600, 400),
        span("b", Some("a"), 100, 250),
        span("d", Some("b"), 200, 0),
        span("a", None, 0, 1_000),
        span("e", Some("far"), 500, 10),
    ];
    let expected = [("a", 0, 0, 1_000), ("b", 1, 100, 250), ("d", 2, 200, 1), ("c", 1, 600, 400), ("e", 0, 500, 10)];
    assert_eq!(drawn(spans), expected.map(|(name, depth, left, width)| (format!("span {name}"), depth, left, width)));
}

/// Scenario: spans in a circle, one that is its own parent, one id twice, no time at all, absurd times, and no spans.
/// Guarantees: each span is one bar within the drawing.
#[test]
fn hostile_traces_have_an_end() {
    let absurd = Span { start: "never".to_owned(), duration_seconds: f64::INFINITY, ..span("x", None, 0, 0) };
    let cases = [
        vec![span("a", Some("b"), 0, 1), span("b", Some("a"), 0, 1)],
        vec![span("a", Some("a"), 0, 1)],
        vec![span("a", None, 0, 1), span("a", Some("a"), 0, 1), span("a", Some("a"), 0, 1)],
        vec![span("a", None, 0, 0)],
        vec![absurd, span("a", None, 5, 5), Span { duration_seconds: f64::NAN, ..span("n", None, 0, 0) }],
        Vec::new(),
    ];
    for spans in cases {
        let n = spans.len();
        let bars = drawn(spans);
        assert_eq!(bars.len(), n, "{bars:?}");
        assert!(bars.iter().all(|(_, _, left, width)| *width > 0 && left + width <= WIDTH), "{bars:?}");
    }
}

/// Scenario: a trace with more spans than are drawn, and some that were never kept. Guarantees: how many more there are.
#[test]
fn what_is_not_drawn_is_counted() {
    let spans = (0..WATERFALL_SPANS_MAX + 3).map(|i| span(&i.to_string(), None, i as u64, 1)).collect();
    let waterfall = Waterfall::of(&Trace { spans, omitted: 4, ..Trace::default() });
    assert_eq!((waterfall.bars.len(), waterfall.more), (WATERFALL_SPANS_MAX, 7));
}
