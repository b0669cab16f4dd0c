use super::{Condition, Stamp, Text};
use expect_test::{Expect, expect};

fn check(json: &str, want: &Expect) {
    want.assert_eq(&format!("{:?}", serde_json::from_str::<Condition>(json).map_err(|e| e.to_string())));
}

/// Scenario: conditions as no controller should write them. Guarantees: they are read as far as they make sense.
#[test]
fn conditions_are_read_as_far_as_they_make_sense() {
    check(
        r#"{"type": "Updated", "status": "True", "lastTransitionTime": "2026-11-30T10:00:00Z", "reason": null}"#,
        &expect![[
            r#"Ok(Condition { name: "Updated", status: True, reason: "", message: "", since: At(2026-11-30T10:00:00Z), is_odd: false })"#
        ]],
    );
    check(
        r#"{"type": null, "status": "Maybe", "lastTransitionTime": "0001-01-01T00:00:00Z"}"#,
        &expect![[r#"Ok(Condition { name: "", status: Unknown, reason: "", message: "", since: Bad, is_odd: true })"#]],
    );
    check(
        r#"{"type": "Updated", "status": 1}"#,
        &expect![[r#"Err("invalid type: integer `1`, expected a text at line 1 column 31")"#]],
    );
}

/// Scenario: times that are none. Guarantees: they are bad, not absent, and never a time.
#[test]
fn absurd_times_are_bad() {
    let read = |json: &str| serde_json::from_str::<Stamp>(json).expect("any text is read");
    assert_eq!(read("null"), Stamp::Absent);
    assert_eq!(read("\"yesterday\""), Stamp::Bad);
    assert_eq!(read("\"9999-12-31T23:59:59Z\""), Stamp::Bad);
    assert_eq!(read("\"1970-01-01T00:00:00Z\""), Stamp::Bad);
    assert!(read("\"2026-11-30T10:00:00.123456Z\"").at().is_some());
}

/// Scenario: a message of a mebibyte. Guarantees: a bounded part of it is kept, cut between characters.
#[test]
fn long_texts_are_cut() {
    let text = Text::from("ä".repeat(1 << 19).as_str());
    assert_eq!(text.chars().count(), crate::limits::TEXT_CHARS_MAX);
}
