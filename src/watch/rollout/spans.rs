//! A span while it is open: its start, and what happened meanwhile, within caps. And where spans go when they end: to the
//! telemetry of a replica that leads, else nowhere. Knows no object.

use super::{evidence::Start, meters::Meters};
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
    span::{Finished, Place, Span},
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
    /// Not one of too many: it will be sent.
    is_sent: bool,
}

impl OpenSpan {
    /// Something happened. Beyond the caps, and of equal texts, only the number is kept.
    pub(super) fn event(&mut self, at: Timestamp, what: What) {
        let is_known = what.text().is_some() && self.events.iter().any(|(_, known)| *known == what);
        let has_room = !is_known && self.events.len() < SPAN_EVENTS_MAX;
        if !self.is_sent {
            return;
        }
        if has_room && what.text().is_none_or(|text| self.share.take(text.len())) {
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
        self.meters = Some(Meters::new(telemetry));
    }

    /// From now on they are not.
    pub(super) fn detach(&mut self) {
        (self.telemetry, self.meters) = (None, None);
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
    pub(super) fn open(&mut self, start: Start) -> OpenSpan {
        let is_sent = self.open < OPEN_SPANS_MAX;
        self.open += usize::from(is_sent);
        self.refused = self.refused.saturating_add(u64::from(!is_sent));
        let share = Share { budget: Arc::clone(&self.budget), bytes: 0 };
        OpenSpan { start, events: Vec::new(), dropped: 0, links: Vec::new(), share, is_sent }
    }

    /// Sends a span that ended; `error` is a word of a closed set.
    pub(super) fn close<S: Span>(
        &mut self,
        open: OpenSpan,
        span: S,
        (place, end): (Place, Timestamp),
        error: Option<&'static str>,
    ) {
        let OpenSpan { start, mut events, dropped, links, share, is_sent } = open;
        drop(share);
        events.sort_by_key(|(at, _)| *at);
        self.open -= usize::from(is_sent);
        let Some(telemetry) = self.telemetry.as_ref().filter(|_| is_sent) else { return };
        let finished = Finished::new(span, place, system_time(start.at), system_time(end));
        let finished = events.into_iter().fold(finished, |finished, (at, what)| what.onto(finished, at));
        let finished = links.into_iter().fold(finished.with_dropped_events(dropped), Finished::with_link);
        telemetry.span(match error {
            Some(class) => finished.failed(class),
            None => finished,
        });
    }
}
