//! `NumberDataPoint`: the hot one, one pass over its bytes.
//! Judges nothing: the sink does.

use super::{Run, START, Scratch, TIME, low32};
use crate::{
    decode::RawNumber,
    model::point::Number,
    wire::read::{Reader, Wire, WireError, key},
};

const ATTRIBUTES_FIELD: u32 = 7;
const EXEMPLARS_FIELD: u32 = 5;
const ATTRIBUTES: u32 = key(ATTRIBUTES_FIELD, Wire::Len);
const EXEMPLARS: u32 = key(EXEMPLARS_FIELD, Wire::Len);
const AS_DOUBLE: u32 = key(4, Wire::Fixed64);
const AS_INT: u32 = key(6, Wire::Fixed64);
const FLAGS: u32 = key(8, Wire::Varint);

#[inline]
pub(in crate::decode::metrics) fn number<'s>(raw: &'s [u8], scratch: &'s mut Scratch) -> RawNumber<'s> {
    let mut point = RawNumber { attributes: &[], start: 0, time: 0, value: None, flags: 0, exemplars: &[] };
    let (mut attributes, mut exemplars) = (Run::default(), Run::default());
    read(raw, &mut point, &mut attributes, &mut exemplars).ok();
    point.attributes = attributes.of(raw, ATTRIBUTES_FIELD, &mut scratch.attributes);
    point.exemplars = exemplars.of(raw, EXEMPLARS_FIELD, &mut scratch.exemplars);
    point
}

#[inline]
fn read(raw: &[u8], point: &mut RawNumber<'_>, attributes: &mut Run, exemplars: &mut Run) -> Result<(), WireError> {
    let mut reader = Reader::new(raw);
    loop {
        let began = reader.rest();
        let Some(key) = reader.key()? else { return Ok(()) };
        match key {
            ATTRIBUTES => {
                reader.bytes()?;
                reader.skip_same(ATTRIBUTES)?;
                attributes.add(raw, began, reader.rest());
            }
            START => point.start = reader.fixed64()?,
            TIME => point.time = reader.fixed64()?,
            AS_DOUBLE => point.value = Some(Number::Double(reader.double()?)),
            AS_INT => point.value = Some(Number::Int(reader.fixed64()?.cast_signed())),
            FLAGS => point.flags = low32(reader.varint()?),
            EXEMPLARS => {
                reader.bytes()?;
                exemplars.add(raw, began, reader.rest());
            }
            _ => reader.skip(key)?,
        }
    }
}
