//! What runs behind the doors: the store, the traces, the views in force and our own telemetry, joined by closures so
//! that none of them knows another.

use super::{
    clock::Clock, conflicts::Watched, listen::tls::Certificates, memory, numbers::Numbers, observer::Observer, screens::Screens,
    standing::Pushes, surroundings,
};
use crate::{
    auth::senders::{quota::Quotas, told::Told},
    config::Config,
    control::{self, Control},
    expose::{NextChunk, Now, Outcome, ReadSide, Scraped, share::Shares},
    ingest::{
        Exported, Ingest, Paced,
        admit::{Budget, Sizes},
        stats::Stats,
    },
    telemetry::Own,
    traces::{Traces, target::Target},
};
use arc_swap::ArcSwap;
use bytes::Bytes;
use pointsman_core::{
    expose::{ExposeOptions, negotiate::Negotiated, scrape::Exposition},
    fault::{Fault, Place, code::Code},
    limits,
    state::store::{Store, StoreConfig},
    view::{
        plan::ViewSet,
        spec::{self, ObjectId, Origin},
        status::ViewStatus,
        sync::SyncState,
    },
};
use pointsman_instrument::transport;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};
use tokio::sync::Notify;

/// Everything behind the doors.
pub struct Engine {
    /// How we were told to run.
    pub config: Config,
    /// The clocks.
    pub clock: Clock,
    /// What components pushed.
    pub store: Arc<Store>,
    /// What we say of ourselves, whatever views say.
    pub own_store: Arc<Store>,
    /// Families of the store.
    pub exposition: Arc<Exposition<Arc<Store>>>,
    /// Spans.
    pub traces: Arc<Traces>,
    /// Where requests end.
    pub ingest: Arc<Ingest>,
    /// The sessions of components that take plans.
    pub control: Arc<Control>,
    /// Views in force.
    pub views: Arc<ArcSwap<Loaded>>,
    /// Told whenever other views come into force.
    pub views_changed: Arc<Notify>,
    /// The status of every view, as last decided.
    pub statuses: Arc<ArcSwap<BTreeMap<ObjectId, ViewStatus>>>,
    /// Our own telemetry.
    pub own: Arc<Own>,
    /// What was counted here.
    pub numbers: Arc<Numbers>,
    /// What instruments cost over time.
    pub observer: Observer,
    /// Looks at series that readers of the page share.
    pub screens: Screens,
    /// Whether the views are known.
    pub is_ready: AtomicBool,
}

impl Engine {
    /// Builds everything; nothing runs yet.
    ///
    /// # Errors
    /// Every trace back end that cannot be one, and a certificate that cannot be served.
    pub fn new(config: Config, clock: Clock) -> Result<Self, Vec<Fault>> {
        let certificates = config.tls.as_ref().map(|files| Certificates::open(files, clock)).transpose();
        let (targets, certificates) = match (targets(&config), certificates) {
            (Ok(targets), Ok(certificates)) => (targets, certificates.map(Arc::new)),
            (targets, certificates) => {
                return Err(targets.err().into_iter().chain(certificates.err()).flatten().collect());
            }
        };
        let budget = budget(&config);
        let traces = Arc::new(Traces::within(targets, config.heap_bytes, budget.clone()));
        let store = store(config.max_series, config.expire_after).within(budget.clone());
        let store = config.sender_max_series.into_iter().fold(store, Store::sharing);
        let store = if config.translation_strategy.escapes() { store } else { store.keeping_names() };
        let store = Arc::new(if config.scope_labels { store } else { store.joining_scopes() });
        let own_store = store_of_ourselves();
        let control = Control::new(control::Settings {
            now: Arc::new(move || (clock.mono(), clock.view_wall())),
            random: Arc::new(surroundings::random),
            speed: clock.speed(),
            expire_after: config.expire_after,
        });
        control.narrow(config.heap_bytes / limits::TRACE_QUEUE_SHARE);
        let ingest = Arc::new(Ingest { exported: exported(&control), ..ingest(&config, clock, (&store, &traces), budget) });
        let exposition = Arc::new(Exposition::new(Arc::clone(&store), options(&config)));
        let numbers = Arc::new(Numbers {
            conflicts: Watched::new(Arc::clone(&exposition)),
            store: Arc::clone(&store),
            traces: Arc::clone(&traces),
            ingest: Arc::clone(&ingest),
            control: Arc::clone(&control),
            views: Arc::new(ArcSwap::default()),
            insecure: config.insecure_listeners(),
            certificates,
            connections: Arc::default(),
            access: OnceLock::new(),
            readers_refused: Arc::default(),
            exported: AtomicU64::new(0),
            omitted: Default::default(),
            scrapes_refused: AtomicU64::new(0),
            scrapes_broken: AtomicU64::new(0),
            clock,
            views_read_at: AtomicU64::new(0),
            statuses: Arc::default(),
            looked: ArcSwap::default(),
            pushes: Pushes::default(),
            cluster: OnceLock::new(),
        });
        let own = Arc::new(own(clock, &store, &own_store, &traces, &numbers));
        let (views, is_ready) = (Arc::clone(&numbers.views), AtomicBool::new(false));
        let (views_changed, statuses) = (Arc::default(), Arc::clone(&numbers.statuses));
        let (observer, screens) = Default::default();
        Ok(Self {
            config,
            clock,
            store,
            own_store,
            exposition,
            traces,
            ingest,
            control,
            views,
            observer,
            screens,
            views_changed,
            statuses,
            own,
            numbers,
            is_ready,
        })
    }

    /// What became of the plans of components.
    #[must_use]
    pub fn sync_state(&self) -> Arc<SyncState> {
        self.control.snapshot()
    }

    /// `/metrics`.
    #[must_use]
    pub fn read_side(&self) -> ReadSide {
        let (exposition, numbers, own) = (Arc::clone(&self.exposition), Arc::clone(&self.numbers), Arc::clone(&self.own));
        let counted = Arc::clone(&numbers);
        self.side(
            Arc::new(move |agreed, names| chunks(&exposition, agreed, &names, Some(Arc::clone(&numbers)))),
            Arc::new(move |scraped| {
                match scraped.outcome {
                    Outcome::Refused => drop(counted.scrapes_refused.fetch_add(1, Ordering::Relaxed)),
                    Outcome::Broken => drop(counted.scrapes_broken.fetch_add(1, Ordering::Relaxed)),
                    Outcome::Complete | Outcome::Cancelled | Outcome::TooLate => {}
                }
                if scraped.outcome != Outcome::Refused {
                    own.scraped(scraped.duration, scraped.bytes);
                }
            }),
        )
    }

    /// `/metrics/self`: fresh, and not touched by views.
    #[must_use]
    pub fn own_side(&self) -> ReadSide {
        let options = ExposeOptions { promote: Vec::new(), ..options(&self.config) };
        let exposition = Arc::new(Exposition::new(Arc::clone(&self.own_store), options));
        let own = Arc::clone(&self.own);
        let open = move |agreed, names: Vec<String>| {
            own.push();
            chunks(&exposition, agreed, &names, None)
        };
        self.side(Arc::new(open), Arc::new(|_: &Scraped| {}))
    }

    fn side(&self, open: crate::expose::Open, done: crate::expose::Done) -> ReadSide {
        let clock = self.clock;
        let (now, budget): (Now, _) = (Arc::new(move || clock.mono()), Arc::clone(&self.ingest.budget));
        let has_room = Arc::new(move |bytes| budget.has_room(bytes));
        let shares = Arc::new(Shares::new((open, Arc::clone(&now), has_room), limits::SCRAPES_MAX));
        ReadSide { shares, now, done }
    }
}

/// The chunks of one scrape; its series are counted at the end, where somebody counts.
fn chunks(
    exposition: &Arc<Exposition<Arc<Store>>>,
    agreed: Negotiated,
    names: &[String],
    numbers: Option<Arc<Numbers>>,
) -> NextChunk {
    let (mut scrape, is_whole) = (exposition.scrape(agreed, names), names.is_empty());
    Box::new(move |out| {
        let more = scrape.next_chunk(out);
        if let Some(numbers) = numbers.as_ref().filter(|_| !more) {
            numbers.scraped(scrape.stats());
            if is_whole {
                numbers.conflicts.duplicates.store(scrape.stats().duplicates, Ordering::Relaxed);
            }
        }
        more
    })
}

fn targets(config: &Config) -> Result<Vec<Target>, Vec<Fault>> {
    let (mut targets, mut faults) = (Vec::new(), Vec::new());
    for url in &config.traces_to {
        match Target::parse(url) {
            Ok(target) => targets.push(target),
            Err(error) => {
                let place = Place::Setting("--traces-to".into());
                let what = format!("{url}: {error}"); // without a password: the configuration refuses those
                faults.push(Fault::new(Code::BadSetting, place, &["traces-to", "--traces-to", &what]));
            }
        }
    }
    if faults.is_empty() { Ok(targets) } else { Err(faults) }
}

fn store(series_max: usize, expire_after: Duration) -> Store {
    Store::new(StoreConfig { series_max, expire_after, seeds: [surroundings::random(), surroundings::random()] })
}

/// It never expires: it is pushed to in this very process.
fn store_of_ourselves() -> Arc<Store> {
    Arc::new(store(limits::OWN_SERIES_MAX, Duration::MAX))
}

fn options(config: &Config) -> ExposeOptions {
    ExposeOptions {
        strategy: config.translation_strategy,
        scope_labels: config.scope_labels,
        ratio_suffix: config.ratio_suffix,
        instance_fallback: config.instance_fallback,
        promote: config.promote_resource_attributes.clone(),
    }
}

/// The memory that everything shares.
fn budget(config: &Config) -> Arc<Budget> {
    let sizes = Sizes { heap: config.heap_bytes, flight: config.heap_bytes / limits::FLIGHT_SHARE };
    Budget::new(sizes, memory::allocated, surroundings::random())
}

fn ingest(config: &Config, clock: Clock, (store, traces): (&Arc<Store>, &Arc<Traces>), budget: Arc<Budget>) -> Ingest {
    let (store, traces) = (Arc::clone(store), Arc::clone(traces));
    Ingest {
        metrics: Arc::new(move |body, by| store.ingest_from(body, by, clock.mono(), clock.wall())),
        traces: Arc::new(move |body, by| traces.ingest_from(body, by, clock.mono())),
        exported: Arc::new(|_, _, _| {}),
        budget,
        body_bytes_max: config.max_body,
        body_time_max: Duration::from_millis(limits::BODY_MS_MAX),
        stats: Stats::default(),
        paced: config.senders.as_ref().and_then(|access| Quotas::new(access.rates)).map(|quotas| paced(quotas, clock)),
        told: Told::default(),
    }
}

fn paced(quotas: Quotas, clock: Clock) -> Paced {
    Paced { quotas, now: Arc::new(move || clock.mono()) }
}

/// Whoever keeps the sessions hears which plan shaped an export.
fn exported(control: &Arc<Control>) -> Exported {
    let control = Arc::clone(control);
    Arc::new(move |plan, sender, by| control.exported(plan, sender, by))
}

/// Our own metrics go where everyone's go, and beside it; our spans go where everyone's go.
fn own(clock: Clock, store: &Arc<Store>, own_store: &Arc<Store>, traces: &Arc<Traces>, numbers: &Arc<Numbers>) -> Own {
    let (store, own_store, traces) = (Arc::clone(store), Arc::clone(own_store), Arc::clone(traces));
    let sink = move |signal, body: Bytes| {
        let taken = match signal {
            transport::Signal::Metrics => {
                let both = [&own_store, &store].map(|store| store.ingest(&body, clock.mono(), clock.wall()));
                both.into_iter().collect::<Result<Vec<_>, _>>().map(|_| ())
            }
            transport::Signal::Traces => traces.ingest(&body, clock.mono()).map(|_| ()),
        };
        if let Err(error) = taken {
            tracing::error!(%error, "our own telemetry is not OTLP");
        }
    };
    let numbers = Arc::clone(numbers);
    let now = move || UNIX_EPOCH + Duration::from_nanos(clock.wall().0);
    Own::new(&surroundings::host_name(), now, move || numbers.snapshot(), Arc::new(sink))
}

/// The views in force, as last read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What they come to.
    pub views: Arc<ViewSet>,
    /// Mistakes in them.
    pub faults: Vec<Fault>,
    /// Every object that was found, good or not.
    pub objects: Vec<Object>,
}

/// One object, from a file or from a cluster.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// Which object; `None` when that cannot be told.
    pub id: Option<ObjectId>,
    /// The file it stands in; empty in a cluster.
    pub file: String,
    /// Whether what it says now is in force.
    pub accepted: bool,
    /// Whether an older good version is in force instead.
    pub kept: bool,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// As it stands, metadata and spec.
    pub document: Arc<serde_json::Value>,
    /// What only an API server knows of it.
    pub origin: Origin,
    /// The status it showed when it was read.
    pub status: Option<ViewStatus>,
}

impl Object {
    /// Whether it is a view, good or not.
    #[must_use]
    pub fn is_view(&self) -> bool {
        self.id.as_ref().is_none_or(|id| id.kind != spec::CATALOG)
    }
}
