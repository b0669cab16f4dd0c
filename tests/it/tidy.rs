//! The house rules as tests over the tree: each breach is printed as `file:line: rule: what to do`.
//! A rule is a function from a source to breaches, so that it is held against bad samples, too: see `samples`.
//! Knows nothing of what the product does.

mod directions;
mod documents;
mod places;
mod samples;
mod sizes;
mod tree;
mod versions;
mod words;

use std::{collections::BTreeSet, fmt};
use tree::Source;

/// A house rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    FileLength,
    FunctionLength,
    Parameters,
    DeadFile,
    ModRs,
    Glob,
    Head,
    Direction,
    Clock,
    Spawn,
    Randomness,
    OpenEnd,
    Link,
    Command,
    Generated,
    Version,
}

/// Where a rule is broken, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    file: String,
    line: usize,
    rule: Rule,
    todo: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, todo } = self;
        write!(f, "{file}:{line}: {rule:?}: {todo}")
    }
}

/// Path, rule, reason. The list only shrinks: its length is held below.
const EXCEPTIONS: &[(&str, Rule, &str)] = &[];
const EXCEPTIONS_LEN: usize = 0;

/// Every rule that looks at one source at a time.
const OF_A_SOURCE: [fn(&Source) -> Vec<Breach>; 4] = [sizes::check, words::check, directions::check, places::check];

fn all() -> Vec<Breach> {
    let (sources, dead) = tree::sources();
    let mut breaches = dead;
    for source in &sources {
        OF_A_SOURCE.iter().for_each(|check| breaches.extend(check(source)));
    }
    breaches.extend(words::open_ends());
    breaches.extend(words::generated_heads());
    breaches.extend(documents::check());
    breaches.extend(versions::check());
    breaches.sort();
    breaches
}

/// Scenario: the whole tree. Guarantees: every house rule holds, or the breach is an exception with a reason; no exception
/// is left over, and there are no more of them than before.
#[test]
fn the_house_rules_hold() {
    let excepted = |breach: &Breach| EXCEPTIONS.iter().position(|(file, rule, _)| *file == breach.file && *rule == breach.rule);
    let (used, open): (Vec<_>, Vec<_>) =
        all().into_iter().map(|breach| (excepted(&breach), breach)).partition(|(at, _)| at.is_some());
    let used: BTreeSet<usize> = used.into_iter().filter_map(|(at, _)| at).collect();
    let unused = EXCEPTIONS.iter().enumerate().filter(|(at, _)| !used.contains(at));
    let mut lines: Vec<String> = open.iter().map(|(_, breach)| breach.to_string()).collect();
    lines.extend(unused.map(|(_, (file, rule, _))| format!("{file}:0: {rule:?}: this exception is no longer needed: delete it")));
    assert!(lines.is_empty(), "{} breaches of the house rules:\n{}", lines.len(), lines.join("\n"));
    assert_eq!(EXCEPTIONS.len(), EXCEPTIONS_LEN, "the list of exceptions only shrinks: lower the number beside it");
    assert!(EXCEPTIONS.iter().all(|(.., reason)| !reason.is_empty()));
}
