//! `cli.md` and `config.md`, from clap's own description of the command line.
//! Knows no flag by name.

use super::{cell, code};
use clap::{Arg, Command, CommandFactory};
use pointsman::{
    cli::Cli,
    config::{self, env_name},
};
use std::fmt::Write as _;

/// A help text, and the default that it names in brackets or clap knows.
fn told(arg: &Arg) -> (String, String) {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let known: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let takes = arg.get_action().takes_values();
    match help.split_once(" [default") {
        Some((text, rest)) => {
            let (default, after) = rest.split_once(']').unwrap_or((rest, ""));
            // "in a pod: its own" is a default under a condition.
            let default = default.strip_prefix(": ").unwrap_or(default).trim();
            (format!("{text}{after}"), default.to_owned())
        }
        None => (help, if takes { known.join(", ") } else { String::new() }),
    }
}

/// What may follow a flag.
fn value(arg: &Arg) -> String {
    let words: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !arg.get_action().takes_values() {
        return String::new();
    }
    if !words.is_empty() {
        return words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", ");
    }
    arg.get_value_names().unwrap_or_default().iter().map(|name| code(name)).collect::<Vec<_>>().join(" ")
}

fn name(arg: &Arg) -> String {
    let long = arg.get_long().map(|long| format!("`--{long}`"));
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    match (long, short) {
        (None, None) => code(&arg.get_value_names().unwrap_or_default().join(" ")),
        (long, short) => long.into_iter().chain(short).collect::<Vec<_>>().join(", "),
    }
}

fn arguments(verb: &Command) -> impl Iterator<Item = &Arg> {
    verb.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
}

fn built() -> Command {
    let mut cli = Cli::command();
    cli.build();
    cli
}

/// Every verb with its flags, and its examples.
pub(super) fn verbs() -> String {
    let cli = built();
    let mut page = "# The command line\n\n\
        Every verb of `pointsman`, with what follows it. `pointsman VERB --help` says the same. What `serve` and `watch` take from\n\
        the environment and from a file is in [config.md](config.md).\n"
        .to_owned();
    for verb in cli.get_subcommands() {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "\n## pointsman {}\n\n{}.\n", verb.get_name(), cell(&about)).expect("a string takes everything");
        page.push_str("| flag | value | default | what |\n| --- | --- | --- | --- |\n");
        for arg in arguments(verb) {
            let (help, default) = told(arg);
            let needed = if arg.is_required_set() { " Required." } else { "" };
            let env = arg.get_env().map(|name| format!(" Also from `{}`.", name.to_string_lossy())).unwrap_or_default();
            let text = format!("{}.{needed}{env}", cell(&help));
            writeln!(page, "| {} | {} | {} | {text} |", name(arg), value(arg), cell(&default))
                .expect("a string takes everything");
        }
        let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "\n```text\n{after}\n```").expect("a string takes everything");
    }
    page
}

/// Every key of `serve` and `watch`: flag, variable and line of the file.
pub(super) fn keys() -> String {
    let cli = built();
    let mut page = "# Configuration\n\n\
        What `serve` and `watch` read, and from where. A flag wins over the environment, which wins over the file that `--config`\n\
        names. The file is YAML, its keys are the flags without dashes. Unknown flags and keys are refused; unknown variables are not\n\
        read. All mistakes are told at once, each with a code of [errors.md](errors.md).\n"
        .to_owned();
    for (verb, keys) in [("serve", config::KEYS.as_slice()), ("watch", config::watch::KEYS.as_slice())] {
        let command = cli.find_subcommand(verb).expect("it is a verb");
        writeln!(page, "\n## pointsman {verb}\n").expect("a string takes everything");
        page.push_str("| key | variable | value | default | what |\n| --- | --- | --- | --- | --- |\n");
        for key in keys {
            let arg = arguments(command).find(|arg| arg.get_long() == Some(key)).unwrap_or_else(|| panic!("no flag --{key}"));
            let (help, default) = told(arg);
            let row = [code(key), code(&env_name(key)), value(arg), cell(&default), format!("{}.", cell(&help))];
            writeln!(page, "| {} |", row.join(" | ")).expect("a string takes everything");
        }
    }
    page
}
