//! Rules against cases against the list of open rows.
//! Reads files only; runs no case.

use super::case::Case;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The rows of a tab-separated file with a head line: first column to the rest.
pub(crate) fn rows(path: &Path) -> BTreeMap<String, String> {
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
    // Threats stand open in the same list; whether they may is for their own table.
    let is_threat = |id: &str| id.strip_prefix('T').is_some_and(|number| number.parse::<u8>().is_ok());
    let strangers = open.keys().filter(|id| !rules.contains_key(*id) && !is_threat(id));
    faults.extend(strangers.map(|id| format!("{id}: stands in tests/data/open.tsv, and is neither a rule nor a threat")));
    faults
}

/// A test function of ours.
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) is_ignored: bool,
}

impl Test {
    /// Whether somebody runs it: what needs a real peer is ignored until there is one, and run then.
    pub(crate) fn is_run(&self) -> bool {
        !self.is_ignored || self.path.contains("tests/it/real")
    }
}

/// Every test below `tests/it` or `src` whose name begins so, or is that up to a bracket: where it is, and whether it is ignored.
pub(crate) fn tests_where(begins: &str) -> Vec<(String, bool)> {
    let is_it = |test: &&Test| format!("{}(", test.name).starts_with(begins);
    all_tests().iter().filter(is_it).map(|test| (test.path.clone(), test.is_ignored)).collect()
}

/// Every test below `tests/it` or `src`.
pub(crate) fn all_tests() -> &'static [Test] {
    static ALL: OnceLock<Vec<Test>> = OnceLock::new();
    ALL.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut folders, mut found) = (vec![root.join("tests/it"), root.join("src")], Vec::new());
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    found.extend(tests_of(&path));
                }
            }
        }
        found
    })
}

fn tests_of(path: &PathBuf) -> Vec<Test> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let (mut found, mut head): (Vec<Test>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        let name = line.split_once("fn ").filter(|(before, _)| ["", "async "].contains(before)).map(|(_, behind)| behind);
        let name = name.and_then(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_').next());
        if let Some(name) = name.filter(|_| head.iter().any(|line| is_test(line))) {
            let is_ignored = head.iter().any(|line| line.starts_with("#[ignore"));
            found.push(Test { name: name.to_owned(), path: path.display().to_string(), is_ignored });
        }
        // Attributes stand right above their function.
        if line.is_empty() || line.ends_with('}') {
            head.clear();
        } else {
            head.push(line);
        }
    }
    found
}

fn is_test(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("#[") && (line.contains("test]") || line.contains("test("))
}
