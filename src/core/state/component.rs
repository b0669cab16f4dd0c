//! Everything one component sent: its resources, their streams, and the attributes they share. One lock guards it.
//! Knows the plan's decisions, not how they came about.

use super::{
    counts::{Counters, Counts, Limit},
    identity::{Id128, Identity},
    labels::{Interner, id_of},
    room::{Promise, Room},
    share::{Share, Shares},
    stream::{Around, Budget, Caps, Remains, Stream},
    visit::{ResourceInfo, ScopeInfo},
};
use crate::{
    decode::Data,
    limits::{ALIASES_PER_SERIES_MAX, DECISIONS_REMEMBERED_MAX, LIMITED_METRICS_MAX, SUPPRESSED_RULES_MAX, TEXT_BYTES_MAX},
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::Instrument,
        reject::Reason,
        speaker::{Forged, Speaker},
        workloads::Workloads,
    },
    view::plan::{Decision, Plan, RuleRef, ViewSet},
    wire::{
        attributes::{Attribute, ValueType, read_attributes},
        read::{Reader, Wire, key},
    },
};
use hashbrown::HashTable;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

/// What a new resource, scope or metric takes beside its texts: its places in tables, which may grow.
pub(crate) const RESOURCE_BYTES: usize = 4_096;

/// What all components share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) budget: Budget,
    /// Memory for what is new.
    pub(crate) room: Arc<dyn Room>,
    pub(crate) caps: Caps,
    /// What each sender may have of all series.
    pub(crate) shares: Shares,
    pub(crate) counters: Counters,
    /// Moves when the list of streams would read differently.
    pub(crate) epoch: AtomicU64,
    pub(crate) generation: AtomicU32,
    /// Numbers requests, so that a stream knows when the next one begins.
    pub(crate) requests: AtomicU64,
    /// Names become letters, digits, colons and underscores, so that each needs one that is no underscore.
    pub(crate) escapes_names: bool,
    /// Scopes give no labels: one metric of several scopes is exposed as one, whose total must not dip.
    pub(crate) joins_scopes: bool,
    /// Views in force.
    pub(crate) views: RwLock<Arc<ViewSet>>,
    /// Who owns which pod.
    pub(crate) workloads: RwLock<Arc<Workloads>>,
    /// Suppressed points by rule; a rule's count outlives its streams.
    pub(crate) suppressed: Mutex<BTreeMap<Arc<RuleRef>, Arc<AtomicU64>>>,
    /// Points that went to overflow series, by name of the metric.
    pub(crate) limited: Mutex<BTreeMap<Box<str>, u64>>,
}

impl Shared {
    pub(crate) fn next_generation(&self) -> u32 {
        self.generation.fetch_add(1, Relaxed)
    }

    /// Memory for something new that is no series: a component, a resource, a scope, a metric, its description.
    pub(crate) fn take_room(&self, bytes: usize) -> Result<Promise<'_>, Reason> {
        let promise = Promise::of(&*self.room, bytes.saturating_add(self.budget.scrape_bytes()));
        if promise.is_none() {
            self.counters.limit(Limit::Memory);
        }
        promise.ok_or(Reason::MemoryLimit)
    }

    pub(crate) fn move_epoch(&self) {
        self.epoch.fetch_add(1, Relaxed);
    }

    fn suppressor(&self, decision: &Decision) -> Option<Arc<AtomicU64>> {
        let rule = decision.by.as_ref().filter(|_| !decision.on)?;
        let mut suppressed = self.suppressed.lock();
        // Views come and go under new names for as long as the process lives: past the cap nobody counts for one.
        let has_room = suppressed.len() < SUPPRESSED_RULES_MAX || suppressed.contains_key(rule);
        has_room.then(|| suppressed.entry(Arc::clone(rule)).or_default().clone())
    }

    /// Counts points that went to the overflow series of a metric. Past the cap of names only the sum is kept.
    pub(crate) fn count_limited(&self, metric: &str, points: u64) {
        let mut limited = self.limited.lock();
        if limited.len() < LIMITED_METRICS_MAX || limited.contains_key(metric) {
            let slot = limited.entry(metric.into()).or_default();
            *slot = slot.saturating_add(points);
        }
    }
}

/// A process that sends, and its metrics.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) generation: u32,
    pub(crate) info: Arc<ResourceInfo>,
    pub(crate) identity: Id128,
    /// The spellings by which the directory finds it.
    pub(crate) spellings: Vec<Id128>,
    pub(crate) first_push: Mono,
    pub(crate) last_push: Mono,
    /// Requests that are under way in it: it must not go meanwhile.
    pub(crate) sessions: u32,
    /// It belongs to another component by now: its next push takes it there.
    pub(crate) moves: bool,
    /// Time of the first point; 0 until it came.
    pub(crate) first_time: u64,
    /// What whoever began it may have of all series.
    pub(crate) share: Option<Arc<Share>>,
    pub(crate) streams: Vec<Option<Box<Stream>>>,
    /// No place of `streams` is free before this one.
    pub(crate) taken: usize,
    /// Streams by identity, with their identity.
    pub(crate) by_identity: HashTable<(Id128, u32)>,
    /// One stream of each metric, whatever its scope, where scopes are joined.
    pub(crate) by_metric: BTreeMap<Id128, u32>,
}

/// One component.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) key: ComponentKey,
    /// Its place in the directory.
    pub(crate) id: u32,
    /// The directory forgot it: whoever still holds it looks again.
    pub(crate) gone: bool,
    pub(crate) interner: Interner,
    pub(crate) resources: Vec<Option<Resource>>,
    pub(crate) by_identity: BTreeMap<Id128, u32>,
    /// No place of `resources` is free before this one.
    pub(crate) taken: usize,
    pub(crate) scopes: Scopes,
    pub(crate) plan: Plan,
    /// What the plan says of instruments, until the next tick or plan: all instances have the same ones, and to ask the
    /// plan may mean to try every rule.
    decisions: BTreeMap<Instrument, Decision>,
    pub(crate) series: usize,
    pub(crate) received: u64,
    pub(crate) suppressed: u64,
    pub(crate) last_push: Mono,
    /// Series removed since attributes were swept.
    pub(crate) removed: usize,
}

/// The scopes of a component.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    by_spelling: BTreeMap<Id128, (u32, Arc<ScopeInfo>)>,
    /// Each scope with its number and how many spellings are remembered.
    by_value: BTreeMap<Arc<ScopeInfo>, (u32, usize)>,
}

impl Component {
    pub(crate) fn new(key: ComponentKey, id: u32, plan: Plan) -> Self {
        Self {
            key,
            id,
            gone: false,
            interner: Interner::default(),
            resources: Vec::new(),
            by_identity: BTreeMap::new(),
            taken: 0,
            scopes: Scopes::default(),
            plan,
            decisions: BTreeMap::new(),
            series: 0,
            received: 0,
            suppressed: 0,
            last_push: Mono::default(),
            removed: 0,
        }
    }

    /// The resource at a place, if it is still the one that was meant.
    pub(crate) fn resource(&mut self, index: u32, generation: u32) -> Option<&mut Resource> {
        let resource = self.resources.get_mut(index as usize)?.as_mut()?;
        (resource.generation == generation).then_some(resource)
    }

    /// Finds the resource of these attributes, or makes it. Its place.
    pub(crate) fn enter(
        &mut self,
        shared: &Shared,
        identity: Id128,
        info: &Arc<ResourceInfo>,
        (now, speaker): (Mono, Option<&Speaker>),
    ) -> Result<u32, Reason> {
        if let Some(index) = self.by_identity.get(&identity) {
            return Ok(*index);
        }
        if self.by_identity.len() >= shared.caps.resources_per_component {
            return Err(Reason::StreamLimit);
        }
        let _promise = shared.take_room(info.bytes() + RESOURCE_BYTES)?;
        let resource = Resource {
            generation: shared.next_generation(),
            info: Arc::clone(info),
            identity,
            spellings: Vec::new(),
            first_push: now,
            last_push: now,
            sessions: 0,
            moves: false,
            first_time: 0,
            share: shared.shares.of(speaker),
            streams: Vec::new(),
            taken: 0,
            by_identity: HashTable::new(),
            by_metric: BTreeMap::new(),
        };
        let index = free_place(&mut self.resources, &mut self.taken);
        self.resources[index as usize] = Some(resource);
        self.by_identity.insert(identity, index);
        Ok(index)
    }

    /// Takes over another plan; its streams go on by the old one until each is decided again.
    pub(crate) fn adopt(&mut self, plan: Plan) {
        self.plan = plan;
        self.decisions.clear();
    }

    /// Asks the plan itself again from now on, so that what is gone is not remembered for ever.
    pub(crate) fn forget_decisions(&mut self) {
        self.decisions = BTreeMap::new();
    }

    fn decision(&mut self, instrument: &Instrument) -> Decision {
        if let Some(known) = self.decisions.get(instrument) {
            return known.clone();
        }
        let decision = self.plan.decide(instrument);
        if self.decisions.len() < DECISIONS_REMEMBERED_MAX {
            self.decisions.insert(instrument.clone(), decision.clone());
        }
        decision
    }

    /// Asks the plan again for one stream and obeys. A stream whose decision stays the same is not touched. Returns what
    /// a stream held that is now off.
    pub(crate) fn decide(&mut self, shared: &Shared, stream: &mut Stream, counts: &mut Counts) -> Option<Remains> {
        let decision = self.decision(&stream.metric.instrument);
        if decision == stream.decision {
            return None;
        }
        let was = std::mem::replace(&mut stream.decision, decision);
        stream.suppressor = shared.suppressor(&stream.decision);
        if stream.metric.rename != stream.decision.rename {
            let mut metric = (*stream.metric).clone();
            metric.rename.clone_from(&stream.decision.rename);
            stream.metric = Arc::new(metric);
            shared.move_epoch();
        }
        let mut remains = None;
        if !stream.decision.on {
            self.removed += stream.table.len();
            remains = Some(stream.clear(&shared.budget, &mut self.series));
        }
        // Off forgot the groups as well, and only gauges have different ways to become one.
        let same_collapse = was.collapse == stream.decision.collapse || !matches!(stream.data, Data::Gauge);
        let same_shape = was.on && was.keys == stream.decision.keys && same_collapse;
        let same_limit = was.limit == stream.decision.limit;
        let mut around = self.around(shared, counts, Mono::default(), 0);
        if stream.decision.on && !(same_shape && (same_limit || stream.limit_groups(&around))) {
            stream.reshape(&mut around);
        }
        list(shared, stream);
        remains
    }

    /// Joins a new stream of a resource with those of other scopes that have the same metric: from now on each remembers
    /// what its series added, so that their sum never dips.
    pub(crate) fn join_scopes(&mut self, shared: &Shared, (resource, generation): (u32, u32), stream: (u32, &mut Stream)) {
        let (place, stream) = stream;
        if !shared.joins_scopes || !stream.is_monotonic() {
            return;
        }
        let Some(entered) = self.resource(resource, generation) else { return };
        let known = entered.by_metric.entry(metric_of(&shared.identity, stream)).or_insert(place);
        let sibling = *known;
        let at_sibling = entered.streams.get_mut(sibling as usize);
        let mut taken = at_sibling.and_then(|at| at.take_if(|other| other.is_same_metric(stream)));
        if taken.is_none() {
            *known = place;
            return;
        }
        let mut counts = Counts::default();
        let both = taken.as_deref_mut().into_iter().chain([stream]);
        for stream in both.filter(|stream| !stream.is_joined) {
            stream.is_joined = true;
            stream.reshape(&mut self.around(shared, &mut counts, Mono::default(), 0));
        }
        let place = self.resource(resource, generation).and_then(|entered| entered.streams.get_mut(sibling as usize));
        if let Some(place) = place {
            *place = taken;
        }
    }

    /// What a point needs of the component beside its stream.
    pub(crate) fn around<'a>(&'a mut self, shared: &'a Shared, counts: &'a mut Counts, now: Mono, request: u64) -> Around<'a> {
        Around {
            identity: &shared.identity,
            budget: &shared.budget,
            room: &*shared.room,
            caps: &shared.caps,
            interner: &mut self.interner,
            component_series: &mut self.series,
            removed: &mut self.removed,
            counts,
            now_secs: secs(now),
            request,
        }
    }
}

impl Resource {
    /// Forgets which streams ended, after they left their places. Where scopes are joined, others of their metrics go on.
    pub(crate) fn forget_ended(&mut self, shared: &Shared) {
        self.taken = 0;
        let Self { streams, by_identity, by_metric, .. } = self;
        by_identity.retain(|(_, index)| streams.get(*index as usize).is_some_and(Option::is_some));
        while streams.last().is_some_and(Option::is_none) {
            streams.pop();
        }
        by_identity.shrink_to(by_identity.len(), |(identity, _)| identity[0]);
        let joins = |stream: &Stream| shared.joins_scopes && stream.is_monotonic();
        let left = (0..).zip(streams.iter()).filter_map(|(index, stream)| Some((index, stream.as_deref().filter(|s| joins(s))?)));
        by_metric.clear();
        for (index, stream) in left {
            by_metric.entry(metric_of(&shared.identity, stream)).or_insert(index);
        }
    }

    /// What it holds in memory beside its streams, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.by_identity.allocation_size() + self.by_metric.len() * 2 * size_of::<(Id128, u32)>()
    }
}

/// What streams of one metric have in common, whatever their scope.
fn metric_of(identity: &Identity, stream: &Stream) -> Id128 {
    let instrument = &stream.metric.instrument;
    identity.of_parts(&[instrument.name.as_bytes(), instrument.unit.as_bytes(), instrument.kind.as_str().as_bytes()])
}

/// Moves the epoch when a stream comes into the list or leaves it.
pub(crate) fn list(shared: &Shared, stream: &mut Stream) {
    let listed = [stream.has_series(), stream.remembers()];
    if listed != stream.listed {
        stream.listed = listed;
        shared.move_epoch();
    }
}

/// Seconds of the monotonic clock, one more than passed, so that 0 stays "never".
pub(crate) fn secs(now: Mono) -> u32 {
    u32::try_from(now.0 / crate::model::clock::SECOND).unwrap_or(u32::MAX).saturating_add(1)
}

/// The first free place, made where there is none. None is free before `taken`, which moves on behind it: filling
/// many places looks at each only once, until some are freed and `taken` begins anew.
pub(crate) fn free_place<T>(places: &mut Vec<Option<T>>, taken: &mut usize) -> u32 {
    let free = (*taken..places.len()).find(|index| places[*index].is_none()).unwrap_or(places.len());
    if free == places.len() {
        places.push(None);
    }
    *taken = free + 1;
    id_of(free)
}

impl Scopes {
    /// The number and value of the scope of this spelling, where it was seen before.
    pub(crate) fn find(&self, spelling: Id128) -> Option<(u32, Arc<ScopeInfo>)> {
        self.by_spelling.get(&spelling).cloned()
    }

    /// Adds a scope under a spelling; equal scopes share number and value.
    pub(crate) fn add(&mut self, shared: &Shared, spelling: Id128, scope: ScopeInfo) -> Result<(u32, Arc<ScopeInfo>), Reason> {
        let scope = Arc::new(scope);
        if !self.by_value.contains_key(&scope) {
            if self.by_value.len() >= shared.caps.streams_per_resource {
                return Err(Reason::StreamLimit);
            }
            self.by_value.insert(Arc::clone(&scope), (shared.next_generation(), 0));
        }
        let known = self.by_value.get_key_value(&scope).map(|(scope, (number, _))| (*number, Arc::clone(scope)));
        let known = known.ok_or(Reason::StreamLimit)?;
        if let Some((_, spellings)) = self.by_value.get_mut(&scope)
            && *spellings < ALIASES_PER_SERIES_MAX
        {
            *spellings += 1;
            self.by_spelling.insert(spelling, known.clone());
        }
        Ok(known)
    }

    /// Forgets scopes that no stream has.
    pub(crate) fn sweep(&mut self) {
        let Self { by_spelling, by_value } = self;
        let before = by_value.len();
        by_value.retain(|scope, (_, spellings)| Arc::strong_count(scope) > *spellings + 1);
        if by_value.len() < before {
            by_spelling.retain(|_, (_, scope)| by_value.contains_key(scope));
        }
    }
}

/// Reads a resource: its attributes, the component they name, and the identity they make.
pub(crate) fn read_resource(
    identity: &Identity,
    raw: &[u8],
    workloads: &Workloads,
    speaker: Option<&Speaker>,
) -> Result<(ResourceInfo, Id128, u64), Reason> {
    let (mut attributes, duplicates) = read_attributes(raw, 1)?;
    if let Some(speaker) = speaker {
        let corrections = speaker.correct(|key| find(&attributes, key)).map_err(|Forged(claim)| Reason::Forged(claim))?;
        put(&mut attributes, corrections);
    }
    let component = key_of(&attributes, workloads);
    let types: Vec<u8> = attributes.iter().map(|a| a.value_type as u8).collect();
    let texts = attributes.iter().flat_map(|a| [a.key.as_bytes(), a.text.as_bytes()]);
    let parts: Vec<&[u8]> = std::iter::once(&*types).chain(texts).collect();
    let id = identity.of_parts(&parts);
    Ok((ResourceInfo { attributes, component }, id, duplicates))
}

/// Puts these among sorted attributes, in place of others of their keys.
fn put(attributes: &mut Vec<Attribute>, corrections: Vec<(&'static str, Box<str>)>) {
    for (key, text) in corrections {
        let attribute = Attribute { key: key.into(), value_type: ValueType::String, text };
        match attributes.binary_search_by(|a| (*a.key).cmp(key)) {
            Ok(index) => attributes[index] = attribute,
            Err(index) => attributes.insert(index, attribute),
        }
    }
}

/// The component that these sorted attributes name.
pub(crate) fn key_of(attributes: &[Attribute], workloads: &Workloads) -> ComponentKey {
    ComponentKey::from_resource_in(|key| find(attributes, key), workloads)
}

/// The text of an attribute among sorted ones.
pub(crate) fn find<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a str> {
    let index = attributes.binary_search_by(|a| (*a.key).cmp(key)).ok()?;
    attributes.get(index).map(|a| &*a.text)
}

/// Reads a scope: `name` = 1, `version` = 2, `attributes` = 3.
pub(crate) fn read_scope(raw: &[u8], schema_url: &[u8]) -> Result<ScopeInfo, Reason> {
    const NAME: u32 = key(1, Wire::Len);
    const VERSION: u32 = key(2, Wire::Len);
    let (attributes, _) = read_attributes(raw, 3)?;
    let (mut name, mut version): (&[u8], &[u8]) = (&[], &[]);
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key().map_err(|_| Reason::BadAttributes)? {
        match key {
            NAME => name = reader.bytes().map_err(|_| Reason::BadAttributes)?,
            VERSION => version = reader.bytes().map_err(|_| Reason::BadAttributes)?,
            _ => reader.skip(key).map_err(|_| Reason::BadAttributes)?,
        }
    }
    Ok(ScopeInfo {
        name: text(name)?.into(),
        version: text(version)?.into(),
        schema_url: text(schema_url)?.into(),
        attributes: attributes.into_iter().map(|a| (a.key, a.text)).collect(),
    })
}

/// Bytes as text that is kept and shown.
pub(crate) fn text(raw: &[u8]) -> Result<&str, Reason> {
    if raw.len() > TEXT_BYTES_MAX {
        return Err(Reason::TextTooLong);
    }
    std::str::from_utf8(raw).map_err(|_| Reason::NotUtf8)
}

/// The plan of a component under the views in force.
pub(crate) fn plan_of(shared: &Shared, key: &ComponentKey, now: Wall) -> Plan {
    let views = Arc::clone(&shared.views.read());
    views.plan(key, now)
}
