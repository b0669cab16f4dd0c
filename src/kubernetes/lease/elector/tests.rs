//! Electors against a scripted API server, in simulated time: Lease objects and labels of pods.
//! What the machine decides is in `lease::tests`.

use super::{Elector, Hold};
use crate::kubernetes::{
    fake::Fake,
    lease::{Terms, label::PodLabel},
};
use expect_test::expect;
use serde_json::{Value, json};
use std::time::Duration;

const LEASE: &str = "leases/ns/pointsman-active";

struct World {
    fake: Fake,
    electors: Vec<(&'static str, Elector, u64)>,
}

impl World {
    /// Pods of these names, each with a candidate.
    fn new(names: &[&'static str]) -> Self {
        let fake = Fake::default();
        let electors = names.iter().map(|name| {
            fake.put(&format!("pods/ns/{name}"), json!({"metadata": {"name": name, "namespace": "ns", "labels": {"app": "x"}}}));
            (*name, Elector::new(fake.client(), Terms::active("ns", name), fake.clock()).labelling(), 0)
        });
        Self { electors: electors.collect(), fake }
    }

    fn hold(&self, at: usize) -> Hold {
        self.electors[at].1.hold()
    }

    /// So many seconds, second by second; each elector turns when its wait is over.
    async fn run(&mut self, secs: u64) {
        for _ in 0..secs {
            let now = self.fake.secs();
            for (_, elector, due) in &mut self.electors {
                if *due <= now {
                    *due = now + elector.turn().await.as_secs().max(1);
                }
            }
            self.fake.pass(Duration::from_secs(1));
        }
    }

    /// Who holds, and which pods carry the label.
    fn shown(&self) -> String {
        let held: Vec<&str> = self.electors.iter().filter(|(_, e, _)| e.hold().is_held()).map(|(name, _, _)| *name).collect();
        let labelled: Vec<String> =
            self.fake.paths().into_iter().filter(|path| self.label(path).is_some_and(|v| v == "true")).collect();
        format!("held by {held:?}, label on {labelled:?}")
    }

    fn label(&self, path: &str) -> Option<Value> {
        self.fake.object(path)?["metadata"]["labels"].get("pointsman.dev/active").cloned()
    }
}

/// Scenario: two replicas, the active one dies. Guarantees: the other is active, and takes the label from the pod that is lost.
#[tokio::test]
async fn the_label_follows_the_lease() {
    let mut world = World::new(&["a", "b"]);
    world.run(10).await;
    expect![[r#"held by ["a"], label on ["pods/ns/a"]"#]].assert_eq(&world.shown());
    world.electors.remove(0);
    world.run(20).await;
    expect![[r#"held by ["b"], label on ["pods/ns/b"]"#]].assert_eq(&world.shown());
    let lease = world.fake.object(LEASE).expect("it is there")["spec"].clone();
    expect![[r#"{"acquireTime":"2026-09-21T14:13:43.000000Z","holderIdentity":"b","leaseDurationSeconds":15,"leaseTransitions":1,"renewTime":"2026-09-21T14:13:49.000000Z"}"#]]
        .assert_eq(&lease.to_string());
}

/// Scenario: the active replica stops in good order. Guarantees: first its label goes, then the Lease; the other follows.
#[tokio::test]
async fn a_stop_in_good_order_hands_over() {
    let mut world = World::new(&["a", "b"]);
    world.run(10).await;
    world.fake.log();
    let (_, elector, _) = world.electors.remove(0);
    let hold = elector.hold();
    elector.run(std::future::ready(())).await;
    expect![[r"
        10 PATCH pods/ns/a 200
        10 PUT leases/ns/pointsman-active 200"]]
    .assert_eq(&world.fake.log());
    expect!["false"].assert_eq(&hold.is_held().to_string());
    world.run(3).await;
    expect![[r#"held by ["b"], label on ["pods/ns/b"]"#]].assert_eq(&world.shown());
}

/// Scenario: a renewal was cut off, and the version moved. Guarantees: the release looks once more and succeeds.
#[tokio::test]
async fn a_release_after_a_lost_answer_succeeds() {
    let mut world = World::new(&["a"]);
    world.run(3).await;
    let lease = world.fake.object(LEASE).expect("it is there");
    world.fake.put(LEASE, lease);
    world.fake.log();
    let (_, elector, _) = world.electors.remove(0);
    elector.run(std::future::ready(())).await;
    expect![[r"
        3 PATCH pods/ns/a 200
        3 PUT leases/ns/pointsman-active 409
        3 GET leases/ns/pointsman-active 200
        3 PUT leases/ns/pointsman-active 200"]]
    .assert_eq(&world.fake.log());
}

/// Scenario: the server is away for a minute. Guarantees: the active one stays active; afterwards it renews; what others wrote
/// on the Lease stays.
#[tokio::test]
async fn an_outage_leaves_the_active_one_active() {
    let mut world = World::new(&["a", "b"]);
    let mut hold = world.hold(0);
    world.run(5).await;
    expect!["Some(true)"].assert_eq(&format!("{:?}", hold.changed().await));
    let mut lease = world.fake.object(LEASE).expect("it is there");
    lease["metadata"]["annotations"] = json!({"note": "mine"});
    world.fake.put(LEASE, lease);
    world.run(5).await;
    world.fake.refuse("leases", 1_000, 503, Value::Null);
    world.run(60).await;
    expect![[r#"held by ["a"], label on ["pods/ns/a"]"#]].assert_eq(&world.shown());
    world.fake.recover();
    world.run(60).await;
    expect![[r#"held by ["a"], label on ["pods/ns/a"]"#]].assert_eq(&world.shown());
    expect![[r#"{"note":"mine"}"#]]
        .assert_eq(&world.fake.object(LEASE).expect("it is there")["metadata"]["annotations"].to_string());
}

/// Scenario: a label cannot be written at first; the pod is gone later. Guarantees: tried again; a pod that is gone is fine.
#[tokio::test]
async fn labels_are_tried_again() {
    let mut world = World::new(&["a"]);
    world.fake.refuse("PATCH pods", 2, 403, Value::Null);
    world.run(3).await;
    expect![[r#"held by ["a"], label on []"#]].assert_eq(&world.shown());
    world.run(5).await;
    expect![[r#"held by ["a"], label on ["pods/ns/a"]"#]].assert_eq(&world.shown());
    let mut gone = World::new(&["a"]);
    gone.fake.remove("pods/ns/a");
    gone.run(10).await;
    expect!["1"].assert_eq(&gone.fake.log().lines().filter(|line| line.contains("pods")).count().to_string());
}

/// Scenario: the active replica is lost, and its label cannot be taken off for a while. Guarantees: two pods never carry it; the
/// new one gets it once the other has lost it.
#[tokio::test]
async fn nobody_is_labelled_beside_the_one_before() {
    let mut world = World::new(&["a", "b"]);
    world.run(10).await;
    world.electors.remove(0);
    world.fake.refuse("PATCH pods/ns/a", 1_000, 500, Value::Null);
    world.run(30).await;
    expect![[r#"held by ["b"], label on ["pods/ns/a"]"#]].assert_eq(&world.shown());
    world.fake.recover();
    world.run(5).await;
    expect![[r#"held by ["b"], label on ["pods/ns/b"]"#]].assert_eq(&world.shown());
}

/// Scenario: a stop cancels the request that labels the pod. Guarantees: the label is taken off all the same, since the request
/// may have arrived.
#[tokio::test]
async fn a_label_that_may_have_arrived_is_taken_off() {
    let fake = Fake::default();
    fake.put("pods/ns/a", json!({"metadata": {"name": "a", "namespace": "ns"}}));
    let mut label = PodLabel::new(fake.client(), "ns", "a");
    label.settle(false, None).await;
    fake.log();
    tokio::select! {
        biased;
        () = label.settle(true, None) => panic!("it waits for the answer"),
        () = std::future::ready(()) => {}
    }
    label.settle(false, None).await;
    expect!["0 PATCH pods/ns/a 200"].assert_eq(fake.log().lines().last().unwrap_or("nothing"));
}

/// Scenario: an earlier run in the same pod left its label, and another pod is active now. Guarantees: a candidate takes its
/// own label off.
#[tokio::test]
async fn a_label_of_an_earlier_run_goes() {
    let mut world = World::new(&["a", "b"]);
    world.run(3).await;
    world.fake.put("pods/ns/b", json!({"metadata": {"name": "b", "labels": {"pointsman.dev/active": "true"}}}));
    let elector = Elector::new(world.fake.client(), Terms::active("ns", "b"), world.fake.clock()).labelling();
    world.electors[1] = ("b", elector, 0);
    world.run(3).await;
    expect![[r#"held by ["a"], label on ["pods/ns/a"]"#]].assert_eq(&world.shown());
}

/// Scenario: a holder that yields is not turned any more. Guarantees: others see that it is not held, and are told by the turn
/// that comes.
#[tokio::test]
async fn a_deadline_is_seen_without_a_turn() {
    let fake = Fake::default();
    let mut elector = Elector::new(fake.client(), Terms::status("ns", "a"), fake.clock());
    let hold = elector.hold();
    elector.turn().await;
    fake.refuse("leases", 1_000, 500, Value::Null);
    fake.pass(Duration::from_secs(106));
    let before = hold.is_held();
    let left = elector.turn().await;
    fake.pass(Duration::from_secs(1));
    expect!["true 1s false"].assert_eq(&format!("{before} {left:?} {}", hold.is_held()));
}

/// Scenario: the namespace of the Lease is not there. Guarantees: asked every two seconds, not without a pause.
#[tokio::test]
async fn a_namespace_that_is_not_there_is_asked_for_with_pauses() {
    let mut world = World::new(&["a"]);
    world.fake.refuse("POST leases", 1_000, 404, Value::Null);
    world.run(10).await;
    expect!["5"].assert_eq(&world.fake.log().lines().filter(|line| line.contains("POST")).count().to_string());
}
