//! One kind followed as it came, against a scripted API server on a clock that only waits for us: one line a piece of news.
//! How a follower meets failures is told beside the controller of views, which follows eight kinds at once.

use super::{Follower, Health, News, Surroundings, fetch};
use crate::kubernetes::{
    objects::{Form, Kind, Payload, Undefined},
    server::{Mood, Server, line},
};
use expect_test::{Expect, expect};
use pointsman_core::{
    limits::CLUSTER_OBJECT_BYTES_MAX,
    model::clock::{Mono, Wall},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};

const PLURALS: [&str; 1] = ["machineconfigs"];
const CONFIGS: &str = PLURALS[0];

fn kind(form: Form) -> Kind {
    Kind {
        group: "machineconfiguration.openshift.io",
        version: "v1",
        plural: CONFIGS,
        kind: "MachineConfig",
        namespace: None,
        fields: None,
        labels: None,
        form,
        undefined: Undefined::Told,
        objects_max: 100,
    }
}

/// What a follower told within so many seconds, as text.
struct Told {
    server: Server,
    news: mpsc::Receiver<(usize, News)>,
    out: String,
}

impl Told {
    async fn pass(&mut self, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some((_, news))) = timeout(until - Instant::now(), self.news.recv()).await {
            self.out.push_str(&format!("{}\n", told(news)));
        }
    }

    fn put(&self, name: &str, object: Value) {
        self.server.put(CONFIGS, "", name, object);
    }
}

fn told(news: News) -> String {
    let entry = |entry: super::Entry| match entry.payload {
        Payload::Raw(raw) => format!("{} {} {} {}", entry.key.name, raw.uid, raw.version, raw.body),
        other => format!("{} {other:?}", entry.key.name),
    };
    match news {
        News::Begun => "begun".to_owned(),
        News::Part(entries) => format!("part of {}", entries.len()),
        News::Listed { entries, left_out } => {
            let entries: Vec<String> = entries.into_iter().map(|one| format!("\n  {}", entry(one))).collect();
            format!("listed, {left_out} left out{}", entries.concat())
        }
        News::Applied(one) => format!("applied {}", entry(one)),
        News::Deleted(key) => format!("deleted {}/{}", key.namespace, key.name),
        News::Trouble(trouble) => format!("trouble {trouble:?}"),
    }
}

/// Follows a kind while a story is told, and holds what came of it against what should have.
async fn check(kind: Kind, story: impl AsyncFnOnce(&mut Told), want: Expect) {
    let server = Server::new(&PLURALS);
    let (sender, news) = mpsc::channel(64);
    let began = Instant::now();
    let asked = server.clone();
    let surroundings = Surroundings {
        connect: Arc::new(move || {
            let client = asked.client();
            Box::pin(async move { Ok(client) })
        }),
        now: Arc::new(move || {
            let passed = began.elapsed();
            (Mono(u64::try_from(passed.as_nanos()).expect("a short test") + 1), Wall::from_secs(0).plus(passed))
        }),
        random: Arc::new(|| 0),
        again: Arc::new(Notify::new()),
    };
    let health = Arc::new(Health::new(kind.kind));
    let follower = Follower::new(0, kind, surroundings, Arc::clone(&health), sender);
    let mut world = Told { server, news, out: String::new() };
    tokio::select! {
        () = follower.run() => panic!("it follows for as long as anybody listens"),
        () = async {
            story(&mut world).await;
            world.out.push_str(&format!("{} errors\n", health.now().errors));
            want.assert_eq(&world.out);
        } => {}
    }
}

/// Scenario: objects as they came; one in the stream has a number for a name. Guarantees: bodies are what the server sent; the
/// bad one is counted and passed over, the stream goes on.
#[tokio::test(start_paused = true)]
async fn objects_come_as_they_are_and_a_bad_one_is_passed_over() {
    check(
        kind(Form::Raw),
        async |world: &mut Told| {
            world.put("one", json!({ "spec": { "fips": true } }));
            world.pass(1).await;
            world.put("two", json!({ "spec": { "fips": "of another type" } }));
            world.pass(1).await;
            let bad = json!({ "metadata": { "name": 5, "resourceVersion": "102" } });
            let good = json!({ "metadata": { "name": "three", "resourceVersion": "102" } });
            world.server.script(CONFIGS, vec![line("MODIFIED", &bad), line("ADDED", &good)]);
            world.server.cut();
            world.pass(10).await;
            world.server.delete(CONFIGS, "", "one", false);
            world.pass(1).await;
        },
        expect![[r#"
            begun
            listed, 0 left out
              one uid-1 101 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":1,"name":"one","resourceVersion":"101","uid":"uid-1"},"spec":{"fips":true}}
            applied two uid-2 102 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":1,"name":"two","resourceVersion":"102","uid":"uid-2"},"spec":{"fips":"of another type"}}
            applied three  102 {"metadata":{"name":"three","resourceVersion":"102"}}
            deleted /one
            1 errors
        "#]],
    )
    .await;
}

/// Scenario: a kind of which only metadata is wanted. Guarantees: it has annotations, labels and the time of creation, and
/// nothing of the spec, which may be large.
#[tokio::test(start_paused = true)]
async fn metadata_come_without_the_rest() {
    check(
        kind(Form::RawMetadata),
        async |world: &mut Told| {
            let metadata = json!({ "annotations": { "by": "me" }, "labels": { "role": "worker" } });
            world.put("one", json!({ "metadata": metadata, "spec": { "config": "large" } }));
            world.pass(1).await;
            world.put("one", json!({ "metadata": { "annotations": { "by": "you" } }, "spec": { "config": "larger" } }));
            world.pass(1).await;
        },
        expect![[r#"
            begun
            listed, 0 left out
              one uid-1 101 {"apiVersion":"meta.k8s.io/v1","metadata":{"annotations":{"by":"me"},"creationTimestamp":"2026-01-01T00:00:00Z","generation":1,"labels":{"role":"worker"},"name":"one","resourceVersion":"101","uid":"uid-1"}}
            applied one uid-1 102 {"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"annotations":{"by":"you"},"creationTimestamp":"2026-01-01T00:00:00Z","generation":2,"name":"one","resourceVersion":"102","uid":"uid-1"}}
            0 errors
        "#]],
    )
    .await;
}

/// Scenario: objects of one namespace, and of one name, are wanted. Guarantees: no other is asked for or told, in list and watch.
#[tokio::test(start_paused = true)]
async fn one_namespace_and_one_name_are_told_apart() {
    let kind = Kind { namespace: Some("here"), fields: Some("metadata.name=one".into()), ..kind(Form::Raw) };
    check(
        kind,
        async |world: &mut Told| {
            for (namespace, name) in [("here", "one"), ("here", "two"), ("there", "one")] {
                world.server.put(CONFIGS, namespace, name, json!({}));
            }
            world.pass(1).await;
            for (namespace, name) in [("here", "two"), ("there", "one"), ("here", "one")] {
                world.server.put(CONFIGS, namespace, name, json!({ "spec": {} }));
            }
            world.pass(1).await;
        },
        expect![[r#"
            begun
            listed, 0 left out
              one uid-1 101 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"name":"one","namespace":"here","resourceVersion":"101","uid":"uid-1"}}
            applied one uid-1 106 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":1,"name":"one","namespace":"here","resourceVersion":"106","uid":"uid-1"},"spec":{}}
            0 errors
        "#]],
    )
    .await;
}

/// Scenario: objects with one label are wanted; one gets it later, one loses it without a word of the stream. Guarantees: no
/// other is asked for or told, in list and watch; what lost it is gone with the next list.
#[tokio::test(start_paused = true)]
async fn one_label_is_told_apart() {
    check(
        Kind { labels: Some("k8s-app=server"), ..kind(Form::Raw) },
        async |world: &mut Told| {
            let labelled = |app: &str| json!({ "metadata": { "labels": { "k8s-app": app } } });
            for (name, app) in [("one", "server"), ("two", "daemon")] {
                world.put(name, labelled(app));
            }
            world.pass(1).await;
            for (name, app) in [("two", "server"), ("three", "daemon"), ("one", "none")] {
                world.put(name, labelled(app));
            }
            world.pass(1).await;
            world.server.forget();
            world.server.cut();
            world.pass(5).await;
        },
        expect![[r#"
            begun
            listed, 0 left out
              one uid-1 101 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"labels":{"k8s-app":"server"},"name":"one","resourceVersion":"101","uid":"uid-1"}}
            applied two uid-2 103 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"labels":{"k8s-app":"server"},"name":"two","resourceVersion":"103","uid":"uid-2"}}
            begun
            listed, 0 left out
              two uid-2 103 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"labels":{"k8s-app":"server"},"name":"two","resourceVersion":"103","uid":"uid-2"}}
            1 errors
        "#]],
    )
    .await;
}

/// Scenario: the kind is not defined, then it is, then no more, then its right is missing. Guarantees: looked at every half
/// minute; no objects while it is not defined; each is told.
#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_defined_has_no_objects() {
    check(
        kind(Form::Raw),
        async |world: &mut Told| {
            world.put("one", json!({}));
            world.server.mood(&PLURALS, Mood::Says(404));
            world.pass(29).await;
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(31).await;
            world.server.mood(&PLURALS, Mood::Says(404));
            world.server.cut();
            world.pass(29).await;
            world.server.mood(&PLURALS, Mood::Says(403));
            world.pass(10).await;
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(60).await;
        },
        expect![[r#"
            begun
            trouble Some(Missing)
            listed, 0 left out
            begun
            listed, 0 left out
              one uid-1 101 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"name":"one","resourceVersion":"101","uid":"uid-1"}}
            trouble None
            trouble Some(Missing)
            listed, 0 left out
            begun
            trouble Some(Forbidden { verb: "list" })
            begun
            begun
            begun
            begun
            begun
            listed, 0 left out
              one uid-1 101 {"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"name":"one","resourceVersion":"101","uid":"uid-1"}}
            trouble None
            5 errors
        "#]],
    )
    .await;
}

/// Scenario: a list of three pages, more than the cap, whose second page is forgotten at first. Guarantees: it is told page by page
/// and begun anew; what is beyond the cap is left out.
#[tokio::test(start_paused = true)]
async fn a_list_is_told_page_by_page() {
    check(
        Kind { objects_max: 5, ..kind(Form::RawMetadata) },
        async |world: &mut Told| {
            (0..6).for_each(|i| world.put(&format!("c{i}"), json!({})));
            world.server.pages_of(2);
            world.server.mood(&PLURALS, Mood::ForgetsPages);
            world.pass(1).await;
            world.server.mood(&PLURALS, Mood::Fine);
            world.pass(10).await;
        },
        expect![[r#"
            begun
            part of 2
            trouble Some(Away { why: "the API server says 410: scripted 410" })
            begun
            part of 2
            begun
            part of 2
            part of 2
            listed, 1 left out
              c4 uid-5 105 {"apiVersion":"meta.k8s.io/v1","metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":0,"name":"c4","resourceVersion":"105","uid":"uid-5"}}
            trouble None
            2 errors
        "#]],
    )
    .await;
}

/// Scenario: one object is read by itself: there, not there, too large, refused, never answered. Guarantees: each is told apart,
/// and every answer has an end.
#[tokio::test(start_paused = true)]
async fn one_object_is_read_by_itself() {
    let server = Server::new(&PLURALS);
    let client = server.client();
    server.put(CONFIGS, "", "one", json!({ "spec": { "fips": true } }));
    server.put(CONFIGS, "", "large", json!({ "spec": "x".repeat(CLUSTER_OBJECT_BYTES_MAX) }));
    let mut out = String::new();
    for (name, mood) in [
        ("one", Mood::Fine),
        ("none", Mood::Fine),
        ("large", Mood::Fine),
        ("one", Mood::Says(403)),
        ("one", Mood::Away),
        ("one", Mood::BlackHole),
    ] {
        server.mood(&PLURALS, mood);
        let answer = match fetch(&client, &kind(Form::RawMetadata), name).await {
            Ok(body) => format!("{body:?}"),
            Err(error) => format!("{:#}", anyhow::Error::new(error)),
        };
        out.push_str(&format!("{name}, {mood:?}: {answer}\n"));
    }
    expect![[r#"
        one, Fine: Some(RawValue({"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","generation":1,"name":"one","resourceVersion":"101","uid":"uid-1"},"spec":{"fips":true}}))
        none, Fine: None
        large, Fine: read one object: read more than 8388608 bytes at once
        one, Says(403): read one object: the API server says 403: scripted 403
        one, Away: read one object: ask the API server: ServiceError: connection refused: connection refused
        one, BlackHole: read one object: wait for the API server's answer
    "#]].assert_eq(&out);
}
