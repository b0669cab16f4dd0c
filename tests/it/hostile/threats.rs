//! Whether every threat has its tests, by the table in `src/auth/README.md`, and what holds for the sources themselves.
//! Reads the tree; starts nothing.

use crate::conformance::coverage::{Test, all_tests, rows};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// So many there are: T1 to T40.
const THREATS: u8 = 40;

/// One row of the table in `src/auth/README.md`.
struct Threat {
    id: String,
    /// Names of tests anywhere in the tree.
    tests: Vec<String>,
    /// Whether something is left to show.
    is_open: bool,
}

/// The rows of the table, and what is wrong with their form.
fn table(text: &str) -> (Vec<Threat>, Vec<String>) {
    let (mut threats, mut faults) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| line.starts_with("| T")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, threat, does, proof] = cells.as_slice() else {
            faults.push(format!("{line}: not four columns"));
            continue;
        };
        if threat.is_empty() || does.is_empty() {
            faults.push(format!("{id}: says nothing"));
        }
        let (mut tests, mut is_open) = (Vec::new(), false);
        for word in proof.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match (word, word.strip_prefix('`').and_then(|word| word.strip_suffix('`'))) {
                (_, Some(name)) => tests.push(name.to_owned()),
                ("open", None) => is_open = true,
                _ => faults.push(format!("{id}: {word:?} is neither a test in backticks nor `open`")),
            }
        }
        threats.push(Threat { id: (*id).to_owned(), tests, is_open });
    }
    (threats, faults)
}

/// Whether a name begins with the number of a threat; then the threat.
fn threat_of(name: &str) -> Option<String> {
    let (number, _) = name.strip_prefix('t')?.split_once('_').filter(|(number, _)| number.len() == 2)?;
    number.parse::<u8>().ok().map(|number| format!("T{number}"))
}

/// Everything in which table, tests and open rows do not agree.
fn faults_of(text: &str, open: &BTreeMap<String, String>, tests: &[Test]) -> Vec<String> {
    let (threats, mut faults) = table(text);
    let ids: Vec<&str> = threats.iter().map(|threat| threat.id.as_str()).collect();
    let wanted: Vec<String> = (1..=THREATS).map(|number| format!("T{number}")).collect();
    faults.extend(wanted.iter().filter(|id| !ids.contains(&id.as_str())).map(|id| format!("{id}: no row")));
    faults.extend(ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| format!("{}: two rows", pair[0])));
    faults.extend(ids.iter().filter(|id| !wanted.iter().any(|known| known == *id)).map(|id| format!("{id}: no such threat")));
    for Threat { id, tests: names, is_open } in &threats {
        if names.is_empty() && !is_open {
            faults.push(format!("{id}: no test"));
        }
        for name in names {
            let found: Vec<&Test> = tests.iter().filter(|test| test.name == *name).collect();
            if found.is_empty() {
                faults.push(format!("{id}: no test named {name}"));
            } else if !found.iter().all(|test| test.is_run()) {
                faults.push(format!("{id}: {name} is run by nobody"));
            }
        }
        match (is_open, open.contains_key(id)) {
            (true, false) => faults.push(format!("{id}: open, and not in tests/data/open.tsv")),
            (false, true) => faults.push(format!("{id}: in tests/data/open.tsv, and not open")),
            _ => {}
        }
    }
    let named = |id: &str, name: &String| threats.iter().any(|threat| threat.id == id && threat.tests.contains(name));
    let unnamed = tests.iter().filter(|test| threat_of(&test.name).is_some_and(|id| !named(&id, &test.name)));
    faults.extend(unnamed.map(|test| format!("{}: its row does not name it", test.name)));
    let of_none = open.keys().filter(|id| id.starts_with('T') && !id.contains('-') && !ids.contains(&id.as_str()));
    faults.extend(of_none.map(|id| format!("{id}: in tests/data/open.tsv, and no row")));
    faults
}

/// Sources below a folder, with their paths.
pub(super) fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display())).flatten();
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            found.push((path, text));
        }
    }
    found
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Scenario: the table of threats, every test in the tree, and the list of open rows.
/// Guarantees: T1 to T40 have a row each, with a test that exists and is run, or an open end that is listed; every test that begins with
/// a number is named by its row; every table of rows is run, and they have 300 rows and more, no two of a threat with one name.
#[test]
fn every_threat_has_a_test() {
    let text = fs::read_to_string(root().join("src/auth/README.md")).expect("the table of threats");
    let faults = faults_of(&text, &rows(&root().join("tests/data/open.tsv")), all_tests());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let all = sources(&root().join("tests/it"));
    let mut rows = 0;
    for entry in fs::read_dir(root().join("tests/data/hostile")).expect("the tables").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".tsv").to_owned();
        let ids: Vec<String> = super::row::load(&name).into_iter().map(|row| row.id).collect();
        rows += ids.len();
        let different: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "{name} has rows of one name");
        let call = format!("run(\"{name}\")");
        assert!(all.iter().any(|(_, text)| text.contains(&call)), "nobody runs {name}.tsv");
    }
    assert!(rows >= 300, "{rows} rows");
}

/// Scenario: tables with one thing wrong in each row, tests that no row names, and open rows of all kinds.
/// Guarantees: each of them is told, and nothing else.
#[test]
fn what_the_table_of_threats_lacks_is_told() {
    let test = |name: &str, path: &str, is_ignored| Test { name: name.into(), path: path.into(), is_ignored };
    let tests = [
        test("fine", "tests/it/a.rs", false),
        test("t01_fine", "tests/it/a.rs", false),
        test("needs_a_peer", "tests/it/real/a.rs", true),
        test("ignored", "tests/it/a.rs", true),
        test("t09_of_no_row", "tests/it/a.rs", false),
        test("t09_of_another_row", "tests/it/a.rs", false),
        test("trace_9_is_no_number", "tests/it/a.rs", false),
    ];
    let row = |id: u8, proof: &str| format!("| T{id} | a | b | {proof} |\n");
    let mut text: String = (10..THREATS).map(|id| row(id, "`fine`")).collect();
    text += &[
        row(1, "`t01_fine`, `needs_a_peer`"),
        row(2, "open"),
        row(3, ""),
        row(4, "`nobody_wrote_this`"),
        row(5, "`ignored`"),
        row(6, "`fine`, open"),
        row(7, "`fine`"),
        row(8, "fine"),
        row(9, "`fine`"),
        row(9, "`fine`, `t09_of_another_row`"),
        row(41, "`fine`"),
        "| T42 | a | `fine` |\n| T11 | | b | `t09_of_another_row` |\n".to_owned(),
    ]
    .concat();
    let open = ["T2", "T7", "T77", "RC-02"].map(|id| (id.to_owned(), String::new())).into();
    let faults = faults_of(&text, &open, &tests);
    let wanted = [
        "T8: \"fine\" is neither",
        "| T42 | a | `fine` |: not four columns",
        "T11: says nothing",
        "T40: no row",
        "T9: two rows",
        "T41: no such threat",
        "T3: no test",
        "T4: no test named nobody_wrote_this",
        "T5: ignored is run by nobody",
        "T6: open, and not",
        "T7: in tests/data/open.tsv, and not open",
        "T8: no test",
        "t09_of_no_row: its row does not name it",
        "T77: in tests/data/open.tsv, and no row",
    ];
    assert_eq!(faults.len(), wanted.len(), "{faults:#?}");
    for (fault, wanted) in faults.iter().zip(wanted) {
        assert!(fault.starts_with(wanted), "{fault:?} instead of {wanted:?}");
    }
}

/// Scenario: every source of ours, word by word.
/// Guarantees: no lock of the standard library, which a panic poisons: one request cannot take another's data along.
#[test]
fn t40_no_lock_of_ours_poisons() {
    let all = sources(&root().join("src"));
    let all: Vec<_> = all.into_iter().filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "examples")).collect();
    let bad: Vec<_> = all.iter().filter(|(_, text)| names_a_poisoning_lock(text)).map(|(path, _)| path).collect();
    assert!(bad.is_empty(), "locks that poison: {bad:?}");
    assert!(all.iter().any(|(_, text)| text.contains("parking_lot::")), "there are locks to look at");
    for bad in
        ["use std::sync::Mutex;", "use std::{\n    sync::{Arc, RwLock},\n};", "x: std::sync::Mutex<u8>", "use std::sync::*;"]
    {
        assert!(names_a_poisoning_lock(bad), "{bad}");
    }
    for good in ["use parking_lot::Mutex;\nuse std::sync::Arc;", "use std::{\n    sync::Arc,\n};\nstruct Mutex;"] {
        assert!(!names_a_poisoning_lock(good), "{good}");
    }
}

/// Whether a lock is taken from `std::sync`, by a path, by a list behind it, or with everything else.
fn names_a_poisoning_lock(text: &str) -> bool {
    let is_lock = |word: &str| ["Mutex", "RwLock", "*"].contains(&word);
    // Behind `sync::` of std or of a list that std begins; tokio's and others' have a path of their own before it.
    text.match_indices("sync::").any(|(at, found)| {
        let (before, behind) = (text.get(..at).unwrap_or_default(), text.get(at + found.len()..).unwrap_or_default());
        let of_std = before.ends_with("std::")
            || before.rsplit_once("use ").is_some_and(|(_, list)| list.starts_with("std::{") && !list.contains(';'));
        let list = behind.strip_prefix('{').and_then(|list| list.split_once('}')).map(|(list, _)| list);
        let first = behind.split(|c: char| !c.is_alphanumeric() && c != '*').next().unwrap_or_default();
        let words = list.unwrap_or(first).split(|c: char| !c.is_alphanumeric() && c != '*');
        of_std && words.into_iter().any(is_lock)
    })
}
