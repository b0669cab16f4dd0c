//! Words that are often misspelt, in what users read: documents, manifests, the chart, dashboards, alerts, help texts.
//! Knows none of the words: codespell does.

use super::peers::tool;
use std::{path::Path, process::Command};

/// What is read; the command line's help is in `src/cli`.
const READ: [&str; 9] =
    ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "deploy", "dashboards", "otel", "src/docs", "src/cli", "src/cli.rs"];
/// Misspelt on purpose, in the examples of pages that tell of such mistakes.
const MEANT: &str = "disabeld,chekout";

fn found(paths: &[&str], more: &[&str]) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Command::new(tool("python")).args(["-m", "codespell_lib"]).args(more).args(paths).current_dir(root).output();
    let out = out.expect("it starts");
    let [stdout, stderr] = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(stderr.is_empty(), "{stderr}");
    (out.status.success(), stdout)
}

/// Scenario: everything that users read. Guarantees: no word is misspelt in a common way; words that are meant so are found
/// when nobody excuses them, so that the check is known to look.
#[test]
#[ignore = "needs codespell: run bash tests/run.sh"]
fn no_common_misspelling_is_shipped() {
    let (fine, told) = found(&READ, &["--ignore-words-list", MEANT]);
    assert!(fine, "{told}");
    let (fine, told) = found(&["src/docs/errors/PM0104.md", "src/docs/errors/PM0204.md"], &[]);
    assert!(!fine && told.contains("Disabeld") && told.contains("chekout"), "{told}");
}
