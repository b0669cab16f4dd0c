//! Writes a protobuf message as OTLP/JSON in one of its legal spellings. An encoder for tests only: it shares the table of
//! messages with the decoder, so names and numbers are proved elsewhere.

use super::Source;
use crate::{
    decode::schema::{Field, Kind, Label, Message},
    wire::{
        read::{Reader, field_of, pieces, unzigzag},
        value::json_string,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};

/// `raw`, a message of this type as prost writes it, as JSON.
pub(in crate::decode) fn to_json(raw: &[u8], message: &'static Message, source: &mut Source<'_>) -> String {
    let mut members = Vec::new();
    for field in message.fields {
        let values = values_of(raw, field, source);
        match (field.label, values.as_slice()) {
            (Label::Repeated, []) if source.yes() => members.push(format!("\"{}\":{}", field.name, absent_list(source))),
            (_, []) if source.below(4) == 1 => members.push(format!("\"{}\":null", field.name)),
            (_, []) => (),
            (Label::Repeated, values) => members.push(format!("\"{}\": [{}]", field.name, values.join(","))),
            (_, values) => members.push(format!("\"{}\":{}", field.name, values[0])),
        }
    }
    if source.below(4) == 1 {
        members.push(r#""aField\u0020nobodyKnows":[{"x":[1e3,"]}"]},null]"#.to_owned());
    }
    let mut out = Vec::new();
    while !members.is_empty() {
        out.push(members.swap_remove(source.below(members.len())));
    }
    format!("{{{}}}", out.join(if source.yes() { ",\n " } else { "," }))
}

fn absent_list(source: &mut Source<'_>) -> &'static str {
    if source.yes() { "[]" } else { "null" }
}

/// Every value of a field as JSON.
fn values_of(raw: &[u8], field: &Field, source: &mut Source<'_>) -> Vec<String> {
    let packed = field.label == Label::Repeated && matches!(field.kind, Kind::Uint64 | Kind::Fixed64 | Kind::Double);
    if packed {
        let mut values = Vec::new();
        for piece in pieces(raw, field.number) {
            let mut reader = Reader::new(piece);
            while !reader.rest().is_empty() {
                values.push(value(&mut reader, field.kind, source));
            }
        }
        return values;
    }
    let mut values = Vec::new();
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key().expect("valid") {
        if field_of(key) == field.number {
            values.push(value(&mut reader, field.kind, source));
        } else {
            reader.skip(key).expect("valid");
        }
    }
    values
}

fn value(reader: &mut Reader<'_>, kind: Kind, source: &mut Source<'_>) -> String {
    match kind {
        Kind::Message(inner) | Kind::Value(inner) => to_json(reader.bytes().expect("valid"), inner, source),
        Kind::String => string(std::str::from_utf8(reader.bytes().expect("valid")).expect("text"), source),
        Kind::Bytes => {
            let bytes = reader.bytes().expect("valid");
            let engine = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD][source.below(4)].clone();
            format!("\"{}\"", engine.encode(bytes))
        }
        Kind::Id(_) => {
            let hex: String = reader.bytes().expect("valid").iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\"{}\"", if source.yes() { hex.to_uppercase() } else { hex })
        }
        Kind::Bool => (reader.varint().expect("valid") != 0).to_string(),
        Kind::Double => double(reader.double().expect("valid"), source),
        Kind::Fixed32 => number(i128::from(reader.fixed32().expect("valid")), source),
        Kind::Fixed64 => number(i128::from(reader.fixed64().expect("valid")), source),
        Kind::Sfixed64 => number(i128::from(reader.fixed64().expect("valid").cast_signed()), source),
        Kind::Uint64 | Kind::Uint32 => number(i128::from(reader.varint().expect("valid")), source),
        Kind::Int64 | Kind::Int32 => number(i128::from(reader.varint().expect("valid").cast_signed()), source),
        Kind::Sint32 => number(i128::from(unzigzag(reader.varint().expect("valid"))), source),
        Kind::Enum(names) => {
            let value = reader.varint().expect("valid").cast_signed();
            let name = names.iter().find(|(_, number)| i64::from(*number) == value).filter(|_| source.yes());
            name.map_or_else(|| value.to_string(), |(name, _)| format!("\"{name}\""))
        }
    }
}

fn number(value: i128, source: &mut Source<'_>) -> String {
    match source.below(5) {
        0 => format!("\"{value}\""),
        1 => format!("{value}.0"),
        2 => format!("{value}e0"),
        3 if value != 0 => format!("{value}0E-1"),
        _ => value.to_string(),
    }
}

fn double(value: f64, source: &mut Source<'_>) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "\"NaN\""
        } else if value > 0.0 {
            "\"Infinity\""
        } else {
            "\"-Infinity\""
        }
        .to_owned();
    }
    match source.below(3) {
        0 => format!("\"{value:e}\""),
        1 => format!("{value:e}"),
        _ => format!("{value}"),
    }
}

fn string(text: &str, source: &mut Source<'_>) -> String {
    let mut out = String::new();
    if source.yes() {
        json_string(text, &mut out);
        return out;
    }
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    format!("\"{units}\"")
}
