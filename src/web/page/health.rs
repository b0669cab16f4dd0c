//! `/health`: queues, memory, limits, certificates, and what the last errors were.
//! Shows what its JSON twins answer; measures nothing.

use super::{Frame, counted, html, show};
use crate::web::{
    Sources,
    model::{Fault, Health, Overview, Traces},
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "health.html", config = "src/web/page/askama.toml")]
struct Page {
    frame: Frame,
    overview: Overview,
    health: Health,
    traces: Traces,
    faults: Vec<Fault>,
}

/// The screen.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/health", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>) -> Response {
    let frame = Frame::new(&sources, "/health", "Health", "/api/v1/health".to_owned());
    let (overview, health, traces) = ((sources.overview)(), (sources.health)(), (sources.traces)());
    html(&Page { frame, overview, health, traces, faults: (sources.faults)() })
}

/// What a fault says under one of its keys.
fn said<'a>(fault: &'a Fault, key: &str) -> &'a str {
    fault[key].as_str().unwrap_or_default()
}
