use super::servers;
use crate::{
    kind::Kind,
    table::{News, Raw, Trouble},
    world::World,
};
use expect_test::{Expect, expect};
use serde_json::json;

fn check(world: &World, want: &Expect) {
    want.assert_eq(&format!("{:?}", servers(world)));
}

/// Scenario: pods may not be listed, then may, then may not again. Guarantees: servers that nobody may see are not said to be
/// away, and what was seen stays.
#[test]
fn servers_that_may_not_be_seen_are_not_away() {
    let mut world = World::default();
    let node = json!({"metadata": {"name": "m0", "labels": {"node-role.kubernetes.io/master": ""}}});
    let node = Raw { name: "m0".into(), json: serde_json::value::to_raw_value(&node).expect("it is JSON") };
    world.take(Kind::Node, News::Listed(vec![node]));
    world.take(Kind::Pod, News::Trouble(Some(Trouble::Forbidden)));
    check(&world, &expect!["{}"]);
    world.take(Kind::Pod, News::Listed(Vec::new()));
    check(&world, &expect![[r#"{"m0": false}"#]]);
    world.take(Kind::Pod, News::Trouble(Some(Trouble::Away)));
    check(&world, &expect![[r#"{"m0": false}"#]]);
}
