//! `/catalog`: every instrument that is declared or sent, and of each why it is as it is, as `pointsman explain` says it.
//! Gathers nothing itself; what is said of an instrument is said by the core.

use super::{Asked, Frame, Sieve, filter, html, refused, words};
use crate::web::{Sources, model::objects::Catalogued, overview::link};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use http::StatusCode;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits::VIEW_TEXT_BYTES_MAX,
    view::verdict::{answer::Explained, render},
};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "catalog.html", config = "src/web/page/askama.toml")]
struct List {
    frame: Frame,
    sieve: Sieve,
    instruments: Vec<Catalogued>,
}

#[derive(Template)]
#[template(path = "instrument.html", config = "src/web/page/askama.toml")]
struct One {
    frame: Frame,
    items: Vec<Explained>,
    is_cut: bool,
}

/// The list and its items.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/catalog", get(list)).route("/catalog/{name}", get(one)).with_state(Arc::clone(sources))
}

async fn list(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<Catalogued>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let part = filter.apply((sources.catalog)());
    let twin = format!("/api/v1/catalog{}", filter.query(filter.after));
    let frame = Frame::new(&sources, "/catalog", "Catalogue", twin).with_cli("pointsman catalog");
    let sieve = Sieve::of("/catalog", &filter, &part).with_component();
    html(&List { frame, sieve, instruments: part.items })
}

async fn one(State(sources): State<Arc<Sources>>, Path(name): Path<String>, asked: Asked) -> Response {
    let words = match words(asked) {
        Ok(words) => words,
        Err(answer) => return *answer,
    };
    if name.len() > VIEW_TEXT_BYTES_MAX {
        let length = format!("has {} bytes, at most {VIEW_TEXT_BYTES_MAX}", name.len());
        let fault = Fault::new(Code::BadSetting, Place::Nowhere, &["name", "the path", &length]);
        return refused(StatusCode::BAD_REQUEST, &[fault.with_hint("name one instrument")]);
    }
    let component = words.get("component").map(String::as_str);
    let said = (sources.explain)(&name, component);
    let query = component
        .map(|name| format!("?{}", form_urlencoded::Serializer::new(String::new()).append_pair("component", name).finish()));
    let twin = format!("/api/v1{}{}", link(&["catalog", &name]), query.unwrap_or_default());
    let cli = match component {
        Some(component) => format!("pointsman explain {} --component {}", quoted(&name), quoted(component)),
        None => format!("pointsman explain {}", quoted(&name)),
    };
    let frame = Frame::new(&sources, "/catalog", &name, twin).with_cli(cli);
    html(&One { frame, items: said.items, is_cut: said.truncated })
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-/:".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
