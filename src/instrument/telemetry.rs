//! Everything one process says: hands out handles, remembers what they recorded, reads what is observed, and writes it as
//! OTLP requests when it is asked. Obeys a plan. Reads no clock but the one it was given; sends nothing and starts no task.

mod foreign;
mod obey;
#[cfg(test)]
pub(crate) mod tests;

use crate::{
    body::Bodies,
    chance::Chance,
    identity::Identity,
    limits::{BODY_BYTES_MAX, ITEM_BYTES_MAX, SPANS_BYTES_MAX, SPANS_MAX},
    losses::Losses,
    metric::{Counter, Distribution, Histogram, Meta, Metric, Observable, Readings},
    observed::{Callback, Moment, Observed},
    opamp::plan::PlanHash,
    otlp,
    recorded::Recorded,
    rules::Rules,
    shared::Shared,
    span::{Finished, SpanId, TraceId},
    transport::Signal,
};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::SystemTime,
};
use tokio::sync::Notify;

pub use crate::semconv::attribute::PointsmanPlanSource as PlanSource;
pub(crate) use foreign::Bare;
use foreign::Foreign;

/// Everything one process says.
pub struct Telemetry {
    resource: Arc<[u8]>,
    /// By scope and name, so that a request holds each scope and metric once. One that is both recorded and observed is
    /// there twice: that is a mistake of its owner, and both are sent.
    recorded: Mutex<BTreeMap<Key, Arc<Recorded>>>,
    observed: Mutex<BTreeMap<Key, Arc<Observed>>>,
    /// The number and the time of the last collection.
    last: Mutex<(u64, u64)>,
    spans: Mutex<Waiting>,
    /// Instruments of other crates by their names; and the gates of those whose measurements go elsewhere.
    foreign: Mutex<Foreign>,
    gated: Mutex<BTreeMap<Key, Arc<Bare>>>,
    /// Who decides what is on. Held while instruments are made and while they obey, so that none is missed.
    rules: RwLock<Rules>,
    /// Some spans may be off.
    gates_spans: AtomicBool,
    /// How many instruments were made.
    made: AtomicU64,
    /// Wakes who tells the controller of them.
    news: Notify,
    shared: Arc<Shared>,
    chance: Chance,
    now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    off: bool,
}

/// Scope and name of a metric.
type Key = (&'static str, &'static str);

/// Spans that wait for a push, encoded.
#[derive(Default)]
struct Waiting {
    spans: VecDeque<(&'static str, Box<[u8]>)>,
    bytes: usize,
}

/// How a [`Telemetry`] is made, where the defaults do not fit.
pub struct Builder {
    identity: Identity,
    off: bool,
    seed: Option<u64>,
}

impl Builder {
    /// Records nothing and sends nothing, as `OTEL_SDK_DISABLED=true` asks for.
    #[must_use]
    pub fn off(mut self, off: bool) -> Self {
        self.off = off;
        self
    }

    /// Makes the same ids in every run: for simulations and tests only.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// `now` is the wall clock of every point and span.
    #[must_use]
    pub fn build(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Arc<Telemetry> {
        let Self { identity, off, seed } = self;
        let chance = seed.map_or_else(Chance::new, Chance::fixed);
        let now: Arc<dyn Fn() -> SystemTime + Send + Sync> = Arc::new(now);
        let clock = now.clone();
        let shared = Arc::new(Shared::new(chance.hasher(), Box::new(move || otlp::nanos(clock()))));
        let telemetry = Arc::new(Telemetry {
            resource: otlp::resource(&identity.attributes).into(),
            recorded: Mutex::default(),
            observed: Mutex::default(),
            foreign: Mutex::default(),
            gated: Mutex::default(),
            last: Mutex::new((0, (shared.now)())),
            spans: Mutex::default(),
            rules: RwLock::new(Rules::Everything),
            gates_spans: AtomicBool::new(false),
            made: AtomicU64::new(0),
            news: Notify::new(),
            shared,
            chance,
            now,
            off,
        });
        telemetry.observe_own();
        telemetry
    }
}

impl Telemetry {
    /// For this sender; `now` is the wall clock of every point and span.
    #[must_use]
    pub fn new(identity: Identity, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Arc<Self> {
        Self::builder(identity).build(now)
    }

    /// For this sender, with more to say about how.
    #[must_use]
    pub fn builder(identity: Identity) -> Builder {
        Builder { identity, off: false, seed: None }
    }

    /// A counter. Handles of one metric add to the same sets.
    pub fn counter<M: Metric<Value = u64>>(&self) -> Counter<M> {
        Counter::new(self.recorded(&M::META))
    }

    /// A histogram. Handles of one metric add to the same sets.
    pub fn histogram<M: Metric<Value = Distribution>>(&self) -> Histogram<M> {
        Histogram::new(self.recorded(&M::META))
    }

    /// What holds the sets of this metric; none where nothing is recorded.
    pub(crate) fn recorded(&self, meta: &'static Meta) -> Option<Arc<Recorded>> {
        let rules = self.rules.read();
        let new = || {
            self.made();
            Arc::new(Recorded::new(meta, self.shared.clone(), rules.decide(meta, false).orders))
        };
        (!self.off).then(|| self.recorded.lock().entry((meta.scope, meta.name)).or_insert_with(new).clone())
    }

    /// There is an instrument more.
    fn made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// Reads a metric from state at each collection: exactly the sets that `read` names are there. Called again for the
    /// same metric, it adds to what is read. While a plan has an interval for it, it is read and said, ends too, as seldom.
    pub fn observe<M: Metric>(&self, read: impl Fn(&Readings<'_, M>) + Send + Sync + 'static)
    where
        M::Value: Observable,
    {
        self.observed(&M::META, Arc::new(move |set| read(&Readings::new(set))));
    }

    /// Reads this metric at each collection by this callback too.
    pub(crate) fn observed(&self, meta: &'static Meta, read: Callback) {
        if self.off {
            return;
        }
        let rules = self.rules.read();
        let new = || {
            self.made();
            Arc::new(Observed::new(meta, self.shared.clone(), &rules.decide(meta, true).orders))
        };
        let observed = self.observed.lock().entry((meta.scope, meta.name)).or_insert_with(new).clone();
        observed.read(read);
    }

    /// What every process says of its own telemetry.
    fn observe_own(&self) {
        let shared = || self.shared.clone();
        let (one, two, three, four, five) = (shared(), shared(), shared(), shared(), shared());
        self.observe(move |readings| one.losses.read(readings));
        self.observe(move |readings| two.read_gates(readings));
        self.observe(move |readings| three.read_points(readings));
        self.observe(move |readings| four.read_size(readings));
        self.observe(move |readings| five.read_source(readings));
    }

    /// Ends every recorded set with this attribute: its object is gone. Its end is said until a push arrived; what is
    /// recorded for it later begins anew. Observed sets end by not being named.
    pub fn end_where(&self, key: &'static str, value: &str) {
        let all: Vec<_> = self.recorded.lock().values().cloned().collect();
        all.iter().for_each(|recorded| recorded.end_where(key, value));
    }

    /// Takes a span that ended, if it is on.
    pub fn span(&self, span: Finished) {
        // One that was off when it began has no place of its own, whatever holds now.
        if self.off || !span.place.lives() || !self.lives(span.scope, &span.name) {
            return;
        }
        let mut encoded = Vec::new();
        otlp::span(&mut encoded, &span);
        if encoded.len() > ITEM_BYTES_MAX {
            return self.shared.losses.item_bytes.add(1);
        }
        let mut waiting = self.spans.lock();
        if waiting.spans.len() >= SPANS_MAX || waiting.bytes + encoded.len() > SPANS_BYTES_MAX {
            self.shared.losses.spans.add(1);
        } else {
            waiting.bytes += encoded.len();
            waiting.spans.push_back((span.scope, encoded.into()));
        }
    }

    /// Spans dropped because too many waited, or because a receiver refused their request.
    pub fn spans_dropped(&self) -> u64 {
        self.shared.losses.spans.get()
    }

    /// What was left out because a cap bit.
    pub fn losses(&self) -> &Losses {
        &self.shared.losses
    }

    /// Everything there is to send now, a request at a time: metrics each time in full, spans once. What is not asked
    /// for is not taken: spans then wait on.
    pub fn collect(&self) -> impl Iterator<Item = (Signal, Bytes)> {
        let metrics = self.metrics().map(|body| (Signal::Metrics, body));
        metrics.chain(std::iter::from_fn(|| self.take_spans().map(|spans| (Signal::Traces, spans.body))))
    }

    /// Every metric as it is now, a request at a time.
    pub fn metrics(&self) -> Collection<'_> {
        let time = (self.shared.now)();
        // Before anything is read: what a newer plan has shaped by then may be in it, and is filtered as stale.
        let plan = self.plan_hash();
        let mut last = self.last.lock();
        let (number, previous) = *last;
        let at = Moment { number: number + 1, time, previous: previous.min(time) };
        *last = (at.number, time);
        drop(last);
        let mut sources: Vec<(Key, Source)> =
            self.recorded.lock().iter().map(|(key, one)| (*key, Source::Recorded(one.clone()))).collect();
        sources.extend(self.observed.lock().iter().map(|(key, one)| (*key, Source::Observed(one.clone()))));
        sources.sort_by_key(|(key, _)| *key);
        Collection { at, sources: sources.into_iter(), bodies: Bodies::new(self.resource.clone()), plan, of: self }
    }

    /// Spans that wait, as one request; they wait no longer. Few enough at a time for any receiver's limit.
    pub fn take_spans(&self) -> Option<Spans> {
        let plan = self.plan_hash();
        let mut by_scope: BTreeMap<&'static str, Vec<Box<[u8]>>> = BTreeMap::new();
        let mut room = BODY_BYTES_MAX / 2;
        let mut waiting = self.spans.lock();
        while let Some((scope, span)) = waiting.spans.pop_front_if(|(_, span)| span.len() <= room) {
            room -= span.len();
            waiting.bytes -= span.len();
            by_scope.entry(scope).or_default().push(span);
        }
        drop(waiting);
        let mut bodies = Bodies::new(self.resource.clone());
        let mut count = 0;
        for (scope, spans) in by_scope {
            count += spans.len() as u64;
            spans.iter().for_each(|span| bodies.span(scope, span));
        }
        bodies.finish();
        bodies.full().map(|(body, _)| Spans { body, count, plan })
    }

    /// The requests with metrics of the last collection arrived: what ended before it need not be said again.
    pub fn metrics_arrived(&self) {
        let number = self.last.lock().0;
        self.arrived(number);
    }

    /// All requests of this collection arrived.
    pub(crate) fn arrived(&self, number: u64) {
        let recorded: Vec<_> = self.recorded.lock().values().cloned().collect();
        let observed: Vec<_> = self.observed.lock().values().cloned().collect();
        recorded.iter().for_each(|one| one.arrived(number));
        observed.iter().for_each(|one| one.arrived(number));
    }

    /// Spans that a receiver will never get.
    pub(crate) fn spans_lost(&self, count: u64) {
        self.shared.losses.spans.add(count);
    }

    /// A number between 0 and 1 that differs from process to process.
    pub(crate) fn spread(&self) -> f64 {
        f64::from(u32::try_from(self.chance.number() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }

    /// Now, by the clock it was given.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// Ids for a new trace and its root.
    #[must_use]
    pub fn new_ids(&self) -> (TraceId, SpanId) {
        (self.chance.trace(), self.chance.span())
    }
}

/// Spans on their way.
pub struct Spans {
    /// The request.
    pub body: Bytes,
    /// How many are in it.
    pub count: u64,
    /// The plan that was obeyed when they were taken.
    pub plan: Option<PlanHash>,
}

enum Source {
    Recorded(Arc<Recorded>),
    Observed(Arc<Observed>),
}

/// Metrics while they are collected: an iterator over requests. Holds no lock between two of them.
pub struct Collection<'a> {
    at: Moment,
    sources: std::vec::IntoIter<(Key, Source)>,
    bodies: Bodies,
    plan: Option<PlanHash>,
    of: &'a Telemetry,
}

impl Collection<'_> {
    /// The plan that was obeyed when it began.
    #[must_use]
    pub fn plan_hash(&self) -> Option<PlanHash> {
        self.plan
    }

    /// All of its requests arrived: what it said has ended need not be said again.
    pub fn arrived(self) {
        self.of.arrived(self.at.number);
    }
}

impl Iterator for Collection<'_> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some((full, points)) = self.bodies.full() {
                self.of.shared.wrote(points, full.len() as u64);
                return Some(full);
            }
            match self.sources.next() {
                Some((_, Source::Recorded(one))) => one.collect(self.at, &mut self.bodies),
                Some((_, Source::Observed(one))) => one.collect(self.at, &mut self.bodies),
                None if self.bodies.is_empty() => return None,
                None => self.bodies.finish(),
            }
        }
    }
}
