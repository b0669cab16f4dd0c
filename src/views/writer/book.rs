//! What was written, and what should be written next. Pure: a scheduler over what is desired and what is known to stand there.
//! Knows no client; views are kept here, components and catalogues in `owned`.

use super::{
    Desired, DesiredView,
    calls::{Answer, Found},
    files::Files,
    owned::Owned,
};
use crate::{kubernetes::failure::Failure, views::planfiles::Outcome};
use pointsman_core::{
    limits,
    model::clock::Mono,
    view::{
        spec::{CLUSTER_VIEW, ObjectId},
        status::{self, ViewStatus},
    },
};
use std::{collections::HashMap, time::Duration};

/// What is known of every object that is written.
#[derive(Debug, Default)]
pub(super) struct Book {
    views: HashMap<ObjectId, ViewNote>,
    pub(super) owned: Owned,
    files: Files,
    look: Backoff,
    decisions_in_a_row: u32,
    round: u64,
}

/// One write, by its place in what is desired, or by the name of what is not desired any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Write {
    View { index: usize, kind: &'static str, decision: bool },
    Component { index: usize },
    ComponentStatus { index: usize },
    Silence(Key),
    RemoveComponent(Key),
    Catalogue { index: usize },
    CatalogueStatus { index: usize },
    RemoveCatalogue(Key),
    PlanFile { index: usize },
}

/// Namespace and name.
pub(super) type Key = (Box<str>, Box<str>);

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Write(Write),
    Wait(Duration),
}

/// A write that could be made now.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) write: Write,
    /// A decision goes before everything else; the rest by when it is due.
    pub(super) decision: bool,
    pub(super) due: Mono,
}

/// What was sent and what the server made of it: a field that the server does not keep is no reason to write again.
#[derive(Clone, Debug)]
pub(super) struct Mirror<T> {
    sent: Option<T>,
    shown: Option<T>,
}

/// When an object that failed may be tried again.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Mono,
}

#[derive(Debug, Default)]
struct ViewNote {
    uid: Box<str>,
    status: Mirror<ViewStatus>,
    /// When it was written, what the watch had told by then, and whether it has told of the write since.
    written: Option<Mono>,
    seen_then: Option<ViewStatus>,
    heard: bool,
    differs: Option<Mono>,
    backoff: Backoff,
    round: u64,
}

impl Book {
    /// Forgets what stands in the cluster: another process may have written.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether the last look that failed is long enough ago.
    pub(super) fn may_look(&self, now: Mono) -> bool {
        self.look.is_over(now)
    }

    pub(super) fn found(&mut self, found: Found) {
        self.look = Backoff::default();
        self.files.doubt();
        self.owned.found(found);
    }

    pub(super) fn look_failed(&mut self, failure: &Failure, now: Mono) {
        self.look.failed(failure, now);
    }

    /// What to write now, and how much there is to write in all.
    pub(super) fn next(&mut self, desired: &Desired, now: Mono) -> (Next, usize) {
        let (mut candidates, mut waiting) = (Vec::new(), 0);
        self.round += 1;
        for (index, view) in desired.views.iter().enumerate() {
            self.view((index, view), now, &mut candidates, &mut waiting);
        }
        let round = self.round;
        self.views.retain(|_, note| note.round == round);
        waiting += self.owned.candidates(desired, now, &mut candidates);
        waiting += self.files.candidates(desired, now, &mut candidates);
        // Each kind has its own turn: many decisions must not keep the rest away for ever.
        let decision = candidates.iter().filter(|c| c.decision).min_by_key(|c| c.due);
        let other = candidates.iter().filter(|c| !c.decision).min_by_key(|c| c.due);
        let enough = self.decisions_in_a_row >= limits::DECISIONS_IN_A_ROW_MAX;
        let chosen = if enough { other.or(decision) } else { decision.or(other) };
        let Some(chosen) = chosen else { return (Next::Wait(Duration::MAX), waiting) };
        self.decisions_in_a_row = if chosen.decision { self.decisions_in_a_row + 1 } else { 0 };
        (Next::Write(chosen.write.clone()), waiting)
    }

    fn view(&mut self, (index, view): (usize, &DesiredView), now: Mono, candidates: &mut Vec<Candidate>, waiting: &mut usize) {
        let note = self.views.entry(view.id.clone()).or_default();
        if note.uid != view.uid {
            *note = ViewNote { uid: view.uid.clone(), ..ViewNote::default() };
        }
        note.round = self.round;
        note.heard |= note.written.is_some() && view.seen == note.status.shown;
        let rank = rank(note.before(view, now), &view.status);
        let rank = if note.repeats(view) { rank.map(|_| Rank::Detail) } else { rank };
        let Some(rank) = rank else {
            note.differs = None;
            return;
        };
        *waiting += 1;
        let since = *note.differs.get_or_insert(now);
        if note.backoff.is_over(now) {
            let decision = rank == Rank::Decision;
            let due = later(since, rank.patience());
            candidates.push(Candidate { write: Write::View { index, kind: view.id.kind, decision }, decision, due });
        }
    }

    /// What a view showed before a write.
    pub(super) fn before(&self, view: &DesiredView, now: Mono) -> Option<ViewStatus> {
        self.views.get(&view.id).map_or(view.seen.as_ref(), |note| note.before(view, now)).cloned()
    }

    /// Remembers what became of a write. Of a plan's ConfigMap, says it.
    pub(super) fn note(
        &mut self,
        desired: &Desired,
        write: &Write,
        result: Result<Answer, Failure>,
        now: Mono,
    ) -> Option<Outcome> {
        match write {
            Write::View { index, .. } => self.note_view(desired.views.get(*index)?, result, now),
            Write::PlanFile { index } => return self.files.note(desired, *index, result, now),
            _ => self.owned.note(desired, write, result, now),
        }
        None
    }

    fn note_view(&mut self, view: &DesiredView, result: Result<Answer, Failure>, now: Mono) {
        let Some(note) = self.views.get_mut(&view.id) else { return };
        match result {
            Ok(answer) => {
                note.status.sent(view.status.clone(), answer.status());
                (note.seen_then, note.heard) = (view.seen.clone(), false);
                (note.written, note.differs, note.backoff) = (Some(now), None, Backoff::default());
            }
            Err(failure) => note.backoff.failed(&failure, now),
        }
    }
}

impl ViewNote {
    /// What the object shows as far as we know: what we wrote, until the watch tells of something else, and that for longer
    /// than it takes to tell of everything that came before. A watch that tells nothing at all is believed in the end: what was
    /// written may have been undone before it told.
    fn before<'a>(&'a self, view: &'a DesiredView, now: Mono) -> Option<&'a ViewStatus> {
        let within = |millis| self.written.is_some_and(|at| now.since(at) < Duration::from_millis(millis));
        let unheard = self.is_unheard(view) && within(limits::STATUS_UNHEARD_MS_MAX);
        match &self.status.sent {
            Some(sent) if within(limits::STATUS_SETTLE_MS) || view.seen == self.status.shown || unheard => Some(sent),
            _ => view.seen.as_ref(),
        }
    }

    /// Whether the watch has told nothing since the write.
    fn is_unheard(&self, view: &DesiredView) -> bool {
        !self.heard && view.seen == self.seen_then
    }

    /// Whether it would be written a second time because the watch is silent: no new decision, and nothing to tell.
    fn repeats(&self, view: &DesiredView) -> bool {
        self.is_unheard(view) && self.status.sent.as_ref() == Some(&view.status)
    }
}

impl Write {
    /// The right it needs, as a closed set of words.
    pub(super) fn right(&self) -> &'static str {
        match self {
            Self::View { kind, .. } if *kind == CLUSTER_VIEW => "patch clustertelemetryviews/status",
            Self::View { .. } => "patch telemetryviews/status",
            Self::Component { .. } => "patch telemetrycomponents",
            Self::ComponentStatus { .. } | Self::Silence(_) => "patch telemetrycomponents/status",
            Self::RemoveComponent(_) => "delete telemetrycomponents",
            Self::Catalogue { .. } => "patch instrumentcatalogs",
            Self::CatalogueStatus { .. } => "patch instrumentcatalogs/status",
            Self::RemoveCatalogue(_) => "delete instrumentcatalogs",
            Self::PlanFile { .. } => "patch configmaps",
        }
    }
}

impl<T> Default for Mirror<T> {
    fn default() -> Self {
        Self { sent: None, shown: None }
    }
}

impl<T: PartialEq> Mirror<T> {
    /// What was meant to stand there, or what does.
    pub(super) fn get(&self) -> Option<&T> {
        self.sent.as_ref().or(self.shown.as_ref())
    }

    pub(super) fn sent(&mut self, sent: T, shown: Option<T>) {
        (self.sent, self.shown) = (Some(sent), shown);
    }

    /// What was found there: where it is what the server made of our own, that still counts.
    pub(super) fn found(&mut self, found: Option<T>) {
        if self.shown != found {
            (self.sent, self.shown) = (None, found);
        }
    }
}

impl Backoff {
    pub(super) fn is_over(&self, now: Mono) -> bool {
        self.until <= now
    }

    pub(super) fn failed(&mut self, failure: &Failure, now: Mono) {
        let max = Duration::from_millis(limits::CLUSTER_BACKOFF_MS_MAX);
        let step = Duration::from_millis(limits::CLUSTER_BACKOFF_MS_MIN).saturating_mul(1 << self.failures.min(16));
        let wait = match failure {
            Failure::Busy(Some(asked)) => *asked,
            // Neither rights nor kinds come back by asking often.
            Failure::Gone | Failure::Forbidden(_) | Failure::Refused(_) => step.saturating_mul(8),
            Failure::Conflict | Failure::Busy(None) | Failure::Away(_) => step,
        };
        self.failures = self.failures.saturating_add(1);
        self.until = later(now, wait.min(max));
    }
}

/// A moment by so much later.
pub(super) fn later(at: Mono, wait: Duration) -> Mono {
    Mono(at.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
}

/// How much a difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// A decision: conditions, rules, faults.
    Decision,
    /// How many obey it, and words.
    Detail,
    /// What it saves, by more than a tenth.
    Impact,
}

impl Rank {
    /// How long something of lesser rank that came earlier goes first.
    const fn patience(self) -> Duration {
        match self {
            Self::Decision => Duration::ZERO,
            Self::Detail => Duration::from_secs(10),
            Self::Impact => Duration::from_secs(30),
        }
    }
}

/// Whether there is anything to say, and how urgent it is.
fn rank(before: Option<&ViewStatus>, after: &ViewStatus) -> Option<Rank> {
    let Some(before) = before else { return Some(Rank::Decision) };
    if before == after {
        return None;
    }
    if status::decision_changed(before, after) {
        return Some(Rank::Decision);
    }
    if !status::same_but_impact(before, after) {
        return Some(Rank::Detail);
    }
    status::impact_moved(before, after).then_some(Rank::Impact)
}

/// Whether a number moved by more than a tenth of the greater one.
pub(super) fn moved(before: u64, after: u64) -> bool {
    before.abs_diff(after) > before.max(after) / 10
}
