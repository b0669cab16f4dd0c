//! When an instrument is collected, and what is known of it at the far end.
//! Knows no instrument, and reads no clock.

use crate::observed::Moment;
use std::time::Duration;

/// The pace of one instrument.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The last collection that carried it, and when that was.
    carried: u64,
    time: u64,
    /// That one has not arrived, as far as is known.
    open: bool,
    /// There is another reason not to wait. One that is on its way changes nothing about that.
    hurries: bool,
}

impl Pace {
    /// Whether this collection carries it. What did not arrive is due at once. Waits are never exact: one that is shorter by
    /// a fiftieth counts as whole.
    pub(crate) fn is_due(&self, at: Moment, interval: Option<Duration>) -> bool {
        let Some(interval) = interval else { return true };
        let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        // A clock that went back says nothing of what passed.
        let passed = at.time.checked_sub(self.time);
        self.open || self.hurries || self.carried == 0 || passed.is_none_or(|passed| passed >= interval - interval / 50)
    }

    /// This collection carries it.
    pub(crate) fn carried(&mut self, at: Moment) {
        *self = Self { carried: at.number, time: at.time, open: true, hurries: false };
    }

    /// The next collection carries it, whatever its interval.
    pub(crate) fn hurry(&mut self) {
        self.hurries = true;
    }

    /// When it was last carried; none if it never was.
    pub(crate) fn last(&self) -> Option<u64> {
        (self.carried != 0).then_some(self.time)
    }

    /// A collection arrived. Answers whether it is the last one that carried this instrument: only then is all that was said
    /// of it known.
    pub(crate) fn arrived(&mut self, number: u64) -> bool {
        let it_did = self.carried == number;
        self.open &= !it_did;
        it_did
    }
}
