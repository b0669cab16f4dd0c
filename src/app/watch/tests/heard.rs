//! A small OTLP receiver: each push that says something new is a line. For tests only.
//! Knows no role.

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value as Any},
    metrics::v1::{NumberDataPoint, metric::Data, number_data_point::Value as Number},
};
use pointsman_instrument::{Metric, semconv::pointsman::InstrumentSize};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// What the receiver heard.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) out: String,
    /// By replica: what it said last, and how often since somebody asked.
    pub(super) last: BTreeMap<&'static str, (String, usize)>,
    /// Who sent spans.
    pub(super) traced: BTreeSet<&'static str>,
    /// Shows who speaks, too.
    pub(super) shows_resource: bool,
    /// Shows how watches fare, in place of what roles say.
    pub(super) shows_health: bool,
    /// What was last said of watches, as samples.
    pub(super) samples: String,
    /// Every span, in words.
    pub(super) spans: String,
}

impl Heard {
    pub(super) fn hear(&mut self, name: &'static str, began: Instant, body: &[u8]) {
        let request = ExportMetricsServiceRequest::decode(body).expect("our own request");
        let text = self.told(&request);
        self.samples = samples(&request);
        let (last, count) = self.last.entry(name).or_default();
        *count += 1;
        if *last != text {
            self.out.push_str(&format!("{}s {name}: {text}\n", secs(began)));
            *last = text;
        }
    }

    pub(super) fn trace(&mut self, name: &'static str, body: &[u8]) {
        self.traced.insert(name);
        let request = ExportTraceServiceRequest::decode(body).expect("our own request");
        for scope in request.resource_spans.iter().flat_map(|of| &of.scope_spans) {
            let of = scope.scope.as_ref().map_or("", |scope| scope.name.as_str());
            for span in &scope.spans {
                let attributes: Vec<String> = span.attributes.iter().map(attribute).collect();
                self.spans.push_str(&format!("{} ({of}) {}\n", span.name, attributes.join(" ")));
            }
        }
    }

    fn told(&self, request: &ExportMetricsServiceRequest) -> String {
        let resource = request.resource_metrics.iter().filter_map(|of| of.resource.as_ref());
        let mut parts: Vec<String> = if self.shows_resource {
            resource.flat_map(|resource| &resource.attributes).map(attribute).collect()
        } else {
            Vec::new()
        };
        let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
        let mut points: Vec<String> = metrics
            .filter(|metric| metric.name.starts_with(if self.shows_health { "pointsman.watch." } else { "mco." }))
            .flat_map(|metric| {
                let name = metric.name.strip_prefix("pointsman.watch.").map(|name| format!("{name}:")).unwrap_or_default();
                let points = match &metric.data {
                    Some(Data::Sum(sum)) => &sum.data_points,
                    Some(Data::Gauge(gauge)) => &gauge.data_points,
                    other => panic!("no role of ours says {other:?}"),
                };
                points.iter().map(|one| format!("{name}{}", point(one))).collect::<Vec<_>>()
            })
            .collect();
        points.retain(|text| !self.shows_health || !text.ends_with("=0"));
        points.sort();
        parts.extend(points);
        parts.join(" ")
    }
}

/// What a request says of watches, sorted: labels as Prometheus has them.
fn samples(request: &ExportMetricsServiceRequest) -> String {
    let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
    let mut lines = Vec::new();
    for metric in metrics.filter(|metric| metric.name.starts_with("pointsman.")) {
        let points = match &metric.data {
            Some(Data::Sum(sum)) => &sum.data_points,
            Some(Data::Gauge(gauge)) => &gauge.data_points,
            other => panic!("no watch says {other:?}"),
        };
        for one in points {
            let label = |of: &KeyValue| format!("{}={:?}", of.key.replace('.', "_"), text(of));
            let labels: Vec<String> = one.attributes.iter().map(label).collect();
            let value = match one.value {
                // Bytes say more of the names than of us.
                Some(_) if metric.name == InstrumentSize::META.name => "any".to_owned(),
                Some(Number::AsInt(value)) => value.to_string(),
                Some(Number::AsDouble(value)) => format!("{value:.0}"),
                None => continue,
            };
            lines.push(format!("{}{{{}}} {value}\n", metric.name, labels.join(",")));
        }
    }
    lines.sort();
    lines.concat()
}

fn point(point: &NumberDataPoint) -> String {
    let names: Vec<String> = point.attributes.iter().map(text).collect();
    match point.value {
        Some(Number::AsInt(value)) => format!("{}={value}", names.join(",")),
        None => format!("{} ends", names.join(",")),
        Some(Number::AsDouble(value)) => format!("{}={value:.0}", names.join(",")),
    }
}

fn attribute(attribute: &KeyValue) -> String {
    format!("{}={}", attribute.key, text(attribute))
}

fn text(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("a text, not {other:?}"),
    }
}

pub(super) fn secs(began: Instant) -> f64 {
    began.elapsed().as_millis() as f64 / 1_000.0
}
