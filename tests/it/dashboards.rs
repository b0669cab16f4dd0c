//! What is shipped to read our metrics: every rule parses, reads only what we send, is tried, and has a page for whoever is woken.
//! Knows the registry's names through the generated lists, and PromQL through its parser.

pub(crate) mod boards;
mod cases;
mod checks;
mod objects;

use pointsman_core::{
    expose::names::{NameInput, TranslationStrategy, metric_name},
    model::instrument::Kind as Exposed,
};
use pointsman_instrument::{
    metric::{Kind, Meta},
    semconv,
};
use promql_parser::parser::{self, Expr, VectorSelector};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Rule {
    alert: Option<String>,
    expr: String,
    /// How long it has to hold.
    #[serde(rename = "for")]
    patience: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The files of alerts on the names that are ours.
const GROUPS: [&str; 2] = ["pointsman", "mco"];

/// The rules of a file, in order.
fn alerts(path: &Path) -> Vec<Rule> {
    let text = fs::read_to_string(path).expect("it reads");
    let file: Rules = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    file.groups.into_iter().flat_map(|group| group.rules).collect()
}

/// Scenario: the rules that are shipped. Guarantees: each parses, and reads names of the registry alone.
#[test]
fn rules_read_names_that_are_sent() {
    let metas = semconv::mco::METRICS.iter().chain(&semconv::legacy::METRICS).chain(&semconv::pointsman::METRICS);
    let sent: BTreeSet<String> = metas.filter_map(|meta| prometheus_name(meta)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/alerts");
    let (mut rules, mut unknown) = (0, Vec::new());
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("it lists").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") || name.ends_with(".cases.yaml") {
            continue;
        }
        for rule in alerts(&path) {
            rules += 1;
            let expr = parser::parse(&rule.expr).unwrap_or_else(|e| panic!("{}: {}: {e}", path.display(), rule.expr));
            let mut found = Vec::new();
            selectors(&expr, &mut found);
            let names: BTreeSet<String> = found.iter().filter_map(|selector| selector.name.clone()).collect();
            assert!(!names.is_empty(), "{} reads nothing", rule.expr);
            let is_sent = |name: &str| sent.contains(name) || family(name).is_some_and(|family| sent.contains(family));
            let is_unknown = |name: &String| name != "up" && !is_sent(name);
            unknown.extend(names.into_iter().filter(is_unknown).map(|name| format!("{}: {name}", path.display())));
        }
    }
    assert!(rules > 0, "there are rules");
    assert!(unknown.is_empty(), "not in the registry: {unknown:?}");
}

fn prometheus_name(meta: &Meta) -> Option<String> {
    let kind = match meta.kind {
        Kind::Counter => Exposed::Counter,
        Kind::UpDownCounter => Exposed::UpDownCounter,
        Kind::Gauge => Exposed::Gauge,
        Kind::Histogram => Exposed::Histogram,
    };
    let strategy = TranslationStrategy::default();
    metric_name(&NameInput { name: meta.name, unit: meta.unit, kind, strategy, ratio_suffix: true }).map(|family| family.name)
}

/// The family of one of a histogram's series.
fn family(name: &str) -> Option<&str> {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end))
}

/// The series that an expression reads.
fn selectors<'a>(expr: &'a Expr, found: &mut Vec<&'a VectorSelector>) {
    match expr {
        Expr::Aggregate(inner) => selectors(&inner.expr, found),
        Expr::Unary(inner) => selectors(&inner.expr, found),
        Expr::Paren(inner) => selectors(&inner.expr, found),
        Expr::Subquery(inner) => selectors(&inner.expr, found),
        Expr::Binary(inner) => [&inner.lhs, &inner.rhs].into_iter().for_each(|side| selectors(side, found)),
        Expr::Call(inner) => inner.args.args.iter().for_each(|argument| selectors(argument, found)),
        Expr::VectorSelector(selector) => found.push(selector),
        Expr::MatrixSelector(selector) => found.push(&selector.vs),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}
