//! `/`: what needs somebody, what changed, and the components.
//! What needs somebody is decided in `overview`; here it is laid out.

use super::{Frame, html, show};
use crate::web::{
    Sources,
    model::objects::Component,
    overview::{Front, Severity, front, link},
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use std::{cmp::Reverse, sync::Arc};

/// Components that are shown here; the list has all.
const COMPONENTS_MAX: usize = 25;

#[derive(Template)]
#[template(path = "front.html", config = "src/web/page/askama.toml")]
struct Page {
    frame: Frame,
    front: Front,
    components: Vec<Component>,
    components_more: usize,
}

/// The first page.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>) -> Response {
    let mut components = (sources.components)();
    let front = front(&sources, &components);
    components.sort_by_key(|component| Reverse(component.series));
    let components_more = components.len().saturating_sub(COMPONENTS_MAX);
    components.truncate(COMPONENTS_MAX);
    let frame = Frame::new(&sources, "/", "Overview", "/api/v1/overview".to_owned()).with_cli("pointsman get components");
    html(&Page { frame, front, components, components_more })
}
