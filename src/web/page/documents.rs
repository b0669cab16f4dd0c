//! `/errors/PMnnnn`: the page of a code, from the text that is compiled in.
//! Knows no page but by its code; HTML in a text is text.

use super::{Frame, html, not_found};
use askama::Template;
use axum::{Router, extract::Path, response::Response, routing::get};
use pointsman_core::fault::{code::Code, pages};
use pulldown_cmark::{Event, Options, Parser};

#[derive(Template)]
#[template(path = "document.html", config = "src/web/page/askama.toml")]
struct Document {
    frame: Frame,
    html: String,
}

/// The pages of the codes.
pub(super) fn router() -> Router {
    Router::new().route("/errors/{code}", get(error))
}

async fn error(Path(id): Path<String>) -> Response {
    let Some(code) = Code::parse(&id) else { return not_found("code", &id) };
    let frame = Frame { title: id.clone(), cli: format!("pointsman explain {id}"), ..Frame::default() };
    html(&Document { frame, html: rendered(pages::page(code)) })
}

/// Markdown as HTML. HTML in it is text, as everywhere.
pub(super) fn rendered(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}
