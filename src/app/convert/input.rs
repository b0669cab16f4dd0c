//! Files and standard input, within their caps, as documents or as arguments.
//! Knows no proxy: a file of arguments is one whose first line is a flag.

use super::tree::{Doc, Told, entries, items, text};
use pointsman_core::{
    fault::{Fault, Place, Source, code::Code},
    limits::convert::{BYTES_MAX, FILE_BYTES_MAX, FILES_MAX, OBJECTS_MAX},
    view::yaml::{self, Value},
};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A word of a command line and where it stands.
pub(super) type Word = (String, Place);

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// Documents; those of a `List` one by one.
    pub(super) docs: Vec<Doc>,
    /// Lists of arguments, one for each file or document that is one.
    pub(super) lists: Vec<Vec<Word>>,
}

/// Reads all of it. What cannot be read, and what is no YAML, is a mistake.
pub(super) fn read(files: &[PathBuf], stdin: &mut dyn Read, told: &mut Told) -> Input {
    let mut all = Input::default();
    if files.len() > FILES_MAX {
        told.wrong(Place::Nowhere, "this", &format!("{} files are more than {FILES_MAX}", files.len()), "give fewer of them");
    }
    let (mut room, mut is_read) = (BYTES_MAX, false);
    for path in files.iter().take(FILES_MAX) {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
        if is_stdin && is_read {
            told.wrong(Place::File(name.into()), "this", "standard input is read once", "give `-` once");
            continue;
        }
        is_read |= is_stdin;
        match if is_stdin { capped(stdin) } else { open(path) } {
            Ok(text) if text.len() > room => {
                let why = format!("all files together have more than {BYTES_MAX} bytes");
                told.wrong(Place::File(name.into()), "this", &why, "give fewer of them");
            }
            Ok(text) => {
                room = room.saturating_sub(text.len());
                all.take(Arc::new(Source { name: name.into(), text: text.into() }), told);
            }
            Err(error) => {
                let fault = Fault::new(Code::CannotRead, Place::File(name.as_str().into()), &["read", &name, &error.to_string()]);
                told.mistakes.push(fault);
            }
        }
    }
    if all.docs.len() > OBJECTS_MAX {
        told.wrong(
            Place::Nowhere,
            "this",
            &format!("it has more than {OBJECTS_MAX} objects"),
            "give those about the proxy alone",
        );
        all.docs.truncate(OBJECTS_MAX);
    }
    all
}

fn open(path: &Path) -> io::Result<String> {
    if path.is_dir() {
        return Err(io::Error::other("it is a folder: name its files"));
    }
    capped(&mut File::open(path)?)
}

fn capped(from: &mut dyn Read) -> io::Result<String> {
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

impl Input {
    fn take(&mut self, source: Arc<Source>, told: &mut Told) {
        if is_arguments(&source.text) {
            self.lists.push(lines(&source));
            return;
        }
        let documents = yaml::documents(&source.text);
        if documents.is_empty() {
            told.wrong(
                Place::File(source.name.clone()),
                "this",
                "there is nothing in it",
                "give a file of manifests or arguments",
            );
        }
        for document in documents {
            match document {
                Ok(node) => self.document(Doc { source: Arc::clone(&source), node }, told),
                Err(error) => {
                    let (line, column) = (error.at.line.max(1), error.at.column.max(1));
                    let source = Arc::clone(&source);
                    let place = Place::Text { source, line, column, len: error.at.len.max(1), path: "".into() };
                    told.mistakes.push(Fault::new(Code::NotYaml, place, &[&error.why]));
                }
            }
        }
    }

    fn document(&mut self, doc: Doc, told: &mut Told) {
        match &doc.node.value {
            Value::List(words) => {
                let word = |node| (super::tree::spelt(node), doc.place(node.at));
                self.lists.push(words.iter().map(word).collect());
            }
            Value::Map(_) if text(&doc.node, &["kind"]).ends_with("List") && !items(&doc.node, &["items"]).is_empty() => {
                for item in items(&doc.node, &["items"]) {
                    self.docs.push(Doc { source: Arc::clone(&doc.source), node: item.clone() });
                }
            }
            Value::Map(_) if !entries(&doc.node).is_empty() => self.docs.push(doc),
            value => {
                let why = format!("it is {}, neither an object nor a list of arguments", value.kind());
                told.wrong(doc.place(doc.node.at), "this", &why, "give a file of manifests or arguments");
            }
        }
    }
}

/// Whether the first line that says anything is a flag: `--a`, or `-a`, neither `---` nor an item of YAML.
fn is_arguments(text: &str) -> bool {
    let said = text.lines().map(|line| unquoted(line.trim())).find(|line| !line.is_empty() && !line.starts_with('#'));
    let name = said.map(|line| line.strip_prefix("--").or_else(|| line.strip_prefix('-')).unwrap_or_default());
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// A word a line, or a flag and its value; as it is typed in a shell, too.
fn lines(source: &Arc<Source>) -> Vec<Word> {
    let mut words = Vec::new();
    for (number, line) in (1u32..).zip(source.text.lines()) {
        let before = line.chars().take_while(|c| c.is_whitespace()).count();
        let said = unquoted(line.trim().trim_end_matches('\\').trim_end());
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let column = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
        let place = |word: &str| {
            let (source, len) = (Arc::clone(source), u32::try_from(word.chars().count()).unwrap_or(u32::MAX));
            Place::Text { source, line: number, column, len, path: "".into() }
        };
        let is_pair = |(name, _): &(&str, &str)| name.starts_with('-') && !name.contains('=');
        match said.split_once(char::is_whitespace).filter(is_pair) {
            Some((name, value)) => {
                words.push((name.to_owned(), place(name)));
                words.push((unquoted(value.trim()).to_owned(), place(value)));
            }
            None => {
                let word = said.split_once('=').map(|(name, value)| format!("{name}={}", unquoted(value)));
                words.push((word.unwrap_or_else(|| said.to_owned()), place(said)));
            }
        }
    }
    words
}

fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(text)
}
