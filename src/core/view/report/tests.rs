//! What became of views, in words.

use super::Seen;
use crate::{
    fault::{Source, render},
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        plan::ViewSet,
        read::{Known, Object, text},
    },
};
use expect_test::{Expect, expect};
use std::sync::Arc;

const NOW: Wall = Wall::from_secs(1_767_261_600);

fn views(yaml: &str) -> ViewSet {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let reads = text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" });
    let views = reads.into_iter().filter_map(|read| match read.object.expect("the views are good") {
        Object::View(view) => Some(view),
        Object::Catalogue(_) => None,
    });
    ViewSet::compile(views.collect(), Vec::new())
}

fn view(name: &str, head: &str, rules: &str) -> String {
    format!(
        "---\napiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: {name}}}\nspec:\n  reason: r\n{head}  metrics:\n{rules}"
    )
}

fn rule(name: &str, pattern: &str, rest: &str) -> String {
    format!("  - {{name: {name}, match: {{instruments: [\"{pattern}\"]}}, {rest}}}\n")
}

/// One component, `checkout`, with a counter `a`, a gauge `b` and a histogram `c`.
fn check(yaml: &str, now: Wall, want: Expect) {
    let instruments = [("a", Kind::Counter), ("b", Kind::Gauge), ("c", Kind::Histogram)];
    let instrument = |(name, kind): (&str, Kind)| Instrument { scope: "".into(), name: name.into(), kind, unit: "".into() };
    let component = ComponentKey { namespace: "default".into(), workload: None, service: "checkout".into() };
    let seen = [Seen { component, instruments: instruments.map(instrument).into() }];
    let mut out = String::new();
    for report in views(yaml).reports(&seen, now) {
        out.push_str(&format!(
            "{}: {:?}, tier {}, {} components\n",
            report.id.name, report.status, report.tier, report.components
        ));
        for rule in &report.rules {
            let by: Vec<String> = rule.overridden_by.iter().map(ToString::to_string).collect();
            out.push_str(&format!("  {}: {:?} {} {:?} {}\n", rule.name, rule.state, rule.matched, rule.sample, by.join(", ")));
        }
        out.extend(report.faults.iter().map(|fault| format!("  {}\n", render::short(fault))));
    }
    want.assert_eq(&out);
}

/// Scenario: rules that hold, lose here and there, lose everywhere, match nothing, do not fit. Guarantees: each is called what it is.
#[test]
fn every_rule_is_called_what_it_is() {
    let low = rule("all", "*", "state: Enabled") + &rule("some", "b", "state: Enabled") + &rule("none", "zzz", "state: Enabled");
    let yaml = view("low", "", &(low + &rule("unfit", "a", "buckets: {explicit: [\"1\"]}")))
        + &view("high", "  targets: [{serviceName: checkout}]\n", &(rule("off", "b", "state: Disabled")));
    check(
        &yaml,
        NOW,
        expect![[r#"
        high: Programmed, tier 3, 1 components
          off: Active 1 ["b"] 
        low: PartiallyProgrammed, tier 2, 1 components
          all: PartiallyOverridden 3 ["a", "b", "c"] TelemetryView default/high rule off
          some: Overridden 1 ["b"] TelemetryView default/high rule off
          none: NoMatch 0 [] 
          unfit: Invalid 1 ["a"] 
    "#]],
    );
}

/// Scenario: rules for spans that spell names out, that do not, and that two say differently. Guarantees: each comes after those
/// for metrics, and is called what it is as far as names tell.
#[test]
fn rules_for_spans_are_called_what_they_are() {
    let spans = |name: &str, rules: &[(&str, &str)]| {
        let line = |(name, says): &(&str, &str)| format!("  - {{name: {name}, match: {says}}}\n");
        let lines: String = rules.iter().map(line).collect();
        view(name, &format!("  traces:\n{lines}"), &rule("on", "a", "state: Enabled"))
    };
    let probes = "{spans: [\"GET /healthz\"]}, state: Disabled";
    let yaml = spans("a-first", &[("probes", probes), ("all", "{spans: [\"*\"]}, sample: \"0.1\"")])
        + &spans(
            "b-later",
            &[
                ("again", probes),
                ("both", "{spans: [\"GET /healthz\", \"GET /ready\"]}, state: Disabled"),
                ("scoped", "{scopes: [http], spans: [\"GET /healthz\"]}, state: Enabled"),
                ("globs", "{scopes: [\"ht*\"], spans: [\"GET /healthz\"]}, state: Enabled"),
            ],
        );
    check(
        &yaml,
        NOW,
        expect![[r#"
        a-first: Programmed, tier 2, 1 components
          on: Active 1 ["a"] 
          probes: Active 0 [] 
          all: Active 0 [] 
        b-later: PartiallyProgrammed, tier 2, 1 components
          on: Overridden 1 ["a"] TelemetryView default/a-first rule on
          again: Overridden 0 [] TelemetryView default/a-first rule probes
          both: PartiallyOverridden 0 [] TelemetryView default/a-first rule probes
          scoped: Active 0 [] 
          globs: Active 0 [] 
    "#]],
    );
}

/// Scenario: views of every state. Guarantees: each status in its word; a dry run is told as if it were in force.
#[test]
fn every_view_is_called_what_it_is() {
    let off = |pattern: &str| rule("off", pattern, "state: Disabled");
    let yaml = view("a-good", "", &off("a"))
        + &view("b-dry", "  mode: DryRun\n", &off("c"))
        + &view("c-nothing", "", &off("zzz"))
        + &view("d-nobody", "  targets: [{serviceName: chekout}]\n", &off("a"))
        + &view("e-ended", "  expiry: {after: 1h}\n", &off("b"))
        + &view("f-beaten", "", &off("a"));
    check(
        &yaml,
        NOW.plus(std::time::Duration::from_secs(3_600)),
        expect![[r#"
        a-good: Programmed, tier 2, 1 components
          off: Active 1 ["a"] 
        b-dry: DryRun, tier 2, 1 components
          off: Active 1 ["c"] 
        c-nothing: NoMatch, tier 2, 1 components
          off: NoMatch 0 [] 
        d-nobody: NoTargets, tier 3, 0 components
          off: NoMatch 0 [] 
          in.yaml:29:11: warning[PM0204]: the targets of `d-nobody` match no component; closest: checkout
        e-ended: Expired, tier 4, 1 components
          off: Inactive 1 ["b"] 
        f-beaten: Overridden, tier 2, 1 components
          off: Overridden 1 ["a"] TelemetryView default/a-good rule off
    "#]],
    );
}
