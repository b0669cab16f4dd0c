//! The last good views on disk, so that a restart serves them while no API server answers. A checksum tells damage.
//! Knows a file and its form; what is in it belongs to the tables.

#[cfg(test)]
mod tests;

use super::{
    state::{self, StateError},
    tables::Saved,
};
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits::CLUSTER_CACHE_BYTES_MAX,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const FILE: &str = "views-cache.json";
/// Grows when what is kept changes so that an older reader would misread it.
const FORMAT: u32 = 1;

/// How the cache fares, as counters that only grow.
#[derive(Debug, Default)]
pub struct CacheHealth {
    written: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
}

impl CacheHealth {
    /// Times the file was written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Times it could not be written.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Times it was there and could not be used: at most once a process.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// Why a cache is not used, or not written.
#[derive(Debug, thiserror::Error)]
enum CacheError {
    #[error("{0}")]
    File(#[from] StateError),
    #[error("there is more to keep than {CLUSTER_CACHE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("it is damaged: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("its format {0} is not known")]
    Format(u32),
}

/// The first line of the file; the second is what it speaks of.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    /// Counts writes, over restarts.
    generation: u64,
    sha256: String,
}

/// The file.
#[derive(Debug)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    generation: u64,
    sha256: String,
    fault: Option<Fault>,
    health: Arc<CacheHealth>,
}

impl Cache {
    /// Reads what an earlier run kept. A file that cannot be used is as good as none, and told.
    pub(super) fn open(dir: Option<&Path>) -> (Self, Option<Saved>) {
        let path = dir.map(|dir| dir.join(FILE));
        let (generation, sha256, health) = (0, String::new(), Arc::default());
        let mut cache = Self { path, generation, sha256, fault: None, health };
        let saved = cache.path.as_deref().map(read).transpose();
        match saved.map(Option::flatten) {
            Ok(None) => (cache, None),
            Ok(Some((head, saved))) => {
                (cache.generation, cache.sha256) = (head.generation, head.sha256);
                (cache, Some(saved))
            }
            Err(error) => {
                cache.health.refused.fetch_add(1, Ordering::Relaxed);
                cache.fault = cache.tell("read", &error);
                (cache, None)
            }
        }
    }

    /// Keeps all this. Writes nothing when nothing changed; a failure is counted and told, and what was kept stays.
    pub(super) fn write(&mut self, saved: &Saved) {
        let Some(path) = &self.path else { return };
        let written = self.text(saved).and_then(|text| match text {
            Some((head, text)) => Ok(state::replace(path, &text).map(|()| Some(head))?),
            None => Ok(None),
        });
        match written {
            Ok(head) => {
                self.fault = None;
                if let Some(head) = head {
                    (self.generation, self.sha256) = (head.generation, head.sha256);
                    self.health.written.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(error) => {
                self.health.failed.fetch_add(1, Ordering::Relaxed);
                self.fault = self.tell("write", &error);
            }
        }
    }

    /// The whole file; `None` when it says what it said before.
    fn text(&self, saved: &Saved) -> Result<Option<(Head, Vec<u8>)>, CacheError> {
        let body = serde_json::to_vec(saved)?;
        let head = Head { format: FORMAT, generation: self.generation.saturating_add(1), sha256: sha256(&body) };
        if head.sha256 == self.sha256 {
            return Ok(None);
        }
        let mut text = serde_json::to_vec(&head)?;
        text.push(b'\n');
        text.extend(body);
        text.push(b'\n');
        if text.len() > CLUSTER_CACHE_BYTES_MAX { Err(CacheError::TooLarge) } else { Ok(Some((head, text))) }
    }

    /// Whether there is a place for it.
    pub(super) fn is_kept(&self) -> bool {
        self.path.is_some()
    }

    /// What is wrong with the file, where something is.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub(super) fn health(&self) -> Arc<CacheHealth> {
        Arc::clone(&self.health)
    }

    fn tell(&self, verb: &str, error: &CacheError) -> Option<Fault> {
        let name: Box<str> = self.path.as_ref()?.display().to_string().into();
        Some(Fault::new(Code::CannotRead, Place::File(name.clone()), &[verb, &name, &error.to_string()]))
    }
}

/// What the file says; `None` when there is none.
fn read(path: &Path) -> Result<Option<(Head, Saved)>, CacheError> {
    let Some(text) = state::read(path, CLUSTER_CACHE_BYTES_MAX)? else { return Ok(None) };
    let mut lines = text.split(|byte| *byte == b'\n');
    let head = lines.next().filter(|line| !line.is_empty()).ok_or(CacheError::Damaged("it has no head"))?;
    let head: Head = serde_json::from_slice(head)?;
    if head.format != FORMAT {
        return Err(CacheError::Format(head.format));
    }
    let body = lines.next().unwrap_or_default();
    if sha256(body) != head.sha256 {
        return Err(CacheError::Damaged("the checksum does not fit"));
    }
    let saved = serde_json::from_slice(body)?;
    Ok(Some((head, saved)))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
