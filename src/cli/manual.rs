//! The command lines of `man` and `completion`: what tells shells and readers about all the others.
//! Knows no other module.

use clap::Args;
use std::path::PathBuf;

/// How the help page of `man` ends.
pub(super) const MAN_EXAMPLES: &str = "Examples:
  pointsman man serve | man -l -
  pointsman man --to /usr/local/share/man/man1

Files of the same name in that folder are overwritten.

Exit codes: 0 fine; 2 bad usage, or a folder that takes no files.";

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

/// Flags of `pointsman completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Whose.
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish"])]
    pub shell: String,
}
