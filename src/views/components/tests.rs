//! What stands in a cluster for what was observed: names, owners, figures, catalogues.
//! Plain values in and out; who writes them is in `writer`.

use super::{DesiredComponent, Inputs, Observer, Shown};
use crate::views::{
    planfiles::Outcome,
    workloads::{Owner, Owners},
};
use expect_test::{Expect, expect};
use pointsman_core::{
    fault::Place,
    limits,
    model::{
        clock::{Mono, Wall},
        component::{ComponentKey, Workload},
        instrument::{Instrument, Kind, Level},
    },
    state::observe::{ObservedComponent, ObservedInstrument},
    view::{
        spec::{CATALOG, Catalogue, Declared, ObjectId},
        status::Condition,
        sync::{ComponentSync, SyncState},
    },
};
use std::sync::Arc;

fn key(namespace: &str, workload: Option<&str>, service: &str) -> ComponentKey {
    let workload = workload.map(|name| Workload { kind: "Deployment".into(), name: name.into() });
    ComponentKey { namespace: namespace.into(), workload, service: service.into() }
}

fn instrument(name: &str) -> Instrument {
    Instrument { scope: "shop".into(), name: name.into(), kind: Kind::Counter, unit: "{order}".into() }
}

fn observed(key: ComponentKey, names: &[&str]) -> ObservedComponent {
    let row = |name: &&str| ObservedInstrument {
        instrument: instrument(name),
        instances: 2,
        sent: 10,
        exposed: 7,
        points: 100,
        limited: 0,
        last: Mono::from_secs(100),
        bytes: 0,
    };
    ObservedComponent {
        key,
        instances: 2,
        since: Mono::from_secs(40),
        last_push: Mono::from_secs(95),
        received: 600,
        suppressed: 150,
        series: 7,
        plan_hash: [0xab; 16],
        instruments: names.iter().map(row).collect(),
    }
}

fn owners() -> Owners {
    let owner = Owner { api_version: "apps/v1".into(), uid: "uid-api".into() };
    Owners::from([(("shop".into(), "Deployment".into(), "api".into()), owner)])
}

fn declared(name: &str) -> Declared {
    Declared {
        scope: "".into(),
        name: name.into(),
        kind: Kind::Counter,
        unit: "".into(),
        level: Level::Essential,
        stability: "stable".into(),
        attributes: vec!["shop.cart".into()],
    }
}

fn catalogue(namespace: &str, service: &str, names: &[&str]) -> Arc<Catalogue> {
    Arc::new(Catalogue {
        id: ObjectId { kind: CATALOG, namespace: namespace.into(), name: "c".into() },
        place: Place::Nowhere,
        service: service.into(),
        schema_url: "https://example.com/1".into(),
        instruments: names.iter().map(|name| declared(name)).collect(),
    })
}

fn look(observer: &mut Observer, observed: &[ObservedComponent], catalogues: &[Arc<Catalogue>], secs: u64) -> Shown {
    look_beside(observer, observed, (catalogues, &SyncState::new(), false), secs)
}

fn look_beside(
    observer: &mut Observer,
    observed: &[ObservedComponent],
    (catalogues, sync, settling): (&[Arc<Catalogue>], &SyncState, bool),
    secs: u64,
) -> Shown {
    let (owners, applied) = (owners(), |key: &ComponentKey| vec![format!("TelemetryView {}/quiet", key.namespace)]);
    let inputs = Inputs {
        observed,
        owners: &owners,
        applied: &applied,
        catalogues,
        sync,
        settling,
        proven: false,
        plan_file: &|_, name| name.contains("asks").then(|| Outcome::Written("plan".into(), "cd".into())),
    };
    observer.look(inputs, (Mono::from_secs(secs), Wall::from_secs(1_790_000_000 + secs)))
}

fn check(shown: &impl serde::Serialize, expected: &Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(shown).expect("it is plain"));
}

/// Scenario: a component whose workload the cluster knows. Guarantees: its name, owner, spec and every figure.
#[test]
fn a_component_is_shown_with_its_owner_and_figures() {
    let shown = look(&mut Observer::default(), &[observed(key("shop", Some("api"), "api"), &["orders"])], &[], 100);
    let component = &shown.components[0];
    expect!["shop/deployment.api.api"].assert_eq(&format!("{}/{}", component.namespace, component.name));
    check(
        &(&component.owner, &component.spec, &component.status),
        &expect![[r#"
            [
              {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "api",
                "uid": "uid-api"
              },
              {
                "serviceName": "api",
                "workloadRef": {
                  "group": "apps",
                  "kind": "Deployment",
                  "name": "api"
                }
              },
              {
                "instances": 2,
                "series": 7,
                "seriesBefore": 10,
                "pointsPerSecond": "10.0",
                "droppedShare": 25,
                "appliedViews": [
                  "TelemetryView shop/quiet"
                ],
                "lastPush": "2026-09-21T14:14:55Z",
                "planHash": "abababababababababababababababab",
                "connected": "0/2",
                "inSync": "2/2",
                "state": "Active",
                "identity": "Claimed",
                "catalogue": "deployment.api.api-34d1922f48"
              }
            ]"#]],
    );
}

/// Scenario: a component without a workload, and one whose workload nobody knows. Guarantees: no owner; the second still says
/// which workload it claims.
#[test]
fn what_the_cluster_does_not_know_owns_nothing() {
    let seen = [observed(key("shop", None, "lone"), &[]), observed(key("shop", Some("ghost"), "x"), &[])];
    let shown = look(&mut Observer::default(), &seen, &[], 100);
    let lines: Vec<String> = shown
        .components
        .iter()
        .map(|c| format!("{} {:?} {:?} {:?}", c.name, c.owner, c.spec.workload_ref.as_ref().map(|w| &w.name), c.status.catalogue))
        .collect();
    expect![[r#"
        deployment.ghost.x None Some("ghost") ""
        service.lone None None """#]]
    .assert_eq(&lines.join("\n"));
}

/// Scenario: looks after 100, 110 and 140 seconds. Guarantees: the rate is that of the last whole window; a component that
/// came back counts from nought.
#[test]
fn rates_are_those_of_the_last_window() {
    let mut observer = Observer::default();
    let mut seen = [observed(key("shop", None, "api"), &["orders"])];
    let mut rates = Vec::new();
    for (secs, received, suppressed) in
        [(100, 600, 150), (110, 10_000, 150), (140, 1_000, 250), (170, 4_000, 3_250), (200, 90, 0)]
    {
        (seen[0].received, seen[0].suppressed) = (received, suppressed);
        if secs == 200 {
            seen[0].since = Mono::from_secs(170);
        }
        let status = look(&mut observer, &seen, &[], secs).components.remove(0).status;
        rates.push(format!("{secs}: {} {}%", status.points_per_second, status.dropped_share));
    }
    expect![[r#"
        100: 10.0 25%
        110: 10.0 25%
        140: 10.0 25%
        170: 100.0 100%
        200: 3.0 0%"#]]
    .assert_eq(&rates.join("\n"));
}

/// Scenario: declared for its service, declared for others, and learnt. Guarantees: the declared ones with all they say, the
/// learnt ones at Standard; nothing of other services or namespaces.
#[test]
fn a_catalogue_lists_what_is_declared_and_what_was_learnt() {
    let catalogues = [
        catalogue("", "api", &["orders", "never.seen"]),
        catalogue("other", "api", &["elsewhere"]),
        catalogue("", "web", &["of.web"]),
    ];
    let seen = [observed(key("shop", Some("api"), "api"), &["orders", "learnt"])];
    let shown = look(&mut Observer::default(), &seen, &catalogues, 100);
    check(
        &shown.catalogues[0].spec,
        &expect![[r#"
        {
          "serviceName": "api",
          "schemaUrl": "https://example.com/1",
          "instruments": [
            {
              "name": "learnt",
              "scope": "shop",
              "kind": "Counter",
              "unit": "{order}",
              "level": "Standard"
            },
            {
              "name": "never.seen",
              "kind": "Counter",
              "level": "Essential",
              "stability": "stable",
              "attributes": [
                "shop.cart"
              ]
            },
            {
              "name": "orders",
              "kind": "Counter",
              "level": "Essential",
              "stability": "stable",
              "attributes": [
                "shop.cart"
              ]
            }
          ]
        }"#]],
    );
    expect!["deployment.api.api-ad6d1f1840 of deployment.api.api"]
        .assert_eq(&format!("{} of {}", shown.catalogues[0].name, shown.catalogues[0].component));
}

/// Scenario: the same instruments seen twice, in two processes, then one more. Guarantees: the same name for the same content,
/// nothing made anew while nothing changed, another name for other content.
#[test]
fn a_catalogue_is_named_by_its_content() {
    let mut observer = Observer::default();
    let seen = [observed(key("shop", None, "api"), &["a", "b"])];
    let first = look(&mut observer, &seen, &[], 100).catalogues;
    let again = look(&mut observer, &seen, &[], 110).catalogues;
    assert!(Arc::ptr_eq(&first[0], &again[0]));
    assert_eq!(look(&mut Observer::default(), &seen, &[], 100).catalogues, first);
    let more = look(&mut observer, &[observed(key("shop", None, "api"), &["a", "b", "c"])], &[], 120).catalogues;
    assert_ne!(more[0].name, first[0].name);
}

/// Scenario: more instruments than an object holds. Guarantees: cut, and it says how many there are.
#[test]
fn a_catalogue_that_is_too_long_is_cut() {
    let names: Vec<String> = (0..limits::CATALOGUE_OBJECT_INSTRUMENTS_MAX + 5).map(|i| format!("m{i:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shown = look(&mut Observer::default(), &[observed(key("shop", None, "api"), &names)], &[], 100);
    let catalogue = &shown.catalogues[0];
    assert_eq!(catalogue.spec.instruments.len(), limits::CATALOGUE_OBJECT_INSTRUMENTS_MAX);
    assert_eq!(catalogue.instruments, limits::CATALOGUE_OBJECT_INSTRUMENTS_MAX + 5);
}

/// Scenario: a flood of made-up components, namespaces that Kubernetes does not take, and one real workload at the end.
/// Guarantees: bounded; the real one is shown; what is left out is counted.
#[test]
fn made_up_components_take_no_place_from_real_ones() {
    let mut seen: Vec<ObservedComponent> =
        (0..limits::COMPONENT_OBJECTS_MAX + 10).map(|i| observed(key("a", None, &format!("s{i}")), &[])).collect();
    seen.push(observed(key("Not A Namespace", None, "x"), &[]));
    seen.push(observed(key("shop", Some("api"), "api"), &[]));
    let shown = look(&mut Observer::default(), &seen, &[], 100);
    let real = shown.components.iter().any(|c| &*c.namespace == "shop");
    expect!["2000 components, 12 left out, the real one shown: true"].assert_eq(&format!(
        "{} components, {} left out, the real one shown: {real}",
        shown.components.len(),
        shown.left_out
    ));
}

/// Both instances of `shop/api` obey plan `cd…`.
fn obeyed() -> ComponentSync {
    ComponentSync {
        library: "pointsman-instrument 0.1.0".into(),
        connected: 2,
        applied: 2,
        hash: "cd".repeat(16).into(),
        since: Some(wall(90)),
        catalogue: Some(catalogue("", "api", &["orders", "off.at.source"])),
        ..ComponentSync::default()
    }
}

fn wall(secs: u64) -> Wall {
    Wall::from_secs(1_790_000_000 + secs)
}

/// What a component shows of its plans, in one line.
fn synced(shown: &Shown) -> String {
    let one = |c: &DesiredComponent| {
        let s = &c.status;
        let said = s.conditions.iter().map(|c| {
            let Condition { kind, status, reason, message, last_transition_time: since, .. } = c;
            format!("{kind}={status} {reason} since {}: {message}", since.get(14..).unwrap_or_default())
        });
        let returning = if c.returning { ", returning" } else { "" };
        let hash = s.plan_hash.get(..4).unwrap_or_default();
        let push = s.last_push.as_deref().unwrap_or("never");
        format!(
            "{} {} {}, {hash}, pushed {push}, {}{returning}; {}",
            s.library,
            s.connected,
            s.in_sync,
            s.state,
            said.collect::<Vec<_>>().join("; ")
        )
    };
    shown.components.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Scenario: instances obey, wait for a moment, wait, refuse, and take no plans; then the component pushes nothing any more, and
/// goes. Guarantees: its columns, the hash of what it is offered, and a condition that says why not; a moment unsays nothing.
#[test]
fn a_component_shows_what_became_of_its_plans() {
    let key = || key("shop", Some("api"), "api");
    let pushes = [observed(key(), &["orders"])];
    let waits = |since| ComponentSync { applied: 1, pending: 1, pending_since: Some(wall(since)), since: None, ..obeyed() };
    let refusals = vec!["too new".into(), "no memory".into(), "never told".into()];
    let refused = ComponentSync { applied: 1, failed: 1, refusals, since: None, ..obeyed() };
    let one = ComponentSync { connected: 1, applied: 1, ..obeyed() };
    let (mut observer, none) = (Observer::default(), ComponentSync::default());
    let steps = [
        (100, &pushes[..], Some(obeyed())),
        (110, &pushes, Some(waits(109))),
        (120, &pushes, Some(waits(109))),
        (130, &pushes, Some(refused)),
        (140, &pushes, Some(one)),
        (150, &[], Some(obeyed())),
        (160, &[], Some(ComponentSync { applied: 2, ..none.clone() })),
        (170, &pushes, None),
        (180, &pushes, Some(none)),
    ];
    let lines: Vec<String> = steps
        .into_iter()
        .map(|(secs, observed, sync)| {
            let sync = sync.into_iter().map(|sync| (key(), sync)).collect();
            format!("{secs}: {}", synced(&look_beside(&mut observer, observed, (&[], &sync, false), secs)))
        })
        .collect();
    expect![[r#"
        100: pointsman-instrument 0.1.0 2/2 2/2, cdcd, pushed 2026-09-21T14:14:55Z, Active; InSync=True EnforcedAtSource since 14:50Z: 2/2 instances obey the plan
        110: pointsman-instrument 0.1.0 2/2 2/2, cdcd, pushed 2026-09-21T14:14:55Z, Active; InSync=True EnforcedAtSource since 14:50Z: 2/2 instances obey the plan
        120: pointsman-instrument 0.1.0 2/2 1/2, cdcd, pushed 2026-09-21T14:14:55Z, Active; InSync=False Pending since 15:20Z: 1/2: 1 of 2 instances have not answered since 2026-09-21T14:15:09Z
        130: pointsman-instrument 0.1.0 2/2 1/2, cdcd, pushed 2026-09-21T14:14:55Z, Active; InSync=False ApplyFailed since 15:20Z: 1/2: 1 of 2 instances refused the plan: "too new" and "no memory"
        140: pointsman-instrument 0.1.0 1/2 2/2, cdcd, pushed 2026-09-21T14:14:55Z, Active; InSync=True SomeAtController since 14:50Z: 1/2 instances obey the plan; the controller decides for 1 that take none
        150: pointsman-instrument 0.1.0 2/2 2/2, cdcd, pushed 2026-09-21T14:14:55Z, Active; InSync=True EnforcedAtSource since 14:50Z: 2/2 instances obey the plan
        160: 
        170:  0/2 2/2, abab, pushed 2026-09-21T14:14:55Z, Active; 
        180:  0/2 2/2, abab, pushed 2026-09-21T14:14:55Z, Active; "#]].assert_eq(&lines.join("\n"));
}

/// Scenario: a controller that has only started, beside components that are back, half back, and not yet.
/// Guarantees: what the objects of the latter show of plans is to stay.
#[test]
fn who_is_not_back_yet_is_said_to_return() {
    let (back, half, none) = (key("shop", None, "back"), key("shop", None, "half"), key("shop", None, "none"));
    let seen = [&back, &half, &none].map(|key| observed(key.clone(), &[]));
    let one = ComponentSync { connected: 1, applied: 1, ..obeyed() };
    let sync = SyncState::from([(back, obeyed()), (half, one)]);
    for settling in [true, false] {
        let shown = look_beside(&mut Observer::default(), &seen, (&[], &sync, settling), 100);
        let returning: Vec<&str> = shown.components.iter().filter(|c| c.returning).map(|c| &*c.name).collect();
        let expected = if settling { &["service.half", "service.none"][..] } else { &[] };
        assert_eq!(returning, expected);
    }
}

/// Scenario: a component declares what it has off, what a file declares otherwise, and pushes what nobody declared.
/// Guarantees: its catalogue has each once; the file speaks first.
#[test]
fn a_catalogue_lists_what_the_component_declares() {
    let sync = SyncState::from([(key("shop", Some("api"), "api"), obeyed())]);
    let mut file = Catalogue::clone(&catalogue("", "api", &["orders"]));
    Arc::make_mut(&mut file.instruments)[0].level = Level::Debug;
    let seen = [observed(key("shop", Some("api"), "api"), &["orders", "learnt", "off.at.source"])];
    let shown = look_beside(&mut Observer::default(), &seen, (&[Arc::new(file)], &sync, false), 100);
    let rows = shown.catalogues[0].spec.instruments.iter().map(|row| format!("{} {}", row.name, row.level));
    expect![[r#"
        learnt Standard
        off.at.source Essential
        orders Debug"#]]
    .assert_eq(&rows.collect::<Vec<_>>().join("\n"));
}

/// Scenario: a component asks for its plan as a ConfigMap. Guarantees: its status says what became of it, and since when.
#[test]
fn a_component_says_what_became_of_its_plan_file() {
    let mut observer = Observer::default();
    let seen = [observed(key("shop", None, "asks"), &[])];
    for secs in [100, 160] {
        expect![" 0/2 2/2, abab, pushed 2026-09-21T14:14:55Z, Active; PlanFile=True Written since 15:00Z: ConfigMap plan, key plan.json, holds plan cd"].assert_eq(&synced(&look(&mut observer, &seen, &[], secs)));
    }
}
