use super::{Setting, Stage};
use crate::app::demo::scenario::Scenario;
use jiff::Timestamp;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{ResourceMetrics, metric::Data, number_data_point},
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

/// What was sent in one run, and the stage as it was left.
struct Run {
    stage: Stage,
    metrics: Vec<ResourceMetrics>,
    /// Those of rollouts.
    spans: Vec<Span>,
}

/// Plays a scenario for so long; everyone pushes once a minute.
async fn play(nodes: usize, scenario: Scenario, seconds: u64) -> Run {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sink = taken.clone();
    let transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    let start = Timestamp::from_second(1_767_225_600).expect("a time");
    let setting = Setting { nodes, scenario, seed: 7, start, way_out: &|_| Ok(transport.clone()) };
    let mut stage = Stage::new(&setting, |time| move || SystemTime::from(time.now())).expect("no address to read");
    for second in (60..seconds).step_by(60) {
        drop(stage.advance(second));
        assert_eq!(stage.push().await, 0);
    }
    let (mut metrics, mut spans) = (Vec::new(), Vec::new());
    for (signal, body) in taken.lock().drain(..) {
        if signal == Signal::Metrics {
            metrics.extend(ExportMetricsServiceRequest::decode(body).expect("what we encoded").resource_metrics);
        } else {
            let request = ExportTraceServiceRequest::decode(body).expect("what we encoded");
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            let rollouts = scopes.filter(|scope| scope.scope.as_ref().is_some_and(|scope| scope.name == "mco.rollout"));
            spans.extend(rollouts.flat_map(|scope| scope.spans));
        }
    }
    Run { stage, metrics, spans }
}

impl Run {
    /// Names of metrics by the service that sends them.
    fn names(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut names = BTreeMap::<_, BTreeSet<_>>::new();
        for resource in &self.metrics {
            let attributes = resource.resource.iter().flat_map(|resource| &resource.attributes);
            let service = text(attributes, "service.name");
            let metrics = resource.scope_metrics.iter().flat_map(|scope| &scope.metrics);
            names.entry(service).or_default().extend(metrics.map(|metric| metric.name.clone()));
        }
        names
    }

    /// The last number of each set of a metric: its value, or how often it was recorded; under the values of these keys.
    fn last(&self, name: &str, keys: &[&str]) -> BTreeMap<String, u64> {
        let metrics = self.metrics.iter().flat_map(|resource| &resource.scope_metrics).flat_map(|scope| &scope.metrics);
        let mut last = BTreeMap::new();
        for metric in metrics.filter(|metric| metric.name == name) {
            let points: Vec<(&Vec<KeyValue>, u64)> = match &metric.data {
                Some(Data::Histogram(histogram)) => histogram.data_points.iter().map(|p| (&p.attributes, p.count)).collect(),
                Some(Data::Sum(sum)) => sum.data_points.iter().map(|p| (&p.attributes, number(p.value))).collect(),
                other => panic!("{name}: {other:?}"),
            };
            for (attributes, count) in points {
                let key: Vec<_> = keys.iter().map(|key| text(attributes, key)).collect();
                last.insert(key.join(" "), count);
            }
        }
        last.retain(|_, count| *count > 0);
        last
    }
}

fn text<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>, key: &str) -> String {
    let value = attributes.into_iter().find(|attribute| attribute.key == key).and_then(|attribute| attribute.value.clone());
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key} is {other:?}"),
    }
}

fn number(value: Option<number_data_point::Value>) -> u64 {
    match value {
        Some(number_data_point::Value::AsInt(number)) => u64::try_from(number).expect("counters count up"),
        other => panic!("no counter: {other:?}"),
    }
}

/// Scenario: one whole rollout. Guarantees: daemons send nothing but what only they know, watchers all the rest.
#[tokio::test]
async fn watchers_say_what_daemons_do_not() {
    let names = play(3, Scenario::Happy, 1800).await.names();
    assert_eq!(names.len(), 2, "{names:?}");
    for (service, names) in names {
        let says_update_state = names.contains("mcd_update_state");
        assert_eq!(says_update_state, service == "machine-config-daemon", "{service}: {names:?}");
        assert_eq!(says_update_state, !names.contains("mco.pool.machine.count"), "{service}: {names:?}");
    }
}

/// Scenario: one whole rollout of three nodes. Guarantees: one trace with one root; every other span has its real
/// parent and lies within it; each id is there once.
#[tokio::test]
async fn a_rollout_is_one_trace() {
    let spans = play(3, Scenario::Happy, 1800).await.spans;
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

/// Scenario: a rollout of 12 nodes, one of which is held up for 50 minutes. Guarantees: what the watchers say is what really
/// happened: as many phases of each kind, updates, drain attempts and reboots; a span for each update and each phase.
#[tokio::test]
async fn watchers_say_what_really_happened() {
    let run = play(12, Scenario::Story, 4500).await;
    let truth = run.stage.cluster.expected();
    assert!(run.stage.cluster.is_quiet(), "the rollout is over");
    let phases = truth.phases_completed();
    let named = |((pool, phase), count): (&(String, &str), &u64)| (format!("{pool} {phase} completed"), *count);
    let wanted: BTreeMap<_, _> = phases.iter().map(named).collect();
    let keys = ["mco.pool.name", "mco.phase", "mco.result"];
    assert_eq!(run.last("mco.node.update.phase.duration", &keys), wanted);
    let pool = |count: u64| BTreeMap::from([("worker".to_owned(), count)]);
    assert_eq!(run.last("mco.node.update.duration", &["mco.pool.name"]), pool(truth.updates.len() as u64));
    let retries = truth.updates.iter().map(|update| update.drain_retries).sum();
    assert_eq!(run.last("mco.node.drain.retries", &["mco.pool.name"]), pool(retries));
    assert_eq!(run.last("mco.pool.update.duration", &["mco.pool.name"]), pool(truth.rollouts.len() as u64));
    let count =
        |name: &str| run.spans.iter().filter(|span| span.name == name || span.name.starts_with(&format!("{name} "))).count();
    assert_eq!(count("update node"), truth.updates.len());
    assert_eq!(count("phase") as u64, wanted.values().sum::<u64>());
    assert_eq!(count("rollout pool"), truth.rollouts.len());
}
