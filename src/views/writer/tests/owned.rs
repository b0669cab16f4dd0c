//! The writer's own objects, components and catalogues: when they are made, written again, silent and removed.
//! What every object has in common is in `tests`.

use super::{World, component};
use crate::views::{
    components::{
        OwnerReference,
        catalogue::{CatalogueSpec, DesiredCatalogue, Row},
    },
    planfiles::DesiredPlan,
    workloads::{Owner, Owners},
};
use expect_test::expect;
use serde_json::json;
use std::sync::Arc;

fn catalogue(component: &str, hash: &str) -> Arc<DesiredCatalogue> {
    let row = Row { name: "orders".into(), kind: "Counter", level: "Standard", ..Row::default() };
    let spec = CatalogueSpec { service_name: component.into(), schema_url: String::new(), instruments: vec![row] };
    let (namespace, name) = ("shop".into(), format!("{component}-{hash}").into());
    Arc::new(DesiredCatalogue { namespace, name, component: component.into(), spec, instruments: 1 })
}

fn owners(names: &[&str]) -> Option<Arc<Owners>> {
    let owner = |name: &&str| {
        let key = ("shop".into(), "Deployment".into(), (*name).into());
        (key, Owner { api_version: "apps/v1".into(), uid: format!("uid-of-{name}").into() })
    };
    Some(Arc::new(names.iter().map(owner).collect()))
}

/// Scenario: a component with its catalogue comes; its numbers creep; its last push moves on. Guarantees: component before
/// catalogue, which waits until its instruments stand; figures only when they moved, the last push alone every ten minutes,
/// and without haste.
#[tokio::test]
async fn a_component_and_its_catalogue() {
    let mut world = World::new();
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world.desired.catalogues.push(catalogue("api", "0123456789"));
    world
        .check(
            60,
            &expect![[r"
                0 PATCH telemetrycomponents/shop/api 200
                0 PATCH telemetrycomponents/shop/api/status 200
                30 PATCH instrumentcatalogs/shop/api-0123456789 200
                30 PATCH instrumentcatalogs/shop/api-0123456789/status 200"]],
        )
        .await;
    let owner = world.fake.object("instrumentcatalogs/shop/api-0123456789").expect("made")["metadata"]["ownerReferences"].clone();
    expect![[r#"[{"apiVersion":"pointsman.dev/v1alpha1","kind":"TelemetryComponent","name":"api","uid":"uid-1"}]"#]]
        .assert_eq(&owner.to_string());
    world.desired.components[0] = component("api", 105, "2026-11-22T10:09:59Z");
    world.check(60, &expect![""]).await;
    world.desired.components[0] = component("api", 105, "2026-11-22T10:10:00Z");
    world.check(60, &expect!["120 PATCH telemetrycomponents/shop/api/status 200"]).await;
    world.desired.components[0] = component("api", 200, "2026-11-22T10:10:01Z");
    world.check(60, &expect!["180 PATCH telemetrycomponents/shop/api/status 200"]).await;
}

/// Scenario: the instruments of a component change. Guarantees: the new catalogue first, then the old one goes.
#[tokio::test]
async fn a_new_catalogue_takes_the_place_of_the_old_one() {
    let mut world = World::new();
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world.desired.catalogues.push(catalogue("api", "0123456789"));
    world.run(60).await;
    world.desired.catalogues = vec![catalogue("api", "abcdefabcd")];
    world
        .check(
            60,
            &expect![[r"
                90 PATCH instrumentcatalogs/shop/api-abcdefabcd 200
                90 DELETE instrumentcatalogs/shop/api-0123456789 200
                90 PATCH instrumentcatalogs/shop/api-abcdefabcd/status 200"]],
        )
        .await;
}

/// Scenario: a component falls silent while its workload stays, then the workload goes. Guarantees: shown as silent; removed,
/// with its catalogue, only when both are gone, and not before the workloads are known.
#[tokio::test]
async fn a_component_goes_with_its_workload() {
    let mut world = World::new();
    world.desired.workloads = owners(&["api"]);
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world.desired.catalogues.push(catalogue("api", "0123456789"));
    world.run(60).await;
    (world.desired.components, world.desired.catalogues) = (vec![], vec![]);
    world.check(4_000, &expect!["60 PATCH telemetrycomponents/shop/api/status 200"]).await;
    let state = world.fake.object("telemetrycomponents/shop/api").expect("it stays")["status"]["state"].clone();
    expect![[r#""Silent""#]].assert_eq(&state.to_string());
    world.desired.workloads = None;
    world.check(1_000, &expect![""]).await;
    world.desired.workloads = owners(&[]);
    world
        .check(
            60,
            &expect![[r"
                5060 DELETE telemetrycomponents/shop/api 200
                5060 DELETE instrumentcatalogs/shop/api-0123456789 200"]],
        )
        .await;
    expect!["[]"].assert_eq(&format!("{:?}", world.fake.paths()));
}

/// Scenario: a new process finds what an earlier one left: one whose workload is gone, one that still pushes, one that a user
/// made. Guarantees: the first falls silent after the time of a restart and goes after an hour, the second is not written again,
/// the third is not touched.
#[tokio::test]
async fn leftovers_of_an_earlier_run_go() {
    let mut world = World::new();
    world.desired.workloads = owners(&["api"]);
    world.desired.components = vec![component("api", 100, "2026-11-22T10:00:00Z"), component("old", 1, "2026-11-22T10:00:00Z")];
    world.run(20).await;
    let label = json!({"app.kubernetes.io/managed-by": "pointsman"});
    world.fake.put("telemetrycomponents/shop/mine", json!({"metadata": {"name": "mine", "namespace": "shop", "labels": label}}));
    world.desired.components.truncate(1);
    world.restart();
    world
        .check(
            4_000,
            &expect![[r"
                320 PATCH telemetrycomponents/shop/old/status 200
                3620 DELETE telemetrycomponents/shop/old 200"]],
        )
        .await;
    expect![[r#"["telemetrycomponents/shop/api", "telemetrycomponents/shop/mine"]"#]]
        .assert_eq(&format!("{:?}", world.fake.paths()));
}

/// Scenario: a workload is scaled to nought, so that no pod shows it, and comes back after 50 minutes. Guarantees: its component
/// and catalogue stay, silent.
#[tokio::test]
async fn a_component_outlives_a_while_without_pods() {
    let mut world = World::new();
    world.desired.workloads = owners(&["api"]);
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world.desired.catalogues.push(catalogue("api", "0123456789"));
    world.run(60).await;
    (world.desired.components, world.desired.catalogues) = (vec![], vec![]);
    world.desired.workloads = owners(&[]);
    world.check(3_000, &expect!["60 PATCH telemetrycomponents/shop/api/status 200"]).await;
    world.desired.workloads = owners(&["api"]);
    world.desired.components.push(component("api", 100, "2026-11-22T10:50:00Z"));
    world.check(60, &expect!["3060 PATCH telemetrycomponents/shop/api/status 200"]).await;
    expect![[r#"["instrumentcatalogs/shop/api-0123456789", "telemetrycomponents/shop/api"]"#]]
        .assert_eq(&format!("{:?}", world.fake.paths()));
}

/// Scenario: the cluster does not say any more which workload a component goes with, before and after a restart; the object goes;
/// the workload is known again, with another uid. Guarantees: its reference stays meanwhile, also when something else is written;
/// an object that is made anew has none; the new uid is written.
#[tokio::test]
async fn an_owner_that_is_not_known_stays() {
    let mut world = World::new();
    let owner = |uid: &str| {
        let (api_version, kind, name) = ("apps/v1".into(), "Deployment".into(), "api".into());
        Some(OwnerReference { api_version, kind, name, uid: uid.into() })
    };
    let shown = |world: &World| {
        let object = world.fake.object("telemetrycomponents/shop/api").expect("it is there");
        object["metadata"]["ownerReferences"][0]["uid"].to_string()
    };
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world.desired.components[0].owner = owner("one");
    world.run(60).await;
    world.desired.components[0].owner = None;
    world.check(60, &expect![""]).await;
    world.restart();
    world.check(60, &expect![""]).await;
    world.desired.components[0].spec.service_name = "other".into();
    world.check(60, &expect!["180 PATCH telemetrycomponents/shop/api 200"]).await;
    expect![[r#""one""#]].assert_eq(&shown(&world));
    world.fake.remove("telemetrycomponents/shop/api");
    world.run(600).await;
    expect!["null"].assert_eq(&shown(&world));
    world.desired.components[0].owner = owner("two");
    world.run(60).await;
    expect![[r#""two""#]].assert_eq(&shown(&world));
}

/// Scenario: a component without a workload stops. Guarantees: it goes after an hour of silence.
#[tokio::test]
async fn a_component_without_a_workload_goes_after_an_hour() {
    let mut world = World::new();
    world.desired.workloads = owners(&[]);
    let mut lone = component("lone", 100, "2026-11-22T10:00:00Z");
    lone.spec.workload_ref = None;
    world.desired.components.push(lone);
    world.run(10).await;
    world.desired.components.clear();
    world
        .check(
            4_000,
            &expect![[r"
                10 PATCH telemetrycomponents/shop/lone/status 200
                3610 DELETE telemetrycomponents/shop/lone 200"]],
        )
        .await;
}

/// Scenario: somebody deletes our objects by hand. Guarantees: the next look finds it, and they are made anew.
#[tokio::test]
async fn what_somebody_deleted_is_made_anew() {
    let mut world = World::new();
    world.desired.components.push(component("api", 100, "2026-11-22T10:00:00Z"));
    world.run(10).await;
    world.fake.remove("telemetrycomponents/shop/api");
    world
        .check(
            1_000,
            &expect![[r"
                600 PATCH telemetrycomponents/shop/api 200
                600 PATCH telemetrycomponents/shop/api/status 200"]],
        )
        .await;
}

/// Scenario: a controller takes over from one that wrote what a component makes of its plans; its instances are not back yet,
/// then one is found to take none. Guarantees: nothing is unsaid before that, and the last push of the object stays until
/// there is another.
#[tokio::test]
async fn what_is_said_of_plans_stays_until_instances_are_back() {
    let mut world = World::new();
    let status = |connected: &str, push: &str| {
        let mut one = component("api", 100, push);
        one.status.connected = connected.into();
        one.status.library = if connected == "0/2" { String::new() } else { "pointsman-instrument 0.1.0".into() };
        one
    };
    world.desired.components.push(status("2/2", "2026-11-22T10:00:00Z"));
    world.run(60).await;
    world.restart();
    let mut back = status("0/2", "2026-11-22T10:00:00Z");
    (back.returning, back.status.last_push) = (true, None);
    world.desired.components = vec![back.clone()];
    world.check(20, &expect![""]).await;
    back.status.series = 200;
    world.desired.components = vec![back];
    world.check(60, &expect!["80 PATCH telemetrycomponents/shop/api/status 200"]).await;
    let shown = world.fake.object("telemetrycomponents/shop/api").expect("made")["status"].clone();
    expect!["2/2 pointsman-instrument 0.1.0 2026-11-22T10:00:00Z 200"].assert_eq(&format!(
        "{} {} {} {}",
        shown["connected"].as_str().unwrap_or_default(),
        shown["library"].as_str().unwrap_or_default(),
        shown["lastPush"].as_str().unwrap_or_default(),
        shown["series"]
    ));
    world.desired.components = vec![status("0/2", "2026-11-22T10:02:00Z")];
    world.check(60, &expect!["140 PATCH telemetrycomponents/shop/api/status 200"]).await;
    let shown = world.fake.object("telemetrycomponents/shop/api").expect("made")["status"].clone();
    assert_eq!((&shown["connected"], &shown["library"]), (&json!("0/2"), &serde_json::Value::Null));
}

/// Scenario: a component is annotated by a user after a start; its plan is made, changes, and is removed by somebody; then the
/// annotation goes. Guarantees: it is seen within ten seconds, written once for each plan and again where it was removed, never
/// removed by us; the request says what became of it.
#[tokio::test]
async fn a_plan_is_kept_where_a_component_asks_for_it() {
    let mut world = World::new();
    let files = world.writer.files.clone();
    let mut api = component("api", 100, "2026-11-22T10:00:00Z");
    api.name = "deployment.api.api".into();
    world.desired.components.push(api);
    world.run(10).await;
    annotate(&world, "deployment.api.api", Some("api-plan"));
    assert!(files.granted().is_empty());
    world.run(11).await;
    let granted: Vec<String> = files.granted().values().map(|r| format!("{} {}", r.component, r.config_map)).collect();
    assert_eq!(granted, ["shop/deployment.api.api api-plan"]);
    world.desired.plans.push(plan("api-plan", "aa"));
    world.check(30, &expect!["21 POST configmaps/shop 200"]).await;
    let made = world.fake.object("configmaps/shop/api-plan").expect("made");
    expect![[r#"{"plan.json":"{\"hash\":\"aa\"}"} {"app.kubernetes.io/managed-by":"pointsman"}"#]]
        .assert_eq(&format!("{} {}", made["data"], made["metadata"]["labels"]));
    world.desired.plans[0] = plan("api-plan", "bb");
    world.check(30, &expect!["51 PATCH configmaps/shop/api-plan 200"]).await;
    let said = files.outcome("shop", "deployment.api.api").map(|outcome| outcome.said().2);
    assert_eq!(said.as_deref(), Some("ConfigMap api-plan, key plan.json, holds plan bb"));
    world.fake.remove("configmaps/shop/api-plan");
    world.check(600, &expect!["600 POST configmaps/shop 200"]).await;
    annotate(&world, "deployment.api.api", None);
    world.desired.plans.clear();
    world.check(120, &expect![""]).await;
    assert!(files.granted().is_empty() && files.outcome("shop", "deployment.api.api").is_none());
    assert!(world.fake.object("configmaps/shop/api-plan").is_some());
}

/// Scenario: the ConfigMap that is asked for is somebody else's; of another one the right is missing. Guarantees: the first is
/// not touched, and looked at again with patience; both are told.
#[tokio::test]
async fn a_config_map_of_others_is_not_touched() {
    let mut world = World::new();
    let files = world.writer.files.clone();
    let mut api = component("api", 100, "2026-11-22T10:00:00Z");
    api.name = "deployment.api.api".into();
    world.desired.components.push(api);
    world.run(10).await;
    annotate(&world, "deployment.api.api", Some("theirs"));
    world.run(60).await;
    let theirs = json!({"metadata": {"name": "theirs", "namespace": "shop"}, "data": {"a": "b"}});
    world.fake.put("configmaps/shop/theirs", theirs);
    world.desired.plans.push(plan("theirs", "aa"));
    world.check(60, &expect![""]).await;
    assert_eq!(world.fake.object("configmaps/shop/theirs").expect("it stays")["data"], json!({"a": "b"}));
    let said = || files.outcome("shop", "deployment.api.api").map(|outcome| outcome.said().1);
    assert_eq!(said(), Some("NotOurs"));
    world.desired.plans[0] = plan("denied", "aa");
    world.fake.refuse("configmaps/shop/denied", 100, 403, serde_json::Value::Null);
    world.run(10).await;
    assert_eq!(said(), Some("NotWritten"));
}

/// Scenario: somebody makes the ConfigMap that is asked for, or takes our label off it, between our look and our write. Guarantees: what
/// they wrote stays; that it is not ours is told.
#[tokio::test]
async fn a_config_map_that_comes_in_between_is_not_touched() {
    let theirs = json!({"metadata": {"name": "p", "namespace": "shop"}, "data": {"a": "b"}});
    for stands in [false, true] {
        let mut world = World::new();
        let files = world.writer.files.clone();
        let mut api = component("api", 100, "2026-11-22T10:00:00Z");
        api.name = "deployment.api.api".into();
        world.desired.components.push(api);
        world.run(10).await;
        annotate(&world, "deployment.api.api", Some("p"));
        world.run(60).await;
        world.desired.plans.push(plan("p", "aa"));
        if stands {
            world.run(10).await;
            world.desired.plans[0] = plan("p", "bb");
        }
        world.fake.put_after_look("configmaps/shop/p", theirs.clone());
        let log = world.run(60).await;
        assert!(log.contains("409") && !log.contains("PATCH configmaps/shop/p 200"), "{stands}: {log}");
        assert_eq!(world.fake.object("configmaps/shop/p").expect("it stays")["data"], json!({"a": "b"}), "{stands}");
        let said = files.outcome("shop", "deployment.api.api").map(|outcome| outcome.said().1);
        assert_eq!(said, Some("NotOurs"), "{stands}");
    }
}

/// As a user does it: the writer's own fields stay.
fn annotate(world: &World, name: &str, config_map: Option<&str>) {
    let path = format!("telemetrycomponents/shop/{name}");
    let mut object = world.fake.object(&path).expect("it is there");
    object["metadata"]["annotations"] = config_map.map_or(json!({}), |name| json!({"pointsman.dev/plan-configmap": name}));
    object["metadata"]["namespace"] = json!("shop");
    world.fake.put(&path, object);
}

fn plan(name: &str, hash: &str) -> DesiredPlan {
    DesiredPlan {
        namespace: "shop".into(),
        name: name.into(),
        component: "deployment.api.api".into(),
        hash: hash.into(),
        body: format!("{{\"hash\":\"{hash}\"}}").into(),
    }
}
