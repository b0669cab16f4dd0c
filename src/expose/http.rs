//! `/metrics` and `/metrics/self`: what was asked for, in the format that was asked for, within the time that was given.
//! Renders nothing itself.

use super::{
    Outcome, ReadSide, Scraped,
    body::{Parts, ScrapeBody},
    share::Wanted,
};
use axum::{
    Router,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pointsman_core::{expose::negotiate::negotiate, limits::SCRAPE_MS_MAX};
use std::time::Duration;

const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding");
/// No scraper waits longer; larger numbers are taken for this.
const PATIENCE_SECS_MAX: f64 = 3600.0;

/// What is read: everything that views leave on, and what pointsman says of itself whatever they say.
pub fn router(all: ReadSide, own: ReadSide) -> Router {
    Router::new().route("/metrics", get(scrape).with_state(all)).route("/metrics/self", get(scrape).with_state(own))
}

type Pairs = Vec<(String, String)>;

async fn scrape(State(side): State<ReadSide>, headers: HeaderMap, query: Result<Query<Pairs>, QueryRejection>) -> Response {
    let Ok(Query(pairs)) = query else { return plain(StatusCode::BAD_REQUEST, "the query is not name[]=FAMILY\n") };
    let names = pairs.into_iter().filter(|(key, _)| key == "name[]").map(|(_, name)| name).collect();
    let agreed = negotiate(lines(&headers, &header::ACCEPT), lines(&headers, &header::ACCEPT_ENCODING));
    let Some(reader) = side.shares.join(Wanted { agreed, names }) else {
        (side.done)(&Scraped { duration: Duration::ZERO, bytes: 0, outcome: Outcome::Refused });
        return plain(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes in flight\n");
    };
    let body = match ScrapeBody::begin(Parts { reader, patience: patience(&headers), now: side.now, done: side.done }).await {
        Ok(Some(body)) => body,
        Ok(None) => return plain(StatusCode::SERVICE_UNAVAILABLE, "the scrape takes longer than the scraper waits\n"),
        Err(_) => return plain(StatusCode::INTERNAL_SERVER_ERROR, "cannot compress\n"),
    };
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::try_from(agreed.content_type()) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if let Some(encoding) = agreed.encoding.as_str() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(header::VARY, VARY);
    response
}

fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// How long the scraper says it waits, or would if it said so; what is no such number is ignored.
fn patience(headers: &HeaderMap) -> Duration {
    let said = || {
        let seconds: f64 = headers.get(SCRAPE_TIMEOUT)?.to_str().ok()?.trim().parse().ok()?;
        if seconds > 0.0 { Duration::try_from_secs_f64(seconds.min(PATIENCE_SECS_MAX)).ok() } else { None }
    };
    said().unwrap_or(Duration::from_millis(SCRAPE_MS_MAX))
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
