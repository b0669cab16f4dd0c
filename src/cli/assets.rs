//! The command line of `assets`: what is shipped within the binary, and where it is to be written.
//! Knows no other module.

use clap::Args;
use std::path::PathBuf;

/// How its help page ends.
pub(super) const EXAMPLES: &str = "Examples:
  pointsman assets list
  pointsman assets export --flavour helm --to shipped

What is there with other contents is not overwritten, unless --force says so; all of it is told before anything is written.

Exit codes: 0 fine; 1 something is in the way, nothing was written; 2 bad usage, or a folder that takes no files.";

/// Flags of `pointsman assets`.
#[derive(Debug, Args)]
pub struct AssetsArgs {
    /// Print what there is, or write it.
    #[arg(value_name = "WHAT", value_parser = ["list", "export"])]
    pub what: String,
    /// Only what is for this: dashboards, rules, runbooks, or a way to install [default: everything].
    #[arg(long, value_name = "NAME", value_parser = ["grafana", "openshift", "perses", "kustomize", "helm", "alerts", "runbooks", "crds"])]
    pub flavour: Option<String>,
    /// The folder to write into; it is made where it is missing.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub to: PathBuf,
    /// Overwrite files that are there with other contents.
    #[arg(long)]
    pub force: bool,
    /// How to print the list.
    #[arg(long, short, value_name = "FORM", default_value = "table", value_parser = ["table", "json"])]
    pub output: String,
}
