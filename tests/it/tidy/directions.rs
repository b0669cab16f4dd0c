//! Who may know whom: the table of the layout as data, held against every path of every source.
//! Tests are left out: they may build what they test with.

use super::{Breach, Rule, tree::Source};
use proc_macro2::{TokenStream, TokenTree};
use syn::{
    ItemUse, Macro, Path, UseTree,
    spanned::Spanned,
    visit::{self, Visit},
};

/// Modules of core by their own name, modules of the rim by theirs, foreign crates by theirs; `core` is all of core.
/// A module always knows itself, and foreign crates that are not in [`WATCHED`].
const MAY: &[(&str, &[&str])] = &[
    ("core/limits", &[]),
    ("core/model", &["core/limits"]),
    ("core/fault", &["core/limits", "core/model"]),
    ("core/wire", &["core/limits", "core/model"]),
    ("core/decode", &["core/limits", "core/model", "core/wire"]),
    ("core/view", &["core/limits", "core/model", "core/fault", "core/expose"]),
    ("core/state", &["core/limits", "core/model", "core/wire", "core/decode", "core/view"]),
    ("core/expose", &["core/limits", "core/model", "core/wire", "core/state"]),
    ("core/traces", &["core/limits", "core/model", "core/wire", "core/decode", "core/view"]),
    ("core", &[]),
    ("instrument", &["opentelemetry", "tonic", "hyper", "tokio"]),
    ("ingest", &["core", "instrument", "auth", "axum", "tonic", "hyper", "tokio"]),
    ("expose", &["core", "instrument", "auth", "axum", "hyper", "tokio"]),
    ("web", &["core", "docs", "instrument", "auth", "axum", "hyper", "tokio"]),
    ("traces", &["core", "instrument", "auth", "tonic", "tokio"]),
    ("kubernetes", &["core", "kube", "tokio"]),
    ("views", &["core", "instrument", "kubernetes", "kube", "tokio"]),
    ("control", &["core", "instrument", "auth", "kubernetes", "kube", "axum", "tokio"]),
    // `watch` reads how long a certificate is valid, for the metrics of certificates; `auth` asks the same of its own.
    ("auth", &["core/limits", "core/model", "core/fault", "instrument", "watch", "kubernetes", "kube", "hyper", "tokio"]),
    ("watch", &["instrument"]),
    ("config", &["core/limits", "core/model", "core/fault", "core/expose", "cli"]),
    ("cli", &[]),
    ("docs", &["core/fault"]),
    ("telemetry", &["instrument"]),
    ("app", &["core", "instrument", "watch", "rim", "kube", "axum", "tonic", "hyper", "tokio"]),
    ("pointsman", &["rim"]),
];

/// Modules of the root package that meet only in `app`.
const RIM: [&str; 13] =
    ["app", "auth", "cli", "config", "control", "docs", "expose", "ingest", "kubernetes", "telemetry", "traces", "views", "web"];

/// Foreign crates that not everyone may know, by the name under which [`MAY`] lists them.
const WATCHED: [(&str, &str); 12] = [
    ("kube", "kube"),
    ("k8s_openapi", "kube"),
    ("tonic", "tonic"),
    ("tonic_health", "tonic"),
    ("axum", "axum"),
    ("hyper", "hyper"),
    ("hyper_util", "hyper"),
    ("tokio", "tokio"),
    ("tokio_stream", "tokio"),
    ("opentelemetry", "opentelemetry"),
    ("opentelemetry_otlp", "opentelemetry"),
    ("opentelemetry_sdk", "opentelemetry"),
];

pub(super) fn check(source: &Source) -> Vec<Breach> {
    if source.is_test {
        return Vec::new();
    }
    let unit = unit(source.crate_name, &source.module);
    let Some((_, may)) = MAY.iter().find(|(name, _)| *name == unit) else {
        let todo = format!("say in `directions.rs` whom `{unit}` may know");
        return vec![source.breach(1, Rule::Direction, todo)];
    };
    let allowed = |target: &str| {
        let is_rim = may.contains(&"rim") && RIM.contains(&target);
        let is_core = may.contains(&"core") && target.starts_with("core");
        target == unit || may.contains(&target) || is_rim || is_core
    };
    let mut breaches: Vec<Breach> = paths(source)
        .iter()
        .filter_map(|seen| target(source, &seen.path).map(|target| (seen.line, target)))
        .filter(|(_, target)| !allowed(target))
        .map(|(line, target)| {
            let todo = format!("`{unit}` must not know `{target}`: take a value, a closure or a channel end from `app`");
            source.breach(line, Rule::Direction, todo)
        })
        .collect();
    breaches.dedup();
    breaches
}

/// The name under which [`MAY`] lists a module.
fn unit(crate_name: &str, module: &[String]) -> String {
    match (crate_name, module.first()) {
        ("pointsman_core", Some(first)) => format!("core/{first}"),
        ("pointsman_core", None) => "core".to_owned(),
        ("pointsman_instrument", _) => "instrument".to_owned(),
        ("pointsman_watch", _) => "watch".to_owned(),
        (_, Some(first)) => first.clone(),
        (name, None) => name.to_owned(),
    }
}

/// What a path leads to, where that is anything to watch.
fn target(source: &Source, path: &[String]) -> Option<String> {
    let (head, rest) = path.split_first()?;
    match head.as_str() {
        "crate" | "self" | "super" => {
            let absolute = absolute(&source.module, path);
            // a path that ends at the root names something of the root itself
            (!absolute.is_empty()).then(|| unit(source.crate_name, &absolute))
        }
        name @ ("pointsman" | "pointsman_core" | "pointsman_instrument" | "pointsman_watch") => Some(unit(name, rest)),
        name => WATCHED.iter().find(|(watched, _)| *watched == name).map(|(_, listed)| (*listed).to_owned()),
    }
}

/// Resolves `crate`, `self` and `super` from a module.
fn absolute(module: &[String], path: &[String]) -> Vec<String> {
    let mut at: Vec<String> = module.to_vec();
    for segment in path {
        match segment.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
            }
            name => at.push(name.to_owned()),
        }
    }
    at
}

/// A path as it is written, groups of `use` unfolded.
pub(super) struct Seen {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Every path of a source: in `use`, in code and types, and within the tokens of macros.
pub(super) fn paths(source: &Source) -> Vec<Seen> {
    let mut paths = Paths { seen: Vec::new() };
    paths.visit_file(&source.ast);
    paths.seen
}

struct Paths {
    seen: Vec<Seen>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        unfold(&item.tree, &mut Vec::new(), &mut self.seen);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let line = path.span().start().line;
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.seen.push(Seen { path: segments, line });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        within(item.tokens.clone(), &mut self.seen);
        visit::visit_macro(self, item);
    }
}

fn unfold(tree: &UseTree, before: &mut Vec<String>, seen: &mut Vec<Seen>) {
    let line = tree.span().start().line;
    let mut leaf = |name: String| seen.push(Seen { path: [before.as_slice(), &[name]].concat(), line });
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            unfold(&path.tree, before, seen);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| unfold(tree, before, seen)),
        UseTree::Name(name) => leaf(name.ident.to_string()),
        UseTree::Rename(rename) => leaf(rename.ident.to_string()),
        _ => leaf("*".to_owned()),
    }
}

/// Paths within a macro's tokens: names joined by `::`.
fn within(tokens: TokenStream, seen: &mut Vec<Seen>) {
    let (mut path, mut colons, mut line) = (Vec::new(), 0, 0);
    let flush = |path: &mut Vec<String>, line: usize, seen: &mut Vec<Seen>| {
        if !path.is_empty() {
            seen.push(Seen { path: std::mem::take(path), line });
        }
    };
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    flush(&mut path, line, seen);
                    line = name.span().start().line;
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                flush(&mut path, line, seen);
                within(group.stream(), seen);
                colons = 0;
            }
            _ => {
                flush(&mut path, line, seen);
                colons = 0;
            }
        }
    }
    flush(&mut path, line, seen);
}
