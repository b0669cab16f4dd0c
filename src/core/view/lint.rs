//! What is allowed and probably not meant: rules that match nothing, never win, clash, or do not fit.
//! Looks at all views and catalogues together; refuses nothing, and says nothing of instruments it cannot know.

mod clashes;

use super::{
    decide::{self, Aspect},
    pattern::Names,
    spec::{Catalogue, Declared, Match, MetricRule, Reach, State, Target, View},
};
use crate::{
    fault::{Fault, Place, code::Code, suggest},
    limits::VIEW_TRIES_MAX,
    model::instrument::{Instrument, Kind},
};
use std::sync::Arc;

/// Most faults of one sort that one rule raises: the fourth instrument teaches nothing new.
const SAME_MAX: usize = 3;

/// Most instruments that a misspelt pattern is compared with.
const SUGGEST_FROM_MAX: usize = 1_000;

/// A declared instrument in reach of a view.
struct Known<'a> {
    declared: &'a Declared,
    names: Names<'a>,
    instrument: Instrument,
}

/// Everything doubtful, in the order of views and rules.
#[must_use]
pub fn views(views: &[Arc<View>], catalogues: &[Arc<Catalogue>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let all: Vec<(&Catalogue, Vec<Known<'_>>)> =
        catalogues.iter().map(|catalogue| (&**catalogue, catalogue.instruments.iter().map(Known::of).collect())).collect();
    let mut tries = VIEW_TRIES_MAX;
    for view in views {
        let (reached, known) = in_reach(view, &all, &mut tries);
        let whom = Whom { services: services(&reached), complete: is_complete(view, &reached) };
        for rule in &view.metrics {
            matches_nothing(&mut faults, rule, &known, &whom);
            disables_all(&mut faults, rule);
            does_not_fit(&mut faults, rule, &known);
            means_family(&mut faults, rule, &known);
            rename_taken(&mut faults, view, rule, &known);
        }
        clashes::never_wins(&mut faults, view);
    }
    clashes::between(&mut faults, views);
    faults
}

impl<'a> Known<'a> {
    fn of(declared: &'a Declared) -> Self {
        let (scope, name, unit) = (declared.scope.clone(), declared.name.clone(), declared.unit.clone());
        let names = Names::new(&declared.name, &declared.unit, declared.kind);
        Self { declared, names, instrument: Instrument { scope, name, kind: declared.kind, unit } }
    }

    fn is_meant(&self, matches: &Match) -> bool {
        decide::specificity(matches, &self.names, &self.instrument, Some(self.declared.level)).is_some()
    }
}

/// The catalogues in reach of a view, and what they declare; as long as there are tries left: a flood of views is warned of less,
/// and costs no more.
fn in_reach<'a>(
    view: &View,
    all: &'a [(&'a Catalogue, Vec<Known<'a>>)],
    tries: &mut usize,
) -> (Vec<&'a Catalogue>, Vec<&'a Known<'a>>) {
    let reached: Vec<_> = all.iter().filter(|(catalogue, _)| reaches(view, catalogue)).collect();
    let known: Vec<&Known<'_>> = reached.iter().flat_map(|(_, known)| known).collect();
    let patterns: usize = view.metrics.iter().map(|rule| rule.matches.instruments.len()).sum();
    match tries.checked_sub(patterns.saturating_mul(known.len())) {
        Some(left) => {
            *tries = left;
            (reached.iter().map(|(catalogue, _)| *catalogue).collect(), known)
        }
        None => (Vec::new(), Vec::new()),
    }
}

/// Whether a catalogue declares what a view may reach. Which workload a service runs in is not known here.
fn reaches(view: &View, catalogue: &Catalogue) -> bool {
    let namespace = &catalogue.id.namespace;
    let elsewhere = view.reach == Reach::Namespace && !namespace.is_empty() && *namespace != view.id.namespace;
    let service = |target: &Target| matches!(target, Target::Service(pattern) if pattern.matches(&catalogue.service));
    !elsewhere && (view.targets.is_empty() || view.targets.iter().any(service))
}

/// Whether all that a view reaches is declared: then what is not declared is a slip.
fn is_complete(view: &View, reached: &[&Catalogue]) -> bool {
    let known = |target: &Target| match target {
        Target::Service(pattern) => pattern.is_literal() && reached.iter().any(|c| pattern.matches(&c.service)),
        Target::Workload { .. } => false,
    };
    !view.targets.is_empty() && view.targets.iter().all(known)
}

/// Whom a view reaches, as far as catalogues tell.
struct Whom {
    services: String,
    complete: bool,
}

/// Services in a user's words.
fn services(reached: &[&Catalogue]) -> String {
    match reached {
        [] => String::new(),
        [one] => one.service.clone().into(),
        [first, others @ ..] => format!("{} and {} more", first.service, others.len()),
    }
}

fn matches_nothing(faults: &mut Vec<Fault>, rule: &MetricRule, known: &[&Known<'_>], whom: &Whom) {
    if known.is_empty() {
        return;
    }
    for (pattern, place) in rule.matches.instruments.iter().zip(&rule.matches.places) {
        if known.iter().any(|known| pattern.names(&known.names)) {
            continue;
        }
        let near = suggest::nearest(pattern.as_str(), known.iter().take(SUGGEST_FROM_MAX).flat_map(|known| known.names.all()));
        if !near.is_empty() || whom.complete {
            let fault = Fault::new(Code::MatchesNothing, place.clone(), &[pattern.as_str(), &whom.services]);
            faults.push(if near.is_empty() { fault } else { fault.with_hint(format!("closest: {}", near.join(", "))) });
        }
    }
}

fn disables_all(faults: &mut Vec<Fault>, rule: &MetricRule) {
    let Match { instruments, scopes, kinds, levels, places } = &rule.matches;
    let all = instruments.iter().position(|pattern| pattern.as_str() == "*");
    let unbounded = scopes.is_empty() && kinds.is_empty() && levels.is_empty();
    if let (State::Disabled, Some(at), true) = (rule.state, all, unbounded) {
        let place = places.get(at).cloned().unwrap_or_default();
        faults.push(Fault::new(Code::DisablesAll, place, &[&rule.name, "every instrument"]));
    }
}

fn does_not_fit(faults: &mut Vec<Fault>, rule: &MetricRule, known: &[&Known<'_>]) {
    let meant: Vec<(Kind, &str)> =
        known.iter().filter(|known| known.is_meant(&rule.matches)).map(|k| (k.declared.kind, &*k.declared.name)).collect();
    let first = rule.matches.instruments.first().map_or("", |pattern| pattern.as_str());
    let written = rule.matches.kinds.iter().map(|kind| (*kind, first));
    let all: Vec<(Kind, &str)> = if meant.is_empty() { written.collect() } else { meant };
    for aspect in Aspect::METRIC {
        let misfits = all.iter().filter(|(kind, _)| aspect.is_set_by(rule) && !aspect.fits(rule, *kind));
        for (kind, name) in misfits.take(SAME_MAX) {
            faults.push(Fault::new(Code::DoesNotFit, rule.place.clone(), &[aspect.as_str(), kind.as_str(), name]));
        }
    }
}

fn means_family(faults: &mut Vec<Fault>, rule: &MetricRule, known: &[&Known<'_>]) {
    for (pattern, place) in rule.matches.instruments.iter().zip(&rule.matches.places) {
        if known.iter().any(|known| pattern.names_whole(&known.names)) {
            continue;
        }
        let declared = known.iter().find_map(|known| pattern.part_of(&known.names));
        // Nobody ends an instrument's name in `_bucket`; of the other endings only a catalogue can tell.
        let told = pattern.as_str().strip_suffix("_bucket").map(str::to_owned);
        if let Some(family) = declared.map(|family| family.to_string()).or(told) {
            faults.push(Fault::new(Code::MeansFamily, place.clone(), &[pattern.as_str(), &family]));
        }
    }
}

fn rename_taken(faults: &mut Vec<Fault>, view: &View, rule: &MetricRule, known: &[&Known<'_>]) {
    let Some(to) = &rule.rename else { return };
    let declared = known.iter().any(|known| known.declared.name == *to && !known.is_meant(&rule.matches));
    let twin = view.metrics.iter().find(|other| {
        !std::ptr::eq(*other, rule) && other.rename.as_ref() == Some(to) && other.matches.instruments != rule.matches.instruments
    });
    let fault = || Fault::new(Code::RenameTaken, rule.place.clone(), &[to]);
    match twin.filter(|twin| position(&twin.place) < position(&rule.place)) {
        Some(twin) => faults.push(fault().with_related(twin.place.clone(), "renames to it too")),
        None if declared => faults.push(fault()),
        None => {}
    }
}

fn position(place: &Place) -> (u32, u32) {
    match place {
        Place::Text { line, column, .. } => (*line, *column),
        Place::Nowhere | Place::Field { .. } | Place::File(_) | Place::Setting(_) => (0, 0),
    }
}
