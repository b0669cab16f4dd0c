//! Situations of components that take plans: who obeys, who waits, who refused, and a controller that has only started.

use super::{
    NOW,
    cases::{Case, after, case, off, rule, view},
};
use crate::{
    model::clock::Wall,
    view::{
        plan::RuleRef,
        sync::{ComponentSync, Part, Reported},
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

fn rules(names: &[&str]) -> Arc<BTreeSet<Arc<RuleRef>>> {
    let by = |name: &&str| RuleRef {
        kind: "TelemetryView".into(),
        namespace: "shop".into(),
        view: "quiet".into(),
        rule: (*name).into(),
    };
    Arc::new(names.iter().map(by).map(Arc::new).collect())
}

/// Both instances obey, and do all of the rule `off` themselves.
fn obeyed() -> ComponentSync {
    ComponentSync {
        library: "pointsman-instrument 0.1.0".into(),
        connected: 2,
        applied: 2,
        since: Some(NOW),
        at_source: rules(&["off"]),
        reported: Some(Arc::new(Reported::default())),
        ..ComponentSync::default()
    }
}

fn second(secs: u64) -> Wall {
    NOW.plus(Duration::from_secs(secs))
}

/// One of two has not answered since a second after the beginning.
fn waits(secs: u64) -> ComponentSync {
    ComponentSync { applied: 1, pending: 1, pending_since: Some(second(secs)), since: None, ..obeyed() }
}

fn refused(applied: u64, failed: u64, words: &[&str]) -> ComponentSync {
    let refusals = words.iter().map(|words| (*words).into()).collect();
    ComponentSync { applied, failed, refusals, since: None, ..obeyed() }
}

/// Of thirteen that all obey, seven do the rule `off` themselves; the others leave it to the controller.
fn two_sorts() -> ComponentSync {
    let part = |instances, at_source: &[&str], at_controller: &[&str]| Part {
        instances,
        applied: instances,
        at_source: rules(at_source),
        at_controller: rules(at_controller),
        ..Part::default()
    };
    let parts = vec![part(7, &["off"], &[]), part(6, &[], &["off"])];
    ComponentSync { connected: 13, applied: 13, parts, ..obeyed() }
}

pub(super) fn synced() -> Vec<Case> {
    let quiet = || view("quiet", "", &off("orders"));
    let long = "the library cannot read plans of schema 2 and says so at great length: ".repeat(20);
    let with = |case: Case, sync: ComponentSync| Case { sync: Some(sync), ..case };
    let mut cases = vec![
        with(case("obeyed at the source", quiet()), obeyed()),
        with(after("obeyed, again", "obeyed at the source", 60, quiet()), obeyed()),
        with(after("one waits for a moment", "obeyed at the source", 60, quiet()), waits(59)),
        with(after("one waits", "obeyed at the source", 60, quiet()), waits(50)),
        with(after("one waits no more", "one waits", 70, quiet()), obeyed()),
        with(case("a new view, and one waits for a moment", quiet()), waits(0)),
        with(
            case("both wait", quiet()),
            ComponentSync { applied: 0, pending: 2, pending_since: Some(Wall::from_secs(1)), ..waits(0) },
        ),
        Case {
            generation: 2,
            ..with(
                after("edited, and its plan is made anew", "obeyed at the source", 60, quiet()),
                ComponentSync { applied: 0, pending: 2, ..waits(60) },
            )
        },
        with(after("one refused", "obeyed at the source", 60, quiet()), refused(1, 1, &["no such scope"])),
        with(case("both refused, at length", quiet()), refused(0, 2, &["too new", &long, "never told"])),
        with(case("one takes no plans", quiet()), ComponentSync { connected: 1, applied: 1, ..obeyed() }),
        with(case("none of both takes plans", quiet()), ComponentSync { applied: 0, ..ComponentSync::default() }),
        with(case("more obey than push", quiet()), ComponentSync { connected: 3, applied: 3, ..obeyed() }),
        with(case("of two sorts the smaller cannot turn it off", quiet()), two_sorts()),
        Case {
            generation: 2,
            ..with(case("a dry run of what others obey", view("quiet", "  mode: DryRun\n", &off("orders"))), waits(0))
        },
        with(case("refused, and others are obeyed", view("quiet", "", &rule("off", "orders", "state: Disabeld"))), waits(0)),
    ];
    cases.extend(in_part());
    cases.extend(after_a_start());
    cases
}

fn in_part() -> Vec<Case> {
    let named = rule("named", "state", "rename: {to: condition}");
    let spans = "  traces:\n  - {name: probes, match: {spans: [\"GET /healthz\"]}, state: Disabled}\n  - {name: some, match: {spans: [\"*\"]}, sample: \"0.1\"}\n  - {name: late, match: {scopes: [http], spans: [\"GET /healthz\"]}, state: Enabled}\n";
    let with = |name, yaml, at_source: &[&str], at_controller: &[&str]| {
        let (at_source, at_controller) = (rules(at_source), rules(at_controller));
        Case { sync: Some(ComponentSync { at_source, at_controller, ..obeyed() }), ..case(name, yaml) }
    };
    vec![
        with("a rule is left to the controller", view("quiet", "", &(off("orders") + &named)), &["off"], &["named"]),
        with("all is left to the controller", view("quiet", "", &named), &[], &["named"]),
        with("its baseline is left", view("quiet", "  baseline: None\n", ""), &[], &[""]),
        with("rules for spans", view("quiet", spans, ""), &["probes"], &["some"]),
        with("it has nothing to do there", view("quiet", "", &off("zzz")), &[], &[]),
    ]
}

fn after_a_start() -> Vec<Case> {
    let quiet = || view("quiet", "", &off("orders"));
    let back = |sync, case: Case| Case { settling: true, sync, ..case };
    let half = || Some(ComponentSync { connected: 1, applied: 1, ..obeyed() });
    vec![
        back(None, after("a start, nobody is back", "obeyed at the source", 60, quiet())),
        back(half(), after("a start, one is back", "a start, nobody is back", 61, quiet())),
        back(Some(obeyed()), after("a start, both are back", "a start, one is back", 62, quiet())),
        Case { generation: 2, ..back(half(), after("a start, and an edit", "a start, one is back", 61, quiet())) },
        Case { generation: 2, sync: half(), ..after("a start, and one never came", "a start, and an edit", 120, quiet()) },
        back(Some(refused(1, 1, &["too new"])), after("a start, one refused", "a start, one is back", 62, quiet())),
        back(half(), after("a start, one takes plans for the first time", "simple", 60, quiet())),
        back(None, after("a start, nobody ever took plans", "simple", 60, quiet())),
        back(None, case("a start, and a new view", quiet())),
        after("none came back", "obeyed at the source", 120, quiet()),
    ]
}
