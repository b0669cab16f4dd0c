//! How much each sender may send a second: requests, and bytes as they are after decompression. Moments come in, and whether
//! one more request may begin goes out. Knows neither clocks nor transports, nor what is sent.

use parking_lot::Mutex;
use pointsman_core::{
    limits::{SENDER_BURST_SECS, SENDERS_PACED_MAX},
    model::{
        clock::{Mono, SECOND},
        speaker::{Pod, Rates, Speaker},
    },
};
use std::{collections::HashMap, time::Duration};

/// Of what there was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Requests.
    Requests,
    /// Bytes.
    Bytes,
}

impl Quota {
    /// The word for it among limits.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "sender_requests",
            Self::Bytes => "sender_bytes",
        }
    }

    /// The flag that sets it.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Requests => "--sender-max-requests",
            Self::Bytes => "--sender-max-bytes",
        }
    }
}

/// A request may not begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Why.
    pub quota: Quota,
    /// How soon one may.
    pub wait: Duration,
}

/// Whose quota it is: the name of the user and its pod.
type Key = (Box<str>, Box<str>);

/// Until when what one sender has sent is paid for: at the allowed rate it would be sent just then.
#[derive(Clone, Copy, Debug, Default)]
struct Paid {
    requests: Mono,
    bytes: Mono,
}

/// What every sender has sent of late.
#[derive(Debug, Default)]
struct Table {
    by: HashMap<Key, Paid>,
    /// All those who are too many to be told apart.
    others: Paid,
    swept: Mono,
}

/// The quotas of all senders.
#[derive(Debug)]
pub struct Quotas {
    rates: Rates,
    table: Mutex<Table>,
    senders_max: usize,
}

impl Quotas {
    /// The same for each sender; `None` where there is nothing to hold anybody to.
    #[must_use]
    pub fn new(rates: Rates) -> Option<Self> {
        Self::of_at_most(rates, SENDERS_PACED_MAX)
    }

    fn of_at_most(rates: Rates, senders_max: usize) -> Option<Self> {
        (rates != Rates::default()).then(|| Self { rates, table: Mutex::default(), senders_max })
    }

    /// One more request of a sender begins. One that may not costs nothing.
    ///
    /// # Errors
    /// Why it may not, and how soon one may.
    pub fn begin(&self, by: &Speaker, now: Mono) -> Result<(), Over> {
        let mut table = self.table.lock();
        let paid = table.of(by, now, self.senders_max);
        // How large it is nobody knows before it is here: it may begin while not all is spent, and is paid for afterwards.
        if self.rates.bytes.is_some() {
            let wait = paid.bytes.since(now).saturating_sub(burst());
            if !wait.is_zero() {
                return Err(Over { quota: Quota::Bytes, wait });
            }
        }
        if let Some(rate) = self.rates.requests {
            let until = spend(paid.requests, (1, rate), now);
            let wait = until.since(now).saturating_sub(burst());
            if !wait.is_zero() {
                return Err(Over { quota: Quota::Requests, wait });
            }
            paid.requests = until;
        }
        Ok(())
    }

    /// A request of so many bytes was taken.
    pub fn took(&self, by: &Speaker, bytes: usize, now: Mono) {
        let Some(rate) = self.rates.bytes else { return };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut table = self.table.lock();
        let paid = table.of(by, now, self.senders_max);
        paid.bytes = spend(paid.bytes, (bytes, rate), now);
    }
}

impl Table {
    /// What a sender has sent. Who has paid for everything is forgotten where there is no room, at most once a second.
    fn of(&mut self, by: &Speaker, now: Mono, senders_max: usize) -> &mut Paid {
        let key = key(by);
        if self.by.len() >= senders_max && !self.by.contains_key(&key) {
            if now.since(self.swept) >= Duration::from_secs(1) {
                self.swept = now;
                self.by.retain(|_, paid| paid.requests > now || paid.bytes > now);
            }
            if self.by.len() >= senders_max {
                return &mut self.others;
            }
        }
        self.by.entry(key).or_default()
    }
}

fn key(Speaker { name, pod, .. }: &Speaker) -> Key {
    let pod = pod.as_ref().map_or("", |Pod { name, uid }| if uid.is_empty() { name } else { uid });
    (name.clone(), pod.into())
}

/// What may be sent at once, after a quiet time, as the time that it takes at the allowed rate.
const fn burst() -> Duration {
    Duration::from_secs(SENDER_BURST_SECS)
}

/// Until when it is paid, when so much more is sent at so much a second.
fn spend(paid: Mono, (more, rate): (u64, u64), now: Mono) -> Mono {
    let cost = u128::from(more).saturating_mul(u128::from(SECOND)) / u128::from(rate.max(1));
    Mono(paid.max(now).0.saturating_add(u64::try_from(cost).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
