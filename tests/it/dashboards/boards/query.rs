//! What a query reads and what its answer looks like: metrics, labels, windows, and the labels that are left in the end.
//! Knows PromQL through its parser; no registry and no dashboard.

use super::source::Variable;
use promql_parser::parser::{self, Expr, LabelModifier, VectorMatchCardinality, VectorSelector};
use std::{collections::BTreeSet, time::Duration};

/// What stands for the viewer's choices.
#[derive(Clone, Copy)]
pub(crate) struct Filled {
    /// In seconds: `$__rate_interval`.
    pub(crate) rate_interval: u64,
    /// In seconds: `$__range`.
    pub(crate) range: u64,
}

/// Windows of queries as they are parsed, so that they can be told from those that are written out.
pub(crate) const PARSED: Filled = Filled { rate_interval: 61, range: 3_601 };

impl Filled {
    /// The query with everything chosen.
    pub(crate) fn fill(self, expr: &str) -> String {
        let windows = [("$__rate_interval", self.rate_interval), ("$__range", self.range)];
        let filled = windows.iter().fold(expr.to_owned(), |text, (name, secs)| text.replace(name, &format!("{secs}s")));
        Variable::ALL.iter().fold(filled, |text, variable| text.replace(&format!("${}", variable.name()), ".+"))
    }
}

/// The variables in a text, without the `$`.
pub(crate) fn variables(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    text.split('$').skip(1).map(|rest| name(rest.trim_start_matches('{'))).collect()
}

/// What is read and what comes out.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Each metric, and the labels that are asked of it.
    pub(crate) metrics: Vec<(String, BTreeSet<String>)>,
    /// Labels by which it is grouped or matched.
    pub(crate) grouped: BTreeSet<String>,
    /// Windows.
    pub(crate) windows: Vec<Duration>,
    /// Labels of the answer; `None` where not everything is aggregated.
    pub(crate) yields: Option<BTreeSet<String>>,
}

/// Reads a query as it stands in a dashboard.
///
/// # Errors
/// What the parser says of it.
pub(crate) fn read(expr: &str) -> Result<Reads, String> {
    let parsed = parser::parse(&PARSED.fill(expr))?;
    let mut reads = Reads { yields: yields(&parsed), ..Reads::default() };
    walk(&parsed, &mut reads);
    Ok(reads)
}

fn walk(expr: &Expr, reads: &mut Reads) {
    match expr {
        Expr::Aggregate(inner) => {
            if let Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) = &inner.modifier {
                reads.grouped.extend(labels.labels.iter().cloned());
            }
            walk(&inner.expr, reads);
        }
        Expr::Unary(inner) => walk(&inner.expr, reads),
        Expr::Paren(inner) => walk(&inner.expr, reads),
        Expr::Subquery(inner) => {
            reads.windows.push(inner.range);
            walk(&inner.expr, reads);
        }
        Expr::Binary(inner) => {
            if let Some(modifier) = &inner.modifier {
                if let Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) = &modifier.matching {
                    reads.grouped.extend(labels.labels.iter().cloned());
                }
                if let VectorMatchCardinality::ManyToOne(labels) | VectorMatchCardinality::OneToMany(labels) = &modifier.card {
                    reads.grouped.extend(labels.labels.iter().cloned());
                }
            }
            walk(&inner.lhs, reads);
            walk(&inner.rhs, reads);
        }
        Expr::Call(inner) => inner.args.args.iter().for_each(|argument| walk(argument, reads)),
        Expr::VectorSelector(selector) => select(selector, reads),
        Expr::MatrixSelector(selector) => {
            reads.windows.push(selector.range);
            select(&selector.vs, reads);
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn select(selector: &VectorSelector, reads: &mut Reads) {
    let alternatives = selector.matchers.or_matchers.iter().flatten();
    let asked = selector.matchers.matchers.iter().chain(alternatives).map(|matcher| matcher.name.clone());
    reads.metrics.push((selector.name.clone().unwrap_or_default(), asked.collect()));
}

/// The labels of the answer: nothing is known of a series that is not aggregated, as processes add labels of their own.
fn yields(expr: &Expr) -> Option<BTreeSet<String>> {
    match expr {
        Expr::Aggregate(inner) if ["topk", "bottomk"].contains(&inner.op.to_string().as_str()) => yields(&inner.expr),
        Expr::Aggregate(inner) => match &inner.modifier {
            None => Some(BTreeSet::new()),
            Some(LabelModifier::Include(labels)) => Some(labels.labels.iter().cloned().collect()),
            Some(LabelModifier::Exclude(_)) => None,
        },
        Expr::Unary(inner) => yields(&inner.expr),
        Expr::Paren(inner) => yields(&inner.expr),
        Expr::Subquery(inner) => yields(&inner.expr),
        Expr::Call(inner) => {
            let mut labels = inner.args.args.iter().find(|argument| !is_scalar(argument)).and_then(|vector| yields(vector))?;
            if inner.func.name == "histogram_quantile" {
                labels.remove("le");
            }
            Some(labels)
        }
        Expr::Binary(inner) if is_scalar(&inner.lhs) => yields(&inner.rhs),
        Expr::Binary(inner) if is_scalar(&inner.rhs) => yields(&inner.lhs),
        Expr::Binary(inner) => {
            let (left, right) = (yields(&inner.lhs)?, yields(&inner.rhs)?);
            Some(left.intersection(&right).cloned().collect())
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Some(BTreeSet::new()),
        Expr::VectorSelector(_) | Expr::MatrixSelector(_) | Expr::Extension(_) => None,
    }
}

fn is_scalar(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => true,
        Expr::Paren(inner) => is_scalar(&inner.expr),
        Expr::Unary(inner) => is_scalar(&inner.expr),
        Expr::Call(inner) => inner.func.name == "time",
        Expr::Binary(inner) => is_scalar(&inner.lhs) && is_scalar(&inner.rhs),
        _ => false,
    }
}
