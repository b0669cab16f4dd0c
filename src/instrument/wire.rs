//! Protobuf as it is written: a few field types, and messages whose length is filled in when they are closed, so that a
//! request is written once, in order, into one buffer. Knows no message; callers leave defaults out.

#[cfg(test)]
mod tests;

/// Bytes that [`open`] keeps for a length: a varint padded to four bytes, which every reader takes.
const LENGTH: usize = 4;

/// A varint.
#[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A field of type `uint32`, `uint64`, `bool`, `int64` or an enum; negative numbers take ten bytes.
pub(crate) fn uint(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3));
    varint(out, value);
}

/// A field of type `fixed64` or `sfixed64`; a `double` by its bits.
pub(crate) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of type `fixed32`.
pub(crate) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    varint(out, u64::from(field << 3 | 5));
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of type `string`, `bytes`, or a message that is encoded already.
pub(crate) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    varint(out, u64::from(field << 3 | 2));
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// A field of type `string` that is left out when empty.
pub(crate) fn text(out: &mut Vec<u8>, field: u32, value: &str) {
    if !value.is_empty() {
        bytes(out, field, value.as_bytes());
    }
}

/// A message that is open: where its length stands.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct Open(usize);

/// Opens a message; what is appended until [`close`] is its content.
pub(crate) fn open(out: &mut Vec<u8>, field: u32) -> Open {
    varint(out, u64::from(field << 3 | 2));
    out.extend_from_slice(&[0; LENGTH]);
    Open(out.len())
}

/// Closes the message: its length is known now.
#[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
pub(crate) fn close(out: &mut [u8], Open(start): Open) {
    let length = out.len() - start;
    for (n, place) in out[start - LENGTH..start].iter_mut().enumerate() {
        let more = if n + 1 < LENGTH { 0x80 } else { 0 };
        *place = (length >> (7 * n) & 0x7f) as u8 | more;
    }
}

/// A field as it is read: its number and its value.
#[derive(Debug, PartialEq)]
pub(crate) enum Field<'a> {
    /// A number, whatever its width.
    Number(u32, u64),
    /// A string, bytes or a message.
    Bytes(u32, &'a [u8]),
}

/// The fields of a message, until its end or the first byte that makes no sense.
pub(crate) fn fields(mut rest: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let key = take_varint(&mut rest)?;
        let field = u32::try_from(key >> 3).ok()?;
        let fixed = |rest: &mut &[u8], n: usize| {
            let (value, after) = rest.split_at_checked(n)?;
            *rest = after;
            Some(value.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        };
        Some(match key & 7 {
            0 => Field::Number(field, take_varint(&mut rest)?),
            1 => Field::Number(field, fixed(&mut rest, 8)?),
            5 => Field::Number(field, fixed(&mut rest, 4)?),
            2 => {
                let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                let (value, after) = rest.split_at_checked(length)?;
                rest = after;
                Field::Bytes(field, value)
            }
            _ => return None,
        })
    })
}

/// The first field of this number that is a string, bytes or a message.
pub(crate) fn message(bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    fields(bytes).find_map(|field| match field {
        Field::Bytes(number, value) if number == wanted => Some(value),
        _ => None,
    })
}

/// The first field of this number that is a number.
pub(crate) fn number(bytes: &[u8], wanted: u32) -> Option<u64> {
    fields(bytes).find_map(|field| match field {
        Field::Number(number, value) if number == wanted => Some(value),
        _ => None,
    })
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for n in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
