//! How histogram, exponential and summary points change their series: the same rules of time as numbers, other values.
//! Knows one stream; what stands around it comes as [`Around`].

use super::{
    exponential,
    histogram::Checked,
    identity::Id128,
    land::{NO_RECORDED_VALUE, check_times},
    number::Compensated,
    overflow::Fold,
    room::Promise,
    stream::{Around, EXEMPLAR_SPREAD, Place, Stream, take_room},
    table::Values,
    temporal::{Cumulative, Delta, cumulative, delta},
    visit::Value,
};
use crate::{
    decode::{RawExponential, RawHistogram, RawSummary, metrics::quantiles},
    limits::BOUNDS_MAX,
    model::{
        point::{ExpHistogram, Histogram, Summary},
        reject::Reason,
    },
    wire::exemplars::read_exemplars,
};

/// What the times of a point say, whatever its temporality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The point's value stands alone.
    Replace { began_anew: bool },
    /// The point's value is an increment.
    Add,
    /// The point changes nothing.
    Keep,
}

impl Stream {
    /// Lands a point of an explicit-bucket histogram.
    pub(crate) fn histogram(&mut self, raw: Id128, point: &RawHistogram<'_>, around: &mut Around<'_>) -> Result<(), Reason> {
        if point.flags & NO_RECORDED_VALUE != 0 {
            check_times(0, point.time)?;
            return self.withdraw(raw, point.attributes, point.time, around);
        }
        check_times(point.start, point.time)?;
        let checked = Checked::read(point)?;
        let at = (point.start, point.time);
        let Place::Series(index) = self.place(raw, point.attributes, around)? else {
            let (index, fold) = self.overflow_fold(raw, at, around)?;
            let mut value = Histogram::default();
            checked.store(&mut value);
            self.fold_overflow(index, fold, &Value::Histogram(&value));
            return Ok(());
        };
        let _promise = self.room_for(index, checked.bytes(), around)?;
        let old = self.count_of(index);
        match self.step(index, at, around)? {
            Step::Keep => return Ok(()),
            Step::Add => self.add_histogram(index, at.0, &checked),
            Step::Replace { began_anew } => {
                self.note_fall(index, began_anew, old > checked.count(), around);
                if let Values::Histograms(values) = &mut self.table.values {
                    checked.store(&mut values[index as usize]);
                }
            }
        }
        self.settle(index, at);
        if !point.exemplars.is_empty()
            && let Some(_promise) = around.spare(EXEMPLAR_SPREAD * point.exemplars.len())
        {
            self.exemplars.add(index, read_exemplars(point.exemplars, 8), false);
        }
        Ok(())
    }

    /// Lands a point of an exponential histogram.
    pub(crate) fn exponential(&mut self, raw: Id128, point: &RawExponential<'_>, around: &mut Around<'_>) -> Result<(), Reason> {
        if point.flags & NO_RECORDED_VALUE != 0 {
            check_times(0, point.time)?;
            return self.withdraw(raw, point.attributes, point.time, around);
        }
        check_times(point.start, point.time)?;
        let value = exponential::read(point)?;
        let at = (point.start, point.time);
        let Place::Series(index) = self.place(raw, point.attributes, around)? else {
            let (index, fold) = self.overflow_fold(raw, at, around)?;
            self.fold_overflow(index, fold, &Value::Exponential(&value));
            return Ok(());
        };
        let _promise = self.room_for(index, 8 * (value.positive.counts.len() + value.negative.counts.len()), around)?;
        let old = self.count_of(index);
        match self.step(index, at, around)? {
            Step::Keep => return Ok(()),
            Step::Add => self.add_exponential(index, at.0, value),
            Step::Replace { began_anew } => {
                self.note_fall(index, began_anew, old > value.count, around);
                if let Values::Exponentials(values) = &mut self.table.values {
                    values[index as usize] = value;
                }
            }
        }
        self.settle(index, at);
        if !point.exemplars.is_empty()
            && let Some(_promise) = around.spare(EXEMPLAR_SPREAD * point.exemplars.len())
        {
            self.exemplars.add(index, read_exemplars(point.exemplars, 11), false);
        }
        Ok(())
    }

    /// Lands a point of a summary.
    pub(crate) fn summary(&mut self, raw: Id128, point: &RawSummary<'_>, around: &mut Around<'_>) -> Result<(), Reason> {
        if point.flags & NO_RECORDED_VALUE != 0 {
            check_times(0, point.time)?;
            return self.withdraw(raw, point.attributes, point.time, around);
        }
        check_times(point.start, point.time)?;
        let value = read_summary(point)?;
        let at = (point.start, point.time);
        let Place::Series(index) = self.place(raw, point.attributes, around)? else {
            let (index, fold) = self.overflow_fold(raw, at, around)?;
            self.fold_overflow(index, fold, &Value::Summary(&value));
            return Ok(());
        };
        let _promise = self.room_for(index, heap_bytes(&Value::Summary(&value)), around)?;
        let old = self.count_of(index);
        if let Step::Replace { began_anew } = self.step(index, at, around)? {
            self.note_fall(index, began_anew, old > value.count, around);
            if let Values::Summaries(values) = &mut self.table.values {
                values[index as usize] = value;
            }
            self.settle(index, at);
        }
        Ok(())
    }

    /// Memory for a value that takes more than what stands there; nothing where it fits. A series that has none yet goes
    /// again.
    fn room_for<'a>(&mut self, index: u32, bytes: usize, around: &mut Around<'a>) -> Result<Option<Promise<'a>>, Reason> {
        let slot = &self.table.slots[index as usize];
        let is_new = slot.time == 0;
        if bytes <= heap_bytes(&self.table.values.value(index as usize, slot)) {
            return Ok(None);
        }
        let promise = take_room(around, bytes);
        if promise.is_err() && is_new {
            self.remove(index, around);
        }
        promise.map(Some)
    }

    /// Judges the times of a point that is not a number, and counts what is worth counting.
    fn step(&mut self, index: u32, at: (u64, u64), around: &mut Around<'_>) -> Result<Step, Reason> {
        let (start, time) = at;
        let slot = &self.table.slots[index as usize];
        if !self.is_delta() {
            let verdict = cumulative(slot.start, slot.time, start, time);
            self.touch(index, time, around.now_secs);
            let verdict = verdict?;
            around.counts.superseded += u64::from(verdict == Cumulative::Superseded);
            return Ok(match verdict {
                Cumulative::Superseded => Step::Keep,
                Cumulative::First | Cumulative::Next => Step::Replace { began_anew: false },
                Cumulative::Reset => Step::Replace { began_anew: true },
            });
        }
        let verdict = delta(slot.time, self.deltas[index as usize].last_start, start, time)?;
        self.touch(index, time, around.now_secs);
        self.deltas[index as usize].last_start = start;
        around.counts.retried += u64::from(verdict == Delta::Retried);
        around.counts.gaps += u64::from(verdict == Delta::Gap);
        Ok(match verdict {
            Delta::First => Step::Replace { began_anew: false },
            Delta::Add | Delta::Gap => Step::Add,
            Delta::Retried => Step::Keep,
        })
    }

    /// A cumulative value begins anew or falls: its group keeps what it had.
    fn note_fall(&mut self, index: u32, began_anew: bool, fell: bool, around: &mut Around<'_>) {
        around.counts.falls += u64::from(fell && !began_anew);
        if began_anew {
            self.exemplars.forget(index);
        }
        if began_anew || fell {
            self.absorb(index);
        }
    }

    /// Takes over the times of a point that landed. A delta series keeps the start of its first point.
    fn settle(&mut self, index: u32, at: (u64, u64)) {
        let is_delta = self.is_delta();
        let slot = &mut self.table.slots[index as usize];
        if !is_delta || slot.time == 0 {
            slot.start = at.0;
        }
        slot.time = at.1;
    }

    /// Adds a delta. Another layout, or more than can be counted, replaces what was there as a reset (TY-17).
    fn add_histogram(&mut self, index: u32, start: u64, point: &Checked<'_>) {
        let place = index as usize;
        let fits = match &self.table.values {
            Values::Histograms(values) => {
                point.same_bounds(&values[place]) && values[place].count.checked_add(point.count()).is_some()
            }
            _ => false,
        };
        if !fits {
            self.absorb(index);
            self.table.slots[place].start = start;
            self.deltas[place].error = 0.0;
        }
        let Values::Histograms(values) = &mut self.table.values else { return };
        let value = &mut values[place];
        if !fits {
            return point.store(value);
        }
        let error = &mut self.deltas[place].error;
        value.sum = value.sum.zip(point.sum()).map(|(old, more)| add_compensated(old, error, more));
        point.add(value);
    }

    fn add_exponential(&mut self, index: u32, start: u64, point: ExpHistogram) {
        let place = index as usize;
        let Values::Exponentials(values) = &mut self.table.values else { return };
        if values[place].count.checked_add(point.count).is_some() {
            let (old, more) = (values[place].sum, point.sum);
            exponential::merge(&mut values[place], &point);
            values[place].sum = add_compensated(old, &mut self.deltas[place].error, more);
            return;
        }
        self.absorb(index);
        self.table.slots[place].start = start;
        self.deltas[place].error = 0.0;
        if let Values::Exponentials(values) = &mut self.table.values {
            values[place] = point;
        }
    }

    fn count_of(&self, index: u32) -> u64 {
        match &self.table.values {
            Values::Numbers => 0,
            Values::Histograms(values) => values[index as usize].count,
            Values::Exponentials(values) => values[index as usize].count,
            Values::Summaries(values) => values[index as usize].count,
        }
    }

    fn fold_overflow(&mut self, index: u32, fold: Fold, value: &Value<'_>) {
        let place = index as usize;
        let adds = match fold {
            Fold::Nothing => return,
            Fold::Add => true,
            Fold::Replace => false,
        };
        match (&mut self.table.values, value) {
            (Values::Histograms(values), Value::Histogram(h)) if adds => super::histogram::merge(&mut values[place], h),
            (Values::Histograms(values), Value::Histogram(h)) => values[place] = (*h).clone(),
            (Values::Exponentials(values), Value::Exponential(h)) if adds => exponential::merge(&mut values[place], h),
            (Values::Exponentials(values), Value::Exponential(h)) => values[place] = (*h).clone(),
            (Values::Summaries(values), Value::Summary(s)) => {
                let (count, sum) = if adds { (values[place].count, values[place].sum) } else { (0, 0.0) };
                // Quantiles of many series have no common truth: the overflow series has none.
                let count = count.saturating_add(s.count);
                values[place] = Summary { count, sum: sum + s.sum, quantiles: Box::default() };
            }
            _ => {}
        }
    }
}

/// What a value holds beside its place.
fn heap_bytes(value: &Value<'_>) -> usize {
    match value {
        Value::Number(_) => 0,
        Value::Histogram(h) => 8 * (h.bounds.len() + h.counts.len()),
        Value::Exponential(h) => 8 * (h.positive.counts.capacity() + h.negative.counts.capacity()),
        Value::Summary(s) => 16 * s.quantiles.len(),
    }
}

fn add_compensated(old: f64, error: &mut f64, more: f64) -> f64 {
    let mut sum = Compensated { sum: old, error: *error };
    sum.add(more);
    let shown = sum.value();
    *error = if shown.is_finite() { (sum.sum - shown) + sum.error } else { 0.0 };
    shown
}

/// Checks and reads a summary (TY-15): quantiles ascending, each once; a NaN value is allowed.
fn read_summary(point: &RawSummary<'_>) -> Result<Summary, Reason> {
    let mut pairs = quantiles(point.quantiles);
    if pairs.len() > BOUNDS_MAX {
        return Err(Reason::TooManyBuckets);
    }
    if pairs.iter().any(|(quantile, value)| !(0.0..=1.0).contains(quantile) || *value < 0.0) {
        return Err(Reason::BadQuantile);
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 = later.1; // the last on the wire wins, as with attributes
        }
        same
    });
    Ok(Summary { count: point.count, sum: point.sum, quantiles: pairs.into() })
}
