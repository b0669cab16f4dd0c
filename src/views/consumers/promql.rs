//! What a PromQL expression reads: metric names with the labels it uses. Where the parser gives up, every word that could
//! be a metric or a label counts as one, so that protection errs on the safe side. Knows no Kubernetes object.

use pointsman_core::limits::{CONSUMER_READS_MAX, PROMQL_BYTES_MAX, PROMQL_DEPTH_MAX};
use promql_parser::{
    label::{MatchOp, Matcher, Matchers},
    parser::{self, AggregateExpr, BinaryExpr, Call, Expr, ParenExpr, SubqueryExpr, UnaryExpr, VectorSelector},
};
use std::collections::{BTreeMap, BTreeSet};

/// Metric names, as patterns of `*`, each with the labels that the expression uses on it.
pub(super) type Names = BTreeMap<String, BTreeSet<Box<str>>>;

/// The label that holds the name.
const NAME: &str = "__name__";
/// Functions whose text arguments name labels.
const LABEL_FUNCTIONS: [&str; 4] = ["label_replace", "label_join", "sort_by_label", "sort_by_label_desc"];

/// Everything that `text` reads.
pub(super) fn names(text: &str) -> Names {
    let parsed = (text.len() <= PROMQL_BYTES_MAX && depth(text) <= PROMQL_DEPTH_MAX).then(|| parser::parse(text).ok()).flatten();
    match parsed {
        Some(expr) => of(&expr),
        None => words(text),
    }
}

/// The deepest nesting of brackets: the parser's own nodes nest no deeper than these and the operators between them.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => now = now.saturating_add(1),
            b')' | b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// Labels named anywhere in an expression count for each of its metrics: which of them they belong to is not always clear.
fn of(expr: &Expr) -> Names {
    let (mut found, mut labels) = (BTreeMap::<String, BTreeSet<Box<str>>>::new(), BTreeSet::new());
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Aggregate(AggregateExpr { op: _, expr, param, modifier }) => {
                labels.extend(modifier.iter().flat_map(|m| &m.labels().labels).map(|l| l.as_str().into()));
                open.push(expr);
                open.extend(param.as_deref());
            }
            Expr::Unary(UnaryExpr { expr }) | Expr::Paren(ParenExpr { expr }) | Expr::Subquery(SubqueryExpr { expr, .. }) => {
                open.push(expr);
            }
            Expr::Binary(BinaryExpr { op: _, lhs, rhs, modifier }) => {
                if let Some(modifier) = modifier {
                    let matching = modifier.matching.iter().flat_map(|m| &m.labels().labels);
                    let grouped = modifier.card.labels().into_iter().flat_map(|l| &l.labels);
                    labels.extend(matching.chain(grouped).map(|l| l.as_str().into()));
                }
                open.extend([&**lhs, &**rhs]);
            }
            Expr::VectorSelector(selector) => select(selector, &mut found, &mut labels),
            Expr::MatrixSelector(matrix) => select(&matrix.vs, &mut found, &mut labels),
            Expr::Call(Call { func, args }) => {
                for arg in &args.args {
                    match &**arg {
                        Expr::StringLiteral(text) if LABEL_FUNCTIONS.contains(&func.name) && is_label(&text.val) => {
                            labels.insert(text.val.as_str().into());
                        }
                        arg => open.push(arg),
                    }
                }
            }
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }
    found.values_mut().for_each(|of_one| of_one.extend(labels.iter().cloned()));
    found
}

fn select(selector: &VectorSelector, found: &mut Names, labels: &mut BTreeSet<Box<str>>) {
    let Matchers { matchers, or_matchers } = &selector.matchers;
    let all = || matchers.iter().chain(or_matchers.iter().flatten());
    labels.extend(all().filter(|matcher| matcher.name != NAME).map(|matcher| matcher.name.as_str().into()));
    let named: Vec<String> = match &selector.name {
        Some(name) => vec![name.clone()],
        None => all().filter(|matcher| matcher.name == NAME).flat_map(by_name).collect(),
    };
    for name in named {
        found.entry(name).or_default();
    }
}

/// The names a matcher on the name lets through, as patterns: those of a regular expression are widened to a prefix.
fn by_name(matcher: &Matcher) -> Vec<String> {
    match &matcher.op {
        MatchOp::Equal => vec![matcher.value.clone()],
        MatchOp::Re(_) => alternatives(&matcher.value),
        MatchOp::NotEqual | MatchOp::NotRe(_) => vec!["*".to_owned()],
    }
}

fn alternatives(regex: &str) -> Vec<String> {
    let special = |c: char| "\\.+*?()[]{}^$|".contains(c);
    let inner = regex.strip_prefix("(?:").or_else(|| regex.strip_prefix('(')).and_then(|rest| rest.strip_suffix(')'));
    let text = inner.unwrap_or(regex);
    if text.contains(['(', '[']) && text.contains('|') {
        return vec!["*".to_owned()]; // a choice within a group: which of its bars splits what is not worth knowing
    }
    let widened = |part: &str| match part.find(special) {
        None => part.to_owned(),
        // What a `*`, `?` or `{0,…}` follows may be absent.
        Some(at) => {
            let optional = part.get(at..).is_some_and(|rest| rest.starts_with(['*', '?', '{']));
            let kept = part.get(..at).unwrap_or_default();
            let kept = if optional { kept.get(..kept.len().saturating_sub(1)).unwrap_or_default() } else { kept };
            format!("{kept}*")
        }
    };
    text.split('|').map(|part| widened(part.strip_prefix('^').unwrap_or(part))).collect()
}

/// Every word that could be a metric, with every word that could be a label: for what the parser does not take. Where a
/// name may be chosen by a matcher, or there are too many words, that is one read of everything.
fn words(text: &str) -> Names {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c: char| !is_part(c)).filter(|word| is_metric(word));
    // Names of OTel's have dots, and stand in quotes.
    let dotted = text.split(|c: char| !(is_part(c) || c == '.')).map(|word| word.trim_matches('.'));
    let metrics: BTreeSet<&str> = dotted.filter(|word| is_metric(word)).chain(words.clone()).collect();
    let labels: BTreeSet<Box<str>> = words.filter(|word| is_label(word)).map(Into::into).collect();
    if metrics.contains(NAME) || metrics.len() > CONSUMER_READS_MAX {
        return Names::from([("*".to_owned(), labels)]);
    }
    metrics.into_iter().map(|metric| (metric.to_owned(), labels.clone())).collect()
}

fn is_metric(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':')
}

fn is_label(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Labels that a text of an alert shows: `{{ $labels.node }}`, `{{ .Labels.node }}`.
pub(super) fn shown(text: &str) -> impl Iterator<Item = &str> {
    let after = |mark: &'static str| text.split(mark).skip(1);
    after("$labels.").chain(after(".Labels.")).filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.get(..end).filter(|label| is_label(label))
    })
}
