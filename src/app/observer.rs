//! What instruments cost over time: points a minute from two looks at the same counts, one push and a later one apart.
//! Keeps two marks per instrument and no history; who looks, and when, is not known here.

use parking_lot::Mutex;
use pointsman_core::{
    limits::OBSERVED_INSTRUMENTS_MAX,
    model::{clock::Mono, component::ComponentKey, instrument::Instrument},
    state::observe::{ObservedComponent, ObservedInstrument},
    view::impact::{Basis, Cost},
};
use std::{collections::BTreeMap, time::Duration};

#[cfg(test)]
mod tests;

/// The older mark moves up once the newer one is so far ahead.
const WINDOW: Duration = Duration::from_secs(60);

/// Remembers counts of points between looks.
#[derive(Debug, Default)]
pub struct Observer {
    tracks: Mutex<Tracks>,
}

type Tracks = BTreeMap<ComponentKey, BTreeMap<Instrument, Track>>;

/// Two moments of one instrument.
#[derive(Clone, Copy, Debug)]
struct Track {
    older: Mark,
    newer: Mark,
}

/// How many points there were at the request that last carried the instrument.
#[derive(Clone, Copy, Debug)]
struct Mark {
    last: Mono,
    points: u64,
}

impl Observer {
    /// Takes a look. What is not there any more is forgotten.
    pub fn look(&self, observed: &[ObservedComponent]) {
        let mut tracks = self.tracks.lock();
        let mut fresh = Tracks::new();
        let mut room = OBSERVED_INSTRUMENTS_MAX;
        for component in observed {
            let known = tracks.remove(&component.key).unwrap_or_default();
            let instruments = component.instruments.iter().take(room);
            let moved: BTreeMap<Instrument, Track> = instruments
                .map(|seen| (seen.instrument.clone(), Track::moved(known.get(&seen.instrument), Mark::of(seen))))
                .collect();
            room = room.saturating_sub(moved.len());
            fresh.insert(component.key.clone(), moved);
        }
        *tracks = fresh;
    }

    /// Points a minute of an instrument; `None` until two requests were seen apart.
    #[must_use]
    pub fn per_minute(&self, component: &ComponentKey, seen: &ObservedInstrument) -> Option<f64> {
        let tracks = self.tracks.lock();
        tracks.get(component)?.get(&seen.instrument)?.per_minute(Mark::of(seen))
    }

    /// What every instrument costs before views. Where no rate is known yet, one push a minute is assumed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    pub fn costs(&self, observed: &[ObservedComponent]) -> Vec<Cost> {
        let cost = |component: &ObservedComponent, seen: &ObservedInstrument| Cost {
            component: component.key.clone(),
            instrument: seen.instrument.clone(),
            instances: u64::try_from(seen.instances).unwrap_or(u64::MAX),
            series: seen.sent,
            per_minute: self.per_minute(&component.key, seen).unwrap_or(seen.sent as f64),
            basis: Basis::Observed,
        };
        let all = observed.iter().flat_map(|component| component.instruments.iter().map(move |seen| (component, seen)));
        all.map(|(component, seen)| cost(component, seen)).collect()
    }
}

impl Mark {
    const fn of(seen: &ObservedInstrument) -> Self {
        Self { last: seen.last, points: seen.points }
    }
}

impl Track {
    fn moved(known: Option<&Self>, now: Mark) -> Self {
        match known {
            // Fewer points than before: the component came anew.
            Some(known) if now.points >= known.newer.points => {
                // Without a push since the newer mark there is nothing to measure from it.
                let ahead = known.newer.last.since(known.older.last) >= WINDOW && now.last > known.newer.last;
                let older = if ahead { known.newer } else { known.older };
                Self { older, newer: now }
            }
            _ => Self { older: now, newer: now },
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn per_minute(&self, now: Mark) -> Option<f64> {
        let apart = now.last.since(self.older.last);
        let points = now.points.checked_sub(self.older.points)?;
        (!apart.is_zero()).then(|| points as f64 * 60.0 / apart.as_secs_f64())
    }
}
