//! One watch in trouble while the rest goes on: versions forgotten, lines torn, rights and definitions missing.

use super::{CLUSTER_VIEWS, VIEWS, World, check, off};
use crate::kubernetes::server::{Mood, error_line, line};
use bytes::Bytes;
use expect_test::expect;
use serde_json::json;

/// Scenario: the server forgets versions, a view is deleted and one is made meanwhile, and the watch is told 410 in its
/// stream. Guarantees: the relist swaps whole, in one update.
#[tokio::test(start_paused = true)]
async fn a_410_in_the_stream_lists_anew() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.start().await;
            world.pass(10.0).await;
            world.server.script(VIEWS, vec![error_line(410)]);
            world.server.cut();
            world.server.delete(VIEWS, "ns", "one", true);
            world.server.put(VIEWS, "ns", "three", off("c"));
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a b] objects [one accepted, two accepted]
            10.41s: off [b c] objects [three accepted, two accepted]
            70.01s -- health
               telemetryviews: 2 lists, 1 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: the same, but the server answers the watch with 410. Guarantees: the version is not tried again for ever.
#[tokio::test(start_paused = true)]
async fn a_410_at_the_start_of_a_watch_lists_anew() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            world.server.delete(VIEWS, "ns", "one", true);
            world.server.forget();
            world.server.cut();
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            10.41s: off [] objects []
            70.01s -- health
               telemetryviews: 2 lists, 1 errors, 0 restarts
               clustertelemetryviews: 2 lists, 1 errors, 0 restarts
               namespaces: 2 lists, 1 errors, 0 restarts
               pods: 2 lists, 1 errors, 0 restarts
               replicasets: 2 lists, 1 errors, 0 restarts
               jobs: 2 lists, 1 errors, 0 restarts
               prometheusrules: 2 lists, 1 errors, 0 restarts
               horizontalpodautoscalers: 2 lists, 1 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: versions older than any are all the server will not serve, without ever saying 410. Guarantees: after three
/// attempts the watch lists anew.
#[tokio::test(start_paused = true)]
async fn a_version_that_never_works_is_given_up() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            world.server.mood(&[VIEWS], Mood::WatchesSay(504));
            world.server.cut();
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.pass(30.0).await;
            world.server.mood(&[VIEWS], Mood::Fine);
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            11.21s: off [a] objects [one accepted] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:00:11.210Z (telemetryviews: the API server says 504: scripted 504); the last good views serve
            12.81s: off [a b] objects [one accepted, two accepted]
               warning[PM0801]: the API server is away since 2026-01-01T10:00:11.210Z (telemetryviews: the API server says 504: scripted 504); the last good views serve
            51.21s: off [a b] objects [one accepted, two accepted] (same views)
            100.01s -- health
               telemetryviews: 3 lists, 7 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: the server forgets a list between two pages. Guarantees: the list begins anew; half of it is never shown.
#[tokio::test(start_paused = true)]
async fn a_410_between_two_pages_lists_anew() {
    check(
        async |world: &mut World| {
            world.server.pages_of(1);
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.server.mood(&[VIEWS], Mood::ForgetsPages);
            world.start().await;
            world.pass(5.0).await;
            world.server.mood(&[VIEWS], Mood::Fine);
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            6s: off [a b] objects [one accepted, two accepted]
            65.01s -- health
               telemetryviews: 1 lists, 4 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: a stream ends within a line. Guarantees: the rest is forgotten, the watch goes on from before it.
#[tokio::test(start_paused = true)]
async fn a_torn_line_is_read_again() {
    check(
        async |world: &mut World| {
            world.start().await;
            world.pass(10.0).await;
            let torn = line("ADDED", &off("a"));
            world.server.script(VIEWS, vec![torn.slice(..torn.len() / 2)]);
            world.server.cut();
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [] objects []
            10.41s: off [a] objects [one accepted]
            70.01s -- health
               telemetryviews: 1 lists, 1 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: a whole line that is no JSON, and an event of an unknown type. Guarantees: as above.
#[tokio::test(start_paused = true)]
async fn garbage_in_a_stream_is_read_again() {
    check(
        async |world: &mut World| {
            world.start().await;
            world.pass(10.0).await;
            world.server.script(VIEWS, vec![Bytes::from_static(b"{\"type\": \"ADDED\", \"obj\n")]);
            world.server.script(VIEWS, vec![line("SHOUTED", &json!({}))]);
            world.server.cut();
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [] objects []
            11.21s: off [a] objects [one accepted]
            70.01s -- health
               telemetryviews: 1 lists, 2 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: lines arrive byte by byte, two at once, and with empty ones between. Guarantees: all are read once.
#[tokio::test(start_paused = true)]
async fn lines_may_be_cut_anywhere() {
    check(
        async |world: &mut World| {
            world.start().await;
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "one", off("a"));
            let (first, second) = (world.server.get(VIEWS, "ns", "one"), off("b"));
            let mut second = second;
            second["metadata"] = json!({ "name": "two", "namespace": "ns", "uid": "u", "resourceVersion": "1000" });
            let mut bytes: Vec<Bytes> = line("ADDED", &first).chunks(1).map(Bytes::copy_from_slice).collect();
            bytes.push([&b"\n"[..], &line("ADDED", &second), b"\r\n"].concat().into());
            world.server.script(VIEWS, bytes);
            world.server.cut();
            world.pass(0.5).await;
            world.health();
        },
        expect![[r#"
            0s: off [] objects []
            10.01s: off [a b] objects [one accepted, two accepted]
            10.51s -- health
        "#]],
    )
    .await;
}

/// Scenario: an object without a name among good ones, in a list and in a stream. Guarantees: it is counted and skipped.
#[tokio::test(start_paused = true)]
async fn an_object_without_a_name_is_skipped() {
    check(
        async |world: &mut World| {
            world.start().await;
            world.pass(10.0).await;
            let nameless = json!({ "metadata": { "resourceVersion": "101" } });
            world.server.put(VIEWS, "ns", "one", off("a"));
            let one = world.server.get(VIEWS, "ns", "one");
            world.server.script(VIEWS, vec![line("ADDED", &nameless), line("ADDED", &one), line("DELETED", &nameless)]);
            world.server.cut();
            world.pass(10.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [] objects []
            10.01s: off [a] objects [one accepted]
            20.01s -- health
               telemetryviews: 1 lists, 2 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: the same object is announced twice. Guarantees: nothing happens the second time.
#[tokio::test(start_paused = true)]
async fn an_object_that_is_added_twice_changes_nothing() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            let one = world.server.get(VIEWS, "ns", "one");
            world.server.script(VIEWS, vec![line("ADDED", &one), line("ADDED", &one), line("MODIFIED", &one)]);
            world.server.cut();
            world.pass(10.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            20.01s -- health
        "#]],
    )
    .await;
}

/// Scenario: a quiet kind over twenty minutes: nothing but bookmarks. Guarantees: no list, no new client, no update; and
/// the bookmarks are where the watch goes on when the server has forgotten all before.
#[tokio::test(start_paused = true)]
async fn bookmarks_alone_keep_a_watch_alive() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(1200.0).await;
            world.health();
            world.server.mood(&[VIEWS], Mood::OnlyBookmarks);
            world.server.cut();
            world.pass(1200.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            1200.01s -- health
            2400.01s -- health
        "#]],
    )
    .await;
}

/// Scenario: lists without a version, then as they should be. Guarantees: what is listed is taken over each time; the watch
/// begins when there is a version to begin with.
#[tokio::test(start_paused = true)]
async fn a_list_without_a_version_is_listed_again() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&[VIEWS], Mood::Unversioned);
            world.start().await;
            world.pass(5.0).await;
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.pass(30.0).await;
            world.server.mood(&[VIEWS], Mood::Fine);
            world.pass(60.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            6s: off [a b] objects [one accepted, two accepted]
            95.01s -- health
               telemetryviews: 8 lists, 7 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: every watch ends as soon as it begins. Guarantees: the server is not stormed.
#[tokio::test(start_paused = true)]
async fn watches_that_end_at_once_back_off() {
    check(
        async |world: &mut World| {
            world.server.mood(&[VIEWS], Mood::Fleeting);
            world.start().await;
            world.pass(120.0).await;
            world.say(&format!("{} watches in two minutes", world.server.count("watch telemetryviews")));
        },
        expect![[r#"
            0s: off [] objects []
            1.2s: off [] objects [] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:00:01.200Z (telemetryviews: follow a watch that ends as soon as it begins); the last good views serve
            120.01s -- 13 watches in two minutes
        "#]],
    )
    .await;
}

/// Scenario: a right is missing: to list rules of the Prometheus operator, then to watch views. Guarantees: each is told
/// with its verb, the rest goes on, and it heals by itself.
#[tokio::test(start_paused = true)]
async fn a_missing_right_is_told_and_stops_no_other() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&["prometheusrules"], Mood::Says(403));
            world.start().await;
            world.pass(10.0).await;
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.pass(10.0).await;
            world.server.mood(&["prometheusrules"], Mood::Fine);
            world.pass(60.0).await;
            world.server.mood(&[VIEWS], Mood::WatchesSay(403));
            world.server.cut();
            world.pass(20.0).await;
            world.server.mood(&[VIEWS], Mood::Fine);
            world.pass(60.0).await;
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
               error[PM0803]: the API server forbids to list prometheusrules.monitoring.coreos.com
            10.01s: off [a b] objects [one accepted, two accepted]
               error[PM0803]: the API server forbids to list prometheusrules.monitoring.coreos.com
            25.2s: off [a b] objects [one accepted, two accepted] (same views)
            80.01s: off [a b] objects [one accepted, two accepted] (same views)
               error[PM0803]: the API server forbids to watch telemetryviews.pointsman.dev
            106.21s: off [a b] objects [one accepted, two accepted] (same views)
        "#]],
    )
    .await;
}

/// Scenario: our definitions are not there, then they are. Guarantees: one fault names both; they are found within half a
/// minute, and nobody has counted errors meanwhile.
#[tokio::test(start_paused = true)]
async fn definitions_that_come_late_are_found() {
    check(
        async |world: &mut World| {
            world.server.mood(&[VIEWS, CLUSTER_VIEWS], Mood::Says(404));
            world.start().await;
            world.pass(300.0).await;
            world.health();
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&[VIEWS, CLUSTER_VIEWS], Mood::Fine);
            world.pass(30.0).await;
        },
        expect![[r#"
            0s: off [] objects []
               error[PM0802]: custom resource definitions are missing: telemetryviews.pointsman.dev, clustertelemetryviews.pointsman.dev
            300.01s -- health
               telemetryviews: 0 lists, 0 errors, 0 restarts
               clustertelemetryviews: 0 lists, 0 errors, 0 restarts
            330s: off [a] objects [one accepted]
        "#]],
    )
    .await;
}

/// Scenario: our definition is removed while views are in force, and comes back without them. Guarantees: the last good
/// views stay as long as it is not there, and the fault says so.
#[tokio::test(start_paused = true)]
async fn views_outlive_their_definition() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.start().await;
            world.pass(10.0).await;
            world.server.mood(&[VIEWS], Mood::Says(404));
            world.server.cut();
            world.pass(300.0).await;
            world.server.delete(VIEWS, "ns", "one", true);
            world.server.mood(&[VIEWS], Mood::Fine);
            world.pass(60.0).await;
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            10.01s: off [a] objects [one accepted] (same views)
               error[PM0802]: custom resource definitions are missing: telemetryviews.pointsman.dev
            310.01s: off [] objects []
        "#]],
    )
    .await;
}

/// Scenario: a cluster without the Prometheus operator. Guarantees: no fault, no error, nothing to wait for.
#[tokio::test(start_paused = true)]
async fn a_cluster_without_the_prometheus_operator_is_fine() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&["prometheusrules"], Mood::Says(404));
            world.start().await;
            world.pass(600.0).await;
            world.health();
        },
        expect![[r#"
            0s: off [a] objects [one accepted]
            600.01s -- health
               prometheusrules: 0 lists, 0 errors, 0 restarts
        "#]],
    )
    .await;
}

/// Scenario: pods cannot be listed for long. Guarantees: views wait for them two seconds, no more, and change meanwhile as
/// ever; a back-off is of one watch alone.
#[tokio::test(start_paused = true)]
async fn one_watch_in_trouble_slows_no_other() {
    check(
        async |world: &mut World| {
            world.server.put(VIEWS, "ns", "one", off("a"));
            world.server.mood(&["pods"], Mood::BlackHole);
            world.start().await;
            world.pass(5.0).await;
            world.server.mood(&["pods"], Mood::Says(500));
            world.pass(40.0).await;
            world.server.put(VIEWS, "ns", "two", off("b"));
            world.pass(10.0).await;
            world.health();
        },
        expect![[r#"
            2s: off [a] objects [one accepted]
            10s: off [a] objects [one accepted] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:00:10Z (pods: wait for the API server's answer); the last good views serve
            10.4s: off [a] objects [one accepted] (same views)
               warning[PM0801]: the API server is away since 2026-01-01T10:00:10Z (pods: the API server says 500: scripted 500); the last good views serve
            45.01s: off [a b] objects [one accepted, two accepted]
               warning[PM0801]: the API server is away since 2026-01-01T10:00:10Z (pods: the API server says 500: scripted 500); the last good views serve
            55.01s -- health
               pods: 0 lists, 8 errors, 0 restarts
        "#]],
    )
    .await;
}
