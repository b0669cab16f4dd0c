//! A dashboard for OpenShift's console: a ConfigMap with the old form of Grafana's JSON, of which the console draws five types.
//! Knows that contract as constants, for the test of it; whatever else we draw becomes a table or a graph.

use super::source::{Board, GRID_WIDTH, Kind, Panel, Variable, unit};
use serde_json::{Value, json};
use std::fmt::Write;

/// What the console draws; any other type shows as nothing.
pub(crate) const TYPES: [&str; 5] = ["graph", "singlestat", "table", "gauge", "row"];
/// The only namespace it looks into.
pub(crate) const NAMESPACE: &str = "openshift-config-managed";
/// The label it looks for.
pub(crate) const LABEL: &str = "console.openshift.io/dashboard";
/// Columns of its grid.
pub(crate) const SPAN: u32 = 12;

/// The ConfigMap.
pub(crate) fn render(board: &Board, head: &str) -> String {
    let json = serde_json::to_string_pretty(&dashboard(board)).expect("JSON is made of JSON");
    let mut text = format!("# {head}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n");
    let name = &board.name;
    write!(text, "  name: pointsman-{name}\n  namespace: {NAMESPACE}\n  labels:\n    {LABEL}: \"true\"\n")
        .expect("a string grows");
    write!(text, "data:\n  pointsman-{name}.json: |\n").expect("a string grows");
    json.lines().for_each(|line| writeln!(text, "    {line}").expect("a string grows"));
    text
}

fn dashboard(board: &Board) -> Value {
    let mut id = 0;
    let mut rows = Vec::new();
    for row in &board.rows {
        let mut panels = Vec::new();
        for panel in &row.panels {
            id += 1;
            panels.push(self::panel(id, &panel.value));
        }
        rows.push(json!({"title": row.title, "showTitle": true, "collapse": false, "panels": panels}));
    }
    json!({
        "title": format!("pointsman / {}", board.title),
        "tags": ["pointsman"],
        "editable": false,
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": board.variables.iter().map(variable).collect::<Vec<_>>()},
        "rows": rows,
    })
}

/// The console asks for values in this form alone, with the space behind the comma, and takes one or all.
fn variable(variable: &Variable) -> Value {
    let (series, label) = variable.values();
    json!({
        "name": variable.name(), "label": variable.name(), "type": "query",
        "query": format!("label_values({series}, {label})"),
        "includeAll": true, "multi": false, "refresh": 2, "sort": 1,
        "current": {"text": "All", "value": "$__all"},
    })
}

/// What a panel becomes. The console's `singlestat` shows the first series alone, so several become a table.
pub(crate) fn kind(panel: &Panel) -> &'static str {
    match panel.kind {
        Kind::Timeseries | Kind::States => "graph",
        Kind::Stat | Kind::Gauge if panel.shown().is_empty() => "singlestat",
        Kind::Stat | Kind::Gauge | Kind::Table | Kind::Heatmap => "table",
    }
}

fn panel(id: u32, panel: &Panel) -> Value {
    let unit = unit(&panel.unit);
    let (format, decimals) = unit.map_or(("short", 1), |unit| (unit.console, unit.decimals));
    let kind = kind(panel);
    let mut made = json!({
        "id": id,
        "type": kind,
        "title": panel.title,
        "description": panel.told(),
        "span": (panel.size.0 * SPAN).div_ceil(GRID_WIDTH),
        "targets": targets(panel, kind == "table"),
    });
    let more = match kind {
        "graph" => json!({
            "legend": {"show": true}, "lines": true, "fill": 1, "linewidth": 1, "nullPointMode": "null", "stack": panel.stack,
            "xaxis": {"mode": "time", "show": true},
            "yaxes": [{"format": format, "min": 0, "show": true}, {"format": "short", "show": false}],
        }),
        "singlestat" => json!({"format": format, "decimals": decimals, "valueName": "current"}),
        _ => json!({"transform": "table", "styles": styles(panel, format, decimals)}),
    };
    if let (Some(made), Value::Object(more)) = (made.as_object_mut(), more) {
        made.extend(more);
    }
    made
}

fn targets(panel: &Panel, is_table: bool) -> Vec<Value> {
    let target = |(letter, query): (char, &super::source::Query)| {
        let format = if is_table { "table" } else { "time_series" };
        let legend = query.legend.as_deref().unwrap_or_default();
        json!({"refId": letter.to_string(), "expr": query.expr, "legendFormat": legend, "format": format, "instant": is_table})
    };
    panel.lettered().map(target).collect()
}

/// Columns: labels, then one value for each query. What has no heading is not shown.
fn styles(panel: &Panel, format: &str, decimals: u32) -> Vec<Value> {
    let title = |label: &String| {
        let column = panel.columns.iter().find(|column| column.label == *label);
        column.map_or_else(|| heading(label), |column| column.title.clone())
    };
    let labels = panel.shown();
    let labels = labels.iter().map(|label| json!({"pattern": label, "alias": title(label), "type": "string"}));
    let values = panel.lettered().map(|(letter, query)| {
        let alias = query.value.as_deref().unwrap_or("Value");
        json!({"pattern": format!("Value #{letter}"), "alias": alias, "type": "number", "unit": format, "decimals": decimals})
    });
    let time = json!({"pattern": "Time", "alias": "Time", "type": "hidden"});
    labels.chain(values).chain([time]).collect()
}

/// What a label is called where nobody said: `mco_pool_name` is a pool.
fn heading(label: &str) -> String {
    let plain = ["mco_", "k8s_", "pointsman_"].iter().find_map(|prefix| label.strip_prefix(prefix)).unwrap_or(label);
    let mut letters = plain.strip_suffix("_name").unwrap_or(plain).chars().map(|c| if c == '_' { ' ' } else { c });
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
