//! Style, script and icon of the pages, compiled in: everything that a page loads.
//! Knows no screen.

use axum::{Router, response::IntoResponse, routing::get};
use http::header::CONTENT_TYPE;

/// How pages look.
pub(super) const STYLE: &str = include_str!("style.css");
/// What pages do beyond links and forms.
pub(super) const SCRIPT: &str = include_str!("script.js");
/// The sign in the tab.
pub(super) const ICON: &str = include_str!("icon.svg");

/// The three of them.
pub(super) fn router() -> Router {
    Router::new()
        .route("/assets/style.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/script.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", ICON)))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}
