//! `/traces`: reconcile loops, their slowest turns, and the latest traces as small waterfalls.
//! Shows what its JSON twin says; knows no back end.

use super::{Asked, Frame, Sieve, filter, html, show, tell};
use crate::web::{
    Sources,
    model::{Trace, Traces, screens::Loop},
    overview::link,
    select,
    waterfall::Waterfall,
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use pointsman_core::{limits::DRAWN_TRACES_MAX, view::verdict::words::quoted};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "traces.html", config = "src/web/page/askama.toml")]
struct Page {
    frame: Frame,
    sieve: Sieve,
    traces: Traces,
    drawn: Vec<Drawn>,
    drawn_more: usize,
    /// Whether turns lead to a trace viewer.
    linked: bool,
    filtered: bool,
}

/// A trace with its bars.
struct Drawn {
    title: String,
    trace_id: String,
    link: Option<String>,
    spans: u64,
    failed: bool,
    waterfall: Waterfall,
}

/// The screen.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/traces", get(page)).with_state(Arc::clone(sources))
}

async fn page(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<Loop>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let (traces, found) = select::traces((sources.traces)(), &filter);
    let mut frame = Frame::new(&sources, "/traces", "Traces", format!("/api/v1/traces{}", filter.query(filter.after)));
    if let Some(turn) = traces.slowest.first() {
        frame = frame.with_cli(format!("pointsman explain {}", quoted(&format!("span:{}", turn.name))));
    }
    let sieve = Sieve::over::<Loop>("/traces", &filter, found).with_component();
    let drawn: Vec<Drawn> = traces.recent.iter().take(DRAWN_TRACES_MAX).map(drawn).collect();
    let drawn_more = traces.recent.len().saturating_sub(drawn.len());
    let linked = traces.slowest.iter().any(|turn| turn.link.is_some());
    let filtered = !filter.query(0).is_empty();
    html(&Page { frame, sieve, traces, drawn, drawn_more, linked, filtered })
}

fn drawn(trace: &Trace) -> Drawn {
    let waterfall = Waterfall::of(trace);
    let spans = u64::try_from(trace.spans.len()).unwrap_or(u64::MAX).saturating_add(trace.omitted);
    Drawn {
        title: waterfall.bars.first().map(|bar| format!("{} of {}", bar.name, bar.component)).unwrap_or_default(),
        trace_id: trace.trace_id.clone(),
        link: trace.link.clone(),
        spans,
        failed: trace.spans.iter().any(|span| span.status == "Error"),
        waterfall,
    }
}

#[cfg(test)]
mod tests;
