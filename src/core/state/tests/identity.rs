//! Who is who: series, scopes, resources and components that must, or must not, be one.

use super::{
    points::request,
    script::{Script, check},
};
use crate::model::{
    clock::{Mono, Wall},
    reject::Reason,
};
use expect_test::expect;
use prost::Message;

/// Scenario: two instances and two components push the same series; one instance uses two scopes.
/// Guarantees: nobody overwrites anybody (conformance 7, SC-05).
#[test]
fn instances_components_and_scopes_stay_apart() {
    check(
        "push 1 a
         gauge g{k=v} 1 0..5
         push 1 b
         gauge g{k=v} 2 0..5
         push 1 other/a
         gauge g{k=v} 3 0..5
         push 1 a@lib
         gauge g{k=v} 4 0..5
         show
         components",
        expect![[r#"
            other/a g
              {k=v} 3 0..5
            svc/a g
              {k=v} 1 0..5
            svc/a g [lib]
              {k=v} 4 0..5
            svc/b g
              {k=v} 2 0..5
            default/service.other instances=1 streams=1 series=1 received=1 suppressed=0 at=1
            default/service.svc instances=2 streams=3 series=3 received=3 suppressed=0 at=1
        "#]],
    );
}

/// Scenario: attributes in every order, a key twice, and values that look alike but differ in type.
/// Guarantees: order makes no second series, the last of equal keys wins (LB-16), the type is part of the identity.
#[test]
fn the_order_of_attributes_makes_no_series() {
    check(
        "push 1 a
         gauge g{a=1,b=2,c=x} 1 0..5
         push 2 a
         gauge g{c=x,b=2,a=1} 2 0..6
         push 3 a
         gauge g{b=2,a=1,c=x} 3 0..7
         gauge g{b=2,a=9,c=x,a=1} 4 0..8
         gauge g{a=1,b=2} 5 0..8
         gauge g{} 6 0..8
         show
         stats",
        expect![[r#"
            svc/a g
              {} 6 0..8
              {a=1,b=2} 5 0..8
              {a=1,b=2,c=x} 4 0..8
            stats series=3 streams=1 resources=1 components=1 aliases=3 duplicate_keys=1
        "#]],
    );
}

/// Scenario: a sender shuffles its keys at each push, far beyond the spellings that are remembered.
/// Guarantees: one series, the spellings capped and counted.
#[test]
fn spellings_are_capped() {
    let keys = ["a=1", "b=2", "c=3", "d=4", "e=5"];
    let mut script = Script::default();
    for push in 0..20_usize {
        let mut order = keys.to_vec();
        order.rotate_left(push % 5);
        order.swap(0, 1 + push / 5);
        let point = format!("gauge g{{{}}} {push} 0..{}", order.join(","), push + 1);
        let tally = script.store.ingest(&request("a", &[&point]).encode_to_vec(), Mono(1), Wall(1)).unwrap();
        assert_eq!(tally.rejected_total(), 0);
    }
    let out = script.run("show\n stats");
    expect![[r#"
        svc/a g
          {a=1,b=2,c=3,d=4,e=5} 19 0..20
        stats series=1 streams=1 resources=1 components=1 aliases=4 aliases=15
    "#]]
    .assert_eq(&out);
}

/// Scenario: series arrive in no order; some come between two looks.
/// Guarantees: they are seen in byte order of keys and text, entry by entry.
#[test]
fn series_are_seen_in_byte_order() {
    check(
        "push 1 a
         gauge g{b=1} 1 0..5
         gauge g{a=2} 1 0..5
         gauge g{a=10} 1 0..5
         gauge g{a=2,b=1} 1 0..5
         show
         push 2 a
         gauge g{a=1} 1 0..5
         gauge g{a=2,a.b=1} 1 0..5
         gauge g{z=é} 1 0..5
         show",
        expect![[r#"
            svc/a g
              {a=10} 1 0..5
              {a=2} 1 0..5
              {a=2,b=1} 1 0..5
              {b=1} 1 0..5
            svc/a g
              {a=1} 1 0..5
              {a=10} 1 0..5
              {a=2} 1 0..5
              {a=2,a.b=1} 1 0..5
              {a=2,b=1} 1 0..5
              {b=1} 1 0..5
              {z=é} 1 0..5
        "#]],
    );
}

/// Scenario: a page ends, then series before and behind its end come and go.
/// Guarantees: no series that stays is seen twice or not at all; a stream that is gone shows nothing.
#[test]
fn pages_hold_while_series_come_and_go() {
    let mut script = Script::default();
    script.run("push 1 a\n gauge g{k=b} 1 0..5\n gauge g{k=d} 1 0..5\n gauge g{k=f} 1 0..5\n gauge g{k=h} 1 0..5");
    let id = script.store.streams()[0].id;
    let page = |script: &Script, from| {
        let mut seen = String::new();
        let next = script.store.visit(id, from, 2, &mut |series| {
            seen.push_str(series.labels.entry(series.entries[0]).unwrap().text);
        });
        (seen, next)
    };
    let (first, next) = page(&script, 0);
    assert_eq!(first, "bd");
    script.run("push 2 a\n gauge g{k=a} 1 0..5\n gauge g{k=c} 1 0..5\n gauge g{k=e} 1 0..5\n gauge g{k=d} 0..6 stale");
    let (second, next) = page(&script, next.unwrap());
    assert_eq!(second, "ef");
    assert_eq!(page(&script, next.unwrap()), ("h".to_owned(), None));
    script.store.expire(Mono::from_secs(1_000));
    assert_eq!(page(&script, 0), (String::new(), None));
}

/// Scenario: description, metadata and type of a metric change; a metric name is shared by two types.
/// Guarantees: the head is the last sent, two types are two streams, and the epoch moves only when the list changed.
#[test]
fn the_epoch_moves_with_the_list_of_streams() {
    check(
        "push 1 a
         gauge g{} 1 0..5
         epoch
         push 2 a
         gauge g{} 2 0..6
         gauge g{k=v} 2 0..6
         epoch
         push 3 a
         counter g{} 2 1..6
         epoch
         push 4 a
         gauge g{} 0..7 stale
         gauge g{k=v} 0..7 stale
         epoch
         show",
        expect![[r#"
            epoch moved
            epoch stays
            epoch moved
            epoch moved
            svc/a g
              {} 2 1..6
        "#]],
    );
}

/// Scenario: a name of dots, under strategies that escape and that keep; an empty one.
/// Guarantees: refused where nothing of it would be left (NM-05).
#[test]
fn a_name_must_leave_something() {
    let body = request("a", &["gauge ...{} 1 0..5", "gauge :{} 1 0..5", "gauge {} 1 0..5"]).encode_to_vec();
    let refused = |script: &Script| script.store.ingest(&body, Mono(1), Wall(1)).unwrap().rejected;
    let mut script = Script::default();
    assert_eq!(refused(&script), [(Reason::NoName, 2)].into());
    script.store = script.store.keeping_names();
    assert_eq!(refused(&script), [(Reason::NoName, 1)].into());
}

/// Scenario: description and metadata of a metric change, then stay; then metadata does not parse.
/// Guarantees: the head is the last sent, the epoch moves once, the series stays; unreadable metadata refuses points.
#[test]
fn the_head_of_a_metric_is_the_last_sent() {
    let script = Script::default();
    let push = |description: &str, kind: &str| {
        let mut request = request("a", &["gauge g{} 1 0..5"]);
        let metric = &mut request.resource_metrics[0].scope_metrics[0].metrics[0];
        description.clone_into(&mut metric.description);
        metric.metadata = vec![super::points::pair("prometheus.type", kind)];
        let tally = script.store.ingest(&request.encode_to_vec(), Mono(1), Wall(1)).unwrap();
        (tally.rejected, script.store.epoch())
    };
    let (_, first) = push("one", "info");
    let (_, second) = push("two", "stateset");
    assert_ne!(first, second);
    assert_eq!(push("two", "stateset"), ([].into(), second));
    let too_long = "x".repeat(crate::limits::ATTRIBUTE_VALUE_BYTES_MAX + 1);
    assert_eq!(push("three", &too_long), ([(Reason::AttributeTooLong, 1)].into(), second));
    let streams = script.store.streams();
    assert_eq!((&*streams[0].metric.description, streams[0].metric.prometheus_type.as_deref()), ("two", Some("stateset")));
    assert_eq!((streams.len(), streams[0].series), (1, 1));
}

/// Scenario: a resource whose attributes do not parse, and a scope that is no UTF-8, beside good ones.
/// Guarantees: their points are refused with the reason, the rest is kept (NM-24).
#[test]
fn a_bad_resource_or_scope_refuses_its_points() {
    let mut request = request("a", &["gauge g{} 1 0..5", "gauge h{} 1 0..5"]);
    let mut bad = request.resource_metrics[0].clone();
    let long = "x".repeat(crate::limits::ATTRIBUTE_VALUE_BYTES_MAX + 1);
    bad.resource.as_mut().unwrap().attributes.push(super::points::pair("long", &long));
    request.resource_metrics.push(bad);
    let mut scoped = request.resource_metrics[0].clone();
    "QQ".clone_into(&mut scoped.scope_metrics[0].scope.as_mut().unwrap().name);
    request.resource_metrics.push(scoped);
    let mut body = request.encode_to_vec();
    let at = body.windows(2).position(|two| two == b"QQ").unwrap();
    body[at] = 0xff;
    let mut script = Script::default();
    let tally = script.store.ingest(&body, Mono(1), Wall(1)).unwrap();
    assert_eq!(tally.rejected, [(Reason::AttributeTooLong, 2), (Reason::NotUtf8, 2)].into());
    expect![[r#"
        svc/a g
          {} 1 0..5
        svc/a h
          {} 1 0..5
    "#]]
    .assert_eq(&script.run("show"));
}

/// Scenario: between two pages of a look, the last series shown is withdrawn and new ones come, before and behind it.
/// Guarantees: the place is kept: no series is shown twice, none that stayed is left out.
#[test]
fn a_look_keeps_its_place_while_series_come_and_go() {
    let mut script = Script::default();
    script.run("push 1 a\n gauge g{k=2} 1 0..5\n gauge g{k=4} 1 0..5\n gauge g{k=6} 1 0..5\n gauge g{k=8} 1 0..5");
    let id = script.store.streams()[0].id;
    let mut seen = Vec::new();
    let mut page = |script: &Script, from| {
        script.store.visit(id, from, 2, &mut |series| seen.push(series.labels.entry(series.entries[0]).unwrap().text.to_owned()))
    };
    let next = page(&script, 0).expect("there is more");
    script.run("push 2 a\n gauge g{k=4} 0..6 stale\n gauge g{k=1} 1 0..6\n gauge g{k=9} 1 0..6");
    let next = page(&script, next).expect("there is more");
    assert_eq!(page(&script, next), None);
    assert_eq!(seen, ["2", "4", "6", "8", "9"]);
}
