//! One request on its way into the store: follows resource, scope and metric, holds the component's lock while their
//! points land, and counts what became of each. Parses a head only when its bytes are new.

use super::{
    component::{Component, RESOURCE_BYTES, Resource, Shared, free_place, key_of, list, read_resource, read_scope, text},
    counts::{Counts, Limit},
    directory::{Directory, Place},
    expiry,
    identity::{Id128, Identity},
    owners::has_other_owner,
    stream::{Around, Stream, expected_bytes},
    visit::{MetricInfo, ResourceInfo, ScopeInfo},
};
use crate::{
    decode::{
        Data, MetricsSink, RawExponential, RawHistogram, RawMetric, RawNumber, RawResource, RawScope, RawSummary, Temporality,
        Visit,
    },
    limits::{ALIASES_PER_SERIES_MAX, POINTS_PER_LOCK_MAX, SCOPE_BYTES_MAX, TIME_SKEW_SECS},
    model::{
        clock::{Mono, SECOND, Wall},
        instrument::{Instrument, Kind},
        reject::{Reason, Tally},
        speaker::Speaker,
        workloads::Workloads,
    },
    wire::attributes::read_attributes,
};
use parking_lot::{ArcMutexGuard, Mutex, RawMutex};
use std::sync::{Arc, atomic::Ordering::Relaxed};

/// A request under way.
pub(crate) struct Session<'a> {
    shared: &'a Shared,
    directory: &'a Directory,
    speaker: Option<&'a Speaker>,
    now: Mono,
    wall: Wall,
    request: u64,
    tally: Tally,
    counts: Counts,
    resource: At,
    scope: ScopeAt,
    component: Option<ArcMutexGuard<RawMutex, Component>>,
    place: Place,
    current: Option<(u32, Box<Stream>)>,
    first_time: u64,
    /// The newest time that was kept of the current metric; 0 before there is one.
    newest: u64,
    held: u64,
    /// Of [`Counts::overflow`], what was counted for its metric already.
    limited: u64,
    /// Points of the current metric.
    points: u64,
    /// The identity of the current metric where its stream is new.
    made: Option<Id128>,
}

/// The scope that metrics belong to. Its bytes are kept until a metric comes: only then it is looked up, or read.
#[derive(Default)]
struct ScopeAt {
    spelling: Id128,
    raw: Vec<u8>,
    schema_url: Vec<u8>,
    /// It is larger than any that is kept: why none of its metrics is.
    refused: Option<Reason>,
}

/// The resource that points belong to.
enum At {
    Refused(Reason),
    Read {
        info: Arc<ResourceInfo>,
        workloads: Arc<Workloads>,
        spelling: Id128,
        identity: Id128,
    },
    /// Known, and its component's lock is held.
    Entered,
}

impl<'a> Session<'a> {
    pub(crate) fn new(shared: &'a Shared, directory: &'a Directory, now: Mono, wall: Wall) -> Self {
        Self {
            shared,
            directory,
            speaker: None,
            now,
            wall,
            request: shared.requests.fetch_add(1, Relaxed) + 1,
            tally: Tally::default(),
            counts: Counts::default(),
            resource: At::Refused(Reason::BadAttributes),
            scope: ScopeAt::default(),
            component: None,
            place: Place { component: 0, resource: 0, generation: 0 },
            current: None,
            first_time: u64::MAX,
            newest: 0,
            held: 0,
            limited: 0,
            points: 0,
            made: None,
        }
    }

    /// What is said is said by somebody who has proved who they are.
    pub(crate) const fn by(mut self, speaker: Option<&'a Speaker>) -> Self {
        self.speaker = speaker;
        self
    }

    /// Ends the request: what became of its points.
    pub(crate) fn finish(mut self) -> Tally {
        self.leave_resource();
        self.shared.counters.add(&self.counts);
        let folded = [(Limit::ComponentSeries, "component"), (Limit::MetricSeries, "metric")];
        for (limit, of) in folded {
            let n = self.counts.limits[limit as usize];
            if n > 0 {
                self.tally.remarks.push(format!("{n} points went to otel.metric.overflow: series limit per {of} reached"));
            }
        }
        std::mem::take(&mut self.tally)
    }

    /// Puts the stream of the last metric back where it belongs.
    fn leave_metric(&mut self) {
        let made = self.made.take();
        let (Some((index, mut stream)), Some(component)) = (self.current.take(), &mut self.component) else { return };
        if self.counts.overflow > self.limited {
            let points = self.counts.overflow - self.limited;
            stream.limited += points;
            self.shared.count_limited(&stream.metric.instrument.name, points);
            self.limited = self.counts.overflow;
        }
        stream.limited += stream.folded(&self.shared.identity, &component.interner).min(std::mem::take(&mut self.points));
        let at = (self.place.resource, self.place.generation);
        if let Some(identity) = made {
            if stream.is_barren()
                && let Some(resource) = component.resource(at.0, at.1)
            {
                return forget_stream(self.shared, resource, identity, index);
            }
            component.join_scopes(self.shared, at, (index, &mut *stream)); // it stays
        }
        list(self.shared, &mut stream);
        if let Some(resource) = component.resource(at.0, at.1) {
            if self.first_time < resource.first_time || resource.first_time == 0 {
                resource.first_time = self.first_time;
                self.shared.move_epoch();
            }
            resource.streams[index as usize] = Some(stream);
        }
    }

    /// Counts a metric whose clock is not ours: once, by its newest point, for what it repeats may be as old as it likes.
    fn judge_clock(&mut self) {
        let newest = std::mem::take(&mut self.newest);
        if newest != 0 && newest.abs_diff(self.wall.0) > TIME_SKEW_SECS * SECOND {
            self.counts.limit(Limit::TimeSkew);
        }
    }

    fn leave_resource(&mut self) {
        self.judge_clock();
        self.leave_metric();
        if let Some(component) = &mut self.component
            && let Some(resource) = component.resource(self.place.resource, self.place.generation)
        {
            resource.sessions = resource.sessions.saturating_sub(1);
        }
        self.component = None;
        self.first_time = u64::MAX;
    }

    /// Holds the component's lock with the resource in it: makes both where they are new.
    fn enter_resource(&mut self) -> Result<(), Reason> {
        if self.component.is_some() {
            return Ok(());
        }
        let (mut info, mut workloads, spelling, identity) = match &self.resource {
            At::Refused(reason) => return Err(*reason),
            At::Entered => return Err(Reason::StreamLimit),
            At::Read { info, workloads, spelling, identity } => (Arc::clone(info), Arc::clone(workloads), *spelling, *identity),
        };
        // A component that was forgotten between look-up and lock is made again; nobody can keep winning that race.
        loop {
            let component = self.directory.enter(self.shared, &info.component, self.wall)?;
            let mut guard = Mutex::lock_arc(&component);
            if guard.gone {
                continue;
            }
            // Whoever changes the table looks at every component afterwards: with the same table still there under the
            // lock, none keeps a resource by an old one.
            let current = Arc::clone(&self.shared.workloads.read());
            if !Arc::ptr_eq(&workloads, &current) {
                let component = key_of(&info.attributes, &current);
                let is_other = component != info.component;
                info = Arc::new(ResourceInfo { attributes: info.attributes.clone(), component });
                workloads = current;
                if is_other {
                    continue;
                }
            }
            let index = guard.enter(self.shared, identity, &info, (self.now, self.speaker))?;
            self.place.component = guard.id;
            self.settle(&mut guard, index, spelling);
            self.component = Some(guard);
            return Ok(());
        }
    }

    /// Notes the push, and the spelling where there is room for one more.
    fn settle(&mut self, component: &mut Component, index: u32, spelling: Id128) {
        let (id, now) = (component.id, self.now);
        component.last_push = component.last_push.max(now);
        let Some(resource) = component.resources.get_mut(index as usize).and_then(Option::as_mut) else { return };
        resource.last_push = resource.last_push.max(now);
        resource.sessions += 1;
        self.place = Place { component: id, resource: index, generation: resource.generation };
        self.held = 0;
        if resource.spellings.contains(&spelling) {
            return;
        }
        if resource.spellings.len() <= ALIASES_PER_SERIES_MAX {
            resource.spellings.push(spelling);
            self.directory.remember(spelling, self.place);
        } else {
            self.counts.limit(Limit::Aliases);
        }
    }

    /// The stream of a metric, taken out of its place while its points land.
    fn enter_metric(&mut self, metric: &RawMetric<'_>) -> Result<Visit, Reason> {
        if matches!(
            metric.data,
            Data::Sum { temporality: Temporality::Unspecified, .. }
                | Data::Histogram(Temporality::Unspecified)
                | Data::Exponential(Temporality::Unspecified)
        ) {
            return Err(Reason::NoTemporality);
        }
        let is_kept = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b':';
        if metric.name.is_empty() || (self.shared.escapes_names && !metric.name.iter().any(is_kept)) {
            return Err(Reason::NoName);
        }
        self.enter_resource()?;
        let (number, scope) = self.enter_scope()?;
        let Self { shared, component: Some(component), counts, place, now, request, points, made, .. } = self else {
            return Ok(Visit::Skip);
        };
        component.received += metric.points;
        let data = data_tag(metric.data);
        let identity = shared.identity.of_parts(&[&number.to_le_bytes(), metric.name, metric.unit, &data]);
        let resource = component.resource(place.resource, place.generation).ok_or(Reason::StreamLimit)?;
        let known = resource.by_identity.find(identity[0], |(known, _)| *known == identity).map(|(_, index)| *index);
        let taken = known.and_then(|index| Some((index, resource.streams.get_mut(index as usize)?.take()?)));
        let (index, mut stream) = match taken {
            Some(taken) => taken,
            None => {
                let mut new = new_stream(shared, resource, (identity, scope), metric)?;
                component.decide(shared, &mut new.1, counts);
                *made = Some(identity);
                new
            }
        };
        let metadata = refresh_head(shared, &mut stream, metric);
        stream.begin_push(*now, *request, metric.points);
        *points = metric.points;
        let on = stream.decision.on;
        if let (false, Some(suppressor)) = (on, &stream.suppressor) {
            suppressor.fetch_add(metric.points, Relaxed);
        }
        component.suppressed += if on { 0 } else { metric.points };
        stream.mark_stale();
        self.current = Some((index, stream));
        metadata?;
        if on {
            return Ok(Visit::Points);
        }
        self.tally.suppressed += metric.points;
        Ok(Visit::Skip)
    }

    /// The scope of the metric, with its number in the component.
    fn enter_scope(&mut self) -> Result<(u32, Arc<ScopeInfo>), Reason> {
        let Some(component) = &mut self.component else { return Err(Reason::StreamLimit) };
        let ScopeAt { spelling, raw, schema_url, refused } = &self.scope;
        if let Some(reason) = refused {
            return Err(*reason);
        }
        match component.scopes.find(*spelling) {
            Some(known) => Ok(known),
            None => {
                let _promise = self.shared.take_room(raw.len() + schema_url.len() + RESOURCE_BYTES)?;
                component.scopes.add(self.shared, *spelling, read_scope(raw, schema_url)?)
            }
        }
    }

    /// Lets others pass who wait for this component. Nothing expires meanwhile: all of it was pushed just now.
    #[cold]
    fn pause(&mut self) {
        self.held = 0;
        let index = self.current.as_ref().map(|(index, _)| *index);
        // More of its points follow: it is too early to say that none of them is kept.
        let barren = self.current.as_ref().is_some_and(|(_, stream)| stream.is_barren());
        let made = self.made.take_if(|_| barren);
        self.leave_metric();
        let Some(component) = &mut self.component else { return };
        ArcMutexGuard::bump(component);
        let resource = component.resource(self.place.resource, self.place.generation);
        let place = index.zip(resource).and_then(|(index, resource)| resource.streams.get_mut(index as usize));
        self.current = index.zip(place.and_then(Option::take));
        if let Some((_, stream)) = &mut self.current {
            self.made = made;
            stream.mark_stale(); // a look in between brought its groups up to date, and more points follow
        }
    }

    /// Lands one point of the current metric.
    #[inline]
    fn land(&mut self, time: u64, land: impl FnOnce(&mut Stream, &Shared, &mut Around<'_>) -> Result<(), Reason>) {
        self.held += 1;
        if self.held > POINTS_PER_LOCK_MAX {
            self.pause();
        }
        let (Some((_, stream)), Some(component)) = (&mut self.current, &mut self.component) else {
            return self.tally.reject(Reason::StreamLimit, 1);
        };
        if !stream.decision.on {
            // Switched off in the middle of its points.
            self.tally.suppressed += 1;
            component.suppressed += 1;
            if let Some(suppressor) = &stream.suppressor {
                suppressor.fetch_add(1, Relaxed);
            }
            return;
        }
        let mut around = component.around(self.shared, &mut self.counts, self.now, self.request);
        match land(stream, self.shared, &mut around) {
            Ok(()) => {
                self.first_time = self.first_time.min(time);
                self.newest = self.newest.max(time);
            }
            Err(reason) => self.tally.reject(reason, 1),
        }
    }
}

impl Drop for Session<'_> {
    /// A panic while a point lands must not take the stream along.
    fn drop(&mut self) {
        self.leave_resource();
    }
}

impl MetricsSink for Session<'_> {
    fn resource(&mut self, resource: &RawResource<'_>) {
        self.leave_resource();
        let spelling = spelling(&self.shared.identity, resource, self.speaker);
        if let Some((component, place)) = self.directory.find(spelling) {
            let mut guard = Mutex::lock_arc(&component);
            if !guard.gone
                && let Some(known) = guard.resource(place.resource, place.generation)
                && !(known.moves && known.sessions == 0 && has_other_owner(known, &self.shared.workloads.read()))
            {
                self.resource = At::Entered;
                self.settle(&mut guard, place.resource, spelling);
                self.component = Some(guard);
                return;
            }
            if guard.resource(place.resource, place.generation).is_some() {
                expiry::end(self.shared, self.directory, &mut guard, place.resource); // it moves to another component
            }
        }
        let workloads = Arc::clone(&self.shared.workloads.read());
        self.resource = match read_resource(&self.shared.identity, resource.raw, &workloads, self.speaker) {
            Ok((info, identity, duplicates)) => {
                self.counts.duplicate_keys += duplicates;
                At::Read { info: Arc::new(info), workloads, spelling, identity }
            }
            Err(reason) => At::Refused(reason),
        };
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        self.scope.spelling = self.shared.identity.of_parts(&[scope.schema_url, scope.raw]);
        self.scope.raw.clear();
        self.scope.schema_url.clear();
        self.scope.refused = None;
        if scope.raw.len() + scope.schema_url.len() > SCOPE_BYTES_MAX {
            let reason = read_scope(scope.raw, scope.schema_url).err();
            self.scope.refused = Some(reason.unwrap_or(Reason::TextTooLong));
            return;
        }
        self.scope.raw.extend_from_slice(scope.raw);
        self.scope.schema_url.extend_from_slice(scope.schema_url);
    }

    fn metric(&mut self, metric: &RawMetric<'_>) -> Visit {
        self.judge_clock();
        self.leave_metric();
        if metric.points == 0 {
            return Visit::Skip;
        }
        self.tally.received += metric.points;
        // Metrics count like points, or a request of metrics that are off would keep the lock to its end.
        self.held += 1;
        if self.held > POINTS_PER_LOCK_MAX {
            self.pause();
        }
        self.enter_metric(metric).unwrap_or_else(|reason| {
            if reason == Reason::StreamLimit {
                self.counts.limit(Limit::Streams);
            }
            self.tally.reject(reason, metric.points);
            Visit::Skip
        })
    }

    #[inline]
    fn number(&mut self, point: &RawNumber<'_>) {
        self.land(point.time, |stream, shared, around| stream.number(shared.identity.of(point.attributes), point, around));
    }

    fn histogram(&mut self, point: &RawHistogram<'_>) {
        self.land(point.time, |stream, shared, around| stream.histogram(shared.identity.of(point.attributes), point, around));
    }

    fn exponential(&mut self, point: &RawExponential<'_>) {
        self.land(point.time, |stream, shared, around| stream.exponential(shared.identity.of(point.attributes), point, around));
    }

    fn summary(&mut self, point: &RawSummary<'_>) {
        self.land(point.time, |stream, shared, around| stream.summary(shared.identity.of(point.attributes), point, around));
    }
}

/// How a resource was spelt, and by whom: the same bytes of two senders are two spellings, each of which is judged once.
fn spelling(identity: &Identity, resource: &RawResource<'_>, speaker: Option<&Speaker>) -> Id128 {
    let Some(Speaker { name, pod, .. }) = speaker else {
        return identity.of_parts(&[resource.schema_url, resource.raw]);
    };
    let pod = pod.as_ref().map_or([""; 2], |pod| [&pod.name, &pod.uid]).map(str::as_bytes);
    identity.of_parts(&[resource.schema_url, resource.raw, name.as_bytes(), pod[0], pod[1]])
}

/// What parts two metrics of one name.
const fn data_tag(data: Data) -> [u8; 2] {
    const fn of(temporality: Temporality) -> u8 {
        match temporality {
            Temporality::Unspecified => 0,
            Temporality::Delta => 1,
            Temporality::Cumulative => 2,
        }
    }
    match data {
        Data::Gauge => [0, 0],
        Data::Sum { monotonic: false, temporality } => [1, of(temporality)],
        Data::Sum { monotonic: true, temporality } => [2, of(temporality)],
        Data::Histogram(temporality) => [3, of(temporality)],
        Data::Exponential(temporality) => [4, of(temporality)],
        Data::Summary => [5, 0],
    }
}

const fn kind_of(data: Data) -> Kind {
    match data {
        Data::Gauge => Kind::Gauge,
        Data::Sum { monotonic: true, .. } => Kind::Counter,
        Data::Sum { monotonic: false, .. } => Kind::UpDownCounter,
        Data::Histogram(_) => Kind::Histogram,
        Data::Exponential(_) => Kind::ExponentialHistogram,
        Data::Summary => Kind::Summary,
    }
}

/// Makes a stream and its place, which it leaves empty until the metric ends.
fn new_stream(
    shared: &Shared,
    resource: &mut Resource,
    (identity, scope): (Id128, Arc<ScopeInfo>),
    metric: &RawMetric<'_>,
) -> Result<(u32, Box<Stream>), Reason> {
    if resource.by_identity.len() >= shared.caps.streams_per_resource {
        return Err(Reason::StreamLimit);
    }
    let texts = metric.name.len() + metric.unit.len() + metric.description.len();
    let _promise = shared.take_room(texts + RESOURCE_BYTES + expected_bytes(metric.data, metric.points))?;
    let instrument = Instrument {
        scope: scope.name.clone(),
        name: text(metric.name)?.into(),
        kind: kind_of(metric.data),
        unit: text(metric.unit)?.into(),
    };
    let info = MetricInfo { instrument, description: text(metric.description)?.into(), prometheus_type: None, rename: None };
    let mut stream = Box::new(Stream::new(shared.next_generation(), scope, Arc::new(info), metric.data));
    stream.share.clone_from(&resource.share);
    let index = free_place(&mut resource.streams, &mut resource.taken);
    shared.budget.add_stream();
    resource.by_identity.insert_unique(identity[0], (identity, index), |(identity, _)| identity[0]);
    Ok((index, stream))
}

/// Takes a new stream back of which no point was kept: names alone would take room that series must not have.
#[cold]
fn forget_stream(shared: &Shared, resource: &mut Resource, identity: Id128, index: u32) {
    shared.budget.remove_stream();
    if let Ok(entry) = resource.by_identity.find_entry(identity[0], |(known, _)| *known == identity) {
        entry.remove();
    }
    if let Some(place) = resource.streams.get_mut(index as usize) {
        *place = None;
    }
    resource.taken = resource.taken.min(index as usize);
}

/// Takes over description and metadata where they changed.
fn refresh_head(shared: &Shared, stream: &mut Stream, metric: &RawMetric<'_>) -> Result<(), Reason> {
    let metadata = if metric.metadata.is_empty() { Id128::default() } else { shared.identity.of(metric.metadata) };
    if stream.metric.description.as_bytes() == metric.description && stream.metadata == metadata {
        return Ok(());
    }
    // Where no memory is left the old ones serve on: the next push tries again.
    let Ok(_promise) = shared.take_room(metric.description.len() + metric.metadata.len() + RESOURCE_BYTES) else { return Ok(()) };
    let (attributes, _) = read_attributes(metric.metadata, 12)?;
    let kind = attributes.into_iter().find(|a| &*a.key == "prometheus.type").map(|a| a.text);
    let mut info = (*stream.metric).clone();
    info.description = text(metric.description)?.into();
    info.prometheus_type = kind;
    stream.metric = Arc::new(info);
    stream.metadata = metadata;
    shared.move_epoch();
    Ok(())
}
