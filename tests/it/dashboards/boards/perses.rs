//! A dashboard for Perses: a Dashboard of its API v1, with the plugins that come with it and no data source of our choice.
//! Knows the names of plugins and what each takes; what it has no plugin for becomes a chart of lines.

use super::{
    grafana,
    source::{Board, Kind, Panel, Query, Variable, unit},
};
use serde_json::{Map, Value, json};

/// The project that dashboards are put into.
pub(crate) const PROJECT: &str = "pointsman";

/// The whole object.
pub(crate) fn render(board: &Board) -> Value {
    let panels: Map<String, Value> = board.panels().map(|(_, panel)| (panel.id.clone(), self::panel(panel))).collect();
    let mut spec = json!({
        "display": {"name": board.title, "description": board.description},
        "duration": "3h",
        "refreshInterval": "30s",
        "panels": panels,
        "layouts": layouts(board),
    });
    // An empty list is no list to Perses.
    if let Some(spec) = spec.as_object_mut().filter(|_| !board.variables.is_empty()) {
        spec.insert("variables".to_owned(), board.variables.iter().map(variable).collect());
    }
    json!({"kind": "Dashboard", "metadata": {"name": format!("pointsman-{}", board.name), "project": PROJECT}, "spec": spec})
}

fn variable(variable: &Variable) -> Value {
    let (series, label) = variable.values();
    json!({
        "kind": "ListVariable",
        "spec": {
            "name": variable.name(),
            "display": {"name": variable.name(), "hidden": false},
            "allowAllValue": true,
            "allowMultiple": true,
            "customAllValue": ".+",
            "defaultValue": "$__all",
            "sort": "alphabetical-asc",
            "plugin": {"kind": "PrometheusLabelValuesVariable", "spec": {"labelName": label, "matchers": [series]}},
        },
    })
}

fn panel(panel: &Panel) -> Value {
    json!({
        "kind": "Panel",
        "spec": {
            "display": {"name": panel.title, "description": panel.told()},
            "plugin": plugin(panel),
            "queries": panel.lettered().map(|(_, query)| self::query(query)).collect::<Vec<_>>(),
        },
    })
}

fn query(query: &Query) -> Value {
    let mut spec = json!({"query": query.expr});
    if let (Some(spec), Some(legend)) = (spec.as_object_mut(), &query.legend) {
        spec.insert("seriesNameFormat".to_owned(), json!(legend));
    }
    json!({"kind": "TimeSeriesQuery", "spec": {"plugin": {"kind": "PrometheusTimeSeriesQuery", "spec": spec}}})
}

fn plugin(panel: &Panel) -> Value {
    let (name, decimals) = unit(&panel.unit).map_or(("decimal", 1), |unit| (unit.perses, unit.decimals));
    let format = json!({"unit": name, "decimalPlaces": decimals});
    let legend = json!({"position": "bottom", "mode": "list"});
    match panel.kind {
        Kind::Timeseries | Kind::Heatmap => {
            let stack = if panel.stack { json!({"stack": "all", "areaOpacity": 0.3}) } else { json!({"areaOpacity": 0.1}) };
            json!({"kind": "TimeSeriesChart", "spec": {"legend": legend, "yAxis": {"format": format}, "visual": stack}})
        }
        Kind::Stat => json!({"kind": "StatChart", "spec": {"calculation": "last-number", "format": format}}),
        Kind::Gauge => {
            let max = panel.range.map_or(1.0, |(_, max)| max);
            json!({"kind": "GaugeChart", "spec": {"calculation": "last-number", "format": format, "max": max}})
        }
        Kind::Table => json!({"kind": "Table", "spec": {"density": "compact", "columnSettings": columns(panel, &format),
                              "transforms": [{"kind": "MergeSeries", "spec": {}}]}}),
        Kind::States => json!({"kind": "StatusHistoryChart", "spec": {"legend": legend, "mappings": mappings(panel)}}),
    }
}

/// Labels under their headings, values last; the time of the values says nothing here.
fn columns(panel: &Panel, format: &Value) -> Vec<Value> {
    let labels = panel.columns.iter().map(|column| json!({"name": column.label, "header": column.title, "enableSorting": true}));
    let values = (1..).zip(panel.lettered()).map(|(number, (_, query))| {
        let name = if panel.queries.len() == 1 { "value".to_owned() } else { format!("value #{number}") };
        json!({"name": name, "header": query.value, "format": format, "enableSorting": true})
    });
    labels.chain(values).chain([json!({"name": "timestamp", "hide": true})]).collect()
}

fn mappings(panel: &Panel) -> Vec<Value> {
    let mapping = |(value, word): (&u32, &String)| json!({"kind": "Value", "spec": {"value": value.to_string(), "result": {"value": word}}});
    panel.states.iter().map(mapping).collect()
}

/// One grid for each row; its lines begin at 0.
fn layouts(board: &Board) -> Vec<Value> {
    let mut layouts: Vec<(String, u32, Vec<Value>)> = Vec::new();
    for place in grafana::places(board) {
        match (place.panel, layouts.last_mut()) {
            (Some(panel), Some((_, top, items))) => items.push(json!({
                "x": place.x, "y": place.y - *top, "width": place.width, "height": place.height,
                "content": {"$ref": format!("#/spec/panels/{}", panel.id)},
            })),
            _ => layouts.push((place.title.to_owned(), place.y + place.height, Vec::new())),
        }
    }
    let layout = |(title, _, items): (String, u32, Vec<Value>)| json!({"kind": "Grid", "spec": {"display": {"title": title, "collapse": {"open": true}}, "items": items}});
    layouts.into_iter().map(layout).collect()
}
