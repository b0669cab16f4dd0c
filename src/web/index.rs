//! `/`: a plain page that lists what there is to read. All text is ours or escaped.
//! The status page will take its place.

use super::Sources;
use axum::{Router, extract::State, response::Html, routing::get};
use std::sync::Arc;

/// What there is: path and purpose.
const LINKS: [(&str, &str); 12] = [
    ("/metrics", "every series that views leave on"),
    ("/metrics/self", "pointsman's own series, whatever views say"),
    ("/api/v1/overview", "the whole in a few numbers"),
    ("/api/v1/components", "who sends; append /NAMESPACE/NAME for its plan"),
    ("/api/v1/views", "views in force and refused; append /NAMESPACE/NAME for one"),
    ("/api/v1/catalog", "declared instruments; append /NAME for one"),
    ("/api/v1/flow", "where points and spans go"),
    ("/api/v1/traces", "trace back ends and the latest traces"),
    ("/api/v1/health", "limits, queues, memory"),
    ("/api/v1/faults", "mistakes in views"),
    ("/livez", "whether the process runs"),
    ("/readyz", "whether the views are loaded"),
];

/// The page.
pub fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>) -> Html<String> {
    let overview = (sources.overview)();
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>pointsman</title></head>\n<body>\n",
    );
    page.push_str("<h1>pointsman</h1>\n<p>");
    page.push_str(&format!(
        "{} components, {} series, {} views, {} faults.",
        overview.components, overview.series, overview.views, overview.faults
    ));
    page.push_str("</p>\n<ul>\n");
    for (path, what) in LINKS {
        page.push_str(&format!("<li><a href=\"{path}\">{path}</a>: {what}</li>\n"));
    }
    page.push_str("</ul>\n</body>\n</html>\n");
    Html(page)
}
