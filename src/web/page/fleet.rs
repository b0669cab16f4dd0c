//! `/fleet`: pools, nodes with the phases they are in, usual times, and what stands in the way.
//! Shows what its JSON twin says; knows no metric.

use super::{Asked, Frame, Sieve, filter, html, tell, word};
use crate::web::{
    Sources,
    model::screens::{Fleet, Node},
    select,
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use std::{collections::BTreeSet, sync::Arc};

#[derive(Template)]
#[template(path = "fleet.html", config = "src/web/page/askama.toml")]
struct Page {
    frame: Frame,
    sieve: Sieve,
    /// Phases that a node is in, or that some pool knows, in the order of an update.
    columns: Vec<String>,
    matrix: Vec<Row>,
    fleet: Fleet,
}

/// A node that is updated.
struct Row {
    node: String,
    cells: Vec<Cell>,
}

/// A phase of it; empty where it is not in it.
#[derive(Default)]
struct Cell {
    text: String,
    is_late: bool,
}

/// The screen.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/fleet", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<Node>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let (fleet, found) = select::fleet(&(sources.fleet)(), &filter);
    let frame = Frame::new(&sources, "/fleet", "Fleet", format!("/api/v1/fleet{}", filter.query(filter.after)));
    let sieve = Sieve::over::<Node>("/fleet", &filter, found);
    let columns = columns(&fleet);
    let matrix = fleet.nodes.iter().filter(|node| !node.phases.is_empty()).map(|node| row(node, &columns)).collect();
    html(&Page { frame, sieve, columns, matrix, fleet })
}

/// None while nothing is updated.
fn columns(fleet: &Fleet) -> Vec<String> {
    let running: BTreeSet<&str> = fleet.nodes.iter().flat_map(|node| &node.phases).map(|phase| phase.name.as_str()).collect();
    if running.is_empty() {
        return Vec::new();
    }
    // Usual times stand in the order of an update; what is not among them yet comes behind.
    let mut columns: Vec<String> = Vec::new();
    for name in fleet.usual.iter().map(|usual| usual.phase.as_str()).chain(running) {
        if !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    }
    columns
}

fn row(node: &Node, columns: &[String]) -> Row {
    let cell = |column: &String| {
        let Some(phase) = node.phases.iter().find(|phase| phase.name == *column) else { return Cell::default() };
        let is_late = phase.seconds.zip(phase.usual_seconds).is_some_and(|(seconds, usual)| seconds > usual * 3.0);
        let usual = phase.usual_seconds.map_or_else(String::new, |usual| format!(" (usual {})", tell::took(&usual)));
        let text = phase.seconds.map_or_else(|| format!("now{usual}"), |seconds| format!("{}{usual}", tell::took(&seconds)));
        Cell { text, is_late }
    };
    Row { node: node.name.clone(), cells: columns.iter().map(cell).collect() }
}

#[cfg(test)]
mod tests;
