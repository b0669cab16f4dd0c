use super::Fleet;
use crate::app::demo::{cluster::Cluster, scenario::Scenario, time::Pace};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    trace::v1::Span,
};
use parking_lot::Mutex;
use pointsman_instrument::{
    Signal, Transport,
    semconv::{legacy, mco},
};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

/// Names of metrics and all spans that are sent until the first rollout is over.
async fn sent(scenario: Scenario) -> (BTreeSet<String>, Vec<Span>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sink = taken.clone();
    let transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    let shared = Arc::new(Mutex::new(Cluster::new(3, scenario, 7)));
    let pace = Pace { base: SystemTime::UNIX_EPOCH, speed: 60.0 };
    let mut fleet = Fleet::new(&shared, pace, 7, &|_| Ok(transport.clone())).expect("no address to read");
    for second in (0..1200).step_by(60) {
        let events = shared.lock().step(second);
        events.iter().for_each(|(at, event)| fleet.record(*at, event));
        assert_eq!(fleet.push().await, 0);
    }
    let (mut names, mut spans) = (BTreeSet::new(), Vec::new());
    for (signal, body) in taken.lock().drain(..) {
        if signal == Signal::Metrics {
            let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
            let scopes = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics);
            names.extend(scopes.flat_map(|s| s.metrics).map(|m| m.name));
        } else {
            let request = ExportTraceServiceRequest::decode(body).expect("what we encoded");
            spans.extend(request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans));
        }
    }
    (names, spans)
}

/// Scenario: one whole rollout. Guarantees: the components send nothing that the registry does not name.
#[tokio::test]
async fn components_send_what_the_registry_names() {
    let named: BTreeSet<_> = mco::METRICS.iter().chain(&legacy::METRICS).map(|m| m.name.to_owned()).collect();
    let sent = sent(Scenario::Happy).await.0;
    assert!(sent.len() > 20 && sent.is_subset(&named), "{:?}", sent.difference(&named));
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
