//! A small language for tests: pushes, views and ticks in, what an exposition would see out.
//!
//! ```text
//! push 10 a                     a request at second 10 from instance `a` (`svc/a` names the service too, `a+p` the pod)
//! counter reqs{k=v} 5 1..9      a point: kind, series, value, start..time; further points follow, one a line
//! views {…}                     the metrics rules of one view, as YAML in one line; empty takes every view away
//! expire 400                    a tick at second 400
//! workloads p=Deployment/api …  who owns which pod; empty takes the table away
//! show, stats, observe          what is seen, what was counted, what status reads
//! distinct c keep a,b           sets of `c` that are left (or `drop`); attributes c: what each costs
//! ```
//! Kinds: gauge, counter, updown, hist, exp, summary, with `+` behind them for delta and `?` for no temporality.
//! A push of which not all was kept prints its tally.

use super::points::request;
use crate::{
    fault::Source,
    limits,
    model::{
        clock::{Mono, Wall},
        component::Workload,
        point::Number,
        workloads::Workloads,
    },
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
                "workloads" => self.store.set_workloads(Arc::new(workloads(rest))),
                "observe" => super::looks::observe(&self.store, &mut out),
                "distinct" => super::looks::distinct(&self.store, rest, &mut out),
                "attributes" => super::looks::attributes(&self.store, rest, &mut out),
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
            let entry = series.labels.entry(*entry).unwrap();
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

/// Pods and their owners, as `pod=Kind/name`, apart by blanks.
fn workloads(pods: &str) -> Workloads {
    let owner = |pod: &str| {
        let (uid, owner) = pod.split_once('=').unwrap();
        let (kind, name) = owner.split_once('/').unwrap();
        (uid.into(), Arc::new(Workload { kind: kind.into(), name: name.into() }))
    };
    Workloads { by_uid: pods.split_whitespace().map(owner).collect(), ..Workloads::default() }
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
