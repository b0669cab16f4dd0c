//! Where a trace stands, written into an annotation of an object, so that the component that acts on it next goes on with
//! the trace. The text is the `traceparent` of W3C Trace Context, read strictly. Knows annotations as a map, no Kubernetes.

#[cfg(test)]
mod tests;

use crate::span::{Place, SpanId, TraceId};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The key of the annotation.
pub const ANNOTATION: &str = "pointsman.dev/traceparent";

/// A span of another process, and whether its trace is recorded there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The span in it; none where that is off and part of no other.
    pub span: SpanId,
    /// Whether it is recorded.
    pub sampled: bool,
}

/// The text is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// Not fields of lower-case hexadecimal digits, of the lengths 2, 32, 16 and 2, with `-` between them.
    #[error("read a traceparent: it is not of the form 00-32 digits-16 digits-2 digits")]
    Form,
    /// Version 255 is forbidden.
    #[error("read a traceparent: its version is ff")]
    Version,
    /// An id of zeros says that there is none.
    #[error("read a traceparent: an id is zero")]
    Zero,
}

impl Context {
    /// The context of a span of ours, which is always recorded.
    #[must_use]
    pub const fn of(place: Place) -> Self {
        Self { trace: place.trace, span: place.id, sampled: true }
    }

    /// The span as a place: to link to, or to make children of.
    #[must_use]
    pub const fn place(self) -> Place {
        Place::root(self.trace, self.span)
    }

    /// What the annotations of an object say; none where they say nothing.
    ///
    /// # Errors
    /// When the annotation is there, and is no `traceparent`: others may write it. Go on without, and count it.
    pub fn read(annotations: &BTreeMap<String, String>) -> Result<Option<Self>, ContextError> {
        annotations.get(ANNOTATION).map(|text| text.parse()).transpose()
    }

    /// Writes it into the annotations of an object. Of a span that is off and part of no other there is nothing to go on with:
    /// then none is left there. Answers whether that changed them.
    pub fn write(self, annotations: &mut BTreeMap<String, String>) -> bool {
        if !self.place().lives() {
            return annotations.remove(ANNOTATION).is_some();
        }
        let text = self.to_string();
        let changed = annotations.get(ANNOTATION) != Some(&text);
        if changed {
            annotations.insert(ANNOTATION.to_owned(), text);
        }
        changed
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, sampled } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*sampled))
    }
}

impl FromStr for Context {
    type Err = ContextError;

    /// A version above 00 may have more behind the flags, after another `-`; what is known of it is read.
    fn from_str(text: &str) -> Result<Self, ContextError> {
        let mut fields = text.splitn(5, '-');
        let mut field = |length: usize| {
            let field = fields.next().filter(|field| field.len() == length);
            let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
            field.filter(|field| field.bytes().all(is_hex)).ok_or(ContextError::Form)
        };
        let (version, trace, span, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
        match version {
            "ff" => return Err(ContextError::Version),
            "00" if fields.next().is_some() => return Err(ContextError::Form),
            _ => {}
        }
        let trace = TraceId::from_hex(trace).map_err(|_| ContextError::Form)?;
        let span = SpanId::from_hex(span).map_err(|_| ContextError::Form)?;
        if trace == TraceId::INVALID || span == SpanId::INVALID {
            return Err(ContextError::Zero);
        }
        let flags = u8::from_str_radix(flags, 16).map_err(|_| ContextError::Form)?;
        Ok(Self { trace, span, sampled: flags & 1 == 1 })
    }
}
