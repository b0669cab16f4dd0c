//! OTLP attributes: from the raw KeyValue fields of a message to keys and label text (rule LB-10).

use crate::model::reject::Reason;

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
    let _ = (raw, field);
    Err(Reason::BadAttributes)
}
