//! `/api/v1/…`: one document per path, lists cut at a cap that says so, errors as faults.
//! Gathers nothing itself: every value comes from a closure.

use super::Sources;
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
    view::time::format_time,
};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// The version of the form.
const VERSION: u32 = 1;

type Api = State<Arc<Sources>>;

/// One value.
#[derive(Serialize)]
struct One<T> {
    version: u32,
    at: String,
    item: T,
    truncated: bool,
}

/// A list of them.
#[derive(Serialize)]
struct Many<T> {
    version: u32,
    at: String,
    items: Vec<T>,
    truncated: bool,
}

/// The paths.
pub fn router(sources: &Arc<Sources>) -> Router {
    Router::new()
        .route("/api/v1/overview", get(async |State(s): Api| one(&s, (s.overview)())))
        .route("/api/v1/components", get(async |State(s): Api| many(&s, (s.components)())))
        .route("/api/v1/components/{namespace}/{name}", get(component))
        .route("/api/v1/views", get(async |State(s): Api| many(&s, (s.views)())))
        .route("/api/v1/views/{namespace}/{name}", get(view))
        .route("/api/v1/catalog", get(async |State(s): Api| many(&s, (s.catalog)())))
        .route("/api/v1/catalog/{name}", get(catalogued))
        .route("/api/v1/flow", get(async |State(s): Api| one(&s, (s.flow)())))
        .route("/api/v1/traces", get(async |State(s): Api| one(&s, (s.traces)())))
        .route("/api/v1/health", get(async |State(s): Api| one(&s, (s.health)())))
        .route("/api/v1/faults", get(async |State(s): Api| many(&s, (s.faults)())))
        .with_state(Arc::clone(sources))
}

/// The answer to a path that is none.
pub async fn unknown(uri: http::Uri) -> Response {
    not_found("path", uri.path())
}

async fn component(State(s): Api, Path((namespace, name)): Path<(String, String)>) -> Response {
    match (s.component)(&namespace, &name) {
        Some(found) => one(&s, found),
        None => not_found("component", &format!("{namespace}/{name}")),
    }
}

/// A cluster view has no namespace; `-` stands for it in the path.
async fn view(State(s): Api, Path((namespace, name)): Path<(String, String)>) -> Response {
    let namespace = if namespace == "-" { String::new() } else { namespace };
    match (s.views)().into_iter().find(|view| view.namespace == namespace && view.name == name) {
        Some(found) => one(&s, found),
        None => not_found("view", &format!("{namespace}/{name}")),
    }
}

async fn catalogued(State(s): Api, Path(name): Path<String>) -> Response {
    let found: Vec<_> = (s.catalog)().into_iter().filter(|instrument| instrument.name == name).collect();
    if found.is_empty() { not_found("instrument", &name) } else { many(&s, found) }
}

fn one<T: Serialize>(sources: &Sources, item: T) -> Response {
    Json(One { version: VERSION, at: format_time((sources.now)()), item, truncated: false }).into_response()
}

fn many<T: Serialize>(sources: &Sources, mut items: Vec<T>) -> Response {
    let truncated = items.len() > limits::API_ITEMS_MAX;
    items.truncate(limits::API_ITEMS_MAX);
    Json(Many { version: VERSION, at: format_time((sources.now)()), items, truncated }).into_response()
}

fn not_found(sort: &str, name: &str) -> Response {
    let name = name.get(..name.floor_char_boundary(limits::ECHO_BYTES_MAX)).unwrap_or_default();
    let fault = Fault::new(Code::UnknownSetting, Place::Nowhere, &[sort, name]).with_hint("take one that / or a list names");
    let body = json!({ "version": VERSION, "fault": { "code": fault.code.id(), "message": fault.message, "fix": fault.fix() } });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}
