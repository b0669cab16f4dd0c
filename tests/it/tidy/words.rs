//! What stands at the head of a file, what it is called, what it imports at once, and what it leaves open.
//! Knows words, not what they mean.

use super::{
    Breach, Rule,
    tree::{self, Source},
};
use std::fs;
use syn::{
    UseGlob,
    spanned::Spanned,
    visit::{self, Visit},
};

/// Rendered by a test and compared with what it renders; folders end in `/`.
const GENERATED: [&str; 20] = [
    "src/docs/pages.rs",
    "src/docs/reference/",
    "src/instrument/semconv/",
    "src/instrument/opamp/proto.rs",
    "src/views/shipped/panels.rs",
    "otel/METRICS.md",
    "otel/catalog/",
    "deploy/crds/",
    "deploy/chart/crds/",
    "deploy/chart/README.md",
    "deploy/chart/examples/rendered/",
    "deploy/bundle/manifests/",
    "src/app/assets/files.rs",
    "deploy/overlays/openshift/dashboards/",
    "dashboards/perses/",
    "deploy/components/alerts/mco.yaml",
    "deploy/components/alerts/pointsman.yaml",
    "dashboards/alerts/mco.rules.test.yml",
    "dashboards/alerts/pointsman.rules.test.yml",
    "tests/data/access/DEVIATIONS.md",
];
/// What kinds of text may hold an open end, or be generated.
const TEXTS: [&str; 9] = ["rs", "md", "toml", "yaml", "yml", "sh", "html", "py", "go"];

pub(super) fn check(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let name = source.path.rsplit('/').next().unwrap_or_default();
    if name == "mod.rs" {
        breaches.push(source.breach(1, Rule::ModRs, "call it `foo.rs` beside the folder `foo`"));
    }
    let lines = source.text.lines().skip(usize::from(source.is_generated()));
    let head = lines.take_while(|line| line.starts_with("//!")).count();
    let is_of_tests = name == "tests.rs" || source.path.contains("/tests/");
    // the head of a root is the page of its crate
    let max = if source.is_root() { usize::MAX } else { 6 };
    if !is_of_tests && !(2..=max).contains(&head) {
        let todo = format!("open with 2 to 6 lines of `//!`, not {head}: what the file is for, what it must not know");
        breaches.push(source.breach(1, Rule::Head, todo));
    }
    let mut globs = Globs { source, breaches };
    globs.visit_file(&source.ast);
    globs.breaches
}

struct Globs<'s> {
    source: &'s Source,
    breaches: Vec<Breach>,
}

impl<'ast> Visit<'ast> for Globs<'_> {
    fn visit_use_glob(&mut self, glob: &'ast UseGlob) {
        let line = glob.span().start().line;
        self.breaches.push(self.source.breach(line, Rule::Glob, "name what is imported, also in tests"));
        visit::visit_use_glob(self, glob);
    }
}

fn texts() -> impl Iterator<Item = (String, String)> {
    let paths = TEXTS.iter().flat_map(|extension| tree::files("", extension));
    paths.filter_map(|path| fs::read_to_string(tree::root().join(&path)).ok().map(|text| (path, text)))
}

/// Work that is left open in the text, in whatever language.
pub(super) fn open_ends() -> Vec<Breach> {
    texts().flat_map(|(path, text)| open_ends_of(&path, &text)).collect()
}

pub(super) fn open_ends_of(path: &str, text: &str) -> Vec<Breach> {
    // put together, or this file would be a breach
    let (fix, later) = (concat!("FIX", "ME"), concat!("TO", "DO"));
    let is_open = |line: &str| {
        let linked = format!("{later}(http");
        has_word(line, fix) || (has_word(line, later) && !line.contains(&linked))
    };
    let open = text.lines().enumerate().filter(|(_, line)| is_open(line));
    open.map(|(at, _)| Breach {
        file: path.to_owned(),
        line: at + 1,
        rule: Rule::OpenEnd,
        todo: format!("mend it now, or write {later}(link to an issue)"),
    })
    .collect()
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|part| part == word)
}

/// Generated files say so at their head, and nothing else does.
pub(super) fn generated_heads() -> Vec<Breach> {
    texts().flat_map(|(path, text)| generated_head_of(&path, &text)).collect()
}

pub(super) fn generated_head_of(path: &str, text: &str) -> Option<Breach> {
    let is_listed = GENERATED.iter().any(|place| if place.ends_with('/') { path.starts_with(place) } else { path == *place });
    let first = text.lines().next().unwrap_or_default();
    let mark = first.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let todo = match (is_listed, mark.starts_with("DO NOT EDIT")) {
        (true, false) => "head it with DO NOT EDIT and what renders it",
        (false, true) => "compare it with what renders it in a test, and list it in `words.rs`",
        _ => return None,
    };
    Some(Breach { file: path.to_owned(), line: 1, rule: Rule::Generated, todo: todo.to_owned() })
}
