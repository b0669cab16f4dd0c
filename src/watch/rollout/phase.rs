//! The phases of one node's update, from the conditions of its MachineConfigNode to spans: one a leaf and attempt, one a parent
//! over all attempts. The time of a condition is not the time of its transition, so what is seen counts, and the times that
//! conditions tell are bounds. Knows no node and no pool.

use super::{
    Sight,
    evidence::{End, Evidence, Start},
    gates::Name,
    spans::{OpenSpan, Outlet, What},
};
use crate::{
    api::{Condition, Stamp, Status, Text},
    classify,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::attribute::{
    McoDegradedClass, McoDrainTier, McoEndSource, McoPhase, McoResult, McoStartSource,
};

/// In the order in which an update goes through them.
pub(super) const ORDER: [McoPhase; 13] = [
    McoPhase::UpdatePrepared,
    McoPhase::UpdateExecuted,
    McoPhase::Cordoned,
    McoPhase::Drained,
    McoPhase::AppliedFilesAndOs,
    McoPhase::AppliedFiles,
    McoPhase::ImagePulledFromRegistry,
    McoPhase::AppliedOsImage,
    McoPhase::RebootedNode,
    McoPhase::UpdatePostActionComplete,
    McoPhase::Resumed,
    McoPhase::UpdateComplete,
    McoPhase::Uncordoned,
];

/// Whether a phase holds others.
#[must_use]
pub(super) const fn is_parent(phase: McoPhase) -> bool {
    matches!(phase, McoPhase::UpdateExecuted | McoPhase::UpdateComplete)
}

/// The phase that holds this one; `None`: the update itself does.
#[must_use]
pub(super) const fn parent_of(phase: McoPhase) -> Option<McoPhase> {
    match phase {
        McoPhase::Cordoned
        | McoPhase::Drained
        | McoPhase::AppliedFilesAndOs
        | McoPhase::AppliedFiles
        | McoPhase::AppliedOsImage
        | McoPhase::ImagePulledFromRegistry => Some(McoPhase::UpdateExecuted),
        McoPhase::Uncordoned => Some(McoPhase::UpdateComplete),
        _ => None,
    }
}

/// A phase whose span ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) phase: McoPhase,
    pub(super) attempt: u32,
    pub(super) errors: u32,
    pub(super) span: OpenSpan,
    pub(super) end: End,
    pub(super) result: McoResult,
    /// It ended without success while an error was showing, or as a new attempt began.
    pub(super) error: Option<McoDegradedClass>,
}

/// What a look at the conditions brought.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Spans that ended.
    pub(super) ended: Vec<Ended>,
    /// Phases that showed a new error.
    pub(super) errors: Vec<McoPhase>,
    /// How often the drain was tried again.
    pub(super) drain_retries: u64,
}

/// How far one phase is: one that is not told of has not begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Ahead,
    Running,
    Over,
}

/// Where one phase stands.
#[derive(Debug, Default)]
struct State {
    stage: Stage,
    message: Text,
    written: Stamp,
    attempts: u32,
    errors: u32,
    /// The error that is showing.
    error: Option<McoDegradedClass>,
    span: Option<OpenSpan>,
    /// When it last came to its end.
    ended: Option<End>,
}

/// All phases of one update.
#[derive(Debug)]
pub(super) struct Phases {
    states: [State; ORDER.len()],
    /// The daemon said that nothing was to be done in the stead of a restart.
    is_nothing_after: bool,
    /// The node was degraded when it was last looked at.
    was_degraded: bool,
}

/// One look at the conditions of a node in mid-update.
pub(super) struct Look<'c, 'o> {
    pub(super) sight: Sight,
    pub(super) evidence: Evidence<'c>,
    /// When the update began.
    pub(super) begun: Timestamp,
    pub(super) outlet: &'o mut Outlet,
}

/// What a whole write says, beside the phases.
#[derive(Clone, Copy)]
struct Write {
    /// Several steps came at once, so that each end is what its condition tells.
    is_coalesced: bool,
    /// The update is over and all phases are set back: the times of this write say nothing.
    is_reset: bool,
    is_degraded: bool,
    /// It was not before: a node stays degraded while it tries again, and that says nothing of what it does then.
    is_newly_degraded: bool,
}

impl Phases {
    /// As they stand when an update begins: what an earlier one left is not of this one. Where none was before it, the conditions
    /// may be ahead of the node: then what was written since the first phase is.
    pub(super) fn begin(conditions: &[Condition], is_fresh: bool) -> Self {
        let prepared = Condition::find(conditions, McoPhase::UpdatePrepared.as_str());
        let prepared = prepared.filter(|c| is_fresh && c.status != Status::False).and_then(|c| c.since.at());
        let states = ORDER.map(|phase| {
            let Some(condition) = Condition::find(conditions, phase.as_str()) else { return State::default() };
            if prepared.zip(condition.since.at()).is_some_and(|(prepared, at)| at >= prepared) {
                return State::default();
            }
            let stage = stage_of(condition, Stage::Ahead);
            State { stage, message: condition.message.clone(), written: condition.since, ..State::default() }
        });
        Self { states, is_nothing_after: false, was_degraded: Condition::holds(conditions, "NodeDegraded") }
    }

    /// As they stand in an update that was under way when it was first seen; and those that were over then, each with what its
    /// condition tells. They may have been sent by whoever watched before.
    pub(super) fn resume(look: Look<'_, '_>) -> (Self, Vec<(McoPhase, Timestamp)>) {
        let Look { sight, evidence, begun, outlet } = look;
        let is_degraded = Condition::holds(evidence.conditions, "NodeDegraded");
        let mut unobserved = Vec::new();
        let states = ORDER.map(|phase| {
            let Some(condition) = Condition::find(evidence.conditions, phase.as_str()) else { return State::default() };
            let stage = stage_of(condition, Stage::Ahead);
            // The clock of who wrote it may be ahead of ours.
            let told = condition.since.at().map(|at| at.min(sight.now)).filter(|at| stage == Stage::Over && *at >= begun);
            unobserved.extend(told.filter(|_| !is_parent(phase)).map(|at| (phase, at)));
            let is_open = stage == Stage::Running || is_parent(phase) && told.is_some();
            let span = is_open.then(|| {
                let mut span = outlet.open(Name::Phase(phase), evidence.phase(phase, sight.now));
                if stage == Stage::Running {
                    span.event(sight.now, What::Gap);
                }
                span
            });
            let error = (stage == Stage::Running && (is_degraded || classify::is_error(&condition.message)))
                .then(|| classify::degraded(&condition.message));
            State {
                stage,
                message: condition.message.clone(),
                written: condition.since,
                attempts: u32::from(is_open),
                errors: u32::from(error.is_some()),
                error,
                span,
                ended: told.map(|at| End { at, source: McoEndSource::ConditionTime }),
            }
        });
        let is_nothing_after = nothing_after(evidence.conditions);
        (Self { states, is_nothing_after, was_degraded: is_degraded }, unobserved)
    }

    /// Compares what the conditions say with where the phases stood, and moves them there.
    pub(super) fn step(&mut self, mut look: Look<'_, '_>) -> Told {
        let conditions = look.evidence.conditions;
        let found = ORDER.map(|phase| Condition::find(conditions, phase.as_str()));
        let (mut moved, mut over) = (0_u32, 0_u32);
        for ((condition, state), _) in found.iter().zip(&self.states).zip(ORDER).filter(|(_, phase)| !is_parent(*phase)) {
            let stage = condition.map_or(state.stage, |condition| stage_of(condition, state.stage));
            moved += u32::from(stage != state.stage);
            over += u32::from(stage != state.stage && stage == Stage::Over);
        }
        let is_degraded = Condition::holds(conditions, "NodeDegraded");
        let was_degraded = std::mem::replace(&mut self.was_degraded, is_degraded);
        let write = Write {
            is_coalesced: look.sight.is_late || moved >= 2 && over >= 1,
            is_reset: Condition::holds(conditions, "Updated"),
            is_degraded,
            is_newly_degraded: is_degraded && !was_degraded,
        };
        self.is_nothing_after |= nothing_after(conditions);
        let mut told = Told::default();
        for (i, _) in found.iter().enumerate().filter(|(i, condition)| condition.is_none() && !is_parent(ORDER[*i])) {
            self.vanish(i, look.sight, &mut told);
        }
        let each = || found.iter().enumerate().filter_map(|(i, condition)| condition.map(|condition| (i, condition)));
        // A parent stands before its children are looked at, and is judged after them.
        each().filter(|(i, _)| is_parent(ORDER[*i])).for_each(|(i, condition)| self.open_parent(i, condition, &mut look));
        for (i, condition) in each().filter(|(i, _)| !is_parent(ORDER[*i])) {
            self.leaf(i, (condition, write), &mut look, &mut told);
        }
        for (i, condition) in each().filter(|(i, _)| is_parent(ORDER[*i])) {
            self.parent(i, (condition, write), look.sight, &mut told);
        }
        told
    }

    fn open_parent(&mut self, i: usize, condition: &Condition, look: &mut Look<'_, '_>) {
        let state = &self.states[i];
        let stage = stage_of(condition, state.stage);
        let is_begun =
            (state.stage == Stage::Ahead && stage != Stage::Ahead) || (state.stage, stage) == (Stage::Over, Stage::Running);
        if state.span.is_none() && is_begun {
            let start = if stage == Stage::Over { self.after_previous(i, look) } else { running(ORDER[i], look) };
            self.open(i, start, look.outlet);
        }
    }

    fn leaf(&mut self, i: usize, (condition, write): (&Condition, Write), look: &mut Look<'_, '_>, told: &mut Told) {
        let was = self.states[i].stage;
        let stage = stage_of(condition, was);
        let is_rewritten = self.states[i].message != condition.message;
        let was_open = self.states[i].span.is_some();
        let start = match (was, stage) {
            (Stage::Ahead | Stage::Over, Stage::Running) => Some(running(ORDER[i], look)),
            // Given up when an earlier phase began anew, and now it is written of again.
            (Stage::Running, Stage::Running) if !was_open && is_rewritten => Some(running(ORDER[i], look)),
            (Stage::Ahead | Stage::Running, Stage::Over) if !was_open => Some(self.after_previous(i, look)),
            _ => None,
        };
        if (was, stage) == (Stage::Over, Stage::Running) {
            self.give_up_after(i, look.sight, told);
        }
        if let Some(start) = start {
            self.open_leaf(i, start, look.outlet);
        }
        let is_failing = was == Stage::Running && stage == Stage::Ahead && !write.is_reset;
        if stage == Stage::Running || is_failing {
            self.note(i, (condition, write), look.sight, told);
        }
        let state = &mut self.states[i];
        if ORDER[i] == McoPhase::Drained && (was, stage) == (Stage::Running, Stage::Running) {
            told.drain_retries += u64::from(is_rewritten || state.written != condition.since);
        }
        (state.stage, state.message, state.written) = (stage, condition.message.clone(), condition.since);
        let result = match stage {
            Stage::Over => McoResult::Completed,
            Stage::Ahead if write.is_reset => McoResult::Completed,
            Stage::Ahead => McoResult::Failed,
            Stage::Running => return,
        };
        let told_end = condition.since.at().filter(|_| write.is_coalesced && stage == Stage::Over);
        let end = end(look.sight, told_end);
        self.close(i, result, end, told);
    }

    /// The object has no such phase any more, as another way to apply came into use: one that was under way has not come to its end.
    fn vanish(&mut self, i: usize, sight: Sight, told: &mut Told) {
        self.close(i, McoResult::Aborted, end(sight, None), told);
        let state = &mut self.states[i];
        (state.stage, state.error) = (Stage::Ahead, None);
    }

    fn parent(&mut self, i: usize, (condition, write): (&Condition, Write), sight: Sight, told: &mut Told) {
        let was = self.states[i].stage;
        let stage = stage_of(condition, was);
        let of_children = told.errors.iter().filter(|phase| parent_of(**phase) == Some(ORDER[i])).count();
        let is_child_failing =
            self.states.iter().zip(ORDER).any(|(state, phase)| {
                parent_of(phase) == Some(ORDER[i]) && state.stage == Stage::Running && state.error.is_some()
            });
        let state = &mut self.states[i];
        state.errors = state.errors.saturating_add(u32::try_from(of_children).unwrap_or(u32::MAX));
        if stage == Stage::Running && !is_child_failing {
            self.note(i, (condition, write), sight, told);
        }
        let state = &mut self.states[i];
        if stage == Stage::Over && was != Stage::Over {
            state.ended = Some(end(sight, condition.since.at().filter(|_| write.is_coalesced)));
        }
        if stage == Stage::Ahead && write.is_reset && was == Stage::Running {
            state.ended = Some(end(sight, None));
        }
        (state.stage, state.message, state.written) = (stage, condition.message.clone(), condition.since);
    }

    /// The text beside a phase that is under way, or fails: an event when it changed, an error when it tells of a new one.
    fn note(&mut self, i: usize, (condition, write): (&Condition, Write), sight: Sight, told: &mut Told) {
        let state = &mut self.states[i];
        let Some(span) = &mut state.span else { return };
        let is_rewritten = state.message != condition.message;
        let is_running = stage_of(condition, state.stage) == Stage::Running;
        let is_shown = write.is_newly_degraded || write.is_degraded && !is_rewritten && state.error.is_some();
        let is_error = is_running && is_shown || classify::is_error(&condition.message);
        let class = is_error.then(|| classify::degraded(&condition.message));
        let is_new = is_error && (is_rewritten || state.error.is_none());
        if is_new || is_rewritten && state.stage == Stage::Running && !condition.message.is_empty() {
            span.event(sight.now, What::Message(condition.message.clone(), class));
        }
        if is_new {
            state.errors = state.errors.saturating_add(1);
            told.errors.push(ORDER[i]);
        }
        if is_running || is_error {
            state.error = class;
        }
    }

    /// A phase began anew: what comes after it and is under way has to wait for that.
    fn give_up_after(&mut self, i: usize, sight: Sight, told: &mut Told) {
        for (later, _) in ORDER.into_iter().enumerate().skip(i + 1).filter(|(_, phase)| !is_parent(*phase)) {
            if self.states[later].span.is_some() {
                self.states[later].error.get_or_insert(McoDegradedClass::Other);
                self.close(later, McoResult::Failed, end(sight, None), told);
            }
        }
    }

    fn open_leaf(&mut self, i: usize, start: Start, outlet: &mut Outlet) {
        if let Some(parent) = parent_of(ORDER[i]).and_then(|parent| ORDER.iter().position(|phase| *phase == parent)) {
            match &mut self.states[parent].span {
                // What holds another began no later.
                Some(span) if start.at < span.start.at => span.start = start,
                Some(_) => {}
                None => self.open(parent, start, outlet),
            }
        }
        self.open(i, start, outlet);
    }

    fn open(&mut self, i: usize, start: Start, outlet: &mut Outlet) {
        let state = &mut self.states[i];
        (state.errors, state.error) = (0, None);
        state.attempts = state.attempts.saturating_add(1);
        state.span = Some(outlet.open(Name::Phase(ORDER[i]), start));
    }

    fn close(&mut self, i: usize, result: McoResult, end: End, told: &mut Told) {
        let state = &mut self.states[i];
        let Some(mut span) = state.span.take() else { return };
        if span.start.source == McoStartSource::PreviousPhase {
            span.start.at = span.start.at.min(end.at);
        }
        let end = End { at: end.at.max(span.start.at), ..end };
        let is_good = result == McoResult::Completed;
        if is_good {
            state.ended = Some(end);
        }
        let error = state.error.take().filter(|_| !is_good);
        let (attempt, errors) = (state.attempts, state.errors);
        told.ended.push(Ended { phase: ORDER[i], attempt, errors, span, end, result, error });
    }

    /// The end of the phase before this one, else the start of what holds it.
    fn after_previous(&self, i: usize, look: &Look<'_, '_>) -> Start {
        let ends = self.states.iter().zip(ORDER).take(i).filter(|(_, phase)| !is_parent(*phase));
        let previous = ends.filter_map(|(state, _)| state.ended).map(|end| end.at).max();
        let parent = parent_of(ORDER[i]).and_then(|parent| ORDER.iter().position(|phase| *phase == parent));
        let holder = parent.and_then(|parent| self.states[parent].span.as_ref()).map_or(look.begun, |span| span.start.at);
        Start { at: previous.unwrap_or(holder).min(look.sight.now), source: McoStartSource::PreviousPhase }
    }

    /// The update is over: whatever is still open ends with it.
    pub(super) fn end(&mut self, result: McoResult, end: End) -> Vec<Ended> {
        let mut told = Told::default();
        for (i, phase) in ORDER.into_iter().enumerate() {
            let is_failing = self.is_failing(i);
            let state = &self.states[i];
            let (result, end) = match state.ended.filter(|_| is_parent(phase)) {
                Some(done) if state.stage == Stage::Over || result == McoResult::Completed => (McoResult::Completed, done),
                _ if result != McoResult::Completed && is_failing => (McoResult::Failed, end),
                _ => (result, end),
            };
            self.close(i, result, end, &mut told);
        }
        told.ended
    }

    /// Whether an error is showing: of a phase that is under way, or of one that it holds.
    fn is_failing(&mut self, i: usize) -> bool {
        let shown = self.states.iter().zip(ORDER).find_map(|(state, phase)| {
            let is_of = phase == ORDER[i] || parent_of(phase) == Some(ORDER[i]);
            state.error.filter(|_| is_of && state.stage == Stage::Running)
        });
        self.states[i].error = shown;
        shown.is_some()
    }

    /// Nobody watched for a while.
    pub(super) fn gap(&mut self, now: Timestamp) {
        self.states.iter_mut().filter_map(|state| state.span.as_mut()).for_each(|span| span.event(now, What::Gap));
    }

    /// The drain passed a limit.
    pub(super) fn drain_tier(&mut self, at: Timestamp, tier: McoDrainTier) {
        let drained = self.states.iter_mut().zip(ORDER).find(|(_, phase)| *phase == McoPhase::Drained);
        if let Some(span) = drained.and_then(|(state, _)| state.span.as_mut()) {
            span.event(at, What::Tier(tier));
        }
    }

    /// Those that are under way, and since when.
    pub(super) fn running(&self) -> impl Iterator<Item = (McoPhase, Timestamp)> {
        let running = self.states.iter().zip(ORDER).filter(|(state, _)| state.stage == Stage::Running);
        running.filter_map(|(state, phase)| state.span.as_ref().map(|span| (phase, span.start.at)))
    }

    /// Whether a phase began in this update.
    pub(super) fn has_begun(&self, of: McoPhase) -> bool {
        self.states.iter().zip(ORDER).any(|(state, phase)| phase == of && (state.attempts > 0 || state.ended.is_some()))
    }

    /// Whether nothing was to be done in the stead of a restart.
    pub(super) const fn is_nothing_after(&self) -> bool {
        self.is_nothing_after
    }
}

/// When a phase began that is under way: when it is seen to be, unless that is late.
fn running(phase: McoPhase, look: &Look<'_, '_>) -> Start {
    let now = look.sight.now;
    if look.sight.is_late { look.evidence.phase(phase, now) } else { Start::observed(now) }
}

/// Now, or when a condition tells so.
fn end(sight: Sight, told: Option<Timestamp>) -> End {
    match told {
        Some(at) => End { at: at.min(sight.now), source: McoEndSource::ConditionTime },
        None => End { at: sight.now, source: McoEndSource::Observed },
    }
}

/// Whether the action in the stead of a restart is over, and was none.
fn nothing_after(conditions: &[Condition]) -> bool {
    let action = Condition::find(conditions, McoPhase::UpdatePostActionComplete.as_str());
    action.is_some_and(|action| action.status == Status::True && action.reason.ends_with("None"))
}

/// A status that is none of the three leaves a phase where it was.
fn stage_of(condition: &Condition, was: Stage) -> Stage {
    match condition.status {
        _ if condition.is_odd => was,
        Status::False => Stage::Ahead,
        Status::Unknown => Stage::Running,
        Status::True => Stage::Over,
    }
}
