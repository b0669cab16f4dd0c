//! `check` as a user runs it, on files in a temporary folder.

use super::{Form, explain, run};
use expect_test::{Expect, expect};
use pointsman_core::model::clock::Wall;
use std::{fs, path::PathBuf};

const NOW: Wall = Wall::from_secs(1_767_261_600);
const HEAD: &str =
    "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: quiet}\nspec:\n  reason: r\n  metrics:\n";

/// Writes the files, checks the named paths, and answers with everything printed and the exit code.
fn check(files: &[(&str, &str)], paths: &[&str], form: Form, want: Expect) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("the folder is ours");
    }
    let paths: Vec<PathBuf> = paths.iter().map(|path| folder.path().join(path)).collect();
    let mut out = Vec::new();
    let code = run(&paths, form, NOW, &mut out).expect("a Vec takes everything");
    let text = String::from_utf8(out).expect("it is text").replace(&format!("{}/", folder.path().display()), "");
    let text = text.replace(&folder.path().display().to_string(), ".");
    want.assert_eq(&format!("{text}exit {code}\n"));
}

fn rule(rest: &str) -> String {
    format!("{HEAD}  - {{name: off, match: {{instruments: [queue.depth]}}, {rest}}}\n")
}

/// Scenario: a good file. Guarantees: says so, exit 0.
#[test]
fn a_good_file_has_no_fault() {
    check(
        &[("a.yaml", &rule("state: Disabled"))],
        &["a.yaml"],
        Form::Table,
        expect![[r#"
        no fault in 1 object of 1 file
        exit 0
    "#]],
    );
}

/// Scenario: an error and a warning in a folder. Guarantees: both with their line, a summary, exit 1.
#[test]
fn faults_are_shown_with_their_lines() {
    let files = [
        ("a.yaml", rule("state: Disabeld")),
        ("b.yml", rule("state: Disabled").replace("reason: r", "baseline: None").replace("quiet", "other")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    check(
        &files,
        &[""],
        Form::Table,
        expect![[r#"
        error[PM0104]: unknown state `Disabeld`
         --> a.yaml:7:61
          |
        7 |   - {name: off, match: {instruments: [queue.depth]}, state: Disabeld}
          |                                                             ^^^^^^^^ did you mean `Disabled`?
          = allowed: Inherit, Enabled, Disabled
        warning[PM0208]: rule `off` turns something off without `reason`
         --> b.yml:7:12
          |
        7 |   - {name: off, match: {instruments: [queue.depth]}, state: Disabled}
          |            ^^^
          = fix: add `reason: "why, and where to read more"`
        1 error, 1 warning · why, and how to fix: pointsman explain PM0104
        exit 1
    "#]],
    );
    check(
        &files,
        &[""],
        Form::Short,
        expect![[r#"
        a.yaml:7:61: error[PM0104]: unknown state `Disabeld`; did you mean `Disabled`?
        b.yml:7:12: warning[PM0208]: rule `off` turns something off without `reason`
        exit 1
    "#]],
    );
    check(
        &files,
        &["b.yml"],
        Form::Json,
        expect![[r#"
        {
          "files": 1,
          "items": [
            {
              "code": "PM0208",
              "fix": "add `reason: \"why, and where to read more\"`",
              "message": "rule `off` turns something off without `reason`",
              "place": {
                "column": 12,
                "file": "b.yml",
                "length": 3,
                "line": 7,
                "path": "spec.metrics[0].name"
              },
              "severity": "warning"
            }
          ],
          "objects": [
            "TelemetryView default/other"
          ],
          "version": 1
        }
        exit 1
    "#]],
    );
}

/// Scenario: one object in two files, and a file that is not there. Guarantees: both are told; exit 2 because something was not read.
#[test]
fn what_cannot_be_read_is_told_beside_the_rest() {
    let text = rule("state: Disabled");
    check(
        &[("a.yaml", &text), ("b.yaml", &text)],
        &["a.yaml", "b.yaml", "c.yaml"],
        Form::Short,
        expect![[r#"
        c.yaml: error[PM0505]: cannot read c.yaml: No such file or directory (os error 2)
        b.yaml:3:11: error[PM0106]: two objects named `TelemetryView default/quiet`
        exit 2
    "#]],
    );
}

/// Scenario: the page of a code, and of a code that is none. Guarantees: the page, exit 0; a word, exit 2.
#[test]
fn a_code_has_its_page() {
    let mut out = Vec::new();
    assert_eq!(explain("pm0104", Form::Table, &mut out).expect("a Vec takes everything"), 0);
    assert!(out.starts_with(b"# PM0104: unknown value\n"));
    assert_eq!(explain("PM9999", Form::Table, &mut Vec::new()).expect("a Vec takes everything"), 2);
}
