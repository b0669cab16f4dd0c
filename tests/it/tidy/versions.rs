//! Versions below which a dependency has a known hole, and crates that stay out of the tree.
//! Reads `Cargo.lock` and asks cargo what of it is used; advisories newer than the table are not known here.

use super::{Breach, Rule, tree};
use std::{collections::BTreeSet, fs, process::Command};

/// Crate, lowest good version.
const FLOORS: [(&str, &str); 14] = [
    ("h2", "0.4.16"),
    ("tonic", "0.12.3"),
    ("rustls", "0.23.18"),
    ("rustls-webpki", "0.103.13"),
    ("bytes", "1.11.1"),
    ("tokio", "1.44.2"),
    ("aws-lc-sys", "0.39.0"),
    ("tracing-subscriber", "0.3.20"),
    ("regex", "1.5.5"),
    ("crossbeam-channel", "0.5.15"),
    ("time", "0.3.47"),
    ("lru", "0.18.2"),
    ("lz4_flex", "0.12.1"),
    ("quick-xml", "0.41.0"),
];
/// `protobuf` is the crate that advisories call rust-protobuf.
const MORE_FLOORS: [(&str, &str); 1] = [("protobuf", "3.7.2")];

/// Unmaintained or unsound.
const BANNED: [&str; 5] = ["ring", "serde_yaml", "serde_yml", "rkyv", "openssl"];

pub(super) fn check() -> Vec<Breach> {
    let lock = fs::read_to_string(tree::root().join("Cargo.lock")).expect("Cargo.lock is committed");
    let linked = linked();
    let mut breaches = check_lock(&lock);
    // The lock also lists what only an unused feature would bring.
    breaches.retain(|breach| linked.iter().any(|name| breach.todo.starts_with(&format!("{name} "))));
    assert!(lock.contains("name = \"tokio\""), "the lock file is read as expected");
    breaches
}

/// Every crate that some build of ours takes in, on any platform.
fn linked() -> BTreeSet<String> {
    let args = ["tree", "--workspace", "--target", "all", "--edges", "all", "--prefix", "none", "--offline", "--locked"];
    let out = Command::new(env!("CARGO")).args(args).current_dir(tree::root()).output().expect("cargo tree runs");
    assert!(out.status.success(), "cargo tree: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("crates have names in ASCII");
    let names: BTreeSet<String> = text.lines().filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect();
    assert!(names.contains("tokio"), "the tree is read as expected");
    names
}

pub(super) fn check_lock(lock: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let lines: Vec<&str> = lock.lines().collect();
    for (at, pair) in lines.windows(2).enumerate() {
        let value = |line: &str, key: &str| Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned());
        let (Some(name), Some(version)) = (value(pair[0], "name"), value(pair[1], "version")) else { continue };
        let floor = FLOORS.iter().chain(&MORE_FLOORS).find(|(crate_name, _)| *crate_name == name);
        let todo = match floor {
            _ if BANNED.contains(&name.as_str()) => {
                format!("{name} is unmaintained or unsound: find who brings it (cargo tree -i {name})")
            }
            Some((_, floor)) if parts(&version) < parts(floor) => format!("{name} {version} has a known hole: at least {floor}"),
            _ => continue,
        };
        breaches.push(Breach { file: "Cargo.lock".to_owned(), line: at + 1, rule: Rule::Version, todo });
    }
    breaches
}

fn parts(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    release.split('.').map(|part| part.parse().expect("a version has numbers")).collect()
}
