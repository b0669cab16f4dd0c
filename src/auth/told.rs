//! What the log was told: each thing once, and no more of them than so many, for whoever is refused chooses them.
//! Writes no line and knows no reason.

use parking_lot::Mutex;
use pointsman_core::limits::{ACCESS_TOLD_MAX, ECHO_BYTES_MAX};
use std::collections::BTreeSet;

/// What was told so far.
#[derive(Debug)]
pub struct Told<K>(Mutex<BTreeSet<K>>);

impl<K> Default for Told<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord> Told<K> {
    /// Whether this is to be told: it was not yet, and there is room for it.
    pub fn is_new(&self, what: K) -> bool {
        let mut told = self.0.lock();
        told.len() < ACCESS_TOLD_MAX && told.insert(what)
    }
}

/// As much of a text that others chose as a line of the log repeats.
#[must_use]
pub fn cut(text: &str) -> String {
    text.chars().take(ECHO_BYTES_MAX / 4).collect()
}

#[cfg(test)]
mod tests {
    use super::{ACCESS_TOLD_MAX, Told, cut};

    /// Scenario: a sender is refused again and again, for two attributes; then ever new senders; and one with a long name.
    /// Guarantees: each pair is said once; no more than so many are; no name makes a long line.
    #[test]
    fn what_is_refused_is_told_once() {
        let told = Told::default();
        let said = ["pod", "pod", "namespace", "pod"].map(|attribute| told.is_new(("a".to_owned(), attribute)));
        assert_eq!(said, [true, false, true, false]);
        let more = (0..200).filter(|n| told.is_new((n.to_string(), "pod"))).count();
        assert_eq!(more, ACCESS_TOLD_MAX - 2);
        assert_eq!(cut(&"é".repeat(1_000)).chars().count(), 64);
    }
}
