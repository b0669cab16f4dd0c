use super::{bytes, double, fixed32, fixed64, sint, uint};
use expect_test::{Expect, expect};

fn check(write: impl FnOnce(&mut Vec<u8>), want: &Expect) {
    let mut out = Vec::new();
    write(&mut out);
    want.assert_eq(&out.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
}

/// Scenario: one field of each type, with known encodings. Guarantees: key and value as the protobuf encoding has them.
#[test]
fn fields_of_every_type() {
    check(|out| uint(out, 1, 150), &expect!["08 96 01"]);
    check(|out| uint(out, 2, (-1_i64).cast_unsigned()), &expect!["10 ff ff ff ff ff ff ff ff ff 01"]);
    check(|out| sint(out, 3, -1), &expect!["18 01"]);
    check(|out| sint(out, 3, i64::MIN), &expect!["18 ff ff ff ff ff ff ff ff ff 01"]);
    check(|out| fixed64(out, 16, 1), &expect!["81 01 01 00 00 00 00 00 00 00"]);
    check(|out| fixed32(out, 16, 1), &expect!["85 01 01 00 00 00"]);
    check(|out| double(out, 4, 1.0), &expect!["21 00 00 00 00 00 00 f0 3f"]);
    check(|out| bytes(out, 1000, b"hi"), &expect!["c2 3e 02 68 69"]);
}
