//! Looks at whatever a test scraped with a checker that shares no code with the writers, and keeps it, so that parsers
//! which are not ours can judge it in one go after the run (`tests/tools/judge/judge.py`), where `POINTSMAN_JUDGE_DIR`
//! names a folder.

#[path = "../../src/core/expose/checker.rs"]
#[allow(dead_code, unreachable_pub, reason = "core's own tests ask it for more")]
pub(crate) mod checker;
mod tests;

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::Path,
};

/// Longer bodies are left to the tests that make them: the judges read slowly.
const BYTES_MAX: usize = 10 << 20;

/// Checks and keeps a complete, uncompressed scrape body; equal bodies are kept once.
pub(crate) fn keep(content_type: &str, body: &[u8]) {
    let problems = problems(content_type, body);
    assert!(problems.is_empty(), "{content_type}: {problems:#?}\n{}", String::from_utf8_lossy(body));
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

/// What our own checker finds wrong with a text body.
pub(crate) fn problems(content_type: &str, body: &[u8]) -> Vec<String> {
    let is_openmetrics = content_type.starts_with("application/openmetrics-text");
    match std::str::from_utf8(body) {
        _ if !is_openmetrics && !content_type.starts_with("text/plain") => Vec::new(),
        Ok(text) => checker::check(text, is_openmetrics),
        Err(error) => vec![error.to_string()],
    }
}
