//! How to undo a decision: a line of kubectl that can be pasted, or the file to edit.
//! Removes as little as it can: the rule where a view has others, else the view.

use super::{Home, words::quoted};
use crate::{
    fault::Place,
    view::{
        plan::RuleRef,
        spec::{CLUSTER_VIEW, Reach, View},
    },
};
use serde_json::json;

/// What takes back what `by` says.
pub(super) fn undo(by: &RuleRef, view: Option<&View>, home: Home) -> String {
    match home {
        Home::Files => in_file(by, view),
        Home::Cluster => in_cluster(by, view),
    }
}

fn in_file(by: &RuleRef, view: Option<&View>) -> String {
    let what = if by.rule.is_empty() { "the baseline".to_owned() } else { format!("rule {}", by.rule) };
    match view.map(|view| &view.place) {
        Some(place @ (Place::Text { .. } | Place::File(_))) => format!("edit {place}: remove {what} of view {}", by.view),
        _ => format!("remove {what} of view {}", by.view),
    }
}

fn in_cluster(by: &RuleRef, view: Option<&View>) -> String {
    let (short, scope) = match &*by.kind {
        CLUSTER_VIEW => ("ctview", String::new()),
        _ => ("tview", format!(" -n {}", by.namespace)),
    };
    let delete = format!("kubectl{scope} delete {short} {}", by.view);
    let Some(view) = view else { return delete };
    let body = match view.reach {
        Reach::Namespace => "",
        Reach::Cluster { overrides: true, .. } => "/overrides",
        Reach::Cluster { overrides: false, .. } => "/defaults",
    };
    let patch = |operations: serde_json::Value| {
        format!("kubectl{scope} patch {short} {} --type=json -p {}", by.view, quoted(&operations.to_string()))
    };
    let says = view.metrics.len().saturating_add(view.traces.len());
    let bare = view.baseline == crate::view::spec::Baseline::Inherit;
    if by.rule.is_empty() {
        let path = format!("/spec{body}/baseline");
        return if says == 0 { delete } else { patch(json!([{"op": "replace", "path": path, "value": "Inherit"}])) };
    }
    let metric = view.metrics.iter().position(|rule| rule.name == by.rule).map(|at| ("metrics", at));
    let trace = view.traces.iter().position(|rule| rule.name == by.rule).map(|at| ("traces", at));
    match metric.or(trace) {
        Some((list, at)) if says > 1 || !bare => {
            let path = format!("/spec{body}/{list}/{at}");
            patch(json!([
                {"op": "test", "path": format!("{path}/name"), "value": by.rule},
                {"op": "remove", "path": path},
            ]))
        }
        _ => delete,
    }
}
