//! Whether every threat has its tests, and what holds for the sources themselves.
//! Reads the tree; starts nothing.

use crate::conformance::coverage::tests_where;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every threat that these tests answer for, with what proves it besides: names of tests anywhere in the tree.
const THREATS: [(&str, &[&str]); 22] = [
    ("t03", &["max_series_refuses", "a_metric_over_its_cap_folds"]),
    ("t04", &["every_limit_that_bites_is_counted", "long_texts_and_many_quantiles_are_refused"]),
    ("t05", &[]),
    ("t06", &[]),
    ("t07", &["a_body_keeps_a_pace"]),
    ("t08", &[]),
    ("t09", &["an_announced_length_sets_nothing_aside"]),
    ("t10", &[]),
    ("t11", &["invalid_utf8_refuses_the_smallest_part"]),
    ("t12", &[]),
    ("t13", &[]),
    ("t14", &["a_clock_that_is_off_is_counted"]),
    ("t15", &[]),
    ("t16", &["what_is_written_reads_back", "escaped_text_reads_back", "any_state_gives_a_good_body"]),
    ("t17", &[]),
    ("t23", &["an_answer_without_end_is_a_failed_attempt"]),
    ("t31", &[]),
    ("t33", &["scrapes_that_wait_share_one_rendering", "who_falls_too_far_behind_is_given_up"]),
    ("t35", &[]),
    ("t36", &[]),
    ("t37", &[]),
    ("t40", &[]),
];

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

/// Scenario: the list of threats, the tables, and every test in the tree.
/// Guarantees: each threat has a test that begins with it, whatever else is said to prove it is one, all of them are run but
/// where a real peer is needed, every table is run, and the tables have 300 rows and more, no two of a threat with one name.
#[test]
fn every_threat_has_a_test() {
    let all = sources(&root().join("tests/it"));
    let runs = |(path, is_ignored): &(String, bool)| !is_ignored || path.contains("tests/it/real");
    let has = |name: &str| {
        let found = tests_where(name);
        !found.is_empty() && found.iter().all(runs)
    };
    let missing: Vec<String> = THREATS
        .iter()
        .flat_map(|(threat, others)| others.iter().map(|name| format!("{name}(")).chain([format!("{threat}_")]))
        .filter(|name| !has(name))
        .collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
    assert!(!has(&format!("t{}_", 99)), "a name that nobody has is found");
    let mut rows = 0;
    for entry in fs::read_dir(root().join("tests/data/hostile")).expect("the tables").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".tsv").to_owned();
        let mut ids: Vec<String> = super::row::load(&name).into_iter().map(|row| row.id).collect();
        rows += ids.len();
        ids.sort();
        let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{name} has rows of one name: {twice:?}");
        let call = format!("run(\"{name}\")");
        assert!(all.iter().any(|(_, text)| text.contains(&call)), "nobody runs {name}.tsv");
    }
    assert!(rows >= 300, "{rows} rows");
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
