//! What every answer of the read side says to a browser: run nothing, guess nothing, keep nothing, tell nobody where from.
//! One layer over all paths, scrapes included. Knows no path.

use axum::{Router, extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue, header};

/// Nothing is loaded but what is ours, and nothing runs that stands in a page; nothing shows our pages in a frame, and their forms
/// lead nowhere else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

/// Header and value, one line each.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    // A name that a sender chose is text, whatever it looks like.
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    // Names of components stand in our paths.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    // Each answer is of this moment, and who may read it may not read the next.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The same paths, with those headers on every answer, also where there is no such path or method.
pub fn guarded(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(guard))
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}
