//! Where a decision is done: by instances themselves, or by the controller, and then why.
//! Asks what the plan's compiler says a library can do; words it, decides nothing.

use super::{
    Owner,
    answer::{Enforced, Left},
};
use crate::{
    limits::STATUS_REFUSALS_MAX,
    model::instrument::Instrument,
    view::{
        decide::Aspect,
        explain::Explanation,
        offer,
        plan::{Buckets, Decision, RuleRef},
        sync::{ComponentSync, Part, Reported},
        time::format_time,
    },
};

/// Of an instrument.
pub(super) fn of_instrument(explanation: &Explanation, instrument: &Instrument, owner: &Owner<'_>) -> Enforced {
    let decision = &explanation.decision;
    let taking = owner.sync.filter(|sync| sync.takers() > 0);
    let Some(sync) = taking else { return nowhere(owner) };
    let left =
        |part: &Part| decided(decision).into_iter().filter_map(|aspect| left(aspect, (instrument, decision), part)).collect();
    shared(sync, owner, &left)
}

/// Of spans of one name, by the rule that decides whether they are made, or how many stay.
pub(super) fn of_spans(by: Option<&RuleRef>, is_off: bool, owner: &Owner<'_>) -> Enforced {
    let taking = owner.sync.filter(|sync| sync.takers() > 0);
    let Some(sync) = taking else { return nowhere(owner) };
    let Some(by) = by else { return shared(sync, owner, &|_| Vec::new()) };
    let left = |aspect: Aspect, why: &str| vec![Left { aspect: aspect.as_str().to_owned(), why: why.to_owned() }];
    let of_part = |part: &Part| {
        let can = part.reported.as_ref().is_none_or(|reported| reported.spans);
        match (is_off, can, part.at_source.contains(by)) {
            (false, ..) => {
                left(Aspect::Sampling, "a span that is kept elsewhere keeps its trace, which only the controller sees")
            }
            (true, false, _) => left(Aspect::State, &format!("its library{} cannot leave out spans", library(part))),
            (true, true, false) => left(Aspect::State, "its source cannot tell for certain which spans are meant"),
            (true, true, true) => Vec::new(),
        }
    };
    shared(sync, owner, &of_part)
}

/// The controller does it all.
fn nowhere(owner: &Owner<'_>) -> Enforced {
    let instances = owner.sync.map_or(owner.instances, |sync| sync.tally(owner.instances).instances);
    Enforced { source: 0, controller: instances, unsupported: instances, ..Enforced::default() }
}

/// The source does it where nothing of it is left.
fn shared(sync: &ComponentSync, owner: &Owner<'_>, of_part: &dyn Fn(&Part) -> Vec<Left>) -> Enforced {
    let tally = sync.tally(owner.instances);
    let sorts = sync.sorts();
    let by_part: Vec<(&Part, Vec<Left>)> = sorts.iter().map(|part| (part, of_part(part))).collect();
    let does = by_part.iter().filter(|(_, left)| left.is_empty());
    let source = does.fold(0_u64, |sum, (part, _)| sum.saturating_add(part.applied));
    Enforced {
        source,
        controller: tally.instances.saturating_sub(source),
        since: sync.since.filter(|_| source > 0).map(format_time),
        plan: sync.hash.to_string(),
        pending: tally.pending,
        pending_since: sync.pending_since.filter(|_| tally.pending > 0).map(format_time),
        failed: tally.failed,
        unsupported: tally.unsupported,
        refusals: sync.refusals.iter().take(STATUS_REFUSALS_MAX).map(ToString::to_string).collect(),
        left: joined(&by_part),
    }
}

/// What is left to the controller by any sort of instances: the sort of most speaks first, and where not all say it, how many do.
fn joined(by_part: &[(&Part, Vec<Left>)]) -> Vec<Left> {
    let all = by_part.iter().fold(0_u64, |sum, (part, _)| sum.saturating_add(part.instances));
    let mut joined: Vec<(Left, u64)> = Vec::new();
    for (part, left) in by_part {
        for one in left {
            match joined.iter_mut().find(|(known, _)| known == one) {
                Some((_, instances)) => *instances = instances.saturating_add(part.instances),
                None => joined.push((one.clone(), part.instances)),
            }
        }
    }
    let worded = |(left, instances): (Left, u64)| match instances < all {
        true => Left { why: format!("{} ({instances} of {all} instances)", left.why), ..left },
        false => left,
    };
    joined.into_iter().map(worded).collect()
}

/// The aspects of which something is decided that has to be done. What is off has no shape.
fn decided(decision: &Decision) -> Vec<Aspect> {
    if !decision.on {
        return vec![Aspect::State];
    }
    let is_shaped = |aspect: &Aspect| match aspect {
        Aspect::Attributes => !decision.keys.is_all(),
        Aspect::Buckets => decision.buckets.is_some(),
        Aspect::Rename => decision.rename.is_some(),
        Aspect::Cardinality => decision.limit.is_some(),
        Aspect::Interval => decision.interval_ms.is_some(),
        Aspect::State | Aspect::Sampling => false,
    };
    Aspect::METRIC.into_iter().filter(is_shaped).collect()
}

/// Why an aspect is left to the controller; `None`: it is not.
fn left(aspect: Aspect, (instrument, decision): (&Instrument, &Decision), part: &Part) -> Option<Left> {
    let Some(reported) = part.reported.as_deref() else {
        let is_done = decision.by.as_deref().is_some_and(|by| part.at_source.contains(by) && !part.at_controller.contains(by));
        let why = || "its source cannot do it".to_owned();
        return (!is_done).then(|| Left { aspect: aspect.as_str().to_owned(), why: why() });
    };
    if offer::does(reported, aspect, instrument, decision) {
        return None;
    }
    Some(Left { aspect: aspect.as_str().to_owned(), why: why(aspect, (instrument, decision), reported) })
}

fn why(aspect: Aspect, (instrument, decision): (&Instrument, &Decision), reported: &Reported) -> String {
    let is_observed = reported.observed.contains(&(instrument.scope.clone(), instrument.name.clone()));
    match aspect {
        Aspect::Rename => "the controller knows it by its own name, and gives it the new one".into(),
        _ if !reported.aspects.contains(&aspect) => {
            let can = match aspect {
                Aspect::State => "turn it off",
                Aspect::Attributes => "leave out attributes",
                Aspect::Buckets => "change buckets",
                Aspect::Cardinality => "limit attribute sets",
                _ => "slow it down",
            };
            format!("its library{} cannot {can}", named(&reported.library))
        }
        Aspect::Attributes | Aspect::Buckets | Aspect::Cardinality if is_observed => {
            "it is read by a callback, whose values stay as they are at the source".into()
        }
        Aspect::Buckets if matches!(decision.buckets, Some(Buckets::Exponential { .. })) => {
            "exponential buckets are made by the controller".into()
        }
        Aspect::Attributes => format!("series of a {} are put together by the controller", instrument.kind.as_str()),
        Aspect::Cardinality => "it counts what is left of the attributes, and those are left out by the controller".into(),
        _ => "its source cannot do it".into(),
    }
}

fn library(part: &Part) -> String {
    part.reported.as_ref().map_or_else(String::new, |reported| named(&reported.library))
}

/// ` pointsman-instrument 0.1.0`; nothing where nobody said.
fn named(library: &str) -> String {
    if library.is_empty() { String::new() } else { format!(" {library}") }
}
