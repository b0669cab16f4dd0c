//! Rules against rules: those that can never win, those that tie, and limits over a cap.
//! Compares what is written, not what is sent: it may miss a clash, and never invents one.

use crate::{
    fault::{Fault, code::Code},
    limits::VIEW_PAIRS_MAX,
    view::{
        compile::{age, selects, tier},
        decide::{Aspect, OVERRIDES},
        explain::says,
        facts::Facts,
        pattern::Pattern,
        spec::{Match, MetricRule, Mode, Reach, Target, View},
    },
};
use std::{cmp::Ordering, sync::Arc};

/// A rule that an earlier rule of the same view covers.
pub(super) fn never_wins(faults: &mut Vec<Fault>, view: &View) {
    for (i, rule) in view.metrics.iter().enumerate() {
        let earlier = view.metrics.iter().take(i).find(|earlier| covers_as_exactly(earlier, rule));
        if let Some(earlier) = earlier {
            let fault = Fault::new(Code::NeverWins, rule.place.clone(), &[&rule.name, &format!("rule `{}`", earlier.name)]);
            faults.push(fault.with_related(earlier.place.clone(), "comes first"));
        }
    }
}

/// Rules of different views. The number of comparisons is bounded: a flood of views costs no more.
pub(super) fn between(faults: &mut Vec<Fault>, views: &[Arc<View>]) {
    let mut comparisons = VIEW_PAIRS_MAX;
    let acting: Vec<&View> = views.iter().map(AsRef::as_ref).filter(|view| view.mode == Mode::Enforce).collect();
    for (i, one) in acting.iter().enumerate() {
        for other in acting.iter().skip(i.saturating_add(1)) {
            let pairs = one.metrics.len().saturating_mul(other.metrics.len()).saturating_add(1);
            let Some(left) = comparisons.checked_sub(pairs) else { return };
            comparisons = left;
            if !overlap(one, other) {
                continue;
            }
            match tier(one).cmp(&tier(other)) {
                Ordering::Equal => same_tier(faults, one, other),
                Ordering::Greater => overruled(faults, one, other),
                Ordering::Less => overruled(faults, other, one),
            }
        }
    }
}

/// Both views are of one tier: where two rules are equally exact, age or name decides, and somebody should know.
fn same_tier(faults: &mut Vec<Fault>, one: &View, other: &View) {
    let order = (age(one), &one.id.namespace, &one.id.name).cmp(&(age(other), &other.id.namespace, &other.id.name));
    let (winner, loser) = if order == Ordering::Greater { (other, one) } else { (one, other) };
    let by = if age(winner) == age(loser) { "name" } else { "age" };
    for strong in &winner.metrics {
        for weak in &loser.metrics {
            let Some(pattern) = tie(&strong.matches, &weak.matches) else { continue };
            let clash = Aspect::METRIC.into_iter().find(|aspect| {
                let joined = tier(one) == OVERRIDES && is_joined(*aspect);
                !joined && aspect.is_set_by(strong) && aspect.is_set_by(weak) && says(strong, *aspect) != says(weak, *aspect)
            });
            if let Some(aspect) = clash {
                let name = format!("{}/{}", winner.id.name, strong.name);
                let fault = Fault::new(Code::SameTier, weak.place.clone(), &[&name, aspect.as_str(), pattern.as_str()]);
                faults.push(fault.with_hint(format!("`{name}` wins by {by}")).with_related(strong.place.clone(), "is the other"));
            }
        }
    }
}

/// `high` is of a higher tier: rules below that it covers never win, limits above its cap do not hold.
fn overruled(faults: &mut Vec<Fault>, high: &View, low: &View) {
    for weak in &low.metrics {
        let always = high.expiry.is_none() && covers_reach(high, low);
        let cover = high.metrics.iter().find(|strong| {
            let decides = |aspect: &Aspect| aspect.is_set_by(strong) && !(tier(high) == OVERRIDES && is_joined(*aspect));
            always && covers(&strong.matches, &weak.matches) && aspects(weak).all(|aspect| decides(&aspect))
        });
        if let Some(strong) = cover {
            let name = format!("{} {} rule `{}`", high.id.kind, high.id.name, strong.name);
            let fault = Fault::new(Code::NeverWins, weak.place.clone(), &[&weak.name, &name]);
            faults.push(fault.with_related(strong.place.clone(), "is of a higher tier"));
        }
        let Some(limit) = weak.limit.filter(|_| tier(high) == OVERRIDES) else { continue };
        let cap = high.metrics.iter().filter(|strong| covers(&strong.matches, &weak.matches)).filter_map(|s| s.limit).min();
        if let Some(cap) = cap.filter(|cap| *cap < limit) {
            let words = [&*limit.to_string(), &weak.name, &*cap.to_string(), &*high.id.name];
            faults.push(Fault::new(Code::OverCap, weak.place.clone(), &words));
        }
    }
}

fn aspects(rule: &MetricRule) -> impl Iterator<Item = Aspect> {
    Aspect::METRIC.into_iter().filter(|aspect| aspect.is_set_by(rule))
}

/// Aspects in which an override bounds what is below instead of replacing it.
fn is_joined(aspect: Aspect) -> bool {
    matches!(aspect, Aspect::Attributes | Aspect::Cardinality | Aspect::Interval)
}

/// Whether `strong` means all that `weak` means, just as exactly, and decides all that it decides.
fn covers_as_exactly(strong: &MetricRule, weak: &MetricRule) -> bool {
    let (a, b) = (&strong.matches, &weak.matches);
    b.instruments.iter().all(|pattern| a.instruments.contains(pattern))
        && (&a.scopes, &a.kinds, &a.levels) == (&b.scopes, &b.kinds, &b.levels)
        && aspects(weak).all(|aspect| aspect.is_set_by(strong))
}

/// Whether `a` means all that `b` means.
fn covers(a: &Match, b: &Match) -> bool {
    b.instruments.iter().all(|pattern| a.instruments.iter().any(|wide| wide.covers(pattern)))
        && within(&b.scopes, &a.scopes)
        && within(&b.kinds, &a.kinds)
        && within(&b.levels, &a.levels)
}

/// Whether a list that narrows a match narrows it to no more than another; an empty one does not narrow.
fn within<T: PartialEq>(narrow: &[T], wide: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|item| wide.contains(item)))
}

/// A pattern by which both mean the same thing equally exactly.
fn tie<'a>(a: &Match, b: &'a Match) -> Option<&'a Pattern> {
    let alike = a.scopes == b.scopes && a.kinds == b.kinds && a.levels == b.levels;
    b.instruments.iter().filter(|_| alike).find(|pattern| a.instruments.contains(pattern))
}

/// Whether two views may reach the same component.
fn overlap(one: &View, other: &View) -> bool {
    let files = Facts::default(); // no labels of namespaces are known here
    let namespaces = match (&one.reach, &other.reach) {
        (Reach::Namespace, Reach::Namespace) => one.id.namespace == other.id.namespace,
        (Reach::Cluster { selector, .. }, Reach::Namespace) => selects(selector, &other.id.namespace, &files),
        (Reach::Namespace, Reach::Cluster { selector, .. }) => selects(selector, &one.id.namespace, &files),
        (Reach::Cluster { selector: a, .. }, Reach::Cluster { selector: b, .. }) => {
            a.names.is_empty() || b.names.is_empty() || a.names.iter().any(|name| b.names.contains(name))
        }
    };
    let shared =
        one.targets.iter().any(|target| other.targets.iter().any(|o| covers_target(target, o) || covers_target(o, target)));
    namespaces && (one.targets.is_empty() || other.targets.is_empty() || shared)
}

/// Whether `high` reaches all that `low` reaches; their namespaces overlap already.
fn covers_reach(high: &View, low: &View) -> bool {
    let namespaces = match (&high.reach, &low.reach) {
        (_, Reach::Namespace) => true,
        (Reach::Cluster { selector, .. }, Reach::Cluster { .. }) => selector.names.is_empty() && selector.labels.is_empty(),
        (Reach::Namespace, Reach::Cluster { .. }) => false,
    };
    let each = |target: &Target| high.targets.iter().any(|wide| covers_target(wide, target));
    namespaces && (high.targets.is_empty() || (!low.targets.is_empty() && low.targets.iter().all(each)))
}

fn covers_target(wide: &Target, narrow: &Target) -> bool {
    match (wide, narrow) {
        (Target::Service(wide), Target::Service(narrow)) => wide.covers(narrow),
        _ => wide == narrow,
    }
}
