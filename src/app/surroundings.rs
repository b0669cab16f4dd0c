//! What the process finds around it: memory and file limits, its name, randomness. Read once at the start; a value that cannot be read is absent.
//! Knows files of the kernel; decides nothing but how many connections they allow, and that a crash leaves no core.

use pointsman_core::limits;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{collections::BTreeMap, fs, io, path::Path};

/// Where Kubernetes puts the token of a pod's account.
const ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The memory limit of our cgroup, version 2 or 1, in bytes.
#[must_use]
pub fn cgroup_bytes() -> Option<u64> {
    let paths = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = paths.iter().find_map(|path| memory_limit(&fs::read_to_string(path).ok()?))?;
    Some(limit)
}

/// `max`, and version 1's way to say so (a number no machine has), mean no limit.
fn memory_limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes < 1 << 60)
}

/// What the program's own code may take of memory once all of it was used, in bytes.
#[must_use]
pub fn program_bytes() -> u64 {
    fs::read_to_string("/proc/self/status").map_or(0, |text| code_bytes(&text))
}

/// The sizes of our code and that of libraries in the text of `/proc/self/status`.
fn code_bytes(text: &str) -> u64 {
    let kib = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let lines = text.lines().filter(|line| line.starts_with("VmExe:") || line.starts_with("VmLib:"));
    lines.filter_map(kib).fold(0, |sum, kib| sum.saturating_add(kib.saturating_mul(1 << 10)))
}

/// Whether this is a pod with an account of its API server.
#[must_use]
pub fn in_pod(env: &BTreeMap<String, String>) -> bool {
    env.contains_key("KUBERNETES_SERVICE_HOST") && Path::new(ACCOUNT_TOKEN).exists()
}

/// What this machine or pod is called.
#[must_use]
pub fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// A number nobody can foresee. Without a source of randomness there is no safe way to go on.
#[must_use]
pub fn random() -> u64 {
    getrandom::u64().expect("the system has a source of randomness")
}

/// Bytes nobody can foresee, for a key that dies with the process.
#[must_use]
pub fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).expect("the system has a source of randomness");
    secret
}

/// How many connections we hold at once: three quarters of the files we may open, within our own cap.
#[must_use]
pub fn connections_max() -> usize {
    let files = fs::read_to_string("/proc/self/limits").ok().and_then(|text| open_files(&text)).unwrap_or(1024);
    (files / 4 * 3).clamp(16, limits::CONNECTIONS_MAX)
}

/// From here on the system writes no core file of this process when it crashes: the memory may hold keys and tokens.
///
/// # Errors
/// When the system does not let us.
pub fn forbid_cores() -> io::Result<()> {
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// The soft limit in the text of `/proc/self/limits`.
fn open_files(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        soft => soft.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
