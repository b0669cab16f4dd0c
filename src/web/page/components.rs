//! `/components`: who sends, and of each what it sends and which plan it follows.
//! Shows what its JSON twins answer; counts nothing.

use super::{Asked, Frame, Sieve, filter, html, not_found, show};
use crate::web::{
    Sources,
    model::objects::{Component, ComponentDetail, SentInstrument},
    overview::link,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "components.html", config = "src/web/page/askama.toml")]
struct List {
    frame: Frame,
    sieve: Sieve,
    components: Vec<Component>,
}

#[derive(Template)]
#[template(path = "component.html", config = "src/web/page/askama.toml")]
struct One {
    frame: Frame,
    sieve: Sieve,
    detail: ComponentDetail,
    plan: String,
}

/// The list and its items.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new()
        .route("/components", get(list))
        .route("/components/{namespace}/{name}", get(one))
        .with_state(Arc::clone(sources))
}

async fn list(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<Component>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let part = filter.apply((sources.components)());
    let twin = format!("/api/v1/components{}", filter.query(filter.after));
    let frame = Frame::new(&sources, "/components", "Components", twin).with_cli("pointsman get components");
    html(&List { frame, sieve: Sieve::of("/components", &filter, &part), components: part.items })
}

async fn one(State(sources): State<Arc<Sources>>, Path((namespace, name)): Path<(String, String)>, asked: Asked) -> Response {
    let filter = match filter::<SentInstrument>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let Some(mut detail) = (sources.component)(&namespace, &name) else {
        return not_found("component", &format!("{namespace}/{name}"));
    };
    let part = filter.apply(std::mem::take(&mut detail.instruments));
    let path = link(&["components", &namespace, &name]);
    let twin = format!("/api/v1{path}{}", filter.query(filter.after));
    let title = format!("{namespace}/{name}");
    let frame = Frame::new(&sources, "/components", &title, twin).with_cli(format!("pointsman get component {name}"));
    let sieve = Sieve::of(&path, &filter, &part);
    detail.instruments = part.items;
    let plan = serde_json::to_string_pretty(&detail.plan).unwrap_or_default();
    html(&One { frame, sieve, detail, plan })
}
