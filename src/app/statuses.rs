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
        spec::ObjectId,
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
    told: BTreeMap<ObjectId, ViewStatus>,
    impacts: BTreeMap<ObjectId, Impact>,
    /// The views that `impacts` speaks of.
    of: Weak<ViewSet>,
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
}

impl Statuses {
    /// Has looked at nothing yet.
    #[must_use]
    pub fn new(engine: &Arc<Engine>) -> Self {
        let (told, impacts, of) = Default::default();
        Self { engine: Arc::clone(engine), told, impacts, of, turn: 0 }
    }

    /// Says what is true now of every view, and shows it to whoever asks the engine.
    pub fn look(&mut self) -> Look {
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
            let around = Around { loaded: &loaded, observed: &observed, costs: &costs, now };
            let status = self.of(object, id, reports.get(id).copied(), &around);
            told.insert(id.clone(), status);
        }
        self.told.clone_from(&told);
        let told = Arc::new(told);
        engine.statuses.store(Arc::clone(&told));
        Look { statuses: told, observed }
    }

    /// New views are looked at first, then everyone in turn.
    fn refresh_impacts(&mut self, views: &Arc<ViewSet>, reports: &[ViewReport], costs: &[Cost], now: Wall) {
        let store = Arc::clone(&self.engine.store);
        let distinct = move |component: &_, instrument: &_, keys: &_| store.distinct(component, instrument, keys);
        let same = Weak::ptr_eq(&self.of, &Arc::downgrade(views));
        self.of = Arc::downgrade(views);
        self.impacts.retain(|id, _| reports.iter().any(|report| report.id == *id));
        let fresh = reports.iter().filter(|report| !same && !self.impacts.contains_key(&report.id));
        let from = self.turn.checked_rem(reports.len()).unwrap_or_default();
        let in_turn = reports.iter().skip(from).chain(reports.iter().take(from));
        let ids: Vec<ObjectId> = fresh.chain(in_turn).take(IMPACTS_PER_LOOK_MAX).map(|report| report.id.clone()).collect();
        self.turn = from.saturating_add(ids.len());
        for id in ids {
            match views.impact(&id, costs, &distinct, now) {
                Some(impact) => self.impacts.insert(id, impact),
                None => self.impacts.remove(&id),
            };
        }
    }

    fn of(&self, object: &Object, id: &ObjectId, report: Option<&ViewReport>, around: &Around<'_>) -> ViewStatus {
        let Around { loaded, observed, costs, now } = *around;
        let reached: Vec<_> = observed
            .iter()
            .filter(|component| report.is_some_and(|report| loaded.views.reaches(&report.view, &component.key)))
            .map(|component| (component.key.clone(), u64::try_from(component.instances).unwrap_or(u64::MAX)))
            .collect();
        let has = |status: Status| report.is_some_and(|report| report.status == status);
        let suggestions = if has(Status::NoMatch) { suggestions(report, observed) } else { Vec::new() };
        let instead = if has(Status::Expired) { loaded.views.instead_of(id, costs, now) } else { Vec::new() };
        let before = self.told.get(id).or(object.status.as_ref());
        let status = status::of_view(&Subject {
            id,
            generation: object.origin.generation,
            faults: &object.faults,
            report,
            kept: object.kept,
            impact: self.impacts.get(id),
            reached: &reached,
            suggestions: &suggestions,
            instead: &instead,
            now,
            before,
        });
        let early = before.filter(|shown| is_early(&status, shown, self.engine.clock.mono().since(Mono::default())));
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
