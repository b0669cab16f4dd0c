//! Shipped rules, as promtool judges them: sound, and firing when and only when their cases say.
//! Knows no server.

use crate::real::peers::tool;
use std::{path::Path, process::Command};

/// Scenario: the rules and their cases in `dashboards/alerts`. Guarantees: promtool finds no fault, and every alert and
/// recording rule says what its case says.
#[test]
#[ignore = "needs promtool: run bash tests/run.sh"]
fn rules_fire_as_their_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/alerts");
    for arguments in [["check", "rules", "mco-legacy.rules.yaml"], ["test", "rules", "mco-legacy.rules.test.yml"]] {
        let out = Command::new(tool("promtool3")).args(arguments).current_dir(&folder).output().expect("promtool runs");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{arguments:?}: {}{said}", String::from_utf8_lossy(&out.stdout));
    }
}
