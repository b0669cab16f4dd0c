//! Files of the state directory, in which others may be able to write: read only where they are plain files of ours, within a cap,
//! and replaced without touching what stands in their place. Knows nothing of what is in them.

#[cfg(test)]
mod tests;

use rustix::{fs::OFlags, io::Errno, process::geteuid};
use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

/// Ours to read and write, nobody else's.
const MODE: u32 = 0o600;
/// Whether everybody may write.
const WRITABLE_BY_ALL: u32 = 0o002;
/// Whose files are believed beside our own: who is this may do everything anyhow.
const ROOT: u32 = 0;

/// Why a file of the state directory is not read, or not written. Each text says what mends it.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    /// Anything that the system says.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody put a link in its place.
    #[error("it is a symbolic link, which is not followed here: remove it")]
    Link,
    /// A folder, a pipe, a device.
    #[error("it is not a plain file: remove it")]
    NotAFile,
    /// Somebody else wrote it.
    #[error("it belongs to user {owner}, and pointsman runs as user {ours}: remove it, or give it to user {ours}")]
    OfAnother {
        /// Whose it is.
        owner: u32,
        /// Who we are.
        ours: u32,
    },
    /// Anybody may have written it.
    #[error("everybody may write it: remove it, or run chmod 600 on it")]
    OpenToAll,
    /// Nothing that we write is as large.
    #[error("it is larger than {0} bytes: remove it")]
    TooLarge(usize),
}

/// What the file says, at most `cap` bytes of it; `None` when there is none. Waits for no pipe and follows no link.
///
/// # Errors
/// When it is not a plain file of ours that only we may write, is larger, or cannot be read.
pub(super) fn read(path: &Path, cap: usize) -> Result<Option<Vec<u8>>, StateError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file = match OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => return Err(StateError::Link),
        Err(error) => return Err(error.into()),
    };
    // Asked of what was opened: what stands at the path may be another by now.
    let (about, ours) = (file.metadata()?, geteuid().as_raw());
    if !about.is_file() {
        return Err(StateError::NotAFile);
    }
    if ![ours, ROOT].contains(&about.uid()) {
        return Err(StateError::OfAnother { owner: about.uid(), ours });
    }
    if about.mode() & WRITABLE_BY_ALL != 0 {
        return Err(StateError::OpenToAll);
    }
    let mut bytes = Vec::new();
    file.take(u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > cap { Err(StateError::TooLarge(cap)) } else { Ok(Some(bytes)) }
}

/// Puts a file with this text in its place: written beside and renamed, so that a crash leaves the old file or the new one.
///
/// # Errors
/// When it cannot be written; what stood there before still does.
pub(super) fn replace(path: &Path, text: &[u8]) -> Result<(), StateError> {
    let beside = path.with_extension("new");
    // What is left there may be of a crash, or a link that leads elsewhere: it goes, and a new file is made in its place.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(())
}
