use super::Sets;
use proptest::prelude::{Strategy, any, proptest};
use std::{collections::BTreeMap, hash::RandomState};

/// Scenario: sets come, go one by one and go in crowds, in any order. Guarantees: the same are held as in a plain map,
/// with the same values, and each is found by its bytes.
#[test]
fn sets_are_a_map() {
    let step = (0_u8..4, 0_u8..30, any::<u16>());
    proptest!(|(steps in proptest::collection::vec(step.boxed(), 0..200))| {
        let mut sets = Sets::new(RandomState::new());
        let mut plain = BTreeMap::new();
        for (what, key, value) in steps {
            match what {
                0 | 1 => {
                    *sets.get_or_insert(&[key], || 0) = value;
                    plain.insert(vec![key], value);
                }
                2 => assert_eq!(sets.remove(&[key]), plain.remove(&vec![key]).is_some()),
                _ => {
                    let mut taken = BTreeMap::new();
                    sets.take_where(|attributes, _| attributes[0] % 3 == key % 3, |attributes, value| {
                        taken.insert(attributes.to_vec(), value);
                    });
                    let gone: BTreeMap<_, _> = plain.extract_if(.., |attributes, _| attributes[0] % 3 == key % 3).collect();
                    assert_eq!(taken, gone);
                }
            }
            assert_eq!(sets.len(), plain.len());
            let held: BTreeMap<_, _> = sets.iter_mut().map(|(attributes, value)| (attributes.to_vec(), *value)).collect();
            assert_eq!(held, plain);
            assert!(plain.iter().all(|(attributes, value)| sets.get(attributes) == Some(&mut value.clone())));
        }
    });
}
