//! Who exports by a plan in a file, as their exports say: what a process without a session obeys is known by nothing else.
//! Knows processes and whose they are, not what a plan says.

use parking_lot::Mutex;
use pointsman_core::{
    limits::SYNC_SENDERS_MAX,
    model::{clock::Mono, speaker::Speaker},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

/// A process, by the plan that it says it obeys.
type Exporter = ([u8; 16], u64);

/// When a process was last heard, and whose it is, where that was proven.
struct Heard {
    at: Mono,
    by: Option<Arc<Speaker>>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Exporters(Mutex<HashMap<Exporter, Heard>>);

/// How many processes are of one account, by its name: one has many.
type ByName = BTreeMap<Option<Box<str>>, (Option<Arc<Speaker>>, u64)>;

/// How many obey each plan.
#[derive(Default)]
pub(super) struct Obeying(HashMap<[u8; 16], ByName>);

impl Exporters {
    /// One exports. Who is one too many is not known to obey: the controller decides for it as for who takes no plans.
    pub(super) fn note(&self, exporter: Exporter, by: Option<&Arc<Speaker>>, now: Mono) {
        let mut all = self.0.lock();
        if all.len() < SYNC_SENDERS_MAX || all.contains_key(&exporter) {
            all.insert(exporter, Heard { at: now, by: by.cloned() });
        }
    }

    /// Forgets those of other plans.
    pub(super) fn keep(&self, is_kept: impl Fn(&[u8; 16]) -> bool) {
        self.0.lock().retain(|(plan, _), _| is_kept(plan));
    }

    /// Those of now. Who fell silent for so long is forgotten.
    pub(super) fn obeying(&self, now: Mono, silence: Duration) -> Obeying {
        let mut obeying = Obeying::default();
        let mut all = self.0.lock();
        all.retain(|_, heard| now.since(heard.at) < silence);
        for ((plan, _), Heard { by, .. }) in all.iter() {
            let name = by.as_ref().map(|by| by.name.clone());
            let (_, count) = obeying.0.entry(*plan).or_default().entry(name).or_insert_with(|| (by.clone(), 0));
            *count = count.saturating_add(1);
        }
        obeying
    }
}

impl Obeying {
    /// How many obey a plan as a component of that namespace: others may have the same plan.
    pub(super) fn of(&self, plan: &[u8; 16], namespace: &str) -> u64 {
        let all = self.0.get(plan).into_iter().flat_map(BTreeMap::values);
        let theirs = all.filter(|(by, _)| by.as_ref().is_none_or(|by| by.may_be(namespace)));
        theirs.fold(0, |sum: u64, (_, n)| sum.saturating_add(*n))
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Duration, Exporters, Mono, Speaker};
    use pointsman_core::model::speaker::{Claims, Names};

    fn by(home: &str) -> Option<Arc<Speaker>> {
        let (namespaces, services) = (Names::none(), Names::All);
        Some(Arc::new(Speaker { name: home.into(), home: home.into(), namespaces, services, pod: None, claims: Claims::Refuse }))
    }

    /// Scenario: processes of two namespaces, and some of which nobody knows whose they are, say that they obey the same plan; one
    /// of them falls silent.
    /// Guarantees: t01: each namespace counts its own and those nobody was asked about, never those of others.
    #[test]
    fn t01_nobody_obeys_for_another_namespace() {
        let (exporters, plan) = (Exporters::default(), [7; 16]);
        for (process, by, secs) in [(1, by("shop"), 1), (2, by("shop"), 100), (3, by("bank"), 100), (4, None, 100)] {
            exporters.note((plan, process), by.as_ref(), Mono::from_secs(secs));
        }
        let count = |secs| {
            let obeying = exporters.obeying(Mono::from_secs(secs), Duration::from_secs(100));
            ["shop", "bank", "mint"].map(|namespace| obeying.of(&plan, namespace))
        };
        assert_eq!((count(100), count(101)), ([3, 2, 1], [2, 2, 1]));
        exporters.keep(|kept| *kept != plan);
        assert_eq!(count(101), [0; 3]);
    }
}
