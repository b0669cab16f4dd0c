//! What the walk sees of formats: one writer that begins families, takes series and ends; and the label plans it needs.
//! Knows neither the store nor places in it.

use crate::{
    expose::{
        labels::{Plan, Terms, TextProgram},
        layout::{Constant, Family, Labeller, Member},
        negotiate::Format,
        protobuf::ProtobufWriter,
        text::{Given, TextWriter},
    },
    limits::KEY_NAMES_MAX,
    model::instrument::Kind,
    state::visit::{Labels, Series, ShapeId},
};
use foldhash::fast::FixedState;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

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

    /// Target info comes first of all (RS-07).
    pub(super) fn targets(&mut self, out: &mut Vec<u8>, targets: &[Vec<Constant>]) {
        let taken = BTreeSet::new();
        let plan = |constants: &Vec<Constant>| Plan::new(Terms { constants, special: None, taken: &taken }, &[]);
        match self {
            Self::Text(text) => text.targets(out, targets.iter().map(plan)),
            Self::Protobuf(protobuf) => protobuf.targets(out, targets.iter().map(plan)),
        }
    }

    /// What heads the family is written with its first series: one without series leaves no trace.
    pub(super) fn begin(&mut self, family: &Family) {
        match self {
            Self::Text(text) => text.begin(family),
            Self::Protobuf(_) => {}
        }
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
    /// Label pairs before `le` or `quantile`, or all.
    pub(in crate::expose) program: TextProgram,
    /// Label pairs behind it.
    pub(in crate::expose) after: TextProgram,
    /// Whether another key set of the family gives the same label names.
    pub(super) shares_names: bool,
    checked: u64, // the slice in which the keys were last compared
}

/// The plans of the stream at hand, and the names of keys met in this scrape.
#[derive(Debug)]
pub(super) struct Plans {
    slice: u64,
    current: Option<(ShapeId, usize)>,
    by_shape: HashMap<ShapeId, usize, FixedState>,
    list: Vec<Planned>,
    names: HashSet<u64, FixedState>, // hashes of the label names of each plan
    keys: HashMap<Box<str>, Option<Arc<str>>, FixedState>,
    le: Arc<str>,
    quantile: Arc<str>,
}

impl Default for Plans {
    fn default() -> Self {
        Self {
            slice: 0,
            current: None,
            by_shape: HashMap::default(),
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
        self.slice = self.slice.saturating_add(1);
        self.current = None;
    }

    /// Another stream, perhaps of another component: no id means what it meant.
    pub(super) fn clear(&mut self) {
        self.current = None;
        self.by_shape.clear();
        self.list.clear();
        self.names.clear();
    }

    /// The plan for a series of `member`.
    #[inline]
    pub(super) fn of(&mut self, series: &Series<'_>, labeller: Labeller<'_>, family: &Family, member: &Member) -> &Planned {
        let at = match self.current {
            Some((shape, at)) if shape == series.shape => at,
            _ => self.find(series, labeller, family, member),
        };
        self.current = Some((series.shape, at));
        // `find` has put it there.
        self.list.get(at).expect("a plan was made for this shape")
    }

    fn find(&mut self, series: &Series<'_>, labeller: Labeller<'_>, family: &Family, member: &Member) -> usize {
        let keys = || keys_of(series.labels, series.shape);
        if let Some(at) = self.by_shape.get(&series.shape)
            && let Some(planned) = self.list.get_mut(*at)
            && (planned.checked == self.slice || planned.plan.is_for(keys()))
        {
            planned.checked = self.slice;
            return *at;
        }
        let named: Vec<(&str, Option<Arc<str>>)> = keys().map(|key| (key, name_of(&mut self.keys, labeller, key))).collect();
        let special = match member.kind {
            Kind::Histogram | Kind::ExponentialHistogram => Some(&self.le),
            Kind::Summary => Some(&self.quantile),
            Kind::Counter | Kind::UpDownCounter | Kind::Gauge => None,
        };
        let terms = Terms { constants: &member.constants, special, taken: &family.constant_names };
        let plan = Plan::new(terms, &named);
        let shares_names = !self.names.insert(plan.names_hash());
        let (program, after) = (TextProgram::new(plan.before()), TextProgram::new(plan.after()));
        let at = self.list.len();
        self.list.push(Planned { plan, program, after, shares_names, checked: self.slice });
        self.by_shape.insert(series.shape, at);
        at
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
