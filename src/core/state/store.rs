//! The store's face: ingest a request, swap views, expire, visit. One lock per component.
//! Knows how its parts meet, not what they do.

use super::{
    component::{Component, Shared, plan_of},
    costs,
    counts::{Counters, Counts, Stats},
    directory::{Directory, Locked},
    expiry,
    identity::Identity,
    labels::Interner,
    looks,
    observe::{AttributeCost, ObservedComponent, Which},
    owners,
    room::{Boundless, Room},
    session::Session,
    share::Shares,
    stream::{Budget, Caps},
    visit::{Series, Stream, StreamId},
};
use crate::{
    decode::{DecodeError, metrics},
    limits,
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::Instrument,
        reject::Tally,
        speaker::Speaker,
        workloads::Workloads,
    },
    view::plan::{Keys, RuleRef, ViewSet},
};
use parking_lot::Mutex;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

/// What the store is told once.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Series in all (`--max-series`).
    pub series_max: usize,
    /// Idle resources end after this (`--expire-after`).
    pub expire_after: Duration,
    /// Seeds of the identity hash, random per process.
    pub seeds: [u64; 2],
}

/// The state of everything that was pushed.
#[derive(Debug)]
pub struct Store {
    shared: Shared,
    directory: Directory,
    expire_after: Duration,
    /// One swap of views or workloads at a time; held across the whole swap, never by ingest or scrapes.
    swap: Mutex<()>,
}

/// A component in numbers, for the status page and the JSON API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentSummary {
    /// Who it is.
    pub key: ComponentKey,
    /// Resources that sent and did not expire.
    pub instances: usize,
    /// Metrics known, those that are off included.
    pub streams: usize,
    /// Series held.
    pub series: usize,
    /// Points received since it came.
    pub received: u64,
    /// Points that views suppressed since it came.
    pub suppressed: u64,
    /// When it last pushed.
    pub last_push: Mono,
    /// Hash of the plan it obeys.
    pub plan_hash: [u8; 16],
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(config: StoreConfig) -> Self {
        let caps = Caps {
            series_per_metric: limits::SERIES_PER_METRIC_MAX,
            series_per_component: limits::SERIES_PER_COMPONENT_MAX,
            label_bytes_per_component: limits::LABEL_BYTES_PER_COMPONENT_MAX,
            tombstones: limits::TOMBSTONES_MAX,
            streams_per_resource: limits::METRICS_PER_RESOURCE_MAX,
            resources_per_component: limits::RESOURCES_PER_COMPONENT_MAX,
            components: limits::COMPONENTS_MAX,
        };
        Self::with_caps(config, caps)
    }

    /// For translation strategies that keep every character: a name of which underscores leave nothing is legal then
    /// (NM-05). An empty one never is.
    #[must_use]
    pub fn keeping_names(mut self) -> Self {
        self.shared.escapes_names = false;
        self
    }

    /// For expositions without scope labels: one metric of several scopes is exposed as one, whose total must not dip (SC-03).
    #[must_use]
    pub fn joining_scopes(mut self) -> Self {
        self.shared.joins_scopes = true;
        self
    }

    /// Lets no sender that was proven have begun more series than this.
    #[must_use]
    pub fn sharing(mut self, series_per_sender: usize) -> Self {
        self.shared.shares = Shares::of_at_most(series_per_sender);
        self
    }

    /// Takes memory for what is new only where somebody lends it.
    #[must_use]
    pub fn within(mut self, room: Arc<dyn Room>) -> Self {
        self.shared.room = room;
        self
    }

    /// A store with caps of its own: tests cannot fill those of `limits.rs`.
    pub(crate) fn with_caps(config: StoreConfig, caps: Caps) -> Self {
        let StoreConfig { series_max, expire_after, seeds } = config;
        let shared = Shared {
            identity: Identity::new(seeds),
            budget: Budget::new(series_max),
            room: Arc::new(Boundless),
            caps,
            shares: Shares::default(),
            counters: Counters::default(),
            epoch: 1.into(),
            generation: 1.into(),
            requests: 0.into(),
            escapes_names: true,
            joins_scopes: false,
            views: Default::default(),
            workloads: Default::default(),
            suppressed: Mutex::default(),
            limited: Mutex::default(),
        };
        Self { shared, directory: Directory::default(), expire_after, swap: Mutex::new(()) }
    }

    /// Takes one `ExportMetricsServiceRequest` in protobuf.
    ///
    /// # Errors
    /// When the frame does not parse: then nothing was applied.
    pub fn ingest(&self, body: &[u8], now: Mono, wall: Wall) -> Result<Tally, DecodeError> {
        self.ingest_from(body, None, now, wall)
    }

    /// The same of somebody who has proved who they are: what their resources claim besides is not taken.
    ///
    /// # Errors
    /// When the frame does not parse: then nothing was applied.
    pub fn ingest_from(&self, body: &[u8], speaker: Option<&Speaker>, now: Mono, wall: Wall) -> Result<Tally, DecodeError> {
        metrics::check(body)?;
        let mut session = self.session(now, wall).by(speaker);
        metrics::walk(body, &mut session);
        Ok(session.finish())
    }

    /// A request that someone else walks.
    pub(crate) fn session(&self, now: Mono, wall: Wall) -> Session<'_> {
        Session::new(&self.shared, &self.directory, now, wall)
    }

    /// Swaps the views; streams whose decision stays the same are not touched. Holds a component's lock for one stream
    /// at a time. To be called again when [`ViewSet::next_expiry`] passes.
    pub fn set_views(&self, views: Arc<ViewSet>, now: Wall) {
        let _swap = self.swap.lock();
        *self.shared.views.write() = views;
        for component in self.directory.all() {
            let key = component.lock().key.clone();
            let plan = plan_of(&self.shared, &key, now);
            {
                let mut component = component.lock();
                if component.plan.hash() == plan.hash() {
                    continue;
                }
                component.adopt(plan);
            }
            self.decide_all(&component);
        }
    }

    /// Asks the component's new plan for each of its streams. Streams that come meanwhile ask it on their own.
    fn decide_all(&self, component: &Locked) {
        let places = places(&component.lock());
        let mut counts = Counts::default();
        for (resource, stream, generation) in places {
            let mut component = component.lock();
            let place = component.resources.get_mut(resource).and_then(Option::as_mut).and_then(|r| r.streams.get_mut(stream));
            let Some(mut taken) = place.and_then(|place| place.take_if(|s| s.generation == generation)) else { continue };
            let remains = component.decide(&self.shared, &mut taken, &mut counts);
            if let Some(resource) = component.resources.get_mut(resource).and_then(Option::as_mut) {
                resource.streams[stream] = Some(taken);
            }
            drop(component); // what a stream held goes when others can pass
            drop(remains);
        }
        self.shared.counters.add(&counts);
    }

    /// Swaps the table of who owns which pod. A resource whose pod has another owner than before moves with its next push:
    /// its series end there and begin anew in the component of that owner, in the same request. All others are not
    /// touched; one whose pod is no longer in the table stays where it is. Looks at every resource when the table
    /// differs, in slices.
    pub fn set_workloads(&self, workloads: Arc<Workloads>) {
        let _swap = self.swap.lock();
        owners::swap(&self.shared, &self.directory, workloads);
    }

    /// Ends what fell silent. Runs on its own tick.
    pub fn expire(&self, now: Mono) {
        for component in self.directory.all() {
            expiry::expire(&self.shared, &self.directory, &mut component.lock(), now, self.expire_after);
        }
    }

    /// Changes whenever [`Store::streams`] would answer differently, series counts apart, and when ids of [`super::visit::Labels`]
    /// were given up.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch.load(Relaxed)
    }

    /// Every stream that is on and has series, in no particular order.
    #[must_use]
    pub fn streams(&self) -> Vec<Stream> {
        let mut streams = Vec::new();
        for component in self.directory.all() {
            let component = component.lock();
            for (r, resource) in (0..).zip(&component.resources) {
                let Some(resource) = resource else { continue };
                for (s, stream) in (0..).zip(&resource.streams) {
                    let listed = stream.as_ref().filter(|stream| stream.has_series() || stream.remembers());
                    let Some(stream) = listed else { continue };
                    streams.push(Stream {
                        id: StreamId { component: component.id, resource: r, stream: s, generation: stream.generation },
                        resource: Arc::clone(&resource.info),
                        resource_time: resource.first_time,
                        scope: Arc::clone(&stream.scope),
                        metric: Arc::clone(&stream.metric),
                        series: stream.exposed(),
                    });
                }
            }
        }
        streams
    }

    /// Shows up to `max` series of a stream to `f`, in the stream's fixed order (bytes of original keys and label text,
    /// entry by entry). `from` is 0 at the beginning, then what the call before returned: series that come and go
    /// between two calls neither repeat nor hide others, unless slots were numbered anew between: then it begins again,
    /// and whoever asks skips what it has seen. Holds the component's lock for the call only.
    /// Returns where to go on, or `None` at the end.
    pub fn visit(&self, id: StreamId, from: usize, max: usize, f: &mut dyn FnMut(&Series<'_>)) -> Option<usize> {
        let component = self.directory.at(id.component)?;
        let mut component = component.lock();
        let Component { resources, interner: Interner { labels, .. }, .. } = &mut *component;
        let resource = resources.get_mut(id.resource as usize)?.as_mut()?;
        let stream = resource.streams.get_mut(id.stream as usize)?.as_mut()?;
        if stream.generation != id.generation || !stream.decision.on {
            return None;
        }
        stream.show(labels, (from, max), f)
    }

    /// Shows what a stream remembers of series that nobody sees any more: a stream of another scope goes on from it. Holds
    /// the component's lock meanwhile; a cap bounds how many there are.
    pub fn visit_remembered(&self, id: StreamId, f: &mut dyn FnMut(&Series<'_>)) {
        let Some(component) = self.directory.at(id.component) else { return };
        let mut component = component.lock();
        let Component { resources, interner: Interner { labels, .. }, .. } = &mut *component;
        let resource = resources.get_mut(id.resource as usize).and_then(Option::as_mut);
        let stream = resource.and_then(|resource| resource.streams.get_mut(id.stream as usize)).and_then(Option::as_mut);
        if let Some(stream) = stream.filter(|stream| stream.generation == id.generation) {
            stream.show_remembered(labels, f);
        }
    }

    /// Points that views suppressed, by rule, since the store began.
    #[must_use]
    pub fn suppressed(&self) -> Vec<(Arc<RuleRef>, u64)> {
        self.shared.suppressed.lock().iter().map(|(rule, n)| (Arc::clone(rule), n.load(Relaxed))).collect()
    }

    /// Points that went to overflow series since the store began, by name of the metric.
    #[must_use]
    pub fn limited(&self) -> Vec<(String, u64)> {
        self.shared.limited.lock().iter().map(|(metric, points)| (metric.to_string(), *points)).collect()
    }

    /// Every component, ordered by key.
    #[must_use]
    pub fn components(&self) -> Vec<ComponentSummary> {
        let mut summaries: Vec<ComponentSummary> = self.directory.all().iter().map(|c| summary(&c.lock())).collect();
        summaries.sort_by(|a, b| a.key.cmp(&b.key));
        summaries
    }

    /// What was observed of every component, ordered by key. Walks every stream, in slices, and no series.
    #[must_use]
    pub fn observe(&self) -> Vec<ObservedComponent> {
        looks::observe(&self.directory)
    }

    /// How many attribute sets of an instrument are left when only these keys stay: counted for each instance, added up.
    /// `None` when there is no such component or instrument, or when it is off or no request came since it is on: then
    /// its sets are not known. Sets that a limit did not admit count as one. Walks every series of it, in slices.
    #[must_use]
    pub fn distinct(&self, component: &ComponentKey, instrument: &Instrument, keys: &Keys) -> Option<u64> {
        costs::distinct(&self.shared.identity, &self.directory.get(component)?, instrument, keys)
    }

    /// What each attribute of an instrument costs, the greatest saving first; empty where [`Store::distinct`] knows
    /// nothing. At most [`limits::ATTRIBUTES_LOOKED_MAX`] attributes of series are looked at: beyond that `values` are
    /// those that were seen, and `without` is scaled up from them, which understates a saving rather than overstates it.
    #[must_use]
    pub fn attributes(&self, component: &ComponentKey, which: Which<'_>) -> Vec<AttributeCost> {
        let component = self.directory.get(component);
        component.map_or_else(Vec::new, |component| costs::attributes(&self.shared.identity, &component, which))
    }

    /// The store in numbers. Walks every stream, a component at a time.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.shared.counters.stats();
        stats.series = self.shared.budget.used() as u64;
        for component in self.directory.all() {
            let component = component.lock();
            stats.components += 1;
            let mut bytes = component.interner.bytes();
            for resource in component.resources.iter().flatten() {
                stats.resources += 1;
                bytes += size_of_val(resource) + resource.bytes();
                for stream in resource.streams.iter().flatten() {
                    stats.streams += 1;
                    stats.aliases += stream.aliases() as u64;
                    bytes += stream.bytes();
                }
            }
            stats.memory_bytes += bytes as u64;
        }
        stats
    }
}

/// Where each stream of a component is.
fn places(component: &Component) -> Vec<(usize, usize, u32)> {
    let resources = component.resources.iter().enumerate().filter_map(|(r, resource)| Some((r, resource.as_ref()?)));
    resources
        .flat_map(|(r, resource)| {
            let streams = resource.streams.iter().enumerate();
            streams.filter_map(move |(s, stream)| Some((r, s, stream.as_ref()?.generation)))
        })
        .collect()
}

fn summary(component: &Component) -> ComponentSummary {
    let resources = || component.resources.iter().flatten();
    ComponentSummary {
        key: component.key.clone(),
        instances: resources().count(),
        streams: resources().map(|resource| resource.streams.iter().flatten().count()).sum(),
        series: component.series,
        received: component.received,
        suppressed: component.suppressed,
        last_push: component.last_push,
        plan_hash: component.plan.hash(),
    }
}
