//! The source of a dashboard: rows of panels, each a question with queries, read with the lines they stand in.
//! Knows the form of the file and the words it may use; neither what metrics there are nor what is made of it.

use serde::Deserialize;
use serde_saphyr::Spanned;
use std::{collections::BTreeMap, fs, path::Path};

/// Columns of the grid.
pub(crate) const GRID_WIDTH: u32 = 24;

/// One dashboard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Board {
    /// Name of its files.
    pub(crate) name: String,
    /// The question it answers.
    pub(crate) title: String,
    /// What it shows, for whom.
    pub(crate) description: String,
    /// What a viewer can choose, besides the data source.
    pub(crate) variables: Vec<Variable>,
    /// Symptoms first, causes below.
    pub(crate) rows: Vec<Row>,
}

/// Panels under one heading.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The heading.
    pub(crate) title: String,
    /// From left to right, then below.
    pub(crate) panels: Vec<Spanned<Panel>>,
}

/// One question and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Panel {
    /// Its name in addresses; unique in the dashboard.
    pub(crate) id: String,
    /// The question.
    pub(crate) title: String,
    /// How the answer is drawn.
    pub(crate) kind: Kind,
    /// Columns of the grid, and lines.
    pub(crate) size: (u32, u32),
    /// Unit of its values: see [`unit`].
    pub(crate) unit: String,
    /// What the values mean, and when there are none.
    pub(crate) description: String,
    /// Metric that `pointsman explain` tells of.
    pub(crate) explain: Option<String>,
    /// Alert whose runbook tells what to do.
    pub(crate) runbook: Option<String>,
    /// Of a table: labels that become columns.
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
    /// Of states: what each value means.
    #[serde(default)]
    pub(crate) states: BTreeMap<u32, String>,
    /// Least and greatest value.
    pub(crate) range: Option<(f64, f64)>,
    /// Whether series are drawn on top of each other.
    #[serde(default)]
    pub(crate) stack: bool,
    /// What is asked.
    pub(crate) queries: Vec<Spanned<Query>>,
}

/// A label of a table, and what its column is called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    /// The label.
    pub(crate) label: String,
    /// The heading.
    pub(crate) title: String,
}

/// One PromQL expression.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// With `$pool`, `$__rate_interval` and the like.
    pub(crate) expr: String,
    /// What a series is called; labels in `{{}}`.
    pub(crate) legend: Option<String>,
    /// Of a table: heading of the values.
    pub(crate) value: Option<String>,
    /// Whether its points lead to traces.
    #[serde(default)]
    pub(crate) exemplars: bool,
}

/// How an answer is drawn.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Lines over time.
    Timeseries,
    /// Numbers, as of now.
    Stat,
    /// Numbers within a range, as of now.
    Gauge,
    /// Labels and numbers, as of now.
    Table,
    /// Buckets of a histogram over time.
    Heatmap,
    /// Words over time.
    States,
}

/// What a viewer can choose.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Variable {
    /// A pool of nodes.
    Pool,
    /// A node.
    Node,
    /// A component that sends metrics.
    Component,
}

impl Variable {
    /// All there are.
    pub(crate) const ALL: [Self; 3] = [Self::Pool, Self::Node, Self::Component];

    /// As queries write it, after `$`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Node => "node",
            Self::Component => "component",
        }
    }

    /// The series that has all its values, and in which label.
    pub(crate) const fn values(self) -> (&'static str, &'static str) {
        match self {
            Self::Pool => ("mco_pool_machine_count", "mco_pool_name"),
            Self::Node => ("mco_node_state", "k8s_node_name"),
            Self::Component => ("pointsman_series_active", "pointsman_component_name"),
        }
    }
}

/// What a unit is called.
pub(crate) struct Unit {
    /// In Grafana, and in the console, which knows fewer.
    pub(crate) grafana: &'static str,
    /// In OpenShift's console.
    pub(crate) console: &'static str,
    /// In Perses.
    pub(crate) perses: &'static str,
    /// Digits that are shown behind the point.
    pub(crate) decimals: u32,
}

/// The unit of this name, if it is one.
pub(crate) fn unit(name: &str) -> Option<Unit> {
    let of = |grafana, console, perses, decimals| Some(Unit { grafana, console, perses, decimals });
    match name {
        "seconds" => of("s", "s", "seconds", 1),
        "bytes" => of("bytes", "bytes", "bytes", 1),
        "bytes-per-second" => of("Bps", "Bps", "bytes/sec", 1),
        "ratio" => of("percentunit", "percentunit", "percent-decimal", 1),
        "per-second" => of("cps", "short", "counts/sec", 2),
        "count" => of("short", "short", "decimal", 0),
        "yes-no" => of("bool_yes_no", "none", "decimal", 0),
        _ => None,
    }
}

impl Board {
    /// Reads one from its text.
    ///
    /// # Errors
    /// The line, and what is wrong there.
    pub(crate) fn read(text: &str) -> Result<Self, (u64, String)> {
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            (line, error.without_snippet().to_string())
        })
    }

    /// Every panel, with the line it begins in.
    pub(crate) fn panels(&self) -> impl Iterator<Item = (u64, &Panel)> {
        self.rows.iter().flat_map(|row| &row.panels).map(|panel| (panel.referenced.line(), &panel.value))
    }
}

impl Panel {
    /// Its queries, with the letter each goes by.
    pub(crate) fn lettered(&self) -> impl Iterator<Item = (char, &Query)> {
        ('A'..='Z').zip(self.queries.iter().map(|query| &query.value))
    }

    /// Labels that its legends show, in order.
    pub(crate) fn shown(&self) -> Vec<String> {
        let columns = self.columns.iter().map(|column| column.label.clone());
        let legends = self.queries.iter().filter_map(|query| query.value.legend.as_deref());
        let labels = legends.flat_map(|legend| legend.split("{{").skip(1)).filter_map(|rest| rest.split_once("}}"));
        let mut all: Vec<String> = columns.collect();
        for (label, _) in labels {
            if !all.iter().any(|known| known == label.trim()) {
                all.push(label.trim().to_owned());
            }
        }
        all
    }

    /// What it says below its question: the description, and where to read on.
    pub(crate) fn told(&self) -> String {
        let mut told = self.description.trim().to_owned();
        if !self.states.is_empty() {
            let words = self.states.iter().map(|(value, word)| format!("{value} {word}"));
            told.push_str(&format!(" Values: {}.", words.collect::<Vec<_>>().join(", ")));
        }
        if let Some(metric) = &self.explain {
            told.push_str(&format!(" More: pointsman explain {metric}"));
        }
        if let Some(alert) = &self.runbook {
            told.push_str(&format!(" Runbook: {alert}"));
        }
        told
    }
}

/// Every dashboard of a folder, by the name of its file.
pub(crate) fn folder(path: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(path).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("it lists").path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let read = |path: &Path| {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("it reads"))
    };
    sources.map(|path| read(&path)).collect()
}
