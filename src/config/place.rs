//! Where on the command line a flag stands, so that a caret can point at it.
//! Reads no flag: clap does, and what its value means is decided elsewhere.

use super::{KEYS, values::without_credentials, watch};
use pointsman_core::fault::{Fault, Place, Source, code::Code};
use std::sync::Arc;

/// The command line as typed.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// Every argument, the program first.
    pub args: Vec<String>,
    /// Indexes of the flags that nobody knows.
    pub unknown: Vec<usize>,
}

impl CommandLine {
    /// A mistake per flag that nobody knows.
    #[must_use]
    pub fn unknown_flags(&self) -> Vec<Fault> {
        let keys = if self.args.get(1).is_some_and(|verb| verb == "watch") { &watch::KEYS[..] } else { &KEYS };
        let flags: Vec<String> = keys.iter().chain(&["config"]).map(|key| format!("--{key}")).collect();
        let allowed: Vec<&str> = flags.iter().map(String::as_str).collect();
        let fault = |index: &usize| {
            let name = self.args.get(*index).map_or("", |arg| arg.split('=').next().unwrap_or(arg));
            let place = self.at(*index, 0, name.chars().count());
            Fault::new(Code::UnknownSetting, place, &["flag", name]).with_allowed(name, &allowed)
        };
        self.unknown.iter().map(fault).collect()
    }

    /// Where the `nth` value of a flag stands.
    #[must_use]
    pub fn place(&self, key: &str, nth: usize) -> Place {
        let flag = format!("--{key}");
        let of = |(i, arg): (usize, &String)| {
            let rest = arg.strip_prefix(&flag)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(self.at(i, flag.chars().count().saturating_add(1), value.chars().count())),
                None if rest.is_empty() => {
                    let value = i.saturating_add(1);
                    match self.args.get(value).filter(|arg| !arg.starts_with("--")) {
                        Some(arg) => Some(self.at(value, 0, arg.chars().count())),
                        // A switch has none.
                        None => Some(self.at(i, 0, flag.chars().count())),
                    }
                }
                None => None,
            }
        };
        self.args.iter().enumerate().filter_map(of).nth(nth).unwrap_or_else(|| Place::Setting(flag.as_str().into()))
    }

    /// `chars` characters of an argument, from its `skip`-th.
    fn at(&self, index: usize, skip: usize, chars: usize) -> Place {
        let before = self.args.iter().take(index).map(|arg| arg.chars().count().saturating_add(1));
        let column = before.fold(skip.saturating_add(1), usize::saturating_add);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let source = Arc::new(Source { name: "command line".into(), text: without_credentials(&self.args.join(" ")).into() });
        Place::Text { source, line: 1, column: number(column), len: number(chars.max(1)), path: "".into() }
    }
}
