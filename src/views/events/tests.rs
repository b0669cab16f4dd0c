//! Events against a scripted API server, in simulated time.
//! A real API server judges their form: tests/it/real/writing.rs.

use super::{About, Events, Recorder};
use crate::kubernetes::fake::Fake;
use expect_test::expect;
use pointsman_core::limits;
use serde_json::Value;
use std::time::Duration;

struct World {
    fake: Fake,
    events: Events,
    recorder: Recorder,
}

fn world() -> World {
    let fake = Fake::default();
    let events = Events::new(fake.client(), "pointsman-0", fake.clock());
    let recorder = events.recorder();
    World { fake, events, recorder }
}

fn about(name: &str) -> About {
    let (api_version, kind) = ("pointsman.dev/v1alpha1".into(), "TelemetryView".into());
    About { api_version, kind, namespace: "shop".into(), name: name.into(), uid: format!("uid-{name}").into() }
}

impl World {
    /// Turns until there is nothing left to write; answers the requests without the digits of the names.
    async fn drain(&mut self) -> String {
        while let Some(wait) = self.events.turn().await {
            self.fake.pass(wait);
        }
        let short = |line: &str| match line.rsplit_once('.') {
            Some((head, tail)) => format!("{head}.… {}", tail.rsplit_once(' ').unwrap_or_default().1),
            None => line.to_owned(),
        };
        self.fake.log().lines().map(short).collect::<Vec<_>>().join("\n")
    }

    fn events(&self) -> Vec<Value> {
        self.fake.paths().iter().filter_map(|path| self.fake.object(path)).collect()
    }
}

/// Scenario: an event is told. Guarantees: one object, complete as Kubernetes asks.
#[tokio::test]
async fn an_event_is_complete() {
    let mut world = world();
    world.recorder.tell(&about("quiet"), true, "Refused", "PM0104 at spec.metrics[0].state: no such state");
    expect!["0 POST events/shop 200"].assert_eq(&world.drain().await);
    expect![[r#"
        {
          "action": "Reconcile",
          "apiVersion": "events.k8s.io/v1",
          "eventTime": "2026-09-21T14:13:20.000000Z",
          "kind": "Event",
          "metadata": {
            "name": "quiet.e540d65ce60cd45d",
            "namespace": "shop",
            "resourceVersion": "1",
            "uid": "uid-1"
          },
          "note": "PM0104 at spec.metrics[0].state: no such state",
          "reason": "Refused",
          "regarding": {
            "apiVersion": "pointsman.dev/v1alpha1",
            "kind": "TelemetryView",
            "name": "quiet",
            "namespace": "shop",
            "uid": "uid-quiet"
          },
          "reportingController": "pointsman.dev/controller",
          "reportingInstance": "pointsman-0",
          "type": "Warning"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&world.events()[0]).expect("it is JSON"));
}

/// Scenario: the same reason for the same object five times, then again after ten minutes. Guarantees: one event, counted;
/// then a new one.
#[tokio::test]
async fn equal_events_within_ten_minutes_are_one() {
    let mut world = world();
    for _ in 0..5 {
        world.recorder.tell(&about("quiet"), false, "Programmed", "on");
    }
    expect!["0 POST events/shop 200\n0 PATCH events/shop/quiet.… 200"].assert_eq(&world.drain().await);
    expect!["5"].assert_eq(&world.events()[0]["series"]["count"].to_string());
    world.fake.pass(Duration::from_secs(599));
    world.recorder.tell(&about("quiet"), false, "Programmed", "on");
    expect!["599 PATCH events/shop/quiet.… 200"].assert_eq(&world.drain().await);
    world.fake.pass(Duration::from_secs(1));
    world.recorder.tell(&about("quiet"), false, "Programmed", "on");
    world.recorder.tell(&about("quiet"), true, "Conflicted", "another reason");
    world.recorder.tell(&about("other"), false, "Programmed", "another object");
    world.drain().await;
    expect!["4"].assert_eq(&world.events().len().to_string());
    expect!["EventCounts { told: 9, written: 6, dropped: 0 }"].assert_eq(&format!("{:?}", world.recorder.counts()));
}

/// Scenario: a view is refused, then refused for another reason within the same moment, then again for the first. Guarantees: each
/// text is seen; the first is counted twice.
#[tokio::test]
async fn another_text_is_another_event() {
    let mut world = world();
    for text in ["PM0104: no such state", "PM0107: no such level", "PM0104: no such state"] {
        world.recorder.tell(&about("quiet"), true, "Refused", text);
    }
    world.drain().await;
    let mut seen: Vec<String> = world.events().iter().map(|e| format!("{} {}", e["note"], e["series"]["count"])).collect();
    seen.sort();
    expect![[r#"
        "PM0104: no such state" 2
        "PM0107: no such level" null"#]]
    .assert_eq(&seen.join("\n"));
}

/// Scenario: thirty different events at once. Guarantees: a burst, then one a second.
#[tokio::test]
async fn one_event_a_second_after_a_burst() {
    let mut world = world();
    for i in 0..30 {
        world.recorder.tell(&about(&format!("v{i:02}")), false, "Programmed", "on");
    }
    let log = world.drain().await;
    let seconds: Vec<&str> = log.lines().filter_map(|line| line.split(' ').next()).collect();
    expect!["0 0 0 0 0 0 0 0 0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"].assert_eq(&seconds.join(" "));
}

/// Scenario: more events than there is room for while nothing is written. Guarantees: the newest are dropped and counted;
/// once there is room, new ones are taken.
#[tokio::test]
async fn the_table_is_bounded() {
    let mut world = world();
    for i in 0..limits::EVENTS_MAX + 10 {
        world.recorder.tell(&about(&format!("v{i}")), false, "Programmed", "on");
    }
    expect!["EventCounts { told: 1010, written: 0, dropped: 10 }"].assert_eq(&format!("{:?}", world.recorder.counts()));
    world.drain().await;
    for i in 0..20 {
        world.recorder.tell(&about(&format!("w{i}")), false, "Programmed", "on");
    }
    world.drain().await;
    expect!["EventCounts { told: 1030, written: 1020, dropped: 10 }"].assert_eq(&format!("{:?}", world.recorder.counts()));
}

/// Scenario: the server refuses one event for ever, and forgets another. Guarantees: three attempts, then dropped; a forgotten
/// one is made anew; others go on.
#[tokio::test]
async fn what_fails_is_dropped_and_what_is_forgotten_is_made_anew() {
    let mut world = world();
    world.fake.refuse("POST events/lost", 100, 404, Value::Null);
    let lost = About { namespace: "lost".into(), ..about("x") };
    world.recorder.tell(&lost, false, "Programmed", "on");
    world.recorder.tell(&about("quiet"), false, "Programmed", "on");
    expect![[r"
        0 POST events/lost 404
        0 POST events/shop 200
        0 POST events/lost 404
        0 POST events/lost 404"]]
    .assert_eq(&world.drain().await);
    for path in world.fake.paths() {
        world.fake.remove(&path);
    }
    world.recorder.tell(&about("quiet"), false, "Programmed", "on");
    expect![[r"
        0 PATCH events/shop/quiet.… 404
        0 POST events/shop 200
        0 PATCH events/shop/quiet.… 200"]]
    .assert_eq(&world.drain().await);
    expect!["EventCounts { told: 3, written: 3, dropped: 1 }"].assert_eq(&format!("{:?}", world.recorder.counts()));
}

/// Scenario: a cluster view, a long name, a long text of several bytes a character. Guarantees: what Kubernetes takes.
#[tokio::test]
async fn names_and_notes_fit() {
    let mut world = world();
    let name = format!("{}.-x", "n".repeat(199));
    let cluster = About { kind: "ClusterTelemetryView".into(), namespace: "".into(), ..about(&name) };
    world.recorder.tell(&cluster, false, "Programmed", &"ä".repeat(600));
    expect!["0 POST events/default 200"].assert_eq(&world.drain().await);
    let event = &world.events()[0];
    let (name, note) = (event["metadata"]["name"].as_str(), event["note"].as_str());
    let lengths = (name.map(str::len), note.map(str::len), event["regarding"].get("namespace").is_none());
    expect!["(Some(216), Some(1000), true)"].assert_eq(&format!("{lengths:?}"));
}
