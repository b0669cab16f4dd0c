//! The alerts as objects that the Prometheus operator reads: made from the files of rules, and compared with what is shipped.
//! Whether an API server takes them is tested in `real/rules.rs`.

use super::GROUPS;
use crate::deploy::folder;
use std::{fs, path::Path};

/// The object that carries a file of rules; each line of the file stands in it as it is.
fn object(group: &str, rules: &str) -> String {
    let namespace = if group == "mco" { "openshift-machine-config-operator" } else { "pointsman" };
    let lines = rules.lines().filter(|line| !line.starts_with('#')).map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    format!(
        "# DO NOT EDIT: made from dashboards/alerts/{group}.yaml by tests/it/dashboards (UPDATE_EXPECT=1 cargo test --test it dashboards).\n\
         apiVersion: monitoring.coreos.com/v1\n\
         kind: PrometheusRule\n\
         metadata:\n  name: pointsman-{group}\n  namespace: {namespace}\n  labels: {{app.kubernetes.io/part-of: pointsman}}\n\
         spec:\n{}",
        lines.collect::<String>()
    )
}

/// Scenario: rules changed. Guarantees: the objects that are shipped carry them as they are.
#[test]
fn rule_objects_are_fresh() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/alerts");
    for group in GROUPS {
        let text = fs::read_to_string(rules.join(format!("{group}.yaml"))).expect("it reads");
        expect_test::expect_file![folder().join(format!("components/alerts/{group}.yaml"))].assert_eq(&object(group, &text));
    }
}
