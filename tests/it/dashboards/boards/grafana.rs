//! A dashboard as Grafana's JSON, with its grid, variables and links; the data source is always the viewer's choice.
//! Knows the panel types of Grafana 11 and later; nothing of metrics.

use super::source::{Board, GRID_WIDTH, Kind, Panel, Query, Variable, unit};
use serde_json::{Value, json};

/// Of the JSON, as Grafana 11.6 writes it.
const SCHEMA_VERSION: u32 = 41;
/// Colours of states, from well to bad.
const COLOURS: [&str; 4] = ["green", "blue", "red", "purple"];

/// Where a panel stands: its left and upper edge.
pub(crate) struct Place<'b> {
    /// Nothing for a heading.
    pub(crate) panel: Option<&'b Panel>,
    pub(crate) title: &'b str,
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Lays headings and panels out, from left to right and from top to bottom.
pub(crate) fn places(board: &Board) -> Vec<Place<'_>> {
    let (mut places, mut y) = (Vec::new(), 0);
    for row in &board.rows {
        places.push(Place { panel: None, title: &row.title, x: 0, y, width: GRID_WIDTH, height: 1 });
        y += 1;
        let (mut x, mut highest) = (0, 0);
        for panel in row.panels.iter().map(|panel| &panel.value) {
            let (width, height) = panel.size;
            if x + width > GRID_WIDTH {
                (x, y, highest) = (0, y + highest, 0);
            }
            places.push(Place { panel: Some(panel), title: &panel.title, x, y, width, height });
            x += width;
            highest = highest.max(height);
        }
        y += highest;
    }
    places
}

/// The whole file.
pub(crate) fn render(board: &Board) -> Value {
    let panels: Vec<Value> = (1_u32..).zip(places(board)).map(|(id, place)| panel(id, &place)).collect();
    json!({
        "uid": format!("pointsman-{}", board.name),
        "title": board.title,
        "description": board.description,
        "tags": ["pointsman"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": true,
        "graphTooltip": 1,
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "refresh": "30s",
        "annotations": {"list": [views_changed()]},
        "templating": {"list": variables(board)},
        "links": links(),
        "panels": panels,
    })
}

fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// A line where views changed: what looks like an incident may be a rule.
fn views_changed() -> Value {
    let query =
        "sum(increase(pointsman_reconcile_count_total{pointsman_object_kind=\"Views\",pointsman_result=\"changed\"}[2m])) > 0";
    json!({
        "name": "Views changed",
        "datasource": datasource(),
        "enable": true,
        "iconColor": "blue",
        "expr": query,
    })
}

fn variables(board: &Board) -> Vec<Value> {
    let datasource_choice = json!({
        "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
        "current": {}, "includeAll": false, "multi": false, "refresh": 1, "regex": "",
    });
    // Links lead to the status page, and only the viewer knows where that is.
    let page = "http://localhost:9464";
    let page = json!({
        "type": "textbox", "name": "page", "label": "Status page", "query": page, "current": {"text": page, "value": page},
    });
    let choose = |variable: &Variable| {
        let (series, label) = variable.values();
        json!({
            "type": "query", "name": variable.name(), "label": capital(variable.name()), "datasource": datasource(),
            "query": format!("label_values({series}, {label})"),
            "includeAll": true, "allValue": ".+", "multi": true, "refresh": 2, "sort": 1,
            "current": {"text": ["All"], "value": ["$__all"]},
        })
    };
    [datasource_choice].into_iter().chain(board.variables.iter().map(choose)).chain([page]).collect()
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn links() -> Value {
    json!([
        {"type": "dashboards", "title": "More of pointsman", "tags": ["pointsman"], "asDropdown": true, "icon": "external link",
         "tooltip": "", "includeVars": true, "keepTime": true, "targetBlank": false},
        {"type": "link", "title": "Status page", "url": "${page}/", "icon": "info", "tooltip": "What is on, who decided it",
         "tags": [], "asDropdown": false, "includeVars": false, "keepTime": false, "targetBlank": true},
        {"type": "link", "title": "Slowest traces", "url": "${page}/traces", "icon": "bolt", "tooltip": "Of rollouts and reconciles",
         "tags": [], "asDropdown": false, "includeVars": false, "keepTime": false, "targetBlank": true},
    ])
}

fn panel(id: u32, place: &Place<'_>) -> Value {
    let grid = json!({"x": place.x, "y": place.y, "w": place.width, "h": place.height});
    let Some(panel) = place.panel else {
        return json!({"id": id, "type": "row", "title": place.title, "collapsed": false, "gridPos": grid, "panels": []});
    };
    let mut made = json!({
        "id": id,
        "type": kind(panel.kind),
        "title": panel.title,
        "description": panel.told(),
        "datasource": datasource(),
        "gridPos": grid,
        "links": panel_links(panel),
        "targets": panel.lettered().map(|(letter, query)| target(panel, letter, query)).collect::<Vec<_>>(),
        "fieldConfig": {"defaults": fields(panel), "overrides": []},
        "options": options(panel),
    });
    if panel.kind == Kind::Table
        && let Some(fields) = made.as_object_mut()
    {
        fields.insert("transformations".to_owned(), transformations(panel));
    }
    made
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Timeseries => "timeseries",
        Kind::Stat => "stat",
        Kind::Gauge => "gauge",
        Kind::Table => "table",
        Kind::Heatmap => "heatmap",
        Kind::States => "state-timeline",
    }
}

fn panel_links(panel: &Panel) -> Vec<Value> {
    let link = |title: String, url: String| {
        json!({"type": "link", "title": title, "url": url, "icon": "external link", "tooltip": "", "tags": [],
               "asDropdown": false, "includeVars": false, "keepTime": false, "targetBlank": true})
    };
    let explain = panel.explain.iter().map(|metric| link(format!("Explain {metric}"), format!("${{page}}/catalog/{metric}")));
    let runbook = panel.runbook.iter().map(|alert| link(format!("Runbook {alert}"), format!("${{page}}/docs/runbooks/{alert}")));
    explain.chain(runbook).collect()
}

fn target(panel: &Panel, letter: char, query: &Query) -> Value {
    let is_now = matches!(panel.kind, Kind::Table | Kind::Stat | Kind::Gauge);
    let format = match panel.kind {
        Kind::Table => "table",
        Kind::Heatmap => "heatmap",
        _ => "time_series",
    };
    json!({
        "refId": letter.to_string(),
        "datasource": datasource(),
        "expr": query.expr,
        "legendFormat": query.legend.as_deref().unwrap_or("__auto"),
        "editorMode": "code",
        "format": format,
        "instant": is_now,
        "range": !is_now,
        "exemplar": query.exemplars,
    })
}

fn fields(panel: &Panel) -> Value {
    let unit = unit(&panel.unit).map_or("short", |unit| unit.grafana);
    // Without steps of its own a panel turns red at 80, whatever it shows.
    let plain = json!({"mode": "absolute", "steps": [{"color": "green", "value": null}]});
    let mut fields = json!({"unit": unit, "custom": custom(panel), "thresholds": plain});
    let Some(map) = fields.as_object_mut() else { return fields };
    if let Some((min, max)) = panel.range {
        map.insert("min".to_owned(), json!(min));
        map.insert("max".to_owned(), json!(max));
    } else if panel.kind == Kind::Timeseries {
        map.insert("min".to_owned(), json!(0));
    }
    if !panel.states.is_empty() {
        let colours = COLOURS.iter().cycle();
        let state = |((value, word), colour): ((&u32, &String), &&str)| {
            (value.to_string(), json!({"text": word, "color": colour, "index": value}))
        };
        let states: serde_json::Map<String, Value> = panel.states.iter().zip(colours).map(state).collect();
        map.insert("mappings".to_owned(), json!([{"type": "value", "options": states}]));
    }
    fields
}

fn custom(panel: &Panel) -> Value {
    match panel.kind {
        Kind::Timeseries => json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": if panel.stack { 30 } else { 10 }, "showPoints": "auto",
            "stacking": {"mode": if panel.stack { "normal" } else { "none" }, "group": "A"},
        }),
        Kind::States => json!({"lineWidth": 0, "fillOpacity": 70}),
        Kind::Table => json!({"align": "auto", "filterable": true}),
        Kind::Stat | Kind::Gauge | Kind::Heatmap => json!({}),
    }
}

fn options(panel: &Panel) -> Value {
    let reduce = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
    let tooltip = json!({"mode": "multi", "sort": "desc"});
    let legend = json!({"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []});
    match panel.kind {
        Kind::Timeseries => json!({"legend": legend, "tooltip": tooltip}),
        Kind::Stat => json!({"reduceOptions": reduce, "orientation": "auto", "textMode": "auto", "colorMode": "none",
                             "graphMode": "none", "justifyMode": "auto"}),
        Kind::Gauge => json!({"reduceOptions": reduce, "orientation": "auto", "showThresholdLabels": false,
                              "showThresholdMarkers": false}),
        Kind::Table => json!({"showHeader": true, "cellHeight": "sm"}),
        Kind::Heatmap => json!({
            "calculate": false, "cellGap": 1, "yAxis": {"unit": unit(&panel.unit).map_or("short", |unit| unit.grafana)},
            "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "exponent": 0.5, "fill": "dark-blue", "reverse": false},
            "exemplars": {"color": "orange"}, "legend": {"show": true}, "tooltip": {"mode": "single", "yHistogram": false},
        }),
        Kind::States => json!({"legend": legend, "tooltip": tooltip, "mergeValues": true, "showValue": "auto", "rowHeight": 0.9,
                               "alignValue": "left"}),
    }
}

/// Rows of one table: labels under their headings, values last, nothing else.
fn transformations(panel: &Panel) -> Value {
    let values = panel.lettered().map(|(letter, query)| {
        let field = if panel.queries.len() == 1 { "Value".to_owned() } else { format!("Value #{letter}") };
        (field, query.value.clone().unwrap_or_default())
    });
    let columns = panel.columns.iter().map(|column| (column.label.clone(), column.title.clone()));
    let all: Vec<(String, String)> = columns.chain(values).collect();
    let renamed: serde_json::Map<String, Value> = all.iter().map(|(field, title)| (field.clone(), json!(title))).collect();
    let order: serde_json::Map<String, Value> = (0_u32..).zip(&all).map(|(at, (field, _))| (field.clone(), json!(at))).collect();
    json!([
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": true}, "indexByName": order, "renameByName": renamed}},
    ])
}
