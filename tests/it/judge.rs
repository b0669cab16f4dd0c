//! Keeps what every test scraped, so that parsers which are not ours can judge it in one go after the run
//! (`tests/tools/judge/judge.py`). Does nothing unless `POINTSMAN_JUDGE_DIR` names a folder.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::Path,
};

/// Longer bodies are left to the tests that make them: the judges read slowly.
const BYTES_MAX: usize = 10 << 20;

/// Keeps a complete, uncompressed scrape body; equal bodies are kept once.
pub(crate) fn keep(content_type: &str, body: &[u8]) {
    let Some(folder) = std::env::var_os("POINTSMAN_JUDGE_DIR").filter(|_| body.len() <= BYTES_MAX) else { return };
    let mut hasher = DefaultHasher::new();
    (content_type, body).hash(&mut hasher);
    let path = Path::new(&folder).join(format!("{:016x}.scrape", hasher.finish()));
    if !path.exists() {
        let mut file = format!("{content_type}\n").into_bytes();
        file.extend_from_slice(body);
        fs::write(&path, file).expect("the judges' folder can be written");
    }
}
