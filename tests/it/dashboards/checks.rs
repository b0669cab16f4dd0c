//! What promtool cannot see of an alert: that its texts name only labels it has, that what it reads is on by default and its label
//! values are some that we send, and that whoever it wakes finds a page. Each check is shown to find what it looks for.

use super::{GROUPS, Rule, alerts, family, prometheus_name, selectors};
use clap::Parser;
use pointsman::cli::Cli;
use pointsman_instrument::{
    metric::{Level, Meta},
    semconv,
};
use promql_parser::parser::{self, Expr, LabelModifier, VectorSelector};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Groups that say of themselves that what they read has to be turned on.
const OPT_IN: [&str; 1] = ["MCOReconcileErrorBudgetBurn"];
const SECTIONS: [&str; 4] = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

fn shipped() -> Vec<Rule> {
    GROUPS.iter().flat_map(|group| alerts(&root().join(format!("alerts/{group}.yaml")))).collect()
}

/// What we send, by its name in Prometheus.
fn metas() -> BTreeMap<String, &'static Meta> {
    let all = semconv::mco::METRICS.iter().chain(&semconv::pointsman::METRICS);
    all.filter_map(|meta| Some((prometheus_name(meta)?, *meta))).collect()
}

fn meta_of<'a>(metas: &BTreeMap<String, &'a Meta>, name: &str) -> Option<&'a Meta> {
    metas.get(name).or_else(|| metas.get(family(name)?)).copied()
}

/// Labels that the result has for certain: of two sides the left one's, as comparisons and `and`, `or`, `unless` keep it.
fn labels(expr: &Expr, metas: &BTreeMap<String, &Meta>) -> BTreeSet<String> {
    let of_metric = |selector: &VectorSelector| {
        let meta = selector.name.as_ref().and_then(|name| meta_of(metas, name));
        meta.into_iter().flat_map(|meta| meta.attributes).map(|key| key.replace('.', "_")).collect()
    };
    match expr {
        Expr::Aggregate(inner) => match &inner.modifier {
            Some(LabelModifier::Include(by)) => by.labels.iter().cloned().collect(),
            Some(LabelModifier::Exclude(without)) => {
                labels(&inner.expr, metas).into_iter().filter(|label| !without.labels.contains(label)).collect()
            }
            None => BTreeSet::new(),
        },
        Expr::Unary(inner) => labels(&inner.expr, metas),
        Expr::Paren(inner) => labels(&inner.expr, metas),
        Expr::Subquery(inner) => labels(&inner.expr, metas),
        Expr::Binary(inner) if matches!(*inner.lhs, Expr::NumberLiteral(_)) => labels(&inner.rhs, metas),
        Expr::Binary(inner) => labels(&inner.lhs, metas),
        Expr::Call(inner) if inner.func.name.starts_with("absent") => BTreeSet::new(),
        Expr::Call(inner) => inner.args.args.iter().flat_map(|argument| labels(argument, metas)).collect(),
        Expr::VectorSelector(selector) => of_metric(selector),
        Expr::MatrixSelector(selector) => of_metric(&selector.vs),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => BTreeSet::new(),
    }
}

/// The labels that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split("$labels.").skip(1).filter_map(|rest| rest.split(ends).next()).map(str::to_owned).collect()
}

/// Everything that is wrong with an alert, as far as its rule alone tells.
fn faults(rule: &Rule, metas: &BTreeMap<String, &Meta>) -> Vec<String> {
    let name = rule.alert.clone().unwrap_or_default();
    let expr = parser::parse(&rule.expr).expect("another test tells");
    let mut faults = Vec::new();
    let has: BTreeSet<String> = labels(&expr, metas).into_iter().chain(rule.labels.keys().cloned()).collect();
    for text in rule.annotations.values() {
        faults.extend(named(text).difference(&has).map(|label| format!("{name}: no label {label}")));
    }
    for annotation in ["summary", "description", "runbook_url"] {
        if rule.annotations.get(annotation).is_none_or(String::is_empty) {
            faults.push(format!("{name}: no {annotation}"));
        }
    }
    if !["critical", "warning", "info"].contains(&rule.labels.get("severity").map_or("", String::as_str)) {
        faults.push(format!("{name}: no severity"));
    }
    if !rule.labels.contains_key("namespace") {
        faults.push(format!("{name}: no namespace"));
    }
    let mut found = Vec::new();
    selectors(&expr, &mut found);
    for selector in found {
        let metric = selector.name.clone().unwrap_or_default();
        let Some(meta) = meta_of(metas, &metric) else { continue };
        if !OPT_IN.contains(&&*name) && meta.level > Level::Standard {
            faults.push(format!("{name}: {metric} is not on by default"));
        }
        let attributes: BTreeSet<String> = meta.attributes.iter().map(|key| key.replace('.', "_")).collect();
        for matcher in &selector.matchers.matchers {
            if !attributes.contains(&matcher.name) {
                faults.push(format!("{name}: {metric} has no label {}", matcher.name));
            } else if !is_sent(&matcher.name, &matcher.value) {
                faults.push(format!("{name}: {} is never {}", matcher.name, matcher.value));
            }
        }
    }
    faults
}

/// Whether a value, or each of several, is one of its enum in the registry; a label without an enum takes any.
fn is_sent(label: &str, values: &str) -> bool {
    let members = crate::semconv::members(label);
    members.is_empty() || values.split('|').all(|value| members.contains(value))
}

/// Scenario: the alerts that are shipped. Guarantees: texts name labels that are there, severity, namespace and texts are complete,
/// what is read is on by default where the group does not say otherwise, and matchers name values that are sent. Names are unique.
#[test]
fn alerts_are_whole() {
    let metas = metas();
    let rules = shipped();
    let faults: Vec<String> = rules.iter().flat_map(|rule| faults(rule, &metas)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let names: BTreeSet<_> = rules.iter().map(|rule| &rule.alert).collect();
    assert_eq!(names.len(), rules.len(), "each name once");
}

/// Scenario: alerts with one mistake each. Guarantees: each mistake is found, and told once.
#[test]
fn mistakes_in_alerts_are_found() {
    let metas = metas();
    let good = shipped().into_iter().find(|rule| rule.alert.as_deref() == Some("MCOPoolDegraded")).expect("it is shipped");
    assert_eq!(faults(&good, &metas), Vec::<String>::new());
    let spoiled = |spoil: &dyn Fn(&mut Rule)| {
        let mut rule = good.clone();
        spoil(&mut rule);
        faults(&rule, &metas).join("; ")
    };
    let text = |rule: &mut Rule, text: &str| drop(rule.annotations.insert("description".to_owned(), text.to_owned()));
    let expr = |rule: &mut Rule, expr: &str| expr.clone_into(&mut rule.expr);
    let said = [
        spoiled(&|rule| text(rule, "Node {{ $labels.k8s_node_name }}.")),
        spoiled(&|rule| text(rule, "")),
        spoiled(&|rule| drop(rule.labels.remove("severity"))),
        spoiled(&|rule| drop(rule.labels.remove("namespace"))),
        spoiled(&|rule| expr(rule, "max by (mco_pool_name) (mco_node_state_age_seconds) > 1")),
        spoiled(&|rule| expr(rule, "max by (mco_pool_name) (mco_pool_paused{mco_stall_reason=\"drain\"}) == 1")),
        spoiled(&|rule| expr(rule, "max by (mco_pool_name) (mco_pool_stalled{mco_stall_reason=\"weather\"}) == 1")),
        spoiled(&|rule| expr(rule, "max(mco_pool_paused) == 1")),
    ];
    expect_test::expect![[r#"
        MCOPoolDegraded: no label k8s_node_name
        MCOPoolDegraded: no description
        MCOPoolDegraded: no severity
        MCOPoolDegraded: no namespace
        MCOPoolDegraded: mco_node_state_age_seconds is not on by default
        MCOPoolDegraded: mco_pool_paused has no label mco_stall_reason
        MCOPoolDegraded: mco_stall_reason is never weather
        MCOPoolDegraded: no label mco_pool_name"#]]
    .assert_eq(&said.join("\n"));
}

/// Scenario: the pages for whoever is woken. Guarantees: every alert names one that is there and every one has an alert; each has
/// its four sections in order; its PromQL parses, and its `pointsman` commands are such.
#[test]
fn every_alert_has_a_runbook() {
    let rules = shipped();
    let named: BTreeSet<PathBuf> = rules
        .iter()
        .filter_map(|rule| rule.annotations.get("runbook_url"))
        .map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .collect();
    let pages = fs::read_dir(root().join("runbooks")).expect("the folder is there");
    let pages: BTreeSet<PathBuf> = pages.map(|page| page.expect("it lists").path()).collect();
    assert_eq!(named, pages, "pages that are named, and pages that there are");
    for (rule, path) in rules.iter().filter_map(|rule| Some((rule, rule.annotations.get("runbook_url")?))) {
        let alert = rule.alert.as_deref().unwrap_or_default();
        assert!(path.ends_with(&format!("/{alert}.md")), "{alert} names {path}");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it reads");
        assert!(text.starts_with(&format!("# {alert}\n")), "{path} begins with its alert");
        let at: Vec<_> = SECTIONS.iter().map(|section| text.find(&format!("\n{section}\n"))).collect();
        assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{path} has its sections, in order");
        let queries = text.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next());
        for query in queries.flat_map(str::lines) {
            parser::parse(query).unwrap_or_else(|error| panic!("{path}: {query}: {error}"));
        }
        let typed: Vec<&str> =
            text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).flat_map(str::lines).collect();
        assert!(!typed.is_empty(), "{path} says what to type");
        for line in typed {
            match line.split_whitespace().next() {
                Some("pointsman") => {
                    drop(Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|e| panic!("{path}: {line}: {e}")))
                }
                Some("kubectl" | "oc") => {}
                _ => panic!("{path}: nobody knows {line}"),
            }
        }
    }
}
