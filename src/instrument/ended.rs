//! Sets of attributes that state named before and does not name any more: cumulative pushes cannot show that a series
//! ended, so each gets a point without a value (`NoRecordedValue`) until a push arrived. Knows OTLP messages only.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::KeyValue,
    metrics::v1::{DataPointFlags, Metric, NumberDataPoint, ScopeMetrics, metric::Data},
};
use prost::Message;
use std::collections::BTreeMap;

/// Ended sets that wait for a push to arrive; more are forgotten, and end when their sender does.
const ENDED_MAX: usize = 10_000;

/// (scope, metric)
type Key = (String, String);
/// Attributes, encoded in the order of their keys, with the set itself.
type Sets = BTreeMap<Vec<u8>, Vec<KeyValue>>;

/// What was named at the last collection, and what has ended since a push arrived.
#[derive(Default)]
pub(crate) struct Ended {
    last: BTreeMap<Key, (Metric, Sets)>,
    ended: BTreeMap<Key, (Metric, Sets)>,
}

impl Ended {
    /// Adds a point without a value for every set that ended.
    pub(crate) fn mark(&mut self, request: &mut ExportMetricsServiceRequest) {
        let mut now = BTreeMap::new();
        let mut time = 0;
        for scope in request.resource_metrics.iter_mut().flat_map(|r| &mut r.scope_metrics) {
            let name = scope.scope.as_ref().map_or("", |s| s.name.as_str()).to_owned();
            for metric in &mut scope.metrics {
                let key = (name.clone(), metric.name.clone());
                let head = head(metric);
                if let Some(points) = points(metric) {
                    time = points.iter().map(|p| p.time_unix_nano).max().unwrap_or(0).max(time);
                    let sets = points.iter().map(|p| (encoded(&p.attributes), p.attributes.clone())).collect();
                    now.insert(key, (head, sets));
                }
            }
        }
        self.compare(&now);
        self.last = now;
        for (key, (head, sets)) in &self.ended {
            add(request, key, head, sets, time);
        }
    }

    /// A push arrived: the receiver knows what ended.
    pub(crate) fn arrived(&mut self) {
        self.ended.clear();
    }

    /// Moves what is gone to `ended`, and takes back from there what came again.
    fn compare(&mut self, now: &BTreeMap<Key, (Metric, Sets)>) {
        let mut held: usize = self.ended.values().map(|(_, sets)| sets.len()).sum();
        for (key, (head, before)) in &self.last {
            let gone = before.iter().filter(|(set, _)| now.get(key).is_none_or(|(_, sets)| !sets.contains_key(*set)));
            for (set, attributes) in gone.take(ENDED_MAX.saturating_sub(held)) {
                held += 1;
                let (_, ended) = self.ended.entry(key.clone()).or_insert_with(|| (head.clone(), Sets::new()));
                ended.insert(set.clone(), attributes.clone());
            }
        }
        for (key, (_, ended)) in &mut self.ended {
            if let Some((_, sets)) = now.get(key) {
                ended.retain(|set, _| !sets.contains_key(set));
            }
        }
    }
}

fn encoded(attributes: &[KeyValue]) -> Vec<u8> {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.into_iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

/// The metric without its points.
fn head(metric: &Metric) -> Metric {
    let data = metric.data.as_ref().and_then(|data| match data {
        Data::Gauge(_) => Some(Data::Gauge(Default::default())),
        Data::Sum(sum) => {
            let mut sum = sum.clone();
            sum.data_points.clear();
            Some(Data::Sum(sum))
        }
        // Recorded where things happen, never read from state: their sets do not end.
        Data::Histogram(_) | Data::ExponentialHistogram(_) | Data::Summary(_) => None,
    });
    Metric {
        data,
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        description: metric.description.clone(),
        ..Metric::default()
    }
}

fn points(metric: &mut Metric) -> Option<&mut Vec<NumberDataPoint>> {
    match metric.data.as_mut()? {
        Data::Gauge(gauge) => Some(&mut gauge.data_points),
        Data::Sum(sum) => Some(&mut sum.data_points),
        Data::Histogram(_) | Data::ExponentialHistogram(_) | Data::Summary(_) => None,
    }
}

fn add(request: &mut ExportMetricsServiceRequest, (scope, name): &Key, head: &Metric, sets: &Sets, time: u64) {
    let scopes: Option<&mut Vec<ScopeMetrics>> = request.resource_metrics.first_mut().map(|r| &mut r.scope_metrics);
    let same = |s: &&mut ScopeMetrics| s.scope.as_ref().is_some_and(|s| s.name == *scope);
    let Some(metrics) = scopes.and_then(|scopes| scopes.iter_mut().find(same)).map(|s| &mut s.metrics) else { return };
    if !metrics.iter().any(|m| m.name == *name) {
        metrics.push(head.clone());
    }
    let Some(points) = metrics.iter_mut().find(|m| m.name == *name).and_then(points) else { return };
    points.extend(sets.values().map(|attributes| NumberDataPoint {
        attributes: attributes.clone(),
        time_unix_nano: time,
        flags: DataPointFlags::NoRecordedValueMask as u32,
        ..NumberDataPoint::default()
    }));
}
