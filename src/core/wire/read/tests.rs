use super::{Reader, Wire, WireError, joined, key, unzigzag};
use crate::wire::write;
use expect_test::{Expect, expect};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use std::fmt::Write;

/// Steps over every field of the message: prints each key, then how it ended.
fn check(raw: &[u8], want: &Expect) {
    let mut reader = Reader::new(raw);
    let mut out = String::new();
    let end = loop {
        match reader.key() {
            Ok(Some(key)) => {
                write!(out, "{}:{} ", key >> 3, key & 7).expect("text");
                if let Err(error) = reader.skip(key) {
                    break error.to_string();
                }
            }
            Ok(None) => break "end".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    want.assert_eq(&(out + &end));
}

/// Scenario: fields of every wire type, then cut off, lying or impossible ones. Guarantees: each is stepped over or named.
#[test]
fn every_wire_type_is_stepped_over_or_refused() {
    check(&[], &expect!["end"]);
    check(
        &[0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, b'h', b'i', 0x25, 1, 2, 3, 4],
        &expect!["1:0 2:1 3:2 4:5 end"],
    );
    check(&[0x08], &expect!["1:0 cut off: a field runs past the end of its message"]);
    check(&[0x08, 0x80], &expect!["1:0 cut off: a field runs past the end of its message"]);
    check(&[0x11, 1, 2, 3], &expect!["2:1 cut off: a field runs past the end of its message"]);
    check(&[0x1a, 5, 1, 2], &expect!["3:2 cut off: a field runs past the end of its message"]);
    check(
        &[0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &expect!["3:2 cut off: a field runs past the end of its message"],
    );
    check(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], &expect!["1:0 varint of more than 64 bits"]);
    check(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &expect!["1:0 end"]);
    check(&[0x02, 0], &expect!["illegal field number"]);
    check(&[0x80, 0x00], &expect!["illegal field number"]);
    check(&[0xff, 0xff, 0xff, 0xff, 0x7f, 0], &expect!["illegal field number"]);
    check(&[0x0e], &expect!["1:6 wrong wire type"]);
    check(&[0x0f], &expect!["1:7 wrong wire type"]);
}

/// Scenario: groups, nested, unmatched and without an end. Guarantees: skipped whole, or refused at a bounded depth.
#[test]
fn groups_are_skipped_to_a_depth() {
    check(&[0x0b, 0x10, 1, 0x13, 0x14, 0x0c, 0x18, 1], &expect!["1:3 3:0 end"]);
    check(&[0x0b, 0x14], &expect!["1:3 unmatched or too deeply nested group"]);
    check(&[0x0b], &expect!["1:3 cut off: a field runs past the end of its message"]);
    check(&[0x0c], &expect!["1:4 wrong wire type"]);
    check(&[0x0b].repeat(100_000), &expect!["1:3 unmatched or too deeply nested group"]);
    check(&[[0x0b].repeat(32), [0x0c].repeat(32)].concat(), &expect!["1:3 end"]);
}

/// Scenario: a sub-message in no, one, or three pieces, empty ones among them. Guarantees: the join, borrowed where it can be.
#[test]
fn split_messages_join() {
    let mut scratch = Vec::new();
    assert_eq!(joined(&[0x08, 1], 2, &mut scratch), b"");
    assert_eq!(joined(&[0x08, 1, 0x12, 2, b'a', b'b', 0x18, 1], 2, &mut scratch), b"ab");
    assert!(scratch.is_empty(), "one piece is not copied");
    assert_eq!(joined(&[0x12, 0, 0x12, 1, b'a', 0x08, 1, 0x12, 2, b'b', b'c'], 2, &mut scratch), b"abc");
    assert_eq!(joined(&[0x12, 1, b'a', 0x12, 9, b'b'], 2, &mut scratch), b"a", "what does not parse ends it");
}

proptest! {
    /// Scenario: any number through the writer. Guarantees: the reader and prost read it back, and nothing is left.
    #[test]
    fn numbers_survive(value in any::<u64>(), shift in 0_u32..64) {
        let value = value >> shift;
        let mut out = Vec::new();
        write::varint(&mut out, value);
        prop_assert_eq!(out.len(), write::varint_len(value));
        prop_assert_eq!(out.len(), prost::encoding::encoded_len_varint(value));
        let mut reader = Reader::new(&out);
        prop_assert_eq!(reader.varint(), Ok(value));
        prop_assert_eq!(reader.varint(), Err(WireError::Truncated));
        prop_assert_eq!(prost::encoding::decode_varint(&mut out.as_slice()), Ok(value));
        prop_assert_eq!(unzigzag(write::zigzag(value.cast_signed())), value.cast_signed());
    }

    /// Scenario: any bytes. Guarantees: varints, keys and lengths are accepted exactly where prost accepts them.
    #[test]
    fn bytes_are_judged_as_prost_judges_them(raw in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 7, 8, 0x0a, 0x7f, 0x80, 0xff]), 0..14)) {
        prop_assert_eq!(Reader::new(&raw).varint().ok(), prost::encoding::decode_varint(&mut raw.as_slice()).ok());
        let ours = Reader::new(&raw).key();
        let theirs = prost::encoding::decode_key(&mut raw.as_slice()).ok().map(|(field, wire)| (field << 3) | wire as u32);
        if ours.as_ref().is_ok_and(|key| key.is_none_or(|key| key & 7 < 6)) && !raw.is_empty() {
            prop_assert_eq!(ours.expect("checked"), theirs);
        } else {
            prop_assert_eq!(theirs, None);
        }
    }

    /// Scenario: bodies around the sizes where a length takes another byte. Guarantees: canonical lengths, the body whole.
    #[test]
    fn nested_bodies_get_canonical_lengths(size in prop::sample::select(vec![0_usize, 1, 127, 128, 129, 16_383, 16_384, 2_097_152]), inner in 0_usize..200) {
        let mut out = vec![7];
        write::nested(&mut out, 3, |out| {
            out.resize(out.len() + size, 1);
            write::nested(out, 4, |out| out.resize(out.len() + inner, 2));
        });
        let mut body = vec![1; size];
        write::bytes(&mut body, 4, &vec![2; inner]);
        let mut want = vec![7];
        write::bytes(&mut want, 3, &body);
        prop_assert_eq!(&out, &want);
        let mut reader = Reader::new(&out[1..]);
        prop_assert_eq!(reader.key(), Ok(Some(key(3, Wire::Len))));
        prop_assert_eq!(reader.bytes(), Ok(body.as_slice()));
        prop_assert_eq!(reader.rest(), b"");
    }
}
