//! For tests: what was pushed over a transport that goes nowhere, as metrics by name and spans of rollouts.
//! Knows OTLP; not who sends it.

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
};

/// Requests that were pushed.
type Pushed = Arc<Mutex<Vec<(Signal, bytes::Bytes)>>>;

/// A transport, and what will have been pushed over it.
pub(super) fn ear() -> (Transport, Pushed) {
    let pushed = Pushed::default();
    let sink = pushed.clone();
    (Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body)))), pushed)
}

/// What was pushed.
#[derive(Default)]
pub(super) struct Heard {
    metrics: Vec<ResourceMetrics>,
    /// Those of rollouts.
    pub(super) spans: Vec<Span>,
}

impl Heard {
    pub(super) fn of(pushed: &Pushed) -> Self {
        let mut heard = Self::default();
        for (signal, body) in pushed.lock().drain(..) {
            if signal == Signal::Metrics {
                heard.metrics.extend(ExportMetricsServiceRequest::decode(body).expect("what we encoded").resource_metrics);
            } else {
                let request = ExportTraceServiceRequest::decode(body).expect("what we encoded");
                let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
                let rollouts = scopes.filter(|scope| scope.scope.as_ref().is_some_and(|scope| scope.name == "mco.rollout"));
                heard.spans.extend(rollouts.flat_map(|scope| scope.spans));
            }
        }
        heard
    }

    /// Names of metrics by the service that sends them.
    pub(super) fn names(&self) -> BTreeMap<String, BTreeSet<String>> {
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
    pub(super) fn last(&self, name: &str, keys: &[&str]) -> BTreeMap<String, u64> {
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

pub(super) fn text<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>, key: &str) -> String {
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
