//! The situations: views as YAML, what is known beside them, and which situation came before.

use super::synced::synced;
use crate::{
    fault::{Fault, Place, code::Code},
    view::{
        facts::{Consumer, Facts, Read},
        pattern::Pattern,
        plan::RuleRef,
        report::{RuleState, Status, ViewReport},
        sync::ComponentSync,
    },
};
use std::{collections::BTreeSet, sync::Arc};

/// One situation: the first object of `yaml` is spoken of.
#[derive(Default)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) yaml: String,
    /// The older version that is in force, where the object is refused.
    pub(super) kept: Option<String>,
    /// Seconds after the beginning.
    pub(super) at: u64,
    pub(super) generation: i64,
    /// The situation before.
    pub(super) before: Option<&'static str>,
    pub(super) faults: Vec<Fault>,
    /// Nobody has pushed.
    pub(super) nobody: bool,
    /// What the cluster knows.
    pub(super) facts: Facts,
    /// What its instances made of their plan; `None` = they take none.
    pub(super) sync: Option<ComponentSync>,
    /// Whether the controller has only started.
    pub(super) settling: bool,
    /// What is too much to write down.
    pub(super) report: Option<fn(&mut ViewReport)>,
}

fn object(kind: &str, name: &str, spec: &str) -> String {
    let namespace = if kind == "TelemetryView" { ", namespace: shop" } else { "" };
    format!("---\napiVersion: pointsman.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\nspec:\n{spec}")
}

/// A view with a reason; `head` is the rest of its spec, with its rules last.
pub(super) fn view(name: &str, head: &str, rules: &str) -> String {
    let metrics = if rules.is_empty() { String::new() } else { format!("  metrics:\n{rules}") };
    object("TelemetryView", name, &format!("  reason: r\n{head}{metrics}"))
}

pub(super) fn rule(name: &str, pattern: &str, rest: &str) -> String {
    format!("  - {{name: {name}, match: {{instruments: [\"{pattern}\"]}}, {rest}}}\n")
}

pub(super) fn off(pattern: &str) -> String {
    rule("off", pattern, "state: Disabled")
}

/// A cluster view whose overrides turn everything on again.
fn overrides() -> String {
    let rule = "    - {name: on, match: {instruments: [\"*\"]}, state: Enabled}\n";
    object("ClusterTelemetryView", "platform", &format!("  reason: r\n  overrides:\n    metrics:\n{rule}"))
}

pub(super) fn case(name: &'static str, yaml: String) -> Case {
    Case { name, yaml, generation: 1, ..Case::default() }
}

pub(super) fn after(name: &'static str, before: &'static str, at: u64, yaml: String) -> Case {
    Case { before: Some(before), at, ..case(name, yaml) }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = in_force();
    cases.extend(not_in_force());
    cases.extend(ending());
    cases.extend(refused());
    cases.extend(beside_others());
    cases.extend(bounded());
    cases.extend(synced());
    cases
}

fn in_force() -> Vec<Case> {
    let simple = || view("quiet", "", &off("orders"));
    let low =
        rule("all", "*", "state: Enabled") + &rule("some", "state", "state: Enabled") + &rule("none", "zzz", "state: Enabled");
    let partly = view("low", "", &(low + &rule("unfit", "orders", "buckets: {explicit: [\"1\"]}")));
    let high = view("high", "  targets: [{serviceName: checkout}]\n", &off("state"));
    let cluster = "  reason: r\n  defaults:\n    baseline: None\n    metrics:\n    - {name: on, match: {instruments: [state]}, state: Enabled}\n";
    let spans = "  traces:\n  - {name: probes, match: {spans: [\"GET /healthz\"]}, state: Disabled}\n";
    vec![
        case("simple", simple()),
        after("simple, again", "simple", 60, simple()),
        Case {
            generation: 2,
            ..after("simple, edited", "simple, again", 120, view("quiet", "", &rule("silent", "orders", "state: Disabled")))
        },
        after(
            "simple, the same rule means more",
            "simple",
            60,
            view("quiet", "", &(off("orders") + &rule("more", "zzz", "state: Disabled"))),
        ),
        case("baseline None", view("list", "  baseline: None\n", &rule("on", "state", "state: Enabled"))),
        case("partly", partly + &high),
        case("cluster defaults", object("ClusterTelemetryView", "all", cluster)),
        case(
            "drops a counted attribute",
            view("shape", "", &rule("no-err", "state", "attributes: {drop: [err], collapse: Last}")),
        ),
        case("drops an uncounted attribute", view("shape", "", &rule("no-id", "orders", "attributes: {drop: [id]}"))),
        case("limits", view("limit", "", &rule("few", "*", "cardinality: {limit: 10}"))),
        case("slows down", view("slow", "", &rule("slow", "state", "interval: 60s"))),
        case("spans only", view("spans", spans, "")),
    ]
}

fn not_in_force() -> Vec<Case> {
    let quiet = || view("quiet", "", &off("orders"));
    let more = rule("more", "state", "state: Disabled");
    vec![
        case("dry run", view("try", "  mode: DryRun\n", &off("state"))),
        case("dry run of baseline None", view("try-none", "  mode: DryRun\n  baseline: None\n", "")),
        case("no match", view("typo", "", &(off("oders") + &rule("glob", "lat.*", "state: Disabled")))),
        after("matches no more", "simple", 60, view("quiet", "", &off("gone"))),
        case("no targets", view("nobody", "  targets: [{serviceName: chekout}]\n", &off("orders"))),
        Case { nobody: true, ..case("no component yet", view("early", "", &off("orders"))) },
        case("overridden", view("quiet", "", &off("orders")) + &overrides()),
        after("overridden later", "simple", 60, view("quiet", "", &off("orders")) + &overrides()),
        Case { facts: alert(), ..case("protected", quiet()) },
        Case { facts: alert(), ..case("protected in part", view("quiet", "", &rule("all", "*", "state: Disabled"))) },
        Case { facts: alert(), ..after("protected later", "simple", 60, view("quiet", "", &(off("orders") + &more))) },
        Case { facts: alert(), ..case("goes blank", view("list", "  baseline: None\n", &rule("on", "state", "state: Enabled"))) },
        Case {
            facts: alert(),
            ..case("protected labels", view("shape", "", &rule("no-user", "*", "attributes: {drop: [user], collapse: Last}")))
        },
    ]
}

/// An alert that reads `orders`, of the shop itself.
fn alert() -> Facts {
    let read = Read { metric: Pattern::new("orders"), labels: BTreeSet::from(["user".into()]), since: None };
    let (kind, namespace, name) = ("PrometheusRule".into(), "shop".into(), "orders".into());
    let consumer = Consumer { kind, namespace, name, entry: "alert OrdersStuck".into(), reads: vec![read] };
    Facts { consumers: vec![Arc::new(consumer)], ..Facts::default() }
}

fn refused() -> Vec<Case> {
    let bad = || view("quiet", "", &rule("off", "orders", "state: Disabeld"));
    let worse = "  basline: None\n  expiry: {after: 1s}\n";
    let many: String = (0..65).map(|i| rule(&format!("r{i}"), "orders", "state: Disabled")).collect();
    vec![
        case("refused", bad()),
        Case {
            generation: 2,
            kept: Some(view("quiet", "", &off("orders"))),
            ..after("refused, the older one stays", "simple", 60, bad())
        },
        Case {
            generation: 2,
            kept: Some(view("quiet", "", &off("orders"))),
            ..after("refused, told before", "refused, the older one stays", 120, bad())
        },
        Case { generation: 3, ..after("refused, then mended", "refused, told before", 180, view("quiet", "", &off("orders"))) },
        case("refused for many faults", view("quiet", worse, &rule("off", "orders", "state: Disabeld"))),
        case("refused over a cap", view("quiet", "", &many)),
        after("refused, the term stays", "ending", 60, bad()),
        after("refused, then mended, the term goes on", "refused, the term stays", 120, ends("{after: 4h}")),
    ]
}

fn ends(expiry: &str) -> String {
    view("quiet", &format!("  expiry: {expiry}\n"), &off("orders"))
}

fn ending() -> Vec<Case> {
    let standing = view("standing", "", &rule("standing-off", "orders", "state: Disabled"));
    let debug = view("debug", "  expiry: {after: 1h}\n", &rule("on", "orders", "state: Enabled"));
    let dry = || view("try", "  mode: DryRun\n  expiry: {after: 1h}\n", &off("orders"));
    vec![
        case("ending", ends("{after: 4h}")),
        after("ending, edited", "ending", 60, view("quiet", "  expiry: {after: 4h}\n", &off("state"))),
        after("ending, another term", "ending", 60, ends("{after: 5h}")),
        case("ending at a moment", ends("{at: \"2026-01-01T14:00:00.5Z\"}")),
        after("ended", "ending", 4 * 3_600, ends("{after: 4h}")),
        after("ended, again", "ended", 4 * 3_600 + 60, ends("{after: 4h}")),
        after("ended at a moment", "ending at a moment", 5 * 3_600, ends("{at: \"2026-01-01T14:00:00.5Z\"}")),
        case("a window over a standing view", debug.clone() + &standing),
        after("a window has ended", "a window over a standing view", 3_600, debug + &standing),
        case("a dry run that will end", dry()),
        after("a dry run has ended", "a dry run that will end", 3_600, dry()),
        after("a new term", "ended", 4 * 3_600 + 120, ends("{after: 2h}")),
    ]
}

fn beside_others() -> Vec<Case> {
    let tied = || view("b-later", "", &rule("on", "orders", "state: Enabled")) + &view("a-first", "", &off("orders"));
    let fault = |code, words: &[&str]| {
        let place = Place::Field { object: "TelemetryView shop/quiet".into(), path: "spec.metrics[0]".into() };
        Fault::new(code, place, words)
    };
    vec![
        case("conflicted", tied()),
        after("conflicted, again", "conflicted", 60, tied()),
        Case {
            faults: vec![fault(Code::SameTier, &["a-first/off", "state", "orders"])],
            ..case("conflicted as it is written", view("quiet", "", &off("orders")))
        },
        Case {
            faults: vec![
                fault(Code::OverCap, &["500", "off", "100", "platform"]),
                fault(Code::DoesNotFit, &["buckets", "Gauge", "x"]),
            ],
            ..case("over the cap of another view", view("quiet", "", &off("orders")))
        },
    ]
}

/// Everything too long or too many.
fn flood(report: &mut ViewReport) {
    let by = |i: usize| RuleRef {
        kind: "TelemetryView".into(),
        namespace: "shop".into(),
        view: format!("v{i:02}").into(),
        rule: "r".into(),
    };
    let rule = &mut report.rules[0];
    rule.state = RuleState::PartiallyOverridden;
    rule.overridden_by = (0..12).map(|i| Arc::new(by(i))).collect();
    rule.protected_by = (0..12).map(|i| format!("alert A{i:02}\n of PrometheusRule shop/{}", "x".repeat(90))).collect();
    rule.sample = (0..12).map(|i| format!("m{i:02}").into()).collect();
    report.status = Status::PartiallyProgrammed;
    report.blank = (0..25).map(|i| (format!("alert B{i:02}"), "orders".into())).collect();
}

fn bounded() -> Vec<Case> {
    let six = ["h1", "h2", "h3", "h4", "h5", "h6"];
    let mut cases = vec![Case { report: Some(flood), ..case("a flood", view("quiet", "", &off("orders"))) }];
    for (i, name) in six.into_iter().enumerate() {
        let yaml = view("quiet", "", &rule(name, "orders", "state: Disabled"));
        let before = i.checked_sub(1).and_then(|i| six.get(i)).copied();
        cases.push(Case { before, at: 60 * (i as u64), ..case(name, yaml) });
    }
    cases
}
