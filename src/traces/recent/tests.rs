use super::{Recent, SpanStatus};
use pointsman_core::{
    decode::RawSpan,
    limits::{ECHO_BYTES_MAX, RECENT_SPANS_MAX, RECENT_SPANS_PER_TRACE_MAX, RECENT_TRACES_MAX},
    model::component::ComponentKey,
    traces::decide::KeptSpan,
};

/// Adds one span of trace `n`.
fn add(recent: &Recent, n: usize, name: &str) {
    let component = ComponentKey::from_resource(|key| (key == "service.name").then_some("daemon"));
    let raw = RawSpan {
        raw: &[],
        trace_id: &[],
        span_id: &[],
        parent_span_id: &[7; 8],
        name: name.as_bytes(),
        start: 1_000,
        end: 3_500,
        status_code: 2,
    };
    recent.add(&KeptSpan { component: &component, trace_id: id(n), span_id: [1; 8], name, raw });
}

fn id(n: usize) -> [u8; 16] {
    (n as u128 + 1).to_be_bytes()
}

/// Scenario: two traces, one of two spans with a long name. Guarantees: the newest trace comes first, spans keep their
/// order, and everything the page shows is there; a name is cut between characters.
#[test]
fn the_newest_trace_comes_first_with_what_the_page_shows() {
    let recent = Recent::default();
    add(&recent, 1, "sync");
    add(&recent, 2, "drain");
    add(&recent, 1, &"ä".repeat(ECHO_BYTES_MAX));
    let traces = recent.traces();
    assert_eq!(traces.iter().map(|t| (t.trace_id, t.spans.len())).collect::<Vec<_>>(), [(id(2), 1), (id(1), 2)]);
    let span = &traces[0].spans[0];
    assert_eq!((&*span.name, &*span.component, span.parent), ("drain", "default/service.daemon", Some([7; 8])));
    assert_eq!((span.start.0, span.duration.as_nanos(), span.status), (1_000, 2_500, SpanStatus::Error));
    assert_eq!(&*traces[1].spans[1].name, "ä".repeat(ECHO_BYTES_MAX / 2));
}

/// Scenario: too many traces, too many spans in one trace, too many spans in all. Guarantees: each cap holds, the oldest
/// trace goes first, and spans left out of a trace are counted.
#[test]
fn every_cap_holds() {
    let recent = Recent::default();
    (0..=RECENT_TRACES_MAX).for_each(|n| add(&recent, n, ""));
    let ids: Vec<_> = recent.traces().iter().map(|t| t.trace_id).collect();
    assert_eq!((ids.len(), ids.first(), ids.last()), (RECENT_TRACES_MAX, Some(&id(RECENT_TRACES_MAX)), Some(&id(1))));

    let recent = Recent::default();
    (0..RECENT_SPANS_PER_TRACE_MAX + 3).for_each(|_| add(&recent, 1, ""));
    assert_eq!((recent.traces()[0].spans.len(), recent.traces()[0].omitted), (RECENT_SPANS_PER_TRACE_MAX, 3));

    let full = RECENT_SPANS_MAX / RECENT_SPANS_PER_TRACE_MAX;
    (2..=full + 1).for_each(|n| (0..RECENT_SPANS_PER_TRACE_MAX).for_each(|_| add(&recent, n, "")));
    let spans: usize = recent.traces().iter().map(|t| t.spans.len()).sum();
    assert_eq!((spans, recent.traces().last().map(|t| t.trace_id)), (RECENT_SPANS_MAX, Some(id(2))));
}
