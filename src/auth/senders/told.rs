//! Who spoke for others, for the log: the answer says it to the sender alone, and whoever runs pointsman has to know too.
//! Each is said once, and no more than so many: whoever sends chooses them. Decides nothing.

use parking_lot::Mutex;
use pointsman_core::{
    limits::{ACCESS_TOLD_MAX, ECHO_BYTES_MAX},
    model::speaker::Speaker,
};
use std::collections::BTreeSet;
use tracing::{debug, info};

/// What was told so far: users, and the attributes by which they claimed to be somebody else.
#[derive(Debug, Default)]
pub struct Told(Mutex<BTreeSet<(Box<str>, &'static str)>>);

impl Told {
    /// A sender claimed by this attribute to be somebody else, and was refused.
    pub fn tell(&self, by: &Speaker, attribute: &'static str) {
        let user = cut(&by.name);
        if self.is_new(&user, attribute) {
            info!(user, attribute, "a sender speaks for somebody else: what it sends under that name is refused");
        } else {
            debug!(user, attribute, "a sender speaks for somebody else");
        }
    }

    fn is_new(&self, user: &str, attribute: &'static str) -> bool {
        let mut told = self.0.lock();
        told.len() < ACCESS_TOLD_MAX && told.insert((user.into(), attribute))
    }
}

fn cut(name: &str) -> String {
    name.chars().take(ECHO_BYTES_MAX / 4).collect()
}

#[cfg(test)]
mod tests {
    use super::{ACCESS_TOLD_MAX, Told, cut};

    /// Scenario: a sender is refused again and again, for two attributes; then ever new senders; and one with a long name.
    /// Guarantees: each pair is said once; no more than so many are; no name makes a long line.
    #[test]
    fn who_speaks_for_others_is_told_once() {
        let told = Told::default();
        let said = ["pod", "pod", "namespace", "pod"].map(|attribute| told.is_new("a", attribute));
        assert_eq!(said, [true, false, true, false]);
        let more = (0..200).filter(|n| told.is_new(&n.to_string(), "pod")).count();
        assert_eq!(more, ACCESS_TOLD_MAX - 2);
        assert_eq!(cut(&"é".repeat(1_000)).chars().count(), 64);
    }
}
