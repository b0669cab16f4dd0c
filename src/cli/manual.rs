//! The command lines of `docs`, `man` and `completion`: what tells readers and shells about all the others.
//! Knows no other module.

use clap::Args;
use std::path::PathBuf;

/// How the help page of `man` ends.
pub(super) const MAN_EXAMPLES: &str = "Examples:
  pointsman man serve | man -l -
  pointsman man --to /usr/local/share/man/man1

Files of the same name in that folder are overwritten.

Exit codes: 0 fine; 2 bad usage, or a folder that takes no files.";

/// How the help page of `docs` ends.
pub(super) const DOCS_EXAMPLES: &str = "Examples:
  pointsman docs
  pointsman docs reference/config | less

They are those of this version, and are there without a network. A server shows them at /docs.

Exit codes: 0 fine; 1 no such page; 2 bad usage.";

/// How the help page of `completion` ends.
pub(super) const COMPLETION_EXAMPLES: &str = "Examples:
  pointsman completion bash > /etc/bash_completion.d/pointsman
  pointsman completion zsh > ~/.zfunc/_pointsman
  pointsman completion fish > ~/.config/fish/completions/pointsman.fish

For zsh the folder has to be in fpath before compinit runs: fpath=(~/.zfunc $fpath).

Exit codes: 0 fine; 2 bad usage.";

/// Flags of `pointsman man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The verb whose page is printed [default: the page of pointsman itself].
    #[arg(value_name = "VERB", conflicts_with = "to")]
    pub verb: Option<String>,
    /// Write every page into this folder instead; it is made where it is missing.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

/// Flags of `pointsman docs`.
#[derive(Debug, Args)]
pub struct DocsArgs {
    /// The page to print [default: the list of pages].
    #[arg(value_name = "PAGE")]
    pub page: Option<String>,
}

/// Flags of `pointsman completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Whose.
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish"])]
    pub shell: String,
}
