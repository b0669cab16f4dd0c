//! Who is connected, and who may still come: caps in all and for each address, at which whoever is idle makes room, and a
//! budget of misbehaviour for each address. Knows addresses and requests, and nothing of streams and protocols.

use super::{
    super::clock::Now,
    hits::{Hits, Limit},
};
use parking_lot::Mutex;
use pointsman_core::{limits, model::clock::Mono};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};
use tokio::sync::Notify;

/// What an address may owe and still be let in.
const BURST_MS: u64 = limits::MISBEHAVED_BURST * limits::MISBEHAVED_EVERY_MS;

/// How many may be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// In all.
    pub all: usize,
    /// From one address.
    pub per_address: usize,
    /// Whether that holds for loopback too, and misbehaviour bars it: behind a proxy on this host everybody has its address.
    pub of_loopback: bool,
}

impl Caps {
    /// The cap of an address, where it has one of its own.
    fn of(&self, address: IpAddr) -> Option<usize> {
        Some(self.per_address).filter(|cap| *cap < self.all && self.concern(address))
    }

    /// Whether what is counted by address says anything of this one.
    const fn concern(&self, address: IpAddr) -> bool {
        self.of_loopback || !address.is_loopback()
    }
}

/// Everybody who is connected.
pub struct Guests {
    caps: Caps,
    now: Now,
    hits: Arc<Hits>,
    inside: Mutex<Inside>,
}

/// One connection that was let in; dropped when it is gone.
pub struct Guest {
    guests: Arc<Guests>,
    number: u64,
    address: IpAddr,
    leave: Arc<Notify>,
}

/// Where somebody idle stands in the line of those who go first: who never asked for anything, then who asked least lately.
type Place = (bool, u64);

#[derive(Default)]
struct Inside {
    /// The next number: of a guest, or of a place.
    next: u64,
    guests: HashMap<u64, Entry>,
    /// Those who were told to leave and have not yet.
    leaving: usize,
    idle: BTreeMap<Place, u64>,
    addresses: HashMap<IpAddr, Address>,
    /// Whose connections ended by misbehaviour: the moment at which that is forgotten.
    misbehaved: HashMap<IpAddr, Mono>,
}

struct Entry {
    address: IpAddr,
    leave: Arc<Notify>,
    /// Requests in flight.
    requests: usize,
    place: Option<Place>,
}

#[derive(Default)]
struct Address {
    guests: usize,
    idle: BTreeMap<Place, u64>,
}

impl Guests {
    /// Nobody yet.
    #[must_use]
    pub fn new(caps: Caps, now: Now, hits: Arc<Hits>) -> Arc<Self> {
        Arc::new(Self { caps, now, hits, inside: Mutex::default() })
    }

    /// Lets a connection in, if need be in place of another that is idle; `None` = it has to be closed.
    #[must_use]
    pub fn let_in(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let address = address.to_canonical();
        let mut inside = self.inside.lock();
        if inside.is_barred(address, (self.now)()) {
            self.hits.hit(Limit::Reconnects);
            return None;
        }
        if self.caps.of(address).is_some_and(|cap| inside.guests_of(address) >= cap) {
            self.hits.hit(Limit::ConnectionsPerAddress);
            if !self.is_room_made(&mut inside, Some(address)) {
                return None;
            }
        }
        if inside.guests.len() >= self.caps.all {
            self.hits.hit(Limit::Connections);
            if !self.is_room_made(&mut inside, None) {
                return None;
            }
        }
        let (leave, number) = (Arc::new(Notify::new()), inside.enter(address));
        inside.guests.insert(number, Entry { address, leave: Arc::clone(&leave), requests: 0, place: None });
        inside.stand(number, false);
        Some(Guest { guests: Arc::clone(self), number, address, leave })
    }

    /// Tells whoever is idle longest to leave, because something else has run out.
    pub fn make_room(&self) {
        self.is_room_made(&mut self.inside.lock(), None);
    }

    /// What the limits counted.
    #[must_use]
    pub fn hits(&self) -> &Hits {
        &self.hits
    }

    /// Who was told to leave still holds a file for a moment: there may be so many of them, and no more.
    fn is_room_made(&self, inside: &mut Inside, of: Option<IpAddr>) -> bool {
        inside.leaving < (self.caps.all / limits::CONNECTIONS_LEAVING_SHARE).max(1) && inside.tell_oldest_to_leave(of)
    }
}

impl Inside {
    fn enter(&mut self, address: IpAddr) -> u64 {
        let address = self.addresses.entry(address).or_default();
        address.guests = address.guests.saturating_add(1);
        self.number()
    }

    fn number(&mut self) -> u64 {
        self.next = self.next.saturating_add(1);
        self.next
    }

    fn guests_of(&self, address: IpAddr) -> usize {
        self.addresses.get(&address).map_or(0, |address| address.guests)
    }

    /// Puts a guest at the end of its line.
    fn stand(&mut self, number: u64, has_asked: bool) {
        let place = (has_asked, self.number());
        let Some(entry) = self.guests.get_mut(&number) else { return };
        entry.place = Some(place);
        self.idle.insert(place, number);
        self.addresses.entry(entry.address).or_default().idle.insert(place, number);
    }

    /// Takes a guest out of its line.
    fn step_out(&mut self, number: u64) {
        let Some(entry) = self.guests.get_mut(&number) else { return };
        let Some(place) = entry.place.take() else { return };
        self.idle.remove(&place);
        if let Some(address) = self.addresses.get_mut(&entry.address) {
            address.idle.remove(&place);
        }
    }

    fn tell_oldest_to_leave(&mut self, of: Option<IpAddr>) -> bool {
        let line = match of {
            Some(address) => self.addresses.get(&address).map(|address| &address.idle),
            None => Some(&self.idle),
        };
        let Some(number) = line.and_then(BTreeMap::first_key_value).map(|(_, number)| *number) else { return false };
        let Some(entry) = self.forget(number) else { return false };
        self.leaving = self.leaving.saturating_add(1);
        entry.leave.notify_one();
        true
    }

    /// A guest counts no longer.
    fn forget(&mut self, number: u64) -> Option<Entry> {
        self.step_out(number);
        let entry = self.guests.remove(&number)?;
        if let Some(address) = self.addresses.get_mut(&entry.address) {
            address.guests = address.guests.saturating_sub(1);
            if address.guests == 0 {
                self.addresses.remove(&entry.address);
            }
        }
        Some(entry)
    }

    fn is_barred(&self, address: IpAddr, now: Mono) -> bool {
        let owed = self.misbehaved.get(&address).map_or(0, |until| until.since(now).as_millis());
        owed > u128::from(BURST_MS)
    }

    /// One more; the table is bounded by dropping whoever owes least.
    fn misbehaved(&mut self, address: IpAddr, now: Mono) {
        if self.misbehaved.len() >= limits::MISBEHAVED_ADDRESSES_MAX && !self.misbehaved.contains_key(&address) {
            self.misbehaved.retain(|_, until| *until > now);
            let least = self.misbehaved.iter().min_by_key(|(_, until)| **until).map(|(address, _)| *address);
            if let Some(least) = least.filter(|_| self.misbehaved.len() >= limits::MISBEHAVED_ADDRESSES_MAX) {
                self.misbehaved.remove(&least);
            }
        }
        let after = |from: Mono, ms: u64| Mono(from.0.saturating_add(ms.saturating_mul(1_000_000)));
        let until = self.misbehaved.entry(address).or_default();
        // However many misdeeds were under way at once: who stops is let in again soon.
        *until =
            after((*until).max(now), limits::MISBEHAVED_EVERY_MS).min(after(now, BURST_MS + limits::MISBEHAVED_BARRED_MS_MAX));
    }
}

impl Guest {
    /// A request begins: whoever asks is not idle.
    pub fn begin(&self) {
        let mut inside = self.guests.inside.lock();
        inside.step_out(self.number);
        if let Some(entry) = inside.guests.get_mut(&self.number) {
            entry.requests = entry.requests.saturating_add(1);
        }
    }

    /// A request has ended.
    pub fn end(&self) {
        let mut inside = self.guests.inside.lock();
        let Some(entry) = inside.guests.get_mut(&self.number) else { return };
        entry.requests = entry.requests.saturating_sub(1);
        if entry.requests == 0 {
            inside.stand(self.number, true);
        }
    }

    /// Returns once this connection has to make room.
    pub async fn told_to_leave(&self) {
        self.leave.notified().await;
    }

    /// This connection had to be ended for what its peer did: a new one is no fresh budget.
    pub fn misbehaved(&self) {
        if !self.guests.caps.concern(self.address) {
            return;
        }
        let now = (self.guests.now)();
        self.guests.inside.lock().misbehaved(self.address, now);
    }

    /// A limit bit on this connection.
    pub fn hit(&self, limit: Limit) {
        self.guests.hits.hit(limit);
    }

    /// What the limits counted, of all.
    #[must_use]
    pub fn hits(&self) -> &Hits {
        &self.guests.hits
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut inside = self.guests.inside.lock();
        if inside.forget(self.number).is_none() {
            inside.leaving = inside.leaving.saturating_sub(1);
        }
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("number", &self.number).field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
