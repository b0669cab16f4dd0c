//! Where on the command line a flag stands, so that a caret can point at it.
//! Reads no flag: clap does, and what its value means is decided elsewhere.

use super::{KEYS, values::without_credentials, watch};
use pointsman_core::fault::{Fault, Place, Source, code::Code};
use std::{collections::BTreeSet, sync::Arc};

/// Flags of kube-rbac-proxy that mean nothing here: it stands before another server, and logs in another way.
pub const WITHOUT_EFFECT: [&str; 14] = [
    "add-dir-header",
    "alsologtostderr",
    "log-backtrace-at",
    "log-dir",
    "log-file",
    "log-file-max-size",
    "logtostderr",
    "one-output",
    "skip-headers",
    "skip-log-headers",
    "stderrthreshold",
    "upstream",
    "v",
    "vmodule",
];
/// And all that begin so.
const WITHOUT_EFFECT_BEGIN: [&str; 2] = ["upstream-", "auth-header-"];
/// Flags of another authenticator.
const OIDC: &str = "--oidc-";

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
        let keys = if self.is_watch() { &watch::KEYS[..] } else { &KEYS };
        let flags: Vec<String> = keys.iter().chain(&["config"]).map(|key| format!("--{key}")).collect();
        let allowed: Vec<&str> = flags.iter().map(String::as_str).collect();
        let fault = |index: &usize| {
            let name = self.name(*index);
            let place = self.at(*index, 0, name.chars().count());
            if let Some(key) = name.strip_prefix("--").filter(|_| name.starts_with(OIDC) && !self.is_watch()) {
                let what = "another authenticator would decide who gets in";
                let fault = Fault::new(Code::BadSetting, place, &[key, name, what]);
                return fault.with_hint("leave it out: the API server says whose a token is");
            }
            Fault::new(Code::UnknownSetting, place, &["flag", name]).with_allowed(name, &allowed)
        };
        self.unknown.iter().filter(|index| !self.is_without_effect(**index)).map(fault).collect()
    }

    /// The flags that mean nothing here, each once.
    #[must_use]
    pub fn without_effect(&self) -> Vec<String> {
        let all = self.unknown.iter().filter(|index| self.is_without_effect(**index)).map(|index| self.name(*index));
        all.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
    }

    fn is_without_effect(&self, index: usize) -> bool {
        let begins = |key: &str| WITHOUT_EFFECT_BEGIN.iter().any(|begin| key.starts_with(begin));
        let key = self.name(index).strip_prefix("--");
        !self.is_watch() && key.is_some_and(|key| WITHOUT_EFFECT.contains(&key) || begins(key))
    }

    fn is_watch(&self) -> bool {
        self.args.get(1).is_some_and(|verb| verb == "watch")
    }

    /// A flag without its value.
    fn name(&self, index: usize) -> &str {
        self.args.get(index).map_or("", |arg| arg.split('=').next().unwrap_or(arg))
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
