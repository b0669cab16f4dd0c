//! How far a view has come at the instances it reaches: who obeys it at the source, who waits, who refused, what is left to the
//! controller. Counts what components were heard to do; knows no session.

use super::{Condition, EnforcedAt, IN_SYNC, Subject, conditions::is_refused};
use crate::{
    limits::STATUS_PENDING_MS,
    model::{clock::Wall, component::ComponentKey},
    view::{
        plan::RuleRef,
        spec::Mode,
        sync::{ComponentSync, Tally},
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

type Rules = BTreeSet<Arc<RuleRef>>;

/// A component that a view reaches.
#[derive(Clone, Debug)]
pub struct Reached<'a> {
    /// Which component.
    pub key: ComponentKey,
    /// Its processes that push.
    pub instances: u64,
    /// What became of its plans; `None` where it takes none.
    pub sync: Option<&'a ComponentSync>,
}

/// The sum over all components that a view reaches.
#[derive(Debug, Default)]
pub(super) struct Progress<'a> {
    pub(super) tally: Tally,
    /// Since when the one waits that waits longest, and whose instance it is.
    pub(super) waiting: Option<(Wall, &'a ComponentKey)>,
    /// The component of which most instances refused, and their words.
    pub(super) worst: Option<(&'a ComponentKey, &'a ComponentSync)>,
    /// Rules of the view that are done at the source somewhere.
    pub(super) at_source: BTreeSet<&'a RuleRef>,
    /// Rules of the view of which something is left to the controller, although the component takes plans.
    pub(super) left: BTreeSet<&'a RuleRef>,
}

/// Whether what was heard so far may be said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ripe<'a> {
    /// It may.
    Now,
    /// It is too early: what was said before stays. `None`: nothing was said.
    Kept(Option<&'a Condition>),
    /// Instances come back after a start, and nothing was said of this version of the view.
    Unknown,
}

impl Reached<'_> {
    fn tally(&self) -> Tally {
        let nobody = Tally { instances: self.instances, unsupported: self.instances, ..Tally::default() };
        self.sync.map_or(nobody, |sync| sync.tally(self.instances))
    }
}

impl<'a> Progress<'a> {
    pub(super) fn of(subject: &Subject<'a>) -> Self {
        let mut all = Self::default();
        let is_ours = |rule: &&RuleRef| is_of_view(subject, rule);
        for reached in subject.reached {
            let tally = reached.tally();
            all.tally = sum(all.tally, tally);
            let Some(sync) = reached.sync.filter(|sync| sync.takers() > 0) else { continue };
            if let Some(since) = sync.pending_since.filter(|_| sync.pending > 0) {
                all.waiting = all.waiting.into_iter().chain([(since, &reached.key)]).min();
            }
            if sync.failed > all.worst.map_or(0, |(_, worst)| worst.failed) {
                all.worst = Some((&reached.key, sync));
            }
            for (at_source, at_controller) in rules(sync) {
                all.at_source.extend(at_source.iter().map(|rule| &**rule).filter(is_ours));
                all.left.extend(at_controller.iter().map(|rule| &**rule).filter(is_ours));
            }
        }
        all
    }

    /// An answer takes a moment, and after a start so does everybody's return: neither unsays what was true.
    pub(super) fn ripe(&self, subject: &Subject<'a>) -> Ripe<'a> {
        if is_refused(subject) || subject.report.is_some_and(|report| report.view.mode == Mode::DryRun) {
            return Ripe::Now;
        }
        let before = subject.before.and_then(|before| before.condition(IN_SYNC)).filter(|said| said.reason != "Refused");
        let patience = Duration::from_millis(STATUS_PENDING_MS);
        let is_young = self.waiting.is_some_and(|(since, _)| subject.now < since.plus(patience));
        if is_young && self.tally.failed == 0 {
            return Ripe::Kept(before);
        }
        // Where as many take plans as before, nobody is missed.
        let took = subject.before.map_or(0, |status| status.components.instances.saturating_sub(status.components.unsupported));
        let Tally { applied, pending, failed, .. } = self.tally;
        let is_missed = subject.settling && applied.saturating_add(pending).saturating_add(failed) < took;
        match before.filter(|_| is_missed) {
            None => Ripe::Now,
            Some(before) if before.observed_generation == subject.generation => Ripe::Kept(Some(before)),
            Some(_) => Ripe::Unknown,
        }
    }
}

/// Where one rule of the view is done, in instances: those that obey do all of it, or the controller does something of it.
pub(super) fn enforced_at(subject: &Subject<'_>, rule: &str) -> EnforcedAt {
    let is_it = |by: &RuleRef| is_of_view(subject, by) && *by.rule == *rule;
    let mut at = EnforcedAt::default();
    for reached in subject.reached {
        let tally = reached.tally();
        let Some(sync) = reached.sync.filter(|sync| sync.takers() > 0) else {
            at.controller = at.controller.saturating_add(tally.instances);
            continue;
        };
        let (mut is_there, mut source) = (false, 0_u64);
        for part in sync.sorts().iter() {
            let (whole, left) = (part.at_source.iter().any(|by| is_it(by)), part.at_controller.iter().any(|by| is_it(by)));
            is_there |= whole || left;
            source = source.saturating_add(if whole && !left { part.applied } else { 0 });
        }
        if !is_there {
            continue; // it has nothing to do there
        }
        at.source = at.source.saturating_add(source);
        at.controller = at.controller.saturating_add(tally.instances.saturating_sub(source));
    }
    at
}

/// Rules that each sort of instances of a component does, and leaves.
fn rules(sync: &ComponentSync) -> impl Iterator<Item = (&Rules, &Rules)> {
    let parts = sync.parts.iter().map(|part| (&*part.at_source, &*part.at_controller));
    let all = sync.parts.is_empty().then(|| (&*sync.at_source, &*sync.at_controller));
    parts.chain(all)
}

fn is_of_view(subject: &Subject<'_>, by: &RuleRef) -> bool {
    let id = subject.id;
    (&*by.kind, &by.namespace, &by.view) == (id.kind, &id.namespace, &id.name)
}

fn sum(a: Tally, b: Tally) -> Tally {
    Tally {
        instances: a.instances.saturating_add(b.instances),
        applied: a.applied.saturating_add(b.applied),
        pending: a.pending.saturating_add(b.pending),
        failed: a.failed.saturating_add(b.failed),
        unsupported: a.unsupported.saturating_add(b.unsupported),
    }
}
