//! Instruments of other crates, as far as they are made: each name once, and no more than there is room for.
//! Knows no interface: what asks for them is in `meters` and `gated`.

use super::Telemetry;
use crate::{
    gate::Gate,
    limits::{CALLBACKS_MAX, FOREIGN_INSTRUMENTS_MAX},
    meters::{
        Meters,
        names::{Asked, What},
    },
    metric::{Kind, Meta},
    rules::Cannot,
    shared::Shared,
};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, atomic::Ordering},
};

/// By scope, and by name in lower case: that is how names are told apart.
pub(super) type Foreign = BTreeMap<(Box<str>, String), Made>;

/// One that was made.
pub(super) struct Made {
    meta: &'static Meta,
    what: What,
    /// How often it was asked for.
    times: usize,
}

/// The gate of an instrument whose measurements go elsewhere.
pub(crate) struct Bare {
    pub(super) meta: &'static Meta,
    gate: Gate,
    /// It is told everything, whatever the plan says.
    is_told: bool,
    shared: Arc<Shared>,
}

impl Bare {
    fn new(meta: &'static Meta, shared: Arc<Shared>, (on, is_told): (bool, bool)) -> Self {
        let on = on || is_told;
        shared.made(on);
        Self { meta, gate: Gate::new(on), is_told, shared }
    }

    /// What a plan may say of it that nobody does here.
    pub(super) fn cannot(&self) -> &'static [Cannot] {
        if self.is_told { &[("state", "kind"), ("interval", "elsewhere")] } else { &[("interval", "elsewhere")] }
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.gate.is_on()
    }

    /// Opens or closes, unless it is told everything. Orders come one after the other.
    pub(super) fn obey(&self, on: bool) {
        if !self.is_told && self.gate.is_on() != on {
            self.shared.turned(on);
            self.gate.set(on);
        }
    }
}

impl Telemetry {
    /// Instruments for other crates in the process, through OpenTelemetry's interface:
    /// `opentelemetry::global::set_meter_provider(telemetry.meters())`. Call it before they ask for theirs.
    pub fn meters(self: &Arc<Self>) -> Meters {
        Meters::new(self.clone())
    }

    /// What is known of the instrument that is asked for, made known now if it was not; none where it cannot be one, its
    /// name is another's, or there are too many. Why is counted.
    pub(crate) fn foreign(&self, asked: Asked<'_>, what: What) -> Option<&'static Meta> {
        let (meta, times) = self.asked(asked, what)?;
        if what.observed && times > CALLBACKS_MAX {
            self.shared.losses.callbacks.add(1);
            return None;
        }
        Some(meta)
    }

    /// The same, and how often it was asked for.
    fn asked(&self, asked: Asked<'_>, what: What) -> Option<(&'static Meta, usize)> {
        let losses = &self.shared.losses;
        if self.off {
            return None;
        }
        if !asked.is_fit() {
            losses.instrument_names.add(1);
            return None;
        }
        let mut foreign = self.foreign.lock();
        let held = foreign.len();
        match foreign.entry((asked.scope.into(), asked.name.to_ascii_lowercase())) {
            Entry::Occupied(mut made) if made.get().what == what => {
                let made = made.get_mut();
                made.times = made.times.saturating_add(1);
                Some((made.meta, made.times))
            }
            Entry::Vacant(_) if held >= FOREIGN_INSTRUMENTS_MAX => {
                losses.instruments.add(1);
                None
            }
            Entry::Vacant(place) if !self.has_own(asked.scope, &asked.name) => {
                Some((place.insert(Made { meta: asked.keep(what.kind), what, times: 1 }).meta, 1))
            }
            Entry::Occupied(_) | Entry::Vacant(_) => {
                losses.instrument_conflicts.add(1);
                None
            }
        }
    }

    /// A gate for an instrument whose measurements go elsewhere, so that all that can be done here is not to take them; none
    /// where it is in no catalogue.
    pub(crate) fn gate(&self, asked: Asked<'_>, what: What) -> Option<Arc<Bare>> {
        // However often: nothing is held here of who asks.
        let (meta, _) = self.asked(asked, what)?;
        let rules = self.rules.read();
        let new = || {
            self.made.fetch_add(1, Ordering::Relaxed);
            // An up-down counter that is added to would be wrong for ever without what it missed.
            let is_told = what.kind == Kind::UpDownCounter && !what.observed;
            Arc::new(Bare::new(meta, self.shared.clone(), (rules.decide(meta, true).orders.on, is_told)))
        };
        Some(self.gated.lock().entry((meta.scope, meta.name)).or_insert_with(new).clone())
    }

    /// Whether a metric of our own has this name.
    fn has_own(&self, scope: &str, name: &str) -> bool {
        let key = &(scope, name);
        self.recorded.lock().contains_key(key) || self.observed.lock().contains_key(key)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}
