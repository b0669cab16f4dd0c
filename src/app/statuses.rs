//! The status of every view: what core says of it beside what is observed, computed again when views change and now and then.
//! Holds what was said last; writes nothing anywhere.

use super::engine::{Engine, Loaded, Object};
use pointsman_core::{
    limits::{API_ITEMS_MAX, IMPACTS_PER_LOOK_MAX, SETTLE_SECS},
    model::clock::{Mono, Wall},
    state::observe::ObservedComponent,
    view::{
        impact::{Cost, Impact},
        plan::ViewSet,
        report::{Seen, Status, ViewReport},
        spec::{ObjectId, View},
        status::{self, Subject, ViewStatus},
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
    impacts: BTreeMap<ObjectId, (Weak<View>, Impact)>,
    /// Where the next look goes on with impacts.
    turn: usize,
}

/// What one look found.
#[derive(Debug)]
pub struct Look {
    /// Of every view.
    pub statuses: Arc<BTreeMap<ObjectId, ViewStatus>>,
    /// What it was decided beside.
    pub observed: Vec<ObservedComponent>,
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
        let observed = engine.store.observe();
        engine.observer.look(&observed);
        let (loaded, now, costs) = (engine.views.load_full(), engine.clock.view_wall(), engine.observer.costs(&observed));
        let reports = loaded.views.reports(&seen(&observed), now);
        self.refresh_impacts(&loaded.views, &reports, &costs, now);
        let reports: BTreeMap<&ObjectId, &ViewReport> = reports.iter().map(|report| (&report.id, report)).collect();
        let mut told = BTreeMap::new();
        for object in loaded.objects.iter().filter(|object| object.is_view()) {
            let Some(id) = &object.id else { continue };
            let around = Around { loaded: &loaded, observed: &observed, costs: &costs, now, since };
            let status = match &object.status {
                Some(shown) if !is_active => shown.clone(),
                _ => self.of(object, id, reports.get(id).copied(), &around),
            };
            told.insert(id.clone(), (object.origin.uid.clone(), status));
        }
        let statuses = Arc::new(told.iter().map(|(id, (_, status))| (id.clone(), status.clone())).collect());
        self.told = told;
        engine.statuses.store(Arc::clone(&statuses));
        Look { statuses, observed, loaded }
    }

    /// Views that are new or were changed are looked at first, then everyone in turn.
    fn refresh_impacts(&mut self, views: &Arc<ViewSet>, reports: &[ViewReport], costs: &[Cost], now: Wall) {
        let store = Arc::clone(&self.engine.store);
        let distinct = move |component: &_, instrument: &_, keys: &_| store.distinct(component, instrument, keys);
        let by_id: BTreeMap<&ObjectId, &Arc<View>> = reports.iter().map(|report| (&report.id, &report.view)).collect();
        self.impacts.retain(|id, _| by_id.contains_key(id));
        let is_known = |report: &&ViewReport| {
            self.impacts.get(&report.id).is_some_and(|(of, _)| Weak::ptr_eq(of, &Arc::downgrade(&report.view)))
        };
        let mut due: Vec<&ViewReport> = reports.iter().filter(|report| !is_known(report)).take(IMPACTS_PER_LOOK_MAX).collect();
        let room = IMPACTS_PER_LOOK_MAX.saturating_sub(due.len()).min(reports.len());
        let from = self.turn.checked_rem(reports.len()).unwrap_or_default();
        due.extend(reports.iter().cycle().skip(from).take(room).filter(is_known));
        self.turn = from.saturating_add(room);
        for report in due {
            match views.impact(&report.id, costs, &distinct, now) {
                Some(impact) => self.impacts.insert(report.id.clone(), (Arc::downgrade(&report.view), impact)),
                None => self.impacts.remove(&report.id),
            };
        }
    }

    fn of(&self, object: &Object, id: &ObjectId, report: Option<&ViewReport>, around: &Around<'_>) -> ViewStatus {
        let Around { loaded, observed, costs, now, since } = *around;
        let reached: Vec<_> = observed
            .iter()
            .filter(|component| report.is_some_and(|report| loaded.views.reaches(&report.view, &component.key)))
            .map(|component| (component.key.clone(), u64::try_from(component.instances).unwrap_or(u64::MAX)))
            .collect();
        let has = |status: Status| report.is_some_and(|report| report.status == status);
        let suggestions = if has(Status::NoMatch) { suggestions(report, observed) } else { Vec::new() };
        let instead = if has(Status::Expired) { loaded.views.instead_of(id, costs, now) } else { Vec::new() };
        let told = self.told.get(id).filter(|(uid, _)| *uid == object.origin.uid).map(|(_, status)| status);
        let before = told.or(object.status.as_ref());
        let impact = self.impacts.get(id).filter(|(of, _)| report.is_some_and(|r| Weak::ptr_eq(of, &Arc::downgrade(&r.view))));
        let mut status = status::of_view(&Subject {
            id,
            generation: object.origin.generation,
            faults: &object.faults,
            report,
            kept: object.kept,
            impact: impact.map(|(_, impact)| impact),
            reached: &reached,
            suggestions: &suggestions,
            instead: &instead,
            now,
            before,
        });
        if status.impact.is_none() && impact.is_none() {
            // Its turn has not come since a start: what was found before is better than nothing.
            status.impact = before.and_then(|before| before.impact.clone());
        }
        let early = before.filter(|shown| is_early(&status, shown, self.engine.clock.mono().since(since)));
        early.cloned().unwrap_or(status)
    }
}

/// What all views of one look share.
#[derive(Clone, Copy)]
struct Around<'a> {
    loaded: &'a Loaded,
    observed: &'a [ObservedComponent],
    costs: &'a [Cost],
    now: Wall,
    since: Mono,
}

/// The instruments whose names are closest to what a view matches.
fn suggestions(report: Option<&ViewReport>, observed: &[ObservedComponent]) -> Vec<String> {
    let Some(report) = report else { return Vec::new() };
    let components = observed.iter().flat_map(|component| &component.instruments);
    status::closest(&report.view, components.map(|seen| &*seen.instrument.name).take(API_ITEMS_MAX))
}

/// Right after a start nobody has pushed yet: a view that says so now would unsay what was true, only to say it again.
fn is_early(status: &ViewStatus, shown: &ViewStatus, since_start: Duration) -> bool {
    let nobody = ["NoTargets", "NoMatch"].contains(&status.word()) && !["", "NoTargets", "NoMatch"].contains(&shown.word());
    nobody && status.observed_generation == shown.observed_generation && since_start < Duration::from_secs(SETTLE_SECS)
}

fn seen(observed: &[ObservedComponent]) -> Vec<Seen> {
    let seen = |component: &ObservedComponent| Seen {
        component: component.key.clone(),
        instruments: component.instruments.iter().map(|seen| seen.instrument.clone()).collect(),
    };
    observed.iter().map(seen).collect()
}
