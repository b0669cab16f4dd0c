//! What status, impact and `explain` read: instruments with their points, what is left without attributes, and that it
//! is quick.

use super::{
    points::request,
    script::{Script, check, check_capped, generous, views},
};
use crate::{
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::Instrument,
    },
    state::{
        observe::{AttributeCost, Which},
        store::Store,
    },
    view::plan::Keys,
};
use expect_test::expect;
use prost::Message;
use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

/// One line for each component, and for each of its instruments.
pub(super) fn observe(store: &Store, out: &mut String) {
    let secs = |at: Mono| at.0 / 1_000_000_000;
    for c in store.observe() {
        let (since, last) = (secs(c.since), secs(c.last_push));
        let counts = (c.instances, c.series, c.received, c.suppressed);
        writeln!(out, "{} instances, series, received, suppressed {counts:?} {since}..{last}", c.key).unwrap();
        for i in c.instruments {
            let Instrument { scope, name, kind, unit: _ } = &i.instrument;
            write!(out, "  {kind} {scope}{}{name} of {}:", if scope.is_empty() { "" } else { "/" }, i.instances).unwrap();
            writeln!(out, " sent={} exposed={} points={} limited={} at={}", i.sent, i.exposed, i.points, i.limited, secs(i.last))
                .unwrap();
        }
    }
}

fn service() -> ComponentKey {
    ComponentKey::from_resource(|key| (key == "service.name").then_some("svc"))
}

fn known(store: &Store, name: &str) -> Instrument {
    let instruments = store.observe().into_iter().flat_map(|component| component.instruments);
    instruments.map(|seen| seen.instrument).find(|instrument| &*instrument.name == name).unwrap()
}

/// `metric keep a,b` or `metric drop a,b`
pub(super) fn distinct(store: &Store, words: &str, out: &mut String) {
    let [name, verb, keys] = words.split(' ').collect::<Vec<_>>()[..] else { panic!("{words}") };
    let listed = keys.split(',').map(Box::from).collect();
    let keys = match verb {
        "keep" => Keys { keep: Some(listed), ..Keys::default() },
        _ => Keys { drop: listed, ..Keys::default() },
    };
    writeln!(out, "{words}: {:?}", store.distinct(&service(), &known(store, name), &keys)).unwrap();
}

/// The name of a metric.
pub(super) fn attributes(store: &Store, name: &str, out: &mut String) {
    let costs = store.attributes(&service(), Which { name, scope: "", kind: None });
    let costs = costs.iter().map(|AttributeCost { key, values, without }| format!(" {key}: values={values} without={without}"));
    writeln!(out, "{name}:{}", costs.collect::<String>()).unwrap();
}

/// Scenario: two instances send one instrument, one of them in two scopes; another is switched off, pushed while it is
/// off in two requests, and switched on again.
/// Guarantees: instruments are ordered by name and scope and added up over instances; what is off shows no series, but
/// what is sent: the sets it had, then the points of its last request, until the first push after it is on again.
#[test]
fn instruments_are_observed_on_and_off() {
    check(
        "push 1 a
         counter c{k=1} 1 1..10
         counter c{k=2} 1 1..10
         gauge g{k=1} 1 0..10
         gauge g{k=2} 1 0..10
         push 2 b@lib
         counter c{k=1} 1 1..10
         push 3 b
         counter c{k=1} 1 1..10
         push 3 other/o
         gauge g{} 1 0..10
         observe
         views {name: off, match: {instruments: [g]}, state: Disabled}
         observe
         push 4 a
         gauge g{k=1} 1 0..11
         gauge g{k=2} 1 0..11
         counter c{k=1} 2 1..11
         gauge g{k=3} 1 0..11
         push 5 a
         gauge g{k=4} 1 0..12
         views
         observe
         push 6 a
         gauge g{k=4} 1 0..13
         gauge g{k=5} 1 0..13
         gauge g{k=4} 0..14 stale
         observe",
        expect![[r#"
            default/service.other instances, series, received, suppressed (1, 1, 1, 0) 3..3
              Gauge g of 1: sent=1 exposed=1 points=1 limited=0 at=3
            default/service.svc instances, series, received, suppressed (2, 6, 6, 0) 1..3
              Counter c of 2: sent=3 exposed=3 points=3 limited=0 at=3
              Counter lib/c of 1: sent=1 exposed=1 points=1 limited=0 at=2
              Gauge g of 1: sent=2 exposed=2 points=2 limited=0 at=1
            default/service.other instances, series, received, suppressed (1, 0, 1, 0) 3..3
              Gauge g of 1: sent=1 exposed=0 points=1 limited=0 at=3
            default/service.svc instances, series, received, suppressed (2, 4, 6, 0) 1..3
              Counter c of 2: sent=3 exposed=3 points=3 limited=0 at=3
              Counter lib/c of 1: sent=1 exposed=1 points=1 limited=0 at=2
              Gauge g of 1: sent=2 exposed=0 points=2 limited=0 at=1
            4: 3 suppressed
            5: 1 suppressed
            default/service.other instances, series, received, suppressed (1, 0, 1, 0) 3..3
              Gauge g of 1: sent=1 exposed=0 points=1 limited=0 at=3
            default/service.svc instances, series, received, suppressed (2, 4, 11, 4) 1..5
              Counter c of 2: sent=3 exposed=3 points=4 limited=0 at=4
              Counter lib/c of 1: sent=1 exposed=1 points=1 limited=0 at=2
              Gauge g of 1: sent=1 exposed=0 points=6 limited=0 at=5
            default/service.other instances, series, received, suppressed (1, 0, 1, 0) 3..3
              Gauge g of 1: sent=1 exposed=0 points=1 limited=0 at=3
            default/service.svc instances, series, received, suppressed (2, 5, 14, 4) 1..6
              Counter c of 2: sent=3 exposed=3 points=4 limited=0 at=4
              Counter lib/c of 1: sent=1 exposed=1 points=1 limited=0 at=2
              Gauge g of 1: sent=1 exposed=1 points=9 limited=0 at=6
        "#]],
    );
}

/// Scenario: a limit of two sets, then keys dropped under a limit of two groups.
/// Guarantees: points beyond it count as limited, and what is sent is what the requests carry, not what is held.
#[test]
fn limited_points_are_counted_by_instrument() {
    let points = "counter c{k=1,q=1} 1 1..10
         counter c{k=2,q=1} 1 1..10
         counter c{k=3,q=1} 1 1..10
         counter c{k=4,q=1} 1 1..10";
    let script = format!(
        "views {{name: l, match: {{instruments: [c]}}, cardinality: {{limit: 2}}}}
         push 1 a
         {points}
         push 2 a
         {points}
         observe
         views {{name: l, match: {{instruments: [c]}}, attributes: {{drop: [q]}}, cardinality: {{limit: 2}}}}
         push 3 b
         {points}
         push 4 b
         {points}
         observe
         expire 400
         observe"
    );
    check(
        &script,
        expect![[r#"
        default/service.svc instances, series, received, suppressed (1, 3, 8, 0) 1..2
          Counter c of 1: sent=4 exposed=3 points=8 limited=4 at=2
        default/service.svc instances, series, received, suppressed (2, 7, 16, 0) 1..4
          Counter c of 2: sent=8 exposed=6 points=16 limited=8 at=4
    "#]],
    );
}

/// Scenario: sets with and without a key, in two instances; then a series that is collapsed, one that is off, one that a
/// limit folds.
/// Guarantees: what is left without a key is counted for each instance, whatever a view shows now; a set that differs
/// from another one only by the key is one with it; nothing is said of what is off; folded sets count as one.
#[test]
fn what_is_left_without_attributes() {
    let points = "gauge g{a=1,b=1} 1 0..10
         gauge g{a=2,b=1} 1 0..10
         gauge g{a=3,b=2} 1 0..10
         gauge g{b=2} 1 0..10";
    let script = format!(
        "push 1 a
         {points}
         push 1 b
         gauge g{{a=1,b=1}} 1 0..10
         gauge g{{a=1,c=1}} 1 0..10
         distinct g keep b
         distinct g drop a
         distinct g drop b,c
         distinct g keep nothing
         distinct g drop nothing
         attributes g
         views {{name: l, match: {{instruments: [g]}}, attributes: {{drop: [a], collapse: Sum}}}}
         distinct g drop a
         attributes g
         views {{name: off, match: {{instruments: [g]}}, state: Disabled}}
         distinct g drop a
         attributes g
         views
         distinct g drop a
         views {{name: l, match: {{instruments: [g]}}, cardinality: {{limit: 2}}}}
         expire 200
         push 390 a
         {points}
         expire 400
         distinct g drop a
         attributes g
         attributes nobody"
    );
    check(
        &script,
        expect![[r#"
        g keep b: Some(4)
        g drop a: Some(4)
        g drop b,c: Some(5)
        g keep nothing: Some(2)
        g drop nothing: Some(6)
        g: a: values=3 without=4 b: values=2 without=6 c: values=1 without=6
        g drop a: Some(4)
        g: a: values=3 without=4 b: values=2 without=6 c: values=1 without=6
        g drop a: None
        g:
        g drop a: None
        g drop a: Some(2)
        g: a: values=2 without=1 b: values=1 without=2
        nobody:
    "#]],
    );
}

/// Scenario: more sets than are looked at under one hold of the lock, of which one key makes all the difference.
/// Guarantees: exact counts, the greatest saving first.
#[test]
fn sets_are_counted_across_slices() {
    let points: Vec<String> = (0..5_000).map(|i| format!("gauge g{{pod={i},zone={}}} 1 0..10", i % 3)).collect();
    check_capped(
        |_, series_max| *series_max = 10_000,
        &format!("push 1 a\n{}\ndistinct g keep zone\nattributes g", points.join("\n")),
        expect![[r#"
            g keep zone: Some(3)
            g: pod: values=5000 without=3 zone: values=3 without=5000
        "#]],
    );
}

/// Scenario: 100,000 series of six attributes, then a view that drops one, and one that switches them off.
/// Guarantees: looks and swaps end in tens of milliseconds when compiled for speed; the bound here is far above that, for
/// slow machines and builds without it.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures how long a look takes")]
fn looks_at_many_series_are_quick() {
    const SERIES: usize = 100_000;
    let script = Script::with_caps(generous(), 2 * SERIES);
    let line = |i: usize| format!("gauge g{{a={i},b={},c={},d=x,e={},f=y}} 1 0..10", i % 10, i % 100, i % 7);
    for part in (0..SERIES).collect::<Vec<_>>().chunks(10_000) {
        let points: Vec<String> = part.iter().map(|i| line(*i)).collect();
        let points: Vec<&str> = points.iter().map(String::as_str).collect();
        script.store.ingest(&request("a", &points).encode_to_vec(), Mono(1), Wall(1)).unwrap();
    }
    let timed = |what: &str, f: &mut dyn FnMut()| {
        let begin = Instant::now();
        f();
        assert!(begin.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 }), "{what}");
    };
    let g = known(&script.store, "g");
    let keys = Keys { drop: [Box::from("a")].into_iter().collect(), ..Keys::default() };
    timed("distinct", &mut || assert_eq!(script.store.distinct(&service(), &g, &keys), Some(700)));
    timed("attributes", &mut || {
        let costs = script.store.attributes(&service(), Which { name: "g", scope: "", kind: None });
        assert_eq!((&*costs[0].key, costs.len()), ("a", 6));
        assert!(costs[0].without <= 1_000 && costs[1].without == SERIES as u64, "{costs:?}");
    });
    timed("observe", &mut || assert_eq!(script.store.observe()[0].instruments[0].sent, SERIES as u64));
    let shape = "{name: d, match: {instruments: [g]}, attributes: {drop: [a], collapse: Sum}}";
    timed("shape", &mut || script.store.set_views(Arc::new(views(shape)), Wall(1)));
    assert_eq!(script.store.observe()[0].instruments[0].exposed, 700);
    let off = "{name: off, match: {instruments: [g]}, state: Disabled}";
    timed("off", &mut || script.store.set_views(Arc::new(views(off)), Wall(1)));
    assert_eq!(script.store.observe()[0].instruments[0].sent, SERIES as u64);
}
