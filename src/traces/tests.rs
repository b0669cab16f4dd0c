use super::{Traces, target::Target};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use pointsman_core::{
    fault::Source,
    limits::SUPPRESSED_RULES_MAX,
    model::clock::{Mono, Wall},
    traces::decide::{Cut, Filtered},
    view::{
        plan::{RuleRef, ViewSet},
        read::{self, Known, Object},
    },
};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};

fn views(state: &str) -> Arc<ViewSet> {
    let text = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v}}\nspec:\n  traces:\n  - {{name: probes, match: {{spans: [\"GET *\"]}}, state: {state}}}\n"
    );
    let source = Arc::new(Source { name: "v.yaml".into(), text: text.into() });
    let known = Known { first_seen: &|_, _| Wall(0), namespace: "default" };
    let view = |read: read::Read| match read.object {
        Some(Object::View(view)) => view,
        other => panic!("{other:?} {:?}", read.faults),
    };
    Arc::new(ViewSet::compile(read::text(&source, &known).into_iter().map(view).collect(), Vec::new()))
}

/// A request with a span for each name; the one called `bad` has no id.
fn body(names: &[&str]) -> Vec<u8> {
    let span = |name: &&str| {
        let trace_id = if *name == "bad" { vec![] } else { vec![1; 16] };
        Span { trace_id, span_id: vec![2; 8], name: (*name).into(), ..Span::default() }
    };
    let scope_spans = vec![ScopeSpans { spans: names.iter().map(span).collect(), ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }.encode_to_vec()
}

fn recent_names(traces: &Traces) -> Vec<String> {
    traces.recent().iter().flat_map(|trace| &trace.spans).map(|span| span.name.to_string()).collect()
}

/// Scenario: no back end; a view takes probes away, then is swapped for one that lets them through. Guarantees: every span
/// is counted in exactly one place, the rule that took it away is named, the swap holds from the next request, and what
/// goes on can be seen.
#[test]
fn every_span_is_counted_once_and_a_swap_holds_at_once() {
    let traces = Traces::new(Vec::new());
    let now = Mono::from_secs(0);
    traces.set_views(views("Disabled"), Wall(0));
    let tally = traces.ingest(&body(&["GET /healthz", "sync", "bad"]), now).expect("a sound request");
    assert_eq!((tally.received, tally.suppressed, tally.rejected_total()), (3, 1, 1));
    assert_eq!(recent_names(&traces), ["sync"]);

    let totals = traces.totals();
    assert_eq!((totals.received, totals.kept, totals.rejected), (3, 1, BTreeMap::from([("bad_id", 1)])));
    let suppressed: Vec<_> =
        totals.suppressed.iter().map(|((rule, cut), n)| (&*rule.as_ref().expect("named").rule, *cut, *n)).collect();
    assert_eq!(suppressed, [("probes", Cut::Off, 1)]);

    traces.set_views(views("Enabled"), Wall(1));
    traces.ingest(&body(&["GET /healthz"]), now).expect("a sound request");
    assert_eq!(recent_names(&traces), ["sync", "GET /healthz"]);
    assert!(traces.ingest(b"\x0a\xff", now).is_err());
    assert_eq!(traces.totals().received, 4);
}

/// Scenario: two back ends. Guarantees: each has the spans in a queue of its own, and none stays in memory beside them.
#[test]
fn each_back_end_has_its_own_queue() {
    let target = |port: u16| Target::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
    let traces = Traces::new(vec![target(1), target(2)]);
    traces.ingest(&body(&["sync", "drain"]), Mono::from_secs(0)).expect("a sound request");
    let queued: Vec<_> = traces.backends().into_iter().map(|backend| (backend.url, backend.queued.spans)).collect();
    assert_eq!(queued, [("http://127.0.0.1:1".to_owned(), 2), ("http://127.0.0.1:2".to_owned(), 2)]);
    assert_eq!(recent_names(&traces), Vec::<String>::new());
}

/// Scenario: more rules than are counted apart have taken spans away. Guarantees: the table does not grow past its cap by
/// more than the shared line, known rules go on counting, and no span is missing from the sum.
#[test]
fn rules_beyond_the_cap_share_one_count() {
    let traces = Traces::new(Vec::new());
    let cut = |n: usize| {
        let rule = RuleRef { kind: "".into(), namespace: "".into(), view: "".into(), rule: n.to_string().into() };
        traces.count(&Filtered { suppressed: BTreeMap::from([((Some(Arc::new(rule)), Cut::Off), 1)]), ..Filtered::default() });
    };
    (0..SUPPRESSED_RULES_MAX + 5).for_each(cut);
    cut(0);
    let suppressed = traces.totals().suppressed;
    assert_eq!(suppressed.len(), SUPPRESSED_RULES_MAX + 1);
    assert_eq!(suppressed.get(&(None, Cut::Off)), Some(&5));
    assert_eq!(suppressed.values().sum::<u64>(), SUPPRESSED_RULES_MAX as u64 + 6);
}
