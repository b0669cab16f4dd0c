//! What the documents promise exists: relative links lead somewhere, and commands name real verbs, flags and scripts.
//! Whether a command does what the text says is for other tests.

use super::{Breach, Rule, tree};
use crate::support;
use std::{collections::BTreeMap, fs};

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
        if !path.contains('/') {
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

/// Links outside fences and code that lead to no file of the tree.
pub(super) fn links(path: &str, text: &str) -> Vec<Breach> {
    let folder = tree::root().join(path);
    let folder = folder.parent().unwrap_or(tree::root());
    let mut breaches = Vec::new();
    for (line, _, text) in lines(text).into_iter().filter(|(_, fence, _)| fence.is_none()) {
        for target in targets(text) {
            let file = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !is_elsewhere && !file.is_empty() && !folder.join(file).exists() {
                let todo = format!("`{target}` leads nowhere: mend the link");
                breaches.push(Breach { file: path.to_owned(), line, rule: Rule::Link, todo });
            }
        }
    }
    breaches
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
        if !matches!(fence.as_deref(), Some("sh" | "bash" | "console" | "shell")) {
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
