//! What instruments cost over time: points a minute from two looks at the same counts, one push and a later one apart. What a
//! source turned off, or cuts, does not show that in the stream: its last numbers stay as long as its component declares it.
//! Keeps two marks per instrument and no history; who looks, and when, is not known here.

use parking_lot::Mutex;
use pointsman_core::{
    limits::OBSERVED_INSTRUMENTS_MAX,
    model::{clock::Mono, component::ComponentKey, instrument::Instrument},
    state::observe::{ObservedComponent, ObservedInstrument},
    view::{
        decide::Aspect,
        impact::{Basis, Cost},
        plan::Plan,
        sync::{self, ComponentSync, SyncState},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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

/// Two moments of one instrument, and what it cost when its source last sent all of it.
#[derive(Clone, Copy, Debug)]
struct Track {
    older: Mark,
    newer: Mark,
    whole: Option<Whole>,
}

/// How many points there were at the request that last carried the instrument.
#[derive(Clone, Copy, Debug)]
struct Mark {
    last: Mono,
    points: u64,
}

/// What an instrument costs that no source cuts.
#[derive(Clone, Copy, Debug)]
struct Whole {
    instances: u64,
    sent: u64,
    per_minute: f64,
}

/// What instruments cost, as far as that is known.
#[derive(Debug, Default)]
pub struct Costs {
    /// Of what is sent, and of what sources turned off.
    pub known: Vec<Cost>,
    /// What a source cuts, or turned off, and nobody saw whole: its numbers stand too low.
    pub unknown: BTreeSet<(ComponentKey, Instrument)>,
}

/// What sources do by themselves, so that the stream does not tell what it would hold without views.
struct Source<'a> {
    sync: &'a ComponentSync,
    plan: Plan,
}

impl Observer {
    /// Takes a look, and says what every instrument costs before views. Where no rate is known yet, one push a minute is
    /// assumed. What is not there any more is forgotten, unless its component is there and declares it.
    pub fn look(&self, observed: &[ObservedComponent], sync: &SyncState, plan_of: &dyn Fn(&ComponentKey) -> Plan) -> Costs {
        let mut tracks = self.tracks.lock();
        let (mut fresh, mut costs, mut room) = (Tracks::new(), Costs::default(), OBSERVED_INSTRUMENTS_MAX);
        let source_of = |key: &ComponentKey| sync.get(key).and_then(|sync| Source::of(sync, || plan_of(key)));
        for component in observed {
            let (known, source) = (tracks.get(&component.key), source_of(&component.key));
            let moved = fresh.entry(component.key.clone()).or_default();
            for seen in &component.instruments {
                let is_cut = source.as_ref().is_some_and(|source| source.cuts(&seen.instrument));
                let track = Track::moved(known.and_then(|known| known.get(&seen.instrument)), seen, is_cut);
                costs.add(&component.key, &seen.instrument, track.whole.unwrap_or_else(|| track.whole_of(seen)), is_cut);
                if is_cut && track.whole.is_none() {
                    costs.unknown.insert((component.key.clone(), seen.instrument.clone()));
                }
                if room > 0 {
                    room -= 1;
                    moved.insert(seen.instrument.clone(), track);
                }
            }
        }
        for (key, source) in sync.keys().filter_map(|key| Some((key, source_of(key)?))) {
            let (known, kept) = (tracks.remove(key).unwrap_or_default(), fresh.entry(key.clone()).or_default());
            let seen: Vec<Instrument> = kept.keys().cloned().collect();
            for instrument in sync::silent(source.sync, &seen) {
                let track = known.iter().find(|(one, _)| is_same(&instrument, one));
                if source.cuts(&instrument) {
                    let whole = track.and_then(|(_, track)| track.whole);
                    if whole.is_none() {
                        costs.unknown.insert((key.clone(), instrument.clone()));
                    }
                    costs.add(key, &instrument, whole.unwrap_or(Whole { instances: 0, sent: 0, per_minute: 0.0 }), true);
                }
                if let Some((one, track)) = track.filter(|_| room > 0) {
                    room -= 1;
                    kept.insert(one.clone(), *track);
                }
            }
        }
        *tracks = fresh;
        costs
    }

    /// Points a minute of an instrument; `None` until two requests were seen apart.
    #[must_use]
    pub fn per_minute(&self, component: &ComponentKey, seen: &ObservedInstrument) -> Option<f64> {
        let tracks = self.tracks.lock();
        tracks.get(component)?.get(&seen.instrument)?.per_minute(Mark::of(seen))
    }
}

/// Whether a declared instrument is one that was seen.
fn is_same(declared: &Instrument, seen: &Instrument) -> bool {
    declared.name == seen.name && (declared.scope.is_empty() || declared.scope == seen.scope)
}

impl Costs {
    fn add(&mut self, component: &ComponentKey, instrument: &Instrument, whole: Whole, is_cut: bool) {
        let Whole { instances, sent: series, per_minute } = whole;
        let basis = if is_cut { Basis::Estimated } else { Basis::Observed };
        let (component, instrument) = (component.clone(), instrument.clone());
        self.known.push(Cost { component, instrument, instances, series, per_minute, basis });
    }
}

impl<'a> Source<'a> {
    /// `None` where no instance takes plans: then all comes as it is.
    fn of(sync: &'a ComponentSync, plan: impl FnOnce() -> Plan) -> Option<Self> {
        (sync.is_present() && sync.takers() > 0).then(|| Self { sync, plan: plan() })
    }

    /// Whether the source sends less of an instrument than it has.
    fn cuts(&self, instrument: &Instrument) -> bool {
        let decision = self.plan.decide(instrument);
        let can = |aspect: Aspect| self.sync.reported.as_ref().is_some_and(|reported| reported.aspects.contains(&aspect));
        !decision.on
            || (!decision.keys.is_all() && can(Aspect::Attributes))
            || (decision.limit.is_some() && can(Aspect::Cardinality))
            || (decision.interval_ms.is_some() && can(Aspect::Interval))
    }
}

impl Mark {
    const fn of(seen: &ObservedInstrument) -> Self {
        Self { last: seen.last, points: seen.points }
    }
}

impl Track {
    /// The instrument as known from now on. While its source cuts it, it costs what it did before.
    fn moved(known: Option<&Self>, seen: &ObservedInstrument, is_cut: bool) -> Self {
        let now = Mark::of(seen);
        let (older, whole) = match known {
            // Fewer points than before: the component came anew.
            Some(known) if now.points >= known.newer.points => {
                // Without a push since the newer mark there is nothing to measure from it.
                let ahead = known.newer.last.since(known.older.last) >= WINDOW && now.last > known.newer.last;
                (if ahead { known.newer } else { known.older }, known.whole)
            }
            _ => (now, known.and_then(|known| known.whole)),
        };
        let mut track = Self { older, newer: now, whole };
        if !is_cut {
            track.whole = Some(track.whole_of(seen));
        }
        track
    }

    /// What it costs as it is sent.
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn whole_of(&self, seen: &ObservedInstrument) -> Whole {
        let per_minute = self.per_minute(self.newer).unwrap_or(seen.sent as f64);
        Whole { instances: u64::try_from(seen.instances).unwrap_or(u64::MAX), sent: seen.sent, per_minute }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn per_minute(&self, now: Mark) -> Option<f64> {
        let apart = now.last.since(self.older.last);
        let points = now.points.checked_sub(self.older.points)?;
        (!apart.is_zero()).then(|| points as f64 * 60.0 / apart.as_secs_f64())
    }
}
