//! Both ends in one process: a sender with a clock that the test turns, and the store that it pushes to. A plan reaches the
//! sender as a controller would send it, and the views that it stands for reach the store.

use super::{
    kinds::{Instrument, Kind, Set},
    model::{Model, Samples},
    table::{Shape, Step},
};
use bytes::Bytes;
use pointsman_core::{
    expose::{ExposeOptions, negotiate::negotiate, scrape::Scrape},
    fault::Source,
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
    view::{
        plan::ViewSet,
        read::{self, Known, Object},
        time,
    },
};
use pointsman_instrument::{Identity, Telemetry, opamp::plan::Plan, telemetry::PlanSource};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// When every row begins, in seconds since 1970.
pub(super) const BEGIN: u64 = 1_700_000_000;
/// After this long in silence the store ends what it holds.
pub(super) const EXPIRE_AFTER: u64 = 300;
/// How often a sender pushes when a step lets time pass.
pub(super) const MINUTE: u64 = 60;
/// Nanoseconds of a second.
pub(super) const SECOND: u64 = 1_000_000_000;

/// Both ends, and the model of what should show.
pub(super) struct Rig {
    kind: Kind,
    clock: Arc<AtomicU64>,
    /// Seconds by which the wall clock went back.
    back: u64,
    telemetry: Arc<Telemetry>,
    instrument: Instrument,
    store: Arc<Store>,
    views: Arc<ViewSet>,
    plan: Option<Arc<Plan>>,
    plans: u64,
    /// What the views decide once those that expire have.
    left: Shape,
    model: Model,
    /// How often series showed, and how often none did.
    pub(super) looks: [usize; 2],
}

impl Rig {
    pub(super) fn new(kind: Kind) -> Self {
        let clock = Arc::new(AtomicU64::new(BEGIN));
        let read = clock.clone();
        let now = move || SystemTime::UNIX_EPOCH + Duration::from_secs(read.load(Ordering::Relaxed));
        let telemetry = Telemetry::builder(Identity::new("shop").instance("shop-0")).seed(7).build(now);
        let instrument = Instrument::new(kind, &telemetry);
        let model = Model::new(kind);
        Self {
            kind,
            clock,
            back: 0,
            telemetry,
            instrument,
            store: store(),
            views: Arc::default(),
            plan: None,
            plans: 0,
            left: Shape::ON,
            model,
            looks: [0; 2],
        }
    }

    /// Does a step at both ends and in the model, and compares what shows.
    pub(super) fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Tick(set, n) => {
                self.instrument.tick(set, n);
                self.model.tick(set, n);
            }
            Step::Gone(set) => self.gone(set),
            Step::Wait(secs) => self.wait(secs),
            Step::Back(secs) => {
                self.clock.fetch_sub(secs, Ordering::Relaxed);
                self.back += secs;
                self.model.back(secs);
            }
            Step::Push => self.push(1, true),
            Step::Lost => self.push(0, false),
            Step::Twice => self.push(2, true),
            Step::Part => self.push(1, false),
            Step::Idle(minutes) => return self.idle(minutes, 1),
            Step::Silent(minutes) => return self.idle(minutes, 0),
            Step::Both(shape) => {
                self.controller(&shape, None);
                self.source(&shape, None);
            }
            Step::Source(shape) => self.source(&shape, None),
            Step::Controller(shape) => self.controller(&shape, None),
            Step::Until(shape, secs, then) => {
                self.controller(&shape, Some((secs, &then)));
                self.source(&shape, Some((secs, &then)));
            }
            Step::Expired => {
                let plan = self.plan.clone().ok_or("a plan is to expire, and there is none")?;
                self.telemetry.obey(&plan, 1, PlanSource::Controller);
                self.model.expired(self.left);
                self.store.set_views(self.views.clone(), Wall::from_secs(self.now()));
            }
            Step::Restart => {
                self.store = store();
                self.store.set_views(self.views.clone(), Wall::from_secs(self.now()));
                self.model.restarted();
            }
        }
        self.compare()
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn mono(&self) -> Mono {
        Mono((self.now() + self.back - BEGIN + 1) * SECOND)
    }

    fn wait(&mut self, secs: u64) {
        self.clock.fetch_add(secs, Ordering::Relaxed);
        self.model.wait(secs);
    }

    fn gone(&mut self, set: Set) {
        self.instrument.gone(set);
        self.telemetry.end_where("pod", set.1);
        self.model.gone(set);
    }

    /// Collects, and lets the requests arrive so many times; whether the sender is told that they did.
    fn push(&mut self, times: usize, told: bool) {
        let mut collection = self.telemetry.metrics();
        let bodies: Vec<Bytes> = collection.by_ref().collect();
        for _ in 0..times {
            for body in &bodies {
                let tally = self.store.ingest(body, self.mono(), Wall::from_secs(self.now())).expect("what we encoded");
                assert_eq!(tally.rejected_total(), 0, "{:?}", tally.rejected);
            }
        }
        if told {
            collection.arrived();
        }
        self.model.push(times > 0, told);
    }

    /// Minutes pass with a push each, or none, and with the tick that ends what fell silent.
    fn idle(&mut self, minutes: u64, pushes: usize) -> Result<(), String> {
        for minute in 1..=minutes {
            self.wait(MINUTE);
            if pushes > 0 {
                self.push(pushes, true);
            }
            self.store.expire(self.mono());
            self.model.expire();
            self.compare().map_err(|fault| format!("minute {minute}: {fault}"))?;
        }
        Ok(())
    }

    /// The plan reaches the sender.
    fn source(&mut self, shape: &Shape, then: Option<(u64, &Shape)>) {
        self.plans += 1;
        let mut line = says(shape);
        line["name"] = self.kind.name().into();
        let mut next = json!([]);
        if let Some((secs, after)) = then {
            let mut says = says(after);
            says["step"] = 1.into();
            line["then"] = json!([says]);
            next = json!([{"at": at(self.now() + secs), "hash": format!("{:032x}", 1000 + self.plans)}]);
        }
        let text = json!({
            "schema": 1, "component": "default/shop", "hash": format!("{:032x}", self.plans), "instruments": [line],
            "tail": [], "baseline": {"on": true}, "spans": [], "next": next,
        });
        let plan = Arc::new(Plan::read(text.to_string().as_bytes()).expect("a plan"));
        self.telemetry.obey(&plan, 0, PlanSource::Controller);
        self.plan = Some(plan);
        self.model.source(*shape, then.map(|(_, after)| *after));
    }

    /// The views reach the store: those that stay, and one for a while that says otherwise.
    fn controller(&mut self, shape: &Shape, until: Option<(u64, &Shape)>) {
        let stays = until.map_or(shape, |(_, then)| then);
        let mut text = rules(self.kind, stays, false).map(|rule| view("stays", &rule, "")).unwrap_or_default();
        if let (Some((secs, _)), Some(rule)) = (until, rules(self.kind, shape, true)) {
            text += &view("window", &rule, &format!("  expiry: {{at: '{}'}}\n", at(self.now() + secs)));
        }
        self.views = Arc::new(if text.is_empty() { ViewSet::default() } else { views(&text, self.now()) });
        self.store.set_views(self.views.clone(), Wall::from_secs(self.now()));
        self.left = *stays;
        self.model.controller(*shape);
    }

    fn compare(&mut self) -> Result<(), String> {
        let (shown, wanted) = (scrape(&self.store), self.model.samples());
        self.looks[usize::from(shown.is_empty())] += 1;
        if shown == wanted {
            return Ok(());
        }
        let only = |these: &Samples, others: &Samples| {
            let differ = these.iter().filter(|(name, value)| others.get(*name) != Some(value));
            differ.map(|(name, value)| format!("    {name} {value}\n")).collect::<String>()
        };
        Err(format!("the scrape has\n{}  the model has\n{}", only(&shown, &wanted), only(&wanted, &shown)))
    }
}

fn store() -> Arc<Store> {
    let config = StoreConfig { series_max: 10_000, expire_after: Duration::from_secs(EXPIRE_AFTER), seeds: [1, 2] };
    Arc::new(Store::new(config))
}

fn at(secs: u64) -> String {
    time::format_time(Wall::from_secs(secs))
}

/// A shape as a line of a plan.
pub(super) fn says(shape: &Shape) -> Value {
    let mut says = json!({"on": shape.on, "by": "v/r"});
    if let Some(key) = shape.drop {
        says["drop"] = json!([key]);
    }
    if let Some(key) = shape.keep {
        says["keep"] = json!([key]);
    }
    if let Some(bounds) = shape.buckets {
        says["buckets"] = json!(bounds);
    }
    if let Some(limit) = shape.limit {
        says["limit"] = limit.into();
    }
    if let Some(minutes) = shape.interval {
        says["intervalMs"] = (minutes * MINUTE * 1000).into();
    }
    says
}

/// The same as a rule of a view; none where it says nothing, unless it is to say so.
fn rules(kind: Kind, shape: &Shape, says_on: bool) -> Option<String> {
    let mut says = Vec::new();
    if !shape.on || says_on {
        says.push(format!("state: {}", if shape.on { "Enabled" } else { "Disabled" }));
    }
    if let Some(key) = shape.drop {
        says.push(format!("attributes: {{drop: [{key}]}}"));
    }
    if let Some(key) = shape.keep {
        says.push(format!("attributes: {{keep: [{key}]}}"));
    }
    if let Some(bounds) = shape.buckets {
        let bounds: Vec<_> = bounds.iter().map(|bound| format!("'{bound}'")).collect();
        says.push(format!("buckets: {{explicit: [{}]}}", bounds.join(", ")));
    }
    if let Some(limit) = shape.limit {
        says.push(format!("cardinality: {{limit: {limit}}}"));
    }
    if let Some(minutes) = shape.interval {
        says.push(format!("interval: {minutes}m"));
    }
    (!says.is_empty()).then(|| format!("{{name: r, match: {{instruments: [{}]}}, {}}}", kind.name(), says.join(", ")))
}

fn view(name: &str, rule: &str, expiry: &str) -> String {
    format!(
        "---\napiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: {name}}}\nspec:\n  metrics: [{rule}]\n{expiry}"
    )
}

fn views(text: &str, now: u64) -> ViewSet {
    let source = Arc::new(Source { name: "v.yaml".into(), text: text.into() });
    let known = Known { first_seen: &|_, _| Wall::from_secs(now), namespace: "default" };
    let views = read::text(&source, &known).into_iter().map(|read| match read.object {
        Some(Object::View(view)) => view,
        _ => panic!("a bad view in a test: {:?}", read.faults),
    });
    ViewSet::compile(views.collect(), Vec::new())
}

/// What a scraper sees of the instrument, but for the labels that say who sent it.
fn scrape(store: &Arc<Store>) -> Samples {
    let options = ExposeOptions { scope_labels: false, ..ExposeOptions::default() };
    let negotiated = negotiate(["application/openmetrics-text; version=1.0.0"], []);
    let mut scrape = Scrape::new(store.clone(), options, negotiated, &[]);
    let mut body = Vec::new();
    while scrape.next_chunk(&mut body) {}
    let text = String::from_utf8(body).expect("text");
    let samples = text.lines().filter(|line| line.starts_with("load_"));
    samples.map(sample).collect()
}

fn sample(line: &str) -> (String, i128) {
    let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels: BTreeMap<&str, &str> = labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('=')).collect();
    let ours = labels.iter().filter(|(key, _)| !matches!(**key, "job" | "instance"));
    let labels: Vec<String> = ours.map(|(key, value)| format!("{key}={}", value.trim_matches('"'))).collect();
    (format!("{name}{{{}}}", labels.join(",")), billionths(value))
}

/// A decimal number without an exponent, exactly.
fn billionths(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 9, "{text}: finer than a nanosecond");
    format!("{whole}{fraction:0<9}").parse().expect("a number")
}
