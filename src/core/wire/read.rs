//! A cursor over the bytes of a protobuf message. Every step either yields or fails: it never panics, and never reads
//! past the slice. Knows no message: callers match on [`key`]s.

use crate::limits::GROUP_DEPTH_MAX;

/// How a field's value is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Wire {
    /// A varint.
    Varint = 0,
    /// Eight bytes, little-endian.
    Fixed64 = 1,
    /// A length, then so many bytes.
    Len = 2,
    /// The start of a group: deprecated, only ever skipped.
    GroupStart = 3,
    /// The end of a group.
    GroupEnd = 4,
    /// Four bytes, little-endian.
    Fixed32 = 5,
}

/// Why bytes are not a protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum WireError {
    /// The message ends within a field.
    Truncated,
    /// A varint of more than 64 bits.
    Varint,
    /// Field number 0, or one over 29 bits.
    Field,
    /// A wire type that does not exist, or not for this field.
    Type,
    /// Groups that do not match, or nest too deeply.
    Group,
}

impl WireError {
    /// The error in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Truncated => "cut off: a field runs past the end of its message",
            Self::Varint => "varint of more than 64 bits",
            Self::Field => "illegal field number",
            Self::Type => "wrong wire type",
            Self::Group => "unmatched or too deeply nested group",
        }
    }
}

/// The key that stands before a field: its number and wire type in one.
#[must_use]
pub const fn key(field: u32, wire: Wire) -> u32 {
    field.wrapping_shl(3) | wire as u32
}

/// The field number within a key.
#[must_use]
pub const fn field_of(key: u32) -> u32 {
    key.wrapping_shr(3)
}

/// Undoes the zigzag of `sint32` and `sint64`.
#[must_use]
pub const fn unzigzag(value: u64) -> i64 {
    value.wrapping_shr(1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

/// A place in a message; copy it to look ahead.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins at the first byte of `raw`.
    #[must_use]
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { rest: raw }
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The key of the next field, or `None` at the end. Its wire type is checked by [`Reader::skip`] or by the match on it.
    ///
    /// # Errors
    /// When it is cut off or no field may have it.
    #[inline]
    pub fn key(&mut self) -> Result<Option<u32>, WireError> {
        match self.rest.split_first() {
            None => Ok(None),
            Some((&byte, rest)) if (8..0x80).contains(&byte) => {
                self.rest = rest;
                Ok(Some(u32::from(byte)))
            }
            Some(_) => self.key_long().map(Some),
        }
    }

    fn key_long(&mut self) -> Result<u32, WireError> {
        let key = u32::try_from(self.varint()?).map_err(|_| WireError::Field)?;
        if field_of(key) == 0 { Err(WireError::Field) } else { Ok(key) }
    }

    /// A varint.
    ///
    /// # Errors
    /// When it is cut off or has more than 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            // The length of most points.
            [low, high, rest @ ..] if *high < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*low & 0x7f) | u64::from(*high).wrapping_shl(7))
            }
            _ => self.varint_long(),
        }
    }

    fn varint_long(&mut self) -> Result<u64, WireError> {
        let mut rest = self.rest;
        let (mut value, mut shift) = (0_u64, 0_u32);
        while let Some((&byte, after)) = rest.split_first() {
            if shift == 63 && byte > 1 {
                return Err(WireError::Varint);
            }
            value |= u64::from(byte & 0x7f).wrapping_shl(shift);
            rest = after;
            if byte < 0x80 {
                self.rest = rest;
                return Ok(value);
            }
            shift = shift.wrapping_add(7);
        }
        Err(WireError::Truncated)
    }

    /// Eight bytes as an integer.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn fixed64(&mut self) -> Result<u64, WireError> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Eight bytes as a float.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn double(&mut self) -> Result<f64, WireError> {
        self.fixed64().map(f64::from_bits)
    }

    /// Four bytes as an integer.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn fixed32(&mut self) -> Result<u32, WireError> {
        let (bytes, rest) = self.rest.split_first_chunk::<4>().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// A length and the bytes it announces.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Steps over further fields of the same one-byte key, each with its length: what is repeated mostly stands together.
    ///
    /// # Errors
    /// When one is cut off.
    #[inline]
    pub fn skip_same(&mut self, key: u32) -> Result<(), WireError> {
        while let Some((&byte, rest)) = self.rest.split_first()
            && u32::from(byte) == key
        {
            self.rest = rest;
            self.bytes()?;
        }
        Ok(())
    }

    /// Steps over the value of the field whose key was just read.
    ///
    /// # Errors
    /// When it is cut off, or its wire type cannot stand here.
    #[inline]
    pub fn skip(&mut self, key: u32) -> Result<(), WireError> {
        match key & 7 {
            0 => self.varint().map(drop),
            1 => self.fixed64().map(drop),
            2 => self.bytes().map(drop),
            3 => self.skip_group(key, GROUP_DEPTH_MAX),
            5 => self.fixed32().map(drop),
            _ => Err(WireError::Type),
        }
    }

    fn skip_group(&mut self, start: u32, depth: usize) -> Result<(), WireError> {
        let depth = depth.checked_sub(1).ok_or(WireError::Group)?;
        loop {
            let key = self.key()?.ok_or(WireError::Truncated)?;
            match key & 7 {
                4 if field_of(key) == field_of(start) => return Ok(()),
                4 => return Err(WireError::Group),
                3 => self.skip_group(key, depth)?,
                _ => self.skip(key)?,
            }
        }
    }
}

/// The values of the length-delimited fields numbered `field` in `raw`, in wire order.
/// Stops at the first byte that does not parse.
pub fn pieces(raw: &[u8], field: u32) -> impl Iterator<Item = &[u8]> {
    let wanted = key(field, Wire::Len);
    let mut reader = Reader::new(raw);
    std::iter::from_fn(move || {
        while let Ok(Some(key)) = reader.key() {
            if key == wanted {
                return reader.bytes().ok();
            }
            reader.skip(key).ok()?;
        }
        None
    })
}

/// The pieces of the sub-message `field` in `raw`, joined: the bytes themselves in the common case of at most one piece,
/// `scratch` when a sender split the message. Joining is merging, by protobuf's definition.
/// Stops at the first byte that does not parse.
pub fn joined<'s>(raw: &'s [u8], field: u32, scratch: &'s mut Vec<u8>) -> &'s [u8] {
    let mut pieces = pieces(raw, field);
    let Some(first) = pieces.next() else { return &[] };
    let Some(second) = pieces.next() else { return first };
    scratch.clear();
    scratch.extend_from_slice(first);
    scratch.extend_from_slice(second);
    pieces.for_each(|piece| scratch.extend_from_slice(piece));
    scratch
}

#[cfg(test)]
mod tests;
