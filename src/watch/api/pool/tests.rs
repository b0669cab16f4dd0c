use super::MachineConfigPool;
use crate::{api::Read, limits::SELECTOR_MAX};
use expect_test::{Expect, expect};
use serde_json::json;

/// Whether a pool selects nodes by the first and the last value of its selector, and the flaws it tells.
fn check(requirements: usize, values: usize, want: &Expect) {
    let values: Vec<_> = (0..values).map(|i| format!("zone-{i}")).collect();
    let expressions = vec![json!({"key": "zone", "operator": "In", "values": values}); requirements];
    let pool = json!({"spec": {"nodeSelector": {"matchExpressions": expressions}}});
    let pool: MachineConfigPool = serde_json::from_value(pool).expect("it reads");
    let selects = |value: Option<&String>| {
        pool.spec.node_selector.matches(&[("zone".into(), value.expect("there is one").as_str().into())].into())
    };
    let mut flaws = Vec::new();
    pool.flaws(&mut |flaw| flaws.push(flaw));
    want.assert_eq(&format!("first {}, last {}, flaws {flaws:?}", selects(values.first()), selects(values.last())));
}

/// Scenario: selectors of many values and of many requirements. Guarantees: all of them count; of more than anybody writes a
/// bounded part is kept, and it is told.
#[test]
fn a_selector_keeps_all_its_values() {
    check(1, 70, &expect!["first true, last true, flaws []"]);
    check(70, 2, &expect!["first true, last true, flaws []"]);
    check(1, SELECTOR_MAX - 1, &expect!["first true, last true, flaws []"]);
    check(1, SELECTOR_MAX, &expect!["first true, last false, flaws [Limit]"]);
    check(SELECTOR_MAX + 1, 1, &expect!["first false, last false, flaws [Limit]"]);
}
