//! Faults of the registry's files: where, what, and the line with a caret below the place.
//! Knows places in texts, nothing of what a registry is.

use serde_saphyr::{Location, Spanned};
use std::{collections::BTreeSet, fmt::Write};

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Faults {
    /// (file, line, column, what), so that they sort by place.
    list: BTreeSet<(String, usize, usize, String)>,
    /// Names that groups which cannot be read would define: whoever refers to them is not to blame.
    pub(super) unread: BTreeSet<String>,
}

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A fault at this place of the file `name`.
    pub(super) fn add(&mut self, name: &str, at: Option<&Location>, what: String) {
        let (line, column) = at.map_or((1, 1), |at| (place(at.line()), place(at.column())));
        self.list.insert((name.to_owned(), line, column, what));
    }

    /// A fault of what this word names.
    pub(super) fn of(&mut self, name: &str, word: &Spanned<String>, what: &str) {
        self.add(name, Some(&word.referenced), format!("{}: {what}", word.value));
    }

    /// Remembers what a group that cannot be read would have defined.
    pub(super) fn unread(&mut self, text: &str) {
        let words = text.split(|c: char| c.is_whitespace() || "{},".contains(c)).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        let named = words.windows(2).filter(|pair| matches!(pair[0], "id:" | "name:"));
        self.unread.extend(named.map(|pair| pair[1].to_owned()));
    }

    /// Each as its place, what is wrong, the line, and a caret below the place.
    pub(super) fn shown(&self, texts: &[(String, String)]) -> Vec<String> {
        let one = |(name, line, column, what): &(String, usize, usize, String)| {
            let text = texts.iter().find(|(n, _)| n == name).map_or("", |(_, text)| text);
            let source = text.lines().nth(line - 1).unwrap_or_default();
            let mut shown = format!("{name}.yaml:{line}:{column}: {what}\n");
            write!(shown, "{line:>5} | {source}\n      | {:>column$}", "^").expect("a string takes everything");
            shown
        };
        self.list.iter().map(one).collect()
    }
}

fn place(n: impl TryInto<usize>) -> usize {
    n.try_into().unwrap_or(1).max(1)
}
