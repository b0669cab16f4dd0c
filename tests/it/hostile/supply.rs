//! What is built in comes from where it says, as it was when it was locked; nothing of ours runs while it is built.
//! Reads manifests and lock files. Versions with known holes are held by the house rules.

use super::threats::root;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Where packages of ours are, in both workspaces.
const OURS: [&str; 6] = [".", "src/core", "src/instrument", "src/watch", "tests/bench/budgets", "tests/fuzz"];

/// The packages of a lock file: name, source and checksum.
fn packages(lock: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let value = |block: &str, key: &str| {
        let start = format!("{key} = \"");
        block.lines().find_map(|line| Some(line.strip_prefix(start.as_str())?.strip_suffix('"')?.to_owned()))
    };
    let one = |block: &str| Some((value(block, "name")?, value(block, "source"), value(block, "checksum")));
    lock.split("[[package]]").skip(1).filter_map(one).collect()
}

/// What is wrong with a lock file, where these packages are ours.
fn of_lock(lock: &str, ours: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, source, checksum) in packages(lock) {
        match (&source, ours.contains(&name)) {
            (None, true) => {}
            (None, false) => faults.push(format!("{name} is a folder beside us")),
            (Some(source), _) if source != REGISTRY => faults.push(format!("{name} comes from {source}")),
            (Some(_), true) => faults.push(format!("{name} is called like one of ours")),
            (Some(_), false) if checksum.is_none_or(|sum| sum.len() != 64) => faults.push(format!("{name} has no checksum")),
            (Some(_), false) => {}
        }
    }
    faults
}

/// What is wrong with a manifest: sources that are replaced or foreign, scripts that run at build time.
fn of_manifest(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for line in text.lines().map(str::trim) {
        let (key, said) = line.split_once('=').map_or((line, ""), |(key, said)| (key.trim(), said.trim()));
        let is_section = ["[patch", "[replace", "[build-dependencies", "[source"].iter().any(|start| line.starts_with(start));
        let is_script = matches!(key, "build" | "links" | "proc-macro") && said != "false";
        let is_foreign = ["git", "registry", "registry-index"]
            .iter()
            .any(|word| key == *word || said.contains(&format!("{word} =")) || said.contains(&format!("{word}=")));
        let is_open = said == "\"*\"" || said.contains("version = \"*\"");
        if is_section || is_script || is_foreign || is_open {
            faults.push(line.to_owned());
        }
    }
    faults
}

fn below(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() && !is_hidden && !path.ends_with("target") {
            below(&path, name, found);
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
}

/// Scenario: both lock files, every manifest of ours, every script that a build would run; and samples with one thing wrong.
/// Guarantees: whatever is not ours comes from crates.io with its checksum; nothing is patched, replaced or from git; no package of
/// ours has a build script or is a macro; no name of ours is taken from elsewhere. Each sample is told.
#[test]
fn t39_what_is_built_in_is_what_was_locked() {
    let manifests: Vec<(PathBuf, String)> = OURS
        .iter()
        .map(|folder| root().join(folder).join("Cargo.toml"))
        .map(|path| (path.clone(), fs::read_to_string(&path).expect("a manifest")))
        .collect();
    let mut all = Vec::new();
    below(root(), "Cargo.toml", &mut all);
    assert_eq!(all.len(), OURS.len(), "packages that are not looked at: {all:?}");
    let name =
        |text: &String| text.lines().find_map(|line| Some(line.strip_prefix("name = \"")?.trim_end_matches('"').to_owned()));
    let mut ours: BTreeSet<String> = manifests.iter().filter_map(|(_, text)| name(text)).collect();
    assert_eq!(ours.len(), OURS.len());
    let mut faults = Vec::new();
    for (path, text) in &manifests {
        faults.extend(of_manifest(text).into_iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    for lock in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let text = fs::read_to_string(root().join(lock)).expect("a lock file is committed");
        assert!(packages(&text).len() > 100, "{lock} is read as expected");
        faults.extend(of_lock(&text, &ours).into_iter().map(|fault| format!("{lock}: {fault}")));
    }
    let mut scripts = Vec::new();
    below(root(), "build.rs", &mut scripts);
    faults.extend(scripts.into_iter().map(|path| format!("{} runs while it is built", path.display())));
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    ours.insert("us".into());
    let sum = "a".repeat(64);
    for bad in [
        "name = \"x\"\nsource = \"git+https://example.com/x\"\n".to_owned(),
        "name = \"x\"\n".to_owned(),
        format!("name = \"x\"\nsource = \"{REGISTRY}\"\n"),
        format!("name = \"us\"\nsource = \"{REGISTRY}\"\nchecksum = \"{sum}\"\n"),
        format!("name = \"x\"\nsource = \"registry+https://example.com\"\nchecksum = \"{sum}\"\n"),
    ] {
        assert_eq!(of_lock(&format!("[[package]]\n{bad}"), &ours).len(), 1, "{bad}");
    }
    let bad =
        ["[patch.crates-io]", "build = \"build.rs\"", "x = { git = \"https://example.com\" }", "x = \"*\"", "proc-macro = true"];
    for bad in bad {
        assert_eq!(of_manifest(bad), [bad]);
    }
}
