//! The API server away, mute or stuck, for minutes and over restarts: the last good views serve.

use super::{PLURALS, VIEWS, World, check, decisions::owned, off};
use crate::kubernetes::server::Mood;
use expect_test::expect;
use pointsman_core::limits::CLUSTER_NAMESPACES_MAX;
use serde_json::json;
use std::fs;

/// Scenario: the API server answers with 500 at the start. Guarantees: nothing is in force that is not known; it is told,
/// and heals within one back-off.
#[tokio::test(start_paused = true)]
async fn a_500_at_the_first_list_is_told_and_heals() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&[VIEWS], Mood::Says(500));
            world.start().await;
            world.pass(20.0).await;
            world.server.mood(&[VIEWS], Mood::Fine);
            world.pass(30.0).await;
            world.health();
        },
        expect![[r#"
            25.2s: off [a] objects [one accepted]
            50.01s -- health
               telemetryviews: 1 lists, 6 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: the API server is away for ten minutes; a view is made and one is deleted meanwhile. Guarantees: views stay
/// through it; one update of faults says so; one update within one back-off brings all of the change.
#[tokio::test(start_paused = true)]
async fn ten_minutes_without_the_api_server() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.start().await;
            world.pass(60.0).await;
            world.say("away");
            world.server.mood(&PLURALS, Mood::Away);
            world.server.cut();
            world.pass(600.0).await;
            world.server.delete(VIEWS, "ns", "one", true);
            world.server.put(VIEWS, "ns", "three", off("c"));
            world.server.forget();
            world.say("back");
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(60.0).await;
            world.say("settled");
            world.pass(300.0).await;
        },
        expect![[r#"
            0s: off [a b] objects [one accepted, two accepted]
            60.01s -- away
            61.21s: off [a b] objects [one accepted, two accepted] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:01:01.210Z (clustertelemetryviews: ask the API server: ServiceError: connection refused); the last good views serve
            660.01s -- back
            670.21s: off [b c] objects [three accepted, two accepted]
            720.01s -- settled
        "#]],
    )
    .await;
}

/// Scenario: the API server takes connections and never answers, from the start. Guarantees: each request is given up after
/// ten seconds; after a long silence there are new clients.
#[tokio::test(start_paused = true)]
async fn a_black_hole_is_left_and_tried_anew() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&PLURALS, Mood::BlackHole);
            world.start().await;
            world.pass(700.0).await;
            world.say(&format!("{} clients", world.server.count("clients")));
            world.health();
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(45.0).await;
        },
        expect![[r#"
            700.01s -- 16 clients
            700.01s -- health
               telemetryviews: 0 lists, 31 errors, 1 restarts
               clustertelemetryviews: 0 lists, 31 errors, 1 restarts
               namespaces: 0 lists, 31 errors, 1 restarts
               pods: 0 lists, 31 errors, 1 restarts
               replicasets: 0 lists, 31 errors, 1 restarts
               jobs: 0 lists, 31 errors, 1 restarts
               prometheusrules: 0 lists, 31 errors, 1 restarts
               horizontalpodautoscalers: 0 lists, 31 errors, 1 restarts
            710.2s: off [a] objects [one accepted]
        "#]],
    )
    .await;
}

/// Scenario: watches begin and then say nothing, not even bookmarks, nor end. Guarantees: a change is found after 580 s at
/// the latest, by a new client and a new list.
#[tokio::test(start_paused = true)]
async fn a_mute_watch_is_left() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&[VIEWS], Mood::Mute);
            world.start().await;
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.pass(700.0).await;
            world.say(&format!("{} clients", world.server.count("clients")));
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            580.4s: off [a b] objects [one accepted, two accepted]
            700.01s -- 9 clients
            700.01s -- health
               telemetryviews: 2 lists, 2 errors, 1 restarts
        "#]],
    )
    .await;
}

/// Scenario: a restart while the API server is away, with views on disk, one of them kept because its newest text is bad.
/// Guarantees: they serve at once, as before; when the API server is back, what it says replaces them.
#[tokio::test(start_paused = true)]
async fn a_restart_without_the_api_server_serves_what_was_kept() {
    check(
        async |world: &mut World| {
            let path = world.keep();
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.start().await;
            world.pass(10.0).await;
            let mut bad = off("b");
            bad["spec"]["colour"] = "red".into();
            world.server.put(VIEWS, "ns", "two", bad);
            world.pass(10.0).await;
            world.stop().await;
            let text = fs::read_to_string(path).expect("it was written");
            world.say(&format!("{} lines on disk, generation {}", text.lines().count(), generation(&text)));
            world.server.mood(&PLURALS, Mood::Away);
            world.start().await;
            world.pass(300.0).await;
            world.server.delete(VIEWS, "ns", "one", true);
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(60.0).await;
        },
        expect![[r#"
            0s: off [a b] objects [one accepted, two accepted]
            10.01s: off [a b] objects [one accepted, two kept] (same views)
               TelemetryView ns/two spec.colour: error[PM0103]: unknown field `colour` in `spec`
            20.01s -- 2 lines on disk, generation 2
            20.01s: cached off [a b] objects [one accepted, two kept]
               TelemetryView ns/two spec.colour: error[PM0103]: unknown field `colour` in `spec`
            20.01s: cached off [a b] objects [one accepted, two kept] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:00:20.010Z (clustertelemetryviews: ask the API server: ServiceError: connection refused); the last good views serve
               TelemetryView ns/two spec.colour: error[PM0103]: unknown field `colour` in `spec`
            330.21s: off [b] objects [two kept]
               TelemetryView ns/two spec.colour: error[PM0103]: unknown field `colour` in `spec`
        "#]],
    )
    .await;
}

/// Scenario: the same with a pod of a Deployment; then the API server is back but for its pods, then wholly, without the pod.
/// Guarantees: whose pod it is stays known, over a second restart too, until pods are listed without it.
#[tokio::test(start_paused = true)]
async fn a_restart_without_the_api_server_knows_whose_pods_are_whose() {
    let whose = |world: &World| {
        let update = world.update();
        let name = update.workloads.of_pod(None, "ns", Some("web-1-x")).map(|workload| workload.name.clone());
        world.say(&format!("web-1-x: {} of {} owners", name.unwrap_or_default(), update.owners.len()));
    };
    check(
        async |world: &mut World| {
            world.keep();
            world.server.put("replicasets", "ns", "web-1", owned("Deployment", "web", "d-1"));
            world.server.put("pods", "ns", "web-1-x", owned("ReplicaSet", "web-1", "uid-1"));
            world.start().await;
            world.pass(60.0).await;
            whose(world);
            world.stop().await;
            world.server.mood(&PLURALS, Mood::Away);
            world.start().await;
            world.pass(300.0).await;
            whose(world);
            world.server.mood(&PLURALS, Mood::Fine);
            world.server.mood(&["pods", "replicasets"], Mood::Says(403));
            world.pass(60.0).await;
            whose(world);
            world.stop().await;
            world.start().await;
            world.server.mood(&["pods"], Mood::Fine);
            world.pass(60.0).await;
            whose(world);
            world.server.delete("pods", "ns", "web-1-x", true);
            world.server.forget();
            world.server.cut();
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(60.0).await;
            whose(world);
        },
        expect![[r#"
            0s: off [] objects []
            60.01s -- web-1-x: web of 1 owners
            60.01s: cached off [] objects []
            60.01s: cached off [] objects [] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:01:00.010Z (clustertelemetryviews: ask the API server: ServiceError: connection refused); the last good views serve
            360.02s -- web-1-x: web of 1 owners
            370.21s: off [] objects [] (same views)
               error[PM0803]: the API server forbids to list pods
               error[PM0803]: the API server forbids to list replicasets.apps
            420.02s -- web-1-x: web of 1 owners
            420.02s: cached off [] objects []
            420.02s: off [] objects [] (same views)
               error[PM0803]: the API server forbids to list pods
               error[PM0803]: the API server forbids to list replicasets.apps
            420.42s: off [] objects [] (same views)
               error[PM0803]: the API server forbids to list replicasets.apps
            480.03s -- web-1-x: web of 1 owners
            480.83s: off [] objects [] (same views)
               error[PM0803]: the API server forbids to list replicasets.apps
            490.22s: off [] objects [] (same views)
            540.03s -- web-1-x:  of 0 owners
        "#]],
    )
    .await;
}

fn generation(text: &str) -> u64 {
    let head: serde_json::Value = serde_json::from_str(text.lines().next().expect("a head")).expect("JSON");
    head["generation"].as_u64().expect("a number")
}

/// Scenario: a restart with a cache in which one byte was changed. Guarantees: it is refused and told, and the views come
/// from the API server.
#[tokio::test(start_paused = true)]
async fn a_damaged_cache_is_refused() {
    check(
        async |world: &mut World| {
            let path = world.keep();
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            world.stop().await;
            let text = fs::read_to_string(&path).expect("it was written");
            fs::write(&path, text.replace("\"a\"", "\"b\"")).expect("the folder is ours");
            world.start().await;
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "two", off("c"));
            world.pass(10.0).await;
            let text = fs::read_to_string(&path).expect("it was written");
            world.say(&format!("generation {}", generation(&text)));
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            10.01s: off [a] objects [one accepted]
               views-cache.json: it is damaged: the checksum does not fit
            10.26s: off [a] objects [one accepted] (same views)
            20.02s: off [a c] objects [one accepted, two accepted]
            30.02s -- generation 2
        "#]],
    )
    .await;
}

/// Scenario: the cache cannot be written. Guarantees: it is told, views are not touched, and it is tried again.
#[tokio::test(start_paused = true)]
async fn a_cache_that_cannot_be_written_is_told() {
    check(
        async |world: &mut World| {
            let path = world.keep();
            let folder = path.parent().expect("a folder").to_owned();
            fs::remove_dir_all(&folder).expect("the folder is ours");
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            fs::create_dir(&folder).expect("the folder is ours");
            world.pass(60.0).await;
            world.say(&format!("written: {}", path.exists()));
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            0.25s: off [a] objects [one accepted] (same views)
               views-cache.json: No such file or directory (os error 2)
            30s: off [a] objects [one accepted] (same views)
            70.01s -- written: true
        "#]],
    )
    .await;
}

/// Scenario: a start without anything on disk while the API server is away. Guarantees: nothing is told to be in force.
#[tokio::test(start_paused = true)]
async fn a_first_start_without_the_api_server_waits() {
    check(
        async |world: &mut World| {
            world.server.mood(&PLURALS, Mood::Away);
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(120.0).await;
            world.say("back");
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(30.0).await;
        },
        expect![[r#"
            120.01s -- back
            130.2s: off [a] objects [one accepted]
        "#]],
    )
    .await;
}

/// Scenario: an API server that is too slow for a large page, and later is not. Guarantees: fewer objects are asked for at
/// once, and more again after a list that was good.
#[tokio::test(start_paused = true)]
async fn pages_that_shrank_grow_again() {
    check(
        async |world: &mut World| {
            let page = |world: &World| world.say(&format!("pages of {}", world.server.count("page of pods")));
            world.server.mood(&["pods"], Mood::BlackHole);
            world.start().await;
            world.pass(5.0).await;
            world.server.mood(&["pods"], Mood::Fine);
            world.pass(30.0).await;
            page(world);
            world.server.forget();
            world.server.cut();
            world.pass(30.0).await;
            page(world);
        },
        expect![[r#"
            2s: off [] objects []
            10s: off [] objects [] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:00:10Z (pods: wait for the API server's answer); the last good views serve
            10.4s: off [] objects [] (same views)
            35.01s -- pages of 62
            65.01s -- pages of 496
        "#]],
    )
    .await;
}

/// Scenario: one namespace more than are read; some others go. Guarantees: it is left out and told, found within five
/// minutes, and many that go are one list.
#[tokio::test(start_paused = true)]
async fn what_was_left_out_is_found_when_others_go() {
    check(
        async |world: &mut World| {
            for number in 0..=CLUSTER_NAMESPACES_MAX {
                world.server.put("namespaces", "", &format!("n{number:05}"), json!({}));
            }
            let tell = |world: &World| {
                let (facts, lists) = (world.update().facts, world.server.count("list namespaces"));
                let has_last = facts.namespaces.contains_key(&*format!("n{CLUSTER_NAMESPACES_MAX}"));
                world.say(&format!("{} namespaces, the last: {has_last}, {lists} pages", facts.namespaces.len()));
            };
            world.start().await;
            tell(world);
            world.pass(10.0).await;
            for number in 0..3 {
                world.server.delete("namespaces", "", &format!("n{number:05}"), false);
            }
            world.pass(10.0).await;
            tell(world);
            world.pass(290.0).await;
            tell(world);
            world.pass(1200.0).await;
            tell(world);
        },
        expect![[r#"
            0s: off [] objects []
               error[PM0107]: `the cluster` has 20001 namespaces, at most 20000
            0.01s -- 20000 namespaces, the last: false, 41 pages
            10.01s: off [] objects []
               error[PM0107]: `the cluster` has 20001 namespaces, at most 20000
            20.01s -- 19997 namespaces, the last: false, 41 pages
            300s: off [] objects []
            310.01s -- 19998 namespaces, the last: true, 81 pages
            1510.01s -- 19998 namespaces, the last: true, 81 pages
        "#]],
    )
    .await;
}
