//! What the walk sees of formats: one writer that begins families, takes series and ends; and the label plans it needs.
//! Knows neither the store nor places in it.

use crate::{
    expose::{
        labels::{Plan, Sides, Terms},
        layout::{Constant, Family, Labeller, Member},
        negotiate::Format,
        protobuf::ProtobufWriter,
        text::{Given, TextWriter},
    },
    limits::{KEY_NAMES_MAX, LABEL_PLANS_MAX},
    model::instrument::Kind,
    state::visit::{Labels, Series, ShapeId},
};
use foldhash::fast::FixedState;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{BuildHasher, Hasher},
    sync::Arc,
};

/// Seed of a hash of keys.
const KEYS_SEED: u64 = 0x6b;

/// A format at work.
#[derive(Debug)]
pub(super) enum Writer {
    Text(Box<TextWriter>),
    Protobuf(ProtobufWriter),
}

impl Writer {
    pub(super) fn new(format: Format) -> Self {
        match format {
            Format::Text004 | Format::Text100 => Self::Text(Box::new(TextWriter::new(false))),
            Format::OpenMetrics => Self::Text(Box::new(TextWriter::new(true))),
            Format::Protobuf => Self::Protobuf(ProtobufWriter::default()),
        }
    }

    /// Target info comes first of all (RS-07). Two resources may read alike, as a `job` of one is an attribute of the other:
    /// it is said once, and nothing is lost.
    pub(super) fn targets(&mut self, out: &mut Vec<u8>, targets: &[Arc<[Constant]>]) {
        let (taken, mut seen) = (BTreeSet::new(), HashSet::new());
        let plan = |constants: &Arc<[Constant]>| Plan::new(Terms { constants, special: None, taken: &taken }, &[]);
        let plans = targets.iter().map(plan).filter(|plan| seen.insert(plan.constant_hash()));
        match self {
            Self::Text(text) => text.targets(out, plans),
            Self::Protobuf(protobuf) => protobuf.targets(out, plans),
        }
    }

    /// What heads the family is written with its first series: one without series leaves no trace.
    pub(super) fn begin(&mut self, family: &Family) {
        match self {
            Self::Text(text) => text.begin(family),
            Self::Protobuf(_) => {}
        }
    }

    /// Whether label pairs are written as text.
    #[inline]
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// `false` when the format has no place for the value.
    #[inline]
    pub(super) fn series(&mut self, out: &mut Vec<u8>, given: Given<'_>) -> bool {
        match self {
            Self::Text(text) => text.series(out, given),
            Self::Protobuf(protobuf) => protobuf.series(given),
        }
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>, family: &Family) {
        match self {
            Self::Text(_) => {}
            Self::Protobuf(protobuf) => protobuf.end(out, family),
        }
    }

    /// Bytes of a family that cannot go out before it ends.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::Protobuf(protobuf) => protobuf.held(),
        }
    }

    /// Appends the next piece of a family that was held and has ended; `false` when there is none.
    pub(super) fn hand_over(&mut self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Protobuf(protobuf) => protobuf.hand_over(out),
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.finish(out),
            Self::Protobuf(_) => {}
        }
    }
}

/// A key set of a stream, ready to write.
#[derive(Debug)]
pub(in crate::expose) struct Planned {
    pub(in crate::expose) plan: Plan,
    /// Its label pairs as text.
    pub(in crate::expose) sides: Sides,
    /// Whether another key set of the stream gives the same label names.
    pub(super) shares_names: bool,
    names_hash: u64,
    outline: usize, // of the constants it is planned for
    special: Special,
    member: u64, // whose constants it has now
}

impl Planned {
    /// Writes the label pairs of a series as text.
    #[inline]
    pub(super) fn write_pairs(&mut self, series: &Series<'_>) {
        self.sides.write(&self.plan, series);
    }
}

/// The plans of the family at hand, and the names of keys met in this scrape. Streams of a family mostly differ in the texts
/// of their constants alone: then one plan serves them in turn.
#[derive(Debug)]
pub(super) struct Plans {
    member: u64, // counts streams
    current: Option<(ShapeId, usize)>,
    by_shape: HashMap<ShapeId, usize, FixedState>, // of this slice
    by_keys: HashMap<u64, usize, FixedState>,
    list: Vec<Planned>,
    names: HashSet<u64, FixedState>, // hashes of the label names of each plan of the stream
    keys: HashMap<Box<str>, Option<Arc<str>>, FixedState>,
    le: Arc<str>,
    quantile: Arc<str>,
}

impl Default for Plans {
    fn default() -> Self {
        Self {
            member: 0,
            current: None,
            by_shape: HashMap::default(),
            by_keys: HashMap::default(),
            list: Vec::new(),
            names: HashSet::default(),
            keys: HashMap::default(),
            le: "le".into(),
            quantile: "quantile".into(),
        }
    }
}

impl Plans {
    /// Ids may have been re-used since the last slice: keys are compared once per slice.
    pub(super) fn begin_slice(&mut self) {
        self.current = None;
        self.by_shape.clear();
    }

    /// Another stream, perhaps of another component.
    pub(super) fn begin_member(&mut self) {
        self.member = self.member.saturating_add(1);
        self.begin_slice();
        self.names.clear();
        if self.list.len() > LABEL_PLANS_MAX {
            self.begin_family();
        }
    }

    /// Another family: what its constants may collide with is another matter.
    pub(super) fn begin_family(&mut self) {
        self.begin_slice();
        self.by_keys.clear();
        self.list.clear();
    }

    /// The plan for a series of `member`.
    #[inline]
    pub(super) fn of(&mut self, series: &Series<'_>, labeller: Labeller<'_>, family: &Family, member: &Member) -> &mut Planned {
        let at = match self.current {
            Some((shape, at)) if shape == series.shape => at,
            _ => self.find(series, labeller, family, member),
        };
        self.current = Some((series.shape, at));
        // `find` has put it there.
        self.list.get_mut(at).expect("a plan was made for this shape")
    }

    fn find(&mut self, series: &Series<'_>, labeller: Labeller<'_>, family: &Family, member: &Member) -> usize {
        if let Some(at) = self.by_shape.get(&series.shape) {
            return *at;
        }
        let keys = || keys_of(series.labels, series.shape);
        let hash = hash_of(keys(), member);
        let is_it = |planned: &Planned| {
            planned.outline == member.outline && planned.special == Special::of(member.kind) && planned.plan.is_for(keys())
        };
        let known = self.by_keys.get(&hash).copied().filter(|at| self.list.get(*at).is_some_and(is_it));
        let at = known.unwrap_or_else(|| {
            let planned = self.plan(keys(), labeller, family, member);
            self.list.push(planned);
            self.list.len().saturating_sub(1)
        });
        self.by_keys.insert(hash, at);
        self.by_shape.insert(series.shape, at);
        if let Some(planned) = self.list.get_mut(at) {
            if planned.member == self.member {
                planned.sides.forget();
            } else {
                planned.member = self.member;
                planned.plan.rebind(&member.constants);
                planned.sides.compile(&planned.plan);
                planned.shares_names = !self.names.insert(planned.names_hash);
            }
        }
        at
    }

    /// A plan that no stream has yet.
    fn plan<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k str>,
        labeller: Labeller<'_>,
        family: &Family,
        member: &Member,
    ) -> Planned {
        let named: Vec<(&str, Option<Arc<str>>)> = keys.map(|key| (key, name_of(&mut self.keys, labeller, key))).collect();
        let special = Special::of(member.kind);
        let name = match special {
            Special::None => None,
            Special::Le => Some(&self.le),
            Special::Quantile => Some(&self.quantile),
        };
        let terms = Terms { constants: &member.constants, special: name, taken: &family.constant_names };
        let plan = Plan::new(terms, &named);
        let names_hash = plan.names_hash();
        let (sides, outline) = (Sides::default(), member.outline);
        Planned { plan, sides, shares_names: false, names_hash, outline, special, member: 0 }
    }
}

fn hash_of<'k>(keys: impl Iterator<Item = &'k str>, member: &Member) -> u64 {
    let mut hasher = FixedState::with_seed(KEYS_SEED).build_hasher();
    hasher.write_usize(member.outline);
    for key in keys {
        hasher.write(key.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

/// The label that a kind's lines have beside those of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    None,
    Le,
    Quantile,
}

impl Special {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Histogram | Kind::ExponentialHistogram => Self::Le,
            Kind::Summary => Self::Quantile,
            Kind::Counter | Kind::UpDownCounter | Kind::Gauge => Self::None,
        }
    }
}

/// The exposed name of a key, translated and escaped once per scrape.
fn name_of(known: &mut HashMap<Box<str>, Option<Arc<str>>, FixedState>, labeller: Labeller<'_>, key: &str) -> Option<Arc<str>> {
    if let Some(name) = known.get(key) {
        return name.clone();
    }
    let name = labeller.name(key);
    if known.len() < KEY_NAMES_MAX {
        known.insert(key.into(), name.clone());
    }
    name
}

fn keys_of(labels: &Labels, shape: ShapeId) -> impl Iterator<Item = &str> + Clone {
    let keys = labels.shapes.get(shape as usize).map_or(&[][..], |keys| keys);
    keys.iter().map(|key| labels.keys.get(*key as usize).map_or("", |key| &**key))
}
