//! The cache of answers: when they hold, which one goes, and that it does what a plain list would.

use super::{Cache, Duration, Hold, Known, Mono};
use proptest::{arbitrary::any, collection, prop_assert_eq, proptest};

const SECOND: u64 = 1_000_000_000;
const ALLOW: Hold = Hold { fresh: Duration::from_secs(60), stale: Duration::from_secs(300) };
const DENY: Hold = Hold { fresh: Duration::from_secs(30), stale: Duration::ZERO };

const fn at(secs: u64) -> Mono {
    Mono(secs * SECOND)
}

/// Scenario: a right is granted, and looked for as time goes by.
/// Guarantees: 60 s without asking; 5 min more only for when nobody can be asked; then nothing, however often it was looked for.
#[test]
fn t28_a_yes_holds_for_its_time_and_no_longer() {
    let mut cache = Cache::new(8);
    cache.keep(1, true, ALLOW, at(0));
    assert_eq!(cache.look(&1, Mono(60 * SECOND - 1)), Known::Fresh(true));
    assert_eq!(cache.look(&1, at(60)), Known::Stale(true));
    assert_eq!(cache.look(&1, Mono(360 * SECOND - 1)), Known::Stale(true));
    assert_eq!(cache.look(&1, at(360)), Known::Not);
    assert!(cache.is_empty());
}

/// Scenario: a right is refused; later it is granted.
/// Guarantees: a no is never used beyond its time, and the newer answer counts.
#[test]
fn t28_a_no_is_never_stale() {
    let mut cache = Cache::new(8);
    cache.keep(1, false, DENY, at(0));
    assert_eq!(cache.look(&1, at(29)), Known::Fresh(false));
    assert_eq!(cache.look(&1, at(30)), Known::Not);
    cache.keep(1, true, ALLOW, at(30));
    assert_eq!(cache.look(&1, at(31)), Known::Fresh(true));
}

/// Scenario: 1,000,000 keys into room for 1,000, one of them looked for all along.
/// Guarantees: never more than there is room for; what is in use stays; each one that goes is told.
#[test]
fn t29_a_flood_takes_no_more_room_than_there_is() {
    let mut cache = Cache::new(1_000);
    cache.keep(u64::MAX, true, ALLOW, at(0));
    let told = (0..1_000_000_u64)
        .filter(|key| {
            assert_eq!(cache.look(&u64::MAX, at(1)), Known::Fresh(true));
            cache.keep(*key, false, DENY, at(1))
        })
        .count();
    assert_eq!((cache.len(), cache.order.len(), told), (1_000, 1_000, 999_001));
}

proptest! {
    /// Scenario: any order of keeping, looking and waiting.
    /// Guarantees: the same answers as of a list in order of use.
    #[test]
    fn t28_the_cache_does_what_a_list_would(steps in collection::vec((0_u8..6, any::<bool>(), any::<bool>(), 0_u64..90), 1..200)) {
        let (mut cache, mut list, mut now) = (Cache::new(4), Vec::<(u8, bool, u64)>::new(), 0);
        for (key, keep, value, wait) in steps {
            now += wait;
            let place = list.iter().position(|(known, ..)| *known == key);
            let before = place.map(|place| list.remove(place));
            if keep {
                let full = list.len() == 4;
                if full {
                    list.remove(0);
                }
                list.push((key, value, now));
                prop_assert_eq!(cache.keep(key, value, if value { ALLOW } else { DENY }, at(now)), full);
                continue;
            }
            let expected = match before {
                Some((_, true, since)) if now - since < 60 => Known::Fresh(true),
                Some((_, true, since)) if now - since < 360 => Known::Stale(true),
                Some((_, false, since)) if now - since < 30 => Known::Fresh(false),
                _ => Known::Not,
            };
            if expected != Known::Not {
                list.extend(before);
            }
            prop_assert_eq!(cache.look(&key, at(now)), expected);
        }
    }
}
