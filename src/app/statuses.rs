//! The status of every view: what core says of it beside what is observed, computed again when views change and now and then.
//! Holds what was said last; writes nothing anywhere.

use super::{
    engine::{Engine, Loaded, Object},
    observer::Costs,
    standing::Looked,
};
use pointsman_core::{
    limits::{API_ITEMS_MAX, IMPACTS_PER_LOOK_MAX, SETTLE_SECS, SYNC_SETTLE_SECS},
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
    },
    state::observe::ObservedComponent,
    view::{
        impact::{Basis, Impact},
        plan::ViewSet,
        report::{Seen, Status, ViewReport},
        spec::{ObjectId, View},
        status::{self, Reached, Subject, ViewStatus},
        sync::{self, SyncState},
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

/// Follows views from one look to the next.
pub struct Statuses {
    engine: Arc<Engine>,
    /// What was said last, and of which object: one of the same name that is made anew begins with nothing.
    told: BTreeMap<ObjectId, (Box<str>, ViewStatus)>,
    /// By view as it was read.
    impacts: BTreeMap<ObjectId, Known>,
    /// Where the next look goes on with impacts.
    turn: usize,
}

/// An impact, of which version of a view, and whether it changes something of which the numbers are not known.
struct Known {
    of: Weak<View>,
    impact: Impact,
    is_blind: bool,
}

/// What one look found.
#[derive(Debug)]
pub struct Look {
    /// Of every view.
    pub statuses: Arc<BTreeMap<ObjectId, ViewStatus>>,
    /// What it was decided beside.
    pub observed: Vec<ObservedComponent>,
    /// What became of the plans of components by then.
    pub sync: Arc<SyncState>,
    /// The views of which it was decided.
    pub loaded: Arc<Loaded>,
}

impl Statuses {
    /// Has looked at nothing yet.
    #[must_use]
    pub fn new(engine: &Arc<Engine>) -> Self {
        let (told, impacts) = Default::default();
        Self { engine: Arc::clone(engine), told, impacts, turn: 0 }
    }

    /// Says what is true now of every view, and shows it to whoever asks the engine. A standby sees no stream: it shows what
    /// the objects say. `since` is when what is observed began to speak for all.
    pub fn look(&mut self, is_active: bool, since: Mono) -> Look {
        let engine = Arc::clone(&self.engine);
        // The views first: what became of plans is then of these views, or of later ones.
        let (loaded, now) = (engine.views.load_full(), engine.clock.view_wall());
        let (observed, sync) = (engine.store.observe(), engine.sync_state());
        let costs = engine.observer.look(&observed, &sync, &|key| loaded.views.plan(key, now));
        let seen = sync::with_declared(seen(&observed), &sync);
        let reports = loaded.views.reports(&seen, now);
        self.refresh_impacts(&loaded.views, &reports, &costs, now);
        let reports: BTreeMap<&ObjectId, &ViewReport> = reports.iter().map(|report| (&report.id, report)).collect();
        let present = present(&seen, &observed, &sync);
        let age = engine.clock.mono().since(since);
        let mut told = BTreeMap::new();
        for object in loaded.objects.iter().filter(|object| object.is_view()) {
            let Some(id) = &object.id else { continue };
            let around = Around { loaded: &loaded, seen: &seen, present: &present, costs: &costs, now, age };
            let status = match &object.status {
                Some(shown) if !is_active => shown.clone(),
                _ => self.of(object, id, reports.get(id).copied(), &around),
            };
            told.insert(id.clone(), (object.origin.uid.clone(), status));
        }
        let statuses = Arc::new(told.iter().map(|(id, (_, status))| (id.clone(), status.clone())).collect());
        self.told = told;
        engine.statuses.store(Arc::clone(&statuses));
        engine.numbers.looked.store(Arc::new(Looked::at(&loaded.views, &seen, now)));
        drop((present, seen));
        Look { statuses, observed, sync, loaded }
    }

    /// Views that are new or were changed are looked at first, then everyone in turn.
    fn refresh_impacts(&mut self, views: &Arc<ViewSet>, reports: &[ViewReport], costs: &Costs, now: Wall) {
        let store = Arc::clone(&self.engine.store);
        let distinct = move |component: &_, instrument: &_, keys: &_| store.distinct(component, instrument, keys);
        let by_id: BTreeMap<&ObjectId, &Arc<View>> = reports.iter().map(|report| (&report.id, &report.view)).collect();
        self.impacts.retain(|id, _| by_id.contains_key(id));
        let is_known = |report: &&ViewReport| {
            self.impacts.get(&report.id).is_some_and(|known| Weak::ptr_eq(&known.of, &Arc::downgrade(&report.view)))
        };
        let mut due: Vec<&ViewReport> = reports.iter().filter(|report| !is_known(report)).take(IMPACTS_PER_LOOK_MAX).collect();
        let room = IMPACTS_PER_LOOK_MAX.saturating_sub(due.len()).min(reports.len());
        let from = self.turn.checked_rem(reports.len()).unwrap_or_default();
        due.extend(reports.iter().cycle().skip(from).take(room).filter(is_known));
        self.turn = from.saturating_add(room);
        for report in due {
            let Some(impact) = views.impact(&report.id, &costs.known, &distinct, now) else {
                self.impacts.remove(&report.id);
                continue;
            };
            let mut changed = impact.instruments.iter();
            let is_blind = changed.any(|one| costs.unknown.contains(&(one.component.clone(), one.instrument.clone())));
            self.impacts.insert(report.id.clone(), Known { of: Arc::downgrade(&report.view), impact, is_blind });
        }
    }

    fn of(&self, object: &Object, id: &ObjectId, report: Option<&ViewReport>, around: &Around<'_>) -> ViewStatus {
        let Around { loaded, seen, present, costs, now, age } = *around;
        let is_reached = |key: &ComponentKey| report.is_some_and(|report| loaded.views.reaches(&report.view, key));
        let reached: Vec<Reached<'_>> = present.iter().filter(|present| is_reached(&present.key)).cloned().collect();
        let has = |status: Status| report.is_some_and(|report| report.status == status);
        let suggestions = if has(Status::NoMatch) { suggestions(report, seen) } else { Vec::new() };
        let instead = if has(Status::Expired) { loaded.views.instead_of(id, &costs.known, now) } else { Vec::new() };
        let told = self.told.get(id).filter(|(uid, _)| *uid == object.origin.uid).map(|(_, status)| status);
        let before = told.or(object.status.as_ref());
        let is_current = |known: &&Known| report.is_some_and(|r| Weak::ptr_eq(&known.of, &Arc::downgrade(&r.view)));
        let known = self.impacts.get(id).filter(is_current);
        let mut status = status::of_view(&Subject {
            id,
            generation: object.origin.generation,
            faults: &object.faults,
            report,
            kept: object.kept,
            impact: known.map(|known| &known.impact),
            reached: &reached,
            settling: age < Duration::from_secs(SYNC_SETTLE_SECS),
            suggestions: &suggestions,
            instead: &instead,
            now,
            before,
        });
        if let Some(before) = before {
            remember_impact(&mut status, before, known);
        }
        let early = before.filter(|shown| is_early(&status, shown, age));
        early.cloned().unwrap_or(status)
    }
}

/// What all views of one look share.
#[derive(Clone, Copy)]
struct Around<'a> {
    loaded: &'a Loaded,
    seen: &'a [Seen],
    present: &'a [Reached<'a>],
    costs: &'a Costs,
    now: Wall,
    age: Duration,
}

/// Since a start its turn may not have come, or what it turns off was never seen: what was found before is better than nothing.
fn remember_impact(status: &mut ViewStatus, before: &ViewStatus, known: Option<&Known>) {
    if status.impact.is_none() && known.is_none() {
        status.impact.clone_from(&before.impact);
        return;
    }
    let is_same = before.effective_hash == status.effective_hash && known.is_some_and(|known| known.is_blind);
    let (Some(was), Some(is), true) = (&before.impact, &status.impact, is_same) else { return };
    if was.series_before <= is.series_before {
        return;
    }
    status.impact = Some(status::ImpactStatus { basis: Basis::Estimated, ..was.clone() });
    for rule in &mut status.rules {
        if let Some(was) = before.rules.iter().find(|was| was.name == rule.name) {
            (rule.series_before, rule.series_after) = (was.series_before, was.series_after);
        }
    }
}

/// Every component that pushes or is connected, with its instances.
fn present<'a>(seen: &[Seen], observed: &[ObservedComponent], sync: &'a SyncState) -> Vec<Reached<'a>> {
    let pushing: BTreeMap<&ComponentKey, usize> = observed.iter().map(|one| (&one.key, one.instances)).collect();
    let present = |seen: &Seen| Reached {
        key: seen.component.clone(),
        instances: pushing.get(&seen.component).map_or(0, |instances| u64::try_from(*instances).unwrap_or(u64::MAX)),
        sync: sync.get(&seen.component),
    };
    seen.iter().map(present).collect()
}

/// The instruments whose names are closest to what a view matches.
fn suggestions(report: Option<&ViewReport>, seen: &[Seen]) -> Vec<String> {
    let Some(report) = report else { return Vec::new() };
    let instruments = seen.iter().flat_map(|seen| &seen.instruments);
    status::closest(&report.view, instruments.map(|instrument| &*instrument.name).take(API_ITEMS_MAX))
}

/// Right after a start nobody has pushed yet: a view that says so now would unsay what was true, only to say it again.
/// So would one of which a rule finds nothing to match: what is off at the source is known when its component is back.
fn is_early(status: &ViewStatus, shown: &ViewStatus, age: Duration) -> bool {
    let nothing = ["NoTargets", "NoMatch"];
    let nobody = nothing.contains(&status.word()) && !shown.word().is_empty() && !nothing.contains(&shown.word());
    let fell = |rule: &status::RuleStatus| {
        let mut was = shown.rules.iter().filter(|was| was.name == rule.name);
        rule.state == "NoMatch" && was.any(|was| was.state != "NoMatch")
    };
    let (nobody_for, fell_for) = (Duration::from_secs(SETTLE_SECS), Duration::from_secs(SYNC_SETTLE_SECS));
    let is_early = (nobody && age < nobody_for) || (age < fell_for && status.rules.iter().any(fell));
    // Of a file no generation tells that it was changed.
    let is_same = status.effective_hash == shown.effective_hash && status.observed_generation == shown.observed_generation;
    is_early && is_same
}

/// What was observed, as reports take it.
pub(super) fn seen(observed: &[ObservedComponent]) -> Vec<Seen> {
    let seen = |component: &ObservedComponent| Seen {
        component: component.key.clone(),
        instruments: component.instruments.iter().map(|seen| seen.instrument.clone()).collect(),
    };
    observed.iter().map(seen).collect()
}
