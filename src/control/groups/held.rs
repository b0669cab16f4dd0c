//! Room for what agents declare: what many declare alike takes it once, and no namespace takes it all.
//! Counts instruments; holds none.

use crate::control::catalogue::Declares;
use pointsman_core::limits::{SYNC_INSTRUMENTS_HELD_MAX, SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX};
use std::collections::HashMap;

/// What is held.
#[derive(Debug, Default)]
pub(super) struct Held {
    all: Share,
    namespaces: HashMap<Box<str>, Share>,
}

/// What is held for somebody: how many groups declare each text.
#[derive(Debug, Default)]
struct Share {
    instruments: usize,
    texts: HashMap<[u8; 32], usize>,
}

impl Held {
    /// Takes room for one more group of a namespace; `false`: there is none.
    pub(super) fn take(&mut self, namespace: &str, declares: &Declares) -> bool {
        if declares.instruments.is_empty() {
            return true;
        }
        let of = self.namespaces.get(namespace);
        let fits = self.all.fits(declares, SYNC_INSTRUMENTS_HELD_MAX)
            && of.is_none_or(|share| share.fits(declares, SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX));
        if fits {
            self.all.take(declares);
            self.namespaces.entry(namespace.into()).or_default().take(declares);
        }
        fits
    }

    /// One group of a namespace is no more.
    pub(super) fn give_back(&mut self, namespace: &str, declares: &Declares) {
        if declares.instruments.is_empty() {
            return;
        }
        self.all.give_back(declares);
        if let Some(share) = self.namespaces.get_mut(namespace) {
            share.give_back(declares);
            if share.texts.is_empty() {
                self.namespaces.remove(namespace);
            }
        }
    }

    /// Whether so many instruments that nobody else declares would find room.
    pub(super) fn has_room(&self, namespace: &str, instruments: usize) -> bool {
        let of = self.namespaces.get(namespace).map_or(0, |share| share.instruments);
        self.all.instruments.saturating_add(instruments) <= SYNC_INSTRUMENTS_HELD_MAX
            && of.saturating_add(instruments) <= SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX
    }
}

impl Share {
    fn fits(&self, declares: &Declares, max: usize) -> bool {
        self.texts.contains_key(&declares.digest) || self.instruments.saturating_add(declares.instruments.len()) <= max
    }

    fn take(&mut self, declares: &Declares) {
        let groups = self.texts.entry(declares.digest).or_default();
        if *groups == 0 {
            self.instruments = self.instruments.saturating_add(declares.instruments.len());
        }
        *groups = groups.saturating_add(1);
    }

    fn give_back(&mut self, declares: &Declares) {
        let Some(groups) = self.texts.get_mut(&declares.digest) else { return };
        *groups = groups.saturating_sub(1);
        if *groups == 0 {
            self.texts.remove(&declares.digest);
            self.instruments = self.instruments.saturating_sub(declares.instruments.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX};
    use crate::control::catalogue::Declares;

    /// Scenario: namespaces fill their shares, one asks for more, all together fill the whole; some go. Guarantees: no namespace has more
    /// than its share, the sum is capped, and what goes is given back, once nobody declares it any more.
    #[test]
    fn no_namespace_takes_it_all() {
        let json = br#"{"library":"l","aspects":[],"instruments":[{"name":"a","kind":"Counter"}]}"#;
        let one = Declares::read(json, [0; 32]).expect("a catalogue").instruments[0].clone();
        let quarter: std::sync::Arc<[_]> = std::iter::repeat_n(one, SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX).collect();
        let says = |digest: u8| Declares { digest: [digest; 32], instruments: quarter.clone(), ..Declares::nothing() };
        let mut held = Held::default();
        assert!(held.take("a", &says(1)) && held.take("a", &says(1)), "the same text again");
        assert!(!held.take("a", &says(2)), "its share is full");
        assert!(held.take("b", &says(2)) && held.take("c", &says(3)) && held.take("d", &says(4)));
        assert!(!held.take("e", &says(5)) && !held.has_room("e", 1), "all is full");
        assert!(held.take("e", &says(4)), "what is held already takes no more");
        held.give_back("a", &says(1));
        assert!(!held.has_room("f", 1), "one still says so");
        held.give_back("a", &says(1));
        assert!(held.has_room("a", 1) && held.take("f", &says(5)));
        for (namespace, text) in [("b", 2), ("c", 3), ("d", 4), ("e", 4), ("f", 5)] {
            held.give_back(namespace, &says(text));
        }
        assert!(held.all.instruments == 0 && held.namespaces.is_empty());
    }
}
