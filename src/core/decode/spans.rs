//! The walk over an `ExportTraceServiceRequest`: each span with what views decide by, and its bytes as they came.
//! Decides nothing; [`flaw`] and its kin say what would make a back end refuse it.

use super::{
    DecodeError, RawResource, RawScope, RawSpan, SpanSink,
    envelope::{ENVELOPES, ITEMS, head},
    schema::{Message, RESOURCE, SCOPE, SPAN, TRACES_REQUEST},
    structure::{check_request, check_whole},
};
use crate::{
    limits::TRACE_STATE_BYTES_MAX,
    model::reject::Reason,
    wire::{
        read::{Reader, Wire, WireError, key, pieces},
        write,
    },
};

/// Checks the structure of a request down to each span's fields. Nothing of it may be used when this fails.
///
/// # Errors
/// Where and why it is not an `ExportTraceServiceRequest`.
pub fn check(body: &[u8]) -> Result<(), DecodeError> {
    check_request(body, &TRACES_REQUEST)
}

/// Shows every span of a checked request to the sink. Of an unchecked one it shows what comes before the first flaw of
/// each message.
pub fn walk(body: &[u8], sink: &mut impl SpanSink) {
    let (mut resource, mut scope) = (Vec::new(), Vec::new());
    for envelope in pieces(body, ENVELOPES) {
        let (raw, schema_url) = head(envelope, &mut resource);
        sink.resource(&RawResource { raw, schema_url });
        for envelope in pieces(envelope, ITEMS) {
            let (raw, schema_url) = head(envelope, &mut scope);
            sink.scope(&RawScope { raw, schema_url });
            pieces(envelope, ITEMS).for_each(|raw| sink.span(&span(raw)));
        }
    }
}

/// What in a span would make a strict back end refuse the whole batch: then the span alone is refused.
#[must_use]
pub fn flaw(span: &RawSpan<'_>) -> Option<Reason> {
    if !is_id(span.trace_id, 16) || !is_id(span.span_id, 8) || !(span.parent_span_id.is_empty() || span.parent_span_id.len() == 8)
    {
        return Some(Reason::BadId);
    }
    check_whole(span.raw, &SPAN).err()
}

/// The same of a resource: then none of its spans may go on.
#[must_use]
pub fn resource_flaw(resource: &RawResource<'_>) -> Option<Reason> {
    head_flaw(resource.raw, resource.schema_url, &RESOURCE)
}

/// The same of a scope: then none of its spans may go on.
#[must_use]
pub fn scope_flaw(scope: &RawScope<'_>) -> Option<Reason> {
    head_flaw(scope.raw, scope.schema_url, &SCOPE)
}

/// The span without what is too long to hand on: its own `trace_state` and those of its links. Nothing when all fit.
#[must_use]
pub fn without_long_states(raw: &[u8]) -> Option<Vec<u8>> {
    has_long_state(raw).then(|| {
        let mut out = Vec::with_capacity(raw.len());
        // What was written before a flaw stands; `flaw` has refused such a span.
        copy(raw, false, &mut out).ok();
        out
    })
}

fn has_long_state(raw: &[u8]) -> bool {
    let is_long = |raw: &[u8]| pieces(raw, TRACE_STATE_FIELD).any(|state| state.len() > TRACE_STATE_BYTES_MAX);
    raw.len() > TRACE_STATE_BYTES_MAX && (is_long(raw) || pieces(raw, LINKS_FIELD).any(is_long))
}

/// Copies a span, or one of its links: both have their `trace_state` in field 3.
fn copy(raw: &[u8], is_link: bool, out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut reader = Reader::new(raw);
    loop {
        let began = reader.rest();
        let Some(key) = reader.key()? else { return Ok(()) };
        if key == TRACE_STATE && reader.bytes()?.len() > TRACE_STATE_BYTES_MAX {
            continue;
        }
        if key == LINKS && !is_link {
            let link = reader.bytes()?;
            write::nested(out, LINKS_FIELD, |out| copy(link, true, out))?;
            continue;
        }
        if key != TRACE_STATE {
            reader.skip(key)?;
        }
        out.extend_from_slice(began.get(..began.len().saturating_sub(reader.rest().len())).unwrap_or_default());
    }
}

fn head_flaw(raw: &[u8], schema_url: &[u8], message: &'static Message) -> Option<Reason> {
    if std::str::from_utf8(schema_url).is_err() { Some(Reason::NotUtf8) } else { check_whole(raw, message).err() }
}

fn is_id(id: &[u8], len: usize) -> bool {
    id.len() == len && id.iter().any(|byte| *byte != 0)
}

const TRACE_ID: u32 = key(1, Wire::Len);
const SPAN_ID: u32 = key(2, Wire::Len);
/// `Span.trace_state`, and `Link.trace_state`
const TRACE_STATE_FIELD: u32 = 3;
const TRACE_STATE: u32 = key(TRACE_STATE_FIELD, Wire::Len);
const LINKS_FIELD: u32 = 13;
const LINKS: u32 = key(LINKS_FIELD, Wire::Len);
const PARENT_SPAN_ID: u32 = key(4, Wire::Len);
const NAME: u32 = key(5, Wire::Len);
const START: u32 = key(7, Wire::Fixed64);
const END: u32 = key(8, Wire::Fixed64);
const STATUS: u32 = key(15, Wire::Len);
/// `Status.code`
const CODE: u32 = key(3, Wire::Varint);

fn span(raw: &[u8]) -> RawSpan<'_> {
    let mut span = RawSpan { raw, trace_id: &[], span_id: &[], parent_span_id: &[], name: &[], start: 0, end: 0, status_code: 0 };
    // What was read before a flaw stands: `check` has refused such a request, and the walk must not stumble.
    read_span(raw, &mut span).ok();
    span
}

fn read_span<'a>(raw: &'a [u8], span: &mut RawSpan<'a>) -> Result<(), WireError> {
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        match key {
            TRACE_ID => span.trace_id = reader.bytes()?,
            SPAN_ID => span.span_id = reader.bytes()?,
            PARENT_SPAN_ID => span.parent_span_id = reader.bytes()?,
            NAME => span.name = reader.bytes()?,
            START => span.start = reader.fixed64()?,
            END => span.end = reader.fixed64()?,
            STATUS => read_status(reader.bytes()?, &mut span.status_code)?,
            _ => reader.skip(key)?,
        }
    }
    Ok(())
}

/// A split status merges by itself: the last code wins, whichever piece has it.
#[expect(clippy::cast_possible_truncation, reason = "an enum is 32 bits of its varint")]
fn read_status(raw: &[u8], code: &mut i32) -> Result<(), WireError> {
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        match key {
            CODE => *code = (reader.varint()? as u32).cast_signed(),
            _ => reader.skip(key)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
