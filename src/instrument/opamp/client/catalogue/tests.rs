use super::told;
use crate::{
    limits::{CATALOGUE_INSTRUMENTS_MAX, CUSTOM_BYTES_MAX},
    opamp::messages::{Catalogue, Instrument},
};

/// How many of so many instruments with names of so many letters are told, and how many are said to be left out.
fn check(count: usize, letters: usize) -> (usize, usize) {
    let one = |n: usize| Instrument { name: format!("{n:0letters$}"), kind: "Gauge".to_owned(), ..Instrument::default() };
    let (json, left_out) = told((0..count).map(one).collect());
    assert!(json.len() <= CUSTOM_BYTES_MAX);
    let catalogue: Catalogue = serde_json::from_slice(&json).expect("a catalogue");
    (catalogue.instruments.len(), left_out)
}

/// Scenario: as many instruments as a controller takes, more of them, more than fit. Guarantees: no more are told than it takes; what
/// is left out is counted.
#[test]
fn no_more_are_told_than_are_taken() {
    assert_eq!(check(CATALOGUE_INSTRUMENTS_MAX, 8), (CATALOGUE_INSTRUMENTS_MAX, 0));
    assert_eq!(check(CATALOGUE_INSTRUMENTS_MAX + 9, 8), (CATALOGUE_INSTRUMENTS_MAX, 9));
    assert_eq!(check(CATALOGUE_INSTRUMENTS_MAX + 4, 200), (CATALOGUE_INSTRUMENTS_MAX / 4, 3 * CATALOGUE_INSTRUMENTS_MAX / 4 + 4));
}
