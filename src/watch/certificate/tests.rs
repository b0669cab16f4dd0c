use super::{Validity, common_name};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, date_time_ymd};

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

/// Scenario: certificates of one name among others, in each form of text; of an empty name, of none, of other bytes.
/// Guarantees: the name is read where there is one; else nobody is named. No prefix of a certificate panics or names anybody else.
#[test]
fn the_common_name_is_read() {
    let der = |names: &[(DnType, DnValue)]| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        names.iter().for_each(|(kind, value)| params.distinguished_name.push(kind.clone(), value.clone()));
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    };
    let utf8 = |text: &str| DnValue::Utf8String(text.to_owned());
    let printable = DnValue::PrintableString("machine-config".try_into().expect("printable"));
    let wide = DnValue::BmpString("abc".try_into().expect("wide"));
    let among = [(DnType::OrganizationName, utf8("o")), (DnType::CommonName, utf8("größe")), (DnType::CountryName, utf8("XX"))];
    assert_eq!(common_name(&der(&among)), Some("größe"));
    assert_eq!(common_name(&der(&[(DnType::CommonName, printable)])), Some("machine-config"));
    for nobody in [
        vec![],
        vec![(DnType::OrganizationName, utf8("o"))],
        vec![(DnType::CommonName, utf8(""))],
        vec![(DnType::CommonName, wide)],
    ] {
        assert_eq!(common_name(&der(&nobody)), None, "{nobody:?}");
    }
    let whole = der(&among);
    for length in 0..whole.len() {
        assert_eq!(common_name(whole.get(..length).unwrap_or_default()), None, "{length} bytes");
    }
}
