//! `pointsman assets`: what is compiled in is what stands in the repository, and comes out of the binary as it went in.
//! `UPDATE_EXPECT=1 cargo test --test it assets` writes the table.

use crate::support::run;
use pointsman::app::assets::FILES;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository.
fn below(folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root().join(folder)).expect("it lists") {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().into_string().expect("a name in UTF-8"));
        if entry.file_type().expect("it has one").is_dir() {
            below(&path, found);
        } else {
            found.insert(path);
        }
    }
}

fn shipped() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    ["deploy", "dashboards"].into_iter().for_each(|folder| below(folder, &mut found));
    found
}

/// The table, as rustfmt leaves it.
fn table() -> String {
    let mut text = "// DO NOT EDIT: made from deploy/ and dashboards/ by tests/it/assets.rs (UPDATE_EXPECT=1 cargo test --test it assets).\n\
         //! Every file that travels with the binary, in the order of its path.\n\
         //! Knows nothing of what they say.\n\n\
         use super::Asset;\n\n\
         /// Every file below `deploy` and `dashboards`.\n\
         #[rustfmt::skip]\n\
         pub const FILES: &[Asset] = &[\n"
        .to_owned();
    for path in shipped() {
        text.push_str(&format!("    Asset {{ path: \"{path}\", text: include_str!(\"../../../{path}\") }},\n"));
    }
    text.push_str("];\n");
    text
}

/// Scenario: a file was added or removed below `deploy` or `dashboards`. Guarantees: the table has it, with its text.
#[test]
fn the_table_has_every_file() {
    let file = root().join("src/app/assets/files.rs");
    if fs::read_to_string(&file).ok().as_deref() != Some(&table()) {
        assert!(std::env::var_os("UPDATE_EXPECT").is_some(), "stale: UPDATE_EXPECT=1 cargo test --test it assets");
        fs::write(&file, table()).expect("write the file");
        return;
    }
    for asset in FILES {
        assert_eq!(fs::read_to_string(root().join(asset.path)).expect("it is there"), asset.text, "{}", asset.path);
    }
}

/// Scenario: the list in both forms, and of one flavour. Guarantees: the same files and sizes as in the repository.
#[test]
fn the_list_tells_paths_and_sizes() {
    let (code, out, err) = run(&["assets", "list", "-o", "json"], &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    let list: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(list["version"], 1);
    let items = list["items"].as_array().expect("a list");
    let paths: BTreeSet<String> = items.iter().map(|item| item["path"].as_str().expect("a path").to_owned()).collect();
    assert_eq!(paths, shipped());
    for item in items {
        let size = fs::metadata(root().join(item["path"].as_str().expect("a path"))).expect("it is there").len();
        assert_eq!(item["bytes"].as_u64(), Some(size), "{item}");
    }
    let (code, out, _) = run(&["assets", "list", "--flavour", "crds"], &[]);
    assert_eq!(code, 0);
    assert_eq!(out.lines().filter(|line| line.starts_with("deploy/crds/")).count(), 4, "{out}");
    assert!(
        out.lines().count() == 6
            && out.starts_with("PATH ")
            && out.lines().last().is_some_and(|line| line.starts_with("4 files, "))
    );
}

/// Scenario: each flavour is exported, and everything; one file is changed and exported again. Guarantees: the texts of the repository,
/// where they stand there; exit 1 with the file's name for the change, 0 with `--force`; wrong usage is 2.
#[test]
fn what_is_exported_is_what_is_shipped() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().display().to_string();
    let export = |more: &[&str]| run(&[&["assets", "export", "--to", &to], more].concat(), &[]);
    let there = |path: &str| fs::read_to_string(PathBuf::from(&to).join(path)).ok();
    let (code, out, err) = export(&["--flavour", "helm"]);
    assert!(code == 0 && err.is_empty() && out.contains("files written to"), "{out}{err}");
    assert!(there("deploy/chart/Chart.yaml").is_some() && there("deploy/base/deployment.yaml").is_none());
    assert_eq!(export(&[]).0, 0);
    for path in shipped() {
        assert_eq!(there(&path), fs::read_to_string(root().join(&path)).ok(), "{path}");
    }
    fs::write(folder.path().join("deploy/README.md"), "mine").expect("the folder is ours");
    let (code, out, err) = export(&[]);
    assert!(code == 1 && out.is_empty() && err.contains("deploy/README.md: is there with other contents"), "{out}{err}");
    assert_eq!(there("deploy/README.md").as_deref(), Some("mine"));
    assert_eq!(export(&["--force"]).0, 0);
    assert_eq!(there("deploy/README.md"), fs::read_to_string(root().join("deploy/README.md")).ok());
    for wrong in [&["assets"][..], &["assets", "list", "--flavour", "nothing"], &["assets", "remove"]] {
        assert_eq!(run(wrong, &[]).0, 2, "{wrong:?}");
    }
}

/// Scenario: the examples of the help page. Guarantees: each is good usage, and does what it says.
#[test]
fn examples_of_the_help_run() {
    let (_, help, _) = run(&["assets", "--help"], &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = folder.path().join("shipped").display().to_string();
    let examples: Vec<&str> = help.lines().filter_map(|line| line.trim().strip_prefix("pointsman ")).collect();
    assert_eq!(examples.len(), 2, "{help}");
    for example in examples {
        let args: Vec<&str> = example.split_whitespace().map(|word| if word == "shipped" { &*shipped } else { word }).collect();
        let (code, out, err) = run(&args, &[]);
        assert!(code == 0 && err.is_empty() && !out.is_empty(), "{example}: {out}{err}");
    }
    assert!(folder.path().join("shipped/deploy/chart/values.yaml").exists());
}
