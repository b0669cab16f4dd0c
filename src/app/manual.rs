//! Manual pages and completion of shells, made from the command line's own description, so that they cannot differ from it.
//! Knows no verb by name; writes where it is told to and nowhere else.

use crate::cli::Cli;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Done.
pub const FINE: u8 = 0;
/// No such verb, or a folder that takes no files.
pub const BAD_USAGE: u8 = 2;

/// A manual page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its file, as in `pointsman-serve.1`.
    pub file: String,
    /// Its text, in roff.
    pub text: String,
}

/// Every manual page: that of pointsman, then one for each verb, in the order of `--help`.
///
/// # Errors
/// When a page cannot be made, which would be a mistake of ours.
pub fn pages() -> io::Result<Vec<Page>> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let verbs = cli.get_subcommands().map(|verb| page(verb, &format!("pointsman-{}", verb.get_name())));
    std::iter::once(page(&cli, "pointsman")).chain(verbs).collect()
}

/// The name has a hyphen where the synopsis has a space, as for every program with verbs.
fn page(command: &Command, name: &str) -> io::Result<Page> {
    let version = concat!("pointsman ", env!("CARGO_PKG_VERSION"));
    let man =
        Man::new(command.clone().display_name(name.to_owned())).title(name.to_uppercase()).source(version).manual("pointsman");
    let mut text = Vec::new();
    man.render(&mut text)?;
    let text = String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Page { file: format!("{name}.1"), text: tidied(&text) })
}

/// What the generator leaves that readers of manual pages stumble over.
fn tidied(text: &str) -> String {
    let changes = [
        // An empty date is left out, and what follows it is taken for one. There is no date: a binary that is built twice is the same.
        ("1  \"", "1 \"\" \""),
        (".br\n\n.br\n", ".sp\n"),
        (".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n"),
        (".SH EXTRA\nExit codes: ", ".SH EXIT STATUS\n"),
        ("\nExit codes: ", ".SH EXIT STATUS\n"),
    ];
    let text = changes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// Prints the page of a verb, or of pointsman itself.
///
/// # Errors
/// When a writer fails.
pub fn print(verb: Option<&str>, (out, told): (&mut dyn Write, &mut dyn Write)) -> io::Result<u8> {
    let file = verb.map_or_else(|| "pointsman.1".to_owned(), |verb| format!("pointsman-{verb}.1"));
    let pages = pages()?;
    if let Some(page) = pages.iter().find(|page| page.file == file) {
        out.write_all(page.text.as_bytes())?;
        return Ok(FINE);
    }
    let verbs: Vec<&str> = pages.iter().filter_map(|page| page.file.strip_prefix("pointsman-")?.strip_suffix(".1")).collect();
    writeln!(told, "error: no verb {:?}\n  fix: name one of these: {}", verb.unwrap_or_default(), verbs.join(", "))?;
    Ok(BAD_USAGE)
}

/// Writes every page into a folder, and says where.
///
/// # Errors
/// When a writer fails; a folder that takes no files is told, and is [`BAD_USAGE`].
pub fn write(to: &Path, (out, told): (&mut dyn Write, &mut dyn Write)) -> io::Result<u8> {
    let pages = pages()?;
    let written = fs::create_dir_all(to).map_err(|error| (to.to_owned(), error)).and_then(|()| {
        pages.iter().try_for_each(|page| {
            let path = to.join(&page.file);
            fs::write(&path, &page.text).map_err(|error| (path, error))
        })
    });
    match written {
        Ok(()) => writeln!(out, "{} pages in {}", pages.len(), to.display())?,
        Err((path, error)) => {
            writeln!(told, "error: cannot write {}: {error}\n  fix: name a folder of yours with --to", path.display())?;
            return Ok(BAD_USAGE);
        }
    }
    Ok(FINE)
}

/// Prints what a shell reads to complete verbs, flags and their values.
///
/// # Errors
/// When the writer fails.
pub fn completion(shell: &str, out: &mut dyn Write) -> io::Result<u8> {
    // It panics where it cannot write, so it writes into memory.
    let mut text = Vec::new();
    let Ok(shell) = shell.parse::<Shell>() else { return Ok(BAD_USAGE) };
    clap_complete::generate(shell, &mut Cli::command(), "pointsman", &mut text);
    out.write_all(&text)?;
    Ok(FINE)
}
