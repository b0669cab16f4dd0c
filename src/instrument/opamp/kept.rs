//! Plans in files: one that is mounted and looked at again and again, and the last good one, kept for the next start. Both
//! are bounded; neither is trusted: what they hold is read as a plan by who asked. Obeys nothing.

#[cfg(test)]
mod tests;

use super::{messages::Expiry, steps::Now};
use crate::limits::{FILE_BYTES_MAX, PLAN_FILE_EVERY};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A plan that is mounted into the pod. Its folder may be swapped at any time, and a write may be seen half done.
#[derive(Debug)]
pub(super) struct PlanFile {
    path: PathBuf,
    /// What was there at the last look; `Err` where it could not be read.
    seen: Option<Result<Bytes, io::ErrorKind>>,
    due: Duration,
}

impl PlanFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, seen: None, due: Duration::ZERO }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// When to look again.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// It is looked at now.
    pub(super) fn looks(&mut self, now: Now) {
        self.due = now.mono.saturating_add(PLAN_FILE_EVERY);
    }

    /// What was found, if that is not what was there at the last look. By content: a mounted file's times say nothing.
    pub(super) fn found(&mut self, found: io::Result<Bytes>) -> Option<io::Result<Bytes>> {
        let seen = found.as_ref().map(Clone::clone).map_err(io::Error::kind);
        let changed = self.seen.as_ref() != Some(&seen);
        self.seen = Some(seen);
        changed.then_some(found)
    }
}

/// The last good plan, kept in a file for the next start.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    path: PathBuf,
}

/// A plan as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) body: Bytes,
    pub(super) expiry: Expiry,
    /// When it had come.
    pub(super) received: SystemTime,
}

/// The first line of the file; the plan's own bytes follow.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    received_ms: u64,
    #[serde(flatten)]
    expiry: Expiry,
}

impl Cache {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What an earlier run left, if anything.
    ///
    /// # Errors
    /// When it cannot be read, or is not of this form.
    pub(super) fn load(&self) -> io::Result<Option<Kept>> {
        let all = match read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let torn = || io::Error::new(io::ErrorKind::InvalidData, "it does not begin with a line that says when its plan came");
        let end = all.iter().position(|byte| *byte == b'\n').ok_or_else(torn)?;
        let Head { received_ms, expiry } = serde_json::from_slice(all.get(..end).unwrap_or_default()).map_err(|_| torn())?;
        let received = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(received_ms)).ok_or_else(torn)?;
        Ok(Some(Kept { body: all.slice(end..).slice(1..), expiry, received }))
    }

    /// Keeps a plan: whole, or the one before stays.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn store(&self, kept: Kept) -> io::Result<()> {
        let Kept { body, expiry, received } = kept;
        let since = received.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let head = Head { received_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX), expiry };
        let mut all = serde_json::to_vec(&head)?;
        all.push(b'\n');
        all.extend_from_slice(&body);
        if all.len() as u64 > FILE_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        fs::write(&new, all)?;
        fs::rename(&new, &self.path)
    }
}

/// A small file, whole.
pub(super) fn read(path: &Path) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.into()) }
}
