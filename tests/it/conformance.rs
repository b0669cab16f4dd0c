//! The table of conformance cases: a folder per case below `tests/data/conformance`, keyed by rule ID.
//! Each runs twenty times with everything shuffled that OTLP leaves unordered, and must give the same bytes.
//! `UPDATE_EXPECT=1` writes the expected files; read the difference before you commit it.

mod agree;
mod case;
pub(crate) mod coverage;
mod dump;
mod reply;
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

/// Scenario: every case, in process, as JSON rewritten to protobuf, in twenty orders, each as if after a restart: in a store
/// of its own, with other seeds for its hashes.
/// Guarantees: the bodies of its files, byte for byte, and equal replies, every time; protobuf holds the samples of text.
#[test]
fn every_case_gives_its_bodies_in_any_order() {
    let cases = Case::load_all(folder()).expect("read the cases");
    assert!(!cases.is_empty(), "no case found in {}", folder().display());
    let mut faults = Vec::new();
    for case in &cases {
        let mut first = None;
        for seed in 0..ROUNDS {
            let ended = case.run(seed).and_then(|replies| match first.get_or_insert_with(|| replies.clone()) {
                first if *first == replies => Ok(()),
                first => Err(format!("the replies were {first:?}, and are {replies:?}")),
            });
            if let Err(fault) = ended {
                faults.push(format!("{} (seed {seed}): {fault}", case.name));
                break;
            }
        }
    }
    assert!(faults.is_empty(), "{} of {} cases failed:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Scenario: every case that pushes and needs no clock of its own, against a fresh process, as OTLP/JSON, as protobuf over
/// HTTP and over gRPC; each scrape beside others in every format.
/// Guarantees: the same bodies as in process; the same points refused in the same words by every way; bad data refused.
#[test]
fn every_case_is_the_same_by_every_way_in() {
    let cases = Case::load_all(folder()).expect("read the cases");
    let waiting = Mutex::new(cases.iter().filter(|case| case.is_for_a_process()));
    let faults = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(case) = next() {
                    let found = by_every_way(case);
                    faults.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(faults.is_empty(), "{} runs failed:\n{}", faults.len(), faults.join("\n"));
}

fn by_every_way(case: &Case) -> Vec<String> {
    let (mut faults, mut seen): (Vec<String>, Vec<(Way, Vec<Answer>)>) = (Vec::new(), Vec::new());
    for way in Way::ALL {
        match ways::run(case, way) {
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

/// Scenario: every request of a `reply.yaml`, one after the other, against a process of its case.
/// Guarantees: the answer that stands beside it, and that the server lives on.
#[test]
fn every_request_gets_its_answer() {
    let cases = Case::load_all(folder()).expect("read the cases");
    let with_replies = cases.iter().filter(|case| !case.replies.is_empty());
    let faults: Vec<String> = with_replies.flat_map(|case| reply::run(case, &case.replies)).collect();
    assert!(faults.is_empty(), "{} answers are wrong:\n{}", faults.len(), faults.join("\n"));
}

/// Scenario: the rules, the cases and the list of open rows, held against each other.
/// Guarantees: no rule is forgotten, no case names a rule that is none, nothing stands open that has a case.
#[test]
fn every_rule_has_a_case_or_stands_open() {
    let cases = Case::load_all(folder()).expect("read the cases");
    let faults = coverage::faults(folder(), &cases);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Scenario: a table with one thing wrong in each of its cases, and rules that nothing or too much is said of.
/// Guarantees: each of them is told.
#[test]
fn what_the_table_lacks_is_told() {
    let root = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("open.tsv", "id\twhy\nAA-01\topen\nAA-02\topen\nT7\topen\nZZ-01\topen\n");
    write("table/RULES.tsv", "id\tlevel\trule\nAA-01\tM\tx\nAA-02\tM\tx\nAA-03\tM\tx\n");
    write("table/a-fine/case.yaml", "rules: [AA-02]\nsteps:\n- {push: in.json}\n");
    write("table/a-fine/in.json", "{}");
    write("table/b-nothing/case.yaml", "rules: [AA-02]\n");
    write("table/c-unknown/case.yaml", "rules: [AA-09]\ntest: what_the_table_lacks_is_told\n");
    write("table/d-no-test/case.yaml", "rules: [AA-02]\ntest: nobody_wrote_this\n");
    write("table/e-ignored/case.yaml", "rules: [AA-02]\ntest: of_100_000_series\n");
    write("table/f-stray/case.yaml", "rules: [AA-02]\nsteps:\n- {scrape: out.txt}\n");
    write("table/f-stray/out.om", "");
    let table = root.path().join("table");
    let faults = coverage::faults(&table, &Case::load_all(&table).expect("read the cases"));
    let wanted = [
        "b-nothing: proves nothing",
        "c-unknown: no rule AA-09",
        "d-no-test: no test function",
        "e-ignored: of_100_000_series is ignored",
        "f-stray: out.om is compared by no step",
        "AA-02: has a case",
        "AA-03: no case",
        "ZZ-01: stands in",
    ];
    assert_eq!(faults.len(), wanted.len(), "{faults:#?}");
    for (fault, wanted) in faults.iter().zip(wanted) {
        assert!(fault.starts_with(wanted), "{fault:?} instead of {wanted:?}");
    }
}
