use super::{
    AccessOutcome, AccessQuestion, AccessRefusal, Adjustment, Backend, CATALOGUES, Cluster, ConflictKind, Decider, DropReason,
    Flow, Handshake, Lease, Omission, Own, Plans, Reload, Snapshot, Suppressed, SyncRefusal, SyncStanding, Tls,
    standing::{ConditionType, ConsumerKind, Reader, Standing, Status, View, ViewName},
};
use expect_test::{expect, expect_file};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::any_value::Value,
    metrics::v1::{metric::Data, number_data_point},
};
use parking_lot::Mutex;
use pointsman_instrument::{Outcome, Signal};
use prost::Message;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

fn snapshot() -> Snapshot {
    let flow = |received| Flow { received, exported: 2, dropped: vec![(DropReason::Sampled, 3)], queued: 4 };
    Snapshot {
        metrics: flow(10),
        traces: flow(20),
        series: vec![("default/service.shop".to_owned(), 5)],
        limited: vec![("mcd_update_state".to_owned(), 6)],
        enabled: vec![("mcd_update_state".to_owned(), Some(Decider::View))],
        adjusted: vec![(Adjustment::Gap, 1)],
        omitted: vec![(Omission::Duplicate, 1)],
        suppressed: vec![Suppressed { view: "quiet-mcd".to_owned(), points: 7, ..Suppressed::default() }],
        fault_errors: 1,
        fault_warnings: 2,
        limits: vec![("series_max", 8)],
        conflicts: vec![(ConflictKind::Help, 9)],
        insecure: vec![("otlp-grpc", false)],
        tls: Some(Tls { expiry_secs: Some(1), reloads: vec![(Reload::Taken, 1)], handshakes: vec![(Handshake::Done, 1)] }),
        readers_refused: vec![(AccessRefusal::Forbidden, 2)],
        access: vec![(AccessQuestion::Token, AccessOutcome::Hit, 5)],
        backends: vec![Backend { address: "http://jaeger:4317".to_owned(), ..Backend::default() }],
        view_age: Some(0.5),
        sync: Plans {
            agents: vec![(SyncStanding::Applied, 3)],
            offers: 4,
            refused: vec![(SyncRefusal::TooFast, 1)],
            stale: 2,
            delays: vec![Duration::from_millis(300)],
        },
        cluster: Cluster {
            kinds: vec![("TelemetryView".to_owned(), 2, 1)],
            writes: Some((3, 1)),
            leases: vec![(Lease::Active, true)],
        },
        standing: Standing {
            pushes: vec![("default/service.shop".to_owned(), 4.0)],
            views: vec![View {
                name: ViewName { namespace: "default".to_owned(), kind: "TelemetryView".to_owned(), name: "quiet".to_owned() },
                conditions: vec![(ConditionType::Accepted, Status::False), (ConditionType::Conflicted, Status::True)],
                ends_in: Some(60.0),
            }],
            readers: vec![Reader { kind: ConsumerKind::Alert, name: "default/rules/Full".to_owned(), is_off: true }],
            uncatalogued: vec![("default/service.shop".to_owned(), 2)],
        },
    }
}

type Taken = Arc<Mutex<Vec<(Signal, Vec<u8>)>>>;

fn own() -> (Own, Taken) {
    let taken = Taken::default();
    let sink = taken.clone();
    let sink = Arc::new(move |signal, body: bytes::Bytes| sink.lock().push((signal, body.to_vec())));
    (Own::new("pointsman-0", || SystemTime::UNIX_EPOCH, snapshot, sink), taken)
}

fn metric_names(taken: &Taken) -> BTreeSet<String> {
    let taken = taken.lock();
    let bodies = taken.iter().filter(|(signal, _)| *signal == Signal::Metrics);
    let requests = bodies.map(|(_, body)| ExportMetricsServiceRequest::decode(body.as_slice()).expect("what we encoded"));
    let scopes = requests.flat_map(|r| r.resource_metrics).flat_map(|r| r.scope_metrics);
    scopes.flat_map(|s| s.metrics).map(|m| m.name).collect()
}

/// Scenario: everything that can happen to us happened once. Guarantees: what we send is what is written down, which
/// `tests/it/semconv/coverage.rs` compares with the registry.
#[test]
fn we_send_what_is_written_down() {
    let (own, taken) = own();
    own.scraped(Duration::from_millis(3), 1000);
    own.views().begin().end(Outcome::Changed, 0);
    own.views().begin().end(Outcome::Failed, 1);
    own.push();
    let names: String = metric_names(&taken).iter().map(|name| format!("{name}\n")).collect();
    expect_file!["../../tests/data/emitted/pointsman.txt"].assert_eq(&names);
}

/// Scenario: nothing happened yet. Guarantees: counters are there at 0, so that their first increase shows.
#[test]
fn counters_begin_at_zero() {
    let taken = Taken::default();
    let sink = taken.clone();
    let sink = Arc::new(move |signal, body: bytes::Bytes| sink.lock().push((signal, body.to_vec())));
    Own::new("pointsman-0", || SystemTime::UNIX_EPOCH, Snapshot::default, sink).push();
    let names: Vec<_> = metric_names(&taken).into_iter().collect();
    expect![[r#"
        pointsman.build.info
        pointsman.instrument.gates
        pointsman.instrument.points
        pointsman.instrument.size
        pointsman.pipeline.dropped
        pointsman.pipeline.exported
        pointsman.pipeline.queue
        pointsman.pipeline.received
        pointsman.plan.source
        pointsman.sync.agents
        pointsman.sync.offers
        pointsman.sync.refused
        pointsman.sync.stale
        pointsman.view.faults"#]]
    .assert_eq(&names.join("\n"));
}

/// Scenario: views were reloaded. Guarantees: the span of that turn goes into the same sink, once.
#[test]
fn a_reload_is_a_span() {
    let (own, taken) = own();
    own.views().begin().end(Outcome::Failed, 3);
    own.push();
    own.push();
    let taken = taken.lock();
    let spans = taken.iter().filter(|(signal, _)| *signal == Signal::Traces);
    let requests = spans.map(|(_, body)| ExportTraceServiceRequest::decode(body.as_slice()).expect("what we encoded"));
    let scopes = requests.flat_map(|r| r.resource_spans).flat_map(|r| r.scope_spans);
    let line = |scope: &str, name: &str| format!("{name} ({scope})\n");
    let lines = scopes
        .flat_map(|s| s.spans.iter().map(|span| line(&s.scope.clone().unwrap_or_default().name, &span.name)).collect::<Vec<_>>());
    expect_file!["../../tests/data/emitted/pointsman-spans.txt"].assert_eq(&lines.collect::<String>());
}

/// Scenario: a catalogue is added to the folder. Guarantees: it is shipped too.
#[test]
fn every_catalogue_is_shipped() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("otel/catalog");
    let names: BTreeSet<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(CATALOGUES.map(|(name, _)| name.to_owned()).into_iter().collect::<BTreeSet<_>>(), names);
}

/// Scenario: a view is refused and conflicts. Guarantees: of what every view has each status is there and one of them is 1, what is
/// not said counts as unknown; of the rest `true` alone is there, 1 where it holds.
#[test]
fn conditions_are_state_sets() {
    let (own, taken) = own();
    own.push();
    let taken = taken.lock();
    let bodies = taken.iter().filter(|(signal, _)| *signal == Signal::Metrics);
    let requests = bodies.map(|(_, body)| ExportMetricsServiceRequest::decode(body.as_slice()).expect("what we encoded"));
    let metrics = requests.flat_map(|r| r.resource_metrics).flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics);
    let conditions = metrics.filter(|metric| metric.name == "pointsman.view.condition.status").filter_map(|metric| metric.data);
    let mut lines: Vec<String> = conditions
        .flat_map(|data| match data {
            Data::Sum(sum) => sum.data_points,
            other => panic!("an up-down counter is a sum: {other:?}"),
        })
        .map(|point| {
            let of = |key: &str| {
                let found = point.attributes.iter().find(|attribute| attribute.key == key)?;
                match found.value.as_ref()?.value.as_ref()? {
                    Value::StringValue(text) => Some(text.clone()),
                    _ => None,
                }
            };
            let [kind, status] =
                ["pointsman.condition.type", "pointsman.condition.status"].map(|key| of(key).unwrap_or_default());
            let Some(number_data_point::Value::AsInt(value)) = point.value else { panic!("it counts: {point:?}") };
            format!("{kind} {status} {value}")
        })
        .collect();
    lines.sort();
    expect![[r#"
        Accepted false 1
        Accepted true 0
        Accepted unknown 0
        Conflicted true 1
        Expired true 0
        InSync false 0
        InSync true 0
        InSync unknown 1
        LimitExceeded true 0
        Programmed false 0
        Programmed true 0
        Programmed unknown 1
        Protected true 0
        TargetsEmpty true 0"#]]
    .assert_eq(&lines.join("\n"));
}
