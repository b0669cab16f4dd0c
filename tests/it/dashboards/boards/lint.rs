//! Rules for the source of a dashboard: each breach with its line, what it is, and how to mend it; all of a file at once.
//! Knows the registry and the grid; nothing of how dashboards are drawn.

use super::{
    metrics::{Metrics, label},
    query::{self, PARSED, Reads},
    source::{Board, GRID_WIDTH, Kind, Panel, Query, Variable, unit},
};
use pointsman_instrument::metric::Level;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    time::Duration,
};

/// More than that nobody reads.
const PANELS_MAX: usize = 20;
const DESCRIPTION_MAX: usize = 300;
/// A window that is written out is a choice of the author: no shorter than this, so that it holds at any scrape interval.
const WINDOW_MIN: Duration = Duration::from_mins(30);
/// Labels that a scrape may rename or make up.
const LABELS_OF_SCRAPES: [&str; 6] = ["job", "instance", "node", "namespace", "pod", "service"];
/// The metric of the panel that says what is off.
pub(crate) const HINT: &str = "pointsman_consumer_input_off";

/// What a dashboard has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// The file reads.
    Form,
    /// It is called as its file.
    Name,
    /// Titles are questions.
    Question,
    /// Descriptions are sentences.
    Description,
    /// Ids are unique and fit an address.
    Id,
    /// Units are known.
    Unit,
    /// Not too many panels.
    Count,
    /// Panels fit the grid.
    Grid,
    /// There is more to read, and it exists.
    Link,
    /// Queries parse.
    Query,
    /// Metrics are in the registry.
    Metric,
    /// Labels are those of the metrics.
    Label,
    /// Variables are declared and used.
    Variable,
    /// Windows follow the viewer.
    Window,
    /// What may be off has a panel that says so.
    Hint,
    /// A kind of panel has what it needs.
    Parts,
    /// Queries leave no label of a process.
    Yield,
    /// Every panel says something else.
    Twice,
}

/// A rule that is broken, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) rule: Rule,
    pub(crate) todo: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, todo } = self;
        write!(f, "{file}.yaml:{line}: {rule:?}: {todo}")
    }
}

/// Judges one file.
pub(crate) struct Lint<'a> {
    pub(crate) metrics: &'a Metrics,
    /// Where runbooks lie.
    pub(crate) runbooks: &'a Path,
    file: String,
    breaches: Vec<Breach>,
}

impl<'a> Lint<'a> {
    pub(crate) fn new(metrics: &'a Metrics, runbooks: &'a Path) -> Self {
        Self { metrics, runbooks, file: String::new(), breaches: Vec::new() }
    }

    /// Every breach of a file, in order of lines.
    pub(crate) fn check(mut self, file: &str, text: &str) -> Vec<Breach> {
        file.clone_into(&mut self.file);
        match Board::read(text) {
            Err((line, error)) => self.breach(line, Rule::Form, error),
            Ok(board) => self.board(&board),
        }
        self.breaches.sort_by_key(|breach| (breach.line, breach.rule));
        self.breaches
    }

    fn breach(&mut self, line: u64, rule: Rule, todo: impl Into<String>) {
        self.breaches.push(Breach { file: self.file.clone(), line, rule, todo: todo.into() });
    }

    fn board(&mut self, board: &Board) {
        if board.name != self.file || !is_name(&board.name) {
            self.breach(1, Rule::Name, format!("call it as its file, {:?}: small letters and hyphens", self.file));
        }
        let count = board.panels().count();
        if count > PANELS_MAX {
            self.breach(1, Rule::Count, format!("{count} panels: at most {PANELS_MAX}, so move some to another dashboard"));
        }
        let titles = board.rows.iter().map(|row| (row.panels.first().map_or(1, |panel| panel.referenced.line()), &row.title));
        let titles: Vec<_> = titles.chain([(1, &board.title)]).collect();
        titles.into_iter().for_each(|(line, title)| self.question(line, title));
        self.description(1, &board.description);
        let mut seen = BTreeMap::new();
        for (line, panel) in board.panels() {
            if let Some(first) = seen.insert(panel.id.clone(), line) {
                self.breach(line, Rule::Id, format!("{} is also in line {first}: give it another id", panel.id));
            }
            self.panel(line, panel);
        }
        self.variables(board);
        self.hint(board);
    }

    fn question(&mut self, line: u64, title: &str) {
        if !title.ends_with('?') || title.len() > 60 {
            self.breach(line, Rule::Question, format!("{title:?}: ask a question of at most 60 letters"));
        }
    }

    fn description(&mut self, line: u64, text: &str) {
        let text = text.trim();
        if !text.ends_with('.') || text.len() > DESCRIPTION_MAX {
            self.breach(line, Rule::Description, format!("{text:?}: write a sentence of at most {DESCRIPTION_MAX} letters"));
        }
    }

    fn panel(&mut self, line: u64, panel: &Panel) {
        if !is_name(&panel.id) {
            self.breach(line, Rule::Id, format!("{:?}: small letters and hyphens", panel.id));
        }
        self.question(line, &panel.title);
        self.description(line, &panel.description);
        if unit(&panel.unit).is_none() {
            self.breach(line, Rule::Unit, format!("{:?} is no unit: see README.md", panel.unit));
        }
        let (width, height) = panel.size;
        if !(4..=GRID_WIDTH).contains(&width) || !(4..=16).contains(&height) {
            self.breach(line, Rule::Grid, format!("{width}×{height}: 4 to {GRID_WIDTH} wide, 4 to 16 high"));
        }
        self.link(line, panel);
        self.parts(line, panel);
        let mut exprs = BTreeSet::new();
        for query in &panel.queries {
            let line = query.referenced.line();
            if !exprs.insert(&query.value.expr) {
                self.breach(line, Rule::Twice, "the same query stands above: ask something else");
            }
            match query::read(&query.value.expr) {
                Err(error) => self.breach(line, Rule::Query, format!("{}: {error}", query.value.expr)),
                Ok(reads) => self.query(line, panel, &query.value, &reads),
            }
        }
    }

    fn link(&mut self, line: u64, panel: &Panel) {
        match (&panel.explain, &panel.runbook) {
            (None, None) => self.breach(line, Rule::Link, "name a metric to `explain`, or a `runbook`"),
            (explain, runbook) => {
                if let Some(metric) = explain.as_ref().filter(|metric| !self.metrics.is_otel(metric)) {
                    self.breach(line, Rule::Link, format!("explain: the registry has no metric {metric}"));
                }
                if let Some(alert) = runbook.as_ref().filter(|alert| !self.runbooks.join(format!("{alert}.md")).exists()) {
                    self.breach(line, Rule::Link, format!("runbook: there is no {alert}.md in dashboards/runbooks"));
                }
            }
        }
    }

    /// What a kind of panel needs, and what it has no use for.
    fn parts(&mut self, line: u64, panel: &Panel) {
        let is_table = panel.kind == Kind::Table;
        let mut wants = Vec::new();
        if panel.queries.is_empty() {
            wants.push("`queries`");
        }
        if is_table == panel.columns.is_empty() {
            wants.push(if is_table { "`columns`" } else { "no `columns`" });
        }
        if (panel.kind == Kind::States) == panel.states.is_empty() {
            wants.push(if panel.states.is_empty() { "`states`" } else { "no `states`" });
        }
        if (panel.kind == Kind::Gauge) != panel.range.is_some() {
            wants.push(if panel.range.is_none() { "a `range`" } else { "no `range`" });
        }
        if panel.stack && panel.kind != Kind::Timeseries {
            wants.push("no `stack`");
        }
        if panel.queries.len() > 1 && !matches!(panel.kind, Kind::Timeseries | Kind::Table) {
            wants.push("one query");
        }
        let lacks = |query: &Query| if is_table { query.value.is_none() } else { query.legend.is_none() };
        if panel.queries.iter().any(|query| lacks(&query.value)) {
            wants.push(if is_table { "a `value` in each query" } else { "a `legend` in each query" });
        }
        if !wants.is_empty() {
            self.breach(line, Rule::Parts, format!("a panel of this kind wants {}", wants.join(", ")));
        }
    }

    fn query(&mut self, line: u64, panel: &Panel, query: &Query, reads: &Reads) {
        let mut known: BTreeSet<String> = BTreeSet::from(["le".to_owned()]);
        for (name, asked) in &reads.metrics {
            let Some(meta) = self.metrics.find(name) else {
                self.breach(line, Rule::Metric, format!("the registry has no metric that becomes {name:?}"));
                continue;
            };
            let attributes: BTreeSet<String> = meta.attributes.iter().map(|key| label(key)).collect();
            for strange in asked.iter().filter(|asked| !attributes.contains(*asked) && *asked != "le") {
                self.breach(line, Rule::Label, format!("{name} has no label {strange}: it has {attributes:?}"));
            }
            known.extend(attributes);
        }
        for strange in reads.grouped.iter().filter(|name| !known.contains(*name)) {
            let why = if LABELS_OF_SCRAPES.contains(&strange.as_str()) { ", and a scrape may rename it" } else { "" };
            self.breach(line, Rule::Label, format!("no metric of the query has the label {strange}{why}"));
        }
        match &reads.yields {
            None => self.breach(line, Rule::Yield, "aggregate `by` what is shown: processes add labels of their own"),
            Some(yields) => {
                let shown = panel.shown_by(query);
                for lost in shown.iter().filter(|label| !yields.contains(*label)) {
                    self.breach(line, Rule::Yield, format!("{lost} is shown, but the query leaves {yields:?}"));
                }
            }
        }
        let is_fixed = |window: &&Duration| ![PARSED.rate_interval, PARSED.range].contains(&window.as_secs());
        for window in reads.windows.iter().filter(is_fixed).filter(|window| **window < WINDOW_MIN) {
            let todo = format!("a window of {window:?}: use $__rate_interval or $__range, or {WINDOW_MIN:?} and more");
            self.breach(line, Rule::Window, todo);
        }
    }

    fn variables(&mut self, board: &Board) {
        let given = ["__rate_interval", "__range"];
        let declared: BTreeSet<&str> = board.variables.iter().map(|variable| variable.name()).collect();
        let mut used = BTreeSet::new();
        for (_, panel) in board.panels() {
            for query in &panel.queries {
                let names = query::variables(&query.value.expr);
                for name in names.iter().filter(|name| !declared.contains(name.as_str()) && !given.contains(&name.as_str())) {
                    let known = Variable::ALL.map(Variable::name).join(", ");
                    let todo = format!("${name} is not declared: `variables` may have {known}");
                    self.breach(query.referenced.line(), Rule::Variable, todo);
                }
                used.extend(names);
            }
        }
        for idle in declared.iter().filter(|name| !used.contains(**name)) {
            self.breach(1, Rule::Variable, format!("no query uses ${idle}: use it, or declare it no more"));
        }
    }

    /// Where a panel reads what may be off, another says what is off.
    fn hint(&mut self, board: &Board) {
        let read = |panel: &Panel| -> Vec<String> {
            let queries = panel.queries.iter().filter_map(|query| query::read(&query.value.expr).ok());
            queries.flat_map(|reads| reads.metrics).map(|(name, _)| name).collect()
        };
        let has_hint = board.panels().any(|(_, panel)| read(panel).iter().any(|name| name == HINT));
        let may_be_off = |name: &String| self.metrics.find(name).is_some_and(|meta| meta.level > Level::Standard);
        let off =
            board.panels().find(|(_, panel)| read(panel).iter().any(may_be_off)).map(|(line, panel)| (line, panel.id.clone()));
        if let Some((line, id)) = off.filter(|_| !has_hint) {
            self.breach(line, Rule::Hint, format!("{id} reads what is off by default: add a panel that reads {HINT}"));
        }
    }
}

impl Panel {
    /// Labels that one query has to have in its answer.
    pub(crate) fn shown_by(&self, query: &Query) -> Vec<String> {
        let columns = self.columns.iter().map(|column| column.label.clone());
        let legend = query.legend.iter().flat_map(|legend| legend.split("{{").skip(1)).filter_map(|rest| rest.split_once("}}"));
        columns.chain(legend.map(|(label, _)| label.trim().to_owned())).collect()
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
