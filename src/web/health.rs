//! `/livez`, `/healthz` and `/readyz`: for the kubelet, in a word.
//! Knows no reason but the one flag it is given.

use super::Sources;
use axum::{Router, extract::State, routing::get};
use http::StatusCode;
use std::sync::Arc;

/// The three paths.
pub fn router(sources: &Arc<Sources>) -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .with_state(Arc::clone(sources))
}

/// One path, for a door where there is nothing else.
pub fn alone() -> Router {
    Router::new().route("/healthz", get(alive))
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(sources): State<Arc<Sources>>) -> (StatusCode, &'static str) {
    if (sources.is_ready)() {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: the views are not loaded, the certificate has ended, or the process is ending\n",
        )
    }
}
