//! What a case of `tests/data/view` pushes, as OTLP, and what a scrape shows then, without the labels that say who sent it.
//! Shared with `tests/it/view.rs`; knows neither the engine nor the process.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
        Sum, metric, number_data_point,
    },
    resource::v1::Resource,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One case.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Case {
    /// The moment.
    #[serde(default = "ten")]
    pub(crate) at: String,
    /// When the views were first seen, if not then.
    pub(crate) seen: Option<String>,
    #[serde(default)]
    pub(crate) push: Vec<Push>,
    #[serde(default)]
    pub(crate) spans: Vec<Span>,
    /// The samples of a scrape.
    pub(crate) scrape: Option<Vec<String>>,
    /// What a cluster knows beside the views.
    #[serde(default)]
    pub(crate) cluster: Cluster,
    /// Why a real process cannot run it.
    pub(crate) engine_only: Option<String>,
}

/// What only a cluster knows.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    /// The labels of namespaces.
    #[serde(default)]
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) readers: Vec<Reader>,
    /// Namespaces whose readers protect everywhere.
    #[serde(default)]
    pub(crate) protecting: Vec<String>,
}

/// An alert that reads one metric.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reader {
    #[serde(default = "default_namespace")]
    pub(crate) namespace: String,
    pub(crate) alert: String,
    pub(crate) metric: String,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    /// When it came; if not told, it was always there.
    pub(crate) since: Option<String>,
}

/// One point.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    #[serde(default = "default_namespace")]
    pub(crate) namespace: String,
    #[serde(default = "checkout")]
    pub(crate) service: String,
    pub(crate) workload: Option<Owner>,
    #[serde(default)]
    pub(crate) scope: String,
    pub(crate) metric: String,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) unit: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    value: i64,
    #[serde(default)]
    bounds: Vec<f64>,
    #[serde(default)]
    counts: Vec<u64>,
    #[serde(default)]
    sum: f64,
}

/// The workload of a sender.
#[derive(Deserialize)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// One span.
#[derive(Deserialize)]
pub(crate) struct Span {
    pub(crate) scope: String,
    pub(crate) name: String,
}

fn ten() -> String {
    "2026-01-01T10:00:00Z".into()
}
fn default_namespace() -> String {
    "default".into()
}
fn checkout() -> String {
    "checkout".into()
}

/// Everything the case pushes, in one request, as of a moment.
pub(crate) fn request(case: &Case, nanos: u64) -> ExportMetricsServiceRequest {
    let mut resource_metrics: Vec<ResourceMetrics> = Vec::new();
    for push in &case.push {
        let resource = Some(resource(push));
        let at = match resource_metrics.iter().position(|known| known.resource == resource) {
            Some(at) => at,
            None => {
                resource_metrics.push(ResourceMetrics { resource, ..ResourceMetrics::default() });
                resource_metrics.len() - 1
            }
        };
        add(&mut resource_metrics[at].scope_metrics, push, nanos);
    }
    ExportMetricsServiceRequest { resource_metrics }
}

fn add(scopes: &mut Vec<ScopeMetrics>, push: &Push, nanos: u64) {
    let scope = Some(InstrumentationScope { name: push.scope.clone(), ..InstrumentationScope::default() });
    let at = match scopes.iter().position(|known| known.scope == scope) {
        Some(at) => at,
        None => {
            scopes.push(ScopeMetrics { scope, ..ScopeMetrics::default() });
            scopes.len() - 1
        }
    };
    let metrics = &mut scopes[at].metrics;
    let mut metric = metric(push, nanos);
    // Points of one instrument travel in one metric: a limit counts them together.
    let known = metrics.iter_mut().find(|known| known.name == push.metric);
    match (known.and_then(|known| known.data.as_mut()), metric.data.take()) {
        (Some(metric::Data::Gauge(known)), Some(metric::Data::Gauge(new))) => known.data_points.extend(new.data_points),
        (Some(metric::Data::Sum(known)), Some(metric::Data::Sum(new))) => known.data_points.extend(new.data_points),
        (Some(metric::Data::Histogram(known)), Some(metric::Data::Histogram(new))) => known.data_points.extend(new.data_points),
        (_, data) => metrics.push(Metric { data, ..metric }),
    }
}

fn resource(push: &Push) -> Resource {
    // Two services of one name are told apart by their instance: namespaces are no labels of their own.
    let instance = format!("{}-{}", push.namespace, push.service);
    let mut attributes =
        vec![("k8s.namespace.name", &push.namespace), ("service.name", &push.service), ("service.instance.id", &instance)];
    let key = push.workload.as_ref().map(|owner| format!("k8s.{}.name", owner.kind.to_lowercase())).unwrap_or_default();
    attributes.extend(push.workload.as_ref().map(|owner| (&*key, &owner.name)));
    Resource { attributes: attributes.into_iter().map(|(k, v)| key_value(k, v)).collect(), ..Resource::default() }
}

fn key_value(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

fn metric(push: &Push, nanos: u64) -> Metric {
    let attributes: Vec<KeyValue> = push.attributes.iter().map(|(k, v)| key_value(k, v)).collect();
    let start = nanos - 1_000_000_000;
    let number = || {
        let value = Some(number_data_point::Value::AsInt(push.value));
        let attributes = attributes.clone();
        vec![NumberDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: nanos,
            value,
            ..NumberDataPoint::default()
        }]
    };
    let cumulative = AggregationTemporality::Cumulative as i32;
    let data = match &*push.kind {
        "Gauge" => metric::Data::Gauge(Gauge { data_points: number() }),
        "Counter" | "UpDownCounter" => metric::Data::Sum(Sum {
            data_points: number(),
            aggregation_temporality: cumulative,
            is_monotonic: push.kind == "Counter",
        }),
        "Histogram" => metric::Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                attributes,
                start_time_unix_nano: start,
                time_unix_nano: nanos,
                count: push.counts.iter().sum(),
                sum: Some(push.sum),
                bucket_counts: push.counts.clone(),
                explicit_bounds: push.bounds.clone(),
                ..HistogramDataPoint::default()
            }],
            aggregation_temporality: cumulative,
        }),
        other => panic!("a {other} is not pushed by cases"),
    };
    Metric { name: push.metric.clone(), unit: push.unit.clone(), data: Some(data), ..Metric::default() }
}

/// The samples of a plain scrape that a case pushed, without the labels that say who sent them, their labels sorted.
pub(crate) fn samples(scrape: &str) -> BTreeSet<String> {
    scrape
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|line| !line.starts_with("target_info") && !line.contains("job=\"pointsman\""))
        .map(sample)
        .collect()
}

fn sample(line: &str) -> String {
    let (head, value) = line.rsplit_once(' ').expect("a sample has a value");
    let (name, labels) = head.split_once('{').unwrap_or((head, ""));
    // No label of a case has a comma or a quote in its value.
    let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').filter(|label| is_of_the_case(label)).collect();
    labels.sort_unstable();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    format!("{name}{labels} {value}")
}

fn is_of_the_case(label: &str) -> bool {
    let ours = ["job=", "instance=", "otel_scope_"];
    !label.is_empty() && !ours.iter().any(|prefix| label.starts_with(prefix))
}
