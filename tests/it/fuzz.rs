//! Replays the committed corpora of the fuzz targets through the oracles that fuzzing uses, as they are and with small changes:
//! whatever fuzzing once found stays mended, with the stable compiler and without a fuzzer.

#[allow(unreachable_pub, reason = "the same files are a library of their own for fuzzing")]
#[path = "../fuzz/oracles/table.rs"]
mod oracles;

use crate::judge::checker;
use std::{
    collections::BTreeSet,
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

/// Files of one corpus, and their bytes.
const FILES_MAX: usize = 300;
const BYTES_MAX: u64 = 500_000;
/// Changed inputs made of each file; `FUZZ_CHANGES` says another number.
const CHANGES: u64 = 4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder is there");
    entries.map(|entry| entry.expect("it lists").path().file_stem().expect("a name").to_string_lossy().into_owned()).collect()
}

/// Every file of a corpus with its name, in order.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(root().join("corpus").join(target)).expect("each target has a corpus");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it lists").path()).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), fs::read(path).expect("it can be read"))).collect()
}

fn holds(target: &str, input: &[u8]) -> bool {
    catch_unwind(|| oracles::run(target, input)).is_ok()
}

/// Scenario: every file of every corpus, and the empty input. Guarantees: each oracle holds, and no target is without a corpus.
#[test]
fn every_corpus_is_replayed() {
    let mut failures = Vec::new();
    for (name, _) in oracles::TARGETS {
        let mut inputs = corpus(name);
        assert!(inputs.len() >= 10, "{name} has a corpus of {} files", inputs.len());
        inputs.push((format!("{name}: nothing"), Vec::new()));
        failures.extend(inputs.into_iter().filter(|(_, input)| !holds(name, input)).map(|(file, _)| file));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Scenario: every file of every corpus with a few bytes changed, cut, repeated, or taken from another file; the same changes each
/// time. Guarantees: each oracle holds.
#[test]
fn changed_inputs_hold_as_well() {
    let changes = std::env::var("FUZZ_CHANGES").ok().map_or(CHANGES, |text| text.parse().expect("FUZZ_CHANGES is a number"));
    let only = std::env::var("FUZZ_TARGET").ok();
    let mut failures = Vec::new();
    for (name, _) in oracles::TARGETS.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        let (files, mut random) = (corpus(name), Random(0x9E37_79B9_7F4A_7C15));
        for (at, (file, input)) in files.iter().enumerate() {
            let other = &files[(at * 7 + 1) % files.len()].1;
            for nth in 0..changes {
                let changed = changed(input, other, &mut random);
                if !holds(name, &changed) {
                    failures.push(format!("{file}, change {nth}: {:?}", String::from_utf8_lossy(&changed)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % n.max(1)
    }
}

fn changed(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=random.below(3) {
        let (at, len) = (random.below(out.len() + 1), random.below(9));
        let end = (at + len).min(out.len());
        match random.below(6) {
            0 => out.truncate(at),
            1 => drop(out.drain(at..end)),
            2 => {
                let again = out[at..end].to_vec();
                out.splice(at..at, again);
            }
            3 => {
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + 2 * len).min(other.len())].to_vec();
                out.splice(at..end, piece);
            }
            4 => out.insert(at, [0, 1, 0x7F, 0x80, 0xFF, b'"', b'\n', b'*'][random.below(8)]),
            _ => {
                let bit = random.below(8);
                out.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << bit);
            }
        }
    }
    out
}

/// Scenario: the table of targets, their files, their corpora, and the table of runs. Guarantees: none is missing in another, and no
/// corpus outgrows what a repository should hold.
#[test]
fn targets_files_and_corpora_belong_together() {
    let known: BTreeSet<String> = oracles::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(known.len() >= 15, "{} targets", known.len());
    assert_eq!(names("targets"), known);
    assert_eq!(names("corpus"), known);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is there");
    let table = fs::read_to_string(root().join("README.md")).expect("the table of runs is there");
    for name in &known {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not built");
        assert!(table.contains(&format!("| {name} |")), "{name} is not in the table of runs");
        let files = corpus(name);
        let bytes: u64 = files.iter().map(|(_, input)| input.len() as u64).sum();
        assert!(files.len() <= FILES_MAX && bytes <= BYTES_MAX, "{name}: {} files, {bytes} bytes", files.len());
    }
}
