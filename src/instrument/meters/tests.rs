#![expect(clippy::disallowed_methods, reason = "stands for other crates, which name their instruments themselves")]

use crate::{
    Gated, Identity, Telemetry,
    limits::{CALLBACKS_MAX, FOREIGN_INSTRUMENTS_MAX},
    meters::names::{Asked, What},
    metric::{Kind, Level, Meta, Metric},
    opamp::plan::Plan,
    telemetry::{
        PlanSource,
        tests::{lines, planned, telemetry},
    },
};
use expect_test::{Expect, expect};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{Meter, MeterProvider, NoopMeterProvider},
};
use serde_json::json;
use std::{
    hint::black_box,
    panic,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Instant, SystemTime},
};

fn meter(telemetry: &Arc<Telemetry>) -> Meter {
    telemetry.meters().meter("store")
}

/// A plan with one line for each of these instruments, and everything else on.
fn obey(telemetry: &Telemetry, lines: &[&str]) {
    let head = r#"{"schema":1,"component":"default/shop","hash":"00000000000000000000000000000001","instruments":["#;
    let text = format!("{head}{}],\"tail\":[],\"baseline\":{{\"on\":true}},\"spans\":[]}}", lines.join(","));
    telemetry.obey(&Arc::new(Plan::read(text.as_bytes()).unwrap()), 0, PlanSource::Controller);
}

/// What a receiver reads of other crates' instruments.
fn said(telemetry: &Telemetry) -> String {
    let mut collection = telemetry.metrics();
    let bodies: Vec<_> = collection.by_ref().map(|body| (crate::Signal::Metrics, body)).collect();
    collection.arrived();
    let lines = lines(bodies);
    lines.lines().filter(|line| !line.starts_with("pointsman.")).map(|line| format!("{line}\n")).collect()
}

fn check(telemetry: &Telemetry, want: Expect) {
    want.assert_eq(&said(telemetry));
}

fn kind(value: &'static str) -> [KeyValue; 1] {
    [KeyValue::new("kind", value)]
}

/// Scenario: an instrument of every kind and number of the interface, with a measurement or a reading each.
/// Guarantees: kinds, units, numbers, starts and buckets are on the wire as the specification says.
#[test]
fn every_instrument_of_the_interface_is_said() {
    let (telemetry, clock) = telemetry();
    let meter = meter(&telemetry);
    clock.set(5);
    meter.u64_counter("a.u64").with_unit("{item}").build().add(3, &kind("book"));
    meter.f64_counter("b.f64").build().add(0.5, &[]);
    meter.i64_up_down_counter("c.i64").build().add(-2, &[]);
    meter.f64_up_down_counter("d.f64").build().add(-0.5, &[]);
    meter.u64_gauge("e.u64").build().record(u64::MAX, &[]);
    meter.i64_gauge("f.i64").build().record(-7, &[]);
    meter.f64_gauge("g.f64").build().record(1.5, &[]);
    meter.f64_histogram("h.f64").with_boundaries(vec![1.0, 2.0]).build().record(1.5, &[]);
    meter.u64_histogram("i.u64").build().record(6, &[]);
    meter.u64_observable_counter("j.u64").with_callback(|to| to.observe(4, &kind("book"))).build();
    meter.f64_observable_counter("k.f64").with_callback(|to| to.observe(4.5, &[])).build();
    meter.i64_observable_up_down_counter("l.i64").with_callback(|to| to.observe(-4, &[])).build();
    meter.f64_observable_up_down_counter("m.f64").with_callback(|to| to.observe(-4.5, &[])).build();
    meter.u64_observable_gauge("n.u64").with_callback(|to| to.observe(4, &[])).build();
    meter.i64_observable_gauge("o.i64").with_callback(|to| to.observe(-4, &[])).build();
    meter.f64_observable_gauge("p.f64").with_callback(|to| to.observe(4.5, &[])).build();
    clock.set(10);
    check(
        &telemetry,
        expect![[r#"
        a.u64 [{item}] counter 5s..10s: kind=book 3
        b.f64 [] counter 5s..10s:  0.5
        c.i64 [] up-down 5s..10s:  -2
        d.f64 [] up-down 5s..10s:  -0.5
        e.u64 [] gauge 0s..10s:  9223372036854775807
        f.i64 [] gauge 0s..10s:  -7
        g.f64 [] gauge 0s..10s:  1.5
        h.f64 [] histogram 5s..10s:  [0, 1, 0] sum Some(1.5)
        i.u64 [] histogram 5s..10s:  [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] sum Some(6.0)
        j.u64 [] counter 0s..10s: kind=book 4
        k.f64 [] counter 0s..10s:  4.5
        l.i64 [] up-down 0s..10s:  -4
        m.f64 [] up-down 0s..10s:  -4.5
        n.u64 [] gauge 0s..10s:  4
        o.i64 [] gauge 0s..10s:  -4
        p.f64 [] gauge 0s..10s:  4.5
    "#]],
    );
}

/// Scenario: attributes in another order, and a key that is there twice.
/// Guarantees: one set; of the key, what was said last.
#[test]
fn a_set_has_one_spelling() {
    let (telemetry, _) = telemetry();
    let counter = meter(&telemetry).u64_counter("sold").build();
    let (a, b) = (KeyValue::new("a", 1), KeyValue::new("b", 2));
    counter.add(1, &[a.clone(), b.clone()]);
    counter.add(1, &[b.clone(), a.clone()]);
    counter.add(1, &[KeyValue::new("b", 7), a.clone(), KeyValue::new("b", 9), b]);
    check(
        &telemetry,
        expect![[r#"
        sold [] counter 0s..0s: a=1,b=2 3
    "#]],
    );
}

/// Scenario: numbers that are none, or that make a counter fall.
/// Guarantees: they are left out, and nothing else is.
#[test]
fn what_is_no_measurement_is_left_out() {
    let (telemetry, _) = telemetry();
    let meter = meter(&telemetry);
    let (counter, up_down) = (meter.f64_counter("counter").build(), meter.f64_up_down_counter("up-down").build());
    let (gauge, histogram) = (meter.f64_gauge("gauge").build(), meter.f64_histogram("histogram").with_boundaries(vec![]).build());
    meter
        .f64_observable_counter("observed")
        .with_callback(|to| [-1.0, f64::NAN, 2.0].into_iter().for_each(|n| to.observe(n, &[])))
        .build();
    for n in [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        counter.add(n, &[]);
        up_down.add(n, &[]);
        gauge.record(n, &[]);
        histogram.record(n, &[]);
    }
    check(
        &telemetry,
        expect![[r#"
        counter [] counter 0s..0s:  1
        gauge [] gauge 0s..0s:  -1
        histogram [] histogram 0s..0s:  [2] sum Some(0.0)
        observed [] counter 0s..0s:  2
        up-down [] up-down 0s..0s:  0
    "#]],
    );
}

/// Scenario: names, units, scopes and buckets that the specification does not allow, or that are too long.
/// Guarantees: nothing is recorded and nothing panics; each is counted.
#[test]
fn what_has_no_name_does_nothing() {
    let (telemetry, _) = telemetry();
    let meter = meter(&telemetry);
    let long = "n".repeat(256);
    let names = ["", "1st", "_a", "a b", "prix.€", long.as_str()];
    names.iter().for_each(|name| meter.u64_counter((*name).to_owned()).build().add(1, &[]));
    meter.u64_counter("a").with_unit("€").build().add(1, &[]);
    meter.u64_counter("b").with_unit("u".repeat(64)).build().add(1, &[]);
    for bounds in [vec![2.0, 1.0], vec![1.0, 1.0], vec![f64::NAN], (0..201).map(f64::from).collect()] {
        meter.f64_histogram("c").with_boundaries(bounds).build().record(1.0, &[]);
    }
    let scope = InstrumentationScope::builder("s".repeat(256)).build();
    telemetry.meters().meter_with_scope(scope).u64_counter("d").build().add(1, &[]);
    check(&telemetry, expect![""]);
    assert_eq!(telemetry.losses().instrument_names.get(), 13);
    // The longest that is allowed, with every character that is.
    let name = format!("{}._-/9", "n".repeat(250));
    meter.u64_counter(name).with_description("ä".repeat(2_000)).build().add(1, &[]);
    assert_eq!(said(&telemetry).lines().count(), 1);
}

struct Own;

impl Metric for Own {
    const META: Meta = Meta {
        name: "own",
        kind: Kind::Counter,
        unit: "",
        brief: "",
        scope: "store",
        level: Level::Standard,
        limit: 10,
        buckets: &[],
        attributes: &[],
    };
    type Value = u64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> [KeyValue; 0] {
        []
    }
}

/// Scenario: one name asked for again: in other letters, in another scope, as another kind, for another number, observed;
/// and a name that one of our own metrics has.
/// Guarantees: the same is the same stream; of what differs the first stays, and each conflict is counted.
#[test]
fn one_name_is_one_instrument() {
    let (telemetry, _) = telemetry();
    let meter = meter(&telemetry);
    meter.u64_counter("Sold").with_unit("{item}").build().add(1, &[]);
    meter.u64_counter("sold").with_unit("{book}").build().add(1, &[]);
    telemetry.meters().meter("other").u64_counter("sold").build().add(7, &[]);
    assert_eq!(telemetry.losses().instrument_conflicts.get(), 0);
    meter.f64_counter("sold").build().add(9.0, &[]);
    meter.i64_up_down_counter("sold").build().add(9, &[]);
    meter.u64_histogram("SOLD").build().record(9, &[]);
    meter.u64_observable_counter("sold").with_callback(|to| to.observe(9, &[])).build();
    let own = telemetry.counter::<Own>();
    own.on().unwrap().add(1, Own);
    meter.u64_counter("own").build().add(9, &[]);
    check(
        &telemetry,
        expect![[r#"
        Sold [{item}] counter 0s..0s:  2
        own [] counter 0s..0s:  1
        sold [] counter 0s..0s:  7
    "#]],
    );
    assert_eq!(telemetry.losses().instrument_conflicts.get(), 5);
}

/// Scenario: more instruments than there may be, and more callbacks of one.
/// Guarantees: those that were there go on; the others do nothing, and are counted.
#[test]
fn caps_bite_and_are_counted() {
    let (telemetry, _) = telemetry();
    let meter = meter(&telemetry);
    let ran = Arc::new(AtomicU64::new(0));
    for _ in 0..CALLBACKS_MAX + 3 {
        let ran = ran.clone();
        let count = move || ran.fetch_add(1, Ordering::Relaxed);
        meter.u64_observable_gauge("many").with_callback(move |to| to.observe(count(), &[])).build();
    }
    for n in 1..FOREIGN_INSTRUMENTS_MAX + 5 {
        meter.u64_counter(format!("n{n}")).build().add(1, &[]);
    }
    assert_eq!(said(&telemetry).lines().count(), FOREIGN_INSTRUMENTS_MAX);
    assert_eq!(ran.load(Ordering::Relaxed), CALLBACKS_MAX as u64);
    assert_eq!((telemetry.losses().callbacks.get(), telemetry.losses().instruments.get()), (3, 5));
    meter.u64_counter("n1").build().add(1, &[]);
    assert!(said(&telemetry).contains("n1 [] counter 0s..0s:  2"));
}

/// Scenario: another library asks for one observable more often than there may be callbacks of it here; then it is turned off.
/// Guarantees: behind a gate, every one of them is off: its callbacks are held elsewhere, and so are their caps.
#[test]
fn a_gate_shuts_however_often_it_was_asked_for() {
    let (telemetry, _) = telemetry();
    let gate = |telemetry: &Telemetry| {
        let asked = Asked { scope: "store", name: "many".into(), unit: None, brief: None, bounds: None };
        telemetry.gate(asked, What { kind: Kind::Gauge, number: "u64", observed: true })
    };
    let gates: Vec<_> = (0..CALLBACKS_MAX + 3).map(|_| gate(&telemetry).expect("a gate")).collect();
    assert!(gates.iter().all(|gate| gate.is_on()));
    let parts = json!({"instruments": [{"name": "many", "on": false}]});
    telemetry.obey(&planned(&parts), 0, PlanSource::File);
    assert!(gates.iter().all(|gate| !gate.is_on()));
    assert_eq!(telemetry.losses().callbacks.get(), 0);
}

/// Scenario: a callback that observes, then panics; one after it; and one that observes from two threads.
/// Guarantees: what was observed is there, the others run, the panic is counted, and the next collection works.
#[test]
fn a_callback_that_panics_ends_nothing_but_itself() {
    let (telemetry, _) = telemetry();
    let meter = meter(&telemetry);
    meter
        .u64_observable_gauge("a")
        .with_callback(|to| {
            to.observe(1, &kind("before"));
            panic::panic_any("a test wants it");
        })
        .build();
    meter
        .u64_observable_gauge("b")
        .with_callback(|to| {
            thread::scope(|scope| {
                scope.spawn(|| to.observe(1, &kind("one")));
                scope.spawn(|| to.observe(2, &kind("two")));
            });
        })
        .build();
    let before = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let both = [said(&telemetry), said(&telemetry)];
    panic::set_hook(before);
    assert_eq!(both[0], both[1]);
    expect![[r#"
        a [] gauge 0s..0s: kind=before 1
        b [] gauge 0s..0s: kind=one 1
        b [] gauge 0s..0s: kind=two 2
    "#]]
    .assert_eq(&both[0]);
    assert_eq!(telemetry.losses().callback_panics.get(), 2);
}

/// Scenario: instruments of other crates, one of them behind a gate before another provider, in the catalogue; then declared
/// defaults; then a plan that turns all of them off.
/// Guarantees: no level and no keys, which nobody declared; on by default; off, nothing is said and no callback runs.
#[test]
fn they_stand_in_the_catalogue_and_obey() {
    let (telemetry, _) = telemetry();
    let (ran, meter) = (Arc::new(AtomicU64::new(0)), meter(&telemetry));
    let version = telemetry.catalogue_version();
    let counter = meter.u64_counter("counter").with_unit("{item}").build();
    let counting = ran.clone();
    meter
        .u64_observable_gauge("gauge")
        .with_callback(move |to| to.observe(counting.fetch_add(1, Ordering::Relaxed), &[]))
        .build();
    let gated = Gated::over(NoopMeterProvider::new(), &telemetry).meter("store");
    gated.f64_histogram("elsewhere").build();
    assert_eq!(telemetry.catalogue_version(), version + 3);
    let catalogue = telemetry.catalogue();
    let ours: Vec<_> = catalogue.iter().filter(|one| one.scope == "store").collect();
    expect![[r#"
        {"scope":"store","name":"counter","kind":"Counter","unit":"{item}"}
        {"scope":"store","name":"elsewhere","kind":"Histogram","observed":true}
        {"scope":"store","name":"gauge","kind":"Gauge","observed":true}
    "#]]
    .assert_eq(&ours.iter().map(|one| format!("{}\n", serde_json::to_string(one).unwrap())).collect::<String>());
    telemetry.obey_defaults();
    counter.add(1, &[]);
    assert_eq!(said(&telemetry).lines().count(), 2);
    obey(&telemetry, &[r#"{"name":"counter","on":false}"#, r#"{"name":"gauge","on":false}"#]);
    counter.add(1, &[]);
    // The ends of what was there are said once, until they arrived.
    assert_eq!(said(&telemetry).lines().filter(|line| line.ends_with("none, flags 1")).count(), 2);
    assert_eq!((said(&telemetry).as_str(), ran.load(Ordering::Relaxed)), ("", 1));
}

/// Scenario: an up-down counter that is added to goes off while 5 are there, and 3 of them go; a gauge is set before and while
/// it is off. Both are turned on again.
/// Guarantees: 2 are there; the gauge has no value until it is set again.
#[test]
fn what_is_off_neither_drifts_nor_goes_stale() {
    let (telemetry, _) = telemetry();
    let (here, warm) = (meter(&telemetry).i64_up_down_counter("here").build(), meter(&telemetry).i64_gauge("warm").build());
    here.add(5, &[]);
    warm.record(30, &[]);
    obey(&telemetry, &[r#"{"name":"here","on":false}"#, r#"{"name":"warm","on":false}"#]);
    here.add(-3, &[]);
    warm.record(20, &[]);
    // Told that it is gone, although it was added to meanwhile.
    assert_eq!(said(&telemetry).lines().filter(|line| line.ends_with("none, flags 1")).count(), 2);
    assert_eq!(said(&telemetry), "");
    obey(&telemetry, &[]);
    check(
        &telemetry,
        expect![[r#"
        here [] up-down 0s..0s:  2
    "#]],
    );
    warm.record(10, &[]);
    check(
        &telemetry,
        expect![[r#"
        here [] up-down 0s..0s:  2
        warm [] gauge 0s..0s:  10
    "#]],
    );
}

/// What a call of the interface costs, with attributes that are there already. By hand, alone in its process:
/// `cargo test --release -p pointsman-instrument --lib -- --ignored --exact meters::tests::what_a_call_costs --nocapture`
#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
#[test]
#[ignore = "a measurement: its numbers are read by people"]
fn what_a_call_costs() {
    const RUNS: u64 = 20_000_000;
    let telemetry = Telemetry::new(Identity::new("shop"), SystemTime::now);
    let (counter, up_down) = (meter(&telemetry).u64_counter("a").build(), meter(&telemetry).i64_up_down_counter("b").build());
    let (sorted, other) = ([KeyValue::new("a", 1), KeyValue::new("b", 2)], [KeyValue::new("b", 2), KeyValue::new("a", 1)]);
    let nanos = |runs: u64, one: &dyn Fn(u64)| {
        let began = Instant::now();
        (0..runs).for_each(|n| one(black_box(n)));
        began.elapsed().as_nanos() as f64 / runs as f64
    };
    let add = |n| counter.add(n, &sorted);
    println!("on: sorted {:.1} ns, else {:.1} ns", nanos(RUNS / 20, &add), nanos(RUNS / 20, &|n| counter.add(n, &other)));
    obey(&telemetry, &[r#"{"name":"a","on":false}"#, r#"{"name":"b","on":false}"#]);
    let (empty, off) = (nanos(RUNS, &|_| {}), nanos(RUNS, &add));
    println!("off: {:.2} ns; an up-down counter {:.1} ns", off - empty, nanos(RUNS / 20, &|_| up_down.add(1, &sorted)));
}

/// Scenario: telemetry is switched off altogether.
/// Guarantees: every instrument does nothing, and nothing is held.
#[test]
fn without_telemetry_there_is_nothing() {
    let telemetry = Telemetry::builder(Identity::new("shop")).off(true).build(|| SystemTime::UNIX_EPOCH);
    let meter = meter(&telemetry);
    meter.u64_counter("a").build().add(1, &[]);
    meter.u64_observable_gauge("b").with_callback(|to| to.observe(1, &[])).build();
    assert_eq!((said(&telemetry).as_str(), telemetry.catalogue().len()), ("", 0));
}
