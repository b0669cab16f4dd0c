//! Instances counted once, and what is declared beside what was seen.

use super::{ComponentSync, SyncState, Tally, with_declared};
use crate::{
    fault::Place,
    model::{
        component::ComponentKey,
        instrument::{Instrument, Kind, Level},
    },
    view::{
        report::Seen,
        spec::{CATALOG, Catalogue, Declared, ObjectId},
    },
};
use expect_test::expect;
use std::sync::Arc;

/// Scenario: fewer, as many and more instances with a plan than push. Guarantees: each instance is counted once, and those that
/// take no plans are in sync.
#[test]
fn every_instance_is_counted_once() {
    let sync = ComponentSync { connected: 3, applied: 1, pending: 1, failed: 1, ..ComponentSync::default() };
    let say = |sync: &ComponentSync, pushing| {
        let tally = sync.tally(pushing);
        let Tally { instances, applied, pending, failed, unsupported } = tally;
        assert_eq!(instances, applied + pending + failed + unsupported);
        format!("{} ({unsupported} take none)", tally.summary())
    };
    expect!["1/3 (0 take none)"].assert_eq(&say(&sync, 2));
    expect!["10/12 (9 take none)"].assert_eq(&say(&sync, 12));
    let silent = ComponentSync { connected: 4, ..ComponentSync::default() };
    expect!["4/4 (4 take none)"].assert_eq(&say(&silent, 0));
    // An instance that obeys what a file told it, and went, is no session.
    let gone = ComponentSync { applied: 2, ..ComponentSync::default() };
    expect!["2/2 (0 take none)"].assert_eq(&say(&gone, 1));
}

/// Scenario: what dead processes pushed is known for minutes, here of one that crashed three times, of twelve that were replaced, of more
/// that are gone than ever pushed, and where nobody is left. Guarantees: who is gone is no instance, and none that takes no plans;
/// where all are gone, those that push are the controller's.
#[test]
fn who_is_gone_is_not_counted() {
    let say = |applied, pending, gone, pushing| {
        let sync = ComponentSync { connected: applied + pending, applied, pending, gone, ..ComponentSync::default() };
        let tally = sync.tally(pushing);
        format!("{}, {} take none", tally.summary(), tally.unsupported)
    };
    expect!["1/1, 0 take none"].assert_eq(&say(1, 0, 3, 4));
    expect!["12/12, 0 take none"].assert_eq(&say(12, 0, 12, 24));
    expect!["0/12, 0 take none"].assert_eq(&say(0, 12, 12, 24));
    expect!["13/13, 1 take none"].assert_eq(&say(12, 0, 12, 25));
    expect!["1/1, 0 take none"].assert_eq(&say(1, 0, 9, 2));
    expect!["2/2, 2 take none"].assert_eq(&say(0, 0, 2, 2));
}

/// Scenario: a component that sends one of three declared instruments, one that sends nothing, one that went, one that declares
/// nothing. Guarantees: what connected ones declare is there once, beside what was seen.
#[test]
fn what_is_declared_is_known_though_nobody_sends_it() {
    let key = |service: &str| ComponentKey { namespace: "shop".into(), workload: None, service: service.into() };
    let row = |(scope, name): (&str, &str)| Declared {
        scope: scope.into(),
        name: name.into(),
        kind: Kind::Counter,
        unit: "".into(),
        level: Level::Standard,
        stability: "".into(),
        attributes: Vec::new(),
    };
    let catalogue = Arc::new(Catalogue {
        id: ObjectId { kind: CATALOG, namespace: "shop".into(), name: "c".into() },
        place: Place::Nowhere,
        service: "".into(),
        schema_url: "".into(),
        instruments: [("a", "orders"), ("", "orders"), ("b", "orders"), ("b", "state"), ("b", "state")].map(row).into(),
    });
    let declares = |connected| ComponentSync { connected, catalogue: Some(Arc::clone(&catalogue)), ..ComponentSync::default() };
    let sync = SyncState::from([
        (key("sends"), declares(1)),
        (key("silent"), declares(1)),
        (key("went"), declares(0)),
        (key("plain"), ComponentSync { connected: 1, ..ComponentSync::default() }),
    ]);
    let orders = Instrument { scope: "a".into(), name: "orders".into(), kind: Kind::Counter, unit: "{order}".into() };
    let seen = vec![Seen { component: key("sends"), instruments: vec![orders] }];
    let lines: Vec<String> = with_declared(seen, &sync)
        .iter()
        .map(|seen| {
            let names = seen.instruments.iter().map(|one| format!("{}:{}{}", one.scope, one.name, one.unit));
            format!("{}: {}", seen.component.service, names.collect::<Vec<_>>().join(", "))
        })
        .collect();
    expect![[r#"
        sends: a:orders{order}, b:orders, b:state
        plain: 
        silent: :orders, a:orders, b:orders, b:state"#]]
    .assert_eq(&lines.join("\n"));
}
