//! State as series: for a value of a closed set one series a possible value, 1 for the one that holds and 0 for the others;
//! for a flag 1 or 0. All values are always there, so that a change shows in two series and an alert never waits for one
//! to appear. Knows no metric.

#[cfg(test)]
mod tests;

use crate::metric::{Metric, Readings};

/// A closed set of values, as the registry's enums are: `StateSet::new(McoNodeState::ALL)`.
#[derive(Clone, Copy, Debug)]
pub struct StateSet<T, const N: usize>([T; N]);

impl<T: Copy + PartialEq, const N: usize> StateSet<T, N> {
    /// Of all its values.
    #[must_use]
    pub const fn new(all: [T; N]) -> Self {
        Self(all)
    }

    /// Sets every value's series: 1 where it is `now`, 0 else. `metric` makes the attributes for a value. Without a `now`
    /// none holds; a state that is not known is a value of the set, if it is one at all.
    pub fn set<M: Metric<Value = i64>>(&self, readings: &Readings<'_, M>, now: Option<T>, metric: impl Fn(T) -> M) {
        for value in self.0 {
            readings.set(i64::from(now == Some(value)), metric(value));
        }
    }
}

/// Sets a flag's series: 1 where it holds, 0 else.
pub fn flag<M: Metric<Value = i64>>(readings: &Readings<'_, M>, holds: bool, metric: M) {
    readings.set(i64::from(holds), metric);
}
