//! What holds for an instrument or a span: everything, what is declared, or what a plan says at this moment.
//! Decides only; `recorded` and `observed` obey.

#[cfg(test)]
mod tests;

use crate::{
    glob::{self, Spellings},
    limits::BOUNDS_MAX,
    metric::{Kind, Level, Meta},
    opamp::{
        messages::{Exception, RuleReport},
        plan::{Plan, PlanHash, Says, TailLine},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// Who decides.
pub(crate) enum Rules {
    /// Nobody: everything is on.
    Everything,
    /// The declared levels.
    Defaults,
    /// A plan.
    Plan(Planned),
}

/// A plan at one moment.
pub(crate) struct Planned {
    plan: Arc<Plan>,
    /// How many of its steps have passed.
    passed: usize,
    /// Its lines by the name of their instrument.
    lines: HashMap<String, Vec<usize>>,
}

/// What an instrument is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Orders {
    pub(crate) on: bool,
    /// Which attribute keys stay.
    pub(crate) keys: Keys,
    /// Bounds of its buckets, where they are not those that are declared.
    pub(crate) bounds: Option<Arc<[f64]>>,
    /// How many sets it holds, where that is not what is declared.
    pub(crate) limit: Option<usize>,
    /// It is not collected more often.
    pub(crate) interval: Option<Duration>,
}

/// Which attribute keys stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keys {
    keep: Option<BTreeSet<String>>,
    drop: BTreeSet<String>,
}

/// An aspect that cannot be done here, with the reason.
pub(crate) type Cannot = (&'static str, &'static str);

/// What an instrument is to do, and who says so.
pub(crate) struct Decision<'a> {
    pub(crate) orders: Orders,
    by: Option<&'a str>,
    /// Aspects that cannot be done here.
    exceptions: Vec<Cannot>,
}

impl Orders {
    /// Without a shape.
    pub(crate) fn plain(on: bool) -> Self {
        Self { on, keys: Keys::default(), bounds: None, limit: None, interval: None }
    }

    /// These orders, if there is more to them than on or off.
    pub(crate) fn shaped(self) -> Option<Box<Self>> {
        (self != Self::plain(self.on)).then(|| Box::new(self))
    }
}

impl Keys {
    /// Whether this key stays.
    pub(crate) fn stays(&self, key: &str) -> bool {
        self.keep.as_ref().is_none_or(|keep| keep.contains(key)) && !self.drop.contains(key)
    }

    /// Whether every key that stays by `fewer` stays by these too.
    pub(crate) fn cover(&self, fewer: &Self) -> bool {
        match &fewer.keep {
            Some(keep) => keep.iter().all(|key| fewer.drop.contains(key) || self.stays(key)),
            None => self.keep.is_none() && self.drop.is_subset(&fewer.drop),
        }
    }
}

impl Decision<'_> {
    /// Of what is ordered, these aspects cannot be done by whoever is to do it.
    pub(crate) fn without(&mut self, cannot: &[Cannot]) {
        let Self { orders, exceptions, .. } = self;
        exceptions.extend(cannot.iter().filter(|(aspect, _)| match *aspect {
            "state" => !orders.on,
            "interval" => orders.interval.is_some(),
            _ => false,
        }));
    }
}

impl Rules {
    /// This plan, once so many of its steps have passed.
    pub(crate) fn plan(plan: &Arc<Plan>, passed: usize) -> Self {
        let mut lines = HashMap::<_, Vec<_>>::new();
        plan.instruments.iter().enumerate().for_each(|(n, line)| lines.entry(line.name.clone()).or_default().push(n));
        Self::Plan(Planned { plan: plan.clone(), passed, lines })
    }

    /// What this instrument is to do. One that is `observed` is read from state as it is.
    pub(crate) fn decide(&self, meta: &Meta, observed: bool) -> Decision<'_> {
        let plain = |on, by| Decision { orders: Orders::plain(on), by, exceptions: Vec::new() };
        match self {
            Self::Everything => plain(true, None),
            Self::Defaults => plain(is_default(meta), None),
            Self::Plan(planned) => {
                if let Some(says) = planned.line(meta) {
                    return decision(says, meta, observed);
                }
                let spellings = Spellings::of(meta.name);
                let is_meant = |line: &&TailLine| planned.holds(line.until) && is_meant(line, meta, &spellings);
                match planned.plan.tail.iter().find(is_meant) {
                    Some(line) => plain(line.on, line.by.as_deref()),
                    None => plain(planned.rest(meta), None),
                }
            }
        }
    }

    /// Whether spans of this name are made.
    pub(crate) fn lives(&self, scope: &str, name: &str) -> bool {
        let Self::Plan(planned) = self else { return true };
        let mut lines = planned.plan.spans.iter().filter(|line| planned.holds(line.until));
        lines.find(|line| glob::matches(&line.spans, name) && in_scope(&line.scopes, scope)).is_none_or(|line| line.on)
    }

    /// Whether some spans may be off.
    pub(crate) fn gates_spans(&self) -> bool {
        let Self::Plan(planned) = self else { return false };
        planned.plan.spans.iter().any(|line| !line.on && planned.holds(line.until))
    }

    /// The name of the plan.
    pub(crate) fn hash(&self) -> Option<PlanHash> {
        let Self::Plan(planned) = self else { return None };
        Some(planned.plan.hash_after(planned.passed))
    }

    /// A report in which no instrument is yet.
    pub(crate) fn report(&self) -> Reporting {
        let mut rules = BTreeMap::new();
        if let Self::Plan(Planned { plan, passed, .. }) = self {
            let lines = plan.instruments.iter().filter_map(|line| line.after(*passed).by.clone());
            let names = lines.chain(plan.tail.iter().filter_map(|line| line.by.clone()));
            rules.extend(names.map(|by| (by, RuleReport::default())));
        }
        Reporting(rules)
    }
}

impl Planned {
    fn holds(&self, until: Option<usize>) -> bool {
        until.is_none_or(|until| self.passed < until)
    }

    /// What holds for what no line means. Where no view has a baseline, what is declared does: a component that has new
    /// instruments must not turn all of them on while its controller is away.
    fn rest(&self, meta: &Meta) -> bool {
        self.plan.baseline && (self.plan.baseline_by.is_some() || is_default(meta))
    }

    /// What is said of this very instrument: by the line with its scope, else by that for any.
    fn line(&self, meta: &Meta) -> Option<&Says> {
        let lines = self.lines.get(meta.name)?;
        let of = |scope: &str| lines.iter().filter_map(|n| self.plan.instruments.get(*n)).find(|line| line.scope == scope);
        of(meta.scope).or_else(|| of("")).map(|line| line.after(self.passed))
    }
}

/// Whether it is on where nobody decides.
fn is_default(meta: &Meta) -> bool {
    meta.level <= Level::Standard
}

fn is_meant(line: &TailLine, meta: &Meta, spellings: &Spellings<'_>) -> bool {
    let named = |pattern: &str| if line.on { spellings.may_be(pattern) } else { glob::matches(pattern, meta.name) };
    let kind = line.kinds.is_empty() || line.kinds.iter().any(|kind| kind == meta.kind.as_str());
    kind && in_scope(&line.scopes, meta.scope) && named(&line.instruments)
}

fn in_scope(patterns: &[String], scope: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, scope))
}

/// What a line means for this instrument. What is off has no shape.
fn decision<'a>(says: &'a Says, meta: &Meta, observed: bool) -> Decision<'a> {
    let Says { on, keep, drop, buckets, limit, interval_ms: _, by } = says;
    let mut decision = Decision { orders: Orders::plain(*on), by: by.as_deref(), exceptions: Vec::new() };
    if !on {
        return decision;
    }
    let Decision { orders, exceptions, .. } = &mut decision;
    orders.interval = says.interval();
    if keep.is_some() || !drop.is_empty() {
        match meta.kind {
            _ if observed => exceptions.push(("attributes", "observed")),
            Kind::Gauge | Kind::UpDownCounter => exceptions.push(("attributes", "kind")),
            Kind::Counter | Kind::Histogram => orders.keys = Keys { keep: keep.clone(), drop: drop.clone() },
        }
    }
    if let Some(bounds) = buckets {
        match meta.kind {
            Kind::Histogram if observed => exceptions.push(("buckets", "observed")),
            Kind::Histogram if is_ascending(bounds) => {
                orders.bounds = Some(bounds.as_slice().into()).filter(|bounds: &Arc<[f64]>| **bounds != *meta.buckets);
            }
            Kind::Histogram => exceptions.push(("buckets", "bounds")),
            Kind::Counter | Kind::UpDownCounter | Kind::Gauge => exceptions.push(("buckets", "kind")),
        }
    }
    if let Some(limit) = *limit {
        if observed {
            exceptions.push(("cardinality", "observed"));
        } else {
            orders.limit = usize::try_from(limit).ok().filter(|limit| *limit != meta.limit);
        }
    }
    decision
}

fn is_ascending(bounds: &[f64]) -> bool {
    bounds.len() <= BOUNDS_MAX && bounds.iter().all(|bound| bound.is_finite()) && bounds.is_sorted_by(|a, b| a < b)
}

/// A report on a plan while it grows.
pub(crate) struct Reporting(BTreeMap<String, RuleReport>);

impl Reporting {
    /// One more instrument. What nobody put a name to is reported only where it could not be done, under no name.
    pub(crate) fn add(&mut self, meta: &Meta, decision: &Decision<'_>) {
        if decision.by.is_none() && decision.exceptions.is_empty() {
            return;
        }
        let rule = self.0.entry(decision.by.unwrap_or_default().to_owned()).or_default();
        rule.instruments = rule.instruments.saturating_add(1);
        let (scope, name) = (meta.scope, meta.name);
        rule.exceptions.extend(decision.exceptions.iter().map(|(aspect, why)| Exception {
            scope: scope.to_owned(),
            name: name.to_owned(),
            aspect: (*aspect).to_owned(),
            why: (*why).to_owned(),
        }));
    }

    /// Ordered by rule.
    pub(crate) fn finish(self) -> Vec<RuleReport> {
        self.0.into_iter().map(|(by, report)| RuleReport { by, ..report }).collect()
    }
}
