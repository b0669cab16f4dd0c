//! How a number point changes its series: validation, the rules of time and temporality, sums without loss.
//! Knows one stream; what stands around it comes as [`Around`].

use super::{
    identity::Id128,
    number::accumulate,
    stream::{Around, EXEMPLAR_SPREAD, Place, Stream},
    temporal::{Cumulative, Delta, cumulative, delta},
};
use crate::{
    decode::{Data, RawNumber, Temporality},
    model::{point::Number, reject::Reason},
    wire::exemplars::read_exemplars,
};

/// `flags`: the series has no value any more.
pub(crate) const NO_RECORDED_VALUE: u32 = 1;

/// Checks what every point must have. Gauges have no use for a start.
#[inline]
pub(crate) const fn check_times(start: u64, time: u64) -> Result<(), Reason> {
    if time == 0 {
        return Err(Reason::NoTime);
    }
    if start > time { Err(Reason::StartAfterTime) } else { Ok(()) }
}

#[inline]
const fn check_monotonic(value: Number) -> Result<(), Reason> {
    match value {
        Number::Int(i) if i < 0 => Err(Reason::BadCounterValue),
        Number::Double(d) if !d.is_finite() || d < 0.0 => Err(Reason::BadCounterValue),
        _ => Ok(()),
    }
}

impl Stream {
    /// Lands a point of a gauge or sum.
    #[inline]
    pub(crate) fn number(&mut self, raw: Id128, point: &RawNumber<'_>, around: &mut Around<'_>) -> Result<(), Reason> {
        let start = if matches!(self.data, Data::Gauge) { 0 } else { point.start };
        if point.flags & NO_RECORDED_VALUE != 0 {
            check_times(0, point.time)?;
            return self.withdraw(raw, point.attributes, point.time, around);
        }
        check_times(start, point.time)?;
        let value = point.value.ok_or(Reason::NoValue)?;
        if let Data::Sum { monotonic: true, .. } = self.data {
            check_monotonic(value)?;
        }
        let Place::Series(index) = self.place(raw, point.attributes, around)? else {
            return self.overflow_number(raw, point, value, around);
        };
        match self.data {
            Data::Sum { temporality: Temporality::Delta, .. } => self.add_number(index, point, value, around)?,
            _ => self.set_number(index, (start, point.time), value, around)?,
        }
        let bytes = EXEMPLAR_SPREAD * point.exemplars.len();
        if !point.exemplars.is_empty()
            && self.is_monotonic()
            && let Some(_promise) = around.spare(bytes)
        {
            self.exemplars.add(index, read_exemplars(point.exemplars, 5), true);
        }
        Ok(())
    }

    /// A cumulative sum, or a gauge.
    #[inline]
    fn set_number(&mut self, index: u32, at: (u64, u64), value: Number, around: &mut Around<'_>) -> Result<(), Reason> {
        let (start, time) = at;
        let monotonic = self.is_monotonic();
        let slot = self.touch(index, time, around.now_secs);
        let verdict = cumulative(slot.start, slot.time, start, time)?;
        if verdict == Cumulative::Superseded {
            around.counts.superseded += 1;
            return Ok(());
        }
        let (old, old_start) = (slot.number(), slot.start);
        slot.start = start;
        slot.time = time;
        slot.set_number(value);
        let fell = monotonic && verdict == Cumulative::Next && value.as_f64() < old.as_f64();
        around.counts.falls += u64::from(fell);
        if self.shaping.is_some() && monotonic && (fell || verdict == Cumulative::Reset) {
            // A fall under a start that is known cannot be a new count: the group keeps what it had, nothing twice.
            let keep = if fell && old_start != 0 && start != 0 { Some(value) } else { None };
            self.absorb_number(index, old, keep);
        }
        if verdict == Cumulative::Reset {
            self.exemplars.forget(index);
        }
        Ok(())
    }

    /// A delta sum.
    #[inline]
    fn add_number(&mut self, index: u32, point: &RawNumber<'_>, value: Number, around: &mut Around<'_>) -> Result<(), Reason> {
        let slot = &self.table.slots[index as usize];
        let verdict = delta(slot.time, self.deltas[index as usize].last_start, point.start, point.time)?;
        let slot = self.touch(index, point.time, around.now_secs);
        let now = match verdict {
            Delta::Retried => {
                around.counts.retried += 1;
                return Ok(());
            }
            Delta::First => {
                slot.start = point.start;
                slot.time = point.time;
                slot.set_number(value);
                self.deltas[index as usize].last_start = point.start;
                return Ok(());
            }
            Delta::Gap | Delta::Add => slot.number(),
        };
        around.counts.gaps += u64::from(verdict == Delta::Gap);
        let side = &mut self.deltas[index as usize];
        side.last_start = point.start;
        let sum = accumulate(now, &mut side.error, value);
        if self.is_monotonic() && !sum.as_f64().is_finite() {
            self.begin_anew(index, point, value, around);
            return Ok(());
        }
        let slot = &mut self.table.slots[index as usize];
        slot.time = point.time;
        slot.set_number(sum);
        Ok(())
    }

    /// A count that no double can hold any more begins again: a reset, as scrapers know it.
    #[cold]
    fn begin_anew(&mut self, index: u32, point: &RawNumber<'_>, value: Number, around: &mut Around<'_>) {
        around.counts.falls += 1;
        let slot = &mut self.table.slots[index as usize];
        let old = slot.number();
        (slot.start, slot.time) = (slot.time, point.time);
        slot.set_number(value);
        self.deltas[index as usize].error = 0.0;
        self.exemplars.forget(index);
        if self.shaping.is_some() {
            self.absorb_number(index, old, None);
        }
    }
}
