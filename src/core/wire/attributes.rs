//! OTLP attributes: from the raw KeyValue fields of a message to keys and label text (rule LB-10).
//! Runs where a series is new, not for every point. Knows limits, no label rules: names are translated elsewhere.

use super::{
    read::{Reader, Wire, joined, key},
    value, write,
};
use crate::{
    limits::{ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTE_VALUE_BYTES_MAX, ATTRIBUTES_MAX},
    model::reject::Reason,
};

/// What type an attribute value had: part of its identity, so that int 1 and string "1" are two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ValueType {
    /// No value set.
    Empty,
    /// `string_value`
    String,
    /// `bool_value`
    Bool,
    /// `int_value`
    Int,
    /// `double_value`
    Double,
    /// `array_value`
    Array,
    /// `kvlist_value`
    Map,
    /// `bytes_value`
    Bytes,
}

/// One attribute, read: the key as sent, the value as label text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The original key.
    pub key: Box<str>,
    /// The type of the value.
    pub value_type: ValueType,
    /// The value as label text.
    pub text: Box<str>,
}

/// Reads the attribute fields numbered `field` out of `raw` (a message, or concatenated fields with their tags).
/// Sorted by key; of duplicate keys the last wins (LB-16) and the second return value counts the others.
/// Other fields are skipped.
///
/// # Errors
/// The reason to refuse what carries them: bad framing, invalid UTF-8, too many, too long, too deep.
pub fn read_attributes(raw: &[u8], field: u32) -> Result<(Vec<Attribute>, u64), Reason> {
    let wanted = key(field, Wire::Len);
    let mut reader = Reader::new(raw);
    let mut attributes = Vec::with_capacity(8);
    while let Some(key) = reader.key().map_err(|_| Reason::BadAttributes)? {
        if key == wanted {
            if attributes.len() == ATTRIBUTES_MAX {
                return Err(Reason::TooManyAttributes);
            }
            attributes.push(attribute(reader.bytes().map_err(|_| Reason::BadAttributes)?)?);
        } else {
            reader.skip(key).map_err(|_| Reason::BadAttributes)?;
        }
    }
    Ok(last_of_each_key(attributes))
}

/// The message again, with these attributes, the fields numbered `field`, in place of all others of their keys.
///
/// # Errors
/// As [`read_attributes`], where the framing is bad.
pub fn with_attributes(raw: &[u8], field: u32, corrections: &[(&str, Box<str>)]) -> Result<Vec<u8>, Reason> {
    let mut corrected = Vec::with_capacity(raw.len().saturating_add(64));
    let mut reader = Reader::new(raw);
    loop {
        let before = reader.rest();
        let Some(found) = reader.key().map_err(|_| Reason::BadAttributes)? else { break };
        let is_replaced = if found == key(field, Wire::Len) {
            let (name, _) = value::key_value(reader.bytes().map_err(|_| Reason::BadAttributes)?)?;
            corrections.iter().any(|(key, _)| *key == name)
        } else {
            reader.skip(found).map_err(|_| Reason::BadAttributes)?;
            false
        };
        let taken = before.len().saturating_sub(reader.rest().len());
        if !is_replaced {
            corrected.extend_from_slice(before.get(..taken).unwrap_or_default());
        }
    }
    for (name, text) in corrections {
        write::nested(&mut corrected, field, |attribute| {
            write::bytes(attribute, 1, name.as_bytes());
            write::nested(attribute, 2, |value| write::bytes(value, 1, text.as_bytes()));
        });
    }
    Ok(corrected)
}

fn attribute(raw: &[u8]) -> Result<Attribute, Reason> {
    let (name, value) = value::key_value(raw)?;
    if name.len() > ATTRIBUTE_KEY_BYTES_MAX {
        return Err(Reason::AttributeTooLong);
    }
    let mut scratch = Vec::new();
    let value = if value.split { joined(raw, value::VALUE, &mut scratch) } else { value.raw };
    let (value_type, text) = value::label_text(value)?;
    if text.len() > ATTRIBUTE_VALUE_BYTES_MAX {
        return Err(Reason::AttributeTooLong);
    }
    Ok(Attribute { key: name.into(), value_type, text: text.into() })
}

/// Sorts by key and keeps the last of each; the sort is stable, so "last" is last on the wire.
fn last_of_each_key(mut attributes: Vec<Attribute>) -> (Vec<Attribute>, u64) {
    if attributes.is_sorted_by(|a, b| a.key < b.key) {
        return (attributes, 0);
    }
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    let before = attributes.len();
    // `dedup_by` keeps the first of a run, hence the swap: what is dropped is the earlier one.
    attributes.dedup_by(|later, earlier| {
        let same = later.key == earlier.key;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
    let dropped = before.saturating_sub(attributes.len());
    (attributes, dropped as u64)
}

#[cfg(test)]
mod tests;
