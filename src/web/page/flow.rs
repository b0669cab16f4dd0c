//! `/flow`: where points and spans come from, where they go, and each thing that did not go on with its reason.
//! Shows what its JSON twin says; counts nothing.

use super::{Asked, Frame, Sieve, filter, html, show, tell, word};
use crate::web::{
    Sources,
    model::{Backend, Flow, screens::Inflow},
    select,
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "flow.html", config = "src/web/page/askama.toml")]
struct Page {
    frame: Frame,
    sieve: Sieve,
    flow: Flow,
    backends: Vec<Backend>,
    /// Points a minute of who sends most, for the width of bars.
    most: f64,
    filtered: bool,
}

/// The screen.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/flow", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<Inflow>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let (flow, found) = select::flow((sources.flow)(), &filter);
    let frame = Frame::new(&sources, "/flow", "Flow", format!("/api/v1/flow{}", filter.query(filter.after)));
    let sieve = Sieve::over::<Inflow>("/flow", &filter, found).with_component();
    let most = flow.inflows.iter().map(|inflow| inflow.points_per_minute).fold(0.0, f64::max);
    let (backends, filtered) = ((sources.traces)().backends, !filter.query(0).is_empty());
    html(&Page { frame, sieve, flow, backends, most, filtered })
}

#[cfg(test)]
mod tests;
