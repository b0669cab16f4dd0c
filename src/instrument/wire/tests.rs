use super::{Field, close, fields, fixed32, fixed64, open, text, uint};

/// Scenario: every field type, a message in a message. Guarantees: it reads as it was written.
#[test]
fn what_is_written_is_read() {
    let mut out = Vec::new();
    uint(&mut out, 1, 300);
    let outer = open(&mut out, 2);
    let inner = open(&mut out, 16);
    text(&mut out, 1, &"x".repeat(200));
    text(&mut out, 2, "");
    close(&mut out, inner);
    close(&mut out, outer);
    fixed64(&mut out, 3, u64::MAX - 1);
    fixed32(&mut out, 4, 7);
    let all: Vec<_> = fields(&out).collect();
    let [Field::Number(1, 300), Field::Bytes(2, inside), Field::Number(3, n), Field::Number(4, 7)] = all[..] else {
        panic!("{all:?}")
    };
    assert_eq!(n, u64::MAX - 1);
    let Some(Field::Bytes(16, inside)) = fields(inside).next() else { panic!("no message in the message") };
    assert_eq!(fields(inside).collect::<Vec<_>>(), [Field::Bytes(1, "x".repeat(200).as_bytes())]);
}

/// Scenario: answers that are cut off or are no protobuf. Guarantees: reading ends, without a panic.
#[test]
fn nonsense_ends_the_reading() {
    for hostile in [&[0x0a, 0x05, 1][..], &[0xff; 11], &[0x0b], &[0x09, 1, 2], &[0x80], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]] {
        assert_eq!(fields(hostile).count(), 0, "{hostile:?}");
    }
}
