//! Who of several replicas holds a Lease: a machine that is told what happened and answers what to do.
//! Counts on its own monotonic clock only: another host's times prove nothing. Knows no client; `lease::elector` has it.
//!
//! A record that another holds is taken over only after it stood still for its whole duration on our clock. The holder
//! of a Lease that yields stops by itself at its renew deadline, which is earlier: so two never believe in it at once.
//! The holder of one that does not yield stays while the API server is away: nobody else can write the record then.

pub mod elector;
mod label;

#[cfg(test)]
mod tests;

use pointsman_core::{limits, model::clock::Mono};
use std::time::Duration;

/// So long after a request that failed the next one is made, if not earlier.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Which Lease, for whom, and how long it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where the Lease lives, and the pod that wants it.
    pub namespace: Box<str>,
    /// The Lease's name.
    pub name: Box<str>,
    /// Who wants it: the pod's name, which no other process has at the same time.
    pub identity: Box<str>,
    /// How long a record that does not move keeps others away.
    pub duration: Duration,
    /// How long after its last renewal a holder that yields still holds.
    pub renew_deadline: Duration,
    /// How often a holder renews and a candidate looks.
    pub retry: Duration,
    /// What a holder does that cannot renew.
    pub outage: Outage,
}

/// What a holder does that cannot reach the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It stays: for what must go on, and what nobody else can take meanwhile.
    Stay,
    /// It stops at its renew deadline: for what only makes sense with an API server.
    Yield,
}

/// A Lease as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who holds it; empty once released.
    pub holder: Box<str>,
    /// How long it says that it stands.
    pub duration: Duration,
    /// How often it changed hands.
    pub transitions: u32,
    /// `metadata.resourceVersion`: moves with every write.
    pub version: Box<str>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The time to wait is over.
    Tick,
    /// The Lease was read; `None`: there is none.
    Read(Option<Record>),
    /// It was written, and this is what stands there now.
    Written(Record),
    /// It was not written: someone else wrote first.
    Conflict,
    /// The API server did not answer, or refused.
    Failed,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the Lease.
    Read,
    /// Make it.
    Create(Claim),
    /// Overwrite this version of it, and no other.
    Replace(Claim, Box<str>),
    /// Wait, then tick.
    Wait(Duration),
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who will hold it; empty to release.
    pub holder: Box<str>,
    /// How long it stands.
    pub duration: Duration,
    /// How often it changed hands, this time included.
    pub transitions: u32,
    /// Whether it changes hands now: then the time of acquisition is written, too.
    pub taken: bool,
}

/// The candidate or holder of one Lease.
#[derive(Clone, Debug)]
pub struct Machine {
    terms: Terms,
    known: Option<Known>,
    /// When the last write that made or kept us the holder was sent.
    renewed: Option<Mono>,
    sent: Mono,
    /// Someone else wrote: whether we still hold it is open until it is read.
    doubt: bool,
    conflicts: u32,
    previous: Option<Box<str>>,
}

/// What stood there, and since when it stands still on our clock.
#[derive(Clone, Debug)]
struct Known {
    record: Option<Record>,
    since: Mono,
    /// When it was last read or written.
    looked: Mono,
    /// How long it must stand still.
    stands: Duration,
}

impl Terms {
    /// The Lease of the active replica, wanted by a pod.
    #[must_use]
    pub fn active(namespace: &str, pod: &str) -> Self {
        Self::new((namespace, pod), "pointsman-active", limits::ACTIVE_LEASE_SECS, Outage::Stay)
    }

    /// The Lease of the replica that writes status, wanted by a pod.
    #[must_use]
    pub fn status(namespace: &str, pod: &str) -> Self {
        Self::new((namespace, pod), "pointsman-status", limits::STATUS_LEASE_SECS, Outage::Yield)
    }

    /// The Lease of the one replica of a watcher that pushes, wanted by a pod. A watcher without an API server learns nothing
    /// new, and another may: it yields, so that two never push the same series.
    #[must_use]
    pub fn watch(namespace: &str, pod: &str, role: &str) -> Self {
        Self::new((namespace, pod), &format!("pointsman-watch-{role}"), limits::WATCH_LEASE_SECS, Outage::Yield)
    }

    fn new((namespace, pod): (&str, &str), name: &str, secs: (u64, u64, u64), outage: Outage) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: pod.into(),
            duration: Duration::from_secs(secs.0),
            renew_deadline: Duration::from_secs(secs.1),
            retry: Duration::from_secs(secs.2),
            outage,
        }
    }
}

impl Machine {
    /// A candidate that knows nothing yet: [`Event::Tick`] starts it.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        let (known, renewed, previous) = (None, None, None);
        Self { terms, known, renewed, sent: Mono(0), doubt: false, conflicts: 0, previous }
    }

    /// Which Lease it is about.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Until when it is held if nothing more happens: [`Mono`]'s end for a holder that stays; `None`: it is not held.
    #[must_use]
    pub fn held_until(&self) -> Option<Mono> {
        let renewed = self.renewed?;
        let deadline = u64::try_from(self.terms.renew_deadline.as_nanos()).unwrap_or(u64::MAX);
        match self.terms.outage {
            Outage::Stay => Some(Mono(u64::MAX)),
            Outage::Yield => Some(Mono(renewed.0.saturating_add(deadline))),
        }
    }

    /// Whether it is held now.
    #[must_use]
    pub fn is_held(&self, now: Mono) -> bool {
        self.held_until().is_some_and(|until| now < until)
    }

    /// From whom it was last taken over; told once.
    pub fn take_previous(&mut self) -> Option<Box<str>> {
        self.previous.take()
    }

    /// Takes what happened, answers what to do.
    pub fn step(&mut self, now: Mono, event: Event) -> Action {
        match event {
            Event::Tick => match self.known.as_ref().and_then(|known| known.record.clone()) {
                // Renewing needs no reading: a version that moved is a conflict.
                Some(record) if self.renewed.is_some() && *record.holder == *self.terms.identity => self.claim(now, Some(record)),
                _ => Action::Read,
            },
            Event::Read(record) => {
                self.note(now, record.clone());
                self.doubt = false;
                self.judge(now, record)
            }
            Event::Written(record) => {
                if let Some(before) = self.known.as_ref().and_then(|known| known.record.as_ref())
                    && *before.holder != *record.holder
                    && !before.holder.is_empty()
                {
                    self.previous = Some(before.holder.clone());
                }
                self.note(now, Some(record));
                (self.renewed, self.doubt, self.conflicts) = (Some(self.sent), false, 0);
                Action::Wait(self.terms.retry)
            }
            Event::Conflict => {
                (self.doubt, self.conflicts) = (true, self.conflicts.saturating_add(1));
                // Once at once; someone who keeps writing must not make us ask without a pause.
                if self.conflicts == 1 { Action::Read } else { self.try_again() }
            }
            Event::Failed => {
                if self.doubt {
                    self.renewed = None;
                }
                self.try_again()
            }
        }
    }

    /// Holds it no longer; answers what to write so that the next one need not wait, and over which version.
    pub fn release(&mut self) -> Option<(Claim, Box<str>)> {
        self.renewed = None;
        let record = self.known.as_ref()?.record.as_ref().filter(|record| *record.holder == *self.terms.identity)?;
        let duration = Duration::from_secs(1);
        let claim = Claim { holder: "".into(), duration, transitions: record.transitions, taken: false };
        Some((claim, record.version.clone()))
    }

    /// Remembers what stands there; its time begins anew when it is not what stood there before. It does, too, when nobody
    /// looked for long: while the server is away from us, its holder cannot renew either, and gets its time back after.
    pub fn note(&mut self, now: Mono, record: Option<Record>) {
        let version = |record: &Option<Record>| record.as_ref().map(|record| record.version.clone());
        if let Some(known) = &mut self.known
            && version(&known.record) == version(&record)
        {
            let gap = now.since(std::mem::replace(&mut known.looked, now));
            if gap > self.terms.renew_deadline {
                known.since = now;
            }
            return;
        }
        let ours = self.terms.duration;
        let stands = match (&record, &self.known) {
            (Some(record), _) => record.duration.clamp(ours, ours.saturating_mul(limits::LEASE_STRETCH_MAX)),
            // Deleted under a holder's hands: it has the right of way to make it anew.
            (None, Some(known)) => known.stands,
            (None, None) => Duration::ZERO,
        };
        self.known = Some(Known { record, since: now, looked: now, stands });
    }

    /// Whether to claim what stands there.
    fn judge(&mut self, now: Mono, record: Option<Record>) -> Action {
        let holder = record.as_ref().map(|record| &*record.holder);
        let is_mine = match holder {
            Some(holder) => holder == &*self.terms.identity,
            None => self.renewed.is_some(),
        };
        if !is_mine {
            self.renewed = None;
        }
        let stood = self.known.as_ref().is_none_or(|known| now.since(known.since) >= known.stands);
        if is_mine || holder == Some("") || stood {
            return self.claim(now, record);
        }
        // Earlier than usual when its time is up before.
        let left = self.known.as_ref().map(|known| known.stands.saturating_sub(now.since(known.since)));
        Action::Wait(left.unwrap_or_default().min(self.terms.retry))
    }

    fn claim(&mut self, now: Mono, record: Option<Record>) -> Action {
        self.sent = now;
        let (duration, holder) = (self.terms.duration, self.terms.identity.clone());
        match record {
            None => Action::Create(Claim { holder, duration, transitions: 0, taken: true }),
            Some(record) => {
                let taken = record.holder != holder;
                let transitions = record.transitions.saturating_add(u32::from(taken));
                Action::Replace(Claim { holder, duration, transitions, taken }, record.version)
            }
        }
    }

    /// Soon: what is left until the deadline of a holder may be short.
    fn try_again(&mut self) -> Action {
        self.conflicts = 0;
        Action::Wait(self.terms.retry.min(AFTER_FAILURE))
    }
}
