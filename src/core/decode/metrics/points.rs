//! The data points of the five kinds, borrowed from their bytes. Runs for every point: no allocation, one pass.
//! What is repeated is handed on as bytes; a sender that scatters it pays for a copy.

pub(super) mod exponential;
pub(super) mod histogram;
pub(super) mod number;
pub(super) mod summary;

use crate::wire::{
    read::{Reader, Wire, WireError, key, pieces, unzigzag},
    write,
};

/// Buffers for what a sender scattered over a point; empty as long as none does.
#[derive(Default)]
pub(super) struct Scratch {
    attributes: Vec<u8>,
    exemplars: Vec<u8>,
    /// Two lists of numbers: counts and bounds, or the counts of both sides.
    lists: [Vec<u8>; 2],
    /// The two sides of an exponential histogram.
    sides: [Vec<u8>; 2],
}

/// Where the fields of one number stand in a message: one stretch, unless the sender scattered them.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    start: usize,
    end: usize,
    scattered: bool,
}

impl Run {
    /// One more field of `raw`; `began` and `after` are what was left before and after it.
    #[inline]
    pub(super) fn add(&mut self, raw: &[u8], began: &[u8], after: &[u8]) {
        let start = raw.len().wrapping_sub(began.len());
        if self.end == 0 {
            self.start = start;
        } else if self.end != start {
            self.scattered = true;
        }
        self.end = raw.len().wrapping_sub(after.len());
    }

    /// The fields with their tags, in wire order.
    #[inline]
    pub(super) fn of<'s>(self, raw: &'s [u8], field: u32, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        if self.scattered { gathered(raw, field, scratch) } else { raw.get(self.start..self.end).unwrap_or_default() }
    }
}

#[cold]
fn gathered<'s>(raw: &'s [u8], field: u32, scratch: &'s mut Vec<u8>) -> &'s [u8] {
    scratch.clear();
    pieces(raw, field).for_each(|piece| write::bytes(scratch, field, piece));
    scratch
}

/// The values of a repeated number: one packed field, unless the sender scattered them.
#[derive(Clone, Copy, Default)]
struct Packed<'a> {
    only: &'a [u8],
    found: bool,
    scattered: bool,
}

impl<'a> Packed<'a> {
    fn add(&mut self, piece: &'a [u8]) {
        (self.only, self.scattered, self.found) = (piece, self.found || self.scattered, true);
    }

    /// A value on its own, not packed.
    fn scatter(&mut self, reader: &mut Reader<'_>, key: u32) -> Result<(), WireError> {
        self.scattered = true;
        reader.skip(key)
    }

    fn of<'s>(self, raw: &'s [u8], field: u32, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        if !self.scattered {
            return self.only;
        }
        scratch.clear();
        gather_packed(raw, field, scratch).ok();
        scratch
    }
}

#[cold]
fn gather_packed(raw: &[u8], field: u32, out: &mut Vec<u8>) -> Result<(), WireError> {
    let (packed, fixed, varint) = (key(field, Wire::Len), key(field, Wire::Fixed64), key(field, Wire::Varint));
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        if key == packed {
            out.extend_from_slice(reader.bytes()?);
        } else if key == fixed {
            out.extend_from_slice(&reader.fixed64()?.to_le_bytes());
        } else if key == varint {
            write::varint(out, reader.varint()?);
        } else {
            reader.skip(key)?;
        }
    }
    Ok(())
}

const START: u32 = key(2, Wire::Fixed64);
const TIME: u32 = key(3, Wire::Fixed64);

/// A `uint32`: 32 bits of its varint.
#[expect(clippy::cast_possible_truncation, reason = "uint32 is 32 bits of its varint")]
const fn low32(value: u64) -> u32 {
    value as u32
}

/// An `sint32`: zigzag of 32 bits of its varint.
#[expect(clippy::cast_possible_truncation, reason = "zigzag of 32 bits is 32 bits")]
const fn sint32(value: u64) -> i32 {
    unzigzag(low32(value) as u64) as i32
}
