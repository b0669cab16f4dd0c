//! A span while it is open: its start, and what happened meanwhile, within caps. And where spans go when they end: to the
//! telemetry of a replica that leads, else nowhere. Knows no object.

use super::{
    evidence::Start,
    gates::{Name, Stand},
    meters::Meters,
};
use crate::{
    api::Text,
    limits::{OPEN_SPANS_MAX, OPEN_TEXT_BYTES_MAX, SPAN_EVENTS_MAX},
    watch::system_time,
};
use jiff::Timestamp;
use pointsman_instrument::{
    Telemetry,
    semconv::{
        attribute::{
            McoConditionStatus, McoConditionType, McoDegradedClass, McoDrainTier, McoEventReason, McoEventType, McoPhase,
        },
        mco,
    },
    span::{Finished, Place, Span, SpanId},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// What happens while a span is open. Free text stands here and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What the daemon says of its node changed.
    Reason(Text, Option<McoDegradedClass>),
    /// The text beside a phase changed.
    Message(Text, Option<McoDegradedClass>),
    /// A condition of the pool flipped.
    Condition(McoConditionType, McoConditionStatus, Text),
    /// The pool was paused.
    Paused,
    /// The pool goes on.
    Resumed,
    /// Another target came.
    Superseded(Box<str>),
    /// The drain passed a limit.
    Tier(McoDrainTier),
    /// A warning about the node.
    Kubernetes(McoEventReason, Text),
    /// A phase was over when the node was first seen.
    Unobserved(McoPhase),
    /// Nobody watched until now.
    Gap,
}

impl What {
    /// The free text that stands in it.
    const fn text(&self) -> Option<&Text> {
        match self {
            Self::Reason(text, _) | Self::Message(text, _) | Self::Condition(_, _, text) | Self::Kubernetes(_, text) => {
                Some(text)
            }
            _ => None,
        }
    }

    fn onto(self, span: Finished, at: Timestamp) -> Finished {
        let at = system_time(at);
        let text = |text: Text| text.as_str().to_owned().into();
        match self {
            Self::Reason(message, degraded_class) => {
                span.with_event(mco::NodeReason { message: text(message), degraded_class }, at)
            }
            Self::Message(message, degraded_class) => {
                span.with_event(mco::PhaseMessage { message: text(message), degraded_class }, at)
            }
            Self::Condition(condition_type, condition_status, message) => {
                span.with_event(mco::PoolCondition { condition_type, condition_status, message: text(message) }, at)
            }
            Self::Paused => span.with_event(mco::RolloutPaused, at),
            Self::Resumed => span.with_event(mco::RolloutResumed, at),
            Self::Superseded(target) => {
                span.with_event(mco::RolloutSuperseded { rollout_target: String::from(target).into() }, at)
            }
            Self::Tier(drain_tier) => span.with_event(mco::DrainTier { drain_tier }, at),
            Self::Kubernetes(event_reason, message) => {
                let event_type = McoEventType::Warning;
                span.with_event(mco::KubernetesEvent { event_reason, event_type, message: text(message) }, at)
            }
            Self::Unobserved(phase) => span.with_event(mco::PhaseUnobserved { phase }, at),
            Self::Gap => span.with_event(mco::WatchGap, at),
        }
    }
}

/// How much free text all open spans may hold together.
#[derive(Debug, Default)]
struct Budget {
    bytes: AtomicUsize,
    refused: AtomicU64,
}

/// What one open span takes of the budget; given back when the span goes, whichever way.
#[derive(Debug)]
struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// Takes so much more, where it is there.
    fn take(&mut self, bytes: usize) -> bool {
        let all = self.budget.bytes.load(Ordering::Relaxed).saturating_add(bytes);
        if all > OPEN_TEXT_BYTES_MAX {
            self.budget.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        // Spans are opened and written by one role, under its lock.
        self.budget.bytes.store(all, Ordering::Relaxed);
        self.bytes += bytes;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A span while it is open.
#[derive(Debug)]
pub(super) struct OpenSpan {
    /// When it began.
    pub(super) start: Start,
    events: Vec<(Timestamp, What)>,
    dropped: u32,
    links: Vec<Place>,
    share: Share,
    fate: Fate,
}

/// What will become of a span that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It keeps what happens, and will be sent.
    Kept,
    /// It was off when it began: it takes no room and keeps nothing but how much happened. It is sent if it is on when it ends.
    Quiet,
    /// One of too many: it is never sent.
    Refused,
}

impl OpenSpan {
    /// Something happened. Beyond the caps, of equal texts, and where the span was off, only the number is kept.
    pub(super) fn event(&mut self, at: Timestamp, what: What) {
        let is_known = what.text().is_some() && self.events.iter().any(|(_, known)| *known == what);
        let has_room = !is_known && self.events.len() < SPAN_EVENTS_MAX;
        if self.fate == Fate::Refused {
            return;
        }
        if has_room && self.fate == Fate::Kept && what.text().is_none_or(|text| self.share.take(text.len())) {
            self.events.push((at, what));
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// It has to do with another span.
    pub(super) fn link(&mut self, other: Place) {
        self.links.push(other);
    }
}

/// Where spans go when they end, and how many are open.
#[derive(Default)]
pub(super) struct Outlet {
    telemetry: Option<Arc<Telemetry>>,
    /// What says which spans are on, while this replica leads.
    gates: Option<Arc<Telemetry>>,
    /// Counters and histograms, while this replica leads.
    pub(super) meters: Option<Meters>,
    open: usize,
    refused: u64,
    budget: Arc<Budget>,
    /// Only metrics are wanted.
    pub(super) is_mute: bool,
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Outlet {
    /// From now on spans are sent.
    pub(super) fn attach(&mut self, telemetry: &Arc<Telemetry>) {
        self.telemetry = (!self.is_mute).then(|| Arc::clone(telemetry));
        self.gates = Some(Arc::clone(telemetry));
        self.meters = Some(Meters::new(telemetry));
    }

    /// From now on they are not.
    pub(super) fn detach(&mut self) {
        (self.telemetry, self.gates, self.meters) = (None, None, None);
    }

    /// Whether such spans are made. Who does not lead cannot know: another may have another plan.
    pub(super) fn lives(&self, name: Name) -> bool {
        self.gates.as_ref().is_none_or(|telemetry| name.lives(telemetry))
    }

    /// Where the span of a rollout stands.
    pub(super) fn rollout(&self, place: Place) -> Stand {
        Stand::find(place, &[(Name::Rollout, place.id)], |name| self.lives(name))
    }

    /// Where the span of an update stands.
    pub(super) fn update(&self, place: Place) -> Stand {
        Stand::find(place, &[(Name::Update, place.id), (Name::Rollout, place.parent)], |name| self.lives(name))
    }

    /// Where the span of a phase stands in an update, under its own id, and that of the phase that holds it, if one does.
    pub(super) fn phase(&self, (phase, id): (McoPhase, SpanId), holder: Option<(McoPhase, SpanId)>, update: Place) -> Stand {
        let phases = [Some((phase, id)), holder].into_iter().flatten().map(|(phase, id)| (Name::Phase(phase), id));
        let around: Vec<_> = phases.chain([(Name::Update, update.id), (Name::Rollout, update.parent)]).collect();
        Stand::find(Place { id, ..update }, &around, |name| self.lives(name))
    }

    /// Spans that are open now.
    pub(super) const fn open_spans(&self) -> usize {
        self.open
    }

    /// Spans that were not followed as there were too many.
    pub(super) const fn refused_spans(&self) -> u64 {
        self.refused
    }

    /// Texts that were dropped as open spans held too many.
    pub(super) fn refused_texts(&self) -> u64 {
        self.budget.refused.load(Ordering::Relaxed)
    }

    /// Opens a span. One of too many goes its way as the others do, but will not be sent.
    pub(super) fn open(&mut self, name: Name, start: Start) -> OpenSpan {
        let fate = match () {
            () if !self.lives(name) => Fate::Quiet,
            () if self.open < OPEN_SPANS_MAX => Fate::Kept,
            () => Fate::Refused,
        };
        self.open += usize::from(fate == Fate::Kept);
        self.refused = self.refused.saturating_add(u64::from(fate == Fate::Refused));
        let share = Share { budget: Arc::clone(&self.budget), bytes: 0 };
        OpenSpan { start, events: Vec::new(), dropped: 0, links: Vec::new(), share, fate }
    }

    /// Whether whatever ends is not told of: another replica leads.
    pub(super) const fn is_silent(&self) -> bool {
        self.meters.is_none()
    }

    /// Gives a span up that is over: it will not be sent, and is counted unless it was one of too many from the start.
    pub(super) fn give_up(&mut self, open: OpenSpan) {
        self.refused = self.refused.saturating_add(u64::from(open.fate == Fate::Kept));
        self.forget(open);
    }

    /// Forgets a span that whoever leads has told of.
    pub(super) fn forget(&mut self, open: OpenSpan) {
        self.open -= usize::from(open.fate == Fate::Kept);
    }

    /// Sends a span that ended, if it is made; `error` is a word of a closed set.
    pub(super) fn close<S: Span>(
        &mut self,
        open: OpenSpan,
        span: impl FnOnce() -> S,
        (stand, end): (Stand, Timestamp),
        error: Option<&'static str>,
    ) {
        let OpenSpan { start, mut events, dropped, links, share, fate } = open;
        drop(share);
        self.open -= usize::from(fate == Fate::Kept);
        let telemetry = self.telemetry.as_ref().filter(|_| fate != Fate::Refused);
        let (Some(telemetry), Some(place)) = (telemetry, stand.own) else { return };
        events.sort_by_key(|(at, _)| *at);
        let finished = Finished::new(span(), place, system_time(start.at), system_time(end));
        let finished = events.into_iter().fold(finished, |finished, (at, what)| what.onto(finished, at));
        let finished = links.into_iter().fold(finished.with_dropped_events(dropped), Finished::with_link);
        telemetry.span(match error {
            Some(class) => finished.failed(class),
            None => finished,
        });
    }
}
