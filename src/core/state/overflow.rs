//! The overflow series of a stream: where points go whose own series was not admitted. For deltas it adds up exactly;
//! for cumulative points it is the sum over one request; for gauges the newest.

use super::{
    identity::Id128,
    number::{Total, accumulate},
    stream::{Around, Stream, take_budget, take_room},
};
use crate::{
    decode::{Data, RawNumber},
    limits::OVERFLOW_POINTS_REMEMBERED_MAX,
    model::{point::Number, reject::Reason},
    wire::attributes::{Attribute, ValueType},
};
use std::collections::BTreeSet;

/// What an overflow series takes, what it remembers of deltas included.
const OVERFLOW_BYTES: usize = 64 * OVERFLOW_POINTS_REMEMBERED_MAX;

/// The one attribute of an overflow series.
pub(crate) const OVERFLOW_KEY: &str = "otel.metric.overflow";

/// The overflow series of a stream.
#[derive(Debug)]
pub(crate) struct Overflow {
    /// Its place among the series.
    pub(crate) slot: u32,
    request: u64,
    total: Total,
    /// Points added at `newest`, so that a retried request does not add them again.
    recent: BTreeSet<u64>,
    newest: u64,
}

/// What an overflow point does to the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Replaces what is there.
    Replace,
    /// Adds to what is there.
    Add,
    /// Nothing: it is there already, or it is older.
    Nothing,
}

/// The overflow attribute.
pub(crate) fn overflow_attribute() -> Attribute {
    Attribute { key: OVERFLOW_KEY.into(), value_type: ValueType::Bool, text: "true".into() }
}

impl Stream {
    /// Lands a number that was not admitted.
    pub(crate) fn overflow_number(
        &mut self,
        raw: Id128,
        point: &RawNumber<'_>,
        value: Number,
        around: &mut Around<'_>,
    ) -> Result<(), Reason> {
        let (index, fold) = self.overflow_fold(raw, (point.start, point.time), around)?;
        let (is_delta, is_monotonic) = (self.is_delta(), self.is_monotonic());
        let Some(overflow) = &mut self.overflow else { return Ok(()) };
        let slot = &mut self.table.slots[index as usize];
        match fold {
            Fold::Nothing => return Ok(()),
            Fold::Replace => {
                overflow.total = Total::default();
                overflow.total.add(value);
                slot.set_number(value);
            }
            Fold::Add if is_delta => {
                let side = &mut self.deltas[index as usize];
                let sum = accumulate(slot.number(), &mut side.error, value);
                let is_over = is_monotonic && !sum.as_f64().is_finite(); // it begins again
                slot.set_number(if is_over { value } else { sum });
            }
            Fold::Add => {
                overflow.total.add(value);
                slot.set_number(overflow.total.value());
            }
        }
        Ok(())
    }

    /// Finds or makes the overflow series, and says what a point at (start, time) does to it. Its times are up to date
    /// afterwards.
    pub(crate) fn overflow_fold(&mut self, raw: Id128, at: (u64, u64), around: &mut Around<'_>) -> Result<(u32, Fold), Reason> {
        let (start, time) = at;
        let index = self.overflow_slot(around)?;
        let is_delta = self.is_delta();
        let is_gauge = matches!(self.data, Data::Gauge);
        let slot = self.touch(index, time, around.now_secs);
        let first = slot.time == 0;
        let newer = time >= slot.time;
        slot.time = slot.time.max(time);
        if first && is_delta {
            slot.start = start;
        }
        let Some(overflow) = &mut self.overflow else { return Ok((index, Fold::Nothing)) };
        let new_request = overflow.request != around.request;
        overflow.request = around.request;
        let fold = if is_gauge {
            if newer { Fold::Replace } else { Fold::Nothing }
        } else if !is_delta {
            if first || new_request { Fold::Replace } else { Fold::Add }
        } else if overflow.is_retried(raw, start, time) {
            around.counts.retried += 1;
            Fold::Nothing
        } else if first {
            Fold::Replace
        } else {
            Fold::Add
        };
        Ok((index, fold))
    }

    fn overflow_slot(&mut self, around: &mut Around<'_>) -> Result<u32, Reason> {
        if let Some(overflow) = &self.overflow {
            let slot = overflow.slot;
            self.unbury(slot);
            return Ok(slot);
        }
        let attributes = [overflow_attribute()];
        let known = around.interner.find(around.identity, &attributes);
        let slot = match known.and_then(|entries| self.table.find(around.identity, &entries)) {
            // The sender has an overflow series of its own: from now on both add to it.
            Some(index) => {
                self.forget_spelling(index);
                index
            }
            None => {
                let _promise = take_room(around, OVERFLOW_BYTES)?;
                take_budget(self.share.as_deref(), around)?;
                let (shape, entries) = around.interner.intern(around.identity, &attributes);
                self.insert(shape, &entries, around)
            }
        };
        let total = Total::default();
        self.overflow = Some(Box::new(Overflow { slot, request: 0, total, recent: BTreeSet::new(), newest: 0 }));
        Ok(slot)
    }
}

impl Overflow {
    fn is_retried(&mut self, raw: Id128, start: u64, time: u64) -> bool {
        if time > self.newest {
            self.newest = time;
            self.recent.clear();
        }
        let point = raw[0] ^ start.rotate_left(21) ^ time.rotate_left(42);
        if self.recent.len() < OVERFLOW_POINTS_REMEMBERED_MAX { !self.recent.insert(point) } else { self.recent.contains(&point) }
    }

    /// What this holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + 16 * self.recent.len()
    }
}
