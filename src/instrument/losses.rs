//! What was left out because a cap bit: counted here, and sent as `pointsman.limit.hits`.
//! Decides nothing: the caps stand in `limits`, and bite where things are held.

use crate::{metric::Readings, semconv::pointsman::LimitHits};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, one for each cap of this crate.
#[derive(Debug, Default)]
pub struct Losses {
    /// Points of observed sets beyond [`crate::limits::OBSERVED_SETS_MAX`].
    pub observed_sets: Count,
    /// Values of sets that were named twice in one collection.
    pub observed_twice: Count,
    /// Ends of sets beyond [`crate::limits::ENDED_SETS_MAX`].
    pub ended_sets: Count,
    /// Last values of sets beyond [`crate::limits::RETIRED_SETS_MAX`].
    pub retired_sets: Count,
    /// Measurements that went to an overflow set.
    pub overflow: Count,
    /// Spans beyond [`crate::limits::SPANS_MAX`] or [`crate::limits::SPANS_BYTES_MAX`], or refused with their request.
    pub spans: Count,
    /// Points and spans beyond [`crate::limits::ITEM_BYTES_MAX`].
    pub item_bytes: Count,
    /// Instruments of other crates beyond [`crate::limits::FOREIGN_INSTRUMENTS_MAX`].
    pub instruments: Count,
    /// Instruments of other crates with a name, unit, scope or buckets that are none, or too long.
    pub instrument_names: Count,
    /// Instruments of other crates whose name is another's.
    pub instrument_conflicts: Count,
    /// Callbacks of other crates beyond [`crate::limits::CALLBACKS_MAX`].
    pub callbacks: Count,
    /// Callbacks of other crates that panicked.
    pub callback_panics: Count,
    /// Instruments that a controller was not told of, beyond [`crate::limits::CUSTOM_BYTES_MAX`] or
    /// [`crate::limits::CATALOGUE_INSTRUMENTS_MAX`].
    pub catalogue: Count,
    /// Attributes of the identity that a controller is not told of, beyond [`crate::limits::DESCRIBED_MAX`] or
    /// [`crate::limits::DESCRIBED_BYTES_MAX`].
    pub description: Count,
}

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// How many so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

impl Losses {
    /// Only what happened: an operator in good health has no such series.
    pub(crate) fn read(&self, readings: &Readings<'_, LimitHits>) {
        let Self { observed_sets, observed_twice, ended_sets, retired_sets, overflow, spans, item_bytes, .. } = self;
        let Self {
            instruments, instrument_names, instrument_conflicts, callbacks, callback_panics, catalogue, description, ..
        } = self;
        let named = [
            ("instrument.observed_sets", observed_sets),
            ("instrument.observed_twice", observed_twice),
            ("instrument.ended_sets", ended_sets),
            ("instrument.retired_sets", retired_sets),
            ("instrument.overflow", overflow),
            ("instrument.spans", spans),
            ("instrument.item_bytes", item_bytes),
            ("instrument.instruments", instruments),
            ("instrument.instrument_names", instrument_names),
            ("instrument.instrument_conflicts", instrument_conflicts),
            ("instrument.callbacks", callbacks),
            ("instrument.callback_panics", callback_panics),
            ("instrument.catalogue", catalogue),
            ("instrument.description", description),
        ];
        for (limit, count) in named.into_iter().filter(|(_, count)| count.get() > 0) {
            readings.set(count.get(), LimitHits { limit: limit.into() });
        }
    }
}
