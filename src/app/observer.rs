//! What was observed of every component, with points a minute: the newest look at the store beside one of a minute ago.
//! For statuses, `explain` and `diff`. Asks the store; decides nothing.

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use pointsman_core::{
    limits,
    model::{clock::Mono, component::ComponentKey, instrument::Instrument},
    state::{observe::ObservedComponent, store::Store},
    view::{
        impact::{Basis, Cost},
        report::Seen,
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Rates are taken over at most so long.
const WINDOW: Duration = Duration::from_secs(60);

/// One look at the store.
#[derive(Debug, Default)]
pub struct Observation {
    /// When.
    pub at: Mono,
    /// Every component, ordered by key.
    pub components: Vec<ObservedComponent>,
    per_minute: BTreeMap<(ComponentKey, Instrument), f64>,
}

/// Counts of points by component and instrument, at one moment.
type Counts = (Mono, BTreeMap<(ComponentKey, Instrument), u64>);

/// Looks again and again.
#[derive(Debug, Default)]
pub struct Observer {
    latest: ArcSwap<Observation>,
    past: Mutex<VecDeque<Counts>>,
}

impl Observer {
    /// The newest look.
    #[must_use]
    pub fn latest(&self) -> Arc<Observation> {
        self.latest.load_full()
    }

    /// Looks now. Looks that are closer together than a few seconds share the counts of the first.
    pub fn look(&self, store: &Store, now: Mono) -> Arc<Observation> {
        let components = store.observe();
        let mut past = self.past.lock();
        if past.back().is_none_or(|(at, _)| now.since(*at) >= Duration::from_secs(limits::OBSERVE_SECS)) {
            let counts = components.iter().flat_map(|component| {
                let key = |seen: &Instrument| (component.key.clone(), seen.clone());
                component.instruments.iter().map(move |seen| (key(&seen.instrument), seen.points))
            });
            past.push_back((now, counts.collect()));
        }
        while past.len() > 2 && past.get(1).is_some_and(|(at, _)| now.since(*at) >= WINDOW) {
            past.pop_front();
        }
        let per_minute = past.front().map(|past| rates(past, &components, now)).unwrap_or_default();
        drop(past);
        let observation = Arc::new(Observation { at: now, components, per_minute });
        self.latest.store(Arc::clone(&observation));
        observation
    }
}

/// Points a minute since `past`; what was not there then began at nothing.
fn rates((at, counts): &Counts, components: &[ObservedComponent], now: Mono) -> BTreeMap<(ComponentKey, Instrument), f64> {
    let minutes = now.since(*at).as_secs_f64() / 60.0;
    let mut rates = BTreeMap::new();
    if minutes <= 0.0 {
        return rates;
    }
    for component in components {
        for seen in &component.instruments {
            let key = (component.key.clone(), seen.instrument.clone());
            let before = counts.get(&key).copied().unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
            let points = seen.points.saturating_sub(before) as f64;
            rates.insert(key, points / minutes);
        }
    }
    rates
}

impl Observation {
    /// Points a minute of one instrument.
    #[must_use]
    pub fn per_minute(&self, component: &ComponentKey, instrument: &Instrument) -> f64 {
        self.per_minute.get(&(component.clone(), instrument.clone())).copied().unwrap_or_default()
    }

    /// What every instrument costs before views.
    #[must_use]
    pub fn costs(&self) -> Vec<Cost> {
        let cost = |component: &ObservedComponent| {
            let key = component.key.clone();
            let costs = component.instruments.iter().map(|seen| Cost {
                component: key.clone(),
                instrument: seen.instrument.clone(),
                instances: u64::try_from(seen.instances).unwrap_or(u64::MAX),
                series: seen.sent,
                per_minute: self.per_minute(&component.key, &seen.instrument),
                basis: Basis::Observed,
            });
            costs.collect::<Vec<_>>()
        };
        self.components.iter().flat_map(cost).collect()
    }

    /// Which component sent what.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        let seen = |component: &ObservedComponent| Seen {
            component: component.key.clone(),
            instruments: component.instruments.iter().map(|seen| seen.instrument.clone()).collect(),
        };
        self.components.iter().map(seen).collect()
    }
}
