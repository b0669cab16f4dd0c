//! Plans as another language reads them: Python's `jsonschema` with the published form, and Python's own hash of the bytes.
//! Knows no view: what a plan should say is `plan`'s.

use super::peers::run;
use crate::plan::{drawn, folders};
use std::{fs, path::Path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Plans of views drawn at random.
const DRAWN: usize = 500;

fn judge(first: &[&str], plans: &[String]) -> String {
    let (script, schema) = (format!("{ROOT}/tests/tools/python/plans.py"), format!("{ROOT}/otel/plan.schema.json"));
    let mut args = vec![script.as_str()];
    args.extend(first);
    args.push(&schema);
    args.extend(plans.iter().map(String::as_str));
    run("python", &args)
}

/// Scenario: every document, and plans of hundreds of random worlds. Guarantees: each is valid by the published form, compact, in
/// order, and has the hash that somebody else computes.
#[test]
#[ignore = "needs the real peers: bash tests/run.sh"]
fn another_language_reads_every_plan() {
    let path = |path: &Path| path.display().to_string();
    let mut plans: Vec<String> = folders().iter().map(|folder| path(&folder.join("plan.json"))).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (n, plan) in drawn(DRAWN).iter().enumerate() {
        let file = folder.path().join(format!("{n}.json"));
        fs::write(&file, plan).expect("the folder is ours");
        plans.push(path(&file));
    }
    let said = judge(&[], &plans);
    assert_eq!(said.trim(), format!("{} plans are valid", plans.len()));
}

/// Scenario: a plan with one thing wrong, in fifteen ways. Guarantees: the form refuses each, so that its consent says something.
#[test]
#[ignore = "needs the real peers: bash tests/run.sh"]
fn the_form_refuses_what_is_none() {
    let plan = format!("{ROOT}/tests/data/plan/everything/plan.json");
    assert_eq!(judge(&["--self-test"], &[plan]).trim(), "1 plans are valid");
}
