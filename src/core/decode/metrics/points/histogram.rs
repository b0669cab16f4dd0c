//! `HistogramDataPoint`; min and max are stepped over.
//! Judges nothing: the sink does.

use super::{Packed, Run, START, Scratch, TIME, low32};
use crate::{
    decode::RawHistogram,
    wire::read::{Reader, Wire, WireError, key},
};

const ATTRIBUTES_FIELD: u32 = 9;
const EXEMPLARS_FIELD: u32 = 8;
const COUNTS_FIELD: u32 = 6;
const BOUNDS_FIELD: u32 = 7;
const ATTRIBUTES: u32 = key(ATTRIBUTES_FIELD, Wire::Len);
const EXEMPLARS: u32 = key(EXEMPLARS_FIELD, Wire::Len);
const COUNT: u32 = key(4, Wire::Fixed64);
const SUM: u32 = key(5, Wire::Fixed64);
const COUNTS: u32 = key(COUNTS_FIELD, Wire::Len);
const COUNTS_UNPACKED: u32 = key(COUNTS_FIELD, Wire::Fixed64);
const BOUNDS: u32 = key(BOUNDS_FIELD, Wire::Len);
const BOUNDS_UNPACKED: u32 = key(BOUNDS_FIELD, Wire::Fixed64);
const FLAGS: u32 = key(10, Wire::Varint);

#[derive(Default)]
struct Fields<'a> {
    start: u64,
    time: u64,
    count: u64,
    sum: Option<f64>,
    flags: u32,
    attributes: Run,
    exemplars: Run,
    bucket_counts: Packed<'a>,
    explicit_bounds: Packed<'a>,
}

pub(in crate::decode::metrics) fn histogram<'s>(raw: &'s [u8], scratch: &'s mut Scratch) -> RawHistogram<'s> {
    let mut fields = Fields::default();
    fields.read(raw).ok();
    let [counts, bounds] = &mut scratch.lists;
    RawHistogram {
        attributes: fields.attributes.of(raw, ATTRIBUTES_FIELD, &mut scratch.attributes),
        start: fields.start,
        time: fields.time,
        count: fields.count,
        sum: fields.sum,
        bucket_counts: fields.bucket_counts.of(raw, COUNTS_FIELD, counts),
        explicit_bounds: fields.explicit_bounds.of(raw, BOUNDS_FIELD, bounds),
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
                COUNTS => self.bucket_counts.add(reader.bytes()?),
                BOUNDS => self.explicit_bounds.add(reader.bytes()?),
                COUNTS_UNPACKED => self.bucket_counts.scatter(&mut reader, key)?,
                BOUNDS_UNPACKED => self.explicit_bounds.scatter(&mut reader, key)?,
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
