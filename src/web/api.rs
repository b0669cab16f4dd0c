//! `/api/v1/…`: one document per path, lists cut at a cap that says so, errors as faults.
//! Gathers nothing itself: every value comes from a closure.

use super::{
    Sources,
    ask::{Filter, Listed, Part, Words},
    model::{
        objects::{LeftQuery, SentInstrument},
        screens::{CostOfInstrument, Inflow, Loop, Node},
    },
    overview, select,
};
use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::QueryRejection},
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
use std::{collections::BTreeSet, sync::Arc};

/// The version of the form.
const VERSION: u32 = 1;

type Api = State<Arc<Sources>>;
/// What stands behind the question mark.
type Asked = Result<Query<Words>, QueryRejection>;

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
        .route("/api/v1/overview", get(async |State(s): Api| one(&s, overview::front(&s, &(s.components)()))))
        .route("/api/v1/components", get(async |State(s): Api, q: Asked| many(&s, (s.components)(), q)))
        .route("/api/v1/components/{namespace}/{name}", get(component))
        .route("/api/v1/views", get(async |State(s): Api, q: Asked| many(&s, (s.views)(), q)))
        .route("/api/v1/views/{namespace}/{name}", get(view))
        .route("/api/v1/catalog", get(async |State(s): Api, q: Asked| many(&s, (s.catalog)(), q)))
        .route("/api/v1/catalog/{name}", get(explained))
        .route("/api/v1/consumers", get(async |State(s): Api, q: Asked| many(&s, (s.consumers)(), q)))
        .route("/api/v1/fleet", get(fleet))
        .route("/api/v1/cost", get(cost))
        .route("/api/v1/flow", get(flow))
        .route("/api/v1/traces", get(traces))
        .route("/api/v1/health", get(async |State(s): Api| one(&s, (s.health)())))
        .route("/api/v1/faults", get(async |State(s): Api, q: Asked| many(&s, (s.faults)(), q)))
        .with_state(Arc::clone(sources))
}

/// The answer to a path that is none.
pub async fn unknown(uri: http::Uri) -> Response {
    not_found("path", uri.path())
}

/// A component with what it sends; with `?metric=`, how many attribute sets of it are left when only some keys stay.
async fn component(State(s): Api, Path((namespace, name)): Path<(String, String)>, asked: Asked) -> Response {
    let asked = match words(asked) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    if let Some(metric) = asked.get("metric") {
        let query = left_query(namespace.clone(), name.clone(), metric, &asked);
        return match (s.left)(&query) {
            Some(left) => one(&s, left),
            None => not_found("component", &format!("{namespace}/{name}")),
        };
    }
    let filter = match read::<SentInstrument>(&asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    match (s.component)(&namespace, &name) {
        Some(mut found) => {
            let part = filter.apply(std::mem::take(&mut found.instruments));
            (found.instruments, found.instruments_truncated) = (part.items, part.next.is_some());
            one(&s, found)
        }
        None => not_found("component", &format!("{namespace}/{name}")),
    }
}

fn left_query(namespace: String, component: String, metric: &str, asked: &Words) -> LeftQuery {
    let text = |key: &str| asked.get(key).cloned().unwrap_or_default();
    let keys = |key: &str| {
        let list = asked.get(key)?.split(',').filter(|key| !key.is_empty());
        Some(list.take(limits::ATTRIBUTES_MAX).map(str::to_owned).collect::<BTreeSet<String>>())
    };
    let (keep, drop) = (keys("keep"), keys("drop").unwrap_or_default());
    LeftQuery { namespace, component, metric: metric.to_owned(), scope: text("scope"), kind: text("kind"), keep, drop }
}

async fn fleet(State(s): Api, asked: Asked) -> Response {
    match filter::<Node>(asked) {
        Ok(filter) => one(&s, select::fleet(&(s.fleet)(), &filter).0),
        Err(answer) => *answer,
    }
}

/// With `?component=` of that one, with what attributes of its dearest instruments cost.
async fn cost(State(s): Api, asked: Asked) -> Response {
    match filter::<CostOfInstrument>(asked) {
        Ok(filter) => one(&s, select::cost(&super::cost_of(&s, &filter), &filter).0),
        Err(answer) => *answer,
    }
}

async fn flow(State(s): Api, asked: Asked) -> Response {
    match filter::<Inflow>(asked) {
        Ok(filter) => one(&s, select::flow((s.flow)(), &filter).0),
        Err(answer) => *answer,
    }
}

async fn traces(State(s): Api, asked: Asked) -> Response {
    match filter::<Loop>(asked) {
        Ok(filter) => one(&s, select::traces((s.traces)(), &filter).0),
        Err(answer) => *answer,
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

/// Why an instrument, or spans of a name, are on, off or missing: a name that nobody has is an answer, too.
async fn explained(State(s): Api, Path(name): Path<String>, asked: Asked) -> Response {
    let asked = match words(asked) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    if name.len() > limits::VIEW_TEXT_BYTES_MAX {
        let length = format!("has {} bytes, at most {}", name.len(), limits::VIEW_TEXT_BYTES_MAX);
        return bad_request("name", "the path", &length, "name one instrument");
    }
    let explanations = (s.explain)(&name, asked.get("component").map(String::as_str));
    let at = format_time((s.now)());
    Json(Many { version: VERSION, at, items: explanations.items, truncated: explanations.truncated }).into_response()
}

fn one<T: Serialize>(sources: &Sources, item: T) -> Response {
    Json(One { version: VERSION, at: format_time((sources.now)()), item, truncated: false }).into_response()
}

/// A list from `?after=N` on, where it was cut before.
fn many<T: Serialize + Listed>(sources: &Sources, items: Vec<T>, asked: Asked) -> Response {
    let filter = match filter::<T>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let Part { items, next, .. } = filter.apply(items);
    Json(Many { version: VERSION, at: format_time((sources.now)()), items, truncated: next.is_some() }).into_response()
}

/// What is asked of a list.
fn filter<T: Listed>(asked: Asked) -> Result<Filter, Box<Response>> {
    read::<T>(&words(asked)?)
}

fn read<T: Listed>(asked: &Words) -> Result<Filter, Box<Response>> {
    Filter::read::<T>(asked).map_err(|faults| Box::new(refuse_all(StatusCode::BAD_REQUEST, &faults)))
}

fn words(asked: Asked) -> Result<Words, Box<Response>> {
    asked
        .map(|Query(asked)| asked)
        .map_err(|error| Box::new(bad_request("query", "the address", &error.body_text(), "write it as ?key=value&key=value")))
}

fn not_found(sort: &str, name: &str) -> Response {
    let fault = Fault::new(Code::UnknownSetting, Place::Nowhere, &[sort, echo(name)]);
    refuse(StatusCode::NOT_FOUND, &fault.with_hint("take one that / or a list names"))
}

fn bad_request(key: &str, from: &str, what: &str, hint: &str) -> Response {
    refuse(StatusCode::BAD_REQUEST, &Fault::new(Code::BadSetting, Place::Nowhere, &[key, from, echo(what)]).with_hint(hint))
}

fn echo(text: &str) -> &str {
    text.get(..text.floor_char_boundary(limits::ECHO_BYTES_MAX)).unwrap_or_default()
}

fn refuse(status: StatusCode, fault: &Fault) -> Response {
    refuse_all(status, std::slice::from_ref(fault))
}

/// The first of them is `fault`; where there are more, all are `faults`.
fn refuse_all(status: StatusCode, faults: &[Fault]) -> Response {
    let told = |fault: &Fault| json!({ "code": fault.code.id(), "message": fault.message, "fix": fault.fix() });
    let mut body = json!({ "version": VERSION, "fault": faults.first().map(told) });
    if let (Some(fields), true) = (body.as_object_mut(), faults.len() > 1) {
        fields.insert("faults".to_owned(), faults.iter().map(told).collect());
    }
    (status, Json(body)).into_response()
}
