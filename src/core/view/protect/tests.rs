//! Which label a list of keys takes away.

use super::is_lost;
use crate::{
    model::instrument::{Kind, Level},
    view::{plan::Keys, spec::Declared},
};
use expect_test::{Expect, expect};

/// Of each label whether it goes, when only some keys stay.
fn check(keys: &Keys, declared: &[&str], labels: &[&str], want: Expect) {
    let declared = Declared {
        scope: "".into(),
        name: "x".into(),
        kind: Kind::Counter,
        unit: "".into(),
        level: Level::Standard,
        stability: "".into(),
        attributes: declared.iter().map(|key| (*key).into()).collect(),
    };
    let lost: Vec<&str> = labels.iter().copied().filter(|label| is_lost(label, keys, Some(&declared))).collect();
    want.assert_eq(&lost.join(" "));
}

fn keys(keep: Option<&[&str]>, drop: &[&str]) -> Keys {
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).into()).collect();
    Keys { keep: keep.map(set), drop: set(drop) }
}

/// Scenario: keys to drop, and labels in every spelling. Guarantees: the exposed name, OTel's own, and the name under which Prometheus
/// shows it beside a target's; nothing else.
#[test]
fn a_dropped_key_takes_its_label_in_each_spelling() {
    let labels = ["queue_name", "queue.name", "exported_queue_name", "queue", "1st", "key_1st", "node", "exported_node", "le"];
    check(&keys(None, &["queue.name"]), &[], &labels, expect!["queue_name queue.name exported_queue_name"]);
    check(&keys(None, &["1st", "node"]), &[], &labels, expect!["1st key_1st node exported_node"]);
}

/// Scenario: keys to keep, with declared attributes and without. Guarantees: declared ones go unless kept; where nothing is declared,
/// everything goes but what is kept and what Prometheus adds.
#[test]
fn a_kept_key_takes_the_others() {
    let labels = ["queue_name", "state", "exported_node", "node", "job", "le", "otel_scope_name"];
    check(&keys(Some(&["queue.name"]), &[]), &["queue.name", "state"], &labels, expect!["state"]);
    check(&keys(Some(&["queue.name"]), &[]), &["queue.name", "node"], &labels, expect!["exported_node node"]);
    check(&keys(Some(&["queue.name"]), &[]), &[], &labels, expect!["state exported_node"]);
}
