//! Which families there are, what heads them, and which streams are in them, in a fixed order.
//! A function of the store's streams and the options alone; it never sees a series.

mod conflict;
mod family;
mod identity;

#[cfg(test)]
mod tests;

pub use conflict::{Conflict, ConflictKind, Conflicts, Party};
pub use family::FamilyType;

pub(in crate::expose) use family::Names;
pub(in crate::expose) use identity::{Constant, Identity, Labeller, Origin};

use super::{
    ExposeOptions,
    escape::Escaping,
    labels::{Plan, Terms},
};
use crate::{
    model::instrument::Kind,
    state::visit::{ResourceInfo, ScopeInfo, Stream, StreamId},
};
use conflict::{Candidate, Settled, settle_names, settle_type};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// Everything about a scrape that series do not change.
#[derive(Debug)]
pub struct Layout {
    /// Who lost what.
    pub conflicts: Conflicts,
    pub(super) targets: Vec<Arc<[Constant]>>,
    pub(super) families: Vec<Family>, // by full name
}

/// A family with its streams.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) names: Names,
    pub(super) help: Box<str>,
    /// Empty where there is none, or the family's name does not end in it.
    pub(super) unit: Box<str>,
    /// Both names of each metric in it, before escaping.
    pub(super) asked: BTreeSet<Box<str>>,
    pub(super) members: Vec<Member>,
    /// Names of the constants of any member: an attribute of that name may make two members' series one.
    pub(super) constant_names: BTreeSet<Arc<str>>,
    /// Whether two members show the same constants, so that their series may be one.
    pub(super) may_collide: bool,
}

/// A stream of a family.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: StreamId,
    pub(super) kind: Kind,
    pub(super) constants: Arc<[Constant]>,
    /// The streams that are shown as one with it, and whether it is the first of them that has series (SC-03).
    pub(super) joined: Option<Arc<[StreamId]>>,
    pub(super) is_first: bool,
    /// Equal for members whose constants differ in their texts alone: one plan of labels fits all of them.
    pub(super) outline: usize,
    class: u128, // equal for members whose constants come out as equal labels
}

impl Layout {
    /// Lays out what is visible.
    #[must_use]
    pub fn new(streams: &[Stream], options: &ExposeOptions, escaping: Escaping) -> Self {
        let labeller = Labeller { options, escaping };
        let mut conflicts = Conflicts::default();
        let resources = Resources::new(streams, options);
        let targets = resources.targets(labeller, &mut conflicts);
        let mut members = Members::new(streams, &resources, labeller);
        let names = names_of(streams, options, escaping);

        let mut groups: BTreeMap<&str, Vec<Candidate<'_>>> = BTreeMap::new();
        for (stream, (info, names)) in streams.iter().zip(&names).enumerate().filter(|(_, (info, _))| info.series > 0) {
            let Some(names) = names else { continue };
            let metric = info.metric.instrument.name.as_ref();
            let candidate = Candidate { stream, names, component: &info.resource.component, metric };
            groups.entry(&names.base).or_default().push(candidate);
        }
        let settled = groups.values().map(|candidates| settle_type(candidates, &mut conflicts)).collect();
        let reserved: &[&str] = if targets.is_empty() { &[] } else { &["target", "target_info"] };
        let settled = settle_names(settled, reserved, &mut conflicts);
        let mut families: Vec<Family> =
            settled.into_iter().filter_map(|family| Family::new(family, streams, &mut members, &mut conflicts)).collect();
        families.sort_by(|a, b| a.names.full.cmp(&b.names.full));
        Self { conflicts: conflicts.finish(), targets, families }
    }
}

/// The names of each stream; many streams share one.
fn names_of(streams: &[Stream], options: &ExposeOptions, escaping: Escaping) -> Vec<Option<Arc<Names>>> {
    let mut known = HashMap::new();
    let names = streams.iter().map(|stream| {
        let metric = &stream.metric;
        let key =
            (&metric.instrument.name, &metric.instrument.unit, metric.instrument.kind, &metric.prometheus_type, &metric.rename);
        known.entry(key).or_insert_with(|| Names::of(metric, options, escaping).map(Arc::new)).clone()
    });
    names.collect()
}

impl Family {
    fn new(settled: Settled<'_>, streams: &[Stream], members: &mut Members<'_>, conflicts: &mut Conflicts) -> Option<Self> {
        let names = settled.names()?.clone();
        let mut in_order: Vec<Candidate<'_>> = settled.candidates;
        in_order.sort_by(|a, b| members.compare(a.stream, b.stream));
        let help = help_of(&names, &in_order, streams, conflicts);
        let unit = unit_of(&names, &in_order, conflicts);
        // Most streams of a family share one value of names.
        let distinct = in_order.chunk_by(|a, b| std::ptr::eq(a.names, b.names)).filter_map(|same| same.first());
        let asked = distinct.flat_map(|candidate| candidate.names.asked.clone()).collect();
        let mut members: Vec<Member> = in_order.iter().filter_map(|candidate| members.make(candidate.stream)).collect();
        let mut joined = HashSet::new();
        for member in &mut members {
            member.is_first = member.joined.as_ref().is_some_and(|ids| joined.insert(Arc::as_ptr(ids)));
        }
        let classes: HashSet<u128> = members.iter().map(|member| member.class).collect();
        let mut constant_names = BTreeSet::new();
        let mut seen: HashSet<usize> = HashSet::new();
        for member in members.iter().filter(|member| seen.insert(member.outline)) {
            constant_names.extend(member.constants.iter().map(|constant| constant.name.clone()));
        }
        let may_collide = classes.len() < members.len() || !joined.is_empty();
        Some(Self { names, help, unit, asked, members, constant_names, may_collide })
    }
}

/// CF-03: the longest description, then the first in byte order.
fn help_of(names: &Names, candidates: &[Candidate<'_>], streams: &[Stream], conflicts: &mut Conflicts) -> Box<str> {
    let description = |candidate: &&Candidate<'_>| streams.get(candidate.stream).map_or("", |stream| &stream.metric.description);
    let best = candidates.iter().min_by(|a, b| {
        let (a, b) = (description(a), description(b));
        b.len().cmp(&a.len()).then_with(|| a.cmp(b))
    });
    let Some(best) = best else { return "".into() };
    let help = description(&best);
    for other in candidates {
        let text = description(&other);
        if text != help && !text.is_empty() {
            let (kept, lost) = (best.wants(help), other.wants(text));
            conflicts.push(Conflict { family: names.full.clone(), kind: ConflictKind::Help, kept, lost });
        }
    }
    help.into()
}

/// CF-05, OM-05: one unit, which the family's name ends in; else none.
fn unit_of(names: &Names, candidates: &[Candidate<'_>], conflicts: &mut Conflicts) -> Box<str> {
    let mut with_unit = candidates.iter().filter(|candidate| !candidate.names.unit_word.is_empty());
    let Some(first) = with_unit.next() else { return "".into() };
    let unit = &first.names.unit_word;
    let mut agree = true;
    for other in with_unit.filter(|other| other.names.unit_word != *unit) {
        agree = false;
        let (kept, lost) = (first.wants(unit), other.wants(&other.names.unit_word));
        conflicts.push(Conflict { family: names.full.clone(), kind: ConflictKind::Unit, kept, lost });
    }
    let is_suffix = names.base.strip_suffix(&**unit).is_some_and(|rest| rest.len() > 1 && rest.ends_with('_'));
    if agree && is_suffix { unit.clone() } else { "".into() }
}

/// The resources behind the streams, each once, in order: job, instance, then the winner of RS-05 first.
struct Resources<'a> {
    list: Vec<Resource<'a>>,
    ranks: HashMap<*const ResourceInfo, usize>,
}

struct Resource<'a> {
    info: &'a ResourceInfo,
    identity: Identity,
    time: u64,
}

impl<'a> Resources<'a> {
    fn new(streams: &'a [Stream], options: &ExposeOptions) -> Self {
        let mut times: HashMap<*const ResourceInfo, (&'a ResourceInfo, u64)> = HashMap::new();
        for stream in streams.iter().filter(|stream| stream.series > 0) {
            let (_, time) = times.entry(Arc::as_ptr(&stream.resource)).or_insert((&stream.resource, 0));
            *time = (*time).max(stream.resource_time);
        }
        let resource = |(info, time)| Resource { info, identity: Identity::of(info, options.instance_fallback), time };
        let mut list: Vec<Resource<'_>> = times.into_values().map(resource).collect();
        list.sort_by(|a, b| {
            a.identity.cmp(&b.identity).then(b.time.cmp(&a.time)).then_with(|| compare_attributes(a.info, b.info))
        });
        let ranks = list.iter().enumerate().map(|(rank, resource)| (std::ptr::from_ref(resource.info), rank)).collect();
        Self { list, ranks }
    }

    fn rank(&self, stream: &Stream) -> usize {
        self.ranks.get(&Arc::as_ptr(&stream.resource)).copied().unwrap_or(usize::MAX)
    }

    /// RS-04 to RS-08: one set of labels per job and instance, of the first resource that has any.
    fn targets(&self, labeller: Labeller<'_>, conflicts: &mut Conflicts) -> Vec<Arc<[Constant]>> {
        let mut targets = Vec::new();
        for group in self.list.chunk_by(|a, b| a.identity == b.identity) {
            let told: Vec<_> = group
                .iter()
                .filter_map(|resource| Some((resource, labeller.target(&resource.identity, resource.info)?)))
                .collect();
            let Some(((winner, kept), losers)) = told.split_first() else { continue };
            for (loser, _) in losers.iter().filter(|(_, lost)| lost != kept) {
                conflicts.push(target_conflict(winner, loser));
            }
            targets.push(kept.as_slice().into());
        }
        targets
    }
}

fn target_conflict(winner: &Resource<'_>, loser: &Resource<'_>) -> Conflict {
    let wanted = |resource: &Resource<'_>| {
        let part = |text: &Option<Box<str>>| text.clone().unwrap_or_default();
        format!("job={:?} instance={:?}", part(&resource.identity.job), part(&resource.identity.instance))
    };
    let party = |resource: &Resource<'_>| Party {
        component: resource.info.component.clone(),
        metric: "".into(),
        wanted: wanted(resource).into(),
    };
    Conflict { family: "target_info".into(), kind: ConflictKind::Target, kept: party(winner), lost: party(loser) }
}

fn compare_attributes(a: &ResourceInfo, b: &ResourceInfo) -> Ordering {
    let fields = |info: &ResourceInfo| {
        let fields =
            info.attributes.iter().map(|attribute| (attribute.key.clone(), attribute.text.clone(), attribute.value_type));
        fields.collect::<Vec<_>>()
    };
    fields(a).cmp(&fields(b)).then_with(|| a.component.cmp(&b.component))
}

/// Orders streams and gives each its constants; streams of one resource and scope share them.
struct Members<'a> {
    streams: &'a [Stream],
    resources: &'a Resources<'a>,
    labeller: Labeller<'a>,
    ranks: Vec<(usize, usize)>, // of resource and scope, of each stream
    constants: HashMap<((usize, usize), Option<&'static str>), Known>, // by ranks of resource and scope, and the special label
    outlines: HashMap<Vec<Outline>, usize>,
    joined: HashMap<Metric<'a>, Arc<[StreamId]>>,
}

/// What streams of one resource have in common that are shown as one where scopes give no labels.
type Metric<'a> = (*const ResourceInfo, &'a str, Option<&'a str>, &'a str, Kind);

/// Constants with their class and outline.
type Known = (u128, usize, Arc<[Constant]>);
/// What of a constant decides how labels are planned: name, key, origin, and whether it has a text at all.
type Outline = (Arc<str>, Arc<str>, Origin, bool);

impl<'a> Members<'a> {
    fn new(streams: &'a [Stream], resources: &'a Resources<'a>, labeller: Labeller<'a>) -> Self {
        // Streams of a component share their scopes: few are left to be sorted.
        let distinct: HashMap<*const ScopeInfo, &ScopeInfo> =
            streams.iter().map(|stream| (Arc::as_ptr(&stream.scope), &*stream.scope)).collect();
        let mut scopes: Vec<(&ScopeInfo, *const ScopeInfo)> = distinct.into_iter().map(|(at, scope)| (scope, at)).collect();
        scopes.sort_unstable();
        let groups = scopes.chunk_by(|(a, _), (b, _)| a == b).enumerate();
        let scope_ranks: HashMap<*const ScopeInfo, usize> =
            groups.flat_map(|(rank, group)| group.iter().map(move |(_, at)| (*at, rank))).collect();
        let rank = |stream: &Stream| scope_ranks.get(&Arc::as_ptr(&stream.scope)).copied().unwrap_or(usize::MAX);
        let ranks = streams.iter().map(|stream| (resources.rank(stream), rank(stream))).collect();
        let joined = if labeller.options.scope_labels { HashMap::new() } else { joined(streams) };
        let (constants, outlines) = Default::default();
        Self { streams, resources, labeller, ranks, constants, outlines, joined }
    }

    fn ranks(&self, stream: usize) -> (usize, usize) {
        self.ranks.get(stream).copied().unwrap_or((usize::MAX, usize::MAX))
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let by_rank = self.ranks(a).cmp(&self.ranks(b));
        if by_rank.is_ne() {
            return by_rank; // as almost always
        }
        let (Some(a), Some(b)) = (self.streams.get(a), self.streams.get(b)) else { return Ordering::Equal };
        let head = |stream: &'a Stream| {
            let metric = &*stream.metric;
            (
                &metric.instrument.name,
                metric.instrument.kind,
                &metric.instrument.unit,
                &metric.prometheus_type,
                &metric.description,
            )
        };
        head(a).cmp(&head(b)).then(a.id.cmp(&b.id))
    }

    fn make(&mut self, stream: usize) -> Option<Member> {
        let ranks = self.ranks(stream);
        let stream = self.streams.get(stream)?;
        let resource = self.resources.list.get(ranks.0)?;
        let kind = stream.metric.instrument.kind;
        let special = special_of(kind);
        let (class, outline, constants) = match self.constants.get(&(ranks, special)) {
            Some(known) => known.clone(),
            None => {
                let constants: Arc<[Constant]> = self.labeller.constants(&resource.identity, resource.info, &stream.scope).into();
                let (name, taken) = (special.map(Arc::from), BTreeSet::new());
                let terms = Terms { constants: &constants, special: name.as_ref(), taken: &taken };
                let class = Plan::new(terms, &[]).constant_hash();
                let of = |c: &Constant| (Arc::clone(&c.name), Arc::clone(&c.key), c.origin, c.text.is_empty());
                let next = self.outlines.len();
                let outline = *self.outlines.entry(constants.iter().map(of).collect()).or_insert(next);
                let made = (class, outline, constants);
                self.constants.insert((ranks, special), made.clone());
                made
            }
        };
        let joined = metric_of(stream).and_then(|metric| self.joined.get(&metric)).cloned();
        Some(Member { id: stream.id, kind, constants, joined, is_first: false, outline, class })
    }
}

/// The label that lines of this kind have beside those of their series: no other gets its name.
const fn special_of(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Histogram | Kind::ExponentialHistogram => Some("le"),
        Kind::Summary => Some("quantile"),
        Kind::Counter | Kind::UpDownCounter | Kind::Gauge => None,
    }
}

/// The streams of each metric that several scopes of a resource have, in the order of the scopes.
fn joined(streams: &[Stream]) -> HashMap<Metric<'_>, Arc<[StreamId]>> {
    let mut groups: HashMap<Metric<'_>, Vec<&Stream>> = HashMap::new();
    for stream in streams {
        if let Some(metric) = metric_of(stream) {
            groups.entry(metric).or_default().push(stream);
        }
    }
    groups.retain(|_, group| group.len() > 1);
    let ids = |mut group: Vec<&Stream>| {
        group.sort_by(|a, b| a.scope.cmp(&b.scope).then(a.id.cmp(&b.id)));
        group.iter().map(|stream| stream.id).collect()
    };
    groups.into_iter().map(|(metric, group)| (metric, ids(group))).collect()
}

/// What joins a stream with others: sums and histograms add up, values of gauges and quantiles do not.
fn metric_of(stream: &Stream) -> Option<Metric<'_>> {
    let metric = &*stream.metric;
    let adds_up = match metric.instrument.kind {
        Kind::Counter | Kind::Histogram | Kind::ExponentialHistogram => true,
        Kind::UpDownCounter => metric.prometheus_type.is_none(),
        Kind::Gauge | Kind::Summary => false,
    };
    let instrument = &metric.instrument;
    let key = (Arc::as_ptr(&stream.resource), &*instrument.name, metric.rename.as_deref(), &*instrument.unit, instrument.kind);
    adds_up.then_some(key)
}
