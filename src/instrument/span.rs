//! Finished spans as data: a loop keeps its open spans as its own state and hands over a span when it ends, so that
//! a restart or a change of clock does not tear them. Sends nothing: `export` does.

use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{Event as ApiEvent, SpanContext, SpanKind, Status, TraceFlags, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use std::{borrow::Cow, time::SystemTime};

pub use opentelemetry::trace::{SpanId, TraceId};

/// A span of the registry: its fields are its attributes.
pub trait Span {
    /// Instrumentation scope.
    const SCOPE: &'static str;
    /// The name it is sent under.
    fn name(&self) -> Cow<'static, str>;
    /// Its attributes.
    fn attributes(self) -> Vec<KeyValue>;
}

/// An event of the registry, on a span.
pub trait Event {
    /// The name it is sent under.
    const NAME: &'static str;
    /// Its attributes.
    fn attributes(self) -> Vec<KeyValue>;
}

/// Where a span stands: its trace, its own id, its parent's; the parent of a root is [`SpanId::INVALID`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub id: SpanId,
    /// The span it is part of.
    pub parent: SpanId,
}

impl Place {
    /// A root.
    #[must_use]
    pub const fn root(trace: TraceId, id: SpanId) -> Self {
        Self { trace, id, parent: SpanId::INVALID }
    }

    /// A child of this span.
    #[must_use]
    pub const fn child(self, id: SpanId) -> Self {
        Self { trace: self.trace, id, parent: self.id }
    }
}

/// A span that ended.
#[derive(Clone, Debug)]
pub struct Finished(pub(crate) SpanData);

impl Finished {
    /// A span that went well, without events.
    pub fn new<S: Span>(span: S, place: Place, start: SystemTime, end: SystemTime) -> Self {
        let context = SpanContext::new(place.trace, place.id, TraceFlags::SAMPLED, false, TraceState::default());
        Self(SpanData {
            span_context: context,
            parent_span_id: place.parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: span.name(),
            start_time: start,
            end_time: end.max(start),
            attributes: span.attributes(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder(S::SCOPE).build(),
        })
    }

    /// With an event.
    #[must_use]
    pub fn with_event<E: Event>(mut self, event: E, at: SystemTime) -> Self {
        self.0.events.events.push(ApiEvent::new(E::NAME, at, event.attributes(), 0));
        self
    }

    /// With status Error; `class` is a word of a closed set, never free text.
    #[must_use]
    pub fn failed(mut self, class: &'static str) -> Self {
        self.0.status = Status::error(class);
        self
    }
}
