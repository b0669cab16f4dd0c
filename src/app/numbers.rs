//! Every count of the process, gathered from whoever counts, as our own telemetry and the API want it.
//! Counts only what has no owner: series written, and scrapes refused.

use super::{
    clock::Clock,
    conflicts::Watched,
    engine::Loaded,
    listen::{hits::Hits, tls::Certificates},
    standing::{self, Looked, Pushes},
};
use crate::{
    auth::access::{
        ask::counts::{Counts, Outcome, Question},
        judge::{Refusal, Refusals},
    },
    auth::senders::quota::Quota,
    control::{self, Control},
    ingest::{Ingest, Signal, stats::Taken},
    telemetry::{
        AccessOutcome, AccessQuestion, AccessRefusal, Adjustment, Backend, Cluster, Decider, DropReason, Flow, Omission, Plans,
        Snapshot, Suppressed, standing::Standing,
    },
    traces::{Traces, forward::BackendState, stats::DropReason as SpanDrop},
};
use arc_swap::ArcSwap;
use pointsman_core::{
    expose::scrape::ScrapeStats,
    fault::Fault,
    limits::ENABLED_METRICS_MAX,
    model::{clock::Mono, reject::Reason},
    state::store::Store,
    traces::decide::Cut,
    view::{plan::RuleRef, spec::ObjectId, status::ViewStatus},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Where the counts are.
pub struct Numbers {
    /// Series and points.
    pub store: Arc<Store>,
    /// Spans.
    pub traces: Arc<Traces>,
    /// Requests.
    pub ingest: Arc<Ingest>,
    /// Sessions of components.
    pub control: Arc<Control>,
    /// Views in force.
    pub views: Arc<ArcSwap<Loaded>>,
    /// Names that two want.
    pub conflicts: Watched,
    /// Listeners in plain text that other hosts can reach.
    pub insecure: Vec<&'static str>,
    /// What listeners show, where they speak TLS.
    pub certificates: Option<Arc<Certificates>>,
    /// What limits of connections cut off.
    pub connections: Arc<Hits>,
    /// Answers about tokens and rights, once an API server is asked for any.
    pub access: OnceLock<Arc<Counts>>,
    /// Requests to read that were refused.
    pub readers_refused: Arc<Refusals>,
    /// Series written to scrapes.
    pub exported: AtomicU64,
    /// What scrapes left out, in the order of [`Omission::ALL`].
    pub omitted: [AtomicU64; Omission::ALL.len()],
    /// Scrapes refused because too many were in flight.
    pub scrapes_refused: AtomicU64,
    /// Scrapes that were too far behind those they shared a body with.
    pub scrapes_broken: AtomicU64,
    /// The clocks.
    pub clock: Clock,
    /// When the views were last known to be current, in nanoseconds of the wall clock; 0 = never.
    pub views_read_at: AtomicU64,
    /// The status of every view, as last decided.
    pub statuses: Arc<ArcSwap<BTreeMap<ObjectId, ViewStatus>>>,
    /// Who reads metrics, and what no catalogue declares, as last looked at.
    pub looked: ArcSwap<Looked>,
    /// When components last pushed.
    pub pushes: Pushes,
    /// What is counted about a cluster, once there is one.
    pub cluster: OnceLock<Box<dyn Fn() -> Cluster + Send + Sync>>,
}

impl Numbers {
    /// Everything at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let backends: Vec<Backend> = self.traces.backends().iter().map(backend).collect();
        let (loaded, components) = (self.views.load(), self.store.components());
        let faults = |is: &dyn Fn(&Fault) -> bool| count(loaded.faults.iter().filter(|fault| is(fault)).count());
        let (looked, listeners) = (self.looked.load(), ["otlp-grpc", "otlp-http", "listen"]);
        Snapshot {
            metrics: self.metrics(),
            traces: self.spans(&backends),
            series: components.iter().map(|c| (c.key.to_string(), count(c.series))).collect(),
            limited: self.store.limited(),
            enabled: self.enabled(),
            adjusted: self.adjusted(),
            omitted: self.omitted(),
            suppressed: self.suppressed(),
            fault_errors: faults(&|fault| fault.is_error()),
            fault_warnings: faults(&|fault| !fault.is_error()),
            limits: self.limits(),
            conflicts: self.conflicts.counts(),
            insecure: listeners.into_iter().map(|name| (name, self.insecure.contains(&name))).collect(),
            tls: self.certificates.as_ref().map(|certificates| certificates.numbers()),
            access: self.access.get().map(|counts| access(counts)).unwrap_or_default(),
            readers_refused: Refusal::ALL.map(|refusal| (access_refusal(refusal), self.readers_refused.of(refusal))).to_vec(),
            backends,
            view_age: self.view_age(),
            sync: self.sync(),
            cluster: self.cluster.get().map(|read| read()).unwrap_or_default(),
            standing: Standing {
                pushes: self.pushes.look(&components, self.clock.mono()),
                views: standing::views(&loaded, &self.statuses.load(), self.clock.view_wall()),
                readers: looked.readers.clone(),
                uncatalogued: looked.uncatalogued.clone(),
            },
        }
    }

    /// The views are current now.
    pub fn views_are_current(&self) {
        self.views_were_current(self.clock.mono());
    }

    /// The views were known to be current at this moment.
    pub fn views_were_current(&self, at: Mono) {
        let ago = u64::try_from(self.clock.mono().since(at).as_nanos()).unwrap_or(u64::MAX);
        self.views_read_at.store(self.clock.wall().0.saturating_sub(ago), Ordering::Relaxed);
    }

    fn view_age(&self) -> Option<f64> {
        let read_at = Some(self.views_read_at.load(Ordering::Relaxed)).filter(|nanos| *nanos > 0)?;
        Some(Duration::from_nanos(self.clock.wall().0.saturating_sub(read_at)).as_secs_f64())
    }

    fn sync(&self) -> Plans {
        let control::Numbers { agents, offers, refused, stale, delays } = self.control.numbers();
        Plans { agents, offers, refused, stale, delays }
    }

    fn metrics(&self) -> Flow {
        let taken = self.ingest.stats.taken(Signal::Metrics);
        let mut dropped = rejected(&taken);
        dropped.push((DropReason::View, taken.suppressed));
        Flow { received: taken.received, exported: self.exported.load(Ordering::Relaxed), dropped, queued: 0 }
    }

    fn spans(&self, backends: &[Backend]) -> Flow {
        let mut dropped = rejected(&self.ingest.stats.taken(Signal::Traces));
        let totals = self.traces.totals();
        for ((_, cut), spans) in &totals.suppressed {
            let reason = match cut {
                Cut::Off => DropReason::View,
                Cut::Sampled => DropReason::Sampled,
            };
            dropped.push((reason, *spans));
        }
        dropped.extend(backends.iter().flat_map(|backend| backend.dropped.iter().copied()));
        let exported = backends.iter().fold(0, |sum: u64, backend| sum.saturating_add(backend.sent));
        let queued = self.traces.backends().iter().fold(0, |sum: u64, state| sum.saturating_add(state.queued.spans));
        Flow { received: totals.received, exported, dropped, queued }
    }

    /// What each rule of each view turned off, points and spans together.
    #[must_use]
    pub fn suppressed(&self) -> Vec<Suppressed> {
        let mut by_rule: BTreeMap<RuleRef, u64> = BTreeMap::new();
        for (rule, points) in self.store.suppressed() {
            let slot = by_rule.entry((*rule).clone()).or_default();
            *slot = slot.saturating_add(points);
        }
        for ((rule, _), spans) in self.traces.totals().suppressed {
            let slot = by_rule.entry(rule.map_or_else(nobody, |rule| (*rule).clone())).or_default();
            *slot = slot.saturating_add(spans);
        }
        let line = |(rule, points): (RuleRef, u64)| {
            let RuleRef { kind, namespace, view, rule } = rule;
            Suppressed { namespace: namespace.into(), kind: kind.into(), view: view.into(), rule: rule.into(), points }
        };
        by_rule.into_iter().map(line).collect()
    }

    /// Which metrics are on: for some component at least, and by a view where one says so for any of them.
    #[must_use]
    pub fn enabled(&self) -> Vec<(String, Option<Decider>)> {
        let (loaded, now) = (self.views.load(), self.clock.view_wall());
        let mut by_name: BTreeMap<String, Option<Decider>> = BTreeMap::new();
        for component in self.store.observe() {
            let plan = loaded.views.plan(&component.key, now);
            for seen in &component.instruments {
                let decision = plan.decide(&seen.instrument);
                let by = if decision.by.is_some() { Decider::View } else { Decider::Default };
                let slot = by_name.entry(seen.instrument.name.to_string()).or_default();
                *slot = (*slot).max(decision.on.then_some(by));
            }
        }
        by_name.into_iter().take(ENABLED_METRICS_MAX).collect()
    }

    /// What was seen in one scrape, to its end.
    pub fn scraped(&self, stats: ScrapeStats) {
        let ScrapeStats { series, duplicates, lost_attributes, unfit } = stats;
        self.exported.fetch_add(series, Ordering::Relaxed);
        for (omission, total) in Omission::ALL.into_iter().zip(&self.omitted) {
            let n = match omission {
                Omission::Duplicate => duplicates,
                Omission::Unfit => unfit,
                Omission::LostAttribute => lost_attributes,
            };
            total.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// What scrapes left out.
    #[must_use]
    pub fn omitted(&self) -> Vec<(Omission, u64)> {
        Omission::ALL.into_iter().zip(&self.omitted).map(|(omission, n)| (omission, n.load(Ordering::Relaxed))).collect()
    }

    /// Points taken otherwise than they were sent.
    #[must_use]
    pub fn adjusted(&self) -> Vec<(Adjustment, u64)> {
        let stats = self.store.stats();
        let n = |adjustment| match adjustment {
            Adjustment::Superseded => stats.superseded,
            Adjustment::Gap => stats.gaps,
            Adjustment::Fall => stats.falls,
            Adjustment::Retried => stats.retried,
            Adjustment::DuplicateKey => stats.duplicate_keys,
        };
        Adjustment::ALL.into_iter().map(|adjustment| (adjustment, n(adjustment))).collect()
    }

    /// How often each limit bit.
    #[must_use]
    pub fn limits(&self) -> Vec<(&'static str, u64)> {
        let refused = Signal::ALL.map(|signal| self.ingest.stats.taken(signal).refused);
        let count = |words: &[&str]| {
            let all = refused.iter().flat_map(|by_word| words.iter().filter_map(|word| by_word.get(word)));
            all.fold(0, |sum: u64, n| sum.saturating_add(*n))
        };
        let store = self.store.stats();
        let of_store = store.limits.iter().map(|(limit, hits)| (limit.as_str(), *hits));
        let ours = [
            ("body_bytes", count(&["too_large"])),
            ("inflate_ratio", count(&["bomb"])),
            ("body_time", count(&["slow"])),
            ("flight_bytes", self.ingest.budget.refused()),
            ("handshake_time", self.certificates.as_ref().map_or(0, |certificates| certificates.late())),
            (Quota::Requests.word(), count(&[Quota::Requests.word()])),
            (Quota::Bytes.word(), count(&[Quota::Bytes.word()])),
            ("plan_instruments", self.control.left_out()),
            ("trace_state", self.traces.totals().cut_states),
            ("scrapes", self.scrapes_refused.load(Ordering::Relaxed)),
            ("scrape_kept_bytes", self.scrapes_broken.load(Ordering::Relaxed)),
        ];
        let of_access = self.access.get().into_iter().flat_map(|counts| counts.caps());
        ours.into_iter().chain(self.connections.counts()).chain(of_access).chain(of_store).collect()
    }
}

const fn access_refusal(refusal: Refusal) -> AccessRefusal {
    match refusal {
        Refusal::NotFound => AccessRefusal::NotFound,
        Refusal::Unauthenticated => AccessRefusal::Unauthenticated,
        Refusal::Method => AccessRefusal::Method,
        Refusal::BadRequest => AccessRefusal::BadRequest,
        Refusal::Forbidden => AccessRefusal::Forbidden,
        Refusal::Unavailable(_) => AccessRefusal::Unavailable,
    }
}

fn access(counts: &Counts) -> Vec<(AccessQuestion, AccessOutcome, u64)> {
    let question = |question| match question {
        Question::Token => AccessQuestion::Token,
        Question::Right => AccessQuestion::Right,
    };
    let outcome = |outcome| match outcome {
        Outcome::Hit => AccessOutcome::Hit,
        Outcome::Miss => AccessOutcome::Miss,
        Outcome::Stale => AccessOutcome::Stale,
        Outcome::Error => AccessOutcome::Error,
        Outcome::Limited => AccessOutcome::Limited,
    };
    let all = Question::ALL.into_iter().flat_map(|asked| Outcome::ALL.into_iter().map(move |ended| (asked, ended)));
    all.map(|(asked, ended)| (question(asked), outcome(ended), counts.of(asked, ended))).collect()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// What views of a component turned off without a rule of their own is counted under empty names.
fn nobody() -> RuleRef {
    RuleRef { kind: "".into(), namespace: "".into(), view: "".into(), rule: "".into() }
}

fn rejected(taken: &Taken) -> Vec<(DropReason, u64)> {
    let reason = |reason: &Reason| match reason {
        Reason::SeriesLimit
        | Reason::SenderSeriesLimit
        | Reason::MemoryLimit
        | Reason::StreamLimit
        | Reason::TooManyAttributes
        | Reason::AttributeTooLong
        | Reason::TextTooLong
        | Reason::TooDeep
        | Reason::TooManyBuckets => DropReason::Limit,
        Reason::QueueFull => DropReason::QueueFull,
        Reason::Forged(_) => DropReason::Forged,
        _ => DropReason::Invalid,
    };
    taken.rejected.iter().map(|(why, n)| (reason(why), *n)).collect()
}

fn backend(state: &BackendState) -> Backend {
    let dropped = |(reason, spans): (&SpanDrop, &u64)| {
        let reason = match reason {
            SpanDrop::QueueFull => DropReason::QueueFull,
            SpanDrop::Refused | SpanDrop::Rejected | SpanDrop::Shutdown => DropReason::Refused,
        };
        (reason, *spans)
    };
    Backend {
        address: state.url.clone(),
        sent: state.counts.sent,
        exports: state.counts.exports_ok,
        dropped: state.counts.dropped.iter().map(dropped).collect(),
        retries: state.counts.exports_failed,
        queue_bytes: count(state.queued.bytes),
        queue_bytes_max: count(state.queue_bytes_max),
    }
}
