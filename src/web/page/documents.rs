//! `/errors/PMnnnn` and `/docs/…`: the page of a code, and every document, from the text that is compiled in.
//! Knows no page but by its code or path; HTML in a text is text.

use super::{Frame, html, not_found};
use crate::docs;
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
    Router::new().route("/errors/{code}", get(error)).route("/docs", get(list)).route("/docs/{*path}", get(one))
}

async fn error(Path(id): Path<String>) -> Response {
    let Some(code) = Code::parse(&id) else { return not_found("code", &id) };
    let frame = Frame { title: id.clone(), cli: format!("pointsman explain {id}"), ..Frame::default() };
    html(&Document { frame, html: rendered(pages::page(code)) })
}

/// Every page by its folder.
async fn list() -> Response {
    let mut text = String::new();
    let mut last = None;
    for page in docs::pages() {
        let folder = page.path.split_once('/').map_or("", |(folder, _)| folder);
        if last != Some(folder) {
            text.push_str(if last.is_some() { "</ul>" } else { "" });
            text.push_str(&format!("<h2>{}</h2><ul>", if folder.is_empty() { "more" } else { folder }));
            last = Some(folder);
        }
        // Ours, but a title may have any letter.
        let mut title = String::new();
        pulldown_cmark::html::push_html(&mut title, std::iter::once(Event::Text(page.title.into())));
        text.push_str(&format!("<li><a href=\"/docs/{}\">{title}</a></li>", page.path));
    }
    text.push_str("</ul>");
    let frame = Frame { title: "Documents".to_owned(), here: "/docs", cli: "pointsman docs".to_owned(), ..Frame::default() };
    html(&Document { frame, html: text })
}

async fn one(Path(path): Path<String>) -> Response {
    let Some(page) = docs::page(&path) else { return not_found("page", &path) };
    let cli = format!("pointsman docs {}", page.path);
    let frame = Frame { title: page.title.to_owned(), here: "/docs", cli, ..Frame::default() };
    // The frame shows the title.
    let shown = docs::html(page);
    let body = shown.split_once("</h1>\n").map_or(shown.as_str(), |(_, body)| body).to_owned();
    html(&Document { frame, html: body })
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
