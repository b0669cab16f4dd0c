//! The plan as it travels: its form, what each library is told, what readers hold back, what ends when, and what is cut off.
//! That the library reads and obeys it is tested where both are known.

use super::super::{
    decide::Aspect,
    facts::{Consumer, Facts, Read},
    pattern::Pattern,
    plan::{RuleRef, ViewSet},
    read::{Known, Object, text},
    spec::{CATALOG, Catalogue, Declared, ObjectId},
    sync::{Offer, Reported},
};
use crate::{
    fault::{Place, Source},
    limits::{PLAN_BYTES_MAX, PLAN_LINES_MAX, PLAN_STEPS_MAX},
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Kind, Level},
    },
};
use expect_test::{Expect, expect};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

const NOW: Wall = Wall::from_secs(1_767_261_600);
const HOUR: Duration = Duration::from_secs(3_600);

fn component() -> ComponentKey {
    ComponentKey { namespace: "default".into(), workload: None, service: "checkout".into() }
}

fn set_with(yaml: &str, facts: Facts) -> ViewSet {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
        match read.object.unwrap_or_else(|| panic!("the objects are good: {:?}", read.faults)) {
            Object::View(view) => views.push(view),
            Object::Catalogue(catalogue) => catalogues.push(catalogue),
        }
    }
    ViewSet::compile_with(views, catalogues, Arc::new(facts))
}

fn set(yaml: &str) -> ViewSet {
    set_with(yaml, Facts::default())
}

/// A view of the component's namespace, with fields of its spec.
fn view(name: &str, spec: &str) -> String {
    format!("apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n")
}

/// A view of the platform's.
fn cluster(name: &str, side: &str, says: &str) -> String {
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: ClusterTelemetryView\nmetadata: {{name: {name}}}\nspec: {{{side}: {says}}}\n---\n"
    )
}

fn row(scope: &str, name: &str, kind: Kind, level: Level) -> Declared {
    Declared {
        scope: scope.into(),
        name: name.into(),
        kind,
        unit: "".into(),
        level,
        stability: "".into(),
        attributes: Vec::new(),
    }
}

fn catalogue(instruments: Vec<Declared>) -> Arc<Catalogue> {
    let id = ObjectId { kind: CATALOG, namespace: "default".into(), name: "reported".into() };
    Arc::new(Catalogue {
        id,
        place: Place::Nowhere,
        service: "checkout".into(),
        schema_url: "".into(),
        instruments: instruments.into(),
    })
}

/// A library that can do all, and declares these.
fn able(instruments: Vec<Declared>) -> Reported {
    let aspects = [Aspect::State, Aspect::Attributes, Aspect::Buckets, Aspect::Cardinality, Aspect::Interval];
    Reported {
        library: "pointsman-instrument 0.1.0".into(),
        aspects: aspects.into(),
        spans: true,
        observed: Arc::default(),
        catalogue: Some(catalogue(instruments)),
    }
}

fn declared() -> Vec<Declared> {
    vec![
        row("s", "queue.depth", Kind::Gauge, Level::Standard),
        row("s", "orders", Kind::Counter, Level::Essential),
        row("s", "wait", Kind::Histogram, Level::Detailed),
    ]
}

fn json(offer: &Offer) -> Value {
    serde_json::from_slice(&offer.body).expect("a plan is JSON")
}

/// One part of a plan, a line each.
fn part(offer: &Offer, part: &str) -> String {
    let all = json(offer);
    let lines = all[part].as_array().expect("it is a list").iter().map(ToString::to_string);
    lines.collect::<Vec<_>>().join("\n")
}

fn names(rules: &BTreeSet<Arc<RuleRef>>) -> Vec<String> {
    rules.iter().map(|rule| rule.rule.to_string()).collect()
}

fn check(offer: &Offer, of: &str, expected: Expect) {
    expected.assert_eq(&part(offer, of));
}

const EVERYTHING: &str = r#"{baseline: Standard, metrics: [
  {name: off, match: {instruments: ["queue.*", "orders.old"]}, state: Disabled},
  {name: keys, match: {instruments: [orders]}, attributes: {keep: [region, id]}, cardinality: {limit: 9}},
  {name: shape, match: {instruments: [wait]}, state: Enabled, buckets: {explicit: ["1", "2.5"]}, interval: 30s}],
  traces: [{name: probes, match: {spans: ["GET /*"], scopes: [z, a]}, state: Disabled}], expiry: {after: 4h}}"#;

/// Scenario: a view with everything that travels, and a catalogue. Guarantees: the form byte by byte, and the hash in it.
#[test]
fn the_form_is_canonical() {
    let offer = set(&view("v", EVERYTHING)).offer(&component(), &able(declared()), NOW);
    expect![[r#"{"schema":1,"component":"default/service.checkout","hash":"f27aaee00b00579984ca7358ffbffba2","instruments":[{"scope":"s","name":"orders","on":true,"keep":["id","region"],"limit":9,"by":"TelemetryView default/v baseline","then":[{"step":1,"on":true}]},{"scope":"s","name":"queue.depth","on":false,"by":"TelemetryView default/v rule off","then":[{"step":1,"on":true}]},{"scope":"s","name":"wait","on":true,"buckets":[1.0,2.5],"intervalMs":30000,"by":"TelemetryView default/v rule shape","then":[{"step":1,"on":false}]}],"tail":[{"instruments":"orders.old","on":false,"until":1,"by":"TelemetryView default/v rule off"},{"instruments":"wait","on":true,"until":1,"by":"TelemetryView default/v rule shape"},{"instruments":"queue.*","on":false,"until":1,"by":"TelemetryView default/v rule off"},{"instruments":"*","on":true,"until":1,"by":"TelemetryView default/v baseline"}],"baseline":{"on":true},"spans":[{"spans":"GET /*","scopes":["a","z"],"on":false,"until":1,"by":"TelemetryView default/v rule probes"}],"next":[{"at":"2026-01-01T14:00:00Z","hash":"be3e3aa16f137302fb9a11ca190e35e5"}]}"#]].assert_eq(std::str::from_utf8(&offer.body).expect("it is text"));
    expect!["f27aaee00b00579984ca7358ffbffba2"].assert_eq(&super::write::hex(&offer.hash));
    assert_eq!(offer.next, [NOW.plus(4 * HOUR)]);
}

/// Scenario: the same views, asked later, and of a catalogue in another order. Guarantees: equal hashes while the
/// same views are in force; each step's hash is what is offered then.
#[test]
fn time_alone_changes_no_hash() {
    let views = set(&view("v", EVERYTHING));
    let offer = |now| views.offer(&component(), &able(declared()), now);
    let (first, then) = (offer(NOW), offer(NOW.plus(4 * HOUR)));
    assert_eq!(first, offer(NOW.plus(HOUR)));
    let mut reversed = declared();
    reversed.reverse();
    assert_eq!(first, views.offer(&component(), &able(reversed), NOW), "the order of rows says nothing");
    assert_eq!(json(&first)["next"][0]["hash"], json(&then)["hash"]);
    assert_ne!(first.hash, then.hash);
    assert_eq!(then, ViewSet::default().offer(&component(), &able(declared()), NOW), "an expired view is none");
}

/// Scenario: three views that end one after the other, two by rules and one by its baseline.
/// Guarantees: each successor once, by the step with which it begins; a view that reaches somebody else makes no step; the hash of
/// every step is that of the offer of its moment, and so are the steps that are left.
#[test]
fn views_end_one_after_the_other() {
    let yaml = [
        view("a", "{metrics: [{name: off, match: {instruments: [orders]}, state: Disabled}], expiry: {after: 1h}}"),
        view("b", "{metrics: [{name: cap, match: {instruments: [orders]}, cardinality: {limit: 7}}], expiry: {after: 2h}}"),
        view("c", "{baseline: None, expiry: {after: 3h}}"),
        view("d", "{targets: [{serviceName: other}], baseline: None, expiry: {after: 30m}}"),
    ];
    let views = set(&yaml.concat());
    let offer = |now| views.offer(&component(), &able(declared()), now);
    let first = offer(NOW);
    expect![[r#"
        {"by":"TelemetryView default/a rule off","name":"orders","on":false,"scope":"s","then":[{"by":"TelemetryView default/c baseline","on":false,"step":1},{"on":true,"step":3}]}
        {"by":"TelemetryView default/c baseline","name":"queue.depth","on":false,"scope":"s","then":[{"on":true,"step":3}]}
        {"by":"TelemetryView default/c baseline","name":"wait","on":false,"scope":"s","then":[{"on":false,"step":3}]}
        {"by":"TelemetryView default/a rule off","instruments":"orders","on":false,"until":1}
        {"by":"TelemetryView default/c baseline","instruments":"*","on":false,"until":3}"#]].assert_eq(&format!("{}\n{}", part(&first, "instruments"), part(&first, "tail")));
    assert_eq!(first.next, [NOW.plus(HOUR), NOW.plus(2 * HOUR), NOW.plus(3 * HOUR)]);
    for (step, at) in first.next.iter().enumerate() {
        let then = offer(*at);
        assert_eq!(json(&first)["next"][step]["hash"], json(&then)["hash"], "step {step}");
        assert_eq!(
            json(&first)["next"].as_array().expect("a list")[step + 1..],
            *json(&then)["next"].as_array().expect("a list")
        );
    }
}

/// Every aspect, for instruments of every sort.
const ASPECTS: &str = r#"{metrics: [
        {name: keys, match: {instruments: [c, h, g, o]}, attributes: {drop: [pod], collapse: Sum}},
        {name: buckets, match: {instruments: [h, o]}, buckets: {explicit: ["1"]}},
        {name: native, match: {instruments: [e]}, buckets: {exponential: {maxSize: 20}}},
        {name: cap, match: {instruments: [c, h]}, cardinality: {limit: 5}},
        {name: cap-late, match: {instruments: [g]}, cardinality: {limit: 6}},
        {name: slow, match: {instruments: [c, g]}, interval: 2m},
        {name: to, match: {instruments: [c]}, rename: {to: d}},
        {name: off, match: {instruments: [x]}, state: Disabled},
        {name: nobody, match: {instruments: [nothing]}, state: Disabled}],
        traces: [{name: gone, match: {spans: [a]}, state: Disabled}, {name: few, match: {spans: [b]}, sample: "0.1"}]}"#;

/// Scenario: libraries that can do all, state only, and nothing, and instruments of every sort. Guarantees: what cannot be done is not
/// said, what is off stays on where it cannot be told, and each rule is where its last part is done.
#[test]
fn each_library_is_told_what_it_can_do() {
    let views = set(&view("v", ASPECTS));
    let rows = ["c", "h", "g", "o", "e", "x"].into_iter().zip([
        Kind::Counter,
        Kind::Histogram,
        Kind::Gauge,
        Kind::Histogram,
        Kind::ExponentialHistogram,
        Kind::UpDownCounter,
    ]);
    let mut all = able(rows.map(|(name, kind)| row("s", name, kind, Level::Standard)).collect());
    all.observed = Arc::new([("s".into(), "o".into())].into());
    let state = Reported { aspects: [Aspect::State].into(), spans: false, ..all.clone() };
    let none = Reported { aspects: BTreeSet::new(), spans: false, ..all.clone() };
    let told = [all, state, none].map(|reported| {
        let offer = views.offer(&component(), &reported, NOW);
        let (source, controller) = (names(&offer.at_source), names(&offer.at_controller));
        let (instruments, tail, spans) = (part(&offer, "instruments"), part(&offer, "tail"), part(&offer, "spans"));
        format!("{instruments}\n{tail}\n{spans}\nsource: {source:?}\ncontroller: {controller:?}\n")
    });
    expect![[r#"
        {"drop":["pod"],"intervalMs":120000,"limit":5,"name":"c","on":true,"scope":"s"}
        {"name":"e","on":true,"scope":"s"}
        {"intervalMs":120000,"name":"g","on":true,"scope":"s"}
        {"buckets":[1.0],"drop":["pod"],"limit":5,"name":"h","on":true,"scope":"s"}
        {"name":"o","on":true,"scope":"s"}
        {"by":"TelemetryView default/v rule off","name":"x","on":false,"scope":"s"}
        {"by":"TelemetryView default/v rule off","instruments":"x","on":false}
        {"by":"TelemetryView default/v rule nobody","instruments":"nothing","on":false}
        {"by":"TelemetryView default/v rule gone","on":false,"spans":"a"}
        source: ["cap", "gone", "off", "slow"]
        controller: ["buckets", "cap-late", "few", "keys", "native", "to"]

        {"name":"c","on":true,"scope":"s"}
        {"name":"e","on":true,"scope":"s"}
        {"name":"g","on":true,"scope":"s"}
        {"name":"h","on":true,"scope":"s"}
        {"name":"o","on":true,"scope":"s"}
        {"by":"TelemetryView default/v rule off","name":"x","on":false,"scope":"s"}
        {"by":"TelemetryView default/v rule off","instruments":"x","on":false}
        {"by":"TelemetryView default/v rule nobody","instruments":"nothing","on":false}

        source: ["off"]
        controller: ["buckets", "cap", "cap-late", "few", "gone", "keys", "native", "slow", "to"]

        {"name":"c","on":true,"scope":"s"}
        {"name":"e","on":true,"scope":"s"}
        {"name":"g","on":true,"scope":"s"}
        {"name":"h","on":true,"scope":"s"}
        {"name":"o","on":true,"scope":"s"}
        {"name":"x","on":true,"scope":"s"}


        source: []
        controller: ["buckets", "cap", "cap-late", "few", "gone", "keys", "native", "off", "slow", "to"]
    "#]]
    .assert_eq(&told.join("\n"));
}

/// Scenario: readers of the component's namespace, rules that give way to some and to none, a baseline below. Guarantees: what is read
/// is on before the first rule that would give way to its reader, once, for as long as it takes.
#[test]
fn readers_stand_before_what_yields_to_them() {
    let consumer = |metric: &str, since: Option<u64>| {
        let reads = vec![Read { metric: Pattern::new(metric), labels: BTreeSet::new(), since: since.map(Wall::from_secs) }];
        let (kind, entry) = ("PrometheusRule".into(), format!("alert {metric}").into());
        Arc::new(Consumer { kind, namespace: "default".into(), name: "rules".into(), entry, reads })
    };
    let consumers = vec![
        consumer("queue_depth", None),
        consumer("queue_depth", Some(9)),
        consumer("etcd_leader", None),
        Arc::new(Consumer { namespace: "elsewhere".into(), ..Consumer::clone(&consumer("queue_age", None)) }),
    ];
    let yaml = [
        view("long", "{metrics: [{name: off, match: {instruments: [\"queue.*\"]}, state: Disabled}]}"),
        view("short", "{metrics: [{name: off, match: {instruments: [\"que*\"]}, state: Disabled}], expiry: {after: 1h}}"),
        view(
            "other",
            "{targets: [{serviceName: checkout}], metrics: [{name: off, match: {instruments: [\"lag.*\"]}, state: Disabled}]}",
        ),
        cluster("hard", "overrides", "{metrics: [{name: off, match: {instruments: [queue.wait]}, state: Disabled}]}"),
        cluster("base", "defaults", "{baseline: None}"),
    ];
    let views = set_with(&yaml.concat(), Facts { consumers, ..Facts::default() });
    let offer = views.offer(&component(), &able(declared()), NOW);
    check(
        &offer,
        "tail",
        expect![[r#"
        {"by":"ClusterTelemetryView hard rule off","instruments":"queue.wait","on":false}
        {"instruments":"queue_depth","on":true,"until":1}
        {"by":"TelemetryView default/short rule off","instruments":"que*","on":false,"until":1}
        {"by":"TelemetryView default/other rule off","instruments":"lag.*","on":false}
        {"instruments":"queue_depth","on":true}
        {"by":"TelemetryView default/long rule off","instruments":"queue.*","on":false}"#]],
    );
    expect![[r#"{"by":"ClusterTelemetryView base baseline","on":false}"#]].assert_eq(&json(&offer)["baseline"].to_string());
    let then = views.offer(&component(), &able(declared()), NOW.plus(HOUR));
    check(
        &then,
        "tail",
        expect![[r#"
        {"by":"ClusterTelemetryView hard rule off","instruments":"queue.wait","on":false}
        {"by":"TelemetryView default/other rule off","instruments":"lag.*","on":false}
        {"instruments":"queue_depth","on":true}
        {"by":"TelemetryView default/long rule off","instruments":"queue.*","on":false}"#]],
    );
    assert_eq!(json(&offer)["next"][0]["hash"], json(&then)["hash"]);
    let by = "ClusterTelemetryView base baseline";
    assert_eq!(json(&offer)["instruments"][1]["by"], by, "no rule has the declared one off; a baseline protects nobody");
}

/// Scenario: names that share a first word, and names that do not. Guarantees: only what cannot be one instrument is told apart.
#[test]
fn readers_are_left_out_only_where_they_cannot_meet() {
    let meet = |own, any| super::tail::may_meet(own, any);
    for (own, any) in [
        ("queue.*", "queue_depth"),
        ("q*", "queue_depth"),
        ("*", "up"),
        ("queue.depth", "que*"),
        ("?ueue", "queue"),
        ("total.foo", "foo_total"),
        ("tot*", "foo_total"),
        ("9lives", "_9lives"),
        ("", "x"),
    ] {
        assert!(meet(own, any), "{own} and {any}");
    }
    for (own, any) in [("queue.*", "etcd_leader"), ("queue.*", "queues_depth"), ("q*", "up"), ("queue", "quit*")] {
        assert!(!meet(own, any), "{own} and {any}");
    }
}

/// Scenario: rules of every tier and specificity for what nobody declared. Guarantees: the order of the tail is that of precedence; it
/// ends at the first baseline that stays; rules by level are not in it, nor are those that leave the state.
#[test]
fn the_tail_is_in_order_of_precedence() {
    let rule = |name: &str, says: &str| format!("{{name: {name}, match: {{instruments: {says}}}, state: Disabled}}");
    let yaml = [
        view(
            "own",
            &format!(
                "{{metrics: [{}, {}, {}, {}, {}]}}",
                rule("any", "[\"*\"]"),
                rule("prefix", "[\"a.*\", \"ab.*\", a.b]"),
                rule("scoped", "[\"a.*\"], scopes: [t, s]"),
                rule("kinds", "[\"a.*\"], kinds: [Histogram, Counter]"),
                rule("levels", "[\"a.*\"], levels: [Debug]"),
            ),
        ),
        view(
            "targeted",
            "{targets: [{serviceName: checkout}], metrics: [{name: on, match: {instruments: [\"a*\"]}, state: Enabled}]}",
        ),
        cluster("top", "overrides", "{metrics: [{name: no, match: {instruments: [\"secret.*\"]}, state: Disabled}]}"),
        cluster("base", "defaults", "{baseline: None, metrics: [{name: on, match: {instruments: [up]}, state: Enabled}]}"),
    ];
    let offer = set(&yaml.concat()).offer(&component(), &able(Vec::new()), NOW);
    check(
        &offer,
        "tail",
        expect![[r#"
        {"by":"ClusterTelemetryView top rule no","instruments":"secret.*","on":false}
        {"by":"TelemetryView default/targeted rule on","instruments":"a*","on":true}
        {"by":"TelemetryView default/own rule prefix","instruments":"a.b","on":false}
        {"by":"TelemetryView default/own rule prefix","instruments":"ab.*","on":false}
        {"by":"TelemetryView default/own rule scoped","instruments":"a.*","on":false,"scopes":["s","t"]}
        {"by":"TelemetryView default/own rule kinds","instruments":"a.*","kinds":["Counter","Histogram"],"on":false}
        {"by":"TelemetryView default/own rule prefix","instruments":"a.*","on":false}
        {"by":"TelemetryView default/own rule any","instruments":"*","on":false}
        {"by":"ClusterTelemetryView base rule on","instruments":"up","on":true}"#]],
    );
    expect![[r#"{"by":"ClusterTelemetryView base baseline","on":false}"#]].assert_eq(&json(&offer)["baseline"].to_string());
}

/// Scenario: a declared instrument without a scope, and rules for some scopes. Guarantees: what only the scope could tell is left to
/// the controller; the instrument with its scope has its own line.
#[test]
fn what_the_scope_decides_is_left_to_the_controller() {
    let yaml = view(
        "v",
        r#"{baseline: None, metrics: [
        {name: on, match: {instruments: [a], scopes: [s]}, state: Enabled},
        {name: cap, match: {instruments: [b], scopes: [s]}, cardinality: {limit: 2}},
        {name: all, match: {instruments: ["*"]}, cardinality: {limit: 9}},
        {name: every, match: {instruments: [b], scopes: ["*"]}, state: Enabled, interval: 1m}]}"#,
    );
    let any = |name| row("", name, Kind::Counter, Level::Standard);
    let reported = able(vec![any("a"), any("b"), any("c"), row("s", "a", Kind::Counter, Level::Standard)]);
    let offer = set(&yaml).offer(&component(), &reported, NOW);
    check(
        &offer,
        "instruments",
        expect![[r#"
        {"name":"a","on":true,"scope":""}
        {"by":"TelemetryView default/v rule every","intervalMs":60000,"name":"b","on":true,"scope":""}
        {"by":"TelemetryView default/v baseline","name":"c","on":false,"scope":""}
        {"by":"TelemetryView default/v rule on","limit":9,"name":"a","on":true,"scope":"s"}"#]],
    );
    expect![[r#"["every", "on"] ["", "all"]"#]].assert_eq(&format!(
        "{:?} {:?}",
        names(&offer.at_source),
        names(&offer.at_controller)
    ));
}

/// Scenario: more instruments, rules and moments than travel, with long names. Guarantees: within every cap; what is left out is
/// counted, and then nothing is off that is not named.
#[test]
fn plans_are_bounded() {
    let bounded = |offer: &Offer| {
        let all = json(offer);
        let lines: usize = ["instruments", "tail", "spans"].map(|of| all[of].as_array().map_or(0, Vec::len)).iter().sum();
        assert!(lines <= PLAN_LINES_MAX && offer.body.len() <= PLAN_BYTES_MAX, "{lines} lines, {} bytes", offer.body.len());
        assert!(offer.next.len() <= PLAN_STEPS_MAX);
        all
    };
    let off = view("v", "{baseline: None, metrics: [{name: off, match: {instruments: [\"*\"]}, state: Disabled}]}");
    let rows = |length: usize| (0..20_000).map(|n| row("", &format!("{n:0length$}"), Kind::Counter, Level::Standard)).collect();
    for (length, none) in [(6, "by lines"), (200, "by bytes")] {
        let offer = set(&off).offer(&component(), &able(rows(length)), NOW);
        let all = bounded(&offer);
        assert_eq!(all["instruments"].as_array().map_or(0, Vec::len) + offer.left_out, 20_000, "{none}");
        assert!(offer.left_out > 0, "{none}");
        assert_eq!((all["tail"].to_string(), all["baseline"]["on"].as_bool()), ("[]".to_owned(), Some(true)), "{none}");
        assert_eq!(names(&offer.at_controller), ["off"], "{none}");
    }
    let patterns: Vec<String> = (0..64).map(|n| format!("p{n:0200}")).collect();
    let patterns = patterns.join(", ");
    let rule = |n| format!("{{name: r{n}, match: {{instruments: [{patterns}]}}, state: Disabled}}");
    let rules: Vec<String> = (0..64).map(rule).collect();
    let offer = set(&view("v", &format!("{{baseline: None, metrics: [{}]}}", rules.join(", ")))).offer(
        &component(),
        &able(declared()),
        NOW,
    );
    bounded(&offer);
    assert_eq!(
        (offer.left_out, json(&offer)["baseline"]["on"].as_bool()),
        (0, Some(true)),
        "the tail is cut, instruments are not"
    );
    let many: Vec<String> =
        (0..100).map(|n| view(&format!("v{n}"), &format!("{{baseline: Debug, expiry: {{after: {}m}}}}", n + 1))).collect();
    let offer = set(&many.concat()).offer(&component(), &able(declared()), NOW);
    bounded(&offer);
    assert_eq!(
        (offer.next.len(), json(&offer)["baseline"]["by"].as_str()),
        (PLAN_STEPS_MAX, Some("TelemetryView default/v64 baseline"))
    );
}

/// Scenario: a component reports what it has; the controller has a catalogue of its own. Guarantees: the controller's rows win, the
/// others are levels for exactly this component; the plan that the controller obeys has another hash only where a level counts.
#[test]
fn what_is_reported_is_declared_for_its_component() {
    let own = "apiVersion: pointsman.dev/v1alpha1\nkind: InstrumentCatalog\nmetadata: {name: c}\nspec: {serviceName: checkout, \
               instruments: [{name: wait, kind: Histogram, level: Standard}]}\n---\n";
    let reported = [(component(), catalogue(declared()))].into();
    let plain = set(own);
    let told = plain.with_reported(&reported);
    let on = |set: &ViewSet, component: &ComponentKey, name: &str, kind| {
        let instrument = crate::model::instrument::Instrument { scope: "s".into(), name: name.into(), kind, unit: "".into() };
        set.plan(component, NOW).decide(&instrument).on
    };
    let mut deep = declared();
    deep.push(row("s", "deep", Kind::Counter, Level::Debug));
    let deeper = plain.with_reported(&[(component(), catalogue(deep))].into());
    assert!(on(&told, &component(), "wait", Kind::Histogram), "the controller's catalogue says Standard");
    assert!(on(&told, &component(), "deep", Kind::Counter) && !on(&deeper, &component(), "deep", Kind::Counter));
    let other = ComponentKey { service: "checkout".into(), namespace: "other".into(), workload: None };
    assert!(on(&deeper, &other, "deep", Kind::Counter), "it is told of one component only");
    assert_eq!(plain.plan(&component(), NOW).hash(), told.plan(&component(), NOW).hash(), "only a level that counts is a change");
    assert_ne!(plain.plan(&component(), NOW).hash(), deeper.plan(&component(), NOW).hash());
    assert_eq!((told.reported(&component()).len(), told.catalogues().count(), plain.reported(&component()).len()), (3, 1, 0));
    assert!(told.with_reported(&BTreeMap::new()).reported(&component()).is_empty(), "what is not told again is forgotten");
    let offers = [&plain, &told].map(|set| set.offer(&component(), &able(declared()), NOW));
    assert_eq!(offers[0], offers[1], "what is offered counts what is reported, told or not");
}

/// Scenario: 1,000 components with 130 instruments each, of which all report the same, obey 10 views, two of which end; the views
/// change. Measures what it takes on one core until every plan is written. Run by hand, in release.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "it measures, and says so")]
fn speed_of_1000_components() {
    let rows = |n: usize| row("mco", &format!("mco.part{}.metric{n}", n % 7), Kind::Counter, Level::Standard);
    let mut yaml: Vec<String> = (0..8)
        .map(|n| {
            view(
                &format!("v{n}"),
                &format!("{{metrics: [{{name: a, match: {{instruments: [\"mco.part{n}.*\"]}}, state: Disabled}}, {{name: b, match: {{instruments: [mco.part1.metric{n}]}}, cardinality: {{limit: {n}9}}}}]}}"),
            )
        })
        .collect();
    yaml.extend((8..10).map(|n| view(&format!("v{n}"), &format!("{{metrics: [{{name: a, match: {{instruments: [\"mco.part{n}.*\", \"mco.part3.*\"]}}, state: Enabled}}], expiry: {{after: {n}h}}}}"))));
    let reported = able((0..130).map(rows).collect());
    let components: Vec<ComponentKey> =
        (0..1_000).map(|n| ComponentKey { service: format!("service-{n}").into(), ..component() }).collect();
    let catalogues = components.iter().map(|key| (key.clone(), catalogue((0..130).map(rows).collect()))).collect();
    let before = ViewSet::default().with_reported(&catalogues);
    let views = set(&yaml.concat());
    let began = Instant::now();
    let views = views.with_reported_like(&before, &catalogues);
    let indexed = began.elapsed();
    let bytes: usize = components.iter().map(|key| views.offer(key, &reported, NOW).body.len()).sum();
    let offered = began.elapsed();
    let plans = components.iter().filter(|key| views.plan(key, NOW).hash() != [0; 16]).count();
    println!(
        "catalogues {indexed:?}, {} bytes of offers {:?}, {plans} plans {:?}",
        bytes,
        offered - indexed,
        began.elapsed() - offered
    );
}
