use super::{Setting, Stage};
use crate::app::demo::scenario::Scenario;
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use parking_lot::Mutex;
use pointsman_instrument::{Signal, Transport};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

/// Names of metrics by the service that sends them, until the first rollout is over.
async fn sent(scenario: Scenario) -> BTreeMap<String, BTreeSet<String>> {
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
    let mut names = BTreeMap::<_, BTreeSet<_>>::new();
    for (_, body) in taken.lock().drain(..).filter(|(signal, _)| *signal == Signal::Metrics) {
        let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
        for resource in request.resource_metrics {
            let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = attributes.into_iter().find(|attribute| attribute.key == "service.name");
            let service = format!("{:?}", service.and_then(|service| service.value).expect("every sender has a name"));
            let metrics = resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            names.entry(service).or_default().extend(metrics.map(|metric| metric.name));
        }
    }
    names
}

/// Scenario: one whole rollout. Guarantees: daemons send nothing but what only they know, watchers all the rest.
#[tokio::test]
async fn watchers_say_what_daemons_do_not() {
    let names = sent(Scenario::Happy).await;
    assert_eq!(names.len(), 2, "{names:?}");
    for (service, names) in names {
        let says_update_state = names.contains("mcd_update_state");
        assert_eq!(says_update_state, service.contains("machine-config-daemon"), "{service}: {names:?}");
        assert_eq!(says_update_state, !names.contains("mco.pool.machine.count"), "{service}: {names:?}");
    }
}
