//! `KeyValue` and `AnyValue`: an attribute value as label text, or as the JSON that stands for arrays and maps (LB-10).
//! Recursion is bounded by [`VALUE_DEPTH_MAX`], output by [`ATTRIBUTE_VALUE_BYTES_MAX`].

use super::{
    attributes::ValueType,
    read::{Reader, Wire, WireError, joined, key},
};
use crate::{
    limits::{ATTRIBUTE_VALUE_BYTES_MAX, VALUE_DEPTH_MAX},
    model::reject::Reason,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{borrow::Cow, fmt::Write};

/// `KeyValue.value`
pub(super) const VALUE: u32 = 2;
const KEY_VALUE_KEY: u32 = key(1, Wire::Len);
const KEY_VALUE_VALUE: u32 = key(VALUE, Wire::Len);

const STRING: u32 = key(1, Wire::Len);
const BOOL: u32 = key(2, Wire::Varint);
const INT: u32 = key(3, Wire::Varint);
const DOUBLE: u32 = key(4, Wire::Fixed64);
const ARRAY: u32 = key(5, Wire::Len);
const MAP: u32 = key(6, Wire::Len);
const BYTES: u32 = key(7, Wire::Len);
/// `ArrayValue.values` and `KeyValueList.values`
const VALUES: u32 = key(1, Wire::Len);

/// The `AnyValue` of a `KeyValue`; a split one must be [`joined`] first.
#[derive(Clone, Copy, Default)]
pub(super) struct RawValue<'a> {
    pub(super) raw: &'a [u8],
    pub(super) split: bool,
}

/// What an `AnyValue` holds; the last member of the oneof wins.
enum Value<'a> {
    Empty,
    String(&'a str),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// The `ArrayValue`, joined.
    Array(Cow<'a, [u8]>),
    /// The `KeyValueList`, joined.
    Map(Cow<'a, [u8]>),
    Bytes(&'a [u8]),
}

impl From<WireError> for Reason {
    /// Whatever is wrong with the bytes of an attribute, the attribute does not parse.
    fn from(_: WireError) -> Self {
        Self::BadAttributes
    }
}

/// Key and value of a `KeyValue`.
pub(super) fn key_value(raw: &[u8]) -> Result<(&str, RawValue<'_>), Reason> {
    let (mut name, mut value) = ("", None::<RawValue<'_>>);
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        match key {
            KEY_VALUE_KEY => name = text(reader.bytes()?)?,
            KEY_VALUE_VALUE => value = Some(RawValue { raw: reader.bytes()?, split: value.is_some() }),
            _ => reader.skip(known(key, 2)?)?,
        }
    }
    Ok((name, value.unwrap_or_default()))
}

/// The label text of an `AnyValue`, and what type it had.
pub(super) fn label_text(raw: &[u8]) -> Result<(ValueType, Cow<'_, str>), Reason> {
    Ok(match any_value(raw)? {
        Value::Empty => (ValueType::Empty, Cow::Borrowed("")),
        Value::String(value) => (ValueType::String, Cow::Borrowed(value)),
        Value::Bool(value) => (ValueType::Bool, Cow::Borrowed(if value { "true" } else { "false" })),
        Value::Int(value) => (ValueType::Int, Cow::Owned(value.to_string())),
        Value::Double(value) => (ValueType::Double, Cow::Owned(number(value))),
        Value::Bytes(value) => {
            // Four characters for three bytes: what cannot fit is not encoded first.
            if value.len() > ATTRIBUTE_VALUE_BYTES_MAX {
                return Err(Reason::AttributeTooLong);
            }
            (ValueType::Bytes, Cow::Owned(STANDARD.encode(value)))
        }
        Value::Array(value) => {
            let mut out = String::new();
            array(&value, VALUE_DEPTH_MAX, &mut out)?;
            (ValueType::Array, Cow::Owned(out))
        }
        Value::Map(value) => {
            let mut out = String::new();
            map(&value, VALUE_DEPTH_MAX, &mut out)?;
            (ValueType::Map, Cow::Owned(out))
        }
    })
}

fn any_value(raw: &[u8]) -> Result<Value<'_>, Reason> {
    let mut reader = Reader::new(raw);
    let mut value = Value::Empty;
    while let Some(key) = reader.key()? {
        value = match key {
            STRING => Value::String(text(reader.bytes()?)?),
            BOOL => Value::Bool(reader.varint()? != 0),
            INT => Value::Int(reader.varint()?.cast_signed()),
            DOUBLE => Value::Double(reader.double()?),
            BYTES => Value::Bytes(reader.bytes()?),
            ARRAY => {
                let piece = reader.bytes()?;
                Value::Array(if let Value::Array(before) = value { merge(before, piece) } else { Cow::Borrowed(piece) })
            }
            MAP => {
                let piece = reader.bytes()?;
                Value::Map(if let Value::Map(before) = value { merge(before, piece) } else { Cow::Borrowed(piece) })
            }
            _ => {
                reader.skip(known(key, 7)?)?;
                value
            }
        };
    }
    Ok(value)
}

fn merge<'a>(before: Cow<'a, [u8]>, piece: &[u8]) -> Cow<'a, [u8]> {
    let mut both = before.into_owned();
    both.extend_from_slice(piece);
    Cow::Owned(both)
}

/// Passes the key of an unknown field; one of the first `fields` numbers with another wire type than its own is an error.
fn known(key: u32, fields: u32) -> Result<u32, WireError> {
    if super::read::field_of(key) <= fields { Err(WireError::Type) } else { Ok(key) }
}

fn text(raw: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(raw).map_err(|_| Reason::NotUtf8)
}

/// A double as a JSON number, as ECMAScript prints it; the three values JSON lacks by their names.
fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        if text.contains("e-") { text } else { text.replace('e', "e+") }
    } else {
        value.to_string()
    }
}

/// Appends an `AnyValue` inside an array or map as JSON. `depth` is how many arrays or maps may still nest.
fn json(raw: &[u8], depth: usize, out: &mut String) -> Result<(), Reason> {
    if out.len() > ATTRIBUTE_VALUE_BYTES_MAX {
        return Err(Reason::AttributeTooLong);
    }
    match any_value(raw)? {
        Value::Empty => out.push_str("null"),
        Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(itoa::Buffer::new().format(value)),
        Value::Double(value) if value.is_finite() => out.push_str(&number(value)),
        Value::Double(value) => json_string(&number(value), out),
        Value::String(value) => json_string(value, out),
        Value::Bytes(value) if value.len() > ATTRIBUTE_VALUE_BYTES_MAX => return Err(Reason::AttributeTooLong),
        Value::Bytes(value) => json_string(&STANDARD.encode(value), out),
        Value::Array(value) => array(&value, depth, out)?,
        Value::Map(value) => map(&value, depth, out)?,
    }
    Ok(())
}

fn array(raw: &[u8], depth: usize, out: &mut String) -> Result<(), Reason> {
    let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
    let mut reader = Reader::new(raw);
    let mut separator = '[';
    while let Some(key) = reader.key()? {
        if key == VALUES {
            out.push(std::mem::replace(&mut separator, ','));
            json(reader.bytes()?, depth, out)?;
        } else {
            reader.skip(known(key, 1)?)?;
        }
    }
    out.push_str(if separator == '[' { "[]" } else { "]" });
    Ok(())
}

/// Keys sorted, the last of equal ones: a map has no order, so neither may its text.
fn map(raw: &[u8], depth: usize, out: &mut String) -> Result<(), Reason> {
    let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
    let mut reader = Reader::new(raw);
    let mut entries: Vec<(&str, &[u8], RawValue<'_>)> = Vec::new();
    while let Some(key) = reader.key()? {
        if key == VALUES {
            let entry = reader.bytes()?;
            let (name, value) = key_value(entry)?;
            // Each entry takes a byte of text at least; this also bounds the list of a hostile map.
            if entries.len() == ATTRIBUTE_VALUE_BYTES_MAX {
                return Err(Reason::AttributeTooLong);
            }
            entries.push((name, entry, value));
        } else {
            reader.skip(known(key, 1)?)?;
        }
    }
    entries.sort_by(|a, b| a.0.cmp(b.0));
    out.push('{');
    let mut rest = entries.as_slice();
    let mut scratch = Vec::new();
    while let Some(((name, entry, value), after)) = rest.split_first() {
        rest = after;
        if rest.first().is_some_and(|next| next.0 == *name) {
            continue;
        }
        if !out.ends_with('{') {
            out.push(',');
        }
        json_string(name, out);
        out.push(':');
        json(if value.split { joined(entry, VALUE, &mut scratch) } else { value.raw }, depth, out)?;
    }
    out.push('}');
    Ok(())
}

/// Appends a JSON string.
pub(crate) fn json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string does not fail"),
            c => out.push(c),
        }
    }
    out.push('"');
}
