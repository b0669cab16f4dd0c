//! `pointsman check FILE…`: every fault of view and catalogue files, offline, by the engine that `serve` uses.
//! Reads files and writes to the writer it is given; knows no flags and no clock.

use crate::views::dir;
use pointsman_core::{
    fault::{
        Fault, Place, Source,
        code::{Code, Severity},
        pages, render,
    },
    model::clock::Wall,
    view::{
        lint,
        read::{self, Known, Object},
        spec::ObjectId,
    },
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

#[cfg(test)]
mod tests;

/// How the faults are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For people, with the line and a caret.
    #[default]
    Table,
    /// A line each, as editors and scripts like it.
    Short,
    /// One document.
    Json,
}

impl Form {
    /// Every form with the word for it.
    pub const ALL: [(&'static str, Self); 3] = [("table", Self::Table), ("short", Self::Short), ("json", Self::Json)];
}

/// Fine.
pub const FINE: u8 = 0;
/// Faults were found.
pub const FINDINGS: u8 = 1;
/// Something could not be read.
pub const UNREADABLE: u8 = 2;

/// Everything that was found.
#[derive(Debug, Default)]
struct Findings {
    faults: Vec<Fault>,
    objects: Vec<Object>,
    files: usize,
    unreadable: bool,
}

/// Reads the files, and the view files of the folders, and prints every fault. The exit code says whether there was any:
/// remarks do not count, warnings do.
///
/// # Errors
/// When the writer fails.
pub fn run(files: &[PathBuf], form: Form, now: Wall, out: &mut dyn Write) -> io::Result<u8> {
    let findings = find(files, now);
    match form {
        Form::Table => {
            for fault in &findings.faults {
                write!(out, "{}", render::terminal(fault))?;
            }
            writeln!(out, "{}", last_line(&findings))?;
        }
        Form::Short => {
            for fault in &findings.faults {
                writeln!(out, "{}", render::short(fault))?;
            }
        }
        Form::Json => {
            let items: Vec<_> = findings.faults.iter().map(render::json).collect();
            let objects: Vec<_> = findings.objects.iter().map(|object| object.id().to_string()).collect();
            let document = serde_json::json!({"version": 1, "items": items, "files": findings.files, "objects": objects});
            writeln!(out, "{document:#}")?;
        }
    }
    let counts = findings.faults.iter().any(|fault| fault.severity() != Severity::Info);
    Ok(if findings.unreadable { UNREADABLE } else { u8::from(counts) })
}

/// Whether something is written as a code is: `PM0104`, in any case.
#[must_use]
pub fn is_code(text: &str) -> bool {
    let digits = text.get(..2).filter(|pm| pm.eq_ignore_ascii_case("PM")).and_then(|_| text.get(2..));
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Prints the page of a code, `PM0104`; the exit code says whether there is one.
///
/// # Errors
/// When the writer fails.
pub fn explain(code: &str, form: Form, out: &mut dyn Write) -> io::Result<u8> {
    let Some(code) = Code::parse(code) else {
        writeln!(out, "no code {}: they are written PM0104", render::clean(code))?;
        return Ok(UNREADABLE);
    };
    match form {
        Form::Json => {
            let entry = code.entry();
            let item = serde_json::json!({
                "code": code.id(), "severity": entry.severity.word(), "message": entry.template, "fix": entry.fix,
                "page": pages::page(code),
            });
            writeln!(out, "{:#}", serde_json::json!({"version": 1, "item": item}))?;
        }
        Form::Table | Form::Short => write!(out, "{}", pages::page(code))?,
    }
    Ok(FINE)
}

fn find(paths: &[PathBuf], now: Wall) -> Findings {
    let mut findings = Findings::default();
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        match path.is_dir().then(|| dir::files::list(path)) {
            None => files.push(path.clone()),
            Some(Ok(found)) => files.extend(found),
            Some(Err(why)) => findings.cannot_read(path, &why),
        }
    }
    findings.files = files.len();
    for path in &files {
        match dir::files::read_capped(path) {
            Ok(text) => findings.take(Arc::new(Source { name: dir::files::name_of(path), text: text.into() }), now),
            Err(why) => findings.cannot_read(path, &why),
        }
    }
    findings.check_together();
    findings
}

impl Findings {
    fn cannot_read(&mut self, path: &std::path::Path, why: &str) {
        let name = dir::files::name_of(path);
        self.unreadable = true;
        self.faults.push(Fault::new(Code::CannotRead, Place::File(name.clone()), &["read", &name, why]));
    }

    fn take(&mut self, source: Arc<Source>, now: Wall) {
        let known = Known { first_seen: &|_, _| now, namespace: "default" };
        for read in read::text(&source, &known) {
            self.faults.extend(read.faults);
            self.objects.extend(read.object);
        }
    }

    /// What only shows when all objects lie side by side.
    fn check_together(&mut self) {
        let mut first: BTreeMap<ObjectId, Place> = BTreeMap::new();
        let (mut views, mut catalogues) = (Vec::new(), Vec::new());
        for object in &self.objects {
            let place = object.place().clone();
            if let Some(other) = first.get(object.id()) {
                let fault = Fault::new(Code::SameName, place, &["objects", &object.id().to_string()]);
                self.faults.push(fault.with_related(other.clone(), "has the name already"));
                continue;
            }
            first.insert(object.id().clone(), place);
            match object {
                Object::View(view) => views.push(Arc::clone(view)),
                Object::Catalogue(catalogue) => catalogues.push(Arc::clone(catalogue)),
            }
        }
        self.faults.extend(lint::views(&views, &catalogues));
    }
}

fn last_line(findings: &Findings) -> String {
    if !findings.faults.is_empty() {
        return render::summary(&findings.faults);
    }
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let (objects, files) = (findings.objects.len(), findings.files);
    format!("no fault in {objects} object{} of {files} file{}", plural(objects), plural(files))
}
