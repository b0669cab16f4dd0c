use super::{Setting, Stage};
use crate::app::demo::scenario::Scenario;
use jiff::Timestamp;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    trace::v1::Span,
};
use parking_lot::Mutex;
use pointsman_instrument::{Signal, Transport};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

/// Names of metrics by the service that sends them, and all spans of rollouts, until the first rollout is over.
async fn sent(scenario: Scenario) -> (BTreeMap<String, BTreeSet<String>>, Vec<Span>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sink = taken.clone();
    let transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    let start = Timestamp::from_second(1_767_225_600).expect("a time");
    let setting = Setting { nodes: 3, scenario, seed: 7, start, way_out: &|_| Ok(transport.clone()) };
    let mut stage = Stage::new(&setting, |time| move || SystemTime::from(time.now())).expect("no address to read");
    for second in (60..1800).step_by(60) {
        drop(stage.advance(second));
        assert_eq!(stage.push().await, 0);
    }
    let (mut names, mut spans) = (BTreeMap::<_, BTreeSet<_>>::new(), Vec::new());
    for (signal, body) in taken.lock().drain(..) {
        if signal == Signal::Metrics {
            let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
            for resource in request.resource_metrics {
                let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
                let service = attributes.into_iter().find(|attribute| attribute.key == "service.name");
                let service = format!("{:?}", service.and_then(|service| service.value).expect("every sender has a name"));
                let metrics = resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
                names.entry(service).or_default().extend(metrics.map(|metric| metric.name));
            }
        } else {
            let request = ExportTraceServiceRequest::decode(body).expect("what we encoded");
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            let rollouts = scopes.filter(|scope| scope.scope.as_ref().is_some_and(|scope| scope.name == "mco.rollout"));
            spans.extend(rollouts.flat_map(|scope| scope.spans));
        }
    }
    (names, spans)
}

/// Scenario: one whole rollout. Guarantees: daemons send nothing but what only they know, watchers all the rest.
#[tokio::test]
async fn watchers_say_what_daemons_do_not() {
    let names = sent(Scenario::Happy).await.0;
    assert_eq!(names.len(), 2, "{names:?}");
    for (service, names) in names {
        let says_update_state = names.contains("mcd_update_state");
        assert_eq!(says_update_state, service.contains("machine-config-daemon"), "{service}: {names:?}");
        assert_eq!(says_update_state, !names.contains("mco.pool.machine.count"), "{service}: {names:?}");
    }
}

/// Scenario: one whole rollout of three nodes. Guarantees: one trace with one root; every other span has its real
/// parent and lies within it; each id is there once.
#[tokio::test]
async fn a_rollout_is_one_trace() {
    let spans = sent(Scenario::Happy).await.1;
    let by_id: BTreeMap<_, _> = spans.iter().map(|s| (s.span_id.clone(), s)).collect();
    assert_eq!(by_id.len(), spans.len());
    assert_eq!(spans.iter().map(|s| &s.trace_id).collect::<BTreeSet<_>>().len(), 1);
    let roots: Vec<_> = spans.iter().filter(|s| s.parent_span_id.is_empty()).map(|s| s.name.as_str()).collect();
    assert_eq!(roots, ["rollout pool"]);
    for span in spans.iter().filter(|s| !s.parent_span_id.is_empty()) {
        let parent = by_id.get(&span.parent_span_id).unwrap_or_else(|| panic!("{} has no parent", span.name));
        let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
        assert!(parent.start_time_unix_nano <= start && end <= parent.end_time_unix_nano, "{} in {}", span.name, parent.name);
    }
    assert_eq!(spans.len(), 1 + 3 * (1 + 7 + 2));
}
