//! The table of conformance cases: a folder per case below `tests/data/conformance`, keyed by rule ID.
//! Each runs twenty times with everything shuffled that OTLP leaves unordered, and must give the same bytes.
//! `UPDATE_EXPECT=1` writes the expected files; read the difference before you commit it.

mod case;
mod coverage;
mod dump;
mod shuffle;

use case::Case;
use std::path::Path;

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

/// Scenario: the rules, the cases and the list of open rows, held against each other.
/// Guarantees: no rule is forgotten, no case names a rule that is none, nothing stands open that has a case.
#[test]
fn every_rule_has_a_case_or_stands_open() {
    let cases = Case::load_all(folder()).expect("read the cases");
    let faults = coverage::faults(folder(), &cases);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
