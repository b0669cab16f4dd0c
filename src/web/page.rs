//! The status page: screens that the server renders whole, from the same values as their JSON twins.
//! Knows no engine; reads [`Sources`], and writes nothing that a browser would run.

mod assets;
mod catalog;
mod components;
mod cost;
mod documents;
mod fleet;
mod flow;
mod front;
mod health;
mod show;
mod tell;
#[cfg(test)]
mod tests;
mod traces;
mod views;

use super::{
    Sources,
    ask::{Filter, Listed, Part, Words},
    select::Found,
};
use askama::Template;
use axum::{
    Router,
    extract::{Query, rejection::QueryRejection},
    response::{Html, IntoResponse, Response},
};
use http::StatusCode;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    view::time::format_time,
};
use std::{collections::BTreeMap, sync::Arc};

/// Screens by path, in the order in which they are offered.
const SCREENS: [(&str, &str); 10] = [
    ("/", "Overview"),
    ("/fleet", "Fleet"),
    ("/catalog", "Catalogue"),
    ("/components", "Components"),
    ("/views", "Views"),
    ("/flow", "Flow"),
    ("/cost", "Cost"),
    ("/traces", "Traces"),
    ("/health", "Health"),
    ("/docs", "Docs"),
];

/// A query, read or not.
type Asked = Result<Query<Words>, QueryRejection>;

/// Every page, and what they look like.
pub fn router(sources: &Arc<Sources>) -> Router {
    Router::new()
        .merge(assets::router())
        .merge(front::router(sources))
        .merge(catalog::router(sources))
        .merge(components::router(sources))
        .merge(views::router(sources))
        .merge(fleet::router(sources))
        .merge(cost::router(sources))
        .merge(flow::router(sources))
        .merge(traces::router(sources))
        .merge(health::router(sources))
        .merge(documents::router())
}

/// What is around every screen.
#[derive(Clone, Debug, Default)]
struct Frame {
    /// What the screen is called.
    title: String,
    /// The screen among [`SCREENS`] that it belongs to.
    here: &'static str,
    /// The moment of the data, RFC 3339; empty where there is none.
    at: String,
    /// The path and query that answer the same as JSON; empty where nothing does.
    twin: String,
    /// The command that prints the same; empty where none does.
    cli: String,
}

impl Frame {
    /// A screen that shows what is true now, and which path of the API does.
    fn new(sources: &Sources, here: &'static str, title: &str, twin: String) -> Self {
        Self { title: title.to_owned(), here, at: format_time((sources.now)()), twin, cli: String::new() }
    }

    fn with_cli(mut self, cli: impl Into<String>) -> Self {
        self.cli = cli.into();
        self
    }

    fn screens(&self) -> [(&'static str, &'static str); SCREENS.len()] {
        SCREENS
    }
}

/// The form over a list, filled with what was asked, and what was found.
#[derive(Clone, Debug, Default)]
struct Sieve {
    path: String,
    filter: Filter,
    states: &'static [&'static str],
    sorts: &'static [&'static str],
    has_component: bool,
    shown: usize,
    all: usize,
    next: Option<String>,
}

impl Sieve {
    fn of<T: Listed>(path: &str, filter: &Filter, part: &Part<T>) -> Self {
        let next = part.next.map(|next| format!("{path}{}", filter.query(next)));
        let (shown, all) = (part.items.len(), part.all);
        let (path, filter, has_component) = (path.to_owned(), filter.clone(), false);
        Self { path, filter, states: T::STATES, sorts: T::SORTS, has_component, shown, all, next }
    }

    /// Over the rows that a screen is about, of which this was found.
    fn over<T: Listed>(path: &str, filter: &Filter, found: Found) -> Self {
        let Found { shown, all, next } = found;
        let next = next.map(|next| format!("{path}{}", filter.query(next)));
        let (path, filter, has_component) = (path.to_owned(), filter.clone(), false);
        Self { path, filter, states: T::STATES, sorts: T::SORTS, has_component, shown, all, next }
    }

    fn with_component(self) -> Self {
        Self { has_component: true, ..self }
    }

    fn left(&self) -> usize {
        self.all.saturating_sub(self.shown).saturating_sub(self.filter.after)
    }
}

/// Reads what is asked of a list; the error is the page that says what is wrong.
fn filter<T: Listed>(asked: Asked) -> Result<Filter, Box<Response>> {
    let words = words(asked)?;
    Filter::read::<T>(&words).map_err(|faults| Box::new(refused(StatusCode::BAD_REQUEST, &faults)))
}

fn words(asked: Asked) -> Result<Words, Box<Response>> {
    asked.map(|Query(words)| words).map_err(|error| {
        let fault = Fault::new(Code::BadSetting, Place::Nowhere, &["query", "the address", &error.body_text()]);
        Box::new(refused(StatusCode::BAD_REQUEST, &[fault.with_hint("write it as ?key=value&key=value")]))
    })
}

/// A text as a value of a query.
fn word(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A template as an answer.
fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        // A template writes into memory: nothing of what it shows can make it fail.
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("the page cannot be rendered: {error}\n")).into_response(),
    }
}

#[derive(Template)]
#[template(path = "refused.html", config = "src/web/page/askama.toml")]
struct Refused<'a> {
    frame: Frame,
    faults: Vec<(String, &'a str, &'a str)>,
}

/// The page that says why there is no other.
fn refused(status: StatusCode, faults: &[Fault]) -> Response {
    let title = if status == StatusCode::NOT_FOUND { "Not there" } else { "Not understood" };
    let frame = Frame { title: title.to_owned(), ..Frame::default() };
    let faults = faults.iter().map(|fault| (fault.code.id(), &*fault.message, fault.fix())).collect();
    (status, html(&Refused { frame, faults })).into_response()
}

/// The page that says that there is nothing of this name.
fn not_found(sort: &str, name: &str) -> Response {
    let cut = name.get(..name.floor_char_boundary(pointsman_core::limits::ECHO_BYTES_MAX)).unwrap_or_default();
    let fault = Fault::new(Code::UnknownSetting, Place::Nowhere, &[sort, cut]);
    refused(StatusCode::NOT_FOUND, &[fault.with_hint("take one that a list names")])
}

/// Pairs of a name and a number, those that are not 0 first, for small tables.
fn counted<K: AsRef<str>>(counts: &BTreeMap<K, u64>) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> = counts.iter().map(|(name, n)| (name.as_ref(), *n)).collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    all
}
