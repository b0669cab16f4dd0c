//! Shipped rules, as promtool judges them: sound, and firing when and only when their cases say.
//! Knows no server.

use crate::real::peers::tool;
use std::{path::Path, process::Command};

/// What promtool is told to read: files of rules, and those of their cases.
const FILES: [(&str, &str); 3] = [
    ("mco-legacy.rules.yaml", "mco-legacy.rules.test.yml"),
    ("pointsman.yaml", "pointsman.rules.test.yml"),
    ("mco.yaml", "mco.rules.test.yml"),
];

/// Scenario: the rules and their cases in `dashboards/alerts`. Guarantees: promtool of both Prometheus finds no fault, and every alert
/// and recording rule says what its cases say.
#[test]
#[ignore = "needs promtool: run bash tests/run.sh"]
fn rules_fire_as_their_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/alerts");
    let mut shipped: Vec<_> =
        std::fs::read_dir(&folder).expect("it lists").filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    shipped.retain(|name| name.ends_with(".test.yml"));
    assert_eq!(shipped.len(), FILES.len(), "no file of cases is left out: {shipped:?}");
    for promtool in ["promtool3", "promtool2"] {
        for arguments in FILES.iter().flat_map(|(rules, cases)| [["check", "rules", rules], ["test", "rules", cases]]) {
            let out = Command::new(tool(promtool)).args(arguments).current_dir(&folder).output().expect("promtool runs");
            let said = String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success(), "{promtool} {arguments:?}: {}{said}", String::from_utf8_lossy(&out.stdout));
        }
    }
}
