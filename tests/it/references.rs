//! The reference pages in `src/docs/reference`: each is made from what the program or the cluster reads, and compared.
//! `UPDATE_EXPECT=1 cargo test --test it references` writes them.

mod command_line;
mod http;
mod lists;
mod objects;

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    root().join("src/docs/reference")
}

/// The objects of one file of the repository.
fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text as it stands in a cell of a table: on one line, no border within, nothing that would be read as HTML.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Within code everything but the border stands for itself.
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(i, part)| if i % 2 == 0 { part.replace('<', "&lt;").replace('*', "\\*") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`").replace('|', "\\|")
}

/// A word as code, or nothing.
fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

/// Each page by its name, without the line that says who wrote it.
fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("cli.md", command_line::verbs()),
        ("config.md", command_line::keys()),
        ("crds.md", objects::page()),
        ("errors.md", lists::errors()),
        ("alerts.md", lists::alerts()),
        ("http-api.md", http::page()),
    ]
}

/// Scenario: a flag, a field of a resource, a code or an alert was added, changed or removed. Guarantees: the reference says
/// what is there now, and no page is left over.
#[test]
fn reference_pages_are_fresh() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut stale = Vec::new();
    for (name, text) in pages() {
        let head = "<!-- DO NOT EDIT: made by tests/it/references.rs (UPDATE_EXPECT=1 cargo test --test it references). -->\n";
        let (file, text) = (folder().join(name), format!("{head}{text}"));
        if fs::read_to_string(&file).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        if update {
            fs::create_dir_all(folder()).expect("make the folder");
            fs::write(&file, text).expect("write the page");
        } else {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "stale, run UPDATE_EXPECT=1 cargo test --test it references: {stale:?}");
    let made: BTreeSet<_> = pages().into_iter().map(|(name, _)| name.to_owned()).collect();
    let there = fs::read_dir(folder()).expect("it lists").map(|entry| entry.expect("an entry").file_name());
    let there: BTreeSet<_> = there.filter_map(|name| name.into_string().ok()).collect();
    assert_eq!(there, made);
}
