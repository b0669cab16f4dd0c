//! The objects that are ours alone: components and catalogues. What stands there, what should, and what goes.
//! Pure. Only what carries our label and our manager is ever removed, and nothing before the cluster's workloads are known.

use super::{
    Desired,
    book::{Backoff, Candidate, Key, Mirror, Write, later, moved},
    calls::{Answer, Found},
};
use crate::kubernetes::failure::Failure;
use crate::views::components::{ComponentSpec, ComponentStatus, DesiredComponent, OwnerReference, catalogue::DesiredCatalogue};
use pointsman_core::{limits, model::clock::Mono, view::time};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

/// How long something that is more urgent may come later and go first, in seconds.
const MAKE_SECS: u64 = 5;
const CHANGE_SECS: u64 = 10;
const FIGURES_SECS: u64 = 30;
/// Longer than many of them take in turn: a last push never goes before what says more.
const PUSH_SECS: u64 = 3_600;

/// Everything of ours that stands in the cluster, as far as known.
#[derive(Debug, Default)]
pub(super) struct Owned {
    components: BTreeMap<Key, ComponentNote>,
    catalogues: BTreeMap<Key, CatalogueNote>,
    /// Nothing is made or removed before it is known what stands there.
    known: bool,
}

#[derive(Debug, Default)]
struct ComponentNote {
    /// `None`: not there.
    uid: Option<Box<str>>,
    made: Mirror<Made>,
    status: Mirror<ComponentStatus>,
    differs: Option<Mono>,
    backoff: Backoff,
    /// Since when it is not in the stream, and whether it was in this process's time.
    absent: Option<Mono>,
    was_here: bool,
}

/// What makes up a component beside its status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) spec: ComponentSpec,
    pub(super) owner: Option<OwnerReference>,
}

#[derive(Debug, Default)]
struct CatalogueNote {
    uid: Option<Box<str>>,
    owner_uid: Box<str>,
    instruments: Option<u64>,
    differs: Option<Mono>,
    backoff: Backoff,
}

/// A component of ours that was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundComponent {
    pub(super) key: Key,
    pub(super) uid: Box<str>,
    pub(super) made: Made,
    pub(super) status: Option<ComponentStatus>,
}

/// A catalogue of ours that was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundCatalogue {
    pub(super) key: Key,
    pub(super) uid: Box<str>,
    pub(super) owner_uid: Box<str>,
    pub(super) instruments: Option<u64>,
}

impl Owned {
    /// The uid of a component that stands there.
    pub(super) fn component_uid(&self, namespace: &str, name: &str) -> Option<&str> {
        self.components.get(&(namespace.into(), name.into()))?.uid.as_deref()
    }

    /// The uid of a catalogue that stands there.
    pub(super) fn catalogue_uid(&self, key: &Key) -> Option<&str> {
        self.catalogues.get(key)?.uid.as_deref()
    }

    /// The workload that a component goes with. While the cluster does not say, the one that its object shows: a reference that
    /// is taken off could not take the object along when the workload goes.
    pub(super) fn owner<'a>(&'a self, component: &'a DesiredComponent) -> Option<&'a OwnerReference> {
        let note = || self.components.get(&(component.namespace.clone(), component.name.clone()));
        component.owner.as_ref().or_else(|| note()?.known_owner(component))
    }

    /// What a component shows from now on. While its instances may come back to us, what its object says of plans stays, and so
    /// does when it last pushed, where we never saw it push.
    pub(super) fn status(&self, component: &DesiredComponent) -> ComponentStatus {
        let note = self.components.get(&(component.namespace.clone(), component.name.clone()));
        note.map_or_else(|| component.status.clone(), |note| note.meant(component))
    }

    /// What a component that fell silent shows from now on.
    pub(super) fn silence(&self, key: &Key) -> Option<ComponentStatus> {
        Some(silenced(self.components.get(key)?.status.get()))
    }

    /// Takes a look into the cluster: what is not there any more is to be made again.
    pub(super) fn found(&mut self, found: Found) {
        self.known = true;
        self.components.values_mut().for_each(|note| note.uid = None);
        self.catalogues.values_mut().for_each(|note| note.uid = None);
        for FoundComponent { key, uid, made, status } in found.components {
            let note = self.components.entry(key).or_default();
            note.uid = Some(uid);
            note.made.found(Some(made));
            note.status.found(status);
        }
        self.components.values_mut().filter(|note| note.uid.is_none()).for_each(ComponentNote::lost);
        for FoundCatalogue { key, uid, owner_uid, instruments } in found.catalogues {
            let note = self.catalogues.entry(key).or_default();
            *note = CatalogueNote { uid: Some(uid), owner_uid, instruments, ..std::mem::take(note) };
        }
    }

    /// Everything that could be written now; answers how much waits in all.
    pub(super) fn candidates(&mut self, desired: &Desired, now: Mono, candidates: &mut Vec<Candidate>) -> usize {
        if !self.known {
            return 0;
        }
        let mut all = Vec::new();
        let here: HashSet<(&str, &str)> = desired.components.iter().map(|c| (&*c.namespace, &*c.name)).collect();
        let listed: HashMap<(&str, &str), &DesiredCatalogue> =
            desired.catalogues.iter().map(|c| ((&*c.namespace, &*c.name), &**c)).collect();
        for (index, component) in desired.components.iter().enumerate() {
            let note = self.components.entry((component.namespace.clone(), component.name.clone())).or_default();
            (note.absent, note.was_here) = (None, true);
            all.extend(note.next(index, component, now));
        }
        self.gone((desired, &here), now, &mut all);
        for (index, catalogue) in desired.catalogues.iter().enumerate() {
            let owner = self.component_uid(&catalogue.namespace, &catalogue.component).map(Into::into);
            let note = self.catalogues.entry((catalogue.namespace.clone(), catalogue.name.clone())).or_default();
            all.extend(note.next((index, catalogue), owner, now));
        }
        self.catalogues.retain(|(namespace, name), note| note.uid.is_some() || listed.contains_key(&(&**namespace, &**name)));
        self.superseded(desired, &listed, now, &mut all);
        let waiting = all.len();
        candidates.extend(all.into_iter().filter(|(_, ready)| *ready).map(|(candidate, _)| candidate));
        waiting
    }

    /// Components that stand there and are not in the stream.
    fn gone(&mut self, (desired, here): (&Desired, &HashSet<(&str, &str)>), now: Mono, all: &mut Vec<(Candidate, bool)>) {
        self.components.retain(|(namespace, name), note| note.uid.is_some() || here.contains(&(&**namespace, &**name)));
        for (key, note) in &mut self.components {
            if here.contains(&(&*key.0, &*key.1)) {
                continue;
            }
            let absent = now.since(*note.absent.get_or_insert(now));
            let write = match note.fate(key, desired, absent) {
                Fate::Keep => {
                    note.differs = None;
                    continue;
                }
                Fate::Silence => Write::Silence(key.clone()),
                Fate::Remove => Write::RemoveComponent(key.clone()),
            };
            let since = *note.differs.get_or_insert(now);
            all.push(candidate(write, (since, CHANGE_SECS), &note.backoff, now));
        }
    }

    /// Catalogues that stand there and are not what their component has now; those of a silent component stay.
    fn superseded(
        &mut self,
        desired: &Desired,
        listed: &HashMap<(&str, &str), &DesiredCatalogue>,
        now: Mono,
        all: &mut Vec<(Candidate, bool)>,
    ) {
        let replaced: HashSet<(&str, &str)> = desired
            .catalogues
            .iter()
            .filter(|c| self.catalogue_uid(&(c.namespace.clone(), c.name.clone())).is_some())
            .map(|c| (&*c.namespace, &*c.component))
            .collect();
        let components = &self.components;
        for (key, note) in &mut self.catalogues {
            if listed.contains_key(&(&*key.0, &*key.1)) {
                continue;
            }
            let owner = key.1.rsplit_once('-').map_or(&*key.1, |(component, _)| component);
            let is_orphan = components.get(&(key.0.clone(), owner.into())).is_none_or(|owner| owner.uid.is_none());
            if is_orphan || replaced.contains(&(&*key.0, owner)) {
                let since = *note.differs.get_or_insert(now);
                all.push(candidate(Write::RemoveCatalogue(key.clone()), (since, CHANGE_SECS), &note.backoff, now));
            }
        }
    }

    /// Remembers what became of a write.
    pub(super) fn note(&mut self, desired: &Desired, write: &Write, result: Result<Answer, Failure>, now: Mono) {
        match write {
            Write::View { .. } | Write::PlanFile { .. } => {}
            Write::Component { index } | Write::ComponentStatus { index } => {
                let Some(component) = desired.components.get(*index) else { return };
                let key = (component.namespace.clone(), component.name.clone());
                let owner = self.owner(component).cloned();
                let Some(note) = self.components.get_mut(&key) else { return };
                note.done(result, now, |note, answer| {
                    if matches!(write, Write::Component { .. }) {
                        let made = Made { spec: component.spec.clone(), owner };
                        note.uid = Some(answer.uid.clone());
                        note.made.sent(made, Some(answer.made()));
                        note.status.found(answer.status());
                    } else {
                        let sent = note.meant(component);
                        note.status.sent(sent, answer.status());
                    }
                });
            }
            Write::Silence(key) => {
                let Some(note) = self.components.get_mut(key) else { return };
                let sent = silenced(note.status.get());
                note.done(result, now, |note, answer| note.status.sent(sent, answer.status()));
            }
            Write::RemoveComponent(key) => match result {
                Ok(_) | Err(Failure::Gone | Failure::Conflict) => drop(self.components.remove(key)),
                Err(failure) => self.components.entry(key.clone()).or_default().backoff.failed(&failure, now),
            },
            Write::Catalogue { index } | Write::CatalogueStatus { index } => {
                let Some(catalogue) = desired.catalogues.get(*index) else { return };
                let owner = self.component_uid(&catalogue.namespace, &catalogue.component).unwrap_or_default().into();
                let key = (catalogue.namespace.clone(), catalogue.name.clone());
                let Some(note) = self.catalogues.get_mut(&key) else { return };
                note.done((write, catalogue, owner), result, now);
            }
            Write::RemoveCatalogue(key) => match result {
                Ok(_) | Err(Failure::Gone | Failure::Conflict) => drop(self.catalogues.remove(key)),
                Err(failure) => self.catalogues.entry(key.clone()).or_default().backoff.failed(&failure, now),
            },
        }
    }
}

/// What becomes of a component that is not in the stream.
enum Fate {
    Keep,
    Silence,
    Remove,
}

impl ComponentNote {
    fn next(&mut self, index: usize, component: &DesiredComponent, now: Mono) -> Option<(Candidate, bool)> {
        let owner = component.owner.as_ref().or_else(|| self.known_owner(component));
        let made = self.made.get().is_some_and(|made| made.spec == component.spec && made.owner.as_ref() == owner);
        let next = if self.uid.is_none() || !made {
            Some((Write::Component { index }, MAKE_SECS))
        } else {
            patience(self.status.get(), &self.meant(component)).map(|secs| (Write::ComponentStatus { index }, secs))
        };
        let Some((write, secs)) = next else {
            self.differs = None;
            return None;
        };
        let since = *self.differs.get_or_insert(now);
        Some(candidate(write, (since, secs), &self.backoff, now))
    }

    /// What is to stand in its status.
    fn meant(&self, component: &DesiredComponent) -> ComponentStatus {
        let mut status = component.status.clone();
        let Some(shown) = self.status.get() else { return status };
        status.last_push = status.last_push.or_else(|| shown.last_push.clone());
        let connected = |text: &str| text.split('/').next().and_then(|n| n.parse().ok()).unwrap_or(0u64);
        if component.returning && connected(&shown.connected) > connected(&status.connected) {
            let ComponentStatus { library, connected, in_sync, plan_hash, conditions, .. } = shown.clone();
            return ComponentStatus { library, connected, in_sync, plan_hash, conditions, ..status };
        }
        status
    }

    /// The reference that its object shows, where it names the workload of this component.
    fn known_owner(&self, component: &DesiredComponent) -> Option<&OwnerReference> {
        let (owner, workload) = (self.made.get()?.owner.as_ref()?, component.spec.workload_ref.as_ref()?);
        (owner.kind == workload.kind && owner.name == workload.name).then_some(owner)
    }

    /// Its object is not there: what is made anew shows nothing of the old one.
    fn lost(&mut self) {
        (self.uid, self.made) = (None, Mirror::default());
    }

    fn fate(&self, (namespace, _): &Key, desired: &Desired, absent: Duration) -> Fate {
        let workload = self.made.get().and_then(|made| made.spec.workload_ref.as_ref());
        // No pod is no proof: it may be scaled to nought, or wait for its next run. Only when it stays away; where the workload
        // itself goes, the owner reference takes the component along.
        let is_missing = desired.workloads.as_ref().is_some_and(|known| {
            workload.is_none_or(|workload| {
                !known.contains_key(&(namespace.clone(), workload.kind.as_str().into(), workload.name.as_str().into()))
            })
        });
        if is_missing && absent >= Duration::from_secs(limits::COMPONENT_GONE_SECS) {
            return Fate::Remove;
        }
        let is_silent = self.status.get().is_some_and(|status| status.state == SILENT);
        let restart = Duration::from_secs(limits::COMPONENT_SILENT_SECS);
        if !is_silent && (self.was_here || absent >= restart) { Fate::Silence } else { Fate::Keep }
    }

    fn done(&mut self, result: Result<Answer, Failure>, now: Mono, then: impl FnOnce(&mut Self, &Answer)) {
        match result {
            Ok(answer) => {
                then(self, &answer);
                (self.differs, self.backoff) = (None, Backoff::default());
            }
            Err(failure) => {
                match failure {
                    Failure::Gone => self.lost(),
                    Failure::Conflict => self.uid = None, // known anew by the next apply
                    _ => {}
                }
                self.backoff.failed(&failure, now);
            }
        }
    }
}

impl CatalogueNote {
    fn next(
        &mut self,
        (index, catalogue): (usize, &DesiredCatalogue),
        owner: Option<Box<str>>,
        now: Mono,
    ) -> Option<(Candidate, bool)> {
        let owner = owner?;
        let settle = Duration::from_secs(limits::CATALOGUE_SETTLE_SECS);
        // Named by its content: what stands there under this name lists the same.
        let (write, secs) = if self.uid.is_none() || self.owner_uid != owner {
            // Instruments come one by one after a start: not each of those sets gets an object.
            if now.since(*self.differs.get_or_insert(now)) < settle {
                return None;
            }
            (Write::Catalogue { index }, FIGURES_SECS)
        } else if self.instruments != Some(catalogue.instruments as u64) {
            (Write::CatalogueStatus { index }, FIGURES_SECS)
        } else {
            self.differs = None;
            return None;
        };
        let since = *self.differs.get_or_insert(now);
        Some(candidate(write, (since, secs), &self.backoff, now))
    }

    fn done(
        &mut self,
        (write, catalogue, owner): (&Write, &DesiredCatalogue, Box<str>),
        result: Result<Answer, Failure>,
        now: Mono,
    ) {
        match result {
            Ok(answer) if matches!(write, Write::Catalogue { .. }) => {
                (self.uid, self.owner_uid, self.differs) = (Some(answer.uid), owner, None);
                self.backoff = Backoff::default();
            }
            Ok(_) => {
                (self.instruments, self.differs) = (Some(catalogue.instruments as u64), None);
                self.backoff = Backoff::default();
            }
            Err(failure) => {
                if matches!(failure, Failure::Gone | Failure::Conflict) {
                    self.uid = None;
                }
                self.backoff.failed(&failure, now);
            }
        }
    }
}

const SILENT: &str = "Silent";

fn silenced(status: Option<&ComponentStatus>) -> ComponentStatus {
    let before = status.cloned().unwrap_or_default();
    let (state, points_per_second) = (SILENT.into(), "0.0".into());
    let (connected, in_sync, conditions) = ("0/0".into(), "0/0".into(), Vec::new());
    let quiet =
        ComponentStatus { state, points_per_second, instances: 0, series: 0, series_before: 0, dropped_share: 0, ..before };
    ComponentStatus { connected, in_sync, conditions, ..quiet }
}

/// A candidate, and whether its back-off is over.
fn candidate(write: Write, (since, secs): (Mono, u64), backoff: &Backoff, now: Mono) -> (Candidate, bool) {
    (Candidate { write, decision: false, due: later(since, Duration::from_secs(secs)) }, backoff.is_over(now))
}

/// For how long a difference may be put off, in seconds; `None`: there is nothing to say.
fn patience(before: Option<&ComponentStatus>, after: &ComponentStatus) -> Option<u64> {
    let Some(before) = before else { return Some(MAKE_SECS) };
    let bare = |s: &ComponentStatus| ComponentStatus {
        instances: 0,
        series: 0,
        series_before: 0,
        points_per_second: String::new(),
        dropped_share: 0,
        last_push: None,
        ..s.clone()
    };
    if bare(before) != bare(after) {
        return Some(CHANGE_SECS);
    }
    let tenths = |s: &ComponentStatus| s.points_per_second.replace('.', "").parse().unwrap_or(0u64);
    let figures = moved(before.series, after.series)
        || moved(before.series_before, after.series_before)
        || moved(before.instances, after.instances)
        || moved(before.dropped_share, after.dropped_share)
        || moved(tenths(before), tenths(after));
    let pushed = |s: &ComponentStatus| s.last_push.as_deref().and_then(time::parse_time).map_or(0, |wall| wall.0);
    let age = Duration::from_nanos(pushed(after).saturating_sub(pushed(before)));
    let is_old = age >= Duration::from_secs(limits::LAST_PUSH_SECS);
    figures.then_some(FIGURES_SECS).or(is_old.then_some(PUSH_SECS))
}
