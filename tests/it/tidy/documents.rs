//! What the documents promise exists: relative links lead to a file and to a heading of it, and commands name real verbs, flags and scripts.
//! Whether a command does what the text says is for other tests.

use super::{Breach, Rule, tree};
use crate::support;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

pub(super) fn check() -> Vec<Breach> {
    let mut helps = BTreeMap::new();
    let mut help = |verb: &str| {
        let known = helps.entry(verb.to_owned()).or_insert_with(|| {
            let (code, out, _) = support::run(&[verb, "--help"], &[]);
            (code == 0).then_some(out)
        });
        known.clone()
    };
    let mut breaches = Vec::new();
    for path in tree::files("", "md") {
        let text = fs::read_to_string(tree::root().join(&path)).unwrap_or_default();
        breaches.extend(links(&path, &text));
        // A page of an error begins with what is wrong.
        if !path.starts_with("src/docs/errors/") {
            breaches.extend(commands(&path, &text, &mut help));
        }
    }
    breaches
}

/// Lines with their number, and whether they stand within a fence of this kind: `None` outside.
fn lines(text: &str) -> Vec<(usize, Option<String>, &str)> {
    let mut fence: Option<String> = None;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(kind) => fence = if fence.is_some() { None } else { Some(kind.trim().to_owned()) },
            None => lines.push((at + 1, fence.clone(), line)),
        }
    }
    lines
}

/// Links outside fences and code that lead to no file of the tree, or to no heading of it.
pub(super) fn links(path: &str, whole: &str) -> Vec<Breach> {
    let folder = tree::root().join(path);
    let folder = folder.parent().unwrap_or(tree::root());
    let mut breaches = Vec::new();
    for (line, _, text) in lines(whole).into_iter().filter(|(_, fence, _)| fence.is_none()) {
        for target in targets(text) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let there = folder.join(file);
            let todo = if !file.is_empty() && !there.exists() {
                format!("`{target}` leads nowhere: mend the link")
            } else if !anchor.is_empty() && !is_heading(anchor, file, &there, whole) {
                format!("`{target}` leads to no heading: mend the anchor")
            } else {
                continue;
            };
            breaches.push(Breach { file: path.to_owned(), line, rule: Rule::Link, todo });
        }
    }
    breaches
}

/// Whether a page, this one where no file is named, has a heading that this anchor leads to.
fn is_heading(anchor: &str, file: &str, there: &Path, here: &str) -> bool {
    match fs::read_to_string(there) {
        _ if file.is_empty() => anchors(here).contains(anchor),
        Ok(text) => !file.ends_with(".md") || anchors(&text).contains(anchor),
        Err(_) => false,
    }
}

/// The anchors of a page's headings, as the hosts of repositories make them: letters, digits, `-` and `_` in small, blanks as
/// `-`, a number behind what is there already.
pub(crate) fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, fence, line) in lines(text) {
        let title = line.trim_start_matches('#');
        let depth = line.len() - title.len();
        if fence.is_some() || !(1..=6).contains(&depth) || !title.starts_with(' ') {
            continue;
        }
        // Of a link the words alone count.
        let words: String = title.trim().split("](").enumerate().fold(String::new(), |words, (i, part)| {
            words + if i == 0 { part } else { part.split_once(')').map_or("", |(_, after)| after) }
        });
        let is_kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
        let slug: String = words.to_lowercase().chars().filter(is_kept).map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = (1..).map(|n| format!("{slug}-{n}"));
        let free = std::iter::once(slug.clone()).chain(again).find(|slug| !found.contains(slug));
        found.extend(free);
    }
    found
}

/// What stands in `](…)`; code spans are left out.
fn targets(line: &str) -> Vec<&str> {
    let prose = line.split('`').step_by(2);
    prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split([')', ' ']).next()).collect()
}

/// Commands of shell fences: `help` gives the help of a verb, if there is such a verb.
pub(super) fn commands(path: &str, text: &str, help: &mut dyn FnMut(&str) -> Option<String>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (line, fence, text) in lines(text) {
        let language = fence.as_deref().and_then(|fence| fence.split_whitespace().next());
        if !matches!(language, Some("sh" | "bash" | "console" | "shell")) {
            continue;
        }
        let command = text.split(" #").next().unwrap_or_default().trim().trim_start_matches("$ ");
        let mut todos = Vec::new();
        let words: Vec<&str> = command.split_whitespace().collect();
        let scripts = words.iter().filter(|word| word.ends_with(".sh") && !word.contains("://"));
        todos.extend(
            scripts.filter(|script| !tree::root().join(script).exists()).map(|script| format!("there is no script {script}")),
        );
        if let Some(arguments) = arguments(&words) {
            todos.extend(judge(arguments, help));
        }
        let breach = |todo| Breach { file: path.to_owned(), line, rule: Rule::Command, todo };
        breaches.extend(todos.into_iter().map(breach));
    }
    breaches
}

/// What is passed to `pointsman`, by its name or through cargo.
fn arguments<'w>(words: &'w [&'w str]) -> Option<&'w [&'w str]> {
    let after = |at: usize| words.get(at + 1..);
    match words {
        ["pointsman", ..] => after(0),
        ["cargo", "run", ..] => words.iter().position(|word| *word == "--").and_then(after),
        _ => None,
    }
}

fn judge(arguments: &[&str], help: &mut dyn FnMut(&str) -> Option<String>) -> Vec<String> {
    let Some((verb, rest)) = arguments.split_first().filter(|(verb, _)| !verb.starts_with('-')) else { return Vec::new() };
    let Some(text) = help(verb) else { return vec![format!("there is no `pointsman {verb}`")] };
    let flags = rest.iter().filter(|word| word.starts_with("--")).filter_map(|word| word.split('=').next());
    let is_known = |flag: &str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == flag);
    flags.filter(|flag| !is_known(flag)).map(|flag| format!("`pointsman {verb}` has no {flag}")).collect()
}
