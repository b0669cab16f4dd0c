//! Whether bytes have the structure of a message: every length holds, every known field has its wire type.
//! A whole request is checked before any of it is applied; attributes are left to their reader, which runs where a series
//! is new. Knows no values and no rules.

use super::{
    DecodeError,
    schema::{LENGTH, Layout, Message},
};
use crate::{
    limits::VALUE_DEPTH_MAX,
    model::reject::Reason,
    wire::read::{Reader, Wire, WireError, field_of},
};

/// What does not hold, and how many bytes of the whole were left there.
struct Flaw<'a> {
    what: What,
    at: &'a [u8],
    message: &'static Message,
}

enum What {
    Wire(WireError),
    Text,
    Depth,
}

impl From<WireError> for What {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// Checks a request down to the fields of each point, attribute values apart.
pub(super) fn check_request(body: &[u8], message: &'static Message) -> Result<(), DecodeError> {
    check::<false>(body, message, VALUE_DEPTH_MAX).map_err(|flaw| DecodeError {
        // Both slices lie in one buffer: the distance of their ends is what was left.
        place: format!("byte {} ({})", flaw.at.as_ptr().addr().saturating_sub(body.as_ptr().addr()), flaw.message.name),
        what: match flaw.what {
            What::Wire(error) => error.text(),
            What::Text => "invalid UTF-8",
            What::Depth => "nested too deeply",
        },
    })
}

/// Checks a message with everything in it: attribute values, text, depth.
pub(super) fn check_whole(raw: &[u8], message: &'static Message) -> Result<(), Reason> {
    check::<true>(raw, message, VALUE_DEPTH_MAX).map_err(|flaw| match flaw.what {
        What::Wire(_) => Reason::BadAttributes,
        What::Text => Reason::NotUtf8,
        What::Depth => Reason::TooDeep,
    })
}

fn check<'a, const WHOLE: bool>(raw: &'a [u8], message: &'static Message, depth: usize) -> Result<(), Flaw<'a>> {
    let mut reader = Reader::new(raw);
    let flaw = |what, at| Flaw { what, at, message };
    loop {
        if !WHOLE {
            reader = Reader::new(after_plain(reader.rest(), &message.plain));
        }
        let at = reader.rest();
        match reader.key() {
            Ok(None) => return Ok(()),
            Ok(Some(key)) => match (message.layout(field_of(key)), key & 7) {
                (Layout::Message(inner), LEN) => {
                    let body = reader.bytes().map_err(|error| flaw(error.into(), at))?;
                    let depth = if WHOLE && inner.nests { depth.checked_sub(1) } else { Some(depth) };
                    check::<WHOLE>(body, inner, depth.ok_or_else(|| flaw(What::Depth, at))?)?;
                }
                (Layout::Value(inner), LEN) if WHOLE => {
                    let body = reader.bytes().map_err(|error| flaw(error.into(), at))?;
                    check::<WHOLE>(body, inner, depth)?;
                }
                (layout, _) => field::<WHOLE>(&mut reader, key, layout).map_err(|what| flaw(what, at))?,
            },
            Err(error) => return Err(flaw(error.into(), at)),
        }
    }
}

/// Steps over the fields in front that need no look inside and are as they should be: nearly all of a point. Judges
/// nothing: the first field that is in any way special is left where it is.
#[inline]
fn after_plain<'a>(mut rest: &'a [u8], plain: &[u8; 128]) -> &'a [u8] {
    while let Some((&key, after)) = rest.split_first() {
        let next = match plain.get(usize::from(key)) {
            None | Some(0) => return rest,
            Some(&LENGTH) => match after.split_first() {
                Some((&len, after)) if len < 0x80 => after.get(usize::from(len)..),
                _ => return rest,
            },
            Some(&len) => after.get(usize::from(len)..),
        };
        match next {
            Some(next) => rest = next,
            None => return rest,
        }
    }
    rest
}

const LEN: u32 = Wire::Len as u32;
const VARINT: u32 = Wire::Varint as u32;
const FIXED64: u32 = Wire::Fixed64 as u32;

/// Checks and steps over a field that is no message.
#[inline]
fn field<const WHOLE: bool>(reader: &mut Reader<'_>, key: u32, layout: Layout) -> Result<(), What> {
    match (layout, key & 7) {
        (Layout::Scalar(wire), actual) if wire as u32 == actual => Ok(reader.skip(key)?),
        (Layout::Value(_), LEN) | (Layout::Unknown, _) => Ok(reader.skip(key)?),
        (Layout::Text, LEN) => {
            let text = reader.bytes()?;
            if WHOLE && std::str::from_utf8(text).is_err() { Err(What::Text) } else { Ok(()) }
        }
        (Layout::PackedFixed64, FIXED64) | (Layout::PackedVarint, VARINT) => Ok(reader.skip(key)?),
        (Layout::PackedFixed64, LEN) if reader.bytes()?.len().is_multiple_of(8) => Ok(()),
        (Layout::PackedFixed64, LEN) => Err(WireError::Truncated.into()),
        (Layout::PackedVarint, LEN) => {
            let mut packed = Reader::new(reader.bytes()?);
            while !packed.rest().is_empty() {
                packed.varint()?;
            }
            Ok(())
        }
        _ => Err(WireError::Type.into()),
    }
}
