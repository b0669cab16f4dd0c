//! `pointsman assets`: manifests, the chart, dashboards, rules and runbooks, as they were when this binary was built.
//! Writes where it is told to and nowhere else; knows no flags, and nothing of what the files say.

mod files;
#[cfg(test)]
mod tests;

pub use files::FILES;
use serde_json::json;
use std::{
    fs,
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

/// A file of the repository that travels with the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Where it stands in the repository, and below the folder that it is written into; parts are separated by `/`.
    pub path: &'static str,
    /// Its whole text.
    pub text: &'static str,
}

/// Folders and files by what they are for. A file may be for several: an overlay is nothing without its base.
const FLAVOURS: [(&str, &[&str]); 8] = [
    ("grafana", &["dashboards/grafana/", "deploy/compose/"]),
    ("openshift", &["deploy/overlays/openshift/", "deploy/base/", "deploy/components/", "deploy/crds/"]),
    ("perses", &["dashboards/perses/"]),
    ("kustomize", &["deploy/base/", "deploy/components/", "deploy/overlays/", "deploy/crds/"]),
    ("helm", &["deploy/chart/"]),
    ("alerts", &["dashboards/alerts/"]),
    ("runbooks", &["dashboards/runbooks/"]),
    ("crds", &["deploy/crds/"]),
];

/// Done.
pub const FINE: u8 = 0;
/// Something is in the way.
pub const IN_THE_WAY: u8 = 1;
/// A folder takes no files.
pub const UNWRITABLE: u8 = 2;

impl Asset {
    /// What it is for, each a word that `--flavour` takes.
    pub fn flavours(&self) -> impl Iterator<Item = &'static str> + '_ {
        FLAVOURS.into_iter().filter(|(_, places)| places.iter().any(|place| self.path.starts_with(place))).map(|(name, _)| name)
    }
}

/// Every file that is for this, or all.
pub fn of(flavour: Option<&str>) -> impl Iterator<Item = &'static Asset> + '_ {
    FILES.iter().filter(move |asset| flavour.is_none_or(|wanted| asset.flavours().any(|name| name == wanted)))
}

/// Prints paths, sizes in bytes, and what each is for.
///
/// # Errors
/// When the writer fails.
pub fn list(flavour: Option<&str>, as_json: bool, out: &mut dyn Write) -> io::Result<u8> {
    if as_json {
        let items: Vec<_> = of(flavour)
            .map(|asset| json!({"path": asset.path, "bytes": asset.text.len(), "flavours": asset.flavours().collect::<Vec<_>>()}))
            .collect();
        writeln!(out, "{:#}", json!({"version": 1, "items": items}))?;
        return Ok(FINE);
    }
    let width = of(flavour).map(|asset| asset.path.len()).max().unwrap_or_default();
    writeln!(out, "{:width$}  {:>7}  FOR", "PATH", "BYTES")?;
    let mut bytes = 0usize;
    for asset in of(flavour) {
        let names: Vec<&str> = asset.flavours().collect();
        let names = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        writeln!(out, "{:width$}  {:>7}  {names}", asset.path, asset.text.len())?;
        bytes = bytes.saturating_add(asset.text.len());
    }
    writeln!(out, "{} files, {bytes} bytes", of(flavour).count())?;
    Ok(FINE)
}

/// Writes files below a folder, each whole or not at all. What is there already with the same text stays as it is.
/// Nothing is written while anything is in the way: all of that is told on `err`, with what to do.
///
/// # Errors
/// When a writer fails.
pub fn export(assets: &[Asset], to: &Path, force: bool, (out, err): (&mut dyn Write, &mut dyn Write)) -> io::Result<u8> {
    let (mut obstacles, mut missing) = (Vec::new(), Vec::new());
    for asset in assets {
        match find(asset, to, force) {
            Ok(Some(path)) => missing.push((path, asset.text)),
            Ok(None) => {}
            Err(obstacle) => obstacles.push(obstacle),
        }
    }
    obstacles.sort();
    obstacles.dedup();
    if !obstacles.is_empty() {
        for obstacle in &obstacles {
            writeln!(err, "{obstacle}")?;
        }
        writeln!(err, "{} in the way of {} files: nothing was written", obstacles.len(), assets.len())?;
        return Ok(IN_THE_WAY);
    }
    let same = assets.len().saturating_sub(missing.len());
    for (path, text) in &missing {
        if let Err(error) = write(path, text) {
            writeln!(err, "error: cannot write {}: {error}", path.display())?;
            return Ok(UNWRITABLE);
        }
    }
    writeln!(out, "{} files written to {}, {same} were there", missing.len(), to.display())?;
    Ok(FINE)
}

/// Where an asset is to be written; `None` = it is there. The error says what is in the way, and what to do about it.
fn find(asset: &Asset, to: &Path, force: bool) -> Result<Option<PathBuf>, String> {
    let relative = Path::new(asset.path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("{}: leads out of the folder: this binary was built wrong", asset.path));
    }
    // Below the folder that was named no link is followed: it might lead anywhere.
    let mut path = to.to_path_buf();
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let Ok(there) = fs::symlink_metadata(&path) else { continue };
        let is_file = parts.peek().is_none();
        let called = path.display();
        if there.is_symlink() {
            return Err(format!(
                "{called}: is a link, and links are not followed: remove it, or choose another folder with --to"
            ));
        }
        if is_file && !there.is_file() {
            return Err(format!("{called}: is no file: remove it, or choose another folder with --to"));
        }
        if !is_file && !there.is_dir() {
            return Err(format!("{called}: is no folder: remove it, or choose another folder with --to"));
        }
    }
    let Ok(there) = fs::read(&path) else { return if path.exists() { unreadable(&path, force) } else { Ok(Some(path)) } };
    if there == asset.text.as_bytes() {
        Ok(None)
    } else if force {
        Ok(Some(path))
    } else {
        Err(format!(
            "{}: is there with other contents: overwrite it with --force, or choose another folder with --to",
            path.display()
        ))
    }
}

fn unreadable(path: &Path, force: bool) -> Result<Option<PathBuf>, String> {
    if force {
        return Ok(Some(path.to_path_buf()));
    }
    Err(format!(
        "{}: is there, and cannot be read: overwrite it with --force, or choose another folder with --to",
        path.display()
    ))
}

/// Whoever reads the file meanwhile has all of the old text or all of the new.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut fresh = tempfile::Builder::new().permissions(readable()).tempfile_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// As of any file that is no secret; the umask of the user takes away from it.
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
