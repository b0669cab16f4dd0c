//! One run on simulated time, without a socket: the real client library, store, views and exposition in one process.
//! The same seed gives the same transcript, whatever machine it runs on.

use super::{
    Options,
    feed::Speaker,
    folder::Folder,
    look::{Look, families},
    mco::{Happening, Second},
    stage::{Setting, Stage, Turn},
    tell::Teller,
    time::clock_text,
};
use crate::{
    telemetry::CATALOGUES,
    traces::{Traces, recent::RecentTrace},
    views::dir::{DirSource, Origins},
};
use anyhow::{Context, bail};
use jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_core::{
    expose::{ExposeOptions, negotiate::Negotiated, scrape::Scrape},
    limits,
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
    view::{decide::Aspect, plan::ViewSet, sync::Reported},
};
use pointsman_instrument::{Signal, Transport, opamp::plan::Plan, telemetry::PlanSource};
use std::{
    fmt::Write as _,
    io::Write,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Simulated seconds between two pushes.
const PUSH_EVERY: Second = 30;
/// A run that takes longer has lost its way.
const END: Second = 12 * 3600;
/// When the simulation begins, by its own wall clock: 2026-01-01.
const BASE_SECS: u64 = 1_767_225_600;

/// What stands where `serve` stands otherwise.
struct Inside {
    store: Arc<Store>,
    traces: Traces,
    source: Mutex<DirSource>,
    /// What is in force, and until when at most.
    views: Mutex<(Arc<ViewSet>, Option<Wall>)>,
    now: Mutex<Second>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    requests: u64,
    points: u64,
    spans: u64,
    refused: u64,
}

/// Runs the scenario to its end and writes the transcript.
pub(crate) async fn run(options: &Options, out: &mut dyn Write) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let inside = Arc::new(Inside::new(&folder));
    let sink = inside.clone();
    let transport = Transport::InProcess(Arc::new(move |signal, body| sink.take(signal, &body)));
    let (nodes, scenario, seed) = (options.nodes, options.scenario, options.seed);
    let start = Timestamp::from_second(i64::try_from(BASE_SECS)?)?;
    let setting = Setting { nodes, scenario, seed, start, way_out: &|_| Ok(transport.clone()) };
    let mut stage = Stage::new(&setting, |time| move || SystemTime::from(time.now()))?;
    let mut teller = Teller::new(stage.node());
    writeln!(out, "{}", super::headline(options))?;
    let mut ended = false;
    for second in (PUSH_EVERY..END).step_by(usize::try_from(PUSH_EVERY)?) {
        for (at, happening) in stage.advance(second) {
            writeln!(out, "{}", teller.happening(at, &happening))?;
            ended |= matches!(happening, Happening::RolloutEnded { .. });
        }
        // Whoever has just begun to speak has no plan.
        let begins = stage.take_turns().iter().any(|turn| matches!(turn, Turn::Began(_)));
        if inside.tick(second) || begins {
            inside.tell(stage.speakers())?;
        }
        stage.push().await;
        let look = Look::read(&inside.scrape(), stage.node());
        teller.look(second, look).into_iter().try_for_each(|line| writeln!(out, "{line}"))?;
        if teller.wants_quiet(second) {
            folder.write_quiet()?;
            writeln!(out, "{}", teller.quiet_written(second, &"quiet-mcd.yaml"))?;
        }
        if ended && teller.is_quiet_over() {
            return Ok(out.write_all(inside.summary(second).as_bytes())?);
        }
    }
    bail!("the scenario {} did not end within {}", options.scenario, clock_text(END));
}

impl Inside {
    fn new(folder: &Folder) -> Self {
        let seeds = [1, 2];
        let config = StoreConfig { series_max: limits::SERIES_MAX, expire_after: Duration::from_secs(300), seeds };
        let origins = Origins { dir: Some(folder.path().to_owned()), built_in: CATALOGUES.to_vec(), ..Origins::default() };
        Self {
            store: Arc::new(Store::new(config)),
            traces: Traces::new(Vec::new()),
            source: Mutex::new(DirSource::new(origins)),
            views: Mutex::default(),
            now: Mutex::new(0),
            taken: Mutex::default(),
        }
    }

    fn clocks(&self) -> (Mono, Wall) {
        let now = *self.now.lock();
        (Mono::from_secs(now), Wall::from_secs(BASE_SECS + now))
    }

    /// Time passes: views are read again, what fell silent ends. Answers whether other views are in force.
    fn tick(&self, second: Second) -> bool {
        *self.now.lock() = second;
        let (mono, wall) = self.clocks();
        let mut views = self.views.lock();
        let expired = views.1.is_some_and(|at| wall >= at);
        if let Some(reload) = self.source.lock().poll(wall) {
            views.0 = reload.views;
        } else if !expired {
            self.store.expire(mono);
            return false;
        }
        views.1 = views.0.next_expiry(wall);
        self.store.set_views(views.0.clone(), wall);
        self.traces.set_views(views.0.clone(), wall);
        self.store.expire(mono);
        true
    }

    /// Everyone gets its plan. Sessions would bring the same, but when is for the machine to say: here it is at once.
    fn tell<'a>(&self, speakers: impl Iterator<Item = (usize, &'a Speaker)>) -> anyhow::Result<()> {
        let (views, wall) = (self.views.lock().0.clone(), self.clocks().1);
        let aspects = [Aspect::State, Aspect::Attributes, Aspect::Buckets, Aspect::Cardinality, Aspect::Interval];
        for (_, Speaker { telemetry, component, .. }) in speakers {
            let observed = telemetry.catalogue().into_iter().filter(|instrument| instrument.observed);
            let observed = observed.map(|instrument| (instrument.scope.into(), instrument.name.into()));
            let reported =
                Reported { aspects: aspects.into(), spans: true, observed: Arc::new(observed.collect()), ..Reported::default() };
            let plan = Plan::read(&views.offer(component, &reported, wall).body).context("read our own plan")?;
            telemetry.obey(&Arc::new(plan), 0, PlanSource::Controller);
        }
        Ok(())
    }

    fn take(&self, signal: Signal, body: &[u8]) {
        let (mono, wall) = self.clocks();
        let tally = match signal {
            Signal::Metrics => self.store.ingest(body, mono, wall),
            Signal::Traces => self.traces.ingest(body, mono),
        };
        let mut taken = self.taken.lock();
        taken.requests += 1;
        match (tally, signal) {
            (Err(_), _) => taken.refused += 1,
            (Ok(tally), Signal::Metrics) => {
                taken.points += tally.received;
                taken.refused += tally.rejected_total();
            }
            (Ok(tally), Signal::Traces) => {
                taken.spans += tally.received;
                taken.refused += tally.rejected_total();
            }
        }
    }

    fn scrape(&self) -> String {
        let mut scrape = Scrape::new(self.store.clone(), ExposeOptions::default(), Negotiated::default(), &[]);
        let mut body = Vec::new();
        while scrape.next_chunk(&mut body) {}
        String::from_utf8_lossy(&body).into_owned()
    }

    /// What came of it all, in numbers that a fixed seed fixes.
    fn summary(&self, second: Second) -> String {
        let Taken { requests, points, spans, refused } = &*self.taken.lock();
        let mut out = format!(
            "{}  end: {requests} requests, {points} points, {spans} spans, {refused} refused\n\nseries  family\n",
            clock_text(second)
        );
        for (family, series) in families(&self.scrape()) {
            writeln!(out, "{series:>6}  {family}").unwrap_or_default();
        }
        for trace in self.traces.recent().iter().filter(|trace| trace.spans.len() > 1) {
            out += &tree(trace);
        }
        out
    }
}

/// A trace as a tree, cut to the first node: the others look the same.
fn tree(trace: &RecentTrace) -> String {
    let id: String = trace.trace_id.iter().map(|b| format!("{b:02x}")).collect();
    let mut out = format!("\ntrace {id}: {} spans\n", trace.spans.len());
    let children = |parent: Option<[u8; 8]>| {
        let mut children: Vec<_> = trace.spans.iter().filter(|s| s.parent == parent).collect();
        children.sort_by_key(|s| (s.start, s.span_id));
        children
    };
    let mut open: Vec<_> = children(None).into_iter().rev().map(|span| (span, 1)).collect();
    while let Some((span, depth)) = open.pop() {
        let (minutes, seconds) = (span.duration.as_secs() / 60, span.duration.as_secs() % 60);
        out += &format!("{}{} {minutes}m{seconds:02}s\n", "  ".repeat(depth), span.name);
        let below = children(Some(span.span_id));
        let shown = if depth == 1 { 1 } else { below.len() };
        if shown < below.len() {
            out += &format!("  {}and {} more beside:\n", "  ".repeat(depth), below.len() - shown);
        }
        open.extend(below.into_iter().take(shown).rev().map(|span| (span, depth + 1)));
    }
    out
}
