//! Agents of one component that declare the same: they are offered the same plan, which is compiled once for all of them.
//! Knows when a plan has to be made anew, not how; of agents only which ones they are.

mod held;

use super::{agents::Uid, catalogue::Declares, offers::Prepared};
use held::Held;
use pointsman_core::{
    limits::{CATALOGUE_INSTRUMENTS_MAX, SYNC_EXPIRY_GRACE_MS},
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
    },
    view::{
        spec::{Catalogue, Declared},
        sync::Reported,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Weak},
    time::Duration,
};

/// Names a group; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(u64);

/// What the components declare of themselves.
pub type Catalogues = BTreeMap<ComponentKey, Arc<Catalogue>>;

/// Why a plan is made anew; of several reasons the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// A part of it has ended.
    Ended,
    /// The component declares something else.
    Declared,
    /// The views changed.
    Views,
    /// There is none yet.
    New,
}

/// One group.
#[derive(Debug)]
pub struct Group {
    /// Of which component.
    pub component: Arc<ComponentKey>,
    /// What its agents declare and can do.
    pub reported: Arc<Reported>,
    /// Who belongs to it.
    pub members: HashSet<Uid>,
    /// The plan of now, or the last one while it is made anew.
    pub plan: Option<Arc<Prepared>>,
    /// When the views came that made it, where views did.
    pub changed: Option<Mono>,
    /// A plan of which a part has ended: who has it gets so long to say what it has now.
    pub ended: Option<([u8; 16], Mono)>,
    declares: Arc<Declares>,
    anew: Option<Reason>,
    /// When the next part of its plan ends.
    ends: Option<Wall>,
}

/// A plan to be made.
#[derive(Clone, Debug)]
pub struct Job {
    /// For whom.
    pub group: GroupId,
    /// Of which component.
    pub component: Arc<ComponentKey>,
    /// What its agents declare and can do.
    pub reported: Arc<Reported>,
    /// By which views, counted.
    views: u64,
}

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    all: HashMap<GroupId, Group>,
    of: BTreeMap<Arc<ComponentKey>, BTreeSet<GroupId>>,
    made: u64,
    views: u64,
    views_changed: Mono,
    /// What agents declare, as far as it is held.
    held: Held,
    /// Agents whose catalogue found no room, of which namespace, and how large it is.
    waiting: HashMap<Uid, (Box<str>, usize)>,
    /// What several catalogues come to, by their digests: many components may have the same.
    unions: HashMap<Vec<[u8; 32]>, Weak<[Declared]>>,
    reported: Arc<Catalogues>,
    /// Agents that said goodbye, when, and of which component they were.
    pub(super) departed: BTreeMap<(Mono, Uid), Arc<ComponentKey>>,
    /// What of that the views know.
    known: Arc<Catalogues>,
    /// Instruments that the size of a plan left out of it, over all plans so far.
    pub left_out: u64,
    /// Whether `reported` is other than when somebody last asked that.
    news: bool,
    /// Whether the plans of now are others than when somebody last asked that.
    moved: bool,
}

impl Group {
    /// Whether its plan is that of now.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.plan.is_some() && self.anew.is_none()
    }

    /// Whether its agents sent a catalogue.
    #[must_use]
    pub fn is_catalogued(&self) -> bool {
        self.reported.catalogue.is_some()
    }

    /// What its agents declare, whatever component they are of.
    #[must_use]
    pub fn declares(&self) -> &Arc<Declares> {
        &self.declares
    }

    fn renew(&mut self, reason: Reason) {
        self.anew = self.anew.max(Some(reason));
    }
}

impl Groups {
    /// One of them.
    #[must_use]
    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.all.get(&id)
    }

    /// All of them, by component.
    pub fn by_component(&self) -> impl Iterator<Item = (&Arc<ComponentKey>, Vec<&Group>)> {
        self.of.iter().map(|(key, ids)| (key, ids.iter().filter_map(|id| self.all.get(id)).collect()))
    }

    /// Whether one of them waits for its plan.
    #[must_use]
    pub fn is_making(&self) -> bool {
        self.all.values().any(|group| group.anew.is_some())
    }

    /// Every plan of now.
    pub fn hashes(&self) -> impl Iterator<Item = [u8; 16]> {
        self.all.values().filter_map(|group| group.plan.as_ref()).map(|plan| plan.hash)
    }

    /// Puts an agent into the group of those who say the same. `None` when too many instruments are held already.
    pub fn join(&mut self, uid: Uid, component: &ComponentKey, declares: &Arc<Declares>) -> Option<GroupId> {
        let same = self.of.get(component).into_iter().flatten();
        let same = same.copied().find(|id| self.all.get(id).is_some_and(|group| group.declares.digest == declares.digest));
        if let Some(group) = same.and_then(|id| self.all.get_mut(&id)) {
            group.members.insert(uid);
            if group.is_catalogued() {
                self.waiting.remove(&uid);
            }
            return same;
        }
        if !self.held.take(&component.namespace, declares) {
            self.waiting.insert(uid, (component.namespace.clone(), declares.instruments.len()));
            return None;
        }
        if declares.digest != [0; 32] {
            self.waiting.remove(&uid);
        }
        self.made = self.made.saturating_add(1);
        let (id, reported) = (GroupId(self.made), Arc::new(declares.reported_by(component)));
        let key = self.of.get_key_value(component).map_or_else(|| Arc::new(component.clone()), |(key, _)| Arc::clone(key));
        let group = Group {
            component: Arc::clone(&key),
            members: HashSet::from([uid]),
            plan: None,
            changed: None,
            ended: None,
            declares: Arc::clone(declares),
            anew: Some(Reason::New),
            ends: None,
            reported,
        };
        self.all.insert(id, group);
        self.of.entry(key).or_default().insert(id);
        self.declare(component);
        Some(id)
    }

    /// Whether an agent whose catalogue found no room is to send it again, as there is room for it now.
    #[must_use]
    pub fn is_welcome(&self, uid: &Uid) -> bool {
        self.waiting.get(uid).is_some_and(|(namespace, instruments)| self.held.has_room(namespace, *instruments))
    }

    /// Takes an agent out; a group without agents is forgotten.
    pub fn leave(&mut self, id: GroupId, uid: &Uid) {
        let Some(group) = self.all.get_mut(&id) else { return };
        group.members.remove(uid);
        if !group.is_catalogued() {
            self.waiting.remove(uid);
        }
        if !group.members.is_empty() {
            return;
        }
        let Some(group) = self.all.remove(&id) else { return };
        self.moved = true;
        self.held.give_back(&group.component.namespace, &group.declares);
        if let Some(ids) = self.of.get_mut(&group.component) {
            ids.remove(&id);
            if ids.is_empty() {
                self.of.remove(&group.component);
            }
        }
        self.declare(&group.component);
    }

    /// Other views are in force, which know these catalogues. `all`: anything may have changed; else only what components
    /// declare.
    pub fn set_views(&mut self, known: &Arc<Catalogues>, all: bool, now: Mono) {
        self.views = self.views.saturating_add(1);
        if all {
            self.views_changed = now;
        }
        let before = std::mem::replace(&mut self.known, Arc::clone(known));
        for group in self.all.values_mut() {
            let [before, known] = [&before, known].map(|map| map.get(&*group.component).map(Arc::as_ptr));
            if all {
                group.renew(Reason::Views);
            } else if before != known {
                group.renew(Reason::Declared);
            }
        }
    }

    /// Plans that have to be made now, at most so many; and when one more may have to, if nothing else happens.
    pub fn jobs(&mut self, now: Wall, max: usize) -> (Vec<Job>, Option<Duration>) {
        let (mut jobs, mut next) = (Vec::new(), None);
        for (id, group) in &mut self.all {
            if group.ends.is_some_and(|at| at <= now) {
                group.renew(Reason::Ended);
            }
            if group.anew.is_none() {
                let left = group.ends.map(|at| Duration::from_nanos(at.0.saturating_sub(now.0)));
                next = next.into_iter().chain(left).min();
            } else if jobs.len() < max {
                let (component, reported) = (Arc::clone(&group.component), Arc::clone(&group.reported));
                jobs.push(Job { group: *id, component, reported, views: self.views });
            }
        }
        (jobs, next)
    }

    /// The plan of one group, where it has to be made now.
    #[must_use]
    pub fn job(&self, id: GroupId) -> Option<Job> {
        let group = self.all.get(&id)?;
        group.anew.is_some().then(|| {
            let (component, reported) = (Arc::clone(&group.component), Arc::clone(&group.reported));
            Job { group: id, component, reported, views: self.views }
        })
    }

    /// A plan was made. Answers whose it is, where it is another than before.
    pub fn made(&mut self, job: &Job, plan: Prepared, now: (Mono, Wall)) -> Option<&Group> {
        let group = self.all.get_mut(&job.group).filter(|_| job.views == self.views)?;
        let reason = group.anew.take()?;
        self.left_out = self.left_out.saturating_add(u64::try_from(plan.left_out).unwrap_or(u64::MAX));
        group.ends = plan.next.iter().copied().find(|at| *at > now.1);
        let before = group.plan.replace(Arc::new(plan)).map(|plan| plan.hash);
        let changed = before != group.plan.as_ref().map(|plan| plan.hash);
        self.moved |= changed;
        if changed {
            group.changed = (reason == Reason::Views).then_some(self.views_changed);
            let grace = Duration::from_millis(SYNC_EXPIRY_GRACE_MS);
            group.ended = before.filter(|_| reason == Reason::Ended).map(|hash| (hash, after(now.0, grace)));
        }
        changed.then_some(group)
    }

    /// What the components declare.
    #[must_use]
    pub fn reported(&self) -> Arc<Catalogues> {
        Arc::clone(&self.reported)
    }

    /// Whether that is news since the last time it was asked.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// Plans that are not of a group moved.
    pub fn note_moved(&mut self) {
        self.moved = true;
    }

    /// Whether the plans of now are others than the last time it was asked.
    pub fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// What one of them declares.
    #[must_use]
    pub fn declared(&self, component: &ComponentKey) -> Option<&Arc<Catalogue>> {
        self.reported.get(component)
    }

    /// Joins what the groups of one component declare: those with more agents speak first.
    fn declare(&mut self, component: &ComponentKey) {
        let ids = self.of.get(component).into_iter().flatten();
        let mut groups: Vec<&Group> = ids.filter_map(|id| self.all.get(id)).filter(|group| group.is_catalogued()).collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.declares.digest));
        let (mut catalogues, mut digests): (Vec<&Arc<Catalogue>>, Vec<[u8; 32]>) = Default::default();
        for (group, catalogue) in groups.iter().filter_map(|group| Some((group, group.reported.catalogue.as_ref()?))) {
            // Two versions of a program, or of its library, mostly declare the same.
            if catalogues.iter().all(|known| known.instruments != catalogue.instruments) {
                catalogues.push(catalogue);
                digests.push(group.declares.digest);
            }
        }
        let joined = match catalogues.as_slice() {
            [] => None,
            [one] => Some(Arc::clone(one)),
            [first, others @ ..] => {
                let known = self.unions.get(&digests).and_then(Weak::upgrade);
                let instruments = known.unwrap_or_else(|| union(first, others));
                if self.unions.len().is_power_of_two() {
                    self.unions.retain(|_, known| known.strong_count() > 0);
                }
                self.unions.insert(digests, Arc::downgrade(&instruments));
                Some(Arc::new(Catalogue { instruments, ..Catalogue::clone(first) }))
            }
        };
        if self.reported.get(component) == joined.as_ref() {
            return;
        }
        self.news = true;
        let reported = Arc::make_mut(&mut self.reported);
        match joined {
            Some(catalogue) => reported.insert(component.clone(), catalogue),
            None => reported.remove(component),
        };
    }
}

/// Instruments of several catalogues, each name of a scope once.
fn union(first: &Catalogue, others: &[&Arc<Catalogue>]) -> Arc<[Declared]> {
    let mut union = first.instruments.to_vec();
    let mut seen: HashSet<_> = union.iter().map(|one| (one.scope.clone(), one.name.clone())).collect();
    for declared in others.iter().flat_map(|catalogue| catalogue.instruments.iter()) {
        if union.len() < CATALOGUE_INSTRUMENTS_MAX && seen.insert((declared.scope.clone(), declared.name.clone())) {
            union.push(declared.clone());
        }
    }
    union.into()
}

/// A moment so much later.
#[must_use]
pub fn after(moment: Mono, later: Duration) -> Mono {
    Mono(moment.0.saturating_add(u64::try_from(later.as_nanos()).unwrap_or(u64::MAX)))
}
