//! Times and durations there and back.

use super::{format_duration, format_time, parse_duration, parse_time};
use expect_test::expect;
use proptest::prelude::{ProptestConfig, any, proptest};
use std::time::Duration;

/// Scenario: durations as people write them, and near misses. Guarantees: exact nanoseconds, or nothing.
#[test]
fn durations_are_read() {
    let texts =
        ["90s", "5m", "4h", "1h30m", "1.5s", "250ms", "0s", "", "5", "h", "4d", "-1s", "1.s", "99999999999h", "1e3s", "1m 2s"];
    let lines = texts.map(|text| format!("{text:?}: {:?}\n", parse_duration(text).map(format_duration)));
    expect![[r#"
        "90s": Some("1m30s")
        "5m": Some("5m")
        "4h": Some("4h")
        "1h30m": Some("1h30m")
        "1.5s": Some("1s500ms")
        "250ms": Some("250ms")
        "0s": Some("0s")
        "": None
        "5": None
        "h": None
        "4d": None
        "-1s": None
        "1.s": None
        "99999999999h": None
        "1e3s": None
        "1m 2s": None
    "#]]
    .assert_eq(&lines.concat());
}

/// Scenario: times with fractions, offsets, leap days and impossible dates. Guarantees: the moment, or nothing.
#[test]
fn times_are_read() {
    let texts = [
        "2026-11-22T18:02:09Z",
        "2026-11-22T18:02:09.5+02:00",
        "2024-02-29T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2000-02-29T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01",
        "2026-01-01T10:00:00",
        "2026-01-01T10:00:00+0200",
        "9999-12-31T23:59:59Z",
        "soon",
        "2026-01-01T10:00:00é",
    ];
    let lines = texts.map(|text| format!("{text:?}: {:?}\n", parse_time(text).map(format_time)));
    expect![[r#"
        "2026-11-22T18:02:09Z": Some("2026-11-22T18:02:09Z")
        "2026-11-22T18:02:09.5+02:00": Some("2026-11-22T16:02:09.500Z")
        "2024-02-29T00:00:00Z": Some("2024-02-29T00:00:00Z")
        "2026-02-29T00:00:00Z": None
        "2000-02-29T00:00:00Z": Some("2000-02-29T00:00:00Z")
        "1970-01-01T00:00:00Z": Some("1970-01-01T00:00:00Z")
        "1969-12-31T23:59:59Z": None
        "2026-13-01T00:00:00Z": None
        "2026-00-01T00:00:00Z": None
        "2026-01-01T24:00:00Z": None
        "2026-01-01": None
        "2026-01-01T10:00:00": None
        "2026-01-01T10:00:00+0200": None
        "9999-12-31T23:59:59Z": None
        "soon": None
        "2026-01-01T10:00:00é": None
    "#]]
    .assert_eq(&lines.concat());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any moment in whole milliseconds, any duration. Guarantees: what is written is read back.
    #[test]
    fn what_is_written_is_read(millis in 0u64..18_000_000_000_000, nanos in any::<u64>()) {
        let time = crate::model::clock::Wall(millis * 1_000_000);
        assert_eq!(parse_time(&format_time(time)), Some(time));
        let duration = Duration::from_nanos(nanos);
        assert_eq!(parse_duration(&format_duration(duration)), Some(duration));
    }

    /// Scenario: any text. Guarantees: no panic.
    #[test]
    fn any_text_is_read_or_not(text in "\\PC*") {
        assert!(parse_time(&text).is_none_or(|time| time.0 < u64::MAX));
        assert!(parse_duration(&text).is_none_or(|duration| duration < Duration::MAX));
    }
}
