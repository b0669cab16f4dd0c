//! Writes a message differently, with the same meaning: fields in another order, sub-messages in pieces, packed numbers
//! unpacked, values written twice (the last wins), unknown fields in between.

use super::Source;
use crate::{
    decode::schema::{Field, Kind, Label, Message},
    wire::{
        read::{Reader, Wire, field_of},
        write,
    },
};

/// One field as it will be written; those of one number keep their order.
struct Piece {
    number: u32,
    bytes: Vec<u8>,
}

/// Another way to write `raw`, a valid message of this type.
pub(in crate::decode) fn scramble(raw: &[u8], message: &'static Message, source: &mut Source<'_>) -> Vec<u8> {
    let mut pieces = Vec::new();
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key().expect("valid") {
        let began = reader.rest();
        let field = message.fields.iter().find(|field| field.number == field_of(key)).expect("prost writes known fields");
        reader.skip(key).expect("valid");
        let value = &began[..began.len() - reader.rest().len()];
        scramble_field(field, value, source, &mut pieces);
    }
    if source.below(4) == 0 {
        let mut bytes = Vec::new();
        write::bytes(&mut bytes, 1_000, b"a field nobody knows");
        pieces.push(Piece { number: 1_000, bytes });
    }
    shuffled(pieces, source)
}

fn scramble_field(field: &Field, value: &[u8], source: &mut Source<'_>, pieces: &mut Vec<Piece>) {
    let number = field.number;
    let mut push = |wire: Wire, value: &[u8]| {
        let mut bytes = Vec::new();
        write::tag(&mut bytes, number, wire);
        bytes.extend_from_slice(value);
        pieces.push(Piece { number, bytes });
    };
    match field.kind {
        Kind::Message(inner) | Kind::Value(inner) => {
            let body = scramble(Reader::new(value).bytes().expect("valid"), inner, source);
            let cut = if field.label == Label::Repeated { body.len() } else { a_cut(&body, source) };
            for part in [&body[..cut], &body[cut..]] {
                if !part.is_empty() || cut == body.len() {
                    push(Wire::Len, &delimited(part));
                }
                if cut == body.len() {
                    break;
                }
            }
        }
        Kind::Fixed64 | Kind::Double if field.label == Label::Repeated => {
            for chunk in Reader::new(value).bytes().expect("valid").chunks(if source.yes() { 8 } else { 24 }) {
                if source.yes() {
                    push(Wire::Len, &delimited(chunk))
                } else {
                    chunk.chunks(8).for_each(|one| push(Wire::Fixed64, one))
                }
            }
        }
        Kind::Uint64 if field.label == Label::Repeated => {
            let mut packed = Reader::new(Reader::new(value).bytes().expect("valid"));
            while !packed.rest().is_empty() {
                let mut one = Vec::new();
                write::varint(&mut one, packed.varint().expect("valid"));
                if source.yes() { push(Wire::Len, &delimited(&one)) } else { push(Wire::Varint, &one) }
            }
        }
        Kind::String | Kind::Bytes | Kind::Id(_) => {
            if field.label != Label::Repeated && source.below(4) == 0 {
                push(Wire::Len, &delimited(b"before"));
            }
            push(Wire::Len, value);
        }
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
            if source.below(4) == 0 {
                push(Wire::Fixed64, &[7; 8]);
            }
            push(Wire::Fixed64, value);
        }
        Kind::Fixed32 => push(Wire::Fixed32, value),
        _ => {
            if source.below(4) == 0 {
                push(Wire::Varint, &[1]);
            }
            push(Wire::Varint, value);
        }
    }
}

fn delimited(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write::delimited(&mut out, |out| out.extend_from_slice(body));
    out
}

/// A place between two fields of a message.
fn a_cut(body: &[u8], source: &mut Source<'_>) -> usize {
    let mut reader = Reader::new(body);
    let skip = source.below(4);
    for _ in 0..skip {
        if let Some(key) = reader.key().expect("valid") {
            reader.skip(key).expect("valid");
        }
    }
    body.len() - reader.rest().len()
}

/// Takes a random number's first piece again and again.
fn shuffled(mut pieces: Vec<Piece>, source: &mut Source<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    while !pieces.is_empty() {
        let number = pieces[source.below(pieces.len().min(256))].number;
        let first = pieces.iter().position(|piece| piece.number == number).expect("just found");
        out.extend_from_slice(&pieces.remove(first).bytes);
    }
    out
}
