use super::of;
use crate::{
    api::{MachineConfigPool, Node},
    table::{Health, News, Raw, Table},
};
use expect_test::{Expect, expect};
use serde_json::json;

const POOLS: [&str; 4] = ["infra", "master", "storage", "worker"];

fn pools() -> Table<MachineConfigPool> {
    let mut table = Table::default();
    let list = POOLS.map(|name| {
        let label = format!("node-role.kubernetes.io/{name}");
        let json = json!({"metadata": {"name": name}, "spec": {"nodeSelector": {"matchLabels": {label: ""}}}});
        Raw { name: name.into(), json: serde_json::value::to_raw_value(&json).expect("it is JSON") }
    });
    table.take(News::Listed(list.into()), 10, &mut Health::default());
    table
}

fn check(roles: &[&str], want: &Expect) {
    let label = |role: &&str| match role.split_once('=') {
        Some((key, value)) => (key.into(), value.into()),
        None => (format!("node-role.kubernetes.io/{role}").into(), "".into()),
    };
    let labels = roles.iter().map(label).collect();
    let mut node = Node::default();
    node.metadata.labels = labels;
    want.assert_eq(&format!("{:?}", of(&node, &pools())));
}

/// Scenario: nodes with every mix of roles. Guarantees: master beats custom, custom beats worker, and a conflict is told.
#[test]
fn roles_decide() {
    check(&[], &expect!["Membership { pool: None, conflict: None }"]);
    check(&["worker"], &expect![[r#"Membership { pool: Some("worker"), conflict: None }"#]]);
    check(&["worker", "infra"], &expect![[r#"Membership { pool: Some("infra"), conflict: None }"#]]);
    check(&["master", "worker"], &expect![[r#"Membership { pool: Some("master"), conflict: None }"#]]);
    check(&["master", "infra"], &expect![[r#"Membership { pool: Some("master"), conflict: Some(MasterCustom) }"#]]);
    check(&["worker", "infra", "storage"], &expect![[r#"Membership { pool: Some("infra"), conflict: Some(MultiCustom) }"#]]);
}

/// Scenario: a worker that runs Windows. Guarantees: it is in no pool, as the operator does not look after it.
#[test]
fn the_operator_leaves_windows_alone() {
    check(&["worker", "kubernetes.io/os=windows"], &expect!["Membership { pool: None, conflict: None }"]);
    check(&["worker", "kubernetes.io/os=linux"], &expect![[r#"Membership { pool: Some("worker"), conflict: None }"#]]);
}
