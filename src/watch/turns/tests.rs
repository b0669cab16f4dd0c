use crate::{
    Kind, Watch, cases,
    operator::Operator,
    table::{News, Raw},
    watch::{Now, Shared, attach, system_time},
};
use expect_test::{Expect, expect};
use jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_instrument::{Identity, Signal, Telemetry, telemetry::PlanSource};
use serde_json::{json, value::to_raw_value};
use std::{fmt::Write, sync::Arc};

fn pool(name: &str, paused: &str) -> Raw {
    let text =
        json!({"metadata": {"name": name}, "spec": {"paused": serde_json::from_str::<serde_json::Value>(paused).expect("JSON")}});
    Raw { name: name.into(), json: to_raw_value(&text).expect("it is JSON") }
}

/// Takes each news, ticks, and compares the spans; their ids are random.
fn check(news: Vec<News>, want: &Expect) {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let telemetry = Telemetry::new(Identity::new("pointsman-watch"), move || system_time(now));
    let shared: Shared<Operator> = Arc::new(Mutex::new(Watch::new(Operator::default())));
    let clock: Now = Arc::new(move || now);
    attach(&shared, &telemetry, &clock);
    news.into_iter().for_each(|news| shared.lock().take(Kind::MachineConfigPool, news, now));
    shared.lock().tick(now);
    let mut out = String::new();
    for (signal, body) in telemetry.collect() {
        if signal == Signal::Traces {
            // Names and texts stand as they are in a message; numbers beside them are not compared.
            let text = String::from_utf8_lossy(&body);
            for word in ["reconcile MachineConfigPool", "worker", "resync", "event", "changed", "error"] {
                writeln!(out, "{word}: {}", text.matches(word).count()).expect("a string takes everything");
            }
        }
    }
    want.assert_eq(&out);
}

/// Scenario: a list, a change, a change of nothing, and an object that cannot be read. Guarantees: what comes within a tick is
/// one span, what changed nothing is none, and a failure is told.
#[test]
fn turns_within_a_tick_are_one_span() {
    check(
        vec![News::Listed(vec![pool("worker", "false"), pool("master", "false")]), News::Applied(pool("worker", "true"))],
        &expect![[r#"
            reconcile MachineConfigPool: 1
            worker: 0
            resync: 1
            event: 0
            changed: 1
            error: 0
        "#]],
    );
    check(
        vec![News::Applied(pool("worker", "true")), News::Applied(pool("worker", "true"))],
        &expect![[r#"
            reconcile MachineConfigPool: 1
            worker: 1
            resync: 0
            event: 1
            changed: 1
            error: 0
        "#]],
    );
    check(
        vec![News::Applied(pool("worker", "7"))],
        &expect![[r#"
            reconcile MachineConfigPool: 1
            worker: 0
            resync: 0
            event: 1
            changed: 0
            error: 2
        "#]],
    );
    check(vec![News::Listed(Vec::new())], &expect![""]);
}

/// Scenario: a plan turns off the spans of turns, in the middle of one; later it turns them on again. Guarantees: none is made while
/// they are off, and those that come later tell of nothing that happened then.
#[test]
fn turns_that_are_off_make_no_span() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let telemetry = Telemetry::new(Identity::new("pointsman-watch"), move || system_time(now));
    let shared: Shared<Operator> = Arc::new(Mutex::new(Watch::new(Operator::default())));
    attach(&shared, &telemetry, &(Arc::new(move || now) as Now));
    let obey = |off: &[&str]| {
        let off: Vec<String> = off.iter().map(|name| (*name).to_owned()).collect();
        telemetry.obey(&cases::plan(&off), 0, PlanSource::Controller);
    };
    let take = |name: &str| shared.lock().take(Kind::MachineConfigPool, News::Applied(pool(name, "false")), now);
    let sent = || {
        shared.lock().tick(now);
        let bodies = std::iter::from_fn(|| telemetry.take_spans().map(|spans| spans.body));
        bodies.map(|body| String::from_utf8_lossy(&body).into_owned()).collect::<String>()
    };
    take("one");
    obey(&["reconcile MachineConfigPool"]);
    take("two");
    assert_eq!(sent(), "");
    obey(&["reconcile Node"]);
    take("three");
    let spans = sent();
    assert!(spans.contains("three") && !spans.contains("one") && !spans.contains("two"), "{spans}");
}
