//! Finished spans as data: a loop keeps its open spans as its own state and hands over a span when it ends, so that
//! a restart or a change of clock does not tear them. Sends nothing: `export` does.

use opentelemetry::KeyValue;
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

/// Where a span stands: its trace, its own id, its parent's; the parent of a root is [`SpanId::INVALID`]. Where the span itself
/// is off and part of no other, its own id is that too: what would be its children are roots of the trace.
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

    /// Whether there is such a span; else nothing refers to it.
    #[must_use]
    pub fn lives(self) -> bool {
        self.id != SpanId::INVALID
    }

    /// Whether it is part of no other span.
    #[must_use]
    pub fn is_root(self) -> bool {
        self.parent == SpanId::INVALID
    }
}

/// A span that ended.
#[derive(Clone, Debug)]
pub struct Finished {
    pub(crate) scope: &'static str,
    pub(crate) place: Place,
    pub(crate) remote_parent: bool,
    pub(crate) name: Cow<'static, str>,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) events: Vec<Happened>,
    pub(crate) events_dropped: u32,
    pub(crate) links: Vec<Place>,
    pub(crate) failed: Option<&'static str>,
}

/// An event and its moment.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) name: &'static str,
    pub(crate) time: SystemTime,
    pub(crate) attributes: Vec<KeyValue>,
}

impl Finished {
    /// A span that went well, without events.
    pub fn new<S: Span>(span: S, place: Place, start: SystemTime, end: SystemTime) -> Self {
        Self {
            scope: S::SCOPE,
            place,
            remote_parent: false,
            name: span.name(),
            start,
            end: end.max(start),
            attributes: span.attributes(),
            events: Vec::new(),
            events_dropped: 0,
            links: Vec::new(),
            failed: None,
        }
    }

    /// With an event.
    #[must_use]
    pub fn with_event<E: Event>(mut self, event: E, at: SystemTime) -> Self {
        self.events.push(Happened { name: E::NAME, time: at, attributes: event.attributes() });
        self
    }

    /// Tells that so many events more happened than it carries.
    #[must_use]
    pub fn with_dropped_events(mut self, dropped: u32) -> Self {
        self.events_dropped = dropped;
        self
    }

    /// With a link to another span, of this or another trace, if there is such a span.
    #[must_use]
    pub fn with_link(mut self, other: Place) -> Self {
        self.links.extend(Some(other).filter(|other| other.lives()));
        self
    }

    /// With status Error; `class` is a word of a closed set, never free text.
    #[must_use]
    pub fn failed(mut self, class: &'static str) -> Self {
        self.failed = Some(class);
        self
    }
}
