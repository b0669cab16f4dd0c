//! The writer against a scripted API server, in simulated time: which requests, when, in which order.
//! A real API server judges the bodies: tests/it/real/writing.rs.

mod owned;

use super::{Desired, DesiredView, Writer, WriterOptions};
use crate::kubernetes::fake::Fake;
use crate::views::components::{ComponentSpec, ComponentStatus, DesiredComponent, WorkloadRef};
use expect_test::{Expect, expect};
use parking_lot::Mutex;
use pointsman_core::view::{
    impact::Basis,
    spec::{CLUSTER_VIEW, ObjectId, VIEW},
    status::{Condition, ImpactStatus, ViewStatus},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A writer, its server, and what it is asked for.
struct World {
    fake: Fake,
    writer: Writer,
    desired: Desired,
    allowed: Arc<AtomicBool>,
    told: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new() -> Self {
        let (fake, told) = (Fake::default(), Arc::default());
        let allowed = Arc::new(AtomicBool::new(true));
        let writer = writer(&fake, &allowed, &told);
        Self { fake, writer, desired: Desired::default(), allowed, told }
    }

    /// The same cluster, a new process.
    fn restart(&mut self) {
        self.writer = writer(&self.fake, &self.allowed, &self.told);
    }

    /// A view that is there, with a decision and an impact that its status should show.
    fn view(&mut self, name: &str, reason: &str, series: u64) {
        let path = format!("telemetryviews/shop/{name}");
        if self.fake.object(&path).is_none() {
            self.fake.put(&path, json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}")}}));
        }
        let status = status(reason, series);
        match self.desired.views.iter_mut().find(|view| &*view.id.name == name) {
            Some(view) => view.status = status,
            None => {
                let id = ObjectId { kind: VIEW, namespace: "shop".into(), name: name.into() };
                let uid = format!("uid-{name}").into();
                self.desired.views.push(DesiredView { id, uid, generation: Some(1), status, seen: None });
            }
        }
    }

    /// The watch tells what stands there.
    fn watch(&mut self) {
        for view in &mut self.desired.views {
            let object = self.fake.object(&format!("telemetryviews/shop/{}", view.id.name)).unwrap_or_default();
            view.seen = serde_json::from_value(object["status"].clone()).ok();
        }
    }

    /// Lets so many seconds pass, with as many turns as the writer wants; answers the requests but what was read without fault.
    async fn run(&mut self, secs: u64) -> String {
        let until = self.fake.secs() + secs;
        for _ in 0..100_000 {
            let wait = self.writer.turn(&self.desired).await;
            if wait.is_zero() {
                continue;
            }
            let whole = wait.min(Duration::from_secs(1));
            if self.fake.secs() >= until {
                break;
            }
            self.fake.pass(whole);
        }
        let matters = |line: &&str| !line.contains("GET") || line.contains("views/") && !line.ends_with(" 200");
        self.fake.log().lines().filter(matters).collect::<Vec<_>>().join("\n")
    }

    async fn check(&mut self, secs: u64, expected: &Expect) {
        expected.assert_eq(&self.run(secs).await);
    }
}

fn writer(fake: &Fake, allowed: &Arc<AtomicBool>, told: &Arc<Mutex<Vec<String>>>) -> Writer {
    let (allowed, told) = (Arc::clone(allowed), Arc::clone(told));
    let options = WriterOptions {
        now: fake.clock(),
        may_write: Arc::new(move || allowed.load(Ordering::Relaxed)),
        on_decision: Arc::new(move |written| {
            let before = written.before.and_then(|status| status.conditions.first()).map(|c| c.reason.clone());
            told.lock().push(format!("{}: {before:?}", written.view.id));
        }),
    };
    Writer::new(fake.client(), options)
}

fn status(reason: &str, series: u64) -> ViewStatus {
    let condition = Condition { kind: "Programmed".into(), status: "True".into(), reason: reason.into(), ..Condition::default() };
    let impact = ImpactStatus { series_before: series, series_after: series, basis: Basis::Observed, ..ImpactStatus::default() };
    ViewStatus { conditions: vec![condition], impact: Some(impact), ..ViewStatus::default() }
}

fn component(name: &str, series: u64, push: &str) -> DesiredComponent {
    let workload_ref = Some(WorkloadRef { group: "apps".into(), kind: "Deployment".into(), name: name.into() });
    DesiredComponent {
        namespace: "shop".into(),
        name: name.into(),
        owner: None,
        spec: ComponentSpec { service_name: name.into(), workload_ref },
        status: ComponentStatus { series, state: "Active".into(), last_push: Some(push.into()), ..ComponentStatus::default() },
        returning: false,
    }
}

/// Scenario: a decision, then nothing new, with and without the watch. Guarantees: one write, and one event to tell.
#[tokio::test]
async fn what_is_said_once_is_not_said_again() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.check(60, &expect!["0 PATCH telemetryviews/shop/quiet/status 200"]).await;
    world.watch();
    world.check(60, &expect![""]).await;
    world.restart();
    world.check(60, &expect![""]).await;
    expect![[r#"["TelemetryView shop/quiet: None"]"#]].assert_eq(&format!("{:?}", world.told.lock()));
}

/// Scenario: somebody else overwrites a status. Guarantees: it is mended once the watch shows it.
#[tokio::test]
async fn a_status_that_others_change_is_mended() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.run(20).await;
    world.fake.put("telemetryviews/shop/quiet", json!({"metadata": {"uid": "uid-quiet"}, "status": {"effectiveHash": "x"}}));
    world.watch();
    world.check(20, &expect!["20 PATCH telemetryviews/shop/quiet/status 200"]).await;
}

/// Scenario: what was written is undone, to what stood there before; then once more, before the watch told of the write.
/// Guarantees: mended as soon as it is seen, or after five minutes; the second is no new decision.
#[tokio::test]
async fn a_status_that_is_undone_is_mended() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.run(20).await;
    world.watch();
    world.run(20).await;
    let empty = json!({"metadata": {"uid": "uid-quiet"}});
    world.fake.put("telemetryviews/shop/quiet", empty.clone());
    world.watch();
    world.check(20, &expect!["40 PATCH telemetryviews/shop/quiet/status 200"]).await;
    world.fake.put("telemetryviews/shop/quiet", empty);
    world.watch();
    world.check(300, &expect!["340 PATCH telemetryviews/shop/quiet/status 200"]).await;
    world.watch();
    world.check(600, &expect![""]).await;
    expect!["2"].assert_eq(&world.told.lock().len().to_string());
}

/// Scenario: a view is answered with 404 a few times, though it is there. Guarantees: asked for ever more seldom, and written.
#[tokio::test]
async fn a_view_that_was_not_there_for_a_moment_is_written() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.fake.refuse("GET telemetryviews/shop/quiet", 2, 404, Value::Null);
    world
        .check(
            60,
            &expect![[r"
                0 GET telemetryviews/shop/quiet 404
                8 GET telemetryviews/shop/quiet 404
                24 PATCH telemetryviews/shop/quiet/status 200"]],
        )
        .await;
}

/// Scenario: the server drops a field of what is written. Guarantees: that is no reason to write for ever.
#[tokio::test]
async fn a_field_that_the_server_drops_is_no_reason_to_write() {
    let mut world = World::new();
    world.fake.prune("impact");
    world.view("quiet", "Programmed", 100);
    world.check(5, &expect!["0 PATCH telemetryviews/shop/quiet/status 200"]).await;
    world.watch();
    world.check(60, &expect![""]).await;
}

/// Scenario: two hundred components only push, and have for a while, when a new one comes. Guarantees: the new one goes first.
#[tokio::test]
async fn a_new_component_goes_before_mere_pushes() {
    let mut world = World::new();
    let all = |push: &str| (0..200).map(|i| component(&format!("c{i:03}"), 10, push)).collect();
    world.desired.components = all("2026-11-22T10:00:00Z");
    world.run(1_000).await;
    world.desired.components = all("2026-11-22T10:10:00Z");
    world.run(100).await;
    world.desired.components.push(component("new", 10, "2026-11-22T10:10:00Z"));
    let log = world.run(20).await;
    let new = log.lines().position(|line| line.contains("new"));
    expect!["Some(0)"].assert_eq(&format!("{new:?}"));
}

/// Scenario: twenty decisions at once. Guarantees: a small burst, then one a second.
#[tokio::test]
async fn one_write_a_second_after_a_small_burst() {
    let mut world = World::new();
    for i in 0..20 {
        world.view(&format!("v{i:02}"), "Programmed", 100);
    }
    let log = world.run(60).await;
    let seconds: Vec<&str> = log.lines().filter_map(|line| line.split(' ').next()).collect();
    expect!["0 0 0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"].assert_eq(&seconds.join(" "));
}

/// Scenario: an impact moves by 5 %, then by 20 %. Guarantees: the first is not written, the second is, and no event is told.
#[tokio::test]
async fn an_impact_is_written_when_it_moved_by_a_tenth() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.run(20).await;
    world.watch();
    world.view("quiet", "Programmed", 105);
    world.check(60, &expect![""]).await;
    world.view("quiet", "Programmed", 120);
    world.check(60, &expect!["80 PATCH telemetryviews/shop/quiet/status 200"]).await;
    expect!["1"].assert_eq(&world.told.lock().len().to_string());
}

/// Scenario: an impact, a component and a decision wait at once. Guarantees: decision, component, impact.
#[tokio::test]
async fn decisions_go_first_and_impact_last() {
    let mut world = World::new();
    world.view("figures", "Programmed", 100);
    world.view("decides", "Programmed", 100);
    world.run(20).await;
    world.watch();
    // An empty bucket makes the order visible.
    for i in 0..5 {
        world.view(&format!("filler{i}"), "Programmed", 1);
    }
    world.run(0).await;
    world.view("figures", "Programmed", 1_000);
    world.desired.components.push(component("api", 10, "2026-11-22T10:00:00Z"));
    world.run(0).await;
    world.view("decides", "Overridden", 100);
    world
        .check(
            20,
            &expect![[r#"
                21 PATCH telemetryviews/shop/decides/status 200
                22 PATCH telemetrycomponents/shop/api 200
                23 PATCH telemetrycomponents/shop/api/status 200
                24 PATCH telemetryviews/shop/figures/status 200"#]],
        )
        .await;
}

/// Scenario: more decisions than a minute can take, and one component. Guarantees: the component does not wait for the last.
#[tokio::test]
async fn many_decisions_do_not_starve_the_rest() {
    let mut world = World::new();
    world.desired.components.push(component("api", 10, "2026-11-22T10:00:00Z"));
    for i in 0..100 {
        world.view(&format!("v{i:02}"), "Programmed", 100);
    }
    let log = world.run(30).await;
    let component = log.lines().position(|line| line.contains("telemetrycomponents"));
    expect!["Some(9)"].assert_eq(&format!("{component:?}"));
}

/// Scenario: the view was deleted and made anew under the same name; then it is gone. Guarantees: no status for another uid; a
/// back-off after a conflict; a view that is gone is asked for seldom until the watch tells; the others go on.
#[tokio::test]
async fn a_status_is_never_written_for_another_object() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.fake.put("telemetryviews/shop/quiet", json!({"metadata": {"uid": "uid-new"}}));
    world.check(10, &expect![""]).await;
    expect![[r#"{"conflict": 4}"#]].assert_eq(&format!("{:?}", world.writer.health().lock().failed));
    expect!["null"].assert_eq(&world.fake.object("telemetryviews/shop/quiet").expect("it is there")["status"].to_string());
    world.desired.views[0].uid = "uid-new".into();
    world.check(10, &expect!["10 PATCH telemetryviews/shop/quiet/status 200"]).await;
    world.fake.remove("telemetryviews/shop/quiet");
    world.view("other", "Programmed", 100);
    world.desired.views[0].status = status("Overridden", 1);
    world.fake.remove("telemetryviews/shop/quiet");
    world
        .check(
            30,
            &expect![[r#"
                20 GET telemetryviews/shop/quiet 404
                20 PATCH telemetryviews/shop/other/status 200
                28 GET telemetryviews/shop/quiet 404
                44 GET telemetryviews/shop/quiet 404"#]],
        )
        .await;
}

/// Scenario: a right is missing, and given later. Guarantees: told while it is missing, asked for ever more seldom, written
/// once it is given.
#[tokio::test]
async fn a_missing_right_is_told_and_asked_for_seldom() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.fake.refuse("PATCH telemetryviews", 3, 403, Value::Null);
    let log = world.run(60).await;
    expect![[r"
        0 PATCH telemetryviews/shop/quiet/status 403
        8 PATCH telemetryviews/shop/quiet/status 403
        24 PATCH telemetryviews/shop/quiet/status 403
        56 PATCH telemetryviews/shop/quiet/status 200"]]
    .assert_eq(&log);
    let health = world.writer.health().lock().clone();
    expect![[r#"WriterHealth { written: 1, failed: {"forbidden": 3}, waiting: 0, forbidden: {} }"#]]
        .assert_eq(&format!("{health:?}"));
}

/// Scenario: the server asks for 20 s of patience for one view. Guarantees: that view waits so long, the other does not.
#[tokio::test]
async fn patience_that_the_server_asks_for_is_given() {
    let mut world = World::new();
    world.view("busy", "Programmed", 100);
    world.view("other", "Programmed", 100);
    world.fake.refuse("PATCH telemetryviews/shop/busy", 1, 429, json!({"retryAfterSeconds": 20}));
    world
        .check(
            60,
            &expect![[r#"
                0 PATCH telemetryviews/shop/busy/status 429
                0 PATCH telemetryviews/shop/other/status 200
                20 PATCH telemetryviews/shop/busy/status 200"#]],
        )
        .await;
}

/// Scenario: the server fails for a while. Guarantees: ever longer pauses, then it is written.
#[tokio::test]
async fn a_failing_server_is_asked_ever_more_seldom() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.fake.refuse("PATCH", 5, 500, Value::Null);
    let log = world.run(60).await;
    let seconds: Vec<&str> = log.lines().filter_map(|line| line.split(' ').next()).collect();
    expect!["0 1 3 7 15 31"].assert_eq(&seconds.join(" "));
}

/// Scenario: another replica holds the Lease, then this one, then the other again. Guarantees: not one request while another
/// may write; after that, what stands there counts, not what was written long ago.
#[tokio::test]
async fn nothing_is_written_without_the_lease() {
    let mut world = World::new();
    world.allowed.store(false, Ordering::Relaxed);
    world.view("quiet", "Programmed", 100);
    world.run(60).await;
    expect![""].assert_eq(&world.fake.log());
    world.allowed.store(true, Ordering::Relaxed);
    world.check(10, &expect!["60 PATCH telemetryviews/shop/quiet/status 200"]).await;
    world.allowed.store(false, Ordering::Relaxed);
    world.run(60).await;
    world.watch();
    world.allowed.store(true, Ordering::Relaxed);
    world.check(10, &expect![""]).await;
}

/// Scenario: cluster views. Guarantees: their own resource, without a namespace.
#[tokio::test]
async fn a_cluster_view_has_no_namespace() {
    let mut world = World::new();
    world.fake.put("clustertelemetryviews/all", json!({"metadata": {"uid": "u"}}));
    let id = ObjectId { kind: CLUSTER_VIEW, namespace: "".into(), name: "all".into() };
    let view = DesiredView { id, uid: "u".into(), generation: None, status: status("Programmed", 1), seen: None };
    world.desired.views.push(view);
    world.check(10, &expect!["0 PATCH clustertelemetryviews/all/status 200"]).await;
}

/// Scenario: a sender claims a namespace that is not there. Guarantees: asked for seldom; nothing else waits for it.
#[tokio::test]
async fn a_namespace_that_is_not_there_is_tried_seldom() {
    let mut world = World::new();
    world.fake.refuse("telemetrycomponents/shop/lost", 1_000, 404, Value::Null);
    world.desired.components = vec![component("lost", 1, "2026-11-22T10:00:00Z"), component("api", 1, "2026-11-22T10:00:00Z")];
    let log = world.run(3_600).await;
    let (lost, other) = log.lines().partition::<Vec<&str>, _>(|line| line.contains("lost"));
    expect!["17"].assert_eq(&lost.len().to_string());
    expect![[r#"["0 PATCH telemetrycomponents/shop/api 200", "0 PATCH telemetrycomponents/shop/api/status 200"]"#]]
        .assert_eq(&format!("{other:?}"));
}

/// Scenario: our own kinds are not installed. Guarantees: no component is written before a look succeeded; views go on.
#[tokio::test]
async fn nothing_of_ours_is_made_before_a_look_succeeded() {
    let mut world = World::new();
    world.fake.refuse("GET telemetrycomponents", 3, 404, Value::Null);
    world.view("quiet", "Programmed", 100);
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world
        .check(
            100,
            &expect![[r#"
                0 PATCH telemetryviews/shop/quiet/status 200
                56 PATCH telemetrycomponents/shop/api 200
                56 PATCH telemetrycomponents/shop/api/status 200"#]],
        )
        .await;
}

/// Scenario: a user changes the spec between our look at the view and our write. Guarantees: refused by its version, written a
/// second later.
#[tokio::test]
async fn a_change_in_between_is_a_conflict_and_no_loss() {
    let mut world = World::new();
    world.view("quiet", "Programmed", 100);
    world.fake.refuse("PATCH telemetryviews", 1, 409, Value::Null);
    world
        .check(
            10,
            &expect![[r"
                0 PATCH telemetryviews/shop/quiet/status 409
                1 PATCH telemetryviews/shop/quiet/status 200"]],
        )
        .await;
}
