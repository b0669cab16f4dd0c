//! OTLP exemplars: from raw fields to values. Leaves out only the bad part (EX-10): an exemplar is never a reason to
//! refuse its point. Knows nothing of buckets or label limits.

use super::{
    attributes::read_attributes,
    read::{Reader, Wire, WireError, key, pieces},
};
use crate::{
    limits::EXEMPLARS_PER_POINT_MAX,
    model::point::{Exemplar, Number},
};
use std::collections::VecDeque;

const TIME: u32 = key(2, Wire::Fixed64);
const AS_DOUBLE: u32 = key(3, Wire::Fixed64);
const SPAN_ID: u32 = key(4, Wire::Len);
const TRACE_ID: u32 = key(5, Wire::Len);
const AS_INT: u32 = key(6, Wire::Fixed64);
/// `Exemplar.filtered_attributes`
const FILTERED_ATTRIBUTES: u32 = 7;

/// Reads the exemplar fields numbered `field` out of `raw` (a message, or concatenated fields with their tags).
/// Those without a value are left out, bad ids become `None`, attributes that do not parse are left out.
/// Of more than [`EXEMPLARS_PER_POINT_MAX`] the last on the wire are kept.
#[must_use]
pub fn read_exemplars(raw: &[u8], field: u32) -> Vec<Exemplar> {
    let mut exemplars = VecDeque::new();
    for exemplar in pieces(raw, field).filter_map(|piece| exemplar(piece).ok().flatten()) {
        if exemplars.len() == EXEMPLARS_PER_POINT_MAX {
            exemplars.pop_front();
        }
        exemplars.push_back(exemplar);
    }
    exemplars.into()
}

fn exemplar(raw: &[u8]) -> Result<Option<Exemplar>, WireError> {
    let (mut value, mut time, mut trace_id, mut span_id) = (None, 0, None, None);
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        match key {
            TIME => time = reader.fixed64()?,
            AS_DOUBLE => value = Some(Number::Double(reader.double()?)),
            AS_INT => value = Some(Number::Int(reader.fixed64()?.cast_signed())),
            SPAN_ID => span_id = id(reader.bytes()?),
            TRACE_ID => trace_id = id(reader.bytes()?),
            _ => reader.skip(key)?,
        }
    }
    let Some(value) = value else { return Ok(None) };
    let attributes = read_attributes(raw, FILTERED_ATTRIBUTES).map(|(attributes, _)| attributes).unwrap_or_default();
    let attributes = attributes.into_iter().map(|attribute| (attribute.key, attribute.text)).collect();
    Ok(Some(Exemplar { value, time, trace_id, span_id, attributes }))
}

/// An id of the right length that is not all zero.
fn id<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    <[u8; N]>::try_from(raw).ok().filter(|id| *id != [0; N])
}

#[cfg(test)]
mod tests;
