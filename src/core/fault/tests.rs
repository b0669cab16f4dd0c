//! Faults as people see them.

use super::{
    Fault, Place, Source,
    code::{Code, TABLE},
    render, suggest,
};
use expect_test::expect;
use std::{collections::BTreeSet, sync::Arc};

fn at(line: u32, column: u32, len: u32, text: &str) -> Place {
    let source = Arc::new(Source { name: "quiet-mcd.yaml".into(), text: text.into() });
    Place::Text { source, line, column, len, path: "spec".into() }
}

/// Scenario: an unknown field with a near one. Guarantees: cause, place, caret, suggestion, what is allowed, in this form.
#[test]
fn a_fault_shows_cause_place_caret_and_fix() {
    let text = "\n\n\n\n\n\n\n\n\n    match: {instrument: [\"mcd_update_state\"]}\n";
    let fault = Fault::new(Code::UnknownField, at(10, 13, 10, text), &["instrument", "match"])
        .with_allowed("instrument", &["instruments", "scopes", "kinds", "levels"]);
    expect![[r#"
        error[PM0103]: unknown field `instrument` in `match`
          --> quiet-mcd.yaml:10:13
           |
        10 |     match: {instrument: ["mcd_update_state"]}
           |             ^^^^^^^^^^ did you mean `instruments`?
           = allowed: instruments, scopes, kinds, levels
    "#]]
    .assert_eq(&render::terminal(&fault));
    expect![[r#"quiet-mcd.yaml:10:13: error[PM0103]: unknown field `instrument` in `match`; did you mean `instruments`?"#]]
        .assert_eq(&render::short(&fault));
    expect![[r#"{"allowed":["instruments","scopes","kinds","levels"],"code":"PM0103","fix":"take one of the allowed fields","message":"unknown field `instrument` in `match`","place":{"column":13,"file":"quiet-mcd.yaml","length":10,"line":10,"path":"spec"},"severity":"error","suggestions":["instruments"]}"#]]
    .assert_eq(&render::json(&fault).to_string());
    expect!["1 error · why, and how to fix: pointsman explain PM0103"].assert_eq(&render::summary(&[fault]));
}

/// Scenario: a value with an escape sequence, on a line longer than a screen. Guarantees: nothing reaches the terminal but text,
/// and the caret still stands below the value.
#[test]
fn a_fault_cannot_command_a_terminal() {
    let text = format!("{}bad: \u{1b}[2J", "x".repeat(150));
    let fault = Fault::new(Code::UnknownValue, at(1, 156, 4, &text), &["state", "\u{1b}[2J"]);
    let shown = render::terminal(&fault);
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    expect![[r#"
        error[PM0104]: unknown state `\u{1b}[2J`
         --> quiet-mcd.yaml:1:156
          |
        1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxbad: \u{1b}[2J
          |                                         ^^^^
          = fix: take one of the allowed values
    "#]]
    .assert_eq(&shown);
}

/// Scenario: words one or two slips away, a swap, wrong case, and something else entirely. Guarantees: near ones only, best first.
#[test]
fn suggestions_are_near() {
    let states = ["Inherit", "Enabled", "Disabled"];
    let answers = ["Disabeld", "disabled", "enable", "Inhreit", "Debug", "", "off"].map(|word| suggest::nearest(word, states));
    expect![[r#"[["Disabled"], ["Disabled"], ["Enabled"], ["Inherit"], [], [], []]"#]].assert_eq(&format!("{answers:?}"));
    assert_eq!(suggest::distance("swpa", "swap"), 1);
}

/// Scenario: the table itself. Guarantees: each code stands in its own row, numbers are unique and ascend, words are in house style.
#[test]
fn the_table_of_codes_is_in_order() {
    let numbers: Vec<u16> = TABLE.iter().map(|entry| entry.number).collect();
    assert!(numbers.is_sorted() && numbers.iter().collect::<BTreeSet<_>>().len() == numbers.len(), "{numbers:?}");
    for entry in &TABLE {
        assert_eq!(entry.code.entry().number, entry.number, "{:?} stands in the wrong row", entry.code);
        assert_eq!(Code::parse(&entry.code.id().to_lowercase()), Some(entry.code));
        assert!(!entry.template.ends_with('.') && !entry.fix.ends_with('.'), "{}", entry.code.id());
    }
}
