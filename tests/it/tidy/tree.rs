//! The Rust sources that a crate root reaches, parsed; and those that none reaches.
//! Judges nothing else.

use super::{Breach, Rule};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

/// A parsed file.
pub(super) struct Source {
    /// Below the root of the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) ast: syn::File,
    /// Its module within its crate: empty for a root.
    pub(super) module: Vec<String>,
    /// `#[cfg(test)]` stands above it, or it belongs to a test or bench binary.
    pub(super) is_test: bool,
    pub(super) crate_name: &'static str,
}

/// Path of the root, crate, whether it is only for tests.
const ROOTS: [(&str, &str, bool); 9] = [
    ("src/lib.rs", "pointsman", false),
    ("src/main.rs", "pointsman", false),
    ("src/core/lib.rs", "pointsman_core", false),
    ("src/instrument/lib.rs", "pointsman_instrument", false),
    ("src/watch/lib.rs", "pointsman_watch", false),
    ("src/instrument/examples/operator.rs", "operator", true),
    ("tests/it/main.rs", "it", true),
    ("tests/bench/main.rs", "bench", true),
    ("tests/bench/budgets/main.rs", "budgets", true),
];

/// Every `.rs` file below these is reached from a root.
const REACHED: [&str; 3] = ["src", "tests/it", "tests/bench"];

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source that a root reaches, and a breach for each file that none does.
pub(super) fn sources() -> (Vec<Source>, Vec<Breach>) {
    let mut found = Vec::new();
    for (path, crate_name, is_test) in ROOTS {
        walk(read(path.into(), Vec::new(), is_test, crate_name), &mut found);
    }
    let reached: BTreeSet<&str> = found.iter().map(|source| source.path.as_str()).collect();
    let all = REACHED.iter().flat_map(|folder| files(folder, "rs"));
    let dead = all.filter(|path| !reached.contains(path.as_str())).map(|file| {
        let todo = "no module names this file: add `mod`, or delete it".to_owned();
        Breach { file, line: 1, rule: Rule::DeadFile, todo }
    });
    let dead = dead.collect();
    (found, dead)
}

impl Source {
    /// A source from text, as `sources` would make it.
    pub(super) fn parse(path: String, text: String, module: Vec<String>, is_test: bool, crate_name: &'static str) -> Self {
        let ast = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path, text, ast, module, is_test, crate_name }
    }

    pub(super) fn breach(&self, line: usize, rule: Rule, todo: impl Into<String>) -> Breach {
        Breach { file: self.path.clone(), line, rule, todo: todo.into() }
    }

    /// Rendered by a test of ours, not written by hand.
    pub(super) fn is_generated(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.starts_with("// DO NOT EDIT"))
    }

    pub(super) fn is_root(&self) -> bool {
        self.module.is_empty()
    }

    /// The folder in which its child modules live.
    fn folder(&self) -> PathBuf {
        let path = Path::new(&self.path);
        if self.is_root() { path.parent().map(Path::to_path_buf).unwrap_or_default() } else { path.with_extension("") }
    }
}

fn read(path: String, module: Vec<String>, is_test: bool, crate_name: &'static str) -> Source {
    let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Source::parse(path, text, module, is_test, crate_name)
}

/// Adds the source and everything below it.
fn walk(source: Source, found: &mut Vec<Source>) {
    let mut children = Vec::new();
    let place = Place { folder: source.folder(), module: source.module.clone(), is_test: source.is_test };
    below(&source.ast.items, &place, &mut children);
    let crate_name = source.crate_name;
    found.push(source);
    for (path, module, is_test) in children {
        walk(read(path, module, is_test, crate_name), found);
    }
}

struct Place {
    folder: PathBuf,
    module: Vec<String>,
    is_test: bool,
}

fn below(items: &[Item], place: &Place, children: &mut Vec<(String, Vec<String>, bool)>) {
    let modules = items.iter().filter_map(|item| if let Item::Mod(module) = item { Some(module) } else { None });
    for ItemMod { attrs, ident, content, .. } in modules {
        let name = ident.to_string();
        let module = [place.module.as_slice(), std::slice::from_ref(&name)].concat();
        let is_test = place.is_test || attrs.iter().any(is_cfg_test);
        if let Some((_, items)) = content {
            below(items, &Place { folder: place.folder.join(&name), module, is_test }, children);
            continue;
        }
        // `path` counts from the folder of the file, not of its children
        let file = match attrs.iter().find_map(path_of) {
            Some(path) => place.folder.parent().unwrap_or(Path::new("")).join(path),
            None => place.folder.join(format!("{name}.rs")),
        };
        children.push((file.to_string_lossy().into_owned(), module, is_test));
    }
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}

fn path_of(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    let Lit::Str(text) = &literal.lit else { return None };
    pair.path.is_ident("path").then(|| text.value())
}

/// Every file with this extension below `folder`, sorted; hidden folders and build output left out.
pub(super) fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), extension, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry of the tree can be read").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('.') && !matches!(name.as_str(), "target" | "node_modules") {
                collect(&path, extension, found);
            }
        } else if path.extension().is_some_and(|ext| ext == extension) {
            let below = path.strip_prefix(root()).expect("it lies in the tree");
            found.push(below.to_string_lossy().into_owned());
        }
    }
}
