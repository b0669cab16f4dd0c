use super::Validity;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

/// A certificate in DER, from and until midnight of two days.
fn der(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    let key = KeyPair::generate().expect("a key");
    params.self_signed(&key).expect("a certificate").der().to_vec()
}

/// Scenario: certificates of both forms of time, around centuries and leap days.
/// Guarantees: the seconds are those of `date -u +%s`.
#[test]
fn validity_is_read_as_seconds() {
    let rows = [
        ((1970, 1, 1), (2000, 2, 29), 0, 951_782_400),
        ((1999, 12, 31), (2000, 3, 1), 946_598_400, 951_868_800),
        ((2026, 11, 22), (2028, 2, 29), 1_795_305_600, 1_835_395_200),
        ((2049, 12, 31), (2050, 1, 1), 2_524_521_600, 2_524_608_000),
        ((2100, 3, 1), (4096, 1, 1), 4_107_542_400, 67_090_118_400),
        ((1950, 1, 1), (1969, 12, 31), 0, 0),
    ];
    for (from, until, from_secs, until_secs) in rows {
        assert_eq!(Validity::of(&der(from, until)), Some(Validity { from_secs, until_secs }), "{from:?} to {until:?}");
    }
}

/// Scenario: a certificate is cut off after any byte, and each of its first bytes is changed.
/// Guarantees: what cannot be read is nothing; reading always ends.
#[test]
fn what_is_no_certificate_has_no_validity() {
    let whole = der((2026, 1, 1), (2027, 1, 1));
    for end in 0..whole.len() {
        assert_eq!(Validity::of(&whole[..end]), None, "cut after {end} bytes");
    }
    for at in 0..whole.len().min(200) {
        for byte in [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            let _whatever_it_says = Validity::of(&changed);
        }
    }
}

/// Scenario: moments around both ends.
/// Guarantees: both ends belong to the time; only what is past the last second has ended.
#[test]
fn both_ends_belong_to_the_time() {
    let validity = Validity { from_secs: 10, until_secs: 20 };
    let at = |secs| (validity.holds(secs), validity.has_ended(secs));
    assert_eq!([9, 10, 20, 21].map(at), [(false, false), (true, false), (true, false), (false, true)]);
}
