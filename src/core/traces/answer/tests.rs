use super::{excerpt, partial_success, retry_delay};
use crate::wire::write;
use expect_test::{Expect, expect};

fn status_with(type_url: &str, seconds: i64, nanos: i64) -> Vec<u8> {
    let mut out = Vec::new();
    write::uint(&mut out, 1, 14);
    write::bytes(&mut out, 2, b"come back");
    write::nested(&mut out, 3, |any| {
        write::bytes(any, 1, type_url.as_bytes());
        write::nested(any, 2, |info| {
            write::nested(info, 1, |duration| {
                write::uint(duration, 1, seconds.cast_unsigned());
                write::uint(duration, 2, nanos.cast_unsigned());
            });
        });
    });
    out
}

/// Scenario: the details of an UNAVAILABLE answer, whole, odd and hostile. Guarantees: only a RetryInfo names a delay,
/// a negative one is zero, and each cut of it either says nothing or no more than it holds.
#[test]
fn only_a_retry_info_names_a_delay() {
    let check = |details: &[u8], want: Expect| want.assert_eq(&format!("{:?}", retry_delay(details)));
    let url = "type.googleapis.com/google.rpc.RetryInfo";
    check(&status_with(url, 2, 500_000_000), expect!["Some(2.5s)"]);
    check(&status_with("google.rpc.RetryInfo", 1, 0), expect!["Some(1s)"]);
    check(&status_with(url, -7, -3), expect!["Some(0ns)"]);
    check(&status_with(url, 0, i64::MAX), expect!["Some(999.999999ms)"]);
    check(&status_with("type.googleapis.com/google.rpc.DebugInfo", 2, 0), expect!["None"]);
    check(b"", expect!["None"]);
    let whole = status_with(url, 2, 0);
    for end in 0..whole.len() {
        assert!(retry_delay(&whole[..end]).is_none(), "cut at {end}");
    }
}

/// Scenario: answers of back ends. Guarantees: an empty answer or an empty partial success is full success; the number
/// and the cut, printable message are read; a negative number is none; noise is full success.
#[test]
fn a_partial_success_is_read_with_its_text_cut() {
    let answer = |rejected: i64, message: &[u8]| {
        let mut out = Vec::new();
        write::nested(&mut out, 1, |partial| {
            write::uint(partial, 1, rejected.cast_unsigned());
            write::bytes(partial, 2, message);
        });
        partial_success(&out).map(|p| (p.rejected, p.message))
    };
    assert_eq!(partial_success(b""), None);
    assert_eq!(partial_success(&[0x0a, 0]), None);
    assert_eq!(answer(3, b"too\nold\x1b[1m"), Some((3, "too old [1m".into())));
    assert_eq!(answer(0, b"careful"), Some((0, "careful".into())));
    assert_eq!(answer(-1, b""), None);
    assert_eq!(partial_success(b"\xff\xff\xff"), None);
    assert_eq!(excerpt(&[b'x'; 1000]).len(), 256);
}
