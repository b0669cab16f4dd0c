//! What views change, in numbers.

use super::{Basis, Cost, Impact, short_number};
use crate::{
    fault::Source,
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        plan::{Keys, ViewSet},
        read::{Known, Object, text},
        spec::{ObjectId, VIEW},
    },
};
use expect_test::{Expect, expect};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};

const NOW: Wall = Wall::from_secs(1_767_261_600);

fn set(views: &str) -> ViewSet {
    let source = Arc::new(Source { name: "in.yaml".into(), text: views.into() });
    let reads = text(&source, &Known { first_seen: &|_, _| NOW, namespace: "shop" });
    let views = reads.into_iter().filter_map(|read| match read.object.expect("the views are good") {
        Object::View(view) => Some(view),
        Object::Catalogue(_) => None,
    });
    ViewSet::compile(views.collect(), Vec::new())
}

fn view(name: &str, head: &str, rules: &[(&str, &str, &str)]) -> String {
    let rules = rules
        .iter()
        .map(|(name, pattern, says)| format!("  - {{name: {name}, match: {{instruments: [\"{pattern}\"]}}, {says}}}\n"));
    let rules: String = rules.collect();
    format!(
        "---\napiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: {name}}}\nspec:\n  reason: r\n{head}  metrics:\n{rules}"
    )
}

fn cost(service: &str, name: &str, instances: u64, series: u32) -> Cost {
    Cost {
        component: ComponentKey { namespace: "shop".into(), workload: None, service: service.into() },
        instrument: Instrument { scope: "".into(), name: name.into(), kind: Kind::Counter, unit: "".into() },
        instances,
        series: series.into(),
        per_minute: f64::from(series) * 4.0,
        basis: Basis::Observed,
    }
}

fn costs() -> Vec<Cost> {
    vec![cost("checkout", "a", 1, 100), cost("checkout", "b", 3, 30), cost("cart", "a", 1, 1_000), cost("cart", "c", 1, 2)]
}

fn distinct(_: &ComponentKey, _: &Instrument, keys: &Keys) -> Option<u64> {
    keys.drop.contains("err").then_some(4)
}

fn told(impact: &Impact) -> String {
    let Impact { series_before, series_after, per_minute_before, per_minute_after, basis, instruments, unchanged: _ } = impact;
    let mut out = format!(
        "{} = {series_before}->{series_after} series, {per_minute_before:.1}->{per_minute_after:.1} a minute, {basis:?}\n",
        impact.summary()
    );
    for c in instruments {
        let by = c.by.as_ref().map_or_else(|| "nobody".into(), ToString::to_string);
        out += &format!(
            "  {} {}: {}->{}, {:.1}->{:.1}, on {:?}, by {by}\n",
            c.component.service,
            c.instrument.name,
            c.series_before,
            c.series_after,
            c.per_minute_before,
            c.per_minute_after,
            c.on
        );
    }
    out
}

/// The impact of view `v`, an hour after it was written.
fn check(views: &[String], want: Expect) {
    let id = ObjectId { kind: VIEW, namespace: "shop".into(), name: "v".into() };
    let impact = set(&views.concat()).impact(&id, &costs(), &distinct, NOW.plus(Duration::from_secs(3_600)));
    want.assert_eq(&told(&impact.expect("there is such a view")));
}

/// Scenario: rules and baselines that turn off. Guarantees: what is off costs nothing, and the greatest change comes first.
#[test]
fn what_is_off_costs_nothing() {
    check(
        &[view("v", "", &[("off", "a", "state: Disabled")])],
        expect![[r#"
        1.1k->32 = 1132->32 series, 4528.0->128.0 a minute, Observed
          cart a: 1000->0, 4000.0->0.0, on (true, false), by TelemetryView shop/v rule off
          checkout a: 100->0, 400.0->0.0, on (true, false), by TelemetryView shop/v rule off
    "#]],
    );
    check(
        &[view("v", "  targets: [{serviceName: checkout}]\n", &[("off", "a", "state: Disabled")])],
        expect![[r#"
        130->30 = 130->30 series, 520.0->120.0 a minute, Observed
          checkout a: 100->0, 400.0->0.0, on (true, false), by TelemetryView shop/v rule off
    "#]],
    );
    check(
        &[view("v", "  baseline: None\n", &[("on", "a", "state: Enabled")])],
        expect![[r#"
        1.1k->1.1k = 1132->1100 series, 4528.0->4400.0 a minute, Observed
          checkout b: 30->0, 120.0->0.0, on (true, false), by TelemetryView shop/v baseline
          cart c: 2->0, 8.0->0.0, on (true, false), by TelemetryView shop/v baseline
    "#]],
    );
}

/// Scenario: rules that shape. Guarantees: series and points follow the shape, and guesses are called so.
#[test]
fn what_a_shape_leaves_is_counted() {
    check(
        &[view("v", "", &[("no-err", "*", "attributes: {drop: [err]}")])],
        expect![[r#"
        1.1k->14 = 1132->14 series, 4528.0->56.0 a minute, Observed
          cart a: 1000->4, 4000.0->16.0, on (true, true), by TelemetryView shop/v rule no-err
          checkout a: 100->4, 400.0->16.0, on (true, true), by TelemetryView shop/v rule no-err
          checkout b: 30->4, 120.0->16.0, on (true, true), by TelemetryView shop/v rule no-err
          cart c: 2->2, 8.0->8.0, on (true, true), by TelemetryView shop/v rule no-err
    "#]],
    );
    check(
        &[view("v", "", &[("no-id", "*", "attributes: {drop: [id, user]}")])],
        expect![[r#"
        1.1k->283 = 1132->283 series, 4528.0->1132.0 a minute, Estimated
          cart a: 1000->250, 4000.0->1000.0, on (true, true), by TelemetryView shop/v rule no-id
          checkout a: 100->25, 400.0->100.0, on (true, true), by TelemetryView shop/v rule no-id
          checkout b: 30->7, 120.0->28.0, on (true, true), by TelemetryView shop/v rule no-id
          cart c: 2->1, 8.0->4.0, on (true, true), by TelemetryView shop/v rule no-id
    "#]],
    );
    check(
        &[view("v", "", &[("few", "*", "cardinality: {limit: 8}")])],
        expect![[r#"
        1.1k->47 = 1132->47 series, 4528.0->188.0 a minute, Estimated
          cart a: 1000->9, 4000.0->36.0, on (true, true), by TelemetryView shop/v rule few
          checkout a: 100->9, 400.0->36.0, on (true, true), by TelemetryView shop/v rule few
          checkout b: 30->27, 120.0->108.0, on (true, true), by TelemetryView shop/v rule few
          cart c: 2->2, 8.0->8.0, on (true, true), by TelemetryView shop/v rule few
    "#]],
    );
    check(
        &[view("v", "", &[("slow", "b", "interval: 60s")])],
        expect![[r#"
        1.1k->1.1k = 1132->1132 series, 4528.0->4438.0 a minute, Estimated
          checkout b: 30->30, 120.0->30.0, on (true, true), by TelemetryView shop/v rule slow
    "#]],
    );
    check(
        &[view("v", "", &[("new-name", "b", "rename: {to: d}")])],
        expect![[r#"
        1.1k->1.1k = 1132->1132 series, 4528.0->4528.0 a minute, Observed
          checkout b: 30->30, 120.0->120.0, on (true, true), by TelemetryView shop/v rule new-name
    "#]],
    );
    check(
        &[view("v", "", &[("none", "zzz", "state: Disabled")])],
        expect![[r#"
        1.1k->1.1k = 1132->1132 series, 4528.0->4528.0 a minute, Observed
    "#]],
    );
}

/// Scenario: other views are in force. Guarantees: before is without this view only; a dry run counts as if, an ended view not at all.
#[test]
fn before_is_all_others() {
    let off = [("off", "a", "state: Disabled")];
    let other = view("other", "  targets: [{serviceName: cart}]\n", &[("off", "a", "state: Disabled")]);
    check(
        &[view("v", "", &off), other.clone()],
        expect![[r#"
        132->32 = 132->32 series, 528.0->128.0 a minute, Observed
          checkout a: 100->0, 400.0->0.0, on (true, false), by TelemetryView shop/v rule off
    "#]],
    );
    check(
        &[view("v", "  mode: DryRun\n", &off), other.clone()],
        expect![[r#"
        132->32 = 132->32 series, 528.0->128.0 a minute, Observed
          checkout a: 100->0, 400.0->0.0, on (true, false), by TelemetryView shop/v rule off
    "#]],
    );
    check(
        &[view("v", "  expiry: {after: 30m}\n", &off), other.clone()],
        expect![[r#"
        132->132 = 132->132 series, 528.0->528.0 a minute, Observed
    "#]],
    );
    let window = view("v", "  expiry: {after: 2h}\n", &[("on", "a", "state: Enabled")]);
    check(
        &[window, other],
        expect![[r#"
        132->1.1k = 132->1132 series, 528.0->4528.0 a minute, Observed
          cart a: 0->1000, 0.0->4000.0, on (false, true), by TelemetryView shop/v rule on
    "#]],
    );
    let id = ObjectId { kind: VIEW, namespace: "shop".into(), name: "nobody".into() };
    assert_eq!(ViewSet::default().impact(&id, &costs(), &distinct, NOW), None);
}

/// Scenario: numbers that come from a declaration. Guarantees: the sum is called estimated.
#[test]
fn a_declared_number_is_an_estimate() {
    let set = set(&view("v", "", &[("off", "a", "state: Disabled")]));
    let declared = [Cost { basis: Basis::Estimated, ..cost("checkout", "a", 1, 100) }];
    let impact =
        super::compare(&|_| ViewSet::default().plan(&declared[0].component, NOW), &|c| set.plan(c, NOW), &declared, &distinct);
    expect![[r#"
        100->0 = 100->0 series, 400.0->0.0 a minute, Estimated
          checkout a: 100->0, 400.0->0.0, on (true, false), by TelemetryView shop/v rule off
    "#]]
    .assert_eq(&told(&impact));
}

/// Scenario: two sets of views beside what two components send. Guarantees: each plan is asked for once per component.
#[test]
fn each_plan_is_asked_for_once() {
    let (empty, set) = (ViewSet::default(), set(&view("v", "", &[("off", "a", "state: Disabled")])));
    let asked: RefCell<BTreeMap<String, usize>> = RefCell::default();
    let count = |component: &ComponentKey| *asked.borrow_mut().entry(component.service.to_string()).or_default() += 1;
    let before = |component: &ComponentKey| {
        count(component);
        empty.plan(component, NOW)
    };
    let impact = super::compare(&before, &|component| set.plan(component, NOW), &costs(), &distinct);
    expect![[r#"
        1.1k->32 = 1132->32 series, 4528.0->128.0 a minute, Observed
          cart a: 1000->0, 4000.0->0.0, on (true, false), by TelemetryView shop/v rule off
          checkout a: 100->0, 400.0->0.0, on (true, false), by TelemetryView shop/v rule off
    "#]]
    .assert_eq(&told(&impact));
    expect![[r#"{"cart": 1, "checkout": 1}"#]].assert_eq(&format!("{:?}", asked.borrow()));
}

/// Scenario: a view that has ended above others. Guarantees: those who decide now are named.
#[test]
fn who_decides_instead_is_named() {
    let id = ObjectId { kind: VIEW, namespace: "shop".into(), name: "v".into() };
    let ended = view("v", "  expiry: {after: 30m}\n", &[("on", "*", "state: Enabled")]);
    let later = NOW.plus(Duration::from_secs(3_600));
    let instead = |views: &[String]| set(&views.concat()).instead_of(&id, &costs(), later);
    let off = view("off", "", &[("no-a", "a", "state: Disabled")]);
    let list = view("list", "  targets: [{serviceName: cart}]\n  baseline: None\n", &[("c", "zzz", "state: Enabled")]);
    expect!["[]"].assert_eq(&format!("{:?}", instead(std::slice::from_ref(&ended))));
    expect![[r#"["TelemetryView shop/list baseline", "TelemetryView shop/off rule no-a"]"#]]
        .assert_eq(&format!("{:?}", instead(&[ended, off, list])));
    let ended = view("v", "  expiry: {after: 30m}\n", &[("off", "a", "state: Disabled")]);
    expect![[r#"["the declared default"]"#]].assert_eq(&format!("{:?}", instead(&[ended])));
}

/// Scenario: counts of every size. Guarantees: three digits or less, and never `1000k`.
#[test]
fn counts_are_short() {
    let counts = [0, 412, 999, 1_000, 1_049, 1_050, 18_230, 999_949, 999_950, 1_200_000, 999_950_000, 18_000_000_000_000_000_000];
    let short: Vec<String> = counts.into_iter().map(short_number).collect();
    expect!["0 412 999 1k 1k 1.1k 18.2k 999.9k 1M 1.2M 1G 18000000000G"].assert_eq(&short.join(" "));
}
