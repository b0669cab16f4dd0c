use super::{push_canonical, push_f64, push_number, push_seconds};
use crate::model::point::Number;
use expect_test::expect;
use proptest::prelude::{ProptestConfig, any, proptest};

fn written(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("numbers are ASCII")
}

/// Scenario: values of every size and kind. Guarantees: TX-06, TX-08 and OM-08: text form, then canonical form.
#[test]
fn floats_look_as_go_prints_them() {
    let values = "0 -0 1 -1 0.1 1.5 99999 999999 1e6 1234567 12345678.9 1e7 100000.5 0.001 0.0001 0.00012 0.00001 0.0000123 -1e-5 \
                  1e-10 1e10 1e15 1e16 1e17 1e21 1e100 123e300 5e-324 1.7976931348623157e308 0.3 0.6666666666666666 \
                  9007199254740993 NaN inf -inf";
    let line = |text: &str| {
        let value: f64 = text.parse().expect("a number");
        format!("{} {}\n", written(|out| push_f64(out, value)), written(|out| push_canonical(out, value)))
    };
    expect![[r#"
        0 0.0
        -0 -0.0
        1 1.0
        -1 -1.0
        0.1 0.1
        1.5 1.5
        99999 99999.0
        999999 999999.0
        1e+06 1e+06
        1.234567e+06 1.234567e+06
        1.23456789e+07 1.23456789e+07
        1e+07 1e+07
        100000.5 100000.5
        0.001 0.001
        0.0001 0.0001
        0.00012 0.00012
        1e-05 1e-05
        1.23e-05 1.23e-05
        -1e-05 -1e-05
        1e-10 1e-10
        1e+10 1e+10
        1e+15 1e+15
        1e+16 1e+16
        1e+17 1e+17
        1e+21 1e+21
        1e+100 1e+100
        1.23e+302 1.23e+302
        5e-324 5e-324
        1.7976931348623157e+308 1.7976931348623157e+308
        0.3 0.3
        0.6666666666666666 0.6666666666666666
        9.007199254740992e+15 9.007199254740992e+15
        NaN NaN
        +Inf +Inf
        -Inf -Inf
    "#]]
    .assert_eq(&values.split_whitespace().map(line).collect::<String>());
}

/// Scenario: whole numbers as they came. Guarantees: TY-05: every digit.
#[test]
fn whole_numbers_are_exact() {
    let text = |int: i64| written(|out| push_number(out, Number::Int(int)));
    assert_eq!(text(i64::MAX), "9223372036854775807");
    assert_eq!(text(i64::MIN), "-9223372036854775808");
    assert_eq!(text(1_500_000), "1500000");
}

/// Scenario: moments. Guarantees: TM-02, EX-05: full nanoseconds, a fraction, no exponent.
#[test]
fn moments_are_seconds_with_a_fraction() {
    let nanos = [0, 1, 1_700_000_000_000_000_000, 1_700_000_000_123_456_789, 1_700_000_000_500_000_000, u64::MAX];
    let all: Vec<String> = nanos.iter().map(|nanos| written(|out| push_seconds(out, *nanos))).collect();
    expect!["0.0 0.000000001 1700000000.0 1700000000.123456789 1700000000.5 18446744073.709551615"].assert_eq(&all.join(" "));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    /// Scenario: any float. Guarantees: its text reads back as the same float, in both forms.
    #[test]
    fn floats_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        for text in [written(|out| push_f64(out, value)), written(|out| push_canonical(out, value))] {
            let read: f64 = text.parse().expect("it is a number");
            assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{text}");
        }
    }

    /// Scenario: any moment. Guarantees: its text holds every nanosecond.
    #[test]
    fn moments_read_back(nanos in any::<u64>()) {
        let text = written(|out| push_seconds(out, nanos));
        let (seconds, fraction) = text.split_once('.').expect("a fraction");
        let read: u128 = format!("{seconds}{fraction:0<9}").parse().expect("digits");
        assert_eq!(read, u128::from(nanos));
    }
}
