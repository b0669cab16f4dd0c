//! The plan as it travels to a component: what its library can do at the source, step by step as views end, for what is
//! declared and for what is not. Knows what a library can do, not how it is told.

mod lines;
mod tail;
mod write;

use self::{lines::Can, write::Draft};
use super::{
    compile::is_active,
    decide::Aspect,
    memo::Indexed,
    plan::{Decision, Inner, Placed, RuleRef, ViewSet},
    sync::{Offer, Reported},
};
use crate::{
    limits::PLAN_STEPS_MAX,
    model::{clock::Wall, component::ComponentKey, instrument::Instrument},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Nanoseconds in a millisecond: times travel with no finer fraction.
const MILLI: u64 = 1_000_000;

impl ViewSet {
    /// The plan for those instances of a component that report the same, as it travels: a pure function. `now` only counts
    /// through the views that are in force, so that the hash which a component computes when a view ends is the hash of what is
    /// offered then.
    #[must_use]
    pub fn offer(&self, component: &ComponentKey, reported: &Reported, now: Wall) -> Offer {
        let inner = self.inner_of(component, &|view| is_active(view, now), self.own(component, reported));
        let steps = Steps::of(&inner);
        let can = Can { reported };
        let lines = lines::of(&inner, &steps, &can);
        let (tail, spans) = (tail::of(&inner, &steps, &can), tail::spans(&inner, &steps, &can));
        let draft = Draft::new(component.to_string(), lines, tail, spans, &steps);
        let done = draft.done(&inner, &can);
        let (hash, body) = draft.write();
        let part = |all| done.values().filter(|(_, done)| *done == all).map(|(by, _)| Arc::clone(by)).collect();
        Offer { hash, body, next: steps.0, at_source: part(true), at_controller: part(false), left_out: draft.left_out }
    }

    /// What instances declare that this set does not know of their component yet.
    fn own(&self, component: &ComponentKey, reported: &Reported) -> Option<Arc<Indexed>> {
        let catalogue = reported.catalogue.as_ref()?;
        let is_known = self.reported.get(component).is_some_and(|known| {
            Arc::ptr_eq(&known.catalogue, catalogue) || known.catalogue.instruments == catalogue.instruments
        });
        (!is_known).then(|| Arc::new(Indexed::new(Arc::clone(catalogue))))
    }
}

/// Whether a library can do what is decided of an aspect of an instrument.
pub(super) fn does(reported: &Reported, aspect: Aspect, instrument: &Instrument, decision: &Decision) -> bool {
    Can { reported }.does_of(aspect, instrument, decision)
}

/// Whether all that a rule decides is done at the source, by the rule's address: each has one.
type Done = BTreeMap<*const RuleRef, (Arc<RuleRef>, bool)>;

/// The moments at which something of a plan ends, ascending. Beyond a cap the later ones are left out: what ends then counts as
/// lasting until an earlier moment has come and the plan is offered anew.
struct Steps(Vec<Wall>);

impl Steps {
    fn of(inner: &Inner) -> Self {
        let rules = inner.rules.iter().map(|placed| placed.expires);
        let baselines = inner.baselines.iter().map(|placed| placed.expires);
        let spans = inner.spans.iter().map(|placed| placed.expires);
        let moments: BTreeSet<Wall> = rules.chain(baselines).chain(spans).flatten().map(moment).collect();
        Self(moments.into_iter().take(PLAN_STEPS_MAX).collect())
    }

    /// It holds while fewer steps than this have passed; `None`: for good.
    fn until<T>(&self, placed: &Placed<T>) -> Option<usize> {
        let at = self.0.binary_search(&moment(placed.expires?)).ok()?;
        at.checked_add(1)
    }

    /// Whether it holds once so many steps have passed.
    fn holds<T>(&self, placed: &Placed<T>, step: usize) -> bool {
        self.until(placed).is_none_or(|until| until > step)
    }
}

/// The first millisecond at which something that ends has ended.
fn moment(expires: Wall) -> Wall {
    Wall(expires.0.div_ceil(MILLI).saturating_mul(MILLI))
}

#[cfg(test)]
mod tests;
