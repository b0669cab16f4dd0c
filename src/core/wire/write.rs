//! Appends protobuf fields to a buffer, with canonical lengths. Knows no message; omits nothing on its own:
//! callers leave defaults out.

use super::read::{Wire, key};

/// A varint.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value = value.wrapping_shr(7);
    }
    out.push(value as u8);
}

/// The key of a field.
#[inline]
pub fn tag(out: &mut Vec<u8>, field: u32, wire: Wire) {
    varint(out, u64::from(key(field, wire)));
}

/// A field of type `uint32`, `uint64`, `bool` or an enum. Signed numbers are cast first: negative ones take ten bytes.
#[inline]
pub fn uint(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, Wire::Varint);
    varint(out, value);
}

/// A field of type `sint32` or `sint64`.
#[inline]
pub fn sint(out: &mut Vec<u8>, field: u32, value: i64) {
    uint(out, field, zigzag(value));
}

/// The zigzag of `sint32` and `sint64`, for packed fields.
#[must_use]
pub const fn zigzag(value: i64) -> u64 {
    (value.wrapping_shl(1) ^ value.wrapping_shr(63)).cast_unsigned()
}

/// A field of type `fixed64` or `sfixed64`.
#[inline]
pub fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, Wire::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of type `double`.
#[inline]
pub fn double(out: &mut Vec<u8>, field: u32, value: f64) {
    fixed64(out, field, value.to_bits());
}

/// A field of type `fixed32`.
#[inline]
pub fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    tag(out, field, Wire::Fixed32);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of type `string`, `bytes`, or a message that is encoded already.
#[inline]
pub fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    tag(out, field, Wire::Len);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// A sub-message (or packed field): whatever `body` appends, with its length in front.
#[inline]
pub fn nested<R>(out: &mut Vec<u8>, field: u32, body: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    tag(out, field, Wire::Len);
    delimited(out, body)
}

/// Whatever `body` appends, with its length in front and no key: a packed list's content, a message of a delimited stream.
/// The length takes one byte at first; the rarer longer ones move the body up.
#[inline]
pub fn delimited<R>(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    out.push(0);
    let start = out.len();
    let result = body(out);
    let len = out.len().saturating_sub(start);
    let extra = varint_len(len as u64).saturating_sub(1);
    if extra > 0 {
        out.resize(out.len().saturating_add(extra), 0);
        let end = start.saturating_add(len);
        out.copy_within(start..end, start.saturating_add(extra));
    }
    put_varint(out.get_mut(start.saturating_sub(1)..).unwrap_or_default(), len as u64);
    result
}

/// How many bytes a varint takes.
#[must_use]
pub const fn varint_len(value: u64) -> usize {
    let bits = 64_u32.saturating_sub((value | 1).leading_zeros());
    bits.div_ceil(7) as usize
}

/// Writes a varint over the first bytes of `place`.
#[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
fn put_varint(place: &mut [u8], mut value: u64) {
    for slot in place {
        if value < 0x80 {
            *slot = value as u8;
            return;
        }
        *slot = (value & 0x7f) as u8 | 0x80;
        value = value.wrapping_shr(7);
    }
}

#[cfg(test)]
mod tests;
