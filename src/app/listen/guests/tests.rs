use super::{Caps, Guest, Guests, Hits, Limit};
use parking_lot::Mutex;
use pointsman_core::{limits, model::clock::Mono};
use std::{net::IpAddr, sync::Arc};

/// Guests of whom so many may come, and the clock by which they misbehave.
struct Party {
    guests: Arc<Guests>,
    now: Arc<Mutex<Mono>>,
}

const CAPS: Caps = Caps { all: 6, per_address: 3, of_loopback: false };

fn party(caps: Caps) -> Party {
    let now = Arc::new(Mutex::new(Mono(0)));
    let clock = Arc::clone(&now);
    Party { guests: Guests::new(caps, Arc::new(move || *clock.lock()), Arc::default()), now }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

/// Whether a guest was told to leave.
fn is_told(guest: &Guest) -> bool {
    use futures_util::FutureExt;
    guest.told_to_leave().now_or_never().is_some()
}

fn told(guests: &[&Guest]) -> Vec<usize> {
    guests.iter().enumerate().filter(|(_, guest)| is_told(guest)).map(|(at, _)| at).collect()
}

/// Scenario: one address opens connections, some ask, some never do; it reaches its cap, and another address comes.
/// Guarantees: first goes who never asked, then who asked least lately, never one with a request in flight; only guests of
/// that address go; when all are busy the newcomer is refused; each time it is counted; the other address is let in.
#[test]
fn at_the_cap_of_an_address_its_own_idle_make_room() {
    let party = party(CAPS);
    let come = || party.guests.let_in(address(1));
    let hits = || party.guests.hits().of(Limit::ConnectionsPerAddress);
    let other = party.guests.let_in(address(2)).expect("room");
    let (a, b, c) = (come().expect("room"), come().expect("room"), come().expect("room"));
    for guest in [&b, &a] {
        guest.begin();
        guest.end();
    }
    assert_eq!((told(&[&other, &a, &b, &c]), hits()), (vec![], 0));
    let d = come().expect("in place of another");
    assert_eq!((told(&[&other, &a, &b, &c, &d]), hits()), (vec![3], 1), "who never asked goes first");
    drop(c);
    d.begin();
    let e = come().expect("in place of another");
    assert_eq!((told(&[&other, &a, &b, &d, &e]), hits()), (vec![2], 2), "then who asked least lately");
    drop(b);
    a.begin();
    e.begin();
    assert!(come().is_none(), "all of them are busy");
    assert_eq!((told(&[&other, &a, &d, &e]), hits()), (vec![], 3));
    e.begin();
    e.end();
    assert!(come().is_none(), "one of its two requests is still in flight");
    e.end();
    let f = come().expect("in place of another");
    assert_eq!(told(&[&other, &a, &d, &e, &f]), [3]);
    assert!(party.guests.let_in(address(2)).is_some(), "nobody else is concerned");
    assert_eq!(party.guests.hits().of(Limit::Connections), 0);
}

/// Scenario: many addresses reach the cap in all; those who are told to leave take their time.
/// Guarantees: the oldest idle of all goes; as few as may be are on their way out at once, beyond that newcomers are refused;
/// whoever has gone makes room.
#[test]
fn at_the_cap_in_all_the_oldest_idle_makes_room() {
    let party = party(CAPS);
    let come = |last| party.guests.let_in(address(last));
    let guests: Vec<Guest> = (0..6).map(|last| come(last).expect("room")).collect();
    guests[0].begin();
    let newcomer = come(6).expect("in place of another");
    assert_eq!(told(&guests.iter().collect::<Vec<_>>()), [1]);
    assert!(come(7).is_none(), "one is on its way out, and no more may be");
    assert!(come(7).is_none());
    assert_eq!(party.guests.hits().of(Limit::Connections), 3);
    let mut guests = guests;
    drop(guests.remove(1));
    let another = come(7).expect("in place of another");
    assert_eq!(told(&guests.iter().collect::<Vec<_>>()), [1]);
    drop((guests, newcomer, another));
    let inside = party.guests.inside.lock();
    assert_eq!((inside.guests.len(), inside.idle.len(), inside.addresses.len(), inside.leaving), (0, 0, 0, 0), "nothing stays");
}

/// Scenario: everybody comes from loopback, over IPv4, IPv6 and one mapped into the other; then a cap is asked for.
/// Guarantees: only the cap in all holds for loopback, unless one was asked for; a mapped address is the address it maps.
#[test]
fn loopback_is_one_address_for_many() {
    let loopback: [IpAddr; 3] = ["127.0.0.1", "::1", "::ffff:127.0.0.1"].map(|text| text.parse().expect("an address"));
    let all = party(CAPS);
    let guests: Vec<Guest> = loopback.iter().cycle().take(6).map(|from| all.guests.let_in(*from).expect("room")).collect();
    assert_eq!((all.guests.hits().of(Limit::ConnectionsPerAddress), told(&guests.iter().collect::<Vec<_>>())), (0, vec![]));
    let each = party(Caps { of_loopback: true, ..CAPS });
    let four = [loopback[0], loopback[2], loopback[0], loopback[2]];
    let guests: Vec<Guest> = four.into_iter().map(|from| each.guests.let_in(from).expect("room")).collect();
    assert_eq!((each.guests.hits().of(Limit::ConnectionsPerAddress), told(&guests.iter().collect::<Vec<_>>())), (1, vec![0]));
}

/// Scenario: connections of one address end by its misbehaviour, again and again; later it behaves.
/// Guarantees: what is over the budget is refused and counted, nobody else is; after a while one more is let in, for a fresh
/// misdeed at a time; after the whole time the budget is whole.
#[test]
fn who_misbehaves_is_not_let_in_for_a_while() {
    let party = party(Caps { all: 10, per_address: 10, of_loopback: true });
    let bad: IpAddr = "127.0.0.1".parse().expect("an address");
    let misbehave =
        |times: u64| (0..times).take_while(|_| party.guests.let_in(bad).map(|guest| guest.misbehaved()).is_some()).count() as u64;
    let refused = || party.guests.hits().of(Limit::Reconnects);
    let (burst, every) = (limits::MISBEHAVED_BURST, limits::MISBEHAVED_EVERY_MS);
    assert_eq!((misbehave(10 * burst), refused()), (burst + 1, 1));
    assert!(party.guests.let_in(address(1)).is_some());
    *party.now.lock() = Mono(every * 1_000_000);
    assert_eq!((misbehave(5), refused()), (1, 2));
    *party.now.lock() = Mono((burst + 3) * every * 1_000_000);
    assert_eq!(misbehave(10 * burst), burst + 1);
}

/// Scenario: far more connections of one address than its budget misbehave at once, which were all let in before; likewise
/// over loopback, with its own cap and without.
/// Guarantees: the address is barred for half a minute and no longer; loopback, which may be everybody behind a proxy, is
/// barred only where it was asked for.
#[test]
fn nobody_is_barred_for_long() {
    let many = usize::try_from(limits::MISBEHAVED_BURST).expect("a small number") * 4;
    for (at, of_loopback, is_barred) in
        [(address(1), false, true), (IpAddr::from([127, 0, 0, 1]), false, false), (IpAddr::from([127, 0, 0, 1]), true, true)]
    {
        let party = party(Caps { all: many, per_address: many, of_loopback });
        let guests: Vec<Guest> = (0..many).filter_map(|_| party.guests.let_in(at)).collect();
        assert_eq!(guests.len(), many);
        guests.iter().for_each(Guest::misbehaved);
        drop(guests);
        *party.now.lock() = Mono((limits::MISBEHAVED_BARRED_MS_MAX - 1) * 1_000_000);
        assert_eq!(party.guests.let_in(at).is_none(), is_barred, "{at} {of_loopback}");
        *party.now.lock() = Mono(limits::MISBEHAVED_BARRED_MS_MAX * 1_000_000);
        assert!(party.guests.let_in(at).is_some(), "{at} {of_loopback}");
    }
}

/// Scenario: more addresses misbehave than are remembered, one of them much.
/// Guarantees: the table stays within its cap, and whoever did most is remembered.
#[test]
fn few_are_remembered_and_the_worst_among_them() {
    let party = party(CAPS);
    let misbehave = |from: IpAddr| party.guests.let_in(from).expect("let in").misbehaved();
    (0..100).for_each(|_| misbehave(address(1)));
    for number in 0..500 + u32::try_from(limits::MISBEHAVED_ADDRESSES_MAX).expect("a small number") {
        misbehave(IpAddr::from((0x0B00_0000 + number).to_be_bytes()));
    }
    let inside = party.guests.inside.lock();
    assert_eq!(inside.misbehaved.len(), limits::MISBEHAVED_ADDRESSES_MAX);
    assert!(inside.misbehaved.get(&address(1)).is_some_and(|until| until.0 == 100 * limits::MISBEHAVED_EVERY_MS * 1_000_000));
}

/// Scenario: every limit bites once, the first of them twice. Guarantees: each has its name and its own count.
#[test]
fn each_limit_has_its_count() {
    let hits = Hits::default();
    Limit::ALL.into_iter().chain([Limit::Connections]).for_each(|limit| hits.hit(limit));
    let counts: Vec<(&str, u64)> = hits.counts().collect();
    let names: std::collections::BTreeSet<&str> = counts.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), Limit::ALL.len(), "{counts:?}");
    assert!(counts.iter().all(|(name, n)| *n == 1 + u64::from(*name == "connections")), "{counts:?}");
}
