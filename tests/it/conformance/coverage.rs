//! Rules against cases against the list of open rows.
//! Reads files only; runs no case.

use super::case::Case;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The rows of a tab-separated file with a head line: first column to the rest.
fn rows(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    let split = |line: &str| line.split_once('\t').map(|(id, rest)| (id.to_owned(), rest.to_owned()));
    text.lines().skip(1).filter(|line| !line.is_empty()).filter_map(split).collect()
}

/// Every breach, in words; empty when rules, cases and open rows agree.
pub(crate) fn faults(folder: &Path, cases: &[Case]) -> Vec<String> {
    let rules = rows(&folder.join("RULES.tsv"));
    let open = rows(&folder.join("../open.tsv"));
    let mut faults = Vec::new();
    let mut covered = BTreeSet::new();
    for case in cases {
        for rule in &case.rules {
            if !rules.contains_key(rule) {
                faults.push(format!("{}: no rule {rule} in RULES.tsv", case.name));
            }
            covered.insert(rule.clone());
        }
        faults.extend(case.stray_files().into_iter().map(|file| format!("{}: {file} is compared by no step", case.name)));
        if let Some(test) = &case.test
            && !test_exists(test)
        {
            faults.push(format!("{}: no test function named {test}", case.name));
        }
    }
    for rule in rules.keys() {
        match (covered.contains(rule), open.contains_key(rule)) {
            (false, false) => faults.push(format!("{rule}: no case, and not in tests/data/open.tsv")),
            (true, true) => faults.push(format!("{rule}: has a case, so take it off tests/data/open.tsv")),
            _ => {}
        }
    }
    faults
}

/// Whether some test file below `tests/it` or `src` defines `fn name`.
fn test_exists(name: &str) -> bool {
    let wanted = format!("fn {name}(");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/it"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs")
                && fs::read_to_string(&path).is_ok_and(|text| text.contains(&wanted))
            {
                return true;
            }
        }
    }
    false
}
