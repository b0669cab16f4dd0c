//! Finds and reads files within their caps. Follows no folder downwards and waits for no pipe.
//! Knows nothing of what the texts say.

use super::Origins;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits::{VIEW_BYTES_MAX, VIEW_FILE_BYTES_MAX, VIEW_FILES_MAX},
};
use rustix::fs::OFlags;
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Every file by name, with its text or why there is none; and what is wrong with the folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) texts: BTreeMap<Box<str>, Result<String, String>>,
    pub(super) faults: Vec<Fault>,
}

pub(super) fn find(origins: &Origins) -> Found {
    let mut found = Found::default();
    let mut paths = match origins.dir.as_deref().map(list) {
        None => Vec::new(),
        Some(Ok(paths)) => paths,
        Some(Err(why)) => {
            let dir = origins.dir.as_deref().map(name_of).unwrap_or_default();
            found.faults.push(Fault::new(Code::CannotRead, Place::File(dir.clone()), &["read", &dir, &why]));
            Vec::new()
        }
    };
    if paths.len() > VIEW_FILES_MAX {
        let dir = origins.dir.as_deref().map(name_of).unwrap_or_default();
        let (count, most) = (paths.len().to_string(), VIEW_FILES_MAX.to_string());
        found.faults.push(Fault::new(Code::TooMany, Place::File(dir.clone()), &[&dir, &count, "files", &most]));
        paths.truncate(VIEW_FILES_MAX);
    }
    let mut room = VIEW_BYTES_MAX;
    for path in paths.iter().chain(&origins.files) {
        let text = read_capped(path).and_then(|text| {
            room = room.checked_sub(text.len()).ok_or_else(|| format!("all files together are over {VIEW_BYTES_MAX} bytes"))?;
            Ok(text)
        });
        found.texts.insert(name_of(path), text);
    }
    found.texts.extend(origins.built_in.iter().map(|(name, text)| ((*name).into(), Ok((*text).to_owned()))));
    found
}

/// The view files of a folder, in the order of their names. Hidden files and folders are somebody else's.
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(dir).map_err(|error| error.to_string())?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let ours = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if ours && !hidden && !path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The text of a plain file of at most [`VIEW_FILE_BYTES_MAX`] bytes.
pub(crate) fn read_capped(path: &Path) -> Result<String, String> {
    // Links are followed, as mounted ConfigMaps are made of them; what was opened is looked at, and no pipe is waited for.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| error.to_string())?;
    if !file.metadata().map_err(|error| error.to_string())?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let most = u64::try_from(VIEW_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > VIEW_FILE_BYTES_MAX {
        return Err(format!("it is over {VIEW_FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// A path as the user would type it.
pub(crate) fn name_of(path: &Path) -> Box<str> {
    path.display().to_string().into()
}
