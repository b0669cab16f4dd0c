//! A small language for tests: pushes, views and ticks in, what an exposition would see out.
//!
//! ```text
//! push 10 a                     a request at second 10 from instance `a` (`svc/a` names the service too)
//! counter reqs{k=v} 5 1..9      a point: kind, series, value, start..time; further points follow, one a line
//! views {…}                     the metrics rules of one view, as YAML in one line; empty takes every view away
//! expire 400                    a tick at second 400
//! show, stats                   what is seen, what was counted
//! ```
//! Kinds: gauge, counter, updown, hist, exp, summary, with `+` behind them for delta and `?` for no temporality.
//! A push of which not all was kept prints its tally.

use crate::{
    fault::Source,
    limits,
    model::clock::{Mono, Wall},
    model::point::Number,
    state::{
        counts::Stats,
        store::{Store, StoreConfig},
        stream::Caps,
        visit::{Series, Value},
    },
    view::{
        plan::ViewSet,
        read::{self, Known, Object},
    },
};
use expect_test::Expect;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
        exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
};
use prost::Message;
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// Runs a script against a fresh store and compares everything it said.
#[track_caller]
pub(super) fn check(script: &str, expected: Expect) {
    expected.assert_eq(&Script::default().run(script));
}

/// The same with lower caps.
#[track_caller]
pub(super) fn check_capped(caps: impl FnOnce(&mut Caps, &mut usize), script: &str, expected: Expect) {
    let (mut lower, mut series_max) = (generous(), 1_000);
    caps(&mut lower, &mut series_max);
    expected.assert_eq(&Script::with_caps(lower, series_max).run(script));
}

pub(super) struct Script {
    pub(super) store: Store,
    last_epoch: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self::with_caps(generous(), 1_000)
    }
}

pub(super) fn generous() -> Caps {
    Caps {
        series_per_metric: limits::SERIES_PER_METRIC_MAX,
        series_per_component: limits::SERIES_PER_COMPONENT_MAX,
        tombstones: limits::TOMBSTONES_MAX,
        streams_per_resource: 100,
        resources_per_component: 100,
        components: 100,
    }
}

impl Script {
    pub(super) fn with_caps(caps: Caps, series_max: usize) -> Self {
        let config = StoreConfig { series_max, expire_after: Duration::from_secs(300), seeds: [11, 12] };
        Self { store: Store::with_caps(config, caps), last_epoch: 0 }
    }

    pub(super) fn run(&mut self, script: &str) -> String {
        let mut out = String::new();
        let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).peekable();
        while let Some(line) = lines.next() {
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            match verb {
                "push" => {
                    let mut points = Vec::new();
                    while let Some(point) = lines.next_if(|line| is_point(line)) {
                        points.push(point);
                    }
                    self.push(rest, &points, &mut out);
                }
                "views" => self.store.set_views(Arc::new(views(rest)), Wall(1)),
                "expire" => self.store.expire(Mono::from_secs(rest.parse().unwrap())),
                "show" => self.show(&mut out),
                "stats" => stats(&self.store.stats(), &mut out),
                "suppressed" => self.suppressed(&mut out),
                "components" => self.components(&mut out),
                "epoch" => {
                    let moved = std::mem::replace(&mut self.last_epoch, self.store.epoch()) != self.last_epoch;
                    writeln!(out, "epoch {}", if moved { "moved" } else { "stays" }).unwrap();
                }
                other => panic!("no such step: {other}"),
            }
        }
        out
    }

    fn push(&self, head: &str, points: &[&str], out: &mut String) {
        let (second, who) = head.split_once(' ').unwrap();
        let body = request(who, points).encode_to_vec();
        let now = Mono::from_secs(second.parse().unwrap());
        let tally = self.store.ingest(&body, now, Wall(1)).unwrap();
        assert_eq!(tally.received, points.len() as u64, "every point is counted");
        if tally.rejected.is_empty() && tally.suppressed == 0 && tally.remarks.is_empty() {
            return;
        }
        for (reason, n) in &tally.rejected {
            writeln!(out, "{second}: {n} {}", reason.code()).unwrap();
        }
        if tally.suppressed > 0 {
            writeln!(out, "{second}: {} suppressed", tally.suppressed).unwrap();
        }
        tally.remarks.iter().for_each(|remark| writeln!(out, "{second}: {remark}").unwrap());
    }

    fn show(&self, out: &mut String) {
        let mut lines = Vec::new();
        for stream in self.store.streams() {
            let instance = stream.resource.attributes.iter().find(|a| &*a.key == "service.instance.id").map_or("", |a| &*a.text);
            let name = stream.metric.rename.as_ref().unwrap_or(&stream.metric.instrument.name);
            let mut head = format!("{}/{instance} {name}", stream.resource.component.service);
            if !stream.scope.name.is_empty() {
                write!(head, " [{}]", stream.scope.name).unwrap();
            }
            // Pages of two: where one ends and the next begins is tested all the time.
            let (mut from, mut text, mut n) = (Some(0), String::new(), 0);
            while let Some(at) = from {
                from = self.store.visit(stream.id, at, 2, &mut |series| {
                    n += 1;
                    writeln!(text, "  {}", line(series)).unwrap();
                });
            }
            assert_eq!(n, stream.series, "the stream says how many series it has");
            lines.push(format!("{head}\n{text}"));
        }
        lines.sort();
        out.push_str(&if lines.is_empty() { "nothing\n".to_owned() } else { lines.concat() });
    }

    fn suppressed(&self, out: &mut String) {
        for (rule, n) in self.store.suppressed() {
            writeln!(out, "{}/{}: {n}", rule.view, rule.rule).unwrap();
        }
    }

    fn components(&self, out: &mut String) {
        for c in self.store.components() {
            let (instances, streams, series) = (c.instances, c.streams, c.series);
            writeln!(
                out,
                "{} instances={instances} streams={streams} series={series} received={} suppressed={} at={}",
                c.key,
                c.received,
                c.suppressed,
                c.last_push.0 / 1_000_000_000
            )
            .unwrap();
        }
    }
}

fn is_point(line: &str) -> bool {
    ["gauge", "counter", "updown", "hist", "exp", "summary"].iter().any(|kind| line.starts_with(kind)) && line.contains('{')
}

fn stats(stats: &Stats, out: &mut String) {
    let Stats {
        series,
        streams,
        resources,
        components,
        aliases,
        memory_bytes: _,
        superseded,
        gaps,
        falls,
        retried,
        overflow,
        duplicate_keys,
        limits,
    } = stats;
    let numbers = [
        ("series", series),
        ("streams", streams),
        ("resources", resources),
        ("components", components),
        ("aliases", aliases),
        ("superseded", superseded),
        ("gaps", gaps),
        ("falls", falls),
        ("retried", retried),
        ("overflow", overflow),
        ("duplicate_keys", duplicate_keys),
    ];
    let limits = limits.iter().map(|(limit, n)| (limit.as_str(), n));
    let shown: Vec<String> =
        numbers.into_iter().chain(limits).filter(|(_, n)| **n > 0).map(|(k, n)| format!("{k}={n}")).collect();
    writeln!(out, "stats {}", shown.join(" ")).unwrap();
}

/// One series as text: labels, value, start..time, exemplars.
pub(super) fn line(series: &Series<'_>) -> String {
    let keys = &series.labels.shapes[series.shape as usize];
    assert_eq!(keys.len(), series.entries.len());
    let labels: Vec<String> = keys
        .iter()
        .zip(series.entries)
        .map(|(key, entry)| {
            let entry = &series.labels.entries[*entry as usize];
            assert_eq!(entry.key, *key);
            format!("{}={}", series.labels.keys[*key as usize], entry.text)
        })
        .collect();
    let mut text = format!("{{{}}} {} {}..{}", labels.join(","), value(series.value), series.start, series.time);
    for exemplar in series.exemplars {
        write!(text, " #{}@{}", number(exemplar.value), exemplar.time).unwrap();
    }
    text
}

fn number(number: Number) -> String {
    match number {
        Number::Int(i) => i.to_string(),
        Number::Double(d) => format!("{d:?}"),
    }
}

fn value(value: Value<'_>) -> String {
    match value {
        Value::Number(n) => number(n),
        Value::Histogram(h) => format!("n={} sum={:?} le={:?} {:?}", h.count, h.sum, h.bounds, h.counts),
        Value::Exponential(h) => {
            let side = |b: &crate::model::point::Buckets| format!("{}:{:?}", b.offset, b.counts);
            let zero = if h.zero_threshold > 0.0 {
                format!("{}<{:?}", h.zero_count, h.zero_threshold)
            } else {
                h.zero_count.to_string()
            };
            format!("n={} sum={:?} s={} zero={zero} +{} -{}", h.count, h.sum, h.scale, side(&h.positive), side(&h.negative))
        }
        Value::Summary(s) => format!("n={} sum={:?} {:?}", s.count, s.sum, s.quantiles),
    }
}

/// Rules as YAML in one line, in a view of the default namespace.
pub(super) fn views(rules: &str) -> ViewSet {
    if rules.is_empty() {
        return ViewSet::default();
    }
    let head = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: v}\nspec:\n";
    let source = Arc::new(Source { name: "v.yaml".into(), text: format!("{head}  metrics: [{rules}]\n").into() });
    let reads = read::text(&source, &Known { first_seen: &|_, _| Wall(1), namespace: "default" });
    let views = reads.into_iter().map(|read| match read.object {
        Some(Object::View(view)) => view,
        _ => panic!("a bad view in a test: {:?}", read.faults),
    });
    ViewSet::compile(views.collect(), Vec::new())
}

/// A request of one resource and scope, each point in a metric of its own unless the line before has the same name.
pub(super) fn request(who: &str, points: &[&str]) -> ExportMetricsServiceRequest {
    let (service, instance) = who.split_once('/').unwrap_or(("svc", who));
    let (instance, scope) = instance.split_once('@').unwrap_or((instance, ""));
    let mut metrics: Vec<Metric> = Vec::new();
    for line in points {
        let metric = metric(line);
        let joined = metrics.last_mut().is_some_and(|last| last.name == metric.name && join(last, &metric));
        if !joined {
            metrics.push(metric);
        }
    }
    let attributes = vec![pair("service.instance.id", instance), pair("service.name", service)];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope { name: scope.to_owned(), ..InstrumentationScope::default() }),
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

fn join(last: &mut Metric, next: &Metric) -> bool {
    match (&mut last.data, &next.data) {
        (Some(Data::Gauge(a)), Some(Data::Gauge(b))) => a.data_points.extend(b.data_points.clone()),
        (Some(Data::Sum(a)), Some(Data::Sum(b)))
            if a.is_monotonic == b.is_monotonic && a.aggregation_temporality == b.aggregation_temporality =>
        {
            a.data_points.extend(b.data_points.clone());
        }
        (Some(Data::Histogram(a)), Some(Data::Histogram(b))) if a.aggregation_temporality == b.aggregation_temporality => {
            a.data_points.extend(b.data_points.clone());
        }
        _ => return false,
    }
    true
}

fn pair(key: &str, text: &str) -> KeyValue {
    let value = match text.parse::<i64>() {
        Ok(i) => any_value::Value::IntValue(i),
        Err(_) => any_value::Value::StringValue(text.to_owned()),
    };
    let value = if text == "true" { any_value::Value::BoolValue(true) } else { value };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// `kind name{k=v} value… start..time [stale] [#exemplar@time]`
fn metric(line: &str) -> Metric {
    let (kind, rest) = line.split_once(' ').unwrap();
    let (name, rest) = rest.split_once('{').unwrap();
    let (labels, rest) = rest.split_once('}').unwrap();
    let attributes: Vec<KeyValue> = labels.split(',').filter_map(|l| l.split_once('=')).map(|(k, v)| pair(k, v)).collect();
    let words: Vec<&str> = rest.split_whitespace().collect();
    let times = words.iter().find_map(|w| w.split_once("..")).unwrap_or(("0", "0"));
    let (start_time_unix_nano, time_unix_nano) = (times.0.parse().unwrap(), times.1.parse().unwrap());
    let flags = u32::from(words.contains(&"stale"));
    let exemplars: Vec<Exemplar> = words.iter().filter_map(|w| w.strip_prefix('#')).map(exemplar).collect();
    let temporality = if kind.ends_with('+') {
        1
    } else if kind.ends_with('?') {
        0
    } else {
        2
    };
    let word = |key: &str| words.iter().find_map(|w| w.strip_prefix(key));
    let kind = kind.trim_end_matches(['+', '?']);
    let data = match kind {
        "gauge" | "counter" | "updown" => {
            let value = words.first().filter(|w| !w.contains("..") && **w != "stale").map(|w| match w.parse::<i64>() {
                Ok(i) => number_data_point::Value::AsInt(i),
                Err(_) => number_data_point::Value::AsDouble(w.parse().unwrap()),
            });
            let point = NumberDataPoint { attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value };
            let data_points = vec![point];
            match kind {
                "gauge" => Data::Gauge(Gauge { data_points }),
                _ => Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic: kind == "counter" }),
            }
        }
        "hist" => {
            let bucket_counts: Vec<u64> = list(word("c=").unwrap_or_default());
            let count = word("n=").map_or_else(|| bucket_counts.iter().sum(), |n| n.parse().unwrap());
            let point = HistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                exemplars,
                flags,
                count,
                bucket_counts,
                sum: word("sum=").map(|s| s.parse().unwrap()),
                explicit_bounds: list(word("le=").unwrap_or_default()),
                ..HistogramDataPoint::default()
            };
            Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality: temporality })
        }
        "exp" => {
            let side = |text: Option<&str>| {
                text.map(|t| {
                    let (offset, counts) = t.split_once(':').unwrap();
                    Buckets { offset: offset.parse().unwrap(), bucket_counts: list(counts) }
                })
            };
            let (positive, negative) = (side(word("p=")), side(word("m=")));
            let zero_count = word("zero=").map_or(0, |z| z.parse().unwrap());
            let total: u64 = positive.iter().chain(&negative).flat_map(|b| &b.bucket_counts).sum::<u64>() + zero_count;
            let point = ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                exemplars,
                flags,
                positive,
                negative,
                zero_count,
                count: word("n=").map_or(total, |n| n.parse().unwrap()),
                sum: word("sum=").map(|s| s.parse().unwrap()),
                scale: word("s=").map_or(0, |s| s.parse().unwrap()),
                zero_threshold: word("z=").map_or(0.0, |z| z.parse().unwrap()),
                ..ExponentialHistogramDataPoint::default()
            };
            Data::ExponentialHistogram(ExponentialHistogram { data_points: vec![point], aggregation_temporality: temporality })
        }
        "summary" => {
            let pair = |w: &str| {
                w.split_once('=').map(|(q, v)| ValueAtQuantile { quantile: q.parse().unwrap(), value: v.parse().unwrap() })
            };
            let quantile_values = words.iter().filter_map(|w| w.strip_prefix('q')).filter_map(pair).collect();
            let (count, sum) = (word("n=").map_or(0, |n| n.parse().unwrap()), word("sum=").map_or(0.0, |s| s.parse().unwrap()));
            Data::Summary(Summary {
                data_points: vec![SummaryDataPoint {
                    attributes,
                    start_time_unix_nano,
                    time_unix_nano,
                    count,
                    sum,
                    quantile_values,
                    flags,
                }],
            })
        }
        other => panic!("no such kind: {other}"),
    };
    Metric { name: name.to_owned(), data: Some(data), ..Metric::default() }
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(',').filter(|item| !item.is_empty()).map(|item| item.parse().unwrap()).collect()
}

fn exemplar(text: &str) -> Exemplar {
    let (value, time) = text.split_once('@').unwrap();
    Exemplar {
        time_unix_nano: time.parse().unwrap(),
        value: Some(exemplar::Value::AsDouble(value.parse().unwrap())),
        ..Exemplar::default()
    }
}
