use crate::{
    World,
    kind::Kind,
    limits::{BODIES_MAX, BODIES_WANTED_MAX},
    table::{News, Raw},
};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

fn raw(name: &str, mut object: Value) -> Raw {
    object["metadata"]["name"] = name.into();
    Raw { name: name.into(), json: serde_json::value::to_raw_value(&object).expect("it is JSON") }
}

fn on(name: &str, config: &str) -> Raw {
    raw(name, json!({"metadata": {"annotations": {"machineconfiguration.openshift.io/currentConfig": config}}}))
}

/// A pool on its way from `rendered-b` to `rendered-c`, and a node that is still on `rendered-a`.
fn world() -> World {
    let mut world = World::default();
    let configs = ["rendered-a", "rendered-b", "rendered-c", "rendered-d"].map(|name| raw(name, json!({})));
    world.take(Kind::MachineConfig, News::Listed(configs.into()));
    let pool = json!({"spec": {"configuration": {"name": "rendered-c"}}, "status": {"configuration": {"name": "rendered-b"}}});
    world.take(Kind::MachineConfigPool, News::Listed(vec![raw("worker", pool)]));
    world.take(Kind::Node, News::Listed(vec![on("n1", "rendered-a"), on("n2", "rendered-gone"), on("n3", "")]));
    world
}

fn check(world: &mut World, want: &Expect) {
    let known: Vec<_> = world.configs.iter().filter_map(|(name, _)| Some((name, world.bodies.get(name)?))).collect();
    let flaws = world.health().get(&Kind::MachineConfig).map(|health| &health.flaws);
    let told = format!("known {known:?}\nflaws {:?}", flaws.expect("it was listed"));
    want.assert_eq(&format!("wanted {:?}\n{told}", world.wanted()));
}

/// Scenario: configs that a pool or a node names, one of which is not there. Guarantees: those that are there are wanted once,
/// those of pools first; what nobody names is not kept.
#[test]
fn a_body_is_wanted_once() {
    let mut world = world();
    check(
        &mut world,
        &expect![[r#"
        wanted ["rendered-b", "rendered-c", "rendered-a"]
        known []
        flaws {}"#]],
    );
    world.take_body(
        "rendered-c",
        r#"{"metadata": {}, "spec": {"osImageURL": "quay.io/os@sha256:c", "config": {"ignition": {}}}}"#,
    );
    world.take_body("rendered-d", "{}");
    world.take_body("rendered-gone", "{}");
    check(
        &mut world,
        &expect![[r#"
        wanted ["rendered-b", "rendered-a"]
        known [("rendered-c", Body { os_image: "quay.io/os@sha256:c", bytes: 91 })]
        flaws {}"#]],
    );
    world.take(Kind::Node, News::Applied(on("n1", "rendered-d")));
    world.take_body("rendered-d", r#"{"spec": null}"#);
    check(
        &mut world,
        &expect![[r#"
            wanted ["rendered-b"]
            known [("rendered-c", Body { os_image: "quay.io/os@sha256:c", bytes: 91 }), ("rendered-d", Body { os_image: "", bytes: 14 })]
            flaws {}"#]],
    );
}

/// Scenario: bodies that are no MachineConfig. Guarantees: each is counted, keeps its size, and is not asked for again.
#[test]
fn a_bad_body_is_not_wanted_again() {
    let mut world = world();
    world.take_body("rendered-b", "{");
    world.take_body("rendered-c", r#"{"spec": {"osImageURL": 5}}"#);
    check(
        &mut world,
        &expect![[r#"
        wanted ["rendered-a"]
        known [("rendered-b", Body { os_image: "", bytes: 1 }), ("rendered-c", Body { os_image: "", bytes: 27 })]
        flaws {Undecodable: 2}"#]],
    );
}

/// Scenario: a config goes, by a watch and by a list. Guarantees: so does what was kept of it.
#[test]
fn a_body_goes_with_its_config() {
    let mut world = world();
    world.take_body("rendered-b", "{}");
    world.take_body("rendered-c", "{}");
    world.take(Kind::MachineConfig, News::Deleted("rendered-b".into()));
    world.take(Kind::MachineConfig, News::Listed(vec![raw("rendered-a", json!({})), raw("rendered-b", json!({}))]));
    check(
        &mut world,
        &expect![[r#"
        wanted ["rendered-b", "rendered-a"]
        known []
        flaws {}"#]],
    );
}

/// Scenario: more configs in use than any cluster has. Guarantees: a few are asked for at a time, and no more than the cap is kept.
#[test]
fn bodies_are_bounded() {
    let mut world = World::default();
    let names: Vec<String> = (0..BODIES_MAX + 5).map(|i| format!("rendered-{i}")).collect();
    world.take(Kind::MachineConfig, News::Listed(names.iter().map(|name| raw(name, json!({}))).collect()));
    world.take(Kind::Node, News::Listed(names.iter().map(|name| on(name, name)).collect()));
    let mut rounds = 0;
    loop {
        let wanted = world.wanted();
        assert!(wanted.len() <= BODIES_WANTED_MAX, "{}", wanted.len());
        if wanted.is_empty() {
            break;
        }
        wanted.iter().for_each(|name| world.take_body(name, "{}"));
        rounds += 1;
    }
    assert_eq!(rounds, BODIES_MAX.div_ceil(BODIES_WANTED_MAX));
    assert_eq!(world.configs.iter().filter(|(name, _)| world.bodies.get(name).is_some()).count(), BODIES_MAX);

    // All nodes go on to a new config: the old ones are named by nobody and make room.
    world.take(Kind::MachineConfig, News::Applied(raw("rendered-new", json!({}))));
    world.take(Kind::Node, News::Listed(names.iter().map(|name| on(name, "rendered-new")).collect()));
    assert_eq!(world.wanted(), ["rendered-new".into()]);
}
