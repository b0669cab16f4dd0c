//! `/cost`: what metrics cost by component and instrument, and for one component by attribute.
//! Shows what its JSON twin says; counts nothing.

use super::{Asked, Frame, Sieve, filter, html, show, tell, word};
use crate::web::{
    Sources, cost_of,
    model::screens::{Cost, CostOfInstrument},
    overview::link,
    select,
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use pointsman_core::view::verdict::words::quoted;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "cost.html", config = "src/web/page/askama.toml")]
struct Page {
    frame: Frame,
    sieve: Sieve,
    cost: Cost,
    /// Whether one component was meant.
    with_attributes: bool,
    filtered: bool,
}

/// The screen.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/cost", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<CostOfInstrument>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let all = cost_of(&sources, &filter);
    let with_attributes = select::component(&all, &filter).is_some();
    let (cost, found) = select::cost(&all, &filter);
    let twin = format!("/api/v1/cost{}", filter.query(filter.after));
    let frame = Frame::new(&sources, "/cost", "Cost", twin).with_cli(cli(&cost, with_attributes));
    let sieve = Sieve::over::<CostOfInstrument>("/cost", &filter, found).with_component();
    let filtered = !filter.query(0).is_empty();
    html(&Page { frame, sieve, cost, with_attributes, filtered })
}

/// The dearest instrument of one component is explained with its attributes; else there is the list of components.
fn cli(cost: &Cost, with_attributes: bool) -> String {
    match cost.instruments.first().filter(|_| with_attributes) {
        Some(one) => format!("pointsman explain {} --component {}", quoted(&one.name), quoted(&one.component)),
        None => "pointsman get components".to_owned(),
    }
}

#[cfg(test)]
mod tests;
