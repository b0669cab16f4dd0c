//! The table of conformance cases: a folder per case below `tests/data/conformance`, keyed by rule ID.
//! Each runs twenty times with everything shuffled that OTLP leaves unordered, and must give the same bytes.
//! `UPDATE_EXPECT=1` writes the expected files; read the difference before you commit it.

mod case;
mod coverage;
mod dump;
mod shuffle;
mod ways;

use case::Case;
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};
use ways::{Answer, Way};

/// Processes that run at once.
const WORKERS: usize = 4;
/// Rounds of each case, every one shuffled by its own seed.
const ROUNDS: u64 = 20;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/conformance"))
}

/// Scenario: every case, in process, as JSON rewritten to protobuf, in twenty orders.
/// Guarantees: the bodies and replies of its files, byte for byte, every time.
#[test]
fn every_case_gives_its_bodies_in_any_order() {
    let cases = Case::load_all(folder()).expect("read the cases");
    assert!(!cases.is_empty(), "no case found in {}", folder().display());
    let mut faults = Vec::new();
    for case in &cases {
        for seed in 0..ROUNDS {
            if let Err(fault) = case.run(seed) {
                faults.push(format!("{} (seed {seed}): {fault}", case.name));
                break;
            }
        }
    }
    assert!(faults.is_empty(), "{} of {} cases failed:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Scenario: every case that pushes and needs no clock of its own, against a fresh process, as OTLP/JSON, as protobuf over
/// HTTP and over gRPC.
/// Guarantees: the same bodies as in process; the same points refused in the same words by every way; bad data refused.
#[test]
fn every_case_is_the_same_by_every_way_in() {
    let cases = Case::load_all(folder()).expect("read the cases");
    let views = tempfile::tempdir().expect("a folder");
    std::fs::write(views.path().join("only-the-case.yaml"), ways::ONLY_THE_CASE).expect("written");
    let waiting = Mutex::new(cases.iter().filter(|case| case.is_for_a_process()));
    let faults = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(case) = next() {
                    let found = by_every_way(case, views.path());
                    faults.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(faults.is_empty(), "{} runs failed:\n{}", faults.len(), faults.join("\n"));
}

fn by_every_way(case: &Case, views: &Path) -> Vec<String> {
    let (mut faults, mut seen): (Vec<String>, Vec<(Way, Vec<Answer>)>) = (Vec::new(), Vec::new());
    for way in Way::ALL {
        match ways::run(case, way, views) {
            Ok(answers) => seen.push((way, answers)),
            Err(fault) => faults.push(format!("{} ({way:?}): {fault}", case.name)),
        }
    }
    let taken = |answers: &[Answer]| answers.iter().filter(|a| matches!(a, Answer::Taken(..))).cloned().collect::<Vec<_>>();
    for pair in seen.windows(2) {
        if let [(one, a), (other, b)] = pair
            && taken(a) != taken(b)
        {
            faults.push(format!("{}: {one:?} and {other:?} answer differently: {a:?}, {b:?}", case.name));
        }
    }
    faults
}

/// Scenario: the rules, the cases and the list of open rows, held against each other.
/// Guarantees: no rule is forgotten, no case names a rule that is none, nothing stands open that has a case.
#[test]
fn every_rule_has_a_case_or_stands_open() {
    let cases = Case::load_all(folder()).expect("read the cases");
    let faults = coverage::faults(folder(), &cases);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
