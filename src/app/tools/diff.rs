//! `pointsman diff -f FILE…`: what applying view files would change, before they are applied.
//! The engine runs here, on what the server tells by GETs: nothing is sent to it, and nothing is changed.

mod gather;
mod judge;
mod show;

#[cfg(test)]
mod tests;

use super::{BAD_USAGE, FINDINGS, FINE, Form, ToolError, client::Client};
use crate::views::dir;
use gather::World;
use judge::Difference;
use pointsman_core::{
    fault::{Fault, Place, Source, code::Code, render},
    model::clock::Wall,
    view::{
        read::{self, Known, Object},
        spec::{ObjectId, Term, View},
    },
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the files say.
#[derive(Debug, Default)]
struct Wanted {
    views: Vec<Arc<View>>,
    faults: Vec<Fault>,
    unreadable: bool,
}

/// Prints what each view of the files would change, one applied after the other, and every fault in them on `err`. The exit code says
/// whether anything differs.
///
/// # Errors
/// When the server does not answer, or nobody reads us.
pub async fn run(
    client: &Client,
    files: &[PathBuf],
    form: Form,
    now: Wall,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<u8, ToolError> {
    let mut world = gather::world(client, now).await?;
    let wanted = wanted(files, &world, now);
    for fault in &wanted.faults {
        write!(err, "{}", render::terminal(fault))?;
    }
    let mut differences: Vec<Difference> = Vec::new();
    for view in &wanted.views {
        let difference = judge::difference(client, &mut world, view, now).await?;
        differences.push(difference);
    }
    match form {
        Form::Table => show::text(out, &differences)?,
        Form::Json => super::document(out, &show::json(&world.at, &differences))?,
    }
    let differs = differences.iter().any(Difference::is_one) || wanted.faults.iter().any(Fault::is_error);
    Ok(match (wanted.unreadable, differs) {
        (true, _) => BAD_USAGE,
        (false, true) => FINDINGS,
        (false, false) => FINE,
    })
}

/// The views of the files; an expiry that the server knows goes on from where it is.
fn wanted(paths: &[PathBuf], world: &World, now: Wall) -> Wanted {
    let mut wanted = Wanted::default();
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        match path.is_dir().then(|| dir::files::list(path)) {
            None => files.push(path.clone()),
            Some(Ok(found)) => files.extend(found),
            Some(Err(why)) => wanted.cannot_read(path, &why),
        }
    }
    let first_seen = |id: &ObjectId, term: &Term| world.first_seen(id, term).unwrap_or(now);
    for path in &files {
        let text = match dir::files::read_capped(path) {
            Ok(text) => text,
            Err(why) => {
                wanted.cannot_read(path, &why);
                continue;
            }
        };
        let source = Arc::new(Source { name: dir::files::name_of(path), text: text.into() });
        for read in read::text(&source, &Known { first_seen: &first_seen, namespace: "default" }) {
            wanted.faults.extend(read.faults);
            if let Some(Object::View(view)) = read.object {
                wanted.views.push(view);
            }
        }
    }
    wanted
}

impl Wanted {
    fn cannot_read(&mut self, path: &Path, why: &str) {
        let name = dir::files::name_of(path);
        self.unreadable = true;
        self.faults.push(Fault::new(Code::CannotRead, Place::File(name.clone()), &["read", &name, why]));
    }
}
