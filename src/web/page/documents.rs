//! `/errors/PMnnnn` and `/docs/…`: the page of a code, and every document, from the text that is compiled in.
//! Knows no page but by its code or path; HTML in a text is text.

use super::{Frame, html, not_found};
use crate::docs::{self, Page};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use pointsman_core::fault::code::Code;
use pulldown_cmark::Event;

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
    let page = Code::parse(&id).and_then(|code| docs::page(&format!("errors/{}", code.id())));
    let Some(page) = page else { return not_found("code", &id) };
    shown(page, "", format!("pointsman explain {id}"))
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
    let image = path.strip_prefix("images/").and_then(|name| docs::IMAGES.iter().find(|(known, _)| *known == name));
    if let Some((_, bytes)) = image {
        return ([(http::header::CONTENT_TYPE, "image/png")], *bytes).into_response();
    }
    let Some(page) = docs::page(&path) else { return not_found("page", &path) };
    shown(page, "/docs", format!("pointsman docs {}", page.path))
}

/// A page in the frame, which shows its title.
fn shown(page: &Page, here: &'static str, cli: String) -> Response {
    let frame = Frame { title: page.title.to_owned(), here, cli, ..Frame::default() };
    let whole = docs::html(page);
    let body = whole.split_once("</h1>\n").map_or(whole.as_str(), |(_, body)| body).to_owned();
    html(&Document { frame, html: body })
}
