//! The steps: each does its work so many times and ends. What comes before the work costs the same however often.
//! Knows no instruction count.

use crate::requests::{self, ITEMS, METRICS, Request};
use anyhow::{Context, ensure};
use pointsman_core::{
    decode::{
        MetricsSink, RawExponential, RawHistogram, RawMetric, RawNumber, RawResource, RawScope, RawSummary, Visit, json, metrics,
    },
    expose::{
        ExposeOptions,
        negotiate::{Format, Negotiated},
        scrape::Exposition,
    },
    fault::Source,
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::{Instrument, Kind},
        workloads::Workloads,
    },
    state::store::{Store, StoreConfig},
    traces::{
        decide::{Judge, filter},
        kept::KeptTraces,
    },
    view::{
        plan::{Plan, ViewSet},
        read::{Known, Object, text},
    },
};
use std::{hint::black_box, sync::Arc, time::Duration};

/// One step of the hot path.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// Units of one turn.
    pub(crate) units: usize,
    /// Turns of the shorter of the two runs that are compared.
    pub(crate) turns: usize,
    pub(crate) run: fn(usize),
}

const fn step(name: &'static str, unit: &'static str, units: usize, turns: usize, run: fn(usize)) -> Step {
    Step { name, unit, units, turns, run }
}

/// Every step that has a budget.
pub(crate) const STEPS: &[Step] = &[
    step("walk", "point", ITEMS, 10, walk),
    step("update", "point", ITEMS, 10, |turns| update(turns, 1, None)),
    step("update-shuffled", "point", ITEMS, 12, |turns| update(turns, 4, None)),
    step("update-1000-rules", "point", ITEMS, 10, |turns| update(turns, 1, Some("other.*"))),
    step("update-disabled", "point", ITEMS, 40, |turns| update(turns, 1, Some("bench.*"))),
    step("switch", "change", 1, 4, switch),
    step("new-series", "series", ITEMS, 4, new_series),
    step("render-text", "series", SHOWN, 1, |turns| render(turns, Format::Text004)),
    step("render-openmetrics", "series", SHOWN, 1, |turns| render(turns, Format::OpenMetrics)),
    step("render-protobuf", "series", SHOWN, 1, |turns| render(turns, Format::Protobuf)),
    step("decide-1000-rules", "decision", METRICS, 10, decide),
    step("json", "point", ITEMS, 1, from_json),
    step("span", "span", ITEMS, 4, forward),
];

/// Series that a scrape of the steps shows.
const SHOWN: usize = 10 * ITEMS;
const NOW: Wall = Wall::from_secs(1_767_261_600);

fn walk(turns: usize) {
    let mut request = Request::in_order(0, 0);
    let mut points = 0;
    for turn in 0..turns {
        let body = request.at(turn);
        metrics::check(body).expect("the request is sound");
        metrics::walk(body, &mut Points(&mut points));
    }
    assert_eq!(points, turns * ITEMS);
}

/// Counts points.
struct Points<'a>(&'a mut usize);

impl MetricsSink for Points<'_> {
    fn resource(&mut self, _: &RawResource<'_>) {}
    fn scope(&mut self, _: &RawScope<'_>) {}
    fn metric(&mut self, _: &RawMetric<'_>) -> Visit {
        Visit::Points
    }
    fn number(&mut self, point: &RawNumber<'_>) {
        *self.0 += usize::from(!black_box(point).attributes.is_empty());
    }
    fn histogram(&mut self, _: &RawHistogram<'_>) {}
    fn exponential(&mut self, _: &RawExponential<'_>) {}
    fn summary(&mut self, _: &RawSummary<'_>) {}
}

/// Known series, their points in so many orders; with views that name these instruments and others.
fn update(turns: usize, orders: usize, off: Option<&str>) {
    let store = store();
    if let Some(pattern) = off {
        store.set_views(Arc::new(views(pattern)), NOW);
    }
    let mut requests: Vec<Request> = (0..orders).map(|order| Request::in_order(0, order)).collect();
    for turn in 0..turns + orders {
        let request = &mut requests[turn % orders];
        take(&store, request.at(turn), off != Some("bench.*"));
    }
}

/// A metric of every instance goes off and comes back, its views among 1,000 rules.
fn switch(turns: usize) {
    let store = store();
    (0..SHOWN / ITEMS).for_each(|instance| take(&store, Request::in_order(instance, 0).at(0), true));
    let views = ["bench.*", "other.*"].map(|pattern| Arc::new(views(pattern)));
    (0..turns).for_each(|turn| store.set_views(Arc::clone(&views[turn % 2]), NOW));
    assert_eq!(store.streams().len(), 0, "what is off holds nothing, and comes back with the next push");
}

fn new_series(turns: usize) {
    let store = store();
    let mut request = Request::in_order(0, 0);
    (0..turns + 1).for_each(|turn| take(&store, request.anew(turn), true));
    assert_eq!(store.stats().series, ((turns + 1) * ITEMS) as u64);
}

/// Bytes of the resident set, and of the store's own account, that each of 1,000,000 series adds.
pub(crate) fn memory() -> anyhow::Result<[u64; 2]> {
    const INSTANCES: usize = 1_000;
    let (store, before) = (store(), resident()?);
    for instance in 0..INSTANCES {
        take(&store, Request::in_order(instance, 0).anew(instance), true);
    }
    let (stats, after) = (store.stats(), resident()?);
    ensure!(stats.series == (INSTANCES * ITEMS) as u64, "{} series", stats.series);
    Ok([after.saturating_sub(before), stats.memory_bytes].map(|bytes| bytes / stats.series))
}

fn resident() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status").context("read what this process holds")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells no VmRSS")?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}

fn render(turns: usize, format: Format) {
    let store = Arc::new(store());
    (0..SHOWN / ITEMS).for_each(|instance| take(&store, Request::in_order(instance, 0).at(0), true));
    let exposition = Exposition::new(store, ExposeOptions::default());
    let mut chunk = Vec::new();
    for _ in 0..turns + 1 {
        let mut scrape = exposition.scrape(Negotiated { format, ..Negotiated::default() }, &[]);
        while scrape.next_chunk(&mut chunk) {
            black_box(&chunk);
            chunk.clear();
        }
        assert_eq!(scrape.stats().series, SHOWN as u64);
    }
}

fn decide(turns: usize) {
    let plan = views("bench.*").plan(&component(), NOW);
    for turn in 0..turns {
        for at in 0..METRICS {
            let name = format!("area{}.metric{turn}.{at}", at % 2).into();
            black_box(plan.decide(&Instrument { scope: "bench.scope".into(), name, kind: Kind::Counter, unit: "By".into() }));
        }
    }
}

fn from_json(turns: usize) {
    let body = requests::json();
    for _ in 0..turns {
        let protobuf = json::metrics_to_protobuf(black_box(body.as_bytes())).expect("the request is sound");
        assert!(protobuf.len() > 100 * ITEMS);
    }
}

fn forward(turns: usize) {
    let (body, plan) = (requests::spans(), Arc::new(Plan::default()));
    let (workloads, kept) = (Workloads::default(), KeptTraces::default());
    for _ in 0..turns {
        let judge = Judge { plan_of: &|_| Arc::clone(&plan), workloads: &workloads, kept: &kept, now: Mono(1), speaker: None };
        let filtered = filter(black_box(&body), judge, &mut |_| {}).expect("the request is sound");
        assert_eq!(filtered.tally.received, ITEMS as u64);
        assert!(!filtered.batches.is_empty());
    }
}

fn store() -> Store {
    Store::new(StoreConfig { series_max: 2_000_000, expire_after: Duration::from_secs(300), seeds: [1, 2] })
}

fn take(store: &Store, body: &[u8], is_on: bool) {
    let tally = store.ingest(black_box(body), Mono::from_secs(1), NOW).expect("the request is sound");
    assert_eq!((tally.received, tally.suppressed), (ITEMS as u64, if is_on { 0 } else { ITEMS as u64 }));
}

fn component() -> ComponentKey {
    ComponentKey { namespace: "bench".into(), workload: None, service: "bench-sender".into() }
}

/// 1,000 rules in 20 views that reach the component; the last one turns off what `pattern` names.
fn views(pattern: &str) -> ViewSet {
    let mut views = Vec::new();
    for view in 0..20 {
        let mut yaml = format!(
            "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v{view}, namespace: bench}}\nspec:\n  reason: bench\n  metrics:\n"
        );
        for rule in 0..50 {
            let named = match rule % 3 {
                0 => format!("area{}.*", view % 5),
                1 => format!("area{}.m?tric{rule}.*", view % 5),
                _ => format!("area{}.metric{rule}.v{view}", view % 5),
            };
            let named = if (view, rule) == (19, 49) { pattern } else { &named };
            let state = if (view, rule) == (19, 49) || rule % 2 == 1 { "Disabled" } else { "Enabled" };
            yaml += &format!("  - {{name: r{rule}, match: {{instruments: [\"{named}\"]}}, state: {state}}}\n");
        }
        let source = Arc::new(Source { name: "bench".into(), text: yaml.into() });
        for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
            match read.object {
                Some(Object::View(view)) => views.push(view),
                _ => panic!("{:?}", read.faults),
            }
        }
    }
    ViewSet::compile(views, Vec::new())
}
