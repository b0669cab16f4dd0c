//! The documents that travel with the binary: each that stands in the repository, as it stands there, by its path and title.
//! `UPDATE_EXPECT=1 cargo test --test it docs` writes the table.

mod commands;

use crate::support::run;
use pointsman::docs::{self, PAGES};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Folders whose pages travel, and the path that they get.
const FOLDERS: [(&str, &str); 2] = [("src/docs", ""), ("dashboards/runbooks", "runbooks/")];
/// Pages that stand elsewhere.
const PAGES_ELSEWHERE: [(&str, &str); 4] = [
    ("otel/METRICS.md", "reference/metrics"),
    ("deploy/README.md", "how-to/install"),
    ("src/instrument/examples/README.md", "how-to/instrument-rust"),
    ("src/instrument/examples/go.md", "how-to/instrument-go"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it lists") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// Each page by its path: where it stands, and its text.
fn expected() -> BTreeMap<String, (String, String)> {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut pages = BTreeMap::new();
    for (folder, before) in FOLDERS {
        let mut found = Vec::new();
        below(&root().join(folder), &mut found);
        for file in found {
            let name = file.strip_prefix(root().join(folder)).expect("it lies there").with_extension("");
            let file = file.strip_prefix(root()).expect("it lies there").display().to_string();
            pages.insert(format!("{before}{}", name.display()), (file.clone(), read(&file)));
        }
    }
    pages.extend(PAGES_ELSEWHERE.map(|(file, path)| (path.to_owned(), (file.to_owned(), read(file)))));
    pages
}

fn title(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("# ")).expect("a page has a heading")
}

fn table() -> String {
    let mut text = "// DO NOT EDIT: made from the documents by tests/it/docs.rs (UPDATE_EXPECT=1 cargo test --test it docs).\n\
         //! Every document that travels with the binary, in the order of its path.\n\
         //! Knows nothing of what they say.\n\n\
         use super::Page;\n\n\
         /// Every page.\n\
         #[rustfmt::skip]\n\
         pub const PAGES: &[Page] = &[\n"
        .to_owned();
    for (path, (file, page)) in expected() {
        let title = title(&page);
        text.push_str(&format!(
            "    Page {{ path: {path:?}, title: {title:?}, file: {file:?}, text: include_str!(\"../../{file}\") }},\n"
        ));
    }
    text + "];\n"
}

/// Scenario: a document was added, removed or renamed, or got another heading. Guarantees: the table has it, and its text is
/// that of the repository.
#[test]
fn the_table_has_every_page() {
    let file = root().join("src/docs/pages.rs");
    if fs::read_to_string(&file).ok().as_deref() != Some(&table()) {
        assert!(std::env::var_os("UPDATE_EXPECT").is_some(), "stale: UPDATE_EXPECT=1 cargo test --test it docs");
        fs::write(&file, table()).expect("write the table");
        return;
    }
    let there: Vec<_> = PAGES.iter().map(|page| (page.path, page.file, page.text)).collect();
    let expected = expected();
    let wanted: Vec<_> = expected.iter().map(|(path, (file, text))| (path.as_str(), file.as_str(), text.as_str())).collect();
    assert!(there == wanted, "the binary is older than its documents");
}

/// Scenario: `pointsman docs`, with each page, and with names that are none. Guarantees: every page is listed with its title and
/// printed as it stands; a wrong name is told with the pages that were probably meant.
#[test]
fn every_page_is_listed_and_printed() {
    let (code, list, stderr) = run(&["docs"], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for page in docs::pages() {
        assert!(list.lines().any(|line| line.starts_with(page.path) && line.ends_with(page.title)), "{}: {list}", page.path);
    }
    let (code, text, _) = run(&["docs", "errors/PM0104"], &[]);
    assert_eq!((code, text.as_str()), (0, docs::page("errors/PM0104").expect("it is there").text));
    let (code, stdout, stderr) = run(&["docs", "erors/PM0104"], &[]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("did you mean errors/PM0104") && stderr.contains("fix: "), "{stderr}");
    assert!(run(&["docs", "PM0104"], &[]).2.contains("did you mean errors/PM0104"), "the last part is enough of a hint");
}
