//! `ExponentialHistogramDataPoint`; min and max are stepped over.
//! Judges nothing: the sink does.

use super::{Packed, Run, START, Scratch, TIME, low32, sint32};
use crate::{
    decode::{RawBuckets, RawExponential},
    wire::read::{Reader, Wire, WireError, joined, key},
};

const ATTRIBUTES_FIELD: u32 = 1;
const POSITIVE_FIELD: u32 = 8;
const NEGATIVE_FIELD: u32 = 9;
const EXEMPLARS_FIELD: u32 = 11;
const ATTRIBUTES: u32 = key(ATTRIBUTES_FIELD, Wire::Len);
const COUNT: u32 = key(4, Wire::Fixed64);
const SUM: u32 = key(5, Wire::Fixed64);
const SCALE: u32 = key(6, Wire::Varint);
const ZERO_COUNT: u32 = key(7, Wire::Fixed64);
const POSITIVE: u32 = key(POSITIVE_FIELD, Wire::Len);
const NEGATIVE: u32 = key(NEGATIVE_FIELD, Wire::Len);
const FLAGS: u32 = key(10, Wire::Varint);
const EXEMPLARS: u32 = key(EXEMPLARS_FIELD, Wire::Len);
const ZERO_THRESHOLD: u32 = key(14, Wire::Fixed64);

#[derive(Default)]
struct Fields<'a> {
    start: u64,
    time: u64,
    count: u64,
    sum: Option<f64>,
    scale: i32,
    zero_count: u64,
    zero_threshold: f64,
    flags: u32,
    attributes: Run,
    exemplars: Run,
    positive: Side<'a>,
    negative: Side<'a>,
}

/// A `Buckets` message: its only piece, or how many there were.
#[derive(Clone, Copy, Default)]
struct Side<'a> {
    last: &'a [u8],
    pieces: u32,
}

pub(in crate::decode::metrics) fn exponential<'s>(raw: &'s [u8], scratch: &'s mut Scratch) -> RawExponential<'s> {
    let mut fields = Fields::default();
    fields.read(raw).ok();
    let [positive, negative] = &mut scratch.sides;
    let [positive_counts, negative_counts] = &mut scratch.lists;
    RawExponential {
        attributes: fields.attributes.of(raw, ATTRIBUTES_FIELD, &mut scratch.attributes),
        start: fields.start,
        time: fields.time,
        count: fields.count,
        sum: fields.sum,
        scale: fields.scale,
        zero_count: fields.zero_count,
        zero_threshold: fields.zero_threshold,
        positive: buckets(fields.positive.of(raw, POSITIVE_FIELD, positive), positive_counts),
        negative: buckets(fields.negative.of(raw, NEGATIVE_FIELD, negative), negative_counts),
        flags: fields.flags,
        exemplars: fields.exemplars.of(raw, EXEMPLARS_FIELD, &mut scratch.exemplars),
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self, raw: &'a [u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(raw);
        loop {
            let began = reader.rest();
            let Some(key) = reader.key()? else { return Ok(()) };
            match key {
                ATTRIBUTES => {
                    reader.bytes()?;
                    self.attributes.add(raw, began, reader.rest());
                }
                START => self.start = reader.fixed64()?,
                TIME => self.time = reader.fixed64()?,
                COUNT => self.count = reader.fixed64()?,
                SUM => self.sum = Some(reader.double()?),
                SCALE => self.scale = sint32(reader.varint()?),
                ZERO_COUNT => self.zero_count = reader.fixed64()?,
                ZERO_THRESHOLD => self.zero_threshold = reader.double()?,
                POSITIVE => self.positive.add(reader.bytes()?),
                NEGATIVE => self.negative.add(reader.bytes()?),
                FLAGS => self.flags = low32(reader.varint()?),
                EXEMPLARS => {
                    reader.bytes()?;
                    self.exemplars.add(raw, began, reader.rest());
                }
                _ => reader.skip(key)?,
            }
        }
    }
}

impl<'a> Side<'a> {
    fn add(&mut self, piece: &'a [u8]) {
        (self.last, self.pieces) = (piece, self.pieces.saturating_add(1));
    }

    fn of<'s>(self, raw: &'s [u8], field: u32, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        if self.pieces > 1 { joined(raw, field, scratch) } else { self.last }
    }
}

const OFFSET: u32 = key(1, Wire::Varint);
const COUNTS_FIELD: u32 = 2;
const COUNTS: u32 = key(COUNTS_FIELD, Wire::Len);
const COUNTS_UNPACKED: u32 = key(COUNTS_FIELD, Wire::Varint);

fn buckets<'s>(raw: &'s [u8], scratch: &'s mut Vec<u8>) -> RawBuckets<'s> {
    let (mut offset, mut counts) = (0, Packed::default());
    read_buckets(raw, &mut offset, &mut counts).ok();
    RawBuckets { offset, counts: counts.of(raw, COUNTS_FIELD, scratch) }
}

fn read_buckets<'a>(raw: &'a [u8], offset: &mut i32, counts: &mut Packed<'a>) -> Result<(), WireError> {
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        match key {
            OFFSET => *offset = sint32(reader.varint()?),
            COUNTS => counts.add(reader.bytes()?),
            COUNTS_UNPACKED => counts.scatter(&mut reader, key)?,
            _ => reader.skip(key)?,
        }
    }
    Ok(())
}
