use super::{Outcome, Reason, Reconcile, Trigger};
use crate::{
    context::{ANNOTATION, Context},
    semconv::{attribute::PointsmanReconcileResult, pointsman::WatchReconcile},
    span::{Finished, Place, SpanId, TraceId},
    telemetry::{
        PlanSource, Telemetry,
        tests::{lines, planned, telemetry},
    },
    transport::Signal,
};
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span};
use prost::Message;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

enum Why {
    Conflict,
}

impl Reason for Why {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
        }
    }
}

/// What is sent, but for histograms.
fn check(telemetry: &Telemetry, want: &Expect) {
    let text = lines(telemetry.collect());
    want.assert_eq(&text.lines().filter(|l| !l.contains("histogram")).map(|l| format!("{l}\n")).collect::<String>());
}

/// Scenario: turns that change something, change nothing, fail with and without a reason, and are dropped half way.
/// Guarantees: each is counted as what it was, a dropped one as cancelled; errors by class; one that changed nothing makes
/// no span.
#[test]
fn a_dropped_turn_is_cancelled() {
    let (telemetry, clock) = telemetry();
    let reconcile = Reconcile::new(&telemetry, "Pool");
    let turns: Vec<_> = (0..5).map(|_| reconcile.begin()).collect();
    clock.set(1);
    let mut turns = turns.into_iter();
    let mut next = || turns.next().expect("five turns");
    next().success(true);
    next().success(false);
    next().end(Outcome::Failed, 3);
    next().failure(Why::Conflict);
    drop(next());
    check(
        &telemetry,
        &expect![[r#"
        pointsman.reconcile.count [{reconcile}] counter 1s..1s: pointsman.object.kind=Pool,pointsman.result=cancelled 1
        pointsman.reconcile.count [{reconcile}] counter 1s..1s: pointsman.object.kind=Pool,pointsman.result=changed 1
        pointsman.reconcile.count [{reconcile}] counter 1s..1s: pointsman.object.kind=Pool,pointsman.result=failed 2
        pointsman.reconcile.count [{reconcile}] counter 1s..1s: pointsman.object.kind=Pool,pointsman.result=unchanged 1
        pointsman.reconcile.errors [{error}] counter 1s..1s: error.type=_OTHER,pointsman.object.kind=Pool 1
        pointsman.reconcile.errors [{error}] counter 1s..1s: error.type=conflict,pointsman.object.kind=Pool 1
        span reconcile Pool 1s status 0 pointsman.faults=0,pointsman.object.kind=Pool,pointsman.result=changed
        span reconcile Pool 1s status 2 error.type=_OTHER,pointsman.faults=3,pointsman.object.kind=Pool,pointsman.result=failed
        span reconcile Pool 1s status 2 error.type=conflict,pointsman.faults=0,pointsman.object.kind=Pool,pointsman.result=failed
        span reconcile Pool 1s status 2 pointsman.faults=0,pointsman.object.kind=Pool,pointsman.result=cancelled
    "#]],
    );
}

/// Scenario: everything is known of a turn. Guarantees: it stands on the span, and only there.
#[test]
fn what_is_known_stands_on_the_span() {
    let (telemetry, _) = telemetry();
    let reconcile = Reconcile::new(&telemetry, "Pool").controller("node");
    let turn = reconcile.begin().object("worker").waited(Duration::from_millis(1250)).retry(2).trigger(Trigger::Resync);
    turn.success(true);
    check(
        &telemetry,
        &expect![[r#"
        pointsman.reconcile.count [{reconcile}] counter 0s..0s: pointsman.object.kind=Pool,pointsman.result=changed 1
        span reconcile Pool 0s status 0 pointsman.controller.name=node,pointsman.faults=0,pointsman.object.kind=Pool,pointsman.object.name=worker,pointsman.queue.latency=1250,pointsman.reconcile.retry=2,pointsman.reconcile.trigger=resync,pointsman.result=changed
    "#]],
    );
}

fn spans(telemetry: &Telemetry) -> Vec<Span> {
    let traces = telemetry.collect().filter(|(signal, _)| *signal == Signal::Traces);
    let requests = traces.map(|(_, body)| ExportTraceServiceRequest::decode(body).expect("what we encoded"));
    requests.flat_map(|r| r.resource_spans).flat_map(|r| r.scope_spans).flat_map(|s| s.spans).collect()
}

/// Scenario: a component goes on with the trace that another one left in an annotation, and follows from a third; one
/// more turn comes from a trace that is not recorded. Guarantees: the span is a child in that trace, marked as remote, with
/// a link; what is not recorded makes no span, and says so to the next.
#[test]
fn a_trace_goes_on_through_an_object() {
    let (telemetry, _) = telemetry();
    let reconcile = Reconcile::new(&telemetry, "Pool");
    let before = Context { trace: TraceId::from(0xabc_u128), span: SpanId::from(5), sampled: true };
    let other = Place::root(TraceId::from(9_u128), SpanId::from(9));
    let turn = reconcile.begin().child_of(before).linked_to(other);
    let (place, next) = (turn.place(), turn.context());
    assert_eq!(turn.child().map(|part| (part.trace, part.parent)), Some((place.trace, place.id)));
    assert_eq!((next.trace, next.span, next.sampled), (before.trace, place.id, true));
    turn.success(false);
    let unrecorded = reconcile.begin().child_of(Context { sampled: false, ..before });
    assert!(!unrecorded.context().sampled && unrecorded.child().is_none());
    unrecorded.failure(Why::Conflict);
    let spans = spans(&telemetry);
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(
        (span.trace_id.as_slice(), span.parent_span_id.as_slice()),
        (&before.trace.to_bytes()[..], &before.span.to_bytes()[..])
    );
    assert_eq!((span.span_id.as_slice(), span.flags), (&place.id.to_bytes()[..], 0x301));
    assert_eq!(span.links[0].trace_id, other.trace.to_bytes());
}

/// Scenario: a turn with a span. Guarantees: its duration points to the span.
#[test]
fn durations_point_to_their_spans() {
    let (telemetry, _) = telemetry();
    let reconcile = Reconcile::new(&telemetry, "Pool");
    let turn = reconcile.begin();
    let place = turn.place();
    turn.success(true);
    let text = lines(telemetry.collect());
    assert!(text.contains(&format!("example Some(AsDouble(0.0)) in {:032x}/{:016x}", place.trace, place.id)), "{text}");
}

/// A span of the same name and another scope.
fn part_of_a_turn() -> WatchReconcile {
    WatchReconcile {
        object_kind: "Pool".into(),
        object_name: None,
        reconcile_objects: 1,
        reconcile_trigger: Trigger::Resync,
        reconcile_result: PointsmanReconcileResult::Changed,
    }
}

/// Scenario: spans of turns are off; turns have children and links, with and without a parent in another process. Guarantees:
/// none is made of a turn; its children are the parent's, or roots of one trace; its context is the parent's, or none; a
/// duration points to no span, and nothing links to what is not there.
#[test]
fn children_of_what_is_off_have_the_nearest_parent() {
    let (telemetry, _) = telemetry();
    let off = planned(&json!({"spans": [{"spans": "reconcile *", "scopes": ["pointsman.*"], "on": false}]}));
    telemetry.obey(&off, 0, PlanSource::File);
    let reconcile = Reconcile::new(&telemetry, "Pool");
    let part = |place| Finished::new(part_of_a_turn(), place, telemetry.now(), telemetry.now());
    let before = Context { trace: TraceId::from(0xabc_u128), span: SpanId::from(5), sampled: true };

    let root = reconcile.begin();
    let parts = [root.child().expect("recorded"), root.child().expect("recorded")];
    assert!(parts.iter().all(|part| part.is_root() && part.trace == root.place().trace));
    let mut annotations = BTreeMap::from([(ANNOTATION.to_owned(), before.to_string())]);
    assert!(root.context().write(&mut annotations) && annotations.is_empty());
    telemetry.span(part(parts[0]).with_link(root.place()));
    root.success(true);

    let child = reconcile.begin().child_of(before);
    assert_eq!(child.context(), before);
    let inner = child.child().expect("recorded");
    assert_eq!((inner.trace, inner.parent), (before.trace, before.span));
    child.success(true);

    let spans = spans(&telemetry);
    let [only] = spans.as_slice() else { panic!("{spans:?}") };
    assert!(only.links.is_empty() && only.parent_span_id.is_empty());
    assert!(!lines(telemetry.collect()).contains("example"));
    telemetry.obey(&planned(&json!({})), 0, PlanSource::File);
    reconcile.begin().success(true);
    assert_eq!(self::spans(&telemetry).len(), 1);
}
