//! Broken dashboards: each breaks one rule, in one line, and is found there; the whole one breaks none.
//! Knows the rules; no dashboard that is shipped.

use super::{
    lint::{Lint, Rule},
    metrics::Metrics,
};
use std::collections::BTreeSet;

const WHOLE: &str = "\
name: whole
title: Is it whole?
description: One of each kind.
variables: [pool]
rows:
- title: Does it work?
  panels:
  - id: lines
    title: How many wait?
    kind: timeseries
    size: [12, 8]
    unit: count
    description: Nodes that wait.
    explain: mco.node.config.pending
    queries:
    - {expr: 'sum by (mco_pool_name) (mco_node_config_pending{mco_pool_name=~\"$pool\"})', legend: '{{mco_pool_name}}'}
  - id: rows
    title: Which ones?
    kind: table
    size: [12, 8]
    unit: seconds
    description: Nodes whose drain goes on.
    runbook: Sample
    columns: [{label: k8s_node_name, title: Node}]
    queries:
    - {expr: 'max by (k8s_node_name) (mco_node_drain_age_seconds)', value: Age}
  - id: words
    title: When?
    kind: states
    size: [12, 8]
    unit: yes-no
    description: Whether the pool is paused.
    explain: mco.pool.paused
    states: {0: goes on, 1: paused}
    queries:
    - {expr: 'max by (mco_pool_name) (mco_pool_paused)', legend: '{{mco_pool_name}}'}
  - id: number
    title: How soon?
    kind: stat
    size: [12, 8]
    unit: seconds
    description: The 95th percentile.
    explain: pointsman.scrape.duration
    queries:
    - {expr: 'histogram_quantile(0.95, sum by (le) (rate(pointsman_scrape_duration_seconds_bucket[$__range])))', legend: p95}
  - id: hint
    title: What is off?
    kind: table
    size: [12, 8]
    unit: yes-no
    description: Panels that read what is off.
    explain: pointsman.consumer.input.off
    columns: [{label: pointsman_consumer_name, title: Panel}]
    queries:
    - {expr: 'max by (pointsman_consumer_name) (pointsman_consumer_input_off)', value: Off}
";

/// What is broken: the rule, what stood there, and what stands there now.
const BROKEN: &[(Rule, &str, &str)] = &[
    (Rule::Form, "kind: stat", "kind: pie"),
    (Rule::Form, "unit: count", "units: count"),
    (Rule::Form, "    queries:\n    - {expr: 'max by (mco_pool_name) (mco_pool_paused)', legend: '{{mco_pool_name}}'}\n", ""),
    (Rule::Name, "name: whole", "name: part"),
    (Rule::Question, "title: How many wait?", "title: Waiting nodes"),
    (Rule::Question, "title: Does it work?", "title: Overview"),
    (Rule::Description, "description: Nodes that wait.", "description: ''"),
    (Rule::Id, "id: rows", "id: lines"),
    (Rule::Id, "id: rows", "id: Rows of it"),
    (Rule::Unit, "unit: count", "unit: fortnights"),
    (Rule::Grid, "size: [12, 8]", "size: [25, 8]"),
    (Rule::Link, "    explain: mco.node.config.pending\n", ""),
    (Rule::Link, "explain: mco.node.config.pending", "explain: mco.node.config.waiting"),
    (Rule::Link, "runbook: Sample", "runbook: NoSuchAlert"),
    (Rule::Query, "(mco_pool_paused)", "(mco_pool_paused))"),
    (Rule::Metric, "(mco_pool_paused)", "(mco_pool_halted)"),
    (Rule::Metric, "(mco_pool_paused)", "(mcd_state)"),
    (Rule::Label, "mco_node_config_pending{mco_pool_name", "mco_node_config_pending{pool"),
    (Rule::Label, "(mco_pool_paused)", "(mco_pool_paused{job=\"pointsman\"})"),
    (Rule::Label, "max by (mco_pool_name) (mco_pool_paused)", "max by (mco_pool_name, node) (mco_pool_paused)"),
    (Rule::Variable, "variables: [pool]", "variables: [pool, node]"),
    (Rule::Variable, "variables: [pool]", "variables: []"),
    (Rule::Window, "[$__range]", "[5m]"),
    (
        Rule::Hint,
        "max by (pointsman_consumer_name) (pointsman_consumer_input_off)",
        "max by (pointsman_view_name) (pointsman_view_expires_in_seconds)",
    ),
    (Rule::Parts, "    states: {0: goes on, 1: paused}\n", ""),
    (Rule::Parts, "value: Age", "legend: Age"),
    (Rule::Parts, "    columns: [{label: k8s_node_name, title: Node}]\n", ""),
    (Rule::Parts, "legend: p95", "value: p95"),
    (Rule::Yield, "max by (mco_pool_name) (mco_pool_paused)", "mco_pool_paused"),
    (Rule::Yield, "legend: p95", "legend: '{{le}}'"),
    (
        Rule::Twice,
        "    - {expr: 'max by (k8s_node_name) (mco_node_drain_age_seconds)', value: Age}\n",
        "    - {expr: 'max by (k8s_node_name) (mco_node_drain_age_seconds)', value: Age}\n    - {expr: 'max by (k8s_node_name) (mco_node_drain_age_seconds)', value: Again}\n",
    ),
];

/// Scenario: a whole dashboard, the same with one fault of each kind, and one with too many panels. Guarantees: the whole one
/// breaks no rule; each fault is found, as its rule says, in a line of the file; every rule has an example that it catches.
#[test]
fn every_rule_catches_its_example() {
    let metrics = Metrics::load();
    let runbooks = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(runbooks.path().join("Sample.md"), "# Sample\n").expect("the folder is ours");
    let check = |text: &str| Lint::new(&metrics, runbooks.path()).check("whole", text);
    assert_eq!(check(WHOLE), []);
    let mut caught = BTreeSet::new();
    for (rule, was, is) in BROKEN {
        assert!(WHOLE.contains(was), "{rule:?}: {was} is not in the whole one");
        let text = WHOLE.replacen(was, is, 1);
        let breaches = check(&text);
        let found = breaches.iter().find(|breach| breach.rule == *rule);
        let found = found.unwrap_or_else(|| panic!("{rule:?} does not catch {is:?}: {breaches:?}"));
        assert!((1..=text.lines().count() as u64).contains(&found.line), "{found}");
        caught.insert(*rule);
    }
    let panel = |n: u32| {
        format!(
            "  - {{id: more-{n}, title: More?, kind: stat, size: [4, 4], unit: count, description: More., explain: mco.pool.paused, \
             queries: [{{expr: 'sum(mco_pool_paused) + {n}', legend: more}}]}}\n"
        )
    };
    let many = format!("{WHOLE}{}", (0..16).map(panel).collect::<String>());
    let breaches = check(&many);
    assert_eq!(breaches.iter().map(|breach| breach.rule).collect::<Vec<_>>(), [Rule::Count], "{breaches:?}");
    caught.insert(Rule::Count);
    assert_eq!(caught.len(), 18, "a rule has no example: {caught:?}");
}

/// Scenario: one file with three faults. Guarantees: all are told at once, in the order of their lines.
#[test]
fn all_faults_are_told_at_once() {
    let metrics = Metrics::load();
    let text =
        WHOLE.replacen("unit: count", "unit: fortnights", 1).replace("[$__range]", "[5m]").replace("id: words", "id: lines");
    let breaches = Lint::new(&metrics, std::path::Path::new("/nowhere")).check("whole", &text);
    let told: Vec<Rule> = breaches.iter().map(|breach| breach.rule).collect();
    assert_eq!(told, [Rule::Unit, Rule::Link, Rule::Id, Rule::Window], "{breaches:?}");
    assert!(breaches.windows(2).all(|pair| pair[0].line <= pair[1].line), "{breaches:?}");
}
