use super::{Filtered, Judge, KeptSpan, filter};
use crate::{
    fault::Source,
    limits::{KEPT_TRACES_SECS, TRACE_BATCH_BYTES_MAX},
    model::{
        clock::{Mono, Wall},
        component::{ComponentKey, Workload},
        speaker::{Claims, Names, Speaker},
        workloads::Workloads,
    },
    traces::kept::KeptTraces,
    view::{
        plan::ViewSet,
        read::{self, Known, Object},
    },
    wire::write,
};
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The views that all cases share.
const VIEWS: &str = r#"
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: traces}
spec:
  traces:
  - {name: no-probes, match: {spans: ["GET /healthz"]}, state: Disabled}
  - {name: half, match: {spans: ["sync *"]}, sample: "0.5", keep: {errors: true, slowerThan: 30s}}
  - {name: none, match: {scopes: ["noise"]}, sample: "0"}
"#;

fn views(text: &str) -> ViewSet {
    let source = Arc::new(Source { name: "views.yaml".into(), text: text.into() });
    let known = Known { first_seen: &|_, _| Wall(0), namespace: "default" };
    let view = |read: read::Read| match read.object {
        Some(Object::View(view)) => view,
        other => panic!("{other:?} {:?}", read.faults),
    };
    ViewSet::compile(read::text(&source, &known).into_iter().map(view).collect(), Vec::new())
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

/// A line is `service scope trace name…`, with `!` after the trace for an error and `~` for 31 seconds. The trace is the
/// low byte of the id's random part's top: `00` is the first to go from a sample, `ff` the last.
fn span_of(line: &str) -> ResourceSpans {
    let words: Vec<&str> = line.splitn(4, ' ').collect();
    let [service, scope, trace, name] = words[..] else { panic!("{line}") };
    let mut trace_id = vec![0xab; 16];
    trace_id[9] = u8::from_str_radix(trace.get(..2).unwrap_or_default(), 16).expect("two hex digits");
    let status = trace.contains('!').then(|| Status { code: 2, ..Status::default() });
    let end_time_unix_nano = if trace.contains('~') { 31_000_000_000 } else { 1_000 };
    let span = Span { trace_id, span_id: vec![1; 8], name: name.into(), status, end_time_unix_nano, ..Span::default() };
    let scope = InstrumentationScope { name: scope.into(), ..InstrumentationScope::default() };
    ResourceSpans {
        resource: Some(Resource { attributes: vec![attribute("service.name", service)], ..Resource::default() }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    }
}

fn request(lines: &str) -> ExportTraceServiceRequest {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    ExportTraceServiceRequest { resource_spans: lines.map(span_of).collect() }
}

struct World {
    views: ViewSet,
    kept: KeptTraces,
}

impl World {
    fn new() -> Self {
        Self { views: views(VIEWS), kept: KeptTraces::default() }
    }

    /// What goes on of a body at a second, and everything counted.
    fn filter(&self, body: &[u8], second: u64) -> (Vec<String>, Filtered) {
        let plan_of = |component: &ComponentKey| Arc::new(self.views.plan(component, Wall(0)));
        let judge = Judge {
            plan_of: &plan_of,
            workloads: &Workloads::default(),
            kept: &self.kept,
            now: Mono::from_secs(second),
            speaker: None,
        };
        let mut seen = Vec::new();
        let mut see =
            |kept: &KeptSpan<'_>| seen.push(format!("{} {:02x} {}", kept.component.service, kept.trace_id[9], kept.name));
        let filtered = filter(body, judge, &mut see).expect("a sound request");
        (seen, filtered)
    }
}

/// Requests come one after another, at the seconds beside them. The text is what goes on, and why the rest does not.
fn check(requests: &[(u64, &str)], want: Expect) {
    let world = World::new();
    let mut text = String::new();
    for (second, lines) in requests {
        let (seen, filtered) = world.filter(&request(lines).encode_to_vec(), *second);
        let suppressed: BTreeMap<String, u64> = filtered
            .suppressed
            .iter()
            .map(|((rule, cut), n)| (format!("{} {cut:?}", rule.as_ref().map_or("?", |rule| &rule.rule)), *n))
            .collect();
        assert_eq!(suppressed.values().sum::<u64>(), filtered.tally.suppressed);
        let spans: u64 = filtered.batches.iter().map(|batch| batch.spans).sum();
        assert_eq!(spans, seen.len() as u64);
        assert_eq!(filtered.tally.received, spans + filtered.tally.suppressed + filtered.tally.rejected_total());
        text += &format!("{second}s: {seen:?} {suppressed:?}\n");
    }
    want.assert_eq(&text);
}

/// Scenario: spans with and without a rule, off, and in and out of a sample. Guarantees: what no rule speaks of goes on;
/// off beats errors and slowness; a sample keeps the same traces in every component and scope.
#[test]
fn rules_decide_by_scope_name_and_trace() {
    check(
        &[
            (0, "daemon web 00 anything\n daemon noise ff anything"),
            (0, "daemon web ff GET /healthz\n daemon web ff!~ GET /healthz"),
            (0, "daemon mcd 7f sync pool\n daemon mcd 80 sync pool\n operator mco 7f sync node\n operator mco 80 sync node"),
        ],
        expect![[r#"
            0s: ["daemon 00 anything"] {"none Sampled": 1}
            0s: [] {"no-probes Off": 2}
            0s: ["daemon 80 sync pool", "operator 80 sync node"] {"half Sampled": 2}
        "#]],
    );
}

/// Scenario: a failed and a slow span of traces outside the sample; their parents come in the same request, before them,
/// and in later ones, from another component, under a rule that keeps nothing, and when the mark has run out.
/// Guarantees: a kept span keeps its ancestors, wherever they stand; what came in an earlier request is not brought back;
/// the mark ends in time; a span that is off stays off.
#[test]
fn an_error_keeps_its_ancestors_that_end_later() {
    check(
        &[
            (0, "daemon mcd 01 sync early"),
            (1, "daemon mcd 01 sync before\n daemon mcd 01! sync failed\n daemon mcd 02 sync other"),
            (2, "operator mco 01 sync root\n operator noise 01 root\n daemon web 01 GET /healthz"),
            (3, "daemon mcd 03~ sync slow"),
            (4, "daemon mcd 03 sync parent"),
            (1 + KEPT_TRACES_SECS, "operator mco 01 sync late"),
        ],
        expect![[r#"
            0s: [] {"half Sampled": 1}
            1s: ["daemon 01 sync before", "daemon 01 sync failed"] {"half Sampled": 1}
            2s: ["operator 01 sync root", "operator 01 root"] {"no-probes Off": 1}
            3s: ["daemon 03 sync slow"] {}
            4s: ["daemon 03 sync parent"] {}
            601s: [] {"half Sampled": 1}
        "#]],
    );
}

/// Scenario: spans without rules, with every field, more than one batch holds. Guarantees: they come out as they went in,
/// and no batch is much over its limit.
#[test]
fn what_goes_on_is_not_touched() {
    let lines: Vec<String> = (0..400).map(|n| format!("daemon scope{} ff {} {}", n % 3, n, "x".repeat(5_000))).collect();
    let sent = request(&lines.join("\n"));
    let (_, filtered) = World::new().filter(&sent.encode_to_vec(), 0);
    assert!(filtered.batches.len() >= 2);
    assert!(filtered.batches.iter().all(|batch| batch.bytes.len() <= TRACE_BATCH_BYTES_MAX + 20_000));
    let joined: Vec<u8> = filtered.batches.iter().flat_map(|batch| batch.bytes.clone()).collect();
    let got = ExportTraceServiceRequest::decode(joined.as_slice()).expect("what we write, prost reads");
    assert_eq!(got, sent);
}

/// Scenario: ids of wrong lengths and of zeros, text that is not UTF-8 anywhere in the span, its scope and its resource, each
/// beside a sound span. Guarantees: exactly the bad ones are refused, with their reason; an error among them marks nothing.
#[test]
fn bad_spans_are_refused_one_by_one() {
    let good = request("daemon mcd ff sync good").resource_spans.remove(0);
    let with = |change: &dyn Fn(&mut Span)| {
        let mut bad = request("daemon mcd 01! sync bad").resource_spans.remove(0);
        change(&mut bad.scope_spans[0].spans[0]);
        ExportTraceServiceRequest { resource_spans: vec![good.clone(), bad] }.encode_to_vec()
    };
    // prost cannot write bad text: the bytes of good text are replaced
    let spoilt = |needle: &str, line: &str| {
        let mut body = request(&format!("{line}\ndaemon mcd ff sync good")).encode_to_vec();
        let at = body.windows(needle.len()).position(|window| window == needle.as_bytes()).expect("the needle is there");
        body[at] = 0xff;
        body
    };
    let heads = |change: &dyn Fn(&mut ResourceSpans)| {
        let mut bad = request("daemon mcd 01! sync bad").resource_spans.remove(0);
        change(&mut bad);
        let mut body = ExportTraceServiceRequest { resource_spans: vec![bad, good.clone()] }.encode_to_vec();
        let at = body.windows(8).position(|window| window == b"oddplace").expect("the needle is there");
        body[at] = 0xff;
        body
    };
    let scope = |bad: &mut ResourceSpans, change: &dyn Fn(&mut InstrumentationScope)| {
        bad.scope_spans[0].scope.as_mut().map(change);
    };
    let cases: [(&str, Vec<u8>); 13] = [
        ("short trace id", with(&|span| span.trace_id = vec![1; 15])),
        ("no trace id", with(&|span| span.trace_id.clear())),
        ("zero trace id", with(&|span| span.trace_id = vec![0; 16])),
        ("long span id", with(&|span| span.span_id = vec![1; 9])),
        ("zero span id", with(&|span| span.span_id = vec![0; 8])),
        ("short parent", with(&|span| span.parent_span_id = vec![1; 7])),
        ("name", spoilt("sync bad", "daemon mcd 01! sync bad")),
        ("scope", spoilt("oddscope", "daemon oddscope 01! sync bad")),
        ("resource", spoilt("oddservice", "oddservice mcd 01! sync bad")),
        ("scope version", heads(&|bad| scope(bad, &|scope| scope.version = "oddplace".into()))),
        ("scope attribute", heads(&|bad| scope(bad, &|scope| scope.attributes = vec![attribute("k", "oddplace")]))),
        ("scope schema", heads(&|bad| bad.scope_spans[0].schema_url = "oddplace".into())),
        ("resource schema", heads(&|bad| bad.schema_url = "oddplace".into())),
    ];
    let world = World::new();
    let mut text = String::new();
    for (name, body) in cases {
        let (seen, filtered) = world.filter(&body, 0);
        text += &format!("{name}: {seen:?} {:?}\n", filtered.tally.rejected);
    }
    let (seen, _) = world.filter(&request("daemon mcd 01 sync sibling").encode_to_vec(), 0);
    assert_eq!(seen, Vec::<String>::new());
    expect![[r#"
        short trace id: ["daemon ff sync good"] {BadId: 1}
        no trace id: ["daemon ff sync good"] {BadId: 1}
        zero trace id: ["daemon ff sync good"] {BadId: 1}
        long span id: ["daemon ff sync good"] {BadId: 1}
        zero span id: ["daemon ff sync good"] {BadId: 1}
        short parent: ["daemon ff sync good"] {BadId: 1}
        name: ["daemon ff sync good"] {NotUtf8: 1}
        scope: ["daemon ff sync good"] {NotUtf8: 1}
        resource: ["daemon ff sync good"] {NotUtf8: 1}
        scope version: ["daemon ff sync good"] {NotUtf8: 1}
        scope attribute: ["daemon ff sync good"] {NotUtf8: 1}
        scope schema: ["daemon ff sync good"] {NotUtf8: 1}
        resource schema: ["daemon ff sync good"] {NotUtf8: 1}
    "#]]
    .assert_eq(&text);
}

/// Scenario: bodies that are no request. Guarantees: an error, nothing marked, no panic; an empty one is fine.
#[test]
fn a_torn_request_is_refused_whole() {
    let world = World::new();
    let plan_of = |component: &ComponentKey| Arc::new(world.views.plan(component, Wall(0)));
    let judge =
        Judge { plan_of: &plan_of, workloads: &Workloads::default(), kept: &world.kept, now: Mono::from_secs(0), speaker: None };
    let whole = request("daemon mcd 01! sync failed").encode_to_vec();
    for end in 1..whole.len() {
        assert!(filter(&whole[..end], judge, &mut |_| panic!("cut at {end}")).is_err(), "cut at {end}");
    }
    assert!(
        !world.kept.holds(&span_of("a b 01 c").scope_spans[0].spans[0].trace_id[..].try_into().expect("16"), Mono::from_secs(0))
    );
    let mut unknown = Vec::new();
    write::bytes(&mut unknown, 99, b"later");
    for body in [&[][..], &unknown] {
        assert_eq!(filter(body, judge, &mut |_| ()), Ok(Filtered::default()));
    }
}

/// Scenario: spans of a pod that the cluster knows, and of one that it does not. Guarantees: they belong to the component
/// that metrics of the same pod belong to.
#[test]
fn spans_belong_to_the_owner_of_their_pod() {
    let world = World::new();
    let owner = Arc::new(Workload { kind: "Deployment".into(), name: "api".into() });
    let workloads = Workloads { by_uid: [("p1".into(), owner)].into_iter().collect(), ..Workloads::default() };
    let plan_of = |component: &ComponentKey| Arc::new(world.views.plan(component, Wall(0)));
    let judge = Judge { plan_of: &plan_of, workloads: &workloads, kept: &world.kept, now: Mono::from_secs(0), speaker: None };
    let mut body = request("daemon mcd ff list\ndaemon mcd ff list");
    for (spans, pod) in body.resource_spans.iter_mut().zip(["p1", "p2"]) {
        spans.resource.as_mut().expect("made above").attributes.push(attribute("k8s.pod.uid", pod));
    }
    let mut seen = Vec::new();
    filter(&body.encode_to_vec(), judge, &mut |kept| seen.push(kept.component.to_string())).expect("a sound request");
    assert_eq!(seen, ["default/deployment.api.daemon", "default/service.daemon"]);
}

/// Scenario: a sender that was proven says its namespace twice, once falsely, in either order; another one says nothing of itself.
/// Guarantees: t01: of equal claims the last one is judged, and is the only one that goes on; what is not said is filled in.
#[test]
fn t01_a_claim_goes_on_once() {
    let world = World::new();
    let plan_of = |component: &ComponentKey| Arc::new(world.views.plan(component, Wall(0)));
    let (home, services) = ("shop".into(), Names::All);
    let speaker = Speaker { name: "cart".into(), home, namespaces: Names::none(), services, pod: None, claims: Claims::Refuse };
    let (workloads, now, speaker) = (Workloads::default(), Mono::from_secs(0), Some(&speaker));
    let judge = Judge { plan_of: &plan_of, workloads: &workloads, kept: &world.kept, now, speaker };
    for (claims, goes_on) in [(&["bank", "shop"][..], true), (&["shop", "bank"], false), (&[], true)] {
        let mut body = request("daemon mcd ff list");
        let said = &mut body.resource_spans[0].resource.as_mut().expect("made above").attributes;
        said.extend(claims.iter().map(|claim| attribute("k8s.namespace.name", claim)));
        let filtered = filter(&body.encode_to_vec(), judge, &mut |_| ()).expect("a sound request");
        let sent = filtered.batches.iter().map(|batch| ExportTraceServiceRequest::decode(&*batch.bytes).expect("a request"));
        let resources = sent.flat_map(|request| request.resource_spans).filter_map(|spans| spans.resource);
        let said: Vec<KeyValue> = resources.flat_map(|resource| resource.attributes).collect();
        let namespaces: Vec<&KeyValue> = said.iter().filter(|one| one.key == "k8s.namespace.name").collect();
        assert_eq!(namespaces.len(), usize::from(goes_on), "{claims:?}: {said:?}");
        assert!(namespaces.iter().all(|one| **one == attribute("k8s.namespace.name", "shop")), "{said:?}");
        assert_eq!(filtered.tally.rejected_total(), u64::from(!goes_on), "{claims:?}");
    }
}

/// What a span of the model is: service, scope and name by number, trace, failed, slow.
type Choice = (u8, u8, u8, u8, bool, bool);

/// The same rules over prost's structs, in as few words as they can be said.
fn model(request: &ExportTraceServiceRequest) -> ExportTraceServiceRequest {
    let is_sync = |span: &Span| span.name.starts_with("sync ");
    let is_failed = |span: &Span| span.status.as_ref().is_some_and(|status| status.code == 2);
    let is_slow = |span: &Span| span.end_time_unix_nano - span.start_time_unix_nano >= 30_000_000_000;
    let spans = || request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans);
    let marked: BTreeSet<&[u8]> =
        spans().filter(|span| is_sync(span) && (is_failed(span) || is_slow(span))).map(|span| &*span.trace_id).collect();
    let stays = |scope: &str, span: &Span| {
        let in_sample = if is_sync(span) { span.trace_id[9] >= 0x80 } else { scope != "noise" };
        span.name != "GET /healthz" && (in_sample || marked.contains(&*span.trace_id))
    };
    let mut left = request.clone();
    for resource in &mut left.resource_spans {
        for scope in &mut resource.scope_spans {
            let name = scope.scope.as_ref().map_or("", |scope| &scope.name).to_owned();
            scope.spans.retain(|span| stays(&name, span));
        }
        resource.scope_spans.retain(|scope| !scope.spans.is_empty());
    }
    left.resource_spans.retain(|resource| !resource.scope_spans.is_empty());
    left
}

proptest! {
    /// Scenario: any mix of services, scopes, names, traces, errors and slow spans in one request. Guarantees: what goes on
    /// is what the model says, in the order and below the heads in which it came; the counts add up.
    #[test]
    fn decisions_are_those_of_the_model(choices in prop::collection::vec(any::<Choice>(), 0..40)) {
        let line = |(service, scope, name, trace, failed, slow): &Choice| {
            let scope = ["mcd", "noise"][usize::from(scope % 2)];
            let name = ["sync pool", "GET /healthz", "drain", "sync node"][usize::from(name % 4)];
            let marks = [if *failed { "!" } else { "" }, if *slow { "~" } else { "" }].concat();
            format!("service{} {scope} {:02x}{marks} {name}", service % 3, (trace % 8) * 0x20)
        };
        let lines: Vec<String> = choices.iter().map(line).collect();
        let sent = request(&lines.join("\n"));
        let (seen, filtered) = World::new().filter(&sent.encode_to_vec(), 0);
        let got: Vec<u8> = filtered.batches.iter().flat_map(|batch| batch.bytes.clone()).collect();
        prop_assert_eq!(ExportTraceServiceRequest::decode(got.as_slice()), Ok(model(&sent)));
        prop_assert_eq!(seen.len() as u64 + filtered.tally.suppressed, filtered.tally.received);
        prop_assert_eq!(filtered.tally.received, choices.len() as u64);
    }
}
