//! OTLP/JSON rewritten as OTLP protobuf, driven by the table of messages: from there on both ways in are one.
//! What does not fit its field fails the request with its path; nothing is dropped in silence. Unknown fields are skipped.

mod number;
mod text;

use super::{
    DecodeError,
    schema::{Field, Kind, Label, METRICS_REQUEST, Message, TRACES_REQUEST},
};
use crate::{
    limits::{BODY_BYTES_MAX, ECHO_BYTES_MAX, JSON_DEPTH_MAX},
    wire::write,
};
use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::{borrow::Cow, collections::BTreeSet, fmt::Write};
use text::{Text, remember};

/// Rewrites an `ExportMetricsServiceRequest`.
///
/// # Errors
/// Where and why the body is not that, as a JSON path.
pub fn metrics_to_protobuf(body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    to_protobuf(body, &METRICS_REQUEST, body.len().max(BODY_BYTES_MAX))
}

/// Rewrites an `ExportTraceServiceRequest`.
///
/// # Errors
/// Where and why the body is not that, as a JSON path.
pub fn traces_to_protobuf(body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    to_protobuf(body, &TRACES_REQUEST, body.len().max(BODY_BYTES_MAX))
}

/// A digit and a comma become eight bytes, so what the rewriting may grow to is bounded, by `out_bytes_max`.
fn to_protobuf(body: &[u8], request: &'static Message, out_bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let at = |offset: usize, what| DecodeError { place: format!("byte {offset}"), what };
    std::str::from_utf8(body).map_err(|error| at(error.valid_up_to(), "invalid UTF-8"))?;
    let mut text = Text::new(body);
    let mut out = Vec::with_capacity(body.len() / 2);
    let decoder = Decoder { out_bytes_max };
    let read = decoder.message(&mut text, request, JSON_DEPTH_MAX, &mut out).and_then(|()| Ok(text.end()?));
    read.map(|()| out).map_err(|fault| match fault.path.is_empty() {
        true => at(text.offset(), fault.what),
        false => DecodeError { place: fault.place(), what: fault.what },
    })
}

/// What is wrong; the path is put together on the way out, innermost first.
struct Fault {
    what: &'static str,
    path: Vec<Segment>,
}

#[derive(Clone, Copy)]
enum Segment {
    Field(&'static str),
    Index(usize),
}

impl From<&'static str> for Box<Fault> {
    fn from(what: &'static str) -> Self {
        Self::new(Fault { what, path: Vec::new() })
    }
}

impl Fault {
    fn within(mut self: Box<Self>, segment: Segment) -> Box<Self> {
        self.path.push(segment);
        self
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for segment in self.path.iter().rev() {
            if place.len() >= ECHO_BYTES_MAX {
                place.push('…'); // a path is as deep as its sender likes
                break;
            }
            match segment {
                Segment::Field(name) if place.is_empty() => place.push_str(name),
                Segment::Field(name) => write!(place, ".{name}").expect("writing to a string does not fail"),
                Segment::Index(index) => write!(place, "[{index}]").expect("writing to a string does not fail"),
            }
        }
        place
    }
}

type Outcome<T = ()> = Result<T, Box<Fault>>;

struct Decoder {
    out_bytes_max: usize,
}

impl Decoder {
    /// Appends the fields of a message; `depth` is how many objects and lists may still nest.
    fn message(&self, text: &mut Text<'_>, message: &'static Message, depth: usize, out: &mut Vec<u8>) -> Outcome {
        let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
        text.take(b'{', "expected an object")?;
        let mut seen = Seen::default();
        let mut first = true;
        while text.more(b'}', &mut first)? {
            let key = text.key()?;
            let Some((index, field)) = message.fields.iter().enumerate().find(|(_, field)| *field.name.as_bytes() == *key) else {
                seen.unknown(key)?;
                text.skip(depth)?;
                continue;
            };
            let null = text.null()?;
            seen.known(index, field.label == Label::Oneof && !null)
                .and_then(|()| if null { Ok(()) } else { self.field(text, field, depth, out) })
                .map_err(|fault| fault.within(Segment::Field(field.name)))?;
        }
        Ok(())
    }

    fn field(&self, text: &mut Text<'_>, field: &Field, depth: usize, out: &mut Vec<u8>) -> Outcome {
        match (field.label, field.kind) {
            (Label::Repeated, Kind::Uint64 | Kind::Fixed64 | Kind::Double) => self.packed(text, field, out),
            (Label::Repeated, _) => {
                let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
                list(text, |text| self.one(text, field, depth, out))
            }
            _ => self.one(text, field, depth, out),
        }
    }

    /// Appends one value with its key.
    fn one(&self, text: &mut Text<'_>, field: &Field, depth: usize, out: &mut Vec<u8>) -> Outcome {
        let number = field.number;
        // The default of a field that knows no absence is not written.
        let keeps = |is_default: bool| !(is_default && field.label == Label::Single);
        match field.kind {
            Kind::Message(inner) | Kind::Value(inner) => {
                return write::nested(out, number, |out| self.message(text, inner, depth, out));
            }
            Kind::String => match text.string()? {
                string if keeps(string.is_empty()) => write::bytes(out, number, &string),
                _ => (),
            },
            Kind::Bytes => write::bytes(out, number, &base64(&text.string()?)?),
            Kind::Id(len) => match hex(&text.string()?, len)? {
                id if id.is_empty() => (),
                id => write::bytes(out, number, &id),
            },
            Kind::Fixed32 => match text.integer::<u32>()? {
                value if keeps(value == 0) => write::fixed32(out, number, value),
                _ => (),
            },
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => match fixed64(text, field.kind)? {
                value if keeps(value == 0) => write::fixed64(out, number, value),
                _ => (),
            },
            Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Uint64 | Kind::Uint32 | Kind::Sint32 | Kind::Enum(_) => {
                match varint(text, field.kind)? {
                    value if keeps(value == 0) => write::uint(out, number, value),
                    _ => (),
                }
            }
        }
        Ok(())
    }

    /// Appends a list of numbers as one packed field.
    fn packed(&self, text: &mut Text<'_>, field: &Field, out: &mut Vec<u8>) -> Outcome {
        let start = out.len();
        let empty = write::nested(out, field.number, |out| {
            let start = out.len();
            list(text, |text| {
                match field.kind {
                    Kind::Uint64 => write::varint(out, varint(text, field.kind)?),
                    _ => out.extend_from_slice(&fixed64(text, field.kind)?.to_le_bytes()),
                }
                if out.len() > self.out_bytes_max { Err("larger than the body limit as protobuf".into()) } else { Ok(()) }
            })?;
            Ok::<_, Box<Fault>>(out.len() == start)
        })?;
        if empty {
            out.truncate(start);
        }
        Ok(())
    }
}

/// Reads the elements of a list; the fault of one gets its index.
fn list(text: &mut Text<'_>, mut element: impl FnMut(&mut Text<'_>) -> Outcome) -> Outcome {
    text.take(b'[', "expected a list")?;
    let (mut first, mut index) = (true, 0_usize);
    while text.more(b']', &mut first)? {
        element(text).map_err(|fault| fault.within(Segment::Index(index)))?;
        index = index.saturating_add(1);
    }
    Ok(())
}

/// A number that is a varint on the wire, as that varint.
fn varint(text: &mut Text<'_>, kind: Kind) -> Outcome<u64> {
    Ok(match kind {
        Kind::Bool => u64::from(text.boolean()?),
        Kind::Uint32 => u64::from(text.integer::<u32>()?),
        Kind::Uint64 => text.integer()?,
        Kind::Int64 => text.integer::<i64>()?.cast_unsigned(),
        Kind::Sint32 => write::zigzag(i64::from(text.integer::<i32>()?)),
        Kind::Enum(names) if text.at_string() => {
            let name = text.string()?;
            let named = names.iter().find(|(known, _)| *known.as_bytes() == *name).ok_or("unknown enum name")?;
            i64::from(named.1).cast_unsigned()
        }
        _ => i64::from(text.integer::<i32>()?).cast_unsigned(),
    })
}

/// A number that takes eight bytes on the wire, as those.
fn fixed64(text: &mut Text<'_>, kind: Kind) -> Outcome<u64> {
    Ok(match kind {
        Kind::Double => text.double()?.to_bits(),
        Kind::Sfixed64 => text.integer::<i64>()?.cast_unsigned(),
        _ => text.integer()?,
    })
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Either alphabet, padded or not (RJ-07).
fn base64(text: &[u8]) -> Outcome<Vec<u8>> {
    let engine = if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { BASE64_URL } else { BASE64 };
    engine.decode(text).map_err(|_| "expected base64".into())
}

/// An id of `len` bytes in hex digits of either case, or none (RJ-01).
fn hex(text: &[u8], len: usize) -> Outcome<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() || !(pairs.is_empty() || pairs.len() == len) {
        return Err("expected an id: 32 hex digits for a trace, 16 for a span".into());
    }
    let bytes = pairs.iter().map(|&[high, low]| Some(digit(high)?.wrapping_shl(4) | digit(low)?));
    bytes.collect::<Option<Vec<u8>>>().ok_or_else(|| "expected hex digits".into())
}

/// Which keys an object had: each may stand once, and one member of the oneof (RJ-09, RJ-11).
#[derive(Default)]
struct Seen<'a> {
    fields: u32,
    oneof: bool,
    unknown: BTreeSet<Cow<'a, [u8]>>,
}

impl<'a> Seen<'a> {
    fn known(&mut self, index: usize, member: bool) -> Outcome {
        let bit = u32::try_from(index).map_or(0, |index| 1_u32.wrapping_shl(index));
        if self.fields & bit != 0 {
            return Err("duplicate key".into());
        }
        self.fields |= bit;
        if member && std::mem::replace(&mut self.oneof, true) {
            return Err("only one of these fields may be set".into());
        }
        Ok(())
    }

    fn unknown(&mut self, key: Cow<'a, [u8]>) -> Outcome {
        Ok(remember(&mut self.unknown, key)?)
    }
}

#[cfg(test)]
mod tests;
