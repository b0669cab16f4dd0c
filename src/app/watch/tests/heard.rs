//! A small OTLP receiver: each push that says something new is a line. For tests only.
//! Knows no role.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value::Value as Any},
    metrics::v1::{NumberDataPoint, metric::Data, number_data_point::Value as Number},
};
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
}

impl Heard {
    pub(super) fn hear(&mut self, name: &'static str, began: Instant, body: &[u8]) {
        let request = ExportMetricsServiceRequest::decode(body).expect("our own request");
        let text = self.told(&request);
        let (last, count) = self.last.entry(name).or_default();
        *count += 1;
        if *last != text {
            self.out.push_str(&format!("{}s {name}: {text}\n", secs(began)));
            *last = text;
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
        other => panic!("a text, not {other:?}"),
    }
}

pub(super) fn secs(began: Instant) -> f64 {
    began.elapsed().as_millis() as f64 / 1_000.0
}
