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
        if case.test.is_none() && case.steps.is_empty() && case.replies.is_empty() {
            faults.push(format!("{}: proves nothing: it has neither steps, nor replies, nor a test", case.name));
        }
        if let Some(test) = &case.test {
            match tests_where(&format!("{test}(")).as_slice() {
                [] => faults.push(format!("{}: no test function named {test}", case.name)),
                [(path, true)] if !path.contains("tests/it/real") => {
                    faults.push(format!("{}: {test} is ignored, and needs no real peer", case.name));
                }
                [_] => {}
                several => faults.push(format!("{}: {test} is the name of several: {several:?}", case.name)),
            }
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

/// Every test below `tests/it` or `src` whose name begins so, or is that up to a bracket: where it is, and whether it is ignored.
pub(crate) fn tests_where(begins: &str) -> Vec<(String, bool)> {
    let wanted = format!("fn {begins}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![root.join("tests/it"), root.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let starts: Vec<usize> = text.match_indices(&wanted).map(|(at, _)| at).collect();
                // Attributes stand right above their function.
                let attributes = |at: usize| {
                    let above = text.get(..at).and_then(|text| text.rsplit_once('\n')).map_or("", |(above, _)| above);
                    above.lines().rev().take_while(|line| !line.trim().is_empty()).map(str::to_owned).collect::<Vec<_>>()
                };
                let heads = starts.into_iter().map(attributes).filter(|head| head.iter().any(|line| is_test(line)));
                let is_ignored = |head: &Vec<String>| head.iter().any(|line| line.trim().starts_with("#[ignore"));
                found.extend(heads.map(|head| (path.display().to_string(), is_ignored(&head))));
            }
        }
    }
    found
}

fn is_test(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("#[") && (line.contains("test]") || line.contains("test("))
}
