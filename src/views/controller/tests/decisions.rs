//! What a cluster says, and what becomes of it: while the API server does what it should.

use super::{CLUSTER_VIEWS, VIEWS, World, check, off, view};
use expect_test::expect;
use pointsman_core::{
    model::component::Workload,
    view::{spec::Catalogue, time},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Scenario: views come, change and go. Guarantees: one update for each, at once; what is gone is gone.
#[tokio::test(start_paused = true)]
async fn views_come_change_and_go() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "one", off("c"));
            world.pass(10.0).await;
            world.server.delete(VIEWS, "ns", "two", false);
            world.pass(600.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            10.01s: off [a b] objects [one accepted, two accepted]
            20.01s: off [b c] objects [one accepted, two accepted]
            30.01s: off [c] objects [one accepted]
            630.01s -- health
        "#]],
    )
    .await;
}

/// Scenario: a burst of changes. Guarantees: the first applies at once, the rest together a quarter of a second later.
#[tokio::test(start_paused = true)]
async fn a_burst_is_two_updates() {
    check(
        async |world: &mut World| {
            world.start().await;
            world.pass(10.0).await;
            for name in ["one", "two", "three", "four"] {
                world.server.put(VIEWS, "ns", name, off("a"));
                world.pass(0.05).await;
            }
            world.pass(5.0).await;
        },
        expect![[r#"
            0s: off [] objects []
            10.01s: off [a] objects [one accepted]
            10.26s: off [a] objects [four accepted, one accepted, three accepted, two accepted]
        "#]],
    )
    .await;
}

/// Scenario: status is written, and the object with it. Guarantees: an update shows it, and nothing is compiled.
#[tokio::test(start_paused = true)]
async fn a_change_of_status_compiles_nothing() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            let mut object = world.server.get(VIEWS, "ns", "one");
            object["status"] = json!({ "effectiveHash": "abc", "components": { "matched": 3 } });
            object["metadata"]["labels"] = json!({ "colour": "red" });
            world.server.put(VIEWS, "ns", "one", object.clone());
            world.pass(10.0).await;
            let seen = world.update().objects[0].status.clone().expect("it has a status");
            world.say(&format!("{} {}", seen.effective_hash, seen.components.matched));
            object["status"] = json!({ "conditions": "not a list" });
            world.server.put(VIEWS, "ns", "one", object);
            world.pass(10.0).await;
            world.say(&format!(
                "status {:?}, spec {}",
                world.update().objects[0].status,
                world.update().objects[0].spec()["reason"]
            ));
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            10.01s: off [a] objects [one accepted] (same views)
            20.01s -- abc 3
            20.01s: off [a] objects [one accepted] (same views)
            30.01s -- status None, spec "test"
        "#]],
    )
    .await;
}

/// Scenario: a malformed object among good ones, and a good one that is edited into a bad one, mended, deleted and made
/// anew as a bad one. Guarantees: others are not touched; what was good stays until it is mended or gone.
#[tokio::test(start_paused = true)]
async fn a_bad_object_stops_no_other_and_keeps_what_was_good() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "bad", json!({ "kind": "TelemetryView", "spec": { "metrics": 3 } }));
            world.server.put(VIEWS, "ns", "good", off("a"));
            world.start().await;
            world.pass(10.0).await;
            let mut worse = off("a");
            worse["spec"]["colour"] = "red".into();
            world.server.put(VIEWS, "ns", "good", worse.clone());
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "bad", off("b"));
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "good", off("c"));
            world.pass(10.0).await;
            world.server.delete(VIEWS, "ns", "good", false);
            world.server.put(VIEWS, "ns", "good", worse);
            world.pass(10.0).await;
        },
        expect![[r#"
            0s: off [a] objects [bad refused, good accepted]
               TelemetryView ns/bad spec.metrics: error[PM0105]: `metrics` is not a list, but a number
            10.01s: off [a] objects [bad refused, good kept] (same views)
               TelemetryView ns/bad spec.metrics: error[PM0105]: `metrics` is not a list, but a number
               TelemetryView ns/good spec.colour: error[PM0103]: unknown field `colour` in `spec`
            20.01s: off [a b] objects [bad accepted, good kept]
               TelemetryView ns/good spec.colour: error[PM0103]: unknown field `colour` in `spec`
            30.01s: off [b c] objects [bad accepted, good accepted]
            40.01s: off [b] objects [bad accepted, good refused]
               TelemetryView ns/good spec.colour: error[PM0103]: unknown field `colour` in `spec`
        "#]],
    )
    .await;
}

/// Scenario: a view that expires is applied, its rule edited, and the controller restarted before and after status tells.
/// Guarantees: the time counts from when the term was first seen; a new term begins anew.
#[tokio::test(start_paused = true)]
async fn an_expiry_counts_from_when_its_term_was_first_seen() {
    let short_lived = |instrument: &str, term: Value| {
        let mut view = off(instrument);
        view["spec"]["expiry"] = term;
        view
    };
    let ends = |world: &World| {
        let at = world.update().views.next_expiry(pointsman_core::model::clock::Wall(0));
        world.say(&format!("ends {}", at.map(time::format_time).unwrap_or_default()));
    };
    check(
        async |world: &mut World| {
            world.keep();
            world.start().await;
            world.pass(10.3).await;
            world.server.put(VIEWS, "ns", "one", short_lived("a", json!({ "after": "4h" })));
            world.pass(10.0).await;
            ends(world);
            world.server.put(VIEWS, "ns", "one", short_lived("b", json!({ "after": "4h" })));
            world.pass(10.0).await;
            ends(world);
            world.stop().await;
            world.pass(10.0).await;
            world.start().await;
            ends(world);
            let mut object = world.server.get(VIEWS, "ns", "one");
            object["status"] = json!({ "expiresAt": "2026-01-01T14:00:05Z", "expiryTerm": "after 4h" });
            world.server.put(VIEWS, "ns", "one", object);
            world.pass(10.0).await;
            world.say("another replica had seen it earlier");
            ends(world);
            world.server.put(VIEWS, "ns", "one", short_lived("b", json!({ "after": "1h" })));
            world.pass(10.0).await;
            ends(world);
            world.server.put(VIEWS, "ns", "one", short_lived("b", json!({ "at": "2026-01-01T10:02:00Z" })));
            world.pass(100.0).await;
            ends(world);
            world.server.put(VIEWS, "ns", "one", short_lived("c", json!({ "at": "2026-01-01T10:02:00Z" })));
            world.pass(10.0).await;
            world.say("an edit after its end is no fault");
        },
        expect![[r#"
            0s: off [] objects []
            10.31s: off [a] objects [one accepted]
            20.31s -- ends 2026-01-01T14:00:10Z
            20.31s: off [b] objects [one accepted]
            30.31s -- ends 2026-01-01T14:00:10Z
            40.31s: cached off [b] objects [one accepted]
            40.31s: off [b] objects [one accepted] (same views)
            40.32s -- ends 2026-01-01T14:00:10Z
            40.32s: off [b] objects [one accepted]
            50.32s -- another replica had seen it earlier
            50.32s -- ends 2026-01-01T14:00:05Z
            50.32s: off [b] objects [one accepted]
            60.32s -- ends 2026-01-01T11:00:50Z
            60.32s: off [b] objects [one accepted]
            160.32s -- ends 2026-01-01T10:02:00Z
            160.32s: off [] objects [one accepted]
            170.32s -- an edit after its end is no fault
        "#]],
    )
    .await;
}

/// Scenario: a cluster view that selects namespaces by label, and the label comes and goes. Guarantees: labels are facts of
/// the next update.
#[tokio::test(start_paused = true)]
async fn labels_of_namespaces_are_facts() {
    check(
        async |world: &mut World| {
            let labelled = |labels: Value| json!({ "kind": "Namespace", "metadata": { "labels": labels } });
            world.server.put("namespaces", "", "ns", labelled(json!({ "team": "a" })));
            world.start().await;
            world.say(&format!("{:?}", world.update().facts.namespaces));
            world.server.put("namespaces", "", "ns", labelled(json!({ "team": "b" })));
            world.pass(1.0).await;
            world.say(&format!("{:?}", world.update().facts.namespaces));
            world.server.delete("namespaces", "", "ns", false);
            world.pass(1.0).await;
            world.say(&format!("{:?}", world.update().facts.namespaces));
        },
        expect![[r#"
            0s: off [] objects []
            0.01s -- {"ns": {"team": "a"}}
            0.25s: off [] objects []
            1.01s -- {"ns": {"team": "b"}}
            1.01s: off [] objects []
            2.01s -- {}
        "#]],
    )
    .await;
}

pub(super) fn owned(kind: &str, name: &str, uid: &str) -> Value {
    let owner = json!({ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true });
    json!({ "metadata": { "ownerReferences": [owner] } })
}

/// Scenario: pods of a Deployment, a DaemonSet and a node; a ReplicaSet that comes after its pods. Guarantees: pods are
/// followed to their workloads; none is guessed; the owner is told as references need it.
#[tokio::test(start_paused = true)]
async fn pods_are_followed_to_their_workloads() {
    check(
        async |world: &mut World| {
            world.server.put("replicasets", "ns", "web-1", owned("Deployment", "web", "d-1"));
            world.server.put("pods", "ns", "web-1-x", owned("ReplicaSet", "web-1", "uid-1"));
            world.server.put("pods", "ns", "agent-x", owned("DaemonSet", "agent", "s-1"));
            world.server.put("pods", "ns", "static-x", owned("Node", "node", "n-1"));
            world.server.put("pods", "ns", "late-1-x", owned("ReplicaSet", "late-1", "uid-5"));
            world.server.put("pods", "ns", "web-0-x", owned("ReplicaSet", "web-1", "uid-of-an-older-one"));
            world.start().await;
            let workload = |world: &World, pod: &str| {
                let update = world.update();
                let workload = update.workloads.of_pod(None, "ns", Some(pod)).cloned();
                let text = workload.map(|w: Arc<Workload>| format!("{} {}", w.kind, w.name)).unwrap_or_default();
                world.say(&format!("{pod}: {text}"));
            };
            for pod in ["web-1-x", "agent-x", "static-x", "late-1-x", "web-0-x"] {
                workload(world, pod);
            }
            world.server.put("replicasets", "ns", "late-1", {
                let mut object = owned("Deployment", "late", "d-2");
                object["metadata"]["uid"] = "uid-5".into();
                object
            });
            world.pass(1.0).await;
            workload(world, "late-1-x");
            world.say(&format!("{:?}", world.update().owners));
            world.server.delete("pods", "ns", "agent-x", false);
            world.pass(1.0).await;
            workload(world, "agent-x");
            world.health();
        },
        expect![[r#"
            0s: off [] objects []
            0.01s -- web-1-x: Deployment web
            0.01s -- agent-x: DaemonSet agent
            0.01s -- static-x: 
            0.01s -- late-1-x: 
            0.01s -- web-0-x: 
            0.25s: off [] objects [] (same views)
            1.01s -- late-1-x: Deployment late
            1.01s -- {("ns", "DaemonSet", "agent"): Owner { api_version: "apps/v1", uid: "s-1" }, ("ns", "Deployment", "late"): Owner { api_version: "apps/v1", uid: "d-2" }, ("ns", "Deployment", "web"): Owner { api_version: "apps/v1", uid: "d-1" }}
            1.01s: off [] objects [] (same views)
            2.01s -- agent-x: 
            2.01s -- health
        "#]],
    )
    .await;
}

/// Scenario: an alert that reads a metric, edited to read one more, while a relist happens and after a restart from disk.
/// Guarantees: what it read before counts since it was made, what is new since it was seen, over restarts.
#[tokio::test(start_paused = true)]
async fn readers_count_since_they_read() {
    let rule =
        |expr: &str| json!({ "kind": "PrometheusRule", "spec": { "groups": [{ "rules": [{ "alert": "A", "expr": expr }] }] } });
    let readers = |world: &World| {
        let facts = Arc::clone(&world.update().facts);
        let read = |read: &pointsman_core::view::facts::Read| {
            format!("{} since {}", read.metric.as_str(), read.since.map(time::format_time).unwrap_or_default())
        };
        let reads: Vec<String> = facts
            .consumers
            .iter()
            .filter(|consumer| &*consumer.kind != "Dashboard")
            .flat_map(|consumer| consumer.reads.iter().map(read))
            .collect();
        world.say(&reads.join(", "));
    };
    check(
        async |world: &mut World| {
            world.keep();
            world.server.put("prometheusrules", "ns", "r", rule("x > 1"));
            world.start().await;
            readers(world);
            world.pass(60.0).await;
            world.server.put("prometheusrules", "ns", "r", rule("x > 1 and y > 1"));
            world.pass(60.0).await;
            readers(world);
            world.stop().await;
            world.pass(60.0).await;
            world.start().await;
            readers(world);
            world.server.delete("prometheusrules", "ns", "r", false);
            world.pass(1.0).await;
            readers(world);
        },
        expect![[r#"
            0s: off [] objects []
            0.01s -- x since 2026-01-01T00:00:00Z
            60.01s: off [] objects []
            120.01s -- x since 2026-01-01T00:00:00Z, y since 2026-01-01T10:01:00.010Z
            180.01s: cached off [] objects []
            180.01s: off [] objects [] (same views)
            180.02s -- x since 2026-01-01T00:00:00Z, y since 2026-01-01T10:01:00.010Z
            180.02s: off [] objects []
            181.02s -- 
        "#]],
    )
    .await;
}

/// Scenario: a catalogue changes. Guarantees: views are compiled against it.
#[tokio::test(start_paused = true)]
async fn a_new_catalogue_is_compiled_in() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", view(json!([])));
            world.start().await;
            world.pass(1.0).await;
            let id = pointsman_core::view::spec::ObjectId { kind: "InstrumentCatalog", namespace: "".into(), name: "s".into() };
            let place = pointsman_core::fault::Place::Nowhere;
            let (service, schema_url, instruments) = ("s".into(), "".into(), Vec::new());
            let catalogue = Catalogue { id, place, service, schema_url, instruments: instruments.into() };
            world.catalogues.send_replace(Arc::new(vec![Arc::new(catalogue)]));
            world.pass(1.0).await;
            world.say(&format!("{} catalogue", world.update().views.catalogues().count()));
        },
        expect![[r#"
            0s: off [] objects [one accepted]
            1.01s: off [] objects [one accepted]
            2.01s -- 1 catalogue
        "#]],
    )
    .await;
}

/// Scenario: more objects than one page holds. Guarantees: all pages together are one list.
#[tokio::test(start_paused = true)]
async fn pages_are_one_list() {
    check(
        async |world: &mut World| {
            world.server.pages_of(1);
            for (name, instrument) in [("one", "a"), ("two", "b"), ("three", "c")] {
                world.server.put(VIEWS, "ns", name, off(instrument));
            }
            world.start().await;
            world.say(&format!("{} lists", world.server.count("list telemetryviews")));
        },
        expect![[r#"
            0s: off [a b c] objects [one accepted, three accepted, two accepted]
            0.01s -- 3 lists
        "#]],
    )
    .await;
}

/// Scenario: a cluster view of overrides beside a view of the namespace. Guarantees: both kinds are one set.
#[tokio::test(start_paused = true)]
async fn both_kinds_of_view_are_one_set() {
    check(
        async |world: &mut World| {
            let rule = json!([{ "name": "r", "match": { "instruments": ["a"] }, "state": "Enabled" }]);
            let spec = json!({ "overrides": { "metrics": rule } });
            let object = json!({ "apiVersion": "pointsman.dev/v1alpha1", "kind": "ClusterTelemetryView", "spec": spec });
            world.server.put(VIEWS, "ns", "mine", off("a"));
            world.start().await;
            world.pass(1.0).await;
            world.server.put(CLUSTER_VIEWS, "", "theirs", object);
            world.pass(1.0).await;
            world.server.delete(CLUSTER_VIEWS, "", "theirs", false);
            world.pass(1.0).await;
        },
        expect![[r#"
            0s: off [a] objects [mine accepted]
            1.01s: off [] objects [mine accepted, theirs accepted]
               TelemetryView ns/mine spec.metrics[0].name: warning[PM0202]: rule `r` can never win: ClusterTelemetryView theirs rule `r` covers it
            2.01s: off [a] objects [mine accepted]
        "#]],
    )
    .await;
}
